"""Divisible rooms and things to borrow for the tests of the core's office."""

from __future__ import annotations

from core.divisible import Divisible
from core.equipment import Equipments
from core.models import Booking, Equipment, Location, Room
from tests.core.office import Office


async def divided(office: Office, whole: Room, *parts: Room) -> Room:
    """Let a room be made of others, and return it."""
    return await Divisible(office.db, office.catalogues).set_parts(whole.id, [part.id for part in parts], by=office.boss)


async def hall(office: Office, *, setup: int = 0) -> tuple[Room, Room, Room]:
    """Add a hall of two parts: the whole, and each part."""
    one, other = await office.room("Hall A", seats=10), await office.room("Hall B", seats=12)
    whole = await divided(office, await office.room("Hall", seats=24, setup=setup), one, other)
    return whole, one, other


async def lendable(
    office: Office, name: str = "Projector", quantity: int = 2, *, place: Location | None = None
) -> Equipment:
    """Let there be something to borrow."""
    return await Equipments(office.db, office.catalogues).add((place or office.berlin).id, name, quantity, by=office.boss)


async def claimed(office: Office, booking: Booking) -> dict[str, int]:
    """Return the minutes for which a booking claims rooms, by their names."""
    rows = await office.rows(
        "SELECT r.name, extract(epoch FROM c.end_time - c.start_time)::int / 60 AS minutes FROM room_claims c"
        " JOIN rooms r ON r.id = c.room_id WHERE c.booking_id = $1",
        booking.id,
    )
    return {row["name"]: row["minutes"] for row in rows}


async def lent(office: Office, booking: Booking) -> dict[str, int]:
    """Return what a booking has borrowed, as the table has it."""
    rows = await office.rows(
        "SELECT e.name, c.quantity FROM equipment_claims c JOIN equipment e ON e.id = c.equipment_id"
        " WHERE c.booking_id = $1",
        booking.id,
    )
    return {row["name"]: row["quantity"] for row in rows}
