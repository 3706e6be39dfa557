"""A newer version comes while people book: the older bot goes on, the newer one starts beside it, and nobody notices.

`python -m tests.upgrade` does the same with real versions out of history.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from alembic.script import ScriptDirectory

import migrations
from bot.schema_version import require_schema
from core.checks import violations
from core.db import Database as Core
from core.errors import SchemaMismatch
from migrations import Stamp, head, known, misfit, oldest_code
from sandbox.server import Running as Sandbox
from sandbox.server import serving as sandbox
from tests.conftest import Database
from tests.core.test_schema import Description, described
from tests.upgrade import releases, running, traffic

# What an expanding migration may do to tables in use: columns, a table, a trigger, and beside the traffic an index.
ADDS = """
op.execute("ALTER TABLE bookings ADD COLUMN colour text, ADD COLUMN weight integer DEFAULT 1 NOT NULL")
op.execute("ALTER TABLE room_claims ADD COLUMN note text")
op.execute("ALTER TABLE rooms ADD COLUMN colour text")
op.execute("CREATE TABLE colours (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id))")
"""
INDEXES = 'create_index("bookings_colour", "bookings (tenant_id, colour)")'
TAKES_AWAY = 'op.execute("ALTER TABLE rooms DROP COLUMN floor")'
# From before there were declarations; code of that time is not asked.
UNDECLARED = known()[: known().index("0007_forgetting") + 1]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def slack() -> AsyncIterator[Sandbox]:
    async with sandbox() as running:
        yield running


def later(by: int) -> str:
    """Return the name of the so-manieth migration that is still to come."""
    return f"{int(head()[:4]) + by:04}_coming"


async def broken(database: Database) -> list[str]:
    db = Core(database.app_url, pool_size=1)
    try:
        return [one.name for one in await violations(db)]
    finally:
        await db.close()


async def test_bookings_go_on_while_a_newer_version_comes_and_while_its_code_is_taken_back(
    database: Database, http: aiohttp.ClientSession, slack: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = releases.coming(tmp_path, ADDS, INDEXES)
    people = await traffic.office(database, http)
    async with older(database, slack, monkeypatch) as before, people.flowing_through(before):
        await people.some(5)
        await migrated_while_somebody_reads(newer, database, people)
        async with running.serving(newer, database, slack, http, tmp_path / "bot.log") as beside:
            people.bots.append(beside)
            await people.some(10)
            await before.stop()
            await people.some(5)
            # The newer code proves bad: the older one comes back, on the database as it is now.
            async with older(database, slack, monkeypatch) as again:
                people.bots.append(again)
                await people.some(5)
                assert await beside.stop() == 0
                await people.some(5)
                assert all(people.served(bot) for bot in people.bots)
    assert people.failures == []
    assert await traffic.lost(database, people) == set()
    assert await broken(database) == []


@asynccontextmanager
async def older(database: Database, slack: Sandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[running.Bot]:
    """Run today's bot, which does not know of what is coming."""
    async with running.within(database, slack, monkeypatch) as product:

        async def end() -> int:
            await product.stop()
            return 0

        bot = running.Bot(url=f"http://127.0.0.1:{product.port}", end=end)
        yield bot
        bot.serving = False


async def migrated_while_somebody_reads(newer: Path, database: Database, people: traffic.Traffic) -> None:
    """Migrate beside a transaction that has looked at bookings and is in no hurry; nobody else waits for either."""
    reader = await asyncpg.connect(database.superuser_url)
    try:
        await reader.execute("BEGIN; SELECT count(*) FROM bookings")
        migrating = await running.migrating(newer, database)
        assert migrating.stdout is not None
        for _ in range(2):
            assert b"the tables are in use; trying again" in await migrating.stdout.readline()
        await people.some(5)
        await reader.execute("COMMIT")
        said = (await migrating.stdout.read()).decode()
        assert await migrating.wait() == 0, said
        assert said.endswith(f"The database is at {later(2)}.\n")
        await people.some(5)
    finally:
        await reader.close()


async def test_a_version_that_the_database_leaves_no_room_for_is_refused(database: Database, tmp_path: Path) -> None:
    newer = releases.coming(tmp_path, ADDS, TAKES_AWAY, oldest_code=later(2))
    assert (await running.migrated(newer, database))[0] == 0
    db = Core(database.app_url, pool_size=1)
    with pytest.raises(SchemaMismatch) as refused:
        await require_schema(db)
    await db.close()
    assert f"at {later(2)}, which is newer than this version ({head()})" in str(refused.value)
    assert await running.migrated(releases.ROOT, database) == (2, f"{refused.value}\n")


async def test_older_code_that_is_to_migrate_finds_nothing_to_do_and_says_so(database: Database) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute(f"UPDATE alembic_version SET version_num = '{later(1)}', oldest_code = '{head()}'")
    await connection.close()
    assert await asyncio.to_thread(migrations.upgrade, database.owner_url) == later(1)
    db = Core(database.app_url, pool_size=1)
    await require_schema(db)
    await db.close()


async def test_a_migration_that_finds_no_gap_gives_up_in_a_sentence_and_changes_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    newer = releases.coming(tmp_path, ADDS)
    script = (
        "import sys, migrations\nfrom alembic import command\nfrom core.errors import Busy\n"
        "config = migrations.configuration(sys.argv[1])\nconfig.attributes['patience'] = 0.6\n"
        "try: command.upgrade(config, 'head')\nexcept Busy as busy: print(busy)"
    )
    before = await described(database.owner_url)
    reader = await asyncpg.connect(database.superuser_url)
    await reader.execute("BEGIN; SELECT count(*) FROM bookings")
    command = ("-c", script, database.owner_url)
    said, _ = await (await running.started(newer, command, running.environment(database))).communicate()
    await reader.close()
    assert b"Something has been using the tables" in said
    assert await described(database.owner_url) == before


async def test_two_migrate_at_once_though_one_makes_an_index_beside_the_traffic_that_an_earlier_try_left_unusable(
    database: Database, tmp_path: Path
) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute(
        "ALTER TABLE bookings ADD COLUMN colour text; CREATE INDEX bookings_colour ON bookings (colour)"
    )
    await connection.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'bookings_colour'::regclass")
    newer = releases.coming(tmp_path, INDEXES)
    outcomes = await asyncio.gather(*(running.migrated(newer, database) for _ in range(2)))
    assert [code for code, _ in outcomes] == [0, 0], outcomes
    made = "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indexrelid = 'bookings_colour'::regclass AND indisvalid"
    assert "(tenant_id, colour)" in await connection.fetchval(made)
    await connection.close()


OURS, EARLIER = known()[-1], known()[-2]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Stamp(OURS, OURS), None),
        (Stamp(OURS), None),
        (Stamp(OURS, EARLIER), None),
        (Stamp(EARLIER, EARLIER), "bookroom migrate"),
        (Stamp(EARLIER), "bookroom migrate"),
        (Stamp(), "no tables of ours"),
        (Stamp("9999_later", OURS), None),
        (Stamp("9999_later", EARLIER), None),
        (Stamp("9999_later", "9998_late"), "no longer goes with it"),
        (Stamp("9999_later"), "no longer goes with it"),
    ],
)
def test_which_databases_this_version_goes_with(found: Stamp, said: str | None) -> None:
    why = misfit(found)
    assert why is None if said is None else said in str(why)


def test_every_migration_declares_which_code_may_go_on_beside_it_and_none_lets_older_code_in_again() -> None:
    declared = [known().index(oldest_code(revision)) for revision in known()]
    assert declared == sorted(declared)
    assert all(oldest <= own for own, oldest in enumerate(declared))
    scripts = ScriptDirectory.from_config(migrations.configuration())
    silent = [name for name in known() if not hasattr(scripts.get_revision(name).module, "oldest_code")]
    assert silent == list(UNDECLARED)


async def test_a_migration_that_lets_older_code_go_on_takes_nothing_away_from_it(empty_database: Database) -> None:
    url = empty_database.owner_url
    await asyncio.to_thread(migrations.upgrade, url, UNDECLARED[-1])
    before = await described(url)
    for revision in known()[len(UNDECLARED) :]:
        await asyncio.to_thread(migrations.upgrade, url, revision)
        after = await described(url)
        if oldest_code(revision) != revision:
            leaves_room(before, after, revision)
        before = after


def leaves_room(before: Description, after: Description, revision: str) -> None:
    """Fail where older code would miss something, or be asked for something that it does not know."""
    tables = {row[0] for row in before["columns"]}
    assert {row[:4] for row in before["columns"]} <= {row[:4] for row in after["columns"]}, f"{revision}: a column went"
    for kind in ("grants", "column grants", "sequences", "row-level security"):
        assert before[kind] <= after[kind], (revision, kind)
    for table, column, _, required, identity, generated, _, default in after["columns"] - before["columns"]:
        filled = not required or identity or generated or default is not None
        assert table not in tables or filled, f"{revision}: older code does not fill {table}.{column}"


def test_what_older_code_would_miss_is_seen() -> None:
    empty: Description = {kind: set() for kind in ("columns", "grants", "column grants", "sequences", "row-level security")}
    column = ("rooms", "floor", "text", False, "", "", None, None)
    demanded = ("rooms", "floor", "text", True, "", "", None, None)
    other = ("rooms", "colour", "text", True, "", "", None, None)
    for before, after in [({column}, set()), ({column}, {demanded}), ({column}, {column, other})]:
        with pytest.raises(AssertionError):
            leaves_room({**empty, "columns": before}, {**empty, "columns": after}, "9999_next")
    leaves_room({**empty, "columns": {column}}, {**empty, "columns": {column, (*other[:7], "'red'")}}, "9999_next")
