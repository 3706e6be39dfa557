"""Turns a recognised recurrence into an RRULE value and its first date.

Kept out: clock times, and expanding a series.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from handlers.sentence import days
from handlers.sentence.items import Every, Limit
from handlers.sentence.model import Trouble
from handlers.sentence.words import BYDAY


class Inexpressible(ValueError):
    """The series cannot be said as a rule, for the reason in words."""

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(message)
        self.trouble = trouble


REASONS = {
    "unit": "I can repeat daily, weekly or monthly. How often should it be?",
    "twice": "On which days of the week should it repeat?",
    "nth": 'Every so many weeks, or that weekday "of every month"? Say which one you mean.',
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A recurrence with its days settled."""

    freq: str
    interval: int
    days: tuple[int, ...] = ()
    nth: int = 0
    monthday: int = 0
    also: tuple[int, ...] = ()

    def holds(self, day: date) -> bool:
        """Whether the series may have a meeting on this day (its interval apart)."""
        if self.freq == "WEEKLY":
            return day.weekday() in self.days
        if self.freq == "MONTHLY" and self.monthday:
            return day.day == self.monthday or (self.monthday == -1 and (day + timedelta(days=1)).day == 1)
        if self.freq == "MONTHLY":
            return any(self._is_nth(day, nth) for nth in (self.nth, *self.also))
        return True

    def _is_nth(self, day: date, nth: int) -> bool:
        try:
            return days.nth_weekday(day.replace(day=1), self.days[0], nth) == day
        except days.NoSuchDay:
            return False


def pattern(every: Every, given: date | None) -> Pattern:
    """Return the pattern of a recurrence; `given` is the date beside it. Raise Inexpressible where days are missing."""
    if every.trouble:
        raise Inexpressible(Trouble.AMBIGUOUS if every.trouble != "unit" else Trouble.NOT_UNDERSTOOD, REASONS[every.trouble])
    if not 1 <= every.interval <= 52:
        raise Inexpressible(Trouble.NOT_UNDERSTOOD, "That is too rare for a series.")
    if every.monthday > 31:
        raise Inexpressible(Trouble.INVALID_TIME, "No month has that many days.")
    if every.freq == "WEEKLY" and not every.days:
        if given is None:
            raise Inexpressible(Trouble.AMBIGUOUS, "On which day of the week should it be?")
        return Pattern("WEEKLY", every.interval, (given.weekday(),))
    if every.freq == "MONTHLY" and not every.monthday and not every.nth:
        if given is None:
            raise Inexpressible(Trouble.AMBIGUOUS, "On which day of the month should it be?")
        return Pattern("MONTHLY", every.interval, monthday=given.day)
    return Pattern(every.freq, every.interval, every.days, every.nth, every.monthday, every.also)


def without(found: Pattern, weekdays: set[int]) -> Pattern:
    """Return the pattern on its other weekdays; raise Inexpressible where none is left, or it is not one of weekdays."""
    if not weekdays:
        return found
    if found.freq == "DAILY" and found.interval == 1:
        found = replace(found, freq="WEEKLY", days=tuple(range(7)))
    left = tuple(day for day in found.days if day not in weekdays)
    if found.freq != "WEEKLY" or found.nth or not left:
        raise Inexpressible(Trouble.AMBIGUOUS, "Which dates are to be left out? Give me day and month.")
    return replace(found, days=left)


def first(found: Pattern, base: date, ahead: Callable[[date], bool]) -> date:
    """Return the first day from `base` on that the pattern holds and that `ahead` accepts."""
    day = base
    for _ in range(366 * 4):
        if found.holds(day) and ahead(day):
            return day
        day += timedelta(days=1)
    raise Inexpressible(Trouble.INVALID_TIME, "No such day comes up in the next years.")


def rule(found: Pattern, start: date, limit: Limit | None, until: date | None) -> str:
    """Return the RRULE value of a pattern that starts on `start`."""
    parts = [f"FREQ={found.freq}"]
    if found.interval > 1:
        parts.append(f"INTERVAL={found.interval}")
    if found.freq == "WEEKLY":
        parts.append("BYDAY=" + ",".join(BYDAY[day] for day in sorted(found.days)))
    elif found.monthday:
        parts.append(f"BYMONTHDAY={found.monthday}")
    elif found.freq == "MONTHLY":
        parts.append("BYDAY=" + ",".join(f"{nth}{BYDAY[found.days[0]]}" for nth in (found.nth, *found.also)))
    if limit is not None:
        parts.append(_limited(found, start, limit))
    elif until is not None:
        parts.append(f"UNTIL={until:%Y%m%d}")
    return ";".join(parts)


def _limited(found: Pattern, start: date, limit: Limit) -> str:
    if not 1 <= limit.n <= 1000:
        raise Inexpressible(Trouble.INVALID_TIME, "How many times should it repeat?")
    if limit.unit == "times":
        return f"COUNT={limit.n}"
    if limit.unit == "months":
        if found.freq == "MONTHLY":
            return f"COUNT={-(-limit.n // found.interval) * (1 + len(found.also))}"
        return f"UNTIL={_months_on(start, limit.n) - timedelta(days=1):%Y%m%d}"
    spread = limit.n * (7 if limit.unit == "weeks" else 1)
    if found.freq == "DAILY":
        return f"COUNT={-(-spread // found.interval)}"
    if found.freq == "WEEKLY" and limit.unit == "weeks":
        return f"COUNT={len(found.days) * -(-limit.n // found.interval)}"
    return f"UNTIL={start + timedelta(days=spread - 1):%Y%m%d}"


def _months_on(start: date, n: int) -> date:
    index = start.year * 12 + start.month - 1 + n
    day = start.day
    while True:
        try:
            return date(index // 12, index % 12 + 1, day)
        except ValueError:
            day -= 1
