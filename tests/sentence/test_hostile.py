"""Sentences that nobody types by accident, and properties that hold for every text."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.sentence import Book, Fragment, Reading, Refusal, read, read_part, to_record
from handlers.sentence.places import catalogue
from handlers.sentence.render import sentence
from tests.sentence.office import BOOK, NEW_YORK, NOW, WORLD, booked, room, said, span

CASES = [
    ("tomorrow\x00 3pm\x00", "11-25 15:00-15:30"),
    ("\u202etomorrow 3pm\u202c", "11-25 15:00-15:30"),  # right-to-left override
    ("to\u200bmorrow 3\u200dpm", "11-25 15:00-15:30"),  # zero-width
    ("ｔｏｍｏｒｒｏｗ ３ｐｍ", "11-25 15:00-15:30"),  # full width
    ("t\u0301omorr\u0308ow 3pm", "11-25 15:00-15:30"),  # combining marks
    ("tomorrow\u00a03pm", "11-25 15:00-15:30"),
    ("tomorrow 2️⃣pm", "11-25 14:00-14:30"),  # keycap
    ("tomorrow ٣pm", "11-25 15:00-15:30"),  # Arabic digits
    ("x" * 501, "too_long"),
    ("a" * 10_000, "too_long"),
    ("1-" * 5_000, "too_long"),
    ("ﷺ" * 400, "too_long"),  # grows eighteen-fold in compatibility form
    ('"' * 499, "missing_time"),
    ("(" * 250 + ")" * 250, "missing_time"),
    ("<@" * 200, "missing_time"),
    ("for 99999999999999999999999999 people tomorrow 3pm", "invalid_attendees"),
    ("tomorrow 3pm for 99999999999999999999999999999 hours", "too_long"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_hostile_text_is_read_or_refused(text, expected):
    assert span(text) == expected


def test_a_title_keeps_marks_and_loses_controls():
    assert booked('tomorrow 3pm "Caf\u00e9 \u0928\u093f\x07\u202e"').title == "Café \u0928\u093f"


def test_the_names_of_equal_books_are_prepared_once():
    again = Book(rooms=tuple(BOOK.rooms), locations=tuple(BOOK.locations), amenities=frozenset(BOOK.amenities))
    assert catalogue(again) is catalogue(BOOK)
    assert catalogue(WORLD) is not catalogue(BOOK)


def test_remembered_books_are_bounded():
    for n in range(100):
        assert span(f"Cave {n} tomorrow 3pm", book=Book(rooms=(room(f"Cave {n}", 4),))) == "11-25 15:00-15:30"
    assert catalogue(BOOK).book == BOOK


VOCABULARY = (
    "tomorrow today next friday mon tuesdays dec 3 12/4 15.12. 2026-12-01 the 5th at from to until - / and or for 3 14:30"
    " half past quarter noon Noon May may now in 20 min 1h30 hours people pax us me with without projector no not tv"
    " weekly biweekly month times apollo zen Room 2 9 big ben floor berlin office wait sorry actually before after by every"
    " 2pm <@U12> @U12 , . ; : ( ) + EST UTC T14:00 PT1H 0 -3 25:00 99 1.5 all day weekend past last first second"
)
WORDS = st.sampled_from([*VOCABULARY.split(), '"x"', '"', "“", "”", "'"])
SALAD = st.lists(WORDS, max_size=14).map(" ".join)
ZONES = st.sampled_from([NEW_YORK, "UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Kiritimati"])
FIRST, LAST = datetime(2024, 1, 1), datetime(2035, 1, 1)  # noqa: DTZ001 - the strategy adds the zone
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(st.text(max_size=300), SALAD), moment=MOMENTS, zone=ZONES)
def test_any_text_gives_a_reading_or_a_refusal(text, moment, zone):
    for book in (BOOK, WORLD):
        result = read(text, now=moment, zone=zone, book=book)
        part = read_part(text, now=moment, zone=zone, book=book)
        assert isinstance(result, Reading | Refusal)
        assert isinstance(part, Fragment | Refusal)
        json.dumps(to_record(result))
        json.dumps(to_record(part))


@settings(max_examples=300, deadline=None)
@given(text=SALAD, moment=MOMENTS, zone=ZONES)
def test_a_reading_ends_after_it_starts_within_a_day_and_not_in_the_past(text, moment, zone):
    result = read(text, now=moment, zone=zone, book=BOOK)
    if isinstance(result, Reading):
        assert result.start < result.end <= result.start + timedelta(hours=24)
        assert result.duration_min == (result.end - result.start).total_seconds() / 60
        assert result.starts_at >= moment - timedelta(minutes=1)
        assert result.attendees is None or result.attendees >= 1


@settings(max_examples=200, deadline=None)
@given(text=SALAD, moment=MOMENTS, zone=ZONES)
def test_the_same_sentence_is_read_the_same_twice(text, moment, zone):
    first = read(text, now=moment, zone=zone, book=BOOK)
    assert read(text, now=moment, zone=zone, book=BOOK) == first


@settings(max_examples=300, deadline=None)
@given(text=SALAD, zone=ZONES)
def test_a_reading_survives_being_written_and_read_again(text, zone):
    first = read(text, now=NOW, zone=zone, book=BOOK)
    if isinstance(first, Reading):
        again = read(sentence(first), now=NOW, zone=zone, book=BOOK)
        assert isinstance(again, Reading), (sentence(first), again)
        assert to_record(again) == to_record(first)


DAYS = {"tomorrow": "11-25", "friday": "11-27", "next monday": "11-30", "on Dec 3": "12-03", "on the 5th": "12-05"}
TIMES = {
    "2-3pm": "14:00-15:00", "from 9 to 11:30": "09:00-11:30", "14:30-15:00": "14:30-15:00",
    "between 1 and 2pm": "13:00-14:00",
    "at 10am for 45 minutes": "10:00-10:45", "at half past 3 for an hour": "15:30-16:30", "noon to 1pm": "12:00-13:00",
}  # fmt: skip
PEOPLE = {"for 6": 6, "for six people": 6, "7 pax": 7, "we are 5": 5, "me and 3 others": 4}
THINGS = {"with projector": ("projector",), "with tv and whiteboard": ("tv", "whiteboard"), "w/ vc": ("video",)}
ROOMS = {"in Apollo": "Apollo", "big ben": "Big Ben", "Boardroom": "Boardroom"}
TITLES = {'"Friday 9am for 3"': "Friday 9am for 3"}


def one(pieces):
    return st.sampled_from(sorted(pieces))


@settings(max_examples=400, deadline=None)
@given(chosen=st.tuples(one(DAYS), one(TIMES), one(PEOPLE), one(THINGS), one(ROOMS), one(TITLES)), data=st.data())
def test_plain_pieces_mean_the_same_in_every_order(chosen, data):
    day, time, people, things, where, title = chosen
    pieces = data.draw(st.permutations(chosen))
    reading = booked(data.draw(st.sampled_from([", ", " ", "\n"])).join(pieces))
    assert f"{reading.start:%m-%d %H:%M}-{reading.end:%H:%M}" == f"{DAYS[day]} {TIMES[time]}"
    assert (reading.attendees, reading.amenities) == (PEOPLE[people], THINGS[things])
    assert (reading.room.name, reading.title) == (ROOMS[where], TITLES[title])


@settings(max_examples=200, deadline=None)
@given(text=SALAD)
def test_options_book_what_they_say(text):
    result = said(text)
    options = result.options if isinstance(result, Refusal) else [o for a in result.assumptions for o in a.options]
    for option in options:
        assert len(option.sentence) <= 500
        assert isinstance(said(option.sentence), Reading), option


def test_the_grammar_needs_no_ambient_clock_or_zone(monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    assert span("tomorrow 3pm", now=datetime(2026, 11, 24, 10, tzinfo=ZoneInfo("Asia/Tokyo"))) == "11-24 15:00-15:30"
