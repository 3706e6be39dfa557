"""The Web API: tokens, scopes, arguments, and what the methods for messages, people and conversations answer."""

import aiohttp
import pytest

from tests.sandbox.bench import (
    ANA,
    BEN,
    BERLIN,
    CHLOE,
    DESIGN,
    GENERAL,
    NEW_YORK,
    RANDOM,
    Bench,
    bench_of,
    button,
    company_with,
    section,
)

ANA_DIRECT = "D0ANA"


async def call(bench: Bench, method: str, *, token: str | None = None, **request: object) -> dict:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession() as session,
        session.post(bench.running.api_url + method, headers=headers, **request) as response,
    ):
        return await response.json()


# The token, the method, the refusal.
TOKENS = [
    (None, "auth.test", "not_authed"),
    ("xoxb-somebody-else", "auth.test", "invalid_auth"),
    ("xapp-sandbox-app", "chat.postMessage", "not_allowed_token_type"),
    ("xapp-sandbox-app", "users.info", "not_allowed_token_type"),
    ("xoxb-sandbox-bot", "apps.connections.open", "not_allowed_token_type"),
    ("xoxb-sandbox-bot", "chat.shout", "unknown_method"),
]


@pytest.mark.parametrize(("token", "method", "error"), TOKENS)
async def test_a_wrong_token_is_refused(bench: Bench, token: str | None, method: str, error: str):
    assert (await call(bench, method, token=token))["error"] == error


async def test_a_token_may_stand_in_a_form_but_not_in_a_json_body(bench: Bench):
    token = bench.running.company.tokens.bot

    in_form = await call(bench, "auth.test", data={"token": token})
    in_json = await call(bench, "auth.test", json={"token": token})

    assert in_form["bot_id"] == "B0BOOKROOM"
    assert in_json["error"] == "not_authed"


async def test_a_body_that_is_not_a_json_object_is_refused(bench: Bench):
    token, typed = bench.running.company.tokens.bot, {"Content-Type": "application/json"}
    broken = {"data": "{", "headers": {**typed, "Authorization": f"Bearer {token}"}}
    listed = {"data": "[]", "headers": {**typed, "Authorization": f"Bearer {token}"}}

    async with aiohttp.ClientSession() as session:
        async with session.post(bench.running.api_url + "chat.postMessage", **broken) as response:
            assert (await response.json())["error"] == "invalid_json"
        async with session.post(bench.running.api_url + "chat.postMessage", **listed) as response:
            assert (await response.json())["error"] == "json_not_object"


async def test_methods_that_read_take_no_json(bench: Bench):
    body = await bench.refusal("users.info", user=ANA)

    assert body["error"] == "invalid_arguments"
    assert (await bench.api.users_info(user=ANA))["user"]["name"] == "ana"


# The scopes granted, the call, the scope that is missing.
SCOPES = [
    ((), "chat.postMessage", {"channel": GENERAL, "text": "x"}, "chat:write"),
    (("chat:write",), "users.info", {"user": ANA}, "users:read"),
    (("chat:write",), "conversations.open", {"users": ANA}, "im:write"),
    ((), "conversations.info", {"channel": GENERAL}, "channels:read"),
    ((), "conversations.info", {"channel": ANA_DIRECT}, "im:read"),
    ((), "conversations.history", {"channel": GENERAL}, "channels:history"),
    ((), "conversations.list", {"types": "private_channel"}, "groups:read"),
    ((), "usergroups.list", {}, "usergroups:read"),
    ((), "team.info", {}, "team:read"),
    ((), "users.lookupByEmail", {"email": "a@b.example"}, "users:read.email"),
]


@pytest.mark.parametrize(("granted", "method", "arguments", "needed"), SCOPES)
async def test_a_missing_scope_is_named(granted: tuple, method: str, arguments: dict, needed: str):
    async with bench_of(company_with(scopes=granted)) as bench:
        token = bench.running.company.tokens.bot
        answer = await call(bench, method, token=token, data=arguments)

    assert answer == {
        "ok": False,
        "error": "missing_scope",
        "needed": needed,
        "provided": ",".join(granted),
    }


async def test_api_test_says_back_what_it_was_told(bench: Bench):
    assert (await bench.api.api_call("api.test", data={"colour": "red"}))["args"] == {"colour": "red"}
    assert await bench.error("api.test", error="boom") == "boom"


async def test_a_posted_message_is_seen_by_whoever_sees_the_channel(bench: Bench):
    answer = await bench.api.chat_postMessage(channel=GENERAL, text="Hello", blocks=[section("*Hello*")])

    for user in (ANA, CHLOE):
        seen = await bench.slack.last_message(user, GENERAL)
        assert seen is not None
        assert (seen["ts"], seen["text"], seen["bot_id"]) == (answer["ts"], "Hello", "B0BOOKROOM")
    assert (await bench.slack.get("messages", user="U0GUEST", channel=GENERAL))["error"] == "no_such_channel"


async def test_posting_to_a_person_goes_to_their_conversation_with_the_app(bench: Bench):
    answer = await bench.api.chat_postMessage(channel=ANA, text="Your meeting starts")

    assert answer["channel"] == ANA_DIRECT
    assert len(await bench.slack.messages(ANA, ANA_DIRECT)) == 1
    assert (await bench.slack.get("messages", user=BEN, channel=ANA_DIRECT))["error"] == "no_such_channel"


# The call, its arguments, the refusal.
BAD_POSTS = [
    ("chat.postMessage", {"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
    ("chat.postMessage", {"channel": "U0NOBODY", "text": "x"}, "channel_not_found"),
    ("chat.postMessage", {"channel": "#nowhere", "text": "x"}, "channel_not_found"),
    ("chat.postMessage", {"channel": DESIGN, "text": "x"}, "channel_not_found"),
    ("chat.postMessage", {"channel": GENERAL}, "no_text"),
    ("chat.postMessage", {"channel": GENERAL, "text": "", "blocks": []}, "no_text"),
    ("chat.postMessage", {"text": "x"}, "invalid_arguments"),
    ("chat.postMessage", {"channel": GENERAL, "text": "x", "thread_ts": "1.2"}, "cannot_reply_to_message"),
    ("chat.postMessage", {"channel": GENERAL, "text": "x", "attachments": "no"}, "invalid_attachments"),
    ("chat.postMessage", {"channel": GENERAL, "text": "x", "attachments": [{}] * 101}, "too_many_attachments"),
    ("chat.postMessage", {"channel": GENERAL, "text": "x", "metadata": "{"}, "invalid_metadata_format"),
    ("chat.postMessage", {"channel": GENERAL, "text": "x", "metadata": {"a": 1}}, "invalid_metadata_schema"),
    ("chat.postMessage", {"channel": GENERAL, "text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
    ("chat.postMessage", {"channel": GENERAL, "markdown_text": "y" * 12_001}, "msg_too_long"),
    ("chat.postEphemeral", {"channel": GENERAL, "text": "x"}, "invalid_arguments"),
    ("chat.postEphemeral", {"channel": BERLIN, "user": ANA, "text": "x"}, "user_not_in_channel"),
    ("chat.postEphemeral", {"channel": GENERAL, "user": "U0NOBODY", "text": "x"}, "user_not_in_channel"),
    ("chat.postEphemeral", {"channel": GENERAL, "user": ANA}, "no_text"),
    ("conversations.open", {}, "users_list_not_supplied"),
    ("conversations.open", {"users": "U0NOBODY"}, "user_not_found"),
    ("conversations.open", {"users": f"{ANA},{BEN}"}, "missing_scope"),
    ("conversations.open", {"channel": GENERAL}, "channel_not_found"),
]


@pytest.mark.parametrize(("method", "arguments", "error"), BAD_POSTS)
async def test_a_call_that_slack_refuses_is_refused_with_its_code(bench: Bench, method: str, arguments: dict, error: str):
    assert await bench.error(method, **arguments) == error


async def test_without_chat_write_public_the_app_posts_only_where_it_is_a_member():
    async with bench_of(company_with(scopes=("chat:write",))) as bench:
        assert await bench.error("chat.postMessage", channel=BERLIN, text="x") == "not_in_channel"
        assert (await bench.api.chat_postMessage(channel=NEW_YORK, text="x"))["ok"]


async def test_with_the_messages_tab_switched_off_direct_messages_fail():
    async with bench_of(company_with(messages_tab=False)) as bench:
        assert await bench.error("chat.postMessage", channel=ANA, text="x") == "messages_tab_disabled"
        assert await bench.error("chat.postMessage", channel=ANA_DIRECT, text="x") == "messages_tab_disabled"


async def test_text_past_forty_thousand_characters_is_cut(bench: Bench):
    message = await bench.post("x" * 40_001)

    assert len(message["text"]) == 40_000


async def test_an_ephemeral_message_reaches_its_person_alone_and_cannot_be_changed(bench: Bench):
    ts = (await bench.api.chat_postEphemeral(channel=GENERAL, user=ANA, text="For you"))["message_ts"]

    assert [one["ephemeral"] for one in await bench.slack.messages(ANA, GENERAL)] == [True]
    assert await bench.slack.messages(BEN, GENERAL) == []
    assert await bench.error("chat.update", channel=GENERAL, ts=ts, text="x") == "message_not_found"
    assert await bench.error("chat.delete", channel=GENERAL, ts=ts) == "message_not_found"


async def test_an_update_with_text_alone_drops_the_old_blocks(bench: Bench):
    message = await bench.post(blocks=[section()])

    answer = await bench.api.chat_update(channel=GENERAL, ts=message["ts"], text="New")

    assert answer["text"] == "New"
    seen = await bench.slack.last_message(ANA, GENERAL)
    assert seen is not None
    assert (seen["text"], seen["blocks"], seen["edited"]["user"]) == ("New", [], "U0BOOKROOM")


async def test_an_update_without_text_and_blocks_keeps_both_and_the_metadata(bench: Bench):
    metadata = {"event_type": "booking", "event_payload": {"id": "1"}}
    message = await bench.post("Old", blocks=[section()], metadata=metadata)

    await bench.api.chat_update(channel=GENERAL, ts=message["ts"], attachments=[{"fallback": "more"}])

    seen = await bench.slack.last_message(ANA, GENERAL)
    assert seen is not None
    assert (seen["text"], len(seen["blocks"]), seen["metadata"]) == ("Old", 1, metadata)


async def test_only_the_apps_own_messages_can_be_changed_and_only_by_the_conversations_id(bench: Bench):
    hers = (await bench.slack.message(ANA, GENERAL, "Mine"))["ts"]
    direct = await bench.api.chat_postMessage(channel=ANA, text="Yours")

    assert await bench.error("chat.update", channel=GENERAL, ts=hers, text="x") == "cant_update_message"
    assert await bench.error("chat.delete", channel=GENERAL, ts=hers) == "cant_delete_message"
    assert await bench.error("chat.update", channel=ANA, ts=direct["ts"], text="x") == "channel_not_found"
    assert (await bench.api.chat_update(channel=ANA_DIRECT, ts=direct["ts"], text="x"))["ok"]


async def test_an_update_may_not_be_empty_nor_longer_than_four_thousand_characters(bench: Bench):
    message = await bench.post()

    assert await bench.error("chat.update", channel=GENERAL, ts=message["ts"]) == "no_text"
    too_long = await bench.error("chat.update", channel=GENERAL, ts=message["ts"], text="x" * 4001)
    assert too_long == "msg_too_long"
    assert await bench.error("chat.update", channel=GENERAL, ts="1.2", text="x") == "message_not_found"


async def test_a_deleted_message_is_gone_for_good(bench: Bench):
    message = await bench.post()

    await bench.api.chat_delete(channel=GENERAL, ts=message["ts"])

    assert await bench.slack.messages(ANA, GENERAL) == []
    assert await bench.error("chat.delete", channel=GENERAL, ts=message["ts"]) == "message_not_found"


async def test_replies_stand_in_the_thread_and_are_counted_at_its_parent(bench: Bench):
    parent = await bench.post("Parent")
    reply = await bench.post("Reply", thread_ts=parent["ts"])
    await bench.post("Aloud", thread_ts=reply["ts"], reply_broadcast=True)

    in_channel = await bench.slack.messages(ANA, GENERAL)
    in_thread = await bench.slack.messages(ANA, GENERAL, thread_ts=parent["ts"])

    assert [one["text"] for one in in_channel] == ["Parent", "Aloud"]
    assert in_channel[0]["reply_count"] == 2
    assert [one["text"] for one in in_thread] == ["Parent", "Reply", "Aloud"]
    assert {one["thread_ts"] for one in in_thread[1:]} == {parent["ts"]}


async def test_a_permalink_names_the_channel_and_the_message(bench: Bench):
    message = await bench.post()

    answer = await bench.api.chat_getPermalink(channel=GENERAL, message_ts=message["ts"])

    expected = f"https://northbay.slack.com/archives/{GENERAL}/p{message['ts'].replace('.', '')}"
    assert answer["permalink"] == expected
    token = bench.running.company.tokens.bot
    arguments = {"channel": GENERAL, "message_ts": "1.2"}
    assert (await call(bench, "chat.getPermalink", token=token, data=arguments))["error"] == "message_not_found"


async def test_a_persons_locale_comes_only_when_asked_for_and_the_email_only_with_its_scope(bench: Bench):
    asked = (await bench.api.users_info(user=CHLOE, include_locale=True))["user"]
    not_asked = (await bench.api.users_info(user=CHLOE))["user"]

    assert (asked["locale"], asked["tz"], asked["real_name"]) == ("fr-FR", "Europe/Berlin", "Chloé Martin")
    assert "locale" not in not_asked
    assert "email" not in asked["profile"]


async def test_with_its_scope_a_person_is_found_by_email():
    async with bench_of(company_with(scopes=("users:read", "users:read.email"))) as bench:
        found = await bench.api.users_lookupByEmail(email="Ana@northbay.example")

        assert found["user"]["profile"]["email"] == "ana@northbay.example"


async def test_the_offset_of_a_zone_follows_summer_time(bench: Bench):
    winter = (await bench.api.users_info(user=ANA))["user"]["tz_offset"]
    bench.clock.move(180 * 86_400)
    summer = (await bench.api.users_info(user=ANA))["user"]["tz_offset"]

    assert (winter, summer) == (-5 * 3600, -4 * 3600)


async def test_guests_owners_and_the_bot_are_told_apart(bench: Bench):
    guest = (await bench.api.users_info(user="U0GUEST"))["user"]
    owner = (await bench.api.users_info(user="U0OWNER"))["user"]
    bot = (await bench.api.users_info(user="U0BOOKROOM"))["user"]

    assert (guest["is_restricted"], owner["is_owner"], bot["is_bot"]) == (True, True, True)
    token = bench.running.company.tokens.bot
    assert (await call(bench, "users.info", token=token, data={"user": "U0NOBODY"}))["error"] == "user_not_found"


async def test_lists_come_in_pages(bench: Bench):
    first = await bench.api.users_list(limit=5)
    second = await bench.api.users_list(limit=5, cursor=first["response_metadata"]["next_cursor"])

    names = [user["name"] for user in [*first["members"], *second["members"]]]
    assert names == ["ana", "ben", "chloe", "deepa", "erik", "fatima", "gus", "olga", "bookroom"]
    assert second["response_metadata"]["next_cursor"] == ""
    token = bench.running.company.tokens.bot
    bad = await call(bench, "users.list", token=token, data={"cursor": "cGFnZQ=="})
    assert bad["error"] == "invalid_cursor"


async def test_conversations_are_listed_by_type_and_private_ones_only_to_members():
    scopes = ("channels:read", "groups:read", "im:read")
    async with bench_of(company_with(scopes=scopes)) as bench:
        public = await bench.api.conversations_list()
        private = await bench.api.conversations_list(types="private_channel")
        direct = await bench.api.conversations_list(types="im")
        own = await bench.api.users_conversations()
        members = await bench.api.conversations_members(channel=NEW_YORK)
        info = await bench.api.conversations_info(channel=RANDOM, include_num_members=True)
        token = bench.running.company.tokens.bot
        hidden = await call(bench, "conversations.info", token=token, data={"channel": DESIGN})

    assert [one["name"] for one in public["channels"]] == ["general", "new-york", "berlin", "random"]
    assert private["channels"] == []
    assert {one["user"] for one in direct["channels"]} >= {ANA, BEN, "U0GUEST"}
    assert [one["name"] for one in own["channels"]] == ["general", "new-york"]
    assert "U0BOOKROOM" in members["members"]
    assert (info["channel"]["is_member"], info["channel"]["num_members"]) == (False, 7)
    assert hidden["error"] == "channel_not_found"


async def test_history_is_newest_first_without_replies_and_ephemeral_messages():
    scopes = ("chat:write", "chat:write.public", "channels:history")
    async with bench_of(company_with(scopes=scopes)) as bench:
        metadata = {"event_type": "booking", "event_payload": {"id": "1"}}
        parent = await bench.post("First", metadata=metadata)
        await bench.post("Reply", thread_ts=parent["ts"])
        await bench.api.chat_postEphemeral(channel=GENERAL, user=ANA, text="Whispered")
        await bench.slack.message(BEN, GENERAL, "Second")

        history = await bench.api.conversations_history(channel=GENERAL, include_all_metadata=True)
        older = await bench.api.conversations_history(channel=GENERAL, latest=history["messages"][0]["ts"])
        token = bench.running.company.tokens.bot
        elsewhere = await call(bench, "conversations.history", token=token, data={"channel": BERLIN})

    assert [one["text"] for one in history["messages"]] == ["Second", "First"]
    assert history["messages"][1]["metadata"] == metadata
    assert [one["text"] for one in older["messages"]] == ["First"]
    assert elsewhere["error"] == "not_in_channel"


async def test_opening_a_conversation_gives_the_direct_one(bench: Bench):
    assert (await bench.api.conversations_open(users=ANA))["channel"]["id"] == ANA_DIRECT


async def test_identical_timestamps_never_occur_though_the_clock_stands(bench: Bench):
    posted = [await bench.post(str(number)) for number in range(5)]

    stamps = [one["ts"] for one in posted]
    assert len(set(stamps)) == 5
    assert stamps == sorted(stamps)


async def test_buttons_in_a_message_keep_their_values(bench: Bench):
    blocks = [{"type": "actions", "block_id": "b", "elements": [button("go", value="42", style="primary")]}]

    message = await bench.post(blocks=blocks)

    kept = message["blocks"][0]["elements"][0]
    assert (kept["value"], kept["style"], kept["text"]["emoji"]) == ("42", "primary", True)
