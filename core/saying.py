"""How times and lists are said in sentences: weekday and date unless it is today, 24-hour clock, en dash free.

Everything here is pure; `now` and the zone are arguments.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.models import Slot

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def short_date(day: date, *, today: date) -> str:
    """Return "Wed 25 Nov", with the year when it is another."""
    said = f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"
    return said if day.year == today.year else f"{said} {day.year}"


def weekday(day: date) -> str:
    """Return "Wednesday"."""
    return _WEEKDAYS[day.weekday()]


def near_date(day: date, *, today: date) -> str:
    """Return "today", "tomorrow", or the date."""
    match (day - today).days:
        case 0:
            return "today"
        case 1:
            return "tomorrow"
        case _:
            return short_date(day, today=today)


def date_in_full(day: date, *, today: date) -> str:
    """Return "tomorrow, Wed 25 Nov", or the date alone where no near word is true of it."""
    near, dated = near_date(day, today=today), short_date(day, today=today)
    return dated if near == dated else f"{near}, {dated}"


def minute_of_day(minutes: int) -> str:
    """Return "07:30" for 450 minutes after midnight, "24:00" for a day's end."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def clock_time(moment: datetime, zone: ZoneInfo) -> str:
    """Return "14:05" on the zone's clock."""
    return f"{moment.astimezone(zone):%H:%M}"


def hours(slot: Slot, zone: ZoneInfo) -> str:
    """Return "14:00-15:30", "22:00-24:00"; an end on another date carries its date."""
    start, end = slot.start.astimezone(zone), slot.end.astimezone(zone)
    if start.date() == end.date():
        return f"{start:%H:%M}-{end:%H:%M}"
    if end == datetime.combine(start.date() + timedelta(days=1), time(), tzinfo=zone):
        return f"{start:%H:%M}-24:00"
    return f"{start:%H:%M}-{end:%H:%M} ({short_date(end.date(), today=start.date())})"


def when(slot: Slot, zone: ZoneInfo, *, now: datetime) -> str:
    """Return "tomorrow 14:00-15:30", for the middle of a sentence."""
    day = near_date(slot.start.astimezone(zone).date(), today=now.astimezone(zone).date())
    return f"{day} {hours(slot, zone)}"


def when_in_full(slot: Slot, zone: ZoneInfo, *, now: datetime) -> str:
    """Return "tomorrow, Wed 25 Nov, 14:00-15:30": the near word and the date that it means."""
    day, today = slot.start.astimezone(zone).date(), now.astimezone(zone).date()
    return f"{date_in_full(day, today=today)}, {hours(slot, zone)}"


def length(minutes: int) -> str:
    """Return "45 minutes", "1 hour", "1 h 30 min"."""
    if minutes < 60:
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    whole, rest = divmod(minutes, 60)
    if rest:
        return f"{whole} h {rest} min"
    return "1 hour" if whole == 1 else f"{whole} hours"


def listed(words: Iterable[str], *, last: str = "and") -> str:
    """Return "a, b and c"."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def people(count: int) -> str:
    """Return "1 person" or "6 people"."""
    return "1 person" if count == 1 else f"{count} people"


def counted(number: int, noun: str) -> str:
    """Return "1 booking" or "6 bookings"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def percent(share: float) -> str:
    """Return "61 %" for 0.61; "under 1 %" for a little that is not nothing."""
    return "under 1 %" if 0 < share < 0.01 else f"{share * 100:.0f} %"


def shortened(text: str, length: int) -> str:
    """Return the text, cut with an ellipsis where it is longer."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
