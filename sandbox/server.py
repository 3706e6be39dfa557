"""The sandbox as one aiohttp server: Slack's side, the control API and the page."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from sandbox import api_chat, api_conversations, api_files, api_people, api_views, company
from sandbox.company import Company
from sandbox.control import Control
from sandbox.delivery import ACK_SECONDS, RETRY_SECONDS, Delivery
from sandbox.errors import Json, SlackError
from sandbox.faults import Faults
from sandbox.feed import Feed
from sandbox.model import Clock, Workspace
from sandbox.openid import OpenId
from sandbox.parts import Parts
from sandbox.responses import Responses
from sandbox.tickets import Tickets
from sandbox.views import Views
from sandbox.webapi import WebApi
from sandbox.wire import Wire

PAGE = Path(__file__).with_name("page")
POLICY = "default-src 'self'; style-src 'self'; img-src 'self' data:"
MOST_BYTES = 10 * 1024 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Sandbox:
    """One workspace and its server; `serving` runs it."""

    def __init__(
        self,
        company: Company,
        *,
        bot_url: str | None = None,
        clock: Clock = time.time,
        ack_seconds: float = ACK_SECONDS,
        retry_seconds: tuple[float, ...] = RETRY_SECONDS,
    ) -> None:
        """Build every part; nothing listens yet."""
        feed, faults, tickets = Feed(), Faults(), Tickets(clock)
        ws = Workspace(company, feed, clock=clock)
        views, responses = Views(ws), Responses(ws, tickets)
        delivery = Delivery(ws, tickets, faults, bot_url=bot_url, ack_seconds=ack_seconds, retry_seconds=retry_seconds)
        self.company = company
        self.parts = Parts(
            ws=ws,
            feed=feed,
            tickets=tickets,
            faults=faults,
            delivery=delivery,
            views=views,
            responses=responses,
        )
        self._wire = Wire(faults, ws.posts)
        self._api = WebApi(ws, faults, self._wire)
        self._api.add(api_chat.methods(ws, faults))
        self._api.add(api_views.methods(ws, views, tickets))
        self._api.add(api_people.methods(ws, tickets, faults))
        self._files = api_files.FilesApi(ws, lambda: self.parts.address)
        self._api.add(api_files.methods(self._files))
        self._api.add(api_conversations.methods(ws, self._api))
        self.openid = OpenId(self.parts, self._wire)
        self._control = Control(self.parts)

    def app(self) -> web.Application:
        """The aiohttp application with every route."""
        app = web.Application(client_max_size=MOST_BYTES, middlewares=[_guarded])
        app.add_routes(
            [
                *self.openid.routes(),
                web.route("*", "/api/{method}", self._api.serve),
                web.get("/socket", self.parts.delivery.serve_socket),
                web.post("/response/{id}", self._respond),
                web.post("/upload/{ticket}", self._upload),
                web.get("/files/{id}/{name}", self._files.fetch),
                web.get("/sandbox/files/{id}", self._files.show),
                web.get("/", _page_file),
                web.get("/page/{name:.+}", _page_file),
                web.get("/healthz", _healthy),
                *self._control.routes(),
            ]
        )
        app.on_startup.append(self._start)
        app.on_shutdown.append(self._stop)
        return app

    async def web_api(self, request: web.Request) -> web.StreamResponse:
        """Answer a call of the Web API that came by another door."""
        return await self._api.serve(request)

    async def _start(self, app: web.Application) -> None:  # noqa: ARG002 - aiohttp passes the application
        await self.parts.delivery.start()

    async def _stop(self, app: web.Application) -> None:  # noqa: ARG002 - aiohttp passes the application
        self.parts.feed.end_all()
        await self.parts.delivery.stop()

    async def _upload(self, request: web.Request) -> web.Response:
        """The bytes of one file; faults know it as the method `upload`."""
        sent = await self._files.take(request)

        def act() -> web.Response:
            return self._files.keep(*sent) if sent else web.Response(status=404, text="nobody expects this file")

        response, blow = await self._wire.carry(request, "upload", act)
        size = len(sent[1]) if sent else 0
        self.parts.feed.record("upload", bytes=size, ok=response.status == 200, fault=blow.name if blow else None)
        return response

    async def _respond(self, request: web.Request) -> web.Response:
        """One POST to a response_url; faults know it as the method `response_url`."""
        try:
            body = await request.json()
        except ValueError:
            body = None
        error: SlackError | None = None

        def act() -> web.Response:
            nonlocal error
            try:
                self.parts.responses.use(request.match_info["id"], body)
            except SlackError as raised:
                error = raised
                return web.json_response(raised.body(), status=404 if raised.code.endswith("_url") else 400)
            return web.Response(text="ok")

        response, blow = await self._wire.carry(request, "response_url", act)
        self.parts.feed.record(
            "response_url",
            body=body,
            ok=response.status == 200,
            error=error.code if error else None,
            fault=blow.name if blow else None,
        )
        return response


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Only what the page itself loads may run in it, and other sites' pages may not call the control API."""
    if request.path.startswith("/sandbox") and not _same_origin(request):
        return web.json_response({"ok": False, "error": "foreign_origin"}, status=403)
    response = await handler(request)
    if not response.prepared:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response


def _same_origin(request: web.Request) -> bool:
    origin = request.headers.get("Origin")
    return origin is None or origin.partition("://")[2] == request.host


async def _page_file(request: web.Request) -> web.StreamResponse:
    """A file of the page; `index.html` at the root."""
    wanted = (PAGE / request.match_info.get("name", "index.html")).resolve()
    if not wanted.is_relative_to(PAGE) or not wanted.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(wanted, headers={"Cache-Control": "no-cache", "Content-Security-Policy": POLICY})


async def _healthy(request: web.Request) -> web.Response:  # noqa: ARG001 - aiohttp passes the request
    return web.json_response({"ok": True})


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A sandbox that listens."""

    url: str
    sandbox: Sandbox

    @property
    def api_url(self) -> str:
        """The base of the Web API, ending in a slash, as slack_sdk wants it."""
        return f"{self.url}/api/"

    @property
    def company(self) -> Company:
        """The company that it plays."""
        return self.sandbox.company

    def log(self, since: int = 0) -> list[Json]:
        """What went over the wire."""
        return self.sandbox.parts.feed.log(since)


@contextlib.asynccontextmanager
async def serving(sandbox: Sandbox | None = None, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Running]:
    """Run a sandbox (the default company's when none is given) until the block ends; port 0 finds a free one."""
    served = sandbox or Sandbox(company.load())
    runner = web.AppRunner(served.app(), access_log=None, shutdown_timeout=0.2, handle_signals=False)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        address = runner.addresses[0]
        served.parts.address = f"http://{host}:{address[1]}"
        yield Running(url=served.parts.address, sandbox=served)
    finally:
        await runner.cleanup()


async def run(sandbox: Sandbox, *, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, saying in one line where."""
    async with serving(sandbox, host=host, port=port) as running:
        print(json.dumps({"sandbox": running.url, "api": running.api_url}), flush=True)  # noqa: T201 - for whoever started it
        await stop.wait()
