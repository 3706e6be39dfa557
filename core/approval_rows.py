"""Requests for approval, read back: each alone, and those that are decided together since they were asked together.

The dates of a series that wait since the same moment are one request to those who decide. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core import store
from core.approving import deciding
from core.catalogue import Catalogue
from core.db import ReadSession
from core.errors import RequestNotFound
from core.models import Booking, Right, Room

COLUMNS = """
a.id, a.booking_id, a.approved_before, a.asked_at, a.expires_at, a.reminded_at, a.decision, a.decided_by, a.decided_at,
a.reason, b.series_id, b.start_time, d.slack_user_id AS decided_by_slack, d.name AS decided_by_name
"""
FROM = """
FROM approvals a JOIN bookings b ON b.tenant_id = a.tenant_id AND b.id = a.booking_id
LEFT JOIN people d ON d.tenant_id = a.tenant_id AND d.id = a.decided_by
"""
_ONE = f"SELECT {COLUMNS} {FROM} WHERE a.tenant_id = $1 AND a.id = $2"
_LATEST = f"""
SELECT {COLUMNS} {FROM} WHERE a.tenant_id = $1 AND a.booking_id = $2 ORDER BY a.asked_at DESC, a.id DESC LIMIT 1
"""
_TOGETHER = f"""
SELECT {COLUMNS} {FROM} WHERE a.tenant_id = $1 AND b.series_id = $2 AND a.asked_at = $3 ORDER BY b.start_time, a.id
"""
_OPEN = f"SELECT {COLUMNS} {FROM} WHERE a.tenant_id = $1 AND a.decision IS NULL ORDER BY a.asked_at, b.start_time, a.id"

# Who is asked: those who approve, else those who manage, else the admins. A right on a
# location holds for its rooms, one without either for all; those that are granted to everybody name nobody to ask.
_APPROVERS = """
WITH granted AS (
    SELECT CASE r.granted WHEN 'approve' THEN 1 ELSE 2 END AS rank, coalesce(r.person_id, m.person_id) AS person_id
    FROM rights r
    LEFT JOIN groups g ON g.tenant_id = r.tenant_id AND g.id = r.group_id AND g.removed_at IS NULL
    LEFT JOIN group_members m ON m.tenant_id = g.tenant_id AND m.group_id = g.id
    WHERE r.tenant_id = $1 AND r.removed_at IS NULL AND r.granted IN ('approve', 'manage')
        AND coalesce(r.room_id = ANY($2::uuid[]), true) AND coalesce(r.location_id = ANY($3::uuid[]), true)
    UNION ALL
    SELECT 3, p.id FROM people p WHERE p.tenant_id = $1
        AND (p.slack_admin OR EXISTS (SELECT FROM admins a WHERE a.tenant_id = p.tenant_id AND a.person_id = p.id))
),
ranked AS (
    SELECT p.id, p.slack_team_id, p.slack_user_id, p.name, min(granted.rank) + CASE WHEN p.id = $4 THEN 10 ELSE 0 END AS rank
    FROM granted JOIN people p ON p.tenant_id = $1 AND p.id = granted.person_id
    WHERE p.erased_at IS NULL
    GROUP BY p.tenant_id, p.id
)
SELECT id, slack_team_id, slack_user_id, name FROM ranked WHERE rank = (SELECT min(rank) FROM ranked)
ORDER BY lower(name), id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Approver:
    """Somebody who is asked whether a booking may be."""

    person_id: UUID
    slack_team_id: str
    slack_user_id: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A request for approval as it stands: `decision` is None while it waits, else how it went, when, and by whom.

    `booking` is as it is now, of several that were asked for together the first that still waits; `dates` says how many
    there are, `last` is the last of them. `decided_by_*` are None where it was the clock or the command line.
    `approved_before` is what was approved already and is now to be more. `by_right` is true where the rooms' rules ask for
    no approval: it is the booker who may only ask for them.
    """

    id: UUID
    booking: Booking
    asked_at: datetime
    expires_at: datetime
    decision: str | None = None
    decided_by: UUID | None = None
    decided_by_slack: str | None = None
    decided_by_name: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    approved_before: Booking | None = None
    dates: int = 1
    last: Booking | None = None
    by_right: bool = False

    @property
    def open(self) -> bool:
        """Tell whether it still waits."""
        return self.decision is None


async def by_id(session: ReadSession, request_id: UUID) -> Mapping[str, Any]:
    """Return a request's row, or raise RequestNotFound."""
    row: Mapping[str, Any] | None = await session.one(_ONE, session.tenant, request_id)
    if row is None:
        raise RequestNotFound("Nobody has to approve this booking.")
    return row


async def latest(session: ReadSession, booking_id: UUID) -> Mapping[str, Any] | None:
    """Return the row of what a booking asked last, or None."""
    row: Mapping[str, Any] | None = await session.one(_LATEST, session.tenant, booking_id)
    return row


async def together(session: ReadSession, row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the rows of all that was asked in one with this one, itself among them, by start."""
    if row["series_id"] is None:
        return [row]
    return list(await session.all(_TOGETHER, session.tenant, row["series_id"], row["asked_at"]))


async def all_open(session: ReadSession) -> list[list[Mapping[str, Any]]]:
    """Return the rows of all that waits, those that were asked together in one list, the longest waiting first."""
    found: dict[object, list[Mapping[str, Any]]] = {}
    for row in await session.all(_OPEN, session.tenant):
        one = (row["series_id"], row["asked_at"]) if row["series_id"] else row["id"]
        found.setdefault(one, []).append(row)
    return list(found.values())


def speaks(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return of what was asked together that which still waits; where nothing does, what was decided last, in one."""
    waiting = [row for row in rows if row["decision"] is None]
    if waiting:
        return waiting
    # What somebody decided says more than what was withdrawn or has run out since.
    last = max(rows, key=lambda row: (row["decision"] in {"approved", "declined"}, row["decided_at"]))
    return [row for row in rows if (row["decision"], row["decided_at"]) == (last["decision"], last["decided_at"])]


async def request(session: ReadSession, rows: Sequence[Mapping[str, Any]], catalogue: Catalogue) -> Request:
    """Return what was asked together as one request."""
    spoken = speaks(rows)
    first, last = spoken[0], spoken[-1]
    there = await store.bookings(session, [first["booking_id"], last["booking_id"]], catalogue)
    before = first["approved_before"]
    return Request(
        id=first["id"],
        booking=there[first["booking_id"]],
        asked_at=first["asked_at"],
        expires_at=first["expires_at"],
        decision=first["decision"],
        decided_by=first["decided_by"],
        decided_by_slack=first["decided_by_slack"],
        decided_by_name=first["decided_by_name"],
        decided_at=first["decided_at"],
        reason=first["reason"],
        approved_before=await store.from_snapshot(session, first["booking_id"], before, catalogue) if before else None,
        dates=len(spoken),
        last=there[last["booking_id"]] if len(spoken) > 1 else None,
        by_right=_only_by_right(there[first["booking_id"]], catalogue),
    )


def _only_by_right(booking: Booking, catalogue: Catalogue) -> bool:
    """Tell whether no rule of its rooms asks for approval, but a right that lets somebody only ask for them."""
    if any(catalogue.policy(room).approval for room in booking.rooms):
        return False
    grants = (grant for room in booking.rooms for given in catalogue.grants(room) for grant in given)
    return any(grant.right is Right.REQUEST for grant in grants)


async def of_booking(session: ReadSession, booking_id: UUID, catalogue: Catalogue) -> Request | None:
    """Return what a booking asked last, with all that was asked together with it; None where it never asked."""
    row = await latest(session, booking_id)
    return await request(session, await together(session, row), catalogue) if row else None


async def approvers(session: ReadSession, rooms: Iterable[Room], booker_id: UUID) -> tuple[Approver, ...]:
    """Return who is asked, by name: nobody decides on their own booking, unless there is nobody else."""
    asked = list(rooms)
    rows = await session.all(
        _APPROVERS, session.tenant, [room.id for room in asked], [room.location_id for room in asked], booker_id
    )
    return tuple(
        Approver(
            person_id=row["id"],
            slack_team_id=row["slack_team_id"],
            slack_user_id=row["slack_user_id"],
            name=row["name"],
        )
        for row in rows
    )


async def asked_about(session: ReadSession, booking: Booking, catalogue: Catalogue) -> tuple[Approver, ...]:
    """Return who is asked about a booking, by name: of several rooms, whoever decides for each that asks for approval.

    Where that is nobody, those who decide everywhere: who approves there, else who manages, else the admins.
    """
    booker = booking.booker.person_id
    rooms = deciding(booking, catalogue)
    lists = [await approvers(session, [room], booker) for room in rooms]
    everywhere = {one.person_id for one in lists[0]}.intersection(*({one.person_id for one in one_of} for one_of in lists))
    return tuple(one for one in lists[0] if one.person_id in everywhere) or await approvers(session, (), booker)
