"""Attempts carried out, so many at a time, and counted: every answer, and how long it took."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from uuid import UUID

from bot.stress.plan import Attempt, Kind, Plan, StressRefused
from bot.stress.told import RefusedError, Target, Told

YES = "yes"
log = logging.getLogger(__name__)


@dataclass(kw_only=True, slots=True)
class Tally:
    """Milliseconds of every attempt by kind and outcome, and whoever was told what.

    `told` has each state of each booking that an answer told; `unanswered` those whose change nobody knows the end of, None
    for a new one. `faults` are answers that no one ought to get: the product broke.
    """

    ms: dict[Kind, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    told: dict[UUID, dict[int, Told]] = field(default_factory=lambda: defaultdict(dict))
    unanswered: list[UUID | None] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    seconds: float = 0.0

    @property
    def attempts(self) -> int:
        """How many there were."""
        return sum(len(ms) for outcomes in self.ms.values() for ms in outcomes.values())

    @property
    def yes(self) -> int:
        """How many were granted."""
        return sum(len(outcomes.get(YES, ())) for outcomes in self.ms.values())

    def counted(self) -> dict[str, dict[str, int]]:
        """Return the number of attempts by kind and outcome."""
        return {
            kind.value: {outcome: len(ms) for outcome, ms in sorted(self.ms[kind].items())}
            for kind in Kind
            if kind in self.ms
        }

    def latencies(self, kind: Kind) -> dict[str, float]:
        """Return p50, p95, p99 and max of a kind, in milliseconds."""
        found = sorted(one for ms in self.ms.get(kind, {}).values() for one in ms)
        if not found:
            return {}
        at = {f"p{share}": found[min(len(found) - 1, len(found) * share // 100)] for share in (50, 95, 99)}
        return {**at, "max": found[-1]}


class Run:
    """One run of a plan against a target. What is known of bookings is shared by all who attempt something."""

    def __init__(self, plan: Plan, target: Target, *, begins: datetime, step: Callable[[], None]) -> None:
        """`step` is called after each attempt and each preparation."""
        self.tally = Tally()
        self._plan = plan
        self._target = target
        self._begins = begins
        self._step = step
        self._known: dict[UUID, Told] = {}
        self._holding: list[UUID] = []

    async def prepare(self) -> None:
        """Make the bookings that are moved and cancelled first; they are remembered, and not counted."""

        async def one(attempt: Attempt) -> None:
            self._note(await self._target.book(attempt))
            self._step()

        try:
            await _by_workers(self._plan.connections, self._plan.preparations(self._begins), one)
        except* RefusedError as refused:
            code = next(str(error) for error in refused.exceptions)
            raise StressRefused(
                f"A booking that nobody is in the way of was refused: {code}. Nothing was attempted."
            ) from None

    async def carry_out(self) -> Tally:
        """Attempt everything and return what came of it."""
        began = perf_counter()
        await _by_workers(self._plan.concurrency, self._plan.all(self._begins), self._attempt)
        self.tally.seconds = perf_counter() - began
        return self.tally

    async def _attempt(self, attempt: Attempt) -> None:
        known = None if attempt.kind is Kind.BOOK else self._picked(attempt.pick)
        began = perf_counter()
        outcome = await self._outcome(attempt, known)
        self.tally.ms[attempt.kind][outcome].append((perf_counter() - began) * 1000)
        self._step()

    async def _outcome(self, attempt: Attempt, known: Told | None) -> str:
        try:
            if known is None:
                self._note(await self._target.book(attempt))
            elif attempt.kind is Kind.MOVE:
                self._note(await self._target.move(attempt, known))
            else:
                self._note(await self._target.cancel(attempt, known))
        except RefusedError as refused:
            if not refused.answered:
                self.tally.unanswered.append(known.id if known else None)
            return refused.code
        except Exception as error:
            # The run goes on and says at its end that the product broke, and how often.
            log.exception("an attempt failed", extra={"action": "stress_attempt", "kind": attempt.kind.value})
            self.tally.unanswered.append(known.id if known else None)
            self.tally.faults[type(error).__name__] += 1
            return f"fault: {type(error).__name__}"
        return YES

    def _note(self, told: Told) -> None:
        self.tally.told[told.id][told.version] = told
        before = self._known.get(told.id)
        if before is None:
            self._holding.append(told.id)
        if before is None or before.version < told.version:
            self._known[told.id] = told

    def _picked(self, pick: float) -> Told:
        """Return a booking that still holds its room as far as is known; any at all where there is none."""
        while self._holding:
            place = int(pick * len(self._holding)) % len(self._holding)
            known = self._known[self._holding[place]]
            if known.holds:
                return known
            self._holding[place] = self._holding[-1]
            self._holding.pop()
        return next(iter(self._known.values()))


async def _by_workers(count: int, attempts: Iterator[Attempt], carry_out: Callable[[Attempt], Awaitable[None]]) -> None:
    """Carry out everything by so many workers; the first that fails ends all."""

    async def worker() -> None:
        for attempt in attempts:
            await carry_out(attempt)

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(worker())
