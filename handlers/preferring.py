"""One's own settings: the form opened, and what was set in it kept."""

from __future__ import annotations

from datetime import time
from uuid import UUID

from slack_sdk.models.views import View

from core.notices import Preferences
from handlers import forms
from handlers.drafts import UnreadableError
from handlers.ids import Field
from handlers.opening import opened
from handlers.replies import FieldErrors, Nothing, Show
from handlers.requests import Click, Command, Form, Submission
from handlers.services import Desk
from handlers.understanding import places_of
from handlers.views import settings as views
from handlers.views.text import Line, rich, spoken


async def typed(request: Command | Click, rest: str, desk: Desk) -> Show | Nothing:  # noqa: ARG001 - one shape for all
    """Open the settings."""
    return await opened(request, desk, _form(desk))


async def clicked(click: Click, desk: Desk) -> Show | Nothing:
    """Open the settings from a button."""
    return await opened(click, desk, _form(desk))


async def sent(submission: Submission, desk: Desk) -> Show | FieldErrors:
    """Keep what was set, and say what holds now."""
    wanted, place = read(submission.form)
    if wrong := problems(wanted):
        return FieldErrors(errors=wrong)
    people, preferences = desk.services.people, desk.services.preferences
    if Field.PLACE in submission.form.values:
        location = desk.catalogue.location(place) if place else None
        await people.settle(desk.person.id, location_id=location.id if location else None)
        desk.services.directory.forget(desk.sender)
    await preferences.set(desk.person.id, wanted)
    usual = next((one for one in desk.catalogue.locations if one.id == place), None)
    said: Line = ["✅ Saved: ", *views.summary(wanted, place=usual), "."]
    return Show(view=forms.notice(spoken(said), [rich(said)], final=True), done=spoken(said))


def read(form: Form) -> tuple[Preferences, UUID | None]:
    """Return what stands in a form that was sent, with the usual place; raises UnreadableError for what is not ours."""
    ticked = form.options(Field.TELL)
    place = form.option(Field.PLACE)
    try:
        wanted = Preferences(
            reminder_minutes=tuple(sorted({int(one) for one in form.options(Field.REMINDERS)})),
            end_reminders=views.ENDINGS in ticked,
            tell_invitations=views.INVITATIONS in ticked,
            tell_changes=views.CHANGES in ticked,
            quiet_from=_time(form, Field.QUIET_FROM),
            quiet_until=_time(form, Field.QUIET_UNTIL),
            digest_at=_time(form, Field.DIGEST),
        )
        return wanted, UUID(place) if place and place != views.NOWHERE else None
    except ValueError as error:
        raise UnreadableError("This form is out of date. Open it again.") from error


def problems(wanted: Preferences) -> dict[str, str]:
    """Return what cannot be meant, by field."""
    found: dict[str, str] = {}
    if len(wanted.reminder_minutes) > views.MOST_REMINDERS:
        found[Field.REMINDERS] = f"Tick at most {views.MOST_REMINDERS}."
    if wanted.quiet_from and not wanted.quiet_until:
        found[Field.QUIET_UNTIL] = "Choose when the quiet hours end."
    if wanted.quiet_until and not wanted.quiet_from:
        found[Field.QUIET_FROM] = "Choose when the quiet hours begin."
    if wanted.quiet_from and wanted.quiet_from == wanted.quiet_until:
        found[Field.QUIET_UNTIL] = "Choose another time than the beginning."
    return found


def _time(form: Form, field: Field) -> time | None:
    chosen = form.option(field)
    return time.fromisoformat(chosen) if chosen and chosen != views.NEVER else None


async def _form(desk: Desk) -> View:
    preferences = await desk.services.preferences.get(desk.person.id)
    return views.settings_form(preferences, desk.reader, places=places_of(desk))
