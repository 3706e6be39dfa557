"""The ground that everything is measured on: a PostgreSQL of our own with its usual settings, gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from bot import postgres
from core.catalogue import Catalogue, Catalogues
from core.clock import SystemClock
from core.db import Database
from core.people import People, Profile
from core.roomfile import parse_csv
from core.rooms import Rooms
from core.tokens import Scope, Tokens
from migrations import upgrade

TEMPLATE = "bench"


@contextmanager
def server() -> Iterator[postgres.Server]:
    """Run a server with a migrated template as long as the block lasts; afterwards nothing of it is left."""
    folder = Path(tempfile.mkdtemp(prefix="bookroom-bench-"))
    try:
        with postgres.Server(folder / "postgres", settings={"max_connections": "120"}, auth="trust") as running:
            postgres.provision(running, TEMPLATE)
            upgrade(running.url(postgres.OWNER, TEMPLATE))
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def database(running: postgres.Server, name: str) -> str:
    """Make a migrated database and return the application's address of it."""
    running.sql(f"CREATE DATABASE {name} OWNER {postgres.OWNER} TEMPLATE {TEMPLATE}")
    return running.url(postgres.APP, name)


async def version(running: postgres.Server) -> str:
    """Return which PostgreSQL it is."""
    connection = await asyncpg.connect(running.url("postgres", "postgres"))
    try:
        return str(await connection.fetchval("SHOW server_version"))
    finally:
        await connection.close()


async def rooms(url: str, count: int) -> list[str]:
    """Put so many rooms for 8 people into New York, and return their names; no two are alike to a reader of sentences."""
    names = [name_of(number) for number in range(count)]
    lines = [f"{name},8,{number // 50 + 1},New York,America/New_York" for number, name in enumerate(names)]
    db = Database(url)
    try:
        await Rooms(db, Catalogues(db)).import_rows(parse_csv("\n".join(["name,capacity,floor,location,zone", *lines])))
    finally:
        await db.close()
    return names


async def program(url: str) -> tuple[str, Catalogue]:
    """Make a token with which a program books, and return it with the rooms and places that there are."""
    db = Database(url)
    try:
        person = await People(db).seen(Profile(slack_team_id="T1", slack_user_id="U1", name="ann"))
        _, secret = await Tokens(db, SystemClock()).make(person.id, name="bench", scopes=[Scope.BOOK])
        return secret, await Catalogues(db).current()
    finally:
        await db.close()


def name_of(number: int) -> str:
    """Return a made-up word: consonants and vowels in turn."""
    first, second, third = "bdfgklmnprstvz", "aeiou", "lmnrstxz"
    parts = [first[number % 14], second[number // 14 % 5], third[number // 70 % 8], second[number // 560 % 5]]
    return "".join(parts).capitalize() + "rix"


async def run_as_superuser(running: postgres.Server, name: str, scripts: Sequence[str]) -> None:
    """Run scripts that fill tables faster than the product would, with triggers and foreign keys off."""
    connection = await asyncpg.connect(running.url("postgres", name))
    try:
        await connection.execute("SET session_replication_role = replica")
        for script in scripts:
            await connection.execute(script)
    finally:
        await connection.close()
