"""A program that listens to the stream of events: what a browser's EventSource does, as far as tests need it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One event as it came; `id` is the last one that was said."""

    event: str
    id: str
    data: Any


@dataclass(kw_only=True)
class Listener:
    """One open stream, read in the background. `last_id` is what is sent back when one comes again."""

    response: aiohttp.ClientResponse
    heard: list[Heard] = field(default_factory=list)
    last_id: str = ""
    comments: int = 0
    ended: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def bookings(self) -> list[Any]:
        """What happened to bookings, as it was told."""
        return [one.data for one in self.heard if one.event == "booking"]

    @property
    def ids(self) -> list[str]:
        """The ids of what happened to bookings."""
        return [one.id for one in self.heard if one.event == "booking"]

    def of(self, event: str) -> list[Heard]:
        """Return what came under a name."""
        return [one for one in self.heard if one.event == event]

    async def until(self, holds: Callable[[Listener], Any]) -> None:
        """Wait until something holds of what was heard."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds(self):
                self._news.clear()
                await self._news.wait()

    async def read(self) -> None:
        """Read until it ends."""
        block: dict[str, str] = {}
        try:
            async for raw in self.response.content:
                line = raw.decode().rstrip("\n")
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, _, value = line.partition(": ")
                    block[name] = value
                elif block:
                    self._take(block)
                    block = {}
                self._news.set()
        except aiohttp.ClientError:
            pass
        finally:
            self.ended = True
            self._news.set()

    def _take(self, block: dict[str, str]) -> None:
        self.last_id = block.get("id", self.last_id)
        if "data" in block:
            self.heard.append(Heard(event=block["event"], id=self.last_id, data=json.loads(block["data"])))


@asynccontextmanager
async def listening(
    http: aiohttp.ClientSession, url: str, *, token: str | None = None, since: str = "", **query: Any
) -> AsyncIterator[Listener]:
    """Open a stream that is known to be open, and hang up afterwards."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if since:
        headers["Last-Event-ID"] = since
    async with http.get(url, headers=headers, params=query, timeout=aiohttp.ClientTimeout(total=None)) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "text/event-stream"
        listener = Listener(response=response)
        reading = asyncio.create_task(listener.read())
        try:
            await listener.until(lambda one: one.of("ready") or one.ended)
            yield listener
        finally:
            response.close()
            reading.cancel()
            await asyncio.wait([reading])
