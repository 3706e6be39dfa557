"""How long stopping may take, shared by all that has to stop: whoever comes later gets what those before have left."""

from __future__ import annotations

import time
from collections.abc import Callable


class Deadline:
    """So many seconds from now, on the clock that never jumps."""

    def __init__(self, seconds: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._ends = monotonic() + seconds

    def left(self, at_most: float | None = None, *, but: float = 0.0) -> float:
        """Return the seconds that are left, `but` some that others will need; never below 0."""
        left = max(0.0, self._ends - self._monotonic() - but)
        return left if at_most is None else min(at_most, left)
