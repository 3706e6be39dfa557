"""`python -m tests.api.falling URL`: serves the API on a database; its first write, committed and not answered, kills it.

It says its port in a line. The kill is SIGKILL: nothing is closed, rolled back or told.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Never

from aiohttp import web

from core.clock import SetClock
from core.consistency import Freshness, Written
from core.db import Database, ReadSession, followed_by
from handlers import api
from handlers.services import built
from tests.handlers.firm import NOW


class Falling(Freshness):
    """Asked behind each write, when it is committed and before it is answered."""

    @contextmanager
    def following(self) -> Iterator[Written]:
        """Fall behind the first commit within."""
        before = followed_by.set(fall)
        try:
            yield Written(self)
        finally:
            followed_by.reset(before)


async def fall(_session: ReadSession) -> Never:
    """Fall."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still here")


async def serve(url: str) -> None:
    """Serve until the kill, or until the input ends."""
    db = Database(url)
    app = web.Application()
    app.add_routes(api.routes(replace(built(db, SetClock(NOW)), freshness=Falling(db))))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
