"""What admins lay down beside policies, as values: groups, rights, closures, quotas, days on which a place is closed.

Kept out: writing them (`groups`, `granting`, `closures`, `quotas`, `holidays`), and what they refuse (`rules`, `limits`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from core.models import Actor, Right, Slot


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """People who are ruled together. Those with a `slack_group_id` follow Slack's user group of that id."""

    id: UUID
    name: str
    slack_team_id: str | None = None
    slack_group_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """A right, given everywhere, at a location or for a room, to a person, a group or, with neither, everybody.

    `holder` is the name of the person or group, None for everybody.
    """

    id: UUID
    right: Right
    location_id: UUID | None = None
    room_id: UUID | None = None
    person_id: UUID | None = None
    group_id: UUID | None = None
    holder: str | None = None

    @property
    def scope(self) -> UUID | None:
        """The id of the room or location it is given for; None: everywhere."""
        return self.room_id or self.location_id

    def held_by(self, actor: Actor) -> bool:
        """Tell whether it is the actor's."""
        if self.person_id is not None:
            return self.person_id == actor.person_id
        return self.group_id is None or self.group_id in actor.groups


@dataclass(frozen=True, kw_only=True, slots=True)
class Closure:
    """A time in which a room, a location or everything is closed to all but those who are allowed."""

    id: UUID
    slot: Slot
    location_id: UUID | None = None
    room_id: UUID | None = None
    reason: str | None = None
    allowed_people: frozenset[UUID] = frozenset()
    allowed_groups: frozenset[UUID] = frozenset()
    version: int = 1

    @property
    def scope(self) -> UUID | None:
        """The id of the room or location that is closed; None: all of them."""
        return self.room_id or self.location_id

    def lets_pass(self, actor: Actor) -> bool:
        """Tell whether the actor may book all the same."""
        return actor.person_id in self.allowed_people or not self.allowed_groups.isdisjoint(actor.groups)


class Measure(StrEnum):
    """What a quota counts."""

    COUNT = "count"
    MINUTES = "minutes"


class Period(StrEnum):
    """For how long a quota is; weeks begin on Mondays."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """How much somebody may book in a period: everybody each, each of a group, or a group together.

    `most` is a number of bookings, or minutes. It counts bookings of the room, at the location, or everywhere.
    """

    id: UUID
    measure: Measure
    period: Period
    most: int
    location_id: UUID | None = None
    room_id: UUID | None = None
    group_id: UUID | None = None
    together: bool = False
    version: int = 1

    @property
    def scope(self) -> UUID | None:
        """The id of the room or location whose bookings count; None: all of them."""
        return self.room_id or self.location_id


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnDay:
    """A day that an admin has set for a location: closed as if it were a holiday, or open although it is one."""

    location_id: UUID
    day: date
    name: str
    closed: bool


# One statement for all of them: each is a handful of rows, and a round trip costs more than any.
ALL = """
SELECT 'group' AS kind, to_jsonb(g) AS facts FROM groups g WHERE g.tenant_id = $1 AND g.removed_at IS NULL
UNION ALL
SELECT 'grant', to_jsonb(r) || jsonb_build_object('holder', coalesce(p.name, g.name)) FROM rights r
    LEFT JOIN people p ON p.tenant_id = r.tenant_id AND p.id = r.person_id
    LEFT JOIN groups g ON g.tenant_id = r.tenant_id AND g.id = r.group_id
    WHERE r.tenant_id = $1 AND r.removed_at IS NULL
UNION ALL
SELECT 'closure', to_jsonb(c) FROM closures c WHERE c.tenant_id = $1 AND c.lifted_at IS NULL AND c.end_time > now()
UNION ALL
SELECT 'quota', to_jsonb(q) FROM quotas q WHERE q.tenant_id = $1 AND q.removed_at IS NULL
UNION ALL
SELECT 'day', to_jsonb(h) FROM holidays h WHERE h.tenant_id = $1
"""


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def group_from(facts: Mapping[str, Any]) -> Group:
    """Return a group from its row as JSON."""
    return Group(
        id=UUID(facts["id"]),
        name=facts["name"],
        slack_team_id=facts["slack_team_id"],
        slack_group_id=facts["slack_group_id"],
    )


def grant_from(facts: Mapping[str, Any]) -> Grant:
    """Return a right that was given from its row as JSON, with the holder's name."""
    return Grant(
        id=UUID(facts["id"]),
        right=Right(facts["granted"]),
        location_id=_id(facts["location_id"]),
        room_id=_id(facts["room_id"]),
        person_id=_id(facts["person_id"]),
        group_id=_id(facts["group_id"]),
        holder=facts["holder"],
    )


def closure_from(facts: Mapping[str, Any]) -> Closure:
    """Return a closure from its row as JSON."""
    return Closure(
        id=UUID(facts["id"]),
        slot=Slot(start=datetime.fromisoformat(facts["start_time"]), end=datetime.fromisoformat(facts["end_time"])),
        location_id=_id(facts["location_id"]),
        room_id=_id(facts["room_id"]),
        reason=facts["reason"],
        allowed_people=frozenset(UUID(one) for one in facts["allowed_people"]),
        allowed_groups=frozenset(UUID(one) for one in facts["allowed_groups"]),
        version=facts["version"],
    )


def quota_from(facts: Mapping[str, Any]) -> Quota:
    """Return a quota from its row as JSON."""
    return Quota(
        id=UUID(facts["id"]),
        measure=Measure(facts["measure"]),
        period=Period(facts["period"]),
        most=facts["most"],
        location_id=_id(facts["location_id"]),
        room_id=_id(facts["room_id"]),
        group_id=_id(facts["group_id"]),
        together=facts["together"],
        version=facts["version"],
    )


def day_from(facts: Mapping[str, Any]) -> OwnDay:
    """Return an admin's own day from its row as JSON."""
    return OwnDay(
        location_id=UUID(facts["location_id"]),
        day=date.fromisoformat(facts["on_date"]),
        name=facts["name"],
        closed=facts["closed"],
    )
