"""Series in rooms that are more than rooms: that ask for approval, that divide, with equipment, under quotas."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from core import checks, errors
from core.models import Change, Right, Slot, Status
from core.regulations import Measure, Period
from core.rooms import Rooms
from core.series_values import Choice, Scope, SeriesChange, Verdict
from tests.core.approved import Asking
from tests.core.furnished import hall, lendable
from tests.core.office import Office
from tests.core.ruling import Ruling
from tests.core.series_office import TUESDAY, series_of, weekly


def week(number: int) -> date:
    return TUESDAY + timedelta(weeks=number)


def berlin(on: date, hour: int) -> Slot:
    start = datetime.combine(on, time(hour), tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    return Slot(start=start, end=start + timedelta(hours=1))


async def test_dates_in_a_room_that_asks_for_approval_wait_for_it_and_what_is_moved_asks_again(office: Office):
    room, asking = await office.room("Boardroom"), Asking.of(office)
    await asking.needs(room)
    await asking.grant(Right.APPROVE, office.bob, room=room)
    series = series_of(office)

    made = await series.book(weekly(room, 3), by=office.ana)
    await asking.approve(made.bookings[0], by=office.bob)
    moved = await series.change(
        made.series.id, SeriesChange(clock=time(14)), scope=Scope.ALL, on=week(0), version=1, by=office.ana
    )

    assert {b.status for b in made.bookings} == {Status.PENDING}
    assert [c.before.status for c in moved.changed].count(Status.CONFIRMED) >= 1
    assert {c.after.status for c in moved.changed} == {Status.PENDING}
    assert await office.count("SELECT count(*) FROM approvals WHERE decision IS NULL") == 3
    assert await checks.violations(office.db) == []

    await series.cancel(made.series.id, scope=Scope.ALL, on=week(0), version=2, by=office.ana)
    assert await office.count("SELECT count(*) FROM approvals WHERE decision IS NULL") == 0
    assert await checks.violations(office.db) == []


async def test_a_series_in_a_whole_claims_its_parts_and_clashes_with_them(office: Office):
    whole, one, _ = await hall(office)
    theirs = await office.book(one, berlin(week(1), 10), by=office.bob, title="Training")
    series = series_of(office)

    seen = await series.preview(weekly(whole, 3), by=office.ana)
    made = await series.book(weekly(whole, 3), by=office.ana, choices={week(1): Choice.SKIP})
    await office.bookings.cancel(theirs.id, by=office.bob)
    (offer,) = await office.line.mine(office.ana)
    taken = await office.line.take(offer.id, by=office.ana)

    assert [rival.title for rival in seen.dates[1].rivals] == ["Training"]
    assert len(made.bookings) == 2
    assert (taken.series_id, taken.room) == (made.series.id, whole)
    assert await checks.violations(office.db) == []


async def test_several_rooms_are_booked_together_on_every_date(office: Office):
    apollo, zeus = await office.room("Apollo", seats=4), await office.room("Zeus", seats=4)
    await office.book(zeus, berlin(week(1), 10), by=office.bob)
    series = series_of(office)
    wish = weekly(apollo, 3, more_room_ids=(zeus.id,), attendees_count=7)

    seen = await series.preview(wish, by=office.ana)
    made = await series.book(wish, by=office.ana, choices={week(1): Choice.SKIP})
    moved = await series.change(
        made.series.id, SeriesChange(clock=time(14)), scope=Scope.ALL, on=week(0), version=1, by=office.ana
    )

    assert [one.verdict for one in seen.dates] == [Verdict.FREE, Verdict.TAKEN, Verdict.FREE]
    assert {c.after.rooms for c in moved.changed} == {(apollo, zeus)}
    assert await office.count("SELECT count(*) FROM room_claims WHERE room_id = $1 AND booking_id IS NOT NULL", zeus.id) == 3
    assert await checks.violations(office.db) == []


async def test_what_is_borrowed_is_lent_on_every_date_and_where_it_is_out_that_is_told(office: Office):
    projector = await lendable(office)
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    for _ in range(projector.quantity):
        room = await office.room(f"Other {_}")
        await office.book(room, berlin(week(1), 10), by=office.bob, equipment=((projector.id, 1),))
    series = series_of(office)
    wish = weekly(apollo, 3, equipment=((projector.id, 1),))

    seen = await series.preview(wish, by=office.ana)
    made = await series.book(wish, by=office.ana, choices={week(1): Choice.SKIP})
    moved = await series.change(
        made.series.id, SeriesChange(room_id=zeus.id), scope=Scope.ALL, on=week(0), version=1, by=office.ana
    )

    assert isinstance(seen.dates[1].error, errors.EquipmentTaken)
    assert [len(b.equipment) for b in made.bookings] == [1, 1]
    assert {c.after.room for c in moved.changed} == {zeus}
    assert await office.count("SELECT count(*) FROM equipment_claims") == 2 + projector.quantity
    assert await checks.violations(office.db) == []


async def test_dates_over_a_quota_are_told_and_can_be_left_out(office: Office):
    apollo, ruling = await office.room("Apollo"), Ruling.of(office)
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.MONTH, most=2)
    office.catalogues.forget()
    series = series_of(office)

    # Four Tuesdays in March, and two in April.
    seen = await series.preview(weekly(apollo, 6), by=office.ana)
    with pytest.raises(errors.SeriesClash):
        await series.book(weekly(apollo, 6), by=office.ana)
    made = await series.book(weekly(apollo, 6), by=office.ana, choices={week(2): Choice.SKIP, week(3): Choice.SKIP})

    assert [one.on for one in seen.ruled_out] == [week(2), week(3)]
    assert isinstance(seen.ruled_out[0].error, errors.QuotaReached)
    assert len(made.bookings) == 4


async def test_further_dates_are_booked_where_only_what_has_expired_was_in_the_way(office: Office):
    await Rooms(office.db, office.catalogues).set_policy(horizon_days=14)
    office.catalogues.forget()
    room, asking = await office.room("Boardroom"), Asking.of(office)
    series = series_of(office)
    made = await series.book(weekly(room, rule="FREQ=WEEKLY;BYDAY=TU"), by=office.ana)
    office.clock.advance(timedelta(days=7))
    await asking.needs(room)
    asked = await office.book(room, berlin(week(2), 10), by=office.bob)
    office.clock.advance(timedelta(days=2))

    assert await series.extend(office.clock.now()) == 2

    assert asked.status is Status.PENDING
    upcoming = (await series.view(made.series.id, by=office.ana)).upcoming
    assert week(2) in {b.series_on for b in upcoming}
    assert await checks.violations(office.db) == []


async def test_a_day_more_within_reach_without_a_date_changes_nothing_that_anybody_sees(office: Office):
    await Rooms(office.db, office.catalogues).set_policy(horizon_days=15)
    office.catalogues.forget()
    room, series = await office.room("Apollo"), series_of(office)
    made = await series.book(weekly(room, rule="FREQ=WEEKLY;BYDAY=TU"), by=office.ana)
    office.clock.advance(timedelta(days=1))

    assert await series.extend(office.clock.now()) == 0

    later = await series.get(made.series.id)
    assert (later.version, later.booked_until) == (1, made.series.booked_until + timedelta(days=1))
    assert await office.count("SELECT count(*) FROM changes WHERE subject = 'series'") == 1


async def test_further_rooms_come_and_go_for_all_dates_and_stay_when_the_first_is_another(office: Office):
    apollo, zeus, hall = [await office.room(name, seats=4) for name in ("Apollo", "Zeus", "Hall")]
    series, everything = series_of(office), {"scope": Scope.ALL, "on": week(0), "by": office.ana}
    made = await series.book(weekly(apollo, 3), by=office.ana)
    alone = await office.bookings.change(made.bookings[1].id, Change(room_id=hall.id), version=1, by=office.ana)

    more = await series.change(made.series.id, SeriesChange(more_room_ids=(zeus.id,)), **everything, version=1)
    await series.change(made.series.id, SeriesChange(room_id=hall.id), **everything, version=2)
    both = (await series.view(made.series.id, by=office.ana)).upcoming
    clash = await series.change(made.series.id, SeriesChange(room_id=zeus.id), **everything, version=3)
    dropped = await series.change(made.series.id, SeriesChange(more_room_ids=()), **everything, version=4)

    assert more.series.more_rooms == (zeus,)
    assert alone.after.room == hall
    assert [one.rooms for one in both] == [(hall, zeus)] * 3
    # The further room becomes the first, and is held once.
    assert (clash.series.room, clash.series.more_rooms) == (zeus, ())
    assert dropped.changed == ()
    assert await checks.violations(office.db) == []


async def test_further_rooms_of_this_and_the_following_dates_split_the_series(office: Office):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    series = series_of(office)
    made = await series.book(weekly(apollo, 4, more_room_ids=(zeus.id,)), by=office.ana)

    done = await series.change(
        made.series.id, SeriesChange(more_room_ids=()), scope=Scope.FOLLOWING, on=week(2), version=1, by=office.ana
    )

    old, new = [await series.view(one.series.id, by=office.ana) for one in (made, done)]
    assert ([one.rooms for one in old.upcoming], [one.rooms for one in new.upcoming]) == (
        [(apollo, zeus)] * 2,
        [(apollo,)] * 2,
    )
    assert (old.series.more_rooms, new.series.more_rooms) == ((zeus,), ())
    assert await checks.violations(office.db) == []


async def test_a_further_room_that_is_taken_is_told_by_date_and_another_takes_its_place(office: Office):
    apollo, zeus, hall = [await office.room(name) for name in ("Apollo", "Zeus", "Hall")]
    series = series_of(office)
    made = await series.book(weekly(apollo, 3), by=office.ana)
    await office.book(zeus, berlin(week(1), 10), by=office.bob, title="Review")
    change, everything = SeriesChange(more_room_ids=(zeus.id,)), {"scope": Scope.ALL, "on": week(0), "by": office.ana}

    seen = await series.preview_change(made.series.id, change, **everything)
    done = await series.change(made.series.id, change, **everything, version=1, choices={week(1): Choice.OTHER_ROOM})

    (clash,) = seen.clashes
    assert (clash.on, clash.rivals[0].title, clash.other_rooms, clash.stand_ins) == (
        week(1),
        "Review",
        (apollo, hall),
        (hall,),
    )
    assert seen.rooms_for_all == (apollo, hall)
    assert [one.after.rooms for one in done.changed] == [(apollo, zeus), (apollo, hall), (apollo, zeus)]
    assert await checks.violations(office.db) == []


async def test_what_is_borrowed_changes_for_one_date_or_all_and_what_was_edited_stays(office: Office):
    projector = await lendable(office)
    apollo = await office.room("Apollo")
    series, everything = series_of(office), {"scope": Scope.ALL, "on": week(0), "by": office.ana}
    made = await series.book(weekly(apollo, 3), by=office.ana)
    two, one = SeriesChange(equipment=((projector.id, 2),)), SeriesChange(equipment=((projector.id, 1),))

    await series.change(made.series.id, two, scope=Scope.THIS, on=week(1), version=1, by=office.ana)
    await series.change(made.series.id, one, **everything, version=1)
    lent = [b.equipment[0].quantity for b in (await series.view(made.series.id, by=office.ana)).upcoming]
    await series.change(made.series.id, SeriesChange(equipment=()), **everything, version=2)
    left = (await series.view(made.series.id, by=office.ana)).upcoming

    assert lent == [1, 2, 1]
    assert [len(b.equipment) for b in left] == [0, 1, 0]
    assert (await series.get(made.series.id)).equipment == ()
    assert await checks.violations(office.db) == []


async def test_equipment_that_is_out_on_a_date_is_told_and_no_other_room_is_named_for_it(office: Office):
    projector = await lendable(office)
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    await office.room("Hall")
    series = series_of(office)
    made = await series.book(weekly(apollo, 3), by=office.ana)
    await office.book(zeus, berlin(week(1), 10), by=office.bob, equipment=((projector.id, projector.quantity),))
    change, everything = SeriesChange(equipment=((projector.id, 1),)), {"scope": Scope.ALL, "on": week(0), "by": office.ana}

    seen = await series.preview_change(made.series.id, change, **everything)
    with pytest.raises(errors.SeriesClash):
        await series.change(made.series.id, change, **everything, version=1, choices={week(1): Choice.OTHER_ROOM})

    (clash,) = seen.clashes
    assert (clash.on, clash.other_room) == (week(1), None)
    assert isinstance(clash.error, errors.EquipmentTaken)
    assert await office.count("SELECT count(*) FROM equipment_claims") == 1


async def test_one_projector_moves_along_with_dates_that_take_each_others_place(office: Office):
    projector = await lendable(office)
    series = series_of(office)
    wish = weekly(await office.room("Apollo"), 4, equipment=((projector.id, projector.quantity),))
    made = await series.book(wish, by=office.ana)

    await series.change(made.series.id, SeriesChange(day=week(1)), scope=Scope.ALL, on=week(0), version=1, by=office.ana)

    assert await office.count("SELECT count(*) FROM equipment_claims") == 4
    assert await checks.violations(office.db) == []


async def test_of_several_rooms_only_those_that_are_taken_get_another_that_is_none_of_them(office: Office):
    rooms = [await office.room(name, seats=seats) for name, seats in (("A", 4), ("B", 6), ("C", 6), ("D", 7), ("E", 20))]
    a, b, c, d, _ = rooms
    await office.book(b, berlin(week(1), 10), by=office.bob)
    await office.book(a, berlin(week(2), 10), by=office.bob)
    await office.book(b, berlin(week(2), 10), by=office.bob)
    series = series_of(office)
    wish = weekly(a, 4, more_room_ids=(b.id,), attendees_count=9)
    elsewhere = dict.fromkeys((week(1), week(2)), Choice.OTHER_ROOM)

    seen = await series.preview(wish, by=office.ana)
    made = await series.book(wish, by=office.ana, choices=elsewhere)

    assert [one.other_rooms for one in seen.dates] == [(), (a, c), (c, d), ()]
    assert seen.rooms_for_all == (c, d)
    assert [one.rooms for one in made.bookings] == [(a, b), (a, c), (c, d), (a, b)]
    assert {one.attendees_count for one in made.bookings} == {9}
    assert await checks.violations(office.db) == []


async def test_a_quota_is_judged_as_the_dates_stand_after_a_change_and_not_before(office: Office):
    apollo, ruling = await office.room("Apollo"), Ruling.of(office)
    series, everything = series_of(office), {"scope": Scope.ALL, "on": week(0), "by": office.ana}
    made = await series.book(weekly(apollo, 4), by=office.ana)
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=1)
    office.catalogues.forget()

    # Each date goes where the next one was: one in each week, before and after.
    later = await series.change(made.series.id, SeriesChange(day=week(1)), **everything, version=1)
    twice = SeriesChange(rule="FREQ=WEEKLY;BYDAY=TU,WE;COUNT=4")
    seen = await series.preview_change(made.series.id, twice, scope=Scope.ALL, on=week(1), by=office.ana)
    with pytest.raises(errors.SeriesClash) as refused:
        await series.change(made.series.id, twice, scope=Scope.ALL, on=week(1), version=2, by=office.ana)
    fewer = SeriesChange(rule="FREQ=WEEKLY;BYDAY=WE;COUNT=2")
    done = await series.change(made.series.id, fewer, scope=Scope.ALL, on=week(1), version=2, by=office.ana)

    assert [one.after.series_on for one in later.changed] == [week(n) for n in (1, 2, 3, 4)]
    assert (
        [one.on for one in seen.ruled_out]
        == [one.on for one in refused.value.preview.ruled_out]
        == [
            week(1) + timedelta(days=1),
            week(2) + timedelta(days=1),
        ]
    )
    assert len([one for one in done.changed if one.after.holds_room]) == 2
    assert await checks.violations(office.db) == []


async def test_taking_back_does_not_lead_past_a_quota(office: Office):
    apollo, ruling = await office.room("Apollo"), Ruling.of(office)
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=1)
    office.catalogues.forget()
    series = series_of(office)
    made = await series.book(weekly(apollo, 3), by=office.ana)
    gone = await series.cancel(made.series.id, scope=Scope.ALL, on=week(0), version=1, by=office.ana)
    await office.book(apollo, berlin(week(1), 14), by=office.ana)

    back = await series.undo(gone.operation_id, by=office.ana)

    assert [one.after.series_on for one in back.changed] == [week(0), week(2)]
    assert [one.on for one in back.gaps] == [week(1)]
