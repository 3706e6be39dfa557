"""A streaming standby of a test's own PostgreSQL, real in every part: copied, following, paused, promoted, killed.

    with cluster() as primary:
        async with standby_of(primary) as standby:
            await standby.pause()

Tests that commit on the primary and look at the standby call `caught_up` in between. Both servers end with the process
that started them, however that ends, and their folders are removed by the next run where this one could not.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from bot import postgres
from bot.binaries import bundled_binaries
from bot.cluster import complaint, environment
from bot.disguise import disguise, reachable
from tests.conftest import FOLDER, SETTINGS, Database, place

PATIENCE_SECONDS = 20.0
NAME = "bookroom"
STANDBY_SETTINGS = {
    **SETTINGS,
    "hot_standby": "on",
    # A standby that lost its primary is back a moment after it, not five seconds.
    "wal_retrieve_retry_interval": "100ms",
    "wal_receiver_status_interval": "1s",
}

numbers = itertools.count(1)


class Cluster(Protocol):
    """A server that can be followed: the one of a run, one of a test's own, or a promoted standby."""

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 that it listens on."""

    def url(self, user: str, database: str) -> str:
        """Return the address by which somebody reaches a database."""


@contextmanager
def cluster(*, settings: Mapping[str, str] | None = None, migrated: bool = True) -> Iterator[postgres.Server]:
    """Run a server of the test's own, which may be killed; with the roles and, where `migrated`, a database `NAME`."""
    folder = Path(tempfile.mkdtemp(prefix=FOLDER, dir=place()))
    server = postgres.Server(folder / "data", settings={**SETTINGS, **(settings or {})}, auth="trust")
    try:
        server.start()
        if migrated:
            postgres.provision(server, NAME)
            _migrate(server.url(postgres.OWNER, NAME))
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def database_of(server: Cluster, name: str = NAME) -> Database:
    """Return the logins of a cluster's database."""
    return Database(
        name=name,
        owner_url=server.url(postgres.OWNER, name),
        app_url=server.url(postgres.APP, name),
        worker_url=server.url(postgres.WORKER, name),
        superuser_url=server.url("postgres", name),
    )


class Standby:
    """A server that follows another one, and can be followed itself once it is promoted."""

    def __init__(self, primary: Cluster, server: postgres.Server, name: str) -> None:
        self.primary = primary
        self.server = server
        self.name = name
        self.paused = False

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 that it listens on; stays the same over `kill` and `start`."""
        return self.server.port

    def url(self, user: str = "postgres", database: str = NAME) -> str:
        """Return the address by which somebody reaches a database on the standby."""
        return self.server.url(user, database)

    @property
    def urls(self) -> Database:
        """The logins of the database `NAME` on the standby."""
        return database_of(self)

    async def pause(self) -> None:
        """Replay nothing more; what is written on the primary still arrives."""
        await ask(self, "SELECT pg_wal_replay_pause()")
        await _until(self, "SELECT pg_get_wal_replay_pause_state() = 'paused'")

    async def resume(self) -> None:
        """Replay what has arrived meanwhile, and go on."""
        await ask(self, "SELECT pg_wal_replay_resume()")

    async def promote(self) -> None:
        """Become a primary, on a new timeline; the old one, if it is there, is not told."""
        assert await ask(self, "SELECT pg_promote(true, 60)"), "the standby was not promoted"

    async def caught_up(self) -> None:
        """Wait until all that is committed on the primary by now is seen here."""
        place = await ask(self.primary, "SELECT pg_current_wal_flush_lsn()::text")
        await _until(self, f"SELECT pg_last_wal_replay_lsn() >= '{place}'::pg_lsn")

    def stop(self) -> None:
        """Shut down in order; `start` brings it back."""
        self.server.stop()

    def kill(self) -> None:
        """End the server as if its power had failed; `start` brings it back."""
        if self.server.pid:
            os.kill(self.server.pid, signal.SIGKILL)
        self.server.stop()

    def start(self) -> None:
        """Come back on the same port, and follow on."""
        self.server.start()


@asynccontextmanager
async def standby_of(
    primary: Cluster, *, synchronous: bool = False, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Standby]:
    """Run a standby of a cluster; where `synchronous`, the primary's commits wait until it has written them.

    The cluster's superuser is `postgres`, trusted on 127.0.0.1. Call it in the main thread: see `bot.postgres`.
    """
    name = f"standby_{os.getpid()}_{next(numbers)}"
    folder = Path(tempfile.mkdtemp(prefix=FOLDER, dir=place()))
    # The port is chosen once: whoever was told the address finds the standby there again.
    server = postgres.Server(
        folder / "data", port=postgres.free_port(), settings={**STANDBY_SETTINGS, **(settings or {})}, auth="trust"
    )
    try:
        _copy(primary, folder, name)
        server.start()
        standby = Standby(primary, server, name)
        await _until(primary, f"SELECT EXISTS (SELECT FROM pg_stat_replication WHERE application_name = '{name}')")
        if synchronous:
            await _commits_wait_for(primary, name)
        yield standby
    finally:
        if synchronous:
            await _commits_wait_for(primary, "")
        server.stop()
        await _forget_slot(primary, name)
        shutil.rmtree(folder, ignore_errors=True)


async def ask(server: Cluster, sql: str, *, database: str = "postgres") -> Any:
    """Return one value, asked as the superuser on a connection of its own."""
    connection = await asyncpg.connect(server.url("postgres", database), timeout=5)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def _copy(primary: Cluster, folder: Path, name: str) -> None:
    """Copy the primary's data folder as it runs, with the settings to follow it from a slot of this name."""
    disguised = disguise(None)
    disguised.own(folder)
    bundled = bundled_binaries()
    assert bundled is not None, "PostgreSQL's programs are missing"
    programs = reachable(bundled, disguised, copy_to=folder / "data.programs")
    source = f"host=127.0.0.1 port={primary.port} user=postgres application_name={name}"
    copying = [*disguised.prefix, str(programs / "pg_basebackup"), "-D", str(folder / "data"), "-d", source]
    copying += ["--write-recovery-conf", "--wal-method=stream", "--create-slot", f"--slot={name}"]
    copying += ["--checkpoint=fast", "--no-sync"]
    done = subprocess.run(copying, check=False, capture_output=True, text=True, env=environment(), cwd="/", timeout=120)
    assert done.returncode == 0, complaint(done.stderr)


async def _commits_wait_for(primary: Cluster, name: str) -> None:
    with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        # Not itself a commit that waits: it takes effect by the reload.
        await ask(primary, f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
        await ask(primary, "SELECT pg_reload_conf()")
        if name:
            await _until(primary, f"SELECT sync_state = 'sync' FROM pg_stat_replication WHERE application_name = '{name}'")
        return
    assert not name, "the primary cannot be told to wait for its standby"


async def _forget_slot(primary: Cluster, name: str) -> None:
    """Let the primary keep nothing for a standby that is gone; a primary that is gone keeps nothing anyway."""
    gone = f"SELECT NOT coalesce((SELECT active FROM pg_replication_slots WHERE slot_name = '{name}'), false)"
    with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await _until(primary, gone)
        await ask(
            primary, f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '{name}'"
        )


async def _until(server: Cluster, question: str) -> None:
    """Wait until the answer to a question is yes."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await ask(server, question):  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(0.02)


def _migrate(url: str) -> None:
    from migrations import upgrade

    upgrade(url)


@contextmanager
def followed(primary: Cluster, **options: Any) -> Iterator[Standby]:
    """Run a standby for tests that have loops of their own; see `standby_of`."""
    loop = asyncio.new_event_loop()
    running = standby_of(primary, **options)
    try:
        standby = loop.run_until_complete(running.__aenter__())
        try:
            yield standby
        finally:
            loop.run_until_complete(running.__aexit__(None, None, None))
    finally:
        loop.close()


@asynccontextmanager
async def database_on(primary: Cluster) -> AsyncIterator[Database]:
    """Copy the migrated database `NAME` for one test; its standbys get it as well, as fast as they follow."""
    name = f"{NAME}_{next(numbers)}"
    await ask(primary, f"CREATE DATABASE {name} OWNER {postgres.OWNER} TEMPLATE {NAME} STRATEGY wal_log")
    try:
        yield database_of(primary, name)
    finally:
        await ask(primary, f"DROP DATABASE {name} WITH (FORCE)")
