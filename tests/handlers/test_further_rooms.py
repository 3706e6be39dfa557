"""Several rooms in one booking, divisible rooms and movable equipment, as people in Slack see them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.errors import SlotTaken
from core.models import Change, Wish
from core.notices import Notice
from core.rooms import RoomRow, Rooms
from tests.handlers.firm import ANA, BEN, DEEPA, Firm, labels, new_york, words
from tests.handlers.hall import hall, lends, refreshed
from tests.handlers.modal_acts import block, element, fill, form, push, send, shown, state, top
from tests.handlers.modal_acts import labels as labels_of
from tests.handlers.telling import Teller

WITH_BOTH = "/book apollo and big ben tomorrow 2pm for 1h"
HOSTILE = "<!channel> *x* & <@U0ANA>"


def names(booking: Any) -> list[str]:
    return [room.name for room in booking.rooms]


def along(booking: Any) -> list[tuple[str, int]]:
    return [(one.equipment.name, one.quantity) for one in booking.equipment]


# -- a sentence --------------------------------------------------------------------------------------------------------


async def test_two_rooms_named_side_by_side_are_booked_in_one(firm: Firm):
    answer = await firm.say(BEN, '/book apollo and big ben tomorrow 2pm for 18 "All hands"')

    assert words(answer).startswith(
        "✅ Apollo + Big Ben are yours: tomorrow, Wed 25 Nov, 14:00-14:30 (New York)\n"
        "20 seats together · projector, video, whiteboard · 3rd floor"
    )
    (booking,) = await firm.mine(BEN)
    assert (names(booking), booking.attendees_count) == (["Apollo", "Big Ben"], 18)


async def test_where_one_of_the_rooms_is_taken_neither_is_booked(firm: Firm):
    await firm.booked("Big Ben", new_york(14), by=ANA, title="Design review")

    answer = await firm.say(BEN, WITH_BOTH)

    assert words(answer).startswith('Big Ben is taken tomorrow 14:00-15:00 (New York; "Design review", @U0ANA).')
    hours = ("13:00-14:00", "15:00-16:00", "16:00-17:00")
    assert sorted(labels(answer)) == [*(f"Apollo + Big Ben {one}" for one in hours), "More…", "Tell me when it frees"]
    assert await firm.mine(BEN) == ()
    await firm.booked("Apollo", new_york(14), by=DEEPA)  # which is free


async def test_the_rooms_on_offer_are_booked_together_too(firm: Firm):
    await firm.booked("Big Ben", new_york(14), by=ANA)
    answer = await firm.say(BEN, WITH_BOTH)

    done = await firm.press(BEN, answer, "Apollo + Big Ben 15:00-16:00")

    assert words(done).startswith("✅ Apollo + Big Ben are yours: tomorrow, Wed 25 Nov, 15:00-16:00 (New York)")
    (booking,) = await firm.mine(BEN)
    assert names(booking) == ["Apollo", "Big Ben"]


async def test_one_room_or_the_other_is_still_a_question(firm: Firm):
    answer = await firm.say(BEN, "/book apollo or big ben tomorrow 2pm for 1h")

    assert labels(answer)[:2] == ["Apollo", "Big Ben"]
    assert await firm.mine(BEN) == ()


async def test_rooms_of_two_places_are_refused_in_words(firm: Firm):
    answer = await firm.say(BEN, "/book apollo and spree tomorrow 2pm")

    assert words(answer).startswith("Apollo is in New York and Spree in Berlin")


async def test_the_same_sentence_again_shows_the_booking_with_all_its_rooms(firm: Firm):
    await firm.say(BEN, WITH_BOTH)

    again = await firm.say(BEN, WITH_BOTH)

    assert words(again).startswith("You booked this a moment ago: Apollo + Big Ben, tomorrow, Wed 25 Nov, 14:00-15:00")


async def test_what_no_room_that_is_meant_has_is_borrowed_and_said_in_grey(firm: Firm):
    await lends(firm, "Projector on wheels", 2)

    answer = await firm.say(BEN, "/book corner tomorrow 2pm for 1h with projector")

    assert "with a projector on wheels" in words(answer)
    (grey,) = [one for one in answer["blocks"] if one["type"] == "context"]
    assert grey["elements"][0]["text"] == "With a projector on wheels, since Corner has none"
    (booking,) = await firm.mine(BEN)
    assert along(booking) == [("Projector on wheels", 1)]

    done = await firm.press(BEN, answer, "Without the projector on wheels")

    assert words(done).startswith("✏️ Corner · Wed 25 Nov, 14:00-15:00 (New York)")
    (booking,) = await firm.mine(BEN)
    assert along(booking) == []


async def test_what_the_room_has_itself_is_not_borrowed(firm: Firm):
    await lends(firm, "Projector on wheels", 2)

    answer = await firm.say(BEN, "/book apollo tomorrow 2pm for 1h with projector")

    assert "on wheels" not in words(answer)
    (booking,) = await firm.mine(BEN)
    assert along(booking) == []


async def test_where_too_few_are_left_the_refusal_says_who_has_how_many_with_ways_out(firm: Firm):
    await lends(firm, "Projector on wheels", 2)
    await firm.say(ANA, '/book apollo and big ben tomorrow 2pm for 1h with the projector on wheels "All hands"')

    answer = await firm.say(BEN, "/book corner tomorrow 2pm for 1h with 2 projectors")

    assert words(answer).startswith(
        "1 of 2 projectors on wheels is out tomorrow 14:00-15:00; you asked for 2."
        ' 1 is in Apollo + Big Ben ("All hands", @U0ANA).'
    )
    assert labels(answer)[:2] == ["Corner with a projector on wheels", "Corner without projectors on wheels"]
    done = await firm.press(BEN, answer, "Corner with a projector on wheels")
    assert words(done).startswith("✅ Corner is yours")
    (booking,) = await firm.mine(BEN)
    assert along(booking) == [("Projector on wheels", 1)]


async def test_whose_private_meeting_has_it_is_not_told(firm: Firm):
    thing = await lends(firm, "Flipchart", 1)
    wish = {"title": "Merger", "private": True, "equipment": ((thing.id, 1),)}
    await firm.booked("Apollo", new_york(14), by=ANA, **wish)

    answer = await firm.say(BEN, "/book corner tomorrow 2pm for 1h with a flipchart")

    assert words(answer).startswith("1 of 1 flipcharts is out tomorrow 14:00-15:00. 1 is in Apollo (Busy).")
    assert "Merger" not in json.dumps(answer)


async def test_of_what_there_is_not_so_much_all_of_it_can_be_had(firm: Firm):
    await lends(firm, "Flipchart", 3)

    answer = await firm.say(BEN, "/book corner tomorrow 2pm for 1h with 5 flipcharts")

    assert words(answer).startswith("There are only 3 flipcharts in New York.")
    await firm.press(BEN, answer, "Book with all there are")
    (booking,) = await firm.mine(BEN)
    assert along(booking) == [("Flipchart", 3)]


async def test_a_series_has_all_rooms_and_equipment_on_each_date(firm: Firm):
    await lends(firm, "Flipchart", 1)

    answer = await firm.say(BEN, "/book apollo and corner every monday at 10am for 1h for 3 weeks with a flipchart")

    assert "Apollo + Corner" in words(answer)
    assert "With a flipchart" in words(answer)
    await firm.press(BEN, answer, "Book all 3")
    booked = await firm.services.bookings.mine(await firm.actor(BEN))
    assert [(names(one), along(one)) for one in booked] == [(["Apollo", "Corner"], [("Flipchart", 1)])] * 3


async def test_further_rooms_and_equipment_are_changed_on_all_dates_of_a_series(firm: Firm):
    thing = await lends(firm, "Flipchart", 2)
    shown_first = await firm.say(BEN, "/book apollo every monday at 10am for 1h for 3 weeks")
    await firm.press(BEN, shown_first, "Book all 3")
    view = await push(firm, BEN, await _editing(firm), "Add rooms or equipment")

    await send(firm, BEN, view, more_rooms=[str(firm.rooms["Corner"].id)], things=[f"{thing.id}:2"], which="all")

    assert words(await top(firm, BEN)).startswith(
        "✏️ Apollo + Corner, every Monday, 10:00-11:00 (New York): 3 dates, Mon 30 Nov to Mon 14 Dec changed."
    )
    booked = await firm.services.bookings.mine(await firm.actor(BEN))
    assert [(names(one), along(one)) for one in booked] == [(["Apollo", "Corner"], [("Flipchart", 2)])] * 3


# -- divisible rooms ---------------------------------------------------------------------------------------------------


async def test_a_divisible_room_says_what_it_is_made_of(firm: Firm):
    await hall(firm)

    answer = await firm.say(BEN, "/book hall tomorrow 10am for 1h")

    assert words(answer).startswith("✅ Hall (Hall A + Hall B) is yours: tomorrow, Wed 25 Nov, 10:00-11:00 (New York)")
    assert "Hall (Hall A + Hall B) · seats 30" in words(await firm.say(BEN, "/book mine"))


async def test_a_refusal_says_which_part_is_taken_or_what_the_part_belongs_to(firm: Firm):
    await hall(firm)
    await firm.booked("Hall A", new_york(10), by=ANA, title="Training")
    await firm.booked("Hall", new_york(13), by=ANA)

    whole = await firm.say(BEN, "/book hall tomorrow 10am for 1h")
    part = await firm.say(BEN, "/book hall b tomorrow 1pm for 1h")

    assert words(whole).startswith('Hall needs Hall A, which is taken tomorrow 10:00-11:00 (New York; "Training", @U0ANA).')
    assert words(part).startswith("Hall B is part of Hall, which is taken tomorrow 13:00-14:00 (New York; @U0ANA).")


async def test_the_list_of_rooms_shows_parts_and_what_can_be_borrowed(firm: Firm):
    await hall(firm)
    await lends(firm, "Projector on wheels", 2)
    await lends(firm, "Flipchart", 1)

    answer = await firm.say(BEN, "/book rooms")

    assert "Hall (Hall A + Hall B) · seats 30 · 1st floor · free now" in words(answer)
    assert "To borrow with a room: a flipchart, 2 projectors on wheels" in words(answer)


async def test_a_rooms_day_says_through_which_other_room_it_is_taken(firm: Firm):
    await hall(firm)
    await firm.booked("Hall B", new_york(11), by=ANA, title="Training")

    answer = await firm.say(BEN, "/book rooms hall tomorrow")

    assert '11:00-12:00 · Hall B · "Training" · @U0ANA' in words(answer)


# -- the forms ---------------------------------------------------------------------------------------------------------


async def test_the_form_keeps_rooms_and_equipment_folded_until_they_are_asked_for(firm: Firm):
    await lends(firm, "Projector on wheels", 2)
    view = await form(firm, BEN)
    assert "Add rooms or equipment" in labels_of(view)
    await fill(firm, BEN, view, title="Standup", date="2026-11-25", time="14:00")

    view = await push(firm, BEN, await shown(firm, BEN, view["id"]), "Add rooms or equipment")

    assert block(view, "more_rooms")["label"]["text"] == "Further rooms"
    assert block(view, "things")["label"]["text"] == "Equipment to borrow"
    offered = [(one["text"]["text"], one["description"]["text"]) for one in element(view, "things")["options"]]
    assert offered == [
        ("1 projector on wheels", "2 of 2 left then"),
        ("2 projectors on wheels", "2 of 2 left then"),
    ]
    assert state(view, "title") == "Standup"


async def test_without_equipment_the_form_offers_rooms_alone(firm: Firm):
    view = await form(firm, BEN)

    assert "Add rooms" in labels_of(view)


async def test_rooms_and_equipment_of_the_form_are_booked(firm: Firm):
    thing = await lends(firm, "Projector on wheels", 2)
    view = await push(firm, BEN, await form(firm, BEN), "Add rooms or equipment")

    answer = await send(
        firm,
        BEN,
        view,
        date="2026-11-25",
        time="14:00",
        length="60",
        room=str(firm.rooms["Apollo"].id),
        more_rooms=[str(firm.rooms["Big Ben"].id), str(firm.rooms["Corner"].id)],
        things=[f"{thing.id}:2"],
    )

    assert answer["response_action"] == "update"
    (booking,) = await firm.mine(BEN)
    assert (names(booking), along(booking)) == (["Apollo", "Big Ben", "Corner"], [("Projector on wheels", 2)])


async def test_further_rooms_without_a_first_one_are_refused_at_the_field(firm: Firm):
    view = await push(firm, BEN, await form(firm, BEN), "Add rooms")

    answer = await send(firm, BEN, view, date="2026-11-25", more_rooms=[str(firm.rooms["Big Ben"].id)])

    ((block_id, said),) = answer["errors"].items()
    assert block_id.partition(".")[0] == "room"
    assert said == "Choose this room too: the further ones are booked together with it."


async def test_equipment_that_is_out_is_refused_at_the_field_and_not_offered_again(firm: Firm):
    thing = await lends(firm, "Flipchart", 1)
    view = await push(firm, BEN, await form(firm, BEN), "Add rooms or equipment")
    await firm.booked("Apollo", new_york(14), by=ANA, equipment=((thing.id, 1),))

    answer = await send(
        firm, BEN, view, date="2026-11-25", time="14:00", room=str(firm.rooms["Corner"].id), things=[f"{thing.id}:1"]
    )

    ((block_id, said),) = answer["errors"].items()
    assert block_id.partition(".")[0] == "things"
    assert said == "1 of 1 flipcharts is out tomorrow 14:00-14:30."
    assert await firm.mine(BEN) == ()


async def test_what_is_not_left_at_the_forms_time_is_named_instead_of_offered(firm: Firm):
    thing = await lends(firm, "Flipchart", 1)
    await lends(firm, "Microphone", 2)
    await firm.booked("Apollo", new_york(14), by=ANA, equipment=((thing.id, 1),))
    view = await form(firm, BEN)
    await fill(firm, BEN, view, date="2026-11-25", time="14:00")

    view = await push(firm, BEN, await shown(firm, BEN, view["id"]), "Add rooms or equipment")

    assert [one["text"]["text"] for one in element(view, "things")["options"]] == ["1 microphone", "2 microphones"]
    assert block(view, "things")["hint"]["text"] == "None left then: flipcharts."


async def test_the_edit_form_shows_and_changes_rooms_and_equipment(firm: Firm):
    thing = await lends(firm, "Projector on wheels", 2)
    more = (firm.rooms["Big Ben"].id,)
    booking = await firm.booked("Apollo", new_york(14), more_room_ids=more, equipment=((thing.id, 1),))
    view = await _editing(firm)
    assert state(view, "more_rooms") == [str(firm.rooms["Big Ben"].id)]
    assert state(view, "things") == [f"{thing.id}:1"]
    assert [one["description"]["text"] for one in element(view, "things")["options"]] == ["2 of 2 left then"] * 2

    await send(firm, BEN, view, more_rooms=[str(firm.rooms["Corner"].id)], things=[f"{thing.id}:1", f"{thing.id}:2"])

    changed = await firm.services.bookings.get(booking.id)
    assert (names(changed), along(changed)) == (["Apollo", "Corner"], [("Projector on wheels", 2)])
    told = words(await top(firm, BEN))
    assert "Apollo + Big Ben Apollo + Corner" in told
    assert "with a projector on wheels with 2 projectors on wheels" in told


async def _editing(firm: Firm) -> dict[str, Any]:
    listed = await firm.say(BEN, "/book mine")
    await firm.press(BEN, listed, "Edit")
    return await top(firm, BEN, "edit")


async def test_what_the_edit_form_leaves_alone_stays(firm: Firm):
    thing = await lends(firm, "Flipchart", 1)
    more = (firm.rooms["Big Ben"].id,)
    booking = await firm.booked("Apollo", new_york(14), more_room_ids=more, equipment=((thing.id, 1),))

    await send(firm, BEN, await _editing(firm), title="Renamed", time="15:00")

    changed = await firm.services.bookings.get(booking.id)
    assert (names(changed), along(changed)) == (["Apollo", "Big Ben"], [("Flipchart", 1)])
    assert (changed.title, changed.slot) == ("Renamed", new_york(15))


# -- names and limits --------------------------------------------------------------------------------------------------


async def test_hostile_names_arrive_as_the_characters_that_were_typed(firm: Firm):
    await hall(firm, name=HOSTILE, parts=(f"{HOSTILE} 1", f"{HOSTILE} 2"))
    thing = await lends(firm, HOSTILE, 2)
    whole, corner = firm.rooms[HOSTILE], firm.rooms["Corner"]
    asked = Wish(slot=new_york(14), room_id=whole.id, more_room_ids=(corner.id,), equipment=((thing.id, 2),))
    await firm.services.bookings.book(asked, by=await firm.actor(BEN))

    for line in ("/book mine", "/book rooms"):
        answer = await firm.say(BEN, line)
        assert HOSTILE in words(answer)
        assert "<!channel>" not in answer["text"]
        assert "<@U0ANA>" not in answer["text"]

    view = await _editing(firm)
    assert state(view, "things") == [f"{thing.id}:2"]


async def test_many_rooms_and_much_equipment_stay_within_slacks_limits(firm: Firm):
    rows = [
        RoomRow(name=f"Room number {n:03} with quite a long name", location="New York", zone="America/New_York", capacity=5)
        for n in range(120)
    ]
    await Rooms(firm.db, firm.services.catalogues).import_rows(rows)
    for n in range(15):
        await lends(firm, f"Thing {n} on wheels with a name that is rather long for what it is", 20)
    await refreshed(firm)
    first, *more = [room for name, room in firm.rooms.items() if name.startswith("Room number")][:20]
    things = tuple((one.id, 3) for one in (await firm.services.catalogues.current()).equipment)
    asked = Wish(slot=new_york(14), room_id=first.id, more_room_ids=tuple(one.id for one in more), equipment=things)
    booking = await firm.services.bookings.book(asked, by=await firm.actor(BEN))

    listed = words(await firm.say(BEN, "/book mine"))
    view = await _editing(firm)

    assert "+ 14 more" in listed
    assert (len(state(view, "more_rooms")), len(state(view, "things"))) == (19, 15)
    await send(firm, BEN, view, title="Still all of it")
    changed = await firm.services.bookings.get(booking.id)
    assert (len(changed.rooms), len(changed.equipment), changed.title) == (20, 15, "Still all of it")
    cancelled = await firm.press(BEN, await firm.say(BEN, "/book mine"), "Cancel booking")
    assert "is cancelled" in words(cancelled)


@pytest.mark.parametrize("room", ["Apollo", "Big Ben"])
async def test_each_room_of_a_booking_is_held(firm: Firm, room: str):
    await firm.say(BEN, WITH_BOTH)

    with pytest.raises(SlotTaken):
        await firm.booked(room, new_york(14), by=ANA)


# -- what others are told ----------------------------------------------------------------------------------------------


@pytest.fixture
async def teller(firm: Firm) -> Teller:
    """Somebody who tells what is to be told."""
    return Teller(firm)


async def test_the_channels_card_names_all_rooms_and_what_comes_along(firm: Firm, teller: Teller):
    thing = await lends(firm, "Flipchart", 1)
    await teller.subscribe()
    wish = {"title": "All hands", "more_room_ids": (firm.rooms["Big Ben"].id,), "equipment": ((thing.id, 1),)}
    booking = await firm.booked("Apollo", new_york(14), **wish)
    await teller.tell()

    (card,) = await teller.cards()

    assert words(card).startswith("✅ All hands · Apollo + Big Ben · Wed 25 Nov, 14:00-15:00 (New York) · @ben")
    assert words(card).endswith("With a flipchart")

    boss = await firm.actor(BEN)
    change = Change(more_room_ids=(firm.rooms["Corner"].id,))
    await firm.services.bookings.change(booking.id, change, version=booking.version, by=boss)
    await teller.tell()

    (card,) = await teller.cards()
    assert card["text"].startswith("✏️ All hands · (was Apollo + Big Ben) Apollo + Corner · Wed 25 Nov")


async def test_who_is_invited_reads_all_rooms_and_what_comes_along(firm: Firm, teller: Teller):
    thing = await lends(firm, "Flipchart", 2)
    ana = (await firm.actor(ANA)).person_id
    wish = {"title": "All hands", "more_room_ids": (firm.rooms["Big Ben"].id,), "equipment": ((thing.id, 2),)}
    booking = await firm.booked("Apollo", new_york(14), invitees=(ana,), attendees_count=2, **wish)
    await teller.tell()

    (invitation,) = await teller.direct(ANA)
    reminder = await teller.send(Notice.REMINDER, booking, ANA)

    assert "invites you to All hands in Apollo + Big Ben: Wed 25 Nov, 14:00-15:00 (New York)" in words(invitation)
    assert "with 2 flipcharts" in words(invitation)
    assert "in Apollo + Big Ben (3rd floor)." in words(reminder)
    assert "with 2 flipcharts" in words(reminder)


async def test_a_room_found_by_searching_comes_with_the_equipment_that_was_asked_for(firm: Firm):
    await lends(firm, "Flipchart", 1)
    view = await form(firm, BEN, "search", text="/book find tomorrow 2pm for 10 with a flipchart")

    await push(firm, BEN, view, "book_result:1" if "book_result:1" in json.dumps(view) else "book_result")

    (booking,) = await firm.mine(BEN)
    assert along(booking) == [("Flipchart", 1)]


# -- another room for one of several -----------------------------------------------------------------------------------


async def test_of_several_rooms_one_is_chosen_before_another_takes_its_place(firm: Firm):
    await firm.say(BEN, '/book apollo and corner tomorrow 2pm for 1h for 6 "All hands"')
    answer = await firm.say(BEN, "/book move all hands to another room")
    assert words(answer) == "Apollo + Corner tomorrow 14:00-15:00: which is to be another room?"
    assert labels(answer) == ["Apollo", "Corner", "Keep both"]

    answer = await firm.press(BEN, answer, "Corner")
    assert words(answer) == "Free tomorrow 14:00-15:00 instead of Corner; Apollo stays:"
    assert labels(answer) == ["Big Ben (seats 12)", "Boardroom (seats 20)", "Keep both"]

    done = await firm.press(BEN, answer, "Big Ben (seats 12)")
    assert words(done).startswith("✏️ All hands · Apollo + Corner Apollo + Big Ben · Wed 25 Nov, 14:00-15:00 (New York)")
    (booking,) = await firm.mine(BEN)
    assert names(booking) == ["Apollo", "Big Ben"]


async def test_the_button_other_room_asks_for_the_first_of_several_as_well(firm: Firm):
    answer = await firm.say(BEN, WITH_BOTH)
    answer = await firm.press(BEN, answer, "Other room")
    answer = await firm.press(BEN, answer, "Apollo")

    assert "Apollo (seats 8)" not in labels(answer)
    await firm.press(BEN, answer, "Corner (seats 4)")

    (booking,) = await firm.mine(BEN)
    assert names(booking) == ["Corner", "Big Ben"]


async def test_a_room_that_is_named_takes_the_place_of_the_one_that_is_chosen(firm: Firm):
    await firm.say(BEN, '/book apollo and big ben tomorrow 2pm for 1h "All hands"')

    answer = await firm.say(BEN, "/book move all hands to corner at 3pm")
    assert words(answer) == "Apollo + Big Ben tomorrow 14:00-15:00: Corner instead of which?"
    assert labels(answer) == ["Apollo", "Big Ben", "Keep both"]
    await firm.press(BEN, answer, "Big Ben")

    (booking,) = await firm.mine(BEN)
    assert (names(booking), booking.slot) == (["Apollo", "Corner"], new_york(15))


async def test_a_room_that_the_booking_has_already_is_said_so(firm: Firm):
    await firm.say(BEN, '/book apollo and big ben tomorrow 2pm for 1h "All hands"')

    answer = await firm.say(BEN, "/book move all hands to big ben")

    assert words(answer) == "Apollo + Big Ben tomorrow 14:00-15:00: it has Big Ben already."
    assert labels(answer) == ["Edit", "Other room"]


async def test_another_time_keeps_all_rooms(firm: Firm):
    await firm.say(BEN, '/book apollo and big ben tomorrow 2pm for 1h for 18 "All hands"')

    await firm.say(BEN, "/book move all hands to 4pm")

    (booking,) = await firm.mine(BEN)
    assert (names(booking), booking.slot) == (["Apollo", "Big Ben"], new_york(16))


async def test_a_time_at_which_one_of_the_rooms_is_taken_offers_others_with_all_rooms(firm: Firm):
    await firm.say(BEN, '/book apollo and big ben tomorrow 2pm for 1h for 18 "All hands"')
    await firm.booked("Big Ben", new_york(16), by=ANA)

    refusal = await firm.say(BEN, "/book move all hands to 4pm")
    assert words(refusal).startswith("Big Ben is taken tomorrow 16:00-17:00")
    offered = next(label for label in labels(refusal) if label.startswith("Apollo + Big Ben "))
    await firm.press(BEN, refusal, offered)

    (booking,) = await firm.mine(BEN)
    assert names(booking) == ["Apollo", "Big Ben"]
    assert booking.slot != new_york(14)


async def test_when_nothing_else_is_free_all_rooms_stay(firm: Firm):
    await firm.say(BEN, '/book apollo and big ben tomorrow 2pm for 1h "All hands"')
    for room in ("Boardroom", "Corner"):
        await firm.booked(room, new_york(14), by=ANA)

    answer = await firm.say(BEN, "/book move all hands to another room")
    answer = await firm.press(BEN, answer, "Apollo")

    assert words(answer) == "No other room that fits is free tomorrow 14:00-15:00 instead of Apollo."
    assert labels(answer) == ["Edit", "Keep both"]


async def test_the_forms_first_room_is_exchanged_and_the_further_ones_stay(firm: Firm):
    answer = await firm.say(BEN, WITH_BOTH)
    await firm.press(BEN, answer, "Edit")
    view = await top(firm, BEN)

    await send(firm, BEN, view, room=str(firm.rooms["Corner"].id))

    (booking,) = await firm.mine(BEN)
    assert names(booking) == ["Corner", "Big Ben"]
