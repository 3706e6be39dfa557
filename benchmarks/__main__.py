"""`python -m benchmarks [booking|command|search|parse|figures|streams|api ...]`: everything, or what is named, as tables."""

from __future__ import annotations

import argparse
import asyncio
import statistics
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from benchmarks import api, booking, command, figures, ground, parsing, searching, streams
from benchmarks.sides import Side, ratios
from bot import postgres

NAMES = ("booking", "command", "search", "parse", "figures", "streams", "api")


def rates(title: str, rows: Iterable[tuple[int, Side, Side]], hold: float) -> Table:
    """Return our rate beside theirs: hold means at least so much of theirs."""
    table = Table(title=f"{title} (hold: at least {hold})", title_justify="left")
    for head in ("clients", "side", "per second", "p50 ms", "p99 ms", "ratio", "rounds"):
        table.add_column(head, justify="left" if head == "side" else "right")
    for clients, ours, theirs in rows:
        each = ratios(ours, theirs)
        spread = f"{min(each):.2f}-{max(each):.2f}"
        table.add_row(str(clients), *_row(ours), f"{statistics.median(each):.2f}", spread)
        table.add_row("", *_row(theirs), "", "")
    return table


def times(title: str, rows: Iterable[tuple[str, Side, Side]], hold: float) -> Table:
    """Return the times of many beside those of few: hold means at most so many times theirs."""
    table = Table(title=f"{title} (hold: p99 at most {hold} times, and under 50 ms)", title_justify="left")
    for head in ("wish", "side", "per second", "p50 ms", "p99 ms", "ratio of p99"):
        table.add_column(head, justify="left" if head in {"wish", "side"} else "right")
    for wish, many, few in rows:
        table.add_row(wish, *_row(many), f"{many.percentile(0.99) / few.percentile(0.99):.2f}")
        table.add_row("", *_row(few), "")
    return table


def _row(side: Side) -> tuple[str, str, str, str]:
    return side.name, f"{side.rate:.0f}", f"{side.percentile(0.5):.1f}", f"{side.percentile(0.99):.1f}"


def sentences() -> Table:
    """Return the median time of reading each sentence, and of all."""
    table = Table(title="reading a command (hold: median under 1 ms)", title_justify="left")
    table.add_column("sentence")
    table.add_column("median ms", justify="right")
    read = parsing.measure()
    for sentence, ms in read:
        table.add_row(sentence, f"{ms:.2f}")
    table.add_row("median of all", f"{statistics.median(ms for _, ms in read):.2f}")
    return table


def of_a_year(made: figures.Year) -> Table:
    """Return how long the figures of a whole year took."""
    table = Table(title=f"figures of a year (hold: under {figures.HOLD_SECONDS:.0f} s)", title_justify="left")
    table.add_column("what")
    table.add_column("", justify="right")
    for what, value in figures.said(made):
        table.add_row(what, value)
    return table


def of_streams(made: streams.Measured) -> Table:
    """Return how soon many listeners heard of a booking, and what they cost."""
    hold = streams.HOLD_SECONDS
    table = Table(title=f"streams of events (hold: the last hears of it within {hold:.0f} s)", title_justify="left")
    table.add_column("what")
    table.add_column("", justify="right")
    for what, value in streams.said(made):
        table.add_row(what, value)
    return table


def of_the_api(made: api.Measured) -> Table:
    """Return how long a booking over the API takes, and what polling costs."""
    hold = f"one client p50 {api.HOLD_P50:.0f} ms, p99 {api.HOLD_P99:.0f} ms; eight {api.HOLD_RATE:.0f}/s"
    table = Table(title=f"the API (hold: {hold})", title_justify="left")
    table.add_column("what")
    table.add_column("", justify="right")
    for what, value in api.said(made):
        table.add_row(what, value)
    return table


async def measured(names: Iterable[str], running: postgres.Server, console: Console) -> None:
    """Measure what is named and print it."""
    if "booking" in names:
        console.print(rates("core books / a transaction by hand", await booking.compare(running), 0.6))
    if "command" in names:
        console.print(rates("/book room / a bare Bolt ack", await command.compare(running), 0.5))
    if "search" in names:
        console.print(times("search", await searching.compare(running), 3))
    if "parse" in names:
        console.print(sentences())
    if "figures" in names:
        console.print(of_a_year(await figures.year(running)))
    if "streams" in names:
        console.print(of_streams(await streams.measure(running)))
    if "api" in names:
        console.print(of_the_api(await api.measure(running)))


def main() -> None:
    """Read the command line, and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Bookroom, both sides in one run.")
    parser.add_argument("what", nargs="*", help=f"one or more of: {', '.join(NAMES)}")
    asked = parser.parse_args().what
    if unknown := [name for name in asked if name not in NAMES]:
        parser.error(f"nothing is called {unknown[0]}; there are {', '.join(NAMES)}")
    with ground.server() as running:
        asyncio.run(measured(asked or NAMES, running, Console(width=110)))


if __name__ == "__main__":
    main()
