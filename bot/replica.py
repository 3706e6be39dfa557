"""The copy of the main database that is read, as the settings name it."""

from __future__ import annotations

from uuid import UUID

from bot.config import Settings
from core.replica import Replica
from core.telling import Telling


def replica_of(settings: Settings, tenant: UUID, telling: Telling) -> Replica | None:
    """Return what reads the copy for databases of this tenant, or of nobody in particular; None where there is no copy."""
    if settings.replica_url is None:
        return None
    return Replica(
        settings.replica_url,
        primary_url=settings.app_url,
        tenant=tenant,
        pool_size=settings.db_pool_size,
        most_seconds=settings.database_replica_lag_seconds,
        telling=telling,
    )
