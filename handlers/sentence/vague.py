"""Tells words of time and place that mean nothing where they stand: "it will last", "team building", "office hour".

Kept out: what they mean where they do.
"""

# ruff: noqa: SIM905
# word lists read better as text

from __future__ import annotations

from collections.abc import Callable, Mapping

from handlers.sentence import subjects, words
from handlers.sentence.items import Item
from handlers.sentence.tokens import Token

_AUXILIARY = frozenset("will should to would might may can it'll that'll could must shall".split())


_LAST_THINGS = frozenset("message messages email emails note mail request chat thread conversation call ask booking".split())


_SPANNING = frozenset("in of during over for on all until till through by before after any throughout within once".split())


_QUANTIFIERS = frozenset(
    "the a all any one every each some other which what next that this same half full whole another last first per"
    " work".split()
)


_NAMED_HOURS = frozenset("happy consultation rush power quiet study office".split())
_NAMED_DAYS = frozenset("assessment training open big moving pay".split())
_CREWS = frozenset("run watch crew shift team staff trip job care rate one".split())
_FIGURATIVE = frozenset(
    "skip entry senior junior high low mid exec executive board director c service sea stress team capacity relationship"
    " community trust skill consensus brand culture character bridge model app website".split()
)


def means_nothing(x: Item, tokens: list[Token]) -> bool:
    """Tell "it will last", "30 min each" and "team building" from words that leave a time or place open."""
    judge = _JUDGES.get(str(x.value).lower())
    return judge is not None and judge(tokens, x)


def _before(tokens: list[Token], x: Item) -> str:
    return tokens[x.i - 1].low if x.i else ""


def _hour(tokens: list[Token], x: Item) -> bool:
    """Office hour, consultation hours: hours with a name are meetings. "Hours 14.30" is a time."""
    lead = _before(tokens, x)
    if tokens[x.j].kind == "num" and lead not in words.NUMBERS:
        return True
    return lead in subjects.SUBJECTS or lead in _NAMED_HOURS


def _last(tokens: list[Token], x: Item) -> bool:
    """It will last; my last message; the last session."""
    after = tokens[x.j].low
    if str(x.value).lower() == "last" and _before(tokens, x) in _AUXILIARY:
        return True
    return after in _LAST_THINGS or (after in subjects.SUBJECTS and after != "call")


def _day(tokens: list[Token], x: Item) -> bool:
    """Day crew, training day, cleanup day Dec 5; "that day" where a day is named."""
    lead, after = _before(tokens, x), tokens[x.j]
    if after.low in _CREWS:
        return True
    if lead in ("that", "same"):
        return any(t.low in words.WEEKDAYS or t.low in words.MONTHS for t in tokens)
    if lead in subjects.SUBJECTS or lead in _NAMED_DAYS:
        return True
    dated = after.low in words.MONTHS or after.low in words.WEEKDAYS or after.kind == "num"
    return dated and x.i > 0 and tokens[x.i - 1].kind == "word" and lead not in _QUANTIFIERS


def _stretch(tokens: list[Token], x: Item) -> bool:
    """To close the month; but not "in the month" and "the week of Dec 7"."""
    if _before(tokens, x) not in ("the", "a", "our") or tokens[x.j].low in (
        "of",
        "after",
        "before",
        "starting",
        "beginning",
    ):
        return False
    return x.i > 1 and tokens[x.i - 2].low not in _SPANNING


def _each(tokens: list[Token], x: Item) -> bool:
    """30 min each."""
    lead = _before(tokens, x)
    return lead in words.UNIT or lead in words.PEOPLE or tokens[x.j].low in ("side", "other", "party", "person", "of")


def _double(tokens: list[Token], x: Item) -> bool:
    """Double-click; but not "double room"."""
    return tokens[x.j].low not in ("room", "rooms", "booking", "book", "the", "slot", "time", "length")


def _level(tokens: list[Token], x: Item) -> bool:
    """Level-set, skip level, team building."""
    after = tokens[x.j]
    if str(x.value).lower() == "level" and after.low in subjects.SUBJECTS:
        return True
    if str(x.value).lower() == "level" and (after.low in ("set", "up", "best") or (after.low == "-" and not after.space)):
        return True
    return _before(tokens, x) in _FIGURATIVE and after.kind != "num"


def _near(tokens: list[Token], x: Item) -> bool:
    """Near-miss review."""
    return tokens[x.j].low == "-" or tokens[x.j].low in ("miss", "term", "misses", "field", "shore")


def _more(tokens: list[Token], x: Item) -> bool:
    """We need more space."""
    return tokens[x.j].low in ("space", "room", "privacy", "quiet", "light", "comfort", "table", "seats", "chairs", "detail")


def _latest(tokens: list[Token], x: Item) -> bool:
    """Until 11:30 latest; the latest figures."""
    lead = tokens[x.i - 1] if x.i else None
    timed = lead is not None and (lead.kind == "num" or lead.low in ("am", "pm", "m", "noon", "hour", "minutes", "min"))
    return timed or (tokens[x.j].kind == "word" and tokens[x.j].low not in ("by", "at", "until"))


def _night(tokens: list[Token], x: Item) -> bool:
    """Night shift."""
    return tokens[x.j].low in _CREWS


def _both(tokens: list[Token], x: Item) -> bool:
    """Both parties, both sides; but not "both rooms"."""
    return tokens[x.j].low.removesuffix("'") in ("parties", "sides", "teams", "parents", "companies", "firms", "partners")


_JUDGES: Mapping[str, Callable[[list[Token], Item], bool]] = (
    dict.fromkeys(("hour", "hours", "hrs"), _hour)
    | dict.fromkeys(("last", "previous", "past"), _last)
    | dict.fromkeys(("month", "week", "year", "quarter"), _stretch)
    | {"near": _near, "more": _more, "latest": _latest}
    | {"both": _both, "day": _day, "night": _night, "each": _each, "double": _double, "level": _level, "building": _level}
)

__all__ = ["means_nothing"]
