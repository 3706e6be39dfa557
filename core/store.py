"""Bookings in the database: the rows read into values, and the statements that write them.

Nothing here decides or commits; `bookings` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from core import archive, claims, events, requests
from core.catalogue import SINCE, SINCE_BY_NOW, Catalogue, StaleCatalogueError
from core.db import Database, ReadSession, WriteSession
from core.ids import new_id
from core.models import (
    HOLDS_ROOM,
    Actor,
    Attendee,
    Booking,
    Borrowed,
    Changed,
    LastChange,
    Response,
    Room,
    Slot,
    Status,
    by_name,
)
from core.people import attendees_by_id
from core.requests import Answer

_SELECT = """
SELECT b.id, b.room_id, b.booked_by, b.title, b.start_time, b.end_time, b.attendees_count, b.status, b.private, b.version,
    b.created_at, b.updated_at, b.cancel_reason, b.late_at, b.checked_in_at, b.series_id, b.series_on,
    ARRAY(SELECT m.room_id FROM booking_rooms m WHERE m.tenant_id = b.tenant_id AND m.booking_id = b.id) AS more_rooms,
    (SELECT json_agg(json_build_array(e.equipment_id, e.quantity)) FROM equipment_claims e
        WHERE e.tenant_id = b.tenant_id AND e.booking_id = b.id) AS borrowed,
    p.slack_user_id AS booker_slack_user_id, p.name AS booker_name,
    (SELECT json_agg(json_build_array(a.person_id, q.slack_user_id, q.name, a.co_organiser, a.response))
        FROM attendees a JOIN people q ON q.tenant_id = a.tenant_id AND q.id = a.person_id
        WHERE a.tenant_id = b.tenant_id AND a.booking_id = b.id) AS invited
FROM bookings b JOIN people p ON p.tenant_id = b.tenant_id AND p.id = b.booked_by
"""

HOLDING = tuple(sorted(status.value for status in HOLDS_ROOM))


def from_row(row: Mapping[str, Any], catalogue: Catalogue) -> Booking:
    """Return a booking from a row of `_SELECT`."""
    room = catalogue.room(row["room_id"])
    invited = [
        Attendee(
            person_id=UUID(person),
            slack_user_id=slack,
            name=name,
            co_organiser=co_organiser,
            response=Response(response) if response else None,
        )
        for person, slack, name, co_organiser, response in row["invited"] or ()
    ]
    return Booking(
        id=row["id"],
        room=room,
        location=catalogue.place_of(room),
        slot=Slot(start=row["start_time"], end=row["end_time"]),
        title=row["title"],
        booker=Attendee(
            person_id=row["booked_by"], slack_user_id=row["booker_slack_user_id"], name=row["booker_name"], co_organiser=True
        ),
        attendees=by_name(invited),
        attendees_count=row["attendees_count"],
        status=Status(row["status"]),
        private=row["private"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        cancel_reason=row["cancel_reason"],
        late_at=row["late_at"],
        checked_in_at=row["checked_in_at"],
        more_rooms=_rooms(row["more_rooms"], catalogue),
        equipment=_borrowed(row["borrowed"] or (), catalogue),
        series_id=row["series_id"],
        series_on=row["series_on"],
    )


def _rooms(ids: Iterable[UUID], catalogue: Catalogue) -> tuple[Room, ...]:
    """Return rooms in the order in which those of a booking are always shown."""
    return tuple(sorted((catalogue.room(room_id) for room_id in ids), key=lambda room: (room.name.casefold(), room.id)))


def _borrowed(pairs: Iterable[Sequence[Any]], catalogue: Catalogue) -> tuple[Borrowed, ...]:
    found = (Borrowed(equipment=catalogue.thing(UUID(str(one))), quantity=quantity) for one, quantity in pairs)
    return tuple(sorted(found, key=lambda one: (one.equipment.name.casefold(), one.equipment.id)))


async def booking(session: ReadSession, booking_id: UUID, catalogue: Catalogue) -> Booking:
    """Return the booking, or raise BookingNotFound."""
    row = await session.one(f"{_SELECT} WHERE b.tenant_id = $1 AND b.id = $2", session.tenant, booking_id)
    if row is None:
        raise await archive.missing(session, booking_id)
    return from_row(row, catalogue)


async def bookings(session: ReadSession, booking_ids: Sequence[UUID], catalogue: Catalogue) -> dict[UUID, Booking]:
    """Return those of the bookings that exist."""
    if not booking_ids:
        return {}
    rows = await session.all(
        f"{_SELECT} WHERE b.tenant_id = $1 AND b.id = ANY($2::uuid[])", session.tenant, list(booking_ids)
    )
    return {row["id"]: from_row(row, catalogue) for row in rows}


_LOCK = "SELECT FROM bookings WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE"


async def lock(session: WriteSession, *booking_ids: UUID) -> None:
    """Keep others from changing the bookings until this transaction ends; a room is locked after them, never before.

    A statement of its own: what the same statement read beside a row that it waited for would be of before the wait.
    """
    await session.run(_LOCK, session.tenant, booking_ids)


async def try_lock(session: WriteSession, *booking_ids: UUID) -> bool:
    """Lock the bookings without waiting for anybody, for whoever has locked rooms; return whether all were to be had."""
    return len(await session.all(f"{_LOCK} SKIP LOCKED", session.tenant, booking_ids)) == len(set(booking_ids))


async def only_responses_since(session: ReadSession, booking_id: UUID, version: int) -> bool:
    """Tell whether nothing but answers of those invited, and word that they run late, came after a version."""
    return not await session.value(
        "SELECT EXISTS (SELECT FROM events WHERE tenant_id = $1 AND booking_id = $2 AND booking_version > $3"
        " AND kind <> ALL($4::text[]))",
        session.tenant,
        booking_id,
        version,
        [kind.value for kind in events.ASIDE],
    )


# Of each series only the first date that is not over and that the person comes to.
_NEXT_OF_SERIES = """AND (b.series_id IS NULL OR NOT EXISTS (
    SELECT FROM bookings e
    WHERE e.tenant_id = $1 AND e.series_id = b.series_id AND e.start_time < b.start_time AND e.end_time > $3
        AND e.status = ANY($4::text[])
        AND (e.booked_by = $2
            OR EXISTS (SELECT FROM attendees a WHERE a.tenant_id = $1 AND a.booking_id = e.id AND a.person_id = $2))))"""


async def upcoming(
    session: ReadSession,
    person_id: UUID,
    catalogue: Catalogue,
    *,
    now: datetime,
    limit: int,
    offset: int,
    once_per_series: bool = False,
) -> tuple[Booking, ...]:
    """Return what the person booked or attends and is not over, soonest first; of a series, if so asked, the next date."""
    rows = await session.all(
        # Two indexes find one's own and one's invitations; an OR over both would read everybody's.
        f"""{_SELECT} WHERE b.tenant_id = $1 AND b.end_time > $3 AND b.status = ANY($4::text[])
            AND b.id IN (SELECT id FROM bookings WHERE tenant_id = $1 AND booked_by = $2 AND end_time > $3
                UNION SELECT booking_id FROM attendees WHERE tenant_id = $1 AND person_id = $2)
            {_NEXT_OF_SERIES if once_per_series else ""}
            ORDER BY b.start_time, b.id LIMIT $5 OFFSET $6""",
        session.tenant,
        person_id,
        now,
        list(HOLDING),
        limit,
        offset,
    )
    return tuple(from_row(row, catalogue) for row in rows)


# Whatever holds a room has claims on all of its parts, and there are none of what is over.
_IN_WINDOW = f"""
{_SELECT} WHERE b.tenant_id = $1 AND b.start_time < $4 AND b.end_time > $3 AND b.status = ANY($5::text[]) AND b.id IN (
    SELECT c.booking_id FROM room_claims c
    WHERE c.tenant_id = $1 AND c.room_id = ANY($2::uuid[]) AND c.start_time < $4 AND c.end_time > $3)
ORDER BY b.room_id, b.start_time
"""


async def in_window(
    session: ReadSession, room_ids: Sequence[UUID], window: Slot, catalogue: Catalogue
) -> tuple[Booking, ...]:
    """Return the bookings that keep one of the rooms in the window (their own times, not setup), by room and start.

    A booking of a divisible room keeps its parts, and one of a part keeps the whole.
    """
    rows = await session.all(
        _IN_WINDOW,
        session.tenant,
        sorted({leaf for room_id in room_ids for leaf in catalogue.room(room_id).leaves}),
        window.start,
        window.end,
        list(HOLDING),
    )
    return tuple(from_row(row, catalogue) for row in rows)


async def made_since(
    session: ReadSession, person_id: UUID, catalogue: Catalogue, *, slot: Slot, since: datetime
) -> tuple[Booking, ...]:
    """Return what the person booked for exactly this time since a moment, newest first."""
    rows = await session.all(
        f"""{_SELECT} WHERE b.tenant_id = $1 AND b.booked_by = $2 AND b.start_time = $3 AND b.end_time = $4
            AND b.created_at >= $5 AND b.status = ANY($6::text[]) ORDER BY b.created_at DESC""",
        session.tenant,
        person_id,
        slot.start,
        slot.end,
        since,
        list(HOLDING),
    )
    return tuple(from_row(row, catalogue) for row in rows)


# Claim, booking, invitations and event stand or fall together in one round trip: the rest is made from the claim's row.
_WRITE = """
WITH {claim},
booking AS (
    INSERT INTO bookings (tenant_id, id, room_id, booked_by, title, start_time, end_time, attendees_count, status, private,
        created_at, updated_at, version, series_id, series_on)
    SELECT $1, $4, {room}, $7, $8, $9, $10, $11, $12, $13, $14, $14, 1, $21, $22 FROM claim{unless}
),
invited AS (
    INSERT INTO attendees (tenant_id, booking_id, person_id, co_organiser)
    SELECT $1, $4, invited.* FROM claim, unnest($15::uuid[], $20::bool[]) AS invited
),
event AS (
    INSERT INTO events (tenant_id, id, kind, booking_id, booking_version, actor_id, surface, after, happened_at,
        operation_id)
    SELECT $1, $16, 'booked', $4, 1, $17, $18, $19::jsonb, $14, $23 FROM claim
){more}
"""
_BOOK = _WRITE.replace("{unless}", "") + "SELECT count(*) AS taken, {since} AS stale FROM {counted}"
_SINCE = SINCE_BY_NOW.format(moment="$24::timestamptz")
_BOOK_ONE = _BOOK.format(claim=f"claim AS ({claims.TAKE})", room="$3", more="", counted="claim", since=_SINCE)
# Several claims, any of which may fail: written in any case, and taken back where not all of them came about.
_SEVERAL = {
    "room": "$24",
    "more": ", more AS (INSERT INTO booking_rooms SELECT $1, $4, unnest($26::uuid[]))",
    "counted": "taken",
    "since": SINCE_BY_NOW.format(moment="$27::timestamptz"),
}
_MADE = "claim AS (SELECT $4::uuid AS booking_id), taken AS ({taken})"
_BOOK_EACH = _BOOK.format(claim=_MADE.format(taken=claims.TAKE_EACH.format(expires="$25")), **_SEVERAL)

# A transaction by itself. The room is claimed first: where somebody has it, or an admin has changed something, or the same
# person has just booked for the same time, no row comes of anything. Then the key: where it is known, the claim is without a
# booking, and the foreign key refuses the whole; so it does where an admin has changed something while this waited. $25 is
# since when the person may not have booked for that time, null for never; $26 to $30 are the key's.
_UNLESS = f"""NOT {SINCE.format(moment="$24::timestamptz")} AND NOT EXISTS (
    SELECT FROM bookings WHERE $25::timestamptz IS NOT NULL AND tenant_id = $1 AND booked_by = $7 AND start_time = $9
        AND end_time = $10 AND created_at >= $25 AND status IN ({", ".join(f"'{status}'" for status in HOLDING)}))"""
_ALONE = {"room": "$3", "more": "", "unless": f" WHERE NOT {_SINCE}"}
_TAKEN = claims.TAKE_WHERE.format(condition=_UNLESS)
_KEYED = requests.CLAIM_BY.format(values="SELECT $1, $26, $27, $28, $29, $30 FROM taken")
_BOOK_AT_ONCE = _WRITE.format(claim=f"claim AS ({_TAKEN})", **_ALONE) + "SELECT true FROM claim"
_BOOK_AT_ONCE_KEYED = _WRITE.format(claim=f"taken AS ({_TAKEN}), claim AS ({_KEYED})", **_ALONE) + "SELECT true FROM claim"
_BOOK_OFFERED = _BOOK.format(claim=_MADE.format(taken=claims.TURN.format(expires="$25")), **_SEVERAL)


async def insert(
    session: WriteSession,
    new: Booking,
    catalogue: Catalogue,
    *,
    by: Actor,
    event_id: UUID,
    until: datetime | None = None,
    operation_id: UUID | None = None,
) -> bool:
    """Write a new booking with its claims, attendees and event; return False when somebody holds one of its rooms.

    `until` is when the claims expire where it waits for approval. What it borrows is not written here. Raises
    StaleCatalogueError where an admin changed anything since the catalogue was read.
    """
    held = claims.parts(new.rooms, new.slot)
    facts = _facts(new, by=by, event_id=event_id, operation_id=operation_id)
    session.happened = True
    if len(held) == 1 and not new.more_rooms and until is None:
        ((_, kept),) = held
        ids = (session.tenant, new_id(), new.room.id, new.id)
        row = await session.one(_BOOK_ONE, *ids, kept.start, kept.end, *facts, catalogue.changed_at)
        return bool(_taken(row, catalogue))
    return await _insert_each(session, _BOOK_EACH, [new_id() for _ in held], new, facts, catalogue=catalogue, until=until)


async def insert_at_once(
    db: Database,
    new: Booking,
    catalogue: Catalogue,
    *,
    by: Actor,
    event_id: UUID,
    since: datetime | None,
    claimed: Sequence[object] | None,
) -> bool:
    """Write a new booking of one room with its claim, its event and its request key, in a transaction of its own.

    `claimed` is what the key's row has (see `requests`), None without a key. Return False where nothing was written:
    somebody holds the room, the key is known, the booker has booked for that time `since` then, or an admin has changed
    something.
    """
    kept = claims.span(new.room, new.slot)
    ids = (db.tenant, new_id(), new.room.id, new.id, kept.start, kept.end)
    facts = _facts(new, by=by, event_id=event_id, operation_id=None)
    sql = _BOOK_AT_ONCE if claimed is None else _BOOK_AT_ONCE_KEYED
    values = (*ids, *facts, catalogue.changed_at, since, *(claimed or ()))
    return await db.attempt(sql, *values, repeatable=claimed is not None) is not None


async def insert_offered(
    session: WriteSession,
    new: Booking,
    catalogue: Catalogue,
    *,
    waiting_id: UUID,
    by: Actor,
    event_id: UUID,
    until: datetime | None = None,
) -> bool:
    """Write a new booking whose claims are what was held for somebody in line; return False when nothing is held."""
    session.happened = True
    facts = _facts(new, by=by, event_id=event_id, operation_id=None)
    return await _insert_each(session, _BOOK_OFFERED, waiting_id, new, facts, catalogue=catalogue, until=until)


def _taken(row: Mapping[str, Any] | None, catalogue: Catalogue) -> int:
    """Return how many claims a statement has made; raises StaleCatalogueError."""
    assert row is not None
    if row["stale"]:
        raise StaleCatalogueError(catalogue)
    return int(row["taken"])


def _facts(new: Booking, *, by: Actor, event_id: UUID, operation_id: UUID | None) -> tuple[object, ...]:
    return (
        new.booker.person_id,
        new.title,
        new.start,
        new.end,
        new.attendees_count,
        new.status.value,
        new.private,
        new.created_at,
        [a.person_id for a in new.attendees],
        event_id,
        by.person_id,
        by.surface,
        events.snapshot(new),
        [a.co_organiser for a in new.attendees],
        new.series_id,
        new.series_on,
        operation_id,
    )


async def _insert_each(
    session: WriteSession,
    sql: str,
    claim: object,
    new: Booking,
    facts: tuple[object, ...],
    *,
    catalogue: Catalogue,
    until: datetime | None,
) -> bool:
    held = claims.parts(new.rooms, new.slot)
    await session.run("SAVEPOINT booking")
    row = await session.one(
        sql,
        session.tenant,
        claim,
        [leaf for leaf, _ in held],
        new.id,
        [kept.start for _, kept in held],
        [kept.end for _, kept in held],
        *facts,
        new.room.id,
        until,
        [room.id for room in new.more_rooms],
        catalogue.changed_at,
    )
    if _taken(row, catalogue) == len(held):
        return True
    await session.run("ROLLBACK TO SAVEPOINT booking")
    return False


async def keep_more_rooms(session: WriteSession, before: Booking, after: Booking) -> None:
    """Bring the rooms beside the first to another state: before the booking's own row, which is judged by them."""
    old, new = {room.id for room in before.more_rooms}, {room.id for room in after.more_rooms}
    if gone := sorted(old - new):
        await session.run(
            "DELETE FROM booking_rooms WHERE tenant_id = $1 AND booking_id = $2 AND room_id = ANY($3::uuid[])",
            session.tenant,
            before.id,
            gone,
        )
    if come := sorted(new - old):
        await session.run(
            "INSERT INTO booking_rooms (tenant_id, booking_id, room_id) SELECT $1, $2, unnest($3::uuid[])",
            session.tenant,
            before.id,
            come,
        )


_UPDATE = """
UPDATE bookings SET room_id = $4, title = $5, start_time = $6, end_time = $7, attendees_count = $8, status = $9,
    private = $10, cancel_reason = $11, updated_at = $12, version = $13, late_at = $14, checked_in_at = $15
WHERE tenant_id = $1 AND id = $2 AND version = $3
RETURNING true
"""


async def update(session: WriteSession, before: Booking, after: Booking) -> bool:
    """Write the booking's own fields if nobody changed it since `before`; return whether that was so."""
    done = await session.value(
        _UPDATE,
        session.tenant,
        before.id,
        before.version,
        after.room.id,
        after.title,
        after.start,
        after.end,
        after.attendees_count,
        after.status.value,
        after.private,
        after.cancel_reason,
        after.updated_at,
        after.version,
        after.late_at,
        after.checked_in_at,
    )
    return bool(done)


async def invite(session: WriteSession, before: Booking, after: Booking) -> None:
    """Bring the attendees' rows from one state to the other."""
    old = {a.person_id: (a.co_organiser, a.response) for a in before.attendees}
    new = {a.person_id: (a.co_organiser, a.response) for a in after.attendees}
    if gone := sorted(old.keys() - new.keys()):
        await session.run(
            "DELETE FROM attendees WHERE tenant_id = $1 AND booking_id = $2 AND person_id = ANY($3::uuid[])",
            session.tenant,
            before.id,
            gone,
        )
    if come := sorted(person for person, said in new.items() if old.get(person) != said):
        await session.run(
            "INSERT INTO attendees AS a (tenant_id, booking_id, person_id, co_organiser, response, responded_at)"
            " SELECT $1, $2, person, co_organiser, response, CASE WHEN response IS NOT NULL THEN $6::timestamptz END"
            " FROM unnest($3::uuid[], $4::bool[], $5::text[]) AS come (person, co_organiser, response)"
            " ON CONFLICT (tenant_id, booking_id, person_id) DO UPDATE"
            " SET co_organiser = excluded.co_organiser, response = excluded.response,"
            " responded_at = CASE WHEN a.response IS DISTINCT FROM excluded.response THEN excluded.responded_at"
            " ELSE a.responded_at END",
            session.tenant,
            before.id,
            come,
            [new[person][0] for person in come],
            [new[person][1] for person in come],
            after.updated_at,
        )


async def event_of(session: ReadSession, booking_id: UUID, version: int) -> Mapping[str, Any] | None:
    """Return the event (kind, before, after) that led to a version of a booking, or None."""
    return await session.one(
        "SELECT kind, before, after FROM events WHERE tenant_id = $1 AND booking_id = $2 AND booking_version = $3",
        session.tenant,
        booking_id,
        version,
    )


async def last_step(session: ReadSession, current: Booking) -> Mapping[str, Any] | None:
    """Return the last event (kind, before, after) of a booking that is neither an answer nor word of running late."""
    return await session.one(
        "SELECT kind, before, after FROM events WHERE tenant_id = $1 AND booking_id = $2 AND booking_version <= $3"
        " AND kind <> ALL($4::text[]) ORDER BY booking_version DESC LIMIT 1",
        session.tenant,
        current.id,
        current.version,
        [kind.value for kind in events.ASIDE],
    )


async def last_change(session: ReadSession, current: Booking, catalogue: Catalogue) -> LastChange | None:
    """Return what led to the booking as it stands; None where its events were not kept."""
    row = await session.one(
        """SELECT e.before, e.happened_at, p.slack_user_id FROM events e
            JOIN people p ON p.tenant_id = e.tenant_id AND p.id = e.actor_id
            WHERE e.tenant_id = $1 AND e.booking_id = $2 AND e.booking_version = $3""",
        session.tenant,
        current.id,
        current.version,
    )
    if row is None:
        return None
    before = await from_snapshot(session, current.id, row["before"], catalogue) if row["before"] else None
    return LastChange(before=before, after=current, by_slack_user_id=row["slack_user_id"], at=row["happened_at"])


async def answered(session: ReadSession, answer: Answer, catalogue: Catalogue) -> tuple[Changed, ...]:
    """Return what an earlier request did, as it left it; of a booking that was only made, `before` is what was made."""
    rows = await session.all(
        "SELECT id, booking_id, before, after FROM events WHERE tenant_id = $1 AND id = ANY($2::uuid[])",
        session.tenant,
        list(answer.event_ids),
    )
    found = {row["id"]: row for row in rows}
    done = []
    for row in (found[event_id] for event_id in answer.event_ids):
        after = await from_snapshot(session, row["booking_id"], row["after"], catalogue)
        before = await from_snapshot(session, row["booking_id"], row["before"], catalogue) if row["before"] else after
        done.append(Changed(before=before, after=after))
    for booking_id, version in answer.unchanged:
        event = await event_of(session, booking_id, version)
        assert event is not None
        same = await from_snapshot(session, booking_id, event["after"], catalogue)
        done.append(Changed(before=same, after=same))
    return tuple(done)


async def from_snapshot(session: ReadSession, booking_id: UUID, facts: dict[str, Any], catalogue: Catalogue) -> Booking:
    """Return a booking as an event's snapshot has it, with people's names of today."""
    return of_snapshot(booking_id, facts, await attendees_by_id(session, events.people_in(facts)), catalogue)


def of_snapshot(booking_id: UUID, facts: dict[str, Any], known: dict[UUID, Attendee], catalogue: Catalogue) -> Booking:
    """Return a booking as an event's snapshot has it; `known` are at least those named in it."""
    room = catalogue.room(UUID(facts["room_id"]))
    booker = known[UUID(facts["booked_by"])]
    series = facts.get("series")
    return Booking(
        id=booking_id,
        room=room,
        location=catalogue.place_of(room),
        slot=Slot(start=datetime.fromisoformat(facts["start"]), end=datetime.fromisoformat(facts["end"])),
        title=facts["title"],
        booker=Attendee(person_id=booker.person_id, slack_user_id=booker.slack_user_id, name=booker.name, co_organiser=True),
        attendees=events.attendees_in(facts, known),
        attendees_count=facts["attendees_count"],
        status=Status(facts["status"]),
        private=facts["private"],
        version=facts["version"],
        created_at=datetime.fromisoformat(facts["created_at"]),
        updated_at=datetime.fromisoformat(facts["updated_at"]),
        cancel_reason=facts["cancel_reason"],
        late_at=_moment(facts.get("late_at")),
        checked_in_at=_moment(facts.get("checked_in_at")),
        more_rooms=_rooms((UUID(room_id) for room_id in facts.get("more_rooms", ())), catalogue),
        equipment=_borrowed(facts.get("equipment", ()), catalogue),
        series_id=UUID(series[0]) if series else None,
        series_on=date.fromisoformat(series[1]) if series else None,
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
