"""Where our side of a row spends its processor time, by cProfile."""

from __future__ import annotations

import asyncio
import cProfile
import os
import pstats
import tempfile
from pathlib import Path

from rich.table import Table

from benchmarks.rows import Measure, Size
from benchmarks.sides import profiler
from bot import postgres

SHOWN = 25
# These are served by another process, which looks at itself.
SERVED = frozenset({"command", "api", "start"})
# Waits for others, and for nobody's processor.
_WAITING = ("select.epoll", "run_until_complete", "_thread.lock")


def profiled(name: str, measure: Measure, running: postgres.Server, size: Size) -> Table:
    """Measure a row under the profiler, and return its functions by their own share; waiting for others is left out."""
    looked_at = cProfile.Profile()
    with tempfile.TemporaryDirectory(prefix="bookroom-profile-") as folder:
        file = Path(folder) / "served"
        if name in SERVED:
            os.environ["BENCH_PROFILE"] = str(file)
        else:
            profiler.set(looked_at)
        try:
            asyncio.run(_once(measure, running, size))
        finally:
            os.environ.pop("BENCH_PROFILE", None)
        stats = pstats.Stats(str(file)) if name in SERVED else pstats.Stats(looked_at)
    return _shares(name, stats)


async def _once(measure: Measure, running: postgres.Server, size: Size) -> None:
    await measure(running, size)


def _shares(name: str, stats: pstats.Stats) -> Table:
    seen = stats.stats  # type: ignore[attr-defined]
    rows = [
        (calls, own, cumulated, where)
        for where, (_, calls, own, cumulated, _) in seen.items()
        if not any(word in where[2] for word in _WAITING)
    ]
    whole = sum(own for _, own, _, _ in rows) or 1.0
    made = Table(title=f"{name}: {whole:.2f} s of our side, under the profiler", title_justify="left")
    for head in ("own", "with what it calls", "calls", "function"):
        made.add_column(head, justify="left" if head == "function" else "right")
    for calls, own, cumulated, (file, line, function) in sorted(rows, key=lambda row: row[1], reverse=True)[:SHOWN]:
        at = f"{'/'.join(Path(file).parts[-2:])}:{line} {function}" if line else function
        made.add_row(f"{own / whole:.1%}", f"{min(1, cumulated / whole):.1%}", f"{calls:,}", at)
    return made
