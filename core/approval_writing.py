"""Writing how requests for approval were decided, inside somebody's transaction: by a person, the command line or the clock.

Kept out: who may decide (`approval_deciding`), and when time does (`approval_time`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from core import approving, bookkeeping, events, series_writing, store
from core.catalogue import Catalogue
from core.db import ReadSession, WriteSession
from core.ids import new_id
from core.models import Actor, Booking, Changed, Status
from core.series_writing import Step

_KINDS = {"approved": events.Kind.APPROVED, "declined": events.Kind.DECLINED, "expired": events.Kind.EXPIRED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How somebody, or the clock (`by` None), decides on a request."""

    decision: str
    by: UUID | None = None
    reason: str | None = None


async def conclude(
    session: WriteSession,
    rows: Sequence[Mapping[str, Any]],
    verdict: Verdict,
    catalogue: Catalogue,
    *,
    by: Actor | None,
    now: datetime,
) -> None:
    """Decide on open requests whose bookings are locked, and tell the booker once; raises TakenError."""
    session.happened = True
    there = await store.bookings(session, [row["booking_id"] for row in rows], catalogue)
    waiting = [row for row in rows if there[row["booking_id"]].status is Status.PENDING]
    kind, steps = _KINDS[verdict.decision], []
    for row in waiting:
        before = there[row["booking_id"]]
        after = await _decided(session, before, row, verdict, catalogue, now=now)
        steps.append(Step(kind=kind, before=before, after=after))
    if not steps:
        return
    await approving.close_all(
        session, [row["id"] for row in waiting], verdict.decision, by=verdict.by, reason=verdict.reason, now=now
    )
    actor = by or _unnamed(steps[0].before, verdict)
    if len(steps) == 1:
        await _write_one(session, steps[0], catalogue, by=actor, reason=verdict.reason, now=now)
    else:
        try:
            await series_writing.change(
                session, steps, catalogue, by=actor, operation_id=new_id(), now=now, reason=verdict.reason
            )
        except series_writing.InTheWayError as error:
            raise bookkeeping.TakenError(steps[0].after) from error
    first = steps[0].after
    if verdict.by != first.booker.person_id:
        await approving.tell_decided(session, waiting[0]["id"], first, now=now)


async def _write_one(
    session: WriteSession, step: Step, catalogue: Catalogue, *, by: Actor, reason: str | None, now: datetime
) -> None:
    change = Changed(before=step.before, after=step.after)
    await bookkeeping.write(session, step.kind, change, catalogue, event_id=new_id(), by=by, now=now, reason=reason)


async def _decided(
    session: ReadSession,
    before: Booking,
    row: Mapping[str, Any],
    verdict: Verdict,
    catalogue: Catalogue,
    *,
    now: datetime,
) -> Booking:
    """Return the booking as a decision leaves it."""
    if verdict.decision == "approved":
        return bookkeeping.following(before, now=now, status=Status.CONFIRMED)
    facts = row["approved_before"]
    approved = await store.from_snapshot(session, before.id, facts, catalogue) if facts else None
    status = Status.DECLINED if verdict.decision == "declined" else Status.EXPIRED
    return approving.ended(before, approved, status, now=now, reason=verdict.reason)


def _unnamed(booking: Booking, verdict: Verdict) -> Actor:
    """Return who stands in the audit where nobody is named: the clock, or the command line."""
    clock = bookkeeping.clock(booking)
    return clock if verdict.decision == "expired" else replace(clock, surface="cli")
