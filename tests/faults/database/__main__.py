"""`python -m tests.faults.database`: the database is broken in every way that we know, while people book.

Prints the table of `docs/faults.md`; the exit code is 1 where a yes was lost that must not be, or something else
did not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import stamina

from bot.postgres import Server
from tests.conftest import FOLDER, place
from tests.faults.database import cutting, failing_over, filling, killing, restarting, skewing, stalling
from tests.faults.database.measure import SHORT, Measure
from tests.faults.database.reckoning import Found, table
from tests.standby import cluster, database_of

Fault = Callable[[Measure], Found]
SETTINGS = {"max_connections": "80", "wal_level": "replica", "max_wal_senders": "4"}


def _here(work: Callable[[Server, Measure], Coroutine[Any, Any, Found]], measure: Measure) -> Found:
    """Run a fault on a server of its own, which is migrated before anything else runs."""
    with cluster(settings=SETTINGS) as server:
        return asyncio.run(work(server, measure))


def _restarted(measure: Measure, *, mode: str) -> Found:
    with tempfile.TemporaryDirectory(prefix=FOLDER, dir=place(), ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        with restarting.steady(Path(folder), SETTINGS) as server:
            return asyncio.run(restarting.restarted(server, measure, mode=mode))


def _full(measure: Measure, *, log_too: bool) -> Found:
    if not filling.mountable():
        raise SystemExit("A full disk needs leave to mount a tmpfs, which root has: leave it out with --only.")
    with filling.server_on_a_small_disk() as (server, filler):
        return asyncio.run(filling.filled(server, filler, measure, log_too=log_too))


def _over(measure: Measure, **how: bool) -> Found:
    return _here(partial(failing_over.failed_over, **how), measure)


FAULTS: dict[str, Fault] = {
    "killed": lambda measure: asyncio.run(killing.killed(measure)),
    "restart-fast": partial(_restarted, mode="fast"),
    "restart-immediate": partial(_restarted, mode="immediate"),
    "cut": partial(_here, lambda server, measure: cutting.cut_at_commit(database_of(server), measure)),
    "stalled": partial(_here, lambda server, measure: stalling.stalled(database_of(server), measure)),
    "full": partial(_full, log_too=False),
    "full-log": partial(_full, log_too=True),
    "skew": partial(_here, lambda server, measure: skewing.skewed(database_of(server), measure)),
    "failover-synchronous": partial(_over, synchronous=True),
    "failover-asynchronous": partial(_over, synchronous=False),
    "failover-cut-off": partial(_over, synchronous=False, cut_off=True),
}


def main() -> int:
    """Run what is asked for, print it, and return 1 where something did not hold."""
    given = _arguments()
    measure = SHORT if given.short else Measure()
    measure = replace(measure, seed=given.seed)
    # Every second transaction here is tried again: nobody wants to read that.
    stamina.instrumentation.set_on_retry_hooks([])
    rows = [_run(name, measure) for name in given.only or FAULTS]
    print(json.dumps([one.facts() for one in rows], indent=2, default=str) if given.json else table(rows))
    for one in rows:
        for wrong in (*one.wrong[:10], *one.violations):
            print(f"{one.fault}: {wrong}", file=sys.stderr)
    failed = [one.fault for one in rows if not one.holds]
    print(
        f"{len(rows) - len(failed)} held, {len(failed)} did not{': ' if failed else ''}{', '.join(failed)}", file=sys.stderr
    )
    return 1 if failed else 0


def _run(name: str, measure: Measure) -> Found:
    print(f"{name} ...", file=sys.stderr, flush=True)
    return FAULTS[name](measure)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.database", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(FAULTS), metavar="FAULT", help=f"of {', '.join(FAULTS)}")
    parser.add_argument("--short", action="store_true", help="two blows each")
    parser.add_argument("--seed", type=int, default=1, help="what people do follows from it (1)")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown, as without --json")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table in Markdown")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
