"""`bookroom closures`: closing a room, a location or everything for a time, and opening again."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from bot.commands.connected import with_database
from bot.commands.scopes import (
    AsJson,
    LocationOption,
    RoomOption,
    TeamOption,
    group_of,
    ids_of,
    people_of,
    say,
    scope_facts,
    scope_of,
)

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.db import Database
    from core.models import Booking
    from core.regulations import Closure

app = typer.Typer(help="When rooms are closed, why, and for whom not.", no_args_is_help=True)

FORMATS = "2026-11-30, or 2026-11-30T08:00 on the clock of the place"
ClosureId = Annotated[UUID, typer.Argument(metavar="ID", help="Of a closure; `bookroom closures list` shows it.")]


@app.command("list")
def list_closures(*, as_json: AsJson = False) -> None:
    """Show the closures that are not over, with the ids that `lift` takes."""
    from core.catalogue import Catalogues
    from core.clock import SystemClock
    from core.closures import Closures

    async def work(db: Database) -> tuple[Any, list[str]]:
        catalogues = Catalogues(db)
        catalogue = await catalogues.current()
        there = await Closures(db, catalogues, SystemClock()).ahead()
        lines = [f"{one.id}  {_said(one, catalogue)}" for one in there]
        return [_facts(one, catalogue) for one in there], lines or ["Nothing is closed."]

    facts, lines = with_database(work)
    say(facts, lines, as_json=as_json)


@app.command("add")
def add(
    start: Annotated[str, typer.Option("--from", metavar="TIME", help=f"{FORMATS}.")],
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="The same; a day without a time is closed too.")],
    *,
    location: LocationOption = None,
    room: RoomOption = None,
    reason: Annotated[str | None, typer.Option(help="Told to whoever wants to book.")] = None,
    allow: Annotated[list[str] | None, typer.Option(metavar="SLACK_ID", help="Somebody who may book all the same.")] = None,
    allow_group: Annotated[list[str] | None, typer.Option(metavar="NAME", help="A group that may.")] = None,
    team: TeamOption = None,
    as_json: AsJson = False,
) -> None:
    """Close a room, a location or, with neither, everything, and show the bookings that are in the way."""
    from core.catalogue import Catalogues
    from core.clock import SystemClock
    from core.closures import Closures
    from core.models import Slot

    async def work(db: Database) -> tuple[Any, list[str]]:
        catalogues = Catalogues(db)
        catalogue = await catalogues.current()
        zone = _zone(catalogue, location=location, room=room)
        slot = Slot(start=_moment(start, zone, "--from"), end=_moment(until, zone, "--until", whole_day=True))
        groups = [group_of(catalogue, name) for name in allow_group or ()]
        closed = await Closures(db, catalogues, SystemClock()).add(
            slot,
            **ids_of(catalogue, location=location, room=room),
            reason=reason,
            allowed_people=await people_of(db, allow or [], team),
            allowed_groups=[group.id for group in groups if group],
        )
        affected = [_booking_facts(one) for one in closed.affected]
        lines = [_booking_said(one) for one in closed.affected]
        said = f"Closed. {len(lines)} booking{'' if len(lines) == 1 else 's'} in the way{':' if lines else '.'}"
        return {**_facts(closed.closure, catalogue), "affected": affected}, [said, *lines]

    facts, lines = with_database(work)
    say(facts, lines, as_json=as_json)


@app.command("affected")
def affected(closure: ClosureId, *, as_json: AsJson = False) -> None:
    """Show the bookings that are in the way of a closure."""
    from core.catalogue import Catalogues
    from core.clock import SystemClock
    from core.closures import Closures

    async def work(db: Database) -> tuple[Booking, ...]:
        closures = Closures(db, Catalogues(db), SystemClock())
        return await closures.affected(await closures.get(closure))

    there = with_database(work)
    lines = [_booking_said(one) for one in there] or ["No booking is in the way."]
    say([_booking_facts(one) for one in there], lines, as_json=as_json)


@app.command("lift")
def lift(closure: ClosureId, *, as_json: AsJson = False) -> None:
    """Open again."""
    from core.catalogue import Catalogues
    from core.clock import SystemClock
    from core.closures import Closures

    async def work(db: Database) -> None:
        await Closures(db, Catalogues(db), SystemClock()).lift(closure)

    with_database(work)
    say({"id": str(closure)}, ["Open again."], as_json=as_json)


def _zone(catalogue: Catalogue, *, location: str | None, room: str | None) -> ZoneInfo:
    """Return the clock that a closure's times are on: the place's, or all places' where they have one."""
    place, chosen = scope_of(catalogue, location=location, room=room)
    if place or chosen:
        return (catalogue.place_of(chosen) if chosen else place or catalogue.locations[0]).tz
    zones = {one.zone for one in catalogue.locations}
    return ZoneInfo(zones.pop()) if len(zones) == 1 else ZoneInfo("UTC")


def _moment(text: str, zone: ZoneInfo, option: str, *, whole_day: bool = False) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time: write {FORMATS}.", param_hint=option) from None
    if len(text) == len("2026-11-30") and whole_day:
        moment = datetime.combine(moment.date() + timedelta(days=1), time())
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _facts(one: Closure, catalogue: Catalogue) -> dict[str, Any]:
    return {
        "id": str(one.id),
        **scope_facts(catalogue, one.location_id, one.room_id),
        "start": one.slot.start.isoformat(),
        "end": one.slot.end.isoformat(),
        "reason": one.reason,
        "allowedPeople": sorted(map(str, one.allowed_people)),
        "allowedGroups": sorted(map(str, one.allowed_groups)),
    }


def _said(one: Closure, catalogue: Catalogue) -> str:
    place = catalogue.location(one.location_id) if one.location_id else None
    place = catalogue.place_of(catalogue.room(one.room_id)) if one.room_id else place
    zone = place.tz if place else ZoneInfo("UTC")
    times = f"{one.slot.start.astimezone(zone):%Y-%m-%d %H:%M} to {one.slot.end.astimezone(zone):%Y-%m-%d %H:%M}"
    return f"{catalogue.scope_name(one.scope)}: {times} ({zone.key}){f', {one.reason}' if one.reason else ''}"


def _booking_facts(one: Booking) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "room": one.room.name,
        "location": one.location.name,
        "start": one.start.isoformat(),
        "end": one.end.isoformat(),
        "booker": one.booker.name,
        "slackUserId": one.booker.slack_user_id,
        "title": None if one.private else one.title,
    }


def _booking_said(one: Booking) -> str:
    start, end = one.start.astimezone(one.location.tz), one.end.astimezone(one.location.tz)
    title = "" if one.private or not one.title else f' "{one.title}"'
    return f"  {one.room.name}, {start:%Y-%m-%d %H:%M}-{end:%H:%M}, {one.booker.name}{title}"
