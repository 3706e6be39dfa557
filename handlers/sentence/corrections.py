"""Applies what people take back: "tomorrow, no wait, thursday at 3" is a sentence about thursday.

Kept out: choices ("thursday or friday"), which nobody but the person can make.
"""

from __future__ import annotations

from handlers.sentence.draft import Draft
from handlers.sentence.items import Clock, Item
from handlers.sentence.model import Trouble

_TIMES = frozenset({"clock", "now", "rel", "num", "part"})
_FAMILIES: dict[str, str] = (
    dict.fromkeys(_TIMES, "time")
    | dict.fromkeys(("day", "vague", "every"), "day")
    | {"dur": "dur", "count": "count", "badcount": "count", "room": "room", "rooms": "room", "place": "place"}
    | {"city": "place", "floor": "floor", "building": "building", "title": "title", "amenity": "amenity"}
)


def family(item: Item) -> str:
    """Return what an item competes with: a time, a day, a length, a headcount, a room..."""
    return _FAMILIES.get(item.kind, "")


def apply(xs: list[Item], draft: Draft) -> list[Item]:
    """Return the items without what a correction replaced; a correction that replaces nothing is a problem."""
    xs = _ruled_out(xs)
    while True:
        at = next((k for k, x in enumerate(xs) if x.kind == "fix"), None)
        if at is None:
            return xs
        xs = _corrected(xs, at, draft)


def _ruled_out(xs: list[Item]) -> list[Item]:
    """Leave out "not dec 7" where the sentence says beside it what it should be: "dec 8 not dec 7"."""
    families = [family(x) for x in xs]
    out: set[int] = set()
    for k, x in enumerate(xs):
        j = k + 1
        if str(x.value).lower() in ("instead", "rather") and j < len(xs) and str(xs[j].value).lower() in ("of", "than"):
            j += 1
        elif x.kind != "not" or str(x.value).lower() != "not":
            continue
        while j < len(xs) and xs[j].kind == "prep" and xs[j].value in ("at", "on", "in", "for"):
            j += 1
        kind = family(xs[j]) if j < len(xs) else ""
        if j < len(xs) and xs[j].kind == "num" and any(y.kind == "count" for y in xs[:k]) and xs[k - 1].kind == "count":
            kind = "count"
        same = (n for n, other in enumerate(families) if kind and other == kind and n != j and n not in out)
        others = any(not _negated(xs, n) for n in same)
        if others and (j + 1 >= len(xs) or xs[j + 1].kind not in ("conn", "or")):
            out |= set(range(k, j + 1))
    return [x for k, x in enumerate(xs) if k not in out]


def _negated(xs: list[Item], n: int) -> bool:
    return n > 0 and (xs[n - 1].kind == "not" or (n > 1 and xs[n - 1].kind == "prep" and xs[n - 2].kind == "not"))


def _corrected(xs: list[Item], at: int, draft: Draft) -> list[Item]:
    before, after = xs[:at], xs[at + 1 :]
    upto = next((k for k, x in enumerate(after) if x.kind == "fix"), len(after))
    new = after[:upto]
    _adopt(before, new)
    _headcounts(before, new)
    replaced = {f for x in new if (f := family(x))} & {f for x in before if (f := family(x))}
    if not before or not any(family(x) for x in before):
        return before + after
    if not replaced:
        if xs[at].value == "hard" and not any(family(x) for x in new):
            draft.refuse(Trouble.NOT_UNDERSTOOD, "You took something back, and I did not see what. Say it once more?")
        return before + after
    kept = [x for k, x in enumerate(before) if family(x) not in replaced and not _belongs(before, k, replaced)]
    return kept + after


def _headcounts(before: list[Item], new: list[Item]) -> None:
    """In "for 4, sorry 5 people" the four were people too."""
    if not any(x.kind == "count" for x in new):
        return
    for k, x in enumerate(before):
        if x.kind == "num" and k and before[k - 1].kind == "prep" and before[k - 1].value == "for":
            x.kind = "count"


def _belongs(before: list[Item], k: int, replaced: set[str]) -> bool:
    """Tell whether a preposition or dash at k only held what is replaced."""
    x = before[k]
    if x.kind not in ("prep", "conn"):
        return False
    following = next((y for y in before[k + 1 :] if y.kind not in ("filler", "sep")), None)
    return following is None or family(following) in replaced


def _adopt(before: list[Item], new: list[Item]) -> None:
    """A bare number after a correction is what the last thing before it was: "for 6, actually 8"."""
    first = next((x for x in new if x.kind not in ("filler", "sep", "prep")), None)
    lead = next((x for x in new if x.kind not in ("filler", "sep")), None)
    if first is None or first.kind != "num" or (lead is not None and lead.kind == "prep"):
        return
    last = next((k for k in range(len(before) - 1, -1, -1) if family(before[k])), None)
    if last is None:
        return
    old = before[last]
    led_by_for = last > 0 and before[last - 1].kind == "prep" and before[last - 1].value == "for"
    if old.kind == "count" or (old.kind == "num" and led_by_for):
        first.kind = "count"
        if old.kind == "num":
            old.kind = "count"
    elif family(old) == "time" and 1 <= first.value <= 24:
        first.kind, first.value = "clock", Clock(first.value)
