"""Rooms, places and what is in them, as admins change them over the API."""

from typing import Any
from uuid import uuid4

import pytest

from core.db import ReadSession
from core.models import Right
from core.tokens import Scope
from tests.api.outside import Answer, Outside
from tests.handlers.firm import BEN, new_york

HOSTILE = "<script>alert(1)</script> *b* <!channel> ' OR 1=1 --"


def room(outside: Outside, name: str) -> str:
    return f"/rooms/{outside.firm.rooms[name].id}"


def place(outside: Outside, name: str) -> str:
    return f"/locations/{outside.firm.places[name].id}"


async def changed(outside: Outside, method: str, path: str, *, at: str | None = None, **sent: Any) -> Answer:
    """Change a thing as it stands, as an admin."""
    etag = (await outside.ask("GET", at or path, by="admin")).etag
    return await outside.ask(method, path, by="admin", headers={"If-Match": etag}, **sent)


async def manager(outside: Outside, name: str = "Corner") -> None:
    ben = await outside.firm.actor(BEN)
    granting = outside.firm.services.administration.granting
    await granting.give(Right.MANAGE, room_id=outside.firm.rooms[name].id, person_id=ben.person_id)
    outside.tokens["manager"] = await outside.token(BEN, Scope.ADMIN)


async def test_a_room_is_changed_as_it_was_seen(outside: Outside):
    corner = room(outside, "Corner")
    seen = await outside.ask("GET", corner, by="admin")
    said = {
        "name": "Nook",
        "capacity": 5,
        "floor": None,
        "amenities": ["Beamer", "plants"],
        "photo": "https://x.example/a.png",
    }
    done = await outside.ask("PATCH", corner, by="admin", json=said, headers={"If-Match": seen.etag})
    assert done.status == 200
    assert done.body["name"] == "Nook"
    assert done.body["amenities"] == ["plants", "projector"]
    assert done.body["floor"] is None
    assert done.body["photo"] == "https://x.example/a.png"
    assert done.body["version"] == seen.body["version"] + 1
    late = await outside.ask("PATCH", corner, by="admin", json={"name": "Late"}, headers={"If-Match": seen.etag})
    assert (late.status, late.body["error"]) == (412, "StalePlace")
    blind = await outside.ask("PATCH", corner, by="admin", json={"name": "Blind"})
    assert blind.status == 428
    assert (await outside.ask("GET", corner)).body["name"] == "Nook"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": None}, "name"),
        ({"capacity": 0}, "capacity"),
        ({"capacity": 99_999}, "capacity"),
        ({"name": "Apollo"}, "name"),
        ({"photo": "http://10.0.0.1/x.png"}, "photo"),
        ({"colour": "red"}, "colour"),
        ({"setupMinutes": 10_000}, "setupMinutes"),
    ],
)
async def test_what_a_room_cannot_be_is_told_by_field(outside: Outside, said: dict[str, Any], field: str):
    refused = await changed(outside, "PATCH", room(outside, "Corner"), json=said)
    assert refused.status == 422
    assert field in refused.body["validationErrors"]


async def test_a_room_does_not_shrink_below_what_is_booked(outside: Outside):
    await outside.firm.booked("Apollo", new_york(10), attendees_count=8)
    refused = await changed(outside, "PATCH", room(outside, "Apollo"), json={"capacity": 4})
    assert (refused.status, refused.body["error"]) == (409, "StillUsed")


async def test_managers_change_their_room_and_no_other(outside: Outside):
    await manager(outside)
    mine = await outside.ask("PATCH", room(outside, "Corner"), by="manager", json={"floor": "9"}, headers={"If-Match": "*"})
    assert (mine.status, mine.body["floor"]) == (200, "9")
    other = await outside.ask("PATCH", room(outside, "Apollo"), by="manager", json={"floor": "9"}, headers={"If-Match": "*"})
    assert (other.status, other.body["error"]) == (403, "NotAllowed")
    assert (await outside.ask("GET", "/audit", by="manager")).status == 403


async def test_a_room_goes_out_of_use_and_its_bookings_are_proposed_another(outside: Outside):
    booked = await outside.firm.booked("Apollo", new_york(10), attendees_count=6, title="Design")
    plan = await outside.ask("GET", f"{room(outside, 'Apollo')}/deactivation", by="admin")
    assert [one["booking"]["id"] for one in plan.body["items"]] == [str(booked.id)]
    assert plan.body["items"][0]["roomName"] == "Big Ben"
    path = f"{room(outside, 'Apollo')}/deactivate"
    headers = {"If-Match": (await outside.ask("GET", room(outside, "Apollo"))).etag, "Idempotency-Key": "once"}
    done = await outside.ask("POST", path, by="admin", headers=headers)
    assert (done.status, done.body["active"]) == (200, False)
    assert [one["id"] for one in done.body["bookings"]] == [str(booked.id)]
    assert (await outside.ask("POST", path, by="admin", headers=headers)).body == done.body
    assert (await outside.ask("GET", room(outside, "Apollo"))).body["active"] is False
    proposed = await outside.ask("GET", "/me/proposals")
    assert [one["roomName"] for one in proposed.body["items"]] == ["Big Ben"]
    progress = await outside.ask("GET", "/proposals/progress", by="admin")
    assert progress.body["items"][0]["waiting"] == 1
    back = await changed(outside, "POST", f"{room(outside, 'Apollo')}/activate", at=room(outside, "Apollo"))
    assert back.body["active"] is True
    assert (await outside.ask("GET", room(outside, "Apollo"))).body["active"] is True


async def test_a_room_is_made_of_others(outside: Outside):
    parts = [str(outside.firm.rooms[name].id) for name in ("Apollo", "Corner")]
    path = f"{room(outside, 'Boardroom')}/parts"
    done = await outside.ask("PUT", path, by="admin", json={"partIds": parts})
    assert done.body["partIds"] == sorted(parts)
    wrong = await outside.ask("PUT", path, by="admin", json={"partIds": [str(outside.firm.rooms["Kiez"].id), parts[0]]})
    assert (wrong.status, wrong.body["error"]) == (422, "InvalidSetting")
    whole = await outside.ask("PUT", path, by="admin", json={"partIds": []})
    assert whole.body["partIds"] == []


async def test_free_times_lie_between_what_is_booked(outside: Outside):
    rooms = outside.firm.services.administration.rooms
    week = {day: ["09:00", "17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    await rooms.set_policy(room_id=outside.firm.rooms["Corner"].id, opening=week)
    await changed(outside, "PATCH", room(outside, "Corner"), json={"setupMinutes": 15})
    await outside.firm.booked("Corner", new_york(11))
    params = {"from": "2026-11-25T05:00:00Z", "to": "2026-11-26T05:00:00Z", "minutes": "30"}
    found = await outside.ask("GET", f"{room(outside, 'Corner')}/free", params=params)
    # 9 to 17 in New York is 14 to 22 in UTC; the meeting at 16 wants 15 minutes before it, and so does the next one.
    assert [(one["start"], one["end"]) for one in found.body["items"]] == [
        ("2026-11-25T14:00:00Z", "2026-11-25T15:45:00Z"),
        ("2026-11-25T17:15:00Z", "2026-11-25T22:00:00Z"),
    ]
    assert found.body["mayBook"] is True
    for one in found.body["items"]:
        wish = {"roomId": str(outside.firm.rooms["Corner"].id), "start": one["start"], "end": one["end"]}
        assert (await outside.ask("POST", "/bookings", json=wish)).status == 201
    again = await outside.ask("GET", f"{room(outside, 'Corner')}/free", params=params)
    assert again.body["items"] == []


async def test_free_times_of_many_days_join_at_midnight_and_begin_now(outside: Outside):
    params = {"from": "2026-11-20T00:00:00Z", "to": "2026-11-27T00:00:00Z"}
    found = await outside.ask("GET", f"{room(outside, 'Corner')}/free", params=params)
    assert [(one["start"], one["end"]) for one in found.body["items"]] == [("2026-11-24T15:07:00Z", "2026-11-27T00:00:00Z")]
    for params in ({"from": "2026-11-20T00:00:00Z", "to": "2027-11-27T00:00:00Z"}, {"from": "x", "to": "y"}):
        assert (await outside.ask("GET", f"{room(outside, 'Corner')}/free", params=params)).status == 422


async def test_a_day_tells_what_is_on_and_hides_what_is_private(outside: Outside):
    await outside.firm.booked("Corner", new_york(11), title="Secret", private=True, by="U0ANA")
    day = await outside.ask("GET", f"{room(outside, 'Corner')}/day", params={"day": "2026-11-25"})
    (entry,) = day.body["rooms"][0]["taken"]
    assert (entry["title"], entry["who"], entry["private"]) == (None, None, True)
    whole = await outside.ask("GET", f"{place(outside, 'New York')}/day", by="admin", params={"day": "2026-11-25"})
    assert [one["roomName"] for one in whole.body["rooms"]] == ["Apollo", "Big Ben", "Boardroom", "Corner"]
    assert (await outside.ask("GET", f"/rooms/{uuid4()}/day")).status == 404


async def test_a_location_is_added_changed_and_taken_out_of_use(outside: Outside):
    made = await outside.ask("POST", "/locations", by="admin", json={"name": HOSTILE[:80], "timeZone": "Asia/Tokyo"})
    assert made.status == 201
    assert made.body["name"] == HOSTILE[:80]
    path = made.headers["Location"].removeprefix("/api/v1")
    done = await changed(outside, "PATCH", path, json={"name": "Tokyo", "boardOpen": True})
    assert (done.body["name"], done.body["boardOpen"], done.body["version"]) == ("Tokyo", True, 2)
    wrong = await changed(outside, "PATCH", path, json={"timeZone": "Mars/Phobos"})
    assert (wrong.status, list(wrong.body["validationErrors"])) == (422, ["timeZone"])
    gone = await changed(outside, "POST", f"{path}/deactivate", at=path)
    assert gone.body["active"] is False
    names = {one["name"]: one["active"] for one in (await outside.ask("GET", "/locations")).body["items"]}
    assert names == {"Berlin": True, "New York": True, "Tokyo": False}
    assert (await outside.ask("GET", f"/locations/{uuid4()}")).status == 404


async def test_the_clock_of_a_place_with_bookings_stays(outside: Outside):
    await outside.firm.booked("Apollo", new_york(10))
    refused = await changed(outside, "PATCH", place(outside, "New York"), json={"timeZone": "UTC"})
    assert (refused.status, refused.body["error"]) == (409, "StillUsed")
    assert list(refused.body["validationErrors"]) == ["timeZone"]


async def test_equipment_is_added_counted_and_changed(outside: Outside):
    new = {"locationId": str(outside.firm.places["Berlin"].id), "name": "Flipchart", "quantity": 2}
    made = await outside.ask("POST", "/equipment", by="admin", json=new, headers={"Idempotency-Key": "flip"})
    again = await outside.ask("POST", "/equipment", by="admin", json=new, headers={"Idempotency-Key": "flip"})
    assert made.status == 201
    assert again.body == made.body
    params = {"start": "2026-11-25T08:00:00Z", "end": "2026-11-25T09:00:00Z"}
    left = await outside.ask("GET", f"{place(outside, 'Berlin')}/equipment", params=params)
    assert [(one["equipment"]["name"], one["left"]) for one in left.body["items"]] == [("Flipchart", 2)]
    path = f"/equipment/{made.body['id']}"
    done = await changed(outside, "PATCH", path, json={"quantity": 1, "active": False})
    assert (done.body["quantity"], done.body["active"]) == (1, False)
    stale = await outside.ask("PATCH", path, by="admin", json={"quantity": 3}, headers={"If-Match": made.etag})
    assert (stale.status, stale.body["error"]) == (412, "StalePlace")
    assert (await outside.ask("GET", f"/equipment/{uuid4()}")).status == 404


async def test_amenities_are_renamed_everywhere(outside: Outside):
    before = await outside.ask("GET", "/amenities")
    assert {"name": "tv", "rooms": 2} in before.body["items"]
    done = await outside.ask("POST", "/amenities/merge", by="admin", json={"words": ["tv", "video"], "into": "wall screen"})
    assert done.body == {"rooms": 4}
    after = await outside.ask("GET", "/amenities")
    assert {"name": "wall screen", "rooms": 4} in after.body["items"]
    gone = await outside.ask("POST", "/amenities/merge", by="admin", json={"words": ["tv"], "into": "screen"})
    assert gone.status == 409


async def test_rooms_come_from_a_file_and_go_into_one(outside: Outside):
    table = "name,capacity,location,floor\nHavel,6,Berlin,2\nKiez,5,Berlin,1\n"
    tried = await outside.ask("POST", "/rooms/import", by="admin", json={"csv": table, "dryRun": True})
    assert (tried.body["created"], tried.body["updated"], tried.body["dryRun"]) == (1, 1, True)
    assert len((await outside.ask("GET", "/rooms")).body["items"]) == 6
    done = await outside.ask("POST", "/rooms/import", by="admin", json={"csv": table})
    assert done.body["created"] == 1
    file = await outside.ask("GET", "/rooms.csv", by="admin")
    assert file.headers["Content-Type"].startswith("text/csv")
    assert "Havel,6,Berlin" in file.body.decode()
    wrong = await outside.ask("POST", "/rooms/import", by="admin", json={"csv": "name,capacity,location\nX,many,Berlin\n"})
    assert (wrong.status, wrong.body["error"]) == (422, "InvalidImport")
    assert "line 2" in wrong.body["validationErrors"]


async def test_doors_are_for_admins(outside: Outside):
    doors = await outside.ask("GET", "/doors", by="admin", params={"limit": "2"})
    assert [one["roomName"] for one in doors.body["items"]] == ["Apollo", "Big Ben"]
    assert doors.body["items"][0]["path"].startswith("/door/")
    assert doors.body["next"]
    assert (await outside.ask("GET", "/doors")).status == 403


async def test_who_polls_the_rooms_does_not_touch_the_database(outside: Outside, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    for name in ("all", "one", "value"):
        kept = getattr(ReadSession, name)

        async def counted(self: ReadSession, sql: str, *values: object, _kept: Any = kept) -> Any:
            asked.append(sql)
            return await _kept(self, sql, *values)

        monkeypatch.setattr(ReadSession, name, counted)
    outside.firm.services.catalogues._fresh_seconds = 600.0
    rooms = await outside.ask("GET", "/rooms")
    amenities = await outside.ask("GET", "/amenities")
    places = await outside.ask("GET", "/locations")
    assert asked
    await outside.ask("GET", "/rooms")
    asked.clear()
    opened: list[object] = []
    database = outside.firm.db
    monkeypatch.setattr(database, "_open", lambda: opened.append(1))
    for _ in range(20):
        for path, had in (("/rooms", rooms), ("/amenities", amenities), ("/locations", places)):
            again = await outside.ask("GET", path, headers={"If-None-Match": had.etag})
            assert (again.status, again.body) == (304, b"")
    assert (await outside.ask("GET", "/rooms")).body == rooms.body
    assert asked == opened == []


async def test_rooms_that_changed_are_told_to_whoever_polls(outside: Outside):
    had = await outside.ask("GET", "/rooms")
    await changed(outside, "PATCH", room(outside, "Corner"), json={"name": "Nook"})
    again = await outside.ask("GET", "/rooms", headers={"If-None-Match": had.etag})
    assert again.status == 200
    assert "Nook" in [one["name"] for one in again.body["items"]]


async def test_head_answers_like_get_without_a_body(outside: Outside):
    got = await outside.ask("GET", "/rooms")
    asked = await outside.ask("HEAD", "/rooms")
    assert (asked.status, asked.body, asked.etag) == (200, b"", got.etag)
    assert asked.headers["Content-Length"] == got.headers["Content-Length"]
