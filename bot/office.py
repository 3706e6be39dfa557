"""One tenant in this process: the use cases for those who ask, the pages, and all that is done without being asked.

Kept out: the process around it. With one workspace there is one office; with many, `offices` has one for each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from aiohttp import web
from slack_bolt.async_app import AsyncApp

import handlers
from bot.background import Background
from bot.config import Settings
from bot.metrics import Metrics
from core.bell import Bell
from core.clock import Clock
from core.db import Database
from core.streaming import Seats
from handlers import api, calendars, door, stats_page
from handlers.calendar_links import CalendarLinks
from handlers.edge import Edge
from handlers.services import Services, built
from handlers.stats_links import Links
from handlers.web import Pages, Site
from handlers.web.site import Look


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """What this tenant's pages are reached by: the site, and what makes the addresses that are given out."""

    site: Site
    links: Links
    calendar_links: CalendarLinks


MakeBackground = Callable[[Services, Database, Bell], Background]


class Office:
    """Everything that belongs to one tenant. `db` and `worker_db` must be that tenant's."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        *,
        db: Database,
        worker_db: Database,
        addresses: Addresses,
        background: MakeBackground | None = None,
        metrics: Metrics | None = None,
        look: Look | None = None,
        seats: Seats | None = None,
    ) -> None:
        """`background` makes the jobs where they are not to be those of a process with one office.

        `seats` are the event streams that it shares with other offices of the process.
        """
        self.settings, self.clock = settings, clock
        self.db, self.worker_db = db, worker_db
        self._metrics = metrics
        self._seats = seats or Seats(settings.api_streams)
        self.services = self._for_those_who_ask(addresses)
        self.pages = Pages(self.services, addresses.site, look=look)
        self.background = self._in_background(background)

    def hears(self, bolt: AsyncApp) -> Edge:
        """Let a Bolt application answer for this tenant."""
        return handlers.register(bolt, self.services)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of every page and of the API."""
        return [
            *door.routes(self.services),
            *stats_page.routes(self.services),
            *calendars.routes(self.services, slack=lambda: self.pages.site.us.web_link),
            *self.pages.routes(),
            *self.api_routes(),
        ]

    def api_routes(self) -> list[web.RouteDef]:
        """Return the routes of the API."""
        settings = self.settings
        return api.routes(
            self.services,
            per_minute=settings.api_requests_per_minute,
            session=self.pages.person,
            origins=settings.allowed_origins,
        )

    def _for_those_who_ask(self, addresses: Addresses) -> Services:
        settings = self.settings
        services = built(
            self.db,
            self.clock,
            command=settings.bookroom_command,
            private_targets=settings.private_targets,
            streams=self._seats,
        )
        return replace(services, links=addresses.links, calendar_links=addresses.calendar_links)

    def _in_background(self, made: MakeBackground | None) -> Background:
        """Everything that nobody asks for, on the worker's database; both databases' commits ring the same bell."""
        ours = self.services
        bell = Bell(self.worker_db)
        bell.heard_by(ours.hub.wake)
        bell.keeps_fresh(ours.catalogues)
        self.db.when_something_happened = self.worker_db.when_something_happened = bell.ring
        services = built(self.worker_db, self.clock, command=self.settings.bookroom_command, catalogues=ours.catalogues)
        # What this process remembers of forms and books is one, whoever asks; so are its open streams, which are counted.
        services = replace(services, latest=ours.latest, books=ours.books, calendar_links=ours.calendar_links, hub=ours.hub)
        if made:
            return made(services, self.worker_db, bell)
        return Background(self.settings, services, self.worker_db, self.clock, bell, metrics=self._metrics)
