"""A whole run against a target: prepared, carried out, judged."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from bot.stress.plan import Plan
from bot.stress.running import Run
from bot.stress.telling import Outcome
from bot.stress.told import Target
from bot.stress.verdict import judged


async def stressed(plan: Plan, target: Target, *, through: str, begins: datetime) -> Outcome:
    """Run the plan and return what came of it."""
    with _bar(plan.prepared + plan.attempts) as step:
        run = Run(plan, target, begins=begins, step=step)
        await run.prepare()
        tally = await run.carry_out()
    verdict = judged(tally, await target.stored(), await target.violations())
    return Outcome(plan=plan, through=through, tally=tally, figures=await target.figures(), verdict=verdict)


@contextmanager
def _bar(total: int) -> Iterator[Callable[[], None]]:
    """Draw a bar on stderr where somebody looks."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("Attempting", total=total)
        yield lambda: bar.advance(task)
