"""What admins do, as rows that are only ever added: the audit of everything that is not a booking."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core.db import WriteSession
from core.ids import new_id
from core.models import Actor

COMMAND_LINE = "command line"

_NOTE = """
INSERT INTO changes (tenant_id, id, subject, subject_id, subject_name, action, actor_id, actor_name, surface, before, after,
    undoes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""


async def note(
    session: WriteSession,
    *,
    subject: str,
    subject_id: UUID | None,
    name: str | None,
    action: str,
    by: Actor | None,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    undoes: UUID | None = None,
) -> UUID:
    """Write down what was done to what, in the transaction that does it; `by` None is the command line."""
    change_id = new_id()
    await session.run(
        _NOTE,
        session.tenant,
        change_id,
        subject,
        subject_id,
        name,
        action,
        by.person_id if by else None,
        by.name if by else COMMAND_LINE,
        by.surface if by else "cli",
        None if before is None else json.dumps(before, default=str),
        None if after is None else json.dumps(after, default=str),
        undoes,
    )
    return change_id
