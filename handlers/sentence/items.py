"""The pieces that the matchers find in a sentence, before anybody asks how they hang together.

Kept out: recognising them and resolving them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Item:
    """Tokens `i` up to `j` that mean one thing; `value` depends on `kind`.

    Kinds: clock, part, now, rel (minutes from now), dur (minutes), day (Day), vague (text), count, badcount, people-free
    words (filler, word), num (int), prep (word), conn (word), room, place, floor, building, city, amenity, unmet,
    mention, title, every (Every), limit (int, unit), zone, fix, or, not, private, solo and sep.
    """

    kind: str
    value: Any
    i: int
    j: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock time as written: `half` is am or pm, `exact` a 24-hour form, `name` a word for it, `bare` a lone number."""

    hour: int
    minute: int = 0
    half: str | None = None
    exact: bool = False
    name: str | None = None
    bare: bool = False
    moment: datetime | None = None  # an ISO moment with its offset

    @property
    def valid(self) -> bool:
        """Whether such a time is on a clock."""
        if self.half and not 1 <= self.hour <= 23:
            return self.hour == 0 and self.half == "am"
        return self.minute < 60 and (self.hour < 24 or (self.hour == 24 and self.minute == 0))

    @property
    def explicit(self) -> bool:
        """Whether nothing about it has to be guessed."""
        return bool(self.half or self.exact or self.name or self.hour >= 13 or self.hour == 0)

    @property
    def minutes(self) -> int:
        """Minutes since midnight of an explicit clock."""
        if self.half and self.hour <= 12:
            return (self.hour % 12 + (12 if self.half == "pm" else 0)) * 60 + self.minute
        return self.hour * 60 + self.minute


@dataclass(frozen=True, slots=True)
class Day:
    """A date as written, not resolved. `how` says which of the other fields count.

    offset: days from today (`days`). weekday: `weekday`, `which` in bare, this, next, last, thisweek, plus `days`.
    date: `day`, `month`, `year` or None, `phrase` for dateparser. dom: `day` of the next month that has it, or of the
    month `months` ahead. nth: the `nth` (or last, -1) `weekday` of `month`, or of the month `months` ahead.
    month: the first day of the next `month`, today within it. end: the last day of `month`, or of the month `months` ahead.
    vague: a stretch such as "next week", in `phrase`.
    """

    how: str
    days: int = 0
    weekday: int = 0
    which: str = "bare"
    day: int = 0
    month: int = 0
    year: int | None = None
    nth: int = 0
    months: int | None = None
    phrase: str = ""
    swapped: bool = False


@dataclass(slots=True)
class Every:
    """A recurrence as written; `days` are weekday numbers, `nth` an ordinal within the month (-1 is the last).

    `also` are further ordinals of the same weekday: "first and third tuesday". `monthday` -1 is the last of the month.
    """

    freq: str  # DAILY, WEEKLY, MONTHLY
    interval: int = 1
    days: tuple[int, ...] = ()
    nth: int = 0
    also: tuple[int, ...] = ()
    monthday: int = 0
    count: int | None = None
    until: Day | None = None
    part: str | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Dates that a series leaves out: from `first` to `last` (None: that one day), or all on some `weekdays`.

    `named` says that a feast was named, which may fall on another day than the series.
    """

    first: Day | None = None
    last: Day | None = None
    weekdays: tuple[int, ...] = ()
    named: bool = False
    at: tuple[int, int] = (0, 0)  # its tokens


@dataclass(slots=True)
class Limit:
    """How long a series runs: `n` of "times", "days", "weeks" or "months"."""

    n: int
    unit: str


__all__ = ["Clock", "Day", "Every", "Item", "LeftOut", "Limit", "field"]
