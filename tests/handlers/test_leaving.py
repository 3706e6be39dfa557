"""`/book cancel` for many dates at once, and dates that a sentence leaves out of a series."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from core.leaving import Days, Piece
from core.models import Slot
from handlers import leaving
from handlers.drafts import OUT_OF_DATE
from tests.handlers.firm import ANA, BEN, NOW, Firm, labels, value_of, words


def at_ten(day: int) -> Slot:
    start = datetime(2026, 12, day, 15, tzinfo=UTC)
    return Slot(start=start, end=start + timedelta(hours=1))


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


async def december(firm: Firm, *, by: str = BEN) -> None:
    """Ben has Apollo every Tuesday from 1 Dec, 8 dates; the Corner on 21 Dec and on 11 Jan."""
    await firm.press(by, await firm.say(by, "/book room every Tuesday at 10 for 8 weeks in Apollo"), "Book all 8")
    await firm.say(by, '/book room corner 21 dec 2-3pm "Review"')
    await firm.say(by, "/book room corner jan 11 2-3pm")


async def days_of(firm: Firm, who: str = BEN) -> list[str]:
    return [f"{one.start:%m-%d}" for one in await firm.mine(who)]


@pytest.mark.parametrize(
    "line",
    [
        "/book cancel my bookings 20-31 dec",
        "/book cancel i am away 20-31 dec",
        "/book away 20-31 dec",
        "/book cancel everything from dec 20 to 31",
        "/book cancel all my meetings between dec 20 and dec 31",
    ],
)
async def test_an_absence_is_shown_first_and_gives_back_nothing_yet(firm: Firm, line: str):
    await december(firm)
    before = await days_of(firm)

    shown = await firm.say(BEN, line)

    assert words(shown).split("\n") == [
        "Cancel 3 bookings Sun 20 Dec to Thu 31 Dec?",
        '• Mon 21 Dec, 14:00-15:00: Corner ("Review")',
        "• ↻ every Tuesday, 10:00-10:30, Apollo, 2 dates: Tue 22 Dec and Tue 29 Dec",
        "What others booked stays as it is.",
    ]
    assert labels(shown) == ["Keep them", "Cancel 3 bookings"]
    assert "Corner and Apollo are given back and others can book them." in json.dumps(shown)
    assert await days_of(firm) == before


async def test_one_red_button_gives_all_of_it_back_and_one_takes_it_back(firm: Firm):
    await december(firm)
    before = await days_of(firm)
    shown = await firm.say(BEN, "/book cancel my bookings 20-31 dec")

    done = await firm.press(BEN, shown, "Cancel 3 bookings")

    assert words(done) == "❌ 3 bookings are cancelled, Mon 21 Dec to Tue 29 Dec."
    assert await days_of(firm) == ["12-01", "12-08", "12-15", "01-05", "01-11", "01-12", "01-19"]

    back = await firm.press(BEN, done, "Undo")

    assert words(back) == "✅ 3 bookings are back, Mon 21 Dec to Tue 29 Dec."
    assert await days_of(firm) == before


async def test_the_same_click_twice_answers_the_same(firm: Firm):
    await december(firm)
    shown = await firm.say(BEN, "/book cancel everything in december")
    click = firm.click_of(BEN, "leave", json.dumps(value_of(shown, labels(shown)[-1])))

    for _ in range(2):
        await firm.deliver(click)

    first, second = firm.answers[-2:]
    assert first["text"] == second["text"]
    assert first["text"].startswith("❌ 6 bookings are cancelled")


async def test_a_series_is_cancelled_by_its_rhythm(firm: Firm):
    await december(firm)

    shown = await firm.say(BEN, "/book cancel apollo every tuesday")
    assert "• ↻ every Tuesday, 10:00-10:30, Apollo, all 8 dates" in words(shown)
    await firm.press(BEN, shown, "Cancel 8 bookings")

    assert await days_of(firm) == ["12-21", "01-11"]


async def test_single_dates_are_cancelled_one_by_one(firm: Firm):
    await december(firm)

    shown = await firm.say(BEN, "/book cancel apollo on 1 and 8 dec")
    assert words(shown).startswith("Cancel 2 bookings Tue 1 Dec and Tue 8 Dec?")
    await firm.press(BEN, shown, "Cancel 2 bookings")

    assert (await days_of(firm))[:2] == ["12-15", "12-21"]


async def test_what_others_booked_is_never_among_it(firm: Firm):
    ben = (await firm.actor(BEN)).person_id
    await firm.booked("Apollo", at_ten(22), by=ANA, invitees=(ben,), title="All hands")

    shown = await firm.say(BEN, "/book cancel everything 20-31 dec")

    assert words(shown) == "You have no bookings of your own ahead Sun 20 Dec to Thu 31 Dec. Nothing is cancelled."
    assert [one.title for one in await firm.mine(ANA)] == ["All hands"]


@pytest.mark.parametrize("line", ["next week", "everything next week", "every friday", "1 and 8 dec"])
async def test_days_that_hold_nothing_are_told_as_such(firm: Firm, line: str):
    shown = await firm.say(BEN, f"/book cancel {line}")

    assert words(shown).startswith("You have no bookings of your own ahead")
    assert labels(shown) == ["My bookings"]


async def test_what_is_left_of_it_when_somebody_was_faster_is_told(firm: Firm):
    await december(firm)
    shown = await firm.say(BEN, "/book cancel my bookings 20-31 dec")
    (review,) = [one for one in await firm.mine(BEN) if one.title == "Review"]
    await firm.services.bookings.cancel(review.id, by=await firm.actor(BEN))

    done = await firm.press(BEN, shown, "Cancel 3 bookings")

    assert words(done).startswith("❌ 2 bookings are cancelled, Tue 22 Dec to Tue 29 Dec.\n1 booking stays as it is:")


@pytest.mark.parametrize("line", ["everything but apollo", "everything on the 3rd floor in december", "budget every friday"])
async def test_what_is_not_understood_gives_nothing_back(firm: Firm, line: str):
    await december(firm)
    before = await days_of(firm)

    shown = await firm.say(BEN, f"/book cancel {line}")

    assert "Which one is to be cancelled?" in words(shown)
    assert await days_of(firm) == before


async def test_away_in_a_meeting_s_name_books_it(firm: Firm):
    answer = await firm.say(BEN, "/book away team sync in the corner tomorrow 2pm")

    assert words(answer).startswith("✅ Corner is yours")


@pytest.mark.parametrize(
    "value", ["", "{}", '{"p":""}', '{"p":"####"}', '{"p":"' + "A" * 32 + '"}', '{"p":"' + "YmJi" * 9 + '"}']
)
async def test_a_button_that_was_tampered_with_does_nothing(firm: Firm, value: str):
    await december(firm)
    before = await days_of(firm)

    for action in ("leave", "undo_leaving"):
        await firm.deliver(firm.click_of(BEN, action, value))

    assert {one["text"] for one in firm.answers[-2:]} <= {OUT_OF_DATE, "Nothing was cancelled.\n1 booking stays as it is:"}
    assert await days_of(firm) == before


def test_as_many_pieces_as_are_shown_at_once_fit_into_a_button():
    pieces = [Piece(series=uuid4(), version=65535, days=Days(first=NOW.date(), last=NOW.date()))] * leaving.MOST_PIECES

    packed = leaving.GivenUp.of(pieces)

    assert len(packed.dump()) <= 2000
    assert packed.pieces == tuple(pieces)
