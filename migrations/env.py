"""Alembic's entry: one connection, short lock waits, one migrating process at a time.

The bot may be at work meanwhile: whoever of the two is sent away by the other's locks tries again.
"""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from core.address import driver_dsn
from core.schema import metadata

# Any fixed number will do: it names "migrating bookroom" among the database's advisory locks.
LOCK = 7_062_018_842
# Deadlock and lock timeout: nothing was changed, since a migration is one transaction.
SENT_AWAY = {"40P01", "55P03"}
ATTEMPTS = 5
PAUSE_SECONDS = 1.0


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
    with context.begin_transaction():
        # A migration that waits for a lock makes everybody behind it wait too.
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        connection.execute(text("SET LOCAL statement_timeout = '10min'"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '10min'"))
        context.run_migrations()


async def _run_patiently(connection: AsyncConnection) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await connection.run_sync(_run)
        except DBAPIError as error:
            if attempt == ATTEMPTS or getattr(error.orig, "sqlstate", None) not in SENT_AWAY:
                raise
            await connection.rollback()
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return


async def _migrate(url: str) -> None:
    driver = {"dsn": driver_dsn(url)}
    engine = create_async_engine("postgresql+asyncpg://", poolclass=pool.NullPool, connect_args=driver)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        await connection.commit()
        try:
            await _run_patiently(connection)
            await connection.commit()
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
