"""`python -m benchmarks.growth [curve ...] [--quick] [--into docs/growth] [--draw]`: how things go as an office grows.

Each curve is measured with all its points in turn, so that whatever else the machine does meets them alike. The numbers go
into `growth.json`, the plots beside it; `--draw` draws again what was measured before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console

from benchmarks import api, ground, history, searching, streams
from benchmarks.booking import slots
from benchmarks.command import served
from benchmarks.plots import draw
from benchmarks.sides import Side, in_turn
from bot import postgres
from core.bookings import Bookings
from core.catalogue import Catalogues
from core.clock import SystemClock
from core.db import Database
from core.search import Search
from sandbox import company
from sandbox.server import Sandbox, serving

ACTS, ROUNDS = 60, 5
Curve = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Extent:
    """The points of each curve."""

    bookings: Sequence[int] = (5_000, 50_000, 100_000, 200_000)
    rooms: Sequence[int] = (50, 200, 500, 1000, 2000)
    history: Sequence[int] = (0, 100_000, 500_000, 2_000_000)
    replicas: Sequence[int] = (1, 2, 3, 4)
    streams: Sequence[int] = (50, 200, 500, 1000)
    rounds: int = ROUNDS


QUICK = Extent(
    bookings=(2_000, 10_000, 50_000),
    rooms=(50, 200, 500),
    history=(0, 20_000, 100_000),
    replicas=(1, 2),
    streams=(20, 100),
    rounds=2,
)


def _curve(xs: Sequence[int], lines: dict[str, Sequence[Side]]) -> Curve:
    """Return the milliseconds of each line at each point: the median and the slowest in a hundred."""
    return {
        "x": list(xs),
        "lines": {
            name: {
                "p50": [round(side.percentile(0.5), 3) for side in sides],
                "p99": [round(side.percentile(0.99), 3) for side in sides],
            }
            for name, sides in lines.items()
        },
    }


async def of_bookings(running: postgres.Server, extent: Extent) -> Curve:
    """Measure booking and searching among more and more bookings ahead, in 200 rooms."""
    firms = [await searching.filled(running, f"ahead_{n}", 200, n // 200) for n in extent.bookings]
    searches, books = await _both(firms, extent)
    return _curve([await firm.bookings() for firm in firms], {"booking a room": books, "a page of the search": searches})


async def of_rooms(running: postgres.Server, extent: Extent) -> Curve:
    """Measure booking and searching in more and more rooms, with 50 bookings ahead in each."""
    firms = [await searching.filled(running, f"rooms_{n}", n, 50) for n in extent.rooms]
    searches, books = await _both(firms, extent)
    return _curve(extent.rooms, {"booking a room": books, "a page of the search": searches})


async def _both(firms: Sequence[searching.Firm], extent: Extent) -> tuple[list[Side], list[Side]]:
    searches = [Side(name="search", act=firm.asking({})) for firm in firms]
    books = [await _booking(firm.db) for firm in firms]
    await in_turn(*searches, acts=ACTS, clients=1, rounds=extent.rounds)
    await in_turn(*books, acts=ACTS, clients=1, rounds=extent.rounds)
    for firm in firms:
        await firm.db.close()
    return searches, books


async def _booking(db: Database) -> Side:
    catalogues, clock = Catalogues(db), SystemClock()
    # Behind the days that are full already.
    return await history.booking(
        db, catalogues, Bookings(db, catalogues, Search(db, catalogues, clock), clock), first_day=63
    )


async def of_history(running: postgres.Server, extent: Extent) -> Curve:
    """Measure booking and searching beside more and more archived bookings, in 200 rooms with 50 ahead in each."""
    firms = []
    for n in extent.history:
        firms.append(await searching.filled(running, f"past_{n}", 200, 50))
        if n:
            await history.archive(running, f"past_{n}", n)
    searches, books = await _both(firms, extent)
    return _curve(extent.history, {"booking a room": books, "a page of the search": searches})


async def of_replicas(running: postgres.Server, extent: Extent) -> Curve:
    """Measure bookings a second over the API by 16 clients, shared by more and more processes of the bot."""
    url = ground.database(running, "replicas")
    await ground.rooms(url, api.ROOMS)
    secret, catalogue = await ground.program(url)
    people, wishes = company.load(), slots(catalogue.rooms)
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(serving(Sandbox(people), port=0))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        settings = {
            "slack_bot_token": people.tokens.bot,
            "slack_signing_secret": people.tokens.signing_secret,
            "slack_api_url": slack.api_url,
            "database_url": url,
            "database_worker_url": running.url(postgres.WORKER, "replicas"),
            "api_requests_per_minute": 0,
            "port": 0,
        }
        ports = [(await stack.enter_async_context(served(settings)))["product"] for _ in range(max(extent.replicas))]
        clients = [
            api.Client(
                http=http,
                url=f"http://127.0.0.1:{port}/api/v1",
                headers={"Authorization": f"Bearer {secret}"},
                wishes=wishes,
                day="",
                place="",
            )
            for port in ports
        ]
        for client in clients[1:]:
            client.numbers = clients[0].numbers
        sides = [Side(name=f"{n}", act=_shared(clients[:n])) for n in extent.replicas]
        await in_turn(*sides, acts=320, clients=16, rounds=extent.rounds)
    curve = _curve(extent.replicas, {"a booking over the API, 16 clients": sides})
    curve["lines"] = {
        "bookings a second, 16 clients": {
            "p50": [round(side.rate, 1) for side in sides],
            "low": [round(min(side.rates), 1) for side in sides],
            "high": [round(max(side.rates), 1) for side in sides],
        }
    }
    return curve


def _shared(clients: Sequence[api.Client]) -> Callable[[], Awaitable[None]]:
    each = cycle(clients)
    return lambda: next(each).book()


async def of_streams(running: postgres.Server, extent: Extent) -> Curve:
    """Measure how soon a booking is answered and the last of more and more listeners has heard of it."""
    made = [await streams.measure(running, streams=n, rounds=4 * extent.rounds, idle=0.1) for n in extent.streams]

    def line(each: Sequence[Sequence[float]]) -> dict[str, list[float]]:
        return {
            "p50": [round(statistics.median(times) * 1000, 2) for times in each],
            "p99": [round(max(times) * 1000, 2) for times in each],
        }

    return {
        "x": list(extent.streams),
        "lines": {
            "the booking is answered": line([one.answered for one in made]),
            "the last listener has heard": line([one.last for one in made]),
        },
        "kb_a_stream": [round((one.open - one.closed) / one.streams / 1024, 1) for one in made],
    }


CURVES: dict[str, Callable[[postgres.Server, Extent], Awaitable[Curve]]] = {
    "bookings": of_bookings,
    "rooms": of_rooms,
    "history": of_history,
    "replicas": of_replicas,
    "streams": of_streams,
}


async def _measured(name: str, running: postgres.Server, extent: Extent) -> Curve:
    before = os.getloadavg()[0]
    curve = await CURVES[name](running, extent)
    return {**curve, "load": [round(before, 1), round(os.getloadavg()[0], 1)]}


def main() -> None:
    """Measure the curves that are named, or all, and draw them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("curves", nargs="*", help=f"one or more of: {', '.join(CURVES)}")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller points")
    parser.add_argument("--into", type=Path, default=Path("docs/growth"), metavar="FOLDER")
    parser.add_argument("--draw", action="store_true", help="draw what was measured before, and measure nothing")
    asked = parser.parse_args()
    if unknown := [name for name in asked.curves if name not in CURVES]:
        parser.error(f"nothing is called {unknown[0]}; there are {', '.join(CURVES)}")
    asked.into.mkdir(parents=True, exist_ok=True)
    kept = asked.into / "growth.json"
    known: dict[str, Curve] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    log = Console(stderr=True)
    for name in [] if asked.draw else asked.curves or CURVES:
        log.print(f"measuring {name} ...", style="dim")
        # A server for each: what one leaves behind is not in the other's way, and is gone before the next is filled.
        with ground.server() as running:
            known[name] = asyncio.run(_measured(name, running, QUICK if asked.quick else Extent()))
        kept.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    for name, curve in known.items():
        draw(name, curve, asked.into / f"{name}.svg")


if __name__ == "__main__":
    main()
