"""No tenant reaches another's rows: tried for every table that the catalog has, so that a new one is tried as well."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from core import roles, schema
from core.db import DEFAULT_TENANT, Database
from core.scoped import NOBODY
from core.tenants import Tenants
from tests.core.office import at, opened
from tests.core.test_roles import OTHER, connected, everywhere, second_tenant

ROLES = ("app_url", "worker_url")
NOBODY_KNOWN = UUID("00000000-0000-7000-8000-00000000dead")
# Tables without rows of tenants, each with the reason why that is right.
JUDGED = {
    "alembic_version": "the version of the tables",
    "heartbeats": "one row that says which server this is",
    "tenants": "the directory: a tenant sees its own row",
    "tenant_log": "of operators, out of the roles' reach",
    "tenant_moves": "of operators, out of the roles' reach",
    "slack_installations": "looked up by the team before its tenant is known; its tokens are encrypted",
    "slack_bots": "looked up by the team before its tenant is known; its tokens are encrypted",
    "slack_oauth_states": "random words of installations under way, a few minutes old",
}
# What runs with the owner's rights, each with what keeps it from being a way around the policies.
DEFINERS = {
    "make_archive_month": "makes an empty month, and writes no rows",
    "drop_archive_month": "drops a month only where no other tenant has a row in it, and by the caller's own setting",
    "forget_in_history": "bound by the policies like its caller: every statement names the caller's tenant",
    "tenant_directory": "ids, short names and places of tenants, and nothing of theirs",
    "tenant_of_team": "the id of the tenant of a team, to whoever knows the team",
    "admit_team": "adds a team, never takes one away from a tenant",
    "tenant_of_token": "the id of the tenant of a token, to whoever knows the digest of a secret",
    "name_tenant": "a short name for a tenant that has none",
}

TABLES = """
SELECT c.oid, c.relname AS name, c.relrowsecurity AS secured, c.relforcerowsecurity AS forced,
    EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id') AS of_tenants
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY c.relname
"""
POLICIES = """
SELECT tablename AS table, cmd, roles, permissive, qual, with_check FROM pg_policies
WHERE schemaname = 'public' AND 'public' = ANY(roles)
"""
COLUMNS = """
SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""
KEYS = """
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
WHERE i.indrelid = $1::regclass AND i.indisprimary
"""
# Unique over all tenants: a copy for another tenant needs words of its own.
UNIQUE_TEXTS = {"team_id", "digest", "token", "door"}


@pytest.fixture
async def superuser(database: Any) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.superuser_url)
    try:
        yield connection
    finally:
        await connection.close()


async def tenant_tables(superuser: asyncpg.Connection) -> list[str]:
    return [row["name"] for row in await superuser.fetch(TABLES) if row["of_tenants"] and row["name"] not in JUDGED]


async def columns_of(superuser: asyncpg.Connection, table: str) -> list[str]:
    return [row["attname"] for row in await superuser.fetch(COLUMNS, table)]


async def furnish(database: Any, superuser: asyncpg.Connection) -> None:
    """Give both tenants a row in every table: the other's are copies, with the same ids."""
    async with opened(database) as office:
        await everywhere(office)
        await second_tenant(office)
    await superuser.execute("SET session_replication_role = replica")
    for table in await tenant_tables(superuser):
        columns = await columns_of(superuser, table)
        copied = ", ".join(
            f"'{OTHER}'" if name == "tenant_id" else f"\"{name}\" || '2'" if name in UNIQUE_TEXTS else f'"{name}"'
            for name in columns
        )
        listed = ", ".join(f'"{name}"' for name in columns)
        statement = f'INSERT INTO "{table}" ({listed}) OVERRIDING SYSTEM VALUE SELECT {copied} FROM "{table}"'
        assert await superuser.execute(f"{statement} WHERE tenant_id = '{DEFAULT_TENANT}'") != "INSERT 0 0", table
    await superuser.execute("SET session_replication_role = origin")


async def contents(superuser: asyncpg.Connection) -> dict[str, str]:
    """Return a digest of what each table holds."""
    tables = [row["name"] for row in await superuser.fetch(TABLES)]
    return {
        name: await superuser.fetchval(
            f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{name}\" t"
        )
        for name in tables
    }


async def refused(connection: asyncpg.Connection, statement: str, *values: object) -> bool:
    """Whether a statement reaches nothing: forbidden, or of no rows."""
    try:
        return (await connection.execute(statement, *values)).split()[-1] == "0"
    except (asyncpg.InsufficientPrivilegeError, asyncpg.FeatureNotSupportedError):
        return True


async def test_every_table_is_guarded_or_says_why_not(superuser: asyncpg.Connection):
    tables = {row["name"]: row for row in await superuser.fetch(TABLES)}
    policies = {row["table"]: row for row in await superuser.fetch(POLICIES)}
    unguarded = [name for name, row in tables.items() if name not in JUDGED and not row["of_tenants"]]
    assert unguarded == []
    for name in await tenant_tables(superuser):
        assert tables[name]["secured"], f"{name} has no row-level security"
        assert tables[name]["forced"], f"{name} does not bind its owner"
        policy = policies[name]
        assert (policy["cmd"], policy["permissive"]) == ("ALL", "PERMISSIVE"), name
        ours = "(tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::uuid)"
        assert policy["qual"] == policy["with_check"] == ours, name
    assert {*JUDGED, *await tenant_tables(superuser)} >= set(tables)


async def test_policies_for_everybody_are_one_for_each_table(superuser: asyncpg.Connection):
    found = [row["table"] for row in await superuser.fetch(POLICIES)]
    assert sorted(found) == sorted({*await tenant_tables(superuser), "tenants"})
    # Policies add up: what else there is concerns the owner alone.
    others = await superuser.fetch("SELECT DISTINCT unnest(roles) AS role FROM pg_policies WHERE NOT 'public' = ANY(roles)")
    assert [row["role"] for row in others] == [roles.OWNER]


@pytest.mark.parametrize("role", ROLES)
async def test_no_table_can_be_read_from_another_tenant(database: Any, superuser: asyncpg.Connection, role: str):
    await furnish(database, superuser)
    tables = await tenant_tables(superuser)
    for tenant in (OTHER, NOBODY_KNOWN, NOBODY, None):
        async with connected(getattr(database, role), tenant) as connection:
            for table in tables:
                theirs = f"SELECT count(*) FROM \"{table}\" WHERE tenant_id <> '{tenant or NOBODY}'"
                assert await connection.fetchval(theirs) == 0, table
                assert await refused(connection, f"SELECT FROM \"{table}\" WHERE tenant_id = '{DEFAULT_TENANT}' FOR UPDATE")
                copied = io.BytesIO()
                await connection.copy_from_query(f'SELECT * FROM "{table}"', output=copied)
                assert str(DEFAULT_TENANT).encode() not in copied.getvalue(), table
            assert await connection.fetch("SELECT FROM tenants WHERE id = $1", DEFAULT_TENANT) == []


@pytest.mark.parametrize("role", ROLES)
async def test_what_is_no_tenant_at_all_reaches_nothing(database: Any, superuser: asyncpg.Connection, role: str):
    connection = await asyncpg.connect(getattr(database, role), server_settings={"app.tenant": "' OR true --"})
    try:
        for table in await tenant_tables(superuser):
            with pytest.raises(asyncpg.InvalidTextRepresentationError):
                await connection.fetch(f'SELECT * FROM "{table}"')
    finally:
        await connection.close()


@pytest.mark.parametrize("role", ROLES)
async def test_no_table_can_be_written_from_another_tenant(database: Any, superuser: asyncpg.Connection, role: str):
    await furnish(database, superuser)
    before = await contents(superuser)
    async with connected(getattr(database, role), OTHER) as connection:
        for table in await tenant_tables(superuser):
            columns = await columns_of(superuser, table)
            theirs = f"tenant_id = '{DEFAULT_TENANT}'"
            listed = ", ".join(f'"{name}"' for name in columns)
            row = json.loads(await superuser.fetchval(f'SELECT to_jsonb(t) FROM "{table}" t WHERE {theirs} LIMIT 1'))
            insert = (
                f'INSERT INTO "{table}" ({listed}) OVERRIDING SYSTEM VALUE'
                f' SELECT {listed} FROM jsonb_populate_record(NULL::"{table}", $1)'
            )
            keys = ", ".join(key["attname"] for key in await superuser.fetch(KEYS, table))
            for ending in ("", " ON CONFLICT DO NOTHING", f" ON CONFLICT ({keys}) DO UPDATE SET tenant_id = '{OTHER}'"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(insert + ending, json.dumps(row))
            assert await refused(connection, f'UPDATE "{table}" SET tenant_id = tenant_id WHERE {theirs}'), table
            assert await refused(connection, f'DELETE FROM "{table}" WHERE {theirs}'), table
            # Nor can a row of one's own be given away.
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"UPDATE \"{table}\" SET tenant_id = '{DEFAULT_TENANT}'")
            with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.FeatureNotSupportedError)):
                await connection.copy_to_table(table, source=io.BytesIO(b""))
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f'TRUNCATE "{table}" CASCADE')
    assert await contents(superuser) == before


async def test_the_products_sessions_see_their_tenant_alone(database: Any, superuser: asyncpg.Connection):
    await furnish(database, superuser)
    tables = await tenant_tables(superuser)
    everything = " UNION ALL ".join(f'SELECT DISTINCT tenant_id FROM "{table}"' for table in tables)
    pool = Database(database.app_url, tenant=NOBODY, pool_size=1)
    alone = Database(database.app_url, tenant=OTHER, pool_size=1)
    try:
        for db, expected in (
            (pool.of(DEFAULT_TENANT), DEFAULT_TENANT),
            (pool.of(OTHER), OTHER),
            (pool.of(NOBODY_KNOWN), None),
            (alone, OTHER),
        ):
            for run in (db.read, lambda work, db=db: db.write(work, repeatable=True)):
                rows = await run(lambda session: session.all(everything))
                assert [row["tenant_id"] for row in rows] == ([expected] * len(tables) if expected else [])
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.write(_intruding, repeatable=True)
    finally:
        await pool.close()
        await alone.close()


async def _intruding(session: Any) -> None:
    # Into a tenant that is never the session's own.
    await session.run(
        "INSERT INTO locations (tenant_id, id, name, zone)"
        " VALUES (CASE WHEN $1::uuid = $2::uuid THEN $3::uuid ELSE $2 END, gen_random_uuid(), 'X', 'UTC')",
        session.tenant,
        DEFAULT_TENANT,
        OTHER,
    )


async def test_foreign_keys_stay_within_the_tenant(superuser: asyncpg.Connection):
    """Foreign keys see past row-level security: each has the tenant on both sides, at the same place."""
    rows = await superuser.fetch("""
        SELECT f.conname AS name, f.conrelid::regclass::text AS table, f.confrelid::regclass::text AS target,
            ARRAY(SELECT attname::text FROM unnest(f.conkey) WITH ORDINALITY k (num, place) JOIN pg_attribute a
                ON a.attrelid = f.conrelid AND a.attnum = k.num ORDER BY k.place) AS columns,
            ARRAY(SELECT attname::text FROM unnest(f.confkey) WITH ORDINALITY k (num, place) JOIN pg_attribute a
                ON a.attrelid = f.confrelid AND a.attnum = k.num ORDER BY k.place) AS targets
        FROM pg_constraint f WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace
    """)
    assert len(rows) > 50
    for row in rows:
        theirs = "id" if row["target"] == "tenants" else "tenant_id"
        assert ("tenant_id", theirs) in zip(row["columns"], row["targets"], strict=True), row["name"]


@pytest.mark.parametrize("role", ROLES)
async def test_parts_of_tables_are_out_of_reach_also_those_made_later(
    database: Any, superuser: asyncpg.Connection, role: str
):
    await furnish(database, superuser)
    async with connected(database.worker_url, DEFAULT_TENANT) as worker:
        assert await worker.fetchval("SELECT make_archive_month('2031-05-17')")
    parts = [
        row["name"]
        for row in await superuser.fetch(
            "SELECT oid::regclass::text AS name FROM pg_class WHERE relispartition AND relkind IN ('r', 'p')"
        )
    ]
    assert {"bookings_archive_rest", "bookings_archive_2031_05"} <= set(parts)
    async with connected(getattr(database, role), DEFAULT_TENANT) as connection:
        for part in parts:
            for statement in (f"SELECT FROM {part}", f"DELETE FROM {part}", f"INSERT INTO {part} DEFAULT VALUES"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
            granted = await superuser.fetch(
                "SELECT grantee::regrole, privilege_type FROM pg_class c, aclexplode(c.relacl)"
                " WHERE c.oid = $1::regclass AND grantee <> c.relowner",
                part,
            )
            assert granted == [], part


@pytest.mark.parametrize("role", [roles.APPLICATION, roles.WORKER])
async def test_the_roles_can_make_nothing_and_are_nobody_else(superuser: asyncpg.Connection, role: str):
    row = await superuser.fetchrow(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,"
        " has_schema_privilege(rolname, 'public', 'CREATE') AS creates,"
        " EXISTS (SELECT FROM pg_auth_members m WHERE m.member = oid) AS belongs,"
        " EXISTS (SELECT FROM pg_class c WHERE c.relowner = pg_roles.oid) AS owns FROM pg_roles WHERE rolname = $1",
        role,
    )
    assert not any(row.values()), dict(row)


async def test_there_are_no_views_through_which_to_look(superuser: asyncpg.Connection):
    rows = await superuser.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm', 'f')"
    )
    assert [row["relname"] for row in rows] == []


async def test_each_function_with_the_owners_rights_is_known_and_careful(superuser: asyncpg.Connection):
    rows = await superuser.fetch("""
        SELECT p.proname AS name, p.proconfig AS settings,
            (SELECT bool_or(a.grantee = 0) FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a) AS public
        FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
    """)
    assert {row["name"] for row in rows} == set(DEFINERS)
    for row in rows:
        # Otherwise a temporary table of the caller's would be taken for one of ours.
        assert "search_path=pg_catalog, public, pg_temp" in row["settings"], row["name"]
        assert not row["public"], row["name"]


async def test_a_temporary_table_is_not_taken_for_one_of_ours(database: Any, superuser: asyncpg.Connection):
    """Whoever may drop months that are kept no longer says so in the workspace's settings, not in a table of their own."""
    await furnish(database, superuser)
    await superuser.execute("UPDATE workspace SET keep_bookings_months = NULL")
    async with connected(database.worker_url, DEFAULT_TENANT) as worker:
        await worker.execute("CREATE TEMP TABLE workspace (tenant_id uuid, keep_bookings_months int)")
        await worker.execute("GRANT SELECT ON pg_temp.workspace TO PUBLIC")
        await worker.execute("INSERT INTO pg_temp.workspace VALUES ($1, 1)", DEFAULT_TENANT)
        await worker.execute("SELECT make_archive_month('2025-06-01')")
        with pytest.raises(asyncpg.PostgresError, match="are kept"):
            await worker.execute("SELECT drop_archive_month('2025-06-01', '2040-01-01')")


async def test_what_runs_with_the_owners_rights_reaches_no_other_tenant(database: Any, superuser: asyncpg.Connection):
    await furnish(database, superuser)
    person = await superuser.fetchval("SELECT booked_by FROM bookings LIMIT 1")
    await superuser.execute("UPDATE workspace SET keep_bookings_months = 1")
    async with connected(database.worker_url, DEFAULT_TENANT) as worker:
        await worker.execute("SELECT make_archive_month('2026-06-01')")
        theirs = "SELECT md5(string_agg(e::text, '|' ORDER BY e.id)) FROM events e WHERE tenant_id = $1"
        before = await superuser.fetchval(theirs, OTHER)
        await worker.fetchval("SELECT forget_in_history($1)", person)
        assert await superuser.fetchval(theirs, OTHER) == before
        # Rows of both lie in the part for the rest; a month with somebody else's rows stays.
        await superuser.execute("SET session_replication_role = replica")
        await superuser.execute("UPDATE bookings_archive SET start_time = '2026-06-03', end_time = '2026-06-04'")
        assert await worker.fetchval("SELECT drop_archive_month('2026-06-01', '2040-01-01')") is None
    assert await superuser.fetchval("SELECT count(*) FROM bookings_archive_2026_06") == 2


async def test_the_directory_tells_places_but_no_names(database: Any, superuser: asyncpg.Connection):
    await furnish(database, superuser)
    db = Database(database.app_url, tenant=OTHER, pool_size=1)
    try:
        directory = Tenants(db)
        assert {one.id for one in await directory.all()} == {DEFAULT_TENANT, OTHER}
        found = await directory.of_team("T1")
        assert found is not None
        assert found.id == DEFAULT_TENANT
        assert await directory.of_team("T404") is None
        assert await directory.of_team(None, None) is None
        row = await db.read(lambda session: session.one("SELECT * FROM tenant_directory() LIMIT 1"))
        assert set(row.keys()) == {"id", "slug", "placement", "closed_at"}
    finally:
        await db.close()


async def test_a_team_that_is_admitted_stays_whose_it_is(database: Any, superuser: asyncpg.Connection):
    await furnish(database, superuser)
    db = Database(database.app_url, tenant=OTHER, pool_size=1)
    try:
        directory = Tenants(db)
        assert await directory.admit("T1", name="ours now", tenant=OTHER) == DEFAULT_TENANT
        first = await directory.admit("T7", enterprise_id="E7", name="Seven")
        assert await directory.admit("T8", enterprise_id="E7", name="Eight") == first
        assert first not in {DEFAULT_TENANT, OTHER}
        found = await directory.of_team("T9", "E7")
        assert found is not None
        assert found.id == first
    finally:
        await db.close()
    assert await superuser.fetchval("SELECT name FROM tenants WHERE id = $1", first) == "Seven"


async def test_operators_tables_are_out_of_reach(database: Any):
    for role in ROLES:
        async with connected(getattr(database, role), DEFAULT_TENANT) as connection:
            for table in schema.OPERATOR_TABLES:
                for statement in (f"SELECT FROM {table}", f"DELETE FROM {table}"):
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await connection.execute(statement)


async def test_a_pretended_carrying_does_not_loosen_the_rules(database: Any):
    """What spares whoever carries a tenant over from being judged asks who that is."""
    async with opened(database) as office:
        room = await office.room("Apollo", seats=1)
        booking = await office.book(room, at(9))
    settings = {"app.tenant": str(DEFAULT_TENANT), "app.carrying": str(DEFAULT_TENANT)}
    connection = await asyncpg.connect(database.app_url, server_settings=settings)
    try:
        with pytest.raises(asyncpg.CheckViolationError, match="more people than seats"):
            await connection.execute("UPDATE bookings SET attendees_count = 9 WHERE id = $1", booking.id)
        with pytest.raises(asyncpg.CheckViolationError, match="claims that cover it"):
            await connection.execute("DELETE FROM room_claims WHERE booking_id = $1", booking.id)
    finally:
        await connection.close()
