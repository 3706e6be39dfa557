"""Coming, running late, answering, staying longer, leaving early: each once, by whom it concerns, with all that follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core import checkin, checks, errors
from core.models import Booking, Change, CheckIn, Policy, Response, Room, Slot, Status
from core.rooms import Rooms
from tests.core.office import Office, at
from tests.core.warned import ask_for_check_in


@pytest.fixture
async def apollo(office: Office) -> Room:
    """A room with eight seats that asks for check-in."""
    room = await office.room("Apollo", seats=8, has=["tv"])
    await ask_for_check_in(office, room)
    return room


async def meeting(office: Office, room: Room, *, people: int = 3, minutes: int = 60, hour: float = 10) -> Booking:
    """Book a meeting of Ana's to which Bob is invited."""
    return await office.book(room, at(hour, minutes), attendees_count=people, invitees=(office.bob.person_id,))


def go_to(office: Office, hour: float) -> None:
    office.clock.set(at(hour).start)


# -- checking in -------------------------------------------------------------------------------------------------------


async def test_somebody_invited_checks_in_from_ten_minutes_before_the_start(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    office.clock.set(booked.start - timedelta(minutes=10, seconds=1))
    with pytest.raises(errors.CheckInNotOpen, match="from 10:50 today on"):
        await office.presence.check_in(booked.id, by=office.bob)

    office.clock.set(booked.start - timedelta(minutes=10))
    done = await office.presence.check_in(booked.id, by=office.bob)

    assert (done.before.status, done.after.status) == (Status.CONFIRMED, Status.CHECKED_IN)
    assert done.after.checked_in_at == office.clock.now()
    assert await office.bookings.get(booked.id) == done.after
    assert await checks.violations(office.db) == []


async def test_a_second_check_in_by_anybody_answers_with_the_booking_as_it_is(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    office.clock.set(booked.start)
    first = await office.presence.check_in(booked.id, by=office.bob, key="one")
    office.clock.advance(timedelta(minutes=1))
    second = await office.presence.check_in(booked.id, by=office.ana, key="two")

    assert second.before == second.after == first.after
    assert await office.presence.check_in(booked.id, by=office.bob, key="one") == first
    assert await office.presence.check_in(booked.id, by=office.ana, key="two") == second
    assert await office.count("SELECT count(*) FROM events WHERE kind = 'checked_in'") == 1


async def test_strangers_cannot_check_in_and_admins_can(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    office.clock.set(booked.start)
    for stranger in (await office.actor("eve"), office.visitor):
        with pytest.raises(errors.NotAttending):
            await office.presence.check_in(booked.id, by=stranger)
    assert (await office.presence.check_in(booked.id, by=office.boss)).after.status is Status.CHECKED_IN


async def test_nobody_checks_in_to_what_is_over_cancelled_or_asks_for_none(office: Office, apollo: Room) -> None:
    booked, other = await meeting(office, apollo), await meeting(office, apollo, hour=12)
    await office.bookings.cancel(other.id, by=office.ana)
    office.clock.set(booked.end)
    with pytest.raises(errors.NotActive, match="ended today at 12:00"):
        await office.presence.check_in(booked.id, by=office.ana)
    go_to(office, 12)
    with pytest.raises(errors.NotActive, match="cancelled"):
        await office.presence.check_in(other.id, by=office.ana)
    free = await office.book(await office.room("Zeus"), at(13))
    go_to(office, 13)
    with pytest.raises(errors.CheckInNotOpen, match="Nobody has to"):
        await office.presence.check_in(free.id, by=office.ana)


# State by minutes from the start of a meeting of an hour.
STATES = [
    (-11, Status.CONFIRMED, "not_yet"),
    (-10, Status.CONFIRMED, "open"),
    (59, Status.CONFIRMED, "open"),
    (60, Status.CONFIRMED, "over"),
    (-5, Status.CHECKED_IN, "done"),
    (60, Status.CHECKED_IN, "over"),
    (20, Status.RELEASED, "over"),
    (-5, Status.CANCELLED, "over"),
    (-5, Status.PENDING, "not_yet"),
]


@pytest.mark.parametrize(("minutes", "status", "state"), STATES)
async def test_the_state_of_checking_in(
    office: Office, apollo: Room, minutes: int, status: Status, state: checkin.State
) -> None:
    booked = replace(await meeting(office, apollo), status=status)
    now = booked.start + timedelta(minutes=minutes)
    assert checkin.check_in_state(booked, Policy(check_in=CheckIn()), now) == state


async def test_where_nobody_has_to_check_in_the_state_is_off(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    assert checkin.check_in_state(booked, Policy(), booked.start) == "off"
    assert checkin.check_in_opens(booked, Policy()) is None
    assert checkin.release_at(booked, Policy()) is None


async def test_on_the_day_when_the_clocks_change_the_minutes_are_real_ones(office: Office, apollo: Room) -> None:
    # Berlin goes from 02:00 to 03:00 on Sunday 25 March 2040: 01:55 and 03:05 are ten minutes apart.
    start = datetime(2040, 3, 25, 1, 0, tzinfo=UTC)
    booked = await office.book(apollo, Slot(start=start, end=start + timedelta(hours=1)))
    policy = (await office.catalogues.current()).policy(apollo)
    assert checkin.check_in_opens(booked, policy) == datetime(2040, 3, 25, 0, 50, tzinfo=UTC)
    assert checkin.release_at(booked, policy) == datetime(2040, 3, 25, 1, 10, tzinfo=UTC)
    office.clock.set(start - timedelta(minutes=15))
    with pytest.raises(errors.CheckInNotOpen, match="from 01:50 today on"):
        await office.presence.check_in(booked.id, by=office.ana)


# -- at the door -------------------------------------------------------------------------------------------------------


async def token_of(office: Office, room: Room) -> str:
    return next(token for known, _, token in await Rooms(office.db, office.catalogues).doors() if known.id == room.id)


async def test_at_the_door_one_sees_the_meeting_under_way_and_the_next(office: Office, apollo: Room) -> None:
    token = await token_of(office, apollo)
    now, later = await meeting(office, apollo), await office.book(apollo, at(13), title="Salary", private=True)
    office.clock.set(now.start + timedelta(minutes=1))

    door = await office.presence.door(token)

    assert (door.room.name, door.location.name) == ("Apollo", "Berlin")
    assert door.current is not None
    assert door.next is not None
    assert (door.current.id, door.next.id) == (now.id, later.id)
    assert door.next.title is None
    with pytest.raises(errors.RoomNotFound):
        await office.presence.door(token + "x")


async def test_whoever_stands_at_the_door_checks_in_to_a_meeting_of_that_room_only(office: Office, apollo: Room) -> None:
    token = await token_of(office, apollo)
    zeus = await office.room("Zeus")
    here = await office.book(apollo, at(10), title="Salary", private=True)
    elsewhere = await office.book(zeus, at(10))
    go_to(office, 10)

    done = await office.presence.check_in_at_door(token, booking_id=here.id)

    assert (done.after.status, done.after.title) == (Status.CHECKED_IN, None)
    assert (await office.bookings.get(here.id)).title == "Salary"
    assert await office.count("SELECT count(*) FROM events WHERE kind = 'checked_in' AND surface = 'door'") == 1
    again = await office.presence.check_in_at_door(token, booking_id=here.id)
    assert again.after.version == done.after.version
    with pytest.raises(errors.BookingNotFound):
        await office.presence.check_in_at_door(token, booking_id=elsewhere.id)


# -- running late ------------------------------------------------------------------------------------------------------


async def test_running_late_keeps_the_room_ten_minutes_longer_once(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    policy = (await office.catalogues.current()).policy(apollo)
    office.clock.set(booked.start - timedelta(minutes=5))
    first = (await office.presence.run_late(booked.id, by=office.ana)).after
    assert checkin.release_at(first, policy) == booked.start + timedelta(minutes=20)

    office.clock.set(booked.start + timedelta(minutes=9))
    again = await office.presence.run_late(booked.id, by=office.ana)
    other = (await office.presence.run_late(booked.id, by=office.bob)).after

    assert again.before == again.after == first
    # Bob tells the others too, but holds nothing off.
    assert other.version == first.version + 1
    assert checkin.release_at(other, policy) == booked.start + timedelta(minutes=20)
    with pytest.raises(errors.NotAttending):
        await office.presence.run_late(booked.id, by=office.visitor)


async def test_a_meeting_that_moves_to_another_start_is_neither_late_nor_begun(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    office.clock.set(booked.start - timedelta(minutes=5))
    await office.presence.run_late(booked.id, by=office.ana)
    there = (await office.presence.check_in(booked.id, by=office.ana)).after

    moved = await office.bookings.change(booked.id, Change(slot=at(14)), version=there.version, by=office.ana)

    assert (moved.after.status, moved.after.late_at, moved.after.checked_in_at) == (Status.CONFIRMED, None, None)
    back = await office.bookings.undo(booked.id, version=moved.after.version, by=office.ana)
    assert (back.after.status, back.after.late_at) == (Status.CHECKED_IN, there.late_at)
    assert await checks.violations(office.db) == []


async def test_who_ran_late_can_say_so_again_when_the_meeting_has_moved_away_and_back(office: Office, apollo: Room) -> None:
    booking = await office.book(apollo, at(9))
    late = (await office.presence.run_late(booking.id, by=office.ana)).after
    for slot in (at(12), at(9)):
        late = (await office.bookings.change(late.id, Change(slot=slot), version=late.version, by=office.ana)).after
    assert late.late_at is None
    assert (await office.presence.run_late(booking.id, by=office.ana)).after.late_at == office.clock.now()


async def test_running_late_again_for_another_start_is_told_again(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    late = (await office.presence.run_late(booked.id, by=office.ana)).after
    moved = await office.bookings.change(booked.id, Change(slot=at(14)), version=late.version, by=office.ana)
    again = (await office.presence.run_late(booked.id, by=office.ana)).after
    assert again.version == moved.after.version + 1
    assert again.late_at == office.clock.now()


# -- answering ---------------------------------------------------------------------------------------------------------


async def test_the_number_of_people_follows_the_answers(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo, people=3)
    counts = []
    for going in (True, False, False, True, True):
        done = await office.presence.respond(booked.id, by=office.bob, going=going)
        counts.append((done.after.attendees_count, done.after.version))
    assert counts == [(3, 2), (2, 3), (2, 3), (3, 4), (3, 4)]
    stored = await office.bookings.get(booked.id)
    assert stored.attendees[0].response is Response.GOING
    assert await checks.violations(office.db) == []


# Seats, people counted, and what the count is after "can't" and after "going" by one of two invited.
COUNTS = [
    (8, 3, 2, 3),
    (8, 6, 5, 6),
    # Fewer counted than invited: nobody was counted twice, so nobody is taken off, nor added.
    (8, 1, 1, 1),
    (8, 2, 2, 3),
    # The room is full meanwhile: the count stays where its seats end.
    (3, 3, 2, 3),
]


@pytest.mark.parametrize(("seats", "people", "less", "again"), COUNTS)
async def test_the_count_stays_within_those_known_to_come_and_the_seats(
    office: Office, seats: int, people: int, less: int, again: int
) -> None:
    room, cy = await office.room("Small", seats=seats), await office.actor("cy")
    invited = (office.bob.person_id, cy.person_id)
    booked = await office.book(room, at(10), attendees_count=people, invitees=invited)
    for _ in range(3):
        assert (await office.presence.respond(booked.id, by=cy, going=False)).after.attendees_count == less
        assert (await office.presence.respond(booked.id, by=cy, going=True)).after.attendees_count == again


async def test_only_those_invited_answer(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    with pytest.raises(errors.NotAttending, match="cancel it"):
        await office.presence.respond(booked.id, by=office.ana, going=False)
    for stranger in (office.boss, office.visitor):
        with pytest.raises(errors.NotAttending, match="not invited"):
            await office.presence.respond(booked.id, by=stranger, going=True)
    await office.bookings.cancel(booked.id, by=office.ana)
    with pytest.raises(errors.NotActive):
        await office.presence.respond(booked.id, by=office.bob, going=True)


async def test_an_answer_and_word_of_running_late_make_nobodys_buttons_stale(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    await office.presence.respond(booked.id, by=office.bob, going=False)
    await office.presence.run_late(booked.id, by=office.bob)

    changed = await office.bookings.change(booked.id, Change(title="New"), version=1, by=office.ana)

    assert (changed.after.version, changed.after.title) == (4, "New")
    assert changed.after.attendees[0].response is Response.DECLINED
    with pytest.raises(errors.StaleBooking):
        await office.bookings.change(booked.id, Change(title="Newer"), version=3, by=office.ana)
    with pytest.raises(errors.StaleBooking):
        await office.bookings.change(booked.id, Change(title="Newer"), version=9, by=office.ana)


async def test_undo_takes_the_change_back_and_keeps_the_answers(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo, people=6)
    await office.bookings.change(booked.id, Change(slot=at(14)), version=1, by=office.ana)
    await office.presence.respond(booked.id, by=office.bob, going=False)

    undone = (await office.bookings.undo(booked.id, version=2, by=office.ana)).after

    assert (undone.slot, undone.attendees_count) == (booked.slot, 5)
    assert undone.attendees[0].response is Response.DECLINED
    assert await checks.violations(office.db) == []


async def test_undo_of_the_booking_itself_cancels_it_whatever_was_answered(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    await office.presence.respond(booked.id, by=office.bob, going=True)
    assert (await office.bookings.undo(booked.id, version=1, by=office.ana)).after.status is Status.CANCELLED


# -- staying longer, leaving early ------------------------------------------------------------------------------------


async def test_a_meeting_goes_on_as_long_as_the_room_is_free(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    await office.book(apollo, at(11.5), by=office.bob, title="Next")
    office.clock.set(booked.end - timedelta(minutes=15))

    growth = await office.presence.room_to_grow(booked)
    assert growth.free_until == at(11.5).start
    assert growth.choices == (booked.end + timedelta(minutes=15), booked.end + timedelta(minutes=30))
    assert growth.follows is not None
    assert (growth.follows.slot, growth.follows.title) == (at(11.5), "Next")

    longer = await office.presence.extend(booked.id, until=growth.choices[0], version=1, by=office.ana)
    assert longer.after.slot == Slot(start=booked.start, end=growth.choices[0])
    with pytest.raises(errors.SlotTaken, match="Next") as refused:
        await office.presence.extend(booked.id, until=booked.end + timedelta(hours=1), version=2, by=office.ana)
    assert [offer.slot.end for offer in refused.value.alternatives] == [at(11.5).start]
    assert list(refused.value.fields) == ["end"]


async def test_setup_and_teardown_are_kept_between_meetings(office: Office) -> None:
    room = await office.room("Board", setup=10, teardown=5)
    booked = await meeting(office, room, people=2)
    await office.book(room, at(12), by=office.bob, private=True, title="Secret")
    growth = await office.presence.room_to_grow(booked)
    assert growth.free_until == at(12).start - timedelta(minutes=15)
    assert growth.follows is not None
    assert (growth.follows.slot, growth.follows.title, growth.follows.private) == (at(12), None, True)
    assert [end - booked.end for end in growth.choices] == [timedelta(minutes=15), timedelta(minutes=30)]
    assert growth.choices[-1] <= growth.free_until
    longer = await office.presence.extend(booked.id, until=growth.free_until, version=1, by=office.ana)
    assert (await office.presence.room_to_grow(longer.after)).choices == ()


async def test_with_nothing_behind_it_a_meeting_can_go_on_until_the_room_closes(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    await Rooms(office.db, office.catalogues).set_policy(room_id=apollo.id, opening={"mon": ["08:00", "12:40"]})
    growth = await office.presence.room_to_grow(booked)
    assert (growth.free_until, growth.follows) == (None, None)
    assert [end - booked.end for end in growth.choices] == [timedelta(minutes=15), timedelta(minutes=30)]
    with pytest.raises(errors.OutsideOpeningHours) as refused:
        await office.presence.extend(booked.id, until=booked.end + timedelta(hours=1), version=1, by=office.ana)
    # It can stay until the room closes, too.
    closes = booked.end + timedelta(minutes=40)
    assert [offer.slot.end for offer in refused.value.alternatives] == [closes, *reversed(growth.choices)]


async def test_what_is_not_longer_or_not_ones_own_is_not_extended(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    with pytest.raises(errors.NothingToExtend, match="until 12:00"):
        await office.presence.extend(booked.id, until=booked.end, version=1, by=office.ana)
    with pytest.raises(errors.NotAllowed):
        await office.presence.extend(booked.id, until=at(12).end, version=1, by=office.bob)
    office.clock.set(booked.end)
    with pytest.raises(errors.NotActive):
        await office.presence.extend(booked.id, until=at(12).end, version=1, by=office.ana)
    assert (await office.bookings.get(booked.id)).version == 1


async def test_the_same_extension_twice_is_one(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    until = booked.end + timedelta(minutes=30)
    first = await office.presence.extend(booked.id, until=until, version=1, by=office.ana, key="k")
    assert await office.presence.extend(booked.id, until=until, version=1, by=office.ana, key="k") == first


async def test_what_ends_early_keeps_its_times_and_gives_the_rest_to_others_at_once(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    with pytest.raises(errors.NotActive, match="not begun"):
        await office.presence.end_early(booked.id, version=1, by=office.ana)
    go_to(office, 10.25)

    done = await office.presence.end_early(booked.id, version=1, by=office.ana, key="end")

    assert (done.after.status, done.after.slot) == (Status.ENDED, booked.slot)
    rest = Slot(start=office.clock.now(), end=booked.end)
    assert (await office.book(apollo, rest, by=office.bob)).slot == rest
    assert await office.presence.end_early(booked.id, version=1, by=office.ana, key="end") == done
    with pytest.raises(errors.NotActive):
        await office.presence.extend(booked.id, until=at(12).end, version=2, by=office.ana)
    assert await checks.violations(office.db) == []


async def test_what_ended_by_mistake_goes_on_while_the_room_is_free(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    go_to(office, 10.25)
    await office.presence.end_early(booked.id, version=1, by=office.ana)
    assert (await office.bookings.undo(booked.id, version=2, by=office.ana)).after.status is Status.CONFIRMED


# -- a room that fits better -------------------------------------------------------------------------------------------


async def test_the_better_room_is_the_smallest_that_is_free_and_has_as_much(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    await office.room("Plain", seats=10)
    await office.room("Far", seats=9, place=office.tokyo, has=["tv"])
    await office.room("Hall", seats=30, has=["tv"])
    taken = await office.room("Busy", seats=12, has=["tv"])
    blocking = await office.book(taken, at(10.5))

    too_small = await office.presence.better_room(booked, 9)
    assert too_small is not None
    assert (too_small.room.name, too_small.slot) == ("Hall", booked.slot)
    await office.bookings.cancel(blocking.id, by=office.ana)
    better = await office.presence.better_room(booked, 9)
    assert better is not None
    assert better.room.name == "Busy"
    assert await office.presence.better_room(booked, 31) is None


async def test_a_smaller_room_is_offered_when_a_third_of_the_seats_is_enough(office: Office, apollo: Room) -> None:
    booked = await meeting(office, apollo)
    await office.room("Corner", seats=2, has=["tv"])
    small = await office.presence.better_room(booked, 2)
    assert small is not None
    assert small.room.name == "Corner"
    assert await office.presence.better_room(booked, 3) is None
