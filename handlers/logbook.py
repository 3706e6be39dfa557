"""One line in the log and one set of figures for each thing that somebody asks, from Slack, by the API or on our pages.

Everything that is logged meanwhile carries the request's number and the tenant. Kept out: what is asked, and by what name;
neither a title nor a secret comes here.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Token
from time import monotonic
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

from aiohttp import web
from aiohttp.typedefs import Middleware
from structlog.contextvars import bind_contextvars, reset_contextvars

from core.telling import DONE, FAILED, Telling, outcome_of
from handlers.services import Services

log = logging.getLogger(__name__)

# Paths that are watched where they are answered, or asked by machines every few seconds.
_ELSEWHERE = ("/api/", "/slack/", "/healthz", "/readyz", "/metrics")


class Entry:
    """Watches one request from its beginning to its end; whoever handles it says how it ended in `outcome`.

    `status` is HTTP's, where that is how it was answered. A stream, which lasts as long as somebody listens, is not `timed`.
    """

    __slots__ = ("_began", "_bound", "_facts", "_telling", "_tenant", "action", "outcome", "status", "surface", "timed")

    def __init__(
        self,
        telling: Telling,
        tenant: UUID | None,
        surface: str,
        action: str,
        facts: Mapping[str, object],
        *,
        timed: bool = True,
    ) -> None:
        """`facts` are ids that the line carries: whoever asked, in their own system's terms."""
        self._telling, self._tenant, self._facts = telling, tenant, facts
        self.surface, self.action, self.outcome, self.timed = surface, action, DONE, timed
        self.status: int | None = None

    @classmethod
    def of(cls, services: Services, surface: str, action: str, facts: Mapping[str, object], *, timed: bool = True) -> Self:
        """Return an entry for one tenant's services."""
        return cls(services.telling, services.tenant, surface, action, facts, timed=timed)

    def answered(self, status: int) -> None:
        """Note the status that it was answered with, where nothing else says how it ended."""
        self.status = status
        if status >= 400:
            self.outcome = FAILED if status >= 500 else f"http_{status}"

    def __enter__(self) -> Self:
        known = {"tenant": str(self._tenant)} if self._tenant else {}
        self._bound: Mapping[str, Token[Any]] = bind_contextvars(request_id=uuid4().hex[:12], surface=self.surface, **known)
        self._began = monotonic()
        return self

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is not None and self.status is None:
            self.outcome = outcome_of(error)
        seconds = monotonic() - self._began
        facts: dict[str, object] = {"action": self.action, "outcome": self.outcome, "ms": round(seconds * 1000, 1)}
        if self.timed:
            self._telling.handled(self.surface, self.action, self.outcome, seconds)
        if self.status is not None:
            facts["status"] = self.status
            self._telling.responded(self.surface, self.action, self.status)
        log.info("request", extra={**facts, **self._facts})
        reset_contextvars(**self._bound)


def pages(telling: Telling, tenant: UUID | None = None) -> Middleware:
    """Return what watches our pages; they go by the pattern of their address, in which no token stands."""

    @web.middleware
    async def watched(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.path.startswith(_ELSEWHERE):
            return await handler(request)
        resource = request.match_info.route.resource
        page = resource.canonical if resource else "unknown"
        with Entry(telling, tenant, "web", page, {}) as entry:
            try:
                response = await handler(request)
            except web.HTTPException as error:
                entry.answered(error.status)
                raise
            entry.answered(response.status)
            entry.timed = isinstance(response, web.Response)
            return response

    return watched
