"""Recognises headcounts with a sign to them: "trustees (7)", "#people: 8", "no. of guests 5", "cap >= 6", "six with me".

Kept out: adding them up (see party.py), and labels at the front of a line (see labels.py).
"""

# ruff: noqa: SIM905
# word lists read better as text

from __future__ import annotations

from handlers.sentence import roles, words
from handlers.sentence.items import Item
from handlers.sentence.known import PREPOSITIONS
from handlers.sentence.numbers import whole
from handlers.sentence.tokens import Token

_COMPANIES = frozenset(
    "ourselves us them legal finance sales marketing hr it ops design engineering product support board committee council"
    " panel team squad crew group gang class cohort department dept faculty staff jury union family choir quorum tribe"
    " unit cast delegation party management leadership procurement security facilities whole everyone everybody".split()
)
_NUMBER_OF = frozenset({"#", "no", "nr", "num", "number", "nos", "count"})
_COUNTED = words.PEOPLE | {"guests", "hc", "headcount"}
_SIGNS = frozenset({":", "=", "-", "is", ">", "<", "≥", "≤", "~"})
_HOLDERS = frozenset({"take", "takes", "hold", "holds", "handle", "handles", "host", "hosts"})
_ABLE = frozenset({"can", "that", "which", "could", "will", "to", "must", "should"})
_ABOUT = frozenset({"about", "around", "~", "roughly", "approximately", "approx"})
_LEAST = frozenset({("at", "least"), ("at", "most"), ("no", "fewer"), ("up", "to")})
_INCLUDING = frozenset({"including", "incl", "counting", "with", "inc"})
_WRITER = frozenset({"me", "myself", "us", "mine", "ourselves"})
_CLOCK_LEADS = frozenset(
    {"at", "@", "from", "until", "till", "til", "to", "-", "/", ":", ".", "by", "before", "after", "between"}
)


def behind(ts: list[Token], i: int) -> Item | None:
    """Return the `count` of "trustees (7)" or "the whole squad (11)" at token i, or None."""
    if ts[i + 1].low != "(" or ts[i].kind != "word":
        return None
    found = whole(ts, i + 2)
    low = ts[i].low
    named = (
        low in _COMPANIES or low in roles.PLURAL or low in words.PEOPLE or low in roles.SINGULAR or low in words.PEOPLE_KINDS
    )
    if found is None or ts[found[1]].low != ")" or not named or not 1 <= found[0] <= 99:
        return None
    return Item("count", found[0], i, found[1] + 1, note="tagged")


def including(ts: list[Token], i: int) -> Item | None:
    """Return the `count` of "six including me" or "3 with me" at token i: the writer is among them."""
    found = whole(ts, i)
    if found is None or not 2 <= found[0] <= 99 or (i and ts[i - 1].low in _CLOCK_LEADS):
        return None
    j = found[1]
    if ts[j].low in ("max", "maximum", "tops") and found[0] <= 12 and _ends(ts, j + 1):
        return Item("count", found[0], i, j + 1)
    if ts[j].low not in _INCLUDING:
        return None
    k = j + 1 + (ts[j + 1].low in (".", ","))
    if ts[k].low not in _WRITER or ts[k + 1].low in ("and", "&", "+", "plus", ","):
        return None
    return Item("count", found[0], i, k + 1, note="total")


def labelled(ts: list[Token], i: int) -> Item | None:
    """Return the `count` of "#people: 8", "no. of guests 5", "cap >= 6", "holds 10" or "at least 6" at token i, or None."""
    j = _roughly(ts, i) or _number_of(ts, i) or _capacity(ts, i) or _able(ts, i) or _at_least(ts, i)
    if not j:
        return None
    found = whole(ts, j)
    if found is None or not 1 <= found[0] <= 99 or not _ends(ts, found[1]):
        return None
    return Item("count", found[0], i, found[1] + (ts[found[1]].low in words.PEOPLE))


def _roughly(ts: list[Token], i: int) -> int:
    """The index behind the "~" of "for ~8"; or 0."""
    return i + 1 if ts[i].low == "~" and i > 0 and ts[i - 1].low == "for" and (ts[i + 1].value or 99) <= 20 else 0


def _number_of(ts: list[Token], i: int) -> int:
    """The index behind "#people:", "no. of people", "attendee count"; or 0."""
    j = i
    if ts[i].low in _NUMBER_OF:
        j = i + 1 + (ts[i + 1].low == ".")
        j += ts[j].low == "of"
    if ts[j].low not in _COUNTED or ts[j].low in ("us", "joining", "attending"):
        return 0
    k = j + 1 + (ts[j + 1].low in ("count", "number", "no"))
    k += ts[k].low == "s" and not ts[k].space
    if j == i and k == j + 1:  # "ppl 6", but not "ten people 6pm"
        counted = i and (ts[i - 1].value is not None or ts[i - 1].low in ("of", "the", "our"))
        return k if ts[j].low in ("ppl", "hc", "headcount", "people") and not counted else 0
    while ts[k].low in _SIGNS:
        k += 1
    return k


def _capacity(ts: list[Token], i: int) -> int:
    """The index behind "cap", "hc:", "capacity >="; or 0."""
    if ts[i].low not in ("cap", "capacity", "hc", "headcount", "min", "minimum", "max", "size", "seats"):
        return _expected(ts, i)
    j = i + 1
    while ts[j].low in _SIGNS and ts[j].low != "-":
        j += 1
    return j if j > i + 1 or ts[i].low in ("cap", "hc") else 0


def _expected(ts: list[Token], i: int) -> int:
    """The index behind "expecting (about)"; or 0."""
    return i + 1 + (ts[i + 1].low in _ABOUT) if ts[i].low in ("expecting", "expect") else 0


def _able(ts: list[Token], i: int) -> int:
    """The index behind "(that can) take", "(which) holds"; or 0."""
    able = i > 0 and ts[i - 1].low in _ABLE
    if ts[i].low not in _HOLDERS or not able:
        return 0
    return i + 1 + (ts[i + 1].low in _ABOUT)


def _at_least(ts: list[Token], i: int) -> int:
    """The index behind "at least"; or 0."""
    if ts[i].low in ("no", "not") and ts[i + 1].low in ("more", "fewer", "less") and ts[i + 2].low == "than":
        return i + 3
    return i + 2 if (ts[i].low, ts[i + 1].low) in _LEAST else 0


def _ends(ts: list[Token], j: int) -> bool:
    """Whether the number before j counts nothing else and is no time."""
    t = ts[j]
    if t.low in (":", ".", "-", "/", "+") and ts[j + 1].kind == "num" and not ts[j + 1].space:
        return False
    if t.low in words.UNIT or t.low in ("am", "pm", "a", "p", "to", "until", "till", "%", "x"):
        return False
    dated = t.low in words.WEEKDAYS or t.low in words.TODAY | words.TOMORROW or t.low in words.PEOPLE
    return (
        t.kind in ("end", "punct") or t.line or dated or t.low in PREPOSITIONS or t.low in ("or", "please", "pls", "thanks")
    )


__all__ = ["behind", "including", "labelled"]
