"""Times as they are said: the end of a day is 24:00, what ends on another date says which."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core import saying
from core.models import Slot

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("start", "minutes", "said"),
    [
        ((2026, 11, 25, 14, 0), 90, "14:00-15:30"),
        ((2026, 11, 25, 22, 0), 120, "22:00-24:00"),
        ((2026, 11, 25, 23, 0), 120, "23:00-01:00 (Thu 26 Nov)"),
        ((2026, 12, 31, 23, 0), 120, "23:00-01:00 (Fri 1 Jan 2027)"),
        ((2026, 11, 25, 0, 0), 24 * 60, "00:00-24:00"),
        ((2026, 11, 25, 0, 0), 48 * 60, "00:00-00:00 (Fri 27 Nov)"),
        ((2026, 10, 24, 22, 0), 120, "22:00-24:00"),  # the clocks go back some hours later
        ((2026, 10, 25, 22, 0), 120, "22:00-24:00"),
    ],
)
def test_hours_are_those_of_the_days_clock(start: tuple[int, ...], minutes: int, said: str):
    begin = datetime(*start, tzinfo=BERLIN).astimezone(UTC)

    assert saying.hours(Slot(start=begin, end=begin + timedelta(minutes=minutes)), BERLIN) == said
