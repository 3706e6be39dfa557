"""Bookings, rooms and people as an answer tells them, as far as the asker may see them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from core import rights
from core.catalogue import Catalogue
from core.models import Actor, Alternative, Attendee, Booking, Right, Room, Status
from core.search import hidden
from handlers.api.values import Out


class PersonOut(Out):
    """Somebody who books or comes."""

    person_id: UUID
    name: str
    slack_user_id: str

    @classmethod
    def of(cls, attendee: Attendee) -> PersonOut:
        """Return somebody as they are told."""
        return cls(person_id=attendee.person_id, name=attendee.name, slack_user_id=attendee.slack_user_id)


class AttendeeOut(PersonOut):
    """Somebody who is invited. `response` is null until they say whether they come."""

    co_organiser: bool
    response: str | None

    @classmethod
    def of(cls, attendee: Attendee) -> AttendeeOut:
        """Return somebody invited as they are told."""
        return cls(
            person_id=attendee.person_id,
            name=attendee.name,
            slack_user_id=attendee.slack_user_id,
            co_organiser=attendee.co_organiser,
            response=attendee.response.value if attendee.response else None,
        )


class BorrowedOut(Out):
    """So many of a piece of equipment."""

    equipment_id: UUID
    name: str
    quantity: int


class BookingOut(Out):
    """A booking. Of a private one, who may not see more is told its rooms and time alone: title and people are null.

    `start` and `end` are in UTC; `timeZone` is the clock of its location.
    """

    id: UUID
    version: int
    status: Status
    room_id: UUID
    room_name: str
    more_room_ids: list[UUID]
    location_id: UUID
    time_zone: str
    start: datetime
    end: datetime
    private: bool
    title: str | None
    booker: PersonOut | None
    attendees: list[AttendeeOut]
    attendees_count: int | None
    equipment: list[BorrowedOut]
    series_id: UUID | None
    series_on: date | None
    late_at: datetime | None
    checked_in_at: datetime | None
    cancel_reason: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, booking: Booking, *, by: Actor, catalogue: Catalogue) -> BookingOut:
        """Return a booking as somebody may see it."""
        booking = hidden(booking, catalogue)
        return cls.told(booking, seen=may_see(booking, by, catalogue))

    @classmethod
    def told(cls, booking: Booking, *, seen: bool) -> BookingOut:
        """Return a booking that is `hidden` already where it is to be, whole where it may be `seen`."""
        return cls(
            id=booking.id,
            version=booking.version,
            status=booking.status,
            room_id=booking.room.id,
            room_name=booking.room.name,
            more_room_ids=[room.id for room in booking.more_rooms],
            location_id=booking.location.id,
            time_zone=booking.location.zone,
            start=booking.start,
            end=booking.end,
            private=booking.private,
            title=booking.title if seen else None,
            booker=PersonOut.of(booking.booker) if seen else None,
            attendees=[AttendeeOut.of(one) for one in booking.attendees] if seen else [],
            attendees_count=booking.attendees_count if seen else None,
            equipment=[
                BorrowedOut(equipment_id=one.equipment.id, name=one.equipment.name, quantity=one.quantity)
                for one in booking.equipment
            ]
            if seen
            else [],
            series_id=booking.series_id if seen else None,
            series_on=booking.series_on if seen else None,
            late_at=booking.late_at if seen else None,
            checked_in_at=booking.checked_in_at if seen else None,
            cancel_reason=booking.cancel_reason if seen else None,
            created_at=booking.created_at,
            updated_at=booking.updated_at,
        )


def may_see(booking: Booking, by: Actor, catalogue: Catalogue) -> bool:
    """Tell whether somebody may see title and people of a booking that is `hidden` already where it is to be."""
    return booking.details_for(by) or all(rights.may(by, Right.MANAGE, room, catalogue) for room in booking.rooms)


class RoomOut(Out):
    """A room. `bookable` says whether the asker may book it, `asks` whether somebody has to agree first."""

    id: UUID
    version: int
    name: str
    location_id: UUID
    location_name: str
    time_zone: str
    capacity: int
    floor: str | None
    amenities: list[str]
    setup_minutes: int
    teardown_minutes: int
    active: bool
    part_ids: list[UUID]
    photo: str | None
    bookable: bool
    asks: bool

    @classmethod
    def of(cls, room: Room, *, by: Actor, catalogue: Catalogue) -> RoomOut:
        """Return a room as somebody sees it."""
        place = catalogue.place_of(room)
        right = rights.bookable_by(by, room, catalogue)
        return cls(
            id=room.id,
            version=room.version,
            name=room.name,
            location_id=place.id,
            location_name=place.name,
            time_zone=place.zone,
            capacity=room.capacity,
            floor=room.floor,
            amenities=sorted(room.amenities),
            setup_minutes=room.setup_minutes,
            teardown_minutes=room.teardown_minutes,
            active=room.active and place.active,
            part_ids=sorted(room.parts),
            photo=room.photo,
            bookable=room.active and place.active and right is not None,
            asks=right is Right.REQUEST or catalogue.policy(room, by.groups).approval,
        )


class AlternativeOut(Out):
    """What is free and allowed instead. `kind`: another room, another time, or a bit shorter."""

    kind: str
    room_id: UUID
    room_name: str
    more_room_ids: list[UUID]
    start: datetime
    end: datetime

    @classmethod
    def of(cls, one: Alternative) -> AlternativeOut:
        """Return an alternative as it is told."""
        return cls(
            kind=one.kind.value,
            room_id=one.room.id,
            room_name=one.room.name,
            more_room_ids=[room.id for room in one.more_rooms],
            start=one.slot.start,
            end=one.slot.end,
        )
