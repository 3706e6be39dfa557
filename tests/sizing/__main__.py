"""`python -m tests.sizing`: what a bot and its bookings cost, measured: memory, CPU, connections, disk.

The bot is a process of its own, as in production; all bookings come through its API, one after the other and then forty at
a time; a channel hears of each. What is printed is what docs/operating.md says of sizing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import asyncpg

from bot import postgres
from core import roles
from core.archive import Archive
from core.clock import SystemClock
from core.db import Database as Core
from core.people import People, Profile
from core.subscriptions import Subscriptions
from handlers.services import built
from migrations import upgrade
from sandbox.server import serving as sandbox
from tests.conftest import Database
from tests.upgrade import releases, running, traffic

DATABASE = "bookroom"
AT_ONCE = 40
TICKS = os.sysconf("SC_CLK_TCK")
SETTLE_SECONDS = 3.0
_TABLES = """
SELECT relname, pg_total_relation_size(oid) AS bytes FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""
_LOGINS = "SELECT application_name, count(*) FROM pg_stat_activity WHERE application_name LIKE 'bookroom%' GROUP BY 1"
# Long ago, as the job that archives finds it. Claims go with their bookings' ends.
_AGE = """
SET session_replication_role = replica;
UPDATE bookings SET status = 'ended', start_time = start_time - interval '200 days',
    end_time = end_time - interval '200 days';
DELETE FROM room_claims;
"""


def memory(pid: int) -> float:
    """Return what a process holds of memory, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)


def cpu(pid: int) -> float:
    """Return the CPU seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_of_children(parent: int) -> float:
    """Return the CPU seconds of a server and all of its processes that are there now."""
    total = cpu(parent)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


async def sizes(connection: asyncpg.Connection) -> dict[str, int]:
    """Return how big each table is with its indexes, in bytes."""
    return {row["relname"]: row["bytes"] for row in await connection.fetch(_TABLES)}


async def heard_of(database: Database) -> None:
    """Let a channel hear of every booking."""
    db = Core(database.app_url, pool_size=1)
    services = built(db, SystemClock())
    profile = Profile(slack_team_id="T1", slack_user_id="U1", name="ana", admin=True)
    ana = (await People(db).seen(profile)).acting()
    everything = {"location_id": None, "room_id": None, "kinds": ["booked"], "digest_at": None, "zone": "UTC"}
    channel = "C0GENERAL"
    await Subscriptions(db, services.catalogues, SystemClock()).save(
        None, team_id="T1", channel_id=channel, by=ana, **everything
    )
    await db.close()


async def measured(folder: Path, database: Database, server: postgres.Server, count: int) -> Mapping[str, object]:
    """Serve, book, look; return the figures by name."""
    found: dict[str, object] = {}
    connection = await asyncpg.connect(database.superuser_url)
    assert server.pid is not None
    async with aiohttp.ClientSession() as http, sandbox() as slack:
        people = await traffic.office(database, http)
        await heard_of(database)
        more = {"DB_POOL_SIZE": "10", "LOG_LEVEL": "WARNING"}
        began = time.monotonic()
        async with running.serving(releases.ROOT, database, slack, http, folder / "bot.log", **more) as bot:
            found["ready after s"] = round(time.monotonic() - began, 2)
            people.bots.append(bot)
            assert bot.pid is not None
            pid = bot.pid
            found["memory when ready MB"] = round(memory(pid))
            await people.book()
            await asyncio.sleep(SETTLE_SECONDS)
            before = await sizes(connection)
            written = await connection.fetchval("SELECT pg_current_wal_lsn()")
            spent, database_spent = cpu(pid), cpu_of_children(server.pid)
            for _ in range(count // 2):
                await people.book()
            together = asyncio.Semaphore(AT_ONCE)

            async def one() -> None:
                async with together:
                    await people.book()

            await asyncio.gather(*(one() for _ in range(count - count // 2)))
            logins = await connection.fetch(_LOGINS)
            found["connections"] = {row["application_name"]: row["count"] for row in logins}
            await asyncio.sleep(SETTLE_SECONDS)
            found["memory after bookings MB"] = round(memory(pid))
            found["bot's CPU ms per booking"] = round((cpu(pid) - spent) * 1000 / count, 1)
            found["PostgreSQL's CPU ms per booking"] = round(
                (cpu_of_children(server.pid) - database_spent) * 1000 / count, 1
            )
            log = await connection.fetchval("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1)", written)
            found["log MB per 1,000 bookings"] = round(float(log) / count * 1000 / 1e6, 1)
            after = await sizes(connection)
        grown = {name: (after[name] - before.get(name, 0)) / count * 1000 / 1e6 for name in after}
        found["disk MB per 1,000 bookings"] = round(sum(grown.values()), 2)
        most = sorted(grown.items(), key=lambda row: -row[1])[:6]
        found["of that"] = {name: round(size, 2) for name, size in most if size > 0}
        found["failures"] = people.failures[:3]
    found["disk MB per 1,000 archived bookings"] = await archived(connection, database, count)
    await connection.close()
    return found


async def archived(connection: asyncpg.Connection, database: Database, count: int) -> float:
    """Let all that was booked be long ago, have it archived, and return how big the archive is for a thousand."""
    await connection.execute(_AGE)
    db = Core(database.worker_url, role=roles.WORKER, pool_size=1)
    await Archive(db).tidy(datetime.now(UTC))
    await db.close()
    size = sum(size for name, size in (await sizes(connection)).items() if name.startswith("bookings_archive_"))
    kept = await connection.fetchval("SELECT count(*) FROM bookings_archive")
    assert kept >= count
    return round(size / kept * 1000 / 1e6, 2)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.sizing", description=__doc__)
    parser.add_argument("--bookings", type=int, default=2000, help="how many are made (2000)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bookroom-sizing-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with postgres.Server(folder / "data", settings={"max_connections": "100"}, auth="trust") as server:
            postgres.provision(server, DATABASE)
            upgrade(server.url(postgres.OWNER, DATABASE))
            database = Database(
                name=DATABASE,
                owner_url=server.url(postgres.OWNER, DATABASE),
                app_url=server.url(postgres.APP, DATABASE),
                worker_url=server.url(postgres.WORKER, DATABASE),
                superuser_url=server.url("postgres", DATABASE),
            )
            found = asyncio.run(measured(folder, database, server, given.bookings))
    print(json.dumps(found, indent=2))
    return 1 if found["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
