"""`bookroom tokens`: what programs come with when they use the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from bot.commands.admins import TeamOption, _checked, _team
from bot.commands.answers import AsJson, answer
from bot.commands.connected import require_schema, with_database

if TYPE_CHECKING:
    from core.clock import Clock
    from core.db import Database
    from core.people import People
    from core.tokens import Token

app = typer.Typer(help="What programs come with when they use the HTTP API.", no_args_is_help=True)

SCOPES = ("read", "book", "admin")


@app.command("list")
def list_tokens(
    *,
    person: Annotated[str | None, typer.Option("--person", metavar="SLACK_ID", help="Those that act as somebody.")] = None,
    team: TeamOption = None,
    as_json: AsJson = False,
) -> None:
    """Show the tokens that were not revoked, with the ids that `revoke` takes."""
    from core.people import People
    from core.tokens import Tokens

    async def work(db: Database) -> None:
        await require_schema(db)
        whose = await _person(People(db), person, team) if person else None
        known = await Tokens(db, _clock()).all(person_id=whose)
        lines = [line(one) for one in known] or ["There are no tokens; `bookroom tokens make` makes one."]
        answer([facts(one) for one in known], lines, as_json=as_json)

    with_database(work)


@app.command("make")
def make_token(
    *,
    person: Annotated[str, typer.Option("--person", metavar="SLACK_ID", help="As whom it acts, and who answers for it.")],
    name: Annotated[str | None, typer.Option("--name", help="What it is for, such as “laptop”.")] = None,
    service: Annotated[
        str | None, typer.Option("--service", metavar="NAME", help="It is a program's of this name, not the person's own.")
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help=f"What it is good for: {', '.join(SCOPES)}; each includes the former."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="DATE", help="Its last day, such as 2027-06-30; without, it has none.")
    ] = None,
    team: TeamOption = None,
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, this once: only a digest of it is kept."""
    from core.people import People
    from core.tokens import Scope, TokenKind, Tokens

    wanted = scope or ["read"]
    if unknown := sorted(set(wanted) - set(SCOPES)):
        raise typer.BadParameter(f"There is no scope {unknown[0]!r}; there are: {', '.join(SCOPES)}.", param_hint="--scope")
    if (name is None) == (service is None):
        raise typer.BadParameter("Say either --name for a token of the person's own, or --service for a program's.")
    over = _end_of(expires) if expires else None

    async def work(db: Database) -> None:
        await require_schema(db)
        token, secret = await Tokens(db, _clock()).make(
            await _person(People(db), person, team),
            name=name or service or "",
            scopes=[Scope(one) for one in wanted],
            kind=TokenKind.SERVICE if service else TokenKind.PERSONAL,
            expires_at=over,
        )
        lines = [secret, "Keep it now: it is shown this once."]
        answer({**facts(token), "token": secret}, lines, as_json=as_json)

    with_database(work)


@app.command("revoke")
def revoke_token(
    token: Annotated[UUID, typer.Argument(metavar="ID", help="Of a token; `bookroom tokens list` shows it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """End a token; running bots take it for a few seconds more."""
    from core.tokens import Tokens

    async def work(db: Database) -> None:
        await require_schema(db)
        gone = await Tokens(db, _clock()).revoke(token)
        answer(facts(gone), [f"Revoked: {gone.name}."], as_json=as_json)

    with_database(work)


def facts(one: Token) -> dict[str, Any]:
    """Return a token as JSON has it, without itself."""
    return {
        "id": one.id,
        "name": one.name,
        "kind": one.kind.value,
        "person": one.person_name,
        "scopes": [scope for scope in SCOPES if scope in {held.value for held in one.scopes}],
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "last_used_at": one.last_used_at,
        "revoked_at": one.revoked_at,
    }


def line(one: Token) -> str:
    """Return a token as a line."""
    scopes = ", ".join(facts(one)["scopes"])
    used = f"used {one.last_used_at:%Y-%m-%d %H:%M} UTC" if one.last_used_at else "never used"
    over = f", until {one.expires_at:%Y-%m-%d %H:%M} UTC" if one.expires_at else ""
    return f"{one.id}  {one.name}  {one.kind.value}, acts as {one.person_name}  {scopes}{over}  {used}"


def _clock() -> Clock:
    from core.clock import SystemClock

    return SystemClock()


async def _person(people: People, slack_id: str, team: str | None) -> UUID:
    (person_id,) = await people.mentioned(await _team(people, team), [_checked(slack_id)])
    return person_id


def _end_of(day: str) -> datetime:
    """Return the end of a day in UTC; a usage error for what is none."""
    from datetime import date, time, timedelta

    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), tzinfo=UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{day!r} is no date: write it like 2027-06-30.", param_hint="--expires") from None
