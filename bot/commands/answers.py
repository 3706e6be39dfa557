"""How commands of administration answer: a line for people, JSON for programs; and how they find what a name means."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.models import Equipment, Location, Room

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]
LocationOption = Annotated[str | None, typer.Option(help="The location's name, where two share a name.")]


def answer(facts: object, lines: Iterable[str], *, as_json: bool) -> None:
    """Print facts as JSON, or lines."""
    if as_json:
        typer.echo(json.dumps(facts, indent=2, default=plain, ensure_ascii=False))
        return
    for line in lines:
        typer.echo(line)


def plain(value: object) -> object:
    """Return what JSON can hold of a value of the core's."""
    match value:
        case UUID():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case Enum():
            return value.value
        case frozenset() | set():
            return sorted(str(one) for one in value)
        case Mapping():
            return dict(value)
        case _:
            return str(value)


def room_facts(room: Room, catalogue: Catalogue) -> dict[str, Any]:
    """Return a room as JSON has it."""
    return {
        "id": room.id,
        "name": room.name,
        "location": catalogue.place_of(room).name,
        "capacity": room.capacity,
        "floor": room.floor,
        "amenities": sorted(room.amenities),
        "setup_minutes": room.setup_minutes,
        "teardown_minutes": room.teardown_minutes,
        "photo": room.photo,
        "parts": sorted(catalogue.room(part).name for part in room.parts),
        "active": room.active,
        "version": room.version,
    }


def location_named(catalogue: Catalogue, name: str) -> Location:
    """Return the location of this name; a usage error where there is none."""
    for place in catalogue.locations:
        if place.name.lower() == name.lower():
            return place
    known = ", ".join(place.name for place in catalogue.locations) or "none yet"
    raise typer.BadParameter(f"There is no location {name!r}; there are: {known}.")


def room_named(catalogue: Catalogue, name: str, location: str | None = None) -> Room:
    """Return the room of this name; a usage error where there is none, or more than one."""
    place = location_named(catalogue, location) if location else None
    found = [
        room
        for room in catalogue.rooms
        if room.name.lower() == name.lower() and (place is None or room.location_id == place.id)
    ]
    if not found:
        raise typer.BadParameter(f"There is no room {name!r}; `bookroom rooms list` shows them.")
    if len(found) > 1:
        raise typer.BadParameter(f"Several locations have a room {name!r}: say --location too.")
    return found[0]


def thing_named(catalogue: Catalogue, name: str, location: str | None = None) -> Equipment:
    """Return the equipment of this name; a usage error where there is none, or more than one."""
    place = location_named(catalogue, location) if location else None
    found = [
        one
        for one in catalogue.equipment
        if one.name.lower() == name.lower() and (place is None or one.location_id == place.id)
    ]
    if not found:
        raise typer.BadParameter(f"There is no equipment {name!r}; `bookroom equipment list` shows it.")
    if len(found) > 1:
        raise typer.BadParameter(f"Several locations have {name!r}: say --location too.")
    return found[0]
