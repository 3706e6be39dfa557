"""Tells what the firm has to be told, as the deliverer does where nothing goes wrong: plan, claim, render, post, mark."""

from __future__ import annotations

from datetime import time
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.web.async_client import AsyncWebClient

from core.ids import new_id
from core.models import Booking
from core.notices import Card, Delivery, Notice, Preferences
from core.planning import Planning
from core.rooms import Rooms
from handlers.notices import Notices
from handlers.replies import Message
from tests.handlers.firm import BEN, CHANNEL, Firm


def content(message: Message) -> dict[str, Any]:
    """Return a message as Slack is sent it."""
    blocks = [block.to_dict() if isinstance(block, Block) else dict(block) for block in message.blocks]
    return {"text": message.text, "blocks": blocks}


class Teller:
    """Does in one go what the planner and the deliverer do by turns."""

    def __init__(self, firm: Firm) -> None:
        self.firm = firm
        self.planning = Planning(firm.db, firm.services.catalogues, firm.clock)
        self.outbox = firm.services.outbox
        self.notices = Notices(firm.services)
        self.slack = AsyncWebClient(token=firm.running.company.tokens.bot, base_url=firm.running.api_url)
        self._direct: dict[str, str] = {}

    async def tell(self) -> None:
        """Plan what follows from what happened, and post all that is due."""
        now = self.firm.clock.now()
        await self.planning.plan(now)
        await self.firm.services.digests.plan(now)
        for delivery in await self.outbox.claim_deliveries(now):
            await self._send(delivery)
        for card in await self.outbox.claim_cards(now):
            await self._show(card)

    async def _send(self, delivery: Delivery) -> None:
        message = None if self.outbox.holds(delivery, self.firm.clock.now()) else await self.notices.delivery(delivery)
        if message is None:
            await self.outbox.dropped(delivery, "nothing to say")
            return
        channel, thread = delivery.thread or (_place(delivery), None)
        answer = await self.slack.chat_postMessage(channel=channel, thread_ts=thread, **content(message))
        if delivery.person:
            self._direct[delivery.person.slack_user_id] = answer["channel"]
        await self.outbox.sent(delivery, channel_id=answer["channel"], ts=answer["ts"])

    async def _show(self, card: Card) -> None:
        said = content(await self.notices.card(card))
        if card.ts and card.channel_id:
            answer = await self.slack.chat_update(channel=card.channel_id, ts=card.ts, **said)
        else:
            channel = card.person.slack_user_id if card.person else card.channel_id
            answer = await self.slack.chat_postMessage(channel=channel or "", **said)
            if card.person:
                self._direct[card.person.slack_user_id] = answer["channel"]
        await self.outbox.card_shown(card, channel_id=answer["channel"], ts=answer["ts"])

    async def send(self, notice: Notice, booking: Booking, to: str, **fields: Any) -> dict[str, Any]:
        """Send somebody a notice that falls due by the clock, and return the message that arrived."""
        delivery = Delivery(
            id=new_id(),
            lease=new_id(),
            key=f"{notice}:{booking.id}",
            kind=notice,
            team_id=self.firm.running.company.team.id,
            person=await self.firm.services.people.get((await self.firm.actor(to)).person_id),
            booking=await self.firm.services.bookings.get(booking.id),
            due_at=self.firm.clock.now(),
            **fields,
        )
        message = await self.notices.delivery(delivery)
        assert message is not None
        answer = await self.slack.chat_postMessage(channel=to, **content(message))
        self._direct[to] = answer["channel"]
        return (await self.direct(to))[-1]

    async def direct(self, user: str) -> list[dict[str, Any]]:
        """Return what the bot wrote to somebody directly, oldest first."""
        channel = self._direct.get(user)
        return await self.firm.slack.messages(user, channel) if channel else []

    async def cards(self) -> list[dict[str, Any]]:
        """Return what everybody sees in the channel, oldest first."""
        shown = await self.firm.slack.messages(BEN, CHANNEL)
        return [one for one in shown if not one.get("ephemeral") and one["bot_id"]]

    async def history(self, card: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the messages in a card's thread."""
        thread = await self.firm.slack.messages(BEN, CHANNEL, thread_ts=card["ts"])
        return [one for one in thread if one["ts"] != card["ts"]]

    async def subscribe(self) -> None:
        """Let the channel hear of all rooms at once."""
        await self._subscribe(None)

    async def subscribe_daily(self) -> None:
        """Let the channel hear of all rooms every morning at seven."""
        await self._subscribe(time(7))

    async def prefer_a_digest(self, user: str) -> None:
        """Let somebody hear of their day every morning at seven."""
        person = (await self.firm.actor(user)).person_id
        await self.firm.services.preferences.set(person, Preferences(digest_at=time(7)))

    async def _subscribe(self, digest_at: time | None) -> None:
        await self.firm.services.subscriptions.save(
            None,
            team_id=self.firm.running.company.team.id,
            channel_id=CHANNEL,
            location_id=None,
            room_id=None,
            kinds=frozenset({"booked", "changed", "cancelled", "released", "ended"}),
            digest_at=digest_at,
            zone="America/New_York",
            by=await self.firm.actor(BEN),
        )

    async def ask_for_check_in(self) -> None:
        """Let every room want to hear that somebody came."""
        await Rooms(self.firm.db, self.firm.services.catalogues).set_policy(check_in=True)
        self.firm.services.catalogues.forget()


def _place(delivery: Delivery) -> str:
    if delivery.person:
        return delivery.person.slack_user_id
    assert delivery.subscription is not None
    return delivery.subscription.channel_id
