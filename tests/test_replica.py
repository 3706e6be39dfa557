"""A copy of the database that is read: a real standby, which lags, stands still, dies, comes back and takes over."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pytest

from bot import postgres
from core.consistency import Consistency, Freshness
from core.db import Database as Pool
from core.db import ReadSession, WriteSession
from core.reading import Elsewhere, elsewhere
from core.replica import PRIMARY, REPLICA, Replica, Why
from core.telling import Telling
from core.tokens import Scope, TokenKind
from tests.conftest import Database
from tests.handlers.firm import BEN
from tests.standby import Standby, ask, cluster, database_of, database_on, followed, standby_of
from tests.web.office import Office
from tests.web.office import opened as office_opened

LOOK_SECONDS = 0.1


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with other things to do answers late, and is not away for that."""
    monkeypatch.setattr("core.replica.ANSWER_SECONDS", 10.0)


@pytest.fixture(scope="module")
def primary() -> Iterator[postgres.Server]:
    with cluster() as server:
        yield server


@pytest.fixture(scope="module")
def standby(primary: postgres.Server) -> Iterator[Standby]:
    # What it must replay waits for nobody who reads.
    with followed(primary, settings={"max_standby_streaming_delay": "50ms"}) as running:
        yield running


@pytest.fixture
async def urls(primary: postgres.Server) -> AsyncIterator[Database]:
    async with database_on(primary) as made:
        yield made


class Heard(Telling):
    def __init__(self) -> None:
        self.reads: list[tuple[str, str]] = []

    def read_at(self, place: str, why: str) -> None:
        self.reads.append((place, why))


@dataclass(kw_only=True)
class Pair:
    """A database, the copy that is read for it, and where the readings went."""

    db: Pool
    replica: Replica
    heard: Heard

    async def note(self, words: str) -> Consistency:
        """Write something, and return the place behind it."""

        async def put(session: WriteSession) -> None:
            await session.run(
                "INSERT INTO locations (tenant_id, id, name, zone) VALUES ($1, gen_random_uuid(), $2, 'UTC')",
                session.tenant,
                words,
            )

        await self.db.write(put, repeatable=True)
        return await Freshness(self.db).now()

    async def known(self, after: Consistency | None = None) -> list[str]:
        """Return what is written, as somebody sees it who has leave to read a copy."""
        with elsewhere(after):
            rows = await self.db.read(lambda session: session.all("SELECT name FROM locations ORDER BY name"))
        return [row["name"] for row in rows]

    @property
    def last(self) -> tuple[str, str]:
        return self.heard.reads[-1]

    async def until(self, why: Why | None) -> None:
        await until(lambda: self.replica.unfit is why)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.01)


@pytest.fixture
async def pair(urls: Database, standby: Standby) -> AsyncIterator[Pair]:
    await standby.resume()
    await standby.caught_up()
    made = paired(urls, standby)
    try:
        await made.until(None)
        yield made
    finally:
        await closed(made)
        await standby.resume()


def paired(urls: Database, standby: Standby, **options: float) -> Pair:
    return attached(Pool(urls.app_url, pool_size=3), urls, standby, **options)


def attached(db: Pool, urls: Database, standby: Standby, **options: float) -> Pair:
    """Have the copy read for a database from now on."""
    db.telling = heard = Heard()
    there = standby.url(postgres.APP, urls.name)
    replica = Replica(there, primary_url=urls.app_url, look_seconds=LOOK_SECONDS, **options)
    db.copy = replica
    replica.start()
    return Pair(db=db, replica=replica, heard=heard)


async def closed(pair: Pair) -> None:
    await pair.replica.stop()
    await pair.db.close()


async def test_who_may_reads_the_copy_and_everybody_else_reads_where_it_is_written(pair: Pair, standby: Standby):
    await pair.note("before")
    await standby.caught_up()
    await standby.pause()
    await pair.note("then")

    with_leave = await pair.known()
    rows = await pair.db.read(lambda session: session.all("SELECT name FROM locations ORDER BY name"))

    assert with_leave == ["before"]
    assert [row["name"] for row in rows] == ["before", "then"]
    assert pair.heard.reads == [(REPLICA, "fit")]


async def test_who_has_written_reads_it_although_the_copy_has_not_come_as_far(pair: Pair, standby: Standby):
    await standby.pause()
    token = await pair.note("mine")

    assert await pair.known(token) == ["mine"]
    assert pair.last == (PRIMARY, Why.NOT_YET)
    with elsewhere(token):
        assert await pair.known() == ["mine"]
    await standby.resume()
    await standby.caught_up()
    assert await pair.known(token) == ["mine"]
    assert pair.last == (REPLICA, "fit")


async def test_places_of_another_timeline_and_of_the_future_are_read_where_it_is_written(pair: Pair):
    token = await pair.note("mine")
    other = Consistency(timeline=token.timeline + 1, place=1)
    future = Consistency(timeline=token.timeline, place=token.place + (1 << 40))

    assert await pair.known(other) == ["mine"]
    assert pair.last == (PRIMARY, Why.TIMELINE)
    assert await pair.known(future) == ["mine"]
    assert pair.last == (PRIMARY, Why.NOT_YET)


async def test_a_copy_that_stands_still_is_left_alone_until_it_has_caught_up(urls: Database, standby: Standby):
    await standby.caught_up()
    pair = paired(urls, standby, most_seconds=0.4)
    try:
        await pair.until(None)
        await standby.pause()

        # Nothing is written meanwhile but the heartbeat.
        await pair.until(Why.LAGGING)
        assert pair.replica.standing.seconds > 0.4
        assert pair.replica.standing.size > 0
        await pair.note("then")
        assert await pair.known() == ["then"]
        assert pair.last == (PRIMARY, Why.LAGGING)

        await standby.resume()
        await pair.until(None)
        assert await pair.known() == ["then"]
        assert pair.last == (REPLICA, "fit")
    finally:
        await standby.resume()
        await closed(pair)


async def test_nothing_is_written_by_way_of_a_copy(pair: Pair, primary: postgres.Server, urls: Database):
    async def work(session: ReadSession) -> bool:
        """Write what nobody but this test's mistake would."""
        return bool(await session.value("INSERT INTO locations SELECT * FROM locations RETURNING true"))

    before = await ask(primary, "SELECT count(*) FROM locations", database=urls.name)
    with elsewhere():
        readings = [pair.db.read(lambda session: session.value("SHOW default_transaction_read_only")), pair.db.read(work)]
        assert [await one for one in readings] == ["on", False]

    assert pair.heard.reads == [(REPLICA, "fit"), (PRIMARY, Why.FAILED)]
    assert pair.replica.unfit is None
    assert await ask(primary, "SELECT count(*) FROM locations", database=urls.name) == before == 0


async def test_row_level_security_holds_on_the_copy_too(pair: Pair, standby: Standby):
    await pair.note("ours")
    await standby.caught_up()
    other = pair.db.of(UUID(int=7))

    with elsewhere():
        theirs = await other.read(lambda session: session.all("SELECT name FROM locations"))
        role = await pair.db.read(lambda session: session.value("SELECT current_user"))

    assert theirs == []
    assert role == postgres.APP
    assert {place for place, _ in pair.heard.reads} == {REPLICA}


async def test_a_reading_that_the_copy_breaks_off_is_done_where_it_is_written(
    pair: Pair, standby: Standby, primary: postgres.Server, urls: Database
):
    await pair.note("one")
    await standby.caught_up()
    began, tries = asyncio.Event(), []

    async def work(session: ReadSession) -> int:
        tries.append(await session.value("SELECT pg_is_in_recovery()"))
        began.set()
        count: int = await session.value("SELECT count(*) FROM locations, pg_sleep($1::int)", 2 if tries[-1] else 0)
        return count

    with elsewhere():
        reading = asyncio.create_task(pair.db.read(work))
    await began.wait()
    await asyncio.sleep(0.05)
    # What the copy must replay takes the table away from whoever reads it there.
    await ask(primary, "ALTER TABLE locations ADD COLUMN passing int", database=urls.name)

    assert await reading == 1
    assert tries == [True, False]
    assert pair.last == (PRIMARY, Why.CONFLICT)


async def test_a_copy_that_dies_while_it_is_read_fails_nobody_and_is_read_again_when_it_is_back(
    primary: postgres.Server, urls: Database
):
    async with standby_of(primary) as standby:
        await standby.caught_up()
        pair = paired(urls, standby)
        try:
            await pair.until(None)
            token = await pair.note("kept")
            await standby.caught_up()
            stopped = asyncio.Event()

            async def read() -> list[list[str]]:
                seen = []
                while not stopped.is_set():
                    seen.append(await pair.known(token))
                return seen

            reading = [asyncio.create_task(read()) for _ in range(3)]
            await until(lambda: len(pair.heard.reads) > 10)
            await asyncio.to_thread(standby.kill)
            await pair.until(Why.AWAY)
            before = len(pair.heard.reads)
            await until(lambda: len(pair.heard.reads) > before + 10)
            standby.start()
            await pair.until(None)
            back = len(pair.heard.reads)
            await until(lambda: (REPLICA, "fit") in pair.heard.reads[back:])
            stopped.set()

            assert all(names == ["kept"] for seen in await asyncio.gather(*reading) for names in seen)
            assert (PRIMARY, Why.AWAY) in pair.heard.reads[before:]
        finally:
            await closed(pair)


async def test_a_copy_that_hangs_is_waited_for_a_moment_and_then_left_alone(
    primary: postgres.Server, urls: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("core.replica.ANSWER_SECONDS", 0.3)
    async with standby_of(primary) as standby:
        await standby.caught_up()
        pair = paired(urls, standby)
        try:
            await pair.until(None)
            assert await pair.known() == []
            servers = await backends(standby, urls.name)
            for one in servers:
                os.kill(one, signal.SIGSTOP)
            try:
                with elsewhere():
                    leave = Elsewhere()
                    answer = await pair.replica.read(pair.db, lambda session: session.value("SELECT 1"), leave, seconds=0.2)
                assert answer == 1
                assert pair.last == (PRIMARY, Why.AWAY)
            finally:
                for one in servers:
                    os.kill(one, signal.SIGCONT)
            await pair.until(None)
            assert await pair.known() == []
            assert pair.last == (REPLICA, "fit")
        finally:
            await closed(pair)


async def test_a_copy_that_takes_over_is_no_copy_and_places_of_before_mean_nothing_on_its_timeline(
    primary: postgres.Server, urls: Database
):
    async with standby_of(primary) as standby:
        await standby.caught_up()
        pair = paired(urls, standby)
        try:
            await pair.until(None)
            before = await pair.note("before")
            await standby.caught_up()
            await standby.promote()
            await pair.until(Why.PROMOTED)
            # Two servers are written to by now: only what is written where we write is read.
            await ask(standby, "UPDATE locations SET name = 'elsewhere'", database=urls.name)
            assert await pair.known(before) == ["before"]
            assert await pair.known() == ["before"]
            assert pair.last == (PRIMARY, Why.PROMOTED)
        finally:
            await closed(pair)

        # The bot is told the new address, and a copy that follows it.
        async with standby_of(standby) as next_one:
            there = database_of(standby, urls.name)
            pair = paired(there, next_one)
            try:
                await pair.until(None)
                assert await pair.known(before) == ["elsewhere"]
                assert pair.last == (PRIMARY, Why.TIMELINE)
                after = await pair.note("new")
                await next_one.caught_up()
                assert after.timeline == before.timeline + 1
                assert await pair.known(after) == ["elsewhere", "new"]
                assert pair.last == (REPLICA, "fit")
            finally:
                await closed(pair)


async def test_a_copy_of_another_server_is_never_read(primary: postgres.Server, urls: Database):
    async with standby_of(primary) as other:
        await other.caught_up()
        await other.promote()
        # It has come further than the database, on a history of its own, and has a copy that follows it.
        await ask(other, "CREATE TABLE more AS SELECT generate_series(1, 10000)", database=urls.name)
        beating = Replica(other.url(postgres.APP, urls.name), primary_url=other.url(postgres.APP, urls.name))
        await beating.look()
        async with standby_of(other) as follower:
            await follower.caught_up()
            pair = paired(urls, follower)
            try:
                await pair.until(Why.TIMELINE)
                await pair.note("ours")
                assert await pair.known() == ["ours"]
                assert pair.last == (PRIMARY, Why.TIMELINE)
            finally:
                await closed(pair)
        await beating.stop()


async def test_without_a_copy_at_start_everything_is_read_where_it_is_written(urls: Database, standby: Standby):
    db = Pool(urls.app_url, pool_size=1)
    db.telling = heard = Heard()
    db.copy = replica = Replica("postgresql://bookroom_app@127.0.0.1:1/none", primary_url=urls.app_url, look_seconds=0.1)
    pair = Pair(db=db, replica=replica, heard=heard)
    try:
        assert await pair.known() == []
        assert pair.last == (PRIMARY, Why.STARTING)
        replica.start()
        await pair.until(Why.AWAY)
        assert await pair.known() == []
    finally:
        await closed(pair)


async def test_reports_are_read_from_the_copy_in_one_transaction_with_their_own_patience(pair: Pair, standby: Standby):
    async def work(session: ReadSession) -> tuple[str, bool]:
        patience = await session.value("SHOW statement_timeout")
        return patience, await session.value("SELECT pg_is_in_recovery()")

    there = await pair.db.report(work, settings="SET LOCAL statement_timeout = '60s'", seconds=60)
    standby.stop()
    try:
        await pair.until(Why.AWAY)
        here = await pair.db.report(work, settings="SET LOCAL statement_timeout = '60s'", seconds=60)
    finally:
        standby.start()

    assert there == ("1min", True)
    assert here == ("1min", False)
    assert await pair.db.read(lambda session: session.value("SHOW statement_timeout")) == "2500ms"


async def backends(standby: Standby, name: str) -> list[int]:
    connection = await asyncpg.connect(standby.url("postgres", "postgres"))
    try:
        rows = await connection.fetch("SELECT pid FROM pg_stat_activity WHERE datname = $1", name)
        return [row["pid"] for row in rows]
    finally:
        await connection.close()


async def test_a_program_reads_what_it_has_written_or_heard_of_and_the_rest_as_it_was_a_moment_ago(
    urls: Database, standby: Standby
):
    async with office_opened(urls, with_api=True) as office:
        await office.open_board()
        firm = office.firm
        ben = await firm.actor(BEN)
        _, secret = await firm.services.tokens.make(
            ben.person_id, name="a script", scopes=[Scope.BOOK], kind=TokenKind.PERSONAL
        )
        by = {"Authorization": f"Bearer {secret}"}
        bookings, board = f"{office.url}/api/v1/bookings", office.url + office.board(more="/data?date=2026-11-24")
        wish = {"start": "2026-11-24T21:00:00Z", "end": "2026-11-24T22:00:00Z", "title": "Planning"}

        async def tells(address: str, word: str, token: str = "") -> bool:
            headers = {**by, **({"Bookroom-Consistency": token} if token else {})}
            async with office.http.get(address, headers=headers) as answer:
                assert answer.status == 200
                return word in await answer.text()

        async with office.http.post(bookings, json={**wish, "roomId": str(firm.rooms["Apollo"].id)}, headers=by) as made:
            at, etag = office.url + made.headers["Location"], made.headers["ETag"]
        await standby.caught_up()
        pair = attached(firm.db, urls, standby)
        try:
            await pair.until(None)
            await standby.pause()
            change = {**by, "If-Match": etag}
            async with office.http.patch(at, json={"title": "Review"}, headers=change) as changed:
                assert changed.status == 200
                token = changed.headers["Bookroom-Consistency"]
            event, told = await firm.db.read_here(
                lambda session: session.one(
                    "SELECT transaction || '-' || number, id::text FROM events ORDER BY number DESC LIMIT 1"
                )
            )

            assert await tells(at, "Planning")
            assert pair.last == (REPLICA, "fit")
            assert await tells(at, "Review", token)
            assert pair.last == (PRIMARY, Why.NOT_YET)
            for heard in (event, told):
                assert await tells(at, "Review", heard)
                assert pair.last == (PRIMARY, Why.NOT_YET)
            assert pair.last == (PRIMARY, Why.NOT_YET)
            old = await tag(office, board)
            assert await tag(office, board, event) != old
            async with office.http.post(bookings, json={**wish, "roomId": str(firm.rooms["Corner"].id)}, headers=by) as made:
                second = office.url + made.headers["Location"]
            assert await tag(office, board) == old
            # What the copy has never heard of may be there all the same.
            assert await tells(second, "Planning")
            assert pair.last == (PRIMARY, Why.REFUSED)
            # In Slack everybody sees what is.
            mine = await firm.services.bookings.mine(ben)
            assert [booking.title for booking in mine] == ["Review", "Planning"]

            await standby.resume()
            await standby.caught_up()
            for fresh in (token, event, told):
                assert await tells(at, "Review", fresh)
                assert pair.last == (REPLICA, "fit")
            assert await tag(office, board) != old
            assert pair.last == (REPLICA, "fit")
        finally:
            await standby.resume()
            firm.db.copy = None
            await pair.replica.stop()


async def tag(office: Office, address: str, token: str = "") -> str:
    """Return what tells one state of a board from another."""
    async with office.http.get(address, headers={"Bookroom-Consistency": token} if token else {}) as answer:
        return answer.headers["ETag"]
