"""`bookroom calendars`: the addresses at which other programs subscribe to calendars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from bot.commands.admins import TeamOption, _checked, _team
from bot.commands.answers import AsJson, answer
from bot.commands.connected import with_services
from bot.commands.scopes import ids_of

if TYPE_CHECKING:
    from bot.commands.scopes import Ids
    from core.calendars import Feed
    from core.catalogue import Catalogue
    from core.db import Database
    from core.people import People
    from handlers.services import Services

app = typer.Typer(help="Addresses at which other programs subscribe to calendars.", no_args_is_help=True)
Person = Annotated[str, typer.Option("--person", metavar="SLACK_ID", help="As whom it is read, and whose it is.")]
Id = Annotated[UUID, typer.Argument(metavar="ID", help="Of a calendar; `bookroom calendars list` shows it.")]


@app.command("list")
def list_calendars(
    *,
    person: Annotated[str | None, typer.Option("--person", metavar="SLACK_ID", help="Those of somebody.")] = None,
    team: TeamOption = None,
    as_json: AsJson = False,
) -> None:
    """Show the calendars whose addresses are good, without the addresses, and when each was asked for last."""

    async def work(services: Services, db: Database) -> None:  # noqa: ARG001 - one shape
        whose = await _person(services.people, person, team) if person else None
        known, catalogue = await services.calendars.all(person_id=whose), await services.catalogues.current()
        none = ["Nobody has an address; `bookroom calendars make` makes one."]
        lines = [_line(one, catalogue) for one in known] or none
        answer([_facts(one) for one in known], lines, as_json=as_json)

    with_services(work)


@app.command("make")
def make_calendar(
    *,
    person: Person,
    room: Annotated[
        str | None, typer.Option("--room", help="Of a room, by name or id; with --location where two share the name.")
    ] = None,
    location: Annotated[str | None, typer.Option("--location", help="Of a place, by name or id.")] = None,
    team: TeamOption = None,
    as_json: AsJson = False,
) -> None:
    """Print the address of a room's or a place's calendar, or of somebody's own: the one there is, or a new one."""

    async def work(services: Services, db: Database) -> None:  # noqa: ARG001 - one shape
        whose = await _person(services.people, person, team)
        what = _of(await services.catalogues.current(), location=location, room=room)
        _tell(await services.calendars.make(whose, **what), as_json=as_json)

    with_services(work)


@app.command("renew")
def renew_calendar(calendar: Id, *, as_json: AsJson = False) -> None:
    """Give a calendar another address and print it; the one before is of no use at once."""

    async def work(services: Services, db: Database) -> None:  # noqa: ARG001 - one shape
        _tell(await services.calendars.renew(calendar), as_json=as_json)

    with_services(work)


@app.command("revoke")
def revoke_calendar(calendar: Id, *, as_json: AsJson = False) -> None:
    """End a calendar's address."""

    async def work(services: Services, db: Database) -> None:  # noqa: ARG001 - one shape
        gone = await services.calendars.revoke(calendar)
        answer(_facts(gone), [f"Revoked: {_line(gone, await services.catalogues.current())}"], as_json=as_json)

    with_services(work)


def _of(catalogue: Catalogue, *, location: str | None, room: str | None) -> Ids:
    """Return the ids of what is named; an id is taken as the name of what it is of."""
    rooms = {str(one.id): one for one in catalogue.rooms}
    places = {str(one.id): one.name for one in catalogue.locations}
    if chosen := rooms.get(room or ""):
        return {"room_id": chosen.id, "location_id": None}
    return ids_of(catalogue, location=places.get(location or "", location), room=room)


def _tell(feed: Feed, *, as_json: bool) -> None:
    from bot import config
    from handlers.calendar_links import CalendarLinks

    base = config.load_storage().public_url
    address = CalendarLinks(base, "").feed(feed)
    lines = [address] if base else [address, "Put where people reach Bookroom in front of it: PUBLIC_URL is not set."]
    answer({**_facts(feed), "address": address}, lines, as_json=as_json)


def _facts(feed: Feed) -> dict[str, Any]:
    names = ("id", "person_name", "room_id", "location_id", "created_at", "last_used_at", "revoked_at")
    return {name: getattr(feed, name) for name in names}


def _line(feed: Feed, catalogue: Catalogue) -> str:
    what = "own meetings"
    if feed.room_id is not None:
        what = catalogue.room(feed.room_id).name
    elif feed.location_id is not None:
        what = f"all rooms in {catalogue.location(feed.location_id).name}"
    used = f"used {feed.last_used_at:%Y-%m-%d %H:%M} UTC" if feed.last_used_at else "never used"
    return f"{feed.id}  {feed.person_name}  {what}  {used}"


async def _person(people: People, slack_id: str, team: str | None) -> UUID:
    (person_id,) = await people.mentioned(await _team(people, team), [_checked(slack_id)])
    return person_id
