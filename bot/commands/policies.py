"""`bookroom policies`: when and how long one may book, and whether one checks in; everywhere, at a location, in a room."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.connected import with_database

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.catalogue import Catalogue
    from core.db import Database
    from core.models import Location, Room
    from core.rooms import Rules, Scoped

app = typer.Typer(
    help="The rules of booking; a room's win over its location's, those over the workspace's.", no_args_is_help=True
)

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OPTIONS = {
    "opening": "opening",
    "shortest": "shortest_minutes",
    "longest": "longest_minutes",
    "horizon": "horizon_days",
    "cutoff": "cutoff_from",
    "guests": "guests_may_book",
    "check-in": "check_in",
    "check-in-opens": "check_in_opens_minutes",
    "grace": "check_in_grace_minutes",
    "check-in-longest": "check_in_longest_minutes",
    "check-in-notice": "check_in_notice_minutes",
}
_HOURS = re.compile(
    r"(?P<first>[a-z]{3})[a-z]*(?:\s*-\s*(?P<last>[a-z]{3})[a-z]*)?\s+"
    r"(?P<opens>\d{1,2}:\d{2})\s*-\s*(?P<closes>\d{1,2}:\d{2})"
)


@app.command("list")
def list_policies() -> None:
    """Show what is set, from the widest scope to the narrowest."""
    from core.catalogue import Catalogues
    from core.rooms import Rooms

    async def work(db: Database) -> tuple[Scoped, ...]:
        return await Rooms(db, Catalogues(db)).policies()

    for scope in with_database(work):
        typer.echo(_scope_name(scope))
        for line in _rules_said(scope.rules):
            typer.echo(f"  {line}")


@app.command("set")
def set_policy(
    *,
    location: Annotated[str | None, typer.Option(help="For this location's rooms.")] = None,
    room: Annotated[str | None, typer.Option(help="For this room; with --location where two share the name.")] = None,
    opening: Annotated[
        str | None, typer.Option(metavar="HOURS", help='Such as "mon-fri 08:00-18:00, sat 09:00-12:00"; always by default.')
    ] = None,
    shortest: Annotated[int | None, typer.Option(metavar="MINUTES", help="The shortest booking; 5 by default.")] = None,
    longest: Annotated[int | None, typer.Option(metavar="MINUTES", help="The longest booking; 720 by default.")] = None,
    horizon: Annotated[int | None, typer.Option(metavar="DAYS", help="How far ahead one may book; 365 by default.")] = None,
    cutoff: Annotated[
        str | None, typer.Option(metavar="HH:MM", help="From this hour on, today is closed; off by default.")
    ] = None,
    guests: Annotated[
        bool | None, typer.Option("--guests/--no-guests", help="Whether guests may book; not by default.")
    ] = None,
    check_in: Annotated[
        bool | None,
        typer.Option("--check-in/--no-check-in", help="Whether a room is given back when nobody checks in; not by default."),
    ] = None,
    check_in_opens: Annotated[
        int | None, typer.Option(metavar="MINUTES", help="How long before the start one may check in; 10 by default.")
    ] = None,
    grace: Annotated[
        int | None, typer.Option(metavar="MINUTES", help="How long after the start the room is kept; 10 by default.")
    ] = None,
    check_in_longest: Annotated[
        int | None, typer.Option(metavar="MINUTES", help="Longer bookings are never given back; 240 by default.")
    ] = None,
    check_in_notice: Annotated[
        int | None,
        typer.Option(metavar="MINUTES", help="Nor are those made less than this before their start; 15 by default."),
    ] = None,
    clear: Annotated[list[str] | None, typer.Option(metavar="RULE", help=f"Take a rule back: {', '.join(OPTIONS)}.")] = None,
) -> None:
    """Set rules for the workspace, a location or a room; those not named stay as they are."""
    from core.catalogue import Catalogues
    from core.rooms import Rooms

    given = {
        "shortest_minutes": shortest,
        "longest_minutes": longest,
        "horizon_days": horizon,
        "guests_may_book": guests,
        "check_in": check_in,
        "check_in_opens_minutes": check_in_opens,
        "check_in_grace_minutes": grace,
        "check_in_longest_minutes": check_in_longest,
        "check_in_notice_minutes": check_in_notice,
    }
    rules: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if opening is not None:
        rules["opening"] = opening_from(opening)
    if cutoff is not None:
        rules.update({"cutoff_on": False} if cutoff == "off" else {"cutoff_from": cutoff})
    rules.update(_cleared(clear or []))
    if not rules:
        raise typer.BadParameter("Name at least one rule to set; `bookroom policies set --help` shows them.")

    async def work(db: Database) -> None:
        catalogues = Catalogues(db)
        place, chosen = scope_of(await catalogues.current(), location=location, room=room)
        await Rooms(db, catalogues).set_policy(
            location_id=place.id if place and not chosen else None, room_id=chosen.id if chosen else None, **_typed(rules)
        )

    with_database(work)
    typer.echo("Set.")


def opening_from(words: str) -> dict[str, list[str]]:
    """Return opening hours as the core takes them, from words like "mon-fri 08:00-18:00, sat 09:00-12:00"."""
    hours: dict[str, list[str]] = {}
    for part in words.lower().split(","):
        found = _HOURS.fullmatch(part.strip())
        first, last = (found["first"], found["last"] or found["first"]) if found else ("", "")
        if not found or first not in DAYS or last not in DAYS:
            raise typer.BadParameter(
                f'{part.strip()!r} are no hours: write "mon-fri 08:00-18:00, sat 09:00-12:00".', param_hint="--opening"
            )
        start, length = DAYS.index(first), (DAYS.index(last) - DAYS.index(first)) % 7 + 1
        for offset in range(length):
            hours[DAYS[(start + offset) % 7]] = [found["opens"].zfill(5), found["closes"].zfill(5)]
    return hours


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


def _cleared(names: list[str]) -> dict[str, None]:
    unknown = [name for name in names if name not in OPTIONS]
    if unknown:
        raise typer.BadParameter(f"There is no rule {unknown[0]!r}; there are: {', '.join(OPTIONS)}.", param_hint="--clear")
    return {OPTIONS[name]: None for name in names}


def _typed(rules: dict[str, Any]) -> Rules:
    return rules  # type: ignore[return-value]


def _scope_name(scope: Scoped) -> str:
    if scope.room:
        return f"Room {scope.room.name}"
    return f"Location {scope.location.name}" if scope.location else "Everywhere"


def _rules_said(rules: Mapping[str, Any]) -> list[str]:
    """Return the rules as lines, by the names of the options that set them."""
    names = {rule: option for option, rule in OPTIONS.items()}
    lines = [f"{names[rule]}: {_value_said(rule, value)}" for rule, value in rules.items() if rule in names]
    if rules.get("cutoff_on") is False:
        lines = [line for line in lines if not line.startswith("cutoff:")] + ["cutoff: off"]
    return lines


def _value_said(rule: str, value: Any) -> str:  # noqa: ANN401 - each rule has a type of its own
    if rule == "opening":
        return ", ".join(f"{day} {'-'.join(value[day])}" for day in DAYS if value.get(day))
    if rule in {"guests_may_book", "check_in"}:
        return "yes" if value else "no"
    if rule == "cutoff_from":
        return f"{value:%H:%M}"
    return f"{value} {rule.rpartition('_')[2]}"
