"""Things that Slack gives out once and for a short time: trigger ids, response URLs, Socket Mode tickets."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TypeVar

from sandbox.errors import SlackError
from sandbox.model import Clock

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS = 30 * 60.0
RESPONSE_USES = 5
TICKET_SECONDS = 30.0
TRIGGER_KEPT = 5 * 60.0
REPLY_KEPT = 40 * 60.0


@dataclass(kw_only=True, slots=True)
class Trigger:
    """The right to open one view for one person; `view_id` is set when it came out of a view."""

    user: str
    channel: str | None
    view_id: str | None
    made: float
    used: bool = False


@dataclass(kw_only=True, slots=True)
class Reply:
    """The right to answer one interaction; `original` is the message acted on, None for a slash command."""

    user: str
    channel: str
    original: str | None
    thread_ts: str | None
    made: float
    uses: int = 0


Given = TypeVar("Given", Trigger, Reply)


class Tickets:
    """What was given out, and what of it is still good."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._triggers: dict[str, Trigger] = {}
        self._replies: dict[str, Reply] = {}
        self._sockets: dict[str, float] = {}

    def trigger(self, *, user: str, channel: str | None = None, view_id: str | None = None) -> str:
        """A new trigger id, good for three seconds and one use."""
        self._sweep()
        trigger_id = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._triggers[trigger_id] = Trigger(user=user, channel=channel, view_id=view_id, made=self._clock())
        return trigger_id

    def exchange(self, trigger_id: object) -> Trigger:
        """Use a trigger id up; raises SlackError with Slack's three codes."""
        trigger = self._triggers.get(trigger_id) if isinstance(trigger_id, str) else None
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self._clock() - trigger.made > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger

    def reply(self, *, user: str, channel: str, original: str | None = None, thread_ts: str | None = None) -> str:
        """A new response id, good for 30 minutes and five uses."""
        response_id = f"{secrets.randbelow(10**13)}-{secrets.token_urlsafe(18)}"
        self._replies[response_id] = Reply(
            user=user, channel=channel, original=original, thread_ts=thread_ts, made=self._clock()
        )
        return response_id

    def use_reply(self, response_id: str) -> Reply:
        """Use a response id once; raises SlackError used_url, expired_url or invalid_url."""
        reply = self._replies.get(response_id)
        if reply is None:
            raise SlackError("invalid_url")
        if self._clock() - reply.made > RESPONSE_SECONDS:
            raise SlackError("expired_url")
        if reply.uses >= RESPONSE_USES:
            raise SlackError("used_url")
        reply.uses += 1
        return reply

    def socket(self) -> str:
        """A new ticket for one WebSocket connection."""
        ticket = secrets.token_urlsafe(24)
        self._sockets[ticket] = self._clock()
        return ticket

    def admit(self, ticket: str) -> bool:
        """Whether the ticket opens a connection now; it does so once."""
        made = self._sockets.pop(ticket, None)
        return made is not None and self._clock() - made <= TICKET_SECONDS

    def _sweep(self) -> None:
        """Forget what nobody can ask about any more; the oldest stand first."""
        _drop(self._triggers, before=self._clock() - TRIGGER_KEPT)
        _drop(self._replies, before=self._clock() - REPLY_KEPT)


def _drop(kept: dict[str, Given], *, before: float) -> None:
    while kept:
        first = next(iter(kept))
        if kept[first].made >= before:
            break
        del kept[first]
