"""What the application's and the worker's role may see and do: their tenant, nothing else, and no rewriting of history."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from core import schema
from core.db import DEFAULT_TENANT
from core.models import Booking, Wish
from tests.core.office import MONDAY, Office, at, opened

OTHER = UUID("00000000-0000-7000-8000-000000000002")


@asynccontextmanager
async def connected(url: str, tenant: UUID | None) -> AsyncIterator[asyncpg.Connection]:
    settings = {"app.tenant": str(tenant)} if tenant else {}
    connection = await asyncpg.connect(url, server_settings=settings)
    try:
        yield connection
    finally:
        await connection.close()


_NOTICES = """
INSERT INTO waiting (tenant_id, id, person_id, start_time, end_time, status)
    SELECT tenant_id, gen_random_uuid(), booked_by, start_time, end_time, 'waiting' FROM bookings;
INSERT INTO subscriptions (tenant_id, id, team_id, channel_id, kinds, zone, created_by)
    SELECT tenant_id, gen_random_uuid(), 'T1', 'C1', '{booked}', 'UTC', booked_by FROM bookings;
INSERT INTO cards (tenant_id, id, booking_id, team_id, channel_id, wanted_version, due_at)
    SELECT tenant_id, gen_random_uuid(), id, 'T1', 'C1', 1, now() FROM bookings;
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, person_id, due_at)
    SELECT tenant_id, gen_random_uuid(), 'k', 'reminder', 'T1', booked_by, now() FROM bookings;
INSERT INTO open_views (tenant_id, view_id, kind, person_id, team_id, seen_at)
    SELECT tenant_id, 'V1', 'home', booked_by, 'T1', now() FROM bookings
"""

_OFFICE = """
INSERT INTO groups (tenant_id, id, name) SELECT tenant_id, gen_random_uuid(), 'design' FROM bookings;
INSERT INTO group_members (tenant_id, group_id, person_id)
    SELECT g.tenant_id, g.id, b.booked_by FROM groups g, bookings b;
INSERT INTO rights (tenant_id, id, granted) SELECT tenant_id, gen_random_uuid(), 'book' FROM bookings;
INSERT INTO holidays (tenant_id, id, location_id, on_date, name, closed)
    SELECT tenant_id, gen_random_uuid(), id, '2026-12-24', 'Party', true FROM locations;
INSERT INTO closures (tenant_id, id, start_time, end_time)
    SELECT tenant_id, gen_random_uuid(), end_time + interval '1 year', end_time + interval '2 years' FROM bookings;
INSERT INTO quotas (tenant_id, id, measure, period, most)
    SELECT tenant_id, gen_random_uuid(), 'count', 'day', 100 FROM bookings;
INSERT INTO series (tenant_id, id, booked_by, room_id, zone, first_on, clock, minutes, rule)
    SELECT tenant_id, gen_random_uuid(), booked_by, room_id, 'UTC', '2026-11-24', '10:00', 30, 'FREQ=WEEKLY' FROM bookings;
INSERT INTO approvals (tenant_id, id, booking_id, asked_at, expires_at, decision, decided_at)
    SELECT tenant_id, gen_random_uuid(), id, now(), now(), 'approved', now() FROM bookings;
INSERT INTO rooms (tenant_id, id, location_id, name, capacity)
    SELECT tenant_id, gen_random_uuid(), location_id, 'Hall', 90 FROM rooms;
INSERT INTO room_parts (tenant_id, whole_id, part_id)
    SELECT a.tenant_id, h.id, a.id FROM rooms a, rooms h WHERE a.name = 'Apollo' AND h.name = 'Hall';
INSERT INTO equipment (tenant_id, id, location_id, name, quantity)
    SELECT tenant_id, gen_random_uuid(), id, 'projector', 2 FROM locations;
INSERT INTO equipment_claims (tenant_id, booking_id, equipment_id, quantity, start_time, end_time)
    SELECT b.tenant_id, b.id, e.id, 1, b.start_time, b.end_time FROM bookings b, equipment e;
INSERT INTO proposals (tenant_id, id, booking_id, booking_version, status, answer_by)
    SELECT tenant_id, gen_random_uuid(), id, 1, 'declined', now() FROM bookings;
INSERT INTO changes (tenant_id, id, subject, action, actor_name, surface)
    SELECT tenant_id, gen_random_uuid(), 'room', 'added', 'Ana', 'cli' FROM bookings;
INSERT INTO searches (tenant_id, id, surface, start_time, end_time, attendees_count, lacking, made_at)
    SELECT tenant_id, gen_random_uuid(), 'slack', start_time, end_time, 4, 'taken', now() FROM bookings;
INSERT INTO workspace (tenant_id) SELECT tenant_id FROM bookings;
INSERT INTO bookings_archive (tenant_id, id, room_id, booked_by, start_time, end_time, attendees_count, status, private,
        created_at, updated_at, version)
    SELECT tenant_id, gen_random_uuid(), room_id, booked_by, '2026-01-05 10:00Z', '2026-01-05 11:00Z', 1, 'ended', false,
        '2026-01-05', '2026-01-05', 1 FROM bookings
"""
_OUTSIDE = """
INSERT INTO tokens (tenant_id, id, person_id, kind, name, digest, scopes)
    SELECT tenant_id, gen_random_uuid(), booked_by, 'personal', 'a script', 'd', '{read}' FROM bookings;
INSERT INTO webhooks (tenant_id, id, url, secret, transaction, number)
    SELECT tenant_id, gen_random_uuid(), 'https://example.com/', 's', '0', 0 FROM bookings;
INSERT INTO webhook_deliveries (tenant_id, id, webhook_id, event_id, kind, body, due_at)
    SELECT tenant_id, gen_random_uuid(), id, gen_random_uuid(), 'booked', '{}', now() FROM webhooks;
INSERT INTO feeds (tenant_id, id, person_id, token) SELECT tenant_id, gen_random_uuid(), booked_by, 't' FROM bookings
"""
# A second room of a booking needs its own claim, which no statement of SQL alone makes: the row is enough here.
_SECOND_ROOM = """
INSERT INTO booking_rooms (tenant_id, booking_id, room_id)
    SELECT b.tenant_id, b.id, r.id FROM bookings b, rooms r WHERE r.name = 'Hall'
"""


async def everywhere(office: Office) -> Booking:
    """Put a row into every table of the tenant."""
    room = await office.room("Apollo", has=["tv"])
    wish = Wish(slot=at(10), room_id=room.id, invitees=(office.bob.person_id,))
    booking = await office.bookings.book(wish, by=office.ana, key="a key")
    await office.people.make_admin("T1", "Uana")
    await office.people.team("T1")
    await office.damage(
        f"INSERT INTO policies (tenant_id, id, horizon_days) VALUES ('{DEFAULT_TENANT}', gen_random_uuid(), 30)"
    )
    for statements in (_NOTICES, _OFFICE, _OUTSIDE, _SECOND_ROOM):
        await office.damage(statements)
    return booking


async def second_tenant(office: Office) -> None:
    await office.damage(f"INSERT INTO tenants (id, name) VALUES ('{OTHER}', 'other')")


@pytest.mark.parametrize("role", ["app_url", "worker_url"])
async def test_another_tenants_rows_are_not_seen_in_any_table(office: Office, role: str):
    await everywhere(office)
    await second_tenant(office)

    async with connected(getattr(office.urls, role), DEFAULT_TENANT) as own:
        for table in schema.TENANT_TABLES:
            assert await own.fetchval(f"SELECT count(*) FROM {table}") > 0, table
    async with connected(getattr(office.urls, role), OTHER) as other:
        for table in schema.TENANT_TABLES:
            assert await other.fetchval(f"SELECT count(*) FROM {table}") == 0, table


@pytest.mark.parametrize("role", ["app_url", "worker_url"])
async def test_without_a_tenant_nothing_is_seen_or_written(office: Office, role: str):
    await everywhere(office)

    async with connected(getattr(office.urls, role), None) as nobody:
        for table in ("tenants", *schema.TENANT_TABLES):
            assert await nobody.fetchval(f"SELECT count(*) FROM {table}") == 0, table
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await nobody.execute(
                "INSERT INTO locations (tenant_id, id, name, zone) VALUES ($1, gen_random_uuid(), 'X', 'UTC')",
                DEFAULT_TENANT,
            )


async def test_a_tenant_that_was_set_for_one_transaction_is_gone_after_it(office: Office):
    await everywhere(office)
    async with connected(office.urls.app_url, None) as connection:
        async with connection.transaction():
            await connection.execute("SELECT set_config('app.tenant', $1, true)", str(DEFAULT_TENANT))
            assert await connection.fetchval("SELECT count(*) FROM bookings") == 1
        assert await connection.fetchval("SELECT count(*) FROM bookings") == 0


async def test_rows_cannot_be_written_into_another_tenant(office: Office):
    await everywhere(office)
    await second_tenant(office)
    async with connected(office.urls.app_url, OTHER) as other:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await other.execute(
                "INSERT INTO locations (tenant_id, id, name, zone) VALUES ($1, gen_random_uuid(), 'X', 'UTC')",
                DEFAULT_TENANT,
            )
        assert await other.execute("UPDATE rooms SET capacity = 1") == "UPDATE 0"
        assert await other.execute("DELETE FROM room_claims") == "DELETE 0"


async def test_a_row_cannot_refer_to_another_tenants_room(office: Office):
    room = await office.room("Apollo")
    await second_tenant(office)
    async with connected(office.urls.app_url, OTHER) as other:
        with pytest.raises(asyncpg.ForeignKeyViolationError) as refusal:
            await other.execute(
                "INSERT INTO room_claims (tenant_id, id, room_id, kind, start_time, end_time)"
                " VALUES ($1, gen_random_uuid(), $2, 'block', $3, $4)",
                OTHER,
                room.id,
                MONDAY,
                MONDAY + timedelta(hours=1),
            )
    assert refusal.value.constraint_name == "room_claims_room_id_fkey"


# What is kept for so many months, and no longer, is removed by the worker alone.
TIDIED_UP = [
    *("DELETE FROM bookings", "DELETE FROM events", "DELETE FROM changes"),
    *("SELECT make_archive_month('2030-01-01')", "SELECT drop_archive_month('2030-01-01', '2040-01-01')"),
]


@pytest.mark.parametrize("statement", TIDIED_UP)
async def test_the_application_does_not_tidy_up(office: Office, statement: str):
    await everywhere(office)
    async with connected(office.urls.app_url, DEFAULT_TENANT) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


@pytest.mark.parametrize("role", ["app_url", "worker_url"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET kind = 'booked'",
        "UPDATE changes SET after = NULL",
        "SELECT FROM bookings_archive_rest",
        "DELETE FROM rooms",
        "DELETE FROM people",
        "INSERT INTO tenants (id, name) VALUES (gen_random_uuid(), 'more')",
        "TRUNCATE bookings CASCADE",
        "ALTER TABLE room_claims DROP CONSTRAINT room_claims_no_overlap",
        "ALTER TABLE bookings DISABLE ROW LEVEL SECURITY",
        "SET ROLE bookroom_owner",
        "SET session_replication_role = replica",
    ],
)
async def test_history_and_safeguards_are_out_of_reach(office: Office, role: str, statement: str):
    await everywhere(office)
    async with connected(getattr(office.urls, role), DEFAULT_TENANT) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_a_login_of_the_owner_steps_down_to_the_applications_role(database):
    async with opened(database, url=database.owner_url) as office:
        role = await office.db.read(lambda session: session.value("SELECT current_user"))
        assert role == "bookroom_app"
        assert (await office.book(await office.room("Apollo"), at(10))).version == 1


async def test_two_tenants_may_hold_rooms_of_the_same_name_at_the_same_time(office: Office):
    await everywhere(office)
    await second_tenant(office)
    async with opened(office.urls, tenant=OTHER) as neighbours:
        booking = await neighbours.book(await neighbours.room("Apollo"), at(10))
        assert [b.id for b in await neighbours.bookings.mine(neighbours.ana)] == [booking.id]
        assert (await neighbours.catalogues.current()).rooms == (booking.room,)


async def test_the_applications_timeouts_are_under_three_seconds(office: Office):
    rows = await office.db.read(
        lambda session: session.all("SELECT name, setting::int AS ms FROM pg_settings WHERE name LIKE '%timeout'")
    )
    settings = {row["name"]: row["ms"] for row in rows}
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        assert 0 < settings[name] < 3000, name
