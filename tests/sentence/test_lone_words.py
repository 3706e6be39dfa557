"""A word that nobody knows, alone beside a time, may be a room that does not exist: it is asked about, not dropped."""

import pytest

from handlers.sentence import Trouble
from tests.sentence.office import booked, said


@pytest.mark.parametrize(
    "text",
    [
        "zeppelin tomorrow 2pm",
        "tomorrow 2pm zeppelin",
        "book zeppelin tomorrow 2pm",
        "please reserve zeppelin for 4 tomorrow 2pm",
        "zeppelin tomorrow 2-3pm with projector",
        "zeppelin now for an hour",
        "zeppelin in 20 minutes",
    ],
)
def test_a_lone_unknown_word_is_asked_about(text: str):
    refused = said(text)

    assert refused.trouble is Trouble.UNKNOWN_ROOM
    assert "zeppelin" in refused.message
    assert "Any free room" in [option.label for option in refused.options]


@pytest.mark.parametrize(
    "text",
    [
        "standup tomorrow 9am",
        "yoga tomorrow 7am",
        "quarterly numbers thu 3pm",
        "zeppelin restoration committee tomorrow 2pm",
        "a room tomorrow 2pm, zeppelin talk",
        "tomorrow 2pm thanks",
        "interview thursday 3pm",
    ],
)
def test_a_subject_is_not_taken_for_a_room(text: str):
    assert booked(text).room is None
