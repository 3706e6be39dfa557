"""What people wanted and did not get: by what was missing, so that the figures can say which room to build or to free.

Written beside the answer, never before it; a slip of the pen is no demand. Kept out: what is made of it (`stats`).
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from core import errors
from core.catalogue import Catalogue, Catalogues
from core.clock import Clock
from core.db import Database, WriteSession
from core.errors import BookingError
from core.ids import new_id
from core.models import Actor, Wish
from core.search import suitable

# Who tries the same again and again wants it once.
SAME_AGAIN = timedelta(minutes=10)


class Lack(StrEnum):
    """What was missing. The comment says what `detail` holds."""

    SEATS = "seats"  # no room seats so many
    AMENITY = "amenity"  # its name: no room that is large enough has it, or the named room has it not
    TAKEN = "taken"  # rooms that fit are all booked
    RULE = "rule"  # the refusal's code
    EQUIPMENT = "equipment"  # its name: not as much of it is left
    RIGHT = "right"  # they may not book there


_RULES = (
    errors.OutsideOpeningHours,
    errors.TooShort,
    errors.TooLong,
    errors.TooFarAhead,
    errors.BookingCutoff,
    errors.TooShortNotice,
    errors.Holiday,
    errors.RoomClosed,
    errors.QuotaReached,
    errors.AnotherRoomThen,
)
_PLAIN = {
    errors.SlotTaken: Lack.TAKEN,
    errors.TooManyAttendees: Lack.SEATS,
    errors.MayNotBook: Lack.RIGHT,
    errors.GuestsMayNotBook: Lack.RIGHT,
}
_ONCE = """
INSERT INTO searches (tenant_id, id, person_id, surface, location_id, room_id, start_time, end_time, attendees_count,
    amenities, lacking, detail, made_at, equipment)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $15 WHERE NOT EXISTS (
    SELECT FROM searches WHERE tenant_id = $1 AND made_at > $14 AND person_id = $3 AND lacking = $11
        AND detail IS NOT DISTINCT FROM $12 AND (start_time, end_time, attendees_count) = ($7, $8, $9)
        AND location_id IS NOT DISTINCT FROM $5 AND room_id IS NOT DISTINCT FROM $6)
"""


def lacks(wish: Wish, refused: BookingError | None, catalogue: Catalogue) -> tuple[tuple[Lack, str | None], ...]:
    """Return what was missing and its detail; `refused` None: a search found nothing. Empty where it is no demand."""
    if refused is None or isinstance(refused, errors.NothingFits | errors.LacksAmenities):
        return _of_rooms(wish, catalogue)
    if isinstance(refused, errors.EquipmentTaken):
        return ((Lack.EQUIPMENT, refused.name),)
    if isinstance(refused, _RULES):
        return ((Lack.RULE, refused.code),)
    lack = next((lack for kind, lack in _PLAIN.items() if isinstance(refused, kind)), None)
    return ((lack, None),) if lack else ()


def _of_rooms(wish: Wish, catalogue: Catalogue) -> tuple[tuple[Lack, str | None], ...]:
    """Return what no room has, or, where some have it all, that they are taken."""
    if wish.room_id is not None:
        room = catalogue.room(wish.room_id)
        missing = wish.amenities - room.amenities
        return tuple((Lack.AMENITY, name) for name in sorted(missing)) or ((Lack.TAKEN, None),)
    if suitable(catalogue, wish):
        return ((Lack.TAKEN, None),)
    rooms = [room for room in catalogue.rooms_at(wish.location_id) if room.capacity >= wish.attendees_count]
    if not rooms:
        return ((Lack.SEATS, None),) if catalogue.rooms_at(wish.location_id) else ()
    there = frozenset(name for room in rooms for name in room.amenities)
    # Each of them may be somewhere, only not together.
    missing = wish.amenities - there or wish.amenities
    return tuple((Lack.AMENITY, name) for name in sorted(missing))


class Demand:
    """Keeps refused demand."""

    def __init__(self, db: Database, catalogues: Catalogues, clock: Clock) -> None:
        self._db = db
        self._catalogues = catalogues
        self._clock = clock

    async def note(self, wish: Wish, refused: BookingError | None, *, by: Actor, surface: str) -> int:
        """Keep what was missing, once in ten minutes for the same person and wish; return how many rows that made."""
        catalogue, now = await self._catalogues.current(), self._clock.now()
        found = lacks(wish, refused, catalogue)
        place = wish.location_id or (catalogue.room(wish.room_id).location_id if wish.room_id else None)
        wanted = {thing_id for thing_id, _ in wish.equipment}
        things = sorted({thing.name for thing in catalogue.equipment if thing.id in wanted})

        async def work(session: WriteSession) -> int:
            # The same click on two replicas at once is one wish too.
            await session.run("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"demand:{by.person_id}")
            made = 0
            for lack, detail in found:
                tag = await session.run(
                    _ONCE,
                    session.tenant,
                    new_id(),
                    by.person_id,
                    surface,
                    place,
                    wish.room_id,
                    wish.slot.start,
                    wish.slot.end,
                    wish.attendees_count,
                    sorted(wish.amenities),
                    lack.value,
                    detail,
                    now,
                    now - SAME_AGAIN,
                    things,
                )
                made += tag == "INSERT 0 1"
            return made

        return await self._db.write(work, repeatable=True) if found else 0
