"""Take the pictures of the README: Bookroom itself, the sandbox's page in Chromium, and a clock of ours.

    .venv/bin/python -m docs.pictures.take [NAME]...     # all of them, or those named

It starts a database, the sandbox and the bot in a folder that it removes, fills them with the demo's company on a Tuesday
in November, and acts as its people; hours pass by setting the clock. Chromium is looked for in `CHROMIUM`, else where
Debian has it. Each picture is 1280 wide and stands beside this file.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Page, async_playwright, expect
from pydantic import SecretStr

from bot import postgres, sample, trial
from bot.app import Bookroom
from bot.config import Settings
from bot.demo import WELCOME
from core.db import Database
from core.granting import Granting
from core.models import Right
from core.notices import Preferences
from core.rooms import Rooms
from migrations import upgrade
from sandbox import company
from sandbox.client import SandboxClient
from sandbox.server import Sandbox, serving

HERE = Path(__file__).parent
WIDE, HIGH = 1280, 800
BEGINS = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)  # Tuesday, 10:07 in New York
CHANNEL = "C0NEWYORK"
ANA, BEN, DEEPA = "U0ANA", "U0BEN", "U0DEEPA"
FIRST_LINE = next(line.split("#general:")[1].strip() for line in WELCOME.splitlines() if "#general:" in line)
TALK = (
    (BEN, "The Hudson is mine tomorrow at three: the customer wants to see the new sensor"),
    (DEEPA, "Fine. We are six for the planning, any room with a projector would do"),
    (ANA, f"One line and it is done: `{FIRST_LINE}`"),
)
# What is waited for: some jobs look every five seconds.
PATIENCE = 15.0


class StoryClock:
    """Goes as the machine's does, and can be set."""

    def __init__(self, begins: datetime) -> None:
        self._from, self._since = begins, time.monotonic()

    def now(self) -> datetime:
        """Return the story's moment in UTC."""
        return self._from + timedelta(seconds=time.monotonic() - self._since)

    def timestamp(self) -> float:
        """Return the story's moment in Unix seconds."""
        return self.now().timestamp()

    def set(self, day: int, hour: int, minute: int) -> None:
        """Set it to a moment of November on New York's clock."""
        self._from, self._since = datetime(2026, 11, day, hour + 5, minute, tzinfo=UTC), time.monotonic()


@dataclass(kw_only=True)
class Stage:
    """The running product, the people's side of Slack, and the browser."""

    clock: StoryClock
    bot: Bookroom
    slack: SandboxClient
    page: Page
    url: str
    wanted: Sequence[str]

    async def look(self, user: str, channel: str) -> None:
        """Look at a channel, or at the app ("app"), as somebody."""
        await self.page.clock.set_fixed_time(self.clock.now())
        await self.page.goto(f"{self.url}/?user={user}" + (f"&channel={channel}" if channel != "app" else ""))
        if channel == "app":
            await self.page.get_by_test_id("channel-app").click()

    async def messages(self, user: str) -> None:
        """Look at what the app wrote to somebody."""
        await self.look(user, "app")
        await self.page.get_by_test_id("tab-messages").click()

    async def say(self, line: str, answer: str = "") -> None:
        """Type a line, and wait for the answer or the modal."""
        await self.page.get_by_test_id("composer-input").fill(line)
        await self.page.keyboard.press("Enter")
        shown = self.page.get_by_test_id("message").filter(has_text=answer).last
        await expect(shown if answer else self.page.get_by_test_id("modal")).to_be_visible()

    async def leave(self) -> None:
        """Close the modal."""
        await self.page.keyboard.press("Escape")
        await expect(self.page.get_by_test_id("modal")).to_have_count(0)

    async def written(self, user: str, words: str, channel: str = "") -> dict[str, Any]:
        """Return the message with these words that somebody sees in a channel, or in their direct messages."""
        where = channel or f"D{user[1:]}"
        return await self.slack.wait_for_message(user, where, words, seconds=PATIENCE)

    async def take(self, name: str, *, high: int = HIGH) -> None:
        """Take a picture once nothing moves any more."""
        if self.wanted and name not in self.wanted:
            return
        await self.page.set_viewport_size({"width": WIDE, "height": high})
        await self.page.mouse.move(0, 0)
        await self.page.wait_for_timeout(500)
        await self.page.screenshot(path=HERE / f"{name}.png")
        await self.page.set_viewport_size({"width": WIDE, "height": HIGH})


async def booking(stage: Stage) -> None:
    """A line that books, one that is refused with ways out; the form; the search; the Home."""
    for person, words in TALK:
        await stage.slack.message(person, CHANNEL, words)
    await stage.look(ANA, CHANNEL)
    await stage.say(FIRST_LINE, "Apollo is yours")
    await stage.say("/book hudson tomorrow 3-4pm for 8", "Hudson is taken")
    await stage.page.get_by_test_id("composer-input").fill("/book find for 8 with video")
    await stage.page.keyboard.press("Escape")
    await stage.take("booked")
    await stage.page.get_by_test_id("composer-input").fill("")
    await stage.say("/book")
    form = stage.page.get_by_test_id("modal")
    await form.get_by_label("People").fill("5")
    await form.get_by_label("Title").fill("Planning")
    await form.get_by_label("People").focus()
    await stage.take("modal")
    await stage.leave()
    await stage.say("/book find tomorrow 2pm for 8 with video")
    await expect(form).to_contain_text("free")
    await stage.take("search")
    await stage.leave()


async def settings(stage: Stage) -> None:
    """What one can set, and what a channel can hear of."""
    await stage.look(ANA, CHANNEL)
    await stage.say("/book settings")
    await stage.take("settings", high=1120)
    await stage.leave()
    await stage.say("/book notify")
    await stage.take("notify")
    await stage.leave()


async def living(stage: Stage) -> None:
    """A channel hears of a booking, and sees it move; the thread is the history."""
    await stage.slack.command(ANA, CHANNEL, '/book hudson tomorrow 1-2pm "Launch plan" with <@U0BEN> <@U0DEEPA>')
    await stage.written(BEN, "Launch plan", CHANNEL)
    invitation = await stage.written(DEEPA, "Launch plan")
    await stage.slack.click(DEEPA, invitation, "going")
    await stage.look(BEN, CHANNEL)
    await expect(stage.page.get_by_test_id("message").filter(has_text="is coming").last).to_be_visible()
    await stage.take("living-before")
    await stage.slack.command(ANA, CHANNEL, "/book move launch plan to 1:30pm")
    await stage.written(BEN, "13:30-14:30", CHANNEL)
    card = stage.page.get_by_test_id("message").filter(has_text="13:30-14:30").last
    await card.get_by_test_id("open-thread").click()
    await expect(stage.page.get_by_test_id("thread-messages")).to_contain_text("moved it")
    await stage.take("living-after")


async def waiting(stage: Stage) -> None:
    """Deepa waits for what Ben has, and is offered it when he gives it back."""
    await stage.slack.command(DEEPA, CHANNEL, "/book hudson tomorrow 3-4pm for 6")
    refusal = await stage.written(DEEPA, "Tell me when it frees", CHANNEL)
    await stage.slack.click(DEEPA, refusal, "wait")
    await stage.written(DEEPA, "in line", CHANNEL)
    await stage.slack.command(BEN, CHANNEL, "/book cancel sensor demo")
    await stage.written(DEEPA, "is free for you")
    await stage.messages(DEEPA)
    await stage.take("offer")


async def approval(stage: Stage) -> None:
    """Deepa asks for the Boardroom; Ben and Ana see it, Ben suggests, Ana decides, and everybody sees how it went."""
    services = stage.bot.services
    room = next(one for one in (await services.catalogues.current()).rooms if one.name == "Boardroom")
    await Rooms(stage.bot.db, services.catalogues).set_policy(room_id=room.id, approval=True)
    for person in await services.people.mentioned("T0NORTHBAY", [ANA, BEN]):
        await Granting(stage.bot.db, services.catalogues).give(Right.APPROVE, room_id=room.id, person_id=person)
    await stage.look(DEEPA, CHANNEL)
    await stage.say('/book boardroom friday 10-11am for 12 "Customer visit"', "is held for you")
    await stage.take("approval-asked")
    await stage.written(BEN, "asks for Boardroom")
    card = await stage.written(ANA, "asks for Boardroom")
    await stage.messages(BEN)
    await expect(stage.page.get_by_test_id("message").filter(has_text="asks for Boardroom").last).to_be_visible()
    await stage.take("approval")
    await stage.page.get_by_role("button", name="Suggest another").last.click()
    await expect(stage.page.get_by_test_id("modal")).to_contain_text("What is free")
    await stage.take("approval-suggest")
    await stage.leave()
    await stage.slack.click(ANA, card, "approve")
    await stage.written(BEN, "Approved by")
    await expect(stage.page.get_by_test_id("message").filter(has_text="Approved").last).to_be_visible()
    await stage.take("approval-decided")
    await stage.written(DEEPA, "approved it")
    await stage.messages(DEEPA)
    await expect(stage.page.get_by_test_id("message").filter(has_text="approved it").last).to_be_visible()
    await stage.take("approval-told")


async def series(stage: Stage) -> None:
    """A meeting every week: what clashes is shown before it is booked, chosen about, and all its dates can be looked at."""
    sentence = '/book every thursday 5-6pm for 8 weeks in hudson for 6 "Roadmap"'
    await stage.slack.command(BEN, CHANNEL, '/book hudson 3 dec 5-6pm "Design review"')
    await stage.slack.command(DEEPA, CHANNEL, '/book hudson 17 dec 5:30-6:30pm "Year in review"')
    await stage.look(ANA, CHANNEL)
    await stage.say(sentence, "6 are free")
    await stage.take("series-preview")
    await stage.page.get_by_role("button", name="Choose per date…").last.click()
    modal = stage.page.get_by_test_id("modal")
    await expect(modal).to_contain_text("Choose per date")
    await stage.take("series-choose")
    await stage.leave()
    await stage.page.get_by_role("button", name="Book 6, skip 2").last.click()
    await expect(stage.page.get_by_test_id("message").filter(has_text="is yours every").last).to_be_visible()
    await stage.page.get_by_role("button", name="Show dates").last.click()
    await expect(modal).to_contain_text("skipped")
    await stage.take("series")
    await stage.leave()
    await stage.say("/book")
    await modal.get_by_label("Repeat").click()
    await stage.page.get_by_role("option", name="Every week", exact=True).click()
    await expect(modal).to_contain_text("Number of dates")
    await stage.take("series-form", high=1250)
    await stage.leave()


async def administration(stage: Stage) -> None:
    """What there is to administer, all inside Slack."""
    await stage.look(ANA, CHANNEL)
    await stage.say("/book admin")
    await expect(stage.page.get_by_test_id("modal")).to_contain_text("Webhooks")
    await stage.take("admin", high=1160)
    await stage.leave()


async def the_day(stage: Stage) -> None:
    """The next day: digest, reminder, nobody comes, and the room is given back."""
    (person,) = await stage.bot.services.people.mentioned("T0NORTHBAY", [ANA])
    await stage.bot.services.preferences.set(person, Preferences(digest_at=clock_time(7)))
    stage.clock.set(25, 7, 0)
    await stage.written(ANA, "Your day")
    stage.clock.set(25, 13, 20)
    await stage.written(ANA, "in 10 minutes")
    await stage.messages(ANA)
    await expect(stage.page.get_by_test_id("message").filter(has_text="Launch plan starts").last).to_be_visible()
    await stage.take("reminder")
    await stage.look(ANA, "app")
    await expect(stage.page.get_by_test_id("home")).to_contain_text("Launch plan")
    await stage.take("home", high=1120)
    stage.clock.set(25, 13, 37)
    await stage.written(ANA, "Nobody has checked in to")
    stage.clock.set(25, 13, 40)
    await stage.written(ANA, "was released at")
    await stage.messages(ANA)
    await expect(stage.page.get_by_test_id("message").filter(has_text="was released at").last).to_be_visible()
    await stage.take("release")


async def figures(stage: Stage) -> None:
    """How rooms are used: in words and pictures in Slack, and in tables on the page."""
    await stage.look(ANA, CHANNEL)
    await stage.say("/book stats", "of the open time was booked")
    await expect(stage.page.get_by_role("img", name="Booked share of the open time by room").last).to_be_visible()
    await stage.take("stats", high=1240)
    said = stage.page.get_by_test_id("message").filter(has_text="of the open time was booked").last
    await stage.page.goto(str(await said.get_by_role("button", name="Tables and CSV").get_attribute("href")))
    await stage.take("stats-page", high=1120)


async def pages(stage: Stage) -> None:
    """The board of a place, for who has signed in, and the tablet at a room's door."""
    base = f"http://127.0.0.1:{stage.bot.port}"
    await stage.page.clock.set_fixed_time(stage.clock.now())
    # Slack's word is good by the machine's clock, and the story has another: she has signed in already.
    services = stage.bot.services
    (ana,) = await services.people.mentioned("T0NORTHBAY", [ANA])
    answer = web.Response()
    stage.bot.pages.sessions.begin(answer, await services.people.get(ana))
    (cookie,) = answer.cookies.values()
    await stage.page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": base}])
    await stage.page.goto(f"{base}/board")
    await stage.page.locator("main a", has_text="New York").first.click()
    await stage.page.locator("a", has_text="›").click()
    await expect(stage.page.get_by_role("heading", name="New York")).to_be_visible()
    await stage.take("board", high=860)
    doors = await Rooms(stage.bot.db, stage.bot.services.catalogues).doors()
    door = next(token for room, _, token in doors if room.name == "Apollo")
    await stage.page.goto(f"{base}/door/{door}/display")
    await stage.take("display")


SCENES = (booking, pages, settings, living, waiting, approval, series, administration, the_day, figures)


@asynccontextmanager
async def opened(folder: Path, wanted: Sequence[str]) -> AsyncIterator[Stage]:
    """Start everything, with the demo's company in it, and stop it afterwards."""
    clock, people = StoryClock(BEGINS), company.load()
    with trial.own_database(folder) as server:
        await asyncio.to_thread(upgrade, server.url(postgres.OWNER, trial.DATABASE))
        db = Database(server.url(postgres.APP, trial.DATABASE))
        await sample.seed(db, json.loads(people.model_dump_json()), now=clock.now())
        await db.close()
        async with serving(Sandbox(people, clock=clock.timestamp)) as running, SandboxClient(running.url) as slack:
            port = postgres.free_port()
            told = Settings(
                _env_file=None,
                slack_bot_token=SecretStr(people.tokens.bot),
                slack_app_token=SecretStr(people.tokens.app),
                slack_api_url=running.api_url,
                slack_client_id=people.client.client_id,
                slack_client_secret=SecretStr(people.client.client_secret),
                public_url=f"http://127.0.0.1:{port}",
                port=port,
            )
            bot = Bookroom(told.model_copy(update=trial.urls(server)), clock=clock)
            await bot.start()
            try:
                async with async_playwright() as playwright:
                    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
                    browser = await playwright.chromium.launch(executable_path=path)
                    page = await browser.new_page(viewport={"width": WIDE, "height": HIGH})
                    yield Stage(clock=clock, bot=bot, slack=slack, page=page, url=running.url, wanted=wanted)
                    await browser.close()
            finally:
                await bot.stop()


async def main(wanted: Sequence[str]) -> None:
    """Play the whole story, and take the pictures that are wanted."""
    with tempfile.TemporaryDirectory(prefix="bookroom-pictures-") as folder:
        async with opened(Path(folder), wanted) as stage:
            await stage.slack.command(BEN, CHANNEL, '/book room hudson tomorrow 3-4pm for 8 "Sensor demo"')
            for scene in SCENES:
                await scene(stage)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
