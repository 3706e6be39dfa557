"""How much of each piece of equipment is left at the time that a form holds.

Kept out: how it is said (`views.fields`), and lending it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from uuid import UUID

from core.errors import BookingError
from handlers import filled
from handlers.filled import Filled
from handlers.services import Desk

NOTHING: Mapping[UUID, int] = MappingProxyType({})


async def left_for(content: Filled, desk: Desk, *, but: UUID | None = None) -> Mapping[UUID, int]:
    """Return how many are left by id, a booking `but` left out; nothing where none is asked for or no time is set."""
    lends = any(one.active and one.location_id == content.place for one in desk.catalogue.equipment)
    if not lends or not content.unfolded or content.day is None or content.at is None or content.minutes is None:
        return NOTHING
    # A time that is none, or comes twice, is told of when the form is sent.
    with suppress(BookingError):
        slot = filled.slot(content, desk.catalogue.location(content.place))
        there = await desk.services.equipments.available(content.place, slot, but=but)
        return {one.equipment.id: one.left for one in there}
    return NOTHING
