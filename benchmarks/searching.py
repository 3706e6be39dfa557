"""Looking for a room as the search's form does, among many rooms and bookings and among few; as the application's role."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import cycle
from typing import Any

from benchmarks import ground
from benchmarks.rows import Check, Row, Size
from benchmarks.sides import Act, Side, in_turn
from bot import postgres
from core.catalogue import Catalogues
from core.clock import SystemClock
from core.db import Database
from core.models import Actor, Slot, Wish
from core.people import People, Profile
from core.search import Found, Page, Search
from handlers.views.search_form import PAGE

MANY, FEW = (2000, 250), (200, 25)
# Bookings of a room in the quick form: filling costs most of the time.
QUICK = 25
ACTS, ROUNDS = 100, 5
HOLD, HOLD_MS = 3.0, 50.0
SEED = 7

# Each room has about so many bookings of 50 minutes in the 60 days to come, in hours that its name and the hour decide.
_FILL = """
UPDATE rooms SET capacity = 4 + (ascii(md5(name)) % 4) * 4;
INSERT INTO bookings (tenant_id, id, room_id, booked_by, start_time, end_time, status)
    SELECT r.tenant_id, gen_random_uuid(), r.id,
        (ARRAY(SELECT id FROM people))[1 + abs(hashtext(hour || ' ' || r.name)) % (SELECT count(*) FROM people)],
        at, at + interval '50 minutes', 'confirmed'
    FROM rooms r CROSS JOIN generate_series(24, 24 * 61 - 1) hour
    CROSS JOIN LATERAL (SELECT date_trunc('day', now()) + interval '1 hour' * hour AS at) t
    WHERE abs(hashtext(r.name || ' ' || hour)) % 1440 < {bookings};
INSERT INTO room_claims (tenant_id, id, room_id, kind, booking_id, start_time, end_time)
    SELECT tenant_id, gen_random_uuid(), room_id, 'booking', id, start_time, end_time FROM bookings;
ANALYZE;
"""

_PEOPLE = """
INSERT INTO people (tenant_id, id, slack_team_id, slack_user_id, name)
    SELECT p.tenant_id, uuidv7(), 'T1', 'UP' || number, 'Person ' || number
    FROM (SELECT tenant_id FROM people LIMIT 1) p CROSS JOIN generate_series(1, {count}) number
"""


async def compare(running: postgres.Server, size: Size) -> list[Row]:
    """Return, for a wish that every room fits and for a narrow one, the side of many rooms and the side of few."""
    many = await filled(running, "many", MANY[0], size.of(MANY[1], QUICK))
    few = await filled(running, "few", *FEW)
    try:
        done = []
        for name, wish in {"every room fits": {}, "a quarter fits": {"attendees_count": 16}}.items():
            large = Side(name=f"{MANY[0]:,} rooms, {await many.bookings():,} bookings", act=many.asking(wish))
            small = Side(name=f"{FEW[0]:,} rooms, {await few.bookings():,} bookings", act=few.asking(wish))
            await in_turn(large, small, acts=ACTS, clients=1, rounds=size.of(ROUNDS, 3))
            done.append(_row(name, large, small, size))
        return done
    finally:
        await many.db.close()
        await few.db.close()


def _row(name: str, large: Side, small: Side, size: Size) -> Row:
    each = [mine / other for mine, other in zip(large.rounds(0.99), small.rounds(0.99), strict=True)]
    ratio = large.percentile(0.99) / small.percentile(0.99)
    checks = [
        Check(what="p99 of many / p99 of few", value=ratio, limit=HOLD, spread=(min(each), max(each))),
        Check(what="p99 of many", value=large.percentile(0.99), limit=HOLD_MS, unit=" ms"),
        Check(what="p50 of many / p50 of few", value=large.percentile(0.5) / small.percentile(0.5)),
    ]
    note = "fewer bookings than the whole form" if size.quick else ""
    return Row(name="search", title=f"a page of the search, {name}", sides=[large, small], checks=checks, note=note)


class Firm:
    """Rooms and bookings, and somebody who searches among them."""

    def __init__(self, db: Database, search: Search, actor: Actor) -> None:
        self.db, self.search, self.actor = db, search, actor

    async def bookings(self) -> int:
        """Return how many there are."""
        count: int = await self.db.read(lambda session: session.value("SELECT count(*) FROM bookings"))
        return count

    def asking(self, wish: dict[str, Any]) -> Act:
        """Return the act of looking for a room at one of a hundred moments."""
        now = SystemClock().now().replace(minute=0, second=0, microsecond=0)
        hours = random.Random(SEED).sample(range(48, 24 * 55), 100)
        starts = cycle([now + timedelta(hours=hour) for hour in hours])

        async def act() -> Found:
            start = next(starts)
            slot = Slot(start=start, end=start + timedelta(minutes=30))
            found = await self.search.find(
                Wish(slot=slot, **{"attendees_count": 2, **wish}), by=self.actor, page=Page(number=0, length=PAGE)
            )
            assert found.free
            return found

        return act


async def filled(running: postgres.Server, name: str, rooms: int, bookings: int, *, people: int = 1) -> Firm:
    """Make a database with so many rooms and people, and about so many bookings of each room in the 60 days to come."""
    url = ground.database(running, name)
    await ground.rooms(url, rooms)
    db = Database(url)
    catalogues = Catalogues(db)
    person = await People(db).seen(Profile(slack_team_id="T1", slack_user_id="U1", name="ann"))
    others = _PEOPLE.format(count=people - 1)
    await ground.run_as_superuser(running, name, [others, _FILL.format(bookings=bookings)])
    return Firm(db, Search(db, catalogues, SystemClock()), person.acting())
