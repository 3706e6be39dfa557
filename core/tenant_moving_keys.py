"""Installations of the Slack app, which lie in the main database and belong to teams: those of a tenant travel in its file.

Their tokens stay encrypted: whoever imports them needs the key. Between databases of one installation nothing of this is
moved, since the directory and what lies beside it stay where they are.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from uuid import UUID

import asyncpg

from core.tenant_moving_file import Passed, Reading, Writing

TABLES = ("slack_installations", "slack_bots")
_STAGED = "carried_keys"
# A team's own, and its enterprise's unless another tenant has a team of that as well.
_THEIRS = """
team_id IN (SELECT s.team_id FROM slack_teams s WHERE s.tenant_id = $1)
OR enterprise_id IN (SELECT s.enterprise_id FROM slack_teams s WHERE s.enterprise_id IS NOT NULL
    GROUP BY s.enterprise_id HAVING bool_and(s.tenant_id = $1))
"""
_COLUMNS = """
SELECT attname::text AS name FROM pg_attribute
WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'id' ORDER BY attnum
"""


async def with_keys(main: asyncpg.Connection, tenant: UUID, writing: Writing) -> Mapping[str, int]:
    """Add a tenant's installations to a file that is being written; return how many of each kind."""
    counted: dict[str, int] = {}
    for table in TABLES:
        with writing.table(table) as part:
            passed = Passed(part.write)
            listed = await _listed(main, table)
            query = f"SELECT {listed} FROM {table} WHERE {_THEIRS} ORDER BY id"
            await main.copy_from_query(query, tenant, output=passed.take)
        counted[table] = passed.sums.rows
    return counted


async def bring_keys(main: asyncpg.Connection, tenant: UUID, reading: Reading) -> int:
    """Put a file's installations in the place of those that there are of the tenant's teams; return how many."""
    brought = 0
    async with main.transaction():
        for table in TABLES:
            if not reading.has(table):
                continue
            await main.execute(f"DELETE FROM {table} WHERE {_THEIRS}", tenant)
            listed = await _listed(main, table)
            await main.execute(f"DROP TABLE IF EXISTS {_STAGED}")
            await main.execute(f"CREATE TEMP TABLE {_STAGED} AS SELECT {listed} FROM {table} WITH NO DATA")
            for batch in reading.batches(table):
                await main.copy_to_table(_STAGED, source=io.BytesIO(batch))
                brought += batch.count(b"\n")
            await main.execute(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM {_STAGED}")
    return brought


async def keys_of(main: asyncpg.Connection, tenant: UUID) -> dict[str, int]:
    """Return how many installations a tenant has."""
    return {table: await main.fetchval(f"SELECT count(*) FROM {table} WHERE {_THEIRS}", tenant) for table in TABLES}


async def drop_keys(main: asyncpg.Connection, tenant: UUID) -> None:
    """Remove a tenant's installations with their tokens; before its teams go."""
    for table in TABLES:
        await main.execute(f"DELETE FROM {table} WHERE {_THEIRS}", tenant)


async def _listed(main: asyncpg.Connection, table: str) -> str:
    return ", ".join(row["name"] for row in await main.fetch(_COLUMNS, table))
