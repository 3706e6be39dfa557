"""`bookroom rights`: who may book, ask, override, manage and approve, everywhere, at a location or in a room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from bot.commands.connected import with_database
from bot.commands.scopes import (
    AsJson,
    GroupOption,
    LocationOption,
    RehearseOption,
    RoomOption,
    TeamOption,
    group_of,
    ids_of,
    people_of,
    rehearsal_facts,
    rehearsal_lines,
    say,
    scope_facts,
)

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.db import Database
    from core.regulations import Grant

app = typer.Typer(help="Who may book and manage what; where nobody is named to book, everybody books.", no_args_is_help=True)

RIGHTS = ("book", "request", "override", "manage", "approve")
PersonOption = Annotated[
    str | None, typer.Option("--person", metavar="SLACK_ID", help="To this person; without it and --group, to everybody.")
]


@app.command("list")
def list_rights(*, as_json: AsJson = False) -> None:
    """Show every right that is given, with the id that `take` takes."""

    async def work(db: Database) -> tuple[tuple[Grant, ...], Catalogue]:
        from core.catalogue import Catalogues
        from core.granting import Granting

        catalogues = Catalogues(db)
        return await Granting(db, catalogues).all(), await catalogues.current()

    given, catalogue = with_database(work)
    facts = [_facts(one, catalogue) for one in given]
    lines = [f"{one.id}  {one.right.value}: {catalogue.scope_name(one.scope)}, {one.holder or 'everybody'}" for one in given]
    say(facts, lines or ["No rights are given: everybody books every room."], as_json=as_json)


@app.command("give")
def give(
    right: Annotated[str, typer.Argument(metavar="RIGHT", help=f"One of {', '.join(RIGHTS)}.")],
    *,
    location: LocationOption = None,
    room: RoomOption = None,
    person: PersonOption = None,
    group: GroupOption = None,
    team: TeamOption = None,
    rehearse: RehearseOption = False,
    as_json: AsJson = False,
) -> None:
    """Give a right; the first to book at a scope makes its rooms the business of those who are named there."""
    from core.catalogue import Catalogues
    from core.clock import SystemClock
    from core.granting import Granting
    from core.ids import new_id
    from core.models import Right
    from core.regulations import Grant
    from core.rehearsal import Rehearsal

    if right not in RIGHTS:
        raise typer.BadParameter(f"There is no right {right!r}; there are: {', '.join(RIGHTS)}.", param_hint="RIGHT")

    async def work(db: Database) -> tuple[Any, list[str]]:
        catalogues = Catalogues(db)
        catalogue = await catalogues.current()
        ids, chosen = ids_of(catalogue, location=location, room=room), group_of(catalogue, group)
        whom = await people_of(db, [person] if person else [], team)
        person_id, group_id = whom[0] if whom else None, chosen.id if chosen else None
        if rehearse:
            one = Grant(id=new_id(), right=Right(right), **ids, person_id=person_id, group_id=group_id)
            found = await Rehearsal(db, catalogues, SystemClock()).of_rights(give=[one])
            return rehearsal_facts(found), rehearsal_lines(found)
        given = await Granting(db, catalogues).give(Right(right), **ids, person_id=person_id, group_id=group_id)
        return {"id": str(given)}, ["Given."]

    facts, lines = with_database(work)
    say(facts, lines, as_json=as_json)


@app.command("take")
def take(
    right_id: Annotated[UUID, typer.Argument(metavar="ID", help="Of a right; `bookroom rights list` shows it.")],
    *,
    rehearse: RehearseOption = False,
    as_json: AsJson = False,
) -> None:
    """Take a right back."""
    from core.catalogue import Catalogues
    from core.clock import SystemClock
    from core.granting import Granting
    from core.rehearsal import Rehearsal

    async def work(db: Database) -> tuple[Any, list[str]]:
        catalogues = Catalogues(db)
        if right_id not in {one.id for one in (await catalogues.current()).rights}:
            raise typer.BadParameter("That right is not given; `bookroom rights list` shows them.", param_hint="ID")
        if rehearse:
            found = await Rehearsal(db, catalogues, SystemClock()).of_rights(take=[right_id])
            return rehearsal_facts(found), rehearsal_lines(found)
        await Granting(db, catalogues).take(right_id)
        return {"id": str(right_id)}, ["Taken back."]

    facts, lines = with_database(work)
    say(facts, lines, as_json=as_json)


def _facts(one: Grant, catalogue: Catalogue) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "right": one.right.value,
        **scope_facts(catalogue, one.location_id, one.room_id),
        "holder": one.holder,
        "kind": "person" if one.person_id else "group" if one.group_id else "everybody",
    }
