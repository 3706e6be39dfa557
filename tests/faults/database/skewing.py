"""Replicas whose clocks are wrong: five minutes ahead, five behind, and one that jumps."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg

from bot.stress.plan import Kind
from core.clock import Clock, SystemClock
from core.errors import SlotTaken
from core.models import Slot, Wish
from tests.conftest import Database
from tests.faults.database.crowd import Crowd, Replica, gathered
from tests.faults.database.measure import Measure
from tests.faults.database.reckoning import Found, reckoned

SKEW = timedelta(minutes=5)
_WAITING = """
SET session_replication_role = replica;
UPDATE bookings SET status = 'pending' WHERE id = '{0}';
UPDATE events SET after = jsonb_set(after, '{{status}}', '"pending"') WHERE booking_id = '{0}';
UPDATE room_claims SET expires_at = now() + interval '3 minutes' WHERE booking_id = '{0}';
INSERT INTO approvals (tenant_id, id, booking_id, asked_at, expires_at)
    SELECT tenant_id, gen_random_uuid(), booking_id, now(), expires_at FROM room_claims WHERE booking_id = '{0}';
"""


class SkewedClock:
    """Is wrong by so much."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return SystemClock().now() + self._by


class JumpingClock:
    """Is wrong by something else each time, up to so much either way."""

    def __init__(self, most: timedelta, dice: random.Random) -> None:
        self._most, self._dice = most, dice

    def now(self) -> datetime:
        return SystemClock().now() + self._most * self._dice.uniform(-1, 1)


async def skewed(there: Database, measure: Measure) -> Found:
    """Let replicas that disagree about the time serve one crowd; then look at what is booked around the present moment."""
    dice = random.Random(measure.seed)
    clocks: list[Clock] = [SystemClock(), SkewedClock(SKEW), SkewedClock(-SKEW), JumpingClock(SKEW, dice)]
    async with gathered(*(there.app_url for _ in clocks), seed=measure.seed, clocks=clocks) as crowd:
        crowd.begin()
        await crowd.until(measure.blows * measure.between)
        await crowd.go_home()
        _, ahead, behind, _ = crowd.replicas
        soon = await _around(crowd, ahead, timedelta(minutes=2), 0)
        past = await _around(crowd, behind, timedelta(minutes=-2), 1)
        notes = (
            f"a booking that began in two minutes was {soon} by the replica that is ahead",
            f"a booking that had begun two minutes ago was {past} by the replica that is behind",
        )
        found = await reckoned(
            crowd,
            app_url=there.app_url,
            superuser_url=there.superuser_url,
            fault="clocks of replicas disagree",
            how="one right, one 5 minutes ahead, one 5 behind, one that jumps within 5 either way",
            notes=notes,
        )
        early = await _held_until_soon(crowd, there)
        note = f"a room that was held for approval for three minutes more was {early} by the replica that is ahead"
        return replace(found, notes=(*found.notes, note))


async def _held_until_soon(crowd: Crowd, there: Database) -> str:
    """Let a booking wait for approval for three minutes more; return what becomes of it when the replica ahead wants it."""
    right, ahead, *_ = crowd.replicas
    slot = crowd.slot()
    slot = Slot(start=slot.start + timedelta(days=60), end=slot.end + timedelta(days=60))
    wish = Wish(slot=slot, room_id=crowd.rooms[0].id)
    waiting = await right.bookings.book(wish, by=crowd.people[0], key="held")
    connection = await asyncpg.connect(there.superuser_url)
    try:
        await connection.execute(_WAITING.format(waiting.id))
    finally:
        await connection.close()
    try:
        await ahead.bookings.book(wish, by=crowd.people[1], key="wants it")
    except SlotTaken:
        return "kept"
    return "given away already"


async def _around(crowd: Crowd, at: Replica, begins: timedelta, room: int) -> str:
    """Return what came of booking a time near the present moment through a replica, in a word."""
    start = (datetime.now(UTC) + begins).replace(microsecond=0)
    wish = Wish(slot=Slot(start=start, end=start + timedelta(minutes=15)), room_id=crowd.rooms[room].id)
    heard: list[tuple[str, float]] = []
    made = await crowd.insist(
        Kind.BOOK,
        None,
        lambda _, key: at.bookings.book(wish, by=crowd.people[0], key=key),
        key=f"around {begins}",
        heard=heard,
    )
    return "granted" if made else f"refused ({heard[-1][0]})"
