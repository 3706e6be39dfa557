"""Faults by chance, the same ones every time for the same seed and the same sequence of calls."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from sandbox.errors import Json, Refusal, Value

CALL_KINDS = ("429", "500", "503", "timeout", "lost_answer", "slow", "drop")
DELIVERY_KINDS = ("duplicate", "reorder", "slow")


@dataclass(kw_only=True, slots=True)
class Chance:
    """One source of random faults; each call that it concerns takes two draws, whether anything befalls it or not."""

    seed: int
    rate: float
    kinds: tuple[str, ...]
    methods: tuple[str, ...]
    slow_ms: int
    retry_after: int
    calls: int = 0
    _draws: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Begin the sequence of draws."""
        self._draws = random.Random(self.seed)

    def draw(self, name: str) -> str | None:
        """The kind of fault for this call; None for a call that is spared or not concerned."""
        if not any(fnmatchcase(name, pattern) for pattern in self.methods):
            return None
        self.calls += 1
        falls, kind = self._draws.random() < self.rate, self._draws.choice(self.kinds)
        return kind if falls else None

    def shown(self) -> Json:
        """The source as the control API shows it; `calls` counts those that it concerned."""
        return {
            "seed": self.seed,
            "rate": self.rate,
            "kinds": list(self.kinds),
            "methods": list(self.methods),
            "slow_ms": self.slow_ms,
            "retry_after": self.retry_after,
            "calls": self.calls,
        }


def chance(given: Value, *, known: tuple[str, ...]) -> Chance | None:
    """What a control call asks for, None for null or false; raises Refusal."""
    if given is None or given is False:
        return None
    if not isinstance(given, dict):
        raise Refusal("invalid_fault", "Random faults are an object with seed, rate, kinds and methods.")
    rate = given.get("rate", 0.05)
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
        raise Refusal("invalid_fault", "rate is a share between 0 and 1.")
    kinds = _words("kinds", given.get("kinds", list(known)))
    if not set(kinds) <= set(known):
        raise Refusal("invalid_fault", f"kinds are among {', '.join(known)}.")
    return Chance(
        seed=_whole("seed", given.get("seed", 0)),
        rate=float(rate),
        kinds=kinds,
        methods=_words("methods", given.get("methods", ["*"])),
        slow_ms=_whole("slow_ms", given.get("slow_ms", 500)),
        retry_after=_whole("retry_after", given.get("retry_after", 1)),
    )


def _words(name: str, given: Value) -> tuple[str, ...]:
    if not isinstance(given, list) or not given or not all(isinstance(one, str) for one in given):
        raise Refusal("invalid_fault", f"{name} is a list of words.")
    return tuple(given)


def _whole(name: str, given: Value) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        raise Refusal("invalid_fault", f"{name} must be a whole number of 0 or more.")
    return given
