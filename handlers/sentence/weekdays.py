"""Recognises weekdays and weeks: "this fri", "tuesday of next week", "friday after next", and stretches like "end of month".

Kept out: dates with a number (see dates.py).
"""

# ruff: noqa: PLR0911
# matchers return from the first form that fits

from __future__ import annotations

from dataclasses import replace

from handlers.sentence import words
from handlers.sentence.items import Day
from handlers.sentence.tokens import Token

Found = tuple[Day, int] | None


def as_text(ts: list[Token], i: int, j: int) -> str:
    """Return tokens i to j as folded text."""
    return " ".join(t.low for t in ts[i:j])


def weekday_at(ts: list[Token], i: int) -> int | None:
    """Return the number of the weekday at token i, or None."""
    t = ts[i]
    if t.kind != "word":
        return None
    if t.text in ("M", "F") and _work_week(ts, i):
        return 0 if t.text == "M" else 4
    if t.low in ("mo", "tu", "wedn") and not t.text[0].isupper():
        return None
    if t.low in ("th", "fr") and not (t.text[0].isupper() and t.space and ts[i + 1].kind == "num"):
        return None
    if t.low == "fri" and ts[i + 1].low == "day":
        return 4
    return words.WEEKDAYS.get(t.low)


def _work_week(ts: list[Token], i: int) -> bool:
    """M-F, from Monday to Friday."""
    m = i if ts[i].text == "M" else i - 2
    return m >= 0 and ts[m].text == "M" and ts[m + 1].low == "-" and ts[m + 2].text == "F" and not ts[m + 1].space


def week_stretch(ts: list[Token], i: int) -> Found:
    """next week tuesday, this week friday, week after next on tuesday; alone they are vague."""
    j = i + 1 if ts[i].low in ("the", "of") else i
    if ts[j].low in ("next", "this", "coming", "following") and ts[j + 1].low in ("week", "wk"):
        which, days, k = ("next", 0, j + 2) if ts[j].low != "this" else ("thisweek", 0, j + 2)
        if ts[j].low in ("coming", "following"):
            which = "next"
    elif ts[j].low == "week" and ts[j + 1].low == "after" and ts[j + 2].low == "next":
        which, days, k = "next", 7, j + 3
    else:
        return None
    m = k
    while ts[m].low in ("'", "s", ",", "on", "-"):
        m += 1
    if ts[k].low == "'s":
        m = k + 1
    weekday = weekday_at(ts, m)
    if weekday is not None:
        return Day("weekday", weekday=weekday, which=which, days=days), m + 1
    return Day("vague", phrase=as_text(ts, j, k)), k


def weekday_phrase(ts: list[Token], i: int) -> Found:
    """Tue, this fri, next Monday, last Friday, friday after next, tuesday of next week, monday week, coming wed."""
    j, which = i, "bare"
    if ts[j].low == "the":
        j += 1
    lead = ts[j].low
    if lead in ("this", "next", "nxt", "last", "previous", "past", "coming", "following", "upcoming"):
        which = {"nxt": "next", "previous": "last", "past": "last", "coming": "this", "upcoming": "this"}.get(lead, lead)
        which = "this" if which == "following" else which
        j += 1
        if lead == "this" and ts[j].low in ("coming", "upcoming"):
            j += 1
    weekday = weekday_at(ts, j)
    if weekday is None:
        return None
    if lead == "the" or (ts[i].low == "the" and which == "bare"):
        return None
    j += 1
    j += ts[j].low == "." and which != "" and not ts[j].space and ts[j + 1].kind != "end"
    day = Day("weekday", weekday=weekday, which=which)
    return _qualified(ts, day, j)


def _qualified(ts: list[Token], day: Day, j: int) -> tuple[Day, int]:
    """What may follow a weekday: (of) next week, this week, after next, week."""
    k = j
    k += ts[k].low == ","
    k += ts[k].low in ("of", "in")
    k += ts[k].low == "the"
    if ts[k].low in ("next", "nxt", "following", "coming") and ts[k + 1].low in ("week", "wk"):
        return replace(day, which="next"), k + 2
    if ts[k].low == "this" and ts[k + 1].low in ("week", "wk"):
        return replace(day, which="thisweek"), k + 2
    if ts[k].low == "last" and ts[k + 1].low == "week":
        return replace(day, which="last"), k + 2
    if ts[k].low == "week" and ts[k + 1].low == "after" and ts[k + 2].low == "next":
        return replace(day, which="next", days=day.days + 7), k + 3
    if ts[j].low == "after" and ts[j + 1].low == "next":
        return replace(day, which="after", days=7), j + 2
    if ts[j].low == "next" and day.which == "bare" and not _begins_a_stretch(ts, j + 1):
        return replace(day, which="next"), j + 1  # "Monday next", as lawyers say
    if ts[j].low == "fortnight" and day.which in ("bare", "this"):
        return replace(day, days=day.days + 14), j + 1
    if ts[j].low in ("week", "wk") and day.which in ("bare", "this"):
        return replace(day, days=day.days + 7), j + 1
    weeks = (ts[j + 1].value or (ts[j + 1].low == "a")) if ts[j].low == "in" and ts[j + 2].low in ("weeks", "week") else 0
    if weeks:
        return replace(day, days=day.days + 7 * weeks, which="bare"), j + 3 + (ts[j + 3].low == "time")
    return day, j


def _begins_a_stretch(ts: list[Token], j: int) -> bool:
    """Whether "next" belongs to what follows it: "Monday next week"."""
    low = ts[j].low
    return (
        low in words.UNIT or low in words.MONTHS or low in words.WEEKDAYS or low in ("to", "door", "year", "one", "sprint")
    )


_STRETCHES = (
    ("next", "month"), ("this", "month"), ("next", "year"), ("this", "year"), ("next", "weekend"), ("this", "weekend"),
    ("last", "week"), ("last", "month"), ("all", "week"), ("all", "month"), ("next", "quarter"), ("this", "quarter"),
    ("end", "of", "week"), ("end", "of", "the", "week"), ("end", "of", "month"), ("end", "of", "the", "month"),
    ("end", "of", "next", "week"), ("end", "of", "this", "week"), ("end", "of", "next", "month"),
    ("end", "of", "the", "year"), ("end", "of", "year"), ("end", "of", "this", "month"), ("over", "the", "weekend"),
    ("beginning", "of", "next", "week"), ("start", "of", "next", "week"), ("early", "next", "week"),
    ("later", "this", "week"), ("mid", "next", "week"), ("sometime", "next", "week"), ("weekend",), ("eow",), ("eom",),
    ("first", "light"), ("other", "day"), ("some", "day"), ("one", "day"), ("any", "day"),
)  # fmt: skip


_STRETCH_STARTS = frozenset(stretch[0] for stretch in _STRETCHES)


def vague(ts: list[Token], i: int) -> Found:
    """Return a stretch of time that names no day, such as "end of month", or None."""
    if ts[i].low not in _STRETCH_STARTS:
        return None
    best = None
    for stretch in _STRETCHES:
        whole = all(ts[i + n].low == word and not (n and ts[i + n].line) for n, word in enumerate(stretch))
        if whole and (best is None or len(stretch) > best):
            best = len(stretch)
    if best is None:
        return None
    return Day("vague", phrase=as_text(ts, i, i + best)), i + best
