"""The pages that people look at in a browser: signing in, the board, the display at a door, figures for admins."""

from __future__ import annotations

from aiohttp import web

from core.models import Person
from handlers.services import Services
from handlers.web.board import BoardPages
from handlers.web.display import Display
from handlers.web.figures import FiguresPage
from handlers.web.sessions import Sessions
from handlers.web.signin import HOME, SigningIn, away
from handlers.web.site import Look, Site, Us

__all__ = ["Pages", "Site", "Us"]


class Pages:
    """All of them; who has signed in to them is `person`."""

    def __init__(self, services: Services, site: Site, *, look: Look | None = None) -> None:
        """`look` is shared by all workspaces of a process."""
        self.site = site
        self._look = look or Look()
        self.sessions = Sessions(services, site)
        self._signing_in = SigningIn(services, site, self.sessions, self._look)
        self._board = BoardPages(services, site, self.sessions, self._look)
        self._display = Display(services, site, self._look)
        self._figures = FiguresPage(services, self.sessions, self._look)

    async def person(self, request: web.Request) -> Person | None:
        """Return who has signed in, as they stand now; None for nobody."""
        return await self.sessions.person(request)

    async def came_back(self, request: web.Request) -> web.StreamResponse:
        """Let in somebody whom Slack has sent back to an address that many workspaces share."""
        return await self._signing_in.came_back(request)

    def introduced(self, team_id: str, user_id: str) -> None:
        """Note as whom Slack knows us, which the links to Slack need."""
        self.site.us.team_id, self.site.us.user_id = team_id, user_id

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of all pages."""

        async def home(_: web.Request) -> web.Response:
            return away(HOME)

        return [
            web.get("/", home),
            *self._look.routes(),
            *self._signing_in.routes(),
            *self._board.routes(),
            *self._display.routes(),
            *self._figures.routes(),
        ]
