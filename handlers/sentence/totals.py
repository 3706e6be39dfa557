"""Recognises headcounts told as a whole: "nine we are", "member is 14", "whole studio of 17", "2 clients, 3 of us, so 5".

Kept out: adding people up (see party.py), and labels of forms (see labels.py).
"""

# ruff: noqa: SIM905
# ruff: noqa: PLR0911
# word lists read better as text; matchers return from the first form that fits

from __future__ import annotations

from handlers.sentence import names, nouns, roles, words
from handlers.sentence.items import Item
from handlers.sentence.numbers import whole
from handlers.sentence.spoken import behind, phrases
from handlers.sentence.tokens import Token

_WHOLES = frozenset({"whole", "entire", "full", "all", "complete"})
_SIGNS = frozenset({"of", "=", ":", "(", "-", ",", "is", "are", "~"})
_WE_ARE = phrases(
    "we will be, we'll be, we would be, we shall be, we are, we're, we be, are we, will we be, in number, of we, shall we be"
)
_BE = phrases(
    "is, are, will be, would be, shall be, should be, is about, are about, total, count is, number is, numbers are,"
    " in number, would total"
)
_COUNTED = frozenset(
    "member members attendee attendees participant participants people persons person pax guests guest headcount strength"
    " visitors delegates audience attendance invitees staff heads ppl quorum".split()
)
_SO = phrases(
    "so that's, so that is, so that makes, that's, that makes, which makes, which is, making, making it, so, so we're,"
    " so we are, total of, a total of, in total, total, altogether, all together, all in all, all told, in all,"
    " ie, thus, hence, therefore, = , so it's, so total, so total of, so in total, total is, for a total of, total ="
)
_LOUD = frozenset({"total", "altogether", "all", "in", "a", "for"})  # speak of people even where none were counted before


def match(ts: list[Token], i: int) -> Item | None:
    """Return a `count` (its note "total" where it sums up what was said before) at token i, or None."""
    return _behind(ts, i) or _is(ts, i) or _whole(ts, i) or _so(ts, i) or _one_of_them(ts, i)


def _free(ts: list[Token], j: int) -> bool:
    """Whether the number before token j is no time, length or range."""
    t = ts[j]
    if t.low in (":", ".", "-", "/", "+") and ts[j + 1].kind == "num" and not ts[j + 1].space:
        return False
    timed = t.low in words.UNIT or t.low in ("am", "pm", "o'clock", "a", "p", "x", "%", "half", "th", "st", "nd", "rd")
    return not timed and not nouns.timely(ts, j)


def _number(ts: list[Token], j: int) -> tuple[int, int] | None:
    j += ts[j].low in ("about", "around", "roughly", "approx", "approximately", "only", "just")
    found = whole(ts, j)
    if found is None or not 1 <= found[0] <= 99 or not _free(ts, found[1]):
        return None
    return found


def _behind(ts: list[Token], i: int) -> Item | None:
    """Nine we are; 9 are we."""
    found = _number(ts, i)
    if found is None or (i and ts[i - 1].low in ("at", "@", "from", "until", "till", "to", "by", "-", ":", "on")):
        return None
    j = found[1] + (ts[found[1]].low in words.PEOPLE)
    k = behind(_WE_ARE, ts, j)
    going_on = ts[k].value is not None or (ts[k].kind == "word" and ts[k].low.endswith("ing"))
    return Item("count", found[0], i, k) if k and not going_on else None


def _is(ts: list[Token], i: int) -> Item | None:
    """Member is 14; people will be 6; members 5."""
    if ts[i].low not in _COUNTED or (i and (ts[i - 1].value is not None or ts[i - 1].low in ("the", "of", "our"))):
        return None
    j = behind(_BE, ts, i + 1)
    if j:
        found = _number(ts, j)
        if found and ts[found[1]].low in ("from", "of", "on"):
            return None  # "participants are 4 from their side and 3 from ours"
        return Item("count", found[0], i, found[1] + (ts[found[1]].low in words.PEOPLE)) if found else None
    found = (
        _number(ts, i + 1)
        if ts[i].low in ("member", "members", "participant", "participants", "attendees", "persons")
        else None
    )
    if found is None or ts[i + 1].line:
        return None
    if ts[found[1]].low in ("name", "names", "nos", "persons", "people"):
        return Item("count", found[0], i, found[1] + 1)  # "participant 6 name", as Koreans count
    closed = ts[found[1]].kind in ("end", "punct") or ts[found[1]].line or ts[found[1]].low in words.AMENITY_WORDS
    if not closed:
        return None
    return None if ts[found[1]].low in ("-", "/", ":", "+") else Item("count", found[0], i, found[1])


def _whole(ts: list[Token], i: int) -> Item | None:
    """Whole desk = 11; the entire department of 12; all staff (30)."""
    j = i + (ts[i].low in ("the", "our", "my", "a"))
    if ts[j].low not in _WHOLES:
        return None
    k = j + 1 + (ts[j + 1].low in ("the", "of", "our", "my"))
    for n in range(k + 1, k + 4):
        group = ts[n - 1]
        if group.kind != "word" or group.value is not None or group.low in words.UNIT or nouns.dated(group):
            return None
        if ts[n].low in _SIGNS:
            found = _number(ts, n + 1)
            if found is None or (ts[n].low in (",", "-") and ts[found[1]].low not in words.PEOPLE | {"of"}):
                return None
            end = found[1] + (ts[found[1]].low in words.PEOPLE)
            end += 2 * (ts[end].low == "of" and ts[end + 1].low in ("us", "them"))
            return Item("count", found[0], i, end + (ts[n].low == "(" and ts[end].low == ")"), note="total")
    return None


def _so(ts: list[Token], i: int) -> Item | None:
    """2 clients and 3 of us, so 5; total 6."""
    j = behind(_SO, ts, i)
    if not j:
        return None
    found = _number(ts, j)
    if found is None:
        return None
    j = found[1] + (ts[found[1]].low in words.PEOPLE)
    j += 2 * (ts[j].low == "of" and ts[j + 1].low in ("us", "them"))
    named = j > found[1]
    if ts[j].low in ("plus", "+") or (
        ts[j].low in ("and", "&") and (ts[j + 1].value is not None or ts[j + 1].low in _OTHERS)
    ):
        return None  # more follow
    closed = ts[j].kind in ("end", "punct") or ts[j].line or named or nouns.dated(ts[j]) or ts[j].low in _CLOSING
    if not closed or not (named or ts[i].low in _LOUD or _people_before(ts, i)) or ts[j].low in ("/", ":", "to"):
        return None
    if ts[j].low == "-" and not (ts[j].space and ts[j + 1].space):
        return None
    if ts[i].low in ("in", "all", "total", "a") and i and ts[i - 1].value is not None:
        return None  # "6 in total 3pm" was claimed from the 6 on
    return Item("count", found[0], i, j, note="total")


_OTHERS = frozenset({"the", "me", "my", "a", "an", "our", "myself"})
_CLOSING = frozenset("please pls thanks with on for in we and needs need at".split())


def _people_before(ts: list[Token], i: int) -> bool:
    near = ts[max(0, i - 9) : i]
    return any(t.low in words.PEOPLE or t.low in roles.SINGULAR or t.low in ("us", "me", "myself") for t in near)


def _one_of_them(ts: list[Token], i: int) -> Item | None:
    """ "With one (1) witness" counts nobody by itself: who writes may be there too."""
    one = names.somebody(ts, i) if ts[i].low == "one" else 0
    if one:
        return Item("filler", "one", i, one)
    found = whole(ts, i)
    if found is not None and ts[found[1]].low in _COUNTED | {"individual", "human", "occupant"}:
        return None
    if found is None or found[0] != 1 or found[1] < i + 3 or not roles.personal(ts[found[1]].low):
        return None
    return Item("filler", "one", i, found[1] + 1)


__all__ = ["match"]
