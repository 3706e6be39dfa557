"""One's own settings: the form in which they are changed, and the lines that sum them up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time

from slack_sdk.models.blocks import (
    CheckboxesElement,
    InputBlock,
    Option,
    PlainTextObject,
    StaticSelectElement,
)
from slack_sdk.models.blocks.block_elements import InputInteractiveElement
from slack_sdk.models.views import View

from core import saying
from core.models import Location
from core.notices import Preferences
from handlers.ids import Action, Callback, Field
from handlers.views import own_tokens
from handlers.views.text import Line, cut, joined
from handlers.views.times import Reader

REMINDERS = (5, 10, 15, 30, 60, 1440)
# The database keeps no more.
MOST_REMINDERS = 5
NEVER = "never"
NOWHERE = "nowhere"
ENDINGS, INVITATIONS, CHANGES = "endings", "invitations", "changes"
MOST_PLACES = 99
_MORNING = range(5 * 60, 12 * 60 + 1, 30)
_DAY = range(0, 24 * 60, 30)


def settings_form(preferences: Preferences, reader: Reader, *, places: Iterable[Location]) -> View:
    """Return the form; `places` are those that have rooms, and are asked about where there are several."""
    return View(
        type="modal",
        callback_id=Callback.SETTINGS.value,
        title="Your settings",
        submit="Save",
        close="Cancel",
        blocks=[
            *_place(list(places), reader),
            _reminders(preferences),
            _tell(preferences),
            _time(Field.QUIET_FROM, "Quiet from", "No quiet hours", preferences.quiet_from, _DAY),
            _time(
                Field.QUIET_UNTIL,
                "Quiet until",
                "No quiet hours",
                preferences.quiet_until,
                _DAY,
                hint=f"On your clock ({clock_name(reader)} time). Until then you get reminders of your own meetings only.",
            ),
            _time(
                Field.DIGEST,
                "Your day in one message",
                "Not sent",
                preferences.digest_at,
                _MORNING,
                hint="Your meetings of the day, every morning at this time.",
            ),
            *own_tokens.opener(),
        ],
    )


def summary(preferences: Preferences, *, place: Location | None = None) -> Line:
    """Return "Reminders 10 minutes before · quiet 20:00-07:00 · usual place New York"."""
    minutes = sorted(preferences.reminder_minutes)
    parts: list[Line] = [
        [f"reminders {saying.listed(before(one) for one in minutes)} before" if minutes else "no reminders"]
    ]
    if preferences.quiet_from and preferences.quiet_until:
        parts.append([f"quiet {preferences.quiet_from:%H:%M}-{preferences.quiet_until:%H:%M}"])
    if preferences.digest_at:
        parts.append([f"your day at {preferences.digest_at:%H:%M}"])
    untold = [
        *([] if preferences.end_reminders else ["endings"]),
        *([] if preferences.tell_invitations else ["invitations"]),
        *([] if preferences.tell_changes else ["changes"]),
    ]
    if untold:
        parts.append([f"nothing of {saying.listed(untold, last='or')}"])
    if place:
        parts.append([f"usual place {place.name}"])
    return joined(parts, " · ")


def before(minutes: int) -> str:
    """Return "10 minutes", "1 hour", "1 day"."""
    return "1 day" if minutes == 1440 else saying.length(minutes)


def clock_name(reader: Reader) -> str:
    """Return the name by which people know the reader's own clock: "New York"."""
    return reader.person.zone.rpartition("/")[2].replace("_", " ")


def _place(places: list[Location], reader: Reader) -> list[InputBlock]:
    if len(places) < 2:
        return []
    usual = reader.person.default_location_id
    nearest = sorted(places, key=lambda one: (one.id != usual, one.name.casefold()))[:MOST_PLACES]
    options = [_option("None: ask me, or go by my clock", NOWHERE)]
    options += [_option(one.name, str(one.id)) for one in sorted(nearest, key=lambda one: one.name.casefold())]
    chosen = next((option for option in options if option.value == str(usual)), options[0])
    select = StaticSelectElement(action_id=Action.PLACE, options=options, initial_option=chosen)
    return [_input(Field.PLACE, "Usual place", select, hint="Where you mean when you name no place.")]


def _reminders(preferences: Preferences) -> InputBlock:
    minutes = sorted({*REMINDERS, *preferences.reminder_minutes})[:10]
    options = [_option(before(one), str(one)) for one in minutes]
    ticked = [option for option in options if int(option.value) in preferences.reminder_minutes]
    boxes = CheckboxesElement(action_id=Action.REMINDERS, options=options, initial_options=ticked or None)
    hint = f"Tick up to {MOST_REMINDERS}; none for no reminders."
    return _input(Field.REMINDERS, "Remind me before a meeting", boxes, hint=hint, optional=True)


def _tell(preferences: Preferences) -> InputBlock:
    known = (
        (
            ENDINGS,
            "My meeting ends soon",
            "15 minutes before, when others follow or you can extend",
            preferences.end_reminders,
        ),
        (INVITATIONS, "I am invited", "With buttons to say whether you come", preferences.tell_invitations),
        (CHANGES, "Others change my meetings", "They move, cancel or bring one back", preferences.tell_changes),
    )
    options = {value: _option(label, value, about) for value, label, about, _ in known}
    ticked = [options[value] for value, _, _, on in known if on]
    boxes = CheckboxesElement(action_id=Action.TELL, options=list(options.values()), initial_options=ticked or None)
    return _input(Field.TELL, "Tell me when", boxes, optional=True)


def _time(
    field: Field, label: str, never: str, at: time | None, minutes: Iterable[int], *, hint: str | None = None
) -> InputBlock:
    """Return a choice of half hours; unlike a time picker, it can be put back to nothing."""
    listed = sorted({*minutes, *([at.hour * 60 + at.minute] if at else [])})
    options = [_option(never, NEVER), *(_option(text, text) for text in map(saying.minute_of_day, listed))]
    wanted = f"{at:%H:%M}" if at else NEVER
    chosen = next(option for option in options if option.value == wanted)
    select = StaticSelectElement(action_id=field.value, options=options, initial_option=chosen)
    return _input(field, label, select, hint=hint)


def _input(
    field: Field, label: str, element: InputInteractiveElement, *, hint: str | None = None, optional: bool = False
) -> InputBlock:
    return InputBlock(block_id=field.value, label=label, element=element, hint=hint, optional=optional or None)


def _option(label: str, value: str, about: str = "") -> Option:
    described = PlainTextObject(text=cut(about, 75), emoji=False) if about else None
    return Option(value=value, text=PlainTextObject(text=cut(label, 75), emoji=False), description=described)
