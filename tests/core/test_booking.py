"""Booking a room: which one is taken, what is stored, who is refused and what they are offered."""

import pytest

from core import errors
from core.models import Change, Status, Wish
from tests.core.office import Office, at


async def test_a_named_room_is_booked_and_can_be_read_back(office: Office):
    apollo = await office.room("Apollo")

    booked = await office.book(apollo, at(10), title="Plan", attendees_count=3, invitees=(office.bob.person_id,))

    read = await office.bookings.get(booked.id)
    assert read == booked
    assert (read.room, read.slot, read.title, read.status, read.version) == (apollo, at(10), "Plan", Status.CONFIRMED, 1)
    assert [a.person_id for a in read.attendees] == [office.bob.person_id]


async def test_a_taken_room_is_refused(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, at(10))
    with pytest.raises(errors.SlotTaken) as refusal:
        await office.book(apollo, at(10.5), by=office.bob)
    assert refusal.value.rivals[0].slot == at(10)


async def test_basic_life(office: Office):
    apollo = await office.room("Apollo")
    zeus = await office.room("Zeus", seats=9, has=["tv"])
    b = await office.book(apollo, at(10))
    c = await office.bookings.change(b.id, Change(slot=at(11)), version=1, by=office.ana, key="k")
    assert c.after.slot == at(11)
    u = await office.bookings.undo(b.id, version=2, by=office.ana)
    assert u.after.slot == at(10)
    z = await office.book(zeus, at(10))
    one, _ = await office.bookings.swap(b.id, z.id, versions=(3, 1), by=office.ana)
    assert one.after.room == zeus
    x = await office.bookings.cancel(b.id, by=office.ana, reason="ill")
    assert x.after.status is Status.CANCELLED
    assert len(await office.bookings.mine(office.ana)) == 1
    found = await office.search.find(Wish(slot=at(10)), by=office.ana)
    assert [f.room.name for f in found.free] == ["Zeus"]
