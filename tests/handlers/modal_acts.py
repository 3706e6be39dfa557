"""What tests do with modals: open, fill, send, press, and look at what is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from time import time
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientSession
from slack_sdk.signature import SignatureVerifier

from sandbox import payloads
from sandbox.client import block_of
from tests.handlers.firm import CHANNEL, Firm


async def form(
    firm: Firm, user: str, callback: str = "book", *, text: str = "/book", channel: str = CHANNEL
) -> dict[str, Any]:
    """Type a command that opens a modal and return the modal."""
    answer = await firm.slack.command(user, channel, text)
    assert answer["ok"], answer
    await firm.edge.drain(5)
    return await top(firm, user, callback)


async def top(firm: Firm, user: str, callback: str = "") -> dict[str, Any]:
    """Return the topmost modal, with this callback id where one is given."""
    await firm.edge.drain(5)
    return await firm.slack.wait_for_view(user, callback_id=callback)


def values(view: dict[str, Any], **typed: Any) -> dict[str, Any]:
    """Return values by field name as the sandbox takes them: by block and action id."""
    found: dict[str, Any] = {}
    for name, value in typed.items():
        found.setdefault(_holding(view, name), {})[name] = value
    return found


def _holding(view: dict[str, Any], field: str) -> str:
    """Return the id of the block that holds a field; the element is named after it."""
    return next(name for name, held in view["values"].items() if field in held)


async def send(firm: Firm, user: str, view: dict[str, Any], **typed: Any) -> dict[str, Any]:
    """Fill the fields and press the modal's button; return Slack's answer."""
    answer = await firm.slack.submit(user, view, values(view, **typed))
    await firm.edge.drain(5)
    return answer


async def fill(firm: Firm, user: str, view: dict[str, Any], **typed: Any) -> dict[str, Any]:
    """Fill fields without sending; return the view after what the app made of it."""
    answer = await firm.slack.fill(user, view, values(view, **typed))
    assert answer["ok"], answer
    await firm.edge.drain(5)
    return await shown(firm, user, view["id"])


async def shown(firm: Firm, user: str, view_id: str) -> dict[str, Any]:
    """Return an open modal as it is now."""
    return next(view for view in await firm.slack.views(user) if view["id"] == view_id)


async def push(firm: Firm, user: str, view: dict[str, Any], label: str) -> dict[str, Any]:
    """Press the button with this label, or this action id, in a view; return the topmost view afterwards, if any."""
    block_id, action_id = button(view, label)
    answer = await firm.slack.click(user, view, action_id, block_id=block_id)
    assert answer["ok"], answer
    await firm.edge.drain(5)
    views = await firm.slack.views(user)
    return views[-1] if views else {}


def button(view: dict[str, Any], label: str) -> tuple[str, str]:
    """Return block and action id of the first button so labelled."""
    for block in view["blocks"]:
        for one in [*block.get("elements", []), block.get("accessory") or {}]:
            if one.get("type") == "button" and one["text"]["text"] == label:
                return block["block_id"], one["action_id"]
    block_id = block_of(view, label)
    assert block_id, f"no button {label!r} among {labels(view)}"
    return block_id, label


def labels(view: dict[str, Any]) -> list[str]:
    """Return the labels of the view's buttons, accessories included."""
    held = [one for block in view["blocks"] for one in [*block.get("elements", []), block.get("accessory") or {}]]
    return [one["text"]["text"] for one in held if one.get("type") == "button"]


def state(view: dict[str, Any], field: str) -> Any:
    """Return what stands in a field now: text, date, time, the value or values of options, users."""
    entry = view["values"][_holding(view, field)][field]
    held = next(value for name, value in entry.items() if name not in {"type", "timezone"})
    if isinstance(held, dict):
        return held["value"]
    return [one["value"] if isinstance(one, dict) else one for one in held] if isinstance(held, list) else held


def element(view: dict[str, Any], field: str) -> dict[str, Any]:
    """Return a field's element."""
    return next(b["element"] for b in view["blocks"] if b["type"] == "input" and b["block_id"].partition(".")[0] == field)


def block(view: dict[str, Any], field: str) -> dict[str, Any]:
    """Return a field's input block."""
    return next(b for b in view["blocks"] if b["type"] == "input" and b["block_id"].partition(".")[0] == field)


async def forge(firm: Firm, user: str, view: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Send a submission that no client of Slack's would, signed all the same; return the acknowledgement."""
    sandbox = firm.running.sandbox
    found = sandbox.parts.views.find(view["id"])
    assert found is not None
    assert found.user == user
    payload = payloads.view_submission(sandbox.parts.ws, found, trigger_id="forged", response_urls=[])
    payload = json.loads(json.dumps(payload))
    change(payload["view"])
    return await deliver(firm, payload)


async def deliver(firm: Firm, payload: dict[str, Any]) -> dict[str, Any]:
    """Post an interaction's payload, signed; return the acknowledgement's JSON."""
    body = urlencode({"payload": json.dumps(payload)})
    stamp = str(int(time()))
    signature = SignatureVerifier(firm.running.company.tokens.signing_secret).generate_signature(timestamp=stamp, body=body)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature or "",
    }
    async with ClientSession() as http, http.post(firm.bot_url, data=body, headers=headers) as response:
        assert response.status == 200
        text = await response.text()
    await firm.edge.drain(5)
    return dict(json.loads(text)) if text else {}
