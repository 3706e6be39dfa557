"""The day at a glance: once a day, at the reader's own hour, with what is true when it is sent."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.models import Actor, Person
from core.notices import Notice
from core.people import Profile
from tests.core.notified import CHANNEL, Notified
from tests.core.office import Office, at

BERLIN = ZoneInfo("Europe/Berlin")
EIGHT = time(8)


async def in_berlin(office: Office, name: str = "ana", **rights: Any) -> Person:
    profile = Profile(slack_team_id="T1", slack_user_id=f"U{name}", name=name, zone="Europe/Berlin", **rights)
    return await office.people.seen(profile)


def berlin(day: int, hour: int, minute: int = 0, *, month: int = 3) -> datetime:
    return datetime(2040, month, day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


async def told(notices: Notified, moment: datetime) -> list[tuple[Notice, str]]:
    notices.at(moment)
    await notices.digests.plan(notices.now)
    return sorted((one.kind, one.person.name if one.person else CHANNEL) for one in await notices.send())


async def wanting(notices: Notified, who: Actor, **wanted: Any) -> None:
    notices.at(berlin(4, 12))
    await notices.prefer(who, digest_at=EIGHT, **wanted)
    await told(notices, notices.now)


async def test_a_digest_comes_at_its_hour_on_the_readers_clock_once_a_day(office: Office, notices: Notified):
    await in_berlin(office)
    await wanting(notices, office.ana)
    assert await told(notices, berlin(5, 7, 59)) == []
    assert await told(notices, berlin(5, 8)) == [(Notice.DIGEST, "ana")]
    assert await told(notices, berlin(5, 9)) == []
    assert await told(notices, berlin(6, 8)) == [(Notice.DIGEST, "ana")]


async def test_a_late_digest_comes_on_its_day_and_not_the_day_after(office: Office, notices: Notified):
    await in_berlin(office)
    await wanting(notices, office.ana)
    assert await told(notices, berlin(5, 11)) == [(Notice.DIGEST, "ana")]
    notices.at(berlin(6, 8))
    await notices.digests.plan(notices.now)
    assert await told(notices, berlin(7, 7)) == []
    assert (await notices.deliveries())["digest", "dropped"] == 2  # the day that was over, and the one asked for too late


async def test_who_asks_for_a_digest_after_its_hour_gets_the_first_tomorrow(office: Office, notices: Notified):
    await in_berlin(office)
    notices.at(berlin(5, 12))
    await notices.prefer(office.ana, digest_at=EIGHT)
    assert await told(notices, berlin(5, 12, 1)) == []
    assert await told(notices, berlin(6, 8)) == [(Notice.DIGEST, "ana")]


async def test_who_turned_it_off_before_it_was_sent_gets_none(office: Office, notices: Notified):
    await in_berlin(office)
    await wanting(notices, office.ana)
    notices.at(berlin(5, 8))
    await notices.digests.plan(notices.now)
    await notices.prefer(office.ana)
    assert await notices.send() == []


@pytest.mark.parametrize(
    ("day", "month", "hour"),
    [(25, 3, 2), (25, 3, 8), (28, 10, 2), (28, 10, 8)],
    ids=["an hour that does not exist", "the day it is skipped", "an hour that comes twice", "the day it is repeated"],
)
async def test_on_days_when_the_clock_changes_there_is_one_digest(
    office: Office, notices: Notified, day: int, month: int, hour: int
):
    await in_berlin(office)
    notices.at(berlin(day - 1, 12, month=month))
    await notices.prefer(office.ana, digest_at=time(hour, 30))
    midnight = berlin(day, 0, month=month)
    got = [minutes for minutes in range(0, 25 * 60, 15) if await told(notices, midnight + timedelta(minutes=minutes))]
    assert len(got) == 1
    sent_at = (midnight + timedelta(minutes=got[0])).astimezone(BERLIN)
    assert (sent_at.hour, sent_at.minute) == ((3, 30) if (month, hour) == (3, 2) else (hour, 30))


async def test_somebodys_day_is_what_they_book_or_attend_and_is_not_over(office: Office, notices: Notified):
    ana = await in_berlin(office)
    apollo = await office.room("Apollo")
    for hours in (8.5, 12, 22):  # the last is at 23:00 in Berlin
        await office.book(apollo, at(hours, 30))
    invited = await office.book(apollo, at(14), by=office.bob, invitees=(office.ana.person_id,))
    declined = await office.book(apollo, at(16), by=office.bob, invitees=(office.ana.person_id,))
    await notices.presence.respond(declined.id, by=office.ana, going=False)
    await office.book(apollo, at(23.5, 30))  # tomorrow in Berlin
    gone = await office.book(apollo, at(18))
    await office.bookings.cancel(gone.id, by=office.ana)

    notices.at(at(10).start)
    day = await notices.digests.of_person(ana, "2040-03-05")
    assert [one.start for one in day] == [at(12).start, invited.start, at(22).start]


@pytest.mark.race
async def test_several_replicas_make_each_digest_once(office: Office, notices: Notified):
    for n in range(30):
        await in_berlin(office, f"p{n}")
    await office.damage("UPDATE people SET digest_at = '08:00' WHERE zone = 'Europe/Berlin'")
    await notices.subscribe(digest_at=EIGHT)
    notices.at(berlin(6, 9))
    made = await asyncio.gather(*(Notified.of(office).digests.plan(notices.now) for _ in range(6)))
    assert sum(made) == 31
    kept = await notices.deliveries()
    assert (kept["digest", "pending"], kept["channel_digest", "pending"]) == (30, 1)


async def test_a_channels_day_has_its_bookings_and_what_happened_since_the_last(office: Office, notices: Notified):
    apollo, kiez = await office.room("Apollo"), await office.room("Kiez", place=office.tokyo)
    subscription = await notices.subscribe("booked", "cancelled", digest_at=EIGHT, location_id=office.berlin.id)
    await office.damage("UPDATE subscriptions SET zone = 'Europe/Berlin'")
    notices.at(berlin(5, 9))
    later, first = await office.book(apollo, at(33)), await office.book(apollo, at(31))
    await notices.move(first, title="Renamed")
    gone = await office.book(apollo, at(35))
    await office.bookings.cancel(gone.id, by=office.ana)
    await office.book(kiez, at(33))
    notices.at(berlin(6, 8, 10))
    await office.book(apollo, at(40))

    day = await notices.digests.of_subscription(subscription, "2040-03-06")
    assert [one.start for one in day.bookings] == [first.start, later.start, at(40).start]
    assert [(one.kind.value, one.after.id) for one in day.happened] == [
        ("booked", later.id),
        ("booked", first.id),
        ("booked", gone.id),
        ("cancelled", gone.id),
    ]


async def test_a_channel_has_one_digest_a_day_and_none_while_it_is_paused(office: Office, notices: Notified):
    notices.at(berlin(4, 12))
    one = await notices.subscribe(digest_at=EIGHT)
    assert await told(notices, berlin(4, 12, 5)) == []  # asked for after its hour
    assert await told(notices, berlin(5, 8)) == [(Notice.CHANNEL_DIGEST, CHANNEL)]
    assert await told(notices, berlin(5, 12)) == []
    await notices.subscriptions.pause("T1", CHANNEL, "archived")
    assert await told(notices, berlin(6, 9)) == []
    await notices.subscriptions.resume(one.id)
    assert await told(notices, berlin(6, 10)) == [(Notice.CHANNEL_DIGEST, CHANNEL)]


async def test_what_happened_while_no_digest_could_be_sent_is_told_in_the_next(office: Office, notices: Notified):
    room = await office.room("Apollo")
    notices.at(berlin(5, 7))
    subscription = await notices.subscribe(digest_at=EIGHT)
    assert await told(notices, berlin(5, 8)) == [(Notice.CHANNEL_DIGEST, CHANNEL)]
    notices.at(berlin(5, 12))
    booking = await office.book(room, at(9, days=10))

    async def news(day: int) -> list[Any]:
        return [
            one.after.id for one in (await notices.digests.of_subscription(subscription, berlin(day, 8).date())).happened
        ]

    assert await news(6) == [booking.id]
    # Nobody was there on the 6th and the 7th.
    notices.at(berlin(8, 9))
    assert await news(8) == [booking.id]
    assert await told(notices, notices.now) == [(Notice.CHANNEL_DIGEST, CHANNEL)]
    assert await news(9) == []
