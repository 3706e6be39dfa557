"""A transaction that has moved its booking to a slot, and then does nothing, while others want the slot."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta

from bot.stress.plan import Kind
from core.catalogue import Catalogue
from core.db import WriteSession
from core.models import Change, Changed, Wish
from tests.conftest import Database
from tests.faults.database.crowd import Crowd, gathered
from tests.faults.database.measure import Measure
from tests.faults.database.reckoning import Found, reckoned, words

RIVALS = 5
# Longer than a transaction of ours may be idle.
STALLED_SECONDS = 3.5


async def stalled(there: Database, measure: Measure) -> Found:
    """Let somebody stall in the midst of a move, again and again, with rivals for the slot and a crowd elsewhere."""
    heard: list[tuple[str, float]] = []
    async with gathered(there.app_url, there.app_url, seed=measure.seed) as crowd:
        crowd.begin()
        rooms = len(crowd.rooms)
        for blow in range(max(1, measure.blows // 2)):
            await crowd.until(measure.between)
            heard += await _one(crowd, blow % rooms, blow // rooms)
        await crowd.until(measure.between)
        await crowd.go_home()
        return await reckoned(
            crowd,
            app_url=there.app_url,
            superuser_url=there.superuser_url,
            fault="a stalled transaction on a slot",
            how=f"{max(1, measure.blows // 2)} moves that stop in the middle, {RIVALS} rivals for each",
            notes=(_note(heard),),
        )


def _note(heard: list[tuple[str, float]]) -> str:
    refusals, slowest = Counter(code for code, _ in heard), max((took for _, took in heard), default=0.0)
    return (
        f"the rivals were told {words(dict(refusals))}, the slowest of it after {slowest:.1f} s; PostgreSQL ended the "
        "stalled transactions (idle_in_transaction_session_timeout), and they were done again or refused"
    )


async def _one(crowd: Crowd, room: int, week: int) -> list[tuple[str, float]]:
    """Stall once; return what the rivals were told that was no yes, and after how many seconds."""
    at, person = crowd.replicas[0], crowd.people[0]
    slot = crowd.slot()
    # Far behind what the crowd wants.
    shift = timedelta(days=30 + week)
    slot = type(slot)(start=slot.start + shift, end=slot.end + shift)
    elsewhere = type(slot)(start=slot.start + timedelta(hours=12), end=slot.end + timedelta(hours=12))
    wanted = crowd.rooms[room].id
    key = f"stall {room} {week}"
    first = await crowd.insist(
        Kind.BOOK,
        None,
        lambda at, key: at.bookings.book(Wish(slot=elsewhere, room_id=wanted), by=person, key=key),
        key=f"{key} first",
    )
    assert first is not None
    holding, times = asyncio.Event(), 0

    async def stall(_session: WriteSession, done: Changed, _catalogue: Catalogue, _now: datetime) -> Changed:
        nonlocal times
        times += 1
        holding.set()
        if times == 1:
            await asyncio.sleep(STALLED_SECONDS)
        return done

    async def move() -> None:
        await crowd.insist(
            Kind.MOVE,
            first.id,
            lambda _, key: at.bookings.change(
                first.id, Change(slot=slot), version=first.version, by=person, key=key, then=stall
            ),
            key=f"{key} stalled",
        )

    async def rival(number: int) -> None:
        await crowd.insist(
            Kind.BOOK,
            None,
            lambda at, key: at.bookings.book(Wish(slot=slot, room_id=wanted), by=crowd.people[number + 1], key=key),
            key=f"{key} rival {number}",
            heard=heard,
        )

    heard: list[tuple[str, float]] = []
    moving = asyncio.create_task(move())
    await holding.wait()
    await asyncio.gather(*(rival(number) for number in range(RIVALS)))
    # Asked again, as people do, until the slot is somebody's.
    await asyncio.gather(moving, *(rival(number + RIVALS) for number in range(2)))
    return heard
