"""Changing the dates of a series at once: this one, this and all that follow, or all that are ahead.

A change of those that follow splits the series. Kept out: what is merged with what (`series_merging`), the statements
(`series_writing`), cancelling (`series_cancelling`), and taking it all back (`series_undoing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from uuid import UUID

from core import bookkeeping, errors, recurring, requests, series_store, series_writing
from core.db import ReadSession, WriteSession
from core.errors import BookingError
from core.events import Kind
from core.feed import Feed
from core.models import Actor, Booking, Changed, Keep, Status, by_name
from core.series_booking import OverLimitError, over_limits
from core.series_choosing import Choices, Plan, booking, chosen, clash, ruled_out, waited_for, wish_of
from core.series_desk import Desk, again, allow, clear_expired
from core.series_judging import Asker, Dated, apart, dated, judged, with_other_rooms
from core.series_merging import Asked, Target, bookings_after, pairs, target, was_edited
from core.series_values import (
    OneSeries,
    Preview,
    Scope,
    SeriesChanged,
    SeriesStatus,
    Verdict,
)
from core.series_writing import Step

_WAITING_GO_ALONG = "UPDATE waiting SET series_id = $3 WHERE tenant_id = $1 AND series_id = $2 AND series_on >= $4"
_ENDS_UNTOLD = "UPDATE series SET told_ending_at = $3 WHERE tenant_id = $1 AND id = $2"


async def judge(session: ReadSession, aim: Target, asker: Asker, choices: Choices) -> tuple[Plan, list[Booking]]:
    """Return what is to become of each date by what was chosen, and the bookings that have no date any more."""
    found, gone, made = pairs(aim, asker.catalogue)
    wanted = [one for _, one in found] + made
    moving = [one.booking.id for one in wanted if one.booking and (one.judged or one.borrows)]
    asker = replace(asker, but=(*moving, *(one.id for one in gone)))
    verdicts = apart(wanted, await judged(session, wanted, wish_of(aim.after), asker))
    verdicts, for_all = await with_other_rooms(session, wanted, verdicts, wish_of(aim.after), asker)
    kept = sum(1 for one, there in found if not there.judged and was_edited(one, aim))
    if not all(one.judged for one in wanted):
        # Those that stay would not move along.
        for_all = ()
    seen = Preview(
        wish=wish_of(aim.after),
        room=aim.after.room,
        more_rooms=aim.after.more_rooms,
        equipment=aim.after.equipment,
        location=aim.after.location,
        dates=tuple(verdicts),
        beyond=aim.beyond,
        one_room=for_all[0] if len(for_all) == 1 else None,
        rooms_for_all=for_all if len(for_all) > 1 else (),
        passed_over=_passed_over(aim),
        kept=kept,
    )
    return await chosen(session, seen, wanted, asker, choices), gone


def _passed_over(aim: Target) -> tuple[date, ...]:
    if not aim.days:
        return ()
    return recurring.passed_over(recurring.parse(aim.after.rule), aim.after.first_on, aim.days[-1])


async def look(desk: Desk, series_id: UUID, asked: Asked, *, by: Actor) -> Preview:
    """Return what would come of a change, date by date, limits counted."""
    asker = await desk.asker(by)

    async def work(session: ReadSession) -> tuple[Target, Plan, list[Booking]]:
        series = await series_store.by_id(session, series_id, asker.catalogue)
        allow(series, by)
        aim = await target(session, series, asked, asker)
        return aim, *await judge(session, aim, asker, {})

    aim, made, gone = await desk.db.read(work)

    async def count(session: WriteSession) -> Mapping[date, BookingError]:
        return await _over(session, await _intended(session, aim, made, gone, asker), asker)

    return ruled_out(made.preview, await desk.db.write(count, repeatable=True))


async def opened(
    session: WriteSession,
    series_id: UUID,
    *,
    version: int | None,
    key: str | None,
    content: str,
    asker: Asker,
) -> OneSeries | SeriesChanged:
    """Claim the key and lock the series, as whoever asks saw it; return what an earlier request did where there was one."""
    if key:
        answer = await requests.claim(session, key, content=content, event_ids=[], now=asker.now)
        if answer and answer.operation_id and answer.series_id:
            return await done_before(session, answer.series_id, answer.operation_id, asker)
    series = await series_store.locked(session, series_id, asker.catalogue)
    assert series is not None
    allow(series, asker.by)
    if series.status is SeriesStatus.CANCELLED:
        raise errors.SeriesNotActive("This series is cancelled.")
    if version is not None and series.version != version:
        raise await stale(session, series)
    return series


async def stale(session: ReadSession, series: OneSeries) -> errors.StaleSeries:
    """Return the refusal that says who changed a series meanwhile."""
    who = await series_store.last_changed_by(session, series.id)
    message = "Somebody changed this series meanwhile. Nothing was saved."
    return errors.StaleSeries(message, series=series, by_slack_user_id=who, at=series.updated_at)


async def done_before(session: ReadSession, series_id: UUID, operation_id: UUID, asker: Asker) -> SeriesChanged:
    """Return what an operation did, as it left it."""
    series = await series_store.by_id(session, series_id, asker.catalogue)
    happened = await Feed(asker.catalogue).of_operation(session, operation_id)
    return SeriesChanged(
        series=series,
        changed=tuple(one.changed for one in happened if one.before is not None),
        made=tuple(one.after for one in happened if one.before is None),
        operation_id=operation_id,
        split_from=series.continues_id,
    )


async def change_series(
    desk: Desk,
    series_id: UUID,
    asked: Asked,
    *,
    version: int | None,
    by: Actor,
    key: str | None,
    choices: Choices,
) -> SeriesChanged:
    """Change the dates in scope, in one transaction; raises SeriesClash where somebody must choose."""
    asker = await desk.asker(by)
    content = requests.fingerprint("change series", series=series_id, asked=asked, by=by.person_id, choices=choices)

    async def work(session: WriteSession) -> SeriesChanged:
        series = await opened(session, series_id, version=version, key=key, content=content, asker=asker)
        if isinstance(series, SeriesChanged):
            return series
        aim = await target(session, series, asked, asker)
        made, gone = await judge(session, aim, asker, choices)
        if made.open:
            raise clash(made.preview)
        try:
            done = await _write(session, aim, made, gone, asker)
        except OverLimitError as over:
            raise clash(ruled_out(made.preview, over.found)) from None
        if key:
            await requests.changed_many(session, key, operation_id=done.operation_id, series_id=done.series.id)
        return done

    make_way = partial(_clear_expired, desk, series_id, asked, asker)
    return await again(desk, work, by=asker.catalogue, repeatable=key is not None, make_way=make_way)


async def _clear_expired(desk: Desk, series_id: UUID, asked: Asked, asker: Asker) -> None:
    """Remove what has expired where the dates are to go. Whoever may not change them is told so by the change itself."""

    async def work(session: ReadSession) -> list[Dated]:
        series = await series_store.by_id(session, series_id, asker.catalogue)
        found, _, made = pairs(await target(session, series, asked, asker), asker.catalogue)
        return [one for one in (*(there for _, there in found), *made) if one.judged]

    try:
        wanted = await desk.db.read(work)
    except errors.BookingError:
        return
    await clear_expired(desk, wanted, asker)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Intended:
    """What is to be written: the steps of what is booked, what is made, and the series that has them."""

    steps: tuple[Step, ...]
    new: tuple[tuple[Booking, datetime | None], ...]
    after: OneSeries


async def _intended(session: ReadSession, aim: Target, made: Plan, gone: Sequence[Booking], asker: Asker) -> _Intended:
    invited = {*aim.after.invitees, *(() if isinstance(aim.change.invitees, Keep) else aim.change.invitees)}
    known = {a.person_id: a for a in await bookkeeping.invited(session, sorted(invited))}
    people = {person: known[person] for person in aim.after.invitees}
    steps, new_dates = bookings_after(aim, made, known, asker)
    given_up = {gap.on: gap for gap in made.gaps}
    steps += [
        Step(kind=Kind.CANCELLED, before=one, after=bookkeeping.following(one, now=asker.now, status=Status.CANCELLED))
        for one in (*gone, *(gap.booking for gap in made.gaps if gap.booking is not None))
    ]
    after = replace(aim.after, left_out=aim.after.left_out | set(given_up))
    if aim.scope is Scope.THIS:
        after = replace(after, version=after.version + 1, updated_at=asker.now) if given_up else aim.before
    new = tuple(booking(one, after, asker, by_name(people.values())) for one in new_dates)
    return _Intended(steps=tuple(steps), new=new, after=after)


async def _over(session: WriteSession, intended: _Intended, asker: Asker) -> dict[date, BookingError]:
    """Return which dates are more than somebody may hold; what is given up or left by the same change counts no more."""
    moving = [step for step in series_writing.in_order(intended.steps) if step.moved and step.after.holds_room]
    return await over_limits(
        session,
        [*(step.after for step in moving), *(one for one, _ in intended.new)],
        asker,
        before=[*(step.before for step in moving), *(None for _ in intended.new)],
        given_back=[step.before.id for step in intended.steps if not step.after.holds_room],
    )


async def _write(session: WriteSession, aim: Target, made: Plan, gone: Sequence[Booking], asker: Asker) -> SeriesChanged:
    """Write what was decided: series, bookings and places in line."""
    intended = await _intended(session, aim, made, gone, asker)
    steps, new, after = intended.steps, intended.new, intended.after
    if over := await _over(session, intended, asker):
        raise OverLimitError(over)
    if aim.rest is not None or after.room is not aim.before.room:
        concerned = [*(one for step in steps for one in (step.before, step.after)), *(b for b, _ in new)]
        await series_writing.hold(session, concerned, room=after.room)
    # After the limits: a series that is split off, or moves, holds on to its room.
    operation_id = await _save(session, aim, after, asker)
    await series_writing.change(
        session, steps, asker.catalogue, by=asker.by, operation_id=operation_id, now=asker.now, new=new
    )
    await _line(session, aim, after, made, asker)
    return SeriesChanged(
        series=after,
        changed=tuple(Changed(before=step.before, after=step.after) for step in series_writing.in_order(steps)),
        made=tuple(one for one, _ in new),
        gaps=made.gaps,
        operation_id=operation_id,
        split_from=aim.before.id if aim.rest else None,
    )


async def _save(session: WriteSession, aim: Target, after: OneSeries, asker: Asker) -> UUID:
    """Write the series, both where it is split, and return the operation's id."""
    if aim.rest is not None:
        await series_store.insert(session, after)
        await series_store.update(session, aim.before, aim.rest)
        await session.run(_ENDS_UNTOLD, session.tenant, aim.before.id, asker.now)
        await session.run(_WAITING_GO_ALONG, session.tenant, aim.before.id, after.id, after.first_on)
    elif after is not aim.before:
        await series_store.update(session, aim.before, after)
    return await series_store.note(session, "changed", before=aim.before, after=after, by=asker.by)


async def _line(session: WriteSession, aim: Target, after: OneSeries, made: Plan, asker: Asker) -> None:
    """Wait for what is left out now, and at its new time for what was waited for before."""
    if aim.scope is not Scope.THIS:
        change = aim.change
        retimed = change.retimed or not isinstance(change.room_id, Keep)
        waiting = await series_store.waiting(session, after.id)
        if retimed and waiting:
            await series_store.leave_line(session, after.id, list(waiting), now=asker.now)
            then = {day: day for day in waiting} if aim.onto is None else aim.onto
            days = sorted(then[day] for day in waiting if then.get(day) in aim.after.left_out)
            there = dated(wish_of(after), days, (after.room,))
            again_ = [replace(one.as_occurrence(), verdict=Verdict.TAKEN) for one in there if one.slot.start > asker.now]
            await series_store.stand_in_line(session, after, waited_for(again_), now=asker.now)
    await series_store.stand_in_line(session, after, waited_for(made.gaps), now=asker.now)
