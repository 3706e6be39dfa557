"""The same request twice, from wherever it comes: one change, one answer, whatever happened in between."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core import checks, errors
from core.models import Booking, Change, Status, Wish
from core.rooms import Rooms
from tests.core.office import MONDAY, PATIENT, Office, at, opened


async def test_a_repeated_booking_gets_the_first_answer_even_after_later_changes(office: Office):
    wish = Wish(slot=at(10), room_id=(await office.room("Apollo")).id, title="Plan", invitees=(office.bob.person_id,))
    first = await office.bookings.book(wish, by=office.ana, key="k")
    await office.bookings.change(first.id, Change(slot=at(12), title="Moved"), version=1, by=office.ana)

    assert await office.bookings.book(wish, by=office.ana, key="k") == first
    await office.bookings.cancel(first.id, by=office.ana)
    assert await office.bookings.book(wish, by=office.ana, key="k") == first
    assert await office.count("SELECT count(*) FROM bookings") == 1


async def test_every_kind_of_change_is_answered_again(office: Office):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    one, other = await office.book(apollo, at(10)), await office.book(zeus, at(10))
    bookings = office.bookings
    requests: list[Any] = [
        lambda: bookings.change(one.id, Change(title="New"), version=1, by=office.ana, key="change"),
        lambda: bookings.swap(one.id, other.id, versions=(2, 1), by=office.ana, key="swap"),
        lambda: bookings.cancel(other.id, by=office.ana, version=2, key="cancel this"),
        lambda: bookings.cancel(one.id, by=office.ana, reason="Ill", key="cancel"),
        lambda: bookings.undo(one.id, version=4, by=office.ana, key="undo"),
        lambda: bookings.change(one.id, Change(title="New"), version=5, by=office.ana, key="nothing new"),
    ]
    answers = [await request() for request in requests]
    await bookings.change(one.id, Change(title="Newest"), version=5, by=office.ana)

    assert [await request() for request in requests] == answers
    assert answers[-1].before == answers[-1].after
    assert (await bookings.get(one.id)).version == 6
    assert await checks.violations(office.db) == []


async def test_another_content_under_the_same_key_is_refused(office: Office):
    apollo = await office.room("Apollo")
    booked = await office.bookings.book(Wish(slot=at(10), room_id=apollo.id), by=office.ana, key="k")
    attempts: list[Any] = [
        office.bookings.book(Wish(slot=at(11), room_id=apollo.id), by=office.ana, key="k"),
        office.bookings.book(Wish(slot=at(10), room_id=apollo.id, title="Other"), by=office.ana, key="k"),
        office.bookings.book(Wish(slot=at(10), room_id=apollo.id), by=office.bob, key="k"),
        office.bookings.cancel(booked.id, by=office.ana, key="k"),
        office.bookings.change(booked.id, Change(title="X"), version=1, by=office.ana, key="k"),
    ]
    for attempt in attempts:
        with pytest.raises(errors.KeyReused):
            await attempt
    assert await office.bookings.get(booked.id) == booked


async def test_a_refused_request_may_come_again_with_its_key(office: Office):
    apollo = await office.room("Apollo")
    rival = await office.book(apollo, at(10), by=office.bob)
    wish = Wish(slot=at(10), room_id=apollo.id)
    with pytest.raises(errors.SlotTaken):
        await office.bookings.book(wish, by=office.ana, key="k")
    await office.bookings.cancel(rival.id, by=office.bob)
    assert (await office.bookings.book(wish, by=office.ana, key="k")).version == 1


async def test_a_repeat_that_comes_when_the_rules_would_refuse_it_still_gets_its_answer(office: Office):
    apollo = await office.room("Apollo")
    wish = Wish(slot=at(10), room_id=apollo.id)
    first = await office.bookings.book(wish, by=office.ana, key="k")
    await Rooms(office.db, office.catalogues).set_policy(cutoff_on=True, cutoff_from="00:00")
    assert await office.bookings.book(wish, by=office.ana, key="k") == first
    office.clock.set(at(11).start)
    assert await office.bookings.book(wish, by=office.ana, key="k") == first
    with pytest.raises(errors.StartInPast):
        await office.bookings.book(wish, by=office.ana, key="another")


async def test_a_key_is_kept_for_a_day(office: Office):
    apollo = await office.room("Apollo")
    wish = Wish(slot=at(10, days=7), room_id=apollo.id)
    first = await office.bookings.book(wish, by=office.ana, key="k")
    office.clock.set(MONDAY + timedelta(hours=23, minutes=59))
    assert await office.bookings.book(wish, by=office.ana, key="k") == first
    office.clock.set(MONDAY + timedelta(hours=24))
    with pytest.raises(errors.SlotTaken):
        await office.bookings.book(wish, by=office.ana, key="k")
    later = await office.bookings.book(Wish(slot=at(12, days=7), room_id=apollo.id), by=office.ana, key="k")
    assert later.id != first.id
    assert await office.count("SELECT count(*) FROM requests") == 1


@pytest.mark.parametrize("key", ["", "nul\x00", "line\nbreak", "x" * 100_000, "\ud800", "k' OR 1=1 --", "ключ"])
async def test_any_text_is_a_key(office: Office, key: str):
    wish = Wish(slot=at(10), room_id=(await office.room("Apollo")).id)
    first = await office.bookings.book(wish, by=office.ana, key=key)
    assert await office.bookings.book(wish, by=office.ana, key=key) == first


async def test_keys_of_one_tenant_do_not_meet_another_tenants(office: Office):
    tenant = "00000000-0000-7000-8000-000000000002"
    await office.damage(f"INSERT INTO tenants (id, name) VALUES ('{tenant}', 'other')")
    async with opened(office.urls, tenant=UUID(tenant)) as neighbours:
        for place in (office, neighbours):
            wish = Wish(slot=at(10), room_id=(await place.room("Apollo")).id)
            assert (await place.bookings.book(wish, by=place.ana, key="k")).version == 1


@pytest.mark.race
async def test_fifty_connections_with_one_key_make_one_booking_and_get_one_answer(database: Any):
    async with opened(database, **{**PATIENT, "pool_size": 50}) as office:
        wish = Wish(slot=at(10), room_id=(await office.room("Apollo")).id, title="Once")
        everybody = asyncio.Barrier(50)
        await office.warm(50)

        async def attempt() -> Booking:
            async with everybody:
                return await office.bookings.book(wish, by=office.ana, key="k")

        answers = await asyncio.gather(*(attempt() for _ in range(50)))

        assert answers == [answers[0]] * 50
        assert answers[0].status is Status.CONFIRMED
        assert await office.count("SELECT count(*) FROM bookings") == 1
        assert await office.count("SELECT count(*) FROM events") == 1
        assert await checks.violations(office.db) == []


@pytest.mark.race
async def test_repeated_cancels_and_moves_at_once_happen_once(database: Any):
    async with opened(database, **PATIENT) as office:
        apollo = await office.room("Apollo")
        booked = await office.book(apollo, at(10))
        await office.warm(40)
        moves = [
            office.bookings.change(booked.id, Change(slot=at(12)), version=1, by=office.ana, key="move") for _ in range(40)
        ]
        moved = await asyncio.gather(*moves)
        cancels = [office.bookings.cancel(booked.id, by=office.ana, key="cancel") for _ in range(40)]
        cancelled = await asyncio.gather(*cancels)

        assert moved == [moved[0]] * 40
        assert cancelled == [cancelled[0]] * 40
        assert (await office.bookings.get(booked.id)).version == 3
        assert await checks.violations(office.db) == []
