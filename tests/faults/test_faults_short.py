"""The short form of `make faults`: replicas of the bot are killed ten times while people work, and nothing goes wrong."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from tests.faults.__main__ import SHORT
from tests.faults.reconciliation import reconcile
from tests.faults.running import run


@pytest.mark.race
@pytest.mark.timeout(600)
@pytest.mark.skipif(os.environ.get("PG") == "system", reason="it crashes and restarts a PostgreSQL of its own")
async def test_nothing_is_lost_or_said_twice_while_replicas_are_killed_and_slack_fails():
    recording = await run(replace(SHORT, seed=int(os.environ.get("FAULTS_SEED", "1"))))
    outcome = reconcile(recording)
    print(outcome.table())
    assert len(recording.kills) == SHORT.kills
    assert len(recording.outages) == SHORT.crashes
    assert outcome.failed == [], outcome.table()
