"""`bookroom groups`: the groups of people for whom rules, rights and quotas are set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.connected import with_database
from bot.commands.scopes import AsJson, TeamOption, group_of, people_of, say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from core.db import Database
    from core.groups import Groups

app = typer.Typer(help="Groups of people: Slack's, which follow Slack, and your own.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The group's name.")]
Members = Annotated[list[str] | None, typer.Argument(metavar="[SLACK_ID]...", help="Member IDs like U024BE7LH.")]


@app.command("list")
def list_groups(*, as_json: AsJson = False) -> None:
    """Show the groups and how many people are in each."""

    async def work(groups: Groups, _: Any, __: Any) -> tuple[Any, list[str]]:  # noqa: ANN401
        listed = await groups.all()
        facts = [
            {"id": str(one.group.id), "name": one.group.name, "people": one.people, "slack": one.group.slack_group_id}
            for one in listed
        ]
        lines = [
            f"{one.group.name}: {one.people} {'person' if one.people == 1 else 'people'}"
            + (" (from Slack)" if one.group.slack_group_id else "")
            for one in listed
        ]
        return facts, lines or ["There are no groups."]

    _run(work, as_json=as_json)


@app.command("members")
def members(name: Name, *, as_json: AsJson = False) -> None:
    """Show who is in a group."""

    async def work(groups: Groups, group_id: UUID, _: Any) -> tuple[Any, list[str]]:  # noqa: ANN401
        there = await groups.members(group_id)
        facts = [{"slackUserId": one.slack_user_id, "name": one.name} for one in there]
        return facts, [f"{one.name} ({one.slack_user_id})" for one in there] or ["Nobody is in it."]

    _run(work, name=name, as_json=as_json)


@app.command("create")
def create(name: Name, people: Members = None, team: TeamOption = None, *, as_json: AsJson = False) -> None:
    """Make a group of your own."""

    async def work(groups: Groups, _: Any, whom: tuple[UUID, ...]) -> tuple[Any, list[str]]:  # noqa: ANN401
        made = await groups.create(name, people=whom)
        return {"id": str(made.id)}, [f"{made.name} is there."]

    _run(work, people=people, team=team, as_json=as_json)


@app.command("rename")
def rename(
    name: Name, new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")], *, as_json: AsJson = False
) -> None:
    """Give one of your own groups another name."""

    async def work(groups: Groups, group_id: UUID, _: Any) -> tuple[Any, list[str]]:  # noqa: ANN401
        group = await groups.rename(group_id, new)
        return {"id": str(group_id)}, [f"It is called {group.name} now."]

    _run(work, name=name, as_json=as_json)


@app.command("add")
def add(name: Name, people: Members = None, team: TeamOption = None, *, as_json: AsJson = False) -> None:
    """Add people to one of your own groups."""

    async def work(groups: Groups, group_id: UUID, whom: tuple[UUID, ...]) -> tuple[Any, list[str]]:
        added = await groups.add(group_id, whom)
        return {"added": added}, [f"{added} added."]

    _run(work, name=name, people=people, team=team, as_json=as_json)


@app.command("take-out")
def take_out(name: Name, people: Members = None, team: TeamOption = None, *, as_json: AsJson = False) -> None:
    """Take people out of one of your own groups."""

    async def work(groups: Groups, group_id: UUID, whom: tuple[UUID, ...]) -> tuple[Any, list[str]]:
        gone = await groups.take_out(group_id, whom)
        return {"takenOut": gone}, [f"{gone} taken out."]

    _run(work, name=name, people=people, team=team, as_json=as_json)


@app.command("remove")
def remove(name: Name, *, as_json: AsJson = False) -> None:
    """Remove one of your own groups; rules and rights that were given to it are nobody's from then on."""

    async def work(groups: Groups, group_id: UUID, _: Any) -> tuple[Any, list[str]]:  # noqa: ANN401
        await groups.remove(group_id)
        return {"id": str(group_id)}, ["Removed."]

    _run(work, name=name, as_json=as_json)


def _run(
    work: Callable[[Groups, Any, Any], Awaitable[tuple[Any, list[str]]]],
    *,
    name: str | None = None,
    people: list[str] | None = None,
    team: str | None = None,
    as_json: bool,
) -> None:
    """Do something with the groups, with the id of the one that is named, and the people."""
    from core.catalogue import Catalogues
    from core.groups import Groups

    async def connected(db: Database) -> tuple[Any, list[str]]:
        catalogues = Catalogues(db)
        group = group_of(await catalogues.current(), name)
        return await work(Groups(db, catalogues), group.id if group else None, await people_of(db, people or [], team))

    facts, lines = with_database(connected)
    say(facts, lines, as_json=as_json)
