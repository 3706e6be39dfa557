"""What is counted of meetings, against a naive count: who came, what was given back and taken again, lead, people, teams."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core.ids import new_id
from core.models import Actor, Room
from core.stats import LEAD_BORDERS, SMALLEST_TEAM, Asked, Figures
from tests.core.office import Office
from tests.core.test_stats import HELD, MINUTE, Made, archived, asks_for_check_in, booking, put, stats

FIRST = date(2040, 7, 2)
NOON = datetime(2040, 7, 2, 12, tzinfo=UTC)
FORTNIGHT = Asked(first=FIRST, last=FIRST + timedelta(days=13))


@pytest.fixture(autouse=True)
def later(office: Office) -> None:
    """It is autumn: all of it is over."""
    office.clock.set(datetime(2040, 10, 1, tzinfo=UTC))


async def berlin(office: Office, made: list[Made]) -> Figures:
    """Return the figures of a fortnight in Berlin."""
    await put(office, *made)
    return await stats(office).figures(Asked(first=FIRST, last=FORTNIGHT.last, location=office.berlin))


def within(made: list[Made], office: Office) -> list[Made]:
    """Return what begins in the fortnight, by Berlin's clock."""
    zone = office.berlin.tz
    return [one for one in made if FIRST <= one.start.astimezone(zone).date() <= FORTNIGHT.last]


def some_meetings(office: Office, room: Room, chance: random.Random, people: list[Actor]) -> list[Made]:
    """Return meetings of three weeks, one after the other, of all kinds."""
    made, moment = [], NOON - timedelta(days=4)
    while moment < NOON + timedelta(days=17):
        moment += chance.randrange(0, 400, 5) * MINUTE
        minutes = chance.choice([30, 60, 90, 300])
        status = chance.choice(["ended", "ended", "ended", "confirmed", "checked_in", "released", "cancelled", "declined"])
        came = status == "checked_in" or (status == "ended" and chance.random() < 0.6)
        lead = chance.choice([5, 14, 16, 45, 300, 3000, 20_000, 60_000]) * MINUTE
        kept = {"released": 10, "cancelled": -chance.choice([60, 2000])}.get(status, chance.choice([minutes, 20]))
        one = booking(
            room,
            start=moment,
            minutes=minutes,
            status=status,
            person=chance.choice(people).person_id,
            people=chance.randrange(1, room.capacity + 1),
            created_at=moment - lead,
            updated_at=moment + kept * MINUTE,
            checked_in_at=moment + 3 * MINUTE if came else None,
        )
        made.append(one)
        # Where it was given back, somebody may have it again before it would have been over.
        moment = one.till if status != "cancelled" else moment + minutes * MINUTE
    return made


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_meetings_are_counted_as_a_naive_count_does_living_or_archived(office: Office, seed: int):
    chance = random.Random(seed)
    apollo, annex = await office.room("Apollo", seats=12), await office.room("Annex", seats=4)
    await asks_for_check_in(office, apollo)
    people = [office.ana, office.bob, office.boss]
    made = [one for room in (apollo, annex) for one in some_meetings(office, room, chance, people)]

    figures = await berlin(office, made)

    begun = within(made, office)
    held = [one for one in begun if one.status in HELD]
    cancelled = [one for one in begun if one.status == "cancelled"]
    asked = [one for one in held if one.rooms[0] == apollo and _asks(one)]
    assert (figures.bookings, figures.cancelled) == (len(held), len(cancelled))
    assert figures.cancelled_late == sum(one.updated_at > one.start - timedelta(days=1) for one in cancelled)
    assert (figures.came.asked, figures.came.came) == (len(asked), sum(one.checked_in_at is not None for one in asked))
    assert figures.came.released == sum(one.status == "released" for one in asked)
    assert figures.came.asked_minutes == sum((one.end - one.start) / MINUTE for one in asked)
    assert figures.came.used_minutes == sum((one.till - one.start) / MINUTE for one in asked if one.checked_in_at)
    leads = Counter(bisect_right(LEAD_BORDERS, (one.start - one.created_at).total_seconds()) for one in held)
    assert figures.leads == tuple(leads[step] for step in range(5))
    by_room = {one.room.id: one for one in figures.rooms}
    for room in (apollo, annex):
        assert by_room[room.id].people == Counter(one.people for one in held if one.rooms[0] == room)
    assert _freed(figures) == (_naive_freed(made, office, "released"), _naive_freed(made, office, "ended"))
    assert figures.released.again + figures.ended_early.again > 0
    assert await archived(office, 85) > 0
    again = await stats(office).figures(Asked(first=FIRST, last=FORTNIGHT.last, location=office.berlin))
    assert again == figures


def _asks(one: Made) -> bool:
    """Tell whether the meeting was short enough, and booked early enough, to ask for a check-in."""
    return one.end - one.start <= timedelta(minutes=240) and one.created_at <= one.start - timedelta(minutes=15)


def _freed(figures: Figures) -> tuple[tuple[int, float, float], ...]:
    return tuple((one.times, one.minutes, one.again) for one in (figures.released, figures.ended_early))


def _naive_freed(made: list[Made], office: Office, status: str) -> tuple[int, float, float]:
    zone = office.berlin.tz
    begins = datetime.combine(FIRST, datetime.min.time(), tzinfo=zone).astimezone(UTC)
    ends = datetime.combine(FORTNIGHT.last + timedelta(days=1), datetime.min.time(), tzinfo=zone).astimezone(UTC)
    times, minutes, again = 0, 0.0, 0.0
    for one in made:
        s, e = max(one.till, begins), min(one.end, ends)
        if one.status != status or one.till >= one.end or s >= e or one.till >= ends or one.end <= begins:
            continue
        times, minutes = times + 1, minutes + (e - s) / MINUTE
        for other in made:
            if other.status in HELD and other.rooms == one.rooms and s <= other.start < e and other is not one:
                again += (min(other.till, e) - other.start) / MINUTE
    return times, minutes, again


async def test_meetings_across_the_edges_count_where_they_begin_and_fill_both_sides(office: Office):
    room = await office.room("Apollo")
    zone = office.berlin.tz
    midnight = datetime.combine(FIRST, datetime.min.time(), tzinfo=zone)
    over = booking(room, start=midnight - timedelta(hours=1), minutes=180, person=office.ana.person_id)
    await put(office, over)

    before = await stats(office).figures(Asked(first=FIRST - timedelta(days=1), last=FIRST - timedelta(days=1)))
    after = await stats(office).figures(Asked(first=FIRST, last=FIRST))

    assert (before.bookings, before.use.booked) == (1, 60)
    assert (after.bookings, after.use.booked) == (0, 120)


async def test_a_divisible_room_fills_its_parts_and_counts_once_in_the_whole(office: Office):
    hall, east, west = [await office.room(name) for name in ("Hall", "East", "West")]
    for part in (east, west):
        await office.damage(
            f"INSERT INTO room_parts (tenant_id, whole_id, part_id) VALUES ('{office.db.tenant}', '{hall.id}', '{part.id}')"
        )
    office.catalogues.forget()
    person = office.ana.person_id
    whole = booking(hall, start=NOON, minutes=60, person=person)
    part = booking(east, start=NOON + timedelta(hours=2), minutes=30, person=person)

    figures = await berlin(office, [whole, part])

    by_name = {one.room.name: one.use.booked for one in figures.rooms}
    assert by_name == {"Hall": 60, "East": 90, "West": 60}
    # The hall is nothing besides its parts: two rooms were open, and an hour of both and half an hour of one were booked.
    assert figures.use.booked == 150
    assert figures.use.open == 2 * 10 * 10 * 60
    assert figures.bookings == 2


async def test_a_booking_of_two_rooms_is_one_meeting_that_fills_both(office: Office):
    apollo, annex = await office.room("Apollo"), await office.room("Annex")
    figures = await berlin(office, [booking(apollo, annex, start=NOON, minutes=60, person=office.ana.person_id)])
    assert (figures.bookings, figures.use.booked) == (1, 120)
    of_annex = await stats(office).figures(Asked(first=FIRST, last=FIRST, room=annex))
    assert (of_annex.bookings, of_annex.use.booked) == (1, 60)


async def test_days_that_are_not_over_and_offices_without_rooms_give_nothing(office: Office):
    nothing = await stats(office).figures(FORTNIGHT)
    assert (nothing.use.open, nothing.use.share, nothing.bookings, nothing.rooms) == (0, 0, 0, ())
    await office.room("Apollo")
    today = office.clock.now().date()
    ahead = await stats(office).figures(Asked(first=today, last=today + timedelta(days=30)))
    assert (ahead.use.open, ahead.bookings) == (0, 0)
    partly = await stats(office).figures(Asked(first=today - timedelta(days=1), last=today + timedelta(days=30)))
    assert partly.last == today - timedelta(days=1)


async def test_a_holiday_is_no_open_time_and_what_is_booked_then_lies_outside(office: Office):
    room = await office.room("Apollo")
    await office.damage(
        "INSERT INTO holidays (tenant_id, id, location_id, on_date, name, closed)"
        f" VALUES ('{office.db.tenant}', gen_random_uuid(), '{office.berlin.id}', '2040-07-02', 'Founders', true)"
    )
    office.catalogues.forget()
    figures = await berlin(office, [booking(room, start=NOON, minutes=60, person=office.ana.person_id)])
    assert (figures.use.open, figures.use.inside, figures.use.booked) == (9 * 10 * 60, 0, 60)


async def test_teams_are_told_from_five_members_on_and_nobody_by_name(office: Office):
    room = await office.room("Apollo")
    crew = [await office.actor(f"crew{number}") for number in range(SMALLEST_TEAM)]
    await _team(office, "Crew", crew)
    await _team(office, "Pair", crew[:2])
    made = [booking(room, start=NOON + timedelta(hours=n), minutes=30, person=crew[n].person_id) for n in range(3)]
    figures = await berlin(office, made)
    [team] = figures.teams
    assert (team.name, team.members, team.bookings, team.minutes) == ("Crew", 5, 3, 90)
    assert "crew0" not in repr(figures)


async def _team(office: Office, name: str, people: list[Actor]) -> None:
    group = new_id()

    async def work(session: Any) -> None:
        await session.run("INSERT INTO groups (tenant_id, id, name) VALUES ($1, $2, $3)", session.tenant, group, name)
        await session.run_many(
            "INSERT INTO group_members (tenant_id, group_id, person_id) VALUES ($1, $2, $3)",
            [(session.tenant, group, one.person_id) for one in people],
        )

    await office.db.write(work, repeatable=True)
