"""LISTEN on a direct connection of its own, kept up until `stop`: how this process hears of commits in the others."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, Protocol

import asyncpg

from core.address import driver_dsn
from core.bell import CHANNEL
from core.changes import RULED
from core.tenants import CHANNEL as DIRECTORY

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
# A connection can die without a word; a question now and then finds that out. As long as that may take, rooms and rules
# may be older than they should.
WATCH_SECONDS = 2.0
ANSWER_SECONDS = 2.0
LONGEST_PAUSE = 10.0
_BROKEN = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class Ear(Protocol):
    """Who is told what was heard: one tenant's bell, or whoever passes it on to the bells of many."""

    def hear(self, payload: str) -> None:
        """Take what a commit has told."""

    def hear_ruled(self, payload: str) -> None:
        """Take what an admin's change has told."""

    def listening(self, *, now: bool) -> None:
        """Note whether others are heard from now on."""


class Listener:
    """Passes every NOTIFY on to the bell. Whatever was missed while the connection was away is found by one ring after."""

    def __init__(
        self,
        url: str,
        bell: Ear,
        *,
        watch_seconds: float = WATCH_SECONDS,
        directory: Callable[[str], None] | None = None,
    ) -> None:
        """`directory` is told the id of a tenant of which something has changed: where it lives, who belongs to it."""
        self._directory = directory
        self._dsn = driver_dsn(url)
        self._bell = bell
        self._watch_seconds = watch_seconds
        self._task: asyncio.Task[None] | None = None
        self.connected = False
        self._times = 0

    def start(self) -> None:
        """Begin to connect; a database out of reach is asked again."""
        self._task = asyncio.create_task(self._keep_up())

    async def stop(self) -> None:
        """Hang up."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _keep_up(self) -> None:
        pause = 0.25
        while True:
            since = self._times
            try:
                await self._listen()
            except _BROKEN as error:
                log.warning("not listening to other replicas: %s", type(error).__name__)
            pause = 0.25 if self._times > since else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _connect(self) -> asyncpg.Connection:
        settings = {"application_name": "bookroom-listen"}
        return await asyncpg.connect(self._dsn, timeout=CONNECT_SECONDS, server_settings=settings)

    async def _listen(self) -> None:
        connection = await self._connect()
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _connection: ended.set())
        try:
            await connection.add_listener(CHANNEL, self._heard)
            await connection.add_listener(RULED, self._heard_ruled)
            if self._directory:
                await connection.add_listener(DIRECTORY, self._heard_of_directory)
            self.connected = True
            self._times += 1
            log.info("listening to other replicas", extra={"action": "listen_bell"})
            self._bell.listening(now=True)
            while not ended.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), self._watch_seconds)
                if not ended.is_set():
                    await connection.execute("SELECT 1", timeout=ANSWER_SECONDS)
        finally:
            self.connected = False
            self._bell.listening(now=False)
            connection.terminate()

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:  # noqa: ANN401 - the driver's own
        self._bell.hear(payload)

    def _heard_ruled(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:  # noqa: ANN401 - the driver's own
        self._bell.hear_ruled(payload)

    def _heard_of_directory(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:  # noqa: ANN401 - the driver's own
        if self._directory:
            self._directory(payload)
