"""What tests of releases need: rooms that ask for check-in, and warnings that went out, wait, or were given up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core import checkin
from core.db import WriteSession
from core.ids import new_id
from core.models import Actor, Booking, Room
from core.rooms import Rooms
from tests.core.office import Office


async def ask_for_check_in(office: Office, room: Room | None = None, **minutes: int) -> None:
    """Have a room, or every room, given back when nobody checks in; `minutes` as in `CheckIn`."""
    rules: dict[str, Any] = {f"check_in_{name}_minutes": value for name, value in minutes.items()}
    await Rooms(office.db, office.catalogues).set_policy(room_id=room.id if room else None, check_in=True, **rules)


async def warn(office: Office, booking: Booking, *, at: datetime, status: str = "sent", person: Actor | None = None) -> None:
    """Write a warning to somebody, the booker unless named, as the outbox leaves it; "pending" is not sent yet."""
    person_id = person.person_id if person else booking.booker.person_id

    async def work(session: WriteSession) -> None:
        await session.run(
            "INSERT INTO deliveries (tenant_id, id, key, kind, team_id, booking_id, person_id, due_at, status, done_at,"
            " channel_id, ts, reason) VALUES ($1, $2, $3, 'release_warning', 'T1', $4, $5, $6, $7, $8, $9, $9, $10)",
            session.tenant,
            new_id(),
            checkin.warning_key(booking, person_id),
            booking.id,
            person_id,
            at,
            status,
            None if status == "pending" else at,
            "D1" if status == "sent" else None,
            "user_not_found" if status == "given_up" else None,
        )

    await office.db.write(work, repeatable=True)


async def arrive(office: Office, booking: Booking, *, at: datetime, status: str = "sent") -> None:
    """Mark every warning that waits as sent, or as what else came of it."""
    await office.rows(
        "UPDATE deliveries SET status = $2, done_at = $3, channel_id = 'D1', ts = '1' WHERE booking_id = $1"
        " AND status = 'pending'",
        booking.id,
        status,
        at,
    )
