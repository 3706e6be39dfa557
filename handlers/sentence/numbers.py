"""Reads numbers: digits, decimals and spelled-out words, with the doubled form that lawyers write, "two (2)".

Kept out: what is counted.
"""

from __future__ import annotations

from handlers.sentence import words
from handlers.sentence.tokens import Token

Found = tuple[float, int] | None
_DOZENS = ("a", "half")  # the words that "dozen" may follow


def whole(ts: list[Token], i: int) -> tuple[int, int] | None:
    """Return (number, next index) of a whole number at token i, else None."""
    # Asked hundreds of times for each sentence, of words that are none.
    if ts[i].value is None and ts[i].low not in _DOZENS:
        return None
    found = _digits(ts, i) or _spelled(ts, i)
    if found is None:
        return None
    value, j = found
    if ts[j].low == "(" and ts[j + 2].low == ")":
        again = _digits(ts, j + 1) or _spelled(ts, j + 1)
        if again is not None and again == (value, j + 2):
            j += 3
    return value, j


def _digits(ts: list[Token], i: int) -> tuple[int, int] | None:
    t = ts[i]
    if t.kind != "num" or t.value is None:
        return None
    return t.value, i + 1


def _spelled(ts: list[Token], i: int) -> tuple[int, int] | None:
    t = ts[i]
    if t.kind != "word" or t.value is None:
        if t.low == "a" and ts[i + 1].low == "dozen":
            return 12, i + 2
        if t.low == "half" and ts[i + 1].low == "a" and ts[i + 2].low == "dozen":
            return 6, i + 3
        return None
    if ts[i + 1].low == "dozen":
        return t.value * 12, i + 2
    if t.low in words.TENS:
        k = i + 2 if ts[i + 1].low == "-" else i + 1
        unit = ts[k]
        if unit.kind == "word" and unit.value is not None and 1 <= unit.value <= 9:
            return t.value + unit.value, k + 1
    return t.value, i + 1


def number(ts: list[Token], i: int) -> Found:
    """Return (number, next index) of a whole or decimal number at token i, else None."""
    t, dot, tail = ts[i], ts[i + 1], ts[i + 2]
    if (
        t.kind == tail.kind == "num"
        and dot.low in (".", ",")
        and not dot.space
        and not tail.space
        and len(tail.text) <= 2
        and t.value is not None
    ):
        return float(f"{t.value}.{int(tail.text)}" if len(tail.text) == 1 else f"{t.value}.{int(tail.text):02d}"), i + 3
    if t.kind == "num" and dot.low in ("⁄", "/") and tail.low == "2" and t.low == "1":
        return 0.5, i + 3
    return whole(ts, i)


def ordinal(ts: list[Token], i: int) -> tuple[int, int] | None:
    """Return (number, next index) of "3rd", "third", "twenty-seventh" or "2th" at token i, else None."""
    t = ts[i]
    if t.kind == "num" and t.value is not None:
        if ts[i + 1].low in ("st", "nd", "rd", "th") and not ts[i + 1].space:
            return t.value, i + 2
        return None
    if t.low in words.ORDINALS:
        return words.ORDINALS[t.low], i + 1
    if t.low in ("twenty", "thirty"):
        k = i + 2 if ts[i + 1].low == "-" else i + 1
        rest = words.ORDINALS.get(ts[k].low, 99)
        if rest < 10:
            return words.NUMBERS[t.low] + rest, k + 1
    return None
