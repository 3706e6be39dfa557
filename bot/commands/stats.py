"""`bookroom stats`: the figures for a terminal, a program, a spreadsheet, or as pictures in a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.connected import require_schema, with_database

if TYPE_CHECKING:
    from datetime import date

    from core.catalogue import Catalogue
    from core.db import Database
    from core.stats import Asked, Figures


def stats(
    first: Annotated[str | None, typer.Option("--from", metavar="DAY", help="The first day, like 2026-10-01.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day, included.")] = None,
    *,
    days: Annotated[
        str, typer.Option(metavar="WORDS", help='Instead of both: "last month", "2026-10", "last 30 days".')
    ] = "",
    location: Annotated[str | None, typer.Option(help="Of this location alone.")] = None,
    room: Annotated[str | None, typer.Option(help="Of this room alone; with --location where two have its name.")] = None,
    plots: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write the pictures there too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print a table as CSV: a row for each room, or what --table says.")
    ] = False,
    table: Annotated[
        str, typer.Option(metavar="TABLE", help="rooms, locations, weekdays, hours, ahead, refused or teams; with --csv.")
    ] = "rooms",
) -> None:
    """Tell how rooms were used: booked and open time, who came, what people did not get, and what that suggests."""
    if as_json and as_csv:
        raise typer.BadParameter("Choose --json or --csv, not both.")
    _check_table(table)

    async def work(db: Database) -> None:
        from core.catalogue import Catalogues
        from core.clock import SystemClock
        from core.stats import Stats

        await require_schema(db)
        catalogues, clock = Catalogues(db), SystemClock()
        today = clock.now().date()
        asked = _asked(await catalogues.current(), today, first=first, last=last, days=days, location=location, room=room)
        figures = await Stats(db, catalogues, clock, at_once=1).figures(asked)
        _print(figures, today, as_json=as_json, table=table if as_csv else None)
        if plots:
            _write(figures, plots)

    with_database(work)


def _check_table(table: str) -> None:
    from core.stats_export import Table

    if table not in set(Table):
        raise typer.BadParameter(f"There is no table {table!r}; there are {', '.join(Table)}.")


def _asked(
    catalogue: Catalogue,
    today: date,
    *,
    first: str | None,
    last: str | None,
    days: str,
    location: str | None,
    room: str | None,
) -> Asked:
    from core.errors import LocationNotFound, RoomNotFound
    from core.stats import Asked
    from core.stats_span import EXAMPLES, read

    if (first is None) != (last is None) or (first and days):
        raise typer.BadParameter("Give --from and --to together, or --days alone.")
    span = read(f"{first}..{last}" if first else days, today)
    if span is None:
        raise typer.BadParameter(f"These days are not understood; for example: {', '.join(EXAMPLES)}.")
    place = next((one for one in catalogue.locations if location and one.name.casefold() == location.casefold()), None)
    if location and place is None:
        raise LocationNotFound(f'There is no location "{location}".')
    named = [one for one in catalogue.rooms if room and one.name.casefold() == room.casefold()]
    found = [one for one in named if place is None or one.location_id == place.id]
    if room and not found:
        raise RoomNotFound(f'There is no room "{room}"{f" in {place.name}" if place else ""}.')
    if len(found) > 1:
        raise RoomNotFound(f'There are {len(found)} rooms "{room}": add --location.')
    return Asked(first=span.first, last=span.last, location=None if found else place, room=found[0] if found else None)


def _print(figures: Figures, today: date, *, as_json: bool, table: str | None) -> None:
    from core import stats_export
    from core.suggestions import suggestions
    from handlers.views import stats as views

    if as_json:
        typer.echo(json.dumps(stats_export.as_value(figures), indent=2, ensure_ascii=False))
        return
    if table:
        typer.echo(stats_export.csv_text(figures, stats_export.Table(table), everything=True), nl=False)
        return
    typer.echo(views.title(figures.asked, today))
    if not figures.use.open:
        typer.echo("There is nothing to count yet: no day of it is over, or no room was open.")
        return
    for line in views.plain_lines(figures, everything=True):
        typer.echo(f"  {line}")
    if advice := suggestions(figures):
        typer.echo("Worth a thought:")
        for one in advice:
            typer.echo(f"  {one.reason} {one.advice}")


def _write(figures: Figures, folder: Path) -> None:
    from handlers import plots

    folder.mkdir(parents=True, exist_ok=True)
    for plot in plots.draw(figures, everything=True):
        path = folder / plot.name
        path.write_bytes(plot.png)
        # Not where a program reads.
        typer.echo(f"{path}: {plot.alt}", err=True)
