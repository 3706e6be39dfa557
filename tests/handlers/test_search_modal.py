"""The search: results follow what is typed, pages turn, a room is booked from the list."""

import asyncio
from typing import Any

import pytest

from core.db import WriteSession
from core.errors import Busy
from core.ids import new_id
from core.models import Wish
from core.rooms import Rooms
from handlers.latest import Latest
from tests.handlers.firm import ANA, BEN, CHANNEL, CHLOE, ERIK, GUEST, Firm, new_york, utc, words
from tests.handlers.hall import lends
from tests.handlers.modal_acts import block, element, fill, form, labels, push, send, shown, state, top


async def searching(firm: Firm, user: str = BEN, text: str = "/book find tomorrow 2pm") -> dict[str, Any]:
    """Type `/book find …` and return the search."""
    return await form(firm, user, "search", text=text, channel="C0BERLIN" if user in {CHLOE, ERIK} else CHANNEL)


async def many_rooms(firm: Firm, number: int) -> None:
    """Add rooms for two in New York, named Box 01, Box 02, …"""
    place = firm.places["New York"].id

    async def work(session: WriteSession) -> None:
        rows = [(session.tenant, new_id(), place, f"Box {one:02}", 2, "4") for one in range(1, number + 1)]
        await session.run_many(
            "INSERT INTO rooms (tenant_id, id, location_id, name, capacity, floor) VALUES ($1, $2, $3, $4, $5, $6)", rows
        )

    await firm.db.write(work, repeatable=True)
    firm.services.catalogues.forget()


async def test_the_search_shows_what_is_free_with_facts_and_until_when(firm: Firm):
    await firm.booked("Corner", new_york(15), by=ANA)
    await firm.booked("Apollo", new_york(14), by=ANA)

    view = await searching(firm)

    assert (state(view, "date"), state(view, "time"), state(view, "length")) == ("2026-11-25", "14:00", "30")
    said = words(view)
    assert "3 rooms are free tomorrow 14:00-14:30 (New York)" in said
    assert "*Corner* · seats 4 · tv · 2nd floor\nfree until 15:00" in said
    assert "*Big Ben* · seats 12 · video, whiteboard · 3rd floor\nfree for the rest of the day" in said
    assert "Apollo" not in said
    assert "1 more fits but is taken then." in said
    assert labels(view) == ["Book", "Book", "Book"]


async def test_results_follow_what_is_typed_and_the_fields_stay(firm: Firm):
    view = await searching(firm)

    view = await fill(firm, BEN, view, people="9")
    assert "2 rooms are free" in words(view)
    view = await fill(firm, BEN, view, amenities=["catering"])
    assert "1 room is free" in words(view)
    view = await fill(firm, BEN, view, time="16:00", length="120")

    assert "1 room is free tomorrow 16:00-18:00" in words(view)
    kept = [state(view, field) for field in ("date", "time", "length", "people", "amenities")]
    assert kept == ["2026-11-25", "16:00", "120", "9", ["catering"]]


async def test_another_place_is_searched_on_its_own_clock(firm: Firm):
    view = await searching(firm)

    view = await fill(firm, BEN, view, place=str(firm.places["Berlin"].id))

    assert "2 rooms are free tomorrow 14:00-14:30 (Berlin; 08:00-08:30 for you)" in words(view)
    assert block(view, "time")["label"]["text"] == "Start (Berlin time)"


async def test_one_floor_can_be_searched_where_there_are_several(firm: Firm):
    view = await searching(firm)

    view = await fill(firm, BEN, view, floor="floor:5")
    assert "*Boardroom*" in words(view)
    assert "*Apollo*" not in words(view)

    view = await fill(firm, BEN, view, floor="best")
    assert "4 rooms are free" in words(view)


async def test_a_room_is_booked_from_the_list_and_nothing_of_the_search_is_left(firm: Firm):
    view = await fill(firm, BEN, await searching(firm), people="9")

    done = await push(firm, BEN, view, "Book")

    assert words(done).startswith("✅ Big Ben is yours: tomorrow, Wed 25 Nov, 14:00-14:30 (New York)")
    assert [one["id"] for one in await firm.slack.views(BEN)] == [view["id"]]
    (booking,) = await firm.mine(BEN)
    assert (booking.room.name, booking.attendees_count) == ("Big Ben", 9)


async def test_a_room_taken_while_the_list_was_open_is_told_with_ways_out(firm: Firm):
    view = await searching(firm)
    await firm.booked("Corner", new_york(14), by=ANA, title="Faster")

    refused = await push(firm, BEN, view, "Book")

    assert words(refused) == 'Corner is taken tomorrow 14:00-15:00 (New York; "Faster", @U0ANA).'
    done = await push(firm, BEN, refused, "Corner 15:00-15:30")
    assert words(done).startswith("✅ Corner is yours")
    await firm.slack.close(BEN, done)
    assert await firm.slack.views(BEN) == []


async def test_nothing_free_is_told_with_other_times_that_book(firm: Firm):
    for room in ("Big Ben", "Boardroom"):
        await firm.booked(room, new_york(14), by=ANA)

    view = await fill(firm, BEN, await searching(firm), people="10")

    assert "Both rooms that fit are taken tomorrow 14:00-14:30." in words(view)
    done = await push(firm, BEN, view, "Big Ben 13:30-14:00")
    assert words(done).startswith("✅ Big Ben is yours")


async def test_what_no_room_can_do_and_what_is_over_is_said_in_the_results(firm: Firm):
    view = await fill(firm, BEN, await searching(firm), people="50")
    assert "No room in New York seats 50; the largest, Boardroom, seats 20." in words(view)

    view = await fill(firm, BEN, view, people=None, date="2026-11-24", time="09:00")

    assert "09:00 is over; it is 10:07 in New York." in words(view)
    assert "Book" not in labels(view)
    view = await fill(firm, BEN, view, date="2027-03-14", time="02:30")
    assert "The next time is 03:00." in words(view)


async def test_a_time_that_comes_twice_is_asked_about(firm: Firm):
    firm.clock.set(utc(15, day=1).replace(month=10))
    view = await fill(firm, BEN, await searching(firm), date="2026-11-01", time="01:30")
    assert "Which one" in words(view)

    view = await fill(firm, BEN, view, fold="1")

    assert "4 rooms are free Sun 1 Nov 01:30-02:00" in words(view)


async def test_pages_turn_and_a_change_begins_again_at_the_first(firm: Firm):
    await many_rooms(firm, 20)
    view = await fill(firm, BEN, await searching(firm), length="45")
    assert (labels(view).count("Book"), labels(view)[-1]) == (8, "Next")
    assert "Page 1 of 3." in words(view)
    assert "*Box 08*" in words(view)

    second = await push(firm, BEN, view, "Next")
    third = await push(firm, BEN, second, "Next")

    assert "*Box 09*" in words(second)
    assert "Previous" in labels(second)
    assert (labels(third).count("Book"), "Next" in labels(third), "Page 3 of 3." in words(third)) == (8, False, True)
    assert "*Boardroom*" in words(third)
    changed = await fill(firm, BEN, third, people="4")
    assert "*Corner*" in words(changed)
    assert "Page" not in words(changed)


async def test_a_page_that_is_no_more_is_the_last_one(firm: Firm):
    await many_rooms(firm, 20)
    view = await push(firm, BEN, await push(firm, BEN, await searching(firm), "Next"), "Next")
    await firm.deactivate("Boardroom", "Big Ben", "Apollo", "Corner")

    async def work(session: WriteSession) -> None:
        await session.run("UPDATE rooms SET active = false WHERE name > 'Box 07'")

    await firm.db.write(work, repeatable=True)
    firm.services.catalogues.forget()

    back = await push(firm, BEN, view, "Previous")

    assert labels(back).count("Book") == 7


async def test_search_pressed_searches_again(firm: Firm):
    view = await searching(firm)
    await firm.booked("Corner", new_york(14), by=ANA)

    answer = await send(firm, BEN, view)

    assert answer["response_action"] == "update"
    assert "3 rooms are free" in words(await shown(firm, BEN, view["id"]))
    assert await firm.mine(BEN) == ()


async def test_more_keeps_what_was_wished_for(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=ANA)
    refusal = await firm.say(BEN, '/book room apollo tomorrow 2pm for 45 min for 3 people "Standup" with @chloe')
    await firm.press(BEN, refusal, "More…")
    view = await top(firm, BEN, "search")
    assert (state(view, "time"), state(view, "length"), state(view, "people")) == ("14:00", "45", "3")

    done = await push(firm, BEN, view, "Book")

    assert '"Standup" · with @U0CHLOE' in words(done)
    (booking,) = await firm.mine(BEN)
    assert (booking.title, booking.attendees_count) == ("Standup", 3)


async def test_a_sentence_fills_the_search(firm: Firm):
    view = await searching(firm, text="/book find friday 3-4pm for 8 with projector")

    kept = [state(view, field) for field in ("date", "time", "length", "people", "amenities")]
    assert kept == ["2026-11-27", "15:00", "60", "8", ["projector"]]


async def test_a_guest_sees_why_there_is_nothing_to_book(firm: Firm):
    await Rooms(firm.db, firm.services.catalogues).set_policy(room_id=firm.rooms["Kiez"].id, guests_may_book=True)
    view = await searching(firm, GUEST)

    assert "Guests cannot book rooms in New York." in words(view)
    assert "Book" not in labels(view)


async def test_quick_changes_end_with_the_answer_to_the_last(firm: Firm):
    view = await searching(firm)
    find = firm.services.search.find
    gates = {3: asyncio.Event(), 30: asyncio.Event()}

    async def gated(wish: Any, **named: Any) -> Any:
        if wish.attendees_count in gates:
            await gates[wish.attendees_count].wait()
        return await find(wish, **named)

    object.__setattr__(firm.services.search, "find", gated)
    where = {"user": BEN, "view_id": view["id"], "block_id": "people", "action_id": "people"}
    await firm.slack.post("click", {**where, "value": "3"})
    await firm.slack.post("click", {**where, "value": "30"})
    gates[30].set()

    async def answered() -> bool:
        return "seats 30" in words(await shown(firm, BEN, view["id"]))

    await firm.slack.wait_for(answered)
    gates[3].set()
    await firm.edge.drain(5)

    last = await shown(firm, BEN, view["id"])
    assert "No room in New York seats 30" in words(last)
    assert state(last, "people") == "30"


async def test_a_change_made_for_an_older_view_still_shows_its_answer(firm: Firm):
    view = await searching(firm)
    find = firm.services.search.find
    first = asyncio.Event()

    async def gated(wish: Any, **named: Any) -> Any:
        if wish.attendees_count == 9:
            await first.wait()
        return await find(wish, **named)

    object.__setattr__(firm.services.search, "find", gated)
    where = {"user": BEN, "view_id": view["id"], "block_id": "people", "action_id": "people"}
    await firm.slack.post("click", {**where, "value": "9"})
    # Something else changes the view, as another replica would have.
    sandboxed = firm.running.sandbox.parts.views.find(view["id"])
    assert sandboxed is not None
    firm.running.sandbox.parts.views.update(sandboxed, sandboxed.body)
    first.set()
    await firm.edge.drain(5)

    assert "2 rooms are free" in words(await shown(firm, BEN, view["id"]))


async def test_a_late_search_opens_a_view_that_works_and_fills_it(firm: Firm):
    find = firm.services.search.find
    held = asyncio.Event()

    async def late(*given: Any, **named: Any) -> Any:
        await held.wait()
        return await find(*given, **named)

    object.__setattr__(firm.services.search, "find", late)
    answer = await firm.slack.command(BEN, CHANNEL, "/book find tomorrow 2pm")
    assert answer["ok"]
    waiting = await firm.slack.wait_for_view(BEN)
    assert "still working" in words(waiting)
    held.set()

    view = await top(firm, BEN, "search")

    assert view["id"] == waiting["id"]
    assert "4 rooms are free" in words(view)


async def test_rooms_too_many_for_a_list_are_found_by_typing(firm: Firm):
    await many_rooms(firm, 120)
    view = await form(firm, BEN)
    assert element(view, "room")["type"] == "external_select"
    room = block(view, "room")["block_id"]

    async def found(typed: str) -> list[str]:
        answer = await firm.slack.post(
            "options", {"user": BEN, "view_id": view["id"], "block_id": room, "action_id": "room", "query": typed}
        )
        return [option["text"]["text"] for option in answer["options"]]

    assert (await found(""))[:2] == ["Best fit", "Apollo · seats 8 · 3rd floor"]
    assert len(await found("")) == 100
    assert await found("BOX 11") == [f"Box {one} · seats 2 · 4th floor" for one in (11, *range(110, 120))]
    assert await found("3rd projector") == ["Apollo · seats 8 · 3rd floor"]
    assert await found("spree") == []
    assert await found("<script>") == []
    assert await found("box 119") == ["Box 119 · seats 2 · 4th floor"]
    catalogue = await firm.services.catalogues.current()
    await send(firm, BEN, view, room=str(next(room.id for room in catalogue.rooms if room.name == "Box 119")))
    assert [booking.room.name for booking in await firm.mine(BEN)] == ["Box 119"]


def test_the_latest_change_of_a_view_is_known_and_old_views_are_forgotten():
    latest = Latest(kept=2)
    first, second = latest.begin("V1"), latest.begin("V1")

    assert (latest.holds("V1", first), latest.holds("V1", second)) == (False, True)
    latest.begin("V2")
    latest.begin("V3")
    assert latest.holds("V1", first)  # forgotten, so that nothing is held back


async def test_a_room_booked_while_the_view_changed_is_told_all_the_same(firm: Firm):
    view = await searching(firm)
    sandboxed = firm.running.sandbox.parts.views.find(view["id"])
    assert sandboxed is not None
    book = firm.services.bookings.book

    async def meanwhile(*given: Any, **named: Any) -> Any:
        firm.running.sandbox.parts.views.update(sandboxed, sandboxed.body)
        return await book(*given, **named)

    object.__setattr__(firm.services.bookings, "book", meanwhile)

    done = await push(firm, BEN, view, "Book")

    assert words(done).startswith("✅ Corner is yours")


async def test_a_form_that_slack_no_longer_lets_open_is_told_in_a_sentence(firm: Firm):
    for command in ("/book", "/book find tomorrow 2pm"):
        await firm.slack.faults(fail_next={"method": "views.open", "times": 1, "error": "expired_trigger_id"})

        answer = await firm.say(BEN, command)

        assert words(answer) == "Slack gave up waiting before the form was there. Try again."


@pytest.mark.parametrize("fault", [{"error": "internal_error"}, {"status": 503}])
async def test_a_form_that_slack_cannot_open_is_told_in_a_sentence(firm: Firm, fault: dict[str, Any]):
    await firm.slack.faults(fail_next={"method": "views.open", "times": 1, **fault})

    answer = await firm.say(BEN, "/book")

    assert words(answer) == "Slack did not open the form. Try again in a minute."


async def test_a_search_that_fails_while_its_view_waits_says_so_in_it(firm: Firm):
    held = asyncio.Event()

    async def failing(*given: Any, **named: Any) -> Any:
        await held.wait()
        raise Busy("Many people are booking at this moment. Try again.")

    object.__setattr__(firm.services.search, "find", failing)
    await firm.slack.command(BEN, CHANNEL, "/book find tomorrow 2pm")
    waiting = await firm.slack.wait_for_view(BEN)
    held.set()

    told = await top(firm, BEN)

    assert told["id"] == waiting["id"]
    assert words(told) == "Many people are booking at this moment. Try again."


async def test_a_search_knows_what_is_to_come_along_and_that_it_is_out(firm: Firm):
    thing = await lends(firm, "Projector on wheels", 2)
    sentence = "/book find for 6 with 2 projectors on wheels tomorrow 2pm"
    view = await searching(firm, text=sentence)
    assert "free tomorrow 14:00-14:30 (New York) with 2 projectors on wheels" in words(view)
    wish = Wish(slot=new_york(14), room_id=firm.rooms["Corner"].id, equipment=((thing.id, 1),))
    await firm.services.bookings.book(wish, by=await firm.actor(ANA))

    view = await searching(firm, text=sentence)

    assert "1 of 2 projectors on wheels is out tomorrow 14:00-14:30; you asked for 2." in words(view)
    assert "Tell me when it frees" in labels(view)
    told = await push(firm, BEN, view, "Tell me when it frees")
    assert words(told).startswith("You are first in line for a room in New York that seats 6 with 2 projectors on wheels")
    view = await searching(firm, text=sentence)
    await push(firm, BEN, view, next(label for label in labels(view) if "15:00" in label))
    (mine,) = await firm.mine(BEN)
    assert [(one.equipment.name, one.quantity) for one in mine.equipment] == [("Projector on wheels", 2)]
