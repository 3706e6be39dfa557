"""Knows the days that have a name and a date that never moves: "christmas eve", "new year's day", "halloween".

Kept out: feasts whose date moves, or differs between countries: nobody is told a date that may be another.
"""

from __future__ import annotations

from dataclasses import dataclass

from handlers.sentence.items import Day
from handlers.sentence.tokens import Token

_CHRISTMAS = frozenset({"christmas", "xmas"})
_DAYS: dict[tuple[str, ...], tuple[str, int, int]] = {
    ("christmas", "eve"): ("Christmas Eve", 12, 24),
    ("christmas", "day"): ("Christmas", 12, 25),
    ("christmas",): ("Christmas", 12, 25),
    ("boxing", "day"): ("Boxing Day", 12, 26),
    ("new", "year's", "eve"): ("New Year's Eve", 12, 31),
    ("new", "years", "eve"): ("New Year's Eve", 12, 31),
    ("nye",): ("New Year's Eve", 12, 31),
    ("new", "year's", "day"): ("New Year's Day", 1, 1),
    ("new", "years", "day"): ("New Year's Day", 1, 1),
    ("new", "year's"): ("New Year", 1, 1),
    ("new", "years"): ("New Year", 1, 1),
    ("new", "year"): ("New Year", 1, 1),
    ("halloween",): ("Halloween", 10, 31),
}
_LONGEST_FIRST = sorted(_DAYS, key=len, reverse=True)
# Nobody who plans until one of these means to meet on it.
_OFF = frozenset({"Christmas", "New Year", "New Year's Day"})
# Behind a name these make it a stretch of days.
_STRETCHES = frozenset("holiday holidays break week time season period vacation vacations shutdown".split())  # noqa: SIM905
_AROUND = frozenset({"over", "during", "around"})


@dataclass(frozen=True, slots=True)
class Named:
    """A day with a name, in tokens up to `j`; `off` says that a series which runs until it ends before it."""

    name: str
    month: int
    day: int
    j: int

    @property
    def off(self) -> bool:
        """Whether nobody works that day."""
        return self.name in _OFF

    def as_day(self) -> Day:
        """Return it as a date of the next year that comes."""
        return Day("date", day=self.day, month=self.month)


def match(ts: list[Token], i: int) -> Named | None:
    """Return the named day at token i, an article passed over, or None."""
    if i and ts[i - 1].low in _AROUND:
        return None
    i += ts[i].low == "the"
    for phrase in _LONGEST_FIRST:
        j = i + len(phrase)
        if all(_same(ts[i + n].low, word) for n, word in enumerate(phrase)) and ts[j].low not in _STRETCHES:
            return Named(*_DAYS[phrase], j=j)
    return None


def _same(low: str, word: str) -> bool:
    return low == word or (word == "christmas" and low in _CHRISTMAS)


__all__ = ["Named", "match"]
