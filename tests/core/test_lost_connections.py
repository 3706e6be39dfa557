"""A connection that breaks at the worst moment: never two bookings, and an answer that is true."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core import checks, errors
from core.db import Database, ReadSession, WriteSession
from core.models import Booking, Change, Room, Status, Wish
from tests.core.office import Office, at, opened
from tests.core.wire import Cut, Wire, wired


@pytest.fixture
async def over(database: Any) -> AsyncIterator[tuple[Wire, Office, Room]]:
    """An office that reaches its database over a wire that can be cut."""
    async with wired(database.app_url) as (wire, url), opened(database, url=url) as office:
        yield wire, office, await office.room("Apollo")


@pytest.mark.parametrize("cuts", [[Cut.BEFORE_COMMIT], [Cut.AFTER_COMMIT], [Cut.BEFORE_COMMIT, Cut.AFTER_COMMIT]])
async def test_with_a_key_a_connection_cut_at_commit_books_exactly_once(over, cuts: list[Cut]):
    wire, office, apollo = over
    wire.cuts = list(cuts)

    booked = await office.bookings.book(Wish(slot=at(10), room_id=apollo.id, title="Once"), by=office.ana, key="k")

    assert wire.cut == len(cuts)
    assert booked == await office.bookings.get(booked.id)
    assert await office.count("SELECT count(*) FROM bookings") == 1
    assert await office.count("SELECT count(*) FROM events") == 1
    assert await checks.violations(office.db) == []


@pytest.mark.parametrize("cut", Cut)
async def test_without_a_key_nothing_is_tried_again_and_the_person_is_told(over, cut: Cut):
    wire, office, apollo = over
    wire.cuts = [cut]

    with pytest.raises(errors.Unavailable):
        await office.book(apollo, at(10))

    assert wire.cut == 1
    assert await office.count("SELECT count(*) FROM bookings") == (1 if cut is Cut.AFTER_COMMIT else 0)
    assert await checks.violations(office.db) == []
    assert (await office.book(apollo, at(12))).version == 1


@pytest.mark.parametrize("cut", Cut)
async def test_moves_swaps_cancels_and_undos_with_a_key_happen_once_over_a_cut(over, cut: Cut):
    wire, office, apollo = over
    zeus = await office.room("Zeus")
    one, other = await office.book(apollo, at(10)), await office.book(zeus, at(10))
    bookings = office.bookings

    wire.cuts = [cut]
    moved = await bookings.change(one.id, Change(slot=at(10, 90)), version=1, by=office.ana, key="move")
    wire.cuts = [cut]
    swapped = await bookings.swap(one.id, other.id, versions=(2, 1), by=office.ana, key="swap")
    wire.cuts = [cut]
    cancelled = await bookings.cancel(one.id, by=office.ana, key="cancel")
    wire.cuts = [cut]
    undone = await bookings.undo(one.id, version=4, by=office.ana, key="undo")

    assert wire.cut == 4
    assert (moved.before, moved.after.slot, moved.after.version) == (one, at(10, 90), 2)
    assert (swapped[0].after.room, swapped[1].after.room) == (zeus, apollo)
    assert (cancelled.after.status, cancelled.after.version) == (Status.CANCELLED, 4)
    assert undone.after == await bookings.get(one.id)
    assert undone.after.version == 5
    assert await checks.violations(office.db) == []


async def test_a_wire_that_is_cut_every_time_is_given_up_after_the_short_way_and_three_tries_of_the_long(over):
    wire, office, apollo = over
    wire.cuts = [Cut.BEFORE_COMMIT] * 5
    with pytest.raises(errors.Unavailable):
        await office.bookings.book(Wish(slot=at(10), room_id=apollo.id), by=office.ana, key="k")
    assert wire.cut == 4
    assert await office.count("SELECT count(*) FROM bookings") == 0


@pytest.mark.race
async def test_a_retry_over_a_new_connection_meets_its_own_first_try_still_committing(over):
    """Twenty requests, each sent twice over a wire that is cut at every third COMMIT."""
    wire, office, apollo = over
    wire.cuts = [Cut.AFTER_COMMIT, Cut.BEFORE_COMMIT] * 6

    async def attempt(number: int) -> Booking:
        wish = Wish(slot=at(9 + number / 2, 30), room_id=apollo.id)
        return await office.bookings.book(wish, by=office.ana, key=f"key {number}")

    outcomes = await asyncio.gather(*(attempt(n % 20) for n in range(40)), return_exceptions=True)

    unknown = [o for o in outcomes if isinstance(o, errors.Unavailable)]
    assert len([o for o in outcomes if isinstance(o, Booking)]) + len(unknown) == 40
    assert len({o.id for o in outcomes if isinstance(o, Booking)}) <= 20
    again = await asyncio.gather(*(attempt(n) for n in range(20)))
    assert {o.id for o in outcomes if isinstance(o, Booking)} <= {b.id for b in again}
    assert await office.count("SELECT count(*) FROM bookings") == 20
    assert await checks.violations(office.db) == []


async def killed(office: Office) -> int:
    """End every connection of the pool from the server's side, and let the client notice."""
    count = await office.count(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE application_name = 'bookroom' AND datname = current_database()"
    )
    await asyncio.sleep(0.05)
    return count


async def test_connections_killed_while_idle_are_replaced_unseen(office: Office):
    apollo = await office.room("Apollo")
    await office.warm(5)
    assert await killed(office) >= 5

    answers = await asyncio.gather(
        *(office.book(apollo, at(10 + n)) for n in range(4)),
        office.bookings.mine(office.ana),
        office.search.rivals(apollo, at(8), by=office.ana),
    )

    assert all(isinstance(answer, Booking) for answer in answers[:4])
    assert await checks.violations(office.db) == []


async def test_a_connection_killed_in_the_middle_of_a_transaction_is_tried_again(office: Office):
    apollo = await office.room("Apollo")
    tries = []

    async def work(session: WriteSession) -> int:
        tries.append(await session.value("SELECT pg_backend_pid()"))
        await session.run("UPDATE rooms SET floor = '9' WHERE tenant_id = $1", session.tenant)
        if len(tries) == 1:
            await office.rows("SELECT pg_terminate_backend($1)", tries[0])
        return int(await session.value("SELECT capacity FROM rooms WHERE id = $1", apollo.id))

    assert await office.db.write(work, repeatable=False) == 4
    assert len(set(tries)) == 2


async def test_a_read_on_a_killed_connection_is_tried_once_more(office: Office):
    tries = []

    async def work(session: ReadSession) -> int:
        tries.append(await session.value("SELECT pg_backend_pid()"))
        if len(tries) == 1:
            await office.rows("SELECT pg_terminate_backend($1)", tries[0])
        return int(await session.value("SELECT 1"))

    assert await office.db.read(work) == 1
    assert len(set(tries)) == 2


async def test_a_server_that_is_not_there_is_unavailable():
    db = Database("postgresql://bookroom_app@127.0.0.1:1/nowhere")
    try:
        with pytest.raises(errors.Unavailable):
            await db.read(lambda session: session.value("SELECT 1"))
        with pytest.raises(errors.Unavailable):
            await db.write(lambda session: session.value("SELECT 1"), repeatable=True)
    finally:
        await db.close()


async def test_a_server_that_takes_no_more_connections_is_unavailable(database: Any, postgres_address: Any):
    async with opened(database) as office:
        await office.rows(f"ALTER DATABASE {database.name} CONNECTION LIMIT 0")
        await office.db.close()
        with pytest.raises(errors.Unavailable):
            await office.book(None, at(10))


async def test_when_every_connection_is_in_use_one_is_told_so_in_time(database: Any):
    async with opened(database, pool_size=1, pool_timeout=0.05) as office:

        async def hold(session: ReadSession) -> None:
            with pytest.raises(errors.Unavailable):
                await office.bookings.mine(office.ana)

        await office.catalogues.current()
        await office.db.read(hold)


async def test_a_lock_that_is_held_too_long_is_told_as_busy(database: Any):
    async with opened(database, timeouts={"lock_timeout": "50"}) as office:
        apollo = await office.room("Apollo")
        booked = await office.book(apollo, at(10))

        async def hold(session: WriteSession) -> None:
            await session.run("SELECT FROM rooms WHERE id = $1 FOR UPDATE", apollo.id)
            with pytest.raises(errors.Busy):
                await office.bookings.change(booked.id, Change(slot=at(11)), version=1, by=office.ana)

        await office.db.write(hold, repeatable=True)
        assert await office.bookings.get(booked.id) == booked


async def test_serialization_failures_are_tried_three_times_and_then_told_as_busy(office: Office):
    tries = []

    async def fails(session: WriteSession) -> None:
        tries.append(1)
        await session.run("DO $$ BEGIN RAISE 'no' USING ERRCODE = '40001'; END $$")

    async def fails_once(session: WriteSession) -> str:
        tries.append(1)
        if len(tries) == 1:
            await session.run("DO $$ BEGIN RAISE 'no' USING ERRCODE = '40P01'; END $$")
        return "done"

    with pytest.raises(errors.Busy):
        await office.db.write(fails, repeatable=False)
    assert len(tries) == 3
    tries.clear()
    assert await office.db.write(fails_once, repeatable=False) == "done"


async def test_a_broken_constraint_is_never_tried_again(office: Office):
    tries = []

    async def work(session: WriteSession) -> None:
        tries.append(1)
        await session.run("INSERT INTO rooms SELECT * FROM rooms")

    await office.room("Apollo")
    with pytest.raises(Exception, match="rooms_pkey"):
        await office.db.write(work, repeatable=True)
    assert len(tries) == 1


async def test_callers_who_give_up_half_way_leave_the_pool_whole(office: Office):
    apollo = await office.room("Apollo")
    for number in range(40):
        attempt = asyncio.create_task(office.bookings.book(Wish(slot=at(10), room_id=apollo.id), by=office.ana, key="k"))
        await asyncio.sleep(number / 8000)
        attempt.cancel()
        await asyncio.gather(attempt, return_exceptions=True)

    booked = await office.bookings.book(Wish(slot=at(10), room_id=apollo.id), by=office.ana, key="k")

    assert await office.bookings.get(booked.id) == booked
    assert await office.count("SELECT count(*) FROM bookings") == 1
    idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
    assert await office.count(idle) == 0
    assert await checks.violations(office.db) == []
