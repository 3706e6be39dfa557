"""One POST to somebody else's address: never to our own network, never further than there, never more than a glance back.

Judged is the address that is connected to, after names were looked up: a name that answers differently the second time
(DNS rebinding) leads nowhere, nor does an address in an odd notation. Redirects are answers like any other. Kept out: what
is sent, and what follows from the answer.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver

from core.clock import Clock
from core.errors import InvalidWebhook
from core.webhook_sending import LONGEST_NOTE, Answer
from core.webhook_targets import NOTHING_PRIVATE, Allowed, checked

SECONDS = 10.0
AGENT = "Bookroom-Webhooks/1"
# A glance: of what is longer, the rest is never read.
GLANCE_BYTES = 800
FORBIDDEN = "the address leads into a private network"


class PrivateTargetError(OSError):
    """The address that would be connected to is none that we may reach."""


class Poster:
    """Posts to any number of addresses; each over a connection of its own, closed afterwards."""

    def __init__(
        self,
        clock: Clock,
        *,
        allowed: Allowed = NOTHING_PRIVATE,
        seconds: float = SECONDS,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`resolver` looks names up, the system's where None is given; `seconds` is for all of it, from name to glance."""
        self._clock, self._allowed, self._resolver, self._tls = clock, allowed, resolver, tls
        self.seconds = seconds

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """Post, and return what came of it; whatever goes wrong is an answer without a status."""
        try:
            # What may be kept today might not have been when it was kept.
            checked(url, self._allowed)
            return await self._post(url, content, headers)
        except InvalidWebhook as error:
            return Answer(status=None, note=error.message)
        except TimeoutError:
            return Answer(status=None, note=f"no answer within {self.seconds:g} seconds")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(status=None, note=_why(error))

    async def _post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        host = urlsplit(url).hostname or ""
        guard = _Guard(host, self._allowed, self._resolver or ThreadedResolver())
        connector = aiohttp.TCPConnector(
            resolver=guard,
            socket_factory=guard.opened,
            force_close=True,
            use_dns_cache=False,
            ssl=self._tls if self._tls is not None else True,
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=self.seconds),
            headers={"User-Agent": AGENT, "Content-Type": "application/json"},
        )
        async with (
            session,
            session.post(url, data=content, headers=headers, allow_redirects=False) as response,
        ):
            return await self._answer(response)

    async def _answer(self, response: aiohttp.ClientResponse) -> Answer:
        status = response.status
        if 200 <= status < 300:
            # They have it: what they say to it, and how slowly, is no matter.
            return Answer(status=status)
        seconds = self._retry_after(response.headers.get("Retry-After"))
        if 300 <= status < 400:
            return Answer(status=status, note="a redirect, which is not followed", retry_after=seconds)
        try:
            glance = await response.content.read(GLANCE_BYTES)
        except (TimeoutError, aiohttp.ClientError):
            glance = b""
        return Answer(status=status, note=_plain(glance) or None, retry_after=seconds)

    def _retry_after(self, header: str | None) -> float | None:
        if header is None:
            return None
        if header.strip().isdecimal() and len(header) < 9:
            return float(header)
        try:
            return max(0.0, (parsedate_to_datetime(header) - self._clock.now()).total_seconds())
        except (ValueError, TypeError, OverflowError):
            return None


class _Guard(AbstractResolver):
    """Looks names up for one request, and opens no socket to an address that we may not reach."""

    def __init__(self, host: str, allowed: Allowed, resolver: AbstractResolver) -> None:
        self._host, self._allowed, self._resolver = host, allowed, resolver

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[Any]:
        """Return the addresses of a name, all of which may be reached; raises PrivateTargetError."""
        found = await self._resolver.resolve(host, port, family)
        for one in found:
            self._judge(one["host"])
        return list(found)

    def opened(self, info: Any) -> socket.socket:  # noqa: ANN401 - as `getaddrinfo` returns it
        """Return a socket for an address; raises PrivateTargetError. This is the last moment before connecting."""
        family, kind, protocol, _, there = info
        self._judge(there[0])
        return socket.socket(family=family, type=kind, proto=protocol)

    async def close(self) -> None:
        """Nothing is kept."""

    def _judge(self, text: str) -> None:
        try:
            # A zone behind it, as in fe80::1%eth0, is none of the address.
            address: IPv4Address | IPv6Address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError as error:
            raise PrivateTargetError(FORBIDDEN) from error
        if not self._allowed.reachable(address, self._host):
            raise PrivateTargetError(FORBIDDEN)


def _why(error: BaseException) -> str:
    """Return what went wrong in a few words, which say nothing of what stands in the address."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, PrivateTargetError):
            return FORBIDDEN
        seen = seen.__cause__ or seen.__context__ or getattr(seen, "os_error", None)
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return "the certificate of the other side is not in order"
        case aiohttp.ClientConnectorDNSError():
            return "the name of the host is not known"
        case aiohttp.ClientConnectorError():
            return "no connection could be made"
        case aiohttp.ServerDisconnectedError() | ConnectionError():
            return "the connection broke"
    return f"no answer that can be read ({type(error).__name__})"


def _plain(glance: bytes) -> str:
    """Return the beginning of an answer as one line of printable characters."""
    text = glance.decode("utf-8", errors="replace")
    kept = (letter if letter.isprintable() else " " for letter in text)
    return " ".join("".join(kept).split())[:LONGEST_NOTE]
