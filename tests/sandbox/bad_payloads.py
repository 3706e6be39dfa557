"""What Slack refuses, as one table: a bad call, its code and place, and the smallest mend with which it is accepted.

`python -m tests.sandbox.bad_payloads` prints it as Markdown, which is docs/sandbox-refusals.md.

Words that begin with $ stand for what exists only while a sandbox runs: `$trigger` (a fresh trigger id), `$own` (the ts of
a message of the app's in #general), `$hers` (one of a person's), `$direct` (one of the app's to Ana), `$whisper` (an
ephemeral one), `$view` (an open modal), `$hash` (its hash).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.sandbox.bench import (
    ANA,
    BEN,
    BERLIN,
    DESIGN,
    GENERAL,
    NEW_YORK,
    RANDOM,
    button,
    entry,
    modal,
    option,
    plain,
    section,
    text_input,
)

BOT = "U0BOOKROOM"
ANA_DIRECT = "D0ANA"
ALL_SCOPES = (
    "commands",
    "chat:write",
    "chat:write.public",
    "users:read",
    "users:read.email",
    "im:write",
    "channels:read",
    "groups:read",
    "im:read",
    "channels:join",
    "channels:manage",
    "channels:history",
    "groups:history",
    "im:history",
    "dnd:read",
    "team:read",
    "usergroups:read",
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One bad call. `method` may also be `ack` (of a modal's submission) or `response_url`."""

    name: str
    method: str
    wrong: dict
    code: str
    mended: dict
    pointer: str | None = None
    without: tuple[str, ...] = ()
    """Scopes that the app was not granted."""
    before: tuple[str, ...] = ()
    """What happened in the company before the bad call only: see `prepare` in the test."""
    token: str = "bot"
    extra: dict = field(default_factory=dict)
    """Fields that the refusal carries besides its code."""


def text_of(length: int) -> dict:
    return plain("x" * length)


def actions(*elements: dict, **more: object) -> dict:
    return {"type": "actions", "elements": list(elements), **more}


def select(**more: object) -> dict:
    return {"type": "static_select", "action_id": "pick", "options": [option("one"), option("two")], **more}


def several(**more: object) -> dict:
    return select(**{"type": "multi_static_select", **more})


def picks(kind: str, **more: object) -> dict:
    return {"type": kind, "action_id": "pick", **more}


def listed(kind: str, count: int) -> dict:
    return picks(kind, options=[option(f"v{number}") for number in range(count)])


def number(**more: object) -> dict:
    return {"type": "number_input", "action_id": "count", "is_decimal_allowed": False, **more}


def asked(**more: object) -> dict:
    sure = {"title": plain("Sure?"), "text": plain("It is gone."), "confirm": plain("Yes"), "deny": plain("No")}
    return button(confirm={**sure, **more})


def table(rows: int, columns: int) -> dict:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * columns] * rows}


def picture(**more: object) -> dict:
    return {"type": "image", "image_url": "https://a.example/a.png", "alt_text": "A room", **more}


def rich(*elements: dict) -> dict:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


E0, A0 = "/0/element", "/0/elements/0"

# In a message: what is wrong, the bad blocks, the mended ones, the place in the blocks.
IN_MESSAGES: list[tuple[str, list, list, str]] = [
    ("51 blocks", [section()] * 51, [section()] * 50, ""),
    ("a block without a type", [{"text": plain("x")}], [section()], "/0"),
    ("a type that does not exist", [{"type": "sektion"}], [section()], "/0/type"),
    ("a block of modals", [{"type": "alert", "text": plain("x")}], [section()], "/0/type"),
    ("a section without text and fields", [{"type": "section"}], [section()], "/0"),
    ("an empty text", [section("")], [section("x")], "/0/text/text"),
    ("a section's text of 3,001 characters", [section("x" * 3001)], [section("x" * 3000)], "/0/text/text"),
    ("a text that is a string", [{"type": "section", "text": "Hi"}], [section("Hi")], "/0/text"),
    (
        "a text of another type",
        [{"type": "section", "text": {"type": "html", "text": "x"}}],
        [section("x")],
        "/0/text/type",
    ),
    (
        "emoji in mrkdwn",
        [{"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}}],
        [{"type": "section", "text": {"type": "plain_text", "text": "x", "emoji": True}}],
        "/0/text",
    ),
    (
        "verbatim in plain_text",
        [{"type": "section", "text": {"type": "plain_text", "text": "x", "verbatim": True}}],
        [{"type": "section", "text": {"type": "mrkdwn", "text": "x", "verbatim": True}}],
        "/0/text",
    ),
    ("a property that nobody knows", [section(colour="red")], [section()], "/0"),
    (
        "11 fields",
        [{"type": "section", "fields": [text_of(1)] * 11}],
        [{"type": "section", "fields": [text_of(1)] * 10}],
        "/0/fields",
    ),
    (
        "a field of 2,001 characters",
        [{"type": "section", "fields": [text_of(2001)]}],
        [{"type": "section", "fields": [text_of(2000)]}],
        "/0/fields/0/text",
    ),
    ("a block_id of 256 characters", [section(block_id="b" * 256)], [section(block_id="b" * 255)], "/0/block_id"),
    (
        "the same block_id twice",
        [section(block_id="b"), section(block_id="b")],
        [section(block_id="b"), section(block_id="c")],
        "/1/block_id",
    ),
    (
        "a header of 151 characters",
        [{"type": "header", "text": text_of(151)}],
        [{"type": "header", "text": text_of(150)}],
        "/0/text/text",
    ),
    (
        "a header in mrkdwn",
        [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
        [{"type": "header", "text": plain("x")}],
        "/0/text/type",
    ),
    (
        "11 things in a context",
        [{"type": "context", "elements": [plain("x")] * 11}],
        [{"type": "context", "elements": [plain("x")] * 10}],
        "/0/elements",
    ),
    (
        "a button in a context",
        [{"type": "context", "elements": [button()]}],
        [actions(button())],
        "/0/elements/0/type",
    ),
    (
        "26 buttons in a row",
        [actions(*[button(f"b{n}") for n in range(26)])],
        [actions(*[button(f"b{n}") for n in range(25)])],
        "/0/elements",
    ),
    ("no elements at all", [actions()], [actions(button())], "/0/elements"),
    (
        "the same action_id twice in a block",
        [actions(button("same"), button("same"))],
        [actions(button("one"), button("other"))],
        "/0/elements/1/action_id",
    ),
    ("an input in actions", [actions(text_input())], [actions(button())], f"{A0}/type"),
    ("a multi-select in actions", [actions(several())], [actions(select())], f"{A0}/type"),
    (
        "a button's text of 76 characters",
        [actions(button(text="x" * 76))],
        [actions(button(text="x" * 75))],
        f"{A0}/text/text",
    ),
    (
        "a button's value of 2,001 characters",
        [actions(button(value="x" * 2001))],
        [actions(button(value="x" * 2000))],
        f"{A0}/value",
    ),
    ("an action_id of 256 characters", [actions(button("a" * 256))], [actions(button("a" * 255))], f"{A0}/action_id"),
    ("a style that does not exist", [actions(button(style="green"))], [actions(button(style="primary"))], f"{A0}/style"),
    ("a disabled button", [actions(button(disabled=True))], [actions(button())], A0),
    (
        "a url without a scheme",
        [actions(button(url="a.example/room"))],
        [actions(button(url="https://a.example/room"))],
        f"{A0}/url",
    ),
    (
        "a url of another scheme",
        [actions(button(url="javascript:alert(1)"))],
        [actions(button(url="mailto:ana@a.example"))],
        f"{A0}/url",
    ),
    (
        "a confirm title of 101 characters",
        [actions(asked(title=text_of(101)))],
        [actions(asked(title=text_of(100)))],
        f"{A0}/confirm/title/text",
    ),
    (
        "a confirm text of 301 characters",
        [actions(asked(text=text_of(301)))],
        [actions(asked(text=text_of(300)))],
        f"{A0}/confirm/text/text",
    ),
    (
        "a confirm button of 31 characters",
        [actions(asked(confirm=text_of(31)))],
        [actions(asked(confirm=text_of(30)))],
        f"{A0}/confirm/confirm/text",
    ),
    (
        "a deny button of 31 characters",
        [actions(asked(deny=text_of(31)))],
        [actions(asked(deny=text_of(30)))],
        f"{A0}/confirm/deny/text",
    ),
    (
        "a confirm dialog without a text",
        [actions(button(confirm={"title": plain("x"), "confirm": plain("Yes"), "deny": plain("No")}))],
        [actions(asked())],
        f"{A0}/confirm",
    ),
    ("a select without options", [actions(picks("static_select"))], [actions(select())], A0),
    ("an empty list of options", [actions(select(options=[]))], [actions(select())], f"{A0}/options"),
    ("101 options", [actions(listed("static_select", 101))], [actions(listed("static_select", 100))], f"{A0}/options"),
    (
        "options and option groups",
        [actions(select(option_groups=[{"label": plain("x"), "options": [option("a")]}]))],
        [actions(picks("static_select", option_groups=[{"label": plain("x"), "options": [option("a")]}]))],
        A0,
    ),
    (
        "an option's text of 76 characters",
        [actions(select(options=[option("a", "x" * 76)]))],
        [actions(select(options=[option("a", "x" * 75)]))],
        f"{A0}/options/0/text/text",
    ),
    (
        "an option's value of 151 characters",
        [actions(select(options=[option("v" * 151, "x")]))],
        [actions(select(options=[option("v" * 150, "x")]))],
        f"{A0}/options/0/value",
    ),
    (
        "a url in a select's option",
        [actions(select(options=[{**option("a"), "url": "https://a.example"}]))],
        [actions(picks("overflow", options=[{**option("a"), "url": "https://a.example"}]))],
        f"{A0}/options/0",
    ),
    (
        "an initial option that is not offered",
        [actions(select(initial_option=option("three")))],
        [actions(select(initial_option=option("two")))],
        f"{A0}/initial_option",
    ),
    (
        "an initial option with another text",
        [actions(select(initial_option=option("two", "Deux")))],
        [actions(select(initial_option=option("two")))],
        f"{A0}/initial_option",
    ),
    (
        "a placeholder of 151 characters",
        [actions(select(placeholder=text_of(151)))],
        [actions(select(placeholder=text_of(150)))],
        f"{A0}/placeholder/text",
    ),
    ("6 entries in an overflow menu", [actions(listed("overflow", 6))], [actions(listed("overflow", 5))], f"{A0}/options"),
    ("11 checkboxes", [actions(listed("checkboxes", 11))], [actions(listed("checkboxes", 10))], f"{A0}/options"),
    (
        "two radio buttons of one value",
        [actions(picks("radio_buttons", options=[option("a"), option("a")]))],
        [actions(picks("radio_buttons", options=[option("a"), option("b")]))],
        f"{A0}/options",
    ),
    (
        "a date that the calendar does not have",
        [actions(picks("datepicker", initial_date="2026-02-30"))],
        [actions(picks("datepicker", initial_date="2026-02-28"))],
        f"{A0}/initial_date",
    ),
    (
        "a time past the end of the day",
        [actions(picks("timepicker", initial_time="24:00"))],
        [actions(picks("timepicker", initial_time="23:59"))],
        f"{A0}/initial_time",
    ),
    (
        "a time zone that does not exist",
        [actions(picks("timepicker", timezone="Europe/Atlantis"))],
        [actions(picks("timepicker", timezone="Europe/Berlin"))],
        f"{A0}/timezone",
    ),
    (
        "a moment in milliseconds",
        [actions(picks("datetimepicker", initial_date_time=1_795_600_000_000))],
        [actions(picks("datetimepicker", initial_date_time=1_795_600_000))],
        f"{A0}/initial_date_time",
    ),
    (
        "a date and time picker beside a section",
        [section(accessory=picks("datetimepicker"))],
        [section(accessory=picks("datepicker"))],
        "/0/accessory/type",
    ),
    ("a picture without a text for it", [picture(alt_text=None)], [picture()], "/0"),
    ("a picture from nowhere", [picture(image_url=None)], [picture()], "/0"),
    ("a picture's text of 2,001 characters", [picture(alt_text="x" * 2001)], [picture(alt_text="x" * 2000)], "/0/alt_text"),
    (
        "12,001 characters of markdown",
        [{"type": "markdown", "text": "x" * 6001}, {"type": "markdown", "text": "x" * 6000}],
        [{"type": "markdown", "text": "x" * 6000}, {"type": "markdown", "text": "x" * 6000}],
        "",
    ),
    ("a table of 101 rows", [table(101, 1)], [table(100, 1)], "/0/rows"),
    ("a table of 21 columns", [table(1, 21)], [table(1, 20)], "/0/rows/0"),
    ("two tables", [table(1, 1), table(1, 1)], [table(1, 1)], "/1"),
    (
        "a part of rich text that does not exist",
        [rich({"type": "shout", "text": "x"})],
        [rich({"type": "text", "text": "x"})],
        "/0/elements/0/elements/0/type",
    ),
]

# In a modal: the same.
IN_MODALS: list[tuple[str, list, list, str]] = [
    ("101 blocks", [section()] * 101, [section()] * 100, ""),
    ("markdown in a modal", [{"type": "markdown", "text": "x"}], [section()], "/0/type"),
    ("a table in a modal", [table(1, 1)], [section()], "/0/type"),
    (
        "an alert of 201 characters",
        [{"type": "alert", "text": text_of(201)}],
        [{"type": "alert", "text": text_of(200)}],
        "/0/text/text",
    ),
    ("a button in an input", [entry(button())], [entry(text_input())], f"{E0}/type"),
    (
        "a label of 2,001 characters",
        [entry(text_input(), label=text_of(2001))],
        [entry(text_input(), label=text_of(2000))],
        "/0/label/text",
    ),
    (
        "a label in mrkdwn",
        [entry(text_input(), label={"type": "mrkdwn", "text": "*x*"})],
        [entry(text_input(), label=plain("x"))],
        "/0/label/type",
    ),
    (
        "a hint of 2,001 characters",
        [entry(text_input(), hint=text_of(2001))],
        [entry(text_input(), hint=text_of(2000))],
        "/0/hint/text",
    ),
    ("an input without a label", [{"type": "input", "element": text_input()}], [entry(text_input())], "/0"),
    ("an input without an element", [{"type": "input", "label": plain("x")}], [entry(text_input())], "/0"),
    (
        "a longest length of 3,001",
        [entry(text_input(max_length=3001))],
        [entry(text_input(max_length=3000))],
        f"{E0}/max_length",
    ),
    (
        "a shortest length above the longest",
        [entry(text_input(min_length=5, max_length=4))],
        [entry(text_input(min_length=4, max_length=4))],
        f"{E0}/min_length",
    ),
    (
        "an initial text that is too long",
        [entry(text_input(max_length=3, initial_value="four"))],
        [entry(text_input(max_length=4, initial_value="four"))],
        f"{E0}/initial_value",
    ),
    (
        "an initial text that is too short",
        [entry(text_input(min_length=5, initial_value="four"))],
        [entry(text_input(min_length=4, initial_value="four"))],
        f"{E0}/initial_value",
    ),
    (
        "an input that asks whether one is sure",
        [entry(text_input(confirm={}))],
        [entry(text_input())],
        E0,
    ),
    (
        "a number input that does not say whether decimals are allowed",
        [entry({"type": "number_input", "action_id": "count"})],
        [entry(number())],
        E0,
    ),
    ("a limit that is no string", [entry(number(min_value=1))], [entry(number(min_value="1"))], f"{E0}/min_value"),
    (
        "a lowest number above the highest",
        [entry(number(min_value="5", max_value="4"))],
        [entry(number(min_value="4", max_value="5"))],
        f"{E0}/min_value",
    ),
    (
        "an initial number outside the limits",
        [entry(number(min_value="1", initial_value="0"))],
        [entry(number(min_value="1", initial_value="1"))],
        f"{E0}/initial_value",
    ),
    (
        "a decimal where whole numbers are asked for",
        [entry(number(initial_value="1.5"))],
        [entry(number(initial_value="1.5", is_decimal_allowed=True))],
        f"{E0}/initial_value",
    ),
    (
        "two elements that want the focus",
        [entry(text_input(focus_on_load=True), "a"), entry(text_input(focus_on_load=True), "b")],
        [entry(text_input(focus_on_load=True), "a"), entry(text_input(), "b")],
        "/1/element/focus_on_load",
    ),
    (
        "nothing may be selected",
        [entry(several(max_selected_items=0))],
        [entry(several(max_selected_items=1))],
        f"{E0}/max_selected_items",
    ),
    (
        "more initial options than may be selected",
        [entry(several(max_selected_items=1, initial_options=[option("one"), option("two")]))],
        [entry(several(max_selected_items=2, initial_options=[option("one"), option("two")]))],
        f"{E0}/initial_options",
    ),
    (
        "a filter for places that do not exist",
        [entry(picks("conversations_select", filter={"include": ["secret"]}))],
        [entry(picks("conversations_select", filter={"include": ["private"]}))],
        f"{E0}/filter/include/0",
    ),
    (
        "an input that acts on a key that does not exist",
        [entry(text_input(dispatch_action_config={"trigger_actions_on": ["on_blur"]}))],
        [entry(text_input(dispatch_action_config={"trigger_actions_on": ["on_enter_pressed"]}))],
        f"{E0}/dispatch_action_config/trigger_actions_on/0",
    ),
    (
        "an initial address that is none",
        [entry(picks("url_text_input", initial_value="a.example"))],
        [entry(picks("url_text_input", initial_value="https://a.example"))],
        f"{E0}/initial_value",
    ),
]


def views_open(view: object) -> dict:
    return {"trigger_id": "$trigger", "view": view}


def home(*blocks: dict, **more: object) -> dict:
    return {"user_id": ANA, "view": {"type": "home", "blocks": list(blocks) or [section()], **more}}


def without_title(view: dict) -> dict:
    return {name: value for name, value in view.items() if name != "title"}


def large(characters: int) -> dict:
    value = "v" * 2000
    wanted = [
        actions(*[button(f"b{n}", value=value) for n in range(25)], block_id=f"row {row}")
        for row in range(characters // 50_000)
    ]
    return modal(*wanted)


# What is wrong with a view itself: the method, the bad arguments, the mended ones, the code, the place.
VIEWS: list[tuple[str, str, dict, dict, str, str | None]] = [
    ("a view that is none", "views.open", views_open("[]"), views_open(modal()), "invalid_arguments", "/view"),
    (
        "a view of another type",
        "views.open",
        views_open(modal(type="workflow_step")),
        views_open(modal()),
        "invalid_arguments",
        "/view/type",
    ),
    (
        "a modal without a title",
        "views.open",
        views_open(without_title(modal())),
        views_open(modal()),
        "invalid_arguments",
        "/view",
    ),
    (
        "a title of 25 characters",
        "views.open",
        views_open(modal(title=text_of(25))),
        views_open(modal(title=text_of(24))),
        "invalid_arguments",
        "/view/title/text",
    ),
    (
        "a submit button of 25 characters",
        "views.open",
        views_open(modal(submit=text_of(25))),
        views_open(modal(submit=text_of(24))),
        "invalid_arguments",
        "/view/submit/text",
    ),
    (
        "a close button of 25 characters",
        "views.open",
        views_open(modal(close=text_of(25))),
        views_open(modal(close=text_of(24))),
        "invalid_arguments",
        "/view/close/text",
    ),
    (
        "an input and no submit button",
        "views.open",
        views_open(modal(entry(text_input()), submit=None)),
        views_open(modal(entry(text_input()))),
        "invalid_arguments",
        "/view/blocks/0/input",
    ),
    (
        "private metadata of 3,001 characters",
        "views.open",
        views_open(modal(private_metadata="x" * 3001)),
        views_open(modal(private_metadata="x" * 3000)),
        "invalid_arguments",
        "/view/private_metadata",
    ),
    (
        "a callback_id of 256 characters",
        "views.open",
        views_open(modal(callback_id="x" * 256)),
        views_open(modal(callback_id="x" * 255)),
        "invalid_arguments",
        "/view/callback_id",
    ),
    (
        "an external_id of 256 characters",
        "views.open",
        views_open(modal(external_id="x" * 256)),
        views_open(modal(external_id="x" * 255)),
        "invalid_arguments",
        "/view/external_id",
    ),
    (
        "an external_id that another view has",
        "views.open",
        views_open(modal(external_id="taken")),
        views_open(modal(external_id="free")),
        "duplicate_external_id",
        None,
    ),
    (
        "a property that nobody knows",
        "views.open",
        views_open(modal(submit_disabled=True)),
        views_open(modal()),
        "invalid_arguments",
        "/view",
    ),
    (
        "a modal of more than 250 KB",
        "views.open",
        views_open(large(250_000)),
        views_open(large(200_000)),
        "view_too_large",
        None,
    ),
    ("no trigger", "views.open", {"view": modal()}, views_open(modal()), "invalid_arguments", "/trigger_id"),
    (
        "a trigger that Slack never gave",
        "views.open",
        {"trigger_id": "1.2.3", "view": modal()},
        views_open(modal()),
        "invalid_trigger_id",
        None,
    ),
    (
        "a trigger that was used",
        "views.open",
        {"trigger_id": "$used_trigger", "view": modal()},
        views_open(modal()),
        "exchanged_trigger_id",
        None,
    ),
    (
        "a trigger of more than three seconds ago",
        "views.open",
        {"trigger_id": "$old_trigger", "view": modal()},
        views_open(modal()),
        "expired_trigger_id",
        None,
    ),
    (
        "a push with the trigger of a command",
        "views.push",
        views_open(modal()),
        {"trigger_id": "$modal_trigger", "view": modal()},
        "invalid_trigger_id",
        None,
    ),
    (
        "a fourth modal on the stack",
        "views.push",
        {"trigger_id": "$trigger_of_three", "view": modal()},
        {"trigger_id": "$modal_trigger", "view": modal()},
        "push_limit_reached",
        None,
    ),
    (
        "a view that is not open",
        "views.update",
        {"view_id": "V0GONE", "view": modal()},
        {"view_id": "$view", "view": modal()},
        "not_found",
        None,
    ),
    (
        "no view named",
        "views.update",
        {"view": modal()},
        {"view_id": "$view", "view": modal()},
        "invalid_arguments",
        "/view_id",
    ),
    (
        "the hash of an older version",
        "views.update",
        {"view_id": "$view", "hash": "1.older", "view": modal()},
        {"view_id": "$view", "hash": "$hash", "view": modal()},
        "hash_conflict",
        None,
    ),
    (
        "a modal made a Home",
        "views.update",
        {"view_id": "$view", "view": {"type": "home", "blocks": [section()]}},
        {"view_id": "$view", "view": modal()},
        "invalid_arguments",
        "/view/type",
    ),
    ("a modal published as a Home", "views.publish", {**home(), "view": modal()}, home(), "invalid_arguments", "/view/type"),
    ("a Home with a submit button", "views.publish", home(submit=plain("Send")), home(), "invalid_arguments", "/view"),
    (
        "a Home of 101 blocks",
        "views.publish",
        home(*[section()] * 101),
        home(*[section()] * 100),
        "invalid_arguments",
        "/view/blocks",
    ),
    (
        "an input in a Home, twice with one block_id",
        "views.publish",
        home(entry(text_input(), "same"), entry(text_input(), "same")),
        home(entry(text_input(), "one"), entry(text_input(), "other")),
        "invalid_arguments",
        "/view/blocks/1/block_id",
    ),
    ("a Home for nobody", "views.publish", {**home(), "user_id": "U0NOBODY"}, home(), "invalid_arguments", "/user_id"),
    ("a Home with an older hash", "views.publish", {**home(), "hash": "1.older"}, home(), "hash_conflict", None),
]


def post(**more: object) -> dict:
    return {"channel": GENERAL, "text": "x", **more}


def changed(**more: object) -> dict:
    return {"channel": GENERAL, "ts": "$own", "text": "x", **more}


def whispered(**more: object) -> dict:
    return {"channel": GENERAL, "user": ANA, "text": "x", **more}


EVENT = {"event_type": "booking", "event_payload": {"id": "1"}}

# Calls about messages: the method, the bad arguments, the mended ones, the code.
MESSAGES: list[tuple[str, str, dict, dict, str]] = [
    ("nothing to say", "chat.postMessage", {"channel": GENERAL}, post(), "no_text"),
    ("an empty list of blocks and no text", "chat.postMessage", post(text="", blocks=[]), post(), "no_text"),
    ("a channel that does not exist", "chat.postMessage", post(channel="C0NOWHERE"), post(), "channel_not_found"),
    (
        "a name that does not exist",
        "chat.postMessage",
        post(channel="#nowhere"),
        post(channel="#general"),
        "channel_not_found",
    ),
    ("a person who does not exist", "chat.postMessage", post(channel="U0NOBODY"), post(channel=ANA), "channel_not_found"),
    ("a private channel without the app", "chat.postMessage", post(channel=DESIGN), post(), "channel_not_found"),
    ("blocks that are no JSON", "chat.postMessage", post(blocks="[{"), post(blocks="[]"), "invalid_blocks_format"),
    (
        "blocks that are no list",
        "chat.postMessage",
        post(blocks={"type": "divider"}),
        post(blocks=[{"type": "divider"}]),
        "invalid_blocks_format",
    ),
    (
        "blocks with more than 12,000 characters in all",
        "chat.postMessage",
        post(blocks=[section("x" * 3000)] * 4 + [section("x")]),
        post(blocks=[section("x" * 3000)] * 4),
        "msg_blocks_too_long",
    ),
    (
        "attachments that are no JSON",
        "chat.postMessage",
        post(attachments="[{"),
        post(attachments="[]"),
        "invalid_attachments",
    ),
    (
        "101 attachments",
        "chat.postMessage",
        post(attachments=[{"text": "x"}] * 101),
        post(attachments=[{"text": "x"}] * 100),
        "too_many_attachments",
    ),
    ("metadata that is no JSON", "chat.postMessage", post(metadata="{"), post(metadata=EVENT), "invalid_metadata_format"),
    (
        "metadata without an event type",
        "chat.postMessage",
        post(metadata={"event_payload": {}}),
        post(metadata=EVENT),
        "invalid_metadata_schema",
    ),
    (
        "metadata whose payload is a string",
        "chat.postMessage",
        post(metadata={**EVENT, "event_payload": "1"}),
        post(metadata=EVENT),
        "invalid_metadata_schema",
    ),
    (
        "metadata of more than 16 KB",
        "chat.postMessage",
        post(metadata={**EVENT, "event_payload": {"id": "x" * 16_000}}),
        post(metadata={**EVENT, "event_payload": {"id": "x" * 15_000}}),
        "metadata_too_large",
    ),
    (
        "text and markdown text",
        "chat.postMessage",
        post(markdown_text="y"),
        {"channel": GENERAL, "markdown_text": "y"},
        "markdown_text_conflict",
    ),
    (
        "12,001 characters of markdown text",
        "chat.postMessage",
        {"channel": GENERAL, "markdown_text": "y" * 12_001},
        {"channel": GENERAL, "markdown_text": "y" * 12_000},
        "msg_too_long",
    ),
    ("a thread_ts that is none", "chat.postMessage", post(thread_ts="0"), post(thread_ts="$own"), "invalid_thread_ts"),
    (
        "a thread that does not exist",
        "chat.postMessage",
        post(thread_ts="1.2"),
        post(thread_ts="$own"),
        "cannot_reply_to_message",
    ),
    (
        "a thread under an ephemeral message",
        "chat.postMessage",
        post(thread_ts="$whisper"),
        post(thread_ts="$own"),
        "cannot_reply_to_message",
    ),
    ("an ephemeral message to nobody", "chat.postEphemeral", whispered(user="U0NOBODY"), whispered(), "user_not_in_channel"),
    (
        "an ephemeral message to a stranger",
        "chat.postEphemeral",
        whispered(channel=NEW_YORK, user="U0CHLOE"),
        whispered(),
        "user_not_in_channel",
    ),
    ("an ephemeral message without words", "chat.postEphemeral", whispered(text=""), whispered(), "no_text"),
    ("a change to nothing", "chat.update", {"channel": GENERAL, "ts": "$own"}, changed(), "no_text"),
    ("a change of 4,001 characters", "chat.update", changed(text="x" * 4001), changed(text="x" * 4000), "msg_too_long"),
    ("a change of somebody's message", "chat.update", changed(ts="$hers"), changed(), "cant_update_message"),
    ("a change of an ephemeral message", "chat.update", changed(ts="$whisper"), changed(), "message_not_found"),
    ("a change of what was never said", "chat.update", changed(ts="1.2"), changed(), "message_not_found"),
    (
        "a change in a person instead of their conversation",
        "chat.update",
        changed(channel=ANA, ts="$direct"),
        changed(channel=ANA_DIRECT, ts="$direct"),
        "channel_not_found",
    ),
    (
        "bad blocks in a change",
        "chat.update",
        changed(blocks=[section("")]),
        changed(blocks=[section("x")]),
        "invalid_blocks",
    ),
    (
        "somebody's message deleted",
        "chat.delete",
        {"channel": GENERAL, "ts": "$hers"},
        {"channel": GENERAL, "ts": "$own"},
        "cant_delete_message",
    ),
    (
        "nothing deleted",
        "chat.delete",
        {"channel": GENERAL, "ts": "1.2"},
        {"channel": GENERAL, "ts": "$own"},
        "message_not_found",
    ),
    (
        "a link to nothing",
        "chat.getPermalink",
        {"channel": GENERAL, "message_ts": "1.2"},
        {"channel": GENERAL, "message_ts": "$own"},
        "message_not_found",
    ),
]

# Calls about places and people: the same.
PLACES: list[tuple[str, str, dict, dict, str]] = [
    ("a conversation with nobody", "conversations.open", {}, {"users": ANA}, "users_list_not_supplied"),
    ("a conversation with a stranger", "conversations.open", {"users": "U0NOBODY"}, {"users": ANA}, "user_not_found"),
    (
        "a channel that does not exist",
        "conversations.info",
        {"channel": "C0NOWHERE"},
        {"channel": GENERAL},
        "channel_not_found",
    ),
    (
        "a kind of conversation that does not exist",
        "conversations.list",
        {"types": "secret"},
        {"types": "im"},
        "invalid_types",
    ),
    (
        "a page of nothing",
        "conversations.members",
        {"channel": GENERAL, "limit": "0"},
        {"channel": GENERAL, "limit": "1"},
        "invalid_limit",
    ),
    ("a cursor that nobody gave", "users.list", {"cursor": "cGFnZQ=="}, {}, "invalid_cursor"),
    (
        "the history of a channel without the app",
        "conversations.history",
        {"channel": BERLIN},
        {"channel": GENERAL},
        "not_in_channel",
    ),
    (
        "a thread that does not exist",
        "conversations.replies",
        {"channel": GENERAL, "ts": "1.2"},
        {"channel": GENERAL, "ts": "$own"},
        "thread_not_found",
    ),
    (
        "joining a conversation of two",
        "conversations.join",
        {"channel": ANA_DIRECT},
        {"channel": BERLIN},
        "method_not_supported_for_channel_type",
    ),
    ("leaving #general", "conversations.leave", {"channel": GENERAL}, {"channel": NEW_YORK}, "cant_leave_general"),
    ("inviting nobody", "conversations.invite", {"channel": NEW_YORK}, {"channel": NEW_YORK, "users": "U0ERIK"}, "no_user"),
    (
        "inviting oneself",
        "conversations.invite",
        {"channel": NEW_YORK, "users": BOT},
        {"channel": NEW_YORK, "users": "U0ERIK"},
        "cant_invite_self",
    ),
    (
        "inviting a stranger",
        "conversations.invite",
        {"channel": NEW_YORK, "users": "U0NOBODY"},
        {"channel": NEW_YORK, "users": "U0ERIK"},
        "user_not_found",
    ),
    (
        "inviting a member",
        "conversations.invite",
        {"channel": NEW_YORK, "users": BEN},
        {"channel": NEW_YORK, "users": "U0ERIK"},
        "already_in_channel",
    ),
    (
        "inviting into a channel without the app",
        "conversations.invite",
        {"channel": BERLIN, "users": BEN},
        {"channel": NEW_YORK, "users": "U0ERIK"},
        "not_in_channel",
    ),
    ("a person who does not exist", "users.info", {"user": "U0NOBODY"}, {"user": ANA}, "user_not_found"),
    (
        "an address that nobody has",
        "users.lookupByEmail",
        {"email": "nobody@a.example"},
        {"email": "ana@northbay.example"},
        "users_not_found",
    ),
    ("the quiet hours of nobody", "dnd.info", {"user": "U0NOBODY"}, {"user": ANA}, "user_not_found"),
]

# The scope that is missing, and the call that needs it.
SCOPES: list[tuple[str, str, dict]] = [
    ("chat:write", "chat.postMessage", post()),
    ("im:write", "conversations.open", {"users": ANA}),
    ("users:read", "users.info", {"user": ANA}),
    ("users:read.email", "users.lookupByEmail", {"email": "ana@northbay.example"}),
    ("channels:read", "conversations.info", {"channel": GENERAL}),
    ("im:read", "conversations.info", {"channel": ANA_DIRECT}),
    ("groups:read", "conversations.list", {"types": "private_channel"}),
    ("channels:history", "conversations.history", {"channel": GENERAL}),
    ("im:history", "conversations.history", {"channel": ANA_DIRECT}),
    ("channels:join", "conversations.join", {"channel": BERLIN}),
    ("channels:manage", "conversations.leave", {"channel": NEW_YORK}),
    ("dnd:read", "dnd.info", {"user": ANA}),
    ("team:read", "team.info", {}),
    ("usergroups:read", "usergroups.list", {}),
]

# What happened before, and the call that is refused from then on: its code.
HAPPENED: list[tuple[str, tuple[str, ...], str, dict, str]] = [
    ("posting where a channel was archived", ("archive",), "chat.postMessage", post(), "is_archived"),
    ("whispering where a channel was archived", ("archive",), "chat.postEphemeral", whispered(), "is_archived"),
    ("changing a message in an archived channel", ("archive",), "chat.update", changed(), "is_inactive"),
    ("joining an archived channel", ("archive random",), "conversations.join", {"channel": RANDOM}, "is_archived"),
    (
        "posting after the app was removed, without chat:write.public",
        ("remove", "not public"),
        "chat.postMessage",
        post(),
        "not_in_channel",
    ),
    (
        "posting with the Messages tab off",
        ("messages tab off",),
        "chat.postMessage",
        post(channel=ANA),
        "messages_tab_disabled",
    ),
    (
        "opening a conversation with somebody who left",
        ("deactivate",),
        "conversations.open",
        {"users": ANA},
        "user_disabled",
    ),
    ("whispering to somebody who left", ("deactivate",), "chat.postEphemeral", whispered(), "user_not_in_channel"),
    ("a Home for somebody who left", ("deactivate",), "views.publish", home(), "invalid_arguments"),
    ("a token that was revoked", ("revoke",), "chat.postMessage", post(), "token_revoked"),
    ("the eleventh message in a second", ("eleven",), "chat.postMessage", post(), "ratelimited"),
]

# The answer to a submission: what is wrong with it, the bad ack, the mended one, what the person's client makes of it.
ACKS: list[tuple[str, dict, dict, str]] = [
    (
        "errors for a block that is no input",
        {"response_action": "errors", "errors": {"words": "No."}},
        {"response_action": "errors", "errors": {"entry": "No."}},
        "invalid_errors",
    ),
    (
        "errors without any",
        {"response_action": "errors", "errors": {}},
        {"response_action": "errors", "errors": {"entry": "No."}},
        "invalid_errors",
    ),
    (
        "an answer that does not exist",
        {"response_action": "reopen"},
        {"response_action": "clear"},
        "invalid_response_action",
    ),
    (
        "a change to a bad view",
        {"response_action": "update", "view": modal(title=text_of(25))},
        {"response_action": "update", "view": modal(title=text_of(24))},
        "invalid_arguments",
    ),
    (
        "a push of a bad view",
        {"response_action": "push", "view": modal(section(""))},
        {"response_action": "push", "view": modal(section("x"))},
        "invalid_arguments",
    ),
]

# What is sent to a response_url: the bad body, the mended one, the code.
ANSWERS: list[tuple[str, tuple[str, ...], dict, dict, str]] = [
    ("no words", (), {"response_type": "ephemeral"}, {"text": "x"}, "no_text"),
    ("bad blocks", (), {"blocks": [section("")]}, {"blocks": [section("x")]}, "invalid_blocks"),
    ("a sixth answer", ("five answers",), {"text": "x"}, {"text": "x"}, "used_url"),
    ("an answer after half an hour", ("half an hour",), {"text": "x"}, {"text": "x"}, "expired_url"),
]

TOKENS: list[tuple[str, str, str, str]] = [
    ("no token", "", "auth.test", "not_authed"),
    ("a token of somebody else", "xoxb-somebody-else", "auth.test", "invalid_auth"),
    ("the app-level token", "app", "chat.postMessage", "not_allowed_token_type"),
]


def cases() -> Iterator[Case]:
    """The whole table."""
    for name, wrong, mended, at in IN_MESSAGES:
        yield Case(
            name=f"{name}",
            method="chat.postMessage",
            wrong=post(blocks=wrong),
            mended=post(blocks=mended),
            code="invalid_blocks",
            pointer=f"/blocks{at}",
        )
    for name, wrong, mended, at in IN_MODALS:
        yield Case(
            name=name,
            method="views.open",
            wrong=views_open(modal(*wrong)),
            mended=views_open(modal(*mended)),
            code="invalid_arguments",
            pointer=f"/view/blocks{at}",
        )
    for name, method, wrong, mended, code, pointer in VIEWS:
        yield Case(name=name, method=method, wrong=wrong, mended=mended, code=code, pointer=pointer)
    for name, method, wrong, mended, code in [*MESSAGES, *PLACES]:
        yield Case(name=name, method=method, wrong=wrong, mended=mended, code=code)
    yield from _rights()
    for name, before, method, arguments, code in HAPPENED:
        yield Case(name=name, method=method, wrong=arguments, mended=arguments, code=code, before=before)
    for name, wrong, mended, code in ACKS:
        yield Case(name=name, method="ack", wrong=wrong, mended=mended, code=code)
    for name, before, wrong, mended, code in ANSWERS:
        yield Case(name=name, method="response_url", wrong=wrong, mended=mended, code=code, before=before)


def _rights() -> Iterator[Case]:
    for scope, method, arguments in SCOPES:
        yield Case(
            name=f"without the scope {scope}",
            method=method,
            wrong=arguments,
            mended=arguments,
            code="missing_scope",
            without=(scope,),
            extra={"needed": scope, "provided": ",".join(one for one in ALL_SCOPES if one != scope)},
        )
    for name, token, method, code in TOKENS:
        arguments = post() if method.startswith("chat") else {}
        yield Case(name=name, method=method, wrong=arguments, mended=arguments, code=code, token=token)


CASES = list(cases())

HEAD = """# What the sandbox refuses

Written by `python -m tests.sandbox.bad_payloads`. Each line is a bad call that the sandbox refuses with Slack's own code
(and, where Slack gives it, the place in the arguments); `tests/sandbox/test_bad_payloads.py` makes every one of them, and
its smallest mend, which is accepted. `ack` is the answer to a modal's submission, which Slack does not refuse to the app but
shows to the person as "We had some trouble connecting"; the code there is the sandbox's word for why.

| method | what is wrong | code | where |
| --- | --- | --- | --- |
"""


def markdown() -> str:
    """The table as Markdown."""
    lines = [
        f"| `{case.method}` | {case.name} | `{case.code}` | {f'`{case.pointer}`' if case.pointer else ''} |"
        for case in CASES
    ]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
