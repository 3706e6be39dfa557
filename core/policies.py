"""Rules of the workspace, a location or a room as an admin sets them: judged here, kept in `policies`.

Kept out: which scope wins (`catalogue`) and what a rule refuses (`rules`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any, TypedDict
from uuid import UUID

from core.catalogue import WEEKDAYS, Catalogue
from core.db import ReadSession, WriteSession
from core.errors import InvalidPolicy
from core.ids import new_id
from core.models import Location, Room

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
_NOWHERE = "'00000000-0000-0000-0000-000000000000'::uuid"
MOST_MINUTES = 366 * 24 * 60
MOST_DAYS = 3660
_DAY = 24 * 60
NAMES = (
    "opening",
    "shortest_minutes",
    "longest_minutes",
    "horizon_days",
    "cutoff_on",
    "cutoff_from",
    "guests_may_book",
    "check_in",
    "check_in_opens_minutes",
    "check_in_grace_minutes",
    "check_in_longest_minutes",
    "check_in_notice_minutes",
)


class Rules(TypedDict, total=False):
    """What can be set; None removes a rule, so that the next wider scope's holds again.

    `check_in` asks for checking in; the minutes beside it are those of `CheckIn`.
    `opening` is `{"mon": ["08:00", "18:00"], ...}`, absent days closed; `cutoff_from` is local time, "17:00".
    """

    opening: Mapping[str, Sequence[str] | None] | None
    shortest_minutes: int | None
    longest_minutes: int | None
    horizon_days: int | None
    cutoff_on: bool | None
    cutoff_from: time | str | None
    guests_may_book: bool | None
    check_in: bool | None
    check_in_opens_minutes: int | None
    check_in_grace_minutes: int | None
    check_in_longest_minutes: int | None
    check_in_notice_minutes: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Scoped:
    """The rules set for one scope: a location, a room, or with neither the workspace."""

    location: Location | None
    room: Room | None
    rules: Mapping[str, Any]


def judged(rules: Rules) -> dict[str, Any]:
    """Return the rules as their columns hold them; raise InvalidPolicy that names each one at fault."""
    faults: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name, value in rules.items():
        try:
            values[name] = None if value is None else _JUDGES[name](value)
        except KeyError:
            faults[name] = f"There is no such rule; the rules are {', '.join(NAMES)}."
        except ValueError as error:
            faults[name] = f"{error}."
    if faults:
        raise InvalidPolicy("; ".join(f"{name}: {text}" for name, text in faults.items()), fields=faults)
    if "cutoff_from" in values and "cutoff_on" not in values:
        values["cutoff_on"] = None if values["cutoff_from"] is None else True
    return values


def _minutes(value: object) -> int:
    return _between(value, 1, MOST_MINUTES)


def _spare_minutes(value: object) -> int:
    return _between(value, 0, _DAY)


def _grace(value: object) -> int:
    return _between(value, 1, _DAY)


def _days(value: object) -> int:
    return _between(value, 0, MOST_DAYS)


def _between(value: object, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"must be a whole number between {least} and {most}")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be yes or no")
    return value


def _local_time(value: object) -> time:
    if isinstance(value, time):
        return value.replace(tzinfo=None)
    if not isinstance(value, str) or not _CLOCK.fullmatch(value) or value == "24:00":
        raise ValueError("must be a time such as 17:00")
    return time.fromisoformat(value)


def _opening(value: object) -> str:
    if not isinstance(value, Mapping):
        raise ValueError("must name weekdays with their hours")
    week = {}
    for day, hours in value.items():
        if day not in WEEKDAYS:
            raise ValueError(f"there is no weekday {day!r}; they are {', '.join(WEEKDAYS)}")
        if hours:
            week[day] = _hours(day, hours)
    return json.dumps(week)


def _hours(day: str, hours: object) -> list[str]:
    pair = list(hours) if isinstance(hours, list | tuple) else []
    if len(pair) != 2 or not all(isinstance(one, str) and _CLOCK.fullmatch(one) for one in pair):
        raise ValueError(f'{day} needs two times such as "08:00" and "18:00"')
    if pair[0] >= pair[1]:
        raise ValueError(f"{day} closes before it opens")
    return pair


_JUDGES: Mapping[str, Any] = {
    "opening": _opening,
    "shortest_minutes": _minutes,
    "longest_minutes": _minutes,
    "horizon_days": _days,
    "cutoff_on": _flag,
    "cutoff_from": _local_time,
    "guests_may_book": _flag,
    "check_in": _flag,
    "check_in_opens_minutes": _spare_minutes,
    "check_in_grace_minutes": _grace,
    "check_in_longest_minutes": _minutes,
    "check_in_notice_minutes": _spare_minutes,
}


async def write(
    session: WriteSession,
    values: Mapping[str, Any],
    *,
    location_id: UUID | None,
    room_id: UUID | None,
    group_id: UUID | None = None,
) -> None:
    """Set some rules of a scope and leave its others; raise InvalidPolicy when they do not go together."""
    columns = list(values)
    places = ", ".join(f"${number}" for number in range(6, 6 + len(columns)))
    sets = "".join(f"{name} = excluded.{name}, " for name in columns)
    row = await session.one(
        f"""INSERT INTO policies AS p (tenant_id, id, location_id, room_id, group_id, {", ".join(columns)})
        VALUES ($1, $2, $3, $4, $5, {places})
        ON CONFLICT (tenant_id, coalesce(location_id, {_NOWHERE}), coalesce(room_id, {_NOWHERE}),
            coalesce(group_id, {_NOWHERE}))
        DO UPDATE SET {sets} updated_at = now(), version = p.version + 1
        RETURNING shortest_minutes, longest_minutes""",
        session.tenant,
        new_id(),
        location_id,
        room_id,
        group_id,
        *values.values(),
    )
    assert row is not None
    shortest, longest = row["shortest_minutes"], row["longest_minutes"]
    if shortest is not None and longest is not None and shortest > longest:
        raise InvalidPolicy(
            f"The shortest booking ({shortest} minutes) would be longer than the longest ({longest} minutes).",
            fields={"longest_minutes": "Shorter than the shortest."},
        )


async def read(session: ReadSession, catalogue: Catalogue) -> tuple[Scoped, ...]:
    """Return what is set at every scope, the workspace first, then locations, then rooms."""
    rows = await session.all(
        f"SELECT location_id, room_id, {', '.join(NAMES)} FROM policies WHERE tenant_id = $1 AND group_id IS NULL",
        session.tenant,
    )
    scopes = [
        Scoped(
            location=catalogue.location(row["location_id"]) if row["location_id"] else None,
            room=catalogue.room(row["room_id"]) if row["room_id"] else None,
            rules={name: row[name] for name in NAMES if row[name] is not None},
        )
        for row in rows
    ]
    return tuple(sorted((scope for scope in scopes if scope.rules), key=_width_first))


def _width_first(scope: Scoped) -> tuple[int, str]:
    if scope.room:
        return 2, scope.room.name.lower()
    return (1, scope.location.name.lower()) if scope.location else (0, "")
