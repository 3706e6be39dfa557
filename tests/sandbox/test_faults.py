"""Faults: answers that are lost, late or refused, by order and by chance, and payloads that come twice or out of turn."""

import asyncio

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError

from sandbox.errors import Json
from tests.sandbox.bench import ANA, ANA_DIRECT, BEN, GENERAL, NEW_YORK, Bench, modal

POST = {"channel": GENERAL, "text": "Arrived?"}


async def raw(bench: Bench, method: str = "chat.postMessage", *, seconds: float = 30, **arguments: object) -> Json:
    """One call as a client makes it that tries nothing again: status, headers and body."""
    headers = {"Authorization": f"Bearer {bench.running.company.tokens.bot}"}
    timeout = aiohttp.ClientTimeout(total=seconds)
    async with (
        aiohttp.ClientSession(headers=headers, timeout=timeout) as session,
        session.post(bench.running.api_url + method, json=arguments) as response,
    ):
        body = await response.json() if response.content_type == "application/json" else None
        return {"status": response.status, "retry_after": response.headers.get("Retry-After"), "body": body}


async def texts(bench: Bench, channel: str = GENERAL) -> list[str]:
    return [one["text"] for one in await bench.slack.messages(ANA, channel)]


# --- no answer ---


@pytest.mark.parametrize(("after", "arrived"), [(False, []), (True, ["Arrived?"])])
async def test_a_connection_can_close_without_an_answer_before_or_after_the_effect(
    bench: Bench, after: bool, arrived: list[str]
):
    await bench.slack.faults(drop_requests={"method": "chat.postMessage", "times": 1, "after": after})

    with pytest.raises(aiohttp.ClientError):
        await raw(bench, **POST)

    assert await texts(bench) == arrived
    assert (await raw(bench, **POST))["body"]["ok"]


@pytest.mark.parametrize(("after", "arrived"), [(False, []), (True, ["Arrived?"])])
async def test_a_call_can_hang_until_the_client_gives_up(bench: Bench, after: bool, arrived: list[str]):
    await bench.slack.faults(timeouts={"method": "chat.*", "times": 1, "after": after})

    await hang(bench, "timeout_after" if after else "timeout")

    assert await texts(bench) == arrived
    assert (await bench.slack.inflicted())["kinds"] == {"timeout_after" if after else "timeout": 1}


async def hang(bench: Bench, kind: str) -> None:
    """Make a call that a fault of this kind reaches, give it time for an answer, and hang up without one."""
    call = asyncio.create_task(raw(bench, **POST))
    await bench.slack.wait_for(lambda: struck(bench, kind))
    await asyncio.wait([call], timeout=0.2)
    assert not call.done()
    call.cancel()
    await asyncio.wait([call])


async def test_a_call_can_be_held_until_it_is_let_go_while_others_pass(bench: Bench):
    await bench.slack.faults(holds={"method": "chat.postMessage", "times": 1})
    held = asyncio.create_task(raw(bench, **POST))
    await bench.slack.wait_for(lambda: struck(bench, "hold"))
    await bench.post("Meanwhile")
    assert not held.done()

    await bench.slack.faults(holds=False)

    assert (await held)["body"]["ok"]
    assert await texts(bench) == ["Meanwhile", "Arrived?"]


async def test_a_held_call_lands_although_its_client_has_hung_up(bench: Bench):
    await bench.slack.faults(holds=True)
    held = asyncio.create_task(raw(bench, **POST))
    await bench.slack.wait_for(lambda: struck(bench, "hold"))
    held.cancel()
    await asyncio.wait([held])
    assert await texts(bench) == []

    await bench.slack.faults(clear=True)

    async def landed() -> bool:
        return await texts(bench) == ["Arrived?"]

    await bench.slack.wait_for(landed)
    assert (await raw(bench, **POST))["body"]["ok"]


async def test_without_a_number_of_times_a_fault_holds_until_it_is_switched_off(bench: Bench):
    await bench.slack.faults(drop_requests=True)
    for _ in range(3):
        with pytest.raises(aiohttp.ClientError):
            await raw(bench, **POST)
    await bench.slack.faults(drop_requests=False)

    assert (await raw(bench, **POST))["body"]["ok"]


async def test_one_method_can_be_slow_alone(bench: Bench):
    await bench.slack.faults(slow={"views.*": 150})

    await raw(bench, **POST)
    await raw(bench, "views.open", trigger_id=bench.trigger(ANA), view=modal())

    fast, slow = [one["ms"] for one in bench.running.log() if one["kind"] == "api"]
    assert fast < 150 <= slow


async def test_a_response_url_suffers_too(bench: Bench):
    url = bench.running.sandbox.parts.response_url(user=ANA, channel=GENERAL)
    await bench.slack.faults(fail_next={"method": "response_url", "status": 503, "after": True})

    async with aiohttp.ClientSession() as session, session.post(url, json={"text": "For you"}) as response:
        status = response.status

    assert status == 503
    assert await texts(bench) == ["For you"]


# --- tokens, tabs, rates ---


@pytest.mark.parametrize("error", ["token_revoked", "invalid_auth", "account_inactive"])
async def test_a_token_can_be_revoked_until_it_is_given_back(bench: Bench, error: str):
    await bench.slack.faults(token=error)
    assert await bench.error("chat.postMessage", **POST) == error
    assert await bench.error("auth.test") == error

    await bench.slack.faults(token=None)
    assert (await bench.api.auth_test())["ok"]


async def test_the_messages_tab_can_be_switched_off_while_the_app_runs(bench: Bench):
    await bench.slack.faults(messages_tab_off=True)
    assert await bench.error("chat.postMessage", channel=ANA, text="x") == "messages_tab_disabled"

    await bench.slack.faults(messages_tab_off=False)
    assert (await bench.api.chat_postMessage(channel=ANA, text="x"))["ok"]


async def test_messages_to_a_person_and_to_their_conversation_share_one_limit(bench: Bench):
    await bench.slack.faults(rate_limits=True)
    for number in range(10):
        await bench.post(str(number), channel=ANA if number % 2 else ANA_DIRECT)

    refused = await raw(bench, channel=ANA, text="One too many")

    assert (refused["status"], refused["retry_after"], refused["body"]) == (429, "1", {"ok": False, "error": "ratelimited"})
    bench.clock.move(1)
    assert (await raw(bench, channel=ANA, text="A second later"))["body"]["ok"]
    assert (await raw(bench, channel=ANA, text="And no more"))["status"] == 429


async def test_a_method_has_its_tier_and_gets_it_back_bit_by_bit(bench: Bench):
    await bench.slack.faults(rate_limits=True)
    message = await bench.post()
    for number in range(50):
        await bench.api.chat_update(channel=GENERAL, ts=message["ts"], text=str(number))

    refused = await raw(bench, "chat.update", channel=GENERAL, ts=message["ts"], text="x")
    bench.clock.move(int(refused["retry_after"]))

    assert (refused["status"], refused["retry_after"]) == (429, "2")
    assert (await raw(bench, "chat.update", channel=GENERAL, ts=message["ts"], text="x"))["body"]["ok"]
    assert (await raw(bench, "chat.delete", channel=GENERAL, ts=message["ts"]))["body"]["ok"]


# --- by chance ---


async def fates(bench: Bench, count: int) -> list[str]:
    """What became of so many calls, in a word each."""
    found = []
    for number in range(count):
        try:
            answer = await raw(bench, seconds=60, channel=NEW_YORK, text=str(number))
            found.append(str(answer["status"]))
        except aiohttp.ClientError:
            found.append("drop")
    return found


# Without "timeout": on a busy machine a client cannot tell a call that hangs from one that is late.
CHANCE = {"seed": 7, "rate": 0.5, "kinds": ["429", "500", "503", "lost_answer", "drop"], "methods": ["chat.*"]}


async def test_the_same_seed_brings_the_same_faults_and_all_of_them_are_counted(bench: Bench):
    await bench.slack.faults(random=CHANCE)
    first = await fates(bench, 30)
    counted = await bench.slack.inflicted()
    await bench.slack.faults(clear=True, random=CHANCE)
    second = await fates(bench, 30)

    assert first == second
    assert set(first) >= {"200", "429", "500", "503", "drop"}
    struck = [one for one in first if one != "200"]
    assert counted["total"] == len(struck)
    assert counted["methods"] == {"chat.postMessage": counted["kinds"]}
    assert counted["kinds"]["429"] == first.count("429")


async def test_chance_can_let_a_call_hang_which_is_then_not_carried_out(bench: Bench):
    await bench.slack.faults(random={"seed": 1, "rate": 1, "kinds": ["timeout"], "methods": ["chat.*"]})

    await hang(bench, "timeout")

    assert (await bench.slack.inflicted())["kinds"] == {"timeout": 1}
    assert await texts(bench) == []


async def test_chance_leaves_other_methods_alone_and_says_how_many_calls_it_saw(bench: Bench):
    await bench.slack.faults(random={"seed": 1, "rate": 1, "kinds": ["503"], "methods": ["views.*"]})
    await bench.post()
    with pytest.raises(SlackApiError):
        await bench.api.views_open(trigger_id=bench.trigger(ANA), view=modal())

    shown = (await bench.slack.get("faults"))["faults"]["random"]
    assert (shown["calls"], shown["rate"]) == (1, 1)
    await bench.slack.faults(random=None)
    assert (await bench.modal())["id"]


WRONG = [
    {"random": "often"},
    {"random": {"rate": 2}},
    {"random": {"kinds": ["earthquake"]}},
    {"random": {"methods": "chat.*"}},
    {"random": {"seed": "lucky"}},
    {"random_deliveries": {"kinds": ["503"]}},
    {"drop_requests": "always"},
    {"timeouts": {"method": 5}},
    {"holds": {"method": "chat.*", "after": True}},
    {"slow": 5},
    {"slow": {"chat.*": "a little"}},
    {"token": "lost"},
    {"socket_seconds": -1},
    {"fail_next": {"method": "*", "status": 200}},
]


@pytest.mark.parametrize("switches", WRONG)
async def test_a_switch_that_makes_no_sense_changes_nothing(bench: Bench, switches: Json):
    before = (await bench.slack.get("faults"))["faults"]

    refused = await bench.slack.faults(slow_api_ms=1, **switches)

    assert refused["error"] == "invalid_fault"
    assert (await bench.slack.get("faults"))["faults"] == before


# --- deliveries ---


async def heard_of(bench: Bench) -> list[str]:
    """The texts of the commands that an app hears, as they come."""
    heard: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(str((await request.post())["text"]))
        return web.Response()

    await bench.listen_with(answer)
    return heard


async def test_a_payload_can_be_overtaken_by_the_next(bench: Bench):
    heard = await heard_of(bench)
    await bench.slack.faults(reorder_deliveries=1)

    first = asyncio.create_task(bench.slack.command(ANA, GENERAL, "/book first"))
    await bench.slack.wait_for(lambda: struck(bench, "reorder"))
    await bench.slack.command(BEN, GENERAL, "/book second")
    await first

    assert heard == ["second", "first"]


async def struck(bench: Bench, kind: str) -> bool:
    return (await bench.slack.inflicted())["kinds"].get(kind, 0) > 0


async def test_a_payload_that_nothing_overtakes_arrives_all_the_same(bench: Bench):
    heard = await heard_of(bench)
    await bench.slack.faults(reorder_deliveries=1)

    assert (await bench.slack.command(ANA, GENERAL, "/book alone"))["ok"]
    assert heard == ["alone"]


async def test_payloads_can_come_twice_by_chance(bench: Bench):
    heard = await heard_of(bench)
    await bench.slack.faults(random_deliveries={"seed": 3, "rate": 1, "kinds": ["duplicate"], "methods": ["slash_commands"]})

    await bench.slack.command(ANA, GENERAL, "/book twice")

    assert heard == ["twice", "twice"]
    assert (await bench.slack.inflicted())["methods"] == {"slash_commands": {"duplicate": 1}}
