"""Rooms, locations, amenities, equipment, the audit and people from the command line, in lines and in JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot import cli
from core.models import Slot, Status
from tests.core.office import Office, opened

Run = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    """An office on the machine's own clock, as the command line has it."""
    async with opened(database) as made:
        made.clock.set(datetime.now(UTC))
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


async def test_a_workspace_is_set_up_from_nothing(office: Office, bookroom: Run):
    place = await json_of(bookroom, "locations", "add", "Paris", "Europe/Paris")
    assert (place["name"], place["zone"], place["rooms"]) == ("Paris", "Europe/Paris", 0)
    room = await json_of(bookroom, "rooms", "add", "Paris", "Seine", "8", "--amenity", "Beamer", "--floor", "2")
    assert (room["amenities"], room["floor"], room["version"]) == (["projector"], "2", 1)
    room = await json_of(bookroom, "rooms", "edit", "seine", "--capacity", "9", "--name", "Loire", "--floor", "")
    assert (room["name"], room["capacity"], room["floor"], room["version"]) == ("Loire", 9, None, 2)
    await bookroom("rooms", "add", "Paris", "Rhone", "4")
    await bookroom("rooms", "add", "Paris", "Both", "12")
    assert (await json_of(bookroom, "rooms", "parts", "Both", "Loire", "Rhone"))["parts"] == ["Loire", "Rhone"]
    assert [one["name"] for one in await json_of(bookroom, "rooms", "list")] == ["Both", "Loire", "Rhone"]
    assert (await bookroom("rooms", "export"))[1].startswith("name,capacity,location,zone,")
    await office.catalogues.current()


async def test_amenities_and_equipment(office: Office, bookroom: Run):
    await office.room("One", has=["tv"])
    await office.room("Two", has=["monitor wall", "tv"])

    assert await json_of(bookroom, "amenities", "list") == {"monitor wall": 1, "tv": 2}
    assert (await json_of(bookroom, "amenities", "merge", "tv", "monitor wall", "--into", "screen"))["rooms"] == 2
    assert await json_of(bookroom, "amenities", "rename", "screen", "display") == {"amenity": "display", "rooms": 2}
    added = await json_of(bookroom, "equipment", "add", "Berlin", "Projector on wheels", "2")
    assert (added["quantity"], added["active"]) == (2, True)
    edited = await json_of(bookroom, "equipment", "edit", "projector on wheels", "--quantity", "3", "--deactivate")
    assert (edited["quantity"], edited["active"]) == (3, False)
    assert "3 x Projector on wheels in Berlin, out of use" in (await bookroom("equipment", "list"))[1]


async def test_a_room_out_of_use_leads_to_proposals(office: Office, bookroom: Run):
    kiez, _ = await office.room("Kiez"), await office.room("Spree")
    start = (office.clock.now() + timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
    await office.book(kiez, Slot(start=start, end=start + timedelta(hours=1)))

    code, said = await bookroom("rooms", "deactivate", "Kiez")

    assert (code, said) == (0, "Kiez is out of use. Bookings ahead in it: 1.\n")
    (progress,) = await json_of(bookroom, "rooms", "proposals")
    assert (progress["waiting"], progress["nothing_free"]) == (1, 0)
    assert (await json_of(bookroom, "rooms", "activate", "Kiez"))["active"] is True


async def test_the_audit_is_listed_and_exported(office: Office, bookroom: Run):
    await bookroom("locations", "edit", "Tokyo", "--name", "Edo")

    (entry,) = await json_of(bookroom, "audit", "list", "--subject", "location")
    assert (entry["actor"], entry["surface"], entry["action"]) == ("command line", "cli", "changed")
    assert (entry["before"]["name"], entry["after"]["name"]) == ("Tokyo", "Edo")
    code, said = await bookroom("audit", "export", "--text", "edo")
    assert code == 0
    assert len(said.splitlines()) == 2
    await office.catalogues.current()


async def test_somebody_is_exported_and_erased(office: Office, bookroom: Run):
    room = await office.room("Kiez")
    start = (office.clock.now() + timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
    booking = await office.book(room, Slot(start=start, end=start + timedelta(hours=1)), title="Mine")

    code, said = await bookroom("people", "export", "Uana")
    assert code == 0
    assert [one["title"] for one in json.loads(said)["bookings"]] == ["Mine"]
    done = await json_of(bookroom, "people", "erase", "Uana", "--hand-over-to", "Ubob", "--yes")
    assert done == {"cancelled": 0, "handed_over": 1}
    after = await office.bookings.get(booking.id)
    assert (after.status, after.booker.name) == (Status.CONFIRMED, "bob")
    code, said = await bookroom("people", "export", "Uana")
    assert code == 2
    assert "Nobody with the member ID" in said
    assert (await json_of(bookroom, "people", "keep", "--audit-months", "12"))["keep_audit_months"] == 12


@pytest.mark.parametrize(
    "words",
    [
        ("rooms", "edit", "Nowhere", "--capacity", "3"),
        ("rooms", "add", "Berlin", "Kiez", "0"),
        ("rooms", "add", "Atlantis", "Kiez", "4"),
        ("locations", "add", "Berlin", "Europe/Berlin"),
        ("locations", "edit", "Tokyo", "--zone", "Tokyo"),
        ("amenities", "rename", "sauna", "spa"),
        ("equipment", "edit", "sauna", "--quantity", "3"),
        ("people", "erase", "U404", "--yes"),
    ],
)
async def test_what_cannot_be_is_one_sentence_with_exit_code_2(office: Office, bookroom: Run, words: tuple[str, ...]):
    code, said = await bookroom(*words)

    assert code == 2
    assert "Traceback" not in said
    assert await office.count("SELECT count(*) FROM changes") == 0
