"""Rings after a commit that wrote an event: here at once, and for the other replicas by one NOTIFY for many commits.

A NOTIFY inside every booking's transaction would make commits queue for one lock; one a twentieth of a second does not.
Nothing depends on it: whoever missed a ring finds the work at the next tick. What admins change is told by the change
itself (`changes`), and makes this process forget the rooms and rules that it keeps.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextvars import Context
from typing import Protocol
from uuid import uuid4

from core.db import Database, WriteSession
from core.errors import BookingError

log = logging.getLogger(__name__)

CHANNEL = "bookroom_happened"
GATHER_SECONDS = 0.05


class Kept(Protocol):
    """What is kept of rooms and rules: see `Catalogues`."""

    def forget(self) -> None:
        """Keep nothing of what was read before."""

    def told(self, *, now: bool) -> None:
        """Note whether changes are told from now on."""


class Bell:
    """One process's bell; set `ring` as `when_something_happened` of every `Database` that writes."""

    def __init__(self, db: Database, *, gather_seconds: float = GATHER_SECONDS) -> None:
        self._db = db
        self._gather_seconds = gather_seconds
        self._heard_by: list[Callable[[], None]] = []
        self._kept: list[Kept] = []
        self._name = uuid4().hex
        self._notifying: asyncio.Task[None] | None = None
        self._again = False

    def heard_by(self, wake: Callable[[], None]) -> None:
        """Call this at each ring, of ours or of another replica's; it must return at once."""
        self._heard_by.append(wake)

    def keeps_fresh(self, kept: Kept) -> None:
        """Have this forgotten when somebody changes rooms or rules, here or elsewhere."""
        self._kept.append(kept)

    def ring(self) -> None:
        """Wake this process now and the others soon; returns at once."""
        self.wake()
        if self._notifying is None:
            # Of nobody's request: what is asked for around that one is none of the bell's.
            self._notifying = asyncio.get_running_loop().create_task(self._notify(), context=Context())
        else:
            self._again = True

    def hear(self, payload: str) -> None:
        """Take what came by LISTEN: our own rings and other tenants' are passed over."""
        tenant, _, name = payload.partition(" ")
        if tenant == str(self._db.tenant) and name != self._name:
            self.wake()

    def hear_ruled(self, payload: str) -> None:
        """Take what came by LISTEN of an admin's change: other tenants' are passed over."""
        if payload == str(self._db.tenant):
            for one in self._kept:
                one.forget()

    def listening(self, *, now: bool) -> None:
        """Note whether others are heard from now on; whoever begins has missed what was told before."""
        for one in self._kept:
            one.told(now=now)
        if now:
            self.wake()

    def wake(self) -> None:
        """Wake this process alone, as after a time in which rings may have been missed."""
        for wake in self._heard_by:
            wake()

    async def close(self) -> None:
        """Tell what is still to be told, then end."""
        while self._notifying:
            await asyncio.wait([self._notifying])

    async def _notify(self) -> None:
        try:
            while True:
                await asyncio.sleep(self._gather_seconds)
                self._again = False
                await self._tell()
                if not self._again:
                    return
        finally:
            self._notifying = None

    async def _tell(self) -> None:
        async def work(session: WriteSession) -> None:
            await session.run("SELECT pg_notify($1, $2)", CHANNEL, f"{session.tenant} {self._name}")

        try:
            await self._db.write(work, repeatable=True)
        except BookingError as error:
            log.warning("other replicas were not woken: %s", type(error).__name__)
