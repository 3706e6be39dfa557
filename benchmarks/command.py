"""`/book room ...` over signed HTTP to the committed row and the reply, against a bare Bolt command that only acks.

Both are served by one process; the client is another.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from typing import Any
from urllib.parse import urlencode

import aiohttp

from benchmarks import ground
from benchmarks.sides import Side, in_turn
from bot import postgres
from core.clock import SystemClock
from handlers.slack_http import PATH
from sandbox import company
from sandbox.server import Sandbox, serving

CLIENTS = (1, 8)
ROOMS, ACTS, ROUNDS = 200, 240, 5
PEOPLE = ("U0ANA", "U0BEN", "U0CHLOE", "U0DEEPA")


async def compare(running: postgres.Server, *, acts: int = ACTS, rounds: int = ROUNDS) -> list[tuple[int, Side, Side]]:
    """Return, for each number of clients, the product's side and the bare one: so many acts in each of so many rounds.

    The bare side is Bolt as it comes, which looks for an acknowledgement every hundredth of a second; ours sends it when it
    is there. With one client that alone makes ours the faster one: processor times say more.
    """
    url = ground.database(running, "command")
    names = await ground.rooms(url, ROOMS)
    people = company.load()
    async with serving(Sandbox(people), port=0) as slack, aiohttp.ClientSession() as http:
        settings = {
            "slack_bot_token": people.tokens.bot,
            "slack_signing_secret": people.tokens.signing_secret,
            "slack_api_url": slack.api_url,
            "database_url": url,
            "database_worker_url": running.url(postgres.WORKER, "command"),
            "port": 0,
        }
        async with served(settings) as ports:
            sender = Sender(http, people)
            wishes = sentences(names)

            async def ours() -> None:
                reply = await sender.command(ports["product"], f"room {next(wishes)}")
                # Where the machine is too busy to answer within 1.5 s, the answer comes apart; what was waited for counts.
                assert not reply or "is yours" in reply, reply[:300]

            async def theirs() -> None:
                assert "ok" in await sender.command(ports["bare"], "room")

            done = []
            for clients in CLIENTS:
                product, bare = Side(name="/book room", act=ours), Side(name="bare ack", act=theirs)
                await in_turn(product, bare, acts=acts, clients=clients, rounds=rounds)
                done.append((clients, product, bare))
            return done


@asynccontextmanager
async def served(settings: dict[str, Any]) -> AsyncIterator[dict[str, int]]:
    """Run the process that is measured, as long as the block lasts; yield its ports and its process id."""
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", "benchmarks.serving", json.dumps(settings)]
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


class Sender:
    """Sends commands as Slack does, signed."""

    def __init__(self, http: aiohttp.ClientSession, people: company.Company) -> None:
        self._http, self._people, self._numbers = http, people, count(1)

    async def command(self, port: int, text: str) -> str:
        """Send a command and return the answer's body."""
        number = next(self._numbers)
        form = {
            "team_id": self._people.team.id,
            "user_id": PEOPLE[number % len(PEOPLE)],
            "channel_id": "C0GENERAL",
            "command": "/book",
            "text": text,
            "trigger_id": f"{number}.1.x",
            "response_url": "http://127.0.0.1:1/",
            "api_app_id": "A1",
        }
        body, stamp = urlencode(form).encode(), str(int(time.time()))
        key = self._people.tokens.signing_secret.encode()
        digest = hmac.new(key, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={digest}",
        }
        async with self._http.post(f"http://127.0.0.1:{port}{PATH}", data=body, headers=headers) as answer:
            said = await answer.text()
            assert answer.status == 200, said
            return said


def sentences(names: list[str]) -> Iterator[str]:
    """Give out wishes for free times, none twice; the times in turn, so that nobody asks for one again within a minute.

    By dates: "in 2 days" is another day at the rooms than for some of those who ask, at some hours, and then it is asked
    which one is meant.
    """
    today = SystemClock().now().date()
    for name in names:
        for ahead in range(2, 40):
            day = today + timedelta(days=ahead)
            for hour in range(9, 17):
                for minute in (0, 30):
                    yield f"{name} on {day.day} {day:%B} at {hour}:{minute:02d} for 30 minutes for 4"
