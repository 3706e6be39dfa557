"""Adding the app to a workspace: a page with Slack's button, and the way back from Slack, where the app gets its token.

Bolt's own flow does the work: a state that is good once and in one browser, and the code for a token. Kept out: whose the
workspace becomes and where the token lies; whoever makes the flow says both.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web
from slack_bolt import BoltResponse
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncBoltRequest
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient

from core.errors import BookingError
from handlers.slack_errors import FAILED, outage, reason
from handlers.web.site import HEADERS, Look

log = logging.getLogger(__name__)

INSTALL, BACK = "/slack/install", "/slack/oauth_redirect"
# What the app asks for: those of manifest.yml, which says what each is for.
SCOPES = (
    "commands",
    "channels:read",
    "groups:read",
    "chat:write",
    "users:read",
    "usergroups:read",
    "files:write",
    "files:read",
)
# Slack's words for what went wrong, and ours; what is not among them is a link that was used or has aged.
_SAID = {
    "access_denied": "Bookroom was not added.",
    "invalid_browser": "That began in another window. Begin once more from this page.",
    "storage_error": "Bookroom cannot keep that right now. Try again in a minute.",
}
_OVER = "That took too long, or was done already. Begin once more."

Admit = Callable[[Installation], Awaitable[str]]


class Flow(AsyncOAuthFlow):
    """Bolt's flow, which hands what was installed to `admit` and knows where its workspace is to be found by then."""

    admit: Admit

    async def run_installation(self, code: str) -> Installation | None:
        """Return what Slack gives for a code, None where it refuses; raises what comes of Slack being out of reach.

        Bolt's own way of asking goes by what its HTTP client has announced to take away.
        """
        asked = {
            "client_id": self.settings.client_id,
            "client_secret": self.settings.client_secret,
            "code": code,
            "redirect_uri": self.settings.redirect_uri,
        }
        try:
            given = await self.client.api_call("oauth.v2.access", data=asked)
            us = await self.client.auth_test(token=given["access_token"])
        except FAILED as error:
            if outage(error):
                raise
            log.warning("slack refuses an installation: %s", reason(error))
            return None
        return _installation(given.data, us.data)

    async def store_installation(self, request: AsyncBoltRequest, installation: Installation) -> None:
        """Keep the token, and let the workspace in."""
        request.context["bookroom_at"] = await self.admit(installation)


class Installing:
    """The two routes. `admit` lets a workspace in and returns where its pages are."""

    def __init__(
        self,
        *,
        base: str,
        client_id: str,
        client_secret: str,
        client: AsyncWebClient,
        store: AsyncInstallationStore,
        states: AsyncOAuthStateStore,
        look: Look,
        admit: Admit,
        command: str,
    ) -> None:
        """`base` is where Slack and people reach us; `client` is asked without a token of its own."""
        self._look, self._command = look, command
        origin = client.base_url.removesuffix("/").removesuffix("/api")
        settings = AsyncOAuthSettings(
            client_id=client_id,
            client_secret=client_secret,
            scopes=SCOPES,
            redirect_uri=f"{base}{BACK}",
            install_path=INSTALL,
            redirect_uri_path=BACK,
            authorization_url=f"{origin}/oauth/v2/authorize",
            installation_store=store,
            state_store=states,
            callback_options=AsyncCallbackOptions(success=self._added, failure=self._failed),
            logger=logging.getLogger("slack_bolt"),
        )
        self._flow = Flow(settings=settings, client=client, logger=logging.getLogger("slack_bolt"))
        self._flow.admit = admit

    def routes(self) -> list[web.RouteDef]:
        """Return the routes: the page with the button, and coming back from Slack."""
        return [web.get(INSTALL, self._page), web.get(BACK, self._back)]

    async def _page(self, request: web.Request) -> web.Response:
        """Show what adding it means, with a button that is good for ten minutes in this browser."""
        received = await to_bolt_request(request)
        try:
            state = await self._flow.issue_new_state(received)
        except (BookingError, OSError) as error:
            log.warning("nothing can be installed: %s", type(error).__name__)
            return self._told("Bookroom cannot be added right now. Try again in a minute.", status=503)
        address = await self._flow.build_authorize_url(state, received)
        response = self._look.page("install.html", command=self._command, address=address, said="")
        response.headers["Set-Cookie"] = self._flow.settings.state_utils.build_set_cookie_for_new_state(state)
        return response

    async def _back(self, request: web.Request) -> web.Response:
        try:
            answer = await self._flow.handle_callback(await to_bolt_request(request))
        except (BookingError, *FAILED) as error:
            log.warning("an installation failed: %s", reason(error))
            return self._told(_SAID["storage_error"], status=503)
        response = await to_aiohttp_response(answer)
        # The address holds what Slack gave us: it is told to nobody.
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    async def _added(self, args: AsyncSuccessArgs) -> BoltResponse:
        team = args.installation.team_name or args.installation.enterprise_name or "your workspace"
        there = args.request.context.get("bookroom_at", "/")
        page = self._look.text("installed.html", team=team, command=self._command, there=there)
        return _page(page, HTTPStatus.OK)

    async def _failed(self, args: AsyncFailureArgs) -> BoltResponse:
        log.info("not installed", extra={"action": "install", "outcome": args.reason})
        page = self._look.text("install.html", command=self._command, address=INSTALL, said=_SAID.get(args.reason, _OVER))
        return _page(page, args.suggested_status_code)

    def _told(self, sentence: str, *, status: int) -> web.Response:
        return self._look.page("install.html", command=self._command, address=INSTALL, said=sentence, status=status)


def _installation(given: Any, us: Any) -> Installation:  # noqa: ANN401 - Slack's answers
    """Return what Slack's answers say: to the exchange of the code, and to the question who we are by that token."""
    enterprise, team, by = (given.get(name) or {} for name in ("enterprise", "team", "authed_user"))
    org_wide = bool(given.get("is_enterprise_install"))
    return Installation(
        app_id=given.get("app_id"),
        enterprise_id=enterprise.get("id"),
        enterprise_name=enterprise.get("name"),
        enterprise_url=us.get("url") if org_wide else None,
        team_id=team.get("id"),
        team_name=team.get("name"),
        bot_token=given["access_token"],
        bot_id=us.get("bot_id"),
        bot_user_id=given.get("bot_user_id"),
        bot_scopes=given.get("scope") or "",
        user_id=str(by.get("id") or ""),
        is_enterprise_install=org_wide,
        token_type=given.get("token_type"),
    )


def _page(text: str, status: int) -> BoltResponse:
    return BoltResponse(status=status, body=text, headers={**HEADERS, "Content-Type": "text/html; charset=utf-8"})
