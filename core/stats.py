"""The figures: how rooms were used over whole days, from living and archived bookings alike.

Everything is added up by the database (`stats_sql`) and put together here. Days count by each room's own clock, and only
those that are over. Nobody is named: teams are told from `SMALLEST_TEAM` members on, people never. Kept out: words, plots.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from core import stats_life, stats_sql
from core.catalogue import Catalogue, Catalogues
from core.clock import Clock
from core.db import Database, ReadSession
from core.models import Location, Room
from core.reading import elsewhere
from core.stats_hours import USUAL_HOURS, Hours, changes, measured_by, midnight, open_minutes, shut_minutes
from core.stats_life import Lives, Span, merged

T = TypeVar("T")
Row = Mapping[str, Any]

# How long before its start something was booked, in seconds: the borders between the steps of `LEADS`.
LEAD_BORDERS = (3600.0, 86400.0, 7 * 86400.0, 28 * 86400.0)
LEADS = ("under an hour", "an hour to a day", "a day to a week", "one to four weeks", "over four weeks")
# In a smaller one, its figures are those of a person.
SMALLEST_TEAM = 5
ONE_DAY = timedelta(days=1)
LONGEST_DAYS = 3 * 366
AT_ONCE = 3
# The planner thinks them so dear that it would compile them, which takes longer than running them; and it would rather sort
# a year than look up what is few. Three of them at once leave no processor for helpers.
# A large statement may take that long; on a copy of the database as well.
_SECONDS = 60
_PATIENCE = f"""
SET LOCAL statement_timeout = '{_SECONDS}s'; SET LOCAL work_mem = '96MB'; SET LOCAL jit = off;
SET LOCAL enable_mergejoin = off; SET LOCAL max_parallel_workers_per_gather = 0
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What figures are about: the days from `first` to `last`, both included; one location, one room, or everything."""

    first: date
    last: date
    location: Location | None = None
    room: Room | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """Minutes that could be booked, that were within them, and that were at all."""

    open: float = 0
    inside: float = 0
    booked: float = 0

    @property
    def share(self) -> float:
        """How much of the open time was booked, 0 to 1."""
        return self.inside / self.open if self.open else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Came:
    """Bookings that asked for a check-in: how many, to how many somebody came, how many were released; in minutes too."""

    asked: int = 0
    came: int = 0
    released: int = 0
    asked_minutes: float = 0
    used_minutes: float = 0

    @property
    def missed(self) -> int:
        """To how many nobody came."""
        return self.asked - self.came

    @property
    def missed_share(self) -> float:
        """The share to which nobody came, 0 to 1."""
        return self.missed / self.asked if self.asked else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Freed:
    """What was given back while it lasted: how often, minutes, and those of them that somebody booked again."""

    times: int = 0
    minutes: float = 0
    again: float = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class RoomFigures:
    """One room's figures. `people` counts bookings by number of people, `weekdays` is Monday first."""

    room: Room
    location: Location
    use: Use
    weekdays: tuple[Use, ...]
    bookings: int
    cancelled: int
    came: Came
    people: Mapping[int, int]

    @property
    def seats_filled(self) -> float:
        """Seats that were asked for, of those that the bookings held, 0 to 1."""
        held = self.room.capacity * sum(self.people.values())
        return sum(people * times for people, times in self.people.items()) / held if held else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Lacking:
    """How often somebody was refused for one reason: `what` as `demand.Lack` has it, `detail` the amenity or rule."""

    what: str
    detail: str | None
    location_id: UUID | None
    times: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TeamFigures:
    """What the members of a team booked; whoever belongs to two counts for both."""

    name: str
    members: int
    bookings: int
    minutes: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """All figures of what was asked. `hours` is by (weekday, hour of the local clock), Monday is 0.

    `last` is the last whole day in it that was over everywhere; `usual_hours` tells that some rooms have no hours of
    their own and were measured by the usual ones. Leads count bookings in the steps of `LEADS`.
    """

    asked: Asked
    first: date
    last: date
    use: Use
    hours: Mapping[tuple[int, int], Use]
    rooms: tuple[RoomFigures, ...]
    locations: tuple[tuple[Location, Use], ...]
    bookings: int
    cancelled: int
    cancelled_late: int
    came: Came
    released: Freed
    ended_early: Freed
    leads: tuple[int, ...]
    lacking: tuple[Lacking, ...]
    teams: tuple[TeamFigures, ...]
    usual_hours: bool

    @property
    def weekdays(self) -> tuple[Use, ...]:
        """The use by weekday, Monday first."""
        return tuple(_total(use for (day, _), use in self.hours.items() if day == weekday) for weekday in range(7))

    @property
    def clock(self) -> Mapping[int, Use]:
        """The use by hour of the day."""
        return {hour: _total(use for (_, at), use in self.hours.items() if at == hour) for hour in range(24)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """A room for which the bookings of a room count: itself, or a part of it. `hours` is a number among all hours."""

    booked: Room
    room: Room
    hours: int
    in_total: bool


@dataclass(kw_only=True)
class _Ground:
    """What is measured: rooms, for which others' bookings count too, and by which hours."""

    asked: Asked
    rooms: tuple[Room, ...]
    hours: list[Hours] = field(default_factory=list)
    counted: list[Counted] = field(default_factory=list)
    by_room: dict[UUID, int] = field(default_factory=dict)
    in_total: set[UUID] = field(default_factory=set)
    # When a room was there, but closed or out of use; holidays are among its hours.
    shut: dict[UUID, tuple[Span, ...]] = field(default_factory=dict)
    # What a room's bookings must be like to be asked for a check-in.
    check_in: dict[UUID, dict[str, str]] = field(default_factory=dict)


class Stats:
    """Adds up figures; nothing is kept."""

    def __init__(self, db: Database, catalogues: Catalogues, clock: Clock, *, at_once: int = AT_ONCE) -> None:
        """`at_once` is how many connections of the pool it takes; two people who ask at once take turns."""
        self._db = db
        self._catalogues = catalogues
        self._clock = clock
        self._turns = asyncio.Semaphore(at_once)

    async def figures(self, asked: Asked) -> Figures:
        """Return all figures of what is asked; days that are not over are left out."""
        catalogue = await self._catalogues.current()
        asked = _until_yesterday(asked, catalogue, self._clock.now())
        lives, several = await asyncio.gather(
            self._read(lambda session: stats_life.lives(session, *_widest(asked))),
            self._read(lambda session: session.value(stats_sql.SEVERAL, session.tenant, *_widest(asked))),
        )
        ground = _ground(asked, catalogue, lives)
        own = [one for one in enumerate(ground.counted) if one[1].booked == one[1].room]
        pieces, bookings, freed, lacking, teams = await asyncio.gather(
            self._rows(stats_sql.pieces(several=several), ground, list(enumerate(ground.counted))),
            self._rows(stats_sql.bookings(several=several), ground, own, list(LEAD_BORDERS)),
            self._rows(stats_sql.freed(several=several), ground, own),
            self._read(lambda session: _lacking(session, ground)),
            self._read(lambda session: session.all(stats_sql.TEAMS, session.tenant, SMALLEST_TEAM)),
        )
        return _Sums(catalogue, ground, lives, pieces, bookings, freed).figures(lacking, teams)

    async def _rows(self, sql: str, ground: _Ground, counted: Sequence[tuple[int, Counted]], *more: object) -> list[Any]:
        """Run one of the large statements: it may take longer than a request, and more memory."""
        starts, ends = _span(ground)

        async def work(session: ReadSession) -> list[Any]:
            return list(await session.all(sql, session.tenant, _as_json(ground, counted), starts, ends, *more))

        async with self._turns:
            return await self._db.report(work, settings=_PATIENCE, seconds=_SECONDS)

    async def _read(self, work: Callable[[ReadSession], Awaitable[T]]) -> T:
        async with self._turns:
            with elsewhere():
                return await self._db.read(work)


def _until_yesterday(asked: Asked, catalogue: Catalogue, now: datetime) -> Asked:
    """Leave out the days that are not over at every place that is asked about."""
    places = [asked.location] if asked.location else list(catalogue.locations)
    if asked.room:
        places = [catalogue.place_of(asked.room)]
    over = min((now.astimezone(place.tz).date() - ONE_DAY for place in places if place), default=now.date() - ONE_DAY)
    last = min(asked.last, over)
    # Where none is over yet, none is left: then every figure is nothing.
    first = min(max(asked.first, last - timedelta(days=LONGEST_DAYS)), last + ONE_DAY)
    return Asked(first=first, last=last, location=asked.location, room=asked.room)


def _widest(asked: Asked) -> tuple[datetime, datetime]:
    """Return a time that holds the days that are asked about on every clock."""
    zone = ZoneInfo("UTC")
    return midnight(asked.first - ONE_DAY, zone), midnight(asked.last + 2 * ONE_DAY, zone)


def _measured(asked: Asked, catalogue: Catalogue, lives: Lives) -> tuple[Room, ...]:
    """Return the rooms that were in use at some time of the days that are asked about."""
    if asked.room:
        return (asked.room,)
    found, (starts, ends) = [], _widest(asked)
    for room in catalogue.rooms:
        if asked.location is None or room.location_id == asked.location.id:
            unused = merged([*lives.unused.get(room.id, ()), *lives.unused.get(room.location_id, ())])
            if not any(since <= starts and until >= ends for since, until in unused):
                found.append(room)
    return tuple(found)


def _ground(asked: Asked, catalogue: Catalogue, lives: Lives) -> _Ground:
    """Return what is to be measured. A divisible room's bookings fill its parts; only parts count for the whole office."""
    rooms = _measured(asked, catalogue, lives)
    ground = _Ground(asked=asked, rooms=rooms)
    known: dict[Hours, int] = {}
    closed: dict[tuple[Any, ...], frozenset[date]] = {}
    wanted = {room.id for room in rooms}
    for room in rooms:
        hours = _hours(room, catalogue, asked, closed)
        number = known.setdefault(hours, len(known))
        ground.by_room[room.id] = number
        ground.shut[room.id] = lives.shut(room, catalogue)
        if wants := catalogue.policy(room).check_in:
            ground.check_in[room.id] = {"longest": f"{wants.longest} minutes", "notice": f"{wants.notice} minutes"}
        in_total = not (room.parts and room.parts <= wanted)
        if in_total:
            ground.in_total.add(room.id)
        ground.counted.append(Counted(booked=room, room=room, hours=number, in_total=in_total))
    for whole in catalogue.rooms:
        for part_id in whole.parts & wanted:
            part = catalogue.room(part_id)
            ground.counted.append(Counted(booked=whole, room=part, hours=ground.by_room[part_id], in_total=True))
    ground.hours = list(known)
    return ground


def _hours(room: Room, catalogue: Catalogue, asked: Asked, known: dict[tuple[Any, ...], frozenset[date]]) -> Hours:
    place, policy = catalogue.place_of(room), catalogue.policy(room)
    key = (place.id, policy.holidays_country, policy.holidays_closed)
    if key not in known:
        days = (asked.first + timedelta(days=n) for n in range((asked.last - asked.first).days + 1))
        shut = (day for day in days if catalogue.holiday(place, room, day)) if catalogue.knows_holidays(room) else ()
        known[key] = frozenset(shut)
    return Hours(zone=place.zone, opening=measured_by(policy.opening), closed=known[key])


def _span(ground: _Ground) -> tuple[datetime, datetime]:
    """Return the earliest and the latest moment that matters."""
    zones = [hours.tz for hours in ground.hours]
    first, after = ground.asked.first, ground.asked.last + ONE_DAY
    if not zones:
        return midnight(first, ZoneInfo("UTC")), midnight(after, ZoneInfo("UTC"))
    return min(midnight(first, zone) for zone in zones), max(midnight(after, zone) for zone in zones)


def _as_json(ground: _Ground, counted: Sequence[tuple[int, Counted]]) -> str:
    """Return what is counted, with its numbers, as the statements read it."""
    asked, shared = ground.asked, []
    days_off = [
        [(midnight(day, hours.tz), midnight(day + ONE_DAY, hours.tz)) for day in hours.closed] for hours in ground.hours
    ]
    for number, hours in enumerate(ground.hours):
        at, offsets = changes(hours.tz, asked.first, asked.last)
        shared.append(
            {
                "hours": number,
                "starts": midnight(asked.first, hours.tz).timestamp(),
                "ends": midnight(asked.last + ONE_DAY, hours.tz).timestamp(),
                "changes": [moment.timestamp() for moment in at],
                "offsets": [60 * minutes for minutes in offsets],
                "opens": [day.opens for day in hours.opening],
                "closes": [day.closes for day in hours.opening],
            }
        )
    return json.dumps(
        [
            {
                "n": number,
                "booked": str(one.booked.id),
                "room": str(one.room.id),
                "in_total": one.in_total,
                **shared[one.hours],
                **_shut(ground, one, days_off),
                **ground.check_in.get(one.booked.id, {}),
            }
            for number, one in counted
        ]
    )


def _shut(ground: _Ground, one: Counted, days_off: Sequence[Sequence[Span]]) -> dict[str, list[int]]:
    spans = merged([*days_off[one.hours], *ground.shut[one.room.id]])
    return {
        "shut_from": [round(since.timestamp()) for since, _ in spans],
        "shut_till": [round(until.timestamp()) for _, until in spans],
    }


async def _lacking(session: ReadSession, ground: _Ground) -> tuple[Lacking, ...]:
    asked = ground.asked
    place = asked.location.id if asked.location else None
    rows = await session.all(
        stats_sql.SEARCHES, session.tenant, *_span(ground), place, asked.room.id if asked.room else None
    )
    found = (
        Lacking(what=row["lacking"], detail=row["detail"], location_id=row["location_id"], times=row["times"])
        for row in rows
    )
    return tuple(sorted(found, key=lambda one: (-one.times, one.what, one.detail or "", str(one.location_id))))


class _Sums:
    """Puts together what the statements have added up."""

    def __init__(  # noqa: PLR0917 - what each statement has found
        self,
        catalogue: Catalogue,
        ground: _Ground,
        lives: Lives,
        pieces: Sequence[Row],
        bookings: Sequence[Row],
        freed: Sequence[Row],
    ) -> None:
        self._catalogue, self._ground = catalogue, ground
        self._of_day: dict[tuple[UUID, int], Use] = {}
        self._of_hour: dict[tuple[int, int, int], Row] = {}
        for row in pieces:
            if row["n"] is None:
                self._of_hour[row["hours"], row["weekday"], row["hour"]] = row
            else:
                key = (ground.counted[row["n"]].room.id, row["weekday"])
                self._of_day[key] = _total([self._of_day.get(key, Use()), _use(0, row)])
        self._rows: dict[UUID, list[Row]] = {}
        for row in bookings:
            if row["of_what"] == stats_sql.OF_ROOM:
                self._rows.setdefault(ground.counted[row["n"]].room.id, []).append(row)
        self._first = [row for rows in self._rows.values() for row in rows if row["first"]]
        self._persons = {row["person"]: row for row in bookings if row["of_what"] == stats_sql.OF_PERSON}
        self._freed = freed
        self._open = self._opened(lives)

    def _opened(self, lives: Lives) -> dict[UUID, Counter[tuple[int, int]]]:
        """Return by room when it could be booked: since it is there, or was booked before that, and was not shut."""
        ground, asked = self._ground, self._ground.asked
        whole = [open_minutes(hours, asked.first, asked.last) for hours in ground.hours]
        known: dict[tuple[Any, ...], Counter[tuple[int, int]]] = {}
        found = {}
        for room in ground.rooms:
            number = ground.by_room[room.id]
            hours = ground.hours[number]
            starts, ends = midnight(asked.first, hours.tz), midnight(asked.last + ONE_DAY, hours.tz)
            began = min((lives.began.get(room.id, starts), *self._booked_on(room, hours)))
            if began >= ends and not ground.asked.room:
                continue
            spans = merged([(starts, began), *ground.shut[room.id]] if began > starts else ground.shut[room.id])
            within = tuple(
                (max(since, starts), min(until, ends)) for since, until in spans if since < ends and until > starts
            )
            if (number, within) not in known:
                open_then = Counter(whole[number])
                open_then.subtract(shut_minutes(hours, within))
                known[number, within] = open_then
            found[room.id] = known[number, within]
        return found

    def _booked_on(self, room: Room, hours: Hours) -> list[datetime]:
        """Return when the days began on which the room was booked for the first time, for whatever reason."""
        firsts = [row["first_at"] for row in self._rows.get(room.id, []) if row["first_at"]]
        return [midnight(min(firsts).astimezone(hours.tz).date(), hours.tz)] if firsts else []

    def figures(self, lacking: tuple[Lacking, ...], teams: Sequence[Row]) -> Figures:
        ground, asked = self._ground, self._ground.asked
        rooms = tuple(self._room(room) for room in ground.rooms if room.id in self._open)
        hours = self._hours()
        # Where one room is asked about, it is that room's figures, be it the first of its bookings or not.
        whole = self._rows.get(asked.room.id, []) if asked.room else self._first
        return Figures(
            asked=asked,
            first=asked.first,
            last=asked.last,
            use=_total(hours.values()),
            hours=hours,
            rooms=tuple(sorted(rooms, key=lambda one: (-one.use.share, one.room.name.casefold()))),
            locations=self._locations(rooms),
            bookings=sum(row["bookings"] for row in whole),
            cancelled=sum(row["cancelled"] for row in whole),
            cancelled_late=sum(row["cancelled_late"] for row in whole),
            came=_came(whole),
            released=self._given_back(released=True),
            ended_early=self._given_back(released=False),
            leads=tuple(sum(row["bookings"] for row in whole if row["lead"] == step) for step in range(len(LEADS))),
            lacking=lacking,
            teams=self._teams(teams),
            usual_hours=any(one.opening == USUAL_HOURS for one in ground.hours),
        )

    def _room(self, room: Room) -> RoomFigures:
        could = self._open[room.id]
        weekdays = tuple(
            _total([Use(open=sum(could[weekday, hour] for hour in range(24))), self._of_day.get((room.id, weekday), Use())])
            for weekday in range(7)
        )
        rows = self._rows.get(room.id, [])
        people: Counter[int] = Counter()
        for row in rows:
            people[row["people"]] += row["bookings"]
        return RoomFigures(
            room=room,
            location=self._catalogue.place_of(room),
            use=_total(weekdays),
            weekdays=weekdays,
            bookings=sum(row["bookings"] for row in rows),
            cancelled=sum(row["cancelled"] for row in rows),
            came=_came(rows),
            people={count: times for count, times in sorted(people.items()) if times},
        )

    def _hours(self) -> dict[tuple[int, int], Use]:
        could: Counter[tuple[int, int]] = Counter()
        for room_id in self._ground.in_total & self._open.keys():
            could.update(self._open[room_id])
        found = {}
        for weekday in range(7):
            for hour in range(24):
                rows = [self._of_hour.get((number, weekday, hour)) for number in range(len(self._ground.hours))]
                found[weekday, hour] = _total([_use(could[weekday, hour], None), *(_use(0, row) for row in rows)])
        return found

    def _locations(self, rooms: Iterable[RoomFigures]) -> tuple[tuple[Location, Use], ...]:
        by_place: dict[UUID, list[Use]] = {}
        for one in rooms:
            if one.room.id in self._ground.in_total:
                by_place.setdefault(one.location.id, []).append(one.use)
        found = [(self._catalogue.location(place), _total(uses)) for place, uses in by_place.items()]
        return tuple(sorted(found, key=lambda one: one[0].name.casefold()))

    def _given_back(self, *, released: bool) -> Freed:
        rows = [row for row in self._freed if row["released"] == released]
        return Freed(
            times=sum(row["times"] for row in rows),
            minutes=float(sum(row["minutes"] for row in rows)),
            again=float(sum(row["again"] for row in rows)),
        )

    def _teams(self, teams: Sequence[Row]) -> tuple[TeamFigures, ...]:
        found = []
        for team in teams:
            mine = [self._persons[person] for person in team["members"] if person in self._persons]
            bookings, minutes = sum(row["bookings"] for row in mine), float(sum(row["planned"] or 0 for row in mine))
            if bookings:
                found.append(
                    TeamFigures(name=team["name"], members=len(team["members"]), bookings=bookings, minutes=minutes)
                )
        return tuple(sorted(found, key=lambda one: (-one.minutes, one.name.casefold())))


def _use(could: float, row: Row | None) -> Use:
    return Use(open=could, inside=float(row["inside"]), booked=float(row["minutes"])) if row else Use(open=could)


def _total(uses: Iterable[Use]) -> Use:
    found = list(uses)
    return Use(
        open=sum(use.open for use in found), inside=sum(use.inside for use in found), booked=sum(use.booked for use in found)
    )


def _came(rows: Sequence[Row]) -> Came:
    return Came(
        asked=sum(row["asked"] for row in rows),
        came=sum(row["came"] for row in rows),
        released=sum(row["released"] for row in rows),
        asked_minutes=float(sum(row["asked_minutes"] or 0 for row in rows)),
        used_minutes=float(sum(row["used_minutes"] or 0 for row in rows)),
    )
