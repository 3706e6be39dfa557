"""Getting a meeting into another calendar from Slack: the line below a confirmation, and one's own address."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from handlers.calendar_links import CalendarLinks
from tests.handlers.firm import BEN, Firm, new_york, words

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
