"""Addresses of calendars from the command line: made, listed without themselves, renewed, revoked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bot.test_outside_commands import Run, bookroom, json_of, office
from tests.core.office import Office

__all__ = ["bookroom", "office"]


async def test_a_calendar_is_made_listed_renewed_and_revoked(
    office: Office,
    bookroom: Run,
    monkeypatch: pytest.MonkeyPatch,
):
    apollo = await office.room("Apollo")
    monkeypatch.setenv("PUBLIC_URL", "https://rooms.firm.example")
    made: dict[str, Any] = await json_of(bookroom, "calendars", "make", "--person", "U024BE7LH", "--room", str(apollo.id))
    assert made["address"].startswith("https://rooms.firm.example/calendar/")
    assert made["room_id"] == str(apollo.id)

    code, said = await bookroom("calendars", "list")
    assert (code, "Apollo" in said, "never used" in said) == (0, True, True)
    (listed,) = await json_of(bookroom, "calendars", "list", "--person", "U024BE7LH")
    assert listed["id"] == made["id"]
    assert "address" not in listed

    renewed = await json_of(bookroom, "calendars", "renew", made["id"])
    assert renewed["address"] != made["address"]

    gone = await json_of(bookroom, "calendars", "revoke", made["id"])
    assert gone["revoked_at"] is not None
    assert await json_of(bookroom, "calendars", "list") == []
    code, said = await bookroom("calendars", "renew", made["id"])
    assert (code, "revoked" in said) == (2, True)


async def test_a_room_and_a_place_are_named_by_name_or_by_id(bookroom: Run, office: Office, monkeypatch: pytest.MonkeyPatch):
    apollo = await office.room("Apollo")
    monkeypatch.setenv("PUBLIC_URL", "https://rooms.firm.example")
    made = ("calendars", "make", "--person", "U024BE7LH")
    by_name = await json_of(bookroom, *made, "--room", "apollo")
    assert by_name["room_id"] == str(apollo.id)
    assert (await json_of(bookroom, *made, "--room", str(apollo.id)))["address"] == by_name["address"]
    place = await json_of(bookroom, *made, "--location", str(apollo.location_id))
    assert (place["location_id"], place["room_id"]) == (str(apollo.location_id), None)
    code, said = await bookroom(*made, "--room", "Nowhere")
    assert (code, "There is no room 'Nowhere'" in said) == (2, True)
