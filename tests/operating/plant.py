"""The whole product on a database of its own, with the sandbox as its Slack: for what operators see of it.

Nothing is a stand-in but Slack: the settings come from the environment, the clock is the machine's, `/metrics` is asked
over HTTP.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import aiohttp
import asyncpg
from prometheus_client.parser import text_string_to_metric_families

from bot import config
from bot.app import Bookroom
from core.db import DEFAULT_TENANT, Database
from handlers import slack_http
from handlers.requests import Sender
from sandbox import company
from sandbox.client import SandboxClient
from sandbox.server import Running, Sandbox, serving
from tests.handlers.firm import ANA, CHANNEL, _furnish

Figures = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]


def read(text: str) -> Figures:
    """Return every sample of a page of figures by its name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(figures: Figures, name: str, /, **labels: str) -> float:
    """Return the sum of the samples of this name that have these labels."""
    wanted = labels.items()
    return sum(value for (called, has), value in figures.items() if called == name and wanted <= dict(has).items())


@dataclass(kw_only=True)
class Plant:
    """The running product, and who uses and who looks after it."""

    product: Bookroom
    running: Running
    slack: SandboxClient
    urls: Any
    http: aiohttp.ClientSession

    @property
    def url(self) -> str:
        """Where the bot listens."""
        return f"http://127.0.0.1:{self.product.port}"

    async def text(self) -> str:
        """Return the page of figures."""
        async with self.http.get(self.url + "/metrics") as answer:
            assert answer.status == 200
            return await answer.text()

    async def figures(self) -> Figures:
        """Return all figures."""
        return read(await self.text())

    async def until(self, holds: Callable[[Figures], object], *, seconds: float = 20) -> Figures:
        """Wait until the figures are so, and return them."""
        async with asyncio.timeout(seconds):
            while not holds(seen := await self.figures()):  # noqa: ASYNC110 - what others will have done
                await asyncio.sleep(0.05)
        return seen

    async def say(self, text: str, *, user: str = ANA, channel: str = CHANNEL) -> dict[str, Any]:
        """Type a command and return its answer."""
        before = {message["ts"] for message in await self.slack.messages(user, channel)}
        answer = await self.slack.command(user, channel, text)
        assert answer["ok"], answer
        await self.product.edge.drain(10)
        new = [message for message in await self.slack.messages(user, channel) if message["ts"] not in before]
        return new[-1] if new else {}

    async def ask(
        self, method: str, path: str, token: str | None, body: Any = None, **headers: str
    ) -> tuple[int, Mapping[str, Any]]:
        """Ask the API; the status and what was answered."""
        known = {"Authorization": f"Bearer {token}"} if token else {}
        sent = io.BytesIO(json.dumps(body).encode()) if body is not None else None
        kind = {"Content-Type": "application/json"} if sent else {}
        async with self.http.request(
            method, f"{self.url}/api/v1{path}", data=sent, headers={**known, **kind, **headers}
        ) as answer:
            content = await answer.read()
            return answer.status, json.loads(content) if content and answer.content_type == "application/json" else {}

    async def subscribe(self, channel: str = CHANNEL) -> None:
        """Let a channel hear of what is booked in New York."""
        team = self.running.company.team.id
        services = self.product.services
        person = await services.directory.person(Sender(team_id=team, user_id=ANA), self.product.slack)
        place = next(one for one in (await services.catalogues.current()).locations if one.name == "New York")
        await services.subscriptions.save(
            None,
            team_id=team,
            channel_id=channel,
            location_id=place.id,
            room_id=None,
            kinds=("booked", "changed", "cancelled"),
            digest_at=None,
            zone="America/New_York",
            by=person.acting("slack"),
        )

    async def sql(self, statement: str, *values: object, role: str = "postgres") -> list[asyncpg.Record]:
        """Run a statement as a superuser who acts as `role`, for our tenant."""
        connection = await asyncpg.connect(self.urls.superuser_url)
        try:
            await connection.execute(f"SET ROLE {role}")
            await connection.execute("SELECT set_config('app.tenant', $1, false)", str(DEFAULT_TENANT))
            rows: list[asyncpg.Record] = await connection.fetch(statement, *values)
            return rows
        finally:
            await connection.close()


@asynccontextmanager
async def at_work(urls: Any, **environment: str) -> AsyncIterator[Plant]:
    """Run the product for a furnished firm; `environment` are settings beside those that it needs."""
    async with serving(Sandbox(company.load())) as running, SandboxClient(running.url) as slack:
        tokens = running.company.tokens
        ours = {
            "SLACK_BOT_TOKEN": tokens.bot,
            "SLACK_SIGNING_SECRET": tokens.signing_secret,
            "SLACK_API_URL": running.api_url,
            "DATABASE_URL": urls.app_url,
            "DATABASE_WORKER_URL": urls.worker_url,
            "PORT": "0",
            **environment,
        }
        furnishing = Database(urls.app_url)
        try:
            await _furnish(furnishing, empty=False)
        finally:
            await furnishing.close()
        with mock.patch.dict(os.environ, ours):
            product = Bookroom(config.load())
        try:
            await product.start()
            running.sandbox.parts.delivery.bot_url = f"http://127.0.0.1:{product.port}{slack_http.PATH}"
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
                yield Plant(product=product, running=running, slack=slack, urls=urls, http=http)
        finally:
            await product.stop()
