"""Changing, cancelling and taking back many dates of a series at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from core import checks, errors, roles
from core.archive import Archive
from core.db import Database
from core.models import Change, Room, Slot, Status
from core.rooms import Rooms
from core.series import Series
from core.series_values import Booked, Choice, Scope, SeriesChange, SeriesStatus
from tests.core.office import MONDAY, Office
from tests.core.series_office import TUESDAY, series_of, weekly

BERLIN = ZoneInfo("Europe/Berlin")


def week(number: int) -> date:
    return TUESDAY + timedelta(weeks=number)


def berlin(on: date, hour: int) -> Slot:
    start = datetime.combine(on, time(hour), tzinfo=BERLIN).astimezone(UTC)
    return Slot(start=start, end=start + timedelta(hours=1))


async def booked(office: Office, room: Room, times: int = 4, **wanted: object) -> tuple[Series, Booked]:
    series = series_of(office)
    return series, await series.book(weekly(room, times, title="Sync", **wanted), by=office.ana)


async def hours(series: Series, series_id: object, office: Office) -> list[tuple[date, int]]:
    """Return the dates ahead with the hour at which each begins in Berlin."""
    seen = await series.view(series_id, by=office.ana)
    return [(b.start.astimezone(BERLIN).date(), b.start.astimezone(BERLIN).hour) for b in seen.upcoming]


async def test_all_dates_move_to_another_hour(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo)

    done = await series.change(
        made.series.id, SeriesChange(clock=time(14)), scope=Scope.ALL, on=week(0), version=1, by=office.ana
    )

    assert await hours(series, made.series.id, office) == [(week(n), 14) for n in range(4)]
    assert (done.series.clock, done.series.version, len(done.changed)) == (time(14), 2, 4)
    assert {c.after.version for c in done.changed} == {2}
    assert await checks.violations(office.db) == []


async def test_a_date_that_was_edited_by_itself_keeps_what_was_edited(office: Office):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    series, made = await booked(office, apollo)
    first, second, third, _ = made.bookings
    await office.bookings.change(first.id, Change(slot=berlin(week(0), 16)), version=1, by=office.ana)
    await office.bookings.change(second.id, Change(title="Kick-off"), version=1, by=office.ana)
    await office.bookings.change(third.id, Change(room_id=zeus.id), version=1, by=office.ana)
    hall = await office.room("Hall")

    await series.change(
        made.series.id,
        SeriesChange(clock=time(14), title="Weekly", room_id=hall.id),
        scope=Scope.ALL,
        on=week(0),
        version=1,
        by=office.ana,
    )

    upcoming = (await series.view(made.series.id, by=office.ana)).upcoming
    assert [(b.start.astimezone(BERLIN).hour, b.title, b.room.name) for b in upcoming] == [
        (16, "Weekly", "Hall"),
        (14, "Kick-off", "Hall"),
        (14, "Weekly", "Zeus"),
        (14, "Weekly", "Hall"),
    ]
    assert await checks.violations(office.db) == []


async def test_a_change_from_one_date_on_splits_the_series(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo, 6)

    done = await series.change(
        made.series.id, SeriesChange(clock=time(14)), scope=Scope.FOLLOWING, on=week(2), version=1, by=office.ana
    )

    old, new = await series.get(made.series.id), await series.get(done.series.id)
    assert (old.rule, new.rule) == ("FREQ=WEEKLY;BYDAY=TU;UNTIL=20400319", "FREQ=WEEKLY;BYDAY=TU;COUNT=4")
    assert (new.continues_id, new.first_on, done.split_from) == (old.id, week(2), old.id)
    assert await hours(series, old.id, office) == [(week(0), 10), (week(1), 10)]
    assert await hours(series, new.id, office) == [(week(n), 14) for n in range(2, 6)]
    assert await checks.violations(office.db) == []


async def test_a_change_from_the_first_date_on_splits_nothing(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo)

    done = await series.change(
        made.series.id, SeriesChange(title="Weekly"), scope=Scope.FOLLOWING, on=week(0), version=1, by=office.ana
    )

    assert (done.series.id, done.split_from, done.series.title) == (made.series.id, None, "Weekly")


async def test_one_date_is_changed_alone(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo)

    done = await series.change(
        made.series.id, SeriesChange(clock=time(15)), scope=Scope.THIS, on=week(1), version=1, by=office.ana
    )

    assert [hour for _, hour in await hours(series, made.series.id, office)] == [10, 15, 10, 10]
    assert (await series.get(made.series.id), len(done.changed)) == (made.series, 1)


async def test_another_weekday_moves_the_dates_in_their_order_and_those_who_come_with_them(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo, invitees=(office.bob.person_id,))

    done = await series.change(
        made.series.id,
        SeriesChange(rule="FREQ=WEEKLY;BYDAY=WE"),
        scope=Scope.ALL,
        on=week(0),
        version=1,
        by=office.ana,
    )

    assert await hours(series, made.series.id, office) == [(week(n) + timedelta(days=1), 10) for n in range(4)]
    assert [c.after.id for c in done.changed] == [b.id for b in made.bookings]
    assert done.series.rule == "FREQ=WEEKLY;BYDAY=WE;COUNT=4"
    assert await checks.violations(office.db) == []


async def test_an_earlier_weekday_is_that_of_the_same_week_where_it_is_not_over(office: Office):
    series, made = await booked(office, await office.room("Apollo"), 4)
    _, other = await booked(office, await office.room("Zeus"), 4)
    change, about = SeriesChange(rule="FREQ=WEEKLY;BYDAY=MO"), {"version": 1, "by": office.ana}

    later = await series.change(made.series.id, change, scope=Scope.FOLLOWING, on=week(2), **about)
    now = await series.change(other.series.id, change, scope=Scope.ALL, on=week(0), **about)

    assert await hours(series, later.series.id, office) == [(week(n) - timedelta(days=1), 10) for n in (2, 3)]
    # Today is the Monday of the first week: that one is over.
    assert await hours(series, now.series.id, office) == [(week(n) - timedelta(days=1), 10) for n in (1, 2, 3, 4)]
    assert await checks.violations(office.db) == []


async def test_a_rule_with_more_dates_books_those_and_one_with_fewer_cancels_the_rest(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo)

    more = await series.change(
        made.series.id, SeriesChange(rule="FREQ=DAILY;COUNT=6"), scope=Scope.ALL, on=week(0), version=1, by=office.ana
    )
    fewer = await series.change(
        made.series.id, SeriesChange(rule="FREQ=DAILY;COUNT=2"), scope=Scope.ALL, on=week(0), version=2, by=office.ana
    )

    assert (len(more.changed), len(more.made)) == (3, 2)
    assert sum(c.after.status is Status.CANCELLED for c in fewer.changed) == 4
    assert len(await hours(series, made.series.id, office)) == 2
    assert await checks.violations(office.db) == []


async def test_a_clash_is_asked_about_and_what_was_chosen_is_done(office: Office):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    series, made = await booked(office, apollo, 4)
    for number in (1, 2):
        await office.book(apollo, berlin(week(number), 14), by=office.bob)
    change, about = SeriesChange(clock=time(14)), {"scope": Scope.ALL, "on": week(0), "by": office.ana}

    seen = await series.preview_change(made.series.id, change, **about)
    with pytest.raises(errors.SeriesClash):
        await series.change(made.series.id, change, version=1, **about)
    choices = {week(1): Choice.SKIP, week(2): Choice.OTHER_ROOM}
    done = await series.change(made.series.id, change, version=1, choices=choices, key="c", **about)

    assert [one.on for one in seen.clashes] == [week(1), week(2)]
    assert [one.booking for one in seen.dates] == list(made.bookings)
    upcoming = (await series.view(made.series.id, by=office.ana)).upcoming
    assert [(b.series_on, b.room) for b in upcoming] == [(week(0), apollo), (week(2), zeus), (week(3), apollo)]
    assert (done.series.left_out, [gap.on for gap in done.gaps]) == ({week(1)}, [week(1)])
    assert (await series.view(made.series.id, by=office.ana)).gaps[0].waiting_id is not None
    again = await series.change(made.series.id, change, version=1, choices=choices, key="c", **about)
    assert again.changed == done.changed
    assert await checks.violations(office.db) == []


async def test_whoever_changes_an_older_version_is_told_who_was_faster(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo)
    await series.cancel(made.series.id, scope=Scope.THIS, on=week(1), version=1, by=office.boss)

    with pytest.raises(errors.StaleSeries) as refused:
        await series.change(made.series.id, SeriesChange(title="New"), scope=Scope.ALL, on=week(0), version=1, by=office.ana)

    assert (refused.value.by_slack_user_id, refused.value.series.version) == ("Uboss", 2)


async def test_nobody_else_changes_a_series(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo)

    with pytest.raises(errors.NotAllowed):
        await series.cancel(made.series.id, scope=Scope.ALL, on=week(0), version=1, by=office.bob)


async def test_those_invited_change_by_what_was_added_and_removed(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo, 2, invitees=(office.bob.person_id,))
    await office.bookings.change(
        made.bookings[0].id, Change(invitees=(office.bob.person_id, office.boss.person_id)), version=1, by=office.ana
    )

    await series.change(
        made.series.id,
        SeriesChange(invitees=(office.visitor.person_id,)),
        scope=Scope.ALL,
        on=week(0),
        version=1,
        by=office.ana,
    )

    upcoming = (await series.view(made.series.id, by=office.ana)).upcoming
    assert [[a.name for a in b.attendees] for b in upcoming] == [["boss", "visitor"], ["visitor"]]
    assert await checks.violations(office.db) == []


async def test_cancelling_gives_back_one_date_or_all_that_follow_or_all(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo, 6)

    one = await series.cancel(made.series.id, scope=Scope.THIS, on=week(1), version=1, by=office.ana, key="x")
    again = await series.cancel(made.series.id, scope=Scope.THIS, on=week(1), version=1, by=office.ana, key="x")
    following = await series.cancel(made.series.id, scope=Scope.FOLLOWING, on=week(3), version=2, by=office.ana)
    left = await hours(series, made.series.id, office)
    everything = await series.cancel(made.series.id, scope=Scope.ALL, on=week(0), version=3, by=office.ana)

    assert (one.series.left_out, again.changed) == ({week(1)}, one.changed)
    assert (len(following.changed), following.series.rule) == (3, "FREQ=WEEKLY;BYDAY=TU;UNTIL=20400326")
    assert left == [(week(0), 10), (week(2), 10)]
    assert (len(everything.changed), everything.series.status) == (2, SeriesStatus.CANCELLED)
    with pytest.raises(errors.SeriesNotActive):
        await series.cancel(made.series.id, scope=Scope.ALL, on=week(0), version=None, by=office.ana)
    assert await checks.violations(office.db) == []


async def test_days_away_are_left_out_even_those_still_to_be_booked(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo, rule="FREQ=WEEKLY;BYDAY=TU")
    beyond = made.bookings[-1].series_on + timedelta(weeks=2)

    done = await series.cancel_range(made.series.id, week(1), week(2), version=1, by=office.ana)
    later = await series.cancel_range(made.series.id, beyond, beyond + timedelta(weeks=1), version=2, by=office.ana)

    assert [c.after.series_on for c in done.changed] == [week(1), week(2)]
    assert (later.changed, later.series.left_out) == ((), {week(1), week(2), beyond, beyond + timedelta(weeks=1)})
    assert await checks.violations(office.db) == []


async def test_what_was_done_to_many_dates_is_taken_back_as_one(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo, 4)
    moved = await series.change(
        made.series.id, SeriesChange(clock=time(14)), scope=Scope.FOLLOWING, on=week(2), version=1, by=office.ana
    )

    back = await series.undo(moved.operation_id, by=office.ana, key="u")

    assert await hours(series, made.series.id, office) == [(week(n), 10) for n in range(4)]
    assert (await series.get(moved.series.id)).status is SeriesStatus.CANCELLED
    assert (back.series.id, back.series.rule, len(back.changed)) == (made.series.id, made.series.rule, 2)
    assert (await series.undo(moved.operation_id, by=office.ana, key="u")).changed == back.changed
    with pytest.raises(errors.StaleSeries):
        await series.undo(moved.operation_id, by=office.ana)
    assert await checks.violations(office.db) == []


async def test_cancelled_dates_come_back_where_they_are_still_free(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo, 3)
    done = await series.cancel(made.series.id, scope=Scope.ALL, on=week(0), version=1, by=office.ana)
    await office.book(apollo, berlin(week(1), 10), by=office.bob)

    back = await series.undo(done.operation_id, by=office.ana)

    assert await hours(series, made.series.id, office) == [(week(0), 10), (week(2), 10)]
    assert [gap.on for gap in back.gaps] == [week(1)]
    assert (await series.get(made.series.id)).status is SeriesStatus.ACTIVE
    assert await checks.violations(office.db) == []


async def test_dates_that_went_to_the_archive_since_are_left_out_when_the_rest_is_taken_back(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo, 20)
    done = await series.cancel(made.series.id, scope=Scope.ALL, on=week(0), version=1, by=office.ana)
    later = office.clock.now() + timedelta(weeks=17)
    office.clock.set(later)
    worker = Database(office.urls.worker_url, role=roles.WORKER)
    try:
        assert await Archive(worker).tidy(later) > 0
    finally:
        await worker.close()

    await series.undo(done.operation_id, by=office.ana)

    assert await hours(series, made.series.id, office) == [(week(n), 10) for n in (17, 18, 19)]
    assert await checks.violations(office.db) == []


async def test_booking_a_series_is_taken_back_as_one(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo, 3)

    await series.undo(made.operation_id, by=office.ana)

    assert await hours(series, made.series.id, office) == []
    assert (await series.get(made.series.id)).status is SeriesStatus.CANCELLED
    assert await checks.violations(office.db) == []


async def test_a_date_changed_since_stays_as_it_is_by_now(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo, 3)
    moved = await series.change(
        made.series.id, SeriesChange(clock=time(14)), scope=Scope.ALL, on=week(0), version=1, by=office.ana
    )
    await office.bookings.change(made.bookings[1].id, Change(title="Mine"), version=2, by=office.ana)

    await series.undo(moved.operation_id, by=office.ana)

    assert [hour for _, hour in await hours(series, made.series.id, office)] == [10, 14, 10]


async def test_what_is_given_back_is_offered_to_whoever_waits(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo, 3)
    await office.line.join(weekly(apollo).at(made.bookings[1].slot), by=office.bob)

    await series.cancel(made.series.id, scope=Scope.ALL, on=week(0), version=1, by=office.ana)

    (waiting,) = await office.line.mine(office.bob)
    assert (waiting.status, waiting.offered_room) == ("offered", apollo)
    assert await checks.violations(office.db) == []


async def extended(office: Office, **wanted: object) -> tuple[Series, Booked]:
    """Return a series that was booked for thirty days, and of which the job has booked two weeks more."""
    await Rooms(office.db, office.catalogues).set_policy(horizon_days=30)
    office.catalogues.forget()
    return await booked(office, await office.room("Apollo"), rule="FREQ=WEEKLY;BYDAY=TU", **wanted)


async def two_weeks_later(series: Series, office: Office) -> None:
    office.clock.advance(timedelta(days=14))
    assert await series.extend(office.clock.now()) == 2


async def test_dates_that_were_booked_since_go_with_a_series_that_is_taken_back(office: Office):
    series, made = await extended(office)
    await two_weeks_later(series, office)

    await series.undo(made.operation_id, by=office.ana)

    assert await hours(series, made.series.id, office) == []
    assert await office.count("SELECT count(*) FROM bookings WHERE status = 'cancelled' AND start_time > $1", MONDAY) == 5
    assert await series.extend(office.clock.now()) == 0
    assert await checks.violations(office.db) == []


async def test_dates_booked_since_go_with_a_change_of_the_hour_and_come_back_as_they_were(office: Office):
    series, made = await extended(office)
    moved = await series.change(
        made.series.id, SeriesChange(clock=time(14)), scope=Scope.ALL, on=week(0), version=1, by=office.ana
    )
    await two_weeks_later(series, office)

    await series.undo(moved.operation_id, by=office.ana)
    then = await hours(series, made.series.id, office)
    again = await series.extend(office.clock.now())

    assert then == [(week(n), 10) for n in (2, 3, 4)]
    assert again == 2
    assert await hours(series, made.series.id, office) == [(week(n), 10) for n in range(2, 7)]
    assert (await series.get(made.series.id)).left_out == frozenset()
    assert await checks.violations(office.db) == []


async def test_dates_booked_since_go_with_a_split_that_is_taken_back(office: Office):
    series, made = await extended(office)
    moved = await series.change(
        made.series.id, SeriesChange(clock=time(14)), scope=Scope.FOLLOWING, on=week(3), version=1, by=office.ana
    )
    await two_weeks_later(series, office)

    await series.undo(moved.operation_id, by=office.ana)
    await series.extend(office.clock.now())

    assert await hours(series, made.series.id, office) == [(week(n), 10) for n in range(2, 7)]
    assert await hours(series, moved.series.id, office) == []
    assert await checks.violations(office.db) == []


async def test_dates_booked_since_stay_where_only_days_away_or_a_title_are_taken_back(office: Office):
    series, made = await extended(office)
    away = await series.cancel_range(made.series.id, week(3), week(3), version=1, by=office.ana)
    await two_weeks_later(series, office)

    await series.undo(away.operation_id, by=office.ana)
    renamed = await series.change(
        made.series.id, SeriesChange(title="New"), scope=Scope.ALL, on=week(2), version=3, by=office.ana
    )
    await series.undo(renamed.operation_id, by=office.ana)

    assert await series.extend(office.clock.now()) == 0
    assert await hours(series, made.series.id, office) == [(week(n), 10) for n in range(2, 7)]
    assert (await series.get(made.series.id)).left_out == frozenset()
    assert await checks.violations(office.db) == []


async def test_a_series_that_is_taken_back_waits_for_no_date_any_more(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, berlin(week(1), 10), by=office.bob)
    series = series_of(office)
    made = await series.book(weekly(apollo, 3), by=office.ana, choices={week(1): Choice.SKIP})

    await series.undo(made.operation_id, by=office.ana)

    assert await office.line.mine(office.ana) == ()


async def test_somebody_is_invited_to_one_date_alone(office: Office):
    apollo = await office.room("Apollo")
    series, made = await booked(office, apollo)

    await series.change(
        made.series.id,
        SeriesChange(invitees=(office.bob.person_id,)),
        scope=Scope.THIS,
        on=week(1),
        version=1,
        by=office.ana,
    )

    upcoming = (await series.view(made.series.id, by=office.ana)).upcoming
    assert [[a.name for a in one.attendees] for one in upcoming] == [[], ["bob"], [], []]


async def test_what_would_follow_the_end_of_a_series_is_neither_split_off_nor_cancelled(office: Office):
    series, made = await booked(office, await office.room("Apollo"), 6)
    asked = {"scope": Scope.FOLLOWING, "version": None, "by": office.ana}
    await series.change(made.series.id, SeriesChange(clock=time(14)), on=week(2), **asked)

    with pytest.raises(errors.SeriesNotActive):
        await series.change(made.series.id, SeriesChange(clock=time(15)), on=week(4), **asked)
    with pytest.raises(errors.SeriesNotActive):
        await series.cancel(made.series.id, on=week(4), **asked)

    assert (await series.get(made.series.id)).rule == "FREQ=WEEKLY;BYDAY=TU;UNTIL=20400319"
    assert await office.count("SELECT count(*) FROM series") == 2
