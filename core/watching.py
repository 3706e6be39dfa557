"""Who is looking at what in Slack at this moment: open views, which of them show what is no longer so, who redraws them.

Kept out: drawing and pushing. A push is cheap to repeat and harmless, so a view is never marked fresh too early.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core.db import Database, WriteSession
from core.ids import new_id
from core.models import Slot

# At most one push a second for each view, however much happens.
PAUSE = timedelta(seconds=1)
LEASE_SECONDS = 30.0
FORGOTTEN_AFTER = timedelta(hours=24)
BATCH = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenView:
    """A view that somebody has open and that shows what is no longer so, leased to whoever holds `lease`.

    `kind` is "search" (with what it needs to be drawn again in `content`, its location and time) or "home".
    """

    view_id: str
    lease: UUID
    kind: str
    person_id: UUID
    team_id: str
    hash: str | None
    content: Mapping[str, Any]
    location_id: UUID | None
    slot: Slot | None
    stale_since: datetime


# A mark stays: what was drawn may be older than what happened just before it was noted. A push too many does no harm.
_SEEN = """
INSERT INTO open_views (tenant_id, view_id, kind, person_id, team_id, hash, content, location_id, start_time, end_time,
    seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10, $11)
ON CONFLICT (tenant_id, view_id) DO UPDATE
    SET hash = excluded.hash, content = excluded.content, location_id = excluded.location_id,
        start_time = excluded.start_time, end_time = excluded.end_time, seen_at = excluded.seen_at
"""
_CLAIM = """
WITH due AS (
    SELECT view_id FROM open_views
    WHERE tenant_id = $1 AND stale_since IS NOT NULL AND due_at <= $2
        AND (leased_until IS NULL OR leased_until < clock_timestamp())
    ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE open_views v SET lease = $4, leased_until = clock_timestamp() + make_interval(secs => $5), due_at = $6
FROM due WHERE v.tenant_id = $1 AND v.view_id = due.view_id
RETURNING v.view_id, v.lease, v.kind, v.person_id, v.team_id, v.hash, v.content, v.location_id, v.start_time, v.end_time,
    v.stale_since
"""
# A mark that came during the push took the lease away: the view stays stale, and is free to be pushed again.
_PUSHED = """
UPDATE open_views SET hash = coalesce($4, hash), leased_until = NULL, lease = NULL,
    stale_since = CASE WHEN lease = $3 THEN NULL ELSE stale_since END
WHERE tenant_id = $1 AND view_id = $2 AND (lease = $3 OR lease IS NULL)
"""
_LATER = """
UPDATE open_views SET due_at = $4, lease = NULL, leased_until = NULL WHERE tenant_id = $1 AND view_id = $2 AND lease = $3
"""
_STALE = """
UPDATE open_views v SET stale_since = coalesce(stale_since, $2), due_at = least(greatest(due_at, $2), $7), lease = NULL
WHERE v.tenant_id = $1 AND v.view_id = ANY(ARRAY(
    SELECT view_id FROM open_views WHERE tenant_id = $1 AND kind = 'home' AND person_id = ANY($3::uuid[])
    UNION ALL
    SELECT o.view_id FROM unnest($4::uuid[], $5::timestamptz[], $6::timestamptz[]) s (place, begins, ends)
    CROSS JOIN LATERAL (
        SELECT view_id, location_id, end_time FROM open_views
        WHERE tenant_id = $1 AND kind = 'search' AND start_time < s.ends ORDER BY start_time
    ) o
    WHERE o.end_time > s.begins AND (o.location_id IS NULL OR o.location_id = s.place)
))
"""
_CLEAN = """
DELETE FROM open_views WHERE tenant_id = $1 AND view_id IN (
    SELECT view_id FROM open_views WHERE tenant_id = $1 AND seen_at < $2 LIMIT $3
)
"""


async def mark_stale(
    session: WriteSession, *, people: Collection[UUID], spans: Iterable[tuple[UUID, Slot]], now: datetime
) -> None:
    """Mark the Homes of these people and the searches at these locations and times as showing what is no longer so."""
    spans = list(spans)
    if not people and not spans:
        return
    await session.run(
        _STALE,
        session.tenant,
        now,
        list(people),
        [place for place, _ in spans],
        [slot.start for _, slot in spans],
        [slot.end for _, slot in spans],
        # Not later than that, whatever a clock that ran ahead has written.
        now + PAUSE,
    )


class Watching:
    """The views that people have open."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def home_seen(self, person_id: UUID, team_id: str, view_id: str, view_hash: str | None, now: datetime) -> None:
        """Note that somebody has a Home, and its hash; it is their only one."""

        async def work(session: WriteSession) -> None:
            await session.run(
                "DELETE FROM open_views WHERE tenant_id = $1 AND person_id = $2 AND kind = 'home' AND view_id <> $3",
                session.tenant,
                person_id,
                view_id,
            )
            await session.run(
                _SEEN, session.tenant, view_id, "home", person_id, team_id, view_hash, "{}", None, None, None, now
            )

        await self._db.write(work, repeatable=True)

    async def search_seen(  # noqa: PLR0917 - what a search is drawn from
        self,
        person_id: UUID,
        team_id: str,
        view_id: str,
        view_hash: str | None,
        content: Mapping[str, Any],
        location_id: UUID | None,
        slot: Slot,
        now: datetime,
    ) -> None:
        """Note that somebody has a search open, its hash, and what it is drawn from."""

        async def work(session: WriteSession) -> None:
            await session.run(
                _SEEN,
                session.tenant,
                view_id,
                "search",
                person_id,
                team_id,
                view_hash,
                json.dumps(content),
                location_id,
                slot.start,
                slot.end,
                now,
            )

        await self._db.write(work, repeatable=True)

    async def closed(self, view_id: str) -> None:
        """Note that a view was closed."""

        async def work(session: WriteSession) -> None:
            await session.run("DELETE FROM open_views WHERE tenant_id = $1 AND view_id = $2", session.tenant, view_id)

        await self._db.write(work, repeatable=True)

    async def gone(self, view_id: str) -> None:
        """Note that Slack no longer knows a view."""
        await self.closed(view_id)

    async def claim(self, now: datetime, limit: int = 20) -> tuple[OpenView, ...]:
        """Lease views that are to be drawn again now, those stale for longest first; not again within a second."""
        lease = new_id()

        async def work(session: WriteSession) -> tuple[OpenView, ...]:
            rows = await session.all(_CLAIM, session.tenant, now, limit, lease, LEASE_SECONDS, now + PAUSE)
            return tuple(_open_view(row) for row in rows)

        return await self._db.write(work, repeatable=True)

    async def pushed(self, view: OpenView, view_hash: str | None) -> None:
        """Note that a view was drawn again, with Slack's new hash (None: as before, where the person's own act came first).

        What happened while it was drawn keeps it stale.
        """

        async def work(session: WriteSession) -> None:
            await session.run(_PUSHED, session.tenant, view.view_id, view.lease, view_hash)

        await self._db.write(work, repeatable=True)

    async def later(self, view: OpenView, at: datetime) -> None:
        """Give a view back undrawn, to be claimed again from `at` on."""

        async def work(session: WriteSession) -> None:
            await session.run(_LATER, session.tenant, view.view_id, view.lease, at)

        await self._db.write(work, repeatable=True)

    async def clean(self, now: datetime) -> int:
        """Forget views that nobody has touched for a day; return how many."""

        async def work(session: WriteSession) -> int:
            gone = await session.run(_CLEAN, session.tenant, now - FORGOTTEN_AFTER, BATCH)
            return int(gone.split()[-1])

        cleaned = 0
        while batch := await self._db.write(work, repeatable=True):
            cleaned += batch
        return cleaned


def _open_view(row: Mapping[str, Any]) -> OpenView:
    searching = row["start_time"] is not None
    content = row["content"]
    return OpenView(
        view_id=row["view_id"],
        lease=row["lease"],
        kind=row["kind"],
        person_id=row["person_id"],
        team_id=row["team_id"],
        hash=row["hash"],
        content=json.loads(content) if isinstance(content, str) else content,
        location_id=row["location_id"],
        slot=Slot(start=row["start_time"], end=row["end_time"]) if searching else None,
        stale_since=row["stale_since"],
    )
