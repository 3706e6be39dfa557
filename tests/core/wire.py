"""A wire between the core and PostgreSQL that can be cut at a chosen message."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import urlsplit, urlunsplit

COMMIT = b"COMMIT;\x00"
# What the driver sends to have a statement prepared, name and text, and to have one run.
_PREPARED = re.compile(rb"P.{4}(__asyncpg_\w+__)\x00([^\x00]*)\x00", re.DOTALL)
_RUN = re.compile(rb"B.{4}\x00(__asyncpg_\w+__)\x00", re.DOTALL)


@dataclass
class _Said:
    """What the client has said on a connection, as far as it tells which message commits."""

    within: bool = False
    booking: set[bytes] = field(default_factory=set)

    def commits(self, chunk: bytes) -> bool:
        """Tell whether the server commits when it gets this: a COMMIT, or a booking that is a transaction by itself."""
        self.booking |= {name for name, text in _PREPARED.findall(chunk) if b"INSERT INTO bookings" in text}
        if COMMIT in chunk:
            self.within = False
            return True
        if b"BEGIN" in chunk or b"ROLLBACK" in chunk:
            self.within = b"BEGIN" in chunk
        return not self.within and bool(self.booking.intersection(_RUN.findall(chunk)))


class Cut(Enum):
    """When the wire breaks, once: before the server gets the COMMIT, or after it has carried it out."""

    BEFORE_COMMIT = "before"
    AFTER_COMMIT = "after"


class Wire:
    """Forwards bytes both ways; `cuts` are used up one by one, each by the next message that commits."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self.cuts: list[Cut] = []
        self.commits = 0
        self.cut = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side or the wire ends it."""
        upstream, downstream = await asyncio.open_connection(*self._server)
        lost = asyncio.Event()
        ways = [
            asyncio.create_task(self._up(reader, downstream, lost)),
            asyncio.create_task(self._down(upstream, writer, lost)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, downstream):
            end.close()
            with suppress(OSError):
                await end.wait_closed()

    async def _up(self, reader: asyncio.StreamReader, downstream: asyncio.StreamWriter, lost: asyncio.Event) -> None:
        """Client to server. asyncpg sends a COMMIT as a message of its own, and so what runs a statement."""
        said = _Said()
        while chunk := await reader.read(65536):
            if said.commits(chunk):
                self.commits += 1
                if self.cuts:
                    cut = self.cuts.pop(0)
                    self.cut += 1
                    if cut is Cut.BEFORE_COMMIT:
                        return
                    lost.set()  # from now on the client hears nothing more
            downstream.write(chunk)
            await downstream.drain()

    async def _down(self, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: asyncio.Event) -> None:
        """Server to client; after a cut the server's answer is waited for and thrown away."""
        while chunk := await upstream.read(65536):
            if lost.is_set():
                return
            writer.write(chunk)
            await writer.drain()


@asynccontextmanager
async def wired(url: str) -> AsyncIterator[tuple[Wire, str]]:
    """Return a wire to the database and the URL that leads over it."""
    parts = urlsplit(url)
    wire = Wire(parts.hostname or "127.0.0.1", parts.port or 5432)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield wire, urlunsplit(parts._replace(netloc=f"{parts.username}@127.0.0.1:{port}"))
    finally:
        server.close()
        await server.wait_closed()
