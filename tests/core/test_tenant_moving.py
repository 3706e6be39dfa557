"""A tenant is carried to another database: each row arrives once, writers are refused meanwhile, and kills do no harm."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from core import schema
from core.bookings import Bookings
from core.catalogue import Catalogues
from core.db import DEFAULT_TENANT, Database
from core.errors import RoomNotFound, WorkspaceMoving
from core.feed import BEGINNING, Feed, Position
from core.models import Wish
from core.search import Search
from core.tenant_moving import Databases, Mover
from core.tenant_moving_copy import exported, rows_of, violated
from core.tenant_moving_file import Reading
from core.tenants import Keeper, Tenant
from tests.core.office import Office, at, opened
from tests.core.test_roles import everywhere

HERE = str(DEFAULT_TENANT)


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


@pytest.fixture
async def elsewhere(database: Any) -> AsyncIterator[Any]:
    """A second database on the same server, migrated and empty."""
    name = f"{database.name}_elsewhere"
    connection = await asyncpg.connect(database.superuser_url.replace(database.name, "postgres"))
    await connection.execute(f"CREATE DATABASE {name} OWNER {schema.OWNER} TEMPLATE bookroom_template STRATEGY wal_log")
    try:
        yield type(database)(
            name=name,
            **{
                field: getattr(database, field).replace(database.name, name)
                for field in ("owner_url", "app_url", "worker_url", "superuser_url")
            },
        )
    finally:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()


@pytest.fixture
def databases(database: Any, elsewhere: Any) -> Databases:
    return Databases(database.owner_url, {"eu": elsewhere.owner_url})


async def known(databases: Databases, tenant: Any = DEFAULT_TENANT) -> Tenant:
    async with databases.opened(None) as main:
        return await Keeper(main).named(str(tenant))


async def written(databases: Databases, placement: str | None = None, tenant: Any = DEFAULT_TENANT) -> io.BytesIO:
    file = io.BytesIO()
    async with databases.opened(placement, tenant) as connection:
        await exported(connection, tenant, file, silent)
    file.seek(0)
    return file


async def counts(databases: Databases, placement: str | None = None, tenant: Any = DEFAULT_TENANT) -> dict[str, int]:
    async with databases.opened(placement, tenant) as connection:
        return await rows_of(connection, tenant)


@asynccontextmanager
async def continued(office: Office, urls: Any) -> AsyncIterator[Office]:
    """Open another database for the same people, who have been carried there."""
    db = Database(urls.app_url, tenant=office.db.tenant)
    catalogues = Catalogues(db, fresh_seconds=3600)
    search = Search(db, catalogues, office.clock)
    bookings = Bookings(db, catalogues, search, office.clock)
    try:
        yield replace(office, urls=urls, db=db, catalogues=catalogues, search=search, bookings=bookings)
    finally:
        await db.close()


async def test_every_row_of_every_table_arrives_as_it_was(database: Any, databases: Databases, elsewhere: Any):
    async with opened(database) as office:
        await everywhere(office)
        await office.damage("UPDATE bookings SET title = E'a\\\\b\\n\\tc \\\\N ü'")
    before = await counts(databases)
    assert all(before.values())

    manifest = await Mover(databases, silent).move(await known(databases), "eu")

    assert await counts(databases, "eu") == before == {name: one.rows for name, one in manifest.tables.items()}
    assert (await known(databases)).placement == "eu"
    again = Reading(await written(databases, "eu")).manifest
    assert again.tables == manifest.tables
    async with databases.opened("eu", DEFAULT_TENANT) as there:
        assert await there.fetchval("SELECT title FROM bookings") == "a\\b\n\tc \\N ü"
        assert await there.fetchval("SELECT closed_at FROM tenants WHERE id = $1", DEFAULT_TENANT) is None


async def test_whoever_books_meanwhile_is_asked_to_come_back_and_may_read_on(database: Any, databases: Databases):
    async with opened(database) as office:
        apollo = await office.room("Apollo")
        kept = await office.book(apollo, at(9))
        seen: list[tuple[str, str]] = []

        class Asking:
            def __init__(self) -> None:
                self.tasks: list[asyncio.Task[None]] = []

            def __call__(self, what: str, done: int, total: int) -> None:
                if what == "exporting" and done == 1:
                    self.tasks.append(asyncio.ensure_future(self.ask()))

            async def ask(self) -> None:
                with pytest.raises(WorkspaceMoving) as refusal:
                    await office.book(apollo, at(11))
                seen.append((refusal.value.code, refusal.value.message))
                assert await office.bookings.get(kept.id) == kept

        asking = Asking()
        await Mover(databases, asking).move(await known(databases), "eu")
        await asyncio.gather(*asking.tasks)
        assert [code for code, _ in seen] == ["WorkspaceMoving"]
        assert "being moved" in seen[0][1]
        assert "try again" in seen[0][1]


async def test_who_comes_with_the_old_address_is_refused_until_the_old_rows_are_forgotten(
    database: Any, elsewhere: Any, databases: Databases
):
    mover = Mover(databases, silent)
    async with opened(database) as office:
        apollo = await office.room("Apollo")
        await office.book(apollo, at(9))
        await mover.move(await known(databases), "eu")
        with pytest.raises(WorkspaceMoving):
            await office.book(apollo, at(11))
        assert sum((await counts(databases)).values()) > 0

        assert await mover.forget(await known(databases)) > 0

        left = await counts(databases)
        assert {name for name, count in left.items() if count} <= {"slack_teams"}
        with pytest.raises(RoomNotFound):
            await office.book(apollo, at(11))
        async with continued(office, elsewhere) as there:
            assert (await there.book(apollo, at(11))).room.name == "Apollo"


async def test_a_move_and_back_leaves_everything_as_it_was(database: Any, databases: Databases):
    async with opened(database) as office:
        await everywhere(office)
    before = Reading(await written(databases)).manifest
    mover = Mover(databases, silent)
    for target in ("eu", None):
        await mover.move(await known(databases), target)
        await mover.forget(await known(databases))
    after = Reading(await written(databases)).manifest
    assert after.tables == before.tables
    assert (await known(databases)).placement is None
    async with databases.opened("eu", DEFAULT_TENANT) as there:
        assert await there.fetchval("SELECT count(*) FROM tenants WHERE id = $1", DEFAULT_TENANT) == 0


async def test_the_feed_goes_on_where_each_reader_was(database: Any, elsewhere: Any, databases: Databases):
    async with opened(database) as office:
        apollo = await office.room("Apollo")
        for hour in (9, 11, 13):
            await office.book(apollo, at(hour))
        rows = await office.rows("SELECT transaction::text::bigint AS t, number FROM events ORDER BY transaction, number")
        await office.damage(
            f"INSERT INTO event_readers (tenant_id, name, transaction, number) VALUES"
            f" ('{HERE}', 'none', '0', 0), ('{HERE}', 'one', '{rows[0]['t']}', {rows[0]['number']}),"
            f" ('{HERE}', 'all', '{rows[-1]['t'] + 1000}', 0)"
        )
    # There, far fewer transactions have been; numbers begin anew.
    await Mover(databases, silent).move(await known(databases), "eu")

    async with continued(office, elsewhere) as there:
        await there.book(apollo, at(15))
        feed = Feed(await there.catalogues.current())

        async def starts(name: str) -> list[int]:
            async def work(session: Any) -> list[int]:
                row = await session.one("SELECT transaction, number FROM event_readers WHERE name = $1", name)
                found = await feed.after(session, Position(row["transaction"], row["number"]), 100)
                return [one.after.slot.start.hour for _, one in found]

            return await there.db.read(work)

        assert [await starts(name) for name in ("none", "one", "all")] == [[9, 11, 13, 15], [11, 13, 15], [15]]
        everything = await there.db.read(lambda session: feed.after(session, BEGINNING, 100))
        assert [one.after.slot.start.hour for _, one in everything] == [9, 11, 13, 15]
        numbers = await there.rows("SELECT number FROM events ORDER BY transaction, number")
        assert [row["number"] for row in numbers] == sorted(row["number"] for row in numbers)


@pytest.mark.race
async def test_each_yes_that_a_writer_got_is_in_the_new_database_once(database: Any, elsewhere: Any, databases: Databases):
    yes: set[Any] = set()
    told: list[str] = []
    async with opened(database, pool_size=8) as here:
        rooms = [await here.room(f"Room {number}") for number in range(6)]
        moved = asyncio.Event()

        async def writer(number: int) -> None:
            for turn in range(10_000):
                try:
                    wish = Wish(slot=at(9 + turn / 4, 15), room_id=rooms[number].id)
                    yes.add((await here.bookings.book(wish, by=here.ana, key=f"{number}-{turn}")).id)
                except WorkspaceMoving as error:
                    told.append(error.code)
                    if moved.is_set():
                        return
                    await asyncio.sleep(0.01)

        writers = [asyncio.create_task(writer(number)) for number in range(6)]
        while len(yes) < 60 and not any(task.done() for task in writers):
            await asyncio.sleep(0.01)
        await Mover(databases, silent).move(await known(databases), "eu")
        moved.set()
        await asyncio.gather(*writers)
    assert told
    async with databases.opened("eu", DEFAULT_TENANT) as there:
        rows = await there.fetch("SELECT id FROM bookings WHERE tenant_id = $1", DEFAULT_TENANT)
        assert sorted(row["id"] for row in rows) == sorted(yes)
        assert await violated(there, DEFAULT_TENANT) == ()
