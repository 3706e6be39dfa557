"""What tests of the page share: windows in which people look at the sandbox, and an app with something to say."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import axe_playwright_python
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request
from slack_bolt.async_app import AsyncApp

from sandbox.client import PATIENCE_SECONDS
from tests.sandbox.bench import ANA, GENERAL, Bench, plain

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}


@dataclass(kw_only=True)
class Stage:
    """A running sandbox and the windows that look at it."""

    bench: Bench
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    async def window(
        self, user: str = ANA, channel: str = GENERAL, *, more: str = "", phone: bool = False, dark: bool = False
    ) -> Page:
        """Open the page as a person, in a zone and a language that are nobody's."""
        context = await self.browser.new_context(
            viewport=PHONE if phone else DESK,
            color_scheme="dark" if dark else "light",
            timezone_id="Pacific/Auckland",
            locale="ja-JP",
        )
        self.contexts.append(context)
        context.set_default_timeout(PATIENCE_SECONDS * 1000)
        page = await context.new_page()
        page.on("request", self._requested)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.failures.append(str(error)))
        await page.goto(f"{self.bench.url}/?user={user}&channel={channel}{more}")
        await page.get_by_test_id("conversation-title").wait_for()
        return page

    def _requested(self, request: Request) -> None:
        if not request.url.startswith((self.bench.url, "data:")):
            self.outside.append(request.url)

    def _said(self, message: ConsoleMessage) -> None:
        # A breach of the content policy, or a script's error; a refused call of the API is neither.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.failures.append(message.text)

    async def close(self) -> None:
        for context in self.contexts:
            await context.close()

    async def app(self) -> tuple[AsyncApp, list[dict]]:
        """A connected app that acks whatever it is sent and keeps the payloads."""
        app = self.bench.app()
        heard: list[dict] = []

        @app.middleware
        async def keep(body, next_):
            heard.append(body)
            await next_()

        await self.bench.over_http(app)
        return app, heard

    async def modal(self, view: dict, user: str = ANA) -> dict:
        """Open a modal for a person, as an app does that was just clicked."""
        answer = await self.bench.api.views_open(trigger_id=self.bench.trigger(user), view=view)
        return dict(answer["view"])


def composer(page: Page) -> Locator:
    return page.get_by_test_id("composer-input")


def messages(page: Page) -> Locator:
    return page.get_by_test_id("messages").get_by_test_id("message")


def top(page: Page) -> Locator:
    return page.get_by_test_id("modal")


def element(where: Page | Locator, action_id: str) -> Locator:
    return where.locator(f'[data-action-id="{action_id}"]')


def block(where: Page | Locator, block_id: str) -> Locator:
    return where.locator(f'[data-block-id="{block_id}"]')


async def until(happened: Callable[[], object]) -> None:
    """Wait for what another task brings about."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not happened():  # noqa: ASYNC110 - a list that fills has no event to wait for
            await asyncio.sleep(0.02)


async def focused(page: Page) -> str:
    """The action id, test id or text of what has the focus."""
    return str(
        await page.evaluate("(a => a.dataset.actionId || a.dataset.testid || a.textContent.trim())(document.activeElement)")
    )


async def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is now."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES)
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]]


def told(text: str, **more: object) -> dict:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def labelled(text: str, input_element: dict, block_id: str, **more: object) -> dict:
    return {"type": "input", "block_id": block_id, "label": plain(text), "element": input_element, **more}
