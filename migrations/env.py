"""Alembic's entry: one connection, short lock waits, one migrating process at a time."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from core.address import driver_dsn
from core.schema import metadata

# Any fixed number will do: it names "migrating bookroom" among the database's advisory locks.
LOCK = 7_062_018_842


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
    with context.begin_transaction():
        # A migration that waits for a lock makes everybody behind it wait too.
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        connection.execute(text("SET LOCAL statement_timeout = '10min'"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '10min'"))
        context.run_migrations()


async def _migrate(url: str) -> None:
    driver = {"dsn": driver_dsn(url)}
    engine = create_async_engine("postgresql+asyncpg://", poolclass=pool.NullPool, connect_args=driver)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        await connection.commit()
        try:
            await connection.run_sync(_run)
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
