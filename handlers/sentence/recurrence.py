"""Recognises series: "every Tue and Thu", "weekdays", "biweekly", "last Friday of each month", "for 6 weeks".

Kept out: the first date and the end of a series, which need the calendar.
"""

# ruff: noqa: PLR0911
# matchers return from the first form that fits

from __future__ import annotations

from handlers.sentence import words
from handlers.sentence.items import Every, Item, Limit
from handlers.sentence.numbers import ordinal, whole
from handlers.sentence.tokens import Token

_EACH = frozenset({"every", "each", "evry", "ea"})
_WORK_WEEK = (0, 1, 2, 3, 4)
_GROUPS: dict[str, tuple[int, ...]] = {
    "weekday": _WORK_WEEK, "weekdays": _WORK_WEEK, "workday": _WORK_WEEK, "workdays": _WORK_WEEK,
    "weekend": (5, 6), "weekends": (5, 6),
}  # fmt: skip
_PARTS = frozenset({"morning", "afternoon", "evening", "night"})


def match(ts: list[Token], i: int) -> Item | None:
    """Return an `every` item at token i, or None; one that cannot be expressed carries its trouble."""
    found = _monthly(ts, i) or _each(ts, i) or _adverb(ts, i) or _plural(ts, i)
    if found is None:
        return None
    every, j = found
    return Item("every", every, i, j)


def limit(ts: list[Token], i: int) -> Item | None:
    """Return a `limit` item for "for 6 weeks", "for the next 3 months", "10 times", "5 dates", or None."""
    j = i + 1 if ts[i].low in ("for", "over") else i
    led = j > i
    while led and ts[j].low in ("the", "next", "following", "coming", "a", "total", "of"):
        j += 1
    found = whole(ts, j)
    if found is None:
        return None
    n, k = found
    unit = ts[k].low
    if unit == "x" and ts[k + 1].kind == "end":
        return Item("limit", Limit(n, "times"), i, k + 1)
    if unit in ("times", "occurrences", "occurrence", "sessions", "instances", "meetings", "dates"):
        return Item("limit", Limit(n, "times"), i, k + 1)
    if led and unit in ("week", "weeks", "wks", "wk"):
        return Item("limit", Limit(n, "weeks"), i, k + 1)
    if led and unit in ("month", "months"):
        return Item("limit", Limit(n, "months"), i, k + 1)
    if led and unit in ("year", "years"):
        return Item("limit", Limit(n * 12, "months"), i, k + 1)
    if led and unit == "days":
        return Item("limit", Limit(n, "days"), i, k + 1)
    return None


def _weekday(ts: list[Token], i: int) -> int | None:
    low = ts[i].low
    if ts[i].kind != "word":
        return None
    if low in words.WEEKDAY_PLURALS:
        return words.WEEKDAY_PLURALS[low]
    return words.WEEKDAYS.get(low) if low not in ("th", "fr") else None


def _days(ts: list[Token], i: int) -> tuple[tuple[int, ...], int] | None:
    """Weekdays in a row: mon, wed and fri; tue/thu; mon-fri; monday to friday; weekday."""
    j = i
    if ts[j].low in _GROUPS:
        return _GROUPS[ts[j].low], j + 1
    if ts[j].low in ("week", "working", "work", "business") and ts[j + 1].low in ("day", "days"):
        return _WORK_WEEK, j + 2
    first = _weekday(ts, j)
    if first is None:
        return None
    j = _dot(ts, j + 1)
    if ts[j].low in ("-", "to", "through", "thru", "till", "until"):
        last = _weekday(ts, j + 1)
        if last is not None:
            span = (last - first) % 7
            return tuple((first + n) % 7 for n in range(span + 1)), _dot(ts, j + 2)
    found = {first}
    while True:
        k = j
        while ts[k].low in (",", "and", "&", "/", "+", "every", "each", "on"):
            k += 1
        led = i > 0 and ts[i - 1].low in _EACH
        day = _weekday(ts, k) if k > j or led else None
        if day is None:
            return tuple(sorted(found)), j
        found.add(day)
        j = _dot(ts, k + 1)


def _dot(ts: list[Token], j: int) -> int:
    return j + 1 if ts[j].low == "." and not ts[j].space and ts[j + 1].kind == "word" else j


def _each(ts: list[Token], i: int) -> tuple[Every, int] | None:
    """Every day, every other Friday, every 2 weeks on mon, every weekday, every morning, once a week on tuesday."""
    j = i
    if ts[i].low in ("once", "twice") and ts[i + 1].low in ("a", "per", "every"):
        if ts[i].low == "twice":
            return Every("WEEKLY", trouble="twice"), i + 3
        j = i + 2
    elif ts[i].low == "each" and ts[i + 1].low == "and" and ts[i + 2].low == "every":
        j = i + 3
    elif ts[i].low in _EACH or (ts[i].low in ("all", "on") and ts[i + 1].low in ("weekdays", "workdays")):
        j = i + 1
        j += ts[j].low == "single"
    elif ts[i].low in ("alternate", "alternating"):
        return _repeated(ts, i + 1, 2)
    else:
        return None
    interval, k = _interval(ts, j)
    return _repeated(ts, k, interval)


def _interval(ts: list[Token], j: int) -> tuple[int, int]:
    if ts[j].low in ("other", "alternate") or ts[j].low == "second" or (ts[j].low == "2" and ts[j + 1].low == "nd"):
        return 2, j + (1 if ts[j].low != "2" else 2)
    nth = ordinal(ts, j)
    if nth and 2 < nth[0] <= 12:
        return (-nth[0] if _weekday(ts, nth[1]) is not None else nth[0]), nth[1]
    found = whole(ts, j)
    if found and ts[found[1]].low in words.DAY | words.WEEK | words.MONTH and 1 <= found[0] <= 52:
        return found
    return 1, j


def _repeated(ts: list[Token], j: int, interval: int) -> tuple[Every, int] | None:
    if interval < 0:
        days = _days(ts, j)
        return Every("WEEKLY", -interval, days=days[0] if days else (), trouble="nth"), days[1] if days else j + 1
    low = ts[j].low
    if low in ("fortnight", "fortnights"):
        return _on_days(ts, 2 * interval, j + 1)
    if low in ("day", "days") and interval % 7 == 0 and _on_days(ts, 1, j + 1)[0].days:
        return _on_days(ts, interval // 7, j + 1)  # "every 14 days on Wednesday"
    if low in ("day", "days", "d"):
        return Every("DAILY", interval), j + 1
    if low in ("week", "weeks", "wk", "wks"):
        return _on_days(ts, interval, j + 1)
    if low in ("month", "months"):
        return _monthly_on(ts, interval, j + 1)
    if low in ("quarter", "quarters"):
        found = _monthly_on(ts, 3 * interval, j + 1)
        return found if found[0].nth or found[0].monthday else (Every("DAILY", trouble="unit"), j + 1)
    if low in words.PARTS and low != "tonight":
        return Every("DAILY", interval, part=words.PARTS[low]), j + 1
    if low in ("hour", "hours", "year", "years", "quarter", "minute", "minutes", "half", "time"):
        return Every("DAILY", trouble="unit"), j + 1
    days = _days(ts, j)
    if days is None:
        return None
    group, k = days
    if ts[k].low in _PARTS:
        return Every("WEEKLY", interval, days=group, part=ts[k].low), k + 1
    return Every("WEEKLY", interval, days=group), k


def _on_days(ts: list[Token], interval: int, j: int) -> tuple[Every, int]:
    k = j
    while ts[k].low in ("on", ",", "every", "each", ":", "-") or (ts[k].low in ("a", "the") and ts[k - 1].low == "on"):
        k += 1
    days = _days(ts, k)
    if days:
        return Every("WEEKLY", interval, days=days[0]), days[1]
    return Every("WEEKLY", interval), j


def _adverb(ts: list[Token], i: int) -> tuple[Every, int] | None:
    low = ts[i].low
    if low == "bi" and ts[i + 1].low in ("-", "weekly"):
        k = i + 2 if ts[i + 1].low == "-" else i + 1
        return _on_days(ts, 2, k + 1) if ts[k].low == "weekly" else None
    if low in ("biweekly", "fortnightly"):
        return _on_days(ts, 2, i + 1)
    if low == "weekly":
        return _on_days(ts, 1, i + 1)
    if low in ("daily", "everyday"):
        return Every("DAILY"), i + 1
    if low == "monthly":
        return _monthly_on(ts, 1, i + 1)
    if low in ("weekdays", "workdays"):
        return Every("WEEKLY", days=_WORK_WEEK), i + 1
    if low == "quarterly":
        found = _monthly_on(ts, 3, i + 1)
        return found if found[0].nth or found[0].monthday else None
    if low == "hourly":
        return Every("DAILY", trouble="unit"), i + 1
    return None


def _plural(ts: list[Token], i: int) -> tuple[Every, int] | None:
    """Mondays, tuesdays and thursdays, mon/wed/fridays."""
    first = words.WEEKDAY_PLURALS.get(ts[i].low)
    days = _days(ts, i)
    if (
        days is None
        or ts[i].low in ("weekday", "weekend", "weekends")
        or ts[i].low in ("week", "working", "work", "business")
    ):
        return None
    if first is None and not any(ts[k].low in words.WEEKDAY_PLURALS for k in range(i, days[1])):
        return None
    return Every("WEEKLY", days=days[0]), days[1]


def _monthly_on(ts: list[Token], interval: int, j: int) -> tuple[Every, int]:
    k = j
    while ts[k].low in ("on", ",", "the", ":"):
        k += 1
    nth = _nth(ts, k)
    if nth:
        return Every("MONTHLY", interval, days=(nth[1],), nth=nth[0][0], also=nth[0][1:]), nth[2]
    if ts[k].low == "last" and ts[k + 1].low == "day":
        return Every("MONTHLY", interval, monthday=-1), k + 2 + 3 * (ts[k + 2].low == "of" and ts[k + 4].low == "month")
    found = ordinal(ts, k) or (whole(ts, k) if k > j and ts[k].kind == "num" and ts[k - 1].low in ("the", "on") else None)
    if found and 1 <= found[0] <= 31 and ts[found[1]].low not in (":", "am", "pm"):
        return Every("MONTHLY", interval, monthday=found[0]), found[1]
    if ts[k].low == "day" and (day := whole(ts, k + 1)):
        return Every("MONTHLY", interval, monthday=day[0]), day[1]
    return Every("MONTHLY", interval), j


def _nth(ts: list[Token], i: int) -> tuple[tuple[int, ...], int, int] | None:
    """(which, weekday, next index) of "first Monday", "2nd tue", "last friday", "first and third tuesday"."""
    found: list[int] = []
    j = i
    while True:
        j += ts[j].low == "the"
        one = (-1, j + 1) if ts[j].low == "last" else ordinal(ts, j)
        if one is None or not (one[0] == -1 or 1 <= one[0] <= 5):
            return None
        found.append(one[0])
        j = one[1]
        weekday = _weekday(ts, j)
        if weekday is not None:
            return (tuple(found), weekday, j + 1) if len(set(found)) == len(found) else None
        if ts[j].low not in ("and", "&", ",", "+"):
            return None
        j += 1 + (ts[j].low == "," and ts[j + 1].low == "and")


_BEHIND_A_DATE = frozenset({"", "at", "@", "from", "in", "for", "until", "till", "with", ","})


def _monthly(ts: list[Token], i: int) -> tuple[Every, int] | None:
    """First Monday of every month, the last friday of each month, every 2nd tuesday of the month, the 5th of..."""
    j = i
    led = ts[j].low in _EACH
    j += led
    j += ts[j].low == "on"
    nth = _nth(ts, j)
    if nth:
        k, interval = _of_each_month(ts, nth[2], led=led)
        if not k and led and (nth[0] == (-1,) or len(nth[0]) > 1):
            k = nth[2]
        # "First and third tuesday of the month" is no single date.
        if not k and len(nth[0]) > 1:
            k = _of_month(ts, nth[2])
        return (Every("MONTHLY", interval, days=(nth[1],), nth=nth[0][0], also=nth[0][1:]), k) if k else None
    if ts[j].low in ("the", "last") and ts[j + (ts[j].low == "the")].low == "last":
        last = j + (ts[j].low == "the") + 1
        k, interval = _of_each_month(ts, last + 1, led=led) if ts[last].low == "day" else (0, 1)
        return (Every("MONTHLY", interval, monthday=-1), k) if k else None
    j += ts[j].low == "the"
    found = ordinal(ts, j)
    if found and 1 <= found[0] <= 31:
        k, interval = _of_each_month(ts, found[1], led=led)
        # "Every 15th at 11": of what else than the month.
        if not k and led and ts[j].low[:1].isdigit() and ts[found[1]].low in _BEHIND_A_DATE:
            k = found[1]
        return (Every("MONTHLY", interval, monthday=found[0]), k) if k else None
    return None


def _of_month(ts: list[Token], k: int) -> int:
    """Next index behind "of the month"; 0 for none."""
    if ts[k].low not in ("of", "in"):
        return 0
    m = k + 1 + (ts[k + 1].low == "the")
    return m + 1 if ts[m].low == "month" else 0


def _of_each_month(ts: list[Token], k: int, *, led: bool) -> tuple[int, int]:
    """(next index or 0, interval) behind "first Monday"."""
    if ts[k].low == "monthly":
        return k + 1, 1
    if ts[k].low not in ("of", "in", "every", "each"):
        return 0, 1
    m = k if ts[k].low in _EACH else k + 1
    each = ts[m].low in _EACH or ts[m].low == "a"
    the = ts[m].low in ("the", "a")
    if each:
        m += 1
        if ts[m].low == "other" and ts[m + 1].low == "month":
            return m + 2, 2
        return (m + 1, 1) if ts[m].low == "month" else (0, 1)
    if led and the and ts[m + 1].low == "month":
        return m + 2, 1
    if led and ts[m].low == "month":
        return m + 1, 1
    return 0, 1
