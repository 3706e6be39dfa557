"""The day in one message: a person's meetings, and what a channel wants to hear of once a day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from core import saying
from core.models import Booking, Response
from core.notices import Happened
from handlers.replies import Message
from handlers.views import buttons
from handlers.views.bookings import TITLE_SHOWN
from handlers.views.cards import ROOM_SHOWN, history_line, named
from handlers.views.held import rooms_of
from handlers.views.text import Line, bold, cut, joined, mention, rich, spoken
from handlers.views.times import Reader, lasting, own_clock

# Of what Slack shows of a message's fallback, and what somebody reads over a coffee.
LONGEST = 3000


def of_person(bookings: Sequence[Booking], day: date, reader: Reader) -> Message | None:
    """Return somebody's meetings of a day; None where there is none."""
    if not bookings:
        return None
    meetings = "1 meeting" if len(bookings) == 1 else f"{len(bookings)} meetings"
    heading = f"☀️ Your day, {_heading(day, reader)}: {meetings}"
    lines = fitting([bold(heading)], [_own(booking, reader) for booking in bookings])
    return Message(text=spoken(*lines), blocks=[rich(*lines), *buttons.rows([buttons.run("My bookings", "mine")])])


def of_channel(
    bookings: Sequence[Booking],
    happened: Sequence[Happened],
    day: date,
    reader: Reader,
    *,
    scope: str,
    who: Callable[[Happened], str | None],
) -> Message | None:
    """Return what is booked on a day where the channel listens, then what happened since the last such message.

    `scope` says where, "Apollo" or "New York"; `who` names who did something. None where there is nothing to tell.
    """
    news = [line for one in happened if (line := _news(one, reader, who(one)))]
    if not bookings and not news:
        return None
    place = f" in {cut(scope, ROOM_SHOWN)}" if scope else ""
    heading = f"☀️ {_heading(day, reader)}{place}: {_booked(len(bookings))}"
    several_rooms = len({room.id for booking in bookings for room in booking.rooms}) > 1
    entries = [_of_all(booking, reader, room=several_rooms or not scope) for booking in bookings]
    lines = fitting([bold(heading)], entries, longest=LONGEST * 2 // 3 if news else LONGEST)
    if news:
        left = LONGEST - len(spoken(*lines))
        lines += [[""], *fitting([bold("What changed")], news, longest=left)]
    return Message(text=spoken(*lines), blocks=[rich(*lines)])


def fitting(heading: Line, entries: Iterable[Line], *, longest: int = LONGEST) -> list[Line]:
    """Return heading and entries as long as there is room for them, and how many more there would be."""
    entries = list(entries)
    lines, length = [heading], len(spoken(heading))
    for number, entry in enumerate(entries):
        length += len(spoken(entry)) + 1
        # The last line needs room too.
        if length > longest - 20:
            return [*lines, [f"and {len(entries) - number} more"]]
        lines.append(entry)
    return lines


def _heading(day: date, reader: Reader) -> str:
    return saying.short_date(day, today=reader.now.date())


def _booked(count: int) -> str:
    if not count:
        return "nothing booked"
    return "1 booking" if count == 1 else f"{count} bookings"


def _own(booking: Booking, reader: Reader) -> Line:
    """Return "14:00-15:30 (New York; 20:00-21:30 for you) · Design review · Apollo · with @ana"."""
    notes = [booking.location.name] if reader.several_places else []
    notes += [f"{own} for you"] if (own := own_clock(booking.slot, booking.location, reader)) else []
    where = f" ({'; '.join(notes)})" if notes else ""
    mine = next((one for one in booking.attendees if one.person_id == reader.person.id), None)
    parts: list[Line] = [
        [bold(saying.hours(booking.slot, booking.location.tz)), where],
        [cut(booking.title, TITLE_SHOWN)] if booking.title else [],
        [rooms_of(booking)],
        ["booked by ", mention(booking.booker.slack_user_id)] if mine else [],
        ["not answered yet"] if mine and mine.response is None else [],
        ["you cannot come"] if mine and mine.response is Response.DECLINED else [],
    ]
    return joined(parts, " · ")


def _of_all(booking: Booking, reader: Reader, *, room: bool) -> Line:
    where = f" ({booking.location.name})" if reader.several_places else ""
    parts: list[Line] = [
        [bold(saying.hours(booking.slot, booking.location.tz)), where],
        [rooms_of(booking)] if room else [],
    ]
    if booking.private:
        parts.append(["Busy"])
    else:
        parts += [[cut(booking.title, TITLE_SHOWN)] if booking.title else [], [named(booking.booker.name)]]
    return joined(parts, " · ")


def _news(happened: Happened, reader: Reader, who: str | None) -> Line:
    """Return "Design review · Apollo · Wed 25 Nov, 14:00-15:30 · @ana cancelled it."; a time that moved is told once."""
    told = history_line(happened, happened.after, reader, who=who)
    if not told:
        return []
    before, after = happened.changed.before, happened.after
    private = before.private or after.private
    title = "Busy" if private else before.title
    parts: list[Line] = [[cut(title, TITLE_SHOWN)] if title else [], [rooms_of(before)]]
    parts += [[lasting(before.slot, before.location, reader)]] if before.slot == after.slot else []
    return joined([*parts, told], " · ")
