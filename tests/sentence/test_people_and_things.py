"""Headcounts, equipment, rooms, titles and invited people (P1 to P7)."""

import pytest

from tests.sentence.office import WORLD, booked, refused, said, span

PEOPLE = [
    ("for 6", 6), ("for six", 6), ("6 people", 6), ("6pax", 6), ("6 ppl", 6), ("for six of us", 6), ("ten of us", 10),
    ("we are four", 4), ("we'll be 7", 7), ("party of 5", 5), ("my team of 7", 7), ("8 seats", 8), ("seats 8", 8),
    ("big enough for 12", 12), ("6 chairs", 6), ("a dozen people", 12), ("just me", 1), ("solo", 1), ("the two of us", 2),
    ("5-6 people", 6), ("5 to 7 people", 7), ("between 5 and 7 people", 7), ("for 6 or 7 people", 7), ("10+ people", 10),
    ("me + 4", 5), ("me and 3 others", 4), ("with 4 colleagues", 5), ("me, Ana and Tom", 3), ("me and my boss", 2),
    ("1:1", 2), ("1-on-1", 2), ("one on one", 2), ("six (6) persons", 6), ("attendees: 9", 9), ("👥 6", 6),
    ("<@U12|ana> <@U34>", 3), ("5 of us plus <@U12>", 6), ("for twenty five people", 25), ("for around 15 people", 15),
]  # fmt: skip


@pytest.mark.parametrize(("text", "count"), PEOPLE)
@pytest.mark.parametrize("frame", ["tomorrow 3pm {}", "{}, tomorrow 3pm"])
def test_a_headcount_is_read_in_every_wording(text, count, frame):
    assert booked(frame.format(text)).attendees == count


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("for 0", "invalid_attendees"),
        ("for -3", "invalid_attendees"),
        ("-2 people", "invalid_attendees"),
        ("2.5 people", "invalid_attendees"),
        ("for 30", "ambiguous"),  # people or minutes
        ("6 people for 8", "ambiguous"),
        ("a few people", "ambiguous"),
    ],
)
def test_a_headcount_that_is_none_is_not_booked(text, trouble):
    assert span(f"tomorrow 3pm {text}") == trouble


def test_for_30_offers_people_and_minutes():
    people, minutes = refused("tomorrow 3pm for 30").options
    assert booked(people.sentence).attendees == 30
    assert booked(minutes.sentence).duration_min == 30


def test_for_with_a_time_unit_is_a_length_and_at_is_an_hour():
    reading = booked("for 6 at 6 for 60 min")
    assert (reading.attendees, reading.start.hour, reading.duration_min) == (6, 18, 60)


@pytest.mark.parametrize(
    ("text", "amenities"),
    [
        ("with projector", ("projector",)),
        ("w/ beamer", ("projector",)),
        ("with projecter and whitebord", ("projector", "whiteboard")),
        ("tv, vc", ("tv", "video")),
        ("needs a white board + conference phone", ("phone", "whiteboard")),
        ("with catering", ("catering",)),
        ("no projector needed", ()),
        ("we don't need a tv", ()),
        ("tv, the projector is not needed", ("tv",)),
    ],
)
def test_equipment_is_read_in_every_wording(text, amenities):
    assert booked(f"tomorrow 3pm {text}").amenities == amenities


def test_equipment_that_only_this_catalogue_knows_is_read():
    assert booked("tomorrow 3pm with standing desk", book=WORLD, zone="Asia/Tokyo").amenities == ("standing desk",)


@pytest.mark.parametrize(
    "text", ["without projector", "no tv", "w/o video", "with a flipchart", "with windows", "plus dial-in"]
)
def test_equipment_that_cannot_be_searched_for_is_asked_about_with_a_way_out(text):
    refusal = refused(f"tomorrow 3pm {text}")
    assert refusal.trouble == "not_understood"
    assert span(refusal.options[0].sentence) == "11-25 15:00-15:30"
    assert booked(refusal.options[0].sentence).amenities == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("apollo tomorrow 3pm", "Apollo"),
        ("tomorrow 3pm in the Big Ben room", "Big Ben"),
        ("bigben tomorrow 3pm", "Big Ben"),
        ("board room tomorrow 3pm", "Boardroom"),
        ("tomorrow 3pm @apollo", "Apollo"),
        ("3rd floor huddle tomorrow 3pm", "3rd Floor Huddle"),
        ("room two tomorrow 3pm", "Room 2"),
        ("may tomorrow 3pm", "May"),  # P4: a date is left without it
        ("noon tomorrow 3pm", "Noon"),
        ("Apollo Berlin office tomorrow 3pm", "Apollo"),
        ("Noon at noon tomorrow", "Noon"),
        ("noon till 2 tomorrow in Noon", "Noon"),
        ("tomorrow noon", None),
        ("tomorrow 9am until noon", None),
        ("may 12 2pm", None),
        ("may I have a room tomorrow 3pm", None),
        ("3rd floor tomorrow 3pm", None),
        ("book a room 2-3pm tomorrow", None),
        ("book a room 2pm tomorrow", None),
    ],
)
def test_a_room_is_found_by_name_and_only_by_name(text, name):
    found = booked(text).room
    assert (found.name if found else None) == name


@pytest.mark.parametrize(("text", "name"), [("apolo", "Apollo"), ("boradroom", "Boardroom"), ("aplolo", "Apollo")])
def test_a_misspelt_room_is_found_and_said(text, name):
    reading = booked(f"{text} tomorrow 3pm")
    assert reading.room.name == name
    assert any(a.about == "spelling" and name in a.text for a in reading.assumptions)


@pytest.mark.parametrize("text", ["soon", "open", "broad", "boarding", "moon", "apply"])
def test_an_ordinary_word_never_becomes_a_room(text):
    result = said(f"{text} tomorrow 3pm")
    assert getattr(result, "room", None) is None


def test_two_rooms_are_asked_about_with_both():
    refusal = refused("apollo or zen tomorrow 3pm")
    assert refusal.trouble == "ambiguous"
    assert [booked(option.sentence).room.name for option in refusal.options] == ["Apollo", "Zen"]


@pytest.mark.parametrize(
    "text",
    [
        "Room 9 tomorrow 3pm",
        "the Atrium tomorrow 3pm",
        "in Foo tomorrow 3pm",
        "Jupiter tomorrow 3pm",
        "room Athena tomorrow 3pm",
        "B12 tomorrow 3pm",
        "conference room B tomorrow 3pm",
    ],
)
def test_a_room_that_nobody_knows_is_said_to_be_unknown(text):
    refusal = refused(text)
    assert refusal.trouble == "unknown_room"
    assert refusal.options
    assert booked(refusal.options[-1].sentence).room is None


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('"Sprint planning" tomorrow 3pm', "Sprint planning"),
        ("tomorrow 3pm “Budget 2027: Q1 – Q2”", "Budget 2027: Q1 – Q2"),
        ('tomorrow 2pm "Robert\'); DROP TABLE rooms;--"', "Robert'); DROP TABLE rooms;--"),
        ('tomorrow 3pm "friday 9am in Zen for 12"', "friday 9am in Zen for 12"),
        ("'retro' tomorrow 3pm", None),
        ('tomorrow 3pm ""', None),
        ("quarterly numbers tomorrow 3pm", None),
    ],
)
def test_a_title_is_what_stands_in_double_quotes(text, title):
    reading = booked(text)
    assert reading.title == title
    assert reading.room is None


def test_mentions_are_invited_and_counted():
    reading = booked("1:1 with <@U123|ana> tomorrow at 3")
    assert (reading.invitees, reading.attendees) == (("U123",), 2)


@pytest.mark.parametrize("word", ["private", "confidential"])
def test_private_words_make_a_private_booking(word):
    assert booked(f"{word} review tomorrow 3pm").private
    assert not booked("review tomorrow 3pm").private


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("on floor 3", "floor 3"),
        ("3rd floor", "floor 3"),
        ("level 2", "floor 2"),
        ("in building b", "building B"),
        ("Berlin office", "Berlin"),
        ("in the New York office, 2nd floor", "New York, floor 2"),
        ("on floor 3 in Berlin office", "Berlin, floor 3"),
    ],
)
def test_a_place_is_labelled(text, location):
    assert booked(f"tomorrow 3pm {text}").location == location
