"""Cards and deliveries on their way to Slack: said once, marked, edited; what each refusal leads to; late and moot ones."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest

from bot.pace import BURST
from core.errors import RoomClosed
from core.models import Change
from tests.bot.dispatch import Dispatch, Sender, opened
from tests.handlers.firm import BEN, CHANNEL, CHLOE, new_york
from tests.handlers.firm import opened as firm_opened


@pytest.fixture
async def dispatch(database: Any) -> AsyncIterator[Dispatch]:
    async with firm_opened(database) as firm, opened(firm) as made:
        yield made


@pytest.fixture
async def sender(dispatch: Dispatch) -> Sender:
    return await dispatch.sender()


async def failing(dispatch: Dispatch, method: str = "chat.postMessage", times: int | None = 1, **how: Any) -> None:
    await dispatch.firm.slack.faults(fail_next={"method": method, "times": times, **how})


# -- once, and right ------------------------------------------------------------------------------------------------


async def test_a_booking_is_told_in_the_channel_and_its_message_follows_it(dispatch: Dispatch, sender: Sender):
    await dispatch.subscribe()
    booking = await dispatch.booked(title="Design review")
    assert await sender.deliverer.deliver() == 1

    card = await dispatch.row("cards")
    (post,) = dispatch.posts(CHANNEL)
    assert (card["channel_id"], card["ts"], card["rendered_version"]) == (CHANNEL, post.ts, 1)
    assert post.versions[-1].metadata == {"event_type": "bookroom", "event_payload": {"key": str(card["id"])}}

    bookings, ben = dispatch.firm.services.bookings, await dispatch.firm.actor(BEN)
    await bookings.change(booking.id, Change(slot=new_york(14)), version=1, by=ben)
    await dispatch.plan()
    await sender.deliverer.deliver()
    (post, *replies) = dispatch.posts(CHANNEL)
    assert [version.method for version in post.versions] == ["chat.postMessage", "chat.update"]
    assert "15:00" in post.versions[-1].text or "14:00" in post.versions[-1].text
    assert [reply.thread_ts for reply in replies] == [post.ts]
    assert sender.counted("bookroom_notices_sent_total", kind="card_posted") == 1
    assert sender.counted("bookroom_notices_sent_total", kind="card_edited") == 1
    assert sender.counted("bookroom_notices_sent_total", kind="history") == 1
    assert await sender.deliverer.deliver() == 0


async def test_a_reminder_goes_to_the_person_once_and_names_no_title_in_the_log(
    dispatch: Dispatch, sender: Sender, caplog: pytest.LogCaptureFixture
):
    key = await dispatch.reminded(await dispatch.booked(title="Secret plans"))
    with caplog.at_level(logging.INFO, "bot"):
        await sender.deliverer.deliver()
    (post,) = dispatch.posts()
    row = await dispatch.row("deliveries")
    assert (row["status"], row["channel_id"], row["ts"]) == ("sent", post.channel, post.ts)
    (line,) = [record for record in caplog.records if getattr(record, "action", "") == "notice_sent"]
    assert (line.kind, line.key, line.channel, line.attempts) == ("reminder", key, post.channel, 0)
    assert "Secret plans" not in str([record.__dict__ for record in caplog.records])
    assert [errand.key for errand in sender.told] == [key]


async def test_two_replicas_at_once_say_each_thing_once(dispatch: Dispatch):
    await dispatch.subscribe()
    senders = [await dispatch.sender() for _ in range(3)]
    for hour in range(8, 18):
        await dispatch.firm.booked("Apollo", new_york(hour))
        await dispatch.firm.booked("Big Ben", new_york(hour))
    await dispatch.plan()
    dispatch.firm.running.sandbox.parts.faults.slow_api_ms = 5
    for _ in range(30):
        await asyncio.gather(*(one.deliverer.deliver() for one in senders))
        dispatch.advance(1)
        for one in senders:  # the pace of a channel is tried elsewhere
            one.courier._pace._channels.clear()
    assert len(dispatch.posts(CHANNEL)) == 20
    assert set(dispatch.versions()) == {"chat.postMessage"}
    assert sum(one.counted("bookroom_notices_sent_total", kind="card_posted") for one in senders) == 20
    assert all(card["rendered_version"] == 1 for card in await dispatch.rows("cards"))


# -- too late, moot, quiet ------------------------------------------------------------------------------------------


async def test_a_reminder_of_a_cancelled_meeting_is_dropped(dispatch: Dispatch, sender: Sender):
    booking = await dispatch.booked()
    await dispatch.reminded(booking)
    await dispatch.firm.services.bookings.cancel(booking.id, by=await dispatch.firm.actor(BEN))
    await sender.deliverer.deliver()
    assert dispatch.posts() == []
    assert [row["status"] for row in await dispatch.rows("deliveries")] == ["dropped"]


async def test_a_machine_that_was_off_for_a_day_reminds_of_nothing_that_has_begun(dispatch: Dispatch, sender: Sender):
    await dispatch.reminded(await dispatch.booked())
    dispatch.advance(86_400 + 3600)
    await sender.deliverer.deliver()
    assert dispatch.posts() == []
    assert (await dispatch.row("deliveries"))["status"] == "dropped"


async def test_a_clock_that_jumps_back_sends_nothing_twice(dispatch: Dispatch, sender: Sender):
    await dispatch.reminded(await dispatch.booked())
    await sender.deliverer.deliver()
    for jump in (-7200, 3600, 7200, -86_400):
        dispatch.advance(jump)
        await sender.deliverer.deliver()
    assert len(dispatch.posts()) == 1


async def test_a_clock_that_ran_ahead_holds_nothing_back_once_it_is_right_again(dispatch: Dispatch, sender: Sender):
    """A machine an hour ahead puts a failed message off into an hour from now: that is the harm, and its bound."""
    await dispatch.reminded(await dispatch.booked(), until=new_york(10).start)
    await failing(dispatch, status=503)
    dispatch.advance(3600)
    await sender.deliverer.deliver()
    dispatch.advance(-3600)
    assert await sender.deliverer.deliver() == 0
    dispatch.advance(3610)
    await sender.deliverer.deliver()
    assert (await dispatch.row("deliveries"))["status"] == "sent"


async def test_quiet_hours_hold_an_invitation_back_until_they_end(dispatch: Dispatch, sender: Sender):
    firm = dispatch.firm
    chloe = await firm.actor(CHLOE)
    preferences = firm.services.preferences
    wanted = replace(await preferences.get(chloe.person_id), quiet_from=time(15), quiet_until=time(18))
    await preferences.set(chloe.person_id, wanted)  # it is 16:07 in Berlin
    await dispatch.booked(slot=new_york(15), invitees=(chloe.person_id,))
    await sender.deliverer.deliver()
    assert dispatch.posts() == []
    card = await dispatch.row("cards")
    assert (card["due_at"].isoformat(), card["attempts"]) == ("2026-11-24T17:00:00+00:00", 0)
    firm.clock.set(card["due_at"])
    await sender.deliverer.deliver()
    assert len(dispatch.posts()) == 1
    assert sender.counted("bookroom_notices_deferred_total", why="quiet") == 1


# -- refusals and outages -------------------------------------------------------------------------------------------


async def test_a_429_is_waited_for_and_keeps_that_channel_still(dispatch: Dispatch):
    seconds = [0.0]
    sender = await dispatch.sender(monotonic=lambda: seconds[0])
    await dispatch.subscribe()
    await dispatch.booked()
    await failing(dispatch, status=429, retry_after=7)
    await sender.deliverer.deliver()
    card = await dispatch.row("cards")
    assert (card["due_at"] - dispatch.firm.clock.now(), card["attempts"]) == (timedelta(seconds=7), 0)
    assert card["posting_since"] is None
    await dispatch.booked("Big Ben")
    await sender.deliverer.deliver()
    assert dispatch.posts() == []
    dispatch.advance(7)
    seconds[0] += 7
    await sender.deliverer.deliver()
    assert len(dispatch.posts(CHANNEL)) == 2
    assert sender.counted("bookroom_notices_retried_total", reason="ratelimited") == 1


async def test_a_busy_channel_gets_a_burst_then_one_a_second_and_keeps_nobody_waiting(dispatch: Dispatch):
    seconds = [0.0]
    sender = await dispatch.sender(monotonic=lambda: seconds[0])
    await dispatch.subscribe()
    for hour in range(8, 16):
        booking = await dispatch.firm.booked("Apollo", new_york(hour))
    await dispatch.plan()
    await dispatch.reminded(booking)
    await sender.deliverer.deliver()
    assert len(dispatch.posts(CHANNEL)) == BURST
    assert len(dispatch.posts()) == BURST + 1
    for posted in range(BURST + 1, 9):
        seconds[0] += 1
        dispatch.advance(1)
        await sender.deliverer.deliver()
        assert len(dispatch.posts(CHANNEL)) == posted
    assert all(card["attempts"] == 0 for card in await dispatch.rows("cards"))


@pytest.mark.parametrize("status", [500, 503])
async def test_an_outage_is_waited_out_with_growing_pauses(dispatch: Dispatch, status: int):
    seconds = [0.0]
    sender = await dispatch.sender(monotonic=lambda: seconds[0])
    await dispatch.reminded(await dispatch.booked())
    await failing(dispatch, times=4, status=status)
    pauses = []
    for _ in range(4):
        await sender.deliverer.deliver()
        row = await dispatch.row("deliveries")
        pauses.append((row["due_at"] - dispatch.firm.clock.now()).total_seconds())
        dispatch.firm.clock.set(row["due_at"])
        seconds[0] += pauses[-1]
    for pause, longest in zip(pauses, (2, 4, 8, 16), strict=True):
        assert 0.75 * longest <= pause <= longest
    await sender.deliverer.deliver()
    assert (await dispatch.row("deliveries"))["status"] == "sent"
    assert len(dispatch.posts()) == 1


async def test_an_outage_longer_than_the_meeting_s_wait_ends_in_silence(dispatch: Dispatch, sender: Sender):
    booking = await dispatch.booked()
    await dispatch.reminded(booking)
    await failing(dispatch, times=None, status=500)
    while dispatch.firm.clock.now() <= booking.start + timedelta(minutes=10):
        await sender.deliverer.deliver()
        dispatch.advance(290)
    await dispatch.firm.slack.faults(clear=True)
    await sender.deliverer.deliver()
    assert dispatch.posts() == []
    assert (await dispatch.row("deliveries"))["status"] == "dropped"


@pytest.mark.parametrize("error", ["token_revoked", "invalid_auth", "account_inactive"])
async def test_a_revoked_token_costs_time_and_no_attempt(dispatch: Dispatch, error: str):
    seconds = [0.0]
    sender = await dispatch.sender(monotonic=lambda: seconds[0])
    await dispatch.subscribe()
    await dispatch.booked()
    await dispatch.booked("Big Ben")
    await dispatch.firm.slack.faults(token=error)
    await sender.deliverer.deliver()
    assert sender.courier.silent
    assert sender.counted("bookroom_slack_token_refused") == 1
    assert all(card["attempts"] == 0 and card["given_up"] is None for card in await dispatch.rows("cards"))
    await dispatch.firm.slack.faults(token=None)
    assert await sender.deliverer.deliver() == 0
    seconds[0] += 31
    dispatch.advance(31)
    await sender.deliverer.deliver()
    # Where a post took its time, the next in that channel was put off by two seconds.
    seconds[0] += 3
    dispatch.advance(3)
    await sender.deliverer.deliver()
    assert len(dispatch.posts(CHANNEL)) == 2
    assert sender.counted("bookroom_slack_token_refused") == 0


async def test_an_archived_channel_is_given_up_with_a_reason_and_its_subscriptions_paused(
    dispatch: Dispatch, sender: Sender
):
    firm = dispatch.firm
    await dispatch.subscribe()
    await dispatch.booked()
    await firm.slack.channel(CHANNEL, "archive")
    await sender.deliverer.deliver()
    card = await dispatch.row("cards")
    assert card["given_up"] == "the channel is archived"
    (subscription,) = await firm.services.subscriptions.all()
    assert subscription.paused == "the channel is archived"
    (told,) = (await sender.outbox.overview(firm.clock.now())).given_up
    assert (told.what, told.whom, told.reason) == ("card", CHANNEL, "the channel is archived")

    await firm.slack.channel(CHANNEL, "unarchive")
    assert await sender.outbox.retry(None) == 1
    await sender.deliverer.deliver()
    assert len(dispatch.posts(CHANNEL)) == 1


async def test_a_channel_that_never_asked_the_bot_in_is_told_so_to_the_admin(dispatch: Dispatch, sender: Sender):
    await dispatch.subscribe("C0BERLIN")
    await dispatch.booked()
    await sender.deliverer.deliver()
    assert (await dispatch.row("cards"))["given_up"].startswith("Bookroom is not in the channel")


async def test_somebody_who_left_and_a_messages_tab_that_is_off_are_given_up(dispatch: Dispatch, sender: Sender):
    firm = dispatch.firm
    await dispatch.reminded(await dispatch.booked())
    await firm.slack.faults(messages_tab_off=True)
    await sender.deliverer.deliver()
    row = await dispatch.row("deliveries")
    assert (row["status"], row["reason"]) == (
        "given_up",
        "the app's Messages tab is off, so that it cannot send direct messages",
    )
    assert await firm.services.subscriptions.all() == ()

    await firm.slack.faults(messages_tab_off=False)
    await failing(dispatch, error="channel_not_found")
    await sender.outbox.retry(None)
    await sender.deliverer.deliver()
    row = await dispatch.row("deliveries")
    assert (row["status"], row["reason"]) == ("given_up", "that person is not in the workspace any more")


async def test_a_message_that_somebody_deleted_is_edited_no_more(dispatch: Dispatch, sender: Sender):
    await dispatch.subscribe()
    booking = await dispatch.booked()
    await sender.deliverer.deliver()
    await failing(dispatch, "chat.update", error="message_not_found")
    await dispatch.firm.services.bookings.cancel(booking.id, by=await dispatch.firm.actor(BEN))
    await dispatch.plan()
    await sender.deliverer.deliver()
    assert (await dispatch.row("cards"))["given_up"] == "the message was deleted in Slack"


async def test_what_slack_finds_wrong_with_a_message_is_given_up_at_once(dispatch: Dispatch, sender: Sender):
    await dispatch.reminded(await dispatch.booked())
    await failing(dispatch, error="invalid_blocks")
    await sender.deliverer.deliver()
    row = await dispatch.row("deliveries")
    assert (row["status"], row["reason"]) == ("given_up", "Slack refuses the message (invalid_blocks)")


@pytest.mark.parametrize("fault", [ZeroDivisionError(), RoomClosed("The room is closed.")])
async def test_words_that_cannot_be_made_are_tried_again_and_logged(
    dispatch: Dispatch,
    sender: Sender,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Exception,
):
    await dispatch.reminded(await dispatch.booked())

    async def broken(_delivery: object) -> None:
        raise fault

    with monkeypatch.context() as patched:
        patched.setattr(sender.deliverer._renderer, "delivery", broken)
        await sender.deliverer.deliver()
    assert "a notice failed" in caplog.text
    row = await dispatch.row("deliveries")
    assert (row["status"], row["attempts"]) == ("pending", 1)
    dispatch.firm.clock.set(row["due_at"])
    await sender.deliverer.deliver()
    assert (await dispatch.row("deliveries"))["status"] == "sent"
