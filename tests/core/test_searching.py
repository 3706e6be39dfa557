"""Finding rooms, and what is offered in place of what cannot be had: always free, always allowed."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from core import errors
from core.claims import MANY_PARTS, busy_rooms
from core.db import ReadSession
from core.models import Alternative, OfferKind, Room, Slot, Wish
from core.rooms import Rooms
from core.search import Page
from tests.core.furnished import lendable
from tests.core.office import Office, at


def said(offers: tuple[Alternative, ...], office: Office) -> list[tuple[str, str, str]]:
    zone = office.berlin.tz
    return [
        (o.kind.value, o.room.name, f"{o.slot.start.astimezone(zone):%H:%M}-{o.slot.end.astimezone(zone):%H:%M}")
        for o in offers
    ]


# -- searching ---------------------------------------------------------------------------------------------------------


async def test_free_rooms_are_found_best_first_with_how_long_they_stay_free(office: Office):
    hall, snug, den = await office.room("Hall", seats=20), await office.room("Snug"), await office.room("Den", setup=15)
    await office.room("Tiny", seats=1)
    await office.book(snug, at(14))
    await office.book(den, at(10))
    await office.book(hall, at(11, 30))

    found = await office.search.find(Wish(slot=at(10), attendees_count=2), by=office.ana)

    assert [(free.room.name, free.free_until) for free in found.free] == [("Snug", at(14).start), ("Hall", at(11).start)]
    assert found.taken == 1
    later = await office.search.find(Wish(slot=at(10, days=2), attendees_count=2), by=office.ana)
    assert {free.free_until for free in later.free} == {None}


async def test_a_rooms_own_setup_counts_when_it_is_searched(office: Office):
    stage = await office.room("Stage", setup=30)
    await office.book(await office.room("Plain"), at(12))
    await office.book(stage, at(9))
    free = await office.search.find(Wish(slot=at(10)), by=office.ana)
    assert [f.room.name for f in free.free] == ["Plain"]
    assert [f.room.name for f in (await office.search.find(Wish(slot=at(10.5)), by=office.ana)).free] == ["Plain", "Stage"]


async def test_searching_changes_nothing_and_keeps_the_rules(office: Office):
    await office.room("Apollo")
    with pytest.raises(errors.StartInPast):
        await office.search.find(Wish(slot=at(6)), by=office.ana)
    with pytest.raises(errors.NothingFits):
        await office.search.find(Wish(slot=at(10), attendees_count=50), by=office.ana)
    await office.search.find(Wish(slot=at(10)), by=office.ana)
    assert await office.count("SELECT count(*) FROM room_claims") == 0


async def test_a_day_shows_what_is_booked_and_hides_what_is_private(office: Office):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    await office.book(apollo, at(12), title="Secret", private=True)
    await office.book(apollo, at(10), title="Open", by=office.bob)
    cancelled = await office.book(zeus, at(10))
    await office.bookings.cancel(cancelled.id, by=office.ana)
    day = at(0, 24 * 60)

    for_bob = await office.search.day([zeus.id, apollo.id], day, by=office.bob)
    for_ana = await office.search.day([apollo.id], day, by=office.ana)

    assert [(one.room, len(one.taken)) for one in for_bob] == [(zeus, 0), (apollo, 2)]
    assert [(r.title, r.booker_slack_user_id, r.private) for r in for_bob[1].taken] == [
        ("Open", "Ubob", False),
        (None, None, True),
    ]
    assert [r.title for r in for_ana[0].taken] == ["Open", "Secret"]


# -- alternatives ------------------------------------------------------------------------------------------------------


async def test_a_taken_room_is_answered_with_other_rooms_then_other_times(office: Office):
    apollo = await office.room("Apollo", has=["tv"])
    await office.room("Boardroom", seats=9, has=["tv"])
    await office.room("Attic", seats=9)
    await office.room("Sakura", place=office.tokyo, has=["tv"])
    await office.book(apollo, at(13))  # 14:00-15:00 in Berlin

    offers = await office.search.alternatives(Wish(slot=at(13, 60), room_id=apollo.id), by=office.ana)

    assert said(offers, office) == [
        ("other_room", "Boardroom", "14:00-15:00"),
        ("other_room", "Attic", "14:00-15:00"),
        ("other_time", "Apollo", "13:00-14:00"),
        ("other_time", "Apollo", "15:00-16:00"),
        ("other_time", "Apollo", "16:00-17:00"),
    ]


async def test_a_meeting_may_be_offered_a_quarter_shorter_but_not_less(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, at(13.75, 60))
    shorter = [("shorter", "Apollo", "14:00-14:45")]
    wish = Wish(slot=at(13, 60), room_id=apollo.id)
    assert [o for o in said(await office.search.alternatives(wish, by=office.ana), office) if o[0] == "shorter"] == shorter
    less = Wish(slot=at(13, 61), room_id=apollo.id)
    assert "shorter" not in {o.kind for o in await office.search.alternatives(less, by=office.ana)}


async def test_after_closing_time_the_nearest_time_before_it_is_offered(office: Office):
    apollo = await office.room("Apollo")
    await Rooms(office.db, office.catalogues).set_policy(opening={"mon": ["08:00", "18:00"]})
    with pytest.raises(errors.OutsideOpeningHours) as refusal:
        await office.book(apollo, at(16.5))
    assert said(refusal.value.alternatives, office) == [("other_time", "Apollo", "17:00-18:00")]


async def test_in_place_of_a_named_room_comes_the_one_most_like_it(office: Office):
    apollo = await office.room("Apollo", seats=8, has=["projector", "whiteboard"])
    await office.room("Booth", seats=1, has=["phone"])
    await office.room("Hudson", seats=10, has=["projector"])
    await office.room("Skylight", seats=6, has=["whiteboard"])
    await office.room("Tempelhof", seats=14, has=["projector", "video", "whiteboard"])
    await office.book(apollo, at(10))

    offers = await office.search.alternatives(Wish(slot=at(10), room_id=apollo.id), by=office.ana, limit=20)

    others = [offer.room.name for offer in offers if offer.kind is OfferKind.OTHER_ROOM]
    assert others == ["Tempelhof", "Hudson", "Skylight", "Booth"]


async def test_who_named_no_room_is_told_of_the_places_rooms(office: Office):
    rooms = Rooms(office.db, office.catalogues)
    small, large = await office.room("Booth", seats=1), await office.room("Hall", seats=20)
    await office.room("Den")
    await rooms.set_policy(opening={"mon": ["08:00", "20:00"]}, longest_minutes=600)
    await rooms.set_policy(room_id=large.id, opening={"mon": ["08:00", "18:00"]})

    async def told(**wish: object) -> str:
        with pytest.raises(errors.BookingError) as refused:
            await office.bookings.book(Wish(**wish), by=office.ana)
        return refused.value.message

    late = "; your meeting would start at 21:00."
    assert await told(slot=at(20)) == f"Rooms in Berlin close at 20:00 on Mondays{late}"
    assert await told(slot=at(20), room_id=small.id) == f"Booth closes at 20:00 on Mondays{late}"
    # The only one that seats so many speaks for itself, and so does the first where each has another reason.
    assert await told(slot=at(20), attendees_count=10) == f"Hall closes at 18:00 on Mondays{late}"
    await rooms.set_policy(room_id=small.id, longest_minutes=30)
    assert await told(slot=at(20)) == "Booth can be booked for 30 minutes at most."


async def test_too_many_people_are_offered_larger_rooms_at_the_same_time(office: Office):
    apollo = await office.room("Apollo")
    await office.room("Hall", seats=20)
    with pytest.raises(errors.TooManyAttendees) as refusal:
        await office.book(apollo, at(10), attendees_count=8)
    assert said(refusal.value.alternatives, office) == [("other_room", "Hall", "11:00-12:00")]


async def test_a_move_is_offered_times_that_its_own_booking_covers_now(office: Office):
    apollo = await office.room("Apollo")
    own = await office.book(apollo, at(10))
    await office.book(apollo, at(11))
    offers = await office.search.alternatives(Wish(slot=at(10.5), room_id=apollo.id), by=office.ana, but=(own.id,))
    assert ("other_time", "Apollo", "11:00-12:00") in said(offers, office)


# -- the promise: whatever is offered can be had -----------------------------------------------------------------------


async def furnished(office: Office) -> list[Room]:
    rooms = [
        await office.room("Apollo", seats=4, has=["tv"], floor="1"),
        await office.room("Zeus", seats=6, has=["tv", "phone"], floor="2", setup=20, teardown=10),
        await office.room("Hall", seats=30, teardown=1440),
        await office.room("Snug", seats=2, floor="2"),
        await office.room("Cellar", seats=9, active=False),
        await office.room("Sakura", seats=6, has=["tv"], place=office.tokyo),
    ]
    setting = Rooms(office.db, office.catalogues)
    week = {day: ["08:00", "19:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    await setting.set_policy(location_id=office.berlin.id, opening=week, shortest_minutes=10)
    await setting.set_policy(room_id=rooms[1].id, longest_minutes=120)
    await setting.set_policy(location_id=office.tokyo.id, horizon_days=3)
    return rooms


def a_wish(dice: random.Random, rooms: list[Room], office: Office) -> Wish:
    return Wish(
        slot=at(dice.randrange(28, 80) / 4, dice.choice([15, 30, 45, 60, 90, 180]), days=dice.randrange(3)),
        attendees_count=dice.choice([1, 2, 4, 6, 20]),
        room_id=dice.choice([None, *(room.id for room in rooms)]),
        amenities=frozenset(dice.choice([[], [], ["tv"], ["phone"]])),
        floor=dice.choice([None, None, "2"]),
        location_id=dice.choice([None, None, office.berlin.id]),
    )


@pytest.mark.parametrize("seed", range(6))
async def test_every_alternative_can_be_booked_and_is_what_its_kind_says(office: Office, seed: int):
    rooms, dice = await furnished(office), random.Random(seed)
    for _ in range(60):
        wish = Wish(slot=a_wish(dice, rooms, office).slot, room_id=dice.choice(rooms).id)
        await tried(office, wish)
    offered = 0
    for _ in range(40):
        wish = a_wish(dice, rooms, office)
        error = await tried(office, wish)
        offers = error.alternatives if error else await office.search.alternatives(wish, by=office.ana)
        assert len(offers) <= 5 + (bool(offers) and offers[0].kind is OfferKind.ANYWAY)
        assert len({(o.room.id, o.slot) for o in offers}) == len(offers)
        for offer in offers:
            holds_its_word(offer, wish, rooms, office)
            kept = Wish(slot=offer.slot, room_id=offer.room.id, attendees_count=wish.attendees_count)
            booked = await office.bookings.book(kept, by=office.ana)
            await office.bookings.cancel(booked.id, by=office.ana)
            offered += 1
    assert offered > 40


async def tried(office: Office, wish: Wish) -> errors.BookingError | None:
    try:
        await office.bookings.book(wish, by=office.ana)
    except errors.BookingError as error:
        return error
    return None


def holds_its_word(offer: Alternative, wish: Wish, rooms: list[Room], office: Office) -> None:
    named = next((room for room in rooms if room.id == wish.room_id), None)
    match offer.kind:
        case OfferKind.ANYWAY:
            assert (offer.room, offer.slot) == (named, wish.slot)
        case OfferKind.OTHER_ROOM:
            assert offer.slot == wish.slot
            assert offer.room != named
        case OfferKind.OTHER_TIME:
            assert offer.slot.length == wish.slot.length
            assert offer.slot != wish.slot
            day = wish.slot.start.astimezone(offer.location.tz).date()
            assert offer.slot.start.astimezone(offer.location.tz).date() == day
        case OfferKind.SHORTER:
            assert wish.slot.start <= offer.slot.start
            assert offer.slot.end <= wish.slot.end
            assert 0.75 * wish.slot.length <= offer.slot.length < wish.slot.length
    if offer.kind is not OfferKind.ANYWAY:
        assert wish.amenities <= offer.room.amenities
    if place := named.location_id if named else wish.location_id:
        assert offer.location.id == place


# -- days when the clock changes ---------------------------------------------------------------------------------------


async def test_a_meeting_over_the_spring_change_is_as_long_as_it_really_is(office: Office):
    apollo, zone = await office.room("Apollo"), office.berlin.tz
    spring = datetime(2040, 3, 25, tzinfo=zone)
    slot = Slot(start=spring.replace(hour=1, minute=30), end=spring.replace(hour=3, minute=30))
    assert slot.length == timedelta(hours=1)
    await Rooms(office.db, office.catalogues).set_policy(longest_minutes=60)
    assert (await office.book(apollo, slot)).slot.length == timedelta(hours=1)


async def test_the_repeated_hour_of_autumn_holds_two_different_meetings(office: Office):
    apollo, zone = await office.room("Apollo"), office.berlin.tz
    half = datetime(2040, 10, 28, 2, 0, tzinfo=zone)
    first = Slot(start=half, end=half + timedelta(minutes=30))
    second = Slot(start=half.replace(fold=1), end=half.replace(fold=1, minute=30))

    assert first != second
    assert not first.overlaps(second)
    one, other = await office.book(apollo, first), await office.book(apollo, second)
    assert other.start - one.start == timedelta(hours=1)
    # From the first 02:30 to the second 02:15: on the wall it ends before it begins.
    across = Slot(start=half.replace(minute=30), end=half.replace(minute=15, fold=1))
    assert across.length == timedelta(minutes=45)
    with pytest.raises(errors.SlotTaken):
        await office.book(apollo, across)


async def test_opening_hours_are_wall_clock_on_both_sides_of_a_change(office: Office):
    apollo, zone = await office.room("Apollo"), office.berlin.tz
    await Rooms(office.db, office.catalogues).set_policy(opening={d: ["08:00", "09:00"] for d in ("fri", "sun", "mon")})
    for day in (datetime(2040, 3, 23, tzinfo=zone), datetime(2040, 3, 25, tzinfo=zone), datetime(2040, 3, 26, tzinfo=zone)):
        booked = await office.book(apollo, Slot(start=day.replace(hour=8), end=day.replace(hour=9)))
        assert booked.start == day.replace(hour=8).astimezone(UTC)
        with pytest.raises(errors.OutsideOpeningHours):
            await office.book(apollo, Slot(start=day.replace(hour=7, minute=30), end=day.replace(hour=8)))


async def test_until_when_a_room_is_free_is_looked_up_for_the_page_that_is_shown(office: Office):
    rooms = [await office.room(f"Room {number}", seats=number) for number in range(1, 6)]
    for room in rooms:
        await office.book(room, at(12))

    async def shown(number: int) -> list[Room]:
        found = await office.search.find(Wish(slot=at(10)), by=office.ana, page=Page(number=number, length=2))
        assert found.count == len(rooms)
        assert {free.free_until for free in found.free} == {at(12).start}
        return [free.room for free in found.free]

    assert await shown(0) == rooms[:2]
    assert await shown(1) == rooms[2:4]
    assert await shown(2) == await shown(9) == rooms[4:]


async def test_among_many_rooms_whoever_holds_one_then_is_found_however_long_they_have_held_it(office: Office):
    """The same answer as when each room is looked at by itself, with setup, parts, offers that are over and long claims."""
    chance = random.Random(17)
    rooms = [await office.room(f"Room {number:02}", setup=chance.choice((0, 0, 30))) for number in range(MANY_PARTS + 6)]
    east, west = rooms[0], rooms[1]
    await office.damage(
        "INSERT INTO room_parts (tenant_id, whole_id, part_id) VALUES"
        f" ('{office.db.tenant}', '{rooms[2].id}', '{east.id}'), ('{office.db.tenant}', '{rooms[2].id}', '{west.id}')"
    )
    office.catalogues.forget()
    minutes = (30, 60, 13 * 60, 40 * 60)
    held = [
        (room.id, at(10).start + timedelta(minutes=chance.randrange(-2880, 240)), chance.choice(minutes), chance.random())
        for room in rooms
        if room.id != rooms[2].id
    ]
    for room_id, start, long, roll in held:
        end = start + timedelta(minutes=long)
        expires = "NULL" if roll < 0.7 else f"'{office.clock.now() + timedelta(minutes=chance.choice((-5, 5)))}'"
        await office.damage(
            "INSERT INTO room_claims (tenant_id, id, room_id, kind, start_time, end_time, expires_at) VALUES"
            f" ('{office.db.tenant}', gen_random_uuid(), '{room_id}', 'block', '{start}', '{end}', {expires})"
        )
    catalogue = await office.catalogues.current()
    there = [catalogue.room(room.id) for room in rooms]

    async def both(session: ReadSession) -> tuple[set[UUID], set[UUID]]:
        each = [await busy_rooms(session, [room], at(10), now=office.clock.now()) for room in there]
        return await busy_rooms(session, there, at(10), now=office.clock.now()), set().union(*each)

    at_once, one_by_one = await office.db.read(both)
    assert at_once == one_by_one
    assert 10 < len(at_once) < len(rooms) - 10


async def test_what_is_offered_instead_begins_and_ends_on_whole_five_minutes(office: Office):
    room = await office.room("Apollo")
    taken = Slot(start=at(9).start + timedelta(minutes=3), end=at(9).start + timedelta(minutes=52))
    await office.book(room, taken, by=office.bob)
    odd = Slot(start=at(9).start + timedelta(minutes=6), end=at(9).start + timedelta(minutes=53))

    offers = await office.search.alternatives(Wish(slot=odd, room_id=room.id), by=office.ana)

    begins = {offer.slot.start - at(9).start for offer in offers}
    assert {timedelta(minutes=55), timedelta(minutes=-50)} <= begins
    assert {offer.slot.length for offer in offers} == {timedelta(minutes=50)}
    assert all(offer.slot.start.minute % 5 == 0 for offer in offers)


async def test_a_shorter_time_keeps_the_end_that_was_wished_for(office: Office):
    room = await office.room("Apollo")
    await office.book(room, at(8, 67), by=office.bob)  # until seven past
    wish = Wish(slot=at(9, 63), room_id=room.id)

    offers = await office.search.alternatives(wish, by=office.ana)

    (shorter,) = [offer.slot for offer in offers if offer.kind is OfferKind.SHORTER]
    assert shorter == Slot(start=at(9).start + timedelta(minutes=10), end=wish.slot.end)


# -- what is to come along ---------------------------------------------------------------------------------------------


async def test_rooms_are_free_only_while_what_is_to_come_along_is_there(office: Office):
    snug, den = await office.room("Snug"), await office.room("Den", setup=30)
    await office.room("Sakura", place=office.tokyo)
    projector = await lendable(office, quantity=2)
    await office.book(snug, at(9), equipment=((projector.id, 1),))

    one = await office.search.find(Wish(slot=at(10), equipment=((projector.id, 1),)), by=office.ana)
    both = await office.search.find(Wish(slot=at(10), equipment=((projector.id, 2),)), by=office.ana)

    assert {free.room for free in one.free} == {snug, den}
    # Den is set up from 9:30 on, when one of the two is still out.
    assert {free.room for free in both.free} == {snug}


async def test_where_nothing_is_left_of_it_the_search_says_so_and_when_it_is_there(office: Office):
    snug, zeus = await office.room("Snug"), await office.room("Zeus")
    projector = await lendable(office, "Projector on wheels", 2)
    await office.book(snug, at(10), equipment=((projector.id, 2),))

    with pytest.raises(errors.EquipmentTaken) as refused:
        await office.search.find(Wish(slot=at(10), equipment=((projector.id, 1),)), by=office.ana)

    assert str(refused.value) == "2 of 2 projectors on wheels are out today 11:00-12:00."
    assert refused.value.name == "Projector on wheels"
    assert ("other_time", "Snug", "12:00-13:00") in said(refused.value.alternatives, office)
    assert all(offer.room in {snug, zeus} and offer.slot != at(10) for offer in refused.value.alternatives)


async def test_more_than_there_are_and_what_is_elsewhere_are_not_searched_for(office: Office):
    await office.room("Snug")
    await office.room("Sakura", place=office.tokyo)
    projector = await lendable(office)

    with pytest.raises(errors.EquipmentTaken, match="There are only 2 projectors in Berlin"):
        await office.search.find(Wish(slot=at(10), equipment=((projector.id, 3),)), by=office.ana)
    wish = Wish(slot=at(10), location_id=office.tokyo.id, equipment=((projector.id, 1),))
    with pytest.raises(errors.EquipmentNotFound, match="There is no projector to borrow in Tokyo"):
        await office.search.find(wish, by=office.ana)
