"""People who book, move and cancel meanwhile, through the core of one or more replicas, and what they were told.

Whoever gets no answer asks again with the same request key, as Slack and a program do; what they were told in the end is
what counts. Kept out: what is done to the database.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from bot.stress.plan import Kind, beginning
from bot.stress.running import YES, Tally
from bot.stress.told import Told
from core.bookings import Bookings
from core.catalogue import Catalogues
from core.clock import Clock, SystemClock
from core.db import Database
from core.errors import BookingError, Unavailable
from core.models import HOLDS_ROOM, Actor, Booking, Change, Changed, Room, Slot, Wish
from core.people import People, Profile
from core.places import Places, RoomFacts
from core.search import Search

ROOMS, CLIENTS = 6, 8
PAUSE_SECONDS, AGAIN_SECONDS = 0.01, 0.1
# After a week nothing of a fault run is booked any more.
QUARTERS = 7 * 24 * 4


@dataclass(frozen=True, kw_only=True)
class Replica:
    """What one process of the bot has: a pool, and the use cases on it."""

    db: Database
    catalogues: Catalogues
    bookings: Bookings


@asynccontextmanager
async def replica(url: str, *, clock: Clock | None = None, pool_size: int = CLIENTS) -> AsyncIterator[Replica]:
    """Open the core on a database, as a replica of the bot does: with its usual timeouts."""
    db, clock = Database(url, pool_size=pool_size), clock or SystemClock()
    try:
        catalogues = Catalogues(db, fresh_seconds=3600)
        yield Replica(db=db, catalogues=catalogues, bookings=Bookings(db, catalogues, Search(db, catalogues, clock), clock))
    finally:
        await db.close()


@dataclass(kw_only=True)
class Crowd:
    """The people, the rooms they want, and what they were told. `yes_at`: the moments of each yes, in monotonic seconds."""

    replicas: list[Replica]
    rooms: Sequence[Room]
    people: Sequence[Actor]
    dice: random.Random
    tally: Tally = field(default_factory=Tally)
    said: Counter[str] = field(default_factory=Counter)
    yes_at: list[float] = field(default_factory=list)
    slowest: float = 0.0
    """Of all answers that were no yes: how long the slowest took, in seconds."""
    going_home: bool = False
    _told: Counter[tuple[UUID, int]] = field(default_factory=Counter)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def begin(self) -> None:
        """Let everybody begin."""
        self._tasks = [asyncio.create_task(self._live(self.people[n % len(self.people)])) for n in range(CLIENTS)]

    async def until(self, yes: int) -> None:
        """Wait until so many more were granted."""
        wanted = len(self.yes_at) + yes
        while len(self.yes_at) < wanted:
            await asyncio.sleep(0.01)
            for task in self._tasks:
                if task.done():
                    task.result()

    async def go_home(self) -> None:
        """Let everybody finish what they are at, and stop."""
        self.going_home = True
        await asyncio.gather(*self._tasks)

    @property
    def longest_pause(self) -> float:
        """The longest time in which nobody was granted anything, in seconds."""
        return max((later - sooner for sooner, later in itertools.pairwise(self.yes_at)), default=0.0)

    def note(self, booking_id: UUID, version: int) -> None:
        """Remember that a state of a booking was told."""
        self.said[YES] += 1
        self._told[booking_id, version] += 1

    def told_times(self, state: tuple[UUID, int]) -> int:
        """Return how often a state of a booking was told."""
        return self._told[state]

    async def _live(self, person: Actor) -> None:
        held: list[Booking] = []
        while not self.going_home:
            await self._do_something(person, held)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _do_something(self, person: Actor, held: list[Booking]) -> None:
        share = self.dice.random()
        if not held or share < 0.6:
            wish = Wish(slot=self.slot(), room_id=self.dice.choice(self.rooms).id)
            if made := await self.insist(Kind.BOOK, None, lambda at, key: at.bookings.book(wish, by=person, key=key)):
                held.append(made)
            return
        place = self.dice.randrange(len(held))
        one = held[place]
        if share < 0.85:
            change = Change(slot=self.slot(), room_id=self.dice.choice(self.rooms).id)
            moved = await self.insist(
                Kind.MOVE,
                one.id,
                lambda at, key: at.bookings.change(one.id, change, version=one.version, by=person, key=key),
            )
            held[place] = moved or one
        elif await self.insist(
            Kind.CANCEL, one.id, lambda at, key: at.bookings.cancel(one.id, version=one.version, by=person, key=key)
        ):
            held.pop(place)

    async def insist(
        self,
        kind: Kind,
        booking_id: UUID | None,
        ask: Callable[[Replica, str], Awaitable[Booking | Changed]],
        *,
        key: str | None = None,
        heard: list[tuple[str, float]] | None = None,
    ) -> Booking | None:
        """Ask until there is an answer, each time another replica; return the booking where it was a yes.

        In `heard` go the answers that were no yes, with the seconds that each took.
        """
        heard = [] if heard is None else heard
        key = key or f"fault {next(self._numbers)}"
        while True:
            began = time.monotonic()
            try:
                answer = await ask(self.dice.choice(self.replicas), key)
            except Unavailable as error:
                self._refused(error.code, began, heard)
                if self.going_home:
                    self.tally.unanswered.append(booking_id)
                    return None
                await asyncio.sleep(AGAIN_SECONDS)
            except BookingError as error:
                self._refused(error.code, began, heard)
                return None
            except Exception as error:
                # Nobody ought to be told anything like it.
                self.tally.faults[type(error).__name__] += 1
                self.tally.unanswered.append(booking_id)
                self._refused(f"fault: {type(error).__name__}", began, heard)
                return None
            else:
                return self._granted(kind, answer if isinstance(answer, Booking) else answer.after, began)

    def slot(self) -> Slot:
        """Return a time that others may want as well."""
        start = beginning(SystemClock().now()) + timedelta(minutes=15 * self.dice.randrange(QUARTERS))
        return Slot(start=start, end=start + timedelta(minutes=15 * self.dice.randint(1, 4)))

    def _granted(self, kind: Kind, booking: Booking, began: float) -> Booking:
        now = time.monotonic()
        self.note(booking.id, booking.version)
        self.yes_at.append(now)
        self.tally.ms[kind][YES].append((now - began) * 1000)
        self.tally.told[booking.id][booking.version] = Told(
            id=booking.id,
            version=booking.version,
            room=booking.room.id,
            slot=booking.slot,
            holds=booking.status in HOLDS_ROOM,
        )
        return booking

    def _refused(self, code: str, began: float, heard: list[tuple[str, float]]) -> None:
        took = time.monotonic() - began
        self.said[code] += 1
        self.slowest = max(self.slowest, took)
        heard.append((code, took))


async def founded(at: Replica) -> tuple[list[Room], list[Actor]]:
    """Make the rooms and the people of a run."""
    places = Places(at.db, at.catalogues, SystemClock())
    location = await places.add_location(name="Berlin", zone="Europe/Berlin", by=None)
    rooms = [
        await places.add_room(location.id, RoomFacts(name=f"Room {n}", capacity=8, setup_minutes=5 * (n % 2)), by=None)
        for n in range(ROOMS)
    ]
    people = People(at.db)
    seen = [
        await people.seen(Profile(slack_team_id="T1", slack_user_id=f"U{n}", name=f"Person {n}", admin=n == 0))
        for n in range(CLIENTS)
    ]
    return rooms, [one.acting() for one in seen]


@asynccontextmanager
async def gathered(*urls: str, seed: int, clocks: Sequence[Clock] = ()) -> AsyncIterator[Crowd]:
    """Open a replica for each address, on a clock of its own where there are any, and gather a crowd before them."""
    async with _all(urls, clocks) as replicas:
        rooms, people = await founded(replicas[0])
        for one in replicas:
            one.catalogues.forget()
        yield Crowd(replicas=replicas, rooms=rooms, people=people, dice=random.Random(seed))


@asynccontextmanager
async def _all(urls: Sequence[str], clocks: Sequence[Clock]) -> AsyncIterator[list[Replica]]:
    if not urls:
        yield []
        return
    async with replica(urls[0], clock=clocks[0] if clocks else None) as first, _all(urls[1:], clocks[1:]) as others:
        yield [first, *others]
