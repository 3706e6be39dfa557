"""Several companies that use one Bookroom, each through a Slack of its own: real HTTP, a real database, a clock that stands.

It is Tuesday 24 November 2026, 15:07 in London. The app is installed by pressing the buttons that people press.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import asyncpg
from aiohttp.test_utils import unused_port
from pydantic import SecretStr

from bot.config import Settings
from bot.offices import OpenOffice
from bot.sealing import new_key
from bot.workspaces import Workspaces
from core.clock import SetClock
from core.models import Room
from core.places import RoomFacts
from sandbox import company
from sandbox.client import SandboxClient
from sandbox.company import Company, Team
from sandbox.server import Sandbox
from sandbox.several import AllRunning, SeveralWorkspaces, serving_all

NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)
ANA, BEN, GUEST, OLGA = "U0ANA", "U0BEN", "U0GUEST", "U0OWNER"
CHANNEL = "C0NEWYORK"
NORTHBAY, HARBOUR, QUAY, DOCKS = "Northbay", "Harbour", "Quay", "Docks"
ORGANISATION = "E0WATERS"
KEY = new_key()


def firms() -> dict[str, Company]:
    """Return the companies, whose people have the same ids everywhere; Quay and Docks belong to one organisation."""
    whole = company.load()

    def firm(name: str, *, enterprise: str | None = None) -> Company:
        team = Team(id=f"T0{name.upper()}", name=name, domain=name.lower(), enterprise_id=enterprise)
        bot = whole.bot.model_copy(update={"user_id": f"U0BOT{name.upper()}", "bot_id": f"B0{name.upper()}"})
        channels = tuple(
            one.model_copy(update={"members": _bots(one.members, whole, bot.user_id)}) for one in whole.channels
        )
        return whole.model_copy(update={"team": team, "bot": bot, "channels": channels})

    return {
        NORTHBAY: firm(NORTHBAY),
        HARBOUR: firm(HARBOUR),
        QUAY: firm(QUAY, enterprise=ORGANISATION),
        DOCKS: firm(DOCKS, enterprise=ORGANISATION),
    }


def _bots(members: tuple[str, ...], whole: Company, bot: str) -> tuple[str, ...]:
    return tuple(bot if one == whole.bot.user_id else one for one in members)


@dataclass(kw_only=True)
class Street:
    """The process and the companies around it."""

    database: Any
    settings: Settings
    clock: SetClock
    product: Workspaces
    running: AllRunning
    people: dict[str, SandboxClient]
    http: aiohttp.ClientSession
    said: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where people reach us."""
        return str(self.settings.public_url)

    @property
    def slack(self) -> SeveralWorkspaces:
        """All of Slack."""
        return self.running.slack

    def sandbox(self, name: str) -> Sandbox:
        """Return a company's Slack."""
        return next(one for one in self.slack.sandboxes if one.company.team.name == name)

    def team(self, name: str) -> str:
        """Return a company's team id."""
        return self.sandbox(name).company.team.id

    # -- installing -------------------------------------------------------------------------------------------------

    async def begin(self, **asked: str) -> tuple[str, str]:
        """Open our page and return the address behind its button, and the cookie that we were given."""
        async with self.http.get(f"{self.url}/slack/install", params=asked) as page:
            assert page.status == 200, await page.text()
            text, cookie = await page.text(), page.headers["Set-Cookie"].partition(";")[0]
        address = text.partition('class="button" href="')[2].partition('"')[0].replace("&amp;", "&")
        return address, cookie

    async def agree(self, address: str, name: str, *, user: str = OLGA, organisation: bool = False) -> str:
        """Press the button in Slack, and return where Slack sends one back to."""
        chosen = f"{self.team(name)} {user}" + (" organisation" if organisation else "")
        async with self.http.post(address, data={"as": chosen}, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            return answer.headers["Location"]

    async def back(self, address: str, cookie: str) -> tuple[int, str]:
        """Come back from Slack; return the status and the page."""
        async with self.http.get(address, headers={"Cookie": cookie}, allow_redirects=False) as answer:
            return answer.status, await answer.text()

    async def install(self, name: str, *, organisation: bool = False) -> str:
        """Install the app as people do, and return the page at the end."""
        address, cookie = await self.begin()
        status, page = await self.back(await self.agree(address, name, organisation=organisation), cookie)
        assert status == 200, page
        return page

    # -- using ------------------------------------------------------------------------------------------------------

    async def office(self, name: str) -> OpenOffice:
        """Return a company's office."""
        team = self.sandbox(name).company.team
        place = await self.product.offices.tenants.of_team(team.id, team.enterprise_id)
        assert place
        found = await self.product.offices.of_tenant(place.id)
        assert found
        return found

    async def furnish(self, name: str, *rooms: str) -> dict[str, Room]:
        """Give a company rooms in London."""
        places = (await self.office(name)).office.services.administration.places
        there = await places.add_location(name="London", zone="Europe/London", by=None)
        return {one: await places.add_room(there.id, RoomFacts(name=one, capacity=8), by=None) for one in rooms}

    async def say(self, name: str, user: str, text: str) -> dict[str, Any]:
        """Type `/book …` in a company's Slack and return what came of it."""
        slack = self.people[name]
        before = {message["ts"] for message in await slack.messages(user, CHANNEL)}
        answer = await slack.command(user, CHANNEL, f"/book {text}")
        assert answer["ok"], answer
        for one in self.product.offices.open():
            if one.edge:
                await one.edge.drain(10)
        new = [message for message in await slack.messages(user, CHANNEL) if message["ts"] not in before]
        return new[-1] if new else {}

    async def send(self, body: bytes, *, secret: str | None = None, kind: str = "application/x-www-form-urlencoded") -> Any:
        """Send what Slack, or somebody else, would send; return status and body."""
        moment = str(int(time.time()))
        key = (secret or self.slack.sandboxes[0].company.tokens.signing_secret).encode()
        digest = hmac.new(key, b"v0:" + moment.encode() + b":" + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": kind, "X-Slack-Request-Timestamp": moment, "X-Slack-Signature": f"v0={digest}"}
        async with self.http.post(f"{self.url}/slack/events", data=body, headers=headers) as answer:
            return answer.status, await answer.text()

    async def tell(self, payload: Mapping[str, Any]) -> Any:
        """Send an event as Slack does."""
        return await self.send(json.dumps(payload).encode(), kind="application/json")

    async def command(self, **fields: str) -> Any:
        """Send a command as Slack does."""
        return await self.send(urlencode({"command": "/book", "user_id": ANA, "trigger_id": "1.2.3", **fields}).encode())

    async def until(self, holds: Any, what: str) -> None:
        """Wait, for seconds at most, until something holds."""
        for _ in range(500):
            if await holds():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"waited in vain: {what}")

    async def all_rows(self, sql: str, *values: object) -> list[Any]:
        """Return rows as the database's superuser sees them."""
        connection = await asyncpg.connect(self.database.superuser_url)
        try:
            return [tuple(row.values()) for row in await connection.fetch(sql, *values)]
        finally:
            await connection.close()


def state_of(address: str) -> str:
    """Return the state that an address carries."""
    return parse_qs(urlsplit(address).query)["state"][0]


@asynccontextmanager
async def opened(
    database: Any, *names: str, keys: str = KEY, clock: SetClock | None = None, **more: Any
) -> AsyncIterator[Street]:
    """Open the process and the companies named, nowhere installed yet."""
    async with AsyncExitStack() as stack:
        known = firms()
        sandboxes = [Sandbox(known[name], retry_seconds=(0.05, 0.05)) for name in names or (NORTHBAY, HARBOUR)]
        running = await stack.enter_async_context(serving_all(*sandboxes))
        port, first = unused_port(), sandboxes[0].company
        url = f"http://127.0.0.1:{port}"
        running.slack.redirect_urls.append(f"{url}/slack/oauth_redirect")
        for one in sandboxes:
            one.openid.redirect_urls.append(f"{url}/signin/slack")
            one.parts.delivery.bot_url = f"{url}/slack/events"
        settings = Settings(
            _env_file=None,
            slack_client_id=first.client.client_id,
            slack_client_secret=SecretStr(first.client.client_secret),
            slack_signing_secret=SecretStr(first.tokens.signing_secret),
            slack_api_url=running.api_url,
            secrets_keys=SecretStr(keys),
            public_url=url,
            port=port,
            database_url=SecretStr(database.app_url),
            database_worker_url=SecretStr(database.worker_url),
            **more,
        )
        standing = clock or SetClock(NOW)
        product = Workspaces(settings, clock=standing)
        stack.push_async_callback(product.stop)
        await product.start()
        people = {
            one.company.team.name: await stack.enter_async_context(SandboxClient(there.url))
            for one, there in zip(sandboxes, running.workspaces, strict=True)
        }
        http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        yield Street(
            database=database,
            settings=settings,
            clock=standing,
            product=product,
            running=running,
            people=people,
            http=http,
        )
