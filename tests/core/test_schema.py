"""The migrations make exactly what `core.schema` says, and unmake it; one head, named as its file is."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

import migrations
from core import schema
from core.models import Wish
from tests.core.furnished import hall, lendable
from tests.core.office import at, opened

# What the catalogs hold about everything in a database's public schema, except where it lies.
ALL_THERE_IS = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
            a.attcollation::regcollation::text, pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, contype::text, condeferrable, condeferred, convalidated,
            pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    """,
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": """
        SELECT tgrelid::regclass::text, tgname, tgenabled, tgdeferrable, tginitdeferred, pg_get_triggerdef(oid)
        FROM pg_trigger WHERE NOT tgisinternal
    """,
    "functions": """
        SELECT p.proname, pg_get_functiondef(p.oid), p.proacl::text FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
    """,
    "policies": "SELECT tablename, policyname, permissive, roles, cmd, qual, with_check FROM pg_policies",
    "grants": """
        SELECT table_name, grantee, privilege_type, is_grantable FROM information_schema.role_table_grants
        WHERE table_schema = 'public'
    """,
    "column grants": """
        SELECT c.relname, a.attname, a.attacl::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND a.attacl IS NOT NULL
    """,
    "sequences": "SELECT sequencename, data_type::text, start_value, increment_by FROM pg_sequences",
    "row-level security": """
        SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    """,
}

Description = dict[str, set[tuple[Any, ...]]]


async def described(url: str, *, but: str = "alembic_version") -> Description:
    """Return what is in a database, the migrations' own table left out."""
    connection = await asyncpg.connect(url)
    try:
        found = {name: await connection.fetch(sql) for name, sql in ALL_THERE_IS.items()}
    finally:
        await connection.close()
    return {
        name: {
            tuple(tuple(v) if isinstance(v, list) else v for v in row.values()) for row in rows if but not in row.values()
        }
        for name, rows in found.items()
    }


async def create_afresh(url: str) -> None:
    engine = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(schema.metadata.create_all)
            for statement in schema.CODE:
                await connection.execute(text(statement))
    finally:
        await engine.dispose()


async def migrated(url: str, revision: str = "head") -> None:
    await asyncio.to_thread(migrations.upgrade, url, revision)


async def migrated_elsewhere(url: str) -> tuple[int | None, str]:
    """Migrate in a process of its own, as another replica would; return its exit code and complaints."""
    code = "import sys, migrations; migrations.upgrade(sys.argv[1])"
    root = Path(migrations.__file__).parents[1]
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, url, cwd=root, stderr=asyncio.subprocess.PIPE)
    _, complaints = await process.communicate()
    return process.returncode, complaints.decode()


async def taken_back(url: str, revision: str = "base") -> None:
    await asyncio.to_thread(migrations.downgrade, url, revision)


@pytest.mark.parametrize("part", ALL_THERE_IS)
async def test_migrated_equals_freshly_created(database: Any, empty_database: Any, part: str):
    await create_afresh(empty_database.owner_url)

    by_migrations, afresh = await described(database.owner_url), await described(empty_database.owner_url)

    assert by_migrations[part] - afresh[part] == set()
    assert afresh[part] - by_migrations[part] == set()
    assert by_migrations[part] or part == "column grants"


async def test_every_downgrade_leaves_nothing_and_can_be_climbed_again(database: Any):
    before = await described(database.owner_url)

    for revision in [script.down_revision or "base" for script in scripts().walk_revisions()]:
        await taken_back(database.owner_url, str(revision))
    left = await described(database.owner_url)
    await migrated(database.owner_url)

    assert {name: rows for name, rows in left.items() if rows} == {}
    assert await described(database.owner_url) == before


async def test_two_processes_may_migrate_at_once(empty_database: Any):
    outcomes = await asyncio.gather(*(migrated_elsewhere(empty_database.owner_url) for _ in range(2)))

    assert outcomes == [(0, ""), (0, "")]

    connection = await asyncpg.connect(empty_database.owner_url)
    try:
        assert await connection.fetchval("SELECT array_agg(version_num) FROM alembic_version") == [migrations.head()]
    finally:
        await connection.close()


def scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(migrations.configuration())


def test_there_is_one_head():
    assert len(scripts().get_heads()) == 1


def test_every_revision_is_named_as_its_file():
    assert [s.revision for s in scripts().walk_revisions()] == [Path(s.path).stem for s in scripts().walk_revisions()]


def test_revisions_are_numbered_without_gaps():
    numbers = sorted(int(script.revision[:4]) for script in scripts().walk_revisions())
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_table_of_a_tenant_leads_its_key_with_the_tenant():
    for name in schema.TENANT_TABLES:
        table = schema.metadata.tables[name]
        assert next(iter(table.primary_key.columns)).name == "tenant_id", name
    others = {*schema.OPERATOR_TABLES, *schema.COMMON_TABLES, "tenants"}
    assert {*schema.TENANT_TABLES, *others} == set(schema.metadata.tables)


async def test_a_migration_that_the_running_bot_sends_away_tries_again(empty_database: Any):
    await asyncio.to_thread(migrations.upgrade, empty_database.owner_url, "0001_core")
    bot, watcher = [await asyncpg.connect(empty_database.superuser_url) for _ in range(2)]
    try:
        await bot.execute("SET deadlock_timeout = '1h'")  # it is the migration that has to give way
        transaction = bot.transaction()
        await transaction.start()
        await bot.execute("LOCK TABLE events IN ROW EXCLUSIVE MODE")
        migrating = asyncio.create_task(asyncio.to_thread(migrations.upgrade, empty_database.owner_url))
        waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'events'::regclass)"
        while not await watcher.fetchval(waits):
            assert not migrating.done()
        # It holds the people and waits for the events; we hold the events and wait for the people.
        await bot.execute("SELECT FROM people")
        await transaction.rollback()
        await migrating
        assert await watcher.fetchval("SELECT version_num FROM alembic_version") == migrations.head()
    finally:
        await bot.close()
        await watcher.close()


async def test_going_back_gives_back_what_was_held_for_people_in_line(database: Any):
    async with opened(database) as office:
        apollo = await office.room("Apollo")
        booking = await office.book(apollo, at(12))
        await office.line.join(Wish(slot=at(12), room_id=apollo.id), by=office.bob)
        await office.bookings.cancel(booking.id, by=office.ana)
        assert await office.count("SELECT count(*) FROM room_claims WHERE kind = 'offer'") == 1
        await asyncio.to_thread(migrations.downgrade, database.owner_url, "0001_core")
        assert await office.count("SELECT count(*) FROM room_claims") == 0
    await asyncio.to_thread(migrations.upgrade, database.owner_url)


async def test_a_hall_that_was_booked_in_its_parts_stays_taken_when_the_earlier_version_comes_back(database: Any):
    async with opened(database) as office:
        whole, part, _ = await hall(office)
        booking = await office.book(whole, at(34))

    await taken_back(database.owner_url, "0002_notices")

    connection = await asyncpg.connect(database.superuser_url)
    try:
        held = await connection.fetch("SELECT room_id FROM room_claims WHERE booking_id = $1", booking.id)
        assert {row["room_id"] for row in held} > {whole.id, part.id}
        with pytest.raises(asyncpg.ExclusionViolationError):
            await connection.execute(
                "INSERT INTO room_claims (tenant_id, id, room_id, kind, start_time, end_time)"
                " SELECT tenant_id, gen_random_uuid(), $1, 'block', start_time, end_time FROM bookings",
                whole.id,
            )
    finally:
        await connection.close()
    await migrated(database.owner_url)


async def test_going_back_ends_the_wait_for_what_the_earlier_version_does_not_know(database: Any):
    async with opened(database) as office:
        apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
        projector = await lendable(office)
        wish = Wish(slot=at(12), room_id=apollo.id, more_room_ids=(zeus.id,), equipment=((projector.id, 1),))
        booking = await office.bookings.book(wish, by=office.ana)
        kept = await office.book(zeus, at(15), equipment=((projector.id, 2),))
        await office.line.join(wish, by=office.bob)
        await office.line.join(Wish(slot=at(15), room_id=zeus.id), by=office.bob)
        await office.bookings.cancel(booking.id, by=office.ana)
        assert await office.count("SELECT count(*) FROM room_claims WHERE kind = 'offer'") == 2

        await asyncio.to_thread(migrations.downgrade, database.owner_url, "0004_retention")

        assert [row["status"] for row in await office.rows("SELECT status FROM waiting ORDER BY start_time")] == [
            "over",
            "waiting",
        ]
        assert await office.count("SELECT count(*) FROM room_claims WHERE kind = 'offer'") == 0
        rows = await office.rows("SELECT booking_id, quantity FROM equipment_claims")
        assert [tuple(row.values()) for row in rows] == [(kept.id, 2)]
        await asyncio.to_thread(migrations.upgrade, database.owner_url)
        assert await office.bookings.get(kept.id) == kept
