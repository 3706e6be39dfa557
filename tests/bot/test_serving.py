"""`bookroom serve` when it cannot come up: one sentence that names what to mend, and no half-started bot left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest
import yaml
from aiohttp import ClientSession, web
from aiohttp.test_utils import unused_port

import bot.app
from bot import config
from bot.app import Bookroom
from bot.config import SettingsError
from bot.deadline import Deadline
from core.errors import SchemaMismatch, Unavailable
from core.reading import elsewhere
from core.replica import Why
from sandbox import company
from sandbox.client import SandboxClient
from sandbox.server import Sandbox, serving
from tests.conftest import Database

Told = Mapping[str, object]


class Slack:
    """What Slack says to each method; everything is well by default."""

    def __init__(self) -> None:
        self.says: dict[str, Told] = {
            "auth.test": {"ok": True, "team_id": "T1", "team": "Northbay"},
            "apps.connections.open": {"ok": True, "url": "ws://127.0.0.1:1/"},
        }

    async def answer(self, request: web.Request) -> web.Response:
        return web.json_response(self.says[request.match_info["method"]])


@pytest.fixture
async def slack(monkeypatch: pytest.MonkeyPatch):
    standing_in = Slack()
    app = web.Application()
    app.add_routes([web.route("*", "/api/{method}", standing_in.answer)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("SLACK_API_URL", f"http://127.0.0.1:{runner.addresses[0][1]}/api/")
    yield standing_in
    await runner.cleanup()


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Bookroom]:
    def built(database_url: str, **environment: str) -> Bookroom:
        ours = {"SLACK_BOT_TOKEN": "xoxb-1", "DATABASE_URL": database_url, "PORT": "0", **environment}
        for name, value in ours.items():
            monkeypatch.setenv(name, value)
        return Bookroom(config.load())

    return built


HTTP = {"SLACK_SIGNING_SECRET": "hush"}
SOCKET = {"SLACK_APP_TOKEN": "xapp-1"}


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    for _ in range(1000):
        if await holds():
            return
        await asyncio.sleep(0.01)
    pytest.fail("waited too long")


async def failing(product: Bookroom) -> Exception:
    """Return what the start raises; stopping what never started must not add an error of its own."""
    try:
        with pytest.raises((SettingsError, SchemaMismatch, Unavailable)) as refused:
            await product.start()
    finally:
        await product.stop()
    return refused.value


async def test_a_bot_token_that_slack_refuses_is_named(serve, slack: Slack, database: Database):
    slack.says["auth.test"] = {"ok": False, "error": "invalid_auth"}
    assert "SLACK_BOT_TOKEN" in str(await failing(serve(database.app_url, **HTTP)))


@pytest.mark.parametrize("error", ["invalid_auth", "missing_scope", "not_allowed_token_type"])
async def test_an_app_token_that_slack_refuses_is_named(serve, slack: Slack, database: Database, error: str):
    slack.says["apps.connections.open"] = {"ok": False, "error": error}
    assert "SLACK_APP_TOKEN" in str(await failing(serve(database.app_url, **SOCKET)))


async def test_an_empty_database_is_told_to_migrate(serve, slack: Slack, empty_database: Database):
    assert "bookroom migrate" in str(await failing(serve(empty_database.app_url, **HTTP)))


async def test_a_database_out_of_reach_is_told(serve, slack: Slack):
    told = await failing(serve(f"postgresql://us:pw@127.0.0.1:{unused_port()}/rooms", **HTTP))
    assert isinstance(told, Unavailable)


async def test_a_host_that_is_not_ours_and_a_taken_port_are_named(serve, slack: Slack, database: Database):
    told = str(await failing(serve(database.app_url, **HTTP, HOST="192.0.2.1")))
    assert told.startswith("HOST 192.0.2.1 and PORT 0 cannot be used: ")
    running = serve(database.app_url, **HTTP, HOST="127.0.0.1")
    try:
        await running.start()
        told = str(await failing(serve(database.app_url, **HTTP, PORT=str(running.port))))
        assert told == f"HOST 127.0.0.1 and PORT {running.port} cannot be used: Address already in use."
    finally:
        await running.stop()


async def test_slack_being_slow_to_give_a_socket_is_no_reason_not_to_start(serve, slack: Slack, database: Database):
    slack.says["apps.connections.open"] = {"ok": False, "error": "internal_error"}
    product = serve(database.app_url, **SOCKET)
    try:
        await product.start()
        assert not await product.socket.connected()
    finally:
        await product.stop()


async def test_a_replica_that_is_away_keeps_nobody_from_starting_or_reading(serve, slack: Slack, database: Database):
    away = f"postgresql://bookroom_app@127.0.0.1:{unused_port()}/rooms"
    product = serve(database.app_url, **HTTP, DATABASE_REPLICA_URL=away)
    try:
        await product.start()
        await until(lambda: asyncio.sleep(0, product.replica.unfit is Why.AWAY))
        url = f"http://127.0.0.1:{product.port}"
        with elsewhere():
            assert await product.db.read(lambda session: session.value("SELECT 1")) == 1
        async with ClientSession() as http, http.get(f"{url}/metrics") as figures:
            told = await figures.text()
        assert "bookroom_replica_lag_seconds +Inf" in told
        assert "bookroom_replica_lag_bytes +Inf" in told
        assert 'bookroom_reads_total{place="primary",why="away"} 1.0' in told
    finally:
        await product.stop()


async def test_settings_of_other_programs_for_slack_do_not_change_ours(
    serve, slack: Slack, database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "hush")
    product = serve(database.app_url, **HTTP)
    try:
        await product.start()
        assert product.bolt.oauth_flow is None
    finally:
        await product.stop()


async def test_a_command_in_hand_is_answered_over_the_socket_before_it_closes(serve, database: Database):
    async with serving(Sandbox(company.load())) as running, SandboxClient(running.url) as sandbox:
        tokens = running.company.tokens
        own = {"SLACK_BOT_TOKEN": tokens.bot, "SLACK_APP_TOKEN": tokens.app, "SLACK_API_URL": running.api_url}
        product = serve(database.app_url, **own)
        try:
            await product.start()
            await until(product.socket.connected)
            await sandbox.faults(holds=True)
            asked = asyncio.create_task(sandbox.command("U0ANA", "C0GENERAL", "/book help"))
            await until(lambda: asyncio.sleep(0, product.socket.under_way))
        finally:
            stopping = asyncio.create_task(product.stop())
            await asyncio.sleep(0)
            await sandbox.faults(holds=False)
            await stopping
        answer = await asked
        assert answer["ok"]
        assert answer["response"]["text"].startswith("There are no rooms yet.")


class Slow:
    """A part of the bot that takes all the time it is given to stop, on a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def stop(self, allowed: float | Deadline) -> None:
        self.now += allowed.left() if isinstance(allowed, Deadline) else allowed

    drain = stop


@pytest.mark.parametrize("closing", [0.0, 3.0])
async def test_all_that_has_to_stop_shares_one_deadline_that_the_container_is_given(
    serve, slack: Slack, database: Database, monkeypatch: pytest.MonkeyPatch, closing: float
):
    product, slow = serve(database.app_url, **HTTP), Slow()
    left: list[float] = []

    class Background(Slow):
        async def stop(self, allowed: float | Deadline) -> None:
            assert isinstance(allowed, Deadline)
            left.append(allowed.left())
            await slow.stop(allowed)

    class Socket(Slow):
        async def stop(self, allowed: float | Deadline) -> None:
            await slow.stop(allowed)
            slow.now += closing

    monkeypatch.setattr(bot.app, "Deadline", lambda seconds: Deadline(seconds, monotonic=slow))
    product.socket, product.edge, product.background = Socket(), slow, Background()
    await product.stop()
    # Whoever is last has time to give back what it holds, however slow the others were.
    assert left[0] >= bot.app.BACKGROUND_SECONDS
    assert slow.now <= bot.app.STOP_SECONDS
    compose = yaml.safe_load((Path(bot.app.__file__).parents[1] / "deploy" / "compose.yaml").read_text())
    assert int(compose["services"]["bot-a"]["stop_grace_period"].removesuffix("s")) >= bot.app.STOP_SECONDS + 3
