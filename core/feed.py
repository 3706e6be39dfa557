"""What happened, read back in an order in which nothing is skipped: that of transactions, and only those that are over.

Numbers alone do not do: an event written earlier can become visible later than one with a higher number. A reader who has
come to a position has seen all before it. Kept out: what follows from it (`planning`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core import events, store
from core.catalogue import Catalogue
from core.db import ReadSession
from core.events import Kind
from core.models import Attendee
from core.notices import Happened, Together
from core.people import attendees_by_id


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """How far somebody has read: the transaction, and the event's number in it."""

    transaction: int = 0
    number: int = 0


BEGINNING = Position()

# Transactions that have begun but not written yet will get higher ids than all there are now. Sessions in other databases
# of the server do not concern us, however long they take: PostgreSQL's own horizon would wait for them.
_HORIZON = """
SELECT pg_snapshot_xmax(pg_current_snapshot()) AS next,
    (SELECT array_agg(backend_xid::text::bigint) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_xid IS NOT NULL) AS running
"""
_COLUMNS = """
e.transaction, e.number, e.kind, e.booking_id, e.booking_version, e.actor_id, e.surface, e.before, e.after, e.reason,
e.happened_at, e.operation_id
"""
_AFTER = f"""
SELECT {_COLUMNS} FROM events e
WHERE e.tenant_id = $1 AND (e.transaction, e.number) > ($2::xid8, $3::bigint) AND e.transaction < $4::xid8
ORDER BY e.transaction, e.number LIMIT $5
"""
_OF_VERSIONS = f"""
SELECT {_COLUMNS} FROM unnest($2::uuid[], $3::int[]) AS wanted (booking_id, version)
JOIN events e ON e.tenant_id = $1 AND e.booking_id = wanted.booking_id AND e.booking_version = wanted.version
"""
_OF_OPERATION = f"""
SELECT {_COLUMNS} FROM events e WHERE e.tenant_id = $1 AND e.operation_id = $2 ORDER BY e.number
"""
_TOGETHER = f"""
WITH operation AS (
    SELECT operation_id, count(*) AS total, count(*) FILTER (WHERE kind = 'booked') AS booked,
        count(*) FILTER (WHERE kind = 'cancelled') AS cancelled, min(number) AS first, max(number) AS last
    FROM events WHERE tenant_id = $1 AND operation_id = ANY($2::uuid[]) GROUP BY operation_id HAVING count(*) > 1
)
SELECT {_COLUMNS}, o.total, o.booked, o.cancelled, e.number = o.first AS is_first
FROM operation o JOIN events e ON e.tenant_id = $1 AND e.operation_id = o.operation_id AND e.number IN (o.first, o.last)
"""
# What else was written with an event that many were written with: all in one transaction.
_REST = f"""
SELECT {_COLUMNS} FROM events e
WHERE e.tenant_id = $1 AND e.operation_id = $2 AND e.transaction = $3::xid8 AND e.number > $4 ORDER BY e.number
"""


async def horizon(session: ReadSession) -> int:
    """Return a transaction id below which every transaction of this database is over, and visible to later statements."""
    row = await session.one(_HORIZON)
    assert row is not None
    following: int = row["next"]
    # Running ones are told by their lower 32 bits; none of them is two thousand million transactions away.
    return min((_widened(one, following) for one in row["running"] or ()), default=following)


def _widened(low: int, near: int) -> int:
    distance = (near - low + 2**31) % 2**32 - 2**31
    return min(near, near - distance)


class Feed:
    """The events of the workspace, for readers who want every one of them once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def after(
        self, session: ReadSession, position: Position, limit: int, *, below: int | None = None
    ) -> list[tuple[Position, Happened]]:
        """Return up to `limit` events behind a position, in order, and of the last operation among them all there are.

        Raises RoomNotFound where the catalogue is too old.

        Must not be the first statements of a transaction that reads one snapshot throughout. `below` is a horizon that
        was asked for before.
        """
        if below is None:
            below = await horizon(session)
        rows = await session.all(_AFTER, session.tenant, position.transaction, position.number, below, limit)
        if rows and rows[-1]["operation_id"]:
            last = rows[-1]
            rows += await session.all(_REST, session.tenant, last["operation_id"], last["transaction"], last["number"])
        known = await _known(session, rows)
        return [(Position(row["transaction"], row["number"]), happened(row, known, self._catalogue)) for row in rows]

    async def of_versions(
        self, session: ReadSession, wanted: Sequence[tuple[UUID, int]]
    ) -> dict[tuple[UUID, int], Happened]:
        """Return what led bookings to certain versions, where it is still known."""
        if not wanted:
            return {}
        ids, versions = [booking_id for booking_id, _ in wanted], [version for _, version in wanted]
        rows = await session.all(_OF_VERSIONS, session.tenant, ids, versions)
        known = await _known(session, rows)
        return {(row["booking_id"], row["booking_version"]): happened(row, known, self._catalogue) for row in rows}

    async def of_operation(self, session: ReadSession, operation_id: UUID) -> list[Happened]:
        """Return everything that one operation did to bookings, in order."""
        rows = await session.all(_OF_OPERATION, session.tenant, operation_id)
        known = await _known(session, rows)
        return [happened(row, known, self._catalogue) for row in rows]

    async def together(self, session: ReadSession, operation_ids: Sequence[UUID]) -> dict[UUID, Together]:
        """Return what operations did to many bookings; those that concerned one alone are left out."""
        if not operation_ids:
            return {}
        rows = await session.all(_TOGETHER, session.tenant, list(operation_ids))
        known = await _known(session, rows)
        ends = {(row["operation_id"], row["is_first"]): happened(row, known, self._catalogue) for row in rows}
        return {
            row["operation_id"]: Together(
                operation_id=row["operation_id"],
                count=row["total"],
                booked=row["booked"],
                cancelled=row["cancelled"],
                first=ends[row["operation_id"], True],
                last=ends[row["operation_id"], False],
            )
            for row in rows
        }


async def _known(session: ReadSession, rows: Sequence[Mapping[str, Any]]) -> dict[UUID, Attendee]:
    people = {row["actor_id"] for row in rows}
    for row in rows:
        for facts in (row["before"], row["after"]):
            people.update(events.people_in(facts) if facts else ())
    return await attendees_by_id(session, list(people)) if people else {}


def happened(row: Mapping[str, Any], known: dict[UUID, Attendee], catalogue: Catalogue) -> Happened:
    """Return an event from its row; `known` are at least all people named in it."""

    def booking(facts: dict[str, Any]) -> Any:  # noqa: ANN401 - a booking
        return store.of_snapshot(row["booking_id"], facts, known, catalogue)

    return Happened(
        kind=Kind(row["kind"]),
        before=booking(row["before"]) if row["before"] else None,
        after=booking(row["after"]),
        by_slack_user_id=known[row["actor_id"]].slack_user_id,
        by_person_id=row["actor_id"],
        surface=row["surface"],
        reason=row["reason"],
        at=row["happened_at"],
        operation_id=row["operation_id"],
    )
