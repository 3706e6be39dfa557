"""Recurrences (R1 to R3): the rule, its end, and the first date."""

import pytest

from tests.sentence.office import booked, refused

SERIES = [
    ("every tuesday at 10", "12-01", "FREQ=WEEKLY;BYDAY=TU"),
    ("mondays 9:30", "11-30", "FREQ=WEEKLY;BYDAY=MO"),
    ("every mon, wed and fri 1-2pm", "11-25", "FREQ=WEEKLY;BYDAY=MO,WE,FR"),
    ("tuesdays and thursdays 4pm", "11-24", "FREQ=WEEKLY;BYDAY=TU,TH"),
    ("weekly on tue/thu 4pm", "11-24", "FREQ=WEEKLY;BYDAY=TU,TH"),
    ("every mon-fri 9am", "11-25", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
    ("every weekday 8:45", "11-25", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
    ("daily standup 9:15", "11-25", "FREQ=DAILY"),
    ("every 3 days at 10", "11-25", "FREQ=DAILY;INTERVAL=3"),
    ("every other thursday 3pm", "11-26", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH"),
    ("biweekly friday 2pm", "11-27", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"),
    ("every 2 weeks on monday at 1pm", "11-30", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"),
    ("2nd tuesday of every month 2pm", "12-08", "FREQ=MONTHLY;BYDAY=2TU"),
    ("every 15th at 2pm for 6 months", "12-15", "FREQ=MONTHLY;BYMONTHDAY=15;COUNT=6"),
    ("last friday of each month 3pm", "11-27", "FREQ=MONTHLY;BYDAY=-1FR"),
    ("monthly on the 15th at 10am", "12-15", "FREQ=MONTHLY;BYMONTHDAY=15"),
    ("weekly sync tomorrow 3pm", "11-25", "FREQ=WEEKLY;BYDAY=WE"),
    # R2: how long
    ("every friday at 4 for 6 weeks", "11-27", "FREQ=WEEKLY;BYDAY=FR;COUNT=6"),
    ("every mon and wed 4pm for 3 weeks", "11-25", "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=6"),
    ("daily at 9 for the next two weeks", "11-25", "FREQ=DAILY;COUNT=14"),
    ("every other friday 4pm for 6 weeks", "11-27", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR;COUNT=3"),
    ("every friday 4pm, 5 times", "11-27", "FREQ=WEEKLY;BYDAY=FR;COUNT=5"),
    ("every weekday 9am for 520 dates", "11-25", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;COUNT=520"),
    ("every tuesday at 10, 8 dates", "12-01", "FREQ=WEEKLY;BYDAY=TU;COUNT=8"),
    ("every tuesday at 10 for two years", "12-01", "FREQ=WEEKLY;BYDAY=TU;UNTIL=20281130"),
    ("every thursday 3-4pm until Dec 31", "11-26", "FREQ=WEEKLY;BYDAY=TH;UNTIL=20261231"),
    ("every thu 4pm until the end of January", "11-26", "FREQ=WEEKLY;BYDAY=TH;UNTIL=20270131"),
    ("every other wednesday 2-3pm starting next week", "12-02", "FREQ=WEEKLY;INTERVAL=2;BYDAY=WE"),
    ("daily standup mon-fri 9:15", "11-25", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
    ("each tuesday from dec 1 until dec 22 at 2pm", "12-01", "FREQ=WEEKLY;BYDAY=TU;UNTIL=20261222"),
    ("every wed 3pm starting dec 9 for 4 weeks", "12-09", "FREQ=WEEKLY;BYDAY=WE;COUNT=4"),
]


@pytest.mark.parametrize(("text", "first", "rule"), SERIES)
def test_a_series_has_its_rule_and_first_date(text, first, rule):
    reading = booked(text)
    assert (f"{reading.start:%m-%d}", reading.recurrence) == (first, rule)


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("every hour", "not_understood"),
        ("every year on dec 1 at 10", "not_understood"),
        ("twice a week at 10", "ambiguous"),
        ("every third tuesday at 10", "ambiguous"),  # of the month, or every three weeks
        ("weekly at 3pm", "ambiguous"),
        ("recurring meeting tomorrow 3pm", "ambiguous"),
        ("every day except holidays at 10", "ambiguous"),
        ("every friday except the last friday of the month at 10", "not_understood"),
        ("every tuesday at 10 except over christmas", "ambiguous"),
        ("every tue at 10 until easter", "ambiguous"),
        ("every friday 3pm until nov 20, 2026", "end_before_start"),
        ("3pm tomorrow 5 times", "ambiguous"),
    ],
)
def test_a_series_that_cannot_be_said_is_never_a_single_booking(text, trouble):
    assert refused(text).trouble == trouble


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        # a date that is none of the series' own: those around it are offered
        ("every tuesday at 10 for 8 weeks except 28 dec", ["Leave out Tue 22 Dec", "Leave out Tue 29 Dec"]),
        ("every other tuesday at 10 except dec 8", ["Leave out Tue 1 Dec", "Leave out Tue 15 Dec"]),
        ("every tue at 10 until march", ["Until the end of February", "Until the end of March"]),
    ],
)
def test_what_is_open_about_a_series_is_asked_with_its_answers(text, labels):
    question = refused(text)
    assert question.trouble == "ambiguous"
    assert [option.label for option in question.options] == labels
    assert all(booked(option.sentence).recurrence for option in question.options)


def test_a_date_left_out_stays_left_out_in_every_other_reading_that_is_offered():
    reading = booked("every tuesday at 10 until the end of january except dec 22 and 29")
    offered = [option.sentence for one in reading.assumptions for option in one.options]
    assert offered
    assert all(booked(sentence).left_out == reading.left_out for sentence in offered)
