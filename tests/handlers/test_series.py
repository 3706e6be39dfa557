"""Series in Slack, over the wire: previewed, booked, looked at, cancelled; what clashes is chosen about."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core.models import Slot
from core.rooms import Rooms
from handlers import meanwhile
from tests.handlers import modal_acts as acts
from tests.handlers.firm import ANA, BEN, DEEPA, GUEST, Firm, labels, opened, value_of, words

SENTENCE = "/book room every Tuesday at 10 for 8 weeks for 6 with projector"


def december(day: int, hour: int = 10, *, minutes: int = 60) -> Slot:
    """Return a time in December on New York's clock."""
    start = datetime(2026, 12, day, hour + 5, tzinfo=UTC)
    return Slot(start=start, end=start + timedelta(minutes=minutes))


async def test_a_sentence_that_repeats_is_shown_first_and_books_nothing(firm: Firm):
    shown = await firm.say(BEN, SENTENCE)

    assert words(shown).startswith("↻ Every Tuesday, 10:00-10:30 (New York), 8 dates until Tue 19 Jan 2027: Apollo")
    assert "All 8 dates are free." in words(shown)
    assert labels(shown)[0] == "Book all 8"
    assert await firm.mine(BEN) == ()


async def test_all_dates_are_booked_by_one_button(firm: Firm):
    shown = await firm.say(BEN, SENTENCE)

    done = await firm.press(BEN, shown, "Book all 8")

    assert words(done).startswith("✅ Apollo is yours every Tuesday, 10:00-10:30 (New York): 8 dates, Tue 1 Dec to")
    mine = await firm.mine(BEN)
    assert len(mine) == 8
    assert {one.room.name for one in mine} == {"Apollo"}
    assert len({one.series_id for one in mine}) == 1


async def test_dates_that_are_taken_are_named_and_can_be_skipped(firm: Firm):
    await firm.booked("Apollo", december(8), by=ANA, title="Design review")
    shown = await firm.say(BEN, "/book room every Tuesday at 10 for 8 weeks in Apollo")
    assert "7 are free, 1 is not:" in words(shown)
    assert '• Tue 8 Dec: taken 10:00-11:00 ("Design review", @U0ANA). Big Ben is free then.' in words(shown)

    done = await firm.press(BEN, shown, "Book 7, skip 1")

    assert "Skipped: Tue 8 Dec. You are told when it frees." in words(done)
    assert len(await firm.mine(BEN)) == 7


async def test_another_room_stands_in_where_the_first_is_taken(firm: Firm):
    await firm.booked("Apollo", december(8), by=ANA)
    shown = await firm.say(BEN, "/book room every Tuesday at 10 for 8 weeks in Apollo")

    done = await firm.press(BEN, shown, "Big Ben on that date")

    assert "Big Ben on Tue 8 Dec." in words(done)
    assert [one.room.name for one in await firm.mine(BEN)] == ["Apollo", "Big Ben", *["Apollo"] * 6]


async def test_one_room_that_is_free_on_all_dates_can_be_taken_for_all(firm: Firm):
    await firm.booked("Apollo", december(8), by=ANA)
    shown = await firm.say(BEN, "/book room every Tuesday at 10 for 8 weeks in Apollo")

    await firm.press(BEN, shown, "Big Ben for all 8")

    assert {one.room.name for one in await firm.mine(BEN)} == {"Big Ben"}


async def test_a_date_lost_since_it_was_shown_books_nothing_and_is_told(firm: Firm):
    shown = await firm.say(BEN, SENTENCE)
    await firm.booked("Apollo", december(15), by=ANA)

    again = await firm.press(BEN, shown, "Book all 8")

    assert words(again).startswith("Tue 15 Dec was lost meanwhile. Nothing is booked yet.\n↻ Every Tuesday")
    assert await firm.mine(BEN) == ()
    await firm.press(BEN, again, "Book 7, skip 1")
    assert len(await firm.mine(BEN)) == 7


async def test_the_same_click_twice_books_once(firm: Firm):
    shown = await firm.say(BEN, SENTENCE)
    value = json.dumps(value_of(shown, "Book all 8"))
    payload = firm.click_of(BEN, "book_series:1", value)

    await asyncio.gather(firm.deliver(payload), firm.deliver(payload))

    assert len(await firm.mine(BEN)) == 8
    assert len(firm.answers) == 2
    assert {answer["text"].splitlines()[0] for answer in firm.answers} == {firm.answers[0]["text"].splitlines()[0]}


async def test_of_two_people_who_book_the_same_dates_at_once_one_gets_them_and_the_other_sees_what_is_left(firm: Firm):
    users = (BEN, DEEPA)
    for round_number in range(5):
        sentence = f"/book room every Thursday at {10 + round_number}:00 for 20 weeks in Apollo"
        shown = [await firm.say(user, sentence) for user in users]
        values = [json.dumps(value_of(one, "Book all 20")) for one in shown]
        firm.answers.clear()

        await asyncio.gather(
            *(firm.deliver(firm.click_of(user, "book_series:1", value)) for user, value in zip(users, values, strict=True))
        )

        assert sum(answer["text"].startswith("✅ Apollo is yours") for answer in firm.answers) == 1
        assert sum("Nothing is booked yet." in answer["text"] for answer in firm.answers) == 1
    held = [len(await firm.services.bookings.mine(await firm.actor(user), limit=1000)) for user in users]
    assert sum(held) == 100
    assert all(count % 20 == 0 for count in held)


async def test_undo_takes_the_whole_series_back(firm: Firm):
    shown = await firm.say(BEN, SENTENCE)
    done = await firm.press(BEN, shown, "Book all 8")

    back = await firm.press(BEN, done, "Undo")

    assert words(back).startswith("✏️ Apollo: 8 dates, Tue 1 Dec to Tue 19 Jan 2027, not booked any more.")
    assert await firm.mine(BEN) == ()


# -- choosing per date ---------------------------------------------------------------------------------------------------


async def test_each_date_that_clashes_is_chosen_about_by_itself(firm: Firm):
    for day in (8, 15, 22):
        await firm.booked("Apollo", december(day), by=ANA)
    shown = await firm.say(BEN, "/book room every Tuesday at 10 for 8 weeks in Apollo")
    await firm.slack.click(BEN, shown, *found(shown, "Choose per date…"))
    view = await acts.top(firm, BEN, "choose_dates")
    times = [option["value"] for option in choices(view, "2026-12-22") if option["value"].startswith("at:")]
    assert times

    answer = await firm.slack.submit(
        BEN,
        view,
        {
            "choice.2026-12-08": {"choice": "skip"},
            "choice.2026-12-15": {"choice": "room"},
            "choice.2026-12-22": {"choice": times[0]},
        },
    )

    assert answer["ok"], answer
    done = await acts.top(firm, BEN, "message")
    assert "Big Ben on Tue 15 Dec." in words(done)
    assert "At another time: Tue 22 Dec," in words(done)
    assert "Skipped: Tue 8 Dec." in words(done)
    mine = await firm.mine(BEN)
    assert len(mine) == 7
    assert [one.start for one in mine if one.series_on == date(2026, 12, 22)] == [
        datetime.fromtimestamp(int(times[0].removeprefix("at:")), UTC)
    ]


async def test_what_was_chosen_stays_when_somebody_is_faster_and_the_lost_dates_are_asked_about_first(firm: Firm):
    for day in (8, 15, 22):
        await firm.booked("Apollo", december(day), by=ANA)
    shown = await firm.say(BEN, "/book room every Tuesday at 10 for 8 weeks in Apollo")
    await firm.slack.click(BEN, shown, *found(shown, "Choose per date…"))
    view = await acts.top(firm, BEN, "choose_dates")
    (kept, *_), (lost, *_) = (
        [option["value"] for option in choices(view, day) if option["value"].startswith("at:")]
        for day in ("2026-12-15", "2026-12-22")
    )
    start = datetime.fromtimestamp(int(lost.removeprefix("at:")), UTC)
    await firm.booked("Apollo", Slot(start=start, end=start + timedelta(minutes=30)), by=DEEPA)
    await firm.booked("Apollo", december(29), by=DEEPA, title="Faster")

    await firm.slack.submit(
        BEN,
        view,
        {
            "choice.2026-12-08": {"choice": "skip"},
            "choice.2026-12-15": {"choice": kept},
            "choice.2026-12-22": {"choice": lost},
        },
    )

    again = await acts.top(firm, BEN, "choose_dates")
    assert words(again).startswith("Tue 22 Dec and Tue 29 Dec were lost meanwhile. Nothing is booked yet.")
    asked = [block for block in again["blocks"] if block["type"] == "input"]
    days = ["2026-12-22", "2026-12-29", "2026-12-08", "2026-12-15"]
    assert [block["block_id"] for block in asked] == [f"choice.{day}" for day in days]
    assert "Faster" in asked[1]["label"]["text"]
    initial = {block["block_id"][-2:]: block["element"]["initial_option"]["value"] for block in asked}
    assert initial == {"22": "room", "29": "room", "08": "skip", "15": kept}
    assert await firm.mine(BEN) == ()

    await firm.slack.submit(BEN, again)

    done = await acts.top(firm, BEN, "message")
    assert "Big Ben on Tue 22 Dec and Tue 29 Dec." in words(done)
    assert "At another time: Tue 15 Dec," in words(done)
    assert "Skipped: Tue 8 Dec." in words(done)
    assert len(await firm.mine(BEN)) == 7


async def test_all_dates_are_listed_on_pages(firm: Firm):
    shown = await firm.say(BEN, "/book room every weekday at 10 for 12 weeks in Apollo")

    await firm.slack.click(BEN, shown, *found(shown, "All dates…"))
    view = await acts.top(firm, BEN, "message")
    assert words(view).count(": free") == 40
    view = await acts.push(firm, BEN, view, "Later")

    assert words(view).count(": free") == 20
    assert "Page 2 of 2" in words(view)


# -- the form ------------------------------------------------------------------------------------------------------------


async def test_a_booking_repeats_by_the_form(firm: Firm):
    view = await acts.form(firm, BEN)
    view = await acts.fill(firm, BEN, view, date="2026-12-01", time="10:00")
    view = await acts.fill(firm, BEN, view, repeat="fortnight")
    assert acts.state(view, "weekdays") == ["TU"]

    answer = await acts.send(firm, BEN, view, weekdays=["TU", "TH"], times="6", title="Planning")

    assert answer["ok"], answer
    shown = await acts.top(firm, BEN, "message")
    assert words(shown).startswith("↻ Every 2 weeks on Tuesday and Thursday, 10:00-10:30 (New York), 6 dates until")
    done = await acts.push(firm, BEN, shown, "Book all 6")
    assert words(done).startswith("✅ ")
    assert [one.start.astimezone(one.location.tz).strftime("%a %d %b") for one in await firm.mine(BEN)] == [
        "Tue 01 Dec", "Thu 03 Dec", "Tue 15 Dec", "Thu 17 Dec", "Tue 29 Dec", "Thu 31 Dec"
    ]  # fmt: skip


async def test_a_preview_that_comes_late_takes_the_place_of_the_form(database: Any):
    async with opened(database, patience=0) as firm:
        view = await acts.form(firm, BEN)
        view = await acts.fill(firm, BEN, view, date="2026-12-01", time="10:00")
        view = await acts.fill(firm, BEN, view, repeat="week")

        await acts.send(firm, BEN, view, times="8")

        shown = await acts.top(firm, BEN, "message")
        assert "All 8 dates are free." in words(shown)
        done = await acts.push(firm, BEN, shown, "Book all 8")
        assert words(done).startswith("✅ ")
        assert len(await firm.mine(BEN)) == 8


async def test_an_end_before_the_beginning_is_said_at_its_field(firm: Firm):
    view = await acts.form(firm, BEN)
    view = await acts.fill(firm, BEN, view, date="2026-12-01", time="10:00")
    view = await acts.fill(firm, BEN, view, repeat="day")
    view = await acts.fill(firm, BEN, view, ends="until")

    answer = await acts.send(firm, BEN, view, until="2026-11-30")

    assert answer["errors"] == {"until": "That is before the first date."}


async def test_another_rhythm_opens_the_form_on_what_was_said(firm: Firm):
    shown = await firm.say(BEN, "/book room every other Tuesday at 10 for 8 weeks for 6")

    await firm.slack.click(BEN, shown, *found(shown, "Other rhythm…"))

    view = await acts.top(firm, BEN, "book")
    assert (acts.state(view, "repeat"), acts.state(view, "times"), acts.state(view, "people")) == ("fortnight", "4", "6")
    assert acts.state(view, "date") == "2026-12-01"


# -- a series that is there ----------------------------------------------------------------------------------------------


async def booked(firm: Firm, sentence: str = '/book room every Tuesday at 10 for 8 weeks in Apollo "Standup"') -> Any:
    """Book a series and return the answer."""
    shown = await firm.say(BEN, sentence)
    return await firm.press(BEN, shown, labels(shown)[0])


async def test_ones_list_has_a_series_once_and_says_which_date_it_is(firm: Firm):
    await booked(firm)

    mine = await firm.say(BEN, "/book mine")

    assert words(mine).count("Apollo") == 1
    assert "↻ every Tuesday, 1 of 8" in words(mine)


async def test_a_series_is_listed_and_looked_at(firm: Firm):
    await booked(firm)

    listed = await firm.say(BEN, "/book series")
    assert "↻ Every Tuesday, 10:00-10:30 (New York)" in words(listed)
    assert "8 dates ahead until Tue 19 Jan 2027" in words(listed)
    await firm.slack.click(BEN, listed, *found(listed, "Show dates"))

    view = await acts.top(firm, BEN, "series")
    assert words(view).count(", 10:00-10:30") == 9
    assert acts.labels(view)[:3] == ["Renew", "Cancel dates from … to …", "Cancel series"]


async def test_nobody_has_a_series_at_first(firm: Firm):
    assert words(await firm.say(BEN, "/book series")).startswith("You have no series. Try /book room every Tuesday")


async def test_cancelling_by_words_asks_how_much_is_meant(firm: Firm):
    await booked(firm)

    asked = await firm.say(BEN, "/book cancel standup")

    assert words(asked) == "Cancel Standup only on Tue 1 Dec, or more of its dates?"
    assert labels(asked) == ["Keep it", "Only Tue 1 Dec", "All 8 dates"]
    gone = await firm.press(BEN, asked, "All 8 dates")
    assert words(gone).startswith("❌ Standup: 8 dates, Tue 1 Dec to Tue 19 Jan 2027 cancelled. Apollo is free then.")
    assert await firm.mine(BEN) == ()
    await firm.press(BEN, gone, "Undo")
    assert len(await firm.mine(BEN)) == 8


async def test_of_several_series_one_is_picked_first(firm: Firm):
    await booked(firm)
    await booked(firm, '/book room every Friday at 9 for 4 weeks in Apollo "Standup"')

    which = await firm.say(BEN, "/book cancel standup")

    assert labels(which) == ["Standup, Apollo Fri 27 Nov 09:00-09:30", "Standup, Apollo Tue 1 Dec 10:00-10:30", "None"]
    asked = await firm.press(BEN, which, "Standup, Apollo Fri 27 Nov 09:00-09:30")
    assert words(asked) == "Cancel Standup only on Fri 27 Nov, or more of its dates?"
    assert len(await firm.mine(BEN)) == 12


async def test_one_date_or_those_that_follow_can_be_cancelled(firm: Firm):
    await booked(firm)
    asked = await firm.say(BEN, "/book cancel standup 15 dec")
    assert labels(asked) == ["Keep it", "Only Tue 15 Dec", "This and the 5 after it", "All 8 dates"]

    await firm.press(BEN, asked, "This and the 5 after it")

    assert [one.series_on for one in await firm.mine(BEN)] == [date(2026, 12, 1), date(2026, 12, 8)]
    asked = await firm.say(BEN, "/book cancel standup 8 dec")
    await firm.press(BEN, asked, "Only Tue 8 Dec")
    assert [one.series_on for one in await firm.mine(BEN)] == [date(2026, 12, 1)]


async def test_dates_away_are_cancelled_and_one_is_booked_again(firm: Firm):
    done = await booked(firm)
    await firm.slack.click(BEN, done, *found(done, "Show dates"))
    view = await acts.top(firm, BEN, "series")
    form = await acts.push(firm, BEN, view, "Cancel dates from … to …")

    answer = await firm.slack.submit(BEN, form, acts.values(form, **{"from": "2026-12-20", "to": "2026-12-31"}))

    assert answer["ok"], answer
    gone = await acts.top(firm, BEN, "message")
    assert words(gone).startswith("❌ Standup: 2 dates, Tue 22 Dec to Tue 29 Dec cancelled.")
    listed = await firm.say(BEN, "/book series")
    await firm.slack.click(BEN, listed, *found(listed, "Show dates"))
    view = await acts.top(firm, BEN, "series")


async def test_a_range_that_ends_before_it_begins_is_said_at_its_field(firm: Firm):
    done = await booked(firm)
    await firm.slack.click(BEN, done, *found(done, "Show dates"))
    form = await acts.push(firm, BEN, await acts.top(firm, BEN, "series"), "Cancel dates from … to …")

    answer = await firm.slack.submit(BEN, form, acts.values(form, **{"from": "2026-12-31", "to": "2026-12-20"}))

    assert answer["errors"] == {"to": "That is before the first day."}


async def test_a_skipped_date_is_booked_again_from_the_series(firm: Firm):
    taken = await firm.booked("Apollo", december(8), by=ANA)
    shown = await firm.say(BEN, '/book room every Tuesday at 10 for 8 weeks in Apollo "Standup"')
    done = await firm.press(BEN, shown, "Book 7, skip 1")
    await firm.services.bookings.cancel(taken.id, version=taken.version, by=await firm.actor(ANA))
    await firm.slack.click(BEN, done, *found(done, "Show dates"))
    view = await acts.top(firm, BEN, "series")
    assert "Tue 8 Dec, 10:00-10:30, held for you" in words(view)

    view = await acts.push(firm, BEN, view, "Book it again")

    assert words(view).startswith("✅ Apollo is booked again: Tue 8 Dec, 10:00-10:30")
    assert len(await firm.mine(BEN)) == 8


async def test_a_series_is_renewed(firm: Firm):
    done = await booked(firm)
    await firm.slack.click(BEN, done, *found(done, "Show dates"))
    view = await acts.top(firm, BEN, "series")

    view = await acts.push(firm, BEN, view, "Renew")

    assert words(view).startswith(
        "✅ Standup goes on every Tuesday, 10:00-10:30: 8 dates, Tue 26 Jan 2027 to Tue 16 Mar 2027"
    )
    assert "16 dates ahead" in words(view)


# -- changing ------------------------------------------------------------------------------------------------------------


async def edit_form(firm: Firm) -> Any:
    mine = await firm.say(BEN, "/book mine")
    await firm.slack.click(BEN, mine, *found(mine, "Edit"))
    return await acts.top(firm, BEN, "edit")


async def test_only_one_date_is_changed_unless_more_are_chosen(firm: Firm):
    await booked(firm)
    view = await edit_form(firm)
    assert acts.state(view, "which") == "this"

    await acts.send(firm, BEN, view, time="14:00")

    hours = [one.start.astimezone(one.location.tz).hour for one in await firm.mine(BEN)]
    assert hours == [14, *[10] * 7]


async def test_all_dates_are_changed_at_once(firm: Firm):
    await booked(firm)

    await acts.send(firm, BEN, await edit_form(firm), time="14:00", title="Daily", which="all")

    shown = await acts.top(firm, BEN, "message")
    assert words(shown).startswith("✏️ Daily, every Tuesday, 14:00-14:30 (New York), Apollo: 8 dates, Tue 1 Dec to")
    mine = await firm.mine(BEN)
    assert {one.start.astimezone(one.location.tz).hour for one in mine} == {14}
    assert {one.title for one in mine} == {"Daily"}


async def test_all_dates_are_moved_to_another_weekday(firm: Firm):
    await booked(firm)

    await acts.send(firm, BEN, await edit_form(firm), date="2026-12-02", which="all")

    assert {one.start.astimezone(one.location.tz).weekday() for one in await firm.mine(BEN)} == {2}


async def test_a_change_that_clashes_shows_which_dates_and_what_to_do(firm: Firm):
    await booked(firm)
    await firm.booked("Apollo", december(15, 14), by=ANA, title="Review")

    await acts.send(firm, BEN, await edit_form(firm), time="14:00", which="all")

    shown = await acts.top(firm, BEN, "message")
    assert words(shown).startswith("Nothing is changed yet.\n↻ Every Tuesday, 14:00-14:30 (New York)")
    assert '• Tue 15 Dec: taken 14:00-15:00 ("Review", @U0ANA).' in words(shown)
    assert {one.start.astimezone(one.location.tz).hour for one in await firm.mine(BEN)} == {10}
    done = await acts.push(firm, BEN, shown, next(one for one in acts.labels(shown) if "on that date" in one))
    assert words(done).startswith("✏️ Standup")
    mine = await firm.mine(BEN)
    assert {one.start.astimezone(one.location.tz).hour for one in mine} == {14}
    assert len({one.room.name for one in mine}) == 2


async def test_each_date_that_clashes_with_a_change_is_chosen_about_by_itself(firm: Firm):
    await booked(firm)
    for day in (15, 22, 29):
        await firm.booked("Apollo", december(day, 14), by=ANA, title="Review")
    await acts.send(firm, BEN, await edit_form(firm), time="14:00", which="all")
    shown = await acts.top(firm, BEN, "message")

    form = await acts.push(firm, BEN, shown, "Choose per date…")
    assert form["callback_id"] == "choose_changes"
    asked = [block for block in form["blocks"] if block["type"] == "input"]
    assert [one["block_id"] for one in asked] == [f"choice.2026-12-{day}" for day in (15, 22, 29)]
    offered = [one["text"]["text"] for one in asked[2]["element"]["options"]]
    assert offered[:2] == ["Give it up", "Big Ben (seats 12)"]
    at = next(one for one in asked[2]["element"]["options"] if one["value"].startswith("at:"))
    values = {"choice.2026-12-15": "skip", "choice.2026-12-22": "room", "choice.2026-12-29": at["value"]}
    answer = await firm.slack.submit(BEN, form, {block: {"choice": value} for block, value in values.items()})
    assert answer["ok"], answer

    mine = {one.series_on: one for one in await firm.mine(BEN)}
    assert date(2026, 12, 15) not in mine
    assert {mine[date(2026, 12, 1)].room.name, mine[date(2026, 12, 29)].room.name} == {"Apollo"}
    assert mine[date(2026, 12, 22)].room.name == "Big Ben"
    assert mine[date(2026, 12, 29)].start.timestamp() == int(at["value"].removeprefix("at:"))


async def test_what_was_chosen_for_a_change_stays_when_somebody_is_faster(firm: Firm):
    await booked(firm)
    await firm.booked("Apollo", december(15, 14), by=ANA, title="Review")
    await firm.booked("Apollo", december(22, 14), by=ANA, title="Review")
    await acts.send(firm, BEN, await edit_form(firm), time="14:00", which="all")
    form = await acts.push(firm, BEN, await acts.top(firm, BEN, "message"), "Choose per date…")
    await firm.booked("Apollo", december(29, 14), by=ANA, title="Faster")

    values = {"choice.2026-12-15": {"choice": "skip"}, "choice.2026-12-22": {"choice": "room"}}
    await firm.slack.submit(BEN, form, values)
    again = await acts.top(firm, BEN, "choose_changes")

    assert words(again).startswith("Tue 29 Dec was lost meanwhile. Nothing is changed yet.")
    chosen = {
        block["block_id"]: block["element"]["initial_option"]["value"]
        for block in again["blocks"]
        if block["type"] == "input"
    }
    assert chosen == {"choice.2026-12-29": "room", "choice.2026-12-15": "skip", "choice.2026-12-22": "room"}
    assert {one.start.astimezone(one.location.tz).hour for one in await firm.mine(BEN)} == {10}


async def test_a_series_that_somebody_changed_meanwhile_is_told(firm: Firm):
    done = await booked(firm)
    view = await edit_form(firm)
    asked = await firm.say(BEN, "/book cancel standup 15 dec")
    await firm.press(BEN, asked, "This and the 5 after it")

    await acts.send(firm, BEN, view, time="14:00", which="all")

    shown = await acts.top(firm, BEN, "message")
    assert words(shown).startswith("You changed Standup meanwhile. Nothing of yours was saved.")
    assert "Now: every Tuesday, 10:00-10:30, Apollo." in words(shown)
    assert labels(done)[-1] == "Cancel series"
    assert acts.labels(shown) == ["Apply mine to it", "Leave as is", "Show dates"]
    again = await acts.push(firm, BEN, shown, "Apply mine to it")
    assert words(again).startswith("✏️ Standup, every Tuesday, 14:00-14:30 (New York), Apollo: 2 dates")
    assert {one.start.astimezone(one.location.tz).hour for one in await firm.mine(BEN)} == {14}


# -- what takes its time -------------------------------------------------------------------------------------------------


async def test_hundreds_of_dates_are_booked_in_one_go_and_say_how_far_they_are(firm: Firm, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(meanwhile, "EVERY", 0)
    shown = await firm.say(BEN, '/book room every day at 10 in Apollo "Standup"')
    label = labels(shown)[0]
    assert "It has no end" in words(shown)

    await firm.deliver(firm.click_of(BEN, "book_series:1", json.dumps(value_of(shown, label))))

    *on_the_way, last = [answer["text"] for answer in firm.answers]
    count = int(label.removeprefix("Book all "))
    assert count == 365
    # Slack lets an answer be replaced five times.
    assert 1 <= len(on_the_way) <= 3
    assert all(re.fullmatch(f"Booking… \\d+ of {count}", line) for line in on_the_way)
    assert last.startswith("✅ Apollo is yours every day, 10:00-10:30 (New York): 365 dates, Wed 25 Nov to Wed 24 Nov 2027")
    assert len(await firm.services.bookings.mine(await firm.actor(BEN), limit=1000)) == count


async def test_nobody_elses_series_is_shown_to_whoever_forges_a_button(firm: Firm):
    await booked(firm, '/book room every Tuesday at 10 for 8 weeks in Apollo "Secret" private')
    (series,) = await firm.services.series.mine(await firm.actor(BEN))
    target = {"b": str(series.series.id), "v": series.series.version}

    for action, value in (("open_series", {"b": target["b"]}), ("cancel_whole", target), ("renew", target)):
        await firm.deliver(firm.click_of(DEEPA, action, json.dumps(value)))

    assert len(await firm.mine(BEN)) == 8
    assert "Secret" not in json.dumps(firm.answers)


def found(message: dict[str, Any], label: str) -> tuple[str]:
    """Return the action id of a button."""
    ids = [one["action_id"] for block in message["blocks"] for one in block.get("elements", []) if label_of(one) == label]
    return (ids[0],)


def label_of(one: dict[str, Any]) -> str:
    return str(one["text"]["text"]) if isinstance(one.get("text"), dict) else ""


def choices(view: dict[str, Any], day: str) -> list[dict[str, Any]]:
    """Return what can be chosen for a date."""
    options: list[dict[str, Any]] = next(b["element"]["options"] for b in view["blocks"] if b["block_id"] == f"choice.{day}")
    return options


async def test_several_rooms_repeat_together(firm: Firm):
    shown = await firm.say(BEN, "/book room Apollo and Big Ben every Tuesday at 10 for 4 weeks")
    assert ": Apollo + Big Ben\n" in words(shown)

    done = await firm.press(BEN, shown, "Book all 4")

    assert words(done).startswith("✅ Apollo + Big Ben are yours every Tuesday, 10:00-10:30 (New York): 4 dates")
    assert [[room.name for room in one.rooms] for one in await firm.mine(BEN)] == [["Apollo", "Big Ben"]] * 4


# -- what the dates do not show ----------------------------------------------------------------------------------------


async def test_of_the_31st_the_last_day_of_each_month_is_one_button_away(firm: Firm):
    shown = await firm.say(BEN, "/book apollo on the 31st of every month 3-4pm for 4 times")
    assert "No such day in Feb 2027 and Apr 2027: nothing then." in words(shown)

    shown = await firm.press(BEN, shown, "Last day of the month")

    assert words(shown).startswith("↻ Every month on the last day, 15:00-16:00 (New York), 4 dates until Wed 31 Mar 2027")
    assert "Last day of the month" not in labels(shown)
    await firm.press(BEN, shown, "Book all 4")
    assert [f"{one.start:%d %b}" for one in await firm.mine(BEN)] == ["31 Dec", "31 Jan", "28 Feb", "31 Mar"]


async def test_dates_on_which_the_clocks_go_back_say_how_long_they_last(firm: Firm):
    firm.clock.set(datetime(2027, 10, 20, 15, tzinfo=UTC))
    await Rooms(firm.db, firm.services.catalogues).set_policy(horizon_days=100)

    shown = await firm.say(BEN, "/book apollo every sunday 1:30-2:30am for 4 weeks")
    assert "On Sun 7 Nov, 01:30 comes twice: it begins at the first and lasts 2 hours." in words(shown)
    shown = await firm.say(BEN, "/book apollo every sunday 12:30-4:30am for 4 weeks")
    assert "On Sun 7 Nov the clocks change meanwhile: it lasts 5 hours." in words(shown)
    shown = await firm.say(BEN, "/book apollo every sunday 3-4am for 4 weeks")
    assert "the clocks" not in words(shown)


async def test_holidays_on_which_the_room_can_be_had_are_said_in_grey(firm: Firm):
    await Rooms(firm.db, firm.services.catalogues).set_policy(holidays_country="US", holidays_closed=False)

    shown = await firm.say(BEN, "/book apollo every friday 3-4pm for 8 weeks")

    assert "All 8 dates are free." in words(shown)
    assert "Holidays there: Fri 25 Dec (Christmas Day) and Fri 1 Jan 2027 (New Year's Day)." in words(shown)


async def test_that_the_room_needs_approval_is_said_before_it_is_asked_for(firm: Firm):
    await Rooms(firm.db, firm.services.catalogues).set_policy(room_id=firm.rooms["Boardroom"].id, approval=True)

    shown = await firm.say(BEN, "/book boardroom every friday 3-4pm for 3 weeks")
    assert "Boardroom needs approval; one answer is for all dates." in words(shown)
    shown = await firm.say(BEN, "/book apollo every friday 3-4pm for 3 weeks")
    assert "approval" not in words(shown)


async def test_a_guest_reads_once_why_none_of_the_dates_can_be_booked(firm: Firm):
    await Rooms(firm.db, firm.services.catalogues).set_policy(guests_may_book=False)

    refusal = await firm.say(GUEST, "/book apollo every friday 3-4pm for 3 weeks")

    assert words(refusal) == "Guests cannot book Apollo. Ask a colleague to book it for you."
    assert labels(refusal) == []
