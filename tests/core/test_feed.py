"""The feed: in the order of transactions, nothing twice, and nothing skipped that becomes visible late."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg

from core.catalogue import Catalogues
from core.db import Database, WriteSession
from core.feed import BEGINNING, Feed, Position
from core.ids import new_id
from core.notices import Happened
from core.planning import BATCH, Planning
from core.roles import WORKER
from tests.core.notified import Notified
from tests.core.office import Office, at


async def everything(office: Office, position: Position = BEGINNING) -> list[tuple[Position, Happened]]:
    feed = Feed(await office.catalogues.current())
    return await office.db.read(lambda session: feed.after(session, position, 1000))


async def test_what_happened_is_read_back_in_order_with_who_did_it(office: Office):
    room = await office.room("Apollo")
    booking = await office.book(room, at(9), title="Review", invitees=(office.bob.person_id,))
    moved = await Notified.of(office).move(booking, slot=at(10), by=office.boss)

    (_, first), (position, second) = await everything(office)
    assert (first.before, first.after, first.by_slack_user_id) == (None, booking, "Uana")
    assert (second.before, second.after, second.by_slack_user_id) == (booking, moved, "Uboss")
    assert await everything(office, position) == []


async def test_events_of_a_transaction_that_commits_late_are_not_skipped(office: Office, notices: Notified):
    room = await office.room("Apollo")
    await notices.subscribe()
    written, may_commit = asyncio.Event(), asyncio.Event()
    first = await office.book(room, at(9))

    async def slow(session: WriteSession) -> None:
        # As a change whose commit takes its time: the event is there, with the lower number, and nobody sees it.
        await session.run(
            "INSERT INTO events (tenant_id, id, kind, booking_id, booking_version, actor_id, surface, before, after)"
            " SELECT tenant_id, $2, 'changed', booking_id, 2, actor_id, surface, after,"
            " after || jsonb_build_object('title', 'Late', 'version', 2) FROM events WHERE booking_id = $1",
            first.id,
            new_id(),
        )
        await session.run("UPDATE bookings SET title = 'Late', version = 2 WHERE id = $1", first.id)
        written.set()
        await may_commit.wait()

    late = asyncio.create_task(office.db.write(slow, repeatable=False))
    await written.wait()
    await office.book(room, at(11))
    # The later one is visible, yet it is behind one that may still come.
    assert await notices.planning.plan(notices.now) == 1

    may_commit.set()
    await late
    assert await notices.planning.plan(notices.now) == 2
    assert [row["wanted_version"] for row in await office.rows("SELECT * FROM cards ORDER BY created_at")] == [2, 1]


async def test_a_long_transaction_in_another_database_holds_nothing_back(office: Office, notices: Notified):
    elsewhere = await asyncpg.connect(office.urls.superuser_url.replace(office.urls.name, "postgres"))
    try:
        async with elsewhere.transaction():
            await elsewhere.execute("SELECT pg_current_xact_id()")
            await office.book(await office.room("Apollo"), at(9))
            assert await notices.planning.plan(notices.now) == 1
    finally:
        await elsewhere.close()


async def test_two_planners_at_once_plan_each_event_once(office: Office, notices: Notified):
    room = await office.room("Apollo")
    await notices.subscribe()
    for day in range(BATCH + 20):
        await office.book(room, at(9, 30, days=day))
    replica = Database(office.urls.worker_url, role=WORKER, pool_size=2)
    try:
        other = Planning(replica, Catalogues(replica), office.clock)
        planned = await asyncio.gather(*(one.plan(notices.now) for one in (notices.planning, other) * 3))
    finally:
        await replica.close()
    assert sum(planned) + await notices.planning.plan(notices.now) == BATCH + 20
    assert await office.count("SELECT count(*) FROM cards") == BATCH + 20


async def test_events_that_come_while_planning_are_planned_once_each(office: Office, notices: Notified):
    rooms = [await office.room(f"Room {n}") for n in range(8)]
    await notices.subscribe()

    async def booking(room: object) -> None:
        for day in range(15):
            await office.book(room, at(9, 30, days=day))  # type: ignore[arg-type]

    async def planning() -> int:
        planned = 0
        for _ in range(40):
            planned += await notices.planning.plan(notices.now)
            await asyncio.sleep(0.005)
        return planned

    *_, one, other = await asyncio.gather(*(booking(room) for room in rooms), planning(), planning())
    assert one + other + await notices.planning.plan(notices.now) == 8 * 15
    assert await office.count("SELECT count(*) FROM cards") == 8 * 15


async def test_after_a_restore_into_a_younger_server_planning_goes_on(office: Office, notices: Notified):
    room = await office.room("Apollo")
    await notices.subscribe()
    await office.book(room, at(9))
    assert await notices.planning.plan(notices.now) == 1
    await office.damage("UPDATE event_readers SET transaction = '900000000', updated_at = now() - interval '1 day'")
    await office.damage("UPDATE events SET transaction = '800000000', happened_at = now() - interval '2 days'")

    office.clock.advance(timedelta(minutes=1))
    await office.book(room, at(11))
    assert await notices.planning.plan(notices.now) == 1
    assert await office.count("SELECT count(*) FROM cards") == 2
