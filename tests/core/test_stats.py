"""The figures against a naive count, minute by minute, over random little offices; and where they could go wrong."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core import roles
from core.archive import Archive
from core.db import Database, WriteSession
from core.ids import new_id
from core.models import Location, Opening, Room
from core.stats import Asked, Figures, Stats
from core.stats_hours import USUAL_HOURS
from tests.core.office import Office

MINUTE = timedelta(minutes=1)
HELD = {"confirmed", "checked_in", "ended", "released"}


@dataclass(frozen=True, kw_only=True)
class Made:
    """A booking as the tests put it there."""

    id: Any
    rooms: tuple[Room, ...]
    start: datetime
    end: datetime
    status: str
    people: int
    created_at: datetime
    updated_at: datetime
    checked_in_at: datetime | None
    person: Any

    @property
    def till(self) -> datetime:
        return min(self.end, self.updated_at) if self.status in {"ended", "released"} else self.end


async def put(office: Office, *made: Made) -> None:
    """Write bookings as they stand when all is over."""
    tenant = office.db.tenant
    for one in made:
        came = f"'{one.checked_in_at}'" if one.checked_in_at else "NULL"
        rows = [
            (
                "INSERT INTO bookings (tenant_id, id, room_id, booked_by, start_time, end_time, attendees_count, status,"
                " created_at, updated_at, checked_in_at, version)"
                f" VALUES ('{tenant}', '{one.id}', '{one.rooms[0].id}', '{one.person}', '{one.start}', '{one.end}',"
                f" {one.people}, '{one.status}', '{one.created_at}', '{one.updated_at}', {came}, 1)"
            )
        ]
        rows += [
            f"INSERT INTO booking_rooms (tenant_id, booking_id, room_id) VALUES ('{tenant}', '{one.id}', '{room.id}')"
            for room in one.rooms[1:]
        ]
        await office.damage("; ".join(rows))


def booking(*rooms: Room, start: datetime, minutes: float, person: Any, status: str = "ended", **other: Any) -> Made:
    """Return a booking; it ended when its time was over unless something else is said."""
    end = start + minutes * MINUTE
    facts: dict[str, Any] = {"people": 1, "created_at": start - timedelta(days=2), "updated_at": end, "checked_in_at": None}
    return Made(id=new_id(), rooms=rooms, start=start, end=end, status=status, person=person, **{**facts, **other})


@dataclass(frozen=True, kw_only=True)
class Naive:
    """What a count minute by minute finds."""

    booked: Counter[tuple[Any, int, int]]
    inside: Counter[tuple[Any, int, int]]
    open: Counter[tuple[Any, int, int]]


Shut = list[tuple[set[Any], datetime, datetime]]


def counted(
    rooms: list[tuple[Room, Location, tuple[Opening, ...]]], made: list[Made], asked: Asked, shut: Shut | None = None
) -> Naive:
    """Count by (room, weekday, hour) of the local clock; `shut` says which rooms were closed, and from when to when."""
    booked: Counter[tuple[Any, int, int]] = Counter()
    inside: Counter[tuple[Any, int, int]] = Counter()
    could: Counter[tuple[Any, int, int]] = Counter()
    for room, place, opening in rooms:
        taken = set()
        for one in made:
            if one.status in HELD and any(room.id == other.id or room.id in other.parts for other in one.rooms):
                moment = one.start
                while moment < one.till:
                    taken.add(moment)
                    moment += MINUTE
        begins = datetime.combine(asked.first, datetime.min.time(), tzinfo=place.tz).astimezone(UTC)
        ends = datetime.combine(asked.last + timedelta(days=1), datetime.min.time(), tzinfo=place.tz).astimezone(UTC)
        moment = begins
        while moment < ends:
            local = moment.astimezone(place.tz)
            key = (room.id, local.weekday(), local.hour)
            hours = opening[local.weekday()]
            opened = hours.opens <= local.hour * 60 + local.minute < hours.closes
            opened &= not any(room.id in ids and since <= moment < until for ids, since, until in shut or ())
            could[key] += opened
            booked[key] += moment in taken
            inside[key] += moment in taken and opened
            moment += MINUTE
    return Naive(booked=booked, inside=inside, open=could)


def compare(figures: Figures, naive: Naive, rooms: list[Room]) -> None:
    """Assert that rooms by weekday, and the whole by weekday and hour, are as counted."""
    ids = {room.id for room in rooms}
    for one in figures.rooms:
        for weekday, use in enumerate(one.weekdays):
            for name, of in (("open", naive.open), ("inside", naive.inside), ("booked", naive.booked)):
                expected = sum(n for (room, day, _), n in of.items() if room == one.room.id and day == weekday)
                assert getattr(use, name) == pytest.approx(expected, abs=1e-6), (one.room.name, weekday, name)
    for (weekday, hour), use in figures.hours.items():
        for name, of in (("open", naive.open), ("inside", naive.inside), ("booked", naive.booked)):
            expected = sum(n for (room, day, at), n in of.items() if room in ids and (day, at) == (weekday, hour))
            assert getattr(use, name) == pytest.approx(expected, abs=1e-6), (weekday, hour, name)


async def opens(office: Office, room: Room, **hours: list[str]) -> None:
    """Give a room opening hours of its own."""
    await _rule(office, room, "opening", hours)


async def asks_for_check_in(office: Office, room: Room) -> None:
    await _rule(office, room, "check_in", True)


async def _rule(office: Office, room: Room, column: str, value: Any) -> None:
    import json

    async def work(session: WriteSession) -> None:
        await session.run(
            f"INSERT INTO policies (tenant_id, id, room_id, {column}) VALUES ($1, $2, $3, $4)",
            *(session.tenant, new_id(), room.id, json.dumps(value) if isinstance(value, dict) else value),
        )

    await office.db.write(work, repeatable=True)
    office.catalogues.forget()


def stats(office: Office) -> Stats:
    return Stats(office.db, office.catalogues, office.clock)


async def archived(office: Office, days: int) -> int:
    """Archive what ended so many days ago."""
    await office.damage(
        f"INSERT INTO workspace (tenant_id, archive_days) VALUES ('{office.db.tenant}', {days})"
        " ON CONFLICT (tenant_id) DO UPDATE SET archive_days = excluded.archive_days"
    )
    worker = Database(office.urls.worker_url, role=roles.WORKER)
    try:
        return await Archive(worker).tidy(office.clock.now())
    finally:
        await worker.close()


# Two weeks around the nights in which the clock changes in New York (11 March, 4 November 2040), and an ordinary one.
SPRING, AUTUMN, SUMMER = date(2040, 3, 5), date(2040, 10, 29), date(2040, 7, 2)


@pytest.mark.parametrize(("first", "seed"), [(SPRING, 1), (SPRING, 2), (AUTUMN, 3), (AUTUMN, 4), (SUMMER, 5), (SUMMER, 6)])
async def test_use_is_what_a_count_minute_by_minute_finds_living_or_archived(office: Office, first: date, seed: int):
    chance = random.Random(seed)
    asked = Asked(first=first, last=first + timedelta(days=9))
    office.clock.set(datetime.combine(asked.last + timedelta(days=30), datetime.min.time(), tzinfo=UTC))
    york = await _place(office, "New York", "America/New_York")
    apollo, annex = await office.room("Apollo", place=york), await office.room("Annex", place=york)
    sakura = await office.room("Sakura", place=office.tokyo)
    await opens(office, apollo, mon=["07:30", "18:15"], wed=["00:00", "24:00"], sun=["00:00", "24:00"])
    made = []
    for room in (apollo, annex, sakura):
        moment = datetime.combine(first - timedelta(days=2), datetime.min.time(), tzinfo=UTC)
        while moment.date() < asked.last + timedelta(days=3):
            moment += chance.randrange(0, 700, 5) * MINUTE
            minutes = chance.choice([30, 45, 60, 90, 600, 1800, 4000])
            status = chance.choice(["ended", "ended", "confirmed", "released", "cancelled", "declined"])
            early = chance.choice([minutes, minutes // 2, 10]) * MINUTE
            further = (annex,) if room is apollo and chance.random() < 0.2 else ()
            made.append(
                booking(
                    *(room, *further),
                    start=moment,
                    minutes=minutes,
                    status=status,
                    updated_at=moment + early,
                    person=office.ana.person_id,
                )
            )
            moment += minutes * MINUTE
    # The annex holds its own and those that came along; minutes that two share would be counted twice.
    made = _apart(made)
    await put(office, *made)
    shut = [await closed(office, {apollo.id}, chance, first) for _ in range(3)]
    shut.append(await closed(office, {apollo.id, annex.id}, chance, first, place=york))
    rooms = [(apollo, york), (annex, york), (sakura, office.tokyo)]
    catalogue = await office.catalogues.current()
    opening = [(room, place, _measured(catalogue.policy(room).opening)) for room, place in rooms]

    living = await stats(office).figures(asked)

    naive = counted(opening, made, asked, shut)
    compare(living, naive, [room for room, _ in rooms])
    assert living.usual_hours
    some = await archived(office, 34)
    assert 0 < some < len(made)
    mixed = await stats(office).figures(asked)
    assert mixed == living
    assert await archived(office, 7) > 0
    assert await stats(office).figures(asked) == living


async def closed(
    office: Office, ids: set[Any], chance: random.Random, first: date, *, place: Location | None = None
) -> tuple[set[Any], datetime, datetime]:
    """Close a room or a location by chance, for hours or days, and return what was closed when."""
    since = datetime.combine(first - timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    since += chance.randrange(0, 9 * 1440, 5) * MINUTE
    until = since + chance.choice([90, 300, 1500, 3000]) * MINUTE
    column, scope = ("location_id", place.id) if place else ("room_id", next(iter(ids)))
    await office.damage(
        f"INSERT INTO closures (tenant_id, id, {column}, start_time, end_time)"
        f" VALUES ('{office.db.tenant}', gen_random_uuid(), '{scope}', '{since}', '{until}')"
    )
    return ids, since, until


def _apart(made: list[Made]) -> list[Made]:
    """Leave out what would overlap in some room, which the database never lets happen."""
    kept: list[Made] = []
    for one in sorted(made, key=lambda one: one.start):
        rooms = {room.id for room in one.rooms}
        if not any(rooms & {room.id for room in other.rooms} and other.end > one.start for other in kept):
            kept.append(one)
    return kept


def _measured(opening: tuple[Opening, ...]) -> tuple[Opening, ...]:
    return USUAL_HOURS if opening == (Opening(),) * 7 else opening


async def _place(office: Office, name: str, zone: str) -> Location:
    place = Location(id=new_id(), name=name, zone=zone)

    async def work(session: WriteSession) -> None:
        await session.run(
            "INSERT INTO locations (tenant_id, id, name, zone) VALUES ($1, $2, $3, $4)",
            *(session.tenant, place.id, name, zone),
        )

    await office.db.write(work, repeatable=True)
    office.catalogues.forget()
    return place
