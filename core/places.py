"""Locations, rooms and what rooms have, as admins change them one by one: judged, written, and noted in the audit.

Nothing is ever deleted: what is out of use stays for the record. Whoever changes a room takes it FOR UPDATE first, so
that no booking slips in behind the look at its seats. Kept out: files of many rooms (`rooms`), and where the bookings of
a room that closes go (`rerooming`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from core import changes, photos, rights, store
from core.amenities import canonical
from core.catalogue import Catalogue, Catalogues, load
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.errors import InvalidSetting, NotAllowed, StalePlace, StillUsed
from core.ids import new_id
from core.models import KEEP, Actor, Booking, Keep, Location, Right, Room, one_line
from core.roomfile import LONGEST_NAME, LONGEST_WORD, MOST_MINUTES, MOST_SEATS, known_zone
from core.saying import counted, listed, near_date

T = TypeVar("T")

MOST_AMENITIES = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class RoomFacts:
    """What can be said of a room; `KEEP` leaves it as it is, and gives a new room the usual."""

    name: str | Keep = KEEP
    capacity: int | Keep = KEEP
    floor: str | Keep | None = KEEP
    amenities: frozenset[str] | Keep = KEEP
    setup_minutes: int | Keep = KEEP
    teardown_minutes: int | Keep = KEEP
    photo: str | Keep | None = KEEP


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A location as it stands, with the version that goes back in with a change, and how many rooms it has in use."""

    location: Location
    version: int
    rooms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """A room or location that is out of use now, and the bookings ahead that stand in it, soonest first."""

    name: str
    bookings: tuple[Booking, ...]


_PLACES = "SELECT id, version FROM locations WHERE tenant_id = $1"
_LOCK_ROOMS = "SELECT id, version FROM rooms WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE"
_LARGEST_AHEAD = """
SELECT b.attendees_count, b.start_time FROM bookings b
WHERE b.tenant_id = $1 AND b.end_time > $3 AND b.status IN ('pending', 'confirmed', 'checked_in')
    AND b.attendees_count > $4 AND (b.room_id = $2 OR EXISTS (
        SELECT FROM booking_rooms m WHERE m.tenant_id = b.tenant_id AND m.booking_id = b.id AND m.room_id = $2))
    AND b.attendees_count > $4 + coalesce((SELECT sum(r.capacity) FROM rooms r
        WHERE r.tenant_id = b.tenant_id AND r.id <> $2 AND (r.id = b.room_id OR r.id IN (
            SELECT m.room_id FROM booking_rooms m WHERE m.tenant_id = b.tenant_id AND m.booking_id = b.id))), 0)
ORDER BY b.attendees_count DESC, b.start_time LIMIT 1
"""
AHEAD_IN = """
SELECT b.id FROM bookings b
WHERE b.tenant_id = $1 AND b.end_time > $3 AND b.status IN ('pending', 'confirmed', 'checked_in')
    AND (b.room_id = ANY($2::uuid[]) OR EXISTS (SELECT FROM booking_rooms m WHERE m.tenant_id = b.tenant_id
        AND m.booking_id = b.id AND m.room_id = ANY($2::uuid[])))
ORDER BY b.start_time, b.id
"""
_NEW_LOCATION = "INSERT INTO locations (tenant_id, id, name, zone) VALUES ($1, $2, $3, $4)"
_CHANGED_LOCATION = """
UPDATE locations SET name = $3, zone = $4, active = $5, board_open = $6, updated_at = now(), version = version + 1
WHERE tenant_id = $1 AND id = $2
"""
_NEW_ROOM = """
INSERT INTO rooms (tenant_id, id, location_id, name, capacity, floor, setup_minutes, teardown_minutes, active, photo)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_CHANGED_ROOM = """
UPDATE rooms SET name = $3, capacity = $4, floor = $5, setup_minutes = $6, teardown_minutes = $7, active = $8, photo = $9,
    updated_at = now(), version = version + 1
WHERE tenant_id = $1 AND id = $2
"""
_NO_AMENITIES = "DELETE FROM room_amenities WHERE tenant_id = $1 AND room_id = $2"
_AMENITY = "INSERT INTO room_amenities (tenant_id, id, room_id, name) VALUES ($1, $2, $3, $4)"
# A room that has both keeps one.
_FORGET_WORDS = "DELETE FROM room_amenities WHERE tenant_id = $1 AND name = ANY($2::text[]) RETURNING room_id"
_HAVE_WORD = """
INSERT INTO room_amenities (tenant_id, id, room_id, name) SELECT $1, id, room_id, $4
FROM unnest($2::uuid[], $3::uuid[]) AS has (id, room_id) ON CONFLICT (tenant_id, room_id, name) DO NOTHING
"""
_NEWER_ROOMS = """
UPDATE rooms SET updated_at = now(), version = version + 1 WHERE tenant_id = $1 AND id = ANY($2::uuid[])
"""


class Places:
    """Adds, edits and takes out of use; by an actor, or with None by whoever has the command line."""

    def __init__(self, db: Database, catalogues: Catalogues, clock: Clock) -> None:
        self._db = db
        self._catalogues = catalogues
        self._clock = clock

    # -- reading ---------------------------------------------------------------------------------------------------

    async def locations(self) -> tuple[Placed, ...]:
        """Return every location, by name, those out of use too."""

        async def work(session: ReadSession) -> tuple[Placed, ...]:
            catalogue = await load(session)
            versions = {row["id"]: row["version"] for row in await session.all(_PLACES, session.tenant)}
            return tuple(_placed(one, catalogue, versions) for one in catalogue.locations)

        # Answers of it are kept for as long as the catalogue stands: a copy may not have come as far as that.
        return await self._db.read_here(work)

    async def bookings_ahead(self, room_ids: Sequence[UUID]) -> tuple[Booking, ...]:
        """Return the bookings that hold any of the rooms and are not over, soonest first."""
        catalogue, now = await self._catalogues.current(), self._clock.now()

        async def work(session: ReadSession) -> tuple[Booking, ...]:
            return await _ahead(session, room_ids, catalogue, now=now)

        return await self._db.read(work)

    # -- locations -------------------------------------------------------------------------------------------------

    async def add_location(self, *, name: str, zone: str, by: Actor | None) -> Location:
        """Add a location and return it; raises InvalidSetting."""
        admins_only(by)
        new = Location(id=new_id(), name=one_line(name) or "", zone=zone)

        async def work(session: WriteSession) -> Location:
            catalogue = await _alone(session)
            _refuse(_location_faults(new, catalogue))
            await session.run(_NEW_LOCATION, session.tenant, new.id, new.name, new.zone)
            await _note(session, "location", new.id, new.name, "added", by, None, of_location(new))
            return new

        return await self._changing(work)

    async def edit_location(
        self,
        location_id: UUID,
        *,
        version: int,
        by: Actor | None,
        name: str | Keep = KEEP,
        zone: str | Keep = KEEP,
        board_open: bool | Keep = KEEP,
    ) -> Location:
        """Rename a location, give it another clock, or open its board to whoever has the address.

        Raises InvalidSetting, StalePlace, or StillUsed for a clock in use: bookings are kept as moments, and under another
        clock they would all be told at another hour.
        """
        admins_only(by)
        now = self._clock.now()

        async def work(session: WriteSession) -> Location:
            catalogue = await _alone(session)
            old = await _location_at(session, location_id, version, catalogue)
            new = replace(
                old,
                name=old.name if isinstance(name, Keep) else one_line(name) or "",
                zone=old.zone if isinstance(zone, Keep) else zone,
                board_open=old.board_open if isinstance(board_open, Keep) else board_open,
            )
            if new == old:
                return old
            _refuse(_location_faults(new, catalogue))
            if new.zone != old.zone:
                await _refuse_booked(session, old, catalogue, now=now)
            await _write_location(session, new)
            await _note(session, "location", new.id, new.name, "changed", by, of_location(old), of_location(new))
            return new

        return await self._changing(work)

    async def use_location(self, location_id: UUID, *, active: bool, version: int, by: Actor | None) -> Closed:
        """Take a location with all its rooms out of use, or back into it; return the bookings ahead there."""
        admins_only(by)
        now = self._clock.now()

        async def work(session: WriteSession) -> Closed:
            catalogue = await _alone(session)
            old = await _location_at(session, location_id, version, catalogue)
            rooms = [room.id for room in catalogue.rooms if room.location_id == old.id]
            await session.all(_LOCK_ROOMS, session.tenant, sorted(rooms))
            new = replace(old, active=active)
            if new != old:
                await _write_location(session, new)
                action = "taken into use" if active else "taken out of use"
                await _note(session, "location", new.id, new.name, action, by, of_location(old), of_location(new))
            return Closed(name=new.name, bookings=await _ahead(session, rooms, catalogue, now=now))

        return await self._changing(work)

    # -- rooms -----------------------------------------------------------------------------------------------------

    async def add_room(self, location_id: UUID, facts: RoomFacts, *, by: Actor | None) -> Room:
        """Add a room and return it; raises InvalidSetting or LocationNotFound."""
        admins_only(by)

        async def work(session: WriteSession) -> Room:
            catalogue = await _alone(session)
            place = catalogue.location(location_id)
            new = _with(Room(id=new_id(), name="", location_id=place.id, capacity=0), facts)
            _refuse(_room_faults(new, catalogue))
            await _write_room(session, _NEW_ROOM, new, new.location_id)
            await _note(session, "room", new.id, new.name, "added", by, None, of_room(new))
            return new

        return await self._changing(work)

    async def edit_room(self, room_id: UUID, facts: RoomFacts, *, version: int, by: Actor | None) -> Room:
        """Change a room and return it.

        Raises InvalidSetting, StalePlace, NotAllowed, or StillUsed where a meeting ahead needs more seats than are left.
        """
        now = self._clock.now()

        async def work(session: WriteSession) -> Room:
            catalogue = await _alone(session)
            old = await _room_at(session, room_id, version, catalogue, by=by)
            new = _with(old, facts)
            if new == old:
                return old
            _refuse(_room_faults(new, catalogue))
            if new.capacity < old.capacity:
                await _refuse_too_small(session, new, catalogue, now=now)
            await _write_room(session, _CHANGED_ROOM, new)
            await _note(session, "room", new.id, new.name, "changed", by, of_room(old), of_room(new))
            return replace(new, version=old.version + 1)

        return await self._changing(work)

    async def use_room(self, room_id: UUID, *, active: bool, version: int, by: Actor | None) -> Closed:
        """Take a room out of use, or back into it; return the bookings ahead that stand in it.

        Nobody can book it from then on; what is booked stays until it is moved, which `rerooming` proposes.
        """
        now = self._clock.now()

        async def work(session: WriteSession) -> Closed:
            catalogue = await _alone(session)
            old = await _room_at(session, room_id, version, catalogue, by=by)
            new = replace(old, active=active)
            if new != old:
                await _write_room(session, _CHANGED_ROOM, new, amenities=False)
                action = "taken into use" if active else "taken out of use"
                await _note(session, "room", new.id, new.name, action, by, of_room(old), of_room(new))
            return Closed(name=new.name, bookings=await _ahead(session, [old.id], catalogue, now=now))

        return await self._changing(work)

    # -- amenities -------------------------------------------------------------------------------------------------

    async def merge_amenities(self, words: Iterable[str], into: str, *, by: Actor | None) -> int:
        """Give every room that has one of the words the new one in its place; return how many rooms it was.

        One word is a renaming. Raises InvalidSetting, StillUsed where no room has any of them.
        """
        admins_only(by)
        gone, kept = {" ".join(word.lower().split()) for word in words}, " ".join((one_line(into) or "").lower().split())
        _refuse(_word_faults(kept))

        async def work(session: WriteSession) -> int:
            catalogue = await _alone(session)
            old = sorted(gone - {kept})
            before = {room.name: sorted(room.amenities) for room in catalogue.rooms if room.amenities & set(old)}
            rows = await session.all(_FORGET_WORDS, session.tenant, old)
            rooms = sorted({row["room_id"] for row in rows})
            if not rooms:
                raise StillUsed(f"No room has {listed(old, last='or') or 'that'}.")
            await session.run(_HAVE_WORD, session.tenant, [new_id() for _ in rooms], rooms, kept)
            await session.run(_NEWER_ROOMS, session.tenant, rooms)
            known = {word for room in catalogue.rooms for word in room.amenities}
            action = "merged" if len(old) > 1 or kept in known else "renamed"
            after = {name: sorted((set(has) - set(old)) | {kept}) for name, has in before.items()}
            await _note(session, "amenity", None, kept, action, by, {"words": old, "rooms": before}, {"rooms": after})
            return len(rooms)

        return await self._changing(work)

    # -- parts -----------------------------------------------------------------------------------------------------

    async def _changing(self, work: Callable[[WriteSession], Awaitable[T]]) -> T:
        try:
            return await self._db.write(work, repeatable=False)
        finally:
            self._catalogues.forget()


def allow(room: Room, by: Actor | None, catalogue: Catalogue) -> None:
    """Raise NotAllowed unless the actor is an admin or manages the room; None is the command line."""
    if by is not None and not by.admin and not rights.may(by, Right.MANAGE, room, catalogue):
        raise NotAllowed(f"Only admins and those who manage {room.name} can do that.")


def admins_only(by: Actor | None) -> None:
    """Raise NotAllowed unless the actor is an admin; None is the command line."""
    if by is not None and not by.admin:
        raise NotAllowed("Only admins can do that.")


async def _alone(session: WriteSession) -> Catalogue:
    """Be the only one who changes rooms and locations until the transaction ends; return them as they stand."""
    await session.run("SELECT pg_advisory_xact_lock(hashtextextended('import rooms ' || $1, 0))", str(session.tenant))
    return await load(session)


async def _room_at(session: WriteSession, room_id: UUID, version: int, catalogue: Catalogue, *, by: Actor | None) -> Room:
    room = catalogue.room(room_id)
    allow(room, by, catalogue)
    (row,) = await session.all(_LOCK_ROOMS, session.tenant, [room_id])
    if row["version"] != version:
        raise StalePlace(f"Somebody else changed {room.name} meanwhile. Nothing was saved.")
    return room


async def _location_at(session: WriteSession, location_id: UUID, version: int, catalogue: Catalogue) -> Location:
    place = catalogue.location(location_id)
    row = await session.one(f"{_PLACES} AND id = $2 FOR UPDATE", session.tenant, location_id)
    if row is None or row["version"] != version:
        raise StalePlace(f"Somebody else changed {place.name} meanwhile. Nothing was saved.")
    return place


def _placed(place: Location, catalogue: Catalogue, versions: Mapping[UUID, int]) -> Placed:
    rooms = sum(room.active and room.location_id == place.id for room in catalogue.rooms)
    return Placed(location=place, version=versions.get(place.id, 1), rooms=rooms)


async def _ahead(
    session: ReadSession, room_ids: Sequence[UUID], catalogue: Catalogue, *, now: datetime
) -> tuple[Booking, ...]:
    rows = await session.all(AHEAD_IN, session.tenant, list(room_ids), now)
    found = await store.bookings(session, [row["id"] for row in rows], catalogue)
    return tuple(found[row["id"]] for row in rows)


async def _refuse_booked(session: ReadSession, place: Location, catalogue: Catalogue, *, now: datetime) -> None:
    rooms = [room.id for room in catalogue.rooms if room.location_id == place.id]
    if count := len(await session.all(AHEAD_IN, session.tenant, rooms, now)):
        raise StillUsed(
            f"{place.name} has {counted(count, 'booking')} ahead; its time zone cannot change.",
            fields={"zone": f"There {'is' if count == 1 else 'are'} {counted(count, 'booking')} ahead."},
        )


async def _refuse_too_small(session: ReadSession, room: Room, catalogue: Catalogue, *, now: datetime) -> None:
    row = await session.one(_LARGEST_AHEAD, session.tenant, room.id, now, room.capacity)
    if row is None:
        return
    zone = catalogue.place_of(room).tz
    day = near_date(row["start_time"].astimezone(zone).date(), today=now.astimezone(zone).date())
    said = f"A meeting of {row['attendees_count']} people is booked there {day}; move it first."
    raise StillUsed(f"{room.name} cannot shrink to {room.capacity}: {said}", fields={"capacity": said})


def _with(room: Room, facts: RoomFacts) -> Room:
    given = {name: value for name in RoomFacts.__slots__ if not isinstance(value := getattr(facts, name), Keep)}
    if "name" in given:
        given["name"] = one_line(given["name"]) or ""
    for name in ("floor", "photo"):
        if name in given:
            given[name] = one_line(given[name])
    if "amenities" in given:
        given["amenities"] = canonical(given["amenities"])
    return replace(room, **given)


def _room_faults(room: Room, catalogue: Catalogue) -> dict[str, str]:
    place = catalogue.place_of(room).name
    twins = (one for one in catalogue.rooms if one.location_id == room.location_id and one.id != room.id)
    faults: dict[str, str] = {}
    if not room.name:
        faults["name"] = "A room needs a name."
    elif len(room.name) > LONGEST_NAME:
        faults["name"] = f"A name can have up to {LONGEST_NAME} characters."
    elif twin := next((one for one in twins if one.name.lower() == room.name.lower()), None):
        faults["name"] = f"There is a room {twin.name} in {place} already."
    if not 1 <= room.capacity <= MOST_SEATS:
        faults["capacity"] = f"A room has between 1 and {MOST_SEATS} seats."
    if len(room.floor or "") > LONGEST_WORD:
        faults["floor"] = f"A floor can have up to {LONGEST_WORD} characters."
    if len(room.amenities) > MOST_AMENITIES:
        faults["amenities"] = f"A room can have up to {MOST_AMENITIES} amenities."
    elif any(len(word) > LONGEST_WORD for word in room.amenities):
        faults["amenities"] = f"An amenity can have up to {LONGEST_WORD} characters."
    for name in ("setup_minutes", "teardown_minutes"):
        if not 0 <= getattr(room, name) <= MOST_MINUTES:
            faults[name] = f"Between 0 and {MOST_MINUTES} minutes."
    if room.photo and not photos.acceptable(room.photo):
        faults["photo"] = photos.WRONG
    return faults


def _location_faults(place: Location, catalogue: Catalogue) -> dict[str, str]:
    others = (one for one in catalogue.locations if one.id != place.id)
    faults: dict[str, str] = {}
    if not place.name:
        faults["name"] = "A location needs a name."
    elif len(place.name) > LONGEST_NAME:
        faults["name"] = f"A name can have up to {LONGEST_NAME} characters."
    elif twin := next((one for one in others if one.name.lower() == place.name.lower()), None):
        faults["name"] = f"There is a location {twin.name} already."
    if not known_zone(place.zone):
        faults["zone"] = f"There is no time zone {place.zone[:LONGEST_WORD]}; one is written like Europe/Berlin."
    return faults


def _word_faults(word: str) -> dict[str, str]:
    if not word:
        return {"amenities": "An amenity needs a name."}
    if len(word) > LONGEST_WORD:
        return {"amenities": f"An amenity can have up to {LONGEST_WORD} characters."}
    return {"amenities": "An amenity has no comma or semicolon in it."} if {",", ";"} & set(word) else {}


def _refuse(faults: Mapping[str, str]) -> None:
    if faults:
        raise InvalidSetting(" ".join(faults.values()), fields=faults)


async def _write_location(session: WriteSession, place: Location) -> None:
    await session.run(_CHANGED_LOCATION, session.tenant, place.id, place.name, place.zone, place.active, place.board_open)


async def _write_room(session: WriteSession, statement: str, room: Room, *place: UUID, amenities: bool = True) -> None:
    values = (
        *place,
        room.name,
        room.capacity,
        room.floor,
        room.setup_minutes,
        room.teardown_minutes,
        room.active,
        room.photo,
    )
    await session.run(statement, session.tenant, room.id, *values)
    if amenities:
        await session.run(_NO_AMENITIES, session.tenant, room.id)
        words = sorted(room.amenities)
        await session.run_many(_AMENITY, [(session.tenant, new_id(), room.id, word) for word in words])


def of_location(place: Location) -> dict[str, Any]:
    """Return a location as the audit has it."""
    return {"name": place.name, "zone": place.zone, "active": place.active, "board_open": place.board_open}


def of_room(room: Room) -> dict[str, Any]:
    """Return a room as the audit has it."""
    return {
        "name": room.name,
        "location": str(room.location_id),
        "capacity": room.capacity,
        "floor": room.floor,
        "amenities": sorted(room.amenities),
        "setup_minutes": room.setup_minutes,
        "teardown_minutes": room.teardown_minutes,
        "active": room.active,
        "photo": room.photo,
    }


async def _note(  # noqa: PLR0917 - the columns of one row
    session: WriteSession,
    subject: str,
    subject_id: UUID | None,
    name: str,
    action: str,
    by: Actor | None,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    await changes.note(
        session, subject=subject, subject_id=subject_id, name=name, action=action, by=by, before=before, after=after
    )
