"""What looking for due notices reads among 10,000 bookings, as the worker's role: what is due, found by indexes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from core import roles, watching
from core.catalogue import Catalogues
from core.db import DEFAULT_TENANT, Database
from core.digests import Digests
from core.ids import new_id
from core.models import Slot
from core.outbox import Outbox
from core.planning import Planning
from core.reminders import Reminders
from core.watching import Watching
from tests.core.office import Office, at
from tests.core.test_plans import nodes
from tests.core.test_roles import connected

ROOMS, PEOPLE = 100, 2000
NIGHT = at(3, days=12).start
BIG = ("bookings", "attendees", "people", "events", "deliveries", "cards", "open_views")
INDEXED = {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"}


async def filled(office: Office) -> None:
    """Put 10,000 bookings with three attendees each into 100 rooms over 25 days, told and reminded of so far."""
    await office.room("Room 0")
    await office.damage(f"""
        INSERT INTO rooms (tenant_id, id, location_id, name, capacity)
            SELECT tenant_id, gen_random_uuid(), location_id, 'Room ' || n, 9 FROM rooms, generate_series(1, {ROOMS - 1}) n;
        INSERT INTO people (tenant_id, id, slack_team_id, slack_user_id, name)
            SELECT '{DEFAULT_TENANT}', gen_random_uuid(), 'T1', 'U' || n, 'p' || n FROM generate_series(1, {PEOPLE}) n;
        UPDATE people SET reminder_minutes = '{{30,10}}' WHERE name LIKE 'p%7';
        UPDATE people SET digest_at = '08:00' WHERE name LIKE 'p%3';
        CREATE TEMP TABLE numbered AS SELECT id, row_number() OVER (ORDER BY id) AS n FROM people WHERE name LIKE 'p%';
        INSERT INTO bookings (tenant_id, id, room_id, booked_by, start_time, end_time, status)
            SELECT '{DEFAULT_TENANT}', gen_random_uuid(), r.id, p.id, at, at + interval '50 minutes',
                CASE WHEN at < '{NIGHT.isoformat()}' THEN 'ended' ELSE 'confirmed' END
            FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM rooms) r, generate_series(0, 24) d,
                generate_series(9, 12) h,
                LATERAL (SELECT timestamptz '2040-03-05 00:00Z' + d * interval '1 day' + h * interval '1 hour' AS at) t,
                LATERAL (SELECT id FROM numbered WHERE n = 1 + (r.n * 7 + d * 11 + h) % {PEOPLE}) p;
        INSERT INTO attendees (tenant_id, booking_id, person_id)
            SELECT DISTINCT b.tenant_id, b.id, q.id FROM bookings b JOIN numbered p ON p.id = b.booked_by,
                generate_series(1, 3) k, LATERAL (SELECT id FROM numbered WHERE n = 1 + (p.n * 3 + k * 17) % {PEOPLE}) q;
        INSERT INTO events (tenant_id, id, kind, booking_id, booking_version, actor_id, surface, after,
            happened_at, transaction)
            SELECT tenant_id, gen_random_uuid(), 'booked', id, 1, booked_by, 'slack',
                jsonb_build_object('start', start_time, 'end', end_time, 'booked_by', booked_by, 'attendees', '[]'::jsonb),
                '2040-03-01', (3 + row_number() OVER () % 500)::text::xid8 FROM bookings;
        INSERT INTO deliveries (tenant_id, id, key, kind, team_id, booking_id, person_id, about, due_at, status, done_at,
            channel_id, ts)
            SELECT tenant_id, gen_random_uuid(), 'reminder:' || id, 'reminder', 'T1', id, booked_by,
                jsonb_build_object('start', start_time, 'minutes', 10), start_time, 'sent', start_time, 'D1', '1'
            FROM bookings WHERE status = 'ended';
        INSERT INTO cards (tenant_id, id, booking_id, team_id, channel_id, ts, first_version, wanted_version,
            rendered_version, due_at)
            SELECT tenant_id, gen_random_uuid(), id, 'T1', 'C1', '1', 1, 1, 1, start_time FROM bookings;
        INSERT INTO open_views (tenant_id, view_id, kind, person_id, team_id, seen_at)
            SELECT tenant_id, 'V' || id, 'home', id, 'T1', now() FROM people;
        INSERT INTO open_views (tenant_id, view_id, kind, person_id, team_id, seen_at, start_time, end_time)
            SELECT b.tenant_id, 'S' || b.id, 'search', booked_by, 'T1', now(), start_time, end_time
            FROM bookings b WHERE start_time < '2040-03-05 10:30Z';
        UPDATE event_readers SET transaction = '502', number = (SELECT max(number) FROM events WHERE transaction = '502');
    """)
    for table in BIG:
        await office.rows(f"VACUUM ANALYZE {table}")
    office.catalogues.forget()


class Noting:
    """Sends statements on and keeps them, to be explained afterwards."""

    def __init__(self, session: Any, sent: list[tuple[str, tuple[object, ...]]]) -> None:
        self._session, self._sent, self.tenant = session, sent, session.tenant

    async def all(self, sql: str, *values: object) -> Any:
        self._sent.append((sql, values))
        return await self._session.all(sql, *values)

    async def one(self, sql: str, *values: object) -> Any:
        self._sent.append((sql, values))
        return await self._session.one(sql, *values)

    async def value(self, sql: str, *values: object) -> Any:
        self._sent.append((sql, values))
        return await self._session.value(sql, *values)

    async def run(self, sql: str, *values: object) -> Any:
        self._sent.append((sql, values))
        return await self._session.run(sql, *values)


class NotingDatabase(Database):
    """A database of the worker's role that keeps what was sent."""

    sent: list[tuple[str, tuple[object, ...]]]

    async def read(self, work: Any) -> Any:
        return await super().read(lambda session: work(Noting(session, self.sent)))

    async def write(self, work: Any, *, repeatable: bool) -> Any:
        return await super().write(lambda session: work(Noting(session, self.sent)), repeatable=repeatable)


async def read_by(
    office: Office, job: Callable[[Database, Catalogues], Awaitable[object]], *, whole: tuple[str, ...] = ()
) -> dict[str, int]:
    """Run a job as the worker and return how many rows it read of each big table.

    All of them are found by indexes, but for tables of which so much is needed that they are read `whole`.
    """
    db = NotingDatabase(office.urls.worker_url, role=roles.WORKER, pool_size=1)
    db.sent = []
    try:
        catalogues = Catalogues(db)
        await catalogues.current()
        db.sent.clear()
        await job(db, catalogues)
    finally:
        await db.close()
    assert db.sent
    read: dict[str, int] = {}
    async with connected(office.urls.worker_url, DEFAULT_TENANT) as worker:
        assert await worker.fetchval("SELECT current_user") == "bookroom_worker"
        for sql, values in db.sent:
            async with worker.transaction():
                text = await worker.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values)
            for node in nodes(json.loads(text)[0]["Plan"]):
                table = node.get("Relation Name")
                if table in BIG and node["Node Type"] != "ModifyTable":
                    assert node["Node Type"] in INDEXED or table in whole, (table, sql)
                    rows = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
                    read[table] = read.get(table, 0) + round(rows)
    return read


async def test_when_nothing_is_due_the_jobs_read_next_to_nothing(office: Office):
    await filled(office)
    office.clock.set(NIGHT)

    async def all_jobs(db: Database, catalogues: Catalogues) -> None:
        outbox = Outbox(db, catalogues, office.clock)
        assert await Planning(db, catalogues, office.clock).plan(NIGHT) == 0
        assert await Reminders(db, catalogues, office.clock).plan(NIGHT) == 0
        assert await outbox.claim_cards(NIGHT) == await outbox.claim_deliveries(NIGHT) == ()
        assert await Watching(db).claim(NIGHT) == ()

    read = await read_by(office, all_jobs)
    # Of everybody with reminders of their own, how many minutes ahead they want them.
    assert read.pop("people") == PEOPLE // 10
    assert sum(read.values()) == 0


async def test_when_digests_are_not_due_only_those_who_want_one_are_looked_at(office: Office):
    await filled(office)
    office.clock.set(NIGHT)
    read = await read_by(office, lambda db, catalogues: Digests(db, catalogues, office.clock).plan(NIGHT))
    assert read["people"] <= 2 * PEOPLE // 10
    assert read.get("deliveries", 0) == 0


async def test_reminders_read_the_meetings_that_come_soon_and_no_others(office: Office):
    await filled(office)
    soon = at(9, days=12).start - timedelta(minutes=10)
    office.clock.set(soon)

    async def reminding(db: Database, catalogues: Catalogues) -> None:
        assert await Reminders(db, catalogues, office.clock).plan(soon) == ROOMS

    # Four hundred of two thousand people.
    read = await read_by(office, reminding, whole=("people",))
    # A hundred meetings begin in ten minutes, and are looked at for each of the two distances that people have.
    assert read["bookings"] <= 2 * ROOMS
    assert read["attendees"] <= 2 * 3 * ROOMS


async def test_marking_open_views_reads_those_of_the_people_and_the_time(office: Office):
    await filled(office)
    person = (await office.catalogues.current()) and await office.rows("SELECT id FROM people WHERE name = 'p1'")

    async def marking(db: Database, _: Catalogues) -> None:
        async def work(session: Any) -> None:
            spans = [(new_id(), Slot(start=at(9).start, end=at(10).start))]
            await watching.mark_stale(session, people=[person[0]["id"]], spans=spans, now=NIGHT)

        await db.write(work, repeatable=True)

    read = await read_by(office, marking)
    # Some more where a row that was just changed is met again.
    assert read["open_views"] <= 10 + 2 * ROOMS


async def test_the_feed_is_read_from_where_one_stopped(office: Office):
    await filled(office)
    await office.book((await office.catalogues.current()).rooms[0], at(20))

    read = await read_by(office, lambda db, catalogues: Planning(db, catalogues, office.clock).plan(at(8).start))
    assert read["events"] == 1  # by now there is no other news
