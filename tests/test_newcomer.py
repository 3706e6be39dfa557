"""The walk of somebody who has just typed `make demo`: a room in one line, another by what it has, moved, cancelled.

The real demo is started: its database, its stand-in for Slack, its bot. What the newcomer sees is left as pictures in
`tests/screenshots/`.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from bot.demo import WELCOME

pytestmark = pytest.mark.browser
CHECKOUT = Path(__file__).resolve().parents[1]
PICTURES = CHECKOUT / "tests" / "screenshots"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PATIENCE = 60.0
SLOW_MACHINE = 20_000


@pytest.fixture
def demo() -> Iterator[str]:
    """The running demo's address; its data is in a folder of its own."""
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"there is no Chromium at {CHROMIUM}; set CHROMIUM to one")
    root = Path(tempfile.mkdtemp(prefix="bookroom-"))
    root.chmod(0o755)  # PostgreSQL may run as another user
    shutil.copytree(CHECKOUT / "sandbox", root / "sandbox")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "bot", "demo", "--port", str(port)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if "Bookroom is running" in line:
                break
        else:
            pytest.fail("the demo ended before it was ready:\n" + "".join(said))
        yield f"http://127.0.0.1:{port}/"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
async def page(demo: str) -> AsyncIterator[Page]:
    """The demo's page in a window, in which no script may fail."""
    failures: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM)
        window = await browser.new_page(viewport={"width": 1280, "height": 800})
        window.set_default_timeout(SLOW_MACHINE)
        window.on("pageerror", lambda error: failures.append(str(error)))
        await window.goto(demo)
        yield window
        await browser.close()
    assert failures == []


async def say(page: Page, line: str) -> None:
    await page.get_by_test_id("composer-input").fill(line)
    await page.keyboard.press("Enter")


def answer(page: Page, words: str) -> Locator:
    return page.get_by_test_id("message").filter(has_text=words).last


async def seen(what: Locator, *words: str) -> None:
    """Wait until a person would have read all these words there."""
    for word in words:
        await expect(what).to_contain_text(word, timeout=SLOW_MACHINE)


async def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    await page.screenshot(path=PICTURES / f"{name}.png")


async def test_a_newcomer_books_finds_moves_and_cancels(page: Page) -> None:
    proposed = re.search(r"/book room .*", WELCOME)
    assert proposed is not None

    # Picks a person, and a channel.
    await page.get_by_test_id("person-switcher").click()
    await page.get_by_test_id("person-U0DEEPA").click()
    await expect(page.get_by_test_id("person-switcher")).to_contain_text("Deepa")
    await page.get_by_test_id("channel-new-york").click()

    # Has a room with one line.
    await say(page, proposed[0])
    booked = answer(page, "is yours")
    await seen(booked, "Apollo is yours: tomorrow, ", "14:00-15:30 (New York)", "projector", "Only visible to you")
    await picture(page, "1-booked")

    # Finds another by what it has, in a modal whose results follow the form.
    await say(page, "/book find tomorrow 3pm for 9")
    modal = page.get_by_test_id("modal")
    await seen(modal, "free tomorrow 15:00-15:30")
    await modal.get_by_label("Equipment").click()
    await page.get_by_role("option", name="projector").click()
    await page.keyboard.press("Escape")
    hudson = modal.get_by_role("button", name="Book Hudson")
    await expect(hudson).to_be_visible()
    await expect(modal.get_by_role("button", name="Book Big Ben")).to_have_count(0)
    await picture(page, "2-found")
    await hudson.click()
    await seen(modal, "Hudson is yours: tomorrow, ", "15:00-15:30")
    await modal.get_by_test_id("modal-close").click()
    await expect(modal).to_have_count(0)

    # Moves it.
    await say(page, "/book move hudson tomorrow 3pm to 4pm")
    moved = answer(page, "✏️")
    await seen(moved, "Hudson", "15:00-15:30", "16:00-16:30")
    await picture(page, "3-moved")

    # Cancels it, asked first, and sees that it is gone.
    await moved.get_by_role("button", name="Cancel the booking of Hudson").click()
    confirm = page.get_by_test_id("confirm")
    await seen(confirm, "Cancel this booking?", "tomorrow 16:00-16:30, is given back")
    await page.get_by_test_id("confirm-ok").click()
    await seen(answer(page, "❌"), "Hudson", "16:00-16:30", "is cancelled.")
    await picture(page, "4-cancelled")

    # What is left stands in the Home.
    await page.get_by_test_id("channel-app").click()
    home = page.get_by_test_id("home")
    await seen(home, "Apollo", "14:00-15:30")
    await expect(home).not_to_contain_text("16:00-16:30 (New York) · Hudson")
    await picture(page, "5-home")
