"""`bookroom notices`: what an admin sees of what could not be told, and trying it again."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot import cli
from tests.bot.dispatch import Dispatch, opened
from tests.handlers import firm as firms
from tests.handlers.firm import CHANNEL


@pytest.fixture
async def dispatch(database: Any) -> AsyncIterator[Dispatch]:
    async with firms.opened(database) as firm, opened(firm) as made:
        yield made


@pytest.fixture
def bookroom(database: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("DATABASE_URL", database.app_url)

    async def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["bookroom", *words])
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(cli.main)  # it has an event loop of its own
        return int(ended.value.code or 0), capsys.readouterr().out

    return run


async def test_what_was_given_up_is_listed_with_its_reason_and_can_be_tried_again(dispatch: Dispatch, bookroom):
    sender = await dispatch.sender()
    assert await bookroom("notices") == (0, "Nothing is waiting to be sent.\nNothing was given up.\n")

    await dispatch.subscribe()
    await dispatch.booked(title="Secret plans")
    await dispatch.firm.slack.channel(CHANNEL, "archive")
    await sender.deliverer.deliver()
    code, said = await bookroom("notices", "list")
    card = await dispatch.row("cards")
    assert code == 0
    assert f"{card['id']}  " in said
    assert f"card for {CHANNEL}: the channel is archived" in said
    assert f"{CHANNEL} (T0NORTHBAY): the channel is archived" in said
    assert "Secret plans" not in said

    await dispatch.firm.slack.channel(CHANNEL, "unarchive")
    retried = await bookroom("notices", "retry")
    assert retried == (0, "1 message will be tried again; 1 subscription resumed.\n")
    await sender.deliverer.deliver()
    assert len(dispatch.posts(CHANNEL)) == 1
    (subscription,) = await dispatch.firm.services.subscriptions.all()
    assert subscription.paused is None


async def test_one_message_is_tried_again_by_its_id(dispatch: Dispatch, bookroom):
    sender = await dispatch.sender()
    await dispatch.subscribe()
    await dispatch.booked()
    await dispatch.booked("Big Ben")
    await dispatch.firm.slack.channel(CHANNEL, "archive")
    await sender.deliverer.deliver()
    first, second = await dispatch.rows("cards")
    assert (await bookroom("notices", "retry", str(second["id"])))[1].startswith("1 message will be tried again; 0 ")
    assert [card["given_up"] is None for card in await dispatch.rows("cards")] == [False, True]
    assert first["given_up"]
