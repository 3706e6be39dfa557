"""What comes along with a booking: the only module that writes `equipment_claims`.

That never more is out than there is, a trigger judges under the lock of the equipment's row. Whoever borrows takes that
lock before any claim on a room, so that nobody holds a room while waiting for a projector that waits for the room.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from core import claims
from core.catalogue import Catalogue
from core.db import ReadSession, WriteSession
from core.errors import EquipmentNotFound, EquipmentTaken
from core.models import Booking, Borrowed, Equipment, Location, Rival, Room, Slot, Status
from core.saying import when

_LOCK = "SELECT FROM equipment WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE"
_LEND = """
INSERT INTO equipment_claims (tenant_id, booking_id, equipment_id, quantity, start_time, end_time)
SELECT $1::uuid, $2::uuid, lent.equipment_id, lent.quantity, $5::timestamptz, $6::timestamptz
FROM unnest($3::uuid[], $4::int[]) AS lent (equipment_id, quantity) ORDER BY lent.equipment_id
"""
# The most that is out at once within a time: it is so at its start, or when one of those that meet it begins.
_OUT = """
SELECT wanted.number, coalesce(max((
    SELECT sum(o.quantity) FROM equipment_claims o WHERE o.tenant_id = $1 AND o.equipment_id = wanted.id
        AND o.start_time <= moment.at AND o.end_time > moment.at
        AND coalesce(o.booking_id, o.waiting_id) <> ALL($5::uuid[])
)), 0) AS out
FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted (id, number)
CROSS JOIN LATERAL (
    SELECT $3::timestamptz AS at UNION
    SELECT c.start_time FROM equipment_claims c WHERE c.tenant_id = $1 AND c.equipment_id = wanted.id
        AND c.start_time > $3 AND c.start_time < $4
) AS moment
GROUP BY wanted.number
"""
_HELD_BY = """
SELECT booking_id, quantity FROM equipment_claims WHERE tenant_id = $1 AND booking_id IS NOT NULL
    AND equipment_id = $2 AND start_time < $4 AND end_time > $3 AND booking_id <> ALL($5::uuid[])
ORDER BY start_time, booking_id
"""
_EXPIRED = """
SELECT b.id FROM bookings b WHERE b.tenant_id = $1 AND b.status = 'pending' AND b.id <> $6 AND b.id IN (
    SELECT c.booking_id FROM equipment_claims c
    JOIN approvals a ON a.tenant_id = c.tenant_id AND a.booking_id = c.booking_id AND a.decision IS NULL
    WHERE c.tenant_id = $1 AND c.equipment_id = ANY($2::uuid[]) AND c.start_time < $4 AND c.end_time > $3
        AND a.expires_at <= $5
) ORDER BY b.id FOR NO KEY UPDATE OF b SKIP LOCKED
"""
_IN_WINDOW = """
SELECT equipment_id, quantity, start_time, end_time FROM equipment_claims WHERE tenant_id = $1
    AND equipment_id = ANY($2::uuid[]) AND start_time < $4 AND end_time > $3
    AND coalesce(booking_id, waiting_id) <> ALL($5::uuid[])
"""
_TRY_LOCK = f"{_LOCK} SKIP LOCKED"
_HOLD = """
INSERT INTO equipment_claims (tenant_id, waiting_id, equipment_id, quantity, start_time, end_time, expires_at)
SELECT $1::uuid, $2::uuid, held.equipment_id, held.quantity, $5::timestamptz, $6::timestamptz, $7::timestamptz
FROM unnest($3::uuid[], $4::int[]) AS held (equipment_id, quantity) ORDER BY held.equipment_id
"""
# What was held becomes what is lent where it stands; never for longer than it was held, so that it is there.
_TURN = """
UPDATE equipment_claims SET booking_id = $3, waiting_id = NULL, expires_at = NULL,
    start_time = greatest(start_time, $4), end_time = least(end_time, $5)
WHERE tenant_id = $1 AND waiting_id = $2
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lacking:
    """So many of a piece of equipment are out at once, which leaves fewer than were wanted."""

    wanted: Borrowed
    out: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """A booking that has so many of a piece of equipment, in these rooms."""

    quantity: int
    rooms: tuple[Room, ...]
    rival: Rival


class LentOutError(EquipmentTaken):
    """There is too little left of what a booking was to borrow; rolls the transaction back.

    `refused` is that booking, `lacking` what of it; `holders` say who has some then, as far as the asker may know.
    """

    def __init__(self, lacking: Lacking, refused: Booking, *, now: datetime) -> None:
        sentence = out_sentence(lacking, refused.slot, refused.location.tz, now=now)
        super().__init__(sentence, name=lacking.wanted.equipment.name)
        self.refused = refused
        self.lacking = lacking
        self.holders: tuple[Holder, ...] = ()


def to_borrow(pairs: Sequence[tuple[UUID, int]], place: Location, catalogue: Catalogue) -> tuple[Borrowed, ...]:
    """Return what somebody asks to borrow at a place, by name, each thing once.

    Raises EquipmentNotFound for what is not there, EquipmentTaken for more than there is of it at all.
    """
    wanted: dict[UUID, int] = {}
    for equipment_id, quantity in pairs:
        wanted[equipment_id] = wanted.get(equipment_id, 0) + quantity
    found = []
    for equipment_id, quantity in wanted.items():
        one = catalogue.thing(equipment_id)
        if not one.active or one.location_id != place.id:
            raise EquipmentNotFound(f"There is no {in_sentence(one.name)} to borrow in {place.name}.")
        if quantity > one.quantity:
            verb = "is only" if one.quantity == 1 else "are only"
            name = in_sentence(one.name) if one.quantity == 1 else several(one.name)
            raise EquipmentTaken(f"There {verb} {one.quantity} {name} in {place.name}.", name=one.name)
        if quantity > 0:
            found.append(Borrowed(equipment=one, quantity=quantity))
    return in_order(found)


def out_sentence(lacking: Lacking, slot: Slot, zone: ZoneInfo, *, now: datetime) -> str:
    """Return "2 of 2 projectors are out tomorrow 14:00-15:00."."""
    thing, said = lacking.wanted.equipment, when(slot, zone, now=now)
    verb = "is" if lacking.out == 1 else "are"
    more = f"; you asked for {lacking.wanted.quantity}" if lacking.out < thing.quantity else ""
    return f"{lacking.out} of {thing.quantity} {several(in_sentence(thing.name))} {verb} out {said}{more}."


def kept(rooms: Sequence[Room], slot: Slot) -> Slot:
    """Return the time for which a booking of the rooms keeps what it borrows: as long as any of them."""
    return claims.widest(rooms, slot)


def several(name: str) -> str:
    """Return "projectors on wheels" for "Projector on wheels"."""
    for between in (" on ", " with ", " for "):
        head, found, rest = name.partition(between)
        if found:
            return several(head) + found + rest
    # "TV" keeps its capitals.
    said = name if name[1:2].isupper() else name[:1].lower() + name[1:]
    return said if said.endswith("s") else f"{said}s"


def in_sentence(name: str) -> str:
    """Return a name as it stands within a sentence: "projector" for "Projector"; "TV" stays as it is."""
    return name[:1].lower() + name[1:] if name[1:2].islower() else name


def lent(name: str, quantity: int) -> str:
    """Return "a projector on wheels" or "2 projectors on wheels"."""
    name = in_sentence(name)
    if quantity != 1:
        return f"{quantity} {several(name)}"
    return f"{'an' if name[:1].lower() in set('aeiou') else 'a'} {name}"


def in_order(borrowed: Sequence[Borrowed]) -> tuple[Borrowed, ...]:
    """Return what is borrowed in the order in which it is always shown."""
    return tuple(sorted(borrowed, key=lambda one: (one.equipment.name.casefold(), one.equipment.id)))


async def lock(session: WriteSession, *bookings: Booking) -> None:
    """Be the only one who lends what the bookings borrow, until the transaction ends; nothing where they borrow nothing."""
    await lock_things(session, [one.equipment for booking in bookings for one in booking.equipment])


async def lock_things(session: WriteSession, things: Iterable[Equipment]) -> None:
    """Be the only one who lends these, until the transaction ends."""
    if wanted := sorted({one.id for one in things}):
        await session.run(_LOCK, session.tenant, wanted)


async def try_lock(session: WriteSession, borrowed: Sequence[Borrowed]) -> bool:
    """Lock what is borrowed without waiting for anybody; return whether all of it was to be had."""
    if not borrowed:
        return True
    wanted = sorted({one.equipment.id for one in borrowed})
    return len(await session.all(_TRY_LOCK, session.tenant, wanted)) == len(wanted)


async def lend(session: WriteSession, booking: Booking) -> None:
    """Write what a booking borrows, which has nothing yet; raises EquipmentTaken where there is less (by the trigger)."""
    if not booking.equipment:
        return
    around = kept(booking.rooms, booking.slot)
    await session.run(
        _LEND,
        session.tenant,
        booking.id,
        [one.equipment.id for one in booking.equipment],
        [one.quantity for one in booking.equipment],
        around.start,
        around.end,
    )


async def hold(
    session: WriteSession, borrowed: Sequence[Borrowed], around: Slot, *, waiting_id: UUID, until: datetime
) -> None:
    """Keep what somebody in line waits for, which is locked and there, until then."""
    if borrowed:
        ids, counts = [one.equipment.id for one in borrowed], [one.quantity for one in borrowed]
        await session.run(_HOLD, session.tenant, waiting_id, ids, counts, around.start, around.end, until)


async def turn(session: WriteSession, booking: Booking, *, waiting_id: UUID) -> None:
    """Let what was held for somebody in line be lent to their booking."""
    around = kept(booking.rooms, booking.slot)
    await session.run(_TURN, session.tenant, waiting_id, booking.id, around.start, around.end)


async def give_back_offer(session: WriteSession, waiting_id: UUID) -> None:
    """Let others have what was held for somebody in line."""
    await session.run("DELETE FROM equipment_claims WHERE tenant_id = $1 AND waiting_id = $2", session.tenant, waiting_id)


async def extend_offer(session: WriteSession, waiting_id: UUID, *, until: datetime) -> None:
    """Keep what is held for somebody in line until then."""
    await session.run(
        "UPDATE equipment_claims SET expires_at = $3 WHERE tenant_id = $1 AND waiting_id = $2",
        session.tenant,
        waiting_id,
        until,
    )


def differs(before: Booking, after: Booking) -> bool:
    """Tell whether a booking borrows something else, or for another time, than before."""
    return _held(before) != _held(after)


def _held(booking: Booking) -> tuple[tuple[Borrowed, ...], Slot | None]:
    lends = booking.holds_room and booking.equipment
    return (booking.equipment, kept(booking.rooms, booking.slot)) if lends else ((), None)


async def bring(session: WriteSession, before: Booking, after: Booking, *, now: datetime) -> None:
    """Bring what a booking borrows from one state to the other; of what has ended, the record stays up to now."""
    if not differs(before, after):
        return
    if after.status is Status.ENDED:
        await session.run(
            "DELETE FROM equipment_claims WHERE tenant_id = $1 AND booking_id = $2 AND start_time >= $3",
            session.tenant,
            before.id,
            now,
        )
        await session.run(
            "UPDATE equipment_claims SET end_time = $3 WHERE tenant_id = $1 AND booking_id = $2 AND end_time > $3",
            session.tenant,
            before.id,
            now,
        )
        return
    # What was lent is not read but removed: an ended booking has some left.
    await session.run("DELETE FROM equipment_claims WHERE tenant_id = $1 AND booking_id = $2", session.tenant, before.id)
    if after.holds_room:
        await lend(session, after)


async def lacking(session: ReadSession, booking: Booking, *, waiting_id: UUID | None = None) -> Lacking | None:
    """Return what there is too little of for a booking, as others hold it; certain where it is locked.

    With `waiting_id`, what is held for that place in line is the booking's own.
    """
    own = [booking.id, waiting_id] if waiting_id else [booking.id]
    return await short_of(session, booking.equipment, kept(booking.rooms, booking.slot), but=own)


async def short_of(
    session: ReadSession, borrowed: Sequence[Borrowed], around: Slot, *, but: Sequence[UUID] = ()
) -> Lacking | None:
    """Return what there is too little of at a time (setup counted), bookings and places in line `but` left out."""
    if not borrowed:
        return None
    out = await out_then(session, [one.equipment for one in borrowed], around, but=but)
    for one in borrowed:
        if out[one.equipment] + one.quantity > _there(one.equipment):
            return Lacking(wanted=one, out=out[one.equipment])
    return None


async def lock_expired(session: WriteSession, booking: Booking, *, now: datetime) -> list[UUID]:
    """Lock and return the bookings that have what a booking is to borrow, and were not approved in time.

    One that somebody is changing at this moment stays: whoever changes it may wait for what this transaction has.
    """
    around = kept(booking.rooms, booking.slot)
    things = [one.equipment.id for one in booking.equipment]
    rows = await session.all(_EXPIRED, session.tenant, things, around.start, around.end, now, booking.id)
    return [row["id"] for row in rows]


async def still(session: ReadSession, wanted: Booking) -> tuple[Borrowed, ...]:
    """Return what of a booking's equipment can be had for its time, as it looks at this moment."""
    around = kept(wanted.rooms, wanted.slot)
    out = await out_then(session, [one.equipment for one in wanted.equipment], around, but=[wanted.id])
    return tuple(one for one in wanted.equipment if out[one.equipment] + one.quantity <= _there(one.equipment))


def _there(thing: Equipment) -> int:
    return thing.quantity if thing.active else 0


async def gone(session: ReadSession, wanted: Sequence[Borrowed], window: Slot, *, but: Sequence[UUID] = ()) -> list[Slot]:
    """Return the times within a window at which there are not as many left as wanted, in order; some may overlap."""
    rows = await session.all(
        _IN_WINDOW, session.tenant, [one.equipment.id for one in wanted], window.start, window.end, list(but)
    )
    found: list[Slot] = []
    for one in wanted:
        steps = sorted(
            step
            for row in rows
            if row["equipment_id"] == one.equipment.id
            for step in ((row["start_time"], row["quantity"]), (row["end_time"], -row["quantity"]))
        )
        out = 0
        for (begins, more), (ends, _) in pairwise(steps):
            out += more
            if out + one.quantity > _there(one.equipment) and begins < ends:
                found.append(Slot(start=begins, end=ends))
    return sorted(found, key=lambda slot: slot.start)


async def held_by(
    session: ReadSession, thing: Equipment, window: Slot, *, but: Sequence[UUID] = ()
) -> list[tuple[UUID, int]]:
    """Return which bookings have some of a piece of equipment at a time (setup counted) and how many, by start."""
    rows = await session.all(_HELD_BY, session.tenant, thing.id, window.start, window.end, list(but))
    return [(row["booking_id"], row["quantity"]) for row in rows]


async def out_then(
    session: ReadSession, things: Sequence[Equipment], window: Slot, *, but: Sequence[UUID] = ()
) -> dict[Equipment, int]:
    """Return how many of each are out at once at some moment of a time (setup counted), bookings `but` left out."""
    rows = await session.all(_OUT, session.tenant, [one.id for one in things], window.start, window.end, list(but))
    return {things[row["number"] - 1]: int(row["out"]) for row in rows}
