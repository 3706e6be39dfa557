"""What is told to whoever booked a room that closes: where the booking can go, and what happens if nothing is said."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import Field
from slack_sdk.models.blocks import Block, ButtonElement, ConfirmObject, PlainTextObject

from core import saying
from core.models import Alternative, Booking, Room
from core.rerooming import Proposal
from handlers.drafts import Carried, Moving, Target
from handlers.ids import Action
from handlers.replies import Message
from handlers.views import buttons
from handlers.views.admin import span
from handlers.views.text import Line, bold, cut, quoted, rich, spoken
from handlers.views.times import Reader, lasting, room_facts, where_and_own_clock

# Each takes two blocks, of which a message has fifty.
MOST_LISTED = 20
MOST_OFFERED = 4
# So many dates of a series that go to one room are one entry.
SEVERAL = 3
Offers = Mapping[UUID, Sequence[Alternative]]


class Answered(Carried):
    """The proposal that is answered."""

    proposal: UUID


class AnsweredSeries(Carried):
    """The series whose dates are answered together: those that one room is held for, or none."""

    series: UUID
    room: UUID | None = None


class MovedInstead(Moving):
    """The proposal that is answered by moving its booking elsewhere."""

    proposal: UUID = Field(alias="o")


def told(
    proposals: Sequence[Proposal],
    offers: Offers,
    reader: Reader,
    *,
    above: Line = (),
    undo: ButtonElement | None = None,
    each: Collection[UUID] = (),
) -> Message | None:
    """Return the message about proposals, of one person's; `offers` are what else is free, by proposal that asked for it.

    None where there is nothing to say of any of them. `above` is what was just done, `undo` takes it back. Dates of a series
    that go to the same room are one entry, but for the series in `each`.
    """
    speaking = [one for one in proposals if _says_something(one)]
    if not speaking:
        return Message(text=spoken(above), blocks=[rich(above)]) if above else None
    if len(speaking) == 1 and not above:
        return _one(speaking[0], offers.get(speaking[0].id), reader)
    return _many(speaking, _grouped(speaking, each), offers, reader, above=above, undo=undo)


def _says_something(proposal: Proposal) -> bool:
    return proposal.status in {"open", "accepted", "cancelled"} or proposal.reopened


@dataclass(frozen=True, kw_only=True, slots=True)
class _Together:
    """Dates of one series, soonest first, that are open and go to the same room, or to none."""

    dates: Sequence[Proposal]

    @property
    def about(self) -> AnsweredSeries:
        """What its buttons carry."""
        first = self.dates[0]
        assert first.booking.series_id is not None
        return AnsweredSeries(series=first.booking.series_id, room=first.room.id if first.room else None)


def _grouped(proposals: Sequence[Proposal], each: Collection[UUID]) -> list[Proposal | _Together]:
    """Return the proposals as they are listed, in the order of the first of each entry."""
    alike: dict[object, list[Proposal]] = {}
    for one in proposals:
        series = one.booking.series_id
        together = series is not None and one.status == "open" and series not in each
        alike.setdefault((series, one.room and one.room.id) if together else one.id, []).append(one)
    entries: list[Proposal | _Together] = []
    for found in alike.values():
        entries += [_Together(dates=found)] if len(found) >= SEVERAL else found
    return sorted(entries, key=lambda one: (one.dates[0] if isinstance(one, _Together) else one).booking.start)


def _one(proposal: Proposal, offers: Sequence[Alternative] | None, reader: Reader) -> Message:
    lines = _lines(proposal, reader)
    return Message(text=spoken(*lines), blocks=[rich(*lines), *buttons.rows(_row(proposal, offers, reader))])


def _many(
    proposals: Sequence[Proposal],
    entries: Sequence[Proposal | _Together],
    offers: Offers,
    reader: Reader,
    *,
    above: Line,
    undo: ButtonElement | None,
) -> Message:
    open_ = [one for one in proposals if one.status == "open"]
    title: Line = [bold(f"{saying.counted(len(open_), 'booking')} of yours must move.")] if open_ else []
    # Why is said once for each room and closure.
    causes = {(_shut_room(one).id, one.closure_id): one for one in open_}
    heads: list[Line] = [line for line in (title, *(_closed(one, reader) for one in causes.values())) if line]
    if held := [one for one in open_ if one.room]:
        heads.append(["Another room is held for the same time."])
    done: list[Block] = [rich(above), *buttons.rows([undo])] if above else []
    blocks: list[Block] = [*done, rich(*heads)] if heads else done
    if len(held) > 1 and len(entries) > 1:
        take = buttons.button(f"Take all {len(held)} rooms", Action.TAKE_PROPOSALS, style="primary")
        blocks += buttons.rows([take])
    for number, one in enumerate(entries[:MOST_LISTED]):
        if isinstance(one, _Together):
            blocks += [rich(_dates(one, reader)), *buttons.rows(_row_of_dates(one, number))]
            continue
        row = _row(one, offers.get(one.id), reader, number=number, style=None)
        blocks += [rich(*_entry(one, reader)), *buttons.rows(row)]
    if len(entries) > MOST_LISTED:
        blocks.append(rich([f"and {len(entries) - MOST_LISTED} more: without an answer the rooms held are taken."]))
    said = [_dates(one, reader) if isinstance(one, _Together) else _entry(one, reader)[0] for one in entries]
    return Message(text=spoken(*([above] if above else []), *heads, *said), blocks=blocks)


def _dates(together: _Together, reader: Reader) -> Line:
    """Return "Stand-up", 12 dates, Wed 25 Nov to Thu 10 Dec, 09:00-10:00: Apollo, and what happens without an answer."""
    first, last = together.dates[0], together.dates[-1]
    booking, room = first.booking, first.room
    zone = booking.location.tz
    today = reader.now.astimezone(zone).date()
    days = [saying.short_date(one.booking.start.astimezone(zone).date(), today=today) for one in (first, last)]
    clocks = {saying.hours(one.booking.slot, zone) for one in together.dates}
    clock = f", {clocks.pop()}" if len(clocks) == 1 else ""
    when = f"{len(together.dates)} dates, {' to '.join(days)}{clock}"
    head: Line = [*_named(booking), ", ", bold(when), f" ({booking.location.name}): "]
    answers = {_at(one.answer_by, one.booking, reader) for one in together.dates}
    by = _at(min(one.answer_by for one in together.dates), booking, reader)
    if room is None:
        ends = f"by {by}, they are" if len(answers) == 1 else f"in time, from {by} on, each is"
        return [*head, f"no other room is free. If nothing frees {ends} cancelled."]
    yours = f"it is yours for all of them on {by}" if len(answers) == 1 else f"it is yours for each in turn, from {by} on"
    facts = room_facts(room)
    return [*head, bold(cut(room.name, 100)), f" ({facts})" if facts else "", f". If you say nothing, {yours}."]


def _row_of_dates(together: _Together, number: int) -> list[ButtonElement | None]:
    room, how_many = together.dates[0].room, len(together.dates)
    each = buttons.button("Date by date", Action.EACH_PROPOSAL.nth(number), together.about)
    if room is None:
        return [each]
    label = f"Take {cut(room.name, 50)} for {how_many} dates"
    return [buttons.button(label, Action.TAKE_PROPOSALS.nth(number), together.about), each]


def _entry(proposal: Proposal, reader: Reader) -> tuple[Line, ...]:
    """Return one booking among several: "Budget", Wed 25 Nov, 14:00-15:00: Apollo, until Wed 25 Nov, 12:00."""
    if proposal.status != "open":
        return _lines(proposal, reader)
    booking, room = proposal.booking, proposal.room
    until = _at(proposal.answer_by, booking, reader)
    head: Line = [*_named(booking), ", ", *_when(booking, reader), ": "]
    if room is None:
        free = "no other room is free. If nothing frees"
        if booking.more_rooms:
            free = "pick another room beside the rest. If you say nothing"
        return ([*head, f"{free} by {until}, it is cancelled."],)
    return ([*head, bold(cut(room.name, 100)), f" ({room_facts(room)}). If you say nothing, it is yours on {until}."],)


def _lines(proposal: Proposal, reader: Reader) -> tuple[Line, ...]:
    booking, room = proposal.booking, proposal.room
    name = bold(cut(booking.room.name, 100))
    match proposal.status:
        case "accepted":
            first: Line = ["✏️ ", *_meeting(booking), " is in ", name, " now, ", *_when(booking, reader), "."]
            return (first, ["Its own room closed, and nobody had answered."])
        case "cancelled":
            return (
                ["❌ ", *_meeting(booking), ", ", *_when(booking, reader), ", is cancelled."],
                [*_closed(proposal, reader), " No other room was free."],
            )
        case "overtaken":
            return (
                ["✅ ", name, " stays open: ", *_meeting(booking), " is there as before, ", *_when(booking, reader), "."],
            )
    why = _closed(proposal, reader)
    until = _at(proposal.answer_by, booking, reader)
    if room is None:
        free = " Pick another room beside the rest for " if booking.more_rooms else " No other room is free for "
        none: Line = [*why, free, *_meeting(booking), ", ", *_when(booking, reader), "."]
        return (none, [f"Pick another time or room. If nothing is free by {until}, it is cancelled."])
    held: Line = [*why, " ", bold(cut(room.name, 100)), " is held for ", *_meeting(booking), " at the same time: "]
    facts = room_facts(room)
    return (
        [*held, *_when(booking, reader), "."],
        [f"{facts}. " if facts else "", f"If you say nothing, it is yours on {until}."],
    )


def _closed(proposal: Proposal, reader: Reader) -> Line:
    """Return "Apollo is closed Thu 3 Dec, 09:00-17:00 (painting)." or that it is out of use."""
    booking = proposal.booking
    name = bold(cut(_shut_room(proposal).name, 100))
    if proposal.closed is None:
        return [name, " is out of use from now on."]
    why = f" ({cut(proposal.reason, 200)})" if proposal.reason else ""
    closed = span(proposal.closed.start, proposal.closed.end, booking.location.tz, now=reader.now)
    return [name, f" is closed {closed}{why}."]


def _shut_room(proposal: Proposal) -> Room:
    """Return the room of the booking that closes, of several the one that is known to."""
    return proposal.closed_room or out_of_use(proposal.booking) or proposal.booking.room


def _at(at: datetime, booking: Booking, reader: Reader) -> str:
    """Return "Wed 25 Nov, 12:00" on the place's clock."""
    zone = booking.location.tz
    day = saying.short_date(at.astimezone(zone).date(), today=reader.now.astimezone(zone).date())
    return f"{day}, {saying.clock_time(at, zone)}"


def _meeting(booking: Booking) -> Line:
    return [bold(quoted(cut(booking.title, 100)))] if booking.title else ["your booking"]


def _named(booking: Booking) -> Line:
    """Return the meeting as a line begins with it."""
    return _meeting(booking) if booking.title else ["Your booking"]


def _when(booking: Booking, reader: Reader) -> Line:
    return [
        bold(lasting(booking.slot, booking.location, reader)),
        where_and_own_clock(booking.slot, booking.location, reader),
    ]


def _row(
    proposal: Proposal,
    offers: Sequence[Alternative] | None,
    reader: Reader,
    *,
    number: int = 0,
    style: str | None = "primary",
) -> list[ButtonElement | None]:
    booking = proposal.booking
    if proposal.status in {"accepted", "overtaken"}:
        return [buttons.other_room(booking), buttons.cancel(booking, reader)] if booking.holds_room else []
    if proposal.status == "cancelled":
        return [buttons.book_again(booking, reader), buttons.find()]
    moves = [_move(nth, offer, proposal, reader) for nth, offer in enumerate((offers or ())[:MOST_OFFERED], start=1)]
    give_up = _cancel(proposal, reader)
    if proposal.room is None:
        return [*moves, buttons.edit(booking), give_up]
    about = Answered(proposal=proposal.id)
    take = buttons.button(f"Take {cut(proposal.room.name, 60)}", Action.TAKE_PROPOSAL.nth(number), about, style=style)
    if offers is None:
        return [take, buttons.button("Pick another", Action.PICK_PROPOSAL, about), give_up]
    # Asked for others: what is free, or, where nothing is, the form.
    return [take, *(moves or [buttons.edit(booking)]), give_up]


def out_of_use(booking: Booking) -> Room | None:
    """Return the one of a booking's rooms that is out of use, None where there is none or more than one."""
    found = [room for room in booking.rooms if not room.active]
    return found[0] if len(found) == 1 else None


def _move(nth: int, offer: Alternative, proposal: Proposal, reader: Reader) -> ButtonElement | None:
    booking = proposal.booking
    label = buttons.offer_label(offer, instead_of=booking.slot, at=booking.location, reader=reader)
    to = buttons.moving(Target.at(booking), offer)
    value = MovedInstead(
        proposal=proposal.id,
        booking=to.booking,
        version=to.version,
        room=to.room,
        start=to.start,
        end=to.end,
        instead=gone.id if booking.more_rooms and (gone := out_of_use(booking)) else None,
    )
    return buttons.button(label, Action.MOVE_PROPOSAL.nth(nth), value, aloud=f"Move to {label}")


def _cancel(proposal: Proposal, reader: Reader) -> ButtonElement | None:
    """Return what cancels this booking alone, also where it is a date of a series."""
    booking = proposal.booking
    confirm = ConfirmObject(
        title=PlainTextObject(text="Cancel this booking?"),
        text=PlainTextObject(text=cut(buttons.what_is_lost(booking, reader), 300)),
        confirm=PlainTextObject(text="Cancel booking"),
        deny=PlainTextObject(text="Keep it"),
        style="danger",
    )
    return buttons.button(
        "Cancel booking",
        Action.CANCEL_PROPOSAL,
        Answered(proposal=proposal.id),
        style="danger",
        confirm=confirm,
        aloud=f"Cancel the booking of {booking.room.name}",
    )
