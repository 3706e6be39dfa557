"""Giving back dates of a series at once: one, all from one on, all that are ahead, or those of some days away.

Kept out: the statements (`series_writing`), and taking it back (`series_undoing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from core import bookkeeping, recurring, requests, series_store, series_writing
from core.db import WriteSession
from core.errors import InvalidSeries, TooLateToCancel
from core.events import Kind
from core.models import Actor, Booking, Changed, Status, one_line
from core.series_changing import opened
from core.series_desk import Desk, again
from core.series_judging import Asker
from core.series_merging import ended_before, in_scope
from core.series_values import OneSeries, Scope, SeriesChanged, SeriesStatus
from core.series_writing import Step

# A rule without an end has dates for ever: nobody is away for longer.
AWAY_AT_MOST_DAYS = 3 * 366


async def cancel(
    desk: Desk,
    series_id: UUID,
    *,
    scope: Scope,
    on: date,
    version: int | None,
    by: Actor,
    key: str | None,
    reason: str | None,
) -> SeriesChanged:
    """Cancel the dates in scope; what it is too late for stays, and where that is all of it, TooLateToCancel is raised."""
    asker = await desk.asker(by)
    reason = one_line(reason)
    content = requests.fingerprint(
        "cancel series", series=series_id, scope=scope, on=on, by=by.person_id, reason=reason, version=version
    )

    async def work(session: WriteSession) -> SeriesChanged:
        series = await opened(session, series_id, version=version, key=key, content=content, asker=asker)
        if isinstance(series, SeriesChanged):
            return series
        bookings, earlier = await in_scope(session, series, scope, on, asker)
        going = _in_time(bookings, asker)
        match scope:
            case Scope.THIS:
                after = _without(series, [on], asker)
            case Scope.FOLLOWING if earlier:
                after = ended_before(series, on, asker)
            case _:
                after = _cancelled(series, asker)
        return await _give_back(session, series, after, going, asker, key=key, reason=reason)

    return await again(desk, work, by=asker.catalogue, repeatable=key is not None)


async def cancel_range(
    desk: Desk, series_id: UUID, first: date, last: date, *, version: int | None, by: Actor, key: str | None
) -> SeriesChanged:
    """Cancel the dates from a day to a day, both included, and leave out those that are still to be booked."""
    if last < first or (last - first).days > AWAY_AT_MOST_DAYS:
        raise InvalidSeries("Give a first and a last day, the last not before the first.")
    asker = await desk.asker(by)
    content = requests.fingerprint(
        "cancel range", series=series_id, first=first, last=last, by=by.person_id, version=version
    )

    async def work(session: WriteSession) -> SeriesChanged:
        series = await opened(session, series_id, version=version, key=key, content=content, asker=asker)
        if isinstance(series, SeriesChanged):
            return series
        bookings, _ = await in_scope(session, series, Scope.ALL, first, asker)
        away = [one for one in bookings if first <= one.start.astimezone(series.tz).date() <= last]
        going = _in_time(away, asker)
        rule = recurring.parse(series.rule)
        days = {day for day in recurring.dates(rule, series.first_on, until=last) if day >= first}
        # What was moved out of these days stays, what was moved into them goes.
        days -= {one.series_on for one in bookings if one not in away and one.series_on}
        days |= {one.series_on for one in going if one.series_on}
        after = _without(series, days - {one.series_on for one in away if one not in going}, asker)
        return await _give_back(session, series, after, going, asker, key=key, reason=None)

    return await again(desk, work, by=asker.catalogue, repeatable=key is not None)


def _in_time(bookings: Sequence[Booking], asker: Asker) -> list[Booking]:
    """Return those of the bookings that can be given back still; raises TooLateToCancel where that is none of them."""
    found, late = [], None
    for one in bookings:
        try:
            bookkeeping.check_cancel(one, asker.catalogue, by=asker.by, now=asker.now)
            found.append(one)
        except TooLateToCancel as error:
            late = late or error
    if late and not found:
        raise late
    return found


def _without(series: OneSeries, days: Iterable[date], asker: Asker) -> OneSeries:
    return replace(series, left_out=series.left_out | set(days), version=series.version + 1, updated_at=asker.now)


def _cancelled(series: OneSeries, asker: Asker) -> OneSeries:
    return replace(
        series,
        status=SeriesStatus.CANCELLED,
        booked_until=None,
        version=series.version + 1,
        updated_at=asker.now,
    )


async def _give_back(
    session: WriteSession,
    before: OneSeries,
    after: OneSeries,
    going: Sequence[Booking],
    asker: Asker,
    *,
    key: str | None,
    reason: str | None,
) -> SeriesChanged:
    now = asker.now
    steps = [
        Step(
            kind=Kind.CANCELLED,
            before=one,
            after=bookkeeping.following(one, now=now, status=Status.CANCELLED, cancel_reason=reason),
        )
        for one in going
    ]
    await series_store.update(session, before, after)
    operation_id = await series_store.note(session, "cancelled", before=before, after=after, by=asker.by)
    await _stop_waiting(session, before, after, asker)
    await series_writing.change(
        session, steps, asker.catalogue, by=asker.by, operation_id=operation_id, now=now, reason=reason
    )
    if key:
        await requests.changed_many(session, key, operation_id=operation_id, series_id=after.id)
    return SeriesChanged(
        series=after,
        changed=tuple(Changed(before=step.before, after=step.after) for step in series_writing.in_order(steps)),
        operation_id=operation_id,
    )


async def _stop_waiting(session: WriteSession, before: OneSeries, after: OneSeries, asker: Asker) -> None:
    """Leave the line for dates that the series does not have any more, or that somebody does not want."""
    waiting = await series_store.waiting(session, before.id)
    if not waiting:
        return
    rule = recurring.parse(after.rule)
    gone = [
        day
        for day in waiting
        if after.status is SeriesStatus.CANCELLED
        or (rule.until is not None and day > rule.until)
        or day in after.left_out - before.left_out
    ]
    await series_store.leave_line(session, before.id, gone, now=asker.now)
