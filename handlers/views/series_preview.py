"""What would come of a series, or of changing one, date by date, with the ways on as buttons.

Of hundreds of dates those that clash are named, a few of them, and the others counted; all are in a modal with pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import ButtonElement

from core import saying
from core.models import Location, Rival
from core.series_values import (
    Occurrence,
    Preview,
    Verdict,
)
from handlers.ids import Action
from handlers.replies import Message
from handlers.sentence.model import Assumption
from handlers.series_drafts import (
    SeriesBooking,
    SeriesChanging,
    SeriesDates,
    SeriesDraft,
    packed,
)
from handlers.views import buttons, rhythm
from handlers.views.bookings import TITLE_SHOWN, named_people
from handlers.views.held import coming, facts_of, named
from handlers.views.series_words import (
    ROOM_IN_LABEL,
    Row,
    confirm_giving_back,
    today_at,
    told,
)
from handlers.views.text import Line, bold, cut, grey, joined, mention, quoted, rich, spoken
from handlers.views.times import Reader, own_clock

# More would push the buttons out of sight; all are in the modal.
MOST_CLASHES = 8
MOST_NAMED_DATES = 6
MOST_SERIES = 10

# -- before it is booked -----------------------------------------------------------------------------------------------


def preview(
    found: Preview,
    draft: SeriesDraft,
    reader: Reader,
    *,
    assumptions: Sequence[Assumption] = (),
    above: Line = (),
    asides: Sequence[str] = (),
) -> Message:
    """Return what would come of a series, with its ways on; `above` is what is told first, such as that dates were lost.

    `asides` are sentences about its room and place, which are told in grey.
    """
    along: Line = [f"{said[0].upper()}{said[1:]}"] if (said := coming(found.equipment)) else []
    what = facts_of((found.room, *found.more_rooms))
    lines = [above, heading(found, reader), [what], along, _meeting(draft, reader), *_verdicts(found, reader)]
    notes = [*_notes(found, reader, assumptions), *asides]
    ways = _ways_to_book(found, draft)
    if ways and not any(ways):
        notes.append("That is more than a button can carry: shorten the title, or invite fewer people, and try again.")
    row = [*ways, *_other_ways(found, draft)]
    aside = [grey(" ".join(notes))] if notes else []
    # What changes an assumption stands below it, apart from what books.
    blocks = [rich(*lines), *buttons.rows(row), *aside, *buttons.rows(_assumed(assumptions))]
    return Message(text=spoken(*lines, [" ".join(notes)]), blocks=blocks)


def heading(found: Preview, reader: Reader) -> Line:
    """Return "↻ Every Tuesday, 10:00-10:30, 8 dates until Tue 19 Jan: Apollo"."""
    wish = found.wish
    first_on = found.dates[0].on if found.dates else wish.first_on
    often = rhythm.often(wish.rule, first_on=first_on)
    said = f"{often[0].upper()}{often[1:]}, {rhythm.wall_hours(wish.clock, wish.minutes)}"
    return [
        "↻ ",
        bold(said),
        f"{_where(found, reader)}, {_how_many(found, reader)}: ",
        bold(named((found.room, *found.more_rooms))),
    ]


def _meeting(draft: SeriesDraft, reader: Reader) -> Line:
    """Return "Roadmap" · with @ben · private, as far as there is any."""
    parts: list[Line] = [[quoted(cut(draft.title, TITLE_SHOWN))]] if draft.title else []
    others = [one for one in draft.invitees if one != reader.person.slack_user_id]
    parts += [["with ", *named_people(others)]] if others else []
    parts += [["private"]] if draft.private else []
    return joined(parts, " · ")


def _where(found: Preview, reader: Reader) -> str:
    own = own_clock(found.dates[0].slot, found.location, reader) if found.dates else None
    notes = [found.location.name] if reader.several_places else []
    notes += [f"{own} for you"] if own else []
    return f" ({'; '.join(notes)})" if notes else ""


def _how_many(found: Preview, reader: Reader) -> str:
    count, today = len(found.dates), today_at(found.location, reader)
    if count == 1 and not found.beyond and found.beyond is not None:
        return f"1 date, {saying.short_date(found.dates[0].on, today=today)}"
    if not count:
        return "no date yet"
    if found.beyond is None:
        return f"from {saying.short_date(found.dates[0].on, today=today)} on"
    return f"{rhythm.dates(count)} {rhythm.until(found.dates[-1].on, today=today)}"


def _verdicts(found: Preview, reader: Reader) -> list[Line]:
    count, free, clashes = len(found.dates), len(found.free), found.clashes
    if not count:
        return [["It has no date that can be booked."]]
    if not clashes:
        return [[{1: "It is free.", 2: "Both dates are free."}.get(count, f"All {count} dates are free.")]]
    if count == 1:
        first: Line = ["It is not free:"]
    elif free:
        first = [f"{free} {'is' if free == 1 else 'are'} free, {len(clashes)} {'is' if len(clashes) == 1 else 'are'} not:"]
    else:
        first = [f"None of the {count} dates is free:"]
    lines = [first, *(["• ", *clash_line(one, found.location, reader)] for one in clashes[:MOST_CLASHES])]
    left = len(clashes) - MOST_CLASHES
    return [*lines, [f"and {left} more"]] if left > 0 else lines


def clash_line(one: Occurrence, location: Location, reader: Reader) -> Line:
    """Return "Tue 8 Dec: taken 10:00-11:00 ("Design review", @ana). Big Ben is free then."."""
    day: Line = [bold(saying.short_date(one.on, today=today_at(location, reader))), ": "]
    if one.verdict is Verdict.RULED_OUT:
        why: Line = [one.error.message if one.error else "not possible."]
    else:
        why = _taken(one.rivals, location, reader)
    instead = one.stand_ins
    other = f" {named(instead)} {'is' if len(instead) == 1 else 'are'} free then." if instead else ""
    return [*day, *why, other]


def _taken(rivals: Sequence[Rival], location: Location, reader: Reader) -> Line:
    if not rivals:
        return ["taken."]
    first, more = rivals[0], len(rivals) - 1
    hours = saying.hours(first.slot, location.tz)
    if first.held_until:
        return [f"held for {'you' if first.for_you else 'somebody on the waiting list'}, {hours}."]
    parts: list[Line] = [[quoted(cut(first.title, 80))]] if first.title else []
    if first.booker_slack_user_id:
        own = first.booker_slack_user_id == reader.person.slack_user_id
        parts.append(["yours"] if own else [mention(first.booker_slack_user_id)])
    whose: Line = [" (", *joined(parts, ", "), ")"] if parts else []
    return [f"taken {hours}", *whose, f" and {more} more." if more else "."]


def _notes(found: Preview, reader: Reader, assumptions: Sequence[Assumption]) -> list[str]:
    """Return what was assumed, and what is not to be seen in the dates, as sentences."""
    today = today_at(found.location, reader)
    notes = [_sentence(one.text) for one in assumptions]
    if left := sorted(found.wish.left_out):
        named = saying.listed(saying.short_date(day, today=today) for day in left[:MOST_NAMED_DATES])
        more = len(left) - MOST_NAMED_DATES
        notes.append(f"Left out, as you said: {named}{f' and {more} more' if more > 0 else ''}.")
    if found.taken and found.free:
        notes.append("A date that is skipped because it is taken is offered to you when it frees.")
    if found.beyond is None:
        until = saying.short_date(found.dates[-1].on, today=today) if found.dates else ""
        notes.append(f"It has no end: dates until {until} are booked now, later ones as their time comes.")
    elif found.beyond:
        is_are = "is" if found.beyond == 1 else "are"
        notes.append(f"{found.beyond} more {is_are} too far ahead, and booked as their time comes.")
    for one in found.shifted[:3]:
        begins = saying.clock_time(one.slot.start, found.location.tz)
        day = saying.short_date(one.on, today=today)
        notes.append(f"On {day} the clocks skip {found.wish.clock:%H:%M}: it begins at {begins}.")
    notes += _lasting_otherwise(found, today)
    if found.passed_over:
        months = saying.listed(f"{month:%b %Y}" for month in found.passed_over[:MOST_NAMED_DATES])
        more = len(found.passed_over) - MOST_NAMED_DATES
        notes.append(f"No such day in {months}{f' and {more} more months' if more > 0 else ''}: nothing then.")
    return notes


def _lasting_otherwise(found: Preview, today: date) -> list[str]:
    """Return the nights in which clocks are set back or forward while a date goes on, or just before it."""
    zone, notes = ZoneInfo(found.wish.zone), []
    for one in found.dates:
        begins, clock = one.slot.start.astimezone(zone), f"{found.wish.clock:%H:%M}"
        twice = begins.replace(fold=0).utcoffset() != begins.replace(fold=1).utcoffset() and not one.shifted
        minutes = int(one.slot.length.total_seconds()) // 60
        other = "" if minutes == found.wish.minutes else f"lasts {saying.length(minutes)}"
        day = saying.short_date(one.on, today=today)
        if twice:
            notes.append(f"On {day}, {clock} comes twice: it begins at the first{f' and {other}' if other else ''}.")
        elif other and not one.shifted:
            notes.append(f"On {day} the clocks change meanwhile: it {other}.")
    return notes[:3]


def _sentence(text: str) -> str:
    said = text[:1].upper() + text[1:]
    return said if said.endswith((".", "?")) else f"{said}."


def _ways_to_book(found: Preview, draft: SeriesDraft) -> Row:
    # What was shown is booked: the room as well.
    draft = draft.in_room(found.room.id)
    count, free, clashes = len(found.dates), len(found.free), found.clashes
    if not count:
        return []
    if not clashes:
        label = {1: "Book it", 2: "Book both"}.get(count, f"Book all {count}")
        return [buttons.button(label, Action.BOOK_SERIES.nth(1), SeriesBooking(draft=draft), style="primary")]
    row: list[ButtonElement | None] = []
    everything, elsewhere = (one.on for one in clashes), [one for one in clashes if one.other_room]
    if free:
        skip = SeriesBooking(draft=draft, skipped=packed(everything, draft.first_on))
        row.append(buttons.button(f"Book {free}, skip {len(clashes)}", Action.BOOK_SERIES.nth(1), skip, style="primary"))
    if elsewhere and (free or len(elsewhere) > 1 or found.one_room is None):
        row.append(_elsewhere(found, draft, elsewhere))
    if found.one_room is not None:
        first, *more = found.rooms_for_all or (found.one_room,)
        moved = SeriesBooking(draft=draft.in_rooms(first.id, *(room.id for room in more)))
        label = f"{named((first, *more), ROOM_IN_LABEL)} for {'it' if count == 1 else f'all {count}'}"
        row.append(buttons.button(label, Action.BOOK_SERIES.nth(3), moved, aloud=f"Book {label}"))
    return row


def _elsewhere(found: Preview, draft: SeriesDraft, elsewhere: Sequence[Occurrence]) -> ButtonElement | None:
    """Return the button that books other rooms on the dates that clash; what has none is skipped."""
    rest = [one.on for one in found.clashes if one.other_room is None]
    if rest and not found.free and not elsewhere:
        return None
    rooms = _stand_ins(elsewhere)
    where = "on that date" if len(elsewhere) == 1 else f"on those {len(elsewhere)} dates"
    label = f"{rooms} {where}" + (f", skip {len(rest)}" if rest else "")
    choice = SeriesBooking(
        draft=draft,
        skipped=packed(rest, draft.first_on),
        elsewhere=packed((one.on for one in elsewhere), draft.first_on),
    )
    return buttons.button(label, Action.BOOK_SERIES.nth(2), choice, aloud=f"Book {label}")


def _stand_ins(elsewhere: Sequence[Occurrence]) -> str:
    """Return "Big Ben", where the same rooms stand in on all these dates, else "Other rooms"."""
    names = {named(one.stand_ins, ROOM_IN_LABEL) for one in elsewhere}
    return names.pop() if len(names) == 1 else "Other rooms"


def _other_ways(found: Preview, draft: SeriesDraft) -> Row:
    shown = draft.in_room(found.room.id)
    row: list[ButtonElement | None] = []
    if found.passed_over and (last_days := _on_last_days(draft)):
        row.append(buttons.button("Last day of the month", Action.SERIES_INSTEAD, last_days))
    if found.clashes and len(found.dates) > 1:
        row.append(buttons.button("Choose per date…", Action.CHOOSE_DATES, shown))
    if len(found.dates) > 3:
        row.append(buttons.button("All dates…", Action.DATES_OF_WISH, SeriesDates(draft=shown)))
    # The form has no field for dates that were left out.
    if not draft.left_out:
        row.append(buttons.button("Other rhythm…", Action.OTHER_RHYTHM, draft))
    if len(found.dates) > 1 and not found.dates[0].clashes:
        once = draft.once(found.dates[0].slot, found.room.id)
        row.append(buttons.button("Only the first", Action.TAKE, once, aloud="Book only the first date"))
    return row


def _on_last_days(draft: SeriesDraft) -> SeriesDraft | None:
    """Return the same series on the last day of each month, for one on the 31st, which most others do not have."""
    said = rhythm.parts(draft.rule)
    if said.get("FREQ") != "MONTHLY" or said.get("BYMONTHDAY") != "31":
        return None
    return draft.model_copy(update={"rule": draft.rule.replace("BYMONTHDAY=31", "BYMONTHDAY=-1")})


def _assumed(assumptions: Sequence[Assumption]) -> Row:
    options = [option for assumption in assumptions for option in assumption.options]
    return [
        buttons.button(option.label, Action.READ.nth(number), option.sentence, aloud=f"Change it: {option.label}")
        for number, option in enumerate(options[:5], start=1)
    ]


# -- a change that clashes ---------------------------------------------------------------------------------------------


def change_preview(found: Preview, asked: SeriesChanging, reader: Reader, *, above: Line = ()) -> Message:
    """Return which dates a change cannot be made for, with what can become of them."""
    count, free, clashes = len(found.dates), len(found.free), found.clashes
    elsewhere = [one for one in clashes if one.other_room]
    lines: list[Line] = [above, heading(found, reader), *_verdicts(found, reader)]
    if found.kept:
        lines.append(
            [f"{rhythm.dates(found.kept)} changed on {'its' if found.kept == 1 else 'their'} own before: left alone."]
        )
    row: list[ButtonElement | None] = []
    if not clashes:
        row.append(buttons.button(f"Change all {count}", Action.CHANGE_SERIES.nth(1), asked, style="primary"))
    if clashes and elsewhere and len(elsewhere) == len(clashes):
        rooms = _stand_ins(elsewhere)
        moved = asked.model_copy(update={"skipped": "", "elsewhere": packed((o.on for o in clashes), asked.since)})
        label = f"{rooms} on {'that date' if len(clashes) == 1 else f'those {len(clashes)} dates'}"
        row.append(buttons.button(label, Action.CHANGE_SERIES.nth(2), moved, style="primary"))
    if found.one_room is not None and clashes:
        first, *more = found.rooms_for_all or (found.one_room,)
        value = asked.in_rooms(first.id, *(room.id for room in more))
        label = f"{named((first, *more), ROOM_IN_LABEL)} for all {count}"
        row.append(buttons.button(label, Action.CHANGE_SERIES.nth(3), value))
    if clashes and count > 1:
        row.append(buttons.button("Choose per date…", Action.CHOOSE_CHANGES, asked))
    row.append(buttons.button("Leave as is", Action.KEEP))
    if clashes and free:
        given_up = asked.model_copy(update={"elsewhere": "", "skipped": packed((o.on for o in clashes), asked.since)})
        label = f"Change {free}, give up {len(clashes)}"
        confirm = confirm_giving_back(f"Give up {rhythm.dates(len(clashes))}?", found.room.name, len(clashes))
        row.append(buttons.button(label, Action.CHANGE_SERIES.nth(4), given_up, style="danger", confirm=confirm))
    return told(lines, row)
