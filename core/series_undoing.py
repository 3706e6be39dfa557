"""Taking back what was done to a series at once, as one action.

A date that somebody changed since stays as it is by now; so does one whose room or time is no longer free, or that is more
than somebody may hold. Dates that were booked since, as the horizon moved on, go where what they follow from is taken back:
those that are left of the series come anew in time. Kept out: the statements (`series_writing`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from core import bookkeeping, errors, limits, requests, series_store, series_writing, store
from core.db import WriteSession
from core.events import Kind
from core.feed import Feed
from core.models import Actor, Booking, Changed, Status
from core.notices import Happened
from core.series_changing import done_before, stale
from core.series_desk import Desk, again, allow
from core.series_judging import Asker, Dated, broken, busy
from core.series_values import Occurrence, OneSeries, SeriesChanged, SeriesStatus, Verdict
from core.series_writing import Step

# Where one of these is taken back, dates booked since are not where they belong.
_WHERE_AND_WHEN = ("zone", "clock", "minutes", "rule", "room_id", "more_rooms", "equipment", "status")
_WAITING_COME_BACK = "UPDATE waiting SET series_id = $3 WHERE tenant_id = $1 AND series_id = $2"


async def undo(desk: Desk, operation_id: UUID, *, by: Actor, key: str | None) -> SeriesChanged:
    """Take an operation back; raises NothingToUndo where there is none, StaleSeries where the series changed since."""
    asker = await desk.asker(by)
    content = requests.fingerprint("undo series", operation=operation_id, by=by.person_id)

    async def work(session: WriteSession) -> SeriesChanged:
        if key:
            answer = await requests.claim(session, key, content=content, event_ids=[], now=asker.now)
            if answer and answer.operation_id and answer.series_id:
                return await done_before(session, answer.series_id, answer.operation_id, asker)
        noted = await series_store.operation(session, operation_id)
        if noted is None:
            raise errors.NothingToUndo("There is nothing to take back.")
        done = await _take_back(session, noted, operation_id, asker)
        if key:
            await requests.changed_many(session, key, operation_id=done.operation_id, series_id=done.series.id)
        return done

    return await again(desk, work, by=asker.catalogue, repeatable=key is not None)


async def _take_back(session: WriteSession, noted: Mapping[str, Any], operation_id: UUID, asker: Asker) -> SeriesChanged:
    before, after, split = await _series(session, noted, asker)
    happened = await Feed(asker.catalogue).of_operation(session, operation_id)
    ids = [one.after.id for one in happened]
    later = await _later(session, noted, split or before, ids, asker)
    if not later.go:
        after = _further(after, before, noted)
    current = await store.bookings(session, ids, asker.catalogue)
    wanted = []
    for one in happened:
        # Dates that are long over are in the archive.
        now_there = current.get(one.after.id)
        if now_there and await bookkeeping.as_seen(session, now_there, one.after.version):
            step = _reverted(one, now_there, asker)
            if step is not None:
                wanted.append(step)
    wanted += _with_them(later, {step.before.id for step in wanted} | set(ids), after, asker)
    steps, gaps = await _possible(session, wanted, asker)
    if happened and not steps:
        raise errors.NothingToUndo("Nothing of that can be taken back any more.")
    await series_store.update(session, before, after)
    if split is not None:
        gone = replace(split, status=SeriesStatus.CANCELLED, booked_until=None, version=split.version + 1)
        await series_store.update(session, split, replace(gone, updated_at=asker.now))
        await session.run(_WAITING_COME_BACK, session.tenant, split.id, after.id)
    undone_by = await series_store.note(session, "taken back", before=before, after=after, by=asker.by, undoes=operation_id)
    days = [step.after.series_on for step in steps if step.after.series_on and step.after.holds_room]
    if after.status is SeriesStatus.CANCELLED:
        days = list(await series_store.waiting(session, after.id))
    await series_store.leave_line(session, after.id, days, now=asker.now)
    await series_writing.change(session, steps, asker.catalogue, by=asker.by, operation_id=undone_by, now=asker.now)
    return SeriesChanged(
        series=after,
        changed=tuple(Changed(before=step.before, after=step.after) for step in series_writing.in_order(steps)),
        gaps=gaps,
        operation_id=undone_by,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Later:
    """The dates ahead of what is taken back; those after `until` were booked since. `go` says that these go too."""

    ahead: tuple[Booking, ...]
    until: date | None
    go: bool


async def _later(
    session: WriteSession, noted: Mapping[str, Any], series: OneSeries, ids: Sequence[UUID], asker: Asker
) -> _Later:
    """Lock what is taken back, and with it what was booked since; return what is ahead where that is to go too."""
    facts, made = noted["before"], noted["after"]
    go = facts is None or facts["id"] != made["id"] or any(facts[name] != made[name] for name in _WHERE_AND_WHEN)
    ahead = await series_store.ahead(session, series.id, asker.catalogue, now=asker.now) if go else ()
    # All at once, in their order: whoever exchanges two of them waits for nobody who waits for one of these.
    await store.lock(session, *ids, *(one.id for one in ahead))
    ahead = await series_store.ahead(session, series.id, asker.catalogue, now=asker.now) if go else ()
    until = made["booked_until"] and date.fromisoformat(made["booked_until"])
    return _Later(ahead=ahead, until=until, go=go)


def _with_them(later: _Later, known: Collection[UUID], after: OneSeries, asker: Asker) -> list[Step]:
    """Return the steps of dates that the operation knew nothing of: those booked since are cancelled.

    A date that was left out and came back since goes where the series ends, and to the series that has its day again.
    """
    steps = []
    for one in later.ahead:
        if one.id in known or one.start <= asker.now or one.series_on is None:
            continue
        since = later.until is not None and one.series_on > later.until
        if since or after.status is SeriesStatus.CANCELLED:
            gone = bookkeeping.following(one, now=asker.now, status=Status.CANCELLED)
            steps.append(Step(kind=Kind.CANCELLED, before=one, after=gone))
        elif one.series_id != after.id:
            back = bookkeeping.following(one, now=asker.now, series_id=after.id)
            steps.append(Step(kind=Kind.CHANGED, before=one, after=back))
    return steps


def _further(after: OneSeries, before: OneSeries, noted: Mapping[str, Any]) -> OneSeries:
    """Return a series that goes on from where it was booked since, with what was left out on the way."""
    until = noted["after"]["booked_until"]
    if until is None or after.status is not SeriesStatus.ACTIVE:
        return after
    left_out = {day for day in before.left_out if day > date.fromisoformat(until)}
    return replace(after, booked_until=before.booked_until, left_out=after.left_out | left_out)


async def _series(
    session: WriteSession, noted: Mapping[str, Any], asker: Asker
) -> tuple[OneSeries, OneSeries, OneSeries | None]:
    """Return the series as it stands and as it is to be again, locked; and the one that was split off it, if one was."""
    facts, made = noted["before"], noted["after"]
    first = UUID(facts["id"]) if facts else noted["subject_id"]
    before = await series_store.locked(session, first, asker.catalogue)
    assert before is not None
    allow(before, asker.by)
    split = None
    if facts and facts["id"] != made["id"]:
        split = await series_store.locked(session, UUID(made["id"]), asker.catalogue)
        assert split is not None
        if (before.version, split.version) != (facts["version"] + 1, made["version"]):
            raise await stale(session, before)
    elif before.version != made["version"]:
        raise await stale(session, before)
    if facts is None:
        after = replace(before, status=SeriesStatus.CANCELLED, booked_until=None)
    else:
        after = series_store.of_facts(facts, before, asker.catalogue)
    return before, replace(after, version=before.version + 1, updated_at=asker.now), split


def _reverted(happened: Happened, current: Booking, asker: Asker) -> Step | None:
    """Return the step back; None where there is nothing to do, or its time is over."""
    earlier = happened.before
    if earlier is None:
        if not current.holds_room or current.end <= asker.now:
            return None
        after = bookkeeping.following(current, now=asker.now, status=Status.CANCELLED)
        return Step(kind=Kind.CANCELLED, before=current, after=after)
    if earlier.end <= asker.now:
        return None
    said = {a.person_id: a.response for a in current.attendees}
    after = replace(
        earlier,
        attendees=tuple(replace(a, response=said.get(a.person_id, a.response)) for a in earlier.attendees),
        version=current.version + 1,
        updated_at=asker.now,
    )
    return Step(kind=Kind.RESTORED, before=current, after=after)


async def _possible(
    session: WriteSession, wanted: Sequence[Step], asker: Asker
) -> tuple[list[Step], tuple[Occurrence, ...]]:
    """Return the steps whose rooms are free and in use, and the dates that cannot go back."""
    going = tuple(step.before.id for step in wanted if step.moved)
    there = replace(asker, but=going)
    taking = [step for step in wanted if step.moved and step.after.holds_room]
    asked = [_dated(step.after) for step in taking]
    taken = await busy(session, asked, there)
    lost = {taking[number].after.id for number in taken}
    lost |= {step.after.id for step, one in zip(taking, asked, strict=True) if _closed(one, there)}
    lost |= await _over(session, [step for step in wanted if step.moved and step.after.id not in lost], asker)
    gaps = tuple(
        Occurrence(on=one.series_on, slot=one.slot, verdict=Verdict.TAKEN, booking=step.before)
        for step in wanted
        if (one := step.after).id in lost and one.series_on is not None
    )
    return [step for step in wanted if step.after.id not in lost], gaps


async def _over(session: WriteSession, steps: Sequence[Step], asker: Asker) -> set[UUID]:
    """Return which bookings would be more than somebody may hold."""
    taking = [step for step in series_writing.in_order(steps) if step.after.holds_room]
    found = await limits.check_all(
        session,
        [step.after for step in taking],
        before=[step.before if step.before.holds_room else None for step in taking],
        given_back=[step.before.id for step in steps if not step.after.holds_room],
        catalogue=asker.catalogue,
        by=asker.by,
        now=asker.now,
    )
    return {taking[number].after.id for number in found}


def _dated(one: Booking) -> Dated:
    assert one.series_on is not None
    return Dated(on=one.series_on, rooms=one.rooms, slot=one.slot, attendees_count=one.attendees_count, booking=one)


def _closed(one: Dated, asker: Asker) -> bool:
    error = broken(one, asker, named=True, horizon=False)
    return isinstance(error, errors.RoomInactive)
