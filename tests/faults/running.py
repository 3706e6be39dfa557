"""One run from beginning to end: the world is set up, worked in, beaten, left in peace, and written down."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from bot import postgres
from core.checks import violations
from core.db import Database
from sandbox.client import SandboxClient
from tests.faults import firm, load, recording, world
from tests.faults.recording import Recording
from tests.faults.world import World

CALLS = {"kinds": ["429", "500", "503", "timeout", "lost_answer", "slow", "drop"], "methods": ["chat.*", "views.*"]}
DELIVERIES = {"kinds": ["duplicate", "reorder"], "methods": ["slash_commands", "interactive", "events_api"]}
# A lease that a killed replica left behind, the pauses after failures, and a machine that has other things to do.
DRAIN_SECONDS = 180.0
_MADE = "SELECT count(*) FROM bookings"
_LEFT = """
SELECT (SELECT count(*) FROM deliveries WHERE status = 'pending' AND (due_at <= $1 OR attempts > 0)
        AND (until IS NULL OR until > $1 - interval '1 hour'))
    + (SELECT count(*) FROM cards WHERE rendered_version < wanted_version AND given_up IS NULL
        AND (due_at <= $1 OR attempts > 0))
    + (SELECT count(*) FROM events e WHERE (e.transaction, e.number) >
        (SELECT r.transaction, r.number FROM event_readers r WHERE r.name = 'notices'))
"""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long and hard a run is. `pauses` are the seconds between kills, `speed` how fast the run's clock is."""

    bookings: int = 500
    kills: int = 200
    crashes: int = 4
    minutes: float = 12.0
    seed: int = 1
    per_second: float = 5.5
    pauses: tuple[float, float] = (1.0, 3.0)
    speed: float = 8.0
    rate: float = 0.06
    history: bool = False


async def run(plan: Plan, *, keep: Path | None = None) -> Recording:
    """Run it and return what it left behind; `keep` is a folder for the replicas' logs."""
    async with world.opened(speed=plan.speed, history=plan.history, keep=keep) as there:
        db = Database(there.url(postgres.APP), pool_size=8)
        try:
            made = await firm.found(db, there.clock, there.clock.begins)
            async with SandboxClient(there.sandbox_url) as slack:
                people = load.Load(world=there, firm=made, db=db, slack=slack, chance=random.Random(plan.seed))
                return await _run(plan, there, people)
        finally:
            await db.close()


async def _run(plan: Plan, there: World, people: load.Load) -> Recording:
    slack = people.slack
    for replica in there.replicas:
        await there.start(replica)
    await slack.wait_for(lambda: _connected(slack), seconds=60)
    await slack.faults(
        random={"seed": plan.seed, "rate": plan.rate, "slow_ms": 400, **CALLS},
        random_deliveries={"seed": plan.seed, "rate": 0.1, **DELIVERIES},
    )
    began = time.time()
    progress = Progress(plan=plan, there=there, began=began)
    await asyncio.gather(
        people.run(per_second=plan.per_second, until=lambda: progress.enough),
        progress.count(),
        progress.beat(slack),
    )
    await slack.faults(random=None, random_deliveries=None)
    peace = time.time()
    drained = await _drain(there)
    settled = time.time()
    await there.stop_replicas()
    told = await recording.tables(there.url("postgres"))
    broken = [one.name for one in await violations(people.db)]
    posts = (await slack.posts())["posts"]
    inflicted = await slack.inflicted()
    clock = there.clock
    meta: dict[str, Any] = {
        "seed": plan.seed,
        "planned": {"bookings": plan.bookings, "kills": plan.kills, "crashes": plan.crashes},
        "speed": clock.speed,
        "begins": clock.begins,
        "since": clock.since,
        "began": began,
        "peace": peace,
        "settled": settled,
        "stopped": time.time(),
        "drained": drained,
        "history": plan.history,
        "archived": progress.archived,
        "over_http_from": progress.over_http_from,
        "falls": there.falls,
        "inflicted": inflicted,
        "done": dict(people.done),
        "shared": people.shared,
        "booked_again": people.booked_again,
    }
    lines = [line for one in there.replicas for line in recording.log_lines(one.log, one.name)]
    return Recording(
        meta=meta,
        tables=told,
        posts=[recording.slim(post) for post in posts],
        kills=there.kills,
        outages=there.outages,
        yes=people.yes,
        typed=people.typed,
        log=sorted(lines, key=lambda line: line["at"]),
        violations=broken,
    )


@dataclass(kw_only=True)
class Progress:
    """How far a run has come, and what is done to the world on the way."""

    plan: Plan
    there: World
    began: float
    bookings: int = 0
    archived: float | None = None
    over_http_from: float | None = None

    @property
    def enough(self) -> bool:
        """Whether there were as many bookings and blows as planned, or the time is over."""
        if time.time() - self.began > self.plan.minutes * 60:
            return True
        return (
            self.bookings >= self.plan.bookings
            and len(self.there.kills) >= self.plan.kills
            and len(self.there.outages) >= self.plan.crashes
        )

    @property
    def _share(self) -> float:
        wanted = (self.bookings / self.plan.bookings, len(self.there.kills) / self.plan.kills)
        return min(wanted)

    async def count(self) -> None:
        """Look now and then how many bookings there are."""
        told = time.time()
        while not self.enough:
            await asyncio.sleep(0.5)
            try:
                connection = await asyncpg.connect(self.there.url("postgres"), timeout=2)
            except (OSError, asyncpg.PostgresError, TimeoutError):
                continue
            try:
                self.bookings = await connection.fetchval(_MADE)
            except (OSError, asyncpg.PostgresError):
                continue
            finally:
                connection.terminate()
            if time.time() - told > 20:
                told = time.time()
                seconds = round(told - self.began)
                print(
                    f"{seconds} s: {self.bookings} bookings, {len(self.there.kills)} kills, "
                    f"{len(self.there.outages)} crashes of the database, {len(self.there.falls)} falls",
                    file=sys.stderr,
                    flush=True,
                )

    async def beat(self, slack: SandboxClient) -> None:
        """Kill replicas, crash the database, archive a channel, go over from Socket Mode to HTTP."""
        plan, there, chance = self.plan, self.there, random.Random(self.plan.seed + 1)
        while not self.enough:
            await asyncio.sleep(chance.uniform(*plan.pauses))
            if len(there.kills) < plan.kills:
                await there.kill(chance.choice(there.replicas))
            share = len(there.kills) / plan.kills
            if len(there.outages) < plan.crashes and share * (plan.crashes + 1) >= len(there.outages) + 1:
                await there.crash_database(chance.uniform(0, 3))
            if share >= 0.5 and not there.over_http:
                there.over_http, self.over_http_from = True, time.time()
            if share >= 0.6 and self.archived is None:
                await slack.channel(firm.ARCHIVED, "archive")
                self.archived = time.time()


async def _connected(slack: SandboxClient) -> bool:
    return bool((await slack.state(firm.PEOPLE[0].slack))["app_connected"])


async def _drain(there: World) -> bool:
    """Wait until nothing is left to be told, at most so long; tell whether that came about."""
    deadline, calm = time.time() + DRAIN_SECONDS, 0
    connection = await asyncpg.connect(there.url("postgres"))
    try:
        while time.time() < deadline and calm < 3:
            left = await connection.fetchval(_LEFT, there.clock.now())
            calm = calm + 1 if left == 0 else 0
            await asyncio.sleep(0.5)
    finally:
        await connection.close()
    return calm >= 3
