"""The edit form: what differs is saved, what others changed meanwhile is told, and nobody edits what is not theirs."""

import json
from typing import Any

import pytest

from core.models import Change
from handlers.drafts import Target
from tests.handlers.firm import ANA, BEN, CHLOE, DEEPA, Firm, new_york, utc, words
from tests.handlers.firm import labels as message_labels
from tests.handlers.modal_acts import block, element, fill, forge, form, labels, push, send, shown, state, top


async def editing(firm: Firm) -> dict[str, Any]:
    """Book Apollo tomorrow 14:00-15:00 by a sentence and open the edit form from its button."""
    answer = await firm.say(BEN, '/book room apollo tomorrow 2pm for 1 hour "Review"')
    await firm.press(BEN, answer, "Edit")
    return await top(firm, BEN, "edit")


async def test_the_form_shows_the_booking(firm: Firm):
    view = await editing(firm)

    assert (view["title"]["text"], view["submit"]["text"]) == ("Edit booking", "Save")
    assert (state(view, "date"), state(view, "time"), state(view, "length")) == ("2026-11-25", "14:00", "60")
    assert (state(view, "room"), state(view, "title")) == (str(firm.rooms["Apollo"].id), "Review")
    assert "Best fit" not in [option["text"]["text"] for option in element(view, "room")["options"]]
    assert labels(view) == ["Add rooms", "Cancel booking"]


async def test_only_what_differs_is_saved(firm: Firm):
    view = await editing(firm)

    answer = await send(firm, BEN, view, time="15:00", title="Planning", invitees=[ANA], people="4")

    assert answer["response_action"] == "update"
    done = await top(firm, BEN)
    assert words(done).startswith("✏️ Review Planning · Apollo · Wed 25 Nov, 14:00-15:00 15:00-16:00 (New York)")
    (booking,) = await firm.mine(BEN)
    assert (booking.slot, booking.title, booking.attendees_count) == (new_york(15), "Planning", 4)
    assert [person.slack_user_id for person in booking.attendees] == [ANA]
    assert booking.version == 2


async def test_a_form_sent_unchanged_changes_nothing(firm: Firm):
    view = await editing(firm)

    await send(firm, BEN, view)

    assert "Apollo is as it was" in words(await top(firm, BEN))
    (booking,) = await firm.mine(BEN)
    assert booking.version == 1


async def test_undo_in_the_modal_takes_the_change_back(firm: Firm):
    view = await editing(firm)
    await send(firm, BEN, view, time="15:00")

    back = await push(firm, BEN, await top(firm, BEN), "Undo")

    assert len(await firm.slack.views(BEN)) == 1
    assert "14:00-15:00" in words(back)
    assert [booking.slot for booking in await firm.mine(BEN)] == [new_york(14)]


async def test_a_booking_can_go_to_another_place_on_its_clock(firm: Firm):
    view = await editing(firm)

    changed = await fill(firm, BEN, view, place=str(firm.places["Berlin"].id))

    assert block(changed, "time")["label"]["text"] == "Start (Berlin time)"
    assert state(changed, "room") is None
    await send(firm, BEN, changed, room=str(firm.rooms["Kiez"].id))
    (booking,) = await firm.mine(BEN)
    assert (booking.room.name, booking.start) == ("Kiez", utc(13))


async def test_cancelling_from_the_form_closes_the_matter(firm: Firm):
    view = await editing(firm)
    (cancel,) = [one for block_ in view["blocks"] for one in block_.get("elements", []) if one.get("style") == "danger"]
    assert "is given back" in cancel["confirm"]["text"]["text"]

    done = await push(firm, BEN, view, "Cancel booking")

    assert words(done).startswith("❌ Review in Apollo, Wed 25 Nov, 14:00-15:00 (New York) is cancelled.")
    assert await firm.mine(BEN) == ()
    await firm.slack.close(BEN, done)
    assert await firm.slack.views(BEN) == []


async def test_what_somebody_else_changed_is_told_and_what_was_typed_is_kept(firm: Firm):
    view = await editing(firm)
    (booking,) = await firm.mine(BEN)
    moved = Change(slot=new_york(16))
    await firm.services.bookings.change(booking.id, moved, version=1, by=await firm.actor(ANA, admin=True))

    answer = await send(firm, BEN, view, room=str(firm.rooms["Big Ben"].id))

    assert answer["response_action"] == "update"
    stale = await top(firm, BEN, "edit")
    assert words(stale).startswith(
        "@U0ANA moved this booking to 16:00 meanwhile.\nYour change (room → Big Ben) is not saved yet:"
    )
    assert (state(stale, "time"), state(stale, "room")) == ("16:00", str(firm.rooms["Big Ben"].id))
    (unchanged,) = await firm.mine(BEN)
    assert unchanged.room.name == "Apollo"
    await send(firm, BEN, stale)
    (saved,) = await firm.mine(BEN)
    assert (saved.room.name, saved.slot, saved.version) == ("Big Ben", new_york(16), 3)


async def test_where_both_changed_the_same_the_booking_as_it_is_wins(firm: Firm):
    view = await editing(firm)
    (booking,) = await firm.mine(BEN)
    theirs = Change(slot=new_york(16), title="Retro")
    await firm.services.bookings.change(booking.id, theirs, version=1, by=await firm.actor(ANA, admin=True))

    await send(firm, BEN, view, time="11:00", title="Retro", people="3")

    stale = await top(firm, BEN, "edit")
    assert "Your change (number of people → 3) is not saved yet" in words(stale)
    assert "yours (time → Wed 25 Nov, 11:00-12:00) is not saved, below is what holds now." in words(stale)
    assert (state(stale, "time"), state(stale, "title"), state(stale, "people")) == ("16:00", "Retro", "3")


async def test_a_stale_form_can_be_stale_again(firm: Firm):
    view = await editing(firm)
    (booking,) = await firm.mine(BEN)
    boss = await firm.actor(ANA, admin=True)
    await firm.services.bookings.change(booking.id, Change(slot=new_york(16)), version=1, by=boss)
    await send(firm, BEN, view, people="3")
    await firm.services.bookings.change(booking.id, Change(slot=new_york(17)), version=2, by=boss)

    await send(firm, BEN, await top(firm, BEN, "edit"))

    again = await top(firm, BEN, "edit")
    assert "moved this booking to 17:00 meanwhile" in words(again)
    await send(firm, BEN, again)
    (saved,) = await firm.mine(BEN)
    assert (saved.slot, saved.attendees_count, saved.version) == (new_york(17), 3, 4)


async def test_a_booking_cancelled_meanwhile_is_told_with_a_way_to_book_it_again(firm: Firm):
    view = await editing(firm)
    (booking,) = await firm.mine(BEN)
    await firm.services.bookings.cancel(booking.id, by=await firm.actor(ANA, admin=True))

    await send(firm, BEN, view, time="15:00")

    told = await top(firm, BEN, "message")
    assert words(told) == "Review in Apollo, Wed 25 Nov, 14:00-15:00, was cancelled today at 10:07 by @U0ANA."
    again = await push(firm, BEN, told, "Book it again")
    assert words(again).startswith("✅ Apollo is yours")


async def test_a_time_that_is_taken_is_told_with_others_and_keeps_the_other_changes(firm: Firm):
    view = await editing(firm)
    await firm.booked("Apollo", new_york(15), by=ANA, title="Design review")

    await send(firm, BEN, view, time="15:00", title="Planning", private=["private"])

    refused = await top(firm, BEN, "refused")
    assert words(refused) == 'Apollo is taken tomorrow 15:00-16:00 (New York; "Design review", @U0ANA).'
    done = await push(firm, BEN, refused, "Apollo 16:00-17:00")
    assert words(done).startswith("✏️ Review Planning · Apollo · Wed 25 Nov, 14:00-15:00 16:00-17:00")
    (booking,) = await firm.mine(BEN)
    assert (booking.slot, booking.title, booking.private) == (new_york(16), "Planning", True)


async def test_a_refused_edit_comes_back_as_it_was_filled(firm: Firm):
    view = await editing(firm)
    await firm.booked("Apollo", new_york(15), by=ANA)
    await send(firm, BEN, view, time="15:00", title="Planning")

    back = await push(firm, BEN, await top(firm, BEN, "refused"), "Change the details")

    assert (state(back, "time"), state(back, "title")) == ("15:00", "Planning")
    await send(firm, BEN, back, room=str(firm.rooms["Big Ben"].id))
    (booking,) = await firm.mine(BEN)
    assert (booking.room.name, booking.slot, booking.title) == ("Big Ben", new_york(15), "Planning")


async def test_more_people_than_the_room_seats_is_said_at_the_field(firm: Firm):
    view = await editing(firm)

    answer = await send(firm, BEN, view, people="9")

    assert answer["errors"] == {"people": "Apollo seats 8; you asked for 9 people."}


async def test_only_whoever_may_change_it_gets_the_form(firm: Firm):
    booking = await firm.booked("Apollo", new_york(14), by=ANA, title="Secret", private=True)
    answer = await firm.say(BEN, "/book room big ben tomorrow 2pm")
    target = Target.at(booking).dump()

    refused = await clicked_with(firm, BEN, answer, target)

    assert "Only whoever booked it" in words(refused)
    assert await firm.slack.views(BEN) == []


@pytest.mark.parametrize("content", ["", "nonsense", '{"b": "7", "v": 1}', '{"b": "0", "v": "x", "extra": 1}'])
async def test_a_forged_form_is_answered_in_a_sentence(firm: Firm, content: str):
    view = await editing(firm)

    def tamper(sent: dict[str, Any]) -> None:
        sent["private_metadata"] = content

    answer = await forge(firm, BEN, view, tamper)

    assert "out of date" in json.dumps(answer)
    (booking,) = await firm.mine(BEN)
    assert booking.version == 1


async def test_a_form_that_names_somebody_elses_booking_changes_nothing(firm: Firm):
    theirs = await firm.booked("Big Ben", new_york(14), by=ANA, title="Theirs", private=True)
    view = await editing(firm)

    def tamper(sent: dict[str, Any]) -> None:
        held = json.loads(sent["private_metadata"])
        sent["private_metadata"] = json.dumps({**held, "b": str(theirs.id)})
        sent["state"]["values"]["title"]["title"]["value"] = "Mine now"

    answer = await forge(firm, BEN, view, tamper)

    assert "Only whoever booked it" in json.dumps(answer)
    assert "Theirs" not in json.dumps(answer)
    assert (await firm.services.bookings.get(theirs.id)).title == "Theirs"


async def test_an_invited_list_too_long_for_the_form_is_counted_and_kept(firm: Firm):
    people = [f"U0MANY{number:03}" for number in range(45)]
    ids = await firm.services.people.mentioned(firm.running.company.team.id, people)
    booking = await firm.booked("Boardroom", new_york(14), by=BEN, title="All hands", invitees=ids)
    mine = await firm.say(BEN, "/book mine")
    await firm.press(BEN, mine, "Edit")
    view = await top(firm, BEN, "edit")
    assert "45 people are invited." in words(view)

    await send(firm, BEN, view, title="All of us")

    saved = await firm.services.bookings.get(booking.id)
    assert (saved.title, len(saved.attendees), saved.attendees_count) == ("All of us", 45, 1)


async def test_the_form_says_both_clocks_to_somebody_far_away(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=CHLOE)
    answer = await firm.say(CHLOE, "/book mine")
    await firm.press(CHLOE, answer, "Edit")

    view = await top(firm, CHLOE, "edit")

    assert block(view, "time")["label"]["text"] == "Start (New York time)"
    assert block(view, "time")["hint"]["text"] == "14:00 in New York is 20:00 for you."


async def test_an_admin_edits_what_somebody_else_booked(firm: Firm):
    booking = await firm.booked("Apollo", new_york(14), by=DEEPA, title="Standup")
    answer = await firm.say(ANA, "/book room big ben tomorrow 2pm")
    await clicked_with(firm, ANA, answer, Target.at(booking).dump())
    view = await top(firm, ANA, "edit")

    await send(firm, ANA, view, title="Standup, short", length="30")

    changed = await firm.services.bookings.get(booking.id)
    assert (changed.title, changed.slot, changed.booker.slack_user_id) == ("Standup, short", new_york(14, minutes=30), DEEPA)


async def clicked_with(firm: Firm, user: str, message: dict[str, Any], value: str) -> dict[str, Any]:
    """Press a message's Edit button as if it carried another value; return what the person then sees."""
    assert "Edit" in message_labels(message)
    held = firm.running.sandbox.parts.ws.conversations[message["channel"]].messages[message["ts"]]
    for row in held.blocks:
        for one in row.get("elements", []):
            if one.get("action_id") == "edit":
                one["value"] = value
    return await firm.press(user, message, "Edit")


async def test_the_edit_button_of_a_booked_view_opens_the_form_in_its_place(firm: Firm):
    view = await form(firm, BEN)
    await send(firm, BEN, view, date="2026-11-25", time="14:00")

    edit = await push(firm, BEN, await top(firm, BEN), "Edit")

    assert (edit["id"], edit["callback_id"]) == (view["id"], "edit")
    await send(firm, BEN, await shown(firm, BEN, edit["id"]), time="15:30")
    assert [booking.slot for booking in await firm.mine(BEN)] == [new_york(15, 30, minutes=30)]


async def test_whoever_is_invited_to_a_shared_booking_may_edit_it(firm: Firm):
    view = await editing(firm)

    await send(firm, BEN, view, invitees=[ANA, CHLOE], private=["shared"])

    (booking,) = await firm.mine(BEN)
    assert booking.shared
    assert "everybody invited may change it" in words(await top(firm, BEN))
    listed = await firm.say(CHLOE, "/book mine")
    assert message_labels(listed)[:3] == ["Going", "Can't", "Edit"]
