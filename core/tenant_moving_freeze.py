"""Refusing a tenant's writers while it is carried over: triggers that exist only then, and only for that tenant's rows.

Making a trigger waits for those who are writing to the table and is seen by all who come after: once the last is made, no
write of the tenant's is under way. Each waits a moment only and tries again, so that nobody queues long behind it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import partial
from uuid import UUID

import asyncpg

from core.tenant_moving_copy import patiently
from core.tenant_moving_file import Progress
from core.tenant_moving_tables import tenant_tables
from core.tenants import TenantError

_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '200ms'"
_DROPPING = 5
_MADE = """
SELECT tgrelid::regclass::text AS table, tgname AS name, tgenabled <> 'D' AS works FROM pg_trigger
WHERE tgname LIKE $1 AND tgparentid = 0 ORDER BY 1, 2
"""


async def frozen(connection: asyncpg.Connection, tenant: UUID, progress: Progress) -> None:
    """Let every write of a tenant's be refused from now on; safe to repeat. TenantError where a table is never free."""
    tables = await tenant_tables(connection)
    made = {(row["table"], row["name"]): row["works"] for row in await _made(connection, tenant)}
    for done, table in enumerate(tables):
        progress("freezing", done, len(tables))
        statements = [
            _made_by(table.name, _name(tenant, when), events, f"{row}.tenant_id = '{tenant}'", made)
            for when, events, row in (("written", "INSERT OR UPDATE", "NEW"), ("deleted", "DELETE", "OLD"))
        ]
        try:
            await patiently(partial(_run, connection, [one for one in statements if one]))
        except asyncpg.LockNotAvailableError:
            raise TenantError(
                f"Somebody writes to {table.name} without a pause, and nothing was moved: "
                "look for a transaction that has been open for long, and begin again."
            ) from None
    progress("freezing", len(tables), len(tables))


async def thawed(connection: asyncpg.Connection, tenant: UUID, *, only: str | None = None) -> None:
    """Let a tenant's writers in again; safe to repeat.

    To make a trigger rest one need not wait for those who read for long, a backup for one; to remove it one must. A trigger
    at rest does no harm, and the next move takes it up again.
    """
    found = [row for row in await _made(connection, tenant) if only is None or row["table"] == only]
    for row in found:
        resting = f"ALTER TABLE {row['table']} DISABLE TRIGGER {row['name']}"
        await patiently(partial(_run, connection, [resting]))
    for row in found:
        with contextlib.suppress(asyncpg.LockNotAvailableError):
            gone = f"DROP TRIGGER IF EXISTS {row['name']} ON {row['table']}"
            await patiently(partial(_run, connection, [gone]), attempts=_DROPPING)


def _made_by(table: str, name: str, events: str, when: str, made: Mapping[tuple[str, str], bool]) -> str | None:
    """Return the statement after which the trigger is there and works; None where it is so already."""
    match made.get((table, name)):
        case None:
            return (
                f'CREATE TRIGGER {name} BEFORE {events} ON "{table}" FOR EACH ROW'
                f" WHEN ({when}) EXECUTE FUNCTION refuse_while_moving()"
            )
        case True:
            return None
        case False:
            return f'ALTER TABLE "{table}" ENABLE TRIGGER {name}'


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
