"""A database of our own where none was set: enough for a trial or a small office, gone with the folder it lives in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from bot import postgres
from bot.cluster import FolderTaken
from bot.config import StorageSettings
from migrations import upgrade

DATABASE = "bookroom"
MAX_CONNECTIONS = 220

S = TypeVar("S", bound=StorageSettings)


@contextmanager
def own_database(folder: Path) -> Iterator[postgres.Server]:
    """Run a PostgreSQL server on `folder`/postgres, with roles and the database `bookroom`, as long as the block lasts."""
    with postgres.Server(folder / "postgres", settings={"max_connections": str(MAX_CONNECTIONS)}) as server:
        postgres.provision(server, DATABASE)
        yield server


@contextmanager
def reachable_database(settings: S, *, join: bool = False) -> Iterator[S]:
    """Yield settings that name a database: those given, or with one of our own, started for the block and migrated.

    With `join`, one that another Bookroom runs on the same folder will do; a command can then work beside `serve`.
    """
    if settings.database_url is not None:
        yield settings
        return
    with ExitStack() as stack:
        yield settings.model_copy(update=urls(_own_or_joined(settings.bookroom_data, stack, join=join)))


def _own_or_joined(folder: Path, stack: ExitStack, *, join: bool) -> postgres.Server:
    try:
        server = stack.enter_context(own_database(folder))
    except FolderTaken:
        if not join:
            raise
        server = postgres.Server(folder / "postgres")
        server.join()
        return server
    upgrade(server.url(postgres.OWNER, DATABASE))
    return server


def urls(server: postgres.Server) -> dict[str, SecretStr]:
    """Return the three logins of our own database, by the names of their settings."""
    return {
        "database_url": SecretStr(server.url(postgres.APP, DATABASE)),
        "database_owner_url": SecretStr(server.url(postgres.OWNER, DATABASE)),
        "database_worker_url": SecretStr(server.url(postgres.WORKER, DATABASE)),
    }
