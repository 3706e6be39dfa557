"""When rooms could not be booked in the past: before they were there, while they were out of use, while they were closed.

What rooms are now says nothing of the past: closures are over or lifted, and whether a room was in use is told by the
audit; where that says nothing (it was imported, or is kept no longer), its last change is when it went out of use.
Kept out: opening hours and holidays (`stats_hours`), what was booked (`stats_sql`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core.catalogue import Catalogue
from core.db import ReadSession
from core.models import Room

Span = tuple[datetime, datetime]
MINUTE = timedelta(minutes=1)

_ROWS = """
SELECT 'thing' AS kind, id AS about, created_at AS starts, updated_at AS ends, active
    FROM rooms WHERE tenant_id = $1
UNION ALL SELECT 'thing', id, created_at, updated_at, active FROM locations WHERE tenant_id = $1
UNION ALL SELECT 'closure', coalesce(room_id, location_id), start_time, least(end_time, lifted_at), NULL
    FROM closures WHERE tenant_id = $1 AND start_time < $3 AND least(end_time, lifted_at) > greatest(start_time, $2)
UNION ALL (SELECT 'use', subject_id, happened_at, NULL, (after->>'active')::boolean FROM changes
    WHERE tenant_id = $1 AND subject IN ('room', 'location') AND before->>'active' <> after->>'active' ORDER BY number)
"""


@dataclass(frozen=True, kw_only=True)
class Lives:
    """What is known of rooms and locations by their ids; closures of everything are under None."""

    began: Mapping[UUID, datetime] = field(default_factory=dict)
    unused: Mapping[UUID, tuple[Span, ...]] = field(default_factory=dict)
    closed: Mapping[UUID | None, tuple[Span, ...]] = field(default_factory=dict)

    def shut(self, room: Room, catalogue: Catalogue) -> tuple[Span, ...]:
        """Return when the room was closed or out of use, in order, apart from each other."""
        scopes = (*(other.id for other in catalogue.sharing(room)), room.location_id, None)
        spans = [span for scope in scopes for span in self.closed.get(scope, ())]
        return merged([*spans, *self.unused.get(room.id, ()), *self.unused.get(room.location_id, ())])


async def lives(session: ReadSession, starts: datetime, ends: datetime) -> Lives:
    """Read what is known of the time from `starts` to `ends`; spans are cut to it, in whole minutes."""
    rows = await session.all(_ROWS, session.tenant, starts, ends)
    things = {row["about"]: row for row in rows if row["kind"] == "thing"}
    turns: dict[UUID, list[tuple[datetime, bool]]] = {}
    closed: dict[UUID | None, list[Span]] = {}
    for row in rows:
        if row["kind"] == "use":
            turns.setdefault(row["about"], []).append((row["starts"], row["active"]))
        elif row["kind"] == "closure":
            closed.setdefault(row["about"], []).append((row["starts"], row["ends"]))
    return Lives(
        began={about: _minute(row["starts"]) for about, row in things.items()},
        unused={
            about: spans
            for about, row in things.items()
            if (spans := cut(_unused(row, turns.get(about, []), ends), starts, ends))
        },
        closed={scope: cut(spans, starts, ends) for scope, spans in closed.items()},
    )


def _unused(row: Mapping[str, Any], turns: list[tuple[datetime, bool]], ends: datetime) -> Iterable[Span]:
    """Return when something was out of use: between the turns, and as it is now since the last of them."""
    since = None if turns and not turns[0][1] else row["starts"] if turns else None
    for at, active in turns:
        if not active:
            since = since or at
        elif since:
            yield since, at
            since = None
    if not row["active"]:
        yield since or row["ends"], ends


def cut(spans: Iterable[Span], starts: datetime, ends: datetime) -> tuple[Span, ...]:
    """Return what of the spans lies between two moments, in whole minutes."""
    within = ((max(_minute(since), starts), min(_minute(until), ends)) for since, until in spans)
    return tuple((since, until) for since, until in within if since < until)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same time as spans in order that neither meet nor overlap."""
    found: list[Span] = []
    for since, until in sorted(spans):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(until, found[-1][1]))
        else:
            found.append((since, until))
    return tuple(found)
