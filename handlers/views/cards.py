"""Living messages about one booking: the channel's card with the history in its thread, and an invited person's own.

A channel has many readers: people stand there by name, not as mentions, which would ping them at every booking; of a
private booking it says "Busy". What stays for days says dates, not "tomorrow", and marks what differs from the first.
"""

from __future__ import annotations

from datetime import datetime

from slack_sdk.models.blocks import ButtonElement

from core import saying
from core.events import Kind
from core.models import Attendee, Booking, Response, Status
from core.notices import Happened
from handlers.replies import Message
from handlers.views import buttons, held
from handlers.views.bookings import TITLE_SHOWN, difference, differing_times, named_people
from handlers.views.held import rooms_of, same_rooms
from handlers.views.series_words import mark
from handlers.views.text import Line, bold, cut, joined, mention, rich, spoken, struck
from handlers.views.times import Reader, lasting, moment, where_and_own_clock

ROOM_SHOWN = 100
NAME_SHOWN = 80
REASON_SHOWN = 200

# What ended before its time and for which reason; a natural end is no news.
_OUT = {
    Status.CANCELLED: "cancelled",
    Status.DECLINED: "declined",
    Status.EXPIRED: "not approved in time",
    Status.RELEASED: "released",
}


def named(name: str) -> str:
    """Return "@ana" as characters: it looks like a mention and pings nobody."""
    return f"@{cut(name, NAME_SHOWN)}"


def ended_early(booking: Booking) -> bool:
    """Tell whether somebody ended it before its time."""
    return booking.status is Status.ENDED and booking.updated_at < booking.end


def over(booking: Booking, now: datetime) -> bool:
    """Tell whether there is nothing left to come to."""
    return not booking.holds_room or booking.end <= now


# -- the channel's -----------------------------------------------------------------------------------------------------


def channel_card(booking: Booking, reader: Reader, *, announced: Booking | None, last: Happened, who: str | None) -> Message:
    """Return a booking as a channel sees it; `announced` is how it heard of it first, `who` the name of who acted last."""
    whose: Line = [] if booking.private else [named(booking.booker.name)]
    outcome = _outcome(booking, reader, last=last, who=None if booking.private else who)
    first = [f"{_sign(booking, announced, reader)} ", *joined([*_what(booking, announced, reader), whose, outcome], " · ")]
    lines = (first, [] if booking.private else _about_people(booking, reader))
    return Message(text=spoken(*lines), blocks=[rich(*lines)])


def _sign(booking: Booking, announced: Booking | None, reader: Reader) -> str:
    if booking.status is Status.RELEASED or ended_early(booking):
        return "🔓"
    if booking.status in _OUT:
        return "❌"
    private = booking.private or (announced is not None and announced.private)
    return "✏️" if announced and differences(announced, booking, reader, private=private) else "✅"


def _what(booking: Booking, announced: Booking | None, reader: Reader) -> list[Line]:
    """Return title, room and time, each with what was announced in its place crossed out."""
    before = announced or booking
    rooms = difference(rooms_of(before), rooms_of(booking))
    if not (title := _title(booking, before)) and same_rooms(before, booking):
        rooms = [bold(rooms_of(booking))]
    where = where_and_own_clock(booking.slot, booking.location, reader)
    return [title, rooms, _when(booking, before, reader, where=where)]


def _title(booking: Booking, before: Booking) -> Line:
    if booking.private:
        return [bold("Busy")]
    if before.private or before.title == booking.title:
        return [bold(cut(booking.title, TITLE_SHOWN))] if booking.title else []
    return difference(cut(before.title or "", TITLE_SHOWN), cut(booking.title or "no title", TITLE_SHOWN))


def _when(booking: Booking, before: Booking, reader: Reader, *, where: str) -> Line:
    now = lasting(booking.slot, booking.location, reader)
    if booking.status in _OUT:
        return [struck(f"{now}{where}")]
    return [*differing_times(lasting(before.slot, before.location, reader), now), where]


def _outcome(booking: Booking, reader: Reader, *, last: Happened, who: str | None) -> Line:
    """Return how it ended before its time, or nothing."""
    if booking.status is Status.PENDING:
        return [bold("waits for approval")]
    if ended_early(booking):
        return [bold(f"ended at {moment(booking.updated_at, booking.location, reader)}")]
    if booking.status is Status.RELEASED:
        at = moment(booking.updated_at, booking.location, reader)
        return [bold(f"released at {at}"), ", since nobody checked in"]
    if booking.status is not Status.CANCELLED:
        return [bold(_OUT[booking.status])] if booking.status in _OUT else []
    by = [f" by {named(who)}"] if who and last.kind is Kind.CANCELLED else []
    return [bold("cancelled"), *by, *_because(None if booking.private else booking.cancel_reason)]


def _because(reason: str | None) -> Line:
    return [f": {cut(reason, REASON_SHOWN)}"] if reason else []


def _about_people(booking: Booking, reader: Reader) -> Line:
    """Return "For 6 people · with a flipchart · 3 of 5 invited are coming · checked in at 14:02", as far as there is any."""
    if booking.status in _OUT:
        return []
    count = [f"for {saying.people(booking.attendees_count)}"] if booking.attendees_count > 1 else []
    along = [held.borrowed(booking.equipment)] if booking.equipment else []
    parts = [*count, *along, *who_comes(booking)]
    if booking.checked_in_at:
        parts.append(f"checked in at {moment(booking.checked_in_at, booking.location, reader)}")
    elif booking.late_at and not over(booking, reader.now):
        parts.append("running late")
    parts += [str(piece) for piece in mark(booking, reader)]
    text = " · ".join(parts)
    return [text[0].upper() + text[1:]] if text else []


def who_comes(booking: Booking) -> list[str]:
    """Return "3 of 5 invited are coming" and "1 cannot", as far as they have answered; "5 invited" before anybody comes."""
    some_come = any(person.response is Response.GOING for person in booking.attendees)
    return [*([] if some_come or not booking.attendees else [f"{len(booking.attendees)} invited"]), *answers(booking)]


def answers(booking: Booking) -> list[str]:
    """Return "3 of 5 invited are coming" and "1 cannot", as far as they have answered."""
    given = [person.response for person in booking.attendees]
    going, cannot = given.count(Response.GOING), given.count(Response.DECLINED)
    coming = [f"{going} of {len(given)} invited {'is' if going == 1 else 'are'} coming"] if going else []
    return [*coming, *([f"{cannot} cannot"] if cannot else [])]


def differences(before: Booking, after: Booking, reader: Reader, *, private: bool) -> list[Line]:
    """Return what somebody who comes there has to know: another time, room or title."""
    parts: list[Line] = []
    if (before.slot, before.location.id) != (after.slot, after.location.id):
        where = where_and_own_clock(after.slot, after.location, reader)
        old, new = lasting(before.slot, before.location, reader), lasting(after.slot, after.location, reader)
        parts.append([*(differing_times(old, new) if old != new else [new]), where])
    if not same_rooms(before, after):
        parts.append(difference(rooms_of(before), rooms_of(after)))
    if before.title != after.title and not private:
        parts.append(difference(cut(before.title or "", TITLE_SHOWN), cut(after.title or "no title", TITLE_SHOWN)))
    return parts


# -- the thread --------------------------------------------------------------------------------------------------------


def history(happened: Happened, booking: Booking, reader: Reader, *, who: str | None) -> Message | None:
    """Return what happened as a message in the card's thread; None where it is no news there.

    The message of a series tells of all its dates: each line begins with the one that it is about.
    """
    line = history_line(happened, booking, reader, who=who)
    if line and booking.series_id:
        there = happened.before or happened.after
        zone = there.location.tz
        today = reader.now.astimezone(zone).date()
        line = [bold(saying.short_date(there.start.astimezone(zone).date(), today=today)), ": ", *line]
    return Message(text=spoken(line), blocks=[rich(line)]) if line else None


def history_line(happened: Happened, booking: Booking, reader: Reader, *, who: str | None) -> Line:
    """Return what happened as "@ana cancelled it: no projector.", or nothing.

    `booking` is as it stands now: what is private by now has no title and nobody's name in the line.
    """
    private = booking.private or happened.changed.before.private or happened.after.private
    return _told(happened, reader, private=private, who=None if private else who)


def _told(happened: Happened, reader: Reader, *, private: bool, who: str | None) -> Line:
    match happened.kind:
        case Kind.DECLINED | Kind.EXPIRED if not happened.after.holds_room:
            return ["It was declined." if happened.kind is Kind.DECLINED else "It was not approved in time."]
        case Kind.CANCELLED | Kind.RELEASED | Kind.ENDED:
            return _given_back(happened, reader, private=private, who=who)
        case Kind.LATE:
            return _by(who, "runs late.", "They run late.")
        case Kind.RESTORED if not happened.changed.before.holds_room:
            return _put_back(happened, reader, who=who)
        case Kind.CHANGED | Kind.RESTORED | Kind.DECLINED | Kind.EXPIRED:
            return _changed(happened, reader, private=private, who=who)
        case _:
            return []


def _given_back(happened: Happened, reader: Reader, *, private: bool, who: str | None) -> Line:
    at = moment(happened.at, happened.after.location, reader)
    if happened.kind is Kind.CANCELLED:
        return [*_by(who, "cancelled it", "It was cancelled"), *_because(None if private else happened.reason), "."]
    if happened.kind is Kind.RELEASED:
        return [f"Released at {at}, since nobody checked in."]
    return [*_by(who, f"ended it at {at}", f"It was ended at {at}"), "."] if ended_early(happened.after) else []


def _put_back(happened: Happened, reader: Reader, *, who: str | None) -> Line:
    after = happened.after
    if happened.changed.before.status is Status.RELEASED:
        at = moment(happened.at, after.location, reader)
        return [*_by(who, "took the room back", "The room was taken back"), f" at {at}."]
    when = f": {rooms_of(after)}, {lasting(after.slot, after.location, reader)}"
    return [*_by(who, "put it back on", "It is on again"), when, "."]


def _changed(happened: Happened, reader: Reader, *, private: bool, who: str | None) -> Line:
    before, after = happened.changed.before, happened.after
    parts = differences(before, after, reader, private=private)
    verb = _verb(before, after, reader)
    if before.attendees_count != after.attendees_count and not private:
        parts.append(difference(saying.people(before.attendees_count), saying.people(after.attendees_count)))
    if not parts:
        return []
    did, was = (f"{verb} it: ", f"It was {verb}: ")
    if happened.kind in {Kind.DECLINED, Kind.EXPIRED}:
        did = was = "The last change was not approved: "
        return [was, *joined(parts, " · ")]
    if happened.kind is Kind.RESTORED:
        did, was = "took the last change back: ", "The last change was taken back: "
    return [*_by(who, did, was), *joined(parts, " · ")]


def _verb(before: Booking, after: Booking, reader: Reader) -> str:
    if (before.room.id, before.start) == (after.room.id, after.start) and before.end != after.end:
        return "extended" if before.end < after.end else "shortened"
    if differences(before, after, reader, private=True):
        return "moved"
    # What is added or taken away is no new name; and where the number of people changes too, that is not renamed.
    named = before.title and after.title and before.title != after.title
    return "renamed" if named and before.attendees_count == after.attendees_count else "changed"


def _by(who: str | None, did: str, was: str) -> Line:
    return [f"{named(who)} {did}"] if who else [was]


# -- an invited person's -----------------------------------------------------------------------------------------------


def invitation(booking: Booking, reader: Reader, *, announced: Booking | None = None) -> Message:
    """Return a booking as somebody sees it who is invited to it, with Going and Can't while there is something to come to.

    What differs from `announced` is marked until the person has answered: who answers has seen it.
    """
    own = next((one for one in booking.attendees if one.person_id == reader.person.id), None)
    if own is None:
        return _uninvited(booking, reader)
    if booking.status in _OUT or ended_early(booking):
        return _off(booking, reader)
    before = announced if announced and own.response is None else booking
    there = booking.checked_in_at
    said = [f"Checked in at {moment(there, booking.location, reader)}."] if there else _answer(own)
    asked: Line = ["It waits for approval as it is now."] if booking.status is Status.PENDING else []
    lines = (_invited_to(booking, before, reader), [held.facts(booking)], _others(booking, reader), asked, said)
    row: list[ButtonElement | None] = []
    if not there and not over(booking, reader.now):
        row += [buttons.going(booking, style=None if own.response else "primary")] if own.response != Response.GOING else []
        row += [buttons.not_going(booking)] if own.response != Response.DECLINED else []
    return Message(text=spoken(*lines), blocks=[rich(*lines), *buttons.rows(row)])


def _invited_to(booking: Booking, before: Booking, reader: Reader) -> Line:
    what: Line = [bold(cut(booking.title, TITLE_SHOWN))] if booking.title else ["a meeting"]
    when = lasting(booking.slot, booking.location, reader)
    changed = differing_times(lasting(before.slot, before.location, reader), when)
    same_time = before.slot == booking.slot and before.location.id == booking.location.id
    same_room = same_rooms(before, booking)
    name = rooms_of(booking)
    return [
        "📅 " if same_time and same_room else "✏️ ",
        mention(booking.booker.slack_user_id),
        " invites you to ",
        *what,
        " in ",
        *([bold(name)] if same_room else difference(rooms_of(before), name)),
        ": ",
        *([bold(when)] if same_time else changed),
        where_and_own_clock(booking.slot, booking.location, reader),
    ]


def _others(booking: Booking, reader: Reader) -> Line:
    others = [one.slack_user_id for one in booking.coming if one.person_id != reader.person.id]
    named_ones: Line = ["with ", *named_people(others)] if others else []
    along: Line = [held.borrowed(booking.equipment)] if booking.equipment else []
    return joined([named_ones, along, ["private"] if booking.private else [], mark(booking, reader)], " · ")


def _answer(own: Attendee) -> Line:
    if own.response is None:
        return []
    return ["You are going." if own.response is Response.GOING else "You said that you cannot come."]


def _uninvited(booking: Booking, reader: Reader) -> Message:
    """Return that they need not come; of what has become none of their business, nothing else is told."""
    when = lasting(booking.slot, booking.location, reader)
    where = where_and_own_clock(booking.slot, booking.location, reader)
    line: Line = [
        "❌ You are no longer invited to ",
        mention(booking.booker.slack_user_id),
        "'s meeting in ",
        bold(rooms_of(booking)),
        f", {when}{where}.",
    ]
    return Message(text=spoken(line), blocks=[rich(line)])


def _off(booking: Booking, reader: Reader) -> Message:
    when = lasting(booking.slot, booking.location, reader)
    at = moment(booking.updated_at, booking.location, reader)
    sign, how = {
        Status.CANCELLED: ("❌", "is cancelled"),
        Status.RELEASED: ("🔓", f"was released at {at}, since nobody checked in"),
        Status.ENDED: ("🔓", f"ended at {at}"),
    }.get(booking.status, ("❌", f"was {_OUT.get(booking.status, 'ended')}"))
    whose: Line = [mention(booking.booker.slack_user_id), "'s meeting in "]
    what: Line = [bold(cut(booking.title, TITLE_SHOWN)), " in "] if booking.title else whose
    where = where_and_own_clock(booking.slot, booking.location, reader)
    room = bold(rooms_of(booking))
    line: Line = [f"{sign} ", *what, room, f", {when}{where}, {how}", *_because(booking.cancel_reason), "."]
    return Message(text=spoken(line), blocks=[rich(line)])
