"""When and where, as one reader is told it: on the place's clock, and on the reader's own where that shows another hour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core import saying
from core.models import Booking, Location, Person, Room, Slot
from core.series_values import OneSeries

if TYPE_CHECKING:
    from handlers.calendar_links import Additions

# What stands for the zone of somebody whose profile has not come from Slack, which itself says "Etc/UTC".
UNTOLD = "UTC"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Who reads: their clock, the moment, the command's name; whether places must be named because there are several.

    `may_book` is false for guests where no room is for guests; `approvers` returns the names of those who are asked about a
    booking, `held_until` until when it waits for them where it was asked just now, `parts` the names of the rooms that a
    divisible one is made of; `series` are those that what is told belongs to, `additions` returns the addresses that add a
    booking to another calendar; `subscribes` says that calendars have addresses.
    """

    person: Person
    now: datetime
    several_places: bool
    may_book: bool = True
    command: str = "/book"
    approvers: Callable[[Booking], tuple[str, ...]] = lambda _booking: ()
    held_until: Callable[[Booking], datetime | None] = lambda _booking: None
    parts: Callable[[Room], tuple[str, ...]] = lambda _room: ()
    series: Mapping[UUID, OneSeries] = field(default_factory=dict)
    additions: Callable[[Booking], Additions | None] = lambda _booking: None
    subscribes: bool = False

    @property
    def zone(self) -> ZoneInfo | None:
        """The reader's own zone; None when this machine does not know it, or Slack has not told of them yet."""
        if self.person.zone == UNTOLD:
            return None
        try:
            return ZoneInfo(self.person.zone)
        except (ZoneInfoNotFoundError, ValueError):
            return None


def everybody(now: datetime, *, several_places: bool, command: str) -> Reader:
    """Return a channel as the reader: nobody in particular, so that no clock but the place's is told."""
    nobody = Person(id=UUID(int=0), slack_team_id="", slack_user_id="", name="", zone="")
    return Reader(person=nobody, now=now, several_places=several_places, command=command)


def where_and_own_clock(slot: Slot, location: Location, reader: Reader) -> str:
    """Return " (New York; 20:00-21:30 for you)", or the half of it that says something, or nothing."""
    own = own_clock(slot, location, reader)
    notes = [location.name] if reader.several_places else []
    notes += [f"{own} for you"] if own else []
    return f" ({'; '.join(notes)})" if notes else ""


def own_clock(slot: Slot, location: Location, reader: Reader) -> str | None:
    """Return the time on the reader's clock, with its date where that is another; None where both clocks agree."""
    zone = reader.zone
    if zone is None or slot.start.astimezone(zone).utcoffset() == slot.start.astimezone(location.tz).utcoffset():
        return None
    day, there = slot.start.astimezone(zone).date(), slot.start.astimezone(location.tz).date()
    dated = "" if day == there else f"{saying.short_date(day, today=reader.now.astimezone(zone).date())}, "
    return f"{dated}{saying.hours(slot, zone)}"


def in_full(slot: Slot, location: Location, reader: Reader) -> str:
    """Return "tomorrow, Wed 25 Nov, 14:00-15:30" on the place's clock."""
    return saying.when_in_full(slot, location.tz, now=reader.now)


def dated(slot: Slot, location: Location, reader: Reader) -> str:
    """Return "Wed 25 Nov, 14:00-15:30" on the place's clock, or "today, 14:00-15:30"."""
    day, today = slot.start.astimezone(location.tz).date(), reader.now.astimezone(location.tz).date()
    said = "today" if day == today else saying.short_date(day, today=today)
    return f"{said}, {saying.hours(slot, location.tz)}"


def lasting(slot: Slot, location: Location, reader: Reader) -> str:
    """Return "Wed 25 Nov, 14:00-15:30" on the place's clock: true as well on another day than the one it is written on."""
    day, today = slot.start.astimezone(location.tz).date(), reader.now.astimezone(location.tz).date()
    return f"{saying.short_date(day, today=today)}, {saying.hours(slot, location.tz)}"


def moment(at: datetime, location: Location, reader: Reader) -> str:
    """Return "14:10" on the place's clock, and "14:10 (20:10 for you)" where the reader's shows another."""
    zone, there = reader.zone, saying.clock_time(at, location.tz)
    if zone is None or at.astimezone(zone).utcoffset() == at.astimezone(location.tz).utcoffset():
        return there
    return f"{there} ({saying.clock_time(at, zone)} for you)"


def in_passing(slot: Slot, location: Location, reader: Reader) -> str:
    """Return "tomorrow 14:00-15:00" on the place's clock, for the middle of a sentence."""
    return saying.when(slot, location.tz, now=reader.now)


def floor(room: Room) -> str | None:
    """Return "3rd floor" for a numbered floor, the floor's own name otherwise."""
    if not room.floor:
        return None
    if not room.floor.isdecimal():
        return room.floor
    number = int(room.floor)
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in {11, 12, 13} else "th"
    return f"{number}{ending} floor"


def room_facts(room: Room) -> str:
    """Return "seats 8 · projector, whiteboard · 3rd floor"."""
    facts = [f"seats {room.capacity}", ", ".join(sorted(room.amenities)), floor(room)]
    return " · ".join(fact for fact in facts if fact)


def day_and_time(at: datetime, location: Location, reader: Reader) -> str:
    """Return "Tue 24 Nov, 16:00" on the place's clock, true on another day as well."""
    day, today = at.astimezone(location.tz).date(), reader.now.astimezone(location.tz).date()
    return f"{saying.short_date(day, today=today)}, {moment(at, location, reader)}"
