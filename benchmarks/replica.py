"""Where reading goes while a copy of the database is well, stands still, is gone, and is back; and how often rooms are read.

`python -m benchmarks.replica [--quick] [--json]`: the product as `serve` runs it, on a real primary with a real standby;
programs book, read what they have booked with its token, and look at boards. Nobody may be failed by the copy.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from time import monotonic
from typing import Any

import aiohttp

from benchmarks import ground
from benchmarks.booking import slots
from benchmarks.command import served
from bot import postgres
from sandbox import company
from sandbox.server import Sandbox, serving
from tests.standby import Standby, standby_of

ROOMS, CLIENTS = 60, 4
SECONDS, QUICK_SECONDS = 10.0, 3.0
BOARDS_A_BOOKING = 3
NAME = "replica"
_COUNTED = re.compile(
    r'(bookroom_reads|bookroom_cache_lookups)_total\{(?:place|cache)="(\w+)",(?:why|outcome)="(\w+)"\} (\S+)'
)
_LAG = re.compile(r"^bookroom_replica_lag_(seconds|bytes) (\S+)$", re.MULTILINE)


@dataclass(kw_only=True)
class Phase:
    """What happened in one phase: requests by kind, where reading went and why, looks at rooms by outcome."""

    name: str
    seconds: float = 0.0
    booked: int = 0
    read: int = 0
    failed: int = 0
    missed: int = 0
    """Readings with a token that did not find what the token was given for."""
    reads: dict[str, int] = field(default_factory=dict)
    rooms: dict[str, int] = field(default_factory=dict)
    lag: dict[str, float] = field(default_factory=dict)

    @property
    def hits(self) -> float:
        """The share of looks at the rooms that read nothing."""
        return self.rooms.get("hit", 0) / max(1, sum(self.rooms.values()))


@dataclass(kw_only=True)
class Programs:
    """Programs that use one running product."""

    http: aiohttp.ClientSession
    root: str
    headers: dict[str, str]
    wishes: Any
    board: str
    numbers: Any = field(default_factory=count)

    async def work(self, phase: Phase, until: float) -> None:
        """Book, read that, and look at the board, again and again."""
        while monotonic() < until:
            room, slot = next(self.wishes)
            wish = {"start": slot.start.isoformat(), "end": slot.end.isoformat(), "roomId": str(room.id)}
            key = {"Idempotency-Key": f"{phase.name} {next(self.numbers)}"}
            made = await self._ask(phase, "POST", "/api/v1/bookings", {**self.headers, **key}, wish)
            if made is None:
                continue
            phase.booked += 1
            fresh = {**self.headers, "Bookroom-Consistency": made["Bookroom-Consistency"]}
            if await self._ask(phase, "GET", made["Location"], fresh) is None:
                phase.missed += 1
            for _ in range(BOARDS_A_BOOKING):
                await self._ask(phase, "GET", self.board, self.headers)

    async def _ask(
        self, phase: Phase, method: str, path: str, headers: dict[str, str], said: object = None
    ) -> dict[str, str] | None:
        async with self.http.request(method, self.root + path, json=said, headers=headers) as answer:
            await answer.read()
            phase.read += method == "GET"
            phase.failed += answer.status >= 400
            return dict(answer.headers) if answer.status < 400 else None

    async def figures(self) -> tuple[Counter[tuple[str, str]], Counter[str], dict[str, float]]:
        """Return what the product tells by now: reads by place and why, looks at rooms by outcome, and the lag."""
        async with self.http.get(f"{self.root}/metrics") as answer:
            told = await answer.text()
        reads: Counter[tuple[str, str]] = Counter()
        rooms: Counter[str] = Counter()
        for kind, first, second, value in _COUNTED.findall(told):
            if kind == "bookroom_reads":
                reads[first, second] += int(float(value))
            elif first == "catalogue":
                rooms[second] += int(float(value))
        return reads, rooms, {unit: float(value) for unit, value in _LAG.findall(told)}


async def measure(running: postgres.Server, *, seconds: float) -> list[Phase]:
    """Let programs work through all that can become of a copy."""
    url = ground.database(running, NAME)
    await ground.rooms(url, ROOMS)
    async with standby_of(running) as standby, _programs(running, url, standby) as programs:
        await asyncio.sleep(2.5)  # until the copy was looked at

        async def phase(name: str, change: Callable[[], Awaitable[None]] | None = None) -> Phase:
            made = Phase(name=name)
            before = await programs.figures()
            began = monotonic()
            working = [asyncio.create_task(programs.work(made, began + seconds)) for _ in range(CLIENTS)]
            if change:
                # In the middle of it.
                await asyncio.sleep(seconds / 4)
                await change()
            await asyncio.gather(*working)
            made.seconds = monotonic() - began
            reads, rooms, made.lag = await programs.figures()
            made.reads = {" ".join(where): number for where, number in sorted((reads - before[0]).items())}
            made.rooms = dict(sorted((rooms - before[1]).items()))
            return made

        return [
            await phase("well"),
            await phase("stands still", standby.pause),
            await phase("goes on", standby.resume),
            await phase("is killed", lambda: asyncio.to_thread(standby.kill)),
            await phase("comes back", lambda: _started(standby)),
        ]


async def _started(standby: Standby) -> None:
    standby.start()


@asynccontextmanager
async def _programs(running: postgres.Server, url: str, standby: Standby) -> AsyncIterator[Programs]:
    people = company.load()
    async with serving(Sandbox(people), port=0) as slack, aiohttp.ClientSession() as http:
        settings = {
            "slack_bot_token": people.tokens.bot,
            "slack_signing_secret": people.tokens.signing_secret,
            "slack_api_url": slack.api_url,
            "database_url": url,
            "database_worker_url": running.url(postgres.WORKER, NAME),
            "database_replica_url": standby.url(postgres.APP, NAME),
            "database_replica_lag_seconds": 1.0,
            "api_requests_per_minute": 0,
            "port": 0,
        }
        async with served(settings) as there:
            secret, catalogue = await ground.program(url)
            day = (datetime.now(UTC) + timedelta(days=1)).date()
            yield Programs(
                http=http,
                root=f"http://127.0.0.1:{there['product']}",
                headers={"Authorization": f"Bearer {secret}"},
                wishes=slots(catalogue.rooms),
                board=f"/api/v1/locations/{catalogue.locations[0].id}/day?day={day}",
            )


def said(phases: list[Phase]) -> str:
    """Return what was measured as a table of Markdown."""
    lines = ["| the replica | bookings | reads | failed | where they went | looks at the rooms that hit |"]
    lines.append("|---|---|---|---|---|---|")
    for one in phases:
        where = ", ".join(f"{name} {number}" for name, number in one.reads.items())
        hits = f"{one.hits:.2%} of {sum(one.rooms.values())}"
        lines.append(f"| {one.name} | {one.booked} | {one.read} | {one.failed} | {where} | {hits} |")
    lines.append(f"\nLoad {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {phases[0].seconds:.0f} s each.")
    return "\n".join(lines)


def main() -> None:
    """Measure and tell; fails where the copy has failed anybody."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replica", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three seconds for each phase")
    parser.add_argument("--json", action="store_true", help="as JSON")
    asked = parser.parse_args()
    with ground.server() as running:
        phases = asyncio.run(measure(running, seconds=QUICK_SECONDS if asked.quick else SECONDS))
    print(json.dumps([asdict(one) for one in phases], indent=2) if asked.json else said(phases))
    raise SystemExit(any(one.failed or one.missed for one in phases))


if __name__ == "__main__":
    main()
