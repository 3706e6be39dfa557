"""Recognises times told from now ("in 20 minutes"), parts of the day ("this arvo") and time zones ("EST").

Kept out: clock times and dates.
"""

# ruff: noqa: SIM905
# ruff: noqa: PLR0911
# word lists read better as text; matchers return from the first form that fits

from __future__ import annotations

from datetime import datetime

from handlers.sentence import durations, nouns, subjects, words
from handlers.sentence.items import Item
from handlers.sentence.numbers import whole
from handlers.sentence.tokens import Token

_THIN = frozenset("about around approx approximately roughly like at the a".split())
_NOW = frozenset({"forthwith", "now", "asap", "immediately", "rn"})


_ZONE_TAILS = frozenset({"time", "standard", "daylight"})


def soon(ts: list[Token], i: int) -> Item | None:
    """Now, in 20 minutes, in 1d 2hr 5min, half an hour from now, +15 minutes, the next 30 minutes."""
    low = ts[i].low
    if low in _NOW or (low in ("right", "straight") and ts[i + 1].low in ("now", "away")):
        j = i + (1 if low in _NOW else 2)
        if ts[j].low == "+" and (plus := _span(ts, j + 1)):
            return Item("rel", plus[0], i, plus[1])
        return Item("now", low, i, j)
    if low in ("next", "coming") and (length := durations.match(ts, i + 1)):
        return Item("dur", length.value, i, length.j, note="next")
    if low == "next" and ts[i + 1].low == "hour":
        led = i and (ts[i - 1].low == "the" or ts[i - 1].low == "for")
        return Item("dur" if led else "rel", 60, i, i + 2, note="next" if led else "")
    if low in ("in", "after", "+"):
        j = i + 1
        while ts[j].low in ("about", "around", "approximately", "roughly", "like", "another", "exactly", "approx"):
            j += 1
        span = _span(ts, j)
        if span and (low != "after" or ts[span[1]].kind != "word" or ts[span[1]].low in _THIN):
            j = span[1] + (ts[span[1]].low in ("time", "from")) * _time_tail(ts, span[1])
            return Item("rel", span[0], i, j, note="+" if low == "+" else "")
        if low == "in" and ts[j].kind == "num" and ts[j].value in (5, 10, 15, 20, 30, 40, 45, 60, 90):
            bare = ts[j + 1].kind == "end" or ts[j + 1].low in (",", "for", "with", "please")
            return Item("rel", ts[j].value, i, j + 1) if bare else None
        return None
    behind = _span(ts, i)
    if behind:
        j = behind[1]
        if ts[j].low == "from" and ts[j + 1].low in ("now", "right"):
            return Item("rel", behind[0], i, j + (2 if ts[j + 1].low == "now" else 3))
        if ts[j].low in ("later", "hence") and ts[j + 1].low != "than":
            return Item("rel", behind[0], i, j + 1, note="later")
    return None


def _time_tail(ts: list[Token], j: int) -> int:
    return 2 if ts[j].low == "from" and ts[j + 1].low == "now" else 1 if ts[j].low == "time" else 0


def _span(ts: list[Token], i: int) -> tuple[int, int] | None:
    """Minutes of a length of time that may start with days; whole days alone are a date, not a span."""
    days, j = 0, i
    found = whole(ts, i)
    if found and ts[found[1]].low in words.DAY and found[0] < 1000:
        days, j = found[0] * 1440, found[1] + 1
        j += ts[j].low in ("and", ",")
    rest = durations.match(ts, j)
    return (days + rest.value, rest.j) if rest else None


def part_of_day(ts: list[Token], i: int) -> Item | None:
    """In the morning, this afternoon, tonight, at night, late afternoon (`note` then says late)."""
    j, lead, shade = i, "", ""
    if ts[i].low in ("whole", "all", "entire", "full") and ts[i + 1].low in ("morning", "afternoon", "evening"):
        return Item("vague", f"{ts[i].low} {ts[i + 1].low}", i, i + 2)
    if ts[j].low in ("in", "during") and ts[j + 1].low == "the":
        j += 2
    elif ts[j].low in ("this", "at"):
        lead, j = ts[j].low, j + 1
    elif ts[j].low == "the":
        j += 1
    if ts[j].low in ("early", "late", "mid", "later"):
        shade, j = ts[j].low, j + 1
        j += ts[j].low == "-"
        j += ts[j].low == "in" and ts[j + 1].low == "the" and 2
    if ts[i].low in ("am", "pm") and i and nouns.dated(ts[i - 1]):  # "6:45 tomorrow am"
        return Item("part", ("morning" if ts[i].low == "am" else "afternoon", False), i, i + 1, note="half")
    part = words.PARTS.get(ts[j].low)
    if ts[j].low == "2" and ts[j + 1].low in ("nite", "night", "nyt", "nyte", "nit") and not ts[j + 1].space:
        part, j = "tonight", j + 1
    if part is None or (ts[i].low == "the" and j == i + 1 and part not in ("morning", "afternoon", "evening")):
        return None
    if ts[j].low in ("eve", "aft") and not (i and ts[i - 1].kind in ("num", "word")):
        return None
    today = lead == "this" or part == "tonight"
    return Item("part", (part, today), i, j + 1, note=shade)


def _of_a_time(ts: list[Token], i: int) -> bool:
    """Tell "3pm PT" and "3pm on Friday (CT)" from a PT session, a CT scan and an MDT."""
    k = i - 1
    while k >= 0 and ts[k].low in _ZONE_LEADS:
        k -= 1
    if k < 0:
        return ts[i + 1].kind == "num"
    if ts[k].kind in ("num", "iso", "period", "zoned") or ts[k].low in _CLOCKED:
        return True
    dated = ts[k].low in words.WEEKDAYS or ts[k].low in words.MONTHS or ts[k].low in words.TODAY | words.TOMORROW
    dated = dated or ts[k].low in words.PARTS or ts[k].low in words.UNIT or ts[k].low in words.PEOPLE
    topic = ts[i + 1].low in subjects.SUBJECTS or ts[i + 1].low in ("meeting", "scan", "mtg")
    return dated and not (topic and ts[i + 1].kind == "word")


def _behind_a_time(ts: list[Token], i: int) -> bool:
    """Whether "pacific" stands right behind "10am" and before no word that it could describe."""
    timed = i > 0 and (ts[i - 1].low in ("am", "pm") or ts[i - 1].kind == "num")
    return timed and (ts[i + 1].kind != "word" or ts[i + 1].low in ("for", "on", "in", "with", "until", "to"))


_ZONE_LEADS = frozenset({"(", "[", ".", ",", "-", "/", "in", "zone", "timezone", "tz", "=", ":", "is", "@"})
_CLOCKED = frozenset({"am", "pm", "a", "p", "m", "o'clock", "noon", "midday", "midnight"})


def _city_time(ts: list[Token], i: int) -> Item | None:
    """London time, (our) Berlin time: a city's name means its clock only with "time" behind it."""
    name, j = ts[i].low, i + 1
    if ts[j].kind == "word" and ts[j].low != "time":
        name, j = f"{name} {ts[j].low}", j + 1
    if ts[j].low != "time" or name not in words.CITY_ZONES or not i:
        return None
    return Item("zone", words.CITY_ZONES[name], i, j + 1, note=name)


def zone(ts: list[Token], i: int) -> Item | None:
    """EST, Pacific time, UTC+1, (CET); `value` is an IANA name or an offset in minutes."""
    t = ts[i]
    low = t.low
    if low == "z" and not t.space and i and ts[i - 1].kind == "num" and (len(ts[i - 1].text) == 4 or ts[i - 2].low == ":"):
        return Item("zone", "Etc/UTC", i, i + 1, note="utc")  # 1800Z
    if low not in words.ZONE_FAMILIES:
        return _city_time(ts, i)
    j = i + 1
    tail = False
    while ts[j].low in _ZONE_TAILS:
        j, tail = j + 1, True
    if low in words.ZONE_NEEDS_TIME and not (tail or _behind_a_time(ts, i)):
        return None
    if not (tail or _of_a_time(ts, i)):
        return None
    if low in words.ZONE_NEEDS_CAPITALS and not (tail or t.text.isupper()):
        return None
    if tail and ts[j].low == "-" and ts[j + 1].text[:1].isupper():  # "Eastern Time - New York", as calendars write it
        k = j + 1 + (ts[j + 1].low in ("new", "los", "mexico", "sao"))
        j = k + 1 if ts[k].low in words.WELL_KNOWN_CITIES or k > j + 1 else j
    if low in ("utc", "gmt") and ts[j].low in ("+", "-") and ts[j + 1].kind == "num" and not ts[j].space:
        hours = ts[j + 1].value or 0
        exact = ts[j + 2].low == ":" and ts[j + 3].kind == "num" and (ts[j + 3].value or 0) < 60
        minutes = (ts[j + 3].value or 0) if exact else 0
        if hours <= 14:
            return Item(
                "zone",
                f"{ts[j].low}{hours}:{minutes}",
                i,
                j + (4 if exact else 2),
                note=f"{low}{ts[j].low}{hours:02d}:{minutes:02d}",
            )
    return Item("zone", words.ZONE_FAMILIES[low], i, j, note=low)


def moment(text: str) -> datetime | None:
    """Return the moment of an ISO token, aware when it carries an offset, or None when it is not in the calendar."""
    try:
        return datetime.fromisoformat(text.replace(",", "."))
    except ValueError:
        return None
