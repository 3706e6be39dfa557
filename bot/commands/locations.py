"""`bookroom locations` and `bookroom amenities`: places with their clocks, and what rooms have."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.answers import AsJson, answer, location_named
from bot.commands.connected import with_database

if TYPE_CHECKING:
    from core.db import Database
    from core.places import Placed, Places

app = typer.Typer(help="The places where rooms are.", no_args_is_help=True)
amenities = typer.Typer(help="What rooms have.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The location's name.")]


@app.command("list")
def list_locations(*, as_json: AsJson = False) -> None:
    """Show the locations, with their clocks and how many rooms are in use."""

    async def work(db: Database) -> tuple[Placed, ...]:
        return await _places(db).locations()

    found = with_database(work)
    facts = [_facts(one) for one in found]
    answer(facts, [_line(one) for one in found] or ["There are no locations yet."], as_json=as_json)


@app.command("add")
def add(name: Name, zone: Annotated[str, typer.Argument(help="Such as Europe/Berlin.")], *, as_json: AsJson = False) -> None:
    """Add a location."""

    async def work(db: Database) -> Placed:
        places = _places(db)
        new = await places.add_location(name=name, zone=zone, by=None)
        return next(one for one in await places.locations() if one.location.id == new.id)

    new = with_database(work)
    answer(_facts(new), [f"Added: {_line(new)}"], as_json=as_json)


@app.command("edit")
def edit(
    name: Name,
    *,
    rename: Annotated[str | None, typer.Option("--name", help="Its new name.")] = None,
    zone: Annotated[str | None, typer.Option(help="Its new clock; not while bookings are ahead.")] = None,
    board_open: Annotated[
        bool | None,
        typer.Option("--board-open/--board-closed", help="Whether its board can be looked at without signing in."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Rename a location, give it another clock, or say who may look at its board."""

    async def work(db: Database) -> Placed:
        from core.models import KEEP

        places = _places(db)
        old = await _named(places, name)
        await places.edit_location(
            old.location.id,
            version=old.version,
            by=None,
            name=KEEP if rename is None else rename,
            zone=zone or KEEP,
            board_open=KEEP if board_open is None else board_open,
        )
        return next(one for one in await places.locations() if one.location.id == old.location.id)

    after = with_database(work)
    answer(_facts(after), [f"Saved: {_line(after)}"], as_json=as_json)


@app.command("deactivate")
def deactivate(name: Name, *, as_json: AsJson = False) -> None:
    """Take a location with its rooms out of use; whoever booked there is proposed another room."""
    _use(name, active=False, as_json=as_json)


@app.command("activate")
def activate(name: Name, *, as_json: AsJson = False) -> None:
    """Take a location back into use."""
    _use(name, active=True, as_json=as_json)


def _use(name: str, *, active: bool, as_json: bool) -> None:
    async def work(db: Database) -> int:
        places = _places(db)
        old = await _named(places, name)
        closed = await places.use_location(old.location.id, active=active, version=old.version, by=None)
        await _propose(db)
        return len(closed.bookings)

    affected = with_database(work)
    state = "in use" if active else "out of use"
    facts = {"location": name, "active": active, "bookings_ahead": affected}
    answer(facts, [f"{name} is {state}. Bookings ahead there: {affected}."], as_json=as_json)


@amenities.command("list")
def list_amenities(*, as_json: AsJson = False) -> None:
    """Show what rooms have, and how many have it."""
    from core.catalogue import Catalogue, load

    async def work(db: Database) -> Catalogue:
        return await db.read(load)

    counts = Counter(word for room in with_database(work).rooms for word in room.amenities)
    lines = [f"{word}: {count}" for word, count in sorted(counts.items())]
    answer(dict(sorted(counts.items())), lines or ["No room has anything yet."], as_json=as_json)


@amenities.command("rename")
def rename_amenity(
    old: Annotated[str, typer.Argument(help="What rooms have.")],
    new: Annotated[str, typer.Argument(help="What it is called from now on.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Call something that rooms have by another name."""
    _merge([old], new, as_json=as_json)


@amenities.command("merge")
def merge_amenities(
    words: Annotated[list[str], typer.Argument(help="What becomes one.")],
    *,
    into: Annotated[str, typer.Option(help="What it is called then.")],
    as_json: AsJson = False,
) -> None:
    """Make one of several."""
    _merge(words, into, as_json=as_json)


def _merge(words: list[str], into: str, *, as_json: bool) -> None:
    async def work(db: Database) -> int:
        return await _places(db).merge_amenities(words, into, by=None)

    count = with_database(work)
    answer({"amenity": into, "rooms": count}, [f"{into} stands at {count} rooms now."], as_json=as_json)


def _places(db: Database) -> Places:
    from core.catalogue import Catalogues
    from core.clock import SystemClock
    from core.places import Places

    return Places(db, Catalogues(db), SystemClock())


async def _propose(db: Database) -> None:
    from core.catalogue import Catalogues
    from core.clock import SystemClock
    from core.rerooming import Rerooming

    clock = SystemClock()
    await Rerooming(db, Catalogues(db), clock).advance(clock.now())


async def _named(places: Places, name: str) -> Placed:
    found = {one.location.name.lower(): one for one in await places.locations()}
    if name.lower() not in found:
        known = ", ".join(one.location.name for one in found.values()) or "none yet"
        raise typer.BadParameter(f"There is no location {name!r}; there are: {known}.")
    return found[name.lower()]


def _facts(one: Placed) -> dict[str, object]:
    place = one.location
    return {
        "id": place.id,
        "name": place.name,
        "zone": place.zone,
        "active": place.active,
        "board_open": place.board_open,
        "rooms": one.rooms,
        "version": one.version,
    }


def _line(one: Placed) -> str:
    state = "" if one.location.active else ", out of use"
    state += ", board open to everybody" if one.location.board_open else ""
    return f"{one.location.name} ({one.location.zone}): {one.rooms} rooms{state}"


__all__ = ["amenities", "app", "location_named"]
