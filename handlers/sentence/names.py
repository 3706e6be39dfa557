"""Recognises single people by name or by what they are: "Dr. Patel", "Tanaka-san", "my line manager", "someone from legal".

Kept out: adding them up (see party.py).
"""

# ruff: noqa: SIM905
# word lists read better as text

from __future__ import annotations

from handlers.sentence import nouns, roles, spelling, words
from handlers.sentence.known import EMPTY, PREPOSITIONS
from handlers.sentence.tokens import Token

TITLES = frozenset("mr mrs ms miss mx dr prof professor sir judge justice father sister rev fr herr frau mme señor".split())
_HONORIFICS = frozenset("san sama sensei kun ji sir madam ma'am maam bhai didi saab sahib ssi".split())
_SOMEBODY = frozenset({"someone", "somebody", "one"})
_STOPS = frozenset(
    "and or for at on in to with is are will need needs want wants by until till via about of room rm meeting office also"
    " please pls am pm be so but then from who has have can".split()
)


def name(ts: list[Token], i: int) -> int:
    """Return the index behind somebody's name at token i, titles and honorifics included, or 0."""
    j = i
    if ts[j].low in TITLES and (ts[j + 1].low == "." or ts[j + 1].text[:1].isupper()):
        j += 1 + (ts[j + 1].low == ".")
        if not (ts[j].kind == "word" and ts[j].text[0].isupper() and nouns.person_like(ts[j])):
            return 0
    elif not nouns.person(ts, j):
        return 0
    titled = j > i
    first = ts[j].low
    j += 1
    surname = ts[j].kind == "word" and ts[j].text[0].isupper() and not ts[j].text.isupper() and nouns.person(ts, j)
    if surname and (titled or first in words.GIVEN_NAMES) and not ts[j].line:
        j += 1
    return honoured(ts, j)


def honoured(ts: list[Token], j: int) -> int:
    """Return the index behind "-san" or "ji" at token j, or j."""
    if ts[j].low == "-" and not ts[j].space and ts[j + 1].low in _HONORIFICS:
        return j + 2
    if ts[j].low in _HONORIFICS and ts[j].kind == "word" and not ts[j].text[0].isupper():
        return j + 1
    return j


def anyone(ts: list[Token], j: int) -> bool:
    """Whether the word at j means nothing else, so that behind "me and" it is somebody's name: "me and jordan"."""
    t = ts[j]
    if t.kind != "word" or t.value is not None or t.in_room or t.room_word or len(t.low) < 3 or not t.low.isalpha():
        return False
    meant = t.low in EMPTY or t.low in PREPOSITIONS or t.low in words.NEGATION | words.CHOICE | words.VAGUE_TIME
    meant = meant or t.low in words.FACILITIES or t.low in words.OTHER_COMMAND or t.low in words.UNIT
    meant = meant or t.low in spelling.NOT_MISSPELT or f"{t.low}s" in roles.THINGS or t.low in roles.THINGS
    if meant or not nouns.person_like(t) or t.low in words.NAMED_CLOCKS or t.low in words.FOREIGN_TIME:
        return False
    after = ts[j + 1]
    return after.kind in ("end", "punct", "num") or after.low in PREPOSITIONS or nouns.dated(after) or after.low == "only"


def head(ts: list[Token], k: int) -> int:
    """Return the index of the person in "(my) line manager", "(the) head of sales", or -1."""
    for n in range(k, k + 5):
        t = ts[n]
        if t.low == "-" and not t.space:
            continue
        if t.kind != "word" or t.value is not None or t.in_room:
            return -1
        if roles.personal(t.low) or (n == k and t.low in ("other", "more")):
            return n
        if t.low in _STOPS or nouns.dated(t) or t.low in words.NAMED_CLOCKS:
            return -1
    return -1


def somebody(ts: list[Token], i: int) -> int:
    """Return the index behind "someone (else) from legal" or "one of theirs", or 0."""
    if ts[i].low not in _SOMEBODY:
        return 0
    j = i + 1 + (ts[i + 1].low == "else")
    if ts[i].low == "one" and ts[j].low == "of" and ts[j + 1].low in ("us", "them", "ours", "theirs", "you"):
        return j + 2
    if ts[i].low == "one" and ts[j].low == "of" and ts[j + 1].low in ("our", "my", "the", "their", "your"):
        k = nouns.skip(ts, j + 2)
        return k + 1 if ts[k].low in roles.PLURAL or ts[k].low in words.PEOPLE else 0
    if ts[j].low == "from" and ts[j + 1].kind == "word" and not nouns.dated(ts[j + 1]):
        k = j + 1 + (ts[j + 1].low in ("the", "our", "your", "their"))
        return k + 1 + (ts[k + 1].low in ("team", "side", "dept", "department", "office"))
    return j if ts[i].low != "one" else 0


def behind_two(ts: list[Token], i: int) -> bool:
    """Whether the word before "and me" at token i is an unknown name: "for jordan and me"."""
    if i < 1 or not anyone(ts, i - 1):
        return False
    lead = ts[i - 2] if i > 1 else None
    return lead is None or lead.low in ("for", "with", "between", "just", "only", "w") or (lead.kind == "punct" and i > 1)


__all__ = ["TITLES", "anyone", "behind_two", "head", "honoured", "name", "somebody"]
