"""What docs/operating.md says of backup and restore, done: its commands as they stand, on servers of this test's own."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bot import postgres
from bot.binaries import bundled_binaries
from core import roles
from core.clock import SystemClock
from core.db import Database as Core
from core.models import Actor, Slot, Wish
from core.notices import Preferences
from core.people import People, Profile
from core.planning import Planning
from core.preferences import PreferencesStore
from core.rooms import Rooms, parse_csv
from core.subscriptions import Subscriptions
from handlers.services import Services, built
from migrations import upgrade
from tests.bot.pages import ROOT, outcome, run, steps
from tests.core.test_schema import described

STEPS = steps("operating.md")
DATABASE = "bookroom"
TRUSTED = {"fsync": "off", "max_wal_senders": "4", "wal_keep_size": "64MB"}
ALL = {"location_id": None, "room_id": None, "kinds": ["booked"], "digest_at": None, "zone": "UTC"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A server of this test's, and what the page's commands are told of it."""

    server: postgres.Server
    folder: Path

    @property
    def told(self) -> dict[str, str]:
        binaries = bundled_binaries()
        assert binaries is not None
        server = self.server
        return {
            "PATH": f"{ROOT / '.venv' / 'bin'}:{binaries}:{os.environ['PATH']}",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGUSER": "postgres",
            "PGDATA": str(server.data_dir),
            "BACKUPS": str(self.folder / "backups"),
            "ARCHIVE": str(self.folder / "archive"),
            "DATABASE_URL": server.url(postgres.APP, DATABASE),
            "DATABASE_OWNER_URL": server.url(postgres.OWNER, DATABASE),
            "DATABASE_WORKER_URL": server.url(postgres.WORKER, DATABASE),
            **{f"BOOKROOM_{role}_PASSWORD": "test" for role in ("OWNER", "APP", "WORKER", "BACKUP")},
        }


@contextmanager
def served(folder: Path, name: str, **settings: str) -> Iterator[Place]:
    with postgres.Server(folder / name, settings={**TRUSTED, **settings}, auth="trust") as server:
        yield Place(server=server, folder=folder)


@pytest.fixture
def folder(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("backups", "archive"):
        (short_path / name).mkdir()
        # The server is another user's where this test is root's.
        (short_path / name).chmod(0o777)
    monkeypatch.setenv("ARCHIVE", str(short_path / "archive"))
    return short_path


def archiving() -> dict[str, str]:
    """Return the page's settings."""
    lines = [line.partition(" = ") for line in STEPS["archive settings"].splitlines()]
    return {name: value.strip("'") for name, _, value in lines}


@dataclass(kw_only=True)
class Firm:
    """People and rooms in a database, by the system's clock."""

    db: Core
    services: Services
    ana: Actor
    rooms: list[Any]

    async def book(self, hours: int, room: int = 0) -> Any:
        start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=hours)
        slot = Slot(start=start, end=start + timedelta(minutes=45))
        return await self.services.bookings.book(Wish(slot=slot, room_id=self.rooms[room].id), by=self.ana)


async def firm(place: Place) -> Firm:
    """Found it: two rooms, and Ana, whom a message reminds half a day ahead; a channel hears of each booking."""
    db = Core(place.told["DATABASE_URL"], pool_size=2)
    services, clock = built(db, SystemClock()), SystemClock()
    await People(db).team("T1", name="Northbay")
    ana = (await People(db).seen(Profile(slack_team_id="T1", slack_user_id="U1", name="ana", admin=True))).acting()
    await PreferencesStore(db, clock).set(ana.person_id, Preferences(reminder_minutes=(720,)))
    await Rooms(db, services.catalogues).import_rows(parse_csv("name,capacity,location,zone\nA,4,Here,UTC\nB,4,Here,UTC\n"))
    services.catalogues.forget()
    await Subscriptions(db, services.catalogues, clock).save(None, team_id="T1", channel_id="C1", by=ana, **ALL)
    rooms = sorted((await services.catalogues.current()).rooms, key=lambda room: room.name)
    return Firm(db=db, services=services, ana=ana, rooms=rooms)


async def value(place: Place, sql: str) -> Any:
    connection = await asyncpg.connect(place.server.url("postgres", DATABASE))
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def all_sent(place: Place) -> None:
    """Plan what follows from the bookings, and send all of it, as a bot does."""
    db = Core(place.told["DATABASE_WORKER_URL"], role=roles.WORKER, pool_size=1)
    clock = SystemClock()
    await Planning(db, built(db, clock).catalogues, clock).plan(clock.now())
    await db.close()
    connection = await asyncpg.connect(place.server.url("postgres", DATABASE))
    await connection.execute(
        "UPDATE cards SET ts = '1', first_version = wanted_version, rendered_version = wanted_version;"
        "UPDATE deliveries SET status = 'sent', done_at = now(), channel_id = 'D1', ts = '1' WHERE done_at IS NULL"
    )
    await connection.close()


def prepared(place: Place) -> None:
    postgres.provision(place.server, DATABASE)
    upgrade(place.told["DATABASE_OWNER_URL"])
    run(STEPS["backup login"], **place.told)


async def test_a_dump_is_read_into_a_new_server_whose_feed_counts_on(folder: Path) -> None:
    with served(folder, "old") as old:
        await asyncio.to_thread(prepared, old)
        there = await firm(old)
        booking = await there.book(3)
        await all_sent(old)
        await there.book(4)
        await there.db.close()
        # An old server has seen more transactions than a new one.
        for table in ("events", "event_readers"):
            await value(old, f"UPDATE {table} SET transaction = '5000000'")
        run(STEPS["dump"], **old.told)
        dump = f"pg_dump --username {postgres.OWNER} --format custom --file /dev/null bookroom"
        assert "row-level security" in outcome(dump, fails=True, **old.told)[1]
        seen = run(f"{dump.replace('--format custom --file /dev/null', '--data-only')} --enable-row-security", **old.told)
        assert str(booking.id) not in seen
        as_it_was = await described(old.server.url("postgres", DATABASE))

    with served(folder, "new") as new:
        run(STEPS["restore a dump"], **new.told)
        said = run(STEPS["after a restore"], **new.told)
        assert "invariants hold" in said
        as_it_is = await described(new.server.url("postgres", DATABASE))
        assert all(flat(as_it_is[part]) == flat(as_it_was[part]) for part in as_it_was)
        assert await value(new, "SELECT count(*) FROM bookings WHERE status = 'confirmed'") == 2
        assert await value(new, "SELECT max(transaction)::text FROM events") == "3"
        # What is posted is edited once more, and nothing else is sent.
        assert json.loads(run("bookroom notices list --json", **new.told))["waiting"] == 1
        assert await value(new, "SELECT array_agg(ts) FROM cards WHERE rendered_version < wanted_version") == ["1"]
        # A booking of today is news, and what was before is not.
        again = await afresh(new)
        await again.book(5)
        await again.db.close()
        await all_sent(new)
        assert (
            await value(new, "SELECT count(*) FROM cards WHERE ts IS NOT NULL AND created_at > now() - interval '1 day'") > 0
        )
        assert await value(new, "SELECT (transaction > '3') FROM event_readers") is True


def flat(rows: set[tuple[Any, ...]]) -> set[str]:
    """Return descriptions without parentheses, of which a condition that is read in again has some less."""
    return {re.sub("[()]", "", str(row)) for row in rows}


async def afresh(place: Place) -> Firm:
    """Return the firm as it is in a restored database."""
    db = Core(place.told["DATABASE_URL"], pool_size=2)
    services = built(db, SystemClock())
    ana = (await People(db).seen(Profile(slack_team_id="T1", slack_user_id="U1", name="ana", admin=True))).acting()
    rooms = sorted((await services.catalogues.current()).rooms, key=lambda room: room.name)
    return Firm(db=db, services=services, ana=ana, rooms=rooms)


async def test_a_moment_between_two_bookings_comes_back_and_nobody_is_told_anything_twice(folder: Path) -> None:
    with served(folder, "data", **archiving()) as before:
        await asyncio.to_thread(prepared, before)
        run(STEPS["base backup"], **before.told)
        there = await firm(before)
        kept = await there.book(3)
        moment = str(await value(before, "SELECT clock_timestamp()"))
        await asyncio.sleep(0.05)
        lost = await there.book(4, room=1)
        await all_sent(before)
        told = await value(before, "SELECT count(*) FROM cards WHERE ts IS NOT NULL")
        assert told >= 2
        await value(before, "SELECT pg_switch_wal()")
        await there.db.close()
        await archived(before)
        environment = {**before.told, "MOMENT": moment}

    run(STEPS["restore to a moment"], **environment)
    with served(folder, "data") as after:
        while await value(after, "SELECT pg_is_in_recovery()"):  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(0.02)
        assert await value(after, "SELECT array_agg(id) FROM bookings") == [kept.id]
        said = run(STEPS["after a restore"], **after.told)
        assert "invariants hold" in said
        assert "count as sent" in said
        waiting = "SELECT count(*) FROM deliveries WHERE status = 'pending' AND due_at <= now()"
        assert await value(after, waiting) == 0
        assert await value(after, "SELECT count(*) FROM cards WHERE ts IS NULL AND rendered_version < wanted_version") == 0
        # The lost one's room is free again, and a new timeline has begun.
        again = await afresh(after)
        assert (await again.book(4, room=1)).id != lost.id
        await again.db.close()
        assert await value(after, "SELECT timeline_id FROM pg_control_checkpoint()") == 2


async def archived(place: Place) -> None:
    """Wait until the log that was just ended has been copied away."""
    wanted = "SELECT last_archived_wal >= (SELECT pg_walfile_name(pg_current_wal_lsn() - 1)) FROM pg_stat_archiver"
    async with asyncio.timeout(60):
        while not await value(place, wanted):  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(0.05)
