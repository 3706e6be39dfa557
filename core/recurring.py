"""From a rule to its dates, and from a date to its time: pure, on the wall clock.

Rules are those of RFC 5545 that people say: daily, weekly, monthly, yearly, every so many, on some weekdays or days of the
month, so many times or until a date. Expanded by dateutil on naive times; only then does a zone come in, so that ten
o'clock stays ten o'clock on either side of a night in which the clocks change. Kept out: rooms, and the database.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Literal
from zoneinfo import ZoneInfo

from dateutil import rrule

from core.errors import InvalidSeries
from core.models import Slot

# As many dates as are booked at once; what lies behind is booked as time goes on.
MOST_AT_ONCE = 1000
# Nobody plans further than that, and no rule is searched further for a date that never comes.
FURTHEST = timedelta(days=30 * 366)
MOST_TIMES = 10_000
LONGEST_MINUTES = 24 * 60

_FREQUENCIES: dict[str, Literal[0, 1, 2, 3]] = {
    "DAILY": rrule.DAILY,
    "WEEKLY": rrule.WEEKLY,
    "MONTHLY": rrule.MONTHLY,
    "YEARLY": rrule.YEARLY,
}
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_LAST_DAY = re.compile(r"\d{8}(T\d{6}Z?)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,6}", re.ASCII)
_KNOWN = ("FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "COUNT", "UNTIL", "WKST")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A rule as it was read.

    `days` are (which of the month, 0 for each; weekday, 0 for Monday), `monthdays` count from the month's end where they are
    negative. Without `count` and `until` it has no end.
    """

    freq: str
    interval: int = 1
    days: tuple[tuple[int, int], ...] = ()
    monthdays: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    count: int | None = None
    until: date | None = None
    week_start: int = 0

    @property
    def endless(self) -> bool:
        """Tell whether it goes on for ever."""
        return self.count is None and self.until is None

    def ending(self, until: date) -> Rule:
        """Return the rule with another end, that day included."""
        return replace(self, count=None, until=until)

    def counting(self, count: int) -> Rule:
        """Return the rule so many times."""
        return replace(self, count=count, until=None)

    def __str__(self) -> str:
        """The value of the RRULE."""
        parts = [f"FREQ={self.freq}"]
        if self.interval != 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.days:
            parts.append("BYDAY=" + ",".join(f"{nth or ''}{_DAYS[day]}" for nth, day in self.days))
        if self.monthdays:
            parts.append("BYMONTHDAY=" + ",".join(map(str, self.monthdays)))
        if self.months:
            parts.append("BYMONTH=" + ",".join(map(str, self.months)))
        if self.week_start:
            parts.append(f"WKST={_DAYS[self.week_start]}")
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        if self.until is not None:
            parts.append(f"UNTIL={self.until:%Y%m%d}")
        return ";".join(parts)


def parse(text: str) -> Rule:
    """Return the rule that a text says, or raise InvalidSeries with what is wrong with it."""
    parts = _parts(text)
    freq = parts.get("FREQ", "")
    if freq not in _FREQUENCIES:
        raise InvalidSeries("A series repeats daily, weekly, monthly or yearly.")
    if "COUNT" in parts and "UNTIL" in parts:
        raise InvalidSeries("A series ends after so many dates or on a day, not both.")
    rule = Rule(
        freq=freq,
        interval=_number(parts.get("INTERVAL", "1"), "between two dates", 1, 1000),
        days=tuple(_weekday(one, freq) for one in _several(parts.get("BYDAY"))),
        monthdays=tuple(_monthday(one, freq) for one in _several(parts.get("BYMONTHDAY"))),
        months=tuple(_number(one, "of a month", 1, 12) for one in _several(parts.get("BYMONTH"))),
        count=_number(parts["COUNT"], "of dates", 1, MOST_TIMES) if "COUNT" in parts else None,
        until=_date(parts["UNTIL"]) if "UNTIL" in parts else None,
        week_start=_week_start(parts.get("WKST", "MO")),
    )
    if rule.freq == "YEARLY" and any(nth for nth, _ in rule.days) and not rule.months:
        raise InvalidSeries("Say of which month the weekday is meant.")
    return rule


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").rstrip(";").split(";"):
        name, _, value = part.partition("=")
        if name not in _KNOWN or not value:
            raise InvalidSeries("That is not a rule for a series that can be booked.")
        if name in parts:
            raise InvalidSeries(f"{name} stands twice in that rule.")
        parts[name] = value
    return parts


def _several(value: str | None) -> list[str]:
    return list(dict.fromkeys(value.split(","))) if value else []


def _number(text: str, what: str, least: int, most: int) -> int:
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
        raise InvalidSeries(f"The number {what} must be from {least} to {most:,}.")
    return int(text)


def _weekday(text: str, freq: str) -> tuple[int, int]:
    match = _DAY.fullmatch(text)
    if match is None:
        raise InvalidSeries("Weekdays are written MO, TU, WE, TH, FR, SA, SU.")
    nth = int(match[1]) if match[1] is not None else 0
    if match[1] is not None and (freq not in {"MONTHLY", "YEARLY"} or not 1 <= abs(nth) <= 5):
        raise InvalidSeries("A weekday of the month is its first to fifth, or its last.")
    return nth, _DAYS.index(match[2])


def _monthday(text: str, freq: str) -> int:
    if freq == "WEEKLY":
        raise InvalidSeries("A weekly series has weekdays, not days of the month.")
    if not _NUMBER.fullmatch(text) or not 1 <= abs(int(text)) <= 31:
        raise InvalidSeries("A day of the month is from 1 to 31, or counted from its end.")
    return int(text)


def _week_start(text: str) -> int:
    if text not in _DAYS:
        raise InvalidSeries("A week begins on one of its days.")
    return _DAYS.index(text)


def _date(text: str) -> date:
    # Other calendars write a time behind it: the day is what counts.
    if not _LAST_DAY.fullmatch(text):
        raise InvalidSeries("The last day is written like 20261231.")
    try:
        return datetime.strptime(text[:8], "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise InvalidSeries("The last day is written like 20261231.") from None


def dates(rule: Rule, first_on: date, *, until: date | None = None, clock: time = time()) -> Iterator[date]:
    """Yield the dates of a rule from `first_on` on, in order, none after `until` nor further than can be planned."""
    last = min(filter(None, (rule.until, until, _furthest(first_on))))
    if last < first_on:
        return
    found = rrule.rrule(
        _FREQUENCIES[rule.freq],
        dtstart=datetime.combine(first_on, clock),
        interval=rule.interval,
        wkst=rrule.weekday(rule.week_start),
        bymonth=rule.months or None,
        bymonthday=rule.monthdays or None,
        byweekday=[rrule.weekday(day, nth or None) for nth, day in rule.days] or None,
        until=datetime.combine(last, time.max),
    )
    # Counted here: dateutil warns of a rule with both a count and an end.
    yield from (moment.date() for moment in islice(found, rule.count))


def _furthest(first_on: date) -> date:
    try:
        return first_on + FURTHEST
    except OverflowError:
        return date.max


def all_dates(rule: Rule, first_on: date) -> list[date]:
    """Return every date of a rule that has an end, or raise InvalidSeries where it has none, or none that can be planned."""
    found = list(islice(dates(rule, first_on), MOST_TIMES + 1))
    if not found:
        raise InvalidSeries("That rule gives no dates.")
    if len(found) > MOST_TIMES or (rule.count is not None and len(found) < rule.count) or _too_far(rule, first_on):
        raise InvalidSeries("That series would go on for more than thirty years. Give it an earlier end, or none.")
    return found


def _too_far(rule: Rule, first_on: date) -> bool:
    return rule.until is not None and rule.until > _furthest(first_on)


def first_date(rule: Rule, first_on: date) -> date:
    """Return the first date of a rule from a day on, or raise InvalidSeries where there is none."""
    found = next(dates(rule, first_on), None)
    if found is None:
        raise InvalidSeries("That rule gives no dates.")
    return found


def passed_over(rule: Rule, first_on: date, last_on: date) -> tuple[date, ...]:
    """Return the first days of the months, up to that of the last date, that a monthly or yearly rule has no date in.

    Those are the months without a 31st or a fifth Friday, and the years without a 29th of February.
    """
    if rule.freq not in {"MONTHLY", "YEARLY"}:
        return ()
    step = rule.interval * (12 if rule.freq == "YEARLY" else 1)
    there = {(day.year, day.month) for day in dates(rule, first_on, until=last_on)}
    missing = []
    for month in (rule.months or (first_on.month,)) if rule.freq == "YEARLY" else (first_on.month,):
        number = first_on.year * 12 + month - 1
        while number <= last_on.year * 12 + last_on.month - 1:
            year, index = divmod(number, 12)
            wanted = not rule.months or index + 1 in rule.months
            if wanted and (year, index + 1) not in there:
                missing.append(date(year, index + 1, 1))
            number += step
    # The month in which it begins may have had its day already.
    return tuple(sorted(day for day in missing if day > first_on))


# -- another day ------------------------------------------------------------------------------------------------------


def explicit(rule: Rule) -> bool:
    """Tell whether a rule itself says its days, so that they do not hang on the day on which it begins."""
    if rule.freq == "YEARLY":
        return bool(rule.months and (rule.days or rule.monthdays))
    return bool(rule.days or rule.monthdays)


def by_weekdays(rule: Rule) -> Rule:
    """Return a rule that names weekdays of every day as the weekly one that it is."""
    if rule.freq == "DAILY" and rule.days and rule.interval == 1 and not rule.monthdays:
        return replace(rule, freq="WEEKLY")
    return rule


def period(freq: str, day: date, week_start: int = 0) -> date:
    """Return the first day of the week, month or year that a day is in, by which a rule goes; of a daily one, the day."""
    match freq:
        case "WEEKLY":
            return day - timedelta(days=(day.weekday() - week_start) % 7)
        case "MONTHLY":
            return day.replace(day=1)
        case "YEARLY":
            return day.replace(month=1, day=1)
    return day


def further(freq: str, first: date, periods: int) -> date:
    """Return the first day of the period that comes so many after the one beginning `first`."""
    match freq:
        case "WEEKLY":
            return first + timedelta(weeks=periods)
        case "MONTHLY":
            year, month = divmod(first.year * 12 + first.month - 1 + periods, 12)
            return date(year, month + 1, 1)
        case "YEARLY":
            return first.replace(year=first.year + periods)
    return first + timedelta(days=periods)


def periods_between(rule: Rule, on: date, to: date) -> int:
    """Return how many periods of a rule a day lies after another's."""
    first, last = (period(rule.freq, day, rule.week_start) for day in (on, to))
    match rule.freq:
        case "WEEKLY":
            return (last - first).days // 7
        case "MONTHLY":
            return (last.year - first.year) * 12 + last.month - first.month
        case "YEARLY":
            return last.year - first.year
    return (last - first).days


def moved(rule: Rule, on: date, to: date) -> Rule:
    """Return a rule without an end by which its date `on` is on the day `to`; what else it says stays.

    In a week, one weekday takes the other's place. In a month, it is the day counted as the one before was: the 20th for
    the 15th, the second Wednesday for the second Tuesday, from the end what was counted from the end; what would be a
    fifth weekday is the last, as long as the one before was no fifth. Raises InvalidSeries where that has no meaning.
    """
    rule = replace(rule, count=None, until=None)
    if rule.freq == "WEEKLY":
        return _another_weekday(rule, on, to)
    if rule.freq == "DAILY":
        if rule.interval == 1 or rule.days or rule.monthdays:
            raise InvalidSeries("It takes place day by day: there is no other day for it. Choose another rhythm.")
        return rule
    if rule.days and rule.monthdays:
        raise InvalidSeries("Its dates need a weekday and a day of the month at once. Choose another rhythm.")
    if rule.freq == "YEARLY":
        rule = _another_month(rule, on, to)
    return _another_nth(rule, on, to) if rule.days else _another_monthday(rule, on, to)


def _another_weekday(rule: Rule, on: date, to: date) -> Rule:
    old, new = (0, on.weekday()), (0, to.weekday())
    days = rule.days or (old,)
    if old not in days:
        raise InvalidSeries("The series has no date on that day.")
    if new in days and new != old:
        raise InvalidSeries(f"It takes place on {to:%A}s already. Choose a day that it has no date on.")
    return replace(rule, days=tuple(new if day == old else day for day in days))


def _another_month(rule: Rule, on: date, to: date) -> Rule:
    months = rule.months or (on.month,)
    if len(months) > 1 and on.month != to.month:
        raise InvalidSeries("It takes place in several months of a year: move it to another day of the same month.")
    return replace(rule, months=(to.month,) if len(months) == 1 else months)


def _another_nth(rule: Rule, on: date, to: date) -> Rule:
    ways = {
        (0, on.weekday()): (0, to.weekday()),
        (_nth(on), on.weekday()): (_nth(to) if _nth(to) < 5 or _nth(on) == 5 else -1, to.weekday()),
        (_nth_last(on), on.weekday()): (_nth_last(to) if _nth_last(to) > -5 or _nth_last(on) == -5 else 1, to.weekday()),
    }
    old = next((day for day in rule.days if day in ways), None)
    if old is None:
        raise InvalidSeries("The series has no date on that day.")
    if ways[old] in rule.days and ways[old] != old:
        raise InvalidSeries(f"It has a date on {to:%A, {to.day} %B} already.")
    return replace(rule, days=tuple(ways[day] if day == old else day for day in rule.days))


def _nth(day: date) -> int:
    return (day.day - 1) // 7 + 1


def _nth_last(day: date) -> int:
    return -((_length_of_month(day) - day.day) // 7 + 1)


def _length_of_month(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _another_monthday(rule: Rule, on: date, to: date) -> Rule:
    ways = {on.day: to.day, on.day - _length_of_month(on) - 1: to.day - _length_of_month(to) - 1}
    days = rule.monthdays or (on.day,)
    old = next((day for day in days if day in ways), None)
    if old is None:
        raise InvalidSeries("The series has no date on that day.")
    if ways[old] in days and ways[old] != old:
        raise InvalidSeries(f"It has a date on {to:%A, {to.day} %B} already.")
    return replace(rule, monthdays=tuple(ways[day] if day == old else day for day in days))


def moved_end(old: Rule, new: Rule, first_on: date, periods: int) -> date | None:
    """Return the last day of a moved rule, so that it has as many dates in its last period as the old one; None: no end.

    `periods` are those by which it was moved.
    """
    if old.until is None:
        return None
    last = max(dates(old, first_on), default=old.until)
    begins = period(old.freq, last, old.week_start)
    had = sum(1 for day in dates(old, first_on, until=last) if day >= begins)
    start = further(old.freq, begins, periods)
    there = list(dates(new, start, until=further(old.freq, start, 1) - timedelta(days=1)))
    return there[min(had, len(there)) - 1] if there else start - timedelta(days=1)


# -- times ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class At:
    """When a date is: its time, and whether the clock skips the one that was wanted."""

    slot: Slot
    shifted: bool


def time_on(on: date, clock: time, minutes: int, zone: ZoneInfo) -> At:
    """Return the time of a date whose wall clock shows `clock` when it begins, and so many minutes later when it ends.

    Of a time that comes twice, the first is meant. Where a night skips its start or its end, it begins at the next time that
    there is and lasts as long as ever.
    """
    begins = datetime.combine(on, clock)
    ends = begins + timedelta(minutes=minutes)
    start, skipped = _in_zone(begins, zone)
    end, end_skipped = _in_zone(ends, zone)
    if skipped or end_skipped or end <= start:
        end = start + timedelta(minutes=minutes)
    return At(slot=Slot(start=start, end=end), shifted=skipped)


def _in_zone(wall: datetime, zone: ZoneInfo) -> tuple[datetime, bool]:
    """Return a wall-clock time as a moment in UTC, the next one that there is where it is skipped; and whether it is."""
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment, False
    # With fold=0 the moment lies behind the leap by as much as the time is into it; with fold=1 as much before.
    low, high = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high, True
