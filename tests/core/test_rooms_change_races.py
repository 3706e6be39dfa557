"""Rooms that are divided, closed and lent from while they are booked: nobody waits in a circle, everybody is told the truth.

Run with `-s` to see the tallies.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import time, timedelta
from functools import partial
from typing import Any

import pytest

from core import checks, errors
from core.equipment import Equipments
from core.models import Actor, Booking, Change, Right, Slot, Status, Wish
from core.rerooming import Rerooming
from tests.core.approved import Asking
from tests.core.furnished import divided, lendable
from tests.core.office import PATIENT, Office, at, opened
from tests.core.ruling import Ruling
from tests.core.series_office import series_of, weekly
from tests.core.test_races import deadlocks

pytestmark = [pytest.mark.race, pytest.mark.timeout(300)]

CONNECTIONS = 40


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with opened(database, **PATIENT) as made:
        await made.warm(CONNECTIONS)
        yield made


async def answer(attempt: Awaitable[object]) -> str:
    """Return "yes", or the code of a refusal; anything else is a fault."""
    try:
        await attempt
    except errors.BookingError as error:
        return error.code
    return "yes"


async def at_once(attempts: list[Callable[[], Awaitable[object]]], *, apart: float = 0, seed: int = 0) -> list[str]:
    """Do everything at the same moment, each at most so many seconds late, and return the answers in order."""
    start, dice = asyncio.Barrier(len(attempts)), random.Random(seed)

    async def one(attempt: Callable[[], Awaitable[object]], delay: float) -> str:
        await start.wait()
        await asyncio.sleep(delay)
        return await answer(attempt())

    return list(await asyncio.gather(*(one(attempt, dice.random() * apart) for attempt in attempts)))


async def test_a_hall_older_than_its_parts_is_booked_moved_waited_for_and_closed_while_rooms_are_divided_and_lent(
    office: Office,
):
    # The older a room, the lower its id: whoever divides locks the hall before its parts.
    hall, forum = await office.room("Hall", seats=24), await office.room("Forum", seats=40)
    parts = [await office.room(f"Part {n}", seats=12) for n in range(2)]
    spare = [await office.room(f"Room {n}", seats=20) for n in range(3)]
    hall = await divided(office, hall, *parts)
    assert hall.id < min(part.id for part in parts)
    projector = await lendable(office, quantity=3)
    series, equipments = series_of(office), Equipments(office.db, office.catalogues)
    rerooming = Rerooming(office.db, office.catalogues, office.clock)
    closures = Ruling.of(office).closures
    people = [await office.actor(f"p{n}") for n in range(10)]
    dice, booked, tally = random.Random(3), list[Booking](), Counter[str]()

    def slot() -> Slot:
        return at(9 + dice.randrange(20) / 2, 30 * dice.randrange(1, 3), days=dice.randrange(3))

    async def book() -> None:
        room = dice.choice([hall, hall, *parts, *spare])
        lent = ((projector.id, 1),) if dice.random() < 0.4 else ()
        more = (spare[0].id,) if dice.random() < 0.3 and room is hall else ()
        wish = Wish(slot=slot(), room_id=room.id, equipment=lent, more_room_ids=more)
        booked.append(await office.bookings.book(wish, by=dice.choice(people)))

    async def move() -> None:
        if booked:
            one = await office.bookings.get(dice.choice(booked).id)
            change = Change(slot=slot(), room_id=dice.choice([hall, *parts]).id, more_room_ids=())
            await office.bookings.change(one.id, change, version=one.version, by=office.boss)

    async def cancel() -> None:
        if booked:
            await office.bookings.cancel(dice.choice(booked).id, by=office.boss)

    async def again_and_again() -> None:
        made = await series.book(weekly(hall, 3, clock=time(dice.randrange(8, 18))), by=dice.choice(people))
        booked.extend(made.bookings)

    async def wait() -> None:
        await office.line.join(Wish(slot=slot(), room_id=hall.id), by=dice.choice(people))

    async def divide() -> None:
        await divided(office, forum, *dice.sample(spare, 2))

    async def lend() -> None:
        thing = (await office.catalogues.current()).thing(projector.id)
        await equipments.edit(thing.id, quantity=dice.randrange(3, 6), version=thing.version, by=office.boss)

    async def close() -> None:
        closed = await closures.add(slot(), room_id=dice.choice([parts[0], spare[1]]).id, by=office.boss)
        await rerooming.advance(office.clock.now())
        await closures.lift(closed.closure.id, by=office.boss)
        await rerooming.advance(office.clock.now())

    kinds = {book: 14, move: 8, cancel: 5, again_and_again: 3, wait: 4, divide: 3, lend: 2, close: 1}
    for _ in range(6):
        acts = [kind for kind, often in kinds.items() for _ in range(often)]
        dice.shuffle(acts)
        for act, said in zip(acts, await at_once(list(acts)), strict=True):
            tally[f"{act.__name__} {said}"] += 1

    print(f"\na hall older than its parts, {CONNECTIONS} at once, six rounds: {dict(sorted(tally.items()))}")
    assert tally["book yes"]
    assert tally["divide yes"]
    assert not [name for name in tally if name.endswith(" Busy")]
    assert await checks.violations(office.db) == []
    await office.db.close()
    assert await deadlocks(office) == 0


async def test_whoever_books_a_hall_that_is_divided_at_that_moment_has_it_or_is_told_who_has(office: Office):
    one, other = await office.room("One"), await office.room("Other")
    whole = await office.room("Both", seats=8)
    tally = Counter[str]()

    async def divide(number: int) -> None:
        await divided(office, whole, *((one, other) if number % 2 else ()))

    for number in range(60):
        wanted = at(9 + number % 30, 30, days=number // 30)
        books: list[Callable[[], Awaitable[object]]] = [
            partial(office.book, room, wanted) for room in (whole, whole, one, other)
        ]
        said = await at_once([partial(divide, number), *books])
        tally.update(said[1:])
        for row in await office.rows("SELECT id FROM bookings WHERE status = 'confirmed'"):
            await office.bookings.cancel(row["id"], by=office.boss)

    print(f"\nfour book a hall and its parts as it is divided, sixty rounds: {dict(tally)}")
    assert set(tally) == {"yes", "SlotTaken"}
    assert await checks.violations(office.db) == []


async def _asking(office: Office) -> tuple[Asking, list[Actor]]:
    asking = Asking.of(office)
    approvers = [await office.actor(f"approver{n}") for n in range(10)]
    for who in approvers:
        await asking.grant(Right.APPROVE, who)
    return asking, approvers


async def test_of_those_who_approve_enlarge_cancel_and_let_expire_at_once_one_comes_first(office: Office):
    asking, approvers = await _asking(office)
    board = await office.room("Board", seats=12)
    await asking.needs(board)
    tally, ended = Counter[str](), Counter[str]()
    for round_ in range(20):
        booking = await office.book(board, at(60, days=round_))
        request = await asking.request(booking)
        office.clock.advance(timedelta(hours=24) - timedelta(milliseconds=1))
        late = office.clock.now() + timedelta(milliseconds=1)
        larger = Change(slot=at(60, 90, days=round_))
        attempts: list[tuple[str, Callable[[], Awaitable[object]]]] = [
            *(("approve", partial(asking.approvals.approve, request, by=who)) for who in approvers),
            *[("enlarge", partial(office.bookings.change, booking.id, larger, version=1, by=office.ana))] * 10,
            *[("cancel", partial(office.bookings.cancel, booking.id, version=1, by=office.ana))] * 10,
            *[("expire", partial(asking.time.advance, late))] * 10,
        ]
        random.Random(round_).shuffle(attempts)

        said = await at_once([attempt for _, attempt in attempts], apart=0.05, seed=round_)

        counted = Counter(kind for (kind, _), one in zip(attempts, said, strict=True) if one == "yes")
        decisions = await asking.decisions(booking)
        after = await office.bookings.get(booking.id)
        # The jobs never fail; of what people do, one thing at most is a yes, and the request has the end that it got.
        assert counted.pop("expire") == 10
        first = decisions[0]
        match after.status:
            case Status.CONFIRMED:
                assert (counted, decisions) == ({"approve": 1}, ["approved"])
            case Status.CANCELLED:
                assert counted["cancel"] == 1
                assert first in {"withdrawn", "approved"}
                assert counted["approve"] == (first == "approved")
            case Status.PENDING:
                # Enlarged before anybody approved, or after: then the request is another one.
                assert counted["enlarge"] == 1
                assert decisions[1:] == [None]
                assert first in {"withdrawn", "approved"}
            case _:
                assert (after.status, dict(counted), decisions) == (Status.EXPIRED, {}, ["expired"])
        tally.update({f"{kind} yes": many for kind, many in counted.items()})
        ended[f"{after.status.value} {decisions}"] += 1
        if after.holds_room:
            await office.bookings.cancel(booking.id, by=office.boss)

    print(f"\n10 approve, 10 enlarge, 10 cancel, 10 jobs let expire, 20 rounds: {dict(tally)}, {dict(ended)}")
    assert ended.total() == 20
    assert await checks.violations(office.db) == []
    await office.db.close()
    assert await deadlocks(office) == 0


async def test_a_booking_that_waits_while_its_room_closes_and_others_decide_has_one_end(office: Office):
    asking, approvers = await _asking(office)
    board, other = await office.room("Board", seats=12), await office.room("Other", seats=12)
    await asking.needs(board)
    closures = Ruling.of(office).closures
    rerooming = Rerooming(office.db, office.catalogues, office.clock)
    tally = Counter[str]()
    for round_ in range(15):
        slot = at(60, days=round_)
        booking = await office.book(board, slot)
        request = await asking.request(booking)
        attempts: list[Callable[[], Awaitable[object]]] = [
            *(partial(asking.approvals.approve, request, by=who) for who in approvers[:6]),
            *(partial(asking.approvals.decline, request, by=who, reason="no") for who in approvers[6:]),
            partial(closures.add, slot, room_id=board.id, by=office.boss),
            *[partial(rerooming.advance, office.clock.now())] * 3,
        ]
        random.Random(round_).shuffle(attempts)
        await at_once(attempts, apart=0.02, seed=round_)
        await rerooming.advance(office.clock.now())
        after = await office.bookings.get(booking.id)
        mine = await rerooming.open_of(office.ana.person_id)
        if after.status is Status.DECLINED:
            assert mine == ()
        else:
            # Approved, and closed: where it can go is proposed, once.
            assert after.status is Status.CONFIRMED
            (proposal,) = mine
            moved = await rerooming.accept(proposal.id, by=office.ana)
            assert (moved.after.room, moved.after.status) == (other, Status.CONFIRMED)
        tally[after.status.value] += 1

    print(f"\n6 approve, 4 decline, the room closes, 15 rounds: {dict(tally)}")
    assert await checks.violations(office.db) == []


async def test_a_booking_that_waits_in_a_room_that_closes_is_told_where_it_can_go_at_once(office: Office):
    asking, _ = await _asking(office)
    board, other = await office.room("Board", seats=12), await office.room("Other", seats=12)
    await asking.needs(board)
    booking = await office.book(board, at(60))
    await Ruling.of(office).closures.add(at(60), room_id=board.id, by=office.boss)
    rerooming = Rerooming(office.db, office.catalogues, office.clock)
    await rerooming.advance(office.clock.now())

    (proposal,) = await rerooming.open_of(office.ana.person_id)
    moved = await rerooming.accept(proposal.id, by=office.ana)

    # The other room needs nobody's word: what was asked is asked no more.
    assert (moved.after.id, moved.after.room, moved.after.status) == (booking.id, other, Status.CONFIRMED)
    assert await asking.decisions(booking) == ["withdrawn"]
    assert await checks.violations(office.db) == []


async def test_a_booking_that_stands_is_not_put_where_it_would_have_to_be_asked_for(office: Office):
    asking, _ = await _asking(office)
    small, board, large = [await office.room(name, seats=seats) for name, seats in (("S", 4), ("Board", 4), ("L", 30))]
    await asking.needs(board)
    booking = await office.book(small, at(60))
    await Ruling.of(office).closures.add(at(60), room_id=small.id, by=office.boss)
    rerooming = Rerooming(office.db, office.catalogues, office.clock)
    await rerooming.advance(office.clock.now())

    (proposal,) = await rerooming.open_of(office.ana.person_id)
    moved = await rerooming.accept(proposal.id, by=office.ana)

    assert (moved.after.id, moved.after.room, moved.after.status) == (booking.id, large, Status.CONFIRMED)
