"""What the booking core gives out and takes in: frozen values, aware times, no rows.

Kept out: SQL, Slack ids' meaning, anything that reads a clock or the environment.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo


def aware(moment: datetime, name: str) -> datetime:
    """Return the moment unchanged; raise ValueError when it carries no zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{name} must carry a time zone")
    return moment


# What would turn a line around for the reader, or break it off.
_TURNING = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def one_line(text: str | None) -> str | None:
    """Return what somebody typed as one line without control characters; None when nothing is left."""
    if text is None:
        return None
    kept = (" " if unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} else letter for letter in text)
    return " ".join("".join(letter for letter in kept if letter not in _TURNING).split()) or None


def _in_utc(moment: datetime, name: str) -> datetime:
    try:
        return aware(moment, name).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{name} lies beyond the calendar") from error


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
    """A place with rooms and one clock. `zone` is an IANA name; without `active`, none of its rooms can be booked.

    With `board_open`, everybody who has its address may look at its board, without signing in.
    """

    id: UUID
    name: str
    zone: str
    active: bool = True
    board_open: bool = False

    @property
    def tz(self) -> ZoneInfo:
        """The location's time zone."""
        return ZoneInfo(self.zone)


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """A bookable room. `amenities` are lower-case words; `floor` is free text ("3", "mezzanine"); `photo` an address.

    `parts` are the smallest rooms that a divisible one is made of; booking it claims them, and nothing else.
    """

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
    photo: str | None = None
    parts: frozenset[UUID] = frozenset()

    @property
    def leaves(self) -> tuple[UUID, ...]:
        """The ids of what is claimed when it is booked, in order: its parts, or itself where it has none."""
        return tuple(sorted(self.parts)) or (self.id,)


@dataclass(frozen=True, kw_only=True, slots=True)
class Equipment:
    """Something movable that is booked with a room of its location; there are `quantity` of it."""

    id: UUID
    name: str
    location_id: UUID
    quantity: int
    active: bool = True
    version: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Borrowed:
    """So many of a piece of equipment, for the time of a booking."""

    equipment: Equipment
    quantity: int


class Right(StrEnum):
    """What somebody may do with rooms: each includes nothing of the others."""

    BOOK = "book"  # book without asking
    REQUEST = "request"  # book, but an approver has to agree
    OVERRIDE = "override"  # book past hours, lengths, quotas and closures, and without approval
    MANAGE = "manage"  # change other people's bookings and the room's own settings
    APPROVE = "approve"  # decide on requests


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody known from Slack. `zone` and `locale` are Slack's; admin, guest and `groups` decide what they may do."""

    id: UUID
    slack_team_id: str
    slack_user_id: str
    name: str
    zone: str = "UTC"
    locale: str = "en-US"
    default_location_id: UUID | None = None
    admin: bool = False
    guest: bool = False
    groups: frozenset[UUID] = frozenset()

    def acting(self, surface: str = "slack") -> Actor:
        """Return the person as the author of a change made through a surface."""
        return Actor(
            person_id=self.id,
            slack_user_id=self.slack_user_id,
            name=self.name,
            admin=self.admin,
            guest=self.guest,
            groups=self.groups,
            surface=surface,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Who asks for a change, with which rights, through which surface ("slack", "api", "cli")."""

    person_id: UUID
    slack_user_id: str
    name: str
    admin: bool = False
    guest: bool = False
    groups: frozenset[UUID] = frozenset()
    surface: str = "slack"


class Response(StrEnum):
    """What an invited person said."""

    GOING = "going"
    DECLINED = "declined"


@dataclass(frozen=True, kw_only=True, slots=True)
class Attendee:
    """One invited person; a co-organiser may change the booking. `response` is None until they say whether they come."""

    person_id: UUID
    slack_user_id: str
    name: str
    co_organiser: bool = False
    response: Response | None = None


def by_name(attendees: Iterable[Attendee]) -> tuple[Attendee, ...]:
    """Return attendees in the order in which they are always shown."""
    return tuple(sorted(attendees, key=lambda a: (a.name, a.person_id)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """A half-open stretch of time, start included and end not; kept in UTC. Order is a rule's matter, not checked here.

    Raises ValueError for a time without a zone, or one that is beyond the years that can be reckoned with in UTC.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        # Python compares and subtracts two times of one zone by their wall clock: wrong on the days when it changes.
        object.__setattr__(self, "start", _in_utc(self.start, "start"))
        object.__setattr__(self, "end", _in_utc(self.end, "end"))

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start

    def overlaps(self, other: Slot) -> bool:
        """Tell whether both share a moment; touching ends do not."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, kw_only=True, slots=True)
class Booking:
    """A booking as it stands. `booker` is who booked it; `version` goes back in with every change.

    `late_at` is when somebody said that they run late, `checked_in_at` when somebody was there. `more_rooms` are held with
    the first; `series_on` is the date that the rule of its series gave it, wherever it was moved since.
    """

    id: UUID
    room: Room
    location: Location
    slot: Slot
    title: str | None
    booker: Attendee
    attendees: tuple[Attendee, ...]
    attendees_count: int
    status: Status
    private: bool
    version: int
    created_at: datetime
    updated_at: datetime
    cancel_reason: str | None = None
    late_at: datetime | None = None
    checked_in_at: datetime | None = None
    more_rooms: tuple[Room, ...] = ()
    equipment: tuple[Borrowed, ...] = ()
    series_id: UUID | None = None
    series_on: date | None = None

    @property
    def rooms(self) -> tuple[Room, ...]:
        """All rooms of it, the first first."""
        return (self.room, *self.more_rooms)

    @property
    def seats(self) -> int:
        """How many people all its rooms seat."""
        return sum(room.capacity for room in self.rooms)

    @property
    def start(self) -> datetime:
        """When it begins, in UTC."""
        return self.slot.start

    @property
    def end(self) -> datetime:
        """When it ends (that moment not included), in UTC."""
        return self.slot.end

    @property
    def holds_room(self) -> bool:
        """Tell whether nobody else can have the room for this time."""
        return self.status in HOLDS_ROOM

    @property
    def shared(self) -> bool:
        """Tell whether everybody who is invited may change it too."""
        return bool(self.attendees) and all(a.co_organiser for a in self.attendees)

    def changeable_by(self, actor: Actor) -> bool:
        """Tell whether the actor may change it: the booker, a co-organiser or an admin."""
        if actor.admin or actor.person_id == self.booker.person_id:
            return True
        return any(a.person_id == actor.person_id and a.co_organiser for a in self.attendees)

    @property
    def coming(self) -> tuple[Attendee, ...]:
        """Those invited who have not said that they cannot."""
        return tuple(a for a in self.attendees if a.response is not Response.DECLINED)

    def attended_by(self, person_id: UUID) -> bool:
        """Tell whether somebody booked it or is invited."""
        return person_id == self.booker.person_id or any(a.person_id == person_id for a in self.attendees)

    def details_for(self, actor: Actor) -> bool:
        """Tell whether the actor may see title and people of it."""
        return not self.private or self.changeable_by(actor) or self.attended_by(actor.person_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What somebody wants to book: a time, and either a room or what the room must have.

    `amenities` are lower-case words that the room must all have; `room_id` names one room; otherwise the smallest
    adequate room at `location_id` (anywhere when None), on `floor` when given, is taken. `invitees` are people's ids;
    `shared` makes them co-organisers, who may change the booking. `more_room_ids` are held together with the named room,
    all or none; `equipment` is what comes along, by id and number.
    """

    slot: Slot
    attendees_count: int = 1
    amenities: frozenset[str] = frozenset()
    room_id: UUID | None = None
    location_id: UUID | None = None
    floor: str | None = None
    title: str | None = None
    private: bool = False
    invitees: tuple[UUID, ...] = ()
    shared: bool = False
    more_room_ids: tuple[UUID, ...] = ()
    equipment: tuple[tuple[UUID, int], ...] = ()


class Keep:
    """The type of `KEEP`: a field of a change that stays as it is, where None is a value of its own."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "KEEP"


KEEP = Keep()


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What a person wants different about a booking; `KEEP` leaves a field alone.

    Of several rooms, `instead_of` is the one whose place `room_id` takes; with `more_room_ids`, all are said anew.
    """

    slot: Slot | Keep = KEEP
    room_id: UUID | Keep = KEEP
    instead_of: UUID | Keep = KEEP
    title: str | Keep | None = KEEP
    attendees_count: int | Keep = KEEP
    private: bool | Keep = KEEP
    invitees: tuple[UUID, ...] | Keep = KEEP
    shared: bool | Keep = KEEP
    more_room_ids: tuple[UUID, ...] | Keep = KEEP
    equipment: tuple[tuple[UUID, int], ...] | Keep = KEEP


@dataclass(frozen=True, kw_only=True, slots=True)
class Rival:
    """What is in the way, as far as the asker may see it; a private booking has neither title nor booker.

    `held_until` is set where it is no booking: the room is held until then for somebody on the waiting list, `for_you`
    where that is the asker. `room` is what is held, where that is another room than the one asked for: a part of it, or
    what it is a part of.
    """

    slot: Slot
    title: str | None = None
    booker_slack_user_id: str | None = None
    private: bool = False
    held_until: datetime | None = None
    for_you: bool = False
    room: Room | None = None


class OfferKind(StrEnum):
    """How an alternative differs from what was wanted; ANYWAY is the named room without all that was asked of it."""

    ANYWAY = "anyway"
    OTHER_ROOM = "other_room"
    OTHER_TIME = "other_time"
    SHORTER = "shorter"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """A room and time that is free now and breaks no rule, in place of what was wanted; `more_rooms` come with it."""

    kind: OfferKind
    room: Room
    location: Location
    slot: Slot
    more_rooms: tuple[Room, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A booking before and after a change."""

    before: Booking
    after: Booking


@dataclass(frozen=True, kw_only=True, slots=True)
class LastChange:
    """What led to a booking as it stands: who did it, when, and how it was before (None: it was made then)."""

    before: Booking | None
    after: Booking
    by_slack_user_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RoomDay:
    """A room's claims between two moments, as the asker may see them, in order of start."""

    room: Room
    location: Location
    taken: tuple[Rival, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FreeRoom:
    """A room that is free for a wish; `free_until` is when its next booking begins (None: not within a day)."""

    room: Room
    location: Location
    free_until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """One weekday's opening hours in minutes after local midnight; closed all day where `opens == closes`."""

    opens: int = 0
    closes: int = 24 * 60


ALWAYS_OPEN = (Opening(),) * 7


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckIn:
    """How a room wants to hear that somebody came; all in minutes.

    It opens so long before the start; whoever is not there when the grace is over loses the rest. Exempt are bookings
    longer than `longest` and those made less than `notice` before their start.
    """

    opens: int = 10
    grace: int = 10
    longest: int = 240
    notice: int = 15


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The rules in force for one room. `opening` is Monday first; `cutoff_from` is local time, None when off.

    `check_in` is None where nobody has to check in. `notice_minutes` is how long before its start something must be booked,
    `cancel_notice_minutes` until when it can be given back; `one_at_a_time` keeps a person from holding two rooms at once;
    `details_hidden` treats every booking as private. With `approval`, bookings wait for it up to `approval_hours`.
    `holidays_country` is a country, or one of its states ("DE", "US-NY"), whose holidays close the room.
    """

    opening: tuple[Opening, ...] = ALWAYS_OPEN
    shortest_minutes: int = 5
    longest_minutes: int = 12 * 60
    horizon_days: int = 365
    cutoff_from: time | None = None
    guests_may_book: bool = False
    check_in: CheckIn | None = None
    notice_minutes: int = 0
    cancel_notice_minutes: int = 0
    one_at_a_time: bool = False
    setup_minutes: int = 0
    teardown_minutes: int = 0
    details_hidden: bool = False
    approval: bool = False
    approval_hours: int = 24
    holidays_country: str | None = None
    holidays_closed: bool = True
