"""Slack's signed HTTP requests, handed to Bolt, which checks signature and age."""

from __future__ import annotations

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp

PATH = "/slack/events"
# Slack's own payloads stay well below: a view has at most 250 kB.
LARGEST = 1024 * 1024


def routes(app: AsyncApp) -> list[web.RouteDef]:
    """Return the one route for commands, interactions, options and events."""

    async def receive(request: web.Request) -> web.Response:
        try:
            received = await to_bolt_request(request)
        except (UnicodeDecodeError, LookupError):
            return web.json_response({"error": "the body is not UTF-8 text"}, status=400)
        return await to_aiohttp_response(await app.async_dispatch(received))

    return [web.post(PATH, receive)]
