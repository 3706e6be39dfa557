"""A hall and its parts: each is held by its parts alone, so that the whole and a part exclude each other everywhere."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import checks, errors
from core.divisible import Divisible
from core.endings import Endings
from core.models import Change, OfferKind, Slot, Wish
from tests.core.furnished import claimed, divided, hall
from tests.core.office import MONDAY, Office, at


async def test_a_whole_claims_its_parts_and_excludes_them(office: Office):
    whole, one, other = await hall(office, setup=15)
    booked = await office.book(whole, at(10), title="Town hall")

    assert await claimed(office, booked) == {"Hall A": 75, "Hall B": 75}
    for room in (one, other, whole):
        with pytest.raises(errors.SlotTaken) as refused:
            await office.book(room, at(10.5), by=office.bob)
        assert [rival.title for rival in refused.value.rivals] == ["Town hall"]
        assert room.name in refused.value.message
    assert (await office.book(one, at(11), by=office.bob)).room == one
    assert await checks.violations(office.db) == []


async def test_a_part_keeps_the_whole_from_being_booked_and_not_the_other_part(office: Office):
    whole, one, other = await hall(office)
    await office.book(one, at(10), title="Training")

    with pytest.raises(errors.SlotTaken) as refused:
        await office.book(whole, at(10), by=office.bob)
    assert refused.value.message == 'Hall needs Hall A, which is taken today 11:00-12:00 ("Training").'
    assert (await office.book(other, at(10), by=office.bob)).room == other
    # Neither part nor whole of it is offered in its place.
    offered = {offer.room.name for offer in refused.value.alternatives if offer.kind is OfferKind.OTHER_ROOM}
    assert "Hall A" not in offered


async def test_a_search_finds_the_whole_only_while_all_of_it_is_free(office: Office):
    whole, one, other = await hall(office)
    small, large = Wish(slot=at(10), attendees_count=2), Wish(slot=at(10), attendees_count=20)
    assert [found.room for found in (await office.search.find(small, by=office.ana)).free] == [one, other, whole]
    await office.book(other, at(10.5, 30))
    assert [found.room for found in (await office.search.find(small, by=office.ana)).free] == [one]
    assert (await office.search.find(large, by=office.ana)).free == ()
    free = (await office.search.find(Wish(slot=at(9), attendees_count=20), by=office.ana)).free
    assert [(found.room, found.free_until) for found in free] == [(whole, at(10.5).start)]


async def test_the_day_of_a_part_shows_what_is_booked_in_the_whole(office: Office):
    whole, one, other = await hall(office)
    await office.book(whole, at(10), title="Town hall")
    await office.book(one, at(12), title="Training")
    window = Slot(start=at(0).start, end=at(24).start)
    days = await office.search.day([one.id, other.id, whole.id], window, by=office.bob)
    assert [[rival.title for rival in day.taken] for day in days] == [
        ["Town hall", "Training"],
        ["Town hall"],
        ["Town hall", "Training"],
    ]


async def test_moving_between_part_and_whole_takes_and_gives_back_what_it_must(office: Office):
    whole, one, other = await hall(office)
    booked = await office.book(one, at(10))
    large = (await office.bookings.change(booked.id, Change(room_id=whole.id), version=1, by=office.ana)).after
    assert await claimed(office, large) == {"Hall A": 60, "Hall B": 60}
    back = (await office.bookings.undo(booked.id, version=2, by=office.ana)).after
    assert (back.room, await claimed(office, back)) == (one, {"Hall A": 60})
    await office.book(other, at(10), by=office.bob)
    with pytest.raises(errors.SlotTaken):
        await office.bookings.change(booked.id, Change(room_id=whole.id), version=3, by=office.ana)
    assert await claimed(office, back) == {"Hall A": 60}
    assert await checks.violations(office.db) == []


async def test_what_stands_around_a_whole_is_worked_out_from_all_its_parts(office: Office):
    whole, one, other = await hall(office)
    await office.book(one, at(10, 90), by=office.bob)
    await office.book(other, at(11, 60), by=office.bob)
    with pytest.raises(errors.SlotTaken) as refused:
        await office.book(whole, at(10.5))
    times = [offer.slot for offer in refused.value.alternatives if offer.kind is OfferKind.OTHER_TIME]
    assert at(12) in times
    assert at(9) in times


async def test_extending_is_bounded_by_whatever_follows_in_any_part(office: Office):
    whole, one, _ = await hall(office)
    booked = await office.book(whole, at(10))
    await office.book(one, at(11.5), by=office.bob, title="Training")
    growth = await office.presence.room_to_grow(booked)
    assert growth.free_until == at(11.5).start
    assert growth.follows is not None
    assert growth.follows.title == "Training"
    with pytest.raises(errors.SlotTaken) as refused:
        await office.presence.extend(booked.id, until=at(12).start, version=1, by=office.ana)
    assert [offer.slot.end for offer in refused.value.alternatives] == [at(11.5).start, at(11.25).start]


async def test_swapping_rooms_of_a_whole_moves_all_its_claims(office: Office):
    whole, one, _ = await hall(office)
    zeus = await office.room("Zeus", seats=24)
    first, second = await office.book(whole, at(10)), await office.book(zeus, at(10))
    await office.bookings.swap(first.id, second.id, versions=(1, 1), by=office.ana)
    assert (await claimed(office, first), await claimed(office, second)) == ({"Zeus": 60}, {"Hall A": 60, "Hall B": 60})
    with pytest.raises(errors.SlotTaken):
        await office.book(one, at(10))
    assert await checks.violations(office.db) == []


async def test_ending_early_and_ending_by_itself_give_every_part_back(office: Office):
    whole, one, other = await hall(office)
    early = await office.book(whole, at(8.5))
    office.clock.advance(timedelta(minutes=45))
    await office.presence.end_early(early.id, version=1, by=office.ana)
    assert (await office.book(one, at(9))).room == one
    late = await office.book(other, at(9))
    office.clock.advance(timedelta(hours=3))
    assert await Endings(office.db, office.catalogues).end(office.clock.now()) == 2
    assert await claimed(office, late) == {}
    assert await checks.violations(office.db) == []


# -- the waiting line --------------------------------------------------------------------------------------------------


async def test_what_frees_of_the_whole_is_offered_to_whoever_waits_for_a_part(office: Office):
    whole, one, _ = await hall(office)
    booked = await office.book(whole, at(10))
    place = await office.line.join(Wish(slot=at(10), room_id=one.id), by=office.bob)
    await office.bookings.cancel(booked.id, by=office.ana)
    assert (await office.line.get(place.id)).offered_room == one
    assert (await office.line.take(place.id, by=office.bob)).room == one
    assert await checks.violations(office.db) == []


async def test_the_whole_is_offered_once_its_last_part_is_given_back(office: Office):
    whole, one, other = await hall(office)
    first, second = await office.book(one, at(10)), await office.book(other, at(10))
    place = await office.line.join(Wish(slot=at(10), room_id=whole.id), by=office.bob)
    await office.bookings.cancel(first.id, by=office.ana)
    assert (await office.line.get(place.id)).status == "waiting"
    await office.bookings.cancel(second.id, by=office.ana)
    offered = await office.line.get(place.id)
    assert (offered.status, offered.offered_room) == ("offered", whole)
    with pytest.raises(errors.SlotTaken) as refused:
        await office.book(one, at(10))
    assert "held for somebody on the waiting list" in refused.value.message
    assert await checks.violations(office.db) == []
    booked = await office.line.take(place.id, by=office.bob)
    assert await claimed(office, booked) == {"Hall A": 60, "Hall B": 60}
    assert await checks.violations(office.db) == []


async def test_whoever_has_waited_longest_comes_first_whether_for_part_or_whole(office: Office):
    whole, one, other = await hall(office)
    booked = await office.book(whole, at(10))
    for_part = await office.line.join(Wish(slot=at(10), room_id=one.id), by=office.bob)
    office.clock.advance(timedelta(minutes=1))
    for_whole = await office.line.join(Wish(slot=at(10), room_id=whole.id), by=office.boss)
    office.clock.advance(timedelta(minutes=1))
    for_other = await office.line.join(Wish(slot=at(10), room_id=other.id), by=await office.actor("eve"))
    await office.bookings.cancel(booked.id, by=office.ana)
    states = [(await office.line.get(place.id)).status for place in (for_part, for_whole, for_other)]
    assert states == ["offered", "waiting", "offered"]
    await office.line.decline(for_part.id, by=office.bob)
    await office.line.decline(for_other.id, by=await office.actor("eve"))
    assert (await office.line.get(for_whole.id)).status == "offered"
    assert await checks.violations(office.db) == []


# -- dividing ----------------------------------------------------------------------------------------------------------


async def test_a_whole_made_of_wholes_claims_the_smallest_parts(office: Office):
    whole, one, other = await hall(office)
    third = await office.room("Hall C")
    everything = await divided(office, await office.room("All of it", seats=40), whole, third)
    assert everything.parts == {one.id, other.id, third.id}
    await office.book(everything, at(10))
    for room in (whole, one, third):
        with pytest.raises(errors.SlotTaken):
            await office.book(room, at(10))


async def test_dividing_a_part_divides_what_it_is_a_part_of(office: Office):
    whole, one, other = await hall(office)
    left, right = await office.room("Hall A left"), await office.room("Hall A right")
    await divided(office, one, left, right)
    assert (await office.catalogues.current()).room(whole.id).parts == {left.id, right.id, other.id}
    assert await checks.violations(office.db) == []


async def test_what_cannot_be_meant_is_refused_in_words(office: Office):
    whole, one, other = await hall(office)
    far = await office.room("Sakura", place=office.tokyo)
    cases = [
        (whole, [whole, one], "Hall cannot be a part of itself."),
        (one, [whole, other], "Hall A is a part of Hall already."),
        (whole, [one, far], "Sakura is not at the same place as Hall."),
        (whole, [one], "A divisible room has two parts or more."),
    ]
    for room, parts, said in cases:
        with pytest.raises(errors.InvalidSetting) as refused:
            await divided(office, room, *parts)
        assert refused.value.message == said
    with pytest.raises(errors.NotAllowed):
        await Divisible(office.db, office.catalogues).set_parts(whole.id, [], by=office.ana)
    assert (await office.catalogues.current()).room(whole.id).parts == {one.id, other.id}


async def test_a_room_with_something_booked_ahead_is_not_divided_otherwise(office: Office):
    whole, one, other = await hall(office)
    booked = await office.book(whole, at(10))
    with pytest.raises(errors.StillUsed) as refused:
        await divided(office, whole)
    assert refused.value.message.startswith("Hall has 1 booking ahead, the first ")
    await office.bookings.cancel(booked.id, by=office.ana)
    await office.book(one, at(10))
    # What is booked in a part stands in nobody's way.
    assert (await divided(office, whole)).parts == frozenset()
    assert (await office.book(whole, at(10))).room.id == whole.id
    with pytest.raises(errors.StillUsed):
        await divided(office, whole, one, other)


async def test_whoever_still_believes_that_a_room_is_whole_gets_it_with_its_parts(office: Office):
    whole, one, other = await hall(office)
    await divided(office, whole)
    stale = await office.catalogues.current()
    await divided(office, whole, one, other)
    office.catalogues._held = stale

    assert await claimed(office, await office.book(whole, at(10))) == {"Hall A": 60, "Hall B": 60}


async def test_every_division_is_in_the_audit(office: Office):
    whole, *_ = await hall(office)
    await divided(office, whole)
    rows = await office.rows("SELECT action, subject_name, after->'parts' AS parts FROM changes ORDER BY number")
    assert [(row["action"], row["subject_name"], row["parts"]) for row in rows] == [
        ("divided", "Hall", '["Hall A", "Hall B"]'),
        ("made one", "Hall", "[]"),
    ]


async def test_a_booking_moved_by_a_hidden_policy_shows_no_title(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, at(10), title="Layoffs")
    await office.damage(
        f"INSERT INTO policies (tenant_id, id, room_id, details_hidden)"
        f" SELECT tenant_id, gen_random_uuid(), id, true FROM rooms WHERE id = '{apollo.id}'"
    )
    office.catalogues.forget()
    rivals = await office.search.rivals(apollo, at(10), by=office.bob)
    assert [(rival.title, rival.booker_slack_user_id, rival.private) for rival in rivals] == [(None, None, True)]
    own = await office.search.rivals(apollo, at(10), by=office.ana)
    assert [rival.title for rival in own] == ["Layoffs"]
    assert office.clock.now() == MONDAY
