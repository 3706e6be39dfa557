"""Who is invited to a series answers once for all of its dates."""

from __future__ import annotations

import pytest

from core.errors import NotAttending, SeriesNotFound
from core.ids import new_id
from core.models import Response
from tests.core.office import Office
from tests.core.series_office import series_of, weekly


async def test_an_answer_is_noted_for_every_date_and_the_number_of_people_follows(office: Office):
    apollo, series = await office.room("Apollo"), series_of(office)
    wish = weekly(apollo, 5, attendees_count=3, invitees=(office.bob.person_id, office.boss.person_id))
    booked = await series.book(wish, by=office.ana)

    done = await series.answer(booked.series.id, by=office.bob, going=False)

    assert len(done.changed) == 5
    mine = await office.bookings.mine(office.ana)
    assert [one.attendees_count for one in mine] == [2] * 5
    assert {a.response for one in mine for a in one.attendees if a.person_id == office.bob.person_id} == {Response.DECLINED}
    assert {a.response for one in mine for a in one.attendees if a.person_id == office.boss.person_id} == {None}


async def test_the_same_answer_again_changes_nothing(office: Office):
    apollo, series = await office.room("Apollo"), series_of(office)
    booked = await series.book(weekly(apollo, 5, invitees=(office.bob.person_id,)), by=office.ana)
    first = await series.answer(booked.series.id, by=office.bob, going=True, key="k")

    repeated = await series.answer(booked.series.id, by=office.bob, going=True, key="k")
    again = await series.answer(booked.series.id, by=office.bob, going=True)

    assert repeated.operation_id == first.operation_id
    assert {one.after.id for one in repeated.changed} == {one.after.id for one in first.changed}
    assert again.changed == ()


async def test_nobody_answers_for_a_series_to_which_they_are_not_invited(office: Office):
    apollo, series = await office.room("Apollo"), series_of(office)
    booked = await series.book(weekly(apollo, 5), by=office.ana)

    with pytest.raises(NotAttending):
        await series.answer(booked.series.id, by=office.bob, going=True)
    with pytest.raises(SeriesNotFound):
        await series.answer(new_id(), by=office.bob, going=True)
