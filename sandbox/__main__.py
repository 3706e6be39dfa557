"""`python -m sandbox`: serve a made-up company until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from sandbox.company import DEFAULT_FILE, CompanyError, load, with_environment
from sandbox.server import Sandbox, run


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, serve, and give the exit code: 0 when told to stop, 2 when it cannot start."""
    parser = argparse.ArgumentParser(prog="sandbox", description="A strict local stand-in for Slack.")
    parser.add_argument("--port", type=int, default=3000, help="0 finds a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--company", type=Path, default=DEFAULT_FILE, metavar="FILE.json")
    parser.add_argument("--bot-url", metavar="URL", help="where signed requests go while no socket is connected")
    parser.add_argument(
        "--redirect-url", action="append", default=[], metavar="URL", help="registered for signing in with Slack; any number"
    )
    given = parser.parse_args(arguments)
    try:
        company = with_environment(load(given.company))
        sandbox = Sandbox(company, bot_url=given.bot_url)
        sandbox.openid.redirect_urls += given.redirect_url
        asyncio.run(_serve(sandbox, host=given.host, port=given.port))
    except CompanyError as error:
        print(error, file=sys.stderr)  # noqa: T201 - one sentence for whoever started it
        return 2
    except OSError as error:
        print(f"Cannot listen on {given.host}:{given.port}: {error.strerror}.", file=sys.stderr)  # noqa: T201
        return 2
    return 0


async def _serve(sandbox: Sandbox, *, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    await run(sandbox, host=host, port=port, stop=stop)


if __name__ == "__main__":
    sys.exit(main())
