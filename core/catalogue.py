"""Rooms, locations and their rules as one value, kept in the process for some seconds.

Booking does not rest on it: seats and activity are checked again by the database. One load serves everybody who waits.
Kept out: changing rooms (`rooms`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from functools import cached_property
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

from core.db import Database, ReadSession
from core.errors import EquipmentNotFound, LocationNotFound, RoomNotFound
from core.models import CheckIn, Equipment, Location, Opening, Policy, Room

T = TypeVar("T")

FRESH_SECONDS = 5.0
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_ROOMS = """
SELECT r.id, r.location_id, r.name, r.capacity, r.floor, r.setup_minutes, r.teardown_minutes, r.active, r.version,
    r.photo, coalesce(array_agg(a.name) FILTER (WHERE a.name IS NOT NULL), '{}') AS amenities,
    ARRAY(SELECT p.part_id FROM room_parts p WHERE p.tenant_id = r.tenant_id AND p.whole_id = r.id) AS parts
FROM rooms r LEFT JOIN room_amenities a ON a.tenant_id = r.tenant_id AND a.room_id = r.id
WHERE r.tenant_id = $1 GROUP BY r.tenant_id, r.id ORDER BY lower(r.name), r.id
"""
_LOCATIONS = "SELECT id, name, zone, active FROM locations WHERE tenant_id = $1 ORDER BY lower(name)"
_EQUIPMENT = (
    "SELECT id, name, location_id, quantity, active, version FROM equipment WHERE tenant_id = $1 ORDER BY lower(name)"
)
_POLICIES = """
SELECT location_id, room_id, opening, shortest_minutes, longest_minutes, horizon_days, cutoff_on, cutoff_from,
    guests_may_book, check_in, check_in_opens_minutes, check_in_grace_minutes, check_in_longest_minutes,
    check_in_notice_minutes
FROM policies WHERE tenant_id = $1 AND group_id IS NULL
"""


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All rooms and locations of the workspace. `rules` holds what is set at each scope's id (None: the workspace)."""

    rooms: tuple[Room, ...] = ()
    locations: tuple[Location, ...] = ()
    rules: Mapping[UUID | None, Mapping[str, Any]] = field(default_factory=dict)
    equipment: tuple[Equipment, ...] = ()
    _rooms_by_id: Mapping[UUID, Room] = field(init=False, repr=False, compare=False)
    _locations_by_id: Mapping[UUID, Location] = field(init=False, repr=False, compare=False)
    _policies: dict[UUID, Policy] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rooms_by_id", {room.id: room for room in self.rooms})
        object.__setattr__(self, "_locations_by_id", {place.id: place for place in self.locations})

    @cached_property
    def bookable(self) -> tuple[Room, ...]:
        """Rooms that are in use, at locations that are."""
        return tuple(room for room in self.rooms if room.active and self.place_of(room).active)

    @cached_property
    def by_size(self) -> tuple[Room, ...]:
        """Rooms that are in use, the smallest first, by name where they are alike."""
        return tuple(sorted(self.bookable, key=lambda room: (room.capacity, room.name.casefold(), room.id)))

    @cached_property
    def amenities(self) -> frozenset[str]:
        """Every amenity that some room in use has."""
        return frozenset(name for room in self.bookable for name in room.amenities)

    def room(self, room_id: UUID) -> Room:
        """Return the room, or raise RoomNotFound."""
        if room := self._rooms_by_id.get(room_id):
            return room
        raise RoomNotFound("That room does not exist any more.")

    def location(self, location_id: UUID) -> Location:
        """Return the location, or raise LocationNotFound."""
        if place := self._locations_by_id.get(location_id):
            return place
        raise LocationNotFound("That location does not exist any more.")

    def thing(self, equipment_id: UUID) -> Equipment:
        """Return a piece of equipment, or raise EquipmentNotFound."""
        for one in self.equipment:
            if one.id == equipment_id:
                return one
        raise EquipmentNotFound("That equipment does not exist any more.")

    def place_of(self, room: Room) -> Location:
        """Return the room's location."""
        return self.location(room.location_id)

    def policy(self, room: Room) -> Policy:
        """Return the rules in force for the room: the nearest scope that sets one wins."""
        # Rooms without rules of their own share their location's, as one value.
        nearest = room.id if room.id in self.rules else room.location_id
        if nearest not in self._policies:
            self._policies[nearest] = _nearest(self.rules.get(scope, {}) for scope in (None, room.location_id, room.id))
        return self._policies[nearest]

    def rooms_at(self, location_id: UUID | None) -> tuple[Room, ...]:
        """Return the rooms in use at the location, or everywhere."""
        return tuple(r for r in self.bookable if location_id is None or r.location_id == location_id)


_CHECK_IN = {f"check_in_{name}_minutes": name for name in ("opens", "grace", "longest", "notice")}


def _nearest(scopes: Iterable[Mapping[str, Any]]) -> Policy:
    merged: dict[str, Any] = {}
    for scope in scopes:
        merged |= scope
    minutes = {name: merged.pop(column) for column, name in _CHECK_IN.items() if column in merged}
    wanted = merged.pop("check_in", False)
    return replace(Policy(), **merged, check_in=CheckIn(**minutes) if wanted else None)


def opening_from(stored: Mapping[str, Any]) -> tuple[Opening, ...]:
    """Return a week from `{"mon": ["08:00", "18:00"], ...}`; a weekday that is absent is closed."""
    return tuple(_opening(stored.get(day)) for day in WEEKDAYS)


def _opening(hours: Any) -> Opening:  # noqa: ANN401 - what stands in the JSON of the database
    if not hours:
        return Opening(opens=0, closes=0)
    opens, closes = (int(text[:2]) * 60 + int(text[3:5]) for text in hours)
    return Opening(opens=opens, closes=closes)


def _rules(row: Mapping[str, Any]) -> dict[str, Any]:
    plain = ("shortest_minutes", "longest_minutes", "horizon_days", "guests_may_book", "check_in", *_CHECK_IN)
    rules = {name: row[name] for name in plain if row[name] is not None}
    if row["opening"] is not None:
        rules["opening"] = opening_from(row["opening"])
    if row["cutoff_on"] is not None:
        rules["cutoff_from"] = (row["cutoff_from"] or time(17)) if row["cutoff_on"] else None
    return rules


async def load(session: ReadSession) -> Catalogue:
    """Read the whole catalogue."""
    locations = [Location(**row) for row in await session.all(_LOCATIONS, session.tenant)]
    rooms = [
        Room(**{**row, "amenities": frozenset(row["amenities"]), "parts": frozenset(row["parts"])})
        for row in await session.all(_ROOMS, session.tenant)
    ]
    equipment = [Equipment(**row) for row in await session.all(_EQUIPMENT, session.tenant)]
    policies = await session.all(_POLICIES, session.tenant)
    rules = {row["room_id"] or row["location_id"]: _rules(row) for row in policies}
    return Catalogue(rooms=tuple(rooms), locations=tuple(locations), rules=rules, equipment=tuple(equipment))


class Catalogues:
    """Gives out the catalogue, read again when it is older than `fresh_seconds`."""

    def __init__(self, db: Database, *, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._db = db
        self._fresh_seconds = fresh_seconds
        self._held: Catalogue | None = None
        self._loaded_at = 0.0
        self._loading: asyncio.Task[Catalogue] | None = None

    async def current(self) -> Catalogue:
        """Return the catalogue, at most `fresh_seconds` old."""
        if self._held is not None and monotonic() - self._loaded_at < self._fresh_seconds:
            return self._held
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
        # Shielded: one impatient asker must not end the load for the others.
        return await asyncio.shield(self._loading)

    async def using(self, work: Callable[[Catalogue], Awaitable[T]]) -> T:
        """Run `work` with the catalogue, and once more with a new one where it met a room or place that is younger.

        For what nobody asked for: a person who names a room that does not exist is told so at once.
        """
        try:
            return await work(await self.current())
        except (RoomNotFound, LocationNotFound):
            self.forget()
            return await work(await self.current())

    def forget(self) -> None:
        """Read again at the next call; whoever changes rooms or rules calls it."""
        self._held = None
        self._loading = None

    async def _load(self) -> Catalogue:
        began = monotonic()
        task = asyncio.current_task()
        try:
            catalogue = await self._db.read(load)
            if self._loading is task:  # not forgotten meanwhile
                self._held, self._loaded_at = catalogue, began
            return catalogue
        finally:
            if self._loading is task:
                self._loading = None
