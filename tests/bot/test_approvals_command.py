"""`bookroom approvals`: what waits is listed, approved and declined from the command line."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot import cli
from core.models import Booking, Right, Slot, Status
from tests.core.approved import Asking
from tests.core.office import Office, opened

Run = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    """An office on the machine's own clock, as the command line has it."""
    async with opened(database) as made:
        made.clock.set(datetime.now(UTC))
        yield made


@pytest.fixture
async def booked(office: Office) -> Booking:
    """A booking of Ana's that Bob is asked about."""
    asking, room = Asking.of(office), await office.room("Boardroom", seats=20)
    await asking.needs(room)
    await asking.grant(Right.APPROVE, office.bob, room=room)
    start = (office.clock.now() + timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
    return await office.book(room, Slot(start=start, end=start + timedelta(hours=1)), title="Planning")


@pytest.fixture
def bookroom(database: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line."""
    monkeypatch.setenv("DATABASE_URL", database.app_url)

    async def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["bookroom", *words])
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(cli.main)  # it has an event loop of its own
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    return run


async def test_what_waits_is_listed_and_approved(office: Office, booked: Booking, bookroom: Run):
    code, said = await bookroom("approvals", "list")
    assert code == 0
    assert f"ana: Boardroom, {booked.start:%Y-%m-%d %H:%M}-" in said
    assert said.endswith("asked: bob\n")
    (request,) = json.loads((await bookroom("approvals", "list", "--json"))[1])
    assert (request["booking"], request["status"], request["dates"], request["title"]) == (
        str(booked.id),
        "pending",
        1,
        "Planning",
    )

    code, said = await bookroom("approvals", "approve", request["id"])
    assert (code, said.startswith("Approved: ana: Boardroom")) == (0, True)
    assert (await office.bookings.get(booked.id)).status is Status.CONFIRMED
    assert await bookroom("approvals", "list") == (0, "Nothing waits for approval.\n")
    rows = await office.rows("SELECT surface FROM events WHERE kind = 'approved'")
    assert [row["surface"] for row in rows] == ["cli"]


async def test_declining_says_why_and_twice_is_refused(office: Office, booked: Booking, bookroom: Run):
    (request,) = json.loads((await bookroom("approvals", "list", "--json"))[1])
    code, said = await bookroom("approvals", "decline", request["id"], "--reason", "The board meets then", "--json")
    assert code == 0
    assert json.loads(said)["decision"] == "declined"
    after = await office.bookings.get(booked.id)
    assert (after.status, after.cancel_reason) == (Status.DECLINED, "The board meets then")
    code, said = await bookroom("approvals", "approve", request["id"])
    assert code == 2
    assert said.startswith("It was declined at ")
