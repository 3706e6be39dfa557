"""Administration of rooms, locations and amenities; the guide through an empty workspace."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from slack_sdk.models.views import View

from core import places, rights, saying
from core.errors import InvalidSetting
from core.models import KEEP, Location, Right, Room
from core.places import Closed, Placed, RoomFacts
from core.rerooming import Closing
from handlers import admin_photos
from handlers.admin_asked import Asked, fresh
from handlers.views import admin_places as shown
from handlers.views.admin import Filled, Where, id_from
from handlers.views.admin_places import ROOMS
from handlers.views.text import Line, bold

Page = Callable[[Asked], Awaitable[View]]


async def rooms(asked: Asked, above: Line = ()) -> View:
    """Return the list of rooms, of those that the person may change."""
    asked = await fresh(asked)
    desk = asked.desk
    mine = [room for room in desk.catalogue.rooms if rights.may(asked.by, Right.MANAGE, room, desk.catalogue)]
    where = asked.where if asked.where.section == ROOMS.section else ROOMS
    placed = await asked.office.places.locations()
    return shown.rooms(placed, desk.catalogue, where, mine=mine, admin_=desk.person.admin, above=above)


async def room(asked: Asked) -> View:
    """Return the form of a room."""
    one = _mine(asked)
    where = asked.where.model_copy(update={"version": one.version})
    return shown.room_form(one, (), asked.desk.catalogue, where, admin_=asked.desk.person.admin)


async def room_sent(asked: Asked) -> View:
    """Keep what was set of a room."""
    _mine(asked)
    facts = replace(_facts(asked.filled), photo=await admin_photos.chosen(asked))
    after = await asked.office.places.edit_room(asked.id, facts, version=asked.version, by=asked.by)
    return await rooms(asked, ["✅ Saved: ", bold(after.name), f" · {shown.facts(after)}"])


async def add_room(asked: Asked) -> View:
    """Return the form of a new room."""
    places_ = [place for place in asked.desk.catalogue.locations if place.active]
    return shown.room_form(None, places_, asked.desk.catalogue, asked.where)


async def add_room_sent(asked: Asked) -> View:
    """Add a room."""
    place = id_from(asked.filled.option("location"))
    facts = replace(_facts(asked.filled), photo=await admin_photos.chosen(asked))
    new = await asked.office.places.add_room(place, facts, by=asked.by)
    return await rooms(asked, ["✅ Added: ", bold(new.name), f" · {shown.facts(new)}"])


async def close_room(asked: Asked) -> View:
    """Return what taking a room out of use would do."""
    one = _mine(asked)
    plan = await asked.office.rerooming.preview(Closing(room_ids=frozenset({one.id})))
    where = Where(section="use_room", id=one.id, version=asked.version)
    back = Where(section="room", id=one.id)
    return shown.closing(one.name, plan, where, back=back, reader=asked.desk.reader, what="it")


async def use_room(asked: Asked) -> View:
    """Take a room out of use, or back into it."""
    active = asked.where.more == "on"
    closed = await asked.office.places.use_room(asked.id, active=active, version=asked.version, by=asked.by)
    return await rooms(asked, await _used(closed, asked, active=active))


async def location(asked: Asked) -> View:
    """Return the form of a location."""
    placed = await _placed(asked)
    where = asked.where.model_copy(update={"version": placed.version})
    return shown.location_form(placed, where, zone=placed.location.zone)


async def location_sent(asked: Asked) -> View:
    """Keep what was set of a location."""
    filled = asked.filled
    after = await asked.office.places.edit_location(
        asked.id,
        version=asked.version,
        by=asked.by,
        name=filled.text("name"),
        zone=filled.option("zone") or "",
        board_open=filled.option("board") == "open" if filled.has("board") else KEEP,
    )
    return await rooms(asked, ["✅ Saved: ", bold(after.name), f" · {after.zone}"])


async def add_location(asked: Asked) -> View:
    """Return the form of a new location."""
    return shown.location_form(None, asked.where, zone=asked.desk.person.zone)


async def add_location_sent(asked: Asked) -> View:
    """Add a location."""
    new = await _new_location(asked)
    return await rooms(asked, ["✅ Added: ", bold(new.name), f" · {new.zone}. Add its rooms now."])


async def close_location(asked: Asked) -> View:
    """Return what taking a location out of use would do."""
    placed = await _placed(asked)
    ids = frozenset(one.id for one in asked.desk.catalogue.rooms if one.location_id == placed.location.id)
    plan = await asked.office.rerooming.preview(Closing(room_ids=ids))
    where = Where(section="use_location", id=asked.id, version=placed.version)
    back = Where(section="location", id=asked.id)
    return shown.closing(placed.location.name, plan, where, back=back, reader=asked.desk.reader, what="any of its rooms")


async def use_location(asked: Asked) -> View:
    """Take a location out of use, or back into it."""
    active = asked.where.more == "on"
    closed = await asked.office.places.use_location(asked.id, active=active, version=asked.version, by=asked.by)
    return await rooms(asked, await _used(closed, asked, active=active))


async def amenities(asked: Asked, above: Line = ()) -> View:
    """Return what rooms have."""
    asked = await fresh(asked)
    return shown.amenities(asked.desk.catalogue, Where(section="amenities"), above=above)


async def amenities_sent(asked: Asked) -> View:
    """Rename or merge what rooms have."""
    words, into = asked.filled.options("words"), asked.filled.text("into")
    if not words:
        raise InvalidSetting("Choose what to rename.", fields={"words": "Choose what to rename."})
    count = await asked.office.places.merge_amenities(words, into, by=asked.by)
    return await amenities(asked, ["✅ ", bold(into.strip().lower()), f" now stands at {saying.counted(count, 'room')}."])


# -- an empty workspace ------------------------------------------------------------------------------------------------


async def first(asked: Asked) -> View:
    """Return the first step of the guide that is still to be done."""
    catalogue = asked.desk.catalogue
    if catalogue.locations and not catalogue.rooms:
        where = Where(section="first_room", id=catalogue.locations[0].id)
        return shown.first_room(catalogue.locations[0], catalogue, where)
    return shown.first_place(Where(section="first"), zone=asked.desk.person.zone)


async def first_sent(asked: Asked) -> View:
    """Add the first location, and ask for a room."""
    place = await _new_location(asked)
    asked = await fresh(asked)
    return shown.first_room(place, asked.desk.catalogue, Where(section="first_room", id=place.id))


async def first_room(asked: Asked) -> View:
    """Return the form for one more room of the guide."""
    catalogue = asked.desk.catalogue
    return shown.first_room(catalogue.location(asked.id), catalogue, asked.where)


async def first_room_sent(asked: Asked) -> View:
    """Add a room, and say how it is booked."""
    new = await asked.office.places.add_room(asked.id, _facts(asked.filled), by=asked.by)
    asked = await fresh(asked)
    place = asked.desk.catalogue.location(asked.id)
    where = Where(section="first_room", id=place.id, page=asked.where.page)
    return shown.first_done(new, place, where, asked.desk.reader)


# -- parts -------------------------------------------------------------------------------------------------------------


def _mine(asked: Asked) -> Room:
    one = asked.desk.catalogue.room(asked.id)
    places.allow(one, asked.by, asked.desk.catalogue)
    return one


async def _placed(asked: Asked) -> Placed:
    place = asked.desk.catalogue.location(asked.id)
    return next(one for one in await asked.office.places.locations() if one.location.id == place.id)


async def _new_location(asked: Asked) -> Location:
    filled = asked.filled
    return await asked.office.places.add_location(name=filled.text("name"), zone=filled.option("zone") or "", by=asked.by)


def _facts(filled: Filled) -> RoomFacts:
    words = {*filled.options("amenities"), *filled.text("more_amenities").replace(";", ",").split(",")}
    facts = RoomFacts(
        name=filled.text("name"),
        capacity=filled.number("capacity"),
        floor=filled.text("floor") or None,
        amenities=frozenset(words),
    )
    if not filled.has("setup_minutes"):
        return facts
    return RoomFacts(
        name=facts.name,
        capacity=facts.capacity,
        floor=facts.floor,
        amenities=facts.amenities,
        setup_minutes=filled.number("setup_minutes", empty=0),
        teardown_minutes=filled.number("teardown_minutes", empty=0),
    )


async def _used(closed: Closed, asked: Asked, *, active: bool) -> Line:
    """Return what was done, after everybody concerned has been written to."""
    await asked.office.rerooming.advance(asked.desk.services.clock.now())
    if active:
        return ["✅ ", bold(closed.name), " is in use again."]
    told = f" {saying.counted(len(closed.bookings), 'booking')} affected: their bookers are told." if closed.bookings else ""
    return ["✅ ", bold(closed.name), f" is out of use.{told}"]


PAGES: Mapping[str, Page] = {
    "rooms": rooms,
    "room": room,
    "add_room": add_room,
    "close_room": close_room,
    "location": location,
    "add_location": add_location,
    "close_location": close_location,
    "amenities": amenities,
    "first": first,
    "first_room": first_room,
}
DEEDS: Mapping[str, Page] = {"use_room": use_room, "use_location": use_location}
FORMS: Mapping[str, Page] = {
    "room": room_sent,
    "add_room": add_room_sent,
    "location": location_sent,
    "add_location": add_location_sent,
    "amenities": amenities_sent,
    "first": first_sent,
    "first_room": first_room_sent,
}
