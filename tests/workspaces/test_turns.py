"""An office of many looks often while something goes on there, and seldom while all is quiet; whoever acts wakes it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from aiohttp.test_utils import unused_port

from bot.jobs import Job, Jobs
from bot.metrics import Metrics
from bot.turns import ASLEEP_SECONDS, AWAKE_SECONDS, LOOK_SECONDS, Turns
from core.db import Database
from tests.core.office import Office, at


class Seconds:
    """A clock of seconds that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Rung(Job):
    """A job that only notes how often its turn came."""

    turns = 0

    def ring(self) -> None:
        self.turns += 1


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def jobs_of(office: Office, seconds: Seconds) -> Jobs:
    async def nothing(_: datetime) -> int:
        return 0

    clock, metrics = office.clock, Metrics()
    made = [Rung(name, each, nothing, clock=clock, metrics=metrics) for name, each in (("often", 2.0), ("seldom", 3600.0))]
    return Jobs(made)


async def passed(turns: Turns, seconds: Seconds, office: Office, span: int) -> None:
    for _ in range(span):
        seconds.now += 1
        await turns.look(office.clock.now())


async def test_where_all_is_quiet_jobs_have_their_turn_every_few_minutes(office: Office, seconds: Seconds):
    jobs = jobs_of(office, seconds)
    turns = Turns(jobs, office.db, monotonic=seconds)
    turns.begin()
    await passed(turns, seconds, office, int(4 * ASLEEP_SECONDS))
    assert not turns.awake
    assert 3 <= jobs["often"].turns <= 5
    assert jobs["seldom"].turns <= 1
    assert jobs["often"].seconds == ASLEEP_SECONDS


async def test_whoever_does_something_wakes_the_office_for_a_while(office: Office, seconds: Seconds):
    jobs = jobs_of(office, seconds)
    turns = Turns(jobs, office.db, monotonic=seconds)
    turns.begin()
    turns.wake()
    assert turns.awake
    assert turns.wanted
    await passed(turns, seconds, office, int(AWAKE_SECONDS))
    assert jobs["often"].turns >= AWAKE_SECONDS / 6
    assert jobs["seldom"].turns <= 1
    await passed(turns, seconds, office, int(LOOK_SECONDS) + 1)
    assert not turns.awake


async def test_a_meeting_of_this_hour_keeps_the_office_awake(office: Office, seconds: Seconds):
    jobs = jobs_of(office, seconds)
    turns = Turns(jobs, office.db, monotonic=seconds)
    turns.begin()
    await office.book(await office.room("Apollo"), at(14))
    office.clock.set(at(14).start - timedelta(minutes=30))
    await passed(turns, seconds, office, 400)
    assert turns.awake
    assert jobs["often"].turns >= 60
    office.clock.set(at(14).end + timedelta(hours=3))
    await passed(turns, seconds, office, int(AWAKE_SECONDS + LOOK_SECONDS) + 1)
    assert not turns.awake


async def test_a_database_that_does_not_answer_wakes_nobody_and_breaks_nothing(office: Office, seconds: Seconds):
    away = Database(f"postgresql://us@127.0.0.1:{unused_port()}/rooms")
    turns = Turns(jobs_of(office, seconds), away, monotonic=seconds)
    turns.begin()
    for _ in range(int(LOOK_SECONDS) + 1):
        seconds.now += 1
        await turns.look(office.clock.now())
    assert not turns.awake
    await away.close()
