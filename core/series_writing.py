"""Many bookings of a series written at once, inside somebody's transaction: in statements over batches, never one by one.

Locks come in one order for everybody: the series, its bookings, limits, equipment, rooms, lines, claims by room and start.
Rooms, since one that moves gives back a claim and takes another: it and a series could wait for each other. Kept out:
deciding what is written, and opening and committing transactions (`series_booking`, `series_changing`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from core import approving, borrowing, claims, events, offers
from core.catalogue import Catalogue
from core.db import WriteSession
from core.events import Kind
from core.ids import new_id
from core.models import Actor, Booking, Room, Slot, Status

T = TypeVar("T")
Progress = Callable[[int, int], None]

BATCH = 50

# Those of one series are alike in all but room, time and status: the rest comes once.
_BOOK = """
WITH new AS (
    SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::uuid[], $8::date[],
        $9::uuid[], $10::jsonb[]) WITH ORDINALITY
        AS new (id, room_id, starts, ends, status, series_id, series_on, event_id, after, place)
),
booked AS (
    INSERT INTO bookings (tenant_id, id, room_id, booked_by, title, start_time, end_time, attendees_count, status, private,
        created_at, updated_at, version, series_id, series_on)
    SELECT $1, id, room_id, $11, $12, starts, ends, $13, status, $14, $15, $15, 1, series_id, series_on
    FROM new ORDER BY place
),
invited AS (
    INSERT INTO attendees (tenant_id, booking_id, person_id, co_organiser)
    SELECT $1, new.id, who.* FROM new CROSS JOIN unnest($16::uuid[], $17::bool[]) AS who
),
further AS (
    INSERT INTO booking_rooms (tenant_id, booking_id, room_id)
    SELECT $1, * FROM unnest($21::uuid[], $22::uuid[])
)
INSERT INTO events (tenant_id, id, kind, booking_id, booking_version, actor_id, surface, after, happened_at, operation_id)
SELECT $1, event_id, 'booked', id, 1, $18, $19, after, $15, $20 FROM new ORDER BY place
"""
_CLAIM = """
INSERT INTO room_claims (tenant_id, id, room_id, kind, booking_id, start_time, end_time, expires_at)
SELECT $1, part.id, part.room_id, 'booking', part.booking_id, part.starts, part.ends, part.expires
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[])
    WITH ORDINALITY AS part (id, room_id, booking_id, starts, ends, expires, place)
ORDER BY part.place
ON CONFLICT ON CONSTRAINT room_claims_no_overlap DO NOTHING
RETURNING id
"""
# The dates of a series are its own while they hold a room: two that change places let go of them first.
_LET_GO = """
UPDATE bookings SET series_id = NULL, series_on = NULL WHERE tenant_id = $1 AND id = ANY($2::uuid[])
"""
_UPDATE = """
UPDATE bookings b SET room_id = c.room_id, title = c.title, start_time = c.starts, end_time = c.ends,
    attendees_count = c.people, status = c.status, private = c.private, cancel_reason = c.reason, updated_at = $3,
    version = b.version + 1, late_at = c.late_at, checked_in_at = c.checked_in_at, series_id = c.series_id,
    series_on = c.series_on
FROM unnest($2::uuid[], $4::int[], $5::uuid[], $6::text[], $7::timestamptz[], $8::timestamptz[], $9::int[], $10::text[],
    $11::bool[], $12::text[], $13::timestamptz[], $14::timestamptz[], $15::uuid[], $16::date[])
    AS c (id, version, room_id, title, starts, ends, people, status, private, reason, late_at, checked_in_at, series_id,
        series_on)
WHERE b.tenant_id = $1 AND b.id = c.id AND b.version = c.version
"""
_EVENTS = """
INSERT INTO events (tenant_id, id, kind, booking_id, booking_version, actor_id, surface, before, after, reason, happened_at,
    operation_id)
SELECT $1, e.id, e.kind, e.booking_id, e.version, $2, $3, e.before, e.after, $4, $5, $6
FROM unnest($7::uuid[], $8::text[], $9::uuid[], $10::int[], $11::jsonb[], $12::jsonb[]) WITH ORDINALITY
    AS e (id, kind, booking_id, version, before, after, place) ORDER BY e.place
"""
_INVITE = """
INSERT INTO attendees AS a (tenant_id, booking_id, person_id, co_organiser, response, responded_at)
SELECT $1, come.booking_id, come.person_id, come.co_organiser, come.response,
    CASE WHEN come.response IS NOT NULL THEN $6::timestamptz END
FROM unnest($2::uuid[], $3::uuid[], $4::bool[], $5::text[]) AS come (booking_id, person_id, co_organiser, response)
ON CONFLICT (tenant_id, booking_id, person_id) DO UPDATE SET co_organiser = excluded.co_organiser,
    response = excluded.response, responded_at = CASE WHEN a.response IS DISTINCT FROM excluded.response
        THEN excluded.responded_at ELSE a.responded_at END
"""
_UNINVITE = """
DELETE FROM attendees a USING unnest($2::uuid[], $3::uuid[]) AS gone (booking_id, person_id)
WHERE a.tenant_id = $1 AND a.booking_id = gone.booking_id AND a.person_id = gone.person_id
"""
_FURTHER_GONE = _UNINVITE.replace("attendees", "booking_rooms").replace("person_id", "room_id")
_FURTHER = "INSERT INTO booking_rooms (tenant_id, booking_id, room_id) SELECT $1, * FROM unnest($2::uuid[], $3::uuid[])"
# Which of the times that are given back somebody waits for.
_WAITED_FOR = """
SELECT freed.number FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY
    AS freed (room_id, starts, ends, number)
WHERE EXISTS (
    SELECT FROM waiting w WHERE w.tenant_id = $1 AND w.status = 'waiting' AND w.start_time < freed.ends
        AND w.end_time > freed.starts
) ORDER BY 1
"""


class InTheWayError(Exception):
    """Somebody holds a room on one of the dates; rolls the transaction back, to look again and ask."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A booking brought from one state to the next, and the kind of event that tells it."""

    kind: Kind
    before: Booking
    after: Booking

    @property
    def moved(self) -> bool:
        """Tell whether its claims are others afterwards."""
        return _place(self.before) != _place(self.after)


def _place(booking: Booking) -> tuple[object, ...]:
    return ({room.id for room in booking.rooms}, booking.slot, booking.holds_room)


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Return the steps in the order in which they are written and told: by start."""
    return sorted(steps, key=lambda step: (step.after.start, step.after.id))


def batches(items: Sequence[T]) -> Iterable[Sequence[T]]:
    """Give out the items some at a time, in their order."""
    return (items[first : first + BATCH] for first in range(0, len(items), BATCH))


async def hold(session: WriteSession, bookings: Sequence[Booking], *, room: Room | None = None) -> None:
    """Lock what bookings borrow and the rooms that they are in; with the series' own, in which none of them may be.

    To be called before a series is written that has another room from then on: its row holds on to that room's, and
    whoever divides rooms would wait for it while it waits for them.
    """
    await borrowing.lock(session, *bookings)
    await claims.lock_rooms(session, [*([room] if room else []), *(one for booking in bookings for one in booking.rooms)])


async def book(
    session: WriteSession,
    new: Sequence[Booking],
    *,
    until: Mapping[UUID, datetime],
    by: Actor,
    operation_id: UUID,
    now: datetime,
    progress: Progress | None = None,
) -> None:
    """Write new bookings of one series, by start, with claims, attendees and events; raises InTheWayError.

    `until` are the moments at which those that wait for approval expire, by id. `progress` hears how many are done.
    """
    if not new:
        return
    await hold(session, new)
    await _rows(session, new, by=by, operation_id=operation_id, now=now)
    await claim(session, new, until=until, progress=progress)
    await _along(session, new, until, by=by, now=now)


async def _rows(session: WriteSession, new: Sequence[Booking], *, by: Actor, operation_id: UUID, now: datetime) -> None:
    session.happened = session.happened or bool(new)
    for some in batches(new):
        await _insert(session, some, by=by, operation_id=operation_id, now=now)


async def _along(
    session: WriteSession, new: Sequence[Booking], until: Mapping[UUID, datetime], *, by: Actor, now: datetime
) -> None:
    for one in new:
        if one.equipment:
            await borrowing.lend(session, one)
        if one.status is Status.PENDING:
            await approving.asked(session, one, approved_before=None, expires_at=until[one.id], by=by, now=now)


async def _insert(session: WriteSession, some: Sequence[Booking], *, by: Actor, operation_id: UUID, now: datetime) -> None:
    first = some[0]
    further = [(one.id, room.id) for one in some for room in one.more_rooms]
    await session.run(
        _BOOK,
        session.tenant,
        [one.id for one in some],
        [one.room.id for one in some],
        [one.start for one in some],
        [one.end for one in some],
        [one.status.value for one in some],
        [one.series_id for one in some],
        [one.series_on for one in some],
        [new_id() for _ in some],
        [events.snapshot(one) for one in some],
        first.booker.person_id,
        first.title,
        first.attendees_count,
        first.private,
        now,
        [a.person_id for a in first.attendees],
        [a.co_organiser for a in first.attendees],
        by.person_id,
        by.surface,
        operation_id,
        [booking for booking, _ in further],
        [room for _, room in further],
    )


async def claim(
    session: WriteSession,
    bookings: Sequence[Booking],
    *,
    until: Mapping[UUID, datetime | None],
    progress: Progress | None = None,
) -> None:
    """Claim every room of the bookings, in the order in which everybody does: by room, then by start."""
    held = [(leaf, kept, one.id) for one in bookings for leaf, kept in claims.parts(one.rooms, one.slot)]
    held.sort(key=lambda part: (part[0], part[1].start))
    done = 0
    for some in batches(held):
        rows = await session.all(
            _CLAIM,
            session.tenant,
            [new_id() for _ in some],
            [leaf for leaf, _, _ in some],
            [booking_id for _, _, booking_id in some],
            [kept.start for _, kept, _ in some],
            [kept.end for _, kept, _ in some],
            [until.get(booking_id) for _, _, booking_id in some],
        )
        if len(rows) < len(some):
            raise InTheWayError
        done += len(some)
        if progress:
            progress(len(bookings) * done // len(held), len(bookings))


async def change(
    session: WriteSession,
    steps: Sequence[Step],
    catalogue: Catalogue,
    *,
    by: Actor,
    operation_id: UUID,
    now: datetime,
    reason: str | None = None,
    new: Sequence[tuple[Booking, datetime | None]] = (),
) -> None:
    """Bring bookings, which are locked, from one state to another; raises InTheWayError.

    What is given back goes before anything is taken, so that they do not meet each other; then the line is asked. `new`
    are bookings that the same operation makes, with the moment at which they expire where they wait for approval.
    """
    steps = in_order(steps)
    session.happened = session.happened or bool(steps)
    moved = [step for step in steps if step.moved]
    taking = [step.after for step in moved if step.after.holds_room]
    also = [one for one, _ in new]
    expiring = {one.id: moment for one, moment in new if moment is not None}
    await borrowing.lock(session, *(one for step in steps for one in (step.before, step.after)), *also)
    if taking or also:
        both = [one for step in moved for one in (step.before, step.after)]
        await claims.lock_rooms(session, [room for one in (*both, *also) for room in one.rooms])
    until = {step.after.id: await _settled(session, step, catalogue, now=now) for step in steps}
    await _further_rooms(session, steps)
    await _update(session, steps, now=now)
    await _rows(session, also, by=by, operation_id=operation_id, now=now)
    freed = [(room, step.before.slot) for step in moved if step.before.holds_room for room in step.before.rooms]
    wanted = await waited_for(session, freed, now=now)
    lines = await offers.hold_lines(session, wanted, catalogue=catalogue, now=now) if wanted else set()
    await claims.give_back(session, [step.before.id for step in moved])
    await claim(session, [*taking, *also], until={**until, **expiring})
    await _borrow(session, steps, now=now)
    await _hold_on(session, [step for step in steps if not step.moved], until)
    await _along(session, also, expiring, by=by, now=now)
    await _invite(session, steps, now=now)
    await _tell(session, steps, by=by, operation_id=operation_id, now=now, reason=reason)
    if lines:
        await offers.offer_freed(session, catalogue, rooms_and_slots=wanted, lines=lines, now=now)


async def _borrow(session: WriteSession, steps: Sequence[Step], *, now: datetime) -> None:
    """Bring what the bookings borrow from one state to the other: one may take at once what another gives back."""
    others = [step for step in steps if borrowing.differs(step.before, step.after)]
    for step in others:
        await borrowing.bring(session, step.before, replace(step.after, equipment=()), now=now)
    for step in others:
        if step.after.holds_room:
            await borrowing.lend(session, step.after)


async def _hold_on(session: WriteSession, steps: Sequence[Step], until: Mapping[UUID, datetime | None]) -> None:
    """Let claims that stay hold as long as their bookings do now, where that is about waiting for approval."""
    found: dict[datetime | None, list[UUID]] = {}
    for step in steps:
        if step.after.holds_room and Status.PENDING in {step.before.status, step.after.status}:
            found.setdefault(until[step.after.id], []).append(step.after.id)
    for moment, ids in found.items():
        await claims.hold_until(session, ids, moment)


async def _settled(session: WriteSession, step: Step, catalogue: Catalogue, *, now: datetime) -> datetime | None:
    if Status.PENDING not in {step.before.status, step.after.status}:
        return None
    return await approving.settle(session, step.before, step.after, catalogue=catalogue, now=now)


async def waited_for(session: WriteSession, freed: Sequence[tuple[Room, Slot]], *, now: datetime) -> list[tuple[Room, Slot]]:
    """Return those of the rooms and times ahead that somebody may wait for; one statement for all."""
    ahead = [(room, slot) for room, slot in freed if slot.end > now]
    if not ahead:
        return []
    spans = [claims.span(room, slot) for room, slot in ahead]
    rows = await session.all(
        _WAITED_FOR,
        session.tenant,
        [room.id for room, _ in ahead],
        [span.start for span in spans],
        [span.end for span in spans],
    )
    return [ahead[row["number"] - 1] for row in rows]


async def _further_rooms(session: WriteSession, steps: Sequence[Step]) -> None:
    gone: list[tuple[UUID, UUID]] = []
    come: list[tuple[UUID, UUID]] = []
    for step in steps:
        old, new = {room.id for room in step.before.more_rooms}, {room.id for room in step.after.more_rooms}
        gone += [(step.before.id, room) for room in sorted(old - new)]
        come += [(step.before.id, room) for room in sorted(new - old)]
    for sql, pairs in ((_FURTHER_GONE, gone), (_FURTHER, come)):
        if pairs:
            await session.run(sql, session.tenant, [one for one, _ in pairs], [room for _, room in pairs])


async def _update(session: WriteSession, steps: Sequence[Step], *, now: datetime) -> None:
    others = [step.before.id for step in steps if _date(step.before) != _date(step.after)]
    if others:
        await session.run(_LET_GO, session.tenant, others)
    for some in batches(steps):
        after = [step.after for step in some]
        done = await session.run(
            _UPDATE,
            session.tenant,
            [one.id for one in after],
            now,
            [step.before.version for step in some],
            [one.room.id for one in after],
            [one.title for one in after],
            [one.start for one in after],
            [one.end for one in after],
            [one.attendees_count for one in after],
            [one.status.value for one in after],
            [one.private for one in after],
            [one.cancel_reason for one in after],
            [one.late_at for one in after],
            [one.checked_in_at for one in after],
            [one.series_id for one in after],
            [one.series_on for one in after],
        )
        assert done == f"UPDATE {len(some)}", "a booking changed under its lock"


def _date(booking: Booking) -> tuple[UUID | None, date | None]:
    return booking.series_id, booking.series_on


async def _invite(session: WriteSession, steps: Sequence[Step], *, now: datetime) -> None:
    gone: list[tuple[UUID, UUID]] = []
    come: list[tuple[UUID, UUID, bool, str | None]] = []
    for step in steps:
        old = {a.person_id: (a.co_organiser, a.response) for a in step.before.attendees}
        new = {a.person_id: (a.co_organiser, a.response) for a in step.after.attendees}
        gone += [(step.before.id, person) for person in sorted(old.keys() - new.keys())]
        come += [(step.before.id, person, *said) for person, said in sorted(new.items()) if old.get(person) != said]
    if gone:
        await session.run(_UNINVITE, session.tenant, [one for one, _ in gone], [person for _, person in gone])
    if come:
        columns = list(zip(*come, strict=True))
        await session.run(_INVITE, session.tenant, *(list(column) for column in columns), now)


async def _tell(
    session: WriteSession,
    steps: Sequence[Step],
    *,
    by: Actor,
    operation_id: UUID,
    now: datetime,
    reason: str | None,
) -> None:
    for some in batches(steps):
        await session.run(
            _EVENTS,
            session.tenant,
            by.person_id,
            by.surface,
            reason,
            now,
            operation_id,
            [new_id() for _ in some],
            [step.kind.value for step in some],
            [step.after.id for step in some],
            [step.after.version for step in some],
            [events.snapshot(step.before) for step in some],
            [events.snapshot(step.after) for step in some],
        )
