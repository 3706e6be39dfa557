"""All workspaces of a process: which office is whose, opened when somebody asks for it, at work while its app is installed.

An office that cannot be opened, or whose token is taken back, is its own trouble alone. Kept out: HTTP, and what an office
is made of.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from time import monotonic
from typing import Any
from uuid import UUID

from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot import slack_apps
from bot.background import Among, Background
from bot.config import Settings
from bot.deadline import Deadline
from bot.homes import Home, Homes
from bot.installations import Grants, Installations, UnreadableGrant
from bot.listening import Listener
from bot.metrics import Metrics, SlackCalls
from bot.office import Addresses, Office
from bot.sealing import Sealing
from bot.team_clients import TeamClients, Wire
from bot.turns import Turns
from core.bell import Bell
from core.clock import Clock
from core.db import Database, ReadSession
from core.errors import BookingError, Unavailable
from core.streaming import Seats
from core.tenants import Place, Tenants
from handlers import logbook
from handlers.calendar_links import CalendarLinks
from handlers.edge import Edge
from handlers.services import Services
from handlers.slack_many import Origin
from handlers.stats_links import Links
from handlers.web import Site
from handlers.web.site import Look

log = logging.getLogger(__name__)

# The directory is asked again so often, and at once where its changes are heard.
REFRESH_SECONDS = 30.0
# An unknown name makes us ask anew, but not more often than this.
ASK_SECONDS = 1.0
FRESH_SECONDS = 15.0
# How far apart offices are woken after a time in which nothing was heard.
APART_SECONDS = 0.02
CLOSE_SECONDS = 5.0
_KEPT = 10_000


@dataclass(kw_only=True)
class OpenOffice:
    """One workspace's office, open. Its pages and what hears Slack are made when somebody first needs them."""

    place: Place
    name: str
    office: Office
    grants: Grants
    clients: TeamClients
    bell: Bell
    listener: Listener
    make_bolt: Callable[[OpenOffice], AsyncApp]
    telling: Any
    at_work: bool = False
    edge: Edge | None = None

    @property
    def prefix(self) -> str:
        """Below which its pages are."""
        return f"/w/{self.name}"

    @property
    def background(self) -> Background:
        """What it does without being asked."""
        return self.office.background

    @cached_property
    def bolt(self) -> AsyncApp:
        """What hears Slack for it."""
        bolt = self.make_bolt(self)
        self.edge = self.office.hears(bolt)
        return bolt

    @cached_property
    def web(self) -> web.Application:
        """Its pages and API, as if it were alone."""
        app = web.Application(middlewares=[logbook.pages(self.telling, self.place.id)])
        app.add_routes(self.office.routes())
        app.freeze()
        return app

    def told_who_listens(self) -> None:
        """Let it know whether other processes are heard now, and that something may have been missed before."""
        self.bell.listening(now=self.listener.connected)

    async def introduced(self) -> None:
        """Learn as whom Slack knows us, for the links that lead there."""
        for team in await self.grants.teams():
            try:
                grant = await self.grants.of(team)
            except UnreadableGrant:
                # Its own trouble, told where it was met: the office opens all the same.
                continue
            if grant and grant.bot_user_id:
                self.office.pages.introduced(team, grant.bot_user_id)
                return

    async def close(self, deadline: Deadline) -> None:
        """Finish what is under way and do nothing more."""
        await self.office.services.hub.stop()
        if self.edge:
            await self.edge.drain(deadline.left(CLOSE_SECONDS))
        if self.at_work:
            self.at_work = False
            await self.background.stop(deadline)
        else:
            await self.bell.close()


class Switchboard:
    """Passes on what is heard to the office that it is about."""

    def __init__(self) -> None:
        self.offices: dict[UUID, OpenOffice] = {}

    def hear(self, payload: str) -> None:
        """Take what a commit of another process has told."""
        if office := self._of(payload.partition(" ")[0]):
            office.background.turns.wake()
            office.bell.hear(payload)

    def hear_ruled(self, payload: str) -> None:
        """Take what an admin's change has told."""
        if office := self._of(payload):
            office.bell.hear_ruled(payload)

    def listening(self, *, now: bool) -> None:
        """Tell every office whether others are heard; one after the other where that has them look for what was missed.

        Of several databases it may be another office's: what each is told is how it stands where it lives, by then.
        """
        loop = asyncio.get_running_loop()
        for number, office in enumerate(self.offices.values()):
            if now:
                loop.call_later(number * APART_SECONDS, office.told_who_listens)
            else:
                office.told_who_listens()

    def _of(self, tenant: str) -> OpenOffice | None:
        try:
            return self.offices.get(UUID(tenant))
        except ValueError:
            return None


class Offices:
    """The registry."""

    def __init__(self, settings: Settings, clock: Clock, metrics: Metrics, *, look: Look) -> None:
        assert settings.public_url
        assert settings.slack_client_id
        self._settings, self._clock, self._metrics, self._look = settings, clock, metrics, look
        self._base, self._client_id = settings.public_url, settings.slack_client_id
        self.switchboard = Switchboard()
        self.homes = Homes(settings, metrics, self.switchboard, directory=self._changed)
        self._sealing = Sealing(settings.sealing_keys)
        self.tenants = Tenants(self.homes.main.app)
        self.installations = Installations(self._client_id, self.homes.main.app, self._sealing)
        self.wire = Wire(settings.slack_api_url, metrics)
        self._places: dict[UUID, Place] = {}
        self._asked_at = -ASK_SECONDS
        self._opening: dict[UUID, asyncio.Task[OpenOffice]] = {}
        self._origins: dict[tuple[str | None, str | None], tuple[float, UUID | None]] = {}
        self._bearers: dict[str, tuple[float, UUID]] = {}
        self._refreshing: asyncio.Task[None] | None = None
        self._stale = asyncio.Event()
        self._seats = Seats(settings.api_streams)
        # What one round has seen must not undo what a later one has seen since.
        self._in_step = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    # -- the process -------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the main database and every office whose app is installed.

        Raises what opening the database raises, and SealedWithAnotherKeyError where a key is missing.
        """
        await self.homes.open()
        await self.installations.readable()
        await self.refresh()
        self._refreshing = asyncio.create_task(self._keep_up())

    async def stop(self, deadline: Deadline) -> None:
        """Close every office, and what they share."""
        if self._refreshing:
            self._refreshing.cancel()
        await asyncio.gather(*(one.close(deadline) for one in self.open()), *self._closing, return_exceptions=True)
        await self.wire.close()
        await self.homes.close()

    def open(self) -> list[OpenOffice]:
        """Return the offices that are open."""
        return list(self.switchboard.offices.values())

    def turns(self) -> Iterator[Turns]:
        """Return the turns of the offices that are at work."""
        return (one.background.turns for one in self.open() if one.at_work)

    # -- whose it is -------------------------------------------------------------------------------------------------

    async def of_origin(self, origin: Origin) -> OpenOffice | None:
        """Return the office of a request of Slack's; None where the app is not installed. Raises what opening it raises."""
        key = (origin.team_id, origin.enterprise_id)
        known = self._origins.get(key)
        if known is None or known[0] <= monotonic():
            if len(self._origins) >= _KEPT:
                self._origins.clear()
            known = self._origins[key] = (monotonic() + FRESH_SECONDS, await self._tenant_of(origin))
        office = await self.of_tenant(known[1]) if known[1] else None
        team = origin.team_id or origin.enterprise_id
        if office is None or team is None or await office.grants.of(team, origin.enterprise_id) is None:
            return None
        return office

    async def _tenant_of(self, origin: Origin) -> UUID | None:
        """Return whose a request is; a workspace of an organisation that has installed the app is noted as its own."""
        place = await self.tenants.of_team(origin.team_id or origin.enterprise_id)
        if place or origin.enterprise_id is None:
            return place.id if place else None
        place = await self.tenants.of_team(origin.team_id, origin.enterprise_id)
        if place is None or origin.team_id is None:
            return place.id if place else None
        grants = Grants(self._client_id, self.homes.main.app.of(place.id), self._sealing)
        if await grants.of(origin.team_id, origin.enterprise_id) is None:
            return None
        if place.placement and (office := await self.of_tenant(place.id)):
            # Where the tenant lives, signing in goes by it.
            await office.office.services.people.team(origin.team_id, enterprise_id=origin.enterprise_id)
        return await self.tenants.admit(origin.team_id, enterprise_id=origin.enterprise_id)

    async def named(self, name: str) -> OpenOffice | None:
        """Return the office whose pages are below a name; None where there is none."""
        found = self._named(name)
        if found is None and monotonic() >= self._asked_at + ASK_SECONDS:
            await self._ask_places()
            found = self._named(name)
        return await self.of_tenant(found.id) if found else None

    async def of_token(self, secret: str) -> OpenOffice | None:
        """Return the office that a token of the API belongs to, good or not; None where nobody has given it out."""
        digest = hashlib.sha256(secret.encode(errors="backslashreplace")).hexdigest()
        known = self._bearers.get(digest)
        if known is None or known[0] <= monotonic():
            tenant = await self._bearer(digest)
            if tenant is None:
                return None
            if len(self._bearers) >= _KEPT:
                self._bearers.clear()
            known = self._bearers[digest] = (monotonic() + FRESH_SECONDS, tenant)
        return await self.of_tenant(known[1])

    async def of_tenant(self, tenant: UUID) -> OpenOffice | None:
        """Return a tenant's office, opened now where nobody has yet; None where it is closed or gone."""
        if tenant not in self._places:
            await self._ask_places()
        place = self._places.get(tenant)
        if place is None or place.closed:
            return None
        if tenant not in self._opening:
            self._opening[tenant] = asyncio.create_task(self._opened(place))
        task = self._opening[tenant]
        try:
            return await asyncio.shield(task)
        except BaseException:
            # The next who asks tries anew.
            if task.done() and self._opening.get(tenant) is task:
                del self._opening[tenant]
            raise

    # -- what changes ------------------------------------------------------------------------------------------------

    async def refresh(self) -> None:
        """Bring what is open and at work into step with the directory and the installations."""
        async with self._in_step:
            await self._brought_into_step()

    async def _brought_into_step(self) -> None:
        places = await self._ask_places()
        for tenant, one in list(self.switchboard.offices.items()):
            # Closed too where the short name has changed: its addresses and cookies are made of it.
            if places.get(tenant) != one.place:
                self._close(one)
        wanted = await self.installations.tenants()
        homes: dict[str | None, list[UUID]] = {}
        for tenant in wanted & places.keys():
            homes.setdefault(places[tenant].placement, []).append(tenant)
        await asyncio.gather(*(self._all_to_work(tenants) for tenants in homes.values()))
        for one in self.open():
            if one.at_work and one.place.id not in wanted:
                self._close(one)

    async def _all_to_work(self, tenants: list[UUID]) -> None:
        """Open the offices of one home in turn; where the home does not answer, the rest would wait in vain."""
        for tenant in tenants:
            try:
                if office := await self.of_tenant(tenant):
                    await self._to_work(office)
            except BookingError as error:
                log.warning("offices cannot be opened: %s", type(error).__name__, extra={"tenant": str(tenant)})
                return
            except Exception:
                log.exception("an office cannot be opened", extra={"tenant": str(tenant)})

    async def changed(self, tenant: UUID) -> None:
        """Take over at once that something was installed or taken away, and let other processes know."""
        self._origins.clear()
        if one := self.switchboard.offices.get(tenant):
            one.grants.forget()

        async def work(session: ReadSession) -> None:
            await session.value("SELECT pg_notify('bookroom_tenants', $1)", str(tenant))

        await self.homes.main.app.read(work)
        await self.refresh()

    def _changed(self, tenant: str) -> None:
        """Hear that a tenant's entry in the directory has changed."""
        self._origins.clear()
        for one in self.open():
            if str(one.place.id) == tenant:
                one.grants.forget()
        self._stale.set()

    def _moved(self) -> None:
        """Ask where everybody lives: a write was refused since somebody moves, or has moved unheard."""
        if monotonic() >= self._asked_at + ASK_SECONDS:
            self._stale.set()

    async def _keep_up(self) -> None:
        while True:
            try:
                async with asyncio.timeout(REFRESH_SECONDS):
                    await self._stale.wait()
            except TimeoutError:
                pass
            self._stale.clear()
            try:
                await self.refresh()
            except BookingError as error:
                log.warning("the directory of workspaces cannot be read: %s", type(error).__name__)
            except Exception:
                log.exception("the offices cannot be brought into step")

    async def _ask_places(self) -> dict[UUID, Place]:
        self._asked_at = monotonic()
        places = self._places = {place.id: place for place in await self.tenants.all()}
        return places

    def _named(self, name: str) -> Place | None:
        return next((one for one in self._places.values() if not one.closed and name in {one.slug, str(one.id)}), None)

    async def _bearer(self, digest: str) -> UUID | None:
        async def work(session: ReadSession) -> UUID | None:
            tenant: UUID | None = await session.value("SELECT tenant_of_token($1)", digest)
            return tenant

        # One that cannot be asked may be where the token is good: it is not called nobody's for that.
        away = False
        for placement in dict.fromkeys([None, *(one.placement for one in self._places.values() if not one.closed)]):
            try:
                home = await self.homes.at(placement)
                if tenant := await home.app.read(work):
                    return tenant
            except BookingError:
                away = True
        if away:
            raise Unavailable("Whose that token is cannot be looked up at the moment. Try again in a minute.")
        return None

    # -- opening and closing -----------------------------------------------------------------------------------------

    async def _opened(self, place: Place) -> OpenOffice:
        home = await self.homes.at(place.placement)
        one = self._made(place, home)
        await one.introduced()
        self.switchboard.offices[place.id] = one
        if home.listener.connected:
            one.bell.listening(now=True)
        log.info("office opened", extra={"action": "open_office", "tenant": str(place.id), "workspace": one.name})
        return one

    async def _to_work(self, one: OpenOffice) -> None:
        if not one.at_work:
            await one.introduced()
        # Asked once more: by now it may be at work, or be closed.
        if not one.at_work and self.switchboard.offices.get(one.place.id) is one:
            one.at_work = True
            one.background.start()

    def _close(self, one: OpenOffice) -> None:
        """Close an office: nothing more is done there, and whoever asks for it next finds it as it is by then."""
        self.switchboard.offices.pop(one.place.id, None)
        self._opening.pop(one.place.id, None)
        log.info("office closed", extra={"action": "close_office", "tenant": str(one.place.id), "workspace": one.name})
        task = asyncio.create_task(one.close(Deadline(CLOSE_SECONDS)))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _made(self, place: Place, home: Home) -> OpenOffice:
        settings = self._settings
        grants = Grants(self._client_id, self.homes.main.app.of(place.id), self._sealing)
        asking = TeamClients(grants, lambda token: slack_apps.asking_client(settings, token, SlackCalls(self._metrics)))
        posting = TeamClients(grants, self.wire.client)
        name, bells = place.slug or str(place.id), list[Bell]()

        def background(services: Services, db: Database, bell: Bell) -> Background:
            bells.append(bell)
            among = Among(teams=posting, present=grants.teams)
            return Background(settings, services, db, self._clock, bell, metrics=self._metrics, among=among)

        office = Office(
            settings,
            self._clock,
            db=home.app.of(place.id),
            worker_db=home.worker.of(place.id),
            addresses=self._addresses(place, name, asking),
            background=background,
            metrics=self._metrics,
            look=self._look,
            seats=self._seats,
        )
        one = OpenOffice(
            place=place,
            name=name,
            office=office,
            grants=grants,
            clients=asking,
            bell=bells[0],
            listener=home.listener,
            make_bolt=self._bolt,
            telling=self._metrics.telling,
        )
        # What happens here wakes its office before anything else hears of it.
        for db in (office.db, office.worker_db):
            ring = db.when_something_happened
            db.when_something_happened = partial(_woken, one.background.turns, ring)
            db.when_moving = self._moved
        return one

    def _addresses(self, place: Place, name: str, clients: TeamClients) -> Addresses:
        settings, base = self._settings, f"{self._base}/w/{name}"
        # Of each workspace its own: what is signed for one is of no use with another.
        key = hmac.new(settings.session_key.encode(), place.id.bytes, hashlib.sha256).hexdigest()
        secret = settings.slack_client_secret
        site = Site(
            base=base,
            session_key=key,
            slack=slack_apps.asking_client(settings, None, SlackCalls(self._metrics)),
            client_id=settings.slack_client_id,
            client_secret=secret.get_secret_value() if secret else None,
            name=name,
            callback=f"{self._base}/signin/slack",
            clients=clients,
        )
        return Addresses(site=site, links=Links(base, key), calendar_links=CalendarLinks(base, key))

    def _bolt(self, one: OpenOffice) -> AsyncApp:
        async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult | None:
            grant = await one.grants.of(team_id or enterprise_id or "", enterprise_id)
            if grant is None:
                return None
            return AuthorizeResult(
                enterprise_id=enterprise_id,
                team_id=team_id,
                bot_token=grant.token,
                bot_id=grant.bot_id,
                bot_user_id=grant.bot_user_id,
            )

        client = slack_apps.asking_client(self._settings, None, SlackCalls(self._metrics))
        bolt = slack_apps.bolt(self._settings, client, authorize=authorize)

        @bolt.middleware
        async def of_their_own_workspace(body: dict[str, Any], next: Callable[[], Awaitable[Any]]) -> Any:  # noqa: A002, ANN401
            """Take people of an organisation as of their own workspace, wherever in it they press a button.

            In a view of this workspace's app, whoever is of none of its organisation's is a stranger.
            """
            home, team = _home_of(body), body.get("team") or {}
            installed = (body.get("view") or {}).get("app_installed_team_id")
            if installed and team and not await one.grants.together(str(team.get("id")), str(installed)):
                team = body["team"] = {**team, "id": installed}
            if home and home != team.get("id") and await one.grants.together(home, str(team.get("id"))):
                body["team"] = {**team, "id": home}
            return await next()

        return bolt


def _home_of(body: Mapping[str, Any]) -> str | None:
    """Return the workspace of whoever pressed something, where Slack says it."""
    user = body.get("user")
    home = user.get("team_id") if isinstance(user, Mapping) else None
    return home if isinstance(home, str) else None


def _woken(turns: Turns, ring: Callable[[], None] | None) -> None:
    turns.wake()
    if ring:
        ring()
