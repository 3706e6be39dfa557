"""How many requests a token is good for: so many a minute, a few at once, told in every answer.

Counted in this process alone: with several replicas, each allows as much. Kept out: HTTP's answer to too many.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from math import ceil
from time import monotonic

WINDOW_SECONDS = 60
# Whoever guesses at tokens is not heard any longer than this often a minute.
FAILURES_PER_MINUTE = 60
_KEPT = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """What is left: requests now, and in how many seconds there will be more."""

    quota: int
    remaining: int
    seconds: int
    over: bool = False

    def headers(self) -> dict[str, str]:
        """Return it as the fields RateLimit-Policy and RateLimit say it."""
        return {
            "RateLimit-Policy": f'"default";q={self.quota};w={WINDOW_SECONDS}',
            "RateLimit": f'"default";r={self.remaining};t={self.seconds}',
        }


class Limits:
    """A bucket for each asker, that fills evenly."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = monotonic) -> None:
        """`per_minute` 0: as many as come."""
        self._quota = per_minute
        self._clock = clock
        self._buckets: dict[Hashable, tuple[float, float]] = {}

    def taken(self, asker: Hashable) -> Allowance | None:
        """Count a request and say what is left after it; None where nobody counts."""
        return self._counted(asker, 1.0) if self._quota else None

    def _counted(self, asker: Hashable, cost: float) -> Allowance:
        moment = self._clock()
        level, rate = self._level(asker, moment), self._quota / WINDOW_SECONDS
        over = level < cost
        level -= 0.0 if over else cost
        if len(self._buckets) >= _KEPT and asker not in self._buckets:
            self._forget_full(moment)
        self._buckets[asker] = (moment, level)
        wait = ceil((cost - level) / rate) if level < cost else ceil(1 / rate)
        return Allowance(quota=self._quota, remaining=int(level), seconds=max(1, wait), over=over)

    def _level(self, asker: Hashable, moment: float) -> float:
        since, level = self._buckets.get(asker, (moment, float(self._quota)))
        return min(self._quota, level + (moment - since) * self._quota / WINDOW_SECONDS)

    def _forget_full(self, moment: float) -> None:
        """Forget whoever has everything again: a new bucket says the same."""
        kept = {asker: was for asker, was in self._buckets.items() if self._level(asker, moment) < self._quota}
        # More askers than can be told apart: the next are counted anew rather than not at all.
        self._buckets = kept if len(kept) < _KEPT else {}
