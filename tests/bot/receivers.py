"""Other people's programs: receivers of webhooks on this machine, and an office whose webhooks are planned and sent."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.metrics import Metrics
from bot.webhook_caller import Caller
from bot.webhook_posting import Poster
from core.db import Database
from core.roles import WORKER
from core.webhook_planning import WebhookPlanning
from core.webhook_sending import WebhookSending
from core.webhook_targets import Allowed
from core.webhooks import Webhook, Webhooks
from handlers.api import webhook_bodies
from tests.core.office import Office

HERE = Allowed.read(["127.0.0.1"])
Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request that a receiver has had."""

    headers: Mapping[str, str]
    raw: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    def genuine(self, secret: str) -> bool:
        """Tell whether the signature is right, as somebody else would look at it."""
        key = base64.b64decode(secret.split("_", 1)[1])
        text = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.{self.raw.decode()}".encode()
        right = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        return any(one == f"v1,{right}" for one in self.headers["webhook-signature"].split())


async def fine(_: web.Request) -> web.StreamResponse:
    return web.Response(text="thank you")


@dataclass(kw_only=True)
class Receiver:
    """A program that takes webhooks; `answer` may be set to another way of answering."""

    url: str = ""
    answer: Answering = fine
    had: list[Received] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.had.append(Received(headers=request.headers.copy(), raw=await request.read()))
        return await self.answer(request)

    def says(self, status: int, text: str = "", **headers: str) -> None:
        """Answer like this from now on."""

        async def answer(_: web.Request) -> web.StreamResponse:
            return web.Response(
                status=status, text=text, headers={name.replace("_", "-"): one for name, one in headers.items()}
            )

        self.answer = answer


@dataclass(kw_only=True)
class Post:
    """An office with webhooks."""

    office: Office
    db: Database
    webhooks: Webhooks
    planning: WebhookPlanning
    sending: WebhookSending
    stack: AsyncExitStack

    async def receiver(self) -> Receiver:
        """Start somebody else's program."""
        made = Receiver()
        app = web.Application()
        app.router.add_route("*", "/{any:.*}", made.take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self.stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        return made

    async def add(self, receiver: Receiver, **wanted: Any) -> tuple[Webhook, str]:
        """Let a program be told."""
        return await self.webhooks.add(receiver.url, **wanted)

    def caller(self, *, seconds: float = 5.0, db: Database | None = None, told: Callable[[], None] = lambda: None) -> Caller:
        """Return a replica's sender."""
        sending = WebhookSending(db, self.office.clock) if db else self.sending
        poster = Poster(self.office.clock, allowed=HERE, seconds=seconds)
        return Caller(sending, poster, self.office.clock, Metrics(), told=told)

    async def plan(self) -> int:
        """Plan until nothing is left; a transaction that is still open may hold some of it back for a moment."""
        planned = 0
        for _ in range(200):
            planned += await self.planning.plan(self.office.clock.now())
            if not await self.office.count(_UNREAD):
                return planned
            await asyncio.sleep(0.01)
        raise AssertionError("waited too long for the plan")

    async def send(self) -> int:
        """Plan and send all that is due."""
        await self.plan()
        return await self.caller().deliver()

    async def rows(self) -> list[dict[str, Any]]:
        """Return what was told and is to be told, the oldest first."""
        return [dict(row) for row in await self.office.rows("SELECT * FROM webhook_deliveries ORDER BY created_at, id")]


_UNREAD = """
SELECT count(*) FROM webhooks w JOIN events e ON e.tenant_id = w.tenant_id
    AND (e.transaction, e.number) > (w.transaction, w.number)
WHERE w.paused IS NULL AND w.removed_at IS NULL
"""


@asynccontextmanager
async def opened(office: Office) -> AsyncIterator[Post]:
    """Open the post of an office; the jobs act as the worker."""
    async with AsyncExitStack() as stack:
        db = Database(office.urls.worker_url, role=WORKER, pool_size=8)
        stack.push_async_callback(db.close)
        yield Post(
            office=office,
            db=db,
            webhooks=Webhooks(office.db, office.catalogues, office.clock, private_targets=HERE),
            planning=WebhookPlanning(db, office.catalogues, webhook_bodies.body),
            sending=WebhookSending(db, office.clock),
            stack=stack,
        )
