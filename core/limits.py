"""What somebody may hold at once: quotas, and one room at a time. Judged inside the transaction that books."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.catalogue import Catalogue
from core.db import WriteSession
from core.errors import BookingError
from core.models import Actor, Booking


async def check(
    session: WriteSession, wanted: Booking, *, before: Booking | None, catalogue: Catalogue, by: Actor, now: datetime
) -> None:
    """Raise QuotaReached or AnotherRoomThen where a booking is more than its booker may hold; costs nothing without limits.

    `before` is how it stood, None for a new booking.
    """


async def check_all(
    session: WriteSession, wanted: Sequence[Booking], *, catalogue: Catalogue, by: Actor, now: datetime
) -> dict[int, BookingError]:
    """Return, by its index, the error of each new booking that is over a limit when those before it are counted."""
    return {}
