"""What a fault has cost: every yes held against what is stored, the invariants, and a row of the table."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import asyncpg

from bot.stress.running import YES
from bot.stress.told import Told, Violated
from bot.stress.verdict import judged
from core import checks
from core.db import Database
from core.models import HOLDS_ROOM, Slot, Status
from tests.faults.database.crowd import Crowd

_STORED = "SELECT id, version, room_id, start_time, end_time, status FROM bookings"
_HAPPENED = "SELECT booking_id, booking_version FROM events"


@dataclass(frozen=True, kw_only=True)
class Found:
    """A row of the table. `seconds` is the longest time in which nobody was granted anything."""

    fault: str
    how: str
    said: dict[str, int]
    yes: int
    stored: int
    wrong: tuple[str, ...]
    violations: tuple[str, ...]
    seconds: float
    slowest: float
    may_lose: bool = False
    notes: tuple[str, ...] = field(default=())

    @property
    def lost(self) -> int:
        """How many were told yes of what is not stored."""
        return self.yes - self.stored

    @property
    def holds(self) -> bool:
        """Whether it went as it must; where the fault is known to lose some, the rest must hold all the same."""
        return not self.violations and (self.may_lose or (self.lost == 0 and not self.wrong))

    def facts(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {**asdict(self), "lost": self.lost, "holds": self.holds}


async def reckoned(
    crowd: Crowd,
    *,
    app_url: str,
    superuser_url: str,
    fault: str,
    how: str,
    may_lose: bool = False,
    notes: tuple[str, ...] = (),
) -> Found:
    """Hold what the crowd was told against what is in the database."""
    stored, happened = await _stored(superuser_url)
    db = Database(app_url, pool_size=1)
    try:
        violations = [Violated(name=one.name, rows=one.rows) for one in await checks.violations(db)]
    finally:
        await db.close()
    verdict = judged(crowd.tally, stored, violations)
    told = [(booking_id, version) for booking_id, versions in crowd.tally.told.items() for version in versions]
    return Found(
        fault=fault,
        how=how,
        said=dict(crowd.said),
        yes=crowd.said[YES],
        stored=sum(crowd.told_times(one) for one in told if one in happened),
        wrong=(*verdict.lost, *verdict.untold, *(f"fault: {name}" for name in verdict.faults)),
        violations=(*(one.name for one in verdict.violations), *verdict.overlaps),
        seconds=crowd.longest_pause,
        slowest=crowd.slowest,
        may_lose=may_lose,
        notes=notes,
    )


async def _stored(url: str) -> tuple[list[Told], set[tuple[Any, int]]]:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        rows = await connection.fetch(_STORED)
        happened = {(row["booking_id"], row["booking_version"]) for row in await connection.fetch(_HAPPENED)}
    finally:
        await connection.close()
    return [
        Told(
            id=row["id"],
            version=row["version"],
            room=row["room_id"],
            slot=Slot(start=row["start_time"], end=row["end_time"]),
            holds=Status(row["status"]) in HOLDS_ROOM,
        )
        for row in rows
    ], happened


def words(said: dict[str, int]) -> str:
    """Return what was said, most often first, a yes before everything."""
    ordered = sorted(Counter(said).items(), key=lambda one: (one[0] != YES, -one[1]))
    return ", ".join(f"{count:,} {name}" for name, count in ordered)


def table(rows: list[Found]) -> str:
    """Return the rows as a table in Markdown, with what was noted below."""
    lines = [
        "| what is broken | how | what people were told | yes | stored | lost | violations | longest pause |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {one.fault} | {one.how} | {words(one.said)} | {one.yes:,} | {one.stored:,} | {one.lost:,} "
        f"| {len(one.violations)} | {one.seconds:.1f} s |"
        for one in rows
    ]
    noted = [f"- {one.fault}: {note}" for one in rows for note in one.notes]
    return "\n".join([*lines, "", *noted])
