"""Tokens and webhooks from the command line, in lines and in JSON; secrets are shown once."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from bot import cli
from core.clock import SystemClock
from core.tokens import Scope, Tokens
from tests.core.office import Office, opened

Run = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with opened(database) as made:
        made.clock.set(datetime.now(UTC))
        await made.people.team("T1")
        yield made


@pytest.fixture
def bookroom(database: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line."""
    monkeypatch.setenv("DATABASE_URL", database.app_url)

    async def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["bookroom", *words])
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(cli.main)  # it has an event loop of its own
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    return run


async def json_of(bookroom: Run, *words: str) -> Any:
    code, said = await bookroom(*words, "--json")
    assert code == 0, said
    return json.loads(said)


async def test_a_token_is_made_shown_once_used_and_revoked(office: Office, bookroom: Run):
    made = await json_of(
        bookroom, "tokens", "make", "--person", "U024BE7LH", "--service", "door panel", "--scope", "book",
        "--expires", "2100-12-31",
    )  # fmt: skip
    assert (made["kind"], made["scopes"], made["expires_at"]) == ("service", ["book"], "2101-01-01T00:00:00+00:00")
    tokens = Tokens(office.db, SystemClock())
    bearer = await tokens.bearer(made["token"])
    assert bearer is not None
    assert bearer.token.allows(Scope.READ)
    assert bearer.person.slack_user_id == "U024BE7LH"
    await tokens.used(bearer)

    (listed,) = await json_of(bookroom, "tokens", "list")
    assert listed["id"] == made["id"]
    assert listed["last_used_at"] is not None
    assert "token" not in listed
    code, said = await bookroom("tokens", "list", "--person", "U024BE7LH")
    assert code == 0
    assert "door panel  service, acts as U024BE7LH  book, until 2101-01-01" in said
    assert made["token"] not in said

    assert (await json_of(bookroom, "tokens", "revoke", made["id"]))["revoked_at"] is not None
    assert await json_of(bookroom, "tokens", "list") == []
    assert await Tokens(office.db, SystemClock()).bearer(made["token"]) is None
    audit = await office.rows(
        "SELECT action, actor_name, c::text AS all FROM changes c WHERE subject = 'token' ORDER BY number"
    )
    assert [(row["action"], row["actor_name"]) for row in audit] == [("made", "command line"), ("revoked", "command line")]
    assert not any(made["token"] in row["all"] for row in audit)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("make", "--person", "U024BE7LH"), "Say either --name"),
        (("make", "--person", "U024BE7LH", "--name", "a", "--service", "b"), "Say either --name"),
        (("make", "--person", "nobody", "--name", "a"), "no member ID"),
        (("make", "--person", "U024BE7LH", "--name", "a", "--scope", "all"), "no scope"),
        (("make", "--person", "U024BE7LH", "--name", "a", "--expires", "soon"), "no date"),
        (("make", "--person", "U024BE7LH", "--name", "a", "--expires", "2001-01-01"), "over before it is made"),
        (("revoke", str(uuid4())), "no such token"),
    ],
)
@pytest.mark.usefixtures("office")
async def test_what_makes_no_token_is_told(bookroom: Run, words: tuple[str, ...], said: str):
    code, told = await bookroom("tokens", *words)
    assert code == 2
    assert said in " ".join(told.replace("│", " ").split())
    assert await json_of(bookroom, "tokens", "list") == []


async def test_a_webhook_is_added_changed_paused_tried_and_removed(office: Office, bookroom: Run):
    await office.room("Apollo")
    made = await json_of(
        bookroom,
        "webhooks",
        "add",
        "https://example.com/in",
        "--kind",
        "booked",
        "--room",
        "apollo",
        "--description",
        "Panel",
    )
    assert made["secret"].startswith("whsec_")
    assert (made["kinds"], made["room"], made["location"]) == (["booked"], "Apollo", None)
    code, said = await bookroom("webhooks", "list")
    assert code == 0
    assert f"{made['id']}  https://example.com/in  booked  well" in said
    assert made["secret"] not in said

    changed = await json_of(
        bookroom, "webhooks", "change", made["id"], "--everything", "--location", "Berlin", "--details", "--description", ""
    )
    assert (changed["kinds"], changed["location"], changed["room"], changed["details"]) == ([], "Berlin", None, True)
    assert (changed["url"], changed["description"]) == ("https://example.com/in", None)
    assert (await json_of(bookroom, "webhooks", "pause", made["id"]))["paused"] == "paused by an admin"
    code, said = await bookroom("webhooks", "ping", made["id"])
    assert (code, said.strip()) == (2, "This webhook is paused, and sends nothing. Resume it first.")
    assert (await json_of(bookroom, "webhooks", "resume", made["id"], "--skip"))["paused"] is None
    ping = await json_of(bookroom, "webhooks", "ping", made["id"])
    again = await json_of(bookroom, "webhooks", "replay", made["id"], ping["id"])
    assert (again["replay_of"], again["message_id"]) == (ping["id"], ping["message_id"])
    listed = await json_of(bookroom, "webhooks", "deliveries", made["id"], "--state", "due")
    assert {one["id"] for one in listed} == {ping["id"], again["id"]}
    assert (await json_of(bookroom, "webhooks", "secret", made["id"]))["secret"] != made["secret"]
    assert (await json_of(bookroom, "webhooks", "remove", made["id"]))["removed"] is True
    assert await json_of(bookroom, "webhooks", "list") == []


async def test_private_targets_are_refused_unless_they_are_allowed(
    office: Office, bookroom: Run, monkeypatch: pytest.MonkeyPatch
):
    code, said = await bookroom("webhooks", "add", "http://127.0.0.1:8080/")
    assert code == 2
    assert "WEBHOOK_PRIVATE_TARGETS" in said
    monkeypatch.setenv("WEBHOOK_PRIVATE_TARGETS", "127.0.0.1, hooks.intranet")
    assert (await json_of(bookroom, "webhooks", "add", "http://127.0.0.1:8080/"))["url"] == "http://127.0.0.1:8080/"
    assert (await json_of(bookroom, "webhooks", "add", "http://hooks.intranet/"))["url"] == "http://hooks.intranet/"
    monkeypatch.setenv("WEBHOOK_PRIVATE_TARGETS", "0x7f.1")
    code, said = await bookroom("webhooks", "list")
    assert code == 2
    assert said.startswith("WEBHOOK_PRIVATE_TARGETS is no list")
    assert await office.count("SELECT count(*) FROM webhooks") == 2


@pytest.mark.usefixtures("office")
async def test_what_there_is_none_of_is_told(bookroom: Run):
    for words, said in (
        (("add", "https://example.com/", "--kind", "eaten"), "Nothing is called"),
        (("add", "https://example.com/", "--room", "Apollo"), "no room"),
        (("pause", str(uuid4())), "no such webhook"),
        (("deliveries", str(uuid4())), "no such webhook"),
    ):
        code, told = await bookroom("webhooks", *words)
        assert code == 2
        assert said in " ".join(told.replace("│", " ").split())
