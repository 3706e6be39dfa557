"""What the app ever said can be read whole, with every version and whether the app got to know of it."""

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from sandbox import model
from tests.sandbox.bench import ANA, GENERAL, NEW_YORK, Bench, section

EVENT = {"event_type": "booking", "event_payload": {"id": "1"}}


async def test_every_version_of_a_message_is_kept_with_its_time_and_method(bench: Bench):
    message = await bench.post("Old", metadata=EVENT, blocks=[section("Old")])
    bench.clock.move(60)
    await bench.api.chat_update(channel=GENERAL, ts=message["ts"], text="New")
    await bench.api.chat_delete(channel=GENERAL, ts=message["ts"])

    (post,) = (await bench.slack.posts())["posts"]

    assert (post["channel"], post["ts"], post["text"], post["blocks"], post["metadata"]) == (
        GENERAL,
        message["ts"],
        "New",
        [],
        EVENT,
    )
    told = [(one["method"], one["text"], one["answered"]) for one in post["versions"]]
    assert told == [("chat.postMessage", "Old", True), ("chat.update", "New", True)]
    assert post["versions"][1]["at"] - post["versions"][0]["at"] == 60
    assert (post["deleted"]["method"], post["deleted"]["answered"]) == ("chat.delete", True)


LOST = [
    {"drop_requests": {"times": 1, "after": True}},
    {"fail_next": {"method": "*", "status": 503, "after": True}},
    {"fail_next": {"method": "*", "error": "fatal_error", "after": True}},
]


@pytest.mark.parametrize("fault", LOST)
async def test_a_message_whose_answer_was_lost_says_so(bench: Bench, fault: dict):
    await bench.slack.faults(**fault)
    with pytest.raises((SlackApiError, aiohttp.ClientError)):
        await call_once(bench)
    await bench.post("Answered")

    posts = (await bench.slack.posts())["posts"]

    assert [(one["text"], one["answered"]) for one in posts] == [("Lost", False), ("Answered", True)]


async def call_once(bench: Bench) -> None:
    bench.api.retry_handlers.clear()
    await bench.api.chat_postMessage(channel=GENERAL, text="Lost")


async def test_a_client_that_hung_up_before_a_slow_answer_does_not_know_of_its_message(bench: Bench):
    await bench.slack.faults(holds={"method": "chat.*", "times": 1})
    headers = {"Authorization": f"Bearer {bench.running.company.tokens.bot}"}

    async def reached() -> bool:
        return bool((await bench.slack.inflicted())["total"])

    async with aiohttp.ClientSession(headers=headers) as session:
        message = {"channel": GENERAL, "text": "Late"}
        call = asyncio.create_task(session.post(bench.running.api_url + "chat.postMessage", json=message))
        await bench.slack.wait_for(reached)
        call.cancel()
        await asyncio.wait([call])
    await bench.slack.faults(holds=False)

    async def arrived() -> list[dict]:
        return list((await bench.slack.posts())["posts"])

    (post,) = await bench.slack.wait_for(arrived)

    assert (post["text"], post["answered"]) == ("Late", False)


async def test_what_never_took_effect_is_no_post(bench: Bench):
    await bench.slack.faults(fail_next={"method": "chat.postMessage", "status": 503})
    with pytest.raises(SlackApiError):
        await bench.post("Never")

    assert (await bench.slack.posts())["count"] == 0


async def test_answers_to_commands_and_through_response_urls_are_posts_too(bench: Bench):
    url = bench.running.sandbox.parts.response_url(user=ANA, channel=GENERAL)
    async with aiohttp.ClientSession() as session, session.post(url, json={"text": "Only for you"}):
        pass
    await bench.slack.message(ANA, GENERAL, "A person's")

    (post,) = (await bench.slack.posts())["posts"]

    assert (post["text"], post["ephemeral_to"], post["versions"][0]["method"]) == ("Only for you", ANA, "response_url")


async def test_only_what_changed_since_is_told_and_each_once(bench: Bench):
    first, second = await bench.post("First"), await bench.post("Second")
    before = await bench.slack.posts()
    await bench.api.chat_update(channel=GENERAL, ts=first["ts"], text="First, changed")
    await bench.api.chat_update(channel=GENERAL, ts=first["ts"], text="First, changed again")
    after = await bench.slack.posts(before["next"])
    nothing = await bench.slack.posts(after["next"])

    assert [one["ts"] for one in before["posts"]] == [first["ts"], second["ts"]]
    assert [(one["ts"], len(one["versions"])) for one in after["posts"]] == [(first["ts"], 3)]
    assert (nothing["posts"], nothing["count"]) == ([], 2)


async def test_posts_can_be_read_in_pages(bench: Bench):
    for number in range(5):
        await bench.post(str(number))

    read, since = [], 0
    while page := (await bench.slack.posts(since, limit=2))["posts"]:
        read += [one["text"] for one in page]
        since = page[-1]["n"]

    assert read == ["0", "1", "2", "3", "4"]
    assert (await bench.slack.get("posts", since="yesterday"))["error"] == "invalid_since"


async def test_nothing_is_forgotten_though_conversations_forget(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(model, "MOST_MESSAGES", 3)
    for number in range(6):
        await bench.post(str(number), channel=NEW_YORK)

    assert len(await bench.slack.messages(ANA, NEW_YORK)) == 3
    assert len((await bench.slack.posts())["posts"]) == 6


async def test_homes_and_changed_modals_are_counted(bench: Bench):
    home = {"type": "home", "blocks": [section()]}
    for _ in range(3):
        await bench.api.views_publish(user_id=ANA, view=home)
    opened = await bench.modal(callback_id="search")
    changed = await bench.api.views_update(view_id=opened["id"], view={**bench_view(opened), "callback_id": "search"})

    counts = await bench.slack.view_counts()

    assert counts["homes"][ANA]["published"] == 3
    assert counts["views"][changed["view"]["id"]] | {"at": 0} == {
        "user": ANA,
        "type": "modal",
        "updates": 1,
        "callback_id": "search",
        "at": 0,
    }


def bench_view(opened: dict) -> dict:
    return {name: opened[name] for name in ("type", "title", "submit", "blocks")}
