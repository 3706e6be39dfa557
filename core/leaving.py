"""Giving back many of one's own bookings at once: those of the days that somebody is away, or all of a room.

What is to be given back is looked up first and shown; then exactly that is given back, piece by piece: a series, or the
dates of one between two days, as one operation, every other booking by itself. Each piece has a request key of its own under
the one of the whole, so that a second click, or one after a crash, does what is left to do and answers the same.
Kept out: which words mean which bookings.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

from core import recurring, store
from core.bookings import Bookings
from core.catalogue import Catalogues
from core.clock import Clock
from core.db import Database, ReadSession
from core.errors import BookingError, Busy, Unavailable
from core.models import Actor, Booking, Changed
from core.series import Series
from core.series_values import OneSeries, Scope, SeriesStatus

T = TypeVar("T")

# Nobody has more ahead; it keeps a runaway from filling the memory.
MOST = 2000
ONE_DAY = timedelta(days=1)
FURTHEST = timedelta(days=100 * 366)

_OWN = """
SELECT id FROM bookings
WHERE tenant_id = $1 AND booked_by = $2 AND start_time > $3 AND start_time >= $4 AND start_time < $5
    AND status = ANY($6::text[])
ORDER BY start_time, id LIMIT $7
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Days:
    """Days from the `first` to the `last`, both included, on the clock of each booking's place."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Something that is given back as one: a booking; or a series, whole or between two days, with its `dates` there.

    `version` is the one that was seen: of the booking, or of the series.
    """

    booking: UUID | None = None
    series: UUID | None = None
    version: int
    days: Days | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A piece with what it is: its bookings, soonest first, and the series that they are dates of, if they are.

    `coming` are dates of the series in those days that are still to be booked, and are not to be any more.
    """

    piece: Piece
    bookings: tuple[Booking, ...]
    series: OneSeries | None = None
    coming: tuple[date, ...] = ()

    @property
    def first_on(self) -> date:
        """The first day that it is about."""
        return min([*self.coming, *(local_day(one) for one in self.bookings)])


@dataclass(frozen=True, kw_only=True, slots=True)
class Undoable:
    """What takes a piece back: the booking at a version, or an operation on a series."""

    booking: UUID | None = None
    version: int = 0
    operation: UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """What came of it: each booking before and after, what takes it back, and the pieces that stay, with the reason."""

    changed: tuple[Changed, ...] = ()
    undoable: tuple[Undoable, ...] = ()
    kept: tuple[BookingError, ...] = field(default=())


class Leaving:
    """Look up and give back many of one's own bookings; what others booked is never among them."""

    def __init__(self, db: Database, catalogues: Catalogues, clock: Clock, bookings: Bookings, series: Series) -> None:
        self._db = db
        self._catalogues = catalogues
        self._clock = clock
        self._bookings = bookings
        self._series = series

    async def ahead(self, *, by: Actor, days: Days | None = None) -> tuple[Booking, ...]:
        """Return what the actor booked and has not begun, soonest first; of some days alone where they are given."""
        catalogue, now = await self._catalogues.current(), self._clock.now()
        # A day is another stretch of time at each place; which bookings are of it is told by their own clocks.
        since = _midnight(days.first, now) - ONE_DAY if days else now
        until = _midnight(days.last, now) + 2 * ONE_DAY if days else now + FURTHEST

        async def work(session: ReadSession) -> tuple[Booking, ...]:
            rows = await session.all(_OWN, session.tenant, by.person_id, now, since, until, list(store.HOLDING), MOST)
            found = await store.bookings(session, [row["id"] for row in rows], catalogue)
            return tuple(found[row["id"]] for row in rows if row["id"] in found)

        found = await self._db.read(work)
        return tuple(one for one in found if days is None or local_day(one) in days)

    async def parts(
        self,
        wanted: Sequence[Booking],
        *,
        by: Actor,
        days: Days | None,
        coming_too: Callable[[OneSeries], bool] = lambda _: False,
    ) -> tuple[Part, ...]:
        """Return bookings as the pieces in which they are given back, soonest first.

        All that is ahead of a series goes as the series, all its dates of the `days` as those days of it. Dates there that
        are still to be booked are left out of those series as well, and of those that `coming_too` is true of.
        """
        ids = {one.series_id for one in wanted if one.series_id}
        own = {one.series.id: one.series for one in await self._series.mine(by) if one.series.status is SeriesStatus.ACTIVE}
        known = [one for one in own.values() if one.id in ids or (days is not None and coming_too(one))]
        everything = await self.ahead(by=by) if known else ()
        parts = [Part(piece=Piece(booking=one.id, version=one.version), bookings=(one,)) for one in wanted]
        for series in known:
            chosen = [one for one in wanted if one.series_id == series.id]
            all_ahead = [one for one in everything if one.series_id == series.id]
            piece = _of_series(series, chosen, all_ahead, days)
            coming = _coming(series, days) if days else ()
            if piece is None or not (chosen or coming):
                continue
            parts = [one for one in parts if one.series or one.bookings[0].series_id != series.id]
            parts.append(Part(piece=piece, bookings=tuple(chosen), series=series, coming=coming))
        return tuple(sorted(parts, key=lambda one: (one.first_on, str(one.piece.booking or one.piece.series))))

    async def leave(self, pieces: Sequence[Piece], *, by: Actor, key: str) -> Left:
        """Give pieces back; what cannot be, because it was changed since or it is too late, stays and is told."""
        changed: list[Changed] = []
        undoable: list[Undoable] = []
        kept: list[BookingError] = []
        for number, piece in enumerate(pieces):
            done = await _tried(partial(self._give_back, piece, by=by, key=f"{key}:{number}"), kept)
            if done is not None:
                changed += done[0]
                undoable.append(done[1])
        return Left(changed=tuple(changed), undoable=tuple(undoable), kept=tuple(kept))

    async def undo(self, pieces: Sequence[Undoable], *, by: Actor, key: str) -> Left:
        """Take pieces back as they were; what is not free any more, or was changed since, stays and is told."""
        changed: list[Changed] = []
        kept: list[BookingError] = []
        for number, piece in enumerate(pieces):
            done = await _tried(partial(self._take_back, piece, by=by, key=f"{key}:{number}"), kept)
            changed += done or ()
        return Left(changed=tuple(changed), kept=tuple(kept))

    async def _give_back(self, piece: Piece, *, by: Actor, key: str) -> tuple[Sequence[Changed], Undoable]:
        if piece.booking is not None:
            one = await self._bookings.cancel(piece.booking, version=piece.version, by=by, key=key)
            return [one], Undoable(booking=piece.booking, version=one.after.version)
        assert piece.series is not None
        version, series = piece.version, self._series
        if piece.days is None:
            today = self._clock.now().date()
            many = await series.cancel(piece.series, scope=Scope.ALL, on=today, version=version, by=by, key=key)
        else:
            days = piece.days
            many = await series.cancel_range(piece.series, days.first, days.last, version=version, by=by, key=key)
        return many.changed, Undoable(operation=many.operation_id)

    async def _take_back(self, piece: Undoable, *, by: Actor, key: str) -> Sequence[Changed]:
        if piece.booking is not None:
            return [await self._bookings.undo(piece.booking, version=piece.version, by=by, key=key)]
        assert piece.operation is not None
        return (await self._series.undo(piece.operation, by=by, key=key)).changed


def _of_series(
    series: OneSeries, chosen: Sequence[Booking], all_ahead: Sequence[Booking], days: Days | None
) -> Piece | None:
    """Return the piece that holds just the chosen dates of a series; None where others would go with them."""
    if days is None:
        whole = len(chosen) == len(all_ahead)
        return Piece(series=series.id, version=series.version) if whole else None
    there = [one for one in all_ahead if local_day(one) in days]
    # A series told on another clock than its room's may see another day.
    alike = all((one.start.astimezone(series.tz).date() in days) == (local_day(one) in days) for one in all_ahead)
    if len(chosen) != len(there) or not alike:
        return None
    return Piece(series=series.id, version=series.version, days=days)


def _coming(series: OneSeries, days: Days) -> tuple[date, ...]:
    """Return the dates of a series in these days that are still to be booked."""
    if series.booked_until is None or series.booked_until >= days.last:
        return ()
    later = recurring.dates(recurring.parse(series.rule), series.first_on, until=days.last)
    since = max(days.first, series.booked_until + ONE_DAY)
    return tuple(day for day in later if day >= since and day not in series.left_out)


def local_day(booking: Booking) -> date:
    """Return the date of a booking on the clock of its place."""
    return booking.start.astimezone(booking.location.tz).date()


def _midnight(day: date, now: datetime) -> datetime:
    return datetime.combine(day, time(), tzinfo=now.tzinfo)


async def _tried(work: Callable[[], Awaitable[T]], kept: list[BookingError]) -> T | None:
    """Do a piece; note why it could not be done. What is down for all pieces is raised: the same key goes on from there."""
    try:
        return await work()
    except (Busy, Unavailable):
        raise
    except BookingError as error:
        kept.append(error)
        return None


__all__ = ["MOST", "Days", "Leaving", "Left", "Part", "Piece", "Undoable", "local_day"]
