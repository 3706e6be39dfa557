"""A room that closes, as those hear of it who booked it: one message, one tap, nobody left without word."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.granting import Granting
from core.models import Right, Slot, Status
from tests.handlers.firm import ANA, BEN, CHLOE, Firm, labels, new_york, words
from tests.handlers.telling import Teller


@pytest.fixture
def teller(firm: Firm) -> Teller:
    return Teller(firm)


async def shut(firm: Firm, name: str) -> None:
    room = firm.rooms[name]
    office = firm.services.administration
    await office.places.use_room(room.id, active=False, version=room.version, by=await firm.actor(ANA))
    await office.rerooming.advance(firm.clock.now())


async def direct(firm: Firm, user: str) -> list[dict[str, Any]]:
    channels = (await firm.slack.state(user))["channels"]
    place = next(one["id"] for one in channels if one["is_im"])
    return await firm.slack.messages(user, place)


async def test_one_booking_is_held_another_room_and_taken_with_a_tap(firm: Firm, teller: Teller):
    await firm.booked("Corner", new_york(14), title="Budget", by=BEN)
    await shut(firm, "Corner")
    await teller.tell()

    (message,) = await direct(firm, BEN)

    assert words(message) == (
        'Corner is out of use from now on. Apollo is held for "Budget" at the same time: '
        "Wed 25 Nov, 14:00-15:00 (New York).\n"
        "seats 8 · projector, whiteboard · 3rd floor. If you say nothing, it is yours on Wed 25 Nov, 12:00."
    )
    assert labels(message) == ["Take Apollo", "Pick another", "Cancel booking"]
    taken = await firm.press(BEN, message, "Take Apollo")
    assert "Apollo" in words(taken)
    assert [one.room.name for one in await firm.mine(BEN)] == ["Apollo"]


async def test_many_bookings_are_one_message_and_one_tap(firm: Firm, teller: Teller):
    for hour in (9, 11, 13):
        await firm.booked("Corner", new_york(hour), title=f"At {hour}", by=BEN)
    await shut(firm, "Corner")
    await teller.tell()

    (message,) = await direct(firm, BEN)

    assert words(message).startswith("3 bookings of yours must move.")
    assert words(message).count("Corner is out of use") == 1
    assert '"At 9", Wed 25 Nov, 09:00-10:00 (New York): Apollo' in words(message)
    assert labels(message)[:2] == ["Take all 3 rooms", "Take Apollo"]
    once = await firm.press(BEN, message, "Take Apollo")
    assert words(once).startswith("✏️")
    assert "2 bookings of yours must move." in words(once)
    done = await firm.press(BEN, once, "Take all 2 rooms")
    assert words(done) == "✏️ 2 bookings have moved into the rooms that were held."
    assert {one.room.name for one in await firm.mine(BEN)} == {"Apollo"}


async def test_picking_another_room_for_one_leaves_the_other_answers_where_they_are(firm: Firm, teller: Teller):
    for hour in (9, 11, 13):
        await firm.booked("Corner", new_york(hour), title=f"At {hour}", by=BEN)
    await shut(firm, "Corner")
    await teller.tell()
    (message,) = await direct(firm, BEN)

    asked = await firm.press(BEN, message, "Pick another")

    assert words(asked).startswith("3 bookings of yours must move.")
    others = [one for one in labels(asked) if one.endswith("09:00-10:00")]
    assert others, labels(asked)
    assert labels(asked).count("Pick another") == 2
    assert labels(asked).count("Take Apollo") == 3
    moved = await firm.press(BEN, asked, others[0])
    assert words(moved).startswith("✏️ At 9")
    assert "2 bookings of yours must move." in words(moved)
    assert labels(moved)[0] == "Undo"
    gone = await firm.press(BEN, moved, "Cancel booking")
    assert words(gone).startswith("❌ At 11")
    assert "1 booking of yours must move." in words(gone)
    done = await firm.press(BEN, gone, "Take Apollo")
    assert "must move" not in words(done)
    mine = await firm.mine(BEN)
    assert [(one.title, one.room.name) for one in mine] == [("At 9", others[0].split(" 09:00")[0]), ("At 13", "Apollo")]


async def test_a_proposal_that_is_settled_by_now_says_so(firm: Firm, teller: Teller):
    booking = await firm.booked("Corner", new_york(14), title="Budget", by=BEN)
    await shut(firm, "Corner")
    await teller.tell()
    (message,) = await direct(firm, BEN)
    await firm.services.bookings.cancel(booking.id, by=await firm.actor(BEN))

    assert words(await firm.press(BEN, message, "Pick another")).startswith("That is settled by now.")
    assert await firm.mine(BEN) == ()


async def test_where_nothing_is_free_other_times_are_offered_at_once(firm: Firm, teller: Teller):
    booking = await firm.booked("Spree", new_york(8), title="Stand-up", by=CHLOE, attendees_count=6)
    await shut(firm, "Spree")
    await teller.tell()

    (message,) = await direct(firm, CHLOE)

    assert 'No other room is free for "Stand-up"' in words(message)
    assert "If nothing is free by" in words(message)
    assert labels(message)[-2:] == ["Edit", "Cancel booking"]
    firm.clock.advance(timedelta(days=2))
    await firm.services.administration.rerooming.advance(firm.clock.now())
    assert (await firm.services.bookings.get(booking.id)).status in {Status.CONFIRMED, Status.CANCELLED}


async def test_silence_takes_the_room_and_is_told(firm: Firm, teller: Teller):
    await firm.booked("Corner", new_york(14, day=30), title="Budget", by=BEN)
    await shut(firm, "Corner")
    await teller.tell()
    firm.clock.advance(timedelta(days=2, minutes=1))
    await firm.services.administration.rerooming.advance(firm.clock.now())
    await teller.tell()

    message = (await direct(firm, BEN))[-1]

    assert words(message).startswith('✏️ "Budget" is in Apollo now, Mon 30 Nov, 14:00-15:00')
    assert labels(message) == ["Other room", "Cancel booking"]


async def test_a_stranger_to_the_booking_takes_nothing(firm: Firm, teller: Teller):
    await firm.booked("Corner", new_york(14), by=BEN)
    await shut(firm, "Corner")
    (row,) = await firm.services.administration.rerooming.open_of((await firm.actor(BEN)).person_id)

    await firm.deliver(firm.click_of(CHLOE, "take_proposal", f'{{"proposal":"{row.id}"}}'))

    assert "Only whoever booked it" in firm.answers[-1]["text"]
    assert [one.room.name for one in await firm.mine(BEN)] == ["Corner"]


async def test_of_several_rooms_another_takes_the_place_of_the_one_that_is_gone(firm: Firm, teller: Teller):
    await firm.booked("Boardroom", new_york(14), by=CHLOE, attendees_count=20)
    more = (firm.rooms["Big Ben"].id,)
    await firm.booked("Corner", new_york(14), title="Pair", by=BEN, more_room_ids=more)
    await shut(firm, "Corner")
    await teller.tell()
    (message,) = await direct(firm, BEN)

    offered = next(label for label in labels(message) if "Apollo" in label)
    await firm.press(BEN, message, offered)

    assert [[room.name for room in one.rooms] for one in await firm.mine(BEN)] == [["Apollo", "Big Ben"]]


async def a_series_and_a_meeting(firm: Firm) -> None:
    shown = await firm.say(BEN, '/book every weekday at 9am for 12 times in corner for 3 "Stand-up"')
    await firm.press(BEN, shown, "Book all 12")
    await firm.booked("Corner", new_york(14), title="Budget", by=BEN)


async def test_the_dates_of_a_series_are_one_entry_and_one_tap(firm: Firm, teller: Teller):
    await a_series_and_a_meeting(firm)
    await shut(firm, "Corner")
    await teller.tell()

    message = (await direct(firm, BEN))[-1]

    assert words(message).startswith("13 bookings of yours must move.")
    assert words(message).count('"Stand-up"') == 1
    assert '"Stand-up", 12 dates, ' in words(message)
    assert labels(message) == [
        "Take all 13 rooms",
        "Take Apollo for 12 dates",
        "Date by date",
        "Take Apollo",
        "Pick another",
        "Cancel booking",
    ]
    taken = await firm.press(BEN, message, "Take Apollo for 12 dates")
    assert words(taken).startswith("✏️ 12 bookings have moved into the room that was held.")
    assert "1 booking of yours must move." in words(taken)
    assert {one.title for one in await firm.mine(BEN) if one.room.name == "Apollo"} == {"Stand-up"}


async def test_the_dates_of_a_series_can_be_answered_one_by_one(firm: Firm, teller: Teller):
    await a_series_and_a_meeting(firm)
    await shut(firm, "Corner")
    await teller.tell()
    message = (await direct(firm, BEN))[-1]

    every = await firm.press(BEN, message, "Date by date")

    assert words(every).count('"Stand-up"') == 12
    assert labels(every).count("Take Apollo") == 13
    gone = await firm.press(BEN, every, "Cancel booking")
    assert words(gone).startswith("❌")
    assert "12 bookings of yours must move." in words(gone)
    assert labels(gone)[0] == "Undo"
    assert labels(gone).count("Take Apollo") == 12, "the rest stays one by one"


async def test_of_several_rooms_the_one_that_closes_is_named(firm: Firm, teller: Teller):
    apollo, corner = firm.rooms["Apollo"], firm.rooms["Corner"]
    await firm.booked("Apollo", new_york(14), title="All hands", by=BEN, more_room_ids=(corner.id,))
    office = firm.services.administration
    await office.closures.add(new_york(13, minutes=180), room_id=corner.id, reason="painting", by=await firm.actor(ANA))
    await office.rerooming.advance(firm.clock.now())
    await teller.tell()

    message = (await direct(firm, BEN))[-1]

    assert words(message).startswith("Corner is closed Wed 25 Nov, 13:00-16:00 (painting).")
    assert apollo.name not in words(message).partition(".")[0]


async def test_a_closed_room_is_not_offered_even_to_those_who_may_override(firm: Firm, teller: Teller):
    await firm.booked("Corner", new_york(14), title="Budget", by=BEN)
    for room in firm.rooms.values():
        if room.name != "Corner" and room.location_id == firm.rooms["Corner"].location_id:
            await firm.booked(room.name, new_york(14), by=CHLOE)
    office = firm.services.administration
    await office.closures.add(new_york(0, minutes=1440), room_id=firm.rooms["Corner"].id, by=await firm.actor(ANA))
    await office.rerooming.advance(firm.clock.now())
    give = Granting(firm.db, firm.services.catalogues).give
    await give(Right.OVERRIDE, person_id=(await firm.actor(BEN)).person_id)
    await teller.tell()

    message = (await direct(firm, BEN))[-1]

    assert "No other room is free" in words(message)
    assert not [one for one in labels(message) if one.startswith("Corner")]


async def test_whoever_has_the_only_room_that_is_large_enough_hears_of_its_closure(firm: Firm, teller: Teller):
    room = max(firm.rooms.values(), key=lambda one: one.capacity)
    booking = await firm.booked(room.name, new_york(14), title="Budget", by=BEN, attendees_count=room.capacity)
    office, day = firm.services.administration, timedelta(days=1)
    closed = Slot(start=booking.start - day, end=booking.start + 90 * day)
    await office.closures.add(closed, reason="painters", room_id=room.id, by=await firm.actor(ANA))
    await office.rerooming.advance(firm.clock.now())
    await teller.tell()

    (message,) = await direct(firm, BEN)

    assert 'No other room is free for "Budget"' in words(message)
    assert "(painters)" in words(message)
    assert labels(message)[-1] == "Cancel booking"
