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
from sandbox.sockets import Sockets
from sandbox.tickets import Tickets

Kind = Literal["slash_commands", "interactive", "events_api"]

ACK_SECONDS = 3.0
RETRY_SECONDS = (0.0, 60.0, 300.0)
OVERTAKING_SECONDS = 1.0
_REASONS = {"operation_timeout": "http_timeout", "dispatch_failed": "connection_failed"}


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
        self._sockets = Sockets(ws, tickets, faults, self._tell_connected)
        self._held: list[asyncio.Future[None]] = []
        self._session: aiohttp.ClientSession | None = None
        self._background: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        """Whether a payload has anywhere to go: an open socket, or an address."""
        return len(self._sockets) > 0 or self.bot_url is not None

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
        await self._sockets.close_all()
        if self._session is not None:
            await self._session.close()

    async def serve_socket(self, request: web.Request) -> web.StreamResponse:
        """The WebSocket endpoint."""
        return await self._sockets.serve(request)

    def _tell_connected(self) -> None:
        self._ws.feed.tell_all({"type": "app", "connected": self.connected})

    async def disconnect(self, how: str) -> int:
        """End every socket in one of the ways of `sockets.ENDINGS`; how many there were."""
        return await self._sockets.end(how)

    async def deliver(self, kind: Kind, payload: Json, *, attempt: int = 0, reason: str = "") -> Answer:
        """Send one payload and wait for its ack, three seconds at most."""
        befalls = self._faults.delivery_kind(kind) if attempt == 0 else None
        if self._faults.slow_delivery_ms:
            await asyncio.sleep(self._faults.slow_delivery_ms / 1000)
        if befalls == "slow" and self._faults.deliveries_by_chance:
            await asyncio.sleep(self._faults.deliveries_by_chance.slow_ms / 1000)
        elif befalls == "reorder":
            await self._be_overtaken()
        times = 2 if befalls == "duplicate" else 1
        answers = await asyncio.gather(*(self._deliver_once(kind, payload, attempt, reason) for _ in range(times)))
        if befalls != "reorder":
            self._let_go()
        return answers[0]

    async def _be_overtaken(self) -> None:
        """Wait until another payload was delivered, a second at most."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._held.append(turn)
        try:
            async with asyncio.timeout(OVERTAKING_SECONDS):
                await turn
        except TimeoutError:
            self._held.remove(turn)

    def _let_go(self) -> None:
        for turn in self._held:
            if not turn.done():
                turn.set_result(None)
        self._held.clear()

    async def _deliver_once(self, kind: Kind, payload: Json, attempt: int, reason: str) -> Answer:
        began = time.perf_counter()
        if len(self._sockets):
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
        socket = self._sockets.next()
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
            reason = _REASONS.get(answer.error or "", "http_error")
            answer = await self.deliver("events_api", payload, attempt=attempt, reason=reason)


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
