"""Many decide, cancel, change and let expire at the same instant, on real connections: then the invariants and a tally.

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
from core.models import Actor, Booking, Change, Right, Room, Slot, Status, Wish
from tests.core.approved import Asking
from tests.core.office import PATIENT, Office, at, opened
from tests.core.series_office import series_of, weekly
from tests.core.test_races import deadlocks

pytestmark = [pytest.mark.race, pytest.mark.timeout(300)]

CONNECTIONS = 40
Attempt = Callable[[], Awaitable[object]]


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with opened(database, **PATIENT) as made:
        await made.warm(CONNECTIONS)
        yield made
        assert await checks.violations(made.db) == []
        await made.db.close()
        assert await deadlocks(made) == 0


@pytest.fixture
def asking(office: Office) -> Asking:
    """The office's requests."""
    return Asking.of(office)


@pytest.fixture
async def approvers(office: Office) -> list[Actor]:
    """Twenty people who will approve."""
    return [await office.actor(f"a{number}") for number in range(20)]


@pytest.fixture
async def boardroom(office: Office, asking: Asking, approvers: list[Actor]) -> Room:
    """A room with twenty approvers."""
    room = await office.room("Boardroom", seats=20)
    await asking.needs(room)
    await asking.grant(Right.APPROVE, await asking.group("Facilities", *approvers), room=room)
    return room


async def outcome(attempt: Awaitable[object]) -> str:
    """Return "yes", or the name of the refusal."""
    try:
        await attempt
    except (errors.NotWaiting, errors.NotActive, errors.StaleBooking, errors.SlotTaken) as error:
        return error.code
    return "yes"


async def together(attempts: list[Attempt], *, apart: float = 0, seed: int = 0) -> list[str]:
    """Run everything at once, each at most so many seconds late, and return the answers in order."""
    dice = random.Random(seed)
    start = asyncio.Barrier(len(attempts))

    async def one(attempt: Attempt, delay: float) -> str:
        await start.wait()
        await asyncio.sleep(delay)
        return await outcome(attempt())

    return list(await asyncio.gather(*(one(attempt, dice.random() * apart) for attempt in attempts)))


async def deciding(asking: Asking, booking: Booking, person: Actor, *, says: str) -> Attempt:
    request = await asking.request(booking)
    if says == "approve":
        return partial(asking.approvals.approve, request, by=person)
    return partial(asking.approvals.decline, request, by=person, reason=f"{person.name} said so")


async def told(office: Office, kind: str = "decided") -> int:
    return await office.count("SELECT count(*) FROM deliveries WHERE kind = $1", kind)


async def test_of_twenty_who_decide_at_once_one_does(
    office: Office, asking: Asking, approvers: list[Actor], boardroom: Room
):
    counted: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    for round_ in range(20):
        dice = random.Random(round_)
        booking = await office.book(boardroom, at(60 + round_))
        says = [dice.choice(["approve", "decline"]) for _ in approvers]
        attempts = [await deciding(asking, booking, who, says=what) for who, what in zip(approvers, says, strict=True)]

        answers = await together(attempts)

        counted.update(answers)
        winner = answers.index("yes")
        request = await asking.approvals.of_booking(booking.id)
        assert request is not None
        assert request.decided_by == approvers[winner].person_id
        assert request.decision == {"approve": "approved", "decline": "declined"}[says[winner]]
        assert (await office.bookings.get(booking.id)).version == 2
        assert await told(office) == round_ + 1
        ended[request.decision] += 1
    print(f"\n20 approvers decide at once, 20 rounds: {dict(counted)}, {dict(ended)}")
    assert counted == {"yes": 20, "NotWaiting": 380}
    assert set(ended) == {"approved", "declined"}


async def test_an_approval_against_the_bookers_cancelling(
    office: Office, asking: Asking, approvers: list[Actor], boardroom: Room
):
    tally: Counter[str] = Counter()
    for round_ in range(40):
        booking = await office.book(boardroom, at(60 + round_))
        attempts = [await deciding(asking, booking, approvers[n], says="approve") for n in range(3)]
        attempts.append(partial(office.bookings.cancel, booking.id, version=1, by=office.ana))

        *decided, cancelled = await together(attempts, apart=0.01, seed=round_)

        after = await office.bookings.get(booking.id)
        assert decided.count("yes") + (cancelled == "yes") == 1
        assert after.status is (Status.CANCELLED if cancelled == "yes" else Status.CONFIRMED)
        assert await asking.decisions(booking) == ["withdrawn" if cancelled == "yes" else "approved"]
        tally[after.status.value] += 1
    print(f"\n3 approve against 1 who cancels, 40 rounds: {dict(tally)}")
    assert tally.total() == 40


async def test_an_approval_against_expiry_and_a_rival(
    office: Office, asking: Asking, approvers: list[Actor], boardroom: Room
):
    tally: Counter[str] = Counter()
    for round_ in range(40):
        slot = at(60, days=round_)
        booking = await office.book(boardroom, slot)
        office.clock.advance(timedelta(hours=24) - timedelta(milliseconds=1))
        late = office.clock.now() + timedelta(milliseconds=1)
        attempts = [await deciding(asking, booking, approvers[n], says="approve") for n in range(2)]
        # Two replicas whose clocks are a moment ahead of the approvers'.
        attempts += [partial(asking.time.advance, late)] * 2
        dice = random.Random(round_)
        dice.shuffle(attempts)
        await together(attempts, apart=0.01, seed=round_)

        (decision,) = await asking.decisions(booking)
        after = await office.bookings.get(booking.id)
        assert after.status is {"approved": Status.CONFIRMED, "expired": Status.EXPIRED}[str(decision)]
        office.clock.set(late)
        rival = await outcome(office.book(boardroom, slot, by=office.boss))
        assert rival == ("SlotTaken" if decision == "approved" else "yes")
        assert await told(office) == round_ + 1
        tally[str(decision)] += 1
    print(f"\napprove against expiry on two replicas, 40 rounds: {dict(tally)}")
    assert tally.total() == 40


async def test_a_rival_against_the_job_against_another_rival_when_time_is_over(
    office: Office, asking: Asking, boardroom: Room
):
    tally: Counter[str] = Counter()
    for round_ in range(25):
        slot = at(60, days=round_)
        booking = await office.book(boardroom, slot)
        office.clock.advance(timedelta(hours=24))
        now = office.clock.now()
        wish = Wish(slot=slot, room_id=boardroom.id)
        attempts: list[Attempt] = [partial(office.bookings.book, wish, by=office.boss) for _ in range(4)]
        attempts += [partial(asking.time.advance, now)] * 3

        answers = await together(attempts, apart=0.005, seed=round_)

        tally.update(answers[:4])
        assert answers[:4].count("yes") == 1
        assert await asking.decisions(booking) == ["expired"]
        assert await told(office) == round_ + 1
    print(f"\n4 rivals and 3 jobs when time is over, 25 rounds: {dict(tally)}")
    assert tally == {"yes": 25, "SlotTaken": 75}


async def test_an_approval_against_a_change_that_asks_for_more(
    office: Office, asking: Asking, approvers: list[Actor], boardroom: Room
):
    tally: Counter[str] = Counter()
    for round_ in range(40):
        slot = at(60 + 2 * round_)
        booking = await office.book(boardroom, slot)
        attempts = [await deciding(asking, booking, approvers[n], says="approve") for n in range(2)]
        attempts.append(await deciding(asking, booking, approvers[2], says="decline"))
        change = Change(slot=at(60 + 2 * round_, 90))
        attempts.append(partial(office.bookings.change, booking.id, change, version=1, by=office.ana))

        *decided, changed = await together(attempts, apart=0.01, seed=round_)

        after = await office.bookings.get(booking.id)
        decisions = await asking.decisions(booking)
        # Nobody approves what they did not see: where the change came first, it waits.
        if changed == "yes":
            assert decided == ["NotWaiting"] * 3
            assert (after.status, decisions) == (Status.PENDING, ["withdrawn", None])
        else:
            assert decided.count("yes") == 1
            assert decisions in (["approved"], ["declined"])
        tally["changed" if changed == "yes" else str(decisions[0])] += 1
    print(f"\n2 approve, 1 declines, 1 changes, 40 rounds: {dict(tally)}")
    assert tally.total() == 40


async def test_a_series_is_decided_once_while_its_dates_are_cancelled_and_moved(
    office: Office, asking: Asking, approvers: list[Actor], boardroom: Room
):
    tally: Counter[str] = Counter()
    dates: Counter[str] = Counter()
    for round_ in range(8):
        wish = weekly(boardroom, 26, clock=time(8 + round_), minutes=30, attendees_count=4)
        made = await series_of(office).book(wish, by=office.ana, key=f"series {round_}")
        first, *_, last = made.bookings
        dice = random.Random(round_)
        attempts = [
            await deciding(asking, dice.choice(made.bookings), who, says=dice.choice(["approve", "decline"]))
            for who in approvers
        ]
        attempts.append(partial(office.bookings.cancel, first.id, version=1, by=office.ana))
        later = Change(slot=Slot(start=last.start, end=last.end + timedelta(minutes=30)))
        attempts.append(partial(office.bookings.change, last.id, later, version=1, by=office.ana))
        before = await told(office)

        answers = await together(attempts, apart=0.01, seed=round_)

        rows = await office.rows(
            "SELECT a.decision, a.decided_by, count(*) AS n FROM approvals a JOIN bookings b ON b.id = a.booking_id"
            " WHERE b.series_id = $1 AND a.decision IN ('approved', 'declined') GROUP BY 1, 2",
            made.series.id,
        )
        # One decision of one person for all dates that were still asked for; the longer one may be asked for anew.
        (decided,) = rows
        assert decided["n"] >= 24
        assert await told(office) == before + 1
        tally.update(answers[:20])
        dates[decided["decision"]] += decided["n"]
    print(f"\n20 decide on 26 dates, 1 cancels, 1 changes, 8 rounds: {dict(tally)}, dates {dict(dates)}")
    assert tally == {"yes": 8, "NotWaiting": 152}


async def test_everything_at_once_leaves_every_request_accounted_for(
    office: Office, asking: Asking, approvers: list[Actor], boardroom: Room
):
    lab = await office.room("Lab", seats=20)
    await asking.needs(lab, hours=1)
    free = await office.room("Free", seats=20)
    people = [await office.actor(f"p{number}") for number in range(8)]
    dice = random.Random(11)
    known: list[tuple[Booking, Actor]] = []
    tally: Counter[str] = Counter()

    async def one(kind: str) -> object:
        person = dice.choice(people)
        slot = at(60 + dice.randrange(0, 200) / 2, dice.choice([30, 60]))
        room = dice.choice([boardroom, lab, free])
        booking, owner = dice.choice(known) if known else (None, person)
        if kind == "book" or booking is None:
            made = await office.bookings.book(Wish(slot=slot, room_id=room.id), by=person)
            known.append((made, person))
            return made
        now = await office.bookings.get(booking.id)
        match kind:
            case "cancel":
                return await office.bookings.cancel(booking.id, by=owner)
            case "undo":
                return await office.bookings.undo(booking.id, version=now.version, by=owner)
            case "change":
                change = Change(slot=slot, room_id=room.id, attendees_count=dice.randrange(1, 9))
                return await office.bookings.change(booking.id, change, version=now.version, by=owner)
            case "advance":
                office.clock.advance(timedelta(minutes=3))
                return await asking.time.advance(office.clock.now())
            case _:
                request = await asking.approvals.of_booking(booking.id)
                who = dice.choice([*approvers, office.boss])
                if request is None:
                    raise errors.NotWaiting("It never asked.")
                return await getattr(asking.approvals, kind)(request.id, by=who)

    kinds = (
        ["book"] * 5 + ["approve"] * 4 + ["decline"] * 2 + ["change"] * 4 + ["cancel", "undo", "undo", "advance", "advance"]
    )
    plan = [dice.choice(kinds) for _ in range(900)]

    async def attempt(kind: str) -> str:
        try:
            await one(kind)
        except (errors.NotAllowed, errors.NothingToUndo) as error:
            return error.code
        except (errors.NotWaiting, errors.NotActive, errors.StaleBooking, errors.SlotTaken) as error:
            return error.code
        return "yes"

    async def worker() -> None:
        while plan:
            kind = plan.pop()
            tally[f"{kind}: {await attempt(kind)}"] += 1

    await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))

    print(f"\neverything at once: {dict(sorted(tally.items()))}; requests {dict(await asking.tallies())}")
    assert all(tally[f"{kind}: yes"] for kind in set(kinds))
    assert await told(office) <= sum(n for name, n in (await asking.tallies()).items() if name not in {"open", "withdrawn"})
