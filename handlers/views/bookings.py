"""Messages about one booking: it is made, changed, cancelled, already there; and the list of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement

from core import saying
from core.models import Booking, Changed, Response, Status
from handlers.drafts import Draft, Reread, Target
from handlers.ids import Action
from handlers.replies import Message
from handlers.sentence.model import Assumption
from handlers.views import buttons, held
from handlers.views.held import facts, made_of, rooms_of, same_rooms
from handlers.views.series_words import mark
from handlers.views.text import Line, bold, code, cut, grey, grey_links, joined, mention, quoted, rich, said, spoken, struck
from handlers.views.times import Reader, dated, day_and_time, in_full, where_and_own_clock

# What somebody invited has said, as a list of theirs reminds them of it.
ANSWERS: Mapping[Response | None, str] = {Response.GOING: "You are going", Response.DECLINED: "You cannot come"}
NAMED_PEOPLE = 8
TITLE_SHOWN = 200


def booked(booking: Booking, reader: Reader, *, assumptions: Sequence[Assumption] = (), tellable: bool = False) -> Message:
    """Return "✅ Apollo is yours: ...", what was assumed with buttons that change it, and what can be done next.

    `tellable` says that it was booked in a channel, which can be told.
    """
    return _about(booking, reader, _yours("✅", booking, reader), assumptions=assumptions, tellable=tellable)


def channel_told(booking: Booking, reader: Reader) -> Message:
    """Return a booking of which a channel hears from now on."""
    told = _about(booking, reader, _yours("✅", booking, reader))
    return _noted(told, "This channel is told now, and sees every change of it.")


def channel_untold(booking: Booking, reader: Reader, *, why: str) -> Message:
    """Return a booking of which its channel cannot be told yet, with the button that tries again."""
    return _noted(_about(booking, reader, _yours("✅", booking, reader), tellable=True), why)


def _noted(told: Message, note: str) -> Message:
    """Return a message with a grey line above its buttons."""
    buttons_at = next(at for at, block in enumerate(told.blocks) if isinstance(block, ActionsBlock))
    shown, rest = told.blocks[:buttons_at], told.blocks[buttons_at:]
    return Message(text=f"{told.text}\n{note}", blocks=[*shown, grey(note), *rest])


def restored(booking: Booking, reader: Reader) -> Message:
    """Return the answer to taking a cancelling back."""
    return _about(booking, reader, _yours("✅", booking, reader, " again"))


def kept(booking: Booking, reader: Reader) -> Message:
    """Return a booking that was looked at and left as it is."""
    return _about(booking, reader, _told("✅", booking, reader, held.verb(booking, "stays as it is", "stay as they are")))


def changed(change: Changed, reader: Reader, *, assumptions: Sequence[Assumption] = ()) -> Message:
    """Return what is different, the old crossed out, with Undo."""
    if change.before == change.after:
        return _about(change.after, reader, _told("✏️", change.after, reader, "is as it was"), assumptions=assumptions)
    after, line = change.after, changed_line(change, reader)
    row = [buttons.undo(after), buttons.edit(after), buttons.other_room(after), buttons.stop(after, reader)]
    # The line names the title already.
    asked: Line = ["It is held ", until_approved(reader.approvers(after)), "."] if after.status is Status.PENDING else []
    lines = (line, asked, details(replace(after, title=None), reader))
    blocks = [rich(*lines), *_assumed(after, assumptions), *buttons.rows(row), *_elsewhere(after, reader)]
    return Message(text=spoken(*lines, *([one.text] for one in assumptions)), blocks=blocks)


def cancelled(change: Changed, reader: Reader) -> Message:
    """Return "❌ ... is cancelled.", with Undo."""
    line = cancelled_line(change.after, reader)
    return Message(text=spoken(line), blocks=[rich(line), *buttons.rows([buttons.undo(change.after)])])


def cancelled_line(booking: Booking, reader: Reader) -> Line:
    """Return the one line that says that a booking is no more."""
    return [
        "❌ ",
        *_name(booking),
        f", {dated(booking.slot, booking.location, reader)}",
        _where(booking, reader),
        " is cancelled.",
    ]


def same_again(twin: Booking, draft: Draft, reader: Reader) -> Message:
    """Return the booking that the same sentence has just made, with a button for a second."""
    lines = (
        ["You booked this a moment ago: ", *headline(twin, reader), "."],
        details(twin, reader),
    )
    another = draft.anywhere(twin.location.id)  # the room itself is taken: by this very booking
    row = [
        buttons.button("Book another room", Action.BOOK_ANOTHER, another),
        buttons.edit(twin),
        buttons.stop(twin, reader),
    ]
    return Message(text=spoken(*lines), blocks=[rich(*lines), *buttons.rows(row)])


def headline(booking: Booking, reader: Reader) -> Line:
    """Return "Apollo, tomorrow, Wed 25 Nov, 14:00-15:30 (New York)" with room and time standing out."""
    when = in_full(booking.slot, booking.location, reader)
    return [bold(made_of(booking, reader)), ", ", bold(when), _where(booking, reader)]


def details(booking: Booking, reader: Reader) -> Line:
    """Return a line with title, people, what comes along, whether it is private and its series, as far as there are."""
    parts: list[Line] = []
    if booking.title:
        parts.append([quoted(cut(booking.title, TITLE_SHOWN))])
    if booking.booker.slack_user_id != reader.person.slack_user_id:
        parts.append(["booked by ", mention(booking.booker.slack_user_id)])
    others = [one.slack_user_id for one in booking.attendees if one.person_id != reader.person.id]
    if others:
        parts.append(["with ", *named_people(others)])
    parts.append([held.borrowed(booking.equipment)] if booking.equipment else [])
    if booking.private:
        parts.append(["private"])
    parts.append(mark(booking, reader))
    return joined(parts, " · ")


def entry(booking: Booking, reader: Reader) -> tuple[Line, ...]:
    """Return a booking as it stands in a list: when, where, what and with whom."""
    said_when = in_full(booking.slot, booking.location, reader)
    when: Line = [bold(said_when[0].upper() + said_when[1:]), _where(booking, reader)]
    place: Line = [bold(made_of(booking, reader)), f" · {facts(booking)}"]
    return (when, place, joined([waits(booking), details(booking, reader)], " · "))


def _answered(booking: Booking, reader: Reader) -> Line:
    answer = ANSWERS.get(own_response(booking, reader)) if invited_to(booking, reader) else None
    return [answer] if answer else []


def changed_line(change: Changed, reader: Reader) -> Line:
    """Return "✏️ Design review · Apollo · Wed 25 Nov, 14:00-15:30 15:00-16:30", what is gone crossed out."""
    before, after = change.before, change.after
    parts: list[Line] = []
    rooms = difference(rooms_of(before), rooms_of(after))
    if before.title != after.title:
        parts += [difference(before.title or "", after.title or "no title"), rooms]
    elif after.title:
        parts += [[bold(cut(after.title, TITLE_SHOWN))], rooms]
    else:
        parts.append([bold(rooms_of(after))] if same_rooms(before, after) else rooms)
    parts.append([*_times(change, reader), _where(after, reader)])
    if before.attendees_count != after.attendees_count:
        parts.append(difference(saying.people(before.attendees_count), saying.people(after.attendees_count)))
    if lent := held.changed(before.equipment, after.equipment):
        parts.append(difference(*lent))
    if before.private != after.private:
        parts.append([bold("private" if after.private else "not private any more")])
    if before.shared != after.shared and after.attendees:
        parts.append([bold("everybody invited may change it" if after.shared else "invited people may not change it")])
    return ["✏️ ", *joined(parts, " · ")]


def listed(
    bookings: Sequence[Booking],
    reader: Reader,
    *,
    changeable: frozenset[str],
    offset: int = 0,
    more_from: int | None = None,
    page: int = 8,
    above: Sequence[Block | Mapping[str, Any]] = (),
    said_above: str = "",
    below: Sequence[Block] = (),
    said_below: str = "",
) -> Message:
    """Return a page of one's own bookings with Edit and Cancel at each that one may change; who is invited can answer.

    `changeable` holds their ids as text; `more_from` is the offset of the next page, None on the last; `above` is
    what is told first, `below` what is told last.
    """
    if not bookings and not offset:
        none = _none_ahead(reader, above, said_above)
        text = "\n".join(part for part in (none.text, said_below) if part)
        return Message(text=text, blocks=[*none.blocks, *below])
    title = "Your bookings" if not offset else f"Your bookings, from the {offset + 1}. on"
    blocks: list[Block | Mapping[str, Any]] = [*above, rich([bold(title)])]
    told = [said_above] if said_above else []
    told.append(said(f"{title}:"))
    for number, booking in enumerate(bookings):
        lines = (*entry(booking, reader), _answered(booking, reader))
        blocks.append(rich(*lines))
        told.append(spoken(joined(lines, ", ")))
        row = _in_list(booking, reader, changeable=str(booking.id) in changeable)
        blocks += buttons.rows(row, block_id=f"{IN_LIST}:{offset}:{number}")
    turn = [buttons.button("Earlier", Action.PAGE_MINE.nth(1), str(max(0, offset - page)))] if offset else []
    turn += [buttons.button("More", Action.PAGE_MINE.nth(2), str(more_from))] if more_from else []
    blocks += [*buttons.rows(turn), *below]
    told += [said_below] if said_below else []
    return Message(text=cut("\n".join(told), 3000), blocks=blocks)


def _in_list(booking: Booking, reader: Reader, *, changeable: bool) -> list[ButtonElement | None]:
    if not invited_to(booking, reader):
        return [buttons.edit(booking), buttons.stop(booking, reader)] if changeable else []
    row: list[ButtonElement | None] = []
    if not booking.checked_in_at:
        # There is no menu here, in which somebody who comes could say that they do not after all.
        going = own_response(booking, reader) is Response.GOING
        row += [buttons.not_going(booking)] if going else answering(booking, reader)
    row += [buttons.edit(booking)] if changeable else []
    return [*row, *([buttons.end_early(booking)] if changeable and booking.start <= reader.now < booking.end else [])]


def answering(booking: Booking, reader: Reader) -> list[ButtonElement | None]:
    """Return the buttons with which somebody invited says whether they come, as far as they have not said it."""
    match own_response(booking, reader):
        case None:
            return [buttons.going(booking), buttons.not_going(booking)]
        case Response.DECLINED:
            return [buttons.going(booking)]
        case _:
            return []


def invited_to(booking: Booking, reader: Reader) -> bool:
    """Tell whether the reader is invited to it by somebody else."""
    own = reader.person.slack_user_id
    return booking.booker.slack_user_id != own and any(a.slack_user_id == own for a in booking.attendees)


def own_response(booking: Booking, reader: Reader) -> Response | None:
    """Return what the reader has said of coming."""
    own = (a.response for a in booking.attendees if a.slack_user_id == reader.person.slack_user_id)
    return next(own, None)


# Block ids of rows in the list begin with it and go on with the page's offset: who clicks there gets the list back.
IN_LIST = "mine"


def none_ahead(reader: Reader) -> Message:
    """Return that there are no bookings, and how to get one."""
    return _none_ahead(reader, (), "")


def none_ahead_line(reader: Reader) -> Line:
    """Return the invitation that stands where bookings would."""
    if not reader.may_book:
        return ["No bookings ahead. Guests cannot book rooms here: a colleague can book one and invite you."]
    return ["No bookings ahead. Try ", code(f"{reader.command} room tomorrow 10am for 4"), ", or"]


def _none_ahead(reader: Reader, above: Sequence[Block | Mapping[str, Any]], said_above: str) -> Message:
    line = none_ahead_line(reader)
    row = [buttons.new_booking(), buttons.find()] if reader.may_book else []
    text = "\n".join(part for part in (said_above, spoken(line)) if part)
    return Message(text=text, blocks=[*above, rich(line), *buttons.rows(row)])


def _about(
    booking: Booking, reader: Reader, line: Line, *, assumptions: Sequence[Assumption] = (), tellable: bool = False
) -> Message:
    lines = (line, [facts(booking)], details(booking, reader))
    row: list[ButtonElement | None] = [buttons.edit(booking), buttons.invite(booking), buttons.other_room(booking)]
    # A channel hears of it once it is approved.
    row += [buttons.tell_channel(booking)] if tellable and booking.status is not Status.PENDING else []
    row.append(buttons.stop(booking, reader))
    assumed = [[assumption.text] for assumption in assumptions]
    blocks = [rich(*lines), *_assumed(booking, assumptions), *buttons.rows(row), *_elsewhere(booking, reader)]
    return Message(text=spoken(*lines, *assumed), blocks=blocks)


def _elsewhere(booking: Booking, reader: Reader) -> list[Block]:
    """Return the line with which a booking gets into somebody's calendar elsewhere."""
    ways = reader.additions(booking)
    if ways is None:
        return []
    links = {"Google": ways.google, "Outlook": ways.outlook, **({"file (.ics)": ways.file} if ways.file else {})}
    return [grey_links("Add to your calendar: ", links)]


def _yours(sign: str, booking: Booking, reader: Reader, how: str = "") -> Line:
    if booking.status is Status.PENDING:
        whose = f"{held.verb(booking)} held for {'you' if _own(booking, reader) else booking.booker.name}{how}"
        return [*_told("⏳", booking, reader, whose), f", {waiting_until(booking, reader)}"]
    verb = "yours" if _own(booking, reader) else "booked"
    return _told(sign, booking, reader, f"{held.verb(booking)} {verb}{how}")


def _own(booking: Booking, reader: Reader) -> bool:
    return booking.booker.slack_user_id == reader.person.slack_user_id


def waits(booking: Booking) -> Line:
    """Return "waits for approval" where it does."""
    return [bold("waits for approval")] if booking.status is Status.PENDING else []


def until_approved(names: Sequence[str]) -> str:
    """Return "until Ana or Ben approves it", by the names of those who can; without any, that is the admins."""
    shown = [cut(name, 40) for name in names[:3]]
    shown += ["somebody else"] if len(names) > len(shown) else []
    return f"until {saying.listed(shown, last='or') if shown else 'an admin'} approves it"


def waiting_until(booking: Booking, reader: Reader) -> str:
    """Return "until Ana or Ben approves it, Wed 25 Nov, 16:00 at the latest", the moment where it was just asked."""
    said, latest = until_approved(reader.approvers(booking)), reader.held_until(booking)
    return f"{said}, {day_and_time(latest, booking.location, reader)} at the latest" if latest else said


def _told(sign: str, booking: Booking, reader: Reader, verb: str) -> Line:
    when = in_full(booking.slot, booking.location, reader)
    return [f"{sign} ", bold(made_of(booking, reader)), f" {verb}: ", bold(when), _where(booking, reader)]


def _assumed(booking: Booking, assumptions: Sequence[Assumption]) -> list[Block]:
    if not assumptions:
        return []
    target = Target.at(booking)
    options = [option for assumption in assumptions for option in assumption.options]
    row = [
        buttons.button(
            option.label,
            Action.READ_AGAIN.nth(number),
            Reread(booking=target.booking, version=target.version, sentence=option.sentence),
            aloud=f"Change it: {option.label}",
        )
        for number, option in enumerate(options, start=1)
        if len(option.sentence) <= Reread.LONGEST
    ]
    text = " · ".join(assumption.text for assumption in assumptions)
    return [grey(text[0].upper() + text[1:]), *buttons.rows(row)]


def _where(booking: Booking, reader: Reader) -> str:
    return where_and_own_clock(booking.slot, booking.location, reader)


def _name(booking: Booking) -> Line:
    room = bold(rooms_of(booking))
    return [bold(cut(booking.title, TITLE_SHOWN)), " in ", room] if booking.title else [room]


def named_people(slack_user_ids: Sequence[str]) -> Line:
    """Return "@ana, @ben and 3 more"."""
    named = slack_user_ids[:NAMED_PEOPLE]
    left = len(slack_user_ids) - len(named)
    whole = joined([[mention(user)] for user in named], ", ")
    return [*whole, f" and {left} more"] if left else whole


def difference(before: str, after: str) -> Line:
    """Return what is new, behind what is gone crossed out; what stays is no difference."""
    if before == after:
        return [after]
    return [struck(before), " ", bold(after)] if before else [bold(after)]


def _times(change: Changed, reader: Reader) -> Line:
    before, after = change.before, change.after
    return differing_times(dated(before.slot, before.location, reader), dated(after.slot, after.location, reader))


def differing_times(before: str, after: str) -> Line:
    """Return the difference of two texts like "Wed 25 Nov, 14:00-15:30"; a day that stays is said once."""
    (old_day, old_hours), (new_day, new_hours) = (text.split(", ", 1) for text in (before, after))
    if old_day == new_day:
        return [f"{new_day}, ", *difference(old_hours, new_hours)]
    return difference(before, after)
