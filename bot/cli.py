"""The command line. Commands import what they need when they run, so that `--help` comes at once."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands import (
    admins,
    approvals,
    audit,
    bench,
    calendars,
    closures,
    equipment,
    groups,
    holidays,
    locations,
    notices,
    people,
    policies,
    quotas,
    rights,
    rooms,
    secrets,
    sentence,
    series,
    stats,
    stress,
    tenants,
    tokens,
    webhooks,
)
from bot.commands.connected import require_schema, with_database
from bot.failures import sentence_for

if TYPE_CHECKING:
    from core.checks import Violation
    from core.db import Database

app = typer.Typer(
    name="bookroom",
    help="Book meeting rooms from Slack.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(rooms.app, name="rooms")
app.add_typer(locations.app, name="locations")
app.add_typer(locations.amenities, name="amenities")
app.add_typer(equipment.app, name="equipment")
app.add_typer(people.app, name="people")
app.add_typer(audit.app, name="audit")
app.add_typer(policies.app, name="policies")
app.add_typer(rights.app, name="rights")
app.add_typer(groups.app, name="groups")
app.add_typer(quotas.app, name="quotas")
app.add_typer(closures.app, name="closures")
app.add_typer(holidays.app, name="holidays")
app.add_typer(admins.app, name="admins")
app.add_typer(approvals.app, name="approvals")
app.add_typer(series.app, name="series")
app.add_typer(notices.app, name="notices")
app.add_typer(tokens.app, name="tokens")
app.add_typer(secrets.app, name="secrets")
app.add_typer(tenants.app, name="tenants")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(calendars.app, name="calendars")

TRIAL = (
    "No DATABASE_URL is set: using a database of our own in {folder}. "
    "That is fine for a trial; for an office, give Bookroom a PostgreSQL of yours."
)


def main() -> None:
    """Run the command line; what is expected to fail is told in one sentence, with exit code 2."""
    try:
        app()
    except Exception as error:
        told = sentence_for(error)
        if told is None:
            raise
        typer.echo(told, err=True)
        sys.exit(2)


@app.command()
def serve() -> None:
    """Run the bot with the settings of the environment or .env."""
    from bot import config, logs

    settings = config.load()
    logs.configure(settings.log_level)
    # After the settings: a wrong one should be told before the whole product is imported. What is made by then is made to
    # stay: looking for what is not needed any more would take a fifth of the time; `run` switches that on again.
    gc.disable()
    from bot.app import run
    from bot.trial import reachable_database

    if settings.database_url is None:
        typer.echo(TRIAL.format(folder=settings.bookroom_data.absolute() / "postgres"), err=True)
    with reachable_database(settings) as complete:
        run(complete)


@app.command()
def demo(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the page is served.")] = 3000,
    *,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what earlier tries have left.")] = False,
) -> None:
    """Try Bookroom in a browser, without Slack: a database, a stand-in for Slack and the bot, until Ctrl-C."""
    from bot.demo import run

    run(Path.cwd(), port=port, fresh=fresh)


@app.command()
def migrate() -> None:
    """Bring the database's tables to this version; safe to repeat, and with several at once."""
    from bot import config
    from bot.trial import reachable_database
    from migrations import head, upgrade

    with reachable_database(config.load_storage()) as settings:
        reached = upgrade(settings.owner_url)
        # Where tenants are placed, the same tables are.
        for name, url in settings.owner_placements.items():
            typer.echo(f"The database {name} is at {upgrade(url)}.")
    newer = "" if reached == head() else ", by a newer version; this one goes with it"
    typer.echo(f"The database is at {reached}{newer}.")


@app.command()
def check() -> None:
    """Look for contradictions in the database; exit code 1 when there are any."""
    from core.checks import INVARIANTS, violations

    async def work(db: Database) -> list[Violation]:
        await require_schema(db)
        return await violations(db)

    found = with_database(work)
    for violation in found:
        typer.echo(f"{violation.name}:")
        for row in violation.rows:
            typer.echo("  " + ", ".join(f"{name}={value}" for name, value in row.items()))
    if found:
        raise typer.Exit(1)
    typer.echo(f"All is well: {len(INVARIANTS)} invariants hold.")


app.command("parse")(sentence.parse)
app.command("stats")(stats.stats)
app.command("stress")(stress.stress)
# What comes behind it is read by the benchmarks themselves, `--help` too.
app.command("bench", add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
    bench.bench
)
