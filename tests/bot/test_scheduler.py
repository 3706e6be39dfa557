"""The alarm clock: late runs are made up, and a wall clock that is put back stops nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import apscheduler.schedulers.base
import pytest

import core.clock
from bot import scheduler as scheduling
from bot.scheduler import Scheduler
from core.clock import SystemClock


class Wall(datetime):
    """The machine's wall clock, which somebody puts forward and back."""

    put = timedelta()

    @classmethod
    def now(cls, tz: Any = None) -> Self:
        return super().now(tz) + cls.put


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> type[Wall]:
    for module in (core.clock, apscheduler.schedulers.base):
        monkeypatch.setattr(module, "datetime", Wall)
    monkeypatch.setattr(Wall, "put", timedelta())
    monkeypatch.setattr(scheduling, "LOOK_SECONDS", 0.02)
    return Wall


async def more(runs: list[Any], than: int) -> None:
    for _ in range(1000):
        if len(runs) > than:
            return
        await asyncio.sleep(0.01)
    pytest.fail("the job did not run any more")


@pytest.mark.parametrize("hours", [-1, 1, -24 * 31, 24 * 31])
async def test_jobs_go_on_when_the_clock_jumps_either_way(wall: type[Wall], hours: int, caplog: pytest.LogCaptureFixture):
    runs: list[datetime] = []

    async def work(now: datetime) -> None:
        runs.append(now)

    alarm = Scheduler(SystemClock())
    alarm.every(0.05, work)
    alarm.start()
    try:
        await more(runs, than=1)
        wall.put = timedelta(hours=hours)
        await more(runs, than=len(runs) + 3)
    finally:
        await alarm.stop(1)
    assert abs(runs[-1] - (datetime.now(UTC) + timedelta(hours=hours))) < timedelta(minutes=1)
    assert ("the clock was put back by" in caplog.text) == (hours < 0)


async def test_a_job_that_runs_long_is_waited_for_and_not_started_twice(wall: type[Wall]):
    began: list[int] = []
    ended: list[int] = []
    gate = asyncio.Event()

    async def work(_now: datetime) -> None:
        began.append(1)
        await gate.wait()
        ended.append(1)

    alarm = Scheduler(SystemClock())
    alarm.every(0.02, work)
    alarm.start()
    await more(began, than=0)
    wall.put = timedelta(hours=-1)
    await asyncio.sleep(0.1)
    assert began == [1]
    stopping = asyncio.create_task(alarm.stop(5))
    await asyncio.sleep(0)
    gate.set()
    await stopping
    assert ended == [1]
