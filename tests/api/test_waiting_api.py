"""Free rooms, the waiting list, approvals and proposals over the API."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from core.models import Right
from core.tokens import Scope
from tests.api.outside import Answer, Outside
from tests.core.approved import grant
from tests.handlers.firm import ANA, BEN, CHLOE, DEEPA, GUEST, new_york

TOMORROW = {"start": "2026-11-25T15:00:00Z", "end": "2026-11-25T16:00:00Z"}
SLOT = new_york(10)


@pytest.fixture
async def people(outside: Outside) -> Outside:
    """The same firm, with tokens of Chloe's and Deepa's."""
    outside.tokens["chloe"] = await outside.token(CHLOE, Scope.BOOK)
    outside.tokens["deepa"] = await outside.token(DEEPA, Scope.BOOK)
    return outside


def wish(outside: Outside, room: str = "Apollo", **more: Any) -> dict[str, Any]:
    return {**TOMORROW, "roomId": str(outside.firm.rooms[room].id), **more}


async def at_once(outside: Outside, path: str, *, by: str = "ben", json: Any = None, status: int = 200) -> Answer:
    """Send the same twenty times at once with one key, and once more; return the one answer."""
    headers = {"Idempotency-Key": str(uuid4())}

    async def send() -> Answer:
        return await outside.ask("POST", path, by=by, json=json, headers=headers)

    answers = await asyncio.gather(*(send() for _ in range(20)))
    assert {one.status for one in answers} <= {status, 503}, [one.body for one in answers]
    last = await send()
    assert last.status == status, last.body
    assert all(one.body == last.body for one in answers if one.status == status)
    return last


async def approval_needed(outside: Outside, room: str = "Apollo") -> None:
    """Let Chloe decide who has a room."""
    firm = outside.firm
    await grant(firm.db, Right.APPROVE, await firm.actor(CHLOE), room=firm.rooms[room])
    await firm.services.administration.rooms.set_policy(room_id=firm.rooms[room].id, approval=True)


# -- free rooms ----------------------------------------------------------------------------------------------------------


async def test_free_rooms_are_found_best_first_in_pages(outside: Outside):
    firm = outside.firm
    await firm.booked("Apollo", SLOT, by=ANA)
    following = await firm.booked("Corner", new_york(12), by=ANA)
    everything = await outside.ask("GET", "/availability", by="reader", params=TOMORROW)
    assert [room["name"] for room in everything.body["items"]] == ["Corner", "Kiez", "Spree", "Big Ben", "Boardroom"]
    assert everything.body["taken"] == 1
    assert everything.body["items"][0]["freeUntil"] == following.start.isoformat().replace("+00:00", "Z")
    names: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await outside.ask("GET", "/availability", params={**TOMORROW, "limit": "2", **cursor})
        names += [room["name"] for room in page.body["items"]]
        if page.body["next"] is None:
            break
        cursor = {"cursor": page.body["next"]}
    assert names == [room["name"] for room in everything.body["items"]]

    async def named(**params: Any) -> list[str]:
        found = await outside.ask("GET", "/availability", params={**TOMORROW, **params})
        return [room["name"] for room in found.body["items"]]

    new_york_id = str(firm.places["New York"].id)
    assert await named(attendeesCount=10) == ["Big Ben", "Boardroom"]
    assert await named(amenity="Projector") == ["Spree", "Boardroom"]
    assert await named(locationId=new_york_id, floor="3") == ["Big Ben"]
    two = [*TOMORROW.items(), ("amenity", "projector"), ("amenity", "catering")]
    assert [one["name"] for one in (await outside.ask("GET", "/availability", params=two)).body["items"]] == ["Boardroom"]


async def test_what_no_room_has_is_told(outside: Outside):
    for params, status, error in (
        ({"attendeesCount": "500"}, 409, "NothingFits"),
        ({"amenity": "pool"}, 409, "NothingFits"),
        ({"start": "2020-01-01T10:00:00Z", "end": "2020-01-01T11:00:00Z"}, 422, "StartInPast"),
        ({"end": TOMORROW["start"]}, 422, "EndBeforeStart"),
        ({"locationId": str(uuid4())}, 422, "LocationNotFound"),
        ({"equipment": str(uuid4())}, 422, "EquipmentNotFound"),
        ({"equipment": f"{uuid4()}:0"}, 422, "InvalidRequest"),
        ({"equipment": "beamer"}, 422, "InvalidRequest"),
        ({"cursor": "WyJhIl0"}, 400, "BadRequest"),
        ({"start": ""}, 422, "InvalidRequest"),
    ):
        answer = await outside.ask("GET", "/availability", params={**TOMORROW, **params})
        assert (answer.status, answer.body["error"]) == (status, error), (params, answer.body)


async def test_equipment_that_is_out_takes_its_rooms_along(outside: Outside):
    firm = outside.firm
    thing = await firm.services.equipments.add(firm.places["New York"].id, "Beamer", 1, by=await firm.actor(ANA))
    params = {**TOMORROW, "equipment": str(thing.id)}
    assert len((await outside.ask("GET", "/availability", params=params)).body["items"]) == 4
    await firm.booked("Apollo", SLOT, equipment=((thing.id, 1),))
    out = await outside.ask("GET", "/availability", params=params)
    assert (out.status, out.body["error"]) == (409, "EquipmentTaken")


async def test_what_can_be_had_instead_is_told_without_trying(outside: Outside):
    await outside.firm.booked("Apollo", SLOT, by=ANA, title="Salaries", private=True)
    found = await outside.ask("POST", "/availability/alternatives", by="reader", json=wish(outside))
    assert {one["kind"] for one in found.body["items"]} >= {"other_room", "other_time"}
    assert "Salaries" not in str(found.body)
    wrong = await outside.ask("POST", "/availability/alternatives", json=wish(outside, end=TOMORROW["start"]))
    assert (wrong.status, wrong.body["error"]) == (422, "EndBeforeStart")


# -- the waiting list ----------------------------------------------------------------------------------------------------


async def test_who_waits_gets_the_room_that_is_given_back(people: Outside):
    taken = await people.firm.booked("Apollo", SLOT, by=ANA)
    stood = await people.ask("POST", "/waitlist", json=wish(people, title="Design"))
    assert (stood.status, stood.body["status"]) == (201, "waiting")
    at = stood.headers["Location"].removeprefix("/api/v1")
    await people.ask("POST", "/waitlist", by="chloe", json=wish(people))
    assert (await people.ask("GET", "/me/waitlist", by="chloe")).body["items"][0]["ahead"] == 1
    early = await people.ask("POST", f"{at}/take")
    assert (early.status, early.body["error"]) == (409, "OfferGone")
    await people.ask("POST", f"/bookings/{taken.id}/cancel", by="admin", headers={"If-Match": "*"})
    offered = await people.ask("GET", at)
    assert (offered.body["status"], offered.body["offeredRoomId"]) == ("offered", str(taken.room.id))
    for path in ("", "/take", "/leave", "/decline"):
        foreign = await people.ask("GET" if not path else "POST", f"{at}{path}", by="deepa")
        assert foreign.status == (403 if path else 404), path
    booked = await at_once(people, f"{at}/take", status=201)
    assert (booked.body["title"], booked.body["booker"]["slackUserId"]) == ("Design", BEN)
    assert (await people.ask("GET", at)).body["bookingId"] == booked.body["id"]
    assert (await people.ask("GET", "/me/waitlist")).body["items"] == []


async def test_who_declines_or_leaves_lets_the_next_one_in(people: Outside):
    taken = await people.firm.booked("Apollo", SLOT, by=ANA)
    places = {
        by: (await at_once(people, "/waitlist", by=by, json=wish(people), status=201)).body["id"]
        for by in ("ben", "chloe", "deepa")
    }
    await people.ask("POST", f"/bookings/{taken.id}/cancel", by="admin", headers={"If-Match": "*"})
    declined = await at_once(people, f"/waitlist/{places['ben']}/decline")
    assert declined.body["status"] == "declined"
    assert (await people.ask("GET", f"/waitlist/{places['chloe']}", by="chloe")).body["status"] == "offered"
    left = await at_once(people, f"/waitlist/{places['chloe']}/leave", by="chloe")
    assert left.body["status"] == "left"
    assert (await people.ask("GET", f"/waitlist/{places['deepa']}", by="admin")).body["status"] == "offered"


async def test_nobody_waits_for_what_is_free_or_never_will_be(people: Outside):
    free = await people.ask("POST", "/waitlist", json=wish(people))
    assert (free.status, free.body["error"]) == (409, "AlreadyFree")
    assert free.body["alternatives"][0]["roomName"] == "Apollo"
    many = await people.ask("POST", "/waitlist", json=wish(people, attendeesCount=100))
    assert (many.status, many.body["error"]) == (422, "TooManyAttendees")
    for path in ("", "/take", "/leave", "/decline"):
        gone = await people.ask("POST" if path else "GET", f"/waitlist/{uuid4()}{path}")
        assert (gone.status, gone.body["error"]) == (404, "WaitingNotFound")


# -- approvals -----------------------------------------------------------------------------------------------------------


async def test_what_waits_is_approved_once_by_those_who_may(people: Outside):
    await approval_needed(people)
    made = await people.ask("POST", "/bookings", json=wish(people, title="Design"))
    assert made.body["status"] == "pending"
    (asked,) = (await people.ask("GET", "/approvals", by="chloe")).body["items"]
    assert asked["booking"]["id"] == made.body["id"]
    for by in ("ben", "deepa"):
        assert (await people.ask("GET", "/approvals", by=by)).body["items"] == []
        refused = await people.ask("POST", f"/approvals/{asked['id']}/approve", by=by)
        assert (refused.status, refused.body["error"]) == (403, "NotAllowed")
    own = await people.ask("GET", f"/bookings/{made.body['id']}/approval")
    assert (own.status, own.body["id"]) == (200, asked["id"])
    for path in (f"/approvals/{asked['id']}", f"/bookings/{made.body['id']}/approval"):
        assert (await people.ask("GET", path, by="deepa")).status == 403
        assert (await people.ask("GET", path, by="admin")).status == 200
    approved = await at_once(people, f"/approvals/{asked['id']}/approve", by="chloe")
    assert (approved.body["decision"], approved.body["booking"]["status"]) == ("approved", "confirmed")
    late = await people.ask("POST", f"/approvals/{asked['id']}/decline", by="admin", json={"reason": "no"})
    assert (late.status, late.body["error"]) == (409, "NotWaiting")


async def test_what_waits_is_declined_with_a_reason(people: Outside):
    await approval_needed(people)
    made = await people.ask("POST", "/bookings", json=wish(people))
    request = (await people.ask("GET", f"/bookings/{made.body['id']}/approval")).body["id"]
    declined = await at_once(people, f"/approvals/{request}/decline", by="chloe", json={"reason": "board meeting"})
    assert (declined.body["decision"], declined.body["reason"]) == ("declined", "board meeting")
    assert (await people.ask("GET", f"/bookings/{made.body['id']}")).body["status"] == "declined"
    nothing = await people.ask("GET", f"/approvals/{uuid4()}", by="chloe")
    assert (nothing.status, nothing.body["error"]) == (404, "RequestNotFound")
    free = await people.firm.booked("Corner", SLOT, by=BEN)
    assert (await people.ask("GET", f"/bookings/{free.id}/approval")).status == 404


async def test_another_room_is_suggested_and_taken(people: Outside):
    await approval_needed(people)
    made = await people.ask("POST", "/bookings", json=wish(people))
    request = (await people.ask("GET", f"/bookings/{made.body['id']}/approval")).body["id"]
    assert (await people.ask("GET", f"/approvals/{request}/alternatives")).status == 403
    offers = (await people.ask("GET", f"/approvals/{request}/alternatives", by="chloe")).body["items"]
    offer = next(one for one in offers if one["kind"] == "other_room")
    said = {name: offer[name] for name in ("roomId", "start", "end")} | {"note": "It is quieter"}
    assert (await people.ask("POST", f"/approvals/{request}/suggest", by="ben", json=said)).status == 403
    for wrong in ({"end": said["start"]}, {"start": "2026-11-01T10:00:00Z"}, {"roomId": str(uuid4())}):
        assert (await people.ask("POST", f"/approvals/{request}/suggest", by="chloe", json={**said, **wrong})).status == 422
    await at_once(people, f"/approvals/{request}/suggest", by="chloe", json=said)
    (suggested,) = (await people.ask("GET", "/me/suggestions")).body["items"]
    assert (suggested["note"], suggested["offer"]["roomId"]) == ("It is quieter", offer["roomId"])
    assert (await people.ask("GET", "/me/suggestions", by="deepa")).body["items"] == []
    foreign = await people.ask("POST", f"/suggestions/{suggested['id']}/take", by="deepa")
    assert (foreign.status, foreign.body["error"]) == (409, "NotWaiting")
    headers = {"Idempotency-Key": "take"}
    taken = await people.ask("POST", f"/suggestions/{suggested['id']}/take", headers=headers)
    assert (taken.body["roomId"], taken.body["status"]) == (offer["roomId"], "confirmed")
    again = await people.ask("POST", f"/suggestions/{suggested['id']}/take", headers=headers)
    assert (again.status, again.body) == (200, taken.body)
    assert (await people.ask("GET", "/me/suggestions")).body["items"] == []


# -- proposals -----------------------------------------------------------------------------------------------------------


async def test_whose_room_closes_takes_the_one_that_is_held(people: Outside):
    firm = people.firm
    booking = await firm.booked("Apollo", SLOT, by=BEN)
    office = firm.services.administration
    await office.closures.add(new_york(0, minutes=24 * 60), room_id=firm.rooms["Apollo"].id, reason="Painters")
    await office.rerooming.advance(firm.clock.now())
    (proposal,) = (await people.ask("GET", "/me/proposals")).body["items"]
    assert (proposal["booking"]["id"], proposal["reason"]) == (str(booking.id), "Painters")
    assert (await people.ask("GET", "/me/proposals", by="deepa")).body["items"] == []
    foreign = await people.ask("POST", f"/proposals/{proposal['id']}/accept", by="deepa")
    assert (foreign.status, foreign.body["error"]) == (403, "NotAllowed")
    moved = await at_once(people, f"/proposals/{proposal['id']}/accept")
    assert moved.body["roomId"] == proposal["roomId"]
    nothing = await people.ask("POST", f"/proposals/{uuid4()}/accept")
    assert (nothing.status, nothing.body["error"]) == (404, "ProposalNotFound")


async def test_guests_are_told_what_they_may_not_do(people: Outside):
    people.tokens["guest"] = await people.token(GUEST, Scope.BOOK)
    taken = await people.firm.booked("Apollo", SLOT, by=ANA)
    assert taken.holds_room
    for path, json in (("/bookings", wish(people, "Corner")), ("/waitlist", wish(people))):
        refused = await people.ask("POST", path, by="guest", json=json)
        assert (refused.status, refused.body["error"]) == (403, "GuestsMayNotBook"), path
