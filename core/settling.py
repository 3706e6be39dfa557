"""What every change of the workspace's rules does alike: look its scope up, write and note it, have it seen at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from core.catalogue import Catalogue, Catalogues
from core.db import Database, WriteSession
from core.errors import InvalidSetting

T = TypeVar("T")


def refused(field: str, message: str) -> InvalidSetting:
    """Return the refusal of something that an admin set."""
    return InvalidSetting(message, fields={field: message})


class Settling:
    """Runs an admin's change in one transaction, and lets everybody see it."""

    def __init__(self, db: Database, catalogues: Catalogues) -> None:
        self._db = db
        self._catalogues = catalogues

    async def scoped(
        self, *, location_id: UUID | None = None, room_id: UUID | None = None, group_id: UUID | None = None
    ) -> str:
        """Return what the scope of a rule is called.

        Raises InvalidSetting where it is both a room and a location, LocationNotFound, RoomNotFound.
        """
        if location_id and room_id:
            raise refused("scope", "Name a location or a room, not both.")

        async def looked_up(catalogue: Catalogue) -> str:
            if location_id:
                catalogue.location(location_id)
            if room_id:
                catalogue.room(room_id)
            if group_id:
                catalogue.group(group_id)
            return catalogue.scope_name(room_id or location_id)

        return await self._catalogues.using(looked_up)

    async def changing(self, work: Callable[[WriteSession], Awaitable[T]]) -> T:
        """Run the work in a transaction; afterwards, whatever came of it, the catalogue is read anew."""
        try:
            return await self._db.write(work, repeatable=True)
        finally:
            self._catalogues.forget()
