"""Saying one thing to Slack, once: posting, editing, and looking whether an earlier post has arrived after all.

The SDK's own retries are off here: a post that timed out may have arrived. Kept out: when to try, and what to do after.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import ClientSession, ClientTimeout, TCPConnector
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.metrics import Metrics, SlackCalls
from bot.pace import POST
from handlers.replies import Message
from handlers.slack_errors import FAILED, reason

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10
UPDATE = "chat.update"
EVENT_TYPE = "bookroom"
LOOK_BACK = 200
# A connection that Slack may close at any moment must not be taken for a post that may have arrived.
KEEP_SECONDS = 15.0
MOST_CONNECTIONS = 16
MOST_REMEMBERED = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Posted:
    """Where a message stands."""

    channel_id: str
    ts: str


class Blind(Exception):
    """Whether a post has arrived cannot be found out."""


class Teams(Protocol):
    """Every team's own client, for posting, on connections that are kept."""

    async def of(self, team_id: str) -> AsyncWebClient:
        """Return a client with the team's token; raises NotInstalledError."""
        ...

    async def usable(self, team_id: str) -> bool:
        """Tell whether there is a token that Slack has not just refused."""
        ...

    def refused(self, team_id: str, seconds: float) -> None:
        """Note that Slack refuses the team's token."""
        ...


class Poster:
    """Slack's methods for messages, timed. Every call may raise what `slack_errors.FAILED` names."""

    def __init__(
        self,
        token: str,
        base_url: str,
        metrics: Metrics,
        *,
        timeout: float = TIMEOUT_SECONDS,
        teams: Teams | None = None,
    ) -> None:
        """`timeout` is in seconds, for a whole call. With `teams`, each is spoken to with its own token, and not `token`."""
        self.timeout = timeout
        self._token, self._base_url = token, base_url
        self._teams = teams
        self._metrics = metrics
        self._session: ClientSession | None = None
        self._client: AsyncWebClient | None = None
        # Channels whose history we may not read; a team and "D" for all its direct messages.
        self._closed: set[str] = set()

    @property
    def client(self) -> AsyncWebClient:
        """The client behind it, which retries nothing, on connections that are kept."""
        if self._client is None:
            self._session = ClientSession(
                timeout=ClientTimeout(total=self.timeout),
                connector=TCPConnector(limit=MOST_CONNECTIONS, keepalive_timeout=KEEP_SECONDS),
            )
            self._client = AsyncWebClient(
                token=self._token,
                base_url=self._base_url,
                session=self._session,
                # Retries nothing: it only counts.
                retry_handlers=[SlackCalls(self._metrics)],
                timeout=int(self.timeout),
            )
        return self._client

    async def of(self, team: str) -> AsyncWebClient:
        """Return the client for a team; raises NotInstalledError where the app is not there."""
        return await self._teams.of(team) if self._teams else self.client

    async def reaches(self, team: str) -> bool:
        """Tell whether there is a token for a team that Slack has not just refused; with one token for all, as if."""
        return await self._teams.usable(team) if self._teams else True

    def refused(self, team: str, seconds: float) -> bool:
        """Note that Slack refuses a team's token; False where it is everybody's."""
        if self._teams is None:
            return False
        self._teams.refused(team, seconds)
        return True

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()
        self._session = self._client = None

    async def post(self, channel: str, message: Message, *, key: str, thread: str | None = None, team: str = "") -> Posted:
        """Post in a channel, or to a person by Slack id; `key` travels in the message's metadata."""
        answer = await self._call(
            POST,
            team,
            channel=channel,
            text=message.text,
            blocks=list(message.blocks) or None,
            thread_ts=thread,
            metadata=metadata(key),
            unfurl_links=False,
            unfurl_media=False,
        )
        return Posted(channel_id=str(answer["channel"]), ts=str(answer["ts"]))

    async def edit(self, at: Posted, message: Message, *, team: str = "") -> None:
        """Put something else in a message's place; its metadata stays."""
        await self._call(UPDATE, team, channel=at.channel_id, ts=at.ts, text=message.text, blocks=list(message.blocks))

    async def find(self, channel: str, key: str, *, thread: str | None = None, team: str = "") -> Posted | None:
        """Return where the message with that key stands, None where it did not arrive; Blind where we may not look."""
        kind = f"{team} D" if channel.startswith("D") else channel
        if kind in self._closed or channel.startswith(("U", "W")):
            raise Blind
        method = "conversations.replies" if thread else "conversations.history"
        asked: dict[str, Any] = {"channel": channel, "limit": LOOK_BACK}
        if thread:
            asked["ts"] = thread
        try:
            found = await self._call(method, team, **asked, include_all_metadata=True)
        except SlackApiError as error:
            if reason(error) not in {"missing_scope", "not_in_channel", "channel_not_found", "thread_not_found"}:
                raise
            self._remember(kind)
            raise Blind from error
        for message in found["messages"]:
            if _key_of(message) == key:
                return Posted(channel_id=channel, ts=str(message["ts"]))
        return None

    def _remember(self, kind: str) -> None:
        if len(self._closed) >= MOST_REMEMBERED:
            self._closed.clear()
        self._closed.add(kind)

    async def _call(self, method: str, team: str, **asked: Any) -> Any:  # noqa: ANN401 - Slack's answer
        client = await self.of(team)
        calls = {
            POST: client.chat_postMessage,
            UPDATE: client.chat_update,
            "conversations.history": client.conversations_history,
            "conversations.replies": client.conversations_replies,
        }
        began = time.monotonic()
        outcome = "ok"
        try:
            return await calls[method](**asked)
        except FAILED as error:
            outcome = reason(error)
            raise
        finally:
            self._metrics.calls.labels(method, outcome).observe(time.monotonic() - began)


def metadata(key: str) -> dict[str, Any]:
    """Return what a message carries so that it can be found again."""
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


def _key_of(message: Mapping[str, Any]) -> object:
    said = message.get("metadata") or {}
    return said.get("event_payload", {}).get("key") if said.get("event_type") == EVENT_TYPE else None
