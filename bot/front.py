"""Where the process listens for HTTP: one application, one port. Kept out: what is answered there."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket

from aiohttp import web

from bot.config import Settings, SettingsError
from handlers import api

log = logging.getLogger(__name__)

# All who hear events may come again at the same moment.
BACKLOG = 1024


class Front:
    """The one port. `port` is the one that was found where the settings leave it open."""

    def __init__(self, settings: Settings, *, shutdown_seconds: float) -> None:
        self._settings, self._shutdown_seconds = settings, shutdown_seconds
        self._runner: web.AppRunner | None = None
        self.port = settings.port

    async def open(self, app: web.Application) -> None:
        """Listen; raises SettingsError where host and port cannot be used."""
        settings = self._settings
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=self._shutdown_seconds, max_line_size=api.LONGEST_LINE
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, settings.host, settings.port, backlog=BACKLOG).start()
        except OSError as error:
            await self._runner.cleanup()
            # The system's own words where there are some: the event loop's repeat the address.
            reason = error.strerror if isinstance(error, socket.gaierror) or not error.errno else os.strerror(error.errno)
            raise SettingsError(f"HOST {settings.host} and PORT {settings.port} cannot be used: {reason}.") from error
        self.port = self._runner.addresses[0][1]
        log.info("listening", extra={"action": "listen", "host": settings.host, "port": self.port})

    async def hear_nothing_more(self) -> None:
        """Take no new connections; those that are open go on."""
        if self._runner:
            for site in list(self._runner.sites):
                await site.stop()

    async def close(self, seconds: float) -> None:
        """End what is still open, within so many seconds."""
        if self._runner:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._runner.cleanup(), seconds)
