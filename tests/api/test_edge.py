"""What every request of the API goes through: tokens, bodies, conditions, keys, limits."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from core.tokens import Scope
from handlers.api.limiting import Limits
from tests.api.outside import Outside, opened
from tests.handlers.firm import BEN, GUEST

TOMORROW = {"start": "2026-11-25T15:00:00Z", "end": "2026-11-25T16:00:00Z"}


def wish(outside: Outside, room: str = "Apollo", **more: Any) -> dict[str, Any]:
    return {**TOMORROW, "roomId": str(outside.firm.rooms[room].id), **more}


async def test_a_room_is_booked_looked_at_changed_and_cancelled(outside: Outside):
    made = await outside.ask("POST", "/bookings", json=wish(outside, title="Design", attendeesCount=3))
    assert made.status == 201, made.body
    at = made.headers["Location"].removeprefix("/api/v1")
    assert made.body["title"] == "Design"
    assert made.body["booker"]["slackUserId"] == "U0BEN"

    seen = await outside.ask("GET", at)
    assert seen.body == made.body
    assert seen.etag == made.etag

    changed = await outside.ask("PATCH", at, json={"title": "Review"}, headers={"If-Match": seen.etag})
    assert changed.status == 200
    assert changed.body["title"] == "Review"
    assert changed.body["version"] == 2

    stale = await outside.ask("PATCH", at, json={"title": "Late"}, headers={"If-Match": seen.etag})
    assert stale.status == 412
    assert stale.body["error"] == "StaleBooking"
    assert stale.body["current"] == 2

    gone = await outside.ask("POST", f"{at}/cancel", headers={"If-Match": "*"})
    assert gone.status == 200
    assert gone.body["status"] == "cancelled"


async def test_a_refusal_says_what_can_be_had_instead(outside: Outside):
    await outside.ask("POST", "/bookings", json=wish(outside))
    refused = await outside.ask("POST", "/bookings", json=wish(outside))
    assert refused.status == 409
    assert refused.body["error"] == "SlotTaken"
    assert {one["kind"] for one in refused.body["alternatives"]} >= {"other_room"}


@pytest.mark.parametrize(
    ("sent", "status", "error"),
    [
        ({"data": "{", "headers": {"Content-Type": "application/json"}}, 400, "BadRequest"),
        ({"data": b"\xff\xfe", "headers": {"Content-Type": "application/json"}}, 400, "BadRequest"),
        ({"data": b'{"title": "\xff"}', "headers": {"Content-Type": "application/json"}}, 400, "BadRequest"),
        ({"data": "[" * 100_000, "headers": {"Content-Type": "application/json"}}, 400, "BadRequest"),
        ({}, 400, "BadRequest"),
        ({"data": "{}", "headers": {"Content-Type": "text/plain"}}, 415, "UnsupportedMediaType"),
        ({"data": " " * 300_000, "headers": {"Content-Type": "application/json"}}, 413, "BodyTooLarge"),
        (
            {
                "data": '{"start": "2026-11-25T15:00:00Z", "end": "2026-11-25T16:00:00Z", "end": "2026-11-25T17:00:00Z"}',
                "headers": {"Content-Type": "application/json"},
            },
            400,
            "BadRequest",
        ),
        ({"json": []}, 422, "InvalidRequest"),
        ({"json": {}}, 422, "InvalidRequest"),
        ({"json": {**TOMORROW, "colour": "red"}}, 422, "InvalidRequest"),
        ({"json": {**TOMORROW, "attendeesCount": "6"}}, 422, "InvalidRequest"),
        ({"json": {**TOMORROW, "title": "a\u0000b"}}, 422, "InvalidRequest"),
        ({"json": {**TOMORROW, "start": "2026-11-25T15:00:00"}}, 422, "InvalidRequest"),
        ({"json": {**TOMORROW, "start": 1}}, 422, "InvalidRequest"),
        ({"json": {**TOMORROW, "end": "9999-12-31T23:59:59-23:00"}}, 422, "InvalidRequest"),
        ({"json": {**TOMORROW, "roomId": str(uuid4())}}, 422, "RoomNotFound"),
        ({"json": {**TOMORROW, "end": "2026-11-25T14:00:00Z"}}, 422, "EndBeforeStart"),
    ],
)
async def test_what_cannot_be_meant_is_told_by_field_or_as_a_whole(
    outside: Outside, sent: dict[str, Any], status: int, error: str
):
    answer = await outside.ask("POST", "/bookings", **sent)
    assert (answer.status, answer.body["error"]) == (status, error), answer.body
    assert set(answer.body) >= {"error", "message", "validationErrors"}
    assert (answer.body["validationErrors"] is not None) == (status == 422)


async def test_who_has_no_token_or_a_bad_one_is_told_so(outside: Outside):
    for headers in (
        {},
        {"Authorization": "Bearer bkr_nothing"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer"},
    ):
        answer = await outside.ask("GET", "/rooms", by=None, headers=headers)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_token_is_good_for_its_scopes_alone(outside: Outside):
    assert (await outside.ask("GET", "/rooms", by="reader")).status == 200
    refused = await outside.ask("POST", "/bookings", by="reader", json=wish(outside))
    assert (refused.status, refused.body["error"]) == (403, "Forbidden")
    new = {"locationId": str(outside.firm.places["Berlin"].id), "name": "Havel", "capacity": 4}
    assert (await outside.ask("POST", "/rooms", by="ben", json=new)).status == 403
    outside.tokens["ben, as admin"] = await outside.token("U0BEN", Scope.ADMIN)
    assert (await outside.ask("POST", "/rooms", by="ben, as admin", json=new)).status == 403
    assert (await outside.ask("POST", "/rooms", by="admin", json=new)).status == 201


async def test_a_revoked_token_is_of_no_use(outside: Outside):
    services = outside.firm.services
    ben = await outside.firm.actor(BEN)
    token = next(one for one in await services.tokens.all(person_id=ben.person_id) if Scope.BOOK in one.scopes)
    await services.tokens.revoke(token.id)
    assert (await outside.ask("GET", "/rooms")).status == 401


async def test_an_admin_acts_for_somebody_else(outside: Outside):
    guest = await outside.firm.actor(GUEST)
    headers = {"Bookroom-Person": str(guest.person_id)}
    refused = await outside.ask("POST", "/bookings", by="admin", json=wish(outside), headers=headers)
    assert (refused.status, refused.body["error"]) == (403, "GuestsMayNotBook")
    assert (await outside.ask("POST", "/bookings", by="ben", json=wish(outside), headers=headers)).status == 403


async def test_the_same_request_with_a_key_is_done_once(outside: Outside):
    headers = {"Idempotency-Key": "one"}
    first = await outside.ask("POST", "/bookings", json=wish(outside), headers=headers)
    again = await outside.ask("POST", "/bookings", json=wish(outside), headers=headers)
    assert (again.status, again.body) == (first.status, first.body)
    other = await outside.ask("POST", "/bookings", json=wish(outside, "Corner"), headers=headers)
    assert (other.status, other.body["error"]) == (422, "RequestKeyReused")


async def test_what_has_no_key_in_the_core_is_done_once_as_well(outside: Outside):
    new = {"locationId": str(outside.firm.places["Berlin"].id), "name": "Havel", "capacity": 4}
    headers = {"Idempotency-Key": "one"}
    answers = await asyncio.gather(
        *(outside.ask("POST", "/rooms", by="admin", json=new, headers=headers) for _ in range(10))
    )
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["id"] for answer in answers}) == 1
    other = await outside.ask("POST", "/rooms", by="admin", json={**new, "capacity": 5}, headers=headers)
    assert (other.status, other.body["error"]) == (422, "RequestKeyReused")


async def test_what_the_asker_has_already_is_not_sent_again(outside: Outside):
    rooms = await outside.ask("GET", "/rooms")
    had = await outside.ask("GET", "/rooms", headers={"If-None-Match": f'W/{rooms.etag}, "other"'})
    assert had.status == 304
    assert had.headers["ETag"] == rooms.etag
    assert had.body == b""
    assert (await outside.ask("GET", "/rooms", headers={"If-None-Match": '"other"'})).status == 200


async def test_a_list_comes_in_pages(outside: Outside):
    names, cursor = [], None
    for _ in range(10):
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = await outside.ask("GET", "/rooms", params=params)
        names += [room["name"] for room in page.body["items"]]
        cursor = page.body["next"]
        if cursor is None:
            break
    assert names == ["Apollo", "Big Ben", "Boardroom", "Corner", "Kiez", "Spree"]
    assert (await outside.ask("GET", "/rooms", params={"cursor": "!!"})).status == 400


async def test_too_many_requests_are_told_when_to_come_again(database: Any):
    async with opened(database, per_minute=5) as outside:
        answers = [await outside.ask("GET", "/rooms") for _ in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert answers[0].headers["RateLimit"].startswith('"default";r=4;t=')
    assert answers[-1].headers["RateLimit-Policy"] == '"default";q=5;w=60'
    assert "Retry-After" in answers[-1].headers


async def test_who_guesses_at_tokens_is_told_to_wait_and_nobody_else(database: Any):
    async with opened(database, failures_per_minute=3) as outside:
        guess = {"Authorization": "Bearer bkr_guess"}
        answers = [await outside.ask("GET", "/rooms", by=None, headers=guess) for _ in range(5)]
        good = await outside.ask("GET", "/rooms")
    assert [answer.status for answer in answers] == [401, 401, 401, 429, 429]
    assert good.status == 200


def test_an_allowance_fills_evenly():
    moment = [0.0]
    limits = Limits(60, clock=lambda: moment[0])
    assert not any(left.over for left in (limits.taken("a") for _ in range(60)) if left)
    assert (left := limits.taken("a"))
    assert left.over
    moment[0] = 2.0
    assert [left.over for left in (limits.taken("a") for _ in range(3)) if left] == [False, False, True]


async def test_unknown_addresses_and_methods_are_told(outside: Outside):
    nothing = await outside.ask("GET", "/nothing")
    assert (nothing.status, nothing.body["error"]) == (404, "NotFound")
    other = await outside.ask("DELETE", "/rooms")
    assert other.status == 405
    assert other.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert (await outside.ask("GET", "/rooms/none")).status == 404
    ours = await outside.ask("DELETE", "/quotas/rehearse", by="admin")
    assert (ours.status, ours.headers["Allow"]) == (405, "OPTIONS, POST")


async def test_answers_to_writes_say_how_fresh_a_reader_may_want_it(outside: Outside):
    made = await outside.ask("POST", "/bookings", json=wish(outside))
    token = made.headers["Bookroom-Consistency"]
    at = made.headers["Location"].removeprefix("/api/v1")
    assert (await outside.ask("GET", at, headers={"Bookroom-Consistency": token})).status == 200
    assert (await outside.ask("GET", at, headers={"Bookroom-Consistency": "soon"})).status == 400
