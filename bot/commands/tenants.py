"""`bookroom tenants`: who shares this installation, in which database each lives, carrying them over, erasing them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bot.commands.answers import AsJson, answer

if TYPE_CHECKING:
    from bot.config import StorageSettings
    from core.erasing import Keeping
    from core.tenant_moving import Databases
    from core.tenant_moving_file import Progress
    from core.tenants import Keeper, Tenant

T = TypeVar("T")

app = typer.Typer(
    help="The companies that share this installation: where each lives, and moving them.", no_args_is_help=True
)

Named = Annotated[str, typer.Argument(metavar="TENANT", help="A short name, a name, an id, or a Slack team's id.")]
Slug = Annotated[str | None, typer.Option("--slug", help="A short name: small letters, digits and hyphens.")]
Destination = Annotated[str | None, typer.Option("--to", metavar="DATABASE", help="A name of TENANT_DATABASES, or main.")]


@app.command("list")
def list_tenants(*, as_json: AsJson = False) -> None:
    """Show every tenant, the oldest first."""

    async def work(databases: Databases, _settings: StorageSettings) -> tuple[Tenant, ...]:
        async with _keeping(databases) as keeper:
            return await keeper.all()

    found = _done(work)
    answer([asdict(one) for one in found], [_line(one) for one in found], as_json=as_json)


@app.command("show")
def show(tenant: Named, *, as_json: AsJson = False) -> None:
    """Show a tenant and how many rows are kept of it."""
    from core.tenant_erasing import kept_of

    async def work(databases: Databases, _settings: StorageSettings) -> tuple[Tenant, dict[str, int]]:
        one = await _named(databases, tenant)
        return one, await kept_of(databases, one)

    one, rows = _done(work)
    lines = [_line(one), *(f"  {count:>10,} {name}" for name, count in rows.items())]
    answer({**asdict(one), "rows": rows}, lines, as_json=as_json)


@app.command("add")
def add(name: Annotated[str, typer.Argument(help="The company.")], slug: Slug = None, *, as_json: AsJson = False) -> None:
    """Add a tenant; `join` says which Slack teams are its own."""
    _changed(lambda keeper: keeper.add(name, slug=slug), as_json=as_json)


@app.command("rename")
def rename(
    tenant: Named,
    name: Annotated[str | None, typer.Option("--name", help="The new name.")] = None,
    slug: Slug = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Give a tenant another name or short name."""

    async def work(keeper: Keeper) -> Tenant:
        return await keeper.rename(await keeper.named(tenant), name=name, slug=slug)

    _changed(work, as_json=as_json)


@app.command("join")
def join(
    tenant: Named,
    team: Annotated[str, typer.Argument(metavar="TEAM_ID", help="A Slack team's id like T024BE7LD.")],
    *,
    enterprise: Annotated[str | None, typer.Option(metavar="E...", help="The Enterprise Grid that the team is of.")] = None,
    as_json: AsJson = False,
) -> None:
    """Let a Slack team be a tenant's: two in one building then share its rooms."""

    async def work(databases: Databases, _settings: StorageSettings) -> Tenant:
        from core.tenants import Keeper

        one = await _named(databases, tenant)
        for placement in dict.fromkeys((None, one.placement)):
            async with databases.opened(placement) as connection:
                await Keeper(connection).join(one, team, enterprise_id=enterprise)
        return await _named(databases, str(one.id))

    one = _done(work)
    answer(asdict(one), [_line(one)], as_json=as_json)


@app.command("place")
def place(tenant: Named, to: Destination, *, as_json: AsJson = False) -> None:
    """Say in which database a new tenant is to live, before there is anything of it; later it is moved."""

    async def work(databases: Databases, _settings: StorageSettings) -> Tenant:
        from core.tenant_moving import placed

        await placed(databases, await _named(databases, tenant), _placement(to))
        return await _named(databases, tenant)

    one = _done(work)
    answer(asdict(one), [_line(one)], as_json=as_json)


@app.command("export")
def export(
    tenant: Named,
    file: Annotated[Path, typer.Argument(help="What to write; as confidential as the database.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write all of a tenant into one file, as of one moment; nobody is kept from booking."""
    from core.tenant_files import save

    if file.exists() and not force:
        raise typer.BadParameter(f"{file} is there already; --force writes over it.")
    unfinished = file.with_name(f"{file.name}.unfinished")

    async def work(databases: Databases, _settings: StorageSettings) -> Any:  # noqa: ANN401 - a manifest
        with (
            _bar() as progress,
            open(os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as out,  # noqa: ASYNC230, PTH123
        ):
            return await save(databases, await _named(databases, tenant), out, progress)

    try:
        manifest = _done(work)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    tables = {name: one.rows for name, one in manifest.tables.items()}
    line = f"{manifest.name}: {manifest.rows:,} rows of {len(tables)} tables in {file}."
    answer({"tenant": manifest.tenant_id, "schema": manifest.schema, "tables": tables}, [line], as_json=as_json)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `export` has written.")],
    to: Destination = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Bring a tenant from a file; each row is read back and compared before anybody is served from it."""
    from core.tenant_files import load

    async def work(databases: Databases, _settings: StorageSettings) -> Any:  # noqa: ANN401 - a manifest
        with _bar() as progress, file.open("rb") as source:
            return await load(databases, source, _placement(to), progress)

    manifest = _done(work)
    line = f"{manifest.name}: {manifest.rows:,} rows imported and compared."
    answer({"tenant": manifest.tenant_id, "rows": manifest.rows}, [line], as_json=as_json)


@app.command("move")
def move(
    tenant: Named,
    to: Destination = None,
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a move that was interrupted.")] = False,
    abort: Annotated[bool, typer.Option("--abort", help="Give up a move that was interrupted.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Remove the rows that a move has left, for good.")] = False,
    as_json: AsJson = False,
) -> None:
    """Carry a tenant to another database: meanwhile it can only be read. The old rows stay until --forget."""
    from core.tenant_moving import Mover

    if sum((to is not None, resume, abort, forget)) != 1:
        raise typer.BadParameter("Say one of --to DATABASE, --resume, --abort and --forget.")

    async def work(databases: Databases, _settings: StorageSettings) -> str:
        one = await _named(databases, tenant)
        with _bar() as progress:
            mover = Mover(databases, progress)
            if abort:
                await mover.abort(one)
                return "Given up: everything is where it was, and can be changed again."
            if forget:
                return f"{await mover.forget(one):,} rows removed where the tenant was."
            rows = await (mover.resume(one) if resume else mover.move(one, _placement(to)))
        there = (await _named(databases, str(one.id))).placement or "main"
        return (
            f"{one.name} lives in {there}: {rows:,} rows carried and compared. The old rows are refused to writers; "
            f"when all is well, `bookroom tenants move {one.called} --forget` removes them."
        )

    try:
        said = _done(work)
    except BaseException:
        _unfinished(tenant)
        raise
    answer({"done": said}, [said], as_json=as_json)


@app.command("erase")
def erase(
    tenant: Named,
    *,
    name: Annotated[str | None, typer.Option("--name", help="The tenant's name once more, instead of typing it.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what there is, and erase nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a whole tenant, its teams and their tokens, for good; a line in the operators' log stays."""
    from core.tenant_erasing import erased, kept_of

    async def look(databases: Databases, _settings: StorageSettings) -> tuple[Tenant, dict[str, int]]:
        one = await _named(databases, tenant)
        return one, await kept_of(databases, one)

    one, rows = _done(look)
    total = sum(rows.values())
    if dry_run:
        lines = [f"Would be erased of {one.name}: {total:,} rows.", *(f"  {count:>10,} {of}" for of, count in rows.items())]
        answer({"tenant": one.id, "rows": rows, "erased": False}, lines, as_json=as_json)
        return
    typed = name or typer.prompt(f"{total:,} rows of {one.name} go for good. Type its name", err=True)
    if typed != one.name:
        raise typer.BadParameter(f"That is not the tenant's name, which is {one.name!r}: nothing was erased.")

    async def work(databases: Databases, _settings: StorageSettings) -> dict[str, int]:
        with _bar() as progress:
            return await erased(databases, one, progress)

    gone = _done(work)
    answer({"tenant": one.id, "rows": gone, "erased": True}, [f"Erased: {sum(gone.values()):,} rows."], as_json=as_json)


@app.command("retention")
def retention(
    tenant: Named,
    *,
    archive_days: Annotated[int | None, typer.Option(help="Days until a booking that is over is archived.")] = None,
    bookings_months: Annotated[int | None, typer.Option(help="Months that archived bookings are kept; 0: for ever.")] = None,
    audit_months: Annotated[int | None, typer.Option(help="Months that the audit is kept; 0: for ever.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show for how long a tenant's things are kept, or set it."""

    async def work(databases: Databases, settings: StorageSettings) -> Keeping:
        from bot.commands.people import erasing_on
        from core.db import Database

        one = await _named(databases, tenant)
        url = settings.placements[one.placement] if one.placement else settings.app_url
        db = Database(url, tenant=one.id, pool_size=1)
        try:
            erasing = erasing_on(db)
            now = await erasing.keeping()
            wanted = replace(
                now,
                archive_days=now.archive_days if archive_days is None else archive_days,
                keep_bookings_months=now.keep_bookings_months if bookings_months is None else bookings_months or None,
                keep_audit_months=now.keep_audit_months if audit_months is None else audit_months or None,
            )
            return await erasing.keep(wanted, by=None)
        finally:
            await db.close()

    kept = asdict(_done(work))
    lines = [f"{of.replace('_', ' ')}: {value if value is not None else 'for ever'}" for of, value in kept.items()]
    answer(kept, lines, as_json=as_json)


def _done(work: Callable[[Databases, StorageSettings], Awaitable[T]]) -> T:
    """Run `work` with the databases of the settings, as their owners, and return what it returns."""
    from bot import config
    from bot.trial import reachable_database
    from core.tenant_moving import Databases

    with reachable_database(config.load_storage(), join=True) as settings:

        async def connected() -> T:
            return await work(Databases(settings.owner_url, settings.owner_placements), settings)

        return asyncio.run(connected())


def _unfinished(tenant: str) -> None:
    """Say what is left to be done when a move ends in its middle; nothing where there is nothing, or nobody to ask."""

    async def look(databases: Databases, _settings: StorageSettings) -> Tenant:
        return await _named(databases, tenant)

    with suppress(Exception):
        one = _done(look)
        if one.moving in {"freezing", "copying", "switching"}:
            again = f"bookroom tenants move {one.called}"
            typer.echo(
                f"{one.name} cannot be written: `{again} --resume` goes on, `{again} --abort` gives it back.", err=True
            )


def _changed(work: Callable[[Keeper], Awaitable[Tenant]], *, as_json: bool) -> None:
    async def connected(databases: Databases, _settings: StorageSettings) -> Tenant:
        async with _keeping(databases) as keeper:
            return await work(keeper)

    one = _done(connected)
    answer(asdict(one), [_line(one)], as_json=as_json)


@asynccontextmanager
async def _keeping(databases: Databases) -> AsyncIterator[Keeper]:
    """Open the directory for as long as the block lasts."""
    from core.tenants import Keeper

    async with databases.opened(None) as main:
        yield Keeper(main)


async def _named(databases: Databases, word: str) -> Tenant:
    async with _keeping(databases) as keeper:
        return await keeper.named(word)


def _placement(word: str | None) -> str | None:
    from bot.config import MAIN

    return None if word in {None, MAIN} else word


def _line(one: Tenant) -> str:
    facts = [f"lives in {one.placement or 'main'}"]
    if one.teams:
        facts.append(f"Slack: {', '.join(one.teams)}")
    if one.closed_at:
        facts.append("closed")
    if one.moving:
        facts.append(f"move: {one.moving}")
    return f"{one.called}  {one.name}  ({'; '.join(facts)})"


@contextmanager
def _bar() -> Iterator[Progress]:
    """Draw a bar on stderr where somebody looks, anew for each step."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        steps: dict[str, Any] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in steps:
                steps[what] = bar.add_task(what.capitalize(), total=total)
            bar.update(steps[what], completed=done, total=total)

        yield progress
