"""Movable equipment of a location: how much of it is left at a time, and what admins do with it.

Kept out: lending it with a booking (`borrowing`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from core import borrowing, changes, rights
from core.catalogue import Catalogue, Catalogues, load
from core.db import Database, ReadSession, WriteSession
from core.errors import InvalidSetting, NotAllowed, StalePlace, StillUsed
from core.ids import new_id
from core.models import KEEP, Actor, Equipment, Keep, Location, Right, Slot, one_line
from core.roomfile import LONGEST_NAME
from core.saying import clock_time, near_date

MOST = 10_000

# At some moment ahead more is out than there is to be: the first such moment, and how much it is.
_OUT_AHEAD = """
SELECT moment.at, moment.out FROM (
    SELECT c.start_time AS at, (
        SELECT sum(o.quantity) FROM equipment_claims o WHERE o.tenant_id = $1 AND o.equipment_id = $2
            AND o.start_time <= c.start_time AND o.end_time > c.start_time
    ) AS out
    FROM equipment_claims c WHERE c.tenant_id = $1 AND c.equipment_id = $2 AND c.end_time > now()
) moment ORDER BY moment.out DESC, moment.at LIMIT 1
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """How many of a piece of equipment nobody has for the whole of a time."""

    equipment: Equipment
    left: int


class Equipments:
    """Looks what is left, and lets admins say what there is; nothing is ever deleted."""

    def __init__(self, db: Database, catalogues: Catalogues) -> None:
        self._db = db
        self._catalogues = catalogues

    async def available(self, location_id: UUID, slot: Slot, *, but: UUID | None = None) -> tuple[Left, ...]:
        """Return what is in use at a location with how many are left for all of a time, a booking `but` left out."""
        catalogue = await self._catalogues.current()
        things = [one for one in catalogue.equipment if one.active and one.location_id == location_id]

        async def work(session: ReadSession) -> dict[Equipment, int]:
            return await borrowing.out_then(session, things, slot, but=[but] if but else ())

        out = await self._db.read(work)
        return tuple(Left(equipment=one, left=max(0, one.quantity - out[one])) for one in things)

    async def add(self, location_id: UUID, name: str, quantity: int, *, by: Actor | None) -> Equipment:
        """Add equipment to a location and return it; `by` None is the command line.

        Raises InvalidSetting, LocationNotFound, NotAllowed.
        """

        async def work(session: WriteSession) -> Equipment:
            catalogue = await load(session)
            place = catalogue.location(location_id)
            _allow(place, catalogue, by)
            new = Equipment(id=new_id(), name=one_line(name) or "", location_id=place.id, quantity=quantity)
            _refuse_faults(new, catalogue)
            await _write(
                session,
                "INSERT INTO equipment (tenant_id, id, location_id, name, quantity, active) VALUES ($1, $2, $3, $4, $5, $6)",
                new,
            )
            await _note(session, new, "added", by, None)
            return new

        return await self._changing(work)

    async def edit(
        self,
        equipment_id: UUID,
        *,
        version: int,
        by: Actor | None,
        name: str | Keep = KEEP,
        quantity: int | Keep = KEEP,
        active: bool | Keep = KEEP,
    ) -> Equipment:
        """Rename equipment, say that there is more or less of it, or take it out of use and back; return it.

        Raises InvalidSetting, NotAllowed, StalePlace, and StillUsed where more is booked ahead than would be there.
        """

        async def work(session: WriteSession) -> Equipment:
            # Whoever borrows waits for this, and sees it.
            await session.run(
                "SELECT FROM equipment WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE", session.tenant, equipment_id
            )
            catalogue = await load(session)
            old = catalogue.thing(equipment_id)
            place = catalogue.location(old.location_id)
            _allow(place, catalogue, by)
            new = replace(
                old,
                name=old.name if isinstance(name, Keep) else one_line(name) or "",
                quantity=old.quantity if isinstance(quantity, Keep) else quantity,
                active=old.active if isinstance(active, Keep) else active,
            )
            if new == old:
                return old
            if old.version != version:
                raise StalePlace(f"Somebody changed {old.name} meanwhile. Nothing was saved.")
            _refuse_faults(new, catalogue)
            await _refuse_too_few(session, new, place)
            await _write(
                session,
                "UPDATE equipment SET name = $4, quantity = $5, active = $6, updated_at = now(), version = version + 1"
                " WHERE tenant_id = $1 AND id = $2 AND location_id = $3",
                new,
            )
            action = "changed" if new.active == old.active else "taken into use" if new.active else "taken out of use"
            await _note(session, new, action, by, old)
            return replace(new, version=old.version + 1)

        return await self._changing(work)

    async def _changing(self, work: Callable[[WriteSession], Awaitable[Equipment]]) -> Equipment:
        try:
            return await self._db.write(work, repeatable=False)
        finally:
            self._catalogues.forget()


def _allow(place: Location, catalogue: Catalogue, by: Actor | None) -> None:
    """Raise NotAllowed unless somebody is an admin or manages every room of a location; None is the command line."""
    rooms = catalogue.rooms_at(place.id)
    if by is None or by.admin or (rooms and all(rights.may(by, Right.MANAGE, room, catalogue) for room in rooms)):
        return
    raise NotAllowed(f"Only admins and those who manage {place.name} can change what there is to borrow.")


def _refuse_faults(new: Equipment, catalogue: Catalogue) -> None:
    faults = {}
    if not new.name or len(new.name) > LONGEST_NAME:
        faults["name"] = f"A name has up to {LONGEST_NAME} characters."
    same = [one for one in catalogue.equipment if one.location_id == new.location_id and one.id != new.id]
    if new.name.casefold() in {one.name.casefold() for one in same}:
        faults["name"] = f"{catalogue.location(new.location_id).name} has {new.name} already."
    if not 0 <= new.quantity <= MOST:
        faults["quantity"] = f"There can be 0 to {MOST} of it."
    if faults:
        raise InvalidSetting(" ".join(faults.values()), fields=faults)


async def _refuse_too_few(session: ReadSession, new: Equipment, place: Location) -> None:
    """Raise StillUsed where more is booked at once ahead than there would be."""
    there = new.quantity if new.active else 0
    row = await session.one(_OUT_AHEAD, session.tenant, new.id)
    if row is None or row["out"] <= there:
        return
    now = await session.value("SELECT now()")
    day = near_date(row["at"].astimezone(place.tz).date(), today=now.astimezone(place.tz).date())
    when = f"{day}, {clock_time(row['at'], place.tz)}"
    verb = "is" if row["out"] == 1 else "are"
    said = f"{row['out']} of the {borrowing.several(new.name)} {verb} booked at once ahead ({when})."
    raise StillUsed(said, fields={"quantity": said})


async def _write(session: WriteSession, sql: str, new: Equipment) -> None:
    await session.run(sql, session.tenant, new.id, new.location_id, new.name, new.quantity, new.active)


async def _note(session: WriteSession, new: Equipment, action: str, by: Actor | None, old: Equipment | None) -> None:
    await changes.note(
        session,
        subject="equipment",
        subject_id=new.id,
        name=new.name,
        action=action,
        by=by,
        before=_facts(old) if old else None,
        after=_facts(new),
    )


def _facts(one: Equipment) -> Mapping[str, object]:
    """Return equipment as the audit shows it."""
    return {"name": one.name, "quantity": one.quantity, "active": one.active}
