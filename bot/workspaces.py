"""The process that serves every workspace that installs the app: one port, one clock, pools that all share.

Kept out: one workspace alone (`app`), and which office is whose (`offices`).
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from slack_sdk.oauth.installation_store import Installation

from bot import open_files, slack_apps
from bot.config import Settings
from bot.deadline import Deadline
from bot.front import Front
from bot.installations import States
from bot.metrics import Metrics, SlackCalls
from bot.offices import Offices, OpenOffice
from bot.rounds import Rounds
from core.clock import Clock, SystemClock
from core.db import ReadSession, WriteSession
from core.errors import BookingError, Unavailable
from core.scoped import NOBODY
from handlers import api, ops, slack_http, slack_many
from handlers.api import refusing
from handlers.api.edge import PREFIX
from handlers.services import built
from handlers.slack_errors import FAILED, outage, reason
from handlers.slack_install import INSTALL, Installing
from handlers.slack_many import Origin
from handlers.web.identity import CALLBACK
from handlers.web.site import HEADERS, Look
from handlers.web.within import answered

log = logging.getLogger(__name__)

STOP_SECONDS = 15.0
DRAIN_SECONDS = 5.0
LAST_SECONDS = 0.5
MOST_NAMES = 100


class Workspaces:
    """The running product, for many."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        assert settings.slack_signing_secret
        assert settings.slack_client_secret
        assert settings.public_url
        self.settings, self.clock = settings, clock or SystemClock()
        self.metrics, self.look = Metrics(), Look()
        self.offices = Offices(settings, self.clock, self.metrics, look=self.look)
        self.slack = slack_apps.asking_client(settings, None, SlackCalls(self.metrics))
        self.installing = Installing(
            base=settings.public_url,
            client_id=str(settings.slack_client_id),
            client_secret=settings.slack_client_secret.get_secret_value(),
            client=self.slack,
            store=self.offices.installations,
            states=States(self.offices.homes.main.app),
            look=self.look,
            admit=self.admit,
            command=settings.bookroom_command,
        )
        self.rounds = Rounds(self.clock, self.offices.turns)
        self.front = Front(settings, shutdown_seconds=DRAIN_SECONDS)
        self._nobody = self._nobodys_api()

    @property
    def port(self) -> int:
        """Where it listens for HTTP."""
        return self.front.port

    async def start(self) -> None:
        """Come up; raises SchemaMismatch, SettingsError or Unavailable where that cannot be."""
        open_files.make_room(self.settings.api_streams)
        await self.offices.start()
        await self.front.open(self._web())
        self.rounds.start()

    async def stop(self) -> None:
        """Take no more requests, finish those under way, and close everything, within `STOP_SECONDS`."""
        deadline = Deadline(STOP_SECONDS)
        await self.front.hear_nothing_more()
        await self.rounds.stop(deadline.left(DRAIN_SECONDS))
        await self.offices.stop(deadline)
        await self.front.close(max(deadline.left(), LAST_SECONDS))

    # -- the app's life ----------------------------------------------------------------------------------------------

    async def admit(self, installation: Installation) -> str:
        """Let a workspace in that has installed the app, or an organisation; return where its pages are."""
        team = installation.team_id or installation.enterprise_id
        assert team
        called = installation.team_name or installation.enterprise_name or team
        tenant = await self.offices.tenants.admit(team, enterprise_id=installation.enterprise_id, name=called)
        await self._name(tenant, called)
        await self.offices.installations.async_save(installation)
        await self.offices.changed(tenant)
        office = await self.offices.of_tenant(tenant)
        if office and office.place.placement:
            # The directory knows it already; where the tenant lives, signing in goes by it.
            await office.office.services.people.team(team, enterprise_id=installation.enterprise_id, name=called)
        facts = {"team": installation.team_id, "enterprise": installation.enterprise_id, "tenant": str(tenant)}
        log.info("installed", extra={"action": "install", "outcome": "done", **facts})
        return f"{self.settings.public_url}{office.prefix}" if office else str(self.settings.public_url)

    async def leave(self, origin: Origin, event: Mapping[str, Any]) -> None:
        """Forget the tokens of a workspace that has taken the app away, or revoked them; everything else is kept.

        Raises Unavailable where Slack does not answer whether it is so: then it tells once more.
        """
        if event.get("type") == "tokens_revoked" and not (event.get("tokens") or {}).get("bot"):
            return
        team = None if origin.org_wide else origin.team_id
        known = origin.team_id or origin.enterprise_id
        place = await self.offices.tenants.of_team(known, origin.enterprise_id)
        office = await self.offices.of_tenant(place.id) if place else None
        if office is None or known is None:
            return
        # These rows and no later ones: the app may come back while Slack is asked.
        kept = await self.offices.installations.kept(team_id=team, enterprise_id=origin.enterprise_id)
        office.grants.forget()
        grant = await office.grants.of(known, origin.enterprise_id)
        if grant is None or not await self._dead(grant.token):
            # It was told late, and the app is there again.
            return
        await self.offices.installations.left(kept)
        log.info("taken away", extra={"action": "uninstall", "team": origin.team_id, "tenant": str(office.place.id)})
        await self.offices.changed(office.place.id)

    async def _dead(self, token: str) -> bool:
        try:
            await self.slack.auth_test(token=token)
        except FAILED as error:
            if outage(error):
                raise Unavailable("Slack does not answer whether the app was taken away.") from error
            log.info("the token is of no use: %s", reason(error))
            return True
        return False

    async def _name(self, tenant: Any, called: str) -> None:  # noqa: ANN401 - a UUID
        """Give a workspace a short name of its own, unless it has one."""
        wanted = short_name(called)
        for number in range(1, MOST_NAMES):
            one = wanted if number == 1 else f"{wanted[:58]}-{number}"

            async def work(session: WriteSession, one: str = one) -> str | None:
                given: str | None = await session.value("SELECT name_tenant($1, $2)", tenant, one)
                return given

            if await self.offices.homes.main.app.write(work, repeatable=True):
                return

    # -- HTTP --------------------------------------------------------------------------------------------------------

    def _web(self) -> web.Application:
        settings = self.settings
        assert settings.slack_signing_secret
        app = web.Application(client_max_size=slack_http.LARGEST)
        app.add_routes(
            slack_many.routes(
                settings.slack_signing_secret.get_secret_value(),
                self._hearing,
                self.leave,
                install=f"{settings.public_url}{INSTALL}",
                telling=self.metrics.telling,
            )
        )
        app.add_routes(self.installing.routes())
        app.add_routes(self.look.routes())
        app.add_routes(
            [
                web.get("/", self._home),
                web.get(CALLBACK, self._came_back),
                web.route("*", "/w/{name:[a-z0-9-]{1,63}}{path:(?:/.*)?}", self._within),
                web.route("*", PREFIX + "{path:(?:/.*)?}", self._by_token),
            ]
        )
        app.add_routes(ops.routes(self._checks(), self._figures))
        return app

    async def _hearing(self, origin: Origin) -> Any:  # noqa: ANN401 - Bolt's application, or None
        office = await self.offices.of_origin(origin)
        return office.bolt if office else None

    async def _home(self, _: web.Request) -> web.Response:
        return web.Response(status=303, headers={**HEADERS, "Location": INSTALL})

    async def _within(self, request: web.Request) -> web.StreamResponse:
        """Answer below a workspace's own address."""
        return await self._told(request, self.offices.named(request.match_info["name"]), self._there)

    async def _there(self, request: web.Request, office: OpenOffice) -> web.StreamResponse:
        path = request.rel_url.raw_path.removeprefix(office_prefix(request)) or "/"
        return await answered(request, office.web, office_prefix(request), path)

    async def _by_token(self, request: web.Request) -> web.StreamResponse:
        """Answer the API where no workspace is named: whose it is, the token alone says."""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        theirs = scheme.casefold() == "bearer" and secret.strip()
        if not theirs:
            return await answered(request, self._nobody, "", request.rel_url.raw_path)
        return await self._told(request, self.offices.of_token(secret.strip()), self._api_of, otherwise=self._nobody)

    async def _api_of(self, request: web.Request, office: OpenOffice) -> web.StreamResponse:
        return await answered(request, office.web, "", request.rel_url.raw_path)

    async def _came_back(self, request: web.Request) -> web.StreamResponse:
        """Let in whoever Slack has sent back: what they began with names the workspace, and is checked there."""
        name = request.query.get("state", "").partition(".")[0]

        async def there(request: web.Request, office: OpenOffice) -> web.StreamResponse:
            return await answered(request, office.web, office.prefix, CALLBACK)

        return await self._told(request, self.offices.named(name), there)

    async def _told(
        self,
        request: web.Request,
        found: Awaitable[OpenOffice | None],
        there: Callable[[web.Request, OpenOffice], Awaitable[web.StreamResponse]],
        *,
        otherwise: web.Application | None = None,
    ) -> web.StreamResponse:
        """Have the office answer that is found; where there is none, or its database is away, say so."""
        try:
            office = await found
        except BookingError as error:
            if _of_the_api(request):
                return refusing.response(error, frozenset())
            return self.look.page("away.html", sentence=error.message, status=503)
        if office is not None:
            return await there(request, office)
        if otherwise is not None:
            return await answered(request, otherwise, "", request.rel_url.raw_path)
        return self.look.page("away.html", sentence="There is nothing at this address.", status=404)

    def _nobodys_api(self) -> web.Application:
        """The API as somebody meets it whose token is nobody's: the document, and a refusal."""
        settings = self.settings
        services = built(self.offices.homes.main.app.of(NOBODY), self.clock, command=settings.bookroom_command)
        app = web.Application()
        per_minute, origins = settings.api_requests_per_minute, settings.allowed_origins
        app.add_routes(api.routes(services, per_minute=per_minute, origins=origins))
        app.freeze()
        return app

    # -- operating ---------------------------------------------------------------------------------------------------

    def _checks(self) -> dict[str, Callable[[], Awaitable[bool]]]:
        async def database() -> bool:
            async def work(session: ReadSession) -> bool:
                return bool(await session.value("SELECT true"))

            return await self.offices.homes.main.app.read(work)

        return {"database": database}

    async def _figures(self) -> bytes:
        """Return all metrics; what is due is added up over the offices where something goes on."""
        self.metrics.look_at_pools()
        self.metrics.checks(await ops.held(self._checks()))
        offices = self.offices.open()
        working = [one for one in offices if one.at_work]
        failing = [one for one in working if one.background.jobs.failing]
        for one in failing:
            log.warning("jobs are failing", extra={"tenant": str(one.place.id), "jobs": one.background.jobs.failing})
        astir = [one for one in working if one.background.turns.awake]
        self.metrics.offices.labels("open").set(len(offices))
        self.metrics.offices.labels("at_work").set(len(working))
        self.metrics.offices.labels("awake").set(len(astir))
        self.metrics.offices.labels("failing").set(len(failing))
        await self._due([one for one in astir if one not in failing])
        self.metrics.in_hand.set(sum(one.background.deliverer.in_hand for one in working))
        self.metrics.listening.set(all(home.listener.connected for home in self.offices.homes.all()))
        self.metrics.streams.set(sum(one.office.services.hub.open_streams for one in offices))
        return self.metrics.text()

    async def _due(self, offices: list[OpenOffice]) -> None:
        now, metrics = self.clock.now(), self.metrics
        seen, away = [], set()
        for one in offices:
            # A database that has just not answered is not waited for once more by each of those who live there.
            if one.place.placement in away:
                continue
            try:
                seen.append(await one.background.outbox.overview(now))
            except BookingError:
                away.add(one.place.placement)
        metrics.pending.set(sum(one.pending for one in seen))
        metrics.retrying.set(sum(one.retrying for one in seen))
        metrics.given_up_now.set(sum(len(one.given_up) for one in seen))
        metrics.oldest_due.set(max((one.oldest_due_seconds or 0 for one in seen), default=0))


def office_prefix(request: web.Request) -> str:
    """Return the beginning of an address that names a workspace."""
    return f"/w/{request.match_info['name']}"


def _of_the_api(request: web.Request) -> bool:
    """Whether a program asks, with or without naming a workspace."""
    beginning = office_prefix(request) if "name" in request.match_info else ""
    return request.rel_url.raw_path.removeprefix(beginning).startswith(f"{PREFIX}/")


def short_name(called: str) -> str:
    """Return what a workspace may be called in addresses: "Café Müller & Co." is cafe-muller-co."""
    plain = unicodedata.normalize("NFKD", called).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "workspace"
