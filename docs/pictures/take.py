"""Take the pictures of the README from a running demo, in Chromium.

    make demo FRESH=1                                  # in one terminal
    .venv/bin/python docs/pictures/take.py             # in another; --url where the demo is elsewhere

It books as the made-up people do and leaves the bookings there, so that it wants a fresh demo. Chromium is looked for in
`CHROMIUM`, else where Debian has it. Each picture is 1280 by 800 and stands beside this file.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path

from playwright.async_api import Page, async_playwright, expect

from bot.demo import WELCOME
from sandbox.client import SandboxClient

HERE = Path(__file__).parent
SIZE = {"width": 1280, "height": 800}
CHANNEL = "C0NEWYORK"
ANA, BEN, DEEPA = "U0ANA", "U0BEN", "U0DEEPA"
FIRST_LINE = next(line.split("#general:")[1].strip() for line in WELCOME.splitlines() if "#general:" in line)
TALK = (
    (BEN, "The Hudson is mine tomorrow at three: the customer wants to see the new sensor"),
    (DEEPA, "Fine. We are six for the planning, any room with a projector would do"),
    (ANA, f"One line and it is done: `{FIRST_LINE}`"),
)


async def booked(page: Page) -> None:
    """A line that books, and one that is refused with ways out."""
    await say(page, FIRST_LINE, "Apollo is yours")
    await say(page, "/book hudson tomorrow 3-4pm for 8", "Hudson is taken")
    await page.get_by_test_id("composer-input").fill("/book find for 8 with video")
    await page.keyboard.press("Escape")
    await take(page, "booked")
    await page.get_by_test_id("composer-input").fill("")


async def modal(page: Page) -> None:
    """The booking form, half filled."""
    await say(page, "/book")
    form = page.get_by_test_id("modal")
    await form.get_by_label("People").fill("5")
    await form.get_by_label("Title").fill("Planning")
    await form.get_by_label("People").focus()
    await take(page, "modal")
    await page.keyboard.press("Escape")
    await expect(form).to_have_count(0)


async def search(page: Page) -> None:
    """The search with its results."""
    await say(page, "/book find tomorrow 2pm for 8 with video")
    await expect(page.get_by_test_id("modal")).to_contain_text("free")
    await take(page, "search")
    await page.keyboard.press("Escape")


async def home(page: Page) -> None:
    """The App Home with what is ahead."""
    await page.get_by_test_id("channel-app").click()
    await expect(page.get_by_test_id("home")).to_contain_text("Apollo")
    await page.mouse.move(0, 0)
    await take(page, "home")


async def say(page: Page, line: str, answer: str = "") -> None:
    """Type a line, and wait for the answer or the modal."""
    await page.get_by_test_id("composer-input").fill(line)
    await page.keyboard.press("Enter")
    shown = page.get_by_test_id("message").filter(has_text=answer).last if answer else page.get_by_test_id("modal")
    await expect(shown).to_be_visible()


async def take(page: Page, name: str) -> None:
    """Take the picture once nothing moves any more."""
    await page.wait_for_timeout(400)
    await page.screenshot(path=HERE / f"{name}.png")


async def main(url: str) -> None:
    """Prepare the channel, then take every picture."""
    async with SandboxClient(url) as slack, async_playwright() as playwright:
        await slack.command(BEN, CHANNEL, '/book room hudson tomorrow 3-4pm for 8 "Sensor demo"')
        for person, words in TALK:
            await slack.message(person, CHANNEL, words)
        browser = await playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
        page = await browser.new_page(viewport=SIZE)
        await page.goto(f"{url}/?user={ANA}&channel={CHANNEL}")
        for picture in (booked, modal, search, home):
            await picture(page)
        await browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Take the pictures of the README from a running demo.")
    parser.add_argument("--url", default="http://127.0.0.1:3000", help="where the demo's page is")
    asyncio.run(main(parser.parse_args().url.rstrip("/")))
