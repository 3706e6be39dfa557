"""Small checks out of which the rules of Block Kit are built, with the sentences that Slack answers.

A check takes a value, its json-pointer and the list of problems found so far, to which it adds. It never raises, so that
one answer names everything that is wrong. Which block needs which check is told in `elements` and `blocks`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from datetime import date
from zoneinfo import available_timezones

Check = Callable[[object, str, list[str]], None]

_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def add(problems: list[str], sentence: str, at: str) -> None:
    """Note one problem with the place where it is."""
    problems.append(f"{sentence} [json-pointer:{at}]")


def string(longest: int, *, shortest: int = 1) -> Check:
    """A string of `shortest` to `longest` characters."""

    def check(value: object, at: str, problems: list[str]) -> None:
        if not isinstance(value, str):
            add(problems, "must be a string", at)
        elif len(value) < shortest:
            add(problems, f"must be more than {shortest - 1} characters", at)
        elif len(value) > longest:
            add(problems, f"must be less than {longest + 1} characters", at)

    return check


def boolean(value: object, at: str, problems: list[str]) -> None:
    """A JSON true or false."""
    if not isinstance(value, bool):
        add(problems, "must be a boolean", at)


def integer(lowest: int, highest: int) -> Check:
    """A whole number from `lowest` to `highest`."""

    def check(value: object, at: str, problems: list[str]) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            add(problems, "must be an integer", at)
        elif value < lowest:
            add(problems, f"must be greater than or equal to {lowest}", at)
        elif value > highest:
            add(problems, f"must be less than or equal to {highest}", at)

    return check


def one_of(*words: str) -> Check:
    """One of a few fixed words."""

    def check(value: object, at: str, problems: list[str]) -> None:
        if value not in words:
            add(problems, f"must be one of {', '.join(words)}", at)

    return check


def array(item: Check, *, most: int, fewest: int = 0) -> Check:
    """A list of `fewest` to `most` things that all pass `item`."""

    def check(value: object, at: str, problems: list[str]) -> None:
        if not isinstance(value, list):
            add(problems, "must be an array", at)
            return
        if len(value) < fewest:
            add(problems, f"no less than {fewest} items allowed", at)
        if len(value) > most:
            add(problems, f"no more than {most} items allowed", at)
        for index, one in enumerate(value[:most]):
            item(one, f"{at}/{index}", problems)

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    """An object with these fields and no others; a field of null counts as absent."""
    known = {**required, **optional}

    def check(value: object, at: str, problems: list[str]) -> None:
        if not isinstance(value, dict):
            add(problems, "must provide an object", at)
            return
        for name in required:
            if value.get(name) is None:
                add(problems, f"missing required field: {name}", at)
        for name, one in value.items():
            if name not in known:
                add(problems, f"invalid additional property: {name}", at)
            elif one is not None:
                known[name](one, f"{at}/{name}", problems)

    return check


def by_type(kinds: Mapping[str, Check]) -> Check:
    """An object whose `type` chooses the check."""

    def check(value: object, at: str, problems: list[str]) -> None:
        if not isinstance(value, dict):
            add(problems, "must provide an object", at)
        elif "type" not in value:
            add(problems, "missing required field: type", at)
        elif not isinstance(value["type"], str) or value["type"] not in kinds:
            add(problems, f"unsupported type: {value['type']}", f"{at}/type")
        else:
            kinds[value["type"]](value, at, problems)

    return check


def anything(value: object, at: str, problems: list[str]) -> None:
    """No rule at all."""


def text(longest: int, *kinds: str) -> Check:
    """A text object of one of `kinds` (both when none is named), of 1 to `longest` characters."""
    allowed = kinds or ("plain_text", "mrkdwn")
    shapes: dict[str, Check] = {
        "plain_text": record({"type": anything, "text": string(longest)}, {"emoji": boolean}),
        "mrkdwn": record({"type": anything, "text": string(longest)}, {"verbatim": boolean}),
    }
    return by_type({kind: shapes[kind] for kind in allowed})


def plain(longest: int) -> Check:
    """A text object that must be plain_text."""
    return text(longest, "plain_text")


def link(longest: int = 3000) -> Check:
    """An absolute web address."""
    length = string(longest)

    def check(value: object, at: str, problems: list[str]) -> None:
        before = len(problems)
        length(value, at, problems)
        if len(problems) == before and not re.match(r"(?:https?://[^\s/]|mailto:\S|slack://\S)", str(value)):
            add(problems, "must be a valid URL", at)

    return check


def day(value: object, at: str, problems: list[str]) -> None:
    """A calendar date as YYYY-MM-DD."""
    if not is_day(value):
        add(problems, "must be a valid date of the form YYYY-MM-DD", at)


def is_day(value: object) -> bool:
    """Whether the value is a date as YYYY-MM-DD that the calendar has."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def clock_time(value: object, at: str, problems: list[str]) -> None:
    """A time of day as HH:mm."""
    if not is_clock_time(value):
        add(problems, "must be a valid time of the form HH:mm", at)


def is_clock_time(value: object) -> bool:
    """Whether the value is a time of day as HH:mm."""
    return isinstance(value, str) and bool(_TIME.fullmatch(value))


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone(value: object, at: str, problems: list[str]) -> None:
    """The name of a time zone."""
    if not isinstance(value, str) or value not in _zones():
        add(problems, "must be a valid IANA timezone", at)


def unix_time(value: object, at: str, problems: list[str]) -> None:
    """A moment as unix seconds of ten digits."""
    if isinstance(value, bool) or not isinstance(value, int) or not 10**9 <= value < 10**10:
        add(problems, "must be a unix timestamp of 10 digits", at)


def number(value: object, at: str, problems: list[str]) -> None:
    """A JSON number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        add(problems, "must be a number", at)


def optional(item: Check) -> Check:
    """Whatever passes `item`, or null."""

    def check(value: object, at: str, problems: list[str]) -> None:
        if value is not None:
            item(value, at, problems)

    return check


def number_text(value: object, at: str, problems: list[str]) -> None:
    """A decimal number written as a string."""
    if not is_number_text(value):
        add(problems, "must be a number written as a string", at)


def is_number_text(value: object) -> bool:
    """Whether the value is a decimal number written as a string."""
    return isinstance(value, str) and bool(re.fullmatch(r"-?\d+(?:\.\d+)?", value))


def all_of(*checks: Check) -> Check:
    """Every one of several checks."""

    def check(value: object, at: str, problems: list[str]) -> None:
        for one in checks:
            one(value, at, problems)

    return check


style = one_of("primary", "danger")
