"""Many at the waiting list at the same instant, on real connections: then the invariants and an exact tally.

Run with `-s` to see the tallies.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from core import checks, errors
from core.models import Actor, Change, Room, Slot, Wish
from core.notices import Waiting
from tests.core.office import MONDAY, PATIENT, Office, at, opened
from tests.core.test_races import deadlocks

pytestmark = [pytest.mark.race, pytest.mark.timeout(300)]

CONNECTIONS = 40
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with opened(database, **PATIENT) as made:
        await made.warm(CONNECTIONS)
        yield made
        assert await checks.violations(made.db) == []
        await made.db.close()
        assert await deadlocks(made) == 0


async def crowd(office: Office, count: int, name: str = "p") -> list[Actor]:
    return [await office.actor(f"{name}{number}") for number in range(count)]


async def line_up(office: Office, people: list[Actor], room: Room | None, slot: Slot) -> list[Waiting]:
    wish = Wish(slot=slot, room_id=room.id if room else None)
    return [await office.line.join(wish, by=person) for person in people]


async def outcome(attempt: Awaitable[object]) -> str:
    """Return "yes", or the name of the refusal."""
    try:
        await attempt
    except (errors.SlotTaken, errors.NotActive, errors.StaleBooking, errors.OfferGone, errors.AlreadyFree) as error:
        return error.code
    except (errors.NothingToUndo, errors.NothingFits) as error:
        return error.code
    return "yes"


async def together(attempts: list[Callable[[], Awaitable[object]]], *, apart: float = 0) -> Counter[str]:
    """Run everything at once, each at most so many seconds late, and count the answers."""
    dice = random.Random(str(apart))
    start = asyncio.Barrier(len(attempts))

    async def one(attempt: Callable[[], Awaitable[object]], delay: float) -> str:
        await start.wait()
        await asyncio.sleep(delay)
        return await outcome(attempt())

    return Counter(await asyncio.gather(*(one(attempt, dice.random() * apart) for attempt in attempts)))


async def stands(office: Office) -> Counter[str]:
    rows = await office.rows("SELECT status, count(*) AS n FROM waiting GROUP BY 1")
    return Counter({row["status"]: row["n"] for row in rows})


async def first_offered(office: Office, since: datetime = MONDAY) -> list[str]:
    """Return to whom the room was offered, in the order in which it was."""
    rows = await office.rows(
        "SELECT p.name FROM deliveries d JOIN people p ON p.id = d.person_id WHERE d.kind = 'offer' AND d.due_at >= $1"
        " ORDER BY d.due_at, d.id",
        since,
    )
    return [row["name"] for row in rows]


async def test_one_cancels_fifty_wait_and_fifty_strangers_book_at_the_same_instant(office: Office):
    apollo = await office.room("Apollo")
    counted: Counter[str] = Counter()
    for round_ in range(4):
        slot = at(12 + round_)
        booking = await office.book(apollo, slot)
        await line_up(office, await crowd(office, 50, f"r{round_}-"), apollo, slot)
        strangers = await crowd(office, 50, "s")
        wish = Wish(slot=slot, room_id=apollo.id)
        attempts: list[Callable[[], Awaitable[object]]] = [
            lambda person=person, wish=wish: office.bookings.book(wish, by=person) for person in strangers
        ]
        cancel = partial(office.bookings.cancel, booking.id, by=office.ana)
        attempts.insert(random.Random(round_).randrange(50), cancel)

        counted += await together(attempts)

        # Who waits is never passed by: there is no moment at which a stranger finds the room free.
        assert await stands(office) == {"offered": round_ + 1, "waiting": 49 * (round_ + 1)}
    print(f"\none cancels, 50 wait, 50 book, 4 rounds: {dict(counted)}")
    assert counted == {"yes": 4, "SlotTaken": 200}
    assert await first_offered(office) == [f"r{n}-0" for n in range(4)]
    rows = await office.rows("SELECT kind, count(*) AS n FROM room_claims GROUP BY 1")
    assert {row["kind"]: row["n"] for row in rows} == {"offer": 4}


async def test_taking_against_its_end_against_a_stranger_leaves_one_of_them_with_the_room(office: Office):
    apollo = await office.room("Apollo")
    tally: Counter[str] = Counter()
    for number in range(24):
        slot = at(12 + number / 2, 30)
        booking = await office.book(apollo, slot)
        (first, second) = await line_up(office, [office.bob, office.boss], apollo, slot)
        await office.bookings.cancel(booking.id, by=office.ana)
        office.clock.advance(10 * MINUTE)
        now = office.clock.now()
        attempts: list[Callable[[], Awaitable[object]]] = [
            lambda first=first: office.line.take(first.id, by=office.bob),
            lambda first=first: office.line.take(first.id, by=office.bob),
            lambda now=now: office.line.advance(now),
            lambda now=now: office.line.advance(now),
            lambda slot=slot: office.bookings.book(Wish(slot=slot, room_id=apollo.id), by=office.ana),
        ]
        random.Random(number).shuffle(attempts)

        await together(attempts, apart=0.02)

        states = [(await office.line.get(place.id)).status for place in (first, second)]
        (claim,) = await office.rows(
            "SELECT kind FROM room_claims WHERE start_time = $1 AND (expires_at IS NULL OR expires_at > $2)", slot.start, now
        )
        # Bob has it, or the next in line is offered it, or the stranger was quicker than both.
        who = {"taken": "taken", "missed": "next" if claim["kind"] == "offer" else "stranger"}[states[0]]
        assert states[1] == ("offered" if who == "next" else "waiting")
        assert claim["kind"] == ("offer" if who == "next" else "booking")
        tally[who] += 1
        await office.line.leave(second.id, by=office.boss)
    print(f"\ntake against expiry against a stranger: {dict(tally)}")
    assert tally.total() == 24


async def test_several_replicas_advance_at_once_and_each_is_offered_once_in_order(office: Office):
    rooms = [await office.room(name) for name in ("Apollo", "Zeus", "Hera")]
    people = await crowd(office, 12)
    booked = [await office.book(room, at(20)) for room in rooms]
    places = [await office.line.join(Wish(slot=at(20)), by=person) for person in people]
    for booking in booked:
        await office.bookings.cancel(booking.id, by=office.ana)

    for round_ in range(1, 5):
        now = MONDAY + round_ * 10 * MINUTE
        await office.all_told()
        await together([lambda now=now: office.line.advance(now) for _ in range(8)])
        while await office.line.advance(now):
            pass  # what two replicas left to each other
        served = range(3 * round_, min(3 * round_ + 3, 12))
        assert sorted(await first_offered(office, now)) == sorted(f"p{n}" for n in served)

    assert await stands(office) == {"missed": 12}
    rows = await office.rows("SELECT kind, count(*) AS n, count(DISTINCT waiting_id) AS places FROM deliveries GROUP BY 1")
    assert {row["kind"]: (row["n"], row["places"]) for row in rows} == {"offer": (12, 12), "offer_missed": (12, 12)}
    assert len(places) == 12
    assert await office.count("SELECT count(*) FROM room_claims") == 0


async def test_taken_by_twenty_taps_at_once_it_is_booked_once(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(12))
    (place,) = await line_up(office, [office.bob], apollo, at(12))
    await office.bookings.cancel(booking.id, by=office.ana)
    taps = [lambda: office.line.take(place.id, by=office.bob)] * 10
    taps += [lambda: office.line.take(place.id, by=office.bob, key="tap")] * 10

    assert await together(list(taps)) == {"yes": 20}
    assert await office.count("SELECT count(*) FROM bookings WHERE status = 'confirmed'") == 1


async def test_undo_of_a_cancel_against_the_offer_that_it_made(office: Office):
    apollo = await office.room("Apollo")
    tally: Counter[str] = Counter()
    for number in range(16):
        slot = at(12 + number / 2, 30)
        booking = await office.book(apollo, slot)
        (place,) = await line_up(office, [office.bob], apollo, slot)
        await office.bookings.cancel(booking.id, by=office.ana)
        attempts: list[Callable[[], Awaitable[object]]] = [
            lambda booking=booking: office.bookings.undo(booking.id, version=2, by=office.ana),
            lambda place=place: office.line.decline(place.id, by=office.bob),
        ]
        random.Random(number).shuffle(attempts)

        tally += await together(attempts)

        restored = (await office.bookings.get(booking.id)).holds_room
        assert await office.count("SELECT count(*) FROM room_claims WHERE start_time = $1", slot.start) == int(restored)
    print(f"\nundo against an offer: {dict(tally)}")


async def test_joining_at_the_instant_of_the_cancel_is_never_lost(office: Office):
    apollo = await office.room("Apollo")
    tally: Counter[str] = Counter()
    for number in range(40):
        slot = at(12 + number / 2, 30)
        booking = await office.book(apollo, slot)
        attempts: list[Callable[[], Awaitable[object]]] = [
            lambda slot=slot: office.line.join(Wish(slot=slot, room_id=apollo.id), by=office.bob),
            lambda booking=booking: office.bookings.cancel(booking.id, by=office.ana),
        ]
        random.Random(number).shuffle(attempts)

        tally += await together(attempts)

        # Either the newcomer was told that it is free, or stood in line in time and has the offer: no job has run.
        rows = await office.rows("SELECT status FROM waiting WHERE start_time = $1", slot.start)
        assert [row["status"] for row in rows] in ([], ["offered"])
    print(f"\njoin against cancel: {dict(tally)}")
    assert tally["yes"] + tally["AlreadyFree"] == 80


async def test_neighbours_that_are_freed_at_once_serve_who_needs_both(office: Office):
    apollo = await office.room("Apollo", setup=5)
    served = 0
    for day in range(1, 13):
        pair = [await office.book(apollo, at(9, 55, days=day)), await office.book(apollo, at(10, 55, days=day))]
        (place,) = await line_up(office, [office.bob], apollo, at(9, 115, days=day))
        await together([lambda one=one: office.bookings.cancel(one.id, by=office.ana) for one in pair])
        served += (await office.line.get(place.id)).status == "offered"
    assert served == 12


async def test_everything_at_once_leaves_every_claim_and_every_place_accounted_for(office: Office):
    rooms = [await office.room("Apollo"), await office.room("Zeus", setup=10), await office.room("Hera", has=["tv"])]
    people = await crowd(office, 12)
    dice = random.Random(5)
    bookings = [await office.book(rooms[n % 3], at(9 + n // 3, 45), by=office.boss) for n in range(30)]
    known = {booking.id: booking for booking in bookings}
    places: list[tuple[Waiting, Actor]] = []
    tally: Counter[str] = Counter()

    async def one(kind: str) -> object:
        slot, person = at(9 + dice.randrange(0, 40) / 4, dice.choice([15, 30, 45])), dice.choice(people)
        booking = dice.choice(list(known.values()))
        place, owner = dice.choice(places) if places else (None, person)
        match kind:
            case "join":
                room = dice.choice([None, *rooms])
                wish = Wish(slot=dice.choice(bookings).slot, room_id=room.id if room else None)
                places.append((await office.line.join(wish, by=person), person))
            case "book":
                made = await office.bookings.book(Wish(slot=slot, room_id=dice.choice(rooms).id), by=office.boss)
                known[made.id] = made
            case "cancel":
                await office.bookings.cancel(booking.id, by=office.boss)
            case "move":
                change = Change(slot=slot, room_id=dice.choice(rooms).id)
                done = await office.bookings.change(booking.id, change, version=booking.version, by=office.boss)
                known[booking.id] = done.after
            case "swap":
                other = dice.choice(list(known.values()))
                if other.id != booking.id:
                    pair, versions = (booking.id, other.id), (booking.version, other.version)
                    for changed in await office.bookings.swap(*pair, versions=versions, by=office.boss):
                        known[changed.after.id] = changed.after
            case "advance":
                office.clock.advance(timedelta(seconds=20))
                await office.line.advance(office.clock.now())
            case _ if place is not None:
                await getattr(office.line, kind)(place.id, by=owner)
        return None

    kinds = (
        ["join"] * 6 + ["book"] * 3 + ["cancel"] * 3 + ["move"] * 3 + ["swap", "take", "take", "decline", "leave", "advance"]
    )
    plan = [dice.choice(kinds) for _ in range(800)]

    async def worker() -> None:
        while plan:
            kind = plan.pop()
            tally[f"{kind}: {await outcome(one(kind))}"] += 1

    await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))

    print(f"\neverything at once: {dict(sorted(tally.items()))}; {dict(await stands(office))}")
    assert all(tally[f"{kind}: yes"] for kind in set(kinds))
