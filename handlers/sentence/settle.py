"""Turns a draft into times at a place: local today, the next such clock time, ranges past midnight, past and future.

Kept out: recognising words; what the answer looks like.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import TypeVar
from zoneinfo import ZoneInfo

from handlers.sentence import left_out, series
from handlers.sentence.clocktimes import (
    PART_STARTS,
    Contradiction,
    EndsBeforeStart,
    NoSuchTime,
    Span,
    ending,
    span,
)
from handlers.sentence.draft import Draft, Point
from handlers.sentence.items import Clock
from handlers.sentence.model import Trouble
from handlers.sentence.outcome import Here, Times, Unsettled
from handlers.sentence.whichday import check_lately, chosen_day, gone, movable, one_day

T = TypeVar("T")
DEFAULT_MINUTES = 30
_LONG_GUESS = 630  # minutes; nobody leaves out am and pm for a meeting of eleven hours
_DAY_MINUTES = 24 * 60


def settle(draft: Draft, here: Here) -> Times:
    """Return the times that the draft means; raise Unsettled when it means none."""
    limits(draft)
    moment = _moment(draft)
    if moment is not None:
        return _from_moment(draft, here, moment)
    if draft.zones:
        return _elsewhere(draft, here)
    today = here.local.date()
    return _settled(draft, here, today)


def limits(draft: Draft) -> None:
    """Refuse lengths that no booking has."""
    if draft.minutes is not None and draft.minutes > _DAY_MINUTES:
        raise Unsettled(Trouble.TOO_LONG, "A booking lasts 24 hours at most.")
    if draft.minutes is not None and draft.minutes <= 0:
        raise Unsettled(Trouble.INVALID_TIME, "A booking lasts at least a minute. How long should it be?")
    if draft.every is None and draft.limit is not None:
        if draft.limit.unit == "times":
            raise Unsettled(Trouble.AMBIGUOUS, "How often should it repeat: every day, every week?")
        raise Unsettled(Trouble.TOO_LONG, "A booking lasts 24 hours at most; say how often it should repeat instead.")


def _moment(draft: Draft) -> datetime | None:
    clock = draft.start.clock if draft.start else None
    return clock.moment if clock else None


def _from_moment(draft: Draft, here: Here, moment: datetime) -> Times:
    """An ISO start with an offset stands for itself; the end is in the same offset or has its own."""
    start = moment.astimezone(here.zone)
    minutes, default = draft.minutes, False
    end_clock = draft.end.clock if draft.end else None
    if end_clock is not None:
        if end_clock.moment is not None:
            stop = end_clock.moment
        else:
            first = moment.hour * 60 + moment.minute
            last = _guard(lambda: ending(end_clock, first, both_explicit=end_clock.explicit))
            stop = moment + timedelta(minutes=last - first)
            if draft.end_days:
                day = one_day(draft.end_days, moment.date(), here.locale)
                stop = moment.replace(hour=0, minute=0) + timedelta(
                    days=(day - moment.date()).days, minutes=last % _DAY_MINUTES
                )
        span_minutes = round((stop - moment).total_seconds() / 60)
        if minutes is not None and minutes != span_minutes:
            raise Unsettled(Trouble.AMBIGUOUS, "The end and the length do not agree. Which one is right?")
        minutes = span_minutes
    elif minutes is None:
        minutes, default = DEFAULT_MINUTES, True
    if minutes <= 0:
        raise Unsettled(Trouble.END_BEFORE_START, "The end is not after the start.")
    end = (moment + timedelta(minutes=minutes)).astimezone(here.zone)
    times = Times(_naive(start), _naive(end), default_duration=default, fold=start.fold)
    if _naive(end) <= _naive(start):
        times.end = _naive(start) + timedelta(minutes=minutes)
    _checked(times, here)
    return times


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None, second=0, microsecond=0, fold=0)


def _elsewhere(draft: Draft, here: Here) -> Times:
    """A time said in another zone: settled there, then carried to the place."""
    other, *more = (_zone(name) for name in draft.zones)
    if any(_offset(zone, here.now) != _offset(other, here.now) for zone in more):
        raise Unsettled(Trouble.AMBIGUOUS, "I found two time zones. Which one do you mean?")
    there = Here(here.now, other, other, here.locale)
    if _offset(other, here.now) == _offset(here.zone, here.now) and _offset(other, here.now, 180) == _offset(
        here.zone, here.now, 180
    ):
        return _settled(draft, here, here.local.date())
    times = _settled(draft, there, there.local.date())
    start = times.start.replace(tzinfo=other)
    if _offset(other, start) == _offset(here.zone, start):
        return _settled(draft, here, here.local.date())
    if times.recurrence is not None:
        raise Unsettled(
            Trouble.AMBIGUOUS, f"A series in {draft.zone_word} time moves against the room's clock. Give its local time."
        )
    if start.astimezone(here.zone).date() != times.start.date() and any(day.how != "date" for day in draft.days):
        raise Unsettled(
            Trouble.AMBIGUOUS,
            f"{times.start:%H:%M} {draft.zone_word} is on another date here. On which date is it, and when?",
        )
    times.moved_from = times.start
    length = times.end - times.start
    local = start.astimezone(here.zone)
    times.start, times.fold = _naive(local), local.fold
    times.end = times.start + length
    return times


def _zone(name: str) -> tzinfo:
    if name[0] not in "+-":
        return ZoneInfo(name)
    sign = 1 if name[0] == "+" else -1
    hours, _, minutes = name[1:].partition(":")
    return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes or 0)))


def _offset(zone: tzinfo, moment: datetime, days_on: int = 0) -> timedelta | None:
    return (moment + timedelta(days=days_on)).astimezone(zone).utcoffset()


def _settled(draft: Draft, here: Here, today: date) -> Times:
    times = _on(draft, here, today)
    asked = here.now.astimezone(here.person).date()
    if asked != today and not _absolute(draft):
        other = _try(draft, here, asked)
        if other is not None and other.start != times.start:
            raise OtherDay(times, other)
    return times


class OtherDay(Exception):
    """The person's day and the place's day make different dates of the same words."""

    def __init__(self, there: Times, here: Times) -> None:
        super().__init__("another day")
        self.there = there
        self.here = here


def _try(draft: Draft, here: Here, today: date) -> Times | None:
    try:
        return _on(draft, here, today)
    except Unsettled:
        return None


def _absolute(draft: Draft) -> bool:
    """Whether the words mean the same date on every day: a named date, or minutes from now."""
    relative_start = draft.start is not None and draft.start.ahead is not None
    return relative_start or draft.from_now or (bool(draft.days) and all(day.how == "date" for day in draft.days))


def _on(draft: Draft, here: Here, today: date) -> Times:
    start = _start(draft)
    if start.ahead is not None:
        return _from_now(draft, here, start.ahead)
    clock, part = start.clock, draft.part
    assert clock is not None
    spoken_part = None if clock.name == "part" else part
    found = _guard(lambda: _spanned(draft, clock, spoken_part))
    _plausible(draft, found)
    if draft.every is not None:
        return _series(draft, here, today, found)
    return _once(draft, here, today, found)


def _plausible(draft: Draft, found: Span) -> None:
    """Ask about an end that would only come half a day later, since "12:00-11:30" is rather a slip."""
    end = _end_clock(draft)
    if end is None or found.end is None or draft.end_days or end.name:
        return
    length = found.end - found.start
    midnight = found.end == _DAY_MINUTES and end.half == "am" and length > _DAY_MINUTES // 2
    if midnight or (not end.explicit and length >= _LONG_GUESS):
        stop = found.end % _DAY_MINUTES
        raise Unsettled(
            Trouble.AMBIGUOUS,
            f"Until {stop // 60:02d}:{stop % 60:02d}, {length // 60} hours later? Say am or pm for the end.",
        )


def _spanned(draft: Draft, start: Clock, part: str | None) -> Span:
    """Minutes of both ends; an end with a date of its own is counted on that date, so it may be the earlier hour."""
    end = _end_clock(draft)
    if end is None or not draft.end_days:
        return span(start, end, part)
    first = span(start, None, part)
    stop = span(end, None, None)
    return Span(first.start, stop.start, first.guessed)


def _guard(read: Callable[[], T]) -> T:
    """Run a reading of clocks and say its refusals in words."""
    try:
        return read()
    except NoSuchTime:
        raise Unsettled(Trouble.INVALID_TIME, "There is no such time on the clock. When should it start?") from None
    except EndsBeforeStart:
        raise Unsettled(Trouble.END_BEFORE_START, "The end is not after the start. Until when should it be?") from None
    except Contradiction:
        raise Unsettled(Trouble.AMBIGUOUS, "The time and the part of the day do not agree. When should it start?") from None


def _end_clock(draft: Draft) -> Clock | None:
    return draft.end.clock if draft.end is not None else None


def _start(draft: Draft) -> Point:
    if draft.start is not None:
        return draft.start
    if draft.from_now:
        return Point(ahead=0)
    if draft.part is not None:
        minutes = PART_STARTS[draft.part]
        return Point(clock=Clock(minutes // 60, minutes % 60, exact=True, name="part"))
    raise Unsettled(Trouble.MISSING_TIME, "I found no time in that. When should it start?")


def _from_now(draft: Draft, here: Here, ahead: int) -> Times:
    if draft.days or draft.every is not None:
        today = [day for day in draft.days if day.how == "offset" and day.days == 0]
        if len(today) != len(draft.days) or draft.every is not None:
            raise Unsettled(Trouble.AMBIGUOUS, "I found a time from now and a date. Which one is it?")
    start = _ahead(here, ahead)
    end_clock = _end_clock(draft)
    if draft.end is not None and draft.end.ahead is not None:
        return _with_end(draft, start, _ahead(here, draft.end.ahead), here)
    if end_clock is None:
        return _with_length(draft, Times(start, start), here)
    first = start.hour * 60 + start.minute
    if not end_clock.valid:
        raise Unsettled(Trouble.INVALID_TIME, "There is no such time on the clock. When should it start?")
    stop = _guard(lambda: ending(end_clock, first, both_explicit=end_clock.explicit))
    return _with_end(draft, start, datetime.combine(start.date(), time()) + timedelta(minutes=stop), here)


def _ahead(here: Here, minutes: int) -> datetime:
    if minutes > 10 * 366 * _DAY_MINUTES:
        raise Unsettled(Trouble.INVALID_TIME, "That is too far ahead. When should it start?")
    return _naive((here.now.astimezone(ZoneInfo("UTC")) + timedelta(minutes=minutes)).astimezone(here.zone))


def _with_end(draft: Draft, start: datetime, end: datetime, here: Here) -> Times:
    if end <= start:
        raise Unsettled(Trouble.END_BEFORE_START, "The end is not after the start. Until when should it be?")
    length = round((end - start).total_seconds() / 60)
    if draft.minutes is not None and draft.minutes != length:
        raise Unsettled(Trouble.AMBIGUOUS, "The end and the length do not agree. Which one is right?")
    times = Times(start, end)
    _checked(times, here)
    return times


def _with_length(draft: Draft, times: Times, here: Here) -> Times:
    times.default_duration = draft.minutes is None
    times.end = times.start + timedelta(minutes=draft.minutes or DEFAULT_MINUTES)
    _checked(times, here)
    return times


def _checked(times: Times, here: Here) -> None:
    if times.end - times.start > timedelta(hours=24):
        raise Unsettled(Trouble.TOO_LONG, "A booking lasts 24 hours at most.")
    if times.start < here.local and not (times.fold and times.start + timedelta(hours=2) > here.local):
        raise Unsettled(Trouble.PAST, gone(times.start))


def _once(draft: Draft, here: Here, today: date, found: Span) -> Times:
    """A single booking: on the day named, else at the next such time."""
    end_day: date | None = None
    guessed_day = next_week = False
    if draft.days:
        day, movable = chosen_day(draft, today, here.locale)
        check_lately(draft, day, today)
        if draft.part_today and day != today:
            raise Unsettled(
                Trouble.AMBIGUOUS, '"This" part of the day is today, and the date is another day. Which one is it?'
            )
        if movable and day == today and _at(day, found.start) < here.local:
            day += timedelta(days=7)
        next_week = any(d.how == "weekday" and d.which == "next" for d in draft.days)
    elif draft.part_today:
        day = today
    else:
        guessed_day = True
        day = today if _at(today, found.start) >= here.local else today + timedelta(days=1)
    if draft.end_days:
        # "To tomorrow" is counted from today, "to the next day" from the start.
        told = [d for d in draft.end_days if d.how == "offset" and d.which != "next"]
        end_day = one_day(draft.end_days, today if told else day, here.locale)
    times = _ended(draft, here, found, day, end_day)
    times.guessed_half = found.guessed
    times.guessed_day = guessed_day
    times.next_week = next_week
    return times


def _ended(draft: Draft, here: Here, found: Span, day: date, end_day: date | None = None) -> Times:
    start = _at(day, found.start)
    if draft.end is not None and draft.end.ahead is not None:
        return _with_end(draft, start, _ahead(here, draft.end.ahead), here)
    if found.end is None:
        return _with_length(draft, Times(start, start), here)
    stop = found.end
    end = _at(day, stop)
    if end_day is not None:
        end = _at(end_day, stop)
    return _with_end(draft, start, end, here)


def _at(day: date, minutes: int) -> datetime:
    try:
        return datetime.combine(day, time()) + timedelta(minutes=minutes)
    except OverflowError:
        raise Unsettled(Trouble.INVALID_TIME, "That is too far ahead. When should it start?") from None


def _series(draft: Draft, here: Here, today: date, found: Span) -> Times:
    """The first date of a series that is not in the past, and its rule."""
    every = draft.every
    assert every is not None
    base, given = today, None
    if draft.days:
        given, _ = chosen_day(draft, today, here.locale)
        base = given
    try:
        pattern = series.without(series.pattern(every, given), left_out.weekdays(draft.left_out))
        calendar = left_out.Calendar(pattern.holds, base, here.locale)
        away = set(left_out.days(draft.left_out, calendar))
        first = series.first(pattern, base, lambda day: _at(day, found.start) >= here.local and day not in away)
    except series.Inexpressible as why:
        raise Unsettled(why.trouble, str(why)) from None
    if given is not None and first != given and not draft.from_day and not (len(draft.days) == 1 and movable(draft.days[0])):
        if given >= today:
            raise Unsettled(Trouble.AMBIGUOUS, "The date is not one of the days of the series. When should it start?")
        raise Unsettled(Trouble.PAST, gone(_at(given, found.start)))
    ends_with_month = any(day.how == "end" and day.months is not None for day in draft.until)
    until = one_day(draft.until, today if ends_with_month else first, here.locale) if draft.until else None
    if until is not None and until < first:
        raise Unsettled(Trouble.END_BEFORE_START, "The series would end before it starts.")
    times = _ended(draft, here, found, first)
    times.guessed_half = found.guessed
    try:
        times.recurrence = series.rule(pattern, first, draft.limit, until)
    except series.Inexpressible as why:
        raise Unsettled(why.trouble, str(why)) from None
    times.left_out = left_out.of_series(draft.left_out, times.recurrence, first, calendar)
    return times
