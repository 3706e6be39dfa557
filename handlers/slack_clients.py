"""Who speaks to which Slack team with which token: one token for all where there is one workspace, else each team's own."""

from __future__ import annotations

from typing import Protocol

from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient


class NotInstalledError(SlackClientError):
    """The app is not, or no longer, in that team; seen like Slack's own answer to the token of one that was taken away."""

    def __init__(self) -> None:
        super().__init__("the app is not installed there")
        self.response = {"ok": False, "error": "account_inactive"}


class Clients(Protocol):
    """Clients by team."""

    async def of(self, team_id: str) -> AsyncWebClient:
        """Return a client with the team's token; raises NotInstalledError."""
        ...


class OneClient:
    """The same client for everybody."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def of(self, team_id: str) -> AsyncWebClient:  # noqa: ARG002 - there is one team
        """Return the one client."""
        return self._client
