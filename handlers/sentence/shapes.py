"""Recognises places by their shape: "floor 3", "building B", "Berlin office".

Kept out: names of the catalogue (see places.py).
"""

from __future__ import annotations

from handlers.sentence import roles, subjects, words
from handlers.sentence.items import Item
from handlers.sentence.numbers import ordinal, whole
from handlers.sentence.places import SITE, counts_something
from handlers.sentence.tokens import Token

_STAFF = (words.PEOPLE_KINDS - words.POLITE) | frozenset(
    {"team", "friends", "group", "crew", "squad", "gang", "party", "lot"}
)
_NOT_CITIES = frozenset(
    [
        "the",
        "our",
        "my",
        "your",
        "their",
        "a",
        "an",
        "main",
        "head",
        "home",
        "back",
        "front",
        "post",
        "corner",
        "box",
        "open",
        "new",
        "any",
        "local",
        "this",
        "that",
        "private",
        "in",
        "at",
        "from",
        "of",
        "to",
        "same",
        "other",
        "team",
        "room",
        "medical",
        "doctor",
        "doctors",
        "dentist",
        "london's",
        "whole",
        "entire",
        "law",
        "ceo's",
    ]
)


def match_shape(ts: list[Token], i: int) -> Item | None:
    """Return a `floor`, `building` or `city` item at token i, or None."""
    return _floor(ts, i) or _building(ts, i) or _city(ts, i)


def _floor(ts: list[Token], i: int) -> Item | None:
    """Floor 3, level 3, 3rd floor, ground floor, 3F."""
    t, after = ts[i], ts[i + 1]
    if t.low in ("ground", "lower", "upper") and after.low in ("floor", "level"):
        return Item("floor", t.low, i, i + 2)
    if t.low == "basement":
        return Item("floor", "basement", i, i + 1)
    if t.kind == "num" and after.text == "F" and not after.space:
        return Item("floor", str(t.value), i, i + 2)
    return _numbered_floor(ts, i)


def _numbered_floor(ts: list[Token], i: int) -> Item | None:
    t, after = ts[i], ts[i + 1]
    found = whole(ts, i + 1 + (after.low in ("#", ".", ":"))) if t.low in ("floor", "level", "lvl", "fl") else None
    if found is not None and t.low == "level" and ts[found[1]].low in subjects.SUBJECTS:
        return Item("filler", "level", i, found[1])  # level 2 support
    if found is not None and found[0] < 1000 and not counts_something(ts, found[1]):
        return Item("floor", str(found[0]), i, found[1])
    found = ordinal(ts, i)
    if found and ts[found[1]].low in ("floor", "fl", "level", "flr"):
        return Item("floor", str(found[0]), i, found[1] + 1)
    return None


def _building(ts: list[Token], i: int) -> Item | None:
    if ts[i].low not in ("building", "bldg", "bldng", "bld"):
        return None
    j = i + 1 + (ts[i + 1].low in (".", "#", ":"))
    t = ts[j]
    if t.kind == "num" or (
        t.kind == "word" and (len(t.text) <= 2 or t.text[0].isupper()) and t.low not in words.POLITE - {"a"}
    ):
        glued = t.kind == "word" and ts[j + 1].kind == "num" and not ts[j + 1].space
        name = t.text + (ts[j + 1].text if glued else "")
        return Item("building", name.upper() if len(name) == 1 else name, i, j + 1 + glued)
    return None


def _city(ts: list[Token], i: int) -> Item | None:
    """Berlin office, New York office, the office in Berlin; a well-known city on its own."""
    if ts[i].low in SITE and ts[i + 1].low == "in" and _city_word(ts[i + 2], known=False):
        j = i + 3
        while _city_word(ts[j], known=False) and ts[j].text[0].isupper():
            j += 1
        return Item("city", _title(ts, i + 2, j), i, j)
    for n in (3, 2, 1):
        if ts[i + n].low in SITE and all(_city_word(t, known=n == 1) for t in ts[i : i + n]) and _apart(ts, i + n):
            return Item("city", _title(ts, i, i + n), i, i + n + 1)
    theirs = (
        i > 1 and ts[i - 1].low in ("in", "from") and (ts[i - 2].low in _STAFF or ts[i - 2].low in roles.PLURAL)
    )  # "support in Singapore"
    if ts[i].low in words.WELL_KNOWN_CITIES and theirs:
        return Item("filler", ts[i].low, i, i + 1)
    if ts[i].low in words.WELL_KNOWN_CITIES and i and ts[i - 1].low in ("in", "at", "from", "@"):
        return Item("city", ts[i].text.title() if len(ts[i].text) > 3 else ts[i].text.upper(), i, i + 1)
    for first, second in (("new", "york"), ("san", "francisco"), ("los", "angeles"), ("tel", "aviv"), ("hong", "kong")):
        if ts[i].low == first and ts[i + 1].low == second:
            return Item("city", f"{first.title()} {second.title()}", i, i + 2 + (ts[i + 2].low in SITE))
    return None


def _apart(ts: list[Token], j: int) -> bool:
    return ts[j + 1].low not in ("hours", "hour", "party", "manager")


def _city_word(t: Token, *, known: bool) -> bool:
    if t.kind != "word" or t.low in _NOT_CITIES or t.low in words.WEEKDAYS or t.low in words.TOMORROW | words.TODAY:
        return False
    if t.low in words.WELL_KNOWN_CITIES:
        return True
    if t.text.isupper() and len(t.text) > 4:
        return False
    if t.low in words.NEGATION or t.low in words.CHOICE or t.low in words.VAGUE_TIME or t.low in words.PEOPLE_KINDS:
        return False
    ordinary = t.low in words.POLITE or t.low in subjects.SUBJECTS or t.low in words.PARTS or t.low in words.PEOPLE
    return (t.text[0].isupper() or known) and not ordinary and t.low not in words.NUMBERS and t.low not in words.ROOMY


def _title(ts: list[Token], i: int, j: int) -> str:
    return " ".join(t.text if not t.text.islower() else t.text.title() for t in ts[i:j])
