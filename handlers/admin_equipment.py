"""Administration of movable equipment, and of rooms that are made of others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from slack_sdk.models.views import View

from core.errors import EquipmentNotFound
from core.models import Equipment
from handlers.admin_asked import Asked, fresh
from handlers.admin_places import rooms
from handlers.views import admin_equipment as shown
from handlers.views.admin import Where, id_from
from handlers.views.text import Line, bold, cut

Page = Callable[[Asked], Awaitable[View]]


async def equipment(asked: Asked, above: Line = ()) -> View:
    """Return the list of equipment."""
    asked = await fresh(asked)
    where = asked.where if asked.where.section == "equipment" else shown.EQUIPMENT
    return shown.equipment(asked.desk.catalogue, where, above=above)


async def thing(asked: Asked) -> View:
    """Return the form of a piece of equipment."""
    one = _thing(asked)
    return shown.equipment_form(one, (), asked.where.model_copy(update={"version": one.version}))


async def thing_sent(asked: Asked) -> View:
    """Keep what was set of it."""
    filled = asked.filled
    after = await asked.office.equipment.edit(
        asked.id, version=asked.version, by=asked.by, name=filled.text("name"), quantity=filled.number("quantity")
    )
    return await equipment(replace(asked, where=shown.EQUIPMENT), ["✅ Saved: ", bold(cut(shown.said(after), 150)), "."])


async def add_equipment(asked: Asked) -> View:
    """Return the form for new equipment."""
    places = [place for place in asked.desk.catalogue.locations if place.active]
    return shown.equipment_form(None, places, asked.where)


async def add_equipment_sent(asked: Asked) -> View:
    """Add equipment."""
    filled = asked.filled
    new = await asked.office.equipment.add(
        id_from(filled.option("location")), filled.text("name"), filled.number("quantity"), by=asked.by
    )
    return await equipment(replace(asked, where=shown.EQUIPMENT), ["✅ Added: ", bold(cut(shown.said(new), 150)), "."])


async def use_thing(asked: Asked) -> View:
    """Take equipment out of use, or back into it."""
    active = asked.where.more == "on"
    after = await asked.office.equipment.edit(asked.id, version=asked.version, by=asked.by, active=active)
    state = "in use again" if active else "out of use"
    return await equipment(replace(asked, where=shown.EQUIPMENT), ["✅ ", bold(cut(after.name, 100)), f" is {state}."])


def _thing(asked: Asked) -> Equipment:
    for one in asked.desk.catalogue.equipment:
        if one.id == asked.id:
            return one
    raise EquipmentNotFound("That equipment does not exist any more.")


async def parts(asked: Asked) -> View:
    """Return the form that says which rooms a room is made of."""
    whole = asked.desk.catalogue.room(asked.id)
    here = [room for room in asked.desk.catalogue.rooms if room.location_id == whole.location_id]
    return shown.parts_form(whole, here, asked.where)


async def parts_sent(asked: Asked) -> View:
    """Let a room be made of others."""
    chosen = [id_from(one) for one in asked.filled.options("parts")]
    whole = await asked.office.divisible.set_parts(asked.id, chosen, by=asked.by)
    names = ", ".join(room.name for room in asked.desk.catalogue.rooms if room.id in chosen)
    said = f" is made of {names}." if names else " is a room of its own."
    return await rooms(replace(asked, where=Where(section="rooms")), ["✅ ", bold(cut(whole.name, 100)), cut(said, 500)])


PAGES: Mapping[str, Page] = {"equipment": equipment, "thing": thing, "add_equipment": add_equipment, "parts": parts}
DEEDS: Mapping[str, Page] = {"use_thing": use_thing}
FORMS: Mapping[str, Page] = {"thing": thing_sent, "add_equipment": add_equipment_sent, "parts": parts_sent}
