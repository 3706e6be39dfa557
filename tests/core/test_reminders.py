"""Reminders: at the right time for the meeting as it is, for those who come, by their settings of that moment; once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.models import Booking, Slot
from core.notices import Notice
from tests.core.notified import Notified
from tests.core.office import MONDAY, Office, at

REMINDED = [(Notice.REMINDER, "ana")]


async def booked(office: Office, slot: Slot, **wish: Any) -> Booking:
    return await office.book(await office.room("Apollo"), slot, **wish)


async def reminded(notices: Notified, moment: datetime, minutes: float) -> list[tuple[Notice, str]]:
    notices.at(moment, minutes)
    return [one for one in await notices.told() if one[0] is Notice.REMINDER]


async def test_a_reminder_comes_ten_minutes_before_and_not_again(office: Office, notices: Notified):
    booking = await booked(office, at(9))
    assert await reminded(notices, booking.start, -10.1) == []
    assert await reminded(notices, booking.start, -10) == REMINDED
    assert await reminded(notices, booking.start, -5) == []


@pytest.mark.parametrize("late", [1, 130, 599])
async def test_a_tick_that_comes_late_still_reminds(office: Office, notices: Notified, late: int):
    booking = await booked(office, at(9))
    assert await reminded(notices, booking.start, -10 + late / 60) == REMINDED


async def test_of_a_meeting_that_has_begun_nobody_is_reminded(office: Office, notices: Notified):
    booking = await booked(office, at(9))
    assert await reminded(notices, booking.start, 0) == []


async def test_a_reminder_planned_in_time_and_sent_too_late_is_dropped(office: Office, notices: Notified):
    booking = await booked(office, at(9))
    notices.at(booking.start, -10)
    await notices.plan()
    notices.at(booking.start, 1)
    assert await notices.send() == []
    assert (await notices.deliveries())["reminder", "dropped"] == 1


async def test_booker_and_all_who_come_are_reminded_and_who_declined_is_not(office: Office, notices: Notified):
    booking = await booked(office, at(9), invitees=(office.bob.person_id, office.boss.person_id))
    await notices.presence.respond(booking.id, by=office.boss, going=False)
    await notices.told()
    assert await reminded(notices, booking.start, -10) == [(Notice.REMINDER, "ana"), (Notice.REMINDER, "bob")]


async def test_who_booked_five_minutes_ahead_is_not_reminded(office: Office, notices: Notified):
    soon = Slot(start=MONDAY + timedelta(minutes=5), end=MONDAY + timedelta(hours=1))
    booking = await booked(office, soon)
    assert await reminded(notices, booking.start, -4) == []
    assert await reminded(notices, booking.start, -1) == []


async def test_a_new_title_reminds_once(office: Office, notices: Notified):
    booking = await booked(office, at(9))
    assert await reminded(notices, booking.start, -10) == REMINDED
    await notices.move(booking, title="Another")
    assert await reminded(notices, booking.start, -8) == []


async def test_a_moved_start_reminds_anew_and_the_old_one_not_at_all(office: Office, notices: Notified):
    booking = await booked(office, at(9))
    assert await reminded(notices, booking.start, -10) == REMINDED
    later = await notices.move(booking, slot=at(11))
    assert await reminded(notices, booking.start, -5) == []
    assert await reminded(notices, later.start, -10) == REMINDED


async def test_a_reminder_waiting_to_be_sent_when_the_meeting_moves_is_dropped(office: Office, notices: Notified):
    booking = await booked(office, at(9))
    notices.at(booking.start, -10)
    await notices.plan()
    await notices.move(booking, slot=at(11))
    assert await notices.send() == []


async def test_a_reminder_waiting_to_be_sent_when_the_meeting_is_cancelled_is_dropped(office: Office, notices: Notified):
    booking = await booked(office, at(9))
    notices.at(booking.start, -10)
    await notices.plan()
    await office.bookings.cancel(booking.id, by=office.ana)
    assert await notices.send() == []


async def test_a_cancelled_meeting_has_neither_reminder(office: Office, notices: Notified):
    apollo = await office.room("Apollo")
    booking, _ = await office.book(apollo, at(9)), await office.book(apollo, at(10), by=office.bob)
    await office.bookings.cancel(booking.id, by=office.ana)
    assert await reminded(notices, booking.start, -10) == []
    notices.at(booking.end, -15)
    assert await notices.told() == []


async def test_a_meeting_moved_to_begin_in_five_minutes_does_not_remind(office: Office, notices: Notified):
    booking = await booked(office, at(11))
    notices.at(at(9).start, -5)
    moved = await notices.move(booking, slot=at(9))
    assert await reminded(notices, moved.start, -4) == []


async def test_settings_changed_before_it_is_due_are_those_that_count(office: Office, notices: Notified):
    booking = await booked(office, at(9))
    assert await reminded(notices, booking.start, -40) == []
    await notices.prefer(office.ana, reminder_minutes=(30,))
    assert await reminded(notices, booking.start, -30) == REMINDED
    await notices.prefer(office.ana, reminder_minutes=())
    assert await reminded(notices, booking.start, -10) == []


async def test_settings_changed_between_planning_and_sending_are_those_that_count(office: Office, notices: Notified):
    booking = await booked(office, at(9))
    notices.at(booking.start, -10)
    await notices.plan()
    await notices.prefer(office.ana, reminder_minutes=(5,))
    assert await notices.send() == []
    assert await reminded(notices, booking.start, -5) == REMINDED


async def test_everybody_has_as_many_reminders_as_they_chose(office: Office, notices: Notified):
    await notices.prefer(office.ana, reminder_minutes=(60, 10, 1))
    booking = await booked(office, at(10))
    got = [minute for minute in range(-70, 3) if await reminded(notices, booking.start, minute)]
    assert got == [-60, -10, -1]


async def test_after_downtime_only_the_nearest_of_several_reminders_is_sent(office: Office, notices: Notified):
    await notices.prefer(office.ana, reminder_minutes=(60, 30, 10))
    booking = await booked(office, at(10))
    assert await reminded(notices, booking.start, -25) == REMINDED
    assert await reminded(notices, booking.start, -20) == []
    assert await reminded(notices, booking.start, -10) == REMINDED
    keys = [row["key"] for row in await office.rows("SELECT key FROM deliveries ORDER BY due_at")]
    assert [key.rsplit(":", 1)[1] for key in keys] == ["30", "10"]


async def test_when_sending_was_down_a_nearer_reminder_replaces_the_one_that_waited(office: Office, notices: Notified):
    await notices.prefer(office.ana, reminder_minutes=(30, 10))
    booking = await booked(office, at(10))
    notices.at(booking.start, -30)
    await notices.plan()
    notices.at(booking.start, -9)
    await notices.plan()
    (sent,) = await notices.send()
    assert sent.about["minutes"] == 10


async def test_a_machine_that_was_off_for_a_day_tells_only_what_still_makes_sense(office: Office, notices: Notified):
    apollo = await office.room("Apollo")
    for hours in (9, 12, 33):
        await office.book(apollo, at(hours), invitees=(office.bob.person_id,))
    await notices.told()
    notices.at(at(33).start, -3)  # Tuesday, 8:57
    assert await notices.told() == [(Notice.REMINDER, "ana"), (Notice.REMINDER, "bob")]
    assert await notices.told() == []


async def test_a_clock_that_jumps_forth_and_back_loses_and_repeats_nothing(office: Office, notices: Notified):
    apollo = await office.room("Apollo")
    first, second = await office.book(apollo, at(9)), await office.book(apollo, at(11))
    assert await reminded(notices, first.start, -10) == REMINDED
    assert await reminded(notices, first.start, 24 * 60) == []
    assert await reminded(notices, first.start, -10) == []
    assert await reminded(notices, second.start, -10) == REMINDED
    assert await reminded(notices, first.start, -5) == []


async def test_a_booking_written_while_others_were_reminded_is_seen_at_the_next_look(office: Office, notices: Notified):
    booking = await booked(office, at(9))
    await office.damage("UPDATE bookings SET status = 'cancelled'")  # as before its commit
    assert await reminded(notices, booking.start, -10) == []
    await office.damage("UPDATE bookings SET status = 'confirmed'")
    assert await reminded(notices, booking.start, -9.5) == REMINDED


@pytest.mark.parametrize(
    ("zone", "day", "clock"),
    [
        ("Europe/Berlin", (2040, 3, 25), 3),  # the hour from 2 to 3 does not exist
        ("Europe/Berlin", (2040, 3, 25), 9),
        ("Europe/Berlin", (2040, 10, 28), 3),  # the hour from 2 to 3 comes twice
        ("Australia/Lord_Howe", (2040, 4, 1), 9),  # half an hour
    ],
)
async def test_on_days_when_the_clock_changes_reminders_keep_their_distance(
    office: Office, notices: Notified, zone: str, day: tuple[int, int, int], clock: int
):
    start = datetime(*day, clock, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    await notices.prefer(office.ana, reminder_minutes=(90,))
    await booked(office, Slot(start=start, end=start + timedelta(hours=1)))
    assert await reminded(notices, start, -91) == []
    assert await reminded(notices, start, -90) == REMINDED


async def test_before_the_end_the_booker_hears_that_another_booking_follows(office: Office, notices: Notified):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(9), invitees=(office.boss.person_id,))
    await office.book(apollo, at(10), by=office.bob)
    notices.at(booking.end, -16)
    await notices.told()
    notices.at(booking.end, -15)
    assert (Notice.ENDING, "ana") in await notices.told()
    assert await notices.told() == []


async def test_before_the_end_of_a_short_meeting_or_for_those_who_do_not_want_it_nothing_comes(
    office: Office, notices: Notified
):
    apollo, corner = await office.room("Apollo"), await office.room("Corner")
    short = await office.book(apollo, at(9, 25))
    await notices.prefer(office.bob, end_reminders=False)
    await office.book(corner, at(9, 25 + 15), by=office.bob)
    notices.at(short.start, 25)
    assert [one for one in await notices.told() if one[0] is Notice.ENDING] == []
    notices.at(short.end, -10)
    assert [one for one in await notices.told() if one[0] is Notice.ENDING] == []


async def test_an_extended_meeting_is_reminded_before_its_new_end(office: Office, notices: Notified):
    booking = await booked(office, at(9))
    notices.at(booking.end, -15)
    assert await notices.told() == [(Notice.ENDING, "ana")]
    longer = await notices.presence.extend(booking.id, until=booking.end + timedelta(minutes=30), version=1, by=office.ana)
    assert await notices.told() == []
    notices.at(longer.after.end, -15)
    assert await notices.told() == [(Notice.ENDING, "ana")]


async def warned(notices: Notified, minutes: float, booking: Booking) -> list[str]:
    notices.at(booking.start, minutes)
    return [name for kind, name in await notices.told() if kind is Notice.RELEASE_WARNING]


async def test_three_minutes_before_a_release_everybody_who_comes_is_warned(office: Office, notices: Notified):
    await notices.ask_for_check_in()
    booking = await booked(office, at(9), invitees=(office.bob.person_id,))
    assert await warned(notices, 6, booking) == []
    assert await warned(notices, 7, booking) == ["ana", "bob"]
    assert await warned(notices, 8, booking) == []
    notices.at(booking.start, 9)
    assert await notices.presence.release_due(notices.now) == 0
    notices.at(booking.start, 10)
    assert await notices.presence.release_due(notices.now) == 1
    assert await notices.told() == [(Notice.RELEASED, "ana")]


async def test_running_late_holds_the_warning_off_once(office: Office, notices: Notified):
    await notices.ask_for_check_in()
    booking = await booked(office, at(9))
    assert await warned(notices, 7, booking) == ["ana"]
    await notices.presence.run_late(booking.id, by=office.ana)
    assert await warned(notices, 16, booking) == []
    assert await warned(notices, 17, booking) == ["ana"]


async def test_after_downtime_a_room_is_released_three_minutes_after_the_late_warning(office: Office, notices: Notified):
    await notices.ask_for_check_in()
    booking = await booked(office, at(9))
    notices.at(booking.start, 30)
    assert await notices.presence.release_due(notices.now) == 0
    assert await warned(notices, 30, booking) == ["ana"]
    notices.at(booking.start, 32)
    assert await notices.presence.release_due(notices.now) == 0
    notices.at(booking.start, 33)
    assert await notices.presence.release_due(notices.now) == 1


async def test_who_has_checked_in_is_not_warned(office: Office, notices: Notified):
    await notices.ask_for_check_in()
    booking = await booked(office, at(9))
    notices.at(booking.start, 7)
    await notices.reminders.plan(notices.now)
    await notices.presence.check_in(booking.id, by=office.ana)
    assert await warned(notices, 8, booking) == []


@pytest.mark.race
async def test_reminders_made_by_several_replicas_at_once_are_made_once(office: Office, notices: Notified):
    rooms = [await office.room(f"Room {n}") for n in range(30)]
    for room in rooms:
        await office.book(room, at(9), invitees=(office.bob.person_id,))
    notices.at(at(9).start, -10)
    made = await asyncio.gather(*(Notified.of(office).reminders.plan(notices.now) for _ in range(6)))
    assert sum(made) == 60
    assert (await notices.deliveries())["reminder", "pending"] == 60
