"""The App Home as blocks: one's bookings by day, each with what can be done to it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from slack_sdk.models.blocks import Block, DividerBlock, HeaderBlock, PlainTextObject
from slack_sdk.models.views import View

from core import saying
from core.models import Booking, Room
from handlers.ids import Callback
from handlers.views import buttons
from handlers.views.bookings import details, none_ahead_line
from handlers.views.questions import no_rooms
from handlers.views.text import Line, bold, code, cut, rich
from handlers.views.times import Reader, room_facts, where_and_own_clock


def home(
    bookings: Sequence[Booking],
    reader: Reader,
    *,
    changeable: Collection[UUID],
    more: bool = False,
    rooms: Sequence[Room] = (),
) -> View:
    """Return the Home: ways to begin, then what is ahead, soonest first; `changeable` are those with buttons."""
    if not rooms:
        blocks: list[Block | Mapping[str, Any]] = [*no_rooms(reader).blocks]
    elif not bookings:
        blocks = [rich(none_ahead_line(reader)), *_begin(reader)]
    else:
        blocks = [*_begin(reader), *([DividerBlock()] if reader.may_book else []), *_days(bookings, reader, changeable)]
    if more:
        blocks.append(rich(["These are the next ", str(len(bookings)), ". All of them: ", code(f"{reader.command} mine")]))
    shown = [one if isinstance(one, Block) else dict(one) for one in blocks]
    return View(type="home", callback_id=Callback.HOME.value, blocks=shown)


def _begin(reader: Reader) -> Sequence[Block]:
    return buttons.rows([buttons.new_booking(), buttons.find()] if reader.may_book else [], block_id="begin")


def _days(bookings: Sequence[Booking], reader: Reader, changeable: Collection[UUID]) -> Iterator[Block]:
    for day, those in groupby(bookings, key=lambda booking: _day(booking, reader)):
        yield HeaderBlock(text=PlainTextObject(text=day, emoji=False))
        for booking in those:
            yield rich(*_lines(booking, reader))
            if booking.id in changeable:
                row = [buttons.edit(booking), buttons.cancel(booking, reader)]
                yield from buttons.rows(row, block_id=f"home:{booking.id}")


def _lines(booking: Booking, reader: Reader) -> tuple[Line, ...]:
    """Return the hours and the room, then what it is about and what the room has."""
    where = where_and_own_clock(booking.slot, booking.location, reader)
    hours = saying.hours(booking.slot, booking.location.tz)
    under_way: Line = [" · now"] if booking.start <= reader.now < booking.end else []
    first: Line = [bold(hours), where, " · ", bold(cut(booking.room.name, 100)), *under_way]
    return (first, details(booking, reader), [room_facts(booking.room)])


def _day(booking: Booking, reader: Reader) -> str:
    """Return "Today", "Tomorrow, Wed 25 Nov", "Thu 26 Nov" on the place's calendar; what began earlier is today's."""
    today = reader.now.astimezone(booking.location.tz).date()
    day: date = max(booking.start.astimezone(booking.location.tz).date(), today)
    said = saying.date_in_full(day, today=today)
    return said[0].upper() + said[1:]
