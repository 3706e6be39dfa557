"""One POST to somebody else: what leads into our own network is never connected to, in whatever way it is hidden."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver

from bot.webhook_posting import FORBIDDEN, Poster
from core.clock import SetClock
from core.webhook_targets import NOTHING_PRIVATE, Allowed
from tests.bot.receivers import HERE, Receiver

NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)


class Names(AbstractResolver):
    """Names that lead wherever a test says; each answer is used once, the last again and again."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[Any]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            {
                "hostname": host,
                "host": one,
                "port": port,
                "family": socket.AF_INET6 if ":" in one else socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
            for one in answer
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", made.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


def port_of(receiver: Receiver) -> str:
    return receiver.url.rpartition(":")[2].partition("/")[0]


def poster(*answers: list[str], allowed: Allowed = NOTHING_PRIVATE, seconds: float = 5.0) -> Poster:
    return Poster(SetClock(NOW), allowed=allowed, seconds=seconds, resolver=Names(*answers) if answers else None)


@pytest.mark.parametrize(
    "leads_to",
    [
        ["127.0.0.1"], ["10.0.0.5"], ["169.254.169.254"], ["100.64.0.1"], ["0.0.0.0"], ["::1"], ["::ffff:127.0.0.1"],
        ["fd00::1"], ["fe80::1%2"], ["2002:7f00:1::"], ["93.184.216.34", "127.0.0.1"], ["no address"],
    ],
)  # fmt: skip
async def test_a_name_that_leads_into_our_network_is_not_connected_to(receiver: Receiver, leads_to: list[str]):
    answer = await poster(leads_to).post(f"https://example.com:{port_of(receiver)}/", b"{}", {})
    assert (answer.status, answer.note) == (None, FORBIDDEN)
    assert receiver.had == []


async def test_a_name_that_leads_elsewhere_the_second_time_leads_nowhere(receiver: Receiver):
    # Whoever looked first saw an address that everybody can reach; what counts is where the connection goes.
    names = Names(["93.184.216.34"], ["127.0.0.1"])
    await names.resolve("example.com")
    answer = await Poster(SetClock(NOW), resolver=names).post(f"https://example.com:{port_of(receiver)}/", b"{}", {})
    assert answer.note == FORBIDDEN
    assert receiver.had == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "0x7f.1", "2130706433", "127.1", "017700000001", "[::1]", "[::ffff:127.0.0.1]", "localhost"]
)
async def test_an_address_of_ours_is_refused_however_it_came_to_be_kept(receiver: Receiver, host: str):
    for scheme in ("http", "https"):
        answer = await poster().post(f"{scheme}://{host}:{port_of(receiver)}/", b"{}", {})
        assert answer.status is None
        assert "private" in (answer.note or "") or "name" in (answer.note or ""), answer
    assert receiver.had == []


async def test_the_last_look_is_at_the_address_that_is_connected_to(receiver: Receiver, monkeypatch: pytest.MonkeyPatch):
    # Even what nobody looked up and nobody judged as written is judged before a socket is opened.
    monkeypatch.setattr("bot.webhook_posting.checked", lambda url, _: url)
    answer = await poster().post(receiver.url, b"{}", {})
    assert answer.note == FORBIDDEN
    assert receiver.had == []


async def test_what_is_allowed_by_name_is_reached_wherever_it_is(receiver: Receiver):
    allowed = Allowed.read(["hooks.intranet"])
    answer = await poster(["127.0.0.1"], allowed=allowed).post(f"http://hooks.intranet:{port_of(receiver)}/", b"{}", {})
    assert answer.status == 200
    assert receiver.had[0].headers["Host"] == f"hooks.intranet:{port_of(receiver)}"
    answer = await poster(["169.254.169.254"], allowed=allowed).post("http://hooks.intranet/", b"{}", {})
    assert answer.note == FORBIDDEN


async def test_a_redirect_is_an_answer_and_not_followed(receiver: Receiver):
    receiver.says(308, Location=receiver.url + "/again")
    answer = await poster(allowed=HERE).post(receiver.url, b"{}", {})
    assert (answer.status, answer.note, answer.taken) == (308, "a redirect, which is not followed", False)
    assert len(receiver.had) == 1


async def test_no_cookies_are_kept_and_no_proxy_is_taken(receiver: Receiver, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    receiver.says(200, Set_Cookie="a=b; Path=/")
    one = poster(allowed=HERE)
    for _ in range(2):
        assert (await one.post(receiver.url, b"{}", {})).status == 200
    assert "Cookie" not in receiver.had[1].headers


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        (b"", "the connection broke"),
        (b"nonsense\r\n\r\n", "no answer that can be read"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", "no answer that can be read"),
        (b"HTTP/1.1 500 No\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00", None),
    ],
)
async def test_answers_that_are_none_are_told_in_words(answer: bytes, note: str | None):
    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(odd, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        had = await poster(allowed=HERE).post(f"http://127.0.0.1:{port}/", b"{}", {})
    if note is None:
        assert had.status == 500
    else:
        assert had.status is None
        assert (had.note or "").startswith(note), had


async def test_a_certificate_that_is_not_in_order_is_told(receiver: Receiver):
    answer = await poster(allowed=HERE).post(receiver.url.replace("http:", "https:"), b"{}", {})
    assert answer.status is None
    assert receiver.had == []


async def test_who_drips_is_not_waited_for():
    async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(b"HTTP/1.1 200 OK\r\n")
        try:
            for _ in range(1000):
                writer.write(b"X: y\r\n")
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(drips, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        answer = await poster(allowed=HERE, seconds=0.3).post(f"http://127.0.0.1:{port}/", b"{}", {})
    assert answer.note == "no answer within 0.3 seconds"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("Tue, 24 Nov 2026 15:08:00 GMT", 60.0),
        ("Tue, 24 Nov 2020 15:08:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
    ],
)
async def test_retry_after_is_read_as_seconds_or_a_date(receiver: Receiver, header: str, seconds: float | None):
    receiver.says(503, Retry_After=header)
    assert (await poster(allowed=HERE).post(receiver.url, b"{}", {})).retry_after == seconds
