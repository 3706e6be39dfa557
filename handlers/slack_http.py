"""Slack's signed HTTP requests, handed to Bolt, which checks signature and age; what it cannot take is refused before."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp

from core.telling import SILENT, Telling

PATH = "/slack/events"
# Slack's own payloads stay well below: a view has at most 250 kB.
LARGEST = 1024 * 1024
STAMP, SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"
# What comes of reading a body that is no form, no JSON object, or nested without end.
_MALFORMED = (ValueError, LookupError, TypeError, AttributeError, RecursionError, HttpProcessingError)

_KINDS = {
    "block_actions": "action",
    "view_submission": "view",
    "view_closed": "view_closed",
    "block_suggestion": "options",
    "event_callback": "event",
}


def routes(app: AsyncApp, telling: Telling = SILENT) -> list[web.RouteDef]:
    """Return the one route for commands, interactions, options and events; how soon each is acknowledged is told.

    401 for what Slack did not sign within the last five minutes, 400 for what Slack could not have sent.
    """

    async def receive(request: web.Request) -> web.Response:
        began = monotonic()
        if not could_be_signed(request.headers):
            return web.json_response({"error": "invalid request"}, status=401)
        try:
            received = await to_bolt_request(request)
        except _MALFORMED:
            signed = SIGNATURE in request.headers
            error = "the body is no request of Slack's" if signed else "invalid request"
            return web.json_response({"error": error}, status=400 if signed else 401)
        answer = await app.async_dispatch(received)
        if answer.status == 200:
            # By our own clock: the stamp is in whole seconds of another's.
            telling.acknowledged("http", kind_of(received.body), monotonic() - began)
        return await to_aiohttp_response(answer)

    return [web.post(PATH, receive)]


def kind_of(body: Mapping[str, Any]) -> str:
    """Return the one word for what Slack sent."""
    return "command" if "command" in body else _KINDS.get(str(body.get("type")), "other")


def could_be_signed(headers: Mapping[str, str]) -> bool:
    """Whether stamp and signature are such that Bolt can check them: it raises where they are not, and says 500."""
    stamp, signature = headers.get(STAMP, "0"), headers.get(SIGNATURE, "")
    return stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12 and signature.isascii()
