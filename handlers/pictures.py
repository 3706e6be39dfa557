"""What Slack is shown without, when it cannot get at a picture: one that is gone must not take the words with it.

Slack looks at every picture when it takes a message or a view, and refuses the whole of it for one that it cannot load.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from handlers.looking import There
from handlers.plain import plain
from handlers.slack_errors import FAILED, reason

log = logging.getLogger(__name__)

_REFUSED = frozenset({"invalid_blocks", "invalid_arguments", "invalid_blocks_format"})


def among(blocks: Sequence[Block | Mapping[str, Any]] | None) -> bool:
    """Tell whether there are pictures among the blocks."""
    return any(_is_picture(block) for block in blocks or ())


def without(blocks: Sequence[Any] | None) -> list[Any]:
    """Return the blocks but the pictures, among them and beside them."""
    return [_bare(block) for block in blocks or () if _made(block).get("type") != "image"]


def safe(view: View) -> View | dict[str, Any]:
    """Return a view as it can be opened with a permission that serves once: its pictures have to follow."""
    return view_without(view) if among(view.blocks) else view


async def follow(client: AsyncWebClient, view: View, there: There | None) -> There | None:
    """Show the pictures in a view that was opened without them, unless it has changed since; return where it stands."""
    if there is None or not among(view.blocks):
        return there
    try:
        return There.of(await client.views_update(view_id=there.view_id, hash=there.hash, view=view))
    except FAILED as error:
        log.info("pictures not shown: %s", reason(error))
        return there


def view_without(view: View) -> dict[str, Any]:
    """Return a view but its pictures."""
    made: dict[str, Any] = plain(view)
    return {**made, "blocks": without(made["blocks"])}


def may_be_why(error: Exception, view: View) -> bool:
    """Tell whether Slack may have refused a view for one of its pictures."""
    return reason(error) in _REFUSED and among(view.blocks)


async def updated(client: AsyncWebClient, view: View, *, view_id: str, hash_: str | None = None) -> AsyncSlackResponse:
    """Put a view in the place of one, without its pictures where Slack refuses them; raises what Slack's client does."""
    try:
        return await client.views_update(view_id=view_id, hash=hash_, view=view)
    except FAILED as error:
        if not may_be_why(error, view):
            raise
        return await client.views_update(view_id=view_id, hash=hash_, view=view_without(view))


def _is_picture(block: Block | Mapping[str, Any]) -> bool:
    if isinstance(block, Block):
        # As objects: to make JSON of them for this would cost as much as to send them.
        return block.type == "image" or getattr(getattr(block, "accessory", None), "type", None) == "image"
    return block.get("type") == "image" or _beside(block)


def _bare(block: Any) -> Any:  # noqa: ANN401 - builders' objects or dicts
    made = _made(block)
    return {name: value for name, value in made.items() if name != "accessory"} if _beside(made) else block


def _beside(made: Mapping[str, Any]) -> bool:
    return (made.get("accessory") or {}).get("type") == "image"


def _made(block: Block | Mapping[str, Any]) -> Mapping[str, Any]:
    made: Mapping[str, Any] = plain(block) if isinstance(block, Block) else block
    return made
