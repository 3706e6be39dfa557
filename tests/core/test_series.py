"""Series: previewed date by date, booked whole or not at all, and what becomes of the dates that clash."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from core import checks, errors
from core.models import Slot, Status
from core.rooms import Rooms
from core.series_values import Choice, Scope, SeriesChange, SeriesStatus, Verdict
from tests.core.office import Office
from tests.core.series_office import TUESDAY, series_of, weekly


def berlin(on: date, hour: int, minutes: int = 60) -> Slot:
    """Return a time on Berlin's clock."""
    start = datetime.combine(on, time(hour), tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    return Slot(start=start, end=start + timedelta(minutes=minutes))


def week(number: int) -> date:
    return TUESDAY + timedelta(weeks=number)


async def test_a_series_is_as_many_bookings_at_the_same_wall_clock_time_on_either_side_of_a_change_of_clocks(office: Office):
    apollo = await office.room("Apollo")

    booked = await series_of(office).book(weekly(apollo, title="Sync"), by=office.ana)

    assert [b.series_on for b in booked.bookings] == [week(n) for n in range(8)]
    # The clocks change on 25 March 2040.
    assert [b.start.hour for b in booked.bookings] == [9, 9, 9, 8, 8, 8, 8, 8]
    assert {b.title for b in booked.bookings} == {"Sync"}
    assert {b.series_id for b in booked.bookings} == {booked.series.id}
    assert await office.bookings.get(booked.bookings[3].id) == booked.bookings[3]
    assert await series_of(office).get(booked.series.id) == booked.series
    assert await checks.violations(office.db) == []


async def test_a_preview_says_of_each_date_who_has_the_room_and_which_other_would_do(office: Office):
    apollo, zeus = await office.room("Apollo", seats=4), await office.room("Zeus", seats=6)
    await office.room("Hall", seats=40)
    await office.book(apollo, berlin(week(1), 10), by=office.bob, title="Review")

    seen = await series_of(office).preview(weekly(apollo, 4), by=office.ana)

    assert [one.verdict for one in seen.dates] == [Verdict.FREE, Verdict.TAKEN, Verdict.FREE, Verdict.FREE]
    (clash,) = seen.clashes
    assert (clash.on, clash.rivals[0].title, clash.other_room) == (week(1), "Review", zeus)
    assert (seen.room, seen.one_room, seen.beyond) == (apollo, zeus, 0)
    assert await office.count("SELECT count(*) FROM bookings") == 1


async def test_a_room_that_was_named_without_a_number_of_people_is_stood_in_for_by_one_like_it(office: Office):
    apollo = await office.room("Apollo", seats=8)
    await office.room("Booth", seats=1)
    zeus = await office.room("Zeus", seats=6)
    await office.book(apollo, berlin(week(1), 10), by=office.bob)

    seen = await series_of(office).preview(weekly(apollo, 2, attendees_count=1), by=office.ana)

    assert (seen.clashes[0].other_room, seen.one_room) == (zeus, zeus)


async def test_a_private_rival_is_told_without_its_title(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, berlin(week(0), 10), by=office.bob, title="Secret", private=True)

    seen = await series_of(office).preview(weekly(apollo, 2), by=office.ana)

    assert seen.dates[0].rivals[0].private
    assert seen.dates[0].rivals[0].title is None


async def test_a_date_that_breaks_a_rule_is_told_with_the_rule(office: Office):
    apollo = await office.room("Apollo")
    await Rooms(office.db, office.catalogues).set_policy(longest_minutes=30)
    office.catalogues.forget()

    seen = await series_of(office).preview(weekly(apollo, 2), by=office.ana)

    assert [one.verdict for one in seen.dates] == [Verdict.RULED_OUT] * 2
    assert isinstance(seen.dates[0].error, errors.TooLong)


async def test_nothing_is_left_where_somebody_has_yet_to_choose(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, berlin(week(2), 10), by=office.bob)

    with pytest.raises(errors.SeriesClash) as refused:
        await series_of(office).book(weekly(apollo), by=office.ana)

    assert [one.on for one in refused.value.preview.clashes] == [week(2)]
    assert await office.count("SELECT count(*) FROM series") == 0
    assert await office.count("SELECT count(*) FROM bookings") == 1


async def test_what_clashes_is_skipped_moved_or_put_into_another_room_as_was_chosen(office: Office):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus", seats=6)
    for number in (1, 3, 5):
        await office.book(apollo, berlin(week(number), 10), by=office.bob)
    later = berlin(week(5), 12)
    choices = {week(1): Choice.SKIP, week(3): Choice.OTHER_ROOM, week(5): later}

    booked = await series_of(office).book(weekly(apollo, 6), by=office.ana, choices=choices)

    rooms = {b.series_on: b.room for b in booked.bookings}
    assert rooms == {week(0): apollo, week(2): apollo, week(3): zeus, week(4): apollo, week(5): apollo}
    assert next(b for b in booked.bookings if b.series_on == week(5)).slot == later
    assert [gap.on for gap in booked.gaps] == [week(1)]
    assert booked.series.left_out == {week(1)}
    (waiting,) = await office.rows("SELECT person_id, room_id, series_id, series_on, status FROM waiting")
    assert tuple(waiting) == (office.ana.person_id, apollo.id, booked.series.id, week(1), "waiting")
    assert await checks.violations(office.db) == []


async def test_another_time_that_is_not_free_either_is_asked_about_again(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, berlin(week(1), 10, 180), by=office.bob)

    with pytest.raises(errors.SeriesClash) as refused:
        await series_of(office).book(weekly(apollo, 2), by=office.ana, choices={week(1): berlin(week(1), 11)})

    assert [one.slot for one in refused.value.preview.clashes] == [berlin(week(1), 11)]


async def test_one_room_for_all_dates_is_taken_when_it_is_asked_for(office: Office):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    await office.book(apollo, berlin(week(1), 10), by=office.bob)

    booked = await series_of(office).book(weekly(apollo, 3), by=office.ana, one_room=zeus.id)

    assert {b.room for b in booked.bookings} == {zeus}
    assert booked.series.room == zeus


async def test_without_a_room_the_one_that_can_be_had_on_most_dates_is_taken(office: Office):
    apollo, zeus = await office.room("Apollo", seats=2), await office.room("Zeus", seats=8)
    for number in (0, 2):
        await office.book(apollo, berlin(week(number), 10), by=office.bob)

    booked = await series_of(office).book(weekly(None, 3, location_id=office.berlin.id), by=office.ana)

    assert {b.room for b in booked.bookings} == {zeus}


async def test_the_same_request_twice_is_one_series(office: Office):
    apollo = await office.room("Apollo")
    series, wish = series_of(office), weekly(apollo, 3)

    first = await series.book(wish, by=office.ana, key="k")
    again = await series.book(wish, by=office.ana, key="k")

    assert again == first
    with pytest.raises(errors.KeyReused):
        await series.book(replace(wish, minutes=30), by=office.ana, key="k")
    assert await checks.violations(office.db) == []


async def test_dates_past_the_horizon_are_left_for_later(office: Office):
    apollo = await office.room("Apollo")
    await Rooms(office.db, office.catalogues).set_policy(horizon_days=30)
    office.catalogues.forget()

    endless = await series_of(office).book(weekly(apollo, rule="FREQ=WEEKLY;BYDAY=TU"), by=office.ana)
    long = await series_of(office).book(weekly(apollo, 8, clock=time(14)), by=office.ana)

    assert (len(endless.bookings), endless.beyond) == (5, None)
    assert (len(long.bookings), long.beyond, long.series.booked_until) == (5, 3, date(2040, 4, 4))


async def test_a_rule_without_any_date_that_can_be_booked_yet_is_refused(office: Office):
    apollo = await office.room("Apollo")

    with pytest.raises(errors.TooFarAhead):
        await series_of(office).preview(weekly(apollo, first_on=date(2042, 1, 1)), by=office.ana)


async def test_months_without_a_31st_are_passed_over_and_that_is_said(office: Office):
    apollo = await office.room("Apollo")
    wish = weekly(apollo, rule="FREQ=MONTHLY;BYMONTHDAY=31;COUNT=4")

    seen = await series_of(office).preview(wish, by=office.ana)

    assert [one.on for one in seen.dates] == [date(2040, month, 31) for month in (3, 5, 7, 8)]
    assert seen.passed_over == (date(2040, 4, 1), date(2040, 6, 1))


async def test_a_time_that_a_night_skips_is_moved_and_that_is_said(office: Office):
    apollo = await office.room("Apollo")
    wish = weekly(apollo, rule="FREQ=DAILY;COUNT=3", first_on=date(2040, 3, 24), clock=time(2, 30))

    seen = await series_of(office).preview(wish, by=office.ana)

    assert [one.on for one in seen.shifted] == [date(2040, 3, 25)]
    assert [one.slot.start.astimezone(office.berlin.tz).time() for one in seen.dates] == [time(2, 30), time(3), time(2, 30)]
    assert {one.slot.length for one in seen.dates} == {timedelta(hours=1)}


async def test_dates_that_reach_into_each_other_are_refused(office: Office):
    apollo = await office.room("Apollo", setup=30)
    await Rooms(office.db, office.catalogues).set_policy(longest_minutes=24 * 60)
    office.catalogues.forget()
    wish = weekly(apollo, rule="FREQ=DAILY;COUNT=3", clock=time(0), minutes=24 * 60)

    seen = await series_of(office).preview(wish, by=office.ana)

    assert [one.verdict for one in seen.dates] == [Verdict.FREE, Verdict.RULED_OUT, Verdict.RULED_OUT]


@pytest.mark.parametrize(
    "rule",
    ["", "FREQ=HOURLY", "FREQ=WEEKLY;COUNT=2;UNTIL=20401231", "FREQ=WEEKLY;BYDAY=XX", "FREQ=DAILY;INTERVAL=0", "BYDAY=TU"],
)
async def test_a_rule_that_cannot_be_meant_is_refused_in_words(office: Office, rule: str):
    apollo = await office.room("Apollo")

    with pytest.raises(errors.InvalidSeries) as refused:
        await series_of(office).preview(weekly(apollo, rule=rule), by=office.ana)

    assert refused.value.message.endswith(".")


async def test_those_invited_are_invited_to_every_date(office: Office):
    apollo = await office.room("Apollo")
    people = (office.bob.person_id, office.visitor.person_id)

    booked = await series_of(office).book(weekly(apollo, 2, invitees=people, shared=True), by=office.ana)

    assert [{a.person_id for a in b.attendees} for b in booked.bookings] == [set(people)] * 2
    assert all(b.shared for b in booked.bookings)
    assert await checks.violations(office.db) == []


async def test_a_held_room_whose_time_is_over_makes_way(office: Office):
    apollo = await office.room("Apollo")
    theirs = await office.book(apollo, berlin(week(0), 10), by=office.bob)
    await office.line.join(weekly(apollo).at(theirs.slot), by=office.boss)
    await office.bookings.cancel(theirs.id, by=office.bob)
    await office.all_told()
    office.clock.advance(timedelta(minutes=11))

    booked = await series_of(office).book(weekly(apollo, 2), by=office.ana)

    assert len(booked.bookings) == 2
    assert await checks.violations(office.db) == []


async def test_a_series_is_seen_with_what_is_ahead_and_what_is_missing(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, berlin(week(1), 10), by=office.bob)
    series = series_of(office)
    booked = await series.book(weekly(apollo, 4), by=office.ana, choices={week(1): Choice.SKIP})
    await office.bookings.cancel(booked.bookings[2].id, by=office.ana)

    seen = await series.view(booked.series.id, by=office.ana)
    (mine,) = await series.mine(office.ana)

    assert [b.series_on for b in seen.upcoming] == [week(0), week(2)]
    assert [(gap.on, gap.waiting_id is not None) for gap in seen.gaps] == [(week(1), True), (week(3), False)]
    assert (mine.next, mine.ahead, mine.last_on) == (seen.upcoming[0], 2, week(2))


async def test_a_date_left_out_is_booked_again_once_it_is_free(office: Office):
    apollo = await office.room("Apollo")
    theirs = await office.book(apollo, berlin(week(1), 10), by=office.bob)
    series = series_of(office)
    booked = await series.book(weekly(apollo, 3), by=office.ana, choices={week(1): Choice.SKIP})
    with pytest.raises(errors.SlotTaken):
        await series.restore(booked.series.id, week(1), by=office.ana)
    with pytest.raises(errors.InvalidSeries):
        await series.restore(booked.series.id, week(0), by=office.ana)
    await series_left(office, booked.series.id)
    await office.bookings.cancel(theirs.id, by=office.bob)

    again = await series.restore(booked.series.id, week(1), by=office.ana, key="r")

    assert again.series_on == week(1)
    assert await series.restore(booked.series.id, week(1), by=office.ana, key="r") == again
    assert (await series.get(booked.series.id)).left_out == frozenset()
    assert await checks.violations(office.db) == []


async def series_left(office: Office, series_id: object) -> None:
    """Let nobody wait for a date of the series any more."""
    for row in await office.rows("SELECT id FROM waiting WHERE series_id = $1", series_id):
        await office.line.leave(row["id"], by=office.ana)


async def test_an_offer_for_a_date_that_was_skipped_makes_it_one_of_the_series(office: Office):
    apollo = await office.room("Apollo")
    theirs = await office.book(apollo, berlin(week(1), 10), by=office.bob)
    series = series_of(office)
    booked = await series.book(weekly(apollo, 3), by=office.ana, choices={week(1): Choice.SKIP})

    await office.bookings.cancel(theirs.id, by=office.bob)
    (waiting,) = await office.line.mine(office.ana)
    taken = await office.line.take(waiting.id, by=office.ana)

    assert (waiting.status, taken.series_id, taken.series_on) == ("offered", booked.series.id, week(1))
    assert (await series.view(booked.series.id, by=office.ana)).gaps == ()


async def test_a_renewed_series_goes_on_as_long_again(office: Office):
    apollo = await office.room("Apollo")
    series = series_of(office)
    booked = await series.book(weekly(apollo, 3), by=office.ana)
    assert series.renewal(booked.series) == week(5)

    renewed = await series.renew(booked.series.id, by=office.ana, key="n")

    assert [b.series_on for b in renewed.bookings] == [week(3), week(4), week(5)]
    assert renewed.series.rule == "FREQ=WEEKLY;BYDAY=TU;COUNT=6"
    assert await series.renew(booked.series.id, by=office.ana, key="n") == renewed
    assert (await series.get(booked.series.id)).status is SeriesStatus.ACTIVE
    with pytest.raises(errors.NotAllowed):
        await series.renew(booked.series.id, by=office.bob)
    assert await checks.violations(office.db) == []


async def test_progress_is_told_and_all_of_it_is_done_in_the_end(office: Office):
    apollo = await office.room("Apollo")
    heard: list[tuple[int, int]] = []
    wish = weekly(apollo, rule="FREQ=DAILY;COUNT=120")

    await series_of(office).book(wish, by=office.ana, progress=lambda done, total: heard.append((done, total)))

    assert heard == [(50, 120), (100, 120), (120, 120)]


async def test_a_single_date_of_a_series_is_a_booking_like_any_other(office: Office):
    apollo = await office.room("Apollo")
    booked = await series_of(office).book(weekly(apollo, 2), by=office.ana)

    done = await office.bookings.cancel(booked.bookings[0].id, by=office.ana)
    back = await office.bookings.undo(done.after.id, version=done.after.version, by=office.ana)

    assert (back.after.status, back.after.series_on) == (Status.CONFIRMED, week(0))


async def test_another_time_that_meets_another_date_of_the_series_is_asked_about_again(office: Office):
    apollo = await office.room("Apollo")
    wish = weekly(apollo, rule="FREQ=DAILY;COUNT=3")
    next_day = berlin(TUESDAY + timedelta(days=1), 10)

    with pytest.raises(errors.SeriesClash) as refused:
        await series_of(office).book(wish, by=office.ana, choices={TUESDAY: next_day})

    assert [one.verdict for one in refused.value.preview.clashes] == [Verdict.RULED_OUT]
    assert await office.count("SELECT count(*) FROM bookings") == 0


async def test_a_series_of_which_every_date_is_left_out_is_none(office: Office):
    apollo = await office.room("Apollo")

    with pytest.raises(errors.InvalidSeries):
        await series_of(office).book(weekly(apollo, 2), by=office.ana, choices={week(0): Choice.SKIP, week(1): Choice.SKIP})


async def test_a_date_that_was_booked_anew_cannot_come_back_a_second_time(office: Office):
    apollo = await office.room("Apollo")
    series = series_of(office)
    booked = await series.book(weekly(apollo, 2), by=office.ana)
    gone = await office.bookings.cancel(booked.bookings[0].id, by=office.ana)
    await series.restore(booked.series.id, week(0), by=office.ana)
    await series.change(
        booked.series.id, SeriesChange(clock=time(14)), scope=Scope.ALL, on=week(0), version=None, by=office.ana
    )

    with pytest.raises(errors.InvalidSeries):
        await office.bookings.undo(gone.after.id, version=gone.after.version, by=office.ana)


async def test_rooms_of_two_places_are_no_series_together(office: Office):
    apollo, tokyo = await office.room("Apollo"), await office.room("Fuji", place=office.tokyo)

    with pytest.raises(errors.NotTogether):
        await series_of(office).preview(weekly(apollo, 2, more_room_ids=(tokyo.id,)), by=office.ana)
