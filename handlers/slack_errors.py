"""What can come of asking Slack something: it refuses with a code of its own, or it does not answer as Slack would.

An outage, a proxy or a broken connection answers with pages and resets, for which the SDK has several errors.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import ClientError
from slack_sdk.errors import SlackClientError

_OVERLOADED = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited"})
FAILED = (SlackClientError, ClientError, OSError, TimeoutError)


def reason(error: Exception) -> str:
    """Return Slack's code for its refusal, or the error's name where Slack itself has said nothing."""
    return str(_code(error) or type(error).__name__)


def outage(error: Exception) -> bool:
    """Tell whether Slack could not answer, as opposed to refusing what it was asked."""
    code = _code(error)
    return code is None or code in _OVERLOADED


def _code(error: Exception) -> object:
    response = getattr(error, "response", None)
    said = getattr(response, "data", response)
    return said.get("error") if isinstance(said, Mapping) else None
