"""Decides on which calendar day a draft is, from all the dates in it.

Kept out: clock times, and what one phrase means (see days.py).
"""

from __future__ import annotations

from datetime import date, datetime

from handlers.sentence import days
from handlers.sentence.draft import Draft
from handlers.sentence.items import Day
from handlers.sentence.model import Trouble
from handlers.sentence.outcome import Here, Unsettled

_LATELY = 14  # days; further back other calendars take the next year without a question


def gone(start: datetime) -> str:
    """Say that a start lies in the past."""
    return f"{start:%a} {start.day} {start:%b}, {start:%H:%M} has already gone by. When should it be?"


def movable(day: Day) -> bool:
    """A bare weekday gives way to the next week when its time has gone by, and to a date beside it."""
    return day.how == "weekday" and day.which in ("bare", "this") and day.days == 0


def chosen_day(draft: Draft, today: date, locale: str) -> tuple[date, bool]:
    """Return (day, whether it is a bare weekday) of the dates in a sentence; raise Unsettled when they disagree."""
    firm = [day for day in draft.days if not movable(day)]
    loose = [day for day in draft.days if movable(day)]
    if not firm:
        found = {_resolved(day, today, locale) for day in loose}
        if len(found) > 1:
            raise Unsettled(Trouble.AMBIGUOUS, "I book one day at a time. Which day is it?")
        return found.pop(), True
    found = {_resolved(day, today, locale) for day in firm}
    if len(found) > 1:
        raise Unsettled(Trouble.AMBIGUOUS, "I found more than one date. Which one is it?")
    chosen = found.pop()
    for day in loose:
        if day.weekday != chosen.weekday():
            raise Disagreement(chosen, _resolved(day, today, locale))
    return chosen, False


class WhichDate(Unsettled):
    """The words fit several dates, or one that nobody is likely to mean; `days` are worth offering."""

    days: tuple[date, ...] = ()


class Disagreement(WhichDate):
    """The weekday and the date do not belong together; both are worth offering."""

    def __init__(self, named: date, weekday: date) -> None:
        super().__init__(
            Trouble.AMBIGUOUS,
            f"{named.day} {named:%B} is a {named:%A}, not a {weekday:%A}. Which day is it?",
        )
        self.days = (named, weekday)


class GoneBy(WhichDate):
    """A month and day without a year that lies a few weeks back: next year's is offered, not booked."""

    def __init__(self, passed: date, coming: date) -> None:
        super().__init__(Trouble.PAST, f"{passed:%a} {passed.day} {passed:%B} has already gone by. Which day is it?")
        self.days = (coming,)


def check_lately(draft: Draft, chosen: date, today: date) -> None:
    """Raise GoneBy when a month and day without a year has passed so lately that next year's is hardly meant."""
    if not any(day.how == "date" and day.year is None and not day.days for day in draft.days):
        return
    if (chosen - today).days < 365 - _LATELY or (chosen.month, chosen.day) == (2, 29):
        return
    passed = chosen.replace(year=chosen.year - 1)
    if passed < today:
        raise GoneBy(passed, chosen)


def one_day(found: list[Day], today: date, locale: str) -> date:
    """Return the one day that several phrases mean; raise Unsettled when they disagree."""
    days_found = {_resolved(day, today, locale) for day in found}
    if len(days_found) > 1:
        raise Unsettled(Trouble.AMBIGUOUS, "I found more than one date. Which one is it?")
    return days_found.pop()


def _resolved(day: Day, today: date, locale: str) -> date:
    try:
        return days.resolve(day, today, locale)
    except days.NoSuchDay:
        raise Unsettled(Trouble.INVALID_TIME, "That date is not in the calendar. Which day is it?") from None


def day_of(draft: Draft, here: Here) -> date:
    """Return the day of a draft that has no time; raise Unsettled when its dates disagree or are gone."""
    day, _ = chosen_day(draft, here.local.date(), here.locale)
    if day < here.local.date():
        raise Unsettled(Trouble.PAST, f"{day:%a} {day.day} {day:%b} has already gone by. Which day is it?")
    return day
