"""`bookroom secrets`: the keys with which Slack's tokens of many workspaces are kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bot.config import Settings

app = typer.Typer(help="The keys with which Slack's tokens of many workspaces are kept.", no_args_is_help=True)

ROTATED = "{} sealed anew with the newest of SECRETS_KEYS; those behind it can be taken away."


@app.command()
def new() -> None:
    """Make a key for SECRETS_KEYS. To exchange keys, put it in front of the others, with a comma between."""
    from bot.sealing import new_key

    typer.echo(new_key())


@app.command()
def rotate() -> None:
    """Seal every token anew with the newest key; running bots go on meanwhile, as long as they have both keys."""
    from bot import config
    from bot.trial import reachable_database

    settings = config.load()
    if not settings.sealing_keys or not settings.slack_client_id:
        raise config.SettingsError("SECRETS_KEYS is missing: nothing is sealed where one workspace is served.")
    with reachable_database(settings, join=True) as complete:
        number = asyncio.run(_rotated(complete))
    typer.echo(ROTATED.format(f"{number} row was" if number == 1 else f"{number} rows were"))


async def _rotated(settings: Settings) -> int:
    from bot.installations import Installations
    from bot.schema_version import require_schema
    from bot.sealing import Sealing
    from core.db import Database
    from core.scoped import NOBODY

    db = Database(settings.app_url, tenant=NOBODY, pool_size=1)
    try:
        await require_schema(db)
        return await Installations(str(settings.slack_client_id), db, Sealing(settings.sealing_keys)).rotate()
    finally:
        await db.close()
