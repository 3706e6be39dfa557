"""Who is told what of a series: never as many messages as it has dates."""

from __future__ import annotations

from datetime import date, time, timedelta

from core.models import Change
from core.notices import Notice
from core.rooms import Rooms
from core.series_going_on import told_from
from core.series_values import Choice, Scope, SeriesChange, SeriesStatus
from tests.core.notified import CHANNEL, Notified
from tests.core.office import Office
from tests.core.series_office import TUESDAY, series_of, weekly


def week(number: int) -> date:
    return TUESDAY + timedelta(weeks=number)


async def test_a_series_is_one_message_in_a_channel_and_one_for_each_who_is_invited(office: Office, notices: Notified):
    apollo = await office.room("Apollo")
    await notices.subscribe()
    people = (office.bob.person_id, office.boss.person_id)

    booked = await series_of(office).book(weekly(apollo, rule="FREQ=DAILY;COUNT=150", invitees=people), by=office.ana)
    await notices.plan()
    cards = await notices.show()

    assert sorted(card.person.name if card.person else CHANNEL for card in cards) == [CHANNEL, "bob", "boss"]
    for card in cards:
        assert (card.booking.id, card.series, card.together.count) == (booked.bookings[0].id, booked.series, 150)
        assert card.together.last.after.id == booked.bookings[-1].id


async def test_a_change_of_all_dates_is_told_once_to_each_and_once_in_the_thread(office: Office, notices: Notified):
    apollo = await office.room("Apollo")
    await notices.subscribe()
    series = series_of(office)
    booked = await series.book(weekly(apollo, 5, invitees=(office.bob.person_id,)), by=office.ana)
    await notices.plan()
    await notices.show()
    await notices.send()

    done = await series.change(
        booked.series.id, SeriesChange(clock=time(14)), scope=Scope.ALL, on=week(0), version=1, by=office.boss
    )
    await notices.plan()
    sent = await notices.send()
    shown = await notices.show()

    told = sorted((one.kind, one.person.name if one.person else CHANNEL) for one in sent)
    assert told == [(Notice.HISTORY, CHANNEL), (Notice.SERIES_CHANGED, "ana"), (Notice.SERIES_CHANGED, "bob")]
    for one in sent:
        assert (one.together.operation_id, one.together.count) == (done.operation_id, 5)
    assert {one.series.id for one in sent if one.series} == {booked.series.id}
    assert len(shown) == 2  # the channel's and Bob's message, edited in place


async def test_one_date_that_is_moved_is_told_like_any_booking(office: Office, notices: Notified):
    apollo = await office.room("Apollo")
    series = series_of(office)
    booked = await series.book(weekly(apollo, 5, invitees=(office.bob.person_id,)), by=office.ana)
    await notices.told()

    await series.change(
        booked.series.id, SeriesChange(clock=time(14)), scope=Scope.THIS, on=week(2), version=1, by=office.ana
    )

    assert await notices.told() == [(Notice.CHANGED, "bob")]


async def test_a_cancelled_series_is_told_once(office: Office, notices: Notified):
    apollo = await office.room("Apollo")
    await notices.subscribe("cancelled")
    series = series_of(office)
    booked = await series.book(weekly(apollo, 5, invitees=(office.bob.person_id,)), by=office.ana)
    await notices.told()

    await series.cancel(booked.series.id, scope=Scope.ALL, on=week(0), version=1, by=office.ana)

    assert await notices.told() == [(Notice.SERIES_CHANGED, "bob")]
    cards = [card for card in await notices.show() if card.channel_id == CHANNEL]
    assert [(card.together.cancelled, card.booking.id) for card in cards] == [(5, booked.bookings[0].id)]


async def test_what_comes_within_the_horizon_is_booked_in_silence(office: Office, notices: Notified):
    apollo = await office.room("Apollo")
    await Rooms(office.db, office.catalogues).set_policy(horizon_days=30)
    office.catalogues.forget()
    await notices.subscribe()
    series = series_of(office)
    booked = await series.book(weekly(apollo, rule="FREQ=WEEKLY;BYDAY=TU", invitees=(office.bob.person_id,)), by=office.ana)
    await notices.plan()
    await notices.show()
    office.clock.advance(timedelta(days=14))

    extended = await series.extend(office.clock.now())
    again = await series.extend(office.clock.now())
    await notices.plan()

    assert (extended, again) == (2, 0)
    assert await notices.show() == []
    assert await office.count("SELECT count(*) FROM bookings") == len(booked.bookings) + 2
    assert (await series.get(booked.series.id)).booked_until == date(2040, 4, 18)


async def test_a_date_that_clashes_when_its_time_comes_is_waited_for_and_told(office: Office, notices: Notified):
    apollo = await office.room("Apollo")
    await Rooms(office.db, office.catalogues).set_policy(horizon_days=30)
    office.catalogues.forget()
    series = series_of(office)
    booked = await series.book(weekly(apollo, rule="FREQ=WEEKLY;BYDAY=TU"), by=office.ana)
    office.clock.advance(timedelta(days=14))
    theirs = booked.bookings[-1].slot
    taken = type(theirs)(start=theirs.start + timedelta(weeks=1), end=theirs.end + timedelta(weeks=1))
    await office.book(apollo, taken, by=office.bob)

    await series.extend(office.clock.now())
    (told,) = [one for one in await notices.send() if one.kind is Notice.SERIES_GAP]

    assert (told.person.name, told.about["days"], told.series.id) == ("ana", [week(5).isoformat()], booked.series.id)
    assert (await series.get(booked.series.id)).left_out == {week(5)}
    assert [one.slot for one in await office.line.mine(office.ana)] == [taken]


async def test_a_series_that_ends_soon_is_told_once_and_renewing_ends_that(office: Office, notices: Notified):
    apollo = await office.room("Apollo")
    series = series_of(office)
    booked = await series.book(weekly(apollo, 6), by=office.ana)
    assert await series.tell_ending(office.clock.now()) == 0
    office.clock.advance(timedelta(weeks=3, days=1))

    assert [await series.tell_ending(office.clock.now()) for _ in range(2)] == [1, 0]
    (told,) = [one for one in await notices.send() if one.kind is Notice.SERIES_ENDING]
    assert (told.about["last"], told.series.id) == (week(5).isoformat(), booked.series.id)

    await series.renew(booked.series.id, by=office.ana)
    assert await series.tell_ending(office.clock.now()) == 0


async def test_word_of_an_end_is_not_sent_once_the_series_goes_on(office: Office, notices: Notified):
    apollo = await office.room("Apollo")
    series = series_of(office)
    booked = await series.book(weekly(apollo, 6), by=office.ana)
    office.clock.advance(timedelta(weeks=3, days=1))
    await series.tell_ending(office.clock.now())

    await series.renew(booked.series.id, by=office.ana)

    assert [one.kind for one in await notices.send()] == []


async def test_a_series_is_over_after_its_last_date(office: Office):
    apollo = await office.room("Apollo")
    series = series_of(office)
    booked = await series.book(weekly(apollo, 3), by=office.ana)
    office.clock.advance(timedelta(weeks=4))

    await series.tell_ending(office.clock.now())

    assert (await series.get(booked.series.id)).status is SeriesStatus.OVER
    assert await series.mine(office.ana) == ()


def test_an_end_is_told_two_weeks_ahead_or_with_the_last_but_one_date():
    weeks, months = [week(n) for n in range(8)], [date(2040, month, 1) for month in (1, 2, 3, 4)]
    days = [TUESDAY + timedelta(days=n) for n in range(5)]

    assert told_from(weeks) == week(5)
    assert told_from(months) == date(2040, 3, 1)
    assert told_from(days) == days[-2]
    assert told_from(days[:2]) is None


async def test_a_skipped_date_that_is_offered_and_taken_is_no_gap(office: Office):
    apollo = await office.room("Apollo")
    series = series_of(office)
    first = await series.book(weekly(apollo, 1), by=office.bob)
    mine = await series.book(weekly(apollo, 2), by=office.ana, choices={week(0): Choice.SKIP})

    await series.cancel(first.series.id, scope=Scope.ALL, on=week(0), version=1, by=office.bob)
    (offer,) = await office.line.mine(office.ana)
    await office.line.take(offer.id, by=office.ana)

    assert (await series.view(mine.series.id, by=office.ana)).gaps == ()


async def test_one_date_that_changes_is_told_in_the_thread_of_the_series_message(office: Office, notices: Notified):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    await notices.subscribe()
    series = series_of(office)
    booked = await series.book(weekly(apollo, 5), by=office.ana)
    await notices.plan()
    await notices.show()

    await series.change(
        booked.series.id, SeriesChange(clock=time(14)), scope=Scope.THIS, on=week(2), version=1, by=office.ana
    )
    await office.bookings.change(booked.bookings[3].id, Change(room_id=zeus.id), version=1, by=office.ana)
    await office.bookings.cancel(booked.bookings[4].id, by=office.ana)
    await notices.plan()
    sent = await notices.send()

    told = sorted((one.booking.series_on, one.kind, one.about["of_series"]) for one in sent)
    assert told == [(week(n), Notice.HISTORY, True) for n in (2, 3, 4)]
    assert {one.thread for one in sent} == {await thread_of(office)}
    assert await office.count("SELECT count(*) FROM cards") == 1


async def thread_of(office: Office) -> tuple[str, str]:
    """Return channel and time of the only message."""
    (row,) = await office.rows("SELECT channel_id, ts FROM cards")
    return row["channel_id"], row["ts"]


async def test_a_split_and_days_away_are_told_in_the_thread_of_the_first_date(office: Office, notices: Notified):
    apollo = await office.room("Apollo")
    await notices.subscribe()
    series = series_of(office)
    booked = await series.book(weekly(apollo, 6), by=office.ana)
    await notices.plan()
    await notices.show()

    split = await series.change(
        booked.series.id, SeriesChange(clock=time(14)), scope=Scope.FOLLOWING, on=week(2), version=1, by=office.ana
    )
    await series.cancel_range(split.series.id, week(3), week(4), version=1, by=office.ana)
    await office.bookings.cancel(booked.bookings[5].id, by=office.ana)
    await notices.plan()
    sent = await notices.send()

    assert sorted((one.kind, one.together.count) for one in sent if one.together) == [(Notice.HISTORY, n) for n in (2, 4)]
    assert len(sent) == 3
    assert {one.thread for one in sent} == {await thread_of(office)}
    assert await office.count("SELECT count(*) FROM cards") == 1


async def test_the_first_date_is_told_once_in_its_own_thread(office: Office, notices: Notified):
    apollo = await office.room("Apollo")
    await notices.subscribe()
    booked = await series_of(office).book(weekly(apollo, 3), by=office.ana)
    await notices.plan()
    await notices.show()

    await office.bookings.cancel(booked.bookings[0].id, by=office.ana)
    await notices.plan()

    assert [(one.kind, "of_series" in one.about) for one in await notices.send()] == [(Notice.HISTORY, False)]
