"""A series before it is booked: previewed, chosen about, given another rhythm; and booked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Mapping
from datetime import date
from typing import Any

from slack_sdk.models.views import View

from core.errors import SeriesClash
from core.models import OfferKind, Slot
from core.series_values import Choice, Occurrence, Preview
from handlers import booking_modal, repeating
from handlers.drafts import OUT_OF_DATE, UnreadableError
from handlers.edge import OnClick, OnSubmission
from handlers.ids import Action, Callback, Field
from handlers.inviting import invitee_ids
from handlers.opening import opened
from handlers.previewing import found_for, previewed, said_of, shown
from handlers.replies import Message, Nothing, Place, Show, SubmissionReply
from handlers.requests import Click, Form, Submission
from handlers.series_drafts import (
    Choosing,
    SeriesBooking,
    SeriesDates,
    SeriesDraft,
    moment_of,
    unpacked,
)
from handlers.services import Desk
from handlers.views import series as views
from handlers.views import series_forms
from handlers.views.series_forms import AT, ROOM
from handlers.views.text import Line

# How many free times are offered for a date that clashes.
MOST_TIMES = 4
Choices = Mapping[date, Choice | Slot]


async def book(click: Click, desk: Desk) -> Message:
    """Book a series as it was shown."""
    asked = SeriesBooking.load(click.value)
    return await _booked(asked.draft, asked.choices, desk, key=click.key)


async def _booked(draft: SeriesDraft, choices: Choices, desk: Desk, *, key: str) -> Message:
    """Book a series, or show what has become of its dates since they were shown."""
    try:
        return await _book(draft, choices, desk, key=key)
    except SeriesClash as clash:
        return said_of(clash.preview, draft, desk, above=_lost(clash.preview, choices, desk))


async def _book(draft: SeriesDraft, choices: Choices, desk: Desk, *, key: str) -> Message:
    """Book a series; raises SeriesClash where somebody has yet to choose."""
    wish = draft.wish(await invitee_ids(draft.invitees, desk))
    made = await desk.services.series.book(wish, by=desk.actor, key=key, choices=choices, progress=progress("Booking", desk))
    return views.booked(made, desk.reader)


def _lost(found: Preview, choices: Choices, desk: Desk) -> Line:
    """Return which dates were lost since they were shown."""
    lost = lost_dates(found, choices)
    if not lost:
        return ["That has changed meanwhile. Nothing is booked yet."]
    was = "was" if len(lost) == 1 else "were"
    return [f"{views.named_dates(lost, found.location, desk.reader)} {was} lost meanwhile. Nothing is booked yet."]


def lost_dates(found: Preview, choices: Choices) -> list[date]:
    """Return the dates that cannot be booked as they were chosen, in a preview that a clash carries."""

    def stands(one: Occurrence) -> bool:
        choice = choices.get(one.on)
        return choice is Choice.SKIP or (choice is Choice.OTHER_ROOM and one.other_room is not None)

    return [one.on for one in found.clashes if not stands(one)]


def progress(doing: str, desk: Desk) -> Callable[[int, int], None]:
    """Return what tells how many dates have been done, where the answer will stand."""

    def report(done: int, of: int) -> None:
        desk.meanwhile.report(f"{doing}… {done} of {of}")

    return report


async def dates(click: Click, desk: Desk) -> Show | Nothing:
    """Show all dates that a series would have, or turn to another page of them."""
    asked = SeriesDates.load(click.value)
    turned = ":" in click.action_id
    return await on_top(click, desk, _dates(asked, desk), same=turned)


async def _dates(asked: SeriesDates, desk: Desk) -> View:
    return series_forms.dates_of(await found_for(asked.draft, desk), asked.draft, asked.page, desk.reader)


async def choose(click: Click, desk: Desk) -> Show | Nothing:
    """Open the form in which each date that clashes is chosen about."""
    draft = SeriesDraft.load(click.value)
    return await on_top(click, desk, _choose(draft, desk))


async def _choose(draft: SeriesDraft, desk: Desk) -> View:
    found = await found_for(draft, desk)
    return series_forms.choose(found, draft, await times_for(found, desk), desk.reader)


async def _choose_again(clash: SeriesClash, draft: SeriesDraft, choices: Choices, desk: Desk) -> View:
    """Return the form with what was chosen in it, as far as that can still be had."""
    lost = lost_dates(clash.preview, choices)
    stands = {day: choice for day, choice in choices.items() if day not in lost}
    found = await found_for(draft, desk)
    times = await times_with(stands, found, desk)
    above = _lost(clash.preview, choices, desk)
    return series_forms.choose(found, draft, times, desk.reader, chosen=stands, lost=lost, above=above)


async def times_with(stands: Choices, found: Preview, desk: Desk) -> dict[date, tuple[Slot, ...]]:
    """Return the free times to choose from by date, those that were chosen and still stand among them."""
    times = await times_for(found, desk)
    for day, choice in stands.items():
        if isinstance(choice, Slot) and day in times:
            times[day] = tuple(dict.fromkeys((choice, *times[day])))
    return times


async def times_for(found: Preview, desk: Desk) -> dict[date, tuple[Slot, ...]]:
    """Return the free times to choose from, for each date of the form that clashes."""
    listed = found.clashes[: series_forms.MOST_CHOICES]
    return {one.on: await _times_near(one, found, desk) for one in listed}


async def _times_near(one: Occurrence, found: Preview, desk: Desk) -> tuple[Slot, ...]:
    """Return times of that date at which the room is free."""
    wish = found.wish.in_room(found.room.id).at(one.slot)
    own = (one.booking.id,) if one.booking else ()
    offers = await desk.services.search.alternatives(wish, by=desk.actor, but=own)
    near = [o for o in offers if o.kind is OfferKind.OTHER_TIME and o.room.id == found.room.id]
    zone = found.location.tz
    return tuple(o.slot for o in near if o.slot.start.astimezone(zone).date() == one.on)[:MOST_TIMES]


async def chosen(submission: Submission, desk: Desk) -> SubmissionReply:
    """Book a series with what was chosen for each of its dates; where some are lost by now, ask about them again."""
    held = Choosing.load(submission.form.private_metadata)
    choices = choices_in(submission.form, held.draft.minutes, unpacked(held.rest, held.draft.first_on))
    try:
        return shown(await _book(held.draft, choices, desk, key=submission.key))
    except SeriesClash as clash:
        return Show(view=await _choose_again(clash, held.draft, choices, desk))


def choices_in(form: Form, minutes: int, together: Collection[date]) -> Choices:
    """Return what was chosen, by date; those without a field of their own, `together`, share one."""
    choices: dict[date, Choice | Slot] = {}
    for block_id in form.values:
        field, _, day = block_id.partition(".")
        if field == Field.CHOICE and day:
            choices[_date(day)] = _choice(form.option(block_id), minutes)
    rest = Choice.OTHER_ROOM if form.option(Field.CHOICE) == ROOM else Choice.SKIP
    return {**dict.fromkeys(together, rest), **choices}


def _choice(value: str | None, minutes: int) -> Choice | Slot:
    if value and value.startswith(AT):
        start = moment_of(value.removeprefix(AT))
        return Slot(start=start, end=moment_of(str(int(start.timestamp()) + minutes * 60)))
    return Choice.OTHER_ROOM if value == ROOM else Choice.SKIP


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UnreadableError(OUT_OF_DATE) from error


async def other_rhythm(click: Click, desk: Desk) -> Show | Nothing:
    """Open the booking form on a series, for another rhythm or anything else about it."""
    draft = SeriesDraft.load(click.value)
    once = draft.once(draft.first_slot, draft.room)
    return await booking_modal.open_booking(click, desk, once, repeats=repeating.of_rule(draft.rule, draft.first_on))


async def instead(click: Click, desk: Desk) -> Message:
    """Show what would come of another series than the one that was shown."""
    return await previewed(SeriesDraft.load(click.value), desk)


async def on_top(click: Click, desk: Desk, make: Coroutine[Any, Any, View], *, same: bool = False) -> Show | Nothing:
    """Show a view as a modal of its own, or above the one in which something was clicked; `same` puts it in its place."""
    if click.form is None or click.form.callback_id == Callback.HOME:
        return await opened(click, desk, make)
    return Show(view=await make, place=Place.SAME if same else Place.ON_TOP)


ACTIONS: Mapping[Action, OnClick] = {
    Action.BOOK_SERIES: book,
    Action.DATES_OF_WISH: dates,
    Action.CHOOSE_DATES: choose,
    Action.OTHER_RHYTHM: other_rhythm,
    Action.SERIES_INSTEAD: instead,
}

SUBMISSIONS: Mapping[Callback, OnSubmission] = {Callback.CHOOSE_DATES: chosen}
