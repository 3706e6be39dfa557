"""The use cases that change bookings: one public method, one transaction, one event each.

A key makes a request repeatable: the same key and content get the same answer, whatever happened in between.
Kept out: words of Slack or HTTP, and reading (`search`, `store`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from core import claims, errors, events, requests, rules, store
from core.catalogue import Catalogue, Catalogues
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.errors import BookingError
from core.ids import new_id
from core.models import (
    HOLDS_ROOM,
    Actor,
    Alternative,
    Attendee,
    Booking,
    Change,
    Changed,
    Keep,
    OfferKind,
    Room,
    Status,
    Wish,
)
from core.people import attendees_by_id
from core.saying import clock_time, listed, short_date
from core.search import Search, all_taken_sentence, taken_sentence

# Typing the same sentence again within this time shows the booking instead of making a second.
SAME_AGAIN = timedelta(minutes=1)


class _AllTakenError(Exception):
    """Every candidate was claimed by somebody else; rolls the transaction back."""


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

    async def mine(self, by: Actor, *, limit: int = 20, offset: int = 0) -> tuple[Booking, ...]:
        """Return what the actor booked or attends and is not over yet, soonest first."""
        catalogue = await self._catalogues.current()
        now = self._clock.now()

        async def work(session: ReadSession) -> tuple[Booking, ...]:
            return await store.upcoming(session, by.person_id, catalogue, now=now, limit=limit, offset=offset)

        return await self._db.read(work)

    async def twin(self, wish: Wish, *, by: Actor) -> Booking | None:
        """Return what the actor booked within the last minute for the same wish, if anything."""
        catalogue = await self._catalogues.current()
        since = self._clock.now() - SAME_AGAIN

        async def work(session: ReadSession) -> tuple[Booking, ...]:
            return await store.made_since(session, by.person_id, catalogue, slot=wish.slot, since=since)

        for booking in await self._db.read(work):
            same_room = wish.room_id in {None, booking.room.id}
            same_rest = (booking.title, booking.attendees_count) == (wish.title, wish.attendees_count)
            same_place = wish.location_id in {None, booking.location.id}
            if same_room and same_rest and same_place and wish.amenities <= booking.room.amenities:
                return booking
        return None

    # -- changing --------------------------------------------------------------------------------------------------

    async def book(self, wish: Wish, *, by: Actor, key: str | None = None) -> Booking:
        """Book the named room, or the best that fits, and return the booking.

        Raises a rule's error, LacksAmenities, NothingFits or SlotTaken, the last three with alternatives.
        """
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        rules.check(rules.of_wish(wish.slot, attendees_count=wish.attendees_count, title=wish.title))
        await self._refuse_lacking(catalogue, wish, by=by)
        rooms = await self._candidates(catalogue, wish, by=by, now=now)
        content = requests.fingerprint("book", wish=wish, by=by.person_id)
        booking_id, event_id = new_id(), new_id()

        async def work(session: WriteSession) -> Booking:
            if earlier := await self._earlier(session, key, content, catalogue, booking_id=booking_id, version=1, now=now):
                return earlier
            invited = await attendees_by_id(session, wish.invitees) if wish.invitees else {}
            busy = await claims.busy_rooms(session, rooms, wish.slot) if len(rooms) > 1 else set()
            for room in rooms:
                new = _new_booking(booking_id, wish, room, catalogue, by=by, invited=invited, now=now)
                if room.id not in busy and await _insert(session, new, by=by, event_id=event_id):
                    return new
            raise _AllTakenError

        try:
            return await self._db.write(work, repeatable=key is not None)
        except _AllTakenError:
            pass
        raise await self._taken(catalogue, wish, rooms, by=by, now=now)

    async def change(self, booking_id: UUID, change: Change, *, version: int, by: Actor, key: str | None = None) -> Changed:
        """Move or edit a booking and return it before and after.

        Raises StaleBooking when it is no longer at `version`, NotAllowed, NotActive, a rule's error, or SlotTaken.
        """
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        content = requests.fingerprint("change", booking=booking_id, change=change, version=version, by=by.person_id)
        states: dict[str, Booking] = {}

        async def work(session: WriteSession) -> Booking:
            if earlier := await self._earlier(
                session, key, content, catalogue, booking_id=booking_id, version=version + 1, now=now
            ):
                states["before"] = await _before(session, booking_id, version + 1, catalogue) or earlier
                return earlier
            before = await self._to_change(session, booking_id, catalogue, version=version, by=by, now=now)
            after = await _applied(session, before, change, catalogue, now=now)
            states.update(before=before, after=after)
            self._check_change(before, after, catalogue, by=by, now=now)
            await self._write(session, events.Kind.CHANGED, before, after, catalogue, by=by, now=now)
            return after

        try:
            after = await self._db.write(work, repeatable=key is not None)
        except _AllTakenError:
            pass
        else:
            return Changed(before=states["before"], after=after)
        raise await self._taken_for(states["after"], catalogue, by=by, now=now)

    async def cancel(
        self, booking_id: UUID, *, by: Actor, version: int | None = None, reason: str | None = None, key: str | None = None
    ) -> Changed:
        """Cancel a booking, giving its room back; the row stays. `version` None cancels whatever it is now."""
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        content = requests.fingerprint("cancel", booking=booking_id, version=version, reason=reason, by=by.person_id)
        states: dict[str, Booking] = {}

        async def work(session: WriteSession) -> Booking:
            if earlier := await self._earlier(
                session, key, content, catalogue, booking_id=booking_id, version=version and version + 1, now=now
            ):
                states["before"] = await _before(session, booking_id, earlier.version, catalogue) or earlier
                return earlier
            before = await self._to_change(session, booking_id, catalogue, version=version, by=by, now=now)
            after = replace(
                before, status=Status.CANCELLED, cancel_reason=reason, version=before.version + 1, updated_at=now
            )
            states["before"] = before
            if not await store.update(session, before, after):
                raise await _stale(session, before, catalogue)
            await claims.give_back(session, [before.id])
            await events.add(session, events.Kind.CANCELLED, before=before, after=after, by=by, at=now, reason=reason)
            return after

        after = await self._db.write(work, repeatable=key is not None)
        return Changed(before=states["before"], after=after)

    async def undo(self, booking_id: UUID, *, version: int, by: Actor, key: str | None = None) -> Changed:
        """Take back the change that led to `version`: a booking is cancelled, a move moved back, a cancelling restored.

        Raises StaleBooking when something came after it, SlotTaken when the time is no longer free.
        """
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        content = requests.fingerprint("undo", booking=booking_id, version=version, by=by.person_id)
        states: dict[str, Booking] = {}

        async def work(session: WriteSession) -> Booking:
            if earlier := await self._earlier(
                session, key, content, catalogue, booking_id=booking_id, version=version + 1, now=now
            ):
                states["before"] = await _before(session, booking_id, version + 1, catalogue) or earlier
                return earlier
            before = await store.booking(session, booking_id, catalogue)
            _allow(before, by)
            if before.version != version:
                raise await _stale(session, before, catalogue)
            after = await _reverted(session, before, catalogue, now=now)
            states.update(before=before, after=after)
            kind = events.Kind.RESTORED if after.holds_room else events.Kind.CANCELLED
            self._check_undo(before, after, catalogue, by=by, now=now)
            await self._write(session, kind, before, after, catalogue, by=by, now=now)
            return after

        try:
            after = await self._db.write(work, repeatable=key is not None)
        except _AllTakenError:
            pass
        else:
            return Changed(before=states["before"], after=after)
        raise await self._taken_for(states["after"], catalogue, by=by, now=now)

    async def swap(
        self, first_id: UUID, second_id: UUID, *, versions: tuple[int, int], by: Actor, key: str | None = None
    ) -> tuple[Changed, Changed]:
        """Let two bookings exchange their rooms, each keeping its time; both or neither.

        Raises SlotTaken when a third booking is in the way of either.
        """
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        content = requests.fingerprint("swap", pair=(first_id, second_id), versions=versions, by=by.person_id)
        wanted = {first_id: versions[0], second_id: versions[1]}
        states: dict[UUID, Changed] = {}

        async def work(session: WriteSession) -> None:
            if key and await requests.claim(session, key, content=content, result={}, now=now):
                return
            pair = [await self._to_change(session, one, catalogue, version=wanted[one], by=by, now=now) for one in wanted]
            await claims.lock_rooms(session, [booking.room.id for booking in pair])
            for before, other in zip(pair, reversed(pair), strict=True):
                after = replace(before, room=other.room, location=other.location, version=before.version + 1, updated_at=now)
                self._check_change(before, after, catalogue, by=by, now=now)
                states[before.id] = Changed(before=before, after=after)
            await _exchange(session, [states[one] for one in sorted(wanted)], catalogue, by=by, now=now)

        try:
            await self._db.write(work, repeatable=key is not None)
        except _AllTakenError:
            blocked = states[first_id].after
        else:
            if not states:  # answered before, under the same key
                return await self._swapped(first_id, versions[0]), await self._swapped(second_id, versions[1])
            return states[first_id], states[second_id]
        raise await self._taken_for(blocked, catalogue, by=by, now=now, but=tuple(wanted))

    # -- parts -----------------------------------------------------------------------------------------------------

    async def _earlier(
        self,
        session: WriteSession,
        key: str | None,
        content: str,
        catalogue: Catalogue,
        *,
        booking_id: UUID,
        version: int | None,
        now: datetime,
    ) -> Booking | None:
        """Claim the request key; return the booking as the first request with it left it, or None when this is the first."""
        if key is None:
            return None
        result = {"booking": str(booking_id), "version": version}
        answer = await requests.claim(session, key, content=content, result=result, now=now)
        if answer is None:
            return None
        done = UUID(answer["booking"])
        if answer["version"] is None:
            return await store.booking(session, done, catalogue)
        event = await store.event_of(session, done, answer["version"])
        assert event is not None
        return await store.from_snapshot(session, done, event["after"], catalogue)

    async def _candidates(self, catalogue: Catalogue, wish: Wish, *, by: Actor, now: datetime) -> list[Room]:
        try:
            return self._search.bookable(catalogue, wish, by=by, now=now)
        except errors.NothingFits as error:
            raise errors.NothingFits(error.message, slot=wish.slot) from error
        except (errors.OutsideOpeningHours, errors.TooManyAttendees, errors.TooLong, errors.RoomInactive) as error:
            error.alternatives = await self._search.alternatives(wish, by=by)
            raise

    async def _refuse_lacking(self, catalogue: Catalogue, wish: Wish, *, by: Actor) -> None:
        """Refuse a named room that lacks something asked for: neither the room nor the wish may be dropped in silence."""
        if wish.room_id is None:
            return
        room = catalogue.room(wish.room_id)
        lacking = listed(sorted(wish.amenities - room.amenities), last="or")
        if not lacking:
            return
        offers = await self._search.alternatives(wish, by=by)
        anyway = Alternative(kind=OfferKind.ANYWAY, room=room, location=catalogue.place_of(room), slot=wish.slot)
        free = not await self._search.rivals(room, wish.slot, by=by)
        raise errors.LacksAmenities(
            f"{room.name} has no {lacking}.", slot=wish.slot, alternatives=((anyway,) if free else ()) + offers
        )

    async def _to_change(
        self, session: WriteSession, booking_id: UUID, catalogue: Catalogue, *, version: int | None, by: Actor, now: datetime
    ) -> Booking:
        booking = await store.booking(session, booking_id, catalogue)
        _allow(booking, by)
        if booking.status not in HOLDS_ROOM:
            raise errors.NotActive(f"This booking is already {booking.status.value}.", booking=booking)
        if version is not None and booking.version != version:
            raise await _stale(session, booking, catalogue)
        if booking.end <= now:
            raise errors.NotActive(
                f"This booking ended at {clock_time(booking.end, booking.location.tz)} on"
                f" {short_date(booking.end.date(), today=now.date())}.",
                booking=booking,
            )
        return booking

    def _check_change(self, before: Booking, after: Booking, catalogue: Catalogue, *, by: Actor, now: datetime) -> None:
        found = rules.of_wish(after.slot, attendees_count=after.attendees_count, title=after.title)
        if after.start != before.start:
            found += rules.of_start(after.slot, location=after.location, now=now)
        elif after.end <= now:
            found.append(errors.StartInPast("The new end is over already.", fields={"end": "This time is over."}))
        if (after.slot, after.room.id, after.attendees_count) != (before.slot, before.room.id, before.attendees_count):
            found += rules.of_room(
                after.slot,
                room=after.room,
                location=after.location,
                policy=catalogue.policy(after.room),
                attendees_count=after.attendees_count,
                actor=by,
                now=now,
            )
        rules.check(found)

    def _check_undo(self, before: Booking, after: Booking, catalogue: Catalogue, *, by: Actor, now: datetime) -> None:
        if after.holds_room and after.end <= now:
            raise errors.NothingToUndo("That time is over.")
        if not after.holds_room and before.end <= now:
            raise errors.NothingToUndo("That booking is over.")
        if not after.holds_room:
            return
        found = rules.of_cutoff(policy=catalogue.policy(after.room), location=after.location, actor=by, now=now)
        if not after.room.active:
            found.append(errors.RoomInactive(f"{after.room.name} is out of use."))
        rules.check(found)

    async def _write(
        self,
        session: WriteSession,
        kind: events.Kind,
        before: Booking,
        after: Booking,
        catalogue: Catalogue,
        *,
        by: Actor,
        now: datetime,
    ) -> None:
        """Bring booking, claims and attendees from one state to the other, rooms locked first when a claim moves."""
        moved = (before.room.id, before.slot, before.holds_room) != (after.room.id, after.slot, after.holds_room)
        if moved and after.holds_room:
            await claims.lock_rooms(session, [before.room.id, after.room.id])
        if not await store.update(session, before, after):
            raise await _stale(session, before, catalogue)
        if moved:
            await claims.give_back(session, [before.id])
        if (
            moved
            and after.holds_room
            and not await claims.take(session, room=after.room, slot=after.slot, booking_id=after.id)
        ):
            raise _AllTakenError
        await store.invite(session, before, after)
        await events.add(session, kind, before=before, after=after, by=by, at=now)

    async def _taken(
        self, catalogue: Catalogue, wish: Wish, rooms: Sequence[Room], *, by: Actor, now: datetime
    ) -> BookingError:
        """Return the refusal for a wish whose every candidate is held."""
        offers = await self._search.alternatives(wish, by=by)
        if len(rooms) > 1:
            message = all_taken_sentence(len(rooms), wish, catalogue=catalogue, now=now)
            return errors.NothingFits(message, slot=wish.slot, alternatives=offers)
        (room,) = rooms
        rivals = await self._search.rivals(room, wish.slot, by=by)
        sentence = taken_sentence(room, rivals, wish.slot, catalogue=catalogue, now=now)
        return errors.SlotTaken(sentence, room=room, slot=wish.slot, rivals=rivals, alternatives=offers)

    async def _taken_for(
        self, wanted: Booking, catalogue: Catalogue, *, by: Actor, now: datetime, but: tuple[UUID, ...] = ()
    ) -> BookingError:
        """Return the refusal for a booking that cannot be where it was to go."""
        own = (*but, wanted.id)
        wish = Wish(slot=wanted.slot, attendees_count=wanted.attendees_count, room_id=wanted.room.id)
        rivals = await self._search.rivals(wanted.room, wanted.slot, by=by, but=own)
        offers = await self._search.alternatives(wish, by=by, but=own)
        sentence = taken_sentence(wanted.room, rivals, wanted.slot, catalogue=catalogue, now=now)
        return errors.SlotTaken(sentence, room=wanted.room, slot=wanted.slot, rivals=rivals, alternatives=offers)

    async def _swapped(self, booking_id: UUID, version: int) -> Changed:
        catalogue = await self._catalogues.current()

        async def work(session: ReadSession) -> Changed:
            event = await store.event_of(session, booking_id, version + 1)
            assert event is not None
            return Changed(
                before=await store.from_snapshot(session, booking_id, event["before"], catalogue),
                after=await store.from_snapshot(session, booking_id, event["after"], catalogue),
            )

        return await self._db.read(work)


def _new_booking(
    booking_id: UUID,
    wish: Wish,
    room: Room,
    catalogue: Catalogue,
    *,
    by: Actor,
    invited: dict[UUID, Attendee],
    now: datetime,
) -> Booking:
    booker = Attendee(person_id=by.person_id, slack_user_id=by.slack_user_id, name=by.name, co_organiser=True)
    return Booking(
        id=booking_id,
        room=room,
        location=catalogue.place_of(room),
        slot=wish.slot,
        title=wish.title,
        booker=booker,
        attendees=tuple(invited[person] for person in dict.fromkeys(wish.invitees) if person in invited),
        attendees_count=wish.attendees_count,
        status=Status.CONFIRMED,
        private=wish.private,
        version=1,
        created_at=now,
        updated_at=now,
    )


async def _insert(session: WriteSession, new: Booking, *, by: Actor, event_id: UUID) -> bool:
    """Write the booking; expired claims in the way are removed, so that nothing waits for a job to do it."""
    if await store.insert(session, new, by=by, event_id=event_id):
        return True
    if not await claims.drop_expired(session, room=new.room, slot=new.slot):
        return False
    return await store.insert(session, new, by=by, event_id=event_id)


def _allow(booking: Booking, by: Actor) -> None:
    if not booking.changeable_by(by):
        raise errors.NotAllowed("Only whoever booked it, a co-organiser or an admin can change this booking.")


async def _stale(session: ReadSession, seen: Booking, catalogue: Catalogue) -> BookingError:
    current = await store.booking(session, seen.id, catalogue)
    if current.status not in HOLDS_ROOM:
        return errors.NotActive(f"This booking is already {current.status.value}.", booking=current)
    return errors.StaleBooking("Somebody changed this booking meanwhile. Nothing was saved.", booking=current)


async def _before(session: ReadSession, booking_id: UUID, version: int, catalogue: Catalogue) -> Booking | None:
    event = await store.event_of(session, booking_id, version)
    if event is None or event["before"] is None:
        return None
    return await store.from_snapshot(session, booking_id, event["before"], catalogue)


async def _applied(
    session: WriteSession, before: Booking, change: Change, catalogue: Catalogue, *, now: datetime
) -> Booking:
    """Return the booking as the change wants it."""
    room = before.room if isinstance(change.room_id, Keep) else catalogue.room(change.room_id)
    attendees = before.attendees
    if not isinstance(change.invitees, Keep):
        known = await attendees_by_id(session, change.invitees)
        roles = {a.person_id: a.co_organiser for a in before.attendees}
        attendees = tuple(
            replace(known[person], co_organiser=roles.get(person, False))
            for person in dict.fromkeys(change.invitees)
            if person in known
        )
    return replace(
        before,
        room=room,
        location=catalogue.place_of(room),
        slot=before.slot if isinstance(change.slot, Keep) else change.slot,
        title=before.title if isinstance(change.title, Keep) else change.title,
        attendees_count=before.attendees_count if isinstance(change.attendees_count, Keep) else change.attendees_count,
        private=before.private if isinstance(change.private, Keep) else change.private,
        attendees=attendees,
        version=before.version + 1,
        updated_at=now,
    )


async def _reverted(session: ReadSession, current: Booking, catalogue: Catalogue, *, now: datetime) -> Booking:
    """Return the booking as it was before its last change; one that was only booked becomes cancelled."""
    event = await store.event_of(session, current.id, current.version)
    if event is None:
        raise errors.NothingToUndo("There is nothing to take back.")
    if event["before"] is None:
        return replace(current, status=Status.CANCELLED, version=current.version + 1, updated_at=now)
    earlier = await store.from_snapshot(session, current.id, event["before"], catalogue)
    return replace(earlier, version=current.version + 1, updated_at=now)


async def _exchange(
    session: WriteSession, changes: Sequence[Changed], catalogue: Catalogue, *, by: Actor, now: datetime
) -> None:
    """Write changes whose rooms are locked: all claims go before any comes, so that they do not meet each other."""
    for change in changes:
        if not await store.update(session, change.before, change.after):
            raise await _stale(session, change.before, catalogue)
    await claims.give_back(session, [change.before.id for change in changes])
    for change in changes:
        after = change.after
        if not await claims.take(session, room=after.room, slot=after.slot, booking_id=after.id):
            raise _AllTakenError
        await events.add(session, events.Kind.CHANGED, before=change.before, after=after, by=by, at=now)
