"""A database's address: what hosting providers put into it reaches the driver, or is left out, and a session starts."""

from __future__ import annotations

import pytest

from core.address import driver_dsn
from core.db import Database
from tests import conftest


@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        ("postgres://us:pw@db/rooms", "postgresql://us:pw@db/rooms"),
        (" postgresql+asyncpg://us:p%40w@db:5433/rooms\n", "postgresql://us:p%40w@db:5433/rooms"),
        # A socket's folder stands where no host does: the slashes have to stay.
        ("postgresql:///rooms?host=/run/db&user=us", "postgresql:///rooms?host=%2Frun%2Fdb&user=us"),
        ("postgresql://us@one:5432,two:5433/rooms", "postgresql://us@one:5432,two:5433/rooms"),
        ("postgresql://db/rooms?sslmode=verify-full&sslrootcert=/c a", "postgresql://db/rooms?sslmode=verify-full&sslrootcert=%2Fc+a"),
        ("postgresql://db/rooms?ssl=require", "postgresql://db/rooms?sslmode=require"),
        # What poolers and other drivers read, the server would refuse.
        ("postgresql://db/rooms?sslmode=require&channel_binding=require&pgbouncer=true", "postgresql://db/rooms?sslmode=require"),
        ("postgresql://db/rooms?connect_timeout=10", "postgresql://db/rooms"),
    ],
)  # fmt: skip
def test_an_address_becomes_the_drivers(given: str, becomes: str):
    assert driver_dsn(given) == becomes


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "db/rooms",
        "mysql://db/rooms",
        "postgresql://db",
        "postgresql://db:port/rooms",
        "postgresql://db/rooms?sslmode=on",
    ],
)
def test_what_is_no_address_is_refused(wrong: str):
    with pytest.raises(ValueError):  # noqa: PT011 - the caller says which setting it was
        driver_dsn(wrong)


@pytest.mark.parametrize(
    "query", ["sslmode=disable", "sslmode=prefer", "ssl=allow", "connect_timeout=5&application_name=us"]
)
async def test_a_session_starts_with_what_an_address_asks_for(database: conftest.Database, query: str):
    db = Database(f"{database.app_url}?{query}")
    try:
        assert await db.read(lambda session: session.value("SELECT current_user::text")) == "bookroom_app"
    finally:
        await db.close()
