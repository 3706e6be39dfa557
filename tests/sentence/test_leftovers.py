"""What no rule claims: courtesy and subjects pass, everything that could matter is asked about."""

import pytest

from tests.sentence.office import booked, refused, span

HARMLESS = [
    "hi, could I please get a room tomorrow at 3pm, thanks!",
    "standup tomorrow 3pm",
    "quarterly numbers review with the finance team tomorrow 3pm",
    "need a room for a client call tomorrow 3pm pls",
    "interview with Sarah tomorrow 3pm",
    "sprint 42 review tomorrow 3pm",
    "Q4 planning tomorrow 3pm",
    "tomorrow 3pm :calendar: 🙏",
    "tomorrow 3pm https://example.org/agenda?x=4",
    "tomorrow 3pm, mail me at ana.b+5@example.org",
    "tomorrow 3pm no rush",
    "tomorrow 3pm but we don't need a tv",
    "Sorry to bother you, I need a room tomorrow 3pm",
    "tomorrow 3pm, sorry for the short notice",
    "GOOD MORNING, BOOK ME SOMETHING TOMORROW 3PM",
    "When: tomorrow\nTime: 3pm\nSubject: 5 things to do at 9am",
]

STOPPED = [
    ("2 or 3 tomorrow", "ambiguous"),
    ("thursday or friday 3pm", "ambiguous"),
    ("3pm tomorrow or 4pm", "ambiguous"),
    ("tomorrow 3pm with projector or tv", "ambiguous"),
    ("tomorrow 3pm and friday 4pm", "ambiguous"),
    ("two rooms tomorrow 3pm", "ambiguous"),
    ("tomorrow 3pm 6", "ambiguous"),
    ("tomorrow after 3", "ambiguous"),
    ("tomorrow before noon", "ambiguous"),
    ("tomorrow by 3", "ambiguous"),
    ("tomorrow all day", "ambiguous"),
    ("tomorrow for 2-3 hours at 2pm", "ambiguous"),
    ("tomorrow 1:30 for 1:30", "ambiguous"),
    ("top floor tomorrow 3pm", "ambiguous"),
    ("every friday except when it rains at 10", "not_understood"),
    ("not apollo tomorrow 3pm", "not_understood"),
    ("any room but apollo tomorrow 3pm", "not_understood"),
    ("don't book apollo tomorrow 3pm", "not_understood"),
    ("cancel apollo tomorrow 3pm", "not_understood"),
    ("move my 3pm to 4pm", "not_understood"),
]


@pytest.mark.parametrize("text", HARMLESS)
def test_courtesy_and_subjects_do_not_matter(text):
    reading = booked(text)
    assert f"{reading.start:%m-%d %H:%M}" == "11-25 15:00"
    assert (reading.attendees, reading.room, reading.amenities, reading.location) == (None, None, (), None)


@pytest.mark.parametrize(("text", "trouble"), STOPPED)
def test_what_could_matter_is_asked_about(text, trouble):
    assert span(text) == trouble


def test_a_choice_of_days_offers_each_day():
    refusal = refused("thursday or friday 3pm")
    assert [span(option.sentence)[:5] for option in refusal.options] == ["11-26", "11-27"]


def test_a_loose_number_offers_what_it_may_be():
    refusal = refused("tomorrow 3pm 6")
    assert booked(refusal.options[0].sentence).attendees == 6


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tomorrow, no wait, thursday at 3", "11-26 15:00-15:30"),
        ("2pm, sorry 3pm", "11-24 15:00-15:30"),
        ("2pm sorry, make that 3pm", "11-24 15:00-15:30"),
        ("friday at 10, wait no, 11", "11-27 11:00-11:30"),
        ("tomorrow 2-3pm, I mean 3-4pm", "11-25 15:00-16:00"),
        ("tomorrow at 2, actually make it friday", "11-27 14:00-14:30"),
    ],
)
def test_a_correction_replaces_what_it_corrects(text, expected):
    assert span(text) == expected


def test_a_corrected_headcount_and_room_replace_the_first():
    assert booked("for 6, actually 8, tomorrow 2pm").attendees == 8
    assert booked("apollo tomorrow 2pm, scratch that, big ben").room.name == "Big Ben"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("When: Tue Dec 1, 2026 2:00 PM – 3:00 PM (EST)", "12-01 14:00-15:00"),
        ("Subject: Quarterly review 2026\nWhen: Tue Dec 1, 2026 2:00 PM – 3:00 PM\nWhere: Apollo", "12-01 14:00-15:00"),
        ("Apollo / Fri 27 Nov / 14:00-15:00 / 6 people / projector", "11-27 14:00-15:00"),
        ("- Friday\n- 2pm to 3pm\n- 6 people", "11-27 14:00-15:00"),
        ("tomorrow two thirty p m to four p m for five people", "11-25 14:30-16:00"),
        ("room for six of us on thursday from two to half three, thanks!", "11-26 14:00-15:30"),
    ],
)
def test_other_peoples_styles_are_read(text, expected):
    assert span(text) == expected
