"""Takes out of a sentence what its series leaves out: "except 28 dec", "but not on 24 and 31 dec", "skipping christmas eve".

Works on the items of a whole sentence that repeats. What follows "except" and is no day stays where it is, to be asked.
Kept out: which dates of the series those are (see settle.py).
"""

# ruff: noqa: SIM905
# ruff: noqa: PLR0911
# word lists read better as text; matchers return from the first form that fits

from __future__ import annotations

from dataclasses import dataclass, replace

from handlers.sentence import calendar_names, words
from handlers.sentence.draft import Draft
from handlers.sentence.items import Day, Item, LeftOut
from handlers.sentence.model import Trouble
from handlers.sentence.spoken import behind, phrases
from handlers.sentence.tokens import Token

_LEADS = phrases(
    "except, except for, except on, except over, except during, except between, except from, excepting, with the "
    "exception of, with exception of, excluding, excl, exclude, but not, but not on, but not for, but no, but skip, "
    "but skipping, but without, but, and not, and not on, not, not on, not for, no meeting, no meeting on, no "
    "meetings, no meetings on, none on, never on, skipping, skip, skips, skip over, skipping over, without, w/o, "
    "apart from, aside from, other than, minus, leaving out, leave out, omitting, omit, bar, barring, save, save for, "
    "pausing on, pausing, i'm away, i'm away on, i am away, i am away on, i'm out, i'm out on, i'm off, i'm off on, i "
    "am off, i am off on, we're away, we're away on, we are away, we are away on, we're off, we're off on, we are "
    "off, we are off on, but i'm away, but i'm away on, but i am away, but i am away on, but i'm off, but i'm off on, "
    "but we're off, but we're off on, but we are off, but we are off on"
)
_SMALL = frozenset("on for in over during from between the also and not or , & + nor of".split())
_JOINS = frozenset("and or , & + nor".split())
_SOME_DAYS = frozenset("holiday holidays vacation vacations break breaks bank public school".split())
_TIMES = frozenset({"clock", "num", "part", "now"})
_OF_TIMES = frozenset({":", "am", "pm", "h", "o'clock", "people", "min", "minutes", "hours", "weeks", "times"})
_TO = frozenset("- to -> ~".split())
# Behind a date alone these say until when the series goes.
_TO_BEHIND_FROM = frozenset("until till til through thru and".split())


@dataclass(slots=True)
class _Part:
    """One thing in a list of what is left out: a day, a number that is a day of a month, weekdays."""

    i: int
    j: int
    day: Day | None = None
    last: Day | None = None
    number: int = 0
    weekdays: tuple[int, ...] = ()
    named: bool = False


def taken(xs: list[Item], ts: list[Token], draft: Draft) -> list[Item]:
    """Return the items without exceptions to a series, which the draft then has."""
    if not any(x.kind == "every" for x in xs):
        return xs
    repeats = next(n for n, x in enumerate(xs) if x.kind == "every")
    i = xs[repeats].j
    while ts[i].kind != "end":
        first = _begins(xs, ts, i)
        timed = any(x.kind in _TIMES for x in xs if x.j <= i)
        parts, j = _list(xs, ts, first, timed=timed) if first else ([], 0)
        found = _as_left_out(parts, timed=timed)
        if not found:
            if first and ts[first + (ts[first].low == "the")].low in _SOME_DAYS:
                draft.refuse(Trouble.AMBIGUOUS, "Which dates are to be left out? Give me day and month.")
            i += 1
            continue
        draft.left_out += found
        xs = [x for x in xs if x.j <= i] + [Item("filler", "left out", i, j)] + [x for x in xs if x.i >= j and x.j > i]
        i = j
    return xs


def _begins(xs: list[Item], ts: list[Token], i: int) -> int:
    """Return behind which token the words end that begin an exception at token i; 0 where none do."""
    if ts[i].in_room or not any(x.i == i for x in xs):
        return 0
    return behind(_LEADS, ts, i)


def _list(xs: list[Item], ts: list[Token], i: int, *, timed: bool) -> tuple[list[_Part], int]:
    """Return the days from token i on, as far as they go, and behind which token."""
    parts: list[_Part] = []
    end = i
    while True:
        k = i
        while ts[k].low in _SMALL and (parts or ts[k].low not in _JOINS):
            k += 1
        if parts and k == i:
            break
        one = _part(xs, ts, k)
        if one is None or (one.number and _is_hour(ts, one, timed=timed)):
            break
        k = one.j
        if (
            ts[k].low in _TO | _TO_BEHIND_FROM
            and (last := _part(xs, ts, k + 1 + (ts[k + 1].low == "the")))
            and _spans(one, last, ts, k)
        ):
            parts += [one, replace(last, i=-1)]
            k = last.j
        else:
            parts.append(one)
        i = end = k
    return parts, end


def _spans(one: _Part, last: _Part, ts: list[Token], k: int) -> bool:
    """Whether two days are the ends of a stretch: by a dash or "to", or by another word behind "from" and "between"."""
    if one.weekdays or last.weekdays or one.last or last.last:
        return False
    lead = ts[one.i - 1].low
    return ts[k].low in _TO or lead == "between" or (lead == "from" and ts[k].low != "and")


def _part(xs: list[Item], ts: list[Token], i: int) -> _Part | None:
    named = calendar_names.match(ts, i)
    if named:
        return _Part(i, named.j, day=named.as_day(), named=True)
    month = words.MONTHS.get(ts[i].low, 0)
    if month and ts[i].kind == "word" and ts[i + 1].kind != "num":
        return _Part(i, i + 1, day=Day("month", month=month), last=Day("end", month=month))
    if ts[i].low in ("weekend", "weekends"):
        return _Part(i, i + 1, weekdays=(5, 6))
    # "On 22" is one item, which begins before the number.
    x = next((y for y in xs if y.i in (i, i - 1) and y.i < i + 1 <= y.j), None)
    if x is None or (x.i != i and ts[x.i].low not in ("on", "the")):
        return None
    if x.kind == "num" and x.i == i and float(x.value).is_integer() and 1 <= x.value <= 31:
        return _Part(i, x.j, number=int(x.value))
    if x.kind == "day" and x.value.how == "dom" and x.value.months is None:
        return _Part(i, x.j, number=x.value.day)
    if x.kind == "day" and x.value.how == "nth" and x.value.months == 0 and ts[x.j - 2].low == "the":
        return None  # "the last friday of the month" is one of each month
    if x.kind == "day" and x.value.how == "weekday" and x.value.which == "bare" and not x.value.days:
        return _Part(i, x.j, weekdays=(x.value.weekday,))
    if x.kind == "day":
        return _Part(i, x.j, day=x.value)
    if x.kind == "every" and x.value.freq == "WEEKLY" and x.value.interval == 1 and x.value.days and not x.value.trouble:
        return _Part(i, x.j, weekdays=x.value.days)
    return None


def _is_hour(ts: list[Token], one: _Part, *, timed: bool) -> bool:
    """Whether a number is a time after all; behind a comma it may be one where the sentence has had none."""
    if ts[one.j].low in _OF_TIMES or (ts[one.j].low in _TO and ts[one.j + 2].low in _OF_TIMES):
        return True
    return not timed and ts[one.i - 1].low == ","


def _as_left_out(parts: list[_Part], *, timed: bool) -> list[LeftOut]:
    """Return the days of a list, numbers in the month of the nearest date; nothing where a number has none."""
    dates = [part.day for part in parts if part.day is not None and part.day.how in ("date", "dom")]
    if not timed and not dates and any(part.number for part in parts):
        return []
    found: list[LeftOut] = []
    for n, part in enumerate(parts):
        if part.weekdays:
            found.append(LeftOut(weekdays=part.weekdays, at=(part.i, part.j)))
            continue
        day = part.day or _in_month(part.number, parts, n)
        if part.i < 0:
            found[-1] = replace(found[-1], last=day, at=(found[-1].at[0], part.j))
        else:
            found.append(LeftOut(first=day, last=part.last, named=part.named, at=(part.i, part.j)))
    return found


def _in_month(number: int, parts: list[_Part], n: int) -> Day:
    """Return a number as a day: "24 and 31 dec" lends it the month behind it, "dec 24 and 31" the one before."""
    for other in (*parts[n + 1 :], *reversed(parts[:n])):
        if other.day is not None and other.day.how == "date":
            return Day("date", day=number, month=other.day.month, year=other.day.year)
        if other.day is not None and other.day.how == "dom" and other.day.months is not None:
            return Day("dom", day=number, months=other.day.months)
    return Day("dom", day=number)


__all__ = ["taken"]
