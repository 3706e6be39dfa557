"""The one family of errors that people cause and can mend: a code, a sentence, and the fields it is about.

Kept out: HTTP statuses and Slack block ids; the edges map codes and field names to those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from core.models import Alternative, Booking, Rival, Room, Slot

if TYPE_CHECKING:
    from core.series_values import OneSeries, Preview


class BookingError(Exception):
    """Something that cannot be done as asked.

    `message` is a sentence for the person; `fields` says what is wrong, by field name of the core; `alternatives` is
    what can be had instead. `wanted` is for the edge that asked: it notes there what its own refusal needs.
    """

    code: ClassVar[str] = "BookingError"
    field: ClassVar[str | None] = None

    def __init__(self, message: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields: Mapping[str, str] = fields or ({self.field: message} if self.field else {})
        self.alternatives: tuple[Alternative, ...] = ()
        self.wanted: object = None

    def to_dict(self) -> dict[str, Any]:
        """Return `{"error", "message", "validationErrors"}`, the last null where no field is at fault."""
        return {"error": self.code, "message": self.message, "validationErrors": dict(self.fields) or None}


class RoomNotFound(BookingError):
    """No room of that name or id."""

    code = "RoomNotFound"
    field = "room"


class LocationNotFound(BookingError):
    """No location of that name or id."""

    code = "LocationNotFound"
    field = "location"


class BookingNotFound(BookingError):
    """No booking of that id."""

    code = "BookingNotFound"


class PersonNotFound(BookingError):
    """No person of that id."""

    code = "PersonNotFound"
    field = "attendees"


class StartInPast(BookingError):
    """The booking would begin before now."""

    code = "StartInPast"
    field = "start"


class EndBeforeStart(BookingError):
    """The booking would end before it begins, or last no time at all."""

    code = "EndBeforeStart"
    field = "end"


class InvalidAttendees(BookingError):
    """Fewer than one person."""

    code = "InvalidAttendees"
    field = "attendees_count"


class TooManyAttendees(BookingError):
    """More people than the room seats."""

    code = "TooManyAttendees"
    field = "attendees_count"


class RoomInactive(BookingError):
    """The room has been taken out of use."""

    code = "RoomInactive"
    field = "room"


class OutsideOpeningHours(BookingError):
    """The room is closed for some of that time."""

    code = "OutsideOpeningHours"
    field = "start"


class TooShort(BookingError):
    """Shorter than the room may be booked for."""

    code = "TooShort"
    field = "end"


class TooLong(BookingError):
    """Longer than the room may be booked for."""

    code = "TooLong"
    field = "end"


class TooFarAhead(BookingError):
    """Beyond the booking horizon."""

    code = "TooFarAhead"
    field = "start"


class BookingCutoff(BookingError):
    """Too late in the day to book or move anything at that location."""

    code = "BookingCutoff"


class TooShortNotice(BookingError):
    """Booked less before its start than the room wants."""

    code = "TooShortNotice"
    field = "start"


class Holiday(BookingError):
    """A day on which the location is closed for a holiday."""

    code = "Holiday"
    field = "start"


class RoomClosed(BookingError):
    """A closure covers some of that time, and does not let the actor pass."""

    code = "RoomClosed"
    field = "start"


class QuotaReached(BookingError):
    """The person, or their group, has as much as a quota allows."""

    code = "QuotaReached"


class AnotherRoomThen(BookingError):
    """The person holds another room at that time, where only one at a time is allowed; `booking` is that one."""

    code = "AnotherRoomThen"
    field = "start"

    def __init__(self, message: str, *, booking: Booking) -> None:
        super().__init__(message)
        self.booking = booking


class TooLateToCancel(BookingError):
    """The time until which the booking could be given back is over."""

    code = "TooLateToCancel"


class MayNotBook(BookingError):
    """The person has no right to book that room."""

    code = "MayNotBook"
    field = "room"


class NotTogether(BookingError):
    """Rooms that cannot be in one booking, or a booking of several rooms where only one can be."""

    code = "NotTogether"
    field = "room"


class WhichRoom(BookingError):
    """Another room is wanted for a booking of several (`rooms`), and it was not said which of them it replaces."""

    code = "WhichRoom"
    field = "room"

    def __init__(self, rooms: Sequence[Room], wanted: Room) -> None:
        names = " or ".join([", ".join(room.name for room in rooms[:-1]), rooms[-1].name])
        super().__init__(f"Which room is {wanted.name} to take the place of: {names}?")
        self.rooms = tuple(rooms)
        self.room = wanted


class EquipmentTaken(BookingError):
    """There are not as many of a piece of equipment left at that time; `name` is what there is too little of."""

    code = "EquipmentTaken"
    field = "equipment"

    def __init__(self, message: str, *, name: str | None = None) -> None:
        super().__init__(message)
        self.name = name


class EquipmentNotFound(BookingError):
    """No equipment of that name or id at the location."""

    code = "EquipmentNotFound"
    field = "equipment"


class SeriesNotFound(BookingError):
    """No series of that id."""

    code = "SeriesNotFound"


class InvalidSeries(BookingError):
    """A rule that cannot be meant, or that gives no dates or too many."""

    code = "InvalidSeries"
    field = "rule"


class SeriesClash(BookingError):
    """Dates of a series cannot be booked as wanted, and nobody has chosen what becomes of them; `preview` says which."""

    code = "SeriesClash"
    field = "rule"

    def __init__(self, message: str, *, preview: Preview) -> None:
        super().__init__(message)
        self.preview = preview


class StaleSeries(BookingError):
    """Somebody changed the series meanwhile; `series` is how it stands now, changed by whom and when."""

    code = "StaleSeries"

    def __init__(self, message: str, *, series: OneSeries, by_slack_user_id: str | None, at: datetime) -> None:
        super().__init__(message)
        self.series = series
        self.by_slack_user_id = by_slack_user_id
        self.at = at


class SeriesNotActive(BookingError):
    """The series is cancelled or over; nothing of it can be changed."""

    code = "SeriesNotActive"


class NotWaiting(BookingError):
    """Nobody is asked to decide about this booking any more; the message says how it was decided.

    `booking_id` is set where there is a booking about which somebody was asked.
    """

    code = "NotWaiting"

    def __init__(self, message: str, *, booking_id: UUID | None = None) -> None:
        super().__init__(message)
        self.booking_id = booking_id


class RequestNotFound(NotWaiting):
    """No request for approval of that id."""

    code = "RequestNotFound"


class TitleTooLong(BookingError):
    """A title of more than 200 characters."""

    code = "TitleTooLong"
    field = "title"


class NotAllowed(BookingError):
    """The actor may not change this booking."""

    code = "NotAllowed"


class GuestsMayNotBook(BookingError):
    """Guests may not book there."""

    code = "GuestsMayNotBook"


class NotActive(BookingError):
    """The booking is over, cancelled or otherwise beyond this change."""

    code = "BookingNotActive"

    def __init__(self, message: str, *, booking: Booking) -> None:
        super().__init__(message)
        self.booking = booking


class NotAttending(BookingError):
    """The actor neither booked it nor is invited."""

    code = "NotAttending"


class CheckInNotOpen(BookingError):
    """Nobody can check in to that booking yet, or nobody has to."""

    code = "CheckInNotOpen"


class NothingToExtend(BookingError):
    """The new end is not after the old one."""

    code = "NothingToExtend"
    field = "end"


class NothingToUndo(BookingError):
    """The change is no longer the last one, or can no longer be taken back."""

    code = "NothingToUndo"


class ChangeNotFound(NothingToUndo):
    """No change of that id."""

    code = "ChangeNotFound"


class StaleBooking(BookingError):
    """Somebody changed the booking meanwhile; `booking` is how it stands now."""

    code = "StaleBooking"

    def __init__(self, message: str, *, booking: Booking) -> None:
        super().__init__(message)
        self.booking = booking


class SlotTaken(BookingError):
    """Somebody holds the room for some of that time. `rivals` are as far as the asker may see them."""

    code = "SlotTaken"
    field = "start"

    def __init__(
        self,
        message: str,
        *,
        room: Room,
        slot: Slot,
        rivals: tuple[Rival, ...] = (),
        alternatives: tuple[Alternative, ...] = (),
    ) -> None:
        super().__init__(message)
        self.room = room
        self.slot = slot
        self.rivals = rivals
        self.alternatives = alternatives


class LacksAmenities(BookingError):
    """The room that was named lacks something that was asked for."""

    code = "LacksAmenities"
    field = "amenities"

    def __init__(self, message: str, *, slot: Slot, alternatives: tuple[Alternative, ...] = ()) -> None:
        super().__init__(message)
        self.slot = slot
        self.alternatives = alternatives


class NothingFits(BookingError):
    """No room does what was asked; the message says what stands in the way."""

    code = "NothingFits"
    field = "room"

    def __init__(self, message: str, *, slot: Slot, alternatives: tuple[Alternative, ...] = ()) -> None:
        super().__init__(message)
        self.slot = slot
        self.alternatives = alternatives


class AlreadyFree(BookingError):
    """Nobody need wait: `alternative` is free now, for the whole time."""

    code = "AlreadyFree"

    def __init__(self, message: str, *, alternative: Alternative) -> None:
        super().__init__(message)
        self.alternative = alternative
        self.alternatives = (alternative,)


class WaitingNotFound(BookingError):
    """No place in line of that id."""

    code = "WaitingNotFound"


class OfferGone(BookingError):
    """Nothing is held for the person, or its time is over."""

    code = "OfferGone"


class ProposalNotFound(OfferGone):
    """No proposal of that id."""

    code = "ProposalNotFound"


# What another room or another time would mend: refusals that come with alternatives.
MENDED_ELSEWHERE = (
    OutsideOpeningHours,
    TooManyAttendees,
    TooShort,
    TooLong,
    TooFarAhead,
    RoomInactive,
    RoomClosed,
    Holiday,
    TooShortNotice,
    MayNotBook,
)


class KeyReused(BookingError):
    """The same request key came with another content."""

    code = "RequestKeyReused"


class Busy(BookingError):
    """The database let us wait too long; nothing was changed, and trying again is right."""

    code = "Busy"


class WorkspaceMoving(Busy):
    """The workspace is carried to another database at this moment: everything can be read, nothing changed."""

    code = "WorkspaceMoving"


class Unavailable(BookingError):
    """The database could not be reached; whether the change was made is not known unless a request key was given."""

    code = "Unavailable"


class InvalidImport(BookingError):
    """A file that cannot be imported; `lines` tells what is wrong by line number."""

    code = "InvalidImport"

    def __init__(self, message: str, *, lines: tuple[tuple[int, str], ...]) -> None:
        said: dict[str, str] = {}
        for number, text in lines:
            name = f"line {number}"
            said[name] = f"{said[name]} {text}" if name in said else text
        super().__init__(message, fields=said)
        self.lines = lines


class InvalidPolicy(BookingError):
    """Rules that cannot be meant; `fields` names the rule."""

    code = "InvalidPolicy"


class InvalidSetting(BookingError):
    """Something that an admin set and that cannot be meant; `fields` names what."""

    code = "InvalidSetting"


class StalePlace(BookingError):
    """Somebody else changed the room, location or equipment meanwhile; nothing was saved."""

    code = "StalePlace"


class StillUsed(BookingError):
    """Something that cannot be removed or changed while it is used; the message says by what."""

    code = "StillUsed"


class InvalidPreferences(BookingError):
    """Settings that cannot be meant; `fields` names the setting."""

    code = "InvalidPreferences"


class InvalidSubscription(BookingError):
    """A channel's subscription that cannot be meant; `fields` names what."""

    code = "InvalidSubscription"


class TokenNotFound(BookingError):
    """No token of that id."""

    code = "TokenNotFound"


class CalendarNotFound(BookingError):
    """No calendar of that id, or its address was revoked."""

    code = "CalendarNotFound"


class WebhookNotFound(BookingError):
    """No webhook of that id, or it has been removed."""

    code = "WebhookNotFound"


class WebhookDeliveryNotFound(BookingError):
    """A webhook has sent nothing of that id, or it is no longer kept."""

    code = "WebhookDeliveryNotFound"


class InvalidWebhook(BookingError):
    """A webhook that cannot be: its address, what it is to hear of, its secret."""

    code = "InvalidWebhook"


class StaleWebhook(BookingError):
    """Somebody changed the webhook after it was shown."""

    code = "StaleWebhook"


class WebhookPaused(BookingError):
    """Nothing is sent while a webhook is paused."""

    code = "WebhookPaused"


class SubscriptionNotFound(BookingError):
    """No subscription of that id."""

    code = "SubscriptionNotFound"


class SchemaMismatch(BookingError):
    """The database's schema is not the one that this version needs."""

    code = "SchemaMismatch"
