"""The API over HTTP to the product as `serve` runs it: a booking by one client and by eight, and what is polled.

Whoever asks is another process than the one that is measured.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from time import perf_counter
from typing import Any

import aiohttp

from benchmarks import ground
from benchmarks.booking import slots
from benchmarks.command import served
from benchmarks.sides import Side, measured
from bot import postgres
from sandbox import company
from sandbox.server import Sandbox, serving

CLIENTS = (1, 8)
ROOMS, ACTS, ROUNDS = 60, 400, 3
POLLS, POLLS_A_BOOKING = 2000, 40
# Of one client: a booking's median and its slowest in a hundred, in milliseconds. Of eight: bookings in a second.
HOLD_P50, HOLD_P99, HOLD_RATE = 5.0, 15.0, 470.0


@dataclass(kw_only=True)
class Polled:
    """What came of polling one address: milliseconds of the answers that were new, and of those that were not."""

    what: str
    new: list[float] = field(default_factory=list)
    same: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The share of answers that said that nothing had changed."""
        return len(self.same) / max(1, len(self.same) + len(self.new))


@dataclass(kw_only=True)
class Measured:
    """Bookings by number of clients, and what was polled."""

    booked: list[tuple[int, Side]] = field(default_factory=list)
    polled: list[Polled] = field(default_factory=list)


@dataclass(kw_only=True)
class Client:
    """Somebody with a token. `day` is one that bookings fall on."""

    http: aiohttp.ClientSession
    url: str
    headers: dict[str, str]
    wishes: Any
    day: str
    place: str
    numbers: Any = field(default_factory=count)

    async def book(self) -> None:
        """Book the next free half hour."""
        room, slot = next(self.wishes)
        said = {"start": slot.start.isoformat(), "end": slot.end.isoformat(), "roomId": str(room.id), "title": "Weekly"}
        headers = {**self.headers, "Idempotency-Key": f"bench {next(self.numbers)}"}
        async with self.http.post(f"{self.url}/bookings", json=said, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            await answer.read()

    async def poll(self, polled: Polled, path: str, etag: str | None) -> str:
        """Ask for an address again, and return the tag of its state."""
        headers = {**self.headers, "If-None-Match": etag} if etag else self.headers
        began = perf_counter()
        async with self.http.get(self.url + path, headers=headers) as answer:
            await answer.read()
            assert answer.status in {200, 304}, answer.status
            took = (perf_counter() - began) * 1000
            (polled.same if answer.status == 304 else polled.new).append(took)
            return answer.headers["ETag"]


async def measure(running: postgres.Server, *, acts: int = ACTS, rounds: int = ROUNDS, polls: int = POLLS) -> Measured:
    """Book by one client and by several, so often in each of so many rounds, then poll so often while bookings come in."""
    made = Measured()
    async with _client(running) as client:
        for clients in CLIENTS:
            side = Side(name="POST /bookings", act=client.book)
            await measured(side, acts=acts, clients=clients)
            side.ms.clear()
            side.rates.clear()
            for _ in range(rounds):
                await measured(side, acts=acts, clients=clients)
            made.booked.append((clients, side))
        board = f"/locations/{client.place}/day?day={client.day}"
        made.polled.append(await _polled(client, "the board of a day with 60 rooms", board, client.book, polls))
        made.polled.append(await _polled(client, "its rooms", "/rooms?limit=100", client.book, polls))
    return made


async def _polled(client: Client, what: str, path: str, disturb: Callable[[], Awaitable[None]], polls: int) -> Polled:
    polled, etag = Polled(what=what), None
    for number in range(polls):
        if number % POLLS_A_BOOKING == 0:
            await disturb()
        etag = await client.poll(polled, path, etag)
    return polled


@asynccontextmanager
async def _client(running: postgres.Server) -> AsyncIterator[Client]:
    url = ground.database(running, "api")
    await ground.rooms(url, ROOMS)
    people = company.load()
    async with serving(Sandbox(people), port=0) as slack, aiohttp.ClientSession() as http:
        settings = {
            "slack_bot_token": people.tokens.bot,
            "slack_signing_secret": people.tokens.signing_secret,
            "slack_api_url": slack.api_url,
            "database_url": url,
            "database_worker_url": running.url(postgres.WORKER, "api"),
            "api_requests_per_minute": 0,
            "port": 0,
        }
        async with served(settings) as there:
            secret, catalogue = await ground.program(url)
            wishes = slots(catalogue.rooms)
            # Far enough ahead that the bookings of the last part fall on it: they follow each other.
            booked = (len(CLIENTS) * (ROUNDS + 1) * ACTS) // (48 * ROOMS)
            yield Client(
                http=http,
                url=f"http://127.0.0.1:{there['product']}/api/v1",
                headers={"Authorization": f"Bearer {secret}"},
                wishes=wishes,
                day=_day(1 + booked),
                place=str(catalogue.locations[0].id),
            )


def _day(ahead: int) -> str:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return datetime.fromtimestamp(midnight.timestamp() + ahead * 86400, UTC).date().isoformat()


def percentile(values: list[float], share: float) -> float:
    """Return the value below which this share of them lies; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def said(made: Measured) -> list[tuple[str, str]]:
    """Return what was measured as pairs of words."""
    rows = []
    for clients, side in made.booked:
        times = f"p50 {side.percentile(0.5):.1f} ms, p99 {side.percentile(0.99):.1f} ms, {side.rate:.0f}/s"
        rows.append((f"a booking, {clients} client{'s' if clients > 1 else ''}", times))
    for one in made.polled:
        same = f"p50 {percentile(one.same, 0.5):.1f} ms, p99 {percentile(one.same, 0.99):.1f} ms"
        rows.append((f"polling {one.what}", f"{one.share:.1%} are 304: {same}"))
        rows.append(("  where it is new", f"p50 {percentile(one.new, 0.5):.1f} ms ({len(one.new)} times)"))
    rows.append(("load of the machine", f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"))
    return rows
