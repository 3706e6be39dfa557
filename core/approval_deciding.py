"""Deciding on bookings that wait for approval: approve, decline, suggest something else, and take that.

The first decision counts: all of them take the booking's lock first and find the request open, or how it was decided.
Kept out: what waits and until when (`approving`), who is told of it by which card (`approval_asking`), what time does to it
(`approval_time`).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core import approval_rows, approving, bookkeeping, errors, people, store
from core.approval_rows import Approver, Request
from core.approval_writing import Verdict, conclude
from core.bookings import Bookings
from core.catalogue import Catalogue, Catalogues, judged_anew, judged_by
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.errors import NotWaiting
from core.models import Actor, Alternative, Booking, Change, Changed, OfferKind, Slot, Status, Wish, one_line
from core.notices import Notice
from core.saying import clock_time, near_date
from core.search import Search

log = logging.getLogger(__name__)

SUGGESTIONS = 12

_SUGGESTION = """
SELECT d.id, d.booking_id, d.about FROM deliveries d
WHERE d.tenant_id = $1 AND d.id = $2 AND d.kind = $3 AND d.person_id = $4
"""
_SAID = {
    "approved": ("{who} approved it {when}.", "It was approved {when}."),
    "declined": ("{who} declined it {when}.", "It was declined {when}."),
    "expired": ("Nobody approved it in time: it expired {when}.",) * 2,
    "withdrawn": ("It is not asked for any more.",) * 2,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """What an approver suggests instead: a room and time for a booking that waits, with a word about it."""

    id: UUID
    booking: Booking
    offer: Alternative
    by: UUID
    note: str | None


class Approvals:
    """Requests for approval: looked at, decided, answered with something else."""

    def __init__(self, db: Database, catalogues: Catalogues, bookings: Bookings, search: Search, clock: Clock) -> None:
        self._db = db
        self._catalogues = catalogues
        self._bookings = bookings
        self._search = search
        self._clock = clock

    # -- reading ---------------------------------------------------------------------------------------------------

    async def request(self, request_id: UUID) -> Request:
        """Return a request as it stands, with all that was asked together with it; raises NotWaiting where none is."""
        catalogue = await self._catalogues.current()

        async def work(session: ReadSession) -> Request:
            row = await approval_rows.by_id(session, request_id)
            return await approval_rows.request(session, await approval_rows.together(session, row), catalogue)

        return await self._db.read(work)

    async def of_decision(self, request_id: UUID) -> Request:
        """Return a request with all that was decided in one with it; raises NotWaiting where none is."""
        catalogue = await self._catalogues.current()

        async def work(session: ReadSession) -> Request:
            row = await approval_rows.by_id(session, request_id)
            rows = await approval_rows.together(session, row)
            decided = [one for one in rows if (one["decision"], one["decided_at"]) == (row["decision"], row["decided_at"])]
            return await approval_rows.request(session, decided, catalogue)

        return await self._db.read(work)

    async def of_booking(self, booking_id: UUID) -> Request | None:
        """Return what a booking asked last, with all that was asked together with it; None where it never asked."""
        catalogue = await self._catalogues.current()
        return await self._db.read(lambda session: approval_rows.of_booking(session, booking_id, catalogue))

    async def waiting(self, *, by: Actor | None = None) -> tuple[Request, ...]:
        """Return what waits, longest first: what the actor may decide on, or all of it."""
        catalogue = await self._catalogues.current()

        async def work(session: ReadSession) -> tuple[Request, ...]:
            found = [await approval_rows.request(session, rows, catalogue) for rows in await approval_rows.all_open(session)]
            if by is None:
                return tuple(found)
            return tuple([one for one in found if await _may_decide(session, one.booking, catalogue, by)])

        return await self._db.read(work)

    async def approvers(self, booking: Booking) -> tuple[Approver, ...]:
        """Return who is asked about a booking, by name."""
        catalogue = await self._catalogues.current()
        return await self._db.read(lambda session: approval_rows.asked_about(session, booking, catalogue))

    async def instead_of(self, request: Request) -> tuple[Alternative, ...]:
        """Return what is free and allowed for the booker instead of what was asked for."""
        booking = request.booking
        wish = Wish(slot=booking.slot, attendees_count=booking.attendees_count, room_id=booking.room.id)
        found = await self._search.alternatives(wish, by=await self._booker(booking), limit=SUGGESTIONS)
        # A quarter of an hour sooner in the same room is no answer to whoever wants it then.
        return tuple(one for one in found if one.room.id != booking.room.id or not one.slot.overlaps(booking.slot))

    # -- deciding --------------------------------------------------------------------------------------------------

    async def approve(self, request_id: UUID, *, by: Actor | None) -> Request:
        """Approve what was asked, all dates of a series that were asked together; `by` None is the command line.

        Raises NotAllowed, and NotWaiting where somebody else was quicker or it is not asked for any more.
        """
        return await self._decide(request_id, Verdict(decision="approved", by=by.person_id if by else None), by=by)

    async def decline(self, request_id: UUID, *, by: Actor | None, reason: str | None = None) -> Request:
        """Decline what was asked, as `approve` approves it: what was approved before stays, as far as it is held."""
        verdict = Verdict(decision="declined", by=by.person_id if by else None, reason=one_line(reason))
        return await self._decide(request_id, verdict, by=by)

    @judged_anew
    async def _decide(self, request_id: UUID, verdict: Verdict, *, by: Actor | None) -> Request:
        catalogue = await self._catalogues.current()
        now = self._clock.now()

        async def work(session: WriteSession) -> Request:
            rows = await approval_rows.together(session, await approval_rows.by_id(session, request_id))
            await store.lock(session, *(row["booking_id"] for row in rows))
            rows = await approval_rows.together(session, await approval_rows.by_id(session, request_id))
            request = await approval_rows.request(session, rows, catalogue)
            if by is not None and not await _may_decide(session, request.booking, catalogue, by):
                raise errors.NotAllowed("Only those who were asked, or an admin, can decide on this.")
            waiting = [row for row in rows if row["decision"] is None and row["expires_at"] > now]
            if not waiting:
                # The same decision twice is once.
                if verdict.by is not None and (request.decision, request.decided_by) == (verdict.decision, verdict.by):
                    return request
                raise _too_late(request, now=now)
            await conclude(session, waiting, verdict, catalogue, by=by, now=now)
            rows = await approval_rows.together(session, await approval_rows.by_id(session, waiting[0]["id"]))
            return await approval_rows.request(session, rows, catalogue)

        return await self._settled(judged_by(catalogue, work))

    async def _settled(self, work: Callable[[WriteSession], Awaitable[Request]]) -> Request:
        try:
            return await self._db.write(work, repeatable=True)
        except bookkeeping.TakenError as taken:
            # What goes back to less holds no more than before; nobody can be in the way of it.
            raise errors.Busy("Somebody is changing this room at this moment. Try again.") from taken

    # -- suggesting ------------------------------------------------------------------------------------------------

    @judged_anew
    async def suggest(self, request_id: UUID, offer: Alternative, *, by: Actor, note: str | None = None) -> Request:
        """Tell the booker of another room or time, theirs in a tap; until then, and afterwards if not, the request waits.

        Raises NotAllowed and NotWaiting as deciding does, and what would keep the booker from taking it at this moment.
        """
        await self._refuse_impossible(request_id, offer, by=by)
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        about = {
            "approval": str(request_id),
            "room": str(offer.room.id),
            "start": offer.slot.start.isoformat(),
            "end": offer.slot.end.isoformat(),
            "by": str(by.person_id),
            "note": one_line(note),
        }

        async def work(session: WriteSession) -> Request:
            row = await approval_rows.by_id(session, request_id)
            request = await approval_rows.request(session, await approval_rows.together(session, row), catalogue)
            if not await _may_decide(session, request.booking, catalogue, by):
                raise errors.NotAllowed("Only those who were asked, or an admin, can suggest something else.")
            if row["decision"] is not None or row["expires_at"] <= now:
                raise _too_late(request, now=now)
            booking = await store.booking(session, row["booking_id"], catalogue)
            key = f"approval_suggestion:{request_id}:{by.person_id}:{offer.room.id}:{offer.slot.start.isoformat()}"
            await approving.tell(
                session, Notice.APPROVAL_SUGGESTION, booking, booking.booker.person_id, about, key=key, now=now
            )
            return request

        return await self._db.write(judged_by(catalogue, work), repeatable=True)

    async def _refuse_impossible(self, request_id: UUID, offer: Alternative, *, by: Actor) -> None:
        """Raise why the booker could not take what is suggested; what waits no more is left to who looks at it next."""
        catalogue = await self._catalogues.current()

        async def work(session: ReadSession) -> Booking | None:
            row = await approval_rows.by_id(session, request_id)
            booking = await store.booking(session, row["booking_id"], catalogue)
            if row["decision"] is not None or not await _may_decide(session, booking, catalogue, by):
                return None
            return booking

        booking = await self._db.read(work)
        if booking is None or booking.status is not Status.PENDING:
            return
        if (offer.room.id, offer.slot) == (booking.room.id, booking.slot) and not booking.more_rooms:
            raise errors.InvalidSetting("That is what is asked for. Approve it, or suggest another room or time.")
        try:
            await self._bookings.rehearse(booking, _moving(offer), by=await self._booker(booking))
        except (errors.Busy, errors.Unavailable, errors.StaleBooking, errors.NotActive):
            raise
        except errors.BookingError as error:
            error.message = f"{booking.booker.name} could not take that: {error.message}"
            error.fields, error.alternatives = {}, ()
            raise

    async def suggestion(self, suggestion_id: UUID, *, by: Actor) -> Suggestion:
        """Return what was suggested to somebody, or raise NotWaiting."""
        catalogue = await self._catalogues.current()

        async def work(session: ReadSession) -> Suggestion:
            row = await session.one(
                _SUGGESTION, session.tenant, suggestion_id, Notice.APPROVAL_SUGGESTION.value, by.person_id
            )
            if row is None:
                raise NotWaiting("That was suggested too long ago.")
            booking = await store.booking(session, row["booking_id"], catalogue)
            return suggested(row["id"], booking, row["about"], catalogue)

        return await self._db.read(work)

    async def take(self, suggestion_id: UUID, *, by: Actor, key: str | None = None) -> Changed:
        """Move the booking to where an approver suggested; what they may approve there is approved with that, or neither.

        Raises NotActive where it is no booking any more, SlotTaken where the room is taken by now, and rules' errors.
        """
        found = await self.suggestion(suggestion_id, by=by)
        suggester = await self._actor(found.by)

        async def approved(session: WriteSession, moved: Changed, catalogue: Catalogue, now: datetime) -> Changed:
            # Another room has other approvers: they are asked.
            if moved.after.status is not Status.PENDING:
                return moved
            row = await approval_rows.latest(session, moved.after.id)
            if row is None or row["decision"] is not None or row["expires_at"] <= now:
                return moved
            if not await _may_decide(session, moved.after, catalogue, suggester):
                return moved
            verdict = Verdict(decision="approved", by=suggester.person_id)
            await conclude(session, [row], verdict, catalogue, by=suggester, now=now)
            return Changed(before=moved.before, after=await store.booking(session, moved.after.id, catalogue))

        booking = found.booking
        # No version: the same tap, arriving again, is the same request.
        done = await self._bookings.change(booking.id, _moving(found.offer), version=None, by=by, key=key, then=approved)
        if done.after.status is not Status.PENDING:
            return done
        # Asked for once more: what came of it then is told, not only the step that the key stands for.
        return Changed(before=done.before, after=await self._bookings.get(booking.id))

    async def _actor(self, person_id: UUID) -> Actor:
        sql = f"SELECT {people.COLUMNS} FROM people p WHERE p.tenant_id = $1 AND p.id = $2"
        row = await self._db.read(lambda session: session.one(sql, session.tenant, person_id))
        assert row is not None
        return people.person_from(row).acting()

    async def _booker(self, booking: Booking) -> Actor:
        return await self._actor(booking.booker.person_id)


def suggested(suggestion_id: UUID, booking: Booking, about: Mapping[str, Any], catalogue: Catalogue) -> Suggestion:
    """Return a suggestion from what its message is about."""
    room = catalogue.room(UUID(about["room"]))
    slot = Slot(start=datetime.fromisoformat(about["start"]), end=datetime.fromisoformat(about["end"]))
    kind = OfferKind.OTHER_ROOM if room.id != booking.room.id else OfferKind.OTHER_TIME
    offer = Alternative(kind=kind, room=room, location=catalogue.place_of(room), slot=slot)
    return Suggestion(id=suggestion_id, booking=booking, offer=offer, by=UUID(about["by"]), note=about["note"])


def _moving(offer: Alternative) -> Change:
    return Change(slot=offer.slot, room_id=offer.room.id, more_room_ids=())


async def _may_decide(session: ReadSession, booking: Booking, catalogue: Catalogue, by: Actor) -> bool:
    """Tell whether somebody may decide: one of those asked or an admin; on their own booking only where nobody else can."""
    asked = await approval_rows.asked_about(session, booking, catalogue)
    own = by.person_id == booking.booker.person_id
    return (by.admin and not own) or any(one.person_id == by.person_id for one in asked)


def _too_late(request: Request, *, now: datetime) -> NotWaiting:
    """Return the kind word for whoever comes after the decision."""
    booking = request.booking
    zone = booking.location.tz
    at = request.decided_at or request.expires_at
    decision = request.decision or "expired"
    day = near_date(at.astimezone(zone).date(), today=now.astimezone(zone).date())
    when = f"at {clock_time(at, zone)}" if day == "today" else f"{day}, {clock_time(at, zone)}"
    somebody, nobody = _SAID[decision]
    who = request.decided_by_name
    return NotWaiting((somebody if who else nobody).format(who=who, when=when), booking_id=booking.id)
