"""The invariants by the clock: one replica at a time looks at them, now and then, one after the other, without hurry.

That it is somebody's turn, and what was found last, stands under a request key of its own, so that every replica tells the
same. Kept out: what must be true (`checks`), and what is done about it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from core.checks import INVARIANTS, Report, rows
from core.db import Database, ReadSession, WriteSession
from core.errors import Busy

log = logging.getLogger(__name__)

SECONDS = 3600.0
# Whoever has begun and says nothing for so long has died over it.
TURN_SECONDS = 900.0
# What cannot be looked at within this is told as unfinished; the whole is over well before somebody else begins.
MOST_SECONDS_EACH = 60.0
MOST_SECONDS = 300.0
# As long as the database has worked for one, it is left alone, up to so long.
MOST_REST = 2.0
# A process that has just started has other things to do, and much to make up for.
SETTLING_SECONDS = 120.0
KEY = "clock:invariants"

_TURN = """
INSERT INTO requests (tenant_id, key, fingerprint, result, created_at, expires_at)
VALUES ($1, $2, '', '{}', clock_timestamp(), clock_timestamp() + $3::interval)
ON CONFLICT (tenant_id, key) DO UPDATE SET created_at = excluded.created_at, expires_at = excluded.expires_at
    WHERE requests.expires_at <= excluded.created_at
RETURNING true
"""
_KEEP = """
UPDATE requests SET result = $3, expires_at = greatest(created_at + $4::interval, clock_timestamp())
WHERE tenant_id = $1 AND key = $2
"""
_LAST = "SELECT result FROM requests WHERE tenant_id = $1 AND key = $2 AND result ? 'finished_at'"


class Checking:
    """Looks at the invariants every so many seconds, whichever replica comes first; what is found stands in the log."""

    def __init__(
        self,
        db: Database,
        *,
        seconds: float = SECONDS,
        settling: float = SETTLING_SECONDS,
        most_each: float = MOST_SECONDS_EACH,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`db` is the worker's. `seconds` 0: never; `settling` is for how many of them nothing is done at first."""
        self._db, self._seconds, self._most_each, self._monotonic = db, seconds, most_each, monotonic
        self._begins_at = monotonic() + settling

    async def advance(self, _now: datetime) -> int:
        """Look at all of them where it is time and nobody else does; return how many do not hold."""
        if not self._seconds or self._monotonic() < self._begins_at or not await self._my_turn():
            return 0
        report = await self.look()
        await self._keep(report)
        return len(report.rows)

    async def look(self) -> Report:
        """Look at all of them now, each in a short transaction of its own, and tell the log of those that do not hold."""
        found: dict[str, int] = {}
        unfinished: list[str] = []
        worked = 0.0
        for name in INVARIANTS:
            began = self._monotonic()
            if worked > MOST_SECONDS:
                unfinished.append(name)
                continue
            try:
                contradicting = await self._db.write(partial(self._rows, name=name), repeatable=True)
                if contradicting:
                    found[name] = len(contradicting)
                    log.error("an invariant does not hold", extra=_told(name, contradicting))
            except Busy:
                unfinished.append(name)
                log.warning("an invariant could not be looked at in time", extra={"action": "invariants", "invariant": name})
            took = self._monotonic() - began
            worked += took
            await asyncio.sleep(min(took, MOST_REST))
        now = await self._db.read(_clock)
        return Report(finished_at=now, seconds=worked, rows=found, unfinished=tuple(unfinished))

    async def last(self) -> Report | None:
        """Return what was found last, by whichever replica; None where nobody has looked of late."""

        async def work(session: ReadSession) -> Mapping[str, Any] | None:
            kept: Mapping[str, Any] | None = await session.value(_LAST, session.tenant, KEY)
            return kept

        kept = await self._db.read(work)
        if kept is None:
            return None
        return Report(
            finished_at=datetime.fromisoformat(kept["finished_at"]),
            seconds=kept["seconds"],
            rows=kept["rows"],
            unfinished=tuple(kept["unfinished"]),
        )

    async def _rows(self, session: WriteSession, *, name: str) -> list[Mapping[str, Any]]:
        await session.run("SET TRANSACTION READ ONLY")
        await session.run(f"SET LOCAL statement_timeout = {round(self._most_each * 1000)}")
        await session.run("SET LOCAL work_mem = '64MB'")
        return await rows(session, name)

    async def _my_turn(self) -> bool:
        async def work(session: WriteSession) -> bool:
            return bool(await session.value(_TURN, session.tenant, KEY, timedelta(seconds=TURN_SECONDS)))

        return await self._db.write(work, repeatable=False)

    async def _keep(self, report: Report) -> None:
        kept = {
            "finished_at": report.finished_at.isoformat(),
            "seconds": round(report.seconds, 3),
            "rows": dict(report.rows),
            "unfinished": list(report.unfinished),
        }

        async def work(session: WriteSession) -> None:
            await session.run(_KEEP, session.tenant, KEY, json.dumps(kept), timedelta(seconds=self._seconds))

        await self._db.write(work, repeatable=True)


async def _clock(session: ReadSession) -> datetime:
    now: datetime = await session.value("SELECT clock_timestamp()")
    return now


def _told(name: str, contradicting: list[Mapping[str, Any]]) -> dict[str, object]:
    """Return what the log says of one: ids of the first rows, by which they are found, and nothing that people wrote."""
    first = contradicting[0]
    ids = {field: str(value) for field, value in first.items() if field.endswith("_id")}
    return {"action": "invariants", "invariant": name, "count": len(contradicting), **ids}
