"""Recognises limits: ends ("no later than 11"), lengths ("not to exceed an hour"), headcounts ("at least 6, at most 10").

A room must do for the upper limit, so that is what is booked. Kept out: which end or length it limits (see timeline.py).
"""

from __future__ import annotations

from handlers.sentence import words
from handlers.sentence.items import Item
from handlers.sentence.numbers import whole
from handlers.sentence.spoken import behind, phrases
from handlers.sentence.tokens import Token

# Before the time at which a meeting ends.
_ENDS = phrases(
    "no later than, not later than, no latter than, at the latest by, at the latest at, latest by, latest at, latest until,"
    " hard stop at, hard stop by, hard stop is at, hard stop is, hard stop, a hard stop at, a hard stop by, a hard stop,"
    " hard-stop at, must stop at, must stop by, must end at, must end by, have to be out by, need to be out by, must be out"
    " by, to be out by, out of there by, has to end by, has to end at, needs to end by, needs to end at, should end by,"
    " should end at, will end by, will end at, shall end at, shall end by, shall conclude at, shall conclude by, to conclude"
    " by, to conclude at, to end by, to end at, to finish by, to finish at, to be finished by, to be done by, be"
    " done by,"
    " to wrap by, wrap by, wrap up by, wrapping up by, wrapped by, wrapped up by, over by, done by, finished by, through and"
    " including, up to and including, up until, terminating at, terminating, terminates at, expiring at, expiring,"
    " adjourning"
    " at, adjourning, adjourn at, adjourned at, closing at, ceasing at, concluding at, concluding by, and out by, in and out"
    " by, kick us out at, gotta go at, gotta leave at, have to leave at, must leave at, must leave by, till max, until max"
)
# Before a length, as what it may at most be.
_LENGTHS = phrases(
    "not to exceed, not exceeding, not exceed, shall not exceed, will not exceed, must not exceed, should not exceed, won't"
    " exceed, shouldn't exceed, without exceeding, no longer than, not longer than, not any longer than, not take longer"
    " than, not be longer than, not last longer than, won't take longer than, won't be longer than, won't last longer than,"
    " shouldn't take longer than, shouldn't be longer than, not take more than, won't take more than, won't be more than,"
    " won't last more than, not be more than, not last more than, shouldn't take more than, shouldn't be more than, doesn't"
    " need more than, don't need more than, won't need more than, not need more than, not in excess of, not over, not going"
    " over, no greater than, capped at, limited to, need no more than, takes no more than"
)
_LEAST = phrases(
    "not fewer than, no fewer than, not less than, no less than, at least, a minimum of, minimum of, min of, minimum, min,"
    " upwards of, between"
)
_MOST = phrases(
    "not more than, no more than, not to exceed, not exceeding, not exceed, shall not exceed, will not exceed, at most, at"
    " the most, a maximum of, maximum of, max of, maximum, max, up to, but not over, not over, not exceeding a total of,"
    " capped at, limited to, could go up to, can go up to, could grow to"
)
_BEHIND = (("at", "most"), ("at", "the", "most"), ("at", "max"), ("max",), ("maximum",), ("tops",), ("at", "a", "push"))
_JOINS = frozenset({"and", "but", ",", "to", "-", "/", "&", "yet"})
_PLAIN = frozenset({"a", "an", "of", "about", "around", "total"})
FIRSTS = frozenset(_ENDS) | frozenset(_LENGTHS) | frozenset(_LEAST) | frozenset(_MOST)


def match(ts: list[Token], i: int) -> Item | None:
    """Return a `prep` for words before an end, a `filler` for words before a length, a `count`, or None."""
    return _headcount(ts, i) or _end(ts, i) or _length(ts, i)


def _end(ts: list[Token], i: int) -> Item | None:
    j = behind(_ENDS, ts, i)
    if not j:
        return None
    timed = ts[j].value is not None or ts[j].low in words.NAMED_CLOCKS or ts[j].low in ("half", "quarter", "at", "the", "a")
    dated = ts[j].low in words.MONTHS or ts[j].low in words.WEEKDAYS
    return Item("prep", "until", i, j, note=" ".join(t.low for t in ts[i:j])) if timed or dated else None


def _length(ts: list[Token], i: int) -> Item | None:
    j = behind(_LENGTHS, ts, i)
    if not j:
        return None
    measured = ts[j].value is not None or ts[j].low in ("a", "an", "half", "the")
    return Item("filler", "at most", i, j, note="thin") if measured else None


def _people(ts: list[Token], i: int) -> tuple[int, int, bool] | None:
    """(number, next index, whether people are named) at token i; None where it is a time or a length."""
    i += ts[i].low in ("about", "around", "of")
    found = whole(ts, i)
    if found is None or not 1 <= found[0] <= 999:
        return None
    n, j = found
    j += ts[j].low == "ish"
    if ts[j].low in words.UNIT or ts[j].low in ("am", "pm", "a", "p", ":", "o'clock", "h", "half", "x", "%"):
        return None
    if ts[j].low in (".", "-", "/") and ts[j + 1].kind == "num" and not ts[j + 1].space:
        return None
    if ts[j].low in words.PEOPLE:
        return n, j + 1, True
    if ts[j].low == "of" and ts[j + 1].low in ("us", "them"):
        return n, j + 2, True
    return n, j, False


def _headcount(ts: list[Token], i: int) -> Item | None:
    """At least six and not more than ten persons; max 12 people; 7 max."""
    low = behind(_LEAST, ts, i)
    least = _people(ts, low) if low and ts[i].low != "between" else None
    if least is not None:
        j = least[1]
        while ts[j].low in _JOINS and j < least[1] + 3:
            j += 1
        high = behind(_MOST, ts, j)
        most = _people(ts, high) if high else None
        if most is not None and most[0] >= least[0]:
            return Item("count", most[0], i, most[1], note="top")
        return None
    return _at_most(ts, i)


def _at_most(ts: list[Token], i: int) -> Item | None:
    j = behind(_MOST, ts, i)
    if not j:
        return None
    most = _people(ts, j)
    if most is None or not (most[2] or _counted_before(ts, i)):
        return None
    if ts[most[1]].low in ("from", "and", "&", "+", "plus", "to", "-", "or"):
        return None  # the number goes on
    return Item("count", most[0], i, most[1], note="top" if _counted_before(ts, i) else "")


def topped(ts: list[Token], i: int) -> Item | None:
    """Return the `count` of "7 max" or "8 people at most" at token i, where people were counted before, or None."""
    found = _people(ts, i)
    if found is None or not (found[2] or _counted_before(ts, i)):
        return None
    for phrase in _BEHIND:
        if all(ts[found[1] + n].low == word for n, word in enumerate(phrase)):
            return Item("count", found[0], i, found[1] + len(phrase), note="top")
    return None


def _counted_before(ts: list[Token], i: int) -> bool:
    """Whether people were counted a few words before: "5ish people, 7 max"."""
    near = ts[max(0, i - 4) : i]
    return any(t.low in words.PEOPLE or t.low == "us" for t in near) and any(
        t.value is not None for t in ts[max(0, i - 8) : i]
    )


__all__ = ["FIRSTS", "match", "topped"]
