"""Which rooms take the place of those of a booking that cannot be had: each a right-sized one, none of them twice. Pure.

Kept out: who holds a room when, and which rules stand against it: both are asked by what is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from uuid import UUID

from core.models import Room
from core.search import unlikeness


def stand_in(
    rooms: Sequence[Room],
    in_the_way: Collection[UUID],
    candidates: Iterable[Room],
    *,
    attendees_count: int,
    amenities: frozenset[str] = frozenset(),
    allowed: Callable[[Room], bool] = lambda _: True,
) -> tuple[Room, ...] | None:
    """Return the rooms with others for those `in_the_way`, in their places; None where that cannot be.

    `candidates` are free then; one counts where it is `allowed`, shares no space with the other rooms, and leaves seats and
    amenities enough for all of them together. Of those the one most like the room that it stands in for is taken.
    """
    there = list(rooms)
    possible = [room for room in candidates if room.id not in {one.id for one in rooms}]
    for place, room in enumerate(rooms):
        if room.id not in in_the_way:
            continue
        others = [one for number, one in enumerate(there) if number != place]
        space = {leaf for one in others for leaf in one.leaves}
        seats = attendees_count - sum(one.capacity for one in others)
        lacking = amenities - frozenset().union(*(one.amenities for one in others))
        fitting = (
            one
            for one in sorted(possible, key=lambda one: unlikeness(one, room))
            if one.capacity >= seats and lacking <= one.amenities and space.isdisjoint(one.leaves)
        )
        found = next((one for one in fitting if allowed(one)), None)
        if found is None:
            return None
        there[place] = found
        possible.remove(found)
    return tuple(there)
