"""A copy of the database that follows it (a hot standby), and who is read from it: whoever may, as long as it is well.

Each second the database's heartbeat is written and looked for in the copy: by the newest one that it has, a copy shows
whom it follows and how far behind it is, also while nothing else is written. Where it is away, too far behind, on another
timeline, or a server in its own right by now, everything is read where it is written, until it is well again; so is each
single reading that it fails. Nothing is ever written by way of it. Kept out: who may read a copy (`reading`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from math import inf
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core import roles
from core.address import driver_dsn
from core.consistency import TIMELINE, Consistency
from core.db import DEADLOCK, DEFAULT_TENANT, SERIALIZATION_FAILURE, TIMEOUTS, Database, LostConnectionError, ReadSession
from core.errors import BookingError
from core.feed import Position
from core.reading import Elsewhere
from core.telling import SILENT, Telling

T = TypeVar("T")
log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
LAG_SECONDS = 5.0
# A reading that takes longer than this is done where it is written; connecting is part of it.
READ_SECONDS = 2.5
POOL_SECONDS = 0.5
ANSWER_SECONDS = 1.0
REPLICA, PRIMARY = "replica", "primary"

_READ_ONLY = {"default_transaction_read_only": "on"}
# A commit that waits for a copy would say nothing of how far behind it is.
_AT_ONCE = {"synchronous_commit": "local"}
# One of several processes writes; a clock that was set back must not stop it.
_BEAT = f"""
WITH beat AS (
    INSERT INTO heartbeats AS h (timeline, beaten_at) VALUES ({TIMELINE}, clock_timestamp())
    ON CONFLICT (one) DO UPDATE SET timeline = excluded.timeline, beaten_at = excluded.beaten_at
        WHERE h.timeline <> excluded.timeline
            OR h.beaten_at NOT BETWEEN excluded.beaten_at - $1 * interval '1 second' AND excluded.beaten_at
)
SELECT {TIMELINE} AS timeline, pg_current_wal_flush_lsn()::text AS place, clock_timestamp() AS at
"""
_SEEN = """
SELECT pg_is_in_recovery() AS follows, pg_last_wal_replay_lsn()::text AS place, b.timeline, b.beaten_at
FROM (SELECT) AS one LEFT JOIN heartbeats b ON true
"""
_KNOWN = "SELECT pg_is_in_recovery() AS follows, EXISTS (SELECT FROM events WHERE tenant_id = $1 AND {}) AS there"
_HAPPENED = _KNOWN.format("transaction = $2::xid8 AND number = $3")
_NAMED = _KNOWN.format("id = $2")
_TROUBLE = (
    LostConnectionError,
    OSError,
    PoolTimeoutError,
    DBAPIError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)
# It lets nobody in, or is silent. A connection that was lost tells of itself alone: the server may be back long since.
_GONE = (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError)


class Why(StrEnum):
    """Why something was read where it is written although a copy would have done."""

    STARTING = "starting"
    UNJUDGED = "unjudged"
    """The copy was not looked at for a while: the database itself does not answer."""
    AWAY = "away"
    LAGGING = "lagging"
    TIMELINE = "timeline"
    """The copy follows another server, or what was asked for was written on another timeline."""
    PROMOTED = "promoted"
    NOT_YET = "not_yet"
    """It has not come as far as was asked for."""
    REFUSED = "refused"
    """It knows nothing of what was asked for: only who has the last word says that there is no such thing."""
    CONFLICT = "conflict"
    """It had to change what was just being read."""
    FULL = "full"
    FAILED = "failed"


class _UnfitError(Exception):
    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a copy stood when it was looked at (`at`, of the monotonic clock); `why` None: well enough to be read.

    `timeline` is the one that the database writes; `seconds` and `size` (in bytes) are how far the copy is behind,
    infinite where that is not known.
    """

    why: Why | None
    at: float = field(default_factory=monotonic)
    timeline: int = 0
    seconds: float = inf
    size: float = inf


class Replica:
    """Reads a copy for those who have leave to; `start` begins to look after it, which needs not be there yet.

    `url` is the copy's, `primary_url` that of the database it follows, both for the application. It may be
    `most_seconds` behind.
    """

    def __init__(
        self,
        url: str,
        *,
        primary_url: str,
        tenant: UUID = DEFAULT_TENANT,
        role: str = roles.APPLICATION,
        pool_size: int = 10,
        most_seconds: float = LAG_SECONDS,
        look_seconds: float = LOOK_SECONDS,
        telling: Telling = SILENT,
    ) -> None:
        self._telling = telling
        self.standing = Standing(why=Why.STARTING)
        self._most_seconds, self._look_seconds = most_seconds, look_seconds
        self._there = Database(
            url,
            tenant=tenant,
            role=role,
            pool_size=pool_size,
            pool_timeout=POOL_SECONDS,
            timeouts={**TIMEOUTS, **_READ_ONLY},
        )
        self._to_primary = _Line(primary_url, {"role": role, **_AT_ONCE})
        self._to_replica = _Line(url, {"role": role, **_READ_ONLY})
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look after the copy from now on."""
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Look no more, and close every connection."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._to_primary.hang_up()
        self._to_replica.hang_up()
        await self._there.close()

    @property
    def unfit(self) -> Why | None:
        """Why it cannot be read now; None where it can."""
        standing = self.standing
        # What was seen of it holds for as long as it may be behind: what it has is not older than that.
        if monotonic() - standing.at > max(self._most_seconds, 3 * self._look_seconds):
            return Why.STARTING if standing.why is Why.STARTING else Why.UNJUDGED
        return standing.why

    async def read(
        self,
        db: Database,
        work: Callable[[ReadSession], Awaitable[T]],
        leave: Elsewhere,
        *,
        settings: str | None = None,
        seconds: float = READ_SECONDS,
    ) -> T:
        """Run reading `work` on the copy, or where it is unfit or fails, on the database; raises what `db.read` does.

        With `settings` it is one transaction that begins with them; see `Database.report`.
        """
        why = self.unfit or self._too_early(leave)
        if why is None:
            try:
                async with asyncio.timeout(seconds):
                    found = await self._read_there(db.tenant, work, leave, settings)
            except BookingError as error:
                log.debug("the replica refuses a reading: %s", error.code)
                why = Why.REFUSED
            except _UnfitError as error:
                why = error.why
            except _TROUBLE as error:
                why = self._in_trouble(error)
            else:
                db.telling.read_at(REPLICA, "fit")
                return found
        db.telling.read_at(PRIMARY, why)
        return await db.read_here(work, settings=settings)

    async def look(self) -> Standing:
        """Let the database's heart beat, look for it in the copy, and return how that stands."""
        try:
            beat = await self._to_primary.ask(_BEAT, self._look_seconds * 0.7)
        except _Line.BROKEN as error:
            log.warning("the replica cannot be judged, the database does not answer: %s", type(error).__name__)
            return self.standing
        try:
            seen = await self._to_replica.ask(_SEEN)
        except _Line.BROKEN as error:
            log.debug("the replica does not answer: %s", type(error).__name__)
            return Standing(why=Why.AWAY, timeline=beat["timeline"])
        return self._judged(beat, seen)

    def _too_early(self, leave: Elsewhere) -> Why | None:
        elsewhere = isinstance(leave.after, Consistency) and leave.after.timeline != self.standing.timeline
        return Why.TIMELINE if elsewhere else None

    async def _read_there(
        self, tenant: UUID, work: Callable[[ReadSession], Awaitable[T]], leave: Elsewhere, settings: str | None
    ) -> T:
        there = self._there if tenant == self._there.tenant else self._there.of(tenant)

        async def checked(session: ReadSession) -> T:
            if leave.after is not None:
                # On the very connection that is read next: a copy that was restarted may have fallen back.
                await _require(session, leave.after)
            return await work(session)

        return await there.read_once(checked, settings=settings)

    def _in_trouble(self, error: Exception) -> Why:
        """Return what came between; a copy that is gone is not tried again before it was looked at."""
        if isinstance(error, PoolTimeoutError):
            return Why.FULL
        if getattr(error, "sqlstate", None) in {SERIALIZATION_FAILURE, DEADLOCK}:
            return Why.CONFLICT
        if isinstance(error, LostConnectionError) and not isinstance(error.__cause__, asyncpg.ReadOnlySQLTransactionError):
            return Why.AWAY
        if isinstance(error, _GONE):
            self._stands(replace(self.standing, why=Why.AWAY, at=monotonic(), seconds=inf, size=inf))
            return Why.AWAY
        log.warning("the replica failed a reading: %s", type(error).__name__)
        return Why.FAILED

    async def _watch(self) -> None:
        while True:
            try:
                self._stands(await self.look())
            except Exception:
                log.exception("the replica cannot be looked at", extra={"action": "look_at_replica"})
            self._telling.lags(self.standing.seconds)
            self._telling.lacks(self.standing.size)
            await asyncio.sleep(self._look_seconds)

    def _stands(self, standing: Standing) -> None:
        if standing.why is not self.standing.why:
            said = "the replica is read" if standing.why is None else f"the replica is not read: {standing.why}"
            log.log(logging.INFO if standing.why is None else logging.WARNING, said, extra={"action": "judge_replica"})
        self.standing = standing

    def _judged(self, beat: Mapping[str, Any], seen: Mapping[str, Any]) -> Standing:
        timeline = beat["timeline"]
        if not seen["follows"]:
            return Standing(why=Why.PROMOTED, timeline=timeline)
        if seen["timeline"] is None or seen["place"] is None:
            return Standing(why=Why.LAGGING, timeline=timeline)
        if seen["timeline"] != timeline:
            return Standing(why=Why.TIMELINE, timeline=timeline)
        size = max(0, _place(beat["place"]) - _place(seen["place"]))
        # The oldest beat that it lacks came one look after the newest that it has.
        age = (beat["at"] - seen["beaten_at"]).total_seconds() - self._look_seconds
        seconds = max(0.0, age) if size else 0.0
        why = Why.LAGGING if seconds > self._most_seconds else None
        return Standing(why=why, timeline=timeline, seconds=seconds, size=size)


class _Line:
    """A connection of its own that is asked now and then, made anew where it broke; no answer in time is none."""

    BROKEN = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

    def __init__(self, url: str, settings: Mapping[str, str]) -> None:
        self._connect = partial(
            asyncpg.connect,
            driver_dsn(url),
            server_settings={"application_name": "bookroom-replica", "statement_timeout": "1000", **settings},
        )
        self._connection: asyncpg.Connection | None = None

    async def ask(self, sql: str, *values: object) -> asyncpg.Record:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if self._connection is None or self._connection.is_closed():
                    self._connection = await self._connect()
                return await self._connection.fetchrow(sql, *values)
        except BaseException:
            self.hang_up()
            raise

    def hang_up(self) -> None:
        if self._connection:
            self._connection.terminate()
            self._connection = None


async def _require(session: ReadSession, after: Consistency | Position | UUID) -> None:
    """Raise _UnfitError unless the copy has come as far."""
    # Whoever sees one event of a transaction sees all of it, and what went before.
    match after:
        case Consistency():
            row = await session.one(_SEEN)
        case Position():
            row = await session.one(_HAPPENED, session.tenant, after.transaction, after.number)
        case UUID():
            row = await session.one(_NAMED, session.tenant, after)
    assert row is not None
    if not row["follows"]:
        raise _UnfitError(Why.PROMOTED)
    if isinstance(after, Consistency) and row["timeline"] != after.timeline:
        raise _UnfitError(Why.TIMELINE)
    there = row["place"] and _place(row["place"]) >= after.place if isinstance(after, Consistency) else row["there"]
    if not there:
        raise _UnfitError(Why.NOT_YET)


def _place(lsn: str) -> int:
    high, _, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)
