"""`/book notify`: what a channel hears of, by those who are in it; where the bot is not, how to invite it."""

from datetime import time
from typing import Any

from core.notices import Subscription
from tests.handlers.firm import ANA, BEN, CHANNEL, CHLOE, GUEST, Firm, labels, words
from tests.handlers.modal_acts import form, push, send, shown, state, top
from tests.handlers.modal_acts import labels as view_labels


async def subscribed(firm: Firm, channel: str = CHANNEL) -> tuple[Subscription, ...]:
    return await firm.services.subscriptions.of_channel(firm.running.company.team.id, channel)


async def opened(firm: Firm, user: str = BEN, callback: str = "subscribe") -> dict[str, Any]:
    return await form(firm, user, callback, text="/book notify")


async def test_a_channel_hears_of_everything_at_once_when_that_is_chosen(firm: Firm):
    view = await opened(firm)
    assert state(view, "scope") == "all"
    assert state(view, "kinds") == ["booked", "changed", "cancelled", "released"]

    await send(firm, BEN, view)

    (one,) = await subscribed(firm)
    assert (one.location, one.room, one.digest_at) == (None, None, None)
    told = words(await top(firm, BEN, "notify"))
    assert told == (
        "✅ Saved: All rooms.\nThis channel hears of\nAll rooms: booked, changed, cancelled and released · at once"
    )


async def test_one_room_once_a_day_goes_by_the_rooms_clock(firm: Firm):
    view = await opened(firm)

    await send(firm, BEN, view, scope=f"room:{firm.rooms['Spree'].id}", kinds=["booked"], digest="08:30")

    (one,) = await subscribed(firm)
    assert one.room == firm.rooms["Spree"]
    assert (one.digest_at, one.zone, one.kinds) == (time(8, 30), "Europe/Berlin", frozenset({"booked"}))
    assert "Spree: booked · once a day at 08:30 (Berlin time)" in words(await top(firm, BEN, "notify"))


async def test_subscriptions_are_listed_added_to_changed_and_removed(firm: Firm):
    await send(firm, BEN, await opened(firm), scope=f"place:{firm.places['New York'].id}")
    listed = await opened(firm, callback="notify")
    assert view_labels(listed) == ["Edit", "Remove", "Add another"]

    added = await push(firm, BEN, listed, "Add another")
    await send(firm, BEN, added, scope=f"room:{firm.rooms['Kiez'].id}")
    listed = await top(firm, BEN, "notify")
    assert view_labels(listed) == ["Edit", "Remove", "Edit", "Remove", "Add another"]

    edit = await push(firm, BEN, listed, "Edit")
    assert state(edit, "scope") == f"place:{firm.places['New York'].id}"
    await send(firm, BEN, edit, kinds=["ended"])
    assert {one.kinds for one in await subscribed(firm)} == {
        frozenset({"ended"}),
        frozenset({"booked", "changed", "cancelled", "released"}),
    }

    listed = await push(firm, BEN, await top(firm, BEN, "notify"), "Remove")
    assert words(listed).startswith("Removed: All rooms in New York")
    assert [one.room for one in await subscribed(firm)] == [firm.rooms["Kiez"]]


async def test_nothing_ticked_is_refused_at_the_field(firm: Firm):
    view = await opened(firm)

    answer = await firm.slack.submit(BEN, view, {next(b for b in view["values"] if b.startswith("kinds")): {"kinds": []}})

    assert not answer["ok"]
    assert await subscribed(firm) == ()


async def test_where_the_bot_is_not_it_says_how_to_invite_it(firm: Firm):
    answer = await firm.say(CHLOE, "/book notify", channel="C0BERLIN")

    assert words(answer) == "I am not in this channel, so I cannot write here. Type /invite @Bookroom, then try again."
    assert labels(answer) == ["Try again"]
    private = await firm.say(ANA, "/book notify", channel="C0DESIGN")
    assert words(private).startswith("I am not in this channel")


async def test_a_direct_message_is_told_where_to_ask(firm: Firm):
    channels = (await firm.slack.state(BEN))["channels"]
    direct = next(one["id"] for one in channels if one["is_im"])

    answer = await firm.say(BEN, "/book notify", channel=direct)

    assert words(answer).startswith("Type /book notify in the channel that is to hear of bookings.")
    assert labels(answer) == ["My settings"]
    await firm.press(BEN, answer, "My settings")
    assert await top(firm, BEN, "settings")


async def test_a_guest_does_not_say_what_a_channel_hears_of(firm: Firm):
    answer = await firm.say(GUEST, "/book notify")

    assert "Guests" in words(answer)


async def test_a_subscription_removed_by_somebody_else_is_gone(firm: Firm):
    await send(firm, BEN, await opened(firm))
    listed = await opened(firm, callback="notify")
    (one,) = await subscribed(firm)
    await firm.services.subscriptions.remove(one.id, await firm.actor(ANA))

    told = await push(firm, BEN, listed, "Edit")

    assert words(told) == "Somebody has removed that one meanwhile."
    assert (await shown(firm, BEN, listed["id"]))["callback_id"] == "notify"


async def test_without_the_scope_to_ask_the_form_opens_all_the_same(firm: Firm):
    await firm.slack.faults(
        fail_next=[
            {"method": name, "times": 1, "error": "missing_scope"}
            for name in ("conversations.info", "conversations.members")
        ]
    )

    assert await opened(firm)
