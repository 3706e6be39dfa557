"""One PostgreSQL server for a whole run, shared by its parallel workers, and a database of its own for each test.

`PG=system` takes the system's PostgreSQL instead of the bundled one. The controller of a parallel run starts the
server, so that it lives as long as the last worker.
"""

import contextlib
import fcntl
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bot import postgres
from bot.binaries import system_binaries

FOLDER = "bookroom-tests-"
TEMPLATE = "bookroom_template"
# Copying a database there takes 20 ms; on some machines' disks it takes 300. Containers often have a tiny one.
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 2_000_000_000
SETTINGS = {
    "max_connections": "400",
    # A crash may cost us the data of a test run, but nothing may cost us its time.
    "fsync": "off",
    "full_page_writes": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "512MB",
}
SHOWN_CIRCLES, LONGEST_CIRCLE = 3, 4000
NO_SYSTEM_SERVER = "PG=system asks for a system PostgreSQL of version 15 or newer, and there is none."

numbers = itertools.count(1)
running = pytest.StashKey["TestServer"]()


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database of one test; each URL logs in as another role."""

    name: str
    owner_url: str
    app_url: str
    worker_url: str
    superuser_url: str


@dataclass(frozen=True, kw_only=True)
class Address:
    """What the workers are told of the server: its URL without a user, or why there is none."""

    port: int = 0
    skipped: str = ""
    failed: str = ""
    template_failed: str = ""

    def url(self, user: str, database: str) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def database(self, name: str) -> Database:
        return Database(
            name=name,
            owner_url=self.url(postgres.OWNER, name),
            app_url=self.url(postgres.APP, name),
            worker_url=self.url(postgres.WORKER, name),
            superuser_url=self.url("postgres", name),
        )


class TestServer:
    """The server of a run, with the migrated template."""

    __test__ = False

    def __init__(self) -> None:
        sweep()
        self.folder = Path(tempfile.mkdtemp(prefix=FOLDER, dir=place()))
        self.server: postgres.Server | None = None
        self.address = self._start()

    def _start(self) -> Address:
        wanted = os.environ.get("PG", "")
        binaries = system_binaries() if wanted == "system" else None
        if wanted == "system" and binaries is None:
            return Address(skipped=NO_SYSTEM_SERVER)
        if binaries is not None:
            # The system's own user runs it, and has to reach the data folder.
            self.folder.chmod(0o711)
        try:
            self.server = postgres.Server(
                self.folder / "data",
                settings=SETTINGS,
                binaries=binaries,
                run_as="postgres" if binaries else None,
                auth="trust",
            )
            self.server.start()
            postgres.provision(self.server, TEMPLATE)
        except postgres.PostgresUnavailable as error:
            return Address(failed=str(error))
        try:
            self._migrate()
        except Exception as error:
            return Address(port=self.server.port, template_failed=f"{type(error).__name__}: {error}")
        return Address(port=self.server.port)

    def _migrate(self) -> None:
        from migrations import upgrade

        assert self.server is not None
        upgrade(self.server.url(postgres.OWNER, TEMPLATE))
        # Nobody may be connected to a template that is being copied.
        self.server.sql(f"ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false")

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def place() -> Path:
    """Return the folder for the server's data: in memory where there is enough of it."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_BYTES:
        return MEMORY
    return Path(tempfile.gettempdir())


def sweep() -> None:
    """Remove what runs that were killed have left: folders whose lock nobody holds any more."""
    just_now = time.time() - 60  # a run that is starting has made its lock and may not hold it yet
    for lock in [*MEMORY.glob(f"{FOLDER}*/data.lock"), *Path(tempfile.gettempdir()).glob(f"{FOLDER}*/data.lock")]:
        with contextlib.suppress(OSError):
            if lock.stat().st_mtime < just_now:
                remove_unless_held(lock)


def remove_unless_held(lock: Path) -> None:
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(lock.parent, ignore_errors=True)


def serving(config: pytest.Config) -> Address:
    """Return the address of this run's server, starting it at the first call."""
    if running not in config.stash:
        config.stash[running] = TestServer()
    return config.stash[running].address


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a parallel worker where the server is; called in the controller before each worker starts."""
    node.workerinput["postgres"] = vars(serving(node.config))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Show what PostgreSQL says of circles of locks where something failed: nothing else tells who met whom."""
    failed = terminalreporter.stats.get("failed") or terminalreporter.stats.get("error")
    server = config.stash[running].server if running in config.stash else None
    if not failed or server is None:
        return
    circles = server.log.read_text(errors="replace").split("deadlock detected\n")[1:]
    for circle in circles[:SHOWN_CIRCLES]:
        terminalreporter.section("deadlock, by PostgreSQL's log")
        terminalreporter.write_line(circle[:LONGEST_CIRCLE])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server where it was started."""
    if running in config.stash:
        config.stash[running].stop()
        del config.stash[running]


@pytest.fixture(scope="session")
def postgres_address(pytestconfig: pytest.Config) -> Address:
    """The run's server, whose superuser is `postgres`; connections on 127.0.0.1 are trusted."""
    told = getattr(pytestconfig, "workerinput", None)
    address = Address(**told["postgres"]) if told else serving(pytestconfig)
    if address.skipped:
        pytest.skip(address.skipped)
    if address.failed:
        pytest.fail(address.failed, pytrace=False)
    return address


@asynccontextmanager
async def created(address: Address, options: str) -> AsyncIterator[Database]:
    """Create a database of the owner's, and drop it afterwards whoever is still connected."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"test_{worker}_{next(numbers)}"
    await administer(address, f"CREATE DATABASE {name} OWNER {postgres.OWNER} {options}")
    try:
        yield address.database(name)
    finally:
        await administer(address, f"DROP DATABASE {name} WITH (FORCE)")


async def administer(address: Address, statement: str) -> None:
    connection = await asyncpg.connect(address.url("postgres", "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def database(postgres_address: Address) -> AsyncIterator[Database]:
    """A migrated database of this test's own, in which commits and races are real."""
    if postgres_address.template_failed:
        pytest.fail(f"the migrations failed: {postgres_address.template_failed}", pytrace=False)
    async with created(postgres_address, f"TEMPLATE {TEMPLATE} STRATEGY wal_log") as made:
        yield made


@pytest.fixture
async def elsewhere(postgres_address: Address, database: Database) -> AsyncIterator[Database]:
    """A second migrated database of this test's own, for tenants that live in it."""
    async with created(postgres_address, f"TEMPLATE {TEMPLATE} STRATEGY wal_log") as made:
        yield made


@pytest.fixture
async def empty_database(postgres_address: Address) -> AsyncIterator[Database]:
    """A database of the owner's with nothing in it but btree_gist; for tests of the migrations."""
    async with created(postgres_address, "STRATEGY wal_log") as made:
        connection = await asyncpg.connect(made.owner_url)
        try:
            await connection.execute("CREATE EXTENSION btree_gist")
        finally:
            await connection.close()
        yield made


@pytest.fixture(autouse=True)
def no_settings_from_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own tokens and addresses must not steer a test."""
    for name in tuple(os.environ):
        ours = name.startswith(("SLACK_", "BOOKROOM_", "DATABASE_", "WEBHOOK_", "TENANT_")) or name in {
            "HOST",
            "PORT",
            "LOG_LEVEL",
            "DB_POOL_SIZE",
        }
        if ours or (name.startswith("PG") and name not in {"PG", "PGBIN"}):
            monkeypatch.delenv(name)
