"""Builders' objects as the dicts that travel: what their own `to_dict` returns, at a fifth of its cost.

An object's own way looks through all its names for validators each time, and walks what is nested once a level.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from slack_sdk.models.basic_objects import EMPTY_ALLOWED_TYPE_AND_PROPERTY_LIST, JsonObject
from slack_sdk.models.blocks import ConfirmObject

_MAY_BE_EMPTY = frozenset((known["type"], known["property"]) for known in EMPTY_ALLOWED_TYPE_AND_PROPERTY_LIST)


def plain(value: Any) -> Any:  # noqa: ANN401 - whatever a builder holds
    """Return the value with every object in it as a dict; raises SlackObjectFormationError where one breaks a rule."""
    kind = type(value)
    # By the very type: asking whether something is an instance of an abstract class costs more than the rest.
    if kind is str or kind is bool or kind is int:
        return value
    if kind is list or kind is tuple:
        return [plain(one) for one in value]
    if isinstance(value, JsonObject):
        return _of_object(value)
    return {name: plain(held) for name, held in value.to_dict().items()} if hasattr(value, "to_dict") else value


def _of_object(value: JsonObject) -> dict[str, Any]:
    kind = type(value)
    if kind is not ConfirmObject and _has_its_own_way(kind):
        return {name: plain(held) for name, held in value.to_dict().items()}
    for validator in _validators(kind):
        getattr(value, validator)()
    if isinstance(value, ConfirmObject):
        # Most messages have some, and their own way takes the long way for each of their texts. They keep what they are
        # made of behind an underscore: what goes by the plain names is for old programs.
        return {name[1:]: plain(held) for name, held in vars(value).items() if name[0] == "_" and held}
    found = {}
    called = getattr(value, "type", None)
    for name in _names(kind, value):
        held = getattr(value, name, None)
        if held is None or (hasattr(held, "__len__") and not len(held) and (called, name) not in _MAY_BE_EMPTY):
            continue
        found[name] = plain(held)
    return found


@cache
def _has_its_own_way(kind: type[JsonObject]) -> bool:
    own = ("to_dict", "get_non_null_attributes", "get_object_attribute", "validate_json")
    return any(getattr(kind, name) is not getattr(JsonObject, name) for name in own)


@cache
def _validators(kind: type[JsonObject]) -> tuple[str, ...]:
    return tuple(name for name in dir(kind) if hasattr(getattr(kind, name), "validator"))


_known_names: dict[type[JsonObject], tuple[str, ...]] = {}


def _names(kind: type[JsonObject], value: JsonObject) -> tuple[str, ...]:
    """Return what makes up the JSON of an object: the same for every one of its kind."""
    names = _known_names.get(kind)
    if names is None:
        names = _known_names[kind] = tuple(sorted(value.attributes))
    return names
