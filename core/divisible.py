"""Rooms that can be divided: which parts a whole is made of, as admins set it.

What is stored are the smallest parts, none divisible itself, since those are what a booking claims. Nobody's claims are
rewritten: what is booked ahead in a room has to be moved or cancelled before it is divided otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from core import changes, rights
from core.catalogue import Catalogue, Catalogues, load
from core.db import Database, ReadSession, WriteSession
from core.errors import InvalidSetting, NotAllowed, StillUsed
from core.models import Actor, Right, Room
from core.saying import clock_time, counted, listed, near_date

_LOCK = """
SELECT id FROM rooms WHERE tenant_id = $1 AND location_id = (SELECT location_id FROM rooms WHERE tenant_id = $1 AND id = $2)
ORDER BY id FOR UPDATE
"""
# Whatever was booked or is held as this very room, whose claims are on the parts that it has now.
_USED = """
SELECT count(*) AS count, min(start_time) AS first FROM (
    SELECT b.start_time FROM bookings b WHERE b.tenant_id = $1 AND b.status IN ('pending', 'confirmed', 'checked_in')
        AND (b.room_id = $2 OR EXISTS (
            SELECT FROM booking_rooms m WHERE m.tenant_id = b.tenant_id AND m.booking_id = b.id AND m.room_id = $2))
    UNION ALL
    SELECT w.start_time FROM waiting w WHERE w.tenant_id = $1 AND w.status = 'offered'
        AND (w.offered_room_id = $2 OR $2 = ANY(w.more_room_ids))
    UNION ALL
    SELECT b.start_time FROM proposals p JOIN bookings b ON b.tenant_id = p.tenant_id AND b.id = p.booking_id
        WHERE p.tenant_id = $1 AND p.status = 'open' AND p.offered_room_id = $2
) used
"""


class Divisible:
    """Divides rooms into parts, and makes them whole again."""

    def __init__(self, db: Database, catalogues: Catalogues) -> None:
        self._db = db
        self._catalogues = catalogues

    async def set_parts(self, whole_id: UUID, part_ids: Sequence[UUID], *, by: Actor | None) -> Room:
        """Let a room be made of others, or of nothing but itself where none are given, and return it.

        Parts that are divisible count as what they are made of. `by` None is the command line. Raises RoomNotFound,
        NotAllowed, InvalidSetting, and StillUsed while something is booked ahead in a room that would be divided otherwise.
        """

        async def work(session: WriteSession) -> None:
            # Whoever books meanwhile waits, and is judged by the new parts.
            await session.run(_LOCK, session.tenant, whole_id)
            catalogue = await load(session)
            whole = catalogue.room(whole_id)
            allow(whole, catalogue, by)
            wanted = divided(whole, [catalogue.room(part_id) for part_id in part_ids], catalogue)
            for room, parts in wanted.items():
                await _refuse_used(session, room, catalogue)
                await _write(session, room, parts)
            if wanted:
                await changes.note(
                    session,
                    subject="room",
                    subject_id=whole.id,
                    name=whole.name,
                    action="divided" if part_ids else "made one",
                    by=by,
                    before=_of(whole, catalogue),
                    after=_of_parts(wanted.get(whole, whole.parts), catalogue),
                )

        await self._db.write(work, repeatable=True)
        self._catalogues.forget()
        return (await self._catalogues.current()).room(whole_id)


def allow(room: Room, catalogue: Catalogue, by: Actor | None) -> None:
    """Raise NotAllowed unless somebody is an admin or manages the room; None is the command line."""
    if by is not None and not rights.may(by, Right.MANAGE, room, catalogue):
        raise NotAllowed(f"Only admins and those who manage {room.name} can divide it.")


def divided(whole: Room, parts: Sequence[Room], catalogue: Catalogue) -> Mapping[Room, frozenset[UUID]]:
    """Return the smallest parts of each room that a division changes: the whole's, and those of what it is a part of.

    Raises InvalidSetting where that cannot be meant.
    """
    leaves = frozenset(leaf for part in parts for leaf in part.leaves)
    _refuse_nonsense(whole, parts, leaves)
    found = {whole: leaves}
    for larger in catalogue.rooms:
        if leaves and whole.id in larger.parts:
            found[larger] = larger.parts - {whole.id} | leaves
    return {room: new for room, new in found.items() if new != room.parts}


def _refuse_nonsense(whole: Room, parts: Sequence[Room], leaves: frozenset[UUID]) -> None:
    strangers = [part.name for part in parts if part.location_id != whole.location_id]
    around = [part.name for part in parts if whole.id in part.parts]
    if any(part.id == whole.id for part in parts):
        said = f"{whole.name} cannot be a part of itself."
    elif around:
        said = f"{whole.name} is a part of {listed(around)} already."
    elif strangers:
        said = f"{listed(strangers)} {'is' if len(strangers) == 1 else 'are'} not at the same place as {whole.name}."
    elif len(leaves) == 1:
        said = "A divisible room has two parts or more."
    else:
        return
    raise InvalidSetting(said, fields={"parts": said})


async def _refuse_used(session: ReadSession, room: Room, catalogue: Catalogue) -> None:
    row = await session.one(_USED, session.tenant, room.id)
    assert row is not None
    if not row["count"]:
        return
    said = _first(row["first"], await session.value("SELECT now()"), room, catalogue)
    raise StillUsed(
        f"{room.name} has {counted(row['count'], 'booking')} ahead, the first {said}. Move or cancel them first."
    )


def _first(start: datetime, now: datetime, room: Room, catalogue: Catalogue) -> str:
    zone = catalogue.place_of(room).tz
    return f"{near_date(start.astimezone(zone).date(), today=now.astimezone(zone).date())}, {clock_time(start, zone)}"


async def _write(session: WriteSession, room: Room, parts: frozenset[UUID]) -> None:
    await session.run("DELETE FROM room_parts WHERE tenant_id = $1 AND whole_id = $2", session.tenant, room.id)
    await session.run(
        "INSERT INTO room_parts (tenant_id, whole_id, part_id) SELECT $1, $2, unnest($3::uuid[])",
        session.tenant,
        room.id,
        sorted(parts),
    )
    await session.run(
        "UPDATE rooms SET updated_at = now(), version = version + 1 WHERE tenant_id = $1 AND id = $2",
        session.tenant,
        room.id,
    )


def _of(room: Room, catalogue: Catalogue) -> Mapping[str, object]:
    return _of_parts(room.parts, catalogue)


def _of_parts(parts: frozenset[UUID], catalogue: Catalogue) -> Mapping[str, object]:
    """Return parts as the audit shows them."""
    return {"parts": sorted(catalogue.room(part).name for part in parts)}
