"""The databases in which tenants live: the main one, and those that the settings name, each with pools of its own.

A database that does not answer is nobody's trouble but of those who live there. Kept out: who lives where (`core.tenants`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from bot.background import POOL_SIZE, as_far_as_allowed
from bot.config import Settings
from bot.listening import Ear, Listener
from bot.metrics import Metrics
from bot.replica import replica_of
from bot.schema_version import require_schema
from core import roles
from core.db import Database
from core.errors import Unavailable
from core.scoped import NOBODY

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """One database, as the application and as the worker, for whichever tenant; and what is heard there."""

    app: Database
    worker: Database
    listener: Listener


class Homes:
    """All of them; one that is not the main one is opened when somebody lives there. `ear` hears all."""

    def __init__(self, settings: Settings, metrics: Metrics, ear: Ear, *, directory: Callable[[str], None]) -> None:
        """`directory` is told of tenants whose entry there has changed."""
        self._directory = directory
        self._settings, self._metrics, self._ear = settings, metrics, ear
        self._opening: dict[str, asyncio.Task[Home]] = {}
        self.main = self._home(settings.app_url, settings.worker_url, watched=True)
        # Before anybody has a view of it for a tenant: each has its copy too.
        self.main.app.copy = self.replica = replica_of(settings, NOBODY, metrics.telling)

    async def open(self) -> None:
        """Open the main database; raises SchemaMismatch or Unavailable."""
        await self._ready(self.main, step_down=not self._settings.database_worker_url)
        if self.replica:
            self.replica.start()

    async def at(self, placement: str | None) -> Home:
        """Return a tenant's home by its placement; raises Unavailable where it cannot be had now, or nobody named it."""
        if placement is None:
            return self.main
        if placement not in self._opening:
            self._opening[placement] = asyncio.create_task(self._opened(placement))
        task = self._opening[placement]
        try:
            return await asyncio.shield(task)
        except Exception:
            # The next who asks tries anew.
            if self._opening.get(placement) is task:
                del self._opening[placement]
            raise

    def all(self) -> list[Home]:
        """Return those that are open."""
        done = (task for task in self._opening.values() if task.done() and not task.cancelled() and not task.exception())
        return [self.main, *(task.result() for task in done)]

    async def close(self) -> None:
        """Hang up and close every connection."""
        if self.replica:
            await self.replica.stop()
        for home in self.all():
            await home.listener.stop()
            await home.app.close()
            await home.worker.close()

    async def _opened(self, placement: str) -> Home:
        url = self._settings.placements.get(placement)
        if url is None:
            log.error("TENANT_DATABASES does not name %s, where a workspace lives", placement)
            raise Unavailable("This workspace's bookings cannot be reached at the moment.")
        home = self._home(url, url, watched=False)
        try:
            await self._ready(home, step_down=True)
        except BaseException:
            await home.app.close()
            await home.worker.close()
            raise
        return home

    async def _ready(self, home: Home, *, step_down: bool) -> None:
        await require_schema(home.app)
        if step_down:
            await as_far_as_allowed(home.worker, self._settings)
        await require_schema(home.worker)
        home.listener.start()

    def _home(self, url: str, worker_url: str, *, watched: bool) -> Home:
        app = Database(url, tenant=NOBODY, pool_size=self._settings.db_pool_size)
        worker = Database(worker_url, tenant=NOBODY, role=roles.WORKER, pool_size=POOL_SIZE)
        for db, role in ((app, roles.APPLICATION), (worker, roles.WORKER)):
            if watched:
                self._metrics.watch(db, role)
            else:
                db.telling = self._metrics.telling
        told = self._directory if watched else None
        return Home(app=app, worker=worker, listener=Listener(worker_url, self._ear, directory=told))
