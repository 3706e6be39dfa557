"""What a run consists of: a PostgreSQL server, the sandbox, two replicas of the bot, and what befalls them.

Only processes that were started here are ever ended, each by its pid.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot import leash, postgres
from migrations import upgrade
from tests.conftest import place
from tests.faults import firm
from tests.faults.clock import QuickClock

ROOT = Path(__file__).parents[2]
DATABASE = "bookroom"
READY_SECONDS = 60.0
# More than a bot allows itself, on a busy machine. What is read while one still works would tell of a fault that is none.
STOP_SECONDS = 60.0
# When a transaction was committed is what the outcome is judged by, not when it began.
SETTINGS = {"max_connections": "120", "track_commit_timestamp": "on", "shared_buffers": "32MB"}


@dataclass(kw_only=True)
class Replica:
    """A place for a replica, and the process that has it at this moment."""

    name: str
    port: int
    log: Path
    pid: int | None = None
    since: float = 0.0
    kept_down: bool = False


@dataclass(kw_only=True)
class World:
    """A running world. What was done to it is kept in `kills`, `falls` and `outages`, in the machine's seconds."""

    folder: Path
    server: postgres.Server
    clock: QuickClock
    sandbox_url: str
    replicas: list[Replica]
    nursery: asyncio.subprocess.Process
    over_http: bool = False
    kills: list[dict[str, Any]] = field(default_factory=list)
    falls: list[dict[str, Any]] = field(default_factory=list)
    outages: list[dict[str, Any]] = field(default_factory=list)
    _started: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    _ordering: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def url(self, role: str) -> str:
        """Return the database's address for a role."""
        return self.server.url(role, DATABASE)

    # -- replicas --------------------------------------------------------------------------------------------------

    def environment(self, replica: Replica) -> dict[str, str]:
        """Return what a replica is told."""
        heard = {"SLACK_SIGNING_SECRET": firm.TOKENS["signing_secret"]}
        if not self.over_http:
            heard = {"SLACK_APP_TOKEN": firm.TOKENS["app"]}
        return {
            "DATABASE_URL": self.url(postgres.APP),
            "DATABASE_OWNER_URL": self.url(postgres.OWNER),
            "DATABASE_WORKER_URL": self.url(postgres.WORKER),
            "SLACK_BOT_TOKEN": firm.TOKENS["bot"],
            "SLACK_API_URL": f"{self.sandbox_url}/api/",
            "HOST": "127.0.0.1",
            "PORT": str(replica.port),
            "FAULTS_CLOCK": self.clock.dump(),
            **heard,
        }

    async def start(self, replica: Replica) -> None:
        """Start a replica in a place that is free."""
        assert self.nursery.stdin is not None
        async with self._ordering:
            order = {"log": str(replica.log), "env": self.environment(replica)}
            self.nursery.stdin.write(json.dumps(order).encode() + b"\n")
            await self.nursery.stdin.drain()
            replica.pid, replica.since = await self._started.get(), time.time()

    async def kill(self, replica: Replica) -> None:
        """Kill a replica without a chance to tidy up, and start another in its place at once."""
        if replica.pid is None:
            return
        replica.kept_down = True
        pid, replica.pid = replica.pid, None
        os.kill(pid, signal.SIGKILL)
        self.kills.append({"at": time.time(), "replica": replica.name, "lived": time.time() - replica.since})
        await self.start(replica)
        replica.kept_down = False

    async def stop_replicas(self) -> None:
        """End the replicas as an operator would, and wait for that."""
        for replica in self.replicas:
            replica.kept_down = True
            if replica.pid is not None:
                os.kill(replica.pid, signal.SIGTERM)
        async with asyncio.timeout(STOP_SECONDS):
            while any(replica.pid is not None for replica in self.replicas):  # noqa: ASYNC110 - the nursery's news comes by itself
                await asyncio.sleep(0.05)

    async def listen_to_nursery(self) -> None:
        """Hear which replicas have begun and ended; one that ends by itself is started anew, as a supervisor would."""
        assert self.nursery.stdout is not None
        async for line in self.nursery.stdout:
            said = json.loads(line)
            if "started" in said:
                self._started.put_nowait(said["started"])
            elif "ended" in said:
                self._ended(said["ended"], said["status"])

    def _ended(self, pid: int, status: int) -> None:
        for replica in self.replicas:
            if replica.pid != pid:
                continue
            replica.pid = None
            if not replica.kept_down:
                self.falls.append({"at": time.time(), "replica": replica.name, "status": status})
                self.later(self._start_again(replica))

    async def _start_again(self, replica: Replica) -> None:
        await asyncio.sleep(0.3)
        if replica.pid is None and not replica.kept_down:
            await self.start(replica)

    def later(self, work: Any) -> None:
        """Do something beside what is being done."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def rest(self) -> None:
        """End whatever is done beside."""
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    # -- the database ----------------------------------------------------------------------------------------------

    async def crash_database(self, seconds: float) -> None:
        """Let PostgreSQL stop in the midst of everything (immediate mode), and come back so long after."""
        began, pid = time.time(), self.server.pid
        assert pid is not None
        os.kill(pid, signal.SIGQUIT)
        while self.server.alive:  # noqa: ASYNC110 - only polling tells
            await asyncio.sleep(0.01)
        self.server.stop()
        await asyncio.sleep(seconds)
        # In the main thread, for whose life it runs.
        self.server.start()
        self.outages.append({"from": began, "to": time.time()})

    # -- HTTP ------------------------------------------------------------------------------------------------------

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass a connection on to a replica that takes it, as a load balancer would."""
        there = None
        for replica in random.sample(self.replicas, len(self.replicas)):
            with contextlib.suppress(OSError):
                there = await asyncio.open_connection("127.0.0.1", replica.port)
                break
        if there is None:
            writer.close()
            return
        await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        writer.close()


@asynccontextmanager
async def opened(*, speed: float, history: bool, keep: Path | None = None) -> AsyncIterator[World]:
    """Start everything but the replicas, and end it all afterwards."""
    folder = _folder()
    try:
        server = postgres.Server(folder / "postgres", port=postgres.free_port(), settings=SETTINGS, auth="trust")
        with server:
            postgres.provision(server, DATABASE)
            await asyncio.to_thread(upgrade, server.url(postgres.OWNER, DATABASE))
            async with _outside(folder, server, speed=speed, history=history) as world:
                yield world
    finally:
        _remove(folder, keep)


def _folder() -> Path:
    """Return a new folder that the database's user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="bookroom-faults-", dir=place()))
    folder.chmod(0o711)
    return folder


def _remove(folder: Path, keep: Path | None) -> None:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        for log in folder.glob("*.log"):
            shutil.copy(log, keep)
    shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _outside(folder: Path, server: postgres.Server, *, speed: float, history: bool) -> AsyncIterator[World]:
    company = folder / "company.json"
    company.write_text(json.dumps(firm.company(history=history)))
    # In the afternoon of Europe and the morning of America, on a day that no machine's clock has reached.
    midnight = time.time() // 86400 * 86400
    clock = QuickClock(begins=midnight + 86400 + (13 * 60 + 50) * 60, since=time.time(), speed=speed)
    nursery = await _child(folder, "tests.faults.nursery")
    world = World(
        folder=folder,
        server=server,
        clock=clock,
        sandbox_url="",
        replicas=[Replica(name=name, port=postgres.free_port(), log=folder / f"{name}.log") for name in "ab"],
        nursery=nursery,
    )
    sandbox = None
    front = await asyncio.start_server(world.carry, "127.0.0.1", 0)
    try:
        bot_url = f"http://127.0.0.1:{front.sockets[0].getsockname()[1]}/slack/events"
        sandbox = await _child(folder, "sandbox", "--port", "0", "--company", str(company), "--bot-url", bot_url)
        async with asyncio.timeout(READY_SECONDS):
            world.sandbox_url = json.loads(await _line(sandbox))["sandbox"]
            await _line(nursery)
        world.later(world.listen_to_nursery())
        yield world
    finally:
        front.close()
        await _end(nursery, sandbox)
        await world.rest()


async def _child(folder: Path, *command: str) -> asyncio.subprocess.Process:
    """Start a module of ours that ends when we do; what it says of errors goes into the folder."""
    with (folder / f"{command[0].rpartition('.')[2]}.log").open("wb") as errors:
        return await asyncio.create_subprocess_exec(
            *leash.leash("TERM"),
            *(sys.executable, "-m", *command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=folder,
            env=_environment(folder),
            start_new_session=True,
        )


async def _line(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    return await process.stdout.readline()


async def _end(*processes: asyncio.subprocess.Process | None) -> None:
    for process in processes:
        if process is None or process.returncode is not None:
            continue
        assert process.stdin is not None
        # At the end of its orders the nursery ends its replicas, then itself; the sandbox wants to be told.
        process.stdin.close()
        if process is not processes[0]:
            process.terminate()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _environment(folder: Path) -> dict[str, str]:
    """Return the caller's environment without settings of ours, and without a proxy: all of it is on this machine."""
    ours = ("SLACK_", "DATABASE_", "BOOKROOM_", "FAULTS_")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(ours) and not name.lower().endswith("_proxy") and name not in {"HOST", "PORT", "LOG_LEVEL"}
    }
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "TMPDIR": str(folder)}
