"""The list of rooms, by location, with what each is at this moment; and one room's day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from types import MappingProxyType
from uuid import UUID

from slack_sdk.models.blocks import Block

from core import saying
from core.borrowing import lent
from core.models import Equipment, Location, Opening, Rival, Room, RoomDay
from handlers.drafts import DayOfRoom, Draft, RoomsPage
from handlers.ids import Action
from handlers.replies import Message
from handlers.views import buttons, held, photos, subscribing
from handlers.views.subscribing import CalendarOf
from handlers.views.text import Line, bold, cut, mention, quoted, rich, said, spoken
from handlers.views.times import Reader, room_facts

ALL_DAY = Opening()


def listed(
    days: Sequence[RoomDay],
    reader: Reader,
    *,
    page: RoomsPage,
    size: int,
    total: int,
    hours: Mapping[UUID, Opening] = MappingProxyType({}),
    things: Mapping[UUID, Sequence[Equipment]] = MappingProxyType({}),
) -> Message:
    """Return a page of rooms, which come in the order of their locations; `days` reach from now to midnight.

    `hours` are today's opening hours by room, where a room is not always open; `things` what can be borrowed, by location.
    """
    blocks: list[Block] = []
    told: list[str] = []
    for location, group in groupby(days, key=lambda day: day.location):
        heading = (
            f"{location.name}, {saying.clock_time(reader.now, location.tz)} there" if reader.several_places else "Rooms"
        )
        lines = [_line(day, reader, hours.get(day.room.id, ALL_DAY)) for day in group]
        lines += [to_borrow(things[location.id])] if things.get(location.id) else []
        blocks.append(rich([bold(heading)], *lines))
        told += [said(f"{heading}:"), *(spoken(line) for line in lines)]
    last = page.offset + size
    if total > size:
        told.append(f"Rooms {page.offset + 1} to {min(last, total)} of {total}.")
    earlier = page.model_copy(update={"offset": max(0, page.offset - size)})
    later = page.model_copy(update={"offset": last})
    row = [buttons.new_booking(), buttons.find()] if reader.may_book else []
    row += [buttons.button("Earlier", Action.PAGE_ROOMS.nth(1), earlier)] if page.offset else []
    row += [buttons.button("More rooms", Action.PAGE_ROOMS.nth(2), later)] if last < total else []
    if page.place is not None:
        row += subscribing.button(reader, CalendarOf(place=page.place), aloud="Subscribe to a calendar of these rooms")
    return Message(text=cut("\n".join(told), 3000), blocks=[*blocks, *buttons.rows(row)])


MOST_SHOWN = 60
MOST_THINGS = 20


def day(shown: RoomDay, on: date, reader: Reader, *, draft: Draft | None) -> Message:
    """Return what is booked in a room on a day of its own clock.

    `draft` prefills the form behind "Book Apollo"; None for whom the room is not bookable.
    """
    room, zone = shown.room, shown.location.tz
    today = reader.now.astimezone(zone).date()
    when = saying.date_in_full(on, today=today)
    where = f" ({shown.location.name})" if reader.several_places else ""
    lines: list[Line] = [
        [bold(_named(room, reader)), f" · {room_facts(room)}"],
        [bold(when[0].upper() + when[1:]), where],
        *(_taken(rival, shown.location) for rival in shown.taken[:MOST_SHOWN]),
    ]
    if len(shown.taken) > MOST_SHOWN:
        lines.append([f"and {len(shown.taken) - MOST_SHOWN} more"])
    lines += [] if shown.taken else [["Nothing is booked."]]
    earlier, later = (DayOfRoom(room=room.id, day=on + timedelta(days=step)) for step in (-1, 1))
    row = [buttons.button(f"Book {cut(room.name, 60)}", Action.OPEN_BOOKING, draft)] if draft and on >= today else []
    row += [buttons.button("Day before", Action.ROOM_DAY.nth(1), earlier)] if on > today else []
    row += [buttons.button("Day after", Action.ROOM_DAY.nth(2), later)]
    row += subscribing.button(reader, CalendarOf(room=room.id), aloud=f"Subscribe to a calendar of {cut(room.name, 40)}")
    return Message(text=spoken(*lines), blocks=[rich(*lines), *photos.large(room), *buttons.rows(row)])


def _taken(rival: Rival, location: Location) -> Line:
    hours = saying.hours(rival.slot, location.tz)
    if rival.room is not None:
        hours = f"{hours} · {cut(rival.room.name, 100)}"
    if rival.booker_slack_user_id is None:
        return [f"{hours} · Busy"]
    title = f" · {quoted(cut(rival.title, 100))}" if rival.title else ""
    return [f"{hours}{title} · ", mention(rival.booker_slack_user_id)]


def no_such_place(words: str, places: Sequence[Location]) -> Message:
    """Return that no location is called that, with the ones there are as buttons."""
    row = [
        buttons.button(place.name, Action.PAGE_ROOMS.nth(number), RoomsPage(place=place.id))
        for number, place in enumerate(places[:20], start=1)
    ]
    line: Line = ["No place here is called ", quoted(cut(words, 100)), ". Whose rooms?"]
    return Message(text=spoken(line), blocks=[rich(line), *buttons.rows(row)])


def now_at(day: RoomDay, reader: Reader, hours: Opening = ALL_DAY) -> str:
    """Return "free now until 15:00", "busy until 11:30", "closed until 07:00", or "free now" for the rest of the day.

    Bookings that follow one another at once count as one; `hours` are the room's of today.
    """
    zone, busy_until = day.location.tz, None
    now = reader.now.astimezone(zone)
    minute = now.hour * 60 + now.minute
    if not hours.opens <= minute < hours.closes:
        return (
            f"closed until {saying.minute_of_day(hours.opens)}"
            if minute < hours.opens < hours.closes
            else "closed for today"
        )
    for rival in day.taken:
        slot = rival.slot
        if slot.start <= (busy_until or reader.now):
            busy_until = max(slot.end, busy_until or slot.end)
        elif busy_until is None and slot.start.astimezone(zone).date() == now.date():
            return f"free now until {saying.clock_time(slot.start, zone)}"
        else:
            break
    if busy_until:
        return f"busy until {saying.clock_time(busy_until, zone)}"
    return "free now" if hours.closes >= ALL_DAY.closes else f"free now until {saying.minute_of_day(hours.closes)}"


def _line(day: RoomDay, reader: Reader, hours: Opening) -> Line:
    return [bold(_named(day.room, reader)), f" · {cut(room_facts(day.room), 200)} · {now_at(day, reader, hours)}"]


def _named(room: Room, reader: Reader) -> str:
    """Return "Apollo", of a divisible room "Hall (Hall A + Hall B)"."""
    parts = reader.parts(room)
    return f"{cut(room.name, 100)} ({held.consisting(parts)})" if parts else cut(room.name, 100)


def to_borrow(things: Sequence[Equipment]) -> Line:
    """Return "To borrow with a room: 2 projectors on wheels, a flipchart"."""
    shown = [lent(cut(one.name, 60), one.quantity) for one in things[:MOST_THINGS]]
    left = len(things) - len(shown)
    return ["To borrow with a room: ", ", ".join([*shown, *([f"and {left} more"] if left else [])])]
