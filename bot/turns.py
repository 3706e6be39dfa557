"""How often one office of many looks what is due: as often as a single one while something goes on there, seldom otherwise.

An office where nothing was booked for this hour, nothing waits and nobody has done anything costs a question every twenty
seconds. Whoever does something there wakes it at once. Kept out: the clock that calls (`rounds`) and what the jobs do.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.jobs import Jobs
from core.db import Database, ReadSession
from core.errors import BookingError

# Commits wake an office at once: by the clock alone, nothing there has to happen sooner than this.
SOONEST_SECONDS = 5.0
ASLEEP_SECONDS = 180.0
AWAKE_SECONDS = 120.0
LOOK_SECONDS = 20.0
AROUND = timedelta(hours=1)

_ASTIR = """
SELECT EXISTS (SELECT FROM room_claims WHERE tenant_id = $1 AND start_time < $3 AND end_time > $2)
    OR EXISTS (SELECT FROM deliveries WHERE tenant_id = $1 AND status = 'pending' AND due_at < $3)
    OR EXISTS (SELECT FROM waiting WHERE tenant_id = $1 AND status = 'offered')
    OR EXISTS (SELECT FROM open_views WHERE tenant_id = $1 AND stale_since IS NOT NULL AND due_at < $3)
    OR EXISTS (SELECT FROM approvals WHERE tenant_id = $1 AND decision IS NULL)
"""


class Turns:
    """When the jobs of one office are due next. `look` is to be called every second or so."""

    def __init__(self, jobs: Jobs, db: Database, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._jobs, self._db, self._monotonic = jobs, db, monotonic
        self._often = {name: max(job.seconds, SOONEST_SECONDS) for name, job in jobs.all.items()}
        self._due: dict[str, float] = {}
        self._next = self._looks_at = 0.0
        self._awake_until = 0.0

    @property
    def awake(self) -> bool:
        """Whether something goes on there."""
        return self._monotonic() < self._awake_until

    @property
    def wanted(self) -> bool:
        """Whether there is anything to look at by now."""
        return self._monotonic() >= min(self._looks_at, self._next)

    def begin(self) -> None:
        """Spread the first turns, so that many offices that begin at once do not all work at once."""
        moment = self._monotonic()
        self._looks_at = moment + random.uniform(0.0, LOOK_SECONDS / 4)  # noqa: S311 - spreads work, guards nothing
        self._pace(ASLEEP_SECONDS)
        self._due = {name: moment + random.uniform(1.0, ASLEEP_SECONDS) for name in self._often}  # noqa: S311 - likewise
        self._next = min(self._due.values())

    def wake(self) -> None:
        """Something has happened: every job has its turn within its own time again."""
        moment, slept = self._monotonic(), not self.awake
        self._awake_until = moment + AWAKE_SECONDS
        if slept:
            self._pace(0.0)
            self._due = {name: min(self._due.get(name, moment), moment + each) for name, each in self._often.items()}
            self._next = moment

    async def look(self, now: datetime) -> None:
        """Ring the jobs whose turn it is; while all is quiet, ask now and then whether it still is."""
        moment = self._monotonic()
        if moment >= self._looks_at:
            self._looks_at = moment + LOOK_SECONDS
            if await self._astir(now):
                self.wake()
            elif not self.awake:
                self._pace(ASLEEP_SECONDS)
        if moment < self._next:
            return
        for name, due in self._due.items():
            if due <= moment:
                self._jobs[name].ring()
                self._due[name] = moment + self._jobs[name].seconds
        self._next = min(self._due.values())

    async def _astir(self, now: datetime) -> bool:
        async def work(session: ReadSession) -> bool:
            return bool(await session.value(_ASTIR, session.tenant, now - AROUND, now + AROUND))

        try:
            return await self._db.read(work)
        except BookingError:
            return False

    def _pace(self, least: float) -> None:
        """Let no job be asked for sooner than this; by that, too, it is judged whether it does well."""
        for name, often in self._often.items():
            self._jobs[name].seconds = max(often, least)
