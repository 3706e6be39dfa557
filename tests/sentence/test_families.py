"""Families of phrases: for each way to say a thing, what it books, or that it is asked about.

The tables are files of lines `sentence => expectation`, where `\\n` is a line's end. An expectation is "ask", or
"11-27 14:00; 30 min" with what else is booked behind it: people, room, equipment, place, a series' rule, dates left out.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from handlers.sentence import Refusal
from tests.sentence.office import said, to_record

FAMILIES = Path(__file__).parent / "families"


def booked_as(text):
    """A sentence's outcome as the tables write it."""
    result = said(text)
    if isinstance(result, Refusal):
        return "ask"
    got = to_record(replace(result, more_rooms=()))
    parts = [got["start"][5:].replace("T", " "), f"{got['duration_min']} min"]
    if got["attendees"] is not None:
        parts.append(f"{got['attendees']} people")
    parts += [" + ".join(room.name for room in (result.room, *result.more_rooms))] if result.room else []
    parts += ["+".join(got["amenities"])] if got["amenities"] else []
    parts += [f"in {got['location']}"] if got["location"] else []
    parts += [got["recurrence"]] if got["recurrence"] else []
    parts += ["without " + " ".join(f"{day:%m-%d}" for day in result.left_out)] if result.left_out else []
    return "; ".join(parts)


@pytest.mark.parametrize("path", sorted(FAMILIES.glob("*.txt")), ids=lambda path: path.stem)
def test_every_member_of_a_family_is_read_as_meant(path):
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    pairs = [line.rsplit(" => ", 1) for line in lines]
    wrong = [f"{text!r}: {got}, not {want}" for text, want in pairs if (got := booked_as(text.replace("\\n", "\n"))) != want]
    assert pairs
    assert not wrong, "\n".join(wrong)
