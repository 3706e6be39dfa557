"""Booking a series: previewed, then all of it written in one transaction, or nothing.

What is decided beforehand is decided on what was read; whoever was faster is noticed by the claims, and then it is looked
at anew. Kept out: the statements (`series_writing`, `series_store`), and changing what is booked (`series_changing`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from core import bookkeeping, errors, limits, recurring, requests, series_store, series_writing
from core.catalogue import judged_by
from core.db import ReadSession, WriteSession
from core.errors import BookingError, InvalidSeries
from core.feed import Feed
from core.models import Actor, Booking
from core.series_choosing import Choices, Plan, booking, clash, new_series, plan, ruled_out, waited_for, wish_of
from core.series_desk import ATTEMPTS, Desk, clear_expired
from core.series_judging import (
    Asker,
    Dated,
    dated,
)
from core.series_values import (
    Booked,
    OneSeries,
    Preview,
    SeriesWish,
)
from core.series_writing import InTheWayError, Progress


class OverLimitError(Exception):
    """Some dates are more than somebody may hold; rolls the transaction back. By date."""

    def __init__(self, found: Mapping[date, BookingError]) -> None:
        super().__init__()
        self.found = found


async def look(desk: Desk, wish: SeriesWish, *, by: Actor) -> Preview:
    """Return what would come of a wish, limits counted; changes nothing."""
    asker = await desk.asker(by)
    made = await desk.db.read(lambda session: plan(session, wish, asker, {}, None))
    pretended = new_series(made, asker)

    async def work(session: WriteSession) -> Mapping[date, BookingError]:
        people = await bookkeeping.invited(session, wish.invitees)
        return await over_limits(session, [booking(one, pretended, asker, people)[0] for one in made.keep], asker)

    return ruled_out(made.preview, await desk.db.write(work, repeatable=True))


async def over_limits(
    session: WriteSession,
    wanted: Sequence[Booking],
    asker: Asker,
    *,
    before: Sequence[Booking | None] | None = None,
    given_back: Collection[UUID] = (),
) -> dict[date, BookingError]:
    """Return which dates are more than somebody may hold; `before` and `given_back` as in `limits.check_all`."""
    if not wanted:
        return {}
    found = await limits.check_all(
        session,
        wanted,
        before=before,
        given_back=given_back,
        catalogue=asker.catalogue,
        by=asker.by,
        now=asker.now,
    )
    days = [one.series_on for one in wanted]
    return {day: error for number, error in found.items() if (day := days[number]) is not None}


async def book(
    desk: Desk,
    wish: SeriesWish,
    *,
    by: Actor,
    key: str | None,
    choices: Choices,
    one_room: UUID | None,
    progress: Progress | None,
) -> Booked:
    """Book every date of a wish, or nothing; raises SeriesClash where somebody must choose."""
    content = requests.fingerprint("series", wish=wish, by=by.person_id, choices=choices, one_room=one_room)
    asker = await desk.asker(by)
    for _ in range(ATTEMPTS):
        if key and (done := await desk.db.read(lambda session: booked_before(session, key, content, asker))):
            return done
        try:
            made = await desk.db.read(lambda session: plan(session, wish, asker, choices, one_room))
            if made.open:
                raise clash(made.preview)
        except BookingError:
            # What is in the way may be what the same request has booked since.
            if key and (done := await desk.db.read(lambda session: booked_before(session, key, content, asker))):
                return done
            raise
        if not made.keep:
            raise InvalidSeries("Every date is left out; there is nothing to book.")
        await clear_expired(desk, made.keep, asker)
        try:
            writing = judged_by(asker.catalogue, _writing(made, asker, key, content, progress))
            return await desk.db.write(writing, repeatable=key is not None)
        except InTheWayError:
            continue
        except OverLimitError as over:
            refusal = clash(ruled_out(made.preview, over.found))
        raise refusal
    raise errors.Busy("Many people are booking at this moment. Nothing was changed; try again.")


def _writing(
    made: Plan, asker: Asker, key: str | None, content: str, progress: Progress | None
) -> Callable[[WriteSession], Awaitable[Booked]]:
    series = new_series(made, asker)

    async def work(session: WriteSession) -> Booked:
        if key and await requests.claim(session, key, content=content, event_ids=[], now=asker.now):
            done = await booked_before(session, key, content, asker)
            assert done is not None
            return done
        # All locks before the series, which holds on to its room: whoever divides rooms comes before all of it or after.
        pairs = await _within_limits(session, series, made.keep, asker)
        await series_writing.hold(session, [one for one, _ in pairs], room=series.room)
        await series_store.insert(session, series)
        operation_id = await series_store.note(session, "booked", before=None, after=series, by=asker.by)
        new = await _written(session, pairs, asker, operation_id, progress=progress)
        await series_store.stand_in_line(session, series, waited_for(made.gaps), now=asker.now)
        if key:
            await requests.changed_many(session, key, operation_id=operation_id, series_id=series.id)
        return Booked(series=series, bookings=new, gaps=made.gaps, beyond=made.preview.beyond, operation_id=operation_id)

    return work


async def add(
    session: WriteSession,
    series: OneSeries,
    wanted: Sequence[Dated],
    asker: Asker,
    operation_id: UUID,
    *,
    progress: Progress | None = None,
) -> tuple[Booking, ...]:
    """Write the dates of a series; raises InTheWayError and OverLimitError."""
    pairs = await _within_limits(session, series, wanted, asker)
    return await _written(session, pairs, asker, operation_id, progress=progress)


async def _within_limits(
    session: WriteSession, series: OneSeries, wanted: Sequence[Dated], asker: Asker
) -> list[tuple[Booking, datetime | None]]:
    """Return the bookings of a series' dates, each with when its request expires; raises OverLimitError."""
    people = await bookkeeping.invited(session, series.invitees)
    pairs = [booking(one, series, asker, people) for one in sorted(wanted, key=lambda one: one.slot.start)]
    if over := await over_limits(session, [one for one, _ in pairs], asker):
        raise OverLimitError(over)
    return pairs


async def _written(
    session: WriteSession,
    pairs: Sequence[tuple[Booking, datetime | None]],
    asker: Asker,
    operation_id: UUID,
    *,
    progress: Progress | None,
) -> tuple[Booking, ...]:
    new = [one for one, _ in pairs]
    until = {one.id: moment for one, moment in pairs if moment is not None}
    await series_writing.book(
        session, new, until=until, by=asker.by, operation_id=operation_id, now=asker.now, progress=progress
    )
    return tuple(new)


async def booked_before(session: ReadSession, key: str, content: str, asker: Asker) -> Booked | None:
    """Return what an earlier request with the key booked, None where there was none."""
    answer = await requests.look_up(session, key, content=content, now=asker.now)
    if answer is None or answer.series_id is None or answer.operation_id is None:
        return None
    series = await series_store.by_id(session, answer.series_id, asker.catalogue)
    happened = await Feed(asker.catalogue).of_operation(session, answer.operation_id)
    gaps = [dated(wish_of(series), [day], (series.room,))[0].as_occurrence() for day in sorted(series.left_out)]
    return Booked(
        series=series,
        bookings=tuple(one.after for one in happened),
        gaps=tuple(gaps),
        beyond=beyond(series),
        operation_id=answer.operation_id,
    )


def beyond(series: OneSeries) -> int | None:
    """Return how many dates of a series are still to be booked as time goes on, None where it has no end."""
    rule = recurring.parse(series.rule)
    if rule.endless:
        return None
    if series.booked_until is None:
        return 0
    last = series.booked_until
    return sum(1 for day in recurring.all_dates(rule, series.first_on) if day > last)
