"""What a channel has asked to hear: saved, listed, paused, removed; never twice for the same rooms."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import InvalidSubscription, NotAllowed, RoomNotFound, SubscriptionNotFound
from core.ids import new_id
from core.subscriptions import KINDS
from tests.core.notified import CHANNEL, Notified
from tests.core.office import Office


async def test_a_channel_lists_what_it_asked_for(office: Office, notices: Notified):
    apollo = await office.room("Apollo")
    by_room = await notices.subscribe("booked", room_id=apollo.id)
    by_place = await notices.subscribe(location_id=office.tokyo.id)
    await notices.subscribe(channel="C2")
    assert await notices.subscriptions.of_channel("T1", CHANNEL) == (by_room, by_place)
    assert (by_room.room, by_room.location, by_room.kinds) == (apollo, None, frozenset({"booked"}))
    assert by_place.location == office.tokyo
    assert len(await notices.subscriptions.all()) == 3


async def test_asking_for_the_same_rooms_again_changes_what_was_asked(notices: Notified):
    first = await notices.subscribe("booked")
    again = await notices.subscribe("cancelled")
    assert (again.id, again.kinds, again.version) == (first.id, frozenset({"cancelled"}), 2)
    assert await notices.subscriptions.of_channel("T1", CHANNEL) == (again,)


async def test_one_that_is_changed_to_other_rooms_replaces_the_old(office: Office, notices: Notified):
    everywhere = await notices.subscribe()
    changed = await notices.subscriptions.save(
        everywhere.id,
        team_id="T1",
        channel_id=CHANNEL,
        location_id=office.berlin.id,
        room_id=None,
        kinds=KINDS,
        digest_at=None,
        zone="UTC",
        by=office.bob,
    )
    assert await notices.subscriptions.of_channel("T1", CHANNEL) == (changed,)
    with pytest.raises(SubscriptionNotFound):
        await notices.subscriptions.get(everywhere.id)


async def test_a_paused_channel_says_why_and_can_go_on(notices: Notified):
    one = await notices.subscribe()
    assert await notices.subscriptions.pause("T1", CHANNEL, "The channel is archived.") == 1
    assert await notices.subscriptions.pause("T1", CHANNEL, "Another reason") == 0
    assert (await notices.subscriptions.get(one.id)).paused == "The channel is archived."
    assert await notices.subscriptions.resume(one.id)
    assert not await notices.subscriptions.resume(one.id)
    assert (await notices.subscriptions.get(one.id)).paused is None


async def test_a_removed_one_is_gone(office: Office, notices: Notified):
    one = await notices.subscribe()
    with pytest.raises(NotAllowed):
        await notices.subscriptions.remove(one.id, office.visitor)
    assert await notices.subscriptions.remove(one.id, office.bob)
    assert not await notices.subscriptions.remove(one.id, office.bob)
    assert await notices.subscriptions.of_channel("T1", CHANNEL) == ()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"kinds": ()}, "kinds"), ({"kinds": ("exploded",)}, "kinds"), ({"zone": "Mars/Olympus"}, "zone")],
)
async def test_what_cannot_be_meant_is_refused_by_field(
    office: Office, notices: Notified, wrong: dict[str, Any], field: str
):
    asked: dict[str, Any] = {"location_id": None, "room_id": None, "kinds": KINDS, "digest_at": None, "zone": "UTC", **wrong}
    with pytest.raises(InvalidSubscription) as refused:
        await notices.subscriptions.save(None, team_id="T1", channel_id=CHANNEL, by=office.ana, **asked)
    assert set(refused.value.fields) == {field}


async def test_rooms_that_do_not_exist_and_guests_are_refused(office: Office, notices: Notified):
    with pytest.raises(RoomNotFound):
        await notices.subscribe(room_id=new_id())
    with pytest.raises(NotAllowed):
        await notices.subscriptions.save(
            None,
            team_id="T1",
            channel_id=CHANNEL,
            location_id=None,
            room_id=None,
            kinds=KINDS,
            digest_at=None,
            zone="UTC",
            by=office.visitor,
        )
