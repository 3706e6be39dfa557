"""`bookroom stress`: what it attempts, that it tells the truth, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import asyncpg
import pytest

from bot import cli
from bot.stress.own_tenant import NAME, TENANT, own_tenant
from bot.stress.plan import Kind, Plan, StressRefused, beginning
from bot.stress.running import Tally
from bot.stress.through_core import through_core
from bot.stress.told import Told
from bot.stress.verdict import judged
from bot.stress.whole import stressed
from core.clock import SystemClock
from core.ids import new_id
from core.models import Slot
from tests.api.outside import opened as api_opened

pytestmark = pytest.mark.race

Run = Callable[..., Awaitable[tuple[int, str, str]]]
BEGINS = datetime(2040, 3, 5, 8, tzinfo=UTC)
SMALL = ("--attempts", "150", "--concurrency", "40", "--connections", "6", "--rooms", "4", "--overlap", "0.8")

# The referee sent off the field, and somebody put there who whistles for nothing.
NO_REFEREE = """
ALTER TABLE room_claims DROP CONSTRAINT room_claims_no_overlap;
ALTER TABLE room_claims ADD CONSTRAINT room_claims_no_overlap EXCLUDE USING btree (id WITH =);
"""


@pytest.fixture
def bookroom(database: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line; returns the exit code, and what it said on both streams."""
    monkeypatch.setenv("DATABASE_URL", database.app_url)
    monkeypatch.setenv("DATABASE_OWNER_URL", database.owner_url)

    async def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bookroom", "stress", *words])
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(cli.main)  # it has an event loop of its own
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return run


async def left(database: Any) -> dict[str, int]:
    """Return how many rows of the run's own tenant there are, where there are any."""
    connection = await asyncpg.connect(database.superuser_url)
    try:
        tables = await connection.fetch(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'tenant_id' AND table_schema = 'public'"
        )
        questions = {"tenants": "SELECT count(*) FROM tenants WHERE id = $1"}
        questions |= {row[0]: f"SELECT count(*) FROM {row[0]} WHERE tenant_id = $1" for row in tables}
        counted = {table: await connection.fetchval(sql, TENANT) for table, sql in questions.items()}
        return {table: count for table, count in counted.items() if count}
    finally:
        await connection.close()


async def run_sql(database: Any, script: str) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    try:
        await connection.execute(script)
    finally:
        await connection.close()


# -- what is attempted -------------------------------------------------------------------------------------------------


def test_what_is_attempted_follows_from_the_seed():
    plan = Plan(attempts=400)
    assert list(plan.all(BEGINS)) == list(plan.all(BEGINS))
    assert list(plan.all(BEGINS)) != list(replace(plan, seed=2).all(BEGINS))


def test_times_of_ones_own_meet_nobody_and_the_others_meet():
    plan = Plan(attempts=600, rooms=3, overlap=0, moves=0.2, cancels=0.2)
    alone = [*plan.all(BEGINS), *plan.preparations(BEGINS)]
    assert len({(one.room, one.slot) for one in alone}) == len(alone) == 600 + plan.prepared
    by_room = {room: sorted(one.slot.start for one in alone if one.room == room) for room in range(3)}
    for starts in by_room.values():
        assert all(later - sooner >= timedelta(minutes=30) for sooner, later in pairwise(starts))

    met = list(replace(plan, overlap=1).all(BEGINS))
    assert max(one.slot.end for one in met) < min(one.slot.start for one in alone)
    assert {one.room for one in met} == {0, 1, 2}


def test_shares_are_as_asked():
    kinds = [one.kind for one in Plan(attempts=4000, moves=0.3, cancels=0.2).all(BEGINS)]
    assert abs(kinds.count(Kind.MOVE) / 4000 - 0.3) < 0.03
    assert abs(kinds.count(Kind.CANCEL) / 4000 - 0.2) < 0.03


@pytest.mark.parametrize(
    "asked",
    [
        {"attempts": 0},
        {"attempts": 200_001},
        {"concurrency": 2001},
        {"connections": 41},
        {"rooms": 501},
        {"overlap": 1.1},
        {"moves": 0.6, "cancels": 0.4},
        {"attempts": 100_000, "rooms": 2},
    ],
)
def test_what_is_more_than_can_be_meant_is_refused(asked: dict[str, Any]):
    with pytest.raises(StressRefused):
        Plan(**asked)


# -- the verdict -------------------------------------------------------------------------------------------------------


def told(start: int = 10, *, version: int = 1, room: Any = None, holds: bool = True) -> Told:
    begins = BEGINS + timedelta(hours=start)
    slot = Slot(start=begins, end=begins + timedelta(hours=1))
    return Told(id=new_id(), version=version, room=room or new_id(), slot=slot, holds=holds)


def tallied(*said: Told) -> Tally:
    tally = Tally()
    for one in said:
        tally.told[one.id][one.version] = one
    return tally


def test_a_yes_that_is_not_stored_or_stored_otherwise_is_lost():
    one, other = told(), told()
    assert judged(tallied(one, other), [one, other], ()).holds
    assert len(judged(tallied(one, other), [one], ()).lost) == 1
    assert len(judged(tallied(one), [replace(one, holds=False)], ()).lost) == 1


def test_what_is_stored_and_was_told_to_nobody_is_found_unless_somebody_got_no_answer():
    one = told()
    assert len(judged(tallied(), [one], ()).untold) == 1
    tally = tallied()
    tally.unanswered = [None]
    assert judged(tally, [one], ()).holds
    twice = replace(one, version=2)
    assert judged(tallied(one), [twice], ()).lost
    tally = tallied(one)
    tally.unanswered = [one.id]
    assert judged(tally, [twice], ()).holds


def test_two_bookings_of_one_room_and_moment_are_found_and_neighbours_are_not():
    room = new_id()
    at_ten, at_eleven = told(10, room=room), told(11, room=room)
    assert judged(tallied(at_ten, at_eleven), [at_ten, at_eleven], ()).holds
    again = told(10, room=room)
    assert len(judged(tallied(at_ten, again), [at_ten, again], ()).overlaps) == 1
    given_back = replace(again, holds=False)
    assert judged(tallied(at_ten, given_back), [at_ten, given_back], ()).holds


# -- through the core --------------------------------------------------------------------------------------------------


async def test_a_run_holds_counts_every_attempt_and_leaves_nothing(database: Any, bookroom: Run):
    code, out, err = await bookroom(*SMALL, "--json")
    facts = json.loads(out)
    assert code == 0, err
    assert "About to attempt 150" in err
    assert facts["holds"] is True
    assert facts["sentence"].startswith("No double booking: of 150 attempts")
    assert sum(count for kind in facts["tally"].values() for count in kind.values()) == 150
    assert set(facts["tally"]) == {"book", "move", "cancel"}
    assert facts["tally"]["book"]["SlotTaken"] > 0
    assert facts["yes"] == sum(kind.get("yes", 0) for kind in facts["tally"].values())
    assert set(facts["latency_ms"]["book"]) == {"p50", "p95", "p99", "max"}
    assert facts["deadlocks"] == 0
    assert await left(database) == {}


async def test_a_broken_referee_is_found_out(database: Any, bookroom: Run):
    await run_sql(database, NO_REFEREE)
    code, out, _ = await bookroom(*SMALL, "--overlap", "1", "--moves", "0", "--cancels", "0")
    assert code == 1
    assert "IT DID NOT HOLD after 150 attempts" in out
    assert "double bookings" in out
    assert "claims of one room overlap:" in out
    assert await left(database) == {}


async def test_what_an_interrupted_run_made_is_taken_away(database: Any):
    plan = Plan(attempts=5000, concurrency=20, connections=4, rooms=4)

    async def work() -> None:
        urls = {"app_url": database.app_url, "owner_url": database.owner_url}
        async with through_core(plan, **urls) as target:
            under_way.set()
            await stressed(plan, target, through="the core", begins=beginning(SystemClock().now()))

    under_way = asyncio.Event()
    running = asyncio.create_task(work())
    await under_way.wait()
    while (await left(database)).get("bookings", 0) < 10:  # noqa: ASYNC110 - another's doing
        await asyncio.sleep(0.02)
    with pytest.raises(StressRefused):
        async with own_tenant(database.owner_url):
            pass
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert await left(database) == {}


async def test_what_a_killed_run_has_left_is_taken_away_by_the_next(database: Any, bookroom: Run):
    await run_sql(
        database,
        f"INSERT INTO tenants (id, name) VALUES ('{TENANT}', '{NAME}');"
        f"INSERT INTO locations (tenant_id, id, name, zone) VALUES ('{TENANT}', gen_random_uuid(), 'Stress test', 'UTC');",
    )
    code, _, err = await bookroom("--attempts", "20", "--concurrency", "5", "--connections", "2", "--rooms", "2")
    assert code == 0, err
    assert await left(database) == {}


async def test_both_ways_at_once_and_an_address_without_a_token_are_refused(bookroom: Run):
    for words in (["--core", "--url", "http://127.0.0.1:1"], ["--url", "http://127.0.0.1:1"]):
        code, _, err = await bookroom(*words)
        assert code == 2
        assert "--url" in err


# -- through the API ---------------------------------------------------------------------------------------------------


async def test_through_the_api_all_of_it_holds_and_what_was_made_goes_out_of_use(database: Any, bookroom: Run):
    async with api_opened(database) as outside:
        small = ("--attempts", "60", "--concurrency", "20", "--connections", "6", "--rooms", "3", "--overlap", "0.8")
        code, out, err = await bookroom("--url", outside.url, "--token", outside.tokens["admin"], *small, "--json")
        assert code == 0, out + err
        facts = json.loads(out)
        assert "They are real bookings in the workspace" in err
        assert outside.tokens["admin"] not in out + err
        assert sum(count for kind in facts["tally"].values() for count in kind.values()) == 60
        assert facts["yes"] > 0
        assert facts["violations"] == []
        places = await outside.ask("GET", "/locations", by="admin")
        ours = [one for one in places.body["items"] if one["name"].startswith("Stress test of ")]
        assert [one["active"] for one in ours] == [False]
        found = await outside.ask("GET", "/bookings", by="admin", params={"locationId": ours[0]["id"]})
        assert found.body["items"] == []


async def test_a_token_that_may_not_make_rooms_is_told_so(database: Any, bookroom: Run):
    async with api_opened(database) as outside:
        for token in (outside.tokens["ben"], "nonsense"):
            code, _, err = await bookroom("--url", outside.url, "--token", token, "--attempts", "20")
            assert code == 2
            assert "token" in err
            assert token not in err
