"""People who go on booking through the API of every bot that serves, and what they were told."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import aiohttp
import asyncpg

from core.clock import SystemClock
from core.db import Database as Core
from core.people import People, Profile
from core.rooms import Rooms, parse_csv
from core.tokens import Scope
from handlers.services import built
from tests.conftest import Database
from tests.upgrade.running import Bot

ROOMS = ("Apollo", "Zeus", "Hera", "Athena", "Hermes", "Artemis")
CSV = "name,capacity,location,zone\n" + "".join(f"{name},8,Berlin,Europe/Berlin\n" for name in ROOMS)
PAUSE_SECONDS = 0.05
TRIES = 5


@dataclass(kw_only=True)
class Traffic:
    """Who books, through which bots, and every yes that they got: ids of bookings. `answers` counts by bot and status."""

    http: aiohttp.ClientSession
    token: str
    rooms: list[str]
    bots: list[Bot] = field(default_factory=list)
    yes: list[str] = field(default_factory=list)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def book(self, *, over: int | None = None) -> int:
        """Book the next free slot, or the slot `over`, which is taken, at whichever bot is next; return which it was.

        A bot that is just going gets nobody any more: the next one is asked, under the same key.
        """
        number = next(self._numbers)
        slot = number if over is None else over
        tomorrow = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
        start = tomorrow + timedelta(hours=slot // len(self.rooms))
        wish = {
            "roomId": self.rooms[slot % len(self.rooms)],
            "start": start.isoformat(),
            "end": (start + timedelta(minutes=45)).isoformat(),
            "title": f"Meeting {number}",
        }
        key = {"Idempotency-Key": str(uuid4()), "Authorization": f"Bearer {self.token}"}
        for attempt in range(TRIES):
            serving = [bot for bot in self.bots if bot.serving]
            bot = serving[(number + attempt) % len(serving)]
            try:
                async with self.http.post(f"{bot.url}/api/v1/bookings", json=wish, headers=key) as response:
                    said = await response.json()
                    self.answers[bot.url, response.status] += 1
                    self._note(response.status, said, taken=over is not None)
                    return slot
            except aiohttp.ClientError:
                continue
        self.failures.append(f"no bot took {wish['title']}")
        return slot

    def _note(self, status: int, said: dict[str, str], *, taken: bool) -> None:
        if status == 201 and not taken:
            self.yes.append(said["id"])
        elif not (status == 409 and taken):
            self.failures.append(f"{status}: {said}")

    async def flow(self) -> None:
        """Book on and on; every fourth wants what was booked just before, and must not get it."""
        while True:
            slot = await self.book()
            if slot % 4 == 0:
                await self.book(over=slot)
            await asyncio.sleep(PAUSE_SECONDS)

    async def some(self, count: int) -> None:
        """Wait until so many more were booked."""
        wanted = len(self.yes) + count
        async with asyncio.timeout(60):
            while len(self.yes) < wanted:
                assert not self.failures, self.failures[:3]
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def flowing_through(self, *bots: Bot) -> AsyncIterator[None]:
        """Let two people book through the bots while the block runs; more may be added."""
        self.bots += bots
        flows = [asyncio.create_task(self.flow()) for _ in range(2)]
        try:
            yield
        finally:
            for flow in flows:
                flow.cancel()
            await asyncio.gather(*flows, return_exceptions=True)

    def served(self, bot: Bot) -> int:
        """Return how many bookings a bot has made."""
        return self.answers[bot.url, 201]


async def office(database: Database, http: aiohttp.ClientSession) -> Traffic:
    """Put rooms and a person with a token into a database."""
    db = Core(database.app_url, pool_size=2)
    try:
        services = built(db, SystemClock())
        person = await People(db).seen(Profile(slack_team_id="T1", slack_user_id="U1", name="ana"))
        await Rooms(db, services.catalogues).import_rows(parse_csv(CSV))
        services.catalogues.forget()
        _, token = await services.tokens.make(person.id, name="a script", scopes=[Scope.BOOK])
        catalogue = await services.catalogues.current()
        return Traffic(http=http, token=token, rooms=[str(room.id) for room in catalogue.rooms])
    finally:
        await db.close()


async def lost(database: Database, traffic: Traffic) -> set[str]:
    """Return what somebody was told is booked and is not in the database."""
    connection = await asyncpg.connect(database.superuser_url)
    try:
        there = await connection.fetch("SELECT id::text FROM bookings WHERE status = 'confirmed'")
    finally:
        await connection.close()
    return set(traffic.yes) - {row["id"] for row in there}
