"""The waiting list: joining the line for a room, taking or declining what is offered, and what time does to both.

The first in line is offered what frees by whoever gives it back (`offers`); `Line.advance` ends offers whose time is over
and serves whom nobody could serve then. Kept out: words of Slack, and sending.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from core import bookkeeping, borrowing, claims, errors, offers, requests, rules, store
from core.ahead import ahead
from core.catalogue import Catalogue, Catalogues, judged_anew, refuse_stale
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.ids import new_id
from core.models import Actor, Alternative, Booking, OfferKind, Room, Slot, Wish, one_line
from core.notices import Waiting
from core.offers import offer_freed
from core.saying import listed
from core.search import Search, order_of_fit, taken_sentence

__all__ = ["Line", "offer_freed"]

PAGE = 200
# Rooms times places in line that one question to the database is about.
PAIRS = 5000

_ONE = f"SELECT {offers.COLUMNS} FROM waiting w WHERE w.tenant_id = $1 AND w.id = $2"
_SAME = f"""
SELECT {offers.COLUMNS} FROM waiting w WHERE w.tenant_id = $1 AND w.person_id = $2 AND w.start_time = $3
    AND w.end_time = $4 AND w.room_id IS NOT DISTINCT FROM $5 AND w.more_room_ids = $6::uuid[]
"""
_JOIN = """
INSERT INTO waiting (tenant_id, id, person_id, start_time, end_time, room_id, more_room_ids, location_id, floor,
    attendees_count, amenities, title, private, shared, invitees, equipment_ids, equipment_counts, status, created_at,
    updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'waiting', $18, $18)
ON CONFLICT DO NOTHING RETURNING true
"""
_AMEND = """
UPDATE waiting SET location_id = $3, floor = $4, attendees_count = $5, amenities = $6, title = $7, private = $8,
    shared = $9, invitees = $10, equipment_ids = $11, equipment_counts = $12, updated_at = $13, version = version + 1
WHERE tenant_id = $1 AND id = $2 AND status = 'waiting'
    AND (location_id, floor, attendees_count, amenities, title, private, shared, invitees, equipment_ids, equipment_counts)
        IS DISTINCT FROM ($3::uuid, $4::text, $5::int, $6::text[], $7::text, $8::bool, $9::bool, $10::uuid[],
            $11::uuid[], $12::int[])
"""
# Whoever holds one of the rooms, or of the things, cannot give it back until the newcomer stands in line: then they are
# seen.
_KEEP_BOOKINGS = """
SELECT FROM bookings WHERE tenant_id = $1 AND id IN (
    SELECT c.booking_id FROM room_claims c JOIN unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[])
        AS room (id, starts, ends) ON c.room_id = room.id AND c.start_time < room.ends AND c.end_time > room.starts
    WHERE c.tenant_id = $1 AND c.booking_id IS NOT NULL
    UNION ALL SELECT booking_id FROM equipment_claims WHERE tenant_id = $1 AND booking_id IS NOT NULL
        AND equipment_id = ANY($5::uuid[]) AND start_time < $7 AND end_time > $6)
ORDER BY id FOR SHARE
"""
_KEEP_OFFERS = """
SELECT FROM waiting WHERE tenant_id = $1 AND id IN (
    SELECT c.waiting_id FROM room_claims c JOIN unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[])
        AS room (id, starts, ends) ON c.room_id = room.id AND c.start_time < room.ends AND c.end_time > room.starts
    WHERE c.tenant_id = $1 AND c.waiting_id IS NOT NULL
    UNION ALL SELECT waiting_id FROM equipment_claims WHERE tenant_id = $1 AND waiting_id IS NOT NULL
        AND equipment_id = ANY($5::uuid[]) AND start_time < $7 AND end_time > $6)
ORDER BY id FOR SHARE
"""
_LATE = """
SELECT id, offered_room_id, more_room_ids FROM waiting
WHERE tenant_id = $1 AND status = 'offered' AND offer_expires_at <= $2
ORDER BY offer_expires_at, id
"""
_OVER = """
UPDATE waiting SET status = 'over', updated_at = $2, version = version + 1 WHERE tenant_id = $1 AND id IN (
    SELECT id FROM waiting WHERE tenant_id = $1 AND status = 'waiting' AND start_time < $3 AND end_time < $4
    ORDER BY id LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED)
"""


class Line:
    """Join, leave, take, decline; and `advance`, which is safe to run at any time, late, and on several replicas."""

    def __init__(self, db: Database, catalogues: Catalogues, search: Search, clock: Clock) -> None:
        self._db = db
        self._catalogues = catalogues
        self._search = search
        self._clock = clock

    # -- reading ---------------------------------------------------------------------------------------------------

    async def get(self, waiting_id: UUID) -> Waiting:
        """Return a place in line as it stands, or raise WaitingNotFound."""
        catalogue = await self._catalogues.current()
        return await self._db.read(lambda session: _waiting(session, waiting_id, catalogue))

    async def mine(self, by: Actor) -> tuple[Waiting, ...]:
        """Return what the actor waits for or is offered and is not over yet, soonest first."""
        catalogue = await self._catalogues.current()
        now = self._clock.now()

        async def work(session: ReadSession) -> tuple[Waiting, ...]:
            rows = await session.all(
                f"SELECT {offers.COLUMNS} FROM waiting w WHERE w.tenant_id = $1 AND w.person_id = $2 AND w.end_time > $3"
                " AND w.status IN ('waiting', 'offered') ORDER BY w.start_time, w.id",
                session.tenant,
                by.person_id,
                now,
            )
            return tuple(offers.from_row(row, catalogue) for row in rows)

        return await self._db.read(work)

    async def ahead(self, places: Sequence[Waiting]) -> dict[UUID, int]:
        """Return how many stand before each of these places in line."""
        return await self._db.read(lambda session: ahead(session, [place.id for place in places]))

    # -- the person ------------------------------------------------------------------------------------------------

    @judged_anew
    async def join(self, wish: Wish, *, by: Actor, key: str | None = None) -> Waiting:
        """Stand in line for a wish and return the place; the same room and time again is the same place, amended.

        Raises a rule's error, LacksAmenities or NothingFits as booking would, and AlreadyFree where it need not wait.
        """
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        content = requests.fingerprint("join", wish=wish, by=by.person_id)
        wish = _in_order(replace(wish, title=one_line(wish.title)), catalogue)

        async def work(session: WriteSession) -> Waiting:
            seen = key and await requests.claim(session, key, content=content, event_ids=[], now=now)
            same = await _same(session, wish, by, only_open=not seen)
            if same is not None and seen:
                return await _waiting(session, same["id"], catalogue)
            await refuse_stale(session, catalogue)
            rooms = self._rooms_for(wish, catalogue, by=by, now=now)
            await bookkeeping.invited(session, wish.invitees)
            if same is not None:
                await _amend(session, same["id"], wish, now=self._clock.now())
                return await _waiting(session, same["id"], catalogue)
            await _refuse_free(session, wish, rooms, catalogue, now=now)
            return await _waiting(session, await _stand(session, wish, by=by, now=self._clock.now()), catalogue)

        return await self._db.write(work, repeatable=True)

    async def leave(self, waiting_id: UUID, *, by: Actor) -> Waiting:
        """Leave the line, giving back what is held; what is over already stays as it is."""
        return await self._step_back(waiting_id, by=by, status="left")

    async def decline(self, waiting_id: UUID, *, by: Actor) -> Waiting:
        """Turn an offer down: the next in line gets it at once."""
        return await self._step_back(waiting_id, by=by, status="declined")

    @judged_anew
    async def take(self, waiting_id: UUID, *, by: Actor, key: str | None = None) -> Booking:
        """Book what is offered and return it; twice is once. An offer that is over is booked while the room is free.

        Raises OfferGone where nothing is offered or its time is over, SlotTaken where somebody else has it now.
        """
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        content = requests.fingerprint("take", waiting=waiting_id, by=by.person_id)
        booking_id, event_id = new_id(), new_id()

        async def written(session: ReadSession, row: Mapping[str, Any]) -> Booking:
            room, wish = _offered(row, catalogue, now=now)
            invited = await bookkeeping.invited(session, wish.invitees)
            new = bookkeeping.new_booking(booking_id, wish, room, catalogue, by=by, invited=invited, now=now)
            return await _in_series(session, new, row)

        async def work(session: WriteSession) -> Booking:
            if done := await bookkeeping.answered(session, key, content, catalogue, event_ids=[event_id], now=now):
                return done[0].after
            seen = await _own(session, waiting_id, by=by, lock=False)
            if seen["status"] != "taken":
                # What others may wait for with this place in hand is asked for before it.
                await bookkeeping.ask_first(session, await written(session, seen), catalogue, by=by, now=now)
            row = await _own(session, waiting_id, by=by, lock=True)
            if row["status"] == "taken":
                booking = await store.booking(session, row["booking_id"], catalogue)
                await bookkeeping.unchanged(session, key, [booking])
                return booking
            new = await written(session, row)
            held = waiting_id if row["status"] == "offered" else None
            if held is None:
                self._check(new, catalogue, by=by, now=now)
            booked = await bookkeeping.make(session, new, catalogue, by=by, event_id=event_id, now=now, waiting_id=held)
            if booked is None:
                raise bookkeeping.TakenError(new)
            await session.run(
                "UPDATE waiting SET status = 'taken', booking_id = $3, updated_at = $4, version = version + 1"
                " WHERE tenant_id = $1 AND id = $2",
                session.tenant,
                waiting_id,
                booking_id,
                now,
            )
            return booked

        try:
            return await self._db.write(work, repeatable=key is not None)
        except bookkeeping.TakenError as taken:
            refusal = await self._taken(taken.wanted, catalogue, by=by, now=now)
        raise refusal

    async def delivered(self, waiting_id: UUID, version: int, at: datetime) -> None:
        """Let the time of an offer begin when its message was sent, so that nobody loses it to a slow delivery."""

        async def work(session: WriteSession) -> None:
            row = await session.one(f"{_ONE} FOR NO KEY UPDATE", session.tenant, waiting_id)
            if row is None or row["status"] != "offered" or row["version"] != version or row["end_time"] <= at:
                return
            until = offers.open_until(Slot(start=row["start_time"], end=row["end_time"]), at)
            if until > row["offer_expires_at"]:
                await _extend(session, waiting_id, until)

        await self._db.write(work, repeatable=True)

    # -- time ------------------------------------------------------------------------------------------------------

    async def advance(self, now: datetime) -> int:
        """End offers and waits whose time is over, offer what is free to those next in line; return how many changes."""
        catalogue = await self._catalogues.current()
        return await self._end_late(now, catalogue) + await self._end_over(now) + await self._serve(now, catalogue)

    async def _end_late(self, now: datetime, catalogue: Catalogue) -> int:
        """End each offer whose time is over in a transaction of its own, and offer the room to the next.

        One that could not be told yet goes on: passing it along would tell nobody either.
        """
        rows = await self._db.read(lambda session: session.all(_LATE, session.tenant, now))
        ended = 0
        for row in rows:

            async def work(session: WriteSession, late: Mapping[str, Any] = row) -> int:
                # The line first: see `offers`.
                lines = await offers.hold_lines_of(session, _held_rooms(late, catalogue), catalogue)
                current = await session.one(
                    f"{_ONE} AND w.status = 'offered' AND w.offer_expires_at <= $3 FOR NO KEY UPDATE SKIP LOCKED",
                    session.tenant,
                    late["id"],
                    now,
                )
                if current is None:
                    return 0
                if await offers.untold(session, late["id"], now=now):
                    slot = Slot(start=current["start_time"], end=current["end_time"])
                    await _extend(session, late["id"], offers.open_until(slot, now))
                    return 0
                await offers.miss(session, [late["id"]], now=now)
                await _pass_on(session, current, lines, catalogue, now=now)
                return 1

            ended += await self._db.write(work, repeatable=True)
        return ended

    async def _end_over(self, now: datetime) -> int:
        async def work(session: WriteSession) -> int:
            done = await session.run(
                _OVER, session.tenant, now, now.replace(second=0, microsecond=0), now + offers.LEAST_LEFT
            )
            return int(done.removeprefix("UPDATE "))

        return await self._db.write(work, repeatable=True)

    async def _serve(self, now: datetime, catalogue: Catalogue) -> int:
        """Offer rooms that are free to those whom nobody offered them: asleep then, or only just in line."""
        served: set[UUID] = set()
        known: dict[UUID, Mapping[str, Any]] = {}
        after: tuple[datetime, UUID] = (datetime.fromtimestamp(0, tz=now.tzinfo), UUID(int=0))
        while rows := await self._db.read(partial(_page, after=after)):
            known = {row["id"]: row for row in rows}
            for waiting_id, choices in (await self._free_for(rows, catalogue, now=now)).items():
                for room, slot in choices:
                    if waiting_id in served:
                        break
                    served |= set(await self._offer(known[waiting_id], room, slot, catalogue, now=now))
            after = (rows[-1]["start_time"], rows[-1]["id"])
            if len(rows) < PAGE:
                break
        return len(served)

    async def _free_for(
        self, rows: Sequence[Mapping[str, Any]], catalogue: Catalogue, *, now: datetime
    ) -> dict[UUID, list[tuple[Room, Slot]]]:
        """Return what is free for those in line who may be asked now, by place in line, best room first."""
        pairs = [
            (row["id"], room, slot)
            for row in rows
            if offers.can_be_asked(row, now)
            for room in _rooms_of(row, catalogue)
            if (slot := offers.wanted_slot(row, room, catalogue, now=now)) is not None
        ]
        known = {row["id"]: row for row in rows}
        found: dict[UUID, list[tuple[Room, Slot]]] = {}
        for first in range(0, len(pairs), PAIRS):
            some = pairs[first : first + PAIRS]
            spans = [(room, claims.span(room, slot)) for _, room, slot in some]
            free = await self._db.read(partial(claims.free, wanted=spans, now=now))
            for number in sorted(free):
                waiting_id, room, slot = some[number]
                if await self._rest_free(known[waiting_id], room, slot, catalogue, now=now):
                    found.setdefault(waiting_id, []).append((room, slot))
        return found

    async def _rest_free(
        self, row: Mapping[str, Any], room: Room, slot: Slot, catalogue: Catalogue, *, now: datetime
    ) -> bool:
        """Tell whether what somebody waits for beside a room that is free is there, as it looks at this moment."""
        rooms, things = offers.rooms_of(row, room, catalogue), offers.things_of(row, catalogue)
        if not things and len(rooms) == 1:
            return True
        around = borrowing.kept(rooms, slot)

        async def work(session: ReadSession) -> bool:
            if await claims.busy_rooms(session, rooms, slot, now=now):
                return False
            return not await borrowing.short_of(session, things, around)

        return await self._db.read(work)

    async def _offer(
        self, row: Mapping[str, Any], room: Room, slot: Slot, catalogue: Catalogue, *, now: datetime
    ) -> tuple[UUID, ...]:
        rooms = offers.rooms_of(row, room, catalogue)

        async def work(session: WriteSession) -> tuple[UUID, ...]:
            await borrowing.lock_things(session, [one.equipment for one in offers.things_of(row, catalogue)])
            if len(claims.leaves(rooms)) > 1:
                await claims.lock_rooms(session, rooms)
            await offers.hold_lines_of(session, rooms, catalogue)
            return await offers.offer(session, catalogue, room, slot, now=now)

        return await self._db.write(work, repeatable=True)

    # -- parts -----------------------------------------------------------------------------------------------------

    def _rooms_for(self, wish: Wish, catalogue: Catalogue, *, by: Actor, now: datetime) -> Sequence[Room]:
        """Return the rooms that would do, or raise why none ever will."""
        rules.check(rules.of_wish(wish.slot, attendees_count=wish.attendees_count, title=wish.title))
        if wish.more_room_ids:
            rooms = _named(wish, catalogue)
            self._check_together(rooms, wish.slot, wish.attendees_count, catalogue, by=by, now=now)
        else:
            rooms = self._search.bookable(catalogue, wish, by=by, now=now)
        # Where things come along that no room has, or more of them than there are, nobody's leaving would help.
        bookkeeping.borrowed(wish.equipment, rooms[0], catalogue)
        there = {name for room in rooms for name in room.amenities} if wish.more_room_ids else rooms[0].amenities
        if wish.room_id is not None and (lacking := sorted(wish.amenities - there)):
            raise errors.LacksAmenities(f"{rooms[0].name} has no {listed(lacking, last='or')}.", slot=wish.slot)
        return rooms

    def _check(self, new: Booking, catalogue: Catalogue, *, by: Actor, now: datetime) -> None:
        """Raise the rules that stand against booking what is no longer held."""
        if new.more_rooms:
            self._check_together(new.rooms, new.slot, new.attendees_count, catalogue, by=by, now=now)
            return
        wish = Wish(slot=new.slot, attendees_count=new.attendees_count, room_id=new.room.id, title=new.title)
        self._search.bookable(catalogue, wish, by=by, now=now)

    def _check_together(
        self, rooms: Sequence[Room], slot: Slot, count: int, catalogue: Catalogue, *, by: Actor, now: datetime
    ) -> None:
        found = rules.of_start(slot, location=catalogue.place_of(rooms[0]), now=now)
        rules.check(found + rules.of_rooms(slot, rooms, catalogue=catalogue, attendees_count=count, actor=by, now=now))

    async def _step_back(self, waiting_id: UUID, *, by: Actor, status: str) -> Waiting:
        catalogue = await self._catalogues.current()
        now = self._clock.now()

        async def work(session: WriteSession) -> Waiting:
            seen, lines = await _own(session, waiting_id, by=by, lock=False), set[UUID]()
            if seen["status"] == "offered":
                lines = await offers.hold_lines_of(session, _held_rooms(seen, catalogue), catalogue)
            row = await _own(session, waiting_id, by=by, lock=True)
            if row["status"] in {"waiting", "offered"}:
                await session.run(
                    "UPDATE waiting SET status = $3, updated_at = $4, version = version + 1"
                    " WHERE tenant_id = $1 AND id = $2",
                    session.tenant,
                    waiting_id,
                    status,
                    now,
                )
            if row["status"] == "offered":
                await claims.give_back_offer(session, waiting_id)
                await borrowing.give_back_offer(session, waiting_id)
                await _pass_on(session, row, lines, catalogue, now=now)
            return await _waiting(session, waiting_id, catalogue)

        return await self._db.write(work, repeatable=True)

    async def _taken(self, wanted: Booking, catalogue: Catalogue, *, by: Actor, now: datetime) -> errors.SlotTaken:
        for room in wanted.rooms:
            if rivals := await self._search.rivals(room, wanted.slot, by=by):
                break
        else:
            room = wanted.room
        wish = Wish(
            slot=wanted.slot,
            attendees_count=wanted.attendees_count,
            room_id=wanted.room.id,
            more_room_ids=tuple(one.id for one in wanted.more_rooms),
            equipment=tuple((one.equipment.id, one.quantity) for one in wanted.equipment),
        )
        instead = await self._search.alternatives(wish, by=by)
        sentence = taken_sentence(room, rivals, wanted.slot, catalogue=catalogue, now=now)
        return errors.SlotTaken(sentence, room=room, slot=wanted.slot, rivals=rivals, alternatives=instead)


async def _waiting(session: ReadSession, waiting_id: UUID, catalogue: Catalogue) -> Waiting:
    row = await session.one(_ONE, session.tenant, waiting_id)
    if row is None:
        raise _not_found()
    return offers.from_row(row, catalogue)


def _not_found() -> errors.WaitingNotFound:
    return errors.WaitingNotFound("You are not on the waiting list for that any more.")


async def _own(session: WriteSession, waiting_id: UUID, *, by: Actor, lock: bool) -> Mapping[str, Any]:
    """Return a place in line that is the actor's."""
    row: Mapping[str, Any] | None = await session.one(
        f"{_ONE} {'FOR NO KEY UPDATE' if lock else ''}", session.tenant, waiting_id
    )
    if row is None:
        raise _not_found()
    if row["person_id"] != by.person_id:
        raise errors.NotAllowed("This place in line is somebody else's.")
    return row


async def _same(session: ReadSession, wish: Wish, by: Actor, *, only_open: bool) -> Mapping[str, Any] | None:
    """Return the actor's latest place in line for this room and time, if there is one."""
    among = "AND w.status IN ('waiting', 'offered')" if only_open else ""
    return await session.one(
        f"{_SAME} {among} ORDER BY w.created_at DESC, w.id DESC LIMIT 1",
        session.tenant,
        by.person_id,
        wish.slot.start,
        wish.slot.end,
        wish.room_id,
        list(wish.more_room_ids),
    )


def _in_order(wish: Wish, catalogue: Catalogue) -> Wish:
    """Return a wish as it stands in line: the rooms beside the first by id, what comes along each once.

    Raises NotTogether where its rooms are at two places, and what is wrong with what is to come along.
    """
    if wish.more_room_ids and wish.room_id is None:
        wish = replace(wish, room_id=wish.more_room_ids[0], more_room_ids=wish.more_room_ids[1:])
    if wish.room_id is not None:
        more = bookkeeping.others(catalogue.room(wish.room_id), wish.more_room_ids, catalogue)
        wish = replace(wish, more_room_ids=tuple(sorted(room.id for room in more)))
    elif wish.equipment and wish.location_id is None:
        # What is movable stays at its place.
        wish = replace(wish, location_id=catalogue.thing(wish.equipment[0][0]).location_id)
    counts: dict[UUID, int] = {}
    for equipment_id, quantity in wish.equipment:
        counts[equipment_id] = counts.get(equipment_id, 0) + quantity
    return replace(wish, equipment=tuple(sorted((one, count) for one, count in counts.items() if count > 0)))


def _named(wish: Wish, catalogue: Catalogue) -> Sequence[Room]:
    return [catalogue.room(room_id) for room_id in (wish.room_id, *wish.more_room_ids) if room_id is not None]


def _details(wish: Wish) -> tuple[object, ...]:
    return (
        wish.location_id,
        wish.floor,
        wish.attendees_count,
        sorted(wish.amenities),
        wish.title,
        wish.private,
        wish.shared,
        list(wish.invitees),
        [equipment_id for equipment_id, _ in wish.equipment],
        [count for _, count in wish.equipment],
    )


async def _amend(session: WriteSession, waiting_id: UUID, wish: Wish, *, now: datetime) -> None:
    await session.run(_AMEND, session.tenant, waiting_id, *_details(wish), now)


async def _refuse_free(
    session: WriteSession, wish: Wish, rooms: Sequence[Room], catalogue: Catalogue, *, now: datetime
) -> None:
    """Raise AlreadyFree when one of the rooms is, or all that are wanted together, with what is to come along.

    Otherwise nobody gives one back until this transaction ends.
    """
    spans = [(room, claims.span(room, wish.slot)) for room in rooms]
    parts = claims.Parts(spans)
    things, around = bookkeeping.borrowed(wish.equipment, rooms[0], catalogue), borrowing.kept(rooms, wish.slot)
    ids = [one.equipment.id for one in things]
    values = (parts.rooms, parts.starts, parts.ends, ids, around.start, around.end)
    await session.run(_KEEP_BOOKINGS, session.tenant, *values)
    await session.run(_KEEP_OFFERS, session.tenant, *values)
    free = await claims.free(session, spans, now=now)
    if not free or (wish.more_room_ids and len(free) < len(rooms)):
        return
    room, more = rooms[min(free)], tuple(rooms[1:]) if wish.more_room_ids else ()
    if await borrowing.short_of(session, things, borrowing.kept((room, *more), wish.slot)):
        return
    place = catalogue.place_of(room)
    offer = Alternative(kind=OfferKind.OTHER_ROOM, room=room, location=place, slot=wish.slot, more_rooms=more)
    named = [*(one.name for one in (room, *more)), *(borrowing.lent(one.equipment.name, one.quantity) for one in things)]
    verb, it = ("is", "it") if len(named) == 1 else ("are", "them")
    raise errors.AlreadyFree(f"{listed(named)} {verb} free at that time now: book {it}.", alternative=offer)


async def _stand(session: WriteSession, wish: Wish, *, by: Actor, now: datetime) -> UUID:
    """Write the place in line; whoever wrote the same at this moment has written it for both."""
    slot, waiting_id = wish.slot, new_id()
    rooms = (wish.room_id, list(wish.more_room_ids))
    values = (session.tenant, waiting_id, by.person_id, slot.start, slot.end, *rooms, *_details(wish), now)
    if await session.value(_JOIN, *values):
        return waiting_id
    same = await _same(session, wish, by, only_open=False)
    assert same is not None
    found: UUID = same["id"]
    return found


async def _extend(session: WriteSession, waiting_id: UUID, until: datetime) -> None:
    await session.run(
        "UPDATE waiting SET offer_expires_at = $3 WHERE tenant_id = $1 AND id = $2", session.tenant, waiting_id, until
    )
    await claims.extend_offer(session, waiting_id, until=until)
    await borrowing.extend_offer(session, waiting_id, until=until)


async def _pass_on(
    session: WriteSession, row: Mapping[str, Any], lines: set[UUID], catalogue: Catalogue, *, now: datetime
) -> None:
    """Offer to the next in line what somebody has not taken; the lines of the room and its parts are held."""
    slot = Slot(start=row["start_time"], end=row["end_time"])
    freed = [(room, slot) for room in _held_rooms(row, catalogue)]
    await offers.offer_freed(session, catalogue, rooms_and_slots=freed, lines=lines, now=now)


def _held_rooms(row: Mapping[str, Any], catalogue: Catalogue) -> tuple[Room, ...]:
    """Return the rooms that are held for somebody."""
    return offers.rooms_of(row, catalogue.room(row["offered_room_id"]), catalogue)


async def _in_series(session: ReadSession, new: Booking, row: Mapping[str, Any]) -> Booking:
    """Return a booking as one of the series for which somebody waited, unless that has got one for the date since."""
    if row["series_id"] is None:
        return new
    there = await session.value(
        "SELECT EXISTS (SELECT FROM bookings WHERE tenant_id = $1 AND series_id = $2 AND series_on = $3"
        " AND status IN ('pending', 'confirmed', 'checked_in'))",
        session.tenant,
        row["series_id"],
        row["series_on"],
    )
    return new if there else replace(new, series_id=row["series_id"], series_on=row["series_on"])


async def _page(session: ReadSession, *, after: tuple[datetime, UUID]) -> list[Any]:
    return await session.all(
        f"{offers.IN_LINE} AND (w.start_time, w.id) > ($2, $3) ORDER BY w.start_time, w.id LIMIT $4",
        session.tenant,
        *after,
        PAGE,
    )


def _rooms_of(row: Mapping[str, Any], catalogue: Catalogue) -> list[Room]:
    """Return the rooms to look at for a place in line, best first."""
    slot = Slot(start=row["start_time"], end=row["end_time"])
    if row["room_id"] is not None:
        return [catalogue.room(row["room_id"])]
    wish = Wish(slot=slot, attendees_count=row["attendees_count"], amenities=frozenset(row["amenities"]))
    return sorted(catalogue.rooms_at(row["location_id"]), key=lambda room: order_of_fit(room, wish))


def _offered(row: Mapping[str, Any], catalogue: Catalogue, *, now: datetime) -> tuple[Room, Wish]:
    """Return the room that was offered and the wish as it is to be booked, from now on where it has begun."""
    if row["offered_room_id"] is None or row["status"] not in {"offered", "missed", "declined"}:
        raise errors.OfferGone("No room is held for you at the moment.")
    slot = Slot(start=row["start_time"], end=row["end_time"])
    if slot.end <= now:
        raise errors.OfferGone("That time is over.")
    room = catalogue.room(row["offered_room_id"])
    wish = Wish(
        slot=offers.what_is_left(slot, now),
        attendees_count=row["attendees_count"],
        title=row["title"],
        private=row["private"],
        invitees=tuple(row["invitees"]),
        shared=row["shared"],
        more_room_ids=tuple(row["more_room_ids"]),
        equipment=tuple(zip(row["equipment_ids"], row["equipment_counts"], strict=True)),
    )
    return room, wish
