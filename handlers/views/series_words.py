"""Words and pieces that messages and modals about series share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from slack_sdk.models.blocks import Block, ButtonElement, ConfirmObject, PlainTextObject

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
    lost = f"{cut(room, 60)} is given back on {rhythm.dates(count)}, and others can book it."
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
