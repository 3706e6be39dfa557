"""Slack's signed HTTP requests from many workspaces: whose each is, found out after it is known to be Slack's.

Nothing that a body says is looked at before its signature holds. A workspace that is not known here gets a kind word and
nothing else: neither whether anybody is, nor an error.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from core.errors import BookingError
from core.telling import SILENT, Telling
from handlers.slack_http import PATH, could_be_signed, kind_of

AWAY = "Bookroom is not at home in this workspace. An admin can add it: {install}"
LATER = "Bookroom cannot look anything up right now, and nothing was changed. Try again in a minute."
# What is said of the app itself, and not to it.
LEAVING = frozenset({"app_uninstalled", "tokens_revoked"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a request comes from: the team that the app is installed in, or its organisation, or both."""

    team_id: str | None
    enterprise_id: str | None
    org_wide: bool = False

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Origin:
        """Read it from what Slack sent: a command, an interaction or an event."""
        team, enterprise, view = (body.get(name) or {} for name in ("team", "enterprise", "view"))
        # Of an event in a channel that several workspaces share, this says for which of them it was sent to us.
        granted: Mapping[str, Any] = next(iter(body.get("authorizations") or ()), {})
        teams = (
            view.get("app_installed_team_id"),
            granted.get("team_id"),
            body.get("team_id"),
            team.get("id"),
            (body.get("user") or {}).get("team_id") if isinstance(body.get("user"), Mapping) else None,
        )
        enterprises = (
            body.get("enterprise_id"),
            granted.get("enterprise_id"),
            enterprise.get("id"),
            team.get("enterprise_id"),
        )
        return cls(
            team_id=next(filter(None, map(_id, teams)), None),
            enterprise_id=next(filter(None, map(_id, enterprises)), None),
            org_wide=body.get("is_enterprise_install") in (True, "true") or granted.get("is_enterprise_install") is True,
        )


Find = Callable[[Origin], Awaitable[AsyncApp | None]]
Leave = Callable[[Origin, Mapping[str, Any]], Awaitable[None]]


def routes(secret: str, find: Find, leave: Leave, *, install: str, telling: Telling = SILENT) -> list[web.RouteDef]:
    """Return the one route for everything that Slack sends.

    `find` gives the application that answers for an origin, None for strangers; `leave` is told of the app's own events;
    `install` is the address of the page from which it is added.
    """
    verifier = SignatureVerifier(secret)

    async def receive(request: web.Request) -> web.Response:
        began = monotonic()
        content = await request.read()
        if not could_be_signed(request.headers) or not verifier.is_valid_request(content, _headers(request)):
            return web.json_response({"error": "invalid request"}, status=401)
        body = _read(request, content)
        if body is None:
            return web.json_response({"error": "the body is no request of Slack's"}, status=400)
        if body.get("type") == "url_verification":
            return web.json_response({"challenge": str(body.get("challenge") or "")})
        if "ssl_check" in body:
            return web.Response()
        try:
            return await _answered(request, content, body, began)
        except BookingError:
            # Events come again by themselves; people are told.
            return _word(body, LATER, event_status=503)

    async def _answered(request: web.Request, content: bytes, body: Mapping[str, Any], began: float) -> web.Response:
        origin, event = Origin.of(body), body.get("event")
        if isinstance(event, Mapping) and event.get("type") in LEAVING:
            await leave(origin, event)
            return web.Response()
        app = await find(origin)
        if app is None:
            return _word(body, AWAY.format(install=install))
        received = AsyncBoltRequest(
            body=content.decode(),
            query=request.query_string,
            headers={k: list(request.headers.getall(k)) for k in request.headers},
        )
        answer = await app.async_dispatch(received)
        if answer.status == 200:
            telling.acknowledged("http", kind_of(received.body), monotonic() - began)
        return await to_aiohttp_response(answer)

    return [web.post(PATH, receive)]


def _headers(request: web.Request) -> dict[str, str]:
    return dict(request.headers.items())


def _read(request: web.Request, content: bytes) -> Mapping[str, Any] | None:
    """Return what Slack said; None for what it cannot have said."""
    try:
        if request.content_type == "application/json":
            said = json.loads(content)
        else:
            form = {name: values[-1] for name, values in parse_qs(content.decode(), keep_blank_values=True).items()}
            said = json.loads(form["payload"]) if "payload" in form else form
        if not isinstance(said, Mapping):
            return None
        Origin.of(said)
    except (ValueError, AttributeError, TypeError, RecursionError):
        return None
    return said


def _word(body: Mapping[str, Any], sentence: str, *, event_status: int = 200) -> web.Response:
    """Return a sentence in the shape that somebody is shown; what nobody sees is answered with nothing."""
    match kind_of(body):
        case "command":
            return web.json_response({"response_type": "ephemeral", "text": sentence})
        case "view":
            return web.json_response({"response_action": "update", "view": _said(sentence)})
        case "options":
            return web.json_response({"options": []})
        case "event":
            return web.Response(status=event_status)
        case _:
            return web.Response()


def _said(sentence: str) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Bookroom"},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [{"type": "section", "text": {"type": "plain_text", "text": sentence}}],
    }


def _id(said: object) -> str | None:
    return said if isinstance(said, str) and said else None
