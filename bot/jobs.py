"""What runs by the clock and by the bell: each job a plain function of the moment that does all that is due by then.

A job never runs twice at once here; rung while it runs, it runs once more. Kept out: what the jobs do.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from contextvars import Context
from datetime import datetime

from bot.metrics import Metrics
from core.clock import Clock
from core.errors import BookingError

log = logging.getLogger(__name__)

Work = Callable[[datetime], Awaitable[object]]
# A job that did not succeed for so many periods, or so many seconds where that is longer, is failing.
FAILING_PERIODS, FAILING_SECONDS = 5, 30.0
# Rings that come in a rush share runs.
GATHER_SECONDS = 0.1


class Job:
    """One job. `then` is called after a run that found something to do, to wake whoever goes on with it."""

    def __init__(
        self,
        name: str,
        seconds: float,
        work: Work,
        *,
        clock: Clock,
        metrics: Metrics,
        then: Callable[[], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`seconds` is how often it runs when nobody rings."""
        self.name, self.seconds = name, seconds
        self._work, self._clock, self._metrics, self._then, self._monotonic = work, clock, metrics, then, monotonic
        self._running: asyncio.Task[None] | None = None
        self._wanted = False
        self._stopped = False
        self._ran_at = -GATHER_SECONDS
        self._succeeded_at = monotonic()

    @property
    def well(self) -> bool:
        """Whether it has succeeded of late; before its first run, it has."""
        allowed = max(FAILING_PERIODS * self.seconds, FAILING_SECONDS)
        return self._monotonic() - self._succeeded_at < allowed

    def ring(self) -> None:
        """Run now, or once more after the run under way; returns at once."""
        if self._stopped:
            return
        self._wanted = True
        if self._running is None:
            # Of nobody's request: what is asked for around the one that rings is none of the job's.
            self._running = asyncio.get_running_loop().create_task(self._turns(), context=Context())

    async def tick(self, _now: datetime | None = None) -> None:
        """Run now and wait until that is done."""
        self.ring()
        if self._running:
            await asyncio.shield(self._running)

    async def stop(self, seconds: float) -> None:
        """Start nothing more, and wait for what runs; after so many seconds it is broken off, its transaction undone."""
        self._stopped, self._wanted = True, False
        if running := self._running:
            await asyncio.wait({running}, timeout=seconds)
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    async def _turns(self) -> None:
        try:
            while self._wanted:
                await asyncio.sleep(self._ran_at + GATHER_SECONDS - self._monotonic())
                self._wanted = False
                await self._once()
        finally:
            self._running = None

    async def _once(self) -> None:
        began = self._ran_at = self._monotonic()
        outcome = "failed"
        try:
            done = await self._work(self._clock.now())
            outcome = "ok"
            self._succeeded_at = self._monotonic()
            self._metrics.job_success.labels(self.name).set_to_current_time()
            if done and self._then:
                self._then()
            if done:
                log.info("job done", extra={"action": f"job_{self.name}", "count": done})
        except BookingError as error:
            log.warning("job %s waits: %s", self.name, type(error).__name__)
        except Exception:
            log.exception("job %s failed", self.name)
        finally:
            self._metrics.job_runs.labels(self.name, outcome).inc()
            self._metrics.job_seconds.labels(self.name).observe(self._monotonic() - began)


class Jobs:
    """All of one process's jobs."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self.all = {job.name: job for job in jobs}

    def __getitem__(self, name: str) -> Job:
        return self.all[name]

    @property
    def failing(self) -> list[str]:
        """The names of those that have not succeeded of late."""
        return [job.name for job in self.all.values() if not job.well]

    async def stop(self, seconds: float) -> None:
        """Stop all of them within so many seconds."""
        await asyncio.gather(*(job.stop(seconds) for job in self.all.values()))
