"""What goes out beside the reading: assumptions, options, fragments, records, explanations."""

import json
from datetime import datetime, timedelta

import pytest

from handlers.sentence import Fragment, Refusal, explain, from_jsonl, read_part, to_record
from handlers.sentence.render import sentence
from tests.sentence.office import BOOK, NEW_YORK, NOW, booked, refused, said


def part(text):
    return read_part(text, now=NOW, zone=NEW_YORK, book=BOOK)


def test_half_an_hour_is_said_to_be_assumed_with_other_lengths():
    (assumed,) = [a for a in booked("tomorrow 3pm for 6").assumptions if a.about == "duration"]
    assert "30 minutes" in assumed.text
    assert [booked(o.sentence).duration_min for o in assumed.options] == [15, 45, 60]
    assert {booked(o.sentence).attendees for o in assumed.options} == {6}


def test_a_guessed_half_of_the_day_offers_the_other_half():
    (assumed,) = [a for a in booked("apollo tomorrow at 2").assumptions if a.about == "half_day"]
    assert "14:00" in assumed.text
    other = booked(assumed.options[0].sentence)
    assert (other.start.hour, other.room.name) == (2, "Apollo")


def test_next_weekday_says_its_date_and_offers_the_earlier_one():
    assumed = next(a for a in booked("next friday 3pm").assumptions if a.about == "date")
    assert "4 Dec" in assumed.text
    assert booked(assumed.options[0].sentence).start == datetime(2026, 11, 27, 15)  # noqa: DTZ001 - wall clock


def test_a_date_that_nobody_gave_is_said():
    assert any(a.about == "date" and a.text.startswith("today") for a in booked("3pm").assumptions)
    assert not any(a.about == "date" for a in booked("tomorrow 3pm").assumptions)


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow 2-3:30pm for 6 with projector",
        'Big Ben friday 9-11 for 12 "Budget 2027" <@U12> private',
        "every mon and wed 1-2pm for 3 weeks",
        "last friday of each month 3pm in Berlin office on floor 3",
        "every other thursday 3-4pm until Dec 31",
        "monthly on the 15th at 10am for an hour",
        "every 3 days at 10 with tv and whiteboard",
        "dec 1 11pm to dec 2 1am in building B",
        "tomorrow 10pm to midnight",
        "May tomorrow 3pm",
        "room 2 tomorrow 3pm for 2",
    ],
)
def test_a_reading_written_back_is_read_the_same(text):
    first = booked(text)
    again = booked(sentence(first))
    assert to_record(again) == to_record(first)
    assert (again.invitees, again.private) == (first.invitees, first.private)


def test_every_option_of_every_question_leads_somewhere():
    for text in ("tomorrow", "apollo or zen 3pm", "for 30 at 3pm", "tomorrow 3pm without tv", "Room 9 3pm", "mon dec 3 2pm"):
        refusal = refused(text)
        assert refusal.options
        for option in refusal.options:
            assert len(option.sentence) <= 500
            assert not isinstance(said(option.sentence), Refusal)


def test_messages_are_kind_and_short():
    for text in ("tomorrow", "2pm-1pm", "nov 31 3pm", "Room 9 3pm", "x" * 501, "not apollo 3pm", "for 0 at 3pm"):
        message = refused(text).message
        assert 10 < len(message) < 160
        assert "!" not in message


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("to 3pm", "start", datetime(2026, 11, 24, 15)),  # noqa: DTZ001 - wall clock
        ("tomorrow", "day", datetime(2026, 11, 25)),  # noqa: DTZ001 - wall clock
        ("for 6 with tv", "attendees", 6),
        ("by 30 minutes", "shift_min", 30),
        ("push it back an hour", "shift_min", 60),
        ("half an hour earlier", "shift_min", -30),
        ("move to tomorrow 10", "start", datetime(2026, 11, 25, 10)),  # noqa: DTZ001 - wall clock
        ("90 minutes", "duration_min", 90),
        ("tomorrow 2-3pm", "end", datetime(2026, 11, 25, 15)),  # noqa: DTZ001 - wall clock
        ("", "start", None),
    ],
)
def test_a_part_of_a_sentence_gives_what_it_holds(text, field, value):
    found = part(text)
    assert isinstance(found, Fragment), found
    assert getattr(found, field) == value


def test_a_part_names_the_room_to_move_to():
    found = part("to Big Ben")
    assert isinstance(found, Fragment)
    assert found.room is not None
    assert found.room.name == "Big Ben"


def test_a_part_refuses_what_it_cannot_mean():
    for text in (
        "every monday at 3",
        "thursday or friday",
        "nov 31",
        "in Foo",
        "until 5pm tomorrow",
        "x" * 501,
        "yesterday",
    ):
        assert isinstance(part(text), Refusal), text


def test_a_line_of_input_gives_a_line_of_output():
    row = {
        "text": "zen at 5",
        "now": "2026-11-24T10:07:00",
        "tz": NEW_YORK,
        "rooms": [{"name": "Zen", "capacity": 1, "amenities": []}],
    }
    out = json.loads(from_jsonl(json.dumps(row)))
    assert (out["start"], out["room"], out["default_duration"]) == ("2026-11-24T17:00", "Zen", True)
    assert json.loads(from_jsonl(json.dumps(row | {"text": "zen"}))) == {"error": "missing_time"}


def test_an_explanation_names_everything_understood_and_assumed():
    text = explain(booked('apollo every friday 2pm for 6 with projector "Retro" <@U12>'))
    for piece in ("14:00", "Apollo", "every Friday", "6", "projector", "Retro", "U12", "30 minutes"):
        assert piece in text
    assert "missing_time" in explain(refused("tomorrow"))
    assert explain(part("for 6")).startswith("No time")


def test_times_are_whole_minutes():
    reading = booked("in 20 minutes", now=NOW + timedelta(seconds=42))
    assert (reading.start.second, reading.start.minute) == (0, 27)
