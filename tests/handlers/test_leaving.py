"""`/book cancel` for many dates at once, and dates that a sentence leaves out of a series."""

from __future__ import annotations

from tests.handlers.firm import BEN, Firm, labels, words

EXCEPT = "/book room every Tuesday at 10 for 8 weeks in Apollo except 22 and 29 dec"


async def test_dates_that_a_sentence_excepts_are_left_out_of_the_series(firm: Firm):
    shown = await firm.say(BEN, EXCEPT)

    assert words(shown).startswith("↻ Every Tuesday, 10:00-10:30 (New York), 6 dates until Tue 19 Jan 2027: Apollo")
    assert "Left out, as you said: Tue 22 Dec and Tue 29 Dec." in words(shown)
    assert labels(shown)[0] == "Book all 6"
    assert "Other rhythm…" not in labels(shown)

    await firm.press(BEN, shown, "Book all 6")

    days = [f"{one.start:%m-%d}" for one in await firm.mine(BEN)]
    assert days == ["12-01", "12-08", "12-15", "01-05", "01-12", "01-19"]
