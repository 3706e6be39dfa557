"""`bookroom holidays`: on which days a location is closed; the country is a rule, `bookroom policies set --holidays DE`."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.connected import with_database
from bot.commands.scopes import AsJson, say, scope_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from core.db import Database
    from core.holidays import Holidays

app = typer.Typer(help="The holidays of a location, year by year.", no_args_is_help=True)

Place = Annotated[str, typer.Argument(metavar="LOCATION", help="The location's name.")]
DayArgument = Annotated[datetime, typer.Argument(metavar="DATE", formats=["%Y-%m-%d"], help="Such as 2026-12-24.")]


@app.command("list")
def list_holidays(
    location: Place,
    year: Annotated[int | None, typer.Option(min=1970, max=2100, help="This year by default.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show a location's holidays; what an admin has set is marked."""
    from core.clock import SystemClock

    async def work(holidays: Holidays, place: UUID) -> tuple[Any, list[str]]:
        days = await holidays.of_year(place, year or SystemClock().now().year)
        facts = [{"date": one.day.isoformat(), "name": one.name, "closed": one.closed, "own": one.own} for one in days]
        lines = [
            f"{one.day:%a %Y-%m-%d}  {one.name}{'' if one.closed else ' (open)'}{' *' if one.own else ''}" for one in days
        ]
        return facts, lines or ["There are none: set a country with `bookroom policies set --holidays DE`."]

    _run(work, location, as_json=as_json)


@app.command("add")
def add(
    location: Place,
    day: DayArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the day is called.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Close a location on a day."""

    async def work(holidays: Holidays, place: UUID) -> tuple[Any, list[str]]:
        await holidays.close_on(place, day.date(), name)
        return _done(day.date()), ["Added."]

    _run(work, location, as_json=as_json)


@app.command("work")
def work_on(location: Place, day: DayArgument, *, as_json: AsJson = False) -> None:
    """Let people book on a holiday."""

    async def work(holidays: Holidays, place: UUID) -> tuple[Any, list[str]]:
        await holidays.work_on(place, day.date())
        return _done(day.date()), ["People can book on that day."]

    _run(work, location, as_json=as_json)


@app.command("forget")
def forget(location: Place, day: DayArgument, *, as_json: AsJson = False) -> None:
    """Take back what was set for a day: it is again what the country makes of it."""

    async def work(holidays: Holidays, place: UUID) -> tuple[Any, list[str]]:
        await holidays.forget(place, day.date())
        return _done(day.date()), ["Taken back."]

    _run(work, location, as_json=as_json)


def _done(day: date) -> dict[str, str]:
    return {"date": day.isoformat()}


def _run(work: Callable[[Holidays, UUID], Awaitable[tuple[Any, list[str]]]], location: str, *, as_json: bool) -> None:
    """Do something with the holidays of the location that is named."""
    from core.catalogue import Catalogues
    from core.holidays import Holidays

    async def connected(db: Database) -> tuple[Any, list[str]]:
        catalogues = Catalogues(db)
        place, _ = scope_of(await catalogues.current(), location=location, room=None)
        assert place is not None
        return await work(Holidays(db, catalogues), place.id)

    facts, lines = with_database(connected)
    say(facts, lines, as_json=as_json)
