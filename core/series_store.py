"""Series in the database: the rows read into values, and the statements that write them.

Nothing here decides or commits; `series` does. Kept out: the bookings of a series (`series_writing`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from core import changes, store
from core.catalogue import Catalogue
from core.db import ReadSession, WriteSession
from core.errors import SeriesNotFound
from core.ids import new_id
from core.models import Actor, Attendee, Booking
from core.series_values import Gap, OneSeries, SeriesStatus, SeriesSummary

SUBJECT = "series"

_COLUMNS = (
    "room_id, zone, first_on, clock, minutes, rule, title, attendees_count, amenities, private, shared, invitees,"
    " more_rooms, equipment, left_out, status, booked_until, continues_id, updated_at, version"
)
_SELECT = f"""
SELECT s.id, s.booked_by, s.created_at, p.slack_user_id, p.name, {", ".join(f"s.{name}" for name in _COLUMNS.split(", "))}
FROM series s JOIN people p ON p.tenant_id = s.tenant_id AND p.id = s.booked_by
WHERE s.tenant_id = $1
"""
_INSERT = f"""
INSERT INTO series (tenant_id, id, booked_by, created_at, {_COLUMNS})
VALUES ($1, $2, $3, $4, {", ".join(f"${number}" for number in range(5, 25))})
"""
_UPDATE = f"""
UPDATE series SET ({_COLUMNS}) = ({", ".join(f"${number}" for number in range(4, 24))})
WHERE tenant_id = $1 AND id = $2 AND version = $3 RETURNING true
"""
_AHEAD = """
SELECT id FROM bookings WHERE tenant_id = $1 AND series_id = $2 AND end_time > $3
    AND status IN ('pending', 'confirmed', 'checked_in') ORDER BY start_time
"""
_ELSEWHERE = """
SELECT b.id FROM bookings b WHERE b.tenant_id = $1 AND b.series_id = $2 AND b.end_time > $3
    AND b.status IN ('pending', 'confirmed', 'checked_in')
    AND (b.room_id <> $4 OR $5::uuid[] <> ARRAY(
        SELECT m.room_id FROM booking_rooms m WHERE m.tenant_id = $1 AND m.booking_id = b.id ORDER BY m.room_id))
ORDER BY b.start_time LIMIT $6
"""
# Dates that were booked once and are held by nobody now count as missing too.
_HELD_ON = """
SELECT series_on FROM bookings WHERE tenant_id = $1 AND series_id = $2 AND status IN ('pending', 'confirmed', 'checked_in')
    AND series_on >= $3
"""
_WAITING = """
SELECT series_on, id FROM waiting WHERE tenant_id = $1 AND series_id = $2 AND status IN ('waiting', 'offered')
"""
_STAND_IN_LINE = """
INSERT INTO waiting (tenant_id, id, person_id, start_time, end_time, room_id, location_id, attendees_count, amenities, title,
    private, shared, invitees, status, created_at, updated_at, series_id, series_on, more_room_ids, equipment_ids,
    equipment_counts)
SELECT $1, w.id, $2, w.starts, w.ends, w.room_id, $3, $4, '{}', $5, $6, $7, $8, 'waiting', $9, $9, $10, w.day, $16, $17, $18
FROM unnest($11::uuid[], $12::uuid[], $13::timestamptz[], $14::timestamptz[], $15::date[])
    AS w (id, room_id, starts, ends, day)
ON CONFLICT DO NOTHING
"""
_LEAVE_LINE = """
UPDATE waiting SET status = 'left', updated_at = $4, version = version + 1
WHERE tenant_id = $1 AND series_id = $2 AND status = 'waiting' AND series_on = ANY($3::date[])
"""
_SUMMARIES = """
SELECT s.id, b.ahead, b.last_on, (
    SELECT id FROM bookings n WHERE n.tenant_id = $1 AND n.series_id = s.id AND n.end_time > $3
        AND n.status IN ('pending', 'confirmed', 'checked_in') ORDER BY n.start_time LIMIT 1
) AS next_id
FROM unnest($2::uuid[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT count(*) AS ahead, max(series_on) AS last_on FROM bookings
    WHERE tenant_id = $1 AND series_id = s.id AND end_time > $3 AND status IN ('pending', 'confirmed', 'checked_in')
) b
"""
_LAST_CHANGE = """
SELECT p.slack_user_id FROM changes c LEFT JOIN people p ON p.tenant_id = c.tenant_id AND p.id = c.actor_id
WHERE c.tenant_id = $1 AND c.subject = 'series' AND c.subject_id = $2 ORDER BY c.number DESC LIMIT 1
"""
_OPERATION = """
SELECT id, subject_id, action, actor_id, surface, before, after FROM changes
WHERE tenant_id = $1 AND id = $2 AND subject = 'series'
"""


def from_row(row: Mapping[str, Any], catalogue: Catalogue) -> OneSeries:
    """Return a series from a row of `_SELECT`."""
    room = catalogue.room(row["room_id"])
    return OneSeries(
        id=row["id"],
        booker=Attendee(person_id=row["booked_by"], slack_user_id=row["slack_user_id"], name=row["name"], co_organiser=True),
        room=room,
        location=catalogue.place_of(room),
        zone=row["zone"],
        first_on=row["first_on"],
        clock=row["clock"],
        minutes=row["minutes"],
        rule=row["rule"],
        title=row["title"],
        attendees_count=row["attendees_count"],
        amenities=frozenset(row["amenities"]),
        private=row["private"],
        shared=row["shared"],
        invitees=tuple(row["invitees"]),
        left_out=frozenset(row["left_out"]),
        status=SeriesStatus(row["status"]),
        booked_until=row["booked_until"],
        continues_id=row["continues_id"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
        more_rooms=tuple(catalogue.room(room_id) for room_id in row["more_rooms"]),
        equipment=tuple((catalogue.thing(UUID(str(one))), count) for one, count in row["equipment"]),
    )


def _values(series: OneSeries) -> tuple[object, ...]:
    """Return a series in the order of `_COLUMNS`."""
    return (
        series.room.id,
        series.zone,
        series.first_on,
        series.clock,
        series.minutes,
        series.rule,
        series.title,
        series.attendees_count,
        sorted(series.amenities),
        series.private,
        series.shared,
        list(series.invitees),
        [room.id for room in series.more_rooms],
        json.dumps([[str(thing.id), count] for thing, count in series.equipment]),
        sorted(series.left_out),
        series.status.value,
        series.booked_until,
        series.continues_id,
        series.updated_at,
        series.version,
    )


async def by_id(session: ReadSession, series_id: UUID, catalogue: Catalogue) -> OneSeries:
    """Return the series, or raise SeriesNotFound."""
    row = await session.one(f"{_SELECT} AND s.id = $2", session.tenant, series_id)
    if row is None:
        raise SeriesNotFound("That series does not exist.")
    return from_row(row, catalogue)


async def by_ids(session: ReadSession, ids: Sequence[UUID], catalogue: Catalogue) -> dict[UUID, OneSeries]:
    """Return those of the series that exist."""
    if not ids:
        return {}
    rows = await session.all(f"{_SELECT} AND s.id = ANY($2::uuid[])", session.tenant, list(ids))
    return {row["id"]: from_row(row, catalogue) for row in rows}


async def of_person(session: ReadSession, person_id: UUID, catalogue: Catalogue) -> tuple[OneSeries, ...]:
    """Return the series that somebody booked and that are not over, the oldest first."""
    rows = await session.all(
        f"{_SELECT} AND s.booked_by = $2 AND s.status = 'active' ORDER BY s.created_at, s.id", session.tenant, person_id
    )
    return tuple(from_row(row, catalogue) for row in rows)


async def locked(session: WriteSession, series_id: UUID, catalogue: Catalogue, *, skip: bool = False) -> OneSeries | None:
    """Return the series, kept from others until the transaction ends: the first lock of whoever changes one.

    With `skip`, None where somebody else has it. A statement of its own, as for bookings.
    """
    found = await session.value(
        f"SELECT true FROM series WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE{' SKIP LOCKED' if skip else ''}",
        session.tenant,
        series_id,
    )
    if skip and not found:
        return None
    return await by_id(session, series_id, catalogue)


async def insert(session: WriteSession, new: OneSeries) -> None:
    """Write a new series."""
    await session.run(_INSERT, session.tenant, new.id, new.booker.person_id, new.created_at, *_values(new))


async def update(session: WriteSession, before: OneSeries, after: OneSeries) -> bool:
    """Write a series if nobody changed it since `before`; return whether that was so."""
    return bool(await session.value(_UPDATE, session.tenant, before.id, before.version, *_values(after)))


async def note(
    session: WriteSession,
    action: str,
    *,
    before: OneSeries | None,
    after: OneSeries,
    by: Actor,
    undoes: UUID | None = None,
) -> UUID:
    """Note what became of a series, and return the id of the operation that its bookings' events carry."""
    return await changes.note(
        session,
        subject=SUBJECT,
        subject_id=after.id,
        name=None if after.private else after.title,
        action=action,
        by=by,
        before=facts(before) if before else None,
        after=facts(after),
        undoes=undoes,
    )


async def last_changed_by(session: ReadSession, series_id: UUID) -> str | None:
    """Return the Slack id of whoever changed the series last."""
    found: str | None = await session.value(_LAST_CHANGE, session.tenant, series_id)
    return found


async def operation(session: ReadSession, operation_id: UUID) -> Mapping[str, Any] | None:
    """Return what was noted of an operation: id, subject_id, action, actor_id, surface, before and after (as `facts`)."""
    row: Mapping[str, Any] | None = await session.one(_OPERATION, session.tenant, operation_id)
    return row


def facts(series: OneSeries) -> dict[str, Any]:
    """Return a series' own facts as they are kept with what was done to it: ids and plain values."""
    return {
        "id": str(series.id),
        "room_id": str(series.room.id),
        "zone": series.zone,
        "first_on": series.first_on.isoformat(),
        "clock": series.clock.isoformat(),
        "minutes": series.minutes,
        "rule": series.rule,
        "title": series.title,
        "attendees_count": series.attendees_count,
        "amenities": sorted(series.amenities),
        "private": series.private,
        "shared": series.shared,
        "invitees": [str(person) for person in series.invitees],
        "more_rooms": [str(room.id) for room in series.more_rooms],
        "equipment": [[str(thing.id), count] for thing, count in series.equipment],
        "left_out": sorted(day.isoformat() for day in series.left_out),
        "status": series.status.value,
        "booked_until": series.booked_until and series.booked_until.isoformat(),
        "continues_id": series.continues_id and str(series.continues_id),
        "version": series.version,
    }


def of_facts(known: Mapping[str, Any], series: OneSeries, catalogue: Catalogue) -> OneSeries:
    """Return a series as `facts` have it; its booker, version and times are those of `series`, the same as it is now."""
    room = catalogue.room(UUID(known["room_id"]))
    return OneSeries(
        id=series.id,
        booker=series.booker,
        room=room,
        location=catalogue.place_of(room),
        zone=known["zone"],
        first_on=date.fromisoformat(known["first_on"]),
        clock=time.fromisoformat(known["clock"]),
        minutes=known["minutes"],
        rule=known["rule"],
        title=known["title"],
        attendees_count=known["attendees_count"],
        amenities=frozenset(known["amenities"]),
        private=known["private"],
        shared=known["shared"],
        invitees=tuple(UUID(person) for person in known["invitees"]),
        left_out=frozenset(date.fromisoformat(day) for day in known["left_out"]),
        status=SeriesStatus(known["status"]),
        booked_until=date.fromisoformat(known["booked_until"]) if known["booked_until"] else None,
        continues_id=UUID(known["continues_id"]) if known["continues_id"] else None,
        created_at=series.created_at,
        updated_at=series.updated_at,
        version=series.version,
        more_rooms=tuple(catalogue.room(UUID(one)) for one in known["more_rooms"]),
        equipment=tuple((catalogue.thing(UUID(one)), count) for one, count in known["equipment"]),
    )


async def ahead(session: ReadSession, series_id: UUID, catalogue: Catalogue, *, now: datetime) -> tuple[Booking, ...]:
    """Return the bookings of a series that hold their room and are not over, soonest first."""
    rows = await session.all(_AHEAD, session.tenant, series_id, now)
    found = await store.bookings(session, [row["id"] for row in rows], catalogue)
    return tuple(sorted(found.values(), key=lambda booking: (booking.start, booking.id)))


async def elsewhere(
    session: ReadSession, series: OneSeries, catalogue: Catalogue, *, now: datetime, limit: int
) -> tuple[Booking, ...]:
    """Return the bookings of a series, not over, that have other rooms than the series, soonest first."""
    more = sorted(room.id for room in series.more_rooms)
    rows = await session.all(_ELSEWHERE, session.tenant, series.id, now, series.room.id, more, limit)
    found = await store.bookings(session, [row["id"] for row in rows], catalogue)
    return tuple(sorted(found.values(), key=lambda booking: (booking.start, booking.id)))


async def ahead_locked(
    session: WriteSession, series_id: UUID, catalogue: Catalogue, *, now: datetime
) -> tuple[Booking, ...]:
    """Return what is ahead of a series, kept from others until the transaction ends."""
    rows = await session.all(_AHEAD, session.tenant, series_id, now)
    locked = {row["id"] for row in rows}
    await store.lock(session, *locked)
    # Read after the locks: what was cancelled or moved meanwhile is seen as it is. What came back meanwhile is not locked,
    # and is as if it came back afterwards.
    return tuple(one for one in await ahead(session, series_id, catalogue, now=now) if one.id in locked)


async def held_on(session: ReadSession, series_id: UUID, *, since: date) -> set[date]:
    """Return the dates of a series, from a day on, that hold a room."""
    return {row["series_on"] for row in await session.all(_HELD_ON, session.tenant, series_id, since)}


async def summaries(
    session: ReadSession, found: Sequence[OneSeries], catalogue: Catalogue, *, now: datetime
) -> tuple[SeriesSummary, ...]:
    """Return series with their next date, and how many are ahead until when."""
    if not found:
        return ()
    rows = await session.all(_SUMMARIES, session.tenant, [one.id for one in found], now)
    known = {row["id"]: row for row in rows}
    coming = await store.bookings(session, [row["next_id"] for row in rows if row["next_id"]], catalogue)
    return tuple(
        SeriesSummary(
            series=one,
            next=coming.get(known[one.id]["next_id"]),
            ahead=known[one.id]["ahead"],
            last_on=known[one.id]["last_on"],
        )
        for one in found
    )


async def waiting(session: ReadSession, series_id: UUID) -> dict[date, UUID]:
    """Return the places in line for dates of a series."""
    return {row["series_on"]: row["id"] for row in await session.all(_WAITING, session.tenant, series_id)}


async def stand_in_line(session: WriteSession, series: OneSeries, gaps: Sequence[Gap], *, now: datetime) -> None:
    """Let the booker wait for dates of a series; the same room and time again is the same place."""
    if not gaps:
        return
    await session.run(
        _STAND_IN_LINE,
        session.tenant,
        series.booker.person_id,
        series.location.id,
        series.attendees_count,
        series.title,
        series.private,
        series.shared,
        list(series.invitees),
        now,
        series.id,
        [new_id() for _ in gaps],
        [series.room.id for _ in gaps],
        [gap.slot.start for gap in gaps],
        [gap.slot.end for gap in gaps],
        [gap.on for gap in gaps],
        sorted(room.id for room in series.more_rooms),
        [thing.id for thing, _ in series.equipment],
        [count for _, count in series.equipment],
    )


async def leave_line(session: WriteSession, series_id: UUID, days: Sequence[date], *, now: datetime) -> None:
    """Let the booker wait no more for dates of a series; what is offered already stays offered."""
    if days:
        await session.run(_LEAVE_LINE, session.tenant, series_id, list(days), now)
