"""Quotas and one room at a time, when everybody wants the last of it at once: exact tallies, and no circle of waits.

Run with `-s` to see the tallies.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import asyncpg
import pytest

from core import checks, errors
from core.models import Actor, Change, Room, Wish
from core.regulations import Measure, Period
from tests.core.office import PATIENT, Office, at, opened
from tests.core.ruling import Ruling

pytestmark = [pytest.mark.race, pytest.mark.timeout(300)]

CONNECTIONS = 40


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with opened(database, **PATIENT) as made:
        await made.warm(CONNECTIONS)
        yield made


async def at_once(attempts: Sequence[Callable[[], Awaitable[object]]]) -> Counter[str]:
    """Run the attempts, all of them starting at the same moment, and count what came of them."""
    start = asyncio.Barrier(len(attempts))

    async def attempt(one: Callable[[], Awaitable[object]]) -> str:
        await start.wait()
        try:
            await one()
        except errors.BookingError as error:
            return error.code
        return "yes"

    return Counter(await asyncio.gather(*(attempt(one) for one in attempts)))


def booking(office: Office, room: Room, hours: float, by: Actor) -> Callable[[], Awaitable[object]]:
    return lambda: office.bookings.book(Wish(slot=at(hours, 15), room_id=room.id), by=by)


async def sound(office: Office, title: str, counted: Counter[str]) -> None:
    """Print the tally, and hold the invariants; there was no deadlock, by PostgreSQL's own count."""
    connection = await asyncpg.connect(office.urls.superuser_url)
    try:
        circles = await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    finally:
        await connection.close()
    print(f"\n{title}: {sum(counted.values())} at once, {dict(sorted(counted.items()))}, {circles} deadlocks")
    assert await checks.violations(office.db) == []
    assert circles == 0


async def test_of_forty_at_once_a_quota_of_three_lets_exactly_three_pass(office: Office):
    rooms = [await office.room(f"Room {number}") for number in range(CONNECTIONS)]
    await Ruling.of(office).quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=3)

    counted = await at_once([booking(office, room, 10 + n / 4, office.ana) for n, room in enumerate(rooms)])

    await sound(office, "a quota of three", counted)
    assert counted == {"yes": 3, "QuotaReached": CONNECTIONS - 3}


async def test_a_quota_of_hours_is_used_up_to_the_minute(office: Office):
    rooms = [await office.room(f"Room {number}") for number in range(CONNECTIONS)]
    await Ruling.of(office).quotas.set(measure=Measure.MINUTES, period=Period.DAY, most=100)

    # Within one day of Berlin.
    counted = await at_once([booking(office, room, 9 + n / 4, office.ana) for n, room in enumerate(rooms)])

    await sound(office, "a quota of 100 minutes, 15 each", counted)
    assert counted == {"yes": 6, "QuotaReached": CONNECTIONS - 6}


async def test_a_group_that_shares_a_quota_has_exactly_that_much(office: Office):
    ruling = Ruling.of(office)
    rooms = [await office.room(f"Room {number}") for number in range(CONNECTIONS)]
    people = [await office.actor(f"p{number}") for number in range(CONNECTIONS)]
    sales = await ruling.group("Sales", *people)
    people = [await ruling.anew(person) for person in people]
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=5, group_id=sales.id, together=True)

    pairs = zip(rooms, people, strict=True)
    counted = await at_once([booking(office, room, 10, person) for room, person in pairs])

    await sound(office, "a group's five", counted)
    assert counted == {"yes": 5, "QuotaReached": CONNECTIONS - 5}


async def test_of_forty_rooms_at_one_time_somebody_gets_exactly_one(office: Office):
    rooms = [await office.room(f"Room {number}") for number in range(CONNECTIONS)]
    await Ruling.of(office).rooms.set_policy(one_at_a_time=True)

    counted = await at_once([booking(office, room, 10, office.ana) for room in rooms])

    await sound(office, "one room at a time", counted)
    assert counted == {"yes": 1, "AnotherRoomThen": CONNECTIONS - 1}


async def test_many_who_need_several_locks_never_wait_in_a_circle(office: Office):
    ruling = Ruling.of(office)
    rooms = [await office.room(f"Room {number}") for number in range(6)]
    people = [await office.actor(f"p{number}") for number in range(8)]
    # Everybody is in half of the groups, each in an order of its own.
    groups = [
        await ruling.group(f"G{n}", *(p for i, p in enumerate(people) if (i >> n % 3) & 1 or n == i)) for n in range(6)
    ]
    people = [await ruling.anew(person) for person in people]
    for number, group in enumerate(groups):
        period = Period.WEEK if number % 2 else Period.DAY
        await ruling.quotas.set(measure=Measure.COUNT, period=period, most=25, group_id=group.id, together=True)
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=12)
    await ruling.rooms.set_policy(one_at_a_time=True)
    dice = random.Random(11)
    total: Counter[str] = Counter()

    async def step() -> None:
        by = dice.choice(people)
        wish = Wish(slot=at(9 + dice.randrange(40) / 4, 30), room_id=dice.choice(rooms).id)
        made = await office.bookings.book(wish, by=by)
        if dice.random() < 0.5:
            slot = at(9 + dice.randrange(40) / 4, 30, days=dice.randrange(2))
            await office.bookings.change(made.id, Change(slot=slot), version=1, by=by)
        elif dice.random() < 0.5:
            await office.bookings.cancel(made.id, by=by)

    for _ in range(8):
        total += await at_once([step] * CONNECTIONS)

    await sound(office, "crossed quotas, with moves and cancellations", total)
    assert total["yes"] > 0
    assert set(total) <= {"yes", "QuotaReached", "AnotherRoomThen", "SlotTaken"}
    held = await office.rows(
        "SELECT booked_by, count(*) AS many FROM bookings WHERE status = 'confirmed' GROUP BY booked_by"
    )
    assert all(row["many"] <= 12 for row in held)
    at_a_time = await office.count(
        "SELECT count(*) FROM bookings a JOIN bookings b ON a.booked_by = b.booked_by AND a.id < b.id"
        " AND a.start_time < b.end_time AND b.start_time < a.end_time AND a.status = 'confirmed' AND b.status = 'confirmed'"
    )
    assert at_a_time == 0
