"""`/book room …` from the typed line to the committed row and the answer."""

import pytest

from core.rooms import RoomRow, Rooms
from tests.handlers.firm import ANA, BEN, CHLOE, DEEPA, GUEST, NOW, Firm, labels, new_york, opened, utc, words


async def test_a_sentence_books_the_smallest_room_that_fits(firm: Firm):
    answer = await firm.say(BEN, "/book room tomorrow 2-3:30pm for 6 with projector")

    assert words(answer).startswith(
        "✅ Apollo is yours: tomorrow, Wed 25 Nov, 14:00-15:30 (New York)\nseats 8 · projector, whiteboard · 3rd floor"
    )
    assert labels(answer)[-5:] == ["Edit", "Invite people", "Other room", "Tell the channel", "Cancel booking"]
    assert answer["ephemeral"]
    (booking,) = await firm.mine(BEN)
    assert (booking.room.name, booking.slot, booking.attendees_count) == ("Apollo", new_york(14, minutes=90), 6)


@pytest.mark.parametrize(
    "line",
    [
        "/book tomorrow 2pm for 1h",  # without "room"
        "/book   ROOM   tomorrow 2pm for 1h  ",  # capitals, spaces
        "/book /room tomorrow 2pm for 1h",  # a slash too many
        "/book book tomorrow 2pm for 1h",  # the command's name once more
        "/book romo tomorrow 2pm for 1h",  # a slip
        "/book a room tomorrow 2pm for 1h",  # as one says it
    ],
)
async def test_slips_around_the_sentence_are_tolerated(firm: Firm, line: str):
    answer = await firm.say(BEN, line)

    assert words(answer).startswith("✅ Corner is yours: tomorrow, Wed 25 Nov, 14:00-15:00 (New York)")


async def test_the_fallback_says_the_same_aloud(firm: Firm):
    answer = await firm.say(BEN, '/book room apollo tomorrow 2pm for 1h "R&D <b>"')

    assert answer["text"].splitlines()[0] == "✅ Apollo is yours: tomorrow, Wed 25 Nov, 14:00-15:00 (New York)"
    assert '"R&amp;D &lt;b&gt;"' in answer["text"]


async def test_a_title_arrives_as_the_characters_that_were_typed(firm: Firm):
    answer = await firm.say(BEN, '/book room apollo tomorrow 2pm "<!channel> *x* &amp; _y_ `z`"')

    assert '"<!channel> *x* &amp; _y_ `z`"' in words(answer)
    texts = [
        part
        for block in answer["blocks"]
        if block["type"] == "rich_text"
        for part in block["elements"][0]["elements"]
        if "channel" in part.get("text", "")
    ]
    assert texts == [{"type": "text", "text": '"<!channel> *x* &amp; _y_ `z`"'}]
    assert "<!channel>" not in answer["text"]


async def test_mentioned_people_are_invited_and_counted(firm: Firm):
    answer = await firm.say(BEN, "/book room tomorrow 2pm for 1h with @ana @deepa")

    assert f"with @{ANA}, @{DEEPA}" in words(answer)
    (booking,) = await firm.mine(DEEPA)
    assert booking.attendees_count == 3
    assert [person.name for person in booking.attendees] == ["Ana Duarte", "deepa"]


async def test_a_mention_of_nobody_is_refused_with_a_way_out(firm: Firm):
    refusal = await firm.say(BEN, "/book room tomorrow 2pm for 1h with <@U0NOBODY|nobody>")

    assert words(refusal) == "Slack knows nobody with the id U0NOBODY here."
    answer = await firm.press(BEN, refusal, "Book without inviting")
    assert words(answer).startswith("✅ Corner is yours")


async def test_the_readers_own_clock_is_told_where_it_differs(firm: Firm):
    answer = await firm.say(CHLOE, "/book room in New York tomorrow 2-3:30pm")

    assert "tomorrow, Wed 25 Nov, 14:00-15:30 (New York; 20:00-21:30 for you)" in words(answer)


async def test_times_are_read_at_the_place_that_is_meant(firm: Firm):
    await firm.say(CHLOE, "/book room tomorrow 2-3pm")

    (booking,) = await firm.mine(CHLOE)
    assert (booking.location.name, booking.start) == ("Berlin", utc(13))


async def test_who_is_between_places_is_asked_once_and_remembered(database: object):
    async with opened(database, zones={BEN: "Europe/London"}) as firm:
        question = await firm.say(BEN, "/book room tomorrow 2-3pm")
        assert labels(question) == ["Berlin", "New York"]
        assert await firm.mine(BEN) == ()

        answer = await firm.press(BEN, question, "New York")
        assert words(answer).startswith(
            "✅ Corner is yours: tomorrow, Wed 25 Nov, 14:00-15:00 (New York; 19:00-20:00 for you)"
        )
        assert answer["ts"] == question["ts"]

        again = await firm.say(BEN, "/book room friday 2-3pm")
        assert "(New York; 19:00-20:00 for you)" in words(again)


# -- what was assumed ---------------------------------------------------------------------------------------------------


async def test_an_assumed_length_is_said_and_can_be_changed_without_a_second_booking(firm: Firm):
    answer = await firm.say(BEN, '/book room apollo tomorrow 2pm "Review"')
    assert "30 minutes, since you gave no end" in words(answer)

    changed = await firm.press(BEN, answer, "1 hour")

    assert "✏️ Review · Apollo · Wed 25 Nov, 14:00-14:30 14:00-15:00 (New York)" in words(changed)
    (booking,) = await firm.mine(BEN)
    assert (booking.slot, booking.title, booking.room.name) == (new_york(14), "Review", "Apollo")


async def test_a_longer_reading_takes_another_room_when_its_own_is_taken(firm: Firm):
    await firm.booked("Corner", new_york(14, 30), by=ANA)
    answer = await firm.say(BEN, "/book room tomorrow 2pm")
    assert "Corner is yours" in words(answer)

    changed = await firm.press(BEN, answer, "1 hour")

    assert "✏️ Corner Apollo · Wed 25 Nov, 14:00-14:30 14:00-15:00" in words(changed)
    (booking,) = await firm.mine(BEN)
    assert (booking.room.name, booking.slot) == ("Apollo", new_york(14))


async def test_a_longer_reading_that_fits_nowhere_is_refused_and_the_booking_stays(firm: Firm):
    for room in ("Corner", "Apollo", "Big Ben", "Boardroom"):
        await firm.booked(room, new_york(14, 30), by=ANA)
    answer = await firm.say(BEN, "/book room tomorrow 2pm")

    refusal = await firm.press(BEN, answer, "1 hour")

    assert words(refusal).startswith("Corner is taken tomorrow 14:30-15:30")
    (booking,) = await firm.mine(BEN)
    assert booking.slot == new_york(14, minutes=30)
    moved = await firm.press(BEN, refusal, "Corner 13:30-14:30")
    assert "13:30-14:30" in words(moved)
    assert len(await firm.mine(BEN)) == 1


# -- refusals -----------------------------------------------------------------------------------------------------------


async def test_a_room_that_is_being_cleared_says_why_another_time_is_in_the_way(firm: Firm):
    boardroom = firm.rooms["Boardroom"]
    row = RoomRow(
        name="Boardroom", capacity=20, location="New York", zone="America/New_York", floor="5",
        amenities=boardroom.amenities, setup_minutes=15, teardown_minutes=15,
    )  # fmt: skip
    await Rooms(firm.db, firm.services.catalogues).import_rows([row])
    await firm.booked("Boardroom", new_york(13), by=ANA, title="Board prep")

    refusal = await firm.say(BEN, "/book boardroom tomorrow 2-3pm")

    assert words(refusal) == (
        'Boardroom is taken tomorrow 13:00-14:00 (New York; "Board prep", @U0ANA), and needs 30 minutes between meetings.'
    )
    assert "Boardroom 14:30-15:30" in labels(refusal)


async def test_a_taken_room_is_refused_with_ways_out_that_book_at_once(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=ANA, title="Design review")

    refusal = await firm.say(BEN, '/book room apollo tomorrow 2pm for 1h "Retro"')

    assert words(refusal) == 'Apollo is taken tomorrow 14:00-15:00 (New York; "Design review", @U0ANA).'
    assert labels(refusal) == [
        "Big Ben 14:00-15:00",
        "Boardroom 14:00-15:00",
        "Corner 14:00-15:00",
        "Apollo 13:00-14:00",
        "Apollo 15:00-16:00",
        "Tell me when it frees",
        "More…",
    ]
    answer = await firm.press(BEN, refusal, "Apollo 15:00-16:00")
    assert answer["ts"] == refusal["ts"]
    assert words(answer).startswith("✅ Apollo is yours: tomorrow, Wed 25 Nov, 15:00-16:00 (New York)")
    (booking,) = await firm.mine(BEN)
    assert booking.title == "Retro"


async def test_a_private_booking_in_the_way_gives_nothing_away(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=ANA, title="Layoffs", private=True)

    refusal = await firm.say(BEN, "/book room apollo tomorrow 2pm for 1h")

    assert words(refusal) == "Apollo is taken tomorrow 14:00-15:00 (New York; Busy)."
    entry = [one for one in firm.running.log() if one["kind"] == "delivery"][-1]
    assert "Layoffs" not in str(entry["ack"])
    assert ANA not in str(entry["ack"])


async def test_when_all_rooms_are_taken_other_times_are_offered_on_both_clocks(firm: Firm):
    for room in ("Kiez", "Spree"):
        await firm.booked(room, new_york(9), by=ANA)

    refusal = await firm.say(BEN, "/book room tomorrow 15:00-16:00 in Berlin")

    assert words(refusal) == (
        "Both rooms in Berlin for 1 person are taken tomorrow 15:00-16:00. That is 09:00-10:00 for you."
    )
    answer = await firm.press(BEN, refusal, "Kiez 16:00-17:00")
    assert words(answer).startswith("✅ Kiez is yours: tomorrow, Wed 25 Nov, 16:00-17:00 (Berlin; 10:00-11:00 for you)")


async def test_ones_own_booking_in_the_way_is_called_ones_own(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=BEN, title="Retro")
    firm.clock.set(NOW.replace(minute=30))

    refusal = await firm.say(BEN, "/book room apollo tomorrow 2pm for 1h")

    assert words(refusal) == 'Apollo is taken tomorrow 14:00-15:00 (New York; "Retro", yours).'


async def test_more_opens_the_search_with_the_same_wish(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=ANA)
    refusal = await firm.say(BEN, "/book room apollo tomorrow 2pm for 1h")

    await firm.press(BEN, refusal, "More…")

    view = await firm.slack.wait_for_view(BEN, callback_id="search")
    assert "2026-11-25" in str(view["blocks"])


async def test_a_room_that_lacks_something_is_offered_anyway(firm: Firm):
    refusal = await firm.say(BEN, "/book room corner tomorrow 2pm for 1h with projector")
    assert words(refusal) == "Corner has no projector."

    answer = await firm.press(BEN, refusal, "Corner 14:00-15:00 anyway")

    assert words(answer).startswith("✅ Corner is yours")


@pytest.mark.parametrize(
    ("line", "said", "ways_out"),
    [
        ("/book room tomorrow 2pm for 40 people", "No room in New York seats 40; the largest, Boardroom, seats 20.", 2),
        ("/book room friday 2pm with catering in Berlin", "No room in Berlin has catering.", 2),
        ("/book room apollo tomorrow 2pm for 9 people", "Apollo seats 8; you asked for 9 people.", 3),
        ("/book room apollo 2028-11-24 14:00", "Apollo can be booked 365 days ahead, until Wed 24 Nov 2027.", 2),
        ("/book room apollo for the team", "When should it start?", 4),
        ("/book room 2026-11-23 14:00", "gone by", 1),
        ("/book room in Berlin 2027-03-28 02:30", "The next time is 03:00", 2),
        ("/book room " + "x" * 10_000, "500", 1),
        ("/book room \N{GRINNING FACE}\N{GRINNING FACE}", "When should it start?", 4),
        ("/book room '; DROP TABLE bookings; --", "?", 1),
        ("/book room tomorrow 2pm in Paris", "Paris", 1),
    ],
)
async def test_what_cannot_be_booked_is_told_in_a_sentence_with_ways_out(firm: Firm, line: str, said: str, ways_out: int):
    refusal = await firm.say(BEN, line)

    assert said in words(refusal)
    assert len(labels(refusal)) >= ways_out
    assert await firm.mine(BEN) == ()


async def test_an_answer_to_a_question_books_at_once(firm: Firm):
    question = await firm.say(BEN, "/book room apollo for the team")

    answer = await firm.press(BEN, question, "Tomorrow 10:00")

    assert words(answer).startswith("✅ Apollo is yours: tomorrow, Wed 25 Nov, 10:00-10:30")


async def test_guests_are_refused_in_a_sentence(firm: Firm):
    refusal = await firm.say(GUEST, "/book room apollo tomorrow 2pm")

    assert words(refusal) == "Guests cannot book Apollo. Ask a colleague to book it for you."
    assert labels(refusal) == []


async def test_of_a_repeating_booking_one_can_take_only_the_first(firm: Firm):
    question = await firm.say(BEN, "/book room apollo every monday 10-11am for 4 weeks")
    assert "Every Monday, 10:00-11:00 (New York), 4 dates until Mon 21 Dec: Apollo" in words(question)
    assert await firm.mine(BEN) == ()

    answer = await firm.press(BEN, question, "Only the first")

    assert words(answer).startswith("✅ Apollo is yours: Mon 30 Nov, 10:00-11:00 (New York)")
    assert len(await firm.mine(BEN)) == 1


# -- the same again -----------------------------------------------------------------------------------------------------


async def test_the_same_sentence_within_a_minute_shows_the_booking(firm: Firm):
    await firm.say(BEN, "/book room tomorrow 2pm for 1h")

    again = await firm.say(BEN, "/book room tomorrow 2pm for 1h")

    assert words(again).startswith("You booked this a moment ago: Corner, tomorrow, Wed 25 Nov, 14:00-15:00 (New York).")
    assert len(await firm.mine(BEN)) == 1
    answer = await firm.press(BEN, again, "Book another room")
    assert words(answer).startswith("✅ Apollo is yours")
    assert len(await firm.mine(BEN)) == 2


async def test_a_command_that_arrives_twice_books_once_and_answers_both_alike(firm: Firm):
    await firm.slack.faults(repeat_deliveries=1)

    await firm.say(BEN, "/book room tomorrow 2pm for 1h")

    deliveries = [entry for entry in firm.running.log() if entry["kind"] == "delivery"]
    assert len(deliveries) == 2
    assert deliveries[0]["ack"] == deliveries[1]["ack"]
    assert "Corner is yours" in deliveries[0]["ack"]["text"]
    assert len(await firm.mine(BEN)) == 1


async def test_a_second_click_on_a_used_button_gives_the_same_answer(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=ANA)
    refusal = await firm.say(BEN, "/book room apollo tomorrow 2pm for 1h")
    action, value = next(
        (one["action_id"], one["value"])
        for block in refusal["blocks"]
        if block["type"] == "actions"
        for one in block["elements"]
        if one["text"]["text"] == "Apollo 15:00-16:00"
    )

    for _ in range(2):
        assert await firm.deliver(firm.click_of(BEN, action, value)) == 200

    first, second = firm.answers
    assert first == second
    assert "Apollo is yours" in first["text"]
    assert len(await firm.mine(BEN)) == 1


async def test_a_button_of_yesterday_says_that_the_time_is_over(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=ANA)
    refusal = await firm.say(BEN, "/book room apollo tomorrow 2pm for 1h")
    firm.clock.set(utc(15, day=26))

    late = await firm.press(BEN, refusal, "Apollo 15:00-16:00")

    assert words(late) == "Wed 25 Nov, 15:00 is over; it is 10:00 in New York."
    assert labels(late) == ["Pick another time", "Find a room"]
    await firm.press(BEN, late, "Pick another time")
    form = await firm.slack.wait_for_view(BEN, callback_id="book")
    assert "2026-11-26" in str(form["blocks"])


@pytest.mark.parametrize(
    "line",
    [
        "room tomorrow 2pm for 10000 people",
        "room tomorrow 2pm with catering for 5 in Berlin",
        f'corner tomorrow 2pm "{"y" * 250}"',
    ],
)
async def test_what_no_other_time_mends_is_not_answered_with_another_time(firm: Firm, line: str):
    refusal = await firm.say(BEN, f"/book {line}")

    assert labels(refusal) == ["Change it", "Find a room"]
    await firm.press(BEN, refusal, "Change it")
    assert await firm.slack.wait_for_view(BEN, callback_id="book")


async def test_after_the_cutoff_no_button_leads_to_the_same_refusal(firm: Firm):
    booked = await firm.say(BEN, "/book corner tomorrow 2pm for 1h")
    await Rooms(firm.db, firm.services.catalogues).set_policy(cutoff_on=True, cutoff_from="10:00")

    closed = "Bookings in New York close at 10:00 for the day. Try again tomorrow, or ask an admin."
    for line in ("apollo tomorrow 2pm", "room tomorrow 2pm", "move corner to 3pm"):
        refusal = await firm.say(BEN, f"/book {line}")
        assert (words(refusal), labels(refusal)) == (closed, [])
    # Who may go on, goes on; what is booked can still be given back.
    assert words(await firm.say(ANA, "/book apollo tomorrow 2pm")).startswith("✅ Apollo is yours")
    assert words(await firm.press(BEN, booked, "Cancel booking")).endswith("is cancelled.")


async def test_an_empty_workspace_says_how_rooms_come_into_it(empty_firm: Firm):
    for line in ("/book room tomorrow 2pm", "/book tomorrow 2pm", "/book find", "/book rooms", "/book help"):
        answer = await empty_firm.say(ANA, line)
        assert words(answer).startswith("There are no rooms yet.")
        assert labels(answer) == ["Set up rooms"]
        answer = await empty_firm.say(BEN, line)
        assert words(answer).startswith("There are no rooms yet.")
        assert labels(answer) == []
    assert "No bookings ahead" in words(await empty_firm.say(BEN, "/book mine"))
