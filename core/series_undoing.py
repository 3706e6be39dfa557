"""Taking back what was done to a series at once, as one action.

A date that somebody changed since stays as it is by now; so does one whose room or time is no longer free. Kept out: the
statements (`series_writing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from core import bookkeeping, errors, requests, series_store, series_writing, store
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

    return await again(desk, work, repeatable=key is not None)


async def _take_back(session: WriteSession, noted: Mapping[str, Any], operation_id: UUID, asker: Asker) -> SeriesChanged:
    before, after, split = await _series(session, noted, asker)
    happened = await Feed(asker.catalogue).of_operation(session, operation_id)
    ids = [one.after.id for one in happened]
    await store.lock(session, *ids)
    current = await store.bookings(session, ids, asker.catalogue)
    wanted = []
    for one in happened:
        # Dates that are long over are in the archive.
        now_there = current.get(one.after.id)
        if now_there and await bookkeeping.as_seen(session, now_there, one.after.version):
            step = _reverted(one, now_there, asker)
            if step is not None:
                wanted.append(step)
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
    await series_store.leave_line(session, after.id, days, now=asker.now)
    await series_writing.change(session, steps, asker.catalogue, by=asker.by, operation_id=undone_by, now=asker.now)
    return SeriesChanged(
        series=after,
        changed=tuple(Changed(before=step.before, after=step.after) for step in series_writing.in_order(steps)),
        gaps=gaps,
        operation_id=undone_by,
    )


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
    gaps = tuple(
        Occurrence(on=one.series_on, slot=one.slot, verdict=Verdict.TAKEN, booking=step.before)
        for step in wanted
        if (one := step.after).id in lost and one.series_on is not None
    )
    return [step for step in wanted if step.after.id not in lost], gaps


def _dated(one: Booking) -> Dated:
    assert one.series_on is not None
    return Dated(on=one.series_on, rooms=one.rooms, slot=one.slot, attendees_count=one.attendees_count, booking=one)


def _closed(one: Dated, asker: Asker) -> bool:
    error = broken(one, asker, named=True, horizon=False)
    return isinstance(error, errors.RoomInactive)
