"""Words and pieces that messages and modals about series share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from slack_sdk.models.blocks import Block, ButtonElement, ConfirmObject, PlainTextObject

from core import recurring
from core.models import Booking, Location
from core.series_values import OneSeries
from handlers.replies import Message
from handlers.views import buttons, rhythm
from handlers.views.text import Line, cut, grey, rich, spoken
from handlers.views.times import Reader

Row = Sequence[ButtonElement | None]
ROOM_SHOWN = 100
ROOM_IN_LABEL = 35


def rhythm_of(series: OneSeries) -> str:
    """Return "every Tuesday, 10:00-10:30"."""
    return f"{rhythm.often(series.rule, first_on=series.first_on)}, {rhythm.wall_hours(series.clock, series.minutes)}"


def told(lines: Sequence[Line], row: Row, notes: Sequence[str] = ()) -> Message:
    """Return lines with grey notes and buttons below; empty lines are left out."""
    shown = [line for line in lines if line]
    blocks: list[Block] = [rich(*shown), *([grey(" ".join(notes))] if notes else []), *buttons.rows(row)]
    return Message(text=spoken(*shown, list(notes)), blocks=blocks)


def confirm_giving_back(title: str, room: str, count: int) -> ConfirmObject:
    """Return the question before rooms are given back on so many dates."""
    lost = f"Others can book {cut(room, 60)} on {'that date' if count == 1 else f'those {count} dates'}."
    return ConfirmObject(
        title=PlainTextObject(text=cut(title, 100)),
        text=PlainTextObject(text=lost),
        confirm=PlainTextObject(text="Cancel them"),
        deny=PlainTextObject(text="Keep them"),
        style="danger",
    )


def day_of(booking: Booking, location: Location) -> date:
    """Return the date of a booking on the clock of a location."""
    return booking.start.astimezone(location.tz).date()


def today_at(location: Location, reader: Reader) -> date:
    """Return today\'s date at a location."""
    return reader.now.astimezone(location.tz).date()


def mark(booking: Booking, reader: Reader) -> Line:
    """Return "↻ every Tuesday, 3 of 8" for a date of a series; where the reader does not know it, that there is one."""
    if booking.series_id is None or booking.series_on is None:
        return []
    series = reader.series.get(booking.series_id)
    if series is None:
        return ["↻ one of a series"]
    days = dates_of(series)
    place = f", {days.index(booking.series_on) + 1} of {len(days)}" if booking.series_on in days else ""
    return [f"↻ {rhythm.often(series.rule, first_on=series.first_on)}{place}"]


def dates_of(series: OneSeries) -> tuple[date, ...]:
    """Return the dates of a series that has an end, without those that were left out; none of one that has not."""
    return _days(series.rule, series.first_on, series.left_out)


@lru_cache(maxsize=256)
def _days(rule: str, first_on: date, left_out: frozenset[date]) -> tuple[date, ...]:
    read = recurring.parse(rule)
    if read.endless:
        return ()
    return tuple(day for day in recurring.dates(read, first_on) if day not in left_out)


def missing_from(series: OneSeries) -> Line:
    """Return that a time is that of a date which a series lacks."""
    name = f' "{cut(series.title, 100)}"' if series.title else ""
    return [f"It is a date of your series{name}, {rhythm.often(series.rule, first_on=series.first_on)}."]
