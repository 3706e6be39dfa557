"""How the application's role finds things among many: by indexes on plain columns, never by reading a whole table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from core import claims, offers, store
from core.db import DEFAULT_TENANT, ReadSession
from core.ids import new_id
from core.models import Booking, Slot
from tests.core.office import MONDAY, Office, at
from tests.core.test_roles import connected

ROOMS, DAYS = 100, 25


async def filled(office: Office) -> None:
    """Put 20,000 bookings with claims into 100 rooms: eight a day in each."""
    await office.room("Room 0")
    await office.damage(f"""
        INSERT INTO rooms (tenant_id, id, location_id, name, capacity)
            SELECT tenant_id, gen_random_uuid(), location_id, 'Room ' || n, 4 FROM rooms, generate_series(1, {ROOMS - 1}) n;
        INSERT INTO bookings (tenant_id, id, room_id, booked_by, start_time, end_time, status)
            SELECT r.tenant_id, gen_random_uuid(), r.id, p.id, at, at + interval '50 minutes', 'confirmed'
            FROM rooms r, (SELECT id FROM people WHERE name = 'bob') p,
                generate_series(0, {DAYS - 1}) d, generate_series(9, 16) h,
                LATERAL (SELECT timestamptz '2040-03-05 00:00Z' + d * interval '1 day' + h * interval '1 hour' AS at) t;
        INSERT INTO room_claims (tenant_id, id, room_id, kind, booking_id, start_time, end_time)
            SELECT tenant_id, gen_random_uuid(), room_id, 'booking', id, start_time, end_time FROM bookings;
        ANALYZE;
    """)
    office.catalogues.forget()


class Explaining:
    """Stands in for a session: keeps the statement that a query of the core sends, and answers with nothing."""

    tenant = DEFAULT_TENANT

    def __init__(self) -> None:
        self.sent: list[tuple[str, tuple[object, ...]]] = []

    async def all(self, sql: str, *values: object) -> list[Any]:
        self.sent.append((sql, values))
        return []


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


async def explained(office: Office, sql: str, values: tuple[object, ...]) -> list[dict[str, Any]]:
    async with connected(office.urls.app_url, DEFAULT_TENANT) as connection:
        assert await connection.fetchval("SELECT current_user") == "bookroom_app"
        text = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values)
    return list(nodes(json.loads(text)[0]["Plan"]))


def rows_read(plan: list[dict[str, Any]], table: str) -> int:
    """Return how many rows of a table a plan looked at, those that it threw away included."""
    scans = [node for node in plan if node.get("Relation Name") == table]
    assert scans, f"{table} is not read at all"
    assert {node["Node Type"] for node in scans} <= {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"}, scans
    return sum(round((n["Actual Rows"] + n.get("Rows Removed by Filter", 0)) * n["Actual Loops"]) for n in scans)


async def the_one_statement(asking: Any) -> tuple[str, tuple[object, ...]]:
    session = Explaining()
    await asking(session)
    (sent,) = session.sent
    return sent


async def test_finding_what_is_busy_reads_one_claim_for_each_room(office: Office):
    await filled(office)
    rooms = (await office.catalogues.current()).rooms
    sql, values = await the_one_statement(lambda s: claims.busy_rooms(s, rooms, at(12, 60, days=12), now=MONDAY))
    plan = await explained(office, sql, values)
    assert rows_read(plan, "room_claims") == ROOMS


async def test_finding_what_comes_next_reads_one_claim_for_each_room(office: Office):
    await filled(office)
    rooms = (await office.catalogues.current()).rooms
    sql, values = await the_one_statement(lambda s: claims.next_starts(s, rooms, at(12, 24 * 60, days=12), now=MONDAY))
    assert rows_read(await explained(office, sql, values), "room_claims") == ROOMS


async def test_the_claims_around_a_time_are_read_without_those_long_before(office: Office):
    await filled(office)
    rooms = (await office.catalogues.current()).rooms[:20]
    sql, values = await the_one_statement(lambda s: claims.held(s, rooms, at(0, 72 * 60, days=20), now=MONDAY))
    # Three days of eight claims, the one under way when they begin, and the look for that one.
    assert rows_read(await explained(office, sql, values), "room_claims") <= 20 * (3 * 8 + 2)


async def test_ones_own_list_reads_ones_own(office: Office):
    await filled(office)
    catalogue = await office.catalogues.current()
    await office.book(catalogue.rooms[0], at(20))

    async def asking(session: ReadSession) -> tuple[Booking, ...]:
        return await store.upcoming(session, office.ana.person_id, catalogue, now=at(0).start, limit=20, offset=0)

    sql, values = await the_one_statement(asking)
    assert rows_read(await explained(office, sql, values), "bookings") <= 5


@pytest.mark.parametrize("days", [0, 20])
async def test_a_rooms_day_is_read_by_the_rooms_index(office: Office, days: int):
    await filled(office)
    catalogue = await office.catalogues.current()
    window = Slot(start=at(0, days=days).start, end=at(24, days=days).start)

    async def asking(session: ReadSession) -> tuple[Booking, ...]:
        return await store.in_window(session, [catalogue.rooms[0].id], window, catalogue)

    sql, values = await the_one_statement(asking)
    # Of one room, and nothing of the other ninety-nine.
    assert rows_read(await explained(office, sql, values), "bookings") <= DAYS * 8


async def test_the_claims_of_a_booking_are_found_by_its_id(office: Office):
    await filled(office)
    plan = await explained(
        office, "SELECT id FROM room_claims WHERE tenant_id = $1 AND booking_id = ANY($2)", (DEFAULT_TENANT, [new_id()])
    )
    assert rows_read(plan, "room_claims") == 0


async def test_giving_back_what_nobody_waits_for_reads_one_index_once(office: Office):
    await filled(office)
    await office.damage(
        "INSERT INTO waiting (tenant_id, id, person_id, room_id, start_time, end_time, status)"
        " SELECT b.tenant_id, gen_random_uuid(), b.booked_by, b.room_id, b.start_time, b.end_time, 'waiting' FROM bookings b"
        " WHERE b.start_time > '2040-03-12'; ANALYZE"
    )
    catalogue = await office.catalogues.current()
    room = catalogue.rooms[0]

    sql, values = await the_one_statement(
        lambda s: offers.hold_lines(s, [(room, at(12, 50, days=1))], catalogue=catalogue, now=MONDAY)
    )
    plan = await explained(office, sql, values)

    assert rows_read(plan, "waiting") == 0
