"""Carrying a tenant from one database to another: writers are refused, rows copied and compared, then it is switched.

Every step is written down before it is done, in the main database (`tenant_moves`), and may be repeated: whoever was killed
in the middle goes on (`resume`) or gives the tenant back as it was (`abort`); what fails is given back at once. The switch
is one transaction there. The old rows stay, refused to writers, until `forget`.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from core.ids import new_id
from core.tenant_moving_copy import arrived, brought, expected, exported, room_for, schema_of, wiped
from core.tenant_moving_file import Progress, Reading
from core.tenant_moving_freeze import frozen, thawed
from core.tenant_moving_tables import DIRECTORY
from core.tenants import Keeper, Tenant, TenantError, owned

_LOCK = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"
_OPEN = "SELECT id, phase, source, target, started_at FROM tenant_moves WHERE tenant_id = $1 AND ended_at IS NULL"
_TEAMS = "SELECT team_id, enterprise_id, name FROM slack_teams WHERE tenant_id = $1"
_TEAM = """
INSERT INTO slack_teams (tenant_id, team_id, enterprise_id, name) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, team_id) DO NOTHING
"""
_CARRIED = "SELECT (detail->>'rows')::bigint FROM tenant_moves WHERE id = $1"
_OURS = "The workspace is being moved by somebody else at this moment."


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """How far a move has come; None as source or target is the main database."""

    id: UUID
    phase: str
    source: str | None
    target: str | None


class Databases:
    """The databases of an installation, by their owners' addresses; `placed` are all but the main one, by name."""

    def __init__(self, main: str, placed: Mapping[str, str]) -> None:
        self._main = main
        self._placed = placed

    def knows(self, placement: str | None) -> bool:
        """Whether there is such a database among the settings."""
        return placement is None or placement in self._placed

    @asynccontextmanager
    async def opened(self, placement: str | None, tenant: UUID | None = None) -> AsyncIterator[asyncpg.Connection]:
        """Open one of them, for one tenant whose rows may be carried, or for the directory."""
        if not self.knows(placement):
            raise TenantError(f"There is no database {placement!r} among TENANT_DATABASES.")
        settings = {"app.tenant": str(tenant), "app.carrying": str(tenant)} if tenant else {}
        async with owned(self._placed[placement] if placement else self._main, **settings) as connection:
            yield connection


class Mover:
    """Moves tenants, one at a time each; `progress` hears of every step."""

    def __init__(self, databases: Databases, progress: Progress) -> None:
        self._databases = databases
        self._progress = progress

    async def move(self, tenant: Tenant, target: str | None) -> int:
        """Carry a tenant to another database and return how many rows; the old rows stay until `forget`."""
        async with self._alone(tenant) as main:
            move = await _open_move(main, tenant)
            if move:
                raise TenantError(_unfinished(tenant, move))
            if target == tenant.placement:
                raise TenantError("That is where the tenant lives already.")
            if tenant.closed_at:
                raise TenantError("The tenant is closed: it is not moved.")
            await self._fits(tenant, target)
            move = Move(id=new_id(), phase="freezing", source=tenant.placement, target=target)
            await main.execute(
                "INSERT INTO tenant_moves (tenant_id, id, phase, source, target) VALUES ($1, $2, $3, $4, $5)",
                tenant.id,
                move.id,
                move.phase,
                move.source,
                move.target,
            )
            return await self._carried(main, tenant, move)

    async def resume(self, tenant: Tenant) -> int:
        """Go on with a move that was interrupted, and return how many rows were carried."""
        async with self._alone(tenant) as main:
            move = await _open_move(main, tenant)
            if move is None or move.phase not in {"freezing", "copying", "switching"}:
                raise TenantError("There is no interrupted move of that tenant.")
            return await self._carried(main, tenant, move)

    async def abort(self, tenant: Tenant) -> None:
        """Give up a move that has not switched yet: everything is as it was before, and can be written again."""
        async with self._alone(tenant) as main:
            move = await _open_move(main, tenant)
            if move is None:
                raise TenantError("There is no interrupted move of that tenant.")
            if move.phase == "kept":
                raise TenantError("The tenant has moved already: forget the old rows (--forget), then move it back.")
            await self._given_up(main, tenant, move)

    async def forget(self, tenant: Tenant) -> int:
        """Remove the rows that a move has left where the tenant was, for good; return how many."""
        async with self._alone(tenant) as main:
            move = await _open_move(main, tenant)
            if move is None or move.phase != "kept":
                raise TenantError("No rows of that tenant are left where it was.")
            gone = await self._removed(tenant, move.source)
            async with self._databases.opened(move.source, tenant.id) as source:
                await thawed(source, tenant.id)
            await _ended(main, tenant, move, "done", rows=gone)
            return gone

    @asynccontextmanager
    async def _alone(self, tenant: Tenant) -> AsyncIterator[asyncpg.Connection]:
        """Open the directory, for one process at a time: the lock ends with the connection, however that ends."""
        async with self._databases.opened(None) as main:
            if not await main.fetchval(_LOCK, f"tenant {tenant.id}"):
                raise TenantError(_OURS)
            yield main

    async def _fits(self, tenant: Tenant, target: str | None) -> None:
        """Look at both sides before anything is refused to anybody."""
        async with AsyncExitStack() as stack:
            source = await stack.enter_async_context(self._databases.opened(tenant.placement, tenant.id))
            there = await stack.enter_async_context(self._databases.opened(target, tenant.id))
            versions = await schema_of(source), await schema_of(there)
            if versions[0] != versions[1]:
                raise TenantError(
                    "The databases are of different versions ({} and {}): migrate both first.".format(*versions)
                )
            if await _same(source, there):
                raise TenantError("Both names mean the same database.")
            await room_for(there, tenant.id, tenant.name)

    async def _given_up(self, main: asyncpg.Connection, tenant: Tenant, move: Move) -> None:
        await self._removed(tenant, move.target)
        async with self._databases.opened(move.source, tenant.id) as source:
            await thawed(source, tenant.id)
        await _ended(main, tenant, move, "aborted")

    async def _carried(self, main: asyncpg.Connection, tenant: Tenant, move: Move) -> int:
        """Carry it, or else give it back: who cannot be moved is not to wait for somebody who looks after it."""
        try:
            return await self._carry(main, tenant, move)
        except Exception:
            # Where this fails too, resuming and aborting are left.
            with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TenantError):
                reached = await _open_move(main, tenant)
                if reached and reached.phase != "kept":
                    await self._given_up(main, tenant, reached)
            raise

    async def _carry(self, main: asyncpg.Connection, tenant: Tenant, move: Move) -> int:
        async with self._databases.opened(move.source, tenant.id) as source:
            if move.phase == "freezing":
                await frozen(source, tenant.id, self._progress)
                await _reached(main, move, "copying")
            # What was compared once needs no second copy: nobody has written since.
            if move.phase != "switching":
                rows = await self._copied(source, tenant, move)
                await _reached(main, move, "switching", rows=rows)
            self._progress("switching", 0, 1)
            async with main.transaction():
                await Keeper(main).place(tenant.id, move.target)
                await _reached(main, move, "kept")
            # What is the directory's stays in use here.
            for name in DIRECTORY:
                await thawed(source, tenant.id, only=name)
            self._progress("switching", 1, 1)
        carried: int = await main.fetchval(_CARRIED, move.id)
        return carried

    async def _copied(self, source: asyncpg.Connection, tenant: Tenant, move: Move) -> int:
        with tempfile.TemporaryFile() as file:  # without a name: whoever is killed leaves nothing behind
            await exported(source, tenant.id, file, self._progress)
            async with self._databases.opened(move.target, tenant.id) as target:
                reading = Reading(file)
                # What is there is of this very move: before it began, there was nothing.
                await bring(target, reading, self._progress, directory=move.target is None, ours=True)
                return reading.manifest.rows

    async def _removed(self, tenant: Tenant, placement: str | None) -> int:
        """Remove the tenant's rows from a database in which it does not live; from the main one, all but the directory's."""
        async with self._databases.opened(placement, tenant.id) as connection:
            gone = await wiped(connection, tenant.id, self._progress, spare=DIRECTORY if placement is None else ())
            if placement is not None:
                await connection.execute("DELETE FROM tenant_moves WHERE tenant_id = $1", tenant.id)
                await connection.execute("DELETE FROM tenants WHERE id = $1", tenant.id)
            return gone


async def placed(databases: Databases, tenant: Tenant, target: str | None) -> None:
    """Let a tenant of which there is nothing yet live in another database; TenantError where there is something."""
    async with databases.opened(None) as main, databases.opened(target, tenant.id) as there:
        async with databases.opened(tenant.placement, tenant.id) as here:
            await room_for(here, tenant.id, tenant.name)
        await room_for(there, tenant.id, tenant.name)
        await there.execute(
            "INSERT INTO tenants (id, name, slug) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
            tenant.id,
            tenant.name,
            tenant.slug,
        )
        for team in await main.fetch(_TEAMS, tenant.id):
            await there.execute(_TEAM, tenant.id, *team.values())
        await Keeper(main).place(tenant.id, target)


async def bring(
    target: asyncpg.Connection, reading: Reading, progress: Progress, *, directory: bool, ours: bool = False
) -> None:
    """Import a whole file into a database; what an interrupted import has left there is removed first.

    In the main database, whose `directory` it is, teams of the tenant's that are known stay. TenantError where the file is
    damaged or the tenant is there, unless what is there is `ours` to replace.
    """
    manifest = reading.manifest
    reading.check(progress)
    if not await target.fetchval(_LOCK, f"import {manifest.tenant_id}"):
        raise TenantError("The tenant is being imported by somebody else at this moment.")
    if not ours:
        await room_for(target, manifest.tenant_id, manifest.name)
    await expected(target, manifest)
    await wiped(target, manifest.tenant_id, progress, spare=DIRECTORY if directory else ())
    await brought(target, reading, progress)
    await arrived(target, manifest)


async def _open_move(main: asyncpg.Connection, tenant: Tenant) -> Move | None:
    row = await main.fetchrow(_OPEN, tenant.id)
    return Move(id=row["id"], phase=row["phase"], source=row["source"], target=row["target"]) if row else None


async def _reached(main: asyncpg.Connection, move: Move, phase: str, **detail: Any) -> None:  # noqa: ANN401 - goes into JSON
    await main.execute(
        "UPDATE tenant_moves SET phase = $2, detail = detail || $3::jsonb WHERE id = $1", move.id, phase, json.dumps(detail)
    )


async def _ended(main: asyncpg.Connection, tenant: Tenant, move: Move, phase: str, **detail: Any) -> None:  # noqa: ANN401
    async with main.transaction():
        await _reached(main, move, phase, **detail)
        await main.execute("UPDATE tenant_moves SET ended_at = now() WHERE id = $1", move.id)
        await Keeper(main).note(tenant.id, tenant.name, f"move {phase}", {"to": move.target, **detail})


async def _same(one: asyncpg.Connection, other: asyncpg.Connection) -> bool:
    """Whether two connections are to one database: a lock of the one's is seen by the other."""
    name = f"same {new_id()}"
    await one.fetchval(_LOCK, name)
    free = await other.fetchval(_LOCK, name)
    await one.execute("SELECT pg_advisory_unlock(hashtextextended($1, 0))", name)
    if free:
        await other.execute("SELECT pg_advisory_unlock(hashtextextended($1, 0))", name)
    return not free


def _unfinished(tenant: Tenant, move: Move) -> str:
    if move.phase == "kept":
        return f"Rows of an earlier move are left: `bookroom tenants move {tenant.called} --forget` removes them."
    if move.phase == "arriving":
        return "The tenant is being imported, or an import was interrupted: repeat it first."
    return f"A move was interrupted: `bookroom tenants move {tenant.called} --resume` goes on, --abort gives it up."
