"""Inviting people from the reply to a booking: the number follows, too many are refused at the field."""

from tests.handlers.firm import ANA, BEN, CHLOE, DEEPA, ERIK, Firm, words
from tests.handlers.modal_acts import send, state, top


async def test_people_are_invited_from_the_reply_and_the_number_follows(firm: Firm):
    booked = await firm.say(BEN, "/book corner tomorrow 14:00-15:00")
    await firm.press(BEN, booked, "Invite people")
    view = await top(firm, BEN, "invite")

    await send(firm, BEN, view, invitees=[ANA, DEEPA])

    (booking,) = await firm.mine(BEN)
    assert {one.slack_user_id for one in booking.attendees} == {ANA, DEEPA}
    assert booking.attendees_count == 3
    assert "1 person 3 people" in words(await top(firm, BEN, "message"))

    await firm.press(BEN, booked, "Invite people")
    view = await top(firm, BEN, "invite")
    assert sorted(state(view, "invitees")) == [ANA, DEEPA]
    await send(firm, BEN, view, invitees=[DEEPA])
    (booking,) = await firm.mine(BEN)
    assert booking.attendees_count == 2


async def test_more_than_the_room_seats_is_said_at_the_field(firm: Firm):
    booked = await firm.say(BEN, "/book corner tomorrow 14:00-15:00 for 4")
    await firm.press(BEN, booked, "Invite people")
    view = await top(firm, BEN, "invite")

    answer = await send(firm, BEN, view, invitees=[ANA, CHLOE, DEEPA, ERIK])

    assert answer["errors"] == {"invitees": "Corner seats 4; with you that would be 8. Take a larger room first."}
