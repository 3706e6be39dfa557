"""Decides what a lone number is: an hour, a headcount, or something to ask about.

Kept out: numbers with a unit, which their matchers already claimed.
"""

from __future__ import annotations

from handlers.sentence.draft import Draft
from handlers.sentence.items import Clock, Day, Item
from handlers.sentence.model import Assumption, Book

POINTS = frozenset({"clock", "now", "rel"})
TIME_PREPS = frozenset({"at", "from", "between", "until", "since", "before", "after", "by"})


def thin(item: Item) -> bool:
    """Whether an item may stand between a preposition and its object."""
    return item.kind == "filler" and item.note == "thin"


def previous(xs: list[Item], k: int) -> int:
    """Index of the item before k, thin words skipped; -1 at the front."""
    k -= 1
    while k >= 0 and thin(xs[k]):
        k -= 1
    return k


def following(xs: list[Item], k: int) -> int:
    """Index of the item after k, thin words skipped; len(xs) at the end."""
    k += 1
    while k < len(xs) and thin(xs[k]):
        k += 1
    return k


def _kind(xs: list[Item], k: int) -> str:
    return xs[k].kind if 0 <= k < len(xs) else ""


def _joins(xs: list[Item], k: int) -> bool:
    if not 0 <= k < len(xs):
        return False
    return xs[k].kind == "conn" or (xs[k].kind == "prep" and xs[k].value in ("to", "until"))


def classify(xs: list[Item], draft: Draft, book: Book, *, part_only: bool) -> list[Item]:
    """Return the items with every `num` turned into a clock, a count, or a problem."""
    _dotted_days(xs)
    _of_lengths(xs)
    _hours_with_articles(xs)
    _ranges(xs)
    _persons(xs)
    for k, x in enumerate(xs):
        if x.kind == "num":
            _by_preposition(xs, k, part_only=part_only)
    for k, x in enumerate(xs):
        if x.kind == "num":
            _by_neighbours(xs, k)
    for k, x in enumerate(xs):
        if x.kind == "num":
            _by_weekday(xs, k)
    _counts(xs, draft, book)
    return xs


def _as_clock(x: Item) -> None:
    x.kind, x.value = "clock", Clock(x.value)


def _of_lengths(xs: list[Item]) -> None:
    """The 2 of "2-3 hours" is half a length, and nobody knows which length is meant."""
    for k, x in enumerate(xs):
        j = following(xs, k)
        lead = previous(xs, k)
        m = following(xs, j)
        if (
            x.kind == "num"
            and _joins(xs, j)
            and _kind(xs, m) == "dur"
            and _kind(xs, lead) == "prep"
            and xs[lead].value == "from"
        ):
            hour = xs[m].value // 60
            if xs[m].value % 60 == 0 and x.value < hour <= 24:  # "from 10 to 13 hours"
                _as_clock(x)
                xs[m].kind, xs[m].value = "clock", Clock(hour)
                continue
        if x.kind == "num" and (_joins(xs, j) or _kind(xs, j) == "or") and _kind(xs, following(xs, j)) == "dur":
            x.kind = "number"


def _persons(xs: list[Item]) -> None:
    """ "2pm 1h 4p": beside a time that is written otherwise, 4p is four people."""
    others = [k for k, x in enumerate(xs) if x.kind == "clock" and x.note != "p"]
    for k, x in enumerate(xs):
        if x.kind == "clock" and x.note == "p" and others and not _held(xs, k) and x.value.hour >= 1:
            x.kind, x.value, x.note = "count", x.value.hour, ""


def _dotted_days(xs: list[Item]) -> None:
    """ "15.12, from 9.30 to 12.00": of dotted numbers the one without a preposition is a date, where another is the time."""
    points = [k for k, x in enumerate(xs) if x.kind in POINTS]
    loose = [k for k in points if xs[k].note == "dotted" and not _held(xs, k)]
    if len(loose) != 1 or len(points) < 2 or any(x.kind in ("day", "every", "vague") for x in xs):
        return
    clock = xs[loose[0]].value
    if 1 <= clock.minute <= 12 and clock.hour >= 1:
        xs[loose[0]].kind = "day"
        xs[loose[0]].value = Day("date", day=clock.hour, month=clock.minute)


def _held(xs: list[Item], k: int) -> bool:
    """Whether a preposition or a dash makes the item a time."""
    before, after = previous(xs, k), following(xs, k)
    led = _kind(xs, before) in ("prep", "conn") and xs[before].value not in ("on", "in", "for")
    return led or _joins(xs, after)


def _hours_with_articles(xs: list[Item]) -> None:
    """ "Tomorrow from the 9 to the 11", as Italians and Spaniards say it, are hours: the day is named already."""
    plain = [k for k, x in enumerate(xs) if x.kind == "day" and x.value.phrase == "plain" and x.value.day <= 24]
    others = any((x.kind == "day" and x.value.phrase != "plain") or x.kind == "every" for x in xs)
    if not others or any(x.kind in POINTS for x in xs):
        return
    for k in plain:
        p = previous(xs, k)
        if _kind(xs, p) == "prep" and xs[p].value in ("from", "to", "until", "at", "between", "and"):
            xs[k].kind, xs[k].value = "clock", Clock(xs[k].value.day)


def _ranges(xs: list[Item]) -> None:
    """Two hour-like numbers with "-" or "to" between them; "between A and B"."""
    for k, x in enumerate(xs):
        if not _hourly(x):
            continue
        j = following(xs, k)
        if _kind(xs, j) == "part" and xs[j].value[0] != "tonight":  # "3 in the afternoon till 4"
            j = following(xs, j)
        if not (_joins(xs, j) or _and_of_between(xs, k, j)):
            continue
        m = following(xs, j)
        if m < len(xs) and xs[m].kind == "prep" and xs[m].value == "at":
            m = following(xs, m)
        if m >= len(xs) or not _hourly(xs[m]) or (x.kind != "num" and xs[m].kind != "num"):
            continue
        lead = previous(xs, k)
        led_by_for = _kind(xs, lead) == "prep" and xs[lead].value == "for"
        if led_by_for and x.kind == xs[m].kind == "num":
            _people_range(xs, k, m)
            continue
        if xs[j].value == "/" and not (x.kind == "clock" and x.j == xs[j].i):
            continue
        for item in (x, xs[m]):
            if item.kind == "num":
                _as_clock(item)


def _people_range(xs: list[Item], k: int, m: int) -> None:
    """ "for 5-6" beside another time is a headcount; alone it is left for a question."""
    if any(y.kind in POINTS or y.kind == "part" for y in xs) and xs[m].value > xs[k].value:
        xs[m].kind = "count"
        xs[k].kind = "filler"
        for y in xs[k + 1 : m]:
            y.kind = "filler"


def _hourly(x: Item) -> bool:
    return x.kind in POINTS or (x.kind == "num" and 0 <= x.value <= 24)


def _and_of_between(xs: list[Item], k: int, j: int) -> bool:
    if not (0 <= j < len(xs) and xs[j].kind == "prep" and xs[j].value == "and"):
        return False
    lead = previous(xs, k)
    return _kind(xs, lead) == "prep" and xs[lead].value in ("between", "from")


def _by_preposition(xs: list[Item], k: int, *, part_only: bool) -> None:
    p = previous(xs, k)
    if _kind(xs, p) != "prep":
        return
    word = xs[p].value
    if word in TIME_PREPS or (part_only and word == "to"):
        if xs[k].value <= 24 or word in ("at", "from", "until"):
            _as_clock(xs[k])
    elif word == "to" and any(y.kind == "clock" for y in xs[:p]) and xs[k].value <= 24:
        _as_clock(xs[k])
    elif word == "for":
        xs[k].note = "for"


def _by_neighbours(xs: list[Item], k: int) -> None:
    """A number beside a date is the hour, when the sentence has no other."""
    x = xs[k]
    if x.note == "for" or not 1 <= x.value <= 24 or any(y.kind in POINTS for y in xs):
        return
    if k + 1 < len(xs) and xs[k + 1].kind == "count" and xs[k + 1].i == x.j and xs[k + 1].value == x.value + 1:
        return  # "tomorrow 3 4 people" may be three or four people
    if k and xs[k - 1].kind == "filler" and xs[k - 1].value in ("room", "rm") and xs[k - 1].j == x.i:
        return  # "room 4 tomorrow" may be a room's number
    for step in (-1, 1):
        m = k + step
        while 0 <= m < len(xs) and (thin(xs[m]) or (xs[m].kind == "sep" and xs[m].value == ",") or _on(xs[m])):
            m += step
        if _kind(xs, m) in ("day", "part", "every"):
            _as_clock(x)
            return


def _by_weekday(xs: list[Item], k: int) -> None:
    """ "Friday 27" beside a time is the 27th; a day that is no Friday is asked about later."""
    day = xs[k - 1] if k else None
    if day is None or day.kind != "day" or day.j != xs[k].i or xs[k].note == "for" or not 1 <= xs[k].value <= 31:
        return
    if day.value.how == "weekday" and any(y.kind in POINTS for y in xs):
        xs[k].kind, xs[k].value = "day", Day("dom", day=xs[k].value)


def _said_before(xs: list[Item], k: int) -> bool:
    """ "Eight people. EIGHT." and "at 5 PM. 5." say one thing twice, in a sentence of its own."""
    x = xs[k]
    alone = k > 0 and xs[k - 1].kind == "sep" and (k + 1 == len(xs) or xs[k + 1].kind == "sep")
    if not alone:
        return False
    hours = {y.value.hour % 12 for y in xs[:k] if y.kind == "clock"}
    counts = {y.value for y in xs[:k] if y.kind == "count"}
    return (x.value in counts) != (x.value % 12 in hours and x.value > 0)


def _listed(xs: list[Item], k: int) -> bool:
    """ "2pm, 75 min, 10, video": a number on its own between commas, where start and length are known, counts people."""
    x = xs[k]
    opened = k > 0 and (xs[k - 1].kind == "sep" and xs[k - 1].value in (",", ";", "|", "\u00b7"))
    closed = k + 1 == len(xs) or (xs[k + 1].kind == "sep" and xs[k + 1].value in (",", ";", "|", "\u00b7"))
    if not (opened and closed):
        return False
    points = sum(y.kind in POINTS for y in xs)
    timed = points == 2 or (points == 1 and any(y.kind == "dur" for y in xs))
    others = any(y.kind in ("count", "badcount", "crowd", "fix", "or") or (y.kind == "num" and y is not x) for y in xs)
    return timed and not others


def _on(x: Item) -> bool:
    return x.kind == "prep" and x.value in ("on", "in")


def _counts(xs: list[Item], draft: Draft, book: Book) -> None:
    """What is left behind "for" is a headcount; other numbers are asked about."""
    for k, x in enumerate(xs):
        if x.kind != "num":
            continue
        n = x.value
        if x.note == "for" and n > book.largest:
            draft.bare_count = n
            x.kind = "filler"
        elif x.note == "for":
            x.kind = "count" if n >= 1 else "badcount"
        elif _listed(xs, k) and 2 <= n <= book.largest:
            x.kind = "count"
            draft.assumptions.append(Assumption(about="attendees", text=f"{n} taken as {n} people"))
        elif _said_before(xs, k):
            x.kind = "filler"
        else:
            x.kind = "number"
