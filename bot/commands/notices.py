"""`bookroom notices`: what could not be told, why, and trying it again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from bot.commands.answers import AsJson, answer
from bot.commands.connected import require_schema, with_database

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.config import StorageSettings
    from core.db import Database
    from core.notices import Subscription
    from core.outbox import GivenUp, Outbox, Overview
    from core.subscriptions import Subscriptions

app = typer.Typer(help="What could not be told to people and channels, and why.", invoke_without_command=True)

Ids = Annotated[list[UUID] | None, typer.Argument(metavar="[ID]...", help="Of what is listed; all of it by default.")]


@app.callback()
def notices(context: typer.Context) -> None:
    """Show what is waiting, what was given up and which channels are not told any more."""
    if context.invoked_subcommand is None:
        list_notices()


@app.command("list")
def list_notices(*, as_json: AsJson = False) -> None:
    """The same."""

    async def work(db: Database) -> None:
        from core.clock import SystemClock

        await require_schema(db)
        outbox, subscriptions = _services(db)
        overview = await outbox.overview(SystemClock().now())
        paused = [one for one in await subscriptions.all() if one.paused]
        facts = {
            "waiting": overview.pending,
            "retrying": overview.retrying,
            "oldest_due_seconds": round(overview.oldest_due_seconds),
            "given_up": [
                {"id": one.id, "at": one.at, "what": one.what, "whom": one.whom, "reason": one.reason}
                for one in overview.given_up
            ],
            "paused": [{"channel": one.channel_id, "team": one.team_id, "why": one.paused} for one in paused],
        }
        lines = [_waiting(overview), *_given_up(overview.given_up), *_paused(paused)]
        answer(facts, lines, as_json=as_json)

    with_database(work)


@app.command("retry")
def retry(ids: Ids = None, *, as_json: AsJson = False) -> None:
    """Try again what was given up; without ids, tell the paused channels again too."""

    async def work(db: Database) -> None:
        from core.bell import Bell

        await require_schema(db)
        outbox, subscriptions = _services(db)
        # The running bots are woken, as by any commit.
        bell = Bell(db)
        db.when_something_happened = bell.ring
        resumed = 0 if ids else await _resume(subscriptions)
        tried = await outbox.retry(ids or None)
        await bell.close()
        line = f"{_counted(tried, 'message')} will be tried again; {_counted(resumed, 'subscription')} resumed."
        answer({"tried_again": tried, "resumed": resumed}, [line], as_json=as_json)

    with_database(work)


@app.command("settle")
def settle(*, as_json: AsJson = False) -> None:
    """After a restore to an earlier moment, before any bot starts: what fell due until now counts as told."""
    from bot import config
    from bot.trial import reachable_database

    async def work(settings: StorageSettings) -> None:
        import asyncpg

        from core import roles
        from core.address import driver_dsn
        from core.clock import SystemClock
        from core.db import Database
        from core.restored import Restored, counted_on

        role = roles.WORKER if settings.database_worker_url else roles.APPLICATION
        db = Database(settings.worker_url, tenant=settings.bookroom_tenant, role=role, pool_size=2)
        try:
            await require_schema(db)
            owner = await asyncpg.connect(driver_dsn(settings.owner_url))
            try:
                moved = await counted_on(owner, settings.bookroom_tenant)
            finally:
                await owner.close()
            settled = await Restored(db, SystemClock()).settle()
        finally:
            await db.close()
        facts = {
            "messages": settled.messages,
            "cards": settled.cards,
            "shown_again": settled.shown_again,
            "from_another_server": moved,
        }
        line = (
            f"{_counted(settled.messages, 'message')} and {_counted(settled.cards, 'card')} count as sent; "
            f"{_counted(settled.shown_again, 'card')} in Slack will show what the database knows."
        )
        answer(facts, [line], as_json=as_json)

    with reachable_database(config.load_storage(), join=True) as settings:
        asyncio.run(work(settings))


def _services(db: Database) -> tuple[Outbox, Subscriptions]:
    from core.catalogue import Catalogues
    from core.clock import SystemClock
    from core.outbox import Outbox
    from core.subscriptions import Subscriptions

    catalogues = Catalogues(db)
    return Outbox(db, catalogues, SystemClock()), Subscriptions(db, catalogues, SystemClock())


async def _resume(subscriptions: Subscriptions) -> int:
    paused = [one for one in await subscriptions.all() if one.paused]
    for one in paused:
        await subscriptions.resume(one.id)
    return len(paused)


def _waiting(overview: Overview) -> str:
    if not overview.pending:
        return "Nothing is waiting to be sent."
    late = f"the oldest for {overview.oldest_due_seconds:.0f} s"
    tried = f"; {overview.retrying} tried before without success" if overview.retrying else ""
    return f"{_counted(overview.pending, 'message')} to be sent, {late}{tried}."


def _given_up(given_up: Iterable[GivenUp]) -> list[str]:
    lines = [f"  {one.id}  {_stamp(one.at)}  {one.what} for {one.whom}: {one.reason}" for one in given_up]
    return ["Given up:", *lines] if lines else ["Nothing was given up."]


def _paused(paused: Iterable[Subscription]) -> list[str]:
    lines = [f"  {one.channel_id} ({one.team_id}): {one.paused}" for one in paused]
    return ["Channels that are not told any more:", *lines] if lines else []


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
