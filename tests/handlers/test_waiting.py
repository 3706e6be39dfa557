"""The waiting list in Slack: joined from refusals, shown in one's list and in the Home, offered, taken, declined, left."""

from typing import Any

from core.models import Slot, Status, Wish
from tests.handlers.firm import ANA, BEN, DEEPA, Firm, labels, new_york, words
from tests.handlers.hall import lends
from tests.handlers.modal_acts import form, push, send, top
from tests.handlers.modal_acts import labels as view_labels
from tests.handlers.test_home import home, home_saying


async def refused(firm: Firm, user: str, line: str = "/book apollo tomorrow 14:00-15:00") -> dict[str, Any]:
    answer = await firm.say(user, line)
    assert "Tell me when it frees" in labels(answer)
    return answer


async def test_joining_says_the_place_in_line_and_what_happens_next(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=ANA)

    first = await firm.press(BEN, await refused(firm, BEN), "Tell me when it frees")
    assert words(first) == (
        "You are first in line for Apollo: tomorrow, Wed 25 Nov, 14:00-15:00 (New York).\n"
        "When it frees, it is held for you for 10 minutes, and you get a direct message."
    )
    second = await firm.press(DEEPA, await refused(firm, DEEPA), "Tell me when it frees")
    assert words(second).startswith("You are second in line for Apollo")
    assert "1 person comes before you." in words(second)

    left = await firm.press(BEN, first, "Leave the line")
    assert words(left).startswith("You are no longer in line for Apollo")
    assert "Apollo · first in line" in words(await firm.say(DEEPA, "/book mine"))


async def test_what_is_held_stands_first_and_is_taken_in_a_tap(firm: Firm):
    booking = await firm.booked("Apollo", new_york(14), by=ANA)
    await firm.press(BEN, await refused(firm, BEN), "Tell me when it frees")
    await firm.services.bookings.cancel(booking.id, by=await firm.actor(ANA))

    view = await home(firm, BEN)
    assert words(view).startswith("Apollo is free again and held for you until 10:17: tomorrow, Wed 25 Nov, 14:00-15:00")
    assert view_labels(view)[:2] == ["Book Apollo 14:00-15:00", "No, thanks"]
    told = await push(firm, BEN, view, "Book Apollo 14:00-15:00")

    assert words(told).startswith("✅ Apollo is yours: tomorrow")
    (mine,) = await firm.mine(BEN)
    assert mine.status is Status.CONFIRMED
    assert "held for you" not in words(await firm.slack.home(BEN) or {})


async def test_declining_in_the_list_leaves_the_list(firm: Firm):
    booking = await firm.booked("Apollo", new_york(14), by=ANA)
    await firm.press(BEN, await refused(firm, BEN), "Tell me when it frees")
    await firm.services.bookings.cancel(booking.id, by=await firm.actor(ANA))

    listed = await firm.say(BEN, "/book mine")
    after = await firm.press(BEN, listed, "No, thanks")

    assert "is no longer held for you. Others can have it now." in words(after)
    assert "No bookings ahead." in words(after)
    assert await firm.services.line.mine(await firm.actor(BEN)) == ()


async def test_a_room_that_is_free_by_now_is_offered_instead(firm: Firm):
    booking = await firm.booked("Apollo", new_york(14), by=ANA)
    answer = await refused(firm, BEN)
    await firm.services.bookings.cancel(booking.id, by=await firm.actor(ANA))

    told = await firm.press(BEN, answer, "Tell me when it frees")

    assert labels(told) == ["Book Apollo 14:00-15:00"]
    assert words(await firm.press(BEN, told, "Book Apollo 14:00-15:00")).startswith("✅ Apollo is yours")


async def test_any_room_that_fits_can_be_waited_for(firm: Firm):
    for room in ("Kiez", "Spree"):
        await firm.booked(room, Slot(start=new_york(8).start, end=new_york(9).start), by=ANA)

    answer = await firm.say(BEN, "/book berlin tomorrow 14:00-15:00 for 3")
    joined = await firm.press(BEN, answer, "Tell me when it frees")

    assert words(joined).startswith("You are first in line for a room in Berlin that seats 3: ")


async def test_one_can_wait_from_the_booking_form_and_from_the_search(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=ANA)
    view = await form(firm, BEN)
    await send(firm, BEN, view, room=str(firm.rooms["Apollo"].id), date="2026-11-25", time="14:00")
    told = await push(firm, BEN, await top(firm, BEN, "refused"), "Tell me when it frees")
    assert words(told).startswith("You are first in line for Apollo")

    for room in ("Big Ben", "Boardroom", "Corner"):
        await firm.booked(room, new_york(14), by=ANA)
    search = await form(firm, DEEPA, "search", text="/book find tomorrow 14:00-15:00")
    told = await push(firm, DEEPA, search, "Tell me when it frees")
    assert words(told).startswith("You are second in line for a room in New York")
    assert "first in line" in words(await home(firm, BEN))


async def test_what_no_room_can_do_is_not_waited_for(firm: Firm):
    answer = await firm.say(BEN, "/book tomorrow 14:00-15:00 for 300 in new york")

    assert "Tell me when it frees" not in labels(answer)


async def test_leaving_somebody_elses_line_is_refused(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=ANA)
    await firm.press(BEN, await refused(firm, BEN), "Tell me when it frees")
    (place,) = await firm.services.line.mine(await firm.actor(BEN))

    await firm.deliver(firm.click_of(DEEPA, "leave_line", f'{{"w":"{place.id}"}}'))

    assert len(await firm.services.line.mine(await firm.actor(BEN))) == 1


async def test_two_rooms_with_things_are_waited_for_together_and_taken_in_a_tap(firm: Firm):
    await lends(firm, "Projector on wheels", 2)
    apollo = await firm.booked("Apollo", new_york(14), by=ANA)
    hudson = await firm.booked("Big Ben", new_york(14), by=ANA)
    sentence = "/book apollo and big ben tomorrow 14:00-15:00 with 2 projectors on wheels"

    joined = await firm.press(BEN, await refused(firm, BEN, sentence), "Tell me when it frees")

    assert words(joined) == (
        "You are first in line for Apollo + Big Ben with 2 projectors on wheels: tomorrow, Wed 25 Nov, 14:00-15:00"
        " (New York).\nWhen all of it is free at once, all of it is held for you for 10 minutes, and you get a direct"
        " message."
    )
    await firm.services.bookings.cancel(apollo.id, by=await firm.actor(ANA))
    assert "first in line" in words(await home(firm, BEN))
    await firm.services.bookings.cancel(hudson.id, by=await firm.actor(ANA))

    view = await home_saying(firm, BEN, "held for you")
    assert words(view).startswith("Apollo + Big Ben with 2 projectors on wheels are free again and held for you until 10:17")
    told = await push(firm, BEN, view, "Book Apollo + Big Ben 14:00-15:00")
    assert words(told).startswith("✅ Apollo + Big Ben are yours")
    (mine,) = await firm.mine(BEN)
    assert [room.name for room in mine.rooms] == ["Apollo", "Big Ben"]
    assert [(one.equipment.name, one.quantity) for one in mine.equipment] == [("Projector on wheels", 2)]


async def test_what_is_lent_out_can_be_waited_for(firm: Firm):
    thing = await lends(firm, "Projector on wheels", 1)
    wish = Wish(slot=new_york(14), room_id=firm.rooms["Corner"].id, equipment=((thing.id, 1),))
    held = await firm.services.bookings.book(wish, by=await firm.actor(ANA))

    answer = await refused(firm, BEN, "/book apollo tomorrow 14:00-15:00 with a projector on wheels")
    joined = await firm.press(BEN, answer, "Tell me when it frees")
    assert words(joined).startswith("You are first in line for Apollo with a projector on wheels: tomorrow")
    await firm.services.bookings.cancel(held.id, by=await firm.actor(ANA))

    assert words(await home(firm, BEN)).startswith("Apollo with a projector on wheels is free again and held for you")
