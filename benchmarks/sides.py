"""Two sides measured in turn, several rounds, so that whatever else the machine does meets both alike."""

from __future__ import annotations

import asyncio
import cProfile
import statistics
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")
Act = Callable[[], Awaitable[object]]

# What our side is profiled by while it is measured, where anybody asked for a profile.
profiler: ContextVar[cProfile.Profile | None] = ContextVar("profiler", default=None)


@dataclass(kw_only=True)
class Side:
    """One side of a comparison: what is done, and how long it took. `rates` are per second, one a round; `ms` one an act."""

    name: str
    act: Act
    rates: list[float] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The median round's rate."""
        return statistics.median(self.rates)

    def percentile(self, share: float) -> float:
        """Return the milliseconds within which this share of the acts was done."""
        ordered = sorted(self.ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    def rounds(self, share: float) -> list[float]:
        """Return the same for each round by itself."""
        length = len(self.ms) // len(self.rates)
        each = (sorted(self.ms[first : first + length]) for first in range(0, length * len(self.rates), length))
        return [one[min(length - 1, int(length * share))] for one in each]


async def measured(side: Side, *, acts: int, clients: int, ours: bool = True) -> None:
    """Do it so often, shared by so many clients that each wait for their own answer, and note the times."""

    async def client() -> None:
        for _ in range(acts // clients):
            began = perf_counter()
            await side.act()
            side.ms.append((perf_counter() - began) * 1000)

    with _looked_at(profiler.get() if ours else None):
        began = perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        side.rates.append(acts / (perf_counter() - began))


@contextmanager
def _looked_at(profile: cProfile.Profile | None) -> Iterator[None]:
    if profile is None:
        yield
        return
    profile.enable()
    try:
        yield
    finally:
        profile.disable()


async def in_turn(*sides: Side, acts: int, clients: int, rounds: int) -> None:
    """Measure the sides in turn, ours first; a first round warms both up and is forgotten."""
    for number in range(rounds + 1):
        # Whoever goes second meets what the first has left behind: take turns.
        for side in sides if number % 2 else reversed(sides):
            await measured(side, acts=acts, clients=clients, ours=side is sides[0])
        if not number:
            for side in sides:
                side.rates.clear()
                side.ms.clear()


def ratios(ours: Side, theirs: Side) -> list[float]:
    """Return our rate as a share of theirs, one a round."""
    return [mine / other for mine, other in zip(ours.rates, theirs.rates, strict=True)]
