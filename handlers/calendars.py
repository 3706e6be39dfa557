"""Calendars over HTTP: subscribed ones at `/calendar/{token}.ics`, and the file of one meeting.

The address is the right to read, so that it must not travel: nothing is kept by those in between, and an address that is of
no use answers as one that never was.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

from aiohttp import web

from core import saying
from core.calendars import Content, Feed
from core.catalogue import Catalogue
from core.errors import BookingError, BookingNotFound, Busy, LocationNotFound, RoomNotFound, Unavailable
from core.models import one_line
from core.reading import elsewhere
from handlers import icalendar_file
from handlers.api import conditions
from handlers.calendar_entries import Entry, entries, face, single
from handlers.services import Services

HEADERS = {
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
NOTHING = "There is no calendar at this address.\n"
LATER = "The calendar cannot be read right now. Try again in a minute.\n"
SURFACE = "calendar"
# So many entries are written at once; then others' requests have their turn.
AT_ONCE = 50
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,100}")

# Where a conversation with Bookroom is opened in Slack; None until Slack has told who we are.
Slack = Callable[[], str | None]
Handle = Callable[[web.Request], Awaitable[web.Response]]


def routes(services: Services, *, slack: Slack = lambda: None) -> list[web.RouteDef]:
    """Return the routes of calendars: 404, always in the same words, where an address is of no use."""
    pages = _Pages(services, slack)
    # HEAD comes with GET.
    return [
        web.get("/calendar/booking/{id}.ics", pages.told(pages.meeting)),
        web.get("/calendar/{token}.ics", pages.told(pages.feed)),
        web.get("/calendar/{rest:.*}", pages.told(_nowhere)),
    ]


class _NothingError(Exception):
    """Nothing is at an address."""


async def _nowhere(_: web.Request) -> web.Response:
    raise _NothingError


class _Pages:
    def __init__(self, services: Services, slack: Slack) -> None:
        self._services = services
        self._slack = slack

    @staticmethod
    def told(handle: Handle) -> Handle:
        async def answered(request: web.Request) -> web.Response:
            try:
                response = await handle(request)
            except (_NothingError, BookingNotFound, RoomNotFound, LocationNotFound):
                response = web.Response(text=NOTHING, status=404)
            except (Busy, Unavailable):
                response = web.Response(text=LATER, status=503, headers={"Retry-After": "60"})
            except BookingError as error:
                response = web.Response(text=f"{error.message}\n", status=409)
            response.headers.update(HEADERS)
            return response

        return answered

    async def feed(self, request: web.Request) -> web.Response:
        """Answer with a calendar, or that the asker has it as it stands."""
        token = request.match_info["token"]
        found = await self._services.calendars.found(token) if _TOKEN.fullmatch(token) else None
        if found is None:
            raise _NothingError
        feed, person = found
        await self._services.calendars.used(feed)
        by = person.acting(SURFACE)
        with elsewhere():
            changed = await self._services.calendars.changed_at(feed)
            # By date alone, a program that asks again costs next to nothing.
            if "If-None-Match" not in request.headers and self._had(request, "", changed):
                return _unchanged(None, changed)
            content = await self._services.calendars.content(feed, by)
        catalogue = await self._services.catalogues.current()
        there: list[Entry] = []
        for entry in entries(content, by, catalogue, own=feed.own, link=self._slack()):
            there.append(entry)
            await _turn(len(there))
        name, about = _named(feed, catalogue), _about(content)
        etag = icalendar_file.tag(there, name, about)
        if self._had(request, etag, changed):
            return _unchanged(etag, changed)
        calendar = icalendar_file.head(name, about)
        icalendar_file.add_zones(calendar, there)
        return _file(await _written(calendar.to_ical(), there), etag, changed, name="bookroom")

    async def meeting(self, request: web.Request) -> web.Response:
        """Answer with the file of one meeting, as whoever got its address may see it by now."""
        links, now = self._services.calendar_links, self._services.clock.now()
        reader = links.read(request.path, request.query_string, now=now) if links else None
        person = await self._services.calendars.person(reader) if reader else None
        if person is None:
            raise _NothingError
        booking = await self._services.listing.get(UUID(request.match_info["id"]))
        catalogue, by = await self._services.catalogues.current(), person.acting(SURFACE)
        shown = face(booking, by, catalogue, own=booking.attended_by(person.id), link=self._slack())
        there = [single(booking, shown)]
        etag = icalendar_file.tag(there)
        if self._had(request, etag, None):
            return _unchanged(etag, None)
        content = icalendar_file.written("Bookroom", "A meeting booked with Bookroom", there)
        return _file(content, etag, booking.updated_at, name="meeting")

    def _had(self, request: web.Request, etag: str, changed: datetime | None) -> bool:
        return conditions.had_before(
            etag,
            changed,
            if_none_match=request.headers.get("If-None-Match"),
            if_modified_since=request.headers.get("If-Modified-Since"),
            now=self._services.clock.now(),
        )


async def _written(begun: bytes, there: Sequence[Entry]) -> bytes:
    """Return a calendar with its events; what a large one costs is no other's wait."""
    end = b"END:VCALENDAR\r\n"
    parts = [begun.removesuffix(end)]
    for number, entry in enumerate(there, start=1):
        parts.append(icalendar_file.event(entry).to_ical())
        await _turn(number)
    return b"".join([*parts, end])


async def _turn(number: int) -> None:
    if not number % AT_ONCE:
        await asyncio.sleep(0)


def _named(feed: Feed, catalogue: Catalogue) -> str:
    if feed.room_id is not None:
        return one_line(catalogue.room(feed.room_id).name) or "Room"
    if feed.location_id is not None:
        return f"Rooms: {one_line(catalogue.location(feed.location_id).name)}"
    return "My rooms"


def _about(content: Content) -> str:
    said = "Meetings booked with Bookroom."
    if not content.cut:
        return said
    first, last = (saying.short_date(one.date(), today=content.start.date()) for one in (content.start, content.until))
    return f"{said} There are more than one calendar holds: these are the ones from {first} until {last}."


def _unchanged(etag: str | None, changed: datetime | None) -> web.Response:
    return web.Response(status=304, headers=_validators(etag, changed))


def _file(content: bytes, etag: str, changed: datetime, *, name: str) -> web.Response:
    headers = {**_validators(etag, changed), "Content-Disposition": f'inline; filename="{name}.ics"'}
    return web.Response(body=content, content_type=icalendar_file.TYPE, charset="utf-8", headers=headers)


def _validators(etag: str | None, changed: datetime | None) -> dict[str, str]:
    said = {"ETag": etag} if etag else {}
    return {**said, "Last-Modified": conditions.http_date(changed)} if changed else said
