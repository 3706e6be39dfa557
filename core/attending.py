"""Who may speak for a meeting's presence, and what a booking becomes when they do: pure, but for one look at the events.

Kept out: transactions (`presence`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core import bookkeeping, errors
from core.checkin import check_in_opens
from core.db import ReadSession
from core.models import Actor, Booking, Policy, Response, Status
from core.saying import clock_time, near_date


def allow(booking: Booking, by: Actor) -> None:
    """Raise NotAttending where the actor neither booked it, is invited, nor is an admin."""
    if not by.admin and not booking.attended_by(by.person_id):
        raise errors.NotAttending("You are not invited to this meeting.")


def refuse_over(booking: Booking, *, now: datetime) -> None:
    """Raise NotActive where the booking holds no room any more, or is over."""
    if not booking.holds_room:
        raise bookkeeping.not_active(booking)
    bookkeeping.refuse_past(booking, now=now)


def checked_in(booking: Booking, policy: Policy, *, now: datetime) -> Booking:
    """Return the booking with somebody there; the same where somebody was before."""
    refuse_over(booking, now=now)
    if booking.status is Status.CHECKED_IN:
        return booking
    if booking.status is Status.PENDING:
        raise errors.CheckInNotOpen("This booking is not approved yet.")
    opens = check_in_opens(booking, policy)
    if opens is None:
        raise errors.CheckInNotOpen(f"Nobody has to check in to {booking.room.name}.")
    if now < opens:
        zone = booking.location.tz
        day = near_date(opens.astimezone(zone).date(), today=now.astimezone(zone).date())
        raise errors.CheckInNotOpen(f"You can check in from {clock_time(opens, zone)} {day} on.")
    return bookkeeping.following(booking, now=now, status=Status.CHECKED_IN, checked_in_at=now)


def answered(booking: Booking, by: Actor, *, going: bool, now: datetime) -> Booking:
    """Return the booking with somebody's answer and the number of people that follows from it.

    Who cannot come is one fewer, but never fewer than are still known to come; who comes after all is one more, up to
    the room's seats. Who says "going" at first was counted already.
    """
    said = Response.GOING if going else Response.DECLINED
    own = next((a for a in booking.attendees if a.person_id == by.person_id), None)
    if own is None:
        booked = by.person_id == booking.booker.person_id
        raise errors.NotAttending(
            "You booked this meeting: cancel it if it is not to be." if booked else "You are not invited to this meeting."
        )
    if own.response is said:
        return booking
    attendees = tuple(replace(a, response=said) if a is own else a for a in booking.attendees)
    after = bookkeeping.following(booking, now=now, attendees=attendees)
    return replace(after, attendees_count=_count(booking, after, back=own.response is Response.DECLINED))


def _count(before: Booking, after: Booking, *, back: bool) -> int:
    """Return the number of people after an answer; `back` is true for somebody who had said that they cannot."""
    count, known = before.attendees_count, 1 + len(after.coming)
    if len(after.coming) < len(before.coming):
        return min(count, max(count - 1, known))
    # Whose "can't" took nobody off, since fewer were counted than invited, adds nobody either.
    if back and count >= 1 + len(before.coming):
        return max(count, min(count + 1, before.seats))
    return count


async def said_late(session: ReadSession, booking: Booking, by: Actor) -> bool:
    """Tell whether the actor has said before that they run late for this start."""
    return bool(
        await session.value(
            "SELECT EXISTS (SELECT FROM events WHERE tenant_id = $1 AND booking_id = $2 AND kind = 'late' AND actor_id = $3"
            " AND (after->>'start')::timestamptz = $4)",
            session.tenant,
            booking.id,
            by.person_id,
            booking.start,
        )
    )
