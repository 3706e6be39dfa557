"""Coming at the moment of the release, staying while others book: many real connections, then the invariant and a tally.

Run with `-s` to see the tallies.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from core import errors
from core.models import Actor, Booking, Response, Slot, Status, Wish
from tests.core.office import PATIENT, Office, at, opened
from tests.core.test_races import WORKERS, Outcome, agrees, asked, at_once, tally
from tests.core.warned import ask_for_check_in, warn

pytestmark = [pytest.mark.race, pytest.mark.timeout(300)]

MINUTE = timedelta(minutes=1)
Attempt = Callable[[], Awaitable[Outcome]]


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with opened(database, **PATIENT) as made:
        await made.warm(WORKERS)
        yield made


async def overdue(office: Office, rooms: int, *, invitees: tuple[Actor, ...] = ()) -> list[Booking]:
    """Book a room each for a meeting to which nobody has come, everybody warned, at the moment when it is due."""
    await ask_for_check_in(office)
    invited = tuple(one.person_id for one in invitees)
    booked = []
    for number in range(rooms):
        room = await office.room(f"Room {number}", seats=40)
        one = await office.book(room, at(10), attendees_count=1 + len(invited), invitees=invited)
        await warn(office, one, at=one.start + 7 * MINUTE)
        booked.append(one)
    office.clock.set(at(10).start + 10 * MINUTE)
    return booked


async def released(office: Office) -> Outcome:
    """Run the job; it tells how many it released, not which."""
    return f"released {await office.presence.release_due(office.clock.now())}", ()


async def noted(office: Office, booked: list[Booking], outcomes: list[Outcome]) -> list[Outcome]:
    """Add what nobody was told: how the bookings were made, and what the job did to them."""
    made: list[Outcome] = [("booked", (one,)) for one in booked]
    for one in booked:
        stored = await office.bookings.get(one.id)
        if stored.status is Status.RELEASED:
            made.append(("released", (stored,)))
    return [*outcomes, *made]


async def test_who_checks_in_as_the_room_is_released_has_it_or_is_told_and_nobody_is_thrown_out_after_a_yes(
    office: Office,
) -> None:
    booked = await overdue(office, 120, invitees=(office.bob,))

    def coming(one: Booking, by: Actor) -> Attempt:
        return lambda: asked(office.presence.check_in(one.id, by=by), errors.NotActive)

    # The jobs begin with the first meeting, those who come with the last: they meet on the way.
    attempts: list[Attempt] = [lambda: released(office)] * 4
    for one in reversed(booked):
        attempts += [coming(one, office.ana), coming(one, office.bob)]
    outcomes = await at_once(attempts)

    counted = tally("check-in against release", outcomes)
    by_job = sum(int(name.split()[1]) * times for name, times in counted.items() if name.startswith("released"))
    kept = await agrees(office, await noted(office, booked, outcomes))
    assert by_job + len(kept) == len(booked)
    assert by_job
    assert kept
    assert all(one.status is Status.CHECKED_IN for one in kept)
    # Both who came to a room that was kept were told so, both who came too late were told that too.
    assert (counted["yes"], counted["BookingNotActive"]) == (2 * len(kept), 2 * by_job)


async def test_forty_jobs_at_once_release_each_room_once(office: Office) -> None:
    booked = await overdue(office, 30)
    outcomes = await at_once([lambda: released(office)] * WORKERS)
    counted = tally("forty release jobs", outcomes)
    assert sum(int(name.split()[1]) * times for name, times in counted.items()) == 30
    assert await agrees(office, await noted(office, booked, outcomes)) == []
    assert await office.count("SELECT count(*) FROM events WHERE kind = 'released'") == 30


async def test_of_forty_who_extend_the_same_booking_as_they_saw_it_one_does(office: Office) -> None:
    booked = await office.book(await office.room("Apollo"), at(10))
    office.clock.set(booked.end - 15 * MINUTE)

    def longer(minutes: int) -> Attempt:
        until = booked.end + minutes * MINUTE
        return lambda: asked(office.presence.extend(booked.id, until=until, version=1, by=office.ana), errors.StaleBooking)

    outcomes = await at_once([longer(15 * (1 + number % 4)) for number in range(WORKERS)])

    assert tally("forty extensions", outcomes) == {"yes": 1, "StaleBooking": WORKERS - 1}
    assert len(await agrees(office, await noted(office, [booked], outcomes))) == 1


async def test_of_extending_and_booking_the_following_time_one_wins_in_each_room(office: Office) -> None:
    booked = [await office.book(await office.room(f"Room {number}", setup=5), at(10)) for number in range(20)]
    office.clock.set(booked[0].end - 15 * MINUTE)

    def longer(one: Booking) -> Attempt:
        until = one.end + 30 * MINUTE
        return lambda: asked(
            office.presence.extend(one.id, until=until, version=1, by=office.ana), errors.SlotTaken, errors.StaleBooking
        )

    def behind(one: Booking) -> Attempt:
        wish = Wish(slot=Slot(start=one.end + 5 * MINUTE, end=one.end + 45 * MINUTE), room_id=one.room.id)
        return lambda: asked(office.bookings.book(wish, by=office.bob), errors.SlotTaken)

    pairs = [(longer(one), behind(one)) if number % 2 else (behind(one), longer(one)) for number, one in enumerate(booked)]
    outcomes = await at_once([attempt for pair in pairs for attempt in pair] + [longer(one) for one in booked])

    counted = tally("extending against booking behind", outcomes)
    holding = await agrees(office, await noted(office, booked, outcomes))
    assert counted["yes"] == len(booked)
    grown = [one for one in holding if one.slot.length > timedelta(hours=1)]
    assert len(holding) - len(booked) + len(grown) == len(booked)


async def test_of_ending_early_and_extending_one_wins_and_the_freed_time_is_booked_once(office: Office) -> None:
    booked = [await office.book(await office.room(f"Room {number}"), at(10)) for number in range(20)]
    office.clock.set(booked[0].start + 30 * MINUTE)
    refused = (errors.StaleBooking, errors.NotActive)

    def longer(one: Booking) -> Attempt:
        until = one.end + 30 * MINUTE
        return lambda: asked(office.presence.extend(one.id, until=until, version=1, by=office.ana), *refused)

    def end(one: Booking) -> Attempt:
        return lambda: asked(office.presence.end_early(one.id, version=1, by=office.ana), *refused)

    def freed(one: Booking) -> Attempt:
        wish = Wish(slot=Slot(start=one.start + 30 * MINUTE, end=one.end), room_id=one.room.id)
        return lambda: asked(office.bookings.book(wish, by=office.bob), errors.SlotTaken)

    pairs = [(longer(one), end(one)) if number % 2 else (end(one), longer(one)) for number, one in enumerate(booked)]
    changes = [attempt for pair in pairs for attempt in pair]
    outcomes = await at_once([*changes, *(freed(one) for one in booked for _ in range(3))])

    tally("ending early against extending", outcomes)
    holding = await agrees(office, await noted(office, booked, outcomes))
    changed = [bookings[0] for name, bookings in outcomes if name == "yes" and bookings[0].version == 2]
    assert len(changed) == len(booked)
    ended = {one.room.id for one in changed if one.status is Status.ENDED}
    taken = [one.room.id for one in holding if one.version == 1]
    assert taken
    assert len(taken) == len(set(taken))
    assert set(taken) <= ended


async def test_twenty_who_answer_at_once_are_all_counted(office: Office) -> None:
    people = tuple([await office.actor(f"p{number}") for number in range(20)])
    invited = tuple(one.person_id for one in people)
    room = await office.room("Hall", seats=40)
    booked = await office.book(room, at(10), attendees_count=21, invitees=invited)

    def answer(by: Actor, *, going: bool) -> Attempt:
        return lambda: asked(office.presence.respond(booked.id, by=by, going=going))

    # Each says it twice, as an impatient thumb does.
    outcomes = await at_once([answer(one, going=number % 2 == 0) for number, one in enumerate(people) for _ in range(2)])

    assert tally("twenty answers, twice", outcomes) == {"yes": 40}
    (stored,) = await agrees(office, await noted(office, [booked], outcomes))
    assert (stored.attendees_count, stored.version) == (11, 21)
    assert [one.response for one in stored.attendees].count(Response.DECLINED) == 10


async def test_answers_that_come_as_the_booker_changes_the_meeting_stop_nobody(office: Office) -> None:
    people = tuple([await office.actor(f"p{number}") for number in range(20)])
    booked = await office.book(
        await office.room("Hall", seats=40), at(10), attendees_count=21, invitees=tuple(one.person_id for one in people)
    )
    office.clock.set(booked.end - 15 * MINUTE)

    def answer(by: Actor) -> Attempt:
        return lambda: asked(office.presence.respond(booked.id, by=by, going=False))

    until = booked.end + 30 * MINUTE
    attempts: list[Attempt] = [answer(one) for one in people]
    attempts.insert(10, lambda: asked(office.presence.extend(booked.id, until=until, version=1, by=office.ana)))
    outcomes = await at_once(attempts)

    assert tally("answers against an extension", outcomes) == {"yes": 21}
    (stored,) = await agrees(office, await noted(office, [booked], outcomes))
    assert (stored.end, stored.attendees_count, stored.version) == (until, 1, 22)


async def test_of_forty_who_take_a_released_room_back_or_book_the_rest_of_it_one_has_it(office: Office) -> None:
    (booked,) = await overdue(office, 1, invitees=(office.bob,))
    assert await office.presence.release_due(office.clock.now()) == 1
    left = await office.bookings.get(booked.id)
    rest = Wish(slot=Slot(start=booked.start + 10 * MINUTE, end=booked.end), room_id=booked.room.id)

    def attempt(number: int) -> Attempt:
        if number % 2:
            return lambda: asked(office.bookings.book(rest, by=office.boss), errors.SlotTaken)
        return lambda: asked(office.presence.take_back(booked.id, by=office.bob), errors.SlotTaken)

    outcomes = await at_once([attempt(number) for number in range(WORKERS)])

    counted = tally("taking back against booking the rest", outcomes)
    (winner,) = await agrees(office, [*outcomes, ("booked", (booked,)), ("released", (left,))])
    # Who takes back what is taken back already has it.
    assert counted["yes"] == (1 if winner.id != booked.id else WORKERS // 2)
