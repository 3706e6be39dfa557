"""People, the audit, figures, files and channels, as admins see them over the API."""

from uuid import uuid4

import pytest

from tests.api.outside import Outside
from tests.handlers.firm import ANA, BEN, CHLOE, ERIK, GUEST, new_york

NOBODY = str(uuid4())


async def person(outside: Outside, user: str) -> str:
    return str((await outside.firm.actor(user)).person_id)


async def test_people_are_listed_in_pages_and_found(outside: Outside):
    for user in (CHLOE, ERIK, GUEST):
        await person(outside, user)
    names, cursor = [], None
    for _ in range(20):
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = await outside.ask("GET", "/people", by="admin", params=params)
        names += [one["name"] for one in page.body["items"]]
        cursor = page.body["next"]
        if cursor is None:
            break
    assert len(names) == len(set(names)) >= 5
    assert names == sorted(names, key=str.lower)
    found = await outside.ask("GET", "/people", by="admin", params={"search": names[0][:4].upper()})
    assert names[0] in [one["name"] for one in found.body["items"]]
    assert (await outside.ask("GET", "/people", by="admin", params={"search": "%"})).body["items"] == []
    assert (await outside.ask("GET", "/people", by="admin", params={"cursor": "WyIxIl0"})).status == 400
    assert (await outside.ask("GET", f"/people/{NOBODY}", by="admin")).status == 404


async def test_admins_are_named_and_dismissed(outside: Outside):
    erik, ana, guest = await person(outside, ERIK), await person(outside, ANA), await person(outside, GUEST)
    assert (await outside.ask("PUT", f"/admins/{erik}", by="admin")).body["admin"] is True
    listed = {one["id"]: one["named"] for one in (await outside.ask("GET", "/admins", by="admin")).body["items"]}
    assert listed == {ana: False, erik: True}
    assert (await outside.ask("DELETE", f"/admins/{erik}", by="admin")).status == 204
    assert (await outside.ask("DELETE", f"/admins/{erik}", by="admin")).status == 404
    assert (await outside.ask("DELETE", f"/admins/{ana}", by="admin")).status == 422
    assert (await outside.ask("PUT", f"/admins/{guest}", by="admin")).status == 422
    assert (await outside.ask("PUT", f"/admins/{NOBODY}", by="admin")).status == 404


async def test_what_is_kept_of_somebody_is_theirs_and_admins(outside: Outside):
    await outside.firm.booked("Apollo", new_york(10), title="Mine")
    ben, chloe = await person(outside, BEN), await person(outside, CHLOE)
    mine = await outside.ask("GET", f"/people/{ben}/data", by="reader")
    assert "Mine" in str(mine.body["kept"])
    assert (await outside.ask("GET", f"/people/{chloe}/data", by="reader")).status == 403
    assert (await outside.ask("GET", f"/people/{ben}/data", by="admin")).status == 200


async def test_somebody_is_erased_and_their_bookings_go_to_another(outside: Outside):
    booked = await outside.firm.booked("Apollo", new_york(10), title="Ours", by=CHLOE)
    ben, chloe, ana = await person(outside, BEN), await person(outside, CHLOE), await person(outside, ANA)
    done = await outside.ask("DELETE", f"/people/{chloe}", by="admin", params={"handOverTo": ben})
    assert done.body == {"cancelled": 0, "handedOver": 1}
    assert (await outside.ask("GET", f"/bookings/{booked.id}")).body["booker"]["personId"] == ben
    assert (await outside.ask("DELETE", f"/people/{chloe}", by="admin")).status == 404
    assert (await outside.ask("GET", f"/people/{chloe}", by="admin")).status == 404
    assert (await outside.ask("DELETE", f"/people/{ana}", by="admin")).status == 422


async def test_oneself(outside: Outside):
    me = await outside.ask("GET", "/me")
    assert (me.body["person"]["slackUserId"], me.body["scopes"], me.body["actingAsAdmin"]) == (BEN, ["book"], False)
    place = str(outside.firm.places["Berlin"].id)
    assert (await outside.ask("PATCH", "/me", json={"defaultLocationId": place})).body["person"][
        "defaultLocationId"
    ] == place
    assert (await outside.ask("PATCH", "/me", json={"defaultLocationId": NOBODY})).status == 422
    assert (await outside.ask("PATCH", "/me", json={"defaultLocationId": None})).status == 200
    notices = (await outside.ask("GET", "/me/notices")).body
    done = await outside.ask("PUT", "/me/notices", json={**notices, "quietFrom": "20:00", "quietUntil": "07:30"})
    assert (done.body["quietFrom"], done.body["quietUntil"]) == ("20:00", "07:30")
    for wrong in ({"quietFrom": "20:00"}, {"quietFrom": "25:00"}, {"reminderMinutes": list(range(1, 10))}):
        assert (await outside.ask("PUT", "/me/notices", json={**notices, **wrong})).status == 422


async def test_the_audit_comes_in_pages_with_filters_and_as_a_file(outside: Outside):
    for name in ("=cmd()", "Two", "Three"):
        await outside.ask("POST", "/groups", by="admin", json={"name": name})
    ana = await person(outside, ANA)
    found, cursor = [], None
    for _ in range(10):
        params = {"limit": "1", "subject": "group", "personId": ana} | ({"cursor": cursor} if cursor else {})
        page = await outside.ask("GET", "/audit", by="admin", params=params)
        found += [one["name"] for one in page.body["items"]]
        cursor = page.body["next"]
        if cursor is None:
            break
    assert found == ["Three", "Two", "=cmd()"]
    some = await outside.ask("GET", "/audit", by="admin", params={"text": "two"})
    assert [(one["name"], one["surface"]) for one in some.body["items"]] == [("Two", "api")]
    file = await outside.ask("GET", "/audit.csv", by="admin", params={"subject": "group"})
    assert ",'=cmd()," in file.body.decode()
    assert (await outside.ask("GET", "/audit", by="admin", params={"cursor": "WyJhIiwiYiJd"})).status == 400
    unknown = await outside.ask("POST", f"/audit/{NOBODY}/undo", by="admin")
    assert (unknown.status, unknown.body["error"]) == (404, "ChangeNotFound")


async def test_titles_of_private_meetings_stand_in_no_audit(outside: Outside):
    await outside.firm.booked("Apollo", new_york(10), title="Top secret", private=True)
    told = await outside.ask("GET", "/audit", by="admin")
    assert told.body["items"]
    assert "Top secret" not in str(told.body)


async def test_figures_are_for_everybody_and_what_they_say_of_people_for_admins(outside: Outside):
    corner = str(outside.firm.rooms["Corner"].id)
    params = {"first": "2026-11-01", "last": "2026-11-20", "roomId": corner}
    whole = await outside.ask("GET", "/statistics", by="admin", params=params)
    assert whole.body["insight"]["cancelled"] == 0
    assert (whole.body["first"], whole.body["last"]) == ("2026-11-01", "2026-11-20")
    assert [(one["roomName"], one["cancelled"]) for one in whole.body["rooms"]] == [("Corner", 0)]
    some = await outside.ask("GET", "/statistics", by="reader", params={"days": "last week", "roomId": corner})
    assert some.body["insight"] is None
    assert [(one["roomName"], one["cancelled"]) for one in some.body["rooms"]] == [("Corner", None)]
    file = await outside.ask("GET", "/statistics.csv", by="reader", params=params)
    assert file.body.decode().startswith("location,room,seats,open_hours")
    for wrong in (
        {"first": "2026-11-01"},
        {"days": "whenever"},
        {"roomId": NOBODY},
        {"first": "2026-11-02", "last": "2026-11-01"},
    ):
        assert (await outside.ask("GET", "/statistics", params=wrong)).status == 422


async def test_for_how_long_things_are_kept_is_set(outside: Outside):
    assert (await outside.ask("GET", "/workspace/retention", by="admin")).body["archiveDays"] == 90
    wanted = {"archiveDays": 30, "keepBookingsMonths": 24, "keepAuditMonths": None}
    assert (await outside.ask("PUT", "/workspace/retention", by="admin", json=wanted)).body == wanted
    refused = await outside.ask("PUT", "/workspace/retention", by="admin", json={**wanted, "archiveDays": 1})
    assert list(refused.body["validationErrors"]) == ["archiveDays"]


async def test_channels_hear_of_what_they_are_subscribed_to(outside: Outside):
    new = {"slackChannelId": "C0NEWYORK", "kinds": ["booked", "cancelled"], "timeZone": "Europe/Berlin", "digestAt": "17:30"}
    made = await outside.ask("POST", "/subscriptions", by="admin", json=new, headers={"Idempotency-Key": "hear"})
    again = await outside.ask("POST", "/subscriptions", by="admin", json=new, headers={"Idempotency-Key": "hear"})
    assert made.body == again.body
    assert (made.body["digestAt"], made.body["kinds"]) == ("17:30", ["booked", "cancelled"])
    assert (await outside.ask("GET", "/subscriptions", by="admin")).body["items"] == [made.body]
    path = f"/subscriptions/{made.body['id']}"
    assert (await outside.ask("POST", f"{path}/resume", by="admin")).status == 200
    assert (await outside.ask("DELETE", path, by="admin")).status == 204
    assert (await outside.ask("DELETE", path, by="admin")).status == 404
    for wrong in ({"kinds": []}, {"timeZone": "Mars"}, {"slackChannelId": "<!channel>"}, {"roomId": NOBODY}):
        assert (await outside.ask("POST", "/subscriptions", by="admin", json={**new, **wrong})).status == 422


async def test_what_could_not_be_told_is_seen_and_tried_again(outside: Outside):
    assert (await outside.ask("GET", "/notices", by="admin")).body["givenUp"] == []
    assert (await outside.ask("POST", "/notices/retry", by="admin")).body == {"retried": 0}
    assert (await outside.ask("POST", "/notices/retry", by="admin", json={"ids": [NOBODY]})).body == {"retried": 0}


@pytest.mark.parametrize("text", ["'; DROP TABLE people; --", "\\", "\u202e", "💥" * 20])
async def test_hostile_text_is_text(outside: Outside, text: str):
    for path, name in (("/people", "search"), ("/audit", "text"), ("/rooms", "name")):
        answer = await outside.ask("GET", path, by="admin", params={name: text})
        assert (answer.status, answer.body["items"]) == (200, []), path
