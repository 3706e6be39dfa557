"""What schemathesis is told of the office that it asks: ids of what there is, and moments that something can be booked at.

Valid values alone are replaced by others as valid, so that what was made wrong on purpose stays wrong. Which one it
becomes follows from the value itself: the same seed asks the same.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import schemathesis

KNOWN: dict[str, list[str]] = json.loads(os.environ.get("FUZZ_IDS", "{}"))
# Whoever asks, and what they ask with: erased or revoked, nothing could be asked any more.
OURS = frozenset(json.loads(os.environ.get("FUZZ_OURS", "[]")))
NOBODY = "00000000-0000-4000-8000-000000000000"
# One in so many is left as it was made: what there is not is asked for too.
LEFT = 5
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
# What a field is called that holds the id of something else's kind.
_CALLED = {"partIds": "roomId", "moreRoomIds": "roomId", "inviteeIds": "personId", "coOrganiserIds": "personId", "id": ""}


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    """Put ids of what there is into addresses."""
    return _meant(path_parameters)


@schemathesis.hook
def map_query(context: Any, query: Any) -> Any:
    """Ask for what there is."""
    return _meant(query)


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Say what can be meant: rooms that there are, at moments that come soon and end after they begin."""
    return _meant(body)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Leave alone whoever asks; their ids are learned from answers."""
    if case.method.upper() == "DELETE" and case.path_parameters:
        for name, one in dict(case.path_parameters).items():
            if str(one).lower() in OURS:
                case.path_parameters[name] = NOBODY


@schemathesis.hook
def filter_headers(context: Any, headers: Any) -> bool:
    """Leave out what HTTP does not carry: blanks around a header's value are none of it."""
    return not isinstance(headers, dict) or all(one == one.strip() for one in headers.values() if isinstance(one, str))


@schemathesis.hook
def map_headers(context: Any, headers: Any) -> Any:
    """Change what there is, whatever its state: only `*`, or the version that was told, is not refused.

    One in five acts as somebody else, who may do less.
    """
    if not isinstance(headers, dict):
        return headers
    said, person = dict(headers), headers.get("Bookroom-Person")
    if isinstance(person, str) and _UUID.fullmatch(person):
        del said["Bookroom-Person"]
        if _number(person) % LEFT == 0:
            said["Bookroom-Person"] = _id(person[::-1], "personId")
    if isinstance(said.get("If-Match"), str) and (chosen := _number(said["If-Match"]) % LEFT):
        said["If-Match"] = "*" if chosen > 1 else '"1.seen"'
    return said


# What else has a form that nobody hits by chance; any other text is as well formed, but means nothing.
_WORDS = {
    "rule": ("FREQ=WEEKLY;COUNT=3", "FREQ=DAILY;COUNT=4", "FREQ=MONTHLY;COUNT=2", "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=6"),
    "timeZone": ("Europe/Berlin", "America/New_York", "UTC"),
    "clock": ("09:00", "13:30", "18:00"),
    "firstOn": ("2026-12-07", "2027-01-12", "2026-11-30"),
}


def _meant(value: Any, name: str = "") -> Any:
    match value:
        case str() if name in _WORDS and 1 <= len(value) <= 40 and _number(value) % LEFT:
            return _WORDS[name][_number(value) // LEFT % len(_WORDS[name])]
        case dict():
            return {key: _meant(one, key if isinstance(key, str) else "") for key, one in value.items()}
        case list():
            return [_meant(one, name) for one in value]
        case str() if _UUID.fullmatch(value):
            return _id(value, name)
        case str() if _MOMENT.fullmatch(value):
            return _moment(value, name)
    return value


def _id(value: str, name: str) -> str:
    known = KNOWN.get(name) or KNOWN.get(_CALLED.get(name, name.removesuffix("s"))) or []
    number = _number(value)
    return value if not known or number % LEFT == 1 else known[number // LEFT % len(known)]


def _moment(value: str, name: str) -> str:
    number = _number(value)
    if number % LEFT == 0:
        return value
    # Starts lie in the first half of a day, ends in the second, of the same few days.
    hour = number // 11 % 12 + (12 if name in {"end", "until"} else 0)
    there = NOW.replace(hour=hour, minute=15 * (number % 4)) + timedelta(days=1 + number // 7 % 5)
    return there.isoformat().replace("+00:00", "Z")


def _number(value: str) -> int:
    return zlib.crc32(value.encode("utf-8", "surrogatepass"))
