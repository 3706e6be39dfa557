"""Replicas of the bot, as `serve` builds them, are killed while programs book, move and cancel through their API."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime

from bot import postgres
from bot.stress.plan import Plan, beginning
from bot.stress.running import YES, Run, Tally
from bot.stress.through_api import ThroughApi, through_api
from core.clock import SystemClock
from core.db import Database
from core.people import People, Profile
from core.tokens import Scope, Tokens
from tests.faults import world
from tests.faults.database.crowd import Crowd
from tests.faults.database.measure import Measure
from tests.faults.database.reckoning import Found, reckoned
from tests.faults.world import World

PAUSES = (0.4, 1.0)
ATTEMPTS_A_BLOW = 40
# Whoever was killed takes connections for a moment more.
GONE_SECONDS = 0.2
CLIENTS = 16


async def killed(measure: Measure) -> Found:
    """Kill one of two replicas every second or so, until all is attempted; another takes its place at once."""
    dice, begins = random.Random(measure.seed), beginning(SystemClock().now())
    attempts = measure.blows * ATTEMPTS_A_BLOW
    plan = Plan(attempts=attempts, concurrency=CLIENTS, connections=CLIENTS, rooms=8, overlap=0.3, seed=measure.seed)
    with _as_many_requests_as_come():
        async with world.opened(speed=1.0, history=False) as there:
            for replica in there.replicas:
                await there.start(replica)
            async with _target(there, plan, begins) as target:
                answered: list[float] = []
                run = Run(plan, target, begins=begins, step=lambda: answered.append(time.monotonic()))
                await run.prepare()
                enough = asyncio.Event()
                blows = asyncio.create_task(_blows(there, dice, enough))
                try:
                    tally = await run.carry_out()
                finally:
                    enough.set()
                    await blows
                crowd = _told(tally, answered)
                found = await reckoned(
                    crowd,
                    app_url=there.url(postgres.APP),
                    superuser_url=there.url("postgres"),
                    fault="replicas killed by SIGKILL",
                    how=f"{len(there.kills)} of two replicas, through the API, {CLIENTS} programs",
                )
            await there.stop_replicas()
            return found


async def _blows(there: World, dice: random.Random, enough: asyncio.Event) -> None:
    while not enough.is_set():
        await asyncio.sleep(dice.uniform(*PAUSES))
        await there.kill(dice.choice(there.replicas))
        # One at a time, as an operator or a cluster would replace them.
        await asyncio.sleep(GONE_SECONDS)
        await _serving(there)


@asynccontextmanager
async def _target(there: World, plan: Plan, begins: datetime) -> AsyncIterator[ThroughApi]:
    """Reach the API behind something that passes connections on to a replica that takes them."""
    front = await asyncio.start_server(there.carry, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{front.sockets[0].getsockname()[1]}"
    try:
        token = await _token(there.url(postgres.APP))
        await _serving(there)
        async with through_api(plan, url=url, token=token, begins=begins, name="Faults", check=None) as target:
            yield target
    finally:
        front.close()


async def _token(url: str) -> str:
    db = Database(url, pool_size=1)
    try:
        admin = await People(db).seen(Profile(slack_team_id="T1", slack_user_id="UADMIN", name="An admin", admin=True))
        _, secret = await Tokens(db, SystemClock()).make(admin.id, name="faults", scopes=[Scope.ADMIN])
        return secret
    finally:
        await db.close()


async def _serving(there: World) -> None:
    """Wait until every replica takes connections."""
    for replica in there.replicas:
        async with asyncio.timeout(world.READY_SECONDS):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", replica.port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break


@contextmanager
def _as_many_requests_as_come() -> Iterator[None]:
    """Let one token ask as often as it likes, in the replicas that are started within."""
    before = os.environ.get("API_REQUESTS_PER_MINUTE")
    os.environ["API_REQUESTS_PER_MINUTE"] = "0"
    try:
        yield
    finally:
        del os.environ["API_REQUESTS_PER_MINUTE"]
        if before is not None:
            os.environ["API_REQUESTS_PER_MINUTE"] = before


def _told(tally: Tally, answered: list[float]) -> Crowd:
    """Return what was told as if a crowd had been; each state of a booking counts as one yes."""
    crowd = Crowd(replicas=[], rooms=[], people=[], dice=random.Random(0), tally=tally, yes_at=answered)
    for outcomes in tally.counted().values():
        crowd.said.update({name: count for name, count in outcomes.items() if name != YES})
    for booking_id, versions in tally.told.items():
        for version in versions:
            crowd.note(booking_id, version)
    return crowd
