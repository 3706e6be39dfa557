"""A thousand open streams on the product as `serve` runs it: how soon the last hears of a booking, and what they cost.

The listeners and whoever books are another process, so that what is measured is one process's.
"""

from __future__ import annotations

import asyncio
import os
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import aiohttp

from benchmarks import ground
from benchmarks.command import served
from bot import postgres
from core.clock import SystemClock
from core.db import Database
from core.people import People, Profile
from core.tokens import Scope, Tokens
from sandbox import company
from sandbox.server import Sandbox, serving

STREAMS, EACH, ROUNDS, IDLE_SECONDS = 1000, 50, 20, 20.0
HOLD_SECONDS = 1.0
# So many come at the same moment.
BATCH = 100


@dataclass(kw_only=True)
class Measured:
    """What was measured: seconds from asking for a booking until the answer, the first and the last listener; bytes."""

    streams: int
    opening: float = 0.0
    closed: int = 0
    open: int = 0
    answered: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    idle: float = 0.0
    idle_before: float = 0.0
    stopping: float = 0.0


class Listeners:
    """Connections that listen; `heard` counts those that were told of a booking in this round."""

    def __init__(self, port: int, tokens: list[str]) -> None:
        self._port, self._tokens = port, tokens
        self._reading: list[asyncio.Task[None]] = []
        self.ready = self.heard = 0
        self.refused = ""
        self.first = self.last = 0.0
        self.everybody = asyncio.Event()

    def begin(self) -> None:
        """Begin a round."""
        self.heard = 0
        self.everybody.clear()

    async def open(self, count: int) -> None:
        """Open so many streams, in batches, and wait until each is ready."""
        for number in range(count):
            self._reading.append(asyncio.create_task(self._listen(self._tokens[number // EACH])))
            while number + 1 - self.ready >= BATCH:
                await self._wait()
        while self.ready < count:
            await self._wait()

    async def _wait(self) -> None:
        if self.refused:
            raise SystemExit(f"A stream was refused: {self.refused}. The machine is too busy.")
        await asyncio.sleep(0.005)

    async def ended(self) -> None:
        """Wait until all are over."""
        await asyncio.wait(self._reading)

    async def _listen(self, token: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        asked = f"GET /api/v1/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n"
        writer.write(asked.encode())
        if b" 200 " not in (status := await reader.readline()):
            self.refused = status.decode().strip()
            return
        while line := await reader.readline():
            if line == b"event: ready\n":
                self.ready += 1
            elif line == b"event: booking\n":
                self._count()
            elif line == b"event: gone\n":
                break
        writer.close()

    def _count(self) -> None:
        self.heard += 1
        now = perf_counter()
        self.first = now if self.heard == 1 else self.first
        if self.heard == self.ready:
            self.last = now
            self.everybody.set()


async def measure(
    running: postgres.Server, *, streams: int = STREAMS, rounds: int = ROUNDS, idle: float = IDLE_SECONDS
) -> Measured:
    """Open the streams, book so often, and watch the process."""
    name = f"streams_{streams}"
    url = ground.database(running, name)
    names = await ground.rooms(url, rounds + 1)
    made = Measured(streams=streams)
    async with _product(running, name, url) as (there, http):
        tokens = await _tokens(url, -(-streams // EACH))
        listeners = Listeners(there["product"], tokens)
        book = _booker(http, there["product"], tokens[0], await _ids(http, there["product"], tokens[0], names))
        await book()
        made.idle_before = await _idle(there["pid"], idle)
        made.closed = _resident(there["pid"])
        began = perf_counter()
        await listeners.open(streams)
        made.opening = perf_counter() - began
        made.open = _resident(there["pid"])
        for _ in range(rounds):
            await _round(made, listeners, book, there["pid"])
        made.idle = await _idle(there["pid"], idle)
        stopping = perf_counter()
    # The block's end has ended the process, and with it every stream.
    await listeners.ended()
    made.stopping = perf_counter() - stopping
    return made


async def _round(made: Measured, listeners: Listeners, book: Any, pid: int) -> None:
    listeners.begin()
    before, began = _cpu(pid), perf_counter()
    await book()
    made.answered.append(perf_counter() - began)
    await asyncio.wait_for(listeners.everybody.wait(), 30)
    made.first.append(listeners.first - began)
    made.last.append(listeners.last - began)
    await asyncio.sleep(0.3)
    made.cpu.append(_cpu(pid) - before)


@asynccontextmanager
async def _product(
    running: postgres.Server, name: str, url: str
) -> AsyncIterator[tuple[dict[str, int], aiohttp.ClientSession]]:
    people = company.load()
    async with serving(Sandbox(people), port=0) as slack, aiohttp.ClientSession() as http:
        settings = {
            "slack_bot_token": people.tokens.bot,
            "slack_signing_secret": people.tokens.signing_secret,
            "slack_api_url": slack.api_url,
            "database_url": url,
            "database_worker_url": running.url(postgres.WORKER, name),
            "port": 0,
        }
        async with served(settings) as there:
            yield there, http


async def _tokens(url: str, count: int) -> list[str]:
    db = Database(url)
    try:
        made, tokens = [], Tokens(db, SystemClock())
        for number in range(count):
            profile = Profile(slack_team_id="T1", slack_user_id=f"U{number:05}", name=f"Person {number}")
            person = await People(db).seen(profile)
            made.append((await tokens.make(person.id, name="bench", scopes=[Scope.BOOK]))[1])
        return made
    finally:
        await db.close()


async def _ids(http: aiohttp.ClientSession, port: int, token: str, names: list[str]) -> list[str]:
    headers = {"Authorization": f"Bearer {token}"}
    async with http.get(f"http://127.0.0.1:{port}/api/v1/rooms", params={"limit": 100}, headers=headers) as answer:
        said = await answer.json()
    return [room["id"] for room in next(value for value in said.values() if isinstance(value, list))][: len(names)]


def _booker(http: aiohttp.ClientSession, port: int, token: str, rooms: list[str]) -> Any:
    start = (SystemClock().now() + timedelta(days=2)).replace(hour=15, minute=0, second=0, microsecond=0)
    start += timedelta(days=(7 - start.weekday()) % 7)

    async def book() -> None:
        wish = {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat(), "roomId": rooms.pop()}
        where, headers = f"http://127.0.0.1:{port}/api/v1/bookings", {"Authorization": f"Bearer {token}"}
        async with http.post(where, json=wish, headers=headers) as answer:
            assert answer.status == 201, await answer.text()

    return book


async def _idle(pid: int, seconds: float) -> float:
    """Return how much of a core the process takes while nothing happens."""
    before = _cpu(pid)
    await asyncio.sleep(seconds)
    return (_cpu(pid) - before) / seconds


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def said(made: Measured) -> list[tuple[str, str]]:
    """Return what was measured as pairs of words."""
    ordered = sorted(made.last)
    return [
        ("open streams", f"{made.streams:,}, opened in {made.opening:.2f} s"),
        ("a booking is answered after", f"{statistics.median(made.answered) * 1000:.0f} ms (median)"),
        ("the first listener hears of it after", f"{statistics.median(made.first) * 1000:.0f} ms (median)"),
        ("the last after", f"{statistics.median(ordered) * 1000:.0f} ms (median), {ordered[-1] * 1000:.0f} ms (worst)"),
        ("CPU of a booking told to all", f"{statistics.median(made.cpu) * 1000:.0f} ms"),
        ("memory of a stream", f"{(made.open - made.closed) / made.streams / 1024:.1f} kB of {made.open / 2**20:.0f} MB"),
        ("CPU while nothing happens", f"{made.idle:.1%} of a core; without streams {made.idle_before:.1%}"),
        ("stopping, with all open", f"{made.stopping:.2f} s"),
        ("load of the machine", f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"),
    ]
