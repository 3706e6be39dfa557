"""Slack's side of "Sign in with Slack": the page on which somebody agrees, the code, the token, who it was.

As strict as Slack: only registered addresses are returned to, a code is good once and for ten minutes, and only for the
client and the address that it was asked for with. One difference: Slack signs its id tokens with a key pair, this signs
them with the client's secret, which OpenID Connect allows as well.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
from aiohttp import web

from sandbox.company import Person
from sandbox.errors import Json, SlackError
from sandbox.parts import Parts
from sandbox.wire import Wire

PATH = "/openid/connect/authorize"
CODE_SECONDS = 600.0
ID_TOKEN_SECONDS = 300
SCOPES = frozenset({"openid", "profile", "email"})


def way_back(redirect_uri: str, state: str, said: Mapping[str, str]) -> str:
    """Return where a person is sent back to, with what is said there and the state that the app gave them."""
    told = {**said, **({"state": state} if state else {})}
    return f"{redirect_uri}{'&' if urlsplit(redirect_uri).query else '?'}{urlencode(told)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What an app asked for when it sent somebody here."""

    client_id: str
    redirect_uri: str
    scopes: frozenset[str]
    state: str
    nonce: str | None

    def back(self, **said: str) -> str:
        """Where the person is sent back to."""
        return way_back(self.redirect_uri, self.state, said)


@dataclass(kw_only=True, slots=True)
class Code:
    """A temporary code: for whom, for what, since when."""

    user: str
    asked: Asked
    made: float
    used: bool = False


class OpenId:
    """The client of the company's app. `redirect_urls` may be added to while it runs, when a port is known."""

    def __init__(self, parts: Parts, wire: Wire) -> None:
        self._parts = parts
        self._wire = wire
        self._codes: dict[str, Code] = {}
        self._tokens: dict[str, Code] = {}
        self.redirect_urls = list(parts.ws.company.client.redirect_urls)
        # Who signs the id tokens, where that is not this server: with several workspaces, Slack is one address.
        self.issuer: str | None = None

    def knows(self, code: str) -> bool:
        """Whether a code was given out here."""
        return code in self._codes

    async def page(self, request: web.Request) -> web.Response:
        """The page on which somebody agrees, and what they chose there."""
        return await (self._chosen(request) if request.method == "POST" else self._page(request))

    async def token(self, request: web.Request) -> web.Response:
        """What a code is exchanged for."""
        return await self._token(request)

    def routes(self) -> list[web.RouteDef]:
        """The page and both methods; these come before the Web API's, which demands a token of the app."""
        return [
            web.get(PATH, self._page),
            web.post(PATH, self._chosen),
            web.post("/api/openid.connect.token", self._token),
            web.route("*", "/api/openid.connect.userInfo", self._user_info),
        ]

    # -- the page --------------------------------------------------------------------------------------------------

    async def _page(self, request: web.Request) -> web.Response:
        try:
            asked = self._asked(request.query)
        except SlackError as error:
            return html(
                f"<h1>Something went wrong</h1><p>The app asked for what Slack refuses: {escape(error.code)}.</p>", 400
            )
        people = "".join(
            f'<li><button name="user" value="{escape(one.id)}">{escape(one.real_name)}'
            f"<span> @{escape(one.name)}{' · left' if one.deleted else ''}</span></button></li>"
            for one in self._parts.ws.people.values()
            if not one.is_bot
        )
        app, team = self._parts.ws.company.bot.name, self._parts.ws.company.team.name
        wanted = escape(", ".join(sorted(asked.scopes)))
        return html(
            f"<h1>{escape(app)} wants to know who you are</h1><p>Sign in to {escape(team)} as</p>"
            f'<form method="post" action="{escape(str(request.rel_url))}"><ul>{people}</ul>'
            f'<button name="user" value="">Cancel</button></form><p>It asked for: {wanted}</p>'
        )

    async def _chosen(self, request: web.Request) -> web.Response:
        try:
            asked = self._asked(request.query)
        except SlackError as error:
            return html(f"<h1>Something went wrong</h1><p>{escape(error.code)}</p>", 400)
        user = str((await request.post()).get("user") or "")
        person = self._parts.ws.people.get(user)
        if person is None or person.deleted or person.is_bot:
            raise web.HTTPFound(asked.back(error="access_denied"))
        code = f"{secrets.randbelow(10**10)}.{secrets.token_hex(32)}"
        self._codes[code] = Code(user=user, asked=asked, made=self._parts.ws.clock())
        raise web.HTTPFound(asked.back(code=code))

    def _asked(self, query: Mapping[str, str]) -> Asked:
        client = self._parts.ws.company.client
        if query.get("client_id") != client.client_id:
            raise SlackError("invalid_client_id")
        if query.get("response_type") != "code":
            raise SlackError("invalid_response_type")
        scopes = frozenset(query.get("scope", "").replace(",", " ").split())
        if "openid" not in scopes or not scopes <= SCOPES:
            raise SlackError("invalid_scope")
        address = query.get("redirect_uri", "")
        if not any(below(address, known) for known in self.redirect_urls):
            raise SlackError("bad_redirect_uri")
        if query.get("team", self._parts.ws.company.team.id) != self._parts.ws.company.team.id:
            raise SlackError("invalid_team_for_non_distributed_app")
        return Asked(
            client_id=client.client_id,
            redirect_uri=address,
            scopes=scopes,
            state=query.get("state", ""),
            nonce=query.get("nonce") or None,
        )

    # -- the methods -----------------------------------------------------------------------------------------------

    async def _token(self, request: web.Request) -> web.Response:
        given = {name: str(value) for name, value in (await request.post()).items()} | basic(request)
        return await self._answered(request, "openid.connect.token", lambda: self._exchanged(given))

    async def _user_info(self, request: web.Request) -> web.Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return await self._answered(
            request, "openid.connect.userInfo", lambda: self._told(token.strip() if scheme.lower() == "bearer" else "")
        )

    async def _answered(self, request: web.Request, name: str, act: Any) -> web.Response:  # noqa: ANN401 - a call without arguments
        done: Json = {}

        def run() -> web.Response:
            try:
                done.update(ok=True, **act())
            except SlackError as error:
                done.update(error.body())
            return web.json_response(done)

        response, blow = await self._wire.carry(request, name, run)
        fault = blow.name if blow else None
        self._parts.feed.record(
            "api", method=name, arguments={}, ok=bool(done.get("ok")), error=done.get("error"), fault=fault
        )
        return response

    def _exchanged(self, given: Mapping[str, str]) -> Json:
        client = self._parts.ws.company.client
        if given.get("client_id") != client.client_id:
            raise SlackError("invalid_client_id")
        if not secrets.compare_digest(given.get("client_secret", ""), client.client_secret):
            raise SlackError("bad_client_secret")
        if given.get("grant_type", "authorization_code") != "authorization_code":
            raise SlackError("invalid_grant_type")
        code = self._codes.get(given.get("code", ""))
        if code is None or self._parts.ws.clock() - code.made > CODE_SECONDS:
            raise SlackError("invalid_code")
        if code.used:
            raise SlackError("code_already_used")
        if given.get("redirect_uri") != code.asked.redirect_uri:
            raise SlackError("bad_redirect_uri")
        code.used = True
        token = f"xoxp-sandbox-{secrets.token_hex(16)}"
        self._tokens[token] = code
        return {"access_token": token, "token_type": "Bearer", "id_token": self._id_token(code)}

    def _id_token(self, code: Code) -> str:
        now = int(self._parts.ws.clock())
        client = self._parts.ws.company.client
        claims: Json = {
            "iss": self.issuer or self._parts.address,
            "aud": client.client_id,
            "iat": now,
            "auth_time": now,
            "exp": now + ID_TOKEN_SECONDS,
            **({"nonce": code.asked.nonce} if code.asked.nonce else {}),
            **self._claims(code),
        }
        return jwt.encode(claims, client.client_secret, algorithm="HS256")

    def _told(self, token: str) -> Json:
        code = self._tokens.get(token)
        if code is None:
            raise SlackError("invalid_auth" if token else "not_authed")
        return self._claims(code)

    def _claims(self, code: Code) -> Json:
        person = self._person(code)
        team, scopes = self._parts.ws.company.team, code.asked.scopes
        claims: Json = {"sub": person.id, "https://slack.com/user_id": person.id, "https://slack.com/team_id": team.id}
        if "email" in scopes and person.email:
            claims |= {"email": person.email, "email_verified": True}
        if "profile" in scopes:
            given, _, family = person.real_name.partition(" ")
            claims |= {"name": person.real_name, "given_name": given, "family_name": family, "locale": person.locale}
            claims |= {"https://slack.com/team_name": team.name, "https://slack.com/team_domain": team.domain}
        return claims

    def _person(self, code: Code) -> Person:
        person = self._parts.ws.people[code.user]
        if person.deleted:
            raise SlackError("account_inactive")
        return person


def below(address: str, registered: str) -> bool:
    """Tell whether an address is the registered one or lies below it; another host, port or scheme never does."""
    one, other = urlsplit(address), urlsplit(registered)
    if (one.scheme, one.netloc) != (other.scheme, other.netloc) or one.fragment:
        return False
    folder = other.path.rstrip("/")
    return one.path.rstrip("/") == folder or one.path.startswith(f"{folder}/")


def basic(request: web.Request) -> dict[str, str]:
    """The client's id and secret, where they came in the header."""
    scheme, _, said = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        name, _, secret = base64.b64decode(said, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return {}
    return {"client_id": name, "client_secret": secret}


def html(body: str, status: int = 200) -> web.Response:
    """A page of Slack's between an app and somebody."""
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in with Slack</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="/page/signin.css"></head><body><main>{body}</main></body></html>'
    )
    return web.Response(text=page, status=status, content_type="text/html", headers={"Referrer-Policy": "no-referrer"})
