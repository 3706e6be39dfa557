"""How many people a sentence counts: lists counted in part, bare and labelled counts, and things that are no people."""

import pytest

from tests.sentence.office import booked, refused, span

LISTS = [
    ("me, the photographer and Dana", 3), ("the twins, Raj and me", 4), ("trustees (4) and ourselves (3)", 7),
    ("3 auditors, 2 of us", 5), ("Priya + 2 from finance + me", 4), ("my boss, his assistant and I", 3),
    ("three candidates (so 4 with me)", 4), ("(so 3 with me)", 3), ("the whole squad (11)", 11), ("we shall be four", 4),
    ("there'll be 5 of us", 5), ("two interviewers and a candidate", 3), ("a panel of three plus the candidate", 4),
    ("the registrar, two nurses and me", 4), ("the patient, her daughter and the consultant", 3),
    ("one client + two of ours", 3), ("five students and their tutor", 6), ("six including me", 6), ("six with me", 6),
    ("board members (7) plus company secretary", 8), ("legal (2), finance (3), me", 6), ("4 adults 2 kids", 6),
    ("a couple from the agency and three of us", 5), ("4 pax + 1", 5), ("Mr and Mrs Patel and me", 3),
    ("Dr. Osei and two residents", 3), ("the client, his wife and our adviser", 3), ("4 of them and 2 of us", 6),
    ("two from legal, one from hr and me", 4), ("it'll be 6 of us", 6),
]  # fmt: skip


@pytest.mark.parametrize(("text", "count"), LISTS)
def test_a_list_of_people_is_added_up(text, count):
    assert booked(f"friday 2-3pm, {text}").attendees == count


BARE = [
    ("n=4", 4), ("N: 4", 4), ("x6", 6), ("6 heads", 6), ("hc 7", 7), ("hc: 7", 7), ("hc=7", 7), ("team of 9", 9),
    ("10-12 ppl", 12), ("size 5", 5), ("#people: 8", 8), ("# people: 8", 8), ("#people=8", 8), ("no. of people: 8", 8),
    ("number of attendees: 8", 8), ("pax 6", 6), ("seats 8", 8), ("for a dozen", 12), ("cap 6", 6), ("cap >= 6", 6),
    ("capacity>=6", 6), ("ppl 6", 6), ("for ~8", 8), ("8-ish people", 8), ("at least 6", 6), ("attendee count 6", 6),
    ("that can take 10", 10), ("which holds 10", 10), ("1h 4p", 4), ("8 seater", 8), ("for half a dozen", 6),
    ("headcount 6-8", 8), ("expecting 6", 6), ("six in attendance", 6), ("6 max", 6), ("no more than 6", 6),
    ("10 staff", 10),
    ("my team (7) + 2 guests", 9), ("6 from Deloitte, 4 of us", 10), ("12 jurors and 2 alternates", 14),
]  # fmt: skip


@pytest.mark.parametrize(("text", "count"), BARE)
def test_a_bare_count_is_read(text, count):
    assert booked(f"thursday 2pm {text}").attendees == count


@pytest.mark.parametrize(
    "noun",
    ["paramedics", "midwives", "copywriters", "postgrads", "signatories", "freelancers", "SREs", "candidates", "coaches"],
)
def test_a_number_of_people_is_told_by_what_they_are_called(noun):
    assert booked(f"friday 2pm, 3 {noun}").attendees == 3


@pytest.mark.parametrize(
    "noun",
    ["widgets", "dashboards", "epics", "wheelchairs", "hamsters", "posters", "agenda items", "computers", "documents"],
)
def test_a_number_of_things_is_no_headcount(noun):
    assert span(f"friday 2pm, 3 {noun}") == "ambiguous"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("friday 2p-4p", "11-27 14:00-16:00"),
        ("friday 2p", "11-27 14:00-14:30"),
        ("friday from 2p to 4p", "11-27 14:00-16:00"),
    ],
)
def test_an_hour_with_p_is_still_a_time(text, expected):
    assert span(text) == expected


@pytest.mark.parametrize("text", ["friday at least 2 hours", "friday 2pm, ten people 6pm"])
def test_a_number_that_could_be_a_time_is_no_headcount(text):
    assert refused(text).trouble in {"missing_time", "ambiguous"}


NOONS = [
    ("Noon at noon tomorrow until 1", "11-25 12:00-13:00"), ("fri 11 45m noon room", "11-27 11:00-11:45"),
    ("Noon from noon till 2 on friday", "11-27 12:00-14:00"), ("book noon friday noon to 1pm", "11-27 12:00-13:00"),
    ("room Noon noon-1 friday", "11-27 12:00-13:00"), ("noon thursday noon room", "11-26 12:00-12:30"),
    ("Noon friday 11:30 to noon", "11-27 11:30-12:00"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), NOONS)
def test_noon_is_the_room_and_the_time_where_both_are_named(text, expected):
    assert span(text) == expected
    assert booked(text).room.name == "Noon"


@pytest.mark.parametrize("text", ["friday 11 to noon", "friday noon for 4", "tomorrow noon room for 4"])
def test_noon_alone_is_the_time(text):
    assert booked(text).room is None
