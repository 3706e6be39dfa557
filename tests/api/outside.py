"""An office whose bookings are used from outside of Slack: a real database, the API over real HTTP, a clock that stands.

It is Tuesday 24 November 2026, 10:07 in New York and 16:07 in Berlin, as in the firm.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from core.models import Actor
from core.tokens import Scope, TokenKind
from handlers import api
from handlers.api.limiting import FAILURES_PER_MINUTE
from tests.api import promised
from tests.handlers.firm import ANA, BEN, Firm
from tests.handlers.firm import opened as firm_opened


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def etag(self) -> str:
        """Return the entity tag."""
        return self.headers["ETag"]


@dataclass(kw_only=True)
class Outside:
    """A firm, and programs that use its API. `tokens` are ready-made: "admin" is Ana's, "ben" and "reader" are Ben's."""

    firm: Firm
    url: str
    http: aiohttp.ClientSession
    tokens: dict[str, str] = field(default_factory=dict)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        by: str | None = "ben",
        json: Any = None,
        data: bytes | str | None = None,
        params: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request with one of the tokens, or None's, and return the answer, which is as the document promises."""
        sent = dict(headers or {})
        if by is not None:
            sent.setdefault("Authorization", f"Bearer {self.tokens[by]}")
        where = path if path.startswith("http") else f"{self.url}{api.PREFIX}{path}"
        async with self.http.request(method, where, json=json, data=data, params=params, headers=sent) as response:
            raw = await response.read()
            said = await response.json() if raw and response.content_type == "application/json" else raw
            promised.check(method, response.url.path, response.status, said, response.headers)
            return Answer(status=response.status, body=said, headers=response.headers.copy())

    async def token(self, user: str, *scopes: Scope, kind: TokenKind = TokenKind.PERSONAL) -> str:
        """Make a token for somebody."""
        actor: Actor = await self.firm.actor(user)
        _, secret = await self.firm.services.tokens.make(actor.person_id, name="a script", scopes=scopes, kind=kind)
        return secret


@asynccontextmanager
async def opened(
    database: Any, *, per_minute: int = 0, failures_per_minute: int = FAILURES_PER_MINUTE
) -> AsyncIterator[Outside]:
    """Open the firm to programs."""
    async with AsyncExitStack() as stack:
        firm = await stack.enter_async_context(firm_opened(database))
        app = web.Application()
        app.add_routes(api.routes(firm.services, per_minute=per_minute, failures_per_minute=failures_per_minute))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1, max_line_size=api.LONGEST_LINE)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        http = await stack.enter_async_context(aiohttp.ClientSession())
        made = Outside(firm=firm, url=f"http://127.0.0.1:{runner.addresses[0][1]}", http=http)
        made.tokens["admin"] = await made.token(ANA, Scope.ADMIN)
        made.tokens["ben"] = await made.token(BEN, Scope.BOOK)
        made.tokens["reader"] = await made.token(BEN, Scope.READ)
        yield made
