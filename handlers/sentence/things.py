"""Movable equipment in sentences: what it is called there, and whether it comes along because the room has none itself.

Kept out: recognising the words (see equipment.py), and whether there are any left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from core.borrowing import in_sentence, lent, several
from core.models import Equipment, Room
from handlers.sentence import words
from handlers.sentence.draft import Draft
from handlers.sentence.model import Assumption, Book, Option, Reading
from handlers.sentence.place import Placed
from handlers.sentence.render import sentence

# Things that people write as two words and admins as one, or the other way round.
_APART = {"flipchart": "flip chart", "flip chart": "flipchart", "pinboard": "pin board", "smartboard": "smart board"}
_BETWEEN = (" on ", " with ", " for ")


def key(thing: Equipment) -> str:
    """Return what a thing is called in full, as the grammar compares it."""
    return " ".join(thing.name.casefold().replace("-", " ").split())


def head(called: str) -> str:
    """Return "projector" for "projector on wheels"."""
    for between in _BETWEEN:
        called = called.partition(between)[0]
    return called


def spellings(things: Iterable[Equipment]) -> Mapping[str, str]:
    """Return what may be said for each thing, with what is asked for then: its full name, or what it is in short.

    What is in short something that rooms have as well ("projector") is not among them: that is known already.
    """
    found: dict[str, str] = {}
    for thing in things:
        full = key(thing)
        short = head(full)
        if short not in words.AMENITY_WORDS:
            for said in (short, _APART.get(short, short)):
                found.setdefault(said, short)
                found.setdefault(several(said), short)
        if full not in words.AMENITY_WORDS:
            found |= {full: full, several(full): full}
    return found


@dataclass(frozen=True, slots=True)
class Lent:
    """What a wish takes from a room, and what comes along; `asked` are the words that were used for each thing."""

    amenities: tuple[str, ...]
    things: tuple[tuple[Equipment, int], ...] = ()
    asked: tuple[str, ...] = ()


def parted(draft: Draft, placed: Placed, book: Book) -> Lent:
    """Return what was asked for as what the room has, and what has to come along since no room that fits has it."""
    there = [one for one in book.things if placed.place and one.location_id == placed.place.id]
    can_come = {name: found for name in draft.amenities if (found := _called(name, there))}
    if not can_come:
        return Lent(draft.amenities)
    kept = [name for name in draft.amenities if name not in can_come]
    things: list[tuple[Equipment, int]] = []
    asked: list[str] = []
    for name in sorted(can_come):
        if any({*kept, name} <= has for has in _candidates(draft, placed, book)):
            kept.append(name)
        else:
            things.append((can_come[name], draft.numbers.get(name, 1)))
            asked.append(name)
    return Lent(tuple(sorted(kept)), tuple(things), tuple(asked))


def _called(name: str, things: Iterable[Equipment]) -> Equipment | None:
    """Return the thing that a name means: the one of that very name, else the one of which there are most."""
    ranked = [(key(one) != name, -one.quantity, key(one), one) for one in things if name in _names(one)]
    return min(ranked, key=lambda rank: rank[:3])[-1] if ranked else None


def _names(thing: Equipment) -> set[str]:
    full = key(thing)
    short = head(full)
    last = short.split()[-1] if short else ""
    return {full, short, *(words.AMENITY_WORDS[said] for said in (full, short, last) if said in words.AMENITY_WORDS)}


def _candidates(draft: Draft, placed: Placed, book: Book) -> list[frozenset[str]]:
    """Return what each of the rooms has that may be meant; rooms that are named are meant together."""
    if placed.room is not None:
        return [frozenset(name for room in (placed.room, *placed.more) for name in room.amenities)]
    return [room.amenities for room in book.rooms if _may_be_meant(room, draft, placed)]


def _may_be_meant(room: Room, draft: Draft, placed: Placed) -> bool:
    if placed.place is None or room.location_id != placed.place.id or room.capacity < (draft.attendees or 1):
        return False
    return draft.floor is None or (room.floor or "").casefold() == draft.floor.casefold()


def told(found: Reading, lent_out: Lent, book: Book) -> tuple[Assumption, ...]:
    """Return what nobody asked for in so many words: that something comes along in place of what rooms have."""
    known = {name for room in book.rooms for name in room.amenities}
    instead = [pair for pair, name in zip(lent_out.things, lent_out.asked, strict=True) if name in known]
    if not instead:
        return ()
    coming = " and ".join(lent(thing.name, count) for thing, count in instead)
    rooms = (found.room, *found.more_rooms) if found.room else ()
    none = f"{' and '.join(room.name for room in rooms)} {'has' if len(rooms) == 1 else 'have'} none"
    why = none if rooms else "no room there that fits has one"
    left = tuple(pair for pair in found.things if pair not in instead)
    without = Option(label=f"Without {_it(instead)}"[:75], sentence=sentence(replace(found, things=left)))
    return (Assumption(about="equipment", text=f"With {coming}, since {why}", options=(without,)),)


def _it(things: list[tuple[Equipment, int]]) -> str:
    if len(things) > 1:
        return "them"
    ((thing, count),) = things
    name = in_sentence(thing.name)
    return f"the {name if count == 1 else several(name)}"


__all__ = ["Lent", "head", "key", "parted", "spellings", "told"]
