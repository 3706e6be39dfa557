"""Rooms that were picked out of thousands, with what is the same for whoever looks at them: worked out once.

Kept out: picking them (`search`), what is held (`claims`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from uuid import UUID

from core.models import Room


class Selection(tuple[Room, ...]):  # noqa: SLOT001 - what is worked out is kept in its dictionary
    """Rooms of one catalogue in the order in which they are offered. `kinds` is the catalogue's to fill (`one_of_each`)."""

    kinds: Mapping[UUID, Room] | None = None

    @cached_property
    def liking(self) -> dict[UUID, Selection]:
        """Those of them that are most like a room, by its id: for `search` to fill."""
        return {}

    @classmethod
    def of(cls, rooms: Iterable[Room]) -> Selection:
        """Return the rooms as a selection: themselves where they are one."""
        return rooms if isinstance(rooms, cls) else cls(rooms)

    @cached_property
    def ids(self) -> frozenset[UUID]:
        """The rooms' ids."""
        return frozenset(room.id for room in self)

    @cached_property
    def divisible(self) -> tuple[Room, ...]:
        """Those that are booked by their parts."""
        return tuple(room for room in self if room.parts)

    @cached_property
    def buffered(self) -> bool:
        """Whether any of them is kept for longer than it is used."""
        return any(room.setup_minutes or room.teardown_minutes for room in self)
