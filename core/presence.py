"""Being there: checking in, running late, saying whether one comes, ending early, staying longer, taking a room back.

One public method, one transaction, one event, as in `bookings`. Kept out: what frees a room by itself (`releases`), and
telling anybody (`planning`, `reminders`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from core import attending, bookkeeping, claims, errors, events, limits, requests, rules, store
from core.catalogue import Catalogue, Catalogues, judged_anew, judged_by
from core.checkin import check_in_opens, check_in_state, release_at
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.growing import Growth, better_room, longest_end, room_to_grow
from core.ids import new_id
from core.models import KEEP, Actor, Alternative, Booking, Change, Changed, Location, OfferKind, Room, Slot, Status, Wish
from core.releases import Releases
from core.rounding import rounded_up
from core.saying import clock_time, when
from core.search import Search, hidden, taken_sentence

__all__ = ["Door", "Growth", "Presence", "check_in_opens", "check_in_state", "release_at"]

Work = Callable[[WriteSession], Awaitable[Changed]]

# How far ahead somebody at a door is told of the next meeting.
AT_THE_DOOR = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """What stands at a room's door: the meeting under way and the next within a day; no titles or people of private ones."""

    room: Room
    location: Location
    current: Booking | None
    next: Booking | None


class Presence:
    """What those who attend a meeting do about it; `release_due` gives back the rooms to which nobody came."""

    def __init__(self, db: Database, catalogues: Catalogues, search: Search, clock: Clock) -> None:
        self._db = db
        self._catalogues = catalogues
        self._search = search
        self._clock = clock
        self._releases = Releases(db, catalogues)

    # -- coming ----------------------------------------------------------------------------------------------------

    async def check_in(self, booking_id: UUID, *, by: Actor, key: str | None = None) -> Changed:
        """Note that somebody is there; when somebody was before, the answer is the booking as it is.

        Raises NotAttending, CheckInNotOpen, NotActive.
        """

        def after(before: Booking, catalogue: Catalogue, now: datetime) -> Booking:
            attending.allow(before, by)
            return attending.checked_in(before, catalogue.policy(before.room), now=now)

        return await self._noted("check_in", booking_id, after, events.Kind.CHECKED_IN, by=by, key=key)

    async def run_late(self, booking_id: UUID, *, by: Actor, key: str | None = None) -> Changed:
        """Note that somebody runs late, which keeps the room 10 minutes longer once; saying it again changes nothing.

        Raises NotAttending, NotActive.
        """
        catalogue = await self._catalogues.current()
        now, event_id = self._clock.now(), new_id()
        content = requests.fingerprint("run_late", booking=booking_id, by=by.person_id)

        async def work(session: WriteSession) -> Changed:
            if done := await bookkeeping.answered(session, key, content, catalogue, event_ids=[event_id], now=now):
                return done[0]
            before = await _locked(session, booking_id, catalogue)
            attending.allow(before, by)
            attending.refuse_over(before, now=now)
            # Moved away and back, it is as if nobody had said anything.
            known = before.late_at is not None or before.status is Status.CHECKED_IN
            if known and await attending.said_late(session, before, by):
                return (await bookkeeping.unchanged(session, key, [before]))[0]
            late_at = before.late_at or (None if before.status is Status.CHECKED_IN else now)
            wanted = Changed(before=before, after=bookkeeping.following(before, now=now, late_at=late_at))
            await bookkeeping.write(session, events.Kind.LATE, wanted, catalogue, event_id=event_id, by=by, now=now)
            return wanted

        return await self._db.write(work, repeatable=key is not None)

    async def respond(self, booking_id: UUID, *, by: Actor, going: bool, key: str | None = None) -> Changed:
        """Note whether somebody invited comes; the number of people follows. The same answer again changes nothing.

        Raises NotAttending, NotActive.
        """

        def after(before: Booking, _: Catalogue, now: datetime) -> Booking:
            attending.refuse_over(before, now=now)
            return attending.answered(before, by, going=going, now=now)

        return await self._noted("respond", booking_id, after, events.Kind.RESPONDED, by=by, key=key, going=going)

    # -- at the door -----------------------------------------------------------------------------------------------

    async def door(self, token: str) -> Door:
        """Return what is on at the door with this token; raises RoomNotFound."""
        catalogue = await self._catalogues.current()
        now = self._clock.now()

        async def work(session: ReadSession) -> tuple[Room, tuple[Booking, ...]]:
            room = await _room_of_door(session, token, catalogue)
            return room, await store.in_window(session, [room.id], Slot(start=now, end=now + AT_THE_DOOR), catalogue)

        room, there = await self._db.read(work)
        return Door(
            room=room,
            location=catalogue.place_of(room),
            current=next((_public(hidden(one, catalogue)) for one in there if one.start <= now), None),
            next=next((_public(hidden(one, catalogue)) for one in there if one.start > now), None),
        )

    async def check_in_at_door(self, token: str, *, booking_id: UUID) -> Changed:
        """Note that somebody stands at the room's door, whoever it is; noted in the booker's name.

        Raises RoomNotFound, BookingNotFound where the booking is of another room, CheckInNotOpen, NotActive.
        """
        catalogue = await self._catalogues.current()
        room = await self._db.read(lambda session: _room_of_door(session, token, catalogue))

        def after(before: Booking, catalogue: Catalogue, now: datetime) -> Booking:
            if not set(claims.leaves(before.rooms)) & set(room.leaves):
                raise errors.BookingNotFound("That booking is not of this room.")
            return attending.checked_in(before, catalogue.policy(before.room), now=now)

        done = await self._noted("check_in_at_door", booking_id, after, events.Kind.CHECKED_IN, by=None, key=None)
        return Changed(before=_public(hidden(done.before, catalogue)), after=_public(hidden(done.after, catalogue)))

    # -- staying and leaving ---------------------------------------------------------------------------------------

    @judged_anew
    async def extend(self, booking_id: UUID, *, until: datetime, version: int, by: Actor, key: str | None = None) -> Changed:
        """Give a booking a later end in its room.

        Raises NothingToExtend, StaleBooking, NotAllowed, NotActive, a rule's error, or SlotTaken with the ends that can be
        had, as shorter alternatives.
        """
        catalogue = await self._catalogues.current()
        now, event_id = self._clock.now(), new_id()
        content = requests.fingerprint("extend", booking=booking_id, until=until, version=version, by=by.person_id)

        async def work(session: WriteSession) -> Changed:
            if done := await bookkeeping.answered(session, key, content, catalogue, event_ids=[event_id], now=now):
                return done[0]
            before = await bookkeeping.to_change(session, booking_id, catalogue, version=version, by=by, now=now)
            if until <= before.end:
                ends = clock_time(before.end, before.location.tz)
                raise errors.NothingToExtend(f"It goes on until {ends} already. Choose a later end.")
            change = Change(slot=Slot(start=before.start, end=until), room_id=KEEP)
            wanted = Changed(before=before, after=await bookkeeping.applied(session, before, change, catalogue, now=now))
            bookkeeping.check_change(wanted, catalogue, by=by, now=now)
            wanted = await bookkeeping.permitted(session, wanted, catalogue, by=by, now=now)
            await bookkeeping.write(session, events.Kind.CHANGED, wanted, catalogue, event_id=event_id, by=by, now=now)
            return wanted

        try:
            return await self._db.write(judged_by(catalogue, work), repeatable=key is not None)
        except bookkeeping.TakenError as taken:
            refusal: errors.BookingError = await self._cannot_grow(taken.wanted, catalogue, by=by, now=now)
        except bookkeeping.RuledOutError as ruled_out:
            refusal = ruled_out.error
            refusal.alternatives = await self._shorter(await self._get(booking_id, catalogue), until, catalogue, now=now)
        raise refusal

    async def end_early(self, booking_id: UUID, *, version: int, by: Actor, key: str | None = None) -> Changed:
        """End a meeting under way and give the rest of its time back; its own times stay for the record.

        Raises StaleBooking, NotAllowed, NotActive.
        """
        catalogue = await self._catalogues.current()
        now, event_id = self._clock.now(), new_id()
        content = requests.fingerprint("end_early", booking=booking_id, version=version, by=by.person_id)

        async def work(session: WriteSession) -> Changed:
            if done := await bookkeeping.answered(session, key, content, catalogue, event_ids=[event_id], now=now):
                return done[0]
            before = await bookkeeping.to_change(session, booking_id, catalogue, version=version, by=by, now=now)
            if before.start > now:
                raise errors.NotActive("This meeting has not begun. Cancel it instead.", booking=before)
            wanted = Changed(before=before, after=bookkeeping.following(before, now=now, status=Status.ENDED))
            await bookkeeping.write(session, events.Kind.ENDED, wanted, catalogue, event_id=event_id, by=by, now=now)
            return wanted

        return await self._db.write(work, repeatable=key is not None)

    @judged_anew
    async def take_back(self, booking_id: UUID, *, by: Actor, key: str | None = None) -> Changed:
        """Take back a room that was released because nobody had checked in: whoever does is there.

        Raises NotAttending, NotActive, RoomInactive, RoomClosed, Holiday; or SlotTaken, with rooms free for the rest.
        """
        catalogue = await self._catalogues.current()
        now, event_id = self._clock.now(), new_id()
        content = requests.fingerprint("take_back", booking=booking_id, by=by.person_id)

        async def work(session: WriteSession) -> Changed:
            if done := await bookkeeping.answered(session, key, content, catalogue, event_ids=[event_id], now=now):
                return done[0]
            before = await _locked(session, booking_id, catalogue)
            attending.allow(before, by)
            bookkeeping.refuse_past(before, now=now)
            if before.holds_room:
                return (await bookkeeping.unchanged(session, key, [before]))[0]
            if before.status is not Status.RELEASED:
                raise bookkeeping.not_active(before)
            _refuse_closed(before, catalogue, by=by, now=now)
            after = bookkeeping.following(before, now=now, status=Status.CHECKED_IN, checked_in_at=now)
            after = replace(after, equipment=await bookkeeping.regained(session, before, after, catalogue))
            # Whoever is there was allowed to be: nobody is asked again.
            await limits.check(session, after, before=None, catalogue=catalogue, by=by, now=now)
            wanted = Changed(before=before, after=after)
            await bookkeeping.write(session, events.Kind.RESTORED, wanted, catalogue, event_id=event_id, by=by, now=now)
            return wanted

        try:
            return await self._db.write(judged_by(catalogue, work), repeatable=key is not None)
        except bookkeeping.TakenError as taken:
            refusal = await self._gone(taken.wanted, by=by, now=now)
        raise refusal

    # -- looking ---------------------------------------------------------------------------------------------------

    async def room_to_grow(self, booking: Booking) -> Growth:
        """Return until when the room stays free behind a booking, who follows, and the later ends that can be had."""
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        return await self._db.read(lambda session: room_to_grow(session, booking, catalogue, now=now))

    async def better_room(self, booking: Booking, people: int) -> Alternative | None:
        """Return a free room for the booking's time that seats so many, where its own is too small or much too large."""
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        return await self._db.read(lambda session: better_room(session, booking, people, catalogue, now=now))

    async def release_due(self, now: datetime) -> int:
        """Release every booking to which nobody came in time, and return how many there were; see `Releases`."""
        return await self._releases.release(now)

    # -- parts -----------------------------------------------------------------------------------------------------

    async def _noted(
        self,
        use_case: str,
        booking_id: UUID,
        after: Callable[[Booking, Catalogue, datetime], Booking],
        kind: events.Kind,
        *,
        by: Actor | None,
        key: str | None,
        **asked: object,
    ) -> Changed:
        """Bring a booking, whatever it is now, to what `after` makes of it; `by` None acts in the booker's name."""
        catalogue = await self._catalogues.current()
        now, event_id = self._clock.now(), new_id()
        content = requests.fingerprint(use_case, booking=booking_id, by=by and by.person_id, **asked)

        async def work(session: WriteSession) -> Changed:
            if done := await bookkeeping.answered(session, key, content, catalogue, event_ids=[event_id], now=now):
                return done[0]
            before = await _locked(session, booking_id, catalogue)
            wanted = Changed(before=before, after=after(before, catalogue, now))
            if bookkeeping.same(wanted):
                return (await bookkeeping.unchanged(session, key, [before]))[0]
            actor = by or replace(bookkeeping.clock(before), surface="door")
            await bookkeeping.write(session, kind, wanted, catalogue, event_id=event_id, by=actor, now=now)
            return wanted

        return await self._db.write(work, repeatable=key is not None)

    async def _get(self, booking_id: UUID, catalogue: Catalogue) -> Booking:
        return await self._db.read(lambda session: store.booking(session, booking_id, catalogue))

    async def _shorter(
        self, booking: Booking, until: datetime, catalogue: Catalogue, *, now: datetime
    ) -> tuple[Alternative, ...]:
        """Return the later ends that can be had instead of a wanted one, the latest first."""
        growth = await self.room_to_grow(booking)
        longest = longest_end(booking, until, growth.free_until, catalogue, now=now)
        ends = {end for end in growth.choices if end < until} | ({longest} if longest else set())
        return tuple(
            Alternative(
                kind=OfferKind.SHORTER,
                room=booking.room,
                location=booking.location,
                slot=Slot(start=booking.start, end=end),
            )
            for end in sorted(ends, reverse=True)
        )

    async def _cannot_grow(self, wanted: Booking, catalogue: Catalogue, *, by: Actor, now: datetime) -> errors.BookingError:
        """Return the refusal to stay so long, with how long one may stay."""
        rivals = await self._search.rivals(wanted.room, wanted.slot, by=by, but=(wanted.id,))
        sentence = taken_sentence(wanted.room, rivals, wanted.slot, catalogue=catalogue, now=now)
        refusal = errors.SlotTaken(
            sentence,
            room=wanted.room,
            slot=wanted.slot,
            rivals=rivals,
            alternatives=await self._shorter(await self._get(wanted.id, catalogue), wanted.end, catalogue, now=now),
        )
        refusal.fields = {"end": sentence}
        return refusal

    async def _gone(self, wanted: Booking, *, by: Actor, now: datetime) -> errors.BookingError:
        """Return the refusal to take a room back that somebody else has by now, with rooms free for the rest."""
        left = Slot(start=max(wanted.start, now.replace(second=0, microsecond=0)), end=wanted.end)
        rivals = await self._search.rivals(wanted.room, left, by=by, but=(wanted.id,))
        begins = rounded_up(left.start)
        rest = Slot(start=begins, end=left.end) if begins < left.end else left
        wish = Wish(slot=rest, attendees_count=wanted.attendees_count, room_id=wanted.room.id)
        offers = await self._search.alternatives(wish, by=by, but=(wanted.id,))
        said = when(rest, wanted.location.tz, now=now)
        sentence = f"{wanted.room.name} was given to somebody else meanwhile ({said})."
        return errors.SlotTaken(sentence, room=wanted.room, slot=rest, rivals=rivals, alternatives=offers)


async def _locked(session: WriteSession, booking_id: UUID, catalogue: Catalogue) -> Booking:
    await store.lock(session, booking_id)
    return await store.booking(session, booking_id, catalogue)


async def _room_of_door(session: ReadSession, token: str, catalogue: Catalogue) -> Room:
    room_id = await session.value("SELECT id FROM rooms WHERE tenant_id = $1 AND door = $2", session.tenant, token)
    if room_id is None:
        raise errors.RoomNotFound("This door's link is of no use any more. Ask whoever put it up for a new one.")
    return catalogue.room(room_id)


def _public(booking: Booking) -> Booking:
    """Return a booking as whoever passes the door may see it: of a private one the time alone."""
    return replace(booking, title=None, attendees=(), cancel_reason=None) if booking.private else booking


def _refuse_closed(booking: Booking, catalogue: Catalogue, *, by: Actor, now: datetime) -> None:
    """Raise what has closed one of a booking's rooms since it was booked; whoever is there was allowed to book it."""
    left = Slot(start=max(booking.start, now), end=booking.end)
    count = booking.attendees_count
    broken = bookkeeping.of_rooms(left, booking.rooms, catalogue, attendees_count=count, by=by, now=now)
    rules.check([one for one in broken if isinstance(one, errors.RoomInactive | errors.RoomClosed | errors.Holiday)])
