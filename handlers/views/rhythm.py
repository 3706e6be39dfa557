"""How often something repeats, and until when, in words: "every Tuesday", "every month on the last Friday".

A rule is an RRULE's value without its name. What no form and no sentence of ours makes is "repeating".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from core import saying

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
WORK_WEEK = DAYS[:5]
_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def parts(rule: str) -> Mapping[str, str]:
    """Return a rule's parts by name, in capitals."""
    pairs = (part.partition("=") for part in rule.upper().removeprefix("RRULE:").split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if value}


def often(rule: str, *, first_on: date) -> str:
    """Return "every Tuesday"; what a rule leaves open follows from its first date."""
    said = parts(rule)
    interval = int(said.get("INTERVAL", "1")) if said.get("INTERVAL", "1").isdecimal() else 1
    match said.get("FREQ"):
        case "DAILY":
            return _daily(said, interval)
        case "WEEKLY":
            return _weekly(_days(said.get("BYDAY", "")) or (first_on.weekday(),), interval)
        case "MONTHLY":
            return f"every {_many(interval, 'month')} on {_day_of_month(said, first_on)}"
        case "YEARLY":
            _, day = saying.short_date(first_on, today=first_on).split(" ", 1)
            return f"every {_many(interval, 'year')} on {day}"
        case _:
            return "repeating"


def until(last: date | None, *, today: date) -> str:
    """Return "until Tue 19 Jan 2027", or nothing where there is no end."""
    return f"until {saying.short_date(last, today=today)}" if last else ""


def wall_hours(clock: time, minutes: int) -> str:
    """Return "10:00-10:30"; an end at midnight is "24:00", one on another day says so."""
    begins = datetime.combine(date(2000, 1, 3), clock)
    ends = begins + timedelta(minutes=minutes)
    days = (ends.date() - begins.date()).days
    if days == 0:
        return f"{begins:%H:%M}-{ends:%H:%M}"
    if days == 1 and ends.time() == time():
        return f"{begins:%H:%M}-24:00"
    return f"{begins:%H:%M}-{ends:%H:%M} ({'the next day' if days == 1 else f'{days} days later'})"


def dates(count: int) -> str:
    """Return "1 date" or "8 dates"."""
    return "1 date" if count == 1 else f"{count} dates"


def nth(number: int) -> str:
    """Return "2nd"."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in {11, 12, 13} else "th"
    return f"{number}{ending}"


def of_weekday(day: date) -> int:
    """Return the how-manieth of its weekday a date is in its month: 4 for Tue 24 Nov 2026."""
    return (day.day - 1) // 7 + 1


def _daily(said: Mapping[str, str], interval: int) -> str:
    days = _days(said.get("BYDAY", ""))
    return _weekly(days, 1) if days and interval == 1 else f"every {_many(interval, 'day')}"


def _weekly(days: tuple[int, ...], interval: int) -> str:
    if days == tuple(range(7)) and interval == 1:
        return "every day"
    named = "weekday" if days == tuple(range(5)) else saying.listed(_NAMES[day] for day in days)
    if interval == 1:
        return f"every {named}"
    if interval == 2 and len(days) == 1:
        return f"every other {named}"
    return f"every {interval} weeks on {'weekdays' if named == 'weekday' else named}"


def _day_of_month(said: Mapping[str, str], first_on: date) -> str:
    by_day, by_date = said.get("BYDAY", ""), said.get("BYMONTHDAY", "")
    days = [day for day in by_day.split(",") if day[-2:] in DAYS]
    if days:
        places = [day[:-2] or said.get("BYSETPOS", "") for day in days]
        named = list(dict.fromkeys(_NAMES[DAYS.index(day[-2:])] for day in days))
        if len(named) == 1:
            return " ".join(["the", *filter(None, [saying.listed(map(_place, places))]), *named])
        pairs = zip(places, days, strict=True)
        each = [" ".join(filter(None, [_place(place), _NAMES[DAYS.index(day[-2:])]])) for place, day in pairs]
        return f"the {saying.listed(each)}"
    dates = [_date(one) for one in by_date.split(",") if one] or [nth(first_on.day)]
    return f"the {saying.listed(dates)}"


def _place(text: str) -> str:
    """Return "2nd", "last" or "2nd to last" for where a weekday or date stands in its month; "" where nothing is said."""
    if text.isdecimal():
        return nth(int(text))
    back = text.removeprefix("-")
    if not back.isdecimal():
        return ""
    return "last" if back == "1" else f"{nth(int(back))} to last"


def _date(text: str) -> str:
    return _place(text) if text.isdecimal() else f"{_place(text)} day"


def _days(text: str) -> tuple[int, ...]:
    return tuple(sorted({DAYS.index(day) for day in text.split(",") if day in DAYS}))


def _many(interval: int, unit: str) -> str:
    return unit if interval == 1 else f"{interval} {unit}s"
