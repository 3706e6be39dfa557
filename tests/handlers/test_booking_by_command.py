"""`/book room …` from the typed line to the committed row and the answer."""

import pytest

from tests.handlers.firm import ANA, BEN, CHLOE, DEEPA, GUEST, Firm, labels, new_york, words


async def test_a_sentence_books_the_smallest_room_that_fits(firm: Firm):
    answer = await firm.say(BEN, "/book room tomorrow 2-3:30pm for 6 with projector")

    assert words(answer).startswith(
        "✅ Apollo is yours: tomorrow, Wed 25 Nov, 14:00-15:30 (New York)\nseats 8 · projector, whiteboard · 3rd floor"
    )
    assert labels(answer) == ["Edit", "Other room", "Cancel booking"]
    (booking,) = await firm.mine(BEN)
    assert (booking.room.name, booking.slot, booking.attendees_count) == ("Apollo", new_york(14, minutes=90), 6)


async def test_a_taken_room_is_refused_with_ways_out_that_book_at_once(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=ANA, title="Design review")

    refusal = await firm.say(BEN, "/book room apollo tomorrow 2pm for 1h")

    assert words(refusal) == 'Apollo is taken tomorrow 14:00-15:00 (New York; "Design review", @U0ANA).'
    assert "Apollo 15:00-16:00" in labels(refusal)
    assert labels(refusal)[-1] == "More…"
    answer = await firm.press(BEN, refusal, "Apollo 15:00-16:00")
    assert answer["ts"] == refusal["ts"]
    assert words(answer).startswith("✅ Apollo is yours: tomorrow, Wed 25 Nov, 15:00-16:00 (New York)")
