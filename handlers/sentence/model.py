"""What a sentence turns into: a `Reading` that can be booked, or a `Refusal` that says why not and what to say instead.

Kept out: the grammar itself, Slack, the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from core.models import Equipment, Location, Room


class Trouble(StrEnum):
    """Why a sentence cannot be booked as it stands."""

    TOO_LONG = "too_long"
    AMBIGUOUS = "ambiguous"
    UNKNOWN_ROOM = "unknown_room"
    INVALID_ATTENDEES = "invalid_attendees"
    INVALID_TIME = "invalid_time"
    MISSING_TIME = "missing_time"
    END_BEFORE_START = "end_before_start"
    PAST = "past"
    NOT_UNDERSTOOD = "not_understood"


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """A button under a question: its label, and the whole sentence that a tap stands for (at most 500 characters)."""

    label: str
    sentence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Assumption:
    """Something that the person did not say and we took for granted, with ways to change it.

    `about` is one of "duration", "half_day" (am or pm), "date", "location", "zone", "attendees", "spelling", "equipment",
    "series".
    """

    about: str
    text: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A bookable wish. `start` and `end` are wall-clock times without zone, at the place whose zone is `zone`.

    `location` is the place as labelled ("Berlin", "floor 3", "Berlin, floor 3", "building B"); `place` is the catalogue's
    location that it or the room belongs to, if any. `recurrence` is an RRULE value; `start` then is its first date.
    `duration_min` is wall-clock minutes. `invitees` are Slack user ids. `fold` is 1 when `start` is the second of two equal
    wall-clock times on the night when clocks go back. `more_rooms` are wanted together with `room`, all or none; `things`
    are what comes along, with how many of each. `left_out` are dates of the series that it is not to have.
    """

    start: datetime
    end: datetime
    zone: str
    duration_min: int
    default_duration: bool = False
    attendees: int | None = None
    amenities: tuple[str, ...] = ()
    room: Room | None = None
    place: Location | None = None
    floor: str | None = None
    location: str | None = None
    title: str | None = None
    recurrence: str | None = None
    invitees: tuple[str, ...] = ()
    private: bool = False
    assumptions: tuple[Assumption, ...] = ()
    fold: int = 0
    more_rooms: tuple[Room, ...] = ()
    things: tuple[tuple[Equipment, int], ...] = ()
    left_out: tuple[date, ...] = ()

    @property
    def starts_at(self) -> datetime:
        """The start as a moment, aware, in the place's zone."""
        return self.start.replace(tzinfo=ZoneInfo(self.zone), fold=self.fold)

    @property
    def ends_at(self) -> datetime:
        """The end as a moment, aware, in the place's zone; of two such times the first that follows the start."""
        end = self.end.replace(tzinfo=ZoneInfo(self.zone), fold=self.fold)
        return end if end.timestamp() > self.starts_at.timestamp() else end.replace(fold=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A sentence that is not booked: the reason in words for the person, and their ways out as buttons."""

    trouble: Trouble
    message: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Fragment:
    """What a partial sentence holds, when a time is not required (search, `/book move`): every field may be absent.

    `start` and `end` as in `Reading`; a date without a time sets `day` alone ("YYYY-MM-DD" as a date at midnight, naive).
    `shift_min` is by how much a booking moves ("by 30 minutes", "an hour later"; earlier is negative).
    """

    start: datetime | None = None
    end: datetime | None = None
    day: datetime | None = None
    duration_min: int | None = None
    attendees: int | None = None
    amenities: tuple[str, ...] = ()
    room: Room | None = None
    place: Location | None = None
    floor: str | None = None
    location: str | None = None
    title: str | None = None
    zone: str = "UTC"
    invitees: tuple[str, ...] = ()
    shift_min: int | None = None
    fold: int = 0
    assumptions: tuple[Assumption, ...] = ()
    more_rooms: tuple[Room, ...] = ()
    things: tuple[tuple[Equipment, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Book:
    """What the grammar knows of the workspace: bookable rooms, locations, movable things, and how many the largest seats.

    Names are prepared once for all books with the same `Room` and `Location` objects.
    """

    rooms: tuple[Room, ...]
    locations: tuple[Location, ...] = ()
    amenities: frozenset[str] = frozenset()
    things: tuple[Equipment, ...] = ()

    @cached_property
    def largest(self) -> int:
        """Seats in the largest room; 20 where there are none."""
        return max((room.capacity for room in self.rooms), default=20)


__all__ = ["Assumption", "Book", "Fragment", "Option", "Reading", "Refusal", "Trouble"]
