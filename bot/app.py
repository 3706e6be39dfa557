"""Everything is built here, once and by hand, and started and stopped in order.

Up: database and schema, who we are in Slack, HTTP, socket, clock. Down: no new requests, answers under way, the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import Awaitable, Callable

import uvloop
from aiohttp import web
from slack_bolt.async_app import AsyncApp

from bot import open_files, slack_apps
from bot.background import as_far_as_allowed, worker_database
from bot.config import Settings, SettingsError
from bot.deadline import Deadline
from bot.front import Front
from bot.metrics import Metrics, SlackCalls
from bot.office import Addresses, Office
from bot.replica import replica_of
from bot.schema_version import require_schema
from bot.socket_mode import SocketMode
from bot.workspaces import Workspaces
from core import roles
from core.clock import Clock, SystemClock
from core.db import Database, ReadSession
from core.errors import BookingError
from core.telling import Telling
from handlers import logbook, ops, slack_http
from handlers.calendar_links import CalendarLinks
from handlers.slack_errors import FAILED, reason
from handlers.stats_links import Links
from handlers.web import Site

log = logging.getLogger(__name__)

# All of stopping; deploy/compose.yaml kills after 20 seconds. The last of it is for what has to be given back.
STOP_SECONDS = 15.0
BACKGROUND_SECONDS = 6.0
DRAIN_SECONDS = 5.0
LAST_SECONDS = 0.5
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
        self.worker_db = worker_database(settings)
        # Before anything is built on them: whoever uses a database tells what its figures go to.
        self.metrics = Metrics()
        self.metrics.watch(self.db, roles.APPLICATION)
        self.metrics.watch(self.worker_db, roles.WORKER)
        # Before as well: views of this database for other tenants have its copy too.
        self.db.copy = self.replica = replica_of(settings, settings.bookroom_tenant, self.metrics.telling)
        token = settings.bot_token
        self.slack = slack_apps.asking_client(settings, token, SlackCalls(self.metrics))
        links = Links(_base(settings), token)
        addresses = Addresses(site=self._site(), links=links, calendar_links=_calendar_links(settings))
        self.office = Office(
            settings, self.clock, db=self.db, worker_db=self.worker_db, addresses=addresses, metrics=self.metrics
        )
        self.services, self.pages = self.office.services, self.office.pages
        self.background = self.office.background
        self.bolt = slack_apps.bolt(settings, self.slack)
        self.edge = self.office.hears(self.bolt)
        self.socket = _socket(settings, self.bolt, self.metrics.telling)
        self.front = Front(settings, shutdown_seconds=DRAIN_SECONDS)
        self._introducing: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """Where it listens for HTTP."""
        return self.front.port

    async def start(self) -> None:
        """Come up; raises SchemaMismatch, SettingsError or Unavailable where that cannot be."""
        open_files.make_room(self.settings.api_streams)
        await require_schema(self.db)
        await as_far_as_allowed(self.worker_db, self.settings)
        await require_schema(self.worker_db)
        if self.replica:
            self.replica.start()
        await self._introduce_once()
        await self._ask_for_a_socket()
        await self.front.open(self._web())
        self.background.start()
        if self.socket:
            self.socket.start()

    async def stop(self) -> None:
        """Take no more requests, finish those under way, and close everything, within `STOP_SECONDS`."""
        deadline = Deadline(STOP_SECONDS)
        await self.front.hear_nothing_more()
        await self.services.hub.stop()
        # The socket first: acknowledgements need it, later answers do not.
        if self.socket:
            await self.socket.stop(deadline.left(DRAIN_SECONDS, but=BACKGROUND_SECONDS))
        await self.edge.drain(deadline.left(DRAIN_SECONDS, but=BACKGROUND_SECONDS))
        await self.background.stop(deadline)
        if self._introducing:
            self._introducing.cancel()
        await self.front.close(max(deadline.left(), LAST_SECONDS))
        if self.replica:
            await self.replica.stop()
        await self.db.close()
        await self.worker_db.close()

    def _web(self) -> web.Application:
        told = self.metrics.telling
        app = web.Application(client_max_size=slack_http.LARGEST, middlewares=[logbook.pages(told, self.db.tenant)])
        if not self.socket:
            app.add_routes(slack_http.routes(self.bolt, told))
        app.add_routes(self.office.routes())
        app.add_routes(ops.routes(self._checks(), self._figures))
        return app

    async def _figures(self) -> bytes:
        """Return all metrics, and among them how what `/readyz` looks at stands."""
        self.metrics.look_at_pools()
        self.metrics.checks(await ops.held(self._checks()))
        return await self.background.figures()

    def _site(self) -> Site:
        settings, secret = self.settings, self.settings.slack_client_secret
        return Site(
            base=_base(settings),
            public=settings.public_url is not None,
            session_key=settings.session_key,
            slack=self.slack,
            client_id=settings.slack_client_id,
            client_secret=secret.get_secret_value() if secret else None,
        )

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


def _calendar_links(settings: Settings) -> CalendarLinks:
    return CalendarLinks(settings.public_url, settings.session_key)


def _base(settings: Settings) -> str:
    return settings.public_url or f"http://127.0.0.1:{settings.port}"


def _socket(settings: Settings, bolt: AsyncApp, telling: Telling) -> SocketMode | None:
    token = settings.slack_app_token
    return SocketMode(bolt, token.get_secret_value(), telling) if token else None


async def _answers(session: ReadSession) -> bool:
    return bool(await session.value("SELECT true"))


def leave_alone_what_is_there() -> None:
    """Keep the collector from walking over what was built to stay: a tenth of a second, in which nobody is heard.

    It was off while all of that was built.
    """
    gc.freeze()
    gc.enable()


async def _main(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    product = Workspaces(settings) if settings.many else Bookroom(settings)
    try:
        await product.start()
        leave_alone_what_is_there()
        await stop.wait()
    finally:
        await product.stop()


def run(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is under way."""
    uvloop.run(_main(settings))
