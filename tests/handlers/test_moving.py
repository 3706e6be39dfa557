"""`/book move …`: which booking is meant, where it goes, and the way back."""

from datetime import UTC, datetime

import pytest

from core.models import Slot
from core.rooms import Rooms
from tests.handlers.firm import ANA, BEN, CHLOE, Firm, labels, new_york, utc, words


@pytest.mark.parametrize(
    ("line", "room", "slot"),
    [
        # a time alone keeps date and length
        ("to 3pm", "Corner", new_york(15)),
        ("to 9:30", "Corner", new_york(9, 30)),
        # a date alone keeps the time
        ("to thursday", "Corner", new_york(14, day=26)),
        ("to friday 4pm", "Corner", new_york(16, day=27)),
        (
            "to 2026-12-01",
            "Corner",
            Slot(start=utc(19, day=25).replace(month=12, day=1), end=utc(20).replace(month=12, day=1)),
        ),
        # an hour alone
        ("to 3", "Corner", new_york(15)),
        ("corner to 10", "Corner", new_york(10)),
        ("retro to 10.30", "Corner", new_york(10, 30)),
        ("to tomorrow 10", "Corner", new_york(10)),
        ("to 10 tomorrow", "Corner", new_york(10)),
        ("to 10-11", "Corner", new_york(10)),
        # a new length
        ("to 3pm for 2 hours", "Corner", new_york(15, minutes=120)),
        ("to 3-3:30pm", "Corner", new_york(15, minutes=30)),
        # by how much
        ("by 30 minutes", "Corner", new_york(14, 30)),
        ("30 minutes later", "Corner", new_york(14, 30)),
        ("1 hour earlier", "Corner", new_york(13)),
        # another room
        ("to Big Ben", "Big Ben", new_york(14)),
        ("to Big Ben at 3pm", "Big Ben", new_york(15)),
        ("to a room with projector", "Apollo", new_york(14)),
        # which one, said by its title, room or time
        ("retro to 3pm", "Corner", new_york(15)),
        ("corner to 3pm", "Corner", new_york(15)),
        ("the corner meeting to 3pm", "Corner", new_york(15)),
        ("tomorrow 2pm to 3pm", "Corner", new_york(15)),
        ("retro 30 minutes later", "Corner", new_york(14, 30)),
    ],
)
async def test_the_only_booking_goes_where_the_words_say(firm: Firm, line: str, room: str, slot: Slot):
    await firm.booked("Corner", new_york(14), by=BEN, title="Retro")

    answer = await firm.say(BEN, f"/book move {line}")

    assert words(answer).startswith("✏️ Retro · ")
    assert labels(answer) == ["Undo", "Edit", "Other room", "Cancel booking"]
    (booking,) = await firm.mine(BEN)
    assert (booking.room.name, booking.slot, booking.title) == (room, slot, "Retro")


async def test_the_answer_shows_old_and_new_and_can_be_undone(firm: Firm):
    await firm.booked("Corner", new_york(14), by=BEN, title="Retro")

    answer = await firm.say(BEN, "/book move to 3pm")

    assert words(answer) == "✏️ Retro · Corner · Wed 25 Nov, 14:00-15:00 15:00-16:00 (New York)"
    struck = [part["text"] for part in answer["blocks"][0]["elements"][0]["elements"] if part.get("style", {}).get("strike")]
    assert struck == ["14:00-15:00"]
    await firm.press(BEN, answer, "Undo")
    (booking,) = await firm.mine(BEN)
    assert booking.slot == new_york(14)


async def test_of_several_bookings_the_one_named_is_moved(firm: Firm):
    await firm.booked("Corner", new_york(14), by=BEN, title="Retro")
    await firm.booked("Apollo", new_york(14, day=26), by=BEN, title="Trip to Berlin review")

    answer = await firm.say(BEN, "/book move trip to berlin review to 4pm")

    assert words(answer) == "✏️ Trip to Berlin review · Apollo · Thu 26 Nov, 14:00-15:00 16:00-17:00 (New York)"


async def test_a_day_that_the_hour_alone_would_mean_as_well_is_no_doubt(firm: Firm):
    firm.clock.set(datetime(2026, 11, 24, 20, 34, tzinfo=UTC))  # 15:34 in New York: "3pm" is tomorrow's
    await firm.booked("Corner", new_york(15), by=BEN)
    await firm.booked("Apollo", new_york(11), by=BEN)

    answer = await firm.say(BEN, "/book move corner tomorrow 3pm to 4pm")

    assert words(answer) == "✏️ Corner · Wed 25 Nov, 15:00-16:00 16:00-17:00 (New York)"


async def test_of_several_bookings_one_is_asked_for(firm: Firm):
    await firm.booked("Corner", new_york(14), by=BEN, title="Retro")
    await firm.booked("Apollo", new_york(14, day=26), by=BEN)

    question = await firm.say(BEN, "/book move to 4pm")
    assert words(question) == "Which one is to be moved?"
    assert labels(question) == ["Retro, Corner tomorrow 14:00-15:00", "Apollo Thu 26 Nov 14:00-15:00", "None"]

    answer = await firm.press(BEN, question, "Apollo Thu 26 Nov 14:00-15:00")
    assert words(answer) == "✏️ Apollo · Thu 26 Nov, 14:00-15:00 16:00-17:00 (New York)"


async def test_an_hour_that_fits_a_booking_of_another_day_is_asked_about(firm: Firm):
    await firm.booked("Corner", new_york(15, day=27), by=BEN)
    await firm.booked("Apollo", new_york(11, day=26), by=BEN)

    question = await firm.say(BEN, "/book move 3pm to 4pm")

    assert labels(question) == ["Corner Fri 27 Nov 15:00-16:00", "None"]


async def test_a_name_that_no_booking_has_is_asked_about(firm: Firm):
    await firm.booked("Corner", new_york(14), by=BEN)

    question = await firm.say(BEN, "/book move zeppelin to 4pm")

    assert words(question) == "None of your bookings is called that. Which one is meant?"
    answer = await firm.press(BEN, question, "Corner tomorrow 14:00-15:00")
    assert "16:00-17:00" in words(answer)


@pytest.mark.parametrize("line", ["", "corner", "to the moon", "corner to nowhere", "to 25:00"])
async def test_words_that_say_no_time_or_room_move_nothing(firm: Firm, line: str):
    await firm.booked("Corner", new_york(14), by=BEN)

    answer = await firm.say(BEN, f"/book move {line}")

    assert labels(answer) == ["Edit", "Other room"]
    (booking,) = await firm.mine(BEN)
    assert booking.version == 1


async def test_another_room_is_offered_when_none_is_named(firm: Firm):
    await firm.booked("Corner", new_york(14), by=BEN)

    answer = await firm.say(BEN, "/book move to another room")

    assert labels(answer) == ["Apollo (seats 8)", "Big Ben (seats 12)", "Boardroom (seats 20)", "Keep Corner"]


async def test_a_taken_time_keeps_the_booking_and_offers_what_is_free(firm: Firm):
    await firm.booked("Corner", new_york(14), by=BEN)
    await firm.booked("Corner", new_york(16), by=ANA, title="Planning")

    refusal = await firm.say(BEN, "/book move corner to 15:30-16:30")
    # The room has no time then: the best free one is taken instead, and said.
    assert words(refusal) == "✏️ Corner Apollo · Wed 25 Nov, 14:00-15:00 15:30-16:30 (New York)"

    refusal = await firm.say(BEN, "/book move apollo to corner at 16:00")
    assert words(refusal) == 'Corner is taken tomorrow 16:00-17:00 (New York; "Planning", @U0ANA).'
    moved = await firm.press(BEN, refusal, "Corner 15:00-16:00")
    assert "Corner" in words(moved)
    (booking,) = await firm.mine(BEN)
    assert (booking.room.name, booking.slot) == ("Corner", new_york(15))


async def test_after_closing_the_times_before_it_are_one_tap_away(firm: Firm):
    await Rooms(firm.db, firm.services.catalogues).set_policy(opening={"wed": ["08:00", "18:00"]})
    await firm.booked("Corner", new_york(14), by=BEN)

    refusal = await firm.say(BEN, "/book move corner to 17:30")

    assert words(refusal) == "Corner closes at 18:00 on Wednesdays; your meeting would end at 18:30."
    await firm.press(BEN, refusal, "Corner 17:00-18:00")
    (booking,) = await firm.mine(BEN)
    assert booking.slot == new_york(17)


async def test_the_past_is_refused(firm: Firm):
    await firm.booked("Corner", new_york(14, day=24), by=BEN)

    refusal = await firm.say(BEN, "/book move to 9:00")

    assert words(refusal) == "09:00 is over; it is 10:07 in New York."
    assert labels(refusal) == ["Edit…"]


async def test_times_are_those_of_the_bookings_place(firm: Firm):
    await firm.booked("Corner", new_york(14), by=CHLOE)

    answer = await firm.say(CHLOE, "/book move to 3pm")

    assert words(answer) == "✏️ Corner · Wed 25 Nov, 14:00-15:00 15:00-16:00 (New York; 21:00-22:00 for you)"


async def test_without_bookings_there_is_nothing_to_move(firm: Firm):
    answer = await firm.say(BEN, "/book move to 3pm")

    assert words(answer).startswith("No bookings ahead.")
    assert labels(answer) == ["Book a room", "Find a room"]
