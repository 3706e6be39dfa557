"""What all pages have in common: where people reach them, which headers they carry, their templates, styles and scripts.

Everything comes from our own address and nothing stands in the page's text: no script, style or picture of anybody else
runs there, whatever somebody calls their meeting.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from slack_sdk.web.async_client import AsyncWebClient

from core.errors import BookingError, Busy, LocationNotFound, RoomNotFound, Unavailable
from handlers.slack_clients import Clients
from handlers.web.within import at

ASSETS = "/assets"
KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# Five minutes are one column of the board's grid; a day that is longer by an hour fits as well.
MOST_STEPS = 25 * 12


@dataclass(kw_only=True, slots=True)
class Us:
    """Who we are in Slack; empty until Slack has said it."""

    team_id: str = ""
    user_id: str = ""

    @property
    def app_link(self) -> str | None:
        """The address that opens our conversation in the Slack that is installed."""
        return f"slack://user?{urlencode({'team': self.team_id, 'id': self.user_id})}" if self.user_id else None

    @property
    def web_link(self) -> str | None:
        """The address that opens it wherever Slack is to be had."""
        if not self.user_id:
            return None
        return f"https://slack.com/app_redirect?{urlencode({'channel': self.user_id, 'team': self.team_id})}"


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where people reach us, as what Slack knows us, and what signs cookies.

    `slack` has the bot's token; `client_id` and `client_secret` are None where nobody can sign in with Slack.
    """

    base: str
    session_key: str
    slack: AsyncWebClient
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    us: Us = field(default_factory=Us)
    name: str = ""
    """The workspace's, among many on one host: what its cookies are told apart by."""
    callback: str | None = None
    """Where Slack sends back whoever signs in, where that is one address for many workspaces; otherwise below `base`."""
    clients: Clients | None = None
    """Every team's own client, where the workspace may have several; otherwise `slack` is everybody's."""
    public: bool = True
    """Whether somebody has said where people reach us; otherwise a page's links lead to where it was asked for."""

    async def client(self, team_id: str) -> AsyncWebClient:
        """Return the client for a team; raises NotInstalledError where the app is not there."""
        return await self.clients.of(team_id) if self.clients else self.slack

    def cookie(self, name: str) -> str:
        """Return what a cookie is called here."""
        return f"{name}-{self.name}" if self.name else name

    @property
    def secure(self) -> bool:
        """Whether people reach us by TLS, so that cookies need never travel without."""
        return urlsplit(self.base).scheme == "https"

    @property
    def signs_in(self) -> bool:
        """Whether people can sign in with Slack."""
        return bool(self.client_id and self.client_secret)

    @property
    def slack_origin(self) -> str:
        """Slack's address without a path, "https://slack.com": the API, the sign-in page and the issuer share it."""
        url = urlsplit(self.slack.base_url)
        return f"{url.scheme}://{url.netloc}"


class Look:
    """Templates, and the styles and scripts that they name; read once."""

    def __init__(self) -> None:
        self._assets = {one.name: one.read_bytes() for one in files("handlers.web").joinpath("static").iterdir()}
        self._assets["steps.css"] = _steps().encode()
        self._versions = {name: hashlib.sha256(content).hexdigest()[:12] for name, content in self._assets.items()}
        self.version = hashlib.sha256("".join(sorted(self._versions.values())).encode()).hexdigest()[:12]
        # What people typed is escaped; a name that the template does not get is an error.
        self._templates = Environment(
            loader=PackageLoader("handlers"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["at"] = at
        self._templates.globals["asset"] = lambda name: f"{ASSETS}/{name}?v={self._versions[name]}"

    def routes(self) -> list[web.RouteDef]:
        """Return the route of styles and scripts."""
        return [web.get(ASSETS + "/{name}", self._asset)]

    def page(self, template: str, *, status: int = 200, **said: Any) -> web.Response:  # noqa: ANN401 - what it is given
        """Return a page."""
        text = self.text(template, **said)
        return web.Response(text=text, status=status, content_type="text/html", headers=HEADERS)

    def text(self, template: str, **said: Any) -> str:  # noqa: ANN401 - what it is given
        """Return a page's text alone."""
        return self._templates.get_template(template).render(said)

    def told(self, error: BookingError) -> web.Response:
        """Return a page that says what stood in the way."""
        gone = isinstance(error, LocationNotFound | RoomNotFound)
        status = 404 if gone else 503 if isinstance(error, Busy | Unavailable) else 409
        return self.page("told.html", title="Bookroom", sentence=error.message, links=(), status=status)

    async def _asset(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        content = self._assets.get(name)
        if content is None:
            raise web.HTTPNotFound(headers=HEADERS)
        fresh = request.query.get("v") == self._versions[name]
        keep = "public, max-age=31536000, immutable" if fresh else "no-cache"
        return web.Response(
            body=content,
            content_type=KINDS[name.rpartition(".")[2]],
            charset="utf-8",
            headers={**HEADERS, "Cache-Control": keep},
        )


def from_elsewhere(request: web.Request) -> bool:
    """Tell whether a browser says that another site's page has sent a form."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


def _steps() -> str:
    """Return a class for each place in the grid: no style may stand in the page, so that places are named instead."""
    kinds = ("a", "b", "n", "t", "g")
    return "".join(f".{kind}{number}{{--{kind}:{number}}}" for kind in kinds for number in range(MOST_STEPS + 2))
