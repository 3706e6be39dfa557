"""Clients by Slack team, each with the token that the team gave: for questions, and, without any retries, for posting."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import ClientSession, ClientTimeout, TCPConnector
from slack_sdk.web.async_client import AsyncWebClient

from bot.installations import Grants
from bot.metrics import Metrics, SlackCalls
from bot.posting import KEEP_SECONDS, MOST_CONNECTIONS, TIMEOUT_SECONDS
from handlers.slack_clients import NotInstalledError

_KEPT = 16

Make = Callable[[str], AsyncWebClient]


class TeamClients:
    """The clients of one tenant's teams; `make` makes one for a token."""

    def __init__(self, grants: Grants, make: Make) -> None:
        self._grants, self._make = grants, make
        self._known: dict[str, AsyncWebClient] = {}

    async def of(self, team_id: str) -> AsyncWebClient:
        """Return a client with the team's token; raises NotInstalledError."""
        grant = await self._grants.of(team_id)
        if grant is None:
            raise NotInstalledError
        if grant.token not in self._known:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[grant.token] = self._make(grant.token)
        return self._known[grant.token]

    async def usable(self, team_id: str) -> bool:
        """Tell whether there is a token that Slack has not just refused."""
        return await self._grants.usable(team_id)

    def refused(self, team_id: str, seconds: float) -> None:
        """Note that Slack refuses the team's token."""
        self._grants.refused(team_id, seconds)


class Wire:
    """Connections to Slack that are kept, for what all offices of a process post."""

    def __init__(self, base_url: str, metrics: Metrics) -> None:
        self._base_url, self._metrics = base_url, metrics
        self._session: ClientSession | None = None

    def client(self, token: str) -> AsyncWebClient:
        """Return a client that retries nothing: a post that timed out may have arrived."""
        if self._session is None:
            self._session = ClientSession(
                timeout=ClientTimeout(total=TIMEOUT_SECONDS),
                connector=TCPConnector(limit=4 * MOST_CONNECTIONS, keepalive_timeout=KEEP_SECONDS),
            )
        return AsyncWebClient(
            token=token,
            base_url=self._base_url,
            session=self._session,
            retry_handlers=[SlackCalls(self._metrics)],
            timeout=TIMEOUT_SECONDS,
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()
        self._session = None
