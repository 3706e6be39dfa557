"""Webhooks from the event to the other side's program: signed, at least once, under the same id, patient, then paused."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from core.catalogue import Catalogues
from core.checks import violations
from core.db import Database, WriteSession
from core.errors import (
    InvalidWebhook,
    RoomNotFound,
    StaleWebhook,
    WebhookDeliveryNotFound,
    WebhookNotFound,
    WebhookPaused,
)
from core.events import Kind
from core.ids import new_id
from core.models import Change
from core.roles import WORKER
from core.webhook_planning import BATCH, WebhookPlanning
from core.webhook_sending import AT_ONCE, PAUSES, Answer, WebhookSending, pause
from core.webhooks import KEPT, Webhooks
from handlers.api import webhook_bodies
from tests.bot.receivers import Post, Receiver, opened
from tests.core.office import Office, at
from tests.core.office import opened as office_opened

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with office_opened(database) as made:
        yield made


@pytest.fixture
async def post(office: Office) -> AsyncIterator[Post]:
    async with opened(office) as made:
        yield made


@pytest.fixture
async def receiver(post: Post) -> Receiver:
    return await post.receiver()


# -- what is told ------------------------------------------------------------------------------------------------------


async def test_what_happens_to_a_booking_is_told_and_signed(post: Post, receiver: Receiver):
    office = post.office
    hook, secret = await post.add(receiver)
    room = await office.room("Apollo")
    booking = await office.book(room, at(9), title="Review", invitees=(office.bob.person_id,))
    await office.bookings.change(booking.id, Change(slot=at(10)), version=1, by=office.boss)
    await office.bookings.cancel(booking.id, by=office.ana, reason="ill")

    assert await post.send() == 3

    assert len(receiver.had) == 3
    assert all(one.genuine(secret) for one in receiver.had)
    assert not any(one.genuine("whsec_" + "A" * 44) for one in receiver.had)
    told = {one.body["type"]: one.body for one in receiver.had}
    assert set(told) == {"booking.booked", "booking.changed", "booking.cancelled"}
    booked, changed, cancelled = (told[f"booking.{kind}"]["data"] for kind in ("booked", "changed", "cancelled"))
    assert (booked["before"], booked["booking"]["title"], booked["booking"]["roomName"]) == (None, "Review", "Apollo")
    assert [one["name"] for one in booked["booking"]["attendees"]] == ["bob"]
    assert (changed["before"]["start"], changed["booking"]["start"]) == ("2040-03-05T09:00:00Z", "2040-03-05T10:00:00Z")
    assert changed["byPersonId"] == str(office.boss.person_id)
    assert (cancelled["booking"]["status"], cancelled["reason"]) == ("cancelled", "ill")
    assert len({one.id for one in receiver.had}) == 3
    assert receiver.had[0].headers["Content-Type"] == "application/json"
    assert [row["state"] for row in await post.rows()] == ["sent"] * 3
    assert await post.send() == 0
    assert (await post.webhooks.get(hook.id)).last_at == office.clock.now()
    assert await violations(office.db) == []


async def test_what_happened_before_a_webhook_was_there_is_not_told(post: Post, receiver: Receiver):
    room = await post.office.room("Apollo")
    await post.office.book(room, at(9))
    await post.add(receiver)
    await post.office.book(room, at(11))
    assert await post.send() == 1
    assert receiver.had[0].body["data"]["booking"]["start"] == "2040-03-05T11:00:00Z"


async def test_a_webhook_hears_of_its_kinds_and_rooms_alone(post: Post):
    office = post.office
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    edo = await office.room("Edo", place=office.tokyo)
    kinds, one_room, tokyo = [await post.receiver() for _ in range(3)]
    await post.add(kinds, kinds=[Kind.CANCELLED])
    await post.add(one_room, room_id=apollo.id)
    await post.add(tokyo, location_id=office.tokyo.id)

    booking = await office.book(apollo, at(9))
    await office.bookings.change(booking.id, Change(room_id=zeus.id), version=1, by=office.ana)
    await office.bookings.cancel(booking.id, by=office.ana)
    await office.book(edo, at(9))
    await post.send()

    assert [one.body["type"] for one in kinds.had] == ["booking.cancelled"]
    # That it went out of the room is news of the room.
    assert sorted(one.body["type"] for one in one_room.had) == ["booking.booked", "booking.changed"]
    assert [one.body["data"]["booking"]["roomName"] for one in tokyo.had] == ["Edo"]


async def test_of_private_bookings_room_and_time_alone_are_told_unless_wanted(post: Post):
    office = post.office
    room = await office.room("Apollo")
    masked, full = await post.receiver(), await post.receiver()
    await post.add(masked)
    await post.add(full, details=True)
    booking = await office.book(room, at(9), title="Xylophone", private=True, invitees=(office.bob.person_id,))
    await office.bookings.change(booking.id, Change(private=False), version=1, by=office.ana)
    await office.bookings.cancel(booking.id, by=office.ana, reason="Xylophone is out of tune")
    await post.send()

    hidden = [one for one in masked.had if one.body["type"] != "booking.cancelled"]
    for one in hidden:
        # What was private before says nothing of itself when it becomes public.
        assert "Xylophone" not in one.raw.decode()
        assert not any(str(person.person_id) in one.raw.decode() for person in (office.ana, office.bob))
        assert one.body["data"]["booking"]["roomName"] == "Apollo"
    assert sorted(one.body["data"]["booking"]["private"] for one in hidden) == [False, True]
    assert all("Xylophone" in one.raw.decode() for one in full.had)
    assert len(masked.had) == len(full.had) == 3


# -- planning ----------------------------------------------------------------------------------------------------------


async def test_events_of_a_transaction_that_commits_late_are_not_lost(post: Post, receiver: Receiver):
    office = post.office
    room = await office.room("Apollo")
    first = await office.book(room, at(9))
    await post.add(receiver)
    written, may_commit = asyncio.Event(), asyncio.Event()

    async def slow(session: WriteSession) -> None:
        await session.run(
            "INSERT INTO events (tenant_id, id, kind, booking_id, booking_version, actor_id, surface, before, after)"
            " SELECT tenant_id, $2, 'changed', booking_id, 2, actor_id, surface, after,"
            " after || jsonb_build_object('title', 'Late', 'version', 2) FROM events WHERE booking_id = $1",
            first.id,
            new_id(),
        )
        await session.run("UPDATE bookings SET title = 'Late', version = 2 WHERE id = $1", first.id)
        written.set()
        await may_commit.wait()

    late = asyncio.create_task(office.db.write(slow, repeatable=False))
    await written.wait()
    await office.book(room, at(11))
    # The later one can be seen, yet it is behind one that may still come.
    assert await post.planning.plan(office.clock.now()) == 0
    may_commit.set()
    await late
    assert await post.send() == 2
    assert sorted(one.body["type"] for one in receiver.had) == ["booking.booked", "booking.changed"]


@pytest.mark.race
async def test_replicas_that_plan_and_send_while_people_book_tell_everything(post: Post, receiver: Receiver):
    office = post.office
    await post.add(receiver)
    rooms = [await office.room(f"Room {number}") for number in range(6)]
    replica = Database(office.urls.worker_url, role=WORKER, pool_size=4)
    post.stack.push_async_callback(replica.close)
    plannings = [post.planning, WebhookPlanning(replica, Catalogues(replica), webhook_bodies.body)]
    callers = [post.caller(), post.caller(db=replica)]
    over = asyncio.Event()

    async def booking(room: Any) -> None:
        for day in range(12):
            await office.book(room, at(9, 30, days=day))

    async def replicating(planning: WebhookPlanning, caller: Any) -> None:
        while not over.is_set():
            await planning.plan(office.clock.now())
            await caller.deliver()
            await asyncio.sleep(0.005)

    work = [asyncio.create_task(replicating(*pair)) for pair in zip(plannings, callers, strict=True)]
    await asyncio.gather(*(booking(room) for room in rooms))
    over.set()
    await asyncio.gather(*work)
    await post.send()

    assert len({one.body["data"]["eventId"] for one in receiver.had}) == 72
    # Nobody failed, so that nothing was sent twice either.
    assert len(receiver.had) == 72
    assert await violations(office.db) == []


async def test_more_than_a_batch_is_planned_once_each(post: Post, receiver: Receiver):
    office = post.office
    await post.add(receiver)
    room = await office.room("Apollo")
    for day in range(BATCH + 20):
        await office.book(room, at(9, 30, days=day))
    replica = Database(office.urls.worker_url, role=WORKER, pool_size=2)
    post.stack.push_async_callback(replica.close)
    other = WebhookPlanning(replica, Catalogues(replica), webhook_bodies.body)
    await asyncio.gather(*(one.plan(office.clock.now()) for one in (post.planning, other) * 3))
    await post.plan()
    assert len(await post.rows()) == BATCH + 20


async def test_after_a_restore_into_a_younger_server_webhooks_go_on_without_repeating(post: Post, receiver: Receiver):
    office = post.office
    await post.add(receiver)
    room = await office.room("Apollo")
    await office.book(room, at(9))
    await post.send()
    await office.damage("UPDATE webhooks SET transaction = '900000000'")
    office.clock.advance(MINUTE)
    await office.book(room, at(11))
    await post.send()
    assert [one.body["data"]["booking"]["start"][11:13] for one in receiver.had] == ["09", "11"]


# -- sending -----------------------------------------------------------------------------------------------------------


async def test_what_was_posted_and_not_marked_comes_again_under_the_same_id(post: Post, receiver: Receiver):
    office = post.office
    _, secret = await post.add(receiver)
    await office.book(await office.room("Apollo"), at(9))
    await post.plan()
    quick = WebhookSending(post.db, office.clock, lease_seconds=0.2)
    (out,) = await quick.claim(office.clock.now(), limit=10)
    # The process dies after the post: nothing is marked.
    await post.caller()._poster.post(out.url, out.content, out.headers(office.clock.now()))
    assert await post.caller().deliver() == 0
    await asyncio.sleep(0.3)
    office.clock.advance(MINUTE)
    assert await post.caller().deliver() == 1

    first, again = receiver.had
    assert (first.id, first.raw) == (again.id, again.raw)
    assert first.headers["webhook-timestamp"] != again.headers["webhook-timestamp"]
    assert first.genuine(secret)
    assert again.genuine(secret)
    # Whoever comes back from the dead changes nothing.
    assert await quick.answered(out, Answer(status=500)) == "lost"
    assert [row["state"] for row in await post.rows()] == ["sent"]


async def test_at_most_so_many_at_once_go_to_one_webhook_whatever_the_replicas(post: Post, receiver: Receiver):
    office = post.office
    await post.add(receiver)
    room = await office.room("Apollo")
    for day in range(10):
        await office.book(room, at(9, days=day))
    await post.plan()
    now, most = 0, 0

    async def slowly(_: web.Request) -> web.StreamResponse:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.05)
        now -= 1
        return web.Response()

    receiver.answer = slowly
    await asyncio.gather(*(post.caller().deliver() for _ in range(3)))
    await post.caller().deliver()
    assert len(receiver.had) == 10
    assert most <= AT_ONCE


async def test_a_slow_receiver_keeps_nobody_else_waiting(post: Post, receiver: Receiver):
    office = post.office
    other = await post.receiver()
    await post.add(receiver)
    await post.add(other)
    hold = asyncio.Event()

    async def never(_: web.Request) -> web.StreamResponse:
        await hold.wait()
        return web.Response()

    receiver.answer = never
    room = await office.room("Apollo")
    for day in range(8):
        await office.book(room, at(9, days=day))
    await post.plan()
    sending = asyncio.create_task(post.caller().deliver())
    for _ in range(1000):
        if len(other.had) == 8:
            break
        await asyncio.sleep(0.01)
    assert len(other.had) == 8
    assert len(receiver.had) == AT_ONCE
    hold.set()
    await sending
    assert len(receiver.had) == 8


@pytest.mark.parametrize(
    ("status", "headers", "note"),
    [
        (500, {}, "Traceback <b>secret</b>"),
        (302, {"Location": "http://127.0.0.1:1/elsewhere"}, "a redirect, which is not followed"),
        (307, {"Location": "/again"}, "a redirect, which is not followed"),
        (401, {}, "Traceback <b>secret</b>"),
    ],
)
async def test_any_other_answer_than_thanks_is_tried_again(
    post: Post, receiver: Receiver, status: int, headers: dict[str, str], note: str
):
    office = post.office
    hook, _ = await post.add(receiver)
    await office.book(await office.room("Apollo"), at(9))
    receiver.says(status, "Traceback\n<b>secret</b>\x00", **headers)
    assert await post.send() == 1
    (row,) = await post.rows()
    assert (row["state"], row["attempts"], row["response_status"], row["note"]) == ("due", 1, status, note)
    assert row["due_at"] - office.clock.now() >= timedelta(seconds=5)
    assert (await post.webhooks.get(hook.id)).failing_since == office.clock.now()
    assert await post.send() == 0

    receiver.says(204)
    office.clock.advance(timedelta(seconds=10))
    assert await post.send() == 1
    assert (await post.rows())[0]["state"] == "sent"
    assert (await post.webhooks.get(hook.id)).failing_since is None
    assert len({one.id for one in receiver.had}) == 1


async def test_of_a_huge_answer_a_glance_is_kept(post: Post, receiver: Receiver):
    office = post.office
    await post.add(receiver)
    await office.book(await office.room("Apollo"), at(9))
    written = 0

    async def floods(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        try:
            for _ in range(2000):
                await response.write(b"x" * 65536)
                written += 65536
        except ConnectionError:
            pass
        return response

    receiver.answer = floods
    await post.send()
    (row,) = await post.rows()
    assert row["note"] == "x" * 200
    assert written < 50 * 2**20


async def test_who_does_not_answer_in_time_or_at_all_is_tried_again(post: Post, receiver: Receiver):
    office = post.office
    await post.add(receiver)
    hold = asyncio.Event()

    async def never(_: web.Request) -> web.StreamResponse:
        await hold.wait()
        return web.Response()

    receiver.answer = never
    await office.book(await office.room("Apollo"), at(9))
    await post.plan()
    await post.caller(seconds=0.2).deliver()
    hold.set()
    (row,) = await post.rows()
    assert (row["state"], row["response_status"], row["note"]) == ("due", None, "no answer within 0.2 seconds")

    receiver.url = "http://127.0.0.1:1/"
    nobody, _ = await post.add(receiver)
    await office.book(await office.room("Zeus"), at(9))
    await post.send()
    (told,) = await post.webhooks.deliveries(nobody.id)
    assert (told.state, told.note) == ("due", "no connection could be made")


async def test_retry_after_is_heeded(post: Post, receiver: Receiver):
    office = post.office
    await post.add(receiver)
    await office.book(await office.room("Apollo"), at(9))
    receiver.says(429, Retry_After="600")
    await post.send()
    (row,) = await post.rows()
    assert row["due_at"] - office.clock.now() == timedelta(seconds=600)


def test_pauses_grow_and_differ():
    assert [pause(attempts, 0.0) for attempts in range(9)] == [*PAUSES, PAUSES[-1], PAUSES[-1]]
    assert pause(0, 1.0) == pytest.approx(6.0)


async def test_who_takes_nothing_for_three_days_is_paused_and_admins_are_told_once(post: Post, receiver: Receiver):
    office = post.office
    hook, _ = await post.add(receiver)
    room = await office.room("Apollo")
    await office.book(room, at(9, days=30))
    receiver.says(503)
    told: list[str] = []
    for _ in range(60):
        await post.plan()
        await post.caller(told=lambda: told.append("now")).deliver()
        office.clock.advance(timedelta(hours=2))
        if (await post.webhooks.get(hook.id)).paused:
            break
    stands = await post.webhooks.get(hook.id)
    assert stands.paused == "nothing arrived for three days; last, it answered 503"
    assert 8 <= len(receiver.had) <= 20
    assert told == ["now"]
    notices = await office.rows("SELECT kind, about, person_id FROM deliveries WHERE kind = 'webhook_paused'")
    assert [row["person_id"] for row in notices] == [office.boss.person_id]
    assert json.loads(notices[0]["about"])["host"] == "127.0.0.1"
    (change,) = await office.rows("SELECT actor_name, surface FROM changes WHERE subject = 'webhook' AND action = 'paused'")
    assert tuple(change) == ("Bookroom", "clock")

    # Nothing is sent while it is paused, and nothing of it is lost.
    await office.book(room, at(12, days=30))
    assert await post.send() == 0
    receiver.says(200)
    before = len(receiver.had)
    await post.webhooks.resume(hook.id, by=office.boss)
    await post.send()
    assert [one.body["data"]["booking"]["start"][11:13] for one in receiver.had[before:]] == ["12"]
    assert [row["state"] for row in await post.rows()] == ["failed", "sent"]


async def test_what_is_gone_is_paused_at_once(post: Post, receiver: Receiver):
    office = post.office
    hook, _ = await post.add(receiver)
    await office.book(await office.room("Apollo"), at(9))
    receiver.says(410)
    await post.send()
    assert (await post.webhooks.get(hook.id)).paused == "the other side said that it is gone (410)"
    assert await office.count("SELECT count(*) FROM deliveries WHERE kind = 'webhook_paused'") == 1
    assert [row["state"] for row in await post.rows()] == ["failed"]


async def test_one_message_that_nobody_takes_does_not_stop_the_others(post: Post, receiver: Receiver):
    office = post.office
    hook, _ = await post.add(receiver)
    bad = await office.book(await office.room("Apollo"), at(9, days=30), title="Poison")

    async def picky(request: web.Request) -> web.StreamResponse:
        return web.Response(status=422 if b"Poison" in await request.read() else 200)

    receiver.answer = picky
    room = await office.room("Zeus")
    for day in range(4):
        await office.book(room, at(9, days=20 + day))
        for _ in range(12):
            await post.send()
            office.clock.advance(timedelta(hours=2))
    assert (await post.webhooks.get(hook.id)).paused is None
    states = {one["body"] and json.loads(one["body"])["data"]["booking"]["id"]: one["state"] for one in await post.rows()}
    assert states.pop(str(bad.id)) == "failed"
    assert set(states.values()) == {"sent"}


async def test_the_log_holds_neither_the_address_nor_what_was_said(
    post: Post, receiver: Receiver, caplog: pytest.LogCaptureFixture
):
    office = post.office
    receiver.url += "?key=opensesame"
    _, secret = await post.add(receiver)
    await office.book(await office.room("Apollo"), at(9), title="Xylophone")
    receiver.says(500, "opensesame is wrong")
    with caplog.at_level(logging.DEBUG):
        await post.send()
    said = str([record.__dict__ for record in caplog.records if record.name.startswith(("bot", "core"))])
    assert "webhook" in said
    assert not any(word in said for word in ("opensesame", "Xylophone", secret))


# -- what admins do ----------------------------------------------------------------------------------------------------


async def test_something_told_is_told_again_under_the_same_id(post: Post, receiver: Receiver):
    office = post.office
    hook, _ = await post.add(receiver)
    await office.book(await office.room("Apollo"), at(9))
    await post.send()
    (told,) = await post.webhooks.deliveries(hook.id)
    again = await post.webhooks.replay(hook.id, told.id)
    twice = await post.webhooks.replay(hook.id, again.id)
    await post.send()
    assert {one.id for one in receiver.had} == {told.message_id}
    assert len(receiver.had) == 3
    assert [one.replay_of for one in await post.webhooks.deliveries(hook.id)] == [told.id, told.id, None]
    assert (await post.webhooks.delivery(hook.id, twice.id)).state == "sent"
    with pytest.raises(WebhookDeliveryNotFound):
        await post.webhooks.replay(hook.id, new_id())


async def test_a_test_message_arrives(post: Post, receiver: Receiver):
    hook, secret = await post.add(receiver)
    await post.webhooks.ping(hook.id)
    await post.send()
    (had,) = receiver.had
    assert (had.body["type"], had.body["data"], had.genuine(secret)) == ("ping", {}, True)
    await post.webhooks.pause(hook.id)
    with pytest.raises(WebhookPaused):
        await post.webhooks.ping(hook.id)


async def test_a_paused_webhook_catches_up_or_skips_what_it_missed(post: Post, receiver: Receiver):
    office = post.office
    room = await office.room("Apollo")
    hook, _ = await post.add(receiver)
    await post.webhooks.pause(hook.id, by=office.boss)
    await office.book(room, at(9))
    assert await post.send() == 0
    await post.webhooks.resume(hook.id, by=office.boss)
    assert await post.send() == 1
    await post.webhooks.pause(hook.id, by=office.boss)
    await office.book(room, at(11))
    await post.webhooks.resume(hook.id, by=office.boss, skip=True)
    assert await post.send() == 0


async def test_another_secret_holds_at_once(post: Post, receiver: Receiver):
    hook, old = await post.add(receiver)
    _, new = await post.webhooks.renew_secret(hook.id)
    await post.webhooks.ping(hook.id)
    await post.send()
    assert (receiver.had[0].genuine(new), receiver.had[0].genuine(old)) == (True, False)


async def test_changes_are_compared_with_what_was_seen(post: Post, receiver: Receiver):
    hook, _ = await post.add(receiver, description="Door panels")
    changed = await post.webhooks.change(hook.id, version=1, kinds=[Kind.BOOKED], description=None)
    assert (changed.version, changed.kinds, changed.description) == (2, {Kind.BOOKED}, None)
    with pytest.raises(StaleWebhook):
        await post.webhooks.change(hook.id, version=1, details=True)
    with pytest.raises(StaleWebhook):
        await post.webhooks.remove(hook.id, version=1)
    with pytest.raises(InvalidWebhook):
        await post.webhooks.change(hook.id, version=2, url="http://example.com/")
    with pytest.raises(RoomNotFound):
        await post.webhooks.change(hook.id, version=2, room_id=new_id())
    with pytest.raises(InvalidWebhook):
        await post.webhooks.add(receiver.url, secret="whsec_short")


async def test_a_removed_webhook_leaves_no_secret_and_sends_nothing(post: Post, receiver: Receiver):
    office = post.office
    receiver.url += "?key=opensesame"
    hook, secret = await post.add(receiver)
    await office.book(await office.room("Apollo"), at(9))
    await post.plan()
    await post.webhooks.remove(hook.id, by=office.boss)
    assert await post.send() == 0
    assert receiver.had == []
    (row,) = await office.rows("SELECT w.*::text AS text FROM webhooks w")
    assert secret not in row["text"]
    assert "opensesame" not in row["text"]
    with pytest.raises(WebhookNotFound):
        await post.webhooks.get(hook.id)
    (changes,) = await office.rows("SELECT string_agg(c::text, ' ') AS text FROM changes c")
    assert "opensesame" not in changes["text"]
    assert secret not in changes["text"]


async def test_what_was_told_is_kept_for_thirty_days(post: Post, receiver: Receiver):
    office = post.office
    await post.add(receiver)
    await office.book(await office.room("Apollo"), at(9, days=60))
    await post.send()
    now = office.clock.now()
    assert await post.webhooks.clean(now + KEPT - MINUTE) == 0
    assert await jobs(post).clean(now + KEPT + MINUTE) == 1


def jobs(post: Post) -> Webhooks:
    """The daily job acts as the worker."""

    return Webhooks(post.db, post.office.catalogues, post.office.clock)


async def test_what_nobody_sends_is_found(post: Post, receiver: Receiver):
    office = post.office
    await post.add(receiver)
    await office.book(await office.room("Apollo"), at(9))
    await post.plan()
    await office.damage("UPDATE webhook_deliveries SET due_at = now() - interval '6 min'")
    await office.damage("UPDATE webhooks SET updated_at = now() - interval '1 hour'")
    assert [one.name for one in await violations(office.db)] == [
        "a webhook's message has been due for minutes, and nobody sends"
    ]
