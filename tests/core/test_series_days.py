"""Series moved to another day: what that means for each kind of rule, and what it does to what is booked."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import checks, errors, recurring
from core.models import Change
from core.series import Series
from core.series_values import Booked, Choice, Scope, SeriesChange
from tests.core.office import Office, at
from tests.core.series_office import TUESDAY, series_of, weekly

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = timedelta(days=1)


@pytest.mark.parametrize(
    ("rule", "on", "to", "moved"),
    [
        # in a week, one weekday takes the other's place
        ("FREQ=WEEKLY;BYDAY=TU", date(2040, 3, 6), date(2040, 3, 8), "FREQ=WEEKLY;BYDAY=TH"),
        ("FREQ=WEEKLY", date(2040, 3, 6), date(2040, 3, 8), "FREQ=WEEKLY;BYDAY=TH"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", date(2040, 3, 6), date(2040, 3, 15), "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", date(2040, 3, 9), date(2040, 3, 10), "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,SA"),
        # the day of a month, counted as it was
        ("FREQ=MONTHLY;BYMONTHDAY=15", date(2040, 3, 15), date(2040, 3, 20), "FREQ=MONTHLY;BYMONTHDAY=20"),
        ("FREQ=MONTHLY", date(2040, 3, 15), date(2040, 3, 20), "FREQ=MONTHLY;BYMONTHDAY=20"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", date(2040, 4, 30), date(2040, 4, 29), "FREQ=MONTHLY;BYMONTHDAY=-2"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", date(2040, 3, 15), date(2040, 3, 16), "FREQ=MONTHLY;BYMONTHDAY=1,16"),
        ("FREQ=MONTHLY;BYMONTHDAY=31", date(2040, 3, 31), date(2040, 4, 2), "FREQ=MONTHLY;BYMONTHDAY=2"),
        # the nth weekday; what would be the fifth is the last
        ("FREQ=MONTHLY;BYDAY=2TU", date(2040, 3, 13), date(2040, 3, 14), "FREQ=MONTHLY;BYDAY=2WE"),
        ("FREQ=MONTHLY;BYDAY=2TU", date(2040, 3, 13), date(2040, 3, 6), "FREQ=MONTHLY;BYDAY=1TU"),
        ("FREQ=MONTHLY;BYDAY=4TU", date(2040, 3, 27), date(2040, 3, 29), "FREQ=MONTHLY;BYDAY=-1TH"),
        ("FREQ=MONTHLY;BYDAY=5TU", date(2040, 5, 29), date(2040, 5, 30), "FREQ=MONTHLY;BYDAY=5WE"),
        ("FREQ=MONTHLY;BYDAY=-1FR", date(2040, 3, 30), date(2040, 3, 29), "FREQ=MONTHLY;BYDAY=-1TH"),
        ("FREQ=MONTHLY;BYDAY=1MO,3MO", date(2040, 3, 19), date(2040, 3, 20), "FREQ=MONTHLY;BYDAY=1MO,3TU"),
        # once a year
        ("FREQ=YEARLY", date(2040, 3, 6), date(2040, 4, 1), "FREQ=YEARLY;BYMONTHDAY=1;BYMONTH=4"),
        ("FREQ=YEARLY;BYDAY=1MO;BYMONTH=9", date(2040, 9, 3), date(2040, 9, 4), "FREQ=YEARLY;BYDAY=1TU;BYMONTH=9"),
        # every few days: in another step
        ("FREQ=DAILY;INTERVAL=3", date(2040, 3, 6), date(2040, 3, 7), "FREQ=DAILY;INTERVAL=3"),
    ],
)
def test_each_kind_of_rule_moves_as_it_counts(rule: str, on: date, to: date, moved: str):
    assert str(recurring.moved(recurring.parse(f"{rule};COUNT=5"), on, to)) == moved


@pytest.mark.parametrize(
    ("rule", "on", "to", "why"),
    [
        ("FREQ=DAILY", date(2040, 3, 6), date(2040, 3, 7), "day by day"),
        ("FREQ=WEEKLY;BYDAY=TU,TH", date(2040, 3, 6), date(2040, 3, 8), "on Thursdays already"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", date(2040, 3, 1), date(2040, 3, 15), "on Thursday, 15 March already"),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", date(2040, 4, 13), date(2040, 4, 14), "a weekday and a day of the month"),
        ("FREQ=YEARLY;BYMONTH=3,9;BYMONTHDAY=1", date(2040, 3, 1), date(2040, 4, 1), "in several months"),
        ("FREQ=WEEKLY;BYDAY=TU", date(2040, 3, 7), date(2040, 3, 8), "no date on that day"),
    ],
)
def test_what_has_no_meaning_is_refused_in_words(rule: str, on: date, to: date, why: str):
    with pytest.raises(errors.InvalidSeries, match=why):
        recurring.moved(recurring.parse(rule), on, to)


async def booked(office: Office, rule: str, **wanted: Any) -> tuple[Series, Booked]:
    series = series_of(office)
    return series, await series.book(weekly(await office.room("Apollo"), rule=rule, **wanted), by=office.ana)


async def days(series: Series, made: Booked | Any, office: Office) -> list[date]:
    seen = await series.view(made.series.id, by=office.ana)
    return [one.start.astimezone(BERLIN).date() for one in seen.upcoming]


@pytest.mark.parametrize(
    ("rule", "to", "dates", "after"),
    [
        (
            "FREQ=MONTHLY;BYDAY=2TU;COUNT=3",
            (date(2040, 3, 13), date(2040, 3, 14)),
            [date(2040, 3, 14), date(2040, 4, 11), date(2040, 5, 9)],
            "FREQ=MONTHLY;BYDAY=2WE;COUNT=3",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=15;UNTIL=20400520",
            (date(2040, 3, 15), date(2040, 3, 20)),
            [date(2040, 3, 20), date(2040, 4, 20), date(2040, 5, 20)],
            "FREQ=MONTHLY;BYMONTHDAY=20;UNTIL=20400520",
        ),
        # an earlier day of the same month, and no date more than there were
        (
            "FREQ=MONTHLY;BYMONTHDAY=20;UNTIL=20400618",
            (date(2040, 4, 20), date(2040, 4, 15)),
            [date(2040, 3, 15), date(2040, 4, 15), date(2040, 5, 15)],
            "FREQ=MONTHLY;BYMONTHDAY=15;UNTIL=20400515",
        ),
        # a later weekday, beyond the day on which it was to end
        (
            "FREQ=WEEKLY;BYDAY=TU;UNTIL=20400320",
            (date(2040, 3, 6), date(2040, 3, 8)),
            [date(2040, 3, 8), date(2040, 3, 15), date(2040, 3, 22)],
            "FREQ=WEEKLY;BYDAY=TH;UNTIL=20400322",
        ),
        # a week later as a whole, in the same step
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;COUNT=3",
            (date(2040, 3, 6), date(2040, 3, 13)),
            [date(2040, 3, 13), date(2040, 3, 27), date(2040, 4, 10)],
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;COUNT=3",
        ),
        (
            "FREQ=DAILY;INTERVAL=3;COUNT=3",
            (date(2040, 3, 6), date(2040, 3, 7)),
            [date(2040, 3, 7), date(2040, 3, 10), date(2040, 3, 13)],
            "FREQ=DAILY;INTERVAL=3;COUNT=3",
        ),
    ],
)
async def test_all_dates_move_with_the_one_that_was_looked_at(
    office: Office, rule: str, to: tuple[date, date], dates: list[date], after: str
):
    series, made = await booked(office, rule)

    done = await series.change(
        made.series.id, SeriesChange(day=to[1]), scope=Scope.ALL, on=to[0], version=1, by=office.ana, key="move"
    )

    assert await days(series, done, office) == dates
    assert (done.series.rule, [one.after.id for one in done.changed]) == (after, [one.id for one in made.bookings])
    assert (done.made, done.gaps) == ((), ())
    assert await checks.violations(office.db) == []


async def test_this_and_the_following_dates_move_and_those_before_stay(office: Office):
    series, made = await booked(office, "FREQ=MONTHLY;BYDAY=2TU;COUNT=4")
    asked = {"scope": Scope.FOLLOWING, "on": date(2040, 5, 8), "version": 1, "by": office.ana}

    done = await series.change(made.series.id, SeriesChange(day=date(2040, 5, 2), clock=time(14)), **asked)

    assert await days(series, made, office) == [date(2040, 3, 13), date(2040, 4, 10)]
    assert await days(series, done, office) == [date(2040, 5, 2), date(2040, 6, 6)]
    assert done.series.rule == "FREQ=MONTHLY;BYDAY=1WE;COUNT=2"
    assert await checks.violations(office.db) == []


async def test_a_day_before_the_date_that_stays_is_refused(office: Office):
    series, made = await booked(office, "FREQ=WEEKLY;BYDAY=TU;COUNT=4")

    with pytest.raises(errors.InvalidSeries, match="The date before stays on Tue 13 Mar"):
        await series.change(
            made.series.id,
            SeriesChange(day=TUESDAY + 6 * DAYS),
            scope=Scope.FOLLOWING,
            on=TUESDAY + 14 * DAYS,
            version=1,
            by=office.ana,
        )


async def test_dates_that_were_left_out_or_moved_by_themselves_stay_so(office: Office):
    series, made = await booked(office, "FREQ=WEEKLY;BYDAY=TU;COUNT=5")
    second, third = made.bookings[1:3]
    await series.cancel(made.series.id, scope=Scope.THIS, on=second.series_on, version=1, by=office.ana)
    await office.bookings.cancel(made.bookings[3].id, by=office.ana)
    moved = await office.bookings.change(third.id, Change(slot=at(18, days=15)), version=1, by=office.ana)

    done = await series.change(
        made.series.id, SeriesChange(day=TUESDAY + 2 * DAYS), scope=Scope.ALL, on=TUESDAY, version=2, by=office.ana
    )

    seen = await series.view(made.series.id, by=office.ana)
    assert [one.id for one in seen.upcoming] == [made.bookings[n].id for n in (0, 2, 4)]
    assert seen.upcoming[1].slot == moved.after.slot
    assert [one.series_on for one in seen.upcoming] == [TUESDAY + 2 * DAYS + n * 7 * DAYS for n in (0, 2, 4)]
    assert done.series.left_out == {TUESDAY + 9 * DAYS}
    assert await checks.violations(office.db) == []


async def test_one_date_moves_to_another_day_alone(office: Office):
    series, made = await booked(office, "FREQ=MONTHLY;BYDAY=2TU;COUNT=3")

    done = await series.change(
        made.series.id,
        SeriesChange(day=date(2040, 4, 12)),
        scope=Scope.THIS,
        on=date(2040, 4, 10),
        version=1,
        by=office.ana,
    )

    assert await days(series, made, office) == [date(2040, 3, 13), date(2040, 4, 12), date(2040, 5, 8)]
    assert (done.series, len(done.changed)) == (made.series, 1)


async def test_where_somebody_has_the_room_on_the_new_day_that_is_told_by_date(office: Office):
    series, made = await booked(office, "FREQ=MONTHLY;BYDAY=2TU;COUNT=3")
    zeus = await office.room("Zeus")
    await office.book(made.series.room, at(8, days=37), by=office.bob, title="Review")
    change, asked = SeriesChange(day=date(2040, 3, 14)), {"scope": Scope.ALL, "on": date(2040, 3, 13), "by": office.ana}

    seen = await series.preview_change(made.series.id, change, **asked)
    done = await series.change(made.series.id, change, **asked, version=1, choices={date(2040, 4, 11): Choice.OTHER_ROOM})

    assert [(one.on, one.rivals[0].title, one.other_room) for one in seen.clashes] == [(date(2040, 4, 11), "Review", zeus)]
    assert [one.after.room.name for one in done.changed] == ["Apollo", "Zeus", "Apollo"]
    assert seen.one_room == zeus
    assert await checks.violations(office.db) == []
