"""What Slack says of a channel: whether the bot can post there, and whether somebody belongs to it.

Where the app may not ask (a scope was not granted) or Slack does not answer, nothing is known, and nobody is refused for it.
"""

from __future__ import annotations

import logging
from enum import StrEnum

from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack_errors import FAILED, reason

PAGE = 1000
MOST_PAGES = 10
log = logging.getLogger(__name__)


class Standing(StrEnum):
    """How a channel stands to the bot."""

    HERE = "here"
    ABSENT = "absent"
    ARCHIVED = "archived"
    GROUP = "group"  # several people's direct messages
    UNKNOWN = "unknown"


def direct(channel_id: str | None) -> bool:
    """Tell whether it is the conversation of one person with another, or with the bot."""
    return not channel_id or channel_id.startswith("D")


async def standing(channel_id: str, client: AsyncWebClient) -> Standing:
    """Return whether the bot is in the channel."""
    try:
        answer = await client.conversations_info(channel=channel_id)
    except FAILED as error:
        # Of a private channel without it, the bot is told that there is none.
        said = reason(error)
        if said == "channel_not_found":
            return Standing.ABSENT
        log.info("channel %s: %s", channel_id, said)
        return Standing.UNKNOWN
    about = answer.get("channel") or {}
    if about.get("is_archived"):
        return Standing.ARCHIVED
    if about.get("is_mpim") or about.get("is_im"):
        return Standing.GROUP
    return Standing.HERE if about.get("is_member") else Standing.ABSENT


async def belongs(user_id: str, channel_id: str, client: AsyncWebClient) -> bool:
    """Tell whether a person is in the channel; in one with more members than can be looked through, they are."""
    cursor = ""
    for _ in range(MOST_PAGES):
        try:
            answer = await client.conversations_members(channel=channel_id, limit=PAGE, cursor=cursor or None)
        except FAILED as error:
            log.info("members of %s: %s", channel_id, reason(error))
            return True
        if user_id in (answer.get("members") or ()):
            return True
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return False
    return True
