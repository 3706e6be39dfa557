"""Slack over a WebSocket of ours: connected in the background, watched, drained before it is closed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Mapping
from time import monotonic
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from core.telling import SILENT, Telling
from handlers import slack_http

log = logging.getLogger(__name__)

# Notices a silently dead connection within about three seconds; Bolt's ten would take up to sixteen.
PING_SECONDS = 2.0
CLOSE_SECONDS = 3.0


class _Handler(AsyncSocketModeHandler):
    """Bolt's handler, which knows what it has in hand: an envelope's answer goes back over the connection it came by."""

    def __init__(self, app: AsyncApp, app_token: str, telling: Telling) -> None:
        super().__init__(app, app_token, ping_interval=PING_SECONDS)
        self._telling = telling
        self.in_hand: set[asyncio.Task[Any]] = set()
        self.closing = False

    async def handle(self, client: Any, req: Any) -> None:  # noqa: ANN401 - the SDK's, of which the base class has two
        if self.closing:  # not answered, so that nothing is done of which the person would not hear
            return
        task = asyncio.current_task()
        assert task is not None
        self.in_hand.add(task)
        began = monotonic()
        try:
            await super().handle(client, req)
            if isinstance(req.payload, Mapping):
                self._telling.acknowledged("socket", slack_http.kind_of(req.payload), monotonic() - began)
        finally:
            self.in_hand.discard(task)

    async def drain(self, seconds: float) -> None:
        """Answer what has come and what comes meanwhile, at most so long; then take nothing more."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.in_hand:
                    await asyncio.wait(self.in_hand, return_when=asyncio.FIRST_COMPLETED)
        self.closing = True


class SocketMode:
    """One connection to Slack that is kept up until `stop`."""

    def __init__(self, app: AsyncApp, app_token: str, telling: Telling = SILENT) -> None:
        self._handler = _Handler(app, app_token, telling)
        self._tasks: list[asyncio.Task[Any]] = []

    async def ask(self) -> None:
        """Ask Slack for the first connection's address; SlackApiError where it does not want us."""
        client = self._handler.client
        client.wss_uri = (await client.web_client.apps_connections_open(app_token=self._handler.app_token))["url"]

    def start(self) -> None:
        """Begin to connect; `connected` tells when that has come about."""
        self._tasks = [asyncio.create_task(self._connect()), asyncio.create_task(self._watch())]

    async def connected(self) -> bool:
        """Tell whether the connection stands."""
        return bool(await self._handler.client.is_connected())

    @property
    def under_way(self) -> int:
        """How many envelopes wait for their answer."""
        return len(self._handler.in_hand)

    async def stop(self, seconds: float) -> None:
        """Give the answers that are due within so many seconds, then close the connection; a frozen one is left behind."""
        await self._handler.drain(seconds)
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(TimeoutError):
            closing: Coroutine[Any, Any, None] = self._handler.close_async()  # type: ignore[no-untyped-call]
            await asyncio.wait_for(closing, CLOSE_SECONDS)

    async def _connect(self) -> None:
        while True:
            try:
                await self._handler.connect_async()  # type: ignore[no-untyped-call]
            except Exception as error:
                log.warning("slack refuses the socket: %s", type(error).__name__)
                await asyncio.sleep(PING_SECONDS)
            else:
                log.info("connected to slack", extra={"action": "connect"})
                return

    async def _watch(self) -> None:
        # The SDK would try a used-up ticket for ever: without one it asks Slack for a new one.
        while not self._handler.client.closed:
            await asyncio.sleep(1)
            if not await self.connected():
                self._handler.client.wss_uri = None
