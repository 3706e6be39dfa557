"""Jobs: one run at a time, one more when rung meanwhile, health by what succeeded, and an orderly end."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

import pytest

from bot.background import as_far_as_allowed, worker_database
from bot.config import Settings
from bot.jobs import FAILING_SECONDS, Job, Jobs
from bot.metrics import Metrics
from core.clock import SetClock
from core.errors import Unavailable

NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        self.now += 1  # so that runs need not wait for each other's pause
        return self.now


def made(work, *, name: str = "work", seconds: float = 2, monotonic=None, then=None, metrics: Metrics | None = None) -> Job:
    metrics = metrics or Metrics()
    return Job(name, seconds, work, clock=SetClock(NOW), metrics=metrics, then=then, monotonic=monotonic or Seconds())


async def test_a_job_gets_the_clock_s_moment_and_wakes_the_next_when_it_found_something():
    seen, woken = [], []

    async def work(now: datetime) -> int:
        seen.append(now)
        return len(seen) - 1

    job = made(work, then=lambda: woken.append(True))
    await job.tick()
    assert (seen, woken) == ([NOW], [])
    await job.tick()
    assert woken == [True]


async def test_rings_during_a_run_lead_to_exactly_one_more():
    runs, began, gate = [], asyncio.Event(), asyncio.Event()

    async def work(_now: datetime) -> None:
        runs.append(1)
        began.set()
        await gate.wait()

    job = made(work)
    job.ring()
    await began.wait()
    for _ in range(10):
        job.ring()
    gate.set()
    await job.tick()
    assert len(runs) == 2


async def test_rings_in_a_rush_share_runs():
    runs = []

    async def work(_now: datetime) -> None:
        runs.append(1)

    job = Job("work", 2, work, clock=SetClock(NOW), metrics=Metrics())
    for _ in range(50):
        job.ring()
        await asyncio.sleep(0)
    await job.tick()
    assert 1 <= len(runs) <= 3


async def test_a_job_is_well_until_it_has_failed_for_long(caplog: pytest.LogCaptureFixture):
    clock = [1000.0]

    async def work(_now: datetime) -> None:
        raise Unavailable("The database is away.")

    metrics = Metrics()
    job = Job("work", 2, work, clock=SetClock(NOW), metrics=metrics, monotonic=lambda: clock[0])
    jobs = Jobs([job])
    assert jobs.failing == []
    clock[0] += FAILING_SECONDS - 1
    await job.tick()
    assert jobs.failing == []
    clock[0] += 2
    assert jobs.failing == ["work"]
    assert 'bookroom_job_runs_total{name="work",outcome="failed"} 1.0' in metrics.text().decode()
    assert "job work waits: Unavailable" in caplog.text


async def test_a_rare_job_is_given_five_of_its_periods():
    clock = [1000.0]

    async def work(_now: datetime) -> None:
        return None

    job = Job("work", 600, work, clock=SetClock(NOW), metrics=Metrics(), monotonic=lambda: clock[0])
    await job.tick()
    clock[0] += 2999
    assert job.well
    clock[0] += 2
    assert not job.well
    await job.tick()
    assert job.well


async def test_a_fault_is_logged_with_its_traceback_and_the_next_run_comes(caplog: pytest.LogCaptureFixture):
    runs = []

    async def work(_now: datetime) -> None:
        runs.append(1)
        raise ZeroDivisionError

    job = made(work)
    with caplog.at_level(logging.ERROR):
        await job.tick()
    assert caplog.records[-1].exc_info
    await job.tick()
    assert len(runs) == 2


async def test_stopping_waits_for_the_run_under_way_and_takes_no_ring_after():
    began, done = asyncio.Event(), []

    async def work(_now: datetime) -> None:
        began.set()
        await asyncio.sleep(0.05)
        done.append(1)

    job = made(work)
    job.ring()
    await began.wait()
    await Jobs([job]).stop(5)
    assert done == [1]
    job.ring()
    await asyncio.sleep(0)
    assert done == [1]


async def test_stopping_breaks_off_what_never_ends():
    began = asyncio.Event()

    async def work(_now: datetime) -> None:
        began.set()
        await asyncio.Event().wait()

    job = made(work)
    job.ring()
    await began.wait()
    await job.stop(0.01)


@pytest.mark.parametrize(("login", "expected"), [("owner_url", "bookroom_worker"), ("app_url", "bookroom_app")])
async def test_jobs_of_a_single_login_act_as_the_worker_where_they_may(database, login: str, expected: str):
    settings = Settings(slack_bot_token="xoxb-1", slack_app_token="xapp-1", database_url=getattr(database, login))
    db = worker_database(settings)
    try:
        await as_far_as_allowed(db, settings)

        assert await db.read(lambda session: session.value("SELECT current_user")) == expected
    finally:
        await db.close()
