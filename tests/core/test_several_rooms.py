"""Several rooms in one booking: all of them or none, from booking to undoing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import checks, errors
from core.endings import Endings
from core.models import Change, OfferKind, Right, Room, Status, Wish
from tests.core.furnished import claimed, hall
from tests.core.office import Office, at
from tests.core.ruling import Ruling


@pytest.fixture
async def rooms(office: Office) -> tuple[Room, Room, Room]:
    """Three rooms for four, six and eight people; the second is prepared for ten minutes."""
    return (
        await office.room("Apollo", seats=4, has=["tv"]),
        await office.room("Mars", seats=6, setup=10, has=["phone"]),
        await office.room("Zeus", seats=8),
    )


async def test_all_rooms_are_held_and_seat_people_together(office: Office, rooms: tuple[Room, Room, Room]):
    apollo, mars, zeus = rooms
    booked = await office.book(apollo, at(10), more_room_ids=(zeus.id, mars.id), attendees_count=18)
    assert booked.rooms == (apollo, mars, zeus)
    assert booked.seats == 18
    assert await claimed(office, booked) == {"Apollo": 60, "Mars": 70, "Zeus": 60}
    assert await office.bookings.get(booked.id) == booked
    assert (await office.bookings.mine(office.ana))[0].rooms == booked.rooms
    with pytest.raises(errors.SlotTaken):
        await office.book(zeus, at(10.5), by=office.bob)
    with pytest.raises(errors.TooManyAttendees) as refused:
        await office.book(apollo, at(12), more_room_ids=(zeus.id,), attendees_count=13)
    assert refused.value.message == "Apollo and Zeus seat 12 together; you asked for 13 people."
    assert await checks.violations(office.db) == []


async def test_where_one_room_is_held_none_is_taken_and_times_are_offered_at_which_all_are_free(
    office: Office, rooms: tuple[Room, Room, Room]
):
    apollo, mars, zeus = rooms
    await office.book(zeus, at(10.5), by=office.bob, title="Review")
    with pytest.raises(errors.SlotTaken) as refused:
        await office.book(apollo, at(10), more_room_ids=(mars.id, zeus.id), attendees_count=10)
    assert refused.value.message == 'Zeus is taken today 11:30-12:30 ("Review").'
    assert await office.count("SELECT count(*) FROM room_claims") == 1
    assert await office.count("SELECT count(*) FROM booking_rooms") == 0
    offers = refused.value.alternatives
    assert {offer.kind for offer in offers} == {OfferKind.OTHER_TIME}
    assert {offer.room for offer in offers} == {apollo}
    assert offers[0].slot == at(9.5)
    booked = await office.book(apollo, offers[0].slot, more_room_ids=(mars.id, zeus.id), attendees_count=10)
    assert len(booked.rooms) == 3


async def test_other_times_for_all_rooms_are_found_while_another_room_is_closed_and_rights_are_given(
    office: Office, rooms: tuple[Room, Room, Room]
):
    apollo, mars, zeus = rooms
    ruling = Ruling.of(office)
    await ruling.granting.give(Right.BOOK, room_id=apollo.id, person_id=office.ana.person_id, by=office.boss)
    await ruling.closures.add(at(9, 300), room_id=mars.id, by=office.boss)
    await office.book(zeus, at(10.5), by=office.bob)
    with pytest.raises(errors.SlotTaken) as refused:
        await office.book(apollo, at(10), more_room_ids=(zeus.id,))
    assert refused.value.alternatives[0].slot == at(9.5)


async def test_the_rules_of_every_room_are_judged(office: Office, rooms: tuple[Room, Room, Room]):
    apollo, mars, zeus = rooms
    await office.damage(
        f"INSERT INTO policies (tenant_id, id, room_id, longest_minutes)"
        f" SELECT tenant_id, gen_random_uuid(), id, 30 FROM rooms WHERE id = '{zeus.id}'"
    )
    office.catalogues.forget()
    with pytest.raises(errors.TooLong) as refused:
        await office.book(apollo, at(10), more_room_ids=(zeus.id,))
    assert "Zeus" in refused.value.message
    booked = await office.book(apollo, at(10), more_room_ids=(mars.id,))
    with pytest.raises(errors.TooLong):
        await office.bookings.change(booked.id, Change(more_room_ids=(zeus.id,)), version=1, by=office.ana)
    far = await office.room("Sakura", place=office.tokyo)
    with pytest.raises(errors.NotTogether) as apart:
        await office.book(apollo, at(12), more_room_ids=(far.id,))
    assert apart.value.message == "Apollo is in Berlin and Sakura in Tokyo; rooms of two places are booked one by one."
    with pytest.raises(errors.LacksAmenities):
        await office.book(apollo, at(12, 30), more_room_ids=(zeus.id,), amenities=frozenset({"phone"}))
    assert await office.book(apollo, at(12), more_room_ids=(mars.id,), amenities=frozenset({"phone", "tv"}))


async def test_rooms_are_moved_together_and_added_and_left(office: Office, rooms: tuple[Room, Room, Room]):
    apollo, mars, zeus = rooms
    booked = await office.book(apollo, at(10), more_room_ids=(mars.id,), attendees_count=9)
    moved = (await office.bookings.change(booked.id, Change(slot=at(12)), version=1, by=office.ana)).after
    assert moved.rooms == (apollo, mars)
    assert await claimed(office, moved) == {"Apollo": 60, "Mars": 70}
    assert (await office.book(mars, at(10), by=office.bob)).room == mars

    change = Change(more_room_ids=(mars.id, zeus.id), attendees_count=18)
    larger = (await office.bookings.change(booked.id, change, version=2, by=office.ana)).after
    assert larger.rooms == (apollo, mars, zeus)
    assert await office.bookings.get(booked.id) == larger
    with pytest.raises(errors.TooManyAttendees):
        await office.bookings.change(booked.id, Change(more_room_ids=()), version=3, by=office.ana)
    change = Change(room_id=zeus.id, more_room_ids=(), attendees_count=8)
    single = (await office.bookings.change(booked.id, change, version=3, by=office.ana)).after
    assert (single.rooms, await claimed(office, single)) == ((zeus,), {"Zeus": 60})

    back = (await office.bookings.undo(booked.id, version=4, by=office.ana)).after
    assert (back.rooms, back.attendees_count) == ((apollo, mars, zeus), 18)
    assert await claimed(office, back) == {"Apollo": 60, "Mars": 70, "Zeus": 60}
    assert await checks.violations(office.db) == []


async def test_cancelling_and_restoring_give_back_and_take_all(office: Office, rooms: tuple[Room, Room, Room]):
    apollo, _, zeus = rooms
    booked = await office.book(apollo, at(10), more_room_ids=(zeus.id,))
    place = await office.line.join(Wish(slot=at(10), room_id=zeus.id), by=office.bob)
    await office.bookings.cancel(booked.id, by=office.ana)
    assert await claimed(office, booked) == {}
    # What is given back with it is offered, too.
    assert (await office.line.get(place.id)).offered_room == zeus
    with pytest.raises(errors.SlotTaken) as refused:
        await office.bookings.undo(booked.id, version=2, by=office.ana)
    assert refused.value.room == zeus
    await office.line.leave(place.id, by=office.bob)
    restored = (await office.bookings.undo(booked.id, version=2, by=office.ana)).after
    assert await claimed(office, restored) == {"Apollo": 60, "Zeus": 60}
    assert await checks.violations(office.db) == []


async def test_a_day_shows_it_in_each_of_its_rooms_and_extending_looks_behind_all(
    office: Office, rooms: tuple[Room, Room, Room]
):
    apollo, mars, zeus = rooms
    booked = await office.book(apollo, at(10), more_room_ids=(zeus.id,), title="Fair")
    window = at(0, 24 * 60)
    days = await office.search.day([apollo.id, mars.id, zeus.id], window, by=office.ana)
    assert [[rival.title for rival in day.taken] for day in days] == [["Fair"], [], ["Fair"]]
    await office.book(zeus, at(11.5), by=office.bob, title="Review")
    growth = await office.presence.room_to_grow(booked)
    assert growth.free_until == at(11.5).start
    assert growth.follows is not None
    assert growth.follows.title == "Review"
    longer = await office.presence.extend(booked.id, until=at(11.5).start, version=1, by=office.ana)
    assert await claimed(office, longer.after) == {"Apollo": 90, "Zeus": 90}


async def test_swapping_is_refused_kindly(office: Office, rooms: tuple[Room, Room, Room]):
    apollo, mars, zeus = rooms
    several, single = await office.book(apollo, at(10), more_room_ids=(zeus.id,)), await office.book(mars, at(10))
    with pytest.raises(errors.NotTogether) as refused:
        await office.bookings.swap(several.id, single.id, versions=(1, 1), by=office.ana)
    assert refused.value.message == "A booking of several rooms (Apollo and Zeus) cannot be swapped. Change its rooms."


async def test_the_same_again_within_a_minute_is_the_same_only_with_the_same_rooms(
    office: Office, rooms: tuple[Room, Room, Room]
):
    apollo, mars, zeus = rooms
    wish = Wish(slot=at(10), room_id=apollo.id, more_room_ids=(zeus.id,))
    first = await office.bookings.book_once(wish, by=office.ana, key="one")
    again = await office.bookings.book_once(wish, by=office.ana, key="two")
    assert (again.booking, again.before) == (first.booking, True)
    other = Wish(slot=at(10), room_id=apollo.id, more_room_ids=(mars.id,))
    with pytest.raises(errors.SlotTaken):
        await office.bookings.book_once(other, by=office.ana, key="three")


async def test_a_hall_with_its_own_part_is_the_hall_alone(office: Office):
    whole, one, _ = await hall(office)
    zeus = await office.room("Zeus")
    booked = await office.book(one, at(10), more_room_ids=(one.id, zeus.id, zeus.id))
    assert booked.rooms == (one, zeus)
    large = await office.book(whole, at(12), more_room_ids=(one.id,))
    assert large.rooms == (whole,)
    assert await checks.violations(office.db) == []


async def test_it_ends_when_the_last_of_its_rooms_is_torn_down(office: Office):
    apollo, mars = await office.room("Apollo"), await office.room("Mars", teardown=30)
    booked = await office.book(apollo, at(9), more_room_ids=(mars.id,))
    office.clock.advance(timedelta(hours=2, minutes=15))
    endings = Endings(office.db, office.catalogues)
    assert await endings.end(office.clock.now()) == 0
    office.clock.advance(timedelta(minutes=15))
    assert await endings.end(office.clock.now()) == 1
    assert (await office.bookings.get(booked.id)).status is Status.ENDED
    assert await checks.violations(office.db) == []


async def test_another_room_takes_the_place_of_the_one_that_is_said(office: Office, rooms: tuple[Room, Room, Room]):
    apollo, mars, zeus = rooms
    hera = await office.room("Hera", seats=8)
    booked = await office.book(apollo, at(10), more_room_ids=(zeus.id,), attendees_count=12)

    with pytest.raises(errors.WhichRoom) as asked:
        await office.bookings.change(booked.id, Change(room_id=hera.id), version=1, by=office.ana)
    assert asked.value.message == "Which room is Hera to take the place of: Apollo or Zeus?"
    assert asked.value.rooms == (apollo, zeus)
    change = Change(room_id=hera.id, instead_of=zeus.id)
    changed = await office.bookings.change(booked.id, change, version=1, by=office.ana)
    assert changed.after.rooms == (apollo, hera)
    change = Change(room_id=zeus.id, instead_of=apollo.id)
    changed = await office.bookings.change(booked.id, change, version=2, by=office.ana)
    assert changed.after.rooms == (zeus, hera)
    assert await claimed(office, changed.after) == {"Hera": 60, "Zeus": 60}
    with pytest.raises(errors.RoomNotFound):
        await office.bookings.change(booked.id, change, version=3, by=office.ana)
    with pytest.raises(errors.NotTogether, match="This booking has Hera already"):
        await office.bookings.change(booked.id, Change(room_id=hera.id, instead_of=zeus.id), version=3, by=office.ana)
    whole = Change(room_id=mars.id, more_room_ids=(zeus.id,))
    assert (await office.bookings.change(booked.id, whole, version=3, by=office.ana)).after.rooms == (mars, zeus)
    assert await checks.violations(office.db) == []


async def test_rooms_for_one_of_several_seat_those_whom_the_others_do_not(office: Office, rooms: tuple[Room, Room, Room]):
    apollo, mars, zeus = rooms
    await office.room("Booth", seats=2)
    taken = await office.room("Hera", seats=8)
    await office.book(taken, at(10))
    booked = await office.book(apollo, at(10), more_room_ids=(zeus.id,), attendees_count=12)

    assert [offer.room for offer in await office.search.instead_of(booked, apollo, by=office.ana)] == [mars]
    assert await office.search.instead_of(booked, zeus, by=office.ana) == ()  # eight are to sit there
