"""How long the look at the invariants takes, as the worker, with half a million bookings; and what booking costs meanwhile.

python -m benchmarks.invariants [--bookings 500000]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median

from benchmarks import ground, searching
from bot import postgres
from core import checking, checks, roles
from core.bookings import Bookings
from core.catalogue import Catalogues
from core.checking import Checking
from core.clock import SystemClock
from core.db import Database
from core.errors import Busy
from core.models import Slot, Wish
from core.search import Search

ROOMS = 2000
# The history of each booking, the card of one in five, a message for one in five, a request key for one in a hundred.
_LIVED = """
INSERT INTO events (tenant_id, id, kind, booking_id, booking_version, actor_id, surface, after, happened_at)
    SELECT tenant_id, gen_random_uuid(), 'booked', id, 1, booked_by, 'slack', jsonb_build_object('status', status,
        'room_id', room_id, 'start', start_time, 'end', end_time, 'attendees_count', attendees_count, 'late_at', NULL,
        'checked_in_at', NULL, 'more_rooms', '[]'::jsonb, 'equipment', '[]'::jsonb, 'attendees', '[]'::jsonb,
        'booked_by', booked_by), created_at FROM bookings;
INSERT INTO cards (tenant_id, id, booking_id, team_id, channel_id, ts, first_version, wanted_version, rendered_version,
        due_at)
    SELECT tenant_id, gen_random_uuid(), id, 'T1', 'C' || (abs(hashtext(id::text)) % 40), '1.1', 1, 1, 1, created_at
    FROM bookings WHERE abs(hashtext(id::text)) % 5 = 0;
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, booking_id, person_id, due_at)
    SELECT tenant_id, gen_random_uuid(), 'reminder:' || id, 'reminder', 'T1', id, booked_by, start_time - interval '10 min'
    FROM bookings WHERE abs(hashtext(id::text)) % 5 = 1;
INSERT INTO requests (tenant_id, key, fingerprint, result, created_at, expires_at)
    SELECT tenant_id, id, '', jsonb_build_object('events', jsonb_build_array(id)), happened_at, now() + interval '1 day'
    FROM events WHERE abs(hashtext(id::text)) % 100 = 0;
ANALYZE;
"""


async def measured(running: postgres.Server, bookings: int) -> None:
    """Print how long each takes that takes long, all of them, and a booking's median beside it and without."""
    firm = await searching.filled(running, "lived", ROOMS, max(1, round(bookings / ROOMS)))
    await ground.run_as_superuser(running, "lived", [_LIVED])
    worker = Database(running.url(postgres.WORKER, "lived"), role=roles.WORKER, pool_size=2)
    try:
        there = await worker.read(lambda session: session.value("SELECT count(*) FROM bookings"))
        print(f"{there:,} bookings in {ROOMS:,} rooms; load {os.getloadavg()[0]:.1f}")
        spent = await _each(worker)
        for name, seconds in sorted(spent.items(), key=lambda one: -one[1])[:6]:
            print(f"  {seconds:6.2f} s  {name}")
        print(f"  {sum(spent.values()):6.2f} s  all {len(spent)}, one after the other")
        await _beside(firm.db, worker, firm.actor)
    finally:
        await worker.close()
        await firm.db.close()


async def _each(worker: Database) -> dict[str, float]:
    spent = {}
    looking = Checking(worker, settling=0)
    for name in checks.INVARIANTS:
        began = time.monotonic()
        try:
            found = await worker.write(partial(looking._rows, name=name), repeatable=True)
            assert not found, (name, found[:1])
        except Busy:
            print(f"  not within {checking.MOST_SECONDS_EACH:.0f} s: {name}")
        spent[name] = time.monotonic() - began
    return spent


async def _beside(db: Database, worker: Database, actor: object) -> None:
    """Book all the while, alone and beside a look; the rest between two invariants is part of that."""
    catalogues = Catalogues(db)
    bookings = Bookings(db, catalogues, Search(db, catalogues, SystemClock()), SystemClock())
    rooms = [room.id for room in (await catalogues.current()).rooms]
    number = 0

    async def book() -> None:
        nonlocal number
        start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=70 + number // len(rooms))
        slot = Slot(start=start, end=start + timedelta(hours=1))
        await bookings.book(Wish(slot=slot, room_id=rooms[number % len(rooms)]), by=actor, key=f"n{number}")  # type: ignore[arg-type]
        number += 1

    alone = await _while(lambda: asyncio.sleep(5), book)
    looking = Checking(worker, settling=0)
    began = time.monotonic()
    beside = await _while(looking.look, book)
    took = time.monotonic() - began
    print(f"a booking, one client: median {alone:.2f} ms alone, {beside:.2f} ms beside a look that took {took:.0f} s")
    print(f"(it rests as long as it has worked, at most {checking.MOST_REST:.0f} s at a time)")


async def _while(lasts: Callable[[], Awaitable[object]], act: Callable[[], Awaitable[None]]) -> float:
    task = asyncio.ensure_future(lasts())
    times = []
    while not task.done():
        began = time.perf_counter()
        await act()
        times.append((time.perf_counter() - began) * 1000)
    await task
    return median(times)


def main() -> None:
    """Run with what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.invariants")
    parser.add_argument("--bookings", type=int, default=500_000)
    wanted = parser.parse_args()
    with ground.server() as running:
        asyncio.run(measured(running, wanted.bookings))


if __name__ == "__main__":
    main()
