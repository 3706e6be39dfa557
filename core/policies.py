"""Rules of the workspace, a location or a room as an admin sets them: judged here, kept in `policies`.

Kept out: which scope wins (`catalogue`) and what a rule refuses (`rules`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time
from typing import Any, TypedDict, cast
from uuid import UUID

from core import changes, countries
from core.catalogue import WEEKDAYS, Catalogue, opening_from
from core.db import ReadSession, WriteSession
from core.errors import InvalidPolicy, NothingToUndo
from core.generosity import FOR_GROUPS
from core.ids import new_id
from core.models import Actor, Location, Room
from core.regulations import Group

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
    "notice_minutes",
    "cancel_notice_minutes",
    "one_at_a_time",
    "setup_minutes",
    "teardown_minutes",
    "details_hidden",
    "approval",
    "approval_hours",
    "holidays_country",
    "holidays_closed",
)
SUBJECT = "policy"


class Rules(TypedDict, total=False):
    """What can be set; None removes a rule, so that the next wider scope's holds again.

    `check_in` asks for checking in; the minutes beside it are those of `CheckIn`.
    `opening` is `{"mon": ["08:00", "18:00"], ...}`, absent days closed; `cutoff_from` is local time, "17:00". What the
    others mean is told at `Policy`.
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
    notice_minutes: int | None
    cancel_notice_minutes: int | None
    one_at_a_time: bool | None
    setup_minutes: int | None
    teardown_minutes: int | None
    details_hidden: bool | None
    approval: bool | None
    approval_hours: int | None
    holidays_country: str | None
    holidays_closed: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Scoped:
    """The rules set for one scope: a location, a room, or with neither the workspace; for a group where there is one."""

    location: Location | None
    room: Room | None
    rules: Mapping[str, Any]
    group: Group | None = None

    @property
    def name(self) -> str:
        """What it is called: "Boardroom", "Berlin" or "everywhere", and for whom."""
        place = self.room or self.location
        return f"{place.name if place else 'everywhere'}{f', for {self.group.name}' if self.group else ''}"


def judged(rules: Rules, *, for_group: bool = False) -> dict[str, Any]:
    """Return the rules as their columns hold them.

    Raises InvalidPolicy that names each one at fault, InvalidSetting for a country that is not known.
    """
    faults: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name, value in rules.items():
        if for_group and name in _JUDGES and name not in FOR_GROUPS:
            faults[name] = "This is a rule of rooms, whoever books them; it cannot be set for a group."
            continue
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


def _notice(value: object) -> int:
    return _between(value, 0, MOST_MINUTES)


def _hours_given(value: object) -> int:
    return _between(value, 1, MOST_DAYS * 24)


def _country(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a code such as DE or DE-BE")
    return countries.checked(value)


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
    "notice_minutes": _notice,
    "cancel_notice_minutes": _notice,
    "one_at_a_time": _flag,
    "setup_minutes": _spare_minutes,
    "teardown_minutes": _spare_minutes,
    "details_hidden": _flag,
    "approval": _flag,
    "approval_hours": _hours_given,
    "holidays_country": _country,
    "holidays_closed": _flag,
}


async def write(
    session: WriteSession,
    values: Mapping[str, Any],
    *,
    scope: Scoped,
    by: Actor | None,
    undoes: UUID | None = None,
) -> UUID | None:
    """Set some rules of a scope and leave its others; return the id of the change that was noted, None where nothing is new.

    Raises InvalidPolicy when they do not go together.
    """
    ids = (scope.location and scope.location.id, scope.room and scope.room.id, scope.group and scope.group.id)
    columns = list(values)
    # Two admins at once: each change is noted with what the other left.
    await session.run("SELECT pg_advisory_xact_lock(hashtextextended('policies ' || $1, 0))", str(session.tenant))
    old = await session.one(
        f"SELECT {', '.join(columns)} FROM policies WHERE tenant_id = $1 AND (location_id, room_id, group_id)"
        " IS NOT DISTINCT FROM ($2::uuid, $3::uuid, $4::uuid)",
        session.tenant,
        *ids,
    )
    places = ", ".join(f"${number}" for number in range(6, 6 + len(columns)))
    sets = "".join(f"{name} = excluded.{name}, " for name in columns)
    row = await session.one(
        f"""INSERT INTO policies AS p (tenant_id, id, location_id, room_id, group_id, {", ".join(columns)})
        VALUES ($1, $2, $3, $4, $5, {places})
        ON CONFLICT (tenant_id, coalesce(location_id, {_NOWHERE}), coalesce(room_id, {_NOWHERE}),
            coalesce(group_id, {_NOWHERE}))
        DO UPDATE SET {sets} updated_at = now(), version = p.version + 1
        RETURNING id, shortest_minutes, longest_minutes, {", ".join(f"{name} AS new_{name}" for name in columns)}""",
        session.tenant,
        new_id(),
        *ids,
        *values.values(),
    )
    assert row is not None
    shortest, longest = row["shortest_minutes"], row["longest_minutes"]
    if shortest is not None and longest is not None and shortest > longest:
        raise InvalidPolicy(
            f"The shortest booking ({shortest} minutes) would be longer than the longest ({longest} minutes).",
            fields={"longest_minutes": "Shorter than the shortest."},
        )
    before = {name: plain(old[name]) if old else None for name in columns}
    after = {name: plain(row[f"new_{name}"]) for name in columns}
    changed = [name for name in columns if before[name] != after[name]]
    if not changed:
        return None
    return await changes.note(
        session,
        subject=SUBJECT,
        subject_id=row["id"],
        name=scope.name,
        action="undone" if undoes else "changed",
        by=by,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        undoes=undoes,
    )


def plain(value: Any) -> Any:  # noqa: ANN401 - each rule has a type of its own
    """Return a rule's value as it is set and noted: times as "17:00"."""
    return f"{value:%H:%M}" if isinstance(value, time) else value


async def take_back(session: WriteSession, change: Mapping[str, Any], catalogue: Catalogue, *, by: Actor | None) -> UUID:
    """Bring the rules of a change (its row) back to how they were before it; return the id of the change that does so.

    Raises NothingToUndo where they were changed again since.
    """
    names = [name for name in change["after"] if name in _JUDGES]
    row = await session.one(
        f"SELECT location_id, room_id, group_id, {', '.join(names)} FROM policies WHERE tenant_id = $1 AND id = $2",
        session.tenant,
        change["subject_id"],
    )
    if row is None or any(plain(row[name]) != change["after"][name] for name in names):
        raise NothingToUndo("These rules were changed again since. Nothing was taken back.")
    back = {name: change["before"][name] for name in names}
    values = {name: value for name, value in judged(cast("Rules", back)).items() if name in back}
    done = await write(session, values, scope=scope_of(row, catalogue), by=by, undoes=change["id"])
    if done is None:
        raise NothingToUndo("Nothing has to be taken back.")
    return done


def scope_of(row: Mapping[str, Any], catalogue: Catalogue) -> Scoped:
    """Return what a row of `policies` is set for, without its rules."""
    return Scoped(
        location=catalogue.location(row["location_id"]) if row["location_id"] else None,
        room=catalogue.room(row["room_id"]) if row["room_id"] else None,
        group=catalogue.group(row["group_id"]) if row["group_id"] else None,
        rules={},
    )


async def read(session: ReadSession, catalogue: Catalogue) -> tuple[Scoped, ...]:
    """Return what is set at every scope, the workspace first, then locations, then rooms; a group's after everybody's."""
    rows = await session.all(
        f"SELECT location_id, room_id, group_id, {', '.join(NAMES)} FROM policies WHERE tenant_id = $1", session.tenant
    )
    there = {group.id for group in catalogue.groups}
    scopes = [
        replace(scope_of(row, catalogue), rules={name: row[name] for name in NAMES if row[name] is not None})
        for row in rows
        if row["group_id"] is None or row["group_id"] in there
    ]
    return tuple(sorted((scope for scope in scopes if scope.rules), key=_width_first))


def _width_first(scope: Scoped) -> tuple[int, str, str]:
    group = scope.group.name.casefold() if scope.group else ""
    if scope.room:
        return 2, scope.room.name.lower(), group
    return (1, scope.location.name.lower(), group) if scope.location else (0, "", group)


def with_rules(catalogue: Catalogue, values: Mapping[str, Any], *, scope: UUID | None, group_id: UUID | None) -> Catalogue:
    """Return the catalogue as it would be with these rules (as `judged` returns them) set at a scope."""
    known = catalogue.group_rules.get((scope, group_id), {}) if group_id else catalogue.rules.get(scope, {})
    rules = dict(known)
    for name, value in values.items():
        if name in {"cutoff_on", "cutoff_from"}:
            continue
        if value is None:
            rules.pop(name, None)
        else:
            rules[name] = opening_from(json.loads(value)) if name == "opening" else value
    if "cutoff_on" in values:
        if values["cutoff_on"] is None:
            rules.pop("cutoff_from", None)
        else:
            hour = values.get("cutoff_from") or rules.get("cutoff_from") or time(17)
            rules["cutoff_from"] = hour if values["cutoff_on"] else None
    # Rooms carry the buffers that were in force: those of the rules are judged by themselves (`rehearsal`).
    if group_id:
        return replace(catalogue, group_rules={**catalogue.group_rules, (scope, group_id): rules})
    return replace(catalogue, rules={**catalogue.rules, scope: rules})
