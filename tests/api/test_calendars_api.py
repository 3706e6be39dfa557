"""Calendars over the API: one's own addresses, another one, an end, and nobody else's."""

from __future__ import annotations

from core.tokens import Scope
from tests.api.outside import Outside
from tests.handlers.firm import BEN, CHLOE


async def test_asking_twice_for_a_calendar_makes_one(outside: Outside):
    room = str(outside.firm.rooms["Apollo"].id)

    made = await outside.ask("POST", "/calendars", json={"roomId": room})
    again = await outside.ask("POST", "/calendars", json={"roomId": room})
    own = await outside.ask("POST", "/calendars", json={})

    assert (made.status, made.body["roomId"]) == (201, room)
    assert again.body == made.body
    listed = await outside.ask("GET", "/calendars")
    assert listed.body["items"] == [made.body, own.body]
    first = await outside.ask("GET", "/calendars?limit=1")
    second = await outside.ask("GET", f"/calendars?limit=1&cursor={first.body['next']}")
    assert first.body["items"] + second.body["items"] == [made.body, own.body]


async def test_a_renewed_address_is_another_and_a_repeated_request_is_the_same(outside: Outside):
    made = await outside.ask("POST", "/calendars", json={})
    path = f"/calendars/{made.body['id']}"

    renewed = await outside.ask("POST", f"{path}/renew", headers={"Idempotency-Key": "once"})
    again = await outside.ask("POST", f"{path}/renew", headers={"Idempotency-Key": "once"})

    assert (renewed.status, renewed.body["id"]) == (200, made.body["id"])
    assert renewed.body["address"] != made.body["address"]
    assert again.body == renewed.body
    assert (await outside.ask("GET", path)).body == renewed.body


async def test_nobody_is_told_anothers_address_and_admins_can_end_it(outside: Outside):
    made = await outside.ask("POST", "/calendars", json={})
    path = f"/calendars/{made.body['id']}"
    outside.tokens["chloe"] = await outside.token(CHLOE, Scope.BOOK)

    for by in ("chloe", "admin"):
        assert (await outside.ask("GET", path, by=by)).status == 404
        assert (await outside.ask("POST", f"{path}/renew", by=by)).status == 404
        assert (await outside.ask("GET", "/calendars", by=by)).body["items"] == []
    assert (await outside.ask("DELETE", path, by="chloe")).status == 404
    assert (await outside.ask("GET", path, by="reader")).status == 403
    assert (await outside.ask("DELETE", path, by="admin")).status == 204
    assert (await outside.ask("GET", path)).status == 404
    ben = await outside.firm.actor(BEN)
    assert await outside.firm.services.calendars.all(person_id=ben.person_id) == ()


async def test_a_calendar_of_both_a_room_and_a_place_or_of_nothing_there_is_refused(outside: Outside):
    room, place = str(outside.firm.rooms["Apollo"].id), str(outside.firm.places["Berlin"].id)

    both = await outside.ask("POST", "/calendars", json={"roomId": room, "locationId": place})
    nowhere = await outside.ask("POST", "/calendars", json={"roomId": place})

    assert (both.status, both.body["error"]) == (422, "InvalidSetting")
    assert (nowhere.status, nowhere.body["error"]) == (422, "RoomNotFound")
