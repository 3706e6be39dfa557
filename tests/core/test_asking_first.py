"""Whatever makes a booking or lets it take more asks for limits and approval; giving back has its deadline."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import checks, errors
from core.models import Change, Right, Room, Slot, Status, Wish
from core.regulations import Measure, Period
from tests.core.approved import Asking
from tests.core.furnished import claimed, hall, lendable, lent
from tests.core.office import MONDAY, Office, at
from tests.core.ruling import Ruling
from tests.core.warned import ask_for_check_in, warn

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def asking(office: Office) -> Asking:
    return Asking.of(office)


@pytest.fixture
async def an_hour_a_day(office: Office) -> None:
    """Nobody holds a room for longer than an hour a day."""
    await Ruling.of(office).quotas.set(measure=Measure.MINUTES, period=Period.DAY, most=60, by=office.boss)


async def test_every_way_to_hold_more_is_judged_by_quotas(office: Office, an_hour_a_day: None):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    booked = await office.book(apollo, at(10, 45))
    with pytest.raises(errors.QuotaReached):
        await office.book(zeus, at(12, 30))
    with pytest.raises(errors.QuotaReached):
        await office.bookings.change(booked.id, Change(slot=at(10, 75)), version=1, by=office.ana)
    with pytest.raises(errors.QuotaReached):
        await office.presence.extend(booked.id, until=at(12).start, version=1, by=office.ana)
    # Less, and elsewhere, is no more.
    moved = (await office.bookings.change(booked.id, Change(slot=at(11, 60)), version=1, by=office.ana)).after
    await office.bookings.cancel(moved.id, by=office.ana)
    other = await office.book(zeus, at(12, 30))
    with pytest.raises(errors.QuotaReached):
        await office.bookings.undo(moved.id, version=3, by=office.ana)
    await office.bookings.cancel(other.id, by=office.ana)
    assert (await office.bookings.undo(moved.id, version=3, by=office.ana)).after.holds_room
    assert await checks.violations(office.db) == []


async def test_an_offer_is_taken_within_quotas(office: Office, an_hour_a_day: None):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    theirs = await office.book(apollo, at(10), by=office.bob)
    place = await office.line.join(Wish(slot=at(10), room_id=apollo.id), by=office.ana)
    await office.book(zeus, at(14, 30))
    await office.bookings.cancel(theirs.id, by=office.bob)
    with pytest.raises(errors.QuotaReached):
        await office.line.take(place.id, by=office.ana)
    assert (await office.line.get(place.id)).status == "offered"


async def test_an_offer_of_a_room_that_is_asked_for_waits_for_approval(office: Office, asking: Asking):
    whole, *_ = await hall(office)
    await asking.needs(whole)
    theirs = await office.book(whole, at(60), by=office.boss)
    place = await office.line.join(Wish(slot=at(60), room_id=whole.id), by=office.ana)
    await office.bookings.cancel(theirs.id, by=office.boss)
    taken = await office.line.take(place.id, by=office.ana)
    assert taken.status is Status.PENDING
    assert await asking.held_until(taken) == [MONDAY + 24 * HOUR] * 2
    assert await checks.violations(office.db) == []
    assert (await asking.approve(taken, by=office.boss)).status is Status.CONFIRMED
    assert await asking.held_until(taken) == [None, None]
    assert await checks.violations(office.db) == []


async def test_several_rooms_wait_where_one_of_them_is_asked_for_and_all_are_given_back_when_it_lapses(
    office: Office, asking: Asking
):
    apollo, mars = await office.room("Apollo"), await office.room("Mars")
    projector = await lendable(office, quantity=1)
    await asking.needs(mars)
    waits = await office.book(apollo, at(60), more_room_ids=(mars.id,), equipment=((projector.id, 1),))
    assert waits.status is Status.PENDING
    office.clock.advance(25 * HOUR)
    # Nobody has run a job: whoever needs one of the rooms sees to it that both are free.
    assert (await office.book(apollo, at(60), by=office.bob, equipment=((projector.id, 1),))).holds_room
    assert (await office.bookings.get(waits.id)).status is Status.EXPIRED
    assert (await claimed(office, waits), await lent(office, waits)) == ({}, {})
    assert (await office.book(mars, at(60), by=office.boss)).holds_room
    assert await checks.violations(office.db) == []


async def test_what_was_approved_goes_on_when_a_longer_time_lapses(office: Office, asking: Asking):
    whole, one, _ = await hall(office)
    await asking.needs(whole)
    booked = await asking.approve(await office.book(whole, at(60)), by=office.boss)
    longer = Change(slot=at(60, 120))
    waits = (await office.bookings.change(booked.id, longer, version=booked.version, by=office.ana)).after
    assert waits.status is Status.PENDING
    office.clock.advance(25 * HOUR)
    assert (await office.book(one, at(61), by=office.bob)).holds_room
    after = await office.bookings.get(booked.id)
    assert (after.status, after.slot) == (Status.CONFIRMED, at(60))
    assert await claimed(office, after) == {"Hall A": 60, "Hall B": 60}
    assert await checks.violations(office.db) == []


# -- giving back -------------------------------------------------------------------------------------------------------


async def deadline(office: Office, room: Room, minutes: int) -> None:
    """Let a room be given back so many minutes ahead."""
    await office.damage(
        f"INSERT INTO policies (tenant_id, id, room_id, cancel_notice_minutes)"
        f" SELECT tenant_id, gen_random_uuid(), id, {minutes} FROM rooms WHERE id = '{room.id}'"
    )
    office.catalogues.forget()


async def test_what_is_given_back_too_late_stays(office: Office, asking: Asking):
    apollo = await office.room("Apollo")
    await deadline(office, apollo, 120)
    late, early = await office.book(apollo, at(11)), await office.book(apollo, at(13))
    just_made = await office.book(apollo, at(9))
    await office.bookings.undo(just_made.id, version=1, by=office.ana)
    office.clock.advance(HOUR + MINUTE)
    with pytest.raises(errors.TooLateToCancel) as refused:
        await office.bookings.cancel(late.id, by=office.ana)
    assert refused.value.message == "Apollo must be given back 2 hours ahead; that was until 10:00."
    with pytest.raises(errors.TooLateToCancel):
        await office.bookings.undo(late.id, version=1, by=office.ana)
    assert (await office.bookings.get(late.id)).holds_room
    assert (await office.bookings.cancel(early.id, by=office.ana)).after.status is Status.CANCELLED
    await asking.grant(Right.MANAGE, office.bob, room=apollo)
    assert (await office.bookings.cancel(late.id, by=office.bob)).after.status is Status.CANCELLED
    assert await checks.violations(office.db) == []


async def test_what_only_waits_for_approval_is_withdrawn_at_any_time(office: Office, asking: Asking):
    apollo = await office.room("Apollo")
    await deadline(office, apollo, 600)
    await office.damage("UPDATE policies SET approval = true")
    office.catalogues.forget()
    waits = await office.book(apollo, at(15))
    office.clock.advance(HOUR)
    assert (await office.bookings.cancel(waits.id, by=office.ana)).after.status is Status.CANCELLED
    assert await asking.decisions(waits) == ["withdrawn"]


# -- managing ----------------------------------------------------------------------------------------------------------


async def test_who_manages_a_room_changes_what_others_booked_in_it_and_sees_what_it_is(office: Office, asking: Asking):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    booked = await office.book(apollo, at(10), title="Review", private=True)
    both = await office.book(apollo, at(12), more_room_ids=(zeus.id,))
    with pytest.raises(errors.NotAllowed):
        await office.bookings.change(booked.id, Change(slot=at(11)), version=1, by=office.bob)
    await asking.grant(Right.MANAGE, office.bob, room=apollo)
    assert [rival.title for rival in await office.search.rivals(apollo, at(10), by=office.bob)] == ["Review"]
    assert (await office.bookings.change(booked.id, Change(slot=at(11)), version=1, by=office.bob)).after.slot == at(11)
    # A booking that also holds rooms of others is theirs, too.
    with pytest.raises(errors.NotAllowed):
        await office.bookings.cancel(both.id, by=office.bob)


# -- taking back -------------------------------------------------------------------------------------------------------


async def test_a_room_that_is_taken_back_comes_with_what_nobody_else_has_borrowed(office: Office):
    apollo, mars = await office.room("Apollo"), await office.room("Mars")
    projector, screen = await lendable(office, quantity=1), await lendable(office, "Screen", 1)
    await ask_for_check_in(office)
    office.clock.set(MONDAY - 24 * HOUR)
    booked = await office.book(apollo, at(10), equipment=((projector.id, 1), (screen.id, 1)))
    office.clock.set(at(10).start + 15 * MINUTE)
    await warn(office, booked, at=at(10).start + 5 * MINUTE)
    assert await office.presence.release_due(office.clock.now()) == 1
    assert await lent(office, booked) == {}
    rest = Slot(start=office.clock.now(), end=at(10).end)
    await office.book(mars, rest, by=office.bob, equipment=((projector.id, 1),))
    back = (await office.presence.take_back(booked.id, by=office.ana)).after
    assert [one.equipment.name for one in back.equipment] == ["Screen"]
    assert await lent(office, booked) == {"Screen": 1}
    assert await checks.violations(office.db) == []
