"""A thousand attempts on overlapping slots of one room, against as many on free slots: nobody deadlocks, nobody fails.

Who is refused is told who has the room and what is free instead, which is looked for then. What meeting others costs by
itself is measured apart: the same attempts, up to where it is known whether they have the room.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, cycle

from benchmarks import ground
from benchmarks.booking import slots
from benchmarks.rows import Check, Row, Size, of_rounds
from benchmarks.sides import Side, in_turn, ratios
from bot import postgres
from core import at_once, requests
from core.bookings import Bookings
from core.catalogue import Catalogues
from core.clock import SystemClock
from core.db import Database
from core.errors import SlotTaken
from core.ids import new_id
from core.models import Room, Slot, Wish
from core.people import People, Profile
from core.search import Search

ROOMS, ATTEMPTS, AT_ONCE, CONNECTIONS, ROUNDS = 60, 1000, 200, 40, 5
HOLD = 1.5
SEED = 3
_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
_DOUBLE = """
SELECT count(*) FROM room_claims a JOIN room_claims b ON b.tenant_id = a.tenant_id AND b.room_id = a.room_id
    AND b.id > a.id AND b.start_time < a.end_time AND b.end_time > a.start_time
"""


async def compare(running: postgres.Server, size: Size) -> Row:
    """Return both sides, how many deadlocks there were, and how many answers that were neither booked nor taken."""
    url = ground.database(running, "overlapping")
    await ground.rooms(url, ROOMS)
    db = Database(url, pool_size=CONNECTIONS, pool_timeout=60)
    try:
        catalogues, clock = Catalogues(db), SystemClock()
        bookings = Bookings(db, catalogues, Search(db, catalogues, clock), clock)
        actor = (await People(db).seen(Profile(slack_team_id="T1", slack_user_id="U1", name="ann"))).acting()
        rooms = (await catalogues.current()).rooms
        numbers, came = count(), Counter[str]()

        async def attempt(kind: str, room: Room, slot: Slot) -> None:
            wish = Wish(slot=slot, room_id=room.id, attendees_count=3, title=f"{kind} {next(numbers)}")
            try:
                await bookings.book(wish, by=actor, key=f"overlapping {next(numbers)}")
                came[f"{kind} booked"] += 1
            except SlotTaken:
                came[f"{kind} taken"] += 1
            except Exception as error:
                came[f"error: {type(error).__name__}"] += 1

        async def attempt_alone(kind: str, room: Room, slot: Slot) -> None:
            wish = Wish(slot=slot, room_id=room.id, attendees_count=3, title=f"{kind} {next(numbers)}")
            made = await at_once.booked(
                db,
                wish,
                [room],
                await catalogues.current(),
                key=f"alone {next(numbers)}",
                content=requests.fingerprint("book", wish=wish, by=actor.person_id),
                booking_id=new_id(),
                event_id=new_id(),
                by=actor,
                since=None,
                now=clock.now(),
            )
            came[f"{kind} {'booked' if made else 'taken'}"] += 1

        rival, free = overlapping(rooms), slots(rooms, first_day=40)
        ours = Side(name="overlapping slots of one room", act=lambda: attempt("overlapping", *next(rival)))
        theirs = Side(name="free slots", act=lambda: attempt("free", *next(free)))
        before = await db.read(lambda session: session.value(_DEADLOCKS))
        rounds = size.of(ROUNDS, 2)
        await in_turn(ours, theirs, acts=ATTEMPTS, clients=AT_ONCE, rounds=rounds)
        lone_rival, lone_free = overlapping(rooms, first_day=20), slots(rooms, first_day=60)
        alone = Side(name="overlapping, not told why", act=lambda: attempt_alone("alone overlapping", *next(lone_rival)))
        alone_free = Side(name="free, not told why", act=lambda: attempt_alone("alone free", *next(lone_free)))
        await in_turn(alone, alone_free, acts=ATTEMPTS, clients=AT_ONCE, rounds=rounds)
        after = await db.read(lambda session: session.value(_DEADLOCKS))
        double = await db.read(lambda session: session.value(_DOUBLE))
    finally:
        await db.close()
    errors = {name: number for name, number in came.items() if name.startswith("error")}
    checks = [
        of_rounds("time of overlapping / of free", [1 / one for one in ratios(ours, theirs)], HOLD),
        of_rounds("the same without being told why", [1 / one for one in ratios(alone, alone_free)], HOLD),
        Check(what="deadlocks", value=after - before, limit=0),
        Check(what=f"errors {errors or ''}".strip(), value=sum(errors.values()), limit=0),
        Check(what="claims that overlap", value=double, limit=0),
    ]
    won, lost = came["overlapping booked"], came["overlapping taken"]
    title = f"{ATTEMPTS:,} attempts, {AT_ONCE} at a time over {CONNECTIONS} connections"
    note = f"of those that overlap {won:,} were booked, {lost:,} refused with what is free instead"
    return Row(name="overlapping", title=title, sides=[ours, theirs, alone, alone_free], checks=checks, note=note)


def overlapping(rooms: tuple[Room, ...], *, first_day: int = 2) -> Iterator[tuple[Room, Slot]]:
    """Give out slots of half an hour to two hours within the same four; after each round of attempts in another room."""
    chance = random.Random(SEED)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for number, room in enumerate(cycle(rooms)):
        day = midnight + timedelta(days=first_day + number // len(rooms), hours=15)
        for _ in range(ATTEMPTS):
            start = day + timedelta(minutes=5 * chance.randrange(48))
            yield room, Slot(start=start, end=start + timedelta(minutes=30 * chance.randint(1, 4)))
