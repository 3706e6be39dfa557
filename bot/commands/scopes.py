"""What the commands about rules share: which place, room, group or person is meant, and answers as lines or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import typer

if TYPE_CHECKING:
    from uuid import UUID

    from core.catalogue import Catalogue
    from core.db import Database
    from core.models import Location, Room
    from core.regulations import Group
    from core.rehearsal import Rehearsed

LocationOption = Annotated[str | None, typer.Option("--location", help="At this location.")]
RoomOption = Annotated[str | None, typer.Option("--room", help="For this room; with --location where two share the name.")]
GroupOption = Annotated[str | None, typer.Option("--group", metavar="NAME", help="For this group; `bookroom groups list`.")]
TeamOption = Annotated[
    str | None, typer.Option("--team", metavar="T...", help="The Slack workspace, when there are several.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]
RehearseOption = Annotated[
    bool, typer.Option("--rehearse", help="Say what it would have refused in the last 90 days, and change nothing.")
]
_MEMBER = re.compile(r"[UW][A-Z0-9]{1,20}")


def say(facts: object, lines: Iterable[str], *, as_json: bool) -> None:
    """Print the facts as JSON, or else the lines."""
    if as_json:
        typer.echo(json.dumps(facts, indent=2, ensure_ascii=False, default=str))
        return
    for line in lines:
        typer.echo(line)


def scope_of(catalogue: Catalogue, *, location: str | None, room: str | None) -> tuple[Location | None, Room | None]:
    """Return the location and the room of these names; a usage error where there is none, or more than one."""
    places = [place for place in catalogue.locations if location and place.name.lower() == location.lower()]
    if location and not places:
        known = ", ".join(place.name for place in catalogue.locations) or "none yet"
        raise typer.BadParameter(f"There is no location {location!r}; there are: {known}.", param_hint="--location")
    place = places[0] if places else None
    if room is None:
        return place, None
    rooms = [
        known
        for known in catalogue.rooms
        if known.name.lower() == room.lower() and (place is None or known.location_id == place.id)
    ]
    if not rooms:
        raise typer.BadParameter(f"There is no room {room!r}; `bookroom rooms list` shows them.", param_hint="--room")
    if len(rooms) > 1:
        raise typer.BadParameter(f"Several locations have a room {room!r}: say --location too.", param_hint="--room")
    return place, rooms[0]


class Ids(TypedDict):
    """A scope as the core takes it."""

    location_id: UUID | None
    room_id: UUID | None


def ids_of(catalogue: Catalogue, *, location: str | None, room: str | None) -> Ids:
    """Return the ids of a scope: those of the room, else of the location, else none."""
    place, chosen = scope_of(catalogue, location=location, room=room)
    return {"location_id": place.id if place and not chosen else None, "room_id": chosen.id if chosen else None}


def group_of(catalogue: Catalogue, name: str | None) -> Group | None:
    """Return the group of a name; a usage error where there is none."""
    if name is None:
        return None
    for group in catalogue.groups:
        if group.name.lower() == name.lower():
            return group
    known = ", ".join(group.name for group in catalogue.groups) or "none yet"
    raise typer.BadParameter(f"There is no group {name!r}; there are: {known}.", param_hint="--group")


async def people_of(db: Database, slack_ids: Sequence[str], team: str | None) -> tuple[UUID, ...]:
    """Return people by their Slack member ids; new ones are noted until Slack says more of them."""
    from core.people import People

    for one in slack_ids:
        if not _MEMBER.fullmatch(one):
            raise typer.BadParameter(f"{one!r} is no member ID: it looks like U024BE7LH.", param_hint="--person")
    people = People(db)
    teams = (team,) if team else await people.teams()
    if slack_ids and len(teams) != 1:
        why = f"Bookroom serves several workspaces ({', '.join(teams)})" if teams else "No Slack workspace is known yet"
        raise typer.BadParameter(f"{why}: say which.", param_hint="--team")
    return await people.mentioned(teams[0], slack_ids) if slack_ids else ()


def scope_facts(catalogue: Catalogue, location_id: UUID | None, room_id: UUID | None) -> dict[str, str | None]:
    """Return a scope by the names of its location and room."""
    room = catalogue.room(room_id) if room_id else None
    place = catalogue.place_of(room) if room else catalogue.location(location_id) if location_id else None
    return {"location": place.name if place else None, "room": room.name if room else None}


def rehearsal_facts(found: Rehearsed) -> Mapping[str, Any]:
    """Return a rehearsal as JSON takes it."""
    return {
        "days": found.days,
        "bookings": found.bookings,
        "refused": found.refused,
        "asked": found.asked,
        "cancellations": found.cancellations,
        "byRule": dict(found.by_rule),
        "examples": [
            {
                "booking": str(one.booking_id),
                "room": one.room.name,
                "location": one.location.name,
                "start": one.start.isoformat(),
                "minutes": one.minutes,
                "booker": one.booker,
                "rule": one.rule,
                "why": one.why,
            }
            for one in found.examples
        ],
        "people": [{"name": one.name, "slackUserId": one.slack_user_id, "refused": one.refused} for one in found.people],
    }


def rehearsal_lines(found: Rehearsed) -> list[str]:
    """Return a rehearsal as lines."""
    lines = [f"Of {found.bookings} bookings in the last {found.days} days, {found.refused} would have been refused."]
    if found.asked:
        lines.append(f"{found.asked} would have waited for approval.")
    if found.cancellations:
        lines.append(f"{found.cancellations} were called off later than that.")
    lines += [f"  {count} by {rule}" for rule, count in found.by_rule.items() if len(found.by_rule) > 1]
    for one in found.examples:
        start = one.start.astimezone(one.location.tz)
        lines.append(f"  {one.room.name}, {start:%Y-%m-%d %H:%M}, {one.booker}: {one.why}")
    if found.people:
        lines.append("Most concerned: " + ", ".join(f"{one.name} ({one.refused})" for one in found.people) + ".")
    return [*lines, "Nothing was changed."]
