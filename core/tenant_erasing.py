"""Taking a whole tenant out of the product: every row, its teams and their tokens. What is kept is a line in the log.

Nobody is told, and nothing of it comes back but from a backup. Kept out: erasing one person (`erasing`), and for how long
things are kept (`erasing` as well).
"""

from __future__ import annotations

import asyncpg

from core.db import DEFAULT_TENANT
from core.tenant_moving import Databases
from core.tenant_moving_copy import rows_of, wiped
from core.tenant_moving_file import Progress
from core.tenant_moving_freeze import frozen, thawed
from core.tenant_moving_keys import drop_keys, keys_of
from core.tenants import Keeper, Tenant, TenantError

_LOCK = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"


async def kept_of(databases: Databases, tenant: Tenant) -> dict[str, int]:
    """Return how many rows are kept of a tenant, by table, wherever it lives; those of none are left out."""
    async with databases.opened(None) as main, databases.opened(tenant.placement, tenant.id) as home:
        counted = {**await rows_of(home, tenant.id), **await keys_of(main, tenant.id)}
    return {name: count for name, count in counted.items() if count}


async def erased(databases: Databases, tenant: Tenant, progress: Progress) -> dict[str, int]:
    """Erase a tenant for good, and return how many rows there were, by table. Safe to repeat after a failure.

    TenantError while it is being moved. The tenant that every installation begins with stays, empty.
    """
    async with databases.opened(None) as main, databases.opened(tenant.placement, tenant.id) as home:
        if not await main.fetchval(_LOCK, f"tenant {tenant.id}"):
            raise TenantError("The workspace is being moved by somebody else at this moment.")
        if (await Keeper(main).named(str(tenant.id))).moving:
            raise TenantError("The tenant is being moved, or rows of a move are left: end that first.")
        found = await kept_of(databases, tenant)
        async with main.transaction():
            await main.execute("UPDATE tenants SET closed_at = coalesce(closed_at, now()) WHERE id = $1", tenant.id)
            await Keeper(main).note(tenant.id, tenant.name, "closed", {"why": "it is to be erased"})
        # Whoever writes still is refused from here on, and then has no tenant to write for.
        await frozen(home, tenant.id, progress)
        await drop_keys(main, tenant.id)
        await wiped(home, tenant.id, progress)
        await _without_a_row(home, tenant)
        if tenant.placement is not None:
            await main.execute("DELETE FROM slack_teams WHERE tenant_id = $1", tenant.id)
            await _without_a_row(main, tenant)
        await thawed(home, tenant.id)
        await Keeper(main).note(tenant.id, tenant.name, "erased", found)
        return found


async def _without_a_row(connection: asyncpg.Connection, tenant: Tenant) -> None:
    if tenant.id == DEFAULT_TENANT:
        await connection.execute("UPDATE tenants SET closed_at = NULL, placement = NULL WHERE id = $1", tenant.id)
    else:
        await connection.execute("DELETE FROM tenants WHERE id = $1", tenant.id)
