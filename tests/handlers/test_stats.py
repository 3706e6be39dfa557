"""`/book stats`: figures in words for everybody who may, with pictures where Slack takes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.endings import Endings
from handlers.stats_links import Links
from tests.handlers.firm import ANA, BEN, CHANNEL, GUEST, Firm, labels, new_york, words
from tests.handlers.modal_acts import form


async def a_month_of_meetings(firm: Firm, room: str = "Apollo", *, count: int = 3) -> None:
    """Book some meetings of an hour and let a month pass."""
    for day in range(1, count + 1):
        await firm.booked(room, new_york(10, day=24 + day))
    firm.clock.advance(timedelta(days=14))
    await Endings(firm.db, firm.services.catalogues).end(firm.clock.now())


async def asked(firm: Firm, user: str, text: str) -> dict[str, Any]:
    """Type a command and return the words that answer it; the pictures follow them."""
    before = {message["ts"] for message in await firm.slack.messages(user, CHANNEL)}
    await firm.say(user, text)
    new = [message for message in await firm.slack.messages(user, CHANNEL) if message["ts"] not in before]
    return next(message for message in new if all(block["type"] != "image" for block in message["blocks"]))


async def pictures(firm: Firm, user: str, where: str = CHANNEL) -> list[dict[str, Any]]:
    """Return the images that a person sees."""
    await firm.services.asides.drain(20)
    return [
        block
        for message in await firm.slack.messages(user, where)
        for block in message["blocks"]
        if block["type"] == "image"
    ]


async def test_the_share_of_the_open_time_comes_first_and_says_where_and_when(firm: Firm):
    await a_month_of_meetings(firm)
    answer = await asked(firm, BEN, "/book stats Apollo")
    said = words(answer).splitlines()
    assert said[0].startswith("Figures of Apollo, ")
    # Eleven working days since the first of them: rooms count from the day on which they were booked or entered.
    assert said[1].endswith("of the open time was booked: 3 hours of 110 hours, in 3 meetings.")
    assert "Busiest on" in said[2]
    assert labels(answer) == ["Last week", "Last month", "Last year"]


async def test_pictures_follow_with_words_for_those_who_hear_them(firm: Firm):
    await a_month_of_meetings(firm)
    await firm.say(BEN, "/book stats")
    found = await pictures(firm, BEN)
    assert [one["title"]["text"] for one in found] == ["When rooms are booked", "Which rooms are booked"]
    assert "Busiest: " in found[0]["alt_text"]
    assert "Apollo " in found[1]["alt_text"]
    assert all(one["slack_file"]["id"].startswith("F") for one in found)


async def test_only_admins_see_who_came_what_was_missing_and_advice(firm: Firm):
    await firm.say(BEN, "/book room tomorrow 2pm for 40 people")
    await firm.edge.drain(5)
    await a_month_of_meetings(firm)
    for_all, for_admins = words(await asked(firm, BEN, "/book stats")), words(await asked(firm, ANA, "/book stats"))
    assert "Admins see more" in for_all
    for word in ("Refused 1 search; most missed: a larger room (1).", "Most often booked"):
        assert word not in for_all
        assert word in for_admins


async def test_guests_see_no_figures(firm: Firm):
    assert "Guests cannot see the figures" in words(await asked(firm, GUEST, "/book stats"))


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("stats New York last month", "Figures of New York, Thu 1 Oct to Sat 31 Oct"),
        ("stats 2026-10 apollo", "Figures of Apollo, Thu 1 Oct to Sat 31 Oct"),
        ("stats last week", "Figures of all rooms, Mon 16 Nov to Sun 22 Nov"),
        ("figures", "Figures of all rooms, Tue 27 Oct to Mon 23 Nov"),
    ],
)
async def test_room_or_place_and_days_may_stand_in_either_order(firm: Firm, typed: str, first: str):
    assert words(await asked(firm, BEN, f"/book {typed}")).splitlines()[0] == first


async def test_what_means_nothing_is_asked_back_with_examples(firm: Firm):
    answer = await asked(firm, BEN, "/book stats Atlantis")
    assert words(answer).startswith('I do not know which room, location or days "Atlantis" means.')
    assert "Last month" in labels(answer)


async def test_a_meeting_whose_title_begins_so_is_booked(firm: Firm):
    answer = await asked(firm, BEN, "/book stats review tomorrow 2pm in Apollo")
    assert "Apollo is yours" in words(answer)


async def test_without_the_right_to_send_files_the_words_stand_alone(firm: Firm):
    await a_month_of_meetings(firm)
    scopes = [scope for scope in firm.running.company.scopes if scope != "files:write"]
    firm.running.sandbox.parts.ws.company = firm.running.company.model_copy(update={"scopes": tuple(scopes)})
    assert "of the open time was booked" in words(await asked(firm, BEN, "/book stats"))
    assert await pictures(firm, BEN) == []


async def test_administration_says_where_figures_are_and_has_no_button_where_there_is_no_page(firm: Firm):
    opened = await form(firm, ANA, "admin", text="/book admin")
    assert "Figures" in words(opened)
    assert "open_page" not in str(opened)


async def test_administration_leads_an_admin_to_a_page_of_the_last_four_weeks_that_opens(firm: Firm):
    links = Links("https://rooms.example.org", "a secret")
    object.__setattr__(firm.services, "links", links)
    opened = await form(firm, ANA, "admin", text="/book admin")

    [button] = [
        block["accessory"] for block in opened["blocks"] if block.get("accessory", {}).get("action_id") == "open_page"
    ]

    page, _, query = button["url"].partition("?")
    look = links.read(query, await firm.services.catalogues.current(), firm.clock.now())
    today = firm.clock.now().date()
    assert (page, look.everything) == ("https://rooms.example.org/stats", True)
    assert (look.asked.first, look.asked.last) == (today - timedelta(days=28), today - timedelta(days=1))
    assert (look.asked.location, look.asked.room) == (None, None)
