"""The invariants by the clock: one replica at a time, its findings told by all, and never without end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from core import checks, roles
from core.checking import KEY, Checking
from core.db import Database
from tests.core.office import Office, at

NOW = datetime(2026, 11, 24, tzinfo=UTC)
LOST = "a booking holds a room without a claim that covers it"
PLAIN = "SELECT NULL AS nothing WHERE $1::uuid IS NULL"


@pytest.fixture
async def worker(database: Any) -> AsyncIterator[Database]:
    db = Database(database.worker_url, role=roles.WORKER, pool_size=3)
    yield db
    await db.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], None]:
    """Put other invariants in the place of ours."""

    def put(others: dict[str, str]) -> None:
        for name in checks.INVARIANTS:
            monkeypatch.setitem(checks.INVARIANTS, name, others.get(name, PLAIN))  # type: ignore[arg-type]

    return put


def replica(db: Database, **more: Any) -> Checking:
    return Checking(db, settling=0, **more)


async def turn_over(office: Office) -> None:
    await office.damage(f"UPDATE requests SET expires_at = now() WHERE key = '{KEY}'")


async def test_what_is_found_is_told_by_every_replica_and_in_the_log_without_a_title(
    office: Office, worker: Database, caplog: pytest.LogCaptureFixture
):
    booking = await office.book(await office.room("Apollo"), at(10), title="Redundancies", private=True)
    one, other = replica(worker), replica(worker)
    assert await one.advance(NOW) == 0
    assert (well := await other.last())
    assert (well.rows, well.unfinished) == ({}, ())

    await turn_over(office)
    await office.damage("DELETE FROM room_claims")
    with caplog.at_level(logging.ERROR):
        assert await one.advance(NOW) == 1
    assert (seen := await other.last())
    assert seen.rows == {LOST: 1}
    (line,) = [record for record in caplog.records if record.name == "core.checking"]
    assert (line.__dict__["invariant"], line.__dict__["booking_id"]) == (LOST, str(booking.id))
    assert "Redundancies" not in str(line.__dict__)
    assert {violation.name for violation in await checks.violations(office.db)} == {LOST}


async def test_of_many_replicas_one_looks_and_the_next_look_is_an_interval_later(office: Office, worker: Database, quick):
    quick(dict.fromkeys([LOST], "SELECT pg_sleep(0.2) WHERE $1::uuid IS NOT NULL"))
    replicas = [replica(worker, seconds=3600) for _ in range(3)]
    found = await asyncio.gather(*(one.advance(NOW) for one in replicas))
    assert sorted(found) == [0, 0, 1]
    assert [await one.advance(NOW) for one in replicas] == [0, 0, 0]

    await turn_over(office)
    assert await replicas[2].advance(NOW) == 1


async def test_whoever_dies_over_it_is_followed_by_another_when_its_turn_is_over(office: Office, worker: Database, quick):
    quick({LOST: "SELECT pg_sleep(60) WHERE $1::uuid IS NOT NULL"})
    dying = asyncio.create_task(replica(worker).advance(NOW))
    async with asyncio.timeout(10):
        while not await office.db.read(lambda session: session.value("SELECT true FROM requests WHERE key = $1", KEY)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    dying.cancel()
    await asyncio.wait([dying])
    quick({})
    assert await replica(worker).advance(NOW) == 0
    assert await replica(worker).last() is None

    await turn_over(office)
    await replica(worker).advance(NOW)
    assert await replica(worker).last() is not None


async def test_one_that_takes_too_long_is_broken_off_and_told_as_unfinished(office: Office, worker: Database, quick):
    quick({LOST: "SELECT pg_sleep(60) WHERE $1::uuid IS NOT NULL"})
    report = await replica(worker, most_each=0.2).look()
    assert (report.rows, report.unfinished) == ({}, (LOST,))


async def test_nothing_is_looked_at_in_the_first_minutes_or_where_it_is_switched_off(office: Office, worker: Database):
    assert await Checking(worker).advance(NOW) == 0
    assert await replica(worker, seconds=0).advance(NOW) == 0
    assert await replica(worker).last() is None


async def test_it_cannot_change_anything(office: Office, worker: Database, quick):
    quick({LOST: "SELECT true WHERE $1::uuid IS NOT NULL AND current_setting('transaction_read_only') <> 'on'"})
    assert (await replica(worker).look()).rows == {}
