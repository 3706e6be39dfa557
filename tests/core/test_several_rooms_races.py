"""Bookings of several rooms that overlap, in crossed order, by many real connections. Run with `-s` to see the tallies."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from core import errors
from core.models import Booking, Change, Room, Wish
from tests.core.furnished import claimed
from tests.core.office import PATIENT, Office, at, opened
from tests.core.test_races import ATTEMPTS, WORKERS, Outcome, agrees, asked, at_once, tally

pytestmark = [pytest.mark.race, pytest.mark.timeout(300)]


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with opened(database, **PATIENT) as made:
        await made.warm(WORKERS)
        yield made


def together(office: Office, rooms: list[Room], hours: float = 10, minutes: float = 60) -> Callable[[], Awaitable[Outcome]]:
    first, *more = rooms
    wish = Wish(slot=at(hours, minutes), room_id=first.id, more_room_ids=tuple(room.id for room in more))
    return lambda: asked(office.bookings.book(wish, by=office.ana), errors.SlotTaken)


async def test_two_rooms_in_crossed_order_are_held_together_or_not_at_all(office: Office):
    one, other, third = [await office.room(name) for name in ("One", "Other", "Third")]
    orders = [[one, other], [other, one], [other, third], [third, one]]

    outcomes = await at_once(together(office, orders[n % 4]) for n in range(ATTEMPTS))

    counted = tally("pairs of three rooms, crossed, one slot", outcomes)
    (won,) = await agrees(office, outcomes)
    assert counted == {"yes": 1, "SlotTaken": ATTEMPTS - 1}
    assert len(won.rooms) == 2
    assert set(await claimed(office, won)) == {room.name for room in won.rooms}


async def test_any_rooms_at_any_time_by_bookings_moves_and_cancels_never_wait_in_a_circle(office: Office):
    rooms = [await office.room(f"Room {number}", setup=5 * (number % 2)) for number in range(6)]
    dice = random.Random(31)
    known: dict[Any, Booking] = {}

    def note(outcome: Outcome) -> Outcome:
        known.update({told.id: told for told in outcome[1]})
        return outcome

    async def one(kind: str) -> Outcome:
        some = dice.sample(rooms, dice.randrange(1, 5))
        if kind == "book" or not known:
            return note(await together(office, some, 9 + dice.randrange(0, 40) / 4, dice.choice([15, 30, 60]))())
        held = dice.choice(list(known.values()))
        lost = (errors.SlotTaken, errors.StaleBooking, errors.NotActive)
        if kind == "cancel":
            return note(await asked(office.bookings.cancel(held.id, by=office.ana), errors.NotActive))
        change = Change(
            slot=at(9 + dice.randrange(0, 40) / 4, dice.choice([15, 30])),
            room_id=some[0].id,
            more_room_ids=tuple(room.id for room in some[1:]),
        )
        moved = office.bookings.change(held.id, change, version=held.version, by=office.ana)
        return note(await asked(moved, *lost))

    kinds = [dice.choice(["book"] * 6 + ["move"] * 5 + ["cancel"]) for _ in range(ATTEMPTS)]
    by_kind: dict[str, list[Outcome]] = {kind: [] for kind in dict.fromkeys(kinds)}

    def attempt(kind: str) -> Callable[[], Awaitable[Outcome]]:
        async def work() -> Outcome:
            outcome = await one(kind)
            by_kind[kind].append(outcome)
            return outcome

        return work

    outcomes = await at_once(attempt(kind) for kind in kinds)

    for kind, of_kind in by_kind.items():
        tally(f"one to four of six rooms: {kind}", of_kind)
        assert any(name == "yes" for name, _ in of_kind)
    won = await agrees(office, outcomes)
    for number, one_of in enumerate(won):
        for other in won[:number]:
            shared = {room.id for room in one_of.rooms} & {room.id for room in other.rooms}
            assert not (shared and one_of.slot.overlaps(other.slot))
