"""Bots as an operator runs them: processes of `python -m bot`, from the folder of a release, ended by SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bot import leash
from bot.postgres import free_port
from sandbox.server import Running as Sandbox
from tests.conftest import Database

READY_SECONDS = 60.0
STOP_SECONDS = 30.0


@dataclass(kw_only=True)
class Bot:
    """A running bot."""

    url: str
    process: asyncio.subprocess.Process
    log: Path
    serving: bool = True

    async def ready(self, http: aiohttp.ClientSession) -> None:
        """Wait until it says that it can serve; AssertionError with its last words when it does not."""
        async with asyncio.timeout(READY_SECONDS):
            while True:
                assert self.process.returncode is None, self.log.read_text()[-2000:]
                try:
                    async with http.get(f"{self.url}/readyz") as response:
                        if response.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)

    async def stop(self) -> int:
        """Ask it to end, as a supervisor does, and return its exit code; nobody is sent to it any more."""
        self.serving = False
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_SECONDS):
            return await self.process.wait()


@asynccontextmanager
async def serving(
    release: Path, database: Database, slack: Sandbox, http: aiohttp.ClientSession, log: Path, **more: str
) -> AsyncIterator[Bot]:
    """Run a release's bot over HTTP until the block ends; `more` are further settings."""
    port, tokens = free_port(), slack.company.tokens
    told = {
        **environment(database),
        "SLACK_BOT_TOKEN": tokens.bot,
        "SLACK_SIGNING_SECRET": tokens.signing_secret,
        "SLACK_API_URL": slack.api_url,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DB_POOL_SIZE": "4",
        "API_REQUESTS_PER_MINUTE": "0",
        **more,
    }
    with log.open("ab") as words:
        process = await started(release, ("-m", "bot", "serve"), told, stdout=words.fileno())
    bot = Bot(url=f"http://127.0.0.1:{port}", process=process, log=log)
    try:
        await bot.ready(http)
        yield bot
    finally:
        await bot.stop()


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
