"""Recognises what a room must have, what it need not have, and what no room can be searched for.

Kept out: which rooms have it.
"""

# ruff: noqa: SIM905
# ruff: noqa: PLR0911
# word lists read better as text; matchers return from the first form that fits

from __future__ import annotations

from collections.abc import Mapping

from handlers.sentence import words
from handlers.sentence.items import Item
from handlers.sentence.tokens import Token

_WITH = frozenset({"with", "w/", "w", "needs", "need", "needing", "plus", "has", "having", "include", "includes",
                   "including", "require", "requires", "requiring", "want", "wants", "featuring", "+", "&"})  # fmt: skip
_SOFT = frozenset(
    "coffee tea food drinks water breakfast snacks pizza stage camera recording hybrid zoom audio sound"
    " flip cameras sandwiches refreshments treadmill piano conferencing clicker laptop laptops dialin"
    " accessible accessibility windows window parking kitchen".split()
)  # only meant when asked for: "coffee chat" and "Windows migration" are subjects
_GENERAL = frozenset(
    "equipment gear amenities extras extra facilities requirements requirement setup kit technology tech frills"
    " hardware gadgets needs stuff preferences features feature bells anything else".split()
)
_NEEDED = frozenset({"needed", "necessary", "required", "wanted", "need", "nec"})
_DROPS = frozenset({"drop", "skip", "lose", "scrap", "ditch", "forget", "remove", "leave"})
_ARTICLES = frozenset({"a", "an", "the", "any", "some", "of"})
Synonyms = Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]


def synonyms(extra: frozenset[str], things: Mapping[str, str]) -> Synonyms:
    """Return {first word: ((words, amenity), ...)}, longest first, for the known amenities and the catalogue's own.

    `things` are the words for what can be borrowed, with what each asks for.
    """
    table = {**words.AMENITY_WORDS, **things}
    for name in extra:
        table.setdefault(name.lower(), name)
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for text, amenity in table.items():
        keys = tuple(text.replace("-", " ").split())
        found.setdefault(keys[0], []).append((keys, amenity))
    return {first: tuple(sorted(group, key=lambda pair: -len(pair[0]))) for first, group in found.items()}


class Equipment:
    """The amenity matcher for one catalogue."""

    def __init__(self, extra: frozenset[str], things: Mapping[str, str] | None = None) -> None:
        self.table = synonyms(extra, things or {})
        self.extra = extra - words.CANONICAL_AMENITIES
        self.things = frozenset((things or {}).values())

    def name(self, ts: list[Token], i: int) -> tuple[str, int] | None:
        """Return (amenity, next index) for an amenity named at token i."""
        for keys, amenity in self.table.get(ts[i].low, ()):
            j = i
            for n, key in enumerate(keys):
                j += n > 0 and ts[j].low == "-"
                if ts[j].low != key:
                    break
                j += 1
            else:
                return amenity, j
        low = ts[i].low
        if len(low) > 4 and low.endswith("s") and low[:-1] in self.table and ts[i].kind == "word":
            return next(((a, i + 1) for k, a in self.table[low[:-1]] if len(k) == 1), None)
        return None

    def match(self, ts: list[Token], i: int) -> Item | None:
        """Return an `amenity`, `unneeded`, `without` or `unmet` item at token i, or None."""
        return self._refused(ts, i) or self._not_but(ts, i) or self._named(ts, i) or self._unmet(ts, i)

    def _named(self, ts: list[Token], i: int) -> Item | None:
        first = i + _quantity(ts, i)
        found = self.name(ts, first)
        if found is None and (first := self._many(ts, i)):
            found = self.name(ts, first)
        if found is None or _subject(ts, i):
            return None
        amenity, j = found
        answered = _answer(ts, j)
        if answered:
            return Item("amenity", amenity, i, answered[1]) if answered[0] else Item("unneeded", (amenity,), i, answered[1])
        k = j + (ts[j].low in ("is", "are"))
        if ts[k].low in ("not", "isn't", "n't") and ts[k + 1].low in _NEEDED:
            return Item("unneeded", (amenity,), i, k + 2)
        number = ts[i].value if first > i else None
        return Item("amenity", amenity, i, j, note=str(number) if number else "")

    def _many(self, ts: list[Token], i: int) -> int:
        """The index behind "12" in "12 microphones", where these can be borrowed, else 0."""
        found = self.name(ts, i + 1) if (ts[i].value or 0) > 0 else None
        return i + 1 if found and found[0] in self.things and ts[found[1] - 1].low.endswith("s") else 0

    def _several(self, ts: list[Token], i: int) -> tuple[tuple[str, ...], int] | None:
        """Amenities in a row: "a projector or (a) whiteboard"."""
        found: list[str] = []
        j = i
        while True:
            k = j
            while ts[k].low in _ARTICLES or (found and ts[k].low in ("or", "and", ",", "/", "nor", "&")):
                k += 1
            named = self.name(ts, k)
            if named is None:
                return (tuple(found), j) if found else None
            found.append(named[0])
            j = named[1]

    def _refused(self, ts: list[Token], i: int) -> Item | None:
        """No projector needed, don't need a tv, without (a) screen, no whiteboard."""
        low = ts[i].low
        if low in _DROPS:
            named = self.name(ts, i + 1 + (ts[i + 1].low in _ARTICLES))
            return Item("unneeded", (named[0],), i, named[1], note="dropped") if named else None
        nothing = _nothing(ts, _dont_need(ts, i) or (i + 1 if low in ("no", "zero") else 0))
        if nothing:
            return Item("unneeded", (), i, nothing)
        j = _dont_need(ts, i)
        if j:
            several = self._several(ts, j)
            return Item("unneeded", several[0], i, several[1]) if several else None
        if low in ("no", "without", "sans", "minus") or (low == "w" and ts[i + 1].low == "/" and ts[i + 2].low == "o"):
            j = i + 3 if low == "w" else i + 1
            j += ts[j].low in ("needing", "using")
            several = self._several(ts, j)
            if several is None:
                return None
            names, k = several
            k += ts[k].low in ("is", "are")
            wanted = i > 0 and ts[i - 1].low in ("need", "needs", "require", "requires", "want", "needing", "requiring")
            if low == "no" and (wanted or ts[k].low in _NEEDED or tuple(names) == ("catering",)):
                return Item("unneeded", names, i, k + (ts[k].low in _NEEDED))
            return Item("without", names, i, k)
        return None

    def _not_but(self, ts: list[Token], i: int) -> Item | None:
        """Not a projector but a whiteboard."""
        several = self._several(ts, i + 1) if ts[i].low == "not" else None
        if several is None or ts[several[1] + (ts[several[1]].low == ",")].low not in ("but", "just", "only"):
            return None
        return Item("unneeded", several[0], i, several[1])

    def _unmet(self, ts: list[Token], i: int) -> Item | None:
        """Something a room might have that the catalogue does not know."""
        t = ts[i]
        if t.kind != "word" or t.low not in words.FACILITIES or t.low in self.table:
            return None
        if i and ts[i - 1].low in ("about", "regarding", "concerning"):
            return None
        asked = _asked(ts, i)
        if t.low in _SOFT and not asked:
            return None
        if t.low in ("ac", "av") and not (asked or t.text.isupper()):
            return None
        j = i + 1 + 2 * (t.low == "dial" and ts[i + 1].low == "-" and ts[i + 2].low == "in")
        while ts[j].low in words.FACILITIES or ts[j].low in ("chart", "charts", "conditioning", "in", "access", "light"):
            if ts[j].low == "in" and ts[j - 1].low != "dial":
                break
            j += 1
        return Item("unmet", " ".join(x.text for x in ts[i:j]), i, j)


def _answer(ts: list[Token], j: int) -> tuple[bool, int] | None:
    """(Wanted, next index) of the "yes" in "Projector: yes" and of the "n" in "whiteboard n,"."""
    signed = ts[j].low in (":", "=", "-") and not ts[j].line
    said = ts[j + signed]
    if said.kind != "word" or said.line or not (ts[j + signed + 1].kind in ("end", "punct") or ts[j + signed + 1].line):
        return None
    if ts[j + signed + 1].low in ("=", ":", "-", "/"):
        return None  # "whiteboard n=7"
    typed = said.text.lower()
    if typed in ("yes", "y", "required", "needed", "yep") and (signed or typed == "y"):
        return True, j + signed + 1
    if typed in ("no", "n", "none", "nope", "nah") and (signed or typed == "n"):
        return False, j + signed + 1
    return None


def _quantity(ts: list[Token], i: int) -> int:
    """Tokens of "1 x", "one" or "2" before a thing."""
    n = ts[i].value
    if n is None or not 1 <= n <= 4:
        return 0
    if ts[i + 1].low == "x":
        return 2
    led = i and ts[i - 1].low in ("at", "@", "from", "until", "till", "to", "-")
    plural = len(ts[i + 1].low) > 3 and ts[i + 1].low.endswith("s")
    return 0 if led or not (plural or ts[i].low == "one") else 1


def _asked(ts: list[Token], i: int) -> bool:
    k = i - 1
    while k > 0 and (ts[k].low in _ARTICLES or ts[k].low in ("good", "working", "natural", "big", "large")):
        k -= 1
    return k >= 0 and (ts[k].low in _WITH or (ts[k].low == "/" and k > 0 and ts[k - 1].low == "w"))


def _subject(ts: list[Token], i: int) -> bool:
    """Phone screens and phone interviews are subjects; so is screening."""
    if ts[i].low == "phone" and ts[i + 1].low in ("screen", "screening", "interview", "interviews", "screens"):
        return True
    return (
        ts[i].low in ("screen", "screens")
        and i > 0
        and ts[i - 1].low
        in ("phone", "tech", "technical", "recruiter", "quick", "initial", "short", "brief", "candidate", "hr")
    )


def _nothing(ts: list[Token], j: int) -> int:
    """The index behind "(no) special equipment needed", or 0."""
    if not j:
        return 0
    while ts[j].low in _ARTICLES or ts[j].low in (
        "special",
        "particular",
        "extra",
        "fancy",
        "tech",
        "technical",
        "av",
        "other",
    ):
        j += 1
    bare = ts[j - 1].low in ("tech", "technical", "av") and (ts[j].kind in ("end", "punct") or ts[j].line)
    if bare or (ts[j - 1].low == "av" and ts[j].low in _NEEDED):
        return j + (ts[j].low in _NEEDED)
    if ts[j].low not in _GENERAL:
        return 0
    j += 1
    while ts[j].low in ("and", "or", "/") and ts[j + 1].low in _GENERAL:
        j += 2
    j += ts[j].low in ("is", "are")
    return j + (ts[j].low in _NEEDED or ts[j].low == "please")


def _dont_need(ts: list[Token], i: int) -> int:
    """The index behind "don't need", "no need for", "needn't have", or 0."""
    low = ts[i].low
    if low in ("don't", "dont", "doesn't", "doesnt", "won't", "wont", "do", "does", "will", "not", "needn't", "needs"):
        j = i + 1
        if low in ("do", "does", "will", "needs"):
            if ts[j].low not in ("not", "no"):
                return 0
            if low == "needs" or ts[j].low == "no":
                return (j + 1) if low == "needs" else 0
            j += 1
        if ts[j].low in ("really", "actually", "even"):
            j += 1
        if low == "needn't" or ts[j].low in ("need", "require", "requiring", "needing"):
            j += low != "needn't"
            return j + (ts[j].low in ("to", "have"))
        return 0
    if low == "no" and ts[i + 1].low == "need":
        j = i + 2
        while ts[j].low in ("for", "to", "have", "of"):
            j += 1
        return j
    return 0
