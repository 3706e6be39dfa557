"""Approval in Slack: what the booker is told, the message that asks, its buttons and forms, and how it looks afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from core.approval_time import ApprovalTime
from core.models import Booking, Change, Right, Slot, Status
from tests.core.approved import grant, needs
from tests.handlers.firm import ANA, BEN, CHLOE, DEEPA, Firm, labels, new_york, words
from tests.handlers.modal_acts import send, top
from tests.handlers.telling import Teller

LINE = "/book boardroom tomorrow 14:00-15:00 for 12"


@pytest.fixture
async def teller(firm: Firm) -> Teller:
    """The Boardroom's bookings are approved by Ana and Deepa."""
    await needs(firm.db, firm.rooms["Boardroom"])
    for user in (ANA, DEEPA):
        await grant(firm.db, Right.APPROVE, await firm.actor(user, admin=False), room=firm.rooms["Boardroom"])
    firm.services.catalogues.forget()
    return Teller(firm)


async def asked(firm: Firm, teller: Teller, slot: Slot | None = None, **wish: Any) -> Booking:
    booking = await firm.booked("Boardroom", slot or new_york(14), attendees_count=12, **wish)
    await teller.tell()
    return booking


async def home(firm: Firm, user: str) -> dict[str, Any]:
    await firm.slack.open_home(user)
    await firm.edge.drain(5)
    view: dict[str, Any] = await firm.slack.wait_for(lambda: firm.slack.home(user))
    return view


async def card_of(teller: Teller, user: str) -> dict[str, Any]:
    return (await teller.direct(user))[-1]


async def test_who_books_hears_until_when_and_from_whom_it_is_held(firm: Firm, teller: Teller):
    answer = await firm.say(BEN, LINE)
    assert words(answer).startswith(
        "⏳ Boardroom is held for you: tomorrow, Wed 25 Nov, 14:00-15:00 (New York), until ana or deepa approves it, "
        "Wed 25 Nov, 10:07 at the latest"
    )
    assert labels(answer) == ["Edit", "Invite people", "Other room", "Cancel booking"]
    assert "waits for approval" in words(await firm.say(BEN, "/book mine"))
    assert "Held until ana or deepa approves it" in words(await home(firm, BEN))


async def test_each_approver_gets_one_message_that_lives(firm: Firm, teller: Teller):
    booking = await asked(firm, teller, title="Planning")
    for user in (ANA, DEEPA):
        (card,) = await teller.direct(user)
        assert words(card) == (
            "⏳ @U0BEN asks for Boardroom: Wed 25 Nov, 14:00-15:00 (New York)\n"
            '"Planning" · for 12 people\n'
            "Bookings of Boardroom need approval. It is held until Wed 25 Nov, 10:07; after that, others can have it."
        )
        assert labels(card) == ["Approve", "Suggest another…", "Decline…"]

    await firm.press(ANA, await card_of(teller, ANA), "Approve")
    await teller.tell()

    what = 'Boardroom, Wed 25 Nov, 14:00-15:00 (New York), for @U0BEN\n"Planning" · for 12 people'
    assert words(await card_of(teller, ANA)) == f"✅ Approved by you, Tue 24 Nov, 10:07\n{what}"
    assert words(await card_of(teller, DEEPA)) == f"✅ Approved by @U0ANA, Tue 24 Nov, 10:07\n{what}"
    assert [labels(await card_of(teller, user)) for user in (ANA, DEEPA)] == [[], []]
    assert [len(await teller.direct(user)) for user in (ANA, DEEPA)] == [1, 1]
    (told,) = await teller.direct(BEN)
    assert words(told).startswith("✅ @U0ANA approved it: Boardroom is yours, Wed 25 Nov, 14:00-15:00 (New York)")
    assert (await firm.services.bookings.get(booking.id)).status is Status.CONFIRMED


async def test_declining_asks_why_and_the_booker_is_shown_what_is_free(firm: Firm, teller: Teller):
    booking = await asked(firm, teller)
    await firm.press(ANA, await card_of(teller, ANA), "Decline…")
    view = await top(firm, ANA)
    assert "asks for Boardroom" in words(view)
    await send(firm, ANA, view, reason="The board meets there then")
    assert "Declined by you" in words(await top(firm, ANA))
    await teller.tell()

    assert '"The board meets there then"' in words(await card_of(teller, DEEPA))
    (told,) = await teller.direct(BEN)
    assert words(told).startswith(
        "❌ @U0ANA declined Boardroom: Wed 25 Nov, 14:00-15:00 (New York): The board meets there then\n"
        "The room is not held for you any more."
    )
    assert labels(told)[0] == "Big Ben 14:00-15:00"
    taken = await firm.press(BEN, told, "Big Ben 14:00-15:00")
    assert words(taken).startswith("✅ Big Ben is yours")
    assert (await firm.services.bookings.get(booking.id)).status is Status.DECLINED


async def test_whoever_comes_second_is_shown_how_it_stands(firm: Firm, teller: Teller):
    await asked(firm, teller)
    late = await card_of(teller, DEEPA)
    await firm.press(ANA, await card_of(teller, ANA), "Approve")

    told = await firm.press(DEEPA, late, "Approve")

    assert words(told).startswith("Ana Duarte approved it at 10:07.\n✅ Approved by @U0ANA")
    assert labels(told) == []


async def test_nobody_else_decides_and_not_the_booker(firm: Firm, teller: Teller):
    booking = await asked(firm, teller)
    request = await firm.services.approvals.of_booking(booking.id)
    assert request is not None
    for user in (BEN, CHLOE):
        payload = firm.click_of(user, "approve", f'{{"q":"{request.id}"}}')
        assert await firm.deliver(payload) == 200
    assert (await firm.services.bookings.get(booking.id)).status is Status.PENDING
    assert all("Only those who were asked" in answer["text"] for answer in firm.answers)


async def test_a_suggestion_is_the_bookers_in_a_tap(firm: Firm, teller: Teller):
    booking = await asked(firm, teller, title="Planning")
    await firm.press(DEEPA, await card_of(teller, DEEPA), "Suggest another…")
    view = await top(firm, DEEPA)
    (choice,) = [block for block in view["blocks"] if block.get("block_id") == "offer"]
    texts = [option["text"]["text"] for option in choice["element"]["options"]]
    assert texts[0] == "Big Ben 14:00-15:00"
    await send(firm, DEEPA, view, reason="The board needs it")
    assert "is asked whether Big Ben 14:00-15:00 will do; the request waits." in words(await top(firm, DEEPA))
    await teller.tell()

    assert labels(await card_of(teller, ANA)) == ["Approve", "Suggest another…", "Decline…"]
    (told,) = await teller.direct(BEN)
    assert words(told).startswith('💬 @U0DEEPA suggests Big Ben, Wed 25 Nov, 14:00-15:00 (New York)\n"The board needs it"')
    taken = await firm.press(BEN, told, "Take it")
    assert "Boardroom Big Ben" in words(taken)
    after = await firm.services.bookings.get(booking.id)
    assert (after.room.name, after.status) == ("Big Ben", Status.CONFIRMED)
    await teller.tell()
    assert words(await card_of(teller, ANA)).startswith("⚪ Nothing to decide any more")


async def test_channels_and_those_invited_hear_of_it_once_it_is_approved(firm: Firm, teller: Teller):
    await teller.subscribe()
    booking = await asked(firm, teller, invitees=((await firm.actor(CHLOE)).person_id,))
    assert await teller.cards() == []
    assert await teller.direct(CHLOE) == []

    await firm.press(ANA, await card_of(teller, ANA), "Approve")
    await teller.tell()

    (card,) = await teller.cards()
    assert words(card).startswith("✅ Boardroom · Wed 25 Nov, 14:00-15:00")
    (invitation,) = await teller.direct(CHLOE)
    assert labels(invitation) == ["Going", "Can't"]

    now = await firm.services.bookings.get(booking.id)
    longer = Change(slot=new_york(14, minutes=90))
    await firm.services.bookings.change(booking.id, longer, version=now.version, by=await firm.actor(BEN))
    await teller.tell()
    moved = words((await teller.direct(CHLOE))[-1])
    assert moved.startswith("✏️ @U0BEN moved their meeting (Boardroom)")
    assert moved.endswith("\nIt waits for approval as it is now.")
    assert "waits for approval" in words((await teller.cards())[0])
    asks = await card_of(teller, DEEPA)
    assert "Approved before: Wed 25 Nov, 14:00-15:00, for 12 people; if you decline, that stays." in words(asks)
    assert len(await teller.direct(DEEPA)) == 2

    request = await firm.services.approvals.of_booking(booking.id)
    assert request is not None
    await firm.services.approvals.decline(request.id, by=await firm.actor(DEEPA), reason="Too long")
    await teller.tell()
    assert "waits for approval" not in words((await teller.cards())[0])
    assert words((await teller.direct(BEN))[-1]).startswith("❌ @U0DEEPA declined the change: Too long\nIt stays as it was")
    back = words((await teller.direct(CHLOE))[-1])
    assert back.startswith("✏️ @U0DEEPA moved ")
    assert "14:00-15:30 14:00-15:00" in back


async def test_what_is_declined_was_never_told_to_others(firm: Firm, teller: Teller):
    await teller.subscribe()
    booking = await asked(firm, teller, invitees=((await firm.actor(CHLOE)).person_id,))
    request = await firm.services.approvals.of_booking(booking.id)
    assert request is not None
    await firm.services.approvals.decline(request.id, by=await firm.actor(ANA))
    await teller.tell()
    assert await teller.cards() == []
    assert await teller.direct(CHLOE) == []


async def test_those_asked_are_reminded_and_its_end_is_told(firm: Firm, teller: Teller):
    booking = await asked(firm, teller, new_york(14, day=27))
    firm.clock.set(new_york(22, 10, day=24).start)
    await ApprovalTime(firm.db, firm.services.catalogues).advance(firm.clock.now())
    await teller.tell()
    reminded = await card_of(teller, ANA)
    assert words(reminded).startswith("⏰ @U0BEN still waits for an answer: Boardroom: Fri 27 Nov, 14:00-15:00")
    assert labels(reminded) == ["Approve", "Suggest another…", "Decline…"]

    firm.clock.set(new_york(11, day=25).start)
    await ApprovalTime(firm.db, firm.services.catalogues).advance(firm.clock.now())
    await teller.tell()
    assert words((await teller.direct(ANA))[0]).startswith("⌛ Nobody decided in time")
    (told,) = await teller.direct(BEN)
    assert words(told).startswith("⌛ Nobody approved Boardroom: Fri 27 Nov, 14:00-15:00 (New York) in time.")
    assert (await firm.services.bookings.get(booking.id)).status is Status.EXPIRED
    # The button of the reminder, which does not live, says how it stands.
    late = await firm.press(ANA, reminded, "Approve")
    assert words(late).startswith("Nobody approved it in time")


async def test_a_private_request_says_who_and_when_but_not_what_for(firm: Firm, teller: Teller):
    await asked(firm, teller, title="Salaries", private=True)
    assert "Salaries" not in words(await card_of(teller, DEEPA))
    assert "For 12 people · private" in words(await card_of(teller, DEEPA))


async def test_what_the_booker_cancels_needs_no_answer(firm: Firm, teller: Teller):
    booking = await asked(firm, teller)
    await firm.services.bookings.cancel(booking.id, by=await firm.actor(BEN))
    await teller.tell()
    assert words(await card_of(teller, ANA)).startswith("⚪ It was cancelled\nBoardroom, Wed 25 Nov")
    assert labels(await card_of(teller, ANA)) == []


async def test_an_edited_request_that_waits_is_edited_where_it_stands(firm: Firm, teller: Teller):
    booking = await asked(firm, teller)
    change = Change(slot=new_york(16), title="Planning")
    await firm.services.bookings.change(booking.id, change, version=1, by=await firm.actor(BEN))
    await teller.tell()
    (card,) = await teller.direct(ANA)
    assert '16:00-17:00 (New York)\n"Planning"' in words(card)
