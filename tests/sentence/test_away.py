"""Which bookings a sentence gives up: days and stretches of them, weekdays, rooms; None where it is not understood."""

import pytest

from handlers.sentence import read_away
from tests.sentence.office import BOOK, NEW_YORK, NOW


def given_up(text):
    """What is given up, as text; "more:" before it where it means more than one booking."""
    found = read_away(text, now=NOW, zone=NEW_YORK, book=BOOK)
    if found is None:
        return None
    days = [f"{one.first:%m-%d}" + (f"..{one.last:%m-%d}" if one.first != one.last else "") for one in found.stretches]
    parts = [*(room.name for room in found.rooms), *days, *(f"weekday {day}" for day in sorted(found.weekdays))]
    parts += [f"{found.clock:%H:%M}"] if found.clock else []
    return ("more: " if found.many else "") + " ".join([*parts, *found.words])


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("my bookings 20-31 dec", "more: 12-20..12-31"),
        ("i am away 20-31 dec", "more: 12-20..12-31"),
        ("i'm out from dec 20 to 31", "more: 12-20..12-31"),
        ("i'm away dec 20 until jan 3", "more: 12-20..01-03"),
        ("i'm on vacation 12/20 - 1/3", "more: 12-20..01-03"),
        ("all my bookings between dec 20 and jan 3", "more: 12-20..01-03"),
        ("the 20th to the 31st", "more: 12-20..12-31"),
        ("everything next week", "more: 11-30..12-06"),
        ("everything this week", "more: 11-24..11-29"),
        ("everything until friday", "more: 11-24..11-27"),
        ("everything tomorrow", "more: 11-25"),
        ("all my meetings in december", "more: 12-01..12-31"),
        ("everything on christmas eve and new year's eve", "more: 12-24 12-31"),
        ("mon 30 nov to wed 2 dec", "more: 11-30..12-02"),
        ("away next monday and tuesday", "more: 11-30 12-01"),
        ("apollo every tuesday", "more: Apollo weekday 1"),
        ("apollo every tuesday at 10", "more: Apollo weekday 1 10:00"),
        ("apollo on 1 and 8 dec", "more: Apollo 12-01 12-08"),
        ("1, 8 and 15 dec", "more: 12-01 12-08 12-15"),
        ("fridays in december", "more: 12-01..12-31 weekday 4"),
        ("all standups next week", "more: 11-30..12-06 standups"),
        ("all", "more: "),
        # one booking, which the command finds by itself
        ("friday", "11-27"),
        ("tomorrow 2pm", "11-25 14:00"),
        ("retro", "retro"),
    ],
)
def test_what_is_given_up(text, meant):
    assert given_up(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "everything but apollo",
        "everything except apollo next week",
        "everything on the 3rd floor",
        "everything with a projector tomorrow",
        "my 3pm and 4pm",
        "everything for 6 people",
        "feb 30 to mar 3",
        "x" * 501,
    ],
)
def test_what_is_not_understood_gives_nothing_up(text):
    assert given_up(text) is None
