"""Numbered Alembic migrations, and how to run them from Python and from the command line.

A URL is `postgresql://user[:password]@host:port/database`, the owner's.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

HERE = Path(__file__).parent


def configuration(owner_url: str | None = None) -> Config:
    """Return Alembic's configuration, with the database's owner URL where migrations are to run."""
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    if owner_url:
        config.attributes["url"] = owner_url
    return config


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Bring the database to the revision; waits for another process that is migrating it."""
    command.upgrade(configuration(owner_url), revision)


def downgrade(owner_url: str, revision: str) -> None:
    """Take the database back to the revision ("base" for nothing)."""
    command.downgrade(configuration(owner_url), revision)


def head() -> str:
    """Return the newest revision's id."""
    revision = ScriptDirectory.from_config(configuration()).get_current_head()
    assert revision is not None
    return revision
