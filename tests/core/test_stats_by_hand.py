"""A little office whose figures are worked out by hand: every number here can be checked with a pencil."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from core.ids import new_id
from core.models import Location, Room
from core.stats import Asked, Figures, Freed
from tests.core.office import Office
from tests.core.test_stats import Made, archived, booking, opens, put, stats
from tests.core.test_stats import _place as place_named

# Monday 2 July 2040 to Sunday: Berlin is two hours ahead of UTC, New York four behind. The Wednesday is a holiday there.
WEEK = Asked(first=date(2040, 7, 2), last=date(2040, 7, 8))
MON, TUE, WED, THU, FRI = (date(2040, 7, day) for day in range(2, 7))
BERLIN_HOURS = {**{day: ["09:00", "17:00"] for day in ("mon", "tue", "wed", "thu")}, "fri": ["09:00", "15:00"]}


def moment(place: Location, day: date, clock: float) -> datetime:
    return datetime.combine(day, datetime.min.time(), tzinfo=place.tz) + timedelta(hours=clock)


class Company:
    """Berlin with five rooms, of which two make up a hall, and New York with one."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.rooms: dict[str, Room] = {}
        self.made: list[Made] = []

    async def furnish(self) -> None:
        office, tenant = self.office, self.office.db.tenant
        self.berlin, self.york = office.berlin, await place_named(office, "New York", "America/New_York")
        for name, seats in (("Apollo", 6), ("Annex", 4), ("Cellar", 4), ("East", 8), ("Hall", 16), ("West", 8)):
            self.rooms[name] = await office.room(name, seats=seats)
            await opens(office, self.rooms[name], **BERLIN_HOURS)
        self.rooms["Hudson"] = await office.room("Hudson", place=self.york)
        await asks_for_check_in_too(office, self.rooms["Apollo"])
        ids = {name: room.id for name, room in self.rooms.items()}
        await office.damage(
            f"""
            INSERT INTO room_parts (tenant_id, whole_id, part_id)
                VALUES ('{tenant}', '{ids["Hall"]}', '{ids["East"]}'), ('{tenant}', '{ids["Hall"]}', '{ids["West"]}');
            -- The annex is there from Wednesday noon on; the cellar is given up on Thursday at one.
            UPDATE rooms SET created_at = '{moment(self.berlin, WED, 12)}' WHERE id = '{ids["Annex"]}';
            UPDATE rooms SET active = false WHERE id = '{ids["Cellar"]}';
            INSERT INTO changes (tenant_id, id, subject, subject_id, action, actor_name, surface, before, after, happened_at)
                VALUES ('{tenant}', gen_random_uuid(), 'room', '{ids["Cellar"]}', 'taken out of use', 'Ana', 'slack',
                    '{{"active": true}}', '{{"active": false}}', '{moment(self.berlin, THU, 13)}');
            -- Apollo was to be closed all Monday, and was opened again at ten; Tuesday's closure was lifted before it began.
            INSERT INTO closures (tenant_id, id, room_id, start_time, end_time, lifted_at) VALUES
                ('{tenant}', gen_random_uuid(), '{ids["Apollo"]}', '{moment(self.berlin, MON, 8)}',
                    '{moment(self.berlin, MON, 20)}', '{moment(self.berlin, MON, 10)}'),
                ('{tenant}', gen_random_uuid(), '{ids["Apollo"]}', '{moment(self.berlin, TUE, 8)}',
                    '{moment(self.berlin, TUE, 20)}', '{moment(self.berlin, MON, 10)}');
            -- New York is shut from Thursday at two until Friday at ten.
            INSERT INTO closures (tenant_id, id, location_id, start_time, end_time) VALUES
                ('{tenant}', gen_random_uuid(), '{self.york.id}', '{moment(self.york, THU, 14)}',
                    '{moment(self.york, FRI, 10)}');
            INSERT INTO holidays (tenant_id, id, location_id, on_date, name, closed)
                VALUES ('{tenant}', gen_random_uuid(), '{self.york.id}', '2040-07-04', 'Independence Day', true)
            """
        )
        office.catalogues.forget()

    def meet(self, names: str, day: date, start: float, end: float, *, until: float | None = None, **other: Any) -> Made:
        """Add a meeting by the clock of its room; `until` is when it was given back."""
        rooms = [self.rooms[name] for name in names.split()]
        place = self.york if names == "Hudson" else self.berlin
        begins = moment(place, day, start)
        if until is not None:
            other["updated_at"] = moment(place, day, until)
        one = booking(*rooms, start=begins, minutes=60 * (end - start), person=self.office.ana.person_id, **other)
        self.made.append(one)
        return one

    async def meetings(self) -> None:
        came = moment(self.berlin, MON, 10)
        self.meet("Apollo", MON, 10, 12, people=3, checked_in_at=came)
        self.meet("Apollo", TUE, 16, 18)
        self.meet("Apollo", WED, 9, 10, status="pending")
        self.meet("Apollo", WED, 10, 11, status="declined")
        self.meet("Apollo", WED, 11, 12, status="cancelled", until=10)
        self.meet("Apollo Annex", THU, 10, 11)
        self.meet("Apollo", FRI, 9, 11, status="released", until=9.25)
        self.meet("Apollo", FRI, 9.5, 10.5)
        self.meet("Hall", FRI, 9, 11)
        self.meet("East", THU, 13, 14)
        self.meet("West", TUE, 10, 12, until=11)
        series = [self.meet("Cellar", day, 14, 15) for day in (MON, TUE, WED, THU)]
        self.meet("Hudson", MON, 9, 10)
        self.meet("Hudson", MON, 23, 25)
        self.meet("Hudson", WED, 10, 12)
        self.meet("Hudson", THU, 13, 15)
        await put(self.office, *self.made)
        number = new_id()
        await self.office.damage(
            ";".join(
                f"UPDATE bookings SET series_id = '{number}', series_on = start_time::date WHERE id = '{one.id}'"
                for one in series
            )
        )


async def asks_for_check_in_too(office: Office, room: Room) -> None:
    """Set it beside the hours, which stand in the same row."""
    await office.damage(f"UPDATE policies SET check_in = true WHERE room_id = '{room.id}'")
    office.catalogues.forget()


@pytest.fixture
async def company(office: Office) -> Company:
    found = Company(office)
    await found.furnish()
    await found.meetings()
    office.clock.set(datetime.fromisoformat("2040-07-20T12:00Z"))
    return found


async def test_every_figure_of_a_week_is_what_a_pencil_finds_living_or_archived(company: Company):
    office = company.office

    living = await stats(office).figures(WEEK)
    as_by_hand(living)

    # What ended before Thursday noon, UTC, is archived, and then the rest.
    assert 0 < await archived(office, 15) < len(company.made)
    assert await stats(office).figures(WEEK) == living
    assert await archived(office, 7) > 0
    assert await stats(office).figures(WEEK) == living


def as_by_hand(figures: Figures) -> None:
    hours = {
        one.room.name: (one.use.open / 60, one.use.inside / 60, one.use.booked / 60, one.bookings) for one in figures.rooms
    }
    assert hours == {
        # Four days of 8 and one of 6 hours, without Monday's hour from 9 to 10: 37. Mon 2, Tue 2 of which 1 after closing,
        # Thu 1, Fri a quarter until it was released and 1 when somebody else had it.
        "Apollo": (37, 5.25, 6.25, 5),
        # From Wednesday noon: 5 + 8 + 6. An hour together with Apollo.
        "Annex": (19, 1, 1, 1),
        # Three days of 8, and Thursday from 9 to 13. A series of four, of which Thursday's came too late.
        "Cellar": (28, 3, 4, 4),
        "Hall": (38, 2, 2, 1),
        # An hour of its own, and the hall's two.
        "East": (38, 3, 3, 1),
        # One of two hours that were booked, and the hall's two.
        "West": (38, 3, 3, 1),
        # The usual hours are ten a day: without the holiday, Thursday from 14 and Friday until 10, 40 - 4 - 2. Within them:
        # Monday's hour, and Thursday's first.
        "Hudson": (34, 2, 7, 4),
    }
    # The hall is its two halves; so Berlin is the other five.
    assert [(place.name, use.open / 60, use.inside / 60, use.booked / 60) for place, use in figures.locations] == [
        ("Berlin", 37 + 19 + 28 + 38 + 38, 5.25 + 1 + 3 + 3 + 3, 6.25 + 1 + 4 + 3 + 3),
        ("New York", 34, 2, 7),
    ]
    assert (figures.use.open / 60, figures.use.inside / 60, figures.use.booked / 60) == (194, 17.25, 24.25)
    # Of sixteen meetings, the one in two rooms counts once; what waited or was declined is none.
    assert (figures.bookings, figures.cancelled, figures.cancelled_late) == (16, 1, 1)
    by_the_clock(figures)
    of_meetings(figures)


def by_the_clock(figures: Figures) -> None:
    monday, wednesday, thursday, sunday = (figures.weekdays[day] for day in (0, 2, 3, 6))
    # Monday: Apollo 7, East, West and Cellar 8 each, Hudson 10. Apollo 2, Cellar 1, Hudson 1 and one before midnight.
    assert (monday.open / 60, monday.inside / 60, monday.booked / 60) == (41, 4, 5)
    # Wednesday: Apollo, East, West, Cellar 8 each, the annex 5, and New York has its holiday. Cellar 1, Hudson 2.
    assert (wednesday.open / 60, wednesday.inside / 60, wednesday.booked / 60) == (37, 1, 3)
    # Thursday: four rooms 8, Cellar 4, Hudson 6. Apollo and annex 1, East 1, Hudson 1 and another, Cellar 1 too late.
    assert (thursday.open / 60, thursday.inside / 60, thursday.booked / 60) == (42, 4, 6)
    assert (sunday.open, sunday.booked) == (0, 0)
    # An hour is an hour of each room's own clock: at nine on Monday, Apollo is closed, and Hudson meets.
    assert figures.hours[0, 9].open == 4 * 60
    assert figures.hours[0, 9].inside == 60
    # At one on Thursday, Cellar is given up; East and Hudson meet.
    assert (figures.hours[3, 13].open, figures.hours[3, 13].inside) == (5 * 60, 2 * 60)
    # Monday's last meeting in New York goes on for an hour on Tuesday.
    assert (figures.hours[0, 23].booked, figures.hours[1, 0].booked) == (60, 60)


def of_meetings(figures: Figures) -> None:
    apollo = next(one for one in figures.rooms if one.room.name == "Apollo")
    # Three people, and four times one, of five times six seats.
    assert apollo.people == {1: 4, 3: 1}
    assert apollo.seats_filled == 7 / 30
    # All five of Apollo's asked for a check-in (2 + 2 + 1 + 2 + 1 hours), and somebody came to the first.
    came = figures.came
    assert (came.asked, came.came, came.released, came.asked_minutes, came.used_minutes) == (5, 1, 1, 480, 120)
    # An hour and three quarters came back on Friday, of which an hour was booked again; West gave back an hour.
    assert figures.released == Freed(times=1, minutes=105, again=60)
    assert figures.ended_early == Freed(times=1, minutes=60, again=0)
    # All were booked two days ahead.
    assert figures.leads == (0, 0, 16, 0, 0)


async def test_one_location_or_room_has_the_same_figures_by_itself(company: Company):
    everything = {one.room.name: one for one in (await stats(company.office).figures(WEEK)).rooms}
    for place, names in ((company.york, {"Hudson"}), (company.berlin, set(everything) - {"Hudson"})):
        there = await stats(company.office).figures(Asked(first=WEEK.first, last=WEEK.last, location=place))
        assert {one.room.name: one for one in there.rooms} == {name: everything[name] for name in names}
    for name in ("Cellar", "Annex", "Hudson"):
        room = company.rooms[name]
        alone = await stats(company.office).figures(Asked(first=WEEK.first, last=WEEK.last, room=room))
        assert (alone.use, alone.bookings) == (everything[name].use, everything[name].bookings)


async def test_a_room_that_was_booked_before_it_was_entered_here_counts_from_that_day(company: Company):
    office = company.office
    attic, loft = [await office.room(name) for name in ("Attic", "Loft")]
    await office.damage(f"UPDATE rooms SET created_at = '2040-07-10Z' WHERE id IN ('{attic.id}', '{loft.id}')")
    await put(office, booking(attic, start=moment(company.berlin, WED, 11), minutes=60, person=office.ana.person_id))

    found = {one.room.name: one.use.open / 60 for one in (await stats(office).figures(WEEK)).rooms}

    # Three days of the usual ten hours; nothing is known of the loft in that week.
    assert (found["Attic"], found.get("Loft")) == (30, None)


async def test_a_room_that_was_out_of_use_all_the_time_is_not_among_them(company: Company):
    later = Asked(first=date(2040, 7, 9), last=date(2040, 7, 13))
    names = {one.room.name for one in (await stats(company.office).figures(later)).rooms}
    assert names == {"Apollo", "Annex", "East", "Hall", "Hudson", "West"}


async def test_a_room_that_was_imported_as_out_of_use_counts_until_its_last_change(company: Company):
    office = company.office
    await office.room("Shed", active=False)
    await office.damage(f"UPDATE rooms SET updated_at = '{moment(company.berlin, TUE, 12)}' WHERE name = 'Shed'")

    found = {one.room.name: one.use.open / 60 for one in (await stats(office).figures(WEEK)).rooms}

    # Ten hours on Monday, four on Tuesday.
    assert found["Shed"] == 14
