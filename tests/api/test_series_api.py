"""Series over the API: previewed with clashes, booked by choice, changed in every scope, given back, and taken back."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from core.tokens import Scope
from tests.api.outside import Answer, Outside
from tests.handlers.firm import ANA, BEN, CHLOE, new_york

ANY = {"If-Match": "*"}


def weekly(outside: Outside, room: str = "Apollo", **more: Any) -> dict[str, Any]:
    return {
        "firstOn": "2026-11-30",
        "clock": "09:00",
        "minutes": 60,
        "rule": "FREQ=WEEKLY;COUNT=4",
        "roomId": str(outside.firm.rooms[room].id),
        "title": "Stand-up",
        **more,
    }


async def booked(outside: Outside, **more: Any) -> Answer:
    made = await outside.ask("POST", "/series", json=weekly(outside, **more))
    assert made.status == 201, made.body
    return made


def place(made: Answer) -> str:
    return f"/series/{made.body['series']['id']}"


async def test_a_series_is_previewed_booked_looked_at_and_listed(outside: Outside):
    preview = await outside.ask("POST", "/series/preview", by="reader", json=weekly(outside))
    assert [one["on"] for one in preview.body["dates"]] == ["2026-11-30", "2026-12-07", "2026-12-14", "2026-12-21"]
    assert preview.body["clashes"] == 0
    made = await booked(outside)
    assert made.headers["Location"] == f"/api/v1{place(made)}"
    # 9 o'clock in New York, whose clock the room's place keeps.
    assert made.body["bookings"][0]["start"] == "2026-11-30T14:00:00Z"
    seen = await outside.ask("GET", place(made))
    assert (seen.body["title"], seen.body["clock"], seen.body["endless"]) == ("Stand-up", "09:00:00", False)
    assert [one["id"] for one in seen.body["upcoming"]] == [one["id"] for one in made.body["bookings"]]
    assert (await outside.ask("GET", place(made), headers={"If-None-Match": seen.etag})).status == 304
    (mine,) = (await outside.ask("GET", "/me/series")).body["items"]
    assert (mine["ahead"], mine["next"]["id"]) == (4, made.body["bookings"][0]["id"])
    listed = await outside.ask("GET", "/bookings", params={"seriesId": mine["id"], "until": "2027-01-31T00:00:00Z"})
    assert len(listed.body["items"]) == 4
    assert (await outside.ask("GET", "/bookings", params={"seriesId": str(uuid4())})).body["items"] == []


async def test_dates_that_clash_are_told_and_booked_as_is_chosen(outside: Outside):
    firm = outside.firm
    await firm.booked("Apollo", new_york(9, day=30), by=ANA, title="Salaries", private=True)
    refused = await outside.ask("POST", "/series", json=weekly(outside))
    assert (refused.status, refused.body["error"]) == (409, "SeriesClash")
    first = refused.body["preview"]["dates"][0]
    assert (first["verdict"], first["rivals"][0]["private"], first["rivals"][0]["title"]) == ("taken", True, None)
    assert first["otherRoomIds"]
    assert (await outside.ask("GET", "/me/series")).body["items"] == []
    skipped = await booked(outside, choices=[{"on": "2026-11-30", "choice": "skip"}])
    assert len(skipped.body["bookings"]) == 3
    assert [gap["on"] for gap in skipped.body["gaps"]] == ["2026-11-30"]
    view = await outside.ask("GET", place(skipped))
    assert view.body["gaps"][0]["waitingId"]
    again = {"clock": "11:00", "title": "Other"}
    await firm.booked("Apollo", new_york(11, day=30), by=ANA)
    elsewhere = await booked(outside, **again, choices=[{"on": "2026-11-30", "choice": "other_room"}])
    assert elsewhere.body["bookings"][0]["roomName"] != "Apollo"
    await firm.booked("Apollo", new_york(14, day=30), by=ANA)
    time = {"on": "2026-11-30", "start": "2026-11-30T21:00:00Z", "end": "2026-11-30T22:00:00Z"}
    later = await booked(outside, clock="14:00", choices=[time])
    assert later.body["bookings"][0]["start"] == "2026-11-30T21:00:00Z"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"rule": "FREQ=SECONDLY"}, "rule"),
        ({"rule": "hello"}, "rule"),
        ({"rule": "FREQ=DAILY;COUNT=999999999"}, "rule"),
        ({"rule": "FREQ=DAILY;UNTIL=99999999"}, "rule"),
        ({"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "rule"),
        ({"rule": "FREQ=MONTHLY;INTERVAL=1000;BYMONTHDAY=31"}, None),
        ({"timeZone": "Mars/Base"}, "rule"),
        ({"timeZone": "../../etc/passwd"}, "rule"),
        ({"clock": "09:00Z"}, "clock"),
        ({"clock": "25:00"}, "clock"),
        ({"clock": 9}, "clock"),
        ({"firstOn": "0001-01-01"}, "firstOn"),
        ({"firstOn": "9999-12-31"}, "firstOn"),
        ({"firstOn": 20261130}, "firstOn"),
        ({"firstOn": "2199-12-31"}, None),
        ({"firstOn": "2000-01-01"}, None),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 366 * 24 * 60}, None),
        ({"roomId": None}, "timeZone"),
        ({"roomId": str(uuid4())}, "roomId"),
        ({"inviteeIds": [str(uuid4())]}, "attendees"),
        ({"equipment": [{"equipmentId": str(uuid4())}]}, "equipment"),
        ({"leftOut": ["2026-11-31"]}, "leftOut.0"),
        ({"title": "x" * 201}, "title"),
    ],
)
async def test_a_series_that_cannot_be_meant_is_refused_by_field(outside: Outside, more: dict[str, Any], field: str | None):
    for path in ("/series/preview", "/series"):
        answer = await outside.ask("POST", path, json=weekly(outside, **more))
        assert answer.status in {200, 201, 409, 422}, answer.body
        if field is not None:
            assert answer.status == 422, answer.body
            assert field in answer.body["validationErrors"], answer.body


@pytest.mark.parametrize(
    "choice",
    [
        {"on": "2026-11-30"},
        {"on": "2026-11-30", "choice": "skip", "start": "2026-11-30T21:00:00Z"},
        {"on": "2026-11-30", "start": "2026-11-30T21:00:00Z"},
        {"on": "2026-11-30", "start": "2026-11-30T21:00:00Z", "end": "2026-11-30T20:00:00Z"},
        {"on": "2026-11-30", "choice": "both"},
    ],
)
async def test_a_choice_that_cannot_be_meant_is_refused(outside: Outside, choice: dict[str, Any]):
    assert (await outside.ask("POST", "/series", json=weekly(outside, choices=[choice]))).status == 422


async def test_dates_are_changed_one_from_one_on_or_all(outside: Outside):
    made = await booked(outside)
    at = place(made)
    this = {"on": "2026-12-07", "scope": "this", "change": {"title": "Retro", "clock": "10:00"}}
    looked = await outside.ask("POST", f"{at}/preview", json=this)
    assert looked.status == 200, looked.body
    one = await outside.ask("PATCH", at, json=this, headers={"If-Match": made.etag})
    assert [done["after"]["title"] for done in one.body["changed"]] == ["Retro"]
    following = {"on": "2026-12-14", "scope": "following", "change": {"attendeesCount": 3}}
    missing = await outside.ask("PATCH", at, json=following)
    assert missing.status == 428
    split = await outside.ask("PATCH", at, json=following, headers=ANY)
    assert split.body["splitFromId"] == made.body["series"]["id"]
    assert [done["after"]["attendeesCount"] for done in split.body["changed"]] == [3, 3]
    stale = await outside.ask(
        "PATCH", at, json={"on": "2026-11-30", "scope": "all", "change": {"title": "x"}}, headers={"If-Match": made.etag}
    )
    assert (stale.status, stale.body["error"]) == (412, "StaleSeries")
    assert stale.body["series"]["id"] == made.body["series"]["id"]
    back = await outside.ask("POST", f"/operations/{split.body['operationId']}/undo")
    assert back.status == 200, back.body
    empty = {"on": "2026-11-30", "scope": "all", "change": {"rule": None}}
    assert (await outside.ask("PATCH", at, json=empty, headers=ANY)).status == 422
    nothing = {"on": "2026-11-29", "scope": "this", "change": {"title": "x"}}
    gone = await outside.ask("PATCH", at, json=nothing, headers=ANY)
    assert (gone.status, gone.body["error"]) == (409, "SeriesNotActive")


async def test_a_change_that_clashes_shows_what_would_come_of_it(outside: Outside):
    made = await booked(outside)
    await outside.firm.booked("Apollo", new_york(11, day=30), by=ANA)
    change = {"on": "2026-11-30", "scope": "all", "change": {"clock": "11:00"}}
    refused = await outside.ask("PATCH", place(made), json=change, headers=ANY)
    assert (refused.status, refused.body["preview"]["clashes"]) == (409, 1)
    choices = [{"on": "2026-11-30", "choice": "other_room"}]
    done = await outside.ask("PATCH", place(made), json={**change, "choices": choices}, headers=ANY)
    assert done.status == 200, done.body
    assert {one["after"]["start"][11:16] for one in done.body["changed"]} == {"16:00"}


async def test_dates_are_given_back_left_out_booked_after_all_and_renewed(outside: Outside):
    made = await booked(outside)
    at = place(made)
    away = await outside.ask("POST", f"{at}/cancel-range", json={"first": "2026-12-01", "last": "2026-12-15"}, headers=ANY)
    assert [one["after"]["status"] for one in away.body["changed"]] == ["cancelled"] * 2
    assert away.body["series"]["leftOut"] == ["2026-12-07", "2026-12-14"]
    restored = await outside.ask("POST", f"{at}/restore", json={"on": "2026-12-07"})
    assert (restored.status, restored.body["seriesOn"]) == (201, "2026-12-07")
    renewed = await outside.ask("POST", f"{at}/renew")
    assert renewed.status == 200, renewed.body
    assert len(renewed.body["bookings"]) == 4
    rest = {"on": "2026-12-21", "scope": "following", "reason": "over"}
    ended = await outside.ask("POST", f"{at}/cancel", json=rest, headers=ANY)
    assert {one["after"]["cancelReason"] for one in ended.body["changed"]} == {"over"}
    wrong = await outside.ask("POST", f"{at}/cancel-range", json={"first": "2026-12-15", "last": "2026-12-01"}, headers=ANY)
    assert (wrong.status, wrong.body["error"]) == (422, "InvalidSeries")
    everything = {"on": "2026-11-30", "scope": "all"}
    assert (await outside.ask("POST", f"{at}/cancel", json=everything, headers=ANY)).status == 200
    again = await outside.ask("POST", f"{at}/cancel", json=everything, headers=ANY)
    assert (again.status, again.body["error"]) == (409, "SeriesNotActive")


async def test_nobody_else_changes_a_series_and_a_private_one_is_told_without_words(outside: Outside):
    outside.tokens["chloe"] = await outside.token(CHLOE, Scope.BOOK)
    made = await booked(outside, private=True, title="Salaries")
    at = place(made)
    seen = await outside.ask("GET", at, by="chloe")
    assert (seen.body["title"], seen.body["booker"], seen.body["upcoming"][0]["title"]) == (None, None, None)
    assert "Salaries" not in str(seen.body)
    listed = {"seriesId": made.body["series"]["id"], "until": "2027-01-31T00:00:00Z"}
    assert (await outside.ask("GET", "/bookings", by="chloe", params=listed)).body["items"] == []
    assert len((await outside.ask("GET", "/bookings", by="admin", params=listed)).body["items"]) == 4
    scope = {"on": "2026-11-30", "scope": "all"}
    for method, path, json in (
        ("PATCH", at, {**scope, "change": {"title": "x"}}),
        ("POST", f"{at}/preview", {**scope, "change": {"title": "x"}}),
        ("POST", f"{at}/cancel", scope),
        ("POST", f"{at}/cancel-range", {"first": "2026-12-01", "last": "2026-12-15"}),
        ("POST", f"{at}/renew", None),
        ("POST", f"{at}/restore", {"on": "2026-12-07"}),
        ("POST", f"/operations/{made.body['operationId']}/undo", None),
    ):
        answer = await outside.ask(method, path, by="chloe", json=json, headers=ANY)
        assert (answer.status, answer.body["error"]) == (403, "NotAllowed"), path
        assert "Salaries" not in str(answer.body)
    invited = await outside.ask("POST", f"{at}/respond", by="chloe", json={"going": True})
    assert (invited.status, invited.body["error"]) == (403, "NotAttending")


async def test_those_invited_answer_for_all_dates(outside: Outside):
    outside.tokens["chloe"] = await outside.token(CHLOE, Scope.BOOK)
    chloe = str((await outside.firm.actor(CHLOE)).person_id)
    made = await booked(outside, inviteeIds=[chloe], attendeesCount=2)
    done = await outside.ask("POST", f"{place(made)}/respond", by="chloe", json={"going": False})
    assert [one["after"]["attendeesCount"] for one in done.body["changed"]] == [1] * 4


async def test_what_is_not_there_is_not_found(outside: Outside):
    scope = {"on": "2026-11-30", "scope": "all"}
    at = f"/series/{uuid4()}"
    for method, path, json in (
        ("GET", at, None),
        ("PATCH", at, {**scope, "change": {"title": "x"}}),
        ("POST", f"{at}/preview", {**scope, "change": {"title": "x"}}),
        ("POST", f"{at}/cancel", scope),
        ("POST", f"{at}/cancel-range", {"first": "2026-12-01", "last": "2026-12-15"}),
        ("POST", f"{at}/renew", None),
        ("POST", f"{at}/restore", {"on": "2026-12-07"}),
        ("POST", f"{at}/respond", {"going": True}),
    ):
        answer = await outside.ask(method, path, json=json, headers=ANY)
        assert (answer.status, answer.body["error"]) == (404, "SeriesNotFound"), path
    nothing = await outside.ask("POST", f"/operations/{uuid4()}/undo")
    assert (nothing.status, nothing.body["error"]) == (409, "NothingToUndo")


@pytest.mark.parametrize("what", ["book", "cancel", "renew", "respond", "restore", "undo"])
async def test_twenty_at_once_with_one_key_are_one(outside: Outside, what: str):
    ben = str((await outside.firm.actor(BEN)).person_id)
    outside.tokens["ana"] = outside.tokens["admin"]
    made = await outside.ask(
        "POST", "/series", by="ana", json=weekly(outside, "Corner", inviteeIds=[ben], leftOut=["2026-12-07"])
    )
    at = place(made)
    path, json = {
        "book": ("/series", weekly(outside)),
        "cancel": (f"{at}/cancel", {"on": "2026-11-30", "scope": "all"}),
        "renew": (f"{at}/renew", None),
        "respond": (f"{at}/respond", {"going": False}),
        "restore": (f"{at}/restore", {"on": "2026-12-07"}),
        "undo": (f"/operations/{made.body['operationId']}/undo", None),
    }[what]
    headers = {"Idempotency-Key": str(uuid4()), "If-Match": '"1"'}
    by = "ben" if what == "respond" else "ana"

    async def send() -> Answer:
        return await outside.ask("POST", path, by=by, json=json, headers=headers)

    answers = await asyncio.gather(*(send() for _ in range(20)))
    done = [one for one in answers if one.status in {200, 201}]
    assert {one.status for one in answers} <= {200, 201, 503}, [one.body for one in answers]
    assert len({told(one) for one in done}) == 1
    assert told(await send()) == told(done[0])


def told(answer: Answer) -> tuple[Any, ...]:
    """What must be the same of every answer: the operation, or the booking, and which bookings it was about."""
    body = answer.body
    if "operationId" not in body:
        return (body["id"], body["version"])
    changed = [one["after"]["id"] for one in body.get("changed", ())] + [one["id"] for one in body.get("bookings", ())]
    return (body["operationId"], *sorted(changed))
