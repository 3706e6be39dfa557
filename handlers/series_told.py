"""What a reader is told of the series that bookings belong to: looked up once for all that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.models import Booking
from handlers.services import Desk, Services
from handlers.views.times import Reader


async def knowing(desk: Desk, *bookings: Booking) -> Reader:
    """Return the person as a reader who knows the series of these bookings."""
    return await told(desk.reader, bookings, desk.services)


async def told(reader: Reader, bookings: Sequence[Booking], services: Services) -> Reader:
    """Return a reader who knows the series of these bookings."""
    ids = {booking.series_id for booking in bookings if booking.series_id}
    return replace(reader, series=await services.series.several(ids)) if ids else reader
