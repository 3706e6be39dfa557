"""Dates that somebody excepts when they book a series: neither booked, nor waited for, nor booked later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.rooms import Rooms
from core.series_values import Verdict
from tests.core.office import Office
from tests.core.series_office import series_of, weekly
from tests.core.test_series import berlin, week


async def test_dates_that_were_excepted_are_neither_shown_nor_booked_nor_waited_for(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, berlin(week(1), 10), by=office.bob)
    wish = replace(weekly(apollo, 4), left_out=frozenset({week(1), week(3)}))

    seen = await series_of(office).preview(wish, by=office.ana)
    booked = await series_of(office).book(wish, by=office.ana, key="once")

    assert [(one.on, one.verdict) for one in seen.dates] == [(week(0), Verdict.FREE), (week(2), Verdict.FREE)]
    assert [one.series_on for one in booked.bookings] == [week(0), week(2)]
    assert (booked.gaps, booked.series.left_out) == ((), frozenset({week(1), week(3)}))
    assert await office.count("SELECT count(*) FROM waiting") == 0
    assert (await series_of(office).book(wish, by=office.ana, key="once")).bookings == booked.bookings


async def test_an_excepted_date_past_the_horizon_is_not_booked_when_its_time_comes(office: Office):
    apollo = await office.room("Apollo")
    await Rooms(office.db, office.catalogues).set_policy(horizon_days=30)
    office.catalogues.forget()
    wish = replace(weekly(apollo, 8), left_out=frozenset({week(2), week(6)}))

    booked = await series_of(office).book(wish, by=office.ana)
    office.clock.advance(timedelta(days=28))
    later = await series_of(office).extend(office.clock.now())

    days = {row["series_on"] for row in await office.rows("SELECT series_on FROM bookings")}
    assert (len(booked.bookings), booked.beyond, later) == (4, 2, 2)
    assert days == {week(n) for n in (0, 1, 3, 4, 5, 7)}
