"""Figures as rows and as one plain value, for files and programs. Hours and shares are rounded here, nowhere before."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from core.stats import LEADS, Came, Figures, Freed, RoomFigures, Use
from core.suggestions import suggestions

COLUMNS = ("location", "room", "seats", "open_hours", "booked_hours", "booked_in_open_hours", "share", "meetings")
MORE_COLUMNS = ("cancelled", "check_in_asked", "came", "released", "nobody_came_share", "seats_filled")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Table(StrEnum):
    """What there is a file of."""

    ROOMS = "rooms"
    LOCATIONS = "locations"
    WEEKDAYS = "weekdays"
    HOURS = "hours"
    AHEAD = "ahead"
    REFUSED = "refused"
    TEAMS = "teams"


FOR_ADMINS = frozenset({Table.AHEAD, Table.REFUSED, Table.TEAMS})


def csv_text(figures: Figures, table: Table = Table.ROOMS, *, everything: bool) -> str:
    """Return a table as CSV; `everything` adds to the rooms what concerns admins."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in _rooms(figures, everything=everything) if table is Table.ROOMS else _TABLES[table](figures):
        writer.writerow([_plain(cell) for cell in row])
    return out.getvalue()


def _rooms(figures: Figures, *, everything: bool) -> Iterable[Sequence[object]]:
    yield [*COLUMNS, *(MORE_COLUMNS if everything else ())]
    for one in figures.rooms:
        yield [*_use_cells(one), *(_more_cells(one) if everything else [])]


def _locations(figures: Figures) -> Iterable[Sequence[object]]:
    yield ["location", *_use(Use())]
    yield from ([place.name, *_use(use).values()] for place, use in figures.locations)


def _weekdays(figures: Figures) -> Iterable[Sequence[object]]:
    yield ["weekday", *_use(Use())]
    yield from ([_WEEKDAYS[day], *_use(use).values()] for day, use in enumerate(figures.weekdays))


def _by_hour(figures: Figures) -> Iterable[Sequence[object]]:
    yield ["weekday", "hour", *_use(Use())]
    for (day, hour), use in sorted(figures.hours.items()):
        if use.open or use.booked:
            yield [_WEEKDAYS[day], f"{hour:02d}:00", *_use(use).values()]


def _ahead(figures: Figures) -> Iterable[Sequence[object]]:
    yield ["booked_ahead", "meetings"]
    yield from zip(LEADS, figures.leads, strict=True)


def _refused(figures: Figures) -> Iterable[Sequence[object]]:
    yield ["location", "missing", "detail", "times"]
    for one in figures.lacking:
        yield [_place(figures, one.location_id) or "", one.what, one.detail or "", one.times]


def _teams(figures: Figures) -> Iterable[Sequence[object]]:
    yield ["team", "members", "meetings", "hours"]
    yield from ([one.name, one.members, one.bookings, _hours(one.minutes)] for one in figures.teams)


_TABLES = {
    Table.LOCATIONS: _locations,
    Table.WEEKDAYS: _weekdays,
    Table.HOURS: _by_hour,
    Table.AHEAD: _ahead,
    Table.REFUSED: _refused,
    Table.TEAMS: _teams,
}


def as_value(figures: Figures) -> dict[str, Any]:
    """Return all figures as numbers, words and lists."""
    return {
        "first": figures.first.isoformat(),
        "last": figures.last.isoformat(),
        "location": figures.asked.location.name if figures.asked.location else None,
        "room": figures.asked.room.name if figures.asked.room else None,
        "use": _use(figures.use),
        "meetings": figures.bookings,
        "cancelled": figures.cancelled,
        "cancelled_within_a_day": figures.cancelled_late,
        "check_in": _came(figures.came),
        "released": _freed(figures.released),
        "ended_early": _freed(figures.ended_early),
        "booked_ahead": dict(zip(LEADS, figures.leads, strict=True)),
        "weekdays": {_WEEKDAYS[day]: _use(use) for day, use in enumerate(figures.weekdays) if use.open or use.booked},
        "hours": {
            f"{_WEEKDAYS[day]} {hour:02d}": _use(use) for (day, hour), use in sorted(figures.hours.items()) if use.open
        },
        "locations": {place.name: _use(use) for place, use in figures.locations},
        "rooms": [_room(one) for one in figures.rooms],
        "refused": [
            {"missing": one.what, "detail": one.detail, "location": _place(figures, one.location_id), "times": one.times}
            for one in figures.lacking
        ],
        "teams": [
            {"team": one.name, "members": one.members, "meetings": one.bookings, "hours": _hours(one.minutes)}
            for one in figures.teams
        ],
        "suggestions": [
            {"kind": one.kind.value, "reason": one.reason, "advice": one.advice} for one in suggestions(figures)
        ],
        "measured_by_usual_hours": figures.usual_hours,
    }


def _room(one: RoomFigures) -> dict[str, Any]:
    return {
        "room": one.room.name,
        "location": one.location.name,
        "seats": one.room.capacity,
        "use": _use(one.use),
        "weekdays": {_WEEKDAYS[day]: _use(use) for day, use in enumerate(one.weekdays) if use.open or use.booked},
        "meetings": one.bookings,
        "cancelled": one.cancelled,
        "check_in": _came(one.came),
        "people": {str(people): times for people, times in one.people.items()},
        "seats_filled": round(one.seats_filled, 4),
    }


def _use(use: Use) -> dict[str, float]:
    return {
        "open_hours": _hours(use.open),
        "booked_hours": _hours(use.booked),
        "booked_in_open_hours": _hours(use.inside),
        "share": round(use.share, 4),
    }


def _came(came: Came) -> dict[str, float]:
    return {
        "asked": came.asked,
        "came": came.came,
        "released": came.released,
        "asked_hours": _hours(came.asked_minutes),
        "used_hours": _hours(came.used_minutes),
        "nobody_came_share": round(came.missed_share, 4),
    }


def _freed(freed: Freed) -> dict[str, float]:
    return {"times": freed.times, "hours": _hours(freed.minutes), "booked_again_hours": _hours(freed.again)}


def _use_cells(one: RoomFigures) -> list[object]:
    use = _use(one.use)
    hours = [use["open_hours"], use["booked_hours"], use["booked_in_open_hours"], use["share"]]
    return [one.location.name, one.room.name, one.room.capacity, *hours, one.bookings]


def _more_cells(one: RoomFigures) -> Sequence[object]:
    came = one.came
    return [one.cancelled, came.asked, came.came, came.released, round(came.missed_share, 4), round(one.seats_filled, 4)]


def _plain(cell: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _hours(minutes: float) -> float:
    return round(minutes / 60, 2)


def _place(figures: Figures, location_id: object) -> str | None:
    return next((place.name for place, _ in figures.locations if place.id == location_id), None)
