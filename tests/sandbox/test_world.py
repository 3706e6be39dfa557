"""What happens in the company while the app runs, and how Slack answers from then on."""

import aiohttp
import pytest
from aiohttp import web

from sandbox.errors import Json
from tests.sandbox.bad_payloads import ALL_SCOPES
from tests.sandbox.bench import ANA, ANA_DIRECT, BEN, BERLIN, DESIGN, ERIK, GENERAL, NEW_YORK, Bench, bench_of, company_with


async def read(bench: Bench, method: str, **arguments: str) -> Json:
    """A call of a method that reads, whatever it answers."""
    headers = {"Authorization": f"Bearer {bench.running.company.tokens.bot}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(bench.running.api_url + method, data=arguments) as response,
    ):
        return await response.json()


async def test_an_archived_channel_takes_nothing_until_it_is_brought_back(bench: Bench):
    message = await bench.post("Before")

    shown = await bench.slack.channel(GENERAL, "archive")

    assert shown["channel"]["is_archived"]
    assert await bench.error("chat.postMessage", channel=GENERAL, text="x") == "is_archived"
    assert await bench.error("chat.update", channel=GENERAL, ts=message["ts"], text="x") == "is_inactive"
    assert (await bench.slack.command(ANA, GENERAL, "/book room"))["error"] == "is_archived"
    assert (await bench.slack.message(ANA, GENERAL, "Hello?"))["error"] == "is_archived"
    assert [one["text"] for one in await bench.slack.messages(ANA, GENERAL)] == ["Before"]

    await bench.slack.channel(GENERAL, "unarchive")
    assert (await bench.post("After"))["text"] == "After"


async def test_archived_channels_are_marked_and_can_be_left_out_of_lists():
    async with bench_of(company_with(scopes=ALL_SCOPES)) as bench:
        await bench.slack.channel(BERLIN, "archive")
        everything = await bench.api.conversations_list()
        living = await bench.api.conversations_list(exclude_archived=True)
        info = await bench.api.conversations_info(channel=BERLIN)

    assert "berlin" in [one["name"] for one in everything["channels"]]
    assert "berlin" not in [one["name"] for one in living["channels"]]
    assert info["channel"]["is_archived"]


async def test_an_app_that_was_removed_writes_no_more_where_it_must_be_a_member():
    async with bench_of(company_with(scopes=("chat:write",))) as bench:
        await bench.post()
        await bench.slack.channel(GENERAL, "remove")
        assert await bench.error("chat.postMessage", channel=GENERAL, text="x") == "not_in_channel"

        await bench.slack.channel(GENERAL, "invite")
        assert (await bench.post())["ts"]


async def test_in_a_private_channel_an_app_that_was_removed_finds_nothing(bench: Bench):
    await bench.slack.channel(DESIGN, "invite")
    await bench.post(channel=DESIGN)
    await bench.slack.channel(DESIGN, "remove")

    assert await bench.error("chat.postMessage", channel=DESIGN, text="x") == "channel_not_found"


async def test_a_message_to_somebody_who_left_is_taken_and_nobody_reads_it(bench: Bench):
    await bench.modal()
    await bench.slack.person(ANA, action="deactivate")

    posted = await bench.api.chat_postMessage(channel=ANA, text="Your meeting starts")
    about = (await bench.api.users_info(user=ANA))["user"]

    assert posted["channel"] == ANA_DIRECT
    assert (about["deleted"], "tz" in about) == (True, False)
    assert (await bench.slack.state(ANA))["error"] == "no_such_user"
    assert await bench.error("conversations.open", users=ANA) == "user_disabled"
    await bench.slack.person(ANA, action="reactivate")
    assert [one["text"] for one in await bench.slack.messages(ANA, ANA_DIRECT)] == ["Your meeting starts"]
    assert await bench.slack.views(ANA) == []


async def test_somebody_who_moves_has_another_zone_and_language(bench: Bench):
    await bench.slack.person(ANA, tz="Asia/Tokyo", locale="ja-JP")

    about = (await bench.api.users_info(user=ANA, include_locale=True))["user"]

    assert (about["tz"], about["tz_label"], about["tz_offset"], about["locale"]) == (
        "Asia/Tokyo",
        "Tokyo",
        9 * 3600,
        "ja-JP",
    )


async def test_the_app_hears_of_what_it_subscribed_to():
    events = ("member_joined_channel", "member_left_channel", "channel_left", "channel_archive", "user_change")
    async with bench_of(company_with(events=events)) as bench:
        heard = await events_of(bench)
        await bench.slack.channel(BERLIN, "invite")
        await bench.slack.channel(BERLIN, "invite", user=ANA)
        await bench.slack.channel(BERLIN, "remove", user=ERIK)
        await bench.slack.channel(BERLIN, "remove")
        await bench.slack.channel(BERLIN, "archive")
        await bench.slack.channel(BERLIN, "unarchive")
        await bench.slack.person(BEN, action="deactivate")

        async def all_of_them() -> bool:
            return len(heard) == 6

        await bench.slack.wait_for(all_of_them)

    told = {(one["type"], one.get("user") if isinstance(one.get("user"), str) else None) for one in heard}
    assert told == {
        ("member_joined_channel", "U0BOOKROOM"),
        ("member_joined_channel", ANA),
        ("member_left_channel", ERIK),
        ("channel_left", None),
        ("channel_archive", None),
        ("user_change", None),
    }


async def events_of(bench: Bench) -> list[Json]:
    heard: list[Json] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append((await request.json())["event"])
        return web.Response()

    await bench.listen_with(answer)
    return heard


@pytest.mark.parametrize(
    ("name", "body", "error"),
    [
        ("channels", {"channel": "C0NOWHERE", "action": "archive"}, "no_such_channel"),
        ("channels", {"channel": ANA_DIRECT, "action": "archive"}, "no_such_channel"),
        ("channels", {"channel": GENERAL, "action": "burn"}, "invalid_action"),
        ("channels", {"channel": GENERAL, "action": "invite", "user": "U0NOBODY"}, "no_such_user"),
        ("users", {"user": "U0NOBODY", "action": "deactivate"}, "no_such_user"),
        ("users", {"user": ANA, "action": "promote"}, "invalid_action"),
        ("users", {"user": ANA, "tz": "Atlantis/Centre"}, "no_such_zone"),
        ("users", {"user": ANA}, "nothing_to_change"),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused(bench: Bench, name: str, body: Json, error: str):
    assert (await bench.slack.post(name, body))["error"] == error


async def test_everybody_and_every_channel_can_be_listed(bench: Bench):
    await bench.slack.person(BEN, action="deactivate")

    people = (await bench.slack.get("users"))["users"]
    channels = (await bench.slack.get("channels"))["channels"]

    assert next(one for one in people if one["id"] == BEN)["deleted"]
    assert {one["id"]: one["app_is_member"] for one in channels}[DESIGN] is False


# --- joining and leaving by the app itself ---


async def test_the_app_joins_invites_and_leaves():
    async with bench_of(company_with(scopes=ALL_SCOPES)) as bench:
        joined = await bench.api.conversations_join(channel=BERLIN)
        again = await bench.api.conversations_join(channel=BERLIN)
        invited = await bench.api.conversations_invite(channel=BERLIN, users=[ANA, BEN])
        left = await bench.api.conversations_leave(channel=BERLIN)
        not_there = await bench.api.conversations_leave(channel=BERLIN)

        assert joined["channel"]["is_member"]
        assert again["warning"] == "already_in_channel"
        assert invited["ok"]
        assert {ANA, BEN} <= bench.running.sandbox.parts.ws.conversations[BERLIN].members
        assert (left["ok"], not_there["not_in_channel"]) == (True, True)


async def test_a_thread_is_read_with_its_parent_and_metadata_when_asked():
    event = {"event_type": "booking", "event_payload": {"id": "7"}}
    async with bench_of(company_with(scopes=ALL_SCOPES)) as bench:
        parent = await bench.post("Parent", metadata=event)
        reply = await bench.post("Reply", thread_ts=parent["ts"])
        whole = await read(bench, "conversations.replies", channel=GENERAL, ts=reply["ts"], include_all_metadata="true")
        without = await read(bench, "conversations.replies", channel=GENERAL, ts=parent["ts"])

    assert [one["text"] for one in whole["messages"]] == ["Parent", "Reply"]
    assert whole["messages"][0]["metadata"] == event
    assert "metadata" not in without["messages"][0]


async def test_metadata_with_a_strange_event_type_is_lost_without_an_error(bench: Bench):
    event = {"event_type": "booking.made", "event_payload": {"id": "7"}}

    message = await bench.post(channel=NEW_YORK, metadata=event)

    assert "metadata" not in message
    assert [one["event_type"] for one in bench.running.log() if one["kind"] == "dropped_metadata"] == ["booking.made"]
