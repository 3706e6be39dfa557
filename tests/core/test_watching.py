"""Open views: those that show what is no longer so are redrawn, soon, not too often, and by one at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.models import Slot
from tests.core.notified import Notified
from tests.core.office import Office, at

MILLISECONDS_999 = timedelta(milliseconds=999)


async def searching(notices: Notified, view: str, slot: Slot, location: Any = None) -> None:
    person = notices.office.bob.person_id
    await notices.watching.search_seen(person, "T1", view, "h1", {"people": 4}, location, slot, notices.now)


async def claimed(notices: Notified) -> list[str]:
    return sorted(view.view_id for view in await notices.watching.claim(notices.now))


async def test_the_homes_of_everybody_in_a_booking_before_or_after_are_stale(office: Office, notices: Notified):
    for who in (office.ana, office.bob, office.boss, office.visitor):
        await notices.watching.home_seen(who.person_id, "T1", f"V-{who.name}", "h1", notices.now)
    booking = await office.book(await office.room("Apollo"), at(9), invitees=(office.bob.person_id,))
    await notices.move(booking, invitees=(office.boss.person_id,))
    assert await claimed(notices) == []
    await notices.plan()
    assert await claimed(notices) == ["V-ana", "V-bob", "V-boss"]


async def test_searches_of_that_place_and_time_are_stale_and_others_are_not(office: Office, notices: Notified):
    await searching(notices, "V-there", at(9.5), office.berlin.id)
    await searching(notices, "V-anywhere", at(8, 120))
    await searching(notices, "V-before", at(8), office.berlin.id)
    await searching(notices, "V-after", at(10), office.berlin.id)
    await searching(notices, "V-tokyo", at(9), office.tokyo.id)
    await office.book(await office.room("Apollo"), at(9))
    await notices.plan()
    assert await claimed(notices) == ["V-anywhere", "V-there"]


async def test_a_move_makes_those_stale_who_look_at_where_it_was(office: Office, notices: Notified):
    booking = await office.book(await office.room("Apollo"), at(9))
    await notices.plan()
    await searching(notices, "V-old", at(9))
    await searching(notices, "V-new", at(15))
    await notices.move(booking, slot=at(15))
    await notices.plan()
    assert await claimed(notices) == ["V-new", "V-old"]


async def test_a_view_is_pushed_at_most_once_a_second_and_not_forgotten(office: Office, notices: Notified):
    room = await office.room("Apollo")
    await searching(notices, "V1", at(9, 600))
    await office.book(room, at(9))
    await notices.plan()
    (view,) = await notices.watching.claim(notices.now)
    assert (view.kind, view.hash, view.content, view.slot) == ("search", "h1", {"people": 4}, at(9, 600))
    await notices.watching.pushed(view, "h2")
    await office.book(room, at(10))
    await notices.plan()
    office.clock.advance(MILLISECONDS_999)
    assert await claimed(notices) == []
    office.clock.advance(timedelta(milliseconds=1))
    (view,) = await notices.watching.claim(notices.now)
    assert view.hash == "h2"


async def test_what_happens_during_a_push_is_pushed_after_it(office: Office, notices: Notified):
    room = await office.room("Apollo")
    await searching(notices, "V1", at(9, 600))
    await office.book(room, at(9))
    await notices.plan()
    (view,) = await notices.watching.claim(notices.now)
    await office.book(room, at(10))
    await notices.plan()
    office.clock.advance(timedelta(seconds=2))
    assert await claimed(notices) == []  # one at a time
    await notices.watching.pushed(view, "h2")
    (again,) = await notices.watching.claim(notices.now)
    await notices.watching.pushed(again, None)
    office.clock.advance(timedelta(seconds=2))
    assert await claimed(notices) == []
    assert [row["hash"] for row in await office.rows("SELECT hash FROM open_views")] == ["h2"]


async def test_a_pusher_that_died_is_followed_by_another(office: Office, notices: Notified):
    await searching(notices, "V1", at(9))
    await office.book(await office.room("Apollo"), at(9))
    await notices.plan()
    (slow,) = await notices.watching.claim(notices.now)
    await office.damage("UPDATE open_views SET leased_until = clock_timestamp() - interval '1 second'")
    office.clock.advance(timedelta(seconds=1))
    (quick,) = await notices.watching.claim(notices.now)
    await notices.watching.pushed(slow, "old")
    await notices.watching.pushed(quick, "new")
    assert [tuple(row) for row in await office.rows("SELECT hash, stale_since FROM open_views")] == [("new", None)]


async def test_closed_and_unknown_views_are_forgotten_and_so_are_old_ones(office: Office, notices: Notified):
    for view in ("V1", "V2", "V3"):
        await searching(notices, view, at(9))
    await notices.watching.closed("V1")
    await notices.watching.gone("V2")
    assert await notices.watching.clean(notices.now + timedelta(hours=23)) == 0
    assert await notices.watching.clean(notices.now + timedelta(hours=25)) == 1
    assert await office.count("SELECT count(*) FROM open_views") == 0


async def test_somebody_has_one_home(office: Office, notices: Notified):
    for view in ("V1", "V2"):
        await notices.watching.home_seen(office.ana.person_id, "T1", view, "h", notices.now)
    await searching(notices, "V3", at(9))
    assert [row["view_id"] for row in await office.rows("SELECT view_id FROM open_views ORDER BY 1")] == ["V2", "V3"]


async def test_a_view_given_back_comes_again_at_its_time(office: Office, notices: Notified):
    await searching(notices, "V1", at(9))
    await office.book(await office.room("Apollo"), at(9))
    await notices.plan()
    (view,) = await notices.watching.claim(notices.now)
    await notices.watching.later(view, notices.now + timedelta(seconds=5))
    office.clock.advance(timedelta(seconds=4))
    assert await claimed(notices) == []
    office.clock.advance(timedelta(seconds=1))
    assert await claimed(notices) == ["V1"]


async def test_a_clock_that_ran_ahead_does_not_keep_a_view_from_being_drawn(office: Office, notices: Notified):
    room = await office.room("Apollo")
    await searching(notices, "V1", at(9, 600))
    office.clock.advance(timedelta(days=-1))
    await office.damage("UPDATE open_views SET due_at = '2041-01-01'")
    await office.book(room, at(9))
    await notices.plan()
    office.clock.advance(timedelta(seconds=1))
    assert await claimed(notices) == ["V1"]
