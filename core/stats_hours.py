"""How long rooms could have been booked: opening hours over a stretch of days, by weekday and hour of the local clock.

Pure. Days on which the clock changes are reckoned minute by minute; an hour that comes twice counts twice.
Kept out: what was booked (`stats_sql`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.models import ALWAYS_OPEN, Opening

ONE_DAY, ONE_MINUTE = timedelta(days=1), timedelta(minutes=1)
# What figures are measured by where nobody has said when a room is open: nights are no time in which it stands empty.
USUAL_HOURS = (*(Opening(opens=8 * 60, closes=18 * 60),) * 5, *(Opening(opens=0, closes=0),) * 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """By which hours a room is measured, on which days: `closed` are holidays among them."""

    zone: str
    opening: tuple[Opening, ...]
    closed: frozenset[date] = frozenset()

    @property
    def tz(self) -> ZoneInfo:
        """The zone of their clock."""
        return ZoneInfo(self.zone)


def measured_by(opening: tuple[Opening, ...]) -> tuple[Opening, ...]:
    """Return the hours that count: those that are set, or the usual ones."""
    return USUAL_HOURS if opening == ALWAYS_OPEN else opening


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day begins there, in UTC."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def changes(zone: ZoneInfo, first: date, last: date) -> tuple[list[datetime], list[int]]:
    """Return when the clock changes from `first` to `last`, and by how many minutes it is ahead of UTC in between."""
    at, offsets = [], [_offset(midnight(first, zone), zone)]
    for day in _days(first, last):
        begins, ends = midnight(day, zone), midnight(day + ONE_DAY, zone)
        while _offset(ends, zone) != offsets[-1]:
            begins = _first_after(begins, ends, zone, offsets[-1])
            at.append(begins)
            offsets.append(_offset(begins, zone))
    return at, offsets


def open_minutes(hours: Hours, first: date, last: date) -> Counter[tuple[int, int]]:
    """Return by (weekday, hour) for how many minutes the hours were open on the days from `first` to `last`."""
    whole: Counter[int] = Counter()
    found: Counter[tuple[int, int]] = Counter()
    for day in _days(first, last):
        if day in hours.closed:
            continue
        if midnight(day + ONE_DAY, hours.tz) - midnight(day, hours.tz) == ONE_DAY:
            whole[day.weekday()] += 1
        else:
            found += _changing_day(hours, day, midnight(day, hours.tz), midnight(day + ONE_DAY, hours.tz))
    for weekday, times in whole.items():
        for hour, minutes in _by_hour(hours.opening[weekday].opens, hours.opening[weekday].closes):
            found[weekday, hour] += times * minutes
    return found


def shut_minutes(hours: Hours, spans: Iterable[tuple[datetime, datetime]]) -> Counter[tuple[int, int]]:
    """Return how many of the minutes that `open_minutes` counts lie within spans of whole minutes that do not overlap."""
    found: Counter[tuple[int, int]] = Counter()
    for since, until in spans:
        first, last = since.astimezone(hours.tz).date(), (until - ONE_MINUTE).astimezone(hours.tz).date()
        for day in {first, last} - hours.closed:
            found += _part_of_day(hours, day, since, until)
        found += open_minutes(hours, first + ONE_DAY, last - ONE_DAY)
    return found


def _part_of_day(hours: Hours, day: date, since: datetime, until: datetime) -> Counter[tuple[int, int]]:
    begins, ends = midnight(day, hours.tz), midnight(day + ONE_DAY, hours.tz)
    since, until = max(since, begins), min(until, ends)
    if ends - begins != ONE_DAY:
        return _changing_day(hours, day, since, until)
    opening = hours.opening[day.weekday()]
    opens = max(opening.opens, (since - begins) // ONE_MINUTE)
    closes = min(opening.closes, (until - begins) // ONE_MINUTE)
    return Counter({(day.weekday(), hour): minutes for hour, minutes in _by_hour(opens, closes)})


def _by_hour(opens: int, closes: int) -> Iterable[tuple[int, int]]:
    for hour in range(opens // 60, 24):
        minutes = min(closes, hour * 60 + 60) - max(opens, hour * 60)
        if minutes > 0:
            yield hour, minutes


def _changing_day(hours: Hours, day: date, moment: datetime, end: datetime) -> Counter[tuple[int, int]]:
    found: Counter[tuple[int, int]] = Counter()
    opening = hours.opening[day.weekday()]
    while moment < end:
        local = moment.astimezone(hours.tz)
        if opening.opens <= local.hour * 60 + local.minute < opening.closes:
            found[day.weekday(), local.hour] += 1
        moment += ONE_MINUTE
    return found


def _days(first: date, last: date) -> Sequence[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _offset(moment: datetime, zone: ZoneInfo) -> int:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds() // 60)


def _first_after(begins: datetime, ends: datetime, zone: ZoneInfo, before: int) -> datetime:
    """Return the first minute of the stretch in which the clock is not as it was."""
    low, high = 0, int((ends - begins).total_seconds() // 60)
    while low < high:
        middle = (low + high) // 2
        if _offset(begins + middle * ONE_MINUTE, zone) == before:
            low = middle + 1
        else:
            high = middle
    return begins + low * ONE_MINUTE
