"""Approval as people see it: the message that asks an approver, the forms behind its buttons, and what the booker hears.

An approver's message lives: while the request waits it has buttons, afterwards it says who decided. It stands for days, so
that times carry their date.
"""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import Block, InputBlock, Option, PlainTextInputElement, PlainTextObject, RadioButtonsElement
from slack_sdk.models.blocks.block_elements import ButtonElement
from slack_sdk.models.views import View

from core import saying
from core.approval_deciding import Suggestion
from core.approval_rows import Request
from core.models import Actor, Alternative, Booking, Status
from handlers.drafts import Draft, Requested, Suggested, Target
from handlers.ids import Action, Callback, Field
from handlers.replies import Message
from handlers.series_drafts import SeriesAt
from handlers.views import buttons
from handlers.views.bookings import TITLE_SHOWN, named_people
from handlers.views.held import borrowed, rooms_of, same_rooms
from handlers.views.text import Line, bold, cut, grey, joined, mention, quoted, rich, spoken
from handlers.views.times import Reader, day_and_time, lasting, room_facts, where_and_own_clock

REASON_LENGTH = 300
ROOM_SHOWN = 100
# Radio buttons hold no more.
MOST_OFFERS = 10
ELSEWHERE = 3


# -- the approver's ----------------------------------------------------------------------------------------------------


def card(request: Request, reader: Reader) -> Message:
    """Return what asks somebody to decide, or says how it was decided."""
    return _asks(request, reader) if request.open else _told(request, reader)


def _asks(request: Request, reader: Reader, *, sign: str = "⏳") -> Message:
    booking = request.booking
    first: Line = [f"{sign} ", mention(booking.booker.slack_user_id), " asks for ", *_what(request, reader)]
    lines = (first, _details(request, reader), _also(request, reader))
    why = f"{_why(request)} {_until(request, reader)}"
    row = deciding(request)
    return Message(
        text=spoken(*lines, [why]),
        blocks=[rich(*lines), grey(why), *buttons.rows(row)],
    )


def overtaken(sentence: str, request: Request, reader: Reader) -> Message:
    """Return a request as it stands, below what kept somebody from deciding it."""
    shown = card(request, reader)
    return Message(text=f"{spoken([sentence])}\n{shown.text}", blocks=[rich([sentence]), *shown.blocks])


def deciding(request: Request) -> list[ButtonElement | None]:
    """Return the buttons with which somebody decides."""
    about = Requested(request=request.id)
    whose = f"{cut(request.booking.booker.name, 20)}'s request"
    return [
        buttons.button("Approve", Action.APPROVE, about, style="primary", aloud=f"Approve {whose}"),
        buttons.button("Suggest another…", Action.SUGGEST, about, aloud=f"Suggest another room or time for {whose}"),
        buttons.button("Decline…", Action.DECLINE_REQUEST, about, style="danger", aloud=f"Decline {whose}"),
    ]


def reminder(request: Request, reader: Reader) -> Message:
    """Return that a request still waits, with the buttons that decide."""
    booking = request.booking
    line: Line = [
        "⏰ ",
        mention(booking.booker.slack_user_id),
        " still waits for an answer: ",
        *_what(request, reader),
    ]
    lines = (line, _details(request, reader))
    until = _until(request, reader)
    return Message(text=spoken(*lines, [until]), blocks=[rich(*lines), grey(until), *buttons.rows(deciding(request))])


def _what(request: Request, reader: Reader) -> Line:
    """Return "Boardroom: Wed 25 Nov, 14:00-15:00 (New York)", of several dates the first and how many."""
    return [*_rooms(request.booking), ": ", *_when(request, reader)]


def _when(request: Request, reader: Reader) -> Line:
    booking = request.booking
    when = lasting(booking.slot, booking.location, reader)
    return [bold(when), where_and_own_clock(booking.slot, booking.location, reader), *_dates(request, reader)]


def _rooms(booking: Booking) -> Line:
    return [bold(rooms_of(booking))]


def _dates(request: Request, reader: Reader) -> Line:
    if request.last is None:
        return []
    last = request.last.start.astimezone(request.last.location.tz).date()
    today = reader.now.astimezone(request.last.location.tz).date()
    return [" and ", bold(f"{request.dates - 1} more"), f" until {saying.short_date(last, today=today)}"]


def _details(request: Request, reader: Reader) -> Line:
    """Return who comes and what for, as far as the approver may see it."""
    booking = request.booking
    seen = booking.details_for(_actor(reader))
    parts: list[Line] = [[quoted(cut(booking.title, TITLE_SHOWN))]] if booking.title and seen else []
    parts.append([f"for {saying.people(booking.attendees_count)}"])
    if seen and booking.attendees:
        parts.append(["with ", *named_people([one.slack_user_id for one in booking.attendees])])
    parts += [[borrowed(booking.equipment)]] if booking.equipment else []
    parts += [["private"]] if booking.private else []
    text = joined(parts, " · ")
    return [text[0][0].upper() + text[0][1:], *text[1:]] if isinstance(text[0], str) else text


def _actor(reader: Reader) -> Actor:
    return reader.person.acting()


def _also(request: Request, reader: Reader) -> Line:
    """Return what was approved before, and stays if this is declined."""
    before, now = request.approved_before, request.booking
    if before is None:
        return []
    was = f"{lasting(before.slot, before.location, reader)}, for {saying.people(before.attendees_count)}"
    room = [] if same_rooms(before, now) else [rooms_of(before), ", "]
    within = same_rooms(before, now) and now.start <= before.start and before.end <= now.end
    stays = "; if you decline, that stays." if within else "; if you decline, that is given up too."
    return ["Approved before: ", *room, was, stays]


def _why(request: Request) -> str:
    names = rooms_of(request.booking)
    why = f"They may ask for {names}, not book it" if request.by_right else f"Bookings of {names} need approval"
    return f"{why}; one answer is for all {request.dates} dates." if request.dates > 1 else f"{why}."


def _until(request: Request, reader: Reader) -> str:
    until = day_and_time(request.expires_at, request.booking.location, reader)
    if request.approved_before is not None:
        return f"It is held until {until}."
    return f"It is held until {until}; after that, others can have it."


def _told(request: Request, reader: Reader) -> Message:
    booking = request.booking
    own = request.decided_by == reader.person.id
    who: Line = ["you"] if own else [mention(request.decided_by_slack)] if request.decided_by_slack else []
    by: Line = [" by ", *who] if who else []
    decided = request.decision != "expired" and request.decided_at
    at = day_and_time(decided or request.expires_at, booking.location, reader)
    match request.decision:
        case "approved":
            first: Line = ["✅ ", bold("Approved"), *by, f", {at}"]
        case "declined":
            first = ["❌ ", bold("Declined"), *by, f", {at}"]
        case "expired":
            first = ["⌛ ", bold("Nobody decided in time"), f": it was held until {at}"]
        case _:
            first = ["⚪ ", bold(_not_needed(booking))]
    reason: Line = [quoted(cut(request.reason, REASON_LENGTH))] if request.reason else []
    what: Line = [*_rooms(booking), ", ", *_when(request, reader), ", for ", mention(booking.booker.slack_user_id)]
    lines = (first, reason, what, _details(request, reader))
    return Message(text=spoken(*lines), blocks=[rich(*lines)])


def _not_needed(booking: Booking) -> str:
    return "It was cancelled" if booking.status is Status.CANCELLED else "Nothing to decide any more"


# -- the forms ---------------------------------------------------------------------------------------------------------


def decline_form(request: Request, reader: Reader) -> View:
    """Return the form in which a request is declined, with a reason if one likes."""
    booking = request.booking
    element = PlainTextInputElement(
        action_id=Action.REASON,
        max_length=REASON_LENGTH,
        focus_on_load=True,
        placeholder=PlainTextObject(text="The board meets there then"),
    )
    return View(
        type="modal",
        callback_id=Callback.DECLINE.value,
        title="Decline",
        submit="Decline",
        close="Back",
        private_metadata=Requested(request=request.id).dump(),
        blocks=[
            rich([mention(booking.booker.slack_user_id), " asks for ", *_what(request, reader)], _also(request, reader)),
            InputBlock(
                block_id=Field.REASON.value,
                label="Why",
                element=element,
                optional=True,
                hint="Whoever asked reads it, and is shown other rooms and times.",
            ),
        ],
    )


def suggest_form(request: Request, offers: Sequence[Alternative], reader: Reader) -> View:
    """Return the form in which another room or time is suggested; one that only says so where none is free."""
    booking = request.booking
    above: list[Block] = [
        rich([mention(booking.booker.slack_user_id), " asks for ", *_what(request, reader)], _details(request, reader))
    ]
    if not offers:
        blocks = [*above, rich(["No other room or time is free for it on that day."])]
        return View(type="modal", callback_id=Callback.MESSAGE.value, title="Suggest another", close="Back", blocks=blocks)
    note = PlainTextInputElement(action_id=Action.REASON, max_length=REASON_LENGTH)
    return View(
        type="modal",
        callback_id=Callback.SUGGEST.value,
        title="Suggest another",
        submit="Suggest",
        close="Back",
        private_metadata=Requested(request=request.id).dump(),
        blocks=[
            *above,
            InputBlock(block_id=Field.OFFER.value, label="What is free", element=_choices(booking, offers, reader)),
            InputBlock(
                block_id=Field.REASON.value,
                label="A word about it",
                element=note,
                optional=True,
                hint="The request goes on waiting until it is taken, or somebody decides.",
            ),
        ],
    )


def _choices(booking: Booking, offers: Sequence[Alternative], reader: Reader) -> RadioButtonsElement:
    options = [
        Option(
            text=PlainTextObject(
                text=cut(buttons.offer_label(one, instead_of=booking.slot, at=booking.location, reader=reader), 75)
            ),
            description=PlainTextObject(text=cut(room_facts(one.room), 75)),
            value=buttons.moving(Target.at(booking), one).dump(),
        )
        for one in offers[:MOST_OFFERS]
    ]
    return RadioButtonsElement(action_id=Action.OFFER, options=options, initial_option=options[0])


def suggested(request: Request, offer: Alternative, reader: Reader) -> Message:
    """Return the answer to an approver who suggested something."""
    booking = request.booking
    what = buttons.offer_label(offer, instead_of=booking.slot, at=booking.location, reader=reader)
    line: Line = [mention(booking.booker.slack_user_id), " is asked whether ", bold(what), " will do; the request waits."]
    return Message(text=spoken(line), blocks=[rich(line)])


# -- the booker's ------------------------------------------------------------------------------------------------------


def decided(request: Request, offers: Sequence[Alternative], reader: Reader) -> Message:
    """Return to the booker how their request was decided; `offers` are free instead of what was declined."""
    booking = request.booking
    match request.decision:
        case "approved":
            return _approved(request, reader)
        case "declined" | "expired" if booking.holds_room:
            return _went_back(request, reader)
        case _:
            return _refused(request, offers, reader)


def _by(request: Request) -> Line:
    return [mention(request.decided_by_slack)] if request.decided_by_slack else ["An admin"]


def _approved(request: Request, reader: Reader) -> Message:
    booking = request.booking
    first: Line = ["✅ ", *_by(request), " approved it: ", *_rooms(booking), " is yours, ", *_when(request, reader)]
    if request.dates > 1:
        return _message((first, _title(booking)), _dates_of(booking))
    row = [buttons.edit(booking), buttons.invite(booking), buttons.cancel(booking, reader)]
    return _message((first, _title(booking)), row)


def _dates_of(booking: Booking) -> list[ButtonElement | None]:
    if booking.series_id is None:
        return []
    return [buttons.button("Show dates", Action.OPEN_SERIES, SeriesAt(series=booking.series_id))]


def _went_back(request: Request, reader: Reader) -> Message:
    """Return that what was approved before goes on, and no more than that."""
    booking = request.booking
    declined = request.decision == "declined"
    how: Line = [*_by(request), " declined the change"] if declined else ["Nobody approved the change in time"]
    stays: Line = ["It stays as it was: ", *_what(request, reader), f", for {saying.people(booking.attendees_count)}."]
    row = [buttons.edit(booking), buttons.cancel(booking, reader)]
    return _message((["❌ ", *how, *_because(request)], stays, _title(booking)), row)


def _because(request: Request) -> Line:
    return [f": {cut(request.reason, REASON_LENGTH)}"] if request.reason else ["."]


def _refused(request: Request, offers: Sequence[Alternative], reader: Reader) -> Message:
    booking = request.booking
    if request.decision == "declined":
        how: Line = ["❌ ", *_by(request), " declined ", *_what(request, reader)]
    else:
        how = ["⌛ Nobody approved ", *_what(request, reader), " in time"]
    reason = _because(request)
    given: Line = ["The room is not held for you any more."]
    if request.dates > 1 or booking.start <= reader.now:
        row = [buttons.find()] if request.dates > 1 else []
        return _message(([*how, *reason], given, _title(booking)), row)
    wanted = Draft.like(booking)
    row = [
        buttons.button(
            buttons.offer_label(one, instead_of=booking.slot, at=booking.location, reader=reader),
            Action.TAKE_ASIDE.nth(number),
            wanted.taking(one),
        )
        for number, one in enumerate(offers[:ELSEWHERE], start=1)
    ]
    lines: tuple[Line, ...] = ([*how, *reason], given, _title(booking))
    # Read aloud, what is free is what the buttons say.
    shown = (*lines, ["Free instead:"]) if row else lines
    return Message(text=spoken(*lines), blocks=[rich(*shown), *buttons.rows([*row, buttons.find()])])


def suggestion(found: Suggestion, by: str, reader: Reader) -> Message:
    """Return to the booker what somebody suggests instead, theirs in a tap; `by` is who, as a Slack id."""
    booking, offer = found.booking, found.offer
    when = lasting(offer.slot, offer.location, reader)
    where = where_and_own_clock(offer.slot, offer.location, reader)
    asked = lasting(booking.slot, booking.location, reader)
    lines: tuple[Line, ...] = (
        ["💬 ", mention(by), " suggests ", bold(cut(offer.room.name, ROOM_SHOWN)), ", ", bold(when), where],
        [quoted(cut(found.note, REASON_LENGTH))] if found.note else [],
        [room_facts(offer.room)],
        ["instead of ", rooms_of(booking), f", {asked}, which still waits for approval."],
    )
    row = [
        buttons.button("Take it", Action.TAKE_SUGGESTION, Suggested(suggestion=found.id), style="primary"),
        buttons.cancel(booking, reader),
    ]
    return _message(lines, row)


def _title(booking: Booking) -> Line:
    return [quoted(cut(booking.title, TITLE_SHOWN))] if booking.title else []


def _message(lines: Sequence[Line], row: Sequence[ButtonElement | None]) -> Message:
    return Message(text=spoken(*lines), blocks=[rich(*lines), *buttons.rows(row)])
