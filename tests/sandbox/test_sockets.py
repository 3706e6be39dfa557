"""Socket Mode when it goes wrong, and the orderly end that Slack gives to every connection."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.client import PATIENCE_SECONDS
from sandbox.company import Company
from sandbox.errors import Json
from tests.sandbox.bench import ANA, GENERAL, Bench, bench_of


async def ticket(bench: Bench) -> str:
    answer = await bench.api.apps_connections_open(app_token=bench.running.company.tokens.app)
    return str(answer["url"])


@contextlib.asynccontextmanager
async def connected(bench: Bench) -> AsyncIterator[tuple[aiohttp.ClientWebSocketResponse, Json]]:
    """An open connection that reads nothing by itself, and the hello that it got."""
    async with aiohttp.ClientSession() as session, session.ws_connect(await ticket(bench), autoping=False) as ws:
        yield ws, await ws.receive_json()


async def test_every_payload_goes_to_exactly_one_of_ten_connections(bench: Bench):
    async with contextlib.AsyncExitStack() as stack:
        sockets = [(await stack.enter_async_context(connected(bench)))[0] for _ in range(10)]
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await stack.enter_async_context(connected(bench))

        async def serve(ws: aiohttp.ClientWebSocketResponse, heard: list[str]) -> None:
            async for frame in ws:
                envelope = frame.json()
                heard.append(envelope["payload"]["text"])
                await ws.send_json({"envelope_id": envelope["envelope_id"]})

        heard: list[list[str]] = [[] for _ in sockets]
        tasks = [asyncio.create_task(serve(ws, got)) for ws, got in zip(sockets, heard, strict=True)]
        for number in range(20):
            assert (await bench.slack.command(ANA, GENERAL, f"/book {number}"))["ok"]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert sorted(int(text) for got in heard for text in got) == list(range(20))
    assert [len(got) for got in heard] == [2] * 10


async def test_a_connection_answers_pings(bench: Bench):
    async with connected(bench) as (ws, _):
        await ws.ping(b"there?")
        pong = await ws.receive(timeout=PATIENCE_SECONDS)

    assert (pong.type, bytes(pong.data)) == (aiohttp.WSMsgType.PONG, b"there?")


async def test_a_connection_hears_of_its_end_in_time(bench: Bench):
    await bench.slack.faults(socket_seconds=0.4, warning_seconds=0.3)

    async with connected(bench) as (ws, hello):
        told = [await ws.receive_json(timeout=PATIENCE_SECONDS) for _ in range(2)]
        closed = await ws.receive(timeout=PATIENCE_SECONDS)

    assert hello["debug_info"]["approximate_connection_time"] > 0
    assert [one["reason"] for one in told] == ["warning", "refresh_requested"]
    assert closed.type is aiohttp.WSMsgType.CLOSE


async def test_a_silent_connection_stays_open_and_neither_speaks_nor_answers(made_up: Company):
    async with bench_of(made_up, ack_seconds=0.2) as bench, connected(bench) as (ws, _):
        await bench.slack.faults(disconnect="silent")
        await ws.ping()
        asked = await bench.slack.command(ANA, GENERAL, "/book room")
        with pytest.raises(TimeoutError):
            await ws.receive(timeout=0.1)
        still_open = not ws.closed

        async with connected(bench) as (fresh, _hello):
            await fresh.ping()
            assert (await fresh.receive(timeout=PATIENCE_SECONDS)).type is aiohttp.WSMsgType.PONG

    assert asked["error"] == "operation_timeout"
    assert still_open


async def test_a_cut_connection_says_no_goodbye(bench: Bench):
    async with connected(bench) as (ws, _):
        await bench.slack.faults(disconnect="abort")
        ended = await ws.receive(timeout=PATIENCE_SECONDS)

        assert ended.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
        assert ws.close_code in (None, aiohttp.WSCloseCode.ABNORMAL_CLOSURE)
