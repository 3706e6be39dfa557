"""Turns a recognised date phrase into a calendar day, seen from a day at the place.

Month-and-day phrases go to dateparser, whose answers are checked and remembered; weekdays and relative days are ours,
because dateparser takes "next Friday" for the nearest one. Kept out: clock times.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from dateparser.date import DateDataParser

from handlers.sentence.items import Day


class NoSuchDay(ValueError):
    """The phrase names a day that is not in the calendar."""


def resolve(day: Day, today: date, locale: str) -> date:
    """Return the calendar day that a phrase means on `today`; raise NoSuchDay for Feb 30 and the like."""
    try:
        match day.how:
            case "offset":
                return today + timedelta(days=day.days)
            case "weekday":
                return _weekday(day, today)
            case "date":
                return _shift(_month_day(day, today, locale), day)
            case _:
                return _shift(_of_month(day, today), day)
    except OverflowError:
        raise NoSuchDay(day.phrase) from None


def _of_month(day: Day, today: date) -> date:
    match day.how:
        case "dom":
            return _day_of_month(day, today)
        case "nth":
            return _nth(day, today)
        case "month":
            return today if today.month == day.month else _next_date(replace(day, day=1), today)
        case "end":
            return _last_day(day, today)
        case _:
            raise NoSuchDay(day.phrase)


def _shift(found: date, day: Day) -> date:
    return found + timedelta(days=day.days)


def _weekday(day: Day, today: date) -> date:
    """Bare counts today; next is in the next calendar week; last is before today; thisweek may lie behind us."""
    ahead = (day.weekday - today.weekday()) % 7
    monday = today - timedelta(days=today.weekday())
    match day.which:
        case "next":
            start = monday + timedelta(days=7 + day.weekday)
        case "thisweek":
            start = monday + timedelta(days=day.weekday)
        case "last":
            start = today - timedelta(days=(today.weekday() - day.weekday) % 7 or 7)
        case "after":
            start = today + timedelta(days=ahead or 7)
        case _:
            start = today + timedelta(days=ahead)
    return start + timedelta(days=day.days)


def _month_day(day: Day, today: date, locale: str) -> date:
    if day.year is not None and (day.year < 1 or day.year > 9990):
        raise NoSuchDay(day.phrase)
    if not 1 <= day.month <= 12 or not 1 <= day.day <= 31:
        raise NoSuchDay(day.phrase)
    if day.day > monthrange(day.year or 2028, day.month)[1]:
        raise NoSuchDay(day.phrase)
    if day.phrase and not day.phrase[0].isdigit():
        found = by_name(day.phrase, today, locale)
        if found is not None and (found.day, found.month) == (day.day, day.month) and _year_fits(found, day, today):
            return found
    return _next_date(day, today)


def _year_fits(found: date, day: Day, today: date) -> bool:
    return found.year == day.year if day.year is not None else found == _next_date(day, today)


def _next_date(day: Day, today: date) -> date:
    years = [day.year] if day.year is not None else range(today.year, today.year + 9)
    for year in years:
        if day.day <= monthrange(year, day.month)[1]:
            found = date(year, day.month, day.day)
            if day.year is not None or found >= today:
                return found
    raise NoSuchDay(day.phrase)


def _day_of_month(day: Day, today: date) -> date:
    if not 1 <= day.day <= 31:
        raise NoSuchDay(str(day.day))
    first = today.replace(day=1)
    if day.months is not None:
        month = _months_ahead(first, day.months)
        if day.day > monthrange(month.year, month.month)[1]:
            raise NoSuchDay(str(day.day))
        return month.replace(day=day.day)
    for ahead in range(4):
        month = _months_ahead(first, ahead)
        if day.day <= monthrange(month.year, month.month)[1] and month.replace(day=day.day) >= today:
            return month.replace(day=day.day)
    raise NoSuchDay(str(day.day))


def _months_ahead(first: date, n: int) -> date:
    index = first.year * 12 + first.month - 1 + n
    return date(index // 12, index % 12 + 1, 1)


def _last_day(day: Day, today: date) -> date:
    """Return the last day of a month: of the one `months` ahead, or the next that bears its number."""
    first = today.replace(day=1)
    ahead = day.months if day.months is not None else (day.month - today.month) % 12
    month = _months_ahead(first, ahead)
    return month.replace(day=monthrange(month.year, month.month)[1])


def _nth(day: Day, today: date) -> date:
    if day.months is not None:
        return nth_weekday(_months_ahead(today.replace(day=1), day.months), day.weekday, day.nth)
    years = [day.year] if day.year is not None else [today.year, today.year + 1]
    for year in years:
        found = nth_weekday(date(year, day.month, 1), day.weekday, day.nth)
        if found >= today or day.year is not None:
            return found
    raise NoSuchDay(day.phrase)


def nth_weekday(first: date, weekday: int, nth: int) -> date:
    """Return the nth (or last, -1) weekday of the month that starts on `first`; raise NoSuchDay for a missing fifth."""
    length = monthrange(first.year, first.month)[1]
    days = [n for n in range(1, length + 1) if first.replace(day=n).weekday() == weekday]
    if nth > len(days):
        raise NoSuchDay(f"{nth}")
    return first.replace(day=days[nth - 1] if nth > 0 else days[-1])


@lru_cache(maxsize=2048)
def by_name(phrase: str, today: date, locale: str) -> date | None:
    """Return what dateparser makes of a date phrase on `today`, remembered per (phrase, day, locale), or None."""
    language = locale.partition("-")[0].lower()
    languages = ["en"] if language == "en" or not language.isalpha() else ["en", language]
    settings = {
        "RELATIVE_BASE": datetime.combine(today, time()),
        "PREFER_DATES_FROM": "future",
        "DATE_ORDER": "MDY" if locale == "en-US" else "DMY",
        "PARSERS": ["absolute-time"],
    }
    try:
        found = DateDataParser(languages=languages, settings=settings).get_date_data(phrase).date_obj
    except ValueError:
        return None  # a language that dateparser does not know
    return found.date() if found is not None else None


def warm() -> None:
    """Load dateparser's tables, which takes a tenth of a second, before the first sentence needs them."""
    by_name("december 3", date(2026, 1, 1), "en-US")
