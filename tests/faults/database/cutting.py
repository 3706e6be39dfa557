"""Connections that are cut where a transaction commits."""

from __future__ import annotations

from tests.conftest import Database
from tests.faults.database.crowd import gathered
from tests.faults.database.measure import Measure
from tests.faults.database.reckoning import Found, reckoned
from tests.faults.database.wire import Cutter, wired

EVERY = 4


async def cut_at_commit(there: Database, measure: Measure) -> Found:
    """Cut every fourth connection right before or right after its commit, in turn."""
    # The rooms are made in peace.
    cutter = Cutter(every=EVERY)
    cutter.at_peace = True
    async with wired(there.app_url, cutter) as url, gathered(url, url, seed=measure.seed) as crowd:
        cutter.at_peace = False
        crowd.begin()
        await crowd.until(measure.blows * measure.between)
        cutter.at_peace = True
        await crowd.go_home()
        return await reckoned(
            crowd,
            app_url=there.app_url,
            superuser_url=there.superuser_url,
            fault="connections cut at COMMIT",
            how=f"{cutter.cuts['before']} right before it, {cutter.cuts['after']} right after, of {cutter.commits:,}",
        )
