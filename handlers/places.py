"""Somebody's places in line, with what a list of them says: how many stand before each, and where it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.models import Location
from core.notices import Waiting
from handlers.services import Desk


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Places in line, those for which something is held first; `locations` lacks those that may be anywhere."""

    waiting: Sequence[Waiting]
    ahead: Mapping[UUID, int]
    locations: Mapping[UUID, Location]


async def places_in_line(desk: Desk) -> Places:
    """Return the person's places in line."""
    now = desk.services.clock.now()
    waiting = await desk.services.line.mine(desk.actor)
    # An offer whose time is over holds nothing, whether or not a job has come to end it.
    current = [
        one for one in waiting if one.offer_expires_at is None or one.status != "offered" or now < one.offer_expires_at
    ]
    found = sorted(current, key=lambda place: place.status != "offered")
    known = {place.id: where for place in found if (where := location_of(place, desk))}
    return Places(waiting=found, ahead=await desk.services.line.ahead(found), locations=known)


def location_of(place: Waiting, desk: Desk) -> Location | None:
    """Return where somebody waits for a room; None where it may be anywhere."""
    room = place.offered_room or place.room
    return desk.catalogue.place_of(room) if room else place.location
