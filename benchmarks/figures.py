"""The figures of a whole year: 200 rooms and about 500,000 bookings, most of them archived; as the application's role."""

from __future__ import annotations

import os
import random
import statistics
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from time import perf_counter

import asyncpg

from benchmarks import ground
from bot import postgres
from core.catalogue import Catalogues
from core.clock import SystemClock
from core.db import Database, ReadSession, WriteSession
from core.ids import new_id
from core.stats import Asked, Figures, Stats

ROOMS, PEOPLE, ROUNDS = 200, 3000, 5
SEED = 11
HOLD_SECONDS = 2.0
SEATS = (4, 4, 4, 6, 6, 8, 8, 10, 12, 20)
PLACES = {
    "Berlin": "Europe/Berlin",
    "New York": "America/New_York",
    "Madrid": "Europe/Madrid",
    "Singapore": "Asia/Singapore",
}
WEEK = '{"mon": ["08:00", "18:00"], "tue": ["08:00", "18:00"], "wed": ["08:00", "18:00"], "thu": ["08:00", "18:00"],'
WEEK += ' "fri": ["08:00", "17:00"]}'

# Half-hours of working days, taken by chance: some rooms are liked, Fridays and lunch are quiet, meetings come in small
# groups. `roll` is a number in [0, 1) that the seed and what it is for decide.
_FILL = """
CREATE FUNCTION roll(text) RETURNS double precision LANGUAGE sql IMMUTABLE AS
    $$ SELECT ((hashtextextended($1, {seed}) % 1000000) + 1000000) % 1000000 / 1000000.0::double precision $$;
CREATE TEMP TABLE numbered AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM people;
INSERT INTO {table} (tenant_id, id, room_id, booked_by, start_time, end_time, attendees_count, status, private, created_at,
    updated_at, version, checked_in_at{more})
SELECT m.tenant_id, gen_random_uuid(), m.room, p.id, m.s, m.e,
    least(m.capacity, 1 + floor(3 * roll('a' || m.key) + m.capacity * 0.8 * roll('p' || m.key) ^ 2)::int), m.status, false,
    m.s - interval '1 minute' * floor(30000 * roll('l' || m.key) ^ 3), m.till, 2,
    CASE WHEN m.status = 'ended' AND roll('c' || m.key) < 0.85 THEN m.s END{values}
FROM (
    SELECT d.*, CASE WHEN status = 'released' THEN s + interval '10 minutes'
        WHEN status = 'cancelled' THEN s - interval '1 hour' * floor(120 * roll('z' || key))
        WHEN roll('y' || key) < 0.06 THEN s + interval '20 minutes' ELSE e END AS till
    FROM (
        SELECT r.tenant_id, r.id AS room, r.capacity, k.key, t.s, t.s + interval '1 minute' * h.minutes AS e,
            CASE WHEN roll('x' || k.key) < 0.08 THEN 'cancelled' WHEN roll('x' || k.key) < 0.12 THEN 'released'
                ELSE 'ended' END AS status
        FROM rooms r JOIN locations l ON l.tenant_id = r.tenant_id AND l.id = r.location_id
        CROSS JOIN generate_series(date '{first}', date '{last}', interval '1 day') AS day
        CROSS JOIN generate_series(8, 17) AS hour
        CROSS JOIN LATERAL (SELECT 30 * (1 + (roll('d' || r.name || day::date || hour) < 0.55)::int) AS minutes) h
        CROSS JOIN LATERAL generate_series(0, 60 - h.minutes, 30) AS minute
        CROSS JOIN LATERAL (SELECT r.name || day::date || ' ' || hour || ':' || minute AS key) k
        CROSS JOIN LATERAL (SELECT (day::date + make_interval(hours => hour, mins => minute)) AT TIME ZONE l.zone AS s) t
        WHERE extract(isodow FROM day) < 6
            AND roll('b' || k.key) < (0.4 + 0.6 * roll(r.name))
                * CASE WHEN extract(isodow FROM day) = 5 THEN 0.65 ELSE 1.08 END
                * CASE WHEN hour = 12 THEN 0.55 ELSE 1.05 END
    ) d
) m JOIN numbered p ON p.n = floor({people} * roll('w' || m.key))::int;
-- Every third time that somebody does not come, somebody else takes the room.
INSERT INTO {table} (tenant_id, id, room_id, booked_by, start_time, end_time, attendees_count, status, private, created_at,
    updated_at, version, checked_in_at{more})
SELECT m.tenant_id, gen_random_uuid(), m.room_id, m.booked_by, m.updated_at + interval '5 minutes', m.end_time, 2, 'ended',
    false, m.updated_at, m.end_time, 2, m.updated_at + interval '5 minutes'{again}
FROM {table} m WHERE m.status = 'released' AND roll('r' || m.id) < 0.33;
DROP FUNCTION roll(text);
DROP TABLE numbered;
"""


@dataclass(kw_only=True)
class Year:
    """A generated year, and how long its figures took, in seconds, one a round."""

    living: int
    archived: int
    bookings: int
    seconds: list[float] = field(default_factory=list)
    figures: Figures | None = None

    @property
    def median(self) -> float:
        """The median round."""
        return statistics.median(self.seconds)


async def year(running: postgres.Server, *, rooms: int = ROOMS, people: int = PEOPLE, rounds: int = ROUNDS) -> Year:
    """Generate a year that ended yesterday, and ask for all its figures so often."""
    url = ground.database(running, "year")
    db = Database(url)
    try:
        await db.write(lambda session: _furnish(session, rooms, people), repeatable=True)
        today = SystemClock().now().date()
        border = today - timedelta(days=90)
        await _months(running, today)
        archived = {"table": "bookings_archive", "first": today - timedelta(days=365), "last": border}
        living = {"table": "bookings", "first": border + timedelta(days=1), "last": today - timedelta(days=1)}
        scripts = [
            _FILL.format(**archived, more=", ended_at", values=", m.till", again=", m.end_time", seed=SEED, people=people),
            _FILL.format(**living, more="", values="", again="", seed=SEED, people=people),
            "ANALYZE",
        ]
        await ground.run_as_superuser(running, "year", scripts)
        return await _measured(db, rounds)
    finally:
        await db.close()


async def _count(session: ReadSession, *, table: str) -> int:
    return int(await session.value(f"SELECT count(*) FROM {table}"))


async def _measured(db: Database, rounds: int) -> Year:
    counts = [await db.read(partial(_count, table=table)) for table in ("bookings", "bookings_archive")]
    made = Year(living=counts[0], archived=counts[1], bookings=sum(counts))
    clock = SystemClock()
    stats = Stats(db, Catalogues(db), clock)
    today = clock.now().date()
    asked = Asked(first=today - timedelta(days=365), last=today)
    # A first round warms the cache and is forgotten, as everywhere here.
    for number in range(rounds + 1):
        began = perf_counter()
        made.figures = await stats.figures(asked)
        if number:
            made.seconds.append(perf_counter() - began)
    return made


async def _months(running: postgres.Server, today: object) -> None:
    connection = await asyncpg.connect(running.url(postgres.WORKER, "year"))
    try:
        for back in range(14):
            await connection.execute("SELECT make_archive_month(($1::date - $2 * interval '1 month')::date)", today, back)
    finally:
        await connection.close()


async def _furnish(session: WriteSession, rooms: int, people: int) -> None:
    """Put rooms, people, hours and rules of check-in there."""
    chance, tenant = random.Random(SEED), session.tenant
    places = {name: new_id() for name in PLACES}
    await session.run_many(
        "INSERT INTO locations (tenant_id, id, name, zone) VALUES ($1, $2, $3, $4)",
        [(tenant, places[name], name, zone) for name, zone in PLACES.items()],
    )
    await session.run_many(
        "INSERT INTO rooms (tenant_id, id, location_id, name, capacity) VALUES ($1, $2, $3, $4, $5)",
        [
            (tenant, new_id(), chance.choice(list(places.values())), ground.name_of(number), chance.choice(SEATS))
            for number in range(rooms)
        ],
    )
    persons = [new_id() for _ in range(people)]
    await session.run_many(
        "INSERT INTO people (tenant_id, id, slack_team_id, slack_user_id, name) VALUES ($1, $2, 'T1', $3, $3)",
        [(tenant, person, f"U{number:05}") for number, person in enumerate(persons)],
    )
    await session.run(
        "INSERT INTO policies (tenant_id, id, opening, check_in) VALUES ($1, $2, $3, true)", tenant, new_id(), WEEK
    )
    for number, name in enumerate(("Design", "Engineering", "Finance", "People", "Sales")):
        group = new_id()
        await session.run("INSERT INTO groups (tenant_id, id, name) VALUES ($1, $2, $3)", tenant, group, name)
        await session.run_many(
            "INSERT INTO group_members (tenant_id, group_id, person_id) VALUES ($1, $2, $3)",
            [(tenant, group, person) for person in persons[number::5]],
        )


def said(made: Year) -> list[tuple[str, str]]:
    """Return what was measured as pairs of words."""
    figures = made.figures
    assert figures is not None
    return [
        ("bookings", f"{made.bookings:,} ({made.archived:,} archived, {made.living:,} living)"),
        ("all figures, median", f"{made.median:.2f} s (hold: under {HOLD_SECONDS:.0f} s)"),
        ("load of the machine", f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"),
        ("rounds", ", ".join(f"{seconds:.2f}" for seconds in made.seconds)),
        ("open time booked", f"{figures.use.share:.0%} in {len(figures.rooms)} rooms"),
        ("nobody came", f"{figures.came.missed_share:.0%} of {figures.came.asked:,} that asked for a check-in"),
    ]
