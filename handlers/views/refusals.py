"""Messages that say what stands in the way, with the nearest ways out as buttons that do the thing at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from slack_sdk.models.blocks import ButtonElement

from core import saying
from core.borrowing import LentOutError, in_sentence, lent, several
from core.errors import BookingError, NothingFits, SlotTaken
from core.models import Alternative, Booking, Equipment, LastChange, Location, OfferKind, Rival, Room, Slot, Status
from core.search import taken_through
from handlers.drafts import Draft, Target
from handlers.ids import Action
from handlers.replies import Message
from handlers.views import buttons
from handlers.views.bookings import TITLE_SHOWN, details, headline
from handlers.views.held import named, rooms_of, same_rooms
from handlers.views.line import wait
from handlers.views.text import Line, Piece, bold, cut, joined, mention, quoted, rich, spoken
from handlers.views.times import Reader, dated, in_passing, own_clock

ENDED_BY = {
    Status.CANCELLED: "was cancelled",
    Status.DECLINED: "was declined",
    Status.EXPIRED: "was not approved in time",
    Status.RELEASED: "was released, because nobody checked in,",
    Status.ENDED: "has ended",
}


MOST_HOLDERS = 4
# What another time does not mend.
_ELSE = frozenset({"attendees_count", "amenities", "title"})
# What is about the room is mended by another room alone.
_ROOM = "room"


def plain(line: Line, row: Sequence[ButtonElement | None] = ()) -> Message:
    """Return a refusal of one line, with what can be done instead; without that, the message it came from stays."""
    shown = buttons.rows(row)
    return Message(text=spoken(line), blocks=[rich(line), *shown], replace=bool(shown))


def elsewhere(
    error: BookingError,
    line: Line,
    wanted: Draft | Target,
    reader: Reader,
    *,
    instead_of: Slot,
    at: Location | None,
    waits_for: Draft | None = None,
) -> Message:
    """Return a refusal with what can be had instead, and the ways to look further.

    `waits_for` is what one can stand in line for, where it may become free.
    """
    row = buttons.offers(error.alternatives, instead_of=instead_of, at=at, wanted=wanted, reader=reader)
    waiting = [wait(waits_for)] if waits_for else []
    return plain(line, [*row, *waiting, *further(wanted, reader, after_offers=bool(row), about=error.fields)])


def enough(error: BookingError, wanted: Draft | Target, reader: Reader, *, held: Booking | None) -> Message:
    """Return that somebody has as much as they may: no other room helps, a later time does, or giving one back.

    `held` is the one that is in the way, where it is one.
    """
    if held is None:
        return plain([error.message], [_later(wanted, reader), buttons.run("My bookings", "mine")])
    name, under_way = rooms_of(held, 40), held.start <= reader.now < held.end
    give_back = buttons.end_early(held) if under_way else buttons.cancel(held, reader, label=f"Cancel {name}")
    move = buttons.button(f"Move {name}…", Action.EDIT, Target.at(held))
    return plain([error.message], [_later(wanted, reader), move, give_back])


def _later(wanted: Draft | Target, reader: Reader) -> ButtonElement | None:
    if isinstance(wanted, Target):
        return buttons.button("Edit…", Action.EDIT, Target(booking=wanted.booking, version=wanted.version))
    return buttons.button("Pick another time", Action.OPEN_BOOKING, wanted.ahead_of(reader.now))


def not_longer(error: BookingError, booking: Booking, reader: Reader) -> Message:
    """Return why a booking cannot go on so long, with the later ends that can be had, and what else one can do about it."""
    line = taken_line(error, booking.location, reader) if isinstance(error, SlotTaken) else [error.message]
    ends = [offer.slot.end for offer in error.alternatives]
    edit = buttons.button("Edit…", Action.EDIT, Target.at(booking))
    return plain(line, [*buttons.extensions(booking, ends), edit, buttons.stop(booking, reader)])


def further(
    wanted: Draft | Target, reader: Reader, *, after_offers: bool, about: Collection[str] = ()
) -> list[ButtonElement | None]:
    """Return the buttons that lead on when no offer is liked, or there is none; `about` is what was at fault."""
    if isinstance(wanted, Target):
        return [buttons.button("Edit…", Action.EDIT, Target(booking=wanted.booking, version=wanted.version))]
    ahead = wanted.ahead_of(reader.now)
    if after_offers:
        return [buttons.button("More…", Action.OPEN_SEARCH, ahead, aloud="More rooms and times")]
    if _ROOM in about:
        return [buttons.button("Find a room", Action.OPEN_SEARCH, ahead)]
    return [
        buttons.button("Change it" if _ELSE.intersection(about) else "Pick another time", Action.OPEN_BOOKING, ahead),
        buttons.button("Find a room", Action.OPEN_SEARCH, ahead),
    ]


def at_own_clock(error: BookingError, slot: Slot, location: Location | None, reader: Reader) -> Line:
    """Return the error's sentence; where it tells that all rooms are taken, with the reader's own clock behind it."""
    own = own_clock(slot, location, reader) if location and isinstance(error, NothingFits) and error.alternatives else None
    return [error.message, f" That is {own} for you."] if own else [error.message]


def taken_line(error: SlotTaken, location: Location, reader: Reader) -> Line:
    """Return "Apollo is taken tomorrow 14:00-15:00 ("Design review", @ana).", as far as the reader may know."""
    first = error.rivals[0] if error.rivals else None
    slot = first.slot if first and len(error.rivals) == 1 else error.slot
    notes: list[Line] = [[location.name]] if reader.several_places else []
    if own := own_clock(slot, location, reader):
        notes.append([f"{own} for you"])
    if first and first.held_until:
        return held_line(error.room.name, first, location, reader)
    if len(error.rivals) > 1:
        notes.append([f"{len(error.rivals)} bookings"])
    elif first:
        notes += _whose(first, reader)
    said: Line = [" (", *joined(notes, "; "), ")"] if notes else []
    between = _between(error, slot) if len(error.rivals) == 1 else ""
    when = in_passing(slot, location, reader)
    return [*_taken(error.room, error.rivals), f" is taken {when}", *said, f"{between}."]


def _taken(room: Room, rivals: Sequence[Rival]) -> Line:
    """Return "Apollo", and of rooms that share their space "Hall needs Hall A, which", where only that one is taken."""
    name = cut(room.name, 100)
    through = rivals[0].room if rivals else None
    if through is None or any(one.room != through for one in rivals):
        return [bold(name)]
    shown = replace(rivals[0], room=replace(through, name=cut(through.name, 100)))
    told = taken_through(replace(room, name=name), shown)
    return [bold(name), told.removeprefix(name)]


def lent_out_line(error: LentOutError, reader: Reader) -> Line:
    """Return "2 of 2 projectors are out tomorrow 14:00-15:00. 1 is in Apollo ("Review", @ana), 1 in Big Ben (Busy)."."""
    shown = error.holders[:MOST_HOLDERS]
    left = len(error.holders) - len(shown)
    having: list[Line] = [
        [
            f"{one.quantity} {_is(one.quantity)}in " if not number else f"{one.quantity} in ",
            named(one.rooms),
            " (",
            *joined(_whose(one.rival, reader), ", "),
            ")",
        ]
        for number, one in enumerate(shown)
    ]
    having += [[f"{left} more bookings"]] if left else []
    return [error.message, " ", *joined(having, ", "), "."] if having else [error.message]


def _is(count: int) -> str:
    return "is " if count == 1 else "are "


def lent_out(error: LentOutError, wanted: Draft | Target, reader: Reader, *, waits_for: Draft | None = None) -> Message:
    """Return that there are not as many left as wanted, with the room without them, and when they are to be had."""
    refused = error.refused
    anyway = next((one for one in error.alternatives if one.kind is OfferKind.ANYWAY), None)
    row = _with_fewer(error, wanted, anyway) if anyway and isinstance(wanted, Draft) else []
    others = [one for one in error.alternatives if one.kind is not OfferKind.ANYWAY]
    row += buttons.offers(others, instead_of=refused.slot, at=refused.location, wanted=wanted, reader=reader)
    more = further(wanted, reader, after_offers=bool(row), about=error.fields)
    waiting = [wait(waits_for)] if waits_for else []
    return plain(lent_out_line(error, reader), [*row, *waiting, *more])


def more_than_there_are(error: BookingError, wanted: Draft, things: Sequence[Equipment], reader: Reader) -> Message:
    """Return that a place has no more than so many, with what was wanted with all of them, and with none.

    `things` are those of which too many were wanted.
    """
    fewer = wanted
    for thing in things:
        fewer = fewer.with_only(thing.id, thing.quantity) if thing.quantity else fewer.without(thing.id)
    row = [buttons.button("Book with all there are", Action.TAKE.nth(98), fewer)] if fewer.things else []
    for thing in things:
        fewer = fewer.without(thing.id)
    row.append(buttons.button("Book without", Action.TAKE.nth(99), fewer, aloud="Book without this equipment"))
    return plain([error.message], [*row, *further(wanted, reader, after_offers=True, about=error.fields)])


def _with_fewer(error: LentOutError, wanted: Draft, anyway: Alternative) -> list[ButtonElement | None]:
    """Return the buttons that book the rooms with as many as are left, and with none."""
    thing, rooms = error.lacking.wanted.equipment, named(error.refused.rooms, 30)
    left = thing.quantity - error.lacking.out
    row = []
    if left > 0:
        label = f"{rooms} with {lent(cut(thing.name, 25), left)}"
        fewer = wanted.with_only(thing.id, left).taking_all(anyway)
        row.append(buttons.button(label, Action.TAKE.nth(98), fewer, aloud=f"Book {label}"))
    count = error.lacking.wanted.quantity
    what = lent(cut(thing.name, 25), 1) if count == 1 else several(in_sentence(cut(thing.name, 25)))
    label = f"{rooms} without {what}"
    without = wanted.without(thing.id).taking_all(anyway)
    row.append(buttons.button(label, Action.TAKE.nth(99), without, aloud=f"Book {label}"))
    return row


def held_line(room: str, held: Rival, location: Location, reader: Reader) -> Line:
    """Return "Apollo is held for somebody on the waiting list until 14:10 (tomorrow 14:00-15:00)."."""
    whom = "you" if held.for_you else "somebody on the waiting list"
    until = saying.clock_time(held.held_until or reader.now, location.tz)
    notes: list[Line] = [[in_passing(held.slot, location, reader)]]
    notes += [[location.name]] if reader.several_places else []
    if own := own_clock(held.slot, location, reader):
        notes.append([f"{own} for you"])
    return [bold(cut(room, 100)), f" is held for {whom} until {until} (", *joined(notes, "; "), ")."]


def _between(error: SlotTaken, rival: Slot) -> str:
    """Return why a booking at another time is in the way: the room is cleared and set up between the two."""
    minutes = error.room.setup_minutes + error.room.teardown_minutes
    if rival.overlaps(error.slot) or not minutes:
        return ""
    return f", and needs {saying.length(minutes)} between meetings"


def stale(booking: Booking, change: LastChange | None, reader: Reader) -> Message:
    """Return who changed what meanwhile, and the booking as it stands."""
    lines = (
        [*stale_line(booking, change, reader), " Nothing of yours was saved."],
        ["Now: ", *headline(booking, reader)],
        details(booking, reader),
    )
    row = [buttons.edit(booking), buttons.stop(booking, reader)]
    return Message(text=spoken(*lines), blocks=[rich(*lines), *buttons.rows(row)])


def stale_line(booking: Booking, change: LastChange | None, reader: Reader) -> Line:
    """Return "@ana moved this booking to 15:00 meanwhile."."""
    who: Line = [mention(change.by_slack_user_id)] if change else ["Somebody"]
    if change and change.by_slack_user_id == reader.person.slack_user_id:
        who = ["You"]
    return [*who, " ", _what_happened(booking, change.before if change else None, reader), " meanwhile."]


def not_active(booking: Booking, change: LastChange | None, reader: Reader) -> Message:
    """Return since when and by whom a booking is no more, and the button that books it again."""
    when = dated(booking.slot, booking.location, reader)
    title: list[str | Piece] = [bold(cut(booking.title, TITLE_SHOWN)), " in "] if booking.title else []
    line = [*title, bold(rooms_of(booking)), f", {when}, {ENDED_BY.get(booking.status, 'is over')}"]
    if booking.status in ENDED_BY and booking.status is not Status.ENDED:
        zone = booking.location.tz
        day = saying.near_date(booking.updated_at.astimezone(zone).date(), today=reader.now.astimezone(zone).date())
        line.append(f" {day} at {saying.clock_time(booking.updated_at, zone)}")
        if change and booking.status is Status.CANCELLED:
            you = change.by_slack_user_id == reader.person.slack_user_id
            line += [" by ", "you" if you else mention(change.by_slack_user_id)]
    own = booking.booker.person_id == reader.person.id
    return plain([*line, "."], [buttons.book_again(booking, reader) if own else buttons.run("My bookings", "mine")])


def _what_happened(booking: Booking, before: Booking | None, reader: Reader) -> str:
    if before is None:
        return "changed this booking"
    if not before.holds_room:
        return "took the cancelling of this booking back"
    moved = []
    if before.slot != booking.slot:
        zone = booking.location.tz
        days = [b.start.astimezone(zone).date() for b in (before, booking)]
        same_day = days[0] == days[1] and before.slot.length == booking.slot.length
        to = saying.clock_time(booking.start, zone) if same_day else dated(booking.slot, booking.location, reader)
        moved.append(to)
    if not same_rooms(before, booking):
        moved.append(rooms_of(booking))
    if moved:
        return f"moved this booking to {saying.listed(moved)}"
    if before.title != booking.title:
        return f"renamed this booking {quoted(booking.title)}" if booking.title else "took the title off this booking"
    return "changed this booking"


def _whose(rival: Rival, reader: Reader) -> list[Line]:
    if rival.title is None and rival.booker_slack_user_id is None:
        return [["Busy"]]
    parts: list[Line] = [[quoted(cut(rival.title, 200))]] if rival.title else []
    if rival.booker_slack_user_id == reader.person.slack_user_id:
        parts.append(["yours"])
    elif rival.booker_slack_user_id:
        parts.append([mention(rival.booker_slack_user_id)])
    return [joined(parts, ", ")]
