"""What a failed call to Slack means for the message: another try, when, whether it may have arrived, or the end of it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from aiohttp import ClientConnectorError
from slack_sdk.errors import SlackApiError

from handlers.slack_errors import reason

FIRST_SECONDS, LONGEST_SECONDS = 2.0, 300.0
TOKEN_SECONDS = 30.0
# What Slack says without a Retry-After to wait for.
RATE_LIMITED_SECONDS = 30.0
# Longest that a message without an end of its own is tried for.
PATIENCE = timedelta(hours=24)

_TOKEN = frozenset({"token_revoked", "invalid_auth", "account_inactive", "not_authed", "token_expired"})
# Slack may have done what it was asked before it stumbled; it says so of the first itself.
_STUMBLED = frozenset({"fatal_error", "internal_error"})
_OVERLOADED = frozenset({"service_unavailable", "request_timeout", "team_added_to_org", "org_login_required"})

# Why something can never arrive, as an admin reads it.
DEAD: Mapping[str, str] = {
    "channel_not_found": "the channel does not exist any more, or Bookroom is not in it",
    "is_archived": "the channel is archived",
    "is_inactive": "the channel is archived",
    "not_in_channel": "Bookroom is not in the channel: somebody in it has to invite it",
    "restricted_action": "the workspace lets only some people post in the channel",
    "restricted_action_read_only_channel": "the workspace lets only some people post in the channel",
    "user_not_found": "that person is not in the workspace any more",
    "user_not_visible": "that person cannot be seen by Bookroom",
    "user_disabled": "that person's account is deactivated",
    "account_disabled": "that person's account is deactivated",
    "cannot_dm_bot": "that is a bot, and bots get no messages",
    "messages_tab_disabled": "the app's Messages tab is off, so that it cannot send direct messages",
    "message_not_found": "the message was deleted in Slack",
    "cant_update_message": "the message is not Bookroom's own",
    "edit_window_closed": "the workspace does not let messages be edited after so long",
    "cannot_reply_to_message": "the message that it belongs to was deleted in Slack",
    "thread_not_found": "the message that it belongs to was deleted in Slack",
    "missing_scope": "the app lacks a permission that posting needs: reinstall it with the scopes of manifest.yml",
    "ekm_access_denied": "the workspace's administrators have suspended posting",
    "team_access_not_granted": "the app is not installed in that workspace any more",
}
# Of those, what is wrong with the channel itself, so that nothing else can be told there either.
CLOSED_CHANNELS = frozenset(
    {
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "restricted_action",
        "restricted_action_read_only_channel",
    }
)


class Verdict(Enum):
    """What to do with a message whose call failed."""

    RATE_LIMITED = "rate_limited"  # put off, and say nothing there meanwhile
    AGAIN = "again"  # put off by the table of pauses
    TOKEN = "token"  # noqa: S105 - put off until an admin has given us a token again; no attempt of the message's
    DEAD = "dead"  # never
    REFUSED = "refused"  # never, and it is a fault of ours


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruling:
    """The verdict with Slack's code; `seconds` to wait for a rate limit; `uncertain` when the call may have worked."""

    verdict: Verdict
    code: str
    uncertain: bool = False
    seconds: float = 0.0

    @property
    def told(self) -> str:
        """Why it was given up, as an admin reads it."""
        return DEAD.get(self.code, f"Slack refuses the message ({self.code})")


def judge(error: Exception) -> Ruling:
    """Return what came of a call that failed."""
    code = reason(error)
    status, headers = _answer(error)
    if status == 429 or code == "ratelimited":
        return Ruling(verdict=Verdict.RATE_LIMITED, code="ratelimited", seconds=_retry_after(headers))
    if status is not None and status >= 500:
        return Ruling(verdict=Verdict.AGAIN, code=f"http_{status}", uncertain=True)
    if status is None or code == type(error).__name__:
        # Nobody was reached: then nothing was said. Else the request was on its way, and only the answer is missing.
        return Ruling(verdict=Verdict.AGAIN, code=code, uncertain=not isinstance(error, ClientConnectorError))
    return Ruling(verdict=_of_refusal(code), code=code, uncertain=code in _STUMBLED)


def _of_refusal(code: str) -> Verdict:
    if code in _TOKEN:
        return Verdict.TOKEN
    if code in _STUMBLED | _OVERLOADED:
        return Verdict.AGAIN
    return Verdict.DEAD if code in DEAD else Verdict.REFUSED


def pause(attempts: int, *, chance: float | None = None) -> float:
    """Return the seconds before the next try after so many failures: 2, 4, 8 ... 300, each up to a quarter shorter."""
    longest = min(FIRST_SECONDS * 2.0 ** min(attempts, 16), LONGEST_SECONDS)
    # Spread, so that what failed together does not come back together.
    return longest * (1 - 0.25 * (random.random() if chance is None else chance))  # noqa: S311 - nothing secret in it


def _answer(error: Exception) -> tuple[int | None, Mapping[str, str]]:
    """Return the status and headers of Slack's answer, where there was one: the SDK's own, or the bare HTTP one."""
    response = getattr(error, "response", None)
    if not isinstance(error, SlackApiError) or response is None:
        return None, {}
    status = getattr(response, "status_code", getattr(response, "status", None))
    return status, getattr(response, "headers", {})


def _retry_after(headers: Mapping[str, str]) -> float:
    said = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return float(said) if said.isdecimal() else RATE_LIMITED_SECONDS
