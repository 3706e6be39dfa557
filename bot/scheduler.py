"""The alarm clock: it remembers nothing. Each job is a plain function of the moment and does all that is due by then.

APScheduler waits for a moment of the wall clock: where that is put back by an hour, it would sleep for an hour. So the wall
clock is compared with the one that never jumps, and every job is due anew where it fell behind.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from core.clock import Clock, SystemClock

log = logging.getLogger(__name__)

Job = Callable[[datetime], Awaitable[object]]

LOOK_SECONDS = 1.0
# Smaller corrections are made up by waiting.
PUT_BACK_SECONDS = 1.0


class Scheduler:
    """Runs jobs every so many seconds, one run of each at a time; what was missed is made up by the next run."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # No grace time: a late run still has work to do. One catch-up run is enough, since each does all that is due.
        self._scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )
        self._running: set[asyncio.Task[object]] = set()
        self._ahead = 0.0
        self._look: asyncio.TimerHandle | None = None

    def every(self, seconds: float, job: Job, *, name: str | None = None) -> None:
        """Run the job every so many seconds, first after that time; its name is its function's unless given."""
        name = name or getattr(job, "__name__", "job")

        async def run() -> None:
            task = asyncio.ensure_future(job(self._clock.now()))
            self._running.add(task)
            try:
                # Shielded: the scheduler's own shutdown cancels what it runs; ours waits for it.
                await asyncio.shield(task)
            except Exception:
                log.exception("job %s failed", name)
            finally:
                self._running.discard(task)

        self._scheduler.add_job(run, "interval", seconds=seconds, id=name)

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()
        self._ahead = _ahead()
        self._look_again()

    def _look_again(self) -> None:
        self._look = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        ahead = _ahead()
        if ahead < self._ahead - PUT_BACK_SECONDS:
            back = round(self._ahead - ahead)
            log.warning("the clock was put back by %s s", back, extra={"action": "clock_put_back", "seconds": back})
            for job in self._scheduler.get_jobs():
                job.modify(next_run_time=SystemClock().now())
        self._ahead = ahead
        self._look_again()

    async def stop(self, seconds: float) -> None:
        """Start nothing more and wait, at most so long, for what runs; nothing to do where it was never started."""
        if not self._scheduler.running:
            return
        if self._look:
            self._look.cancel()
        self._scheduler.pause()
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        self._scheduler.shutdown(wait=False)
        await asyncio.sleep(0)


def _ahead() -> float:
    """Return by how many seconds the wall clock is ahead of the one that never jumps."""
    return SystemClock().now().timestamp() - time.monotonic()
