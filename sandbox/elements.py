"""The interactive elements of Block Kit: their fields and limits, and the blocks that may hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.shapes import (
    Check,
    add,
    all_of,
    anything,
    array,
    boolean,
    by_type,
    clock_time,
    day,
    integer,
    is_number_text,
    link,
    number_text,
    one_of,
    plain,
    record,
    string,
    style,
    text,
    unix_time,
    zone,
)

IDENTIFIER = string(255)
CONFIRM = record({"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)}, {"style": style})
SELECT_OPTION = record({"text": plain(75), "value": string(150)}, {"description": plain(75)})
LISTED_OPTION = record({"text": text(75), "value": string(150)}, {"description": text(75)})
OVERFLOW_OPTION = record({"text": plain(75), "value": string(150)}, {"description": plain(75), "url": link(3000)})
OPTION_GROUP = record({"label": plain(75), "options": array(SELECT_OPTION, most=100, fewest=1)}, {})
SLACK_FILE = record({}, {"id": IDENTIFIER, "url": link()})


def has_picture(value: object, at: str, problems: list[str]) -> None:
    """An image shows either an address or a file of Slack's."""
    if isinstance(value, dict) and value.get("image_url") is None and value.get("slack_file") is None:
        add(problems, "missing required field: image_url", at)


IMAGE = all_of(
    record({"type": anything, "alt_text": string(2000)}, {"image_url": link(3000), "slack_file": SLACK_FILE}),
    has_picture,
)
_CONVERSATION_FILTER = record(
    {},
    {
        "include": array(one_of("im", "mpim", "private", "public"), most=4, fewest=1),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)
_DISPATCH = record(
    {},
    {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), most=2, fewest=1)},
)


def _element(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    return record({"type": anything, **required}, {"action_id": IDENTIFIER, "confirm": CONFIRM, **optional})


def _field(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    shared = {"placeholder": plain(150), "focus_on_load": boolean}
    return _element(required, {**shared, **optional})


def options_of(element: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every option that the element itself lists, those of its groups included."""
    listed = [one for one in element.get("options") or [] if isinstance(one, dict)]
    for group in element.get("option_groups") or []:
        if isinstance(group, dict):
            listed += [one for one in group.get("options") or [] if isinstance(one, dict)]
    return listed


def _face(option: Mapping[str, Any]) -> tuple[object, object, object]:
    """What makes an option the same option: its value, its text and its description."""

    def words(name: str) -> object:
        return option[name].get("text") if isinstance(option.get(name), dict) else None

    return option.get("value"), words("text"), words("description")


def _initial_is_an_option(value: object, at: str, problems: list[str]) -> None:
    if not isinstance(value, dict):
        return
    offered = [_face(one) for one in options_of(value)]
    single = value.get("initial_option")
    several = value.get("initial_options") or []
    if isinstance(single, dict) and _face(single) not in offered:
        add(problems, "must match one of the options", f"{at}/initial_option")
    for index, one in enumerate(several if isinstance(several, list) else []):
        if isinstance(one, dict) and _face(one) not in offered:
            add(problems, "must match one of the options", f"{at}/initial_options/{index}")


def _no_more_than_selectable(value: object, at: str, problems: list[str]) -> None:
    most = value.get("max_selected_items") if isinstance(value, dict) else None
    if not isinstance(value, dict) or isinstance(most, bool) or not isinstance(most, int):
        return
    for name in ("initial_options", "initial_users", "initial_conversations", "initial_channels"):
        if isinstance(value.get(name), list) and len(value[name]) > most:
            add(problems, f"no more than {most} items allowed", f"{at}/{name}")


def _numbers_in_order(value: object, at: str, problems: list[str]) -> None:
    if not isinstance(value, dict):
        return
    low, high, initial = (_number_in(value.get(name)) for name in ("min_value", "max_value", "initial_value"))
    if low is not None and high is not None and low > high:
        add(problems, "must be less than or equal to max_value", f"{at}/min_value")
    if initial is not None and ((low is not None and initial < low) or (high is not None and initial > high)):
        add(problems, "must be between min_value and max_value", f"{at}/initial_value")
    if initial is not None and value.get("is_decimal_allowed") is False and initial != int(initial):
        add(problems, "must be a whole number", f"{at}/initial_value")


def _number_in(value: object) -> float | None:
    return float(str(value)) if is_number_text(value) else None


def _options_or_groups(value: object, at: str, problems: list[str]) -> None:
    if not isinstance(value, dict):
        return
    given = [name for name in ("options", "option_groups") if value.get(name) is not None]
    if not given:
        add(problems, "missing required field: options", at)
    elif len(given) > 1:
        add(problems, "must define either `options` or `option_groups`, not both", at)


def _values_differ(value: object, at: str, problems: list[str]) -> None:
    if not isinstance(value, dict):
        return
    seen: set[str] = set()
    for one in options_of(value):
        name = one.get("value")
        if isinstance(name, str) and name in seen:
            add(problems, f"option value `{name}` occurs twice", f"{at}/options")
        elif isinstance(name, str):
            seen.add(name)


def _lengths_in_order(value: object, at: str, problems: list[str]) -> None:
    if not isinstance(value, dict):
        return
    low, high = value.get("min_length"), value.get("max_length")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        add(problems, "must be less than or equal to max_length", f"{at}/min_length")
    initial = value.get("initial_value")
    if isinstance(initial, str) and isinstance(high, int) and len(initial) > high:
        add(problems, f"must be less than {high + 1} characters", f"{at}/initial_value")
    if isinstance(initial, str) and initial and isinstance(low, int) and len(initial) < low:
        add(problems, f"must be more than {low - 1} characters", f"{at}/initial_value")


_OPTIONS = {
    "options": array(SELECT_OPTION, most=100, fewest=1),
    "option_groups": array(OPTION_GROUP, most=100, fewest=1),
}
_SEVERAL = {"max_selected_items": integer(1, 1000)}
_MEMBER = string(255)
_MEMBERS = array(_MEMBER, most=100)
_ANY_OPTION = SELECT_OPTION
_ANY_OPTIONS = array(SELECT_OPTION, most=100, fewest=1)
_LISTED = {"options": array(LISTED_OPTION, most=10, fewest=1)}

ELEMENTS: dict[str, Check] = {
    "button": _element(
        {"text": plain(75)},
        {"url": link(3000), "value": string(2000), "style": style, "accessibility_label": string(75)},
    ),
    "overflow": all_of(_element({"options": array(OVERFLOW_OPTION, most=5, fewest=1)}, {}), _values_differ),
    "static_select": all_of(
        _field({}, {**_OPTIONS, "initial_option": _ANY_OPTION}), _options_or_groups, _initial_is_an_option
    ),
    "multi_static_select": all_of(
        _field({}, {**_OPTIONS, **_SEVERAL, "initial_options": _ANY_OPTIONS}),
        _options_or_groups,
        _initial_is_an_option,
        _no_more_than_selectable,
    ),
    "external_select": _field({}, {"initial_option": _ANY_OPTION, "min_query_length": integer(0, 1000)}),
    "multi_external_select": all_of(
        _field({}, {**_SEVERAL, "initial_options": _ANY_OPTIONS, "min_query_length": integer(0, 1000)}),
        _no_more_than_selectable,
    ),
    "users_select": _field({}, {"initial_user": _MEMBER}),
    "multi_users_select": all_of(_field({}, {**_SEVERAL, "initial_users": _MEMBERS}), _no_more_than_selectable),
    "conversations_select": _field(
        {},
        {
            "initial_conversation": _MEMBER,
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": _CONVERSATION_FILTER,
        },
    ),
    "multi_conversations_select": all_of(
        _field(
            {},
            {
                **_SEVERAL,
                "initial_conversations": _MEMBERS,
                "default_to_current_conversation": boolean,
                "filter": _CONVERSATION_FILTER,
            },
        ),
        _no_more_than_selectable,
    ),
    "channels_select": _field({}, {"initial_channel": _MEMBER, "response_url_enabled": boolean}),
    "multi_channels_select": all_of(_field({}, {**_SEVERAL, "initial_channels": _MEMBERS}), _no_more_than_selectable),
    "datepicker": _field({}, {"initial_date": day}),
    "timepicker": _field({}, {"initial_time": clock_time, "timezone": zone}),
    "datetimepicker": _element({}, {"initial_date_time": unix_time, "focus_on_load": boolean}),
    "checkboxes": all_of(
        _element(_LISTED, {"initial_options": array(LISTED_OPTION, most=10, fewest=1), "focus_on_load": boolean}),
        _initial_is_an_option,
        _values_differ,
    ),
    "radio_buttons": all_of(
        _element(_LISTED, {"initial_option": LISTED_OPTION, "focus_on_load": boolean}),
        _initial_is_an_option,
        _values_differ,
    ),
    "plain_text_input": all_of(
        record(
            {"type": anything},
            {
                "action_id": IDENTIFIER,
                "placeholder": plain(150),
                "focus_on_load": boolean,
                "initial_value": string(3000, shortest=0),
                "multiline": boolean,
                "min_length": integer(0, 3000),
                "max_length": integer(1, 3000),
                "dispatch_action_config": _DISPATCH,
            },
        ),
        _lengths_in_order,
    ),
    "file_input": record(
        {"type": anything},
        {"action_id": IDENTIFIER, "filetypes": array(string(20), most=100), "max_files": integer(1, 10)},
    ),
    "email_text_input": record(
        {"type": anything},
        {
            "action_id": IDENTIFIER,
            "placeholder": plain(150),
            "focus_on_load": boolean,
            "initial_value": string(3000),
            "dispatch_action_config": _DISPATCH,
        },
    ),
    "url_text_input": record(
        {"type": anything},
        {
            "action_id": IDENTIFIER,
            "placeholder": plain(150),
            "focus_on_load": boolean,
            "initial_value": link(3000),
            "dispatch_action_config": _DISPATCH,
        },
    ),
    "number_input": all_of(
        record(
            {"type": anything, "is_decimal_allowed": boolean},
            {
                "action_id": IDENTIFIER,
                "placeholder": plain(150),
                "focus_on_load": boolean,
                "initial_value": number_text,
                "min_value": number_text,
                "max_value": number_text,
                "dispatch_action_config": _DISPATCH,
            },
        ),
        _numbers_in_order,
    ),
}

_SINGLE_SELECTS = (
    "static_select",
    "external_select",
    "users_select",
    "conversations_select",
    "channels_select",
)
_MULTI_SELECTS = tuple(f"multi_{kind}" for kind in _SINGLE_SELECTS)
_EVERYWHERE = ("checkboxes", "radio_buttons", "datepicker", "timepicker", *_SINGLE_SELECTS)
IN_ACTIONS = ("button", "overflow", "datetimepicker", *_EVERYWHERE)
IN_SECTIONS = ("button", "overflow", *_EVERYWHERE, *_MULTI_SELECTS)
IN_INPUTS = (
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "file_input",
    "datetimepicker",
    *_EVERYWHERE,
    *_MULTI_SELECTS,
)

ACTION = by_type({kind: ELEMENTS[kind] for kind in IN_ACTIONS})
ACCESSORY = by_type({**{kind: ELEMENTS[kind] for kind in IN_SECTIONS}, "image": IMAGE})
FIELD = by_type({kind: ELEMENTS[kind] for kind in IN_INPUTS})
