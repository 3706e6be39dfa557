"""Bookings that wait for approval: which do, and what is noted of it in the transaction that books."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.catalogue import Catalogue
from core.db import WriteSession
from core.models import Actor, Booking, Room, Slot, Status


def needs_approval(room: Room, *, catalogue: Catalogue, by: Actor) -> bool:
    """Tell whether somebody's bookings of a room wait for approval."""
    return False


def status_of_new(
    rooms: Sequence[Room], slot: Slot, *, catalogue: Catalogue, by: Actor, now: datetime
) -> tuple[Status, datetime | None]:
    """Return the status of a new booking, and until when it is held where it waits for approval."""
    return Status.CONFIRMED, None


async def asked(
    session: WriteSession,
    booking: Booking,
    *,
    approved_before: Booking | None,
    expires_at: datetime,
    by: Actor,
    now: datetime,
) -> None:
    """Note that a booking waits for approval; `approved_before` is what a refusal goes back to, None: nothing."""


async def withdrawn(session: WriteSession, booking_id: UUID, *, now: datetime) -> None:
    """Note that a booking which waited for approval is not wanted any more."""


def after_change(
    before: Booking, after: Booking, *, catalogue: Catalogue, by: Actor, now: datetime
) -> tuple[Status, datetime | None]:
    """Return the status of a changed booking, and until when it is held where it asks for approval (again)."""
    return after.status, None
