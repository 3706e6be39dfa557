"""The display at a door: free or busy from three metres, until when, what follows, a code to check in with.

Who has the door's address has the display's. It stays up without network: the script knows what follows, says how old
that is, and never leaves the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import segno
from aiohttp import web
from markupsafe import Markup

from core import saying
from core.board import Entry
from core.checkin import check_in_opens
from core.errors import BookingError
from core.models import Booking, Slot, Status
from core.presence import Door
from handlers.services import Services
from handlers.views.times import floor
from handlers.web.board import NOW
from handlers.web.site import HEADERS, Look, Site, from_elsewhere
from handlers.web.within import at

DOOR = "/door/{token:[A-Za-z0-9_-]{1,200}}"
PATH = DOOR + "/display"
DATA = PATH + "/data"
AHEAD = timedelta(hours=24)
MOST_NEXT = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What the display says at a moment; `state` is free or busy."""

    state: str
    word: str
    until: str
    title: str
    who: str
    check_in: dict[str, Any] | None
    following: tuple[dict[str, Any], ...]


class Display:
    """The display of every door."""

    def __init__(self, services: Services, site: Site, look: Look) -> None:
        self._services = services
        self._site = site
        self._look = look

    def routes(self) -> list[web.RouteDef]:
        """Return the page, its data, and checking in on it."""
        return [web.get(PATH, self._page), web.get(DATA, self._data), web.post(PATH, self._check_in)]

    async def _page(self, request: web.Request) -> web.Response:
        return await self._shown(request)

    async def _shown(self, request: web.Request, *, said: str = "", status: int = 200) -> web.Response:
        try:
            facts = await self._facts(request.match_info["token"])
        except BookingError as error:
            return self._look.told(error)
        now = self._services.clock.now()
        door = f"{self._base(request)}/door/{request.match_info['token']}"
        page = self._look.page(
            "display.html",
            facts=facts,
            shown=shown(facts, now),
            clock=saying.clock_time(now, facts["tz"]),
            day=saying.short_date(now.astimezone(facts["tz"]).date(), today=now.astimezone(facts["tz"]).date()),
            said=said,
            source=at(f"/door/{request.match_info['token']}/display/data"),
            codes={"check": _code(door, "Check in"), "book": _code(self._site.us.web_link, "Book in Slack")},
            sentence=f"{self._services.command} {facts['room']} now",
            slack=self._site.us.app_link,
            status=status,
        )
        page.headers[NOW] = now.isoformat()
        return page

    async def _data(self, request: web.Request) -> web.Response:
        try:
            facts = await self._facts(request.match_info["token"])
        except BookingError as error:
            said = {"error": error.code, "message": error.message, "validationErrors": {}}
            return web.json_response(said, status=self._look.told(error).status, headers=HEADERS)
        said = {name: value for name, value in facts.items() if name != "tz"} | {"version": self._look.version}
        return web.json_response(said, headers={**HEADERS, NOW: self._services.clock.now().isoformat()})

    async def _check_in(self, request: web.Request) -> web.Response:
        """Check in: whoever presses the button stands at the door."""
        if from_elsewhere(request):
            return await self._shown(request, said="Check in on this page.", status=403)
        try:
            booking_id = UUID(str((await request.post()).get("booking")))
        except (ValueError, LookupError):
            return await self._shown(request, said="That was out of date. This is how it stands now.", status=400)
        try:
            await self._services.presence.check_in_at_door(request.match_info["token"], booking_id=booking_id)
        except BookingError as error:
            return await self._shown(request, said=error.message, status=409)
        raise web.HTTPSeeOther(request.path, headers=HEADERS)

    async def _facts(self, token: str) -> dict[str, Any]:
        """Return what is known of the next day and night at a door; raises RoomNotFound for a link of no use."""
        door = await self._services.presence.door(token)
        now = self._services.clock.now()
        entries = await self._services.board.ahead(door.room, Slot(start=now, end=now + AHEAD))
        policy = (await self._services.catalogues.current()).policy(door.room)
        known = {one.id: one for one in (door.current, door.next) if one is not None}
        tz = door.location.tz
        return {
            "tz": tz,
            "room": door.room.name,
            "facts": " · ".join(
                part for part in (door.location.name, floor(door.room), f"seats {door.room.capacity}") if part
            ),
            "zone": door.location.zone,
            "meetings": [_meeting(one, known, door, policy) for one in entries if one.slot.end > now],
        }

    def _base(self, request: web.Request) -> str:
        return self._site.base if self._site.public else f"{request.scheme}://{request.host}"


def shown(facts: dict[str, Any], now: datetime) -> Shown:
    """Return what a display says at a moment of what it knows; its script says the same."""
    tz, coming = facts["tz"], [one for one in facts["meetings"] if datetime.fromisoformat(one["end"]) > now]
    current = next((one for one in coming if datetime.fromisoformat(one["start"]) <= now), None)
    following = [one for one in coming if one is not current]
    end = now
    for one in coming:
        # Meetings that follow each other without a gap keep the room as one.
        if datetime.fromisoformat(one["start"]) > end:
            break
        end = max(end, datetime.fromisoformat(one["end"]))
    moment = end if current else datetime.fromisoformat(following[0]["start"]) if following else None
    check_in = next((one for one in coming[:2] if _open(one, now)), None)
    return Shown(
        state="busy" if current else "free",
        word="Busy" if current else "Free",
        until=f"until {_clock(moment, now, tz)}" if moment else "for the next 24 hours",
        title=current["title"] if current else "",
        who=current["who"] if current else "",
        check_in=check_in,
        following=tuple(following[:MOST_NEXT]),
    )


def _open(meeting: dict[str, Any], now: datetime) -> bool:
    opens, closes = meeting["checkInFrom"], meeting["checkInUntil"]
    return bool(opens and datetime.fromisoformat(opens) <= now < datetime.fromisoformat(closes))


def _clock(moment: datetime, now: datetime, tz: Any) -> str:  # noqa: ANN401 - a zone
    there = moment.astimezone(tz)
    return f"{there:%H:%M}" if there.date() == now.astimezone(tz).date() else f"tomorrow {there:%H:%M}"


def _meeting(entry: Entry, known: dict[UUID, Booking], door: Door, policy: Any) -> dict[str, Any]:  # noqa: ANN401 - rules
    tz, booking = door.location.tz, known.get(entry.booking_id) if entry.booking_id else None
    title, who = (
        ("Private meeting", "") if entry.who is None else (entry.title or entry.who, entry.who if entry.title else "")
    )
    if entry.held_until:
        title, who = "Held for somebody on the waiting list", ""
    said: dict[str, Any] = {
        "start": entry.slot.start.isoformat(),
        "end": entry.slot.end.isoformat(),
        "hours": saying.hours(entry.slot, tz),
        "title": f"{entry.through.name}: {title}" if entry.through else title,
        "who": who,
        "booking": None,
        "checkInFrom": None,
        "checkInUntil": None,
    }
    if booking is None or booking.status is not Status.CONFIRMED or entry.through:
        return said
    opens = check_in_opens(booking, policy)
    if opens is not None:
        said |= {"booking": str(booking.id), "checkInFrom": opens.isoformat(), "checkInUntil": booking.end.isoformat()}
    return said


def _code(address: str | None, words: str) -> Markup | None:
    """Return a code that a telephone reads; the address in it stands nowhere else on the page."""
    if address is None:
        return None
    drawn = segno.make(address, error="m", micro=False).svg_inline(omitsize=True, border=3, dark="#101715", light="#ffffff")
    return Markup('<span role="img" aria-label="{}">{}</span>').format(words, Markup(drawn))  # noqa: S704 - made of squares
