"""Where bookings go whose room closes: worked out together, held, proposed to each booker, and settled in time.

A booking is affected when its room is out of use, or a closure covers it that does not let its booker pass. Each gets a
proposal: another room that is held for it, or word that there is none. What nobody answers is settled by itself: the
room held is taken, or, where there is none by then, the booking is cancelled; either is told. `advance` finds whatever
slipped in, so that nothing depends on who closed what, and how. Kept out: closing (`places`, `closures`), the plan's
arithmetic (`rerooming_plan`), words of Slack.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core import approving, bookkeeping, borrowing, claims, errors, events, people, rights, rules, store
from core.catalogue import Catalogue, Catalogues, StaleCatalogueError, judged_anew, judged_by
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.errors import BookingError
from core.ids import new_id
from core.models import Actor, Booking, Changed, Right, Room, Slot, Status
from core.notices import Notice
from core.rerooming_plan import Choice, Meeting, assigned

# Bookings of one round; the next round takes more.
BATCH = 200
PATIENCE = timedelta(days=2)
BEFORE_START = timedelta(hours=2)

# What was no objection when it was booked, or is none to a booking that is there already.
_NO_OBJECTION = (errors.TooShort, errors.TooLong, errors.TooFarAhead, errors.BookingCutoff, errors.TooShortNotice)

_CLOSURES = """
SELECT id, location_id, room_id, start_time, end_time, reason, allowed_people, allowed_groups, created_at FROM closures
WHERE tenant_id = $1 AND lifted_at IS NULL AND end_time > $2 ORDER BY start_time, id
"""
_STANDING = """
SELECT b.id FROM bookings b
WHERE b.tenant_id = $1 AND b.start_time > $3 AND b.start_time < $5 AND b.end_time > $4
    AND b.status IN ('pending', 'confirmed', 'checked_in')
    AND (b.room_id = ANY($2::uuid[]) OR b.id IN (
        SELECT m.booking_id FROM booking_rooms m WHERE m.tenant_id = $1 AND m.room_id = ANY($2::uuid[])))
    AND NOT EXISTS (SELECT FROM proposals p WHERE p.tenant_id = b.tenant_id AND p.booking_id = b.id AND p.status = 'open')
ORDER BY b.start_time, b.id
"""
# Whoever is changing one at this moment is not waited for: the next round sees what became of it.
_LOCK = """
SELECT id FROM bookings WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
_COLUMNS = """
p.id, p.booking_id, p.booking_version, p.closure_id, p.offered_room_id, p.status, p.answer_by, p.created_at, p.version,
c.reason, c.start_time AS closed_from, c.end_time AS closed_until, c.lifted_at, c.location_id AS closed_place,
c.room_id AS closed_room, (SELECT (e.after->>'room_id')::uuid FROM events e WHERE e.tenant_id = p.tenant_id
    AND e.booking_id = p.booking_id AND e.booking_version = p.booking_version) AS stood_in
"""
_FROM = "FROM proposals p LEFT JOIN closures c ON c.tenant_id = p.tenant_id AND c.id = p.closure_id"
_NEW = """
INSERT INTO proposals (tenant_id, id, booking_id, booking_version, closure_id, offered_room_id, status, answer_by,
    created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $8)
ON CONFLICT DO NOTHING RETURNING true
"""
_END = """
UPDATE proposals SET status = $3, updated_at = $4, version = version + 1 WHERE tenant_id = $1 AND id = $2
RETURNING version
"""
_TELL = """
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, person_id, booking_id, about, due_at, until)
SELECT $1, $2, $3, $4, p.slack_team_id, p.id, $6, $7, $8, $9 FROM people p
WHERE p.tenant_id = $1 AND p.id = $5 AND p.erased_at IS NULL
ON CONFLICT (tenant_id, key) DO NOTHING
"""
_OPEN_OF = """
SELECT p.id FROM proposals p JOIN bookings b ON b.tenant_id = p.tenant_id AND b.id = p.booking_id
WHERE p.tenant_id = $1 AND p.status = 'open' AND b.booked_by = $2
"""
_PROGRESS = """
SELECT p.closure_id, c.reason, c.location_id, c.room_id, c.start_time, c.end_time, p.status,
    p.offered_room_id IS NOT NULL AS held, count(*) AS bookings
FROM proposals p LEFT JOIN closures c ON c.tenant_id = p.tenant_id AND c.id = p.closure_id
WHERE p.tenant_id = $1 AND p.status <> 'overtaken' AND (p.status = 'open' OR p.updated_at > $2)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""

# What must hold of proposals in any database; `checks` looks at them with the others.
INVARIANTS = {
    "a proposal has not exactly the claims of the room that it holds": """
        SELECT p.id AS proposal_id, p.status, p.offered_room_id, count(c.id) AS claims FROM proposals p
        LEFT JOIN room_claims c ON c.tenant_id = p.tenant_id AND c.proposal_id = p.id
        WHERE p.tenant_id = $1 GROUP BY p.tenant_id, p.id, p.status, p.offered_room_id
        HAVING count(c.id) <> CASE WHEN p.status = 'open' AND p.offered_room_id IS NOT NULL THEN greatest(1, (
                SELECT count(*) FROM room_parts r WHERE r.tenant_id = p.tenant_id AND r.whole_id = p.offered_room_id))
            ELSE 0 END
    """,
    "a booker was not told that their room closes": """
        SELECT p.id AS proposal_id, p.booking_id FROM proposals p
        JOIN bookings b ON b.tenant_id = p.tenant_id AND b.id = p.booking_id
        JOIN people w ON w.tenant_id = b.tenant_id AND w.id = b.booked_by AND w.erased_at IS NULL
        WHERE p.tenant_id = $1 AND p.status = 'open' AND NOT EXISTS (
            SELECT FROM deliveries d WHERE d.tenant_id = p.tenant_id AND d.kind = 'proposal'
                AND d.about->'proposals' ? p.id::text)
    """,
    # Whoever takes it out of use proposes at once; for what slips in, the job has some minutes.
    "a room out of use is booked ahead, and nothing was proposed": """
        SELECT b.id AS booking_id, b.room_id, b.start_time FROM bookings b
        JOIN rooms r ON r.tenant_id = b.tenant_id AND r.id = b.room_id
        JOIN locations l ON l.tenant_id = r.tenant_id AND l.id = r.location_id
        WHERE b.tenant_id = $1 AND NOT (r.active AND l.active) AND b.start_time > now()
            AND b.status IN ('pending', 'confirmed', 'checked_in')
            AND greatest(r.updated_at, l.updated_at) < now() - interval '5 min'
            AND NOT EXISTS (SELECT FROM proposals p WHERE p.tenant_id = b.tenant_id AND p.booking_id = b.id
                AND p.status = 'open')
    """,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Closing:
    """What is to be closed: rooms by id, from then until then; without times they go out of use."""

    room_ids: frozenset[UUID]
    slot: Slot | None = None
    allowed_people: frozenset[UUID] = frozenset()
    allowed_groups: frozenset[UUID] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What closing would lead to: bookings with the room that each would get, and those for which there is none."""

    placed: tuple[tuple[Booking, Room], ...]
    unplaced: tuple[Booking, ...]

    @property
    def bookings(self) -> int:
        """How many bookings are affected."""
        return len(self.placed) + len(self.unplaced)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What is proposed for a booking. `room` is held for it, None where there is none.

    `status` is "open", "accepted", "declined", "moved" (elsewhere, by somebody), "cancelled" or "overtaken". A closure
    tells its `reason` and time; without one, the room is out of use. What was overtaken has `reopened` where the booking
    can stay; otherwise another proposal has taken its place. `closed_room` is the one of the booking's rooms that a closure
    names, None where it names a place, or the whole or a part of it.
    """

    id: UUID
    booking: Booking
    room: Room | None
    status: str
    answer_by: datetime
    closure_id: UUID | None
    reason: str | None
    closed: Slot | None
    reopened: bool
    version: int
    closed_room: Room | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far the answers are, for a closure or (without an id) for rooms out of use; numbers of bookings."""

    closure_id: UUID | None
    reason: str | None
    location_id: UUID | None
    room_id: UUID | None
    slot: Slot | None
    waiting: int = 0
    nothing_free: int = 0
    taken: int = 0
    elsewhere: int = 0
    cancelled: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Closure:
    """A closure as the database has it, or one that is only thought of (`id` None)."""

    id: UUID | None
    rooms: frozenset[UUID]
    slot: Slot | None
    people: frozenset[UUID] = frozenset()
    groups: frozenset[UUID] = frozenset()
    made_at: datetime | None = None

    def covers(self, room: Room, slot: Slot) -> bool:
        return room.id in self.rooms and (self.slot is None or self.slot.overlaps(slot))

    def lets_pass(self, actor: Actor) -> bool:
        return actor.person_id in self.people or not self.groups.isdisjoint(actor.groups)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Affected:
    booking: Booking
    actor: Actor
    closure: _Closure


class Rerooming:
    """Previews, proposes, answers and settles; `advance` is safe at any time, late, and on several replicas."""

    def __init__(self, db: Database, catalogues: Catalogues, clock: Clock) -> None:
        self._db = db
        self._catalogues = catalogues
        self._clock = clock

    # -- reading ---------------------------------------------------------------------------------------------------

    async def preview(self, closing: Closing) -> Plan:
        """Return what would become of the bookings ahead if that were closed; holds nothing."""
        catalogue, now = await self._catalogues.current(), self._clock.now()
        thought = _Closure(
            id=None,
            # A part that goes out of use is not booked by itself any more; the hall goes on, and so the other way round.
            rooms=_with_wholes(closing.room_ids, catalogue) if closing.slot else closing.room_ids,
            slot=closing.slot,
            people=closing.allowed_people,
            groups=closing.allowed_groups,
            made_at=now,
        )

        async def work(session: ReadSession) -> Plan:
            known = await _closures(session, catalogue, now=now)
            found = await _affected(session, [thought], catalogue, now=now)
            planned = await _planned(session, found, [*known, thought], catalogue, now=now)
            placed = [(one.booking, planned[one.booking.id]) for one in found if one.booking.id in planned]
            return Plan(placed=tuple(placed), unplaced=tuple(one.booking for one in found if one.booking.id not in planned))

        return await self._db.read(work)

    async def get(self, proposal_ids: Sequence[UUID]) -> tuple[Proposal, ...]:
        """Return those of the proposals that exist, soonest booking first."""
        catalogue = await self._catalogues.current()

        async def work(session: ReadSession) -> tuple[Proposal, ...]:
            rows = await session.all(
                f"SELECT {_COLUMNS} {_FROM} WHERE p.tenant_id = $1 AND p.id = ANY($2::uuid[])",
                session.tenant,
                list(proposal_ids),
            )
            bookings = await store.bookings(session, [row["booking_id"] for row in rows], catalogue)
            found = [_proposal(row, bookings[row["booking_id"]], catalogue) for row in rows]
            return tuple(sorted(found, key=lambda one: (one.booking.start, one.id)))

        return await self._db.read(work)

    async def open_of(self, person_id: UUID) -> tuple[Proposal, ...]:
        """Return what somebody has not answered yet, soonest booking first."""
        rows = await self._db.read(lambda session: session.all(_OPEN_OF, session.tenant, person_id))
        return await self.get([row["id"] for row in rows])

    async def progress(self) -> tuple[Progress, ...]:
        """Return how far the answers are, of everything under way or settled within a month."""
        since = self._clock.now() - timedelta(days=30)
        rows = await self._db.read(lambda session: session.all(_PROGRESS, session.tenant, since))
        found: dict[UUID | None, Progress] = {}
        for row in rows:
            slot = Slot(start=row["start_time"], end=row["end_time"]) if row["start_time"] else None
            one = found.get(row["closure_id"]) or Progress(
                closure_id=row["closure_id"],
                reason=row["reason"],
                location_id=row["location_id"],
                room_id=row["room_id"],
                slot=slot,
            )
            name = {"open": "waiting" if row["held"] else "nothing_free", "accepted": "taken", "moved": "elsewhere"}.get(
                row["status"], "cancelled"
            )
            found[row["closure_id"]] = replace(one, **{name: getattr(one, name) + row["bookings"]})
        return tuple(found.values())

    # -- the booker ------------------------------------------------------------------------------------------------

    @judged_anew
    async def accept(self, proposal_id: UUID, *, by: Actor, key: str | None = None) -> Changed:
        """Move the booking into the room that is held for it; twice is once.

        Raises ProposalNotFound, OfferGone where the proposal no longer stands, NotAllowed, or NotActive.
        """
        catalogue, now = await self._catalogues.current(), self._clock.now()

        async def work(session: WriteSession) -> Changed:
            row = await _locked(session, proposal_id)
            booking = await store.booking(session, row["booking_id"], catalogue)
            bookkeeping.allow(booking, by, catalogue)
            if row["status"] == "accepted" and booking.holds_room and booking.room.id == row["offered_room_id"]:
                return Changed(before=booking, after=booking)
            return await self._take(session, row, booking, catalogue, by=by, now=now)

        del key  # the proposal's own state makes it safe to repeat
        return await self._db.write(judged_by(catalogue, work), repeatable=True)

    # -- time ------------------------------------------------------------------------------------------------------

    @judged_anew
    async def advance(self, now: datetime) -> int:
        """Give back what no longer holds, propose to whoever has none yet, settle what is due; return how many changes.

        A room that went out of use elsewhere a moment ago is not said to stay open: each step is judged by what holds.
        """
        catalogue = await self._catalogues.current()
        done = await self._give_back(catalogue, now=now)
        while True:
            made = await self._propose(catalogue, now=now)
            done += made
            if made < BATCH:
                break
        return done + await self._settle(catalogue, now=now)

    async def _propose(self, catalogue: Catalogue, *, now: datetime) -> int:
        async def work(session: WriteSession) -> int:
            closures = await _closures(session, catalogue, now=now)
            found = await _affected(session, closures, catalogue, now=now)
            if not found:
                return 0
            await session.run("SELECT pg_advisory_xact_lock(hashtextextended('rerooming ' || $1, 0))", str(session.tenant))
            # Who waited for the lock sees what the other has proposed.
            free_to_change = await session.all(_LOCK, session.tenant, sorted(one.booking.id for one in found))
            mine = {row["id"] for row in free_to_change}
            found = await _affected(session, closures, catalogue, now=now)
            found = [one for one in found if one.booking.id in mine][:BATCH]
            held = await _hold(session, found, closures, catalogue, now=now)
            await _tell(session, held, now=now)
            return len(held)

        return await self._db.write(judged_by(catalogue, work), repeatable=True)

    async def _give_back(self, catalogue: Catalogue, *, now: datetime) -> int:
        """End proposals whose booking is gone or elsewhere, or whose closure is lifted."""
        rows = await self._db.read(
            lambda session: session.all(
                f"SELECT {_COLUMNS} {_FROM} WHERE p.tenant_id = $1 AND p.status = 'open'", session.tenant
            )
        )
        if not rows:
            return 0
        bookings = await self._db.read(
            lambda session: store.bookings(session, [row["booking_id"] for row in rows], catalogue)
        )
        bookers = await self._db.read(lambda session: _actors(session, {one.booker.person_id for one in bookings.values()}))
        ended = 0
        for row in rows:
            booking = bookings[row["booking_id"]]
            if _outcome(row, booking, catalogue, booker=bookers[booking.booker.person_id]) is None:
                continue

            async def work(session: WriteSession, proposal_id: UUID = row["id"]) -> int:
                current = await _locked(session, proposal_id)
                booking = await store.booking(session, current["booking_id"], catalogue)
                booker = (await _actors(session, [booking.booker.person_id]))[booking.booker.person_id]
                outcome = _outcome(current, booking, catalogue, booker=booker)
                if current["status"] != "open" or outcome is None:
                    return 0
                version = await _end(session, current["id"], outcome, now=now)
                if outcome == "overtaken" and _reopened(current, booking, catalogue):
                    await _tell_one(session, current["id"], version, booking, now=now)
                return 1

            ended += await self._db.write(judged_by(catalogue, work), repeatable=True)
        return ended

    async def _settle(self, catalogue: Catalogue, *, now: datetime) -> int:
        """Take what was held and not answered in time; where nothing is held, look once more, and cancel."""
        rows = await self._db.read(
            lambda session: session.all(
                f"SELECT {_COLUMNS} {_FROM} WHERE p.tenant_id = $1 AND p.status = 'open' AND p.answer_by <= $2"
                " ORDER BY p.answer_by, p.id LIMIT 500",
                session.tenant,
                now,
            )
        )
        settled = 0
        for row in rows:

            async def work(session: WriteSession, proposal_id: UUID = row["id"]) -> int:
                current = await _locked(session, proposal_id)
                booking = await store.booking(session, current["booking_id"], catalogue)
                if current["status"] != "open" or not booking.holds_room or booking.end <= now:
                    return 0
                await self._settle_one(session, current, booking, catalogue, now=now)
                return 1

            try:
                settled += await self._db.write(judged_by(catalogue, work), repeatable=True)
            except (errors.Busy, errors.Unavailable):
                raise
            except (BookingError, bookkeeping.TakenError) as error:
                if await self._catalogues.overtaken(catalogue):
                    raise StaleCatalogueError(catalogue) from error
                # What was held no longer does, as when more people come: the next round proposes anew.
                settled += await self._drop(row["id"], now=now)
        return settled

    async def _settle_one(
        self, session: WriteSession, row: Mapping[str, Any], booking: Booking, catalogue: Catalogue, *, now: datetime
    ) -> None:
        by = bookkeeping.clock(booking)
        if row["offered_room_id"] is None:
            closures = await _closures(session, catalogue, now=now)
            affected = await _as_affected(session, [booking], closures, catalogue)
            planned = await _planned(session, affected, closures, catalogue, now=now)
            if booking.id not in planned:
                await _cancel(session, row, booking, catalogue, by=by, now=now)
                return
            row = {**row, "offered_room_id": planned[booking.id].id}
            await session.run(
                "UPDATE proposals SET offered_room_id = $3 WHERE tenant_id = $1 AND id = $2",
                session.tenant,
                row["id"],
                row["offered_room_id"],
            )
        changed = await self._take(session, row, booking, catalogue, by=by, now=now)
        version = await session.value(
            "SELECT version FROM proposals WHERE tenant_id = $1 AND id = $2", session.tenant, row["id"]
        )
        await _tell_one(session, row["id"], version, changed.after, now=now)

    async def _drop(self, proposal_id: UUID, *, now: datetime) -> int:
        async def work(session: WriteSession) -> int:
            row = await _locked(session, proposal_id)
            if row["status"] != "open":
                return 0
            await _end(session, proposal_id, "overtaken", now=now)
            return 1

        return await self._db.write(work, repeatable=True)

    # -- parts -----------------------------------------------------------------------------------------------------

    async def _take(
        self,
        session: WriteSession,
        row: Mapping[str, Any],
        booking: Booking,
        catalogue: Catalogue,
        *,
        by: Actor,
        now: datetime,
    ) -> Changed:
        """Move a locked booking into the room that its locked proposal holds."""
        if not booking.holds_room:
            raise bookkeeping.not_active(booking)
        bookkeeping.refuse_past(booking, now=now)
        booker = (await _actors(session, [booking.booker.person_id]))[booking.booker.person_id]
        gone = row["status"] != "open" or row["offered_room_id"] is None
        if gone or _outcome(row, booking, catalogue, booker=booker) is not None:
            raise errors.OfferGone("That room is not held for you any more.")
        room = catalogue.room(row["offered_room_id"])
        after = bookkeeping.following(booking, now=now, room=room, location=catalogue.place_of(room))
        status, _ = approving.after_change(booking, after, catalogue=catalogue, by=booker, now=now)
        wanted = Changed(before=booking, after=replace(after, status=status))
        # Equipment before rooms, as everybody does; the booking's own claim comes where this one was before anybody looks.
        await borrowing.lock(session, wanted.after)
        await claims.lock_rooms(session, [*booking.rooms, room])
        await claims.give_back_proposals(session, [row["id"]])
        try:
            await bookkeeping.write(
                session, events.Kind.CHANGED, wanted, catalogue, event_id=new_id(), by=by, now=now, reason=_why(row)
            )
        except bookkeeping.TakenError as taken:
            raise errors.OfferGone("That room is not held for you any more.") from taken
        await _end(session, row["id"], "accepted", now=now)
        return wanted


# -- what is affected --------------------------------------------------------------------------------------------------


def _with_wholes(rooms: Iterable[UUID], catalogue: Catalogue) -> frozenset[UUID]:
    """Return the rooms, their parts, and the rooms that they are part of: whoever closes one closes what it shares."""
    closed = frozenset(rooms)
    leaves = {leaf for room in catalogue.rooms if room.id in closed for leaf in room.leaves}
    return closed | {room.id for room in catalogue.rooms if not leaves.isdisjoint(room.leaves)}


async def _closures(session: ReadSession, catalogue: Catalogue, *, now: datetime) -> list[_Closure]:
    """Return what is closed: rooms out of use as one, and every closure that is not over."""
    idle = frozenset(room.id for room in catalogue.rooms if not room.active or not catalogue.place_of(room).active)
    found = [_Closure(id=None, rooms=idle, slot=None)] if idle else []
    for row in await session.all(_CLOSURES, session.tenant, now):
        rooms = _rooms_of({"closed_room": row["room_id"], "closed_place": row["location_id"]}, catalogue)
        found.append(
            _Closure(
                id=row["id"],
                rooms=rooms,
                slot=Slot(start=row["start_time"], end=row["end_time"]),
                people=frozenset(row["allowed_people"]),
                groups=frozenset(row["allowed_groups"]),
                made_at=row["created_at"],
            )
        )
    return found


_EVER = timedelta(days=3660)


async def _affected(
    session: ReadSession, closures: Sequence[_Closure], catalogue: Catalogue, *, now: datetime
) -> list[_Affected]:
    """Return the bookings ahead, without a proposal yet, that closures stand against; each under the first that does."""
    ids: set[UUID] = set()
    for closure in closures:
        if not closure.rooms:
            continue
        slot = closure.slot or Slot(start=now, end=now + _EVER)
        rows = await session.all(_STANDING, session.tenant, list(closure.rooms), now, slot.start, slot.end)
        ids |= {row["id"] for row in rows}
    bookings = await store.bookings(session, sorted(ids), catalogue)
    found = await _as_affected(session, bookings.values(), closures, catalogue)
    return sorted(found, key=lambda one: (one.booking.start, one.booking.id))


async def _as_affected(
    session: ReadSession, bookings: Iterable[Booking], closures: Sequence[_Closure], catalogue: Catalogue
) -> list[_Affected]:
    bookings = list(bookings)
    bookers = await _actors(session, {one.booker.person_id for one in bookings})
    found = []
    for booking in bookings:
        actor = bookers[booking.booker.person_id]
        against = next((one for one in closures if _stands_against(one, booking, actor, catalogue)), None)
        if against:
            found.append(_Affected(booking=booking, actor=actor, closure=against))
    return found


def _stands_against(closure: _Closure, booking: Booking, actor: Actor, catalogue: Catalogue) -> bool:
    rooms = [room for room in booking.rooms if closure.covers(room, booking.slot)]
    if not rooms or closure.lets_pass(actor):
        return False
    # Whoever may override a closure, and booked or moved after it was made, knew what they did.
    knew = closure.id is not None and closure.made_at is not None and booking.updated_at > closure.made_at
    return not (knew and all(rights.may(actor, Right.OVERRIDE, room, catalogue) for room in rooms))


async def _actors(session: ReadSession, ids: Iterable[UUID]) -> dict[UUID, Actor]:
    rows = await session.all(
        f"SELECT {people.COLUMNS} FROM people p WHERE p.tenant_id = $1 AND p.id = ANY($2::uuid[])", session.tenant, list(ids)
    )
    return {row["id"]: people.person_from(row).acting("clock") for row in rows}


# -- where they can go -------------------------------------------------------------------------------------------------


async def _planned(
    session: ReadSession,
    found: Sequence[_Affected],
    closures: Sequence[_Closure],
    catalogue: Catalogue,
    *,
    now: datetime,
    but: frozenset[tuple[UUID, UUID]] = frozenset(),
) -> dict[UUID, Room]:
    """Return the room that each booking gets; `but` are pairs of booking and room that do not go."""
    pairs = [
        (one.booking, room, cost)
        for one in found
        for room, cost in _suiting(one, closures, catalogue, now=now)
        if (one.booking.id, room.id) not in but
    ]
    free = await claims.free(session, [(room, claims.span(room, booking.slot)) for booking, room, _ in pairs], now=now)
    choices: dict[UUID, list[Choice]] = {}
    for number in sorted(free):
        booking, room, cost = pairs[number]
        choice = Choice(room_id=room.id, leaves=room.leaves, held=claims.span(room, booking.slot), cost=cost)
        choices.setdefault(booking.id, []).append(choice)
    meetings = [Meeting(id=booking_id, choices=tuple(some)) for booking_id, some in choices.items()]
    return {booking_id: catalogue.room(choice.room_id) for booking_id, choice in assigned(meetings).items()}


def _suiting(one: _Affected, closures: Sequence[_Closure], catalogue: Catalogue, *, now: datetime) -> list[tuple[Room, int]]:
    """Return the rooms that would do for a booking, with how much each changes.

    They are at the same place; only where all of that closes, at another on the same clock. Several rooms at once, and
    equipment that stays where it is, are for people to sort out.
    """
    booking = one.booking
    if booking.more_rooms:
        return []
    here = catalogue.rooms_at(booking.location.id)
    open_here = [room for room in here if not _closed(room, booking.slot, closures, one.actor)]
    elsewhere = [] if open_here or booking.equipment else catalogue.bookable
    rooms = open_here or [
        room
        for room in elsewhere
        if catalogue.place_of(room).zone == booking.location.zone and not _closed(room, booking.slot, closures, one.actor)
    ]
    return [
        (room, _change(booking.room, room))
        for room in rooms
        if room.id != booking.room.id and _may_go(booking, room, catalogue, actor=one.actor, now=now)
    ]


def _closed(room: Room, slot: Slot, closures: Sequence[_Closure], actor: Actor) -> bool:
    return any(one.covers(room, slot) and not one.lets_pass(actor) for one in closures)


def _may_go(booking: Booking, room: Room, catalogue: Catalogue, *, actor: Actor, now: datetime) -> bool:
    if rights.bookable_by(actor, room, catalogue) is not Right.BOOK:
        return False
    # What is booked for good does not begin to wait for somebody's word because its room closes.
    if booking.status is not Status.PENDING and approving.needs_approval(room, catalogue=catalogue, by=actor):
        return False
    found = rules.in_force(
        booking.slot,
        room=room,
        catalogue=catalogue,
        attendees_count=booking.attendees_count,
        actor=actor,
        now=now,
        overriding=False,
    )
    return all(isinstance(error, _NO_OBJECTION) for error in found)


def _change(old: Room, new: Room) -> int:
    """Return how much a move changes: another place before amenities that are lost, those before seats."""
    lost = len(old.amenities - new.amenities)
    spare = len(new.amenities - old.amenities)
    return (new.location_id != old.location_id) * 10_000_000 + lost * 100_000 + abs(new.capacity - old.capacity) * 10 + spare


# -- holding, telling, ending ------------------------------------------------------------------------------------------


async def _hold(
    session: WriteSession,
    found: Sequence[_Affected],
    closures: Sequence[_Closure],
    catalogue: Catalogue,
    *,
    now: datetime,
) -> list[tuple[UUID, _Affected]]:
    """Write a proposal for each booking, holding what was planned; what a rival is quicker to take is planned anew."""
    held: list[tuple[UUID, _Affected]] = []
    left, but = list(found), frozenset[tuple[UUID, UUID]]()
    while left:
        planned = await _planned(session, left, closures, catalogue, now=now, but=but)
        # In one order for everybody who claims, and after whoever divides rooms. What is planned anew may want rooms out of
        # that order: it takes those that nobody else has in hand, and leaves the rest to the next look.
        if not but:
            await claims.lock_rooms(session, planned.values())
        elif not await claims.try_lock_rooms(session, planned.values()):
            break
        for one in sorted(left, key=lambda a: planned[a.booking.id].id if a.booking.id in planned else a.booking.id):
            room = planned.get(one.booking.id)
            proposal_id = new_id()
            made = await _new(session, proposal_id, one, room, now=now)
            slot = one.booking.slot
            if made and room and not await claims.take_for_proposal(session, room=room, slot=slot, proposal_id=proposal_id):
                await _end(session, proposal_id, "overtaken", now=now)
                but |= {(one.booking.id, room.id)}
                continue
            left.remove(one)
            if made:
                held.append((proposal_id, one))
    return held


async def _new(session: WriteSession, proposal_id: UUID, one: _Affected, room: Room | None, *, now: datetime) -> bool:
    return bool(
        await session.value(
            _NEW,
            session.tenant,
            proposal_id,
            one.booking.id,
            one.booking.version,
            one.closure.id,
            room.id if room else None,
            answer_by(one.booking, now=now),
            now,
        )
    )


def answer_by(booking: Booking, *, now: datetime) -> datetime:
    """Return until when a booker may answer: two days, but two hours before the start, or half of what is left."""
    left = booking.start - now
    return min(now + PATIENCE, max(booking.start - BEFORE_START, now + left / 2))


async def _tell(session: WriteSession, held: Sequence[tuple[UUID, _Affected]], *, now: datetime) -> None:
    """Put one message for each booker into the outbox, whatever number of their bookings it is about."""
    theirs: dict[UUID, list[tuple[UUID, Booking]]] = {}
    for proposal_id, one in sorted(held, key=lambda pair: (pair[1].booking.start, pair[0])):
        theirs.setdefault(one.booking.booker.person_id, []).append((proposal_id, one.booking))
    for proposals in theirs.values():
        first, booking = proposals[0]
        about = {"proposal": str(first), "version": 1, "proposals": [str(one) for one, _ in proposals]}
        await _deliver(session, first, 1, booking, about, until=proposals[-1][1].start, now=now)


async def _tell_one(session: WriteSession, proposal_id: UUID, version: int, booking: Booking, *, now: datetime) -> None:
    about = {"proposal": str(proposal_id), "version": version, "proposals": [str(proposal_id)]}
    await _deliver(session, proposal_id, version, booking, about, until=booking.end, now=now)


async def _deliver(
    session: WriteSession,
    proposal_id: UUID,
    version: int,
    booking: Booking,
    about: Mapping[str, Any],
    *,
    until: datetime,
    now: datetime,
) -> None:
    session.happened = True
    await session.run(
        _TELL,
        session.tenant,
        new_id(),
        f"proposal:{proposal_id}:{version}",
        Notice.PROPOSAL.value,
        booking.booker.person_id,
        booking.id,
        json.dumps(about),
        now,
        until,
    )


async def _locked(session: WriteSession, proposal_id: UUID) -> Mapping[str, Any]:
    """Return a proposal with its booking and itself locked, in that order, as everybody does."""
    booking_id = await session.value(
        "SELECT booking_id FROM proposals WHERE tenant_id = $1 AND id = $2", session.tenant, proposal_id
    )
    if booking_id is None:
        raise errors.ProposalNotFound("That proposal does not exist.")
    await store.lock(session, booking_id)
    row: Mapping[str, Any] | None = await session.one(
        f"SELECT {_COLUMNS} {_FROM} WHERE p.tenant_id = $1 AND p.id = $2 FOR NO KEY UPDATE OF p",
        session.tenant,
        proposal_id,
    )
    assert row is not None
    return dict(row)


async def _end(session: WriteSession, proposal_id: UUID, status: str, *, now: datetime) -> int:
    await claims.give_back_proposals(session, [proposal_id])
    version: int = await session.value(_END, session.tenant, proposal_id, status, now)
    return version


async def _cancel(
    session: WriteSession,
    row: Mapping[str, Any],
    booking: Booking,
    catalogue: Catalogue,
    *,
    by: Actor,
    now: datetime,
) -> None:
    reason = _why(row)
    after = bookkeeping.following(booking, now=now, status=Status.CANCELLED, cancel_reason=reason)
    await bookkeeping.write(
        session,
        events.Kind.CANCELLED,
        Changed(before=booking, after=after),
        catalogue,
        event_id=new_id(),
        by=by,
        now=now,
        reason=reason,
    )
    version = await _end(session, row["id"], "cancelled", now=now)
    await _tell_one(session, row["id"], version, after, now=now)


def _why(row: Mapping[str, Any]) -> str:
    if row["closure_id"] is None:
        return "The room is out of use."
    return f"The room is closed: {row['reason']}" if row["reason"] else "The room is closed."


def _outcome(row: Mapping[str, Any], booking: Booking, catalogue: Catalogue, *, booker: Actor) -> str | None:
    """Return how an open proposal ended by itself, None where it still stands."""
    if not booking.holds_room:
        return "cancelled"
    if not _shut(row, booking, catalogue):
        return "overtaken" if _stands_open(row, booking) else "moved"
    offered = catalogue.room(row["offered_room_id"]) if row["offered_room_id"] else None
    if offered and (offered.capacity < booking.attendees_count or _gone(offered, booking, catalogue, booker=booker)):
        return "overtaken"
    return None


def _gone(offered: Room, booking: Booking, catalogue: Catalogue, *, booker: Actor) -> bool:
    """Tell whether a room that is held went out of use, or was closed to the booker, meanwhile."""
    closures = catalogue.closures_of(offered)
    closed = any(one.slot.overlaps(booking.slot) and not one.lets_pass(booker) for one in closures)
    return closed or _idle(offered, catalogue)


def _idle(room: Room, catalogue: Catalogue) -> bool:
    return not room.active or not catalogue.place_of(room).active


def _shut(row: Mapping[str, Any], booking: Booking, catalogue: Catalogue) -> bool:
    """Tell whether what a proposal is about still stands against its booking."""
    if row["closure_id"] is None:
        return any(_idle(room, catalogue) for room in booking.rooms)
    covered = row["closed_from"] < booking.end and booking.start < row["closed_until"]
    return row["lifted_at"] is None and covered and not _rooms_of(row, catalogue).isdisjoint(r.id for r in booking.rooms)


def _reopened(row: Mapping[str, Any], booking: Booking, catalogue: Catalogue) -> bool:
    """Tell whether a booking can stay: not where its proposal ended because the room that was held went, too."""
    return booking.holds_room and not _shut(row, booking, catalogue) and _stands_open(row, booking)


def _rooms_of(row: Mapping[str, Any], catalogue: Catalogue) -> frozenset[UUID]:
    """Return the rooms that a closure covers."""
    if row["closed_room"]:
        return _with_wholes([row["closed_room"]], catalogue)
    return frozenset(room.id for room in catalogue.rooms if row["closed_place"] in {None, room.location_id})


def _stands_open(row: Mapping[str, Any], booking: Booking) -> bool:
    """Tell whether a booking stands where it stood, and that is open again."""
    return booking.room.id == row["stood_in"] and (row["closure_id"] is None or row["lifted_at"] is not None)


def _proposal(row: Mapping[str, Any], booking: Booking, catalogue: Catalogue) -> Proposal:
    return Proposal(
        id=row["id"],
        booking=booking,
        room=catalogue.room(row["offered_room_id"]) if row["offered_room_id"] else None,
        status=row["status"],
        answer_by=row["answer_by"],
        closure_id=row["closure_id"],
        reason=row["reason"],
        closed=Slot(start=row["closed_from"], end=row["closed_until"]) if row["closed_from"] else None,
        reopened=row["status"] == "overtaken" and _reopened(row, booking, catalogue),
        version=row["version"],
        closed_room=next((room for room in booking.rooms if room.id == row["closed_room"]), None),
    )
