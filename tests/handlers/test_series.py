"""Series in Slack, over the wire: previewed, booked, looked at, cancelled; what clashes is chosen about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.models import Slot
from tests.handlers.firm import ANA, BEN, Firm, labels, words

SENTENCE = "/book room every Tuesday at 10 for 8 weeks for 6 with projector"


def december(day: int, hour: int = 10, *, minutes: int = 60) -> Slot:
    """Return a time in December on New York's clock."""
    start = datetime(2026, 12, day, hour + 5, tzinfo=UTC)
    return Slot(start=start, end=start + timedelta(minutes=minutes))


async def test_a_sentence_that_repeats_is_shown_first_and_books_nothing(firm: Firm):
    shown = await firm.say(BEN, SENTENCE)

    assert words(shown).startswith("↻ Every Tuesday, 10:00-10:30 (New York), 8 dates until Tue 19 Jan 2027: Apollo")
    assert "All 8 dates are free." in words(shown)
    assert labels(shown)[0] == "Book all 8"
    assert await firm.mine(BEN) == ()


async def test_all_dates_are_booked_by_one_button(firm: Firm):
    shown = await firm.say(BEN, SENTENCE)

    done = await firm.press(BEN, shown, "Book all 8")

    assert words(done).startswith("✅ Apollo is yours every Tuesday, 10:00-10:30 (New York): 8 dates, Tue 1 Dec to")
    mine = await firm.mine(BEN)
    assert len(mine) == 8
    assert {one.room.name for one in mine} == {"Apollo"}
    assert len({one.series_id for one in mine}) == 1


async def test_dates_that_are_taken_are_named_and_can_be_skipped(firm: Firm):
    await firm.booked("Apollo", december(8), by=ANA, title="Design review")
    shown = await firm.say(BEN, "/book room every Tuesday at 10 for 8 weeks in Apollo")

    assert "7 are free, 1 is not:" in words(shown)
    print(words(shown), labels(shown))
    done = await firm.press(BEN, shown, "Book 7, skip 1")

    print(words(done), labels(done))
    assert len(await firm.mine(BEN)) == 7
