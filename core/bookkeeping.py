"""Bringing a booking, its claims, attendees and events from one state to another, inside somebody's transaction.

Kept out: opening and committing transactions (`bookings`), and everything that only reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from core import approving, borrowing, claims, errors, events, limits, offers, requests, rights, rules, store
from core.catalogue import Catalogue
from core.db import ReadSession, WriteSession
from core.errors import BookingError
from core.ids import new_id
from core.models import (
    HOLDS_ROOM,
    Actor,
    Attendee,
    Booking,
    Borrowed,
    Change,
    Changed,
    Keep,
    Right,
    Room,
    Slot,
    Status,
    Wish,
    by_name,
    one_line,
)
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
    """Return the booking's next version, with some fields new.

    One that holds no room any more gives back what it borrowed; of what has ended, that stays for the record.
    """
    if fields.get("status", Status.CONFIRMED) not in {*HOLDS_ROOM, Status.ENDED}:
        fields["equipment"] = ()
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
    allow(booking, by, catalogue)
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
    wanted, had = _asked_of_rooms(after), _asked_of_rooms(before)
    if wanted != had:
        found += of_rooms(after.slot, after.rooms, catalogue, attendees_count=after.attendees_count, by=by, now=now)
    try:
        rules.check(found)
    except errors.MENDED_ELSEWHERE as error:
        raise RuledOutError(error, after) from error


def _asked_of_rooms(booking: Booking) -> tuple[object, ...]:
    return booking.slot, booking.room.id, {room.id for room in booking.more_rooms}, booking.attendees_count


def of_rooms(
    slot: Slot, rooms: Sequence[Room], catalogue: Catalogue, *, attendees_count: int, by: Actor, now: datetime
) -> list[BookingError]:
    """Return every rule of the rooms that a booking of all of them would break; they seat people together."""
    return rules.of_rooms(slot, rooms, catalogue=catalogue, attendees_count=attendees_count, actor=by, now=now)


def check_undo(change: Changed, catalogue: Catalogue, *, by: Actor, now: datetime) -> None:
    """Raise what stands in the way of taking a change back: it is over, or what admins have ruled since.

    Where its rooms or its time come back, they are judged anew, as of now, but for how long ahead one books: that was kept
    when it was booked.
    """
    before, after = change.before, change.after
    if after.holds_room and after.end <= now:
        raise errors.NothingToUndo("That time is over.")
    if not after.holds_room and before.end <= now:
        raise errors.NothingToUndo("That booking is over.")
    if not after.holds_room:
        if after.status is Status.CANCELLED:
            check_cancel(before, catalogue, by=by, now=now)
        return
    found: list[BookingError] = []
    if not rights.may(by, Right.OVERRIDE, after.room, catalogue):
        policy = catalogue.policy(after.room, by.groups)
        found += rules.of_cutoff(policy=policy, location=after.location, actor=by, now=now)
    found += [errors.RoomInactive(f"{room.name} is out of use.") for room in after.rooms if not room.active]
    if not before.holds_room or _asked_of_rooms(after) != _asked_of_rooms(before):
        count = after.attendees_count
        broken = of_rooms(after.slot, after.rooms, catalogue, attendees_count=count, by=by, now=now)
        found += [error for error in broken if not isinstance(error, errors.TooShortNotice)]
    rules.check(found)


def check_cancel(before: Booking, catalogue: Catalogue, *, by: Actor, now: datetime) -> None:
    """Raise TooLateToCancel once a booking that was not only asked for can no longer be given back."""
    if before.status is not Status.PENDING:
        rules.check(rules.of_cancelling(before, catalogue=catalogue, actor=by, now=now))


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
    operation_id: UUID | None = None,
) -> None:
    """Bring booking, claims, attendees and what it borrows from one state to the other.

    Locked in one order: equipment, rooms where a claim moves, the lines of what is given back, claims.
    """
    before, after = change.before, change.after
    moved = _kept(before) != _kept(after)
    if after.holds_room and borrowing.differs(before, after):
        await _reserve(session, after, catalogue, now=now)
    if moved and after.holds_room:
        await claims.lock_rooms(session, [*before.rooms, *after.rooms])
    await store.keep_more_rooms(session, before, after)
    if not await store.update(session, before, after):
        raise await stale(session, before, catalogue)
    freed = [(room, before.slot) for room in before.rooms] if moved and before.holds_room else []
    if before.holds_room and before.equipment and borrowing.differs(before, after):
        things, around = [one.equipment for one in before.equipment], borrowing.kept(before.rooms, before.slot)
        freed += await offers.waited_for_with(session, things, around, catalogue)
    wanted = await offers.hold_lines(session, freed, catalogue=catalogue, now=now)
    until = await approving.settle(session, before, after, catalogue=catalogue, now=now)
    if moved:
        await claims.give_back(session, [before.id])
    if moved and after.holds_room and not await _claim(session, after, catalogue, until=until, now=now):
        raise TakenError(after)
    if not moved and after.holds_room and Status.PENDING in {before.status, after.status}:
        await claims.hold_until(session, [after.id], until)
    await borrowing.bring(session, before, after, now=now)
    await store.invite(session, before, after)
    await events.add(
        session,
        kind,
        event_id=event_id,
        before=before,
        after=after,
        by=by,
        at=now,
        reason=reason,
        operation_id=operation_id,
    )
    if wanted:
        await offers.offer_freed(session, catalogue, rooms_and_slots=freed, lines=wanted, now=now)


async def _reserve(
    session: WriteSession, booking: Booking, catalogue: Catalogue, *, now: datetime, waiting_id: UUID | None = None
) -> None:
    """Keep others from what a booking is to borrow, before any room of it is claimed."""
    if not booking.equipment:
        return
    await borrowing.lock(session, booking)
    lacking = await borrowing.lacking(session, booking, waiting_id=waiting_id)
    if lacking:
        things, around = [one.equipment for one in booking.equipment], borrowing.kept(booking.rooms, booking.slot)
        missed = await offers.clear_expired_things(session, things, around, now=now)
        expired = await borrowing.lock_expired(session, booking, now=now)
        for booking_id in expired:
            await lapse(session, await store.booking(session, booking_id, catalogue), catalogue, now=now)
        if missed or expired:
            lacking = await borrowing.lacking(session, booking, waiting_id=waiting_id)
    if lacking:
        raise borrowing.LentOutError(lacking, booking, now=now)


def _kept(booking: Booking) -> tuple[tuple[UUID, Slot], ...]:
    """Return the claims that a booking as it stands must have."""
    return claims.parts(booking.rooms, booking.slot) if booking.holds_room else ()


async def _claim(
    session: WriteSession, booking: Booking, catalogue: Catalogue, *, until: datetime | None, now: datetime
) -> bool:
    """Claim the booking's rooms, which are locked; what has expired there makes way."""
    if await claims.take(session, rooms=booking.rooms, slot=booking.slot, booking_id=booking.id, until=until):
        return True
    if not await make_way(session, booking, catalogue, locked=True, now=now):
        return False
    return await claims.take(session, rooms=booking.rooms, slot=booking.slot, booking_id=booking.id, until=until)


def clock(booking: Booking) -> Actor:
    """Return the clock acting in the booker's name, since somebody must stand in the audit."""
    booker = booking.booker
    return Actor(person_id=booker.person_id, slack_user_id=booker.slack_user_id, name=booker.name, surface="clock")


async def make_way(session: WriteSession, wanted: Booking, catalogue: Catalogue, *, locked: bool, now: datetime) -> bool:
    """Remove expired claims where a booking is to go, so that nothing waits for a job to do it; return if there were any.

    A booking that waited for approval until then expires with its claim. Where rooms are `locked` already, one that somebody
    is changing at this moment is left to them: they may wait for a room.
    """
    offered = await offers.clear_expired(session, rooms=wanted.rooms, slot=wanted.slot, now=now)
    expired = await claims.expired_bookings(session, rooms=wanted.rooms, slot=wanted.slot, now=now)
    # What was given back meanwhile makes way as well: the next attempt is worth it.
    if expired and not locked:
        await store.lock(session, *expired)
    elif expired and not await store.try_lock(session, *expired):
        return False
    for booking_id in expired:
        await lapse(session, await store.booking(session, booking_id, catalogue), catalogue, now=now)
    dropped = await claims.drop_expired(session, rooms=wanted.rooms, slot=wanted.slot, now=now)
    if dropped or offered or expired:
        return True
    # Somebody else may have cleared the way while this waited for them.
    return not await claims.busy_rooms(session, wanted.rooms, wanted.slot, now=now, but=[wanted.id])


async def lapse(session: WriteSession, before: Booking, catalogue: Catalogue, *, now: datetime) -> None:
    """End the waiting of a locked booking that nobody has approved in time; what was approved of it before goes on."""
    if before.status is not Status.PENDING:
        return
    after = await approving.lapse(session, before, catalogue, now=now)
    if after is before:
        return
    await store.keep_more_rooms(session, before, after)
    if not await store.update(session, before, after):
        return
    await claims.give_back(session, [before.id])
    if after.holds_room:
        # Never more than it held: nobody can be in the way.
        await claims.take(session, rooms=after.rooms, slot=after.slot, booking_id=after.id)
    await borrowing.bring(session, before, after, now=now)
    await store.invite(session, before, after)
    kind, by = events.Kind.EXPIRED, clock(before)
    await events.add(session, kind, event_id=new_id(), before=before, after=after, by=by, at=now)


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
    """Return a booking of a wish in a room, as it is going to be written.

    Raises RoomNotFound, EquipmentNotFound or EquipmentTaken where what comes along is not to be had at all.
    """
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
        more_rooms=others(room, wish.more_room_ids, catalogue),
        equipment=borrowed(wish.equipment, room, catalogue),
    )


def others(room: Room, more_room_ids: Iterable[UUID], catalogue: Catalogue) -> tuple[Room, ...]:
    """Return the rooms beside the first, by name; what the others hold anyway, as a whole holds its parts, is left out."""
    rooms = [room, *(catalogue.room(room_id) for room_id in dict.fromkeys(more_room_ids) if room_id != room.id)]
    more = [one for one in rooms[1:] if not _held_by_another(one, rooms)]
    strangers = [one for one in more if one.location_id != room.location_id]
    if strangers:
        place, other = catalogue.place_of(room).name, catalogue.place_of(strangers[0]).name
        raise errors.NotTogether(
            f"{room.name} is in {place} and {strangers[0].name} in {other}; rooms of two places are booked one by one."
        )
    return tuple(sorted(more, key=lambda one: (one.name.casefold(), one.id)))


def _held_by_another(room: Room, rooms: Sequence[Room]) -> bool:
    """Tell whether another of the rooms claims all of a room's parts and more."""
    return any(other.id != room.id and set(room.leaves) < set(other.leaves) for other in rooms)


def borrowed(pairs: Sequence[tuple[UUID, int]], room: Room, catalogue: Catalogue) -> tuple[Borrowed, ...]:
    """Return what a booking of the room is to borrow, by name.

    Raises EquipmentNotFound for what is not at the room's place, EquipmentTaken for more than there is of it at all.
    """
    return borrowing.to_borrow(pairs, catalogue.place_of(room), catalogue)


async def ask_first(session: WriteSession, new: Booking, catalogue: Catalogue, *, by: Actor, now: datetime) -> None:
    """Take the locks of a booking's limits and equipment, for whoever is about to lock what others wait for with them.

    Raises QuotaReached and AnotherRoomThen, as `make` would.
    """
    await limits.check(session, new, before=None, catalogue=catalogue, by=by, now=now)
    await borrowing.lock(session, new)


async def make(
    session: WriteSession,
    new: Booking,
    catalogue: Catalogue,
    *,
    by: Actor,
    event_id: UUID,
    now: datetime,
    waiting_id: UUID | None = None,
    operation_id: UUID | None = None,
) -> Booking | None:
    """Write a new booking, waiting for approval where that is needed; None where somebody holds one of its rooms.

    With `waiting_id`, what is held for that place in line becomes its claims. Raises QuotaReached, AnotherRoomThen,
    EquipmentTaken, and StaleCatalogueError where it was judged by what does not hold any more.
    """
    status, until = approving.status_of_new(new.rooms, new.slot, catalogue=catalogue, by=by, now=now)
    if status is not new.status:
        new = replace(new, status=status)
    await limits.check(session, new, before=None, catalogue=catalogue, by=by, now=now)
    await _reserve(session, new, catalogue, now=now, waiting_id=waiting_id)
    if waiting_id is not None:
        made = await store.insert_offered(
            session, new, catalogue, waiting_id=waiting_id, by=by, event_id=event_id, until=until
        )
    else:
        made = await insert(
            session, new, catalogue, by=by, event_id=event_id, now=now, until=until, operation_id=operation_id
        )
    if not made:
        return None
    if new.equipment and waiting_id is not None:
        await borrowing.turn(session, new, waiting_id=waiting_id)
    elif new.equipment:
        await borrowing.lend(session, new)
    if until is not None:
        await approving.asked(session, new, approved_before=None, expires_at=until, by=by, now=now)
    return new


async def insert(
    session: WriteSession,
    new: Booking,
    catalogue: Catalogue,
    *,
    by: Actor,
    event_id: UUID,
    now: datetime,
    until: datetime | None = None,
    operation_id: UUID | None = None,
) -> bool:
    """Write the booking with its claims alone, unless somebody holds a room; what has expired there makes way."""
    locked = bool(new.more_rooms or new.room.parts)
    if locked:
        await claims.lock_rooms(session, new.rooms)
    facts: Any = {"by": by, "event_id": event_id, "until": until, "operation_id": operation_id}
    if await store.insert(session, new, catalogue, **facts):
        return True
    if not await make_way(session, new, catalogue, locked=locked, now=now):
        return False
    return await store.insert(session, new, catalogue, **facts)


def allow(booking: Booking, by: Actor, catalogue: Catalogue | None = None) -> None:
    """Raise NotAllowed when the actor may not change the booking: neither theirs, nor in rooms that they manage."""
    if booking.changeable_by(by):
        return
    if catalogue and all(rights.may(by, Right.MANAGE, room, catalogue) for room in booking.rooms):
        return
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
    room, more = _rooms_as(before, change, catalogue)
    attendees = before.attendees
    if not isinstance(change.invitees, Keep):
        known = {a.person_id: a for a in before.attendees}
        people = await invited(session, change.invitees)
        attendees = tuple(known.get(a.person_id, replace(a, co_organiser=before.shared)) for a in people)
    if not isinstance(change.shared, Keep):
        attendees = tuple(replace(a, co_organiser=change.shared) for a in attendees)
    slot = before.slot if isinstance(change.slot, Keep) else change.slot
    lent = [(one.equipment.id, one.quantity) for one in before.equipment]
    wanted = lent if isinstance(change.equipment, Keep) else change.equipment
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
        more_rooms=others(room, more, catalogue),
        equipment=before.equipment if wanted == lent and room is before.room else borrowed(wanted, room, catalogue),
    )


def _rooms_as(before: Booking, change: Change, catalogue: Catalogue) -> tuple[Room, list[UUID]]:
    """Return the first room and those beside it as a change wants them.

    Raises WhichRoom where it names another room and not which of several that one takes the place of, RoomNotFound where
    the booking does not have that one, NotTogether where it has the new one already.
    """
    beside = [one.id for one in before.more_rooms]
    if isinstance(change.room_id, Keep):
        return before.room, beside if isinstance(change.more_room_ids, Keep) else list(change.more_room_ids)
    room = catalogue.room(change.room_id)
    if not isinstance(change.more_room_ids, Keep):
        return room, list(change.more_room_ids)
    if isinstance(change.instead_of, Keep):
        if beside and room.id != before.room.id:
            raise errors.WhichRoom(before.rooms, room)
        return room, beside
    there = {one.id: one for one in before.rooms}
    if change.instead_of not in there:
        raise errors.RoomNotFound("This booking does not have that room any more.")
    if room.id in there and room.id != change.instead_of:
        raise errors.NotTogether(f"This booking has {room.name} already.")
    if change.instead_of == before.room.id:
        return room, beside
    return before.room, [room.id if one == change.instead_of else one for one in beside]


async def permitted(session: WriteSession, wanted: Changed, catalogue: Catalogue, *, by: Actor, now: datetime) -> Changed:
    """Return a change as limits and approval let it pass: what takes more may have to be asked for again.

    To be called before anything of it is written. Raises QuotaReached and AnotherRoomThen.
    """
    before, after = wanted.before, wanted.after
    status, _ = approving.after_change(before, after, catalogue=catalogue, by=by, now=now)
    if status is not after.status:
        after = replace(after, status=status)
        if status is Status.PENDING:
            after = replace(after, checked_in_at=None)
    await within_limits(session, Changed(before=before, after=after), catalogue, by=by, now=now)
    return Changed(before=before, after=after)


async def within_limits(session: WriteSession, wanted: Changed, catalogue: Catalogue, *, by: Actor, now: datetime) -> None:
    """Raise QuotaReached or AnotherRoomThen where a change takes more than its booker may hold."""
    before, after = wanted.before, wanted.after
    if after.holds_room:
        had = before if before.holds_room else None
        await limits.check(session, after, before=had, catalogue=catalogue, by=by, now=now)


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
    if event["kind"] in approving.DECISIONS:
        raise errors.NothingToUndo("That was decided by somebody else meanwhile.")
    if event["before"] is None:
        return following(current, now=now, status=Status.CANCELLED)
    earlier = await store.from_snapshot(session, current.id, event["before"], catalogue)
    earlier = _as_answered(earlier, current, led_to=event["after"])
    if event["kind"] == events.Kind.RELEASED:
        # Whoever is there has the room, with what nobody else has borrowed since.
        equipment = await regained(session, current, earlier, catalogue)
        earlier = replace(earlier, status=Status.CHECKED_IN, checked_in_at=now, equipment=equipment)
    return replace(earlier, version=current.version + 1, updated_at=now)


async def regained(session: ReadSession, before: Booking, after: Booking, catalogue: Catalogue) -> tuple[Borrowed, ...]:
    """Return what a booking had borrowed before its last change and nobody else has by now."""
    event = await store.last_step(session, before)
    if event is None or not event["before"] or not event["before"].get("equipment"):
        return ()
    earlier = await store.from_snapshot(session, before.id, event["before"], catalogue)
    return await borrowing.still(session, replace(after, equipment=earlier.equipment))


def _as_answered(earlier: Booking, current: Booking, *, led_to: Mapping[str, Any]) -> Booking:
    """Return an earlier state with what was answered and said of running late since; `led_to` is the step's outcome."""
    said = {a.person_id: a.response for a in current.attendees}
    changed = current.attendees_count - led_to["attendees_count"]
    return replace(
        earlier,
        attendees=tuple(replace(a, response=said.get(a.person_id, a.response)) for a in earlier.attendees),
        attendees_count=max(1, min(earlier.attendees_count + changed, max(earlier.attendees_count, earlier.seats))),
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
    await borrowing.lock(session, *(change.after for change in pair))
    await claims.lock_rooms(session, [room for change in pair for room in change.after.rooms])
    for change in sorted(pair, key=lambda change: change.before.id):
        if not await store.update(session, change.before, change.after):
            raise await stale(session, change.before, catalogue)
    freed = [(change.before.room, change.before.slot) for change in pair]
    wanted = await offers.hold_lines(session, freed, catalogue=catalogue, now=now)
    until = {
        change.after.id: await approving.settle(session, change.before, change.after, catalogue=catalogue, now=now)
        for change in pair
    }
    await claims.give_back(session, [change.before.id for change in pair])
    for change in sorted(pair, key=lambda change: change.after.start):
        if not await _claim(session, change.after, catalogue, until=until[change.after.id], now=now):
            raise TakenError(change.after)
    for change, event_id in zip(pair, event_ids, strict=True):
        await borrowing.bring(session, change.before, change.after, now=now)
        await events.add(
            session, events.Kind.CHANGED, event_id=event_id, before=change.before, after=change.after, by=by, at=now
        )
    if wanted:
        await offers.offer_freed(session, catalogue, rooms_and_slots=freed, lines=wanted, now=now)
