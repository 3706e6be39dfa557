"""What the deliverer has claimed, card or delivery, seen alike: where it goes, what it says, how it is marked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from bot.posting import Posted, Poster
from core.models import Person
from core.notices import IN_QUIET_HOURS, Card, Delivery, Preferences
from core.outbox import Outbox
from handlers.replies import Message


class Renderer(Protocol):
    """Puts cards and deliveries into words (`handlers.notices.Notices`)."""

    async def card(self, card: Card) -> Message:
        """Return the card as it should stand now."""
        ...

    async def delivery(self, delivery: Delivery) -> Message | None:
        """Return the message, or None where there is nothing to say any more."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """One claimed message.

    `kind` is what it is counted under, `key` what it is found again by in Slack, `since` when it fell due. `place` is a
    channel or a person's Slack id (None: not known yet), `thread` the ts of the message that it answers, `there` the
    message that it edits; `quiet` whose quiet hours hold it back; `once` that nothing changes it once it was said;
    `facts` what a log line tells of it, ids alone. `holds` tells why it need not be said any more; `done` returns False
    where somebody else has the lease by now; `later` gives it back until then.
    """

    kind: str
    key: str
    team: str
    place: str | None
    thread: str | None = None
    there: Posted | None = None
    quiet: tuple[Person, Preferences] | None = None
    once: bool
    uncertain: bool
    attempts: int
    until: datetime | None = None
    since: datetime
    facts: dict[str, object] = field(default_factory=dict)
    holds: Callable[[datetime], str | None]
    words: Callable[[], Awaitable[Message | None]]
    done: Callable[[Posted], Awaitable[bool]]
    later: Callable[..., Awaitable[Any]]
    give_up: Callable[[str], Awaitable[Any]]
    drop: Callable[[str], Awaitable[Any]]
    delivery: Delivery | None = None


def of_card(card: Card, outbox: Outbox, renderer: Renderer) -> Errand:
    """Return a living message that is to be posted or edited."""
    there = Posted(channel_id=card.channel_id, ts=card.ts) if card.channel_id and card.ts else None
    # An edit makes no noise.
    asks = card.person and card.preferences and not there
    return Errand(
        kind="card_edited" if there else "card_posted",
        key=str(card.id),
        team=card.team_id,
        place=card.channel_id or (card.person.slack_user_id if card.person else None),
        there=there,
        quiet=(card.person, card.preferences) if asks and card.person and card.preferences else None,
        once=False,
        # An edit that is made twice leaves no trace: only a post has to be looked for.
        uncertain=card.uncertain and there is None,
        attempts=card.attempts,
        since=card.last.at,
        facts={"card": str(card.id), "booking": str(card.booking.id), "version": card.version},
        holds=lambda _now: None,
        words=partial(renderer.card, card),
        done=lambda at: outbox.card_shown(card, channel_id=at.channel_id, ts=at.ts),
        later=partial(outbox.card_later, card),
        give_up=partial(outbox.card_given_up, card),
        drop=lambda _why: outbox.card_dropped(card),
    )


def of_delivery(delivery: Delivery, outbox: Outbox, renderer: Renderer) -> Errand:
    """Return a message that is to be sent once."""
    person, preferences = delivery.person, delivery.preferences
    heeded = delivery.kind not in IN_QUIET_HOURS
    booking = str(delivery.booking.id) if delivery.booking else None
    return Errand(
        kind=delivery.kind.value,
        key=delivery.key,
        team=delivery.team_id,
        place=_place(delivery),
        thread=delivery.thread[1] if delivery.thread else None,
        quiet=(person, preferences) if heeded and person and preferences else None,
        once=True,
        uncertain=delivery.uncertain,
        attempts=delivery.attempts,
        until=delivery.until,
        since=delivery.due_at,
        facts={"delivery": str(delivery.id), "key": delivery.key, "booking": booking},
        holds=partial(outbox.holds, delivery),
        words=partial(renderer.delivery, delivery),
        done=lambda at: outbox.sent(delivery, channel_id=at.channel_id, ts=at.ts),
        later=partial(outbox.later, delivery),
        give_up=partial(outbox.given_up, delivery),
        drop=partial(outbox.dropped, delivery),
        delivery=delivery,
    )


def _place(delivery: Delivery) -> str | None:
    if delivery.thread:
        return delivery.thread[0]
    if delivery.person:
        return delivery.dm_channel or delivery.person.slack_user_id
    return delivery.subscription.channel_id if delivery.subscription else None


async def say(errand: Errand, message: Message, poster: Poster) -> Posted:
    """Post or edit, as the errand asks."""
    if errand.there:
        await poster.edit(errand.there, message, team=errand.team)
        return errand.there
    assert errand.place is not None
    return await poster.post(errand.place, message, key=errand.key, thread=errand.thread, team=errand.team)
