"""A clock on which an hour passes in some minutes, the same in every process of a run."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class QuickClock:
    """Stood at `begins` when the machine's clock stood at `since` (both Unix seconds), and runs `speed` times as fast."""

    begins: float
    since: float
    speed: float

    def now(self) -> datetime:
        """Return the current moment of the run in UTC."""
        return datetime.fromtimestamp(self.at(time.time()), UTC)

    def at(self, machine: float) -> float:
        """Return the run's moment at a moment of the machine's, both in Unix seconds."""
        return self.begins + (machine - self.since) * self.speed

    def dump(self) -> str:
        """Return what `load` reads."""
        return f"{self.begins!r} {self.since!r} {self.speed!r}"

    @classmethod
    def load(cls, text: str) -> QuickClock:
        """Return the clock that `dump` told of."""
        begins, since, speed = map(float, text.split())
        return cls(begins=begins, since=since, speed=speed)
