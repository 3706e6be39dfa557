"""Co-organisers: whoever is invited to a shared booking may change it, and nobody else who is not its booker or an admin."""

from __future__ import annotations

import pytest

from core.errors import NotAllowed
from core.models import Change
from tests.core.office import Office, at


async def test_invited_people_may_change_a_shared_booking(office: Office):
    room = await office.room("Oak")
    booking = await office.book(room, at(10), invitees=(office.bob.person_id,), shared=True)

    done = await office.bookings.change(booking.id, Change(slot=at(12)), version=1, by=office.bob)

    assert done.after.slot == at(12)
    assert done.after.shared


async def test_invited_people_may_not_change_a_booking_that_is_not_shared(office: Office):
    room = await office.room("Oak")
    booking = await office.book(room, at(10), invitees=(office.bob.person_id,))

    with pytest.raises(NotAllowed):
        await office.bookings.cancel(booking.id, by=office.bob)


async def test_sharing_is_given_and_taken_back_for_people_who_are_invited_already(office: Office):
    room = await office.room("Oak")
    booking = await office.book(room, at(10), invitees=(office.bob.person_id,))

    given = await office.bookings.change(booking.id, Change(shared=True), version=1, by=office.ana)
    assert (await office.bookings.get(booking.id)).shared
    await office.bookings.change(booking.id, Change(title="By Bob"), version=given.after.version, by=office.bob)
    await office.bookings.change(booking.id, Change(shared=False), version=3, by=office.ana)

    with pytest.raises(NotAllowed):
        await office.bookings.change(booking.id, Change(title="By Bob again"), version=4, by=office.bob)
    assert not (await office.bookings.get(booking.id)).shared


async def test_who_comes_to_a_shared_booking_may_change_it_too(office: Office):
    room = await office.room("Oak")
    booking = await office.book(room, at(10), invitees=(office.bob.person_id,), shared=True)
    both = Change(invitees=(office.bob.person_id, office.boss.person_id))

    done = await office.bookings.change(booking.id, both, version=1, by=office.ana)

    assert [person.co_organiser for person in done.after.attendees] == [True, True]
    assert (await office.bookings.get(booking.id)).shared


async def test_undo_takes_sharing_back(office: Office):
    room = await office.room("Oak")
    booking = await office.book(room, at(10), invitees=(office.bob.person_id,))
    await office.bookings.change(booking.id, Change(shared=True), version=1, by=office.ana)

    await office.bookings.undo(booking.id, version=2, by=office.ana)

    assert not (await office.bookings.get(booking.id)).shared
