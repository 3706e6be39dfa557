"""The buttons under a booking: cancel, undo, another room; stale, foreign and used-up ones."""

import json

from slack_sdk.web.async_client import AsyncWebClient

from core.models import Change
from handlers.drafts import Moving, Target
from handlers.edge import STRANGER
from tests.handlers.firm import ANA, BEN, CHANNEL, DEEPA, NOW, Firm, labels, new_york, utc, value_of, words


async def posted_for_all(firm: Firm, message: dict) -> dict:
    """Return the message's blocks as a message of the channel, which others can click in too."""
    client = AsyncWebClient(token=firm.running.company.tokens.bot, base_url=firm.running.api_url)
    answer = await client.chat_postMessage(channel=CHANNEL, text=message["text"], blocks=message["blocks"])
    return {"channel": CHANNEL, "ts": answer["ts"], "blocks": answer["message"]["blocks"]}


async def test_cancelling_asks_first_and_can_be_undone(firm: Firm):
    booked = await firm.say(BEN, '/book room apollo tomorrow 2pm for 1h "Retro" with @deepa')
    confirm = next(
        one["confirm"]
        for block in booked["blocks"]
        if block["type"] == "actions"
        for one in block["elements"]
        if one["action_id"] == "cancel_booking"
    )
    assert confirm["text"]["text"] == (
        "Apollo, tomorrow 14:00-15:00, is given back and others can book it. 1 person is invited."
    )
    assert confirm["deny"]["text"] == "Keep it"

    gone = await firm.press(BEN, booked, "Cancel booking")
    assert words(gone) == "❌ Retro in Apollo, Wed 25 Nov, 14:00-15:00 (New York) is cancelled."
    assert labels(gone) == ["Undo"]
    assert await firm.mine(BEN) == ()

    back = await firm.press(BEN, gone, "Undo")
    assert words(back).startswith("✅ Apollo is yours again: tomorrow, Wed 25 Nov, 14:00-15:00 (New York)")
    assert len(await firm.mine(BEN)) == 1


async def test_undo_after_somebody_took_the_room_offers_what_is_free(firm: Firm):
    booked = await firm.say(BEN, '/book room apollo tomorrow 2pm for 1h "Retro"')
    gone = await firm.press(BEN, booked, "Cancel booking")
    await firm.booked("Apollo", new_york(14), by=ANA, title="Faster")

    refusal = await firm.press(BEN, gone, "Undo")

    assert words(refusal) == 'Apollo is taken tomorrow 14:00-15:00 (New York; "Faster", @U0ANA).'
    answer = await firm.press(BEN, refusal, "Apollo 15:00-16:00")
    assert words(answer).startswith("✅ Apollo is yours: tomorrow, Wed 25 Nov, 15:00-16:00")
    (booking,) = await firm.mine(BEN)
    assert booking.title == "Retro"


async def test_another_room_is_one_tap_and_one_undo_away(firm: Firm):
    await firm.booked("Boardroom", new_york(14), by=ANA)
    booked = await firm.say(BEN, "/book room corner tomorrow 2pm for 1h")

    rooms = await firm.press(BEN, booked, "Other room")
    assert words(rooms) == "Free tomorrow 14:00-15:00 instead of Corner:"
    assert labels(rooms) == ["Apollo (seats 8)", "Big Ben (seats 12)", "Keep Corner"]

    moved = await firm.press(BEN, rooms, "Big Ben (seats 12)")
    assert words(moved) == "✏️ Corner Big Ben · Wed 25 Nov, 14:00-15:00 (New York)"
    assert moved["text"] == "✏️ (was Corner) Big Ben · Wed 25 Nov, 14:00-15:00 (New York)"

    back = await firm.press(BEN, moved, "Undo")
    assert words(back) == "✏️ Big Ben Corner · Wed 25 Nov, 14:00-15:00 (New York)"
    (booking,) = await firm.mine(BEN)
    assert booking.room.name == "Corner"


async def test_when_no_other_room_is_free_the_booking_stays(firm: Firm):
    for room in ("Apollo", "Big Ben", "Boardroom"):
        await firm.booked(room, new_york(14), by=ANA)
    booked = await firm.say(BEN, "/book room corner tomorrow 2pm for 1h")

    answer = await firm.press(BEN, booked, "Other room")

    assert words(answer) == "No other room that fits is free tomorrow 14:00-15:00. Corner stays yours."
    assert labels(answer) == ["Edit", "Find a room"]


async def test_keeping_what_one_has_changes_nothing(firm: Firm):
    booked = await firm.say(BEN, "/book room corner tomorrow 2pm for 1h")
    rooms = await firm.press(BEN, booked, "Other room")

    kept = await firm.press(BEN, rooms, "Keep Corner")

    assert words(kept).startswith("✅ Corner stays as it is")
    (booking,) = await firm.mine(BEN)
    assert booking.version == 1


async def test_a_button_for_an_older_state_says_who_changed_what(firm: Firm):
    booked = await firm.say(BEN, "/book room corner tomorrow 2pm for 1h")
    (booking,) = await firm.mine(BEN)
    await firm.services.bookings.change(booking.id, Change(slot=new_york(15)), version=1, by=await firm.actor(ANA))

    stale = await firm.press(BEN, booked, "Cancel booking")

    assert words(stale) == (
        "@U0ANA moved this booking to 15:00 meanwhile. Nothing of yours was saved.\n"
        "Now: Corner, tomorrow, Wed 25 Nov, 15:00-16:00 (New York)"
    )
    assert labels(stale) == ["Edit", "Cancel booking"]
    gone = await firm.press(BEN, stale, "Cancel booking")
    assert "is cancelled" in words(gone)


async def test_a_booking_that_was_cancelled_can_be_booked_again(firm: Firm):
    booked = await firm.say(BEN, '/book room corner tomorrow 2pm for 1h "Retro"')
    (booking,) = await firm.mine(BEN)
    firm.clock.set(NOW.replace(minute=30))
    await firm.services.bookings.cancel(booking.id, by=await firm.actor(ANA))

    gone = await firm.press(BEN, booked, "Other room")

    assert words(gone) == "Retro in Corner, Wed 25 Nov, 14:00-15:00, was cancelled today at 10:30 by @U0ANA."
    answer = await firm.press(BEN, gone, "Book it again")
    assert words(answer).startswith("✅ Corner is yours: tomorrow")
    (again,) = await firm.mine(BEN)
    assert again.title == "Retro"


async def test_a_booking_that_is_over_is_booked_again_by_the_form(firm: Firm):
    booked = await firm.say(BEN, "/book room corner tomorrow 2pm for 1h")
    firm.clock.set(utc(15, day=27))

    over = await firm.press(BEN, booked, "Cancel booking")

    assert words(over) == "Corner, Wed 25 Nov, 14:00-15:00, is over."
    await firm.press(BEN, over, "Book it again")
    form = await firm.slack.wait_for_view(BEN, callback_id="book")
    assert "2026-11-27" in str(form["blocks"])


async def test_somebody_elses_booking_is_not_for_everybodys_clicks(firm: Firm):
    booked = await posted_for_all(firm, await firm.say(BEN, "/book room corner tomorrow 2pm for 1h"))

    for button in ("Cancel booking", "Other room", "15 minutes"):
        refusal = await firm.press(DEEPA, booked, button) if button in labels(booked) else None
        if refusal:
            assert words(refusal) == "Only whoever booked it, a co-organiser or an admin can change this booking."
            assert refusal["ephemeral"]

    (booking,) = await firm.mine(BEN)
    assert booking.version == 1
    assert await firm.press(ANA, booked, "Cancel booking")  # an admin may
    assert await firm.mine(BEN) == ()


async def test_a_stranger_from_a_shared_channel_is_told_so(firm: Firm):
    booked = await firm.say(BEN, "/book room corner tomorrow 2pm for 1h")
    target = json.dumps(value_of(booked, "Cancel booking"))

    await firm.deliver(firm.click_of("U9STRANGER", "cancel_booking", target, team="T9ELSEWHERE"))

    assert [answer["text"] for answer in firm.answers] == [STRANGER]
    assert len(await firm.mine(BEN)) == 1


async def test_a_move_into_a_taken_room_is_refused_with_other_ways_to_move(firm: Firm):
    await firm.say(BEN, "/book room corner tomorrow 2pm for 1h")
    (booking,) = await firm.mine(BEN)
    await firm.booked("Apollo", new_york(14), by=ANA)
    start, end = (int(moment.timestamp()) for moment in (booking.start, booking.end))
    to = Moving(booking=booking.id, version=1, room=firm.rooms["Apollo"].id, start=start, end=end)

    await firm.deliver(firm.click_of(BEN, "move_to:1", to.dump()))

    (refusal,) = firm.answers
    assert refusal["text"].startswith("Apollo is taken tomorrow 14:00-15:00 (New York; <@U0ANA>).")
    offers = [one["text"]["text"] for one in refusal["blocks"][-1]["elements"]]
    assert offers[-1] == "Edit…"
    assert "Apollo 15:00-16:00" in offers


async def test_tampered_and_outdated_buttons_mean_nothing(firm: Firm):
    values = ["", "{}", "null", "[]", '{"b": "1", "v": 1}', '{"b": "00000000-0000-7000-8000-000000000009", "v": 1, "x": 2}']
    for action in (
        "cancel_booking",
        "undo",
        "take:1",
        "move_to",
        "read_again",
        "choose_place",
        "pick_to_move",
        "other_room",
    ):
        for value in values:
            await firm.deliver(firm.click_of(BEN, action, value))
    unknown = Target(booking=firm.rooms["Apollo"].id, version=1).dump()
    await firm.deliver(firm.click_of(BEN, "cancel_booking", unknown))

    said = [answer["text"] for answer in firm.answers]
    assert set(said[:-1]) == {"This button or form is out of date. Run the command again."}
    assert said[-1] == "That booking does not exist."
    assert len(said) == 8 * len(values) + 1
