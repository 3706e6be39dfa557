"""Getting a meeting into another calendar from Slack: the line below a confirmation, and one's own address."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

from handlers.calendar_links import CalendarLinks
from tests.handlers.firm import ANA, BEN, Firm, labels, new_york, words

BASE = "https://rooms.firm.example"


def offering(firm: Firm, base: str | None = BASE) -> Firm:
    """Let the firm offer addresses, as the running product does."""
    object.__setattr__(firm.services, "calendar_links", CalendarLinks(base, "a secret of this test"))
    return firm


def links(message: dict) -> dict[str, str]:
    """Return the links of a message's grey line, by their labels."""
    (text,) = [
        one["text"]
        for block in message["blocks"]
        if block["type"] == "context"
        for one in block["elements"]
        if "<http" in one["text"]
    ]
    found = (part.strip("<>").split("|") for part in text.partition(": ")[2].split(" · "))
    return {label: address.replace("&amp;", "&") for address, label in found}


async def test_a_confirmation_offers_three_ways_into_ones_own_calendar(firm: Firm):
    message = await offering(firm).say(BEN, '/book room apollo tomorrow 2pm for 1 hour "Q4; plans & <cake>"')

    assert len(words(message).split("Add to your calendar")[0].strip().splitlines()) <= 3
    ways = links(message)
    assert list(ways) == ["Google", "Outlook", "file (.ics)"]
    google, outlook = (parse_qs(urlsplit(ways[name]).query) for name in ("Google", "Outlook"))
    slot = new_york(14)
    assert google["dates"] == [f"{slot.start:%Y%m%dT%H%M%SZ}/{slot.end:%Y%m%dT%H%M%SZ}"]
    assert google["text"] == outlook["subject"]
    assert google["location"] == ["Apollo, 3rd floor, New York"]
    assert outlook["startdt"] == [f"{slot.start:%Y-%m-%dT%H:%M:%SZ}"]
    assert ways["file (.ics)"].startswith(f"{BASE}/calendar/booking/")


async def test_the_longest_title_leaves_the_line_short_enough_for_slack(firm: Firm):
    booking = await firm.booked("Apollo", new_york(14), title="👩‍👩‍👧‍👦" * 28)

    message = await offering(firm).say(BEN, "/book move apollo to 4pm")

    assert booking.title
    assert len(words(message)) > 0
    assert "Google" in links(message)


async def test_without_an_address_of_ours_there_is_no_file(firm: Firm):
    message = await offering(firm, base=None).say(BEN, "/book room apollo tomorrow 2pm for 1 hour")

    assert list(links(message)) == ["Google", "Outlook"]


async def test_what_is_cancelled_is_offered_to_no_calendar(firm: Firm):
    message = await offering(firm).say(BEN, "/book room apollo tomorrow 2pm for 1 hour")

    cancelled = await firm.press(BEN, message, "Cancel booking")

    assert "Add to your calendar" not in words(cancelled)


async def test_a_rooms_day_leads_to_its_calendar_and_a_new_address_ends_the_one_before(firm: Firm):
    day = await offering(firm).say(BEN, "/book rooms apollo")

    shown = await firm.press(BEN, day, "Calendar")

    assert labels(shown) == ["Add to Google", "Add to Outlook", "New address"]
    (feed,) = await firm.services.calendars.all()
    assert feed.room_id == firm.rooms["Apollo"].id
    assert f"{BASE}/calendar/{feed.token}.ics" in words(shown)
    assert f"webcal://rooms.firm.example/calendar/{feed.token}.ics" in words(shown)
    assert words(await firm.press(BEN, day, "Calendar")) == words(shown), "the one there is"
    other = await firm.press(BEN, shown, "New address")
    (renewed,) = await firm.services.calendars.all()
    assert renewed.id == feed.id
    assert renewed.token in words(other)
    assert feed.token not in words(other)


async def test_a_places_rooms_have_a_calendar_too_and_nobody_renews_anothers(firm: Firm):
    listed = await offering(firm).say(BEN, "/book rooms new york")
    await firm.press(BEN, listed, "Calendar")
    (feed,) = await firm.services.calendars.all()
    assert feed.location_id == firm.places["New York"].id

    click = firm.click_of(ANA, "renew_calendar", json.dumps({"f": str(feed.id)}))
    await firm.deliver(click)

    assert await firm.services.calendars.all() == (feed,)


async def test_the_home_has_ones_own_calendar_where_it_can_be_reached(firm: Firm):
    async def home(user: str) -> str:
        await firm.slack.open_home(user)
        await firm.edge.drain(5)
        return json.dumps(await firm.slack.wait_for(lambda: firm.slack.home(user)))

    assert "Your calendar" not in await home(ANA)
    offering(firm)
    assert "Your calendar" in await home(BEN)
