"""The panel of faults, and a company that changes while somebody looks: archived channels, people who leave, threads."""

import aiohttp
import pytest
from playwright.async_api import Page, expect

from tests.sandbox.bench import ANA, BEN, GENERAL, RANDOM
from tests.sandbox.page.stage import Stage, messages, until, violations

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def panel(stage: Stage, **how: bool) -> Page:
    page = await stage.window(**how)
    if how.get("phone"):
        await page.get_by_test_id("open-drawer").click()
    await page.get_by_test_id("faults").click()
    await expect(page.get_by_test_id("fault-rate_limits")).to_be_attached()
    return page


async def test_faults_are_switched_by_keyboard_and_told_in_the_sidebar(stage: Stage):
    faults = stage.bench.running.sandbox.parts.faults
    page = await stage.window()
    await page.get_by_test_id("faults").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("fault-rate_limits")).to_be_attached()

    await page.get_by_test_id("fault-rate_limits").focus()
    await page.keyboard.press("Space")
    await expect(page.get_by_test_id("fault-rate_limits")).to_be_checked()
    await expect(page.get_by_test_id("fault-rate_limits")).to_be_focused()
    await page.keyboard.press("Escape")

    await expect(page.get_by_test_id("faults-panel")).to_have_count(0)
    await expect(page.get_by_test_id("faults")).to_have_text("Faults are on: rate limits")
    assert faults.rate_limits


async def test_a_fault_is_ordered_inflicted_counted_and_all_are_turned_off(stage: Stage):
    faults = stage.bench.running.sandbox.parts.faults
    page = await panel(stage)
    await page.get_by_test_id("next-kind").select_option("lost")
    await page.get_by_test_id("next-add").click()
    await until(lambda: faults.failures)
    stage.bench.api.retry_handlers.clear()
    with pytest.raises(aiohttp.ClientError):
        await stage.bench.api.chat_postMessage(channel=GENERAL, text="Arrived")
    await page.get_by_test_id("fault-token").select_option("token_revoked")
    await expect(page.get_by_test_id("faults-count")).to_have_text("1 inflicted: lost answer 1")
    await page.get_by_test_id("fault-random").check(force=True)
    await until(lambda: faults.by_chance is not None)

    await page.get_by_test_id("faults-clear").click()
    await expect(page.get_by_test_id("fault-random")).not_to_be_checked()
    assert (faults.token, faults.by_chance, faults.failures) == (None, None, [])


@pytest.mark.parametrize("how", [{}, {"dark": True}, {"phone": True}])
async def test_the_panel_has_no_barriers(stage: Stage, how: dict):
    page = await panel(stage, **how)

    assert await violations(page) == []


async def test_an_archived_channel_is_told_and_takes_no_words(stage: Stage):
    page = await stage.window(channel=RANDOM)
    await expect(page.get_by_test_id("composer")).to_be_visible()

    await stage.bench.slack.channel(RANDOM, "archive")

    await expect(page.get_by_test_id("reading")).to_contain_text("#random is archived")
    await expect(page.get_by_test_id("composer")).to_have_count(0)
    await expect(page.get_by_test_id("channel-random")).to_have_class("side-link archived")
    assert await violations(page) == []
    await stage.bench.slack.channel(RANDOM, "unarchive")
    await expect(page.get_by_test_id("composer")).to_be_visible()


async def test_whoever_is_deactivated_gives_way_to_somebody_else(stage: Stage):
    page = await stage.window(BEN)

    await stage.bench.slack.person(BEN, action="deactivate")

    await expect(page.get_by_test_id("toast")).to_contain_text("Ben Okafor left the company.")
    await expect(page.get_by_test_id("person-switcher")).to_contain_text("Ana Duarte")


async def test_replies_open_beside_the_conversation(stage: Stage):
    parent = await stage.bench.post("Moved to 15:00")
    for text in ("Fine", "Works", "Thanks"):
        await stage.bench.slack.message(BEN, GENERAL, text, thread_ts=parent["ts"])
    page = await stage.window(ANA)

    foot = messages(page).get_by_test_id("open-thread")
    await expect(foot).to_contain_text("3 replies")
    await foot.click()

    await expect(page.get_by_test_id("thread").get_by_test_id("message")).to_have_count(4)
