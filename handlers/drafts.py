"""Wishes and targets as short JSON, carried by buttons (2,000 characters) and modals (3,000) and read back with care.

What comes back may have been tampered with or be from an older version: it is validated, and means no rights.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, ClassVar, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import BookingError
from core.models import Alternative, Booking, OfferKind, Slot, Wish

T = TypeVar("T", bound="Carried")

# Equipment by id, with how many of each.
Things = tuple[tuple[UUID, Annotated[int, Field(ge=1, le=10_000)]], ...]

OUT_OF_DATE = "This button or form is out of date. Run the command again."
# No room seats so many; what a form holds is judged by the rooms.
MOST_PEOPLE = 1_000_000
# No booking has so many further rooms, or kinds of equipment.
MOST_MORE_ROOMS = 100


class UnreadableError(BookingError):
    """A button or form of ours that no longer means anything."""

    code = "Unreadable"


class Carried(BaseModel):
    """Something that travels through Slack and comes back."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def dump(self) -> str:
        """Return the JSON, with short names and without what is at its default."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True)

    @classmethod
    def load(cls, text: str | None) -> Self:
        """Return what `dump` gave; raise UnreadableError for anything else."""
        try:
            return cls.model_validate_json(text or "")
        except ValidationError as error:
            raise UnreadableError(OUT_OF_DATE) from error


class Draft(Carried):
    """A wish. Times are whole seconds of the Unix epoch; `invitees` are Slack user ids.

    `more_rooms` are wanted together with `room`; `things` are what comes along, with how many of each.
    """

    start: int = Field(alias="s")
    end: int = Field(alias="e")
    people: int = Field(default=1, alias="n")
    amenities: tuple[str, ...] = Field(default=(), alias="a")
    room: UUID | None = Field(default=None, alias="r")
    place: UUID | None = Field(default=None, alias="p")
    floor: str | None = Field(default=None, alias="f")
    title: str | None = Field(default=None, alias="t")
    private: bool = Field(default=False, alias="x")
    invitees: tuple[str, ...] = Field(default=(), alias="i")
    shared: bool = Field(default=False, alias="c")
    more_rooms: tuple[UUID, ...] = Field(default=(), alias="m", max_length=MOST_MORE_ROOMS)
    things: Things = Field(default=(), alias="l", max_length=MOST_MORE_ROOMS)

    @classmethod
    def of(cls, wish: Wish, invitees: tuple[str, ...] = ()) -> Self:
        """Return a wish with its invitees' Slack ids."""
        return cls(
            start=int(wish.slot.start.timestamp()),
            end=int(wish.slot.end.timestamp()),
            people=wish.attendees_count,
            amenities=tuple(sorted(wish.amenities)),
            room=wish.room_id,
            place=wish.location_id,
            floor=wish.floor,
            title=wish.title,
            private=wish.private,
            shared=wish.shared,
            invitees=invitees,
            more_rooms=wish.more_room_ids,
            things=wish.equipment,
        )

    @classmethod
    def load(cls, text: str | None) -> Self:
        """Return what `dump` gave; raise UnreadableError for anything else."""
        read = super().load(text)
        if not 1 <= read.people <= MOST_PEOPLE:
            raise UnreadableError(OUT_OF_DATE)
        return read

    @property
    def slot(self) -> Slot:
        """The time wanted; raises UnreadableError where the seconds are out of any calendar."""
        try:
            return Slot(start=datetime.fromtimestamp(self.start, UTC), end=datetime.fromtimestamp(self.end, UTC))
        except (ValueError, OverflowError, OSError) as error:
            raise UnreadableError(OUT_OF_DATE) from error

    def wish(self, invitees: tuple[UUID, ...] = ()) -> Wish:
        """Return the wish, given the invitees' own ids."""
        return Wish(
            slot=self.slot,
            attendees_count=self.people,
            amenities=frozenset(self.amenities),
            room_id=self.room,
            location_id=self.place,
            floor=self.floor,
            title=self.title,
            private=self.private,
            shared=self.shared,
            invitees=invitees,
            more_room_ids=self.more_rooms,
            equipment=self.things,
        )

    @classmethod
    def like(cls, booking: Booking) -> Self:
        """Return the wish that would make the same booking again, in the same rooms, with the same equipment."""
        wish = Wish(
            slot=booking.slot,
            attendees_count=booking.attendees_count,
            room_id=booking.room.id,
            title=booking.title,
            private=booking.private,
            shared=booking.shared,
            more_room_ids=tuple(room.id for room in booking.more_rooms),
            equipment=things_of(booking),
        )
        return cls.of(wish, tuple(a.slack_user_id for a in booking.attendees))

    def ahead_of(self, now: datetime) -> Draft:
        """Return the same wish at the same time of the next day on which it is still ahead."""
        late = int(now.timestamp()) - self.start
        days = 0 if late < 0 else late // 86_400 + 1
        return self.model_copy(update={"start": self.start + days * 86_400, "end": self.end + days * 86_400})

    def anywhere(self, place: UUID) -> Draft:
        """Return the same wish for whatever room fits at a location."""
        return self.model_copy(update={"room": None, "place": place, "more_rooms": ()})

    def alone(self) -> Draft:
        """Return the same wish with nobody invited."""
        return self.model_copy(update={"invitees": ()})

    def without(self, thing: UUID) -> Draft:
        """Return the same wish without a piece of equipment."""
        return self.model_copy(update={"things": tuple(pair for pair in self.things if pair[0] != thing)})

    def with_only(self, thing: UUID, count: int) -> Draft:
        """Return the same wish with so many of a piece of equipment."""
        return self.model_copy(update={"things": tuple((one, count if one == thing else n) for one, n in self.things)})

    def taking_all(self, offer: Alternative) -> Draft:
        """Return the same wish, with all that the room must have, in the room offered."""
        return self.taking(offer).model_copy(update={"amenities": self.amenities})

    def taking(self, offer: Alternative) -> Draft:
        """Return the same wish for the room and time that are offered instead; what is wanted beside the room stays."""
        anyway = offer.kind is OfferKind.ANYWAY
        return self.model_copy(
            update={
                "start": int(offer.slot.start.timestamp()),
                "end": int(offer.slot.end.timestamp()),
                "room": offer.room.id,
                "place": None,
                "floor": None,
                "amenities": () if anyway else self.amenities,
                "more_rooms": self.more_rooms if offer.room.id == self.room else (),
            }
        )


def things_of(booking: Booking) -> tuple[tuple[UUID, int], ...]:
    """Return what a booking borrows, by id and number."""
    return tuple(sorted((one.equipment.id, one.quantity) for one in booking.equipment))


class Target(Carried):
    """A booking at a version."""

    booking: UUID = Field(alias="b")
    version: int = Field(alias="v")

    @classmethod
    def at(cls, booking: Booking) -> Target:
        """Return the booking as it was read."""
        return Target(booking=booking.id, version=booking.version)


class Exchanging(Target):
    """A booking and, where it has several rooms, the one of them that another is to take the place of."""

    instead: UUID | None = Field(default=None, alias="i")


class Moving(Exchanging):
    """A booking, and the room and time that it is to go to; `more_rooms`, where there are any, are all the further ones."""

    room: UUID = Field(alias="r")
    start: int = Field(alias="s")
    end: int = Field(alias="e")
    more_rooms: tuple[UUID, ...] = Field(default=(), alias="m", max_length=MOST_MORE_ROOMS)

    @property
    def slot(self) -> Slot:
        """The time to go to."""
        return Draft(start=self.start, end=self.end).slot


class Waiter(Carried):
    """Somebody's place in a waiting list."""

    waiting: UUID = Field(alias="w")


class Requested(Carried):
    """What was asked of those who approve."""

    request: UUID = Field(alias="q")


class Suggested(Carried):
    """What an approver suggests instead."""

    suggestion: UUID = Field(alias="g")


class Reread(Target):
    """A booking, and the sentence that it should have been made from."""

    LONGEST: ClassVar[int] = 1000

    sentence: str = Field(alias="q", max_length=LONGEST)


class Picked(Carried):
    """One of several bookings that `/book move` may have meant, and the sentence typed.

    `instead` is the one of its rooms that the room of the sentence takes the place of.
    """

    booking: UUID = Field(alias="b")
    sentence: str = Field(alias="q", max_length=1000)
    instead: UUID | None = Field(default=None, alias="i")


class ChosenPlace(Carried):
    """The location that a person chose when asked, and the sentence that waits for it."""

    place: UUID = Field(alias="p")
    sentence: str = Field(alias="q", max_length=1000)


class RoomsPage(Carried):
    """A page of the list of rooms: where it begins, and the location that it is about."""

    offset: int = Field(default=0, ge=0, alias="o")
    place: UUID | None = Field(default=None, alias="p")


class DayOfRoom(Carried):
    """A room, and the day on its own clock that is to be shown."""

    room: UUID = Field(alias="r")
    day: date = Field(alias="d")
