"""What stands where a button was that said something about a meeting near or under way: what is so now, what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from slack_sdk.models.blocks import ButtonElement

from core import saying
from core.models import Booking
from handlers.replies import Message
from handlers.views import buttons
from handlers.views.bookings import TITLE_SHOWN
from handlers.views.cards import over
from handlers.views.held import rooms_of, verb
from handlers.views.notices import rooms_named, stay_away, told
from handlers.views.text import Line, bold, cut, mention
from handlers.views.times import Reader, dated, moment


def checked_in(booking: Booking, reader: Reader) -> Message:
    """Return that somebody is there, and until when the room is theirs."""
    until = moment(booking.end, booking.location, reader)
    line: Line = [
        "✅ Checked in",
        *_to(booking),
        ": ",
        *rooms_named(booking),
        f" {verb(booking)} yours until ",
        bold(until),
        ".",
    ]
    return told(line, row=_under_way(booking, reader))


def answered(booking: Booking, reader: Reader, *, going: bool) -> Message:
    """Return what somebody invited has just said, for above a list that shows the meeting itself."""
    title = cut(booking.title, TITLE_SHOWN) if booking.title else ""
    what: Line = [bold(title)] if title else [mention(booking.booker.slack_user_id), "'s meeting"]
    when = f", {dated(booking.slot, booking.location, reader)}."
    return told(["✅ You are going to " if going else "❌ You cannot come to ", *what, when])


def running_late(booking: Booking, reader: Reader, *, kept_until: datetime | None, check_in: bool) -> Message:
    """Return that the others are told; `kept_until` is when the room is released now, where it would be at all."""
    others = len(booking.coming) + (0 if booking.booker.person_id == reader.person.id else 1)
    others -= sum(1 for one in booking.coming if one.person_id == reader.person.id)
    hears = f"{saying.people(others)} {'is' if others == 1 else 'are'} told" if others else "nobody else is invited"
    line: Line = ["⏰ You run late", *_for(booking), f": {hears}."]
    kept: Line = []
    if kept_until is not None:
        at = moment(kept_until, booking.location, reader)
        kept = [bold(rooms_of(booking)), f" {verb(booking)} kept until ", bold(at), " without a check-in."]
    return told(line, kept, row=[*([buttons.check_in(booking)] if check_in else []), stay_away(booking, reader)])


def extended(booking: Booking, reader: Reader) -> Message:
    """Return until when the room is theirs now."""
    until = moment(booking.end, booking.location, reader)
    line: Line = ["✏️ ", *rooms_named(booking), f" {verb(booking)} yours until ", bold(until), *_for(booking), "."]
    return told(line, row=[buttons.undo(booking), *_under_way(booking, reader)])


def ended_early(booking: Booking, reader: Reader) -> Message:
    """Return that the rest of the time was given back."""
    at, until = (moment(one, booking.location, reader) for one in (booking.updated_at, booking.end))
    what: Line = [bold(cut(booking.title, TITLE_SHOWN)), f" ended at {at}. "] if booking.title else [f"Ended at {at}. "]
    line: Line = ["🔓 ", *what, *rooms_named(booking), f" {verb(booking)} free for others until {until}."]
    return told(line, row=[buttons.undo(booking)] if booking.end > reader.now else [])


def taken_back(booking: Booking, reader: Reader) -> Message:
    """Return that the room is theirs again."""
    until = moment(booking.end, booking.location, reader)
    line: Line = [
        "✅ ",
        *rooms_named(booking),
        f" {verb(booking)} yours again until ",
        bold(until),
        ", and you are checked in.",
    ]
    return told(line, row=_under_way(booking, reader))


def _under_way(booking: Booking, reader: Reader) -> Sequence[ButtonElement | None]:
    if over(booking, reader.now) or not booking.changeable_by(reader.person.acting()):
        return []
    return [buttons.stop(booking, reader)]


def _to(booking: Booking) -> Line:
    return [" to ", bold(cut(booking.title, TITLE_SHOWN))] if booking.title else []


def _for(booking: Booking) -> Line:
    return [" for ", bold(cut(booking.title, TITLE_SHOWN))] if booking.title else []
