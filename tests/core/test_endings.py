"""Bookings end when their time is over, and leave no claim behind."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core import endings
from core.checks import violations
from core.endings import Endings
from core.errors import NotActive
from core.models import Change, Status
from tests.core.office import Office, at


@pytest.fixture
def ending(office: Office) -> Endings:
    return Endings(office.db, office.catalogues)


async def test_what_is_over_ends_and_gives_its_claim_back(office: Office, ending: Endings):
    room = await office.room("Oak")
    over, ahead = await office.book(room, at(10)), await office.book(room, at(12))
    office.clock.set(at(11).start)

    assert await ending.end(office.clock.now()) == 1

    assert (await office.bookings.get(over.id)).status is Status.ENDED
    assert (await office.bookings.get(ahead.id)).status is Status.CONFIRMED
    assert await office.count("SELECT count(*) FROM room_claims") == 1
    (event,) = await office.rows("SELECT kind, surface FROM events WHERE booking_id = $1 AND booking_version = 2", over.id)
    assert (event["kind"], event["surface"]) == ("ended", "clock")
    assert await violations(office.db) == []


async def test_a_room_is_kept_until_its_teardown_is_done(office: Office, ending: Endings):
    room = await office.room("Oak", teardown=15)
    booking = await office.book(room, at(10))
    office.clock.set(booking.end + timedelta(minutes=14))

    assert await ending.end(office.clock.now()) == 0
    assert await ending.end(booking.end + timedelta(minutes=15)) == 1


async def test_what_has_ended_can_no_longer_be_changed_and_says_so(office: Office, ending: Endings):
    room = await office.room("Oak")
    booking = await office.book(room, at(10))
    office.clock.set(at(11).start)
    await ending.end(office.clock.now())

    with pytest.raises(NotActive, match="is over"):
        await office.bookings.change(booking.id, Change(title="Late"), version=2, by=office.ana)
    with pytest.raises(NotActive, match="is over"):
        await office.bookings.cancel(booking.id, by=office.ana)


async def test_many_end_in_batches_on_two_replicas_at_once_each_of_them_once(
    office: Office, ending: Endings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(endings, "BATCH", 4)
    room = await office.room("Oak")
    for number in range(18):
        await office.book(room, at(9 + number / 2, 30))
    office.clock.set(at(23).start)

    counted = await asyncio.gather(ending.end(office.clock.now()), ending.end(office.clock.now()))
    rest = await ending.end(office.clock.now())

    assert sum(counted) + rest == 18
    assert await office.count("SELECT count(*) FROM bookings WHERE status = 'ended' AND version = 2") == 18
    assert await office.count("SELECT count(*) FROM room_claims") == 0
    assert await violations(office.db) == []
