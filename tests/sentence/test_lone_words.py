"""An unknown word beside a time is what people meet for, unless it is ordered like a room or nearly is one's name."""

import pytest

from handlers.sentence import Trouble
from tests.sentence.office import booked, said


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("book zeppelin tomorrow 2pm", "zeppelin"),
        ("please reserve zeppelin for 4 tomorrow 2pm", "zeppelin"),
        ("grab zeppelin tomorrow 2pm", "zeppelin"),
        ("tomorrow 2pm in zeppelin", "zeppelin"),
        ("room zeppelin tomorrow 2pm", "zeppelin"),
        ("the zeppelin room tomorrow 2pm", "zeppelin"),
        ("pollo tomorrow 2pm", "pollo"),
        ("Atlantis tomorrow 2pm", "Atlantis"),
        ("cancle tomorrow 3pm", "cancle"),
    ],
)
def test_a_word_where_a_room_would_stand_is_asked_about(text: str, word: str):
    refused = said(text)

    assert refused.trouble is Trouble.UNKNOWN_ROOM
    assert word in refused.message
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
        "physio mon 9am",
        "mon 9am physio",
        "gongfu thu 4pm",
        "thu 4pm biopsy",
        "depositions thu 9-12",
        "Zumba thu 5pm",
        "Conveyancing thu 11am",
        "wombling tomorrow 2-3pm with projector",
    ],
)
def test_a_subject_is_not_taken_for_a_room(text: str):
    assert booked(text).room is None
