"""How fresh a reader wants it: a place in the database's log, told after a write and sent back with a read.

A reader that asks a copy of the database is served from there only once the copy has come as far. A place on another
timeline (another database has taken over meanwhile) says nothing about this one: only the one that is written to will do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.db import Database, ReadSession, followed_by

_WRITTEN = re.compile(r"([1-9]\d{0,9})-([0-9A-F]{1,8})/([0-9A-F]{1,8})")
# The timeline is the one that is written to: what the control file says of it is, after a failover, minutes old.
TIMELINE = "('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer"
_NOW = f"SELECT {TIMELINE} AS timeline, pg_current_wal_insert_lsn()::text AS place"


@dataclass(frozen=True, slots=True)
class Consistency:
    """A place in the log: its timeline, and how far, in bytes."""

    timeline: int
    place: int

    @classmethod
    def read(cls, text: str) -> Consistency | None:
        """Return the place that a text names, None where it names none."""
        found = _WRITTEN.fullmatch(text.strip())
        return cls(int(found[1]), (int(found[2], 16) << 32) + int(found[3], 16)) if found else None

    def __str__(self) -> str:
        return f"{self.timeline}-{self.lsn}"

    @property
    def lsn(self) -> str:
        """The place as PostgreSQL writes it."""
        return f"{self.place >> 32:X}/{self.place & 0xFFFFFFFF:X}"


class Freshness:
    """Says where the database that is written to stands."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def now(self) -> Consistency:
        """Return a place behind everything that was committed before."""
        return await self._db.read_here(_place)

    @contextmanager
    def following(self) -> Iterator[Written]:
        """Have it read behind each commit within, on the connection that made it; see `Written`."""
        written = Written(self)
        before = followed_by.set(written.read)
        try:
            yield written
        finally:
            followed_by.reset(before)


class Written:
    """Where the database stood behind the last commit of a request."""

    def __init__(self, freshness: Freshness) -> None:
        self._freshness = freshness
        self._place: Consistency | None = None

    async def read(self, session: ReadSession) -> None:
        """Read it; called behind each commit."""
        self._place = None
        self._place = await _place(session)

    async def place(self) -> Consistency:
        """Return it: what was read, or where the database stands now, when nothing was."""
        return self._place or await self._freshness.now()


async def _place(session: ReadSession) -> Consistency:
    row = await session.one(_NOW)
    assert row is not None
    place = Consistency.read(f"{row['timeline']}-{row['place']}")
    assert place is not None
    return place
