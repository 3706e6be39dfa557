"""The board and the display in Chromium: pressed, walked over by keyboard, looked at in every size, without a network."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.handlers.firm import ANA, BEN, CHLOE, DEEPA, new_york
from tests.web.office import Office
from tests.web.window import SIZES, Windows, overflow, picture, violations

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

WEEK = {day: ["08:00", "19:00"] for day in ("mon", "tue", "wed", "thu", "fri")}


async def lived_in(office: Office) -> None:
    """A day like others: meetings of all kinds, a closure, one that nobody has agreed to yet."""
    firm = office.firm
    await office.opened_from("New York", WEEK)
    book = firm.booked
    await book("Apollo", new_york(11, day=24), by=BEN, title="Design review", attendees_count=6)
    await book("Apollo", new_york(14, 30, day=24, minutes=90), by=CHLOE, title="Supplier <img src=x onerror=alert(1)>")
    await book("Big Ben", new_york(10, 30, day=24, minutes=90), by=DEEPA, title="Sprint planning")
    await book("Big Ben", new_york(13, day=24, minutes=30), by=ANA, title="One to one", private=True)
    await book("Big Ben", new_york(16, day=24), by=BEN, title="Retrospective")
    await book("Corner", new_york(10, 30, day=24, minutes=30), by=ANA, title="Interview")
    await book("Corner", new_york(12, day=24, minutes=30), by=DEEPA)
    await book("Corner", new_york(15, day=24, minutes=120), by=CHLOE, title="\u202eBudget 2027 – draft")
    await office.run("UPDATE bookings SET status = 'pending' WHERE title = 'Retrospective'")
    await firm.services.administration.closures.add(
        new_york(12, day=24, minutes=240), room_id=firm.rooms["Boardroom"].id, reason="New carpet"
    )


async def test_the_board_in_every_size(windows: Windows):
    await lived_in(windows.office)
    for width in SIZES:
        for dark in (False, True):
            page = await windows.window(windows.office.board(), user=BEN, width=width, dark=dark)
            await expect(page.get_by_role("heading", name="New York")).to_be_visible()
            assert await violations(page) == []
            assert not await overflow(page)
            await picture(page, f"board-{width}-{'dark' if dark else 'light'}")
