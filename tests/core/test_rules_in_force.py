"""Every rule that refuses, in the words in which it does: who may book, notice, holidays, closures, lengths and hours."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from core import errors, rules
from core.models import Change, OfferKind, Right, Slot, Status, Wish
from tests.core.office import MONDAY, Office, at
from tests.core.ruling import Ruling


@pytest.fixture
def ruling(office: Office) -> Ruling:
    return Ruling.of(office)


# It is Monday 5 March 2040, 09:00 in Berlin. What is booked, what is set, and what is said.
WORDS: list[tuple[Slot, dict[str, Any], str, str]] = [
    # -- notice: the minute under way counts ---------------------------------------------------------------------------
    (
        at(9),
        {"notice_minutes": 120},
        "TooShortNotice",
        "Boardroom must be booked 2 hours ahead: now, that is from today, 11:00 on.",
    ),
    (
        at(9, days=1),
        {"notice_minutes": 2 * 24 * 60},
        "TooShortNotice",
        "Boardroom must be booked 48 hours ahead: now, that is from Wed 7 Mar, 09:00 on.",
    ),
    # -- holidays: the day is the place's ------------------------------------------------------------------------------
    (
        at(10, days=25),
        {"holidays_country": "DE"},
        "Holiday",
        "Berlin is closed on Fri 30 Mar (Good Friday).",
    ),
    (
        # From Thursday evening into Good Friday.
        at(22, 120, days=24),
        {"holidays_country": "de-be"},
        "Holiday",
        "Berlin is closed on Fri 30 Mar (Good Friday).",
    ),
    # -- lengths, hours, horizon and cutoff as ever --------------------------------------------------------------------
    (at(9, 30), {"shortest_minutes": 45}, "TooShort", "Boardroom is booked for 45 minutes at least."),
    (at(9, 90), {"longest_minutes": 60}, "TooLong", "Boardroom can be booked for 1 hour at most."),
    (
        at(9, days=9),
        {"horizon_days": 7},
        "TooFarAhead",
        "Boardroom can be booked 7 days ahead, until Mon 12 Mar.",
    ),
    (
        at(17, 60),
        {"opening": {"mon": ["08:00", "18:00"]}},
        "OutsideOpeningHours",
        "Boardroom closes at 18:00 on Mondays; your meeting would start at 18:00.",
    ),
    (
        at(10),
        {"cutoff_from": "08:30"},
        "BookingCutoff",
        "Bookings in Berlin close at 08:30 for the day. Try again tomorrow, or ask an admin.",
    ),
]


@pytest.mark.parametrize("row", WORDS)
async def test_every_rule_says_what_it_wants_and_lets_those_pass_who_override(
    office: Office, ruling: Ruling, row: tuple[Slot, dict[str, Any], str, str]
):
    slot, policy, code, sentence = row
    boardroom = await office.room("Boardroom")
    await ruling.rooms.set_policy(room_id=boardroom.id, **policy)
    await ruling.granting.give(Right.OVERRIDE, room_id=boardroom.id, person_id=office.bob.person_id)

    assert await ruling.refusal(Wish(slot=slot, room_id=boardroom.id), by=office.ana) == (code, sentence)

    assert (await office.book(boardroom, slot, by=office.bob)).status is Status.CONFIRMED


async def test_what_keeps_the_notice_to_the_minute_passes(office: Office, ruling: Ruling):
    boardroom = await office.room("Boardroom")
    await ruling.rooms.set_policy(notice_minutes=120)
    office.clock.set(MONDAY + timedelta(seconds=59))
    assert (await office.book(boardroom, at(10))).start == MONDAY + timedelta(hours=2)
    assert (await ruling.refusal(Wish(slot=at(9.99), room_id=boardroom.id), by=office.ana))[0] == "TooShortNotice"


async def test_who_overrides_is_not_put_into_a_closed_room_unasked(office: Office, ruling: Ruling):
    small, large = await office.room("Small", seats=2), await office.room("Large", seats=20)
    await ruling.closures.add(at(0, 24 * 60), room_id=small.id, reason="painting")

    assert (await office.book(None, at(10), by=office.boss)).room == large
    assert (await office.book(small, at(10), by=office.boss)).room == small


# -- closures ----------------------------------------------------------------------------------------------------------

# When a closure is, in UTC (Berlin is an hour ahead), and how somebody is told who wants Wednesday 7 March.
CLOSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("2040-03-06T23:00", "2040-03-07T23:00", {}, "Boardroom is closed on Wed 7 Mar (painting)."),
    ("2040-03-06T23:00", "2040-03-09T23:00", {}, "Boardroom is closed from Wed 7 Mar to Fri 9 Mar (painting)."),
    ("2040-03-07T09:00", "2040-03-07T17:00", {}, "Boardroom is closed on Wed 7 Mar, 10:00-18:00 (painting)."),
    (
        "2040-03-06T17:00",
        "2040-03-08T07:30",
        {},
        "Boardroom is closed from Tue 6 Mar, 18:00 until Thu 8 Mar, 08:30 (painting).",
    ),
    ("2040-03-01T23:00", "2040-03-09T17:00", {}, "Boardroom is closed until Fri 9 Mar, 18:00 (painting)."),
    ("2040-03-01T23:00", "2040-03-09T23:00", {"reason": None}, "Boardroom is closed until the end of Fri 9 Mar."),
    ("2040-03-06T23:00", "2040-03-07T23:00", {"scope": "location"}, "Berlin is closed on Wed 7 Mar (painting)."),
    ("2040-03-06T23:00", "2040-03-07T23:00", {"scope": "all"}, "Every office is closed on Wed 7 Mar (painting)."),
]


@pytest.mark.parametrize("row", CLOSED)
async def test_a_closure_says_until_when_and_why(office: Office, ruling: Ruling, row: tuple[str, str, dict[str, Any], str]):
    start, end, how, sentence = row
    boardroom = await office.room("Boardroom")
    scope = {"location": {"location_id": office.berlin.id}, "all": {}}.get(how.get("scope", ""), {"room_id": boardroom.id})
    slot = Slot(start=datetime.fromisoformat(start + "Z"), end=datetime.fromisoformat(end + "Z"))
    await ruling.closures.add(slot, reason=how.get("reason", "painting"), **scope)

    wanted = Wish(slot=at(10, days=2), room_id=boardroom.id)

    assert await ruling.refusal(wanted, by=office.ana) == ("RoomClosed", sentence)


async def test_a_closure_lets_those_pass_who_are_allowed_and_names_whose_bookings_are_in_the_way(
    office: Office, ruling: Ruling
):
    boardroom, other = await office.room("Boardroom"), await office.room("Other")
    eve = await office.actor("eve")
    crew = await ruling.group("Crew", eve)
    eve = await ruling.anew(eve)
    kept = await office.book(boardroom, at(10), title="Standup")
    await office.book(boardroom, at(13), by=office.bob)
    await office.book(boardroom, at(15), by=eve)
    await office.book(other, at(10), by=office.bob)
    gone = await office.book(boardroom, at(17))
    await office.bookings.cancel(gone.id, by=office.ana)

    closed = await ruling.closures.add(
        at(9, 480),
        room_id=boardroom.id,
        reason="painting",
        allowed_people=[office.bob.person_id],
        allowed_groups=[crew.id],
        by=office.boss,
    )

    assert [(one.booker.name, one.title) for one in closed.affected] == [("ana", "Standup")]
    assert closed.affected == (kept,)
    assert (await office.book(boardroom, at(11), by=office.bob)).version == 1
    assert (await office.book(boardroom, at(12), by=eve)).version == 1
    assert (await ruling.refusal(Wish(slot=at(14), room_id=boardroom.id), by=office.ana))[0] == "RoomClosed"


async def test_a_closure_blocks_moving_in_and_offers_other_rooms_and_lifting_it_opens_again(office: Office, ruling: Ruling):
    boardroom, other = await office.room("Boardroom"), await office.room("Other")
    moved = await office.book(other, at(10))
    closed = await ruling.closures.add(at(0, 24 * 60), room_id=boardroom.id)

    with pytest.raises(errors.RoomClosed):
        await office.bookings.change(moved.id, Change(room_id=boardroom.id), version=1, by=office.ana)
    with pytest.raises(errors.RoomClosed) as refusal:
        await office.book(boardroom, at(12))
    assert [(one.kind, one.room.name) for one in refusal.value.alternatives][:1] == [(OfferKind.OTHER_ROOM, "Other")]
    assert {room.room.name for room in (await office.search.find(Wish(slot=at(12)), by=office.ana)).free} == {"Other"}

    assert await ruling.closures.ahead() == (closed.closure,)
    await ruling.closures.lift(closed.closure.id, by=office.boss)
    assert await ruling.closures.ahead() == ()
    assert (await office.book(boardroom, at(12))).version == 1


async def test_what_is_closed_in_line_is_not_offered(office: Office, ruling: Ruling):
    boardroom = await office.room("Boardroom")
    held = await office.book(boardroom, at(10))
    place = await office.line.join(Wish(slot=at(10), room_id=boardroom.id), by=office.bob)
    await ruling.closures.add(at(9, 240), room_id=boardroom.id)

    await office.bookings.cancel(held.id, by=office.ana)

    assert (await office.line.get(place.id)).status == "waiting"


@pytest.mark.parametrize(
    ("slot", "more", "sentence"),
    [
        (Slot(start=MONDAY, end=MONDAY), {}, "The closure would end before it starts."),
        (at(-48), {}, "That time is over."),
        (at(10), {"reason": "x" * 201}, "A reason can have up to 200 characters."),
    ],
)
async def test_a_closure_that_cannot_be_meant_is_refused(ruling: Ruling, slot: Slot, more: dict[str, Any], sentence: str):
    with pytest.raises(errors.InvalidSetting) as refusal:
        await ruling.closures.add(slot, **more)
    assert refusal.value.message == sentence
    assert await ruling.closures.ahead() == ()


# -- holidays ----------------------------------------------------------------------------------------------------------


async def test_a_day_can_be_added_worked_on_and_taken_back(office: Office, ruling: Ruling):
    boardroom = await office.room("Boardroom")
    good_friday, party = date(2040, 3, 30), date(2040, 3, 9)
    await ruling.rooms.set_policy(location_id=office.berlin.id, holidays_country="DE")
    friday, founding = Wish(slot=at(10, days=25), room_id=boardroom.id), Wish(slot=at(10, days=4), room_id=boardroom.id)
    assert (await ruling.refusal(friday, by=office.ana))[0] == "Holiday"

    await ruling.holidays.work_on(office.berlin.id, good_friday, by=office.boss)
    await ruling.holidays.close_on(office.berlin.id, party, "Founding day", by=office.boss)

    assert (await office.bookings.book(friday, by=office.ana)).version == 1
    assert await ruling.refusal(founding, by=office.ana) == ("Holiday", "Berlin is closed on Fri 9 Mar (Founding day).")
    listed = {one.day: (one.name, one.closed, one.own) for one in await ruling.holidays.of_year(office.berlin.id, 2040)}
    assert listed[good_friday] == ("Good Friday", False, True)
    assert listed[party] == ("Founding day", True, True)
    assert listed[date(2040, 12, 25)] == ("Christmas Day", True, False)

    await ruling.holidays.forget(office.berlin.id, party, by=office.boss)
    assert (await office.bookings.book(founding, by=office.ana)).version == 1
    assert await ruling.holidays.of_year(office.tokyo.id, 2040) == ()


async def test_a_group_may_work_on_holidays(office: Office, ruling: Ruling):
    boardroom = await office.room("Boardroom")
    crew = await ruling.group("Crew", office.bob)
    bob = await ruling.anew(office.bob)
    await ruling.rooms.set_policy(holidays_country="DE")
    await ruling.rooms.set_policy(group_id=crew.id, holidays_closed=False)

    assert (await ruling.refusal(Wish(slot=at(10, days=25), room_id=boardroom.id), by=office.ana))[0] == "Holiday"
    assert (await office.book(boardroom, at(10, days=25), by=bob)).version == 1


COUNTRIES = [
    ("DX", "There are no holidays for 'DX'. Did you mean AX, DZ or AD?"),
    ("Germany", "There are no holidays for 'Germany'. Did you mean DE (Germany)?"),
    ("DE-XX", "DE has no state 'XX'. Codes are such as DE."),
    ("US-NV2", "US has no state 'NV2'. Did you mean US-NV"),
]


@pytest.mark.parametrize(("code", "sentence"), COUNTRIES)
async def test_a_country_that_is_none_is_refused_with_those_near_it(ruling: Ruling, code: str, sentence: str):
    with pytest.raises(errors.InvalidSetting) as refusal:
        await ruling.rooms.set_policy(holidays_country=code)
    assert refusal.value.message.startswith(sentence)
    assert refusal.value.fields["holidays_country"] == refusal.value.message


async def test_a_day_that_is_no_holiday_cannot_be_made_a_working_day(office: Office, ruling: Ruling):
    with pytest.raises(errors.InvalidSetting) as refusal:
        await ruling.holidays.work_on(office.berlin.id, date(2040, 3, 6))
    assert refusal.value.message == "2040-03-06 is no holiday there."


# -- cancelling --------------------------------------------------------------------------------------------------------


async def test_several_rooms_are_given_back_by_the_deadline_of_each(office: Office, ruling: Ruling):
    annex, boardroom = await office.room("Annex"), await office.room("Boardroom")
    await ruling.rooms.set_policy(room_id=boardroom.id, cancel_notice_minutes=240)
    both = await office.book(annex, at(14), more_room_ids=(boardroom.id,))
    office.clock.set(MONDAY + timedelta(hours=2, minutes=1))
    with pytest.raises(errors.TooLateToCancel) as refusal:
        await office.bookings.cancel(both.id, by=office.ana)
    assert refusal.value.message == "Boardroom must be given back 4 hours ahead; that was until 11:00."


async def test_the_cancellation_deadline_holds_for_everybody_but_managers_and_those_who_have_just_booked(
    office: Office, ruling: Ruling
):
    boardroom = await office.room("Boardroom")
    await ruling.rooms.set_policy(room_id=boardroom.id, cancel_notice_minutes=240)
    early = await office.book(boardroom, at(14))
    office.clock.set(MONDAY + timedelta(hours=2, minutes=1))
    late = await office.book(boardroom, at(12))

    with pytest.raises(errors.TooLateToCancel) as refusal:
        await office.bookings.cancel(early.id, by=office.ana)
    assert refusal.value.message == "Boardroom must be given back 4 hours ahead; that was until 11:00."

    # Booked a moment ago, by mistake.
    assert (await office.bookings.cancel(late.id, by=office.ana)).after.status is Status.CANCELLED
    await ruling.granting.give(Right.MANAGE, location_id=office.berlin.id, person_id=office.bob.person_id)
    catalogue = await office.catalogues.current()
    for actor in (office.boss, office.bob):
        assert rules.of_cancelling(early, catalogue=catalogue, actor=actor, now=office.clock.now()) == []
    # On another day, the day is said too.
    overnight = at(26, days=0)
    night = await office.book(boardroom, overnight)
    (error,) = rules.of_cancelling(night, catalogue=catalogue, actor=office.ana, now=at(23.5).start)
    assert error.message == "Boardroom must be given back 4 hours ahead; that was until Mon 5 Mar, 23:00."


# -- details and buffers -----------------------------------------------------------------------------------------------


async def test_the_rules_buffers_hold_where_the_room_has_none_of_its_own(office: Office, ruling: Ruling):
    plain, own = await office.room("Plain"), await office.room("Own", setup=20)
    await ruling.rooms.set_policy(location_id=office.berlin.id, setup_minutes=10, teardown_minutes=5)

    catalogue = await office.catalogues.current()

    there = {room.name: (room.setup_minutes, room.teardown_minutes) for room in catalogue.rooms}
    assert there == {"Plain": (10, 5), "Own": (20, 5)}
    kept = {room.name: (catalogue.own(room).setup_minutes, catalogue.own(room).teardown_minutes) for room in catalogue.rooms}
    assert kept == {"Plain": (0, 0), "Own": (20, 0)}
    await office.book(plain, at(10))
    assert (await ruling.refusal(Wish(slot=at(11), room_id=plain.id), by=office.bob))[0] == "SlotTaken"
    assert (await office.book(plain, at(11.25), by=office.bob)).version == 1
    assert own.setup_minutes == 20
