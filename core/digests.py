"""The day at a glance: each morning's list for those who asked for it, and for channels that want no single messages.

Made when its hour has come on the reader's own clock, however late; its content is read when it is sent. Kept out: words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from core import store, subscriptions
from core.catalogue import Catalogue, Catalogues
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.feed import Feed
from core.ids import new_id
from core.models import Booking, Person, Room, Slot, Status
from core.notices import Happened, Notice, Subscription
from core.planning import visibly_changed, word_of
from core.quiet import moment_of, zone_of
from core.search import hidden

BATCH = 200
MOST_TOLD = 200
ONE_DAY = timedelta(days=1)
# How far back a digest goes where those before it were not sent: so long is known what was.
DAYS_BACK = 7

_ZONES = "SELECT DISTINCT zone FROM people WHERE tenant_id = $1 AND digest_at IS NOT NULL"
_PEOPLE = """
SELECT p.id, p.slack_team_id, p.zone, p.digest_at, z.day
FROM unnest($2::text[], $3::text[], $4::time[]) AS z (zone, day, clock)
CROSS JOIN LATERAL (
    SELECT id, slack_team_id, zone, digest_at FROM people
    WHERE tenant_id = $1 AND zone = z.zone AND digest_at IS NOT NULL AND digest_at <= z.clock ORDER BY digest_at
) p
WHERE (SELECT true FROM deliveries d WHERE d.tenant_id = $1 AND d.key = 'digest:' || p.id || ':' || z.day) IS NULL
ORDER BY p.id
"""
_KNOWN = "SELECT key FROM deliveries WHERE tenant_id = $1 AND key = ANY($2::text[])"
_MAKE = """
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, person_id, subscription_id, about, due_at, until)
SELECT $1, new.* FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::uuid[], $8::jsonb[],
    $9::timestamptz[], $10::timestamptz[]) AS new
ON CONFLICT (tenant_id, key) DO NOTHING
RETURNING id
"""
_TOLD = """
SELECT max(about->>'day') FROM deliveries WHERE tenant_id = $1 AND key = ANY($2::text[]) AND status = 'sent'
"""
# What changed lately among bookings of that day and later. Those that were only read or answered have not changed.
_CHANGED = """
SELECT e.booking_id, e.booking_version FROM bookings b
JOIN events e ON e.tenant_id = b.tenant_id AND e.booking_id = b.id AND e.happened_at >= $3 AND e.happened_at < $4
WHERE b.tenant_id = $1 AND b.room_id = ANY($2::uuid[]) AND b.start_time >= $5 AND b.updated_at >= $3
ORDER BY e.happened_at, e.booking_id, e.booking_version LIMIT $6
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelDay:
    """A channel's digest: the day's bookings in the rooms it asked about, and what happened since the digest before."""

    bookings: tuple[Booking, ...]
    happened: tuple[Happened, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A digest that has fallen due."""

    notice: Notice
    team_id: str
    person_id: UUID | None
    subscription_id: UUID | None
    day: str
    due_at: datetime
    until: datetime

    @property
    def key(self) -> str:
        """The delivery's key: one for each reader and day."""
        return f"{self.notice}:{self.person_id or self.subscription_id}:{self.day}"


class Digests:
    """Makes digests and reads what stands in them; safe to run at any time, late, and on several replicas at once."""

    def __init__(self, db: Database, catalogues: Catalogues, clock: Clock) -> None:
        self._db = db
        self._catalogues = catalogues
        self._clock = clock

    async def plan(self, now: datetime) -> int:
        """Make all digests whose hour has come today, and return how many there were."""
        catalogue = await self._catalogues.current()
        due = await self._db.read(lambda session: _due_people(session, now))
        due += await self._db.read(lambda session: _due_channels(session, catalogue, now))
        made = 0
        for start in range(0, len(due), BATCH):
            made += await self._make(due[start : start + BATCH])
        return made

    async def _make(self, due: Sequence[Due]) -> int:
        async def work(session: WriteSession) -> int:
            rows = await session.all(
                _MAKE,
                session.tenant,
                [new_id() for _ in due],
                [one.key for one in due],
                [one.notice.value for one in due],
                [one.team_id for one in due],
                [one.person_id for one in due],
                [one.subscription_id for one in due],
                [json.dumps({"day": one.day}) for one in due],
                [one.due_at for one in due],
                [one.until for one in due],
            )
            return len(rows)

        return await self._db.write(work, repeatable=True)

    async def of_person(self, person: Person, day: date | str) -> tuple[Booking, ...]:
        """Return what somebody booked or attends on a day of their own clock and is not over yet, in order of start."""
        catalogue = await self._catalogues.current()
        span = _day(_as_date(day), person.zone)
        now = self._clock.now()

        async def work(session: ReadSession) -> tuple[Booking, ...]:
            found = await store.upcoming(session, person.id, catalogue, now=max(now, span.start), limit=MOST_TOLD, offset=0)
            return tuple(one for one in found if one.start < span.end and not _declined(one, person.id))

        return await self._db.read(work)

    async def of_subscription(self, subscription: Subscription, day: date | str) -> ChannelDay:
        """Return a channel's day: bookings that hold a room then, and what it asked to hear of since the last one sent."""
        catalogue = await self._catalogues.current()
        today = _as_date(day)
        rooms = [room for room in catalogue.rooms if subscriptions.covers(subscription, room)]
        span = _day(today, subscription.zone)
        until = _hour(subscription, today)

        async def work(session: ReadSession) -> ChannelDay:
            ids = [room.id for room in rooms]
            there = await store.in_window(session, ids, span, catalogue)
            # What waits for approval is no news yet.
            bookings = [hidden(one, catalogue) for one in there if one.status is not Status.PENDING]
            since = _hour(subscription, await _told_before(session, subscription, today))
            happened = await _happened(session, rooms, catalogue, since=since, until=until, from_day=span.start)
            return ChannelDay(
                bookings=tuple(sorted(bookings, key=lambda one: (one.start, one.room.name.casefold()))),
                happened=tuple(_as_told(one, catalogue) for one in happened if _asked(subscription, one)),
            )

        return await self._db.read(work)


def _as_told(happened: Happened, catalogue: Catalogue) -> Happened:
    """Return what happened as a channel may hear of it."""
    before = hidden(happened.before, catalogue) if happened.before else None
    return replace(happened, before=before, after=hidden(happened.after, catalogue))


def _hour(subscription: Subscription, day: date) -> datetime:
    return moment_of(day, subscription.digest_at or time(), zone_of(subscription.zone))


async def _told_before(session: ReadSession, subscription: Subscription, today: date) -> date:
    """Return the day of the last digest that was sent before today's, at most a week ago; yesterday where there is none."""
    days = [today - timedelta(days=back) for back in range(1, DAYS_BACK + 1)]
    keys = [f"{Notice.CHANNEL_DIGEST}:{subscription.id}:{day.isoformat()}" for day in days]
    told = await session.value(_TOLD, session.tenant, keys)
    return date.fromisoformat(told) if told else days[0]


async def _happened(
    session: ReadSession,
    rooms: Sequence[Room],
    catalogue: Catalogue,
    *,
    since: datetime,
    until: datetime,
    from_day: datetime,
) -> Iterable[Happened]:
    ids = [room.id for room in rooms]
    rows = await session.all(_CHANGED, session.tenant, ids, since, until, from_day, MOST_TOLD)
    wanted = [(row["booking_id"], row["booking_version"]) for row in rows]
    found = await Feed(catalogue).of_versions(session, wanted)
    return [found[one] for one in wanted if one in found]


def _asked(subscription: Subscription, happened: Happened) -> bool:
    word = word_of(happened)
    return word in subscription.kinds and (word != "changed" or visibly_changed(happened))


def _declined(booking: Booking, person_id: UUID) -> bool:
    attends = {booking.booker.person_id, *(a.person_id for a in booking.coming)}
    return person_id not in attends


def _as_date(day: date | str) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day


def _day(day: date, zone: str) -> Slot:
    """Return a day on the zone's clock, which may have 23 or 25 hours."""
    tz = zone_of(zone)
    return Slot(start=moment_of(day, time(), tz), end=moment_of(day + ONE_DAY, time(), tz))


async def _due_people(session: ReadSession, now: datetime) -> list[Due]:
    """Return the people whose hour has come today and who have no digest of today yet."""
    zones = [row["zone"] for row in await session.all(_ZONES, session.tenant)]
    if not zones:
        return []
    clocks = [now.astimezone(zone_of(zone)) for zone in zones]
    rows = await session.all(
        _PEOPLE,
        session.tenant,
        zones,
        [clock.date().isoformat() for clock in clocks],
        [clock.time().replace(tzinfo=None) for clock in clocks],
    )
    return [
        _due(Notice.DIGEST, row["slack_team_id"], row["zone"], row["day"], row["digest_at"], person_id=row["id"])
        for row in rows
    ]


async def _due_channels(session: ReadSession, catalogue: Catalogue, now: datetime) -> list[Due]:
    """Return the subscriptions whose hour has come today and that have no digest of today yet."""
    due = []
    for one in await subscriptions.by_day(session, catalogue):
        local = now.astimezone(zone_of(one.zone))
        if one.digest_at is not None and one.digest_at <= local.time():
            day = local.date().isoformat()
            due.append(_due(Notice.CHANNEL_DIGEST, one.team_id, one.zone, day, one.digest_at, subscription_id=one.id))
    known = {row["key"] for row in await session.all(_KNOWN, session.tenant, [one.key for one in due])} if due else set()
    return [one for one in due if one.key not in known]


def _due(notice: Notice, team_id: str, zone: str, day: str, at: time, **reader: UUID) -> Due:
    today = date.fromisoformat(day)
    readers: Mapping[str, Any] = {"person_id": None, "subscription_id": None, **reader}
    return Due(
        notice=notice,
        team_id=team_id,
        day=day,
        due_at=moment_of(today, at, zone_of(zone)),
        until=_day(today, zone).end.astimezone(UTC),
        **readers,
    )
