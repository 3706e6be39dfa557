"""The office in which the sentences of these tests are said: rooms, places, the moment."""

import json
from datetime import datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from core.models import Location, Room
from handlers.sentence import Book, Reading, Refusal, read, to_record

DATA = Path(__file__).parent / "data"
NEW_YORK = "America/New_York"
NOW = datetime(2026, 11, 24, 10, 7, tzinfo=ZoneInfo(NEW_YORK))  # a Tuesday


def place(name, zone):
    return Location(id=uuid5(NAMESPACE_URL, name), name=name, zone=zone)


def room(name, capacity, amenities=(), at=None, floor=None):
    location = at.id if at else uuid5(NAMESPACE_URL, "nowhere")
    return Room(
        id=uuid5(NAMESPACE_URL, f"{location}{name}"),
        name=name,
        location_id=location,
        capacity=capacity,
        floor=floor,
        amenities=frozenset(amenities),
    )


BOOK = Book(
    rooms=tuple(room(r["name"], r["capacity"], r["amenities"]) for r in json.loads((DATA / "rooms.json").read_text("utf-8")))
)
YORK = place("New York", NEW_YORK)
BERLIN = place("Berlin", "Europe/Berlin")
TOKYO = place("Tokyo", "Asia/Tokyo")
WORLD = Book(
    rooms=(
        room("Apollo", 8, ("projector",), YORK),
        room("Spree", 6, ("tv",), BERLIN),
        room("Fuji", 4, ("standing desk",), TOKYO),
        room("Kitchen Table", 5, (), YORK),
        room("Kitchen Table", 7, (), BERLIN),
    ),
    locations=(YORK, BERLIN, TOKYO),
    amenities=frozenset({"standing desk", "espresso machine"}),
)


def said(text, **changes):
    """Read a sentence in the test office."""
    return read(text, **{"now": NOW, "zone": NEW_YORK, "book": BOOK} | changes)


def booked(text, **changes):
    """Read a sentence that must be bookable."""
    result = said(text, **changes)
    assert isinstance(result, Reading), f"{text!r}: {result}"
    return result


def refused(text, **changes):
    """Read a sentence that must not be booked."""
    result = said(text, **changes)
    assert isinstance(result, Refusal), f"{text!r}: {result}"
    return result


def span(text, **changes):
    """The start and end of a sentence as "11-25 14:00-15:30", or the category of its refusal."""
    result = said(text, **changes)
    if isinstance(result, Refusal):
        return result.trouble.value
    end = f"{result.end:%H:%M}" if result.end.date() == result.start.date() else f"{result.end:%m-%d %H:%M}"
    return f"{result.start:%m-%d %H:%M}-{end}"


__all__ = [
    "BERLIN",
    "BOOK",
    "DATA",
    "NEW_YORK",
    "NOW",
    "TOKYO",
    "WORLD",
    "YORK",
    "booked",
    "refused",
    "said",
    "span",
    "to_record",
]
