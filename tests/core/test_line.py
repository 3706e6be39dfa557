"""The waiting list: who gets what frees, when, in which order, and what they are told."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest

from core import checks, errors
from core.models import Actor, Change, Room, Slot, Status, Wish
from core.notices import Waiting
from tests.core.office import MONDAY, Office, at

MINUTE = timedelta(minutes=1)


async def join(office: Office, by: Actor, room: Room | None, slot: Slot, **wish: Any) -> Waiting:
    return await office.line.join(Wish(slot=slot, room_id=room.id if room else None, **wish), by=by)


async def now(office: Office, place: Waiting) -> tuple[str, str | None]:
    """Return how a place in line stands: its status, and the room that is or was offered."""
    current = await office.line.get(place.id)
    return current.status, current.offered_room.name if current.offered_room else None


async def told(office: Office) -> list[tuple[str, str]]:
    rows = await office.rows(
        "SELECT d.kind, p.name FROM deliveries d JOIN people p ON p.id = d.person_id"
        " WHERE d.kind LIKE 'offer%' ORDER BY d.created_at, d.id"
    )
    return [(row["kind"], row["name"]) for row in rows]


async def quiet(office: Office, by: Actor, begins: time | None, ends: time | None) -> None:
    await office.damage(
        "UPDATE people SET "
        + (f"quiet_from = '{begins}', quiet_until = '{ends}'" if begins else "quiet_from = NULL, quiet_until = NULL")
        + f" WHERE id = '{by.person_id}'"
    )


@pytest.fixture(autouse=True)
async def sound(office: Office) -> Any:
    """Nothing that a test does may break an invariant."""
    yield
    assert await checks.violations(office.db) == []


async def test_who_cancels_gives_the_room_to_the_first_in_line_at_once(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(12))
    first = await join(office, office.bob, apollo, at(12), title="Bob's", attendees_count=3)
    second = await join(office, office.boss, apollo, at(12))

    await office.bookings.cancel(booking.id, by=office.ana)

    offered = await office.line.get(first.id)
    assert (offered.status, offered.offered_room, offered.version) == ("offered", apollo, 2)
    assert offered.offer_expires_at == MONDAY + 10 * MINUTE
    assert await now(office, second) == ("waiting", None)
    (row,) = await office.rows("SELECT * FROM deliveries WHERE kind = 'offer'")
    assert (row["key"], row["person_id"], row["team_id"]) == (f"offer:{first.id}:2", office.bob.person_id, "T1")
    assert (row["due_at"], row["until"], row["status"]) == (MONDAY, at(12).end - 15 * MINUTE, "pending")


async def test_nobody_else_can_book_what_is_offered_and_is_told_until_when(office: Office):
    apollo = await office.room("Apollo", setup=10)
    booking = await office.book(apollo, at(12))
    await join(office, office.bob, apollo, at(12))
    await office.bookings.cancel(booking.id, by=office.ana)

    with pytest.raises(errors.SlotTaken) as taken:
        await office.book(apollo, at(12.5))
    assert taken.value.message == "Apollo is held for somebody on the waiting list until 09:10 (today 13:00-14:00)."
    (rival,) = taken.value.rivals
    assert (rival.slot, rival.held_until, rival.for_you) == (at(12), MONDAY + 10 * MINUTE, False)
    (mine,) = await office.search.rivals(apollo, at(12), by=office.bob)
    assert mine.for_you
    (day,) = await office.search.day([apollo.id], at(0, 24 * 60), by=office.ana)
    assert day.taken == (rival,)


async def test_taking_books_what_was_wished_and_a_second_tap_finds_the_same_booking(office: Office):
    apollo = await office.room("Apollo", setup=10, teardown=5)
    booking = await office.book(apollo, at(12))
    guest = await office.actor("guest")
    place = await join(
        office, office.bob, apollo, at(12), title="Review", attendees_count=3, private=True, invitees=(guest.person_id,)
    )
    await office.bookings.cancel(booking.id, by=office.ana)

    taken = await office.line.take(place.id, by=office.bob, key="tap")

    assert (taken.room, taken.slot, taken.title, taken.attendees_count) == (apollo, at(12), "Review", 3)
    assert (taken.private, taken.booker.person_id, taken.status) == (True, office.bob.person_id, Status.CONFIRMED)
    assert [a.person_id for a in taken.attendees] == [guest.person_id]
    assert await office.line.take(place.id, by=office.bob, key="tap") == taken
    assert await office.line.take(place.id, by=office.bob, key="another tap") == taken
    assert await office.line.take(place.id, by=office.bob) == taken
    assert await now(office, place) == ("taken", "Apollo")
    assert await office.count("SELECT count(*) FROM bookings WHERE status = 'confirmed'") == 1
    (claim,) = await office.rows("SELECT * FROM room_claims")
    assert (claim["kind"], claim["expires_at"], claim["waiting_id"]) == ("booking", None, None)
    assert (claim["start_time"], claim["end_time"]) == (at(12).start - 10 * MINUTE, at(12).end + 5 * MINUTE)


async def test_an_offer_that_is_over_goes_to_the_next_and_both_are_told(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(12))
    first, second = await join(office, office.bob, apollo, at(12)), await join(office, office.boss, apollo, at(12))
    await office.bookings.cancel(booking.id, by=office.ana)

    await office.all_told()

    assert await office.line.advance(MONDAY + 9 * MINUTE) == 0
    assert await office.line.advance(MONDAY + 10 * MINUTE) == 1

    assert await now(office, first) == ("missed", "Apollo")
    assert await now(office, second) == ("offered", "Apollo")
    assert await told(office) == [("offer", "bob"), ("offer_missed", "bob"), ("offer", "boss")]
    # A day without a job: everything is over at the first run, and nobody is offered what has passed.
    assert await office.line.advance(MONDAY + timedelta(days=1)) == 1
    assert await now(office, second) == ("missed", "Apollo")


async def test_an_offer_that_is_over_blocks_nobody_though_no_job_has_run(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(12))
    place = await join(office, office.bob, apollo, at(12))
    await office.bookings.cancel(booking.id, by=office.ana)
    office.clock.advance(10 * MINUTE)

    assert not await office.search.rivals(apollo, at(12), by=office.ana)
    assert (await office.search.find(Wish(slot=at(12)), by=office.ana)).free[0].room == apollo
    assert (await office.book(apollo, at(12.5))).status is Status.CONFIRMED

    assert await now(office, place) == ("missed", "Apollo")
    assert await told(office) == [("offer", "bob"), ("offer_missed", "bob")]


async def test_a_late_tap_books_while_the_room_is_still_free(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(12))
    place = await join(office, office.bob, apollo, at(12))
    await office.bookings.cancel(booking.id, by=office.ana)
    await office.all_told()
    office.clock.advance(20 * MINUTE)
    await office.line.advance(office.clock.now())
    assert await now(office, place) == ("missed", "Apollo")

    assert (await office.line.take(place.id, by=office.bob)).slot == at(12)
    assert await now(office, place) == ("taken", "Apollo")


async def test_a_late_tap_before_any_job_has_run_books_too(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(12))
    place = await join(office, office.bob, apollo, at(12))
    await office.bookings.cancel(booking.id, by=office.ana)
    office.clock.advance(20 * MINUTE)

    assert (await office.line.take(place.id, by=office.bob)).slot == at(12)
    assert await told(office) == [("offer", "bob")]


async def test_a_late_tap_is_refused_when_the_next_in_line_has_the_offer(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(12))
    place = await join(office, office.bob, apollo, at(12))
    await join(office, office.boss, apollo, at(12))
    await office.bookings.cancel(booking.id, by=office.ana)
    await office.all_told()
    office.clock.advance(10 * MINUTE)
    await office.line.advance(office.clock.now())

    with pytest.raises(errors.SlotTaken, match="held for somebody on the waiting list until 09:20"):
        await office.line.take(place.id, by=office.bob)


async def test_declining_and_leaving_pass_the_offer_on(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(12))
    places = [await join(office, by, apollo, at(12)) for by in (office.bob, office.boss, office.ana)]
    await office.bookings.cancel(booking.id, by=office.ana)

    assert (await office.line.decline(places[0].id, by=office.bob)).status == "declined"
    assert await now(office, places[1]) == ("offered", "Apollo")
    assert (await office.line.leave(places[1].id, by=office.boss)).status == "left"
    assert await now(office, places[2]) == ("offered", "Apollo")
    assert (await office.line.leave(places[2].id, by=office.ana)).status == "left"
    assert (await office.line.leave(places[2].id, by=office.ana)).version == 3

    assert await office.count("SELECT count(*) FROM room_claims") == 0
    assert (await office.book(apollo, at(12))).status is Status.CONFIRMED


async def test_a_place_in_line_is_its_owners_alone(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(12))
    place = await join(office, office.bob, apollo, at(12))
    await office.bookings.cancel(booking.id, by=office.ana)

    for attempt in (office.line.take, office.line.leave, office.line.decline):
        with pytest.raises(errors.NotAllowed):
            await attempt(place.id, by=office.ana)
        with pytest.raises(errors.WaitingNotFound):
            await attempt(booking.id, by=office.ana)
    assert [waiting.id for waiting in await office.line.mine(office.bob)] == [place.id]
    assert await office.line.mine(office.ana) == ()


async def test_nothing_can_be_taken_that_was_not_offered(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, at(12))
    place = await join(office, office.bob, apollo, at(12))

    with pytest.raises(errors.OfferGone):
        await office.line.take(place.id, by=office.bob)
    await office.line.leave(place.id, by=office.bob)
    with pytest.raises(errors.OfferGone):
        await office.line.take(place.id, by=office.bob)


async def test_the_same_wish_twice_is_one_place_amended(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, at(12))

    first = await join(office, office.bob, apollo, at(12), title="One")
    again = await join(office, office.bob, apollo, at(12), title="One")
    other = await join(office, office.bob, apollo, at(12), title="Two", attendees_count=2)

    assert again == first
    assert (other.id, other.title, other.attendees_count, other.version) == (first.id, "Two", 2, 2)
    assert other.created_at == first.created_at


async def test_the_same_wish_for_more_people_than_the_room_seats_is_refused_as_a_new_one_would_be(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, at(12))
    place = await join(office, office.bob, apollo, at(12))
    for wrong in ({"attendees_count": 5}, {"title": "x" * 201}, {"amenities": frozenset({"piano"})}):
        with pytest.raises(errors.BookingError):
            await join(office, office.bob, apollo, at(12), **wrong)
    assert await office.line.get(place.id) == place


async def test_a_request_that_arrives_again_does_not_join_again(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, at(12))
    wish = Wish(slot=at(12), room_id=apollo.id)
    place = await office.line.join(wish, by=office.bob, key="join")
    await office.line.leave(place.id, by=office.bob)

    again = await office.line.join(wish, by=office.bob, key="join")

    assert (again.id, again.status) == (place.id, "left")
    assert (await office.line.join(wish, by=office.bob, key="join anew")).status == "waiting"
    with pytest.raises(errors.KeyReused):
        await office.line.join(Wish(slot=at(13), room_id=apollo.id), by=office.bob, key="join")


async def test_nobody_waits_for_what_is_free_or_can_never_be(office: Office):
    apollo = await office.room("Apollo", has=["tv"])
    await office.book(apollo, at(12))

    with pytest.raises(errors.AlreadyFree) as free:
        await join(office, office.bob, apollo, at(14))
    assert (free.value.alternative.room, free.value.alternative.slot) == (apollo, at(14))
    assert free.value.message == "Apollo is free at that time now: book it."
    with pytest.raises(errors.TooManyAttendees):
        await join(office, office.bob, apollo, at(12), attendees_count=9)
    with pytest.raises(errors.LacksAmenities, match="Apollo has no projector"):
        await join(office, office.bob, apollo, at(12), amenities=frozenset({"projector"}))
    with pytest.raises(errors.NothingFits):
        await join(office, office.bob, None, at(12), attendees_count=9)
    with pytest.raises(errors.StartInPast):
        await join(office, office.bob, apollo, at(7))
    with pytest.raises(errors.GuestsMayNotBook):
        await join(office, office.visitor, apollo, at(12))
    assert await office.count("SELECT count(*) FROM waiting") == 0


async def test_any_room_that_has_what_is_asked_for_serves_a_wish_for_any(office: Office):
    small, large = await office.room("Small", has=["tv"]), await office.room("Large", seats=12, has=["tv", "phone"])
    bare = await office.room("Bare")
    booked = {room.name: await office.book(room, at(12)) for room in (small, large, bare)}
    place = await join(office, office.bob, None, at(12), amenities=frozenset({"tv"}), location_id=office.berlin.id)
    picky = await join(office, office.boss, None, at(12), amenities=frozenset({"tv"}), attendees_count=6)

    await office.bookings.cancel(booked["Bare"].id, by=office.ana)
    assert [await now(office, one) for one in (place, picky)] == [("waiting", None)] * 2
    await office.bookings.cancel(booked["Large"].id, by=office.ana)
    assert [await now(office, one) for one in (place, picky)] == [("offered", "Large"), ("waiting", None)]
    await office.line.decline(place.id, by=office.bob)
    assert await now(office, picky) == ("offered", "Large")
    assert (await office.line.take(picky.id, by=office.boss)).room == large


async def test_what_is_freed_serves_as_many_as_fit_side_by_side(office: Office):
    apollo = await office.room("Apollo", setup=15)
    long = await office.book(apollo, at(12, 180))
    places = [
        await join(office, office.bob, apollo, at(12, 60)),
        await join(office, office.boss, apollo, at(12.5, 60)),
        await join(office, office.ana, apollo, at(13.25, 60)),
        await join(office, await office.actor("late"), apollo, at(14.5, 60)),
    ]

    await office.bookings.cancel(long.id, by=office.ana)

    assert [(await now(office, place))[0] for place in places] == ["offered", "waiting", "offered", "offered"]


async def test_moving_away_shortening_and_swapping_free_what_they_free(office: Office):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus", seats=12)
    moved = await office.book(apollo, at(12))
    place = await join(office, office.bob, apollo, at(12))
    await office.bookings.change(moved.id, Change(slot=at(15)), version=1, by=office.ana)
    assert await now(office, place) == ("offered", "Apollo")

    long = await office.book(apollo, at(17, 120))
    place = await join(office, office.bob, apollo, at(18))
    await office.bookings.change(long.id, Change(slot=at(17, 60)), version=1, by=office.ana)
    assert await now(office, place) == ("offered", "Apollo")

    one, other = await office.book(apollo, at(20, 30)), await office.book(zeus, at(20.5, 30))
    places = [await join(office, office.bob, apollo, at(20, 30)), await join(office, office.boss, zeus, at(20.5, 30))]
    await office.bookings.swap(one.id, other.id, versions=(1, 1), by=office.ana)
    assert [await now(office, place) for place in places] == [("offered", "Apollo"), ("offered", "Zeus")]


async def test_a_move_that_fails_offers_nothing(office: Office):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    booking = await office.book(apollo, at(12))
    await office.book(zeus, at(12), by=office.boss)
    place = await join(office, office.bob, apollo, at(12))

    with pytest.raises(errors.SlotTaken):
        await office.bookings.change(booking.id, Change(room_id=zeus.id), version=1, by=office.ana)

    assert await now(office, place) == ("waiting", None)
    assert await told(office) == []


async def test_undoing_a_cancel_is_refused_while_the_room_is_offered_and_works_once_it_was_declined(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(12))
    place = await join(office, office.bob, apollo, at(12))
    await office.bookings.cancel(booking.id, by=office.ana)

    with pytest.raises(errors.SlotTaken, match="held for somebody on the waiting list until 09:10"):
        await office.bookings.undo(booking.id, version=2, by=office.ana)
    await office.line.decline(place.id, by=office.bob)
    assert (await office.bookings.undo(booking.id, version=2, by=office.ana)).after.status is Status.CONFIRMED


async def test_who_sleeps_keeps_the_place_and_is_served_in_the_morning(office: Office):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    booked = [await office.book(room, at(34)) for room in (apollo, zeus)]
    first, second = await join(office, office.bob, None, at(34)), await join(office, office.boss, None, at(34))
    await quiet(office, office.bob, time(22), time(9))  # it is 8 in UTC, where Bob lives

    await office.bookings.cancel(booked[0].id, by=office.ana)
    assert [(await now(office, place))[0] for place in (first, second)] == ["waiting", "offered"]
    await office.bookings.cancel(booked[1].id, by=office.ana)
    assert (await now(office, first))[0] == "waiting"
    await office.all_told()
    assert await office.line.advance(MONDAY + 59 * MINUTE) == 1  # the other's offer is over
    office.clock.set(MONDAY + 60 * MINUTE)
    assert await office.line.advance(office.clock.now()) == 1

    assert (await now(office, first))[0] == "offered"
    assert await told(office) == [("offer", "boss"), ("offer_missed", "boss"), ("offer", "bob")]


async def test_a_zone_that_this_machine_does_not_know_stops_nobody(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(12))
    place = await join(office, office.bob, apollo, at(12))
    await quiet(office, office.bob, time(22), time(6))
    await office.damage(f"UPDATE people SET zone = 'Mars/Base' WHERE id = '{office.bob.person_id}'")
    await office.bookings.cancel(booking.id, by=office.ana)
    assert await now(office, place) == ("offered", "Apollo")


async def test_what_is_left_of_a_slot_that_has_begun_is_offered_from_now_on(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(8))
    place = await join(office, office.bob, apollo, at(8))
    office.clock.advance(timedelta(minutes=20, seconds=40))
    await office.bookings.cancel(booking.id, by=office.ana)
    assert (await office.line.get(place.id)).offer_expires_at == office.clock.now() + 2 * MINUTE
    office.clock.advance(1 * MINUTE)

    taken = await office.line.take(place.id, by=office.bob)

    assert taken.slot == Slot(start=MONDAY + 21 * MINUTE, end=at(8).end)


async def test_the_last_minutes_of_a_slot_are_offered_to_nobody(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(8))
    place = await join(office, office.bob, apollo, at(8))
    office.clock.advance(46 * MINUTE)
    await office.bookings.cancel(booking.id, by=office.ana)
    assert await now(office, place) == ("waiting", None)

    assert await office.line.advance(office.clock.now()) == 1
    assert await now(office, place) == ("over", None)


async def test_an_offer_ends_when_its_slot_begins(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(12))
    place = await join(office, office.bob, apollo, at(12))
    office.clock.set(at(12).start - 4 * MINUTE)
    await office.bookings.cancel(booking.id, by=office.ana)
    assert (await office.line.get(place.id)).offer_expires_at == at(12).start


async def test_the_ten_minutes_begin_when_the_message_was_sent(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(12))
    place = await join(office, office.bob, apollo, at(12))
    await office.bookings.cancel(booking.id, by=office.ana)

    await office.line.delivered(place.id, 1, MONDAY + 5 * MINUTE)
    assert (await office.line.get(place.id)).offer_expires_at == MONDAY + 10 * MINUTE
    await office.line.delivered(place.id, 2, MONDAY + 5 * MINUTE)
    offered = await office.line.get(place.id)
    assert (offered.offer_expires_at, offered.version) == (MONDAY + 15 * MINUTE, 2)
    await office.line.delivered(place.id, 2, MONDAY + 1 * MINUTE)
    assert (await office.line.get(place.id)).offer_expires_at == MONDAY + 15 * MINUTE
    assert await office.line.advance(MONDAY + 14 * MINUTE) == 0


async def test_an_offer_that_nobody_could_be_told_of_yet_goes_on_for_an_hour_and_blocks_nobody(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(12))
    first, second = await join(office, office.bob, apollo, at(12)), await join(office, office.boss, apollo, at(12))
    await office.bookings.cancel(booking.id, by=office.ana)

    for minutes in (10, 20, 30, 40, 50):
        await office.line.advance(MONDAY + minutes * MINUTE)
        offered = await office.line.get(first.id)
        assert (offered.status, offered.offer_expires_at) == ("offered", MONDAY + (minutes + 10) * MINUTE)
    await office.line.advance(MONDAY + 60 * MINUTE)
    assert await now(office, first) == ("missed", "Apollo")
    assert await now(office, second) == ("offered", "Apollo")
    # Nobody advances the line for eleven minutes: whoever wants it has it.
    office.clock.set(MONDAY + 71 * MINUTE)
    assert (await office.book(apollo, at(12))).status is Status.CONFIRMED
    assert await now(office, second) == ("missed", "Apollo")


async def test_an_offer_whose_message_waits_for_the_morning_goes_to_the_next(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(36))
    first, second = await join(office, office.bob, apollo, at(36)), await join(office, office.boss, apollo, at(36))
    await office.bookings.cancel(booking.id, by=office.ana)
    await office.damage("UPDATE deliveries SET due_at = due_at + interval '9 hours'")  # their quiet hours had just begun
    await office.line.advance(MONDAY + 10 * MINUTE)
    assert await now(office, first) == ("missed", "Apollo")
    assert await now(office, second) == ("offered", "Apollo")


async def test_rules_that_stand_against_a_wish_now_leave_it_waiting(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(12))
    large = await join(office, office.bob, apollo, at(12), attendees_count=4)
    small = await join(office, office.boss, apollo, at(12), attendees_count=1)
    await office.damage("UPDATE rooms SET capacity = 3")
    office.catalogues.forget()

    await office.bookings.cancel(booking.id, by=office.ana)

    assert await now(office, large) == ("waiting", None)
    assert await now(office, small) == ("offered", "Apollo")


async def test_a_room_that_is_added_serves_those_who_wait_for_any(office: Office):
    await office.book(await office.room("Apollo"), at(12))
    place = await join(office, office.bob, None, at(12))
    assert await office.line.advance(MONDAY) == 0
    await office.room("Zeus")

    assert await office.line.advance(MONDAY) == 1
    assert await now(office, place) == ("offered", "Zeus")
    assert await office.line.advance(MONDAY) == 0
