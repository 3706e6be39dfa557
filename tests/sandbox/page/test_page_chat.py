"""The page as a chat: people write, apps answer, others see it at once; all of it by keyboard too."""

import asyncio
import contextlib
import re
import time

import pytest
from playwright.async_api import Page, expect

from sandbox import company
from sandbox.server import Sandbox, serving
from tests.sandbox.bench import ANA, BEN, ERIK, GENERAL, GUS, NEW_YORK, button, option, plain
from tests.sandbox.page.stage import Stage, block, composer, element, focused, messages, told, until, violations

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def booking_app(stage: Stage) -> list[dict]:
    """An app that answers /book in private, with a button."""
    app, heard = await stage.app()

    @app.command("/book")
    async def book(ack, body):
        buttons = {"type": "actions", "block_id": "ways", "elements": [button("edit", "Edit")]}
        await ack(response_type="ephemeral", text="booked", blocks=[told(f"Booked: {body['text']}"), buttons])

    @app.action("edit")
    async def edit(ack):
        await ack()

    return heard


async def test_a_command_is_completed_sent_and_answered_in_private_by_keyboard_alone(stage: Stage):
    heard = await booking_app(stage)
    page = await stage.window()
    other = await stage.window(BEN)
    await page.keyboard.type("/bo")
    await expect(page.get_by_role("option", name="/book")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(composer(page)).to_have_value("/book ")
    await page.keyboard.type("room tomorrow 2pm")
    await page.keyboard.press("Enter")
    answer = messages(page).filter(has_text="Booked: room tomorrow 2pm")
    await expect(answer).to_contain_text("Only visible to you")
    await expect(composer(page)).to_have_value("")
    assert (heard[0]["command"], heard[0]["text"]) == ("/book", "room tomorrow 2pm")
    await expect(messages(other)).to_have_count(0)

    await page.keyboard.press("Shift+Tab")
    assert await focused(page) == "edit"
    await page.keyboard.press("Enter")
    await expect(element(page, "edit")).not_to_have_attribute("aria-busy", "true")
    assert heard[-1]["actions"][0]["action_id"] == "edit"
    assert await focused(page) == "edit"


async def test_arrow_up_brings_back_what_was_sent(stage: Stage):
    page = await stage.window()
    for text in ("first", "second"):
        await composer(page).fill(text)
        await page.keyboard.press("Enter")
        await expect(messages(page).filter(has_text=text)).to_have_count(1)
    await page.keyboard.press("ArrowUp")
    await expect(composer(page)).to_have_value("second")
    await page.keyboard.press("ArrowUp")
    await expect(composer(page)).to_have_value("first")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await expect(composer(page)).to_have_value("")


async def test_a_mention_is_completed_and_reaches_slack_as_an_id(stage: Stage):
    page = await stage.window()
    await composer(page).press_sequentially("hello @okaf")
    await expect(page.get_by_role("option", name="Ben Okafor")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(composer(page)).to_have_value("hello @ben ")
    await page.keyboard.press("Enter")
    await expect(messages(page)).to_contain_text("hello @Ben Okafor")
    assert (await stage.bench.slack.last_message(ANA, GENERAL))["text"] == "hello <@U0BEN>"


async def test_an_unknown_command_is_not_sent_and_stays_in_the_composer(stage: Stage):
    page = await stage.window()
    await composer(page).fill("/boook room")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("toast")).to_have_text("/boook is not a valid command.")
    await expect(composer(page)).to_have_value("/boook room")
    await expect(messages(page)).to_have_count(0)


async def test_a_command_that_no_app_answers_is_told_as_slack_tells_it(stage: Stage):
    page = await stage.window()
    await composer(page).fill("/book room")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("toast")).to_have_count(1)
    await expect(page.get_by_test_id("toast")).to_contain_text("/book failed with the error")
    await page.get_by_role("button", name="Dismiss").click()
    await expect(page.get_by_test_id("toast")).to_have_count(0)


async def test_messages_appear_change_and_go_while_others_look(stage: Stage):
    page = await stage.window(BEN)
    posted = await stage.bench.post("Meeting at *14:00*")
    await expect(messages(page)).to_contain_text("Meeting at 14:00")
    await stage.bench.api.chat_update(channel=GENERAL, ts=posted["ts"], text="Meeting at *15:00*")
    await expect(messages(page)).to_contain_text("Meeting at 15:00 (edited)")
    await stage.bench.api.chat_delete(channel=GENERAL, ts=posted["ts"])
    await expect(messages(page)).to_have_count(0)


async def test_a_message_elsewhere_raises_the_count_until_it_is_read(stage: Stage):
    page = await stage.window(BEN)
    link = page.get_by_test_id("channel-new-york")
    await stage.bench.post("one", channel=NEW_YORK)
    await stage.bench.post("two", channel=NEW_YORK)
    await expect(link.locator(".badge")).to_have_text("2 unread")
    await link.click()
    await expect(messages(page)).to_have_count(2)
    await expect(link.locator(".badge")).to_have_count(0)
    await expect(page).to_have_url(f"{stage.bench.url}/?user={BEN}&channel={NEW_YORK}")


async def test_a_thread_opens_beside_and_takes_replies(stage: Stage):
    parent = await stage.bench.post("Lunch?")
    await stage.bench.api.chat_postMessage(channel=GENERAL, text="At noon", thread_ts=parent["ts"])
    page = await stage.window()
    await page.get_by_test_id("open-thread").click()
    replies = page.get_by_test_id("thread-messages").get_by_test_id("message")
    await expect(replies).to_have_count(2)
    await page.keyboard.type("Fine")
    await page.keyboard.press("Enter")
    await expect(replies.last).to_contain_text("Fine")
    await expect(page.get_by_test_id("open-thread")).to_contain_text("2 replies")
    await page.keyboard.type("/book room")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("thread")).to_be_hidden()
    await expect(messages(page)).to_have_count(1)


async def test_ctrl_k_goes_to_places_and_becomes_people(stage: Stage):
    page = await stage.window()
    await page.keyboard.press("Control+k")
    await page.keyboard.type("new-y")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("conversation-title")).to_have_text("new-york")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("gus")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("person-switcher")).to_contain_text("Gus Visitor")
    await expect(page.get_by_test_id("conversation-title")).to_have_text("new-york")
    await expect(page.get_by_test_id("channel-general")).to_have_count(0)
    await expect(page).to_have_url(f"{stage.bench.url}/?user={GUS}&channel={NEW_YORK}")
    await page.go_back()
    await expect(page.get_by_test_id("person-switcher")).to_contain_text("Ana Duarte")


async def test_the_person_switcher_shows_everybodys_own_time(stage: Stage):
    page = await stage.window()
    await page.get_by_test_id("person-switcher").focus()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_test_id(f"person-{ERIK}")).to_contain_text("Berlin")
    await page.get_by_test_id(f"person-{ERIK}").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("person-switcher")).to_contain_text("Erik Lindqvist")
    shown = await page.get_by_test_id("person-switcher").locator(".person-time").text_content()
    now = await page.evaluate(
        "new Intl.DateTimeFormat('de-DE', {timeZone: 'Europe/Berlin', timeStyle: 'short'}).format(Date.now())"
    )
    assert minutes(shown[:5]) - minutes(now) in (0, -1)


def minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


async def test_the_sidebar_and_the_log_move_by_arrow_keys(stage: Stage):
    for text in ("one", "two"):
        await stage.bench.post(text)
        await stage.bench.slack.message(BEN, GENERAL, f"re {text}")
    page = await stage.window()
    await page.get_by_test_id("channel-general").focus()
    await page.keyboard.press("ArrowDown")
    assert await focused(page) == "channel-new-york"
    await expect(messages(page)).to_have_count(4)
    await messages(page).last.focus()
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowUp")
    assert await messages(page).nth(1).evaluate("node => node === document.activeElement")
    assert await messages(page).evaluate_all("all => all.filter(node => node.tabIndex === 0).length") == 1


async def test_a_clicked_button_shows_that_its_answer_is_on_the_way(stage: Stage):
    app, heard = await stage.app()
    free = asyncio.Event()

    @app.action("press")
    async def pressed(ack):
        await free.wait()
        await ack()

    await stage.bench.post(blocks=[{"type": "actions", "elements": [button()]}])
    page = await stage.window()
    await element(page, "press").click()
    await expect(element(page, "press")).to_have_attribute("aria-busy", "true")
    free.set()
    await expect(element(page, "press")).not_to_have_attribute("aria-busy", "true")
    assert [one["actions"][0]["action_id"] for one in heard] == ["press"]


async def test_a_confirm_dialog_stands_before_the_action(stage: Stage):
    app, heard = await stage.app()

    @app.action("cancel")
    async def cancelled(ack):
        await ack()

    question = {
        "title": plain("Cancel it?"),
        "text": plain("3 people are told."),
        "confirm": plain("Cancel booking"),
        "deny": plain("Keep it"),
        "style": "danger",
    }
    await stage.bench.post(blocks=[{"type": "actions", "elements": [button("cancel", "Cancel", confirm=question)]}])
    page = await stage.window()
    await element(page, "cancel").click()
    dialog = page.get_by_role("alertdialog", name="Cancel it?")
    await expect(dialog).to_contain_text("3 people are told.")
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    assert await focused(page) == "cancel"
    assert heard == []
    await page.keyboard.press("Enter")
    await dialog.get_by_role("button", name="Cancel booking").click()
    await expect(element(page, "cancel")).not_to_have_attribute("aria-busy", "true")
    await until(lambda: heard)
    assert heard[0]["actions"][0]["action_id"] == "cancel"


async def test_every_menu_and_picker_sends_what_was_chosen(stage: Stage):
    app, heard = await stage.app()

    @app.action(re.compile(".*"))
    async def chosen(ack):
        await ack()

    def beside(action_id, kind, **more):
        return told(action_id, block_id=f"b-{action_id}", accessory={"type": kind, "action_id": action_id, **more})

    options = [option("p", "Projector"), option("w", "Whiteboard")]
    blocks = [
        beside("one", "static_select", options=options),
        beside("some", "multi_static_select", options=options),
        beside("person", "users_select"),
        beside("day", "datepicker"),
        beside("time", "timepicker"),
        beside("more", "overflow", options=options),
        beside("boxes", "checkboxes", options=options),
        beside("radio", "radio_buttons", options=options),
    ]
    await stage.bench.post(blocks=blocks)
    page = await stage.window()

    await choose(page, "one", "white")
    await choose(page, "some", "proj")
    await page.keyboard.press("Escape")
    await choose(page, "person", "chloe")
    await element(page, "day").fill("2027-02-03")
    await page.keyboard.press("Tab")
    await choose(page, "time", "4:45 pm")
    await element(page, "more").click()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.get_by_role("checkbox", name="Projector").check()
    await page.get_by_role("radio", name="Whiteboard").check()
    await until(lambda: len(heard) == 8)

    acted = {one["actions"][0]["action_id"]: one["actions"][0] for one in heard}
    assert acted["one"]["selected_option"]["value"] == "w"
    assert [one["value"] for one in acted["some"]["selected_options"]] == ["p"]
    assert acted["person"]["selected_user"] == "U0CHLOE"
    assert acted["day"]["selected_date"] == "2027-02-03"
    assert acted["time"]["selected_time"] == "16:45"
    assert acted["more"]["selected_option"]["value"] == "w"
    assert [one["value"] for one in acted["boxes"]["selected_options"]] == ["p"]
    assert acted["radio"]["selected_option"]["value"] == "w"
    await expect(element(page, "day")).to_have_value("Wed, Feb 3, 2027")


async def choose(page: Page, action_id: str, typed: str) -> None:
    """Type into a menu and take what it offers first."""
    field = element(page, action_id)
    await field.fill(typed)
    await expect(field).to_have_attribute("aria-activedescendant", re.compile("list-"))
    await page.keyboard.press("Enter")


async def test_app_home_is_asked_for_and_follows_what_the_app_publishes(stage: Stage):
    app, _ = await stage.app()

    @app.event("app_home_opened")
    async def opened(event, client):
        view = {
            "type": "home",
            "blocks": [
                told("No bookings ahead.", block_id="h"),
                {"type": "actions", "elements": [button("book", "Book a room")]},
            ],
        }
        await client.views_publish(user_id=event["user"], view=view)

    page = await stage.window()
    await page.get_by_test_id("channel-app").click()
    await expect(page.get_by_test_id("tab-home")).to_have_attribute("aria-selected", "true")
    await page.get_by_test_id("tab-messages").click()
    await expect(page.get_by_test_id("home")).to_have_count(0)
    await page.get_by_test_id("tab-messages").focus()
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("home")).to_contain_text("No bookings ahead.")
    await element(page, "book").focus()
    news = {
        "type": "home",
        "blocks": [
            told("*Apollo* at 14:00", block_id="h"),
            {"type": "actions", "elements": [button("book", "Book a room")]},
        ],
    }
    await stage.bench.api.views_publish(user_id=ANA, view=news)
    await expect(block(page, "h")).to_have_text("Apollo at 14:00")
    assert await focused(page) == "book"


async def test_the_page_finds_its_way_back_when_the_sandbox_was_away(stage: Stage):
    async with contextlib.AsyncExitStack() as first:
        running = await first.enter_async_context(serving(Sandbox(company.load(), clock=time.time)))
        port = int(running.url.rsplit(":", 1)[1])
        page = await stage.window()
        await page.goto(f"{running.url}/?user={ANA}&channel={GENERAL}")
        await expect(page.get_by_test_id("connection")).to_contain_text("is not connected")
    await expect(page.get_by_test_id("connection")).to_contain_text("Connection lost")
    async with serving(Sandbox(company.load(), clock=time.time), port=port):
        await expect(page.get_by_test_id("connection")).to_contain_text("is not connected")
        await composer(page).fill("back again")
        await page.keyboard.press("Enter")
        await expect(messages(page)).to_contain_text("back again")
        await page.close()
    stage.outside.clear()


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (False, True), (True, False)])
async def test_a_conversation_has_nothing_that_axe_objects_to(stage: Stage, phone, dark):
    parent = await stage.bench.post("*Hello* <https://example.org|there> <@U0ANA> `code`")
    await stage.bench.api.chat_postMessage(channel=GENERAL, text="re", thread_ts=parent["ts"])
    options = [option("p", "Projector"), option("w", "Whiteboard")]
    choices = [
        button(),
        button("go", "Go", style="primary"),
        button("no", "No", style="danger"),
        {"type": "overflow", "action_id": "more", "options": options},
        {"type": "static_select", "action_id": "one", "options": options},
        {"type": "datepicker", "action_id": "day"},
    ]
    await stage.bench.post(
        blocks=[
            {"type": "header", "text": plain("Rooms")},
            {"type": "actions", "elements": choices},
            {"type": "context", "elements": [plain("3rd floor")]},
        ]
    )
    page = await stage.window(phone=phone, dark=dark)
    await expect(messages(page)).to_have_count(2)
    assert await violations(page) == []
    await element(page, "one").click()
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await page.get_by_test_id("open-thread").click()
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    assert await violations(page) == []


async def test_on_a_phone_the_sidebar_is_a_drawer(stage: Stage):
    page = await stage.window(phone=True)
    await expect(page.get_by_test_id("person-switcher")).to_be_hidden()
    await page.get_by_test_id("open-drawer").click()
    await page.get_by_test_id("channel-new-york").click()
    await expect(page.get_by_test_id("conversation-title")).to_have_text("new-york")
    await expect(page.get_by_test_id("person-switcher")).to_be_hidden()
    await page.get_by_test_id("open-drawer").click()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("person-switcher")).to_be_hidden()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_a_focused_message_takes_a_reply_by_key(stage: Stage):
    await stage.bench.post("Lunch?")
    page = await stage.window()
    await expect(messages(page)).to_have_count(1)
    await messages(page).first.focus()
    await page.keyboard.press("t")
    await expect(page.get_by_test_id("thread-composer-input")).to_be_focused()


async def test_faults_that_are_on_are_told(stage: Stage):
    await stage.bench.slack.faults(slow_api_ms=10)
    page = await stage.window()
    await expect(page.get_by_test_id("faults")).to_have_text("Faults are on: slow answers")
    assert await violations(page) == []


async def test_a_whole_day_divider_stands_before_the_messages_of_a_day(stage: Stage):
    await stage.bench.post("one")
    await stage.bench.post("two")
    page = await stage.window(ERIK)
    await expect(page.get_by_role("separator")).to_have_text(["Heute"])


async def test_the_first_tab_stop_skips_to_the_conversation(stage: Stage):
    page = await stage.window(phone=True)
    await page.keyboard.press("Tab")
    assert await focused(page) == "Skip to the conversation"
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("main")).to_be_focused()
