"""How far something has come that takes its time, shown where its answer will stand.

A message's response_url serves five times, of which the answer needs one; a view may be updated as often as once a second.
What is shown meanwhile is never worth failing for, and never comes after the answer: `settled` waits for what is under way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic

log = logging.getLogger(__name__)

EVERY = 1.0
MOST_ON_A_MESSAGE = 3
MOST_IN_A_VIEW = 100


class Meanwhile:
    """Shows lines as they are reported, the newest one, at most one a second and at most `most` in all.

    `show` puts a line, escaped markup, where the answer will stand. Nothing is shown before `open` was called; `shown` says
    whether anything was.
    """

    def __init__(self, show: Callable[[str], Awaitable[None]], *, most: int, every: float | None = None) -> None:
        self._show = show
        self._left = most
        self._pause = EVERY if every is None else every
        self._next = monotonic() + self._pause
        self._is_open = False
        self._settled = False
        self._task: asyncio.Task[None] | None = None
        self.shown = False

    def open(self) -> None:
        """Let lines be shown from now on."""
        self._is_open = True

    def report(self, line: str) -> None:
        """Take note of how far it has come; cheap, and callable as often as one likes."""
        under_way = self._task is not None and not self._task.done()
        if self._settled or not self._is_open or under_way or self._left < 1 or monotonic() < self._next:
            return
        self.shown = True
        self._left -= 1
        self._next = monotonic() + self._pause
        # Few may have to last for long: each pause is longer than the one before.
        self._pause *= 2 if self._left < MOST_ON_A_MESSAGE else 1
        self._task = asyncio.create_task(self._show_one(line))

    async def settled(self) -> None:
        """Show nothing any more, and wait for what is being shown."""
        self._settled = True
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _show_one(self, line: str) -> None:
        try:
            await self._show(line)
        except Exception as error:
            log.warning("progress not shown: %s", type(error).__name__)


def silent() -> Meanwhile:
    """Return one that shows nothing, for where there is nothing to show it on."""

    async def nowhere(line: str) -> None:
        pass

    return Meanwhile(nowhere, most=0)
