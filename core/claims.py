"""Who holds which room when: the only module that writes `room_claims`.

A claim goes in by ON CONFLICT on the one exclusion constraint: a plain insert that fails deadlocks under load, this one
waits its turn and comes back empty. A claim past its expiry never blocks anybody: by the clock of whoever asks, which
also set it. A divisible room is never claimed itself: its parts are, so that they and it exclude each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core.db import ReadSession, WriteSession
from core.ids import new_id
from core.models import Room, Slot
from core.selection import Selection

# Placeholders: $1 tenant, $2 claim, $3 room, $4 booking, $5 start, $6 end. Returns a row when the room was taken.
TAKE = """
INSERT INTO room_claims (tenant_id, id, room_id, kind, booking_id, start_time, end_time)
VALUES ($1, $2, $3, 'booking', $4, $5, $6)
ON CONFLICT ON CONSTRAINT room_claims_no_overlap DO NOTHING
RETURNING booking_id
"""

# As `TAKE`, where {condition} holds: else nothing is taken, and no row comes back.
TAKE_WHERE = """
INSERT INTO room_claims (tenant_id, id, room_id, kind, booking_id, start_time, end_time)
SELECT $1, $2, $3, 'booking', $4, $5, $6 WHERE {condition}
ON CONFLICT ON CONSTRAINT room_claims_no_overlap DO NOTHING
RETURNING booking_id
"""

# As `TAKE`, for several rooms or until an expiry: $2, $3, $5 and $6 are arrays of one length, {expires} is a moment or
# null. Returns a row for each that was taken: whoever gets fewer than they asked for rolls all of it back.
TAKE_EACH = """
INSERT INTO room_claims (tenant_id, id, room_id, kind, booking_id, start_time, end_time, expires_at)
SELECT $1, part.id, part.room_id, 'booking', $4, part.starts, part.ends, {expires}::timestamptz
FROM unnest($2::uuid[], $3::uuid[], $5::timestamptz[], $6::timestamptz[]) AS part (id, room_id, starts, ends)
ORDER BY part.room_id, part.starts
ON CONFLICT ON CONSTRAINT room_claims_no_overlap DO NOTHING
RETURNING booking_id
"""

# What is held for somebody, until then: $6 is the kind, $7 and $8 are the place in line and the proposal, one of them null.
_HOLD_EACH = """
INSERT INTO room_claims (tenant_id, id, room_id, start_time, end_time, kind, waiting_id, proposal_id, expires_at)
SELECT $1, part.id, part.room_id, part.starts, part.ends, $6, $7, $8, $9
FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[]) AS part (id, room_id, starts, ends)
ORDER BY part.room_id, part.starts
ON CONFLICT ON CONSTRAINT room_claims_no_overlap DO NOTHING
"""

# An offer that is taken becomes the booking's claim where it stands: there is no moment without it. Placeholders as in
# `TAKE_EACH`, but $2 is the place in line. Never wider than it was, so that it meets nobody.
TURN = """
UPDATE room_claims SET kind = 'booking', booking_id = $4, waiting_id = NULL, expires_at = {expires}::timestamptz,
    start_time = greatest(start_time, part.starts), end_time = least(end_time, part.ends)
FROM unnest($3::uuid[], $5::timestamptz[], $6::timestamptz[]) AS part (room_id, starts, ends)
WHERE tenant_id = $1 AND waiting_id = $2 AND room_claims.room_id = part.room_id
RETURNING booking_id
"""

_EXPIRED = """
FROM room_claims c JOIN unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) AS part (room_id, starts, ends)
    ON c.room_id = part.room_id AND c.start_time < part.ends AND c.end_time > part.starts
WHERE c.tenant_id = $1 AND c.expires_at <= $5
"""
_EXPIRED_BOOKINGS = f"SELECT DISTINCT c.booking_id {_EXPIRED} AND c.booking_id IS NOT NULL ORDER BY c.booking_id"
# In one order for everybody, so that two who clear the same way do not deadlock.
_DROP_EXPIRED = f"""
DELETE FROM room_claims WHERE tenant_id = $1 AND id IN (SELECT c.id {_EXPIRED} ORDER BY c.id FOR UPDATE OF c)
"""


def span(room: Room, slot: Slot) -> Slot:
    """Return the time that a booking keeps the room: its own, widened by setup and teardown."""
    if not room.setup_minutes and not room.teardown_minutes:
        return slot
    return Slot(
        start=slot.start - timedelta(minutes=room.setup_minutes), end=slot.end + timedelta(minutes=room.teardown_minutes)
    )


def parts(rooms: Sequence[Room], slot: Slot) -> tuple[tuple[UUID, Slot], ...]:
    """Return what a booking of the rooms claims: each smallest part once, by id, with the time that it is kept for."""
    if len(rooms) == 1 and not rooms[0].parts:
        return ((rooms[0].id, span(rooms[0], slot)),)
    kept: dict[UUID, Slot] = {}
    for room in rooms:
        around = span(room, slot)
        for leaf in room.leaves:
            other = kept.get(leaf, around)
            kept[leaf] = Slot(start=min(around.start, other.start), end=max(around.end, other.end))
    return tuple(sorted(kept.items(), key=lambda part: part[0]))


def _columns(held: Sequence[tuple[UUID, Slot]]) -> tuple[list[UUID], list[datetime], list[datetime]]:
    return [leaf for leaf, _ in held], [kept.start for _, kept in held], [kept.end for _, kept in held]


async def take(
    session: WriteSession, *, rooms: Sequence[Room], slot: Slot, booking_id: UUID, until: datetime | None = None
) -> bool:
    """Claim all of the rooms for a booking, or none; return False when somebody holds one. `until`: they expire then."""
    held = parts(rooms, slot)
    if len(held) == 1 and until is None:
        ((leaf, kept),) = held
        return bool(await session.value(TAKE, session.tenant, new_id(), leaf, booking_id, kept.start, kept.end))
    leaves, starts, ends = _columns(held)
    ids = [new_id() for _ in held]
    sql = TAKE_EACH.format(expires="$7")
    return await _all_or_none(session, len(held), sql, session.tenant, ids, leaves, booking_id, starts, ends, until)


async def _all_or_none(session: WriteSession, wanted: int, sql: str, *values: object) -> bool:
    """Insert so many claims; where somebody is in the way of one, take none."""
    if wanted > 1:
        await session.run("SAVEPOINT claiming")
    done = int((await session.run(sql, *values)).rpartition(" ")[2])
    if done == wanted:
        return True
    if wanted > 1:
        await session.run("ROLLBACK TO SAVEPOINT claiming")
    return False


async def take_for_offer(
    session: WriteSession, *, rooms: Sequence[Room], slot: Slot, waiting_id: UUID, until: datetime
) -> bool:
    """Claim all of the rooms for somebody in line, until then; return False, holding none, when somebody has one."""
    return await _hold(session, "offer", rooms, slot, until=until, waiting_id=waiting_id)


async def take_for_proposal(session: WriteSession, *, room: Room, slot: Slot, proposal_id: UUID) -> bool:
    """Claim a room, each of its parts, for a booking whose own closes; return False, holding none, when somebody has it.

    Nothing but its answer, or the time for it, ends this.
    """
    return await _hold(session, "proposal", [room], slot, until=None, proposal_id=proposal_id)


async def _hold(
    session: WriteSession,
    kind: str,
    rooms: Sequence[Room],
    slot: Slot,
    *,
    until: datetime | None,
    waiting_id: UUID | None = None,
    proposal_id: UUID | None = None,
) -> bool:
    held = parts(rooms, slot)
    leaves, starts, ends = _columns(held)
    ids = [new_id() for _ in held]
    values = (session.tenant, ids, leaves, starts, ends, kind, waiting_id, proposal_id, until)
    return await _all_or_none(session, len(held), _HOLD_EACH, *values)


async def expired_bookings(session: WriteSession, *, rooms: Sequence[Room], slot: Slot, now: datetime) -> tuple[UUID, ...]:
    """Return the bookings whose expired claims are in the way, in id order."""
    rows = await session.all(_EXPIRED_BOOKINGS, session.tenant, *_columns(parts(rooms, slot)), now)
    return tuple(row["booking_id"] for row in rows)


async def drop_expired(session: WriteSession, *, rooms: Sequence[Room], slot: Slot, now: datetime) -> bool:
    """Remove expired claims in the way; return whether there were any. Whatever holds them must be expired before."""
    return await session.run(_DROP_EXPIRED, session.tenant, *_columns(parts(rooms, slot)), now) != "DELETE 0"


async def give_back(session: WriteSession, booking_ids: Sequence[UUID]) -> None:
    """Remove every claim of the bookings."""
    await session.run(
        "DELETE FROM room_claims WHERE tenant_id = $1 AND booking_id = ANY($2::uuid[])", session.tenant, booking_ids
    )


async def hold_until(session: WriteSession, booking_ids: Sequence[UUID], until: datetime | None) -> None:
    """Let the claims of bookings expire then, or never where it is None."""
    await session.run(
        "UPDATE room_claims SET expires_at = $3 WHERE tenant_id = $1 AND booking_id = ANY($2::uuid[])",
        session.tenant,
        list(booking_ids),
        until,
    )


async def give_back_offer(session: WriteSession, waiting_id: UUID) -> None:
    """Remove the claims that were held for somebody in line."""
    await session.run("DELETE FROM room_claims WHERE tenant_id = $1 AND waiting_id = $2", session.tenant, waiting_id)


async def give_back_proposals(session: WriteSession, proposal_ids: Sequence[UUID]) -> None:
    """Remove what was held for bookings whose rooms close."""
    await session.run(
        "DELETE FROM room_claims WHERE tenant_id = $1 AND proposal_id = ANY($2::uuid[])", session.tenant, list(proposal_ids)
    )


async def extend_offer(session: WriteSession, waiting_id: UUID, *, until: datetime) -> None:
    """Hold what is held for somebody in line until then."""
    await session.run(
        "UPDATE room_claims SET expires_at = $3 WHERE tenant_id = $1 AND waiting_id = $2",
        session.tenant,
        waiting_id,
        until,
    )


def leaves(rooms: Iterable[Room]) -> list[UUID]:
    """Return the ids of everything that bookings of the rooms claim, in order."""
    return sorted({leaf for room in rooms for leaf in room.leaves})


def _held_on_to(rooms: Iterable[Room]) -> list[UUID]:
    """Return the rooms that bookings of these hold on to: the leaves by their claims, wholes by the rows that name them."""
    return sorted({held for room in rooms for held in (room.id, *room.leaves)})


async def lock_rooms(session: WriteSession, rooms: Iterable[Room]) -> None:
    """Lock rooms and what they are made of in id order, for whoever changes more than one claim or books a whole.

    Without it they deadlock, with each other and with whoever divides rooms, who locks all of a location in that order.
    """
    await session.all(
        "SELECT id FROM rooms WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE",
        session.tenant,
        _held_on_to(rooms),
    )


async def try_lock_rooms(session: WriteSession, rooms: Iterable[Room]) -> bool:
    """Lock rooms as `lock_rooms` does, without waiting for anybody; return whether all were to be had."""
    wanted = _held_on_to(rooms)
    rows = await session.all(
        "SELECT id FROM rooms WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED",
        session.tenant,
        wanted,
    )
    return len(rows) == len(wanted)


# Claims of one room never overlap: of those that begin before a time ends, only the last can reach into it. So one
# row of the index answers for a room, however many claims it has.
BUSY = """
SELECT room.number FROM unnest({rooms}::uuid[], {starts}::timestamptz[], {ends}::timestamptz[])
    WITH ORDINALITY AS room (id, starts, ends, number)
CROSS JOIN LATERAL (
    SELECT end_time FROM room_claims
    WHERE tenant_id = $1 AND room_id = room.id AND start_time < room.ends
        AND (expires_at IS NULL OR expires_at > {now}) {but}
    ORDER BY start_time DESC LIMIT 1
) AS latest
WHERE latest.end_time > room.starts
"""
_BUSY = BUSY.format(
    rooms="$2", starts="$3", ends="$4", now="$6", but="AND (booking_id IS NULL OR booking_id <> ALL($5::uuid[]))"
)
_TAKEN = BUSY.format(rooms="$2", starts="$3", ends="$4", now="$5", but="")

# More parts than these are not looked at one by one: what is held then at all is fewer rows than they are.
MANY_PARTS = 64
# What is longer than this has an index of its own; whatever else is held at a moment began less than this before it.
LONG = timedelta(hours=12)
# Two reaches into two indexes, however many rooms there are: $2 and $3 are the time, $4 is `LONG` before it.
_HELD_THEN = """
SELECT room_id, start_time, end_time FROM room_claims
WHERE tenant_id = $1 AND start_time >= $4 AND start_time < $3 AND end_time > $2
    AND (expires_at IS NULL OR expires_at > $5) AND (booking_id IS NULL OR booking_id <> ALL($6::uuid[]))
UNION ALL
SELECT room_id, start_time, end_time FROM room_claims
WHERE tenant_id = $1 AND end_time - start_time > interval '12 hours' AND start_time < $4 AND end_time > $2
    AND (expires_at IS NULL OR expires_at > $5) AND (booking_id IS NULL OR booking_id <> ALL($6::uuid[]))
"""

# Who is offered what in a window; never so many that their order matters.
_OFFERED = """
SELECT c.room_id, c.start_time, c.end_time, c.expires_at, c.waiting_id, w.person_id, w.offered_room_id
FROM room_claims c JOIN waiting w ON w.tenant_id = c.tenant_id AND w.id = c.waiting_id
WHERE c.tenant_id = $1 AND c.room_id = ANY($2::uuid[]) AND c.start_time < $4 AND c.end_time > $3 AND c.expires_at > $5
ORDER BY c.room_id, c.start_time
"""

_NEXT = """
SELECT room.number, next.start_time
FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY AS room (id, starts, ends, number)
CROSS JOIN LATERAL (
    SELECT start_time FROM room_claims
    WHERE tenant_id = $1 AND room_id = room.id AND start_time >= room.starts AND start_time < room.ends
        AND (expires_at IS NULL OR expires_at > $5)
    ORDER BY start_time LIMIT 1
) AS next
"""

# The claim under way when the window begins, and those that begin inside it: two reaches into one index for each room.
_HELD = """
SELECT held.room_id, held.start_time, held.end_time FROM unnest($2::uuid[]) AS room (id)
CROSS JOIN LATERAL (
    (SELECT room_id, start_time, end_time FROM room_claims
    WHERE tenant_id = $1 AND room_id = room.id AND start_time <= $3
        AND (expires_at IS NULL OR expires_at > $6) AND (booking_id IS NULL OR booking_id <> ALL($5::uuid[]))
    ORDER BY start_time DESC LIMIT 1)
    UNION ALL
    SELECT room_id, start_time, end_time FROM room_claims
    WHERE tenant_id = $1 AND room_id = room.id AND start_time > $3 AND start_time < $4
        AND (expires_at IS NULL OR expires_at > $6) AND (booking_id IS NULL OR booking_id <> ALL($5::uuid[]))
) AS held
WHERE held.end_time > $3
ORDER BY held.room_id, held.start_time
"""


class Parts:
    """Rooms and times as the parts that are looked at: three columns for a statement that answers by number, from 1."""

    def __init__(self, wanted: Iterable[tuple[Room, Slot]]) -> None:
        """`wanted` are rooms with the times that a claim on them would take."""
        self._owners: list[int] = []
        self.rooms: list[UUID] = []
        self.starts: list[datetime] = []
        self.ends: list[datetime] = []
        for number, (room, kept) in enumerate(wanted):
            for leaf in room.leaves if room.parts else (room.id,):
                self._owners.append(number)
                self.rooms.append(leaf)
                self.starts.append(kept.start)
                self.ends.append(kept.end)

    def of(self, number: int) -> int:
        """Return which room, from 0, the part with a number of the statement's belongs to."""
        return self._owners[number - 1]


async def busy_rooms(
    session: ReadSession, rooms: Sequence[Room], slot: Slot, *, now: datetime, but: Sequence[UUID] = ()
) -> set[UUID]:
    """Return which of the rooms somebody holds in the slot (setup and teardown counted), the bookings `but` left out."""
    if len(rooms) > MANY_PARTS:
        return await _busy_of_many(session, Selection.of(rooms), slot, now=now, but=but)
    asked = Parts((room, span(room, slot)) for room in rooms)
    rows = await session.all(_BUSY, session.tenant, asked.rooms, asked.starts, asked.ends, list(but), now)
    return {rooms[asked.of(row["number"])].id for row in rows}


async def _busy_of_many(
    session: ReadSession, rooms: Selection, slot: Slot, *, now: datetime, but: Sequence[UUID]
) -> set[UUID]:
    """Return what `busy_rooms` does, from everything that anybody holds then."""
    around = widest(rooms, slot) if rooms.buffered else slot
    values = (around.start, around.end, around.start - LONG, now, list(but))
    rows = await session.all(_HELD_THEN, session.tenant, *values)
    if not rooms.buffered:
        held = {row["room_id"] for row in rows}
        return (held & rooms.ids) | {room.id for room in rooms.divisible if not held.isdisjoint(room.parts)}
    kept: dict[UUID, list[Slot]] = {}
    for row in rows:
        kept.setdefault(row["room_id"], []).append(Slot(start=row["start_time"], end=row["end_time"]))
    return {
        room.id
        for room in rooms
        if any(there.overlaps(span(room, slot)) for leaf in room.leaves for there in kept.get(leaf, ()))
    }


async def free(session: ReadSession, wanted: Sequence[tuple[Room, Slot]], *, now: datetime) -> set[int]:
    """Return the numbers, from 0, of those rooms and spans (setup and teardown counted) that nobody holds."""
    asked = Parts(wanted)
    rows = await session.all(_TAKEN, session.tenant, asked.rooms, asked.starts, asked.ends, now)
    return set(range(len(wanted))) - {asked.of(row["number"]) for row in rows}


async def offered(
    session: ReadSession, rooms: Sequence[Room], window: Slot, *, now: datetime
) -> list[tuple[Room, Slot, datetime, UUID]]:
    """Return what is held for people in line and touches the window: room, time without setup, until when, for whom.

    What is held of a divisible room is told of each of the rooms that it keeps from being booked.
    """
    known, kept = {room.id: room for room in rooms}, by_leaf(rooms)
    rows = await session.all(_OFFERED, session.tenant, list(kept), window.start, window.end, now)
    found = {
        (room.id, row["waiting_id"]): (
            room,
            _within(_offered_as(known.get(row["offered_room_id"]), row, room), row),
            row["expires_at"],
            row["person_id"],
        )
        for row in rows
        for room in kept[row["room_id"]]
    }
    return list(found.values())


def _offered_as(offered: Room | None, row: Mapping[str, Any], room: Room) -> Room:
    """Return the room whose setup and teardown a claim of an offer has: the one offered, unless it is one beside it."""
    return offered if offered is not None and row["room_id"] in offered.leaves else room


def by_leaf(rooms: Iterable[Room]) -> dict[UUID, list[Room]]:
    """Return the rooms by the parts that booking them claims."""
    found: dict[UUID, list[Room]] = {}
    for room in rooms:
        for leaf in room.leaves:
            found.setdefault(leaf, []).append(room)
    return found


def _within(room: Room, row: Mapping[str, Any]) -> Slot:
    """Return a claim's time without setup and teardown."""
    return Slot(
        start=row["start_time"] + timedelta(minutes=room.setup_minutes),
        end=row["end_time"] - timedelta(minutes=room.teardown_minutes),
    )


async def next_starts(session: ReadSession, rooms: Sequence[Room], window: Slot, *, now: datetime) -> dict[UUID, datetime]:
    """Return when the first claim of each room begins inside the window; rooms without one are left out."""
    found = await first_starts(session, [(room, window) for room in rooms], now=now)
    return {rooms[number].id: start for number, start in found.items()}


async def first_starts(session: ReadSession, windows: Sequence[tuple[Room, Slot]], *, now: datetime) -> dict[int, datetime]:
    """Return when the first claim of a room begins inside its window, by the window's number from 0."""
    asked = Parts(windows)
    found: dict[int, datetime] = {}
    for row in await session.all(_NEXT, session.tenant, asked.rooms, asked.starts, asked.ends, now):
        number, start = asked.of(row["number"]), row["start_time"]
        found[number] = min(start, found.get(number, start))
    return found


async def held(
    session: ReadSession, rooms: Sequence[Room], window: Slot, *, now: datetime, but: Sequence[UUID] = ()
) -> dict[UUID, list[Slot]]:
    """Return what keeps the rooms from being booked within the window, by room, in order of start; no two overlap."""
    kept = by_leaf(rooms)
    found: dict[UUID, list[Slot]] = {}
    for row in await session.all(_HELD, session.tenant, list(kept), window.start, window.end, list(but), now):
        for room in kept[row["room_id"]]:
            found.setdefault(room.id, []).append(Slot(start=row["start_time"], end=row["end_time"]))
    for room in rooms:
        if room.parts and room.id in found:
            found[room.id] = joined(found[room.id])
    return found


def joined(slots: Iterable[Slot]) -> list[Slot]:
    """Return the times in order of start, those that overlap made one."""
    found: list[Slot] = []
    for slot in sorted(slots, key=lambda slot: slot.start):
        if found and slot.start < found[-1].end:
            found[-1] = Slot(start=found[-1].start, end=max(found[-1].end, slot.end))
        else:
            found.append(slot)
    return found


def widest(rooms: Sequence[Room], slot: Slot) -> Slot:
    """Return the time that covers what any of the rooms would be kept for."""
    before = max((room.setup_minutes for room in rooms), default=0)
    after = max((room.teardown_minutes for room in rooms), default=0)
    return Slot(start=slot.start - timedelta(minutes=before), end=slot.end + timedelta(minutes=after))
