"""Bots as an operator runs them: processes of `python -m bot`, from the folder of a release, ended by SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from bot import config, leash
from bot.app import Bookroom
from bot.postgres import free_port
from sandbox.server import Running as Sandbox
from tests.conftest import Database

READY_SECONDS = 60.0
STOP_SECONDS = 30.0
# Several share a database with everybody else's tests.
SMALL = {"DB_POOL_SIZE": "4", "API_REQUESTS_PER_MINUTE": "0"}


@dataclass(kw_only=True)
class Bot:
    """A running bot; `end` asks it to end, as a supervisor does, and returns its exit code. `pid` where it is a process."""

    url: str
    end: Callable[[], Awaitable[int]]
    pid: int | None = None
    serving: bool = True

    async def stop(self) -> int:
        """End it; nobody is sent to it any more."""
        self.serving = False
        return await self.end()


@asynccontextmanager
async def serving(
    release: Path, database: Database, slack: Sandbox, http: aiohttp.ClientSession, log: Path, **more: str
) -> AsyncIterator[Bot]:
    """Run a release's bot over HTTP in a process until the block ends; `more` are further settings."""
    port = free_port()
    told = {**environment(database), **heard(slack), "HOST": "127.0.0.1", "PORT": str(port), **SMALL, **more}
    with log.open("ab") as words:
        process = await started(release, ("-m", "bot", "serve"), told, stdout=words.fileno())

    async def end() -> int:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_SECONDS):
            return await process.wait()

    bot = Bot(url=f"http://127.0.0.1:{port}", end=end, pid=process.pid)
    try:
        await _ready(bot, process, http, log)
        yield bot
    finally:
        await bot.stop()


async def _ready(bot: Bot, process: asyncio.subprocess.Process, http: aiohttp.ClientSession, log: Path) -> None:
    """Wait until it says that it can serve; AssertionError with its last words when it ends instead."""
    async with asyncio.timeout(READY_SECONDS):
        while True:
            assert process.returncode is None, last_words(log)
            try:
                async with http.get(f"{bot.url}/readyz") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


def last_words(log: Path) -> str:
    """Return the end of what a bot said."""
    return log.read_text()[-2000:]


@asynccontextmanager
async def within(
    database: Database, slack: Sandbox, monkeypatch: pytest.MonkeyPatch, *, socket: bool = False
) -> AsyncIterator[Bookroom]:
    """Run today's bot in this process, which is quick; it hears Slack over HTTP, or over a socket."""
    told = {
        "DATABASE_URL": database.app_url,
        "DATABASE_WORKER_URL": database.worker_url,
        "PORT": "0",
        **SMALL,
        **heard(slack, socket=socket),
    }
    with monkeypatch.context() as settings:
        for name, value in told.items():
            settings.setenv(name, value)
        product = Bookroom(config.load())
    try:
        await product.start()
        yield product
    finally:
        await product.stop()


def heard(slack: Sandbox, *, socket: bool = False) -> dict[str, str]:
    """Return the settings of Slack that a bot needs."""
    tokens = slack.company.tokens
    by = {"SLACK_APP_TOKEN": tokens.app} if socket else {"SLACK_SIGNING_SECRET": tokens.signing_secret}
    return {"SLACK_BOT_TOKEN": tokens.bot, "SLACK_API_URL": slack.api_url, **by}


async def migrated(release: Path, database: Database) -> tuple[int, str]:
    """Run a release's `bookroom migrate`; return its exit code and what it said."""
    process = await migrating(release, database)
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def migrating(release: Path, database: Database) -> asyncio.subprocess.Process:
    """Start a release's `bookroom migrate`; what it says can be read as it says it."""
    return await started(release, ("-m", "bot", "migrate"), environment(database))


async def started(
    release: Path, command: Sequence[str], told: Mapping[str, str], *, stdout: int = asyncio.subprocess.PIPE
) -> asyncio.subprocess.Process:
    """Run Python in a release's folder."""
    return await asyncio.create_subprocess_exec(
        *leash.leash("TERM"),
        *(sys.executable, *command),
        cwd=release,
        env=told,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=stdout,
        stderr=asyncio.subprocess.STDOUT,
    )


def environment(database: Database) -> dict[str, str]:
    """Return what a release's programs are told of the database, beside what they need of ours to run at all."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "PYTHONUNBUFFERED": "1",
        # Releases are other folders than ours, and not all that are in them are theirs.
        "PYTHONDONTWRITEBYTECODE": "1",
        "DATABASE_URL": database.app_url,
        "DATABASE_OWNER_URL": database.owner_url,
        "DATABASE_WORKER_URL": database.worker_url,
    }
