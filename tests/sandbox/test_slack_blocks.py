"""Block Kit's rules: each refusal with the code and the sentence that Slack answers."""

import pytest
from slack_sdk.models import blocks as sdk
from slack_sdk.models.blocks.basic_components import (
    DispatchActionConfig,
    OptionGroup,
    RawNumberObject,
    RawTextObject,
)
from slack_sdk.models.blocks.blocks import TableBlock
from slack_sdk.models.views import View

from sandbox import blocks, views
from tests.sandbox.bench import ANA, GENERAL, Bench, button, entry, modal, option, plain, section, text_input

A255, A256 = "a" * 255, "a" * 256


def actions(*elements: dict, **more: object) -> dict:
    return {"type": "actions", "elements": list(elements), **more}


def select(**more: object) -> dict:
    return {"type": "static_select", "action_id": "pick", "options": [option("one"), option("two")], **more}


def confirm(**more: object) -> dict:
    asked = {"title": plain("Sure?"), "text": plain("It is gone."), "confirm": plain("Yes"), "deny": plain("No")}
    return {**asked, **more}


def text_of(length: int) -> dict:
    return plain("x" * length)


# What is wrong with blocks in a message: the blocks, the sentence, the place.
WRONG_IN_A_MESSAGE = [
    ([section()] * 51, "no more than 50 items allowed", "/blocks"),
    ([{"text": plain("x")}], "missing required field: type", "/blocks/0"),
    ([{"type": "sektion"}], "unsupported type: sektion", "/blocks/0/type"),
    ([{"type": "alert", "text": plain("x")}], "unsupported type: alert", "/blocks/0/type"),
    ([{"type": "video"}], "unsupported type: video", "/blocks/0/type"),
    ([{"type": "section"}], "missing required field: text", "/blocks/0"),
    ([section("")], "must be more than 0 characters", "/blocks/0/text/text"),
    ([section("x" * 3001)], "must be less than 3001 characters", "/blocks/0/text/text"),
    ([section(), section(colour="red")], "invalid additional property: colour", "/blocks/1"),
    ([{"type": "section", "text": "Hello"}], "must provide an object", "/blocks/0/text"),
    ([{"type": "section", "text": {"type": "html", "text": "x"}}], "unsupported type: html", "/blocks/0/text/type"),
    (
        [{"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}}],
        "invalid additional property: emoji",
        "/blocks/0/text",
    ),
    ([{"type": "section", "fields": [text_of(1)] * 11}], "no more than 10 items allowed", "/blocks/0/fields"),
    ([{"type": "section", "fields": []}], "no less than 1 items allowed", "/blocks/0/fields"),
    ([{"type": "section", "fields": [text_of(2001)]}], "must be less than 2001 characters", "/blocks/0/fields/0/text"),
    ([section(block_id=A256)], "must be less than 256 characters", "/blocks/0/block_id"),
    (
        [section(block_id="b"), section(block_id="b")],
        "`block_id` b already exists for another block",
        "/blocks/1/block_id",
    ),
    ([{"type": "header", "text": text_of(151)}], "must be less than 151 characters", "/blocks/0/text/text"),
    (
        [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
        "unsupported type: mrkdwn",
        "/blocks/0/text/type",
    ),
    ([{"type": "context", "elements": [plain("x")] * 11}], "no more than 10 items allowed", "/blocks/0/elements"),
    ([{"type": "context", "elements": [button()]}], "unsupported type: button", "/blocks/0/elements/0/type"),
    ([{"type": "context", "elements": []}], "no less than 1 items allowed", "/blocks/0/elements"),
    ([actions(*[button(f"b{n}") for n in range(26)])], "no more than 25 items allowed", "/blocks/0/elements"),
    ([actions()], "no less than 1 items allowed", "/blocks/0/elements"),
    (
        [actions(button("same"), button("same"))],
        "`action_id` same already exists for another element",
        "/blocks/0/elements/1/action_id",
    ),
    ([actions(text_input())], "unsupported type: plain_text_input", "/blocks/0/elements/0/type"),
    (
        [actions({"type": "multi_static_select", "options": [option("a")]})],
        "unsupported type: multi_static_select",
        "/blocks/0/elements/0/type",
    ),
    ([actions(button(text="x" * 76))], "must be less than 76 characters", "/blocks/0/elements/0/text/text"),
    ([actions(button(value="x" * 2001))], "must be less than 2001 characters", "/blocks/0/elements/0/value"),
    ([actions(button(A256))], "must be less than 256 characters", "/blocks/0/elements/0/action_id"),
    ([actions(button(style="green"))], "must be one of primary, danger", "/blocks/0/elements/0/style"),
    ([actions(button(disabled=True))], "invalid additional property: disabled", "/blocks/0/elements/0"),
    ([actions(button(url="book a room"))], "must be a valid URL", "/blocks/0/elements/0/url"),
    (
        [actions(button(url="https://a.example/" + "x" * 3000))],
        "must be less than 3001 characters",
        "/blocks/0/elements/0/url",
    ),
    (
        [actions(button(confirm=confirm(title=text_of(101))))],
        "must be less than 101 characters",
        "/blocks/0/elements/0/confirm/title/text",
    ),
    (
        [actions(button(confirm=confirm(text=text_of(301))))],
        "must be less than 301 characters",
        "/blocks/0/elements/0/confirm/text/text",
    ),
    (
        [actions(button(confirm=confirm(deny=text_of(31))))],
        "must be less than 31 characters",
        "/blocks/0/elements/0/confirm/deny/text",
    ),
    (
        [actions(button(confirm={"title": plain("x")}))],
        "missing required field: text",
        "/blocks/0/elements/0/confirm",
    ),
    ([actions(select(options=[]))], "no less than 1 items allowed", "/blocks/0/elements/0/options"),
    ([actions(select(options=None))], "missing required field: options", "/blocks/0/elements/0"),
    (
        [actions(select(options=[option(f"v{n}") for n in range(101)]))],
        "no more than 100 items allowed",
        "/blocks/0/elements/0/options",
    ),
    (
        [actions(select(options=[option("a", "x" * 76)]))],
        "must be less than 76 characters",
        "/blocks/0/elements/0/options/0/text/text",
    ),
    (
        [actions(select(options=[option("v" * 151, "x")]))],
        "must be less than 151 characters",
        "/blocks/0/elements/0/options/0/value",
    ),
    (
        [actions(select(options=[{**option("a"), "description": text_of(76)}]))],
        "must be less than 76 characters",
        "/blocks/0/elements/0/options/0/description/text",
    ),
    (
        [actions(select(initial_option=option("three")))],
        "must match one of the options",
        "/blocks/0/elements/0/initial_option",
    ),
    (
        [actions(select(placeholder=text_of(151)))],
        "must be less than 151 characters",
        "/blocks/0/elements/0/placeholder/text",
    ),
    (
        [actions(select(option_groups=[{"label": plain("x"), "options": [option("a")]}]))],
        "must define either `options` or `option_groups`, not both",
        "/blocks/0/elements/0",
    ),
    (
        [actions({"type": "overflow", "options": [option(f"v{n}") for n in range(6)]})],
        "no more than 5 items allowed",
        "/blocks/0/elements/0/options",
    ),
    (
        [actions({"type": "checkboxes", "options": [option(f"v{n}") for n in range(11)]})],
        "no more than 10 items allowed",
        "/blocks/0/elements/0/options",
    ),
    (
        [actions({"type": "radio_buttons", "options": [option("a"), option("a")]})],
        "option value `a` occurs twice",
        "/blocks/0/elements/0/options",
    ),
    (
        [actions({"type": "datepicker", "initial_date": "2026-02-30"})],
        "must be a valid date of the form YYYY-MM-DD",
        "/blocks/0/elements/0/initial_date",
    ),
    (
        [actions({"type": "timepicker", "initial_time": "24:00"})],
        "must be a valid time of the form HH:mm",
        "/blocks/0/elements/0/initial_time",
    ),
    (
        [actions({"type": "datetimepicker", "initial_date_time": 1_795_600_000_000})],
        "must be a unix timestamp of 10 digits",
        "/blocks/0/elements/0/initial_date_time",
    ),
    (
        [section(accessory={"type": "datetimepicker"})],
        "unsupported type: datetimepicker",
        "/blocks/0/accessory/type",
    ),
    ([{"type": "image", "image_url": "https://a.example/a.png"}], "missing required field: alt_text", "/blocks/0"),
    ([{"type": "image", "alt_text": "A room"}], "missing required field: image_url", "/blocks/0"),
    (
        [{"type": "markdown", "text": "x" * 7000}, {"type": "markdown", "text": "x" * 7000}],
        "markdown blocks hold more than 12000 characters in all",
        "/blocks",
    ),
    (
        [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]}],
        "no more than 20 items allowed",
        "/blocks/0/rows/0",
    ),
    (
        [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * 101}],
        "no more than 100 items allowed",
        "/blocks/0/rows",
    ),
    ([{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}] * 2, "only one table allowed", "/blocks/1"),
    (
        [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "shout"}]}]}],
        "unsupported type: shout",
        "/blocks/0/elements/0/elements/0/type",
    ),
]

# What is wrong with blocks in a modal.
WRONG_IN_A_MODAL = [
    ([section()] * 101, "no more than 100 items allowed", "/blocks"),
    ([{"type": "markdown", "text": "x"}], "unsupported type: markdown", "/blocks/0/type"),
    (
        [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}],
        "unsupported type: table",
        "/blocks/0/type",
    ),
    ([{"type": "alert", "text": text_of(201)}], "must be less than 201 characters", "/blocks/0/text/text"),
    (
        [{"type": "alert", "text": plain("x"), "level": "loud"}],
        "must be one of default, info, warning, error, success",
        "/blocks/0/level",
    ),
    ([entry(button())], "unsupported type: button", "/blocks/0/element/type"),
    ([entry(text_input(), label=text_of(2001))], "must be less than 2001 characters", "/blocks/0/label/text"),
    ([entry(text_input(), hint=text_of(2001))], "must be less than 2001 characters", "/blocks/0/hint/text"),
    ([{"type": "input", "element": text_input()}], "missing required field: label", "/blocks/0"),
    ([{"type": "input", "label": plain("x")}], "missing required field: element", "/blocks/0"),
    ([entry(text_input(max_length=3001))], "must be less than or equal to 3000", "/blocks/0/element/max_length"),
    (
        [entry(text_input(min_length=5, max_length=4))],
        "must be less than or equal to max_length",
        "/blocks/0/element/min_length",
    ),
    (
        [entry(text_input(max_length=3, initial_value="four"))],
        "must be less than 4 characters",
        "/blocks/0/element/initial_value",
    ),
    (
        [entry(text_input(confirm=confirm()))],
        "invalid additional property: confirm",
        "/blocks/0/element",
    ),
    (
        [entry({"type": "number_input", "action_id": "n"})],
        "missing required field: is_decimal_allowed",
        "/blocks/0/element",
    ),
    (
        [entry({"type": "number_input", "is_decimal_allowed": False, "min_value": 1})],
        "must be a number written as a string",
        "/blocks/0/element/min_value",
    ),
    (
        [entry(text_input(focus_on_load=True), "a"), entry(text_input(focus_on_load=True), "b")],
        "only one element can have `focus_on_load`",
        "/blocks/1/element/focus_on_load",
    ),
    (
        [entry({"type": "multi_static_select", "options": [option("a")], "max_selected_items": 0})],
        "must be greater than or equal to 1",
        "/blocks/0/element/max_selected_items",
    ),
]

# As much as each limit allows, on each surface.
JUST_RIGHT = [
    ("message", [section()] * 50),
    ("modal", [section()] * 100),
    ("home", [section()] * 100),
    ("message", [section("x" * 3000, block_id=A255)]),
    ("message", [{"type": "section", "fields": [text_of(2000)] * 10}]),
    ("message", [{"type": "header", "text": text_of(150)}]),
    ("message", [{"type": "context", "elements": [plain("x")] * 10}]),
    ("message", [actions(*[button(f"b{n}", "x" * 75, value="v" * 2000) for n in range(25)])]),
    ("message", [actions(button("same")), actions(button("same"))]),
    ("message", [actions(select(options=[option(f"v{n}") for n in range(100)]))]),
    ("message", [actions(button(confirm=confirm(title=text_of(100), text=text_of(300), style="danger")))]),
    ("message", [{"type": "markdown", "text": "x" * 12_000}]),
    ("home", [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 20] * 100}]),
    ("modal", [{"type": "alert", "text": text_of(200), "level": "warning"}]),
    ("modal", [entry(text_input(min_length=0, max_length=3000, multiline=True), optional=True, hint=plain("x"))]),
    ("modal", [entry({"type": "multi_users_select", "action_id": "who", "max_selected_items": 3})]),
    ("modal", [entry({"type": "number_input", "is_decimal_allowed": True, "min_value": "-1.5"})]),
    ("home", [section(accessory={"type": "overflow", "options": [option("a")]})]),
]


def built_by_the_sdk() -> list[sdk.Block]:
    """Every block and element that slack_sdk builds and the sandbox plays, with most of their fields."""
    options = [sdk.Option(value="a", text="A", description="First"), sdk.Option(value="b", text="B")]
    sure = sdk.ConfirmObject(title="Sure?", text="It is gone.", confirm="Yes", deny="No", style="danger")
    groups = [OptionGroup(label="Group", options=options)]
    acting = [
        sdk.ButtonElement(text="Go", action_id="a1", value="v", style="primary", confirm=sure, url="https://a.example"),
        sdk.StaticSelectElement(placeholder="Pick", action_id="a2", options=options, initial_option=options[0]),
        sdk.StaticSelectElement(placeholder="Pick", action_id="a3", option_groups=groups, confirm=sure),
        sdk.ExternalDataSelectElement(placeholder="Pick", action_id="a4", min_query_length=1),
        sdk.UserSelectElement(action_id="a5", initial_user=ANA),
        sdk.ConversationSelectElement(
            action_id="a6", filter=sdk.ConversationFilter(include=["public"], exclude_bot_users=True)
        ),
        sdk.ChannelSelectElement(action_id="a7", initial_channel=GENERAL),
        sdk.DatePickerElement(action_id="a8", initial_date="2026-11-24", placeholder="Day"),
        sdk.TimePickerElement(action_id="a9", initial_time="14:00", timezone="Europe/Berlin"),
        sdk.CheckboxesElement(action_id="a10", options=options, initial_options=options[:1]),
        sdk.RadioButtonsElement(action_id="a11", options=options, initial_option=options[1]),
        sdk.OverflowMenuElement(action_id="a12", options=options),
    ]
    several = [
        sdk.StaticMultiSelectElement(placeholder="Pick", action_id="m1", options=options, max_selected_items=2),
        sdk.ExternalDataMultiSelectElement(placeholder="Pick", action_id="m2", initial_options=options),
        sdk.UserMultiSelectElement(action_id="m3", initial_users=[ANA]),
        sdk.ConversationMultiSelectElement(action_id="m4", default_to_current_conversation=True),
        sdk.ChannelMultiSelectElement(action_id="m5"),
    ]
    typed = [
        sdk.PlainTextInputElement(
            action_id="t1",
            placeholder="Title",
            multiline=True,
            min_length=1,
            max_length=80,
            initial_value="Review",
            dispatch_action_config=DispatchActionConfig(trigger_actions_on=["on_enter_pressed"]),
            focus_on_load=True,
        ),
        sdk.NumberInputElement(action_id="t2", is_decimal_allowed=False, min_value="1", max_value="9"),
        sdk.EmailInputElement(action_id="t3"),
        sdk.UrlInputElement(action_id="t4"),
        sdk.DateTimePickerElement(action_id="t5", initial_date_time=1_795_600_000),
    ]
    parts = sdk.RichTextElementParts
    words = [
        parts.Text(text="Hello", style=parts.TextStyle(bold=True)),
        parts.Link(url="https://a.example", text="there"),
        parts.User(user_id=ANA),
        parts.Channel(channel_id=GENERAL),
        parts.Emoji(name="tada"),
        parts.Date(timestamp=1_795_600_000, format="{date}", fallback="a day"),
        parts.Broadcast(range="here"),
    ]
    line = sdk.RichTextSectionElement(elements=words)
    rich = [
        line,
        sdk.RichTextListElement(style="bullet", indent=0, elements=[line]),
        sdk.RichTextQuoteElement(elements=words),
        sdk.RichTextPreformattedElement(elements=words[:1], border=0),
    ]
    image = sdk.ImageElement(image_url="https://a.example/a.png", alt_text="A room")
    return [
        sdk.SectionBlock(text=sdk.MarkdownTextObject(text="*Hello*", verbatim=True), fields=["a", "b"]),
        *[sdk.SectionBlock(text="Pick", accessory=one) for one in [*acting, *several, image]],
        sdk.ActionsBlock(elements=[*acting, typed[-1]]),
        sdk.ContextBlock(elements=[sdk.PlainTextObject(text="Grey", emoji=False), image]),
        sdk.HeaderBlock(text="Rooms"),
        sdk.DividerBlock(),
        sdk.ImageBlock(image_url="https://a.example/a.png", alt_text="A room", title="Apollo"),
        sdk.RichTextBlock(elements=rich),
        *[
            sdk.InputBlock(label="Entry", element=one, hint="A hint", optional=True, dispatch_action=True)
            for one in [*typed, *several, *acting[1:11]]
        ],
    ]


@pytest.mark.parametrize("surface", ["message", "modal", "home"])
def test_everything_that_the_sdk_builds_is_taken(surface: blocks.Surface):
    assert blocks.check([one.to_dict() for one in built_by_the_sdk()], surface) == []


def test_a_table_that_the_sdk_builds_is_taken():
    rich = sdk.RichTextBlock(elements=[sdk.RichTextSectionElement(elements=[sdk.RichTextElementParts.Text(text="x")])])
    row = [RawTextObject(text="Apollo"), RawNumberObject(value=8, text="8 seats"), rich]
    table = TableBlock(rows=[row, row], column_settings=[{"is_wrapped": True}, None, {"align": "right"}])

    assert blocks.check([table.to_dict()], "message") == []


def test_a_modal_that_the_sdk_builds_is_taken():
    modal_view = View(
        type="modal",
        title="Rooms",
        submit="Book",
        close="Cancel",
        callback_id="book",
        private_metadata="{}",
        external_id="mine",
        notify_on_close=True,
        clear_on_close=False,
        blocks=built_by_the_sdk(),
    )
    assert views.problems_of(modal_view.to_dict()) == []


@pytest.mark.parametrize(("wrong", "sentence", "place"), WRONG_IN_A_MESSAGE)
def test_what_a_message_may_not_hold_is_named_with_its_place(wrong: list, sentence: str, place: str):
    problems = blocks.check(wrong, "message")

    assert f"{sentence} [json-pointer:{place}]" in problems


@pytest.mark.parametrize(("wrong", "sentence", "place"), WRONG_IN_A_MODAL)
def test_what_a_modal_may_not_hold_is_named_with_its_place(wrong: list, sentence: str, place: str):
    problems = blocks.check(wrong, "modal")

    assert f"{sentence} [json-pointer:{place}]" in problems


@pytest.mark.parametrize(("surface", "right"), JUST_RIGHT)
def test_blocks_up_to_each_limit_are_taken(surface: blocks.Surface, right: list):
    assert blocks.check(right, surface) == []


async def test_bad_blocks_come_back_as_invalid_blocks_with_every_problem(bench: Bench):
    wrong = [section(""), {"type": "header", "text": plain("x" * 151)}]

    body = await bench.refusal("chat.postMessage", channel=GENERAL, text="x", blocks=wrong)

    problems = [
        "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
        "must be less than 151 characters [json-pointer:/blocks/1/text/text]",
    ]
    assert body == {
        "ok": False,
        "error": "invalid_blocks",
        "errors": problems,
        "response_metadata": {"messages": [f"[ERROR] {problem}" for problem in problems]},
    }


@pytest.mark.parametrize("wrong", ["[{", '"section"', '{"type": "divider"}', '["divider"]'])
async def test_blocks_that_are_no_list_of_objects_are_a_format_error(bench: Bench, wrong: str):
    assert await bench.error("chat.postMessage", channel=GENERAL, blocks=wrong) == "invalid_blocks_format"


async def test_bad_blocks_in_a_modal_come_back_as_invalid_arguments(bench: Bench):
    body = await bench.refusal("views.open", trigger_id=bench.trigger(ANA), view=modal(section("")))

    assert body["error"] == "invalid_arguments"
    assert (
        "[ERROR] must be more than 0 characters [json-pointer:/view/blocks/0/text/text]"
        in body["response_metadata"]["messages"]
    )


async def test_blocks_and_elements_without_an_id_are_given_one_and_keep_their_own(bench: Bench):
    given = [actions({"type": "button", "text": plain("Press")}), section(block_id="mine", accessory=button("own"))]

    message = await bench.post(blocks=given)

    unnamed, named = message["blocks"]
    assert unnamed["block_id"]
    assert unnamed["elements"][0]["action_id"]
    assert (named["block_id"], named["accessory"]["action_id"]) == ("mine", "own")


async def test_blocks_may_come_as_json_text_in_a_form(bench: Bench):
    answer = await bench.api.api_call(
        "chat.postMessage", data={"channel": GENERAL, "text": "x", "blocks": '[{"type": "divider"}]'}
    )

    assert answer["message"]["blocks"][0]["type"] == "divider"
