"""What the database refuses by itself, whoever asks: tried past the core, with SQL of the application's role."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from core import checks, errors
from core.db import DEFAULT_TENANT, WriteSession
from core.ids import new_id
from core.models import Booking, Change, Room
from core.rooms import RoomRow, Rooms
from tests.core.office import Office, at
from tests.core.test_roles import connected


async def refused(office: Office, *statements: str, values: tuple[object, ...] = ()) -> str | None:
    """Run the statements in one transaction of the application's role; return the constraint that refused them."""
    async with connected(office.urls.app_url, DEFAULT_TENANT) as connection:
        try:
            async with connection.transaction():
                for statement in statements:
                    await connection.execute(statement, *values)
        except asyncpg.PostgresError as error:
            return error.constraint_name
    return None


async def bare_booking(office: Office, room: Room, **columns: object) -> str | None:
    """Insert a booking without a claim; return the constraint that refused it."""
    row = {
        "tenant_id": DEFAULT_TENANT,
        "id": new_id(),
        "room_id": room.id,
        "booked_by": office.ana.person_id,
        "start_time": at(10).start,
        "end_time": at(10).end,
        "status": "confirmed",
        **columns,
    }
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    return await refused(office, f"INSERT INTO bookings ({', '.join(row)}) VALUES ({places})", values=tuple(row.values()))


async def test_a_booking_that_holds_a_room_is_not_committed_without_a_claim(office: Office):
    assert await bare_booking(office, await office.room("Apollo")) == "bookings_claims_cover"


async def test_a_booking_that_holds_nothing_needs_no_claim(office: Office):
    assert await bare_booking(office, await office.room("Apollo"), status="cancelled") is None


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"end_time": at(10).start}, "bookings_end_after_start"),
        ({"attendees_count": 0}, "bookings_attendees_positive"),
        ({"title": "x" * 201}, "bookings_title_length"),
        ({"status": "perhaps"}, "bookings_status_known"),
        ({"attendees_count": 5}, "bookings_attendees_within_capacity"),
        ({"room_id": new_id()}, "bookings_room_id_fkey"),
        ({"booked_by": new_id()}, "bookings_booked_by_fkey"),
    ],
)
async def test_a_booking_that_makes_no_sense_is_refused_by_name(office: Office, columns, constraint):
    assert await bare_booking(office, await office.room("Apollo", seats=4), **columns) == constraint


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM room_claims",
        "UPDATE room_claims SET start_time = start_time + interval '1 minute'",
        "UPDATE room_claims SET kind = 'block', booking_id = NULL",
        "UPDATE bookings SET end_time = end_time + interval '1 minute'",
        "UPDATE bookings SET start_time = start_time - interval '1 minute'",
    ],
)
async def test_a_claim_cannot_go_from_under_its_booking(office: Office, statement: str):
    await office.book(await office.room("Apollo"), at(10))
    assert await refused(office, statement) == "bookings_claims_cover"


async def test_a_booking_cannot_walk_into_a_room_that_it_has_not_claimed(office: Office):
    await office.book(await office.room("Apollo"), at(10))
    zeus = await office.room("Zeus")
    assert await refused(office, f"UPDATE bookings SET room_id = '{zeus.id}'") == "bookings_claims_cover"


async def test_claim_and_booking_may_part_for_a_moment_inside_one_transaction(office: Office):
    await office.book(await office.room("Apollo"), at(10))
    moved = "interval '2 hours'"
    assert (
        await refused(
            office,
            f"UPDATE bookings SET start_time = start_time + {moved}, end_time = end_time + {moved}",
            f"UPDATE room_claims SET start_time = start_time + {moved}, end_time = end_time + {moved}",
        )
        is None
    )


async def test_overlapping_claims_of_one_room_are_refused_whatever_their_kind(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, at(10))
    block = (
        "INSERT INTO room_claims (tenant_id, id, room_id, kind, start_time, end_time)"
        " VALUES ($1, gen_random_uuid(), $2, 'block', $3, $4)"
    )
    inside, after = at(10.5, 5), at(11)
    assert (
        await refused(office, block, values=(DEFAULT_TENANT, apollo.id, inside.start, inside.end))
        == "room_claims_no_overlap"
    )
    assert await refused(office, block, values=(DEFAULT_TENANT, apollo.id, after.start, after.end)) is None


async def test_an_inactive_room_takes_no_booking_even_past_the_core(office: Office):
    assert await bare_booking(office, await office.room("Cellar", active=False)) == "bookings_room_active"


async def test_a_booking_keeps_its_room_when_that_is_taken_out_of_use_and_its_title_can_still_change(office: Office):
    apollo = await office.room("Apollo")
    booking = await office.book(apollo, at(10), attendees_count=2)
    await set_room(office, active=False)

    changed = await office.bookings.change(
        booking.id, Change(title="Last one", attendees_count=1), version=1, by=office.boss
    )
    assert (changed.after.title, changed.after.attendees_count) == ("Last one", 1)


async def set_room(office: Office, **columns: object) -> None:
    async def work(session: WriteSession) -> None:
        for name, value in columns.items():
            await session.run(f"UPDATE rooms SET {name} = $2 WHERE tenant_id = $1", session.tenant, value)

    await office.db.write(work, repeatable=True)


async def test_a_room_cannot_shrink_below_a_meeting_ahead(office: Office):
    await office.book(await office.room("Apollo", seats=8), at(10), attendees_count=6)
    assert await refused(office, "UPDATE rooms SET capacity = 5") == "rooms_capacity_covers_bookings"
    assert await refused(office, "UPDATE rooms SET capacity = 6") is None


async def test_a_room_may_shrink_below_meetings_that_are_over_or_cancelled(office: Office):
    apollo = await office.room("Apollo", seats=8)
    cancelled = await office.book(apollo, at(10), attendees_count=8)
    await office.bookings.cancel(cancelled.id, by=office.ana)
    past = await office.book(apollo, at(10), attendees_count=8)
    hours = timedelta(days=365 * 20)
    await office.damage(
        f"UPDATE bookings SET start_time = start_time - interval '{hours.days} days',"
        f" end_time = end_time - interval '{hours.days} days' WHERE id = '{past.id}'"
    )

    assert await refused(office, "UPDATE rooms SET capacity = 1") is None


@pytest.mark.race
async def test_no_meeting_slips_into_a_room_while_it_shrinks(office: Office):
    rooms = [await office.room(f"Room {number}", seats=8) for number in range(20)]
    importing = Rooms(office.db, office.catalogues)
    outcomes: dict[str, int] = {}

    async def shrink() -> str:
        rows = [RoomRow(name=room.name, location="Berlin", capacity=4) for room in rooms]
        try:
            await importing.import_rows(rows)
        except errors.InvalidImport:
            return "kept"
        return "shrunk"

    async def book(room: Room) -> str:
        try:
            await office.book(room, at(10), attendees_count=8)
        except errors.TooManyAttendees:
            return "refused"
        return "booked"

    for outcome in await asyncio.gather(
        *(book(room) for room in rooms[:10]), shrink(), *(book(room) for room in rooms[10:])
    ):
        outcomes[outcome] = outcomes.get(outcome, 0) + 1

    assert await checks.violations(office.db) == []
    expected = {"kept": 1, "booked": 20} if "kept" in outcomes else {"shrunk": 1, "refused": 20}
    assert outcomes == expected


@pytest.mark.race
async def test_a_booking_under_way_and_a_shrinking_room_wait_for_each_other(office: Office):
    apollo = await office.room("Apollo", seats=8)
    for _ in range(10):
        booking, shrunk = await one_round(office, apollo)
        assert bool(booking) != shrunk
        if booking:
            await office.bookings.cancel(booking.id, by=office.ana)
        await set_room(office, capacity=8)
        assert await checks.violations(office.db) == []


async def one_round(office: Office, room: Room) -> tuple[Booking | None, bool]:
    """Shrink by plain SQL, which takes the room first as the import does, against a booking for eight."""

    async def shrink(session: WriteSession) -> None:
        await session.all("SELECT FROM rooms WHERE id = $1 FOR UPDATE", room.id)
        await session.run("UPDATE rooms SET capacity = 4 WHERE id = $1", room.id)

    async def book() -> Booking | None:
        try:
            return await office.book(room, at(10), attendees_count=8)
        except errors.TooManyAttendees:
            return None

    async def shrunk() -> bool:
        try:
            await office.db.write(shrink, repeatable=True)
        except errors.InvalidImport:
            return False
        return True

    return await asyncio.gather(book(), shrunk())
