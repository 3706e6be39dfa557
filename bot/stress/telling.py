"""What a stress run says: before it begins, and what came of it, as a table, as JSON, and in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from bot.stress.plan import Kind, Plan
from bot.stress.running import YES, Tally
from bot.stress.told import Figures
from bot.stress.verdict import SHOWN, Verdict
from core.saying import counted


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """Everything that came of a run."""

    plan: Plan
    through: str
    tally: Tally
    figures: Figures
    verdict: Verdict

    def facts(self) -> dict[str, Any]:
        """Return it as JSON has it; times in milliseconds unless they say seconds."""
        tally, verdict = self.tally, self.verdict
        latencies = {kind.value: tally.latencies(kind) for kind in Kind if kind in tally.ms}
        return {
            "through": self.through,
            "plan": asdict(self.plan),
            "prepared": self.plan.prepared,
            "attempts": tally.attempts,
            "seconds": round(tally.seconds, 3),
            "per_second": round(tally.attempts / tally.seconds, 1) if tally.seconds else 0.0,
            "tally": tally.counted(),
            "latency_ms": {kind: {name: round(ms, 1) for name, ms in one.items()} for kind, one in latencies.items()},
            "deadlocks": self.figures.deadlocks,
            "rolled_back": self.figures.rolled_back,
            "tried_again": dict(self.figures.tried_again),
            "waited_for_the_limit": self.figures.waited,
            "yes": verdict.yes,
            "stored": verdict.stored,
            "lost": verdict.lost,
            "untold": verdict.untold,
            "overlaps": verdict.overlaps,
            "violations": [one.name for one in verdict.violations],
            "faults": dict(verdict.faults),
            "holds": verdict.holds,
            "sentence": sentence(self),
        }


def before(plan: Plan, through: str) -> Iterator[str]:
    """Say what is about to be done."""
    yield (
        f"About to attempt {plan.attempts:,} bookings, moves and cancellations through {through}: {plan.concurrency:,} at a "
        f"time over {counted(plan.connections, 'connection')}, in {counted(plan.rooms, 'room')} made for it. "
        f"{plan.overlap:.0%} aim at times that others want too; {plan.moves:.0%} move, {plan.cancels:.0%} cancel; "
        f"seed {plan.seed}."
    )


def sentence(outcome: Outcome) -> str:
    """Return whether it held, in a sentence."""
    verdict = outcome.verdict
    attempts = f"{outcome.tally.attempts:,} attempts"
    if verdict.holds:
        return (
            f"No double booking: of {attempts}, {verdict.yes:,} were granted and every one of them is stored as it was told;"
            " no two bookings hold one room at one moment."
        )
    found = {
        "double bookings": len(verdict.overlaps),
        "yes that are not stored as they were told": len(verdict.lost),
        "stored that nobody was told of": len(verdict.untold),
        "invariants that do not hold": len(verdict.violations),
        "faults": sum(verdict.faults.values()),
    }
    return (
        f"IT DID NOT HOLD after {attempts}: "
        + ", ".join(f"{count:,} {what}" for what, count in found.items() if count)
        + "."
    )


def lines(outcome: Outcome) -> Iterator[str]:
    """Return the tally as a table that Markdown understands too, then the figures, what is wrong, and the sentence."""
    tally, figures = outcome.tally, outcome.figures
    yield "| what | outcome | attempts | p50 ms | p95 ms | p99 ms | max ms |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for kind, outcomes in tally.counted().items():
        at = tally.latencies(Kind(kind))
        shown = " | ".join(f"{at[name]:,.0f}" for name in ("p50", "p95", "p99", "max"))
        yield f"| {kind} | all | {sum(outcomes.values()):,} | {shown} |"
        # A yes first: it is what one looks for.
        for name, count in sorted(outcomes.items(), key=lambda one: (one[0] != YES, -one[1])):
            yield f"| | {name} | {count:,} | | | | |"
    rate = tally.attempts / tally.seconds if tally.seconds else 0.0
    yield ""
    prepared = f"prepared before: {outcome.plan.prepared:,}"
    yield f"{tally.attempts:,} attempts in {tally.seconds:.1f} s, {rate:,.0f} a second; {prepared}."
    yield from _counted(figures)
    yield from _wrong(outcome.verdict)
    yield sentence(outcome)


def _counted(figures: Figures) -> Iterator[str]:
    if figures.deadlocks is not None:
        again = ", ".join(f"{why} {count}" for why, count in sorted(figures.tried_again.items())) or "none"
        deadlocks = counted(figures.deadlocks, "deadlock")
        yield (
            f"PostgreSQL counted {deadlocks} and {figures.rolled_back:,} transactions rolled back; "
            f"tried again by the core: {again}."
        )
    if figures.waited:
        yield (
            f"The API said {figures.waited:,} times that the token asked too much, and was asked again later: "
            "API_REQUESTS_PER_MINUTE=0 lifts that."
        )


def _wrong(verdict: Verdict) -> Iterator[str]:
    for found in (verdict.overlaps, verdict.lost, verdict.untold):
        yield from found[:SHOWN]
        if len(found) > SHOWN:
            yield f"... and {len(found) - SHOWN:,} more"
    for one in verdict.violations:
        yield f"{one.name}:"
        yield from ("  " + ", ".join(f"{name}={value}" for name, value in row.items()) for row in one.rows[:SHOWN])
    for name, count in verdict.faults.items():
        yield f"fault: {name}, {count} times"
