"""What is done beside an answer, after it: nobody waits for it, and it is dropped rather than piled up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from core.errors import BookingError

log = logging.getLogger(__name__)

MOST = 100


class Asides:
    """A bounded number of tasks under way."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._under_way: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, object], *, name: str) -> bool:
        """Run it on the side; return False where too much is under way already, and it is left undone."""
        if len(self._under_way) >= self._most:
            work.close()
            log.warning("%s left undone: too much is under way", name, extra={"action": name})
            return False
        task = asyncio.create_task(_logged(work, name))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return True

    async def drain(self, seconds: float) -> None:
        """Wait for what is under way, at most so long."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)


async def _logged(work: Coroutine[Any, Any, object], name: str) -> None:
    try:
        await work
    except BookingError as error:
        log.info("%s left undone: %s", name, error.code, extra={"action": name})
    except Exception:
        log.exception("%s failed", name)
