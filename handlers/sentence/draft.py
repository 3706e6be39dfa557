"""What a whole sentence says once its items hang together, still without a calendar or a clock.

Kept out: finding out (compose.py), and turning it into times (settle.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.models import Location, Room
from handlers.sentence.items import Clock, Day, Every, LeftOut, Limit
from handlers.sentence.model import Assumption, Option, Trouble


@dataclass(slots=True)
class Point:
    """One end of a meeting: a clock time, now, or minutes from now; `day` where it has one of its own."""

    clock: Clock | None = None
    ahead: int | None = None  # minutes from now; 0 is now
    day: Day | None = None
    text: str = ""


@dataclass(slots=True)
class Problem:
    """Something that keeps the sentence from being booked."""

    trouble: Trouble
    message: str
    options: tuple[Option, ...] = ()


@dataclass(slots=True)
class Draft:
    """A wish as far as the words alone tell it."""

    start: Point | None = None
    end: Point | None = None
    days: list[Day] = field(default_factory=list)  # several only when they describe one date: "Fri 12/4"
    end_days: list[Day] = field(default_factory=list)
    minutes: int | None = None
    from_now: bool = False  # "for the next hour"
    part: str | None = None
    part_today: bool = False
    shade: str = ""
    zones: tuple[str, ...] = ()  # IANA names or offsets; several only when they agree
    zone_word: str = ""
    attendees: int | None = None
    bare_count: int | None = None  # "for 30": people or minutes
    amenities: tuple[str, ...] = ()
    numbers: dict[str, int] = field(default_factory=dict)  # how many of an amenity, where that was said
    rooms: list[Room] = field(default_factory=list)  # all of one name
    more: list[list[Room]] = field(default_factory=list)  # wanted together with it: all of one name each
    places: list[Location] = field(default_factory=list)
    floor: str | None = None
    buildings: list[str] = field(default_factory=list)
    city: str | None = None
    city_at: tuple[int, int] = (0, 0)  # its tokens
    title: str | None = None
    invitees: tuple[str, ...] = ()
    every: Every | None = None
    limit: Limit | None = None
    until: list[Day] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    from_day: bool = False  # "starting Dec 1"
    private: bool = False
    shift: int | None = None
    problems: list[Problem] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)

    def refuse(self, trouble: Trouble, message: str, options: tuple[Option, ...] = ()) -> None:
        """Note a problem; the first in the order of the rules is the one that people see."""
        self.problems.append(Problem(trouble, message, options))
