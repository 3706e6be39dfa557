"""Attempts through the core: the use cases of the product on a pool of connections, in a tenant of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import asyncpg

from bot.stress.own_tenant import TENANT, own_tenant
from bot.stress.plan import Attempt, Plan
from bot.stress.told import Figures, RefusedError, Told, Violated
from core import checks, errors
from core.bookings import Bookings
from core.catalogue import Catalogues
from core.clock import SystemClock
from core.db import Database, ReadSession
from core.models import HOLDS_ROOM, Actor, Booking, Change, Room, Slot, Status, Wish
from core.people import People, Profile
from core.places import Places, RoomFacts
from core.search import Search
from core.telling import Telling

T = TypeVar("T")

PEOPLE = 20
# Whoever waits for one of our own connections waits for us, not for the product.
POOL_SECONDS = 120.0
_STORED = "SELECT id, version, room_id, start_time, end_time, status FROM bookings WHERE tenant_id = $1"
_COUNTED = "SELECT deadlocks, xact_rollback FROM pg_stat_database WHERE datname = current_database()"


class _Retries(Telling):
    """Counts the transactions that were tried again."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()

    def tried_again(self, why: str) -> None:
        self.counted[why] += 1


@dataclass(frozen=True, kw_only=True)
class ThroughCore:
    """The core on a database. `owner` is a connection that stays open beside, and is not used by attempts."""

    db: Database
    bookings: Bookings
    rooms: Sequence[Room]
    people: Sequence[Actor]
    owner: asyncpg.Connection
    retries: _Retries
    before: asyncpg.Record

    @property
    def checks(self) -> str:
        """Say what is looked at in the end."""
        return f"{len(checks.INVARIANTS)} invariants by SQL"

    async def book(self, attempt: Attempt) -> Told:
        """Book as the attempt says."""
        wish = Wish(slot=attempt.slot, room_id=self.rooms[attempt.room].id)
        return _told(await _asked(self.bookings.book(wish, by=self._by(attempt), key=attempt.key)))

    async def move(self, attempt: Attempt, known: Told) -> Told:
        """Move a booking."""
        change = Change(slot=attempt.slot, room_id=self.rooms[attempt.room].id)
        admin, key = self.people[0], attempt.key
        done = await _asked(self.bookings.change(known.id, change, version=known.version, by=admin, key=key))
        return _told(done.after)

    async def cancel(self, attempt: Attempt, known: Told) -> Told:
        """Cancel a booking."""
        admin, key = self.people[0], attempt.key
        return _told((await _asked(self.bookings.cancel(known.id, version=known.version, by=admin, key=key))).after)

    async def stored(self) -> Sequence[Told]:
        """Return every booking of the tenant."""

        async def work(session: ReadSession) -> list[asyncpg.Record]:
            return await session.all(_STORED, session.tenant)

        return [_of_row(row) for row in await self.db.read(work)]

    async def violations(self) -> Sequence[Violated]:
        """Return the invariants that do not hold."""
        return [Violated(name=one.name, rows=one.rows) for one in await checks.violations(self.db)]

    async def figures(self) -> Figures:
        """Return what PostgreSQL and the core counted; closes the pool, whose sessions report what they counted then."""
        await self.db.close()
        now = await self.owner.fetchrow(_COUNTED)
        return Figures(
            deadlocks=now["deadlocks"] - self.before["deadlocks"],
            rolled_back=now["xact_rollback"] - self.before["xact_rollback"],
            tried_again=dict(self.retries.counted),
        )

    def _by(self, attempt: Attempt) -> Actor:
        return self.people[attempt.number % len(self.people)]


@asynccontextmanager
async def through_core(plan: Plan, *, app_url: str, owner_url: str) -> AsyncIterator[ThroughCore]:
    """Make a tenant with rooms and people for the plan, and take all of it away afterwards, whatever happened."""
    async with own_tenant(owner_url) as owner:
        db = Database(app_url, tenant=TENANT, pool_size=plan.connections, pool_timeout=POOL_SECONDS)
        db.telling = retries = _Retries()
        try:
            clock, catalogues = SystemClock(), Catalogues(db)
            rooms = await _rooms(Places(db, catalogues, clock), plan.rooms)
            people = await _people(People(db))
            before = await owner.fetchrow(_COUNTED)
            bookings = Bookings(db, catalogues, Search(db, catalogues, clock), clock)
            yield ThroughCore(
                db=db, bookings=bookings, rooms=rooms, people=people, owner=owner, retries=retries, before=before
            )
        finally:
            await db.close()


async def _rooms(places: Places, count: int) -> list[Room]:
    location = await places.add_location(name="Stress test", zone="UTC", by=None)
    names = (f"Stress {number + 1}" for number in range(count))
    return [await places.add_room(location.id, RoomFacts(name=name, capacity=8), by=None) for name in names]


async def _people(people: People) -> list[Actor]:
    """Return some people, the first of whom may change what others booked."""
    seen = (
        Profile(slack_team_id="STRESS", slack_user_id=f"STRESS{n}", name=f"Stress tester {n}", admin=n == 0)
        for n in range(PEOPLE)
    )
    return [(await people.seen(one)).acting("cli") for one in seen]


async def _asked(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except errors.Unavailable as error:
        raise RefusedError(error.code, answered=False) from error
    except errors.BookingError as error:
        raise RefusedError(error.code) from error


def _told(booking: Booking) -> Told:
    return Told(
        id=booking.id, version=booking.version, room=booking.room.id, slot=booking.slot, holds=booking.status in HOLDS_ROOM
    )


def _of_row(row: asyncpg.Record) -> Told:
    return Told(
        id=row["id"],
        version=row["version"],
        room=row["room_id"],
        slot=Slot(start=row["start_time"], end=row["end_time"]),
        holds=Status(row["status"]) in HOLDS_ROOM,
    )
