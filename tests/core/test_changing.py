"""Moving, editing, cancelling, taking back and exchanging bookings, with versions, rights and an event for each."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from core import checks, errors
from core.ids import new_id
from core.models import Booking, Change, Changed, LastChange, Right, Room, Slot, Status
from core.rooms import RoomRow, Rooms
from tests.core.office import MONDAY, Office, at
from tests.core.ruling import Ruling


async def change(office: Office, booking: Booking, *, by: Any = None, **wanted: Any) -> Changed:
    return await office.bookings.change(booking.id, Change(**wanted), version=booking.version, by=by or office.ana)


async def events(office: Office, booking: Booking) -> list[tuple[str, int, Any, Any]]:
    rows = await office.rows(
        "SELECT kind, booking_version, before, after FROM events WHERE booking_id = $1 ORDER BY number", booking.id
    )
    return [
        (row["kind"], row["booking_version"], json.loads(row["before"] or "null"), json.loads(row["after"])) for row in rows
    ]


@pytest.fixture
async def apollo(office: Office) -> Room:
    return await office.room("Apollo", seats=6)


@pytest.fixture
async def zeus(office: Office) -> Room:
    return await office.room("Zeus", seats=6)


# -- moving and editing ------------------------------------------------------------------------------------------------


async def test_a_move_that_a_rule_forbids_is_offered_what_the_rule_allows(office: Office, apollo: Room, zeus: Room):
    await Rooms(office.db, office.catalogues).set_policy(room_id=apollo.id, opening={"mon": ["08:00", "18:00"]})
    booked = await office.book(apollo, at(15))

    with pytest.raises(errors.OutsideOpeningHours) as refused:
        await change(office, booked, slot=at(16.5))

    assert refused.value.message == "Apollo closes at 18:00 on Mondays; your meeting would end at 18:30."
    offered = {(offer.room.name, offer.slot) for offer in refused.value.alternatives}
    assert {("Zeus", at(16.5)), ("Apollo", at(16))} <= offered
    assert await office.bookings.get(booked.id) == booked


async def test_a_move_frees_the_old_time_and_takes_the_new(office: Office, apollo: Room, zeus: Room):
    booked = await office.book(apollo, at(10))

    moved = await change(office, booked, slot=at(14), room_id=zeus.id)

    assert (moved.before, moved.after.slot, moved.after.room, moved.after.version) == (booked, at(14), zeus, 2)
    assert await office.bookings.get(booked.id) == moved.after
    assert (await office.book(apollo, at(10))).version == 1
    with pytest.raises(errors.SlotTaken):
        await office.book(zeus, at(14))


async def test_a_booking_may_move_onto_its_own_time(office: Office, apollo: Room):
    booked = await office.book(apollo, at(10))
    moved = await change(office, booked, slot=at(10.5))
    longer = await change(office, moved.after, slot=at(10, 120))
    assert longer.after.slot == at(10, 120)


async def test_everything_about_a_booking_can_be_edited_and_the_rest_stays(office: Office, apollo: Room):
    booked = await office.book(apollo, at(10), title="Plan", attendees_count=2, invitees=(office.bob.person_id,))

    edited = await change(
        office, booked, title="Better plan", attendees_count=5, private=True, invitees=(office.boss.person_id,)
    )

    after = edited.after
    assert (after.title, after.attendees_count, after.private) == ("Better plan", 5, True)
    assert [a.name for a in after.attendees] == ["boss"]
    assert (after.slot, after.room, after.booker) == (booked.slot, booked.room, booked.booker)
    assert await office.bookings.get(booked.id) == after
    assert (await change(office, after, title=None, invitees=())).after.title is None


async def test_a_change_that_changes_nothing_leaves_no_trace(office: Office, apollo: Room):
    booked = await office.book(apollo, at(10), title="Plan")

    same = await change(office, booked, title=" Plan ", slot=at(10), room_id=apollo.id)

    assert same == Changed(before=booked, after=booked)
    assert len(await events(office, booked)) == 1


async def test_a_move_onto_somebody_else_is_refused_and_changes_nothing(office: Office, apollo: Room, zeus: Room):
    booked = await office.book(apollo, at(10))
    await office.book(zeus, at(10), title="Theirs", by=office.bob)

    with pytest.raises(errors.SlotTaken) as refusal:
        await change(office, booked, room_id=zeus.id, title="Mine")

    assert refusal.value.rivals[0].title == "Theirs"
    assert refusal.value.room == zeus
    assert await office.bookings.get(booked.id) == booked
    assert await checks.violations(office.db) == []


async def test_a_stale_change_is_refused_with_the_booking_as_it_is_now(office: Office, apollo: Room):
    booked = await office.book(apollo, at(10))
    fresh = (await change(office, booked, slot=at(12))).after

    for attempt in (
        change(office, booked, title="Too late"),
        office.bookings.cancel(booked.id, by=office.ana, version=1),
        office.bookings.undo(booked.id, by=office.ana, version=1),
    ):
        with pytest.raises(errors.StaleBooking) as refusal:
            await attempt
        assert refusal.value.booking == fresh
    assert await office.bookings.get(booked.id) == fresh


RULES: list[tuple[dict[str, Any], str]] = [
    ({"slot": at(7)}, "StartInPast"),
    ({"slot": at(10, 0)}, "EndBeforeStart"),
    ({"slot": at(10, 1000)}, "TooLong"),
    ({"slot": at(10, days=400)}, "TooFarAhead"),
    ({"attendees_count": 7}, "TooManyAttendees"),
    ({"attendees_count": 0}, "InvalidAttendees"),
    ({"title": "x" * 201}, "TitleTooLong"),
    ({"room_id": new_id()}, "RoomNotFound"),
    ({"invitees": (new_id(),)}, "PersonNotFound"),
]


@pytest.mark.parametrize(("wanted", "code"), RULES)
async def test_a_change_keeps_the_rules(office: Office, apollo: Room, wanted: dict[str, Any], code: str):
    booked = await office.book(apollo, at(10))
    with pytest.raises(errors.BookingError) as refusal:
        await change(office, booked, **wanted)
    assert refusal.value.code == code
    assert await office.bookings.get(booked.id) == booked


async def test_after_the_cutoff_a_title_may_change_but_not_the_time(office: Office, apollo: Room):
    booked = await office.book(apollo, at(20))
    await Rooms(office.db, office.catalogues).set_policy(cutoff_on=True)
    office.clock.set(MONDAY + timedelta(hours=9))

    assert (await change(office, booked, title="Edited")).after.version == 2
    with pytest.raises(errors.BookingCutoff):
        await office.bookings.change(booked.id, Change(slot=at(21)), version=2, by=office.ana)
    assert (await office.bookings.change(booked.id, Change(slot=at(21)), version=2, by=office.boss)).after.slot == at(21)


async def test_a_meeting_under_way_can_be_shortened_but_not_into_the_past(office: Office, apollo: Room):
    booked = await office.book(apollo, at(8, 120))
    office.clock.set(MONDAY + timedelta(minutes=45))

    with pytest.raises(errors.StartInPast) as refusal:
        await change(office, booked, slot=at(8, 30))
    assert set(refusal.value.fields) == {"end"}
    shortened = await change(office, booked, slot=at(8, 60))
    assert (await office.book(apollo, at(9))).start == shortened.after.end


async def test_only_the_booker_a_co_organiser_and_admins_may_change_it(office: Office, apollo: Room):
    dan, eve = await office.actor("dan"), await office.actor("eve")
    booked = await office.book(apollo, at(10), invitees=(office.bob.person_id, dan.person_id))
    for stranger in (eve, office.bob):
        for attempt in (
            change(office, booked, by=stranger, title="Mine"),
            office.bookings.cancel(booked.id, by=stranger),
            office.bookings.undo(booked.id, by=stranger, version=1),
        ):
            with pytest.raises(errors.NotAllowed):
                await attempt

    # One of several is a co-organiser: whom that one invites is not.
    await office.damage(f"UPDATE attendees SET co_organiser = true WHERE person_id = '{office.bob.person_id}'")
    edited = await change(office, booked, by=office.bob, title="Ours", invitees=(office.bob.person_id, eve.person_id))
    assert [(a.name, a.co_organiser) for a in edited.after.attendees] == [("bob", True), ("eve", False)]
    assert (await office.bookings.cancel(booked.id, by=office.boss)).after.status is Status.CANCELLED


@pytest.mark.parametrize("status", ["cancelled", "declined", "expired", "released", "ended"])
async def test_what_holds_no_room_any_more_cannot_be_changed(office: Office, apollo: Room, status: str):
    booked = await office.book(apollo, at(10))
    await office.damage(f"DELETE FROM room_claims; UPDATE bookings SET status = '{status}'")
    for attempt in (change(office, booked, title="Late"), office.bookings.cancel(booked.id, by=office.ana)):
        with pytest.raises(errors.NotActive) as refusal:
            await attempt
        assert refusal.value.booking.status.value == status


async def test_what_is_over_cannot_be_changed_and_its_end_is_told_on_the_rooms_clock(office: Office):
    sakura = await office.room("Sakura", place=office.tokyo)
    booked = await office.book(sakura, at(14, 90))  # until 00:30 on Tuesday in Tokyo
    office.clock.set(MONDAY + timedelta(days=2))
    with pytest.raises(errors.NotActive, match=r"This booking ended Tue 6 Mar at 00:30\."):
        await change(office, booked, title="Late")


# -- cancelling --------------------------------------------------------------------------------------------------------


async def test_cancelling_keeps_the_row_frees_the_time_and_notes_the_reason(office: Office, apollo: Room):
    booked = await office.book(apollo, at(10))

    cancelled = await office.bookings.cancel(booked.id, by=office.ana, version=1, reason="Ill\n")

    assert cancelled.before == booked
    assert (cancelled.after.status, cancelled.after.cancel_reason, cancelled.after.version) == (Status.CANCELLED, "Ill", 2)
    assert await office.bookings.get(booked.id) == cancelled.after
    assert await office.count("SELECT count(*) FROM room_claims") == 0
    assert (await office.book(apollo, at(10), by=office.bob)).version == 1


# -- taking back -------------------------------------------------------------------------------------------------------


async def test_undoing_a_booking_cancels_it(office: Office, apollo: Room):
    booked = await office.book(apollo, at(10))
    undone = await office.bookings.undo(booked.id, version=1, by=office.ana)
    assert (undone.before, undone.after.status, undone.after.version) == (booked, Status.CANCELLED, 2)
    assert (await office.book(apollo, at(10))).version == 1


async def test_undoing_a_move_moves_it_back_with_all_that_went_with_it(office: Office, apollo: Room, zeus: Room):
    booked = await office.book(apollo, at(10), title="Plan", invitees=(office.bob.person_id,))
    moved = await change(office, booked, slot=at(12), room_id=zeus.id, title="Other", invitees=(), private=True)

    undone = await office.bookings.undo(booked.id, version=2, by=office.ana)

    assert undone.before == moved.after
    assert undone.after == await office.bookings.get(booked.id)
    after = undone.after
    assert (after.slot, after.room, after.title, after.private, after.version) == (at(10), apollo, "Plan", False, 3)
    assert [a.name for a in after.attendees] == ["bob"]


async def test_undoing_a_cancelling_restores_it_and_undoing_that_cancels_again(office: Office, apollo: Room):
    booked = await office.book(apollo, at(10))
    await office.bookings.cancel(booked.id, by=office.ana, reason="Ill")

    restored = await office.bookings.undo(booked.id, version=2, by=office.ana)
    again = await office.bookings.undo(booked.id, version=3, by=office.ana)

    assert (restored.after.status, restored.after.cancel_reason, restored.after.version) == (Status.CONFIRMED, None, 3)
    assert (again.after.status, again.after.cancel_reason, again.after.version) == (Status.CANCELLED, "Ill", 4)
    assert [kind for kind, *_ in await events(office, booked)] == ["booked", "cancelled", "restored", "cancelled"]
    assert await checks.violations(office.db) == []


async def test_undo_is_refused_when_somebody_has_taken_the_time(office: Office, apollo: Room):
    booked = await office.book(apollo, at(10))
    moved = await change(office, booked, slot=at(12))
    other = await office.book(apollo, at(10.5), by=office.bob)
    with pytest.raises(errors.SlotTaken):
        await office.bookings.undo(booked.id, version=2, by=office.ana)
    assert await office.bookings.get(booked.id) == moved.after

    await office.bookings.cancel(booked.id, by=office.ana)
    await office.bookings.change(other.id, Change(slot=at(12)), version=1, by=office.bob)
    with pytest.raises(errors.SlotTaken):
        await office.bookings.undo(booked.id, version=3, by=office.ana)
    assert await checks.violations(office.db) == []


async def test_undo_is_refused_after_the_time_is_over_or_the_room_is_closed(office: Office, apollo: Room):
    booked = await office.book(apollo, at(10))
    other = await office.book(apollo, at(11))
    await office.bookings.cancel(booked.id, by=office.ana)
    await office.bookings.cancel(other.id, by=office.ana)
    row = RoomRow(name="Apollo", location="Berlin", capacity=6, active=False)
    await Rooms(office.db, office.catalogues).import_rows([row])
    with pytest.raises(errors.RoomInactive):
        await office.bookings.undo(other.id, version=2, by=office.ana)

    office.clock.set(at(10).end)
    with pytest.raises(errors.NothingToUndo):
        await office.bookings.undo(booked.id, version=2, by=office.ana)


async def test_what_admins_have_ruled_since_stands_against_taking_a_change_back(office: Office, apollo: Room, zeus: Room):
    ruling = Ruling.of(office)
    cancelled, moved = await office.book(apollo, at(10)), await office.book(apollo, at(12))
    await office.bookings.cancel(cancelled.id, by=office.ana)
    await office.bookings.change(moved.id, Change(room_id=zeus.id), version=1, by=office.ana)
    await ruling.closures.add(at(9, 240), reason="painters", room_id=apollo.id, by=office.boss)

    for booking in (cancelled, moved):
        with pytest.raises(errors.RoomClosed, match="painters"):
            await office.bookings.undo(booking.id, version=2, by=office.ana)
    assert (await office.bookings.undo(cancelled.id, version=2, by=office.boss)).after.holds_room


async def test_who_may_not_book_the_room_any_more_cannot_have_it_back(office: Office, apollo: Room):
    booked = await office.book(apollo, at(10))
    await office.bookings.cancel(booked.id, by=office.ana)
    await Ruling.of(office).granting.give(Right.BOOK, room_id=apollo.id, person_id=office.bob.person_id, by=office.boss)
    with pytest.raises(errors.MayNotBook):
        await office.bookings.undo(booked.id, version=2, by=office.ana)


async def test_neither_short_notice_nor_a_title_stands_against_taking_back(office: Office, apollo: Room):
    ruling = Ruling.of(office)
    booked, named = await office.book(apollo, at(10)), await office.book(apollo, at(12))
    await office.bookings.cancel(booked.id, by=office.ana)
    await office.bookings.change(named.id, Change(title="New"), version=1, by=office.ana)
    await ruling.rooms.set_policy(room_id=apollo.id, notice_minutes=2880, by=office.boss)
    assert (await office.bookings.undo(booked.id, version=2, by=office.ana)).after.holds_room

    await ruling.rooms.set_policy(room_id=apollo.id, longest_minutes=30, by=office.boss)
    assert (await office.bookings.undo(named.id, version=2, by=office.ana)).after.title is None


# -- exchanging --------------------------------------------------------------------------------------------------------


async def test_two_bookings_exchange_rooms_and_keep_their_times(office: Office, apollo: Room, zeus: Room):
    one = await office.book(apollo, at(10))
    other = await office.book(zeus, at(10, 90))

    first, second = await office.bookings.swap(one.id, other.id, versions=(1, 1), by=office.ana)

    assert (first.before, first.after.room, first.after.slot) == (one, zeus, at(10))
    assert (second.before, second.after.room, second.after.slot) == (other, apollo, at(10, 90))
    assert [await office.bookings.get(b.id) for b in (one, other)] == [first.after, second.after]
    assert await checks.violations(office.db) == []


async def test_an_exchange_with_a_third_in_the_way_changes_neither(office: Office, apollo: Room, zeus: Room):
    one = await office.book(apollo, at(10))
    other = await office.book(zeus, at(10, 90))
    await office.book(apollo, at(11), title="Third")

    with pytest.raises(errors.SlotTaken) as refusal:
        await office.bookings.swap(one.id, other.id, versions=(1, 1), by=office.ana)

    assert refusal.value.rivals[0].title == "Third"
    assert [await office.bookings.get(b.id) for b in (one, other)] == [one, other]


async def test_an_exchange_needs_rights_and_seats_and_fresh_versions_for_both(office: Office, apollo: Room):
    small = await office.room("Small", seats=2)
    one = await office.book(apollo, at(10), attendees_count=6)
    other = await office.book(small, at(10), by=office.bob)
    swap = office.bookings.swap
    with pytest.raises(errors.NotAllowed):
        await swap(one.id, other.id, versions=(1, 1), by=office.ana)
    with pytest.raises(errors.TooManyAttendees):
        await swap(one.id, other.id, versions=(1, 1), by=office.boss)
    with pytest.raises(errors.StaleBooking):
        await swap(one.id, other.id, versions=(1, 2), by=office.boss)


async def test_exchanging_within_one_room_or_with_itself_changes_nothing(office: Office, apollo: Room):
    one, other = await office.book(apollo, at(10)), await office.book(apollo, at(11))
    unchanged = (Changed(before=one, after=one), Changed(before=other, after=other))
    assert await office.bookings.swap(one.id, other.id, versions=(1, 1), by=office.ana, key="k") == unchanged
    assert await office.bookings.swap(one.id, other.id, versions=(1, 1), by=office.ana, key="k") == unchanged
    assert (await office.bookings.swap(one.id, one.id, versions=(1, 1), by=office.ana))[0].after == one


# -- setup and teardown ------------------------------------------------------------------------------------------------


async def test_a_move_into_a_room_with_setup_keeps_that_time_too(office: Office, apollo: Room):
    stage = await office.room("Stage", setup=30, teardown=30)
    booked = await office.book(apollo, at(10))
    await office.book(stage, at(12))  # kept from 11:30

    with pytest.raises(errors.SlotTaken):
        await change(office, booked, room_id=stage.id, slot=at(10, 61))
    moved = await change(office, booked, room_id=stage.id)
    (claim,) = await office.rows("SELECT start_time, end_time FROM room_claims WHERE booking_id = $1", booked.id)
    assert Slot(start=claim["start_time"], end=claim["end_time"]) == at(9.5, 120)
    assert moved.after.slot == at(10)


# -- events ------------------------------------------------------------------------------------------------------------


async def test_every_change_leaves_one_event_with_before_and_after(office: Office, apollo: Room):
    booked = await office.book(apollo, at(10), title="Plan", invitees=(office.bob.person_id,))
    await change(office, booked, slot=at(11))
    await office.bookings.cancel(booked.id, by=office.boss, reason="Ill")
    await office.bookings.undo(booked.id, version=3, by=office.ana)

    found = await events(office, booked)

    assert [(kind, version) for kind, version, _, _ in found] == [
        ("booked", 1),
        ("changed", 2),
        ("cancelled", 3),
        ("restored", 4),
    ]
    assert found[0][2] is None
    assert [before for _, _, before, _ in found[1:]] == [after for *_, after in found[:-1]]
    assert [after["start"] for *_, after in found] == [at(h).start.isoformat() for h in (10, 11, 11, 11)]
    assert found[0][3]["attendees"] == [[str(office.bob.person_id), False, None]]
    actors = await office.rows("SELECT actor_id, surface, reason, happened_at FROM events ORDER BY number")
    assert [row["actor_id"] for row in actors] == [a.person_id for a in (office.ana, office.ana, office.boss, office.ana)]
    assert [row["reason"] for row in actors] == [None, None, "Ill", None]
    assert {(row["surface"], row["happened_at"]) for row in actors} == {("slack", MONDAY)}


async def test_the_last_change_is_told_with_who_made_it_and_what_was_before(office: Office, apollo: Room):
    booked = await office.book(apollo, at(10))
    first = await office.bookings.last_change(booked.id)
    office.clock.advance(timedelta(minutes=5))
    moved = await change(office, booked, by=office.boss, slot=at(11))

    last = await office.bookings.last_change(booked.id)

    assert first == LastChange(before=None, after=booked, by_slack_user_id="Uana", at=MONDAY)
    assert last == LastChange(before=booked, after=moved.after, by_slack_user_id="Uboss", at=MONDAY + timedelta(minutes=5))
    with pytest.raises(errors.BookingNotFound):
        await office.bookings.last_change(new_id())


async def test_a_refused_change_leaves_no_event(office: Office, apollo: Room):
    booked = await office.book(apollo, at(10))
    await office.book(apollo, at(11))
    with pytest.raises(errors.SlotTaken):
        await change(office, booked, slot=at(10.5))
    assert len(await events(office, booked)) == 1
