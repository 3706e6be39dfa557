"""Bringing a booking, its claims, attendees and events from one state to another, inside somebody's transaction.

Kept out: opening and committing transactions (`bookings`), and everything that only reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from core import claims, errors, events, offers, requests, rules, store
from core.catalogue import Catalogue
from core.db import ReadSession, WriteSession
from core.errors import BookingError
from core.ids import new_id
from core.models import HOLDS_ROOM, Actor, Attendee, Booking, Change, Changed, Keep, Room, Status, Wish, by_name, one_line
from core.people import attendees_by_id
from core.saying import clock_time, near_date


class TakenError(Exception):
    """Somebody holds the room, or every candidate; rolls the transaction back. `wanted` is how it was to be."""

    def __init__(self, wanted: Booking) -> None:
        super().__init__()
        self.wanted = wanted


class RuledOutError(Exception):
    """A rule stands in the way of a change; rolls the transaction back. `wanted` is how the booking was to be."""

    def __init__(self, error: BookingError, wanted: Booking) -> None:
        super().__init__()
        self.error = error
        self.wanted = wanted


async def known(
    session: ReadSession, key: str, content: str, catalogue: Catalogue, now: datetime
) -> tuple[Changed, ...] | None:
    """Return what an earlier request with the key did: told before rules are judged again, which may have changed."""
    answer = await requests.look_up(session, key, content=content, now=now)
    return await store.answered(session, answer, catalogue) if answer else None


async def answered(
    session: WriteSession,
    key: str | None,
    content: str,
    catalogue: Catalogue,
    *,
    event_ids: Sequence[UUID],
    now: datetime,
) -> tuple[Changed, ...] | None:
    """Claim the request key; return what the first request with it did, or None when this is the first."""
    if key is None:
        return None
    answer = await requests.claim(session, key, content=content, event_ids=event_ids, now=now)
    return await store.answered(session, answer, catalogue) if answer else None


async def unchanged(session: WriteSession, key: str | None, bookings: Sequence[Booking]) -> tuple[Changed, ...]:
    """Answer a request that changed nothing."""
    if key is not None:
        await requests.changed_nothing(session, key, [(booking.id, booking.version) for booking in bookings])
    return tuple(Changed(before=booking, after=booking) for booking in bookings)


def same(change: Changed) -> bool:
    """Tell whether a change leaves the booking as it was."""
    before, after = change.before, change.after
    return before == replace(after, version=before.version, updated_at=before.updated_at)


def following(before: Booking, *, now: datetime, **fields: Any) -> Booking:  # noqa: ANN401 - any of the booking's fields
    """Return the booking\'s next version, with some fields new."""
    return replace(before, **fields, version=before.version + 1, updated_at=now)


def into_room_of(other: Booking, before: Booking, *, now: datetime) -> Changed:
    """Return a booking moved into the room of another, its time kept."""
    return Changed(before=before, after=following(before, now=now, room=other.room, location=other.location))


async def to_change(
    session: WriteSession, booking_id: UUID, catalogue: Catalogue, *, version: int | None, by: Actor, now: datetime
) -> Booking:
    """Return the booking, locked, if the actor may change it and it is as they saw it.

    Answers of those invited and word of running late, which came after what they saw, do not stand in the way.
    """
    await store.lock(session, booking_id)
    booking = await store.booking(session, booking_id, catalogue)
    allow(booking, by)
    if booking.status not in HOLDS_ROOM:
        raise not_active(booking)
    if version is not None and not await as_seen(session, booking, version):
        raise await stale(session, booking, catalogue)
    refuse_past(booking, now=now)
    return booking


async def as_seen(session: ReadSession, booking: Booking, version: int) -> bool:
    """Tell whether a booking is as somebody saw it, answers and word of running late aside."""
    if booking.version == version:
        return True
    return booking.version > version and await store.only_responses_since(session, booking.id, version)


def refuse_past(booking: Booking, *, now: datetime) -> None:
    """Raise NotActive where the booking's time is over."""
    if booking.end > now:
        return
    zone = booking.location.tz
    day = near_date(booking.end.astimezone(zone).date(), today=now.astimezone(zone).date())
    raise errors.NotActive(f"This booking ended {day} at {clock_time(booking.end, zone)}.", booking=booking)


def check_change(change: Changed, catalogue: Catalogue, *, by: Actor, now: datetime) -> None:
    """Raise the rules that a change would break; a room or time that stays is not judged again.

    What another room or time would mend is raised as RuledOutError.
    """
    before, after = change.before, change.after
    rules.check(rules.of_wish(after.slot, attendees_count=after.attendees_count, title=after.title))
    found: list[BookingError] = []
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
    try:
        rules.check(found)
    except errors.MENDED_ELSEWHERE as error:
        raise RuledOutError(error, after) from error


def check_undo(change: Changed, catalogue: Catalogue, *, by: Actor, now: datetime) -> None:
    """Raise what stands in the way of taking a change back: it is over, or the room is closed to it now."""
    before, after = change.before, change.after
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


async def write(
    session: WriteSession,
    kind: events.Kind,
    change: Changed,
    catalogue: Catalogue,
    *,
    event_id: UUID,
    by: Actor,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Bring booking, claims and attendees from one state to the other, rooms locked first when a claim moves."""
    before, after = change.before, change.after
    moved = (before.room.id, before.slot, before.holds_room) != (after.room.id, after.slot, after.holds_room)
    if moved and after.holds_room:
        await claims.lock_rooms(session, [before.room.id, after.room.id])
    if not await store.update(session, before, after):
        raise await stale(session, before, catalogue)
    freed = ((before.room, before.slot),) if moved and before.holds_room else ()
    wanted = await offers.hold_lines(session, freed, now=now)
    if moved:
        await claims.give_back(session, [before.id])
    if moved and after.holds_room and not await _claim(session, after, catalogue, now=now):
        raise TakenError(after)
    await store.invite(session, before, after)
    await events.add(session, kind, event_id=event_id, before=before, after=after, by=by, at=now, reason=reason)
    if wanted:
        await offers.offer_freed(session, catalogue, rooms_and_slots=freed, now=now)


async def _claim(session: WriteSession, booking: Booking, catalogue: Catalogue, *, now: datetime) -> bool:
    """Claim the booking's room; what has expired there makes way."""
    if await claims.take(session, room=booking.room, slot=booking.slot, booking_id=booking.id):
        return True
    if not await _make_way(session, booking, catalogue, now=now):
        return False
    return await claims.take(session, room=booking.room, slot=booking.slot, booking_id=booking.id)


def clock(booking: Booking) -> Actor:
    """Return the clock acting in the booker's name, since somebody must stand in the audit."""
    booker = booking.booker
    return Actor(person_id=booker.person_id, slack_user_id=booker.slack_user_id, name=booker.name, surface="clock")


async def _make_way(session: WriteSession, wanted: Booking, catalogue: Catalogue, *, now: datetime) -> bool:
    """Remove expired claims where a booking is to go, so that nothing waits for a job to do it; return if there were any.

    A booking that waited for approval until then expires with its claim.
    """
    offered = await offers.clear_expired(session, room=wanted.room, slot=wanted.slot, now=now)
    for booking_id in await claims.expired_bookings(session, room=wanted.room, slot=wanted.slot, now=now):
        before = await store.booking(session, booking_id, catalogue)
        after = following(before, now=now, status=Status.EXPIRED)
        if before.holds_room and await store.update(session, before, after):
            by = clock(before)
            await events.add(session, events.Kind.EXPIRED, event_id=new_id(), before=before, after=after, by=by, at=now)
    return await claims.drop_expired(session, room=wanted.room, slot=wanted.slot, now=now) or offered


async def invited(session: ReadSession, people: Sequence[UUID]) -> tuple[Attendee, ...]:
    """Return the people as attendees, or raise PersonNotFound."""
    if not people:
        return ()
    known = await attendees_by_id(session, people)
    if any(person not in known for person in people):
        raise errors.PersonNotFound("One of the people invited is not known here.")
    return by_name(known.values())


def new_booking(
    booking_id: UUID,
    wish: Wish,
    room: Room,
    catalogue: Catalogue,
    *,
    by: Actor,
    invited: tuple[Attendee, ...],
    now: datetime,
) -> Booking:
    """Return a booking of a wish in a room, as it is going to be written."""
    booker = Attendee(person_id=by.person_id, slack_user_id=by.slack_user_id, name=by.name, co_organiser=True)
    return Booking(
        id=booking_id,
        room=room,
        location=catalogue.place_of(room),
        slot=wish.slot,
        title=wish.title,
        booker=booker,
        attendees=tuple(replace(one, co_organiser=wish.shared) for one in invited),
        attendees_count=wish.attendees_count,
        status=Status.CONFIRMED,
        private=wish.private,
        version=1,
        created_at=now,
        updated_at=now,
    )


async def insert(
    session: WriteSession, new: Booking, catalogue: Catalogue, *, by: Actor, event_id: UUID, now: datetime
) -> bool:
    """Write the booking, unless somebody holds the room; what has expired there makes way."""
    if await store.insert(session, new, by=by, event_id=event_id):
        return True
    if not await _make_way(session, new, catalogue, now=now):
        return False
    return await store.insert(session, new, by=by, event_id=event_id)


def allow(booking: Booking, by: Actor) -> None:
    """Raise NotAllowed when the actor may not change the booking."""
    if not booking.changeable_by(by):
        raise errors.NotAllowed("Only whoever booked it, a co-organiser or an admin can change this booking.")


def not_active(booking: Booking) -> BookingError:
    """Return the refusal to change a booking that holds no room any more."""
    said = {Status.RELEASED: "was released", Status.ENDED: "is over"}.get(
        booking.status, f"is already {booking.status.value}"
    )
    return errors.NotActive(f"This booking {said}.", booking=booking)


async def stale(session: ReadSession, seen: Booking, catalogue: Catalogue) -> BookingError:
    """Return the refusal that carries the booking as it is now, other than the actor saw it."""
    current = await store.booking(session, seen.id, catalogue)
    if current.status not in HOLDS_ROOM:
        return not_active(current)
    return errors.StaleBooking("Somebody changed this booking meanwhile. Nothing was saved.", booking=current)


async def applied(session: WriteSession, before: Booking, change: Change, catalogue: Catalogue, *, now: datetime) -> Booking:
    """Return the booking as the change wants it."""
    room = before.room if isinstance(change.room_id, Keep) else catalogue.room(change.room_id)
    attendees = before.attendees
    if not isinstance(change.invitees, Keep):
        known = {a.person_id: a for a in before.attendees}
        people = await invited(session, change.invitees)
        attendees = tuple(known.get(a.person_id, replace(a, co_organiser=before.shared)) for a in people)
    if not isinstance(change.shared, Keep):
        attendees = tuple(replace(a, co_organiser=change.shared) for a in attendees)
    slot = before.slot if isinstance(change.slot, Keep) else change.slot
    return following(
        before if slot.start == before.start else _unattended(before),
        now=now,
        room=room,
        location=catalogue.place_of(room),
        slot=slot,
        title=before.title if isinstance(change.title, Keep) else one_line(change.title),
        attendees_count=before.attendees_count if isinstance(change.attendees_count, Keep) else change.attendees_count,
        private=before.private if isinstance(change.private, Keep) else change.private,
        attendees=attendees,
    )


def _unattended(booking: Booking) -> Booking:
    """Return a booking to which nobody has come yet: at another start, everybody may be late anew."""
    status = Status.CONFIRMED if booking.status is Status.CHECKED_IN else booking.status
    return replace(booking, status=status, late_at=None, checked_in_at=None)


async def reverted(session: ReadSession, current: Booking, catalogue: Catalogue, *, now: datetime) -> Booking:
    """Return the booking as it was before its last change; one that was only booked becomes cancelled.

    What those invited have answered since is kept. Whoever takes back that a room was released is there.
    """
    event = await store.last_step(session, current)
    if event is None:
        raise errors.NothingToUndo("There is nothing to take back.")
    if event["before"] is None:
        return following(current, now=now, status=Status.CANCELLED)
    earlier = await store.from_snapshot(session, current.id, event["before"], catalogue)
    earlier = _as_answered(earlier, current, led_to=event["after"])
    if event["kind"] == events.Kind.RELEASED:
        earlier = replace(earlier, status=Status.CHECKED_IN, checked_in_at=now)
    return replace(earlier, version=current.version + 1, updated_at=now)


def _as_answered(earlier: Booking, current: Booking, *, led_to: Mapping[str, Any]) -> Booking:
    """Return an earlier state with what was answered and said of running late since; `led_to` is the step's outcome."""
    said = {a.person_id: a.response for a in current.attendees}
    changed = current.attendees_count - led_to["attendees_count"]
    return replace(
        earlier,
        attendees=tuple(replace(a, response=said.get(a.person_id, a.response)) for a in earlier.attendees),
        attendees_count=max(1, min(earlier.attendees_count + changed, max(earlier.attendees_count, earlier.room.capacity))),
        late_at=(earlier.late_at or current.late_at) if earlier.start == current.start else earlier.late_at,
    )


async def exchange(
    session: WriteSession,
    pair: Sequence[Changed],
    catalogue: Catalogue,
    *,
    event_ids: Sequence[UUID],
    by: Actor,
    now: datetime,
) -> None:
    """Write changes that exchange rooms: all claims go before any comes, so that they do not meet each other."""
    await claims.lock_rooms(session, [change.after.room.id for change in pair])
    for change in sorted(pair, key=lambda change: change.before.id):
        if not await store.update(session, change.before, change.after):
            raise await stale(session, change.before, catalogue)
    freed = [(change.before.room, change.before.slot) for change in pair]
    wanted = await offers.hold_lines(session, freed, now=now)
    await claims.give_back(session, [change.before.id for change in pair])
    for change in sorted(pair, key=lambda change: change.after.start):
        if not await _claim(session, change.after, catalogue, now=now):
            raise TakenError(change.after)
    for change, event_id in zip(pair, event_ids, strict=True):
        await events.add(
            session, events.Kind.CHANGED, event_id=event_id, before=change.before, after=change.after, by=by, at=now
        )
    if wanted:
        await offers.offer_freed(session, catalogue, rooms_and_slots=freed, now=now)
