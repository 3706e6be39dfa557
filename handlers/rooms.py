"""The rooms of the workspace, what each is at this moment, and one room's day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from rapidfuzz import fuzz, process

from core import rights
from core.models import Equipment, Location, Room, Slot
from handlers import guide
from handlers.drafts import DayOfRoom, Draft, RoomsPage
from handlers.replies import Message
from handlers.requests import Click, Command
from handlers.sentence.model import Fragment
from handlers.services import Desk
from handlers.understanding import LONGEST, home_of, places_of, understood_part
from handlers.views import rooms as views

PAGE = 20
NEAR_ENOUGH = 75
USUAL_HOUR, HALF_HOUR = 9, 1800


async def shown(request: Command | Click, rest: str, desk: Desk) -> Message:  # noqa: ARG001 - one shape for all commands
    """List the rooms of a location, or of all; show the day of a room that is named."""
    places = places_of(desk)
    if not places:
        return await guide.no_rooms(desk)
    if not rest:
        return await _listed(desk, RoomsPage())
    part = understood_part(rest[:LONGEST], desk)
    if isinstance(part, Fragment) and part.room:
        moment = part.start or part.day
        return await _day(desk, part.room, moment.date() if moment else _today(part.room, desk))
    place = _named(rest, places)
    return await _listed(desk, RoomsPage(place=place.id)) if place else views.no_such_place(rest, places)


async def page(click: Click, desk: Desk) -> Message:
    """Turn to another page of the list."""
    return await _listed(desk, RoomsPage.load(click.value))


async def day(click: Click, desk: Desk) -> Message:
    """Turn to another day of a room."""
    wanted = DayOfRoom.load(click.value)
    return await _day(desk, desk.catalogue.room(wanted.room), wanted.day)


def _today(room: Room, desk: Desk) -> date:
    return desk.services.clock.now().astimezone(desk.catalogue.place_of(room).tz).date()


async def _day(desk: Desk, room: Room, day: date) -> Message:
    today = _today(room, desk)
    day = min(max(day, today - timedelta(days=366)), today + timedelta(days=3660))  # what a calendar can hold
    tz = desk.catalogue.place_of(room).tz
    midnight, next_one = (datetime.combine(one, time(), tzinfo=tz) for one in (day, day + timedelta(days=1)))
    (there,) = await desk.services.search.day([room.id], Slot(start=midnight, end=next_one), by=desk.actor)
    soon = int(desk.services.clock.now().timestamp()) // HALF_HOUR * HALF_HOUR + HALF_HOUR
    start = max(soon, int(datetime.combine(day, time(USUAL_HOUR), tzinfo=tz).timestamp()))
    draft = Draft(start=start, end=start + HALF_HOUR, room=room.id)
    # No button that could only refuse.
    allowed = rights.bookable_by(desk.actor, room, desk.catalogue) is not None
    return views.day(there, day, desk.reader, draft=draft if allowed else None)


def _named(words: str, places: list[Location]) -> Location | None:
    said = words.casefold().removeprefix("in ").removeprefix("at ")
    names = {place.name.casefold(): place for place in places}
    best = process.extractOne(said, names.keys(), scorer=fuzz.token_set_ratio, score_cutoff=NEAR_ENOUGH)
    return names[best[0]] if best else None


async def _listed(desk: Desk, wanted: RoomsPage) -> Message:
    """Return one page, rooms in the order of their locations: the person's own first."""
    home = home_of(desk)
    places = sorted(
        places_of(desk), key=lambda place: (place != home, place.zone != desk.person.zone, place.name.casefold())
    )
    order = {place.id: number for number, place in enumerate(places)}
    rooms = sorted(desk.catalogue.rooms_at(wanted.place, desk.actor), key=lambda room: order[room.location_id])
    there = rooms[wanted.offset : wanted.offset + PAGE]
    if not there:  # rooms have gone since the button was made
        return await _listed(desk, RoomsPage()) if places else await guide.no_rooms(desk)
    now = desk.services.clock.now()
    days = await desk.services.search.day([room.id for room in there], _rest_of_day(places_of(desk), now), by=desk.actor)
    hours = {room.id: desk.catalogue.policy(room).opening[_today(room, desk).weekday()] for room in there}
    things = {place.id: _lent_at(place, desk) for place in places}
    return views.listed(days, desk.reader, page=wanted, size=PAGE, total=len(rooms), hours=hours, things=things)


def _lent_at(place: Location, desk: Desk) -> list[Equipment]:
    return [one for one in desk.catalogue.equipment if one.active and one.location_id == place.id and one.quantity]


def _rest_of_day(places: list[Location], now: datetime) -> Slot:
    """Return the time from now until the last of the places has midnight."""
    midnights = [
        datetime.combine(now.astimezone(place.tz).date() + timedelta(days=1), time(), tzinfo=place.tz) for place in places
    ]
    return Slot(start=now, end=max(midnights))
