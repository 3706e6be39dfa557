"""Messages that come by themselves, each sent once to one person: what happens, and what one can do about it in a tap.

All are in direct messages, where naming somebody pings nobody. What one looks at in a day or two says its date.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from slack_sdk.models.blocks import ButtonElement

from core import saying
from core.models import Alternative, Booking, Borrowed, Location, Response, Rival, Room, Slot, Status
from core.notices import Happened
from core.series_values import OneSeries
from handlers.drafts import Draft, Target, Waiter
from handlers.ids import Action
from handlers.replies import Message
from handlers.views import buttons
from handlers.views.bookings import TITLE_SHOWN, named_people
from handlers.views.cards import ROOM_SHOWN, differences
from handlers.views.held import MOST_NAMED, borrowed, named, rooms_of, same_rooms, verb
from handlers.views.series_words import missing_from
from handlers.views.text import Line, Piece, bold, cut, joined, mention, quoted, rich, spoken
from handlers.views.times import Reader, dated, floor, lasting, moment, where_and_own_clock

MINUTE = timedelta(minutes=1)
# From here on a date says more than a number of hours.
FAR = timedelta(hours=12)
# Nobody knows sooner that they will be late, or stands at the door.
NEAR = timedelta(hours=1)

Buttons = Sequence[ButtonElement | None]


def told(*lines: Line, row: Buttons = ()) -> Message:
    """Return lines with buttons below."""
    return Message(text=spoken(*lines), blocks=[rich(*lines), *buttons.rows(row)])


# -- a meeting that is near or under way -------------------------------------------------------------------------------


def reminder(booking: Booking, reader: Reader, *, check_in: bool) -> Message:
    """Return "⏰ Design review starts in 10 minutes in Apollo (3rd floor)."; `check_in` where the room asks for it."""
    lines = (
        ["⏰ ", *_meeting(booking, reader), *_ahead(booking, reader), " in ", *rooms_named(booking), "."],
        _when_and_who(booking, reader),
    )
    return told(*lines, row=_before_it(booking, reader, check_in=check_in))


def _ahead(booking: Booking, reader: Reader) -> Line:
    """Return " starts in 10 minutes", or " is tomorrow": the line below has date and hours."""
    left = booking.start - reader.now
    if left <= FAR:
        return [" starts ", bold(f"in {saying.length(whole_minutes(left))}")]
    zone = booking.location.tz
    day, today = booking.start.astimezone(zone).date(), reader.now.astimezone(zone).date()
    near = saying.near_date(day, today=today)
    return [" is ", bold(near if (day - today).days < 2 else f"in {(day - today).days} days")]


def whole_minutes(left: timedelta) -> int:
    """Return a length as the minutes begun, at least one."""
    return max(1, -(-left // MINUTE))


def _before_it(booking: Booking, reader: Reader, *, check_in: bool) -> Buttons:
    near = booking.start - reader.now <= NEAR
    here = [buttons.check_in(booking)] if check_in and near else []
    late = [buttons.run_late(booking)] if near and not booking.late_at else []
    return [*here, *late, stay_away(booking, reader)]


def stay_away(booking: Booking, reader: Reader) -> ButtonElement | None:
    """Return "Cancel booking" for whose meeting it is; whoever is invited can't come, even where they might cancel it."""
    own = booking.booker.person_id == reader.person.id
    return buttons.cancel(booking, reader) if own else buttons.not_going(booking)


def ending(
    booking: Booking, reader: Reader, *, free_until: datetime | None, follows: Rival | None, ends: Sequence[datetime]
) -> Message:
    """Return that it ends soon, with what comes after it: the room is taken, or free until then.

    `ends` are those to which it can go on; `free_until` None means free for as long as was looked ahead.
    """
    left = whole_minutes(booking.end - reader.now)
    first: Line = [
        f"⏰ {saying.length(left)} left of ",
        *_meeting(booking, reader, first=False),
        " in ",
        *rooms_named(booking),
        f", until {moment(booking.end, booking.location, reader)}.",
    ]
    may_change = booking.changeable_by(reader.person.acting())
    row = [*buttons.extensions(booking, ends), buttons.end_early(booking)] if may_change else []
    return told(first, _after_it(booking, reader, free_until=free_until, follows=follows, ends=ends), row=row)


def _after_it(
    booking: Booking, reader: Reader, *, free_until: datetime | None, follows: Rival | None, ends: Sequence[datetime]
) -> Line:
    zone = booking.location.tz
    if follows and (free_until is None or free_until <= booking.end):
        return [f"Then the room is taken, {saying.hours(follows.slot, zone)}", *_whose(follows, reader), "."]
    if free_until is None and ends:
        return ["Nothing follows in the room."]
    if free_until is None or free_until <= booking.end:
        return [f"The room cannot be had after {moment(booking.end, booking.location, reader)}."]
    return [f"Then the room is free until {moment(free_until, booking.location, reader)}."]


def _whose(rival: Rival, reader: Reader) -> Line:
    parts: list[Line] = [[quoted(cut(rival.title, TITLE_SHOWN))]] if rival.title else []
    if rival.booker_slack_user_id:
        own = rival.booker_slack_user_id == reader.person.slack_user_id
        parts.append(["yours"] if own else [mention(rival.booker_slack_user_id)])
    return [" (", *joined(parts, ", "), ")"] if parts else []


def release_warning(booking: Booking, reader: Reader, *, release_at: datetime) -> Message:
    """Return that nobody has checked in, and when the room is given back."""
    at = moment(release_at, booking.location, reader)
    lines: tuple[Line, ...] = (
        ["⏰ Nobody has checked in to ", *_meeting(booking, reader, first=False), " in ", *rooms_named(booking), "."],
        ["It is released at ", bold(at), " unless somebody checks in."],
    )
    late = [] if booking.late_at else [buttons.run_late(booking)]
    return told(*lines, row=[buttons.check_in(booking), *late])


def released(booking: Booking, reader: Reader, *, at: datetime, free_until: datetime | None) -> Message:
    """Return that the room was given back; it can be had again until `free_until`, or not any more where that is None."""
    said = f" {verb(booking, 'was', 'were')} released at {moment(at, booking.location, reader)}: nobody checked in."
    if free_until is not None:
        rest = f" {verb(booking, 'It is', 'They are')} free until {moment(free_until, booking.location, reader)}."
    else:
        rest = "" if booking.end <= reader.now else " Somebody else has it now."
    title: Line = ["It was for ", bold(cut(booking.title, TITLE_SHOWN)), "."] if booking.title else []
    back = [buttons.take_back(booking)] if free_until == booking.end else []
    again = buttons.button("Book it again tomorrow", Action.TAKE_ASIDE, tomorrow(booking, reader))
    return told(["🔓 ", bold(rooms_of(booking)), said, rest], title, row=[*back, again])


def tomorrow(booking: Booking, reader: Reader) -> Draft:
    """Return the wish for the same room and hours tomorrow, on the place's clock."""
    zone = booking.location.tz
    start = booking.start.astimezone(zone)
    day = reader.now.astimezone(zone).date() + timedelta(days=1)
    begins = start.replace(year=day.year, month=day.month, day=day.day, fold=0)
    seconds = int(booking.slot.length.total_seconds())
    return Draft.like(booking).model_copy(
        update={"start": int(begins.timestamp()), "end": int(begins.timestamp()) + seconds}
    )


def late(booking: Booking, reader: Reader, *, by: str, check_in: bool) -> Message:
    """Return that somebody runs late for a meeting that one comes to; `check_in` where it is open now."""
    line: Line = [
        "⏰ ",
        mention(by),
        " runs late for ",
        *_meeting(booking, reader, first=False, by=by),
        f" at {moment(booking.start, booking.location, reader)} in ",
        *rooms_named(booking),
        ".",
    ]
    return told(line, row=[buttons.check_in(booking)] if check_in else [])


# -- what others did ---------------------------------------------------------------------------------------------------


def changed(happened: Happened, booking: Booking, reader: Reader, *, by: str | None) -> Message | None:
    """Return what somebody else did to a meeting that one comes to, or None where it makes no difference to one.

    `booking` is as it stands now; `by` is the Slack id of who did it, None where it was the clock.
    """
    who: Line = [mention(by)] if by else ["Somebody"]
    before = happened.changed.before
    if not booking.holds_room:
        return _off(happened, booking, reader, by=by)
    if before.status is Status.RELEASED:
        # Only the booker had heard that the room was given back.
        return None
    if not before.holds_room:
        when = lasting(booking.slot, booking.location, reader)
        where = where_and_own_clock(booking.slot, booking.location, reader)
        on: Line = ["✅ ", *who, " put ", *_meeting(booking, reader, first=False, by=by), " back on: "]
        return told([*on, *rooms_named(booking), ", ", bold(when), where, "."], row=_after_change(booking, reader))
    parts = differences(before, booking, reader, private=False)
    if not parts:
        return None
    moved = bool(differences(before, booking, reader, private=True))
    what: Line = _meeting(before, reader, first=False, by=by)
    undo = [buttons.undo(booking)] if happened.after.version == booking.version else []
    row = _after_change(booking, reader, undo=undo)
    stays = _what_stays(before, booking, reader)
    if not moved:
        return told(["✏️ ", *who, *_renamed(what, booking), *stays, "."], row=row)
    waits: Line = ["It waits for approval as it is now."] if booking.status is Status.PENDING else []
    return told(["✏️ ", *who, " moved ", *what, *stays, ": ", *joined(parts, " · ")], waits, row=row)


def _renamed(what: Line, booking: Booking) -> Line:
    if not booking.title:
        return [" took the title off ", *what]
    return [" renamed ", *what, " to ", bold(cut(booking.title, TITLE_SHOWN))]


def _what_stays(before: Booking, booking: Booking, reader: Reader) -> Line:
    """Return by what somebody knows which of their meetings is meant: its room, or, where that is another, its time."""
    if same_rooms(before, booking):
        return [" (", rooms_of(booking), ")"]
    if before.slot != booking.slot or before.location.id != booking.location.id:
        return []
    when = lasting(booking.slot, booking.location, reader)
    return [f", {when}{where_and_own_clock(booking.slot, booking.location, reader)}"]


def _off(happened: Happened, booking: Booking, reader: Reader, *, by: str | None) -> Message | None:
    """Return that it does not take place."""
    if booking.status in {Status.DECLINED, Status.EXPIRED}:
        return _not_approved(booking, reader)
    if booking.status is not Status.CANCELLED:
        return None
    who: Line = [mention(by)] if by else ["Somebody"]
    when = lasting(booking.slot, booking.location, reader)
    where = where_and_own_clock(booking.slot, booking.location, reader)
    reason = happened.reason or booking.cancel_reason
    line: Line = [
        "❌ ",
        *who,
        " cancelled ",
        *_meeting(booking, reader, first=False, by=by),
        " in ",
        bold(rooms_of(booking)),
        f", {when}{where}",
        f": {cut(reason, TITLE_SHOWN)}." if reason else ".",
    ]
    own = booking.booker.person_id == reader.person.id
    return told(line, row=[buttons.book_again(booking, reader)] if own and reader.may_book else [])


def _not_approved(booking: Booking, reader: Reader) -> Message:
    """Return that a meeting which one comes to has lost its room."""
    how = "was not approved" if booking.status is Status.DECLINED else "was not approved in time"
    when = f"{lasting(booking.slot, booking.location, reader)}{where_and_own_clock(booking.slot, booking.location, reader)}"
    room = bold(rooms_of(booking))
    return told(["❌ ", *_meeting(booking, reader), " in ", room, f", {when}, {how}: it has no room any more."])


def _after_change(booking: Booking, reader: Reader, *, undo: Buttons = ()) -> Buttons:
    if booking.end <= reader.now:
        return []
    if booking.changeable_by(reader.person.acting()) and booking.booker.person_id == reader.person.id:
        return [*undo, buttons.edit(booking)]
    own = next((one for one in booking.attendees if one.person_id == reader.person.id), None)
    if own is None:
        return []
    row = [] if own.response is Response.GOING else [buttons.going(booking)]
    return [*row, buttons.not_going(booking)] if own.response is not Response.DECLINED else row


def size(booking: Booking, reader: Reader, *, people: int, better: Alternative | None) -> Message | None:
    """Return that the room is too small for those who come, or much too large, with a better one in a tap."""
    small = people > booking.seats
    if not small and better is None:
        return None
    name = rooms_of(booking)
    # Some have not answered yet: who has declined is known, who comes is not.
    is_now = f" is for {saying.people(people)} now, and " if small else f" is down to {saying.people(people)}, and "
    first: Line = [
        *_meeting(booking, reader),
        f" ({lasting(booking.slot, booking.location, reader)})",
        is_now,
        bold(name),
        f" {verb(booking, 'seats', 'seat')} {booking.seats}.",
    ]
    if better is None:
        return told(first, ["No larger room is free then."], row=[buttons.edit(booking), buttons.find()])
    keep = buttons.button(f"Keep {cut(name, 60)}", Action.KEEP, Target.at(booking))
    return told(first, _is_free(better, booking), row=[_move_to(better, booking, style="primary"), keep])


def nobody_comes(booking: Booking, reader: Reader, *, better: Alternative | None) -> Message:
    """Return that everybody invited has declined, to the booker; `better` is a free room of a better size."""
    when = f"{lasting(booking.slot, booking.location, reader)}{where_and_own_clock(booking.slot, booking.location, reader)}"
    line: Line = [
        "Nobody who is invited can come to ",
        *_meeting(booking, reader, first=False),
        " in ",
        bold(rooms_of(booking)),
        f", {when}.",
    ]
    other: Line = _is_free(better, booking) if better else []
    move = [_move_to(better, booking)] if better else []
    return told(line, other, row=[*move, buttons.edit(booking), buttons.stop(booking, reader)])


def _is_free(better: Alternative, booking: Booking) -> Line:
    """Return "Corner seats 4 and is free then."; where something else differs than the room, it is said."""
    hours = "then" if better.slot == booking.slot else saying.hours(better.slot, booking.location.tz)
    place = f" ({better.location.name})" if better.location.id != booking.location.id else ""
    return [bold(cut(better.room.name, ROOM_SHOWN)), f"{place} seats {better.room.capacity} and is free {hours}."]


def _move_to(better: Alternative, booking: Booking, *, style: str | None = None) -> ButtonElement | None:
    move = buttons.moving(Target.at(booking), better)
    return buttons.button(f"Move to {cut(better.room.name, 60)}", Action.MOVE_TO, move, style=style)


# -- the waiting list --------------------------------------------------------------------------------------------------


def offer(
    waiting: Waiter,
    room: Room,
    location: Location,
    slot: Slot,
    reader: Reader,
    *,
    held_until: datetime,
    series: OneSeries | None = None,
    more: Sequence[Room] = (),
    things: Sequence[Borrowed] = (),
) -> Message:
    """Return that a room is held for somebody who waited for it, until when, and how to take it.

    `series` is the one that lacks this date; `more` and `things` are held together with the room.
    """
    hours = saying.hours(slot, location.tz)
    is_, it, held = ("are", "them", "They are") if more else ("is", "it", "It is")
    when = bold(dated(slot, location, reader))
    lines: tuple[Line, ...] = (
        ["🔔 ", *_waited_for(room, more, things), f" {is_} free for you: ", when, f"{_where(slot, location, reader)}."],
        missing_from(series) if series else [],
        [f"{held} held until ", bold(moment(held_until, location, reader)), f"; after that, others can have {it}."],
    )
    return told(*lines, row=buttons.offered(waiting, (room, *more), hours))


def offer_missed(
    waiting: Waiter,
    room: Room,
    location: Location,
    slot: Slot,
    reader: Reader,
    *,
    again: Draft | None,
    more: Sequence[Room] = (),
    things: Sequence[Borrowed] = (),
) -> Message:
    """Return that an offer has run out; while its time is ahead it may still be free, or free again."""
    line: Line = [
        *_waited_for(room, more, things),
        f", {lasting(slot, location, reader)}",
        _where(slot, location, reader),
        f", {'are' if more else 'is'} no longer held for you.",
    ]
    row: list[ButtonElement | None] = []
    if slot.end > reader.now:
        label = "Book them if they are still free" if more else "Book it if it is still free"
        row.append(buttons.button(label, Action.TAKE_OFFER, waiting))
    if again is not None and slot.start > reader.now:
        row.append(buttons.button("Wait again", Action.WAIT, again, aloud=f"Wait for {named((room, *more), 50)} again"))
    return told(line, row=row)


def _waited_for(room: Room, more: Sequence[Room], things: Sequence[Borrowed]) -> Line:
    """Return "Apollo + Zeus with 2 projectors"."""
    along = borrowed(things)
    return [bold(named((room, *more))), *([f" {along}"] if along else [])]


def _where(slot: Slot, location: Location, reader: Reader) -> str:
    return where_and_own_clock(slot, location, reader)


# -- pieces ------------------------------------------------------------------------------------------------------------


def rooms_named(booking: Booking) -> list[str | Piece]:
    """Return "Apollo (3rd floor)", "Apollo (3rd floor) + Big Ben (5th floor)", each name standing out."""
    many = len(booking.rooms) > 1
    floors = [floor(room) for room in booking.rooms]
    if many and len({*floors}) == 1:
        return [bold(rooms_of(booking)), f" ({cut(floors[0], 40)})" if floors[0] else ""]
    left = len(booking.rooms) - MOST_NAMED
    names: list[Line] = [
        [bold(cut(room.name, ROOM_SHOWN)), f" ({cut(on, 40)})" if on else ""]
        for room, on in zip(booking.rooms[:MOST_NAMED], floors, strict=False)
    ]
    return joined([*names, *([[f"{left} more"]] if left > 0 else [])], " + ")


def _meeting(booking: Booking, reader: Reader, *, first: bool = True, by: str | None = None) -> list[str | Piece]:
    """Return the title, else "your meeting", "@ana's meeting", or "their meeting" where the sentence has just named them.

    `first` begins the sentence; `by` is the Slack id of who does something in it.
    """
    if booking.title:
        return [bold(cut(booking.title, TITLE_SHOWN))]
    if booking.booker.person_id == reader.person.id:
        return ["Your meeting" if first else "your meeting"]
    if booking.booker.slack_user_id == by:
        return ["their meeting"]
    return [mention(booking.booker.slack_user_id), "'s meeting"]


def _when_and_who(booking: Booking, reader: Reader) -> Line:
    when = f"{dated(booking.slot, booking.location, reader)}{where_and_own_clock(booking.slot, booking.location, reader)}"
    others = [one.slack_user_id for one in booking.coming if one.person_id != reader.person.id]
    # Of a meeting without a title, the booker has been named.
    if booking.title and booking.booker.person_id != reader.person.id:
        others.insert(0, booking.booker.slack_user_id)
    along: Line = [borrowed(booking.equipment)] if booking.equipment else []
    return joined([[when[0].upper() + when[1:]], ["with ", *named_people(others)] if others else [], along], " · ")
