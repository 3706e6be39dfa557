"""What a person can and cannot do in their client: clicks, choices, typed values, searches, text that is marked up."""

import re

import pytest
from aiohttp import web

from sandbox import composer
from sandbox.errors import Json
from tests.sandbox.bench import (
    ANA,
    BEN,
    BERLIN,
    DESIGN,
    ERIK,
    GENERAL,
    GUS,
    NEW_YORK,
    Bench,
    bench_of,
    button,
    company_with,
    entry,
    modal,
    option,
    plain,
    section,
    text_input,
)

# What is typed after a command's name, and what the app receives with escaping on.
ESCAPED = [
    ("room 2pm", "room 2pm"),
    ("room for @ben", "room for <@U0BEN|ben>"),
    ("room for @Ben, please", "room for <@U0BEN|ben>, please"),
    ("room for @ben.", "room for <@U0BEN|ben>."),
    ("room for @Chloé Martin at 3", "room for <@U0CHLOE|chloe> at 3"),
    ("with @nobody", "with @nobody"),
    ("in #general", "in <#C0GENERAL|general>"),
    ("in #new-york", "in <#C0NEWYORK|new-york>"),
    ("in #design", "in <#C0DESIGN|>"),
    ("room #4", "room #4"),
    ("@here and @channel", "<!here> and <!channel>"),
    ("R&D <now>", "R&amp;D &lt;now&gt;"),
    ("R&D for @ben <now>", "R&amp;D for <@U0BEN|ben> &lt;now&gt;"),
    ("<@U0BEN>", "&lt;@U0BEN&gt;"),
    ("see https://a.example/x?a=1&b=2.", "see <https://a.example/x?a=1&amp;b=2>."),
    ("ask ben@a.example", "ask <mailto:ben@a.example|ben@a.example>"),
]


@pytest.mark.parametrize(("typed", "received"), ESCAPED)
def test_mentions_links_and_entities_are_marked_up_when_a_command_escapes(bench: Bench, typed: str, received: str):
    ws = bench.running.sandbox.parts.ws

    assert composer.command_text(ws, typed, should_escape=True) == received


def test_a_command_that_does_not_escape_receives_what_was_typed(bench: Bench):
    typed = "for @ben in #general <now> & https://a.example"

    assert composer.command_text(bench.running.sandbox.parts.ws, typed, should_escape=False) == typed


async def test_messages_name_people_by_id_alone(bench: Bench):
    answer = await bench.slack.message(ANA, GENERAL, "Thanks @ben")

    assert answer["message"]["text"] == "Thanks <@U0BEN>"


# --- where people may be and write ---

# The person, the channel, the refusal of a command there.
PLACES = [
    ("U0NOBODY", GENERAL, "no_such_user"),
    (GUS, GENERAL, "no_such_channel"),
    (ANA, "C0NOWHERE", "no_such_channel"),
    (ERIK, DESIGN, "no_such_channel"),
    (ANA, BERLIN, "not_a_member"),
    (ANA, "D0BEN", "no_such_channel"),
]


@pytest.mark.parametrize(("user", "channel", "error"), PLACES)
async def test_people_write_only_where_they_are(bench: Bench, user: str, channel: str, error: str):
    assert (await bench.slack.command(user, channel, "/book room"))["error"] == error
    assert (await bench.slack.message(user, channel, "Hello"))["error"] == error


async def test_a_messages_tab_that_only_reads_takes_no_commands_and_no_messages():
    async with bench_of(company_with(messages_tab_read_only=True)) as bench:
        command = await bench.slack.command(ANA, "D0ANA", "/book room")
        message = await bench.slack.message(ANA, "D0ANA", "Hello")
        await bench.post("Your meeting starts", channel=ANA)

        assert (command["error"], message["error"]) == ("read_only", "read_only")
        assert len(await bench.slack.messages(ANA, "D0ANA")) == 1


async def test_a_guest_sees_only_the_channels_of_their_own(bench: Bench):
    state = await bench.slack.state(GUS)

    assert [one["name"] for one in state["channels"] if not one["is_im"]] == ["new-york"]
    assert state["me"]["is_restricted"] is True


async def test_a_private_channel_shows_to_its_members_only(bench: Bench):
    hers = {one["id"] for one in (await bench.slack.state(ANA))["channels"]}
    his = {one["id"] for one in (await bench.slack.state(ERIK))["channels"]}

    assert DESIGN in hers
    assert DESIGN not in his
    assert {BERLIN, NEW_YORK} <= hers


async def test_commands_are_known_by_name_and_not_used_in_threads(bench: Bench):
    parent = await bench.slack.message(ANA, GENERAL, "Parent")
    in_thread = {"user": ANA, "channel": GENERAL, "text": "/book room", "thread_ts": parent["ts"]}

    assert (await bench.slack.command(ANA, GENERAL, "/cook room"))["error"] == "unknown_command"
    assert (await bench.slack.post("command", in_thread))["error"] == "not_in_threads"


async def test_a_message_needs_words_and_a_thread_needs_a_message(bench: Bench):
    await bench.api.chat_postEphemeral(channel=GENERAL, user=ANA, text="Whispered")
    (whispered,) = await bench.slack.messages(ANA, GENERAL)

    assert (await bench.slack.message(ANA, GENERAL, "  "))["error"] == "no_text"
    for ts in ("1.2", whispered["ts"]):
        answer = await bench.slack.message(ANA, GENERAL, "Reply", thread_ts=ts)
        assert answer["error"] == "no_such_message"


async def test_unread_counts_what_others_said_until_one_looks(bench: Bench):
    await bench.slack.message(ANA, GENERAL, "One")
    await bench.post("Two")

    async def unread(user: str) -> int:
        channels = (await bench.slack.state(user))["channels"]
        return next(one["unread"] for one in channels if one["id"] == GENERAL)

    before = (await unread(ANA), await unread(BEN))
    await bench.slack.get("messages", user=BEN, channel=GENERAL)
    await bench.slack.post("read", {"user": ANA, "channel": GENERAL})

    assert before == (1, 2)
    assert (await unread(ANA), await unread(BEN)) == (0, 0)


# --- elements of messages ---


def every_element() -> list[Json]:
    options = [option("apollo"), option("big")]
    elements = [
        button("press", value="42"),
        {"type": "static_select", "action_id": "static", "options": options},
        {"type": "overflow", "action_id": "menu", "options": options},
        {"type": "users_select", "action_id": "user"},
        {"type": "channels_select", "action_id": "channel"},
        {"type": "conversations_select", "action_id": "conversation"},
        {"type": "datepicker", "action_id": "day", "initial_date": "2026-11-24"},
        {"type": "timepicker", "action_id": "time", "timezone": "Europe/Berlin"},
        {"type": "datetimepicker", "action_id": "moment"},
        {"type": "checkboxes", "action_id": "checks", "options": options},
        {"type": "radio_buttons", "action_id": "radio", "options": options},
    ]
    users = {"type": "multi_users_select", "action_id": "users", "max_selected_items": 2}
    return [
        {"type": "actions", "block_id": "b", "elements": elements},
        section(block_id="c", accessory=users),
    ]


async def accepting(bench: Bench) -> list[Json]:
    """An app that takes everything; the list collects the interactions."""
    heard: list[Json] = []
    app = bench.app()

    @app.action({"type": "block_actions", "action_id": ANYTHING})
    async def acted(ack, body):
        heard.append(body)
        await ack()

    await bench.over_http(app)
    return heard


ANYTHING = re.compile(".*")

# The element, how it is clicked, what the action carries.
CLICKS = [
    ("press", {}, {"type": "button", "value": "42"}),
    ("static", {"selected_option": "big"}, {"selected_option": {**option("big")}}),
    ("static", {"selected_option": {"value": "apollo"}}, {"selected_option": {**option("apollo")}}),
    ("menu", {"selected": "big"}, {"type": "overflow", "selected_option": {**option("big")}}),
    ("user", {"selected_user": BEN}, {"selected_user": BEN}),
    ("channel", {"selected": NEW_YORK}, {"selected_channel": NEW_YORK}),
    ("conversation", {"selected": DESIGN}, {"selected_conversation": DESIGN}),
    ("day", {"selected_date": "2028-02-29"}, {"selected_date": "2028-02-29", "initial_date": "2026-11-24"}),
    ("time", {"selected_time": "23:59"}, {"selected_time": "23:59"}),
    ("moment", {"selected_date_time": 1_795_600_000}, {"selected_date_time": 1_795_600_000}),
    ("checks", {"selected_options": ["apollo", "big"]}, {"selected_options": [option("apollo"), option("big")]}),
    ("radio", {"value": "apollo"}, {"selected_option": {**option("apollo")}}),
    ("users", {"selected_users": [ANA, BEN]}, {"selected_users": [ANA, BEN]}),
    ("users", {"selected_users": []}, {"selected_users": []}),
]


@pytest.mark.parametrize(("action_id", "chosen", "carried"), CLICKS)
async def test_an_action_carries_what_was_chosen(bench: Bench, action_id: str, chosen: Json, carried: Json):
    heard = await accepting(bench)
    message = await bench.post("x", blocks=every_element())

    answer = await bench.slack.click(ANA, message, action_id, **chosen)

    assert answer == {"ok": True, "status": 200, "delivered": True}
    (action,) = heard[0]["actions"]
    assert {name: without_emoji(action[name]) for name in carried} == carried


def without_emoji(value: object) -> object:
    if isinstance(value, list):
        return [without_emoji(one) for one in value]
    if isinstance(value, dict):
        return {name: without_emoji(one) for name, one in value.items() if name != "emoji"}
    return value


async def test_what_was_chosen_in_a_message_stays_in_its_state_for_that_person(bench: Bench):
    heard = await accepting(bench)
    message = await bench.post("x", blocks=every_element())
    await bench.slack.click(ANA, message, "day", selected="2026-12-01")
    await bench.slack.click(ANA, message, "press")
    await bench.slack.click(BEN, message, "press")

    hers, his = (body["state"]["values"]["b"] for body in heard[1:])
    assert hers["day"] == {"type": "datepicker", "selected_date": "2026-12-01"}
    assert his["day"]["selected_date"] == "2026-11-24"
    assert hers["time"] == {"type": "timepicker", "selected_time": None, "timezone": "Europe/Berlin"}
    assert "press" not in hers


# The element, how it is clicked, the refusal.
BAD_CLICKS = [
    ("nowhere", {}, "no_such_element"),
    ("static", {"selected_option": "boardroom"}, "no_such_option"),
    ("menu", {"selected": "boardroom"}, "no_such_option"),
    ("menu", {}, "no_such_option"),
    ("user", {"selected_user": "U0NOBODY"}, "no_such_option"),
    ("channel", {"selected": DESIGN}, "no_such_option"),
    ("day", {"selected_date": "2026-02-30"}, "invalid_value"),
    ("day", {"selected_date": "tomorrow"}, "invalid_value"),
    ("time", {"selected_time": "25:00"}, "invalid_value"),
    ("moment", {"selected_date_time": "soon"}, "invalid_value"),
    ("checks", {"selected_options": "apollo"}, "invalid_value"),
    ("checks", {"selected_options": ["apollo", "apollo"]}, "invalid_value"),
    ("users", {"selected_users": [ANA, BEN, ERIK]}, "too_many_selected"),
]


@pytest.mark.parametrize(("action_id", "chosen", "error"), BAD_CLICKS)
async def test_what_is_not_there_cannot_be_chosen(bench: Bench, action_id: str, chosen: Json, error: str):
    heard = await accepting(bench)
    message = await bench.post("x", blocks=every_element())

    answer = await bench.slack.click(ANA, message, action_id, **chosen)

    assert (answer["ok"], answer["error"]) == (False, error)
    assert heard == []


async def test_nobody_presses_a_button_that_they_do_not_see(bench: Bench):
    blocks = [{"type": "actions", "elements": [button("press")]}]
    await bench.api.chat_postEphemeral(channel=GENERAL, user=ANA, text="x", blocks=blocks)
    (whispered,) = await bench.slack.messages(ANA, GENERAL)
    public = await bench.post("x", blocks=blocks)
    gone = await bench.post("x", blocks=blocks)
    await bench.api.chat_delete(channel=GENERAL, ts=gone["ts"])

    assert (await bench.slack.click(BEN, whispered, "press"))["error"] == "no_such_message"
    assert (await bench.slack.click(GUS, public, "press"))["error"] == "no_such_channel"
    assert (await bench.slack.click(ANA, gone, "press"))["error"] == "no_such_message"


async def test_a_button_that_an_update_took_away_cannot_be_pressed(bench: Bench):
    message = await bench.post("x", blocks=[{"type": "actions", "elements": [button("press")]}])
    await bench.api.chat_update(channel=GENERAL, ts=message["ts"], text="Done")

    assert (await bench.slack.click(ANA, message, "press"))["error"] == "no_such_element"


async def test_a_click_that_the_app_does_not_take_is_told(bench: Bench):
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=404)

    await bench.listen_with(answer)
    message = await bench.post("x", blocks=[{"type": "actions", "elements": [button("press")]}])

    told = await bench.slack.click(ANA, message, "press")

    assert (told["ok"], told["error"], told["status"]) == (False, "http_client_error", 404)


async def test_what_the_ack_of_a_click_says_is_ignored_and_noted(bench: Bench):
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"text": "Nobody reads this"})

    await bench.listen_with(answer)
    message = await bench.post("x", blocks=[{"type": "actions", "elements": [button("press")]}])

    assert (await bench.slack.click(ANA, message, "press"))["ok"]
    assert len(await bench.slack.messages(ANA, GENERAL)) == 1
    assert "ignored_ack" in [one["kind"] for one in bench.running.log()]


# --- inputs of modals ---


async def opened(bench: Bench, *blocks: Json) -> Json:
    await bench.api.views_open(trigger_id=bench.trigger(), view=modal(*blocks))
    return (await bench.slack.views(ANA))[-1]


# The element, what is filled in, the refusal.
BAD_VALUES = [
    (text_input("x", max_length=3), "four", "invalid_input"),
    (text_input("x", min_length=3), "ab", "invalid_input"),
    (text_input("x"), ["no text"], "invalid_value"),
    ({"type": "email_text_input", "action_id": "x"}, "ana at home", "invalid_input"),
    ({"type": "url_text_input", "action_id": "x"}, "apollo", "invalid_input"),
    ({"type": "number_input", "is_decimal_allowed": False, "action_id": "x"}, "six", "invalid_input"),
    ({"type": "number_input", "is_decimal_allowed": False, "action_id": "x"}, "1.5", "invalid_input"),
    ({"type": "number_input", "is_decimal_allowed": True, "min_value": "1", "action_id": "x"}, "0.5", "invalid_input"),
    ({"type": "number_input", "is_decimal_allowed": True, "max_value": "9", "action_id": "x"}, 10, "invalid_input"),
    ({"type": "static_select", "options": [option("a")], "action_id": "x"}, "b", "no_such_option"),
    ({"type": "external_select", "action_id": "x"}, "apollo", "no_such_option"),
    ({"type": "users_select", "action_id": "x"}, "U0NOBODY", "no_such_option"),
]


@pytest.mark.parametrize(("element", "value", "error"), BAD_VALUES)
async def test_an_input_takes_only_what_its_client_lets_through(bench: Bench, element: Json, value: object, error: str):
    view = await opened(bench, entry(element, "b"))

    answer = await bench.slack.fill(ANA, view, {"b": {"x": value}})

    assert answer["error"] == error
    if error == "invalid_input":
        assert set(answer["errors"]) == {"b"}


GOOD_VALUES = [
    (text_input("x"), "Größe <3", "Größe <3"),
    (text_input("x"), "", None),
    ({"type": "email_text_input", "action_id": "x"}, "ana@a.example", "ana@a.example"),
    ({"type": "url_text_input", "action_id": "x"}, "https://a.example/x", "https://a.example/x"),
    ({"type": "number_input", "is_decimal_allowed": True, "action_id": "x"}, 1.5, "1.5"),
    ({"type": "number_input", "is_decimal_allowed": False, "action_id": "x"}, "-6", "-6"),
]


@pytest.mark.parametrize(("element", "value", "kept"), GOOD_VALUES)
async def test_typed_values_are_kept_as_text(bench: Bench, element: Json, value: object, kept: str | None):
    view = await opened(bench, entry(element, "b"))

    answer = await bench.slack.fill(ANA, view, {"b": {"x": value}})

    assert answer["values"]["b"]["x"]["value"] == kept


async def test_values_are_set_all_or_none(bench: Bench):
    view = await opened(bench, entry(text_input("x"), "a"), entry(text_input("x", max_length=3), "b"))

    await bench.slack.fill(ANA, view, {"a": {"x": "fine"}, "b": {"x": "too long"}})

    assert (await bench.slack.views(ANA))[0]["values"]["a"]["x"]["value"] is None


async def test_initial_values_stand_in_the_state_before_anybody_types(bench: Bench):
    select = {
        "type": "multi_static_select",
        "action_id": "x",
        "options": [option("a"), option("b")],
        "initial_options": [option("b")],
    }
    here = {"type": "conversations_select", "action_id": "x", "default_to_current_conversation": True}
    trigger = bench.trigger(channel=NEW_YORK)
    blocks = [entry(text_input("x", initial_value="Review"), "a"), entry(select, "b"), entry(here, "c")]
    await bench.api.views_open(trigger_id=trigger, view=modal(*blocks))

    values = (await bench.slack.views(ANA))[0]["values"]
    assert values["a"]["x"]["value"] == "Review"
    assert [one["value"] for one in values["b"]["x"]["selected_options"]] == ["b"]
    assert values["c"]["x"]["selected_conversation"] == NEW_YORK


async def test_only_an_input_that_dispatches_tells_the_app_at_once(bench: Bench):
    heard = await accepting(bench)
    silent = entry(text_input("quiet"), "a")
    loud = entry(text_input("loud"), "b", dispatch_action=True)
    view = await opened(bench, silent, loud)

    await bench.slack.fill(ANA, view, {"a": {"quiet": "one"}, "b": {"loud": "two"}})
    await bench.slack.fill(ANA, view, {"b": {"loud": "two"}})
    clicked = await bench.slack.click(ANA, view, "quiet", value="three")

    assert clicked == {"ok": True, "status": None, "delivered": False}
    (body,) = heard
    assert body["container"] == {"type": "view", "view_id": view["id"]}
    assert (body["actions"][0]["type"], body["actions"][0]["value"]) == ("plain_text_input", "two")
    assert body["view"]["hash"] == view["hash"]
    assert body["view"]["state"]["values"]["a"]["quiet"]["value"] == "one"
    assert "response_url" not in body


async def test_an_element_of_the_home_tab_acts_too(bench: Bench):
    heard = await accepting(bench)
    blocks = [{"type": "actions", "elements": [button("press")]}]
    await bench.api.views_publish(user_id=ANA, view={"type": "home", "blocks": blocks})
    home = await bench.slack.home(ANA)
    assert home is not None

    assert (await bench.slack.click(ANA, home, "press"))["ok"]
    assert (await bench.slack.click(BEN, home, "press"))["error"] == "no_such_view"
    assert (await bench.slack.submit(ANA, home))["error"] == "no_such_view"
    assert heard[0]["view"]["type"] == "home"
    await bench.api.views_open(trigger_id=heard[0]["trigger_id"], view=modal())


# --- external selects ---


def external(**more: object) -> Json:
    return {"type": "external_select", "action_id": "room", "placeholder": plain("Room"), **more}


async def offering(bench: Bench, **answer: object) -> list[Json]:
    heard: list[Json] = []
    app = bench.app()

    @app.options("room")
    async def rooms(ack, body):
        heard.append(body)
        await ack(**answer)

    await bench.over_http(app)
    return heard


async def test_the_app_supplies_the_options_of_an_external_select(bench: Bench):
    heard = await offering(bench, options=[option("apollo"), option("annex")])
    view = await opened(bench, entry(external(min_query_length=1), "b"))

    found = await bench.slack.options(ANA, view, "room", "a")
    filled = await bench.slack.fill(ANA, view, {"b": {"room": "apollo"}})

    assert [one["value"] for one in found["options"]] == ["apollo", "annex"]
    assert filled["values"]["b"]["room"]["selected_option"]["value"] == "apollo"
    assert (heard[0]["type"], heard[0]["value"], heard[0]["action_id"]) == ("block_suggestion", "a", "room")
    assert heard[0]["view"]["id"] == view["id"]


async def test_options_may_come_in_groups_and_in_messages(bench: Bench):
    groups = [{"label": plain("New York"), "options": [option("apollo")]}]
    await offering(bench, option_groups=groups)
    message = await bench.post("x", blocks=[section(block_id="b", accessory=external())])

    found = await bench.slack.options(ANA, message, "room", "apo")

    assert found["option_groups"] == groups


async def test_nothing_is_asked_before_enough_was_typed(bench: Bench):
    heard = await offering(bench, options=[option("apollo")])
    view = await opened(bench, entry(external(), "b"))

    found = await bench.slack.options(ANA, view, "room", "ap")

    assert found["options"] == []
    assert heard == []


BAD_OPTIONS = [
    {"options": [option(f"v{number}") for number in range(101)]},
    {"options": [{"text": "apollo", "value": "apollo"}]},
    {"options": [option("v" * 151)]},
    {"option_groups": [{"options": [option("a")]}]},
    {},
    "apollo",
]


@pytest.mark.parametrize("body", BAD_OPTIONS)
async def test_options_that_slack_would_not_show_are_an_error(bench: Bench, body: object):
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(body)

    await bench.listen_with(answer)
    view = await opened(bench, entry(external(), "b"))

    assert (await bench.slack.options(ANA, view, "room", "apo"))["error"] == "invalid_options"


async def test_only_an_external_select_is_searched(bench: Bench):
    view = await opened(bench, entry(text_input("room"), "b"))

    assert (await bench.slack.options(ANA, view, "room", "apo"))["error"] == "no_search"
