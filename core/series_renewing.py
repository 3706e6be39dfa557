"""Series that go on: further dates booked, a series renewed, a date booked after all.

A date that clashes is left out and waited for: nobody is there to choose. Kept out: when it is time (`series_going_on`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from uuid import UUID

from core import errors, recurring, requests, series_store
from core.db import ReadSession, WriteSession
from core.errors import BookingError, InvalidSeries
from core.feed import Feed
from core.models import Actor, Booking
from core.series_booking import OverLimitError, add, beyond, booked_before, over_limits
from core.series_choosing import booking, waited_for, wish_of
from core.series_desk import Desk, again, allow, clear_expired
from core.series_judging import (
    Asker,
    Dated,
    apart,
    dated,
    judged,
    reach,
)
from core.series_values import (
    Booked,
    Occurrence,
    OneSeries,
    SeriesStatus,
    Verdict,
)

# As long again, but never more than a year further.
RENEWED_AT_MOST = timedelta(days=366)
_TELL_ANEW = "UPDATE series SET told_ending_at = NULL WHERE tenant_id = $1 AND id = $2"


async def grow(
    session: WriteSession,
    before: OneSeries,
    after: OneSeries,
    asker: Asker,
    *,
    since: date | None,
    action: str,
) -> tuple[OneSeries, tuple[Booking, ...], tuple[Occurrence, ...], UUID]:
    """Book what a locked series has to book by now after a day; a date that clashes is left out and waited for.

    `after` is the series as it is to be, its version too, but for the dates. Raises InTheWayError, to look again.
    """
    rooms = (after.room, *after.more_rooms)
    rule = recurring.parse(after.rule)
    within = reach(rule, after.first_on, after.room, asker, after=since)
    wanted = dated(wish_of(after), (day for day in within.days if day not in after.left_out), rooms)
    found: Sequence[Occurrence] = apart(wanted, await judged(session, wanted, wish_of(after), asker))
    found = await _limited(session, after, wanted, found, asker)
    gaps = tuple(one for one in found if one.clashes)
    grown = replace(
        after,
        left_out=after.left_out | {gap.on for gap in gaps},
        booked_until=None if within.beyond == 0 else within.until,
    )
    operation_id = await series_store.note(session, action, before=before, after=grown, by=asker.by)
    keep = [one for one, verdict in zip(wanted, found, strict=True) if not verdict.clashes]
    new = await add(session, grown, keep, asker, operation_id)
    await series_store.update(session, before, grown)
    await series_store.stand_in_line(session, grown, waited_for(gaps), now=asker.now)
    return grown, new, gaps, operation_id


async def _limited(
    session: WriteSession, series: OneSeries, wanted: Sequence[Dated], found: Sequence[Occurrence], asker: Asker
) -> tuple[Occurrence, ...]:
    free = [booking(one, series, asker, ())[0] for one, verdict in zip(wanted, found, strict=True) if not verdict.clashes]
    over = await over_limits(session, free, asker)
    return tuple(replace(one, verdict=Verdict.RULED_OUT, error=over[one.on]) if one.on in over else one for one in found)


def renewed_rule(series: OneSeries) -> str:
    """Return the rule of a series that goes on as long again, a year at most; raises InvalidSeries where it has no end."""
    rule = recurring.parse(series.rule)
    if rule.endless:
        raise InvalidSeries("That series has no end; there is nothing to renew.")
    days = recurring.all_dates(rule, series.first_on)
    longest = days[-1] + RENEWED_AT_MOST
    endless = replace(rule, count=None, until=None)
    further = [day for day in recurring.dates(endless, series.first_on, until=longest) if day > days[-1]][: len(days)]
    if not further:
        raise InvalidSeries("That series has no date within the next year.")
    renewed = rule.counting(len(days) + len(further)) if rule.count is not None else rule.ending(further[-1])
    return str(renewed)


async def renew(desk: Desk, series_id: UUID, *, by: Actor, key: str | None) -> Booked:
    """Let a series go on as long again; dates that clash are left out and waited for."""
    content = requests.fingerprint("renew", series=series_id, by=by.person_id)
    asker = await desk.asker(by)

    async def work(session: WriteSession) -> Booked:
        if key and await requests.claim(session, key, content=content, event_ids=[], now=asker.now):
            done = await booked_before(session, key, content, asker)
            assert done is not None
            return done
        before = await series_store.locked(session, series_id, asker.catalogue)
        assert before is not None
        allow(before, by)
        if before.status is SeriesStatus.CANCELLED:
            raise errors.SeriesNotActive("This series is cancelled.")
        rule = recurring.parse(before.rule)
        longer = renewed_rule(before)
        last = before.booked_until or recurring.all_dates(rule, before.first_on)[-1]
        wanted = replace(before, rule=longer, status=SeriesStatus.ACTIVE, version=before.version + 1, updated_at=asker.now)
        grown, new, gaps, operation_id = await grow(session, before, wanted, asker, since=last, action="renewed")
        await session.run(_TELL_ANEW, session.tenant, series_id)
        if key:
            await requests.changed_many(session, key, operation_id=operation_id, series_id=series_id)
        return Booked(series=grown, bookings=new, gaps=gaps, beyond=beyond(grown), operation_id=operation_id)

    return await again(
        desk, work, by=asker.catalogue, repeatable=key is not None, make_way=partial(clear_ahead, desk, series_id, asker)
    )


async def clear_ahead(desk: Desk, series_id: UUID, asker: Asker) -> None:
    """Remove what has expired where the dates of a series are that it has not booked."""

    async def work(session: ReadSession) -> list[Dated]:
        series = await series_store.by_id(session, series_id, asker.catalogue)
        today = asker.now.astimezone(series.tz).date()
        held = await series_store.held_on(session, series_id, since=today)
        # A series that is renewed goes on after its end.
        rule = replace(recurring.parse(series.rule), count=None, until=None)
        days = reach(rule, series.first_on, series.room, asker, after=today - timedelta(days=1)).days
        missing = (day for day in days if day not in held)
        return dated(wish_of(series), missing, (series.room, *series.more_rooms))

    await clear_expired(desk, await desk.db.read(work), asker)


async def restore(desk: Desk, series_id: UUID, on: date, *, by: Actor, key: str | None) -> Booking:
    """Book a date that was left out, where it can be had again; raises SlotTaken, or the rule in the way."""
    content = requests.fingerprint("restore", series=series_id, on=on, by=by.person_id)
    asker = await desk.asker(by)

    async def work(session: WriteSession) -> Booking:
        answer = key and await requests.claim(session, key, content=content, event_ids=[], now=asker.now)
        if answer and answer.operation_id:
            return (await Feed(asker.catalogue).of_operation(session, answer.operation_id))[0].after
        before = await series_store.locked(session, series_id, asker.catalogue)
        assert before is not None
        allow(before, by)
        one = await _missing(session, before, on)
        (found,) = await judged(session, [one], wish_of(before), asker, horizon=True)
        if found.clashes:
            raise _why(found, one)
        after = replace(before, left_out=before.left_out - {on}, version=before.version + 1, updated_at=asker.now)
        operation_id = await series_store.note(session, "restored", before=before, after=after, by=by)
        try:
            (new,) = await add(session, after, [one], asker, operation_id)
        except OverLimitError as over:
            raise over.found[on] from None
        await series_store.update(session, before, after)
        await series_store.leave_line(session, series_id, [on], now=asker.now)
        if key:
            await requests.changed_many(session, key, operation_id=operation_id, series_id=series_id)
        return new

    return await again(
        desk, work, by=asker.catalogue, repeatable=key is not None, make_way=partial(clear_ahead, desk, series_id, asker)
    )


async def _missing(session: ReadSession, series: OneSeries, on: date) -> Dated:
    rule = recurring.parse(series.rule)
    if on not in recurring.dates(rule, series.first_on, until=on):
        raise InvalidSeries("The series has no date on that day.")
    if on in await series_store.held_on(session, series.id, since=on):
        raise InvalidSeries("That date is booked.")
    return dated(wish_of(series), [on], (series.room, *series.more_rooms))[0]


def _why(found: Occurrence, one: Dated) -> BookingError:
    if found.error is not None:
        return found.error
    return errors.SlotTaken(f"{one.room.name} is taken then.", room=one.room, slot=one.slot, rivals=found.rivals)
