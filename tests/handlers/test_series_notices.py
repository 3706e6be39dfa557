"""What channels and people are told of series: once for all dates, in their own words, with what can be done about it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from core.models import Actor, Change, Slot
from core.series_values import Booked, Choice, Scope, SeriesChange, SeriesWish
from tests.handlers.firm import ANA, BEN, DEEPA, Firm, labels, words
from tests.handlers.telling import Teller
from tests.handlers.test_home import home_saying

TUESDAY = date(2026, 12, 1)


@pytest.fixture
def teller(firm: Firm) -> Teller:
    return Teller(firm)


async def a_series(
    firm: Firm, *, invite: tuple[str, ...] = (), rule: str = "FREQ=WEEKLY;BYDAY=TU;COUNT=8", **wish: Any
) -> Booked:
    """Book a series in Apollo as Ben, without Slack."""
    people = tuple([(await firm.actor(user)).person_id for user in invite])
    asked: dict[str, Any] = {
        "first_on": TUESDAY,
        "clock": time(10),
        "minutes": 30,
        "zone": "America/New_York",
        "rule": rule,
        "room_id": firm.rooms["Apollo"].id,
        "title": "Standup",
        "invitees": people,
    }
    return await firm.services.series.book(SeriesWish(**{**asked, **wish}), by=await firm.actor(BEN))


async def ben(firm: Firm) -> Actor:
    return await firm.actor(BEN)


async def test_a_channel_sees_a_series_as_one_message(firm: Firm, teller: Teller):
    await teller.subscribe()
    await a_series(firm, invite=(DEEPA,))
    await teller.tell()

    (card,) = await teller.cards()
    assert words(card).splitlines() == [
        "✅ Standup · Apollo · every Tuesday, 10:00-10:30 (New York), 8 dates, Tue 1 Dec to Tue 19 Jan 2027 · @ben",
        "1 invited",
    ]


async def test_a_channel_and_who_is_invited_hear_which_dates_are_in_another_room(firm: Firm, teller: Teller):
    await teller.subscribe()
    wish = {"first_on": TUESDAY, "clock": time(10), "minutes": 30, "zone": "America/New_York", "title": "Standup"}
    invited = ((await firm.actor(DEEPA)).person_id,)
    await firm.booked("Apollo", Slot(start=datetime(2026, 12, 8, 15, tzinfo=UTC), end=datetime(2026, 12, 8, 16, tzinfo=UTC)))
    await firm.services.series.book(
        SeriesWish(**wish, rule="FREQ=WEEKLY;COUNT=8", room_id=firm.rooms["Apollo"].id, invitees=invited),
        by=await firm.actor(BEN),
        choices={date(2026, 12, 8): Choice.OTHER_ROOM},
    )
    await teller.tell()

    (card,) = [one for one in await teller.cards() if "Standup" in words(one)]
    assert words(card).splitlines()[1:] == ["Big Ben on Tue 8 Dec.", "1 invited"]
    invitation = (await teller.direct(DEEPA))[-1]
    assert "Big Ben on Tue 8 Dec." in words(invitation).splitlines()


async def test_what_is_said_of_dates_in_other_rooms_follows_when_one_of_them_moves(firm: Firm, teller: Teller):
    await teller.subscribe()
    booked = await a_series(firm, invite=(DEEPA,))
    await teller.tell()
    second, changes = booked.bookings[1], firm.services.bookings

    async def said() -> list[bool]:
        await teller.tell()
        shown = [(await teller.cards())[0], (await teller.direct(DEEPA))[0]]
        assert all("Standup" in words(one) for one in shown)
        return ["Corner on Tue 8 Dec." in words(one).splitlines() for one in shown]

    assert await said() == [False, False]
    moved = await changes.change(second.id, Change(room_id=firm.rooms["Corner"].id), version=1, by=await ben(firm))
    assert await said() == [True, True]
    moved = await changes.change(second.id, Change(room_id=firm.rooms["Apollo"].id), version=2, by=await ben(firm))
    assert await said() == [False, False]
    moved = await changes.change(second.id, Change(room_id=firm.rooms["Corner"].id), version=3, by=await ben(firm))
    assert await said() == [True, True]
    await changes.cancel(second.id, version=moved.after.version, by=await ben(firm))
    assert await said() == [False, False]


async def test_of_a_private_series_a_channel_sees_that_the_room_is_busy(firm: Firm, teller: Teller):
    await teller.subscribe()
    await a_series(firm, private=True)
    await teller.tell()

    (card,) = await teller.cards()
    assert words(card).startswith("✅ Busy · Apollo · every Tuesday, 10:00-10:30 (New York), 8 dates")
    assert "Standup" not in json.dumps(card)
    assert "@ben" not in json.dumps(card)


async def test_what_is_done_to_many_dates_is_one_line_in_the_thread(firm: Firm, teller: Teller):
    await teller.subscribe()
    booked = await a_series(firm)
    await teller.tell()
    (card,) = await teller.cards()

    moved = SeriesChange(clock=time(14), room_id=firm.rooms["Big Ben"].id)
    done = await firm.services.series.change(
        booked.series.id, moved, scope=Scope.ALL, on=TUESDAY, version=1, by=await ben(firm)
    )
    await teller.tell()
    await firm.services.series.cancel(
        booked.series.id, scope=Scope.ALL, on=TUESDAY, version=done.series.version, by=await ben(firm)
    )
    await teller.tell()

    told = [words(one) for one in await teller.history(card)]
    assert told == [
        "@ben changed 8 dates, Tue 1 Dec to Tue 19 Jan 2027: 10:00-10:30 14:00-14:30 · Apollo Big Ben",
        "@ben cancelled 8 dates, Tue 1 Dec to Tue 19 Jan 2027.",
    ]
    (card,) = await teller.cards()
    assert words(card).startswith("❌ Standup · Big Ben · every Tuesday, 14:00-14:30 (New York)")
    assert words(card).endswith("cancelled")


async def test_whoever_is_invited_answers_for_all_dates_by_one_button(firm: Firm, teller: Teller):
    await a_series(firm, invite=(DEEPA,))
    await teller.tell()
    (card,) = await teller.direct(DEEPA)
    assert words(card).startswith(
        "📅 @U0BEN invites you to Standup in Apollo: every Tuesday, 10:00-10:30 (New York), 8 dates, Tue 1 Dec to"
    )
    assert labels(card) == ["Going to all", "Can't", "Show dates"]

    said = await firm.press(DEEPA, card, "Going to all")

    assert words(said) == "You are going to Standup, every Tuesday, 10:00-10:30."
    responses = {a.response for one in await firm.mine(BEN) for a in one.attendees}
    assert responses == {"going"}
    await teller.tell()
    (card,) = await teller.direct(DEEPA)
    assert "You are going." in words(card)
    assert labels(card) == ["Can't", "Show dates"]


async def test_who_comes_hears_once_of_what_somebody_else_changed(firm: Firm, teller: Teller):
    booked = await a_series(firm, invite=(DEEPA,))
    await teller.tell()
    before = len(await teller.direct(DEEPA))

    await firm.services.series.change(
        booked.series.id, SeriesChange(clock=time(14)), scope=Scope.ALL, on=TUESDAY, version=1, by=await firm.actor(ANA)
    )
    await teller.tell()

    for user in (BEN, DEEPA):
        told = (await teller.direct(user))[-1]
        assert words(told).startswith(
            "✏️ Standup: @U0ANA changed 8 dates, Tue 1 Dec to Tue 19 Jan 2027: 10:00-10:30 14:00-14:30"
        )
        assert labels(told) == ["Show dates"]
    assert len(await teller.direct(DEEPA)) == before + 1


async def test_a_series_that_ends_soon_is_renewed_or_left_to_end(firm: Firm, teller: Teller):
    await a_series(firm)
    firm.clock.set(datetime(2027, 1, 8, 15, tzinfo=UTC))
    await firm.services.series.tell_ending(firm.clock.now())
    await teller.tell()

    (told,) = [one for one in await teller.direct(BEN) if "ends with" in words(one)]
    assert words(told) == "⏰ Standup, every Tuesday, 10:00-10:30 in Apollo, ends with Tue 19 Jan."
    assert labels(told) == ["Renew until Tue 16 Mar", "Let it end"]

    left = await firm.press(BEN, told, "Renew until Tue 16 Mar")

    assert words(left).startswith("✅ Standup goes on every Tuesday, 10:00-10:30: 8 dates, Tue 26 Jan to Tue 16 Mar")
    assert len(await firm.services.bookings.mine(await ben(firm), limit=50)) == 10


async def test_who_lets_a_series_end_is_told_when_that_is(firm: Firm, teller: Teller):
    await a_series(firm)
    firm.clock.set(datetime(2027, 1, 8, 15, tzinfo=UTC))
    await firm.services.series.tell_ending(firm.clock.now())
    await teller.tell()
    (told,) = [one for one in await teller.direct(BEN) if "ends with" in words(one)]

    left = await firm.press(BEN, told, "Let it end")

    assert words(left) == "Standup ends with Tue 19 Jan."


async def test_a_date_that_time_brings_and_that_is_taken_is_told(firm: Firm, teller: Teller):
    await a_series(firm, rule="FREQ=WEEKLY;BYDAY=TU")
    last = (await firm.services.bookings.mine(await ben(firm), limit=100))[-1]
    # Whoever may book further ahead has the room a week later.
    week = timedelta(days=7)
    firm.clock.set(firm.clock.now() + week)
    slot = Slot(start=last.start + week, end=last.end + week)
    await firm.booked("Apollo", slot, by=ANA)

    firm.clock.set(firm.clock.now() + week)
    await firm.services.series.extend(firm.clock.now())
    await teller.tell()

    (told,) = [one for one in await teller.direct(BEN) if "could not be booked" in words(one)]
    day = f"{slot.start:%a} {slot.start.day} {slot.start:%b %Y}"
    assert words(told).startswith(
        f"Standup, every Tuesday, 10:00-10:30, could not be booked on {day}. Apollo is taken then."
    )
    assert "You are told when it frees." in words(told)
    assert labels(told) == ["Show dates"]


async def test_an_offer_for_a_skipped_date_says_that_it_belongs_to_the_series(firm: Firm, teller: Teller):
    start = datetime(2026, 12, 8, 15, tzinfo=UTC)
    taken = await firm.booked("Apollo", Slot(start=start, end=start + timedelta(hours=1)), by=ANA)
    shown = await firm.say(BEN, '/book room every Tuesday at 10 for 8 weeks in Apollo "Standup"')
    await firm.press(BEN, shown, "Book 7, skip 1")
    await firm.services.bookings.cancel(taken.id, version=taken.version, by=await firm.actor(ANA))
    await teller.tell()

    (offer,) = [one for one in await teller.direct(BEN) if "free for you" in words(one)]
    assert 'It is a date of your series "Standup", every Tuesday.' in words(offer)
    await firm.press(BEN, offer, labels(offer)[0])

    mine = await firm.mine(BEN)
    assert len({one.series_id for one in mine}) == 1
    assert len(mine) == 8


async def test_the_home_says_which_date_of_its_series_a_meeting_is(firm: Firm):
    await a_series(firm)

    assert "↻ every Tuesday, 1 of 8" in words(await home_saying(firm, BEN, "Standup"))


async def test_a_date_that_changes_by_itself_is_a_line_in_the_thread_that_says_which(firm: Firm, teller: Teller):
    await teller.subscribe()
    booked = await a_series(firm)
    await teller.tell()
    (card,) = await teller.cards()

    second, third = booked.bookings[1:3]
    await firm.services.bookings.change(second.id, Change(room_id=firm.rooms["Big Ben"].id), version=1, by=await ben(firm))
    await teller.tell()
    await firm.services.bookings.cancel(third.id, by=await ben(firm), reason="holiday")
    await teller.tell()

    assert [words(one) for one in await teller.history(card)] == [
        "Tue 8 Dec: @ben moved it: Apollo Big Ben",
        "Tue 15 Dec: @ben cancelled it: holiday.",
    ]
    assert len(await teller.cards()) == 1
