"""One clock for all offices of a process: every second each is asked whose turn it is, a few offices at a time.

Kept out: how often an office has its turns (`turns`), and what is done in them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from bot.scheduler import Scheduler
from bot.turns import Turns
from core.clock import Clock

log = logging.getLogger(__name__)

SECONDS = 1.0
# Asking an office may take a question to its database: one that does not answer holds up these and no others.
AT_ONCE = 8


class Rounds:
    """Goes round the offices that are open at the time."""

    def __init__(self, clock: Clock, offices: Callable[[], Iterable[Turns]]) -> None:
        self._offices = offices
        self._scheduler = Scheduler(clock)
        self._under_way: dict[Turns, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(AT_ONCE)

    def start(self) -> None:
        """Begin."""
        self._scheduler.every(SECONDS, self.go, name="rounds")
        self._scheduler.start()

    async def stop(self, seconds: float) -> None:
        """Go no more."""
        await self._scheduler.stop(seconds)
        for task in self._under_way.values():
            task.cancel()

    async def go(self, now: datetime) -> None:
        """Go once; an office that is still being asked is passed over."""
        for turns in self._offices():
            if turns not in self._under_way and turns.wanted:
                self._under_way[turns] = asyncio.create_task(self._ask(turns, now))

    async def _ask(self, turns: Turns, now: datetime) -> None:
        async with self._room:
            try:
                await turns.look(now)
            except Exception:
                log.exception("an office could not be asked for its turns")
            finally:
                del self._under_way[turns]
