"""The use cases that change bookings: one public method, one transaction, one event each.

A key makes a request repeatable: the same key and content get the same answer, whatever happened in between.
Kept out: words of Slack or HTTP, and reading (`search`, `store`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from core import at_once, bookkeeping, errors, events, opening, requests, rules, store
from core.borrowing import LentOutError
from core.catalogue import Catalogue, Catalogues, judged_anew, judged_by
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession, guarding
from core.errors import BookingError
from core.ids import new_id
from core.models import (
    Actor,
    Alternative,
    Booking,
    Change,
    Changed,
    LastChange,
    OfferKind,
    Room,
    Slot,
    Status,
    Wish,
    one_line,
)
from core.saying import listed
from core.search import Search, all_taken_sentence, taken_sentence
from core.telling import Telling, told

T = TypeVar("T")

# Typing the same sentence again within this time shows the booking instead of making a second.
SAME_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Once:
    """A booking that is there now; `before` says that the same person had made it a moment ago."""

    booking: Booking
    before: bool = False


# What taking a change back leads to, where that is no booking with a room.
_UNDONE = {
    Status.CANCELLED: events.Kind.CANCELLED,
    Status.RELEASED: events.Kind.RELEASED,
    Status.ENDED: events.Kind.ENDED,
}


# What goes on in the transaction of a change: with the session, what was changed, the catalogue, and the moment.
Then = Callable[[WriteSession, Changed, Catalogue, datetime], Awaitable[Changed]]


class _RehearsedError(Exception):
    """Rolls back what was only tried."""

    told_as = "rehearsed"

    def __init__(self, done: Changed) -> None:
        super().__init__()
        self.done = done


class Bookings:
    """Book, change, cancel, take back, exchange; and look at one's own."""

    def __init__(self, db: Database, catalogues: Catalogues, search: Search, clock: Clock) -> None:
        self._db = db
        self._catalogues = catalogues
        self._search = search
        self._clock = clock

    # -- reading ---------------------------------------------------------------------------------------------------

    async def get(self, booking_id: UUID) -> Booking:
        """Return the booking as it stands, or raise BookingNotFound."""
        catalogue = await self._catalogues.current()

        async def work(session: ReadSession) -> Booking:
            return await store.booking(session, booking_id, catalogue)

        return await self._db.read(work)

    async def mine(
        self, by: Actor, *, limit: int = 20, offset: int = 0, once_per_series: bool = False
    ) -> tuple[Booking, ...]:
        """Return what the actor booked or attends and is not over yet, soonest first.

        With `once_per_series`, of each series the next date alone.
        """
        catalogue = await self._catalogues.current()
        now = self._clock.now()

        async def work(session: ReadSession) -> tuple[Booking, ...]:
            return await store.upcoming(
                session,
                by.person_id,
                catalogue,
                now=now,
                limit=limit,
                offset=offset,
                once_per_series=once_per_series,
            )

        return await self._db.read(work)

    async def last_change(self, booking_id: UUID) -> LastChange | None:
        """Return who made the booking what it is now, and how it was before; raises BookingNotFound."""
        catalogue = await self._catalogues.current()

        async def work(session: ReadSession) -> LastChange | None:
            return await store.last_change(session, await store.booking(session, booking_id, catalogue), catalogue)

        return await self._db.read(work)

    async def twin(self, wish: Wish, *, by: Actor, key: str | None = None) -> Booking | None:
        """Return what the actor booked within the last minute for the same wish, if anything.

        What a request with this `key` booked is no twin of it: the request has only arrived again.
        """
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        since = now - SAME_AGAIN

        async def work(session: ReadSession) -> tuple[Booking, ...]:
            return await store.made_since(session, by.person_id, catalogue, slot=wish.slot, since=since)

        for booking in await self._db.read(work):
            if opening.same(booking, wish):
                return None if key and await self._done(key, wish, by, catalogue, now) else booking
        return None

    # -- changing --------------------------------------------------------------------------------------------------

    @told("book")
    async def book(self, wish: Wish, *, by: Actor, key: str | None = None) -> Booking:
        """Book the named room, or the best that fits, and return the booking.

        Raises a rule's error, LacksAmenities, NothingFits or SlotTaken; most of them with alternatives.
        """
        return await self._book(wish, by=by, key=key, since=None)

    @told("book")
    async def book_once(self, wish: Wish, *, by: Actor, key: str) -> Once:
        """Book as `book` does, unless the actor has booked the same within the last minute: return that then."""
        try:
            return Once(booking=await self._book(wish, by=by, key=key, since=self._clock.now() - SAME_AGAIN))
        except opening.TwinError as found:
            return Once(booking=found.twin, before=True)
        except (errors.Busy, errors.Unavailable):
            raise
        except BookingError:
            # What was allowed a moment ago may not be any more; the person has it all the same.
            if twin := await self.twin(wish, by=by, key=key):
                return Once(booking=twin, before=True)
            raise

    @judged_anew
    async def _book(self, wish: Wish, *, by: Actor, key: str | None, since: datetime | None) -> Booking:
        """Book; with a key, raise TwinError instead where the actor has booked the same `since` then."""
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        content = requests.fingerprint("book", wish=wish, by=by.person_id)
        asked = wish
        try:
            wish, rooms = await self._considered(catalogue, wish, by=by, now=now)
        except BookingError:
            # The first request with this key may have been in time where this one is late.
            if key and (done := await self._done(key, asked, by, catalogue, now)):
                return done[0].after
            raise
        booking_id, event_id = new_id(), new_id()
        facts: Any = {"key": key, "content": content, "event_id": event_id, "by": by, "since": since, "now": now}
        if made := await self._at_once(wish, rooms, catalogue, booking_id=booking_id, **facts):
            return made

        async def work(session: WriteSession) -> Booking:
            first = await opening.opened(session, wish=wish, rooms=rooms, catalogue=catalogue, **facts)
            if first.done:
                return first.done
            invited = await bookkeeping.invited(session, wish.invitees)
            over: BookingError | None = None
            for room in rooms:
                new = bookkeeping.new_booking(booking_id, wish, room, catalogue, by=by, invited=invited, now=now)
                if room.id in first.busy:
                    continue
                try:
                    if made := await bookkeeping.make(session, new, catalogue, by=by, event_id=event_id, now=now):
                        return made
                    self._telling.overtaken()
                except (errors.QuotaReached, errors.AnotherRoomThen) as error:
                    # Another room may be under another quota.
                    over = over or error
            raise over or bookkeeping.TakenError(new)

        try:
            return await self._db.write(work, repeatable=key is not None)
        except bookkeeping.TakenError:
            refusal = await self._taken(catalogue, wish, rooms, by=by, now=now)
        except LentOutError as lent_out:
            refusal = await self._lent_out(lent_out, catalogue, by=by)
        raise refusal

    async def _at_once(
        self,
        wish: Wish,
        rooms: Sequence[Room],
        catalogue: Catalogue,
        *,
        key: str | None,
        content: str,
        booking_id: UUID,
        event_id: UUID,
        by: Actor,
        since: datetime | None,
        now: datetime,
    ) -> Booking | None:
        """Book what is simple; None where that takes the long way. Raises the refusal where nothing else can come of it."""
        if guarding():
            # Whether the same was asked before, the guard finds out in a transaction.
            return None
        facts: Any = {"key": key, "content": content, "by": by, "since": since, "now": now}
        ids: Any = {"booking_id": booking_id, "event_id": event_id}
        if made := await at_once.booked(self._db, wish, rooms, catalogue, **ids, **facts):
            return made
        if await at_once.refused(self._db, wish, rooms, catalogue, **facts):
            self._telling.overtaken()
            raise await self._taken(catalogue, wish, rooms, by=by, now=now)
        return None

    @told("change")
    @judged_anew
    async def change(
        self,
        booking_id: UUID,
        change: Change,
        *,
        version: int | None,
        by: Actor,
        key: str | None = None,
        then: Then | None = None,
    ) -> Changed:
        """Move or edit a booking and return it before and after; what changes nothing is not noted.

        `version` None changes whatever it is now. `then` goes on in the same transaction, with what was changed, and
        returns how it stands after that.
        Raises StaleBooking when it is no longer at `version`, NotAllowed, NotActive, a rule's error, or SlotTaken.
        """
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        content = requests.fingerprint("change", booking=booking_id, change=change, version=version, by=by.person_id)
        event_id = new_id()

        async def work(session: WriteSession) -> Changed:
            if done := await bookkeeping.answered(session, key, content, catalogue, event_ids=[event_id], now=now):
                return done[0]
            before = await bookkeeping.to_change(session, booking_id, catalogue, version=version, by=by, now=now)
            wanted = Changed(before=before, after=await bookkeeping.applied(session, before, change, catalogue, now=now))
            if bookkeeping.same(wanted):
                return (await bookkeeping.unchanged(session, key, [before]))[0]
            bookkeeping.check_change(wanted, catalogue, by=by, now=now)
            wanted = await bookkeeping.permitted(session, wanted, catalogue, by=by, now=now)
            await bookkeeping.write(session, events.Kind.CHANGED, wanted, catalogue, event_id=event_id, by=by, now=now)
            return await then(session, wanted, catalogue, now) if then else wanted

        return await self._committed(work, catalogue, repeatable=key is not None, by=by, now=now)

    async def rehearse(self, booking: Booking, change: Change, *, by: Actor) -> Changed:
        """Return what a change would lead to at this moment, or raise what `change` would; nothing is kept of it."""

        async def take_back(_session: WriteSession, done: Changed, _catalogue: Catalogue, _now: datetime) -> Changed:
            raise _RehearsedError(done)

        try:
            return await self.change(booking.id, change, version=booking.version, by=by, then=take_back)
        except _RehearsedError as rehearsed:
            return rehearsed.done

    @told("cancel")
    @judged_anew
    async def cancel(
        self, booking_id: UUID, *, by: Actor, version: int | None = None, reason: str | None = None, key: str | None = None
    ) -> Changed:
        """Cancel a booking, giving its room back; the row stays. `version` None cancels whatever it is now."""
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        content = requests.fingerprint("cancel", booking=booking_id, version=version, reason=reason, by=by.person_id)
        event_id, reason = new_id(), one_line(reason)

        async def work(session: WriteSession) -> Changed:
            if done := await bookkeeping.answered(session, key, content, catalogue, event_ids=[event_id], now=now):
                return done[0]
            before = await bookkeeping.to_change(session, booking_id, catalogue, version=version, by=by, now=now)
            bookkeeping.check_cancel(before, catalogue, by=by, now=now)
            after = bookkeeping.following(before, now=now, status=Status.CANCELLED, cancel_reason=reason)
            wanted = Changed(before=before, after=after)
            await bookkeeping.write(
                session, events.Kind.CANCELLED, wanted, catalogue, event_id=event_id, by=by, now=now, reason=reason
            )
            return wanted

        # Whatever admins change meanwhile, nobody is kept from giving a room back.
        return await self._db.write(work, repeatable=key is not None)

    @told("undo")
    @judged_anew
    async def undo(self, booking_id: UUID, *, version: int, by: Actor, key: str | None = None) -> Changed:
        """Take back the change that led to `version`: a booking is cancelled, a move moved back, a cancelling restored.

        Raises StaleBooking when something came after it, SlotTaken when the time is no longer free.
        """
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        content = requests.fingerprint("undo", booking=booking_id, version=version, by=by.person_id)
        event_id = new_id()

        async def work(session: WriteSession) -> Changed:
            if done := await bookkeeping.answered(session, key, content, catalogue, event_ids=[event_id], now=now):
                return done[0]
            await store.lock(session, booking_id)
            before = await store.booking(session, booking_id, catalogue)
            bookkeeping.allow(before, by, catalogue)
            if not await bookkeeping.as_seen(session, before, version):
                raise await bookkeeping.stale(session, before, catalogue)
            wanted = Changed(before=before, after=await bookkeeping.reverted(session, before, catalogue, now=now))
            kind = _UNDONE.get(wanted.after.status, events.Kind.RESTORED)
            bookkeeping.check_undo(wanted, catalogue, by=by, now=now)
            await bookkeeping.within_limits(session, wanted, catalogue, by=by, now=now)
            await bookkeeping.write(session, kind, wanted, catalogue, event_id=event_id, by=by, now=now)
            return wanted

        return await self._committed(work, catalogue, repeatable=key is not None, by=by, now=now)

    @told("swap")
    @judged_anew
    async def swap(
        self, first_id: UUID, second_id: UUID, *, versions: tuple[int, int], by: Actor, key: str | None = None
    ) -> tuple[Changed, Changed]:
        """Let two bookings exchange their rooms, each keeping its time; both or neither.

        Raises SlotTaken when a third booking is in the way of either, NotTogether where one has several rooms.
        """
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        content = requests.fingerprint("swap", pair=(first_id, second_id), versions=versions, by=by.person_id)
        wanted_versions = ((first_id, versions[0]), (second_id, versions[1]))
        event_ids = [new_id(), new_id()]

        async def work(session: WriteSession) -> tuple[Changed, ...]:
            if done := await bookkeeping.answered(session, key, content, catalogue, event_ids=event_ids, now=now):
                return done
            await store.lock(session, first_id, second_id)
            first, second = [
                await bookkeeping.to_change(session, one, catalogue, version=version, by=by, now=now)
                for one, version in wanted_versions
            ]
            if first.room.id == second.room.id:
                return await bookkeeping.unchanged(session, key, [first, second])
            for one in (first, second):
                if one.more_rooms:
                    named = listed([room.name for room in one.rooms])
                    raise errors.NotTogether(f"A booking of several rooms ({named}) cannot be swapped. Change its rooms.")
            pair = (bookkeeping.into_room_of(second, first, now=now), bookkeeping.into_room_of(first, second, now=now))
            for change in pair:
                bookkeeping.check_change(change, catalogue, by=by, now=now)
            pair = (
                await bookkeeping.permitted(session, pair[0], catalogue, by=by, now=now),
                await bookkeeping.permitted(session, pair[1], catalogue, by=by, now=now),
            )
            await bookkeeping.exchange(session, pair, catalogue, event_ids=event_ids, by=by, now=now)
            return pair

        own = (first_id, second_id)
        one, other = await self._committed(work, catalogue, repeatable=key is not None, by=by, now=now, but=own)
        return one, other

    # -- parts -----------------------------------------------------------------------------------------------------

    @property
    def _telling(self) -> Telling:
        return self._db.telling

    async def _done(
        self, key: str, wish: Wish, by: Actor, catalogue: Catalogue, now: datetime
    ) -> tuple[Changed, ...] | None:
        """Return what a request with this key and wish has booked before, if it has."""
        content = requests.fingerprint("book", wish=wish, by=by.person_id)
        return await self._db.read(lambda session: bookkeeping.known(session, key, content, catalogue, now=now))

    async def _committed(
        self,
        work: Callable[[WriteSession], Awaitable[T]],
        catalogue: Catalogue,
        *,
        repeatable: bool,
        by: Actor,
        now: datetime,
        but: tuple[UUID, ...] = (),
    ) -> T:
        """Run the work in a transaction; where a room or a rule is in the way, refuse with why and what is free."""
        refusal: BookingError
        try:
            return await self._db.write(judged_by(catalogue, work), repeatable=repeatable)
        except bookkeeping.TakenError as taken:
            refusal = await self._taken_for(taken.wanted, catalogue, by=by, now=now, but=but)
        except bookkeeping.RuledOutError as ruled_out:
            refusal = ruled_out.error
            refusal.alternatives = await self._instead_of(ruled_out.wanted, by=by, but=but)
        except LentOutError as lent_out:
            refusal = await self._lent_out(lent_out, catalogue, by=by, but=but)
        raise refusal

    async def _considered(
        self, catalogue: Catalogue, wish: Wish, *, by: Actor, now: datetime
    ) -> tuple[Wish, Sequence[Room]]:
        """Return the wish in order and the rooms to try, best first, or raise the rule in the way."""
        wish = replace(wish, title=one_line(wish.title))
        if wish.more_room_ids and wish.room_id is None:
            wish = replace(wish, room_id=wish.more_room_ids[0], more_room_ids=wish.more_room_ids[1:])
        if wish.equipment and wish.room_id is None and wish.location_id is None:
            # What is movable stays at its place.
            wish = replace(wish, location_id=catalogue.thing(wish.equipment[0][0]).location_id)
        rules.check(rules.of_wish(wish.slot, attendees_count=wish.attendees_count, title=wish.title))
        rooms = await self._candidates(catalogue, wish, by=by, now=now)
        await self._refuse_lacking(catalogue, wish, by=by)
        return wish, rooms

    async def _candidates(self, catalogue: Catalogue, wish: Wish, *, by: Actor, now: datetime) -> Sequence[Room]:
        try:
            if wish.room_id is None or not wish.more_room_ids:
                return self._search.bookable(catalogue, wish, by=by, now=now)
            room = catalogue.room(wish.room_id)
            rooms = (room, *bookkeeping.others(room, wish.more_room_ids, catalogue))
            count = wish.attendees_count
            found = rules.of_start(wish.slot, location=catalogue.place_of(room), now=now)
            rules.check(found + bookkeeping.of_rooms(wish.slot, rooms, catalogue, attendees_count=count, by=by, now=now))
            return [room]
        except errors.MENDED_ELSEWHERE as error:
            error.alternatives = await self._search.alternatives(wish, by=by)
            raise

    async def _refuse_lacking(self, catalogue: Catalogue, wish: Wish, *, by: Actor) -> None:
        """Refuse a named room that lacks something asked for: neither the room nor the wish may be dropped in silence."""
        if wish.room_id is None:
            return
        room = catalogue.room(wish.room_id)
        there = {name for one in (room, *map(catalogue.room, wish.more_room_ids)) for name in one.amenities}
        lacking = listed(sorted(wish.amenities - there), last="or")
        if not lacking:
            return
        offers = await self._search.alternatives(wish, by=by)
        anyway = Alternative(kind=OfferKind.ANYWAY, room=room, location=catalogue.place_of(room), slot=wish.slot)
        free = not await self._search.rivals(room, wish.slot, by=by)
        raise errors.LacksAmenities(
            f"{room.name} has no {lacking}.", slot=wish.slot, alternatives=((anyway,) if free else ()) + offers
        )

    async def _taken(
        self, catalogue: Catalogue, wish: Wish, rooms: Sequence[Room], *, by: Actor, now: datetime
    ) -> BookingError:
        """Return the refusal for a wish whose every candidate is held."""
        offers = await self._search.alternatives(wish, by=by)
        if len(rooms) > 1:
            message = all_taken_sentence(len(rooms), wish, catalogue=catalogue, now=now)
            return errors.NothingFits(message, slot=wish.slot, alternatives=offers)
        (room,) = rooms
        wanted = (room, *bookkeeping.others(room, wish.more_room_ids, catalogue))
        return await self._held(catalogue, wanted, wish.slot, offers, by=by, now=now)

    async def _held(
        self,
        catalogue: Catalogue,
        rooms: Sequence[Room],
        slot: Slot,
        offers: tuple[Alternative, ...],
        *,
        by: Actor,
        now: datetime,
        but: tuple[UUID, ...] = (),
    ) -> errors.SlotTaken:
        """Return the refusal that tells of the first of the rooms which somebody holds."""
        for room in rooms:
            if rivals := await self._search.rivals(room, slot, by=by, but=but):
                break
        else:
            room = rooms[0]
        sentence = taken_sentence(room, rivals, slot, catalogue=catalogue, now=now)
        return errors.SlotTaken(sentence, room=room, slot=slot, rivals=rivals, alternatives=offers)

    async def _lent_out(
        self,
        refusal: LentOutError,
        catalogue: Catalogue,
        *,
        by: Actor,
        but: tuple[UUID, ...] = (),
    ) -> BookingError:
        """Return the refusal of equipment that others have then, with when it is there, and the room without it."""
        wanted, room = refusal.refused, refusal.refused.room
        offers = await self._instead_of(wanted, by=by, but=but)
        anyway = Alternative(kind=OfferKind.ANYWAY, room=room, location=catalogue.place_of(room), slot=wanted.slot)
        own = (*but, wanted.id)
        free = not [one for one in wanted.rooms if await self._search.rivals(one, wanted.slot, by=by, but=own)]
        refusal.alternatives = ((anyway,) if free else ()) + offers
        refusal.holders = await self._search.holders(refusal.lacking.wanted.equipment, wanted, by=by, but=but)
        return refusal

    async def _taken_for(
        self, wanted: Booking, catalogue: Catalogue, *, by: Actor, now: datetime, but: tuple[UUID, ...] = ()
    ) -> BookingError:
        """Return the refusal for a booking that cannot be where it was to go."""
        offers = await self._instead_of(wanted, by=by, but=but)
        return await self._held(catalogue, wanted.rooms, wanted.slot, offers, by=by, now=now, but=(*but, wanted.id))

    async def _instead_of(self, wanted: Booking, *, by: Actor, but: tuple[UUID, ...]) -> tuple[Alternative, ...]:
        wish = Wish(
            slot=wanted.slot,
            attendees_count=wanted.attendees_count,
            room_id=wanted.room.id,
            more_room_ids=tuple(room.id for room in wanted.more_rooms),
            equipment=tuple((one.equipment.id, one.quantity) for one in wanted.equipment),
        )
        return await self._search.alternatives(wish, by=by, but=(*but, wanted.id))
