"""Decides which place a sentence is about: the room's, else the one named, else home, else the one in the person's zone.

Kept out: recognising names.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.models import Location, Room
from handlers.sentence.draft import Draft
from handlers.sentence.model import Book, Option, Trouble
from handlers.sentence.phrases import replaced
from handlers.sentence.tokens import Token


@dataclass(frozen=True, slots=True)
class Placed:
    """The room and place of a sentence; `zone` is the place's, else the person's. `assumed` if nobody named the place."""

    room: Room | None
    place: Location | None
    zone: str
    label: str | None
    assumed: bool
    more: tuple[Room, ...] = ()


def find(draft: Draft, tokens: list[Token], book: Book, home: Location | None, zone: str) -> Placed:
    """Return where the sentence is; contradictions and unknown cities become problems of the draft."""
    named = _named(draft, home)
    room = _room(draft, book, named, home)
    by_room = next((place for place in book.locations if room and place.id == room.location_id), None)
    place = by_room or named
    if by_room and draft.places and by_room not in draft.places:
        draft.refuse(
            Trouble.AMBIGUOUS, f"{room.name if room else ''} is in {by_room.name}, not in {draft.places[0].name}. Which one?"
        )
    _unknown_city(draft, tokens, book)
    assumed = place is None
    if place is None:
        place = home or _in_zone(book, zone)
    zone = place.zone if place else zone
    return Placed(room, place, zone, _label(draft, named), assumed and place is not None, _beside(room, draft.more))


def _named(draft: Draft, home: Location | None) -> Location | None:
    if not draft.places:
        return None
    return home if home in draft.places else draft.places[0]


def _room(draft: Draft, book: Book, named: Location | None, home: Location | None) -> Room | None:
    rooms = _with_all_names(draft)
    if len(rooms) <= 1:
        return rooms[0] if rooms else None
    for wanted in (named, home):
        hits = [room for room in rooms if wanted and room.location_id == wanted.id]
        if len(hits) == 1:
            return hits[0]
    names = {place.id: place.name for place in book.locations}
    where = [names[room.location_id] for room in rooms if room.location_id in names]
    draft.refuse(
        Trouble.AMBIGUOUS,
        f"There are several rooms called {rooms[0].name}: in {' and '.join(where) or 'two places'}. Which one?",
    )
    return rooms[0]


def _with_all_names(draft: Draft) -> list[Room]:
    """Return the rooms of the first name; where it is not the only name, those where the others are too, if any are."""
    among = [{room.location_id for room in rooms} for rooms in draft.more]
    return [room for room in draft.rooms if all(room.location_id in there for there in among)] or draft.rooms


def _beside(room: Room | None, more: list[list[Room]]) -> tuple[Room, ...]:
    """Return of each further name the room at the first one's place, where there is one."""
    found = (min(rooms, key=lambda one: room is None or one.location_id != room.location_id) for rooms in more)
    return tuple(dict.fromkeys(found))


def _in_zone(book: Book, zone: str) -> Location | None:
    hits = [place for place in book.locations if place.zone == zone]
    return hits[0] if len(hits) == 1 else None


def _unknown_city(draft: Draft, tokens: list[Token], book: Book) -> None:
    """With a catalogue of locations, a city that is not in it has no office."""
    if draft.city is None or not book.locations or draft.places:
        return
    options = tuple(
        Option(label=place.name, sentence=replaced(tokens, *draft.city_at, place.name)) for place in book.locations[:4]
    )
    known = ", ".join(place.name for place in book.locations[:4])
    draft.refuse(Trouble.UNKNOWN_ROOM, f"There is no office in {draft.city}. There are: {known}.", options)


def _label(draft: Draft, named: Location | None) -> str | None:
    parts = [named.name] if named else [draft.city] if draft.city else []
    parts += [f"building {name}" for name in draft.buildings]
    if draft.floor:
        parts.append(draft.floor if draft.floor == "basement" else f"floor {draft.floor}")
    return ", ".join(parts) or None
