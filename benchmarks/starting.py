"""How soon `bookroom serve` is ready where its database is there, and how much memory it holds."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from time import perf_counter

import aiohttp

from benchmarks import ground
from benchmarks.rows import Row, Size, of_rounds
from bot import postgres
from sandbox import company
from sandbox.server import Sandbox, serving

ROOMS, ROUNDS = 60, 5
HOLD_SECONDS, HOLD_MB = 2.0, 150.0
PATIENCE = 60.0


async def measure(running: postgres.Server, size: Size, *, profile: Path | None = None) -> Row:
    """Start and stop the product several times; `profile` is where the last start's goes."""
    url = ground.database(running, "starting")
    await ground.rooms(url, ROOMS)
    people = company.load()
    seconds, memory, busy = [], [], []
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(serving(Sandbox(people), port=0))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        environment = {
            **{name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}},
            "SLACK_BOT_TOKEN": people.tokens.bot,
            "SLACK_SIGNING_SECRET": people.tokens.signing_secret,
            "SLACK_API_URL": slack.api_url,
            "DATABASE_URL": url,
            "DATABASE_WORKER_URL": running.url(postgres.WORKER, "starting"),
            "PYTHONPATH": str(Path(__file__).parent.parent),
        }
        for _ in range(size.of(ROUNDS, 3)):
            took, held, worked = await _started(http, environment, profile)
            seconds.append(took)
            memory.append(held)
            busy.append(worked)
    checks = [
        of_rounds("start to ready", seconds, HOLD_SECONDS, unit=" s"),
        of_rounds("resident memory", memory, HOLD_MB, unit=" MB"),
        of_rounds("processor time until ready", busy, None, unit=" s"),
    ]
    return Row(name="start", title="bookroom serve, database already there", checks=checks)


def _busy(pid: int) -> float:
    """Return the seconds of processor time that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _started(
    http: aiohttp.ClientSession, environment: dict[str, str], profile: Path | None
) -> tuple[float, float, float]:
    """Return the seconds until it said that it is ready, its megabytes then, and its seconds of processor time."""
    port = _free_port()
    looked_at = ["-m", "cProfile", "-o", str(profile)] if profile else []
    began = perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *looked_at, "-m", "bot", "serve"),
        env={**environment, "PORT": str(port)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=environment.get("TMPDIR", "/"),
    )
    try:
        while not await _ready(http, port):
            if process.returncode is not None or perf_counter() - began > PATIENCE:
                raise SystemExit("bookroom serve did not become ready.")
            await asyncio.sleep(0.01)
        took = perf_counter() - began
        status = await asyncio.to_thread(Path(f"/proc/{process.pid}/status").read_text)
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return took, int(found[1]) / 1024, await asyncio.to_thread(_busy, process.pid)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await process.wait()


async def _ready(http: aiohttp.ClientSession, port: int) -> bool:
    try:
        async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
