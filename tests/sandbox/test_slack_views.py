"""Modals and Home tabs: triggers, the stack of three, hashes, what stays typed, and what an ack does."""

import asyncio

import pytest
from aiohttp import web

from sandbox.errors import Json
from tests.sandbox.bench import (
    ANA,
    BEN,
    GENERAL,
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


def home(*blocks: dict, **more: object) -> dict:
    return {"type": "home", "blocks": list(blocks) or [section()], **more}


async def opened(bench: Bench, view: dict | None = None, user: str = ANA) -> Json:
    """Open a modal for a person, and give it as the control API shows it."""
    await bench.api.views_open(trigger_id=bench.trigger(user), view=view or modal())
    return (await bench.slack.views(user))[-1]


async def pushed(bench: Bench, below: Json, view: dict | None = None) -> Json:
    trigger = bench.trigger(ANA, view_id=below["id"])
    await bench.api.views_push(trigger_id=trigger, view=view or modal())
    return (await bench.slack.views(ANA))[-1]


async def answering(bench: Bench, *answers: Json | None) -> list[Json]:
    """Connect an app whose acks are given; the list collects what it is sent."""
    app = bench.app()
    heard: list[Json] = []
    queue = list(answers)

    @app.view({"type": "view_submission", "callback_id": ""})
    async def submitted(ack, body):
        heard.append(body)
        await ack(queue.pop(0) or "")

    @app.view({"type": "view_closed", "callback_id": ""})
    async def closed(ack, body):
        heard.append(body)
        await ack()

    await bench.over_http(app)
    return heard


# --- triggers ---


async def test_a_trigger_opens_one_view(bench: Bench):
    trigger = bench.trigger()

    await bench.api.views_open(trigger_id=trigger, view=modal())

    assert await bench.error("views.open", trigger_id=trigger, view=modal()) == "exchanged_trigger_id"


async def test_a_trigger_expires_after_three_seconds(bench: Bench):
    in_time, too_late = bench.trigger(), bench.trigger()
    bench.clock.move(3)
    await bench.api.views_open(trigger_id=in_time, view=modal())
    bench.clock.move(0.1)

    assert await bench.error("views.open", trigger_id=too_late, view=modal()) == "expired_trigger_id"


async def test_an_invented_trigger_is_invalid_and_an_absent_one_is_named(bench: Bench):
    assert await bench.error("views.open", trigger_id="12.34.abc", view=modal()) == "invalid_trigger_id"
    body = await bench.refusal("views.open", view=modal())
    assert body["response_metadata"]["messages"] == ["[ERROR] missing required field: trigger_id [json-pointer:/trigger_id]"]


async def test_a_bad_view_leaves_the_trigger_unused(bench: Bench):
    trigger = bench.trigger()

    assert await bench.error("views.open", trigger_id=trigger, view=modal(section(""))) == "invalid_arguments"

    assert (await bench.api.views_open(trigger_id=trigger, view=modal()))["ok"]


# --- what a view may say ---

BAD_VIEWS = [
    ({"title": plain("x" * 25)}, "must be less than 25 characters", "/view/title/text"),
    ({"submit": plain("x" * 25)}, "must be less than 25 characters", "/view/submit/text"),
    ({"close": plain("x" * 25)}, "must be less than 25 characters", "/view/close/text"),
    ({"title": None}, "missing required field: title", "/view"),
    ({"blocks": None}, "missing required field: blocks", "/view"),
    ({"title": {"type": "mrkdwn", "text": "x"}}, "unsupported type: mrkdwn", "/view/title/type"),
    ({"private_metadata": "x" * 3001}, "must be less than 3001 characters", "/view/private_metadata"),
    ({"callback_id": "x" * 256}, "must be less than 256 characters", "/view/callback_id"),
    ({"external_id": "x" * 256}, "must be less than 256 characters", "/view/external_id"),
    ({"notify_on_close": "yes"}, "must be a boolean", "/view/notify_on_close"),
    ({"hash": "1.a"}, "invalid additional property: hash", "/view"),
    ({"type": "dialog"}, "unsupported type: dialog", "/view/type"),
    ({"type": "home"}, "invalid additional property: title", "/view"),
    (
        {"submit": None, "blocks": [entry(text_input())]},
        "must define `submit` to use `input` block",
        "/view/blocks/0/input",
    ),
    ({"blocks": "no list"}, "must be an array", "/view/blocks"),
]


@pytest.mark.parametrize(("changes", "sentence", "place"), BAD_VIEWS)
async def test_what_a_view_may_not_say_is_named_with_its_place(bench: Bench, changes: dict, sentence: str, place: str):
    body = await bench.refusal("views.open", trigger_id=bench.trigger(), view={**modal(), **changes})

    assert body["error"] == "invalid_arguments"
    assert f"[ERROR] {sentence} [json-pointer:{place}]" in body["response_metadata"]["messages"]


async def test_a_view_of_more_than_a_quarter_of_a_megabyte_is_too_large(bench: Bench):
    blocks = [section("é" * 3000) for _ in range(50)]

    assert await bench.error("views.open", trigger_id=bench.trigger(), view=modal(*blocks)) == "view_too_large"


async def test_an_external_id_is_unique_among_open_views(bench: Bench):
    await opened(bench, modal(external_id="mine"))

    taken = await bench.error("views.open", trigger_id=bench.trigger(BEN), view=modal(external_id="mine"))
    assert taken == "duplicate_external_id"
    answer = await bench.api.views_update(external_id="mine", view=modal(external_id="mine"))
    assert answer["view"]["external_id"] == "mine"


async def test_a_view_object_has_what_slacks_has(bench: Bench):
    answer = await bench.api.views_open(
        trigger_id=bench.trigger(), view=modal(private_metadata="m", callback_id="c", notify_on_close=True)
    )

    view = answer["view"]
    assert view["root_view_id"] == view["id"]
    assert view["previous_view_id"] is None
    expected = {
        "team_id": "T0NORTHBAY",
        "app_id": "A0BOOKROOM",
        "bot_id": "B0BOOKROOM",
        "type": "modal",
        "private_metadata": "m",
        "callback_id": "c",
        "external_id": "",
        "notify_on_close": True,
        "clear_on_close": False,
        "close": None,
        "title": {"type": "plain_text", "text": "A modal", "emoji": True},
        "state": {"values": {}},
    }
    assert {name: view[name] for name in expected} == expected


# --- the stack ---


async def test_three_modals_are_the_most(bench: Bench):
    root = await opened(bench)
    second = await pushed(bench, root)
    third = await pushed(bench, second)

    trigger = bench.trigger(ANA, view_id=third["id"])
    assert await bench.error("views.push", trigger_id=trigger, view=modal()) == "push_limit_reached"
    assert (third["root_view_id"], third["previous_view_id"]) == (root["id"], second["id"])
    assert [view["id"] for view in await bench.slack.views(ANA)] == [root["id"], second["id"], third["id"]]


async def test_a_push_needs_a_trigger_out_of_an_open_modal(bench: Bench):
    assert await bench.error("views.push", trigger_id=bench.trigger(), view=modal()) == "invalid_trigger_id"


async def test_a_modal_opened_by_a_later_command_replaces_the_stack(bench: Bench):
    await pushed(bench, await opened(bench))

    fresh = await opened(bench)

    assert [view["id"] for view in await bench.slack.views(ANA)] == [fresh["id"]]


async def test_a_modal_below_another_cannot_be_reached(bench: Bench):
    root = await opened(bench, modal(section(accessory=button("press"))))
    await pushed(bench, root)

    assert (await bench.slack.click(ANA, root, "press"))["error"] == "view_not_on_top"
    assert (await bench.slack.submit(ANA, root))["error"] == "view_not_on_top"


async def test_nobody_reaches_another_persons_modal(bench: Bench):
    hers = await opened(bench)

    assert (await bench.slack.submit(BEN, hers))["error"] == "no_such_view"
    assert await bench.slack.views(BEN) == []


# --- updates ---


async def test_an_update_needs_the_present_hash_when_it_names_one(bench: Bench):
    view = await opened(bench)
    changed = await bench.api.views_update(view_id=view["id"], hash=view["hash"], view=modal(section("Changed")))

    stale = await bench.error("views.update", view_id=view["id"], hash=view["hash"], view=modal())

    assert stale == "hash_conflict"
    assert changed["view"]["hash"] != view["hash"]
    assert (await bench.api.views_update(view_id=view["id"], view=modal()))["ok"]


async def test_a_closed_or_unknown_view_is_not_found(bench: Bench):
    view = await opened(bench)
    await bench.slack.close(ANA, view)

    assert await bench.error("views.update", view_id=view["id"], view=modal()) == "not_found"
    assert await bench.error("views.update", external_id="nobody", view=modal()) == "not_found"
    assert await bench.error("views.update", view=modal()) == "invalid_arguments"


async def test_an_update_keeps_what_was_typed_where_the_ids_stay(bench: Bench):
    first = modal(entry(text_input("kept"), "a"), entry(text_input("renamed"), "b"), entry(text_input("typed"), "c"))
    view = await opened(bench, first)
    values = {"a": {"kept": "one"}, "b": {"renamed": "two"}, "c": {"typed": "three"}}
    await bench.slack.fill(ANA, view, values)

    second = modal(
        entry(text_input("kept", initial_value="not this"), "a"),
        entry(text_input("other", initial_value="begin"), "b"),
        entry({"type": "datepicker", "action_id": "typed"}, "c"),
    )
    await bench.api.views_update(view_id=view["id"], view=second)

    shown = (await bench.slack.views(ANA))[0]["values"]
    assert shown["a"]["kept"]["value"] == "one"
    assert shown["b"] == {"other": {"type": "plain_text_input", "value": "begin"}}
    assert shown["c"]["typed"]["selected_date"] is None


async def test_a_chosen_option_that_is_offered_no_more_is_dropped(bench: Bench):
    def rooms(*names: str) -> dict:
        select = {"type": "static_select", "action_id": "room", "options": [option(name) for name in names]}
        return modal(entry(select, "room"))

    view = await opened(bench, rooms("apollo", "big"))
    await bench.slack.fill(ANA, view, {"room": {"room": "big"}})

    await bench.api.views_update(view_id=view["id"], view=rooms("apollo"))

    assert (await bench.slack.views(ANA))[0]["values"]["room"]["room"]["selected_option"] is None


async def test_a_modal_cannot_become_a_home_tab(bench: Bench):
    view = await opened(bench)

    assert await bench.error("views.update", view_id=view["id"], view=home()) == "invalid_arguments"


# --- Home ---


async def test_a_home_tab_is_published_per_person_and_guarded_by_its_hash(bench: Bench):
    first = await bench.api.views_publish(user_id=ANA, view=home())
    second = await bench.api.views_publish(user_id=ANA, view=home(section("New")), hash=first["view"]["hash"])

    stale = await bench.error("views.publish", user_id=ANA, view=home(), hash=first["view"]["hash"])

    assert stale == "hash_conflict"
    assert second["view"]["id"] == first["view"]["id"]
    shown = await bench.slack.home(ANA)
    assert shown is not None
    assert shown["blocks"][0]["text"]["text"] == "New"
    assert await bench.slack.home(BEN) is None


async def test_a_home_tab_takes_no_modal_and_nobody_unknown(bench: Bench):
    assert await bench.error("views.publish", user_id=ANA, view=modal()) == "invalid_arguments"
    assert await bench.error("views.publish", user_id="U0NOBODY", view=home()) == "invalid_arguments"
    assert await bench.error("views.open", trigger_id=bench.trigger(), view=home()) == "invalid_arguments"


async def test_a_home_tab_that_is_switched_off_is_not_enabled():
    async with bench_of(company_with(home_tab=False)) as bench:
        assert await bench.error("views.publish", user_id=ANA, view=home()) == "not_enabled"
        assert (await bench.slack.open_home(ANA))["error"] == "no_such_tab"


# --- submissions ---


@pytest.fixture
async def form(bench: Bench) -> Json:
    blocks = [
        entry(text_input("typed", min_length=3, max_length=5), "title"),
        entry({"type": "datepicker", "action_id": "day"}, "day", optional=True),
        section(block_id="plain"),
    ]
    return await opened(bench, modal(*blocks))


async def test_a_required_input_left_empty_stays_in_the_client(bench: Bench, form: Json):
    answer = await bench.slack.submit(ANA, form, {"day": {"day": "2026-11-24"}})

    assert answer["error"] == "missing_input"
    assert answer["errors"] == {"title": "Please complete this required field."}
    assert bench.running.log() == [one for one in bench.running.log() if one["kind"] == "api"]


@pytest.mark.parametrize("typed", ["ab", "abcdef"])
async def test_text_of_a_wrong_length_stays_in_the_client(bench: Bench, form: Json, typed: str):
    answer = await bench.slack.submit(ANA, form, {"title": {"typed": typed}})

    assert answer["error"] == "invalid_input"
    assert set(answer["errors"]) == {"title"}


async def test_a_plain_ack_closes_the_submitted_modal_and_leaves_the_one_below(bench: Bench):
    heard = await answering(bench, None)
    root = await opened(bench)
    await bench.slack.submit(ANA, await pushed(bench, root))

    assert [view["id"] for view in await bench.slack.views(ANA)] == [root["id"]]
    assert heard[0]["type"] == "view_submission"
    assert heard[0]["response_urls"] == []


async def test_an_ack_of_clear_closes_everything(bench: Bench):
    await answering(bench, {"response_action": "clear"})

    answer = await bench.slack.submit(ANA, await pushed(bench, await opened(bench)))

    assert answer["response_action"] == "clear"
    assert await bench.slack.views(ANA) == []


async def test_an_ack_with_errors_keeps_the_modal_open(bench: Bench, form: Json):
    await answering(bench, {"response_action": "errors", "errors": {"title": "Taken."}})

    answer = await bench.slack.submit(ANA, form, {"title": {"typed": "abc"}})

    assert answer["response_action"] == "errors"
    assert answer["errors"] == {"title": "Taken."}
    assert [view["id"] for view in await bench.slack.views(ANA)] == [form["id"]]


BAD_ACKS = [
    {"response_action": "errors", "errors": {"plain": "This block takes no input."}},
    {"response_action": "errors", "errors": {"nowhere": "There is no such block."}},
    {"response_action": "errors", "errors": {}},
    {"response_action": "errors", "errors": {"title": ""}},
    {"response_action": "close"},
    {"response_action": "update"},
    {"response_action": "update", "view": {**modal(), "title": plain("x" * 25)}},
    {"response_action": "push", "view": home()},
    {"text": "Booked."},
    "Booked.",
]


@pytest.mark.parametrize("ack", BAD_ACKS)
async def test_an_ack_that_slack_does_not_understand_is_trouble_connecting(bench: Bench, form: Json, ack: Json):
    async def answer(request):
        return web.json_response(ack)

    await bench.listen_with(answer)

    told = await bench.slack.submit(ANA, form, {"title": {"typed": "abc"}})

    assert told["error"] == "trouble_connecting"
    assert [view["id"] for view in await bench.slack.views(ANA)] == [form["id"]]
    assert [one["type"] for one in bench.running.log() if one["kind"] == "rejected_ack"] == ["view_submission"]


async def test_an_ack_of_update_changes_the_modal_and_keeps_what_stays(bench: Bench, form: Json):
    await answering(bench, {"response_action": "update", "view": modal(entry(text_input("typed"), "title"))})

    answer = await bench.slack.submit(ANA, form, {"title": {"typed": "abc"}})

    assert answer["response_action"] == "update"
    assert answer["view"]["id"] == form["id"]
    assert answer["view"]["hash"] != form["hash"]
    assert answer["view"]["values"]["title"]["typed"]["value"] == "abc"


async def test_an_ack_of_push_past_three_is_trouble_connecting(bench: Bench):
    push = {"response_action": "push", "view": modal()}
    await answering(bench, push, push, push)
    await opened(bench)

    answers = [await bench.slack.submit(ANA, (await bench.slack.views(ANA))[-1]) for _ in range(3)]

    assert [one.get("response_action") for one in answers] == ["push", "push", None]
    assert (answers[2]["error"], answers[2]["cause"]) == ("trouble_connecting", "push_limit_reached")


async def test_no_ack_in_time_is_trouble_connecting_and_the_modal_stays():
    async with bench_of(company_with(), ack_seconds=0.05) as bench:
        view = await opened(bench)

        async def answer(request):
            await asyncio.sleep(30)

        await bench.listen_with(answer)
        told = await bench.slack.submit(ANA, view)

        assert (told["error"], told["cause"]) == ("trouble_connecting", "operation_timeout")
        assert len(await bench.slack.views(ANA)) == 1


async def test_while_the_app_thinks_the_modal_cannot_be_submitted_again(bench: Bench):
    asked, free = asyncio.Event(), asyncio.Event()

    async def answer(request):
        asked.set()
        await free.wait()
        return web.Response()

    await bench.listen_with(answer)
    view = await opened(bench)
    first = asyncio.create_task(bench.slack.submit(ANA, view))
    await asked.wait()

    again = await bench.slack.submit(ANA, view)
    free.set()

    assert again["error"] == "already_submitting"
    assert (await first)["ok"]


async def test_a_submission_carries_every_input_and_chosen_element(bench: Bench):
    heard = await answering(bench, None)
    rooms = {"type": "static_select", "action_id": "room", "options": [option("apollo")]}
    view = await opened(
        bench,
        modal(
            entry(text_input("typed"), "title"),
            entry({"type": "multi_users_select", "action_id": "who"}, "who", optional=True),
            section(block_id="room", accessory=rooms),
            {"type": "actions", "block_id": "more", "elements": [button("press")]},
        ),
    )
    await bench.slack.submit(ANA, view, {"title": {"typed": "Review"}, "room": {"room": "apollo"}})

    values = heard[0]["view"]["state"]["values"]
    assert values["title"]["typed"] == {"type": "plain_text_input", "value": "Review"}
    assert values["who"]["who"] == {"type": "multi_users_select", "selected_users": []}
    assert values["room"]["room"]["selected_option"]["value"] == "apollo"
    assert "more" not in values


async def test_a_modal_without_submit_is_not_submitted(bench: Bench):
    view = await opened(bench, modal(submit=None))

    assert (await bench.slack.submit(ANA, view))["error"] == "no_submit"


async def test_a_conversation_select_can_bring_response_urls(bench: Bench):
    heard = await answering(bench, None)
    select = {"type": "conversations_select", "action_id": "where", "response_url_enabled": True}
    view = await opened(bench, modal(entry(select, "where")))

    await bench.slack.submit(ANA, view, {"where": {"where": GENERAL}})

    (given,) = heard[0]["response_urls"]
    assert (given["block_id"], given["action_id"], given["channel_id"]) == ("where", "where", GENERAL)


# --- closing ---


async def test_closing_is_told_only_when_the_modal_asked_for_it(bench: Bench):
    heard = await answering(bench)
    silent = await opened(bench)
    await bench.slack.close(ANA, silent)
    loud = await opened(bench, modal(notify_on_close=True))
    await bench.slack.close(ANA, loud)

    assert [(one["type"], one["view"]["id"], one["is_cleared"]) for one in heard] == [("view_closed", loud["id"], False)]


async def test_the_cross_closes_the_stack_and_tells_of_its_root(bench: Bench):
    heard = await answering(bench)
    root = await opened(bench, modal(notify_on_close=True))
    top = await pushed(bench, root, modal(notify_on_close=True))

    await bench.slack.close(ANA, top, clear=True)

    assert await bench.slack.views(ANA) == []
    assert [(one["view"]["id"], one["is_cleared"]) for one in heard] == [(root["id"], True)]
