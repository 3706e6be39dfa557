"""How people say things who do not write like a manual: headcounts in sums, stories, pasted lines, slips."""

import pytest

from tests.sentence.office import booked, refused, said, span

SUMS = [
    ("three attorneys and a paralegal", 4), ("my three reports and I", 4), ("one colleague and me", 2),
    ("6 reps plus me", 7), ("a trio", 3), ("two teams of four", 8), ("me and the 2 ACME guys", 3), ("x8", 8),
    ("18 nos.", 18), ("9 in total", 9), ("6 people including me", 6), ("6 people not counting me", 7),
    ("<@U1A|ana>, <@U2A> and 3 others", 6), ("<@U1A|vik> + me + 4", 6), ("the CEO, two board members and me", 4),
    ("2 from legal and 3 from finance", 5), ("3 engineers, 2 designers", 5), ("him plus two visitors", 3),
    ("a baker's dozen", 13), ("15 docents", 15), ("4 QAs", 4), ("Mrs. Ortega and I", 2), ("candidate and me", 2),
    ("with one candidate, two examiners and a chair; 4 people altogether", 4),
    ("only me and my mat", 1), ("panel of 3 + candidate", 4),
    ("me, mum, dad and the SENCo", 4), ("up to 12", 12), ("max 12", 12), ("strength eight", 8), ("6 on shift", 6),
    ("3 on their side, 2 on ours", 5), ("we gonna be 11", 11), ("so that makes seven", 7), ("5 people instead of 3", 5),
]  # fmt: skip


@pytest.mark.parametrize(("text", "count"), SUMS)
def test_people_are_added_up_as_they_are_named(text, count):
    assert booked(f"tomorrow 3pm, {text}").attendees == count


@pytest.mark.parametrize(
    "text", ["? people", "a few people", "xx people", "room that fits everyone", "6 people, maybe 8", "room with 3 outlets"]
)
def test_an_unclear_number_of_people_is_asked_about(text):
    assert span(f"tomorrow 3pm, {text}") == "ambiguous"


@pytest.mark.parametrize("text", ["a gazillion people", "minus two people"])
def test_an_impossible_number_of_people_is_refused(text):
    assert span(f"{text}, tomorrow 3pm") == "invalid_attendees"


def test_people_who_are_mentioned_in_a_sum_are_invited():
    assert booked("5 of us plus <@U12>, tomorrow 3pm").invitees == ("U12",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It was supposed to be for 8 but two dropped out, so 6 people, tomorrow 4 to 5", "11-25 16:00-17:00"),
        ("My flight lands at 2 so let's do 4pm today", "11-24 16:00-16:30"),
        ("We had Apollo at 3 tomorrow but it broke, so Big Ben tomorrow at 3", "11-25 15:00-15:30"),
        ("Boardroom, catering because last year was a disaster, tomorrow 3pm", "11-25 15:00-15:30"),
        ("tomorrow 3pm and don't screw it up again", "11-25 15:00-15:30"),
        ("Happy Tuesday! Have a lovely week. tomorrow 3pm", "11-25 15:00-15:30"),
        ("As per my last message: tomorrow 3pm", "11-25 15:00-15:30"),
        ("tomorrow 3pm, review (the books, not the numbers)", "11-25 15:00-15:30"),
    ],
)
def test_stories_and_chatter_are_left_aside(text, expected):
    assert span(text) == expected


STOPPED = [
    ("Apollo tomorrow at 10. Actually forget it.", "not_understood"),
    ("kindly prepone my meeting to 2 pm", "not_understood"),
    ("Canceled: weekly sync\nWhen: Thursday 2:00 PM-3:00 PM", "not_understood"),
    ("whoever booked over me at 1pm, undo it", "not_understood"),
    ("which rooms are free at 3?", "not_understood"),
    ("remind me to call Ana tomorrow 3pm", "not_understood"),
    ("the meeting moved from 3pm to 4pm tomorrow", "ambiguous"),
    ("last time the projector died at 9 and we lost two hours, I do not want that again", "not_understood"),
    ("tursday at 3", "ambiguous"),  # Tuesday or Thursday
    ("Big Ben from now till gold master", "ambiguous"),
    ("tomorrow 12:00-11:30", "ambiguous"),
    ("tomorrow 2pm to tomorrow 2pm", "end_before_start"),
    ("tomorrow 3:00pm am", "invalid_time"),
    ("hall Goya tomorrow 3pm", "unknown_room"),
    ("the East Gallery tomorrow 3pm", "unknown_room"),
    ("same time tomorrow in Apollo", "ambiguous"),
    ("the week of Dec 7 3pm", "ambiguous"),
    ("tomorrow 7 am IST", "ambiguous"),  # the day before, here
]


@pytest.mark.parametrize(("text", "trouble"), STOPPED)
def test_what_is_no_clear_wish_is_not_booked(text, trouble):
    assert span(text) == trouble


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- room: May\n- day: Friday\n- time: 9:00-9:45\n- people: 4", "11-27 09:00-09:45"),
        ("start:14:15 dur:30m n:4", "11-24 14:15-14:45"),
        ('title="api sync" date=12/1 time=16:30-17:30', "12-01 16:30-17:30"),
        ("DTSTART;TZID=Europe/Berlin:20261209T150000\nDTEND;TZID=Europe/Berlin:20261209T160000", "12-09 09:00-10:00"),
        ("Thu Dec 3, 2026 2:30pm – 3:15pm Eastern Time - New York", "12-03 14:30-15:15"),
        ("[copied] Launch — Fri Dec 11 — 9:00–9:55 — Apollo", "12-11 09:00-09:55"),
        ("a fortnight today, 10am til 11", "12-08 10:00-11:00"),
        ("~Thursday~ Friday at 3pm", "11-27 15:00-15:30"),
        ("12/8 AM 10:00 ~ AM 11:30", "12-08 10:00-11:30"),
        ("tomorrow from the 9 to the 11", "11-25 09:00-11:00"),
        ("tomorrow at 11 and quarter", "11-25 11:15-11:45"),
        ("three half hours from 2pm today", "11-24 14:00-15:30"),
        ("2 x 45 min tomorrow 3pm", "11-25 15:00-16:30"),
        ("15.12, from 9.30 to 12.00", "12-15 09:30-12:00"),
        ("2026.12.14 (Mon) 09:00", "12-14 09:00-09:30"),
        ("thursday at three, not two", "11-26 15:00-15:30"),
        ("zen immediately, until 11", "11-24 10:07-11:00"),
        ("tomorrow at too pm 4 1hr", "11-25 14:00-15:00"),
        ("every second Friday 3-4pm", "11-27 15:00-16:00"),
        ("from 10 pm Saturday until 2 am Sunday", "11-28 22:00-11-29 02:00"),
    ],
)
def test_times_are_read_as_people_paste_and_say_them(text, expected):
    assert span(text) == expected


@pytest.mark.parametrize(
    ("text", "room"),
    [
        ("bug ben", "Big Ben"),
        ("huddel 3rd floor", "3rd Floor Huddle"),
        ("zenn", "Zen"),
        ("zne", "Zen"),
        ("borde room", "Boardroom"),
    ],
)
def test_a_room_behind_slips_is_found(text, room):
    assert booked(f"{text} tomorrow 3pm").room.name == room


@pytest.mark.parametrize("text", ["huddle 1:30", "3pm in the huddle", "3pm, huddle room", "third floor huddle 3pm"])
def test_a_word_that_only_one_room_has_is_that_room_where_a_room_stands(text):
    assert booked(f"tomorrow {text}" if "1:30" not in text else text).room.name == "3rd Floor Huddle"


@pytest.mark.parametrize(("text", "room"), [("sync tomorrow 3pm BB", "Big Ben")])
def test_half_a_name_is_asked_about_with_the_room(text, room):
    assert [booked(option.sentence).room.name for option in refused(text).options] == [room]


def test_a_name_that_is_only_like_a_room_is_not_taken_for_it():
    assert said("it is called Big Band, tomorrow at 1").trouble == "unknown_room"


@pytest.mark.parametrize(
    "text", ["Win11 Q&A", "INC48213 session", "ACME-123 review", "$1.5m budget review", "2v2 design jam"]
)
def test_codes_and_amounts_are_subjects(text):
    assert span(f"{text} tomorrow 3pm") == "11-25 15:00-15:30"
