"""Who waits for a connection, and what is told of a database that is there and cannot be written to."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from core import checks, errors
from core.db import Database, ReadSession, translate
from tests.core.office import Office, at


async def asked(db: Database, order: list[str], name: str, *, times: int = 1) -> None:
    """Read so many times in a row, noting each time that there is a connection."""

    async def work(session: ReadSession) -> None:
        order.append(name)
        await session.value("SELECT 1")

    for _ in range(times):
        await db.read(work)


async def test_whoever_asks_again_goes_to_the_end_of_the_line(database: Any):
    db = Database(database.app_url, pool_size=1)
    order: list[str] = []
    try:
        await asyncio.gather(asked(db, order, "often", times=3), asked(db, order, "b"), asked(db, order, "c"))
    finally:
        await db.close()
    assert order == ["often", "b", "c", "often", "often"]


async def test_whoever_leaves_the_line_keeps_nobody_behind_from_their_turn(database: Any):
    db = Database(database.app_url, pool_size=1)
    order: list[str] = []
    try:
        waiting = [asyncio.create_task(asked(db, order, name)) for name in "abc"]
        await asyncio.sleep(0)
        waiting[1].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asked(db, order, "d")
    finally:
        await db.close()
    assert order == ["a", "c", "d"]


async def test_whoever_waits_too_long_is_told_so_and_the_line_goes_on(database: Any):
    db = Database(database.app_url, pool_size=1, pool_timeout=0.05)
    let_go = asyncio.Event()

    async def work(session: ReadSession) -> None:
        await let_go.wait()

    try:
        holding = asyncio.create_task(db.read(work))
        await asyncio.sleep(0)
        with pytest.raises(errors.Unavailable):
            await asked(db, [], "late")
        let_go.set()
        await holding
        await asked(db, [], "later")
    finally:
        await db.close()


@pytest.mark.parametrize(
    "broken", [asyncpg.DiskFullError, asyncpg.OutOfMemoryError, asyncpg.TooManyConnectionsError, asyncpg.PostgresIOError]
)
def test_a_database_that_lacks_something_is_told_kindly(broken: type[asyncpg.PostgresError]):
    with pytest.raises(errors.Unavailable) as told:
        translate(broken("could not extend file: No space left on device"))
    assert "space" not in told.value.message


async def test_a_database_that_may_only_be_read_is_left_for_the_one_that_has_taken_over(office: Office):
    apollo = await office.room("Apollo")
    name = office.urls.name
    await office.rows(f"ALTER ROLE bookroom_app IN DATABASE {name} SET default_transaction_read_only = on")
    await office.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bookroom'")

    with pytest.raises(errors.Unavailable):
        await office.book(apollo, at(10))
    assert await office.bookings.mine(office.ana) == ()

    await office.rows(f"ALTER ROLE bookroom_app IN DATABASE {name} RESET default_transaction_read_only")
    # What was connected before is not asked again: only a new connection finds out who may be written to.
    assert (await office.book(apollo, at(10))).version == 1
    assert await checks.violations(office.db) == []
