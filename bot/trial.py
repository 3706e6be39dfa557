"""A database of our own where none was set: enough for a trial or a small office, gone with the folder it lives in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from bot import postgres
from bot.config import StorageSettings

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
def reachable_database(settings: S) -> Iterator[S]:
    """Yield settings that name a database: those given, or with one of our own, started for the block and migrated."""
    if settings.database_url is not None:
        yield settings
        return
    from migrations import upgrade

    with own_database(settings.bookroom_data) as server:
        upgrade(server.url(postgres.OWNER, DATABASE))
        yield settings.model_copy(update=urls(server))


def urls(server: postgres.Server) -> dict[str, SecretStr]:
    """Return the three logins of our own database, by the names of their settings."""
    return {
        "database_url": SecretStr(server.url(postgres.APP, DATABASE)),
        "database_owner_url": SecretStr(server.url(postgres.OWNER, DATABASE)),
        "database_worker_url": SecretStr(server.url(postgres.WORKER, DATABASE)),
    }
