"""What is to be sent: leased to one sender at a time, and marked when it was sent.

The lease runs on the database's clock, so that senders whose clocks differ agree on who has it; what is due runs on the
injected one. Kept out: what is planned (`planning`, `reminders`, `digests`), the words, and sending.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core import approval_asking, claimed, holding, store, subscriptions
from core.catalogue import Catalogue, Catalogues
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.errors import NotActive, NotAllowed
from core.ids import new_id
from core.models import Actor
from core.notices import Card, Delivery, Subscription
from core.planning import word_of

# Longer than a sender waits for Slack's answer; by then it has marked the message, or may no longer post it.
LEASE_SECONDS = 30.0
KEPT = timedelta(days=7)
KEPT_GIVEN_UP = timedelta(days=30)
BATCH = 500

_CLAIM_CARDS = """
WITH due AS (
    SELECT id, posting_since FROM cards
    WHERE tenant_id = $1 AND rendered_version < wanted_version AND given_up IS NULL AND due_at <= $2
        AND (leased_until IS NULL OR leased_until < clock_timestamp())
    ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE cards c SET lease = $4, leased_until = clock_timestamp() + make_interval(secs => $5),
    posting_since = coalesce(c.posting_since, clock_timestamp())
FROM due WHERE c.tenant_id = $1 AND c.id = due.id
RETURNING c.id, c.lease, c.booking_id, c.team_id, c.channel_id, c.person_id, c.role, c.ts, c.first_version, c.attempts,
    c.due_at, due.posting_since IS NOT NULL AS uncertain
"""
# What belongs into a thread waits until its first message is there, or will never be.
_CLAIM_DELIVERIES = """
WITH due AS (
    SELECT d.id, d.posting_since, c.channel_id AS card_channel_id, c.ts AS card_ts, c.first_version, c.given_up
    FROM deliveries d LEFT JOIN cards c ON c.tenant_id = d.tenant_id AND c.id = d.card_id
    WHERE d.tenant_id = $1 AND d.status = 'pending' AND d.due_at <= $2
        AND (d.leased_until IS NULL OR d.leased_until < clock_timestamp())
        AND (d.card_id IS NULL OR c.ts IS NOT NULL OR c.given_up IS NOT NULL OR c.rendered_version >= c.wanted_version)
    ORDER BY d.due_at LIMIT $3 FOR UPDATE OF d SKIP LOCKED
)
UPDATE deliveries d SET lease = $4, leased_until = clock_timestamp() + make_interval(secs => $5),
    posting_since = coalesce(d.posting_since, clock_timestamp())
FROM due WHERE d.tenant_id = $1 AND d.id = due.id
RETURNING d.id, d.lease, d.key, d.kind, d.team_id, d.booking_id, d.person_id, d.card_id, d.subscription_id, d.waiting_id,
    d.about, d.due_at, d.until, d.attempts, due.posting_since IS NOT NULL AS uncertain, due.card_channel_id, due.card_ts,
    due.first_version, due.given_up
"""
_FREE = "lease = NULL, leased_until = NULL, posting_since = NULL"
_SHOWN = f"""
UPDATE cards SET channel_id = $4, ts = $5, first_version = coalesce(first_version, $6), rendered_version = $6,
    wanted_version = greatest(wanted_version, $6), attempts = 0, updated_at = $7, {_FREE}
WHERE tenant_id = $1 AND id = $2 AND lease = $3
RETURNING true
"""
# Whoever lost the lease may have overwritten a newer state with an older one: it is to be shown once more.
_SHOWN_TOO_LATE = """
UPDATE cards SET channel_id = CASE WHEN ts IS NULL THEN $3 ELSE channel_id END, ts = coalesce(ts, $4),
    first_version = coalesce(first_version, $5), rendered_version = 0, due_at = least(due_at, $6), updated_at = $6
WHERE tenant_id = $1 AND id = $2
"""
_OVERWRITTEN = """
UPDATE cards SET rendered_version = 0, due_at = least(due_at, $3), updated_at = $3
WHERE tenant_id = $1 AND id = $2 AND ts IS NOT NULL
"""
_DIRECT_CHANNEL = """
UPDATE people SET dm_channel = $3 WHERE tenant_id = $1 AND id = $2 AND dm_channel IS DISTINCT FROM $3
"""
_SETTLED = f"UPDATE cards SET rendered_version = wanted_version, {_FREE} WHERE tenant_id = $1 AND id = ANY($2::uuid[])"
_CARD_LATER = """
UPDATE cards SET due_at = $4, attempts = attempts + $5, lease = NULL, leased_until = NULL,
    posting_since = CASE WHEN $6 THEN posting_since END
WHERE tenant_id = $1 AND id = $2 AND lease = $3
"""
_LATER = _CARD_LATER.replace("UPDATE cards", "UPDATE deliveries") + " AND status = 'pending'"
_CARD_GIVEN_UP = f"""
UPDATE cards SET given_up = $4, given_up_at = $5, {_FREE} WHERE tenant_id = $1 AND id = $2 AND lease = $3
"""
# Sent is sent, whoever has the lease by now: the other need not send it again.
_SENT = """
UPDATE deliveries d SET status = 'sent', channel_id = $4, ts = $5, done_at = $6, lease = NULL, leased_until = NULL,
    posting_since = NULL
FROM (SELECT id, lease FROM deliveries WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE) was
WHERE d.tenant_id = $1 AND d.id = was.id AND d.status = 'pending'
RETURNING was.lease = $3
"""
_DONE = f"""
UPDATE deliveries SET status = $4, reason = $5, done_at = $6, {_FREE}
WHERE tenant_id = $1 AND id = $2 AND lease = $3 AND status = 'pending'
"""
_OVERVIEW = """
SELECT
    (SELECT count(*) FROM deliveries WHERE tenant_id = $1 AND status = 'pending' AND due_at <= $2) AS deliveries,
    (SELECT count(*) FROM cards WHERE tenant_id = $1 AND rendered_version < wanted_version AND given_up IS NULL
        AND due_at <= $2) AS cards,
    (SELECT min(due_at) FROM deliveries WHERE tenant_id = $1 AND status = 'pending' AND due_at <= $2) AS oldest_delivery,
    (SELECT min(due_at) FROM cards WHERE tenant_id = $1 AND rendered_version < wanted_version AND given_up IS NULL
        AND due_at <= $2) AS oldest_card,
    (SELECT count(*) FROM deliveries WHERE tenant_id = $1 AND status = 'pending' AND attempts > 0) +
    (SELECT count(*) FROM cards WHERE tenant_id = $1 AND rendered_version < wanted_version AND given_up IS NULL
        AND attempts > 0) AS retrying
"""
_GIVEN_UP = """
SELECT * FROM (
    SELECT d.id, d.kind AS what, coalesce(p.slack_user_id, s.channel_id, c.channel_id, '') AS whom, d.reason,
        d.done_at AS at
    FROM deliveries d LEFT JOIN people p ON p.tenant_id = d.tenant_id AND p.id = d.person_id
        LEFT JOIN subscriptions s ON s.tenant_id = d.tenant_id AND s.id = d.subscription_id
        LEFT JOIN cards c ON c.tenant_id = d.tenant_id AND c.id = d.card_id
    WHERE d.tenant_id = $1 AND d.status = 'given_up'
    UNION ALL
    SELECT c.id, 'card', coalesce(p.slack_user_id, c.channel_id), c.given_up, c.given_up_at
    FROM cards c LEFT JOIN people p ON p.tenant_id = c.tenant_id AND p.id = c.person_id
    WHERE c.tenant_id = $1 AND c.given_up IS NOT NULL
) given_up ORDER BY at DESC LIMIT $2
"""
_RETRY_DELIVERIES = """
UPDATE deliveries SET status = 'pending', reason = NULL, done_at = NULL, due_at = $3, attempts = 0
WHERE tenant_id = $1 AND status = 'given_up' AND ($2::uuid[] IS NULL OR id = ANY($2::uuid[])) RETURNING id
"""
_RETRY_CARDS = """
UPDATE cards SET given_up = NULL, given_up_at = NULL, due_at = $3, attempts = 0
WHERE tenant_id = $1 AND given_up IS NOT NULL AND ($2::uuid[] IS NULL OR id = ANY($2::uuid[])) RETURNING id
"""
_SHARE = """
INSERT INTO cards AS c (tenant_id, id, booking_id, team_id, channel_id, wanted_version, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (tenant_id, booking_id, team_id, channel_id) WHERE person_id IS NULL DO UPDATE
    SET given_up = NULL, given_up_at = NULL, rendered_version = 0, due_at = $7, attempts = 0
    WHERE c.given_up IS NOT NULL OR (c.ts IS NULL AND c.rendered_version >= c.wanted_version)
RETURNING true
"""
_CLEAN_DELIVERIES = """
DELETE FROM deliveries WHERE tenant_id = $1 AND id IN (
    SELECT id FROM deliveries WHERE tenant_id = $1 AND done_at < $2 AND (status <> 'given_up' OR done_at < $3) LIMIT $4
)
"""
_CLEAN_CARDS = """
DELETE FROM cards WHERE tenant_id = $1 AND id IN (
    SELECT c.id FROM cards c JOIN bookings b ON b.tenant_id = c.tenant_id AND b.id = c.booking_id
    WHERE c.tenant_id = $1 AND c.created_at < $2 AND b.end_time < $2 LIMIT $3
)
"""
MOST_SHOWN = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class GivenUp:
    """Something that could not be told: `what` is a delivery's kind or "card", `whom` a Slack user or channel id."""

    id: UUID
    what: str
    whom: str
    reason: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """How sending stands: due and not sent, seconds that the oldest of it is late, tried before; the last given up."""

    pending: int
    oldest_due_seconds: float
    retrying: int
    given_up: tuple[GivenUp, ...]


class Outbox:
    """Deliveries and cards on their way; safe for any number of senders at once."""

    def __init__(self, db: Database, catalogues: Catalogues, clock: Clock, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self._db = db
        self._catalogues = catalogues
        self._clock = clock
        self._lease_seconds = lease_seconds

    # -- claiming --------------------------------------------------------------------------------------------------

    async def claim_cards(self, now: datetime, limit: int = 20) -> tuple[Card, ...]:
        """Lease cards that are to be posted or edited, the longest due first.

        One that was never posted and tells nobody anything any more is settled in silence instead.
        """
        return await self._catalogues.using(lambda catalogue: self._claim_cards(catalogue, now, limit))

    async def _claim_cards(self, catalogue: Catalogue, now: datetime, limit: int) -> tuple[Card, ...]:
        lease = new_id()

        async def work(session: WriteSession) -> tuple[Card, ...]:
            rows = await session.all(_CLAIM_CARDS, session.tenant, now, limit, lease, self._lease_seconds)
            if not rows:
                return ()
            rows.sort(key=lambda row: (row["due_at"], row["id"]))
            found = await claimed.cards(session, rows, catalogue)
            moot = await _moot(session, found, catalogue, now=now)
            if moot:
                await session.run(_SETTLED, session.tenant, list(moot))
            return tuple(card for card in found if card.id not in moot)

        return await self._db.write(work, repeatable=True)

    async def claim_deliveries(self, now: datetime, limit: int = 20) -> tuple[Delivery, ...]:
        """Lease messages that are due, the longest due first; what its card already tells is dropped instead."""
        return await self._catalogues.using(lambda catalogue: self._claim_deliveries(catalogue, now, limit))

    async def _claim_deliveries(self, catalogue: Catalogue, now: datetime, limit: int) -> tuple[Delivery, ...]:
        lease = new_id()

        async def work(session: WriteSession) -> tuple[Delivery, ...]:
            rows = await session.all(_CLAIM_DELIVERIES, session.tenant, now, limit, lease, self._lease_seconds)
            if not rows:
                return ()
            rows.sort(key=lambda row: (row["due_at"], row["id"]))
            told = {row["id"]: reason for row in rows if (reason := _told_by_card(row))}
            for delivery_id, reason in told.items():
                await session.run(_DONE, session.tenant, delivery_id, lease, "dropped", reason, now)
            return tuple(await claimed.deliveries(session, [row for row in rows if row["id"] not in told], catalogue))

        return await self._db.write(work, repeatable=True)

    def holds(self, delivery: Delivery, now: datetime) -> str | None:
        """Return why a delivery need not be sent any more, or None when it holds; asks nobody."""
        return holding.why_not(delivery, now)

    # -- marking ---------------------------------------------------------------------------------------------------

    async def card_shown(self, card: Card, *, channel_id: str, ts: str) -> bool:
        """Note that a card's message shows `card.version`; return whether the lease was still ours.

        If it was not, the message is shown anew, since ours may have landed on top of a newer one.
        """
        now = self._clock.now()

        async def work(session: WriteSession) -> bool:
            if card.person is not None:
                await session.run(_DIRECT_CHANNEL, session.tenant, card.person.id, channel_id)
            if await session.value(_SHOWN, session.tenant, card.id, card.lease, channel_id, ts, card.version, now):
                return True
            await session.run(_SHOWN_TOO_LATE, session.tenant, card.id, channel_id, ts, card.version, now)
            return False

        return await self._db.write(work, repeatable=True)

    async def sent(self, delivery: Delivery, *, channel_id: str, ts: str) -> bool:
        """Note that a message was sent; return whether the lease was still ours. It is not sent again in either case."""
        now = self._clock.now()

        async def work(session: WriteSession) -> bool:
            if delivery.person is not None:
                await session.run(_DIRECT_CHANNEL, session.tenant, delivery.person.id, channel_id)
            ours = await session.value(_SENT, session.tenant, delivery.id, delivery.lease, channel_id, ts, now)
            return bool(ours)

        return await self._db.write(work, repeatable=True)

    async def card_later(self, card: Card, *, at: datetime, uncertain: bool, counted: bool = True) -> bool:
        """Give a card back until `at`; `uncertain` when a post may have arrived, `counted` when this was an attempt.

        Where the lease was lost, an edit that may have arrived may lie on top of a newer one: it is shown anew then.
        """

        async def work(session: WriteSession) -> bool:
            values = (session.tenant, card.id, card.lease, at, int(counted), uncertain)
            if await session.run(_CARD_LATER, *values) != "UPDATE 0":
                return True
            if uncertain and card.ts is not None:
                await session.run(_OVERWRITTEN, session.tenant, card.id, self._clock.now())
            return False

        return await self._db.write(work, repeatable=True)

    async def later(self, delivery: Delivery, *, at: datetime, uncertain: bool, counted: bool = True) -> bool:
        """Give a message back until `at`; `uncertain` when it may have arrived, `counted` when this was an attempt."""
        return await self._run(_LATER, delivery.id, delivery.lease, at, int(counted), uncertain)

    async def card_given_up(self, card: Card, reason: str) -> bool:
        """Stop showing a card, for a reason that an admin can read."""
        return await self._run(_CARD_GIVEN_UP, card.id, card.lease, reason, self._clock.now())

    async def card_dropped(self, card: Card) -> bool:
        """Note that a card has nothing to say as the booking stands; the next change asks again."""
        sql = f"UPDATE cards SET rendered_version = wanted_version, {_FREE} WHERE tenant_id = $1 AND id = $2 AND lease = $3"
        return await self._run(sql, card.id, card.lease)

    async def given_up(self, delivery: Delivery, reason: str) -> bool:
        """Stop trying to send a message, for a reason that an admin can read."""
        return await self._run(_DONE, delivery.id, delivery.lease, "given_up", reason, self._clock.now())

    async def dropped(self, delivery: Delivery, reason: str) -> bool:
        """Note that a message need not be sent any more."""
        return await self._run(_DONE, delivery.id, delivery.lease, "dropped", reason, self._clock.now())

    async def _run(self, sql: str, row_id: UUID, lease: UUID, *values: object) -> bool:
        """Change what is leased to us; return False when the lease was lost."""

        async def work(session: WriteSession) -> bool:
            return await session.run(sql, session.tenant, row_id, lease, *values) != "UPDATE 0"

        return await self._db.write(work, repeatable=True)

    # -- asking ----------------------------------------------------------------------------------------------------

    async def share(self, booking_id: UUID, *, team_id: str, channel_id: str, by: Actor) -> bool:
        """Tell a channel of a booking, by a message that lives on; return False where it has been told already.

        Raises BookingNotFound, NotAllowed for whoever neither attends nor may change it, NotActive when it is past.
        """
        catalogue = await self._catalogues.current()
        now = self._clock.now()

        async def work(session: WriteSession) -> bool:
            booking = await store.booking(session, booking_id, catalogue)
            if not (booking.attended_by(by.person_id) or booking.changeable_by(by)):
                raise NotAllowed("Only those who attend a meeting can tell a channel of it.")
            if not booking.holds_room or booking.end <= now:
                raise NotActive("This booking is over.", booking=booking)
            session.happened = True
            values = (new_id(), booking_id, team_id, channel_id, booking.version, now)
            return bool(await session.value(_SHARE, session.tenant, *values))

        return await self._db.write(work, repeatable=True)

    async def overview(self, now: datetime, *, limit: int = MOST_SHOWN) -> Overview:
        """Return how sending stands, with the last things that were given up."""

        async def work(session: ReadSession) -> Overview:
            row = await session.one(_OVERVIEW, session.tenant, now)
            assert row is not None
            given_up = await session.all(_GIVEN_UP, session.tenant, limit)
            oldest = [moment for moment in (row["oldest_delivery"], row["oldest_card"]) if moment]
            return Overview(
                pending=row["deliveries"] + row["cards"],
                oldest_due_seconds=(now - min(oldest)).total_seconds() if oldest else 0.0,
                retrying=row["retrying"],
                given_up=tuple(GivenUp(**one) for one in given_up),
            )

        return await self._db.read(work)

    async def retry(self, ids: Collection[UUID] | None) -> int:
        """Try what was given up once more, all of it when `ids` is None; return how much that is."""
        now = self._clock.now()
        wanted = None if ids is None else list(ids)

        async def work(session: WriteSession) -> int:
            session.happened = True
            deliveries = await session.all(_RETRY_DELIVERIES, session.tenant, wanted, now)
            return len(deliveries) + len(await session.all(_RETRY_CARDS, session.tenant, wanted, now))

        return await self._db.write(work, repeatable=True)

    async def slack_forgot(self) -> None:
        """Let go of every message and view that Slack no longer has: for a stand-in whose memory ends when it stops."""

        async def work(session: WriteSession) -> None:
            await session.run("DELETE FROM cards WHERE tenant_id = $1", session.tenant)
            await session.run("DELETE FROM open_views WHERE tenant_id = $1", session.tenant)

        await self._db.write(work, repeatable=True)

    async def clean(self, now: datetime) -> int:
        """Remove what was done a week ago, given up a month ago, and the cards of bookings a month past."""
        return await self._clean(_CLEAN_DELIVERIES, now - KEPT, now - KEPT_GIVEN_UP) + await self._clean(
            _CLEAN_CARDS, now - KEPT_GIVEN_UP
        )

    async def _clean(self, sql: str, *values: object) -> int:
        async def work(session: WriteSession) -> int:
            return int((await session.run(sql, session.tenant, *values, BATCH)).split()[-1])

        cleaned = 0
        while batch := await self._db.write(work, repeatable=True):
            cleaned += batch
        return cleaned


def _told_by_card(row: Mapping[str, Any]) -> str | None:
    """Return why nothing needs to go into a card's thread."""
    if row["card_id"] is None:
        return None
    if row["given_up"] is not None:
        return "its first message could not be posted"
    if row["card_ts"] is None:
        return "its first message was never posted"
    return "the first message tells it" if row["first_version"] >= row["about"]["version"] else None


async def _moot(session: ReadSession, cards: Sequence[Card], catalogue: Catalogue, *, now: datetime) -> set[UUID]:
    """Return which cards that nobody has seen need not be posted any more."""
    unseen = [card for card in cards if card.ts is None and not card.uncertain]
    asking = [card for card in unseen if card.role == approval_asking.ROLE]
    unseen = [card for card in unseen if card.role != approval_asking.ROLE]
    moot = {card.id for card in unseen if card.booking.end <= now or (card.person and not _invites(card))}
    moot |= await approval_asking.moot(session, asking, catalogue)
    # A channel that asked for cancellings hears of those, though it never heard of the booking.
    gone = [card for card in unseen if card.id not in moot and not card.booking.holds_room]
    if gone:
        hearing = await subscriptions.at_once(session, catalogue)
        moot |= {card.id for card in gone if not any(_asked(one, card) for one in hearing)}
    return moot


def _invites(card: Card) -> bool:
    """Tell whether a card in somebody's direct messages still has something to ask."""
    assert card.person is not None
    wanted = card.preferences is None or card.preferences.tell_invitations
    invited = any(a.person_id == card.person.id for a in card.booking.attendees)
    return wanted and invited and card.booking.holds_room


def _asked(subscription: Subscription, card: Card) -> bool:
    same_channel = (subscription.team_id, subscription.channel_id) == (card.team_id, card.channel_id)
    return (
        same_channel and subscriptions.covers(subscription, card.booking.room) and word_of(card.last) in subscription.kinds
    )
