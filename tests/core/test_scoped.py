"""One pool for many tenants: a transaction is one tenant's, and its connection nobody's as soon as it is over."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from core.db import Database, ReadSession, WriteSession
from core.errors import Unavailable
from core.ids import new_id
from core.people import People, Profile
from core.scoped import NOBODY

OURS, THEIRS = UUID(int=7), UUID(int=8)


class Undone(Exception):
    """A use case that changes its mind."""


@pytest.fixture
async def pool(database: Any):
    owner = await asyncpg.connect(database.owner_url)
    await owner.executemany("INSERT INTO tenants (id, name) VALUES ($1, 'a company')", [(OURS,), (THEIRS,)])
    await owner.close()
    # One connection, so that whoever comes next gets the one that was used just before.
    shared = Database(database.app_url, tenant=NOBODY, pool_size=1)
    yield shared
    await shared.close()


async def carried(pool: Database) -> str | None:
    """Return what tenant the connection has that the next who asks is given."""
    return await pool.read(lambda session: session.value("SELECT nullif(current_setting('app.tenant', true), '')"))


async def seen(db: Database) -> list[str]:
    return [person.name for person in await People(db).listed()]


async def met(db: Database, name: str) -> None:
    await People(db).seen(Profile(slack_team_id=f"T{db.tenant.int}", slack_user_id="U1", name=name))


async def test_each_view_sees_its_own_tenant_on_the_same_connection(pool: Database):
    ours, theirs = pool.of(OURS), pool.of(THEIRS)
    await met(ours, "Ana")
    await met(theirs, "Boris")
    assert (await seen(ours), await seen(theirs), await seen(pool)) == (["Ana"], ["Boris"], [])
    assert await carried(pool) is None


async def test_nothing_is_carried_over_after_a_rollback(pool: Database):
    async def work(session: WriteSession) -> None:
        assert await session.value("SELECT current_setting('app.tenant')") == str(OURS)
        raise Undone

    with pytest.raises(Undone):
        await pool.of(OURS).write(work, repeatable=True)
    assert await carried(pool) is None


async def test_nothing_is_carried_over_by_a_statement_that_fails(pool: Database):
    with pytest.raises(asyncpg.DivisionByZeroError):
        await pool.of(OURS).read(lambda session: session.value("SELECT 1 / 0"))
    assert await carried(pool) is None
    assert await seen(pool.of(THEIRS)) == []


async def test_nothing_is_carried_over_by_whoever_leaves_in_the_middle(pool: Database):
    begun = asyncio.Event()

    async def work(session: WriteSession) -> None:
        begun.set()
        await session.value("SELECT pg_sleep(2)")

    task = asyncio.create_task(pool.of(OURS).write(work, repeatable=True))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await carried(pool) is None


async def test_nothing_is_carried_over_when_the_connection_is_lost(pool: Database, database: Any):
    superuser = await asyncpg.connect(database.superuser_url)

    async def work(session: ReadSession) -> None:
        number = await session.value("SELECT pg_backend_pid()")
        await superuser.execute("SELECT pg_terminate_backend($1)", number)
        await session.value("SELECT 1")

    with pytest.raises(Unavailable):
        await pool.of(OURS).read(work)
    await superuser.close()
    assert await carried(pool) is None


async def test_a_tenant_cannot_write_another_s_rows(pool: Database):
    async def work(session: WriteSession) -> None:
        await session.run(
            "INSERT INTO people (tenant_id, id, slack_team_id, slack_user_id, name) VALUES ($1, $2, 'T8', 'U8', 'Mallory')",
            THEIRS,
            new_id(),
        )

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.of(OURS).write(work, repeatable=True)


async def test_many_at_once_get_their_own_alone(database: Any):
    owner = await asyncpg.connect(database.owner_url)
    tenants = [UUID(int=number) for number in range(100, 130)]
    await owner.executemany("INSERT INTO tenants (id, name) VALUES ($1, 'a company')", [(one,) for one in tenants])
    await owner.close()
    shared = Database(database.app_url, tenant=NOBODY, pool_size=4, pool_timeout=20)
    try:
        await asyncio.gather(*(met(shared.of(one), str(one)) for one in tenants))
        found = await asyncio.gather(*(seen(shared.of(one)) for one in tenants * 5))
    finally:
        await shared.close()
    assert found == [[str(one)] for one in tenants * 5]


async def test_every_view_has_its_own_bell_and_closing_it_closes_nothing(pool: Database):
    rung: list[str] = []
    ours, theirs = pool.of(OURS), pool.of(THEIRS)
    ours.when_something_happened = lambda: rung.append("ours")
    theirs.when_something_happened = lambda: rung.append("theirs")

    async def work(session: WriteSession) -> None:
        session.happened = True

    await theirs.write(work, repeatable=True)
    await theirs.close()
    assert rung == ["theirs"]
    assert await seen(ours) == []
