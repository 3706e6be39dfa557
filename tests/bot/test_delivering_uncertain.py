"""Posts of which nobody knows whether they arrived: lost answers, frozen and stopped senders, the lease, and repeats."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.errands import of_delivery
from bot.metrics import SlackCalls
from core.errors import Unavailable
from core.models import Change
from sandbox import company
from tests.bot.dispatch import Dispatch, Sender, opened
from tests.handlers import firm as firms
from tests.handlers.firm import ANA, BEN, CHANNEL, new_york

HISTORY = ("channels:history", "groups:history", "im:history")


@pytest.fixture
async def dispatch(database: Any) -> AsyncIterator[Dispatch]:
    async with firms.opened(database) as firm, opened(firm) as made:
        yield made


@pytest.fixture
async def seeing(database: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Dispatch]:
    """A firm whose app may read what was posted."""
    known = company.load()
    monkeypatch.setattr(company, "load", lambda: known.model_copy(update={"scopes": (*known.scopes, *HISTORY)}))
    async with firms.opened(database) as firm, opened(firm) as made:
        yield made


LEASE_OVER = "SELECT leased_until < clock_timestamp() FROM cards WHERE lease IS NOT NULL"


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    for _ in range(1000):
        if await holds():
            return
        await asyncio.sleep(0.01)
    pytest.fail("waited too long")


async def answer_lost(dispatch: Dispatch, method: str = "chat.postMessage", times: int = 1) -> None:
    await dispatch.firm.slack.faults(fail_next={"method": method, "times": times, "status": 500, "after": True})


async def due(dispatch: Dispatch, sender: Sender, table: str) -> None:
    dispatch.firm.clock.set((await dispatch.row(table))["due_at"])
    await sender.deliverer.deliver()


async def test_a_lost_answer_leads_to_one_repeat_where_nobody_may_look(dispatch: Dispatch):
    sender = await dispatch.sender()
    await dispatch.subscribe()
    await dispatch.booked()
    await answer_lost(dispatch)
    await sender.deliverer.deliver()
    assert (await dispatch.row("cards"))["posting_since"] is not None
    await due(dispatch, sender, "cards")
    posts = dispatch.posts(CHANNEL)
    assert len(posts) == 2
    keys = {post.versions[0].metadata["event_payload"]["key"] for post in posts}
    card = await dispatch.row("cards")
    assert keys == {str(card["id"])}
    assert card["ts"] == posts[1].ts
    assert sender.counted("bookroom_notices_uncertain_total", found="blind") == 1


async def test_with_history_scopes_a_lost_answer_leads_to_no_repeat(seeing: Dispatch):
    sender = await seeing.sender()
    await seeing.subscribe()
    await seeing.booked()
    await answer_lost(seeing)
    await sender.deliverer.deliver()
    await due(seeing, sender, "cards")
    (post,) = seeing.posts(CHANNEL)
    card = await seeing.row("cards")
    assert (card["ts"], card["rendered_version"]) == (post.ts, 1)
    assert sender.counted("bookroom_notices_uncertain_total", found="yes") == 1


async def test_what_was_found_is_brought_up_to_date(seeing: Dispatch):
    sender = await seeing.sender()
    await seeing.subscribe()
    booking = await seeing.booked()
    await answer_lost(seeing)
    await sender.deliverer.deliver()
    ben = await seeing.firm.actor(BEN)
    await seeing.firm.services.bookings.change(booking.id, Change(slot=new_york(14)), version=1, by=ben)
    await seeing.plan()
    await due(seeing, sender, "cards")
    posts = seeing.posts(CHANNEL)
    assert [version.method for version in posts[0].versions] == ["chat.postMessage", "chat.update"]
    assert (await seeing.row("cards"))["rendered_version"] == 2


async def test_a_reply_in_a_thread_and_a_direct_message_are_found_too(seeing: Dispatch):
    sender = await seeing.sender()
    await seeing.subscribe()
    booking = await seeing.booked()
    await seeing.reminded(booking)
    await sender.deliverer.deliver()  # now the person's conversation is known
    ben = await seeing.firm.actor(BEN)
    await seeing.firm.services.bookings.cancel(booking.id, by=ben)
    other = await seeing.booked("Big Ben")
    await sender.deliverer.deliver()
    before = len(seeing.posts())
    await seeing.reminded(other)
    await answer_lost(seeing)
    await sender.deliverer.deliver()
    seeing.advance(3)
    await sender.deliverer.deliver()
    assert len(seeing.posts()) == before + 1
    assert {row["status"] for row in await seeing.rows("deliveries")} == {"sent"}
    assert sender.counted("bookroom_notices_uncertain_total", found="yes") == 1


async def test_an_invitation_is_found_where_the_persons_conversation_is_known(seeing: Dispatch):
    sender = await seeing.sender()
    invited = (await seeing.firm.actor(ANA)).person_id
    await seeing.booked(invitees=(invited,))
    await sender.deliverer.deliver()
    await seeing.booked("Big Ben", invitees=(invited,))
    await answer_lost(seeing)
    await sender.deliverer.deliver()
    seeing.advance(3)
    await sender.deliverer.deliver()
    assert len(seeing.posts()) == 2
    assert sender.counted("bookroom_notices_uncertain_total", found="yes") == 1


async def test_what_did_not_arrive_is_posted_after_the_look(seeing: Dispatch):
    sender = await seeing.sender()
    await seeing.subscribe()
    await seeing.booked()
    await seeing.firm.slack.faults(fail_next={"method": "chat.postMessage", "times": 1, "status": 500})
    await sender.deliverer.deliver()
    await due(seeing, sender, "cards")
    assert len(seeing.posts(CHANNEL)) == 1
    assert sender.counted("bookroom_notices_uncertain_total", found="no") == 1


async def test_a_call_that_times_out_is_uncertain(dispatch: Dispatch):
    sender = await dispatch.sender(timeout=0.2)
    await dispatch.reminded(await dispatch.booked())
    await dispatch.firm.slack.faults(slow_api_ms=600)
    await sender.deliverer.deliver()
    row = await dispatch.row("deliveries")
    assert (row["status"], row["attempts"], row["posting_since"] is not None) == ("pending", 1, True)
    assert sender.counted("bookroom_notices_retried_total", reason="TimeoutError") == 1


async def test_an_old_edit_that_lands_after_the_new_one_is_followed_by_a_right_one(dispatch: Dispatch):
    """The slow replica loses its lease while its call is under way; the other one is quicker with what is newer."""
    slow = await dispatch.sender(lease_seconds=0.3, margin=-20.0)
    quick = await dispatch.sender(lease_seconds=30.0)
    await dispatch.subscribe()
    booking = await dispatch.booked(title="Design review")
    await quick.deliverer.deliver()
    bookings, ben = dispatch.firm.services.bookings, await dispatch.firm.actor(BEN)

    await bookings.change(booking.id, Change(title="Old title"), version=1, by=ben)
    await dispatch.plan()
    await dispatch.firm.slack.faults(holds={"method": "chat.update", "times": 1})
    old = asyncio.create_task(slow.deliverer.deliver())
    await dispatch.held()
    await until(lambda: dispatch.db.read(lambda session: session.value(LEASE_OVER)))
    await bookings.change(booking.id, Change(title="New title"), version=2, by=ben)
    await dispatch.plan()
    await quick.deliverer.deliver()
    assert "New title" in dispatch.posts(CHANNEL)[0].versions[-1].text
    await dispatch.firm.slack.faults(holds=False)
    await old
    (post, *_) = dispatch.posts(CHANNEL)
    last_three = [version.text for version in post.versions[-3:]]
    assert "New title" in last_three[0]
    assert "Old title" in last_three[1]
    assert "New title" in last_three[2]
    assert slow.counted("bookroom_notices_lost_leases_total", kind="card_edited") == 1
    card = await dispatch.row("cards")
    assert card["rendered_version"] == card["wanted_version"] == 3


async def test_a_sender_that_was_frozen_past_its_lease_says_nothing(dispatch: Dispatch):
    """Its own clock, which no machine's suspension sets back, tells it that the lease may be over."""
    seconds = [0.0]

    def frozen_while_rendering() -> float:
        return seconds[0]

    sender = await dispatch.sender(monotonic=frozen_while_rendering)
    await dispatch.reminded(await dispatch.booked())
    renderer = sender.deliverer._renderer
    words = renderer.delivery

    async def slow(delivery: object) -> object:
        seconds[0] += 25
        return await words(delivery)

    renderer.delivery = slow
    (delivery,) = await sender.outbox.claim_deliveries(dispatch.firm.clock.now())
    await sender.courier.carry(of_delivery(delivery, sender.outbox, renderer), sender.courier.usable_until())
    assert dispatch.posts() == []
    row = await dispatch.row("deliveries")
    assert (row["status"], row["attempts"], row["lease"]) == ("pending", 0, None)
    assert sender.counted("bookroom_notices_deferred_total", why="lease") == 1


async def test_stopping_finishes_what_is_being_posted(dispatch: Dispatch):
    sender = await dispatch.sender()
    await dispatch.reminded(await dispatch.booked())
    await dispatch.firm.slack.faults(holds=True)
    sender.deliverer.start()
    sender.deliverer.wake()
    await dispatch.held()
    stopping = asyncio.create_task(sender.deliverer.stop(30))
    await asyncio.sleep(0)
    await dispatch.firm.slack.faults(holds=False)
    await stopping
    assert (await dispatch.row("deliveries"))["status"] == "sent"
    assert len(dispatch.posts()) == 1


async def test_stopping_gives_back_what_takes_too_long_for_somebody_else_to_take_at_once(dispatch: Dispatch):
    sender, other = await dispatch.sender(), await dispatch.sender()
    await dispatch.reminded(await dispatch.booked())
    await dispatch.firm.slack.faults(holds={"method": "chat.postMessage", "times": 1})
    sender.deliverer.start()
    sender.deliverer.wake()
    await dispatch.held()
    await sender.deliverer.stop(0.1)
    row = await dispatch.row("deliveries")
    assert (row["status"], row["lease"], row["posting_since"] is not None) == ("pending", None, True)
    await other.deliverer.deliver()
    assert (await dispatch.row("deliveries"))["status"] == "sent"


async def test_a_database_that_is_away_when_the_mark_is_made_gets_time_to_come_back(
    dispatch: Dispatch, monkeypatch: pytest.MonkeyPatch
):
    sender = await dispatch.sender()
    await dispatch.reminded(await dispatch.booked())
    real, tries = sender.outbox.sent, []

    async def away(*given: Any, **named: Any) -> bool:
        tries.append(1)
        if len(tries) < 4:
            raise Unavailable("The database is away.")
        return await real(*given, **named)

    monkeypatch.setattr(sender.outbox, "sent", away)
    await sender.deliverer.deliver()
    assert len(tries) == 4
    assert (await dispatch.row("deliveries"))["status"] == "sent"
    assert len(dispatch.posts()) == 1


async def test_the_sdk_never_posts_twice_by_itself(dispatch: Dispatch):
    sender = await dispatch.sender()
    client = sender.poster.client
    assert isinstance(client, AsyncWebClient)
    # The one that counts calls tries nothing again.
    assert [type(one) for one in client.retry_handlers] == [SlackCalls]
    await dispatch.reminded(await dispatch.booked())
    await dispatch.firm.slack.faults(drop_requests={"method": "chat.postMessage", "times": 1})
    await sender.deliverer.deliver()
    calls = [one for one in dispatch.firm.running.log() if one.get("method") == "chat.postMessage"]
    assert len(calls) == 1
