"""Turns recognised clock times into minutes of a day: which half a bare hour means, and where a range ends (T1, T2).

Kept out: dates.
"""

from __future__ import annotations

from dataclasses import dataclass

from handlers.sentence.items import Clock

DAY = 1440
EVENING, SMALL_HOURS = 18 * 60, 6 * 60  # from an evening start on, an end before six is the next day's
PART_STARTS = {"morning": 540, "afternoon": 840, "evening": 1080, "tonight": 1140, "night": 1140}
_PART_WINDOWS = {
    "morning": (0, 750),
    "afternoon": (690, 1140),
    "evening": (960, 1440),
    "tonight": (960, 1440),
    "night": (960, 1440),
}


_LATE = frozenset({"evening", "tonight", "night"})


class NoSuchTime(ValueError):
    """The clock has no such time."""


class EndsBeforeStart(ValueError):
    """Both ends are explicit and the end is not after the start."""


class Contradiction(ValueError):
    """The clock time is outside the part of the day that stands beside it."""


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes since midnight of the first day; `end` may lie on the next day or be absent. `guessed` if am or pm was."""

    start: int
    end: int | None
    guessed: bool


def span(start: Clock, end: Clock | None, part: str | None) -> Span:
    """Return the minutes of a start and perhaps an end; raise NoSuchTime, EndsBeforeStart or Contradiction."""
    for clock in (start, end):
        if clock is not None and not clock.valid:
            raise NoSuchTime
    if end is None:
        minutes, guessed = single(start, part)
        return Span(minutes, None, guessed)
    if start.explicit:
        first, guessed = _explicit_start(start, part), False
    elif end.half:
        first, guessed = _carried(start, end, part), False
    else:
        first, guessed = _guessed_start(start, end, part)
    last = ending(end, first, both_explicit=start.explicit and end.explicit)
    return Span(first, last, guessed)


def _explicit_start(start: Clock, part: str | None) -> int:
    minutes = start.minutes
    _agree(minutes, part, start)
    return minutes


def _carried(start: Clock, end: Clock, part: str | None) -> int:
    """The end's marker carries to the start, unless the start would then be after the end."""
    if end.half == "pm" or end.hour == 12:
        first = Clock(start.hour, start.minute, "pm").minutes
        stop = end.minutes or DAY
        if first > stop or (part == "morning" and first >= 720):
            first = Clock(start.hour, start.minute, "am").minutes
        return first
    first = Clock(start.hour, start.minute, "am").minutes
    if first > end.minutes and part in ("evening", "tonight", "night"):
        return Clock(start.hour, start.minute, "pm").minutes
    return first


def _guessed_start(start: Clock, end: Clock, part: str | None) -> tuple[int, bool]:
    """Without any marker: the part of the day belongs to the end of an afternoon, to the start of a morning."""
    late = Clock(start.hour, start.minute, "pm").minutes
    if part in _LATE and not end.explicit and late >= EVENING and end.hour % 12 < min(6, start.hour % 12):
        return late, False  # "tonight 11 to 1"
    if part in ("afternoon", "evening", "tonight", "night") and not end.explicit:
        return _carried(start, Clock(end.hour, end.minute, "pm"), part), False
    return single(start, part)


def single(clock: Clock, part: str | None) -> tuple[int, bool]:
    """Return (minutes, whether am or pm was guessed) of one clock time beside a part of the day."""
    if clock.explicit:
        minutes = clock.minutes
        _agree(minutes, part, clock)
        return minutes, False
    hour, minute = clock.hour, clock.minute
    if part == "morning":
        if hour == 12 and minute == 0:
            raise Contradiction
        return Clock(hour, minute, "am").minutes, False
    if part == "afternoon":
        return Clock(hour, minute, "pm").minutes, False
    if part is not None:
        if hour == 12:
            return DAY + minute, False
        if hour < 4 and part in ("tonight", "night"):
            raise Contradiction
        return Clock(hour, minute, "pm").minutes, False
    half = "pm" if hour == 12 or hour <= 7 else "am"
    return Clock(hour, minute, half).minutes, hour != 12


def _agree(minutes: int, part: str | None, clock: Clock) -> None:
    if part is None or clock.name in ("lunch", "first thing"):
        return
    low, high = _PART_WINDOWS[part]
    if not low <= minutes <= high:
        raise Contradiction


def ending(end: Clock, first: int, *, both_explicit: bool) -> int:
    """Return the minutes of an end behind a start at minute `first`, perhaps past midnight."""
    if end.explicit:
        stop = end.minutes
        if stop == 0 and (end.half == "am" or end.exact):
            stop = DAY
        base = first - first % DAY
        stop += base
        if stop <= first and first % DAY >= EVENING and stop % DAY < SMALL_HOURS:
            return stop + DAY  # nobody means yesterday by "23:30-01:00"
        if stop <= first:
            if both_explicit or end.half or end.name or end.hour >= 13:
                raise EndsBeforeStart
            stop += DAY
        return stop
    stop = (end.hour % 12) * 60 + end.minute
    while stop < first:
        stop += 720
    if stop == first:
        raise EndsBeforeStart
    return stop


__all__ = ["DAY", "PART_STARTS", "Contradiction", "EndsBeforeStart", "NoSuchTime", "Span", "ending", "single", "span"]
