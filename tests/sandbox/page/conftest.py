"""The sandbox's page in Chromium: one browser for a file of tests, a sandbox and a window of its own for each test."""

import os
import shutil
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from sandbox import company
from sandbox.client import PATIENCE_SECONDS
from tests.sandbox.bench import bench_of
from tests.sandbox.page.stage import Stage

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"there is no Chromium at {CHROMIUM}; set CHROMIUM to one")
    # Five seconds otherwise, which a machine with other things to do may need for one click.
    expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(browser: Browser) -> AsyncIterator[Stage]:
    """A sandbox on the real clock; afterwards no window may have asked the outside or failed in its scripts."""
    async with bench_of(company.load(), clock=time.time) as bench:
        made = Stage(bench=bench, browser=browser)
        yield made
        await made.close()
    assert made.outside == []
    assert made.failures == []
