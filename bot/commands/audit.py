"""`bookroom audit`: who did what, when, before and after; rules taken back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from bot.commands.answers import AsJson, answer
from bot.commands.connected import with_database

if TYPE_CHECKING:
    from core.audit import Audit, Entry, Filter
    from core.db import Database

app = typer.Typer(help="Who did what, when, before and after.", no_args_is_help=True)

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="In UTC.")]
Text = Annotated[str | None, typer.Option(help="What stands in a name, an action or a reason.")]
Subjects = Annotated[list[str] | None, typer.Option("--subject", help="booking, room, policy, closure, person …")]
ChangeId = Annotated[UUID, typer.Argument(metavar="ID", help="Of a change of rules.")]
Surfaces = Annotated[list[str] | None, typer.Option("--surface", help="slack, cli, clock, api.")]


@app.command("list")
def list_entries(
    *,
    since: Day = None,
    until: Day = None,
    text: Text = None,
    subject: Subjects = None,
    surface: Surfaces = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show what was done, the latest first."""
    wanted = _filter(since, until, text, subject, surface)

    async def work(db: Database) -> tuple[Entry, ...]:
        return await _audit(db).entries(wanted, limit=limit)

    found = with_database(work)
    answer([_facts(one) for one in found], [_line(one) for one in found] or ["Nothing was done."], as_json=as_json)


@app.command("export")
def export(
    *, since: Day = None, until: Day = None, text: Text = None, subject: Subjects = None, surface: Surfaces = None
) -> None:
    """Print what was done as CSV."""
    wanted = _filter(since, until, text, subject, surface)

    async def work(db: Database) -> str:
        return await _audit(db).export(wanted)

    typer.echo(with_database(work), nl=False)


@app.command("undo")
def undo(
    change: Annotated[UUID, typer.Argument(metavar="ID", help="Of a change of rules.")], *, as_json: AsJson = False
) -> None:
    """Take a change of rules back."""

    async def work(db: Database) -> UUID:
        return await _audit(db).undo(change)

    answer({"undone": change, "by": with_database(work)}, ["The rule is as it was before."], as_json=as_json)


def _audit(db: Database) -> Audit:
    from core.audit import Audit
    from core.catalogue import Catalogues

    return Audit(db, Catalogues(db))


def _filter(
    since: datetime | None, until: datetime | None, text: str | None, subject: list[str] | None, surface: list[str] | None
) -> Filter:
    from core.audit import Filter

    return Filter(
        since=since.replace(tzinfo=UTC) if since else None,
        until=until.replace(tzinfo=UTC) if until else None,
        text=text,
        subjects=tuple(subject) if subject else None,
        surfaces=tuple(surface) if surface else None,
    )


def _facts(one: Entry) -> dict[str, Any]:
    return {
        "id": one.id,
        "at": one.at,
        "actor": one.actor_name,
        "surface": one.surface,
        "action": one.action,
        "subject": one.subject,
        "name": one.name,
        "before": one.before,
        "after": one.after,
        "reason": one.reason,
    }


def _line(one: Entry) -> str:
    name = f" {one.name}" if one.name else ""
    changed = ", ".join(one.differences) if one.before and one.after else ""
    return f"{one.at:%Y-%m-%d %H:%M} {one.actor_name} ({one.surface}): {one.action} {one.subject}{name}" + (
        f" [{changed}]" if changed else ""
    )
