"""Changing the catalogue: rooms and locations from a file, and the rules that hold for them.

Whoever changes a room takes it FOR UPDATE first: no booking can then slip in behind the look at its seats.
"""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar, Unpack
from uuid import UUID

from core import changes, places, policies
from core.catalogue import Catalogue, Catalogues, load
from core.changes import Changed
from core.db import Database, ReadSession, WriteSession
from core.errors import InvalidPolicy
from core.ids import new_id
from core.models import Actor, Keep, Location, Room
from core.policies import Rules, Scoped
from core.roomfile import COLUMNS, Problem, RoomRow, decoded, parse_csv, problems_of, refuse

__all__ = ["ImportReport", "RoomRow", "Rooms", "Rules", "Scoped", "decoded", "parse_csv"]

T = TypeVar("T")
Progress = Callable[[int, int], None]

# Rows in one statement: few enough that none of them takes long, many enough that the round trips do not count.
BATCH = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportReport:
    """What an import did, or would do: numbers of rooms, and of locations that were new.

    `closed` rooms go out of use, `bookings_affected` stand in them.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    locations_created: int = 0
    closed: int = 0
    bookings_affected: int = 0


@dataclass(kw_only=True)
class _Plan:
    """What an import is going to write."""

    new_locations: list[Location] = field(default_factory=list)
    moved_locations: list[Location] = field(default_factory=list)
    created: list[Room] = field(default_factory=list)
    updated: list[Room] = field(default_factory=list)
    unchanged: int = 0
    before: dict[UUID, Room | Location] = field(default_factory=dict)
    bookings_affected: int = 0
    shrinking: dict[UUID, RoomRow] = field(default_factory=dict)
    moving: dict[UUID, RoomRow] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def report(self) -> ImportReport:
        """Count it."""
        return ImportReport(
            created=len(self.created),
            updated=len(self.updated),
            unchanged=self.unchanged,
            locations_created=len(self.new_locations),
            closed=len(self.closing),
            bookings_affected=self.bookings_affected,
        )

    @property
    def closing(self) -> list[UUID]:
        """The rooms that go out of use."""
        return [room.id for room in self.updated if not room.active and getattr(self.before[room.id], "active", False)]

    def changed(self) -> list[Changed]:
        """Return what the audit says of it."""
        done: list[Changed] = []
        for place in (*self.new_locations, *self.moved_locations):
            old = self.before.get(place.id)
            before = places.of_location(old) if isinstance(old, Location) else None
            done.append(_as_changed("location", place.id, place.name, before, places.of_location(place)))
        for room in (*self.created, *self.updated):
            old = self.before.get(room.id)
            before = places.of_room(old) if isinstance(old, Room) else None
            done.append(_as_changed("room", room.id, room.name, before, places.of_room(room)))
        return done


class _RehearsedError(Exception):
    """A dry run went well; rolls it back."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report


class Rooms:
    """Imports rooms and sets rules."""

    def __init__(self, db: Database, catalogues: Catalogues) -> None:
        self._db = db
        self._catalogues = catalogues

    async def import_rows(
        self, rows: Sequence[RoomRow], *, dry_run: bool = False, progress: Progress | None = None, by: Actor | None = None
    ) -> ImportReport:
        """Create or change the rooms, all of them or none; the location and the name say which room a row is.

        `dry_run` does the same and takes it back. `progress` is called with (rows done, rows in all). `by` None is the
        command line. Raises InvalidImport that names every line at fault, NotAllowed.
        """
        places.admins_only(by)
        numbered = [row if row.line else replace(row, line=number) for number, row in enumerate(rows, start=1)]
        refuse(problems_of(numbered))

        async def work(session: WriteSession) -> ImportReport:
            # One import at a time; bookings go on.
            await session.run(
                "SELECT pg_advisory_xact_lock(hashtextextended('import rooms ' || $1, 0))", str(session.tenant)
            )
            plan = _planned(numbered, await load(session))
            await _judge(session, plan)
            refuse(plan.problems)
            await _carry_out(session, plan, len(numbered), progress)
            await changes.note_many(session, plan.changed(), by=by)
            if dry_run:
                raise _RehearsedError(plan.report())
            return plan.report()

        try:
            return await self._changing(work)
        except _RehearsedError as rehearsed:
            return rehearsed.report

    async def export(self) -> str:
        """Return every room as CSV text that `parse_csv` reads again; what a spreadsheet takes for a formula is as it is."""
        # Answers say since when they hold, by the catalogue: a copy may not have come as far as that.
        catalogue = await self._db.read_here(load)
        page = io.StringIO()
        writer = csv.DictWriter(page, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(_cells(catalogue, room) for room in catalogue.rooms)
        return page.getvalue()

    async def set_policy(
        self,
        *,
        location_id: UUID | None = None,
        room_id: UUID | None = None,
        group_id: UUID | None = None,
        by: Actor | None = None,
        **rules: Unpack[Rules],
    ) -> UUID | None:
        """Set rules of a location, of a room, or with neither of the workspace; None removes one, others stay.

        With a group, for its people alone. `by` None is the command line. Returns the id of the change, with which it can
        be undone, None where nothing is new. Raises InvalidPolicy, InvalidSetting, LocationNotFound or RoomNotFound.
        """
        if location_id and room_id:
            raise InvalidPolicy("Rules are set for a location or for a room, not for both at once.")
        values = policies.judged(rules, for_group=group_id is not None)
        if not values:
            return None
        ids = {"location_id": location_id, "room_id": room_id, "group_id": group_id}

        scope = await self._catalogues.using(_scope_of(ids))
        return await self._changing(lambda session: policies.write(session, values, scope=scope, by=by))

    async def doors(self) -> tuple[tuple[Room, Location, str], ...]:
        """Return every room in use with its place and the token of its door, made where there was none.

        Whoever knows a token can say that somebody is in that room; it stays the same, so that what was put up is of use.
        """
        catalogue = await self._catalogues.current()

        async def work(session: WriteSession) -> dict[UUID, str]:
            rooms = [room.id for room in catalogue.bookable]
            await session.run(_NEW_DOORS, session.tenant, rooms, [secrets.token_urlsafe(16) for _ in rooms])
            rows = await session.all("SELECT id, door FROM rooms WHERE tenant_id = $1 AND door IS NOT NULL", session.tenant)
            return {row["id"]: row["door"] for row in rows}

        tokens = await self._db.write(work, repeatable=True)
        return tuple((room, catalogue.place_of(room), tokens[room.id]) for room in catalogue.bookable if room.id in tokens)

    async def policies(self) -> tuple[Scoped, ...]:
        """Return what is set at every scope, the workspace first, then locations, then rooms."""
        catalogue = await self._catalogues.current()

        async def work(session: ReadSession) -> tuple[Scoped, ...]:
            return await policies.read(session, catalogue)

        return await self._db.read_here(work)

    async def _changing(self, work: Callable[[WriteSession], Awaitable[T]]) -> T:
        try:
            return await self._db.write(work, repeatable=True)
        finally:
            self._catalogues.forget()


def _scope_of(ids: Mapping[str, UUID | None]) -> Callable[[Catalogue], Awaitable[Scoped]]:
    async def looked_up(catalogue: Catalogue) -> Scoped:
        return policies.scope_of(ids, catalogue)

    return looked_up


def _cells(catalogue: Catalogue, room: Room) -> dict[str, object]:
    place = catalogue.place_of(room)
    return {
        "name": room.name,
        "capacity": room.capacity,
        "location": place.name,
        "zone": place.zone,
        "floor": room.floor or "",
        "amenities": ";".join(sorted(room.amenities)),
        "setup_minutes": room.setup_minutes,
        "teardown_minutes": room.teardown_minutes,
        "active": "yes" if room.active else "no",
    }


def _as_changed(
    subject: str, subject_id: UUID, name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> Changed:
    action = "added" if before is None else "changed"
    if before and before["active"] != after["active"]:
        action = "taken into use" if after["active"] else "taken out of use"
    return Changed(subject=subject, subject_id=subject_id, name=name, action=action, before=before, after=after)


def _planned(rows: Sequence[RoomRow], catalogue: Catalogue) -> _Plan:
    plan = _Plan()
    known = {place.name.lower(): place for place in catalogue.locations}
    rooms = {(catalogue.place_of(room).name.lower(), room.name.lower()): room for room in catalogue.rooms}
    zones = {row.location.lower(): row.zone for row in rows if row.zone}
    for row in rows:
        place = known.get(row.location.lower())
        if place is None:
            zone = zones.get(row.location.lower())
            if zone is None:
                plan.problems.append((row.line, f"{row.location} is new: give its time zone, such as Europe/Berlin."))
                continue
            place = Location(id=new_id(), name=row.location, zone=zone)
            known[row.location.lower()] = place
            plan.new_locations.append(place)
        elif row.zone and row.zone != place.zone:
            plan.before.setdefault(place.id, place)
            place = replace(place, zone=row.zone)
            known[row.location.lower()] = place
            plan.moved_locations.append(place)
            plan.moving[place.id] = row
        _plan_room(plan, row, place, rooms.get(row.key))
    return plan


def _plan_room(plan: _Plan, row: RoomRow, place: Location, old: Room | None) -> None:
    known = old or Room(id=new_id(), name=row.name, location_id=place.id, capacity=row.capacity)
    new = replace(
        known,
        name=row.name,
        capacity=row.capacity,
        floor=known.floor if isinstance(row.floor, Keep) else row.floor,
        amenities=known.amenities if isinstance(row.amenities, Keep) else row.amenities,
        setup_minutes=known.setup_minutes if isinstance(row.setup_minutes, Keep) else row.setup_minutes,
        teardown_minutes=known.teardown_minutes if isinstance(row.teardown_minutes, Keep) else row.teardown_minutes,
        active=known.active if isinstance(row.active, Keep) else row.active,
    )
    if old is None:
        plan.created.append(new)
    elif new == old:
        plan.unchanged += 1
    else:
        plan.updated.append(new)
        plan.before[old.id] = old
        if new.capacity < old.capacity:
            plan.shrinking[new.id] = row


_LOCK = "SELECT id FROM rooms WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE"

_LARGEST_AHEAD = """
SELECT room_id, max(attendees_count) AS people FROM bookings
WHERE tenant_id = $1 AND room_id = ANY($2::uuid[]) AND end_time > now() AND status IN ('pending', 'confirmed', 'checked_in')
GROUP BY room_id
"""

_BOOKED_PLACES = """
SELECT DISTINCT r.location_id FROM rooms r JOIN bookings b ON b.tenant_id = r.tenant_id AND b.room_id = r.id
WHERE r.tenant_id = $1 AND r.location_id = ANY($2::uuid[]) AND b.end_time > now()
    AND b.status IN ('pending', 'confirmed', 'checked_in')
"""


async def _judge(session: WriteSession, plan: _Plan) -> None:
    """Lock the rooms that change, and note where meetings ahead stand against it."""
    await session.all(_LOCK, session.tenant, sorted(room.id for room in plan.updated))
    if plan.closing:
        ahead = await session.all(places.AHEAD_IN, session.tenant, plan.closing, datetime.now(UTC))
        plan.bookings_affected = len(ahead)
    for found in await session.all(_LARGEST_AHEAD, session.tenant, list(plan.shrinking)):
        row = plan.shrinking[found["room_id"]]
        if row.capacity < found["people"]:
            plan.problems.append(
                (
                    row.line,
                    f"{row.name} has a meeting ahead with {found['people']} people; it cannot shrink to {row.capacity}.",
                )
            )
    for found in await session.all(_BOOKED_PLACES, session.tenant, list(plan.moving)):
        row = plan.moving[found["location_id"]]
        plan.problems.append((row.line, f"{row.location} has meetings ahead; its time zone cannot change."))


_NEW_LOCATIONS = """
INSERT INTO locations (tenant_id, id, name, zone) SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::text[])
"""
_MOVED_LOCATIONS = """
UPDATE locations l SET zone = new.zone, updated_at = now(), version = l.version + 1
FROM unnest($2::uuid[], $3::text[], $4::text[]) AS new (id, name, zone) WHERE l.tenant_id = $1 AND l.id = new.id
"""
_NEW_ROOMS = """
INSERT INTO rooms (tenant_id, id, name, location_id, capacity, floor, setup_minutes, teardown_minutes, active)
SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::int[], $6::text[], $7::int[], $8::int[], $9::bool[])
"""
_CHANGED_ROOMS = """
UPDATE rooms r SET name = new.name, capacity = new.capacity, floor = new.floor, setup_minutes = new.setup_minutes,
    teardown_minutes = new.teardown_minutes, active = new.active, updated_at = now(), version = r.version + 1
FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::int[], $6::text[], $7::int[], $8::int[], $9::bool[])
    AS new (id, name, location_id, capacity, floor, setup_minutes, teardown_minutes, active)
WHERE r.tenant_id = $1 AND r.id = new.id
"""
_NEW_DOORS = """
UPDATE rooms r SET door = new.door FROM unnest($2::uuid[], $3::text[]) AS new (id, door)
WHERE r.tenant_id = $1 AND r.id = new.id AND r.door IS NULL
"""
_NO_AMENITIES = "DELETE FROM room_amenities WHERE tenant_id = $1 AND room_id = ANY($2::uuid[])"
_AMENITIES = (
    "INSERT INTO room_amenities (tenant_id, id, room_id, name) SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::text[])"
)


async def _carry_out(session: WriteSession, plan: _Plan, total: int, progress: Progress | None) -> None:
    await _write_locations(session, _NEW_LOCATIONS, plan.new_locations)
    await _write_locations(session, _MOVED_LOCATIONS, plan.moved_locations)
    done = plan.unchanged
    for statement, rooms in ((_NEW_ROOMS, plan.created), (_CHANGED_ROOMS, plan.updated)):
        for begin in range(0, len(rooms), BATCH):
            batch = rooms[begin : begin + BATCH]
            await _write_rooms(session, statement, batch)
            done += len(batch)
            if progress:
                progress(done, total)
    if progress and not plan.created and not plan.updated:
        progress(total, total)


async def _write_locations(session: WriteSession, statement: str, some: Sequence[Location]) -> None:
    if some:
        await session.run(statement, session.tenant, [p.id for p in some], [p.name for p in some], [p.zone for p in some])


async def _write_rooms(session: WriteSession, statement: str, rooms: Sequence[Room]) -> None:
    columns = (
        [room.id for room in rooms],
        [room.name for room in rooms],
        [room.location_id for room in rooms],
        [room.capacity for room in rooms],
        [room.floor for room in rooms],
        [room.setup_minutes for room in rooms],
        [room.teardown_minutes for room in rooms],
        [room.active for room in rooms],
    )
    await session.run(statement, session.tenant, *columns)
    await session.run(_NO_AMENITIES, session.tenant, columns[0])
    has = [(room.id, word) for room in rooms for word in sorted(room.amenities)]
    if has:
        await session.run(
            _AMENITIES, session.tenant, [new_id() for _ in has], [room for room, _ in has], [word for _, word in has]
        )
