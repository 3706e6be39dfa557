"""The board and the display in Chromium: pressed, walked over by keyboard, looked at in every size, without a network."""

from __future__ import annotations

import re

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


async def test_a_free_stretch_gives_a_sentence_that_books_it(windows: Windows):
    office = windows.office
    await lived_in(office)
    page = await windows.window(office.board(), user=BEN)
    await page.get_by_role("link", name="Apollo, free at 13:00").click()
    panel = page.locator(".panel")
    await expect(panel.get_by_role("heading", name="Book Apollo")).to_be_visible()
    await panel.get_by_role("link", name="30 minutes").click()
    await expect(page.locator("#sentence")).to_have_text("/book Apollo 2026-11-24 13:00-13:30")
    await panel.get_by_role("button", name="Copy").click()
    await expect(panel.get_by_role("button", name="Copied")).to_be_visible()
    sentence = await page.evaluate("navigator.clipboard.readText()")
    assert str(await panel.get_by_role("link", name="Open Slack").get_attribute("href")).startswith("slack://user?team=T0")
    assert await violations(page) == []
    await picture(page, "board-panel-1280")

    await office.firm.say(BEN, sentence)
    (booking,) = [one for one in await office.firm.mine(BEN) if one.slot == new_york(13, day=24, minutes=30)]
    assert booking.room.name == "Apollo"


async def test_the_board_is_walked_over_and_used_by_keyboard_alone(windows: Windows):
    await lived_in(windows.office)
    page = await windows.window(windows.office.board(), user=BEN)
    first = page.get_by_role("link", name="Apollo, free at 10:00")
    await first.focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("link", name="Apollo, free at 10:30")).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("link", name=re.compile("Design review.*yours"))).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("link", name="Sprint planning")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("link", name="Boardroom, free at 10:30")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".panel")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator(".panel")).to_have_count(0)
    await expect(page.get_by_role("link", name="Boardroom, free at 10:30")).to_be_focused()
    # One place of the day is where Tab stops; the arrows lead to the others.
    assert await page.locator(".track a[tabindex='0']").count() == 1


async def test_what_is_booked_meanwhile_appears_by_itself_and_what_has_the_focus_keeps_it(windows: Windows):
    office = windows.office
    await lived_in(office)
    page = await windows.window(office.board(), user=BEN)
    chosen = page.get_by_role("link", name="Corner, free at 13:30")
    await chosen.focus()
    await office.firm.booked("Apollo", new_york(17, day=24), by=DEEPA, title="Late one")
    await page.evaluate("window.dispatchEvent(new Event('online'))")
    await expect(page.get_by_role("link", name="Late one")).to_be_visible()
    await expect(page.get_by_role("link", name="Corner, free at 13:30")).to_be_focused()


@pytest.mark.parametrize("user", [BEN, None])
async def test_the_board_hears_of_a_booking_at_once(windows: Windows, user: str | None):
    office = windows.office
    await office.open_board()
    page = await windows.window(office.board(), user=user)
    # From then on it is asked for every two minutes: what appears sooner was heard of.
    await expect(page.locator("body")).to_have_attribute("data-live", "yes")
    asked: list[str | None] = []
    page.on("request", lambda request: asked.append(request.headers.get("bookroom-consistency")))
    await office.firm.booked("Apollo", new_york(17, day=24), by=DEEPA, title="Late one")
    await expect(page.get_by_role("link", name="Late one")).to_be_visible(timeout=5_000)
    # A copy of the database that has not come to that event will not do.
    newest = await office.firm.db.read(lambda session: session.value("SELECT max(transaction || '-' || number) FROM events"))
    assert asked[-1] == newest


async def test_a_board_without_a_network_keeps_what_it_shows_and_says_how_old_it_is(windows: Windows):
    await lived_in(windows.office)
    page = await windows.window(windows.office.board(), user=BEN, width=390)
    await page.context.set_offline(True)
    await page.evaluate("window.dispatchEvent(new Event('online'))")
    await expect(page.locator("#age")).to_contain_text("no connection")
    await expect(page.get_by_role("link", name="Design review")).to_be_visible()
    await picture(page, "board-no-connection-390")
    await page.context.set_offline(False)
    await page.evaluate("window.dispatchEvent(new Event('online'))")
    await expect(page.locator("#age")).to_have_text("")


async def test_without_script_every_place_is_a_link_that_leads_to_its_sentence(windows: Windows):
    office = windows.office
    await lived_in(office)
    await office.open_board()
    page = await windows.window(office.board(), script=False)
    await page.get_by_role("link", name="Apollo, free at 13:00").click()
    await expect(page.locator("#sentence")).to_have_text("/book Apollo 2026-11-24 13:00-14:00")
    await page.get_by_role("link", name="The day after").click()
    await expect(page.locator("#said")).to_have_text("Tomorrow, Wed 25 Nov")
    await page.get_by_role("link", name="Today").click()
    await expect(page.get_by_role("link", name="Sprint planning")).to_be_visible()


async def test_a_printed_board_has_no_buttons(windows: Windows):
    await lived_in(windows.office)
    page = await windows.window(windows.office.board(), user=BEN)
    await page.emulate_media(media="print")
    await expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    await expect(page.get_by_text("Sprint planning")).to_be_visible()
    await picture(page, "board-print")


async def test_the_display_in_every_size_free_and_busy(windows: Windows):
    office = windows.office
    path = await office.with_a_door()
    await office.firm.booked("Apollo", new_york(11, day=24), by=BEN, title="Design review", attendees_count=6)
    await office.firm.booked(
        "Apollo", new_york(12, day=24, minutes=30), by=CHLOE, title="Supplier <img src=x onerror=alert(1)>"
    )
    await office.firm.booked("Apollo", new_york(15, day=24), by=ANA, title="Salaries", private=True)
    for state, word in (("free", "Free"), ("check-in", "Free"), ("busy", "Busy")):
        if state == "check-in":
            office.firm.clock.set(new_york(10, 54, day=24).start)
        if state == "busy":
            office.firm.clock.set(new_york(11, 5, day=24).start)
        for width, height in ((1280, 800), (800, 1280), (390, 844), (1920, 1080)):
            dark = width in {390, 1920}
            page = await windows.window(path, width=width, height=height, dark=dark)
            await expect(page.locator("#word")).to_have_text(word)
            assert await violations(page) == []
            assert not await overflow(page)
            await picture(page, f"display-{state}-{width}x{height}-{'dark' if dark else 'light'}")


async def test_a_display_without_a_network_goes_on_by_its_own_clock(windows: Windows):
    office = windows.office
    path = await office.with_a_door()
    await office.firm.booked("Apollo", new_york(11, day=24), by=BEN, title="Design review")
    await office.firm.booked("Apollo", new_york(12, day=24), by=DEEPA, title="Lunch")
    office.firm.clock.set(new_york(10, 58, day=24).start)
    context = await windows.browser.new_context(viewport={"width": 1280, "height": 800}, timezone_id="Pacific/Auckland")
    windows.contexts.append(context)
    page = await context.new_page()
    await page.clock.install()
    async with page.expect_response("**/display/data"):
        await page.goto(office.url + path)
    await expect(page.locator("#until")).to_have_text("until 11:00")
    await expect(page.get_by_role("button", name="Check in")).to_be_visible()
    # Every answer is a server's error from now on: nothing of what is shown goes.
    await page.route("**/display/data", lambda route: route.fulfill(status=502, body="bad gateway"))
    await page.clock.fast_forward(150_000)
    await expect(page.locator("#word")).to_have_text("Busy")
    await expect(page.locator("#until")).to_have_text("until 13:00")
    await expect(page.locator("#title")).to_have_text("Design review")
    await expect(page.locator("#age")).to_contain_text("as of 10:58, no connection")
    await picture(page, "display-no-connection-1280")
    await page.unroute("**/display/data")
    await page.clock.fast_forward(21_000)
    await expect(page.locator("#age")).to_have_text("")


async def test_whoever_stands_at_the_door_checks_in_on_the_display(windows: Windows):
    office = windows.office
    path = await office.with_a_door()
    booking = await office.firm.booked("Apollo", new_york(11, day=24), by=BEN, title="Design review")
    office.firm.clock.set(new_york(10, 55, day=24).start)
    page = await windows.window(path)
    await page.get_by_role("button", name="Check in").click()
    await expect(page.locator("#said")).to_have_text("Checked in.")
    await expect(page.get_by_role("button", name="Check in")).to_be_hidden()
    assert (await office.firm.services.bookings.get(booking.id)).checked_in_at is not None


async def test_signing_in_and_out_in_every_size(windows: Windows):
    for width in SIZES:
        page = await windows.window("/signin", width=width, dark=width == 1920)
        assert await violations(page) == []
        await picture(page, f"signin-{width}")
    page = await windows.window("/board", user=BEN, width=390)
    await expect(page.get_by_role("heading", name="Which office?")).to_be_visible()
    assert await violations(page) == []
    await picture(page, "offices-390")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.goto(windows.office.url + windows.office.board())
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
