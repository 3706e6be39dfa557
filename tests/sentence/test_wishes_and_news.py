"""Talk about bookings that exist, rooms that nobody wants, clocks of other places, forms and letters."""

import pytest

from tests.sentence.office import booked, span

NOT_WISHES = [
    "is Apollo free at 3?", "can you check if Big Ben is free friday 2-3", "can we push the 3pm back by half an hour",
    "free up apollo friday 2pm", "do I have a room at 3 tomorrow?", "I no longer need apollo tomorrow at 3",
    "make my 3pm an hour longer", "add 2 people to my 3pm", "can you move my 3pm to 4pm", "cancel that",
    "cancel my 2pm tomorrow", "extend my meeting to 4pm", "do not book apollo friday 2pm", "release Zen friday at 2",
    "we don't need Apollo tomorrow at 3 anymore", "when is Apollo free tomorrow?", "friday 2pm, i hate zen",
    "friday 2pm. Zen is too small", "not Apollo, friday 2pm", "friday 2pm anything but Zen", "friday 2pm avoid Zen",
    "3 or 4pm friday", "apollo or big ben friday 2pm", "either thursday or friday 2pm", "friday 2pm, could also be 3pm",
    "friday 5pm to 1am", "friday 22:00-06:00",
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_WISHES)
def test_what_changes_or_leaves_open_is_not_booked(text):
    assert span(text) in {"not_understood", "ambiguous", "end_before_start", "missing_time"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("is there a room free friday 2-3pm?", "11-27 14:00-15:00"),
        ("could I have a room friday 2-3pm?", "11-27 14:00-15:00"),
        ("friday 2pm actually make that 3pm", "11-27 15:00-15:30"),
        ("back by 2, so book Apollo friday at 3pm", "11-27 15:00-15:30"),
        ("As discussed with Tom yesterday, please book Apollo Friday 2-3pm", "11-27 14:00-15:00"),
        ("As agreed last week, Apollo Friday 2-3pm for 5", "11-27 14:00-15:00"),
        ("Following up on my note from Monday: could we have Big Ben on Friday at 3pm for an hour?", "11-27 15:00-16:00"),
        ("To whom it may concern: kindly book Apollo for 2 December, 1pm to 2pm. Regards, H. Osei", "12-02 13:00-14:00"),
        ("tomorrow, er, thursday 2pm", "11-26 14:00-14:30"),
        ("2nyt at 7", "11-24 19:00-19:30"),
        ("need rm 4 mtg w/ 3 ppl tmrw 10-11", "11-25 10:00-11:00"),
        ("tmoz 2pm", "11-25 14:00-14:30"),
        ("nov27 14h-15h", "11-27 14:00-15:00"),
        ("friday 2pm, 30th birthday drinks", "11-27 14:00-14:30"),
        ("k8s upgrade thu 8-10pm", "11-26 20:00-22:00"),
        ("friday 2pm no catering", "11-27 14:00-14:30"),
    ],
)
def test_wishes_in_letters_and_slang_are_read(text, expected):
    assert span(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("friday 3pm CET", "11-27 09:00-09:30"),
        ("friday 3pm-4pm PT", "11-27 18:00-19:00"),
        ("friday 10am pacific", "11-27 13:00-13:30"),
        ("friday 3pm London time", "11-27 10:00-10:30"),
        ("friday 16:00 Berlin time", "11-27 10:00-10:30"),
        ("3pm on friday (CT)", "11-27 16:00-16:30"),
        ("PT session mon 9am", "11-30 09:00-09:30"),
        ("MDT thurs 0800-0900", "11-26 08:00-09:00"),
        ("discharge planning w/ OT, PT, and social worker, fri 1pm 30m", "11-27 13:00-13:30"),
        ("CT scan review friday 2pm", "11-27 14:00-14:30"),
        ("Tue 12/1 @ 14:00–15:15 (GMT-5)", "12-01 14:00-15:15"),
    ],
)
def test_a_zone_belongs_to_a_time(text, expected):
    assert span(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Where: Apollo; When: Friday 2pm; How long: 45 min; How many: 5",
        "Where - Apollo; When - Friday 2pm; How long - 45 min; How many - 5",
        "Day: Friday\nFrom: 2pm\nTo: 2:45pm\nRoom: Apollo\nAttendees: 5",
        "* friday\n* 2-2:45pm\n* 5 people\n* Apollo",
    ],
)
def test_forms_are_filled_in_in_many_ways(text):
    reading = booked(text)
    assert (span(text), reading.attendees, reading.room.name) == ("11-27 14:00-14:45", 5, "Apollo")


def test_a_number_alone_between_commas_counts_people_and_says_so():
    reading = booked("thursday 2pm, 75 min, 10, video")
    assert reading.attendees == 10
    assert any(a.about == "attendees" for a in reading.assumptions)


@pytest.mark.parametrize(
    "text", ["fri,9,10,apollo", "thursday 2pm, 10, video", "thursday 2pm, 75 min, 10 video", "thursday 2-3pm, 45"]
)
def test_a_lone_number_that_may_be_something_else_is_asked_about(text):
    assert span(text) == "ambiguous"
