"""From Socket Mode to HTTP with two replicas, while people book: as docs/operating.md tells it, and nothing is lost."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import asyncpg
import pytest

from bot.app import Bookroom
from handlers import slack_http
from sandbox.client import SandboxClient
from sandbox.server import Running
from sandbox.server import serving as sandbox
from tests.conftest import Database
from tests.upgrade import traffic
from tests.upgrade.running import within

WANTED = 8


class People:
    """Who book by command, one after the other, and what they were told; nobody is told twice or not at all."""

    def __init__(self, slack: SandboxClient, running: Running) -> None:
        self._slack, self._delivery = slack, running.sandbox.parts.delivery
        self._numbers = itertools.count()
        self.by_http: list[Bookroom] = []
        self.told: list[str] = []
        self.repeated: list[str] = []

    async def book(self) -> None:
        """Book the next free time; over HTTP each replica is asked in turn, as by a proxy."""
        number = next(self._numbers)
        hour, room = 8 + number // len(traffic.ROOMS), traffic.ROOMS[number % len(traffic.ROOMS)]
        day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
        sentence = f"/book {room} {day} {hour}:00-{hour}:30"
        said = await self._command(sentence, number)
        if not said["ok"]:
            # Slack had handed it to the socket that it then let go, and says that nobody answered: one types it again.
            self.repeated.append(str(said["error"]))
            said = await self._command(sentence, number)
        assert said["ok"], said
        self.told.append(said["response"]["text"])
        assert room in self.told[-1], self.told[-1]

    async def _command(self, sentence: str, number: int) -> Any:
        if self.by_http:
            port = self.by_http[number % len(self.by_http)].port
            self._delivery.bot_url = f"http://127.0.0.1:{port}{slack_http.PATH}"
        return await self._slack.command("U0ANA", "C0GENERAL", sentence)

    async def go_on(self, ended: asyncio.Event) -> None:
        """Book until it is over."""
        while not ended.is_set():
            await self.book()

    async def some(self, booking: asyncio.Task[None], count: int = WANTED) -> None:
        """Wait until so many more were answered, or somebody was not."""
        wanted = len(self.told) + count
        while len(self.told) < wanted:
            if booking.done():
                await booking
            await asyncio.sleep(0.01)


async def test_commands_go_on_while_slack_turns_from_the_socket_to_two_replicas_by_http(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sandbox() as running, SandboxClient(running.url) as slack, aiohttp.ClientSession() as http:
        await traffic.office(database, http)
        people, ended = People(slack, running), asyncio.Event()
        async with (
            within(database, running, monkeypatch) as one,
            within(database, running, monkeypatch) as other,
        ):
            async with within(database, running, monkeypatch, socket=True) as by_socket:
                assert by_socket.socket is not None
                while not await by_socket.socket.connected():  # noqa: ASYNC110 - only asking tells
                    await asyncio.sleep(0.01)
                booking = asyncio.create_task(people.go_on(ended))
                await people.some(booking)
                # On the app's page Socket Mode is turned off: Slack lets the socket go and gives no other.
                people.by_http = [one, other]
                refused = {"method": "apps.connections.open", "times": None, "error": "not_allowed_token_type"}
                await slack.faults(fail_next=refused, disconnect="link_disabled")
                await people.some(booking)
            # The one that heard by the socket has gone.
            await people.some(booking)
            ended.set()
            await booking
        carried = [(one["transport"], one["status"]) for one in running.log() if one["kind"] == "delivery"]
        assert {transport for transport, _ in carried} == {"socket", "http"}
    assert people.repeated in ([], ["operation_timeout"])
    connection = await asyncpg.connect(database.superuser_url)
    assert await connection.fetchval("SELECT count(*) FROM bookings WHERE status = 'confirmed'") == len(people.told)
    await connection.close()
