"""`bookroom parse`: how a sentence is understood, for people and, with --jsonl, line by line for programs."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.db import Database
    from handlers.sentence.model import Book


def parse(
    text: Annotated[list[str] | None, typer.Argument(help="What one would write after `/book room`.")] = None,
    *,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help='Answer each line {"text","now","tz","rooms"} of standard input.')
    ] = False,
    tz: Annotated[str | None, typer.Option(help="The person's time zone; this machine's by default.")] = None,
    now: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], help="The moment, in that zone.")
    ] = None,
    locale: Annotated[str, typer.Option(help="The person's locale: in en-US the month comes first.")] = "en-US",
    rooms: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Rooms as CSV or JSON; those in the database by default."),
    ] = None,
) -> None:
    """Show how a sentence would be understood, without booking anything."""
    if jsonl:
        _answer_lines()
        return
    if not text:
        raise typer.BadParameter('Say what to understand, such as "tomorrow 2-3pm for 6".', param_hint="TEXT")
    from core.clock import SystemClock
    from handlers.sentence import explain, read

    zone = _zone(tz)
    moment = now.replace(tzinfo=zone) if now else SystemClock().now().astimezone(zone)
    book = _from_file(rooms) if rooms else _from_database()
    typer.echo(explain(read(" ".join(text), now=moment, zone=zone.key, book=book, locale=locale)))


def _answer_lines() -> None:
    from handlers.sentence import from_jsonl

    for line in sys.stdin:
        if line.strip():
            typer.echo(from_jsonl(line))


def _zone(name: str | None) -> ZoneInfo:
    from tzlocal import get_localzone_name

    wanted = name or get_localzone_name() or "UTC"
    try:
        return ZoneInfo(wanted)
    except (ZoneInfoNotFoundError, ValueError):
        raise typer.BadParameter(
            f"{wanted!r} is no time zone: one is written like Europe/Berlin.", param_hint="--tz"
        ) from None


def _from_file(file: Path) -> Book:
    from core.ids import new_id
    from core.models import Keep, Location, Room
    from core.rooms import parse_csv
    from handlers.sentence.model import Book

    text = file.read_text("utf-8-sig")
    if text.lstrip().startswith("["):
        nowhere = new_id()
        described = json.loads(text)
        return Book(
            rooms=tuple(
                Room(
                    id=new_id(),
                    name=room["name"],
                    location_id=nowhere,
                    capacity=room["capacity"],
                    amenities=frozenset(room.get("amenities", ())),
                )
                for room in described
            )
        )
    rows = parse_csv(text)
    places = {row.location: Location(id=new_id(), name=row.location, zone=row.zone or "UTC") for row in rows}
    return Book(
        rooms=tuple(
            Room(
                id=new_id(),
                name=row.name,
                location_id=places[row.location].id,
                capacity=row.capacity,
                floor=None if isinstance(row.floor, Keep) else row.floor,
                amenities=frozenset() if isinstance(row.amenities, Keep) else row.amenities,
            )
            for row in rows
        ),
        locations=tuple(places.values()),
    )


def _from_database() -> Book:
    """Return the rooms of the configured database, none where there is no database yet."""
    from bot import config
    from bot.commands.connected import with_database
    from core.catalogue import Catalogues
    from handlers.sentence.model import Book

    settings = config.load_storage()
    if settings.database_url is None and not (settings.bookroom_data / "postgres" / "PG_VERSION").exists():
        return Book(rooms=())

    async def work(db: Database) -> Catalogue:
        return await Catalogues(db).current()

    catalogue = with_database(work)
    return Book(rooms=catalogue.bookable, locations=catalogue.locations, amenities=catalogue.amenities)
