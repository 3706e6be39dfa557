"""How payloads reach an app: Socket Mode and signed HTTP, with a real Bolt app and with clients that misbehave."""

import asyncio
import hashlib
import hmac
import json
import time
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web

from sandbox.client import PATIENCE_SECONDS
from sandbox.errors import Json
from tests.sandbox.bench import ANA, BEN, GENERAL, Bench, bench_of, button, company_with, entry, modal, text_input


def booking_app(bench: Bench):
    """A small app that uses every surface: command, modal, message with a button, Home."""
    app = bench.app()

    @app.command("/book")
    async def book(ack, body, client):
        await ack()
        view = modal(entry(text_input("typed"), "title"), callback_id="book", private_metadata=body["channel_id"])
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("book")
    async def booked(ack, view, body, client):
        title = view["state"]["values"]["title"]["typed"]["value"]
        if title == "taken":
            await ack(response_action="errors", errors={"title": "Taken."})
            return
        await ack()
        blocks = [{"type": "actions", "elements": [button("cancel", value=title)]}]
        await client.chat_postMessage(channel=view["private_metadata"], text=f"Booked: {title}", blocks=blocks)

    @app.action("cancel")
    async def cancelled(ack, action, respond):
        await ack()
        await respond(text=f"Cancelled: {action['value']}", replace_original=True)

    @app.event("app_home_opened")
    async def home(event, client):
        blocks = [{"type": "divider"}]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    return app


@pytest.mark.parametrize("transport", ["socket", "http"])
async def test_a_bolt_app_goes_round_every_surface(bench: Bench, transport: str):
    connect = bench.over_socket if transport == "socket" else bench.over_http
    await connect(booking_app(bench))
    slack = bench.slack

    assert (await slack.command(ANA, GENERAL, "/book room tomorrow 2pm"))["ok"]
    view = await slack.wait_for_view(ANA, callback_id="book")
    refused = await slack.submit(ANA, view, {"title": {"typed": "taken"}})
    assert (await slack.submit(ANA, view, {"title": {"typed": "Review"}}))["ok"]
    message = await slack.wait_for_message(BEN, GENERAL, "Booked: Review")
    assert (await slack.click(BEN, message, "cancel"))["ok"]
    changed = await slack.wait_for_message(ANA, GENERAL, "Cancelled: Review")
    await slack.open_home(ANA)
    home = await slack.wait_for(lambda: slack.home(ANA))

    assert refused["errors"] == {"title": "Taken."}
    assert await slack.views(ANA) == []
    assert changed["ts"] == message["ts"]
    assert home["blocks"][0]["type"] == "divider"
    used = {one["transport"] for one in bench.running.log() if one["kind"] == "delivery"}
    assert used == {transport}


# --- signed HTTP ---


async def heard_over_http(bench: Bench) -> list[tuple[web.Request, bytes]]:
    heard: list[tuple[web.Request, bytes]] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append((request, await request.read()))
        return web.Response()

    await bench.listen_with(answer)
    return heard


async def test_every_request_is_signed_over_its_raw_body(bench: Bench):
    heard = await heard_over_http(bench)
    await bench.slack.command(ANA, GENERAL, "/book für <@everyone> & co")

    request, body = heard[0]
    stamp = request.headers["X-Slack-Request-Timestamp"]
    secret = bench.running.company.tokens.signing_secret.encode()
    expected = hmac.new(secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    assert request.headers["X-Slack-Signature"] == f"v0={expected}"
    assert abs(time.time() - int(stamp)) < 60


async def test_a_command_is_a_form_with_slacks_fields(bench: Bench):
    heard = await heard_over_http(bench)
    await bench.slack.command(ANA, GENERAL, "/book room  2pm ")

    request, body = heard[0]
    fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    assert request.content_type == "application/x-www-form-urlencoded"
    assert fields["response_url"].startswith(f"{bench.url}/response/")
    expected = {
        "team_id": "T0NORTHBAY",
        "team_domain": "northbay",
        "channel_id": GENERAL,
        "channel_name": "general",
        "user_id": ANA,
        "user_name": "ana",
        "command": "/book",
        "text": "room  2pm",
        "api_app_id": "A0BOOKROOM",
        "is_enterprise_install": "false",
    }
    assert {name: fields[name] for name in expected} == expected


async def test_private_and_direct_conversations_do_not_tell_their_names(bench: Bench):
    heard = await heard_over_http(bench)
    await bench.slack.command(ANA, "C0DESIGN", "/book a")
    await bench.slack.command(ANA, "D0ANA", "/book b")

    names = [parse_qs(body.decode())["channel_name"][0] for _, body in heard]
    assert names == ["privategroup", "directmessage"]


async def test_a_click_is_a_form_with_one_json_field(bench: Bench):
    heard = await heard_over_http(bench)
    blocks = [{"type": "actions", "block_id": "b", "elements": [button("press", value="42")]}]
    message = await bench.post("Press", blocks=blocks)
    await bench.slack.click(ANA, message, "press")

    payload = json.loads(parse_qs(heard[0][1].decode())["payload"][0])
    assert payload["type"] == "block_actions"
    assert payload["user"] == {"id": ANA, "username": "ana", "name": "ana", "team_id": "T0NORTHBAY"}
    assert payload["container"] == {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": GENERAL,
        "is_ephemeral": False,
    }
    assert payload["channel"] == {"id": GENERAL, "name": "general"}
    assert payload["message"]["blocks"] == message["blocks"]
    assert payload["enterprise"] is None
    assert payload["is_enterprise_install"] is False
    (action,) = payload["actions"]
    assert (action["action_id"], action["block_id"], action["value"]) == ("press", "b", "42")


async def test_the_payload_of_an_ephemeral_message_leaves_the_message_out(bench: Bench):
    heard = await heard_over_http(bench)
    blocks = [{"type": "actions", "elements": [button("press")]}]
    await bench.api.chat_postEphemeral(channel=GENERAL, user=ANA, text="x", blocks=blocks)
    (message,) = await bench.slack.messages(ANA, GENERAL)
    await bench.slack.click(ANA, message, "press")

    payload = json.loads(parse_qs(heard[0][1].decode())["payload"][0])
    assert payload["container"]["is_ephemeral"] is True
    assert "message" not in payload


async def test_an_event_is_json_and_retried_three_times_with_its_number_and_reason(bench: Bench):
    heard: list[tuple[Json, str | None, str | None]] = []
    done = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        retry = request.headers.get("X-Slack-Retry-Num"), request.headers.get("X-Slack-Retry-Reason")
        heard.append((await request.json(), *retry))
        if len(heard) == 4:
            done.set()
        return web.Response(status=500)

    await bench.listen_with(answer)
    await bench.slack.open_home(ANA)
    await asyncio.wait_for(done.wait(), PATIENCE_SECONDS)

    assert [(number, reason) for _, number, reason in heard] == [
        (None, None),
        ("1", "http_error"),
        ("2", "http_error"),
        ("3", "http_error"),
    ]
    assert len({body["event_id"] for body, _, _ in heard}) == 1
    assert heard[0][0]["event"]["type"] == "app_home_opened"
    assert heard[0][0]["event"]["tab"] == "home"


async def test_an_app_can_ask_for_no_retries(bench: Bench):
    heard = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(request)
        return web.Response(status=500, headers={"X-Slack-No-Retry": "1"})

    await bench.listen_with(answer)
    await bench.slack.open_home(ANA)
    await bench.slack.wait_for(lambda: delivered(bench, "events_api"))
    await bench.slack.command(ANA, GENERAL, "/book after")

    assert len(heard) == 2


async def delivered(bench: Bench, kind: str) -> list[Json]:
    return [one for one in bench.running.log() if one["kind"] == "delivery" and one["type"] == kind]


async def test_events_that_the_app_did_not_subscribe_to_are_not_sent():
    async with bench_of(company_with(events=("message.im",), messages_tab_read_only=False)) as bench:
        heard = await heard_over_http(bench)
        await bench.slack.open_home(ANA)
        await bench.slack.message(ANA, GENERAL, "In public")
        await bench.slack.message(ANA, "D0ANA", "To the app")
        await bench.slack.wait_for(lambda: delivered(bench, "events_api"))

        (event,) = [json.loads(body)["event"] for _, body in heard]
        assert (event["type"], event["channel_type"], event["text"]) == ("message", "im", "To the app")


async def test_a_mention_reaches_an_app_that_asked_for_it():
    async with bench_of(company_with(events=("app_mention",))) as bench:
        heard = await heard_over_http(bench)
        await bench.slack.message(ANA, GENERAL, "@bookroom is Apollo free?")
        await bench.slack.message(ANA, "C0RANDOM", "@bookroom is not here")
        await bench.slack.wait_for(lambda: delivered(bench, "events_api"))

        (event,) = [json.loads(body)["event"] for _, body in heard]
        assert (event["type"], event["text"]) == ("app_mention", "<@U0BOOKROOM> is Apollo free?")


# What the app answers over HTTP, and what the person is told.
FAILURES = [
    (404, "http_client_error"),
    (500, "http_service_error"),
    (302, "http_client_error"),
]


@pytest.mark.parametrize(("status", "error"), FAILURES)
async def test_a_command_fails_with_the_kind_of_bad_answer(bench: Bench, status: int, error: str):
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status)

    await bench.listen_with(answer)

    told = await bench.slack.command(ANA, GENERAL, "/book room")

    assert (told["ok"], told["error"], told["status"]) == (False, error, status)
    assert told["message"] == f'/book failed with the error "{error}"'


async def test_with_no_app_at_all_a_command_is_not_dispatched(bench: Bench):
    assert (await bench.slack.command(ANA, GENERAL, "/book room"))["error"] == "dispatch_failed"
    assert (await bench.slack.state(ANA))["app_connected"] is False


async def test_with_nobody_at_the_address_a_command_is_not_dispatched(bench: Bench):
    await heard_over_http(bench)
    await bench.apps.aclose()

    assert (await bench.slack.command(ANA, GENERAL, "/book room"))["error"] == "dispatch_failed"


async def test_without_an_ack_in_time_a_command_times_out_on_either_transport():
    for transport in ("socket", "http"):
        async with bench_of(company_with(), ack_seconds=0.05) as bench:
            app = bench.app()

            @app.command("/book")
            async def book(ack):
                await asyncio.sleep(0.2)
                await ack("Too late")

            await (bench.over_socket(app) if transport == "socket" else bench.over_http(app))
            told = await bench.slack.command(ANA, GENERAL, "/book room")

            assert (told["error"], told["status"]) == ("operation_timeout", None)
            assert await bench.slack.messages(ANA, GENERAL) == []


# --- Socket Mode ---


async def ticket_url(bench: Bench) -> str:
    tokens = bench.running.company.tokens
    return str((await bench.api.apps_connections_open(app_token=tokens.app))["url"])


async def test_a_ticket_opens_one_connection_within_thirty_seconds(bench: Bench):
    used, late = await ticket_url(bench), await ticket_url(bench)
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(used) as ws:
            hello = await ws.receive_json()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(used)
        bench.clock.move(31)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(late)

    assert hello["type"] == "hello"
    assert hello["num_connections"] == 1
    assert hello["connection_info"] == {"app_id": "A0BOOKROOM"}
    assert "approximate_connection_time" in hello["debug_info"]


async def test_ten_connections_are_the_most(bench: Bench):
    async with aiohttp.ClientSession() as session:
        open_ones = [await session.ws_connect(await ticket_url(bench)) for _ in range(10)]
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(await ticket_url(bench))
        for ws in open_ones:
            await ws.close()


async def test_each_payload_goes_to_one_connection_and_only_that_one_can_ack_it(bench: Bench):
    async with aiohttp.ClientSession() as session:
        sockets = [await session.ws_connect(await ticket_url(bench)) for _ in range(2)]
        for ws in sockets:
            await ws.receive_json()
        asked = asyncio.create_task(bench.slack.command(ANA, GENERAL, "/book room"))
        waiting = [asyncio.create_task(ws.receive_json()) for ws in sockets]
        done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        (task,) = done
        envelope = task.result()
        getter, other = (sockets[0], sockets[1]) if task is waiting[0] else (sockets[1], sockets[0])
        await other.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "from elsewhere"}})
        await bench.slack.wait_for(lambda: entries(bench, "unexpected_ack"))
        await getter.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "mine"}})
        answer = await asked
        for one in pending:
            one.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for ws in sockets:
            await ws.close()

    assert answer["response"] == {"text": "mine"}
    assert envelope["type"] == "slash_commands"
    assert envelope["accepts_response_payload"] is True
    assert envelope["payload"]["text"] == "room"


async def entries(bench: Bench, kind: str) -> list[Json]:
    return [one for one in bench.running.log() if one["kind"] == kind]


async def test_while_a_socket_is_open_nothing_goes_over_http(bench: Bench):
    heard = await heard_over_http(bench)
    app = bench.app()

    @app.command("/book")
    async def book(ack):
        await ack("Over the socket")

    handler = await bench.over_socket(app)
    first = await bench.slack.command(ANA, GENERAL, "/book room")
    await handler.close_async()
    await bench.slack.wait_for(lambda: no_socket(bench))
    second = await bench.slack.command(ANA, GENERAL, "/book room")

    assert first["response"] == {"text": "Over the socket"}
    assert second["response"] is None
    assert len(heard) == 1


async def no_socket(bench: Bench) -> bool:
    return bench.running.sandbox.parts.delivery.sockets == 0


@pytest.mark.parametrize("how", ["warning", "refresh_requested", "link_disabled", "abort"])
async def test_an_app_that_is_disconnected_comes_back(how: str):
    # What is sent over a connection that is just being left gets no answer, and is asked again.
    async with bench_of(company_with(), ack_seconds=1.0) as bench:
        app = bench.app()

        @app.command("/book")
        async def book(ack):
            await ack("Here")

        await bench.over_socket(app)
        told = await bench.slack.faults(disconnect=how)

        async def answered() -> bool:
            return bool((await bench.slack.command(ANA, GENERAL, "/book room"))["ok"])

        assert told["disconnected"] == 1
        assert await bench.slack.wait_for(answered)


async def test_garbage_on_the_socket_harms_nobody(bench: Bench):
    async with aiohttp.ClientSession() as session, session.ws_connect(await ticket_url(bench)) as ws:
        await ws.receive_json()
        await ws.send_str("{")
        await ws.send_str("[]")
        await ws.send_json({"envelope_id": "nobody's"})
        asked = asyncio.create_task(bench.slack.command(ANA, GENERAL, "/book room"))
        envelope = await ws.receive_json()
        await ws.send_json({"envelope_id": envelope["envelope_id"]})

        assert (await asked)["ok"]
