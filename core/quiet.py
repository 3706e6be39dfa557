"""Wall clocks of people: their zones, when a clock shows a time, and when somebody's quiet hours end. Pure.

Kept out: what is held back in quiet hours (whoever sends), and keeping them (`preferences`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.notices import Preferences


def zone_of(name: str) -> ZoneInfo:
    """Return the zone of that name; UTC where nobody knows it, since Slack's list is longer than some machines'."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def moment_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return when a wall clock shows `at` on that day, in UTC: the first time, or (skipped that day) when it would be."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def quiet_until(preferences: Preferences, zone: str, now: datetime) -> datetime | None:
    """Return when the person's quiet hours end in which `now` lies, in UTC; None when it lies in none."""
    return span_ends(preferences.quiet_from, preferences.quiet_until, zone, now)


def span_ends(begins: time | None, ends: time | None, zone: str, now: datetime) -> datetime | None:
    """Return when the daily span ends in which `now` lies, in UTC; None when it lies in none, or there is none.

    It may pass midnight. Judged by the wall clock, so that a night in which the clock changes is as quiet as others.
    """
    if begins is None or ends is None or begins == ends:
        return None
    tz = zone_of(zone)
    local = now.astimezone(tz)
    clock, day = local.time(), local.date()
    if begins < ends:
        if not begins <= clock < ends:
            return None
    elif clock >= begins:
        day += timedelta(days=1)
    elif clock >= ends:
        return None
    end = moment_of(day, ends, tz)
    # In the hour that comes twice the wall clock is before an end that the moment has passed, on its second round.
    return end if end > now else moment_of_second(day, ends, tz, now)


def moment_of_second(day: date, at: time, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Return when the wall clock shows `at` for the second time that day, if that is ahead."""
    again = datetime.combine(day, at.replace(fold=1), tzinfo=zone).astimezone(UTC)
    return again if again > now else None
