"""Settles which dates of a series are left out, once it is known which dates it has.

Kept out: recognising them (see exceptions.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from core import recurring
from handlers.sentence.items import Day, LeftOut
from handlers.sentence.model import Trouble
from handlers.sentence.outcome import Unsettled
from handlers.sentence.whichday import one_day

_LONGEST = 366  # days; whoever is away for longer rather says until when the series goes


class NotOneOfThem(Unsettled):
    """A date is to be left out that the series does not have; `near` are those around it, `at` the tokens that name it."""

    def __init__(self, named: date, near: tuple[date, ...], at: tuple[int, int]) -> None:
        super().__init__(
            Trouble.AMBIGUOUS, f"{named:%a} {named.day} {named:%b} is not one of its dates. Which one is to be left out?"
        )
        self.near = near
        self.at = at


@dataclass(frozen=True, slots=True)
class Calendar:
    """What says which days are meant: which days the rule `holds`, from when on the series may begin, the locale."""

    holds: Callable[[date], bool]
    base: date
    locale: str


def weekdays(found: Iterable[LeftOut]) -> set[int]:
    """Return the weekdays on which there is to be no date at all."""
    return {day for one in found for day in one.weekdays}


def days(found: Iterable[LeftOut], calendar: Calendar) -> Iterator[date]:
    """Yield every day that is left out."""
    for one in found:
        yield from _days(one, calendar)


def _days(one: LeftOut, calendar: Calendar) -> Iterator[date]:
    if one.first is None:
        return
    first = _nth_of_a_month(one.first, calendar) or one_day([one.first], calendar.base, calendar.locale)
    last = one_day([one.last], first, calendar.locale) if one.last else first
    if not 0 <= (last - first).days <= _LONGEST:
        raise Unsettled(Trouble.AMBIGUOUS, "From when to when is it left out? Give me both dates.")
    for ahead in range((last - first).days + 1):
        yield first + timedelta(days=ahead)


def _nth_of_a_month(day: Day, calendar: Calendar) -> date | None:
    """Return the first date of the series that is the 29th, where "the 29th" names no month."""
    if day.how != "dom" or day.months is not None:
        return None
    ahead = (calendar.base + timedelta(days=n) for n in range(_LONGEST))
    return next((one for one in ahead if one.day == day.day and calendar.holds(one)), None)


def of_series(found: Iterable[LeftOut], rule: str, first: date, calendar: Calendar) -> tuple[date, ...]:
    """Return the dates of a series that are left out, from its first date on; raise NotOneOfThem for one that it lacks.

    A stretch of days, and a feast, may lie beside its dates.
    """
    left: set[date] = set()
    for one in found:
        named = list(_days(one, calendar))
        if not named:
            continue
        around = list(recurring.dates(recurring.parse(rule), first, until=named[-1] + timedelta(days=31)))
        had = set(around).intersection(named)
        if not had and one.last is None and not one.named and named[0] >= first:
            near = sorted(around, key=lambda day: abs((day - named[0]).days))[:2]
            raise NotOneOfThem(named[0], tuple(sorted(near)), one.at)
        left |= had
    return tuple(sorted(left))
