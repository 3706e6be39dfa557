"""`/book mine`, `/book cancel`, `/book rooms`, `/book help`, and words that are nearly a command."""

from datetime import date, timedelta

import pytest

from core.models import Right, Slot
from handlers.drafts import DayOfRoom
from tests.handlers.firm import ANA, BEN, DEEPA, NOW, Firm, labels, new_york, utc, words


async def test_ones_bookings_are_listed_soonest_first_with_what_one_can_do(firm: Firm):
    deepa = (await firm.actor(DEEPA)).person_id
    await firm.booked("Apollo", new_york(14), by=BEN, title="Retro", invitees=(deepa,))
    await firm.booked("Corner", new_york(9), by=BEN, private=True)
    await firm.booked("Big Ben", new_york(10), by=ANA)

    answer = await firm.say(BEN, "/book mine")
    assert words(answer) == (
        "Your bookings\n"
        "Tomorrow, Wed 25 Nov, 09:00-10:00 (New York)\nCorner · seats 4 · tv · 2nd floor\nprivate\n"
        "Tomorrow, Wed 25 Nov, 14:00-15:00 (New York)\nApollo · seats 8 · projector, whiteboard · 3rd floor\n"
        '"Retro" · with @U0DEEPA'
    )
    assert labels(answer) == ["Edit", "Cancel booking"] * 2

    attended = await firm.say(DEEPA, "/book mine")
    assert words(attended).endswith('\n"Retro" · booked by @U0BEN')
    assert labels(attended) == ["Going", "Can't"]


async def test_who_is_invited_answers_in_the_list_and_keeps_it(firm: Firm):
    deepa = (await firm.actor(DEEPA)).person_id
    booked = await firm.booked("Apollo", new_york(14), by=BEN, title="Retro", invitees=(deepa,), attendees_count=2)
    await firm.booked("Corner", new_york(9), by=DEEPA)
    listed = await firm.say(DEEPA, "/book mine")
    assert labels(listed) == ["Edit", "Cancel booking", "Going", "Can't"]

    coming = await firm.press(DEEPA, listed, "Going")
    assert coming["ts"] == listed["ts"]
    assert words(coming).startswith("✅ You are going to Retro, Wed 25 Nov, 14:00-15:00.\nYour bookings\n")
    assert words(coming).endswith('"Retro" · booked by @U0BEN\nYou are going')
    assert labels(coming) == ["Edit", "Cancel booking", "Can't"]

    away = await firm.press(DEEPA, coming, "Can't")
    assert words(away).startswith("❌ You cannot come to Retro, Wed 25 Nov, 14:00-15:00.\n")
    assert words(away).endswith("\nYou cannot come")
    assert labels(away) == ["Edit", "Cancel booking", "Going"]
    assert (await firm.services.bookings.get(booked.id)).attendees_count == 1


async def test_an_answer_to_a_meeting_without_a_title_names_whose_it_is(firm: Firm):
    deepa = (await firm.actor(DEEPA)).person_id
    await firm.booked("Apollo", new_york(14), by=BEN, invitees=(deepa,), attendees_count=2)

    away = await firm.press(DEEPA, await firm.say(DEEPA, "/book mine"), "Can't")

    assert words(away).startswith("❌ You cannot come to @U0BEN's meeting, Wed 25 Nov, 14:00-15:00.\n")


async def test_whoever_may_change_what_they_are_invited_to_ends_it_from_the_list(firm: Firm):
    deepa = (await firm.actor(DEEPA)).person_id
    await firm.booked("Apollo", new_york(11, day=24), by=BEN, invitees=(deepa,), shared=True, attendees_count=2)
    firm.clock.advance(timedelta(minutes=60))

    assert labels(await firm.say(DEEPA, "/book mine")) == ["Going", "Can't", "Edit", "End early"]


async def test_a_meeting_under_way_is_ended_in_the_list_not_cancelled(firm: Firm):
    await firm.booked("Corner", new_york(11, day=24), by=BEN)
    await firm.booked("Apollo", new_york(14), by=BEN)
    firm.clock.advance(timedelta(minutes=60))
    listed = await firm.say(BEN, "/book mine")
    assert labels(listed) == ["Edit", "End early", "Edit", "Cancel booking"]

    left = await firm.press(BEN, listed, "End early")

    assert left["ts"] == listed["ts"]
    ended, title, ahead, *_ = words(left).split("\n")
    assert ended == "🔓 Ended at 11:07. Corner (2nd floor) is free for others until 12:00."
    assert (title, ahead) == ("Your bookings", "Tomorrow, Wed 25 Nov, 14:00-15:00 (New York)")
    assert labels(left) == ["Undo", "Edit", "Cancel booking"]


async def test_cancelling_in_the_list_leaves_the_rest_of_it(firm: Firm):
    await firm.booked("Corner", new_york(9), by=BEN)
    await firm.booked("Apollo", new_york(14), by=BEN)
    listed = await firm.say(BEN, "/book mine")

    left = await firm.press(BEN, listed, "Cancel booking")

    assert left["ts"] == listed["ts"]
    assert words(left).startswith("❌ Corner, Wed 25 Nov, 09:00-10:00 (New York) is cancelled.\nYour bookings\nTomorrow")
    assert labels(left) == ["Undo", "Edit", "Cancel booking"]
    last = await firm.press(BEN, left, "Cancel booking")
    assert "No bookings ahead." in words(last)
    assert labels(last) == ["Undo", "Book a room", "Find a room"]


async def test_a_long_list_is_turned_page_by_page(firm: Firm):
    for day in range(25, 30):
        await firm.booked("Corner", new_york(9, day=day), by=BEN)
        await firm.booked("Corner", new_york(14, day=day), by=BEN)

    first = await firm.say(BEN, "/book mine")
    assert labels(first)[-1] == "More"
    assert labels(first).count("Edit") == 8

    second = await firm.press(BEN, first, "More")
    assert labels(second) == ["Edit", "Cancel booking"] * 2 + ["Earlier"]
    assert "Sun 29 Nov" in words(second)
    assert labels(await firm.press(BEN, second, "Earlier")) == labels(first)


@pytest.mark.parametrize("value", ["", "-1", "1e9", "x", "²", "99999", "9" * 30])
async def test_a_page_that_nobody_offered_is_the_first_or_last(firm: Firm, value: str):
    await firm.booked("Corner", new_york(9), by=BEN)

    await firm.deliver(firm.click_of(BEN, "page_mine:2", value))

    assert "Corner" in firm.answers[0]["text"]


async def test_no_bookings_is_an_invitation(firm: Firm):
    answer = await firm.say(BEN, "/book mine")

    assert words(answer) == "No bookings ahead. Try /book room tomorrow 10am for 4, or"
    await firm.press(BEN, answer, "Book a room")
    assert await firm.slack.wait_for_view(BEN, callback_id="book")


@pytest.mark.parametrize("line", ["", "corner", "retro", "the retro meeting", "tomorrow 2pm", "tomorrow", "corner tomorrow"])
async def test_the_only_booking_meant_is_cancelled_at_once(firm: Firm, line: str):
    await firm.booked("Corner", new_york(14), by=BEN, title="Retro")

    answer = await firm.say(BEN, f"/book cancel {line}")

    assert words(answer) == "❌ Retro in Corner, Wed 25 Nov, 14:00-15:00 (New York) is cancelled."
    assert await firm.mine(BEN) == ()
    await firm.press(BEN, answer, "Undo")
    assert len(await firm.mine(BEN)) == 1


async def test_of_several_bookings_one_is_asked_for(firm: Firm):
    await firm.booked("Corner", new_york(14), by=BEN, title="Retro")
    await firm.booked("Corner", new_york(14, day=26), by=BEN)

    question = await firm.say(BEN, "/book cancel corner")
    assert labels(question) == ["Retro, Corner tomorrow 14:00-15:00", "Corner Thu 26 Nov 14:00-15:00", "None"]

    answer = await firm.press(BEN, question, "Corner Thu 26 Nov 14:00-15:00")
    assert words(answer).startswith("❌ Corner, Thu 26 Nov")
    (left,) = await firm.mine(BEN)
    assert left.title == "Retro"


async def test_an_hour_that_only_fits_another_day_is_asked_about_before_it_is_cancelled(firm: Firm):
    await firm.booked("Corner", new_york(14, day=27), by=BEN)

    question = await firm.say(BEN, "/book cancel 2pm")

    assert labels(question) == ["Corner Fri 27 Nov 14:00-15:00", "None"]
    assert len(await firm.mine(BEN)) == 1


@pytest.mark.parametrize("line", ['"<!channel>" &c', "zeppelin", "big ben", "friday", "for 6 people", "x" * 10_000])
async def test_words_that_mean_no_booking_cancel_nothing(firm: Firm, line: str):
    await firm.booked("Corner", new_york(14), by=BEN)

    question = await firm.say(BEN, f"/book cancel {line}")

    assert words(question).startswith(f'None of your bookings is "{line[:20]}')
    assert labels(question) == ["Corner tomorrow 14:00-15:00", "None"]
    assert len(await firm.mine(BEN)) == 1


async def test_a_day_with_a_name_that_its_booking_does_not_bear_is_asked_about(firm: Firm):
    await firm.booked("Corner", new_york(14), by=BEN, title="Retro")

    question = await firm.say(BEN, "/book cancel budget tomorrow")

    assert labels(question) == ["Retro, Corner tomorrow 14:00-15:00", "None"]
    assert len(await firm.mine(BEN)) == 1


async def test_what_one_only_attends_is_not_ones_own_to_cancel(firm: Firm):
    deepa = (await firm.actor(DEEPA)).person_id
    await firm.booked("Corner", new_york(14), by=BEN, invitees=(deepa,))

    answer = await firm.say(DEEPA, "/book cancel corner")

    assert words(answer).startswith("No bookings ahead.")
    assert len(await firm.mine(BEN)) == 1


async def test_rooms_are_listed_by_place_with_what_they_are_now(firm: Firm):
    later = Slot(start=utc(17, day=24), end=utc(18, day=24))
    await firm.booked("Apollo", Slot(start=NOW, end=utc(16, 30, day=24)), by=ANA)
    await firm.booked("Apollo", Slot(start=utc(16, 30, day=24), end=utc(17, day=24)), by=ANA)
    await firm.booked("Big Ben", later, by=ANA)
    await firm.booked("Corner", new_york(9), by=ANA)

    answer = await firm.say(BEN, "/book rooms")

    assert words(answer) == (
        "New York, 10:07 there\n"
        "Apollo · seats 8 · projector, whiteboard · 3rd floor · busy until 12:00\n"
        "Big Ben · seats 12 · video, whiteboard · 3rd floor · free now until 12:00\n"
        "Boardroom · seats 20 · catering, projector, video · 5th floor · free now\n"
        "Corner · seats 4 · tv · 2nd floor · free now\n"
        "Berlin, 16:07 there\n"
        "Kiez · seats 4 · tv · 1st floor · free now\n"
        "Spree · seats 6 · projector, whiteboard · 1st floor · free now"
    )
    assert labels(answer) == ["Book a room", "Find a room"]


@pytest.mark.parametrize("line", ["berlin", "in Berlin", "Berlni", "berlin office"])
async def test_the_rooms_of_one_place_can_be_asked_for(firm: Firm, line: str):
    answer = await firm.say(BEN, f"/book rooms {line}")

    assert words(answer).startswith("Berlin, 16:07 there\nKiez")
    assert "New York" not in words(answer)


async def test_a_place_without_rooms_is_answered_with_those_that_have_some(firm: Firm):
    answer = await firm.say(BEN, "/book rooms paris")

    assert words(answer) == 'No place here is called "paris". Whose rooms?'
    assert words(await firm.press(BEN, answer, "Berlin")).startswith("Berlin, 16:07 there")


async def test_help_shows_this_workspaces_rooms_and_each_line_works(firm: Firm):
    answer = await firm.say(BEN, "/book help")

    shown = words(answer)
    assert "/book room tomorrow 2-3:30pm for 6 with projector" in shown
    examples = [line for line in shown.splitlines() if line.startswith("/book room ")]
    assert len(examples) == 4
    for example in examples:
        # What repeats is shown before it is booked.
        assert words(await firm.say(BEN, example)).startswith(("✅", "↻")), example


async def test_a_room_that_somebody_may_not_book_is_shown_without_a_button_to_book_it(firm: Firm):
    deepa = await firm.actor(DEEPA)
    await firm.services.administration.granting.give(Right.BOOK, room_id=firm.rooms["Apollo"].id, person_id=deepa.person_id)

    assert "Book Apollo" not in labels(await firm.say(BEN, "/book rooms apollo friday"))
    assert "Book Apollo" in labels(await firm.say(DEEPA, "/book rooms apollo friday"))


async def test_help_leads_admins_to_administration_and_nobody_else(firm: Firm):
    assert "/book admin is for rooms" in words(await firm.say(ANA, "/book help"))
    assert "/book admin" not in words(await firm.say(BEN, "/book help"))


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("mien", ["Run /book mine", "Help"]),
        ("hlep", ["Run /book help"]),
        ("cancle corner", ["Run /book cancel corner", "Help"]),
        ("cancle tomorrow 3pm", ["Run /book cancel tomorrow 3pm", "Help"]),
        ("mvoe corner to 3pm", ["Run /book move corner to 3pm", "Book it", "Help"]),
    ],
)
async def test_a_slip_in_a_command_is_asked_about_and_books_nothing(firm: Firm, line: str, offered: list[str]):
    question = await firm.say(BEN, f"/book {line}")

    assert words(question) == f'I know no command "{line.split(maxsplit=1)[0]}". Did you mean this?'
    assert labels(question) == offered
    assert await firm.mine(BEN) == ()


async def test_the_command_that_was_meant_runs_at_one_tap(firm: Firm):
    await firm.booked("Corner", new_york(14), by=BEN)
    question = await firm.say(BEN, "/book mien")

    answer = await firm.press(BEN, question, "Run /book mine")

    assert words(answer).startswith("Your bookings")
    assert answer["ts"] == question["ts"]


@pytest.mark.parametrize(
    ("line", "form"), [("", "book"), ("room", "book"), ("find", "search"), ("find tomorrow 2pm for 4", "search")]
)
async def test_without_a_sentence_the_form_opens(firm: Firm, line: str, form: str):
    assert await firm.say(BEN, f"/book {line}") == {}

    assert await firm.slack.wait_for_view(BEN, callback_id=form)


async def test_a_room_that_is_named_shows_its_day(firm: Firm):
    await firm.booked("Apollo", new_york(10), by=ANA, title="Design review")
    await firm.booked("Apollo", new_york(14), by=ANA, title="Salaries", private=True)

    answer = await firm.say(BEN, "/book rooms apollo tomorrow")

    assert words(answer) == (
        "Apollo · seats 8 · projector, whiteboard · 3rd floor\n"
        "Tomorrow, Wed 25 Nov (New York)\n"
        '10:00-11:00 · "Design review" · @U0ANA\n'
        "14:00-15:00 · Busy"
    )
    assert labels(answer) == ["Book Apollo", "Day before", "Day after"]
    today = await firm.press(BEN, answer, "Day before")
    assert words(today).endswith("Today, Tue 24 Nov (New York)\nNothing is booked.")
    assert labels(today) == ["Book Apollo", "Day after"]
    assert "Tomorrow, Wed 25 Nov" in words(await firm.press(BEN, today, "Day after"))


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_a_day_of_a_room_at_the_end_of_the_calendar_is_brought_back_to_it(firm: Firm, day: str):
    value = DayOfRoom(room=firm.rooms["Apollo"].id, day=date.fromisoformat(day)).dump()

    assert await firm.deliver(firm.click_of(BEN, "room_day:2", value)) == 200

    assert "Nothing is booked." in firm.answers[-1]["text"]
