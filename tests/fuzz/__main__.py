"""`python -m tests.fuzz`: thousands of requests that schemathesis makes up of the served document, sent to an office."""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.api import outside
from tests.conftest import TEMPLATE, TestServer, created
from tests.fuzz import office, running


async def fuzz(server: TestServer, *, seed: int, examples: int, seconds: int, more: list[str]) -> int:
    """Open an office, let it be asked, and return the exit code."""
    options = ["--max-examples", str(examples), "--max-time", str(seconds), *more]
    template = f"TEMPLATE {TEMPLATE} STRATEGY wal_log"
    async with created(server.address, template) as database, outside.opened(database, failures_per_minute=0) as firm:
        ids = await office.furnished(firm)
        outcome = await running.run(firm.url, firm.tokens["admin"], ids, *options, seed=seed, live=True)
        return outcome.code


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=30, help="at most so many cases of a kind for each operation")
    parser.add_argument("--seconds", type=int, default=900, help="no longer than this")
    given, more = parser.parse_known_args()
    server = TestServer()
    try:
        if said := server.address.failed or server.address.skipped or server.address.template_failed:
            print(said, file=sys.stderr)
            return 2
        return asyncio.run(fuzz(server, seed=given.seed, examples=given.examples, seconds=given.seconds, more=more))
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
