"""Windows in which people look at our pages: whatever they ask of other hosts or fail in is kept; axe; pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import axe_playwright_python
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from tests.web.office import Office

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PICTURES = Path(__file__).parents[1] / "screenshots" / "web"
PATIENCE_MS = 15_000
SIZES = {390: {"width": 390, "height": 844}, 1280: {"width": 1280, "height": 800}, 1920: {"width": 1920, "height": 1080}}


@dataclass(kw_only=True)
class Windows:
    """A browser at an office's pages."""

    office: Office
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    async def window(
        self,
        path: str,
        *,
        user: str | None = None,
        width: int = 1280,
        height: int | None = None,
        dark: bool = False,
        script: bool = True,
    ) -> Page:
        """Open a page, signed in as somebody where one is named, in a zone and a language that are nobody's."""
        context = await self.browser.new_context(
            viewport={"width": width, "height": height or SIZES[width]["height"]},
            color_scheme="dark" if dark else "light",
            timezone_id="Pacific/Auckland",
            locale="ja-JP",
            java_script_enabled=script,
        )
        await context.grant_permissions(["clipboard-read", "clipboard-write"], origin=self.office.url)
        self.contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        page.on("request", self._requested)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.failures.append(str(error)))
        if user:
            await page.goto(f"{self.office.url}/signin?to=/board")
            await page.get_by_role("link", name="Sign in with Slack").click()
            await page.locator(f'button[value="{user}"]').click()
        await page.goto(self.office.url + path)
        return page

    def _requested(self, request: Request) -> None:
        # The sandbox is Slack, to which one is sent for signing in.
        if not request.url.startswith((self.office.url, f"{self.office.firm.running.url}/", "data:")):
            self.outside.append(request.url)

    def _said(self, message: ConsoleMessage) -> None:
        # A breach of the content policy, or a script's error; an answer that is no 200 is neither.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.failures.append(message.text)

    async def close(self) -> None:
        for context in self.contexts:
            await context.close()


async def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is now."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES)
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]]


async def overflow(page: Page) -> bool:
    """Whether the page as a whole is wider than its window."""
    return bool(await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


async def picture(page: Page, name: str) -> None:
    """Leave a picture for whoever wants to see what was tested."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=PICTURES / f"{name}.png")
