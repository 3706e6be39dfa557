"""An office in which some rooms are asked for: who approves, and what stands in the tables about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from core.approval_deciding import Approvals
from core.approval_time import ApprovalTime
from core.db import Database, WriteSession
from core.ids import new_id
from core.models import Actor, Booking, Right, Room
from tests.core.office import Office


async def needs(db: Database, room: Room | None, *, hours: int = 24) -> None:
    """Let a room, or all, need approval within so many hours."""

    async def work(session: WriteSession) -> None:
        await session.run(
            "INSERT INTO policies (tenant_id, id, room_id, approval, approval_hours) VALUES ($1, $2, $3, true, $4)",
            session.tenant,
            new_id(),
            room.id if room else None,
            hours,
        )

    await db.write(work, repeatable=True)


async def grant(db: Database, right: Right, who: Actor | UUID | None, *, room: Room | None) -> None:
    """Give somebody (an actor, a group by its id, or everybody) a right on a room, or everywhere."""

    async def work(session: WriteSession) -> None:
        await session.run(
            "INSERT INTO rights (tenant_id, id, room_id, person_id, group_id, granted) VALUES ($1, $2, $3, $4, $5, $6)",
            session.tenant,
            new_id(),
            room.id if room else None,
            who.person_id if isinstance(who, Actor) else None,
            who if isinstance(who, UUID) else None,
            right.value,
        )

    await db.write(work, repeatable=True)


@dataclass(kw_only=True)
class Asking:
    """The office's requests for approval."""

    office: Office
    approvals: Approvals
    time: ApprovalTime

    @classmethod
    def of(cls, office: Office) -> Asking:
        return cls(
            office=office,
            approvals=Approvals(office.db, office.catalogues, office.bookings, office.search, office.clock),
            time=ApprovalTime(office.db, office.catalogues),
        )

    @property
    def now(self) -> datetime:
        return self.office.clock.now()

    async def needs(self, room: Room | None = None, *, hours: int = 24) -> None:
        """Let a room, or all, need approval."""
        await needs(self.office.db, room, hours=hours)
        self.office.catalogues.forget()

    async def grant(self, right: Right, who: Actor | UUID | None = None, *, room: Room | None = None) -> None:
        """Give somebody (an actor, or a group by its id; None: everybody) a right on a room, or everywhere."""
        await grant(self.office.db, right, who, room=room)
        self.office.catalogues.forget()

    async def group(self, name: str, *people: Actor) -> UUID:
        """Make a group."""
        group_id = new_id()

        async def work(session: WriteSession) -> None:
            await session.run("INSERT INTO groups (tenant_id, id, name) VALUES ($1, $2, $3)", session.tenant, group_id, name)
            rows = [(session.tenant, group_id, person.person_id) for person in people]
            await session.run_many("INSERT INTO group_members (tenant_id, group_id, person_id) VALUES ($1, $2, $3)", rows)

        await self.office.db.write(work, repeatable=True)
        self.office.catalogues.forget()
        return group_id

    async def request(self, booking: Booking) -> UUID:
        """Return the id of what a booking asked last."""
        found = await self.approvals.of_booking(booking.id)
        assert found is not None
        return found.id

    async def approve(self, booking: Booking, *, by: Actor) -> Booking:
        return (await self.approvals.approve(await self.request(booking), by=by)).booking

    async def decline(self, booking: Booking, *, by: Actor, reason: str | None = None) -> Booking:
        return (await self.approvals.decline(await self.request(booking), by=by, reason=reason)).booking

    async def decisions(self, booking: Booking) -> list[str | None]:
        """Return how a booking's requests went, the oldest first."""
        rows = await self.office.rows("SELECT decision FROM approvals WHERE booking_id = $1 ORDER BY id", booking.id)
        return [row["decision"] for row in rows]

    async def held_until(self, booking: Booking) -> list[datetime | None]:
        """Return until when a booking's claims hold."""
        sql = "SELECT expires_at FROM room_claims WHERE booking_id = $1 ORDER BY start_time"
        return [row["expires_at"] for row in await self.office.rows(sql, booking.id)]

    async def tallies(self) -> Counter[str]:
        rows = await self.office.rows(
            "SELECT coalesce(decision, 'open') AS decision, count(*) AS n FROM approvals GROUP BY 1"
        )
        return Counter({row["decision"]: row["n"] for row in rows})

    def pass_by(self, **time: float) -> None:
        """Let time go by."""
        self.office.clock.advance(timedelta(**time))
