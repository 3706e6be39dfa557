"""Projectors on wheels: lent with a room, never more at once than there are, and kept by admins."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import checks, errors
from core.endings import Endings
from core.equipment import Equipments
from core.models import Booking, Change, Equipment, OfferKind, Status
from tests.core.furnished import lendable, lent
from tests.core.office import Office, at


def of(office: Office) -> Equipments:
    return Equipments(office.db, office.catalogues)


async def with_projector(office: Office, name: str, hours: float, projector: Equipment, count: int = 1) -> Booking:
    """Book a room of its own with a projector."""
    return await office.book(await office.room(name), at(hours), equipment=((projector.id, count),))


async def test_what_is_lent_comes_with_the_booking_and_is_gone_for_its_time(office: Office):
    projector = await lendable(office)
    apollo = await office.room("Apollo", setup=15)
    booked = await office.book(apollo, at(10), equipment=((projector.id, 1),))
    assert [(one.equipment.name, one.quantity) for one in booked.equipment] == [("Projector", 1)]
    assert await office.bookings.get(booked.id) == booked
    left = [await of(office).available(office.berlin.id, slot) for slot in (at(9.5), at(10), at(11))]
    # It is fetched while the room is prepared.
    assert [one.left for (one,) in left] == [1, 1, 2]
    (own,) = await of(office).available(office.berlin.id, at(10), but=booked.id)
    assert own.left == 2
    assert await of(office).available(office.tokyo.id, at(10)) == ()
    assert await checks.violations(office.db) == []


async def test_a_third_where_there_are_two_is_refused_with_when_and_with_ways_out(office: Office):
    projector = await lendable(office)
    await with_projector(office, "Apollo", 10, projector)
    await with_projector(office, "Mars", 10.5, projector)
    zeus = await office.room("Zeus")
    with pytest.raises(errors.EquipmentTaken) as refused:
        await office.book(zeus, at(10), equipment=((projector.id, 1),))
    assert refused.value.message == "2 of 2 projectors are out today 11:00-12:00."
    assert await office.count("SELECT count(*) FROM room_claims") == 2
    anyway, *times = refused.value.alternatives
    assert (anyway.kind, anyway.room, anyway.slot) == (OfferKind.ANYWAY, zeus, at(10))
    assert {offer.kind for offer in times} == {OfferKind.OTHER_TIME}
    for offer in times:
        (left,) = await of(office).available(office.berlin.id, offer.slot)
        assert left.left > 0
    assert (await office.book(zeus, times[0].slot, equipment=((projector.id, 1),))).equipment
    assert await checks.violations(office.db) == []


async def test_more_than_there_is_or_from_elsewhere_is_refused_at_once(office: Office):
    projector, far = await lendable(office), await lendable(office, "Camera", place=office.tokyo)
    apollo = await office.room("Apollo")
    with pytest.raises(errors.EquipmentTaken) as refused:
        await office.book(apollo, at(10), equipment=((projector.id, 3),))
    assert refused.value.message == "There are only 2 projectors in Berlin."
    with pytest.raises(errors.EquipmentNotFound) as nowhere:
        await office.book(apollo, at(10), equipment=((far.id, 1),))
    assert nowhere.value.message == "There is no camera to borrow in Berlin."
    await with_projector(office, "Mars", 10, projector)
    with pytest.raises(errors.EquipmentTaken) as some:
        await office.book(apollo, at(10), equipment=((projector.id, 2),))
    assert some.value.message == "1 of 2 projectors is out today 11:00-12:00; you asked for 2."


async def test_two_that_follow_each_other_are_one_at_a_time(office: Office):
    projector = await lendable(office, quantity=1)
    for hour in range(9, 13):
        await with_projector(office, f"Room {hour}", hour, projector)
    long = await office.room("Long")
    with pytest.raises(errors.EquipmentTaken):
        await office.book(long, at(8.5, 300), equipment=((projector.id, 1),))
    assert await checks.violations(office.db) == []


async def test_it_is_given_back_by_cancelling_and_taken_again_by_undoing(office: Office):
    projector = await lendable(office, quantity=1)
    booked = await with_projector(office, "Apollo", 10, projector)
    cancelled = (await office.bookings.cancel(booked.id, by=office.ana)).after
    assert (cancelled.equipment, await lent(office, booked)) == ((), {})
    assert await office.bookings.get(booked.id) == cancelled
    other = await with_projector(office, "Mars", 10, projector)
    with pytest.raises(errors.EquipmentTaken):
        await office.bookings.undo(booked.id, version=2, by=office.ana)
    await office.bookings.cancel(other.id, by=office.ana)
    restored = (await office.bookings.undo(booked.id, version=2, by=office.ana)).after
    assert (len(restored.equipment), await lent(office, booked)) == (1, {"Projector": 1})
    assert await checks.violations(office.db) == []


async def test_moving_and_extending_are_judged_anew(office: Office):
    projector = await lendable(office, quantity=1)
    booked = await with_projector(office, "Apollo", 10, projector)
    await with_projector(office, "Mars", 12, projector)
    with pytest.raises(errors.EquipmentTaken) as refused:
        await office.bookings.change(booked.id, Change(slot=at(12)), version=1, by=office.ana)
    assert refused.value.message == "1 of 1 projectors is out today 13:00-14:00."
    with pytest.raises(errors.EquipmentTaken):
        await office.presence.extend(booked.id, until=at(12.5).start, version=1, by=office.ana)
    assert (await office.bookings.change(booked.id, Change(slot=at(11)), version=1, by=office.ana)).after.slot == at(11)
    without = await office.bookings.change(booked.id, Change(slot=at(12), equipment=()), version=2, by=office.ana)
    assert (without.after.equipment, await lent(office, booked)) == ((), {})
    with pytest.raises(errors.EquipmentTaken):
        await office.bookings.change(booked.id, Change(equipment=((projector.id, 1),)), version=3, by=office.ana)
    assert await checks.violations(office.db) == []


async def test_who_moves_to_another_place_leaves_it_behind(office: Office):
    projector = await lendable(office)
    booked = await with_projector(office, "Apollo", 10, projector)
    sakura = await office.room("Sakura", place=office.tokyo)
    with pytest.raises(errors.EquipmentNotFound):
        await office.bookings.change(booked.id, Change(room_id=sakura.id), version=1, by=office.ana)
    change = Change(room_id=sakura.id, equipment=())
    assert (await office.bookings.change(booked.id, change, version=1, by=office.ana)).after.equipment == ()


async def test_what_has_ended_keeps_the_record_and_gives_the_rest_back(office: Office):
    projector = await lendable(office, quantity=1)
    booked = await with_projector(office, "Apollo", 8, projector)
    office.clock.advance(timedelta(minutes=20))
    ended = (await office.presence.end_early(booked.id, version=1, by=office.ana)).after
    assert len(ended.equipment) == 1
    assert await office.bookings.get(booked.id) == ended
    later = await with_projector(office, "Mars", 8.5, projector)
    office.clock.advance(timedelta(hours=3))
    assert await Endings(office.db, office.catalogues).end(office.clock.now()) == 1
    over = await office.bookings.get(later.id)
    assert (over.status, len(over.equipment)) == (Status.ENDED, 1)
    assert await checks.violations(office.db) == []


# -- what there is -----------------------------------------------------------------------------------------------------


async def test_admins_say_what_there_is_and_nobody_else(office: Office):
    things = of(office)
    with pytest.raises(errors.NotAllowed):
        await things.add(office.berlin.id, "Projector", 2, by=office.ana)
    projector = await things.add(office.berlin.id, " Projector  on wheels ", 2, by=None)
    assert projector.name == "Projector on wheels"
    cases = [("", 1, "name"), ("x" * 81, 1, "name"), ("PROJECTOR on wheels", 1, "name"), ("Screen", -1, "quantity")]
    for name, quantity, field in cases:
        with pytest.raises(errors.InvalidSetting) as refused:
            await things.add(office.berlin.id, name, quantity, by=office.boss)
        assert list(refused.value.fields) == [field]
    renamed = await things.edit(projector.id, version=1, by=office.boss, name="Beamer", quantity=3)
    assert (await office.catalogues.current()).thing(projector.id) == renamed
    with pytest.raises(errors.StalePlace):
        await things.edit(projector.id, version=1, by=office.boss, quantity=4)
    rows = await office.rows("SELECT action, actor_name, subject_name FROM changes ORDER BY number")
    assert [tuple(row) for row in rows] == [
        ("added", "command line", "Projector on wheels"),
        ("changed", "boss", "Beamer"),
    ]


async def test_there_is_never_less_than_is_booked_ahead(office: Office):
    projector = await lendable(office, quantity=3)
    for number in range(2):
        await with_projector(office, f"Room {number}", 10, projector)
    await with_projector(office, "Later", 12, projector)
    things = of(office)
    with pytest.raises(errors.StillUsed) as refused:
        await things.edit(projector.id, version=1, by=office.boss, quantity=1)
    assert refused.value.message.startswith("2 of the projectors are booked at once ahead (Mon 5 Mar 2040, 11:00)")
    with pytest.raises(errors.StillUsed):
        await things.edit(projector.id, version=1, by=office.boss, active=False)
    fewer = await things.edit(projector.id, version=1, by=office.boss, quantity=2)
    assert (fewer.quantity, fewer.version) == (2, 2)
    assert await checks.violations(office.db) == []


async def test_what_is_out_of_use_is_not_lent(office: Office):
    projector = await lendable(office)
    things = of(office)
    await things.edit(projector.id, version=1, by=office.boss, active=False)
    assert await things.available(office.berlin.id, at(10)) == ()
    with pytest.raises(errors.EquipmentNotFound):
        await with_projector(office, "Apollo", 10, projector)


async def test_whoever_believes_in_more_than_there_is_is_refused_by_the_database(office: Office):
    projector = await lendable(office)
    apollo = await office.room("Apollo")
    stale = await office.catalogues.current()
    await of(office).edit(projector.id, version=1, by=office.boss, quantity=1)
    office.catalogues._held = stale
    with pytest.raises(errors.EquipmentTaken):
        await office.book(apollo, at(10), equipment=((projector.id, 2),))
    assert await office.count("SELECT count(*) FROM room_claims") == 0
