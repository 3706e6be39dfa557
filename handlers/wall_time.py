"""A date and a time on a place's clock, turned into a moment: on two nights a year there is none, or there are two."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.errors import BookingError
from core.models import Location
from core.saying import short_date

_MINUTE = timedelta(minutes=1)


class NoSuchTime(BookingError):
    """A time that the clocks skip that night."""

    code = "NoSuchTime"
    field = "start"


class TwoSuchTimes(BookingError):
    """A time that the clocks show twice that night; the person has to say which."""

    code = "TwoSuchTimes"
    field = "start"


def moment(day: date, at: time, place: Location, *, fold: int | None = None) -> datetime:
    """Return the moment in UTC when the place's clock shows this; `fold` 0 is the earlier of two, 1 the later.

    Raises NoSuchTime, naming the next time that exists, and TwoSuchTimes where `fold` is None.
    """
    wall = datetime.combine(day, at.replace(tzinfo=None))
    try:
        if not _exists(wall, place.tz):
            later = _next_existing(wall, place.tz)
            raise NoSuchTime(
                f"{wall:%H:%M} is skipped in {place.name} on {short_date(day, today=day)}: the clocks go forward then."
                f" The next time is {later:%H:%M}."
            )
        if fold is None and twice(wall, place.tz):
            raise TwoSuchTimes(
                f"{wall:%H:%M} comes twice in {place.name} on {short_date(day, today=day)}: the clocks go back then."
                " Which one is meant?"
            )
        return wall.replace(tzinfo=place.tz, fold=fold or 0).astimezone(UTC)
    except OverflowError as error:
        raise BookingError("That date is out of any calendar.", fields={"start": "Pick another date."}) from error


def twice(wall: datetime, zone: ZoneInfo) -> bool:
    """Tell whether the clock shows this time twice."""
    return _exists(wall, zone) and _offset(wall, zone, 0) != _offset(wall, zone, 1)


def label(wall: datetime, zone: ZoneInfo, *, fold: int) -> str:
    """Return "01:30 (EDT)", by which people tell the two apart."""
    return f"{wall.replace(tzinfo=zone, fold=fold):%H:%M (%Z)}"


def _offset(wall: datetime, zone: ZoneInfo, fold: int) -> timedelta | None:
    return wall.replace(tzinfo=zone, fold=fold).utcoffset()


def _exists(wall: datetime, zone: ZoneInfo) -> bool:
    there = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return there.replace(tzinfo=None, fold=0) == wall


def _next_existing(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the first minute after a skipped one; a whole day was skipped once, never more."""
    while not _exists(wall, zone):
        wall += _MINUTE
    return wall
