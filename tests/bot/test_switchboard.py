"""What is heard in one process for many offices: each is told of its own, and who listens where it lives."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

import bot.offices
from bot.offices import OpenOffice, Switchboard


class Bell:
    def __init__(self) -> None:
        self.heard: list[object] = []

    def hear_ruled(self, payload: str) -> None:
        self.heard.append(payload)

    def listening(self, *, now: bool) -> None:
        self.heard.append(now)


class Line:
    """A listener's connection: there, or not."""

    def __init__(self) -> None:
        self.connected = True


def opened(line: Line) -> Any:
    rest: dict[str, Any] = dict.fromkeys(("place", "name", "office", "grants", "clients", "make_bolt", "telling"))
    bell: Any = Bell()
    there: Any = line
    return OpenOffice(bell=bell, listener=there, **rest)


@pytest.fixture
def offices(monkeypatch: pytest.MonkeyPatch) -> tuple[Switchboard, dict[UUID, Any], Line, Line]:
    monkeypatch.setattr(bot.offices, "APART_SECONDS", 0.0)
    here, there = Line(), Line()
    made = {uuid4(): opened(here), uuid4(): opened(there)}
    switchboard = Switchboard()
    switchboard.offices.update(made)
    return switchboard, made, here, there


async def test_an_office_whose_own_database_is_not_heard_is_not_told_that_it_is(offices: Any):
    switchboard, made, _, there = offices
    here, away = made.values()
    there.connected = False

    # The other database's connection is back: that says nothing of this one's.
    switchboard.listening(now=True)
    await asyncio.sleep(0.01)

    assert here.bell.heard == [True]
    assert away.bell.heard == [False]


async def test_who_is_told_late_is_told_how_it_stands_by_then(offices: Any):
    switchboard, made, here, _ = offices
    switchboard.listening(now=True)
    here.connected = False
    switchboard.listening(now=False)
    await asyncio.sleep(0.01)

    assert [one.bell.heard[-1] for one in made.values()] == [False, True]


async def test_an_admins_change_is_told_to_the_office_that_it_is_about(offices: Any):
    switchboard, made, _, _ = offices
    first, second = made
    switchboard.hear_ruled(str(second))
    switchboard.hear_ruled(str(uuid4()))
    switchboard.hear_ruled("nonsense")

    assert (made[first].bell.heard, made[second].bell.heard) == ([], [str(second)])
