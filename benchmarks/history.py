"""Booking beside millions of archived bookings, against booking with none; as the application's role."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count

import asyncpg

from benchmarks import ground
from benchmarks.booking import slots
from benchmarks.rows import Row, Size, share_of_rate
from benchmarks.sides import Side, in_turn
from bot import postgres
from core.bookings import Bookings
from core.catalogue import Catalogues
from core.clock import SystemClock
from core.db import Database
from core.models import Wish
from core.people import People, Profile
from core.search import Search

ROOMS, ACTS, ROUNDS, CLIENTS = 60, 400, 7, 8
MONTHS = 24
HOLD = 0.95

# A month's share, straight into its partition: half hours that are spread over the month in each room.
_FILL = """
INSERT INTO {partition} (tenant_id, id, room_id, booked_by, title, start_time, end_time, attendees_count, status, private,
    created_at, updated_at, version, ended_at)
SELECT r.tenant, uuidv7(), (ARRAY(SELECT id FROM rooms))[1 + n % r.rooms],
    (ARRAY(SELECT id FROM people))[1 + n * 7919 % (SELECT count(*) FROM people)], 'Weekly', at, at + interval '30 minutes',
    3, 'ended', false, at - interval '7 days', at + interval '30 minutes', 2, at + interval '30 minutes'
FROM generate_series(0::bigint, {count} - 1) AS n
CROSS JOIN (SELECT count(*) AS rooms, min(tenant_id::text)::uuid AS tenant FROM rooms) r
CROSS JOIN LATERAL (SELECT timestamptz '{first}'
    + interval '30 minutes' * floor((n / r.rooms) * 1340.0 / greatest(1, ceil({count}::numeric / r.rooms))) AS at) t
"""


async def compare(running: postgres.Server, size: Size) -> Row:
    """Return the core's rate beside a full archive and beside an empty one."""
    firms = []
    for name in ("history", "fresh"):
        url = ground.database(running, name)
        await ground.rooms(url, ROOMS)
        db = Database(url, pool_size=CLIENTS, pool_timeout=30)
        catalogues, clock = Catalogues(db), SystemClock()
        bookings = Bookings(db, catalogues, Search(db, catalogues, clock), clock)
        firms.append((db, catalogues, bookings))
    try:
        sides = [await booking(*firm) for firm in firms]
        await archive(running, "history", size.archived)
        sides[0].name, sides[1].name = f"{size.archived:,} archived", "none"
        await in_turn(*sides, acts=size.of(ACTS, 200), clients=CLIENTS, rounds=size.of(ROUNDS, 3))
    finally:
        for db, *_ in firms:
            await db.close()
    note = "" if size.archived >= Size.archived else f"less than the {Size.archived:,} of the whole form"
    title = f"the core books, {CLIENTS} clients, with and without history"
    return Row(name="history", title=title, sides=sides, checks=[share_of_rate(sides[0], sides[1], HOLD)], note=note)


async def booking(db: Database, catalogues: Catalogues, bookings: Bookings, *, first_day: int = 1) -> Side:
    """Return the side of who books free half hours from a day on, none twice."""
    actor = (await People(db).seen(Profile(slack_team_id="T1", slack_user_id="U1", name="ann"))).acting()
    free, numbers = slots((await catalogues.current()).rooms, first_day=first_day), count()

    async def act() -> None:
        room, slot = next(free)
        wish = Wish(slot=slot, room_id=room.id, attendees_count=3, title="Weekly")
        await bookings.book(wish, by=actor, key=f"history {next(numbers)}")

    return Side(name="", act=act)


async def archive(running: postgres.Server, name: str, count: int, *, months: int = MONTHS) -> None:
    """Put so many bookings into the archive, spread over the months before this one."""
    months_back = [_month(back) for back in range(1, months + 1)]
    connection = await asyncpg.connect(running.url("postgres", name))
    try:
        for first in months_back:
            await connection.execute("SELECT make_archive_month($1)", first)
        # Indexes are built once, over what is there, and without writing all of it twice.
        await connection.execute("SET session_replication_role = replica; SET maintenance_work_mem = '512MB'")
        indexes = await connection.fetch(
            "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made FROM pg_index"
            " WHERE indrelid = 'bookings_archive'::regclass AND NOT indisprimary"
        )
        for index in indexes:
            await connection.execute(f"DROP INDEX {index['name']}")
        for number, first in enumerate(months_back):
            share = count // months + (count % months if not number else 0)
            partition = f"bookings_archive_{first:%Y_%m}"
            await connection.execute(_FILL.format(partition=partition, count=share, first=first), timeout=600)
        for index in indexes:
            await connection.execute(index["made"].replace(" ON ONLY ", " ON "), timeout=600)
        # Otherwise the server would tidy up while it is measured.
        await connection.execute("VACUUM (FREEZE, ANALYZE) bookings_archive", timeout=600)
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def _month(back: int) -> date:
    first = datetime.now(UTC).date().replace(day=1)
    for _ in range(back):
        first = (first - timedelta(days=1)).replace(day=1)
    return first
