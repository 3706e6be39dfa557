"""Movable equipment, and rooms that are made of others, as pages and forms of administration."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import Block, ButtonElement
from slack_sdk.models.views import View

from core.catalogue import Catalogue
from core.models import Equipment, Location, Room
from handlers.views import admin
from handlers.views.admin import Item, Where
from handlers.views.admin_places import OVERVIEW
from handlers.views.text import Line

EQUIPMENT = Where(section="equipment")


def equipment(catalogue: Catalogue, where: Where, *, above: Line = ()) -> View:
    """Return the list of equipment, by location."""
    items = [
        Item(text=f"{said(one)} · {catalogue.location(one.location_id).name}", button=_edit(one))
        for one in sorted(catalogue.equipment, key=lambda one: (catalogue.location(one.location_id).name, one.name))
    ]
    blocks = admin.listed(items, where, nothing="There is no movable equipment. What a room always has is its amenity.")
    below = [admin.go("Add equipment", Where(section="add_equipment"))] if catalogue.locations else []
    return admin.page("Equipment", where, blocks, back=OVERVIEW, above=above, below=below)


def said(one: Equipment) -> str:
    """Return "2 × projector on wheels"."""
    return f"{one.quantity} × {one.name}{'' if one.active else ' · out of use'}"


def _edit(one: Equipment) -> ButtonElement | None:
    return admin.go("Edit", Where(section="thing", id=one.id), aloud=f"Edit {one.name}")


def equipment_form(one: Equipment | None, places: Sequence[Location], where: Where) -> View:
    """Return the form for a piece of equipment; None adds one, at one of the places."""
    blocks: list[Block] = []
    if one is None:
        blocks.append(admin.choice("location", "Location", [(str(p.id), p.name) for p in places], None, where))
    blocks += [
        admin.text("name", "Name", one.name if one else None, where, longest=80, placeholder="Projector on wheels"),
        admin.text("quantity", "How many", str(one.quantity) if one else None, where, longest=5),
    ]
    below = [admin.go("Back", EQUIPMENT)]
    if one:
        use = Where(section="use_thing", id=one.id, version=one.version, more="" if one.active else "on")
        if one.active:
            ask = ("Take it out of use?", "Nobody can book it from then on. It can be taken back into use.")
            below.append(admin.do("Take out of use", use, style="danger", ask=ask))
        else:
            below.append(admin.do("Take into use", use))
    return admin.form(one.name if one else "New equipment", where, blocks, below=below)


def parts_form(whole: Room, rooms: Sequence[Room], where: Where) -> View:
    """Return the form that says which rooms a room is made of."""
    others = [(str(room.id), room.name) for room in rooms if room.id != whole.id]
    chosen = [str(part) for part in whole.parts]
    parts = admin.choices("parts", f"{whole.name} is made of", others, chosen, where)
    note = admin.words(
        "Booking it takes all its parts, and a booking of a part keeps it from being booked. None: a room of its own."
    )
    return admin.form(
        "Divisible room",
        where,
        [*([parts] if parts else []), note],
        below=[admin.go("Back", Where(section="room", id=whole.id))],
    )
