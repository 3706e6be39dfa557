"""PostgreSQL is stopped and started again while people book."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bot import postgres
from migrations import upgrade
from tests.faults.database.crowd import gathered
from tests.faults.database.measure import Measure
from tests.faults.database.reckoning import Found, reckoned
from tests.standby import NAME, database_of

MODES = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}


@contextmanager
def steady(folder: Path, settings: Mapping[str, str]) -> Iterator[postgres.Server]:
    """Run a migrated server in a folder that comes back at the same port, so that nobody has to be told where it is."""
    with postgres.Server(folder / "data", port=postgres.free_port(), settings=settings, auth="trust") as server:
        postgres.provision(server, NAME)
        upgrade(server.url(postgres.OWNER, NAME))
        yield server


async def restarted(server: postgres.Server, measure: Measure, *, mode: str) -> Found:
    """Stop the server in a mode ("fast" or "immediate"), and start it again."""
    there = database_of(server)
    async with gathered(there.app_url, there.app_url, seed=measure.seed) as crowd:
        crowd.begin()
        for _ in range(measure.blows):
            await crowd.until(measure.between)
            await stop(server, MODES[mode])
            await asyncio.sleep(measure.away_seconds)
            # In the main thread, for whose life it runs.
            server.start()
        await crowd.until(measure.between)
        await crowd.go_home()
        return await reckoned(
            crowd,
            app_url=there.app_url,
            superuser_url=there.superuser_url,
            fault=f"PostgreSQL restarted, {mode}",
            how=f"{measure.blows} times, away for {measure.away_seconds:g} s",
        )


async def stop(server: postgres.Server, number: signal.Signals) -> None:
    """End the server by a signal, and wait for that without keeping anybody from what they do."""
    assert server.pid is not None
    os.kill(server.pid, number)
    while server.alive:  # noqa: ASYNC110 - only polling tells
        await asyncio.sleep(0.01)
    server.stop()
