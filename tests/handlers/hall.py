"""A hall of two parts and things to borrow, for a firm: what divisible rooms and equipment are tested with."""

from __future__ import annotations

from uuid import UUID

from core.divisible import Divisible
from core.equipment import Equipments
from core.models import Equipment
from core.rooms import RoomRow, Rooms
from tests.handlers.firm import BEN, Firm


async def lends(firm: Firm, name: str, quantity: int, *, place: str = "New York") -> Equipment:
    """Let there be something to borrow at a place."""
    boss = await firm.actor(BEN, admin=True)
    made = await Equipments(firm.db, firm.services.catalogues).add(firm.places[place].id, name, quantity, by=boss)
    await refreshed(firm)
    return made


async def hall(firm: Firm, *, name: str = "Hall", parts: tuple[str, str] = ("Hall A", "Hall B")) -> None:
    """Add a divisible room of 30 seats, and its parts of 12 and 14."""
    rows = [
        RoomRow(name=one, location="New York", zone="America/New_York", capacity=seats, floor="1")
        for one, seats in ((name, 30), (parts[0], 12), (parts[1], 14))
    ]
    await Rooms(firm.db, firm.services.catalogues).import_rows(rows)
    rooms = await refreshed(firm)
    boss = await firm.actor(BEN, admin=True)
    ids = [rooms[part] for part in parts]
    await Divisible(firm.db, firm.services.catalogues).set_parts(rooms[name], ids, by=boss)
    await refreshed(firm)


async def refreshed(firm: Firm) -> dict[str, UUID]:
    """Read the catalogue again, into the firm's rooms; return their ids by name."""
    firm.services.catalogues.forget()
    catalogue = await firm.services.catalogues.current()
    firm.rooms.clear()
    firm.rooms.update({room.name: room for room in catalogue.rooms})
    return {room.name: room.id for room in catalogue.rooms}
