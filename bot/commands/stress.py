"""`bookroom stress`: thousands of attempts at once, and whether nothing was booked twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.answers import AsJson, answer

if TYPE_CHECKING:
    from bot.stress.plan import Plan
    from bot.stress.telling import Outcome
    from bot.stress.told import Violated

STOPPED = 130
OWN = "the core, on a throw-away PostgreSQL of our own"
CONFIGURED = "the core, in a tenant of its own in the database of DATABASE_URL, which is deleted afterwards"
SEEN = (
    "They are real bookings in the workspace of the token: whoever subscribed to all rooms, and webhooks, hear of them, and "
    "the history keeps them. Afterwards they are cancelled, and the location “{name}” goes out of use."
)


def stress(
    *,
    core: Annotated[bool, typer.Option("--core", help="Through the core, as without --url.")] = False,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="Through the HTTP API of a running Bookroom.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option("--token", envvar="BOOKROOM_TOKEN", help="For --url: a token of an admin's with the scope admin."),
    ] = None,
    attempts: Annotated[int, typer.Option(help="How many attempts.")] = 10_000,
    concurrency: Annotated[int, typer.Option(help="How many at a time.")] = 500,
    connections: Annotated[int, typer.Option(help="Over how many connections, at most 40.")] = 40,
    rooms: Annotated[int, typer.Option(help="In how many rooms.")] = 50,
    overlap: Annotated[float, typer.Option(help="The share that aims at times which others want too.")] = 0.5,
    moves: Annotated[float, typer.Option(help="The share that moves what was booked.")] = 0.15,
    cancels: Annotated[float, typer.Option(help="The share that cancels what was booked.")] = 0.1,
    seed: Annotated[int, typer.Option(help="What is attempted follows from it.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Attempt thousands of bookings, moves and cancellations at once, and see whether everything holds.

    Through the core in the database of DATABASE_URL (or in a throw-away one), or through the API of a running Bookroom. It
    makes rooms of its own and takes them away afterwards, also after Ctrl-C. The exit code is 0 only if every yes is stored
    as it was told, nothing overlaps, no invariant is broken and nothing failed; otherwise 1.
    """
    from bot.stress.plan import Plan, StressRefused

    if core and url:
        raise StressRefused("Say either --core or --url.")
    if url and not token:
        raise StressRefused("--url needs a token: give --token, or set BOOKROOM_TOKEN.")
    plan = Plan(
        attempts=attempts,
        concurrency=concurrency,
        connections=connections,
        rooms=rooms,
        overlap=overlap,
        moves=moves,
        cancels=cancels,
        seed=seed,
    )
    outcome = _by_api(plan, url, token or "") if url else _by_core(plan)
    from bot.stress.telling import lines

    answer(outcome.facts(), lines(outcome), as_json=as_json)
    if not outcome.verdict.holds:
        raise typer.Exit(1)


def _by_core(plan: Plan) -> Outcome:
    from bot.commands.connected import require_schema
    from bot.stress.plan import beginning
    from bot.stress.telling import before
    from bot.stress.through_core import through_core
    from bot.stress.whole import stressed
    from core.clock import SystemClock
    from core.db import Database

    with _database() as (app_url, owner_url, through):
        _say(*before(plan, through))

        async def work() -> Outcome:
            db = Database(app_url, pool_size=1)
            try:
                await require_schema(db)
            finally:
                await db.close()
            async with through_core(plan, app_url=app_url, owner_url=owner_url) as target:
                return await stressed(plan, target, through=through, begins=beginning(SystemClock().now()))

        return _run(work)


@contextmanager
def _database() -> Iterator[tuple[str, str, str]]:
    """Yield the application's and the owner's address, and how to say what it is: the configured one, or a throw-away."""
    from bot import config

    settings = config.load_storage()
    if settings.database_url is not None:
        yield settings.app_url, settings.owner_url, CONFIGURED
        return
    import tempfile
    from pathlib import Path

    from bot import postgres, trial
    from migrations import upgrade

    with tempfile.TemporaryDirectory(prefix="bookroom-stress-", ignore_cleanup_errors=True) as folder:
        # The server's user has to pass through it.
        Path(folder).chmod(0o711)
        with trial.own_database(Path(folder)) as server:
            upgrade(server.url(postgres.OWNER, trial.DATABASE))
            yield server.url(postgres.APP, trial.DATABASE), server.url(postgres.OWNER, trial.DATABASE), OWN


def _by_api(plan: Plan, url: str, token: str) -> Outcome:
    from bot import config
    from bot.stress.plan import beginning
    from bot.stress.telling import before
    from bot.stress.through_api import through_api
    from bot.stress.whole import stressed
    from core import checks
    from core.clock import SystemClock
    from core.db import Database

    settings, now = config.load_storage(), SystemClock().now()
    through, name = f"the API at {url}", f"Stress test of {now:%Y-%m-%d %H:%M:%S}"
    _say(*before(plan, through), SEEN.format(name=name))

    async def look() -> Sequence[Violated]:
        from bot.stress.told import Violated

        db = Database(settings.app_url, tenant=settings.bookroom_tenant, pool_size=1)
        try:
            return [Violated(name=one.name, rows=one.rows) for one in await checks.violations(db)]
        finally:
            await db.close()

    async def work() -> Outcome:
        check = look if settings.database_url is not None else None
        begins = beginning(now)
        async with through_api(plan, url=url, token=token, begins=begins, name=name, check=check) as target:
            return await stressed(plan, target, through=through, begins=begins)

    return _run(work)


def _run(work: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Run until done; Ctrl-C and SIGTERM end it early, after what was made is taken away."""
    import uvloop

    async def stoppable() -> Outcome:
        task = asyncio.ensure_future(work())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            # Only the main thread may; elsewhere nobody presses keys.
            with suppress(ValueError, RuntimeError):
                loop.add_signal_handler(number, task.cancel)
        return await task

    try:
        return uvloop.run(stoppable())
    except (asyncio.CancelledError, KeyboardInterrupt):
        _say("Stopped; what was made for it has been taken away.")
        raise typer.Exit(STOPPED) from None


def _say(*said: str) -> None:
    for line in said:
        typer.echo(line, err=True)
