"""`bookroom admins`: who may change every booking."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.answers import AsJson, answer
from bot.commands.connected import with_database

if TYPE_CHECKING:
    from core.db import Database
    from core.people import People

app = typer.Typer(help="Who may change every booking, besides Slack's own owners and admins.", no_args_is_help=True)

TeamOption = Annotated[
    str | None, typer.Option("--team", metavar="T...", help="The Slack workspace, when there are several.")
]
SlackId = Annotated[str, typer.Argument(metavar="SLACK_ID", help="A member ID like U024BE7LH, from the person's profile.")]


@app.command("add")
def add_admin(slack_id: SlackId, team: TeamOption = None, *, as_json: AsJson = False) -> None:
    """Let somebody change every booking; they need not have used Bookroom before."""

    async def work(db: Database) -> None:
        people = _people(db)
        person = await people.make_admin(await _team(people, team), _checked(slack_id))
        line = f"{_named(person.name, person.slack_user_id)} is an admin."
        answer({"slack_id": person.slack_user_id, "name": person.name, "admin": True}, [line], as_json=as_json)

    with_database(work)


@app.command("remove")
def remove_admin(slack_id: SlackId, team: TeamOption = None, *, as_json: AsJson = False) -> None:
    """Take that right back; Slack's own owners and admins keep theirs."""

    async def work(db: Database) -> None:
        people = _people(db)
        had_it = await people.dismiss_admin(await _team(people, team), _checked(slack_id))
        line = f"{slack_id} is no admin any more." if had_it else f"{slack_id} was not named an admin here."
        answer({"slack_id": slack_id, "removed": had_it}, [line], as_json=as_json)

    with_database(work)


@app.command("list")
def list_admins(*, as_json: AsJson = False) -> None:
    """Show who may change every booking."""

    async def work(db: Database) -> None:
        people = _people(db)
        known, named = await people.admins(), await people.named_admins()
        facts = [{"slack_id": one.slack_user_id, "name": one.name, "named_here": one.id in named} for one in known]
        answer(facts, [_named(one.name, one.slack_user_id) for one in known], as_json=as_json)

    with_database(work)


def _people(db: Database) -> People:
    from core.people import People

    return People(db)


async def _team(people: People, wanted: str | None) -> str:
    """Return the workspace that is meant; a usage error where that is open."""
    if wanted:
        return wanted
    known = await people.teams() or await _introduced(people)
    if len(known) > 1:
        raise typer.BadParameter(f"Bookroom serves several workspaces ({', '.join(known)}): say which.", param_hint="--team")
    return known[0]


async def _introduced(people: People) -> tuple[str, ...]:
    """Ask Slack which workspace the bot's token belongs to, before the bot has run for the first time."""
    from slack_sdk.web.async_client import AsyncWebClient

    from bot import config
    from handlers.slack_errors import FAILED, reason

    try:
        settings = config.load()
        client = AsyncWebClient(token=settings.bot_token, base_url=settings.slack_api_url, timeout=10)
        us = await client.auth_test()
    except (config.SettingsError, *FAILED) as error:
        why = error if isinstance(error, config.SettingsError) else f"Slack does not tell it: {reason(error)}."
        raise typer.BadParameter(f"Which workspace is open: name it. ({why})", param_hint="--team") from None
    await people.team(us["team_id"], enterprise_id=us.get("enterprise_id"), name=us.get("team"))
    return (us["team_id"],)


def _checked(slack_id: str) -> str:
    if not re.fullmatch(r"[UW][A-Z0-9]{1,20}", slack_id):
        raise typer.BadParameter(f"{slack_id!r} is no member ID: it looks like U024BE7LH.", param_hint="SLACK_ID")
    return slack_id


def _named(name: str, slack_id: str) -> str:
    return slack_id if name == slack_id else f"{name} ({slack_id})"
