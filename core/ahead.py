"""How many stand before somebody in line: those who came earlier and may be given what they wait for."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from core.db import ReadSession

# Two wait for the same where their times overlap and one room could serve both; no room named means any at the location,
# no location any at all.
_AHEAD = """
SELECT w.id, count(o.id) AS ahead FROM waiting w
LEFT JOIN rooms r ON r.tenant_id = w.tenant_id AND r.id = w.room_id
LEFT JOIN (
    SELECT e.*, er.location_id AS place FROM waiting e
    LEFT JOIN rooms er ON er.tenant_id = e.tenant_id AND er.id = e.room_id
    WHERE e.tenant_id = $1 AND e.status IN ('waiting', 'offered')
) o ON o.person_id <> w.person_id AND (o.created_at, o.id) < (w.created_at, w.id)
    AND o.start_time < w.end_time AND o.end_time > w.start_time
    AND (o.room_id IS NULL OR w.room_id IS NULL OR (o.more_room_ids || o.room_id) && (w.more_room_ids || w.room_id))
    AND coalesce(coalesce(o.location_id, o.place) = coalesce(w.location_id, r.location_id), true)
WHERE w.tenant_id = $1 AND w.id = ANY($2::uuid[])
GROUP BY w.id
"""


async def ahead(session: ReadSession, waiting_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many stand before each of these places in line."""
    if not waiting_ids:
        return {}
    rows = await session.all(_AHEAD, session.tenant, list(waiting_ids))
    return {row["id"]: row["ahead"] for row in rows}
