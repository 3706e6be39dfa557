"""So many hands that carry what is due: filled when somebody wakes them, emptied when the process stops.

Kept out: what is due and how one of it is carried; whoever has the hands says both.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from core.errors import BookingError

T = TypeVar("T")
log = logging.getLogger(__name__)

# Each commit wakes: those that come in a rush share a look, once one has found nothing.
GATHER_SECONDS = 0.05
# What is broken off has so long to give its message back.
GIVE_BACK_SECONDS = 1.0
# What was sent has to be noted: the database is told again after such pauses, longer together than it takes to restart.
MARKING_PAUSES = (0.0, 0.1, 0.3, 1.0, 2.0, 4.0, 6.0, 8.0, 8.0)


class Hands:
    """Carry up to `most` messages at once. `start` lets them work until `stop`; `deliver` does all that is due now."""

    def __init__(self, most: int, fill: Callable[[], Awaitable[int]], *, named: str) -> None:
        """`fill` takes what there are hands for, by `take`, and returns how much that was; `named` is it in the log."""
        self._most, self._fill, self._named = most, fill, named
        self._in_hand: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._stopped = asyncio.Event()

    @property
    def _stopping(self) -> bool:
        return self._stopped.is_set()

    @property
    def full(self) -> int:
        """How many messages are being carried."""
        return len(self._in_hand)

    @property
    def free(self) -> int:
        """How many more could be; none once they are to stop."""
        return 0 if self._stopping else self._most - len(self._in_hand)

    def take(self, carrying: Coroutine[Any, Any, None]) -> None:
        """Take a message in hand."""
        task = asyncio.create_task(carrying)
        self._in_hand.add(task)
        task.add_done_callback(self._carried)

    def wake(self) -> None:
        """Look for what is due now; returns at once."""
        self._woken.set()

    def start(self) -> None:
        """Begin; from then on, `wake` makes them look."""
        self._running = asyncio.create_task(self._run())

    async def deliver(self) -> int:
        """Carry out all that is due, and return how many messages were taken in hand."""
        taken = 0
        while True:
            some = await self._fill()
            taken += some
            if self._in_hand:
                await asyncio.wait(self._in_hand, return_when=asyncio.FIRST_COMPLETED)
            elif not some:
                return taken

    async def stop(self, seconds: float) -> None:
        """Take nothing more, finish what is in hand within so many seconds, and give the rest back."""
        self._stopped.set()
        self.wake()
        if self._running:
            await self._running
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=seconds)
        if left := set(self._in_hand):
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=GIVE_BACK_SECONDS)

    async def _run(self) -> None:
        next_at = 0.0
        while not self._stopping:
            await self._woken.wait()
            await self._unless_stopping(next_at - time.monotonic())
            self._woken.clear()
            try:
                while await self._fill():
                    pass
                # Where no hand was free, nobody knows whether something is due.
                next_at = time.monotonic() + GATHER_SECONDS if self.free else 0.0
            except BookingError as error:
                log.warning("%s cannot be looked into: %s", self._named, type(error).__name__)
            except Exception:
                log.exception("%s cannot be looked into", self._named)

    async def _unless_stopping(self, seconds: float) -> None:
        """Wait so long, or until the hands are to stop."""
        if seconds > 0 and not self._stopping:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), seconds)

    def _carried(self, task: asyncio.Task[None]) -> None:
        self._in_hand.discard(task)
        self.wake()


async def patiently(note: Callable[[], Awaitable[T]]) -> T | None:
    """Note something in the database, again and again for half a minute; None when it could not be told."""
    for wait in MARKING_PAUSES:
        await asyncio.sleep(wait)
        with contextlib.suppress(BookingError):
            return await note()
    return None
