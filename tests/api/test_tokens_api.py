"""Tokens over the API: one's own, none that is good for more than the one in use, told once and kept nowhere."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

import core.tokens
from core.tokens import Scope
from tests.api.outside import Outside
from tests.handlers.firm import BEN, NOW

NEW = {"name": "door panel", "scopes": ["read"]}


async def test_a_token_of_ones_own_is_made_used_listed_and_revoked(outside: Outside):
    made = await outside.ask("POST", "/tokens", json=NEW)
    assert made.status == 201, made.body
    assert made.body["scopes"] == ["read"]
    outside.tokens["panel"] = made.body["secret"]
    assert (await outside.ask("GET", "/rooms", by="panel")).status == 200
    assert (await outside.ask("POST", "/tokens", by="panel", json=NEW)).status == 403

    mine = await outside.ask("GET", "/tokens", by="reader")
    assert {one["personName"] for one in mine.body["items"]} == {made.body["personName"]}
    assert "door panel" in {one["name"] for one in mine.body["items"]}
    assert made.body["secret"] not in str(mine.body)

    path = made.headers["Location"].removeprefix("/api/v1")
    assert (await outside.ask("DELETE", path)).status == 204
    assert (await outside.ask("GET", "/rooms", by="panel")).status == 401
    assert (await outside.ask("DELETE", path)).status == 404


async def test_no_token_makes_or_revokes_one_that_is_good_for_more_or_for_longer(outside: Outside):
    wider = await outside.ask("POST", "/tokens", json={**NEW, "scopes": ["read", "admin"]})
    assert (wider.status, wider.body["error"]) == (403, "Forbidden")
    soon = (NOW + timedelta(days=1)).isoformat()
    short = await outside.ask("POST", "/tokens", json={**NEW, "scopes": ["book"], "expiresAt": soon})
    outside.tokens["short"] = short.body["secret"]
    later = (NOW + timedelta(days=2)).isoformat()
    assert (await outside.ask("POST", "/tokens", by="short", json={**NEW, "expiresAt": later})).status == 403
    unsaid = await outside.ask("POST", "/tokens", by="short", json=NEW)
    assert unsaid.body["expiresAt"] == short.body["expiresAt"]
    past = await outside.ask("POST", "/tokens", json={**NEW, "expiresAt": (NOW - timedelta(days=1)).isoformat()})
    assert (past.status, list(past.body["validationErrors"])) == (422, ["expiresAt"])

    ben = await outside.firm.actor(BEN)
    outside.tokens["widest"] = await outside.token(BEN, Scope.ADMIN)
    known = await outside.firm.services.tokens.all(person_id=ben.person_id)
    widest = next(one for one in known if Scope.ADMIN in one.scopes)
    assert (await outside.ask("DELETE", f"/tokens/{widest.id}")).status == 403
    assert (await outside.ask("GET", "/rooms", by="widest")).status == 200


async def test_admins_see_and_revoke_everybodys_and_others_their_own(outside: Outside):
    everybodys = (await outside.ask("GET", "/tokens", by="admin")).body["items"]
    assert len({one["personId"] for one in everybodys}) == 2
    ben = await outside.firm.actor(BEN)
    foreign = next(one for one in everybodys if one["personId"] != str(ben.person_id))
    assert (await outside.ask("DELETE", f"/tokens/{foreign['id']}")).status == 404
    reading = next(one for one in everybodys if one["personId"] == str(ben.person_id) and one["scopes"] == ["read"])
    assert (await outside.ask("DELETE", f"/tokens/{reading['id']}", by="admin")).status == 204
    assert (await outside.ask("GET", "/rooms", by="reader")).status == 401


async def test_the_same_request_makes_one_token_and_tells_it_once(outside: Outside):
    headers = {"Idempotency-Key": "one"}
    answers = await asyncio.gather(*(outside.ask("POST", "/tokens", json=NEW, headers=headers) for _ in range(8)))
    (made,) = [one for one in answers if one.status == 201]
    assert {(one.status, one.body["error"]) for one in answers if one is not made} == {(409, "ToldOnce")}
    assert all(made.body["id"] in one.body["message"] for one in answers if one is not made)
    mine = (await outside.ask("GET", "/tokens")).body["items"]
    assert [one["name"] for one in mine].count("door panel") == 1
    connection = await asyncpg.connect(outside.firm.urls.superuser_url)
    try:
        for table in ("requests", "tokens", "changes"):
            rows = await connection.fetch(f"SELECT to_jsonb(t)::text AS row FROM {table} t")
            assert rows
            assert not any(made.body["secret"] in row["row"] for row in rows)
    finally:
        await connection.close()


async def test_many_requests_with_one_token_ask_who_it_is_once(outside: Outside, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    real = core.tokens._bearer

    async def counted(session: Any, digest: str) -> Any:
        asked.append(digest)
        await asyncio.sleep(0.05)
        return await real(session, digest)

    monkeypatch.setattr(core.tokens, "_bearer", counted)
    tokens = outside.firm.services.tokens
    found = await asyncio.gather(*(tokens.bearer(outside.tokens["ben"]) for _ in range(50)))
    assert len({one.token.id for one in found if one}) == 1
    assert None not in found
    assert len(asked) == 1


async def test_whoever_gives_up_waiting_leaves_the_answer_to_the_others(outside: Outside, monkeypatch: pytest.MonkeyPatch):
    real, begun, go_on = core.tokens._bearer, asyncio.Event(), asyncio.Event()

    async def slow(session: Any, digest: str) -> Any:
        begun.set()
        await go_on.wait()
        return await real(session, digest)

    monkeypatch.setattr(core.tokens, "_bearer", slow)
    tokens = outside.firm.services.tokens
    first = asyncio.create_task(tokens.bearer(outside.tokens["ben"]))
    await begun.wait()
    second = asyncio.create_task(tokens.bearer(outside.tokens["ben"]))
    await asyncio.sleep(0)
    first.cancel()
    go_on.set()
    assert await second is not None
    with pytest.raises(asyncio.CancelledError):
        await first
