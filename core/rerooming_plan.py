"""Which room each of many meetings gets when their own closes: as many as can be placed, then the least change. Pure.

Meetings that never compete are planned apart. Where few compete, every way is looked at; where many do, a good plan is
made quickly and improved as long as the budget lasts. Kept out: what is free and what suits (`rerooming`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from core.models import Slot

# Ways looked at for meetings that compete; more than enough for a dozen of them.
BUDGET = 30_000
# How many others may have to make way for one.
DEPTH = 3
# Of more meetings than this that all compete, looking at every way would see too few to be worth it.
LARGEST = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A room that would do for a meeting and is free: what of it is held, how long, and how much it changes."""

    room_id: UUID
    leaves: tuple[UUID, ...]
    held: Slot
    cost: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Meeting:
    """A meeting with its choices, in any order."""

    id: UUID
    choices: tuple[Choice, ...]


Placed = dict[UUID, Choice]


def assigned(meetings: Sequence[Meeting], *, budget: int = BUDGET) -> Placed:
    """Return the choice of each meeting that gets one; those left out find none."""
    placed: Placed = {}
    for group in _groups([one for one in meetings if one.choices]):
        placed |= _Search(group, budget).best()
    return placed


def collide(one: Choice, other: Choice) -> bool:
    """Tell whether two choices want the same room, or part of it, at the same time."""
    return one.held.overlaps(other.held) and not set(one.leaves).isdisjoint(other.leaves)


def _groups(meetings: Sequence[Meeting]) -> list[list[Meeting]]:
    """Return the meetings in groups, of which no two can ever stand in each other's way."""
    leader = list(range(len(meetings)))

    def lead(number: int) -> int:
        while leader[number] != number:
            leader[number] = leader[leader[number]]
            number = leader[number]
        return number

    wanted: dict[UUID, list[tuple[Slot, int]]] = defaultdict(list)
    for number, meeting in enumerate(meetings):
        for choice in meeting.choices:
            for leaf in choice.leaves:
                wanted[leaf].append((choice.held, number))
    for spans in wanted.values():
        spans.sort(key=lambda one: one[0].start)
        latest, holder = None, -1
        for span, number in spans:
            if latest is not None and span.start < latest:
                leader[lead(number)] = lead(holder)
            if latest is None or span.end > latest:
                latest, holder = span.end, number
    groups: dict[int, list[Meeting]] = defaultdict(list)
    for number, meeting in enumerate(meetings):
        groups[lead(number)].append(meeting)
    return list(groups.values())


@dataclass(kw_only=True, slots=True)
class _Best:
    placed: Placed = field(default_factory=dict)
    cost: int = 0

    def beaten_by(self, count: int, cost: int) -> bool:
        return (count, -cost) > (len(self.placed), -self.cost)


class _Search:
    """The search through one group's ways."""

    def __init__(self, group: Sequence[Meeting], budget: int) -> None:
        # Who can least choose chooses first; each begins with what changes least.
        cheap = [Meeting(id=one.id, choices=tuple(sorted(one.choices, key=lambda c: (c.cost, c.room_id)))) for one in group]
        self._group = sorted(cheap, key=lambda one: (len(one.choices), one.choices[0].held.start, one.id))
        # The least that the meetings from a number on can cost.
        self._least = [0] * (len(cheap) + 1)
        for number in range(len(cheap) - 1, -1, -1):
            self._least[number] = self._least[number + 1] + self._group[number].choices[0].cost
        self._budget = budget
        quick = self._quick()
        self._best = _Best(placed=quick, cost=sum(choice.cost for choice in quick.values()))

    def best(self) -> Placed:
        """Return the best that was found."""
        if len(self._group) <= LARGEST:
            self._try(0, {}, 0)
        return self._best.placed

    def _try(self, number: int, placed: Placed, cost: int) -> None:
        self._budget -= 1
        left = len(self._group) - number
        if self._budget < 0 or not self._best.beaten_by(len(placed) + left, cost + self._cheapest(number, placed)):
            return
        if not left:
            self._best = _Best(placed=dict(placed), cost=cost)
            return
        meeting = self._group[number]
        for choice in meeting.choices:
            if not _in_the_way(choice, placed):
                placed[meeting.id] = choice
                self._try(number + 1, placed, cost + choice.cost)
                del placed[meeting.id]
        # Without this one.
        if len(placed) + left - 1 >= len(self._best.placed):
            self._try(number + 1, placed, cost)

    def _cheapest(self, number: int, placed: Placed) -> int:
        """Return the least that the rest can cost, if all of it is needed to beat the best; else nothing is known."""
        needed = len(self._best.placed) - len(placed)
        return self._least[number] if needed >= len(self._group) - number else 0

    def _quick(self) -> Placed:
        """Return a plan made in one pass, in which some make way for others."""
        placed: Placed = {}
        for meeting in self._group:
            self._place(meeting, placed, DEPTH, frozenset())
        return placed

    def _place(self, meeting: Meeting, placed: Placed, depth: int, fixed: frozenset[UUID]) -> bool:
        for choice in meeting.choices:
            if not _in_the_way(choice, placed):
                placed[meeting.id] = choice
                return True
        if not depth:
            return False
        known = {one.id: one for one in self._group}
        for choice in meeting.choices:
            rivals = _in_the_way(choice, placed)
            if len(rivals) != 1 or rivals[0] in fixed:
                continue
            moved = placed.pop(rivals[0])
            placed[meeting.id] = choice
            if self._place(known[rivals[0]], placed, depth - 1, fixed | {meeting.id}):
                return True
            del placed[meeting.id]
            placed[rivals[0]] = moved
        return False


def _in_the_way(choice: Choice, placed: Placed) -> list[UUID]:
    return [other for other, taken in placed.items() if collide(choice, taken)]


def total(placed: Iterable[Choice]) -> int:
    """Return what choices change together."""
    return sum(choice.cost for choice in placed)
