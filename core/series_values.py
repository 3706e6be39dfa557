"""What is said of a series: the wish for one, what would come of each date, and how it stands.

A series is a wall-clock time in a zone and a rule of RFC 5545; each of its dates is a booking of its own, which knows the
series and the date that the rule gave it. Kept out: expanding rules (`recurring`) and everything that asks the database.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from core.errors import BookingError
from core.models import KEEP, Actor, Attendee, Booking, Changed, Equipment, Keep, Location, Rival, Room, Slot, Wish


@dataclass(frozen=True, kw_only=True, slots=True)
class SeriesWish:
    """What somebody wants to book again and again; the fields behind `rule` are those of a `Wish`.

    `clock` is the wall-clock time in `zone` at which each date begins, `minutes` how long it lasts on that clock. `rule` is
    the value of an RRULE without its name ("FREQ=WEEKLY;BYDAY=TU;COUNT=8"); UNTIL is a date, that day included.
    `first_on` is the earliest date; the first that the rule gives from there on is the first of the series. Dates that are
    `left_out` are not booked, now or later.
    """

    first_on: date
    clock: time
    minutes: int
    zone: str
    rule: str
    room_id: UUID | None = None
    location_id: UUID | None = None
    amenities: frozenset[str] = frozenset()
    floor: str | None = None
    attendees_count: int = 1
    title: str | None = None
    private: bool = False
    invitees: tuple[UUID, ...] = ()
    shared: bool = False
    more_room_ids: tuple[UUID, ...] = ()
    equipment: tuple[tuple[UUID, int], ...] = ()
    left_out: frozenset[date] = frozenset()

    def at(self, slot: Slot) -> Wish:
        """Return the wish for one date of it."""
        return Wish(
            slot=slot,
            attendees_count=self.attendees_count,
            amenities=self.amenities,
            room_id=self.room_id,
            location_id=self.location_id,
            floor=self.floor,
            title=self.title,
            private=self.private,
            invitees=self.invitees,
            shared=self.shared,
            more_room_ids=self.more_room_ids,
            equipment=self.equipment,
        )

    def in_room(self, room_id: UUID) -> SeriesWish:
        """Return the same wish for a named room."""
        return replace(self, room_id=room_id)


class Verdict(StrEnum):
    """What would come of a date: it is free, somebody holds the room, or a rule stands against it."""

    FREE = "free"
    TAKEN = "taken"
    RULED_OUT = "ruled_out"


@dataclass(frozen=True, kw_only=True, slots=True)
class Occurrence:
    """One date of a series, judged. `on` is the date that the rule gives.

    `rivals` are set where it is TAKEN, as far as the asker may see them; `error` where it is RULED_OUT. `other_room` is the
    right-sized room that is free and allowed then, of several the first. `shifted` says that the clock skips the time in
    that night, so that it begins at the next time that there is. For a change, `booking` is the date as it stands. `rooms`
    are those that are wanted, `other_rooms` all that it would have where others take the place of some of them.
    """

    on: date
    slot: Slot
    verdict: Verdict = Verdict.FREE
    rivals: tuple[Rival, ...] = ()
    error: BookingError | None = None
    other_room: Room | None = None
    shifted: bool = False
    booking: Booking | None = None
    rooms: tuple[Room, ...] = ()
    other_rooms: tuple[Room, ...] = ()

    @property
    def clashes(self) -> bool:
        """Tell whether it cannot be booked as wanted."""
        return self.verdict is not Verdict.FREE

    @property
    def stand_ins(self) -> tuple[Room, ...]:
        """The rooms that would take the place of others; none where there is no way."""
        if self.other_room is None:
            return ()
        wanted = {room.id for room in self.rooms}
        return tuple(room for room in self.other_rooms if room.id not in wanted) or (self.other_room,)


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What would come of a series, date by date.

    `room` is the one that was named, or the one that is free on most dates. `one_room` is free and allowed on all of them,
    None where there is none, or where `room` is that one; where there are several, `rooms_for_all` are, of which some stand
    in for others. `beyond` counts the dates past the booking horizon, which are booked as time goes on (None: it has no
    end); `passed_over` are the first days of months that have no such date.
    `kept` counts the dates that a change leaves alone, since they were moved or edited by themselves. `more_rooms` and
    `equipment` are wanted with the room on each date.
    """

    wish: SeriesWish
    room: Room
    location: Location
    dates: tuple[Occurrence, ...]
    one_room: Room | None = None
    rooms_for_all: tuple[Room, ...] = ()
    beyond: int | None = 0
    passed_over: tuple[date, ...] = ()
    kept: int = 0
    more_rooms: tuple[Room, ...] = ()
    equipment: tuple[tuple[Equipment, int], ...] = ()

    @property
    def free(self) -> tuple[Occurrence, ...]:
        """The dates that can be booked as wanted."""
        return tuple(one for one in self.dates if one.verdict is Verdict.FREE)

    @property
    def clashes(self) -> tuple[Occurrence, ...]:
        """The dates about which somebody must choose."""
        return tuple(one for one in self.dates if one.clashes)

    @property
    def taken(self) -> tuple[Occurrence, ...]:
        """The dates on which somebody holds the room."""
        return tuple(one for one in self.dates if one.verdict is Verdict.TAKEN)

    @property
    def ruled_out(self) -> tuple[Occurrence, ...]:
        """The dates that break a rule."""
        return tuple(one for one in self.dates if one.verdict is Verdict.RULED_OUT)

    @property
    def shifted(self) -> tuple[Occurrence, ...]:
        """The dates whose time the clock skips."""
        return tuple(one for one in self.dates if one.shifted)


class Choice(StrEnum):
    """What to do about a date that clashes; a `Slot` in its place is another time on that date."""

    SKIP = "skip"  # leave it out, and stand in line for it where the room is taken
    OTHER_ROOM = "other_room"  # the one that the preview named, or the best that is free by then


class Scope(StrEnum):
    """How much of a series a change is about."""

    THIS = "this"
    FOLLOWING = "following"  # this date and all after it
    ALL = "all"  # every date that is not over


class SeriesStatus(StrEnum):
    """Where a series stands in its life."""

    ACTIVE = "active"
    OVER = "over"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True, slots=True)
class OneSeries:
    """A series as it stands. `version` goes back in with every change.

    `left_out` are dates of the rule that are not to be booked. What lies after `booked_until` is still to be booked, as the
    horizon lets it; None: nothing is. `continues_id` is the series that this one was split from.
    """

    id: UUID
    booker: Attendee
    room: Room
    location: Location
    zone: str
    first_on: date
    clock: time
    minutes: int
    rule: str
    title: str | None
    attendees_count: int
    amenities: frozenset[str]
    private: bool
    shared: bool
    invitees: tuple[UUID, ...]
    left_out: frozenset[date]
    status: SeriesStatus
    booked_until: date | None
    continues_id: UUID | None
    created_at: datetime
    updated_at: datetime
    version: int
    more_rooms: tuple[Room, ...] = ()
    equipment: tuple[tuple[Equipment, int], ...] = ()

    @property
    def tz(self) -> ZoneInfo:
        """The zone of its clock."""
        return ZoneInfo(self.zone)

    def changeable_by(self, actor: Actor) -> bool:
        """Tell whether the actor may change it: the booker, an admin, or those invited where they share it."""
        if actor.admin or actor.person_id == self.booker.person_id:
            return True
        return self.shared and actor.person_id in self.invitees

    def details_for(self, actor: Actor) -> bool:
        """Tell whether the actor may see title and people of it."""
        return not self.private or self.changeable_by(actor) or actor.person_id in self.invitees


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A date ahead that the rule gives and nobody has booked; `waiting_id` is the place in line for it, if there is one."""

    on: date
    slot: Slot
    waiting_id: UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SeriesView:
    """A series with what is ahead of it: `upcoming` soonest first; `last_on` is the last date that is booked, if any is."""

    series: OneSeries
    upcoming: tuple[Booking, ...]
    gaps: tuple[Gap, ...]
    last_on: date | None
    endless: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SeriesSummary:
    """A series in a list: its next date, how many are booked ahead, and the last of them."""

    series: OneSeries
    next: Booking | None
    ahead: int
    last_on: date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Booked:
    """What came of booking or renewing: the bookings by start, and the dates that were left out.

    `beyond` as in a preview. `operation_id` takes all of it back (`Series.undo`).
    """

    series: OneSeries
    bookings: tuple[Booking, ...]
    gaps: tuple[Occurrence, ...]
    beyond: int | None
    operation_id: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class SeriesChange:
    """What a person wants different about the dates of a series; `KEEP` leaves a field alone.

    `clock` and `minutes` are of the series' wall clock. Another `rule` gives the dates anew from the first that is changed:
    they are moved in order, those that are too many are cancelled, those that are missing booked. `day` is where the date
    that somebody looked at is to be: by itself, or the others with it, each in its week, month or year. `room_id` moves
    all; further rooms stay, unless the new one shares their space, until `more_room_ids` says otherwise.
    """

    clock: time | Keep = KEEP
    minutes: int | Keep = KEEP
    rule: str | Keep = KEEP
    room_id: UUID | Keep = KEEP
    title: str | Keep | None = KEEP
    attendees_count: int | Keep = KEEP
    private: bool | Keep = KEEP
    invitees: tuple[UUID, ...] | Keep = KEEP
    shared: bool | Keep = KEEP
    day: date | Keep = KEEP
    more_room_ids: tuple[UUID, ...] | Keep = KEEP
    equipment: tuple[tuple[UUID, int], ...] | Keep = KEEP

    @property
    def retimed(self) -> bool:
        """Tell whether it is about when the dates are."""
        return not all(isinstance(one, Keep) for one in (self.clock, self.minutes, self.rule, self.day))

    @property
    def elsewhere(self) -> bool:
        """Tell whether it is about the rooms that the dates have."""
        return not (isinstance(self.room_id, Keep) and isinstance(self.more_room_ids, Keep))


@dataclass(frozen=True, kw_only=True, slots=True)
class SeriesChanged:
    """What came of changing or cancelling: the series that has those dates now, and every booking before and after.

    `made` are bookings that a new rule added, `gaps` dates that were given up for a clash. `split_from` is the series that
    goes on without them. `operation_id` takes all of it back (`Series.undo`).
    """

    series: OneSeries
    changed: tuple[Changed, ...]
    operation_id: UUID
    made: tuple[Booking, ...] = ()
    gaps: tuple[Occurrence, ...] = ()
    split_from: UUID | None = None
