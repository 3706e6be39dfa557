"""New primary keys: UUID version 7, so that rows written together lie together in the indexes."""

from __future__ import annotations

from uuid import UUID

from uuid_utils import compat


def new_id() -> UUID:
    """Return a fresh UUIDv7."""
    return compat.uuid7()
