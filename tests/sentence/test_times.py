"""Times, ranges and lengths, rule by rule (T1 to T7); what people type, and what it means on a Tuesday at 10:07."""

import pytest

from tests.sentence.office import booked, refused, span

HOURS = [
    # T1: without am or pm, 1 to 7 is the afternoon, 8 to 11 the morning, 12 noon
    ("tomorrow at 1", "11-25 13:00-13:30"),
    ("tomorrow at 7", "11-25 19:00-19:30"),
    ("tomorrow at 8", "11-25 08:00-08:30"),
    ("tomorrow at 11", "11-25 11:00-11:30"),
    ("tomorrow at 12", "11-25 12:00-12:30"),
    ("tomorrow at 13", "11-25 13:00-13:30"),
    # zero-padded and packed forms are 24 h
    ("tomorrow 02:00", "11-25 02:00-02:30"),
    ("tomorrow 0730", "11-25 07:30-08:00"),
    ("tomorrow at 1030", "11-25 10:30-11:00"),
    ("1400 hours tomorrow", "11-25 14:00-14:30"),
    # markers in all spellings
    ("tomorrow 2 p.m.", "11-25 14:00-14:30"),
    ("tomorrow 2p", "11-25 14:00-14:30"),
    ("tomorrow 9a", "11-25 09:00-09:30"),
    ("tomorrow 340pm", "11-25 15:40-16:10"),
    ("tomorrow 2.30pm", "11-25 14:30-15:00"),
    ("tomorrow two thirty p m", "11-25 14:30-15:00"),
    ("tomorrow 14h30", "11-25 14:30-15:00"),
    ("tomorrow at 3ish", "11-25 15:00-15:30"),
    ("tomorrow 3 o'clock", "11-25 15:00-15:30"),
    ("tomorrow 14:00 hrs", "11-25 14:00-14:30"),
    ("tomorrow at fourteen thirty", "11-25 14:30-15:00"),
    # a part of the day decides
    ("tomorrow morning at 7", "11-25 07:00-07:30"),
    ("tomorrow evening at 8", "11-25 20:00-20:30"),
    ("tonight at 11", "11-24 23:00-23:30"),
    ("3 in the afternoon tomorrow", "11-25 15:00-15:30"),
    ("this arvo at 3", "11-24 15:00-15:30"),
    ("tomorrow morning at 3pm", "ambiguous"),
    # T3: without a date, the next time that the clock shows it
    ("9:45am", "11-25 09:45-10:15"),
    ("3pm", "11-24 15:00-15:30"),
    ("today at 9am", "past"),
    # T4: words for times
    ("tomorrow noon", "11-25 12:00-12:30"),
    ("lunchtime tomorrow", "11-25 12:00-12:30"),
    ("team lunch tomorrow 12:30", "11-25 12:30-13:00"),
    ("first thing tomorrow", "11-25 09:00-09:30"),
    ("tomorrow afternoon", "11-25 14:00-14:30"),
    ("tonight", "11-24 19:00-19:30"),
    ("tomorrow 4pm till eod", "11-25 16:00-18:00"),
    ("tomorrow 10pm to midnight", "11-25 22:00-11-26 00:00"),
    ("tomorrow eod", "ambiguous"),
    ("friday early morning", "ambiguous"),
    # T5: half, quarter, minutes past and to
    ("tomorrow half three", "11-25 15:30-16:00"),
    ("tomorrow half past nine", "11-25 09:30-10:00"),
    ("tomorrow quarter to 4", "11-25 15:45-16:15"),
    ("tomorrow twenty to three", "11-25 14:40-15:10"),
    ("tomorrow five past four", "11-25 16:05-16:35"),
    ("tomorrow ten to three", "ambiguous"),  # 14:50, or 10:00 to 15:00
    # T6: from now
    ("now", "11-24 10:07-10:37"),
    ("asap for 1 hour", "11-24 10:07-11:07"),
    ("in 20 minutes", "11-24 10:27-10:57"),
    ("in an hour and a half for 2 hours", "11-24 11:37-13:37"),
    ("now until 11", "11-24 10:07-11:00"),
    ("right now until noon", "11-24 10:07-12:00"),
    ("for the next two hours", "11-24 10:07-12:07"),
]

RANGES = [
    # T2: a marker on the end carries to the start, unless the start would be later
    ("tomorrow 3-4pm", "11-25 15:00-16:00"),
    ("tomorrow 9-1pm", "11-25 09:00-13:00"),
    ("tomorrow 11:30-12:30pm", "11-25 11:30-12:30"),
    ("tomorrow 7 to 9am", "11-25 07:00-09:00"),
    # a marker on the start: the next such hour
    ("tomorrow 9am-5", "11-25 09:00-17:00"),
    ("tomorrow 11am-12", "11-25 11:00-12:00"),
    # no marker at all
    ("tomorrow 10-2", "11-25 10:00-14:00"),
    ("tomorrow 8 to 4", "11-25 08:00-16:00"),
    ("tomorrow 4-445", "11-25 16:00-16:45"),
    ("tomorrow 930-1030", "11-25 09:30-10:30"),
    ("tomorrow 1030-1130", "11-25 10:30-11:30"),
    ("tomorrow 15h30-18h", "11-25 15:30-18:00"),
    ("tomorrow 10 - 11 at night", "11-25 22:00-23:00"),
    # every kind of join
    ("tomorrow between 2 and 4", "11-25 14:00-16:00"),
    ("tomorrow from 2 til 4", "11-25 14:00-16:00"),
    ("tomorrow 2 through 4", "11-25 14:00-16:00"),
    ("tomorrow 2 -> 4", "11-25 14:00-16:00"),
    ("tomorrow 2..4", "11-25 14:00-16:00"),
    ("tomorrow 2pm – 4pm", "11-25 14:00-16:00"),
    ("tomorrow noon in Apollo to 1pm", "11-25 12:00-13:00"),
    ("tomorrow noon to 1pm wait in Apollo", "11-25 12:00-13:00"),
    ("2pm tomorrow until 4pm tomorrow", "11-25 14:00-16:00"),
    ("Dec 1 11pm to Dec 2 1am", "12-01 23:00-12-02 01:00"),
    ("from two to half three tomorrow", "11-25 14:00-15:30"),
    # ISO intervals
    ("2026-12-01T14:00/15:30", "12-01 14:00-15:30"),
    ("2026-12-01T14:00-05:00 / PT1H30M", "12-01 14:00-15:30"),
    ("2026-12-01T19:00:00Z/2026-12-01T20:00:00Z", "12-01 14:00-15:00"),
    # the wrong way round, and too long
    ("2pm-1pm", "end_before_start"),
    ("22:00-02:00", "11-24 22:00-11-25 02:00"),
    ("Dec 1 2pm to Dec 2 3pm", "too_long"),
    # no such time
    ("tomorrow 25:00", "invalid_time"),
    ("tomorrow at 14:75", "invalid_time"),
    ("at 25 tomorrow", "invalid_time"),
]

LENGTHS = [
    ("30 min", 30), ("90m", 90), ("1h", 60), ("1h30", 90), ("1h 30m", 90), ("1.5h", 90), ("1,5h", 90), ("1½ hours", 90),
    ("half an hour", 30), ("an hour", 60), ("an hour and a half", 90), ("two and a half hours", 150), ("1 hour fifteen", 75),
    ("a couple of hours", 120), ("an hour or so", 60), ("three quarters of an hour", 45), ("45'", 45), ("PT45M", 45),
    ("one-hour", 60), ("2 hrs", 120), ("two (2) hours", 120), ("1:30 hours", 90),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), HOURS)
def test_an_hour_is_read_as_people_mean_it(text, expected):
    assert span(text) == expected


@pytest.mark.parametrize(("text", "expected"), RANGES)
def test_a_range_ends_where_people_mean_it(text, expected):
    assert span(text) == expected


@pytest.mark.parametrize(("text", "minutes"), LENGTHS)
@pytest.mark.parametrize("frame", ["tomorrow 2pm for {}", "{} tomorrow at 2pm", "tomorrow 14:00 {}"])
def test_a_length_is_read_wherever_it_stands(text, minutes, frame):
    assert booked(frame.format(text)).duration_min == minutes


def test_a_length_of_more_than_a_day_is_too_long():
    assert span("tomorrow 2pm for 30 hours") == "too_long"
    assert span("room for 3 days from monday 9am") == "too_long"


def test_an_end_that_disagrees_with_the_length_is_asked_about():
    assert span("tomorrow 2-3pm for 2 hours") == "ambiguous"
    assert span("tomorrow 2-3pm for 1 hour") == "11-25 14:00-15:00"


def test_a_range_past_midnight_is_offered_with_its_dates():
    (option,) = refused("tomorrow 17:00-02:00").options
    assert span(option.sentence) == "11-25 17:00-11-26 02:00"


@pytest.mark.parametrize("text", ["tomorrow", "apollo", "30 min", "", "🍕🍕🍕", "standup with the team", "until 4pm"])
def test_a_sentence_without_a_start_asks_for_it_and_offers_some(text):
    refusal = refused(text)
    assert refusal.trouble == "missing_time"
    assert refusal.options
