"""What was taken for granted: said in grey, changed by a tap in the booking that was made, never by a second one."""

import pytest

from core.rooms import Rooms
from tests.handlers.firm import ANA, BEN, DEEPA, GUEST, Firm, labels, new_york, utc, words

NOBODY_COUNTED = "for 1 person, since you gave no number"


async def test_the_place_assumed_is_changed_in_the_same_booking(firm: Firm):
    booked = await firm.say(BEN, '/book room tomorrow 14:00-15:00 for 4 "Retro"')
    assert "In New York, since you named no place" in words(booked)

    moved = await firm.press(BEN, booked, "In Berlin instead")

    assert words(moved) == (
        "✏️ Retro · Corner Kiez · Wed 25 Nov, 14:00-15:00 (Berlin; 08:00-09:00 for you)"
    )  # fmt: skip
    (booking,) = await firm.mine(BEN)
    assert (booking.room.name, booking.start, booking.title, booking.version) == ("Kiez", utc(13), "Retro", 2)


async def test_a_place_where_all_is_taken_changes_nothing_and_offers_what_is_free(firm: Firm):
    for room in ("Kiez", "Spree"):
        await firm.booked(room, new_york(8), by=ANA)
    booked = await firm.say(BEN, "/book room tomorrow 14:00-15:00 for 4")

    refusal = await firm.press(BEN, booked, "In Berlin instead")

    assert words(refusal) == "Both rooms in Berlin for 4 people are taken tomorrow 14:00-15:00."
    assert labels(refusal)[0] == "Kiez 13:00-14:00"
    (booking,) = await firm.mine(BEN)
    assert (booking.room.name, booking.version) == ("Corner", 1)


async def test_who_counted_nobody_is_told_and_can_say_so_at_a_tap(firm: Firm):
    booked = await firm.say(BEN, "/book room tomorrow 14:00-15:00")
    assert NOBODY_COUNTED in words(booked)

    larger = await firm.press(BEN, booked, "For 8")

    assert NOBODY_COUNTED not in words(larger)
    (booking,) = await firm.mine(BEN)
    assert (booking.room.name, booking.attendees_count, booking.slot) == ("Apollo", 8, new_york(14))


@pytest.mark.parametrize("line", ["corner tomorrow 2pm", "tomorrow 2pm for 3", "tomorrow 2pm with @deepa"])
async def test_a_number_that_was_said_or_does_not_matter_is_not_told(firm: Firm, line: str):
    assert NOBODY_COUNTED not in words(await firm.say(BEN, f"/book room {line}"))


async def test_the_other_half_of_the_day_is_no_question_where_the_office_is_closed_then(firm: Firm):
    assert "03:00 instead" in labels(await firm.say(BEN, "/book corner tomorrow 3-4"))
    await Rooms(firm.db, firm.services.catalogues).set_policy(opening={"thu": ["07:00", "21:00"]})

    answer = await firm.say(BEN, "/book corner thursday 3-4")

    assert "Thu 26 Nov, 15:00-16:00" in words(answer)
    assert "taken as" not in words(answer)
    assert "03:00 instead" not in labels(answer)


async def test_keeping_the_room_shows_the_booking_again(firm: Firm):
    booked = await firm.say(BEN, "/book corner tomorrow 14:00-15:00")
    asked = await firm.press(BEN, booked, "Other room")

    kept = await firm.press(BEN, asked, "Keep Corner")

    assert words(kept).startswith("✅ Corner stays as it is: tomorrow, Wed 25 Nov, 14:00-15:00 (New York)")
    assert labels(kept) == ["Edit", "Invite people", "Other room", "Cancel booking"]


@pytest.mark.parametrize("line", ["", "room", "find", "find tomorrow 2pm"])
async def test_a_guest_is_told_before_filling_in_a_form_in_vain(firm: Firm, line: str):
    answer = await firm.say(GUEST, f"/book {line}")

    assert words(answer) == "Guests cannot book rooms here. Ask a colleague to book one for you."
    assert labels(answer) == []
    assert await firm.slack.views(GUEST) == []


@pytest.mark.parametrize("line", ["rooms", "mine", "help"])
async def test_a_guest_is_offered_no_button_that_books(firm: Firm, line: str):
    assert {"Book a room", "Find a room"}.isdisjoint(labels(await firm.say(GUEST, f"/book {line}")))
    assert {"Book a room", "Find a room"} <= set(labels(await firm.say(BEN, f"/book {line}")))


async def test_a_guest_gets_the_form_where_some_room_is_for_guests(firm: Firm):
    await Rooms(firm.db, firm.services.catalogues).set_policy(room_id=firm.rooms["Corner"].id, guests_may_book=True)

    await firm.say(GUEST, "/book")

    assert await firm.slack.wait_for_view(GUEST, callback_id="book")


async def test_help_shows_rooms_of_ones_own_place(firm: Firm):
    assert "Kiez Friday at 10" in words(await firm.say("U0ERIK", "/book help"))
    assert "Apollo Friday at 10" in words(await firm.say(DEEPA, "/book help"))
