"""Recognises the parts of a sum of people: "three attorneys", "my boss", "Ana", "two from legal", "1 PM", "me".

Kept out: which parts belong together (see party.py).
"""

# ruff: noqa: SIM905
# ruff: noqa: PLR0911
# word lists read better as text; matchers return from the first form that fits

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from handlers.sentence import names, nouns, roles, subjects, words
from handlers.sentence.items import Item
from handlers.sentence.numbers import whole
from handlers.sentence.tokens import Token

SELF = frozenset({"me", "myself", "i", "moi", "meself"})
JOINS = frozenset({"and", "&", "+", "plus", ",", "n", "+-"})
_PRONOUNS = frozenset({"him", "her", "he", "she"})
_DETERMINERS = frozenset(
    {"a", "an", "one", "1", "another", "my", "our", "the", "his", "her", "their", "some", "1x", "your", "its"}
)
_NOT_ALONE = frozenset("meeting room mtg office team group crew side people lot folks guys department reps class".split())
_OWNERS = frozenset({"my", "our", "the", "these", "those", "all", "both", "his", "her", "their", "your"})
Single = Callable[[list[Token], int], Item | None]
VERBS = frozenset(
    "need want would am will have can are shall could may might should must also just think know was do don't really had"
    " hope guess believe prefer wish like love require wanted needed meant mean only still forgot hate understand".split()
)


@dataclass(slots=True)
class Term:
    """One part of a sum: how many, up to which token, and what kind: firm, side, one, self, mention, name, loose or bare."""

    n: int
    j: int
    kind: str
    others: bool = False


def by_trade(ts: list[Token], i: int) -> Term | None:
    """Return the "2 SWE" of "2 SWE and 1 EM", the "4 HR" of "4 HR + 3 Legal", or None."""
    found = whole(ts, i)
    if found is None or ts[found[1]].low not in roles.TRADES - {"am", "pm"}:
        return None
    if ts[found[1]].low in words.UNIT and not ts[found[1]].text.isupper():
        return None
    k = found[1] + 1
    again = whole(ts, k + 1 if ts[k].low in JOINS else k)
    more = again is not None and (ts[again[1]].low in roles.TRADES or ts[again[1]].low in words.PEOPLE)
    return Term(found[0], k, "firm") if more or (ts[k].low in JOINS and ts[k + 1].low in SELF) else None


def further(ts: list[Token], j: int, terms: list[Term], *, comma: bool) -> Term | None:
    """Return what counts only behind other people, or None: "(me and) jordan", "(2 devs,) 1 PM"."""
    if terms[-1].kind in ("self", "name", "mention") and not comma and not names.name(ts, j) and names.anyone(ts, j):
        return Term(1, names.honoured(ts, j + 1), "name")
    found = whole(ts, j + (ts[j].low == "more"))
    if found is not None and ts[j].low == "more" and ts[found[1]].kind in ("end", "punct"):
        return Term(found[0], found[1], "firm", others=True)  # "me and more 3"
    if (
        found is not None
        and ts[found[1]].low == "more"
        and (ts[found[1] + 1].kind != "word" or ts[found[1] + 1].low in JOINS | {"from", "at", "on"})
    ):
        return Term(found[0], found[1] + 1, "firm", others=True)
    if found is None or ts[found[1]].low not in roles.TRADES or terms[-1].kind not in ("firm", "side", "self", "dept"):
        return None
    if ts[found[1]].low in ("pm", "am") and ts[found[1] + 1].low not in JOINS:
        return None  # "2 devs, 1 pm" may be a time
    return Term(found[0], found[1] + 1, "firm")


def term_at(ts: list[Token], i: int, counted: Single) -> Term | None:
    """Return the part of a sum at token i, or None; `counted` reads a single headcount."""
    t = ts[i]
    if t.kind == "mention":
        return Term(1, i + 1, "mention")
    if t.low in SELF:
        return None if t.low == "i" and ts[i + 1].low in VERBS else Term(1, i + 1, "self")
    if (t.low == "yours" and ts[i + 1].low == "truly") or (t.low == "the" and ts[i + 1].low == "undersigned"):
        return Term(1, i + 2, "self")
    if t.low == "self" and (ts[i + 1].low in JOINS or ts[i - 1].low in JOINS):
        return Term(1, i + 1, "self")
    if t.low in _PRONOUNS and ts[i + 1].low in JOINS:
        return Term(1, i + 1, "self")
    if t.low in ("other", "another") and ts[i + 1].value is not None and ts[i + 1].kind == "word":
        i += 1
    team = nouns.teams(ts, i) or nouns.group(ts, i)
    if team:
        return Term(team[0], team[1], "firm")
    found = counted(ts, i)
    if found is None and t.low in _DETERMINERS:
        behind = counted(ts, i + 1)  # "the client (2)"
        found = behind if behind is not None and behind.note == "tagged" else None
    if found is not None and found.kind == "count" and not (found.note in ("total", "top") and ts[i - 1].low in JOINS):
        return Term(found.value, found.j, "tagged" if found.note == "tagged" else "firm", others=found.note == "others")
    return _mine(ts, i) or _single(ts, i) or _from(ts, i) or _bare(ts, i) or _loose(ts, i)


def _mine(ts: list[Token], i: int) -> Term | None:
    """My three reports, our two leads."""
    if ts[i].low not in _OWNERS:
        return None
    found = whole(ts, i + 1)
    if found is None and ts[i].low == "both":
        found = 2, i + 1 + (ts[i + 1].low in ("my", "our", "the", "his", "her", "their", "of"))
    if found is None:
        return None
    n, k = found
    if ts[i].low in ("our", "their") and (ts[k].low in JOINS or (ts[k].kind in ("end", "punct") and ts[i - 1].low in JOINS)):
        return Term(n, k, "firm")  # "our 4 + their 3"
    k = nouns.skip(ts, k)
    if ts[k].low in roles.BELONGING or ts[k].low in roles.PLURAL or ts[k].low in words.PEOPLE:
        return Term(n, k + 1, "firm")
    known = ts[k].low in roles.THINGS or ts[k].low in subjects.SUBJECTS or ts[k].low in words.UNIT or nouns.dated(ts[k])
    if ts[k].low.endswith("s") and len(ts[k].low) > 4 and not known and ts[i].low in ("my", "his", "her"):
        return Term(n, k + 1, "firm")  # whatever they are called, they are somebody's: "my two Padawans"
    return None


def _single(ts: list[Token], i: int) -> Term | None:
    """A paralegal, my boss, the CEO; Ana."""
    somebody = names.somebody(ts, i)
    if somebody:
        return Term(1, somebody, "one")
    if ts[i].low in _DETERMINERS:
        k = nouns.skip(ts, i + 1)
        if not (roles.personal(ts[k].low) or ts[k].low in ("other", "more")):
            k = names.head(ts, i + 1)
        if k > 0 and _alone(ts, k):
            return Term(1, k + 1, "one", others=ts[k].low in ("other", "more"))
        return None
    j = names.name(ts, i)
    return Term(1, j, "name") if j and _alone(ts, j - 1) else None


def _alone(ts: list[Token], k: int) -> bool:
    """Whether the word at k is a person and not the first half of "client call"."""
    after = ts[k + 1]
    return not (after.kind == "word" and (after.low in subjects.SUBJECTS or after.low in _NOT_ALONE))


def _loose(ts: list[Token], i: int) -> Term | None:
    """A bare role, or "the SENCo": somebody, where the rest of the list is people."""
    t = ts[i]
    k = nouns.skip(ts, i)
    if ts[k].low in roles.SINGULAR and _alone(ts, k) and ts[k].low not in ("person", "human", "individual", "body"):
        return Term(1, k + 1, "loose")
    named = t.low in _DETERMINERS - {"one", "1"} and ts[i + 1].kind == "word" and ts[i + 1].text[0].isupper()
    if named and _alone(ts, i + 1) and nouns.person_like(ts[i + 1]):
        return Term(1, i + 2, "loose")
    return None


def _from(ts: list[Token], i: int) -> Term | None:
    """Two from legal."""
    a_couple = ts[i].low == "a" and ts[i + 1].low == "couple"
    found = (2, i + 2) if a_couple else whole(ts, i)
    if found is None or ts[found[1]].low not in ("from", "on") or ts[i - 1].low in ("at", "until", "till", "to", ":", "-"):
        return None
    after = ts[found[1] + 1]
    k = found[1] + 1 + (after.low in ("the", "our"))
    if ts[found[1]].low == "on" and ts[found[1] + 1].low in (
        "ours",
        "theirs",
        "our",
        "their",
        "my",
        "his",
        "her",
        "client's",
    ):
        return Term(found[0], found[1] + 2 + (ts[found[1] + 2].low in ("side", "end", "team")), "side")
    if ts[found[1]].low != "from":
        return None
    timely = ts[k].low in words.WEEKDAYS or ts[k].low in words.MONTHS or ts[k].low in words.PARTS or ts[k].value is not None
    timely = timely or ts[k].low in words.TODAY | words.TOMORROW or ts[k].low in words.NAMED_CLOCKS or ts[k].low == "now"
    clocked = ts[i - 1].low in ("am", "pm") or ts[i - 1].low in words.ZONE_FAMILIES
    opened = (
        i == 0 or clocked or ts[i - 1].kind == "punct" or ts[i - 1].low in ("and", "for", "with", "plus", "are", "be", "of")
    )
    if ts[k].kind != "word" or timely or not opened:
        return None
    return Term(found[0], k + 1 + (ts[k + 1].low in ("team", "side", "dept", "department")), "side")


def _bare(ts: list[Token], i: int) -> Term | None:
    found = whole(ts, i)
    if found is None or (i and ts[i - 1].low in ("at", "@", "until", "till", "to", ":", "-", "/", ".")):
        return None
    return None if nouns.timely(ts, found[1]) else Term(found[0], found[1], "bare")


__all__ = ["JOINS", "SELF", "VERBS", "Single", "Term", "by_trade", "further", "term_at"]
