"""Taking a tenant's rows out of a database, putting them into another, reading them back, and removing them.

Out: one snapshot of all tables. In: some thousand rows a transaction, so that nobody else in that database waits, and that
the feed of others goes on, which waits for the oldest transaction that writes. Until the end nobody serves the tenant
there, and what an interrupted run has left is removed by the next. Kept out: who may write meanwhile
(`tenant_moving_freeze`), and which database counts (`tenant_moving`).
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, date, datetime
from functools import partial
from typing import IO, TypeVar
from uuid import UUID

import asyncpg

from core.checks import INVARIANTS
from core.ids import new_id
from core.tenant_moving_file import Counted, Manifest, Passed, Progress, Reading, Writing
from core.tenant_moving_keys import with_keys
from core.tenant_moving_tables import DIRECTORY, TenantTable, feed_of, tenant_tables
from core.tenants import TenantError

T = TypeVar("T")

_VERSION = "SELECT version_num FROM alembic_version"
_STAGED = "carried"
_DELETED_AT_ONCE = 5000
# New numbers are to come after those that were brought; whoever takes one at this moment is far from the margin.
_MARGIN = 1_000_000
_MONTHS = f"SELECT DISTINCT date_trunc('month', start_time AT TIME ZONE 'UTC')::date AS month FROM {_STAGED} ORDER BY 1"
# Of an import of its own, or of a move to this very database: never of one that goes from here.
_ARRIVING = """
SELECT true FROM tenant_moves WHERE tenant_id = $1 AND ended_at IS NULL
    AND (phase = 'arriving' OR phase = 'copying' AND target IS NULL)
"""
_SAME_SLUG = "SELECT name FROM tenants WHERE slug = $1 AND id <> $2"
_PARTS = "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1"
_MONTHS_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('archive months', 0))"


async def schema_of(connection: asyncpg.Connection) -> str:
    """Return the version of a database's tables."""
    found: str = await connection.fetchval(_VERSION)
    return found


async def exported(
    connection: asyncpg.Connection,
    tenant: UUID,
    out: IO[bytes],
    progress: Progress,
    *,
    main: asyncpg.Connection | None = None,
) -> Manifest:
    """Write a tenant into a file, as of one moment, and return its manifest; the connection is of that tenant.

    With the `main` database, the Slack app's installations go with it.
    """
    with Writing(out) as writing:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            manifest = await _written(connection, tenant, writing, progress)
        if main is not None:
            await with_keys(main, tenant, writing)
        writing.finish(manifest)
    return manifest


async def _written(connection: asyncpg.Connection, tenant: UUID, writing: Writing, progress: Progress) -> Manifest:
    """Write every table, and return the manifest of them."""
    row = await connection.fetchrow("SELECT name, slug, now() AS at FROM tenants WHERE id = $1", tenant)
    tables, counted = await tenant_tables(connection), {}
    for done, table in enumerate(tables):
        progress("exporting", done, len(tables))
        with writing.table(table.name) as part:
            counted[table.name] = await _summed(connection, tenant, table, tables, part.write)
    progress("exporting", len(tables), len(tables))
    return Manifest(
        schema=await schema_of(connection),
        tenant_id=tenant,
        name=row["name"],
        slug=row["slug"],
        taken_at=row["at"].astimezone(UTC).isoformat(),
        columns={table.name: table.columns for table in tables},
        tables=counted,
        violations=await violated(connection, tenant),
    )


async def brought(connection: asyncpg.Connection, reading: Reading, progress: Progress) -> None:
    """Put a tenant's rows into a database, then read them back; TenantError where they are not the same.

    The connection is of that tenant and carries it. A row of the tenant's own must be there already.
    """
    manifest = reading.manifest
    tables = await tenant_tables(connection)
    if {table.name: table.columns for table in tables} != dict(manifest.columns):
        raise TenantError("The file's tables are not those of the database, although both say the same version.")
    # All that was written elsewhere stands before all that will be written here.
    era = await connection.fetchval("SELECT pg_current_xact_id()::text::bigint")
    told = partial(progress, "importing", total=manifest.rows)
    done = 0
    for table in tables:
        done = await _filled(connection, table, reading, era=era, told=told, done=done)
    for table in tables:
        for column in table.numbered:
            await _numbers_go_on(connection, table.name, column)
    await _compared(connection, manifest, reading, tables, progress)
    for table in tables:
        await connection.execute(f'ANALYZE "{table.name}"')
    broken = set(await violated(connection, manifest.tenant_id)) - set(manifest.violations)
    if broken:
        raise TenantError(f"The rows arrived, but contradict each other: {'; '.join(sorted(broken))}.")


async def wiped(connection: asyncpg.Connection, tenant: UUID, progress: Progress, *, spare: Iterable[str] = ()) -> int:
    """Remove a tenant's rows but those of the tables to spare, in short transactions; return how many. Safe to repeat."""
    gone, tables = 0, [table for table in await tenant_tables(connection) if table.name not in set(spare)]
    for done, table in enumerate(reversed(tables)):
        progress("removing", done, len(tables))
        gone += await _emptied(connection, tenant, table)
    progress("removing", len(tables), len(tables))
    return gone


async def rows_of(connection: asyncpg.Connection, tenant: UUID) -> dict[str, int]:
    """Return how many rows a tenant has in each table."""
    return {
        table.name: await connection.fetchval(f'SELECT count(*) FROM "{table.name}" WHERE tenant_id = $1', tenant)
        for table in await tenant_tables(connection)
    }


async def violated(connection: asyncpg.Connection, tenant: UUID) -> tuple[str, ...]:
    """Return the names of the invariants that do not hold for a tenant."""
    return tuple(
        [
            name
            for name, sql in INVARIANTS.items()
            if await connection.fetchval(f"SELECT true FROM ({sql}) found LIMIT 1", tenant)
        ]
    )


async def _summed(
    connection: asyncpg.Connection,
    tenant: UUID,
    table: TenantTable,
    tables: Iterable[TenantTable],
    write: Callable[[bytes], object] | None = None,
) -> Counted:
    """Read a tenant's rows of a table in their canonical form, and count them on the way."""
    passed = Passed(write)
    await connection.copy_from_query(table.canonical(feed_of(tables)), tenant, output=passed.take)
    return passed.sums.counted()


async def _filled(
    connection: asyncpg.Connection, table: TenantTable, reading: Reading, *, era: int, told: Callable[[int], None], done: int
) -> int:
    """Write the rows of one table, from a table of the session's own in which row-level security allows COPY."""
    await connection.execute(f"DROP TABLE IF EXISTS {_STAGED}")
    await connection.execute(f'CREATE TEMP TABLE {_STAGED} AS SELECT {table.listed} FROM "{table.name}" WITH NO DATA')
    placed = table.written(_STAGED)
    if table.name in DIRECTORY:
        placed += (
            " ON CONFLICT (tenant_id, team_id) DO UPDATE SET enterprise_id = excluded.enterprise_id, name = excluded.name"
        )
    for batch in reading.batches(table.name):
        await connection.copy_to_table(_STAGED, source=io.BytesIO(batch))
        if not table.refers_to_itself:
            await _placed(connection, table, placed, era)
        done += batch.count(b"\n")
        told(done)
    if table.refers_to_itself:
        # One of its rows may point to one in a later batch.
        await _placed(connection, table, placed, era)
    return done


async def _placed(connection: asyncpg.Connection, table: TenantTable, statement: str, era: int) -> None:
    if table.parted:
        for row in await connection.fetch(_MONTHS):
            await patiently(partial(_month_made, connection, row["month"]))
    try:
        async with connection.transaction():
            await connection.execute(statement, era)
            await connection.execute(f"TRUNCATE {_STAGED}")
    except asyncpg.UniqueViolationError as error:
        raise TenantError(
            f"The database has something that only one tenant can have ({error.constraint_name}): "
            "a Slack team, or an address, of another tenant there."
        ) from None


async def _month_made(connection: asyncpg.Connection, month: date) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '500ms'")
        await connection.execute(_MONTHS_LOCK)
        await connection.execute("SELECT make_archive_month($1)", month)


async def patiently(work: Callable[[], Awaitable[T]], *, attempts: int = 120, pause: float = 0.25) -> T:
    """Do something that asks for a lock and soon gives up, again and again, so that nobody waits long behind it."""
    for _ in range(attempts - 1):
        try:
            return await work()
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(pause)
    return await work()


async def _numbers_go_on(connection: asyncpg.Connection, table: str, column: str) -> None:
    """Let the numbers that a table gives out follow those that were brought."""
    await connection.execute(
        f"SELECT setval(s.name::regclass, m.most + {_MARGIN}) FROM (SELECT pg_get_serial_sequence($1, $2) AS name) s,"
        f' (SELECT max("{column}") AS most FROM "{table}") m,'
        " LATERAL (SELECT last_value FROM pg_sequences WHERE (schemaname || '.' || sequencename) = s.name) l"
        " WHERE m.most > coalesce(l.last_value, 0)",
        f"public.{table}",
        column,
    )


async def _compared(
    connection: asyncpg.Connection,
    manifest: Manifest,
    reading: Reading,
    tables: Iterable[TenantTable],
    progress: Progress,
) -> None:
    """Read everything back; TenantError where a table does not give the bytes that were written."""
    tables = tuple(tables)
    for done, table in enumerate(tables):
        progress("comparing", done, len(tables))
        kept: list[bytes] = []
        found = await _summed(
            connection, manifest.tenant_id, table, tables, kept.append if table.name in DIRECTORY else None
        )
        if found == manifest.tables[table.name]:
            continue
        # The directory may know more teams of the tenant's, but no fewer.
        there = set(b"".join(kept).splitlines(keepends=True))
        if table.name not in DIRECTORY or not reading.lines(table.name) <= there:
            raise TenantError(
                f"The rows of {table.name} are not those of the file: {found.rows} of {manifest.tables[table.name].rows}."
            )
    progress("comparing", len(tables), len(tables))


async def _emptied(connection: asyncpg.Connection, tenant: UUID, table: TenantTable) -> int:
    """Remove a tenant's rows of one table; of a partitioned one part by part, each by itself."""
    parts = [row["name"] for row in await connection.fetch(_PARTS, table.name)] if table.parted else [f'"{table.name}"']
    # Rows that point to others of their own table go all at once.
    most = "" if table.refers_to_itself else f" LIMIT {_DELETED_AT_ONCE}"
    gone = 0
    for part in parts:
        statement = (
            f"DELETE FROM {part} WHERE tenant_id = $1 AND ctid = ANY(ARRAY("
            f"SELECT ctid FROM {part} WHERE tenant_id = $1{most}))"
        )
        while removed := int((await connection.execute(statement, tenant)).removeprefix("DELETE ")):
            gone += removed
    return gone


async def room_for(connection: asyncpg.Connection, tenant: UUID, name: str) -> None:
    """Raise TenantError where a database has rows of a tenant that no interrupted import has left there."""
    if await connection.fetchval(_ARRIVING, tenant):
        return
    # A new database has readers of the feed, at its beginning, before it has anything else.
    beside = {*DIRECTORY, *(one.name for one in await tenant_tables(connection) if one.placed and not one.feed)}
    if any(count for table, count in (await rows_of(connection, tenant)).items() if table not in beside):
        raise TenantError(f"There are rows of the tenant {name!r} in that database already: nothing was changed.")


async def expected(connection: asyncpg.Connection, manifest: Manifest) -> None:
    """Make room for a tenant that arrives: its row, closed, and a mark that says so. TenantError where it cannot come."""
    if await schema_of(connection) != manifest.schema:
        raise TenantError(
            f"The file is of version {manifest.schema}, the database of {await schema_of(connection)}: "
            "bring both to the same version with `bookroom migrate`, and export again."
        )
    other = await connection.fetchval(_SAME_SLUG, manifest.slug, manifest.tenant_id)
    if other:
        raise TenantError(f"Another tenant there has the short name {manifest.slug!r}: rename one of them first.")
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO tenants (id, name, slug, closed_at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING",
            manifest.tenant_id,
            manifest.name,
            manifest.slug,
            datetime.now(UTC),
        )
        await connection.execute(
            "INSERT INTO tenant_moves (tenant_id, id, phase) VALUES ($1, $2, 'arriving')"
            " ON CONFLICT (tenant_id) WHERE ended_at IS NULL DO NOTHING",
            manifest.tenant_id,
            new_id(),
        )


async def arrived(connection: asyncpg.Connection, manifest: Manifest) -> None:
    """Open the tenant and take the mark away."""
    async with connection.transaction():
        await connection.execute(
            "UPDATE tenants t SET closed_at = NULL FROM tenant_moves m WHERE t.id = $1 AND m.tenant_id = t.id"
            " AND m.phase = 'arriving' AND m.ended_at IS NULL",
            manifest.tenant_id,
        )
        await connection.execute(
            "UPDATE tenant_moves SET phase = 'done', ended_at = now()"
            " WHERE tenant_id = $1 AND phase = 'arriving' AND ended_at IS NULL",
            manifest.tenant_id,
        )
