"""What time does to series: those beyond the horizon are booked further, and whose end is near are told of it.

Both are safe to run at any time, late, and on several replicas at once. Kept out: booking the dates (`series_renewing`),
and the words.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from core import people, recurring, series_store
from core.catalogue import Catalogue, StaleCatalogueError
from core.db import ReadSession, WriteSession
from core.errors import BookingError, Unavailable
from core.ids import new_id
from core.models import Actor, Person
from core.notices import Notice
from core.series_desk import Desk, again
from core.series_judging import Asker, last_bookable, reach
from core.series_renewing import clear_ahead, grow
from core.series_values import Occurrence, OneSeries, SeriesStatus

log = logging.getLogger(__name__)

TOLD_AHEAD = timedelta(days=14)

_GROWING = "SELECT id FROM series WHERE tenant_id = $1 AND status = 'active' AND booked_until < $2 ORDER BY booked_until, id"
_BOOKER = f"SELECT {people.COLUMNS} FROM people p WHERE p.tenant_id = $1 AND p.id = $2"
_TELL = """
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, person_id, about, due_at, until)
SELECT $1, $2, $3, $4, p.slack_team_id, p.id, $6, $7, $8 FROM people p WHERE p.tenant_id = $1 AND p.id = $5
ON CONFLICT (tenant_id, key) DO NOTHING
"""
_ENDING = """
SELECT s.id FROM series s WHERE s.tenant_id = $1 AND s.status = 'active' AND s.booked_until IS NULL ORDER BY s.id
"""
_TOLD = "SELECT told_ending_at IS NOT NULL FROM series WHERE tenant_id = $1 AND id = $2"
_NOTE_TOLD = "UPDATE series SET told_ending_at = $3 WHERE tenant_id = $1 AND id = $2"
_OVER = "UPDATE series SET status = 'over' WHERE tenant_id = $1 AND id = $2 AND status = 'active'"


async def extend(desk: Desk, now: datetime) -> int:
    """Book what has come within the horizon since, and return how many dates that is."""
    catalogue = await desk.catalogues.current()
    horizons = [catalogue.policy(room).horizon_days for room in catalogue.rooms]
    horizons += [rules.get("horizon_days", 0) for rules in catalogue.group_rules.values()]
    until = (now + timedelta(days=max(horizons, default=0) + 1)).date()
    rows = await desk.db.read(lambda session: session.all(_GROWING, session.tenant, until))
    booked = 0
    for row in rows:
        try:
            try:
                booked += await _extend_one(desk, row["id"], catalogue, now)
            except StaleCatalogueError as stale:
                desk.catalogues.outdated(stale.judged_by)
                catalogue = await desk.catalogues.current()
                booked += await _extend_one(desk, row["id"], catalogue, now)
        except StaleCatalogueError:
            # An admin is at it: the next round is soon enough.
            log.info("a series goes on later", extra={"action": "extend", "series": str(row["id"])})
        except Unavailable:
            raise
        except BookingError as error:
            # One that cannot go on now, as its projector is gone, must not keep the others from it.
            log.warning("a series did not go on: %s", error.code, extra={"action": "extend", "series": str(row["id"])})
    return booked


async def _extend_one(desk: Desk, series_id: UUID, catalogue: Catalogue, now: datetime) -> int:
    async def work(session: WriteSession) -> int:
        before = await series_store.locked(session, series_id, catalogue, skip=True)
        if before is None or before.status is not SeriesStatus.ACTIVE or before.booked_until is None:
            return 0
        asker = Asker(catalogue=catalogue, by=await _booker(session, before), now=now)
        if before.booked_until >= last_bookable(before.room, asker):
            return 0
        rule = recurring.parse(before.rule)
        within = reach(rule, before.first_on, before.room, asker, after=before.booked_until)
        if not any(day not in before.left_out for day in within.days):
            # Another day within reach, and no date on it: nothing that anybody needs to know of.
            further = replace(before, booked_until=None if within.beyond == 0 else within.until)
            await series_store.update(session, before, further)
            return 0
        # Nobody who has it before their eyes is kept from changing it by dates that are only further ones.
        _, new, gaps, _ = await grow(session, before, before, asker, since=before.booked_until, action="extended")
        await _tell_gaps(session, before, gaps, now=now)
        return len(new)

    async def make_way() -> None:
        series = await desk.db.read(lambda session: series_store.by_id(session, series_id, catalogue))
        by = await desk.db.read(lambda session: _booker(session, series))
        await clear_ahead(desk, series_id, Asker(catalogue=catalogue, by=by, now=now))

    return await again(desk, work, by=catalogue, repeatable=True, make_way=make_way)


async def _booker(session: ReadSession, series: OneSeries) -> Actor:
    """Return whoever booked a series with the rights that they have by now, acting by the clock."""
    row = await session.one(_BOOKER, session.tenant, series.booker.person_id)
    assert row is not None
    person = people.person_from({name: row[name] for name in Person.__dataclass_fields__})
    return person.acting("clock")


async def _tell_gaps(session: WriteSession, series: OneSeries, gaps: Sequence[Occurrence], *, now: datetime) -> None:
    """Tell the booker of the dates that could not be booked, in one message."""
    if not gaps:
        return
    first, last = gaps[0], gaps[-1]
    about = {
        "series": str(series.id),
        "on": first.on.isoformat(),
        "days": [gap.on.isoformat() for gap in gaps],
        "why": first.error.message if first.error else None,
    }
    await _tell(session, Notice.SERIES_GAP, series, str(first.on), about, now=now, until=last.slot.start)


async def _tell(
    session: WriteSession,
    kind: Notice,
    series: OneSeries,
    what: str,
    about: Mapping[str, Any],
    *,
    now: datetime,
    until: datetime,
) -> None:
    session.happened = True
    await session.run(
        _TELL,
        session.tenant,
        new_id(),
        f"{kind.value}:{series.id}:{what}",
        kind.value,
        series.booker.person_id,
        json.dumps(about),
        now,
        until,
    )


def told_from(days: Sequence[date]) -> date | None:
    """Return from which day on the end of a series is told: two weeks before the last date, or with the last but one.

    Where the whole series is hardly longer than that, with the last but one too; where it has less than three dates, never.
    """
    if len(days) < 3:
        return None
    early = min(days[-1] - TOLD_AHEAD, days[-2])
    return early if early > days[0] else days[-2]


async def tell_ending(desk: Desk, now: datetime) -> int:
    """Tell bookers of series that end soon, once, and let those be over that have; return how many were told."""
    catalogue = await desk.catalogues.current()
    rows = await desk.db.read(lambda session: session.all(_ENDING, session.tenant))
    found = await desk.db.read(lambda session: series_store.by_ids(session, [row["id"] for row in rows], catalogue))
    told = 0
    for series in found.values():
        days = _days(series)
        today = now.astimezone(series.tz).date()
        since = told_from(days)
        if not days or days[-1] < today:
            await desk.db.write(partial(_end, series_id=series.id), repeatable=True)
        elif since is not None and since <= today:
            told += await _tell_one(desk, series.id, catalogue, now)
    return told


async def _end(session: WriteSession, *, series_id: UUID) -> None:
    await session.run(_OVER, session.tenant, series_id)


def _days(series: OneSeries) -> list[date]:
    return [day for day in recurring.all_dates(recurring.parse(series.rule), series.first_on) if day not in series.left_out]


async def _tell_one(desk: Desk, series_id: UUID, catalogue: Catalogue, now: datetime) -> int:
    async def work(session: WriteSession) -> int:
        series = await series_store.locked(session, series_id, catalogue, skip=True)
        if series is None or series.status is not SeriesStatus.ACTIVE or series.booked_until is not None:
            return 0
        if await session.value(_TOLD, session.tenant, series_id):
            return 0
        last = _days(series)[-1]
        await session.run(_NOTE_TOLD, session.tenant, series_id, now)
        ends = recurring.time_on(last, series.clock, series.minutes, series.tz).slot.end
        about = {"series": str(series_id), "last": last.isoformat()}
        await _tell(session, Notice.SERIES_ENDING, series, str(last), about, now=now, until=ends)
        return 1

    return await desk.db.write(work, repeatable=True)
