"""One series and its dates: looked at, cancelled in part or whole, gone on with, and what was done taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from slack_sdk.models.views import View

from core.errors import InvalidSeries
from core.models import Booking
from core.series_values import Scope, SeriesView
from handlers.drafts import OUT_OF_DATE, Target, UnreadableError
from handlers.edge import OnClick, OnSubmission
from handlers.edit_modal import changeable
from handlers.ids import Action, Callback, Field
from handlers.previewing import shown
from handlers.replies import ClickReply, Message, Nothing, Show, SubmissionReply
from handlers.requests import Click, Command, Submission
from handlers.series import on_top
from handlers.series_drafts import GapOfSeries, Operation, PartOfSeries, SeriesAnswer, SeriesAt, SeriesTarget
from handlers.series_editing import change
from handlers.services import Desk
from handlers.views import bookings as booking_views
from handlers.views import series as views
from handlers.views import series_forms, series_notices
from handlers.views.text import Line, bold, spoken
from handlers.views.times import lasting


async def listed(request: Command | Click, rest: str, desk: Desk) -> Message:  # noqa: ARG001 - one shape for all commands
    """List the person's series."""
    return views.listed(await desk.services.series.mine(desk.actor), desk.reader)


async def look(click: Click, desk: Desk) -> Show | Nothing:
    """Show a series with its dates, or turn to another page of them."""
    return await on_top(click, desk, _series(SeriesAt.load(click.value), desk), same=_in_series(click))


def _in_series(click: Click) -> bool:
    return click.form is not None and click.form.callback_id == Callback.SERIES


async def _series(at: SeriesAt, desk: Desk, *, above: Line = ()) -> View:
    found = await desk.services.series.view(at.series, by=desk.actor)
    if not found.series.details_for(desk.actor):
        raise UnreadableError(OUT_OF_DATE)
    changeable_here = found.series.changeable_by(desk.actor)
    held = await _held(found, desk)
    return series_forms.series(found, at.page, desk.reader, changeable=changeable_here, held=held, above=above)


async def _held(found: SeriesView, desk: Desk) -> frozenset[UUID]:
    """Return those of the places in line for a series' dates whose room is held for the person now."""
    waited = {gap.waiting_id for gap in found.gaps if gap.waiting_id}
    if not waited:
        return frozenset()
    mine = {place.id: place.status for place in await desk.services.line.mine(desk.actor)}
    return frozenset(place for place in waited if mine.get(place) == "offered")


# -- cancelling --------------------------------------------------------------------------------------------------------


async def which(click: Click, desk: Desk) -> Message:
    """Ask how much of its series is to be cancelled with a date."""
    return await which_of(await changeable(Target.load(click.value).booking, desk), desk)


async def which_of(booking: Booking, desk: Desk) -> Message:
    """Return the question how much of its series is to be cancelled with a date."""
    assert booking.series_id is not None
    found = await desk.services.series.view(booking.series_id, by=desk.actor)
    following = _following(found, booking)
    return views.which_to_cancel(booking, found.series, following=following, ahead=len(found.upcoming), reader=desk.reader)


def _following(found: SeriesView, booking: Booking) -> int:
    since = booking.series_on or date.min
    return sum(1 for one in found.upcoming if one.series_on and one.series_on >= since)


async def cancel(click: Click, desk: Desk) -> Message:
    """Cancel a date of a series and all after it, or all of them."""
    part = PartOfSeries.load(click.value)
    done = await desk.services.series.cancel(
        part.series, scope=part.scope, on=_day(part.on), version=part.version, by=desk.actor, key=click.key
    )
    return views.cancelled(done, desk.reader)


async def cancel_whole(click: Click, desk: Desk) -> ClickReply:
    """Cancel every date of a series that is ahead."""
    target = SeriesTarget.load(click.value)
    today = desk.services.clock.now().date()
    done = await desk.services.series.cancel(
        target.series, scope=Scope.ALL, on=today, version=target.version, by=desk.actor, key=click.key
    )
    return views.cancelled(done, desk.reader)


async def away(click: Click, desk: Desk) -> Show | Nothing:
    """Open the form in which the dates from one day to another are cancelled."""
    return await on_top(click, desk, _away(SeriesTarget.load(click.value), desk))


async def _away(target: SeriesTarget, desk: Desk) -> View:
    found = await desk.services.series.view(target.series, by=desk.actor)
    return series_forms.away(found.series, found.upcoming, desk.reader, version=target.version)


async def gone(submission: Submission, desk: Desk) -> SubmissionReply:
    """Cancel the dates of a series from one day to another."""
    target = SeriesTarget.load(submission.form.private_metadata)
    first, last = (_day_typed(submission.form.text(field)) for field in (Field.FROM, Field.TO))
    if last < first:
        said = "That is before the first day."
        raise InvalidSeries(said, fields={"to": said})
    done = await desk.services.series.cancel_range(
        target.series, first, last, version=target.version, by=desk.actor, key=submission.key
    )
    return shown(views.cancelled(done, desk.reader))


def _day_typed(text: str | None) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError as error:
        raise UnreadableError(OUT_OF_DATE) from error


def _day(day: date | None) -> date:
    if day is None:
        raise UnreadableError(OUT_OF_DATE)
    return day


async def undo(click: Click, desk: Desk) -> Message:
    """Take back what was done to many dates at once."""
    operation = Operation.load(click.value).operation
    done = await desk.services.series.undo(operation, by=desk.actor, key=click.key)
    return views.undone(done, desk.reader)


# -- going on ----------------------------------------------------------------------------------------------------------


async def renew(click: Click, desk: Desk) -> ClickReply:
    """Let a series go on as long again."""
    target = SeriesTarget.load(click.value)
    made = await desk.services.series.renew(target.series, by=desk.actor, key=click.key)
    if not _in_series(click):
        return views.booked(made, desk.reader, renewed=True)
    line = views.renewed_line(made, desk.reader)
    return Show(view=await _series(SeriesAt(series=target.series), desk, above=line), done=spoken(line))


async def let_end(click: Click, desk: Desk) -> Message:
    """Leave a series to end."""
    found = await desk.services.series.view(SeriesTarget.load(click.value).series, by=desk.actor)
    return views.left_to_end(found.series, found.last_on, desk.reader)


async def book_gap(click: Click, desk: Desk) -> ClickReply:
    """Book a date that was skipped after all."""
    gap = GapOfSeries.load(click.value)
    booking = await _booked_again(gap, desk, key=click.key)
    if not _in_series(click):
        return booking_views.booked(booking, desk.reader)
    line: Line = [
        "✅ ",
        bold(booking.room.name),
        f" is booked again: {lasting(booking.slot, booking.location, desk.reader)}",
    ]
    return Show(view=await _series(SeriesAt(series=gap.series, page=gap.page), desk, above=line), done=spoken(line))


async def _booked_again(gap: GapOfSeries, desk: Desk, *, key: str) -> Booking:
    """Book a date that was skipped; where the room is held for the person by now, as what they waited for."""
    found = await desk.services.series.view(gap.series, by=desk.actor)
    place = next((one.waiting_id for one in found.gaps if one.on == gap.on), None)
    if place is not None and (await desk.services.line.get(place)).status == "offered":
        return await desk.services.line.take(place, by=desk.actor, key=key)
    return await desk.services.series.restore(gap.series, gap.on, by=desk.actor, key=key)


async def answer(click: Click, desk: Desk) -> Message:
    """Note whether somebody comes to all dates of a series."""
    said = SeriesAnswer.load(click.value)
    done = await desk.services.series.answer(said.series, by=desk.actor, going=said.going, key=click.key)
    return series_notices.answered(done.series, going=said.going)


ACTIONS: Mapping[Action, OnClick] = {
    Action.OPEN_SERIES: look,
    Action.CANCEL_WHICH: which,
    Action.CANCEL_SERIES: cancel,
    Action.CANCEL_WHOLE: cancel_whole,
    Action.AWAY: away,
    Action.UNDO_SERIES: undo,
    Action.RENEW: renew,
    Action.LET_END: let_end,
    Action.BOOK_GAP: book_gap,
    Action.CHANGE_SERIES: change,
    Action.ANSWER_SERIES: answer,
}

SUBMISSIONS: Mapping[Callback, OnSubmission] = {Callback.AWAY: gone}
