"""Numbered Alembic migrations, how to run them, and which versions of the code go with which of the database.

A URL is `postgresql://user[:password]@host:port/database`, the owner's.

Each migration declares `oldest_code`: the newest revision that code must know of in order to go on beside it. One that
only adds declares an earlier revision, one that takes away its own. The database keeps what the last one declared, so
that an older bot, which has never heard of that migration, can tell whether it may start.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

# Read where it is used: a bot that serves only asks for the names of the migrations.
if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent
# One row, or none; what it declares is NULL where the last migration came before there was such a thing.
STAMP = "SELECT version_num, to_jsonb(v) ->> 'oldest_code' AS oldest_code FROM alembic_version v"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a database says of itself: the migration that it is at, and which code that asks for; None where it is empty."""

    revision: str | None = None
    oldest_code: str | None = None

    @property
    def unknown(self) -> bool:
        """Whether a newer version than this one has migrated it."""
        return self.revision is not None and self.revision not in known()


def configuration(owner_url: str | None = None) -> Config:
    """Return Alembic's configuration, with the database's owner URL where migrations are to run."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    if owner_url:
        config.attributes["url"] = owner_url
    return config


def upgrade(owner_url: str, revision: str = "head") -> str:
    """Bring the database to the revision, and return the one that it is at; waits for another process that migrates it.

    One that a newer version has migrated stays as it is, where that version has left room for this one; SchemaMismatch
    where it has not. Busy when the tables stayed in use by others for as long as we wait.
    """
    from alembic import command

    config = configuration(owner_url)
    command.upgrade(config, revision)
    return str(config.attributes["reached"])


def downgrade(owner_url: str, revision: str) -> None:
    """Take the database back to the revision ("base" for nothing)."""
    from alembic import command

    command.downgrade(configuration(owner_url), revision)


def head() -> str:
    """Return the newest revision's id."""
    return known()[-1]


@cache
def known() -> tuple[str, ...]:
    """Return the ids of all revisions, the oldest first: each file is called by its own, and they are numbered."""
    return tuple(sorted(file.stem for file in (HERE / "versions").glob("[0-9]*.py")))


def oldest_code(revision: str) -> str:
    """Return the revision that code must know of to go on beside this one; its own where it declares nothing."""
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(configuration()).get_revision(revision)
    return str(getattr(script.module, "oldest_code", revision))


def misfit(found: Stamp) -> str | None:
    """Return in a sentence why this version of the code cannot work on such a database, None where it can."""
    if found.revision is None:
        return "The database has no tables of ours: run `bookroom migrate` first."
    if found.unknown:
        if found.oldest_code in known():
            return None
        return (
            f"The database is at {found.revision}, which is newer than this version ({head()}) and no longer goes with it: "
            "start the version that migrated it."
        )
    if found.revision != head():
        return f"The database is at {found.revision}, this version needs {head()}: run `bookroom migrate` first."
    return None
