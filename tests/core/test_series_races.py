"""Series against each other and against everybody else: many real connections at once, then the invariants and a tally.

Run with `-s` to see the tallies.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from core import checks, errors
from core.db import Database
from core.models import Change, Room, Slot, Wish
from core.regulations import Measure, Period
from core.rooms import Rooms
from core.series_values import Choice, Scope, SeriesChange
from tests.core.furnished import divided, hall
from tests.core.office import PATIENT, Office, opened
from tests.core.ruling import Ruling
from tests.core.series_office import TUESDAY, series_of, weekly
from tests.core.test_races import deadlocks

pytestmark = [pytest.mark.race, pytest.mark.timeout(300)]

WORKERS = 40
EXPECTED = (errors.SeriesClash, errors.SlotTaken, errors.StaleBooking, errors.StaleSeries, errors.NotActive)
MORE = (
    errors.SeriesNotActive,
    errors.Busy,
    errors.NothingToUndo,
    errors.AlreadyFree,
    errors.OfferGone,
    errors.InvalidSeries,
)
CHANGE = Change()
Attempt = Callable[[], Awaitable[Any]]


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with opened(database, **PATIENT) as made:
        await made.warm(WORKERS)
        yield made


def week(number: int) -> date:
    return TUESDAY + timedelta(weeks=number)


def berlin(on: date, hour: float) -> Slot:
    clock = time(int(hour), int(hour % 1 * 60))
    start = datetime.combine(on, clock, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    return Slot(start=start, end=start + timedelta(hours=1))


async def at_once(title: str, attempts: Iterable[Attempt]) -> Counter[str]:
    """Run attempts by workers that start at the same moment; return how often each answer was given."""
    queue = list(reversed(list(attempts)))
    start, answers = asyncio.Barrier(WORKERS), Counter[str]()

    async def worker() -> None:
        await start.wait()
        while queue:
            attempt = queue.pop()
            try:
                await attempt()
            except (*EXPECTED, *MORE) as error:
                answers[error.code] += 1
            else:
                answers["yes"] += 1

    await asyncio.gather(*(worker() for _ in range(WORKERS)))
    print(f"\n{title}: {sum(answers.values())} attempts, {dict(sorted(answers.items()))}")
    return answers


async def holds_together(office: Office) -> None:
    assert await checks.violations(office.db) == []
    # No series in part: what its rule gives is booked, or left out by choice.
    for row in await office.rows("SELECT id FROM series"):
        seen = await series_of(office).view(row["id"], by=office.ana)
        assert {gap.on for gap in seen.gaps} <= seen.series.left_out | _cancelled_alone(
            await office.rows("SELECT series_on FROM bookings WHERE series_id = $1 AND status = 'cancelled'", row["id"])
        )
    await office.db.close()
    assert await deadlocks(office) == 0


def _cancelled_alone(rows: Iterable[Any]) -> set[date]:
    return {row["series_on"] for row in rows}


async def test_of_forty_overlapping_series_in_two_rooms_in_either_order_one_wins_and_nothing_of_the_others_is_left(
    office: Office,
):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    series = series_of(office)

    def attempt(number: int) -> Attempt:
        first, second = (apollo, zeus) if number % 2 else (zeus, apollo)
        wish = weekly(first, 12, more_room_ids=(second.id,), clock=time(10, 15 * (number % 4)))
        return lambda: series.book(wish, by=office.ana)

    answers = await at_once("40 series in two rooms", (attempt(number) for number in range(40)))

    assert answers == {"yes": 1, "SeriesClash": 39}
    assert await office.count("SELECT count(*) FROM bookings") == 12
    assert await office.count("SELECT count(*) FROM room_claims") == 24
    assert await office.count("SELECT count(*) FROM series") == 1
    await holds_together(office)


async def test_two_series_that_meet_on_their_last_dates_never_wait_for_each_other_in_a_circle(office: Office):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    series, taken = series_of(office), 0

    # Where a date is taken in the one room, the other is: so that both hold and want both rooms, in either order.
    for number in range(10):
        clock = time(8 + number)
        for room, other, last in ((apollo, 2, 5), (zeus, 5, 2)):
            await office.book(room, berlin(week(other), clock.hour), by=office.bob)
            taken += 1
            assert last != other
    everywhere = {week(n): Choice.OTHER_ROOM for n in range(8)}

    def attempt(number: int) -> Attempt:
        room = apollo if number % 2 else zeus
        wish = weekly(room, 8, clock=time(8 + number // 4 % 10), minutes=60)
        return lambda: series.book(wish, by=office.ana, choices=everywhere)

    answers = await at_once("series that take the other room where theirs is taken", (attempt(n) for n in range(40)))

    won = await office.count("SELECT count(*) FROM series")
    assert answers["yes"] == won
    assert await office.count("SELECT count(*) FROM bookings") == taken + 8 * won
    await holds_together(office)


async def test_ten_series_at_once_in_three_rooms_against_two_hundred_single_bookings(office: Office):
    rooms = [await office.room(f"Room {number}") for number in range(3)]
    series, dice = series_of(office), random.Random(5)

    def of_series(number: int) -> Attempt:
        wish = weekly(rooms[number % 3], clock=time(9 + number % 5), rule="FREQ=DAILY;COUNT=20")

        async def attempt() -> None:
            choices: dict[date, Choice | Slot] = {}
            # Like somebody who leaves out whatever was lost, and tries again.
            for _ in range(20):
                try:
                    await series.book(wish, by=office.ana, choices=choices)
                    break
                except errors.SeriesClash as clash:
                    choices |= {one.on: Choice.SKIP for one in clash.preview.clashes}

        return attempt

    def single(room: Room) -> Attempt:
        wish = Wish(slot=berlin(TUESDAY + timedelta(days=dice.randrange(20)), 9 + dice.randrange(12) / 2), room_id=room.id)
        return lambda: office.bookings.book(wish, by=office.bob)

    attempts = [*map(of_series, range(10)), *(single(dice.choice(rooms)) for _ in range(200))]
    answers = await at_once("10 series and 200 bookings", attempts)

    alone = await office.count("SELECT count(*) FROM bookings WHERE series_id IS NULL")
    assert answers == {"yes": 10 + alone, "SlotTaken": 200 - alone}
    made = await office.rows(
        "SELECT cardinality(left_out) AS skipped, (SELECT count(*) FROM bookings b WHERE b.series_id = s.id) AS booked"
        " FROM series s"
    )
    print("booked of 20:", sorted(row["booked"] for row in made))
    assert [row["skipped"] + row["booked"] for row in made] == [20] * 10
    await holds_together(office)


async def test_changing_all_cancelling_one_moving_one_and_checking_in_at_once(office: Office):
    rooms = [await office.room("Apollo"), await office.room("Zeus")]
    await Rooms(office.db, office.catalogues).set_policy(check_in=True)
    office.catalogues.forget()
    series = series_of(office)
    made = await series.book(weekly(rooms[0], 8), by=office.ana)
    other = await series.book(weekly(rooms[1], 8, clock=time(11)), by=office.bob)
    office.clock.set(made.bookings[0].start - timedelta(minutes=5))
    dice = random.Random(3)

    def change(number: int) -> Attempt:
        mine = number % 2 == 0
        one = made.series if mine else other.series
        room, hour = rooms[number // 2 % 2], 10 + number % 3
        wanted = SeriesChange(clock=time(hour), room_id=room.id)

        async def attempt() -> None:
            version = (await series.get(one.id)).version
            who = office.ana if mine else office.bob
            await series.change(one.id, wanted, scope=Scope.ALL, on=week(0), version=version, by=who)

        return attempt

    def single(number: int) -> Attempt:
        booking = dice.choice((*made.bookings, *other.bookings))
        room = dice.choice(rooms)

        async def attempt() -> None:
            current = await office.bookings.get(booking.id)
            if number % 3 == 0:
                await office.bookings.cancel(booking.id, by=office.boss, version=current.version)
            elif number % 3 == 1:
                slot = berlin(week(dice.randrange(8)), 9 + dice.randrange(6))
                from_there = replace(CHANGE, slot=slot, room_id=room.id)
                await office.bookings.change(booking.id, from_there, version=current.version, by=office.boss)
            else:
                await series.cancel_range(made.series.id, week(3), week(4), version=None, by=office.boss)

        return attempt

    async def check_in() -> None:
        await office.presence.check_in(made.bookings[0].id, by=office.ana)

    attempts = [change(n) for n in range(40)] + [single(n) for n in range(60)] + [check_in] * 20
    dice.shuffle(attempts)
    answers = await at_once("changing all, cancelling, moving, checking in", attempts)

    assert sum(answers.values()) == 120
    assert answers["yes"] > 20
    await holds_together(office)


async def test_everything_that_can_be_done_to_series_at_once_with_people_waiting_in_line(office: Office):
    rooms = [await office.room(f"Room {number}") for number in range(3)]
    await Rooms(office.db, office.catalogues).set_policy(horizon_days=60)
    office.catalogues.forget()
    series, dice = series_of(office), random.Random(17)
    made = [
        await series.book(weekly(rooms[n % 3], clock=time(9 + n // 3), rule="FREQ=WEEKLY;BYDAY=TU"), by=office.ana)
        for n in range(6)
    ]
    waiting = [await office.actor(f"w{number}") for number in range(10)]
    done: list[UUID] = []

    async def change() -> None:
        one = dice.choice(made).series
        wanted = SeriesChange(clock=time(9 + dice.randrange(4)), room_id=dice.choice(rooms).id)
        skip = {week(n): Choice.SKIP for n in range(3)}
        scope = dice.choice([Scope.ALL, Scope.FOLLOWING, Scope.THIS])
        changed = await series.change(
            one.id, wanted, scope=scope, on=week(dice.randrange(8)), version=None, by=office.ana, choices=skip
        )
        done.append(changed.operation_id)

    async def cancel() -> None:
        one = dice.choice(made).series
        day = week(dice.randrange(8))
        done.append((await series.cancel_range(one.id, day, day, version=None, by=office.ana)).operation_id)

    async def restore() -> None:
        seen = await series.view(dice.choice(made).series.id, by=office.ana)
        if seen.gaps:
            await series.restore(seen.series.id, dice.choice(seen.gaps).on, by=office.ana)

    async def undo() -> None:
        if done:
            await series.undo(dice.choice(done), by=office.ana)

    async def wait() -> None:
        who = dice.choice(waiting)
        wish = Wish(slot=berlin(week(dice.randrange(8)), 9 + dice.randrange(4)), room_id=dice.choice(rooms).id)
        await office.line.join(wish, by=who)

    async def take() -> None:
        who = dice.choice([office.ana, *waiting])
        for place in await office.line.mine(who):
            if place.status == "offered":
                await (office.line.take if dice.random() < 0.7 else office.line.decline)(place.id, by=who)

    async def single() -> None:
        wish = Wish(slot=berlin(week(dice.randrange(8)), 9 + dice.randrange(4)), room_id=dice.choice(rooms).id)
        booked = await office.bookings.book(wish, by=office.bob)
        there = Wish(slot=berlin(week(dice.randrange(8)), 9 + dice.randrange(4)))
        moved = replace(CHANGE, slot=there.slot, room_id=dice.choice(rooms).id)
        await office.bookings.change(booked.id, moved, version=1, by=office.bob)
        await office.bookings.cancel(booked.id, by=office.bob)

    async def advance() -> None:
        await office.line.advance(office.clock.now())
        await series.extend(office.clock.now() + timedelta(days=dice.randrange(14)))

    attempts = [dice.choice([change, change, cancel, restore, undo, wait, take, single, advance]) for _ in range(300)]
    answers = await at_once("everything at once", attempts)

    assert answers["yes"] > 60
    assert answers["Busy"] == 0
    await office.db.close()
    office.db = Database(office.urls.app_url)
    assert await checks.violations(office.db) == []
    await office.db.close()
    assert await deadlocks(office) == 0


async def test_four_replicas_that_extend_at_once_book_each_date_once(office: Office):
    await Rooms(office.db, office.catalogues).set_policy(horizon_days=30)
    office.catalogues.forget()
    series = series_of(office)
    for number in range(12):
        room = await office.room(f"Room {number}")
        await series.book(weekly(room, rule="FREQ=WEEKLY;BYDAY=TU"), by=office.ana)
    before = await office.count("SELECT count(*) FROM bookings")
    office.clock.advance(timedelta(days=28))
    booked = await asyncio.gather(*(series.extend(office.clock.now()) for _ in range(4)))
    booked += [await series.extend(office.clock.now())]

    print(f"\n12 series extended by 4 replicas: {booked}")
    assert sum(booked) == await office.count("SELECT count(*) FROM bookings") - before == 12 * 4
    assert await office.count("SELECT count(DISTINCT (series_id, series_on)) FROM bookings") == before + 48
    assert sum([await series.tell_ending(office.clock.now()) for _ in range(2)]) == 0
    await holds_together(office)


async def test_an_end_is_told_once_by_four_replicas(office: Office):
    series = series_of(office)
    for number in range(8):
        await series.book(weekly(await office.room(f"Room {number}"), 6), by=office.ana)
    office.clock.advance(timedelta(weeks=4))

    told = await asyncio.gather(*(series.tell_ending(office.clock.now()) for _ in range(4)))

    assert sum(told) == 8
    assert await office.count("SELECT count(*) FROM deliveries WHERE kind = 'series_ending'") == 8


async def test_the_same_request_many_times_at_once_is_one_series(office: Office):
    apollo = await office.room("Apollo")
    series, wish = series_of(office), weekly(apollo, 10)

    made = await asyncio.gather(*(series.book(wish, by=office.ana, key="k") for _ in range(20)))

    assert {one.series.id for one in made} == {made[0].series.id}
    assert await office.count("SELECT count(*) FROM bookings") == 10
    await holds_together(office)


async def test_series_bookings_and_a_hall_that_is_divided_anew_never_wait_for_each_other_in_a_circle(office: Office):
    _, *parts = await hall(office)
    spare = [await office.room(f"Room {number}", seats=20) for number in range(3)]
    larger = await office.room("Forum", seats=40)
    await Ruling.of(office).quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=200, by=office.boss)
    series = series_of(office)

    async def divide(number: int) -> None:
        await divided(office, larger, *(spare[:2] if number % 2 else spare[1:]))

    async def again_and_again(number: int) -> None:
        room = parts[number % 2]
        await series.book(weekly(room, 4, clock=time(number % 12 + 8)), by=office.ana, key=str(number))

    async def once(number: int) -> None:
        await office.book(parts[number % 2], berlin(week(number), 21))

    for turn in range(6):
        attempts = [kind(turn * 8 + one) for one in range(8) for kind in (divide, again_and_again, once)]
        for outcome in await asyncio.gather(*attempts, return_exceptions=True):
            assert outcome is None or isinstance(outcome, errors.BookingError), outcome

    assert await checks.violations(office.db) == []
    assert await deadlocks(office) == 0


async def test_splitting_cancelling_single_dates_and_extending_one_series_from_twenty_connections(office: Office):
    await Rooms(office.db, office.catalogues).set_policy(horizon_days=60)
    office.catalogues.forget()
    series, dice = series_of(office), random.Random(23)
    made = await series.book(weekly(await office.room("Apollo"), rule="FREQ=WEEKLY;BYDAY=TU"), by=office.ana)
    parts, told = [made.series.id], Counter[str]()

    async def split(number: int) -> None:
        one = dice.choice(parts)
        change = SeriesChange(clock=time(9 + number % 8))
        done = await series.change(one, change, scope=Scope.FOLLOWING, on=week(number % 8), version=None, by=office.ana)
        if done.split_from:
            parts.append(done.series.id)
        told["split"] += done.split_from is not None

    async def cancel(number: int) -> None:
        await office.bookings.cancel(made.bookings[2 * number].id, by=office.boss)
        told["cancelled"] += 1

    async def extend(number: int) -> None:
        booked = await series.extend(office.clock.now() + timedelta(days=number))
        told["extended"] += booked

    attempts = [lambda n=n: split(n) for n in range(60)] + [lambda n=n: cancel(n) for n in range(4)]
    attempts += [lambda n=n: extend(n) for n in range(0, 60, 3)]
    dice.shuffle(attempts)
    answers = await at_once("splitting, cancelling one date, extending", attempts)

    print("told:", dict(told))
    assert sum(answers.values()) == 84
    assert answers["Busy"] == 0
    # Each part but the first was split off one other, and every date is in one of them.
    assert await office.count("SELECT count(*) FROM series") == 1 + told["split"]
    assert await office.count("SELECT count(*) FROM bookings") == len(made.bookings) + told["extended"]
    assert await office.count("SELECT count(*) FROM bookings WHERE status = 'cancelled'") == told["cancelled"] == 4
    held = "FROM bookings WHERE status = 'confirmed'"
    assert await office.count(f"SELECT count(DISTINCT series_on) {held}") == await office.count(f"SELECT count(*) {held}")
    await office.db.close()
    office.db = Database(office.urls.app_url)
    assert await checks.violations(office.db) == []
    await office.db.close()
    assert await deadlocks(office) == 0


async def test_series_that_move_at_once_never_pass_a_quota(office: Office):
    series = series_of(office)
    made = [await series.book(weekly(await office.room(f"Room {n}"), 4, clock=time(8 + n)), by=office.ana) for n in range(8)]
    # Eight in each of the four weeks; two more fit into each, the fifth too.
    await Ruling.of(office).quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=10, by=office.boss)
    office.catalogues.forget()

    def move(number: int) -> Attempt:
        one, days = made[number % 8].series, 7 if number % 2 else 1

        async def attempt() -> None:
            current = await series.get(one.id)
            change = SeriesChange(day=current.first_on + timedelta(days=days))
            about = {"scope": Scope.ALL, "on": current.first_on, "version": current.version, "by": office.ana}
            await series.change(one.id, change, **about)

        return attempt

    def single(number: int) -> Attempt:
        return lambda: office.bookings.book(
            Wish(slot=berlin(week(number % 6), 19), room_id=made[number % 8].series.room.id), by=office.ana
        )

    answers = await quotas_at_once("series that move, and bookings", [f(n) for n in range(40) for f in (move, single)])

    weeks = await office.rows(
        "SELECT date_trunc('week', start_time) AS week, count(*) AS n FROM bookings WHERE status = 'confirmed' GROUP BY 1"
    )
    print({f"{row['week']:%d %b}": row["n"] for row in weeks})
    assert answers["yes"] > 0
    assert answers["QuotaReached"] + answers["SeriesClash"] > 0
    assert max(row["n"] for row in weeks) <= 10
    assert await checks.violations(office.db) == []
    await office.db.close()
    assert await deadlocks(office) == 0


async def quotas_at_once(title: str, attempts: Iterable[Attempt]) -> Counter[str]:
    """Run attempts at once, refusals by a quota among the answers."""
    reached = Counter[str]()

    def asked(attempt: Attempt) -> Attempt:
        async def work() -> None:
            try:
                await attempt()
            except errors.QuotaReached as error:
                reached[error.code] += 1

        return work

    answers = await at_once(title, (asked(one) for one in attempts))
    answers["yes"] -= reached.total()
    return answers + reached
