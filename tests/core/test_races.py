"""Hundreds of people at one door: many real connections at once, then the invariants and an exact tally of answers.

Run with `-s` to see the tallies.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any

import asyncpg
import pytest

from core import checks, errors
from core.models import HOLDS_ROOM, Actor, Booking, Change, Changed, Room, Slot, Status, Wish
from tests.core.office import PATIENT, Office, at, opened

pytestmark = [pytest.mark.race, pytest.mark.timeout(300)]

ATTEMPTS = 1000
WORKERS = 40

# What one attempt left behind: the answer's name, and the bookings as the answer says that they are now.
Outcome = tuple[str, tuple[Booking, ...]]


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with opened(database, **PATIENT) as made:
        await made.warm(WORKERS)
        yield made


async def asked(
    attempt: Awaitable[Booking | Changed | tuple[Changed, Changed]], *expected: type[errors.BookingError]
) -> Outcome:
    """Return what came of an attempt; an error that is not expected fails the test."""
    try:
        answer = await attempt
    except expected as error:
        return error.code, ()
    if isinstance(answer, Booking):
        return "yes", (answer,)
    changes = answer if isinstance(answer, tuple) else (answer,)
    return "yes", tuple(change.after for change in changes)


async def at_once(attempts: Iterable[Callable[[], Awaitable[Outcome]]]) -> list[Outcome]:
    """Run the attempts by workers that all start at the same moment, in the order given; return every outcome."""
    queue = list(reversed(list(attempts)))
    start, outcomes = asyncio.Barrier(WORKERS), []

    async def worker() -> None:
        await start.wait()
        while queue:
            outcomes.append(await queue.pop()())

    await asyncio.gather(*(worker() for _ in range(WORKERS)))
    return outcomes


def tally(title: str, outcomes: Sequence[Outcome]) -> Counter[str]:
    """Count the answers and print them."""
    counted = Counter(name for name, _ in outcomes)
    print(f"\n{title}: {sum(counted.values())} attempts, {dict(sorted(counted.items()))}")
    return counted


async def agrees(office: Office, outcomes: Sequence[Outcome]) -> list[Booking]:
    """Hold what is stored against every "yes" that was given; return the bookings that hold a room."""
    told: dict[Any, dict[int, Booking]] = {}
    for _, bookings in outcomes:
        for booking in bookings:
            # What changed nothing is answered with the version that was there.
            assert told.setdefault(booking.id, {}).setdefault(booking.version, booking) == booking
    stored = [await office.bookings.get(row["id"]) for row in await office.rows("SELECT id FROM bookings")]
    assert {b.id: b for b in stored} == {i: versions[max(versions)] for i, versions in told.items()}
    for booking in stored:
        assert sorted(told[booking.id]) == list(range(1, booking.version + 1))
    assert await checks.violations(office.db) == []
    await office.db.close()
    assert await deadlocks(office) == 0
    return [booking for booking in stored if booking.status in HOLDS_ROOM]


async def deadlocks(office: Office) -> int:
    """Return how often PostgreSQL had to break a circle, by its own count."""
    connection = await asyncpg.connect(office.urls.superuser_url)
    try:
        return await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    finally:
        await connection.close()


def booking(office: Office, room: Room, slot: Slot, by: Actor) -> Callable[[], Awaitable[Outcome]]:
    return lambda: asked(office.bookings.book(Wish(slot=slot, room_id=room.id), by=by), errors.SlotTaken)


async def test_of_a_thousand_attempts_on_one_slot_exactly_one_wins(office: Office):
    apollo = await office.room("Apollo")
    people = [await office.actor(f"p{number}") for number in range(20)]

    outcomes = await at_once(booking(office, apollo, at(10), people[n % 20]) for n in range(ATTEMPTS))

    assert tally("one slot", outcomes) == {"yes": 1, "SlotTaken": ATTEMPTS - 1}
    assert len(await agrees(office, outcomes)) == 1


async def test_of_a_thousand_attempts_on_overlapping_slots_those_that_fit_beside_each_other_win(office: Office):
    apollo = await office.room("Apollo", setup=5)
    dice = random.Random(7)
    slots = [at(9 + dice.randrange(0, 32) / 4, dice.choice([15, 30, 45, 60, 90])) for _ in range(ATTEMPTS)]

    outcomes = await at_once(booking(office, apollo, slot, office.ana) for slot in slots)

    counted = tally("overlapping slots of one room", outcomes)
    won = await agrees(office, outcomes)
    assert counted == {"yes": len(won), "SlotTaken": ATTEMPTS - len(won)}
    # Nobody was refused for nothing: whatever was not booked stands against something that was.
    claims = [Slot(start=b.start - at(0, 5).length, end=b.end) for b in won]
    booked = {b.slot for b in won}
    for slot in set(slots) - booked:
        wanted = Slot(start=slot.start - at(0, 5).length, end=slot.end)
        assert any(wanted.overlaps(claim) for claim in claims)


async def test_any_room_will_do_and_a_thousand_people_fill_exactly_all_of_them(office: Office):
    for number in range(30):
        await office.room(f"Room {number}", seats=2 + number % 3)

    def attempt() -> Awaitable[Outcome]:
        return asked(office.bookings.book(Wish(slot=at(10), attendees_count=2), by=office.ana), errors.NothingFits)

    outcomes = await at_once(attempt for _ in range(ATTEMPTS))

    assert tally("any of 30 rooms", outcomes) == {"yes": 30, "NothingFits": ATTEMPTS - 30}
    assert len({b.room.id for b in await agrees(office, outcomes)}) == 30


async def test_moves_swaps_cancels_and_bookings_all_at_once_leave_everything_told_as_stored(office: Office):
    rooms = [await office.room("Apollo"), await office.room("Zeus", setup=10, teardown=5)]
    dice = random.Random(11)
    seeded = []
    for number in range(24):
        slot = at(9 + (number // 2) * 0.75, 30)
        seeded.append(("yes", (await office.book(rooms[number % 2], slot, by=office.boss),)))
    known = {b.id: b for _, (b,) in seeded}

    def note(outcome: Outcome) -> Outcome:
        for told in outcome[1]:
            known[told.id] = told
        return outcome

    async def one(kind: str) -> Outcome:
        slot = at(9 + dice.randrange(0, 96) / 8, dice.choice([10, 15, 30]))
        held = [b for b in known.values() if b.holds_room]
        first, second = dice.sample(held if kind != "undo" and len(held) > 1 else list(known.values()), 2)
        if kind == "book":
            wish = Wish(slot=slot, room_id=dice.choice(rooms).id)
            return note(await asked(office.bookings.book(wish, by=office.boss), errors.SlotTaken))
        lost = (errors.SlotTaken, errors.StaleBooking, errors.NotActive)
        if kind == "move":
            change = Change(slot=slot, room_id=dice.choice(rooms).id)
            done = await asked(office.bookings.change(first.id, change, version=first.version, by=office.boss), *lost)
        elif kind == "swap":
            versions = (first.version, second.version)
            done = await asked(office.bookings.swap(first.id, second.id, versions=versions, by=office.boss), *lost)
        elif kind == "cancel":
            done = await asked(office.bookings.cancel(first.id, by=office.boss), errors.NotActive)
        else:
            lost = (*lost, errors.NothingToUndo)
            done = await asked(office.bookings.undo(first.id, version=first.version, by=office.boss), *lost)
        return note(done)

    kinds = ["book"] * 8 + ["move"] * 5 + ["swap"] * 4 + ["cancel"] * 2 + ["undo"] * 1
    plan = [dice.choice(kinds) for _ in range(ATTEMPTS)]
    by_kind: dict[str, list[Outcome]] = {kind: [] for kind in dict.fromkeys(kinds)}

    async def counted(kind: str) -> Outcome:
        outcome = await one(kind)
        by_kind[kind].append(outcome)
        return outcome

    outcomes = await at_once(lambda kind=kind: counted(kind) for kind in plan)

    for kind, of_kind in by_kind.items():
        tally(f"mixed: {kind}", of_kind)
    assert len(outcomes) == ATTEMPTS
    assert all(any(name == "yes" for name, _ in of_kind) for of_kind in by_kind.values())
    await agrees(office, [*seeded, *outcomes])


@pytest.mark.parametrize("order", ["same", "crossed"])
async def test_swaps_in_either_order_of_rooms_never_wait_in_a_circle(office: Office, order: str):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    pairs = [(await office.book(apollo, at(9 + n)), await office.book(zeus, at(9 + n))) for n in range(10)]
    latest = {b.id: b for pair in pairs for b in pair}
    outcomes: list[Outcome] = [("yes", (b,)) for b in latest.values()]

    async def swap(number: int) -> Outcome:
        one, other = pairs[number % 10]
        if order == "crossed" and number % 2:
            one, other = other, one
        versions = (latest[one.id].version, latest[other.id].version)
        done = await asked(office.bookings.swap(one.id, other.id, versions=versions, by=office.ana), errors.StaleBooking)
        for after in done[1]:
            latest[after.id] = max(after, latest[after.id], key=lambda b: b.version)
        return done

    done = await at_once(lambda n=n: swap(n) for n in range(400))

    counted = tally(f"swaps, {order}", done)
    assert counted["yes"] + counted["StaleBooking"] == 400
    assert counted["yes"] >= 10
    await agrees(office, [*outcomes, *done])


async def test_expired_claims_are_cleared_by_many_at_once_and_one_of_them_gets_the_room(office: Office):
    apollo = await office.room("Apollo")
    waiting = [await office.book(apollo, at(10 + n / 4, 15), by=office.bob) for n in range(8)]
    await office.damage(
        "UPDATE bookings SET status = 'pending';"
        "UPDATE events SET after = jsonb_set(after, '{status}', '\"pending\"');"
        "UPDATE room_claims SET expires_at = now() - interval '1 second';"
        "INSERT INTO approvals (tenant_id, id, booking_id, asked_at, expires_at)"
        " SELECT tenant_id, gen_random_uuid(), booking_id, now(), expires_at FROM room_claims"
    )
    dice = random.Random(3)
    slots = [at(10, 120) if n % 2 else at(10 + dice.randrange(8) / 4, 15 * dice.randrange(1, 5)) for n in range(200)]

    outcomes = await at_once(booking(office, apollo, slot, office.ana) for slot in slots)

    counted = tally("expired claims in the way", outcomes)
    assert await checks.violations(office.db) == []
    assert counted["yes"] + counted["SlotTaken"] == 200
    assert counted["yes"] >= 1
    states = [(await office.bookings.get(b.id)).status for b in waiting]
    cleared = [b for b, status in zip(waiting, states, strict=True) if status is Status.EXPIRED]
    won = [told for _, answers in outcomes for told in answers]
    # Exactly those expired that stood where somebody books now.
    assert cleared == [b for b in waiting if any(b.slot.overlaps(told.slot) for told in won)]
    await office.db.close()
    assert await deadlocks(office) == 0
