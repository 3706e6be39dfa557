"""Two projectors and forty who want one, by real connections. Run with `-s` to see the tallies."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest

from core import errors
from core.models import Booking, Change, Equipment, Room, Slot, Wish
from tests.core.furnished import lendable
from tests.core.office import PATIENT, Office, at, opened
from tests.core.test_races import WORKERS, Outcome, agrees, asked, at_once, tally

pytestmark = [pytest.mark.race, pytest.mark.timeout(300)]


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with opened(database, **PATIENT) as made:
        await made.warm(WORKERS)
        yield made


def with_it(office: Office, room: Room, slot: Slot, thing: Equipment, count: int = 1) -> Callable[[], Awaitable[Outcome]]:
    wish = Wish(slot=slot, room_id=room.id, equipment=((thing.id, count),))
    return lambda: asked(office.bookings.book(wish, by=office.ana), errors.SlotTaken, errors.EquipmentTaken)


def most_out(bookings: Sequence[Booking]) -> int:
    """Return how many were out at once at the worst moment, by the bookings' own times."""
    moments = [one.start for one in bookings]
    return max(
        sum(lent.quantity for one in bookings if one.start <= moment < one.end for lent in one.equipment)
        for moment in moments
    )


async def test_of_forty_who_want_one_of_two_projectors_at_once_two_get_one(office: Office):
    projector = await lendable(office)
    rooms = [await office.room(f"Room {number}") for number in range(40)]

    outcomes = await at_once(with_it(office, room, at(10), projector) for room in rooms)

    assert tally("two projectors, forty rooms, one slot", outcomes) == {"yes": 2, "EquipmentTaken": 38}
    won = await agrees(office, outcomes)
    assert most_out(won) == 2
    # Both or none: nobody who got no projector holds the room for it.
    assert await office.count("SELECT count(*) FROM room_claims") == 2
    assert await office.count("SELECT count(*) FROM equipment_claims") == 2


async def test_at_overlapping_times_never_more_than_two_are_out(office: Office):
    projector = await lendable(office)
    rooms = [await office.room(f"Room {number}") for number in range(8)]
    dice = random.Random(41)
    slots = [at(9 + dice.randrange(0, 24) / 4, dice.choice([15, 30, 60, 90])) for _ in range(400)]

    outcomes = await at_once(with_it(office, dice.choice(rooms), slot, projector) for slot in slots)

    counted = tally("two projectors, eight rooms, overlapping slots", outcomes)
    won = await agrees(office, outcomes)
    assert counted["yes"] == len(won)
    assert sum(counted.values()) == 400
    assert most_out(won) == 2


async def test_projectors_and_screens_and_rooms_wanted_in_any_order_never_wait_in_a_circle(office: Office):
    things = [await lendable(office, name, 2) for name in ("Projector", "Screen", "Camera")]
    rooms = [await office.room(f"Room {number}") for number in range(4)]
    dice = random.Random(43)
    known: dict[Any, Booking] = {}

    def some() -> tuple[tuple[Any, int], ...]:
        return tuple((thing.id, dice.randrange(1, 3)) for thing in dice.sample(things, dice.randrange(0, 4)))

    async def one(kind: str) -> Outcome:
        slot, few = at(9 + dice.randrange(0, 40) / 4, dice.choice([15, 30, 60])), dice.sample(rooms, dice.randrange(1, 3))
        more = tuple(room.id for room in few[1:])
        if kind == "book" or not known:
            wish = Wish(slot=slot, room_id=few[0].id, more_room_ids=more, equipment=some())
            done = await asked(office.bookings.book(wish, by=office.ana), errors.SlotTaken, errors.EquipmentTaken)
        elif kind == "cancel":
            held = dice.choice(list(known.values()))
            done = await asked(office.bookings.cancel(held.id, by=office.ana), errors.NotActive)
        else:
            held = dice.choice(list(known.values()))
            change = Change(slot=slot, room_id=few[0].id, more_room_ids=more, equipment=some())
            lost = (errors.SlotTaken, errors.EquipmentTaken, errors.StaleBooking, errors.NotActive)
            moved = office.bookings.change(held.id, change, version=held.version, by=office.ana)
            done = await asked(moved, *lost)
        known.update({told.id: told for told in done[1]})
        return done

    kinds = [dice.choice(["book"] * 6 + ["move"] * 5 + ["cancel"]) for _ in range(600)]
    outcomes = await at_once(lambda kind=kind: one(kind) for kind in kinds)

    counted = tally("three things and four rooms, mixed", outcomes)
    assert counted["yes"] > 0
    assert sum(counted.values()) == 600
    await agrees(office, outcomes)
