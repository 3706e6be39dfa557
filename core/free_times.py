"""When a room is free, over days: between what is booked and held, within its hours, outside of holidays and closures.

What is told can be booked as far as times go; who may book, and how much, is for the rules to say (`rules`, `limits`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from core.board import DAY_MINUTES, at, without
from core.catalogue import Catalogue, Catalogues
from core.clock import Clock
from core.db import Database, ReadSession
from core.models import Actor, Room, Slot

_HELD = """
SELECT start_time, end_time FROM room_claims
WHERE tenant_id = $1 AND room_id = ANY($2::uuid[]) AND end_time > $3 AND start_time < $4
    AND (expires_at IS NULL OR expires_at > $5)
ORDER BY start_time
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Free:
    """The free times of a room in a window, in order, each long enough; `may_book` is whether the asker may have them."""

    room: Room
    window: Slot
    minutes: int
    may_book: bool
    slots: tuple[Slot, ...]


class FreeTimes:
    """Looks at one room for as long as is asked; changes nothing."""

    def __init__(self, db: Database, catalogues: Catalogues, clock: Clock) -> None:
        self._db = db
        self._catalogues = catalogues
        self._clock = clock

    async def of(self, room_id: UUID, window: Slot, *, minutes: int | None, by: Actor) -> Free:
        """Return when a room is free from now on for so many minutes, or for the shortest booking that it takes.

        Up to its horizon; never where it is out of use. Raises RoomNotFound.
        """
        catalogue, now = await self._catalogues.current(), self._clock.now()
        room = catalogue.room(room_id)
        place, policy = catalogue.place_of(room), catalogue.policy(room, by.groups)
        least = max(minutes or 0, policy.shortest_minutes)
        last = now.astimezone(place.tz).date() + timedelta(days=policy.horizon_days)
        ahead = Slot(
            start=max(window.start, now + timedelta(minutes=policy.notice_minutes)),
            end=min(window.end, at(last, DAY_MINUTES, place.tz)),
        )
        usable = room.active and place.active and ahead.start < ahead.end
        slots: tuple[Slot, ...] = ()
        if usable:
            held = await self._db.read(lambda session: _held(session, room, ahead, now=now))
            closed = [one.slot for one in catalogue.closures_of(room) if not one.lets_pass(by)]
            slots = without(ahead, [*held, *closed, *_shut(room, ahead, catalogue, by)])
        return Free(
            room=room,
            window=window,
            minutes=least,
            may_book=usable and catalogue.right_to_book(by, room) is not None,
            slots=tuple(slot for slot in slots if slot.length >= timedelta(minutes=least)),
        )


async def _held(session: ReadSession, room: Room, window: Slot, *, now: datetime) -> list[Slot]:
    """Return when the room cannot be had because of what is booked or held, its own setup and teardown counted."""
    before, after = timedelta(minutes=room.setup_minutes), timedelta(minutes=room.teardown_minutes)
    rows = await session.all(_HELD, session.tenant, list(room.leaves), window.start - before, window.end + after, now)
    return [Slot(start=row["start_time"] - after, end=row["end_time"] + before) for row in rows]


def _shut(room: Room, window: Slot, catalogue: Catalogue, by: Actor) -> Iterator[Slot]:
    """Give out the times outside of the room's hours, and holidays."""
    place, policy = catalogue.place_of(room), catalogue.policy(room, by.groups)
    for day in _days(window.start.astimezone(place.tz).date(), window.end.astimezone(place.tz).date()):
        whole = Slot(start=at(day, 0, place.tz), end=at(day, DAY_MINUTES, place.tz))
        hours = policy.opening[day.weekday()]
        if catalogue.holiday(place, room, day, by.groups) or hours.opens >= hours.closes:
            yield whole
        else:
            yield Slot(start=whole.start, end=at(day, hours.opens, place.tz))
            yield Slot(start=at(day, hours.closes, place.tz), end=whole.end)


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))
