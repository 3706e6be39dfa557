"""Series in rooms that are more than rooms: that ask for approval, that divide, with equipment, under quotas."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from core import checks, errors
from core.models import Right, Slot, Status
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
