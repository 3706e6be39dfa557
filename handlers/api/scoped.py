"""What rules, rights, quotas and closures are set for: everything, a location or a room; for everybody or a group."""

from __future__ import annotations

from uuid import UUID

from core.catalogue import Catalogue
from handlers.api.values import Body, Out


class ScopeIn(Body):
    """A location or a room, not both; with neither, everything."""

    location_id: UUID | None = None
    room_id: UUID | None = None

    def checked(self, catalogue: Catalogue) -> None:
        """Raise LocationNotFound or RoomNotFound where there is no such thing."""
        if self.location_id:
            catalogue.location(self.location_id)
        if self.room_id:
            catalogue.room(self.room_id)


class ScopeOut(Out):
    """What it is set for; `scope` is what that is called."""

    location_id: UUID | None
    room_id: UUID | None
    scope: str
