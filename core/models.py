"""What the booking core gives out and takes in: frozen values, aware times, no rows.

Kept out: SQL, Slack ids' meaning, anything that reads a clock or the environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo


def aware(moment: datetime, name: str) -> datetime:
    """Return the moment unchanged; raise ValueError when it carries no zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{name} must carry a time zone")
    return moment


class Status(StrEnum):
    """Where a booking stands in its life; see `HOLDS_ROOM` for who keeps a room."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    RELEASED = "released"
    ENDED = "ended"


HOLDS_ROOM = frozenset({Status.PENDING, Status.CONFIRMED, Status.CHECKED_IN})


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """A place with rooms and one clock. `zone` is an IANA name."""

    id: UUID
    name: str
    zone: str

    @property
    def tz(self) -> ZoneInfo:
        """The location's time zone."""
        return ZoneInfo(self.zone)


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """A bookable room. `amenities` are lower-case words; `floor` is free text ("3", "mezzanine")."""

    id: UUID
    name: str
    location_id: UUID
    capacity: int
    floor: str | None = None
    amenities: frozenset[str] = frozenset()
    setup_minutes: int = 0
    teardown_minutes: int = 0
    active: bool = True
    version: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody known from Slack. `zone` and `locale` are Slack's; admin and guest decide what they may do."""

    id: UUID
    slack_team_id: str
    slack_user_id: str
    name: str
    zone: str = "UTC"
    locale: str = "en-US"
    default_location_id: UUID | None = None
    admin: bool = False
    guest: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Who asks for a change, with which rights, through which surface ("slack", "api", "cli")."""

    person_id: UUID
    admin: bool = False
    guest: bool = False
    surface: str = "slack"


@dataclass(frozen=True, kw_only=True, slots=True)
class Attendee:
    """One invited person; a co-organiser may change the booking."""

    person_id: UUID
    slack_user_id: str
    name: str
    co_organiser: bool = False
