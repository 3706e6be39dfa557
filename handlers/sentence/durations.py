"""Recognises lengths of time: "90 min", "1h30", "two and a half hours", "half an hour or so".

Kept out: whether a length is the meeting's or the time until it starts.
"""

# ruff: noqa: PLR0911
# matchers return from the first form that fits

from __future__ import annotations

from handlers.sentence import words
from handlers.sentence.clock import TIME_LEADS, lasts
from handlers.sentence.items import Item
from handlers.sentence.numbers import number, whole
from handlers.sentence.tokens import Token

_QUARTERS = {"quarter": 15, "half": 30}


def match(ts: list[Token], i: int) -> Item | None:
    """Return a `dur` item (minutes) at token i, a `vague` one for "a few minutes", or None."""
    found = _period(ts, i) or _fraction(ts, i) or _couple(ts, i) or _measured(ts, i) or _hour_word(ts, i)
    if found is None:
        return None
    minutes, j = found
    return Item("dur", round(minutes), i, _tail(ts, j))


def _tail(ts: list[Token], j: int) -> int:
    """Skip what says nothing: "long", "or so", "-ish"."""
    k = j + 1 if ts[j].low == "-" and not ts[j].space else j
    if ts[k].low in ("long", "ish"):
        return k + 1
    if ts[j].low == "or" and ts[j + 1].low in ("so", "thereabouts"):
        return j + 2
    return j


def _period(ts: list[Token], i: int) -> tuple[float, int] | None:
    if ts[i].kind != "period":
        return None
    total, digits = 0, ""
    for c in ts[i].text:
        if c.isdigit():
            digits += c
        elif digits:
            total += int(digits) * {"D": 1440, "H": 60, "M": 1}.get(c, 0)
            digits = ""
    return (total, i + 1) if total else None


def _fraction(ts: list[Token], i: int) -> tuple[float, int] | None:
    """Half an hour, half hour, a quarter of an hour, three quarters of an hour."""
    several = _half_hours(ts, i)
    if several:
        return several
    j, times = i, 1
    if ts[i].low in ("three", "3") and ts[i + 1 + (ts[i + 1].low == "-")].low in ("quarters", "quarter"):
        j, times = i + 1 + (ts[i + 1].low == "-"), 3
    elif ts[i].low == "a" and ts[i + 1].low in _QUARTERS:
        j = i + 1
    base = 15 if times == 3 else _QUARTERS.get(ts[j].low)
    if base is None:
        return None
    j += 1
    while ts[j].low in ("-", "of", "an", "a", "the"):
        j += 1
    if ts[j].low in ("hour", "hr", "h"):
        return base * times, j + 1
    return None


def _half_hours(ts: list[Token], i: int) -> tuple[float, int] | None:
    """Three half hours, one half-hour, two quarter hours; half of half an hour."""
    if ts[i].low == "half" and ts[i + 1].low == "of" and ts[i + 2].low == "half":
        inner = _fraction(ts, i + 2)
        return (inner[0] / 2, inner[1]) if inner else None
    found = whole(ts, i)
    if found is None or not 1 <= found[0] <= 12:
        return _added(ts, i)
    if ts[found[1]].low == "x" and (each := whole(ts, found[1] + 1)) and each[0] in (15, 20, 25, 30, 40, 45, 50, 60, 90):
        if ts[each[1]].low in words.PEOPLE:
            return None
        return found[0] * each[0], each[1] + (ts[each[1]].low in words.MINUTE)
    per, j = _QUARTERS.get(ts[found[1]].low), found[1] + 1
    j += ts[j].low == "-"
    if per is None or ts[j].low not in ("hour", "hours", "hrs", "hr"):
        return None
    return found[0] * per, j + 1


def _added(ts: list[Token], i: int) -> tuple[float, int] | None:
    """30+30 minutes."""
    first = whole(ts, i)
    if first is None or ts[first[1]].low != "+":
        return None
    second = whole(ts, first[1] + 1)
    if second is None or ts[second[1]].low not in words.MINUTE:
        return None
    return first[0] + second[0], second[1] + 1


def _couple(ts: list[Token], i: int) -> tuple[float, int] | None:
    j = i + 1 if ts[i].low == "a" else i
    if ts[j].low != "couple":
        return None
    j += 2 if ts[j + 1].low == "of" else 1
    per = _unit(ts[j])
    return (2 * per, j + 1) if per else None


def _unit(t: Token) -> int:
    if t.low in words.MINUTE:
        return 1
    if t.low in words.HOUR:
        return 60
    return 0


def _measured(ts: list[Token], i: int) -> tuple[float, int] | None:
    """A number, a unit, and perhaps a smaller unit after it."""
    clock = _clock_hours(ts, i)
    if clock:
        return clock
    found = number(ts, i)
    if found is None and ts[i].low == "too" and ts[i + 1].low in ("hours", "hour", "hrs", "minutes"):
        found = (2, i + 1)  # as heard
    if found is None:
        return None
    value, j = found
    led = i and (ts[i - 1].low in TIME_LEADS or ts[i - 1].low in ("to", "-"))
    if j == i + 3 and led and len(ts[i + 2].text) == 2 and ts[j].low in words.HOUR:
        return None  # "till 15.30 hour"
    if j == i + 1 and len(ts[i].text) == 4 and ts[i].kind == "num" and ts[j].low in words.HOUR:
        return None  # "0800 hrs"
    value, j = _and_fraction(ts, value, j)
    if ts[j].low == "-" and _unit(ts[j + 1]) and not ts[j + 1].space:
        j += 1
    if ts[j].low == "'" and not ts[j].space and ts[j - 1].kind == "num":
        return value, j + 1
    if ts[j].low == "of" and ts[j + 1].low == "hour":
        j += 1
    per = _unit(ts[j])
    if not per or (ts[j].low in ("m", "h") and ts[j].space and ts[j - 1].kind != "num"):
        return None
    if per == 60:
        return _after_hours(ts, value * 60, j + 1)
    return value, j + 1


def _clock_hours(ts: list[Token], i: int) -> tuple[float, int] | None:
    """The form "1:30h" or "1:30 hours"."""
    if not (ts[i].kind == ts[i + 2].kind == "num" and ts[i + 1].low == ":" and not ts[i + 2].space):
        return None
    hours, minutes = ts[i].value, ts[i + 2].value
    if hours is None or minutes is None or minutes > 59 or not lasts(ts, i, hours):
        return None
    if ts[i + 3].low in ("h", "hours", "hrs"):
        return hours * 60 + minutes, i + 4
    return None


def _and_fraction(ts: list[Token], value: float, j: int) -> tuple[float, int]:
    """ "two and a half" hours."""
    if ts[j].low in ("and", "&"):
        k = j + 2 if ts[j + 1].low in ("a", "one") else j + 1
        k += ts[k].low == "-"
        if ts[k].low in _QUARTERS and (_unit(ts[k + 1]) or ts[k + 1].low == "of"):
            return value + _QUARTERS[ts[k].low] / 60, k + 1
    return value, j


def _after_hours(ts: list[Token], minutes: float, j: int) -> tuple[float, int]:
    """What may follow whole hours: 30m, 30, thirty, "and a half", "and 45 minutes"."""
    if ts[j].low == "," and minutes >= 480:
        return minutes, j  # "11h, 45 min" is a time and a length
    k = j + 1 if ts[j].low in ("and", "&", ",") else j
    said_and = ts[j].low in ("and", "&")
    h = k + 1 if ts[k].low == "a" else k
    if said_and and ts[h].low in _QUARTERS:
        return minutes + _QUARTERS[ts[h].low], h + 1
    found = whole(ts, k)
    if found is None or found[0] > 59:
        return minutes, j
    more, n = found
    per = _unit(ts[n + (ts[n].low == "-")])
    if per == 1:
        return minutes + more, n + 1 + (ts[n].low == "-")
    glued = ts[k].kind == "num" and not ts[k].space and len(ts[k].text) == 2
    quarter = more in (15, 30, 45) and ts[n].kind in ("end", "punct") and ts[n].low not in (":", "-", "/")
    bare = ts[k].kind == "word" or said_and or quarter  # "1 hour 15, 6 people"
    counted = ts[n].low in words.PEOPLE or ts[n].low in (":", "-", "am", "pm", "a", "p", "h", "/", "of")
    if per == 0 and ts[j].low != "," and (glued or (bare and not counted and more >= 5)):
        return minutes + more, n
    return minutes, j


def _hour_word(ts: list[Token], i: int) -> tuple[float, int] | None:
    """An hour, one hour, an hour and a half; hour-long; a minute."""
    t = ts[i]
    if t.low == "hourlong" or (t.low == "hour" and ts[i + 1].low == "-" and ts[i + 2].low == "long"):
        return 60, i + (1 if t.low == "hourlong" else 3)
    if t.low == "hour" and ts[i + 1].low == "and" and ts[i + 2].low in ("a", "half", "quarter"):
        return _after_hours(ts, 60, i + 1)
    if t.low == "hour" and ts[i + 1].low in ("tops", "max", "maximum"):
        return 60, i + 2
    if t.low in ("an", "a") and ts[i + 1].low in ("full", "whole", "good", "quick", "solid"):
        return _after_hours(ts, 60, i + 3) if ts[i + 2].low == "hour" else None
    if t.low in ("an", "a", "1") and ts[i + 1].low in ("hour", "hr"):
        return _after_hours(ts, 60, i + 2)
    if t.low == "a" and ts[i + 1].low in ("minute", "min"):
        return 1, i + 2
    return None
