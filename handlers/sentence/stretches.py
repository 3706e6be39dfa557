"""Reads how far a series reaches where that is not told by a date: "until christmas", "in january", "for a year", "x8".

Works on the items of a whole sentence that repeats; in any other sentence the same words are left as they are.
Kept out: dates (see dates.py), and lengths with a number before their unit (see recurrence.py).
"""

from __future__ import annotations

from calendar import month_name
from dataclasses import replace

from handlers.sentence import calendar_names, words
from handlers.sentence.draft import Draft
from handlers.sentence.items import Day, Every, Item, Limit
from handlers.sentence.model import Assumption, Option, Trouble
from handlers.sentence.phrases import replaced
from handlers.sentence.tokens import Token

_LENGTHS = {
    "week": Limit(1, "weeks"),
    "month": Limit(1, "months"),
    "quarter": Limit(3, "months"),
    "year": Limit(12, "months"),
}
# A month that is not behind one of these two is hardly one: "may", "march".
_ENDS = {
    "end of month": Day("end", months=0),
    "end of the month": Day("end", months=0),
    "end of this month": Day("end", months=0),
    "eom": Day("end", months=0),
    "end of next month": Day("end", months=1),
    "end of year": Day("date", day=31, month=12),
    "end of the year": Day("date", day=31, month=12),
    "this year": Day("date", day=31, month=12),
    "this month": Day("end", months=0),
}
_TO_THE_LAST = frozenset({"through", "thru"})


def settle(xs: list[Item], ts: list[Token], draft: Draft) -> list[Item]:
    """Return the items of a sentence with the reach of its series as dates and lengths."""
    if not any(x.kind == "every" for x in xs):
        return xs
    for step in (_times, _until, _rest, _length, _within_month):
        xs = step(xs, ts, draft)
    return xs


def spliced(xs: list[Item], i: int, j: int, *new: Item) -> list[Item] | None:
    """Return the items with others in the place of those of tokens i to j; None where one of them reaches out of that."""
    before = [x for x in xs if x.j <= i]
    after = [x for x in xs if x.i >= j and x.j > i]
    inside = len(xs) - len(before) - len(after)
    if inside != sum(1 for x in xs if i <= x.i and x.j <= j and x.j > i and x.i < j):
        return None
    return [*before, *new, *after]


def of_the_month(xs: list[Item], ts: list[Token], draft: Draft) -> list[Item]:
    """Return the items with "second tuesday of the month" as each month's.

    What repeats is shown before it is booked, with its first date alone as one of the ways on.
    """
    days = [x for x in xs if x.kind == "day" and x.value.how == "nth" and x.value.months == 0]
    if len(days) != 1 or any(x.kind == "every" or (x.kind == "day" and x is not days[0]) for x in xs):
        return xs
    found = days[0]
    if ts[found.j - 1].low != "month" or ts[found.j - 2].low not in ("the", "of", "in"):
        return xs
    every = Item("every", Every("MONTHLY", days=(found.value.weekday,), nth=found.value.nth), found.i, found.j)
    draft.assumptions.append(Assumption(about="series", text='"Of the month" taken as every month'))
    return [every if x is found else x for x in xs]


def _times(xs: list[Item], ts: list[Token], draft: Draft) -> list[Item]:  # noqa: ARG001 - one shape for all steps
    """ "x8", "x 8" and "8x" count the dates of a series, not its people."""
    if any(x.kind == "limit" for x in xs):
        return xs
    for k, x in enumerate(xs):
        follows = xs[k + 1] if k + 1 < len(xs) else None
        if x.kind == "count" and ts[x.i].low == "x" and x.j == x.i + 2:
            x.kind, x.value = "limit", Limit(int(x.value), "times")
            return xs
        if follows is None or follows.i != x.j:
            continue
        said = {ts[x.i].low, ts[follows.i].low}
        number = x if x.kind == "num" else follows
        if ts[follows.j].low in words.PEOPLE:
            continue
        ends = k + 2 == len(xs) or xs[k + 2].kind in ("sep", "prep", "not", "room", "title", "mention", "filler")
        if "x" in said and {x.kind, follows.kind} == {"word", "num"} and number.value >= 1 and ends:
            return [*xs[:k], Item("limit", Limit(int(number.value), "times"), x.i, follows.j), *xs[k + 2 :]]
    return xs


def _until(xs: list[Item], ts: list[Token], draft: Draft) -> list[Item]:
    """A named day, a month or the end of a stretch behind "until"."""
    for x in list(xs):
        if x.kind != "prep" or x.value != "until":
            continue
        i = x.j + (ts[x.j].low == "the")
        end = _end_at(xs, ts, i, draft, to_the_last=ts[x.i].low in _TO_THE_LAST)
        made = spliced(xs, x.j, end.j, end) if end else None
        xs = made or xs
    return xs


def _end_at(xs: list[Item], ts: list[Token], i: int, draft: Draft, *, to_the_last: bool) -> Item | None:
    named = calendar_names.match(ts, i)
    if named:
        day = named.as_day()
        if named.off and not to_the_last:
            day = replace(day, days=-1)
            draft.assumptions.append(Assumption(about="series", text=f"Its last date is before {named.name}"))
        return Item("day", day, i, named.j)
    vague = next((x for x in xs if x.kind == "vague" and x.i == i), None)
    if vague and vague.value in _ENDS:
        return Item("day", _ENDS[vague.value], i, vague.j)
    if ts[i].low == "year" and ts[i + 1].low in ("end", "-"):
        j = i + 2 if ts[i + 1].low == "end" else i + 3
        return Item("day", _ENDS["end of year"], i, j) if ts[j - 1].low == "end" else None
    return _month_end(ts, i, draft, to_the_last=to_the_last)


def _month_end(ts: list[Token], i: int, draft: Draft, *, to_the_last: bool) -> Item | None:
    """ "Through march" goes to its last day; "until march" may end before it begins, which is asked."""
    month = words.MONTHS.get(ts[i].low, 0)
    if not month or ts[i + 1].kind == "num" or ts[i].kind != "word":
        return None
    if to_the_last:
        return Item("day", Day("end", month=month), i, i + 1)
    before, name = month_name[(month - 2) % 12 + 1], month_name[month]
    options = tuple(
        Option(label=f"Until the end of {one}", sentence=replaced(ts, i, i + 1, f"the end of {one}"))
        for one in (before, name)
    )
    draft.refuse(Trouble.AMBIGUOUS, f"Until {name}: is {name} still part of it?", options)
    return Item("filler", "month", i, i + 1)


def _rest(xs: list[Item], ts: list[Token], draft: Draft) -> list[Item]:  # noqa: ARG001 - one shape for all steps
    """For the rest of the year, the rest of december, the rest of the month."""
    i = next((n for n, t in enumerate(ts) if t.low in ("rest", "remainder") and ts[n + 1].low == "of"), -1)
    if i < 0:
        return xs
    j = i + 2
    j += ts[j].low in ("the", "this")
    day = {"year": _ENDS["this year"], "month": _ENDS["this month"]}.get(ts[j].low)
    if month := words.MONTHS.get(ts[j].low, 0):
        day = Day("end", month=month)
    if day is None:
        return xs
    first = i - (ts[i - 1].low == "the" if i else 0)
    first -= bool(first) and ts[first - 1].low in ("for", "over")
    until = Item("prep", "until", first, first + 1, note="until")
    return spliced(xs, first, j + 1, until, Item("day", day, first + 1, j + 1)) or xs


def _length(xs: list[Item], ts: list[Token], draft: Draft) -> list[Item]:  # noqa: ARG001 - one shape for all steps
    """For a month, for the next year, over the next quarter."""
    for i, t in enumerate(ts):
        if t.low not in ("for", "over"):
            continue
        j = i + 1
        while ts[j].low in ("the", "a", "next", "whole", "one", "coming"):
            j += 1
        if j > i + 1 and ts[j].low in _LENGTHS:
            return spliced(xs, i, j + 1, Item("limit", _LENGTHS[ts[j].low], i, j + 1)) or xs
    return xs


def _within_month(xs: list[Item], ts: list[Token], draft: Draft) -> list[Item]:  # noqa: ARG001 - one shape for all steps
    """ "Every tuesday in december": from its first day to its last."""
    for x in xs:
        if x.kind != "prep" or ts[x.i].low not in ("in", "during", "throughout"):
            continue
        i = x.j
        month = words.MONTHS.get(ts[i].low, 0)
        if not month or ts[i].kind != "word":
            continue
        new = (
            Item("prep", "from", x.i, x.j, note="from"),
            Item("day", Day("month", month=month), i, i),
            Item("prep", "until", i, i, note="until"),
            Item("day", Day("end", month=month), i, i + 1),
        )
        hour = ts[i + 1]
        if hour.kind == "num":  # "in january 10-11" names hours: the tenth would be "on january 10"
            number = Item("num", hour.value, i + 1, i + 2)
            return (spliced(xs, x.i, i + 2, *new, number) or xs) if ts[i + 2].low in ("-", "to") else xs
        return spliced(xs, x.i, i + 1, *new) or xs
    return xs


__all__ = ["of_the_month", "settle", "spliced"]
