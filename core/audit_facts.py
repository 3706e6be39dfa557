"""What stood before and after a change, as somebody can read it: names for ids, and nothing that was private. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from core.catalogue import Catalogue

# What a private booking shows to nobody but those who take part in it.
PRIVATE = ("title", "cancel_reason", "attendees", "invitees")
# What only the database needs to know.
_ASIDE = frozenset({"version", "created_at", "updated_at"})
_RENAMED = {"room_id": "room", "location_id": "location", "person_id": "person", "group_id": "group", "more_rooms": "rooms"}


def names_in(catalogue: Catalogue) -> dict[str, str]:
    """Return the names of rooms, locations, equipment and groups by their ids as text."""
    rooms, places = {one.id: one.name for one in catalogue.rooms}, {one.id: one.name for one in catalogue.locations}
    things, groups = {one.id: one.name for one in catalogue.equipment}, {one.id: one.name for one in catalogue.groups}
    return {str(id_): name for id_, name in (rooms | places | things | groups).items()}


def ids_in(facts: object) -> Iterator[UUID]:
    """Yield every id in the facts."""
    match facts:
        case Mapping():
            for one in facts.values():
                yield from ids_in(one)
        case list():
            for one in facts:
                yield from ids_in(one)
        case str() if (found := _as_id(facts)) is not None:
            yield found


def readable(facts: Mapping[str, Any] | None, names: Mapping[str, str], *, hidden: bool) -> dict[str, Any] | None:
    """Return the facts with names for ids; without what is private where that is `hidden`."""
    if facts is None:
        return None
    gone = _ASIDE | set(PRIVATE) if hidden else _ASIDE
    return {_RENAMED.get(name, name): _said(name, value, names) for name, value in facts.items() if name not in gone}


def _said(name: str, value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    match name, value:
        case "attendees", list():
            return sorted(names.get(str(one[0]), "somebody") for one in value if isinstance(one, list) and one)
        case "equipment", list():
            return [_lent(one, names) for one in value]
        case "series", [_, day]:
            return day
    return _named(value, names)


def _lent(one: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    match one:
        case [thing, count]:
            return f"{count} × {names.get(str(thing), 'something')}"
    return _named(one, names)


def _named(value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    match value:
        case str():
            return names.get(value, value)
        case list():
            return [_named(one, names) for one in value]
        case Mapping():
            return {name: _named(one, names) for name, one in value.items()}
        case _:
            return value


def _as_id(text: str) -> UUID | None:
    if len(text) != 36:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None
