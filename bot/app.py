"""Everything is built here, once and by hand, and started and stopped in order.

Up: database and schema, who we are in Slack, HTTP, socket, clock. Down: no new requests, answers under way, the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import uvloop
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler, AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

import handlers
from bot import open_files
from bot.background import Background, as_far_as_allowed, worker_database
from bot.config import Settings, SettingsError
from bot.deadline import Deadline
from bot.schema_version import require_schema
from bot.socket_mode import SocketMode
from core.bell import Bell
from core.clock import Clock, SystemClock
from core.db import Database, ReadSession
from core.errors import BookingError
from handlers import api, calendars, door, ops, slack_http, stats_page
from handlers.calendar_links import CalendarLinks
from handlers.services import built
from handlers.slack_errors import FAILED, reason
from handlers.stats_links import Links
from handlers.web import Pages, Site

log = logging.getLogger(__name__)

SLACK_SECONDS = 10
# All of stopping; deploy/compose.yaml kills after 20 seconds. The last of it is for what has to be given back.
STOP_SECONDS = 15.0
BACKGROUND_SECONDS = 6.0
DRAIN_SECONDS = 5.0
LAST_SECONDS = 0.5
# All who hear events may come again at the same moment.
BACKLOG = 1024
INTRODUCTION_RETRY_SECONDS = 30.0
# Slack's words for a token that is of no use, as opposed to Slack being out of reach.
BAD_TOKEN = {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}
BAD_APP_TOKEN = {"not_allowed_token_type", "missing_scope", "no_permission"}


class Bookroom:
    """The running product."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.db = Database(settings.app_url, tenant=settings.bookroom_tenant, pool_size=settings.db_pool_size)
        services = built(
            self.db,
            self.clock,
            command=settings.bookroom_command,
            private_targets=settings.private_targets,
            streams=settings.api_streams,
        )
        self.services = replace(services, links=_links(settings), calendar_links=_calendar_links(settings))
        self.slack = _slack_client(settings)
        self.pages = Pages(self.services, _site(settings, self.slack))
        self.bolt = _bolt(settings, self.slack)
        self.edge = handlers.register(self.bolt, self.services)
        self.worker_db = worker_database(settings)
        self.background = self._in_background()
        self.socket = _socket(settings, self.bolt)
        self.port = settings.port
        self._runner: web.AppRunner | None = None
        self._introducing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Come up; raises SchemaMismatch, SettingsError or Unavailable where that cannot be."""
        open_files.make_room(self.settings.api_streams)
        await require_schema(self.db)
        await as_far_as_allowed(self.worker_db, self.settings)
        await require_schema(self.worker_db)
        await self._introduce_once()
        await self._ask_for_a_socket()
        await self._serve()
        self.background.start()
        if self.socket:
            self.socket.start()

    async def stop(self) -> None:
        """Take no more requests, finish those under way, and close everything, within `STOP_SECONDS`."""
        deadline = Deadline(STOP_SECONDS)
        if self._runner:
            for site in list(self._runner.sites):
                await site.stop()
        await self.services.hub.stop()
        # The socket first: acknowledgements need it, later answers do not.
        if self.socket:
            await self.socket.stop(deadline.left(DRAIN_SECONDS, but=BACKGROUND_SECONDS))
        await self.edge.drain(deadline.left(DRAIN_SECONDS, but=BACKGROUND_SECONDS))
        await self.background.stop(deadline)
        if self._introducing:
            self._introducing.cancel()
        if self._runner:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._runner.cleanup(), max(deadline.left(), LAST_SECONDS))
        await self.db.close()
        await self.worker_db.close()

    def _in_background(self) -> Background:
        """Everything that nobody asks for, on the worker's database; both databases' commits ring the same bell."""
        settings, ours = self.settings, self.services
        bell = Bell(self.worker_db)
        bell.heard_by(ours.hub.wake)
        self.db.when_something_happened = self.worker_db.when_something_happened = bell.ring
        services = built(self.worker_db, self.clock, command=settings.bookroom_command)
        # What this process remembers of forms and books is one, whoever asks; so are its open streams, which are counted.
        services = replace(services, latest=ours.latest, books=ours.books, calendar_links=ours.calendar_links, hub=ours.hub)
        return Background(settings, services, self.worker_db, self.clock, bell)

    async def _serve(self) -> None:
        web_app = web.Application(client_max_size=slack_http.LARGEST)
        if not self.socket:
            web_app.add_routes(slack_http.routes(self.bolt))
        web_app.add_routes(door.routes(self.services))
        web_app.add_routes(stats_page.routes(self.services))
        web_app.add_routes(calendars.routes(self.services, slack=lambda: self.pages.site.us.web_link))
        web_app.add_routes(self.pages.routes())
        a_minute = self.settings.api_requests_per_minute
        origins = self.settings.allowed_origins
        web_app.add_routes(api.routes(self.services, per_minute=a_minute, session=self.pages.person, origins=origins))
        web_app.add_routes(ops.routes(self._checks(), self.background.figures))
        self._runner = web.AppRunner(
            web_app, access_log=None, shutdown_timeout=DRAIN_SECONDS, max_line_size=api.LONGEST_LINE
        )
        await self._runner.setup()
        settings = self.settings
        try:
            await web.TCPSite(self._runner, settings.host, settings.port, backlog=BACKLOG).start()
        except OSError as error:
            await self._runner.cleanup()
            # The system's own words where there are some: the event loop's repeat the address.
            reason = error.strerror if isinstance(error, socket.gaierror) or not error.errno else os.strerror(error.errno)
            raise SettingsError(f"HOST {settings.host} and PORT {settings.port} cannot be used: {reason}.") from error
        self.port = self._runner.addresses[0][1]
        log.info("listening", extra={"action": "listen", "host": settings.host, "port": self.port})

    def _checks(self) -> dict[str, Callable[[], Awaitable[bool]]]:
        async def database() -> bool:
            return await self.db.read(_answers)

        checks: dict[str, Callable[[], Awaitable[bool]]] = {"database": database, **self.background.checks()}
        if self.socket:
            checks["slack"] = self.socket.connected
        return checks

    async def _introduce_once(self) -> None:
        """Ask Slack who we are; when it cannot be reached, go on and ask again: bookings need no answer to this."""
        try:
            await self._introduce()
        except FAILED as error:
            said = reason(error)
            if said in BAD_TOKEN:
                raise SettingsError(f"Slack refuses SLACK_BOT_TOKEN ({said}): copy it anew from the app's page.") from error
            log.warning("slack does not tell who we are: %s", said)
            self._introducing = asyncio.create_task(self._introduce_later())

    async def _ask_for_a_socket(self) -> None:
        """Have the app token judged before we say that we serve; an unreachable Slack is asked again by the socket."""
        if self.socket is None:
            return
        try:
            await self.socket.ask()
        except FAILED as error:
            said = reason(error)
            if said in BAD_TOKEN | BAD_APP_TOKEN:
                raise SettingsError(
                    f"Slack refuses SLACK_APP_TOKEN ({said}): it needs the scope connections:write, and Socket Mode on."
                ) from error
            log.warning("slack gives no socket: %s", said)

    async def _introduce_later(self) -> None:
        while True:
            await asyncio.sleep(INTRODUCTION_RETRY_SECONDS)
            with contextlib.suppress(*FAILED, BookingError):
                await self._introduce()
                return

    async def _introduce(self) -> None:
        us = await self.slack.auth_test()
        if team := us.get("team_id"):
            await self.services.people.team(team, enterprise_id=us.get("enterprise_id"), name=us.get("team"))
            self.pages.introduced(team, us.get("user_id") or "")


def _links(settings: Settings) -> Links:
    """Addresses of the page of figures; where nobody said where people reach us, this machine does."""
    return Links(_base(settings), settings.slack_bot_token.get_secret_value())


def _calendar_links(settings: Settings) -> CalendarLinks:
    return CalendarLinks(settings.public_url, settings.session_key)


def _site(settings: Settings, slack: AsyncWebClient) -> Site:
    secret = settings.slack_client_secret
    return Site(
        base=_base(settings),
        public=settings.public_url is not None,
        session_key=settings.session_key,
        slack=slack,
        client_id=settings.slack_client_id,
        client_secret=secret.get_secret_value() if secret else None,
    )


def _base(settings: Settings) -> str:
    return settings.public_url or f"http://127.0.0.1:{settings.port}"


def _slack_client(settings: Settings) -> AsyncWebClient:
    return AsyncWebClient(
        token=settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        timeout=SLACK_SECONDS,
        retry_handlers=[AsyncConnectionErrorRetryHandler(), AsyncRateLimitErrorRetryHandler(max_retry_count=1)],
    )


def _bolt(settings: Settings, client: AsyncWebClient) -> AsyncApp:
    secret = settings.slack_signing_secret
    with _unseen("SLACK_"):
        return AsyncApp(
            client=client,
            # Its own loggers would follow the root's level, and at INFO they tell what a forged request said.
            logger=logging.getLogger("slack_bolt"),
            signing_secret=secret.get_secret_value() if secret else None,
            request_verification_enabled=not settings.socket_mode,
        )


@contextlib.contextmanager
def _unseen(prefix: str) -> Iterator[None]:
    """Hide variables of the environment for a moment: Bolt reads some by itself, and with SLACK_CLIENT_ID goes OAuth."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(prefix)}
    try:
        yield
    finally:
        os.environ.update(hidden)


def _socket(settings: Settings, bolt: AsyncApp) -> SocketMode | None:
    token = settings.slack_app_token
    return SocketMode(bolt, token.get_secret_value()) if token else None


async def _answers(session: ReadSession) -> bool:
    return bool(await session.value("SELECT true"))


async def _main(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    product = Bookroom(settings)
    try:
        await product.start()
        await stop.wait()
    finally:
        await product.stop()


def run(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is under way."""
    uvloop.run(_main(settings))
