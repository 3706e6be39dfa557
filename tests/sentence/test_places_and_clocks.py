"""Whose clock counts: place rules, zones, and the nights when clocks change."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from handlers.sentence import Book, Reading
from tests.sentence.office import BERLIN, NEW_YORK, NOW, TOKYO, WORLD, YORK, booked, refused, room, span


@pytest.mark.parametrize(
    ("text", "home", "place"),
    [
        ("Spree tomorrow 3pm", YORK, BERLIN),  # the room named
        ("tomorrow 3pm in Berlin", YORK, BERLIN),  # the place named
        ("tomorrow 3pm at the Berlin office", None, BERLIN),
        ("tomorrow 3pm", BERLIN, BERLIN),  # home
        ("tomorrow 3pm", None, YORK),  # the only place in the person's zone
    ],
)
def test_the_place_is_the_rooms_the_named_home_or_the_one_in_the_zone(text, home, place):
    reading = booked(text, book=WORLD, home=home)
    assert (reading.place, reading.zone) == (place, place.zone)


def test_without_any_place_the_persons_clock_counts():
    reading = booked("tomorrow 3pm", book=WORLD, zone="Europe/Madrid")
    assert (reading.place, reading.zone) == (None, "Europe/Madrid")


def test_an_assumed_place_is_said():
    assert any(a.about == "location" for a in booked("tomorrow 3pm", book=WORLD).assumptions)
    assert not any(a.about == "location" for a in booked("tomorrow 3pm in Berlin", book=WORLD).assumptions)


def test_now_is_the_wall_clock_at_the_place():
    assert span("Spree now", book=WORLD) == "11-24 16:07-16:37"


def test_a_room_that_is_elsewhere_than_said_is_asked_about():
    assert refused("Spree in Tokyo tomorrow 3pm", book=WORLD).trouble == "ambiguous"


def test_a_city_without_an_office_is_refused_by_name():
    refusal = refused("dec 1 3pm in Paris", book=WORLD)
    assert refusal.trouble == "unknown_room"
    assert "Paris" in refusal.message
    assert [booked(option.sentence, book=WORLD).place for option in refusal.options] == [YORK, BERLIN, TOKYO]


def test_rooms_of_one_name_are_told_apart_by_place_or_home():
    assert booked("Kitchen Table in Berlin tomorrow 3pm", book=WORLD).room.capacity == 7
    assert booked("Kitchen Table tomorrow 3pm", book=WORLD, home=YORK).room.capacity == 5
    assert refused("Kitchen Table tomorrow 3pm", book=WORLD, zone="UTC").trouble == "ambiguous"


def test_tomorrow_on_another_date_there_is_asked_about_with_both_dates():
    late = datetime(2026, 11, 24, 20, 0, tzinfo=ZoneInfo(NEW_YORK))  # already Wednesday morning in Tokyo
    refusal = refused("Fuji tomorrow 3pm", book=WORLD, now=late)
    assert refusal.trouble == "ambiguous"
    readings = [booked(option.sentence, book=WORLD, now=late) for option in refusal.options]
    assert [f"{r.start:%m-%d %H:%M}" for r in readings] == ["11-25 15:00", "11-26 15:00"]
    assert {r.zone for r in readings} == {"Asia/Tokyo"}
    assert booked("Fuji dec 1 3pm", book=WORLD, now=late).zone == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tomorrow 3-4pm EST", "11-25 15:00-16:00"),
        ("tomorrow 3-4pm ET", "11-25 15:00-16:00"),
        ("tomorrow 3-4 PM Pacific time", "11-25 18:00-19:00"),
        ("tomorrow 15:00-16:00 UTC", "11-25 10:00-11:00"),
        ("2026-12-01T14:00+01:00/15:00", "12-01 08:00-09:00"),
    ],
)
def test_a_time_in_another_zone_is_carried_to_the_place(text, expected):
    assert span(text) == expected


def test_a_carried_time_is_said():
    assert any(a.about == "zone" for a in booked("tomorrow 3pm CET").assumptions)


SPRING = {"now": datetime(2026, 3, 1, 12, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("zone", "text", "valid"),
    [
        (NEW_YORK, "march 8 02:30", "03-08 03:00"),
        ("Europe/Berlin", "29 march 02:15 for 1 hour", "03-29 03:00"),
        ("Australia/Lord_Howe", "oct 4 02:15", "10-04 02:30"),  # half an hour only
    ],
)
def test_a_time_that_does_not_exist_is_refused_with_the_next_one(zone, text, valid):
    refusal = refused(text, zone=zone, **SPRING)
    assert refusal.trouble == "invalid_time"
    assert valid[-5:] in refusal.message
    reading = booked(refusal.options[0].sentence, zone=zone, **SPRING)
    assert f"{reading.start:%m-%d %H:%M}" == valid


@pytest.mark.parametrize(
    ("zone", "text"), [(NEW_YORK, "nov 1 01:30 for 20 min"), ("Europe/Berlin", "25 october 02:30-02:50")]
)
def test_a_time_that_comes_twice_is_asked_about_and_both_answers_are_read(zone, text):
    refusal = refused(text, zone=zone, **SPRING)
    assert refusal.trouble == "ambiguous"
    first, second = (booked(option.sentence, zone=zone, **SPRING) for option in refusal.options)
    assert isinstance(first, Reading)
    assert (first.start, first.fold, second.start, second.fold) == (first.start, 0, first.start, 1)
    assert (second.starts_at.astimezone(UTC) - first.starts_at.astimezone(UTC)).total_seconds() == 3600
    assert first.duration_min == second.duration_min == 20


def test_an_hour_of_work_over_the_gap_keeps_its_wall_clock():
    reading = booked("march 8 01:30-03:30", **SPRING)
    assert (reading.ends_at - reading.starts_at).total_seconds() == 7200  # same zone: wall clock
    assert reading.duration_min == 120


def test_initials_and_common_short_names_find_a_place():
    assert booked("tomorrow 3pm in NYC", book=WORLD, home=BERLIN).place == YORK
    assert booked("tomorrow 3pm NY office", book=WORLD, home=BERLIN).place == YORK


def test_a_misspelt_place_is_found():
    assert booked("tomorrow 3pm in Berln", book=WORLD).place == BERLIN


def test_inactive_rooms_are_not_known():
    from dataclasses import replace

    closed = Book(rooms=(replace(room("Atlantis", 5), active=False),))
    assert refused("Atlantis tomorrow 3pm", book=closed).trouble == "unknown_room"


def test_the_moment_must_be_aware():
    with pytest.raises(ValueError, match="zone"):
        booked("3pm", now=NOW.replace(tzinfo=None))
    assert TOKYO.zone == "Asia/Tokyo"
