"""What every use case of series stands on: who asks, trying again where somebody was faster, making way for the dates.

Kept out: what is decided (`series_choosing`), and the statements (`series_writing`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from core import bookkeeping, claims, errors
from core.catalogue import Catalogue, Catalogues, judged_by
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.ids import new_id
from core.models import Actor, Booking, Wish
from core.series_judging import (
    Asker,
    Dated,
)
from core.series_values import (
    OneSeries,
)
from core.series_writing import InTheWayError

T = TypeVar("T")

# Somebody may be faster; whoever loses as often as that is told to try again.
ATTEMPTS = 4

# Claims of one room never overlap: of those that begin before a time, only the last can reach into it.
_EXPIRED = """
SELECT wanted.number FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY
    AS wanted (room_id, starts, ends, number)
CROSS JOIN LATERAL (
    (SELECT end_time, expires_at FROM room_claims
    WHERE tenant_id = $1 AND room_id = wanted.room_id AND start_time <= wanted.starts ORDER BY start_time DESC LIMIT 1)
    UNION ALL
    SELECT end_time, expires_at FROM room_claims
    WHERE tenant_id = $1 AND room_id = wanted.room_id AND start_time > wanted.starts AND start_time < wanted.ends
) AS c
WHERE c.expires_at <= $5 AND c.end_time > wanted.starts ORDER BY 1
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What every use case of series stands on."""

    db: Database
    catalogues: Catalogues
    clock: Clock

    async def asker(self, by: Actor) -> Asker:
        """Return somebody asking now."""
        return Asker(catalogue=await self.catalogues.current(), by=by, now=self.clock.now())


async def again(
    desk: Desk,
    work: Callable[[WriteSession], Awaitable[T]],
    *,
    by: Catalogue,
    repeatable: bool,
    make_way: Callable[[], Awaitable[None]] | None = None,
) -> T:
    """Run work that looks and writes in one transaction, judged by a catalogue, anew where somebody was faster.

    `make_way` removes what has expired there meanwhile: what has is not in the way of looking, but of writing.
    """
    for _ in range(ATTEMPTS):
        try:
            return await desk.db.write(judged_by(by, work), repeatable=repeatable)
        except InTheWayError:
            if make_way:
                await make_way()
    raise errors.Busy("Many people are booking at this moment. Nothing was changed; try again.")


def allow(series: OneSeries, by: Actor) -> None:
    """Raise NotAllowed where somebody may not change a series."""
    if not series.changeable_by(by):
        raise errors.NotAllowed("Only whoever booked it, those who share it, or an admin can change this series.")


async def clear_expired(desk: Desk, wanted: Sequence[Dated], asker: Asker) -> None:
    """Remove expired claims that stand where dates are to go."""
    held = [(one, leaf, kept) for one in wanted for leaf, kept in claims.parts(one.rooms, one.slot)]

    async def look_for(session: ReadSession) -> list[Dated]:
        rows = await session.all(
            _EXPIRED,
            session.tenant,
            [leaf for _, leaf, _ in held],
            [kept.start for _, _, kept in held],
            [kept.end for _, _, kept in held],
            asker.now,
        )
        return [held[row["number"] - 1][0] for row in rows]

    for one in await desk.db.read(look_for):
        pretended = _pretended(one, asker)

        async def work(session: WriteSession, there: Booking = pretended) -> bool:
            return await bookkeeping.make_way(session, there, asker.catalogue, locked=False, now=asker.now)

        await desk.db.write(work, repeatable=True)


def _pretended(one: Dated, asker: Asker) -> Booking:
    """Return a booking that stands where a date is to go, for what asks by rooms and time alone."""
    by = asker.by
    wish = Wish(slot=one.slot, attendees_count=one.attendees_count)
    made = bookkeeping.new_booking(new_id(), wish, one.room, asker.catalogue, by=by, invited=(), now=asker.now)
    return replace(made, more_rooms=one.rooms[1:])
