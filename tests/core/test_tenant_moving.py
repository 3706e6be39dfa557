"""A tenant is carried to another database: each row arrives once, writers are refused meanwhile, and kills do no harm."""

from __future__ import annotations

import asyncio
import io
import itertools
import os
import signal
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from core.bookings import Bookings
from core.catalogue import Catalogues
from core.db import DEFAULT_TENANT, Database
from core.errors import RoomNotFound, WorkspaceMoving
from core.feed import BEGINNING, Feed, Position
from core.ids import new_id
from core.models import Wish
from core.search import Search
from core.tenant_moving import Databases, Mover, bring
from core.tenant_moving_copy import exported, rows_of, violated
from core.tenant_moving_file import Reading
from core.tenants import Keeper, Tenant, TenantError
from tests.core.office import PATIENT, Office, at, opened
from tests.core.test_roles import OTHER, everywhere, second_tenant

HERE = str(DEFAULT_TENANT)


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


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

    manifest = Reading(await written(databases)).manifest

    assert await Mover(databases, silent).move(await known(databases), "eu") == sum(before.values())

    assert await counts(databases, "eu") == before == {name: one.rows for name, one in manifest.tables.items()}
    assert (await known(databases)).placement == "eu"
    assert Reading(await written(databases, "eu")).manifest.tables == manifest.tables
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
        moved, enough = asyncio.Event(), asyncio.Event()

        async def writer(number: int) -> None:
            for turn in range(10_000):
                try:
                    wish = Wish(slot=at(9 + turn / 4, 15), room_id=rooms[number].id)
                    yes.add((await here.bookings.book(wish, by=here.ana, key=f"{number}-{turn}")).id)
                    if len(yes) > 30:
                        enough.set()
                except WorkspaceMoving as error:
                    told.append(error.code)
                    if moved.is_set():
                        return
                    await asyncio.sleep(0.01)

        writers = [asyncio.create_task(writer(number)) for number in range(6)]
        await enough.wait()
        await Mover(databases, silent).move(await known(databases), "eu")
        moved.set()
        await asyncio.gather(*writers)
    assert told
    async with databases.opened("eu", DEFAULT_TENANT) as there:
        rows = await there.fetch("SELECT id FROM bookings WHERE tenant_id = $1", DEFAULT_TENANT)
        assert sorted(row["id"] for row in rows) == sorted(yes)
        assert await violated(there, DEFAULT_TENANT) == ()


async def killed(database: Any, elsewhere: Any, verb: str, where: str, times: int = 0) -> None:
    """Move, or go on with a move, in another process, which is killed with SIGKILL when it has come so far."""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(moving_until(Databases(database.owner_url, {"eu": elsewhere.owner_url}), verb, where, times))
        finally:
            os._exit(1)
    _, status = await asyncio.to_thread(os.waitpid, child, 0)
    assert os.WIFSIGNALED(status), "it came to its end before it was killed"
    assert os.WTERMSIG(status) == signal.SIGKILL


async def moving_until(databases: Databases, verb: str, where: str, times: int) -> None:
    calls = itertools.count()

    def progress(what: str, done: int, total: int) -> None:
        if what == where and next(calls) == times:
            os.kill(os.getpid(), signal.SIGKILL)

    tenant, mover = await known(databases), Mover(databases, progress)
    await {
        "move": lambda: mover.move(tenant, "eu"),
        "resume": lambda: mover.resume(tenant),
        "forget": lambda: mover.forget(tenant),
    }[verb]()


async def test_whoever_is_killed_in_the_middle_can_give_it_up(database: Any, elsewhere: Any, databases: Databases):
    async with opened(database) as office:
        apollo = await office.room("Apollo")
        await office.book(apollo, at(9))
        before = Reading(await written(databases)).manifest
        for phase, times in (("freezing", 20), ("importing", 4)):
            await killed(database, elsewhere, "move", phase, times)
            with pytest.raises(TenantError, match="--resume"):
                await Mover(databases, silent).move(await known(databases), "eu")

            await Mover(databases, silent).abort(await known(databases))

            assert (await known(databases)).moving is None
            assert Reading(await written(databases)).manifest.tables == before.tables
            assert not any((await counts(databases, "eu")).values())
        await office.book(apollo, at(11))


async def test_whoever_is_killed_at_any_step_can_go_on(database: Any, elsewhere: Any, databases: Databases):
    async with opened(database) as office:
        apollo = await office.room("Apollo")
        await office.book(apollo, at(9))
        before = Reading(await written(databases)).manifest
        await killed(database, elsewhere, "move", "freezing", 20)
        for phase, times in (("exporting", 3), ("importing", 4), ("comparing", 3), ("switching", 0)):
            await killed(database, elsewhere, "resume", phase, times)
            assert (await known(databases)).placement is None
            assert await office.count("SELECT count(*) FROM bookings") == 1
        with pytest.raises(WorkspaceMoving):
            await office.book(apollo, at(11))

        await killed(database, elsewhere, "resume", "switching", 1)

        assert (await known(databases)).placement == "eu"
        assert Reading(await written(databases, "eu")).manifest.tables == before.tables
        with pytest.raises(TenantError, match="no interrupted move"):
            await Mover(databases, silent).resume(await known(databases))
        with pytest.raises(TenantError, match="moved already"):
            await Mover(databases, silent).abort(await known(databases))
        await killed(database, elsewhere, "forget", "removing", 12)
        assert (await known(databases)).moving == "kept"
        await Mover(databases, silent).forget(await known(databases))
        assert not any(count for name, count in (await counts(databases)).items() if name != "slack_teams")
        async with continued(office, elsewhere) as there:
            await there.book(apollo, at(11))


async def test_two_do_not_move_one_tenant_at_once(database: Any, databases: Databases):
    refused: list[str] = []

    async def second() -> None:
        try:
            await Mover(databases, silent).move(await known(databases), "eu")
        except TenantError as error:
            refused.append(str(error))

    tasks: list[asyncio.Task[None]] = []

    def progress(what: str, done: int, total: int) -> None:
        if what == "freezing" and done == 1:
            tasks.append(asyncio.ensure_future(second()))

    await Mover(databases, progress).move(await known(databases), "eu")
    await asyncio.gather(*tasks)
    assert refused == ["The workspace is being moved by somebody else at this moment."]


async def test_a_neighbour_books_unhindered_while_another_is_moved(database: Any, databases: Databases):
    """The neighbour's connections give up any wait for a lock that is longer than a trigger may take to be made."""
    async with opened(database) as office:
        await second_tenant(office)
        await office.book(await office.room("Apollo"), at(9))
        impatient = {**PATIENT["timeouts"], "lock_timeout": "700ms"}
        async with opened(database, tenant=OTHER, timeouts=impatient) as neighbours:
            apollo = await neighbours.room("Apollo")
            over, steps = asyncio.Event(), set[str]()

            async def book() -> int:
                turn = 0
                while not over.is_set():
                    await neighbours.book(apollo, at(9 + turn / 4, 15))
                    turn += 1
                return turn

            booking = asyncio.create_task(book())
            await Mover(databases, lambda what, done, total: steps.add(what)).move(await known(databases), "eu")
            over.set()
            booked = await booking
            assert {"freezing", "exporting", "importing", "comparing", "switching"} <= steps
            assert await office.count("SELECT count(*) FROM bookings WHERE tenant_id = $1", OTHER) == booked > 0
            assert await neighbours.db.read(lambda session: session.value("SELECT count(*) FROM bookings")) == booked
    async with databases.opened("eu", OTHER) as there:
        assert await there.fetchval("SELECT count(*) FROM bookings WHERE tenant_id = $1", OTHER) == 0


async def test_whoever_is_writing_already_is_waited_for(database: Any, databases: Databases):
    """A transaction that has written and not committed is in the copy, or is refused: it is never lost."""
    async with opened(database) as office:
        writer = await asyncpg.connect(database.app_url, server_settings={"app.tenant": HERE})
        transaction = writer.transaction()
        await transaction.start()
        await writer.execute(
            "INSERT INTO locations (tenant_id, id, name, zone) VALUES ($1, $2, 'Rome', 'UTC')", DEFAULT_TENANT, new_id()
        )
        moving = asyncio.create_task(Mover(databases, silent).move(await known(databases), "eu"))
        blocked = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'locations'::regclass)"
        while not await office.count(blocked):
            assert not moving.done()
            await asyncio.sleep(0)
        await transaction.commit()
        await writer.close()
        await moving
    async with databases.opened("eu", DEFAULT_TENANT) as there:
        assert await there.fetchval("SELECT count(*) FROM locations WHERE name = 'Rome'") == 1


def damaged(file: io.BytesIO, how: str) -> io.BytesIO:
    data = bytearray(file.getvalue())
    match how:
        case "cut short":
            del data[len(data) // 2 :]
        case "a byte changed":
            data[data.index(b"tables/people.copy") + 80] ^= 0xFF
        case "nothing of it":
            data[:] = b"no archive at all"
        case "a row less":
            return rewritten(bytes(data))
    return io.BytesIO(data)


def rewritten(data: bytes) -> io.BytesIO:
    """Return the file without the last person, whole as an archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, b"".join(content.splitlines(keepends=True)[:-1]) if name == "tables/people.copy" else content)
    out.seek(0)
    return out


@pytest.mark.parametrize("how", ["cut short", "a byte changed", "nothing of it", "a row less"])
async def test_a_damaged_file_is_found_before_anything_is_written(database: Any, databases: Databases, how: str):
    async with opened(database):
        file = damaged(await written(databases), how)
    async with databases.opened("eu", DEFAULT_TENANT) as there:
        with pytest.raises(TenantError, match="damaged"):
            await bring(there, Reading(file), silent, directory=False)
        assert await there.fetchval("SELECT count(*) FROM people") == 0
        assert await there.fetchval("SELECT count(*) FROM tenant_moves") == 0


async def test_a_file_of_another_version_or_of_a_tenant_that_is_there_is_refused(database: Any, databases: Databases):
    async with opened(database):
        file = await written(databases)
    async with databases.opened(None, DEFAULT_TENANT) as here:
        with pytest.raises(TenantError, match="already"):
            await bring(here, Reading(file), silent, directory=True)
    async with databases.opened("eu", DEFAULT_TENANT) as there:
        reading = Reading(file)
        reading.manifest = replace(reading.manifest, schema="0001_core")
        with pytest.raises(TenantError, match="0001_core"):
            await bring(there, reading, silent, directory=False)
        assert await there.fetchval("SELECT count(*) FROM people") == 0


async def test_rows_of_another_tenant_in_a_file_are_kept_out_by_the_database(database: Any, databases: Databases):
    async with opened(database) as office:
        await second_tenant(office)
        file = await written(databases)
    async with databases.opened("eu", DEFAULT_TENANT) as there:
        reading = Reading(file)
        honest = reading.batches
        reading.batches = lambda name: (one.replace(HERE.encode(), str(OTHER).encode()) for one in honest(name))
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await bring(there, reading, silent, directory=False)


async def test_an_import_that_was_interrupted_is_begun_anew(database: Any, databases: Databases):
    async with opened(database):
        file = await written(databases)

    def interrupted(what: str, done: int, total: int) -> None:
        if what == "comparing":
            raise KeyboardInterrupt

    async with databases.opened("eu", DEFAULT_TENANT) as there:
        with pytest.raises(KeyboardInterrupt):
            await bring(there, Reading(file), interrupted, directory=False)
    async with databases.opened("eu", DEFAULT_TENANT) as there:
        assert (await Keeper(there).named(HERE)).moving == "arriving"
        await bring(there, Reading(file), silent, directory=False)
        assert await rows_of(there, DEFAULT_TENANT) == await counts(databases)
        assert await there.fetchval("SELECT phase FROM tenant_moves") == "done"


async def test_the_archive_arrives_in_its_months_and_nobody_may_read_those(
    database: Any, elsewhere: Any, databases: Databases
):
    async with opened(database) as office:
        await everywhere(office)
    await Mover(databases, silent).move(await known(databases), "eu")
    connection = await asyncpg.connect(elsewhere.worker_url, server_settings={"app.tenant": HERE})
    try:
        month = "bookings_archive_2026_01"
        assert await connection.fetchval("SELECT tableoid::regclass::text FROM bookings_archive") == month
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"SELECT FROM {month}")
    finally:
        await connection.close()


async def test_what_fails_in_the_middle_is_given_back_at_once(database: Any, databases: Databases):
    def failing(what: str, done: int, total: int) -> None:
        if what == "comparing" and done == 20:
            raise OSError(28, "No space left on device")

    async with opened(database) as office:
        apollo = await office.room("Apollo")
        with pytest.raises(OSError, match="No space"):
            await Mover(databases, failing).move(await known(databases), "eu")
        assert (await known(databases)).moving is None
        assert not any((await counts(databases, "eu")).values())
        await office.book(apollo, at(9))
        assert await Mover(databases, silent).move(await known(databases), "eu") > 0


async def test_a_backup_that_reads_for_hours_keeps_nobody_from_writing_again(database: Any, databases: Databases):
    """Triggers are made and put to rest beside readers, and removed when there are none."""
    async with opened(database) as office:
        apollo = await office.room("Apollo")
        reader = await asyncpg.connect(database.superuser_url)
        transaction = reader.transaction()
        await transaction.start()
        await reader.execute("LOCK TABLE room_claims IN ACCESS SHARE MODE")
        await killed_move(databases)
        await Mover(databases, silent).abort(await known(databases))
        await office.book(apollo, at(9))
        assert await office.count("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'moving%'") == 2
        await transaction.rollback()
        await reader.close()
        assert await Mover(databases, silent).move(await known(databases), "eu") > 0
        with pytest.raises(WorkspaceMoving):
            await office.book(apollo, at(11))
        await Mover(databases, silent).forget(await known(databases))
        assert await office.count("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'moving%'") == 0


async def killed_move(databases: Databases) -> None:
    """Begin a move and leave it in its middle."""

    def stopped(what: str, done: int, total: int) -> None:
        if what == "exporting":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await Mover(databases, stopped).move(await known(databases), "eu")
