"""Writes a reading back as a sentence that the grammar reads the same way: what a tap on an option stands for.

Kept out: labels and prose for people.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.borrowing import lent
from handlers.sentence.model import Reading
from handlers.sentence.words import BYDAY, WEEKDAY_NAMES

_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}


def sentence(reading: Reading) -> str:
    """Return a sentence that means this reading, dates and times spelled out."""
    parts = [_room(reading), _place(reading), _series(reading), _times(reading), _people(reading), _needs(reading)]
    parts.append(_left_out(reading))
    if reading.title:
        parts.append(
            f'"{reading.title}"' if '"' not in reading.title else "\u201c" + reading.title.replace('"', "'") + "\u201d"
        )
    parts += [f"<@{who}>" for who in reading.invitees]
    if reading.private:
        parts.append("private")
    return " ".join(part for part in parts if part)


def _room(reading: Reading) -> str:
    if reading.room is None:
        return ""
    names = [room.name for room in (reading.room, *reading.more_rooms)]
    return " and ".join(f"room {name}" if name.isdecimal() else name for name in names)


def _place(reading: Reading) -> str:
    parts = []
    if reading.place is not None and reading.location is not None and reading.place.name in reading.location:
        parts.append(f"in {reading.place.name}")
    elif reading.location is not None:
        parts += [
            part if part.startswith(("building ", "floor ")) else f"{part} office" for part in reading.location.split(", ")
        ]
        return " ".join(parts)
    if reading.floor is not None:
        parts.append(f"{reading.floor} floor" if reading.floor in ("ground", "lower", "upper") else _level(reading.floor))
    return " ".join(parts)


def _level(floor: str) -> str:
    return floor if floor == "basement" else f"floor {floor}"


def _times(reading: Reading) -> str:
    start, end = reading.start, reading.end
    if twice(start, reading.zone):
        return f"{starts(reading).isoformat(timespec='minutes')} for {reading.duration_min} minutes"
    if reading.default_duration:
        return f"{start:%Y-%m-%d %H:%M}"
    if start.date() == end.date():
        return f"{start:%Y-%m-%d %H:%M}-{end:%H:%M}"
    if end == start.replace(hour=0, minute=0) + timedelta(days=1):
        return f"{start:%Y-%m-%d %H:%M}-24:00"
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"


def twice(local: datetime, zone: str) -> bool:
    """Whether this wall-clock time comes twice, because clocks go back over it."""
    tz = ZoneInfo(zone)
    first, second = (local.replace(tzinfo=tz, fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second


def starts(reading: Reading) -> datetime:
    """The aware start of a reading."""
    return reading.starts_at


def _people(reading: Reading) -> str:
    if reading.attendees is None:
        return ""
    return f"for {reading.attendees} {'person' if reading.attendees == 1 else 'people'}"


def _needs(reading: Reading) -> str:
    wanted = [*reading.amenities, *(lent(thing.name, count) for thing, count in reading.things)]
    return "with " + ", ".join(wanted) if wanted else ""


def _series(reading: Reading) -> str:
    if reading.recurrence is None:
        return ""
    rule = dict(part.split("=", 1) for part in reading.recurrence.split(";"))
    return " ".join(part for part in (frequency(rule), _length(rule)) if part)


def _left_out(reading: Reading) -> str:
    return "except " + " and ".join(f"{day:%Y-%m-%d}" for day in reading.left_out) if reading.left_out else ""


def frequency(rule: dict[str, str]) -> str:
    """Return the words for a rule's parts: "every 2 weeks on Mon, Wed"."""
    n = int(rule.get("INTERVAL", "1"))
    unit = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month"}[rule["FREQ"]]
    every = f"every {unit}" if n == 1 else f"every {n} {unit}s"
    byday = rule.get("BYDAY", "")
    if rule["FREQ"] == "WEEKLY":
        names = " and ".join(WEEKDAY_NAMES[BYDAY.index(day)] for day in byday.split(","))
        return f"every {names}" if n == 1 else f"{every} on {names}"
    if rule["FREQ"] == "MONTHLY" and byday:
        which = " and ".join(_ORDINALS[int(day[:-2])] for day in byday.split(","))
        return f"{every} on the {which} {WEEKDAY_NAMES[BYDAY.index(byday[-2:])]}"
    if rule["FREQ"] == "MONTHLY" and rule["BYMONTHDAY"] == "-1":
        return f"{every} on the last day"
    if rule["FREQ"] == "MONTHLY":
        return f"{every} on the {nth(int(rule['BYMONTHDAY']))}"
    return every


def nth(n: int) -> str:
    """Return 1st, 2nd, 3rd, 11th."""
    return f"{n}{'th' if 10 <= n % 100 <= 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def _length(rule: dict[str, str]) -> str:
    if "COUNT" in rule:
        return f"{rule['COUNT']} times starting"
    if "UNTIL" in rule:
        text = rule["UNTIL"]
        return f"until {text[:4]}-{text[4:6]}-{text[6:8]}, starting"
    return "starting"
