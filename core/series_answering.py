"""Whether somebody who is invited comes to all dates of a series: said once, noted for each that is ahead."""

from __future__ import annotations

from uuid import UUID

from core import attending, requests, series_store, series_writing
from core.db import WriteSession
from core.errors import NotAttending
from core.events import Kind
from core.ids import new_id
from core.models import Actor, Changed
from core.series_changing import done_before
from core.series_desk import Desk, again
from core.series_values import SeriesChanged
from core.series_writing import Step


async def answer(desk: Desk, series_id: UUID, *, by: Actor, going: bool, key: str | None) -> SeriesChanged:
    """Note somebody's answer for every date ahead to which they are invited; the same answer again changes nothing.

    Raises SeriesNotFound, and NotAttending where there is no such date.
    """
    asker = await desk.asker(by)
    content = requests.fingerprint("answer series", series=series_id, by=by.person_id, going=going)

    async def work(session: WriteSession) -> SeriesChanged:
        if key:
            known = await requests.claim(session, key, content=content, event_ids=[], now=asker.now)
            if known and known.operation_id and known.series_id:
                return await done_before(session, known.series_id, known.operation_id, asker)
        series = await series_store.locked(session, series_id, asker.catalogue)
        assert series is not None
        ahead = await series_store.ahead_locked(session, series_id, asker.catalogue, now=asker.now)
        invited = [one for one in ahead if any(a.person_id == by.person_id for a in one.attendees)]
        if not invited:
            raise NotAttending("You are not invited to any date of this series that is ahead.")
        each = [(one, attending.answered(one, by, going=going, now=asker.now)) for one in invited]
        steps = [Step(kind=Kind.RESPONDED, before=before, after=after) for before, after in each if before != after]
        operation_id = new_id()
        await series_writing.change(session, steps, asker.catalogue, by=by, operation_id=operation_id, now=asker.now)
        if key:
            await requests.changed_many(session, key, operation_id=operation_id, series_id=series_id)
        changed = tuple(Changed(before=step.before, after=step.after) for step in steps)
        return SeriesChanged(series=series, changed=changed, operation_id=operation_id)

    return await again(desk, work, by=asker.catalogue, repeatable=key is not None)
