"""The waiting list for several rooms, and for things to come along: all at once, or nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core import checks, errors
from core.models import Actor, Booking, Equipment, Room, Slot, Status, Wish
from core.notices import Waiting
from core.series_values import Choice
from tests.core.furnished import claimed, hall, lendable, lent
from tests.core.office import MONDAY, Office, at
from tests.core.series_office import series_of, weekly
from tests.core.test_series import berlin, week

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
async def sound(office: Office) -> Any:
    """Nothing that a test does may break an invariant."""
    yield
    assert await checks.violations(office.db) == []


def wished(slot: Slot, *rooms: Room, things: tuple[tuple[Equipment, int], ...] = (), **rest: Any) -> Wish:
    first, *more = [room.id for room in rooms]
    pairs = tuple((thing.id, count) for thing, count in things)
    return Wish(slot=slot, room_id=first, more_room_ids=tuple(more), equipment=pairs, **rest)


async def join(office: Office, by: Actor, slot: Slot, *rooms: Room, **rest: Any) -> Waiting:
    return await office.line.join(wished(slot, *rooms, **rest), by=by)


async def status(office: Office, place: Waiting) -> str:
    return (await office.line.get(place.id)).status


async def held(office: Office) -> list[str]:
    """Return what offers hold: rooms, and things with how many."""
    rooms = await office.rows("SELECT r.name FROM room_claims c JOIN rooms r ON r.id = c.room_id WHERE kind = 'offer'")
    things = await office.rows(
        "SELECT e.name || ' ' || c.quantity AS name FROM equipment_claims c JOIN equipment e ON e.id = c.equipment_id"
        " WHERE c.waiting_id IS NOT NULL"
    )
    return sorted(row["name"] for row in (*rooms, *things))


async def both(office: Office) -> tuple[Room, Room]:
    return await office.room("Apollo"), await office.room("Zeus")


async def test_two_rooms_are_offered_when_both_are_free_and_not_before(office: Office):
    apollo, zeus = await both(office)
    one, other = await office.book(apollo, at(12)), await office.book(zeus, at(12))
    place = await join(office, office.bob, at(12), apollo, zeus, title="Both", attendees_count=8)

    await office.bookings.cancel(one.id, by=office.ana)
    assert await status(office, place) == "waiting"
    assert await held(office) == []
    await office.bookings.cancel(other.id, by=office.ana)

    offered = await office.line.get(place.id)
    assert (offered.status, offered.offered_room, offered.rooms) == ("offered", apollo, (apollo, zeus))
    assert await held(office) == ["Apollo", "Zeus"]
    booking = await office.line.take(place.id, by=office.bob, key="take")
    assert (booking.rooms, booking.title, booking.attendees_count) == ((apollo, zeus), "Both", 8)
    assert await claimed(office, booking) == {"Apollo": 60, "Zeus": 60}
    assert await held(office) == []
    assert await office.line.take(place.id, by=office.bob, key="take") == booking


async def test_who_waits_for_one_of_the_rooms_gets_it_while_the_other_is_still_taken(office: Office):
    apollo, zeus = await both(office)
    one, other = await office.book(apollo, at(12)), await office.book(zeus, at(12))
    pair = await join(office, office.bob, at(12), zeus, apollo)
    alone = await join(office, office.boss, at(12), apollo)

    await office.bookings.cancel(one.id, by=office.ana)

    assert [await status(office, place) for place in (pair, alone)] == ["waiting", "offered"]
    await office.bookings.cancel(other.id, by=office.ana)
    assert await status(office, pair) == "waiting"
    await office.line.decline(alone.id, by=office.boss)
    assert await status(office, pair) == "offered"
    assert await held(office) == ["Apollo", "Zeus"]


async def test_an_offer_of_two_rooms_that_runs_out_gives_both_back_to_the_next_of_each(office: Office):
    apollo, zeus = await both(office)
    booking = await office.book(apollo, at(12), more_room_ids=(zeus.id,))
    pair = await join(office, office.bob, at(12), apollo, zeus)
    nexts = [await join(office, office.boss, at(12), room) for room in (apollo, zeus)]
    await office.bookings.cancel(booking.id, by=office.ana)
    assert await held(office) == ["Apollo", "Zeus"]
    await office.all_told()

    office.clock.advance(10 * MINUTE)
    await office.line.advance(office.clock.now())

    assert await status(office, pair) == "missed"
    assert [await status(office, place) for place in nexts] == ["offered", "offered"]
    with pytest.raises(errors.SlotTaken, match="Apollo is held for somebody on the waiting list"):
        await office.line.take(pair.id, by=office.bob)
    for place in nexts:
        await office.line.leave(place.id, by=office.boss)
    # What was missed is booked all the same while everything is free.
    assert (await office.line.take(pair.id, by=office.bob)).rooms == (apollo, zeus)


async def test_a_stranger_who_books_one_of_the_rooms_of_an_offer_that_is_over_ends_all_of_it(office: Office):
    apollo, zeus = await both(office)
    projector = await lendable(office, quantity=1)
    booking = await office.book(apollo, at(12), more_room_ids=(zeus.id,), equipment=((projector.id, 1),))
    pair = await join(office, office.bob, at(12), apollo, zeus, things=((projector, 1),))
    await office.bookings.cancel(booking.id, by=office.ana)
    assert await held(office) == ["Apollo", "Projector 1", "Zeus"]
    office.clock.advance(10 * MINUTE)

    await office.book(zeus, at(12))

    assert await status(office, pair) == "missed"
    assert await held(office) == []


async def test_the_projector_of_an_offer_that_is_over_is_lent_to_whoever_asks_for_it(office: Office):
    apollo, zeus = await both(office)
    projector = await lendable(office, quantity=1)
    booking = await office.book(apollo, at(12), equipment=((projector.id, 1),))
    place = await join(office, office.bob, at(12), apollo, things=((projector, 1),))
    await office.bookings.cancel(booking.id, by=office.ana)
    with pytest.raises(errors.EquipmentTaken):
        await office.book(zeus, at(12), equipment=((projector.id, 1),))
    office.clock.advance(10 * MINUTE)

    taken = await office.book(zeus, at(12), equipment=((projector.id, 1),))

    assert await lent(office, taken) == {"Projector": 1}
    assert await status(office, place) == "missed"
    # The room alone is there, but not what was waited for with it.
    with pytest.raises(errors.EquipmentTaken, match="1 of 1 projectors is out"):
        await office.line.take(place.id, by=office.bob)
    assert await office.count("SELECT count(*) FROM room_claims WHERE kind = 'offer'") == 0


async def test_a_room_with_a_projector_is_offered_as_soon_as_the_projector_comes_back(office: Office):
    apollo, zeus = await both(office)
    projector = await lendable(office)
    there = await office.book(zeus, at(12), equipment=((projector.id, 2),))
    place = await join(office, office.bob, at(12), apollo, things=((projector, 1),))
    assert await held(office) == []

    await office.bookings.cancel(there.id, by=office.ana)

    assert await status(office, place) == "offered"
    assert await held(office) == ["Apollo", "Projector 1"]
    booking = await office.line.take(place.id, by=office.bob)
    assert await lent(office, booking) == {"Projector": 1}
    assert await office.count("SELECT count(*) FROM equipment_claims") == 1


async def test_any_room_with_a_projector_waits_for_a_room_where_the_projector_is(office: Office):
    apollo = await office.room("Apollo")
    await office.room("Sakura", place=office.tokyo)
    projector = await lendable(office, quantity=1)
    booking = await office.book(apollo, at(12), equipment=((projector.id, 1),))
    wish = Wish(slot=at(12), equipment=((projector.id, 1),))
    place = await office.line.join(wish, by=office.bob)
    assert place.location == office.berlin

    await office.line.advance(MONDAY)
    assert await status(office, place) == "waiting"
    await office.bookings.cancel(booking.id, by=office.ana)

    assert (await office.line.get(place.id)).offered_room == apollo
    assert await held(office) == ["Apollo", "Projector 1"]


async def test_nobody_waits_for_what_is_free_in_all_its_parts(office: Office):
    apollo, zeus = await both(office)
    projector = await lendable(office)

    with pytest.raises(errors.AlreadyFree) as free:
        await join(office, office.bob, at(12), apollo, zeus, things=((projector, 2),))

    assert str(free.value) == "Apollo, Zeus and 2 projectors are free at that time now: book them."
    offer = free.value.alternative
    assert (offer.room, offer.more_rooms) == (apollo, (zeus,))


async def test_rooms_in_two_places_and_more_than_there_are_cannot_be_waited_for(office: Office):
    apollo, sakura = await office.room("Apollo"), await office.room("Sakura", place=office.tokyo)
    projector = await lendable(office)
    await office.book(apollo, at(12))

    with pytest.raises(errors.NotTogether):
        await join(office, office.bob, at(12), apollo, sakura)
    with pytest.raises(errors.EquipmentTaken, match="There are only 2 projectors in Berlin"):
        await join(office, office.bob, at(12), apollo, things=((projector, 3),))


async def test_the_same_rooms_in_another_order_are_the_same_place_and_other_rooms_another(office: Office):
    apollo, zeus = await both(office)
    hera = await office.room("Hera")
    projector = await lendable(office)
    for room in (apollo, zeus, hera):
        await office.book(room, at(12))

    first = await join(office, office.bob, at(12), apollo, zeus, hera)
    again = await join(office, office.bob, at(12), apollo, hera, zeus, things=((projector, 1),))
    other = await join(office, office.bob, at(12), apollo, zeus)
    alone = await join(office, office.bob, at(12), apollo)

    assert again.id == first.id
    assert [(one.equipment.name, one.quantity) for one in again.equipment] == [("Projector", 1)]
    assert len({first.id, other.id, alone.id}) == 3


async def test_a_hall_and_a_room_beside_it_are_held_in_all_their_parts(office: Office):
    whole, one, _ = await hall(office, setup=15)
    apollo = await office.room("Apollo")
    part, beside = await office.book(one, at(12)), await office.book(apollo, at(12))
    place = await join(office, office.bob, at(12), apollo, whole)

    await office.bookings.cancel(part.id, by=office.ana)
    await office.bookings.cancel(beside.id, by=office.ana)

    assert await status(office, place) == "offered"
    assert await held(office) == ["Apollo", "Hall A", "Hall B"]
    booking = await office.line.take(place.id, by=office.bob)
    assert await claimed(office, booking) == {"Apollo": 60, "Hall A": 75, "Hall B": 75}


async def test_one_ahead_for_two_rooms_is_counted_by_who_waits_for_either(office: Office):
    apollo, zeus = await both(office)
    hera = await office.room("Hera")
    for room in (apollo, zeus, hera):
        await office.book(room, at(12))
    await join(office, office.bob, at(12), apollo, zeus)

    for room, before in ((apollo, 1), (zeus, 1), (hera, 0)):
        place = await join(office, office.boss, at(12), room)
        assert await office.line.ahead([place]) == {place.id: before}


async def test_a_rule_of_either_room_keeps_from_waiting_for_both(office: Office):
    apollo, tiny = await office.room("Apollo", seats=8), await office.room("Tiny", seats=2)
    await office.book(apollo, at(12))

    with pytest.raises(errors.TooManyAttendees, match="Apollo and Tiny seat 10 together; you asked for 11 people"):
        await join(office, office.bob, at(12), apollo, tiny, attendees_count=11)
    assert (await join(office, office.bob, at(12), apollo, tiny, attendees_count=10)).status == "waiting"


async def test_who_waits_for_two_rooms_takes_what_is_left_of_them(office: Office):
    apollo, zeus = await both(office)
    projector = await lendable(office)
    booking = await office.book(apollo, at(9, 120), more_room_ids=(zeus.id,), equipment=((projector.id, 2),))
    place = await join(office, office.bob, at(9, 120), apollo, zeus, things=((projector, 2),))
    office.clock.advance(at(9.5).start - MONDAY)

    await office.bookings.cancel(booking.id, by=office.ana)

    assert await status(office, place) == "offered"
    taken: Booking = await office.line.take(place.id, by=office.bob)
    assert (taken.slot, taken.status) == (Slot(start=at(9.5).start, end=at(9, 120).end), Status.CONFIRMED)
    assert await claimed(office, taken) == {"Apollo": 90, "Zeus": 90}


async def test_a_date_of_a_series_of_two_rooms_and_a_projector_waits_for_all_of_it(office: Office):
    apollo, zeus = await both(office)
    projector = await lendable(office)
    theirs = await office.book(zeus, berlin(week(1), 10), by=office.bob, equipment=((projector.id, 2),))
    series = series_of(office)
    wish = weekly(apollo, 3, more_room_ids=(zeus.id,), equipment=((projector.id, 1),))

    made = await series.book(wish, by=office.ana, choices={week(1): Choice.SKIP})
    (place,) = await office.line.mine(office.ana)
    assert ([room.name for room in place.rooms], place.equipment[0].quantity) == (["Apollo", "Zeus"], 1)
    await office.bookings.cancel(theirs.id, by=office.bob)

    taken = await office.line.take(place.id, by=office.ana)
    assert (taken.rooms, taken.series_id, taken.series_on) == ((apollo, zeus), made.series.id, week(1))
    assert await lent(office, taken) == {"Projector": 1}
