"""Sentences that are no wish yet, rooms that only their sender knows, and letters that slip into times: all asked about."""

import pytest

from tests.sentence.office import booked, refused, span


@pytest.mark.parametrize(
    "text",
    [
        "book the big room thursday at 3",
        "hold the main hall for us friday 2pm",
        "the room we had last time, friday 2pm",
        "Kindly book Orchid hall on Friday 3 pm to 4 pm",
        "book a room at 1q pm today",
        "tomorrow 3x",
        "was Apollo booked tomorrow at 2pm?",
        "tomorrow 11am for 4, let me check with Priya",
        "tomorrow 3pm for 4, hard to say",
        "room 2 tom 3pm for 30 minutes",
    ],
)
def test_what_is_not_clear_is_asked_about(text: str):
    assert refused(text).message


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("tomorrow 3pn", "11-25 15:00-15:30"),
        ("tomorrow 9an for 1h", "11-25 09:00-10:00"),
        ("a big room tomorrow 3pm", "11-25 15:00-15:30"),
        ("with Tom 3pm", "11-24 15:00-15:30"),
        ("town hall tomorrow 3pm", "11-25 15:00-15:30"),
        ("was wondering if we can have a room tomorrow 3pm?", "11-25 15:00-15:30"),
    ],
)
def test_what_looks_alike_and_is_clear_is_read(text: str, meant: str):
    assert booked(text)
    assert span(text) == meant
