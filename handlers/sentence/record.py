"""The scorer's and the command line's form of a result: one JSON object per sentence.

Kept out: understanding.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from core.models import Room
from handlers.sentence.model import Book, Fragment, Reading, Refusal, Trouble
from handlers.sentence.read import read

_NOWHERE = UUID(int=0)


def to_record(result: Reading | Fragment | Refusal) -> dict[str, Any]:
    """Return a result as plain values: the fields of a booking, or `{"error": category}`; times are local, no seconds."""
    if isinstance(result, Refusal):
        return {"error": result.trouble.value}
    if result.more_rooms:  # a record has one room: which one, it would have to ask
        return {"error": Trouble.AMBIGUOUS.value}
    record: dict[str, Any] = {
        "start": _minute(result.start),
        "end": _minute(result.end),
        "duration_min": result.duration_min,
        "attendees": result.attendees,
        "amenities": sorted(result.amenities),
        "room": result.room.name if result.room else None,
        "title": result.title,
        "recurrence": result.recurrence if isinstance(result, Reading) else None,
        "location": result.location,
        "default_duration": result.default_duration if isinstance(result, Reading) else False,
    }
    return record


def _minute(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="minutes") if moment else None


def from_jsonl(line: str) -> str:
    """Return one output line for one input line: an object with `text`, `now` (local), `tz` and `rooms`."""
    row = json.loads(line)
    tz = row.get("tz") or "UTC"
    now = datetime.fromisoformat(row["now"])
    if now.tzinfo is None:
        now = now.replace(tzinfo=ZoneInfo(tz))
    book = _book(json.dumps(row.get("rooms") or [], sort_keys=True))
    return json.dumps(to_record(read(row["text"], now=now, zone=tz, book=book)), ensure_ascii=False)


@lru_cache(maxsize=8)
def _book(rooms: str) -> Book:
    return Book(
        rooms=tuple(
            Room(
                id=uuid5(NAMESPACE_URL, room["name"]),
                name=room["name"],
                location_id=_NOWHERE,
                capacity=int(room.get("capacity", 1)),
                floor=room.get("floor"),
                amenities=frozenset(room.get("amenities", ())),
            )
            for room in json.loads(rooms)
        )
    )
