"""The same request twice: a key is claimed in the transaction's first statement, and its answer kept for a day.

A rival with the same key waits for the first to commit and then finds the answer, or finds nothing and does the work.
The answer is the events that the first request wrote, which nothing changes afterwards.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from types import NoneType
from typing import Any
from uuid import UUID

from core.db import ReadSession, WriteSession
from core.errors import Busy, KeyReused
from core.models import KEEP

KEPT = timedelta(hours=24)
# A longer key, or one with characters that the database refuses, is kept as its digest.
LONGEST_KEY = 128
# Most of what requests hold, by the very type: to ask what else something may be costs more than the digest.
_AS_THEY_ARE = frozenset({str, int, bool, NoneType, UUID, datetime})

# Returns a row where the key was fresh; {values} are those of `claimed`, behind the tenant.
CLAIM_BY = """
INSERT INTO requests (tenant_id, key, fingerprint, result, created_at, expires_at) {values}
ON CONFLICT (tenant_id, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, result = excluded.result, created_at = excluded.created_at,
        expires_at = excluded.expires_at
    WHERE requests.expires_at <= excluded.created_at
RETURNING true
"""
# Placeholders: $1 tenant, $2 key, $3 fingerprint, $4 result, $5 now, $6 when it expires.
CLAIM = CLAIM_BY.format(values="VALUES ($1, $2, $3, $4, $5, $6)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What an earlier request with the same key did: its events, or bookings (id and version) that it left alone.

    Of what was done to many bookings at once, the operation that their events carry, and the series.
    """

    event_ids: tuple[UUID, ...]
    unchanged: tuple[tuple[UUID, int], ...] = ()
    operation_id: UUID | None = None
    series_id: UUID | None = None


def fingerprint(use_case: str, **content: object) -> str:
    """Return a digest of what is asked for, equal for equal requests."""
    plain = json.dumps([use_case, _plain(content)], sort_keys=True, default=str)
    return hashlib.sha256(plain.encode()).hexdigest()


def _plain(value: object) -> object:
    return value if type(value) in _AS_THEY_ARE else _taken_apart(value)


def _taken_apart(value: object) -> object:
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


def claimed(key: str, *, content: str, event_ids: Sequence[UUID], now: datetime) -> tuple[str, str, str, datetime, datetime]:
    """Return the values that `CLAIM` takes behind the tenant."""
    result = json.dumps({"events": [str(event_id) for event_id in event_ids]})
    return _stored(key), content, result, now, now + KEPT


async def claim(session: WriteSession, key: str, *, content: str, event_ids: Sequence[UUID], now: datetime) -> Answer | None:
    """Claim the key for this transaction; return None when it is fresh, else the answer that it got before.

    `content` is a `fingerprint`, `event_ids` are the events that this transaction is going to write.
    Raises KeyReused when the key came before with another content.
    """
    values = (session.tenant, *claimed(key, content=content, event_ids=event_ids, now=now))
    for _ in range(2):
        if await session.value(CLAIM, *values):
            return None
        earlier = await session.one(
            "SELECT fingerprint, result FROM requests WHERE tenant_id = $1 AND key = $2", *values[:2]
        )
        if earlier is None:  # cleaned up between the two statements
            continue
        return _judged(earlier, content)
    raise Busy("Many people are booking at this moment. Nothing was changed; try again.")


async def look_up(session: ReadSession, key: str, *, content: str, now: datetime) -> Answer | None:
    """Return the answer that a key got before, None when it is new; raises KeyReused for another content."""
    earlier = await session.one(
        "SELECT fingerprint, result FROM requests WHERE tenant_id = $1 AND key = $2 AND expires_at > $3",
        session.tenant,
        _stored(key),
        now,
    )
    return _judged(earlier, content) if earlier else None


async def changed_nothing(session: WriteSession, key: str, unchanged: Sequence[tuple[UUID, int]]) -> None:
    """Note that a claimed key's request changed nothing: its answer is the bookings at the versions that they had."""
    result = json.dumps({"events": [], "unchanged": [[str(booking), version] for booking, version in unchanged]})
    await session.run(
        "UPDATE requests SET result = $3 WHERE tenant_id = $1 AND key = $2", session.tenant, _stored(key), result
    )


async def changed_many(session: WriteSession, key: str, *, operation_id: UUID, series_id: UUID) -> None:
    """Note what a claimed key's request did to a series: hundreds of events are found by their operation."""
    result = json.dumps({"events": [], "operation": str(operation_id), "series": str(series_id)})
    await session.run(
        "UPDATE requests SET result = $3 WHERE tenant_id = $1 AND key = $2", session.tenant, _stored(key), result
    )


async def claim_for_answer(session: WriteSession, key: str, *, content: str, now: datetime) -> dict[str, Any] | None:
    """Claim the key for this transaction; return None when it is fresh, else what `keep_answer` kept for it before.

    Raises KeyReused when the key came before with another content.
    """
    values = (session.tenant, *claimed(key, content=content, event_ids=(), now=now))
    for _ in range(2):
        if await session.value(CLAIM, *values):
            return None
        earlier = await session.one(
            "SELECT fingerprint, result FROM requests WHERE tenant_id = $1 AND key = $2", *values[:2]
        )
        if earlier is not None:
            if earlier["fingerprint"] != content or "answer" not in earlier["result"]:
                raise _reused()
            kept: dict[str, Any] = earlier["result"]
            return kept
    raise Busy("Many people are booking at this moment. Nothing was changed; try again.")


async def keep_answer(session: WriteSession, key: str, result: str) -> None:
    """Keep the answer, as JSON, of a key that this transaction has claimed."""
    await session.run(
        "UPDATE requests SET result = $3 WHERE tenant_id = $1 AND key = $2", session.tenant, _stored(key), result
    )


def _reused() -> KeyReused:
    return KeyReused("This request key was used before for something else. Use a new one.")


def _judged(earlier: Mapping[str, Any], content: str) -> Answer:
    if earlier["fingerprint"] != content:
        raise _reused()
    result = earlier["result"]
    return Answer(
        event_ids=tuple(UUID(event) for event in result["events"]),
        unchanged=tuple((UUID(booking), version) for booking, version in result.get("unchanged", ())),
        operation_id=UUID(result["operation"]) if "operation" in result else None,
        series_id=UUID(result["series"]) if "series" in result else None,
    )


def _stored(key: str) -> str:
    if len(key) <= LONGEST_KEY and key.isprintable():
        return key
    return "sha256:" + hashlib.sha256(key.encode(errors="backslashreplace")).hexdigest()


async def clean(session: WriteSession, *, now: datetime) -> int:
    """Remove keys past their day, at most some thousands at a time; return how many."""
    gone = await session.run(
        "DELETE FROM requests WHERE tenant_id = $1 AND key IN"
        " (SELECT key FROM requests WHERE tenant_id = $1 AND expires_at <= $2 LIMIT 5000 FOR UPDATE SKIP LOCKED)",
        session.tenant,
        now,
    )
    return int(gone.removeprefix("DELETE "))
