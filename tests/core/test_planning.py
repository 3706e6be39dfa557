"""What follows from what happened: who is told what, once, and who is left in peace."""

from __future__ import annotations

from typing import Any

import pytest

from core.events import Kind
from core.models import Booking
from core.notices import Notice
from tests.core.notified import CHANNEL, Notified
from tests.core.office import Office, at


async def with_bob(office: Office, **wish: Any) -> Booking:
    return await office.book(await office.room("Apollo"), at(9), invitees=(office.bob.person_id,), **wish)


async def shown(notices: Notified) -> list[str]:
    await notices.plan()
    return sorted(card.person.name if card.person else str(card.channel_id) for card in await notices.show())


async def test_an_invited_person_gets_one_card_of_their_own_that_lives_on(office: Office, notices: Notified):
    booking = await with_bob(office)
    assert await shown(notices) == ["bob"]
    await notices.move(booking, slot=at(10))
    await notices.plan()
    (card,) = await notices.show()
    assert (card.ts is not None, card.channel_id, card.last.kind) == (True, "D1", Kind.CHANGED)


async def test_who_does_not_want_to_be_asked_is_not(office: Office, notices: Notified):
    await notices.prefer(office.bob, tell_invitations=False)
    await with_bob(office)
    assert await shown(notices) == []


async def test_settings_changed_after_planning_are_those_that_count(office: Office, notices: Notified):
    booking = await with_bob(office)
    await notices.plan()
    await notices.prefer(office.bob, tell_invitations=False, tell_changes=False)
    await notices.move(booking, slot=at(10))
    assert await shown(notices) == []
    assert await notices.send() == []


async def test_who_is_invited_again_after_they_saw_that_they_were_not_is_asked_anew(office: Office, notices: Notified):
    booking = await with_bob(office)
    assert await shown(notices) == ["bob"]
    without = await notices.move(booking, invitees=())
    await notices.plan()
    assert len(await notices.show()) == 1  # the card says that they are not expected any more
    again = await notices.move(without, invitees=(office.bob.person_id,))
    await notices.plan()
    (card,) = await notices.show()
    assert (card.ts, card.announced) == (None, None)
    await notices.move(again, slot=at(10))
    await notices.plan()
    (card,) = await notices.show()
    assert card.ts is not None


async def test_who_never_saw_that_they_were_not_invited_for_a_moment_is_not_asked_again(office: Office, notices: Notified):
    booking = await with_bob(office)
    assert await shown(notices) == ["bob"]
    without = await notices.move(booking, invitees=())
    await notices.move(without, invitees=(office.bob.person_id,))
    await notices.plan()
    (card,) = await notices.show()
    assert card.ts is not None


async def test_who_could_not_be_reached_is_asked_when_they_are_invited_again(office: Office, notices: Notified):
    booking = await with_bob(office)
    await notices.plan()
    (card,) = await notices.outbox.claim_cards(notices.now)
    await notices.outbox.card_given_up(card, "that person's account is deactivated")
    without = await notices.move(booking, invitees=())
    assert await shown(notices) == []
    await notices.move(without, invitees=(office.bob.person_id,))
    assert await shown(notices) == ["bob"]


async def test_what_was_to_go_into_the_thread_of_a_message_never_posted_does_not_wait_for_it(
    office: Office, notices: Notified
):
    await notices.subscribe()
    booking = await office.book(await office.room("Apollo"), at(9))
    await notices.plan()
    (in_hand,) = await notices.outbox.claim_cards(notices.now)
    moved = await notices.move(booking, slot=at(10))
    await notices.plan()
    await notices.outbox.card_later(in_hand, at=notices.now, uncertain=False)
    notices.at(moved.end, 1)
    assert await notices.show() == []
    assert await notices.send() == []
    assert await notices.deliveries() == {("history", "dropped"): 1}
    assert (await notices.outbox.overview(notices.now)).pending == 0


async def test_when_somebody_else_moves_a_meeting_all_others_who_come_are_told(office: Office, notices: Notified):
    booking = await with_bob(office)
    await notices.told()
    await notices.move(booking, by=office.boss, slot=at(10))
    assert await notices.told() == [(Notice.CHANGED, "ana"), (Notice.CHANGED, "bob")]


async def test_whoever_changes_it_is_not_told_of_it(office: Office, notices: Notified):
    booking = await with_bob(office)
    await notices.told()
    await notices.move(booking, slot=at(10))
    assert await notices.told() == [(Notice.CHANGED, "bob")]


async def test_who_has_declined_is_not_told_of_changes(office: Office, notices: Notified):
    booking = await with_bob(office)
    await notices.presence.respond(booking.id, by=office.bob, going=False)
    await notices.told()
    await office.bookings.cancel(booking.id, by=office.ana)
    assert await notices.told() == []


@pytest.mark.parametrize("change", [{"title": "New"}, {"private": True}, {"attendees_count": 3}])
async def test_a_change_of_anything_but_room_and_time_is_told_by_the_cards_alone(
    office: Office, notices: Notified, change: dict[str, Any]
):
    booking = await with_bob(office)
    await shown(notices)
    await notices.move(booking, **change)
    assert await notices.told() == []
    assert len(await notices.show()) == 1


async def test_several_changes_before_the_message_went_out_are_one_message_from_the_last_known_state(
    office: Office, notices: Notified
):
    booking = await with_bob(office)
    await notices.told()
    moved = await notices.move(booking, slot=at(10))
    await notices.plan()
    further = await notices.move(moved, slot=at(11))
    await notices.plan()
    last = await notices.move(further, slot=at(12))
    await notices.plan()
    (sent,) = await notices.send()
    assert sent.happened is not None
    assert (sent.happened.before, sent.happened.after) == (booking, last)
    assert (await notices.deliveries())["changed", "dropped"] == 2


async def test_moved_and_moved_back_before_anybody_was_told_is_not_told(office: Office, notices: Notified):
    booking = await with_bob(office)
    await notices.told()
    moved = await notices.move(booking, slot=at(10))
    await office.bookings.undo(booking.id, version=moved.version, by=office.ana)
    assert await notices.told() == []


async def test_cancelled_and_restored_are_each_told_when_the_first_was(office: Office, notices: Notified):
    booking = await with_bob(office)
    await notices.told()
    gone = await office.bookings.cancel(booking.id, by=office.ana)
    assert await notices.told() == [(Notice.CHANGED, "bob")]
    await office.bookings.undo(booking.id, version=gone.after.version, by=office.ana)
    assert await notices.told() == [(Notice.CHANGED, "bob")]


async def test_of_a_meeting_that_is_over_nobody_is_told_anything(office: Office, notices: Notified):
    await notices.subscribe()
    booking = await with_bob(office)
    await office.bookings.cancel(booking.id, by=office.ana)
    notices.at(booking.end, 1)
    assert await notices.told() == []
    assert await notices.show() == []


async def test_running_late_is_told_to_everybody_else_who_comes(office: Office, notices: Notified):
    booking = await with_bob(office)
    await notices.told()
    notices.at(booking.start, 1)
    await notices.presence.run_late(booking.id, by=office.ana)
    assert await notices.told() == [(Notice.LATE, "bob")]


async def test_the_booker_hears_when_more_come_than_there_are_seats_and_once(office: Office, notices: Notified):
    room = await office.room("Corner", seats=3)
    people = [office.bob, office.boss, await office.actor("cleo"), await office.actor("dora")]
    booking = await office.book(room, at(9), invitees=tuple(one.person_id for one in people), attendees_count=3)
    for one in people[1:]:
        await notices.presence.respond(booking.id, by=one, going=False)
    await notices.told()
    await notices.presence.respond(booking.id, by=office.boss, going=True)
    assert await notices.told() == []
    await notices.presence.respond(booking.id, by=people[2], going=True)
    assert await notices.told() == [(Notice.SIZE, "ana")]
    await notices.presence.respond(booking.id, by=people[3], going=True)
    assert await notices.told() == []


async def test_the_booker_hears_when_a_third_of_the_seats_would_do(office: Office, notices: Notified):
    room = await office.room("Hall", seats=9)
    people = (office.bob, office.boss, await office.actor("cleo"))
    booking = await office.book(room, at(9), invitees=tuple(one.person_id for one in people), attendees_count=4)
    await notices.told()
    await notices.presence.respond(booking.id, by=office.bob, going=False)
    assert await notices.told() == [(Notice.SIZE, "ana")]
    await notices.presence.respond(booking.id, by=office.boss, going=False)
    assert await notices.told() == []


async def test_the_booker_hears_when_the_last_of_those_invited_declines_and_not_before(office: Office, notices: Notified):
    room, cleo = await office.room("Corner", seats=4), await office.actor("cleo")
    booking = await office.book(room, at(9), invitees=(office.bob.person_id, cleo.person_id), attendees_count=4)
    await notices.told()
    await notices.presence.respond(booking.id, by=office.bob, going=False)
    assert await notices.told() == []
    await notices.presence.respond(booking.id, by=cleo, going=False)
    assert await notices.told() == [(Notice.SIZE, "ana")]
    await notices.presence.run_late(booking.id, by=office.ana)
    assert await notices.told() == []


async def test_who_takes_off_the_last_who_came_to_their_own_meeting_is_told_nothing(office: Office, notices: Notified):
    cleo = await office.actor("cleo")
    both = (office.bob.person_id, cleo.person_id)
    booking = await office.book(await office.room("Corner", seats=4), at(9), invitees=both, attendees_count=3)
    declined = (await notices.presence.respond(booking.id, by=office.bob, going=False)).after
    await notices.told()
    await notices.move(declined, invitees=(office.bob.person_id,))
    assert Notice.SIZE not in [kind for kind, _ in await notices.told()]


async def test_a_channel_hears_of_what_it_asked_about_alone(office: Office, notices: Notified):
    apollo, kiez = await office.room("Apollo"), await office.room("Kiez", place=office.tokyo)
    await notices.subscribe(channel="C-room", room_id=apollo.id)
    await notices.subscribe(channel="C-tokyo", location_id=office.tokyo.id)
    await notices.subscribe("cancelled", channel="C-cancelled")
    paused = await notices.subscribe(channel="C-paused")
    await notices.subscriptions.pause(paused.team_id, paused.channel_id, "archived")
    await notices.subscribe(channel="C-daily", digest_at=at(7).start.time())
    await office.book(apollo, at(9))
    assert await shown(notices) == ["C-room"]
    await office.book(kiez, at(9))
    assert await shown(notices) == ["C-tokyo"]


async def test_two_subscriptions_of_one_channel_make_one_card(office: Office, notices: Notified):
    apollo = await office.room("Apollo")
    await notices.subscribe()
    await notices.subscribe(room_id=apollo.id)
    await office.book(apollo, at(9))
    assert await shown(notices) == [CHANNEL]


async def test_a_booking_that_moves_into_a_room_is_new_there_and_its_old_card_shows_where_it_went(
    office: Office, notices: Notified
):
    apollo, corner = await office.room("Apollo"), await office.room("Corner")
    await notices.subscribe("booked", channel="C-apollo", room_id=apollo.id)
    await notices.subscribe("booked", channel="C-corner", room_id=corner.id)
    booking = await office.book(apollo, at(9))
    assert await shown(notices) == ["C-apollo"]
    await notices.move(booking, room_id=corner.id)
    await notices.plan()
    cards = {card.channel_id: card for card in await notices.show()}
    assert set(cards) == {"C-apollo", "C-corner"}
    assert cards["C-apollo"].booking.room == corner
    assert cards["C-corner"].ts is None


async def test_a_natural_end_changes_no_message_and_an_early_one_does(office: Office, notices: Notified):
    from core.endings import Endings

    apollo = await office.room("Apollo")
    await notices.subscribe()
    one, other = await office.book(apollo, at(9)), await office.book(apollo, at(10))
    await shown(notices)
    notices.at(one.end, 1)
    await Endings(office.db, office.catalogues).end(notices.now)
    assert await shown(notices) == []
    notices.at(other.start, 20)
    await notices.presence.end_early(other.id, version=1, by=office.ana)
    assert await shown(notices) == [CHANNEL]
    assert [one.kind for one in await notices.send()] == [Notice.HISTORY]


async def test_answers_and_check_ins_change_the_card_and_are_not_history(office: Office, notices: Notified):
    await notices.subscribe()
    booking = await with_bob(office)
    await shown(notices)
    await notices.presence.respond(booking.id, by=office.bob, going=True)
    assert await shown(notices) == [CHANNEL, "bob"]
    assert (await notices.deliveries())["history", "pending"] == 0


async def test_a_dead_card_is_neither_edited_nor_told_history(office: Office, notices: Notified):
    await notices.subscribe()
    booking = await office.book(await office.room("Apollo"), at(9))
    await notices.plan()
    (card,) = await notices.outbox.claim_cards(notices.now)
    await notices.outbox.card_given_up(card, "archived")
    await notices.move(booking, slot=at(10))
    assert await shown(notices) == []
    assert await notices.send() == []


async def test_planning_twice_makes_nothing_twice(office: Office, notices: Notified):
    await notices.subscribe()
    booking = await with_bob(office)
    await notices.move(booking, slot=at(10))
    await notices.plan()
    before = await office.rows("SELECT key, status FROM deliveries ORDER BY key")
    await office.damage("UPDATE event_readers SET transaction = '0', number = 0")
    assert await notices.planning.plan(notices.now) == 2
    assert await office.rows("SELECT key, status FROM deliveries ORDER BY key") == before
    assert await office.count("SELECT count(*) FROM cards") == 2


async def test_a_room_younger_than_the_planners_catalogue_is_looked_up(office: Office, notices: Notified):
    await notices.subscribe()
    other = Notified.of(office)
    stale = await office.catalogues.current()
    await office.book(await office.room("New"), at(9))
    office.catalogues._held = stale
    assert await other.planning.plan(notices.now) == 1
