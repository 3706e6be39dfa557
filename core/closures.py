"""Closing rooms, locations or everything for a time, and whom that concerns. What a closure refuses is told in `rules`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core import changes, store
from core.catalogue import Catalogue, Catalogues
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.ids import new_id
from core.models import Actor, Booking, Slot, one_line
from core.regulations import Closure, closure_from
from core.settling import Settling, refused

SUBJECT = "closure"
LONGEST_REASON = 200

_ADD = """
INSERT INTO closures (tenant_id, id, location_id, room_id, start_time, end_time, reason, allowed_people, allowed_groups,
    created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_LIFT = """
UPDATE closures SET lifted_at = now(), updated_at = now(), version = version + 1
WHERE tenant_id = $1 AND id = $2 AND lifted_at IS NULL RETURNING true
"""
_ONE = "SELECT to_jsonb(c) FROM closures c WHERE c.tenant_id = $1 AND c.id = $2"
_IN_GROUPS = "SELECT DISTINCT person_id FROM group_members WHERE tenant_id = $1 AND group_id = ANY($2::uuid[])"


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """A closure and the bookings that are in its way: they hold a room then, and their bookers are not allowed."""

    closure: Closure
    affected: tuple[Booking, ...]


class Closures:
    """Closes and opens again."""

    def __init__(self, db: Database, catalogues: Catalogues, clock: Clock) -> None:
        self._db = db
        self._catalogues = catalogues
        self._clock = clock
        self._settling = Settling(db, catalogues)

    async def ahead(self) -> tuple[Closure, ...]:
        """Return the closures that are not over, the soonest first."""
        now = self._clock.now()
        return tuple(one for one in (await self._catalogues.current()).closures if one.slot.end > now)

    async def add(
        self,
        slot: Slot,
        *,
        location_id: UUID | None = None,
        room_id: UUID | None = None,
        reason: str | None = None,
        allowed_people: Sequence[UUID] = (),
        allowed_groups: Sequence[UUID] = (),
        by: Actor | None = None,
    ) -> Closed:
        """Close a room, a location or, with neither, everything; the bookings in the way stay until somebody moves them.

        Raises InvalidSetting, LocationNotFound or RoomNotFound.
        """
        if slot.end <= slot.start:
            raise refused("end", "The closure would end before it starts.")
        if slot.end <= self._clock.now():
            raise refused("end", "That time is over.")
        said = one_line(reason)
        if said and len(said) > LONGEST_REASON:
            raise refused("reason", f"A reason can have up to {LONGEST_REASON} characters.")
        place = await self._settling.scoped(location_id=location_id, room_id=room_id)
        closure = Closure(
            id=new_id(),
            slot=slot,
            location_id=location_id,
            room_id=room_id,
            reason=said,
            allowed_people=frozenset(allowed_people),
            allowed_groups=frozenset(allowed_groups),
        )

        async def work(session: WriteSession) -> Closure:
            await session.run(
                _ADD,
                session.tenant,
                closure.id,
                location_id,
                room_id,
                slot.start,
                slot.end,
                said,
                sorted(closure.allowed_people),
                sorted(closure.allowed_groups),
                by.person_id if by else None,
            )
            await _note(session, closure, place, "closed", by=by)
            return closure

        await self._settling.changing(work)
        return Closed(closure=closure, affected=await self.affected(closure))

    async def get(self, closure_id: UUID) -> Closure:
        """Return a closure, lifted or over or not; raise InvalidSetting where there is none."""

        async def work(session: ReadSession) -> Any:  # noqa: ANN401 - JSON
            return await session.value(_ONE, session.tenant, closure_id)

        facts = await self._db.read(work)
        if facts is None:
            raise refused(SUBJECT, "That closure does not exist.")
        return closure_from(facts)

    async def affected(self, closure: Closure) -> tuple[Booking, ...]:
        """Return the bookings that hold a room within a closure and whose bookers it does not let pass, soonest first.

        To be asked again once the other processes' catalogues have heard of the closure: until then they book.
        """
        catalogue = await self._catalogues.current()
        rooms = rooms_of(closure, catalogue)
        now = self._clock.now()

        async def work(session: ReadSession) -> tuple[Booking, ...]:
            passing = set(closure.allowed_people)
            if closure.allowed_groups:
                rows = await session.all(_IN_GROUPS, session.tenant, sorted(closure.allowed_groups))
                passing |= {row["person_id"] for row in rows}
            there = await store.in_window(session, rooms, closure.slot, catalogue)
            found = [one for one in there if one.booker.person_id not in passing and one.end > now]
            return tuple(sorted({one.id: one for one in found}.values(), key=lambda one: (one.start, one.id)))

        return await self._db.read(work)

    async def lift(self, closure_id: UUID, *, by: Actor | None = None) -> None:
        """Open again; what is lifted already is left at that."""
        closure = await self.get(closure_id)
        place = (await self._catalogues.current()).scope_name(closure.scope)

        async def work(session: WriteSession) -> None:
            if await session.value(_LIFT, session.tenant, closure_id):
                await _note(session, closure, place, "lifted", by=by)

        await self._settling.changing(work)


def rooms_of(closure: Closure, catalogue: Catalogue) -> list[UUID]:
    """Return the rooms that a closure closes."""
    if closure.room_id is not None:
        return [room.id for room in catalogue.sharing(catalogue.room(closure.room_id))]
    return [room.id for room in catalogue.rooms if closure.location_id in {None, room.location_id}]


async def _note(session: WriteSession, closure: Closure, place: str, action: str, *, by: Actor | None) -> None:
    facts = {
        "scope": place,
        "start": closure.slot.start,
        "end": closure.slot.end,
        "reason": closure.reason,
        "allowed_people": closure.allowed_people,
        "allowed_groups": closure.allowed_groups,
    }
    await changes.note(
        session,
        subject=SUBJECT,
        subject_id=closure.id,
        name=place,
        action=action,
        by=by,
        before=None if action == "closed" else facts,
        after=facts if action == "closed" else None,
    )
