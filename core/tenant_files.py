"""A tenant saved to a file and loaded from one, with what the directory knows of it and the tokens of its teams.

Saving refuses nobody anything: it shows one moment. Loading is for another installation, or after an erasure; between
databases of one installation tenants are moved (`tenant_moving`).
"""

from __future__ import annotations

from typing import IO

import asyncpg

from core.tenant_moving import Databases, bring
from core.tenant_moving_copy import exported
from core.tenant_moving_file import Manifest, Progress, Reading
from core.tenant_moving_keys import bring_keys
from core.tenants import Keeper, Tenant, TenantError

_TEAMS = "SELECT team_id, enterprise_id, name, created_at FROM slack_teams WHERE tenant_id = $1"
_KNOWN = """
INSERT INTO slack_teams (tenant_id, team_id, enterprise_id, name, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, team_id) DO NOTHING
"""


async def save(databases: Databases, tenant: Tenant, out: IO[bytes], progress: Progress) -> Manifest:
    """Write a tenant into a file as of one moment, and return what is in it."""
    async with databases.opened(None) as main, databases.opened(tenant.placement, tenant.id) as home:
        manifest = await exported(home, tenant.id, out, progress, main=main)
        await Keeper(main).note(tenant.id, tenant.name, "exported", {"rows": manifest.rows})
    return manifest


async def load(databases: Databases, source: IO[bytes], placement: str | None, progress: Progress) -> Manifest:
    """Bring a tenant from a file into a database, and into the directory; return what was in it.

    TenantError where the file is damaged or of another version, or the tenant is here already. An import that was
    interrupted is begun anew by the next.
    """
    reading = Reading(source)
    manifest = reading.manifest
    async with databases.opened(None, manifest.tenant_id) as main, databases.opened(placement, manifest.tenant_id) as home:
        here = await main.fetchrow("SELECT name, placement FROM tenants WHERE id = $1", manifest.tenant_id)
        if here and here["placement"]:
            raise TenantError(f"The tenant {here['name']!r} is here already, in the database {here['placement']!r}.")
        if placement is not None and here:
            raise TenantError(f"The tenant {here['name']!r} is here already: import it without --to, and move it then.")
        await bring(home, reading, progress, directory=placement is None)
        if placement is not None:
            await _listed(main, home, manifest, placement)
        keys = await bring_keys(main, manifest.tenant_id, reading)
        await Keeper(main).note(
            manifest.tenant_id, manifest.name, "imported", {"rows": manifest.rows, "installations": keys}
        )
    return manifest


async def _listed(main: asyncpg.Connection, home: asyncpg.Connection, manifest: Manifest, placement: str) -> None:
    """Put a tenant that lives elsewhere into the directory, with its teams."""
    try:
        async with main.transaction():
            await main.execute(
                "INSERT INTO tenants (id, name, slug, placement) VALUES ($1, $2, $3, $4)",
                manifest.tenant_id,
                manifest.name,
                manifest.slug,
                placement,
            )
            for team in await home.fetch(_TEAMS, manifest.tenant_id):
                await main.execute(_KNOWN, manifest.tenant_id, *team.values())
    except asyncpg.UniqueViolationError as error:
        raise TenantError(
            f"Another tenant has the short name or a Slack team of this one ({error.constraint_name}): "
            "nobody is served from what was imported until that is settled and the import repeated."
        ) from None
