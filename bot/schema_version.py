"""Whether this version of the code may work on the database that it was given."""

from __future__ import annotations

import asyncpg

from core.db import Database, ReadSession
from core.errors import SchemaMismatch
from migrations import STAMP, Stamp, misfit


async def require_schema(db: Database) -> None:
    """Raise SchemaMismatch unless the database has every migration of ours, and none that leaves no room for us."""
    try:
        found = await db.read(_stamp)
    except asyncpg.InvalidParameterValueError:  # the application's role does not exist yet
        found = Stamp()
    if why := misfit(found):
        raise SchemaMismatch(why)


async def _stamp(session: ReadSession) -> Stamp:
    try:
        row = await session.one(STAMP)
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        return Stamp()
    return Stamp(*row) if row else Stamp()
