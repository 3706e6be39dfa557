"""What a person changed in the edit form, what somebody else changed meanwhile, and both brought together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core import saying
from core.borrowing import lent
from core.catalogue import Catalogue
from handlers.drafts import Draft
from handlers.views.held import named
from handlers.views.text import cut, quoted


class Part(StrEnum):
    """What can differ about a booking; the words that name it in a sentence."""

    TIME = "time"
    ROOM = "room"
    TITLE = "title"
    PEOPLE = "number of people"
    PRIVATE = "privacy"
    INVITEES = "invited people"
    SHARED = "who may change it"
    MORE_ROOMS = "further rooms"
    THINGS = "equipment"


def differing(before: Draft, after: Draft) -> frozenset[Part]:
    """Return what differs, to the minute; a length counts by the minutes begun, as the form shows it."""
    old, new = _facts(before), _facts(after)
    return frozenset(part for part in Part if old[part] != new[part])


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """A booking as it stands with a person's changes on it; `dropped` are those that somebody else's go before."""

    draft: Draft
    kept: frozenset[Part]
    dropped: frozenset[Part]


def merge(shown: Draft, typed: Draft, current: Draft) -> Merged:
    """Put what a person changed in a form on the booking as it is now; where both changed the same, the booking wins."""
    mine, theirs = differing(shown, typed), differing(shown, current)
    same = frozenset(Part) - differing(typed, current)
    kept, dropped = mine - theirs - same, (mine & theirs) - same
    fields = {name: value for part in kept for name, value in _fields(typed, part).items()}
    return Merged(draft=current.model_copy(update=fields), kept=kept, dropped=dropped)


def told(parts: frozenset[Part], draft: Draft, catalogue: Catalogue) -> str:
    """Return "time → 15:00-16:00, room → Big Ben": the parts with their values in a draft whose room is known."""
    assert draft.room is not None
    room = catalogue.room(draft.room)
    zone = catalogue.place_of(room).tz
    day = saying.short_date(draft.slot.start.astimezone(zone).date(), today=draft.slot.start.astimezone(zone).date())
    values = {
        Part.TIME: f"{day}, {saying.hours(draft.slot, zone)}",
        Part.ROOM: cut(room.name, 100),
        Part.TITLE: quoted(cut(draft.title, 100)) if draft.title else "none",
        Part.PEOPLE: str(draft.people),
        Part.PRIVATE: "private" if draft.private else "not private",
        Part.SHARED: "everybody invited" if draft.shared else "you alone",
        Part.INVITEES: saying.people(len(draft.invitees)) if draft.invitees else "nobody",
        Part.MORE_ROOMS: named([catalogue.room(one) for one in draft.more_rooms]) or "none",
        Part.THINGS: saying.listed(lent(catalogue.thing(one).name, count) for one, count in draft.things) or "none",
    }
    return ", ".join(f"{part} → {values[part]}" for part in Part if part in parts)


def _facts(draft: Draft) -> Mapping[Part, Any]:
    return {
        Part.TIME: (draft.start // 60, -(-(draft.end - draft.start) // 60)),
        Part.ROOM: draft.room,
        Part.TITLE: draft.title,
        Part.PEOPLE: draft.people,
        Part.PRIVATE: draft.private,
        Part.SHARED: draft.shared,
        Part.INVITEES: frozenset(draft.invitees),
        Part.MORE_ROOMS: frozenset(draft.more_rooms),
        Part.THINGS: frozenset(draft.things),
    }


def _fields(draft: Draft, part: Part) -> dict[str, Any]:
    names = {
        Part.TIME: ("start", "end"),
        Part.ROOM: ("room",),
        Part.TITLE: ("title",),
        Part.PEOPLE: ("people",),
        Part.PRIVATE: ("private",),
        Part.SHARED: ("shared",),
        Part.INVITEES: ("invitees",),
        Part.MORE_ROOMS: ("more_rooms",),
        Part.THINGS: ("things",),
    }
    return {name: getattr(draft, name) for name in names[part]}
