"""Messages about series: that one is booked, how much of it is meant, what was done to it, which there are.

Of hundreds of dates a few are named and the others counted; every list has its own pages in a modal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from slack_sdk.models.blocks import Block, ButtonElement

from core import saying
from core.models import Booking, Location, Room, Status
from core.series_values import (
    Booked,
    Occurrence,
    OneSeries,
    Scope,
    SeriesChanged,
    SeriesStatus,
    SeriesSummary,
    Verdict,
)
from handlers.drafts import Target
from handlers.ids import Action
from handlers.replies import Message
from handlers.series_drafts import (
    Operation,
    PartOfSeries,
    SeriesAt,
    SeriesChanging,
    SeriesTarget,
)
from handlers.views import buttons, held, rhythm
from handlers.views.bookings import TITLE_SHOWN, named_people, waiting_until
from handlers.views.held import coming, facts_of
from handlers.views.series_words import (
    ROOM_SHOWN,
    confirm_giving_back,
    day_of,
    rhythm_of,
    today_at,
    told,
)
from handlers.views.text import Line, bold, cut, grey, joined, mention, quoted, rich, spoken
from handlers.views.times import Reader, lasting, own_clock

# More would push the buttons out of sight; all are in the modal.
MOST_CLASHES = 8
MOST_NAMED_DATES = 6
MOST_SERIES = 10
MOST_ROOMS = 4

# -- what was done -----------------------------------------------------------------------------------------------------


def booked(made: Booked, reader: Reader, *, renewed: bool = False) -> Message:
    """Return "✅ Apollo is yours every Tuesday, 10:00-10:30: 8 dates, Tue 1 Dec to Tue 19 Jan", and what differs."""
    series = made.series
    lines: list[Line] = [
        renewed_line(made, reader) if renewed else _booked_line(made, reader),
        [facts_of((series.room, *series.more_rooms))],
        about(series, made.bookings[0] if made.bookings else None, reader),
        in_other_rooms(made.bookings, series, reader),
        _at_other_times(made.bookings, series, reader),
        _left_out(made.gaps, series.location, reader),
    ]
    notes = [_later(made.beyond)] if made.beyond or made.beyond is None else []
    row = [*_of_series(series, len(made.bookings)), _undo(made.operation_id)]
    row += [] if renewed else [_cancel_whole(series, len(made.bookings))]
    return told(lines, row, notes)


def _booked_line(made: Booked, reader: Reader) -> Line:
    series, pending = made.series, [one for one in made.bookings if one.status is Status.PENDING]
    own = series.booker.slack_user_id == reader.person.slack_user_id
    verb = "held for you" if pending else "yours"
    until = f", {waiting_until(pending[0], reader)}" if pending else ""
    return [
        "⏳ " if pending else "✅ ",
        bold(held.named(rooms_of(series))),
        f" {'are' if series.more_rooms else 'is'} {verb if own else 'booked'} ",
        bold(rhythm_of(series)),
        f"{_at(series, made.bookings, reader)}: ",
        f"{_span(made.bookings, series.location, reader)}{until}",
    ]


def renewed_line(made: Booked, reader: Reader) -> Line:
    """Return "✅ Standup goes on every Tuesday, 10:00-10:30: 8 dates, Tue 26 Jan to Tue 16 Mar"."""
    span = _span(made.bookings, made.series.location, reader)
    return ["✅ ", bold(_name(made.series)), f" goes on {rhythm_of(made.series)}: {span}"]


def about(series: OneSeries, sample: Booking | None, reader: Reader) -> Line:
    """Return title, people, equipment and privacy of a series, as far as there are any; `sample` is one of its dates."""
    parts: list[Line] = [[quoted(cut(series.title, TITLE_SHOWN))]] if series.title else []
    if sample is not None:
        others = [one.slack_user_id for one in sample.attendees if one.person_id != reader.person.id]
        parts += [["with ", *named_people(others)]] if others else []
    # What a date borrows is said rather than what all were to have: it may have been changed by itself.
    along = held.borrowed(sample.equipment) if sample is not None else coming(series.equipment)
    parts += [[along]] if along else []
    parts += [["private"]] if series.private else []
    return joined(parts, " · ")


def _span(bookings: Sequence[Booking], location: Location, reader: Reader) -> str:
    if not bookings:
        return "no date"
    today = today_at(location, reader)
    first, last = (day_of(one, location) for one in (bookings[0], bookings[-1]))
    if len(bookings) == 1:
        return f"1 date, {saying.short_date(first, today=today)}"
    return (
        f"{rhythm.dates(len(bookings))}, {saying.short_date(first, today=today)} to {saying.short_date(last, today=today)}"
    )


def in_other_rooms(bookings: Sequence[Booking], series: OneSeries, reader: Reader) -> Line:
    """Return "Skylight on Thu 3 Dec and Thu 17 Dec.", of those dates that have other rooms than the series."""
    own, by_rooms = {room.id for room in rooms_of(series)}, dict[str, list[date]]()
    for one in bookings:
        if {room.id for room in one.rooms} != own:
            by_rooms.setdefault(held.rooms_of(one, ROOM_SHOWN), []).append(day_of(one, one.location))
    if not by_rooms:
        return []
    place = bookings[0].location
    parts: list[Line] = [
        [bold(name), f" on {named_dates(days, place, reader)}"] for name, days in list(by_rooms.items())[:MOST_ROOMS]
    ]
    return [*joined(parts, ", "), "."]


def _at_other_times(bookings: Sequence[Booking], series: OneSeries, reader: Reader) -> Line:
    moved = [one for one in bookings if one.start.astimezone(series.tz).time() != series.clock]
    said = [lasting(one.slot, one.location, reader) for one in moved[:MOST_NAMED_DATES]]
    more = len(moved) - MOST_NAMED_DATES
    return [f"At another time: {'; '.join(said)}{f' and {more} more' if more > 0 else ''}."] if moved else []


def _left_out(gaps: Sequence[Occurrence], location: Location, reader: Reader) -> Line:
    if not gaps:
        return []
    named = named_dates([one.on for one in gaps], location, reader)
    taken = sum(one.verdict is Verdict.TAKEN for one in gaps)
    told_when = f" You are told when {'it' if len(gaps) == 1 else 'one'} frees." if taken else ""
    return [f"Skipped: {named}.{told_when}"]


def named_dates(days: Sequence[date], location: Location, reader: Reader) -> str:
    """Return "Tue 8 Dec, Tue 22 Dec and 4 more"."""
    today = today_at(location, reader)
    said = [saying.short_date(day, today=today) for day in days[:MOST_NAMED_DATES]]
    more = len(days) - MOST_NAMED_DATES
    return f"{', '.join(said)} and {more} more" if more > 0 else saying.listed(said)


def _later(beyond: int | None) -> str:
    if beyond is None:
        return "It has no end: later dates are booked as their time comes."
    return f"{beyond} more {'is' if beyond == 1 else 'are'} too far ahead, and booked as their time comes."


def nothing_changed(series: OneSeries) -> Message:
    """Return that nothing differs."""
    line: Line = [bold(_name(series)), " is as it was."]
    return told([line], _of_series(series, 2))


def changed(done: SeriesChanged, reader: Reader) -> Message:
    """Return what was done to many dates at once, with Undo."""
    series, after = done.series, [one.after for one in done.changed if one.after.holds_room]
    bookings = sorted([*after, *done.made], key=lambda one: one.start)
    where: Line = [", ", bold(held.named(rooms_of(series)))] if series.title else []
    lines: list[Line] = [
        [
            "✏️ ",
            bold(_name(series)),
            f", {rhythm_of(series)}{_at(series, bookings, reader)}",
            *where,
            ": ",
            f"{_span(bookings, series.location, reader)} changed.",
        ],
        about(series, bookings[0] if bookings else None, reader) if series.title is None else [],
        in_other_rooms(bookings, series, reader),
        _given_up(done, series.location, reader),
    ]
    return told(lines, [_undo(done.operation_id), *_of_series(series, len(bookings))])


def _given_up(done: SeriesChanged, location: Location, reader: Reader) -> Line:
    days = [one.on for one in done.gaps] or [day_of(c.before, location) for c in done.changed if not c.after.holds_room]
    return [f"Given up: {named_dates(days, location, reader)}."] if days else []


def cancelled(done: SeriesChanged, reader: Reader) -> Message:
    """Return which dates were cancelled, with Undo."""
    series, gone = done.series, [one.before for one in done.changed]
    line: Line = [
        "❌ ",
        bold(_name(series)),
        f": {_span(gone, series.location, reader)} cancelled. " if gone else ": nothing was to be cancelled.",
        _they(gone) if gone else "",
    ]
    return told([line], [_undo(done.operation_id) if gone else None, buttons.run("My bookings", "mine")])


def _they(gone: Sequence[Booking]) -> str:
    rooms = {held.rooms_of(one) for one in gone}
    room = rooms.pop() if len(rooms) == 1 else "Their rooms"
    several = room == "Their rooms" or len(gone[0].rooms) > 1
    return f"{room} {'are' if several else 'is'} free then."


def undone(done: SeriesChanged, reader: Reader) -> Message:
    """Return that what was done to many dates is taken back, as far as nobody has changed them since."""
    series = done.series
    back = sorted((one.after for one in done.changed if one.after.holds_room), key=lambda one: one.start)
    away = sorted((one.after for one in done.changed if not one.after.holds_room), key=lambda one: one.start)
    parts = [f"{_span(back, series.location, reader)}, as before"] if back else []
    parts += [f"{_span(away, series.location, reader)}, not booked any more"] if away else []
    stays: Line = []
    if done.gaps:
        days = named_dates([one.on for one in done.gaps], series.location, reader)
        stays = [f"Not free any more: {days}."]
    row = [*_of_series(series, len(back)), buttons.run("My bookings", "mine")]
    return told([["✏️ ", bold(_name(series)), f": {'; '.join(parts) or 'nothing to take back'}."], stays], row)


def left_to_end(series: OneSeries, last: date | None, reader: Reader) -> Message:
    """Return that a series is not renewed."""
    day = saying.short_date(last, today=today_at(series.location, reader)) if last else "its last date"
    return told([[bold(_name(series)), f" ends with {day}."]], _of_series(series, 2))


# -- how much of it ----------------------------------------------------------------------------------------------------


def which_to_cancel(booking: Booking, series: OneSeries, *, following: int, ahead: int, reader: Reader) -> Message:
    """Return the question how much of a series is to be cancelled.

    `following` counts this date and those after it, `ahead` all that are not over.
    """
    day = saying.short_date(day_of(booking, booking.location), today=today_at(booking.location, reader))
    line: Line = ["Cancel ", bold(_name(series)), f" only on {day}, or more of its dates?"]
    row: list[ButtonElement | None] = [
        buttons.button("Keep it", Action.KEEP, Target.at(booking)),
        buttons.button(f"Only {day}", Action.CANCEL, Target.at(booking)),
    ]
    if 1 < following < ahead:
        row.append(_cancel_scope(f"This and the {following - 1} after it", booking, series, Scope.FOLLOWING, following))
    if ahead > 1:
        row.append(_cancel_scope(f"All {ahead} dates", booking, series, Scope.ALL, ahead, style="danger"))
    return Message(text=spoken(line), blocks=[rich(line), *buttons.rows(row)])


def _cancel_scope(
    label: str, booking: Booking, series: OneSeries, scope: Scope, count: int, *, style: str | None = None
) -> ButtonElement | None:
    value = PartOfSeries(series=series.id, version=series.version, on=booking.series_on, scope=scope)
    number = 1 if scope is Scope.FOLLOWING else 2
    confirm = confirm_giving_back(f"Cancel {rhythm.dates(count)}?", held.rooms_of(booking), count)
    return buttons.button(
        label, Action.CANCEL_SERIES.nth(number), value, style=style, confirm=confirm, aloud=f"Cancel {label}"
    )


def stale(series: OneSeries, by: str | None, reader: Reader, *, again: SeriesChanging | None = None) -> Message:
    """Return that somebody changed the series meanwhile, and how it stands; `again` puts what was typed on it as it is."""
    who: Line = ["You" if by == reader.person.slack_user_id else mention(by)] if by else ["Somebody"]
    now = f"Now: {rhythm_of(series)}, {held.named(rooms_of(series))}."
    lines: list[Line] = [
        [*who, " changed ", bold(_name(series)), " meanwhile. Nothing of yours was saved."],
        [now],
    ]
    if again is None or series.status is not SeriesStatus.ACTIVE:
        return told(lines, _of_series(series, 2))
    row = [
        buttons.button(
            "Apply mine to it", Action.CHANGE_SERIES.nth(1), again, aloud="Apply your change to the series as it is"
        ),
        buttons.button("Leave as is", Action.KEEP),
        *_of_series(series, 2),
    ]
    return told(lines, row)


# -- lists -------------------------------------------------------------------------------------------------------------


def listed(found: Sequence[SeriesSummary], reader: Reader) -> Message:
    """Return one's series, each with its next date and the button that shows all."""
    if not found:
        line: Line = ["You have no series. Try ", bold(f"{reader.command} room every Tuesday at 10 for 8 weeks for 6"), "."]
        return told([line], [buttons.new_booking()] if reader.may_book else [])
    blocks: list[Block | Mapping[str, Any]] = [rich([bold("Your series")])]
    text = ["Your series:"]
    for number, one in enumerate(found[:MOST_SERIES], start=1):
        lines = entry(one, reader)
        blocks += [rich(*lines), *buttons.rows([_open(one.series.id, "Show dates", number=number)])]
        text.append(spoken(joined(lines, ", ")))
    if len(found) > MOST_SERIES:
        blocks.append(grey(f"{len(found) - MOST_SERIES} more are among your bookings."))
    return Message(text=cut("\n".join(text), 3000), blocks=blocks)


def entry(one: SeriesSummary, reader: Reader) -> tuple[Line, ...]:
    """Return a series as it stands in a list."""
    series = one.series
    said = rhythm_of(series)
    said = f"{said[0].upper()}{said[1:]}"
    where = f" ({series.location.name})" if reader.several_places else ""
    today = today_at(series.location, reader)
    until = f" {rhythm.until(one.last_on, today=today)}" if one.last_on and one.ahead > 1 else ""
    parts: list[Line] = [[bold(held.named(rooms_of(series)))], [f"{rhythm.dates(one.ahead)} ahead{until}"]]
    parts += [[quoted(cut(series.title, TITLE_SHOWN))]] if series.title else []
    next_on: Line = [f"Next: {lasting(one.next.slot, one.next.location, reader)}"] if one.next else []
    return (["↻ ", bold(said), where], joined(parts, " · "), next_on)


# -- pieces ------------------------------------------------------------------------------------------------------------


def _of_series(series: OneSeries, count: int) -> list[ButtonElement | None]:
    return [_open(series.id, "Show dates")] if count else []


def _open(series_id: UUID | None, label: str, *, number: int = 0) -> ButtonElement | None:
    action = Action.OPEN_SERIES.nth(number) if number else Action.OPEN_SERIES
    return buttons.button(label, action, SeriesAt(series=series_id)) if series_id else None


def _undo(operation: UUID) -> ButtonElement | None:
    return buttons.button("Undo", Action.UNDO_SERIES, Operation(operation=operation))


def _cancel_whole(series: OneSeries, count: int) -> ButtonElement | None:
    if not count:
        return None
    confirm = confirm_giving_back(f"Cancel {rhythm.dates(count)}?", series.room.name, count)
    value = SeriesTarget(series=series.id, version=series.version)
    return buttons.button("Cancel series", Action.CANCEL_WHOLE, value, style="danger", confirm=confirm)


def rooms_of(series: OneSeries) -> tuple[Room, ...]:
    """Return the rooms that each date of a series has, the first one first."""
    return (series.room, *series.more_rooms)


def _name(series: OneSeries) -> str:
    return cut(series.title, ROOM_SHOWN) if series.title else held.named(rooms_of(series))


def _at(series: OneSeries, bookings: Sequence[Booking], reader: Reader) -> str:
    own = own_clock(bookings[0].slot, series.location, reader) if bookings else None
    notes = [series.location.name] if reader.several_places else []
    notes += [f"{own} for you"] if own else []
    return f" ({'; '.join(notes)})" if notes else ""
