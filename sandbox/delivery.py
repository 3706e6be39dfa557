"""How payloads reach the app: over Socket Mode while a socket is connected, else as signed HTTP requests."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from sandbox.errors import Json, Value
from sandbox.faults import Faults
from sandbox.model import Workspace
from sandbox.tickets import Tickets

Kind = Literal["slash_commands", "interactive", "events_api"]

ACK_SECONDS = 3.0
MOST_SOCKETS = 10
RETRY_SECONDS = (0.0, 60.0, 300.0)
HEARTBEAT_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the app answered: `status` is None when it did not, then `error` says why."""

    status: int | None
    body: Value
    error: str | None
    retry: bool = True

    @property
    def ok(self) -> bool:
        """Whether the app acknowledged."""
        return self.error is None


class Socket:
    """One open Socket Mode connection and the envelopes that wait for its ack."""

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.ws = ws
        self.waiting: dict[str, asyncio.Future[Json]] = {}
        self._transport = transport

    def cut(self) -> None:
        """Break the connection without a word, as a network does."""
        if self._transport is not None:
            self._transport.abort()

    async def send(self, envelope: Json) -> None:
        """Send one envelope."""
        await self.ws.send_str(json.dumps(envelope))

    def acked(self, message: Json) -> None:
        """Give an ack to whoever waits for it; acks of other connections' envelopes are not known here."""
        future = self.waiting.get(str(message.get("envelope_id")))
        if future is not None and not future.done():
            future.set_result(message)


class Delivery:
    """The app's end of the wire."""

    def __init__(
        self,
        ws: Workspace,
        tickets: Tickets,
        faults: Faults,
        *,
        bot_url: str | None = None,
        ack_seconds: float = ACK_SECONDS,
        retry_seconds: tuple[float, ...] = RETRY_SECONDS,
    ) -> None:
        self._ws = ws
        self._tickets = tickets
        self._faults = faults
        self.bot_url = bot_url
        self._ack_seconds = ack_seconds
        self._retry_seconds = retry_seconds
        self._sockets: list[Socket] = []
        self._turn = 0
        self._session: aiohttp.ClientSession | None = None
        self._background: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        """Whether a payload has anywhere to go: an open socket, or an address."""
        return bool(self._sockets) or self.bot_url is not None

    @property
    def sockets(self) -> int:
        """How many Socket Mode connections are open."""
        return len(self._sockets)

    async def start(self) -> None:
        """Open the HTTP client."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            headers={"User-Agent": "Slackbot 1.0 (sandbox)"},
        )

    async def stop(self) -> None:
        """End retries, close the sockets and the HTTP client."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await asyncio.gather(*(_close(socket) for socket in self._sockets), return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def serve_socket(self, request: web.Request) -> web.StreamResponse:
        """The WebSocket endpoint; the ticket must be fresh and unused, and ten connections are the most."""
        if not self._tickets.admit(request.query.get("ticket", "")):
            return web.json_response({"ok": False, "error": "invalid_ticket"}, status=404)
        if len(self._sockets) >= MOST_SOCKETS:
            return web.json_response({"ok": False, "error": "too_many_websockets"}, status=429)
        ws = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, timeout=0.3)
        await ws.prepare(request)
        socket = Socket(ws, request.transport)
        self._sockets.append(socket)
        self._tell_connected()
        try:
            await socket.send(self._hello())
            async for frame in ws:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    self._receive(socket, frame.data)
        except ConnectionResetError:
            pass
        finally:
            self._sockets.remove(socket)
            self._tell_connected()
        return ws

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._sockets),
            "debug_info": {
                "host": "sandbox",
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
            "connection_info": {"app_id": self._ws.company.bot.app_id},
        }

    def _receive(self, socket: Socket, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            self._ws.feed.record("socket_garbage", text=text[:200])
            return
        if isinstance(message, dict) and "envelope_id" in message:
            if message["envelope_id"] not in socket.waiting:
                self._ws.feed.record("unexpected_ack", envelope_id=message["envelope_id"])
            socket.acked(message)

    def _tell_connected(self) -> None:
        self._ws.feed.tell_all({"type": "app", "connected": self.connected})

    async def disconnect(self, reason: str) -> int:
        """Tell every socket to go (`warning`, `refresh_requested`, `link_disabled`) or cut it (`abort`)."""
        sockets = list(self._sockets)
        for socket in sockets:
            if reason == "abort":
                socket.cut()
                continue
            await socket.send({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
            if reason != "warning":
                await _close(socket)
        return len(sockets)

    async def deliver(self, kind: Kind, payload: Json, *, attempt: int = 0, reason: str = "") -> Answer:
        """Send one payload and wait for its ack, three seconds at most."""
        repeats = 1
        if self._faults.repeat_deliveries > 0 and attempt == 0:
            self._faults.repeat_deliveries -= 1
            repeats = 2
        if self._faults.slow_delivery_ms:
            await asyncio.sleep(self._faults.slow_delivery_ms / 1000)
        answers = await asyncio.gather(*(self._deliver_once(kind, payload, attempt, reason) for _ in range(repeats)))
        return answers[0]

    async def _deliver_once(self, kind: Kind, payload: Json, attempt: int, reason: str) -> Answer:
        began = time.perf_counter()
        if self._sockets:
            transport, answer = "socket", await self._over_socket(kind, payload, attempt, reason)
        elif self.bot_url is not None:
            transport, answer = "http", await self._over_http(kind, payload, attempt, reason)
        else:
            transport, answer = "none", Answer(status=None, body=None, error="dispatch_failed")
        self._ws.feed.record(
            "delivery",
            type=kind,
            transport=transport,
            payload=payload,
            attempt=attempt,
            status=answer.status,
            ack=answer.body,
            error=answer.error,
            ms=round((time.perf_counter() - began) * 1000, 2),
        )
        return answer

    async def _over_socket(self, kind: Kind, payload: Json, attempt: int, reason: str) -> Answer:
        self._turn += 1
        socket = self._sockets[self._turn % len(self._sockets)]
        envelope_id = str(uuid.uuid4())
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        socket.waiting[envelope_id] = future
        try:
            async with asyncio.timeout(self._ack_seconds):
                await socket.send(envelope)
                message = await future
        except (TimeoutError, ConnectionResetError):
            return Answer(status=None, body=None, error="operation_timeout")
        finally:
            del socket.waiting[envelope_id]
        return Answer(status=200, body=message.get("payload"), error=None)

    async def _over_http(self, kind: Kind, payload: Json, attempt: int, reason: str) -> Answer:
        assert self._session is not None
        assert self.bot_url is not None
        body, content_type = _encoded(kind, payload)
        headers = self._signed(body) | {"Content-Type": content_type}
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason}
        try:
            async with (
                asyncio.timeout(self._ack_seconds),
                self._session.post(self.bot_url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                text = await response.text()
        except TimeoutError:
            return Answer(status=None, body=None, error="operation_timeout")
        except aiohttp.ClientError:
            return Answer(status=None, body=None, error="dispatch_failed")
        return _http_answer(response, text)

    def _signed(self, body: bytes) -> dict[str, str]:
        timestamp = str(int(time.time()))  # the app checks it against its own clock
        secret = self._ws.company.tokens.signing_secret.encode()
        digest = hmac.new(secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}

    def send_event(self, payload: Json) -> None:
        """Deliver an event in the background, with Slack's three retries."""
        task = asyncio.get_running_loop().create_task(self._event(payload))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _event(self, payload: Json) -> None:
        if not self.connected:
            return
        answer = await self.deliver("events_api", payload)
        for attempt, pause in enumerate(self._retry_seconds, start=1):
            if answer.ok or not answer.retry:
                return
            await asyncio.sleep(pause)
            reason = "http_timeout" if answer.error == "operation_timeout" else "http_error"
            answer = await self.deliver("events_api", payload, attempt=attempt, reason=reason)


async def _close(socket: Socket) -> None:
    if not socket.ws.closed:
        await socket.ws.close()


def _encoded(kind: Kind, payload: Json) -> tuple[bytes, str]:
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def _http_answer(response: aiohttp.ClientResponse, text: str) -> Answer:
    body: Value = text or None
    if text and response.content_type == "application/json":
        try:
            body = json.loads(text)
        except ValueError:
            body = text
    if 200 <= response.status < 300:
        return Answer(status=response.status, body=body, error=None)
    error = "http_service_error" if response.status >= 500 else "http_client_error"
    retry = response.headers.get("X-Slack-No-Retry") != "1"
    return Answer(status=response.status, body=body, error=error, retry=retry)
