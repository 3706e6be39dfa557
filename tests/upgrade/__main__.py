"""`python -m tests.upgrade`: a version out of history and today's, side by side on one database, while people book.

The older one serves first and the database is migrated under it; then both serve, then the newer alone, and at last the
older once more, as after a rollback. Each yes must be in the database, and the invariants must hold.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import aiohttp

from bot import postgres
from core.checks import violations
from core.db import Database as Core
from migrations import head
from sandbox.server import serving as sandbox
from tests.conftest import Database
from tests.upgrade import releases, running, traffic

DATABASE = "bookroom"
# What older code says that knows only its own migration by heart.
REFUSED = "run `bookroom migrate` first"


async def compare(older: Path, folder: Path, database: Database, *, bookings: int) -> list[str]:
    """Run both and return what went wrong, each in a sentence."""
    said: list[str] = []
    log = folder / "bots.log"
    async with aiohttp.ClientSession() as http, sandbox() as slack:
        code, words = await running.migrated(older, database)
        if code != 0:
            return [f"The older version cannot make its database: {words}"]
        people = await traffic.office(database, http)
        async with running.serving(older, database, slack, http, log) as old, people.flowing_through(old):
            await people.some(bookings)
            code, words = await running.migrated(releases.ROOT, database)
            tell(f"migrated under the older one: {words.strip()}")
            if code != 0:
                return [f"Today's migration failed: {words}"]
            await people.some(bookings)
            async with running.serving(releases.ROOT, database, slack, http, log) as new:
                people.bots.append(new)
                await people.some(2 * bookings)
                tell(f"side by side: older {people.served(old)}, newer {people.served(new)} bookings")
                if await old.stop() != 0:
                    said.append("The older one did not end well.")
                await people.some(bookings)
                try:
                    async with running.serving(older, database, slack, http, folder / "again.log") as again:
                        people.bots.append(again)
                        await people.some(bookings)
                        tell(f"the older one was started again and made {people.served(again)} bookings")
                except AssertionError as refused:
                    if REFUSED not in str(refused):
                        raise
                    tell("the older one refuses to start again: it is from before there were compatible migrations")
        said += people.failures
        said += [f"{one} was told to somebody and is not there." for one in await traffic.lost(database, people)]
        tell(f"{len(people.yes)} bookings, {sum(people.answers.values())} answers")
    db = Core(database.app_url, pool_size=1)
    said += [f"{one.name} does not hold." for one in await violations(db)]
    await db.close()
    return said


def tell(words: str) -> None:
    """Say how far it has come."""
    print(words, file=sys.stderr, flush=True)


def main() -> int:
    """Run as the command line says; 1 where something went wrong, 2 where history has no such version."""
    parser = argparse.ArgumentParser(prog="python -m tests.upgrade", description=__doc__)
    parser.add_argument("--old", help="a commit (the one before the newest migration came)")
    parser.add_argument("--bookings", type=int, default=50, help="made in each of the six stretches (50)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bookroom-upgrade-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            version = given.old or releases.before_the_newest_migration()
            older = releases.earlier(folder / "older", version)
        except releases.NoSuchVersionError as error:
            tell(str(error))
            return 2
        tell(f"older: {version}, newer: this checkout, at {head()}")
        settings = {"max_connections": "100", "fsync": "off"}
        with postgres.Server(folder / "data", settings=settings, auth="trust") as server:
            postgres.provision(server, DATABASE)
            database = Database(
                name=DATABASE,
                owner_url=server.url(postgres.OWNER, DATABASE),
                app_url=server.url(postgres.APP, DATABASE),
                worker_url=server.url(postgres.WORKER, DATABASE),
                superuser_url=server.url("postgres", DATABASE),
            )
            said = asyncio.run(compare(older, folder, database, bookings=given.bookings))
    for sentence in said:
        print(sentence)
    print("Something went wrong." if said else "All is well: no yes was lost, and every invariant holds.")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
