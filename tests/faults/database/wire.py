"""A wire to PostgreSQL that is cut exactly where a transaction commits, whichever way it does.

A commit is a COMMIT, or a statement that writes an event while no transaction is open. Cut *before*, the server never hears
of it; cut *after*, the server carries it out and its answer is thrown away.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

_WRITES = b"INSERT INTO events"
_READY = b"Z\x00\x00\x00\x05"
IDLE = ord("I")


class Cutter:
    """Says at each commit whether the wire is cut there: every `every`-th, before and after in turn."""

    def __init__(self, *, every: int) -> None:
        self._every = every
        self.commits = 0
        self.cuts = {"before": 0, "after": 0}
        self.at_peace = False

    def at_commit(self) -> str | None:
        """Return where to cut, "before" or "after", or None."""
        self.commits += 1
        if self.at_peace or self.commits % self._every:
            return None
        where = "before" if self.cuts["before"] <= self.cuts["after"] else "after"
        self.cuts[where] += 1
        return where


class _Line:
    """One connection: what was prepared on it, and whether a transaction is open."""

    def __init__(self, cutter: Cutter) -> None:
        self._cutter = cutter
        self._writing: set[bytes] = set()
        self._buffer = b""
        self._begun = False
        self.status = IDLE
        self.deaf = False

    def cut_at(self, chunk: bytes) -> str | None:
        """Look at what the client sends; return where the wire is cut at it."""
        found = None
        self._buffer += chunk
        while message := self._next():
            kind, body = message
            if self._commits(kind, body):
                found = found or self._cutter.at_commit()
        return found

    def _next(self) -> tuple[bytes, bytes] | None:
        # The first message has no letter before its length.
        head = 5 if self._begun else 4
        if len(self._buffer) < head:
            return None
        (length,) = struct.unpack("!i", self._buffer[head - 4 : head])
        if len(self._buffer) < head - 4 + length:
            return None
        message = self._buffer[: head - 4 + length]
        self._buffer = self._buffer[len(message) :]
        # A question whether the server speaks TLS comes before the beginning.
        self._begun = self._begun or length != 8
        return (message[:1], message[5:]) if head == 5 else (b"", message[4:])

    def _commits(self, kind: bytes, body: bytes) -> bool:
        match kind:
            case b"P":
                name, _, rest = body.partition(b"\x00")
                if _WRITES in rest:
                    self._writing.add(name)
            case b"B":
                _, _, rest = body.partition(b"\x00")
                return self.status == IDLE and rest.partition(b"\x00")[0] in self._writing
            case b"Q":
                return body.startswith(b"COMMIT")
        return False

    def heard(self, chunk: bytes) -> bool:
        """Look at what the server says; tell whether it has come to the end of an answer."""
        place = chunk.rfind(_READY)
        if place < 0 or place + 5 >= len(chunk):
            return False
        self.status = chunk[place + 5]
        return True


async def _carry(cutter: Cutter, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    line = _Line(cutter)
    try:
        server_reader, server_writer = await asyncio.open_connection(host, port)
    except OSError:
        writer.close()
        return

    async def up() -> None:
        while chunk := await reader.read(65536):
            where = line.cut_at(chunk)
            if where == "before":
                return
            line.deaf = line.deaf or where == "after"
            server_writer.write(chunk)
            await server_writer.drain()

    async def down() -> None:
        while chunk := await server_reader.read(65536):
            ended = line.heard(chunk)
            if line.deaf:
                if ended:
                    return
                continue
            writer.write(chunk)
            await writer.drain()

    ways = [asyncio.create_task(up()), asyncio.create_task(down())]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    await asyncio.gather(*ways, return_exceptions=True)
    for end in (writer, server_writer):
        end.transport.abort()
        with suppress(OSError):
            await end.wait_closed()


@asynccontextmanager
async def wired(url: str, cutter: Cutter) -> AsyncIterator[str]:
    """Lay the wire and yield the address that leads over it."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 5432
    under_way: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        try:
            await _carry(cutter, host, port, reader, writer)
        finally:
            under_way.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield urlunsplit(parts._replace(netloc=f"{parts.username}@127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    finally:
        server.close()
        for task in list(under_way):
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await server.wait_closed()
