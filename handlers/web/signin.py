"""Signing in with Slack and out again.

What comes back from Slack is only believed in the browser that was sent there: state and nonce travel in a cookie of ten
minutes. Where somebody wanted to go is an address of our own, or the board.
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from itsdangerous import BadData

from core.errors import BookingError
from handlers.services import Services
from handlers.slack_clients import NotInstalledError
from handlers.web import identity
from handlers.web.identity import CALLBACK, NotSignedIn, SlackSilent
from handlers.web.sessions import Sessions, signer
from handlers.web.site import HEADERS, Look, Site, from_elsewhere

PATH, START, OUT = "/signin", "/signin/start", "/signout"
HOME = "/board"
ASKED_SECONDS = 600
# One slash and no backslash: browsers take "//host" and "/\host" for other hosts.
_OURS = re.compile(r"/(?:[A-Za-z0-9_~.-][A-Za-z0-9_~./-]*)?(?:\?[A-Za-z0-9_~.,:%&=+-]*)?")


def ours(there: str | None) -> str:
    """Return an address of our own as it came, and the board in the place of any other."""
    return there if there and len(there) <= 500 and _OURS.fullmatch(there) and ".." not in there else HOME


def to_sign_in(request: web.Request) -> web.Response:
    """Return the way to the sign-in page and back to what was asked for."""
    return away(f"{PATH}?{urlencode({'to': ours(str(request.rel_url))})}")


def away(there: str) -> web.Response:
    """Return the way to another address."""
    return web.Response(status=303, headers={**HEADERS, "Location": there})


class SigningIn:
    """The pages between somebody and their session."""

    def __init__(self, services: Services, site: Site, sessions: Sessions, look: Look) -> None:
        self._services = services
        self._site = site
        self._sessions = sessions
        self._look = look
        self._signer = signer(site.session_key, "signing in")
        self._cookie = site.cookie("__Secure-bookroom-signin" if site.secure else "bookroom-signin")

    def routes(self) -> list[web.RouteDef]:
        """Return the routes: asking, being sent to Slack, coming back, leaving."""
        return [
            web.get(PATH, self._ask),
            web.get(START, self._start),
            web.get(CALLBACK, self.came_back),
            web.post(OUT, self._leave),
        ]

    async def _ask(self, request: web.Request) -> web.Response:
        there = ours(request.query.get("to"))
        if await self._sessions.person(request):
            return away(there)
        start = f"{START}?{urlencode({'to': there})}"
        return self._page(start=start if self._site.signs_in else None, status=200 if self._site.signs_in else 403)

    async def _start(self, request: web.Request) -> web.Response:
        if not self._site.signs_in:
            return self._page(status=403)
        state, nonce = f"{self._site.name}.{secrets.token_urlsafe(24)}", secrets.token_urlsafe(24)
        said = {"state": state, "nonce": nonce, "to": ours(request.query.get("to")), "until": self._now() + ASKED_SECONDS}
        team = self._site.us.team_id or None
        response = away(identity.address(self._site, state=state, nonce=nonce, team=team))
        self._keep(response, said)
        return response

    async def came_back(self, request: web.Request) -> web.Response:
        """Let in whoever Slack has sent back, where it was from here that they went."""
        asked = self._asked(request)
        try:
            if asked is None or not hmac.compare_digest(asked["state"].encode(), request.query.get("state", "").encode()):
                raise NotSignedIn("That took too long, or began in another window. Sign in once more.")
            if "code" not in request.query:
                raise NotSignedIn("You did not sign in.")
            response = await self._let_in(request.query["code"], asked)
        except BookingError as error:
            status = 503 if isinstance(error, SlackSilent) else 403
            response = self._page(said=error.message, start=f"{START}?{urlencode({'to': HOME})}", status=status)
        response.del_cookie(self._cookie, path=PATH, httponly=True, samesite="Lax", secure=self._site.secure)
        # This address holds what Slack gave us for them: it is told to nobody.
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    async def _let_in(self, code: str, asked: dict[str, Any]) -> web.Response:
        sender = await identity.who(self._site, code, nonce=asked["nonce"])
        if sender.team_id not in await self._services.people.teams():
            raise NotSignedIn("Bookroom is not for that Slack workspace. Sign in with the one where you use it.")
        try:
            client = await self._site.client(sender.team_id)
        except NotInstalledError:
            raise NotSignedIn("Bookroom was taken out of that Slack workspace. An admin can add it again.") from None
        # Slack has just said who they are; what it says of them else is at most ten minutes old.
        person = await self._services.directory.person(sender, client)
        response = away(ours(asked["to"]))
        self._sessions.begin(response, person)
        return response

    async def _leave(self, request: web.Request) -> web.Response:
        if from_elsewhere(request):
            return self._page(said="Sign out on our own page.", status=403)
        response = away(PATH)
        self._sessions.end(response)
        return response

    # -- parts -----------------------------------------------------------------------------------------------------

    def _page(self, *, said: str = "", start: str | None = None, status: int = 200) -> web.Response:
        start = start if self._site.signs_in else None
        command, slack = self._services.command, self._site.us.app_link
        return self._look.page("signin.html", said=said, start=start, command=command, slack=slack, status=status)

    def _now(self) -> int:
        return int(self._services.clock.now().timestamp())

    def _keep(self, response: web.Response, said: dict[str, Any]) -> None:
        signed = self._signer.dumps(said)
        assert isinstance(signed, str)
        response.set_cookie(
            self._cookie,
            signed,
            max_age=ASKED_SECONDS,
            path=PATH,
            httponly=True,
            samesite="Lax",
            secure=self._site.secure,
        )

    def _asked(self, request: web.Request) -> dict[str, Any] | None:
        try:
            said = self._signer.loads(request.cookies.get(self._cookie, ""))
        except BadData:
            return None
        return said if isinstance(said, dict) and said["until"] > self._now() else None
