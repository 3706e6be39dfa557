"""The page of figures for admins who have signed in: it leads to the same page that Slack gives out addresses of."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from core.errors import BookingError
from core.stats import Asked
from handlers.services import Services
from handlers.web.sessions import Sessions
from handlers.web.signin import away, to_sign_in
from handlers.web.site import Look

PATH = "/figures"
DAYS = 28


class FiguresPage:
    """One address that stays the same; what it leads to is good for an hour."""

    def __init__(self, services: Services, sessions: Sessions, look: Look) -> None:
        self._services = services
        self._sessions = sessions
        self._look = look

    def routes(self) -> list[web.RouteDef]:
        """Return the route."""
        return [web.get(PATH, self._page)]

    async def _page(self, request: web.Request) -> web.Response:
        person = await self._sessions.person(request)
        if person is None:
            return to_sign_in(request)
        links, now = self._services.links, self._services.clock.now()
        if not person.admin or links is None:
            said = "Figures are for admins." if links else "There is no page of figures here."
            return self._look.page("told.html", title="Figures", sentence=said, links=(), status=403 if links else 404)
        try:
            places = (await self._services.catalogues.current()).locations
        except BookingError as error:
            return self._look.told(error)
        zone = next((one.tz for one in places if one.id == person.default_location_id), places[0].tz if places else None)
        yesterday = now.astimezone(zone).date() - timedelta(days=1)
        asked = Asked(first=yesterday - timedelta(days=DAYS - 1), last=yesterday)
        response = away(links.relative(links.look(asked, everything=True, now=now)))
        response.headers["Referrer-Policy"] = "no-referrer"
        return response
