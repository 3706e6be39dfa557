"""The door of the Web API: who calls, with which token and scopes, with which arguments, and Slack's refusals.

What each method does is in `api_chat`, `api_views` and `api_people`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from sandbox.errors import Json, SlackError, Value, invalid_arguments
from sandbox.faults import Blow, Faults
from sandbox.model import Workspace
from sandbox.rates import Rates
from sandbox.wire import Wire

TokenKind = Literal["bot", "app", "either"]

_JSON_FIELDS = frozenset({"blocks", "attachments", "metadata", "view"})


class Arguments:
    """The arguments of one call, whichever way they were encoded."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = dict(given)

    def get(self, name: str) -> Value:
        """The argument as it came; None when it is absent or empty."""
        value = self.given.get(name)
        return None if value == "" else value

    def text(self, name: str) -> str | None:
        """The argument as text; None when it is absent or empty."""
        value = self.get(name)
        if value is None:
            return None
        return value if isinstance(value, str) else json.dumps(value)

    def required(self, name: str) -> str:
        """The argument as text; raises SlackError invalid_arguments without it."""
        value = self.text(name)
        if value is None:
            raise invalid_arguments([f"missing required field: {name} [json-pointer:/{name}]"])
        return value

    def flag(self, name: str) -> bool:
        """The argument as a yes or no."""
        return self.get(name) in (True, 1, "1", "true", "True")

    def number(self, name: str, default: int) -> int:
        """The argument as a whole number; raises SlackError invalid_arguments for anything else."""
        value = self.get(name)
        if value is None:
            return default
        try:
            return int(value)
        except (TypeError, ValueError):
            raise invalid_arguments([f"must be an integer [json-pointer:/{name}]"]) from None


Handler = Callable[[Arguments], Json]


@dataclass(frozen=True, kw_only=True, slots=True)
class Method:
    """One method: what it does, who may call it, and how often a minute when limits are on."""

    run: Handler
    token: TokenKind = "bot"  # noqa: S105 - a kind of token
    scopes: tuple[str, ...] = ()
    takes_json: bool = True
    per_minute: int = 100


class WebApi:
    """Every method by its name."""

    def __init__(self, ws: Workspace, faults: Faults, wire: Wire) -> None:
        self._ws = ws
        self._faults = faults
        self._methods: dict[str, Method] = {}
        self._rates = Rates(ws.clock)
        self._wire = wire

    def add(self, methods: Mapping[str, Method]) -> None:
        """Offer these methods."""
        self._methods.update(methods)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one HTTP request to /api/<method>."""
        began = time.perf_counter()
        name = request.match_info["method"]
        token, arguments = await _read(request, self._methods.get(name))
        done: Json = {}

        def act() -> web.Response:
            done.update(self.call(name, token, arguments))
            if str(done.get("url", "")).startswith("/"):
                done["url"] = f"ws://{request.host}{done['url']}"
            return _answer(done)

        response, blow = await self._wire.carry(request, name, act)
        response.headers["x-oauth-scopes"] = ",".join(self._ws.company.scopes)
        carried_out = bool(done)
        self._ws.feed.record(
            "api",
            method=name,
            arguments=_safe(arguments),
            ok=carried_out and done["ok"] and (blow is None or blow.only_late),
            error=_error(blow) if blow and not blow.only_late else done.get("error"),
            response=done if carried_out and name.startswith(("views.", "chat.")) else None,
            status=response.status,
            fault=blow.name if blow else None,
            ms=round((time.perf_counter() - began) * 1000, 2),
        )
        return response

    def call(self, name: str, token: str | None, given: Mapping[str, Any]) -> Json:
        """The JSON answer to one call."""
        try:
            method = self._methods.get(name)
            if method is None:
                raise SlackError("unknown_method", req_method=name)
            self._authorise(method, token)
            if "_json" in given:
                raise SlackError(str(given["_json"]))
            self._limit(name, method, given)
            return {"ok": True, **method.run(Arguments(given))}
        except SlackError as error:
            return error.body()

    def _authorise(self, method: Method, token: str | None) -> None:
        tokens = self._ws.company.tokens
        if not token:
            raise SlackError("not_authed")
        bots = self._ws.bot_tokens
        if token != tokens.app and token not in bots:
            raise SlackError("invalid_auth")
        kind = "app" if token == tokens.app else "bot"
        if refused := bots.get(token):
            raise SlackError(refused)
        if kind == "bot" and self._faults.token:
            raise SlackError(self._faults.token)
        if method.token not in ("either", kind):
            raise SlackError("not_allowed_token_type")
        self.require(*method.scopes)

    def require(self, *scopes: str) -> None:
        """Raise SlackError missing_scope unless the app was granted all of these."""
        granted = self._ws.company.scopes
        for scope in scopes:
            if scope not in granted:
                raise SlackError("missing_scope", needed=scope, provided=",".join(granted))

    def _limit(self, name: str, method: Method, given: Mapping[str, Any]) -> None:
        """Slack's tiers, by method; for messages also one a second in each conversation, with a burst of ten."""
        if not self._faults.rate_limits:
            return
        self._rates.method(name, per_minute=method.per_minute)
        if name == "chat.postMessage":
            channel = str(given.get("channel"))
            direct = self._ws.direct(channel) if channel in self._ws.people else None
            self._rates.message(direct.id if direct else channel)


def _error(blow: Blow) -> str:
    """The code under which a fault stands in the log."""
    return blow.error or ("ratelimited" if blow.status == 429 else "internal_error" if blow.status else blow.name)


def _answer(done: Json) -> web.Response:
    """An answer as HTTP; only a rate limit has a status of its own."""
    if done.get("error") == "ratelimited":
        body = {name: value for name, value in done.items() if name != "retry_after"}
        return web.json_response(body, status=429, headers={"Retry-After": str(done.get("retry_after", 1))})
    return web.json_response(done)


async def _read(request: web.Request, method: Method | None) -> tuple[str | None, dict[str, Any]]:
    """The token and the arguments of a request; a JSON body carries no token."""
    given: dict[str, Any] = dict(request.query)
    if request.method == "POST":
        if request.content_type == "application/json":
            given |= await _json_body(request) if method is None or method.takes_json else {}
            given.pop("token", None)
        else:
            given |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    token = given.pop("token", None)
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer:
        token = bearer.strip()
    return token, given


async def _json_body(request: web.Request) -> dict[str, Any]:
    """The body's fields; for a body that is no JSON object, `_json` with Slack's code for that."""
    try:
        body = await request.json()
    except ValueError:
        return {"_json": "invalid_json"}
    return body if isinstance(body, dict) else {"_json": "json_not_object"}


def _safe(arguments: Mapping[str, Any]) -> Json:
    """The arguments for the log: no token, and the JSON ones as objects."""
    safe: Json = {}
    for name, value in arguments.items():
        if name == "token":
            continue
        safe[name] = value
        if name in _JSON_FIELDS and isinstance(value, str):
            try:
                safe[name] = json.loads(value)
            except ValueError:
                safe[name] = value
    return safe
