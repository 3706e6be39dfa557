"""What every command that works on the data needs: the configured database, for as long as the command runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from core.db import Database
    from core.tenants import Place
    from handlers.services import Services

T = TypeVar("T")


def with_database(work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` with the configured database as the application's role, and return what it returns."""
    from bot import config
    from bot.trial import reachable_database
    from core.db import Database

    with reachable_database(config.load_storage(), join=True) as settings:

        async def connected() -> T:
            db = Database(settings.app_url, tenant=settings.bookroom_tenant, pool_size=1)
            try:
                place = await _place(db)
                if place is None or place.placement is None:
                    return await work(db)
            finally:
                await db.close()
            db = Database(settings.placement(place.placement), tenant=settings.bookroom_tenant, pool_size=1)
            try:
                return await work(db)
            finally:
                await db.close()

        return asyncio.run(connected())


async def _place(db: Database) -> Place | None:
    """Return where the tenant lives; None where the tables are too old to say so."""
    import asyncpg

    from core.tenants import Tenants

    try:
        return await Tenants(db).place(db.tenant)
    except (asyncpg.UndefinedFunctionError, asyncpg.InsufficientPrivilegeError):
        return None


def with_services(work: Callable[[Services, Database], Awaitable[T]]) -> T:
    """Run `work` with the use cases on the configured database; what it writes wakes the running bots."""
    from core.bell import Bell
    from core.clock import SystemClock
    from handlers.services import built

    async def connected(db: Database) -> T:
        await require_schema(db)
        # The running bots are woken, as by any commit.
        bell = Bell(db)
        db.when_something_happened = bell.ring
        try:
            return await work(built(db, SystemClock()), db)
        finally:
            await bell.close()

    return with_database(connected)


async def require_schema(db: Database) -> None:
    """Raise SchemaMismatch unless the database goes with this version."""
    from bot import schema_version

    await schema_version.require_schema(db)
