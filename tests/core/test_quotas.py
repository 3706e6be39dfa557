"""How much somebody may book: what counts, for whom, in which period, and how the refusal says it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core import errors, limits
from core.db import ReadSession, WriteSession
from core.ids import new_id
from core.models import Actor, Booking, Change, Right, Room, Slot, Status, Wish
from core.quotas import said
from core.regulations import Measure, Period, Quota
from tests.core.office import MONDAY, Office, at
from tests.core.ruling import Ruling


@pytest.fixture
def ruling(office: Office) -> Ruling:
    return Ruling.of(office)


# It is Monday 5 March 2040, 09:00 in Berlin. The quota, what is booked of it, what is wanted, and the refusal.
WORDS: list[tuple[dict[str, Any], list[Slot], Slot, str]] = [
    (
        {"measure": Measure.COUNT, "period": Period.WEEK, "most": 3},
        [at(10), at(12), at(10, days=6)],
        at(14, days=2),
        "You have 3 of 3 bookings this week; the next counts from Mon 12 Mar.",
    ),
    (
        {"measure": Measure.COUNT, "period": Period.DAY, "most": 1},
        [at(10)],
        at(12),
        "You have 1 of 1 booking today; the next counts from Tue 6 Mar.",
    ),
    (
        {"measure": Measure.COUNT, "period": Period.DAY, "most": 1},
        [at(10, days=1)],
        at(12, days=1),
        "You have 1 of 1 booking on Tue 6 Mar; the next counts from Wed 7 Mar.",
    ),
    (
        {"measure": Measure.COUNT, "period": Period.WEEK, "most": 1},
        [at(10, days=8)],
        at(12, days=9),
        "You have 1 of 1 booking in the week from Mon 12 Mar; the next counts from Mon 19 Mar.",
    ),
    (
        {"measure": Measure.COUNT, "period": Period.MONTH, "most": 2},
        [at(10), at(10, days=26)],
        at(12),
        "You have 2 of 2 bookings this month; the next counts from Sun 1 Apr.",
    ),
    (
        {"measure": Measure.COUNT, "period": Period.MONTH, "most": 0},
        [],
        at(12, days=300),
        "You have 0 of 0 bookings in the month from Sat 1 Dec; the next counts from Tue 1 Jan 2041.",
    ),
    (
        {"measure": Measure.MINUTES, "period": Period.WEEK, "most": 240},
        [at(10, 150)],
        at(14, 120),
        "You have booked 2 h 30 min of 4 hours this week: only 1 h 30 min left; a new count begins on Mon 12 Mar.",
    ),
    (
        {"measure": Measure.MINUTES, "period": Period.DAY, "most": 60},
        [at(10, 60)],
        at(14, 5),
        "You have booked 1 hour of 1 hour today: nothing left; a new count begins on Tue 6 Mar.",
    ),
    (
        {"measure": Measure.MINUTES, "period": Period.DAY, "most": 60},
        [],
        at(14, 65),
        "You have booked nothing of 1 hour today: only 1 hour left; a new count begins on Tue 6 Mar.",
    ),
]


@pytest.mark.parametrize("row", WORDS)
async def test_the_refusal_says_how_much_is_used_and_from_when_there_is_room(
    office: Office, ruling: Ruling, row: tuple[dict[str, Any], list[Slot], Slot, str]
):
    quota, booked, wanted, sentence = row
    apollo = await office.room("Apollo")
    await ruling.quotas.set(**quota)
    for slot in booked:
        await office.book(apollo, slot)

    assert await ruling.refusal(Wish(slot=wanted, room_id=apollo.id), by=office.ana) == ("QuotaReached", sentence)

    # Others have their own.
    if quota["most"]:
        slot = Slot(start=wanted.start, end=wanted.start + timedelta(minutes=5))
        assert (await office.book(apollo, slot, by=office.bob)).version == 1


async def test_the_week_is_that_of_the_place(office: Office, ruling: Ruling):
    apollo, sakura = await office.room("Apollo"), await office.room("Sakura", place=office.tokyo)
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=1)
    # Sunday evening in UTC: Monday in Tokyo, not yet in Berlin.
    await office.book(sakura, at(20, days=6))
    assert (await office.book(apollo, at(20, days=6), by=office.bob)).version == 1
    assert (await office.book(sakura, at(5, days=2))).version == 1  # another week there
    assert (await ruling.refusal(Wish(slot=at(3, days=10), room_id=sakura.id), by=office.ana))[0] == "QuotaReached"
    assert (await ruling.refusal(Wish(slot=at(10), room_id=apollo.id), by=office.bob))[0] == "QuotaReached"


async def test_a_quota_of_a_place_or_a_room_counts_only_there(office: Office, ruling: Ruling):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    sakura = await office.room("Sakura", place=office.tokyo)
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=2, location_id=office.berlin.id)
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=1, room_id=apollo.id)
    await office.book(apollo, at(10))
    assert await ruling.refusal(Wish(slot=at(12), room_id=apollo.id), by=office.ana) == (
        "QuotaReached",
        "You have 1 of 1 booking in Apollo this week; the next counts from Mon 12 Mar.",
    )
    await office.book(zeus, at(10))
    assert await ruling.refusal(Wish(slot=at(12), room_id=zeus.id), by=office.ana) == (
        "QuotaReached",
        "You have 2 of 2 bookings in Berlin this week; the next counts from Mon 12 Mar.",
    )
    assert (await office.book(sakura, at(10))).version == 1


async def test_a_groups_quota_takes_the_place_of_everybodys_and_the_most_generous_of_several_holds(
    office: Office, ruling: Ruling
):
    apollo = await office.room("Apollo")
    crew, board = await ruling.group("Crew", office.bob), await ruling.group("Board", office.bob)
    bob = await ruling.anew(office.bob)
    week = {"measure": Measure.COUNT, "period": Period.WEEK}
    await ruling.quotas.set(**week, most=1)  # type: ignore[arg-type]
    await ruling.quotas.set(**week, most=2, group_id=crew.id)  # type: ignore[arg-type]
    await ruling.quotas.set(**week, most=3, group_id=board.id)  # type: ignore[arg-type]
    for hour in (9, 10, 11):
        await office.book(apollo, at(hour), by=bob)
    assert (await ruling.refusal(Wish(slot=at(12), room_id=apollo.id), by=bob))[0] == "QuotaReached"
    await office.book(apollo, at(12))
    assert (await ruling.refusal(Wish(slot=at(13), room_id=apollo.id), by=office.ana))[0] == "QuotaReached"


async def test_what_a_group_shares_is_counted_together_and_besides_what_each_may(office: Office, ruling: Ruling):
    apollo = await office.room("Apollo")
    crew = await ruling.group("Crew", office.ana, office.bob)
    ana, bob = await ruling.anew(office.ana), await ruling.anew(office.bob)
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=2, group_id=crew.id, together=True)
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=5)
    await office.book(apollo, at(9), by=ana)
    await office.book(apollo, at(10), by=bob)
    assert await ruling.refusal(Wish(slot=at(11), room_id=apollo.id), by=ana) == (
        "QuotaReached",
        "Crew together has 2 of 2 bookings this week; the next counts from Mon 12 Mar.",
    )
    assert (await office.book(apollo, at(11), by=office.boss)).version == 1


async def test_what_was_cancelled_does_not_count_and_what_was_used_or_missed_does(office: Office, ruling: Ruling):
    apollo = await office.room("Apollo")
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=2)
    ended = await office.book(apollo, at(9))
    released = await office.book(apollo, at(10))
    await office.damage(f"UPDATE bookings SET status = 'ended' WHERE id = '{ended.id}'")
    await office.damage(f"UPDATE bookings SET status = 'released' WHERE id = '{released.id}'")
    assert (await ruling.refusal(Wish(slot=at(15), room_id=apollo.id), by=office.ana))[0] == "QuotaReached"
    for status in ("cancelled", "declined", "expired"):
        await office.damage(f"UPDATE bookings SET status = '{status}' WHERE id = '{released.id}'")
        booked = await office.book(apollo, at(15))
        await office.bookings.cancel(booked.id, by=office.ana)


async def test_what_is_in_the_archive_counts_too(office: Office, ruling: Ruling):
    apollo = await office.room("Apollo")
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.MONTH, most=1)
    kept = await office.book(apollo, at(9))
    await office.damage(
        "INSERT INTO bookings_archive (tenant_id, id, room_id, booked_by, start_time, end_time, attendees_count, status,"
        " private, created_at, updated_at, version) SELECT tenant_id, id, room_id, booked_by, start_time, end_time,"
        f" attendees_count, 'ended', private, created_at, updated_at, version FROM bookings WHERE id = '{kept.id}';"
        f" DELETE FROM room_claims WHERE booking_id = '{kept.id}'; DELETE FROM bookings WHERE id = '{kept.id}'"
    )
    assert (await ruling.refusal(Wish(slot=at(15), room_id=apollo.id), by=office.ana))[0] == "QuotaReached"


async def test_a_change_that_asks_for_no_more_is_not_judged_and_one_into_a_full_week_is(office: Office, ruling: Ruling):
    apollo = await office.room("Apollo")
    this_week = await office.book(apollo, at(9))
    next_week = await office.book(apollo, at(9, days=7))
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=0)
    await ruling.quotas.set(measure=Measure.MINUTES, period=Period.DAY, most=30)

    shorter = await office.bookings.change(this_week.id, Change(slot=at(10, 45)), version=1, by=office.ana)
    named = await office.bookings.change(next_week.id, Change(title="Standup"), version=1, by=office.ana)

    assert (shorter.after.version, named.after.title) == (2, "Standup")
    for slot in (at(10, 50), at(10, 45, days=1), at(9, 15, days=7)):
        with pytest.raises(errors.QuotaReached):
            await office.bookings.change(this_week.id, Change(slot=slot), version=2, by=office.ana)


async def test_whoever_overrides_is_not_held_to_quotas_and_somebody_elses_booking_counts_for_them(
    office: Office, ruling: Ruling
):
    apollo = await office.room("Apollo")
    crew = await ruling.group("Crew", office.ana)
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=1, group_id=crew.id)
    ana = await ruling.anew(office.ana)
    booked = await office.book(apollo, at(9), by=ana, invitees=(office.bob.person_id,), shared=True)
    await office.book(apollo, at(9, days=7), by=ana)
    # Bob is in no group; the booking is Ana's all the same.
    with pytest.raises(errors.QuotaReached) as refusal:
        await office.bookings.change(booked.id, Change(slot=at(12, days=7)), version=1, by=office.bob)
    assert refusal.value.message == ("ana has 1 of 1 booking in the week from Mon 12 Mar; the next counts from Mon 19 Mar.")
    await ruling.granting.give(Right.OVERRIDE, room_id=apollo.id, group_id=crew.id)
    assert (await office.book(apollo, at(13), by=ana)).version == 1


# -- one room at a time ------------------------------------------------------------------------------------------------


async def test_one_room_at_a_time_names_the_other_and_touching_times_are_no_other(office: Office, ruling: Ruling):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    await ruling.rooms.set_policy(room_id=zeus.id, one_at_a_time=True)
    held = await office.book(apollo, at(10), title="Standup")

    with pytest.raises(errors.AnotherRoomThen) as refusal:
        await office.book(zeus, at(10.5))

    assert refusal.value.message == (
        'You hold Apollo today 11:00-12:00 ("Standup"); Zeus is only for those who hold no other room then.'
    )
    assert refusal.value.booking == held
    assert (await office.book(zeus, at(11))).version == 1
    assert (await office.book(zeus, at(9))).version == 1
    later = await office.book(zeus, at(15))
    with pytest.raises(errors.AnotherRoomThen):
        await office.bookings.change(later.id, Change(slot=at(10.5)), version=1, by=office.ana)
    # Its own time is no other's.
    moved = await office.bookings.change(later.id, Change(slot=at(15.25)), version=1, by=office.ana)
    assert moved.after.slot == at(15.25)
    assert (await office.book(apollo, at(15.5), by=office.bob)).version == 1


async def test_a_group_may_hold_several_rooms_where_others_may_not(office: Office, ruling: Ruling):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    crew = await ruling.group("Crew", office.bob)
    bob = await ruling.anew(office.bob)
    await ruling.rooms.set_policy(one_at_a_time=True)
    await ruling.rooms.set_policy(one_at_a_time=False, group_id=crew.id)
    await office.book(apollo, at(10), by=bob)
    assert (await office.book(zeus, at(10), by=bob)).version == 1


# -- many at once ------------------------------------------------------------------------------------------------------


def wanted(office: Office, room: Room, slot: Slot, by: Actor) -> Booking:
    from core.bookkeeping import new_booking

    wish = Wish(slot=slot, room_id=room.id)
    catalogue = office.catalogues._held
    assert catalogue is not None
    return new_booking(new_id(), wish, room, catalogue, by=by, invited=(), now=MONDAY)


async def all_judged(office: Office, some: list[Booking], by: Actor) -> dict[int, str]:
    catalogue = await office.catalogues.current()

    async def work(session: WriteSession) -> dict[int, str]:
        found = await limits.check_all(session, some, catalogue=catalogue, by=by, now=MONDAY)
        return {index: error.code for index, error in found.items()}

    return await office.db.write(work, repeatable=True)


async def test_of_many_those_before_count_for_those_after(office: Office, ruling: Ruling):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=2)
    await ruling.rooms.set_policy(one_at_a_time=True)
    await office.book(apollo, at(9, days=7))
    await office.catalogues.current()
    slots = [at(9), at(9, days=1), at(9, days=2), at(9, days=7), at(12, days=7), at(15, days=7), at(9, days=14)]
    some = [wanted(office, zeus, slot, office.ana) for slot in slots]
    some.append(wanted(office, apollo, at(9, days=14), office.ana))

    assert await all_judged(office, some, office.ana) == {
        2: "QuotaReached",
        3: "AnotherRoomThen",
        5: "QuotaReached",
        7: "AnotherRoomThen",
    }
    assert await all_judged(office, some, office.boss) == {}
    assert await all_judged(office, [], office.ana) == {}


async def test_without_limits_nothing_is_asked_of_the_database(office: Office, ruling: Ruling):
    apollo = await office.room("Apollo")
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=1, location_id=office.tokyo.id)
    await ruling.rooms.set_policy(location_id=office.tokyo.id, one_at_a_time=True)
    catalogue = await office.catalogues.current()

    class Deaf(WriteSession):
        def __init__(self) -> None:
            pass

    one = wanted(office, apollo, at(10), office.ana)
    await limits.check(Deaf(), one, before=None, catalogue=catalogue, by=office.ana, now=MONDAY)
    assert isinstance(Deaf(), ReadSession)


# -- setting them ------------------------------------------------------------------------------------------------------

SAID = [
    ({}, "3 bookings a week, everybody"),
    ({"measure": Measure.MINUTES, "most": 90, "period": Period.DAY}, "1 h 30 min a day, everybody"),
    ({"group": True}, "3 bookings a week, each of Crew"),
    ({"group": True, "together": True, "most": 1}, "1 booking a week, Crew together"),
    ({"place": True}, "3 bookings a week in Berlin, everybody"),
]


@pytest.mark.parametrize(("how", "sentence"), SAID)
async def test_a_quota_is_listed_in_words(office: Office, ruling: Ruling, how: dict[str, Any], sentence: str):
    crew = await ruling.groups.create("Crew")
    catalogue = await office.catalogues.current()
    quota = Quota(id=new_id(), measure=how.get("measure", Measure.COUNT), period=how.get("period", Period.WEEK),
                  most=how.get("most", 3), together=how.get("together", False))  # fmt: skip
    quota = replace(quota, group_id=crew.id) if how.get("group") else quota
    quota = replace(quota, location_id=office.berlin.id) if how.get("place") else quota
    assert said(quota, catalogue) == sentence


async def test_setting_the_same_again_changes_it_and_removing_it_is_noted(office: Office, ruling: Ruling):
    week: dict[str, Any] = {"measure": Measure.COUNT, "period": Period.WEEK}
    first = await ruling.quotas.set(**week, most=3, by=office.boss)
    assert await ruling.quotas.set(**week, most=5, by=office.boss) == first
    await ruling.quotas.set(**week, most=5)
    assert [quota.most for quota in await ruling.quotas.all()] == [5]
    await ruling.quotas.remove(first)
    await ruling.quotas.remove(first)
    assert await ruling.quotas.all() == ()
    trail = [(one.action, one.actor_name, one.before and one.before["most"]) for one in await ruling.audit.entries()]
    assert trail == [("removed", "command line", 5), ("changed", "boss", 3), ("set", "boss", None)]


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"most": -1}, "A quota is between 0 and 10000 bookings."),
        ({"most": 50_000, "measure": Measure.MINUTES}, "A quota is between 0 and 744 hours."),
        ({"most": 1, "together": True}, "Name the group that shares it."),
        ({"most": 1, "group_id": new_id()}, "That group does not exist any more."),
    ],
)
async def test_a_quota_that_cannot_be_meant_is_refused(ruling: Ruling, how: dict[str, Any], sentence: str):
    with pytest.raises(errors.InvalidSetting) as refusal:
        await ruling.quotas.set(**{"measure": Measure.COUNT, "period": Period.WEEK, **how})
    assert refusal.value.message == sentence
    assert await ruling.quotas.all() == ()


def test_everything_that_holds_a_room_or_was_used_counts():
    assert set(limits.COUNTED) == {one.value for one in Status} - {"cancelled", "declined", "expired"}
