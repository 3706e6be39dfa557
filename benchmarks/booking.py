"""The core books, against the same inserts by hand in one transaction; both as the application's role."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import asyncpg

from benchmarks import ground
from benchmarks.sides import Side, in_turn
from bot import postgres
from core import claims, roles
from core.bookings import Bookings
from core.catalogue import Catalogues
from core.clock import SystemClock
from core.db import DEFAULT_TENANT, TIMEOUTS, Database
from core.ids import new_id
from core.models import Actor, Room, Slot, Wish
from core.people import People, Profile
from core.search import Search

CLIENTS = (1, 8)
ROOMS, ACTS, ROUNDS = 60, 400, 5

_REQUEST = (
    "INSERT INTO requests (tenant_id, key, fingerprint, result, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)"
)
_BOOKING = """
INSERT INTO bookings (tenant_id, id, room_id, booked_by, title, start_time, end_time, attendees_count, status, private,
    created_at, updated_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'confirmed', false, $9, $9, 1)
"""
_EVENT = """
INSERT INTO events (tenant_id, id, kind, booking_id, booking_version, actor_id, surface, after, happened_at)
VALUES ($1, $2, 'booked', $3, 1, $4, $5, $6::jsonb, $7)
"""
# About as long as a snapshot of a booking.
_SNAPSHOT = '{"facts": "' + "x" * 400 + '"}'


async def compare(running: postgres.Server, *, acts: int = ACTS, rounds: int = ROUNDS) -> list[tuple[int, Side, Side]]:
    """Return, for each number of clients, the core's side and the one by hand: so many acts in each of so many rounds.

    The same server, role, settings and number of connections; both pools give a connection back as it is.
    """
    url = ground.database(running, "booking")
    await ground.rooms(url, ROOMS)
    db = Database(url, pool_size=max(CLIENTS), pool_timeout=30)
    settings = {**TIMEOUTS, "role": roles.APPLICATION, "app.tenant": str(db.tenant), "jit": "off"}
    size = max(CLIENTS)
    pool = await asyncpg.create_pool(url, min_size=size, max_size=size, server_settings=settings, reset=_as_it_is)
    try:
        catalogues, clock = Catalogues(db), SystemClock()
        bookings = Bookings(db, catalogues, Search(db, catalogues, clock), clock)
        actor = (await People(db).seen(Profile(slack_team_id="T1", slack_user_id="U1", name="ann"))).acting()
        free, numbers = slots((await catalogues.current()).rooms), count()

        async def ours() -> None:
            room, slot = next(free)
            wish = Wish(slot=slot, room_id=room.id, attendees_count=3, title="Weekly")
            await bookings.book(wish, by=actor, key=f"ours {next(numbers)}")

        async def by_hand() -> None:
            room, slot = next(free)
            await _by_hand(pool, actor, room, slot, f"by hand {next(numbers)}")

        done = []
        for clients in CLIENTS:
            core, hand = Side(name="core books", act=ours), Side(name="asyncpg by hand", act=by_hand)
            await in_turn(core, hand, acts=acts, clients=clients, rounds=rounds)
            done.append((clients, core, hand))
        return done
    finally:
        await pool.close()
        await db.close()


async def _as_it_is(_: asyncpg.Connection) -> None:
    """Give a connection back to the pool without asking the server to reset it, as the core's pool does."""


def slots(among: tuple[Room, ...], *, first_day: int = 1) -> Iterator[tuple[Room, Slot]]:
    """Give out free half hours of the rooms, none twice, the rooms in turn."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(first_day, 85):
        for half_hour in range(48):
            start = midnight + timedelta(days=day, minutes=30 * half_hour)
            for room in among:
                yield room, Slot(start=start, end=start + timedelta(minutes=30))


async def _by_hand(pool: asyncpg.Pool, actor: Actor, room: Room, slot: Slot, key: str) -> None:
    tenant, now, booking = DEFAULT_TENANT, datetime.now(UTC), new_id()
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_REQUEST, tenant, key, "f" * 64, "{}", now, now + timedelta(days=1))
        person = actor.person_id
        await connection.execute(_BOOKING, tenant, booking, room.id, person, "Weekly", slot.start, slot.end, 3, now)
        taken = await connection.fetchval(claims.TAKE, tenant, new_id(), room.id, booking, slot.start, slot.end)
        assert taken == booking
        await connection.execute(_EVENT, tenant, new_id(), booking, person, "hand", _SNAPSHOT, now)
