"""Locations, rooms and amenities, changed one by one: what is judged, what is noted, and who may."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.errors import InvalidSetting, LocationNotFound, NotAllowed, RoomInactive, StalePlace, StillUsed
from core.ids import new_id
from core.models import Booking
from core.places import Places, RoomFacts
from core.reading import elsewhere
from core.rooms import Rooms
from tests.core.office import PATIENT, Office, at, opened


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with opened(database) as made:
        yield made


def places_of(office: Office) -> Places:
    return Places(office.db, office.catalogues, office.clock)


async def noted(office: Office) -> list[tuple[str, str | None, str, str]]:
    rows = await office.rows("SELECT subject, subject_name, action, actor_name FROM changes ORDER BY number")
    return [tuple(row) for row in rows]


async def test_a_location_and_a_room_are_added_and_can_be_booked_at_once(office: Office):
    places = places_of(office)
    paris = await places.add_location(name="  Paris ", zone="Europe/Paris", by=office.boss)
    room = await places.add_room(
        paris.id, RoomFacts(name="Seine", capacity=6, amenities=frozenset({"Beamer", "TV"})), by=office.boss
    )

    assert (paris.name, room.amenities) == ("Paris", frozenset({"projector", "tv"}))
    assert (await office.book(room, at(10))).room.name == "Seine"
    assert await noted(office) == [("location", "Paris", "added", "boss"), ("room", "Seine", "added", "boss")]


async def test_what_cannot_be_meant_is_told_by_field_and_nothing_is_written(office: Office):
    places = places_of(office)
    await office.room("Apollo")

    with pytest.raises(InvalidSetting) as refused:
        await places.add_room(
            office.berlin.id,
            RoomFacts(name="apollo", capacity=0, floor="x" * 41, setup_minutes=-1, photo="http://example.com/a.png"),
            by=office.boss,
        )
    assert set(refused.value.fields) == {"name", "capacity", "floor", "setup_minutes", "photo"}
    with pytest.raises(InvalidSetting) as refused:
        await places.add_location(name="BERLIN", zone="Berlin", by=office.boss)
    assert set(refused.value.fields) == {"name", "zone"}
    with pytest.raises(LocationNotFound):
        await places.add_room(new_id(), RoomFacts(name="Nowhere", capacity=2), by=office.boss)
    assert await noted(office) == []


@pytest.mark.parametrize(
    "address", ["https://", "javascript:alert(1)", "https://a b/c.png", "https://me:pw@example.com/a.png", "https://[::1"]
)
async def test_a_photo_is_an_https_address_and_nothing_else(office: Office, address: str):
    room = await office.room("Apollo")

    with pytest.raises(InvalidSetting):
        await places_of(office).edit_room(room.id, RoomFacts(photo=address), version=1, by=office.boss)


async def test_a_room_is_renamed_with_its_bookings_and_the_audit_has_both_names(office: Office):
    room = await office.room("Apollo", has=["tv"])
    booking = await office.book(room, at(10))

    after = await places_of(office).edit_room(
        room.id, RoomFacts(name="Artemis", photo="https://example.com/artemis.png"), version=room.version, by=office.boss
    )

    assert (after.name, after.version, after.amenities) == ("Artemis", 2, frozenset({"tv"}))
    assert (await office.bookings.get(booking.id)).room.name == "Artemis"
    (row,) = await office.rows("SELECT before->>'name' AS old, after->>'name' AS new FROM changes")
    assert tuple(row) == ("Apollo", "Artemis")


async def test_a_change_that_changes_nothing_is_not_noted(office: Office):
    room = await office.room("Apollo")

    after = await places_of(office).edit_room(room.id, RoomFacts(name=" Apollo "), version=1, by=office.boss)

    assert after.version == 1
    assert await noted(office) == []


async def test_who_saw_an_older_room_is_told_so(office: Office):
    room = await office.room("Apollo")
    places = places_of(office)
    await places.edit_room(room.id, RoomFacts(floor="3"), version=1, by=office.boss)

    with pytest.raises(StalePlace):
        await places.edit_room(room.id, RoomFacts(floor="4"), version=1, by=office.boss)
    assert (await office.catalogues.current()).room(room.id).floor == "3"


async def test_a_room_does_not_shrink_below_a_meeting_ahead(office: Office):
    room = await office.room("Apollo", seats=8)
    await office.book(room, at(10), attendees_count=7)

    with pytest.raises(StillUsed) as refused:
        await places_of(office).edit_room(room.id, RoomFacts(capacity=6), version=1, by=office.boss)
    assert "7 people" in refused.value.fields["capacity"]
    assert (await places_of(office).edit_room(room.id, RoomFacts(capacity=7), version=1, by=office.boss)).capacity == 7


async def test_a_room_out_of_use_keeps_its_bookings_and_takes_no_more(office: Office):
    room = await office.room("Apollo")
    booking = await office.book(room, at(10))
    await office.bookings.cancel((await office.book(room, at(14))).id, by=office.ana)

    closed = await places_of(office).use_room(room.id, active=False, version=1, by=office.boss)

    assert [one.id for one in closed.bookings] == [booking.id]
    with pytest.raises(RoomInactive):
        await office.book(room, at(12))
    again = await places_of(office).use_room(room.id, active=True, version=2, by=office.boss)
    assert [one.id for one in again.bookings] == [booking.id]
    await office.book(room, at(12))


async def test_a_location_out_of_use_takes_all_its_rooms_with_it(office: Office):
    room = await office.room("Kiez")
    booking = await office.book(room, at(10))
    places = places_of(office)
    (berlin, _) = await places.locations()

    closed = await places.use_location(berlin.location.id, active=False, version=berlin.version, by=office.boss)

    assert (berlin.rooms, [one.id for one in closed.bookings]) == (1, [booking.id])
    assert (await office.catalogues.current()).bookable == ()
    assert (await places.locations())[0].version == 2


async def test_a_location_with_bookings_ahead_keeps_its_clock_but_not_its_name(office: Office):
    await office.book(await office.room("Kiez"), at(10))
    places = places_of(office)

    with pytest.raises(StillUsed):
        await places.edit_location(office.berlin.id, version=1, zone="Europe/Paris", by=office.boss)
    assert (await places.edit_location(office.berlin.id, version=1, name="Hauptstadt", by=office.boss)).name == "Hauptstadt"
    await places.edit_location(office.tokyo.id, version=1, zone="Asia/Seoul", by=office.boss)


async def test_a_board_is_opened_to_everybody_and_closed_again_by_an_admin(office: Office):
    places = places_of(office)
    opened = await places.edit_location(office.berlin.id, version=1, board_open=True, by=office.boss)
    assert opened.board_open
    assert (await places.edit_location(office.berlin.id, version=2, name="Hauptstadt", by=office.boss)).board_open
    placed = {one.location.id: one.location for one in await places.locations()}
    assert placed[office.berlin.id].board_open
    assert not (await places.edit_location(office.berlin.id, version=3, board_open=False, by=office.boss)).board_open


async def test_amenities_are_merged_in_one_action_and_a_room_with_both_keeps_one(office: Office):
    await office.room("One", has=["flipchart"])
    await office.room("Two", has=["flip chart", "flipchart", "tv"])
    await office.room("Three", has=["tv"])

    count = await places_of(office).merge_amenities(["flip chart", "Flipchart"], "flip-chart", by=office.boss)

    rooms = {room.name: room.amenities for room in (await office.catalogues.current()).rooms}
    assert count == 2
    assert rooms == {"One": {"flip-chart"}, "Two": {"flip-chart", "tv"}, "Three": {"tv"}}
    assert await noted(office) == [("amenity", "flip-chart", "merged", "boss")]
    with pytest.raises(StillUsed):
        await places_of(office).merge_amenities(["sauna"], "spa", by=office.boss)
    with pytest.raises(InvalidSetting):
        await places_of(office).merge_amenities(["tv"], "tv; projector", by=office.boss)


async def test_only_admins_change_places_and_the_command_line_is_one(office: Office):
    room = await office.room("Apollo", has=["tv"])
    places = places_of(office)
    for somebody in (office.ana, office.visitor):
        for attempt in (
            places.add_location(name="Paris", zone="Europe/Paris", by=somebody),
            places.edit_location(office.berlin.id, version=1, name="Paris", by=somebody),
            places.use_location(office.berlin.id, active=False, version=1, by=somebody),
            places.add_room(office.berlin.id, RoomFacts(name="New", capacity=2), by=somebody),
            places.edit_room(room.id, RoomFacts(capacity=99), version=1, by=somebody),
            places.use_room(room.id, active=False, version=1, by=somebody),
            places.merge_amenities(["tv"], "screen", by=somebody),
        ):
            with pytest.raises(NotAllowed):
                await attempt
    assert await noted(office) == []

    await places.edit_room(room.id, RoomFacts(floor="2"), version=1, by=None)
    assert await noted(office) == [("room", "Apollo", "changed", "command line")]


async def test_a_room_shrinks_or_is_booked_by_more_people_but_never_both(database: Any):
    async with opened(database, **PATIENT) as office:
        places = places_of(office)
        outcomes = []
        for number in range(20):
            room = await office.room(f"Room {number}", seats=8)
            shrunk, booked = await asyncio.gather(
                places.edit_room(room.id, RoomFacts(capacity=4), version=1, by=office.boss),
                office.book(room, at(10), attendees_count=7),
                return_exceptions=True,
            )
            assert isinstance(shrunk, BaseException) != isinstance(booked, BaseException), (shrunk, booked)
            outcomes.append(isinstance(booked, Booking))
        assert len(outcomes) == 20


class BehindCopy:
    """A copy of the database that must not be read."""

    async def read(self, *_: object, **__: object) -> Any:
        raise AssertionError("read from a copy")


async def test_what_is_kept_with_the_catalogue_is_not_read_from_a_copy_that_may_be_behind(office: Office):
    place = await places_of(office).add_location(name="Porto", zone="Europe/Lisbon", by=office.boss)
    office.db.copy = BehindCopy()
    with elsewhere():
        with pytest.raises(AssertionError, match="copy"):
            await office.bookings.mine(office.ana)
        assert place.name in [one.location.name for one in await places_of(office).locations()]
        assert await Rooms(office.db, office.catalogues).policies() == ()
        assert (await Rooms(office.db, office.catalogues).export()).startswith("name,capacity")
