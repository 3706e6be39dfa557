"""Modals about series: all dates of a wish, a choice for each that clashes, one series with its dates, days away."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

from slack_sdk.models.blocks import (
    Block,
    ButtonElement,
    DatePickerElement,
    InputBlock,
    Option,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from core import saying
from core.models import Booking, Slot
from core.series_values import Choice, Gap, Occurrence, OneSeries, Preview, SeriesView, Verdict
from handlers.drafts import Carried, Target
from handlers.ids import Action, Callback, Field
from handlers.series_drafts import (
    Choosing,
    ChoosingChange,
    GapOfSeries,
    SeriesAt,
    SeriesChanging,
    SeriesDates,
    SeriesDraft,
    SeriesTarget,
    packed,
)
from handlers.views import buttons, rhythm
from handlers.views.held import named
from handlers.views.series import about, rooms_of
from handlers.views.series_preview import clash_line, heading
from handlers.views.series_words import ROOM_SHOWN, confirm_giving_back, day_of, rhythm_of, today_at
from handlers.views.text import Line, bold, cut, grey, joined, rich
from handlers.views.times import Reader, lasting, where_and_own_clock

# Lines of a page of dates that only are looked at, and rows of one on which each date has a button.
MOST_LINES = 40
MOST_ROWS = 20
# Each date that clashes asks the database for the times that are free around it.
MOST_CHOICES = 25
SKIP, ROOM, AT = "skip", "room", "at:"
_VALUES = {Choice.SKIP: SKIP, Choice.OTHER_ROOM: ROOM}
NOTHING_CHOSEN: Mapping[date, Choice | Slot] = {}


# -- before it is booked -----------------------------------------------------------------------------------------------


def dates_of(found: Preview, draft: SeriesDraft, page: int, reader: Reader) -> View:
    """Return a page of all the dates that a series would have, each with what would come of it."""
    pages = max(1, -(-len(found.dates) // MOST_LINES))
    page = min(page, pages - 1)
    shown = found.dates[page * MOST_LINES : (page + 1) * MOST_LINES]
    turn = [
        buttons.button("Earlier", Action.DATES_OF_WISH.nth(1), SeriesDates(draft=draft, page=page - 1)) if page else None,
        buttons.button("Later", Action.DATES_OF_WISH.nth(2), SeriesDates(draft=draft, page=page + 1))
        if page + 1 < pages
        else None,
    ]
    count = [grey(f"Page {page + 1} of {pages}")] if pages > 1 else []
    return View(
        type="modal",
        callback_id=Callback.MESSAGE.value,
        title="All dates",
        close="Close",
        blocks=[
            rich(heading(found, reader)),
            rich(*(_date_line(one, found, reader) for one in shown)),
            *count,
            *buttons.rows(turn),
        ],
    )


def _date_line(one: Occurrence, found: Preview, reader: Reader) -> Line:
    if one.clashes:
        return clash_line(one, found.location, reader)
    day = saying.short_date(one.on, today=today_at(found.location, reader))
    at = f"free, but at {saying.clock_time(one.slot.start, found.location.tz)}" if one.shifted else "free"
    return [bold(day), f": {at}"]


def choose(
    found: Preview,
    draft: SeriesDraft,
    times: Mapping[date, Sequence[Slot]],
    reader: Reader,
    *,
    chosen: Mapping[date, Choice | Slot] = NOTHING_CHOSEN,
    lost: Collection[date] = (),
    above: Line = (),
) -> View:
    """Return the form in which somebody chooses what becomes of each date that clashes.

    `times` are free times in the same room near each date that is listed; those not listed are chosen about in one.
    `chosen` is what stands in it at first, where it was sent before; the dates that were `lost` meanwhile come first.
    """
    rest = packed((one.on for one in _in_one(found, lost)), draft.first_on)
    held = Choosing(draft=draft.in_room(found.room.id), rest=rest)
    return _form(
        held, Callback.CHOOSE_DATES, "Book", _chosen_about(found, times, reader, chosen=chosen, lost=lost, above=above)
    )


def choose_change(
    found: Preview,
    asked: SeriesChanging,
    times: Mapping[date, Sequence[Slot]],
    reader: Reader,
    *,
    chosen: Mapping[date, Choice | Slot] = NOTHING_CHOSEN,
    lost: Collection[date] = (),
    above: Line = (),
) -> View:
    """Return the form in which somebody chooses what becomes of each date that clashes with a change, as `choose` does."""
    rest = packed((one.on for one in _in_one(found, lost)), asked.since)
    held = ChoosingChange(asked=asked.model_copy(update={"skipped": "", "elsewhere": ""}), rest=rest)
    blocks = _chosen_about(found, times, reader, chosen=chosen, lost=lost, above=above, skip="Give it up")
    return _form(held, Callback.CHOOSE_CHANGES, "Change", blocks)


def _form(held: Carried, callback: Callback, submit: str, blocks: Sequence[Block]) -> View:
    return View(
        type="modal",
        callback_id=callback.value,
        title="Choose per date",
        submit=submit,
        close="Cancel",
        private_metadata=held.dump(),
        blocks=blocks,
    )


def _in_order(found: Preview, lost: Collection[date]) -> list[Occurrence]:
    return sorted(found.clashes, key=lambda one: (one.on not in lost, one.on))


def _in_one(found: Preview, lost: Collection[date]) -> list[Occurrence]:
    """Return the dates that share one choice, since there are too many for one each."""
    return _in_order(found, lost)[MOST_CHOICES:]


def _chosen_about(
    found: Preview,
    times: Mapping[date, Sequence[Slot]],
    reader: Reader,
    *,
    chosen: Mapping[date, Choice | Slot],
    lost: Collection[date],
    above: Line,
    skip: str = "Skip it",
) -> list[Block]:
    listed, rest = _in_order(found, lost)[:MOST_CHOICES], _in_one(found, lost)
    inputs = [_choice(one, times.get(one.on, ()), found, reader, chosen=chosen.get(one.on), skip=skip) for one in listed]
    if rest:
        inputs.append(_for_the_rest(rest, chosen, skip=skip))
    free = len(found.free)
    others = [grey("The other date is free." if free == 1 else f"The other {free} dates are free.")] if free else []
    return [rich(*(line for line in (above, heading(found, reader)) if line)), *inputs, *others]


def _choice(
    one: Occurrence, times: Sequence[Slot], found: Preview, reader: Reader, *, chosen: Choice | Slot | None, skip: str
) -> InputBlock:
    """Return the choice for a date: skip it, the other room, or another time."""
    zone = found.location.tz
    options = {SKIP: skip}
    if instead := one.stand_ins:
        seats = f" (seats {instead[0].capacity})" if len(instead) == 1 else ""
        options[ROOM] = f"{named(instead, 50)}{seats}"
    for slot in times:
        options[_time(slot)] = f"{named((found.room, *found.more_rooms), 40)} {saying.hours(slot, zone)}"
    usual = ROOM if one.other_room else SKIP
    before = _time(chosen) if isinstance(chosen, Slot) else _VALUES.get(chosen, usual) if chosen else usual
    initial = before if before in options else usual
    day = saying.short_date(one.on, today=today_at(found.location, reader))
    return InputBlock(
        block_id=f"{Field.CHOICE}.{one.on.isoformat()}",
        label=cut(f"{day}: {_why(one, found)}", 2000),
        element=StaticSelectElement(
            action_id=Action.CHOICE,
            options=[_option(label, value) for value, label in options.items()],
            initial_option=_option(options[initial], initial),
        ),
    )


def _time(slot: Slot) -> str:
    return f"{AT}{int(slot.start.timestamp())}"


def _why(one: Occurrence, found: Preview) -> str:
    if one.verdict is Verdict.RULED_OUT:
        return one.error.message if one.error else "not possible"
    if not one.rivals:
        return "taken"
    first = one.rivals[0]
    title = f', "{cut(first.title, 60)}"' if first.title else ""
    return f"taken {saying.hours(first.slot, found.location.tz)}{title}"


def _for_the_rest(rest: Sequence[Occurrence], chosen: Mapping[date, Choice | Slot], *, skip: str) -> InputBlock:
    before = {chosen[one.on] for one in rest if one.on in chosen}
    skipped = before == {Choice.SKIP}
    words = skip.replace(" it", " them")
    otherwise = words[0].lower() + words[1:]
    options = [_option(words, SKIP), _option(f"Another room where one is free, else {otherwise}", ROOM)]
    return InputBlock(
        block_id=Field.CHOICE.value,
        label=f"The other {len(rest)} that are not free",
        element=StaticSelectElement(action_id=Action.CHOICE, options=options, initial_option=options[0 if skipped else 1]),
    )


# -- one series --------------------------------------------------------------------------------------------------------


def series(
    found: SeriesView,
    page: int,
    reader: Reader,
    *,
    changeable: bool,
    held: Collection[UUID] = (),
    above: Line = (),
) -> View:
    """Return a series with a page of its dates, those that were skipped among them; `above` is what has just happened.

    `held` are the places in line whose room is held for the reader now.
    """
    one = found.series
    rows: list[Booking | Gap] = [*found.upcoming, *found.gaps]
    rows.sort(key=_when)
    pages = max(1, -(-len(rows) // MOST_ROWS))
    page = min(page, pages - 1)
    shown = rows[page * MOST_ROWS : (page + 1) * MOST_ROWS]
    turn = [
        buttons.button("Earlier", Action.OPEN_SERIES.nth(1), SeriesAt(series=one.id, page=page - 1)) if page else None,
        buttons.button("Later", Action.OPEN_SERIES.nth(2), SeriesAt(series=one.id, page=page + 1))
        if page + 1 < pages
        else None,
    ]
    count = [grey(f"Page {page + 1} of {pages}")] if pages > 1 else []
    lines = [line for line in (above, *_head(found, reader)) if line]
    return View(
        type="modal",
        callback_id=Callback.SERIES.value,
        title="Series",
        close="Close",
        private_metadata=SeriesAt(series=one.id, page=page).dump(),
        blocks=[
            rich(*lines),
            *(buttons.rows(_acts(found)) if changeable else []),
            *(_row(row, one, page, reader, changeable=changeable, held=held) for row in shown),
            *count,
            *buttons.rows(turn),
        ],
    )


def _head(found: SeriesView, reader: Reader) -> list[Line]:
    one, first = found.series, next(iter(found.upcoming), None)
    said = rhythm_of(one)
    where = where_and_own_clock(first.slot, one.location, reader) if first else ""
    ahead = len(found.upcoming)
    until = f" {rhythm.until(found.last_on, today=today_at(one.location, reader))}" if found.last_on and ahead else ""
    end = ", no end" if found.endless else until
    skipped = f", {len(found.gaps)} skipped" if found.gaps else ""
    return [
        ["↻ ", bold(f"{said[0].upper()}{said[1:]}"), f"{where}: ", bold(named(rooms_of(one)))],
        joined([about(one, first, reader), [f"{rhythm.dates(ahead)} ahead{end}{skipped}"]], " · "),
    ]


def _acts(found: SeriesView) -> list[ButtonElement | None]:
    one, ahead = found.series, len(found.upcoming)
    target = SeriesTarget(series=one.id, version=one.version)
    row = [buttons.button("Renew", Action.RENEW, target)] if not found.endless else []
    if not ahead:
        return row
    confirm = confirm_giving_back(f"Cancel {rhythm.dates(ahead)}?", one.room.name, ahead)
    return [
        *row,
        buttons.button("Cancel dates from … to …", Action.AWAY, target, aloud="Cancel the dates from one day to another"),
        buttons.button("Cancel series", Action.CANCEL_WHOLE, target, style="danger", confirm=confirm),
    ]


def _row(
    row: Booking | Gap, one: OneSeries, page: int, reader: Reader, *, changeable: bool, held: Collection[UUID]
) -> Block:
    if isinstance(row, Booking):
        same = {room.id for room in row.rooms} == {room.id for room in rooms_of(one)}
        room = "" if same else f", {named(row.rooms)}"
        when = lasting(row.slot, row.location, reader)
        edit = buttons.button("Edit", Action.EDIT, Target.at(row), aloud=f"Edit {when}")
        return _section(f"{when}{room}", edit if changeable else None)
    when = lasting(row.slot, one.location, reader)
    if row.waiting_id is not None and row.waiting_id not in held:
        return _section(f"{when}, skipped: you are told when it frees", None)
    gap = GapOfSeries(series=one.id, on=row.on, page=page)
    again = buttons.button("Book it again", Action.BOOK_GAP, gap, aloud=f"Book {when} again")
    state = "held for you" if row.waiting_id else "skipped"
    return _section(f"{when}, {state}", again if changeable else None)


def _section(text: str, button: ButtonElement | None) -> SectionBlock:
    return SectionBlock(text=PlainTextObject(text=text, emoji=False), accessory=button)


def _when(row: Booking | Gap) -> float:
    return row.slot.start.timestamp()


def away(one: OneSeries, upcoming: Sequence[Booking], reader: Reader, *, version: int) -> View:
    """Return the form in which the dates of a series from one day to another are cancelled."""
    first = day_of(upcoming[0], one.location) if upcoming else today_at(one.location, reader)
    title = cut(one.title or one.room.name, ROOM_SHOWN)
    return View(
        type="modal",
        callback_id=Callback.AWAY.value,
        title="Cancel dates",
        submit="Cancel the dates",
        close="Back",
        private_metadata=SeriesTarget(series=one.id, version=version).dump(),
        blocks=[
            rich([bold(title), f", {rhythm_of(one)}. Which days are you away?"]),
            _day(Field.FROM, "From", Action.FROM, first),
            _day(Field.TO, "To, that day included", Action.TO, first),
        ],
    )


def _day(field: Field, label: str, action: Action, initial: date) -> InputBlock:
    return InputBlock(
        block_id=field.value, label=label, element=DatePickerElement(action_id=action, initial_date=initial.isoformat())
    )


def _option(label: str, value: str) -> Option:
    return Option(value=value, text=PlainTextObject(text=cut(label, 75), emoji=False))
