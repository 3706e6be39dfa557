"""What a benchmark says: rows of two sides with what is to hold, as tables for people and as JSON for machines."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.sides import Side, ratios
from bot import postgres

PACKAGES = ("asyncpg", "SQLAlchemy", "slack-bolt", "aiohttp", "uvloop", "dateparser")


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured: `quick` is all rows with less data and fewer rounds; so many bookings are archived."""

    quick: bool = False
    archived: int = 5_000_000

    def of(self, full: int, quick: int) -> int:
        """Return the one that is meant."""
        return quick if self.quick else full


@dataclass(frozen=True, kw_only=True)
class Check:
    """A figure and what it has to keep: at least its limit where `least`, else at most. `spread` are the rounds' ends."""

    what: str
    value: float
    limit: float | None = None
    unit: str = ""
    least: bool = False
    spread: tuple[float, float] | None = None

    @property
    def kept(self) -> bool | None:
        """Whether the limit is kept; None where there is none."""
        if self.limit is None:
            return None
        return self.value >= self.limit if self.least else self.value <= self.limit


@dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison: our side first, then the one it is held against, if there is one, and what came of it."""

    name: str
    title: str
    sides: Sequence[Side] = ()
    checks: Sequence[Check] = ()
    note: str = ""


@dataclass(kw_only=True)
class Report:
    """All that was measured, and on what."""

    size: Size
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    load_before: tuple[float, ...] = field(default_factory=os.getloadavg)
    rows: list[Row] = field(default_factory=list)
    postgres: str = ""

    def machine(self) -> dict[str, Any]:
        """Return what the figures depend on."""
        return {
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "postgres": self.postgres,
            "packages": {name: version(name) for name in PACKAGES},
            "load_before": [round(one, 2) for one in self.load_before],
            "load_after": [round(one, 2) for one in os.getloadavg()],
        }

    def dump(self) -> dict[str, Any]:
        """Return everything as JSON holds it; times in milliseconds, rates per second."""
        return {
            "began": self.began.isoformat(timespec="seconds"),
            "seconds": round((datetime.now(UTC) - self.began).total_seconds(), 1),
            "form": "quick" if self.size.quick else "full",
            "archived": self.size.archived,
            "machine": self.machine(),
            "rows": [_dumped(row) for row in self.rows],
            "missed": [f"{row.name}: {check.what}" for row in self.rows for check in row.checks if check.kept is False],
        }


def _dumped(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "title": row.title,
        "note": row.note,
        "sides": [
            {
                "name": side.name,
                "per_second": round(side.rate, 2),
                "rounds_per_second": [round(rate, 2) for rate in side.rates],
                "p50_ms": round(side.percentile(0.5), 3),
                "p99_ms": round(side.percentile(0.99), 3),
                "acts": len(side.ms),
            }
            for side in row.sides
        ],
        "checks": [
            {
                "what": check.what,
                "value": round(check.value, 4),
                "unit": check.unit,
                "spread": check.spread and [round(end, 4) for end in check.spread],
                "limit": check.limit,
                "at": "least" if check.least else "most",
                "kept": check.kept,
            }
            for check in row.checks
        ],
    }


Measure = Callable[[postgres.Server, Size], Awaitable[list[Row]]]


def share_of_rate(ours: Side, theirs: Side, limit: float) -> Check:
    """Return our rate as a share of theirs, which has to be at least the limit."""
    return of_rounds("our rate / theirs", ratios(ours, theirs), limit, least=True)


def of_rounds(what: str, each: Sequence[float], limit: float | None, *, least: bool = False, unit: str = "") -> Check:
    """Return the median of the rounds with its spread."""
    spread = (min(each), max(each))
    return Check(what=what, value=statistics.median(each), limit=limit, unit=unit, least=least, spread=spread)


def table(row: Row) -> Table:
    """Return a row as people read it."""
    made = Table(title=row.title + (f" - {row.note}" if row.note else ""), title_justify="left", title_style="bold")
    for head in ("", "per second", "p50 ms", "p99 ms"):
        made.add_column(head, justify="right" if head else "left")
    for side in row.sides:
        made.add_row(side.name, f"{side.rate:,.0f}", f"{side.percentile(0.5):.2f}", f"{side.percentile(0.99):.2f}")
    return made


def verdicts(rows: Sequence[Row]) -> Table:
    """Return what is to hold, and whether it does."""
    made = Table(title="What is to hold", title_justify="left", title_style="bold")
    for head in ("row", "figure", "measured", "rounds", "hold", ""):
        made.add_column(head, justify="right" if head in {"measured", "rounds", "hold"} else "left", overflow="fold")
    for row in rows:
        for number, check in enumerate(row.checks):
            spread = f"{_said(check.spread[0])}-{_said(check.spread[1])}" if check.spread else ""
            sign = "≥" if check.least else "≤"
            hold = f"{sign} {_said(check.limit)}{check.unit}" if check.limit is not None else ""
            kept = {True: "[green]kept[/]", False: "[red]missed[/]", None: ""}[check.kept]
            made.add_row("" if number else row.name, check.what, f"{_said(check.value)}{check.unit}", spread, hold, kept)
    return made


def _said(value: float) -> str:
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def show(report: Report, console: Console) -> None:
    """Print everything."""
    for row in report.rows:
        if row.sides:
            console.print(table(row))
    console.print(verdicts(report.rows))
    there = report.machine()
    before, after = there["load_before"][0], there["load_after"][0]
    console.print(
        f"{there['cores']} cores, load {before:.1f} before and {after:.1f} after; Python {there['python']},"
        f" PostgreSQL {there['postgres']}. Only ratios say something of another machine."
    )
