"""The section of the booking form on repeating: one field at first, more of them once it repeats."""

from __future__ import annotations

from datetime import date

from slack_sdk.models.blocks import (
    CheckboxesElement,
    DatePickerElement,
    InputBlock,
    NumberInputElement,
    Option,
    PlainTextObject,
    RadioButtonsElement,
    StaticSelectElement,
)

from core import saying
from core.series_values import Scope
from handlers.ids import Action, Field
from handlers.repeating import MOST_TIMES, USUAL_TIMES, Ends, Every, Repeating, labels
from handlers.views import rhythm
from handlers.views.text import cut

_ENDS = {Ends.TIMES: "After a number of dates", Ends.UNTIL: "On a date", Ends.NEVER: "No end"}
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def section(repeating: Repeating, first_on: date) -> list[InputBlock]:
    """Return how often; where it repeats, also on which weekdays and until when. A change of it is always sent."""
    known = labels(repeating, first_on)
    value = f"{Every.RULE}:{repeating.kept}" if repeating.every is Every.RULE else repeating.every.value
    options = [_option(label, name) for name, label in known.items() if len(name) <= 150]
    chosen = next((option for option in options if option.value == value), options[0])
    often = StaticSelectElement(action_id=Action.REPEAT, options=options, initial_option=chosen)
    blocks = [InputBlock(block_id=Field.REPEAT.value, label="Repeat", element=often, dispatch_action=True)]
    if not repeating.repeats:
        return blocks
    return [*blocks, *(_weekdays(repeating, first_on) if repeating.weekly else []), *_end(repeating)]


def _weekdays(repeating: Repeating, first_on: date) -> list[InputBlock]:
    options = [_option(name, day) for name, day in zip(_WEEKDAYS, rhythm.DAYS, strict=True)]
    ticked = repeating.weekdays or (rhythm.DAYS[first_on.weekday()],)
    boxes = CheckboxesElement(
        action_id=Action.WEEKDAYS, options=options, initial_options=[one for one in options if one.value in ticked]
    )
    return [InputBlock(block_id=Field.WEEKDAYS.value, label="On", element=boxes, optional=True)]


def _end(repeating: Repeating) -> list[InputBlock]:
    options = [_option(label, value.value) for value, label in _ENDS.items()]
    chosen = next(option for option in options if option.value == repeating.ends.value)
    ends = StaticSelectElement(action_id=Action.ENDS, options=options, initial_option=chosen)
    blocks = [InputBlock(block_id=Field.ENDS.value, label="Ends", element=ends, dispatch_action=True)]
    if repeating.ends is Ends.TIMES:
        times = NumberInputElement(
            action_id=Action.TIMES,
            is_decimal_allowed=False,
            min_value="1",
            max_value=str(MOST_TIMES),
            initial_value=str(repeating.times or USUAL_TIMES),
        )
        blocks.append(InputBlock(block_id=Field.TIMES.value, label="Number of dates", element=times))
    if repeating.ends is Ends.UNTIL:
        until = DatePickerElement(
            action_id=Action.UNTIL, initial_date=repeating.until.isoformat() if repeating.until else None
        )
        blocks.append(InputBlock(block_id=Field.UNTIL.value, label="Last date", element=until))
    return blocks


def which(on: date, *, today: date) -> InputBlock:
    """Return the question how much of its series a change of one date is about."""
    options = [
        _option(f"Only {saying.short_date(on, today=today)}", Scope.THIS.value),
        _option("This and all dates after it", Scope.FOLLOWING.value),
        _option("All dates of the series", Scope.ALL.value),
    ]
    radio = RadioButtonsElement(action_id=Action.WHICH, options=options, initial_option=options[0])
    return InputBlock(block_id=Field.WHICH.value, label="Change", element=radio)


def _option(label: str, value: str) -> Option:
    return Option(value=value, text=PlainTextObject(text=cut(label, 75), emoji=False))
