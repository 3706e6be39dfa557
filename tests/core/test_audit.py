"""The audit as it is read: who is named, what stays private, names for ids, and what is left out."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.audit import Audit, Filter
from core.closures import Closures
from core.models import Change
from core.rooms import Rooms
from tests.core.office import Office, at, opened


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with opened(database) as made:
        yield made


def audit_of(office: Office) -> Audit:
    return Audit(office.db, office.catalogues)


async def test_private_titles_reasons_and_attendees_stand_nowhere_in_it(office: Office):
    room = await office.room("Apollo")
    secret = await office.book(room, at(10), title="Dismissals", private=True, invitees=(office.bob.person_id,))
    await office.bookings.change(secret.id, Change(title="Layoffs"), version=1, by=office.ana)
    await office.bookings.cancel(secret.id, by=office.ana, reason="Works council")
    opened_up = await office.book(room, at(12), title="Was secret", private=True)
    await office.bookings.change(opened_up.id, Change(private=False), version=1, by=office.ana)
    await office.book(room, at(14), title="Open")

    entries = await audit_of(office).entries()
    everything = str(entries) + await audit_of(office).export()

    for word in ("Dismissals", "Layoffs", "Works council", "bob"):
        assert word not in everything
    assert "Apollo: Open" in everything
    for word in ("Dismiss", "layoffs", "council"):
        assert await audit_of(office).entries(Filter(text=word)) == ()
    assert [one.action for one in entries if one.subject_id == secret.id] == ["cancelled", "changed", "booked"]
    assert {one.actor_name for one in entries if one.subject_id == secret.id} == {"ana"}


async def test_rooms_that_hide_details_hide_them_here_too(office: Office):
    room = await office.room("Apollo")
    await office.book(room, at(10), title="Board")
    await Rooms(office.db, office.catalogues).set_policy(room_id=room.id, details_hidden=True)

    assert "Board" not in await audit_of(office).export()


async def test_names_stand_for_ids_before_and_after(office: Office):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    booking = await office.book(apollo, at(10), title="Review", invitees=(office.bob.person_id,))
    await office.bookings.change(booking.id, Change(room_id=zeus.id), version=1, by=office.ana)

    moved, booked = await audit_of(office).entries()

    assert moved.differences == {"room": ("Apollo", "Zeus")}
    assert booked.after is not None
    assert (booked.after["booked_by"], booked.after["attendees"]) == ("ana", ["bob"])
    for row in csv.DictReader(io.StringIO(await audit_of(office).export())):
        assert str(apollo.id) not in row["before"] + row["after"]


async def test_what_happens_as_time_goes_on_is_nobodys_and_can_be_left_out(office: Office):
    room = await office.room("Apollo")
    await office.book(room, at(10), title="Review")
    await office.rows("UPDATE events SET surface = 'clock', kind = 'ended'")
    await office.book(room, at(12), title="Other")

    assert [(one.actor_name, one.action) for one in await audit_of(office).entries()] == [
        ("ana", "booked"),
        ("Bookroom", "ended"),
    ]
    assert [one.action for one in await audit_of(office).entries(Filter(by_itself=False))] == ["booked"]
    assert await audit_of(office).entries(Filter(text="bookroom"))


async def test_people_stand_there_as_they_are_called_now(office: Office):
    await Closures(office.db, office.catalogues, office.clock).add(at(10), reason="Paint", by=office.boss)
    await office.rows("UPDATE people SET name = 'Olga Petrenko' WHERE id = $1", office.boss.person_id)

    (entry,) = await audit_of(office).entries(Filter(person_id=office.boss.person_id))

    assert entry.actor_name == "Olga Petrenko"
