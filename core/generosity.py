"""Which of several groups' rules holds for somebody who is in all of them: of each, the most generous.

Rules are as the catalogue keeps them, by their columns' names. Kept out: which scope wins (`catalogue`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.models import Opening


def most_generous(rules: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return of every rule that any of them sets the value that leaves people most freedom."""
    names = dict.fromkeys(name for one in rules for name in one)
    return {name: _CHOICE[name]([one[name] for one in rules if name in one]) for name in names}


def _widest(weeks: Sequence[tuple[Opening, ...]]) -> tuple[Opening, ...]:
    """Return of each weekday the longest hours."""
    return tuple(max(days, key=lambda day: (day.closes - day.opens, -day.opens)) for days in zip(*weeks, strict=True))


def _latest(cutoffs: Sequence[Any]) -> Any:  # noqa: ANN401 - a time, or None for none
    return None if None in cutoffs else max(cutoffs)


_CHOICE: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "opening": _widest,
    "shortest_minutes": min,
    "longest_minutes": max,
    "horizon_days": max,
    "cutoff_from": _latest,
    "guests_may_book": any,
    "notice_minutes": min,
    "cancel_notice_minutes": min,
    "one_at_a_time": all,
    "approval": all,
    "approval_hours": max,
    "holidays_closed": all,
}
# What can be set for a group; the rest is of rooms, whoever books them.
FOR_GROUPS = frozenset({*_CHOICE, "cutoff_on"})
