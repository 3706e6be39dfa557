"""`python -m tests.faults`: a run under faults, and the reconciliation of what was stored with what Slack got."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from tests.faults.reconciliation import reconcile
from tests.faults.recording import Recording
from tests.faults.running import Plan, run
from tests.faults.trimming import trimmed

SHORT = Plan(bookings=30, kills=10, crashes=1, minutes=4.0, per_second=8.0, pauses=(0.6, 1.8), speed=12.0)


def main() -> int:
    """Run as the command line says, print the table, and return 1 where a check has failed."""
    given = arguments()
    if given.load:
        recording = Recording.load(given.load)
    else:
        standard = SHORT if given.short else Plan()
        chosen = {
            name: getattr(given, name)
            for name in ("bookings", "kills", "crashes", "minutes", "seed", "speed", "history", "per_second")
            if getattr(given, name) is not None
        }
        plan = Plan(**{**vars(standard), **chosen})
        print(f"Seed {plan.seed}.", file=sys.stderr)
        recording = asyncio.run(run(plan, keep=given.logs))
    if given.trim:
        recording = trimmed(recording, given.trim)
    if given.save:
        recording.save(given.save)
    outcome = reconcile(recording)
    print(outcome.table())
    return 0 if not outcome.failed else 1


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--bookings", type=int, help="at least so many (500)")
    parser.add_argument("--kills", type=int, help="so many replicas are killed (200)")
    parser.add_argument("--crashes", type=int, help="how often PostgreSQL is stopped in the midst of everything (4)")
    parser.add_argument("--minutes", type=float, help="the load ends after so long in any case (12)")
    parser.add_argument("--seed", type=int, help="what is done by chance follows from it (1)")
    parser.add_argument("--speed", type=float, help="how much faster than ours the run's clock is (8)")
    parser.add_argument("--per-second", type=float, help="how much people do (5.5 things a second)")
    parser.add_argument("--history", action="store_true", default=None, help="let the app read channels")
    parser.add_argument("--short", action="store_true", help="30 bookings, 10 kills, one crash")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the recording (.json.gz)")
    parser.add_argument("--load", type=Path, metavar="FILE", help="reconcile a recording instead of running")
    parser.add_argument("--trim", type=int, metavar="N", help="of a recording, take what concerns N bookings")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="keep the replicas' logs there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
