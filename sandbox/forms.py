"""What one person has typed and chosen in the interactive elements of one message or view.

A form knows the elements, their present values in the shape that payloads carry, and what a client refuses: options that
are not offered, text that is too long, dates that do not exist, required inputs left empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.blocks import elements_of
from sandbox.elements import options_of
from sandbox.errors import Json, Refusal, Value
from sandbox.shapes import is_clock_time, is_day, is_number_text

REQUIRED = "Please complete this required field."

# The field of the state that carries an element's value, by element type. Elements that are absent here keep no state.
STATE_FIELD = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "file_input": "files",
}
SEVERAL = frozenset({"selected_options", "selected_users", "selected_conversations", "selected_channels", "files"})
_INITIAL = {
    "value": "initial_value",
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "selected_user": "initial_user",
    "selected_users": "initial_users",
    "selected_conversation": "initial_conversation",
    "selected_conversations": "initial_conversations",
    "selected_channel": "initial_channel",
    "selected_channels": "initial_channels",
    "selected_date": "initial_date",
    "selected_time": "initial_time",
    "selected_date_time": "initial_date_time",
}
_CHOSEN_BY_ID = {
    "selected_user": "user",
    "selected_users": "user",
    "selected_conversation": "conversation",
    "selected_conversations": "conversation",
    "selected_channel": "channel",
    "selected_channels": "channel",
}

Key = tuple[str, str]
Exists = Callable[[str, str], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Element:
    """One interactive element and the block that holds it."""

    block_id: str
    action_id: str
    spec: Json
    block: Json

    @property
    def kind(self) -> str:
        """The element's type."""
        return str(self.spec["type"])

    @property
    def field(self) -> str | None:
        """The name of its value in the state; None for buttons and overflow menus."""
        return STATE_FIELD.get(self.kind)

    @property
    def in_input(self) -> bool:
        """Whether an input block holds it."""
        return bool(self.block["type"] == "input")

    @property
    def dispatches(self) -> bool:
        """Whether a change of it is sent to the app at once."""
        return not self.in_input or bool(self.block.get("dispatch_action"))

    @property
    def required(self) -> bool:
        """Whether a submission needs a value for it."""
        return self.in_input and not self.block.get("optional")

    @property
    def searches(self) -> bool:
        """Whether the app supplies its options as the person types."""
        return self.kind in {"external_select", "multi_external_select"}


class Form:
    """The elements of one message or view with one person's values."""

    def __init__(self, blocks: Iterable[Json], *, before: Form | None = None, channel: str | None = None) -> None:
        """Values of `before` stay where block id, action id and type are the same."""
        self.elements: dict[Key, Element] = {}
        self.values: dict[Key, Any] = {}
        self.loaded: dict[Key, dict[str, Json]] = {}
        for block in blocks:
            for _, spec in elements_of(block):
                element = Element(block_id=block["block_id"], action_id=spec["action_id"], spec=spec, block=block)
                self.elements[element.block_id, element.action_id] = element
                self._begin(element, before, channel)

    def _begin(self, element: Element, before: Form | None, channel: str | None) -> None:
        key = (element.block_id, element.action_id)
        if element.field is None:
            return
        old = before.elements.get(key) if before else None
        if before and old and old.kind == element.kind:
            self.loaded[key] = before.loaded.get(key, {})
            kept = before.values[key]
            if self._still_offered(element, kept):
                self.values[key] = kept
                return
        self.values[key] = _initial(element, channel)

    def _still_offered(self, element: Element, value: Value) -> bool:
        if value in (None, []) or element.searches or not options_of(element.spec):
            return True
        offered = {one["value"] for one in options_of(element.spec)}
        chosen = value if isinstance(value, list) else [value]
        return all(one["value"] in offered for one in chosen)

    def element(self, block_id: str, action_id: str) -> Element:
        """The element with these ids; raises Refusal no_such_element."""
        found = self.elements.get((block_id, action_id))
        if found is None:
            raise Refusal("no_such_element", f"There is no element {action_id} in a block {block_id}.")
        return found

    def state(self) -> Json:
        """The `state` of a payload: `{"values": {block_id: {action_id: {...}}}}`."""
        values: Json = {}
        for (block_id, action_id), value in self.values.items():
            element = self.elements[block_id, action_id]
            assert element.field is not None
            entry = {"type": element.kind, element.field: value}
            if element.kind == "timepicker" and element.spec.get("timezone"):
                entry["timezone"] = element.spec["timezone"]
            values.setdefault(block_id, {})[action_id] = entry
        return {"values": values}

    def offered(self, element: Element) -> dict[str, Json]:
        """The options that the person can choose of, by value."""
        listed = {one["value"]: one for one in options_of(element.spec)}
        initial = element.spec.get("initial_options") or [element.spec.get("initial_option")]
        begun = {one["value"]: one for one in initial if one}
        return {**begun, **listed, **self.loaded.get((element.block_id, element.action_id), {})}

    def remember_options(self, element: Element, options: Iterable[Json]) -> None:
        """Options that the app just supplied, so that one of them can be chosen."""
        known = self.loaded.setdefault((element.block_id, element.action_id), {})
        known.update({one["value"]: one for one in options})

    def read(self, element: Element, given: Value, exists: Exists) -> Value:
        """The value as the state keeps it, from what the person gave; raises Refusal."""
        if element.field is None:
            raise Refusal("no_value", f"A {element.kind} takes no value.")
        if given in (None, "", []):
            return [] if element.field in SEVERAL else None
        if element.field in SEVERAL:
            return self._read_several(element, given, exists)
        return self._read_one(element, given, exists)

    def _read_several(self, element: Element, given: Value, exists: Exists) -> list[Any]:
        if not isinstance(given, list):
            raise Refusal("invalid_value", f"A {element.kind} takes a list.")
        most = element.spec.get("max_files", 10) if element.field == "files" else element.spec.get("max_selected_items")
        if most is not None and len(given) > most:
            raise Refusal("too_many_selected", f"At most {most} can be chosen.")
        read = [self._read_one(element, one, exists) for one in given]
        keys = [one.get("value", one.get("id")) if isinstance(one, dict) else one for one in read]
        if len(set(keys)) != len(keys):
            raise Refusal("invalid_value", "The same thing was chosen twice.")
        return read

    def _read_one(self, element: Element, given: Value, exists: Exists) -> Value:
        field = element.field or ""
        if field.startswith("selected_option"):
            return self._option(element, given)
        what = _CHOSEN_BY_ID.get(field)
        if what is not None:
            return _existing(what, given, exists)
        match field:
            case "selected_date":
                return _valid(given, ok=is_day(given), what="a date")
            case "selected_time":
                return _valid(given, ok=is_clock_time(given), what="a time")
            case "selected_date_time":
                moment = int(given) if isinstance(given, str) and given.isdigit() else given
                return _valid(moment, ok=isinstance(moment, int) and moment >= 10**9, what="a moment")
        return _file(element, given) if field == "files" else _typed(element, given)

    def _option(self, element: Element, given: Value) -> Json:
        value = given.get("value") if isinstance(given, Mapping) else given
        found = self.offered(element).get(value) if isinstance(value, str) else None
        if found is None:
            raise Refusal("no_such_option", f"{value!r} is not among the options of {element.action_id}.")
        return found

    def missing(self) -> dict[str, str]:
        """The blocks of required inputs that are still empty, each with the client's sentence."""
        return {
            element.block_id: REQUIRED
            for key, element in self.elements.items()
            if element.required and self.values.get(key) in (None, [], "")
        }


def _initial(element: Element, channel: str | None) -> Value:
    assert element.field is not None
    value = element.spec.get(_INITIAL.get(element.field, ""))
    if value is None and element.spec.get("default_to_current_conversation") and channel:
        value = [channel] if element.field in SEVERAL else channel
    if value in (None, ""):
        return [] if element.field in SEVERAL else None
    return value


def _existing(what: str, given: Value, exists: Exists) -> str:
    if not isinstance(given, str) or not exists(what, given):
        raise Refusal("no_such_option", f"There is no {what} {given!r} to choose.")
    return given


def _file(element: Element, given: Value) -> Json:
    """A file that the person has handed over before; `given` is its file object."""
    if not isinstance(given, dict) or "id" not in given:
        raise Refusal("no_such_file", "There is no file with this id to hand over.")
    kinds = element.spec.get("filetypes")
    if kinds and given["filetype"] not in kinds:
        complaint = f"Please choose a file of one of these kinds: {', '.join(kinds)}."
        raise Refusal("invalid_input", complaint, errors={element.block_id: complaint})
    return given


def _valid(value: Value, *, ok: bool, what: str) -> Value:
    if not ok:
        raise Refusal("invalid_value", f"{value!r} is not {what}.")
    return value


def _typed(element: Element, given: Value) -> str:
    value = str(given) if isinstance(given, int | float) and not isinstance(given, bool) else given
    if not isinstance(value, str):
        raise Refusal("invalid_value", f"A {element.kind} takes text.")
    complaint = _complaint(element, value)
    if complaint:
        raise Refusal("invalid_input", complaint, errors={element.block_id: complaint})
    return value


def _complaint(element: Element, value: str) -> str | None:
    match element.kind:
        case "plain_text_input":
            return _length_complaint(element.spec, value)
        case "number_input":
            return _number_complaint(element.spec, value)
        case "email_text_input" if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
            return "Please enter a valid email address."
        case "url_text_input" if not re.fullmatch(r"https?://[^\s/]\S*", value):
            return "Please enter a valid URL."
    return None


def _length_complaint(spec: Json, value: str) -> str | None:
    low, high = spec.get("min_length") or 0, spec.get("max_length") or 3000
    if len(value) < low:
        return f"Please enter at least {low} characters."
    if len(value) > high:
        return f"Please enter at most {high} characters."
    return None


def _number_complaint(spec: Json, value: str) -> str | None:
    if not is_number_text(value):
        return "Please enter a number."
    if "." in value and not spec.get("is_decimal_allowed"):
        return "Please enter a whole number."
    low, high = spec.get("min_value"), spec.get("max_value")
    if low is not None and float(value) < float(low):
        return f"Please enter a number of at least {low}."
    if high is not None and float(value) > float(high):
        return f"Please enter a number of at most {high}."
    return None
