"""Every bad call of the table is refused with its code at its place, and its smallest mend is accepted."""

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.sandbox.bad_payloads import ALL_SCOPES, CASES, Case, markdown
from tests.sandbox.bench import ANA, BEN, GENERAL, RANDOM, Bench, bench_of, company_with, entry, modal, section, text_input

PAGE = Path(__file__).parents[2] / "docs" / "sandbox-refusals.md"
NO_JSON = ("conversations.info", "conversations.list", "conversations.members", "conversations.history")
NO_JSON += ("conversations.replies", "users.", "dnd.", "team.", "usergroups.", "chat.getPermalink")


@contextlib.asynccontextmanager
async def company_of(case: Case, *, mended: bool = False) -> AsyncIterator[Bench]:
    scopes = tuple(one for one in ALL_SCOPES if mended or one not in case.without)
    async with bench_of(company_with(scopes=scopes, messages_tab_read_only=False)) as bench:
        await bench.modal(external_id="taken", user=BEN) if "taken" in json.dumps(case.wrong) else None
        yield bench


# What the words with a $ stand for.
async def own(bench: Bench) -> str:
    return str((await bench.api.chat_postMessage(channel=GENERAL, text="The app's"))["ts"])


async def hers(bench: Bench) -> str:
    return str((await bench.slack.message(ANA, GENERAL, "Mine"))["ts"])


async def direct(bench: Bench) -> str:
    return str((await bench.api.chat_postMessage(channel=ANA, text="For you"))["ts"])


async def whisper(bench: Bench) -> str:
    return str((await bench.api.chat_postEphemeral(channel=GENERAL, user=ANA, text="Whispered"))["message_ts"])


async def trigger(bench: Bench) -> str:
    return bench.trigger(ANA)


async def used_trigger(bench: Bench) -> str:
    found = bench.trigger(ANA)
    await bench.api.views_open(trigger_id=found, view=modal())
    return found


async def old_trigger(bench: Bench) -> str:
    found = bench.trigger(ANA)
    bench.clock.move(4)
    return found


async def modal_trigger(bench: Bench) -> str:
    return bench.trigger(ANA, view_id=(await bench.modal())["id"])


async def trigger_of_three(bench: Bench) -> str:
    top = await bench.modal()
    for _ in range(2):
        answer = await bench.api.views_push(trigger_id=bench.trigger(ANA, view_id=top["id"]), view=modal())
        top = answer["view"]
    return bench.trigger(ANA, view_id=top["id"])


async def view(bench: Bench) -> str:
    return str((await bench.modal())["id"])


async def view_hash(bench: Bench) -> str:
    return str((await bench.slack.views(ANA))[-1]["hash"])


WORDS: dict[str, Callable[[Bench], Awaitable[str]]] = {
    "$own": own,
    "$hers": hers,
    "$direct": direct,
    "$whisper": whisper,
    "$trigger": trigger,
    "$used_trigger": used_trigger,
    "$old_trigger": old_trigger,
    "$modal_trigger": modal_trigger,
    "$trigger_of_three": trigger_of_three,
    "$view": view,
    "$hash": view_hash,
}


async def filled_in(bench: Bench, arguments: dict) -> dict:
    """The arguments with what their words stand for."""
    found = {}
    for name, value in arguments.items():
        found[name] = await WORDS[value](bench) if isinstance(value, str) and value in WORDS else value
    return found


async def prepare(bench: Bench, event: str) -> None:
    """What happened in the company before the bad call."""
    parts = bench.running.sandbox.parts
    match event:
        case "archive":
            await bench.slack.channel(GENERAL, "archive")
        case "archive random":
            await bench.slack.channel(RANDOM, "archive")
        case "remove":
            await bench.slack.channel(GENERAL, "remove")
        case "not public":
            scopes = tuple(one for one in ALL_SCOPES if one != "chat:write.public")
            parts.ws.company = parts.ws.company.model_copy(update={"scopes": scopes})
        case "messages tab off":
            await bench.slack.faults(messages_tab_off=True)
        case "deactivate":
            await bench.slack.person(ANA, action="deactivate")
        case "revoke":
            await bench.slack.faults(token="token_revoked")
        case "eleven":
            await bench.slack.faults(rate_limits=True)
            for _ in range(10):
                await bench.post("One of many")


async def call(bench: Bench, case: Case, arguments: dict, *, token: str = "bot") -> dict:
    """The body of the answer, whatever it says."""
    if case.method == "ack":
        return await submitted(bench, arguments)
    tokens = {"bot": bench.running.company.tokens.bot, "app": bench.running.company.tokens.app}
    given = tokens.get(token, token)
    headers = {"Authorization": f"Bearer {given}"} if given else {}
    request: dict = {"json": arguments}
    if case.method.startswith(NO_JSON):
        request = {"data": {name: str(value) for name, value in arguments.items()}}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(bench.running.api_url + case.method, **request) as response,
    ):
        return await response.json()


async def submitted(bench: Bench, ack: dict) -> dict:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(ack)

    await bench.listen_with(answer)
    words = section("Words", block_id="words")
    opened = await bench.modal(words, entry(text_input()))
    said = await bench.slack.submit(ANA, opened, {"entry": {"typed": "x"}})
    return said | {"error": said.get("cause")}


async def answered(bench: Bench, case: Case, body: dict) -> dict:
    """What a fresh response_url says to this body, after what happened before."""
    url = bench.running.sandbox.parts.response_url(user=ANA, channel=GENERAL)
    async with aiohttp.ClientSession() as session:
        if "five answers" in case.before:
            for _ in range(5):
                async with session.post(url, json={"text": "x"}) as response:
                    assert response.status == 200
        if "half an hour" in case.before:
            bench.clock.move(30 * 60 + 1)
        async with session.post(url, json=body) as response:
            return {"ok": True} if response.status == 200 else await response.json()


@pytest.mark.parametrize("case", CASES, ids=[f"{case.method}: {case.name}" for case in CASES])
async def test_a_bad_call_is_refused_and_its_mend_accepted(case: Case):
    async with company_of(case) as bench:
        if case.method == "response_url":
            refused = await answered(bench, case, case.wrong)
        else:
            if case.before:
                assert (await call(bench, case, await filled_in(bench, case.mended)))["ok"]
            arguments = await filled_in(bench, case.wrong)
            for event in case.before:
                await prepare(bench, event)
            refused = await call(bench, case, arguments, token=case.token)

        assert (refused["ok"], refused["error"]) == (False, case.code)
        assert refused.items() >= case.extra.items()
        if case.pointer is not None:
            messages = refused["response_metadata"]["messages"]
            assert [one for one in messages if one.endswith(f"[json-pointer:{case.pointer}]")], messages

    if case.before and case.method != "response_url":
        return
    async with company_of(case, mended=True) as bench:
        if case.method == "response_url":
            accepted = await answered(bench, Case(**{**vars(case), "before": ()}), case.mended)
        else:
            accepted = await call(bench, case, await filled_in(bench, case.mended))
    assert accepted["ok"], accepted


def test_there_are_more_than_a_hundred_bad_calls_and_none_stands_twice():
    named = [(case.method, case.name) for case in CASES]

    assert len(named) > 110
    assert len(set(named)) == len(named)


def test_the_page_about_refusals_is_the_table():
    assert PAGE.read_text(encoding="utf-8") == markdown()
