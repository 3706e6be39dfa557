"""`bookroom secrets`: a new key, and everything sealed anew with it while the bots run."""

from __future__ import annotations

import asyncio
from typing import Any

from typer.testing import CliRunner

from bot.cli import app
from bot.sealing import Sealing, keys_of
from tests.workspaces.street import ANA, KEY, NORTHBAY, opened


async def command(*words: str, **settings: str) -> Any:
    """Run a command beside us; commands have an event loop of their own."""
    return await asyncio.to_thread(CliRunner().invoke, app, list(words), env=settings)


async def test_a_key_is_exchanged_by_two_commands_while_the_bots_run(database: Any):
    newer = (await command("secrets", "new")).stdout.strip()
    async with opened(database, NORTHBAY, keys=f"{newer},{KEY}") as street:
        await street.install(NORTHBAY)
        await street.furnish(NORTHBAY, "Apollo")
        token = street.slack.token_of(street.sandbox(NORTHBAY))
        older = Sealing(keys_of(KEY)).sealed(token)
        await street.all_rows("UPDATE slack_bots SET bot_token = $1", older)
        settings = {
            "SLACK_CLIENT_ID": street.sandbox(NORTHBAY).company.client.client_id,
            "SLACK_CLIENT_SECRET": "of-the-app",
            "SLACK_SIGNING_SECRET": "hush",
            "SECRETS_KEYS": f"{newer},{KEY}",
            "PUBLIC_URL": street.url,
            "DATABASE_URL": database.app_url,
        }

        done = await command("secrets", "rotate", **settings)

        assert done.exit_code == 0, done.output
        assert done.stdout.startswith("1 row was sealed anew")
        assert token not in done.output
        assert (await command("secrets", "rotate", **settings)).stdout.startswith("0 rows were")
        ((sealed,),) = await street.all_rows("SELECT bot_token FROM slack_bots")
        assert Sealing(keys_of(newer)).opened(sealed) == token
        assert "Apollo" in str(await street.say(NORTHBAY, ANA, "rooms"))
