"""`bookroom rooms`: what rooms there are, from a file and as a list."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.connected import with_database

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.db import Database
    from core.models import Location, Room
    from core.rooms import ImportReport, Progress

# Where the page behind a door's link is served; the room's token follows.
DOOR_PATH = "/door/"

app = typer.Typer(help="The rooms that can be booked.", no_args_is_help=True)


@app.command("import")
def import_rooms(
    file: Annotated[Path, typer.Argument(help="A CSV file, - for standard input.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
) -> None:
    """Create or change rooms from a CSV file, all of them or none.

    The first line names the columns: name, capacity, location, and if you like zone (needed for a new location, such as
    Europe/Berlin), floor, amenities (with ; between them), setup_minutes, teardown_minutes, active (yes or no).
    """
    from core.catalogue import Catalogues
    from core.rooms import Rooms, parse_csv

    rows = parse_csv(_text_of(file))

    async def work(db: Database) -> ImportReport:
        with _progress() as progress:
            return await Rooms(db, Catalogues(db)).import_rows(rows, dry_run=dry_run, progress=progress)

    typer.echo(_said(with_database(work), dry_run=dry_run))


@app.command("list")
def list_rooms(
    *, as_csv: Annotated[bool, typer.Option("--csv", help="In the form that `rooms import` reads.")] = False
) -> None:
    """Show the rooms."""
    from core.catalogue import Catalogues

    async def work(db: Database) -> Catalogue:
        return await Catalogues(db).current()

    catalogue = with_database(work)
    if as_csv:
        _write_csv(catalogue)
    elif catalogue.rooms:
        _print_table(catalogue)
    else:
        typer.echo("There are no rooms yet: give some to `bookroom rooms import`.")


@app.command("doors")
def list_doors() -> None:
    """Show each room's link for its door, behind which anybody may check in; put it there as a QR code.

    With PUBLIC_URL the links are whole; without it they are paths below wherever Bookroom is reached by HTTP.
    """
    from bot import config
    from core.catalogue import Catalogues
    from core.rooms import Rooms

    async def work(db: Database) -> tuple[tuple[Room, Location, str], ...]:
        return await Rooms(db, Catalogues(db)).doors()

    doors = with_database(work)
    base = config.load_storage().public_url or ""
    for room, place, token in doors:
        typer.echo(f"{place.name}, {room.name}: {base}{DOOR_PATH}{token}")
    if not doors:
        typer.echo("There are no rooms yet: give some to `bookroom rooms import`.")


def _text_of(file: Path) -> str:
    data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{file} is not in UTF-8: save it as CSV UTF-8.", param_hint="FILE") from None


@contextmanager
def _progress() -> Iterator[Progress]:
    """Draw a bar on stderr where somebody looks."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("Importing", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _said(report: ImportReport, *, dry_run: bool) -> str:
    parts = [f"{report.created} created", f"{report.updated} changed", f"{report.unchanged} as they were"]
    places = report.locations_created
    new = f" New locations: {places}." if places else ""
    done = "Would be imported" if dry_run else "Imported"
    return f"{done}: {', '.join(parts)}.{new}{' Nothing was changed.' if dry_run else ''}"


def _cells(catalogue: Catalogue, room: Room) -> dict[str, object]:
    place = catalogue.place_of(room)
    return {
        "name": room.name,
        "capacity": room.capacity,
        "location": place.name,
        "zone": place.zone,
        "floor": room.floor or "",
        "amenities": ";".join(sorted(room.amenities)),
        "setup_minutes": room.setup_minutes,
        "teardown_minutes": room.teardown_minutes,
        "active": "yes" if room.active else "no",
    }


def _write_csv(catalogue: Catalogue) -> None:
    from core.roomfile import COLUMNS

    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_cells(catalogue, room) for room in catalogue.rooms)


def _print_table(catalogue: Catalogue) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("Room", "Seats", "Location", "Floor", "Amenities", box=box.SIMPLE_HEAD)
    table.columns[1].justify = "right"
    for room in catalogue.rooms:
        name = room.name if room.active else f"{room.name} (out of use)"
        words = ", ".join(sorted(room.amenities))
        # As Text: a name in square brackets is a name, not markup.
        cells = (name, str(room.capacity), catalogue.place_of(room).name, room.floor or "", words)
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table)
