"""Slack's side of the process: clients with our patience, and the Bolt application that hears what Slack says."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler, AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Settings

SLACK_SECONDS = 10


def asking_client(settings: Settings, token: str | None, *watching: AsyncRetryHandler) -> AsyncWebClient:
    """Return a client for questions, which are asked once more where Slack does not answer; never for posting.

    `watching` sees every answer first.
    """
    return AsyncWebClient(
        token=token,
        base_url=settings.slack_api_url,
        timeout=SLACK_SECONDS,
        retry_handlers=[
            *watching,
            AsyncConnectionErrorRetryHandler(),
            AsyncRateLimitErrorRetryHandler(max_retry_count=1),
        ],
    )


def bolt(settings: Settings, client: AsyncWebClient, **more: Any) -> AsyncApp:  # noqa: ANN401 - Bolt's own
    """Return the application that hears Slack; `more` is Bolt's, such as `authorize`."""
    secret = settings.slack_signing_secret
    with _unseen("SLACK_"):
        return AsyncApp(
            client=client,
            # Its own loggers would follow the root's level, and at INFO they tell what a forged request said.
            logger=logging.getLogger("slack_bolt"),
            signing_secret=secret.get_secret_value() if secret else None,
            request_verification_enabled=not settings.socket_mode,
            # See `handlers.edge.Edge`.
            process_before_response=True,
            **more,
        )


@contextlib.contextmanager
def _unseen(prefix: str) -> Iterator[None]:
    """Hide variables of the environment for a moment: Bolt reads some by itself, and with SLACK_CLIENT_ID goes OAuth."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(prefix)}
    try:
        yield
    finally:
        os.environ.update(hidden)
