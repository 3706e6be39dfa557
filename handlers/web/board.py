"""The board: all rooms of a location for a day, for people and, as JSON, for the page that keeps it up to date.

Who has not signed in looks only where an admin has opened the board to everybody.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from core import saying
from core.board import DayBoard
from core.catalogue import Catalogue
from core.errors import BookingError, LocationNotFound
from core.heard import Interest
from core.models import Location, Person
from core.reading import elsewhere
from handlers import freshness
from handlers.api import events, refusing
from handlers.services import Services
from handlers.web.planner import Panel, drawn, now_in, panel
from handlers.web.sessions import Sessions
from handlers.web.signin import to_sign_in
from handlers.web.site import HEADERS, Look, Site
from handlers.web.within import at

ALL = "/board"
ONE = "/board/{location}"
DATA = "/board/{location}/data"
HEARD = "/board/{location}/events"
EVENTS = "/api/v1/events"
NOW = "Bookroom-Now"


class BoardPages:
    """The choice of a location, its board, and the board's data."""

    def __init__(self, services: Services, site: Site, sessions: Sessions, look: Look) -> None:
        self._services = services
        self._site = site
        self._sessions = sessions
        self._look = look

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get(ALL, self._all),
            web.get(ONE, self._one),
            web.get(DATA, self._data),
            web.get(HEARD, self._heard, allow_head=False),
        ]

    async def _all(self, request: web.Request) -> web.Response:
        person = await self._sessions.person(request)
        try:
            catalogue = await self._services.catalogues.current()
        except BookingError as error:
            return self._look.told(error)
        places = _visible(catalogue, person)
        if not places and person is None:
            return to_sign_in(request)
        if len(places) == 1:
            raise web.HTTPSeeOther(f"{ALL}/{places[0].id}", headers=HEADERS)
        now = self._services.clock.now()
        listed = [
            {
                "id": place.id,
                "name": place.name,
                "rooms": saying.counted(len(catalogue.rooms_at(place.id)), "room"),
                "time": saying.clock_time(now, place.tz),
            }
            for place in places
        ]
        return self._look.page("boards.html", places=listed, person=person, here=ALL)

    async def _one(self, request: web.Request) -> web.Response:
        person = await self._sessions.person(request)
        try:
            catalogue = await self._services.catalogues.current()
            place = _place(catalogue, request.match_info["location"])
            if person is None and not place.board_open:
                return to_sign_in(request)
            asked = _date(request)
            with _elsewhere(request):
                board = await self._services.board.day(place.id, asked, by=person.acting("web") if person else None)
        except BookingError as error:
            return self._look.told(error)
        day = drawn(board)
        tag = self._tag(_content(day))
        day["now"] = now_in(day, self._services.clock.now())
        here = f"{ALL}/{place.id}" + (f"?{urlencode({'date': asked.isoformat()})}" if asked else "")
        page = self._look.page(
            "board.html",
            day=day,
            moment=self._services.clock.now().isoformat(),
            tag=f'"{tag}"',
            places=[{"id": str(one.id), "name": one.name} for one in _visible(catalogue, person)],
            person=person,
            asked=asked,
            here=here,
            join="&" if asked else "?",
            panel=self._asked(request, board),
            source=at(here.replace(f"/{place.id}", f"/{place.id}/data", 1)),
            events=at(f"{EVENTS}?{urlencode({'locationId': str(place.id)})}" if person else f"{ALL}/{place.id}/events"),
            slack=self._site.us.app_link,
            slack_web=self._site.us.web_link,
        )
        page.headers[NOW] = self._services.clock.now().isoformat()
        return page

    async def _data(self, request: web.Request) -> web.Response:
        person = await self._sessions.person(request)
        try:
            place = _place(await self._services.catalogues.current(), request.match_info["location"])
            if person is None and not place.board_open:
                return _json({"error": "Unauthorized", "message": "Sign in.", "validationErrors": {}}, status=401)
            by = person.acting("web") if person else None
            with _elsewhere(request):
                board = await self._services.board.day(place.id, _date(request), by=by)
        except BookingError as error:
            status = 404 if isinstance(error, LocationNotFound) else 503
            return _json({"error": error.code, "message": error.message, "validationErrors": {}}, status=status)
        return self._unless_had(request, drawn(board))

    async def _heard(self, request: web.Request) -> web.StreamResponse:
        """Tell whoever looks in passing that something has changed; who has signed in hears it of the API."""
        try:
            place = _place(await self._services.catalogues.current(), request.match_info["location"])
            viewer = await events.in_passing(self._services, place.id)
            interest = Interest(locations=frozenset({place.id}))
            return await events.stream(request, self._services, viewer, interest, headers=HEADERS)
        except BookingError as error:
            return refusing.response(error, frozenset())

    def _unless_had(self, request: web.Request, day: dict[str, Any]) -> web.Response:
        content = _content(day)
        etag = self._tag(content)
        known = request.if_none_match
        had = known is not None and any(one.value in {etag, "*"} for one in known)
        response = web.Response(status=304) if had else web.Response(body=content, content_type="application/json")
        response.headers.update(HEADERS)
        # Asked again each time, and told in a few bytes that it is as it was.
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["Vary"] = "Cookie"
        response.headers[NOW] = self._services.clock.now().isoformat()
        response.etag = etag
        return response

    def _tag(self, content: bytes) -> str:
        """Return what tells one state of a day, drawn by this version, from any other."""
        return hashlib.blake2b(content + self._look.version.encode(), digest_size=12).hexdigest()

    def _asked(self, request: web.Request, board: DayBoard) -> Panel | None:
        """Return what is told of the place that was chosen, if one was."""
        room_id, moment, minutes = (request.query.get(name, "") for name in ("room", "at", "minutes"))
        room = next((one for one in board.rooms if str(one.room.id) == room_id), None)
        if room is None:
            return None
        wanted = int(minutes) if minutes.isascii() and minutes.isdecimal() and len(minutes) < 5 else None
        now, command = self._services.clock.now(), self._services.command
        return panel(board, room, moment, wanted, command=command, now=now)


def _visible(catalogue: Catalogue, person: Person | None) -> list[Location]:
    """Return the locations whose boards somebody may look at, their usual one first."""
    places = [place for place in catalogue.locations if place.active and (person or place.board_open)]
    usual = person.default_location_id if person else None
    return sorted(places, key=lambda place: (place.id != usual, place.name.casefold()))


def _place(catalogue: Catalogue, said: str) -> Location:
    try:
        return catalogue.location(UUID(said))
    except ValueError:
        raise LocationNotFound("There is no such board.") from None


def _elsewhere(request: web.Request) -> AbstractContextManager[None]:
    """Let a copy of the database be read that has come to the event of which the page has heard."""
    try:
        return elsewhere(freshness.wanted(request.headers))
    except ValueError:
        return nullcontext()


def _date(request: web.Request) -> date | None:
    """Return the day that is asked for; None for today, and for what is no day within the years that are reckoned with."""
    try:
        day = date.fromisoformat(request.query["date"])
    except (KeyError, ValueError):
        return None
    return day if 2000 <= day.year < 2200 else None


def _content(day: dict[str, Any]) -> bytes:
    return json.dumps(day, ensure_ascii=False, separators=(",", ":")).encode()


def _json(said: dict[str, Any], *, status: int) -> web.Response:
    return web.json_response(said, status=status, headers=HEADERS)
