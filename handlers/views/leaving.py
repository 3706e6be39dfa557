"""Messages about cancelling many bookings at once: what it would be, what it was, and that it is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import ButtonElement, ConfirmObject, PlainTextObject

from core import saying
from core.errors import BookingError
from core.leaving import Left, Part
from core.models import Booking, Changed
from handlers.drafts import Carried
from handlers.ids import Action
from handlers.replies import Message
from handlers.sentence import Away
from handlers.sentence.words import WEEKDAY_NAMES
from handlers.views import buttons, rhythm
from handlers.views.held import rooms_of
from handlers.views.series import named_dates
from handlers.views.series_words import day_of, rhythm_of, told
from handlers.views.text import Line, bold, cut, quoted
from handlers.views.times import Reader, dated

MOST_LISTED = 12
MOST_REASONS = 4
TITLE = 60


def which(parts: Sequence[Part], away: Away, reader: Reader, *, value: Carried, left: int) -> Message:
    """Return what would be cancelled, and the button that does it; `left` are those that no button has room for."""
    count = sum(len(one.bookings) for one in parts)
    what = _many(count) if count else "dates that are still to be booked"
    lines: list[Line] = [
        ["Cancel ", bold(what), _when(away, reader), "?"],
        *(_entry(one, reader) for one in parts[:MOST_LISTED]),
    ]
    if len(parts) > MOST_LISTED:
        lines.append([f"and {sum(len(one.bookings) for one in parts[MOST_LISTED:])} more"])
    notes = ["What others booked stays as it is."]
    if left:
        notes.append(f"More than fit here: {left} more are left. Cancel these first, then ask again.")
    label = f"Cancel {what}" if count else "Leave them out"
    return told(lines, [_keep(), _give_back(label, parts, value)], notes)


def _keep() -> ButtonElement | None:
    return buttons.button("Keep them", Action.KEEP)


def _give_back(label: str, parts: Sequence[Part], value: Carried) -> ButtonElement | None:
    bookings = [booking for one in parts for booking in one.bookings]
    confirm = ConfirmObject(
        title=PlainTextObject(text=cut(f"{label}?", 100)),
        text=PlainTextObject(text=cut(_what_is_lost(bookings), 300)),
        confirm=PlainTextObject(text=label if len(label) <= 30 else "Cancel them"),
        deny=PlainTextObject(text="Keep them"),
        style="danger",
    )
    return buttons.button(label, Action.LEAVE, value, style="danger", confirm=confirm)


def _what_is_lost(bookings: Sequence[Booking]) -> str:
    if not bookings:
        return "Nothing is booked on those days when their time comes."
    rooms = list(dict.fromkeys(cut(one.room.name, 40) for one in bookings))
    named = saying.listed(rooms) if len(rooms) <= 3 else f"{len(rooms)} rooms"
    verb = "is" if len(rooms) == 1 else "are"
    people = len({a.person_id for one in bookings for a in one.attendees})
    invited = f" {saying.people(people)} {'is' if people == 1 else 'are'} invited." if people else ""
    return f"{named} {verb} given back and others can book {'it' if len(rooms) == 1 else 'them'}.{invited}"


def _many(count: int) -> str:
    return "1 booking" if count == 1 else f"{count} bookings"


def _entry(part: Part, reader: Reader) -> Line:
    """Return "• Tue 22 Dec, 10:00-11:00: Apollo ("Review")", or what goes of a series."""
    series = part.series
    if series is None:
        booking = part.bookings[0]
        title: Line = [" (", quoted(cut(booking.title, TITLE)), ")"] if booking.title else []
        return ["• ", f"{dated(booking.slot, booking.location, reader)}: ", bold(rooms_of(booking)), *title]
    name: Line = [" (", quoted(cut(series.title, TITLE)), ")"] if series.title else []
    days = [*(day_of(one, one.location) for one in part.bookings), *part.coming]
    all_of_it = "all " if part.piece.days is None else ""
    listed = "" if part.piece.days is None and len(days) > 1 else f": {named_dates(days, series.location, reader)}"
    head = f"↻ {rhythm_of(series)}, "
    return ["• ", head, bold(cut(series.room.name, TITLE)), *name, f", {all_of_it}{rhythm.dates(len(days))}{listed}"]


def _when(away: Away, reader: Reader) -> str:
    """Return " Sun 20 Dec to Thu 31 Dec", as far as days were named."""
    today = _today(reader)
    said = []
    for one in away.stretches[:4]:
        first, last = (saying.short_date(day, today=today) for day in (one.first, one.last))
        said.append(first if one.first == one.last else f"{first} to {last}")
    more = len(away.stretches) - 4
    days = saying.listed(said) + (f" and {more} more days" if more > 0 else "")
    on = saying.listed(f"{WEEKDAY_NAMES[day]}s" for day in sorted(away.weekdays))
    return ", ".join(
        f" {part}" if not number else part for number, part in enumerate(p for p in (f"on {on}" if on else "", days) if p)
    )


def _today(reader: Reader) -> date:
    return reader.now.astimezone(ZoneInfo(reader.person.zone)).date()


def nothing(away: Away, reader: Reader, *, others: bool) -> Message:
    """Return that nothing of one's own is there to be cancelled; `others` says that there is, but not what was named."""
    rooms = saying.listed(cut(one.name, 40) for one in away.rooms[:3])
    where = f" in {rooms}" if rooms else ""
    which_of = "of your own " if not others else ""
    line: Line = [f"You have no bookings {which_of}ahead{where}{_when(away, reader)}. Nothing is cancelled."]
    return told([line], [buttons.run("My bookings", "mine")])


def given_back(done: Left, reader: Reader, *, undo: Carried | None) -> Message:
    """Return what was cancelled, with Undo, and what stays."""
    count = len(done.changed)
    head: Line = ["❌ ", bold(_many(count)), f" {'is' if count == 1 else 'are'} cancelled", _span(done.changed, reader), "."]
    if not count:
        head = ["Those days are left out." if done.undoable else "Nothing was cancelled."]
    back = buttons.button("Undo", Action.UNDO_LEAVING, undo) if undo else None
    return told([head, *_stays(done.kept)], [back, buttons.run("My bookings", "mine")])


def taken_back(done: Left, reader: Reader) -> Message:
    """Return that the bookings are there again, as far as they could be."""
    count = len(done.changed)
    head: Line = ["✅ ", bold(_many(count)), f" {'is' if count == 1 else 'are'} back", _span(done.changed, reader), "."]
    if not count:
        head = ["Nothing could be taken back." if done.kept else "That is taken back."]
    return told([head, *_stays(done.kept)], [buttons.run("My bookings", "mine")])


def _span(changed: Sequence[Changed], reader: Reader) -> str:
    bookings = sorted((one.after for one in changed), key=lambda one: one.start)
    if not bookings:
        return ""
    if len(bookings) == 1:
        return f": {rooms_of(bookings[0])}, {dated(bookings[0].slot, bookings[0].location, reader)}"
    today = _today(reader)
    first, last = (saying.short_date(day_of(one, one.location), today=today) for one in (bookings[0], bookings[-1]))
    return f", {first} to {last}" if first != last else f", {first}"


def _stays(kept: Sequence[BookingError]) -> list[Line]:
    reasons = list(dict.fromkeys(error.message for error in kept))
    lines: list[Line] = [
        [f"{_many(len(kept))} {'stays' if len(kept) == 1 else 'stay'} as {'it is' if len(kept) == 1 else 'they are'}:"]
    ]
    return [*lines, *(["• ", one] for one in reasons[:MOST_REASONS])] if kept else []
