"""From what happened to what is to be told: reads the feed and makes cards and deliveries, each event once.

What an event leads to is decided without the database (`consequences`); moving the reader on and writing what follows is
one transaction. Kept out: what falls due by the clock (`reminders`, `digests`), and sending.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from uuid import UUID

from core import approval_asking, subscriptions, watching
from core import planning_together as together
from core.catalogue import Catalogue, Catalogues
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.events import Kind
from core.feed import BEGINNING, Feed, Position, horizon
from core.ids import new_id
from core.models import Booking, Slot, Status
from core.notices import Happened, Notice, Subscription
from core.subscriptions import covers

log = logging.getLogger(__name__)

READER = "notices"
# A batch is one short transaction.
BATCH = 100
# A room is much too large when at most a third of its seats are needed.
MUCH_TOO_LARGE = 3

_WORDS = {
    Kind.BOOKED: "booked",
    Kind.CHANGED: "changed",
    Kind.CANCELLED: "cancelled",
    Kind.RELEASED: "released",
    Kind.RESTORED: "changed",
    Kind.APPROVED: "booked",
}
_IN_THE_THREAD = frozenset({Kind.CANCELLED, Kind.RELEASED, Kind.RESTORED, Kind.LATE, Kind.DECLINED, Kind.EXPIRED})
_DECIDED = frozenset({Kind.APPROVED, Kind.DECLINED, Kind.EXPIRED})


def ended_early(happened: Happened) -> bool:
    """Tell whether somebody ended the meeting before its time."""
    return happened.kind is Kind.ENDED and happened.at < happened.after.end


def word_of(happened: Happened) -> str | None:
    """Return which of a subscription's words an event goes by, or None for those that no channel asks for."""
    if happened.after.status is Status.PENDING or (_waited(happened) and not happened.after.holds_room):
        # Channels hear of what waits for approval when it is approved.
        return None
    if happened.kind is Kind.RESTORED and not (happened.before and happened.before.holds_room):
        return "booked"
    if ended_early(happened):
        return "ended"
    return _WORDS.get(happened.kind)


def _waited(happened: Happened) -> bool:
    return happened.before is not None and happened.before.status is Status.PENDING


def visibly_changed(happened: Happened) -> bool:
    """Tell whether room, time, title or number of people differ."""
    before, after = happened.before, happened.after
    if before is None:
        return False
    shown = ((one.room.id, one.slot, one.title, one.attendees_count) for one in (before, after))
    return next(shown) != next(shown)


@dataclass(kw_only=True, slots=True)
class Consequences:
    """What follows from some events, in the order in which they happened."""

    raised: dict[UUID, int] = field(default_factory=dict)  # booking -> version that its cards are to show
    threads: list[tuple[UUID, int]] = field(default_factory=list)  # (booking, version) told in its channels' threads
    channel_cards: list[tuple[UUID, int, str, str]] = field(default_factory=list)  # booking, version, team, channel
    person_cards: list[tuple[UUID, int, UUID]] = field(default_factory=list)  # booking, version, person
    told: list[Told] = field(default_factory=list)
    homes: set[UUID] = field(default_factory=set)
    spans: set[tuple[UUID, Slot]] = field(default_factory=set)
    asked: set[UUID] = field(default_factory=set)  # bookings whose requests for approval have come or changed
    rearranged: set[UUID] = field(default_factory=set)  # series whose messages say of some dates where else they are
    # What was done to many dates at once is told once in each place. The operation stands last.
    threads_of_many: list[tuple[UUID, int, UUID]] = field(default_factory=list)
    channel_cards_of_many: list[tuple[UUID, int, str, str, UUID]] = field(default_factory=list)
    told_of_many: list[together.ToldOfMany] = field(default_factory=list)

    def at_once(self, each: Consequences, operation_id: UUID, series_id: UUID) -> None:
        """Add what follows of an operation, `each` being what would follow of its events one by one: once for everybody."""
        self.raised.update(each.raised)
        self.homes |= each.homes
        self.spans |= each.spans
        self.asked |= each.asked
        self.rearranged |= each.rearranged
        self.threads_of_many += [(booking, version, operation_id) for booking, version in each.threads]
        first_here = {(team, channel): (one, version) for one, version, team, channel in reversed(each.channel_cards)}
        self.channel_cards_of_many += [(*first, *place, operation_id) for place, first in first_here.items()]
        first_of = {person: (one, version, person) for one, version, person in reversed(each.person_cards)}
        self.person_cards += list(first_of.values())
        moved: dict[UUID, list[Told]] = {}
        for told in each.told:
            if told.notice is Notice.CHANGED and told.person_id not in first_of:
                moved.setdefault(told.person_id, []).append(told)
        self.told_of_many += [
            together.ToldOfMany(
                operation_id=operation_id,
                series_id=series_id,
                person_id=person,
                until=max((one.until for one in their if one.until), default=None),
                only_if_known=all(one.only_if_known for one in their),
            )
            for person, their in moved.items()
        ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A message to one person about a version of a booking."""

    notice: Notice
    booking_id: UUID
    version: int
    person_id: UUID
    until: datetime | None
    # Of what was never approved, only those hear more who have heard of it.
    only_if_known: bool = False

    @property
    def key(self) -> str:
        """The delivery's key: once for each version, and person where several are told."""
        person = "" if self.notice in {Notice.RELEASED, Notice.SIZE} else f":{self.person_id}"
        return f"{self.notice}:{self.booking_id}:{self.version}{person}"


def consequences(events: Iterable[Happened], hearing: Sequence[Subscription], *, now: datetime) -> Consequences:
    """Return what follows from the events; what is over already is not told anew."""
    found = Consequences()
    for operation_id, group in groupby(events, key=lambda happened: happened.operation_id):
        events_at_once = list(group)
        series_id = next((one.after.series_id for one in events_at_once if one.after.series_id), None)
        if operation_id is None or series_id is None or len(events_at_once) == 1:
            for happened in events_at_once:
                _consequences(found, happened, hearing, now=now)
            continue
        each = Consequences()
        for happened in events_at_once:
            _consequences(each, happened, hearing, now=now)
        found.at_once(each, operation_id, series_id)
    return found


def _consequences(found: Consequences, happened: Happened, hearing: Sequence[Subscription], *, now: datetime) -> None:
    _watched(found, happened)
    if approval_asking.concerns(happened):
        found.asked.add(happened.after.id)
    if went_on(happened):
        return
    _cards(found, happened, hearing, now=now)
    if happened.after.end > now or (happened.before and happened.before.end > now):
        _people(found, happened)


def went_on(happened: Happened) -> bool:
    """Tell whether a series was booked further, as everybody heard that it would be when it was booked."""
    return happened.kind is Kind.BOOKED and happened.surface == "clock" and happened.after.series_id is not None


def _watched(found: Consequences, happened: Happened) -> None:
    for one in (happened.before, happened.after):
        if one is not None:
            found.homes.add(one.booker.person_id)
            found.homes.update(a.person_id for a in one.attendees)
            found.spans.add((one.location.id, one.slot))


def _cards(found: Consequences, happened: Happened, hearing: Sequence[Subscription], *, now: datetime) -> None:
    after, version = happened.after, happened.after.version
    if happened.kind is Kind.ENDED and not ended_early(happened):
        return
    found.raised[after.id] = max(version, found.raised.get(after.id, 0))
    if after.series_id is not None and _elsewhere(happened):
        found.rearranged.add(after.series_id)
    seen = visibly_changed(happened)
    if happened.kind in _IN_THE_THREAD or ended_early(happened) or (happened.kind is Kind.CHANGED and seen):
        found.threads.append((after.id, version))
    word = word_of(happened)
    if word is None or after.end <= now or (happened.kind is Kind.CHANGED and not seen):
        return
    for subscription in hearing:
        if covers(subscription, after.room) and _asked_for(subscription, happened, word):
            found.channel_cards.append((after.id, version, subscription.team_id, subscription.channel_id))


def _elsewhere(happened: Happened) -> bool:
    """Tell whether a booking has other rooms than before, or none any more, or its rooms again."""
    before, after = happened.before, happened.after
    if before is None:
        return False
    rooms = [frozenset(room.id for room in one.rooms) for one in (before, after)]
    return rooms[0] != rooms[1] or before.holds_room != after.holds_room


def _asked_for(subscription: Subscription, happened: Happened, word: str) -> bool:
    if word in subscription.kinds:
        return True
    # What moves into a room is new to those who look at that room alone.
    before = happened.before
    return (
        word == "changed" and "booked" in subscription.kinds and before is not None and not covers(subscription, before.room)
    )


def _people(found: Consequences, happened: Happened) -> None:
    after, actor = happened.after, None if happened.surface == "clock" else happened.by_person_id
    booker = after.booker.person_id
    before = happened.before
    were = {a.person_id for a in before.attendees} if before else set()
    invited = {a.person_id for a in after.attendees} - were - {booker, actor}
    if happened.kind in _DECIDED:
        # Those who came to it while it waited hear of it now; the booker is told how it was decided.
        invited, actor = {a.person_id for a in after.attendees} - {booker}, booker
    if after.holds_room and after.status is not Status.PENDING:
        found.person_cards += [(after.id, after.version, person) for person in sorted(invited)]

    def tell(notice: Notice, people: Iterable[UUID], until: datetime) -> None:
        found.told.extend(
            Told(
                notice=notice,
                booking_id=after.id,
                version=after.version,
                person_id=person,
                until=until,
                only_if_known=_waited(happened),
            )
            for person in sorted(set(people) - {actor})
        )

    coming = {booker, *(a.person_id for a in after.coming)} - (set() if happened.kind in _DECIDED else invited)
    if before is not None and _moved(happened):
        tell(Notice.CHANGED, coming, max(before.end, after.end))
    elif happened.kind is Kind.LATE:
        tell(Notice.LATE, coming, after.end)
    elif happened.kind is Kind.RELEASED:
        tell(Notice.RELEASED, {booker}, after.end)
    if before is not None and _another_size(before, after, happened):
        tell(Notice.SIZE, {booker}, after.end)


def _moved(happened: Happened) -> bool:
    """Tell whether those who come must know: another room or time, no room any more, or one again."""
    before, after = happened.before, happened.after
    if before is None or happened.kind not in {Kind.CHANGED, Kind.CANCELLED, Kind.RESTORED, Kind.DECLINED, Kind.EXPIRED}:
        return False
    if (before.room.id, before.start, before.holds_room) != (after.room.id, after.start, after.holds_room):
        return True
    # Who is in the room sees when the meeting ends.
    return before.end != after.end and happened.at < before.start


def _another_size(before: Booking, after: Booking, happened: Happened) -> bool:
    """Tell whether the room has become too small or much too large, or nobody invited comes, by what others said or did."""
    by_booker = happened.by_person_id == after.booker.person_id
    if not after.holds_room or before.room.id != after.room.id or happened.kind not in {Kind.RESPONDED, Kind.CHANGED}:
        return False
    if by_booker and happened.kind is Kind.CHANGED:
        return False
    seats = after.room.capacity
    too_small = len(before.coming) + 1 <= seats < len(after.coming) + 1
    fits_a_third = after.attendees_count * MUCH_TOO_LARGE <= seats < before.attendees_count * MUCH_TOO_LARGE
    nobody_comes = bool(before.coming and after.attendees) and not after.coming
    return too_small or fits_a_third or nobody_comes


# In order, so that it is one reach into the index: PostgreSQL takes it that a third of all events is news. And without
# COALESCE, which under row-level security counts as able to leak, so that the index would not be asked.
_NEWS = """
SELECT r.transaction > pg_snapshot_xmax(pg_current_snapshot()) OR (
    SELECT true FROM events e WHERE e.tenant_id = $1 AND (e.transaction, e.number) > (r.transaction, r.number)
    ORDER BY e.transaction, e.number LIMIT 1
) AS news
FROM event_readers r WHERE r.tenant_id = $1 AND r.name = $2
"""
_WRITTEN_SINCE = """
SELECT transaction, number FROM events WHERE tenant_id = $1 AND transaction < $2::xid8 AND happened_at >= $3
ORDER BY transaction, number LIMIT 1
"""
_NEW_READER = """
INSERT INTO event_readers (tenant_id, name, transaction, number) VALUES ($1, $2, $3::xid8, $4)
ON CONFLICT (tenant_id, name) DO NOTHING
"""
_READER = """
SELECT transaction, number, updated_at FROM event_readers WHERE tenant_id = $1 AND name = $2 FOR UPDATE SKIP LOCKED
"""
_READ_SO_FAR = """
UPDATE event_readers SET transaction = $3::xid8, number = $4, updated_at = clock_timestamp()
WHERE tenant_id = $1 AND name = $2
"""
# A card that is due already, and perhaps waits for a channel's pause to end, keeps its moment. What asks somebody to approve
# is edited while it waits and when it was decided (`approval_asking`), not for every answer afterwards.
_RAISE = """
UPDATE cards c SET wanted_version = raised.version, updated_at = $4,
    due_at = CASE WHEN c.rendered_version < c.wanted_version THEN c.due_at ELSE $4 END
FROM unnest($2::uuid[], $3::int[]) AS raised (booking_id, version)
WHERE c.tenant_id = $1 AND c.booking_id = raised.booking_id AND c.wanted_version < raised.version AND c.role = 'news'
"""
_THREADS = """
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, booking_id, card_id, about, due_at)
SELECT $1, gen_random_uuid(), 'history:' || c.id || ':' || told.version, 'history', c.team_id, c.booking_id, c.id,
    jsonb_build_object('version', told.version), $4
FROM unnest($2::uuid[], $3::int[]) WITH ORDINALITY AS told (booking_id, version, place)
JOIN cards c ON c.tenant_id = $1 AND c.booking_id = told.booking_id
WHERE c.person_id IS NULL AND c.given_up IS NULL AND (c.ts IS NOT NULL OR c.posting_since IS NOT NULL)
ORDER BY told.place
ON CONFLICT (tenant_id, key) DO NOTHING
"""
# What is told in the thread of a series' message needs none of its own.
_CHANNEL_CARDS = """
INSERT INTO cards AS c (tenant_id, id, booking_id, team_id, channel_id, wanted_version, due_at)
SELECT $1, new.id, new.booking_id, new.team_id, new.channel_id, new.version, $7
FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::text[]) AS new (id, booking_id, version, team_id, channel_id)
JOIN bookings b ON b.tenant_id = $1 AND b.id = new.booking_id
WHERE NOT EXISTS (
    SELECT FROM deliveries d JOIN cards o ON o.tenant_id = $1 AND o.id = d.card_id
    WHERE d.tenant_id = $1 AND d.booking_id = new.booking_id AND d.kind = 'history' AND d.about ? 'of_series'
        AND o.team_id = new.team_id AND o.channel_id = new.channel_id)
ON CONFLICT (tenant_id, booking_id, team_id, channel_id) WHERE person_id IS NULL DO NOTHING
"""
# Who is invited again after they saw that they were not any more is asked anew: an edit would tell nobody.
_PERSON_CARDS = """
INSERT INTO cards AS c (tenant_id, id, booking_id, team_id, person_id, wanted_version, due_at)
SELECT $1, new.id, new.booking_id, p.slack_team_id, new.person_id, new.version, $6
FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::uuid[]) AS new (id, booking_id, version, person_id)
JOIN bookings b ON b.tenant_id = $1 AND b.id = new.booking_id
JOIN people p ON p.tenant_id = $1 AND p.id = new.person_id
WHERE p.tell_invitations
ON CONFLICT (tenant_id, booking_id, person_id, role) WHERE person_id IS NOT NULL DO UPDATE
    SET ts = NULL, first_version = NULL, channel_id = NULL, rendered_version = 0, due_at = excluded.due_at, attempts = 0,
        lease = NULL, leased_until = NULL, posting_since = NULL, given_up = NULL, given_up_at = NULL
    WHERE c.given_up IS NOT NULL OR c.ts IS NOT NULL AND NOT EXISTS (
        SELECT FROM events e WHERE e.tenant_id = c.tenant_id AND e.booking_id = c.booking_id
            AND e.booking_version = c.rendered_version
            AND e.after->'attendees' @> jsonb_build_array(jsonb_build_array(c.person_id::text)))
"""
# What was never sent and is overtaken is dropped; what came after it is told from where the person last knew it.
_SUPERSEDED = """
UPDATE deliveries d SET status = 'dropped', reason = 'a later change is told instead', done_at = $6, lease = NULL,
    leased_until = NULL
FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::text[]) AS new (booking_id, person_id, version, kind)
WHERE d.tenant_id = $1 AND d.booking_id = new.booking_id AND d.person_id = new.person_id AND d.kind = new.kind
    AND d.status = 'pending' AND d.posting_since IS NULL AND (d.about->>'version')::int < new.version
RETURNING d.booking_id, d.person_id, d.kind, coalesce((d.about->>'since')::int, (d.about->>'version')::int) AS since
"""
_TELL = """
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, booking_id, person_id, about, due_at, until)
SELECT $1, new.id, new.key, new.kind, p.slack_team_id, new.booking_id, new.person_id, new.about, $9, new.until
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::jsonb[], $8::timestamptz[], $10::bool[])
    AS new (id, key, kind, booking_id, person_id, about, until, only_if_known)
JOIN bookings b ON b.tenant_id = $1 AND b.id = new.booking_id
JOIN people p ON p.tenant_id = $1 AND p.id = new.person_id
WHERE (p.tell_changes OR new.kind <> 'changed')
    AND (NOT new.only_if_known OR p.id = b.booked_by OR EXISTS (SELECT FROM cards c WHERE c.tenant_id = b.tenant_id
        AND c.booking_id = b.id AND c.person_id = p.id AND c.role = 'news' AND c.ts IS NOT NULL))
ON CONFLICT (tenant_id, key) DO NOTHING
"""


class Planning:
    """The reader of the feed that makes notices; on several replicas one reads at a time, and any of them can."""

    def __init__(self, db: Database, catalogues: Catalogues, clock: Clock) -> None:
        self._db = db
        self._catalogues = catalogues
        self._clock = clock

    async def plan(self, now: datetime) -> int:
        """Plan for everything that happened since the last time, and return how many events that was.

        Returns 0 at once when another replica is at it: that one will read what is there.
        """
        planned = 0
        while await self._db.read(_any_news):
            done = await self._catalogues.using(lambda catalogue: self._plan_batch(catalogue, now))
            planned += done
            if done == 0:
                break
        return planned

    async def start_from_now(self) -> None:
        """Tell nobody of what happened until now: for what was brought in from elsewhere."""

        async def work(session: WriteSession) -> None:
            await _come_so_far(session)
            await session.run(_READ_SO_FAR, session.tenant, READER, await horizon(session), 0)

        await self._db.write(work, repeatable=True)

    async def _plan_batch(self, catalogue: Catalogue, now: datetime) -> int:
        async def work(session: WriteSession) -> int:
            position = await _come_so_far(session)
            if position is None:
                return 0
            read = await Feed(catalogue).after(session, position, BATCH)
            if not read:
                await session.run(_READ_SO_FAR, session.tenant, READER, position.transaction, position.number)
                return 0
            hearing = await subscriptions.at_once(session, catalogue)
            found = consequences((happened for _, happened in read), hearing, now=now)
            await _write(session, found, now=now)
            await approval_asking.ask(session, found.asked, catalogue, now=now)
            last = read[-1][0]
            await session.run(_READ_SO_FAR, session.tenant, READER, last.transaction, last.number)
            return len(read)

        return await self._db.write(work, repeatable=True)


async def _any_news(session: ReadSession) -> bool:
    row = await session.one(_NEWS, session.tenant, READER)
    return row is None or bool(row["news"])


async def _come_so_far(session: WriteSession) -> Position | None:
    """Lock the reader and return its position; None when another replica has it."""
    row = await session.one(_READER, session.tenant, READER)
    if row is None:
        await session.run(_NEW_READER, session.tenant, READER, BEGINNING.transaction, BEGINNING.number)
        row = await session.one(_READER, session.tenant, READER)
    if row is None:
        return None
    position = Position(row["transaction"], row["number"])
    return await _in_this_server(session, position, row["updated_at"])


async def _in_this_server(session: ReadSession, position: Position, read_at: datetime) -> Position:
    """Return the position, or where to go on when it comes from another server, whose transactions were further on.

    So it is after a restore from a dump. What is read twice then makes nothing twice: cards and deliveries have keys.
    """
    following: int = await session.value("SELECT pg_snapshot_xmax(pg_current_snapshot())")
    if position.transaction <= following:
        return position
    log.warning("the notices go on from the time of a restore", extra={"action": "plan", "read_at": read_at.isoformat()})
    first = await session.one(_WRITTEN_SINCE, session.tenant, following, read_at)
    return Position(first["transaction"], first["number"] - 1) if first else Position(following, 0)


async def _write(session: WriteSession, found: Consequences, *, now: datetime) -> None:
    """Write what follows. Threads before cards: what made a card is told by the card."""
    if found.raised:
        await session.run(_RAISE, session.tenant, list(found.raised), list(found.raised.values()), now)
    if found.threads:
        ids, versions = [one for one, _ in found.threads], [version for _, version in found.threads]
        await session.run(_THREADS, session.tenant, ids, versions, now)
        await together.threads_of_others(session, found.threads, now=now)
    await together.threads(session, found.threads_of_many, now=now)
    await _make_cards(session, found, now=now)
    await together.cards(session, found.channel_cards_of_many, now=now)
    await together.redraw(session, found.rearranged, now=now)
    await together.tell(session, found.told_of_many, now=now)
    if found.told:
        await _tell(session, found.told, now=now)
    await watching.mark_stale(session, people=found.homes, spans=found.spans, now=now)


async def _make_cards(session: WriteSession, found: Consequences, *, now: datetime) -> None:
    # Several events of one booking may ask for the same card: the first makes it, at the version raised to.
    channels = {(booking, team, channel): None for booking, _, team, channel in found.channel_cards}
    if channels:
        await session.run(
            _CHANNEL_CARDS,
            session.tenant,
            [new_id() for _ in channels],
            [booking for booking, _, _ in channels],
            [found.raised[booking] for booking, _, _ in channels],
            [team for _, team, _ in channels],
            [channel for _, _, channel in channels],
            now,
        )
    invited = {(booking, person): None for booking, _, person in found.person_cards}
    if invited:
        await session.run(
            _PERSON_CARDS,
            session.tenant,
            [new_id() for _ in invited],
            [booking for booking, _ in invited],
            [found.raised[booking] for booking, _ in invited],
            [person for _, person in invited],
            now,
        )


async def _tell(session: WriteSession, told: Sequence[Told], *, now: datetime) -> None:
    latest: dict[tuple[UUID, UUID, Notice], Told] = {}
    since: dict[tuple[UUID, UUID, Notice], int] = {}
    for one in told:
        name = (one.booking_id, one.person_id, one.notice)
        if name in latest:
            since.setdefault(name, latest[name].version)
        latest[name] = one
    rows = list(latest.values())
    superseded = await session.all(
        _SUPERSEDED,
        session.tenant,
        [one.booking_id for one in rows],
        [one.person_id for one in rows],
        [one.version for one in rows],
        [one.notice.value for one in rows],
        now,
    )
    for row in superseded:
        name = (row["booking_id"], row["person_id"], Notice(row["kind"]))
        since[name] = min(row["since"], since.get(name, row["since"]))
    about = []
    for name, one in latest.items():
        first = {"since": since[name]} if name in since else {}
        about.append(json.dumps({"version": one.version, **first}))
    await session.run(
        _TELL,
        session.tenant,
        [new_id() for _ in rows],
        [one.key for one in rows],
        [one.notice.value for one in rows],
        [one.booking_id for one in rows],
        [one.person_id for one in rows],
        about,
        [one.until for one in rows],
        now,
        [one.only_if_known for one in rows],
    )
