"""Webhooks over the API: added with a secret that is told once, changed, paused, tried, told again; for admins alone."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

from core.models import Wish
from core.tokens import Scope
from core.webhook_planning import WebhookPlanning
from core.webhook_sending import Answer, WebhookSending
from handlers.api import webhook_bodies
from tests.api.outside import Outside
from tests.handlers.firm import BEN, new_york

URL = "https://hooks.example.com/in"


async def add(outside: Outside, **said: Any) -> Any:
    answer = await outside.ask("POST", "/webhooks", by="admin", json={"url": URL, **said})
    assert answer.status == 201, answer.body
    return answer.body


async def test_a_webhook_is_added_with_a_secret_that_is_told_once(outside: Outside):
    room = str(outside.firm.rooms["Apollo"].id)
    made = await outside.ask(
        "POST", "/webhooks", by="admin", json={"url": URL, "kinds": ["booked", "cancelled"], "roomId": room}
    )
    assert made.status == 201
    assert made.body["secret"].startswith("whsec_")
    at = made.headers["Location"].removeprefix("/api/v1")
    seen = await outside.ask("GET", at, by="admin")
    assert (seen.status, seen.body["kinds"], seen.body["roomId"]) == (200, ["booked", "cancelled"], room)
    assert "secret" not in seen.body
    listed = await outside.ask("GET", "/webhooks", by="admin")
    assert [one["id"] for one in listed.body["items"]] == [made.body["id"]]
    audit = await outside.firm.services.administration.audit.entries()
    assert [(one.subject, one.action, one.name) for one in audit][:1] == [("webhook", "added", "hooks.example.com")]
    assert made.body["secret"] not in str(audit)


async def test_nobody_but_admins_sees_or_changes_webhooks(outside: Outside):
    made = await add(outside)
    at = f"/webhooks/{made['id']}"
    outside.tokens["ben, as admin"] = await outside.token(BEN, Scope.ADMIN)
    for by in ("ben", "reader", "ben, as admin"):
        for method, path in (
            ("GET", "/webhooks"), ("POST", "/webhooks"), ("GET", at), ("PATCH", at), ("DELETE", at),
            ("POST", f"{at}/secret"), ("POST", f"{at}/pause"),
            ("POST", f"{at}/resume"), ("POST", f"{at}/ping"), ("GET", f"{at}/deliveries"),
        ):  # fmt: skip
            assert (await outside.ask(method, path, by=by)).status == 403, (by, method, path)


async def test_what_cannot_be_meant_is_told_at_its_field(outside: Outside):
    for said, field in (
        ({"url": "http://hooks.example.com/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://0x7f.1/"}, "url"),
        ({"url": URL, "secret": "mine"}, "secret"),
        ({"url": URL, "kinds": ["made up"]}, "kinds.0"),
        ({"url": URL, "roomId": str(uuid4())}, "roomId"),
        ({"url": URL, "nonsense": 1}, "nonsense"),
        ({"url": URL, "description": "x" * 201}, "description"),
    ):
        answer = await outside.ask("POST", "/webhooks", by="admin", json=said)
        assert (answer.status, list(answer.body["validationErrors"])) == (422, [field]), answer.body
    assert (await outside.ask("GET", f"/webhooks/{uuid4()}", by="admin")).status == 404


async def test_a_webhook_is_changed_by_who_has_seen_it(outside: Outside):
    made = await add(outside, description="Panels")
    at = f"/webhooks/{made['id']}"
    assert (await outside.ask("PATCH", at, by="admin", json={"details": True})).status == 428
    seen = await outside.ask("GET", at, by="admin")
    changed = await outside.ask(
        "PATCH", at, by="admin", json={"details": True, "description": None}, headers={"If-Match": seen.etag}
    )
    assert (changed.status, changed.body["details"], changed.body["description"]) == (200, True, None)
    assert changed.body["url"] == URL
    late = await outside.ask("PATCH", at, by="admin", json={"details": False}, headers={"If-Match": seen.etag})
    assert (late.status, late.body["error"]) == (412, "StaleWebhook")
    nothing = await outside.ask("PATCH", at, by="admin", json={"url": None}, headers={"If-Match": "*"})
    assert nothing.status == 422
    gone = await outside.ask("DELETE", at, by="admin", headers={"If-Match": changed.etag})
    assert gone.status == 204
    assert (await outside.ask("GET", at, by="admin")).status == 404


async def test_pausing_resuming_and_a_test_message(outside: Outside):
    at = f"/webhooks/{(await add(outside))['id']}"
    assert (await outside.ask("POST", f"{at}/pause", by="admin")).body["paused"] == "paused by an admin"
    refused = await outside.ask("POST", f"{at}/ping", by="admin")
    assert (refused.status, refused.body["error"]) == (409, "WebhookPaused")
    assert (await outside.ask("POST", f"{at}/resume", by="admin", json={"skip": True})).body["paused"] is None
    sent = await outside.ask("POST", f"{at}/ping", by="admin")
    assert (sent.status, sent.body["kind"], sent.body["state"]) == (202, "ping", "due")
    one = await outside.ask("GET", sent.headers["Location"].removeprefix("/api/v1"), by="admin")
    assert one.body["messageId"] == f"msg_{one.body['id']}"
    renewed = await outside.ask("POST", f"{at}/secret", by="admin")
    assert renewed.body["secret"].startswith("whsec_")


async def test_what_was_told_is_listed_in_pages_and_told_again(outside: Outside):
    firm = outside.firm
    made = await add(outside)
    at = f"/webhooks/{made['id']}"
    for hour in range(9, 14):
        await firm.services.bookings.book(
            Wish(slot=new_york(hour), room_id=firm.rooms["Apollo"].id), by=await firm.actor(BEN)
        )
    sending = WebhookSending(firm.db, firm.clock)
    for _ in range(100):
        await WebhookPlanning(firm.db, firm.services.catalogues, webhook_bodies.body).plan(firm.clock.now())
        if (await firm.services.webhooks.get(made["id"])).waiting == 5:
            break
        await asyncio.sleep(0.02)
    for out in await sending.claim(firm.clock.now(), limit=2):
        await sending.answered(out, Answer(status=500, note="<script>no</script>"))
    found, cursor = [], None
    for _ in range(5):
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = await outside.ask("GET", f"{at}/deliveries", by="admin", params=params)
        found += page.body["items"]
        cursor = page.body["next"]
        if cursor is None:
            break
    assert len({one["id"] for one in found}) == len(found) == 5
    assert sorted(one["status"] or 0 for one in found) == [0, 0, 0, 500, 500]
    assert found[0]["body"]["data"]["booking"]["roomName"] == "Apollo"
    due = await outside.ask("GET", f"{at}/deliveries", by="admin", params={"state": "sent"})
    assert due.body["items"] == []
    again = await outside.ask("POST", f"{at}/deliveries/{found[0]['id']}/replay", by="admin")
    assert (again.status, again.body["messageId"]) == (202, found[0]["messageId"])
    assert (await outside.ask("POST", f"{at}/deliveries/{uuid4()}/replay", by="admin")).status == 404


async def test_adding_with_a_key_is_done_once(outside: Outside):
    headers = {"Idempotency-Key": "one"}
    answers = await asyncio.gather(
        *(outside.ask("POST", "/webhooks", by="admin", json={"url": URL}, headers=headers) for _ in range(5))
    )
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["secret"] for answer in answers}) == 1
    assert len((await outside.ask("GET", "/webhooks", by="admin")).body["items"]) == 1
