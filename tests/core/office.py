"""A made-up company for the core's tests: two places, some people, a clock that stands still, and a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from core.bookings import Bookings
from core.catalogue import Catalogues, load
from core.clock import SetClock
from core.db import Database, ReadSession, WriteSession
from core.ids import new_id
from core.line import Line
from core.models import Actor, Booking, Location, Room, Slot, Wish
from core.people import People, Profile
from core.presence import Presence
from core.search import Search

# A Monday morning that PostgreSQL's own clock has not reached, so that everything booked is in its future too.
MONDAY = datetime(2040, 3, 5, 8, 0, tzinfo=UTC)


def at(hours: float, minutes: float = 60, *, days: int = 0) -> Slot:
    """Return a slot that begins so many hours after Monday's midnight in UTC and lasts so many minutes."""
    start = MONDAY.replace(hour=0) + timedelta(days=days, hours=hours)
    return Slot(start=start, end=start + timedelta(minutes=minutes))


@dataclass(kw_only=True)
class Office:
    """The core's services on one database, and what the tests put there."""

    urls: Any
    db: Database
    clock: SetClock
    catalogues: Catalogues
    people: People
    search: Search
    bookings: Bookings
    line: Line
    presence: Presence
    ana: Actor
    bob: Actor
    boss: Actor
    visitor: Actor
    berlin: Location
    tokyo: Location

    async def room(
        self,
        name: str,
        *,
        seats: int = 4,
        place: Location | None = None,
        has: Iterable[str] = (),
        floor: str | None = None,
        setup: int = 0,
        teardown: int = 0,
        active: bool = True,
    ) -> Room:
        """Add a room."""
        room_id, location = new_id(), place or self.berlin

        async def work(session: WriteSession) -> None:
            await session.run(
                "INSERT INTO rooms (tenant_id, id, location_id, name, capacity, floor, setup_minutes, teardown_minutes,"
                " active) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                session.tenant,
                room_id,
                location.id,
                name,
                seats,
                floor,
                setup,
                teardown,
                active,
            )
            await session.run_many(
                "INSERT INTO room_amenities (tenant_id, id, room_id, name) VALUES ($1, $2, $3, $4)",
                [(session.tenant, new_id(), room_id, amenity) for amenity in has],
            )

        await self.db.write(work, repeatable=True)
        self.catalogues.forget()
        return (await self.catalogues.current()).room(room_id)

    async def actor(self, name: str, **rights: bool) -> Actor:
        """Add a person and return them acting."""
        return (await self.people.seen(Profile(slack_team_id="T1", slack_user_id=f"U{name}", name=name, **rights))).acting()

    async def book(self, room: Room | None, slot: Slot, *, by: Actor | None = None, **wish: Any) -> Booking:
        """Book a room, as Ana unless somebody else is named."""
        asked = Wish(slot=slot, room_id=room.id if room else None, **wish)
        return await self.bookings.book(asked, by=by or self.ana)

    async def rows(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """Return what the superuser sees, whom row-level security does not stop."""
        connection = await asyncpg.connect(self.urls.superuser_url)
        try:
            return await connection.fetch(sql, *values)
        finally:
            await connection.close()

    async def count(self, sql: str, *values: object) -> int:
        """Return the first column of the superuser's first row."""
        return (await self.rows(sql, *values))[0][0]

    async def all_told(self) -> None:
        """Mark every message that waits as sent, as the deliverer does; an offer's time is not begun anew."""
        await self.damage(
            "UPDATE deliveries SET status = 'sent', done_at = now(), channel_id = 'D1', ts = '1' WHERE done_at IS NULL"
        )

    async def warm(self, connections: int) -> None:
        """Open so many of the pool's connections, so that a race is about the race."""
        everybody = asyncio.Barrier(connections)

        async def work(session: ReadSession) -> None:
            async with everybody:
                await load(session)

        await asyncio.gather(*(self.db.read(work) for _ in range(connections)))

    async def damage(self, script: str) -> None:
        """Run SQL as the superuser with triggers and foreign keys off, as a careless restore would."""
        connection = await asyncpg.connect(self.urls.superuser_url)
        try:
            await connection.execute(f"SET session_replication_role = replica; {script}")
        finally:
            await connection.close()


async def _location(db: Database, name: str, zone: str) -> Location:
    location = Location(id=new_id(), name=name, zone=zone)

    async def work(session: WriteSession) -> None:
        await session.run(
            "INSERT INTO locations (tenant_id, id, name, zone) VALUES ($1, $2, $3, $4)",
            session.tenant,
            location.id,
            name,
            zone,
        )

    await db.write(work, repeatable=True)
    return location


# A race is about who wins, not about how long a busy machine takes: nobody is sent away for waiting.
PATIENT = {
    "pool_size": 40,
    "pool_timeout": 100,
    "timeouts": {"statement_timeout": "60s", "lock_timeout": "60s", "idle_in_transaction_session_timeout": "60s"},
}


@asynccontextmanager
async def opened(urls: Any, **pool: Any) -> AsyncIterator[Office]:
    """Open an office on a test's database; `pool` goes to `Database`."""
    db = Database(pool.pop("url", urls.app_url), **pool)
    clock = SetClock(MONDAY)
    catalogues, people = Catalogues(db, fresh_seconds=3600), People(db)
    search = Search(db, catalogues, clock)
    try:
        seen = {
            name: (await people.seen(Profile(slack_team_id="T1", slack_user_id=f"U{name}", name=name, **rights))).acting()
            for name, rights in {"ana": {}, "bob": {}, "boss": {"admin": True}, "visitor": {"guest": True}}.items()
        }
        yield Office(
            urls=urls,
            db=db,
            clock=clock,
            catalogues=catalogues,
            people=people,
            search=search,
            bookings=Bookings(db, catalogues, search, clock),
            line=Line(db, catalogues, search, clock),
            presence=Presence(db, catalogues, search, clock),
            berlin=await _location(db, "Berlin", "Europe/Berlin"),
            tokyo=await _location(db, "Tokyo", "Asia/Tokyo"),
            **seen,
        )
    finally:
        await db.close()
