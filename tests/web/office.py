"""An office whose pages are looked at: a real database, the pages over real HTTP, the sandbox as Slack, a clock that stands.

It is Tuesday 24 November 2026, 10:07 in New York and 16:07 in Berlin, as in the firm.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import aiohttp
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from handlers import door, stats_page
from handlers.stats_links import Links
from handlers.web import Pages, Site
from tests.handlers.firm import Firm
from tests.handlers.firm import opened as firm_opened

KEY = "a key for the cookies of this test"
TOKEN = "a-door-that-nobody-guesses"


@dataclass(kw_only=True)
class Office:
    """A firm and its pages. `http` is a browser's side of them: it keeps cookies and follows what it is told."""

    firm: Firm
    url: str
    http: aiohttp.ClientSession
    pages: Pages
    runner: web.AppRunner

    def board(self, place: str = "New York", more: str = "") -> str:
        return f"/board/{self.firm.places[place].id}{more}"

    async def get(self, path: str, **more: Any) -> tuple[int, str, Any]:
        where = path if path.startswith("http") else self.url + path
        async with self.http.get(where, **more) as answer:
            return answer.status, await answer.text(), answer

    async def sign_in(self, user: str, *, to: str = "/board") -> tuple[int, str, Any]:
        """Go to Slack, pick somebody there, and come back; return the page that follows."""
        status, _, there = await self.get("/signin/start", params={"to": to}, allow_redirects=False)
        assert status == 303
        async with self.http.post(there.headers["Location"], data={"user": user}) as answer:
            return answer.status, await answer.text(), answer

    async def open_board(self, place: str = "New York") -> None:
        """Let everybody look at a board."""
        placed = next(
            one for one in await self.firm.services.administration.places.locations() if one.location.name == place
        )
        await self.firm.services.administration.places.edit_location(
            placed.location.id, version=placed.version, board_open=True, by=None
        )

    async def run(self, sql: str, *values: object) -> None:
        async def work(session: Any) -> None:
            await session.run(sql, *values)

        await self.firm.db.write(work, repeatable=True)
        self.firm.services.catalogues.forget()

    async def with_a_door(self, room: str = "Apollo") -> str:
        """Give a room a door whose meetings are checked in to, and return the display's path."""
        await self.run("UPDATE rooms SET door = $1 WHERE id = $2", TOKEN, self.firm.rooms[room].id)
        await self.run(
            "INSERT INTO policies (tenant_id, id, room_id, check_in) SELECT tenant_id, gen_random_uuid(), id, true"
            " FROM rooms WHERE id = $1",
            self.firm.rooms[room].id,
        )
        return f"/door/{TOKEN}/display"

    async def opened_from(self, place: str, opening: dict[str, list[str]]) -> None:
        """Set the hours of a location."""
        location: UUID = self.firm.places[place].id
        await self.run(
            "INSERT INTO policies (tenant_id, id, location_id, opening) SELECT tenant_id, gen_random_uuid(), id, $2::jsonb"
            " FROM locations WHERE id = $1",
            location,
            json.dumps(opening),
        )


@asynccontextmanager
async def opened(database: Any, *, signs_in: bool = True, base: str = "", with_api: bool = False) -> AsyncIterator[Office]:
    """Open the firm's pages. `base` is where people are told to reach them, otherwise where they are."""
    async with AsyncExitStack() as stack:
        firm = await stack.enter_async_context(firm_opened(database))
        team = firm.running.company.team.id
        await firm.services.people.team(team)
        runner = web.AppRunner(web.Application(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        await runner.cleanup()
        client = firm.running.company.client
        firm.running.sandbox.openid.redirect_urls.append(f"{base or url}/signin/slack")
        site = Site(
            base=base or url,
            session_key=KEY,
            slack=AsyncWebClient(token=firm.running.company.tokens.bot, base_url=firm.running.api_url),
            client_id=client.client_id if signs_in else None,
            client_secret=client.client_secret if signs_in else None,
        )
        services = replace(firm.services, links=Links(url, KEY))
        firm.services = services
        pages = Pages(services, site)
        pages.introduced(team, firm.running.company.bot.user_id)
        app = web.Application()
        app.add_routes([*pages.routes(), *door.routes(services), *stats_page.routes(services)])
        if with_api:
            from handlers import api

            app.add_routes(api.routes(services, session=pages.person))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        # As the bell does for a running process.
        firm.db.when_something_happened = services.hub.wake
        stack.push_async_callback(services.hub.stop)
        await web.TCPSite(runner, "127.0.0.1", int(url.rpartition(":")[2])).start()
        jar = aiohttp.CookieJar(unsafe=True)
        http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
        yield Office(firm=firm, url=url, http=http, pages=pages, runner=runner)
