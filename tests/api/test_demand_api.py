"""What programs wanted to book and could not is kept for the figures, beside the answer."""

from typing import Any

import asyncpg

from tests.api.outside import Outside
from tests.handlers.firm import ANA, new_york

THEN = {"start": "2026-11-25T15:00:00Z", "end": "2026-11-25T16:00:00Z"}


async def kept(outside: Outside) -> list[tuple[Any, ...]]:
    """Return what is kept of refused demand: where it was asked, what was missing, of how many people."""
    await outside.firm.services.asides.drain(5)
    connection = await asyncpg.connect(outside.firm.urls.superuser_url)
    try:
        rows = await connection.fetch("SELECT surface, lacking, detail, attendees_count FROM searches ORDER BY made_at, id")
    finally:
        await connection.close()
    return [tuple(row) for row in rows]


async def test_a_room_that_is_taken_is_demand_once(outside: Outside):
    await outside.firm.booked("Apollo", new_york(10), by=ANA)
    room = str(outside.firm.rooms["Apollo"].id)
    for _ in range(2):
        refused = await outside.ask("POST", "/bookings", json={**THEN, "roomId": room, "attendeesCount": 3})
        assert (refused.status, refused.body["error"]) == (409, "SlotTaken")
    assert await kept(outside) == [("api", "taken", None, 3)]


async def test_a_search_that_finds_nothing_is_demand(outside: Outside):
    await outside.firm.booked("Apollo", new_york(10), by=ANA)
    named = {**THEN, "roomId": str(outside.firm.rooms["Apollo"].id), "attendeesCount": "2"}
    assert (await outside.ask("GET", "/availability", params=named)).body["items"] == []
    assert await kept(outside) == [("api", "taken", None, 2)]
    crowd = {**THEN, "locationId": str(outside.firm.places["Berlin"].id), "attendeesCount": "900"}
    await outside.ask("GET", "/availability", params=crowd)
    assert (await kept(outside))[1:] == [("api", "seats", None, 900)]


async def test_what_was_found_or_cannot_be_meant_is_no_demand(outside: Outside):
    assert (await outside.ask("GET", "/availability", params=THEN)).body["items"]
    slip = {"start": THEN["end"], "end": THEN["start"], "roomId": str(outside.firm.rooms["Apollo"].id)}
    assert (await outside.ask("POST", "/bookings", json=slip)).status == 422
    assert (await outside.ask("GET", "/availability", params={"start": THEN["end"], "end": THEN["start"]})).status == 422
    assert await kept(outside) == []
