"""The page behind the code at a room's door: what is on there, and checking in, without a login.

Whoever stands at the door has the link; being there is the proof. Titles and people of private meetings are not told.
The page asks nothing of any other host and runs no script.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from html import escape
from urllib.parse import urlsplit
from uuid import UUID

from aiohttp import web

from core import saying
from core.checkin import check_in_opens, check_in_state
from core.errors import BookingError, Busy, RoomNotFound, Unavailable
from core.models import Booking
from core.presence import Door
from handlers.services import Services
from handlers.views.held import borrowed, rooms_of
from handlers.views.times import floor

PATH = "/door/{token:[A-Za-z0-9_-]{1,200}}"

STYLE = """
:root { color-scheme: light dark; --ground: #f6f5f1; --card: #fff; --ink: #1c2321; --soft: #57605d; --line: #d9dbd6;
  --accent: #1f4d3f; --on-accent: #fff; }
@media (prefers-color-scheme: dark) { :root { --ground: #151918; --card: #1e2422; --ink: #eef1ef; --soft: #a9b4b0;
  --line: #38413e; --accent: #8fd0b8; --on-accent: #10211b; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; background: var(--ground); color: var(--ink); padding: 1.5rem 1rem;
  font: 1.125rem/1.5 system-ui, sans-serif; }
main { max-width: 32rem; margin: 0 auto; }
h1 { font-size: 2rem; line-height: 1.15; margin: 0; overflow-wrap: anywhere; }
header p { margin: .25rem 0 1.25rem; color: var(--soft); }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem;
  margin: 0 0 1rem; overflow-wrap: anywhere; }
section.free { border-style: dashed; }
h2 { font-size: 1.375rem; line-height: 1.3; margin: 0 0 .25rem; }
section p { margin: .25rem 0; }
.soft { color: var(--soft); }
.notice { border-left: .375rem solid var(--accent); }
button { font: inherit; font-weight: 600; width: 100%; min-height: 3.25rem; margin-top: 1rem; border: 0;
  border-radius: .625rem; background: var(--accent); color: var(--on-accent); cursor: pointer; }
button:focus-visible { outline: 3px solid var(--ink); outline-offset: 3px; }
@media print { button { display: none; } }
"""

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # The address is the right to check in: it must not travel to anybody.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}


def routes(services: Services) -> list[web.RouteDef]:
    """Return the page of a door, and checking in from it: 404 for a link of no use, 403 for a form of another site."""

    async def look(request: web.Request) -> web.Response:
        return await _page(services, request.match_info["token"])

    async def check_in(request: web.Request) -> web.Response:
        token = request.match_info["token"]
        if _from_elsewhere(request):
            return await _page(services, token, said="Check in on this page.", status=403)
        booking_id = await _asked_about(request)
        if booking_id is None:
            return await _page(services, token, said="That form is out of date. This is how it stands now.", status=400)
        try:
            await services.presence.check_in_at_door(token, booking_id=booking_id)
        except RoomNotFound:
            return await _page(services, token)
        except BookingError as error:
            return await _page(services, token, said=error.message, status=_status(error))
        # Loading the page again must not send the form again.
        raise web.HTTPSeeOther(request.path, headers=HEADERS)

    return [web.get(PATH, look), web.post(PATH, check_in)]


async def _asked_about(request: web.Request) -> UUID | None:
    """Return the booking that our form names; None for what no form of ours sends."""
    if request.content_type != "application/x-www-form-urlencoded":
        return None
    try:
        return UUID(str((await request.post()).get("booking")))
    except (ValueError, LookupError):  # no id, not in its encoding, or in one that nobody knows
        return None


def _from_elsewhere(request: web.Request) -> bool:
    """Tell whether a browser says that another site's page has sent the form."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site != "same-origin"
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


async def _page(services: Services, token: str, *, said: str = "", status: int = 200) -> web.Response:
    try:
        door = await services.presence.door(token)
        catalogue = await services.catalogues.current()
    except BookingError as error:
        return _response(_html("Bookroom", _notice(error.message)), status=_status(error))
    now, policy = services.clock.now(), catalogue.policy(door.room)
    meetings = [one for one in (door.current, door.next) if one is not None]
    open_now = [one for one in meetings if check_in_state(one, policy, now) == "open"]
    opens = {one.id: check_in_opens(one, policy) for one in meetings if check_in_state(one, policy, now) == "not_yet"}
    facts = " · ".join(fact for fact in (door.location.name, floor(door.room), f"seats {door.room.capacity}") if fact)
    head = f"<header><h1>{escape(door.room.name)}</h1><p>{escape(facts)}</p></header>"
    parts = [head, _notice(said), *([] if door.current else [_free(door, now)])]
    parts += [
        _meeting(one, door, now, can_check_in=one in open_now, opens=opens.get(one.id))
        for one in meetings
        if one is door.current or one in open_now or one.checked_in_at
    ]
    if door.next and door.next not in open_now and not door.next.checked_in_at:
        parts.append(_next(door.next, door, now))
    return _response(_html(door.room.name, "".join(parts)), status=status)


def _free(door: Door, now: datetime) -> str:
    zone, until = door.location.tz, door.next.start if door.next else None
    if until is None:
        return '<section class="free"><h2>Free</h2><p class="soft">Nothing is booked for the next 24 hours.</p></section>'
    today = until.astimezone(zone).date() == now.astimezone(zone).date()
    at = saying.clock_time(until, zone) if today else f"tomorrow, {saying.clock_time(until, zone)}"
    return f'<section class="free"><h2>Free until {at}</h2></section>'


def _meeting(booking: Booking, door: Door, now: datetime, *, can_check_in: bool, opens: datetime | None) -> str:
    zone = door.location.tz
    hours = saying.hours(booking.slot, zone)
    when = f"Now, {hours}" if booking.start <= now else f"Soon, {hours}"
    lines = [f"<h2>{escape(when)}</h2>", f"<p>{escape(_title(booking))}</p>"]
    if held := _held(booking, door):
        lines.append(f'<p class="soft">{escape(held)}</p>')
    if booking.checked_in_at is not None:
        lines.append(f'<p class="soft">Checked in at {saying.clock_time(booking.checked_in_at, zone)}.</p>')
    elif opens is not None:
        lines.append(f'<p class="soft">Check-in opens at {saying.clock_time(opens, zone)}.</p>')
    if can_check_in:
        lines.append(
            f'<form method="post"><input type="hidden" name="booking" value="{booking.id}"><button>Check in</button></form>'
        )
    return f"<section>{''.join(lines)}</section>"


def _next(booking: Booking, door: Door, now: datetime) -> str:
    when = saying.when(booking.slot, door.location.tz, now=now).removeprefix("today ")
    held = f'<p class="soft">{escape(said)}</p>' if (said := _held(booking, door)) else ""
    return f'<section><p class="soft">Next: {escape(when)}</p><p>{escape(_title(booking))}</p>{held}</section>'


def _held(booking: Booking, door: Door) -> str:
    """Return "In Apollo + Big Ben, with a flipchart", as far as it is more than the room of this door."""
    rooms = f"In {rooms_of(booking)}" if [room.id for room in booking.rooms] != [door.room.id] else ""
    along = borrowed(booking.equipment) if not booking.private else ""
    said = ", ".join(part for part in (rooms, along) if part)
    return said[:1].upper() + said[1:]


def _title(booking: Booking) -> str:
    if booking.private:
        return "Private meeting"
    return f"{booking.title}, {booking.booker.name}" if booking.title else booking.booker.name


def _notice(said: str) -> str:
    return f'<section class="notice" role="status"><p>{escape(said)}</p></section>' if said else ""


def _status(error: BookingError) -> int:
    if isinstance(error, RoomNotFound):
        return 404
    return 503 if isinstance(error, Busy | Unavailable) else 409


def _html(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )


def _response(page: str, *, status: int) -> web.Response:
    return web.Response(text=page, status=status, content_type="text/html", headers=HEADERS)
