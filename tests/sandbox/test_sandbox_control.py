"""The sandbox as a program: live events, the log, faults, the page's headers, the company file, starting and stopping."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

import aiohttp
import pytest
import yaml
from aiohttp import web
from slack_sdk.errors import SlackApiError

from sandbox import company
from sandbox.client import PATIENCE_SECONDS
from sandbox.company import CompanyError
from sandbox.errors import Json
from sandbox.feed import QUEUE_LENGTH, Feed
from sandbox.server import serving
from tests.sandbox.bench import ANA, BEN, GENERAL, Bench, modal, section

ROOT = Path(__file__).parents[2]


# --- live events ---


class Listener:
    """Collects one person's live events in the background."""

    def __init__(self, bench: Bench, user: str) -> None:
        self.heard: list[Json] = []
        self._bench = bench
        self._user = user
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for event in self._bench.slack.events(self._user):
            self.heard.append(event)

    async def __aenter__(self) -> Self:
        feed = self._bench.running.sandbox.parts.feed

        async def listens() -> bool:
            return feed.listens(self._user)

        await self._bench.slack.wait_for(listens)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def types(self, count: int) -> list[str]:
        async def enough() -> bool:
            return len(self.heard) >= count

        await self._bench.slack.wait_for(enough)
        return [event["type"] for event in self.heard]


async def test_a_page_hears_of_messages_as_they_change(bench: Bench):
    async with Listener(bench, ANA) as ana:
        message = await bench.post("One")
        await bench.api.chat_update(channel=GENERAL, ts=message["ts"], text="Two")
        await bench.api.chat_delete(channel=GENERAL, ts=message["ts"])

        assert await ana.types(3) == ["message", "message_changed", "message_deleted"]
        assert [event["message"]["text"] for event in ana.heard[:2]] == ["One", "Two"]
        assert ana.heard[2]["ts"] == message["ts"]


async def test_a_page_hears_nothing_of_what_its_person_does_not_see(bench: Bench):
    async with Listener(bench, BEN) as ben:
        await bench.api.chat_postEphemeral(channel=GENERAL, user=ANA, text="For Ana")
        await bench.api.chat_postMessage(channel=ANA, text="For Ana too")
        await bench.api.views_open(trigger_id=bench.trigger(ANA), view=modal())
        await bench.post("For all")

        assert await ben.types(1) == ["message"]
        assert ben.heard[0]["message"]["text"] == "For all"


async def test_a_page_hears_of_views_and_home(bench: Bench):
    async with Listener(bench, ANA) as ana:
        view = (await bench.api.views_open(trigger_id=bench.trigger(), view=modal()))["view"]
        trigger = bench.trigger(ANA, view_id=view["id"])
        await bench.api.views_push(trigger_id=trigger, view=modal())
        await bench.api.views_update(view_id=view["id"], view=modal(section("New")))
        await bench.slack.close(ANA, (await bench.slack.views(ANA))[-1])
        await bench.api.views_publish(user_id=ANA, view={"type": "home", "blocks": [section()]})

        expected = ["view_opened", "view_pushed", "view_updated", "view_closed", "home"]
        assert await ana.types(5) == expected
        assert ana.heard[0]["view"]["values"] == {}


async def test_a_page_hears_what_slack_itself_would_say(bench: Bench):
    async with Listener(bench, ANA) as ana:
        await bench.slack.command(ANA, GENERAL, "/book room")

        assert await ana.types(1) == ["notice"]
        assert ana.heard[0]["text"] == '/book failed with the error "dispatch_failed"'


async def test_a_page_hears_when_the_app_comes_and_goes(bench: Bench):
    async with Listener(bench, ANA) as ana:
        handler = await bench.over_socket(bench.app())
        await handler.close_async()

        assert await ana.types(2) == ["app", "app"]
        assert [event["connected"] for event in ana.heard] == [True, False]


async def test_a_reader_that_falls_behind_is_cut_off_and_the_others_are_not():
    feed = Feed()
    slow, fast = feed.subscribe(ANA), feed.subscribe(ANA)
    for number in range(QUEUE_LENGTH + 1):
        feed.tell(ANA, {"number": number})
        if number % 2 == 0:
            fast.queue.get_nowait()

    assert slow.ended
    assert not fast.ended


async def test_strangers_get_no_stream(bench: Bench):
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{bench.url}/sandbox/events", params={"user": "U0NOBODY"}) as response,
    ):
        assert response.status == 404


async def test_stopping_ends_open_streams_and_sockets_in_good_order():
    async with aiohttp.ClientSession() as session:
        async with serving() as running:
            stream = await session.get(f"{running.url}/sandbox/events", params={"user": ANA})
            ticket = running.sandbox.parts.tickets.socket()
            socket = await session.ws_connect(f"{running.url}/socket?ticket={ticket}")
            await socket.receive_json()
        # A stream that was cut would raise here.
        text = (await stream.read()).decode()
        closed = await socket.receive()

    assert text.startswith("retry: 1000\n\n")
    assert closed.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED)


# --- the log ---


async def test_no_token_and_no_secret_is_ever_in_the_log_or_the_state(bench: Bench):
    tokens = bench.running.company.tokens
    await bench.post()
    await bench.api.api_call("chat.postMessage", data={"token": tokens.bot, "channel": GENERAL, "text": "x"})
    await bench.slack.command(ANA, GENERAL, "/book room")
    state = await bench.slack.state(ANA)

    written = json.dumps([await bench.slack.log(), state])

    for secret in (tokens.bot, tokens.app, tokens.signing_secret):
        assert secret not in written
        assert secret not in repr(bench.running.company)


async def test_the_log_tells_calls_and_deliveries_and_can_be_continued(bench: Bench):
    await bench.post("One", blocks=[section()])
    first = await bench.slack.log()
    await bench.slack.command(ANA, GENERAL, "/book room")

    (entry,) = await bench.slack.log(since=first[-1]["n"])

    assert (first[0]["kind"], first[0]["method"], first[0]["ok"]) == ("api", "chat.postMessage", True)
    assert first[0]["arguments"]["blocks"][0]["type"] == "section"
    assert (entry["kind"], entry["type"], entry["error"]) == ("delivery", "slash_commands", "dispatch_failed")
    assert (await bench.slack.get("log", since="yesterday"))["error"] == "invalid_since"


# --- faults ---


async def test_the_next_calls_of_a_method_fail_as_often_as_asked(bench: Bench):
    await bench.slack.faults(fail_next={"method": "chat.postMessage", "times": 2, "error": "fatal_error"})

    errors = [await bench.error("chat.postMessage", channel=GENERAL, text=str(number)) for number in range(2)]
    await bench.post("Third")

    assert errors == ["fatal_error", "fatal_error"]
    assert [one["text"] for one in await bench.slack.messages(ANA, GENERAL)] == ["Third"]


async def test_a_call_can_be_limited_with_a_time_to_wait(bench: Bench):
    await bench.slack.faults(fail_next={"method": "*", "status": 429, "retry_after": 7})

    with pytest.raises(SlackApiError) as caught:
        await bench.post()

    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "7"
    assert caught.value.response["error"] == "ratelimited"


async def test_an_answer_can_be_lost_after_the_message_was_posted(bench: Bench):
    await bench.slack.faults(fail_next={"method": "chat.postMessage", "status": 503, "after": True})

    with pytest.raises(SlackApiError):
        await bench.post("Arrived all the same")

    assert [one["text"] for one in await bench.slack.messages(ANA, GENERAL)] == ["Arrived all the same"]


async def test_a_payload_can_arrive_twice(bench: Bench):
    heard: list[bytes] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(await request.read())
        return web.Response()

    await bench.listen_with(answer)
    await bench.slack.faults(repeat_deliveries=1)
    await bench.slack.command(ANA, GENERAL, "/book once")
    await bench.slack.command(ANA, GENERAL, "/book again")

    assert len(heard) == 3
    assert heard[0] == heard[1]


async def test_sockets_can_be_refused(bench: Bench):
    await bench.slack.faults(refuse_sockets=True)

    with pytest.raises(SlackApiError):
        await bench.api.apps_connections_open(app_token=bench.running.company.tokens.app)


async def test_rate_limits_hold_per_conversation_and_per_method(bench: Bench):
    await bench.slack.faults(rate_limits=True)
    for number in range(10):
        await bench.post(str(number))

    body = await bench.refusal("chat.postMessage", channel=GENERAL, text="One too many")
    await bench.post("Elsewhere", channel="C0NEWYORK")
    bench.clock.move(10)
    await bench.post("Later")

    assert body["error"] == "ratelimited"
    for _ in range(20):
        await bench.api.users_list()
    with pytest.raises(SlackApiError, match="ratelimited"):
        await bench.api.users_list()


async def test_clearing_turns_every_fault_off(bench: Bench):
    nothing = (await bench.slack.get("faults"))["faults"]
    await bench.slack.faults(
        slow_api_ms=5, slow_delivery_ms=5, refuse_sockets=True, fail_next=[{"method": "*", "error": "x", "times": 9}]
    )

    cleared = await bench.slack.faults(clear=True)

    assert cleared["faults"] == nothing
    await bench.post()


BAD_FAULTS = [
    {"slow_api_ms": -1},
    {"slow_api_ms": "fast"},
    {"fail_next": {"method": "chat.postMessage"}},
    {"fail_next": {"error": "x"}},
    {"fail_next": {"method": "*", "error": "x", "status": 500}},
    {"fail_next": {"method": "*", "error": "x", "times": "often"}},
    {"disconnect": "gently"},
]


@pytest.mark.parametrize("switches", BAD_FAULTS)
async def test_a_fault_that_makes_no_sense_is_refused(bench: Bench, switches: Json):
    assert (await bench.slack.faults(**switches))["error"] == "invalid_fault"


# --- the edge ---


async def test_other_sites_cannot_call_the_control_api(bench: Bench):
    body = {"user": ANA, "channel": GENERAL, "text": "Sent by a stranger"}
    async with aiohttp.ClientSession(headers={"Origin": "https://elsewhere.example"}) as session:
        async with session.post(f"{bench.url}/sandbox/message", json=body) as response:
            foreign = response.status
        own = {"Origin": bench.url}
        async with session.post(f"{bench.url}/sandbox/message", json=body, headers=own) as response:
            ours = response.status

    assert (foreign, ours) == (403, 200)


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"{", "application/json"), (b"[]", "application/json"), (b"{}", "text/plain")],
)
async def test_a_body_that_is_no_json_object_is_refused(bench: Bench, content: bytes, kind: str):
    async with (
        aiohttp.ClientSession(headers={"Content-Type": kind}) as session,
        session.post(f"{bench.url}/sandbox/command", data=content) as response,
    ):
        assert response.status == 400
        assert (await response.json())["error"] == "invalid_json"


async def test_the_page_comes_with_a_policy_that_lets_nothing_foreign_run(bench: Bench):
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{bench.url}/") as response:
            page = await response.text()
            policy = response.headers["Content-Security-Policy"]
        async with session.get(f"{bench.url}/page/../server.py") as response:
            outside = response.status
        async with session.get(f"{bench.url}/page/..%2fserver.py") as response:
            outside_escaped = response.status

    assert page.lstrip().lower().startswith("<!doctype html>")
    assert policy == "default-src 'self'; style-src 'self'; img-src 'self' data:"
    assert (outside, outside_escaped) == (404, 404)


# --- the company file ---

DEFAULT = json.loads((ROOT / "sandbox" / "company.json").read_text())


def changed(**changes: object) -> str:
    return json.dumps({**DEFAULT, **changes})


BAD_COMPANIES = [
    ("{", "the whole"),
    (changed(colour="red"), "colour"),
    (changed(tokens={**DEFAULT["tokens"], "bot": "xapp-not-this"}), "tokens.bot"),
    (changed(users=[DEFAULT["users"][0]] * 2), "user id U0ANA occurs twice"),
    (changed(channels=[{"id": "C1", "name": "x", "members": ["U0NOBODY"]}]), "member U0NOBODY"),
    (changed(commands=[{"command": "book", "description": "x"}]), "commands.0.command"),
]


@pytest.mark.parametrize(("text", "named"), BAD_COMPANIES)
def test_a_company_that_is_not_usable_says_where_in_one_sentence(text: str, named: str):
    with pytest.raises(CompanyError) as caught:
        company.parse(text)

    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_tokens_of_the_environment_win_over_the_files():
    given = {"SLACK_BOT_TOKEN": "xoxb-mine", "SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": "a-secret-of-mine"}

    tokens = company.with_environment(company.load(), given).tokens

    assert (tokens.bot, tokens.app, tokens.signing_secret) == (
        "xoxb-mine",
        "xapp-sandbox-app",
        "a-secret-of-mine",
    )
    with pytest.raises(CompanyError, match=r"^SLACK_APP_TOKEN "):
        company.with_environment(company.load(), {"SLACK_APP_TOKEN": "xoxb-wrong"})


def test_the_default_company_has_everybody_that_the_demo_needs():
    made_up = company.load()

    assert {person.tz for person in made_up.users} == {"America/New_York", "Europe/Berlin"}
    assert any(person.is_guest for person in made_up.users)
    assert any(person.is_owner for person in made_up.users)
    assert [command.command for command in made_up.commands] == ["/book"]
    assert made_up.commands[0].should_escape


def test_the_default_company_has_installed_what_the_manifest_asks_for():
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())
    made_up = company.load()
    features, home = manifest["features"], manifest["features"]["app_home"]

    assert sorted(made_up.scopes) == sorted(manifest["oauth_config"]["scopes"]["bot"])
    assert sorted(made_up.events) == sorted(manifest["settings"]["event_subscriptions"]["bot_events"])
    assert [one.model_dump() for one in made_up.commands] == features["slash_commands"]
    assert made_up.home_tab == home["home_tab_enabled"]
    assert made_up.messages_tab == home["messages_tab_enabled"]
    assert made_up.messages_tab_read_only == home["messages_tab_read_only_enabled"]


# --- the program ---


# What a shell does to a program that it starts in the background.
DEAF_TO_INTERRUPTS = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")


def start(*arguments: str, through: tuple[str, ...] = ()) -> subprocess.Popen:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SLACK_")}
    command = [*through, sys.executable, "-W", "error", "-m", "sandbox", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_says_where_it_listens_and_stops_cleanly_when_told(number: int):
    with start("--port", "0", through=DEAF_TO_INTERRUPTS) as process:
        said = json.loads(process.stdout.readline())
        process.send_signal(number)
        out, errors = process.communicate(timeout=PATIENCE_SECONDS)

    assert said["api"] == said["sandbox"] + "/api/"
    assert (process.returncode, out, errors) == (0, "", "")


async def test_a_port_in_use_is_told_in_one_line(bench: Bench):
    port = bench.url.rsplit(":", maxsplit=1)[1]

    process = await asyncio.to_thread(start, "--port", port)
    out, errors = await asyncio.to_thread(process.communicate, timeout=PATIENCE_SECONDS)

    assert (process.returncode, out) == (2, "")
    assert errors.count("\n") == 1
    assert port in errors


def test_a_company_file_that_is_not_there_is_told_in_one_line(tmp_path: Path):
    with start("--company", str(tmp_path / "none.json")) as process:
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 2
    assert errors.count("\n") == 1
    assert "none.json" in errors
