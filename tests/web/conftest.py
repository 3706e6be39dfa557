"""Pages over HTTP for tests that read them, and in Chromium for those that look at them."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.web.office import Office, opened
from tests.web.window import PATIENCE_MS, Windows

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    """An office with pages, in which one can sign in."""
    async with opened(database) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"there is no Chromium at {CHROMIUM}; set CHROMIUM to one")
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="module")
async def windows(browser: Browser, database: Any) -> AsyncIterator[Windows]:
    """An office in Chromium; afterwards no window may have asked the outside or failed in its scripts."""
    async with opened(database, with_api=True) as made:
        windows = Windows(office=made, browser=browser)
        yield windows
        await windows.close()
    assert windows.outside == []
    assert windows.failures == []
