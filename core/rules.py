"""The rules that a booking must keep, as pure functions of the room's policy, the wish and the moment.

They speak first, so that a refusal is kind; whatever two requests can break at once is a constraint in the database.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core import errors
from core.errors import BookingError
from core.models import Actor, Location, Opening, Policy, Room, Slot
from core.saying import clock_time, length, near_date, people, short_date, weekday

TITLE_LENGTH = 200
_DAY = 24 * 60
# Outside of these no zone's clock can be read safely, and nobody means it.
_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


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


def of_room(
    slot: Slot,
    *,
    room: Room,
    location: Location,
    policy: Policy,
    attendees_count: int,
    actor: Actor,
    now: datetime,
) -> list[BookingError]:
    """Return every rule of the room that the booking would break, the most telling first."""
    found: list[BookingError] = []
    if actor.guest and not policy.guests_may_book:
        found.append(errors.GuestsMayNotBook(f"Guests cannot book {room.name}. Ask a colleague to book it for you."))
    if not room.active:
        found.append(errors.RoomInactive(f"{room.name} is out of use."))
    if attendees_count > room.capacity:
        found.append(errors.TooManyAttendees(f"{room.name} seats {room.capacity}; you asked for {people(attendees_count)}."))
    found += _of_length(slot, room=room, policy=policy)
    found += _of_horizon(slot, room=room, location=location, policy=policy, now=now)
    found += _of_opening(slot, room=room, zone=location.tz, policy=policy)
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


def _of_length(slot: Slot, *, room: Room, policy: Policy) -> list[BookingError]:
    minutes = slot.length / timedelta(minutes=1)
    if 0 < minutes < policy.shortest_minutes:
        return [errors.TooShort(f"{room.name} is booked for {length(policy.shortest_minutes)} at least.")]
    if minutes > policy.longest_minutes:
        return [errors.TooLong(f"{room.name} can be booked for {length(policy.longest_minutes)} at most.")]
    return []


def _of_horizon(slot: Slot, *, room: Room, location: Location, policy: Policy, now: datetime) -> list[BookingError]:
    today = now.astimezone(location.tz).date()
    last = today + timedelta(days=policy.horizon_days)
    if slot.start.astimezone(location.tz).date() <= last:
        return []
    return [
        errors.TooFarAhead(
            f"{room.name} can be booked {policy.horizon_days} days ahead, until {short_date(last, today=today)}."
        )
    ]


def _of_opening(slot: Slot, *, room: Room, zone: ZoneInfo, policy: Policy) -> list[BookingError]:
    start, end = slot.start.astimezone(zone), slot.end.astimezone(zone)
    day = start.date()
    while day <= end.date():
        begins = start.hour * 60 + start.minute if day == start.date() else 0
        ends = end.hour * 60 + end.minute if day == end.date() else _DAY
        if ends > begins and (problem := _closed(policy.opening[day.weekday()], begins, ends)):
            return [errors.OutsideOpeningHours(_closed_sentence(room, weekday(day), policy.opening[day.weekday()], problem))]
        day += timedelta(days=1)
    return []


def _closed(hours: Opening, begins: int, ends: int) -> str | None:
    if hours.opens >= hours.closes:
        return "all day"
    if begins < hours.opens:
        return f"your meeting would start at {_said(begins)}"
    if ends > hours.closes:
        return f"your meeting would end at {_said(ends)}"
    return None


def _closed_sentence(room: Room, day: str, hours: Opening, problem: str) -> str:
    if problem == "all day":
        return f"{room.name} is closed on {day}s."
    if "start" in problem:
        return f"{room.name} opens at {_said(hours.opens)} on {day}s; {problem}."
    return f"{room.name} closes at {_said(hours.closes)} on {day}s; {problem}."


def _said(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
