"""Calendars that other programs subscribe to: one's own, a room's, a location's, each at an address of its own.

Whoever has the address reads what the person who made it may see. The address is kept as it is, since it is shown again
whenever somebody wants it in another program; a new one ends it at once. Kept out: how a calendar is written down.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from core import series_store
from core.catalogue import Catalogue, Catalogues
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.errors import CalendarNotFound, InvalidSetting, NotAllowed
from core.ids import new_id
from core.listing import Listing, Wanted
from core.models import Actor, Booking, Person, Response, Status
from core.people import COLUMNS, person_from
from core.series_values import OneSeries

PAST = timedelta(days=30)
AHEAD = timedelta(days=400)
# What was called off is told of for so long, so that every program has heard of it.
GONE_KEPT = timedelta(days=30)
# Programs ask every few minutes: when one did last is told to the hour, so that reading does not write.
USE_NOTED = timedelta(hours=1)
# As many meetings as one calendar holds.
MOST = 3_000
GONE = frozenset({Status.CANCELLED, Status.DECLINED, Status.EXPIRED, Status.RELEASED})

_SHOWN = """
f.id, f.person_id, p.name AS person_name, f.room_id, f.location_id, f.token, f.created_at, f.last_used_at, f.revoked_at
"""
_FROM = "FROM feeds f JOIN people p ON p.tenant_id = f.tenant_id AND p.id = f.person_id"
_ALL = f"""
SELECT {_SHOWN} {_FROM} WHERE f.tenant_id = $1 AND ($2::uuid IS NULL OR f.person_id = $2) AND f.revoked_at IS NULL
ORDER BY lower(p.name), f.person_id, f.created_at, f.id
"""
_ONE = f"SELECT {_SHOWN} {_FROM} WHERE f.tenant_id = $1 AND f.id = $2"
_BY_TOKEN = f"""
SELECT {_SHOWN} {_FROM} WHERE f.tenant_id = $1 AND f.token = $2 AND f.revoked_at IS NULL AND p.erased_at IS NULL
"""
_THERE = f"""
SELECT {_SHOWN} {_FROM} WHERE f.tenant_id = $1 AND f.person_id = $2 AND f.room_id IS NOT DISTINCT FROM $3
    AND f.location_id IS NOT DISTINCT FROM $4 AND f.revoked_at IS NULL
"""
_MAKE = """
INSERT INTO feeds (tenant_id, id, person_id, room_id, location_id, token, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
"""
_RENEW = """
UPDATE feeds SET token = $3, created_at = $4, last_used_at = NULL WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL
"""
_REVOKE = "UPDATE feeds SET revoked_at = $3 WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL"
_USED = """
UPDATE feeds SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $4)
"""
_PERSON = f"SELECT {COLUMNS} FROM people p WHERE p.tenant_id = $1 AND p.id = $2 AND p.erased_at IS NULL"


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """A calendar at an address, of which `token` is the secret: a room's, a location's, or with neither the person's own."""

    id: UUID
    person_id: UUID
    person_name: str
    room_id: UUID | None
    location_id: UUID | None
    token: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def own(self) -> bool:
        """Tell whether it is the person's own calendar."""
        return self.room_id is None and self.location_id is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What stands in a calendar: bookings in order of start, and the series that they belong to.

    `start` and `until` are the stretch that it is about; where more is booked than it holds, they are nearer.
    """

    bookings: tuple[Booking, ...]
    series: Mapping[UUID, OneSeries]
    start: datetime
    until: datetime
    cut: bool = False


class Calendars:
    """Makes, renews and revokes addresses, knows whose one is, and reads what stands in the calendar there."""

    def __init__(self, db: Database, catalogues: Catalogues, listing: Listing, clock: Clock, *, most: int = MOST) -> None:
        self._db = db
        self._catalogues = catalogues
        self._listing = listing
        self._clock = clock
        self._most = most

    async def make(
        self, person_id: UUID, *, room_id: UUID | None = None, location_id: UUID | None = None, by: Actor | None = None
    ) -> Feed:
        """Return a calendar's address, the one there is or a new one; `by` None is the command line.

        Raises RoomNotFound, LocationNotFound, InvalidSetting, NotAllowed.
        """
        if by is not None and by.person_id != person_id:
            raise NotAllowed("An address is made by whoever uses it.")
        if room_id is not None and location_id is not None:
            said = "A calendar is a room's or a place's, not both."
            raise InvalidSetting(said, fields={"room": said})
        catalogue = await self._catalogues.current()
        if room_id is not None:
            catalogue.room(room_id)
        if location_id is not None:
            catalogue.location(location_id)

        async def work(session: WriteSession) -> Feed:
            await session.run(_MAKE, session.tenant, new_id(), person_id, room_id, location_id, _secret(), self._clock.now())
            row = await session.one(_THERE, session.tenant, person_id, room_id, location_id)
            if row is None:
                raise CalendarNotFound("That calendar has just been taken away. Try again.")
            return Feed(**row)

        return await self._db.write(work, repeatable=True)

    async def renew(self, feed_id: UUID, *, by: Actor | None = None) -> Feed:
        """Give a calendar another address; the one before is of no use from now on. Raises CalendarNotFound, NotAllowed."""
        secret, now = _secret(), self._clock.now()

        async def work(session: WriteSession) -> Feed:
            feed = await _one(session, feed_id, by)
            if by is not None and by.person_id != feed.person_id:
                raise NotAllowed("Only whoever uses an address can have another one.")
            if await session.run(_RENEW, session.tenant, feed_id, secret, now) == "UPDATE 0":
                raise CalendarNotFound("That calendar's address was revoked: make a new one.")
            return await _one(session, feed_id, by)

        return await self._db.write(work, repeatable=True)

    async def revoke(self, feed_id: UUID, *, by: Actor | None = None) -> Feed:
        """End an address; one that has ended is left at that. Raises CalendarNotFound."""
        now = self._clock.now()

        async def work(session: WriteSession) -> Feed:
            await _one(session, feed_id, by)
            await session.run(_REVOKE, session.tenant, feed_id, now)
            return await _one(session, feed_id, by)

        return await self._db.write(work, repeatable=True)

    async def all(self, *, person_id: UUID | None = None) -> tuple[Feed, ...]:
        """Return the calendars whose addresses are good, everybody's or one person's."""

        async def work(session: ReadSession) -> tuple[Feed, ...]:
            return tuple(Feed(**row) for row in await session.all(_ALL, session.tenant, person_id))

        return await self._db.read(work)

    async def get(self, feed_id: UUID, *, by: Actor | None = None) -> Feed:
        """Return a calendar of somebody's own, any for an admin; raises CalendarNotFound."""
        return await self._db.read(lambda session: _one(session, feed_id, by))

    async def found(self, token: str) -> tuple[Feed, Person] | None:
        """Return the calendar at an address and the person as whom it is read; None where the address is of no use."""

        async def work(session: ReadSession) -> tuple[Feed, Person] | None:
            row = await session.one(_BY_TOKEN, session.tenant, token)
            person = await session.one(_PERSON, session.tenant, row["person_id"]) if row else None
            return (Feed(**row), person_from(person)) if row and person else None

        return await self._db.read(work)

    async def person(self, person_id: UUID) -> Person | None:
        """Return somebody as they stand now; None for nobody, or somebody who was erased."""

        async def work(session: ReadSession) -> Person | None:
            row = await session.one(_PERSON, session.tenant, person_id)
            return person_from(row) if row else None

        return await self._db.read(work)

    async def used(self, feed: Feed) -> None:
        """Note that an address was used, at most once an hour."""
        now = self._clock.now()
        if feed.last_used_at is not None and now - feed.last_used_at < USE_NOTED:
            return

        async def work(session: WriteSession) -> None:
            await session.run(_USED, session.tenant, feed.id, now, now - USE_NOTED)

        await self._db.write(work, repeatable=True)

    async def changed_at(self, feed: Feed) -> datetime:
        """Return a moment since which a calendar looks as it does: later than it need be, never earlier.

        What is too long ago, or not near enough, changes at midnight in UTC.
        """
        catalogue, newest = await self._catalogues.current(), await self._listing.newest()
        return max(one for one in (_midnight(self._clock.now()), newest, catalogue.changed_at, feed.created_at) if one)

    async def content(self, feed: Feed, by: Actor) -> Content:
        """Return what stands in a calendar; raises RoomNotFound and LocationNotFound where what it is about is gone."""
        today, catalogue = _midnight(self._clock.now()), await self._catalogues.current()
        start, until, cut = today - PAST, today + AHEAD, False
        wanted = Wanted(
            start=today,
            end=until,
            room_ids=_rooms(feed, catalogue),
            location_id=feed.location_id,
            person_id=feed.person_id if feed.own else None,
            statuses=tuple(Status),
        )
        ahead, more = await self._page(wanted, by, self._most)
        if more:
            until, cut = ahead[-1].start, True
        past, more = await self._page(replace(wanted, start=start, end=today), by, self._most - len(ahead))
        if more:
            # What is over goes first.
            past, start, cut = (), today, True
        found = {one.id: one for one in (*past, *ahead) if _kept(one, feed, today)}
        ids = {one.series_id for one in found.values() if one.series_id}
        series = await self._catalogues.using(
            lambda catalogue: self._db.read(lambda session: series_store.by_ids(session, sorted(ids), catalogue))
        )
        return Content(bookings=tuple(found.values()), series=series, start=start, until=until, cut=cut)

    async def _page(self, wanted: Wanted, by: Actor, limit: int) -> tuple[tuple[Booking, ...], bool]:
        # What somebody may not see of each is left to whoever tells it.
        page = await self._listing.page(wanted, by=by, seen=lambda _booking, _catalogue: True, limit=limit)
        return page.bookings, page.more


def _rooms(feed: Feed, catalogue: Catalogue) -> tuple[UUID, ...]:
    """Return a room and whatever keeps it from being free: what takes a part of it, or all that it is a part of."""
    if feed.room_id is None:
        return ()
    return tuple(one.id for one in catalogue.sharing(catalogue.room(feed.room_id)))


def _kept(booking: Booking, feed: Feed, today: datetime) -> bool:
    if booking.status in GONE and booking.updated_at < today - GONE_KEPT:
        return False
    # Who has said that they cannot come does not want it among what they do.
    declined = (one.person_id for one in booking.attendees if one.response is Response.DECLINED)
    return not (feed.own and feed.person_id in declined)


async def _one(session: ReadSession, feed_id: UUID, by: Actor | None) -> Feed:
    row = await session.one(_ONE, session.tenant, feed_id)
    if row is None or (by is not None and not by.admin and by.person_id != row["person_id"]):
        raise CalendarNotFound("There is no such calendar.")
    return Feed(**row)


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _secret() -> str:
    return secrets.token_urlsafe(32)
