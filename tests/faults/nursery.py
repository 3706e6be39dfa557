"""`python -m tests.faults.nursery`: has the whole product imported, and forks replicas of it within milliseconds.

A replica is a process of its own, `bookroom serve` but for its clock. Two hundred starts from nothing would keep a small
machine busy with importing alone. Orders come as JSON lines on standard input: `{"log": file, "env": {...}}`; each is
answered by `{"started": pid}`. `{"ended": pid, "status": n}` tells that a replica is gone. At the end of the input
those that are left are killed.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import sys
import traceback
from typing import Any

import uvloop

from bot import app, config, logs
from tests.faults.clock import QuickClock

LOOK_SECONDS = 0.05


async def serve(settings: config.Settings, clock: QuickClock) -> None:
    """Serve until SIGTERM, as `bot.app.run` does."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    product = app.Bookroom(settings, clock=clock)
    try:
        await product.start()
        await stop.wait()
    finally:
        await product.stop()


def replica(order: dict[str, Any]) -> int:
    """Run one replica in this process and return its exit code."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.environ.update(order["env"])
    settings = config.load()
    logs.configure(settings.log_level, human=False)
    try:
        uvloop.run(serve(settings, QuickClock.load(os.environ["FAULTS_CLOCK"])))
    except Exception:
        traceback.print_exc()
        return 2
    return 0


def begin(order: dict[str, Any]) -> int:
    """Fork a replica and return its pid."""
    pid = os.fork()
    if pid == 0:
        code = 3
        try:
            code = replica(order)
        finally:
            os._exit(code)
    return pid


def say(**told: object) -> None:
    """Tell whoever gives the orders."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Take orders until there are no more."""
    alive: set[int] = set()
    # A terminal's Ctrl-C is for whoever gives the orders.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    buffer = b""
    say(ready=os.getpid())
    while True:
        readable, _, _ = select.select([0], [], [], LOOK_SECONDS)
        while alive:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            alive.discard(pid)
            say(ended=pid, status=status)
        if not readable:
            continue
        if not (read := os.read(0, 65536)):
            break
        *lines, buffer = (buffer + read).split(b"\n")
        for line in lines:
            pid = begin(json.loads(line))
            alive.add(pid)
            say(started=pid)
    for pid in alive:
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
