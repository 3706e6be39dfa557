"""Giving back many bookings at once: what is somebody's own goes, each piece once, and comes back as it was."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from core import checks
from core.leaving import Days, Leaving, Piece
from core.models import Status
from core.rooms import Rooms
from core.search import Search
from core.series import Series
from tests.core.office import Office
from tests.core.series_office import series_of, weekly
from tests.core.test_series import berlin, week


def leaving_of(office: Office) -> Leaving:
    search = Search(office.db, office.catalogues, office.clock)
    series = Series(office.db, office.catalogues, search, office.clock)
    return Leaving(office.db, office.catalogues, office.clock, office.bookings, series)


async def an_absence(office: Office) -> tuple[Any, Days]:
    """Ana has a series on four Tuesdays, a booking in the second week and one after; Bob one in the second week."""
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    made = await series_of(office).book(weekly(apollo, 4), by=office.ana)
    await office.book(zeus, berlin(week(1) + timedelta(days=1), 14), by=office.ana, title="Review")
    await office.book(zeus, berlin(week(3) + timedelta(days=1), 14), by=office.ana, title="Later")
    await office.book(zeus, berlin(week(1), 10), by=office.bob, title="Bob's", invitees=(office.ana.person_id,))
    return made.series, Days(first=week(1), last=week(2))


async def active(office: Office) -> set[tuple[str, str]]:
    rows = await office.rows(
        "SELECT b.start_time, p.name FROM bookings b JOIN people p ON p.id = b.booked_by WHERE b.status = 'confirmed'"
    )
    return {(row["name"], f"{row['start_time']:%m-%d}") for row in rows}


async def test_what_is_ahead_on_some_days_is_one_s_own_alone(office: Office):
    _, days = await an_absence(office)

    found = await leaving_of(office).ahead(by=office.ana, days=days)

    assert [one.title for one in found] == [None, "Review", None]
    assert {one.booker.person_id for one in found} == {office.ana.person_id}
    assert len(await leaving_of(office).ahead(by=office.ana)) == 6


async def test_the_days_of_a_series_go_as_one_piece_and_come_back(office: Office):
    series, days = await an_absence(office)
    leaving = leaving_of(office)
    before = await active(office)

    parts = await leaving.parts(await leaving.ahead(by=office.ana, days=days), by=office.ana, days=days)
    assert [(one.series and one.series.id, len(one.bookings)) for one in parts] == [(series.id, 2), (None, 1)]

    done = await leaving.leave([one.piece for one in parts], by=office.ana, key="away")

    assert sorted(one.after.status for one in done.changed) == [Status.CANCELLED] * 3
    assert done.kept == ()
    assert await leaving.ahead(by=office.ana, days=days) == ()
    assert len(await leaving.ahead(by=office.ana)) == 3
    assert (await series_of(office).get(series.id)).left_out == frozenset({week(1), week(2)})

    back = await leaving.undo(done.undoable, by=office.ana, key="back")

    assert (len(back.changed), back.kept) == (3, ())
    assert await active(office) == before
    assert await checks.violations(office.db) == []


async def test_a_second_click_at_the_same_moment_answers_the_same(office: Office):
    _, days = await an_absence(office)
    leaving = leaving_of(office)
    parts = await leaving.parts(await leaving.ahead(by=office.ana, days=days), by=office.ana, days=days)
    pieces = [one.piece for one in parts]

    one, other = await asyncio.gather(*(leaving.leave(pieces, by=office.ana, key="click") for _ in range(2)))

    assert {change.after.id for change in one.changed} == {change.after.id for change in other.changed}
    assert one.undoable == other.undoable
    assert (one.kept, other.kept) == ((), ())
    assert await office.count("SELECT count(*) FROM events WHERE kind = 'cancelled'") == 3
    assert await leaving.leave(pieces, by=office.ana, key="click") == other


async def test_all_of_a_series_goes_as_the_series(office: Office):
    apollo = await office.room("Apollo")
    made = await series_of(office).book(weekly(apollo, rule="FREQ=WEEKLY;BYDAY=TU"), by=office.ana)
    leaving = leaving_of(office)

    parts = await leaving.parts(await leaving.ahead(by=office.ana), by=office.ana, days=None)
    assert [one.piece for one in parts] == [Piece(series=made.series.id, version=made.series.version)]
    await leaving.leave([parts[0].piece], by=office.ana, key="all")

    assert (await series_of(office).get(made.series.id)).status == "cancelled"
    assert await leaving.ahead(by=office.ana) == ()


async def test_of_a_series_of_which_only_some_dates_are_meant_each_goes_by_itself(office: Office):
    apollo = await office.room("Apollo")
    made = await series_of(office).book(weekly(apollo, 4), by=office.ana)
    leaving = leaving_of(office)

    parts = await leaving.parts([made.bookings[0], made.bookings[2]], by=office.ana, days=None)
    await leaving.leave([one.piece for one in parts], by=office.ana, key="two")

    assert [one.series for one in parts] == [None, None]
    assert [one.series_on for one in await leaving.ahead(by=office.ana)] == [week(1), week(3)]


async def test_what_was_changed_since_it_was_seen_stays_and_is_told(office: Office):
    _, days = await an_absence(office)
    leaving = leaving_of(office)
    parts = await leaving.parts(await leaving.ahead(by=office.ana, days=days), by=office.ana, days=days)
    (review,) = [one.bookings[0] for one in parts if one.series is None]
    await office.bookings.cancel(review.id, by=office.ana)

    done = await leaving.leave([one.piece for one in parts], by=office.ana, key="late")

    assert len(done.changed) == 2
    assert [error.code for error in done.kept] == ["BookingNotActive"]


async def test_somebody_else_s_booking_is_not_given_back_whatever_a_button_says(office: Office):
    await an_absence(office)
    leaving = leaving_of(office)
    (mine,) = [one for one in await leaving.ahead(by=office.ana) if one.title == "Review"]

    done = await leaving.leave([Piece(booking=mine.id, version=mine.version)], by=office.bob, key="forged")

    assert (done.changed, [error.code for error in done.kept]) == ((), ["NotAllowed"])


async def test_dates_that_are_still_to_be_booked_are_left_out_of_their_series_as_well(office: Office):
    apollo = await office.room("Apollo")
    await Rooms(office.db, office.catalogues).set_policy(horizon_days=30)
    office.catalogues.forget()
    made = await series_of(office).book(weekly(apollo, 8), by=office.ana)
    leaving, days = leaving_of(office), Days(first=week(5), last=week(6))
    assert await leaving.ahead(by=office.ana, days=days) == ()

    (part,) = await leaving.parts((), by=office.ana, days=days, coming_too=lambda one: one.room == apollo)
    await leaving.leave([part.piece], by=office.ana, key="far")

    assert (part.series and part.series.id, part.bookings, part.coming) == (made.series.id, (), (week(5), week(6)))
    assert (await series_of(office).get(made.series.id)).left_out == {week(5), week(6)}
    assert await leaving.parts((), by=office.ana, days=days, coming_too=lambda _: True) == ()
