"""After a restore to an earlier moment: what was told since then is not told again, and the feed counts on.

The restored data does not know of messages that went out after its moment, and would send them all again. Nobody may be
serving the workspace meanwhile. Kept out: webhooks, whose receivers know events by their ids and are told them again.
"""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from core.catalogue import Catalogues
from core.clock import Clock
from core.db import Database, WriteSession
from core.digests import Digests
from core.notices import Notice
from core.planning import Planning
from core.reminders import Reminders
from core.weekly import Weekly

# What waits for somebody's answer is asked again: better twice than a room held for nobody.
ASKING = (
    Notice.OFFER,
    Notice.APPROVAL_REMINDER,
    Notice.APPROVAL_SUGGESTION,
    Notice.PROPOSAL,
)
REASON = "restored"

_DROP = """
UPDATE deliveries SET status = 'dropped', reason = $3, done_at = $2, lease = NULL, leased_until = NULL, posting_since = NULL
WHERE tenant_id = $1 AND status = 'pending' AND due_at <= $2 AND kind <> ALL($4::text[])
RETURNING id
"""
_SETTLE_CARDS = """
UPDATE cards SET rendered_version = wanted_version, lease = NULL, leased_until = NULL, posting_since = NULL
WHERE tenant_id = $1 AND ts IS NULL AND rendered_version < wanted_version AND due_at <= $2 AND role = 'news'
RETURNING id
"""
# Edited since, or not: now they show what the database knows. An edit rings nobody's telephone.
_SHOW_AGAIN = """
UPDATE cards c SET rendered_version = 0, due_at = $2, attempts = 0, lease = NULL, leased_until = NULL, posting_since = NULL
FROM bookings b
WHERE c.tenant_id = $1 AND b.tenant_id = $1 AND b.id = c.booking_id AND b.end_time > $2 AND c.ts IS NOT NULL
    AND c.given_up IS NULL
RETURNING c.id
"""
# Ids of transactions that another server gave out are ahead of this one's after a dump was read in. All of the past then
# becomes one transaction, in which the numbers say what came first; readers stay before whatever they have not had.
_FROM_ELSEWHERE = """
SELECT EXISTS (
    SELECT FROM events WHERE tenant_id = $1 AND transaction >= pg_snapshot_xmax(pg_current_snapshot())
) OR EXISTS (
    SELECT FROM event_readers WHERE tenant_id = $1 AND transaction >= pg_snapshot_xmax(pg_current_snapshot())
) OR EXISTS (
    SELECT FROM webhooks WHERE tenant_id = $1 AND transaction >= pg_snapshot_xmax(pg_current_snapshot())
)
"""
_BACK = """
UPDATE {readers} r SET transaction = '3', number = coalesce(
    (SELECT min(e.number) - 1 FROM events e
        WHERE e.tenant_id = $1 AND (e.transaction, e.number) > (r.transaction, r.number)),
    (SELECT max(e.number) FROM events e WHERE e.tenant_id = $1), 0)
WHERE r.tenant_id = $1
"""
_ONE_TRANSACTION = "UPDATE events SET transaction = '3' WHERE tenant_id = $1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What was done: messages counted as sent, cards never to be posted, cards to be edited once more."""

    messages: int
    cards: int
    shown_again: int


async def counted_on(owner: asyncpg.Connection, tenant: object) -> bool:
    """Let the feed count on where another server stopped; return whether there was need. `owner` owns the tables."""
    async with owner.transaction():
        await owner.execute("SELECT set_config('app.tenant', $1, true)", str(tenant))
        if not await owner.fetchval(_FROM_ELSEWHERE, tenant):
            return False
        for readers in ("event_readers", "webhooks"):
            await owner.execute(_BACK.format(readers=readers), tenant)
        await owner.execute(_ONE_TRANSACTION, tenant)
        return True


class Restored:
    """The workspace on a restored database; `db` acts as the worker."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._catalogues = Catalogues(db)

    async def settle(self) -> Settled:
        """Plan all messages that would be due by now, and count them as sent; safe to repeat."""
        now, db, catalogues = self._clock.now(), self._db, self._catalogues
        while await Planning(db, catalogues, self._clock).plan(now):
            pass
        await Reminders(db, catalogues, self._clock).plan(now)
        await Digests(db, catalogues, self._clock).plan(now)
        await Weekly(db, catalogues).plan(now)

        async def work(session: WriteSession) -> Settled:
            tenant = session.tenant
            return Settled(
                messages=len(await session.all(_DROP, tenant, now, REASON, [kind.value for kind in ASKING])),
                cards=len(await session.all(_SETTLE_CARDS, tenant, now)),
                shown_again=len(await session.all(_SHOW_AGAIN, tenant, now)),
            )

        return await db.write(work, repeatable=True)
