"""Days as people say them, and what figures suggest: small numbers say nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from core.ids import new_id
from core.models import Location, Room
from core.stats import Asked, Came, Figures, Freed, Lacking, RoomFigures, Use
from core.stats_span import Days, read
from core.suggestions import Kind, suggestions

TUESDAY = date(2026, 11, 24)
BERLIN = Location(id=new_id(), name="Berlin", zone="Europe/Berlin")
WEEK = (Use(open=2400, inside=1200, booked=1200),) * 5 + (Use(),) * 2


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ("", "2026-10-27", "2026-11-23"),
        ("yesterday", "2026-11-23", "2026-11-23"),
        ("this week", "2026-11-23", "2026-11-29"),
        ("Last Week", "2026-11-16", "2026-11-22"),
        ("last month", "2026-10-01", "2026-10-31"),
        ("this month", "2026-11-01", "2026-11-30"),
        ("last quarter", "2026-07-01", "2026-09-30"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("last 30 days", "2026-10-25", "2026-11-23"),
        ("last 2 weeks", "2026-11-10", "2026-11-23"),
        ("last 3 months", "2026-08-24", "2026-11-23"),
        ("2026-10", "2026-10-01", "2026-10-31"),
        ("2025", "2025-01-01", "2025-12-31"),
        ("2026-10-05", "2026-10-05", "2026-10-05"),
        ("2026-10-05..2026-10-20", "2026-10-05", "2026-10-20"),
        ("2026-10-05 to 2026-10-20", "2026-10-05", "2026-10-20"),
        # A month that has not begun this year is last year's.
        ("october", "2026-10-01", "2026-10-31"),
        ("dec", "2025-12-01", "2025-12-31"),
        ("feb 2024", "2024-02-01", "2024-02-29"),
    ],
)
def test_days_as_people_say_them(said: str, first: str, last: str):
    assert read(said, TUESDAY) == Days(first=date.fromisoformat(first), last=date.fromisoformat(last))


@pytest.mark.parametrize("said", ["soon", "2026-13", "2026-02-30", "last 0 days", "2026-10-20..2026-10-05", "octopus", "m"])
def test_what_is_no_stretch_of_days_is_none(said: str):
    assert read(said, TUESDAY) is None


def room(name: str = "Boardroom", *, seats: int = 20, **figures: Any) -> RoomFigures:
    """Return a room that is used as most are."""
    usual: dict[str, Any] = {
        "use": Use(open=12000, inside=6000, booked=6000),
        "weekdays": WEEK,
        "bookings": 100,
        "cancelled": 0,
        "came": Came(),
        "people": {seats - 2: 100},
    }
    return RoomFigures(
        room=Room(id=new_id(), name=name, location_id=BERLIN.id, capacity=seats), location=BERLIN, **{**usual, **figures}
    )


def figures(*rooms: RoomFigures, days: int = 28, lacking: tuple[Lacking, ...] = ()) -> Figures:
    """Return the figures of so many days."""
    first, last = TUESDAY - timedelta(days=days), TUESDAY - timedelta(days=1)
    whole = Use(open=12000, inside=6000, booked=6000)
    return Figures(
        asked=Asked(first=first, last=last),
        first=first,
        last=last,
        use=whole,
        hours={},
        rooms=rooms,
        locations=((BERLIN, whole),),
        bookings=100,
        cancelled=0,
        cancelled_late=0,
        came=Came(),
        released=Freed(),
        ended_early=Freed(),
        leads=(0,) * 5,
        lacking=lacking,
        teams=(),
        usual_hours=False,
    )


def reasons(*rooms: RoomFigures, **other: Any) -> list[str]:
    return [one.reason for one in suggestions(figures(*rooms, **other))]


def test_a_large_room_for_few_people():
    found = reasons(room(people={2: 40, 3: 21, 12: 39}))
    assert found == ["Boardroom (20 seats) was booked for 3 people or fewer in 61 % of cases."]


def test_as_many_as_it_seats_or_too_few_meetings_say_nothing():
    assert reasons(room(people={2: 40, 12: 60})) == []
    assert reasons(room(people={2: 12, 3: 7})) == []
    assert reasons(room(seats=4, people={1: 20, 2: 80})) == []


def test_a_day_on_which_a_room_stands_empty():
    idle = (*WEEK[:4], Use(open=2400, inside=30, booked=30), *WEEK[5:])
    assert reasons(room("Apollo", weekdays=idle)) == ["Apollo stands empty on Fridays, and is booked for 50 % on the whole."]
    # Three weeks are too few Fridays to say so.
    assert reasons(room("Apollo", weekdays=idle), days=21) == []


def test_what_was_missing_often_enough_in_one_place():
    often = Lacking(what="amenity", detail="projector", location_id=BERLIN.id, times=34)
    seldom = Lacking(what="amenity", detail="piano", location_id=BERLIN.id, times=9)
    rule = Lacking(what="rule", detail="TooLong", location_id=BERLIN.id, times=90)
    assert reasons(lacking=(often, seldom, rule)) == ["Projector was missing in 34 refused searches in Berlin."]


@pytest.mark.parametrize(
    ("what", "detail", "reason"),
    [
        ("equipment", "projector on wheels", "Projector on wheels was out already in 10 refused searches in Berlin."),
        ("seats", None, "In 10 refused searches in Berlin, no room was large enough."),
        ("taken", None, "In 10 refused searches in Berlin, all rooms that fit were taken."),
        ("amenity", "piano", "Piano was missing in 10 refused searches in Berlin."),
    ],
)
def test_what_was_refused_ten_times_is_said_and_nine_times_is_not(what: str, detail: str | None, reason: str):
    lack = Lacking(what=what, detail=detail, location_id=BERLIN.id, times=10)
    assert reasons(lacking=(lack,)) == [reason]
    assert reasons(lacking=(replace(lack, times=9),)) == []


def test_what_a_rule_or_a_right_stood_in_the_way_of_is_nothing_to_buy():
    assert (
        reasons(lacking=tuple(Lacking(what=what, detail=None, location_id=None, times=90) for what in ("rule", "right")))
        == []
    )


def test_too_few_meetings_or_days_say_nothing_of_a_room():
    ghosts = {"came": Came(asked=19, came=0)}
    assert reasons(room("Ghost", **ghosts)) == []
    assert reasons(room("Ghost", came=Came(asked=20, came=16))) == []
    idle, full = Use(open=12000, inside=240, booked=240), Use(open=12000, inside=10800, booked=10800)
    for use in (idle, full):
        assert reasons(room("Attic", use=use, weekdays=(use,) * 7), days=27) == []
    # Neither hardly used nor full.
    assert reasons(room("Attic", use=Use(open=12000, inside=1200, booked=1200))) == []
    # It was shut all the time: nobody can say that it is not wanted.
    assert reasons(room("Attic", use=Use(), weekdays=(Use(),) * 7, people={})) == []


def test_rooms_to_which_nobody_comes_that_are_hardly_used_or_always_full():
    ghosts = room("Ghost", came=Came(asked=40, came=28))
    idle = room("Attic", use=Use(open=12000, inside=240, booked=240), weekdays=(Use(open=2400, inside=48),) * 5)
    full = room("Hub", use=Use(open=12000, inside=10800, booked=10800))
    found = {one.kind: one.reason for one in suggestions(figures(ghosts, idle, full))}
    assert found == {
        Kind.NOBODY_CAME: "Nobody came to 30 % of the 40 meetings in Ghost.",
        Kind.HARDLY_USED: "Attic was booked for 2 % of its open time.",
        Kind.FULL: "Hub was booked for 90 % of its open time.",
    }


def test_two_of_a_kind_are_enough():
    assert len(reasons(*(room(f"Room {n}", people={2: 100}) for n in range(5)))) == 2
