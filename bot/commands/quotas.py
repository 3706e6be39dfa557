"""`bookroom quotas`: how much somebody may book in a day, a week or a month."""

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
    group_of,
    ids_of,
    rehearsal_facts,
    rehearsal_lines,
    say,
    scope_facts,
)

if TYPE_CHECKING:
    from core.db import Database

app = typer.Typer(help="How much each person, or a group together, may book in a period.", no_args_is_help=True)

PERIODS = ("day", "week", "month")


@app.command("list")
def list_quotas(*, as_json: AsJson = False) -> None:
    """Show the quotas, with the ids that `remove` takes."""
    from core.catalogue import Catalogues
    from core.quotas import Quotas, said

    async def work(db: Database) -> tuple[list[Any], list[str]]:
        catalogues = Catalogues(db)
        catalogue, quotas = await catalogues.current(), await Quotas(db, catalogues).all()
        groups = {group.id: group.name for group in catalogue.groups}
        facts = [
            {
                "id": str(one.id),
                **scope_facts(catalogue, one.location_id, one.room_id),
                "group": groups.get(one.group_id) if one.group_id else None,
                "together": one.together,
                "measure": one.measure.value,
                "period": one.period.value,
                "most": one.most,
            }
            for one in quotas
        ]
        return facts, [f"{one.id}  {said(one, catalogue)}" for one in quotas] or ["There are no quotas."]

    facts, lines = with_database(work)
    say(facts, lines, as_json=as_json)


@app.command("set")
def set_quota(
    *,
    count: Annotated[int | None, typer.Option(metavar="NUMBER", help="At most so many bookings.")] = None,
    hours: Annotated[float | None, typer.Option(metavar="HOURS", help="Or at most so many hours.")] = None,
    per: Annotated[str, typer.Option(metavar="PERIOD", help=f"A {', '.join(PERIODS)}.")] = "week",
    location: LocationOption = None,
    room: RoomOption = None,
    group: GroupOption = None,
    together: Annotated[bool, typer.Option("--together", help="The group shares it; else each of them has it.")] = False,
    rehearse: RehearseOption = False,
    as_json: AsJson = False,
) -> None:
    """Set a quota; one for the same people, scope, measure and period is changed."""
    from core.catalogue import Catalogues
    from core.clock import SystemClock
    from core.ids import new_id
    from core.quotas import Quotas
    from core.regulations import Measure, Period, Quota
    from core.rehearsal import Rehearsal

    if (count is None) == (hours is None):
        raise typer.BadParameter("Say either --count or --hours.")
    if per not in PERIODS:
        raise typer.BadParameter(f"There is no period {per!r}; there are: {', '.join(PERIODS)}.", param_hint="--per")
    measure = Measure.COUNT if count is not None else Measure.MINUTES
    most = count if count is not None else round((hours or 0) * 60)

    async def work(db: Database) -> tuple[Any, list[str]]:
        catalogues = Catalogues(db)
        catalogue = await catalogues.current()
        ids, chosen = ids_of(catalogue, location=location, room=room), group_of(catalogue, group)
        group_id = chosen.id if chosen else None
        if rehearse:
            one = Quota(
                id=new_id(), measure=measure, period=Period(per), most=most, **ids, group_id=group_id, together=together
            )
            found = await Rehearsal(db, catalogues, SystemClock()).of_quota(one)
            return rehearsal_facts(found), rehearsal_lines(found)
        quota = await Quotas(db, catalogues).set(
            measure=measure, period=Period(per), most=most, **ids, group_id=group_id, together=together
        )
        return {"id": str(quota)}, ["Set."]

    facts, lines = with_database(work)
    say(facts, lines, as_json=as_json)


@app.command("remove")
def remove(
    quota: Annotated[UUID, typer.Argument(metavar="ID", help="Of a quota; `bookroom quotas list` shows it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Remove a quota."""
    from core.catalogue import Catalogues
    from core.quotas import Quotas

    async def work(db: Database) -> None:
        catalogues = Catalogues(db)
        if quota not in {one.id for one in (await catalogues.current()).quotas}:
            raise typer.BadParameter("There is no such quota; `bookroom quotas list` shows them.", param_hint="ID")
        await Quotas(db, catalogues).remove(quota)

    with_database(work)
    say({"id": str(quota)}, ["Removed."], as_json=as_json)
