"""`bookroom rooms`: what rooms there are, from a file and as a list."""

from __future__ import annotations

import csv
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.answers import AsJson, LocationOption, answer, location_named, room_facts, room_named
from bot.commands.connected import with_database

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.db import Database
    from core.models import Location, Room
    from core.places import Places, RoomFacts
    from core.rerooming import Progress as Answers
    from core.rooms import ImportReport, Progress

# Where the page behind a door's link is served; the room's token follows.
DOOR_PATH = "/door/"

app = typer.Typer(help="The rooms that can be booked.", no_args_is_help=True)

RoomName = Annotated[str, typer.Argument(help="The room's name.")]
Floor = Annotated[str | None, typer.Option(help="Such as 3, or mezzanine.")]
Amenities = Annotated[list[str] | None, typer.Option("--amenity", help="What it has; repeat it for more.")]
Setup = Annotated[int | None, typer.Option(metavar="MINUTES", help="Kept free before each booking.")]
Teardown = Annotated[int | None, typer.Option(metavar="MINUTES", help="Kept free after each booking.")]
Photo = Annotated[str | None, typer.Option(metavar="URL", help="The https address of a picture.")]


@app.command("import")
def import_rooms(
    file: Annotated[Path, typer.Argument(help="A CSV file, - for standard input.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create or change rooms from a CSV file, all of them or none.

    The first line names the columns: name, capacity, location, and if you like zone (needed for a new location, such as
    Europe/Berlin), floor, amenities (with ; between them), setup_minutes, teardown_minutes, active (yes or no).
    """
    from core.catalogue import Catalogues
    from core.clock import SystemClock
    from core.rerooming import Rerooming
    from core.rooms import Rooms, parse_csv

    rows = parse_csv(_text_of(file))

    async def work(db: Database) -> ImportReport:
        with _progress() as progress:
            catalogues = Catalogues(db)
            done = await Rooms(db, catalogues).import_rows(rows, dry_run=dry_run, progress=progress)
            if done.bookings_affected and not dry_run:
                await Rerooming(db, catalogues, clock := SystemClock()).advance(clock.now())
            return done

    report = with_database(work)
    answer({**asdict(report), "dry_run": dry_run}, [_said(report, dry_run=dry_run)], as_json=as_json)


@app.command("list")
def list_rooms(
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="In the form that `rooms import` reads.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the rooms."""
    from core.catalogue import Catalogues

    async def work(db: Database) -> Catalogue:
        return await Catalogues(db).current()

    catalogue = with_database(work)
    if as_json:
        answer([room_facts(room, catalogue) for room in catalogue.rooms], (), as_json=True)
    elif as_csv:
        _write_csv(catalogue)
    elif catalogue.rooms:
        _print_table(catalogue)
    else:
        typer.echo("There are no rooms yet: give some to `bookroom rooms import`.")


@app.command("export")
def export_rooms() -> None:
    """Print the rooms as CSV, in the form that `rooms import` reads."""
    from core.catalogue import Catalogues
    from core.rooms import Rooms

    async def work(db: Database) -> str:
        return await Rooms(db, Catalogues(db)).export()

    typer.echo(with_database(work), nl=False)


@app.command("add")
def add_room(
    location: Annotated[str, typer.Argument(help="Where it is.")],
    name: RoomName,
    capacity: Annotated[int, typer.Argument(help="How many people it seats.")],
    *,
    floor: Floor = None,
    amenity: Amenities = None,
    setup: Setup = None,
    teardown: Teardown = None,
    photo: Photo = None,
    as_json: AsJson = False,
) -> None:
    """Add a room."""

    async def work(places: Places, catalogue: Catalogue) -> Room:
        facts = _facts(name, capacity, floor, amenity, setup, teardown, photo)
        return await places.add_room(location_named(catalogue, location).id, facts, by=None)

    _changed(work, "Added", as_json=as_json)


@app.command("edit")
def edit_room(
    name: RoomName,
    *,
    location: LocationOption = None,
    rename: Annotated[str | None, typer.Option("--name", help="Its new name.")] = None,
    capacity: Annotated[int | None, typer.Option(help="How many people it seats.")] = None,
    floor: Floor = None,
    amenity: Amenities = None,
    setup: Setup = None,
    teardown: Teardown = None,
    photo: Photo = None,
    as_json: AsJson = False,
) -> None:
    """Change a room; what is not named stays as it is, and an empty text takes floor or picture away."""

    async def work(places: Places, catalogue: Catalogue) -> Room:
        old = room_named(catalogue, name, location)
        facts = _facts(rename, capacity, floor, amenity, setup, teardown, photo)
        return await places.edit_room(old.id, facts, version=old.version, by=None)

    _changed(work, "Saved", as_json=as_json)


@app.command("deactivate")
def deactivate_room(name: RoomName, *, location: LocationOption = None, as_json: AsJson = False) -> None:
    """Take a room out of use; whoever booked it is proposed another."""
    _use(name, location, active=False, as_json=as_json)


@app.command("activate")
def activate_room(name: RoomName, *, location: LocationOption = None, as_json: AsJson = False) -> None:
    """Take a room back into use."""
    _use(name, location, active=True, as_json=as_json)


@app.command("parts")
def set_parts(
    name: RoomName,
    parts: Annotated[list[str] | None, typer.Argument(help="The rooms it is made of; none: a room of its own.")] = None,
    *,
    location: LocationOption = None,
    as_json: AsJson = False,
) -> None:
    """Say which rooms a room is made of: booking it takes all of them."""

    async def work(db: Database) -> tuple[Room, Catalogue]:
        from core.catalogue import Catalogues
        from core.divisible import Divisible

        catalogues = Catalogues(db)
        catalogue = await catalogues.current()
        whole = room_named(catalogue, name, location)
        place = catalogue.place_of(whole).name
        ids = [room_named(catalogue, part, place).id for part in parts or []]
        after = await Divisible(db, catalogues).set_parts(whole.id, ids, by=None)
        return after, await catalogues.current()

    whole, catalogue = with_database(work)
    names = ", ".join(parts or []) or "nothing but itself"
    answer(room_facts(catalogue.room(whole.id), catalogue), [f"{whole.name} is made of {names}."], as_json=as_json)


@app.command("proposals")
def proposals(*, as_json: AsJson = False) -> None:
    """Show how far the answers are of those whose rooms have closed."""
    from core.catalogue import Catalogues
    from core.clock import SystemClock
    from core.rerooming import Rerooming

    async def work(db: Database) -> tuple[Answers, ...]:
        return await Rerooming(db, Catalogues(db), SystemClock()).progress()

    found = with_database(work)
    lines = [
        f"{one.reason or 'Out of use'}: {one.waiting} wait, {one.nothing_free} found no room, {one.taken} taken, "
        f"{one.elsewhere} moved elsewhere, {one.cancelled} cancelled"
        for one in found
    ]
    answer([asdict(one) for one in found], lines or ["Nothing is proposed."], as_json=as_json)


def _facts(  # noqa: PLR0917 - in the order of the options
    name: str | None,
    capacity: int | None,
    floor: str | None,
    amenity: list[str] | None,
    setup: int | None,
    teardown: int | None,
    photo: str | None,
) -> RoomFacts:
    from core.models import KEEP
    from core.places import RoomFacts

    return RoomFacts(
        name=KEEP if name is None else name,
        capacity=KEEP if capacity is None else capacity,
        floor=KEEP if floor is None else floor or None,
        amenities=KEEP if amenity is None else frozenset(amenity),
        setup_minutes=KEEP if setup is None else setup,
        teardown_minutes=KEEP if teardown is None else teardown,
        photo=KEEP if photo is None else photo or None,
    )


def _changed(work: Callable[[Places, Catalogue], Awaitable[Room]], done: str, *, as_json: bool) -> None:
    async def connected(db: Database) -> tuple[Room, Catalogue]:
        from core.catalogue import Catalogues
        from core.clock import SystemClock
        from core.places import Places

        catalogues = Catalogues(db)
        changed = await work(Places(db, catalogues, SystemClock()), await catalogues.current())
        return changed, await catalogues.current()

    room, catalogue = with_database(connected)
    facts = room_facts(catalogue.room(room.id), catalogue)
    answer(facts, [f"{done}: {room.name}, seats {room.capacity}, {catalogue.place_of(room).name}"], as_json=as_json)


def _use(name: str, location: str | None, *, active: bool, as_json: bool) -> None:
    async def work(db: Database) -> tuple[str, int]:
        from core.catalogue import Catalogues
        from core.clock import SystemClock
        from core.places import Places
        from core.rerooming import Rerooming

        catalogues, clock = Catalogues(db), SystemClock()
        room = room_named(await catalogues.current(), name, location)
        closed = await Places(db, catalogues, clock).use_room(room.id, active=active, version=room.version, by=None)
        await Rerooming(db, catalogues, clock).advance(clock.now())
        return room.name, len(closed.bookings)

    known, affected = with_database(work)
    state = "in use" if active else "out of use"
    facts = {"room": known, "active": active, "bookings_ahead": affected}
    answer(facts, [f"{known} is {state}. Bookings ahead in it: {affected}."], as_json=as_json)


@app.command("doors")
def list_doors(*, as_json: AsJson = False) -> None:
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
    links = [(place.name, room.name, f"{base}{DOOR_PATH}{token}") for room, place, token in doors]
    facts = [{"location": place, "room": room, "link": link} for place, room, link in links]
    lines = [f"{place}, {room}: {link}" for place, room, link in links]
    answer(facts, lines or ["There are no rooms yet: give some to `bookroom rooms import`."], as_json=as_json)


def _text_of(file: Path) -> str:
    from core.rooms import decoded

    text, read_as = decoded(sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes())
    if read_as:
        typer.echo(f"{file} is not in UTF-8: it was read as {read_as}.", err=True)
    return text


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
    new += f" Bookings ahead in rooms that go out of use: {report.bookings_affected}." if report.bookings_affected else ""
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
    writer.writerows(_cells(catalogue, catalogue.own(room)) for room in catalogue.rooms)


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
