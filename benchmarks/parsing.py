"""Reading a command, at an office of 200 rooms: sentences as people write them, in turn."""

from __future__ import annotations

from datetime import UTC, datetime
from time import perf_counter
from uuid import NAMESPACE_OID, uuid5

from benchmarks.ground import name_of
from core.models import Location, Room
from handlers.sentence import Book, read

SENTENCES = (
    "tomorrow 2-3:30pm for 6 with projector",
    "Bamarix friday 10am for an hour",
    "monday 9:30 for 45 minutes for 4 people",
    'next tuesday from 14:00 to 15:00 with whiteboard and video "Design review"',
    "today at noon for 30 min",
    "in 2 hours for 8",
    "27 Nov 16:00-17:00 with @ana and @ben",
    "friday afternoon for 3",
)
ROUNDS = 60
NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)


def measure() -> list[tuple[str, float]]:
    """Return each sentence with its median time in milliseconds."""
    place = Location(id=uuid5(NAMESPACE_OID, "place"), name="New York", zone="America/New_York")
    rooms = tuple(
        Room(
            id=uuid5(NAMESPACE_OID, str(n)),
            location_id=place.id,
            name=name_of(n),
            capacity=8,
            amenities=frozenset({"projector", "whiteboard", "video"}),
        )
        for n in range(200)
    )
    book = Book(rooms=rooms, locations=(place,), amenities=frozenset({"projector", "whiteboard", "video"}))
    took: dict[str, list[float]] = {sentence: [] for sentence in SENTENCES}
    for _ in range(ROUNDS):
        for sentence in SENTENCES:
            began = perf_counter()
            read(sentence, now=NOW, zone="America/New_York", book=book, home=place)
            took[sentence].append((perf_counter() - began) * 1000)
    return [(sentence, sorted(times)[len(times) // 2]) for sentence, times in took.items()]
