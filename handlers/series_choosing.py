"""What becomes of each date with which a change of a series clashes, chosen in a form."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.views import View

from core.errors import SeriesClash, StaleSeries
from core.models import Slot
from handlers.edge import OnClick, OnSubmission
from handlers.ids import Action, Callback
from handlers.previewing import shown
from handlers.replies import Nothing, Show, SubmissionReply
from handlers.requests import Click, Submission
from handlers.series import Choices, choices_in, lost_dates, on_top, times_with
from handlers.series_drafts import ChoosingChange, Given, SeriesChanging, unpacked
from handlers.series_editing import apply, overtaken
from handlers.services import Desk
from handlers.views import series as views
from handlers.views import series_forms
from handlers.views.text import Line

NONE_YET: Choices = {}


async def choose(click: Click, desk: Desk) -> Show | Nothing:
    """Open the form in which each date that clashes with a change is chosen about."""
    return await on_top(click, desk, _form(SeriesChanging.load(click.value), desk))


async def _form(asked: SeriesChanging, desk: Desk, *, stands: Choices = NONE_YET, lost: SeriesClash | None = None) -> View:
    found = await desk.services.series.preview_change(
        asked.series, asked.change, scope=asked.scope, on=asked.on, by=desk.actor
    )
    times = await times_with(stands, found, desk)
    if lost is None:
        return series_forms.choose_change(found, asked, times, desk.reader)
    gone = lost_dates(lost.preview, stands)
    chosen = {day: choice for day, choice in stands.items() if day not in gone}
    named = views.named_dates(gone, found.location, desk.reader)
    was = "was" if len(gone) == 1 else "were"
    above: Line = [f"{named} {was} lost meanwhile. Nothing is changed yet."] if gone else ["Nothing is changed yet."]
    return series_forms.choose_change(found, asked, times, desk.reader, chosen=chosen, lost=gone, above=above)


async def chosen(submission: Submission, desk: Desk) -> SubmissionReply:
    """Change a series with what was chosen for each of its dates; where some are lost by now, ask about them again."""
    held = ChoosingChange.load(submission.form.private_metadata)
    asked = held.asked
    length = asked.minutes if Given.MINUTES in asked.given else (await desk.services.series.get(asked.series)).minutes
    choices = choices_in(submission.form, length, unpacked(held.rest, asked.since))
    try:
        return shown(views.changed(await apply(asked, choices, desk, key=submission.key), desk.reader))
    except SeriesClash as clash:
        return Show(view=await _form(asked, desk, stands=_taken_out(choices, clash), lost=clash))
    except StaleSeries as stale:
        return shown(overtaken(stale, asked, desk), done=False)


def _taken_out(choices: Choices, clash: SeriesClash) -> Choices:
    """Return what was chosen, without other times that cannot be had any more."""
    gone = set(lost_dates(clash.preview, choices))
    return {day: choice for day, choice in choices.items() if day not in gone or not isinstance(choice, Slot)}


ACTIONS: Mapping[Action, OnClick] = {Action.CHOOSE_CHANGES: choose}
SUBMISSIONS: Mapping[Callback, OnSubmission] = {Callback.CHOOSE_CHANGES: chosen}
