"""The directory of tenants: who they are, which Slack teams are theirs, and in which database each lives.

It lies in the main database, also for those who live elsewhere (`placement`). `Tenants` is what a running bot may ask, as
the application's role; `Keeper` is for operators, with the login that owns the tables. Kept out: carrying a tenant over
(`tenant_moving`).
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from core.address import driver_dsn
from core.db import Database, ReadSession, WriteSession
from core.ids import new_id

# Told after every change of the directory, with the tenant's id: whoever serves many asks again.
CHANNEL = "bookroom_tenants"
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

_SERVED = "SELECT id, slug, placement, closed_at FROM tenant_directory()"
_LISTED = """
SELECT t.id, t.name, t.slug, t.placement, t.closed_at, t.created_at,
    ARRAY(SELECT s.team_id FROM slack_teams s WHERE s.tenant_id = t.id ORDER BY s.created_at, s.team_id) AS teams,
    (SELECT m.phase FROM tenant_moves m WHERE m.tenant_id = t.id AND m.ended_at IS NULL) AS moving
FROM tenants t ORDER BY t.created_at, t.id
"""


class TenantError(Exception):
    """Something that an operator asked of tenants and that cannot be; the message is a sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a tenant lives: `placement` names a database of the settings, None is the main one. Not served when `closed`."""

    id: UUID
    slug: str | None = None
    placement: str | None = None
    closed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """A tenant as operators see it; `moving` is how far carrying it over has come, None when nobody does."""

    id: UUID
    name: str
    slug: str | None
    placement: str | None
    closed_at: datetime | None
    created_at: datetime
    teams: tuple[str, ...] = ()
    moving: str | None = None

    @property
    def called(self) -> str:
        """What to type to mean it."""
        return self.slug or str(self.id)


class Tenants:
    """What a running bot may know of the directory: ids and places, never names. Any tenant's `Database` of the main one."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> tuple[Place, ...]:
        """Return where every tenant lives, the oldest first."""

        async def work(session: ReadSession) -> tuple[Place, ...]:
            return tuple(_place(row) for row in await session.all(_SERVED))

        return await self._db.read(work)

    async def place(self, tenant: UUID) -> Place | None:
        """Return where a tenant lives; None where there is none of that id."""

        async def work(session: ReadSession) -> Place | None:
            row = await session.one(f"{_SERVED} WHERE id = $1", tenant)
            return _place(row) if row else None

        return await self._db.read(work)

    async def of_team(self, team_id: str | None, enterprise_id: str | None = None) -> Place | None:
        """Return the place of the tenant that a Slack team belongs to, or else its enterprise; None for strangers."""

        async def work(session: ReadSession) -> Place | None:
            row = await session.one(f"{_SERVED} WHERE id = tenant_of_team($1, $2)", team_id, enterprise_id)
            return _place(row) if row else None

        return await self._db.read(work)

    async def admit(
        self, team_id: str, *, enterprise_id: str | None = None, name: str | None = None, tenant: UUID | None = None
    ) -> UUID:
        """Return the tenant of a team that installs Bookroom: its own, its enterprise's, else `tenant` or a new one."""

        async def work(session: WriteSession) -> UUID:
            fresh = tenant or new_id()
            found: UUID = await session.value(
                "SELECT admit_team($1, $2, $3, $4, $5)", team_id, enterprise_id, name, fresh, name or team_id
            )
            await session.run("SELECT pg_notify($1, $2)", CHANNEL, str(found))
            return found

        return await self._db.write(work, repeatable=True)


@asynccontextmanager
async def owned(url: str, **settings: str) -> AsyncIterator[asyncpg.Connection]:
    """Open a connection as the tables' owner, as patient as whole tenants need; TenantError where it is another login."""
    calm = {"application_name": "bookroom-tenants", "TimeZone": "UTC", "DateStyle": "ISO", "IntervalStyle": "postgres"}
    calm |= {"statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0"}
    connection = await asyncpg.connect(driver_dsn(url), timeout=10, server_settings={**calm, **settings})
    try:
        owns = await connection.fetchval(
            "SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('public.tenants')"
        )
        if owns is None:
            raise TenantError("That database has no tables of ours: run `bookroom migrate` on it first.")
        if not owns:
            raise TenantError("The database's login does not own the tables: set DATABASE_OWNER_URL to one that does.")
        yield connection
    finally:
        await connection.close()


class Keeper:
    """What operators do to the directory, on an open connection of the owner's to the main database."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def all(self) -> tuple[Tenant, ...]:
        """Return every tenant, the oldest first."""
        return tuple(_tenant(row) for row in await self._connection.fetch(_LISTED))

    async def named(self, word: str) -> Tenant:
        """Return the tenant of this short name, name, id or Slack team; TenantError where none or several are meant."""
        known = await self.all()
        for meant in (
            lambda one: one.slug == word,
            lambda one: str(one.id) == word.lower(),
            lambda one: word in one.teams,
            lambda one: one.name.lower() == word.lower(),
        ):
            found = [one for one in known if meant(one)]
            if len(found) == 1:
                return found[0]
            if found:
                raise TenantError(f"Several tenants are called {word!r}: say the id, which `bookroom tenants list` shows.")
        raise TenantError(f"There is no tenant {word!r}; `bookroom tenants list` shows those there are.")

    async def add(self, name: str, *, slug: str | None = None, tenant: UUID | None = None) -> Tenant:
        """Add a tenant; TenantError where the short name is taken or cannot be one."""
        fresh = tenant or new_id()
        async with self._connection.transaction():
            await self._checked(slug, fresh)
            await self._connection.execute("INSERT INTO tenants (id, name, slug) VALUES ($1, $2, $3)", fresh, name, slug)
            await self.note(fresh, name, "added", {"slug": slug})
        return await self.named(str(fresh))

    async def rename(self, tenant: Tenant, *, name: str | None = None, slug: str | None = None) -> Tenant:
        """Give a tenant another name or short name."""
        async with self._connection.transaction():
            await self._checked(slug, tenant.id)
            await self._connection.execute(
                "UPDATE tenants SET name = coalesce($2, name), slug = coalesce($3, slug) WHERE id = $1",
                tenant.id,
                name,
                slug,
            )
            await self.note(tenant.id, name or tenant.name, "renamed", {"name": tenant.name, "slug": tenant.slug})
        return await self.named(str(tenant.id))

    async def join(self, tenant: Tenant, team_id: str, *, enterprise_id: str | None = None, name: str | None = None) -> None:
        """Let a Slack team be one of a tenant's; TenantError where it is another's already."""
        if tenant.moving not in {None, "kept"}:
            raise TenantError("The tenant is being moved: let that end first.")
        async with self._connection.transaction():
            other = await self._connection.fetchval("SELECT tenant_id FROM slack_teams WHERE team_id = $1", team_id)
            if other is not None and other != tenant.id:
                raise TenantError(f"The Slack team {team_id} belongs to another tenant ({other}).")
            await self._connection.execute(
                "INSERT INTO slack_teams AS s (tenant_id, team_id, enterprise_id, name) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT (tenant_id, team_id) DO UPDATE SET enterprise_id = coalesce($3, s.enterprise_id),"
                " name = coalesce($4, s.name)",
                tenant.id,
                team_id,
                enterprise_id,
                name,
            )
            await self.note(tenant.id, tenant.name, "joined", {"team_id": team_id, "enterprise_id": enterprise_id})

    async def place(self, tenant: UUID, placement: str | None) -> None:
        """Say in which database a tenant lives. Carries nothing over: `tenant_moving` does, and ends with this."""
        async with self._connection.transaction():
            name = await self._connection.fetchval(
                "UPDATE tenants SET placement = $2 WHERE id = $1 RETURNING name", tenant, placement
            )
            await self.note(tenant, name, "placed", {"placement": placement})

    async def note(self, tenant: UUID, name: str, action: str, detail: Mapping[str, Any]) -> None:
        """Write into the log that outlives tenants, and tell those who serve them."""
        await self._connection.execute(
            "INSERT INTO tenant_log (id, tenant_id, name, action, detail) VALUES ($1, $2, $3, $4, $5)",
            new_id(),
            tenant,
            name,
            action,
            json.dumps(detail),
        )
        await self._connection.execute("SELECT pg_notify($1, $2)", CHANNEL, str(tenant))

    async def _checked(self, slug: str | None, tenant: UUID) -> None:
        if slug is None:
            return
        if not _SLUG.fullmatch(slug):
            raise TenantError(
                f"{slug!r} cannot be a short name: up to 63 small letters, digits and hyphens, like acme-berlin."
            )
        if await self._connection.fetchval("SELECT true FROM tenants WHERE slug = $1 AND id <> $2", slug, tenant):
            raise TenantError(f"The short name {slug!r} is another tenant's.")


def _place(row: Mapping[str, Any]) -> Place:
    return Place(id=row["id"], slug=row["slug"], placement=row["placement"], closed=row["closed_at"] is not None)


def _tenant(row: Mapping[str, Any]) -> Tenant:
    return Tenant(**{**row, "teams": tuple(row["teams"])})
