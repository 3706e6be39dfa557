"""`bookroom people`: what is kept of somebody, given out and taken out; for how long history is kept."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.answers import AsJson, answer
from bot.commands.connected import with_database

if TYPE_CHECKING:
    from uuid import UUID

    from core.db import Database
    from core.erasing import Erased, Erasing, Keeping

app = typer.Typer(help="What is kept of people, and for how long.", no_args_is_help=True)

SlackId = Annotated[str, typer.Argument(metavar="SLACK_ID", help="A member ID like U024BE7LH.")]


@app.command("export")
def export(slack_id: SlackId) -> None:
    """Print all that is kept of somebody as JSON."""

    async def work(db: Database) -> dict[str, Any]:
        return await erasing_on(db).export(await _person(db, slack_id), by=None)

    answer(with_database(work), (), as_json=True)


@app.command("erase")
def erase(
    slack_id: SlackId,
    *,
    hand_over_to: Annotated[str | None, typer.Option(metavar="SLACK_ID", help="Who takes their bookings ahead.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take somebody's name and words out of everything; their bookings ahead are cancelled, or handed over."""
    if not yes:
        typer.confirm(f"Erase everything about {slack_id}, for good?", abort=True, err=True)

    async def work(db: Database) -> Erased:
        heir = await _person(db, hand_over_to) if hand_over_to else None
        return await erasing_on(db).erase(await _person(db, slack_id), by=None, hand_over_to=heir)

    done = with_database(work)
    line = f"Erased. Bookings cancelled: {done.cancelled}, handed over: {done.handed_over}."
    answer(asdict(done), [line], as_json=as_json)


@app.command("keep")
def keep(
    *,
    archive_days: Annotated[int | None, typer.Option(help="Days until a booking that is over is archived.")] = None,
    bookings_months: Annotated[int | None, typer.Option(help="Months that archived bookings are kept; 0: for ever.")] = None,
    audit_months: Annotated[int | None, typer.Option(help="Months that the audit is kept; 0: for ever.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show for how long things are kept, or set it."""

    async def work(db: Database) -> Keeping:
        erasing = erasing_on(db)
        now = await erasing.keeping()
        wanted = replace(
            now,
            archive_days=now.archive_days if archive_days is None else archive_days,
            keep_bookings_months=now.keep_bookings_months if bookings_months is None else bookings_months or None,
            keep_audit_months=now.keep_audit_months if audit_months is None else audit_months or None,
        )
        return await erasing.keep(wanted, by=None)

    kept = with_database(work)
    lines = [
        f"{name.replace('_', ' ')}: {value if value is not None else 'for ever'}" for name, value in asdict(kept).items()
    ]
    answer(asdict(kept), lines, as_json=as_json)


def erasing_on(db: Database) -> Erasing:
    """Return what exports, erases and keeps, on a database."""
    from core.bookings import Bookings
    from core.catalogue import Catalogues
    from core.clock import SystemClock
    from core.erasing import Erasing
    from core.line import Line
    from core.search import Search

    clock, catalogues = SystemClock(), Catalogues(db)
    search = Search(db, catalogues, clock)
    return Erasing(db, catalogues, Bookings(db, catalogues, search, clock), Line(db, catalogues, search, clock), clock)


async def _person(db: Database, slack_id: str) -> UUID:
    rows = await db.read(
        lambda session: session.all(
            "SELECT id FROM people WHERE tenant_id = $1 AND slack_user_id = $2", session.tenant, slack_id
        )
    )
    if not rows:
        raise typer.BadParameter(f"Nobody with the member ID {slack_id!r} is known here.")
    if len(rows) > 1:
        raise typer.BadParameter(f"Several workspaces have somebody with the member ID {slack_id!r}.")
    found: UUID = rows[0]["id"]
    return found
