"""No-shows: a room is given back when nobody came, after a warning that went out, and in no other case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import checks, errors, releases
from core.db import DEFAULT_TENANT, ReadSession
from core.models import Booking, Change, Changed, Room, Slot, Status
from core.releases import Releases
from core.rooms import Rooms
from tests.core.office import Office, at
from tests.core.warned import arrive, ask_for_check_in, warn

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def apollo(office: Office) -> Room:
    """A room with eight seats that asks for check-in."""
    room = await office.room("Apollo", seats=8)
    await ask_for_check_in(office, room)
    return room


async def status_of(office: Office, booking: Booking) -> Status:
    return (await office.bookings.get(booking.id)).status


async def release_at(office: Office, now: datetime) -> int:
    """Run the job at a moment."""
    office.clock.set(now)
    return await office.presence.release_due(now)


async def warned_in_time(office: Office, room: Room, slot: Slot | None = None) -> Booking:
    """Book a meeting of which the booker is warned three minutes before it is due."""
    booked = await office.book(room, slot or at(10))
    await warn(office, booked, at=booked.start + 7 * MINUTE)
    return booked


async def released(office: Office, room: Room) -> Booking:
    """Return a booking that was released ten minutes after its start, and the clock stands there."""
    booked = await warned_in_time(office, room)
    assert await release_at(office, booked.start + 10 * MINUTE) == 1
    return await office.bookings.get(booked.id)


async def test_a_room_to_which_nobody_came_is_given_back_and_the_booking_stays(office: Office, apollo: Room) -> None:
    booked = await warned_in_time(office, apollo)
    due = booked.start + 10 * MINUTE

    assert await release_at(office, due - timedelta(seconds=1)) == 0
    assert await release_at(office, due) == 1
    assert await release_at(office, due) == 0

    stored = await office.bookings.get(booked.id)
    assert (stored.status, stored.slot, stored.version) == (Status.RELEASED, booked.slot, 2)
    (event,) = await office.rows("SELECT kind, surface, reason FROM events WHERE booking_version = 2")
    assert tuple(event) == ("released", "clock", "nobody checked in")
    assert (await office.book(apollo, Slot(start=due, end=booked.end), by=office.bob)).holds_room
    assert await checks.violations(office.db) == []


async def checked_in(office: Office, booked: Booking) -> None:
    office.clock.set(booked.start + 9 * MINUTE)
    await office.presence.check_in(booked.id, by=office.ana)


async def cancelled(office: Office, booked: Booking) -> None:
    await office.bookings.cancel(booked.id, by=office.ana)


async def moved_away(office: Office, booked: Booking) -> None:
    await office.bookings.change(booked.id, Change(slot=at(15)), version=booked.version, by=office.ana)


async def moved_to_a_room_without(office: Office, booked: Booking) -> None:
    zeus = await office.room("Zeus")
    await office.bookings.change(booked.id, Change(room_id=zeus.id), version=booked.version, by=office.ana)


async def no_longer_asked_for(office: Office, booked: Booking) -> None:
    await Rooms(office.db, office.catalogues).set_policy(room_id=booked.room.id, check_in=False)


STILL_HELD: list[Callable[[Office, Booking], Any]] = [
    checked_in,
    cancelled,
    moved_away,
    moved_to_a_room_without,
    no_longer_asked_for,
]


@pytest.mark.parametrize("done", STILL_HELD)
async def test_what_is_not_a_no_show_any_more_is_not_released(
    office: Office, apollo: Room, done: Callable[[Office, Booking], Any]
) -> None:
    booked = await warned_in_time(office, apollo)
    await done(office, booked)
    before = await office.bookings.get(booked.id)
    assert await release_at(office, booked.start + 10 * MINUTE) == 0
    assert await release_at(office, booked.end + MINUTE) == 0
    assert await office.bookings.get(booked.id) == before


async def test_exempt_are_rooms_without_check_in_long_meetings_and_those_made_shortly_before(office: Office) -> None:
    apollo, zeus, hall = [await office.room(name) for name in ("Apollo", "Zeus", "Hall")]
    await ask_for_check_in(office, apollo, longest=60, notice=15)
    await ask_for_check_in(office, hall, longest=60, notice=0)
    long = await warned_in_time(office, apollo, at(10, 61))
    off = await warned_in_time(office, zeus, at(10))
    spontaneous_slot = at(14)
    office.clock.set(spontaneous_slot.start - timedelta(minutes=14))
    spontaneous = await warned_in_time(office, apollo, spontaneous_slot)
    not_exempt = await warned_in_time(office, hall, spontaneous_slot)

    assert await release_at(office, long.start + 30 * MINUTE) == 0
    assert await release_at(office, spontaneous.start + 30 * MINUTE) == 1
    assert [await status_of(office, one) for one in (long, off, spontaneous)] == [Status.CONFIRMED] * 3
    assert await status_of(office, not_exempt) is Status.RELEASED


async def test_a_meeting_moved_or_restored_shortly_before_its_start_is_exempt(office: Office, apollo: Room) -> None:
    zeus = await office.room("Zeus")
    await ask_for_check_in(office, zeus)
    moved, restored = await office.book(apollo, at(12)), await office.book(zeus, at(10))
    office.clock.set(at(10).start - 5 * MINUTE)
    moved = (await office.bookings.change(moved.id, Change(slot=at(10)), version=1, by=office.ana)).after
    await office.bookings.cancel(restored.id, by=office.ana)
    restored = (await office.bookings.undo(restored.id, version=2, by=office.ana)).after
    for one in (moved, restored):
        await warn(office, one, at=one.start + 7 * MINUTE)
    assert await release_at(office, at(10).start + 30 * MINUTE) == 0


async def test_what_changes_neither_start_nor_claim_makes_nothing_exempt(office: Office, apollo: Room) -> None:
    booked = await warned_in_time(office, apollo)
    office.clock.set(booked.start - MINUTE)
    await office.bookings.change(booked.id, Change(title="New"), version=1, by=office.ana)
    assert await release_at(office, booked.start + 10 * MINUTE) == 1


async def test_running_late_holds_the_release_off_once_and_asks_for_a_warning_of_its_own(
    office: Office, apollo: Room
) -> None:
    booked = await warned_in_time(office, apollo)
    office.clock.set(booked.start + 8 * MINUTE)
    late = (await office.presence.run_late(booked.id, by=office.ana)).after
    assert await release_at(office, booked.start + 19 * MINUTE) == 0
    # The first warning named another time: it does not count for this one.
    assert await release_at(office, booked.start + 25 * MINUTE) == 0

    await warn(office, late, at=booked.start + 25 * MINUTE)
    office.clock.set(booked.start + 26 * MINUTE)
    await office.presence.run_late(booked.id, by=office.ana)
    assert await release_at(office, booked.start + 27 * MINUTE) == 0
    assert await release_at(office, booked.start + 28 * MINUTE) == 1
    assert await checks.violations(office.db) == []


async def test_a_bot_that_was_down_over_the_grace_throws_nobody_out_without_a_warning(office: Office, apollo: Room) -> None:
    booked = await office.book(apollo, at(10))
    back = booked.start + 25 * MINUTE
    assert await release_at(office, back) == 0
    await warn(office, booked, at=back, status="pending")
    # Slack is down too: the warning waits, and the room with it.
    assert await release_at(office, back + 10 * MINUTE) == 0
    await arrive(office, booked, at=back + 11 * MINUTE)
    assert await release_at(office, back + 14 * MINUTE - timedelta(seconds=1)) == 0
    assert await release_at(office, back + 14 * MINUTE) == 1
    assert await checks.violations(office.db) == []


async def test_a_warning_that_was_given_up_counts_and_one_that_was_dropped_does_not(office: Office, apollo: Room) -> None:
    zeus = await office.room("Zeus")
    await ask_for_check_in(office, zeus)
    gone, dropped = await office.book(apollo, at(10)), await office.book(zeus, at(10))
    await warn(office, gone, at=gone.start + 7 * MINUTE, status="given_up")
    await warn(office, dropped, at=gone.start + 7 * MINUTE, status="dropped")
    assert await release_at(office, gone.start + 20 * MINUTE) == 1
    assert [await status_of(office, one) for one in (gone, dropped)] == [Status.RELEASED, Status.CONFIRMED]


async def test_everybody_who_is_coming_has_had_three_minutes(office: Office, apollo: Room) -> None:
    booked = await office.book(apollo, at(10), invitees=(office.bob.person_id,))
    await warn(office, booked, at=booked.start + 7 * MINUTE)
    await warn(office, booked, at=booked.start + 7 * MINUTE, person=office.bob, status="pending")
    assert await release_at(office, booked.start + 15 * MINUTE) == 0
    await arrive(office, booked, at=booked.start + 15 * MINUTE)
    assert await release_at(office, booked.start + 17 * MINUTE) == 0
    assert await release_at(office, booked.start + 18 * MINUTE) == 1


async def test_a_warning_for_another_start_does_not_count(office: Office, apollo: Room) -> None:
    booked = await warned_in_time(office, apollo)
    await office.bookings.change(booked.id, Change(slot=at(10.5)), version=1, by=office.ana)
    assert await release_at(office, at(10.5).start + 20 * MINUTE) == 0


async def test_a_machine_that_was_off_for_a_day_releases_nothing_that_is_over(office: Office, apollo: Room) -> None:
    booked = await warned_in_time(office, apollo)
    assert await release_at(office, booked.start + timedelta(days=1)) == 0
    assert await status_of(office, booked) is Status.CONFIRMED


async def test_a_clock_that_jumps_back_releases_nothing_again_and_one_that_jumps_on_nothing_too_soon(
    office: Office, apollo: Room
) -> None:
    booked = await released(office, apollo)
    assert await release_at(office, booked.start - MINUTE) == 0
    later = await office.book(apollo, at(12), by=office.bob)
    assert await release_at(office, later.start + 40 * MINUTE) == 0


async def test_when_the_clocks_go_back_the_grace_is_ten_real_minutes(office: Office, apollo: Room) -> None:
    # In Berlin 02:30 comes twice on Sunday 28 October 2040; the meeting begins at the first.
    start = datetime(2040, 10, 28, 0, 30, tzinfo=UTC)
    booked = await warned_in_time(office, apollo, Slot(start=start, end=start + timedelta(hours=2)))
    assert await release_at(office, start + 9 * MINUTE) == 0
    assert await release_at(office, start + 10 * MINUTE) == 1
    assert await status_of(office, booked) is Status.RELEASED


async def test_a_job_that_runs_does_release_the_hundred_rooms_that_are_due(office: Office) -> None:
    await ask_for_check_in(office)
    rooms = [await office.room(f"Room {number}", setup=number % 3 * 5) for number in range(100)]
    booked = [await warned_in_time(office, room) for room in rooms]
    for one in booked[::4]:
        office.clock.set(one.start)
        await office.presence.check_in(one.id, by=office.ana)
    assert await release_at(office, at(10).start + 10 * MINUTE) == 75
    counted = await office.rows("SELECT status, count(*) FROM bookings GROUP BY status ORDER BY status")
    assert [tuple(row) for row in counted] == [("checked_in", 25), ("released", 75)]
    assert await office.count("SELECT count(*) FROM room_claims") == 25
    assert await checks.violations(office.db) == []


async def test_a_booking_that_cannot_be_released_keeps_no_other_and_the_job_says_so(
    office: Office, apollo: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    zeus = await office.room("Zeus")
    await ask_for_check_in(office, zeus)
    first, second = await warned_in_time(office, apollo), await warned_in_time(office, zeus)
    real = releases.bookkeeping.write

    async def write(session: Any, kind: Any, change: Changed, *rest: Any, **more: Any) -> None:
        if change.before.id == first.id:
            raise errors.Busy("Locked.")
        await real(session, kind, change, *rest, **more)

    monkeypatch.setattr(releases.bookkeeping, "write", write)
    with pytest.raises(errors.Busy):
        await release_at(office, first.start + 10 * MINUTE)
    assert [await status_of(office, one) for one in (first, second)] == [Status.CONFIRMED, Status.RELEASED]


async def test_whom_to_warn_is_known_three_minutes_before(office: Office, apollo: Room) -> None:
    booked = await office.book(apollo, at(10))
    catalogue = await office.catalogues.current()

    async def found(minutes: float) -> list[tuple[Any, datetime]]:
        now = booked.start + timedelta(minutes=minutes)

        async def work(session: ReadSession) -> list[tuple[Any, datetime]]:
            there = await releases.unattended(session, catalogue, now=now, ahead=3 * MINUTE)
            return [(one.booking.id, one.release_at) for one in there]

        return await office.db.read(work)

    assert await found(6.9) == []
    assert await found(7) == [(booked.id, booked.start + 10 * MINUTE)]
    assert await found(59) == [(booked.id, booked.start + 10 * MINUTE)]
    assert await found(60) == []


async def test_looking_for_what_is_due_reads_one_claim_a_room_however_long_the_history(office: Office, apollo: Room) -> None:
    await warned_in_time(office, apollo)
    await office.damage(
        f"""INSERT INTO bookings (tenant_id, id, room_id, booked_by, start_time, end_time, status)
        SELECT '{DEFAULT_TENANT}', gen_random_uuid(), '{apollo.id}', '{office.ana.person_id}', moment,
            moment + interval '30 min', 'ended'
        FROM generate_series('2000-01-01'::timestamptz, '2001-06-01', '1 hour') AS moment;
        INSERT INTO room_claims (tenant_id, id, room_id, kind, start_time, end_time)
        SELECT '{DEFAULT_TENANT}', gen_random_uuid(), '{apollo.id}', 'block', moment, moment + interval '30 min'
        FROM generate_series('2041-01-01'::timestamptz, '2041-12-01', '1 hour') AS moment; ANALYZE"""
    )

    async def work(session: ReadSession) -> str:
        rows = await session.all(
            f"EXPLAIN {releases._UNATTENDED}",
            session.tenant,
            [apollo.id],
            at(10).start,
            ["confirmed"],
            None,
        )
        return "\n".join(row[0] for row in rows)

    plan = await office.db.read(work)
    assert "Seq Scan" not in plan.replace("Seq Scan on events", ""), plan


# -- taking it back ----------------------------------------------------------------------------------------------------


async def test_a_released_room_is_taken_back_while_it_is_free(office: Office, apollo: Room) -> None:
    booked = await released(office, apollo)

    done = await office.presence.take_back(booked.id, by=office.ana, key="mine")

    assert (done.after.status, done.after.slot, done.after.checked_in_at) == (
        Status.CHECKED_IN,
        booked.slot,
        office.clock.now(),
    )
    assert await office.presence.take_back(booked.id, by=office.ana, key="mine") == done
    assert (await office.presence.take_back(booked.id, by=office.ana)).after == done.after
    assert await release_at(office, booked.start + 30 * MINUTE) == 0
    assert await checks.violations(office.db) == []


async def test_a_released_room_that_somebody_else_took_is_refused_with_others_for_the_rest(
    office: Office, apollo: Room
) -> None:
    booked = await released(office, apollo)
    zeus = await office.room("Zeus", seats=4)
    await office.book(apollo, Slot(start=booked.start + 15 * MINUTE, end=booked.end), by=office.bob)

    with pytest.raises(errors.SlotTaken, match="given to somebody else") as refused:
        await office.presence.take_back(booked.id, by=office.ana)

    offer = refused.value.alternatives[0]
    assert (offer.room.id, offer.slot) == (zeus.id, Slot(start=booked.start + 10 * MINUTE, end=booked.end))
    assert await status_of(office, booked) is Status.RELEASED


async def test_only_who_attends_takes_back_and_only_what_was_released_and_is_not_over(office: Office, apollo: Room) -> None:
    booked = await released(office, apollo)
    other = await office.book(apollo, at(14))
    await office.bookings.cancel(other.id, by=office.ana)
    with pytest.raises(errors.NotAttending):
        await office.presence.take_back(booked.id, by=office.bob)
    with pytest.raises(errors.NotActive):
        await office.presence.take_back(other.id, by=office.ana)
    office.clock.set(booked.end)
    with pytest.raises(errors.NotActive):
        await office.presence.take_back(booked.id, by=office.ana)


async def test_undoing_a_release_is_being_there(office: Office, apollo: Room) -> None:
    booked = await released(office, apollo)
    undone = (await office.bookings.undo(booked.id, version=booked.version, by=office.ana)).after
    assert (undone.status, undone.checked_in_at) == (Status.CHECKED_IN, office.clock.now())
    assert await Releases(office.db, office.catalogues).release(booked.start + 30 * MINUTE) == 0
