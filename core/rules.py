"""The rules that a booking must keep, as pure functions of the catalogue, the wish and the moment.

`in_force` is all of them for whoever asks: policy, rights, closures and holidays. They speak first, so that a refusal is
kind; whatever two requests can break at once is a constraint in the database, or judged under a lock (`limits`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core import errors, rights
from core.catalogue import Catalogue
from core.errors import BookingError
from core.models import Actor, Booking, Location, Opening, Policy, Right, Room, Slot
from core.regulations import Closure
from core.saying import clock_time, length, listed, minute_of_day, near_date, people, short_date, weekday

TITLE_LENGTH = 200
_DAY = 24 * 60
# Outside of these no zone's clock can be read safely, and nobody means it.
_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


# What the right to override passes.
OVERRIDDEN = (
    errors.RoomClosed,
    errors.Holiday,
    errors.TooShort,
    errors.TooLong,
    errors.TooShortNotice,
    errors.TooFarAhead,
    errors.OutsideOpeningHours,
    errors.BookingCutoff,
)
# Whoever books by mistake may take it back for so long, however near the start is.
SECOND_THOUGHTS = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What a rule is told of: a room by its name, or all rooms of a place where nobody named one."""

    name: str
    several: bool = False

    @property
    def opening(self) -> str:
        """The name at the beginning of a sentence."""
        return self.name[0].upper() + self.name[1:] if self.several else self.name

    def does(self, one: str, many: str) -> str:
        """Return "Apollo closes" or "Rooms in Berlin close"."""
        return f"{self.opening} {many if self.several else one}"


# What depends on when and how long, as opposed to whether at all.
_OF_TIME = (
    errors.TooShort,
    errors.TooLong,
    errors.TooShortNotice,
    errors.TooFarAhead,
    errors.OutsideOpeningHours,
    errors.BookingCutoff,
)


def check(found: list[BookingError]) -> None:
    """Raise the first of the errors, carrying the field messages of all; nothing when there is none."""
    if not found:
        return
    first = found[0]
    first.fields = {name: text for error in reversed(found) for name, text in error.fields.items()}
    raise first


def of_wish(slot: Slot, *, attendees_count: int, title: str | None) -> list[BookingError]:
    """Return what is wrong with a wish whatever the room: order of times, people, title."""
    found: list[BookingError] = []
    if slot.start < _FIRST:
        found.append(errors.StartInPast("That is long over."))
    if max(slot.start, slot.end) > _LAST:
        found.append(errors.TooFarAhead("Nobody can book that far ahead."))
    if slot.end <= slot.start:
        found.append(errors.EndBeforeStart("The meeting would end before it starts. Give an end after the start."))
    if attendees_count < 1:
        found.append(errors.InvalidAttendees("A meeting needs at least one person."))
    if title is not None and len(title) > TITLE_LENGTH:
        found.append(errors.TitleTooLong(f"A title can have up to {TITLE_LENGTH} characters; this one has {len(title)}."))
    return found


def of_start(slot: Slot, *, location: Location, now: datetime) -> list[BookingError]:
    """Return an error when the booking would begin before now; the minute under way still counts as now."""
    if slot.start >= now.replace(second=0, microsecond=0):
        return []
    day = near_date(slot.start.astimezone(location.tz).date(), today=now.astimezone(location.tz).date())
    start = clock_time(slot.start, location.tz)
    said = start if day == "today" else f"{day}, {start}"
    return [errors.StartInPast(f"{said} is over; it is {clock_time(now, location.tz)} in {location.name}.")]


def in_force(
    slot: Slot,
    *,
    room: Room,
    catalogue: Catalogue,
    attendees_count: int,
    actor: Actor,
    now: datetime,
    called: str | None = None,
    overriding: bool = True,
) -> list[BookingError]:
    """Return everything that stands against the actor's booking the room, the most telling first.

    Without `overriding`, the right to override is not used: nobody is put into a closed room who did not name it.
    `called` is as in `of_room`.
    """
    location = catalogue.place_of(room)
    found: list[BookingError] = []
    if rights.bookable_by(actor, room, catalogue) is None:
        found.append(rights.may_not_book(room, catalogue))
    found += of_room(
        slot,
        room=room,
        location=location,
        policy=catalogue.policy(room, actor.groups),
        attendees_count=attendees_count,
        actor=actor,
        now=now,
        called=called,
    )
    found += of_closures(slot, room=room, catalogue=catalogue, actor=actor, now=now, called=called)
    found += of_holidays(slot, room=room, catalogue=catalogue, actor=actor, now=now)
    if found and overriding and rights.may(actor, Right.OVERRIDE, room, catalogue):
        found = [error for error in found if not isinstance(error, OVERRIDDEN)]
    # Why a place is closed is told before how long one may be there.
    return sorted(found, key=lambda error: isinstance(error, _OF_TIME))


def of_rooms(
    slot: Slot, rooms: Sequence[Room], *, catalogue: Catalogue, attendees_count: int, actor: Actor, now: datetime
) -> list[BookingError]:
    """Return every rule of the rooms that a booking of all of them would break; they seat people together."""
    found: list[BookingError] = []
    for room in rooms:
        # What is more than one of several rooms seats is judged of all of them.
        count = attendees_count if len(rooms) == 1 else min(attendees_count, room.capacity)
        found += in_force(slot, room=room, catalogue=catalogue, attendees_count=count, actor=actor, now=now)
    seats = sum(room.capacity for room in rooms)
    if len(rooms) > 1 and attendees_count > seats:
        together = listed([room.name for room in rooms])
        found.append(errors.TooManyAttendees(f"{together} seat {seats} together; you asked for {people(attendees_count)}."))
    return found


def of_closures(
    slot: Slot, *, room: Room, catalogue: Catalogue, actor: Actor, now: datetime, called: str | None = None
) -> list[BookingError]:
    """Return an error where a closure covers some of the time and does not let the actor pass."""
    location = catalogue.place_of(room)
    for closure in catalogue.closures_of(room):
        if closure.slot.overlaps(slot) and not closure.lets_pass(actor):
            subject = Subject(name=called or room.name, several=called is not None)
            if closure.room_id is None:
                subject = Subject(name=location.name if closure.location_id else "every office")
            said = closed_when(closure, location.tz, now=now)
            why = f" ({closure.reason})" if closure.reason else ""
            named = subject.name[0].upper() + subject.name[1:]
            verb = "are" if subject.several else "is"
            return [errors.RoomClosed(f"{named} {verb} closed {said}{why}.")]
    return []


def closed_when(closure: Closure, zone: ZoneInfo, *, now: datetime) -> str:
    """Return "until Fri 27 Nov, 18:00", "on Wed 25 Nov", "from Mon 23 Nov to Thu 26 Nov" or "on Wed 25 Nov, 08:00-12:00"."""
    start, end = closure.slot.start.astimezone(zone), closure.slot.end.astimezone(zone)
    today = now.astimezone(zone).date()
    first, last = short_date(start.date(), today=today), short_date(end.date(), today=today)
    whole_days = start.time() == end.time() == time()
    last_day = short_date(end.date() - timedelta(days=1), today=today)
    if closure.slot.start <= now:
        return f"until the end of {last_day}" if whole_days else f"until {last}, {end:%H:%M}"
    if whole_days:
        return f"on {first}" if first == last_day else f"from {first} to {last_day}"
    if start.date() == end.date():
        return f"on {first}, {start:%H:%M}-{end:%H:%M}"
    return f"from {first}, {start:%H:%M} until {last}, {end:%H:%M}"


def of_holidays(slot: Slot, *, room: Room, catalogue: Catalogue, actor: Actor, now: datetime) -> list[BookingError]:
    """Return an error for the first day of the booking that is a holiday for the room."""
    if not catalogue.knows_holidays(room):
        return []
    location = catalogue.place_of(room)
    today = now.astimezone(location.tz).date()
    for day in days_of(slot, location.tz):
        if name := catalogue.holiday(location, room, day, actor.groups):
            return [errors.Holiday(f"{location.name} is closed on {short_date(day, today=today)} ({name}).")]
    return []


def days_of(slot: Slot, zone: ZoneInfo) -> Iterator[date]:
    """Give out the local days of which a slot has some; one that ends at midnight has nothing of the next."""
    day = slot.start.astimezone(zone).date()
    last = (slot.end - timedelta(microseconds=1)).astimezone(zone).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def of_cancelling(booking: Booking, *, catalogue: Catalogue, actor: Actor, now: datetime) -> list[BookingError]:
    """Return an error once the time until which a booking can be given back is over.

    Whoever manages the room or overrides its rules goes on, and so does whoever booked a moment ago.
    """
    if now - booking.created_at < SECOND_THOUGHTS:
        return []
    found: list[BookingError] = []
    for room in booking.rooms:
        notice = catalogue.policy(room, actor.groups).cancel_notice_minutes
        last = booking.start - timedelta(minutes=notice)
        if not notice or now <= last:
            continue
        if any(rights.may(actor, right, room, catalogue) for right in (Right.OVERRIDE, Right.MANAGE)):
            continue
        zone = booking.location.tz
        day = near_date(last.astimezone(zone).date(), today=now.astimezone(zone).date())
        until = clock_time(last, zone) if day == "today" else f"{day}, {clock_time(last, zone)}"
        found.append(
            errors.TooLateToCancel(f"{room.name} must be given back {length(notice)} ahead; that was until {until}.")
        )
    return found


def of_room(
    slot: Slot,
    *,
    room: Room,
    location: Location,
    policy: Policy,
    attendees_count: int,
    actor: Actor,
    now: datetime,
    called: str | None = None,
) -> list[BookingError]:
    """Return every rule of the room that the booking would break, the most telling first.

    `called` is what the rules are told of in its place, in the plural: "rooms in Berlin".
    """
    found: list[BookingError] = []
    subject = Subject(name=called or room.name, several=called is not None)
    if actor.guest and not policy.guests_may_book:
        found.append(
            errors.GuestsMayNotBook(f"Guests cannot book {subject.name}. Ask a colleague to book one for you.")
            if subject.several
            else errors.GuestsMayNotBook(f"Guests cannot book {subject.name}. Ask a colleague to book it for you.")
        )
    if not room.active:
        found.append(errors.RoomInactive(f"{room.name} is out of use."))
    if attendees_count > room.capacity:
        found.append(errors.TooManyAttendees(f"{room.name} seats {room.capacity}; you asked for {people(attendees_count)}."))
    found += _of_length(slot, subject=subject, policy=policy)
    found += _of_notice(slot, subject=subject, location=location, policy=policy, now=now)
    found += _of_horizon(slot, subject=subject, location=location, policy=policy, now=now)
    found += _of_opening(slot, subject=subject, zone=location.tz, policy=policy)
    found += of_cutoff(policy=policy, location=location, actor=actor, now=now)
    return found


def of_cutoff(*, policy: Policy, location: Location, actor: Actor, now: datetime) -> list[BookingError]:
    """Return an error from the cutoff until midnight at the location; admins may go on."""
    cutoff = policy.cutoff_from
    if cutoff is None or actor.admin or now.astimezone(location.tz).time() < cutoff:
        return []
    return [
        errors.BookingCutoff(
            f"Bookings in {location.name} close at {cutoff:%H:%M} for the day. Try again tomorrow, or ask an admin."
        )
    ]


def _of_length(slot: Slot, *, subject: Subject, policy: Policy) -> list[BookingError]:
    minutes = slot.length / timedelta(minutes=1)
    if 0 < minutes < policy.shortest_minutes:
        return [errors.TooShort(f"{subject.does('is', 'are')} booked for {length(policy.shortest_minutes)} at least.")]
    if minutes > policy.longest_minutes:
        return [errors.TooLong(f"{subject.opening} can be booked for {length(policy.longest_minutes)} at most.")]
    return []


def _of_notice(slot: Slot, *, subject: Subject, location: Location, policy: Policy, now: datetime) -> list[BookingError]:
    if not policy.notice_minutes:
        return []
    # The minute under way still counts, as it does for the start.
    earliest = now.replace(second=0, microsecond=0) + timedelta(minutes=policy.notice_minutes)
    if slot.start >= earliest:
        return []
    zone = location.tz
    day = near_date(earliest.astimezone(zone).date(), today=now.astimezone(zone).date())
    ahead = length(policy.notice_minutes)
    return [
        errors.TooShortNotice(
            f"{subject.opening} must be booked {ahead} ahead: now, that is from {day}, {clock_time(earliest, zone)} on."
        )
    ]


def _of_horizon(slot: Slot, *, subject: Subject, location: Location, policy: Policy, now: datetime) -> list[BookingError]:
    today = now.astimezone(location.tz).date()
    last = today + timedelta(days=policy.horizon_days)
    if slot.start.astimezone(location.tz).date() <= last:
        return []
    return [
        errors.TooFarAhead(
            f"{subject.opening} can be booked {policy.horizon_days} days ahead, until {short_date(last, today=today)}."
        )
    ]


def _of_opening(slot: Slot, *, subject: Subject, zone: ZoneInfo, policy: Policy) -> list[BookingError]:
    start, end = slot.start.astimezone(zone), slot.end.astimezone(zone)
    day = start.date()
    while day <= end.date():
        begins = start.hour * 60 + start.minute if day == start.date() else 0
        ends = end.hour * 60 + end.minute if day == end.date() else _DAY
        hours = policy.opening[day.weekday()]
        if ends > begins and (closed := _closed(subject, hours, begins, ends, day=day, ending=_ending(end, day))):
            return [errors.OutsideOpeningHours(closed)]
        day += timedelta(days=1)
    return []


def _ending(end: datetime, day: date) -> str:
    """Return "end at 18:30", or "go on until Tue 24 Nov, 01:00" where that is not the day looked at."""
    if end.date() == day:
        return f"end at {end:%H:%M}"
    if end == datetime.combine(day + timedelta(days=1), time(), tzinfo=end.tzinfo):
        return "end at 24:00"
    return f"go on until {short_date(end.date(), today=day)}, {end:%H:%M}"


def _closed(subject: Subject, hours: Opening, begins: int, ends: int, *, day: date, ending: str) -> str | None:
    """Return the sentence that says how the hours of a day stand in the way, if they do."""
    on = f"on {weekday(day)}s"
    if hours.opens >= hours.closes:
        return f"{subject.does('is', 'are')} closed {on}."
    opening = f"{subject.does('opens', 'open')} at {minute_of_day(hours.opens)} {on}"
    closing = f"{subject.does('closes', 'close')} at {minute_of_day(hours.closes)} {on}"
    if begins < hours.opens:
        return f"{opening}; your meeting would start at {minute_of_day(begins)}."
    if begins >= hours.closes:
        return f"{closing}; your meeting would start at {minute_of_day(begins)}."
    if ends > hours.closes:
        return f"{closing}; your meeting would {ending}."
    return None
