"""Modals that stand between others: "working", a notice, and a form given back with what was typed in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import Block, MarkdownTextObject, SectionBlock
from slack_sdk.models.views import View

from handlers.ids import Callback

# How an element carries what was typed in it, by the key under which Slack reports it.
_INITIAL = {
    "value": "initial_value",
    "selected_date": "initial_date",
    "selected_time": "initial_time",
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "selected_users": "initial_users",
    "selected_user": "initial_user",
}


def working() -> View:
    """Return the view that stands in while an answer takes its time."""
    return _plain_view([SectionBlock(text=MarkdownTextObject(text="One moment, still working on it."))])


def notice(text: str, blocks: Sequence[Block | Mapping[str, Any]], *, final: bool = False) -> View:
    """Return a view that says something and has nothing to send; `text` is escaped markup.

    Closing a `final` one closes what lies below it, too.
    """
    return _plain_view(list(blocks) or [SectionBlock(text=MarkdownTextObject(text=text[:3000]))], final=final)


def _plain_view(blocks: Sequence[Block | Mapping[str, Any]], *, final: bool = False) -> View:
    plain = [block if isinstance(block, Block) else dict(block) for block in blocks]
    return View(
        type="modal",
        callback_id=Callback.MESSAGE.value,
        title="Bookroom",
        close="Close",
        blocks=plain,
        clear_on_close=final or None,
    )


def restored(view: Mapping[str, Any], values: Mapping[str, Any], problems: Sequence[str]) -> dict[str, Any]:
    """Return the form as it was sent, with what was typed in it and the problems above."""
    kept = ("type", "callback_id", "title", "submit", "close", "private_metadata", "clear_on_close", "notify_on_close")
    banner = {"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(f":warning: {p}" for p in problems)[:3000]}}
    filled = [_filled(block, values.get(str(block.get("block_id")), {})) for block in view.get("blocks", ())]
    return {**{name: view[name] for name in kept if view.get(name)}, "blocks": [banner, *filled]}


def _filled(block: Mapping[str, Any], state: Mapping[str, Any]) -> Mapping[str, Any]:
    if block.get("type") != "input":
        return block
    element = dict(block["element"])
    given = state.get(str(element.get("action_id")), {})
    for reported, initial in _INITIAL.items():
        element.pop(initial, None)
        if given.get(reported):
            element[initial] = given[reported]
    return {**block, "element": element}
