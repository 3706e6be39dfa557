"""Brings open views up to date, a few at once, and keeps still where Slack says that it is asked too often."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from slack_sdk.web.async_client import AsyncWebClient

from bot.metrics import Metrics
from bot.verdicts import TOKEN_SECONDS, Verdict, judge, pause
from core.watching import OpenView, Watching
from handlers.pushing import Pushes
from handlers.slack_errors import FAILED

log = logging.getLogger(__name__)

AT_ONCE = 8


class Pusher:
    """The job that pushes. Views that could not be drawn again stay stale and come up again."""

    def __init__(
        self,
        watching: Watching,
        pushes: Pushes,
        client: Callable[[str], Awaitable[AsyncWebClient]],
        metrics: Metrics,
        *,
        one_token: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`client` gives the one for a team; `one_token` says that a refused token is everybody's."""
        self._one_token = one_token
        self._watching, self._pushes, self._client = watching, pushes, client
        self._metrics, self._monotonic = metrics, monotonic
        self._silent_until = 0.0

    async def push(self, now: datetime) -> int:
        """Draw again what is stale and due, and return how many views that were."""
        pushed = 0
        while self._monotonic() >= self._silent_until:
            views = await self._watching.claim(now, limit=AT_ONCE)
            await asyncio.gather(*(self._push(view, now) for view in views))
            pushed += len(views)
            if len(views) < AT_ONCE:
                break
        return pushed

    async def _push(self, view: OpenView, now: datetime) -> None:
        outcome, seconds = "failed", pause(1)
        try:
            outcome = await self._pushes.push(view, await self._client(view.team_id))
        except FAILED as error:
            ruling = judge(error)
            outcome, seconds = ruling.code, ruling.seconds or seconds
            if ruling.verdict is Verdict.TOKEN:
                seconds = TOKEN_SECONDS
            if ruling.verdict is Verdict.RATE_LIMITED or (ruling.verdict is Verdict.TOKEN and self._one_token):
                self._silent_until = max(self._silent_until, self._monotonic() + seconds)
            await self._watching.later(view, now + timedelta(seconds=seconds))
        except Exception:
            log.exception("a view could not be drawn again", extra={"action": "push_failed", "kind": view.kind})
            await self._watching.later(view, now + timedelta(seconds=seconds))
        finally:
            self._metrics.pushes.labels(view.kind, outcome).inc()
