"""Tells numbers that are part of what people meet for: "inverter gen 3", "Riesling 2025", "ISO 9001 audit", "one review".

Kept out: numbers that could still be a time, a length or a headcount, which are asked about (see leftovers.py).
"""

from __future__ import annotations

from handlers.sentence import subjects, words
from handlers.sentence.draft import Draft
from handlers.sentence.items import Item
from handlers.sentence.tokens import Token

_BOUNDING = frozenset({"under", "over", "above", "below", "than", "beyond", "plus", "minus", "till", "until", "fewer"})
_NO_COUNT = 500  # more than any room seats, and than minutes that anybody says


def of_a_name(x: Item, draft: Draft, tokens: list[Token]) -> bool:
    """Whether a number, the time being known, is part of what people meet for: "gen 3", "Riesling 2025", "one review"."""
    t, before, after = tokens[x.i], tokens[x.i - 1], tokens[x.j]
    if t.value == 1 and t.kind == "word":
        return after.kind == "word" or before.low in ("have", "got", "has", "spare", "find", "use", "available", "you")
    if draft.attendees is not None and after.low in ("per", "each", "sides", "parties", "teams", "groups", "tables"):
        return True
    if not x.i or before.kind != "word" or x.note == "for":
        return False
    if (t.value or 0) >= _NO_COUNT or _named_with_a_number(before, after):
        return True
    settled = draft.attendees is not None and (draft.end is not None or draft.minutes is not None)
    nothing = before.low in words.POLITE or before.low in words.PEOPLE or before.low in words.UNIT or before.in_room
    nothing = nothing or before.low in _BOUNDING or len(before.low) < 3 or before.low.endswith("ing")
    strange = not nothing and before.low not in subjects.SUBJECTS and before.low not in words.NUMBERS
    strange = strange and before.low not in words.WEEKDAYS and before.low not in words.MONTHS
    if draft.every is not None or (after.low == "." and tokens[x.j + 1].kind == "num"):
        return False
    closed = after.kind in ("end", "punct") or after.line or after.low in subjects.SUBJECTS
    return closed and (strange or (settled and before.low in subjects.SUBJECTS)) and after.low not in (":", "-", "/", "+")


def _named_with_a_number(before: Token, after: Token) -> bool:
    """Windows 11 rollout, ISO 9001 audit, iPhone 17 launch: what people meet about has a number in its name."""
    capital = before.kind == "word" and before.text != before.text.lower() and len(before.text) > 1 and not before.in_room
    meant = before.low in words.WEEKDAYS or before.low in words.MONTHS or before.low in words.PARTS
    meant = meant or before.low in words.PEOPLE or before.low in words.TODAY | words.TOMORROW or before.low in words.POLITE
    return capital and not meant and after.kind == "word" and after.low in subjects.SUBJECTS


__all__ = ["of_a_name"]
