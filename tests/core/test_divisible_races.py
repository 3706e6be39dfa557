"""A hall, its parts and rooms that share them, wanted by many real connections at once. Run with `-s` to see the tallies."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from core import checks, errors
from core.models import Booking, Change, Room, Slot, Wish
from tests.core.furnished import divided
from tests.core.office import PATIENT, Office, at, opened
from tests.core.test_races import ATTEMPTS, WORKERS, Outcome, agrees, asked, at_once, booking, deadlocks, tally

pytestmark = [pytest.mark.race, pytest.mark.timeout(300)]


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with opened(database, **PATIENT) as made:
        await made.warm(WORKERS)
        yield made


async def floor(office: Office) -> dict[str, Room]:
    """Divide one floor: A, B and C, and every two that stand side by side, and all of it."""
    rooms = {name: await office.room(name, seats=4) for name in ("A", "B", "C")}
    for name in ("AB", "BC", "ABC"):
        rooms[name] = await divided(office, await office.room(name, seats=4 * len(name)), *(rooms[part] for part in name))
    return rooms


def disjoint(won: list[Booking]) -> bool:
    """Tell whether no two of the bookings have a part at the same time."""
    pairs = ((one, other) for number, one in enumerate(won) for other in won[:number] if one.slot.overlaps(other.slot))
    return all(not set(one.room.leaves) & set(other.room.leaves) for one, other in pairs)


async def test_of_a_part_and_the_whole_and_the_other_part_only_what_fits_together_wins(office: Office):
    rooms = await floor(office)
    names = ["A", "AB", "B"]

    outcomes = await at_once(booking(office, rooms[names[n % 3]], at(10), office.ana) for n in range(ATTEMPTS))

    counted = tally("A, AB and B, one slot", outcomes)
    won = await agrees(office, outcomes)
    together = sorted(one.room.name for one in won)
    assert together in (["AB"], ["A", "B"])
    assert counted == {"yes": len(won), "SlotTaken": ATTEMPTS - len(won)}


async def test_rooms_that_share_parts_wanted_at_overlapping_times_never_share_a_moment(office: Office):
    rooms = list((await floor(office)).values())
    dice = random.Random(17)
    wanted = [(dice.choice(rooms), at(9 + dice.randrange(0, 32) / 4, dice.choice([15, 30, 60]))) for _ in range(ATTEMPTS)]

    outcomes = await at_once(booking(office, room, slot, office.ana) for room, slot in wanted)

    counted = tally("six rooms on three parts, overlapping slots", outcomes)
    won = await agrees(office, outcomes)
    assert counted == {"yes": len(won), "SlotTaken": ATTEMPTS - len(won)}
    assert disjoint(won)
    # Nobody was refused for nothing.
    for room, slot in wanted:
        assert any(one.slot.overlaps(slot) and set(one.room.leaves) & set(room.leaves) for one in won)


async def test_moves_and_swaps_between_parts_and_wholes_leave_everything_told_as_stored(office: Office):
    rooms = list((await floor(office)).values())
    dice = random.Random(23)
    seeded = [("yes", (await office.book(rooms[n % 3], at(9 + n // 3 * 0.75, 30), by=office.boss),)) for n in range(24)]
    known = {one.id: one for _, (one,) in seeded}

    def note(outcome: Outcome) -> Outcome:
        known.update({told.id: told for told in outcome[1]})
        return outcome

    async def one(kind: str) -> Outcome:
        slot = at(9 + dice.randrange(0, 72) / 8, dice.choice([10, 15, 30]))
        first, second = dice.sample(list(known.values()), 2)
        lost = (errors.SlotTaken, errors.StaleBooking, errors.NotActive)
        match kind:
            case "book":
                wish = Wish(slot=slot, room_id=dice.choice(rooms).id)
                return note(await asked(office.bookings.book(wish, by=office.boss), errors.SlotTaken))
            case "move":
                change = Change(slot=slot, room_id=dice.choice(rooms).id)
                return note(await asked(_change(office, first, change), *lost))
            case "swap":
                versions = (first.version, second.version)
                swapped = office.bookings.swap(first.id, second.id, versions=versions, by=office.boss)
                return note(await asked(swapped, *lost))
            case _:
                return note(await asked(office.bookings.cancel(first.id, by=office.boss), errors.NotActive))

    kinds = ["book"] * 8 + ["move"] * 7 + ["swap"] * 4 + ["cancel"]
    by_kind: dict[str, list[Outcome]] = {kind: [] for kind in dict.fromkeys(kinds)}

    def attempt(kind: str) -> Callable[[], Awaitable[Outcome]]:
        async def work() -> Outcome:
            outcome = await one(kind)
            by_kind[kind].append(outcome)
            return outcome

        return work

    outcomes = await at_once(attempt(dice.choice(kinds)) for _ in range(ATTEMPTS))

    for kind, of_kind in by_kind.items():
        tally(f"parts and wholes: {kind}", of_kind)
        assert any(name == "yes" for name, _ in of_kind)
    assert disjoint(await agrees(office, [*seeded, *outcomes]))


def _change(office: Office, one: Booking, change: Change) -> Any:
    return office.bookings.change(one.id, change, version=one.version, by=office.boss)


async def test_a_hall_is_divided_while_everybody_books_it(office: Office):
    one, other = await office.room("One"), await office.room("Other")
    whole = await office.room("Both", seats=8)
    dice = random.Random(5)
    slots: list[Slot] = [at(9 + dice.randrange(0, 16) / 2, 30) for _ in range(300)]
    booked: list[Booking] = []

    async def book(room: Room, slot: Slot) -> Outcome:
        outcome = await asked(office.book(room, slot), errors.SlotTaken, errors.Busy)
        booked.extend(outcome[1])
        return outcome

    async def divide(*parts: Room) -> Outcome:
        try:
            await divided(office, whole, *parts)
        except errors.StillUsed as error:
            return error.code, ()
        return "divided", ()

    async def cancel() -> Outcome:
        ours = [one for one in booked if one.room.name == "Both"]
        return (
            await asked(office.bookings.cancel(dice.choice(ours).id, by=office.ana), errors.NotActive)
            if ours
            else ("no", ())
        )

    def step(number: int, slot: Slot) -> Callable[[], Awaitable[Outcome]]:
        if number % 10 == 0:
            return lambda: divide(one, other) if number % 20 else divide()
        if number % 3 == 0:
            return cancel
        return lambda: book([one, other, whole][number % 3], slot)

    outcomes = await at_once(step(number, slot) for number, slot in enumerate(slots))

    counted = tally("a hall divided and made one while it is booked", outcomes)
    assert min(counted["divided"], counted["yes"]) > 0
    assert sum(counted.values()) == len(slots)
    # Whatever was divided meanwhile: everything that is booked has exactly the claims that its room has now.
    assert await checks.violations(office.db) == []
    await office.db.close()
    assert await deadlocks(office) == 0
