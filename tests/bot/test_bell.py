"""The bell: rung by commits, heard here at once and by other replicas through PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Self
from uuid import UUID

import pytest

import core.db as db_module
from bot.listening import Listener
from core.bell import GATHER_SECONDS, Bell
from core.consistency import Freshness
from core.db import Database as Pool
from core.db import WriteSession
from tests.conftest import Database, administer


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.01)
    pytest.fail("waited too long")


class Replica:
    """A process's database, bell and listener."""

    def __init__(self, database: Database, *, gather_seconds: float = GATHER_SECONDS, **pool: object) -> None:
        self.heard = 0
        self.db = Pool(database.app_url, pool_size=2, **pool)
        self.bell = Bell(self.db, gather_seconds=gather_seconds)
        self.db.when_something_happened = self.bell.ring
        self.bell.heard_by(self._hear)
        self.listener = Listener(database.worker_url, self.bell, watch_seconds=0.1)

    def _hear(self) -> None:
        self.heard += 1

    async def change(self, *, happened: bool = True) -> None:
        async def work(session: WriteSession) -> None:
            await session.value("SELECT 1")
            session.happened = happened

        await self.db.write(work, repeatable=True)

    async def __aenter__(self) -> Self:
        self.listener.start()
        await until(lambda: self.listener.connected)
        self.heard = 0
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.listener.stop()
        await self.bell.close()
        await self.db.close()


async def test_a_commit_is_heard_here_at_once_and_elsewhere_soon_and_not_twice_here(database: Database):
    async with Replica(database) as one, Replica(database) as other:
        await one.change()
        assert one.heard == 1
        await until(lambda: other.heard == 1)
        await asyncio.sleep(0.15)
        assert (one.heard, other.heard) == (1, 1)


async def test_many_commits_are_told_elsewhere_by_few_notifications(database: Database):
    # Long enough that a machine with other things to do does not need many of these spans for a hundred commits.
    async with Replica(database, gather_seconds=0.5) as one, Replica(database) as other:
        for _ in range(100):
            await one.change()
        await one.bell.close()
        await until(lambda: other.heard > 0)
        await asyncio.sleep(0.05)
        assert one.heard == 100
        assert other.heard <= 30


async def test_the_last_of_many_commits_is_told_too(database: Database):
    async with Replica(database) as one, Replica(database) as other:
        one.bell.ring()
        await asyncio.sleep(0.06)
        one.bell.ring()
        await one.bell.close()
        await until(lambda: other.heard >= 2)


async def test_a_commit_without_an_event_rings_nothing(database: Database):
    async with Replica(database) as one, Replica(database) as other:
        await one.change(happened=False)
        await one.bell.close()
        assert (one.heard, other.heard) == (0, 0)


async def test_other_tenants_are_not_woken(database: Database):
    async with Replica(database) as one, Replica(database, tenant=UUID(int=7)) as other:
        other.bell.hear(f"{one.db.tenant} somebody")
        one.bell.ring()
        await one.bell.close()
        await asyncio.sleep(0.1)
        assert other.heard == 0


async def test_a_lost_connection_is_made_anew_and_rings_for_what_was_missed(database: Database, postgres_address):
    async with Replica(database) as one:
        kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bookroom-listen'"
        await administer(postgres_address, f"{kill} AND datname = '{database.name}'")
        await until(lambda: not one.listener.connected or one.heard > 0)
        await until(lambda: one.listener.connected and one.heard > 0)


async def test_a_database_out_of_reach_costs_a_ring_and_a_line_not_an_error(
    database: Database, caplog: pytest.LogCaptureFixture
):
    async with Replica(database) as one:
        away = Pool("postgresql://u@127.0.0.1:1/x", pool_size=1)
        bell = Bell(away)
        bell.heard_by(one._hear)
        bell.ring()
        await bell.close()
        assert one.heard == 1
        assert "not woken" in caplog.text


async def test_what_is_read_behind_a_commit_of_a_request_is_not_read_behind_the_notification(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    followed: list[UUID] = []
    follow = db_module._follow

    async def noted(driver: object, tenant: UUID) -> None:
        if db_module.followed_by.get():
            followed.append(tenant)
        await follow(driver, tenant)  # type: ignore[arg-type]

    monkeypatch.setattr(db_module, "_follow", noted)
    async with Replica(database) as one, Replica(database) as other:
        with Freshness(one.db).following() as written:
            await one.change()
            await until(lambda: other.heard == 1)
        assert (await written.place()).timeline == 1
    assert len(followed) == 1
