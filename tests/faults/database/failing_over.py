"""The primary dies as if its power had failed, its standby takes over, and the bot goes on there by itself.

The bot's address names both servers, with `target_session_attrs=read-write`: nobody tells it anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

import asyncpg

from bot import postgres
from tests.faults.database.crowd import gathered
from tests.faults.database.measure import Measure
from tests.faults.database.reckoning import Found, reckoned
from tests.standby import NAME, Standby, database_of, standby_of

CUT_OFF_SECONDS = 0.5


async def failed_over(primary: postgres.Server, measure: Measure, *, synchronous: bool, cut_off: bool = False) -> Found:
    """Kill the primary and promote its standby. With `cut_off`, nothing reaches the standby for a moment before that."""
    async with (
        standby_of(primary, synchronous=synchronous) as standby,
        gathered(*[both(primary, standby)] * 2, seed=measure.seed) as crowd,
    ):
        await standby.caught_up()
        crowd.begin()
        await crowd.until(measure.between)
        await _die(primary, cut_off=cut_off)
        await standby.promote()
        await crowd.until(measure.between)
        await crowd.go_home()
        when = f", cut off for {CUT_OFF_SECONDS:g} s before" if cut_off else ""
        return await reckoned(
            crowd,
            app_url=standby.urls.app_url,
            superuser_url=standby.urls.superuser_url,
            fault=f"failover, {'synchronous' if synchronous else 'asynchronous'}{', standby cut off' if cut_off else ''}",
            how=f"primary killed{when}, standby promoted, one address for both",
            may_lose=not synchronous,
        )


def both(primary: postgres.Server, standby: Standby) -> str:
    """Return the address that leads to whichever of the two may be written to."""
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    return f"postgresql://{postgres.APP}@{hosts}/{NAME}?target_session_attrs=read-write"


async def _die(primary: postgres.Server, *, cut_off: bool) -> None:
    """Kill every process of the primary at once; with `cut_off`, what feeds the standby is stopped some time before."""
    connection = await asyncpg.connect(database_of(primary).superuser_url)
    senders = await connection.fetch("SELECT pid FROM pg_stat_replication")
    await connection.close()
    if cut_off:
        for row in senders:
            os.kill(row["pid"], signal.SIGSTOP)
        await asyncio.sleep(CUT_OFF_SECONDS)
    assert primary.pid is not None
    # The postmaster first: it would otherwise take its child's end for a crash, and begin anew.
    for pid in (primary.pid, *(row["pid"] for row in senders)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while primary.alive:  # noqa: ASYNC110 - only polling tells
        await asyncio.sleep(0.01)
    primary.stop()
