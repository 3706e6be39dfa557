"""Senders on a firm's database and sandbox: real outbox, real words, real HTTP; several of them are several replicas."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.courier import Courier
from bot.deliverer import Deliverer
from bot.errands import Errand
from bot.metrics import Metrics
from bot.posting import Poster
from core.db import Database
from core.ids import new_id
from core.models import Booking, Slot
from core.notices import Notice
from core.outbox import Outbox
from core.planning import Planning
from core.roles import WORKER
from handlers.notices import Notices
from tests.handlers.firm import BEN, CHANNEL, Firm, new_york

TEAM = "T0NORTHBAY"
UNREAD = """
SELECT EXISTS (SELECT FROM events e JOIN event_readers r ON r.tenant_id = e.tenant_id AND r.name = 'notices'
    WHERE (e.transaction, e.number) > (r.transaction, r.number))
"""
ALL_KINDS = ("booked", "changed", "cancelled", "released", "ended")


@dataclass(kw_only=True)
class Sender:
    """One replica's deliverer."""

    outbox: Outbox
    deliverer: Deliverer
    courier: Courier
    poster: Poster
    metrics: Metrics
    told: list[Errand] = field(default_factory=list)

    def counted(self, name: str, **labels: str) -> float:
        """Return a counter's value."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@dataclass(kw_only=True)
class Dispatch:
    """A firm whose notices are planned and sent when told."""

    firm: Firm
    db: Database
    stack: AsyncExitStack
    senders: list[Sender] = field(default_factory=list)

    async def sender(
        self,
        *,
        lease_seconds: float = 30.0,
        timeout: float = 10.0,
        margin: float = 1.0,
        token: str | None = None,
        monotonic: Callable[[], float] | None = None,
    ) -> Sender:
        """Add a replica."""
        firm, metrics, told = self.firm, Metrics(), []
        outbox = Outbox(self.db, firm.services.catalogues, firm.clock, lease_seconds=lease_seconds)
        poster = Poster(token or firm.running.company.tokens.bot, firm.running.api_url, metrics, timeout=timeout)

        async def sent(errand: Errand) -> None:
            told.append(errand)

        clocks = {"monotonic": monotonic} if monotonic else {}
        courier = Courier(
            poster,
            firm.clock,
            metrics,
            pause_subscriptions=firm.services.subscriptions.pause,
            sent=sent,
            lease_seconds=lease_seconds,
            margin_seconds=margin,
            **clocks,
        )
        deliverer = Deliverer(outbox, Notices(firm.services), courier, firm.clock)
        self.stack.push_async_callback(poster.close)
        self.stack.push_async_callback(deliverer.stop, 1)
        made = Sender(outbox=outbox, deliverer=deliverer, courier=courier, poster=poster, metrics=metrics, told=told)
        self.senders.append(made)
        return made

    async def plan(self) -> None:
        """Plan for all that has happened; a transaction that is still open may hold some of it back for a moment."""
        planning = Planning(self.db, self.firm.services.catalogues, self.firm.clock)
        for _ in range(1000):
            await planning.plan(self.firm.clock.now())
            if not await self.db.read(lambda session: session.value(UNREAD)):
                return
            await asyncio.sleep(0.01)
        raise AssertionError("waited too long for the plan")

    async def subscribe(self, channel: str = CHANNEL) -> None:
        """Let a channel hear of everything."""
        await self.firm.services.subscriptions.save(
            None,
            team_id=TEAM,
            channel_id=channel,
            location_id=None,
            room_id=None,
            kinds=ALL_KINDS,
            digest_at=None,
            zone="America/New_York",
            by=await self.firm.actor(BEN),
        )

    async def booked(self, room: str = "Apollo", slot: Slot | None = None, **wish: Any) -> Booking:
        """Book a room, planned for."""
        booking = await self.firm.booked(room, slot or new_york(10), **wish)
        await self.plan()
        return booking

    async def reminded(
        self, booking: Booking, *, due: datetime | None = None, until: datetime | None = None, minutes: int = 10
    ) -> str:
        """Put a reminder for the booker into the outbox, due now; return its key."""
        due = due or self.firm.clock.now()
        person = booking.booker.person_id
        key = f"reminder:{booking.id}:{person}:{booking.start.isoformat()}:{minutes}"
        about = {"start": booking.start.isoformat(), "minutes": minutes}

        async def work(session: Any) -> None:
            await session.run(
                "INSERT INTO deliveries (tenant_id, id, key, kind, team_id, booking_id, person_id, about, due_at, until)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                session.tenant,
                new_id(),
                key,
                Notice.REMINDER.value,
                TEAM,
                booking.id,
                person,
                json.dumps(about),
                due,
                until or booking.start,
            )

        await self.db.write(work, repeatable=True)
        return key

    async def rows(self, table: str) -> list[dict[str, Any]]:
        """Return a table's rows, oldest first."""
        order = "id"
        return [dict(row) for row in await self.db.read(lambda s: s.all(f"SELECT * FROM {table} ORDER BY {order}"))]

    async def row(self, table: str) -> dict[str, Any]:
        """Return a table's only row."""
        rows = await self.rows(table)
        assert len(rows) == 1, rows
        return rows[0]

    def posts(self, channel: str | None = None) -> list[Any]:
        """Return what Slack has of the app's, oldest first, ephemeral answers left out."""
        known = self.firm.running.sandbox.parts.ws.posts.since(0)
        said = [one for one in known if not one.ephemeral_to and channel in (None, one.channel)]
        return sorted(said, key=lambda one: one.ts)

    async def held(self) -> None:
        """Wait until a call of a replica's is with Slack, which holds it."""

        async def is_held() -> bool:
            return "hold" in (await self.firm.slack.inflicted())["kinds"]

        await self.firm.slack.wait_for(is_held)

    def versions(self) -> list[str]:
        """Return by which methods messages were said and changed."""
        return [version.method for post in self.posts() for version in post.versions]

    def advance(self, seconds: float) -> None:
        """Move the firm's clock."""
        self.firm.clock.advance(timedelta(seconds=seconds))


@asynccontextmanager
async def opened(firm: Firm) -> AsyncIterator[Dispatch]:
    """Open a dispatch on a firm."""
    async with AsyncExitStack() as stack:
        db = Database(firm.urls.worker_url, role=WORKER, pool_size=10)
        stack.push_async_callback(db.close)
        yield Dispatch(firm=firm, db=db, stack=stack)
