"""Sentences as wishes: the grammar is given this workspace, this person and this moment; what it reads becomes a draft."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from core.models import Location, Slot, Wish
from handlers.drafts import Draft
from handlers.sentence import read, read_part
from handlers.sentence.model import Fragment, Reading, Refusal
from handlers.services import Desk

LONGEST = 500
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_LINK = re.compile(r"<(?:(?:https?|mailto):[^>|]*)(?:\|([^>]*))?>|<[#!]([^>|]*)(?:\|([^>]*))?>")
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|([^>]*))?>")


def as_typed(text: str) -> str:
    """Return a command's text without Slack's markup: links, channels and signs as typed; people stay `<@U…|name>`."""
    text = _LINK.sub(_unlinked, text)
    for entity, sign in _ENTITIES:
        text = text.replace(entity, sign)
    return text


def _unlinked(found: re.Match[str]) -> str:
    link_label, name, label = found.groups()
    if name is None:
        return link_label or found.group()[1:-1]
    return f"#{label or name}" if found.group().startswith("<#") else label or f"@{name}"


def understood(sentence: str, desk: Desk, *, home: Location | None = None) -> Reading | Refusal:
    """Return what a sentence asks to book; `home` is the place it is about where it names none."""
    person = desk.person
    return read(
        sentence,
        now=desk.services.clock.now(),
        zone=person.zone,
        book=desk.services.books.of(desk.catalogue),
        home=home or home_of(desk),
        locale=person.locale,
    )


def understood_part(
    sentence: str, desk: Desk, *, home: Location | None = None, now: datetime | None = None
) -> Fragment | Refusal:
    """Return what a partial sentence says, in which no time is needed; `now` other than the present serves to compare."""
    person = desk.person
    return read_part(
        sentence,
        now=now or desk.services.clock.now(),
        zone=person.zone,
        book=desk.services.books.of(desk.catalogue),
        home=home or home_of(desk),
        locale=person.locale,
    )


def home_of(desk: Desk) -> Location | None:
    """Return the person's usual location, or the only one that has rooms."""
    there = places_of(desk)
    usual = [location for location in there if location.id == desk.person.default_location_id]
    return (usual or there)[0] if usual or len(there) == 1 else None


def places_of(desk: Desk) -> list[Location]:
    """Return the locations that have rooms in use."""
    return [location for location in desk.catalogue.locations if location.id in desk.catalogue.places_used]


def draft_of(reading: Reading) -> Draft:
    """Return the wish that a reading stands for; where it gives no number of people, everybody named is counted."""
    wish = Wish(
        slot=slot_of(reading),
        attendees_count=reading.attendees or 1 + len(reading.invitees),
        amenities=frozenset(reading.amenities),
        room_id=reading.room.id if reading.room else None,
        location_id=reading.place.id if reading.place and not reading.room else None,
        floor=reading.floor if not reading.room else None,
        title=_MENTION.sub(lambda found: f"@{found[2] or found[1]}", reading.title) if reading.title else None,
        private=reading.private,
        more_room_ids=tuple(room.id for room in reading.more_rooms),
        equipment=tuple((thing.id, count) for thing, count in reading.things),
    )
    return Draft.of(wish, reading.invitees)


def slot_of(reading: Reading) -> Slot:
    """Return the reading's wall-clock times as moments."""
    zone = ZoneInfo(reading.zone)
    fold = getattr(reading, "fold", 0)
    return Slot(start=reading.start.replace(tzinfo=zone, fold=fold), end=reading.end.replace(tzinfo=zone, fold=fold))


def unknown_place(reading: Reading) -> str | None:
    """Return the place that a reading names and the catalogue does not have ("building B")."""
    if reading.location is None or reading.place or reading.room:
        return None
    named = [part for part in reading.location.split(", ") if part != f"floor {reading.floor}"]
    return ", ".join(named) or None
