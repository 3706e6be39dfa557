"""One Slack with several workspaces, and with organisations of them: where an app is installed, and taken away again.

Every workspace is a `Sandbox` with a server of its own, for its people; the app knows one address alone, this one, which
tells workspaces apart by the token as Slack does. As strict as Slack: only registered addresses are returned to, a code is
good once, for ten minutes, for the same client, secret and address; what was uninstalled or revoked has a dead token.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from aiohttp import web

from sandbox import payloads
from sandbox.errors import Json, SlackError
from sandbox.model import Workspace
from sandbox.openid import CODE_SECONDS, basic, below, html, way_back
from sandbox.openid import PATH as SIGN_IN
from sandbox.server import MOST_BYTES, Running, Sandbox, serving

PATH = "/oauth/v2/authorize"
# Slack writes tokens of this kind; the middle says whose it is, for whoever reads a log.
_TOKEN = "xoxb-{}-{}"  # noqa: S105 - the form of one


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What an app asked for when it sent somebody here."""

    redirect_uri: str
    scopes: tuple[str, ...]
    state: str
    team: str | None

    def back(self, **said: str) -> str:
        """Where the person is sent back to."""
        return way_back(self.redirect_uri, self.state, said)


@dataclass(kw_only=True, slots=True)
class Code:
    """A temporary code: who agreed, where, to what, since when; `org_wide` for a whole organisation."""

    sandbox: Sandbox
    user: str
    org_wide: bool
    asked: Asked
    made: float
    used: bool = False


class SeveralWorkspaces:
    """All of Slack, as one app sees it. The app is installed nowhere at first; all share one client and signing secret."""

    def __init__(self, *sandboxes: Sandbox) -> None:
        """The first workspace's file says what the app is."""
        self.sandboxes = sandboxes
        self.redirect_urls: list[str] = []
        self._codes: dict[str, Code] = {}
        for sandbox in sandboxes:
            sandbox.parts.ws.bot_tokens.clear()

    @property
    def _first(self) -> Workspace:
        return self.sandboxes[0].parts.ws

    def app(self) -> web.Application:
        """The aiohttp application that the app talks to."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.add_routes(
            [
                web.get(PATH, self._page),
                web.post(PATH, self._chosen),
                web.post("/api/oauth.v2.access", self._access),
                web.route("*", SIGN_IN, self._sign_in),
                web.post("/api/openid.connect.token", self._sign_in_token),
                web.route("*", "/api/{method}", self._call),
            ]
        )
        return app

    # -- the app's life ---------------------------------------------------------------------------------------------

    def uninstall(self, sandbox: Sandbox) -> None:
        """Take the app away from a workspace, or from its whole organisation; the app hears of it by two events."""
        everywhere = self._together(sandbox)
        self._end_tokens(everywhere, "account_inactive")
        ws = sandbox.parts.ws
        for inner in ({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [ws.company.bot.user_id]}}, UNINSTALLED):
            sandbox.parts.delivery.send_event(payloads.event(ws, dict(inner)))
        for one in everywhere:
            one.parts.ws.org_wide = False

    def revoke(self, sandbox: Sandbox, *, told: bool = True) -> None:
        """Make the app's token useless in a workspace; `told` says whether the app hears of it by an event."""
        self._end_tokens(self._together(sandbox), "token_revoked")
        ws = sandbox.parts.ws
        if told:
            inner = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [ws.company.bot.user_id]}}
            sandbox.parts.delivery.send_event(payloads.event(ws, inner))

    def token_of(self, sandbox: Sandbox) -> str | None:
        """The app's good token in a workspace; None where it has none."""
        return next((token for token, refused in sandbox.parts.ws.bot_tokens.items() if refused is None), None)

    def _together(self, sandbox: Sandbox) -> list[Sandbox]:
        enterprise = sandbox.company.team.enterprise_id
        if not sandbox.parts.ws.org_wide or enterprise is None:
            return [sandbox]
        return [one for one in self.sandboxes if one.company.team.enterprise_id == enterprise]

    @staticmethod
    def _end_tokens(sandboxes: list[Sandbox], code: str) -> None:
        for one in sandboxes:
            one.parts.ws.bot_tokens.update(
                {token: code for token, refused in one.parts.ws.bot_tokens.items() if not refused}
            )

    # -- the page ---------------------------------------------------------------------------------------------------

    async def _page(self, request: web.Request) -> web.Response:
        try:
            asked = self._asked(request.query)
        except SlackError as error:
            said = f"<h1>Something went wrong</h1><p>The app asked for what Slack refuses: {escape(error.code)}.</p>"
            return html(said, 400)
        choices = "".join(_choices(one, asked) for one in self.sandboxes)
        name, wanted = escape(self._first.company.bot.name), escape(", ".join(asked.scopes))
        return html(
            f'<h1>{name} wants to be installed</h1><form method="post" action="{escape(str(request.rel_url))}">{choices}'
            f'<button name="as" value="">Cancel</button></form><p>It asked for: {wanted}</p>'
        )

    async def _chosen(self, request: web.Request) -> web.Response:
        try:
            asked = self._asked(request.query)
        except SlackError as error:
            return html(f"<h1>Something went wrong</h1><p>{escape(error.code)}</p>", 400)
        team, _, rest = str((await request.post()).get("as") or "").partition(" ")
        user, _, everywhere = rest.partition(" ")
        sandbox = next((one for one in self.sandboxes if one.company.team.id == team), None)
        person = sandbox.parts.ws.people.get(user) if sandbox else None
        if sandbox is None or person is None or not (person.is_admin or person.is_owner) or person.deleted:
            raise web.HTTPFound(asked.back(error="access_denied"))
        code = f"{secrets.randbelow(10**10)}.{secrets.randbelow(10**12)}.{secrets.token_hex(32)}"
        org_wide = everywhere == "organisation" and sandbox.company.team.enterprise_id is not None
        made = sandbox.parts.ws.clock()
        self._codes[code] = Code(sandbox=sandbox, user=user, org_wide=org_wide, asked=asked, made=made)
        raise web.HTTPFound(asked.back(code=code))

    def _asked(self, query: Mapping[str, str]) -> Asked:
        company = self._first.company
        if query.get("client_id") != company.client.client_id:
            raise SlackError("invalid_client_id")
        scopes = tuple(filter(None, query.get("scope", "").split(",")))
        if not scopes or not set(scopes) <= set(company.scopes):
            raise SlackError("invalid_scope")
        address = query.get("redirect_uri", "")
        if not any(below(address, known) for known in self.redirect_urls):
            raise SlackError("bad_redirect_uri")
        return Asked(redirect_uri=address, scopes=scopes, state=query.get("state", ""), team=query.get("team") or None)

    # -- the methods ------------------------------------------------------------------------------------------------

    async def _access(self, request: web.Request) -> web.Response:
        given = {name: str(value) for name, value in (await request.post()).items()} | basic(request)
        return self._told(request, lambda: self._exchanged(given))

    def _told(self, request: web.Request, act: Callable[[], Json]) -> web.Response:
        try:
            done = {"ok": True, **act()}
        except SlackError as error:
            done = error.body()
        name = request.path.removeprefix("/api/")
        self._first.feed.record("api", method=name, arguments={}, ok=done["ok"], error=done.get("error"), fault=None)
        return web.json_response(done)

    def _exchanged(self, given: Mapping[str, str]) -> Json:
        client = self._first.company.client
        if given.get("client_id") != client.client_id:
            raise SlackError("invalid_client_id")
        if not secrets.compare_digest(given.get("client_secret", ""), client.client_secret):
            raise SlackError("bad_client_secret")
        code = self._codes.get(given.get("code", ""))
        if code is None or code.sandbox.parts.ws.clock() - code.made > CODE_SECONDS:
            raise SlackError("invalid_code")
        if code.used:
            raise SlackError("code_already_used")
        if given.get("redirect_uri") != code.asked.redirect_uri:
            raise SlackError("bad_redirect_uri")
        code.used = True
        return self._installed(code)

    def _installed(self, code: Code) -> Json:
        """Give out a token; that of an organisation is good in each of its workspaces."""
        company, ws = code.sandbox.company, code.sandbox.parts.ws
        token = _TOKEN.format(company.team.id, secrets.token_hex(16))
        ws.org_wide = code.org_wide
        for one in self._together(code.sandbox):
            one.parts.ws.org_wide = code.org_wide
            one.parts.ws.bot_tokens[token] = None
        enterprise = company.team.enterprise_id
        return {
            "access_token": token,
            "token_type": "bot",
            "scope": ",".join(code.asked.scopes),
            "bot_user_id": company.bot.user_id,
            "app_id": company.bot.app_id,
            "team": None if code.org_wide else {"id": company.team.id, "name": company.team.name},
            "enterprise": {"id": enterprise, "name": f"{company.team.name} and others"} if enterprise else None,
            "authed_user": {"id": code.user},
            "is_enterprise_install": code.org_wide,
        }

    async def _call(self, request: web.Request) -> web.StreamResponse:
        """Pass a call on to the workspace whose token it came with; of an organisation, to the one that it is about."""
        token = request.headers.get("Authorization", "").partition(" ")[2].strip()
        if not token and request.method == "POST" and request.content_type != "application/json":
            token = str((await request.post()).get("token") or "")
        theirs = [one for one in self.sandboxes if token in one.parts.ws.bot_tokens] or [self.sandboxes[0]]
        if len(theirs) > 1:
            said = await _said(request)
            theirs = [one for one in theirs if _about(one.parts.ws, said)] or theirs
        return await theirs[0].web_api(request)

    async def _sign_in(self, request: web.Request) -> web.Response:
        team = request.query.get("team")
        sandbox = next((one for one in self.sandboxes if one.company.team.id == team), self.sandboxes[0])
        return await sandbox.openid.page(request)

    async def _sign_in_token(self, request: web.Request) -> web.Response:
        code = str((await request.post()).get("code") or "")
        sandbox = next((one for one in self.sandboxes if one.openid.knows(code)), self.sandboxes[0])
        return await sandbox.openid.token(request)


UNINSTALLED: Mapping[str, Any] = {"type": "app_uninstalled"}


def _choices(sandbox: Sandbox, asked: Asked) -> str:
    """The buttons of a workspace: its admins, and where it is one of an organisation, for all of it."""
    team = sandbox.company.team
    if asked.team not in {None, team.id}:
        return ""
    admins = [one for one in sandbox.parts.ws.people.values() if (one.is_admin or one.is_owner) and not one.deleted]
    whole = [(f"{team.id} {one.id} organisation", f"{one.real_name}, everywhere") for one in admins if team.enterprise_id]
    here = [(f"{team.id} {one.id}", one.real_name) for one in admins]
    buttons = "".join(
        f'<li><button name="as" value="{escape(value)}">{escape(said)}</button></li>' for value, said in [*here, *whole]
    )
    return f"<h2>{escape(team.name)}</h2><ul>{buttons}</ul>"


async def _said(request: web.Request) -> str:
    """The arguments of a call, in whichever way they came."""
    return f"{request.query_string} {(await request.read()).decode(errors='replace')}"


def _about(ws: Workspace, said: str) -> bool:
    return any(known in said for known in (*ws.people, *ws.conversations))


@dataclass(frozen=True, kw_only=True, slots=True)
class AllRunning:
    """A Slack of several workspaces that listens: `api_url` is the app's, each of `workspaces` is one's own server."""

    url: str
    slack: SeveralWorkspaces
    workspaces: tuple[Running, ...]

    @property
    def api_url(self) -> str:
        """The base of the Web API, ending in a slash."""
        return f"{self.url}/api/"


@contextlib.asynccontextmanager
async def serving_all(*sandboxes: Sandbox, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[AllRunning]:
    """Run several workspaces as one Slack until the block ends."""
    slack = SeveralWorkspaces(*sandboxes)
    async with contextlib.AsyncExitStack() as stack:
        running = [await stack.enter_async_context(serving(one, host=host)) for one in sandboxes]
        runner = web.AppRunner(slack.app(), access_log=None, shutdown_timeout=0.2, handle_signals=False)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, host, port).start()
        url = f"http://{host}:{runner.addresses[0][1]}"
        for one in sandboxes:
            one.openid.issuer = url
        yield AllRunning(url=url, slack=slack, workspaces=tuple(running))
