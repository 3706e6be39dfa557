"""`python -m benchmarks.explain [FILE]`: the plans of the hottest statements at scale, as the application's role.

A database of our own is filled; then each use case runs as the product runs it, what it sends is heard, and each of its
statements is explained with the values that it had, in a transaction that is rolled back.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import event

from benchmarks import ground, history, searching
from bot import postgres
from core import roles
from core.bookings import Bookings
from core.catalogue import Catalogues
from core.clock import SystemClock
from core.db import DEFAULT_TENANT, TIMEOUTS, Database
from core.feed import Feed, Position
from core.listing import Listing, Wanted
from core.models import Actor, Slot, Wish
from core.outbox import Outbox
from core.search import Search

PEOPLE, ARCHIVED = 3000, 5_000_000
# Each plan is the quickest of so many: the others were kept waiting by something else.
TRIES = 7
QUIET = ("BEGIN", "COMMIT", "ROLLBACK", "SET ", "SELECT pg_", "SELECT set_config")
# Who is invited, what was sent lately, some of it due, and what happened.
_MESSAGES = """
INSERT INTO attendees (tenant_id, booking_id, person_id)
    SELECT tenant_id, id, (ARRAY(SELECT id FROM people))[1 + abs(hashtext(id::text)) % (SELECT count(*) FROM people)]
    FROM bookings;
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, booking_id, person_id, due_at, status, done_at, channel_id, ts)
    SELECT tenant_id, uuidv7(), 'reminder ' || id, 'reminder', 'T1', id, booked_by, now() - interval '1 day' * random() * 7,
        'sent', now(), 'D1', '1.1' FROM bookings LIMIT 200000;
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, booking_id, person_id, due_at)
    SELECT tenant_id, uuidv7(), 'due ' || id, 'reminder', 'T1', id, booked_by, now() - interval '1 minute' * random()
    FROM bookings ORDER BY id DESC LIMIT 40;
INSERT INTO events (tenant_id, id, kind, booking_id, booking_version, actor_id, surface, after, happened_at)
    SELECT tenant_id, uuidv7(), 'booked', id, 1, booked_by, 'slack', jsonb_build_object(
        'room_id', room_id, 'title', title, 'start', start_time, 'end', end_time, 'booked_by', booked_by,
        'attendees', '[]'::jsonb, 'attendees_count', attendees_count, 'status', status, 'private', private,
        'version', version, 'created_at', created_at, 'updated_at', updated_at, 'cancel_reason', NULL, 'late_at', NULL,
        'checked_in_at', NULL, 'more_rooms', '[]'::jsonb, 'equipment', '[]'::jsonb, 'series', NULL
    ), now() FROM bookings;
"""
# As it was before the use case ran, so that the same statements do the same once more.
_UNDONE = """
DELETE FROM events WHERE booking_id IN (SELECT id FROM bookings WHERE title = 'Explained');
DELETE FROM room_claims WHERE booking_id IN (SELECT id FROM bookings WHERE title = 'Explained');
DELETE FROM bookings WHERE title = 'Explained';
DELETE FROM requests;
UPDATE deliveries SET lease = NULL, leased_until = NULL, posting_since = NULL WHERE status = 'pending';
"""


@dataclass(kw_only=True)
class Heard:
    """What a use case sent, with its values, each statement once."""

    statements: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    listening: bool = False

    async def only(self, act: Awaitable[object]) -> None:
        """Hear one use case and nothing else; what is sent is told a moment later."""
        await asyncio.sleep(0.05)
        self.statements.clear()
        self.listening = True
        await act
        await asyncio.sleep(0.05)
        self.listening = False

    def take(self, query: asyncpg.connection.LoggedQuery) -> None:
        """Take a statement in."""
        sql = query.query.strip()
        known = {one for one, _ in self.statements}
        if self.listening and not sql.upper().startswith(tuple(word.upper() for word in QUIET)) and sql not in known:
            self.statements.append((sql, tuple(query.args or ())))


@dataclass(frozen=True, kw_only=True)
class Case:
    """A use case, what is to be seen in its plans, as whom it runs, and how much of it is told."""

    title: str
    see: str
    act: Callable[[], Awaitable[object]]
    role: str = roles.APPLICATION
    # So many of its statements are told, those that take longest.
    told: int = 1


async def fill(running: postgres.Server, *, rooms: int, bookings: int, archived: int) -> Actor:
    """Fill a database, and return somebody who has bookings there."""
    firm = await searching.filled(running, "explained", rooms, bookings, people=PEOPLE)
    await history.archive(running, "explained", archived)
    await ground.run_as_superuser(running, "explained", [_MESSAGES, "VACUUM (ANALYZE) bookings"])
    await ground.run_as_superuser(running, "explained", ["VACUUM (ANALYZE) room_claims", "ANALYZE"])
    await firm.db.close()
    return firm.actor


async def plans(running: postgres.Server, actor: Actor) -> str:
    """Return the page of plans."""
    urls = {
        roles.APPLICATION: running.url(postgres.APP, "explained"),
        roles.WORKER: running.url(postgres.WORKER, "explained"),
    }
    dbs = {role: Database(url, role=role, pool_size=1) for role, url in urls.items()}
    try:
        heard = {role: _listening(db) for role, db in dbs.items()}
        counts = [await _count(dbs[roles.APPLICATION], table) for table in ("rooms", "bookings", "bookings_archive")]
        parts = []
        for case in await _cases(dbs, actor):
            await case.act()  # once, so that catalogues are read and statements prepared
            ears = heard[case.role]
            await ears.only(case.act())
            await ground.run_as_superuser(running, "explained", [_UNDONE])
            parts.append(await _told(case, urls[case.role], ears.statements))
    finally:
        for db in dbs.values():
            await db.close()
    return _head(counts, await ground.version(running)) + "".join(parts)


def _listening(db: Database) -> Heard:
    heard = Heard()

    @event.listens_for(db.engine.sync_engine, "connect")
    def listen(connection: Any, _record: object) -> None:
        connection.driver_connection.add_query_logger(heard.take)

    return heard


async def _count(db: Database, table: str) -> int:
    return int(await db.read(lambda session: session.value(f"SELECT count(*) FROM {table}")))


async def _cases(dbs: dict[str, Database], actor: Actor) -> Sequence[Case]:
    db, clock, numbers = dbs[roles.APPLICATION], SystemClock(), count()
    catalogues = Catalogues(db)
    search = Search(db, catalogues, clock)
    bookings = Bookings(db, catalogues, search, clock)
    outbox = Outbox(dbs[roles.WORKER], Catalogues(dbs[roles.WORKER]), clock)
    listing, catalogue = Listing(db, catalogues), await catalogues.current()
    rooms, today = catalogue.rooms, clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    firm = searching.Firm(db, search, actor)
    [begin] = await db.read(lambda session: session.all("SELECT transaction, number FROM events ORDER BY number LIMIT 1"))
    position = Position(begin["transaction"], begin["number"] + 1000)

    async def book() -> None:
        number = next(numbers)
        start = today + timedelta(days=70, hours=number)
        wish = Wish(slot=Slot(start=start, end=start + timedelta(minutes=30)), room_id=rooms[7].id, title="Explained")
        await bookings.book(wish, by=actor, key=f"explained {number}")

    async def last_year() -> None:
        wanted = Wanted(start=today - timedelta(days=200), end=today, room_ids=(rooms[7].id,))
        await listing.page(wanted, by=actor, seen=lambda _one, _catalogue: True, limit=50)

    async def everybody() -> None:
        wanted = Wanted(start=today + timedelta(days=3), end=today + timedelta(days=4))
        await listing.page(wanted, by=actor, seen=lambda _one, _catalogue: True, limit=50)

    async def room_day() -> None:
        await search.day([rooms[7].id], Slot(start=today + timedelta(days=3), end=today + timedelta(days=4)), by=actor)

    async def feed() -> None:
        await db.read(lambda session: Feed(catalogue).after(session, position, 50))

    return [
        Case(title="Booking a room", see=_SEE["book"], act=book),
        Case(title="Looking for a free room", see=_SEE["search"], act=firm.asking({}), told=2),
        Case(title="A person's bookings", see=_SEE["mine"], act=lambda: bookings.mine(actor)),
        Case(title="Messages that are due", see=_SEE["due"], act=lambda: _due(outbox, clock), role=roles.WORKER),
        Case(title="A room's day", see=_SEE["day"], act=room_day),
        Case(title="A room's history", see=_SEE["history"], act=last_year),
        Case(title="Everybody's bookings of a day", see=_SEE["everybody"], act=everybody, told=2),
        Case(title="The feed of events", see=_SEE["feed"], act=feed, told=2),
    ]


async def _due(outbox: Outbox, clock: SystemClock) -> None:
    await outbox.claim_deliveries(clock.now())


_SEE = {
    "book": "One statement is the whole transaction: no table is read from end to end, the claim meets its rivals by the "
    "exclusion constraint's index, and nothing in it touches the archive, so history costs nothing.",
    "search": "What is held then is found by two indexes over times, whatever number of rooms there is: the work is that of "
    "the claims of one half day, and the rooms are not looked at one by one. The second statement says until when the eight "
    "rooms of the page are free.",
    "mine": "One's own and one's invitations come from an index each: what is ahead of one person is some hundred rows in an"
    "office of any size, and the page is cut before those who were invited are fetched.",
    "due": "The partial index holds what is pending and nothing else, so the 200,000 messages that were sent are not seen.",
    "day": "The day's claims of one room lead to its bookings; the other 1,999 rooms are not touched.",
    "history": "Only months that can hold something of the page are opened, the rest are pruned away; the room's rows in "
    "each come by an index, and those that were held beside another room from one that holds nothing else.",
    "everybody": "The page of a day is read in order of start from an index, and reading ends with it: what began long "
    "before is looked for among the long ones alone. Only then are the fifty bookings fetched whole.",
    "feed": "The events behind a position are read in the order of the index, and as many as were asked for.",
}


async def _told(case: Case, url: str, statements: Sequence[tuple[str, tuple[Any, ...]]]) -> str:
    plans: list[tuple[float, int, str]] = []
    settings = {**TIMEOUTS, "statement_timeout": "60000", "role": case.role, "app.tenant": str(DEFAULT_TENANT), "jit": "off"}
    connection = await asyncpg.connect(url, server_settings=settings)
    try:
        for sql, values in statements:
            tries = [await _explained(connection, sql, values) for _ in range(TRIES)]
            took, plan = min(tries)
            plans.append((took, len(plans), f"```\n{_shortened(plan)}\n```\n"))
    finally:
        await connection.close()
    longest = sorted(plans, reverse=True)[: case.told]
    shown = [plan for _, _, plan in sorted(longest, key=lambda one: one[1])]
    return "\n".join([f"\n## {case.title}\n\n{case.see}\n", *shown])


async def _explained(connection: asyncpg.Connection, sql: str, values: Sequence[Any]) -> tuple[float, str]:
    """Return the milliseconds that a statement took, and its plan."""
    transaction = connection.transaction()
    await transaction.start()
    rows = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING ON) {sql}", *values)
    await transaction.rollback()
    plan = "\n".join(row[0] for row in rows)
    return float(_TOOK.findall(plan)[-1]), plan


_TOOK = re.compile(r"Execution Time: ([\d.]+) ms")
# What says the same in every line, in fewer words.
_SHORTER = (
    (re.compile(r"\(?\(NULLIF\(current_setting\('app\.tenant'::text, true\), ''::text\)\)::uuid"), "(app.tenant"),
    (re.compile(r"'00000000-0000-7000-8000-000000000001'::uuid"), "$1"),
    (re.compile(r"::timestamp with time zone|::text\b"), ""),
    (re.compile(r"'\{[^}]{40,}\}'"), "'{...}'"),
    (re.compile(r"'(\w{8})-[\w-]{27}'::uuid"), r"'\1...'"),
)


def _shortened(plan: str) -> str:
    """Leave out long lists of values, and what never ran: they hide what is to be seen."""
    kept: list[str] = []
    skipping: int | None = None
    for said in plan.partition("\nPlanning:")[0].splitlines():
        line = said
        for pattern, instead in _SHORTER:
            line = pattern.sub(instead, line)
        indent = len(line) - len(line.lstrip())
        if skipping is not None and indent > skipping:
            continue
        skipping = indent if "(never executed)" in line else None
        if skipping is None:
            kept.append(line if len(line) <= 160 else line[:157] + "...")
    checked = [line for line in plan.splitlines() if line.startswith("Trigger ")]
    return "\n".join([*kept, *checked, plan.splitlines()[-1]])


def _head(counts: Sequence[int], version: str) -> str:
    rooms, bookings, archived = counts
    load = os.getloadavg()[0]
    return f"""# The hottest queries at scale

`python -m benchmarks.explain docs/queries.md` writes this page: {rooms:,} rooms, {bookings:,} live bookings,
{archived:,} archived ones in 24 months, {PEOPLE:,} people, 200,000 messages and {bookings:,} events; as the role that asks,
which row-level security binds; with the values that the product sends. PostgreSQL {version}, load {load:.1f} on
{os.cpu_count()} cores. Each plan is the quickest of {TRIES}; parts that never ran
are left out.
"""


def main() -> None:
    """Write the page to a file, or to the standard output."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explain", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--rooms", type=int, default=searching.MANY[0])
    parser.add_argument("--bookings", type=int, default=searching.MANY[1], help="of each room")
    parser.add_argument("--archived", type=int, default=ARCHIVED)
    asked = parser.parse_args()
    with ground.server() as running:
        actor = asyncio.run(fill(running, rooms=asked.rooms, bookings=asked.bookings, archived=asked.archived))
        page = asyncio.run(plans(running, actor))
    if asked.file:
        asked.file.write_text(page, encoding="utf-8")
    else:
        sys.stdout.write(page)


if __name__ == "__main__":
    main()
