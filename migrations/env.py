"""Alembic's entry: one connection, very short lock waits, one migrating process at a time.

The bot is at work meanwhile. A migration that waits for a lock makes everybody behind it wait too, so it waits a moment
only, gives way, and tries again until it finds its gap. It needs a direct connection: a pooler would tear its lock from it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Mapping
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import Connection, pool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from core.address import driver_dsn
from core.errors import Busy, SchemaMismatch
from migrations import STAMP, Stamp, misfit, oldest_code

log = logging.getLogger("migrations")

# Any fixed number will do: it names "migrating bookroom" among the database's advisory locks.
LOCK = 7_062_018_842
# For the whole session: each migration is a transaction of its own. A booking behind a waiting migration waits as long.
SESSION = (
    "SET lock_timeout = '400ms'",
    "SET statement_timeout = '10min'",
    "SET idle_in_transaction_session_timeout = '10min'",
)
# Deadlock and lock timeout: nothing was changed, since a migration is one transaction.
SENT_AWAY = {"40P01", "55P03"}
PATIENCE_SECONDS = 600.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
LOCK_PAUSE = 0.2
IN_THE_WAY = (
    "Something has been using the tables for {minutes:.0f} minutes, longer than a migration waits: a report, a backup, a "
    "session left open. What was not migrated yet is as it was. Run `bookroom migrate` again when that has ended."
)
_HAS_COLUMN = """
SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'alembic_version'::regclass AND attname = 'oldest_code')
"""


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection, transactional_ddl=True, transaction_per_migration=True, on_version_apply=_declare
    )
    with context.begin_transaction():
        context.run_migrations()


def _declare(ctx: MigrationContext, step: MigrationInfo, heads: Collection[Any], run_args: Mapping[str, Any]) -> None:
    """Say, within the migration's transaction, which versions of the code may go on beside it."""
    del heads, run_args
    reached = step.up_revision_id if step.is_upgrade else next(iter(step.down_revision_ids), None)
    if reached is None:
        return
    assert ctx.connection is not None
    if not ctx.connection.scalar(text(_HAS_COLUMN)):
        ctx.connection.execute(text("ALTER TABLE alembic_version ADD COLUMN oldest_code text"))
    ctx.connection.execute(text("UPDATE alembic_version SET oldest_code = :oldest"), {"oldest": oldest_code(reached)})


async def _run_patiently(connection: AsyncConnection) -> None:
    patience = float(context.config.attributes.get("patience", PATIENCE_SECONDS))
    until, pause = time.monotonic() + patience, FIRST_PAUSE
    while True:
        try:
            await connection.run_sync(_run)
        except DBAPIError as error:
            await connection.rollback()
            if getattr(error.orig, "sqlstate", None) not in SENT_AWAY:
                raise
            if time.monotonic() + pause > until:
                raise Busy(IN_THE_WAY.format(minutes=patience / 60)) from error
            log.warning("the tables are in use; trying again in %.1f s", pause)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
        else:
            return


async def _locked(connection: AsyncConnection) -> None:
    """Wait for our turn, without a transaction: an index that another makes beside the traffic waits for all of those."""
    while True:
        got = await connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK})
        await connection.commit()
        if got:
            return
        await asyncio.sleep(LOCK_PAUSE)


async def _stamp(connection: AsyncConnection) -> Stamp:
    """Return at which migration the database is, and which versions of the code it goes with."""
    there = await connection.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL"))
    row = (await connection.execute(text(STAMP))).one_or_none() if there else None
    await connection.commit()
    return Stamp(*row) if row else Stamp()


async def _migrate(url: str) -> None:
    driver = {"dsn": driver_dsn(url)}
    engine = create_async_engine("postgresql+asyncpg://", poolclass=pool.NullPool, connect_args=driver)
    async with engine.connect() as connection:
        for setting in SESSION:
            await connection.execute(text(setting))
        await connection.commit()
        await _locked(connection)
        try:
            found = await _stamp(connection)
            if not found.unknown:
                await _run_patiently(connection)
                await connection.commit()
            elif why := misfit(found):
                # Somebody newer has been here, and not in a way that leaves room for us.
                raise SchemaMismatch(why)
            context.config.attributes["reached"] = (await _stamp(connection)).revision
        finally:
            await connection.rollback()
            await connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
            await connection.commit()
    await engine.dispose()


def main() -> None:
    """Run the migrations that Alembic asks for."""
    url = context.config.attributes["url"]
    asyncio.run(_migrate(url))


main()
