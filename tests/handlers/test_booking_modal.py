"""The booking form, from `/book` to the committed row and the view that says so."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core.rooms import Rooms
from tests.handlers.firm import ANA, BEN, CHLOE, DEEPA, ERIK, GUEST, Firm, new_york, opened, utc, words
from tests.handlers.modal_acts import block, element, fill, forge, form, labels, push, send, shown, state, top, values


async def test_the_form_opens_on_the_next_half_hour_at_the_persons_place(firm: Firm):
    view = await form(firm, BEN)

    assert view["title"]["text"] == "Book a room"
    assert view["submit"]["text"] == "Book"
    assert (state(view, "date"), state(view, "time"), state(view, "length")) == ("2026-11-24", "10:30", "30")
    assert state(view, "place") == str(firm.places["New York"].id)
    assert state(view, "room") == "best"
    assert block(view, "time")["label"]["text"] == "Start (New York time)"
    assert "hint" not in block(view, "time")


async def test_what_the_form_holds_is_booked_and_shown_in_its_place(firm: Firm):
    view = await form(firm, BEN)

    answer = await send(
        firm,
        BEN,
        view,
        date="2026-11-25",
        time="14:00",
        length="90",
        people="6",
        amenities=["projector"],
        title="Design <!channel> *review*",
        invitees=[ANA, CHLOE],
        private=["private"],
    )

    assert answer["response_action"] == "update"
    (done,) = await firm.slack.views(BEN)
    assert words(done).startswith("✅ Apollo is yours: tomorrow, Wed 25 Nov, 14:00-15:30 (New York)")
    assert '"Design <!channel> *review*"' in words(done)
    assert labels(done) == ["Edit", "Invite people", "Other room", "Cancel booking"]
    (booking,) = await firm.mine(BEN)
    assert (booking.room.name, booking.slot, booking.attendees_count) == ("Apollo", new_york(14, minutes=90), 6)
    assert (booking.title, booking.private) == ("Design <!channel> *review*", True)
    assert {person.slack_user_id for person in booking.attendees} == {ANA, CHLOE}


async def test_without_a_number_the_booker_and_everybody_invited_are_counted(firm: Firm):
    view = await form(firm, BEN)

    await send(firm, BEN, view, date="2026-11-25", invitees=[ANA, CHLOE, DEEPA, ERIK])

    (booking,) = await firm.mine(BEN)
    assert (booking.attendees_count, booking.room.name) == (5, "Apollo")


async def test_somebody_in_berlin_sees_berlins_rooms_and_clock(firm: Firm):
    view = await form(firm, CHLOE, channel="C0BERLIN")

    assert state(view, "place") == str(firm.places["Berlin"].id)
    assert (state(view, "date"), state(view, "time")) == ("2026-11-24", "16:30")
    offered = [option["text"]["text"] for option in element(view, "room")["options"]]
    assert offered == ["Best fit", "Kiez · seats 4 · 1st floor", "Spree · seats 6 · 1st floor"]


async def test_another_place_brings_its_rooms_and_clock_and_keeps_what_was_typed(firm: Firm):
    view = await form(firm, BEN)
    apollo = str(firm.rooms["Apollo"].id)
    await fill(firm, BEN, view, room=apollo, title="Standup", people="3", date="2026-11-26", time="09:00")

    changed = await fill(firm, BEN, await shown(firm, BEN, view["id"]), place=str(firm.places["Berlin"].id))

    assert block(changed, "time")["label"]["text"] == "Start (Berlin time)"
    assert block(changed, "time")["hint"]["text"] == "09:00 in Berlin is 03:00 for you."
    assert state(changed, "room") == "best"
    assert "Spree · seats 6 · 1st floor" in [option["text"]["text"] for option in element(changed, "room")["options"]]
    kept = [state(changed, field) for field in ("title", "people", "date", "time")]
    assert kept == ["Standup", "3", "2026-11-26", "09:00"]
    await send(firm, BEN, changed)
    (booking,) = await firm.mine(BEN)
    assert (booking.room.name, booking.start) == ("Kiez", utc(8, day=26))
    done = await top(firm, BEN)
    assert "Thu 26 Nov, 09:00-09:30 (Berlin; 03:00-03:30 for you)" in words(done)


# what is typed, and where which sentence is said
WRONG = [
    ({"date": "2026-11-24", "time": "09:00"}, "time", "09:00 is over; it is 10:07 in New York."),
    ({"date": "2026-11-20", "time": "15:00"}, "date", "Fri 20 Nov, 15:00 is over; it is 10:07 in New York."),
    ({"date": "2028-11-20"}, "date", "365 days ahead"),
    ({"people": "9", "room": "Apollo"}, "people", "Apollo seats 8; you asked for 9 people."),
    ({"people": "99"}, "people", "No room in New York seats 99; the largest, Boardroom, seats 20."),
    ({"date": "2027-03-14", "time": "02:30"}, "time", "The next time is 03:00."),
]


@pytest.mark.parametrize(("typed", "field", "sentence"), WRONG)
async def test_what_is_wrong_is_said_at_the_field(firm: Firm, typed: dict[str, str], field: str, sentence: str):
    view = await form(firm, BEN)
    typed = {name: str(firm.rooms[value].id) if name == "room" else value for name, value in typed.items()}

    answer = await send(firm, BEN, view, **typed)

    assert answer["response_action"] == "errors"
    ((block_id, text),) = answer["errors"].items()
    assert block_id.partition(".")[0] == field
    assert sentence in text
    assert await firm.mine(BEN) == ()


async def test_after_an_error_the_mended_form_books(firm: Firm):
    view = await form(firm, BEN)
    await send(firm, BEN, view, date="2026-11-24", time="09:00")

    answer = await send(firm, BEN, view, time="11:00")

    assert answer["response_action"] == "update"
    assert [booking.slot for booking in await firm.mine(BEN)] == [new_york(11, day=24, minutes=30)]


async def test_a_time_that_comes_twice_is_asked_about_and_kept_apart(firm: Firm):
    firm.clock.set(datetime(2026, 10, 30, 14, tzinfo=UTC))
    view = await form(firm, BEN)

    asked = await send(firm, BEN, view, date="2026-11-01", time="01:30", title="Night shift")

    assert asked["response_action"] == "update"
    again = await top(firm, BEN, "book")
    assert block(again, "fold")["label"]["text"] == "01:30 comes twice that night. Which one?"
    assert state(again, "title") == "Night shift"
    refused = await firm.slack.submit(BEN, again)
    assert refused["error"] == "missing_input"
    await send(firm, BEN, again, fold="1")
    (booking,) = await firm.mine(BEN)
    assert booking.start == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


async def test_a_taken_room_is_told_with_ways_out_that_book_and_leave_no_form_behind(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=ANA, title="Design review")
    view = await form(firm, BEN)

    await send(firm, BEN, view, date="2026-11-25", time="14:00", room=str(firm.rooms["Apollo"].id), title="Standup")

    refused = await top(firm, BEN, "refused")
    assert words(refused) == 'Apollo is taken tomorrow 14:00-15:00 (New York; "Design review", @U0ANA).'
    assert "Change the details" in labels(refused)
    done = await push(firm, BEN, refused, "Apollo 15:00-15:30")
    assert words(done).startswith("✅ Apollo is yours: tomorrow, Wed 25 Nov, 15:00-15:30")
    assert '"Standup"' in words(done)
    assert len(await firm.slack.views(BEN)) == 1
    assert (await firm.slack.close(BEN, done))["ok"]
    assert await firm.slack.views(BEN) == []
    assert [booking.title for booking in await firm.mine(BEN)] == ["Standup"]


async def test_a_refused_form_comes_back_as_it_was_filled(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=ANA)
    view = await form(firm, BEN)
    typed = {"date": "2026-11-25", "time": "14:00", "length": "45", "people": "3", "title": "Standup"}
    await send(firm, BEN, view, room=str(firm.rooms["Apollo"].id), amenities=["whiteboard"], invitees=[ANA], **typed)

    back = await push(firm, BEN, await top(firm, BEN, "refused"), "Change the details")

    assert {field: state(back, field) for field in typed} == typed
    assert (state(back, "room"), state(back, "invitees")) == (str(firm.rooms["Apollo"].id), [ANA])
    assert state(back, "amenities") == ["whiteboard"]
    await send(firm, BEN, back, time="16:00")
    assert [booking.slot for booking in await firm.mine(BEN)] == [new_york(16, minutes=45)]


async def test_nothing_that_fits_free_is_told_with_other_times(firm: Firm):
    for room in ("Big Ben", "Boardroom"):
        await firm.booked(room, new_york(14), by=ANA)
    view = await form(firm, BEN)

    await send(firm, BEN, view, date="2026-11-25", time="14:00", people="10", amenities=["video"])

    refused = await top(firm, BEN, "refused")
    assert "Both rooms in New York with video for 10 people are taken tomorrow 14:00-14:30." in words(refused)
    assert "Big Ben 13:30-14:00" in labels(refused)


async def test_the_same_form_sent_twice_books_once(firm: Firm):
    view = await form(firm, BEN)
    await fill(firm, BEN, view, date="2026-11-25", time="14:00")

    first, second = await asyncio.gather(*(forge(firm, BEN, view, lambda _: None) for _ in range(2)))

    assert first["response_action"] == second["response_action"] == "update"
    assert len(await firm.mine(BEN)) == 1
    assert first["view"]["blocks"] == second["view"]["blocks"]


async def test_another_content_under_the_same_hash_is_told_what_is_done(firm: Firm):
    view = await form(firm, BEN)
    await fill(firm, BEN, view, date="2026-11-25", time="14:00")
    await forge(firm, BEN, view, lambda _: None)
    await fill(firm, BEN, view, time="16:00")

    answer = await forge(firm, BEN, view, lambda _: None)

    assert "This form was sent before" in json.dumps(answer["view"])
    assert [booking.slot for booking in await firm.mine(BEN)] == [new_york(14, minutes=30)]


async def test_a_title_that_no_client_lets_through_is_refused_at_its_field(firm: Firm):
    view = await form(firm, BEN)

    def lengthen(sent: dict[str, Any]) -> None:
        sent["state"]["values"]["title"]["title"]["value"] = "x" * 10_000

    answer = await forge(firm, BEN, view, lengthen)

    assert answer["errors"] == {"title": "A title can have up to 200 characters; this one has 10000."}
    assert await firm.mine(BEN) == ()


FORGED = [
    ("private_metadata", "nonsense"),
    ("private_metadata", '{"place": "7"}'),
    ("state", {"values": {"date": {"date": {"selected_date": "tomorrow"}}}}),
    ("state", {"values": {"room": {"room": {"selected_option": {"value": "1; DROP TABLE rooms"}}}}}),
    ("state", {"values": {}}),
]


@pytest.mark.parametrize(("part", "content"), FORGED)
async def test_a_forged_form_is_answered_in_a_sentence(firm: Firm, part: str, content: Any):
    view = await form(firm, BEN)

    def tamper(sent: dict[str, Any]) -> None:
        sent[part] = content

    answer = await forge(firm, BEN, view, tamper)

    assert "out of date" in json.dumps(answer)
    assert await firm.mine(BEN) == ()


async def test_a_guest_is_told_which_room_guests_cannot_book(firm: Firm):
    await Rooms(firm.db, firm.services.catalogues).set_policy(room_id=firm.rooms["Corner"].id, guests_may_book=True)
    view = await form(firm, GUEST)

    await send(firm, GUEST, view, date="2026-11-25", room=str(firm.rooms["Apollo"].id))

    assert words(await top(firm, GUEST)) == "Guests cannot book Apollo. Ask a colleague to book it for you."
    assert await firm.mine(GUEST) == ()


async def test_a_late_booking_shows_a_view_that_works_and_then_the_booking(database: Any):
    async with opened(database, patience=0.05) as firm:
        view = await form(firm, BEN)
        held = asyncio.Event()
        book = firm.services.bookings.book

        async def late(*given: Any, **named: Any) -> Any:
            await held.wait()
            return await book(*given, **named)

        object.__setattr__(firm.services.bookings, "book", late)
        answer = await firm.slack.submit(BEN, view, values(view, date="2026-11-25", time="14:00"))
        assert answer["response_action"] == "update"
        assert "still working" in words(await shown(firm, BEN, view["id"]))
        held.set()
        done = await top(firm, BEN)
        assert words(done).startswith("✅ Corner is yours")


async def test_a_late_refusal_keeps_the_way_back_to_the_form(database: Any):
    async with opened(database, patience=0.0) as firm:
        await firm.booked("Apollo", new_york(14), by=ANA)
        view = await form(firm, BEN)
        await send(firm, BEN, view, date="2026-11-25", time="14:00", room=str(firm.rooms["Apollo"].id))

        back = await push(firm, BEN, await top(firm, BEN, "refused"), "Change the details")

        assert (state(back, "date"), state(back, "time")) == ("2026-11-25", "14:00")


async def test_a_firm_without_rooms_is_told_how_to_add_them(empty_firm: Firm):
    answer = await empty_firm.say(BEN, "/book")

    assert "There are no rooms yet" in words(answer)
    assert await empty_firm.slack.views(BEN) == []


async def test_a_late_error_gives_the_form_back_with_what_was_typed(database: Any):
    async with opened(database, patience=0.0) as firm:
        view = await form(firm, BEN)
        await send(firm, BEN, view, date="2026-11-24", time="09:00", title="Standup")

        back = await top(firm, BEN, "book")

        assert "09:00 is over; it is 10:07 in New York." in words(back)
        assert (state(back, "time"), state(back, "title")) == ("09:00", "Standup")
        await send(firm, BEN, back, time="11:00")
        assert words(await top(firm, BEN, "message")).startswith("✅")
        assert [booking.title for booking in await firm.mine(BEN)] == ["Standup"]


async def test_a_booking_whose_modal_was_closed_meanwhile_is_told_in_a_direct_message(database: Any):
    async with opened(database, patience=0.05) as firm:
        view = await form(firm, BEN)
        held = asyncio.Event()
        book = firm.services.bookings.book

        async def late(*given: Any, **named: Any) -> Any:
            await held.wait()
            return await book(*given, **named)

        object.__setattr__(firm.services.bookings, "book", late)
        await firm.slack.submit(BEN, view, values(view, date="2026-11-25", time="14:00"))
        await firm.slack.close(BEN, view)
        held.set()
        await firm.edge.drain(5)

        message = await firm.slack.wait_for_message(BEN, "D0BEN")
        assert words(message).startswith("✅ Corner is yours: tomorrow, Wed 25 Nov, 14:00-14:30 (New York)")
        assert "Corner is yours" in message["text"]


async def test_a_room_of_another_place_is_refused_at_its_field(firm: Firm):
    view = await form(firm, BEN)
    spree = str(firm.rooms["Spree"].id)

    def tamper(sent: dict[str, Any]) -> None:
        (chosen,) = next(held for name, held in sent["state"]["values"].items() if name.startswith("room")).values()
        chosen["selected_option"]["value"] = spree

    answer = await forge(firm, BEN, view, tamper)

    assert list(answer["errors"].values()) == ["Spree is not in New York."]
