"""`bookroom equipment`: what comes along with a room, and how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.answers import AsJson, LocationOption, answer, location_named, thing_named
from bot.commands.connected import with_database

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.catalogue import Catalogue
    from core.db import Database
    from core.equipment import Equipments
    from core.models import Equipment

app = typer.Typer(help="What comes along with a room.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="What it is called.")]


@app.command("list")
def list_equipment(*, as_json: AsJson = False) -> None:
    """Show the equipment."""
    from core.catalogue import load

    async def work(db: Database) -> Catalogue:
        return await db.read(load)

    catalogue = with_database(work)
    things = catalogue.equipment
    lines = [_line(one, catalogue) for one in things] or ["There is no equipment."]
    answer([_facts(one, catalogue) for one in things], lines, as_json=as_json)


@app.command("add")
def add(
    location: Annotated[str, typer.Argument(help="Where it is.")],
    name: Name,
    quantity: Annotated[int, typer.Argument(help="How many there are.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Add equipment to a location."""

    async def work(things: Equipments, catalogue: Catalogue) -> Equipment:
        return await things.add(location_named(catalogue, location).id, name, quantity, by=None)

    _changed(work, "Added", as_json=as_json)


@app.command("edit")
def edit(
    name: Name,
    *,
    location: LocationOption = None,
    rename: Annotated[str | None, typer.Option("--name", help="Its new name.")] = None,
    quantity: Annotated[int | None, typer.Option(help="How many there are now.")] = None,
    active: Annotated[bool | None, typer.Option("--activate/--deactivate", help="Into use, or out of it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Rename equipment, say how many there are, take it out of use and back."""

    async def work(things: Equipments, catalogue: Catalogue) -> Equipment:
        from core.models import KEEP

        old = thing_named(catalogue, name, location)
        return await things.edit(
            old.id,
            version=old.version,
            by=None,
            name=KEEP if rename is None else rename,
            quantity=KEEP if quantity is None else quantity,
            active=KEEP if active is None else active,
        )

    _changed(work, "Saved", as_json=as_json)


def _changed(work: Callable[[Equipments, Catalogue], Awaitable[Equipment]], done: str, *, as_json: bool) -> None:
    async def connected(db: Database) -> tuple[Equipment, Catalogue]:
        from core.catalogue import Catalogues
        from core.equipment import Equipments

        catalogues = Catalogues(db)
        changed = await work(Equipments(db, catalogues), await catalogues.current())
        return changed, await catalogues.current()

    changed, catalogue = with_database(connected)
    answer(_facts(changed, catalogue), [f"{done}: {_line(changed, catalogue)}"], as_json=as_json)


def _facts(one: Equipment, catalogue: Catalogue) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "location": catalogue.location(one.location_id).name,
        "quantity": one.quantity,
        "active": one.active,
        "version": one.version,
    }


def _line(one: Equipment, catalogue: Catalogue) -> str:
    state = "" if one.active else ", out of use"
    return f"{one.quantity} x {one.name} in {catalogue.location(one.location_id).name}{state}"
