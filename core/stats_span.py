"""Stretches of days as people say them: "last month", "2026-10", "last 30 days", "2026-10-01..2026-10-15". Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

USUAL_DAYS = 28
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_LAST_DAYS = re.compile(r"last (\d{1,3}) (day|week|month)s?")
_RANGE = re.compile(r"(\d{4}-\d{2}-\d{2}) ?(?:\.\.|to|-) ?(\d{4}-\d{2}-\d{2})")
_MONTH_NAMED = re.compile(r"([a-z]{3,9}) ?(\d{4})?")
EXAMPLES = ("last month", "this week", "last 30 days", "2026-10", "2026-10-01..2026-10-15")


@dataclass(frozen=True, kw_only=True, slots=True)
class Days:
    """The days from `first` to `last`, both included."""

    first: date
    last: date


def usual(today: date) -> Days:
    """Return the last four weeks, which hold each weekday equally often."""
    return Days(first=today - timedelta(days=USUAL_DAYS), last=today - timedelta(days=1))


def last_week(today: date) -> Days:
    """Return the last whole week, Monday to Sunday."""
    monday = today - timedelta(days=today.weekday() + 7)
    return Days(first=monday, last=monday + timedelta(days=6))


def read(text: str, today: date) -> Days | None:
    """Return which days a text means; None where it means none."""
    said = " ".join(text.casefold().split())
    if not said:
        return usual(today)
    return _named(said, today) or _counted(said, today) or _written(said) or _of_month(said, today)


def _named(said: str, today: date) -> Days | None:
    monday = today - timedelta(days=today.weekday())
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    quarter = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    known = {
        "yesterday": Days(first=today - timedelta(days=1), last=today - timedelta(days=1)),
        "this week": Days(first=monday, last=monday + timedelta(days=6)),
        "last week": last_week(today),
        "this month": _months(month, 1),
        "last month": _months(month - relativedelta(months=1), 1),
        "this quarter": _months(quarter, 3),
        "last quarter": _months(quarter - relativedelta(months=3), 3),
        "this year": _months(year, 12),
        "last year": _months(year - relativedelta(years=1), 12),
    }
    return known.get(said)


def _counted(said: str, today: date) -> Days | None:
    found = _LAST_DAYS.fullmatch(said)
    if not found or not int(found[1]):
        return None
    number = int(found[1])
    units = {"day": relativedelta(days=number), "week": relativedelta(weeks=number), "month": relativedelta(months=number)}
    return Days(first=today - units[found[2]], last=today - timedelta(days=1))


def _written(said: str) -> Days | None:
    try:
        if found := _RANGE.fullmatch(said):
            first, last = date.fromisoformat(found[1]), date.fromisoformat(found[2])
            return Days(first=first, last=last) if first <= last else None
        if re.fullmatch(r"\d{4}", said):
            return _months(date(int(said), 1, 1), 12)
        if re.fullmatch(r"\d{4}-\d{2}", said):
            return _months(date.fromisoformat(f"{said}-01"), 1)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", said):
            return Days(first=date.fromisoformat(said), last=date.fromisoformat(said))
    except (ValueError, OverflowError):
        pass
    return None


def _of_month(said: str, today: date) -> Days | None:
    """Return a month by its name: the last one that has begun, where no year is said."""
    found = _MONTH_NAMED.fullmatch(said)
    number = next((n for n, name in enumerate(_MONTHS, start=1) if found and name.startswith(found[1])), None)
    if not found or number is None:
        return None
    year = int(found[2]) if found[2] else today.year - (number > today.month)
    return _months(date(year, number, 1), 1) if year else None


def _months(first: date, number: int) -> Days:
    try:
        return Days(first=first, last=first + relativedelta(months=number) - timedelta(days=1))
    except (ValueError, OverflowError):
        return Days(first=first, last=first)
