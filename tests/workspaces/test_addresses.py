"""Each workspace has addresses of its own; who has signed in to one, or has a token of one, is nobody at another."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from core.models import Person
from core.people import Profile
from core.tokens import Scope
from sandbox import payloads
from tests.workspaces.street import ANA, HARBOUR, NORTHBAY, OLGA, Street


async def at_home(street: Street) -> None:
    for name, room in ((NORTHBAY, "Apollo"), (HARBOUR, "Neptune")):
        await street.install(name)
        await street.furnish(name, room)


async def person(street: Street, name: str, user: str = OLGA) -> Person:
    people = (await street.office(name)).office.services.people
    return await people.seen(Profile(slack_team_id=street.team(name), slack_user_id=user, name="Olga", admin=True))


async def token(street: Street, name: str) -> str:
    made = (await street.office(name)).office.services.tokens
    _, secret = await made.make((await person(street, name)).id, name="for tests", scopes=[Scope.ADMIN])
    return secret


async def got(street: Street, path: str, **headers: str) -> tuple[int, str, Any]:
    async with street.http.get(f"{street.url}{path}", headers=headers, allow_redirects=False) as answer:
        return answer.status, await answer.text(), answer.headers


async def test_a_token_is_good_below_its_own_address_and_where_none_is_named(street: Street):
    await at_home(street)
    secret = await token(street, NORTHBAY)
    ours = {"Authorization": f"Bearer {secret}"}
    for path in ("/api/v1/rooms", "/w/northbay/api/v1/rooms"):
        status, text, _ = await got(street, path, **ours)
        assert (status, [one["name"] for one in json.loads(text)["items"]]) == (200, ["Apollo"])
    assert (await got(street, "/w/harbour/api/v1/rooms", **ours))[0] == 401
    for useless in ({}, {"Authorization": "Bearer bkr_guessed"}):
        assert (await got(street, "/api/v1/rooms", **useless))[0] == 401
    assert (await got(street, "/api/v1/openapi.json"))[0] == 200


async def test_addresses_that_an_answer_leads_to_name_the_workspace(street: Street):
    await at_home(street)
    secret, there = await token(street, NORTHBAY), f"{street.url}/w/northbay/api/v1/locations"
    said = {"Authorization": f"Bearer {secret}"}
    async with street.http.post(there, json={"name": "Paris", "timeZone": "Europe/Paris"}, headers=said) as answer:
        assert answer.status == 201, await answer.text()
        assert answer.headers["Location"].startswith("/w/northbay/api/v1/locations/")
    _, _, headers = await got(street, "/w/northbay/api/v1/locations?limit=1", **said)
    assert headers["Link"].startswith("</w/northbay/api/v1/locations?")


async def test_pages_lead_to_pages_of_the_same_workspace(street: Street):
    await at_home(street)
    status, _, headers = await got(street, "/w/northbay/board")
    assert (status, headers["Location"]) == (303, "/w/northbay/signin?to=%2Fboard")
    status, page, _ = await got(street, headers["Location"])
    assert (status, 'href="/w/northbay/signin/start?to=%2Fboard"' in page) == (200, True)
    assert (await got(street, "/w/northbay"))[2]["Location"] == "/w/northbay/board"
    for nowhere in ("/w/nobody/board", "/w/northbay/nothing", "/w/../board", "/board"):
        assert (await got(street, nowhere))[0] == 404


async def signed_in(street: Street, name: str) -> str:
    """Sign in to a workspace's pages as people do; return the cookie."""
    slug = name.lower()
    async with street.http.get(f"{street.url}/w/{slug}/signin/start?to=/board", allow_redirects=False) as start:
        address, kept = start.headers["Location"], start.headers["Set-Cookie"].partition(";")[0]
    async with street.http.post(address, data={"user": OLGA}, allow_redirects=False) as agreed:
        back = agreed.headers["Location"]
    assert back.startswith(f"{street.url}/signin/slack?")
    async with street.http.get(back, headers={"Cookie": kept}, allow_redirects=False) as here:
        assert (here.status, here.headers["Location"]) == (303, f"/w/{slug}/board"), await here.text()
        cookies = here.headers.getall("Set-Cookie")
    return next(one.partition(";")[0] for one in cookies if one.startswith(f"bookroom-{slug}="))


async def test_who_signs_in_to_one_workspace_is_nobody_in_another(street: Street):
    await at_home(street)
    cookie = await signed_in(street, NORTHBAY)
    status, _, headers = await got(street, "/w/northbay/board", Cookie=cookie)
    assert (status, headers["Location"].startswith("/w/northbay/board/")) == (303, True)
    status, page, _ = await got(street, headers["Location"], Cookie=cookie)
    assert (status, "Apollo" in page) == (200, True)
    assert 'action="/w/northbay/signout"' in page
    assert 'href="/board' not in page
    assert 'href="/figures' not in page

    for other in (cookie, cookie.replace("northbay", "harbour")):
        assert "signin" in (await got(street, "/w/harbour/board", Cookie=other))[2]["Location"]


async def test_a_board_s_page_asks_for_its_data_below_its_own_address(street: Street):
    await at_home(street)
    cookie = await signed_in(street, HARBOUR)
    there = (await got(street, "/w/harbour/board", Cookie=cookie))[2]["Location"]
    _, page, _ = await got(street, there, Cookie=cookie)
    source = page.partition('data-source="')[2].partition('"')[0]
    assert source.startswith("/w/harbour/board/")
    status, text, _ = await got(street, source, Cookie=cookie)
    assert (status, "Neptune" in text) == (200, True)
    assert (await got(street, source))[0] == 401
    assert (await got(street, source.replace("/w/harbour", "/w/northbay"), Cookie=cookie))[0] in {401, 404}


async def test_what_slack_did_not_sign_is_not_looked_at(street: Street):
    await at_home(street)
    forged = urlencode({"command": "/book", "text": "apollo tomorrow 2pm", "team_id": street.team(NORTHBAY), "user_id": ANA})
    assert (await street.send(forged.encode(), secret="guessed"))[0] == 401
    interaction = urlencode({"payload": json.dumps({"type": "block_actions", "team": {"id": street.team(NORTHBAY)}})})
    assert (await street.send(interaction.encode(), secret="guessed"))[0] == 401
    assert await street.all_rows("SELECT count(*) FROM bookings") == [(0,)]


async def test_a_company_that_nobody_knows_gets_a_kind_word_and_nothing_else(street: Street):
    await at_home(street)
    status, text = await street.command(team_id="T0STRANGER", text="rooms")
    assert status == 200
    assert "not at home" in json.loads(text)["text"]
    assert "Apollo" not in text
    for kind in ("block_actions", "view_closed"):
        body = {"type": kind, "team": {"id": "T0STRANGER"}, "user": {"id": ANA}}
        assert await street.send(urlencode({"payload": json.dumps(body)}).encode()) == (200, "")
    view = {"type": "view_submission", "team": {"id": "T0STRANGER"}, "user": {"id": ANA}, "view": {}}
    status, text = await street.send(urlencode({"payload": json.dumps(view)}).encode())
    assert json.loads(text)["response_action"] == "update"
    asked = {"type": "block_suggestion", "team": {"id": "T0STRANGER"}, "user": {"id": ANA}, "value": "apo"}
    assert await street.send(urlencode({"payload": json.dumps(asked)}).encode()) == (200, '{"options": []}')
    event = payloads.event(street.sandbox(NORTHBAY).parts.ws, {"type": "app_home_opened", "user": ANA})
    event |= {"team_id": "T0STRANGER", "authorizations": [{"team_id": "T0STRANGER", "enterprise_id": None}]}
    assert await street.tell(event) == (200, "")


async def test_a_stranger_of_a_shared_channel_is_not_taken_for_a_colleague(street: Street):
    await at_home(street)
    answered: list[dict[str, Any]] = []
    body = {
        "type": "block_actions",
        "team": {"id": street.team(NORTHBAY), "domain": "northbay"},
        "user": {"id": ANA, "team_id": street.team(HARBOUR)},
        "trigger_id": "1.2.3",
        "container": {"type": "message", "message_ts": "1.2", "channel_id": "C1"},
        "actions": [{"type": "button", "action_id": "run", "block_id": "b", "value": "rooms"}],
    }
    status, _ = await street.send(urlencode({"payload": json.dumps(body)}).encode())
    for one in street.product.offices.open():
        if one.edge:
            await one.edge.drain(5)
    assert (status, answered) == (200, [])
    assert await street.all_rows("SELECT count(*) FROM people WHERE slack_user_id = $1", ANA) == [(0,)]


async def test_slack_s_own_questions_are_answered(street: Street):
    status, text = await street.send(
        json.dumps({"type": "url_verification", "challenge": "c3"}).encode(), kind="application/json"
    )
    assert (status, json.loads(text)) == (200, {"challenge": "c3"})
    assert (await street.send(urlencode({"ssl_check": "1", "token": "t"}).encode()))[0] == 200
    assert (await street.send(b"payload=%5B1%5D"))[0] == 400
