"""What comes by itself about series: one living message for all dates, what was done to many, what is missing, what ends.

A channel reads names, not mentions, and of what is private only that the room is busy; what stays for weeks says dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from slack_sdk.models.blocks import ButtonElement

from core import saying
from core.models import Booking, Response, Status
from core.notices import Together
from core.series_values import OneSeries, SeriesStatus
from handlers.ids import Action
from handlers.replies import Message
from handlers.series_drafts import SeriesAnswer, SeriesAt, SeriesTarget
from handlers.views import buttons, held, rhythm
from handlers.views.bookings import TITLE_SHOWN, difference, named_people
from handlers.views.cards import named, who_comes
from handlers.views.series import in_other_rooms, named_dates, rooms_of
from handlers.views.series_words import ROOM_SHOWN, dates_of, day_of, rhythm_of, today_at, told
from handlers.views.text import Line, bold, cut, joined, mention, struck
from handlers.views.times import Reader, where_and_own_clock

# -- living messages ---------------------------------------------------------------------------------------------------


def channel_card(
    booking: Booking, series: OneSeries, together: Together, reader: Reader, *, elsewhere: Sequence[Booking] = ()
) -> Message:
    """Return a series as a channel sees it: "✅ Standup · Apollo · every Tuesday, 10:00-10:30, 8 dates ... · @ben".

    `elsewhere` are dates that have other rooms.
    """
    over = series.status is SeriesStatus.CANCELLED
    private = booking.private or series.private
    title: Line = [bold("Busy")] if private else [bold(cut(series.title, TITLE_SHOWN))] if series.title else []
    room = held.named(rooms_of(series))
    when = f"{rhythm_of(series)}{where_and_own_clock(booking.slot, booking.location, reader)}, {_span(series, together)}"
    parts: list[Line] = [
        title,
        [room if title else bold(room)],
        [struck(when) if over else when],
        [] if private else [named(series.booker.name)],
        [bold("cancelled")] if over else [bold("waits for approval")] if booking.status is Status.PENDING else [],
    ]
    people = [] if private or over else _people(booking)
    others = [] if over else in_other_rooms(elsewhere, series, reader)
    return told([["❌ " if over else "✅ ", *joined(parts, " · ")], others, people], [])


def _people(booking: Booking) -> Line:
    count = [f"for {saying.people(booking.attendees_count)}"] if booking.attendees_count > 1 else []
    text = " · ".join([*count, *who_comes(booking)])
    return [text[0].upper() + text[1:]] if text else []


def _span(series: OneSeries, together: Together) -> str:
    """Return "8 dates, Tue 1 Dec 2026 to Tue 19 Jan 2027", or "from Tue 1 Dec on" where there is no end."""
    first = together.first.after
    began = day_of(first, first.location)
    if not (days := dates_of(series)):
        return f"from {saying.short_date(began, today=began)} on"
    last = saying.short_date(days[-1], today=began)
    return f"{rhythm.dates(len(days))}, {saying.short_date(days[0], today=began)} to {last}"


def invitation(
    booking: Booking, series: OneSeries, together: Together, reader: Reader, *, elsewhere: Sequence[Booking] = ()
) -> Message:
    """Return a series as somebody sees it who is invited to it, with Going and Can't for all of its dates.

    `elsewhere` are dates that have other rooms.
    """
    own = next((one for one in booking.attendees if one.person_id == reader.person.id), None)
    over = series.status is SeriesStatus.CANCELLED
    what: Line = [bold(cut(series.title, TITLE_SHOWN))] if series.title else ["a series of meetings"]
    where = where_and_own_clock(booking.slot, booking.location, reader)
    first: Line = [
        "❌ " if over else "📅 ",
        mention(series.booker.slack_user_id),
        " cancelled " if over else " invites you to ",
        *what,
        " in ",
        bold(held.named(rooms_of(series))),
        ": ",
        bold(rhythm_of(series)),
        f"{where}, {_span(series, together)}",
    ]
    if over:
        return told([first], [])
    others = [one.slack_user_id for one in booking.coming if one.person_id != reader.person.id]
    with_whom: Line = ["with ", *named_people(others)] if others else []
    row = [_answer(series, going=True), _answer(series, going=False), _open(series)]
    if own is None:
        return told([["❌ You are no longer invited to ", *what, " of ", mention(series.booker.slack_user_id), "."]], [])
    if own.response is Response.GOING:
        row = row[1:]
    elif own.response is Response.DECLINED:
        row = [row[0], row[2]]
    what_there = [held.facts_of(rooms_of(series))]
    lines = [first, what_there, in_other_rooms(elsewhere, series, reader), with_whom, _said(own.response)]
    return told(lines, row)


def _said(response: Response | None) -> Line:
    match response:
        case Response.GOING:
            return ["You are going. What you say of one date is in your bookings."]
        case Response.DECLINED:
            return ["You said that you cannot come."]
        case _:
            return []


def _answer(series: OneSeries, *, going: bool) -> ButtonElement | None:
    label = "Going to all" if going else "Can't"
    aloud = "Say that you come to all dates" if going else "Say that you cannot come to any date"
    action = Action.ANSWER_SERIES.nth(1 if going else 2)
    style = "primary" if going else None
    return buttons.button(label, action, SeriesAnswer(series=series.id, going=going), style=style, aloud=aloud)


def answered(series: OneSeries, *, going: bool) -> Message:
    """Return what somebody has said of all dates."""
    name = bold(cut(series.title or series.room.name, ROOM_SHOWN))
    said = "You are going to " if going else "You said that you cannot come to "
    return told([[said, name, f", {rhythm_of(series)}."]], [_answer(series, going=not going), _open(series)])


# -- what was done to many ---------------------------------------------------------------------------------------------


def history(done: Together, reader: Reader, *, who: str | None, private: bool) -> Message | None:
    """Return what was done to many dates as a message in the thread; None where it is no news there."""
    line = _done(done, reader, private=private)
    if not line:
        return None
    by: Line = [f"{named(who)} "] if who and not private else ["Somebody "]
    return told([[*by, *line]], [])


def changed(done: Together, series: OneSeries, reader: Reader, *, by: str | None) -> Message | None:
    """Return what somebody else did to many dates of a series that one comes to."""
    line = _done(done, reader, private=False)
    if not line:
        return None
    sign = "❌ " if done.cancelled == done.count else "✏️ "
    who: Line = [mention(by)] if by else ["Somebody"]
    name: Line = [bold(cut(series.title or series.room.name, TITLE_SHOWN)), ": "]
    row = [] if series.status is SeriesStatus.CANCELLED else [_open(series)]
    return told([[sign, *name, *who, " ", *line]], row)


def _done(done: Together, reader: Reader, *, private: bool) -> Line:
    """Return "cancelled 8 dates, Tue 1 Dec to Tue 19 Jan." or "changed ...: 10:00-10:30 14:00-14:30 · Apollo Big Ben"."""
    if done.cancelled == done.count:
        return [f"cancelled {_which(done, reader)}."]
    if done.booked == done.count:
        return [f"added {_which(done, reader)}."]
    before, after = done.first.changed.before, done.first.after
    if not before.holds_room and after.holds_room:
        return [f"put {_which(done, reader)} back on."]
    parts = _differences(before, after, private=private)
    others = [f"{rhythm.dates(done.cancelled)} cancelled"] if done.cancelled else []
    others += [f"{rhythm.dates(done.booked)} added"] if done.booked else []
    if not parts and not others:
        return []
    what = joined([*parts, *([one] for one in others)], " · ")
    return [f"changed {_which(done, reader)}: ", *what]


def _differences(before: Booking, after: Booking, *, private: bool) -> list[Line]:
    """Return what differs of the first date, as it does of all: weekday and hours, room, title."""
    parts: list[Line] = []
    zone = after.location.tz
    days = [saying.weekday(one.start.astimezone(one.location.tz).date()) for one in (before, after)]
    if days[0] != days[1]:
        parts.append(difference(days[0], days[1]))
    hours = [saying.hours(one.slot, one.location.tz) for one in (before, after)]
    if hours[0] != hours[1]:
        parts.append(difference(hours[0], saying.hours(after.slot, zone)))
    if not held.same_rooms(before, after):
        parts.append(difference(held.rooms_of(before), held.rooms_of(after)))
    if along := held.changed(before.equipment, after.equipment):
        parts.append(difference(*along))
    if before.title != after.title and not private:
        parts.append(difference(cut(before.title or "", TITLE_SHOWN), cut(after.title or "no title", TITLE_SHOWN)))
    return parts


def _which(done: Together, reader: Reader) -> str:
    first, last = done.first.after, done.last.after
    today = today_at(first.location, reader)
    begins, ends = (saying.short_date(day_of(one, first.location), today=today) for one in (first, last))
    return f"{rhythm.dates(done.count)}, {begins} to {ends}"


# -- what is missing, what ends ------------------------------------------------------------------------------------------


def gap(series: OneSeries, days: Sequence[date], why: str | None, reader: Reader) -> Message:
    """Return that dates of a series, which goes on, could not be booked."""
    name = bold(cut(series.title or series.room.name, TITLE_SHOWN))
    which = named_dates(days, series.location, reader)
    reason = (
        f"{cut(why, 300)}" if why else f"{held.named(rooms_of(series))} {'are' if series.more_rooms else 'is'} taken then."
    )
    first: Line = [name, f", {rhythm_of(series)}, could not be booked on {which}. {reason}"]
    waits: Line = [] if why else ["You are told when it frees." if len(days) == 1 else "You are told when one frees."]
    return told([first, waits], [_open(series)])


def ending(series: OneSeries, last: date, reader: Reader, *, renewed_until: date | None) -> Message:
    """Return that a series ends soon; `renewed_until` is how far it would go if it were renewed."""
    today = today_at(series.location, reader)
    name = bold(cut(series.title or series.room.name, TITLE_SHOWN))
    said = f", {rhythm_of(series)} in {held.named(rooms_of(series))}, ends with "
    line: Line = ["⏰ ", name, said, bold(saying.short_date(last, today=today)), "."]
    target = SeriesTarget(series=series.id, version=series.version)
    until = f" until {saying.short_date(renewed_until, today=today)}" if renewed_until else ""
    row = [
        buttons.button(f"Renew{until}", Action.RENEW, target, style="primary"),
        buttons.button("Let it end", Action.LET_END, target),
    ]
    return told([line], row)


def _open(series: OneSeries) -> ButtonElement | None:
    return buttons.button("Show dates", Action.OPEN_SERIES, SeriesAt(series=series.id))
