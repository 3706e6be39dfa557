"""Who has signed in: a signed cookie that names a person, looked up anew at every request.

The cookie is good for a week and for nothing but our pages; scripts do not see it, and other sites' forms do not send
it. Whoever was deactivated in Slack is out within minutes, and what rights somebody has is read each time.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from time import monotonic
from uuid import UUID

from aiohttp import web
from itsdangerous import BadData, URLSafeSerializer
from slack_sdk.web.async_client import AsyncWebClient

from core.errors import PersonNotFound
from core.models import Person
from handlers.services import Services
from handlers.slack_errors import FAILED, reason
from handlers.web.site import Site

LASTS = timedelta(days=7)
# How long somebody who has left may go on, while Slack answers.
FRESH_SECONDS = 180.0
RETRY_SECONDS = 20.0
WAIT_SECONDS = 2.0
KEPT = 10_000
GONE = {"user_not_found", "user_not_visible", "account_inactive"}
log = logging.getLogger(__name__)


def signer(key: str, purpose: str) -> URLSafeSerializer:
    """Return what signs and reads for one purpose; the key itself is derived, so that no cookie tells anything of it."""
    kwargs = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeSerializer(key, salt=f"bookroom {purpose} 1", signer_kwargs=kwargs)


class Sessions:
    """Begins, reads and ends sessions."""

    def __init__(self, services: Services, site: Site) -> None:
        self._services = services
        self._signer = signer(site.session_key, "session")
        self._secure = site.secure
        # Browsers let nobody but this very host set a cookie with this prefix.
        self.cookie = site.cookie("__Host-bookroom" if site.secure else "bookroom")
        self._standing = Standing(site.client)

    async def person(self, request: web.Request) -> Person | None:
        """Return who has signed in, as they stand now; None for nobody, or for somebody who may no longer."""
        said = request.cookies.get(self.cookie)
        if not said:
            return None
        try:
            found = self._signer.loads(said)
            person_id, until = UUID(found["person"]), float(found["until"])
        except (BadData, KeyError, TypeError, ValueError):
            return None
        if until <= self._services.clock.now().timestamp():
            return None
        try:
            person = await self._services.people.get(person_id)
        except PersonNotFound:
            return None
        return person if await self._standing.active(person) else None

    def begin(self, response: web.StreamResponse, person: Person) -> None:
        """Let somebody in who was known to be who they are."""
        until = int((self._services.clock.now() + LASTS).timestamp())
        said = self._signer.dumps({"person": str(person.id), "until": until})
        assert isinstance(said, str)
        response.set_cookie(
            self.cookie,
            said,
            max_age=int(LASTS.total_seconds()),
            path="/",
            httponly=True,
            samesite="Lax",
            secure=self._secure,
        )

    def end(self, response: web.StreamResponse) -> None:
        """Let somebody out."""
        response.del_cookie(self.cookie, path="/", httponly=True, samesite="Lax", secure=self._secure)


class Standing:
    """Whether people still belong to the workspace, as Slack says every few minutes; when it is silent, as it said last."""

    def __init__(self, slack: Callable[[str], Awaitable[AsyncWebClient]]) -> None:
        """`slack` gives the client for a team."""
        self._slack = slack
        self._known: dict[UUID, tuple[float, bool]] = {}

    async def active(self, person: Person) -> bool:
        """Tell whether somebody has not left."""
        held = self._known.get(person.id)
        if held and monotonic() < held[0]:
            return held[1]
        fresh = FRESH_SECONDS
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                client = await self._slack(person.slack_team_id)
                answer = await client.users_info(user=person.slack_user_id)
            here = not (answer.get("user") or {}).get("deleted")
        except FAILED as error:
            here = reason(error) not in GONE
            if here:
                log.warning("slack does not tell of user %s: %s", person.slack_user_id, reason(error))
                here, fresh = held[1] if held else True, RETRY_SECONDS
        if len(self._known) >= KEPT:
            self._known.clear()
        self._known[person.id] = (monotonic() + fresh, here)
        return here
