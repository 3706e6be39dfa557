"""Puts together a series that is told in pieces: "daily ... mon-fri", "monthly ... third Thursday of the month".

Kept out: recognising the pieces (see recurrence.py).
"""

from __future__ import annotations

from handlers.sentence.draft import Draft
from handlers.sentence.items import Day, Every, Item
from handlers.sentence.model import Trouble
from handlers.sentence.numerals import following
from handlers.sentence.series import REASONS


def monthly_on(xs: list[Item]) -> None:
    """ "Monthly plenary, third Thursday of the month" names the day of a series apart from its rhythm."""
    series = [x for x in xs if x.kind == "every" and x.value.freq == "MONTHLY" and not (x.value.nth or x.value.monthday)]
    days = [x for x in xs if x.kind == "day"]
    if len(series) == 1 == len(days) and days[0].value.how == "nth" and days[0].value.months == 0:
        day = days[0].value
        series[0].value = Every("MONTHLY", series[0].value.interval, days=(day.weekday,), nth=day.nth)
        days[0].kind = "filler"


def daily_on(xs: list[Item]) -> None:
    """ "daily ... mon-fri" and "weekly ... mon, wed" name the days of a series apart from its rhythm."""
    _work_week(xs)
    series = [x for x in xs if x.kind == "every"]
    at = [k for k, x in enumerate(xs) if x.kind == "day"]
    if len(series) != 1 or len(at) < 2 or not all(_bare_weekday(xs[k].value) for k in at):
        return
    every: Every = series[0].value
    if every.freq == "MONTHLY" or every.interval != 1 or every.days:
        return
    days = [xs[k].value.weekday for k in at]
    between = xs[following(xs, at[0])]
    if len(at) == 2 and (between.kind == "conn" or (between.kind == "prep" and between.value in ("to", "until"))):
        days = [(days[0] + n) % 7 for n in range((days[1] - days[0]) % 7 + 1)]
    series[0].value = Every("WEEKLY", days=tuple(sorted(set(days))), part=every.part)
    for k in at:
        xs[k].kind = "filler"


def _work_week(xs: list[Item]) -> None:
    """ "Standup mon-fri 10:45": from Monday to Friday at a time is every weekday."""
    for k, x in enumerate(xs[:-2]):
        joined = xs[k + 1].kind == "conn" or (xs[k + 1].kind == "prep" and xs[k + 1].value in ("to", "until"))
        last = xs[k + 2]
        if not (x.kind == last.kind == "day" and joined and _bare_weekday(x.value) and _bare_weekday(last.value)):
            continue
        others = any(y.kind in ("day", "vague", "every") and y is not x and y is not last for y in xs)
        led = k > 0 and xs[k - 1].kind == "prep" and xs[k - 1].value in ("from", "between")
        timed = any(y.kind == "clock" for y in xs)
        if (x.value.weekday, last.value.weekday) == (0, 4) and timed and not others and not led:
            xs[k] = Item("every", Every("WEEKLY", days=(0, 1, 2, 3, 4)), x.i, last.j)
            xs[k + 1].kind = last.kind = "filler"


def _bare_weekday(day: Day) -> bool:
    return day.how == "weekday" and day.which == "bare" and day.days == 0


def collect(xs: list[Item], draft: Draft) -> None:
    """Fill the draft's series and its length; two series that disagree become a problem."""
    for x in xs:
        if x.kind == "limit":
            if draft.limit is not None and draft.limit != x.value:
                draft.refuse(Trouble.AMBIGUOUS, "I found two lengths for the series. How long should it run?")
            draft.limit = x.value
        if x.kind != "every":
            continue
        if draft.every is None:
            draft.every = x.value
        else:
            _merge(draft, x)
    if draft.every is not None and draft.every.trouble == "nth" and _no_nth(draft):
        draft.every.trouble = ""
    if draft.every is not None and draft.every.trouble:
        trouble = Trouble.NOT_UNDERSTOOD if draft.every.trouble == "unit" else Trouble.AMBIGUOUS
        draft.refuse(trouble, REASONS[draft.every.trouble])
    if draft.every is not None and draft.every.part and draft.part is None:
        draft.part = draft.every.part


def _no_nth(draft: Draft) -> bool:
    """Whether the date a series starts on rules out "second Friday of the month" for "every second Friday"."""
    dates = [day for day in draft.days if day.how in ("date", "dom") and day.days == 0]
    return draft.every is not None and bool(dates) and all((day.day - 1) // 7 + 1 != draft.every.interval for day in dates)


def _merge(draft: Draft, x: Item) -> None:
    """ "weekly ... every monday" is one series said twice; two different ones are a problem."""
    held, new = draft.every, x.value
    assert held is not None
    if held.freq == new.freq == "WEEKLY" and (not held.days or not new.days or held.days == new.days):
        held.days = held.days or new.days
        held.interval = max(held.interval, new.interval)
    elif {held.freq, new.freq} == {"DAILY", "WEEKLY"} and held.interval == new.interval == 1 and (held.days or new.days):
        draft.every = held if held.days else new
    elif held.freq == new.freq == "MONTHLY" and not (held.nth or held.monthday) and held.interval == new.interval:
        draft.every = new
    elif held.freq == new.freq == "MONTHLY" and not (new.nth or new.monthday) and held.interval == new.interval:
        return
    elif held != new:
        draft.refuse(Trouble.AMBIGUOUS, "I found two ways to repeat. How often should it be?")
