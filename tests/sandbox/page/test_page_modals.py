"""Modals on the page: errors at their fields, a stack, what stays typed, and the focus where it belongs."""

from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from tests.sandbox.bench import ANA, BEN, ERIK, button, modal, option, plain, text_input
from tests.sandbox.page.stage import Stage, block, composer, element, focused, labelled, told, top, until, violations

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

ROOMS = [option("apollo", "Apollo"), option("spree", "Spree")]


def booking(*more: dict, **fields: object) -> dict:
    """A modal that asks for a title, a room and a day."""
    title = labelled("Title", text_input("title"), "title", hint=plain("Shown on the door."))
    room = labelled("Room", {"type": "static_select", "action_id": "room", "options": ROOMS}, "room")
    day = labelled("Day", {"type": "datepicker", "action_id": "day", "initial_date": "2027-02-03"}, "day")
    return modal(title, room, day, *more, callback_id="booking", **fields)


async def answering(stage: Stage, *answers: dict | None) -> list[dict]:
    """An app that acks the submissions of `booking` with these answers, one after the other."""
    app, heard = await stage.app()
    queue = list(answers)

    @app.view("booking")
    async def submitted(ack):
        await ack(**(queue.pop(0) or {}))

    return heard


def values(payload: dict) -> dict:
    """What a submission holds, by block id."""
    state = payload["view"]["state"]["values"]
    return {block_id: next(iter(held.values())) for block_id, held in state.items()}


async def test_a_modal_is_filled_and_submitted_by_keyboard_alone(stage: Stage):
    heard = await answering(stage, None)
    page = await stage.window()
    await stage.modal(booking())
    await expect(top(page).get_by_role("heading", name="A modal")).to_be_visible()
    await expect(element(page, "title")).to_be_focused()
    await page.keyboard.type("Design review")
    await page.keyboard.press("Tab")
    await page.keyboard.type("spr")
    await expect(page.get_by_role("option", name="Spree")).to_be_visible()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("PageDown")
    await page.keyboard.press("Enter")
    assert await focused(page) == "day"
    await page.keyboard.press("Enter")
    await expect(top(page)).to_have_count(0)
    held = values(heard[0])
    assert held["title"]["value"] == "Design review"
    assert held["room"]["selected_option"]["value"] == "spree"
    assert held["day"]["selected_date"] == "2027-03-04"
    await expect(composer(page)).to_be_focused()


async def test_required_inputs_left_empty_are_told_at_their_fields_and_nothing_is_sent(stage: Stage):
    heard = await answering(stage)
    page = await stage.window()
    await stage.modal(booking())
    await page.get_by_test_id("modal-submit").click()
    for name in ("title", "room"):
        await expect(block(page, name).get_by_test_id("field-error")).to_have_text("Please complete this required field.")
        await expect(element(page, name)).to_have_attribute("aria-invalid", "true")
    assert await block(page, "day").get_by_test_id("field-error").count() == 0
    assert await focused(page) == "title"
    assert await violations(page) == []
    await page.keyboard.type("D")
    await expect(block(page, "title").get_by_test_id("field-error")).to_have_count(0)
    await expect(block(page, "room").get_by_test_id("field-error")).to_have_count(1)
    assert await focused(page) == "title"
    assert heard == []


async def test_an_apps_errors_stand_at_their_fields_and_take_the_focus(stage: Stage):
    errors = {"response_action": "errors", "errors": {"room": "Spree is taken then.", "day": "<b>closed</b> that day"}}
    heard = await answering(stage, errors, None)
    page = await stage.window()
    await stage.modal(booking())
    await element(page, "title").fill("Review")
    await element(page, "room").fill("spree")
    await expect(page.get_by_role("option", name="Spree")).to_be_visible()
    await page.keyboard.press("Enter")
    await page.get_by_test_id("modal-submit").click()
    await expect(block(page, "room").get_by_test_id("field-error")).to_have_text("Spree is taken then.")
    await expect(block(page, "day").get_by_test_id("field-error")).to_have_text("<b>closed</b> that day")
    assert await focused(page) == "room"
    await expect(element(page, "room")).to_have_accessible_description("Spree is taken then.")
    await expect(element(page, "title")).to_have_value("Review")
    assert await violations(page) == []
    await page.get_by_test_id("modal-submit").click()
    await expect(top(page)).to_have_count(0)
    assert len(heard) == 2


async def test_what_is_typed_stays_when_the_app_updates_the_view(stage: Stage):
    page = await stage.window()
    view = await stage.modal(booking(labelled("Note", text_input("note", multiline=True), "note", optional=True)))
    await element(page, "note").fill("bring cables")
    await element(page, "title").fill("Design review")
    await element(page, "title").evaluate("node => node.setSelectionRange(3, 6)")
    changed = booking(told("Apollo is free", block_id="free"), labelled("Note", text_input("note2"), "note", optional=True))
    await stage.bench.api.views_update(view_id=view["id"], view=changed)
    await expect(block(page, "free")).to_have_text("Apollo is free")
    await expect(element(page, "title")).to_have_value("Design review")
    await expect(element(page, "title")).to_be_focused()
    assert await element(page, "title").evaluate("node => [node.selectionStart, node.selectionEnd]") == [3, 6]
    await expect(element(page, "note2")).to_have_value("")


async def test_a_click_in_a_modal_carries_what_was_typed_before(stage: Stage):
    app, heard = await stage.app()

    @app.action("check")
    async def check(ack):
        await ack()

    page = await stage.window()
    await stage.modal(booking({"type": "actions", "elements": [button("check", "Check")]}))
    await element(page, "title").fill("Design review")
    await element(page, "check").click()
    await until(lambda: heard)
    assert values(heard[0])["title"]["value"] == "Design review"


async def test_an_input_that_dispatches_tells_the_app_at_once(stage: Stage):
    app, heard = await stage.app()

    @app.action("room")
    async def chosen(ack):
        await ack()

    page = await stage.window()
    room = labelled("Room", {"type": "static_select", "action_id": "room", "options": ROOMS}, "room", dispatch_action=True)
    await stage.modal(modal(labelled("Title", text_input("title"), "title"), room))
    await element(page, "title").fill("Review")
    await element(page, "room").click()
    await page.get_by_role("option", name="Apollo").click()
    await until(lambda: heard)
    assert heard[0]["actions"][0]["selected_option"]["value"] == "apollo"
    assert values(heard[0])["title"]["value"] == "Review"


async def test_esc_closes_the_view_on_top_and_the_cross_closes_all(stage: Stage):
    page = await stage.window()
    root = await stage.modal(booking())
    await element(page, "title").fill("Design review")
    trigger = stage.bench.trigger(ANA, view_id=root["id"])
    second = modal(labelled("Dish", text_input("dish"), "dish"), title=plain("Catering"))
    await stage.bench.api.views_push(trigger_id=trigger, view=second)
    await expect(top(page).get_by_role("heading", name="Catering")).to_be_visible()
    await expect(element(page, "dish")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(element(page, "title")).to_have_value("Design review")
    trigger = stage.bench.trigger(ANA, view_id=root["id"])
    await stage.bench.api.views_push(trigger_id=trigger, view=second)
    await expect(top(page).get_by_role("heading", name="Catering")).to_be_visible()
    await page.get_by_test_id("modal-x").click()
    await expect(top(page)).to_have_count(0)
    assert await stage.bench.slack.views(ANA) == []


async def test_the_focus_stays_inside_a_modal(stage: Stage):
    page = await stage.window()
    await stage.modal(booking())
    await expect(element(page, "title")).to_be_focused()
    for key in ("Tab", "Shift+Tab"):
        for _ in range(12):
            await page.keyboard.press(key)
            assert await top(page).evaluate("node => node.contains(document.activeElement)")


async def test_esc_closes_a_list_before_it_closes_the_modal(stage: Stage):
    page = await stage.window()
    await stage.modal(booking())
    await element(page, "room").click()
    await expect(element(page, "room")).to_have_attribute("aria-expanded", "true")
    await page.keyboard.press("Escape")
    await expect(element(page, "room")).to_have_attribute("aria-expanded", "false")
    await page.keyboard.press("Escape")
    await expect(top(page)).to_have_count(0)


async def test_an_external_menu_asks_the_app_as_somebody_types(stage: Stage):
    app, heard = await stage.app()

    @app.options("project")
    async def projects(ack, payload):
        await ack(options=[option(f"{payload['value']}-{number}", f"Project {number}") for number in (1, 2)])

    page = await stage.window()
    menu = {"type": "external_select", "action_id": "project", "min_query_length": 2}
    await stage.modal(booking(labelled("Project", menu, "project", optional=True)))
    await element(page, "project").press_sequentially("a")
    await expect(page.get_by_role("listbox")).to_contain_text("Type 1 more letter")
    await element(page, "project").press_sequentially("b")
    await page.get_by_role("option", name="Project 2").click()
    await expect(element(page, "project")).to_have_value("Project 2")
    assert [one["value"] for one in heard] == ["ab"]


async def test_a_moment_is_picked_on_the_persons_own_clock(stage: Stage):
    heard = await answering(stage, None)
    page = await stage.window(ERIK)
    moment = {"type": "datetimepicker", "action_id": "moment"}
    await stage.modal(modal(labelled("When", moment, "when"), callback_id="booking"), user=ERIK)
    picker = element(page, "moment")
    await picker.locator("[data-part=day]").fill("2027-07-01")
    await picker.locator("[data-part=time]").fill("14:30")
    await page.keyboard.press("Tab")
    await page.get_by_test_id("modal-submit").click()
    await expect(top(page)).to_have_count(0)
    berlin = datetime(2027, 7, 1, 12, 30, tzinfo=UTC)
    assert values(heard[0])["when"]["selected_date_time"] == int(berlin.timestamp())


async def test_a_submission_that_fails_keeps_the_modal_and_what_was_typed(stage: Stage):
    page = await stage.window()
    await stage.modal(modal(labelled("Title", text_input("title"), "title")))
    await expect(element(page, "title")).to_be_focused()
    await page.keyboard.type("Design review")
    await page.keyboard.press("Enter")
    await expect(top(page).get_by_role("alert")).to_contain_text("trouble connecting")
    await expect(element(page, "title")).to_have_value("Design review")


async def test_another_persons_modal_is_not_shown(stage: Stage):
    page = await stage.window(BEN)
    await stage.modal(booking(), user=ANA)
    await stage.modal(modal(title=plain("For Ben")), user=BEN)
    await expect(top(page).get_by_role("heading", name="For Ben")).to_be_visible()


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (False, True), (True, False)])
async def test_a_modal_has_nothing_that_axe_objects_to(stage: Stage, phone, dark):
    page = await stage.window(phone=phone, dark=dark)
    choices = {"action_id": "needs", "options": ROOMS}
    more = [
        labelled("Needs", {"type": "checkboxes", **choices}, "needs", optional=True),
        labelled("Repeats", {"type": "radio_buttons", "action_id": "repeats", "options": ROOMS}, "repeats"),
        labelled("When", {"type": "datetimepicker", "action_id": "when"}, "when", optional=True),
        labelled("Who", {"type": "multi_users_select", "action_id": "who", "initial_users": [BEN]}, "who"),
        labelled("How many", {"type": "number_input", "action_id": "count", "is_decimal_allowed": False}, "count"),
        labelled("Note", text_input("note", multiline=True), "note", optional=True),
        {"type": "alert", "text": {"type": "mrkdwn", "text": "The projector is *broken*."}, "level": "warning"},
    ]
    await stage.modal(booking(*more))
    await expect(element(page, "title")).to_be_focused()
    assert await violations(page) == []
    await block(page, "day").get_by_role("button", name="Open the calendar").click()
    await expect(page.get_by_role("grid")).to_be_visible()
    assert await violations(page) == []
