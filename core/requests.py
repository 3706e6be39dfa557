"""The same request twice: a key is claimed in the transaction's first statement, and its answer kept for a day.

A rival with the same key waits for the first to commit and then finds the answer, or finds nothing and does the work.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

from core.db import WriteSession
from core.errors import Busy, KeyReused
from core.models import KEEP

KEPT = timedelta(hours=24)

_CLAIM = """
INSERT INTO requests (tenant_id, key, fingerprint, result, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant_id, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, result = excluded.result, created_at = excluded.created_at,
        expires_at = excluded.expires_at
    WHERE requests.expires_at <= excluded.created_at
RETURNING true
"""


def fingerprint(use_case: str, **content: object) -> str:
    """Return a digest of what is asked for, equal for equal requests."""
    plain = json.dumps([use_case, _plain(content)], sort_keys=True, default=str)
    return hashlib.sha256(plain.encode()).hexdigest()


def _plain(value: object) -> object:
    if value is KEEP:
        return "(keep)"
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(str(item) for item in value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


async def claim(
    session: WriteSession, key: str, *, content: str, result: Mapping[str, object], now: datetime
) -> dict[str, Any] | None:
    """Claim the key for this transaction; return None when it is fresh, else the answer that it got before.

    `content` is a `fingerprint`, `result` what a later request with the same key and content will be given.
    Raises KeyReused when the key came before with another content.
    """
    values = (session.tenant, key, content, json.dumps(result), now, now + KEPT)
    for _ in range(2):
        if await session.value(_CLAIM, *values):
            return None
        earlier = await session.one(
            "SELECT fingerprint, result FROM requests WHERE tenant_id = $1 AND key = $2", *values[:2]
        )
        if earlier is None:  # cleaned up between the two statements
            continue
        if earlier["fingerprint"] != content:
            raise KeyReused("This request key was used before for something else. Use a new one.")
        answer: dict[str, Any] = earlier["result"]
        return answer
    raise Busy("Many people are booking at this moment. Nothing was changed; try again.")
