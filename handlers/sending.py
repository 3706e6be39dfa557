"""Giving somebody a file, in their direct messages with the bot."""

from __future__ import annotations

import logging

from handlers.services import Desk
from handlers.slack_errors import FAILED, reason

log = logging.getLogger(__name__)


async def send_file(desk: Desk, name: str, text: str, *, about: str) -> bool:
    """Send a text as a file, with a line that says what it is; return False where Slack does not let us."""
    try:
        said = await desk.client.chat_postMessage(channel=desk.sender.user_id, text=about)
        await desk.client.files_upload_v2(channel=said["channel"], filename=name, title=name, content=text)
    except FAILED as error:
        log.warning("file not sent: %s", reason(error))
        return False
    return True
