"""The stream of events over real HTTP: in the order of commits, each once, whatever breaks in between."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import asyncpg
import pytest
from aiohttp import web

from bot.listening import Listener as Ear
from core import streaming
from core.bell import Bell
from core.clock import SetClock
from core.db import Database, WriteSession
from core.heard import Interest
from core.ids import new_id
from core.models import KEEP, Change
from core.tokens import Scope
from handlers import api
from handlers.api import events
from handlers.services import built
from tests.api.listening import Listener, listening
from tests.api.outside import Outside
from tests.conftest import administer
from tests.handlers.firm import ANA, BEN, DEEPA, NOW, new_york

PATH = f"{api.PREFIX}/events"


@pytest.fixture
async def hall(outside: Outside) -> AsyncIterator[Outside]:
    """The firm, whose commits wake its streams as they do in the running product."""
    outside.firm.db.when_something_happened = outside.firm.services.hub.wake
    yield outside
    await outside.firm.services.hub.stop()


def open_stream(hall: Outside, *, by: str = "ben", since: str = "", **query: Any) -> Any:
    return listening(hall.http, hall.url + PATH, token=hall.tokens[by], since=since, **query)


async def everything(hall: Outside) -> list[str]:
    """Return the ids of all events, in the order in which they were committed."""
    connection = await asyncpg.connect(hall.firm.urls.superuser_url)
    try:
        rows = await connection.fetch(
            "SELECT transaction::text || '-' || number AS id FROM events ORDER BY transaction, number"
        )
    finally:
        await connection.close()
    return [row["id"] for row in rows]


async def eventually(holds: Any) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)


# -- what is told ----------------------------------------------------------------------------------------------------------


async def test_what_happens_to_a_booking_is_heard_in_order_by_those_who_listen(hall: Outside):
    room = hall.firm.rooms["Apollo"]
    async with open_stream(hall) as listener:
        made = await hall.ask(
            "POST",
            "/bookings",
            json={"start": "2026-11-25T15:00:00Z", "end": "2026-11-25T16:00:00Z", "roomId": str(room.id)},
        )
        at, match = f"/bookings/{made.body['id']}", {"If-Match": "*"}
        changed = await hall.ask("PATCH", at, json={"title": "Review"}, headers=match)
        gone = await hall.ask("POST", f"{at}/cancel", headers=match)
        await listener.until(lambda one: len(one.bookings) == 3)

    booked, edited, cancelled = listener.bookings
    assert [one["kind"] for one in listener.bookings] == ["booked", "changed", "cancelled"]
    assert [one["booking"] for one in listener.bookings] == [made.body, changed.body, gone.body]
    assert booked["before"] is None
    assert edited["before"] == {
        "status": "confirmed",
        "roomId": str(room.id),
        "moreRoomIds": [],
        "locationId": str(room.location_id),
        "start": "2026-11-25T15:00:00Z",
        "end": "2026-11-25T16:00:00Z",
    }
    assert cancelled["surface"] == "api"
    assert listener.ids == await everything(hall)


async def test_only_what_comes_later_is_heard_without_an_id_and_the_first_id_misses_nothing(hall: Outside):
    await hall.firm.booked("Apollo", new_york(9))
    async with open_stream(hall) as listener:
        first_id = listener.last_id
    assert listener.bookings == []
    await hall.firm.booked("Apollo", new_york(11))
    async with open_stream(hall, since=first_id) as listener:
        await listener.until(lambda one: one.bookings)
        assert listener.ids == (await everything(hall))[1:]
    async with listening(hall.http, hall.url + PATH, token=hall.tokens["ben"], lastEventId=first_id) as listener:
        await listener.until(lambda one: one.bookings)
        assert listener.ids == (await everything(hall))[1:]


async def test_a_move_is_heard_at_the_room_it_leaves_and_the_one_it_comes_to_and_nowhere_else(hall: Outside):
    rooms = hall.firm.rooms
    booking = await hall.firm.booked("Apollo", new_york(9))
    async with AsyncExitStack() as stack:
        left, reached, other, both = [
            await stack.enter_async_context(open_stream(hall, roomId=[str(rooms[name].id) for name in names]))
            for names in (["Apollo"], ["Big Ben"], ["Corner"], ["Corner", "Big Ben"])
        ]
        await hall.firm.services.bookings.change(
            booking.id, Change(slot=KEEP, room_id=rooms["Big Ben"].id), version=1, by=await hall.firm.actor(BEN)
        )
        await hall.firm.booked("Corner", new_york(15))
        await other.until(lambda one: one.bookings)
        await both.until(lambda one: len(one.bookings) == 2)
        await left.until(lambda one: one.bookings)
        await reached.until(lambda one: one.bookings)
    assert left.bookings == reached.bookings == both.bookings[:1]
    assert left.bookings[0]["before"]["roomId"] == str(rooms["Apollo"].id)
    assert left.bookings[0]["booking"]["roomId"] == str(rooms["Big Ben"].id)
    assert [one["booking"]["roomName"] for one in other.bookings] == ["Corner"]


async def test_places_and_people_can_be_listened_to(hall: Outside):
    ben, deepa = await hall.firm.actor(BEN), await hall.firm.actor(DEEPA)
    berlin = hall.firm.rooms["Kiez"].location_id
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(open_stream(hall, locationId=str(berlin)))
        bens = await stack.enter_async_context(open_stream(hall, personId=str(ben.person_id)))
        hers_there = await stack.enter_async_context(
            open_stream(hall, personId=str(deepa.person_id), locationId=str(berlin))
        )
        await hall.firm.booked("Apollo", new_york(9), by=BEN)
        await hall.firm.booked("Kiez", new_york(9), by=DEEPA)
        await hall.firm.booked("Spree", new_york(9), by=ANA, invitees=(ben.person_id,))
        await there.until(lambda one: len(one.bookings) == 2)
        await bens.until(lambda one: len(one.bookings) == 2)
        await hers_there.until(lambda one: len(one.bookings) == 1)
    assert [[one["booking"]["roomName"] for one in each.bookings] for each in (there, bens, hers_there)] == [
        ["Kiez", "Spree"],
        ["Apollo", "Spree"],
        ["Kiez"],
    ]


async def test_of_private_bookings_others_hear_room_and_time_alone_and_not_whose_they_are(hall: Outside):
    deepa = await hall.firm.actor(DEEPA)
    async with AsyncExitStack() as stack:
        ben, boss, guessing = [
            await stack.enter_async_context(one)
            for one in (
                open_stream(hall),
                open_stream(hall, by="admin"),
                open_stream(hall, personId=str(deepa.person_id)),
            )
        ]
        await hall.firm.booked("Apollo", new_york(9), by=DEEPA, title="Merger", private=True)
        await hall.firm.booked("Apollo", new_york(11), by=DEEPA, title="Open")
        await ben.until(lambda one: len(one.bookings) == 2)
        await boss.until(lambda one: len(one.bookings) == 2)
        await guessing.until(lambda one: one.bookings)
    hidden, _ = (one["booking"] for one in ben.bookings)
    assert (hidden["title"], hidden["booker"], hidden["attendees"], hidden["attendeesCount"]) == (None, None, [], None)
    assert (hidden["roomName"], hidden["private"]) == ("Apollo", True)
    assert [one["booking"]["title"] for one in boss.bookings] == ["Merger", "Open"]
    assert [one["booking"]["title"] for one in guessing.bookings] == ["Open"]


async def test_what_is_private_now_was_never_open_to_those_who_come_late(hall: Outside):
    async with open_stream(hall) as listener:
        start = listener.last_id
    booking = await hall.firm.booked("Apollo", new_york(9), by=DEEPA, title="Merger")
    await hall.firm.services.bookings.change(
        booking.id, Change(slot=KEEP, private=True), version=1, by=await hall.firm.actor(DEEPA)
    )
    async with open_stream(hall, since=start) as listener:
        await listener.until(lambda one: len(one.bookings) == 2)
    assert [one["booking"]["title"] for one in listener.bookings] == [None, None]


async def test_rooms_that_admins_change_are_told_as_a_catalogue_to_be_read_anew(hall: Outside):
    async with open_stream(hall) as listener:
        start = listener.last_id
        await eventually(lambda: hall.firm.services.hub.reading)
        await asyncio.sleep(0.1)
        ana = await hall.firm.actor(ANA)
        await hall.firm.services.people.make_admin("T0FIRM", DEEPA, by=ana)
        hall.firm.services.hub.wake()
        await listener.until(lambda one: one.of("catalogue"))
    await hall.firm.booked("Apollo", new_york(9))
    async with open_stream(hall, since=start) as listener:
        await listener.until(lambda one: one.of("catalogue") and one.bookings)


# -- without a gap, and nothing twice --------------------------------------------------------------------------------------


async def late_writer(hall: Outside, booking_id: Any, written: asyncio.Event, may_commit: asyncio.Event) -> None:
    """Write an event with the next number, and commit it when allowed."""

    async def slow(session: WriteSession) -> None:
        await session.run(
            "INSERT INTO events (tenant_id, id, kind, booking_id, booking_version, actor_id, surface, before, after)"
            " SELECT tenant_id, $2, 'changed', booking_id, booking_version + 1, actor_id, surface, after,"
            " after || jsonb_build_object('version', booking_version + 1)"
            " FROM events WHERE booking_id = $1 ORDER BY booking_version DESC LIMIT 1",
            booking_id,
            new_id(),
        )
        await session.run("UPDATE bookings SET version = version + 1 WHERE id = $1", booking_id)
        session.happened = True
        written.set()
        await may_commit.wait()

    await hall.firm.db.write(slow, repeatable=False)


async def test_an_event_that_is_committed_late_comes_before_those_that_overtook_it(hall: Outside):
    booking = await hall.firm.booked("Apollo", new_york(9))
    async with open_stream(hall) as listener:
        start, written, may_commit = listener.last_id, asyncio.Event(), asyncio.Event()
        late = asyncio.create_task(late_writer(hall, booking.id, written, may_commit))
        await written.wait()
        await hall.firm.booked("Apollo", new_york(11))
        await hall.firm.booked("Apollo", new_york(13))
        # Who comes meanwhile is told no more than who was there: it would be skipped when they come again.
        async with open_stream(hall, since=start) as coming:
            await asyncio.sleep(0.3)
            assert (listener.bookings, coming.bookings) == ([], [])
            may_commit.set()
            await late
            await listener.until(lambda one: len(one.bookings) == 3)
            await coming.until(lambda one: len(one.bookings) == 3)
    assert listener.ids == coming.ids == (await everything(hall))[1:]
    assert [one["kind"] for one in listener.bookings] == ["changed", "booked", "booked"]


async def test_what_happens_while_somebody_reads_what_they_missed_is_not_lost(
    hall: Outside, monkeypatch: pytest.MonkeyPatch
):
    hub = hall.firm.services.hub
    async with open_stream(hall) as listener:
        start = listener.last_id
        await hall.firm.booked("Apollo", new_york(9))
        await listener.until(lambda one: one.bookings)
        read = hub.page

        async def overtaken(position: Any) -> Any:
            page = await read(position)
            # The page is read; before it is taken, everybody else is told of another booking.
            await hall.firm.booked("Apollo", new_york(11))
            await listener.until(lambda one: len(one.bookings) == 2)
            return page

        monkeypatch.setattr(hub, "page", overtaken)
        async with open_stream(hall, since=start) as coming:
            await coming.until(lambda one: len(one.bookings) == 2)
        assert coming.ids == listener.ids == await everything(hall)


async def test_whoever_hangs_up_at_random_hears_everything_once_and_in_order(hall: Outside):
    chance, firm = random.Random(7), hall.firm
    bookings = [await firm.booked(name, new_york(8)) for name in ("Apollo", "Corner", "Kiez", "Spree")]
    done = asyncio.Event()

    async def writer(name: str, booking: Any) -> None:
        for number in range(12):
            written, may_commit = asyncio.Event(), asyncio.Event()
            late = asyncio.create_task(late_writer(hall, booking.id, written, may_commit))
            await written.wait()
            await asyncio.sleep(chance.uniform(0, 0.03))
            await firm.booked(name, new_york(9 + number // 5 * 2, day=25 + number % 5))
            may_commit.set()
            await late

    async def listener_that_hangs_up(position: str, seen: list[str]) -> None:
        while not (done.is_set() and seen and seen[-1] == last[0]):
            async with open_stream(hall, since=position) as listener:
                enough, until = chance.randint(0, 5), chance.uniform(0.005, 0.2)
                try:
                    async with asyncio.timeout(until):
                        await listener.until(lambda one, enough=enough: len(one.bookings) >= enough)
                except TimeoutError:
                    pass
            # What had arrived when it hung up is what it knows, and where it goes on.
            seen += listener.ids
            position = listener.last_id

    async with open_stream(hall) as whole:
        start, last = whole.last_id, [""]
        seen: list[list[str]] = [[] for _ in range(3)]
        hanging = [asyncio.create_task(listener_that_hangs_up(start, each)) for each in seen]
        await asyncio.gather(*(writer(one.room.name, one) for one in bookings))
        written = (await everything(hall))[len(bookings) :]
        last[0] = written[-1]
        done.set()
        async with asyncio.timeout(60):
            await asyncio.gather(*hanging)
        await whole.until(lambda one: len(one.bookings) >= len(written))
    assert len(written) == 4 * 24
    assert whole.ids == written
    assert seen == [written] * 3


async def test_what_was_missed_is_read_in_pages_however_much_it_is(hall: Outside):
    async with open_stream(hall) as listener:
        start = listener.last_id
    booking = await hall.firm.booked("Apollo", new_york(9))

    async def much(session: WriteSession) -> None:
        await session.run(
            "INSERT INTO events (tenant_id, id, kind, booking_id, booking_version, actor_id, surface, before, after)"
            " SELECT tenant_id, gen_random_uuid(), 'changed', booking_id, number.n, actor_id, surface, after,"
            " after || jsonb_build_object('version', number.n) FROM events, generate_series(2, 701) AS number (n)"
            " WHERE booking_id = $1",
            booking.id,
        )

    await hall.firm.db.write(much, repeatable=False)
    other = str(hall.firm.rooms["Corner"].id)
    async with open_stream(hall, since=start) as listener, open_stream(hall, since=start, roomId=other) as elsewhere:
        await listener.until(lambda one: len(one.bookings) >= 701)
        await hall.firm.booked("Corner", new_york(9))
        await listener.until(lambda one: len(one.bookings) >= 702)
        await elsewhere.until(lambda one: one.bookings)
    assert listener.ids == await everything(hall)
    assert elsewhere.ids == listener.ids[-1:]


async def test_who_hears_nothing_is_told_how_far_they_are_all_the_same(hall: Outside, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(events, "BEAT_SECONDS", 0.1)
    async with open_stream(hall, roomId=str(hall.firm.rooms["Corner"].id)) as listener:
        start = listener.last_id
        await hall.firm.booked("Apollo", new_york(9))
        await listener.until(lambda one: one.last_id != start and one.comments > 2)
    assert listener.bookings == []
    async with open_stream(hall, since=listener.last_id) as again:
        await hall.firm.booked("Apollo", new_york(11))
        await again.until(lambda one: one.bookings)
    assert again.ids == (await everything(hall))[1:]


@pytest.mark.parametrize("text", ["x", "1", "1-", "-1-2", "1-2-3", "9" * 30 + "-1", "1-" + "9" * 19, "1.0-2", "١-٢"])
async def test_an_id_that_nobody_was_told_is_refused(hall: Outside, text: str):
    answer = await hall.ask("GET", "/events", params={"lastEventId": text})
    assert (answer.status, answer.body["error"]) == (400, "BadRequest")


async def test_an_id_of_what_has_not_happened_yet_is_refused(hall: Outside):
    answer = await hall.ask("GET", "/events", headers={"Last-Event-ID": "9000000000000-1"})
    assert (answer.status, answer.body["error"]) == (400, "BadRequest")


async def test_who_was_away_longer_than_events_are_kept_is_told_to_read_everything_anew(hall: Outside):
    await hall.firm.booked("Apollo", new_york(9))
    async with open_stream(hall) as listener:
        await hall.firm.booked("Apollo", new_york(11))
        await listener.until(lambda one: one.bookings)
        known = listener.ids[0]
    connection = await asyncpg.connect(hall.firm.urls.superuser_url)
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("DELETE FROM events WHERE transaction::text || '-' || number = $1", known)
    finally:
        await connection.close()
    async with open_stream(hall, since=known) as listener:
        await listener.until(lambda one: one.of("reset"))
        await hall.firm.booked("Apollo", new_york(13))
        await listener.until(lambda one: one.bookings)
    assert listener.ids == (await everything(hall))[-1:]


async def test_events_that_may_have_been_forgotten_by_their_age_are_not_counted_on(hall: Outside):
    async with open_stream(hall) as listener:
        await hall.firm.booked("Apollo", new_york(9))
        await hall.firm.booked("Apollo", new_york(11))
        await listener.until(lambda one: len(one.bookings) == 2)
    old, young = listener.ids
    keep = "INSERT INTO workspace (tenant_id, keep_audit_months) SELECT id, 12 FROM tenants"
    age = "UPDATE events SET happened_at = happened_at - interval '2 years' WHERE transaction::text || '-' || number = $1"
    connection = await asyncpg.connect(hall.firm.urls.superuser_url)
    try:
        await connection.execute(f"SET session_replication_role = replica; {keep}")
        await connection.execute(age, old)
    finally:
        await connection.close()
    async with open_stream(hall, since=old) as listener:
        await listener.until(lambda one: one.of("reset"))
    async with open_stream(hall, since=young) as listener:
        await hall.firm.booked("Apollo", new_york(13))
        await listener.until(lambda one: one.bookings)
    assert listener.of("reset") == []


async def test_a_server_that_is_behind_what_was_told_is_another_one_and_everything_is_read_anew(hall: Outside):
    async with open_stream(hall) as listener:
        hall.firm.services.hub.position = type(hall.firm.services.hub.position)(900_000_000, 1)
        hall.firm.services.hub.wake()
        await listener.until(lambda one: one.of("reset"))
        await hall.firm.booked("Apollo", new_york(9))
        await listener.until(lambda one: one.bookings)
    assert listener.ids == await everything(hall)


# -- replicas, and a database that goes away -------------------------------------------------------------------------------


@asynccontextmanager
async def replica(hall: Outside) -> AsyncIterator[str]:
    """Run another process's API on the same database, woken by LISTEN alone, and return its address."""
    async with AsyncExitStack() as stack:
        db = Database(hall.firm.urls.app_url, pool_size=3)
        stack.push_async_callback(db.close)
        services = built(db, SetClock(NOW), fresh_seconds=3600)
        bell = Bell(db)
        bell.heard_by(services.hub.wake)
        db.when_something_happened = bell.ring
        ear = Ear(hall.firm.urls.worker_url, bell)
        ear.start()
        stack.push_async_callback(bell.close)
        stack.push_async_callback(ear.stop)
        app = web.Application()
        app.add_routes(api.routes(services))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        stack.push_async_callback(services.hub.stop)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await eventually(lambda: ear.connected)
        yield f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"


async def test_two_replicas_tell_the_same_and_one_goes_on_where_the_other_ended(hall: Outside):
    bell = Bell(hall.firm.db)
    bell.heard_by(hall.firm.services.hub.wake)
    hall.firm.db.when_something_happened = bell.ring
    async with replica(hall) as url, open_stream(hall) as here:
        async with listening(hall.http, url, token=hall.tokens["ben"]) as there:
            for hour in (9, 11, 13):
                await hall.firm.booked("Apollo", new_york(hour))
            await here.until(lambda one: len(one.bookings) == 3)
            await there.until(lambda one: len(one.bookings) == 3)
        assert here.ids == there.ids == await everything(hall)
        await hall.firm.booked("Apollo", new_york(15))
        await here.until(lambda one: len(one.bookings) == 4)
        async with listening(hall.http, url, token=hall.tokens["ben"], since=here.ids[1]) as moved:
            await moved.until(lambda one: len(one.bookings) == 2)
        assert moved.ids == here.ids[2:]
    await bell.close()


async def test_a_database_that_goes_away_and_comes_back_leaves_no_gap(hall: Outside, postgres_address: Any):
    name = hall.firm.urls.name
    async with replica(hall) as url, listening(hall.http, url, token=hall.tokens["ben"]) as there, open_stream(hall) as here:
        await hall.firm.booked("Apollo", new_york(9))
        await here.until(lambda one: one.bookings)
        await administer(postgres_address, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        kill = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        await administer(postgres_address, kill)
        # Both look in vain for a while.
        await asyncio.sleep(1.5)
        await administer(postgres_address, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        for hour in (11, 13):
            await hall.firm.booked("Apollo", new_york(hour))
        await here.until(lambda one: len(one.bookings) == 3)
        await there.until(lambda one: len(one.bookings) == 3)
        assert here.ids == there.ids == await everything(hall)
        assert not here.ended
        assert not there.ended


# -- who may listen, and how many ------------------------------------------------------------------------------------------


async def test_listening_needs_a_token_and_rooms_that_there_are(hall: Outside):
    assert (await hall.ask("GET", "/events", by=None)).status == 401
    for name, error in (("roomId", "RoomNotFound"), ("locationId", "LocationNotFound"), ("personId", "PersonNotFound")):
        answer = await hall.ask("GET", "/events", params={name: str(uuid4())})
        assert (answer.status, answer.body["error"]) == (422, error)
    assert (await hall.ask("GET", "/events", params={"roomId": "Apollo"})).status == 422
    assert (await hall.ask("GET", "/events", params={"room": "Apollo"})).status == 422


async def test_a_token_that_is_revoked_ends_its_streams_and_no_others(hall: Outside, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(events, "AGAIN_SECONDS", 0.1)
    tokens = hall.firm.services.tokens
    async with open_stream(hall) as bens, open_stream(hall, by="admin") as anas:
        await asyncio.sleep(0.5)
        assert not bens.ended
        mine = next(one for one in await tokens.all() if one.scopes == {Scope.BOOK})
        await tokens.revoke(mine.id)
        await bens.until(lambda one: one.ended)
        await hall.firm.booked("Apollo", new_york(9))
        await anas.until(lambda one: one.bookings)
    assert bens.of("gone")[0].data["reason"] == "Unauthorized"
    assert bens.bookings == []
    assert (await hall.ask("GET", "/events")).status == 401


async def test_a_token_that_expires_ends_its_stream(hall: Outside, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(events, "AGAIN_SECONDS", 0.1)
    ben = await hall.firm.actor(BEN)
    _, secret = await hall.firm.services.tokens.make(
        ben.person_id, name="a day", scopes=[Scope.READ], expires_at=NOW + timedelta(days=1)
    )
    async with listening(hall.http, hall.url + PATH, token=secret) as listener:
        hall.firm.clock.advance(timedelta(days=2))
        await listener.until(lambda one: one.ended)
    assert listener.of("gone")[0].data["reason"] == "Unauthorized"


async def test_who_may_see_less_from_now_on_is_told_less(hall: Outside, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(events, "AGAIN_SECONDS", 0.1)
    hall.firm.services.tokens._fresh_seconds = 0
    deepa = await hall.firm.actor(DEEPA, admin=True)
    _, secret = await hall.firm.services.tokens.make(deepa.person_id, name="all", scopes=[Scope.ADMIN])
    async with listening(hall.http, hall.url + PATH, token=secret) as listener:
        await hall.firm.booked("Apollo", new_york(9), by=BEN, title="Merger", private=True)
        await listener.until(lambda one: one.bookings)
        await hall.firm.actor(DEEPA, admin=False)
        await asyncio.sleep(1)
        await hall.firm.booked("Apollo", new_york(11), by=BEN, title="Merger", private=True)
        await listener.until(lambda one: len(one.bookings) == 2)
    assert [one["booking"]["title"] for one in listener.bookings] == ["Merger", None]


async def test_nobody_opens_more_streams_than_there_may_be(hall: Outside, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(events, "BEAT_SECONDS", 0.1)
    hub = hall.firm.services.hub
    hub._seats.most, hub._most_each = 3, 2
    async with open_stream(hall), open_stream(hall):
        answer = await hall.ask("GET", "/events")
        assert (answer.status, answer.body["error"]) == (429, "TooManyRequests")
        async with open_stream(hall, by="admin"):
            answer = await hall.ask("GET", "/events", by="admin")
            assert (answer.status, answer.body["error"]) == (503, "Busy")
    await eventually(lambda: hub.open_streams < 2)
    async with open_stream(hall):
        pass


async def test_whoever_looks_at_an_open_board_hears_times_without_names_until_it_is_closed(
    hall: Outside, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(events, "AGAIN_SECONDS", 0.1)
    firm, berlin = hall.firm, hall.firm.rooms["Kiez"].location_id

    async def board(request: web.Request) -> web.StreamResponse:
        viewer = await events.in_passing(firm.services, berlin)
        return await events.stream(request, firm.services, viewer, Interest(locations=frozenset({berlin})))

    async def open_board(*, open_: bool) -> None:
        async def work(session: WriteSession) -> None:
            await session.run("UPDATE locations SET board_open = $2 WHERE id = $1", berlin, open_)

        await firm.db.write(work, repeatable=True)
        firm.services.catalogues.forget()

    app = web.Application()
    app.router.add_get("/board", board)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/board"
    try:
        await open_board(open_=True)
        async with listening(hall.http, url) as listener:
            await firm.booked("Apollo", new_york(9), title="Elsewhere")
            await firm.booked("Kiez", new_york(9), title="Hiring", by=BEN)
            await listener.until(lambda one: one.bookings)
            await open_board(open_=False)
            await listener.until(lambda one: one.ended)
    finally:
        await runner.cleanup()
    (told,) = listener.bookings
    assert told["booking"]["roomName"] == "Kiez"
    assert (told["booking"]["title"], told["booking"]["booker"]) == (None, None)


# -- those who do not keep up, who leave, and many -------------------------------------------------------------------------


async def slow_reader(hall: Outside) -> socket.socket:
    """Open a stream by hand and never read from it."""
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.setblocking(False)
    loop, (host, port) = asyncio.get_running_loop(), hall.url.removeprefix("http://").split(":")
    await loop.sock_connect(slow, (host, int(port)))
    said = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {hall.tokens['ben']}\r\n\r\n"
    await loop.sock_sendall(slow, said.encode())
    return slow


async def test_a_reader_who_does_not_read_is_dropped_and_the_others_go_on(hall: Outside, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streaming, "MOST_BEHIND", 50)
    hub, booking = hall.firm.services.hub, await hall.firm.booked("Apollo", new_york(9), title="x" * 200)
    async with open_stream(hall, by="admin") as other:
        slow = await slow_reader(hall)
        try:
            await eventually(lambda: hub.open_streams == 2)
            for first in range(2, 2000, 100):
                await many_events(hall, booking.id, first, first + 99)
                await other.until(lambda one, first=first: len(one.bookings) >= first + 98)
                if hub.open_streams == 1:
                    break
            await eventually(lambda: hub.open_streams == 1)
        finally:
            slow.close()
        await hall.firm.booked("Apollo", new_york(11))
        await other.until(lambda one: one.bookings[-1]["kind"] == "booked")
    assert other.ids == (await everything(hall))[1:]


async def many_events(hall: Outside, booking_id: Any, first: int, last: int) -> None:
    async def much(session: WriteSession) -> None:
        session.happened = True
        await session.run(
            "INSERT INTO events (tenant_id, id, kind, booking_id, booking_version, actor_id, surface, before, after)"
            " SELECT tenant_id, gen_random_uuid(), 'changed', booking_id, number.n, actor_id, surface, after,"
            " after || jsonb_build_object('version', number.n) FROM events, generate_series($2::int, $3::int) AS number (n)"
            " WHERE booking_id = $1 AND booking_version = 1",
            booking_id,
            first,
            last,
        )

    await hall.firm.db.write(much, repeatable=False)


async def test_those_who_leave_without_a_word_are_forgotten_and_nothing_is_read_for_nobody(
    hall: Outside, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(events, "BEAT_SECONDS", 0.1)
    hub = hall.firm.services.hub
    assert not hub.reading
    async with AsyncExitStack() as stack:
        for _ in range(20):
            await stack.enter_async_context(open_stream(hall))
        assert (hub.open_streams, hub.reading) == (20, True)
    await eventually(lambda: hub.open_streams == 0)
    await eventually(lambda: not hub.reading)
    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]


async def test_hundreds_of_streams_hear_one_booking(hall: Outside):
    hall.firm.services.hub._most_each = 300
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        opening = [listening(http, hall.url + PATH, token=hall.tokens["ben"]) for _ in range(300)]
        listeners: list[Listener] = [await stack.enter_async_context(one) for one in opening]
        await hall.firm.booked("Apollo", new_york(9))
        for listener in listeners:
            await listener.until(lambda one: one.bookings)
        assert {tuple(one.ids) for one in listeners} == {tuple(await everything(hall))}


async def test_stopping_ends_every_stream_at_once_and_they_go_on_elsewhere(hall: Outside):
    async with open_stream(hall) as first, open_stream(hall, by="admin") as second:
        async with asyncio.timeout(10):
            await hall.firm.services.hub.stop()
            await first.until(lambda one: one.ended)
            await second.until(lambda one: one.ended)
        assert first.of("gone")[0].data["reason"] == "stopping"
        answer = await hall.ask("GET", "/events")
        assert (answer.status, answer.body["error"]) == (503, "Unavailable")
        await hall.firm.booked("Apollo", new_york(9))
    async with replica(hall) as url, listening(hall.http, url, token=hall.tokens["ben"], since=first.last_id) as again:
        await again.until(lambda one: one.bookings)


async def test_asking_about_the_stream_opens_none(hall: Outside):
    assert (await hall.ask("HEAD", "/events")).headers["Content-Type"].startswith("text/event-stream")
    assert hall.firm.services.hub.open_streams == 0
