"""Giving rights and taking them back. What they mean is told in `rights`."""

from __future__ import annotations

from uuid import UUID

from core import changes
from core.catalogue import Catalogues
from core.db import Database, WriteSession
from core.errors import PersonNotFound
from core.ids import new_id
from core.models import Actor, Right
from core.people import attendees_by_id
from core.regulations import Grant
from core.settling import Settling, refused

SUBJECT = "right"

_GIVE = """
INSERT INTO rights (tenant_id, id, location_id, room_id, person_id, group_id, granted) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING RETURNING id
"""
_HELD = """
SELECT id FROM rights WHERE tenant_id = $1 AND removed_at IS NULL AND granted = $6
    AND (location_id, room_id, person_id, group_id) IS NOT DISTINCT FROM ($2::uuid, $3::uuid, $4::uuid, $5::uuid)
"""
_TAKE = """
UPDATE rights SET removed_at = now() WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL
RETURNING location_id, room_id, person_id, group_id, granted
"""


class Granting:
    """Gives rights to people, groups or everybody, everywhere, at a location or for a room."""

    def __init__(self, db: Database, catalogues: Catalogues) -> None:
        self._db = db
        self._catalogues = catalogues
        self._settling = Settling(db, catalogues)

    async def all(self) -> tuple[Grant, ...]:
        """Return every right that is given, the widest scope first, by right and holder."""
        catalogue = await self._catalogues.current()

        def place(grant: Grant) -> tuple[int, str, str, str]:
            width = 2 if grant.room_id else 1 if grant.location_id else 0
            return width, catalogue.scope_name(grant.scope).casefold(), grant.right.value, (grant.holder or "").casefold()

        return tuple(sorted(catalogue.rights, key=place))

    async def give(
        self,
        right: Right,
        *,
        location_id: UUID | None = None,
        room_id: UUID | None = None,
        person_id: UUID | None = None,
        group_id: UUID | None = None,
        by: Actor | None = None,
    ) -> UUID:
        """Give a right to a person, a group or, with neither, everybody; return its id, that of before if it was given.

        The first right to book or to ask at a scope makes it the business of those who are named there alone. Raises
        InvalidSetting, LocationNotFound, RoomNotFound or PersonNotFound.
        """
        if person_id and group_id:
            raise refused("holder", "Give a right to a person or to a group, not to both at once.")
        if right is Right.APPROVE and not (person_id or group_id):
            raise refused("holder", "Name who approves: a person or a group.")
        place = await self._settling.scoped(location_id=location_id, room_id=room_id, group_id=group_id)
        ids = (location_id, room_id, person_id, group_id)

        async def work(session: WriteSession) -> UUID:
            holder = await self._holder(session, person_id, group_id)
            given: UUID | None = await session.value(_GIVE, session.tenant, new_id(), *ids, right.value)
            if given is None:
                held: UUID = await session.value(_HELD, session.tenant, *ids, right.value)
                return held
            await changes.note(
                session,
                subject=SUBJECT,
                subject_id=given,
                name=f"{right.value}: {place}",
                action="given",
                by=by,
                before=None,
                after={"right": right, "scope": place, "holder": holder},
            )
            return given

        return await self._settling.changing(work)

    async def take(self, grant_id: UUID, *, by: Actor | None = None) -> None:
        """Take a right back; one that is not given any more is left at that."""
        catalogue = await self._catalogues.current()

        async def work(session: WriteSession) -> None:
            row = await session.one(_TAKE, session.tenant, grant_id)
            if row is None:
                return
            place = catalogue.scope_name(row["room_id"] or row["location_id"])
            holder = await self._holder(session, row["person_id"], row["group_id"])
            await changes.note(
                session,
                subject=SUBJECT,
                subject_id=grant_id,
                name=f"{row['granted']}: {place}",
                action="taken",
                by=by,
                before={"right": row["granted"], "scope": place, "holder": holder},
                after=None,
            )

        await self._settling.changing(work)

    async def _holder(self, session: WriteSession, person_id: UUID | None, group_id: UUID | None) -> str:
        """Return the name of whom a right is given to; raise PersonNotFound."""
        if group_id:
            name: str | None = await session.value(
                "SELECT name FROM groups WHERE tenant_id = $1 AND id = $2", session.tenant, group_id
            )
            return name or "a group that is gone"
        if person_id is None:
            return "everybody"
        known = (await attendees_by_id(session, [person_id])).get(person_id)
        if known is None:
            raise PersonNotFound("That person is not known here.")
        return known.name
