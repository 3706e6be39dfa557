"""What an admin does in one process is known in every other within a moment, whatever becomes of its connection."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Self
from uuid import UUID, uuid4

import pytest

from bot.listening import Listener
from core.bell import Bell
from core.catalogue import Catalogue, Catalogues, load
from core.clock import SystemClock
from core.db import Database as Pool
from core.db import ReadSession
from core.places import Places, RoomFacts
from core.roomfile import RoomRow
from core.rooms import Rooms
from core.telling import Telling
from tests.conftest import Database, administer

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bookroom-listen' AND datname = '{}'"


class Counted(Telling):
    def __init__(self) -> None:
        self.looks: Counter[str] = Counter()

    def cached(self, cache: str, outcome: str) -> None:
        self.looks[outcome] += cache == "catalogue"


class Process:
    """One process of ours: what it keeps of rooms and rules, its bell, and its ear for the others."""

    def __init__(self, database: Database, *, fresh_seconds: float = 3600.0) -> None:
        self.db = Pool(database.app_url, pool_size=2)
        self.db.telling = self.counted = Counted()
        # So long that only a word from somebody else makes it read again.
        self.catalogues = Catalogues(self.db, fresh_seconds=fresh_seconds, told_seconds=3600.0)
        self.bell = Bell(self.db)
        self.bell.keeps_fresh(self.catalogues)
        self.listener = Listener(database.worker_url, self.bell, watch_seconds=0.1)
        self.places = Places(self.db, self.catalogues, SystemClock())

    async def __aenter__(self) -> Self:
        self.listener.start()
        await until(lambda: self.listener.connected)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.listener.stop()
        await self.db.close()

    async def rooms(self) -> dict[str, bool]:
        """Return whether each room is in use, by its name."""
        return {room.name: room.active for room in (await self.catalogues.current()).rooms}

    async def comes_to_know(self, rooms: dict[str, bool]) -> None:
        async with asyncio.timeout(20):
            while await self.rooms() != rooms:  # noqa: ASYNC110 - what is waited for comes over a socket
                await asyncio.sleep(0.01)

    async def room(self, name: str) -> UUID:
        """Make a room, and its place where there is none."""
        known = (await self.catalogues.current()).locations
        place = known[0] if known else await self.places.add_location(name="Berlin", zone="Europe/Berlin", by=None)
        return (await self.places.add_room(place.id, RoomFacts(name=name, capacity=4), by=None)).id


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - what is waited for comes over a socket
            await asyncio.sleep(0.01)


async def test_what_is_changed_in_one_process_is_known_in_the_others(database: Database):
    async with Process(database) as one, Process(database) as other:
        assert await other.rooms() == {}

        apollo = await one.room("Apollo")
        await other.comes_to_know({"Apollo": True})
        await one.places.edit_room(apollo, RoomFacts(name="Artemis", capacity=4), version=1, by=None)
        await other.comes_to_know({"Artemis": True})
        await one.places.use_room(apollo, active=False, version=2, by=None)
        await other.comes_to_know({"Artemis": False})
        await Rooms(one.db, one.catalogues).set_policy(horizon_days=30)
        room = (await other.catalogues.current()).room(apollo)
        async with asyncio.timeout(20):
            while (await other.catalogues.current()).policy(room).horizon_days != 30:  # noqa: ASYNC110 - what is waited for comes over a socket
                await asyncio.sleep(0.01)


async def test_what_is_done_on_the_command_line_is_known_as_well(database: Database):
    async with Process(database) as one:
        await one.room("Apollo")
        await one.rooms()
        alone = Pool(database.app_url, pool_size=1)
        row = RoomRow(line=1, name="Zeus", location="Berlin", zone="Europe/Berlin", capacity=9)

        await Rooms(alone, Catalogues(alone)).import_rows([row])

        await one.comes_to_know({"Apollo": True, "Zeus": True})
        await alone.close()


async def test_what_was_missed_while_nothing_could_be_heard_is_known_when_it_can(
    database: Database, postgres_address: Any, monkeypatch: pytest.MonkeyPatch
):
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(Process(database))
        await one.room("Apollo")
        # It has nothing left to hear of what went before.
        other = await stack.enter_async_context(Process(database))
        await other.rooms()
        connect, may_connect = Listener._connect, asyncio.Event()

        async def later(listener: Listener) -> Any:
            await may_connect.wait()
            return await connect(listener)

        monkeypatch.setattr(Listener, "_connect", later)
        await administer(postgres_address, CUT.format(database.name))
        await until(lambda: not other.listener.connected)
        await one.room("Zeus")
        unheard = await other.rooms()
        may_connect.set()
        await other.comes_to_know({"Apollo": True, "Zeus": True})

        assert unheard == {"Apollo": True}


async def test_while_nothing_can_be_heard_nothing_is_kept_for_long(
    database: Database, postgres_address: Any, monkeypatch: pytest.MonkeyPatch
):
    async def never(_: Listener) -> Any:
        await asyncio.Event().wait()

    async with Process(database, fresh_seconds=0.0) as one:
        for _ in range(5):
            await one.rooms()
        heard = one.counted.looks["filled"]
        monkeypatch.setattr(Listener, "_connect", never)
        await administer(postgres_address, CUT.format(database.name))
        await until(lambda: not one.listener.connected)
        for _ in range(5):
            await one.rooms()

        assert heard == 1
        assert one.counted.looks["filled"] == 6


async def test_one_reading_serves_all_who_ask_and_what_is_kept_serves_those_after_them(database: Database):
    async with Process(database) as one:
        await asyncio.gather(*(one.rooms() for _ in range(20)))
        for _ in range(80):
            await one.rooms()

        assert one.counted.looks == {"filled": 1, "waited": 19, "hit": 80}


async def test_what_other_tenants_change_is_none_of_ours(database: Database):
    async with Process(database) as one:
        await one.rooms()
        one.bell.hear_ruled(str(uuid4()))
        await one.rooms()
        one.bell.hear_ruled(str(one.db.tenant))
        await one.rooms()

        assert one.counted.looks == {"filled": 2, "hit": 1, "forgotten": 1}


async def test_a_reading_that_began_before_a_change_is_not_kept(database: Database, monkeypatch: pytest.MonkeyPatch):
    read, go_on = asyncio.Event(), asyncio.Event()

    async def slow(session: ReadSession) -> Catalogue:
        found = await load(session)
        read.set()
        await go_on.wait()
        return found

    async with Process(database) as one:
        monkeypatch.setattr("core.catalogue.load", slow)
        before = asyncio.create_task(one.rooms())
        await read.wait()
        monkeypatch.setattr("core.catalogue.load", load)
        alone = Pool(database.app_url, pool_size=1)
        other = Process(database)
        other.db, other.catalogues = alone, Catalogues(alone)
        other.places = Places(alone, other.catalogues, SystemClock())
        await other.room("Apollo")
        await one.comes_to_know({"Apollo": True})
        go_on.set()

        assert await before == {}
        assert await one.rooms() == {"Apollo": True}
        await alone.close()
