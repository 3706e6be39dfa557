"""Recognises days told within a month: "the 5th", "on 15", "20th of next month", "last Friday of October".

Kept out: dates that name their month by number or before the day (see dates.py).
"""

# ruff: noqa: PLR0911
# matchers return from the first form that fits

from __future__ import annotations

from dataclasses import replace

from handlers.sentence import weekdays, words
from handlers.sentence.items import Day
from handlers.sentence.numbers import ordinal, whole
from handlers.sentence.tokens import Token
from handlers.sentence.weekdays import Found


def is_time(ts: list[Token], i: int, j: int) -> bool:
    """Return whether the number at i is the start of a clock time or a count, so that it is no day of a month."""
    t = ts[j]
    if len(ts[i].text) == 4 and t.low in ("-", "to"):
        return (not t.space or t.low == "to") and ts[j + 1].kind == "num" and len(ts[j + 1].text) == 4
    if t.low in (":", "h") and not t.space:
        return True
    if t.low in ("am", "pm", "o'clock", "oclock") or (t.low in ("a", "p") and (not t.space or ts[j + 1].low in (".", "m"))):
        return True
    if t.low in words.UNIT or t.low in words.PEOPLE:
        return t.low not in ("m", "d", "w", "us")
    if t.low in ("-", "to", "–") and ts[j + 1].kind == "num" and i + 1 == j:
        # "Dec 3-5pm" is left for a question; "3-4pm" behind a month without a day too.
        k = j + 2
        if t.space and ts[k].low == ":":
            return False  # "Dec 11 - 9:00-9:55" lists a day and its time
        return ts[k].low in ("am", "pm", ":") or ts[k].low in words.PEOPLE
    return t.low == "." and not t.space and ts[j + 1].kind == "num" and not ts[j + 1].space and len(ts[j + 1].text) == 2


_BEHIND_ORDINAL = frozenset({"at", "from", "for", "in", "between", "around", "of"})


def day_of_month(ts: list[Token], i: int, months: dict[str, int]) -> Found:
    """Return (day, next index) of "the 5th", "on the 17", "on 15" or "20th of next month" at token i, or None."""
    led = ts[i].low in ("the", "on")
    j = i
    if ts[j].low == "on":
        j += 1
    if ts[j].low == "the":
        j += 1
    found = ordinal(ts, j)
    plain = found is None and led and ts[j].kind == "num" and len(ts[j].text) <= 2
    if plain:
        found = whole(ts, j)
    if found is None or found[0] < 1 or (not led and ts[j].kind != "num") or ts[found[1]].low in ("floor", "fl"):
        return None
    if plain and (is_time(ts, j, found[1]) or ts[found[1]].low in ("/", ".", "-", "of")):
        return None
    if ts[j].low in words.ORDINALS and ts[found[1]].kind == "word" and ts[found[1]].low not in _BEHIND_ORDINAL:
        return None  # "the first meeting" is no date; "the first" before a time or at the end is one
    if plain and (found[0] > 31 or (led and ts[j - 1].low == "the" and not _after_day(ts[found[1]]))):
        return None
    day, k = Day("dom", day=found[0], months=None, phrase="plain" if plain else ""), found[1]
    if ts[i].low == "on" and (ts[k + (ts[k].low in ("of", "-", "."))].low in months or ts[k].low in ("(", "day")):
        return None  # "on the 3rd of December" is claimed from "the" on
    return _of_month(ts, day, k)


def _after_day(t: Token) -> bool:
    """Whether a date may end before this token: "the 2 ACME guys" names no date."""
    return (
        t.kind != "word" or t.low in _BEHIND_ORDINAL or t.low in ("at", "to", "until", "till", "and", "or", "please", "with")
    )


def _of_month(ts: list[Token], day: Day, j: int) -> tuple[Day, int]:
    k = j
    k += ts[k].low == "of"
    k += ts[k].low == "the"
    if ts[k].low in ("this", "next", "current", "following", "coming") and ts[k + 1].low == "month":
        return replace(day, months=0 if ts[k].low in ("this", "current") else 1), k + 2
    if ts[k].low == "month" and k > j + 1:
        return day, k + 1
    return day, j


def nth_weekday(ts: list[Token], i: int, months: dict[str, int]) -> Found:
    """Return (day, next index) of "first tuesday of october" or "the last friday of this month" at token i, or None."""
    j = i + 1 if ts[i].low == "the" else i
    if ts[j].low == "last":
        nth, k = -1, j + 1
    else:
        found = ordinal(ts, j)
        if found is None or not 1 <= found[0] <= 5:
            return None
        nth, k = found
    weekday = weekdays.weekday_at(ts, k)
    if weekday is None or ts[k + 1].low not in ("of", "in"):
        return None
    m = k + 2
    m += ts[m].low == "the"
    month = months.get(ts[m].low, 0)
    if month:
        year = ts[m + 1].value if ts[m + 1].kind == "num" and len(ts[m + 1].text) == 4 else None
        return Day("nth", nth=nth, weekday=weekday, month=month, year=year), m + (2 if year else 1)
    if ts[m].low in ("this", "next", "following") and ts[m + 1].low == "month":
        return Day("nth", nth=nth, weekday=weekday, months=0 if ts[m].low == "this" else 1), m + 2
    if ts[m].low == "month":
        return Day("nth", nth=nth, weekday=weekday, months=0), m + 1
    return None
