"""`bookroom demo`: a database, a stand-in for Slack with a page, and the bot, started together and stopped together."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import typer

from bot import leash, postgres, sample, trial
from bot.cluster import DataFolder
from core.catalogue import Catalogues
from core.clock import SystemClock
from core.db import Database
from core.outbox import Outbox
from core.rooms import Rooms
from migrations import upgrade

READY_SECONDS = 60.0
STOP_SECONDS = 10.0
HANDOVER_SECONDS = 2.0
TAIL_LINES = 15
COMPANY = Path("sandbox", "company.json")
DOOR = "Apollo"
WELCOME = """
Bookroom is running: http://127.0.0.1:{port}/   (Ctrl-C stops it)

Three things to try:
  1. As Ana, in #general:        /book room tomorrow 2-3:30pm for 6 with projector
  2. Become Ben (top left):      /book room apollo tomorrow 2pm
  3. Open #new-york and Bookroom's Home: they hear of it at once
And beside it, alive as well:
  the board, which you sign in to as anybody:   {pages}/board
  the tablet at Apollo's door:                  {pages}/door/{door}/display
  what programs can do:                         {pages}/api/v1/docs
"""


class DemoFailed(Exception):
    """The demo cannot go on; the message says what is wrong, in a sentence, with the end of a log where that helps."""


class _StopRequested(BaseException):
    """Somebody asked the demo to end; not an Exception, so that nothing on the way takes it for a failure."""


@dataclass(frozen=True, kw_only=True)
class Child:
    """A process of the demo's, and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


def run(root: Path, *, port: int, fresh: bool) -> None:
    """Run the demo of the checkout in `root` until SIGINT, SIGTERM or SIGHUP; DemoFailed when a part of it fails."""
    if not (root / COMPANY).exists():
        raise DemoFailed("The demo needs a checkout of Bookroom: clone it and run `make demo` there.")
    folder = root / ".bookroom" / "demo"
    starter = os.getppid()
    _refuse_a_taken_port(port)
    if fresh:
        _forget(folder)
    with ExitStack() as stack:
        try:
            stack.enter_context(_stopping_on_signals())
            _start_all(stack, root=root, folder=folder, port=port, starter=starter)
        except (_StopRequested, KeyboardInterrupt):
            typer.echo("\nStopping...")
            # A second Ctrl-C must not leave half of it running.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            stack.close()


def _start_all(stack: ExitStack, *, root: Path, folder: Path, port: int, starter: int) -> None:
    typer.echo("Starting PostgreSQL, the stand-in for Slack and the bot...")
    server = stack.enter_context(trial.own_database(folder))
    company = json.loads((root / COMPANY).read_text())
    door = _fill(server, company)
    bot_port = postgres.free_port()
    sandbox_command = ["sandbox", "--host", "127.0.0.1", "--port", str(port), "--company", str(root / COMPANY)]
    sandbox_command += ["--redirect-url", f"http://127.0.0.1:{bot_port}/signin/slack"]
    sandbox = stack.enter_context(_child("sandbox", sandbox_command, root=root, folder=folder, environment={}))
    _wait_for(f"http://127.0.0.1:{port}/", sandbox)
    environment = _environment(server, company=company, port=port, bot_port=bot_port)
    bot = stack.enter_context(_child("bot", ["bot", "serve"], root=root, folder=folder, environment=environment))
    _wait_for(f"http://127.0.0.1:{bot_port}/readyz", sandbox, bot)
    typer.echo(WELCOME.format(port=port, pages=f"http://127.0.0.1:{bot_port}", door=door))
    while os.getppid() == starter or "MAKELEVEL" not in os.environ:
        _all_live(sandbox, bot)
        if not server.alive:
            raise DemoFailed(f"PostgreSQL stopped by itself; the end of {server.log}:\n{_tail(server.log)}")
        time.sleep(0.2)
    # A make that was killed cannot pass it on, and nobody would find us to stop us: the next start needs port and data.
    raise _StopRequested


def _fill(server: postgres.Server, company: Mapping[str, Any]) -> str:
    """Make the tables, and on the first start the sample company's rooms and bookings; return the token of a door."""
    upgrade(server.url(postgres.OWNER, trial.DATABASE))

    async def seeded() -> str:
        db = Database(server.url(postgres.APP, trial.DATABASE))
        try:
            if not await sample.seed(db, company, now=SystemClock().now()):
                await Outbox(db, Catalogues(db), SystemClock()).slack_forgot()
            doors = {room.name: token for room, _, token in await Rooms(db, Catalogues(db)).doors()}
            return doors.get(DOOR) or next(iter(doors.values()))
        finally:
            await db.close()

    return asyncio.run(seeded())


def _environment(server: postgres.Server, *, company: Mapping[str, Any], port: int, bot_port: int) -> dict[str, str]:
    logins = {name.upper(): url.get_secret_value() for name, url in trial.urls(server).items()}
    return {
        **logins,
        "SLACK_BOT_TOKEN": company["tokens"]["bot"],
        "SLACK_APP_TOKEN": company["tokens"]["app"],
        "SLACK_CLIENT_ID": company["client"]["client_id"],
        "SLACK_CLIENT_SECRET": company["client"]["client_secret"],
        "SLACK_API_URL": f"http://127.0.0.1:{port}/api/",
        "HOST": "127.0.0.1",
        "PORT": str(bot_port),
        "PUBLIC_URL": f"http://127.0.0.1:{bot_port}",
    }


@contextmanager
def _child(name: str, command: list[str], *, root: Path, folder: Path, environment: Mapping[str, str]) -> Iterator[Child]:
    """Run a module of ours as a process of its own, in the demo's folder: a `.env` of the checkout is not for it."""
    log = folder / f"{name}.log"
    ours = ("SLACK_", "DATABASE_", "BOOKROOM_")
    # Nor is a proxy: all that the demo talks to is on this machine, and the Slack SDK knows no exceptions from a proxy.
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(ours) and not key.lower().endswith("_proxy")
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*leash.leash("TERM"), sys.executable, "-m", *command],
            cwd=folder,
            env={**inherited, "PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # A session of its own: Ctrl-C is for us, and we stop the bot before what it talks to.
            start_new_session=True,
        )
    try:
        yield Child(name=name, process=process, log=log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url: str, *children: Child) -> None:
    """Wait until a page answers, watching the children meanwhile."""
    deadline = time.monotonic() + READY_SECONDS
    # Without proxies: a proxy set for the outside does not know our loopback.
    open_url = build_opener(ProxyHandler({})).open
    while time.monotonic() < deadline:
        _all_live(*children)
        try:
            with open_url(url, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    last = children[-1]
    raise DemoFailed(f"The {last.name} did not get ready in time; the end of {last.log}:\n{_tail(last.log)}")


def _all_live(*children: Child) -> None:
    for child in children:
        code = child.process.poll()
        if code is not None:
            raise DemoFailed(
                f"The {child.name} stopped by itself (exit code {code}); the end of {child.log}:\n{_tail(child.log)}"
            )


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    return "\n".join(f"  {line}" for line in lines) or "  (nothing)"


def _refuse_a_taken_port(port: int) -> None:
    """Raise DemoFailed when the port is in use, after the moment that an earlier demo may need to let go of it."""
    deadline = time.monotonic() + HANDOVER_SECONDS
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except PermissionError:
                raise DemoFailed(f"Port {port} is for root alone: choose one above 1023, like 3000.") from None
            except OSError:
                if time.monotonic() > deadline:
                    free = postgres.free_port()
                    raise DemoFailed(f"Port {port} is in use: choose another one, like PORT={free}.") from None
            else:
                return
        time.sleep(0.1)


def _forget(folder: Path) -> None:
    """Remove the demo's database, unless a demo is using it (PostgresUnavailable)."""
    data = DataFolder(folder / "postgres")
    data.take()
    try:
        shutil.rmtree(data.path, ignore_errors=True)
    finally:
        data.release()


@contextmanager
def _stopping_on_signals() -> Iterator[None]:
    """Turn the signals that end a program into an exception here, so that everything is stopped in order."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _StopRequested

    # SIGINT too: a shell starts what runs in the background with it ignored, and Python then leaves it so.
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
