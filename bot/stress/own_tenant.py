"""A tenant that exists while a stress run lasts: no office, bot, channel or statistic ever sees what is in it.

It has one id of its own, so that a run first takes away what one that was killed has left.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg

from bot.stress.plan import StressRefused
from core import schema
from core.address import driver_dsn

TENANT = UUID("00000000-0000-7000-8000-57e550000001")
NAME = "Bookroom stress test"
# Whoever holds it runs; released with the connection, however that ends.
_ALONE = 0x57E55


@asynccontextmanager
async def own_tenant(owner_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Make the tenant and yield the owner's connection; afterwards, nothing of it is left.

    Raises StressRefused where another run is under way on the same database.
    """
    owner = await asyncpg.connect(driver_dsn(owner_url), server_settings={"app.tenant": str(TENANT)}, timeout=10)
    try:
        if not await owner.fetchval("SELECT pg_try_advisory_lock($1)", _ALONE):
            raise StressRefused("Another stress run is under way on this database; let it end first.")
        await _take_away(owner)
        await owner.execute("INSERT INTO tenants (id, name) VALUES ($1, $2)", TENANT, NAME)
        try:
            yield owner
        finally:
            # A Ctrl-C in the middle of a statement may have left the connection in its midst: this is done on a new one.
            await asyncio.shield(_take_away_anew(owner_url))
    finally:
        await owner.close(timeout=5)


async def _take_away_anew(owner_url: str) -> None:
    owner = await asyncpg.connect(driver_dsn(owner_url), server_settings={"app.tenant": str(TENANT)}, timeout=10)
    try:
        await _take_away(owner)
    finally:
        await owner.close(timeout=5)


async def _take_away(owner: asyncpg.Connection) -> None:
    """Delete every row of the tenant, and the tenant, in one transaction: whoever refers to others first."""
    async with owner.transaction():
        for table in reversed(schema.metadata.sorted_tables):
            if "tenant_id" in table.columns:
                await owner.execute(f"DELETE FROM {table.name} WHERE tenant_id = $1", TENANT)
        await owner.execute("DELETE FROM tenants WHERE id = $1", TENANT)
