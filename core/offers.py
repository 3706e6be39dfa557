"""Offering what was given back to the first in line for it, inside the transaction that gives it back.

An offer is a claim with an expiry, a place in line that says which, and the message that tells so: written together or
not at all. Kept out: joining, taking and leaving (`line`), and sending (`outbox`).

Who waits for several rooms, or for things to come along, is offered all of it at once or nothing.

Locks are taken in one order: equipment, rooms, the lines of rooms, then places in line, then claims. Whoever holds a line
never waits for a place in line, for equipment or for further rooms that somebody else has locked: it goes to the next, and
`Line.advance` comes back to it, with its locks taken from the beginning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core import borrowing, claims, rules
from core.catalogue import Catalogue
from core.db import ReadSession, WriteSession
from core.ids import new_id
from core.models import Actor, Borrowed, Equipment, Room, Slot
from core.notices import Notice, Waiting
from core.quiet import span_ends

LASTS = timedelta(minutes=10)
LASTS_AT_LEAST = timedelta(minutes=2)
# How long a room is held for somebody to whom nothing can be told, because Slack is down.
UNTOLD_AT_MOST = timedelta(hours=1)
# What is left of a slot that has begun must be worth walking to.
LEAST_LEFT = timedelta(minutes=15)

COLUMNS = """
w.id, w.person_id, w.room_id, w.location_id, w.floor, w.start_time, w.end_time, w.attendees_count, w.amenities, w.title,
w.private, w.shared, w.invitees, w.status, w.offered_room_id, w.offer_expires_at, w.booking_id, w.created_at, w.version,
w.series_id, w.series_on, w.more_room_ids, w.equipment_ids, w.equipment_counts
"""
# Those in line with what decides whether they can be offered something now.
IN_LINE = f"""
SELECT {COLUMNS}, p.slack_team_id, p.slack_user_id, p.name, p.zone, p.quiet_from, p.quiet_until, p.guest,
    ARRAY(SELECT m.group_id FROM group_members m WHERE m.tenant_id = p.tenant_id AND m.person_id = p.id) AS groups,
    p.slack_admin OR EXISTS (SELECT FROM admins a WHERE a.tenant_id = p.tenant_id AND a.person_id = p.id) AS admin
FROM waiting w JOIN people p ON p.tenant_id = w.tenant_id AND p.id = w.person_id
WHERE w.tenant_id = $1 AND w.status = 'waiting'
"""

# Which of the rooms somebody waits for at that time; one reach into the index of the line where nobody does.
_WANTED = """
SELECT DISTINCT freed.room_id FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) AS freed (room_id, starts, ends)
WHERE EXISTS (
    SELECT FROM waiting w WHERE w.tenant_id = $1 AND w.status = 'waiting' AND w.start_time < freed.ends
        AND w.end_time > freed.starts
        AND (w.room_id IS NULL OR w.room_id = freed.room_id OR freed.room_id = ANY(w.more_room_ids))
) ORDER BY 1
"""

_OFFER = """
WITH offered AS (
    UPDATE waiting SET status = 'offered', offered_room_id = $3, offer_expires_at = $4, updated_at = $5,
        version = version + 1
    WHERE tenant_id = $1 AND id = $2 RETURNING id, person_id, version, end_time
)
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, person_id, waiting_id, about, due_at, until)
SELECT $1, $6, 'offer:' || id || ':' || version, $7, $8, person_id, id, jsonb_build_object('version', version), $5,
    greatest($4, end_time - $9::interval)
FROM offered
"""
# Whether the message of an offer is still on its way, and has not been for too long.
_UNTOLD = """
SELECT true FROM waiting w JOIN deliveries d ON d.tenant_id = w.tenant_id AND d.key = 'offer:' || w.id || ':' || w.version
WHERE w.tenant_id = $1 AND w.id = $2 AND w.updated_at > $3 AND d.status = 'pending' AND d.due_at <= $4 AND d.until > $5
"""

_LATE = """
FROM waiting w WHERE w.tenant_id = $1 AND w.status = 'offered' AND w.offer_expires_at <= $5 AND w.id IN (
    SELECT c.waiting_id FROM room_claims c JOIN unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[])
        AS part (room_id, starts, ends) ON c.room_id = part.room_id AND c.start_time < part.ends AND c.end_time > part.starts
    WHERE c.tenant_id = $1)
ORDER BY w.id FOR NO KEY UPDATE OF w
"""
_LATE_WITH = """
SELECT w.id FROM waiting w WHERE w.tenant_id = $1 AND w.status = 'offered' AND w.offer_expires_at <= $5 AND w.id IN (
    SELECT c.waiting_id FROM equipment_claims c
    WHERE c.tenant_id = $1 AND c.equipment_id = ANY($2::uuid[]) AND c.start_time < $4 AND c.end_time > $3)
ORDER BY w.id FOR NO KEY UPDATE OF w SKIP LOCKED
"""
# The named rooms for which somebody waits with things that were given back.
_WANTED_WITH = """
SELECT DISTINCT room_id FROM waiting WHERE tenant_id = $1 AND status = 'waiting' AND room_id IS NOT NULL
    AND equipment_ids && $2::uuid[] AND start_time < $4 AND end_time > $3
"""

# Changing the place, telling so and giving the claim back are one statement: none of them is ever seen alone.
_MISSED = """
WITH missed AS (
    UPDATE waiting w SET status = 'missed', updated_at = $4, version = version + 1
    FROM unnest($2::uuid[], $3::uuid[]) AS gone (waiting_id, delivery_id)
    WHERE w.tenant_id = $1 AND w.id = gone.waiting_id AND w.status = 'offered'
    RETURNING w.id, w.person_id, w.version, w.end_time, gone.delivery_id
),
told AS (
    INSERT INTO deliveries (tenant_id, id, key, kind, team_id, person_id, waiting_id, about, due_at, until)
    SELECT $1, m.delivery_id, 'offer_missed:' || m.id || ':' || m.version, $5, p.slack_team_id, m.person_id, m.id,
        jsonb_build_object('version', m.version), $4, m.end_time
    FROM missed m JOIN people p ON p.tenant_id = $1 AND p.id = m.person_id
),
back AS (
    DELETE FROM equipment_claims WHERE tenant_id = $1 AND waiting_id IN (SELECT id FROM missed)
)
DELETE FROM room_claims WHERE tenant_id = $1 AND waiting_id IN (SELECT id FROM missed)
"""


def from_row(row: Mapping[str, Any], catalogue: Catalogue) -> Waiting:
    """Return a place in line from a row with `COLUMNS`."""
    return Waiting(
        id=row["id"],
        person_id=row["person_id"],
        slot=Slot(start=row["start_time"], end=row["end_time"]),
        room=catalogue.room(row["room_id"]) if row["room_id"] else None,
        location=catalogue.location(row["location_id"]) if row["location_id"] else None,
        floor=row["floor"],
        attendees_count=row["attendees_count"],
        amenities=frozenset(row["amenities"]),
        title=row["title"],
        private=row["private"],
        shared=row["shared"],
        invitees=tuple(row["invitees"]),
        status=row["status"],
        offered_room=catalogue.room(row["offered_room_id"]) if row["offered_room_id"] else None,
        offer_expires_at=row["offer_expires_at"],
        booking_id=row["booking_id"],
        created_at=row["created_at"],
        version=row["version"],
        series_id=row["series_id"],
        more_rooms=tuple(catalogue.room(room_id) for room_id in row["more_room_ids"]),
        equipment=things_of(row, catalogue),
    )


def rooms_of(row: Mapping[str, Any], room: Room, catalogue: Catalogue) -> tuple[Room, ...]:
    """Return the rooms that somebody in line would have together, where `room` is the first of them."""
    return (room, *(catalogue.room(room_id) for room_id in row["more_room_ids"]))


def things_of(row: Mapping[str, Any], catalogue: Catalogue) -> tuple[Borrowed, ...]:
    """Return what is to come along with the room that somebody waits for."""
    wanted = zip(row["equipment_ids"], row["equipment_counts"], strict=True)
    return borrowing.in_order([Borrowed(equipment=catalogue.thing(one), quantity=count) for one, count in wanted])


async def by_ids(session: ReadSession, ids: Sequence[UUID], catalogue: Catalogue) -> dict[UUID, Waiting]:
    """Return those places in line that exist."""
    rows = await session.all(
        f"SELECT {COLUMNS} FROM waiting w WHERE w.tenant_id = $1 AND w.id = ANY($2::uuid[])", session.tenant, list(ids)
    )
    return {row["id"]: from_row(row, catalogue) for row in rows}


def what_is_left(slot: Slot, now: datetime) -> Slot:
    """Return the slot, or from the minute under way on where it has begun; nothing is left where its end is not after."""
    minute = now.replace(second=0, microsecond=0)
    return slot if slot.start >= minute else Slot(start=minute, end=slot.end)


def open_until(slot: Slot, now: datetime) -> datetime:
    """Return when an offer made now ends: after ten minutes, at the start if that is sooner, but never at once."""
    return max(now + LASTS_AT_LEAST, min(now + LASTS, slot.start))


def can_be_asked(row: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether somebody in line (a row of `IN_LINE`) may be told of an offer now."""
    return span_ends(row["quiet_from"], row["quiet_until"], row["zone"], now) is None


def wanted_slot(row: Mapping[str, Any], room: Room, catalogue: Catalogue, *, now: datetime) -> Slot | None:
    """Return the time for which the room, with those beside it, would serve somebody in line; None where not."""
    if not _suits(row, room, catalogue):
        return None
    wish = Slot(start=row["start_time"], end=row["end_time"])
    slot = what_is_left(wish, now)
    if slot != wish and slot.end - now < LEAST_LEFT:
        return None
    count, actor = row["attendees_count"], _actor(row)
    if row["more_room_ids"]:
        rooms = rooms_of(row, room, catalogue)
        broken = rules.of_rooms(slot, rooms, catalogue=catalogue, attendees_count=count, actor=actor, now=now)
    else:
        broken = rules.in_force(
            slot,
            room=room,
            catalogue=catalogue,
            attendees_count=count,
            actor=actor,
            now=now,
            overriding=row["room_id"] == room.id,
        )
    return None if broken else slot


def _suits(row: Mapping[str, Any], room: Room, catalogue: Catalogue) -> bool:
    if row["room_id"] is not None:
        return bool(row["room_id"] == room.id)
    lent_elsewhere = (catalogue.thing(one).location_id != room.location_id for one in row["equipment_ids"])
    return not any(lent_elsewhere) and (
        row["location_id"] in {None, room.location_id}
        and room.amenities.issuperset(row["amenities"])
        and (row["floor"] is None or (room.floor or "").casefold() == row["floor"].casefold())
    )


def _actor(row: Mapping[str, Any]) -> Actor:
    return Actor(
        person_id=row["person_id"],
        slack_user_id=row["slack_user_id"],
        name=row["name"],
        admin=row["admin"],
        guest=row["guest"],
        groups=frozenset(row["groups"]),
    )


async def hold_line(session: WriteSession, room_id: UUID) -> None:
    """Be the only one who offers this room, until the transaction ends."""
    await session.run("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"line:{session.tenant}:{room_id}")


def _touched(
    rooms_and_slots: Iterable[tuple[Room, Slot]], catalogue: Catalogue, *, now: datetime
) -> list[tuple[Room, Slot]]:
    """Return what may have become free with these rooms and times: of a divisible room, its parts and wholes as well."""
    found = []
    for room, slot in rooms_and_slots:
        if slot.end > now:
            found.append((room, slot))
            # What was kept free around it, for the others.
            found += [(other, claims.span(room, slot)) for other in catalogue.sharing(room) if other.id != room.id]
    return found


async def hold_lines_of(session: WriteSession, rooms: Sequence[Room], catalogue: Catalogue) -> set[UUID]:
    """Be the only one who offers these rooms, and what shares parts with them, until the transaction ends; return whose."""
    shared = {other.id for room in rooms for other in catalogue.sharing(room)}
    for room_id in sorted(shared):
        await hold_line(session, room_id)
    return shared


async def waited_for_with(
    session: ReadSession, things: Sequence[Equipment], around: Slot, catalogue: Catalogue
) -> list[tuple[Room, Slot]]:
    """Return the rooms, with that time, for which somebody waits together with one of these things."""
    ids = [one.id for one in things]
    rows = await session.all(_WANTED_WITH, session.tenant, ids, around.start, around.end)
    return [(catalogue.room(row["room_id"]), around) for row in rows]


async def hold_lines(
    session: WriteSession, rooms_and_slots: Sequence[tuple[Room, Slot]], *, catalogue: Catalogue, now: datetime
) -> set[UUID]:
    """Hold the lines of the rooms for which somebody waits at that time, and return those rooms' ids.

    To be called before any claim is given back: two who give back times side by side would wait for each other. Giving
    back a part frees the whole, and the other way round.
    """
    ahead = [(room, claims.span(room, slot)) for room, slot in _touched(rooms_and_slots, catalogue, now=now)]
    if not ahead:
        return set()
    rows = await session.all(
        _WANTED,
        session.tenant,
        [room.id for room, _ in ahead],
        # A wish is as wide as the room makes it, like the claim that was given back.
        [span.start - timedelta(minutes=room.teardown_minutes) for room, span in ahead],
        [span.end + timedelta(minutes=room.setup_minutes) for room, span in ahead],
    )
    for row in rows:
        await hold_line(session, row["room_id"])
    return {row["room_id"] for row in rows}


async def offer_freed(
    session: WriteSession,
    catalogue: Catalogue,
    *,
    rooms_and_slots: Sequence[tuple[Room, Slot]],
    lines: Collection[UUID],
    now: datetime,
) -> int:
    """Offer what has become free to the first in line whom it serves, then the rest of it to the next; return how many.

    `rooms_and_slots` are bookings' own times, without setup; what of them is still held is left alone. `lines` are the
    rooms whose lines are held: no others are taken, since claims have been given back by now. Who came into another line
    only just is found by `Line.advance`.
    """
    offered: set[UUID] = set()
    for room, slot in rooms_and_slots:
        among = [(one, then) for one, then in _touched([(room, slot)], catalogue, now=now) if one.id in lines]
        if among:
            offered |= set(await offer_among(session, catalogue, among, now=now))
    return len(offered)


async def offer(session: WriteSession, catalogue: Catalogue, room: Room, slot: Slot, *, now: datetime) -> tuple[UUID, ...]:
    """Offer a room whose line is held to those in line for this time, in order; return the places that got it."""
    return await offer_among(session, catalogue, [(room, slot)], now=now)


async def offer_among(
    session: WriteSession, catalogue: Catalogue, rooms_and_slots: Sequence[tuple[Room, Slot]], *, now: datetime
) -> tuple[UUID, ...]:
    """Offer rooms that share parts, whose lines are held, to those in line for any of them, in order; return who got one."""
    hopes = []
    for room, slot in rooms_and_slots:
        hopes += await _hopes(session, catalogue, room, slot, now=now)
    if not hopes:
        return ()
    # One line for all of them; whom several rooms would serve gets the smallest that is left.
    hopes.sort(key=lambda hope: (hope[0]["created_at"], hope[0]["id"], hope[1].capacity))
    rooms = [room for room, _ in rooms_and_slots]
    window = claims.widest(rooms, Slot(start=min(s.start for *_, s in hopes), end=max(s.end for *_, s in hopes)))
    taken = await claims.held(session, rooms, window, now=now)
    offered: list[UUID] = []
    for row, room, wanted in hopes:
        held = claims.span(room, wanted)
        if row["id"] in offered or any(held.overlaps(other) for other in taken.get(room.id, ())):
            continue
        if row["more_room_ids"] and not await _all_free(session, rooms_of(row, room, catalogue), wanted, now=now):
            continue
        if not await _mine_to_offer(session, row):
            continue
        if await _offer(session, row, room, wanted, catalogue, now=now):
            offered.append(row["id"])
        taken = await claims.held(session, rooms, window, now=now)
    return tuple(offered)


async def _hopes(
    session: WriteSession, catalogue: Catalogue, room: Room, slot: Slot, *, now: datetime
) -> list[tuple[Mapping[str, Any], Room, Slot]]:
    """Return those in line whom a room would serve around that time, with the time that each would have it."""
    around = claims.span(room, slot)
    rows = await session.all(
        f"{IN_LINE} AND w.start_time < $4 AND w.end_time > $3 "
        " AND (w.room_id IS NULL OR w.room_id = $2 OR $2 = ANY(w.more_room_ids))"
        " ORDER BY w.created_at, w.id",
        session.tenant,
        room.id,
        around.start - timedelta(minutes=room.teardown_minutes),
        around.end + timedelta(minutes=room.setup_minutes),
    )
    found = []
    for row in rows:
        # Who waits for this room beside another gets that one first.
        first = catalogue.room(row["room_id"]) if row["room_id"] else room
        if can_be_asked(row, now) and (wanted := wanted_slot(row, first, catalogue, now=now)) is not None:
            found.append((row, first, wanted))
    return found


async def _all_free(session: ReadSession, rooms: Sequence[Room], slot: Slot, *, now: datetime) -> bool:
    """Tell whether nobody holds any of the rooms."""
    return len(await claims.free(session, [(room, claims.span(room, slot)) for room in rooms], now=now)) == len(rooms)


async def _mine_to_offer(session: WriteSession, row: Mapping[str, Any]) -> bool:
    """Lock a place in line, unless it is not as it was read any more or somebody else is changing it at this moment.

    Whoever asked for the same again meanwhile, with other things to come along, is not offered what they wanted before.
    """
    return bool(
        await session.value(
            "SELECT true FROM waiting WHERE tenant_id = $1 AND id = $2 AND status = 'waiting' AND version = $3"
            " FOR NO KEY UPDATE SKIP LOCKED",
            session.tenant,
            row["id"],
            row["version"],
        )
    )


async def _offer(
    session: WriteSession, row: Mapping[str, Any], room: Room, slot: Slot, catalogue: Catalogue, *, now: datetime
) -> bool:
    until, rooms, things = open_until(slot, now), rooms_of(row, room, catalogue), things_of(row, catalogue)
    around = borrowing.kept(rooms, slot)
    if not await _there(session, things, around, now=now):
        return False
    # Whoever takes several claims locks their rooms; here without waiting, since what is given back is waited for.
    if len(claims.leaves(rooms)) > 1 and not await claims.try_lock_rooms(session, rooms):
        return False
    if not await claims.take_for_offer(session, rooms=rooms, slot=slot, waiting_id=row["id"], until=until):
        if not await clear_expired(session, rooms=rooms, slot=slot, now=now, waiting=False):
            return False
        if not await claims.take_for_offer(session, rooms=rooms, slot=slot, waiting_id=row["id"], until=until):
            return False
    await borrowing.hold(session, things, around, waiting_id=row["id"], until=until)
    # The message is as urgent as an event: wake whoever sends it.
    session.happened = True
    await session.run(
        _OFFER,
        session.tenant,
        row["id"],
        room.id,
        until,
        now,
        new_id(),
        Notice.OFFER.value,
        row["slack_team_id"],
        LEAST_LEFT,
    )
    return True


async def _there(session: WriteSession, things: Sequence[Borrowed], around: Slot, *, now: datetime) -> bool:
    """Lock what is to come along, without waiting for anybody, and tell whether there is enough of it."""
    if not await borrowing.try_lock(session, things):
        return False
    if not await borrowing.short_of(session, things, around):
        return True
    cleared = await clear_expired_things(session, [one.equipment for one in things], around, now=now)
    return cleared and not await borrowing.short_of(session, things, around)


async def untold(session: ReadSession, waiting_id: UUID, *, now: datetime) -> bool:
    """Tell whether somebody has not heard of their offer yet and is about to: then its time has not begun.

    What is put off for longer than an offer lasts, as in quiet hours, or cannot be told for an hour, is not waited for.
    """
    soon, made_after = now + LASTS, now - UNTOLD_AT_MOST
    return bool(await session.value(_UNTOLD, session.tenant, waiting_id, made_after, soon, now))


async def clear_expired(
    session: WriteSession, *, rooms: Sequence[Room], slot: Slot, now: datetime, waiting: bool = True
) -> bool:
    """End the offers in the way whose time is over, so that nobody waits for a job to do it; return if there were any.

    Without `waiting`, one that somebody is changing at this moment stays.
    """
    held = claims.parts(rooms, slot)
    late = await session.all(
        f"SELECT w.id {_LATE} {'' if waiting else 'SKIP LOCKED'}",
        session.tenant,
        [leaf for leaf, _ in held],
        [kept.start for _, kept in held],
        [kept.end for _, kept in held],
        now,
    )
    return await miss(session, [row["id"] for row in late], now=now)


async def clear_expired_things(session: WriteSession, things: Sequence[Equipment], around: Slot, *, now: datetime) -> bool:
    """End the offers whose time is over and that keep some of these things; return if there were any.

    One that somebody is changing at this moment stays.
    """
    ids = [one.id for one in things]
    late = await session.all(_LATE_WITH, session.tenant, ids, around.start, around.end, now)
    return await miss(session, [row["id"] for row in late], now=now)


async def miss(session: WriteSession, waiting_ids: Sequence[UUID], *, now: datetime) -> bool:
    """End offers that their people have locked out by waiting too long, and tell them; return if there were any."""
    if not waiting_ids:
        return False
    session.happened = True
    done = await session.run(
        _MISSED, session.tenant, list(waiting_ids), [new_id() for _ in waiting_ids], now, Notice.OFFER_MISSED.value
    )
    return done != "DELETE 0"
