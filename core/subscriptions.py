"""Channels that want to hear of bookings: what each has asked for. Who may ask is the edge's to judge, but for guests.

Kept out: what they are told (`planning`, `digests`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, time
from typing import Any
from uuid import UUID

from core.catalogue import Catalogue, Catalogues
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.errors import InvalidSubscription, NotAllowed, SubscriptionNotFound
from core.ids import new_id
from core.models import Actor, Room
from core.notices import Notice, Subscription
from core.quiet import zone_of

KINDS = ("booked", "changed", "cancelled", "released", "ended")
_NOWHERE = "'00000000-0000-0000-0000-000000000000'::uuid"
COLUMNS = (
    "s.id, s.team_id, s.channel_id, s.location_id, s.room_id, s.kinds, s.digest_at, s.zone, s.created_by, s.paused,"
    " s.version, s.weekly_figures"
)

_SAVE = f"""
INSERT INTO subscriptions AS s (tenant_id, id, team_id, channel_id, location_id, room_id, kinds, digest_at, zone, created_by,
    weekly_figures)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (tenant_id, team_id, channel_id, coalesce(location_id, {_NOWHERE}), coalesce(room_id, {_NOWHERE})) DO UPDATE
    SET kinds = excluded.kinds, digest_at = excluded.digest_at, zone = excluded.zone, paused = NULL,
        -- A channel's figures show as much as whoever asked for them last may see.
        created_by = CASE WHEN excluded.weekly_figures THEN excluded.created_by ELSE s.created_by END,
        weekly_figures = excluded.weekly_figures, updated_at = now(), version = s.version + 1
RETURNING {COLUMNS}
"""
# A digest that is asked for after its hour begins tomorrow; the row stands in the way of today's.
_NOT_TODAY = """
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, subscription_id, about, due_at, status, reason, done_at)
VALUES ($1, $2, $3, $4, $5, $6, jsonb_build_object('day', $7::text), $8, 'dropped', 'asked for after its hour', $8)
ON CONFLICT (tenant_id, key) DO NOTHING
"""
_ALL = f"SELECT {COLUMNS} FROM subscriptions s WHERE s.tenant_id = $1"


def from_row(row: Mapping[str, Any], catalogue: Catalogue) -> Subscription:
    """Return a subscription from a row with `COLUMNS`."""
    return Subscription(
        id=row["id"],
        team_id=row["team_id"],
        channel_id=row["channel_id"],
        location=catalogue.location(row["location_id"]) if row["location_id"] else None,
        room=catalogue.room(row["room_id"]) if row["room_id"] else None,
        kinds=frozenset(row["kinds"]),
        digest_at=row["digest_at"],
        zone=row["zone"],
        created_by=row["created_by"],
        paused=row["paused"],
        version=row["version"],
        weekly_figures=row["weekly_figures"],
    )


def covers(subscription: Subscription, room: Room) -> bool:
    """Tell whether a room's bookings are what the channel asked about."""
    if subscription.room is not None:
        return subscription.room.id == room.id
    return subscription.location is None or subscription.location.id == room.location_id


async def at_once(session: ReadSession, catalogue: Catalogue) -> tuple[Subscription, ...]:
    """Return every subscription that is told of things as they happen and is not paused."""
    rows = await session.all(f"{_ALL} AND s.digest_at IS NULL AND s.paused IS NULL ORDER BY s.id", session.tenant)
    return tuple(from_row(row, catalogue) for row in rows)


async def by_day(session: ReadSession, catalogue: Catalogue) -> tuple[Subscription, ...]:
    """Return every subscription that is told once a day and is not paused."""
    rows = await session.all(f"{_ALL} AND s.digest_at IS NOT NULL AND s.paused IS NULL ORDER BY s.id", session.tenant)
    return tuple(from_row(row, catalogue) for row in rows)


async def weekly(session: ReadSession, catalogue: Catalogue) -> tuple[Subscription, ...]:
    """Return every subscription that is told the week's figures and is not paused."""
    rows = await session.all(f"{_ALL} AND s.weekly_figures AND s.paused IS NULL ORDER BY s.id", session.tenant)
    return tuple(from_row(row, catalogue) for row in rows)


async def by_ids(session: ReadSession, ids: Collection[UUID], catalogue: Catalogue) -> dict[UUID, Subscription]:
    """Return those of the subscriptions that are still there."""
    if not ids:
        return {}
    rows = await session.all(f"{_ALL} AND s.id = ANY($2::uuid[])", session.tenant, list(ids))
    return {row["id"]: from_row(row, catalogue) for row in rows}


class Subscriptions:
    """The channels' subscriptions, as people see and change them."""

    def __init__(self, db: Database, catalogues: Catalogues, clock: Clock) -> None:
        self._db = db
        self._catalogues = catalogues
        self._clock = clock

    async def get(self, subscription_id: UUID) -> Subscription:
        """Return the subscription, or raise SubscriptionNotFound."""
        catalogue = await self._catalogues.current()

        async def work(session: ReadSession) -> Subscription:
            found = await by_ids(session, [subscription_id], catalogue)
            if not found:
                raise _gone()
            return found[subscription_id]

        return await self._db.read(work)

    async def of_channel(self, team_id: str, channel_id: str) -> tuple[Subscription, ...]:
        """Return a channel's subscriptions, paused ones too, the oldest first."""
        catalogue = await self._catalogues.current()

        async def work(session: ReadSession) -> tuple[Subscription, ...]:
            rows = await session.all(
                f"{_ALL} AND s.team_id = $2 AND s.channel_id = $3 ORDER BY s.id", session.tenant, team_id, channel_id
            )
            return tuple(from_row(row, catalogue) for row in rows)

        return await self._db.read(work)

    async def all(self) -> tuple[Subscription, ...]:
        """Return every channel's subscriptions, paused ones too."""
        catalogue = await self._catalogues.current()

        async def work(session: ReadSession) -> tuple[Subscription, ...]:
            rows = await session.all(f"{_ALL} ORDER BY s.team_id, s.channel_id, s.id", session.tenant)
            return tuple(from_row(row, catalogue) for row in rows)

        return await self._db.read(work)

    async def save(
        self,
        subscription_id: UUID | None,
        *,
        team_id: str,
        channel_id: str,
        location_id: UUID | None,
        room_id: UUID | None,
        kinds: Collection[str],
        digest_at: time | None,
        zone: str,
        by: Actor,
        weekly_figures: bool = False,
    ) -> Subscription:
        """Keep a subscription, new (id None) or changed, and return it; it is no longer paused then.

        What a channel already hears of the same room, location or all is changed rather than doubled. Raises
        InvalidSubscription with the fields, RoomNotFound, LocationNotFound, NotAllowed for guests.
        """
        catalogue = await self._catalogues.current()
        if by.guest:
            raise NotAllowed("Guests cannot subscribe a channel.")
        _check(kinds, location_id=location_id, room_id=room_id, zone=zone)
        if room_id is not None:
            catalogue.room(room_id)
        if location_id is not None:
            catalogue.location(location_id)
        new = new_id()

        async def work(session: WriteSession) -> Subscription:
            row = await session.one(
                _SAVE,
                session.tenant,
                new,
                team_id,
                channel_id,
                location_id,
                room_id,
                sorted(set(kinds)),
                digest_at,
                zone,
                by.person_id,
                weekly_figures,
            )
            assert row is not None
            # One that now has another scope has become a new one, or that which was there already.
            if subscription_id is not None and row["id"] != subscription_id:
                await session.run(
                    "DELETE FROM subscriptions WHERE tenant_id = $1 AND id = $2 AND team_id = $3 AND channel_id = $4",
                    session.tenant,
                    subscription_id,
                    team_id,
                    channel_id,
                )
            saved = from_row(row, catalogue)
            await _not_today(session, saved, self._clock.now())
            return saved

        return await self._db.write(work, repeatable=True)

    async def remove(self, subscription_id: UUID, by: Actor) -> bool:
        """Remove a subscription; return whether it was there. Raises NotAllowed for guests."""
        if by.guest:
            raise NotAllowed("Guests cannot change what a channel hears.")

        async def work(session: WriteSession) -> bool:
            gone = await session.run(
                "DELETE FROM subscriptions WHERE tenant_id = $1 AND id = $2", session.tenant, subscription_id
            )
            return gone != "DELETE 0"

        return await self._db.write(work, repeatable=True)

    async def pause(self, team_id: str, channel_id: str, reason: str) -> int:
        """Send a channel nothing more, for a reason that people can read; return how many subscriptions that stopped."""

        async def work(session: WriteSession) -> int:
            rows = await session.all(
                "UPDATE subscriptions SET paused = $4, updated_at = now()"
                " WHERE tenant_id = $1 AND team_id = $2 AND channel_id = $3 AND paused IS NULL RETURNING id",
                session.tenant,
                team_id,
                channel_id,
                reason,
            )
            return len(rows)

        return await self._db.write(work, repeatable=True)

    async def resume(self, subscription_id: UUID) -> bool:
        """Let a paused subscription go on; return whether it was paused."""

        async def work(session: WriteSession) -> bool:
            changed = await session.run(
                "UPDATE subscriptions SET paused = NULL, updated_at = now()"
                " WHERE tenant_id = $1 AND id = $2 AND paused IS NOT NULL",
                session.tenant,
                subscription_id,
            )
            return changed != "UPDATE 0"

        return await self._db.write(work, repeatable=True)


async def _not_today(session: WriteSession, saved: Subscription, now: datetime) -> None:
    local = now.astimezone(zone_of(saved.zone))
    if saved.digest_at is None or saved.digest_at > local.time():
        return
    day, kind = local.date().isoformat(), Notice.CHANNEL_DIGEST
    key = f"{kind}:{saved.id}:{day}"
    await session.run(_NOT_TODAY, session.tenant, new_id(), key, kind.value, saved.team_id, saved.id, day, now)


def _gone() -> SubscriptionNotFound:
    return SubscriptionNotFound("That subscription has been removed.")


def _check(kinds: Collection[str], *, location_id: UUID | None, room_id: UUID | None, zone: str) -> None:
    wrong: dict[str, str] = {}
    if not kinds or not set(kinds) <= set(KINDS):
        wrong["kinds"] = "Choose at least one thing to hear of."
    if location_id is not None and room_id is not None:
        wrong["room"] = "Choose a room or a location, not both."
    if zone_of(zone).key != zone:
        wrong["zone"] = f'There is no time zone "{zone}".'
    if wrong:
        raise InvalidSubscription(" ".join(wrong.values()), fields=wrong)
