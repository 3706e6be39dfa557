"""The process that is measured: the product as `serve` runs it, and beside it, on a port of its own, a bare Bolt app.

Started as `python -m benchmarks.serving` with one JSON object of settings; says its two ports and its id in one line of JSON
and serves until its input ends.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import logging
import os
import sys
from typing import Any

import uvloop
from aiohttp import web
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.app import Bookroom, leave_alone_what_is_there
from bot.config import Settings
from bot.logs import configure
from handlers import slack_http


async def bare(product: Bookroom) -> web.AppRunner:
    """Serve a command that is acknowledged and nothing else, by Bolt as it comes."""
    secret = product.settings.slack_signing_secret
    assert secret is not None
    app = AsyncApp(client=product.slack, signing_secret=secret.get_secret_value(), logger=logging.getLogger("slack_bolt"))

    @app.command(product.settings.bookroom_command)
    async def acknowledge(ack: AsyncAck) -> None:
        await ack(text="ok", response_type="ephemeral")

    served = web.Application()
    served.add_routes(slack_http.routes(app))
    runner = web.AppRunner(served, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner


async def serve(settings: dict[str, Any]) -> None:
    """Serve both until the standard input ends."""
    configure("INFO", human=False)
    product = Bookroom(Settings(_env_file=None, **settings))
    await product.start()
    beside = await bare(product)
    leave_alone_what_is_there()
    print(json.dumps({"product": product.port, "bare": beside.addresses[0][1], "pid": os.getpid()}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await beside.cleanup()
    await product.stop()


def main() -> None:
    """Serve; under a profiler where `BENCH_PROFILE` names a file for what it saw."""
    profile = cProfile.Profile() if os.environ.get("BENCH_PROFILE") else None
    if profile is None:
        uvloop.run(serve(json.loads(sys.argv[1])))
        return
    profile.runcall(uvloop.run, serve(json.loads(sys.argv[1])))
    profile.dump_stats(os.environ["BENCH_PROFILE"])


if __name__ == "__main__":
    main()
