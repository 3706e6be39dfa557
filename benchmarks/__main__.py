"""`python -m benchmarks [row ...] [--quick] [--json [FILE]] [--profile ROW]`: all, or what is named."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks import api, booking, command, figures, ground, history, overlapping, parsing, searching, starting, streams
from benchmarks.profiling import profiled
from benchmarks.rows import Check, Measure, Report, Row, Size, of_rounds, share_of_rate, show
from benchmarks.sides import Side, profiler
from bot import postgres


async def _booking(running: postgres.Server, size: Size) -> list[Row]:
    made = await booking.compare(running, acts=size.of(booking.ACTS, 160), rounds=size.of(booking.ROUNDS, 3))
    return _rates("booking", "the core books, against a transaction of the same inserts by hand", made, 0.6)


async def _command(running: postgres.Server, size: Size) -> list[Row]:
    made = await command.compare(running, acts=size.of(command.ACTS, 80), rounds=size.of(command.ROUNDS, 3))
    return _rates("command", "/book room over signed HTTP, against a bare Bolt ack", made, 0.5)


def _rates(name: str, title: str, made: Sequence[tuple[int, Side, Side]], hold: float) -> list[Row]:
    return [
        Row(
            name=name,
            title=f"{title}, {_clients(clients)}",
            sides=[ours, theirs],
            checks=[share_of_rate(ours, theirs, hold)],
        )
        for clients, ours, theirs in made
    ]


def _clients(count: int) -> str:
    return f"{count} client{'s' if count > 1 else ''}"


async def _api(running: postgres.Server, size: Size) -> list[Row]:
    acts, rounds, polls = size.of(api.ACTS, 160), size.of(api.ROUNDS, 2), size.of(api.POLLS, 200)
    made = await api.measure(running, acts=acts, rounds=rounds, polls=polls)
    one, eight = (side for _, side in made.booked)
    few = [
        of_rounds("p50", one.rounds(0.5), api.HOLD_P50, unit=" ms"),
        of_rounds("p99", one.rounds(0.99), api.HOLD_P99, unit=" ms"),
    ]
    polled = [Check(what=f"304 of {each.what}, p50", value=statistics.median(each.same), unit=" ms") for each in made.polled]
    return [
        Row(name="api", title="a booking over the API, 1 client", sides=[one], checks=few),
        Row(
            name="api",
            title="a booking over the API, 8 clients",
            sides=[eight],
            checks=[of_rounds("bookings per second", eight.rates, api.HOLD_RATE, least=True), *polled],
        ),
    ]


async def _overlapping(running: postgres.Server, size: Size) -> list[Row]:
    return [await overlapping.compare(running, size)]


async def _history(running: postgres.Server, size: Size) -> list[Row]:
    return [await history.compare(running, size)]


async def _parse(_running: postgres.Server, _size: Size) -> list[Row]:
    profile = profiler.get()
    read = profile.runcall(parsing.measure) if profile else parsing.measure()
    median = statistics.median(ms for _, ms in read)
    spread = (min(ms for _, ms in read), max(ms for _, ms in read))
    check = Check(what="median of eight sentences", value=median, limit=1.0, unit=" ms", spread=spread)
    return [Row(name="parse", title="reading a command", checks=[check])]


async def _start(running: postgres.Server, size: Size) -> list[Row]:
    named = os.environ.get("BENCH_PROFILE")
    return [await starting.measure(running, size, profile=Path(named) if named else None)]


async def _figures(running: postgres.Server, size: Size) -> list[Row]:
    made = await figures.year(running, rounds=size.of(figures.ROUNDS, 3))
    check = of_rounds("all figures", made.seconds, figures.HOLD_SECONDS, unit=" s")
    return [Row(name="figures", title=f"the figures of a year, {made.bookings:,} bookings", checks=[check])]


async def _streams(running: postgres.Server, _size: Size) -> list[Row]:
    made = await streams.measure(running)
    check = of_rounds("the last listener hears", made.last, streams.HOLD_SECONDS, unit=" s")
    return [Row(name="streams", title=f"{made.streams:,} open streams", checks=[check])]


# In the order in which they are measured: what a noisy neighbour disturbs most comes before the large fillings.
ROWS: Mapping[str, Measure] = {
    "booking": _booking,
    "command": _command,
    "api": _api,
    "overlapping": _overlapping,
    "history": _history,
    "search": searching.compare,
    "parse": _parse,
    "start": _start,
}
# Measured where they are named: no rows of what is to hold, but of what was promised beside.
MORE: Mapping[str, Measure] = {"figures": _figures, "streams": _streams}
EVERY: Mapping[str, Measure] = {**ROWS, **MORE}


async def measured(names: Sequence[str], running: postgres.Server, report: Report, log: Console) -> None:
    """Measure what is named, one after the other, into the report."""
    report.postgres = await ground.version(running)
    for name in names:
        log.print(f"measuring {name} ...", style="dim")
        report.rows += await EVERY[name](running, report.size)


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bookroom bench", description="Measure Bookroom, both sides in one run.")
    parser.add_argument("rows", nargs="*", help=f"one or more of: {', '.join(EVERY)}; the first eight where none is named")
    parser.add_argument("--quick", action="store_true", help="every row with less data, within 50 s on a quiet machine")
    parser.add_argument("--archived", type=int, metavar="N", help="so many archived bookings (5000000; 100000 with --quick)")
    parser.add_argument("--json", nargs="?", const="-", metavar="FILE", help="as JSON, to the standard output or a file")
    parser.add_argument("--profile", metavar="ROW", help="where our side of a row spends its time")
    asked = parser.parse_args(arguments)
    for name in [*asked.rows, *([asked.profile] if asked.profile else [])]:
        if name not in EVERY:
            parser.error(f"nothing is called {name}; there are {', '.join(EVERY)}")
    return asked


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the arguments (the command line's, if None) say; 1 where something that is to hold was missed."""
    asked = _read(arguments)
    archived = asked.archived or (100_000 if asked.quick else Size.archived)
    report = Report(size=Size(quick=asked.quick, archived=archived))
    people, log = Console(width=120, highlight=False), Console(stderr=True, highlight=False)
    if asked.quick:
        log.print("The quick form: less data and fewer rounds than what is to hold is about.", style="dim")
    with ground.server() as running:
        if asked.profile:
            people.print(profiled(asked.profile, EVERY[asked.profile], running, report.size))
            return 0
        asyncio.run(measured(asked.rows or list(ROWS), running, report, log))
    dumped = report.dump()
    if asked.json == "-":
        print(json.dumps(dumped, indent=2))
    else:
        show(report, people)
        if asked.json:
            Path(asked.json).write_text(json.dumps(dumped, indent=2) + "\n", encoding="utf-8")
    return 1 if dumped["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
