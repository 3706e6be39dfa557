"""Socket Mode: up to ten open connections, what is sent over them, how they end, and how they go wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
from aiohttp import web

from sandbox.errors import Json
from sandbox.faults import Faults
from sandbox.model import Workspace
from sandbox.tickets import Tickets

MOST_SOCKETS = 10
PING_SECONDS = 15.0
CONNECTION_SECONDS = 18_060
ENDINGS = ("warning", "refresh_requested", "link_disabled", "abort", "silent")


class Socket:
    """One open Socket Mode connection and the envelopes that wait for its ack.

    A silent one keeps its TCP connection and says nothing any more, not even to a ping.
    """

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.ws = ws
        self.waiting: dict[str, asyncio.Future[Json]] = {}
        self.silent = False
        self._transport = transport

    def cut(self) -> None:
        """Break the connection without a close frame, as a network does."""
        if self._transport is not None:
            self._transport.abort()

    async def send(self, envelope: Json) -> None:
        """Send one envelope."""
        if not self.silent:
            await self.ws.send_str(json.dumps(envelope))

    async def close(self) -> None:
        """Close the connection, as far as it is open."""
        if not self.ws.closed:
            await self.ws.close()

    def acked(self, message: Json) -> bool:
        """Give an ack to whoever waits for it; False for envelopes that this connection did not get."""
        future = self.waiting.get(str(message.get("envelope_id")))
        if future is not None and not future.done():
            future.set_result(message)
        return future is not None


class Sockets:
    """Every open connection; each payload goes to exactly one of them, in turn."""

    def __init__(self, ws: Workspace, tickets: Tickets, faults: Faults, changed: Callable[[], None]) -> None:
        """`changed` is called whenever a connection comes or goes."""
        self._ws = ws
        self._tickets = tickets
        self._faults = faults
        self._changed = changed
        self._open: list[Socket] = []
        self._turn = 0

    def __len__(self) -> int:
        """How many connections are open."""
        return len(self._open)

    def next(self) -> Socket:
        """The connection that gets the next payload."""
        self._turn += 1
        return self._open[self._turn % len(self._open)]

    async def close_all(self) -> None:
        """Close every connection, before the sandbox stops."""
        await asyncio.gather(*(socket.close() for socket in self._open), return_exceptions=True)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The WebSocket endpoint; the ticket must be fresh and unused, and ten connections are the most."""
        if not self._tickets.admit(request.query.get("ticket", "")):
            return web.json_response({"ok": False, "error": "invalid_ticket"}, status=404)
        if len(self._open) >= MOST_SOCKETS:
            return web.json_response({"ok": False, "error": "too_many_websockets"}, status=429)
        ws = web.WebSocketResponse(autoping=False, timeout=0.3)
        await ws.prepare(request)
        socket = Socket(ws, request.transport)
        self._open.append(socket)
        self._changed()
        life = self._faults.socket_seconds
        beside = [_task(_pings(socket))]
        if life:
            beside.append(_task(_ends(socket, life, min(self._faults.warning_seconds, life))))
        try:
            await socket.send(self._hello(life))
            async for frame in ws:
                await self._receive(socket, frame)
        except ConnectionResetError:
            pass
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            self._open.remove(socket)
            self._changed()
        return ws

    def _hello(self, life: float) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._open),
            "debug_info": {
                "host": "sandbox",
                "build_number": 1,
                "approximate_connection_time": round(life) or CONNECTION_SECONDS,
            },
            "connection_info": {"app_id": self._ws.company.bot.app_id},
        }

    async def _receive(self, socket: Socket, frame: aiohttp.WSMessage) -> None:
        if socket.silent:
            return
        if frame.type is aiohttp.WSMsgType.PING:
            await socket.ws.pong(frame.data)
        elif frame.type is aiohttp.WSMsgType.TEXT:
            self._read(socket, frame.data)

    def _read(self, socket: Socket, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            self._ws.feed.record("socket_garbage", text=text[:200])
            return
        known = isinstance(message, dict) and "envelope_id" in message
        if known and not socket.acked(message):
            self._ws.feed.record("unexpected_ack", envelope_id=message["envelope_id"])

    async def end(self, how: str) -> int:
        """Let every connection go: told to (`warning`, `refresh_requested`, `link_disabled`), cut, or struck dumb."""
        sockets = list(self._open)
        for socket in sockets:
            if how == "abort":
                socket.cut()
            elif how == "silent":
                socket.silent = True
            else:
                await _tell_to_go(socket, how)
                if how != "warning":
                    await socket.close()
        return len(sockets)


async def _tell_to_go(socket: Socket, reason: str) -> None:
    await socket.send({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})


async def _pings(socket: Socket) -> None:
    while True:
        await asyncio.sleep(PING_SECONDS)
        if not socket.silent:
            await socket.ws.ping()


async def _ends(socket: Socket, life: float, warning: float) -> None:
    """Slack refreshes connections: a warning some seconds before, then the end."""
    await asyncio.sleep(life - warning)
    await _tell_to_go(socket, "warning")
    await asyncio.sleep(warning)
    await _tell_to_go(socket, "refresh_requested")
    await socket.close()


def _task(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    return asyncio.get_running_loop().create_task(work)
