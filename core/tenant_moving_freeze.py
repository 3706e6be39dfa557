"""Refusing a tenant's writers while it is carried over: triggers that exist only then, and only for that tenant's rows.

Making a trigger waits for those who are writing to the table and is seen by all who come after: once the last is made, no
write of the tenant's is under way. Each waits a moment only and tries again, so that nobody queues long behind it.
"""

from __future__ import annotations

from functools import partial
from uuid import UUID

import asyncpg

from core.tenant_moving_copy import patiently
from core.tenant_moving_file import Progress
from core.tenant_moving_tables import tenant_tables
from core.tenants import TenantError

_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '200ms'"
_MADE = """
SELECT tgrelid::regclass::text AS table, tgname AS name FROM pg_trigger
WHERE tgname LIKE $1 AND tgparentid = 0 ORDER BY 1, 2
"""


async def frozen(connection: asyncpg.Connection, tenant: UUID, progress: Progress) -> None:
    """Let every write of a tenant's be refused from now on; safe to repeat. TenantError where a table is never free."""
    tables = await tenant_tables(connection)
    made = {(row["table"], row["name"]) for row in await _made(connection, tenant)}
    for done, table in enumerate(tables):
        progress("freezing", done, len(tables))
        statements = [
            f'CREATE TRIGGER {_name(tenant, when)} BEFORE {events} ON "{table.name}" FOR EACH ROW'
            f" WHEN ({row}.tenant_id = '{tenant}') EXECUTE FUNCTION refuse_while_moving()"
            for when, events, row in (("written", "INSERT OR UPDATE", "NEW"), ("deleted", "DELETE", "OLD"))
            if (table.name, _name(tenant, when)) not in made
        ]
        try:
            await patiently(partial(_run, connection, statements))
        except asyncpg.LockNotAvailableError:
            raise TenantError(
                f"Somebody writes to {table.name} without a pause: nothing was moved. `bookroom tenants move --abort` "
                "gives the workspace back; then look for a transaction that has been open for long."
            ) from None
    progress("freezing", len(tables), len(tables))


async def thawed(connection: asyncpg.Connection, tenant: UUID, *, only: str | None = None) -> None:
    """Let a tenant's writers in again; safe to repeat."""
    for row in await _made(connection, tenant):
        if only is None or row["table"] == only:
            statement = f"DROP TRIGGER IF EXISTS {row['name']} ON {row['table']}"
            await patiently(partial(_run, connection, [statement]))


async def is_frozen(connection: asyncpg.Connection, tenant: UUID) -> bool:
    """Whether any of the triggers is there."""
    return bool(await _made(connection, tenant))


async def _made(connection: asyncpg.Connection, tenant: UUID) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await connection.fetch(_MADE, _name(tenant, "").replace("_", r"\_") + "%")
    return rows


async def _run(connection: asyncpg.Connection, statements: list[str]) -> None:
    if statements:
        async with connection.transaction():
            await connection.execute(_LOCK_TIMEOUT)
            for statement in statements:
                await connection.execute(statement)


def _name(tenant: UUID, when: str) -> str:
    return f"moving_{tenant.hex}_{when}"
