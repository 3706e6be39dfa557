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
    _denials(xs)
    while True:
        at = next((k for k, x in enumerate(xs) if x.kind == "fix"), None)
        if at is None:
            return xs
        xs = _corrected(xs, at, draft)


_PASSED_OVER = frozenset({"filler", "sep"})


def _denials(xs: list[Item]) -> None:
    """ "2 pm no 3 pm" and "tomorrow uh no friday": a "no" between two things of a kind takes the first one back."""
    for k, x in enumerate(xs):
        if x.kind != "not" or str(x.value).lower() not in ("no", "nope", "nah"):
            continue
        before = next((y for y in reversed(xs[:k]) if y.kind not in _PASSED_OVER), None)
        after = next((y for y in xs[k + 1 :] if y.kind not in _PASSED_OVER and y.kind != "prep"), None)
        if before is None or after is None:
            continue
        same = family(before) == family(after) not in ("", "amenity")
        if same or (before.kind == "num" and after.kind in ("dur", "count")):
            x.kind, x.value = "fix", "hard"


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
        if kind == "room" and (withdrawn := _withdrawn(xs, k, j)):
            out |= set(range(k, j + 1)) | withdrawn
            continue
        if others and (j + 1 >= len(xs) or xs[j + 1].kind not in ("conn", "or")):
            out |= set(range(k, j + 1))
    return [x for k, x in enumerate(xs) if k not in out]


_INSTEAD = frozenset(
    [
        "something",
        "anything",
        "any",
        "other",
        "another",
        "different",
        "bigger",
        "larger",
        "smaller",
        "quieter",
        "else",
        "elsewhere",
        "space",
        "somewhere",
    ]
)


def _withdrawn(xs: list[Item], k: int, j: int) -> set[int]:
    """Where the room of "Zen at 11. No, not Zen, need more space" was named: the wish for it is gone, others follow."""
    same = {n for n, y in enumerate(xs) if y.kind == "room" and n != j}
    if not same or any(xs[n].value != xs[j].value for n in same) or min(same) > k:
        return set()
    wished = any(
        y.kind in ("count", "amenity", "floor", "building") or str(y.value).lower() in _INSTEAD for y in xs[j + 1 :]
    )
    return same if wished else set()


def _negated(xs: list[Item], n: int) -> bool:
    return n > 0 and (xs[n - 1].kind == "not" or (n > 1 and xs[n - 1].kind == "prep" and xs[n - 2].kind == "not"))


def _corrected(xs: list[Item], at: int, draft: Draft) -> list[Item]:
    before, after = xs[:at], xs[at + 1 :]
    upto = next((k for k, x in enumerate(after) if x.kind == "fix"), len(after))
    new = after[:upto]
    if xs[at].value == "um" and not _alike(before, new):
        return before + after
    _adopt(before, new, draft)
    _headcounts(before, new)
    replaced = {f for k, x in enumerate(new) if (f := family(x)) and not _mere_end(new, k)} & {
        f for x in before if (f := family(x))
    }
    if not before or not any(family(x) for x in before):
        return before + after
    if not replaced:
        if xs[at].value == "hard" and not any(family(x) for x in new):
            draft.refuse(Trouble.NOT_UNDERSTOOD, "You took something back, and I did not see what. Say it once more?")
        return before + after
    counts = "time" in replaced and not any(x.kind == "count" for x in new)
    for k, x in enumerate(before):
        if x.kind == "num" and k and before[k - 1].kind == "prep" and before[k - 1].value == "for" and counts:
            x.kind = "count"  # "for 4 at 10, no wait, 11" are still four
    kept = [x for k, x in enumerate(before) if family(x) not in replaced and not _belongs(before, k, replaced)]
    return kept + after


def _headcounts(before: list[Item], new: list[Item]) -> None:
    """In "for 4, sorry 5 people" the four were people too, in "for 30, no 45 minutes" the thirty were minutes."""
    kinds = {x.kind for x in new} & {"count", "dur"}
    if len(kinds) != 1:
        return
    for k, x in enumerate(before):
        kind = min(kinds)
        known = any(y.kind == kind for y in before) or (kind == "dur" and x.value < 5) if x.kind == "num" else True
        if not known and k and before[k - 1].kind == "prep" and before[k - 1].value == "for":
            x.kind = kind


def _alike(before: list[Item], new: list[Item]) -> bool:
    """Whether a hesitation stands between two things of a kind: "45 min, er, an hour"."""
    old = next((x for x in reversed(before) if x.kind not in _PASSED_OVER), None)
    first = next((x for x in new if x.kind not in _PASSED_OVER), None)
    return old is not None and first is not None and family(old) == family(first) != ""


def _belongs(before: list[Item], k: int, replaced: set[str]) -> bool:
    """Tell whether a preposition or dash at k only held what is replaced."""
    x = before[k]
    if x.kind not in ("prep", "conn"):
        return False
    following = next((y for y in before[k + 1 :] if y.kind not in ("filler", "sep")), None)
    return following is None or family(following) in replaced


def _mere_end(new: list[Item], k: int) -> bool:
    """Whether a corrected number is followed by the end of a meeting that began before: "2pm, make that 7, until 3"."""
    lead = next((y for y in reversed(new[:k]) if y.kind not in _PASSED_OVER), None)
    counted = any(y.kind == "count" for y in new[:k])
    return counted and family(new[k]) == "time" and lead is not None and lead.kind == "prep" and lead.value == "until"


def _people_told(before: list[Item]) -> bool:
    led = any(x.kind == "num" and k and before[k - 1].value == "for" for k, x in enumerate(before))
    return led or any(x.kind == "count" for x in before)


def _adopt(before: list[Item], new: list[Item], draft: Draft) -> None:
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
    elif old.kind == "clock" and old.value.explicit and _people_told(before) and first.value <= 60:
        rest = [x for x in new[new.index(first) + 1 :] if x.kind not in _PASSED_OVER | {"conn"}]
        if rest and rest[0].kind == "prep" and rest[0].value == "until":
            first.kind = "count"  # "5 seats thu 10am - sorry make that 7 - until 11"
        else:
            draft.refuse(Trouble.AMBIGUOUS, f"Is {first.value} the time or the number of people?")
    elif family(old) == "time" and 1 <= first.value <= 24:
        first.kind, first.value = "clock", Clock(first.value)
