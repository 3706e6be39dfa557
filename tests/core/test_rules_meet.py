"""Rules where they meet: each other, midnight, nights in which the clocks change, other places, what changes meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import errors
from core.checks import violations
from core.divisible import Divisible
from core.equipment import Equipments
from core.models import Actor, Change, Right, Room, Slot, Wish
from core.people import Profile
from core.places import Places, RoomFacts
from core.regulations import Measure, Period
from core.rerooming import Closing, Rerooming
from core.series_values import Scope
from tests.core.approved import Asking
from tests.core.furnished import hall, lendable
from tests.core.office import Office, at
from tests.core.ruling import Ruling
from tests.core.series_office import series_of, weekly
from tests.core.test_releases import release_at, released, warned_in_time

BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")


@pytest.fixture
def ruling(office: Office) -> Ruling:
    return Ruling.of(office)


def local(day: date, hours: float, minutes: int = 60, *, zone: ZoneInfo = BERLIN) -> Slot:
    """Return a slot by the wall clock; hours past 24 are of the day after."""
    start = datetime.combine(day, time(0), tzinfo=zone) + timedelta(hours=hours)  # of the wall clock
    begins = start.astimezone(UTC)
    return Slot(start=begins, end=begins + timedelta(minutes=minutes))


async def said(office: Office, room: Room, slot: Slot, *, by: Actor | None = None, **wish: Any) -> str:
    """Return "yes", or the refusal of a booking as code and sentence; what was booked is given back."""
    try:
        booked = await office.bookings.book(Wish(slot=slot, room_id=room.id, **wish), by=by or office.ana)
    except errors.BookingError as error:
        return f"{error.code}: {error.message}"
    await office.bookings.cancel(booked.id, by=office.boss)
    return "yes"


WEDNESDAY = date(2040, 3, 7)
# The night to Sunday 25 March has no hour from two to three.
DST = date(2040, 3, 24)


async def test_a_closure_over_midnight_closes_both_days_as_far_as_it_reaches(office: Office, ruling: Ruling):
    apollo = await office.room("Apollo")
    night = Slot(start=local(WEDNESDAY, 22).start, end=local(WEDNESDAY, 25).start)
    await ruling.closures.add(night, reason="painters", room_id=apollo.id, by=office.boss)

    assert await said(office, apollo, local(WEDNESDAY, 21)) == "yes"
    assert (await said(office, apollo, local(WEDNESDAY, 23.5))).startswith("RoomClosed")
    assert (await said(office, apollo, local(WEDNESDAY, 24.5))).startswith("RoomClosed")
    assert await said(office, apollo, local(WEDNESDAY, 25)) == "yes"


async def test_a_closure_over_the_night_in_which_an_hour_is_missing_ends_by_the_wall_clock(office: Office, ruling: Ruling):
    apollo = await office.room("Apollo")
    end = datetime(2040, 3, 25, 6, tzinfo=BERLIN).astimezone(UTC)
    start = datetime(2040, 3, 24, 22, tzinfo=BERLIN).astimezone(UTC)
    assert (end - start) == timedelta(hours=7)
    await ruling.closures.add(Slot(start=start, end=end), reason="power", location_id=office.berlin.id, by=office.boss)

    assert (await said(office, apollo, Slot(start=end - timedelta(minutes=30), end=end))) == (
        "RoomClosed: Berlin is closed from Sat 24 Mar, 22:00 until Sun 25 Mar, 06:00 (power)."
    )
    assert await said(office, apollo, Slot(start=end, end=end + timedelta(minutes=30))) == "yes"


async def test_closing_a_part_closes_the_hall_and_not_the_other_part(office: Office, ruling: Ruling):
    whole, one, other = await hall(office)
    await ruling.closures.add(at(10), reason="carpet", room_id=one.id, by=office.boss)

    assert (await said(office, whole, at(10))).startswith("RoomClosed")
    assert (await said(office, one, at(10))).startswith("RoomClosed")
    assert await said(office, other, at(10)) == "yes"
    await ruling.closures.add(at(12), room_id=whole.id, by=office.boss)
    assert (await said(office, other, at(12))).startswith("RoomClosed")


async def test_holidays_are_those_of_each_place_and_own_days_of_one_alone(office: Office, ruling: Ruling):
    apollo, fuji = await office.room("Apollo"), await office.room("Fuji", place=office.tokyo)
    for place, code in ((office.berlin, "DE"), (office.tokyo, "JP")):
        await ruling.rooms.set_policy(location_id=place.id, holidays_country=code, horizon_days=365, by=office.boss)
    good_friday, equinox = date(2040, 3, 30), date(2040, 3, 20)
    await ruling.holidays.close_on(office.tokyo.id, WEDNESDAY, "Moving day", by=office.boss)
    await ruling.holidays.work_on(office.berlin.id, good_friday, by=office.boss)

    assert await said(office, apollo, local(good_friday, 10)) == "yes"
    assert await said(office, apollo, local(WEDNESDAY, 10)) == "yes"
    assert await said(office, apollo, local(equinox, 10)) == "yes"
    assert "Moving day" in await said(office, fuji, local(WEDNESDAY, 10, zone=TOKYO))
    assert (await said(office, fuji, local(equinox, 10, zone=TOKYO))).startswith("Holiday")
    # The last hour in Tokyo before the day begins there is still the day before, whatever it is in Berlin.
    assert await said(office, fuji, local(WEDNESDAY, -1, zone=TOKYO)) == "yes"
    assert (await said(office, fuji, local(WEDNESDAY, -0.5, zone=TOKYO))).startswith("Holiday")


async def test_setup_and_teardown_may_reach_into_a_closure_and_past_opening_hours_but_not_into_meetings(
    office: Office, ruling: Ruling
):
    apollo = await office.room("Apollo", setup=30, teardown=30)
    week = {day: ["09:00", "18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    await ruling.rooms.set_policy(room_id=apollo.id, opening=week, by=office.boss)
    await ruling.closures.add(local(WEDNESDAY, 12), room_id=apollo.id, by=office.boss)

    # What is closed is for people; the room is set up before it opens.
    assert await said(office, apollo, local(WEDNESDAY, 9)) == "yes"
    assert await said(office, apollo, local(WEDNESDAY, 17)) == "yes"
    assert await said(office, apollo, local(WEDNESDAY, 11)) == "yes"
    assert await said(office, apollo, local(WEDNESDAY, 13)) == "yes"
    await office.book(apollo, local(WEDNESDAY, 14))
    assert (await said(office, apollo, local(WEDNESDAY, 15))).startswith("SlotTaken")
    assert await said(office, apollo, local(WEDNESDAY, 16)) == "yes"


async def test_a_meeting_over_the_end_of_the_week_counts_in_the_week_in_which_it_starts(office: Office, ruling: Ruling):
    apollo = await office.room("Apollo")
    await ruling.quotas.set(measure=Measure.MINUTES, period=Period.WEEK, most=120, by=office.boss)
    sunday = date(2040, 3, 11)
    await office.book(apollo, local(sunday, 23, 120))  # until one on Monday

    assert (await said(office, apollo, local(sunday, 10, 30))).startswith("QuotaReached")
    assert await said(office, apollo, local(sunday, 24 + 10, 120)) == "yes"


async def test_the_week_begins_by_the_clock_of_the_place_in_the_week_of_the_change_too(office: Office, ruling: Ruling):
    apollo, fuji = await office.room("Apollo"), await office.room("Fuji", place=office.tokyo)
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=1, location_id=office.berlin.id, by=office.boss)
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=1, location_id=office.tokyo.id, by=office.boss)
    await office.book(apollo, local(DST, 24 + 23, 30))  # Sunday, the day that has 23 hours
    await office.book(fuji, local(date(2040, 3, 25), 23, 30, zone=TOKYO))

    assert (await said(office, apollo, local(DST, 10))).startswith("QuotaReached")
    monday = date(2040, 3, 26)
    assert await said(office, apollo, local(monday, 0, 30)) == "yes"
    # In Berlin it is Sunday still.
    assert await said(office, fuji, local(monday, 0, 30, zone=TOKYO)) == "yes"


async def test_hours_are_counted_as_they_pass_in_the_night_that_lacks_one(office: Office, ruling: Ruling):
    apollo = await office.room("Apollo")
    await ruling.quotas.set(measure=Measure.MINUTES, period=Period.DAY, most=120, by=office.boss)
    start = datetime(2040, 3, 25, 1, tzinfo=BERLIN).astimezone(UTC)
    until_four = datetime(2040, 3, 25, 4, tzinfo=BERLIN).astimezone(UTC)
    assert until_four - start == timedelta(hours=2)

    assert await said(office, apollo, Slot(start=start, end=until_four)) == "yes"
    assert (await said(office, apollo, Slot(start=start, end=until_four + timedelta(minutes=15)))).startswith("QuotaReached")


async def test_notice_horizon_and_hours_of_a_group_are_its_own(office: Office, ruling: Ruling):
    apollo = await office.room("Apollo")
    group = await ruling.group("Night shift", office.bob)
    bob = await ruling.anew(office.bob)
    day, night = {"wed": ["09:00", "17:00"]}, {"wed": ["00:00", "24:00"]}
    await ruling.rooms.set_policy(opening=day, notice_minutes=120, horizon_days=7, by=office.boss)
    await ruling.rooms.set_policy(group_id=group.id, opening=night, notice_minutes=0, horizon_days=30, by=office.boss)

    assert (await said(office, apollo, local(WEDNESDAY, 22))).startswith("OutsideOpeningHours")
    assert await said(office, apollo, local(WEDNESDAY, 22), by=bob) == "yes"
    later = date(2040, 3, 21)
    assert (await said(office, apollo, local(later, 10))).startswith("TooFarAhead")
    assert await said(office, apollo, local(later, 10), by=bob) == "yes"
    office.clock.set(local(WEDNESDAY, 9.5).start)
    assert (await said(office, apollo, local(WEDNESDAY, 10))).startswith("TooShortNotice")
    assert await said(office, apollo, local(WEDNESDAY, 10), by=bob) == "yes"
    # A series of theirs goes as far as their horizon.
    wish = weekly(apollo, 6, first_on=date(2040, 3, 14), rule="FREQ=WEEKLY;BYDAY=WE;COUNT=6", clock=time(22))
    booked = await series_of(office).book(wish, by=bob)
    assert [one.start.astimezone(BERLIN).date().isoformat() for one in booked.bookings] == [
        "2040-03-14",
        "2040-03-21",
        "2040-03-28",
        "2040-04-04",
    ]


async def test_of_a_series_what_can_be_given_back_in_time_is_and_further_rooms_have_their_own_deadline(
    office: Office, ruling: Ruling
):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    await ruling.rooms.set_policy(room_id=zeus.id, cancel_notice_minutes=48 * 60, by=office.boss)
    booked = await series_of(office).book(weekly(apollo, 3, more_room_ids=(zeus.id,)), by=office.ana)
    office.clock.advance(timedelta(hours=1))  # the first date is tomorrow

    done = await series_of(office).cancel_range(
        booked.series.id, date(2040, 3, 5), date(2040, 3, 31), version=booked.series.version, by=office.ana
    )
    assert sorted(one.after.series_on for one in done.changed if one.after.series_on) == [
        date(2040, 3, 13),
        date(2040, 3, 20),
    ]
    series = await series_of(office).get(booked.series.id)
    with pytest.raises(errors.TooLateToCancel):
        await series_of(office).cancel(
            series.id, scope=Scope.THIS, on=date(2040, 3, 6), version=series.version, by=office.ana
        )
    assert await violations(office.db) == []


async def test_several_rooms_at_two_places_and_things_of_another_place_are_refused_in_words(office: Office):
    apollo, fuji = await office.room("Apollo"), await office.room("Fuji", place=office.tokyo)
    projector = await lendable(office, place=office.tokyo)

    assert await said(office, apollo, at(10), more_room_ids=(fuji.id,)) == (
        "NotTogether: Apollo is in Berlin and Fuji in Tokyo; rooms of two places are booked one by one."
    )
    assert (await said(office, apollo, at(10), equipment=((projector.id, 1),))).startswith("EquipmentNotFound")
    booked = await office.book(apollo, at(12))
    with pytest.raises(errors.NotTogether):
        await office.bookings.change(booked.id, Change(more_room_ids=(fuji.id,)), version=1, by=office.ana)
    with pytest.raises(errors.NotTogether):
        await series_of(office).preview(weekly(apollo, 3, more_room_ids=(fuji.id,)), by=office.ana)


async def test_a_room_does_not_shrink_below_what_is_booked_in_it_or_in_its_hall(office: Office):
    whole, one, _ = await hall(office)
    apollo, zeus = await office.room("Apollo", seats=8), await office.room("Zeus", seats=8)
    places = Places(office.db, office.catalogues, office.clock)
    await office.book(whole, at(10), attendees_count=20)
    await office.book(apollo, at(10), attendees_count=14, more_room_ids=(zeus.id,))

    with pytest.raises(errors.StillUsed, match="A meeting of 20 people is booked there"):
        await places.edit_room(whole.id, RoomFacts(capacity=12), version=2, by=office.boss)
    with pytest.raises(errors.StillUsed, match="A meeting of 14 people"):
        await places.edit_room(zeus.id, RoomFacts(capacity=4), version=1, by=office.boss)
    assert (await places.edit_room(one.id, RoomFacts(capacity=9), version=one.version, by=office.boss)).capacity == 9
    assert await violations(office.db) == []


async def test_a_part_out_of_use_is_not_booked_by_itself_any_more_and_the_hall_goes_on(office: Office):
    whole, one, other = await hall(office)
    booked = await office.book(whole, at(10), attendees_count=20)
    places = Places(office.db, office.catalogues, office.clock)
    rerooming = Rerooming(office.db, office.catalogues, office.clock)
    seen = await rerooming.preview(Closing(room_ids=frozenset({one.id})))

    closed = await places.use_room(one.id, active=False, version=one.version, by=office.boss)
    await rerooming.advance(office.clock.now())

    # What was shown is what happens: nothing stands in the part itself.
    assert (seen.placed, seen.unplaced, closed.bookings) == ((), (), ())
    assert await rerooming.open_of(office.ana.person_id) == ()
    assert (await said(office, one, at(14))).startswith("RoomInactive")
    assert await said(office, whole, at(14)) == "yes"
    assert await said(office, other, at(14)) == "yes"
    # Closed for that time, the hall is in the way, and said to be.
    shown = await rerooming.preview(Closing(room_ids=frozenset({one.id}), slot=at(9, 180)))
    assert [b.id for b in shown.unplaced] == [booked.id]


async def test_who_becomes_a_guest_keeps_what_they_have_and_books_no_more(office: Office, ruling: Ruling):
    apollo = await office.room("Apollo")
    await ruling.rooms.set_policy(guests_may_book=False, horizon_days=20, by=office.boss)
    booked = await office.book(apollo, at(10))
    series = await series_of(office).book(weekly(apollo, rule="FREQ=WEEKLY;BYDAY=TU", clock=time(15)), by=office.ana)
    guest = (await office.people.seen(Profile(slack_team_id="T1", slack_user_id="Uana", name="ana", guest=True))).acting()

    assert (await said(office, apollo, at(12), by=guest)).startswith("GuestsMayNotBook")
    with pytest.raises(errors.GuestsMayNotBook):
        await office.bookings.change(booked.id, Change(slot=at(12)), version=1, by=guest)
    assert (await office.bookings.cancel(booked.id, by=guest)).after.status == "cancelled"
    # What the job would book for them from now on it does not; it is not lost without a word.
    before = len((await series_of(office).view(series.series.id, by=office.boss)).upcoming)
    office.clock.advance(timedelta(days=7))
    await series_of(office).extend(office.clock.now())
    view = await series_of(office).view(series.series.id, by=office.boss)
    assert len(view.upcoming) == before - 1
    assert view.gaps


async def test_rights_that_go_between_looking_and_booking_count_when_it_is_booked(office: Office, ruling: Ruling):
    apollo = await office.room("Apollo")
    await ruling.rooms.set_policy(longest_minutes=60, by=office.boss)
    grant = await ruling.granting.give(Right.OVERRIDE, person_id=office.ana.person_id, by=office.boss)
    wish = weekly(apollo, 3, minutes=90)
    assert (await series_of(office).preview(wish, by=office.ana)).dates[0].error is None

    await ruling.granting.take(grant, by=office.boss)

    with pytest.raises(errors.SeriesClash):
        await series_of(office).book(wish, by=office.ana)
    assert await office.count("SELECT count(*) FROM bookings") == 0
    # Whoever was an admin acts as what they are when they do it: the caller reads them anew.
    boss = (await office.people.seen(Profile(slack_team_id="T1", slack_user_id="Uboss", name="boss"))).acting()
    assert (await said(office, apollo, at(10, 90), by=boss)).startswith("TooLong")


async def test_private_details_stand_in_no_refusal_offer_preview_or_proposal(office: Office, ruling: Ruling):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    await ruling.rooms.set_policy(room_id=apollo.id, details_hidden=True, by=office.boss)
    await office.book(apollo, at(9, days=1), by=office.bob, title="Layoffs")
    await office.book(zeus, at(9, days=1), by=office.bob, title="Layoffs", private=True)
    bob = office.bob.slack_user_id

    for room in (apollo, zeus):
        with pytest.raises(errors.SlotTaken) as refused:
            await office.book(room, at(9, days=1))
        assert "Layoffs" not in repr(refused.value.__dict__) + refused.value.message
        assert bob not in repr(refused.value.__dict__)
        preview = await series_of(office).preview(weekly(room, 2), by=office.ana)
        assert preview.dates[0].rivals
        assert "Layoffs" not in repr([one.rivals for one in preview.dates])
        assert bob not in repr([one.rivals for one in preview.dates])
        place = await office.line.join(Wish(slot=at(9, days=1), room_id=room.id), by=office.ana)
        assert "Layoffs" not in repr(place)
    days = await office.search.day([apollo.id, zeus.id], at(0, 24 * 60, days=1), by=office.ana)
    assert "Layoffs" not in repr(days)
    # The one whose it is sees it.
    assert "Layoffs" in repr(await office.search.day([apollo.id], at(0, 24 * 60, days=1), by=office.bob))


async def test_take_it_back_after_a_closure_is_refused_in_words_and_passes_where_it_is_lifted(
    office: Office, ruling: Ruling
):
    apollo = await office.room("Apollo")
    await ruling.rooms.set_policy(check_in=True, by=office.boss)
    booked = await released(office, apollo)
    closure = await ruling.closures.add(booked.slot, reason="flood", room_id=apollo.id, by=office.boss)

    with pytest.raises(errors.RoomClosed, match="flood"):
        await office.presence.take_back(booked.id, by=office.ana)
    assert (await office.bookings.get(booked.id)).status == "released"

    await ruling.closures.lift(closure.closure.id, by=office.boss)
    assert (await office.presence.take_back(booked.id, by=office.ana)).after.status == "checked_in"
    assert await violations(office.db) == []


async def test_take_it_back_after_the_room_went_out_of_use_or_on_a_day_off_is_refused(office: Office, ruling: Ruling):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    await ruling.rooms.set_policy(check_in=True, by=office.boss)
    one, other = [await warned_in_time(office, room) for room in (apollo, zeus)]
    assert await release_at(office, one.start + timedelta(minutes=10)) == 2
    places = Places(office.db, office.catalogues, office.clock)
    await places.use_room(apollo.id, active=False, version=apollo.version, by=office.boss)
    with pytest.raises(errors.RoomInactive):
        await office.presence.take_back(one.id, by=office.ana)
    await ruling.holidays.close_on(office.berlin.id, date(2040, 3, 5), "Carnival", by=office.boss)
    with pytest.raises(errors.Holiday, match="Carnival"):
        await office.presence.take_back(other.id, by=office.ana)


async def test_a_thing_is_not_fewer_than_are_out_and_a_hall_is_not_divided_under_its_bookings(office: Office):
    whole, one, _ = await hall(office)
    projector = await lendable(office, quantity=3)
    await office.book(one, at(10), equipment=((projector.id, 2),))
    await office.book(whole, at(12), equipment=((projector.id, 1),))
    equipments = Equipments(office.db, office.catalogues)

    with pytest.raises(errors.StillUsed):
        await equipments.edit(projector.id, quantity=1, version=projector.version, by=office.boss)
    assert (await equipments.edit(projector.id, quantity=2, version=projector.version, by=office.boss)).quantity == 2
    with pytest.raises(errors.StillUsed):
        await Divisible(office.db, office.catalogues).set_parts(whole.id, [], by=office.boss)


async def test_overriding_passes_each_rule_but_who_holds_the_room(office: Office, ruling: Ruling):
    apollo = await office.room("Apollo")
    rules: dict[str, Any] = {
        "opening": {"wed": ["10:00", "11:00"]},
        "longest_minutes": 30,
        "notice_minutes": 7 * 24 * 60,
        "horizon_days": 1,
        "approval": True,
        "holidays_country": "DE",
        "one_at_a_time": True,
    }
    await ruling.rooms.set_policy(room_id=apollo.id, by=office.boss, **rules)
    await ruling.closures.add(local(WEDNESDAY, 0, 24 * 60), room_id=apollo.id, by=office.boss)
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.DAY, most=1, by=office.boss)
    await ruling.granting.give(Right.OVERRIDE, person_id=office.bob.person_id, room_id=apollo.id, by=office.boss)
    other = await office.room("Other")
    await office.book(other, local(WEDNESDAY, 20), by=office.boss)

    first = await office.book(apollo, local(WEDNESDAY, 20), by=office.bob)
    assert first.status == "confirmed"
    assert (await said(office, apollo, local(WEDNESDAY, 22), by=office.bob)) == "yes"
    assert (await said(office, apollo, local(WEDNESDAY, 20), by=office.bob)).startswith("SlotTaken")
    assert (await said(office, apollo, local(WEDNESDAY, 22))).split(":")[0] in {"RoomClosed", "OutsideOpeningHours"}


async def test_who_may_only_see_a_request_is_told_nothing_private(office: Office):
    asking = Asking.of(office)
    board = await office.room("Board")
    await asking.needs(board)
    await asking.grant(Right.APPROVE, office.bob, room=board)
    booking = await office.book(board, at(60), title="Layoffs", private=True)
    request = await asking.request(booking)

    with pytest.raises(errors.NotAllowed) as refused:
        await asking.approvals.approve(request, by=replace(office.visitor, guest=True))
    assert "Layoffs" not in refused.value.message + repr(refused.value.__dict__)
    with pytest.raises(errors.SlotTaken) as taken:
        await office.book(board, at(60), by=await office.actor("stranger"))
    assert "Layoffs" not in taken.value.message + repr(taken.value.__dict__)
