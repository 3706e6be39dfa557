"""Recognises what stands behind a number of people, and single people: "attorneys", "teams of four", "trio", "Ana".

Kept out: adding them up (see party.py).
"""

# ruff: noqa: SIM905
# word lists read better as text

from __future__ import annotations

from handlers.sentence import roles, subjects, words
from handlers.sentence.numbers import whole
from handlers.sentence.tokens import Token

# Behind "and I": then "I" starts the next sentence part and is nobody more.
TOPICAL = frozenset(
    "discuss review reviewing about re of cover covering talk through over regarding demo demoing present presenting plan"
    " planning fix fixing close closing sign signing ship shipping".split()
)


_HOLDING = frozenset("room rm space place spot something anything one somewhere office anywhere".split())


_PREFIXES = frozenset({"co", "ex", "vice", "sub", "non", "team"})


def timely(ts: list[Token], j: int) -> bool:
    """Whether the number before token j is a time or a length after all."""
    t = ts[j]
    if t.low in (":", ".", "/", "-") and not t.space and ts[j + 1].kind == "num":
        return True
    return (
        t.low in words.UNIT
        or t.low in ("am", "pm", "o'clock", "oclock", "th", "st", "nd", "rd")
        or (t.low in ("a", "p") and not t.space)
    )


def teams(ts: list[Token], i: int) -> tuple[int, int] | None:
    """Return (people, next index) of "two teams of four", or None."""
    found = whole(ts, i)
    if found is None or ts[found[1]].low not in roles.TEAMS:
        return None
    times, k = found
    if ts[k].low in ("pair", "pairs") and ts[k + 1].low != "of":
        return (2 * times, k + 1) if ts[k].low == "pairs" else None
    if ts[k + 1].low not in ("of", "with"):
        return None
    each = whole(ts, k + 2)
    if each is None or timely(ts, each[1]):
        return None
    j = each[1] + (ts[each[1]].low == "each")
    return times * each[0], j + (ts[j].low in words.PEOPLE)


def group(ts: list[Token], i: int) -> tuple[int, int] | None:
    """Return (people, next index) of "a trio", "a foursome of us", "a baker's dozen", or None."""
    j = i + 1 if ts[i].low in ("a", "our", "the", "us") else i
    if ts[j].low in ("baker's", "bakers") and ts[j + 1].low == "dozen":
        return 13, j + 2
    n = roles.GROUPS.get(ts[j].low)
    if n is None:
        return None
    of = ts[j + 1].low == "of" and (ts[j + 2].low in ("us", "them", "you") or ts[j + 2].low in words.PEOPLE)
    if of:
        return n, j + 3
    return (n, j + 1) if j > i and ts[j].low != "pair" else None


def skip(ts: list[Token], k: int) -> int:
    """Return the index behind the words that may stand between a number and its people."""
    while (
        ts[k].kind == "word"
        and not _unit(ts[k])
        and (ts[k].low in roles.SIDES or _proper(ts, k))
        and ts[k + 1].kind == "word"
    ):
        if ts[k].low in words.PEOPLE and ts[k + 1].low not in words.PEOPLE and ts[k + 1].low not in words.OTHERS:
            break
        k += 1
    return _described(ts, k)


def _described(ts: list[Token], k: int) -> int:
    """The index of the people behind one or two words that describe them: "two associate deans"."""
    for n in (k, k + 1, k + 2):
        t = ts[n]
        if n > k and t.low in roles.PLURAL and t.low not in roles.THINGS:
            return n
        meant = dated(t) or t.low in words.UNIT or t.low in words.PEOPLE or t.low in words.AMENITY_WORDS or t.in_room
        meant = meant or t.low in ("am", "pm", "a", "p", "m", "o'clock", "uhr", "x")
        if t.kind != "word" or t.value is not None or meant or t.low in words.POLITE or t.low in words.NAMED_CLOCKS:
            break
        if t.low in subjects.SUBJECTS or t.low in roles.THINGS or t.low in words.NEGATION | words.CHOICE | words.VAGUE_TIME:
            break
    return k


def _unit(t: Token) -> bool:
    """Whether "hr" is an hour and not who hires."""
    return t.low in words.UNIT and not t.text.isupper()


def anybody(ts: list[Token], k: int) -> int:
    """The index behind people that no list has, told by their ending: "11 accompanists", "three co-authors"; or 0."""
    if ts[k + 1].low == "-" and ts[k].low in _PREFIXES:
        k += 2
    low = ts[k].low
    if low in words.PEOPLE:
        return k + 1
    stem = ts[k].text[:-1]
    if (
        ts[k].text.endswith("s")
        and 2 <= len(stem) <= 4
        and stem.isupper()
        and low not in words.AMENITY_WORDS
        and low not in roles.ACRONYMS
    ):
        return k + 1  # 4 QAs, 10 SMEs
    thing = low in roles.THINGS or low in subjects.SUBJECTS or low in words.UNIT or low in words.FACILITIES
    if ts[k].kind != "word" or len(low) < 5 or thing or low in words.AMENITY_WORDS or low[:-1] in words.AMENITY_WORDS:
        return 0
    if low.endswith(roles.ENDINGS) and not _about(ts, k):
        return k + 1
    return 0


def _about(ts: list[Token], k: int) -> bool:
    """Whether the number is that of things talked about: "discuss 3 widgets"."""
    if any(ts[n].low in TOPICAL for n in range(max(0, k - 3), k)):
        return True
    n = k - 2
    while n > 0 and ts[n].low in ("at", "least", "most", "about", "min", "minimum"):
        n -= 1
    if n > 0 and ts[n].low in ("with", "w"):
        return ts[n - 1].low in _HOLDING
    return n >= 0 and ts[n].low in ("has", "having", "needs", "need", "have")  # what a room has


def _proper(ts: list[Token], k: int) -> bool:
    """A company's name before its people: "the two ACME guys"."""
    t = ts[k]
    if not t.text[0].isupper() or t.low in words.WEEKDAYS or t.low in words.MONTHS or t.low in words.UNIT:
        return False
    return ts[k + 1].low in roles.PLURAL and t.low not in words.POLITE and t.value is None


def person(ts: list[Token], k: int) -> bool:
    """Whether the word at k is somebody's name or office."""
    t = ts[k]
    if t.kind != "word" or t.value is not None or t.in_room:
        return False
    if t.low in words.GIVEN_NAMES or t.low in ("boss", "manager", "colleague", "lead", "mentor", "intern", "assistant"):
        return True
    return t.text[0].isupper() and not t.text.isupper() and person_like(t)


def dated(t: Token) -> bool:
    """Whether a word names a day, a month or a part of the day."""
    return t.low in words.WEEKDAYS or t.low in words.MONTHS or t.low in words.TODAY | words.TOMORROW or t.low in words.PARTS


def person_like(t: Token) -> bool:
    """Whether a word means nothing else here."""
    known = t.low in words.POLITE or t.low in subjects.SUBJECTS or t.low in words.WEEKDAYS or t.low in words.MONTHS
    known = known or t.low in words.TOMORROW or t.low in words.TODAY or t.low in words.PEOPLE_KINDS
    known = known or t.low in words.AMENITY_WORDS or t.low in words.VAGUE_TIME or t.low in words.PARTS
    return not known and not t.in_room
