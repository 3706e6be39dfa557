"""The page of figures as it is seen: wide and narrow, light and dark, and on paper."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta

import pytest
from aiohttp import web
from playwright.async_api import Page, expect

from core.rooms import RoomRow, Rooms
from core.stats import Asked
from handlers import stats_page
from handlers.stats_links import Links
from tests.handlers.firm import Firm
from tests.web.window import Windows, overflow, picture, violations

pytestmark = pytest.mark.asyncio(loop_scope="module")
ASKED = Asked(first=date(2026, 11, 23), last=date(2026, 11, 29))


@asynccontextmanager
async def figures_of(firm: Firm) -> AsyncIterator[str]:
    """Serve the page, two weeks later, with a booth for one; give the address of all that an admin sees."""
    row = RoomRow(name="Booth", location="New York", zone="America/New_York", capacity=1, floor="1")
    await Rooms(firm.db, firm.services.catalogues).import_rows([row])
    firm.services.catalogues.forget()
    firm.clock.advance(timedelta(days=14))
    links = Links("http://127.0.0.1:1", "a secret")
    served = web.Application()
    served.add_routes(stats_page.routes(replace(firm.services, links=links)))
    runner = web.AppRunner(served, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        path = links.address(links.look(ASKED, everything=True, now=firm.clock.now())).partition("/stats")[2]
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/stats{path}"
    finally:
        await runner.cleanup()


async def opened(windows: Windows, address: str, *, width: int, dark: bool) -> Page:
    # Its server is not the office's, so that the window's own watch over other addresses is no help here.
    context = await windows.browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme="dark" if dark else "light", bypass_csp=True
    )
    windows.contexts.append(context)
    page = await context.new_page()
    await page.goto(address)
    return page


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_axe_has_nothing_against_the_figures_and_they_fit(windows: Windows, width: int, dark: bool):
    async with figures_of(windows.office.firm) as address:
        page = await opened(windows, address, width=width, dark=dark)
        assert await violations(page) == []
        assert not await overflow(page)
        await expect(page.get_by_text("New York · 1 seat", exact=False)).to_be_visible()
        assert "1 seats" not in await page.inner_text("main")
        heading = await page.get_by_role("heading", name="When rooms are booked").bounding_box()
        assert heading
        assert heading["height"] < 40, "the links beside it leave the heading its line"
        await picture(page, f"figures-{width}-{'dark' if dark else 'light'}")


async def test_on_paper_the_figures_are_dark_on_white_whatever_the_screen_was(windows: Windows):
    async with figures_of(windows.office.firm) as address:
        page = await opened(windows, address, width=800, dark=True)
        await page.emulate_media(media="print", color_scheme="dark")
        colours = await page.evaluate(
            "['main h1', 'section'].map(one => getComputedStyle(document.querySelector(one)))"
            ".map(one => [one.color, one.backgroundColor])"
        )
        assert colours[0][0] == "rgb(28, 35, 33)"
        assert colours[1][1] == "rgb(255, 255, 255)"
        await expect(page.get_by_role("link", name="CSV")).to_have_count(0)
        await picture(page, "figures-print")
