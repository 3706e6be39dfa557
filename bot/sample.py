"""A made-up company to try Bookroom with: two offices in two time zones, a dozen rooms, a lived-in week of bookings.

Everything is booked through the core, by a clock that starts some days ago, so that the demo holds nothing that the
product would not have let in.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from bot import sample_office
from core.bookings import Bookings
from core.catalogue import Catalogue, Catalogues
from core.clock import SetClock
from core.db import Database
from core.errors import BookingError
from core.models import Person, Room, Slot, Wish
from core.people import People
from core.planning import Planning
from core.presence import Presence
from core.rooms import Rooms, parse_csv
from core.search import Search
from core.series import Series
from core.series_values import SeriesWish
from core.subscriptions import KINDS, Subscriptions
from handlers.people import profile_of
from handlers.requests import Sender

DAYS_BACK, DAYS_AHEAD = 3, 8
# The same week at every first start, whatever the date: a screenshot in the documentation stays true.
SEED = 20

ROOMS = """name,capacity,location,zone,floor,amenities,setup_minutes,teardown_minutes
Apollo,8,New York,America/New_York,3,projector;whiteboard,0,0
Big Ben,12,New York,America/New_York,3,video;whiteboard,0,0
Boardroom,20,New York,America/New_York,5,projector;video;catering,15,15
Corner,4,New York,America/New_York,2,tv,0,0
Hall A,20,New York,America/New_York,1,whiteboard,0,0
Hall B,20,New York,America/New_York,1,whiteboard,0,0
Hall,40,New York,America/New_York,1,whiteboard;stage,30,30
Hudson,10,New York,America/New_York,4,projector;video,0,0
Skylight,6,New York,America/New_York,5,tv;whiteboard,0,0
Studio,6,New York,America/New_York,5,video;microphones,0,0
Zen,1,New York,America/New_York,2,phone,0,0
Kiez,4,Berlin,Europe/Berlin,1,tv,0,0
Mauerpark,8,Berlin,Europe/Berlin,2,video;tv,0,0
Spree,6,Berlin,Europe/Berlin,1,projector;whiteboard,0,0
Telefon,1,Berlin,Europe/Berlin,1,phone,0,0
Tempelhof,14,Berlin,Europe/Berlin,3,projector;video;whiteboard,0,0
"""

BYDAY = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# How long the made-up company's regular meetings go on.
WEEKS = 6
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OPEN_ALL_WEEK = {day: ["07:00", "21:00"] for day in WEEK}
BOARDROOM_HOURS = {day: ["08:00", "18:00"] for day in WEEK}

# Small rooms that everybody wants, in which somebody must be seen.
CHECK_IN = ("Corner", "Hudson", "Skylight", "Kiez", "Mauerpark")

# What the first line of the demo asks for must be there to be had.
KEPT_FREE = {"Apollo": (time(13, 0), time(17, 0)), "Hudson": (time(13, 0), time(17, 0))}


@dataclass(frozen=True)
class Meeting:
    """A meeting of the made-up company: `starts` on these weekdays (Monday is 0) in a room, for so long."""

    title: str
    room: str
    weekdays: tuple[int, ...]
    starts: str
    minutes: int
    booker: str
    people: int
    guests: tuple[str, ...] = ()
    private: bool = False


WORKDAYS = (0, 1, 2, 3, 4)
MEETINGS = (
    Meeting("Stand-up", "Skylight", WORKDAYS, "09:15", 15, "ben", 6, ("deepa",)),
    Meeting("Design review", "Apollo", (1, 3), "10:00", 60, "ana", 5, ("ben", "chloe")),
    Meeting("Sprint planning", "Big Ben", (0,), "10:00", 120, "deepa", 9, ("ana", "ben")),
    Meeting("Retrospective", "Big Ben", (4,), "15:00", 60, "deepa", 9, ("ana", "ben")),
    Meeting("Candidate interview", "Corner", (2, 3), "11:00", 60, "ana", 3, (), private=True),
    Meeting("Board prep", "Boardroom", (2,), "09:30", 90, "ana", 12, ("olga",)),
    Meeting("Customer call", "Hudson", (1, 4), "11:00", 45, "ben", 6),
    Meeting("Budget", "Boardroom", (4,), "13:00", 60, "deepa", 8),
    Meeting("One to one", "Corner", (0, 2), "16:00", 30, "deepa", 2, ("ben",), private=True),
    Meeting("Lunch and learn", "Big Ben", (3,), "12:00", 60, "ben", 12),
    Meeting("Stand-up", "Kiez", WORKDAYS, "09:30", 15, "fatima", 4, ("erik", "chloe")),
    Meeting("Roadmap", "Tempelhof", (1,), "10:00", 90, "chloe", 10, ("erik", "fatima")),
    Meeting("Lab demo", "Spree", (2, 4), "14:00", 60, "erik", 5, ("fatima",)),
    Meeting("Customer call", "Mauerpark", (0, 3), "15:00", 60, "fatima", 6),
    Meeting("Salary talks", "Kiez", (3,), "13:00", 45, "olga", 2, (), private=True),
    Meeting("All hands", "Tempelhof", (4,), "16:00", 60, "olga", 14, ("chloe", "erik", "fatima")),
)
ALONE = ("Phone call", "Focus", "Interview by phone", None)
PASSING = ("Quick sync", "Bug triage", "Call with a supplier", "Working session", "Pairing", None, None)


async def seed(db: Database, company: Mapping[str, Any], *, now: datetime) -> bool:
    """Fill an empty database with the sample company; return False and change nothing where there are rooms already.

    `company` is the sandbox's company: its team and users.
    """
    catalogues = Catalogues(db)
    if (await catalogues.current()).rooms:
        return False
    rooms = Rooms(db, catalogues)
    await rooms.import_rows(parse_csv(ROOMS))
    catalogue = await catalogues.current()
    await rooms.set_policy(opening=OPEN_ALL_WEEK)
    await rooms.set_policy(room_id=_named(catalogue, "Boardroom").id, opening=BOARDROOM_HOURS)
    for name in CHECK_IN:
        await rooms.set_policy(room_id=_named(catalogue, name).id, check_in=True)
    await sample_office.furnish(db, catalogues)
    people = await _people(db, company)
    first = now.astimezone(ZoneInfo("America/New_York")).date() - timedelta(days=DAYS_BACK)
    await sample_office.past(db, catalogues, people, now=now, until=first)
    await _week(db, catalogues, people, now=now)
    await sample_office.approve(db, catalogues, people)
    await _answers(db, catalogues, people, now=now)
    await _channels(db, catalogues, company, people, now=now)
    # What the made-up company booked last week is nobody's news today.
    await Planning(db, catalogues, SetClock(now)).start_from_now()
    return True


async def _people(db: Database, company: Mapping[str, Any]) -> dict[str, Person]:
    team = str(company["team"]["id"])
    known = People(db)
    await known.team(team, name=company["team"].get("name"))
    humans = [user for user in company["users"] if not user.get("is_bot")]
    return {user["name"]: await known.seen(profile_of(user, Sender(team_id=team, user_id=user["id"]))) for user in humans}


async def _week(db: Database, catalogues: Catalogues, people: Mapping[str, Person], *, now: datetime) -> None:
    clock = SetClock(now - timedelta(days=DAYS_BACK + 1))
    search = Search(db, catalogues, clock)
    bookings = Bookings(db, catalogues, search, clock)
    catalogue = await catalogues.current()
    today = now.astimezone(ZoneInfo("America/New_York")).date()
    days = [today + timedelta(days=offset) for offset in range(-DAYS_BACK, DAYS_AHEAD)]
    busy: dict[UUID, list[Slot]] = {}
    series = Series(db, catalogues, search, clock)
    for meeting in MEETINGS:
        if meeting.booker in people:
            booked = await series.book(
                _repeated(catalogue, people, meeting, days), by=people[meeting.booker].acting("sample")
            )
            for person_id, slots in sample_office.busy_of(booked.bookings).items():
                busy.setdefault(person_id, []).extend(slots)
    for person, wish in _passing(catalogue, people, days):
        elsewhere = any(wish.slot.overlaps(slot) for slot in busy.get(person.id, ()))
        if elsewhere or _kept_free(catalogue, wish, today + timedelta(days=1)):
            continue
        try:
            await bookings.book(wish, by=person.acting("sample"))
        except BookingError:
            continue  # two made-up meetings met; one of them stays at its desk
        for one in (person.id, *wish.invitees):
            busy.setdefault(one, []).append(wish.slot)


async def _answers(db: Database, catalogues: Catalogues, people: Mapping[str, Person], *, now: datetime) -> None:
    """Let some say whether they come to what is ahead."""
    clock, chance = SetClock(now), random.Random(SEED)  # noqa: S311 - made-up answers
    search = Search(db, catalogues, clock)
    bookings, presence = Bookings(db, catalogues, search, clock), Presence(db, catalogues, search, clock)
    for person in people.values():
        actor = person.acting("sample")
        for booking in await bookings.mine(actor, limit=50):
            invited = any(attendee.person_id == person.id for attendee in booking.attendees)
            if invited and booking.start > now and chance.random() < 0.6:
                await presence.respond(booking.id, by=actor, going=chance.random() < 0.85)


async def _channels(
    db: Database, catalogues: Catalogues, company: Mapping[str, Any], people: Mapping[str, Person], *, now: datetime
) -> None:
    """Let New York's channel hear of its rooms as things happen; its own people asked for it."""
    place = next(place for place in (await catalogues.current()).locations if place.name == "New York")
    channel = next((channel for channel in company["channels"] if channel["name"] == "new-york"), None)
    if channel is None or "ana" not in people:
        return
    await Subscriptions(db, catalogues, SetClock(now)).save(
        None,
        team_id=str(company["team"]["id"]),
        channel_id=str(channel["id"]),
        location_id=place.id,
        room_id=None,
        kinds=KINDS,
        digest_at=None,
        zone=place.zone,
        by=people["ana"].acting("sample"),
    )


def _repeated(catalogue: Catalogue, people: Mapping[str, Person], meeting: Meeting, days: Sequence[date]) -> SeriesWish:
    """Return a meeting of the week as a series for some weeks."""
    room = _named(catalogue, meeting.room)
    weekdays = ",".join(BYDAY[day] for day in meeting.weekdays)
    return SeriesWish(
        first_on=days[0],
        clock=time.fromisoformat(meeting.starts),
        minutes=meeting.minutes,
        zone=catalogue.place_of(room).zone,
        rule=f"FREQ=WEEKLY;BYDAY={weekdays};COUNT={WEEKS * len(meeting.weekdays)}",
        attendees_count=meeting.people,
        room_id=room.id,
        title=meeting.title,
        private=meeting.private,
        invitees=tuple(people[name].id for name in meeting.guests if name in people),
    )


def _passing(catalogue: Catalogue, people: Mapping[str, Person], days: Sequence[date]) -> list[tuple[Person, Wish]]:
    """Return what people book from day to day, a few a room and weekday."""
    chance = random.Random(SEED)  # noqa: S311 - made-up meetings
    staff = [person for person in people.values() if not person.guest]
    found = []
    for room in catalogue.rooms:
        place = catalogue.place_of(room)
        near = [person for person in staff if person.zone == place.zone] or staff
        for day in days:
            for hour in chance.sample(range(8, 18), 2 if day.weekday() < 5 else 0):
                start = _moment(day, time(hour, chance.choice((0, 0, 30))), catalogue, room)
                wish = Wish(
                    slot=Slot(start=start, end=start + timedelta(minutes=chance.choice((30, 30, 45, 60)))),
                    attendees_count=chance.randint((room.capacity + 1) // 2, room.capacity),
                    room_id=room.id,
                    title=chance.choice(ALONE if room.capacity == 1 else PASSING),
                )
                found.append((chance.choice(near), wish))
    return found


def _kept_free(catalogue: Catalogue, wish: Wish, tomorrow: date) -> bool:
    """Tell whether the wish would take what the demo's first line is to find."""
    assert wish.room_id is not None
    room = catalogue.room(wish.room_id)
    if room.name not in KEPT_FREE:
        return False
    begins, ends = (_moment(tomorrow, at, catalogue, room) for at in KEPT_FREE[room.name])
    return wish.slot.overlaps(Slot(start=begins, end=ends))


def _moment(day: date, at: time, catalogue: Catalogue, room: Room) -> datetime:
    return datetime.combine(day, at, tzinfo=catalogue.place_of(room).tz).astimezone(UTC)


def _named(catalogue: Catalogue, name: str) -> Room:
    return next(room for room in catalogue.rooms if room.name == name)
