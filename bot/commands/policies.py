"""`bookroom policies`: when and how long one may book, and whether one checks in; everywhere, at a location, in a room."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from bot.commands.connected import with_database
from bot.commands.scopes import (
    AsJson,
    GroupOption,
    LocationOption,
    RoomOption,
    group_of,
    ids_of,
    rehearsal_facts,
    rehearsal_lines,
    say,
    scope_facts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.audit import Entry
    from core.db import Database
    from core.rehearsal import Rehearsed
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
    "notice": "notice_minutes",
    "cancel-notice": "cancel_notice_minutes",
    "one-at-a-time": "one_at_a_time",
    "setup": "setup_minutes",
    "teardown": "teardown_minutes",
    "hide-details": "details_hidden",
    "approval": "approval",
    "approval-hours": "approval_hours",
    "holidays": "holidays_country",
    "holidays-closed": "holidays_closed",
}
_HOURS = re.compile(
    r"(?P<first>[a-z]{3})[a-z]*(?:\s*-\s*(?P<last>[a-z]{3})[a-z]*)?\s+"
    r"(?P<opens>\d{1,2}:\d{2})\s*-\s*(?P<closes>\d{1,2}:\d{2})"
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a command line says of rules: for which scope, and which."""

    location: str | None
    room: str | None
    group: str | None
    rules: Mapping[str, Any]
    as_json: bool


def _asked(
    *,
    location: LocationOption = None,
    room: RoomOption = None,
    group: GroupOption = None,
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
    notice: Annotated[
        int | None, typer.Option(metavar="MINUTES", help="How long before its start one must book; 0 by default.")
    ] = None,
    cancel_notice: Annotated[
        int | None, typer.Option(metavar="MINUTES", help="How long before its start one may cancel; 0 by default.")
    ] = None,
    one_at_a_time: Annotated[
        bool | None,
        typer.Option("--one-at-a-time/--several-at-a-time", help="Whether somebody may hold one room at a time only."),
    ] = None,
    setup: Annotated[
        int | None, typer.Option(metavar="MINUTES", help="Kept free before each meeting; 0 by default.")
    ] = None,
    teardown: Annotated[
        int | None, typer.Option(metavar="MINUTES", help="Kept free after each meeting; 0 by default.")
    ] = None,
    hide_details: Annotated[
        bool | None, typer.Option("--hide-details/--show-details", help="Whether every booking is private.")
    ] = None,
    approval: Annotated[
        bool | None, typer.Option("--approval/--no-approval", help="Whether bookings wait for approval.")
    ] = None,
    approval_hours: Annotated[
        int | None, typer.Option(metavar="HOURS", help="For how long they wait; 24 by default.")
    ] = None,
    holidays: Annotated[
        str | None, typer.Option(metavar="COUNTRY", help="Whose holidays there are, such as DE, DE-BE or US-NY.")
    ] = None,
    holidays_closed: Annotated[
        bool | None, typer.Option("--holidays-closed/--holidays-open", help="Whether holidays close; they do by default.")
    ] = None,
    clear: Annotated[list[str] | None, typer.Option(metavar="RULE", help=f"Take a rule back: {', '.join(OPTIONS)}.")] = None,
    as_json: AsJson = False,
) -> Asked:
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
        "notice_minutes": notice,
        "cancel_notice_minutes": cancel_notice,
        "one_at_a_time": one_at_a_time,
        "setup_minutes": setup,
        "teardown_minutes": teardown,
        "details_hidden": hide_details,
        "approval": approval,
        "approval_hours": approval_hours,
        "holidays_country": holidays,
        "holidays_closed": holidays_closed,
    }
    rules: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if opening is not None:
        rules["opening"] = opening_from(opening)
    if cutoff is not None:
        rules.update({"cutoff_on": False} if cutoff == "off" else {"cutoff_from": cutoff})
    rules.update(_cleared(clear or []))
    if not rules:
        raise typer.BadParameter("Name at least one rule to set; `bookroom policies set --help` shows them.")
    return Asked(location=location, room=room, group=group, rules=rules, as_json=as_json)


def _of_rules(run: Callable[[Asked], None]) -> Callable[..., None]:
    """Return a command that takes a scope and rules, and runs with what was said."""

    @wraps(_asked)
    def command(**given: Any) -> None:  # noqa: ANN401 - each option has a type of its own
        run(_asked(**given))

    command.__doc__ = run.__doc__
    return command


def _set(asked: Asked) -> None:
    """Set rules for the workspace, a location or a room, or for a group's people; those not named stay as they are."""
    from core.catalogue import Catalogues
    from core.rooms import Rooms

    async def work(db: Database) -> UUID | None:
        catalogues = Catalogues(db)
        catalogue = await catalogues.current()
        group = group_of(catalogue, asked.group)
        ids = ids_of(catalogue, location=asked.location, room=asked.room)
        return await Rooms(db, catalogues).set_policy(**ids, group_id=group.id if group else None, **_typed(asked.rules))

    change = with_database(work)
    say({"change": change}, ["Set."], as_json=asked.as_json)


def _rehearse(asked: Asked) -> None:
    """Say which of the last 90 days' bookings these rules would have refused, and change nothing."""
    from core.catalogue import Catalogues
    from core.clock import SystemClock
    from core.rehearsal import Rehearsal

    async def work(db: Database) -> Rehearsed:
        catalogues = Catalogues(db)
        catalogue = await catalogues.current()
        group = group_of(catalogue, asked.group)
        ids = ids_of(catalogue, location=asked.location, room=asked.room)
        rehearsal = Rehearsal(db, catalogues, SystemClock())
        return await rehearsal.of(_typed(asked.rules), **ids, group_id=group.id if group else None)

    found = with_database(work)
    say(rehearsal_facts(found), rehearsal_lines(found), as_json=asked.as_json)


app.command("set")(_of_rules(_set))
app.command("rehearse")(_of_rules(_rehearse))


@app.command("list")
def list_policies(*, as_json: AsJson = False) -> None:
    """Show what is set, from the widest scope to the narrowest."""
    from core.catalogue import Catalogues
    from core.policies import plain
    from core.rooms import Rooms

    async def work(db: Database) -> list[tuple[Scoped, dict[str, Any]]]:
        catalogues = Catalogues(db)
        catalogue = await catalogues.current()
        return [
            (one, scope_facts(catalogue, one.location.id if one.location else None, one.room.id if one.room else None))
            for one in await Rooms(db, catalogues).policies()
        ]

    scopes = with_database(work)
    facts = [
        {**scope, "group": one.group.name if one.group else None, "rules": {k: plain(v) for k, v in one.rules.items()}}
        for one, scope in scopes
    ]
    lines = [line for one, _ in scopes for line in (_scope_name(one), *(f"  {said}" for said in _rules_said(one.rules)))]
    say(facts, lines, as_json=as_json)


@app.command("history")
def history(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many of the latest changes.")] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """Show who changed which rules when, the latest first; their ids are what `undo` takes."""

    async def work(db: Database) -> tuple[Entry, ...]:
        return await _changes(db, limit)

    entries = with_database(work)
    facts = [
        {
            "id": str(one.id),
            "at": one.at.isoformat(),
            "by": one.actor_name,
            "surface": one.surface,
            "scope": one.name,
            "action": one.action,
            "before": one.before,
            "after": one.after,
        }
        for one in entries
    ]
    say(facts, [_change_said(one) for one in entries] or ["No rule was ever changed."], as_json=as_json)


@app.command("undo")
def undo(
    change: Annotated[UUID | None, typer.Argument(metavar="[ID]", help="Of a change; the latest by default.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Bring the rules of a change back to how they were before it; this too can be undone."""
    from core.audit import Audit
    from core.catalogue import Catalogues

    async def work(db: Database) -> UUID:
        latest = await _changes(db, 1)
        if change is None and not latest:
            raise typer.BadParameter("No rule was ever changed.")
        return await Audit(db, Catalogues(db)).undo(change or latest[0].id)

    done = with_database(work)
    say({"change": done}, ["Taken back."], as_json=as_json)


async def _changes(db: Database, limit: int) -> tuple[Entry, ...]:
    from core.audit import Audit, Filter
    from core.catalogue import Catalogues
    from core.policies import SUBJECT

    return await Audit(db, Catalogues(db)).entries(Filter(subjects=(SUBJECT,)), limit=limit)


def _change_said(one: Entry) -> str:
    what = ", ".join(f"{name} {_short(old)} -> {_short(new)}" for name, (old, new) in one.differences.items())
    return f"{one.id}  {one.at:%Y-%m-%d %H:%M} UTC  {one.actor_name}, {one.name}: {what}"


def _short(value: object) -> str:
    return "none" if value is None else str(value)


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


def _cleared(names: list[str]) -> dict[str, None]:
    unknown = [name for name in names if name not in OPTIONS]
    if unknown:
        raise typer.BadParameter(f"There is no rule {unknown[0]!r}; there are: {', '.join(OPTIONS)}.", param_hint="--clear")
    return {OPTIONS[name]: None for name in names}


def _typed(rules: Mapping[str, Any]) -> Rules:
    return rules  # type: ignore[return-value]


def _scope_name(scope: Scoped) -> str:
    place = (
        f"Room {scope.room.name}" if scope.room else f"Location {scope.location.name}" if scope.location else "Everywhere"
    )
    return f"{place}, for {scope.group.name}" if scope.group else place


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
    if isinstance(value, bool):
        return "yes" if value else "no"
    if rule == "cutoff_from":
        return f"{value:%H:%M}"
    if rule == "holidays_country":
        return str(value)
    return f"{value} {rule.rpartition('_')[2]}"
