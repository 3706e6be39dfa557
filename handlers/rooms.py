"""The rooms of the workspace, and what each is at this moment."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from rapidfuzz import fuzz, process

from core.models import Location, Slot
from handlers.drafts import RoomsPage
from handlers.replies import Message
from handlers.requests import Click, Command
from handlers.services import Desk
from handlers.understanding import home_of, places_of
from handlers.views import questions
from handlers.views import rooms as views

PAGE = 20
NEAR_ENOUGH = 75


async def shown(request: Command | Click, rest: str, desk: Desk) -> Message:  # noqa: ARG001 - one shape for all commands
    """List the rooms of a location, or of all."""
    places = places_of(desk)
    if not places:
        return questions.no_rooms(desk.reader)
    if not rest:
        return await _listed(desk, RoomsPage())
    place = _named(rest, places)
    return await _listed(desk, RoomsPage(place=place.id)) if place else views.no_such_place(rest, places)


async def page(click: Click, desk: Desk) -> Message:
    """Turn to another page of the list."""
    return await _listed(desk, RoomsPage.load(click.value))


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
    rooms = sorted(desk.catalogue.rooms_at(wanted.place), key=lambda room: order[room.location_id])
    there = rooms[wanted.offset : wanted.offset + PAGE]
    if not there:  # rooms have gone since the button was made
        return await _listed(desk, RoomsPage()) if places else questions.no_rooms(desk.reader)
    now = desk.services.clock.now()
    days = await desk.services.search.day([room.id for room in there], _rest_of_day(places_of(desk), now), by=desk.actor)
    return views.listed(days, desk.reader, page=wanted, size=PAGE, total=len(rooms))


def _rest_of_day(places: list[Location], now: datetime) -> Slot:
    """Return the time from now until the last of the places has midnight."""
    midnights = [
        datetime.combine(now.astimezone(place.tz).date() + timedelta(days=1), time(), tzinfo=place.tz) for place in places
    ]
    return Slot(start=now, end=max(midnights))
