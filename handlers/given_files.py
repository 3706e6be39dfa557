"""Files that people give to a form: fetched from Slack with the bot's token, never from anywhere else."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from core.errors import InvalidSetting
from handlers.services import Desk
from handlers.slack_errors import FAILED, reason

MEGABYTE = 1_000_000
_SECONDS = 30
_SLACK = ("slack.com", "slack-files.com", "slack-edge.com")
_TOO_LARGE = "That file is larger than {} MB."
_LATER = "Slack does not give that file out at the moment. Try again in a minute."
_NEVER = "Slack does not give that file out."
log = logging.getLogger(__name__)


async def fetched(file_id: str, desk: Desk, *, field: str, most: int) -> bytes:
    """Return a file's bytes, at most so many; raises InvalidSetting at the field where there are none to be had."""

    def refused(said: str) -> InvalidSetting:
        return InvalidSetting(said, fields={field: said})

    try:
        about = (await desk.client.files_info(file=file_id))["file"]
    except FAILED as error:
        raise refused(f"{_NEVER.rstrip('.')}: {reason(error)}.") from error
    # Of a file that somebody else put there, nothing is read: its id may have been made up.
    if about.get("user") not in {None, desk.sender.user_id}:
        raise refused("That file is somebody else's.")
    too_large = _TOO_LARGE.format(most // MEGABYTE)
    if int(about.get("size") or 0) > most:
        raise refused(too_large)
    address = str(about.get("url_private_download") or about.get("url_private") or "")
    if not _of_slack(address, desk.client):
        log.warning("a file stands at a host that is not Slack's")
        raise refused(_NEVER)
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS)) as session,
            session.get(address, headers={"Authorization": f"Bearer {desk.client.token}"}, allow_redirects=False) as answer,
        ):
            # Without the right to read files, Slack shows a page to sign in on.
            if answer.status != 200 or answer.content_type == "text/html":
                raise refused(_NEVER)
            data = await _at_most(most + 1, answer)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise refused(_LATER) from error
    if len(data) > most:
        raise refused(too_large)
    return data


async def _at_most(limit: int, answer: aiohttp.ClientResponse) -> bytes:
    """Return what was sent, up to a limit: one reading may end where a packet does."""
    found = bytearray()
    async for part in answer.content.iter_chunked(1 << 16):
        found += part
        if len(found) >= limit:
            break
    return bytes(found)


def _of_slack(address: str, client: AsyncWebClient) -> bool:
    """Tell whether the bot's token may go there: to Slack over https, or to where the client itself talks to."""
    try:
        there, here = urlsplit(address), urlsplit(client.base_url)
    except ValueError:
        return False
    if (there.scheme, there.netloc) == (here.scheme, here.netloc):
        return True
    host = there.hostname or ""
    return there.scheme == "https" and any(host == one or host.endswith(f".{one}") for one in _SLACK)
