"""`bookroom tenants`: adding, joining, placing, saving, loading, moving and erasing tenants from the command line."""

from __future__ import annotations

import asyncio
import json
import stat
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bot import cli
from core.db import DEFAULT_TENANT
from core.tenant_moving import Databases, Mover
from core.tenants import Keeper
from tests.core.office import at, opened
from tests.core.test_roles import everywhere

Run = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def bookroom(
    database: Any, elsewhere: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Run:
    """The command line of an installation with two databases."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database.app_url)
    monkeypatch.setenv("DATABASE_OWNER_URL", database.owner_url)
    monkeypatch.setenv("TENANT_DATABASES", f"eu={elsewhere.app_url}")
    monkeypatch.setenv("TENANT_OWNER_DATABASES", f"eu={elsewhere.owner_url}")

    async def run(*words: str) -> tuple[int, str]:
        # Other commands come with their names, like rooms list.
        monkeypatch.setattr(sys, "argv", ["bookroom", *(() if words[0] == "rooms" else ("tenants",)), *words])
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(cli.main)  # it has an event loop of its own
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    return run


async def json_of(bookroom: Run, *words: str) -> Any:
    code, said = await bookroom(*words, "--json")
    assert code == 0, said
    return json.loads(said)


async def rows(url: str, sql: str, *values: object) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row.values()) for row in await connection.fetch(sql, *values)]
    finally:
        await connection.close()


async def installed(database: Any, team: str) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    try:
        await connection.execute(
            "INSERT INTO slack_bots (client_id, app_id, team_id, bot_token) VALUES ('c', 'A1', $1, 'sealed')", team
        )
        await connection.execute(
            "INSERT INTO slack_installations (client_id, app_id, team_id, user_id, bot_token)"
            " VALUES ('c', 'A1', $1, 'U1', 'sealed')",
            team,
        )
    finally:
        await connection.close()


async def test_a_tenant_is_added_joined_placed_and_kept(bookroom: Run, elsewhere: Any):
    added = await json_of(bookroom, "add", "Acme Ltd", "--slug", "acme")
    assert (added["name"], added["slug"], added["placement"]) == ("Acme Ltd", "acme", None)
    assert (await json_of(bookroom, "join", "acme", "T9", "--enterprise", "E9"))["teams"] == ["T9"]
    assert (await json_of(bookroom, "place", "T9", "--to", "eu"))["placement"] == "eu"
    assert await rows(elsewhere.superuser_url, "SELECT name FROM tenants WHERE slug = 'acme'") == [("Acme Ltd",)]

    kept = await json_of(bookroom, "retention", "acme", "--bookings-months", "24", "--archive-days", "30")
    assert kept == {"archive_days": 30, "keep_bookings_months": 24, "keep_audit_months": None}
    assert await rows(elsewhere.superuser_url, "SELECT tenant_id::text, archive_days FROM workspace") == [(added["id"], 30)]

    renamed = await json_of(bookroom, "rename", "acme", "--name", "Acme SE", "--slug", "acme-se")
    assert (renamed["name"], renamed["slug"]) == ("Acme SE", "acme-se")
    code, said = await bookroom("list")
    assert code == 0
    assert "acme-se  Acme SE  (lives in eu; Slack: T9)" in said
    assert (await json_of(bookroom, "show", "acme-se"))["rows"] == {"slack_teams": 1, "changes": 1, "workspace": 1}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "nobody"), "no tenant 'nobody'"),
        (("add", "Acme", "--slug", "Not A Slug"), "cannot be a short name"),
        (("move", "default", "--to", "mars"), "no database 'mars'"),
        (("move", "default"), "Say one of"),
        (("move", "default", "--to", "main"), "lives already"),
        (("move", "default", "--resume"), "no interrupted move"),
        (("move", "default", "--forget"), "No rows of that tenant are left"),
        (("import", "absent.zip"), "absent.zip"),
        (("erase", "default", "--name", "Default"), "nothing was erased"),
    ],
)
async def test_what_cannot_be_is_told_in_a_sentence(bookroom: Run, words: tuple[str, ...], told: str):
    code, said = await bookroom(*words)
    assert code == 2
    assert told in " ".join(said.replace("│", " ").split())
    assert "Traceback" not in said
    assert "postgresql://" not in said


async def test_a_tenant_is_moved_and_its_old_rows_forgotten(bookroom: Run, database: Any, elsewhere: Any):
    async with opened(database) as office:
        await everywhere(office)

    code, said = await bookroom("move", "default", "--to", "eu")
    assert code == 0, said
    assert "lives in eu" in said
    code, said = await bookroom("move", "default", "--to", "main")
    assert code == 2
    assert "--forget" in said
    code, said = await bookroom("move", "default", "--forget")
    assert code == 0, said
    assert "rows removed" in said
    code, said = await bookroom("rooms", "edit", "Apollo", "--capacity", "5")
    assert code == 0, said
    assert await rows(elsewhere.superuser_url, "SELECT capacity FROM rooms WHERE name = 'Apollo'") == [(5,)]
    assert await rows(database.superuser_url, "SELECT count(*) FROM bookings") == [(0,)]
    assert await rows(elsewhere.superuser_url, "SELECT count(*) FROM bookings") == [(1,)]
    log = await rows(database.superuser_url, "SELECT action FROM tenant_log ORDER BY happened_at")
    assert [action for (action,) in log] == ["placed", "move done"]


async def test_a_tenant_is_saved_erased_and_loaded_again_with_its_tokens(
    bookroom: Run, database: Any, elsewhere: Any, tmp_path: Path
):
    added = await json_of(bookroom, "add", "Acme", "--slug", "acme")
    await bookroom("join", "acme", "T9")
    await installed(database, "T9")
    await installed(database, "T1")
    async with opened(database, tenant=added["id"]) as office:
        await office.book(await office.room("Apollo"), at(9))
    file = tmp_path / "acme.zip"

    code, said = await bookroom("export", "acme", str(file))
    assert code == 0, said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["acme.zip"]  # noqa: ASYNC240 - a test may wait
    code, said = await bookroom("import", str(file))
    assert code == 2
    assert "already" in said

    shown = await json_of(bookroom, "erase", "acme", "--dry-run")
    assert not shown["erased"]
    assert shown["rows"]["bookings"] == shown["rows"]["slack_bots"] == shown["rows"]["slack_installations"] == 1
    assert (await json_of(bookroom, "show", "acme"))["rows"] == shown["rows"]
    assert (await json_of(bookroom, "erase", "acme", "--name", "Acme"))["erased"]
    assert await rows(database.superuser_url, "SELECT count(*) FROM bookings") == [(0,)]
    assert await rows(database.superuser_url, "SELECT team_id FROM slack_bots") == [("T1",)]
    assert [one["name"] for one in await json_of(bookroom, "list")] == ["default"]
    (log,) = await rows(database.superuser_url, "SELECT name, detail FROM tenant_log WHERE action = 'erased'")
    assert log[0] == "Acme"
    assert json.loads(log[1])["bookings"] == 1

    code, said = await bookroom("import", str(file), "--to", "eu")
    assert code == 0, said
    again = await json_of(bookroom, "show", "T9")
    assert (again["id"], again["placement"], again["rows"]) == (added["id"], "eu", shown["rows"])
    assert await rows(database.superuser_url, "SELECT team_id, bot_token FROM slack_bots ORDER BY 1") == [
        ("T1", "sealed"),
        ("T9", "sealed"),
    ]
    assert await rows(elsewhere.superuser_url, "SELECT count(*) FROM bookings") == [(1,)]
    assert (await bookroom("erase", "acme", "--name", "Acme"))[0] == 0
    assert await rows(elsewhere.superuser_url, "SELECT count(*) FROM tenants WHERE slug = 'acme'") == [(0,)]


async def test_a_tenant_on_the_move_is_not_erased_or_joined(bookroom: Run, database: Any, elsewhere: Any):
    databases = Databases(database.owner_url, {"eu": elsewhere.owner_url})

    def stopped(what: str, done: int, total: int) -> None:
        if what == "importing":
            raise KeyboardInterrupt

    async with opened(database):
        async with databases.opened(None) as main:
            tenant = await Keeper(main).named(str(DEFAULT_TENANT))
        with pytest.raises(KeyboardInterrupt):
            await Mover(databases, stopped).move(tenant, "eu")
    for words in (("erase", "default", "--name", "default"), ("join", "default", "T5")):
        code, said = await bookroom(*words)
        assert code == 2
        assert "being moved" in said
    code, said = await bookroom("move", "default", "--to", "eu")
    assert code == 2
    assert "cannot be written: `bookroom tenants move" in said
    assert (await bookroom("move", "default", "--abort"))[0] == 0
    assert (await bookroom("join", "default", "T5"))[0] == 0


async def test_whoever_does_not_own_the_tables_is_told_so(bookroom: Run, database: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_OWNER_URL", database.app_url)
    code, said = await bookroom("list")
    assert code == 2
    assert "DATABASE_OWNER_URL" in said
