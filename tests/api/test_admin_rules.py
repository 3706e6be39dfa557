"""Rules, rights, quotas, groups, closures and holidays, as admins set them over the API."""

from typing import Any
from uuid import uuid4

import pytest

from core.models import Right
from core.tokens import Scope
from tests.api.outside import Outside
from tests.handlers.firm import ANA, BEN, CHLOE, new_york

NOBODY = str(uuid4())


def room(outside: Outside, name: str) -> str:
    return str(outside.firm.rooms[name].id)


async def person(outside: Outside, user: str) -> str:
    return str((await outside.firm.actor(user)).person_id)


async def test_rules_are_rehearsed_set_in_force_and_taken_back(outside: Outside):
    await outside.firm.booked("Corner", new_york(10, minutes=120))
    change = {"roomId": room(outside, "Corner"), "rules": {"longestMinutes": 60, "opening": {"mon": ["08:00", "18:00"]}}}
    tried = await outside.ask("POST", "/policies/rehearse", by="admin", json=change)
    assert (tried.status, tried.body["days"]) == (200, 90)
    assert (await outside.ask("GET", "/policies", by="admin")).body == {"items": []}
    done = await outside.ask("PATCH", "/policies", by="admin", json=change)
    assert done.body["rules"]["longestMinutes"] == 60
    path = f"/rooms/{room(outside, 'Corner')}/policy"
    held = await outside.ask("GET", path)
    assert (held.body["longestMinutes"], held.body["opening"]) == (60, {"mon": ["08:00", "18:00"]})
    undone = await outside.ask("POST", f"/audit/{done.body['changeId']}/undo", by="admin")
    assert undone.status == 200
    assert (await outside.ask("GET", path)).body["longestMinutes"] == 720
    again = await outside.ask("POST", f"/audit/{done.body['changeId']}/undo", by="admin")
    assert (again.status, again.body["error"]) == (409, "NothingToUndo")


async def test_null_takes_one_rule_back_and_leaves_the_others(outside: Outside):
    await outside.ask("PATCH", "/policies", by="admin", json={"rules": {"longestMinutes": 60, "horizonDays": 30}})
    done = await outside.ask("PATCH", "/policies", by="admin", json={"rules": {"longestMinutes": None}})
    assert (done.body["rules"]["longestMinutes"], done.body["rules"]["horizonDays"]) == (None, 30)


@pytest.mark.parametrize(
    "rules",
    [
        {"longestMinutes": "60"},
        {"longestMinutes": 0},
        {"opening": {"mon": ["18:00", "08:00"]}},
        {"opening": {"someday": ["08:00", "18:00"]}},
        {"opening": {"mon": ["08:00"]}},
        {"cutoffFrom": "25:00"},
        {"holidaysCountry": "Atlantis"},
        {"shortestMinutes": 90, "longestMinutes": 30},
        {"sun": True},
    ],
)
async def test_rules_that_cannot_be_meant_are_refused(outside: Outside, rules: dict[str, Any]):
    refused = await outside.ask("PATCH", "/policies", by="admin", json={"rules": rules})
    assert refused.status == 422, refused.body
    assert refused.body["validationErrors"]
    assert (await outside.ask("GET", "/policies", by="admin")).body == {"items": []}


async def test_rules_of_what_does_not_exist_are_refused(outside: Outside):
    both = {"roomId": room(outside, "Corner"), "locationId": str(outside.firm.places["Berlin"].id)}
    for scope in ({"roomId": NOBODY}, {"locationId": NOBODY}, {"groupId": NOBODY}, both):
        for method, path in (("PATCH", "/policies"), ("POST", "/policies/rehearse")):
            refused = await outside.ask(method, path, by="admin", json={**scope, "rules": {"horizonDays": 30}})
            assert refused.status == 422, (scope, refused.body)


async def test_rights_are_rehearsed_given_and_taken(outside: Outside):
    chloe = await person(outside, CHLOE)
    new = {"right": "book", "roomId": room(outside, "Corner"), "personId": chloe}
    tried = await outside.ask("POST", "/rights/rehearse", by="admin", json={"give": [new]})
    assert tried.body["refused"] == 0
    given = await outside.ask("POST", "/rights", by="admin", json=new, headers={"Idempotency-Key": "give"})
    again = await outside.ask("POST", "/rights", by="admin", json=new)
    assert given.body == again.body
    (one,) = (await outside.ask("GET", "/rights", by="admin", params={"personId": chloe})).body["items"]
    assert (one["right"], one["scope"]) == ("book", "Corner")
    wish = {"roomId": room(outside, "Corner"), "start": "2026-11-25T15:00:00Z", "end": "2026-11-25T16:00:00Z"}
    assert (await outside.ask("POST", "/bookings", json=wish)).body["error"] == "MayNotBook"
    path = f"/rights/{given.body['id']}"
    assert (await outside.ask("DELETE", path, by="admin")).status == 204
    assert (await outside.ask("DELETE", path, by="admin")).status == 404
    assert (await outside.ask("POST", "/bookings", json=wish)).status == 201


@pytest.mark.parametrize(
    "wrong",
    [
        {"right": "rule"},
        {"right": "approve"},
        {"right": "book", "personId": NOBODY},
        {"right": "book", "groupId": NOBODY},
        {"right": "book", "roomId": NOBODY},
    ],
)
async def test_rights_that_cannot_be_given_are_refused(outside: Outside, wrong: dict[str, Any]):
    assert (await outside.ask("POST", "/rights", by="admin", json=wrong)).status == 422


async def test_a_quota_is_rehearsed_set_kept_and_removed(outside: Outside):
    new = {"measure": "count", "period": "week", "most": 1}
    assert (await outside.ask("POST", "/quotas/rehearse", by="admin", json=new)).status == 200
    first = await outside.ask("POST", "/quotas", by="admin", json={**new, "most": 5})
    second = await outside.ask("POST", "/quotas", by="admin", json=new)
    assert first.body == second.body
    (one,) = (await outside.ask("GET", "/quotas", by="admin")).body["items"]
    assert one["said"] == "1 booking a week, everybody"
    wish = {"roomId": room(outside, "Corner"), "start": "2026-11-25T15:00:00Z", "end": "2026-11-25T16:00:00Z"}
    assert (await outside.ask("POST", "/bookings", json=wish)).status == 201
    over = await outside.ask("POST", "/bookings", json={**wish, "roomId": room(outside, "Apollo")})
    assert (over.status, over.body["error"]) == (409, "QuotaReached")
    assert (await outside.ask("DELETE", f"/quotas/{one['id']}", by="admin")).status == 204
    assert (await outside.ask("DELETE", f"/quotas/{one['id']}", by="admin")).status == 404
    for wrong in (
        {**new, "together": True},
        {**new, "most": 999_999},
        {**new, "groupId": NOBODY},
        {**new, "period": "year"},
    ):
        assert (await outside.ask("POST", "/quotas", by="admin", json=wrong)).status == 422


async def test_a_group_is_made_filled_renamed_and_removed(outside: Outside):
    ben, chloe = await person(outside, BEN), await person(outside, CHLOE)
    new = {"name": "<Design> & *Sales*", "personIds": [ben]}
    made = await outside.ask("POST", "/groups", by="admin", json=new, headers={"Idempotency-Key": "group"})
    again = await outside.ask("POST", "/groups", by="admin", json=new, headers={"Idempotency-Key": "group"})
    assert (made.status, made.body["people"], again.body) == (201, 1, made.body)
    path = f"/groups/{made.body['id']}"
    assert (await outside.ask("PUT", f"{path}/members/{chloe}", by="admin")).body["people"] == 2
    assert (await outside.ask("PUT", f"{path}/members/{chloe}", by="admin")).body["people"] == 2
    members = await outside.ask("GET", f"{path}/members", by="admin")
    assert {one["personId"] for one in members.body["items"]} == {ben, chloe}
    assert (await outside.ask("DELETE", f"{path}/members/{chloe}", by="admin")).status == 204
    assert (await outside.ask("DELETE", f"{path}/members/{chloe}", by="admin")).status == 404
    assert (await outside.ask("PUT", f"{path}/members/{NOBODY}", by="admin")).status == 404
    assert (await outside.ask("PATCH", path, by="admin", json={"name": "Sales"})).body["name"] == "Sales"
    taken = await outside.ask("POST", "/groups", by="admin", json={"name": "sales"})
    assert taken.status == 422
    assert (await outside.ask("POST", "/groups", by="admin", json={"name": "X", "personIds": [NOBODY]})).status == 422
    assert (await outside.ask("DELETE", path, by="admin")).status == 204
    for method in ("GET", "DELETE"):
        assert (await outside.ask(method, path, by="admin")).status == 404


async def test_a_closure_is_previewed_made_and_lifted(outside: Outside):
    booked = await outside.firm.booked("Apollo", new_york(10), attendees_count=6)
    new = {
        "roomId": room(outside, "Apollo"),
        "start": "2026-11-25T14:00:00Z",
        "end": "2026-11-25T20:00:00Z",
        "reason": "Painting <b>",
    }
    plan = await outside.ask("POST", "/closures/preview", by="admin", json=new)
    assert [(one["booking"]["id"], one["roomName"]) for one in plan.body["items"]] == [(str(booked.id), "Big Ben")]
    headers = {"Idempotency-Key": "close"}
    made = await outside.ask("POST", "/closures", by="admin", json=new, headers=headers)
    again = await outside.ask("POST", "/closures", by="admin", json=new, headers=headers)
    assert (made.status, again.body) == (201, made.body)
    assert made.body["closure"]["reason"] == "Painting <b>"
    assert [one["id"] for one in made.body["affected"]] == [str(booked.id)]
    listed = await outside.ask("GET", "/closures", by="admin")
    assert [one["id"] for one in listed.body["items"]] == [made.body["closure"]["id"]]
    path = made.headers["Location"].removeprefix("/api/v1")
    assert (await outside.ask("GET", path, by="admin")).body["closure"] == made.body["closure"]
    wish = {"roomId": room(outside, "Apollo"), "start": "2026-11-25T18:00:00Z", "end": "2026-11-25T19:00:00Z"}
    assert (await outside.ask("POST", "/bookings", json=wish)).body["error"] == "RoomClosed"
    assert (await outside.ask("DELETE", path, by="admin")).status == 204
    assert (await outside.ask("POST", "/bookings", json=wish)).status == 201
    assert (await outside.ask("DELETE", f"/closures/{NOBODY}", by="admin")).status == 404


async def test_managers_close_their_room_alone(outside: Outside):
    granting = outside.firm.services.administration.granting
    ben = await outside.firm.actor(BEN)
    await granting.give(Right.MANAGE, room_id=outside.firm.rooms["Corner"].id, person_id=ben.person_id)
    outside.tokens["manager"] = await outside.token(BEN, Scope.ADMIN)
    new = {"start": "2026-11-25T14:00:00Z", "end": "2026-11-25T20:00:00Z"}
    mine = await outside.ask("POST", "/closures", by="manager", json={**new, "roomId": room(outside, "Corner")})
    assert mine.status == 201
    await outside.ask("POST", "/closures", by="admin", json={**new, "roomId": room(outside, "Apollo")})
    for scope in ({"roomId": room(outside, "Apollo")}, {}):
        assert (await outside.ask("POST", "/closures", by="manager", json={**new, **scope})).status == 403
    listed = await outside.ask("GET", "/closures", by="manager")
    assert [one["scope"] for one in listed.body["items"]] == ["Corner"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"end": "2026-11-25T13:00:00Z"},
        {"start": "2026-11-20T10:00:00Z", "end": "2026-11-20T11:00:00Z"},
        {"roomId": NOBODY},
        {"allowedPersonIds": [NOBODY]},
        {"allowedGroupIds": [NOBODY]},
        {"reason": "x" * 201},
    ],
)
async def test_closures_that_cannot_be_meant_are_refused(outside: Outside, wrong: dict[str, Any]):
    new = {"start": "2026-11-25T14:00:00Z", "end": "2026-11-25T20:00:00Z", **wrong}
    for path in ("/closures", "/closures/preview"):
        assert (await outside.ask("POST", path, by="admin", json=new)).status == 422


async def test_holidays_are_the_countrys_with_days_of_ones_own(outside: Outside):
    place = str(outside.firm.places["Berlin"].id)
    path = f"/locations/{place}/holidays"
    await outside.ask("PATCH", "/policies", by="admin", json={"locationId": place, "rules": {"holidaysCountry": "DE"}})
    listed = await outside.ask("GET", path, params={"year": "2026"})
    assert {"day": "2026-12-25", "name": "Christmas Day", "closed": True, "own": False} in listed.body["items"]
    own = await outside.ask("PUT", f"{path}/2026-12-24", by="admin", json={"name": "Founders' day"})
    assert (own.body["closed"], own.body["own"]) == (True, True)
    work = await outside.ask("PUT", f"{path}/2026-12-25", by="admin", json={"closed": False})
    assert (work.body["closed"], work.body["name"]) == (False, "Christmas Day")
    assert (await outside.ask("DELETE", f"{path}/2026-12-24", by="admin")).status == 204
    assert (await outside.ask("DELETE", f"{path}/2026-12-24", by="admin")).status == 404
    assert (await outside.ask("PUT", f"{path}/2026-12-23", by="admin", json={"closed": False})).status == 422
    assert (await outside.ask("PUT", f"{path}/tomorrow", by="admin", json={"name": "x"})).status == 404
    assert (await outside.ask("GET", f"/locations/{NOBODY}/holidays")).status == 404


async def test_what_admins_set_is_for_admins(outside: Outside):
    outside.tokens["ben, as admin"] = await outside.token(BEN, Scope.ADMIN)
    outside.tokens["ana, to book"] = await outside.token(ANA, Scope.BOOK)
    for by in ("ben", "ben, as admin", "ana, to book"):
        for path in (
            "/policies",
            "/rights",
            "/quotas",
            "/groups",
            "/people",
            "/admins",
            "/audit",
            "/subscriptions",
            "/notices",
        ):
            assert (await outside.ask("GET", path, by=by)).status == 403, (by, path)
        refused = await outside.ask("PATCH", "/policies", by=by, json={"rules": {"horizonDays": 30}})
        assert refused.status == 403
