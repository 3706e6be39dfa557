"""What can come of asking Slack something: it refuses with a code of its own, or it does not answer as Slack would.

An outage, a proxy or a broken connection answers with pages and resets, for which the SDK has several errors.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import ClientError
from slack_sdk.errors import SlackClientError

FAILED = (SlackClientError, ClientError, OSError, TimeoutError)


def reason(error: Exception) -> str:
    """Return Slack's code for its refusal, or the error's name where Slack itself has said nothing."""
    response = getattr(error, "response", None)
    said = getattr(response, "data", response)
    code = said.get("error") if isinstance(said, Mapping) else None
    return str(code or type(error).__name__)
