"""The outbox: one sender at a time for each message, nothing lost when a sender dies, and whoever is late does no harm."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.catalogue import Catalogues
from core.db import Database
from core.errors import NotActive, NotAllowed
from core.notices import Notice
from core.outbox import Outbox
from core.roles import WORKER
from core.rooms import Rooms
from tests.core.notified import CHANNEL, Notified
from tests.core.office import PATIENT, Office, at

SECOND = timedelta(seconds=1)


async def pending(office: Office, count: int) -> None:
    """Put so many reminders of one booking into the outbox, due now."""
    await office.damage(f"""
        INSERT INTO deliveries (tenant_id, id, key, kind, team_id, booking_id, person_id, about, due_at)
        SELECT b.tenant_id, gen_random_uuid(), 'k' || n, 'reminder', 'T1', b.id, b.booked_by,
            jsonb_build_object('start', b.start_time, 'minutes', 10), '2040-03-05 08:00Z'
        FROM bookings b, generate_series(1, {count}) n
    """)


async def expire(office: Office) -> None:
    for table in ("cards", "deliveries"):
        await office.damage(
            f"UPDATE {table} SET leased_until = clock_timestamp() - interval '1 second' WHERE lease IS NOT NULL"
        )


@pytest.mark.race
async def test_four_senders_send_each_of_500_deliveries_exactly_once(office: Office):
    await office.book(await office.room("Apollo"), at(9))
    await pending(office, 500)
    dbs = [Database(office.urls.worker_url, role=WORKER, **PATIENT | {"pool_size": 4}) for _ in range(4)]
    sent: list[str] = []

    async def sender(db: Database) -> int:
        outbox = Outbox(db, Catalogues(db), office.clock)
        mine = 0
        while batch := await outbox.claim_deliveries(office.clock.now(), limit=7):
            for one in batch:
                sent.append(one.key)
                assert await outbox.sent(one, channel_id="D1", ts="1.1")
                mine += 1
        return mine

    try:
        each = await asyncio.gather(*(sender(db) for db in dbs for _ in range(2)))
    finally:
        for db in dbs:
            await db.close()
    assert sorted(sent) == sorted({f"k{n}" for n in range(1, 501)})
    assert sum(each) == 500
    assert await office.count("SELECT count(*) FROM deliveries WHERE status = 'sent'") == 500


async def test_a_leased_message_is_nobody_elses_until_the_lease_is_over_and_then_uncertain(
    office: Office, notices: Notified
):
    await office.book(await office.room("Apollo"), at(9))
    await pending(office, 1)
    (first,) = await notices.outbox.claim_deliveries(notices.now)
    assert not first.uncertain
    assert await notices.outbox.claim_deliveries(notices.now) == ()

    await expire(office)
    (second,) = await notices.outbox.claim_deliveries(notices.now)
    assert second.uncertain
    assert second.lease != first.lease


async def test_what_was_sent_under_a_lost_lease_is_not_sent_again(office: Office, notices: Notified):
    await office.book(await office.room("Apollo"), at(9))
    await pending(office, 1)
    (slow,) = await notices.outbox.claim_deliveries(notices.now)
    await expire(office)
    (quick,) = await notices.outbox.claim_deliveries(notices.now)

    assert not await notices.outbox.sent(slow, channel_id="D1", ts="1.1")
    assert not await notices.outbox.sent(quick, channel_id="D1", ts="2.2")
    assert [tuple(row) for row in await office.rows("SELECT status, ts FROM deliveries")] == [("sent", "1.1")]


async def test_nobody_changes_a_message_with_a_lost_lease(office: Office, notices: Notified):
    await office.book(await office.room("Apollo"), at(9))
    await pending(office, 1)
    (slow,) = await notices.outbox.claim_deliveries(notices.now)
    await expire(office)
    (quick,) = await notices.outbox.claim_deliveries(notices.now)

    assert not await notices.outbox.later(slow, at=notices.now, uncertain=False)
    assert not await notices.outbox.given_up(slow, "gone")
    assert not await notices.outbox.dropped(slow, "late")
    assert await notices.outbox.sent(quick, channel_id="D1", ts="2.2")


async def test_a_message_given_back_comes_again_at_its_time_and_remembers_what_may_have_arrived(
    office: Office, notices: Notified
):
    await office.book(await office.room("Apollo"), at(9))
    await pending(office, 1)
    (one,) = await notices.outbox.claim_deliveries(notices.now)
    await notices.outbox.later(one, at=notices.now + 4 * SECOND, uncertain=True)
    assert await notices.outbox.claim_deliveries(notices.now + 3 * SECOND) == ()

    (one,) = await notices.outbox.claim_deliveries(notices.now + 4 * SECOND)
    assert (one.attempts, one.uncertain) == (1, True)
    await notices.outbox.later(one, at=notices.now, uncertain=False, counted=False)
    (one,) = await notices.outbox.claim_deliveries(notices.now)
    assert (one.attempts, one.uncertain) == (1, False)


async def test_a_card_is_posted_once_and_edited_from_the_present_state(office: Office, notices: Notified):
    await notices.subscribe()
    booking = await office.book(await office.room("Apollo"), at(9), title="Review")
    await notices.plan()
    (posted,) = await notices.show()
    assert (posted.ts, posted.announced, posted.booking, posted.channel_id) == (None, None, booking, CHANNEL)

    moved = await notices.move(booking, slot=at(10))
    renamed = await notices.move(moved, title="Retro")
    await notices.plan()
    (edited,) = await notices.show()
    assert edited.ts == f"ts-{posted.id}"
    assert (edited.announced, edited.booking, edited.last.before) == (booking, renamed, moved)
    assert await notices.show() == []


async def test_a_change_during_an_edit_is_followed_by_another_edit(office: Office, notices: Notified):
    await notices.subscribe()
    booking = await office.book(await office.room("Apollo"), at(9))
    await notices.plan()
    (posting,) = await notices.outbox.claim_cards(notices.now)
    moved = await notices.move(booking, slot=at(10))
    await notices.plan()
    assert await notices.outbox.claim_cards(notices.now) == ()

    await notices.outbox.card_shown(posting, channel_id=CHANNEL, ts="1.1")
    (edit,) = await notices.outbox.claim_cards(notices.now)
    assert (edit.ts, edit.booking, edit.announced) == ("1.1", moved, booking)


async def test_a_state_shown_before_it_was_planned_for_is_not_shown_again(office: Office, notices: Notified):
    await notices.subscribe()
    booking = await office.book(await office.room("Apollo"), at(9))
    await notices.plan()
    await notices.move(booking, slot=at(10))
    (posted,) = await notices.show()
    assert posted.version == 2
    await notices.plan()
    assert await notices.show() == []
    assert await notices.send() == []


async def test_an_old_edit_that_lands_after_a_newer_one_is_drawn_over(office: Office, notices: Notified):
    await notices.subscribe()
    booking = await office.book(await office.room("Apollo"), at(9))
    await notices.plan()
    await notices.show()
    booking = await notices.move(booking, slot=at(10))
    await notices.plan()
    (slow,) = await notices.outbox.claim_cards(notices.now)
    await expire(office)
    booking = await notices.move(booking, slot=at(11))
    await notices.plan()
    (quick,) = await notices.outbox.claim_cards(notices.now)
    assert await notices.outbox.card_shown(quick, channel_id=CHANNEL, ts=quick.ts or "")
    assert await notices.outbox.claim_cards(notices.now) == ()

    # The slow replica's edit reached Slack just now.
    assert not await notices.outbox.card_shown(slow, channel_id=CHANNEL, ts=slow.ts or "")
    (again,) = await notices.outbox.claim_cards(notices.now)
    assert again.booking == booking
    assert await notices.outbox.card_shown(again, channel_id=CHANNEL, ts=again.ts or "")
    assert await notices.outbox.claim_cards(notices.now) == ()


@pytest.mark.parametrize("uncertain", [True, False])
async def test_an_edit_given_back_too_late_is_put_right_if_it_may_have_arrived(
    office: Office, notices: Notified, uncertain: bool
):
    await notices.subscribe()
    booking = await office.book(await office.room("Apollo"), at(9))
    await notices.plan()
    await notices.show()
    booking = await notices.move(booking, slot=at(10))
    await notices.plan()
    (slow,) = await notices.outbox.claim_cards(notices.now)
    await expire(office)
    booking = await notices.move(booking, slot=at(11))
    await notices.plan()
    (quick,) = await notices.outbox.claim_cards(notices.now)
    assert await notices.outbox.card_shown(quick, channel_id=CHANNEL, ts=quick.ts or "")

    # The slow replica never heard what became of its edit.
    assert not await notices.outbox.card_later(slow, at=notices.now, uncertain=uncertain)

    shown_anew = [card.booking for card in await notices.outbox.claim_cards(notices.now)]
    assert shown_anew == ([booking] if uncertain else [])


async def test_a_first_post_marked_too_late_is_edited_rather_than_posted_again(office: Office, notices: Notified):
    await notices.subscribe()
    await office.book(await office.room("Apollo"), at(9))
    await notices.plan()
    (slow,) = await notices.outbox.claim_cards(notices.now)
    await expire(office)
    await office.damage("UPDATE cards SET lease = gen_random_uuid()")
    assert not await notices.outbox.card_shown(slow, channel_id=CHANNEL, ts="1.1")
    (again,) = await notices.outbox.claim_cards(notices.now)
    assert (again.ts, again.uncertain) == ("1.1", True)


async def test_the_thread_tells_what_the_first_message_did_not(office: Office, notices: Notified):
    await notices.subscribe()
    booking = await office.book(await office.room("Apollo"), at(9))
    await notices.plan()
    await notices.show()
    moved = await notices.move(booking, slot=at(10))
    await notices.plan()
    (told,) = await notices.send()
    assert (told.kind, told.thread, told.person) == (Notice.HISTORY, (CHANNEL, (await notices.show())[0].ts), None)
    assert told.happened is not None
    assert told.happened.changed.after == moved


async def test_what_is_told_by_the_first_message_is_not_told_in_its_thread(office: Office, notices: Notified):
    await notices.subscribe()
    booking = await office.book(await office.room("Apollo"), at(9))
    await notices.plan()
    (posting,) = await notices.outbox.claim_cards(notices.now)
    await notices.outbox.card_later(posting, at=notices.now, uncertain=True)
    await notices.move(booking, slot=at(10))
    await notices.plan()
    assert await notices.send() == []  # the thread waits for its first message
    (posted,) = await notices.show()
    assert posted.version == 2
    assert await notices.send() == []
    rows = await office.rows("SELECT kind, status, reason FROM deliveries")
    assert [tuple(row) for row in rows] == [("history", "dropped", "the first message tells it")]


async def test_a_booking_cancelled_before_anybody_heard_of_it_is_told_to_nobody(office: Office, notices: Notified):
    await notices.subscribe("booked", "changed")
    booking = await office.book(await office.room("Apollo"), at(9), invitees=(office.bob.person_id,))
    cancelled = await office.bookings.cancel(booking.id, by=office.ana)
    await notices.plan()
    assert await notices.show() == []
    assert await notices.outbox.claim_cards(notices.now) == ()

    await office.bookings.undo(booking.id, version=cancelled.after.version, by=office.ana)
    await notices.plan()
    assert {card.person.name if card.person else card.channel_id for card in await notices.show()} == {"bob", CHANNEL}


async def test_a_channel_that_asked_for_cancellings_hears_of_one_of_a_booking_it_never_heard_of(
    office: Office, notices: Notified
):
    await notices.subscribe("cancelled")
    booking = await office.book(await office.room("Apollo"), at(9))
    await notices.plan()
    assert await notices.show() == []
    await office.bookings.cancel(booking.id, by=office.ana)
    await notices.plan()
    (card,) = await notices.show()
    assert not card.booking.holds_room


async def test_what_was_given_up_is_listed_with_its_reason_and_can_be_tried_again(office: Office, notices: Notified):
    await notices.subscribe()
    await office.book(await office.room("Apollo"), at(9))
    await notices.plan()
    await pending(office, 1)
    (card,) = await notices.outbox.claim_cards(notices.now)
    (message,) = await notices.outbox.claim_deliveries(notices.now)
    await notices.outbox.card_given_up(card, "The channel is archived.")
    await notices.outbox.given_up(message, "Their account is closed.")
    assert await notices.outbox.claim_cards(notices.now) == ()

    seen = await notices.outbox.overview(notices.now)
    assert seen.pending == 0
    assert {(one.what, one.whom, one.reason) for one in seen.given_up} == {
        ("card", CHANNEL, "The channel is archived."),
        ("reminder", "Uana", "Their account is closed."),
    }
    assert await notices.outbox.retry([message.id]) == 1
    assert await notices.outbox.retry(None) == 1
    assert len(await notices.outbox.claim_cards(notices.now)) == len(await notices.outbox.claim_deliveries(notices.now)) == 1


async def test_the_overview_tells_what_waits_how_long_and_what_is_tried_again(office: Office, notices: Notified):
    await office.book(await office.room("Apollo"), at(9))
    await pending(office, 3)
    (one, *_) = await notices.outbox.claim_deliveries(notices.now)
    await notices.outbox.later(one, at=notices.now + 60 * SECOND, uncertain=False)
    office.clock.advance(10 * SECOND)
    seen = await notices.outbox.overview(notices.now)
    assert (seen.pending, seen.oldest_due_seconds, seen.retrying, seen.given_up) == (2, 10.0, 1, ())


async def test_somebody_who_attends_can_tell_a_channel_of_a_booking_once(office: Office, notices: Notified):
    booking = await office.book(await office.room("Apollo"), at(9))
    share = notices.outbox.share
    with pytest.raises(NotAllowed):
        await share(booking.id, team_id="T1", channel_id="C7", by=office.bob)
    assert await share(booking.id, team_id="T1", channel_id="C7", by=office.ana)
    assert [card.channel_id for card in await notices.show()] == ["C7"]
    assert not await share(booking.id, team_id="T1", channel_id="C7", by=office.ana)
    assert await notices.show() == []
    await office.bookings.cancel(booking.id, by=office.ana)
    with pytest.raises(NotActive):
        await share(booking.id, team_id="T1", channel_id="C8", by=office.ana)


async def test_what_was_done_long_ago_is_removed_and_the_rest_stays(office: Office, notices: Notified):
    await notices.subscribe()
    await office.book(await office.room("Apollo"), at(9))
    await notices.plan()
    await notices.show()
    await pending(office, 3)
    sent, given_up, _ = await notices.outbox.claim_deliveries(notices.now)
    await notices.outbox.sent(sent, channel_id="D1", ts="1.1")
    await notices.outbox.given_up(given_up, "gone")

    assert await notices.outbox.clean(notices.now + timedelta(days=6)) == 0
    assert await notices.outbox.clean(notices.now + timedelta(days=8)) == 1
    assert await notices.outbox.clean(notices.now + timedelta(days=32)) == 2
    assert [row["status"] for row in await office.rows("SELECT status FROM deliveries")] == ["pending"]


async def test_a_direct_messages_channel_is_remembered_for_the_next_one(office: Office, notices: Notified):
    await office.book(await office.room("Apollo"), at(9))
    await pending(office, 2)
    one, other = await notices.outbox.claim_deliveries(notices.now)
    assert one.dm_channel is None
    await notices.outbox.sent(one, channel_id="D9", ts="1.1")
    await notices.outbox.later(other, at=notices.now, uncertain=False)
    (again,) = await notices.outbox.claim_deliveries(notices.now)
    assert again.dm_channel == "D9"


async def test_a_room_younger_than_the_replicas_catalogue_keeps_nothing_back(office: Office, notices: Notified):
    await notices.subscribe()
    await office.book(await office.room("Apollo"), at(9))
    catalogues = Catalogues(office.db, fresh_seconds=3600)
    await catalogues.current()
    await office.book(await office.room("New"), at(9), invitees=(office.bob.person_id,))
    await notices.plan()
    outbox = Outbox(office.db, catalogues, office.clock)
    assert len(await outbox.claim_cards(notices.now)) == 3


async def test_where_rooms_hide_details_channels_hear_of_nobody_and_those_invited_do(office: Office, notices: Notified):
    room = await office.room("Apollo")
    await Rooms(office.db, office.catalogues).set_policy(room_id=room.id, details_hidden=True)
    await notices.subscribe()
    await office.book(room, at(9), title="Layoffs", invitees=(office.bob.person_id,))
    await notices.plan()

    told = {card.person.slack_user_id if card.person else None: card.booking.private for card in await notices.show()}

    assert told == {None: True, office.bob.slack_user_id: False}
