"""When one may check in, and when a room is given back because nobody did: pure functions of booking, rules and moment.

Kept out: who may check in (`presence`) and whether somebody was warned (`releases`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from core.models import Booking, CheckIn, Policy, Status

# How much longer a room is kept, once, after somebody said that they run late.
HOLD_OFF = timedelta(minutes=10)
# How long somebody who was warned has to come before the room is given back.
WARNING = timedelta(minutes=3)

State = Literal["off", "not_yet", "open", "done", "over"]


def check_in_opens(booking: Booking, policy: Policy) -> datetime | None:
    """Return from when on one may check in; None where nobody has to."""
    if policy.check_in is None:
        return None
    return booking.start - timedelta(minutes=policy.check_in.opens)


def check_in_state(booking: Booking, policy: Policy, now: datetime) -> State:
    """Return where the booking stands with checking in; "over" when it is past, or holds its room no more."""
    if booking.status is Status.CHECKED_IN:
        return "done" if now < booking.end else "over"
    opens = check_in_opens(booking, policy)
    if opens is None:
        return "off"
    if booking.status is Status.PENDING:
        return "not_yet" if now < booking.end else "over"
    if not booking.holds_room or now >= booking.end:
        return "over"
    return "open" if now >= opens else "not_yet"


def grace_over(booking: Booking, check_in: CheckIn) -> datetime:
    """Return when the room is due to be given back by the clock alone."""
    late = HOLD_OFF if booking.late_at else timedelta()
    return booking.start + timedelta(minutes=check_in.grace) + late


def release_at(booking: Booking, policy: Policy, *, warned_at: datetime | None = None) -> datetime | None:
    """Return when the room is given back unless somebody checks in; None where that is not asked for.

    `warned_at` is when the last warning of it went out: nobody loses a room sooner than three minutes after it.
    """
    if policy.check_in is None or booking.slot.length > timedelta(minutes=policy.check_in.longest):
        return None
    due = grace_over(booking, policy.check_in)
    return max(due, warned_at + WARNING) if warned_at else due


def made_too_late(booking: Booking, policy: Policy, *, settled_at: datetime) -> bool:
    """Tell whether it was booked, or moved to this start, too shortly before it to be released.

    `settled_at` is when the booking got the start that it has.
    """
    return policy.check_in is not None and settled_at > booking.start - timedelta(minutes=policy.check_in.notice)


def warning_pattern(booking: Booking) -> str:
    """Return how the keys of the warnings that count for the booking look, whoever is warned (SQL's LIKE)."""
    return warning_key(booking, "%")


def warning_key(booking: Booking, person: object) -> str:
    """Return the key of the warning to a person: another start needs another warning, running late needs a second."""
    late = ":late" if booking.late_at else ""
    return f"release_warning:{booking.id}:{person}:{booking.start.isoformat()}{late}"
