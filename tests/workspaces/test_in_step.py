"""What goes wrong, or happens at once, while offices are opened, renamed, left and asked for: nobody else is kept by it."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp.test_utils import unused_port
from pydantic import SecretStr

from bot.offices import OpenOffice
from bot.sealing import Sealing, keys_of, new_key
from core.errors import Unavailable
from core.tenant_moving import Databases, Mover
from core.tenants import Keeper
from handlers.ids import Action
from sandbox import payloads
from tests.workspaces.street import ANA, DOCKS, HARBOUR, NORTHBAY, OLGA, QUAY, Street, opened
from tests.workspaces.test_addresses import token


async def gone(street: Street, name: str) -> bool:
    return not await street.all_rows("SELECT 1 FROM slack_bots WHERE team_id = $1", street.team(name))


def leaving(street: Street, name: str) -> Any:
    return payloads.event(street.sandbox(name).parts.ws, {"type": "app_uninstalled"})


async def test_an_office_that_could_not_begin_to_work_begins_at_the_next_round(
    street: Street, monkeypatch: pytest.MonkeyPatch
):
    await street.install(NORTHBAY)
    offices = street.product.offices
    offices._close(await street.office(NORTHBAY))
    learn, calls = OpenOffice.introduced, []

    async def failing(self: OpenOffice) -> None:
        calls.append(self)
        if len(calls) == 2:
            raise Unavailable("The booking database does not answer.")
        await learn(self)

    monkeypatch.setattr(OpenOffice, "introduced", failing)
    await offices.refresh()
    assert [one.at_work for one in offices.open()] == [False]
    await offices.refresh()
    assert [one.at_work for one in offices.open()] == [True]
    assert len(list(offices.turns())) == 1


async def test_a_round_that_began_before_an_installation_does_not_close_what_it_has_opened(
    street: Street, monkeypatch: pytest.MonkeyPatch
):
    offices, slowly = street.product.offices, asyncio.Event()
    ask, asked = offices.installations.tenants, asyncio.Event()

    async def slow() -> Any:
        found = await ask()
        if not asked.is_set():
            asked.set()
            await slowly.wait()
        return found

    monkeypatch.setattr(offices.installations, "tenants", slow)
    earlier = asyncio.create_task(offices.refresh())
    await asked.wait()
    installing = asyncio.create_task(street.install(NORTHBAY))

    async def installed() -> bool:
        return not await gone(street, NORTHBAY)

    await street.until(installed, "the token is kept")
    await asyncio.wait([installing], timeout=0.5)
    slowly.set()
    await asyncio.gather(earlier, installing)
    assert [one.at_work for one in offices.open()] == [True]


async def test_a_token_sealed_with_a_key_that_is_missing_here_keeps_no_other_office_closed(street: Street):
    for name in (NORTHBAY, HARBOUR):
        await street.install(name)
    offices = street.product.offices
    for one in offices.open():
        offices._close(one)
    sealed = Sealing(keys_of(new_key())).sealed("xoxb-of-another-process")
    await street.all_rows("UPDATE slack_bots SET bot_token = $1 WHERE team_id = $2", sealed, street.team(HARBOUR))
    await offices.refresh()
    assert sorted((one.name, one.at_work) for one in offices.open()) == [("harbour", True), ("northbay", True)]


async def test_a_company_that_gets_another_short_name_is_found_by_it_and_can_sign_in(street: Street):
    await street.install(NORTHBAY)
    databases = Databases(street.database.owner_url, {})
    async with databases.opened(None) as main:
        keeper = Keeper(main)
        await keeper.rename(await keeper.named("northbay"), slug="bay")

    async def known() -> bool:
        return [one.name for one in street.product.offices.open()] == ["bay"]

    await street.product.offices.refresh()
    assert await known()
    assert [one.at_work for one in street.product.offices.open()] == [True]
    start = f"{street.url}/w/bay/signin/start"
    async with street.http.get(start, allow_redirects=False) as page:
        address, cookie = page.headers["Location"], page.headers["Set-Cookie"].partition(";")[0]
    async with street.http.post(address, data={"user": OLGA}, allow_redirects=False) as agreed:
        back = agreed.headers["Location"]
    async with street.http.get(back, headers={"Cookie": cookie}, allow_redirects=False) as here:
        assert (here.status, here.headers["Location"]) == (303, "/w/bay/board")
    async with street.http.get(f"{street.url}/w/northbay/board") as old:
        assert old.status == 404


async def test_an_app_that_comes_back_while_slack_is_asked_whether_it_has_left_stays(
    street: Street, monkeypatch: pytest.MonkeyPatch
):
    await street.install(NORTHBAY)
    await street.furnish(NORTHBAY, "Apollo")

    async def back_again(_: str) -> bool:
        await street.install(NORTHBAY)
        return True

    monkeypatch.setattr(street.product, "_dead", back_again)
    assert (await street.tell(leaving(street, NORTHBAY)))[0] == 200
    assert not await gone(street, NORTHBAY)
    assert "Apollo" in str(await street.say(NORTHBAY, ANA, "rooms"))


async def test_nothing_is_forgotten_while_slack_does_not_answer_and_it_tells_once_more(
    street: Street, monkeypatch: pytest.MonkeyPatch
):
    await street.install(NORTHBAY)
    street.slack._end_tokens([street.sandbox(NORTHBAY)], "account_inactive")
    with monkeypatch.context() as away:

        async def silent(**_: object) -> None:
            raise TimeoutError

        away.setattr(street.product.slack, "auth_test", silent)
        assert (await street.tell(leaving(street, NORTHBAY)))[0] == 503
        assert not await gone(street, NORTHBAY)
    assert (await street.tell(leaving(street, NORTHBAY)))[0] == 200
    assert await gone(street, NORTHBAY)


async def test_a_token_is_not_called_nobody_s_while_a_database_cannot_be_asked(database: Any):
    away = f"eu=postgresql://us@127.0.0.1:{unused_port()}/rooms"
    async with opened(database, tenant_databases=SecretStr(away)) as street:
        await street.install(HARBOUR)
        guessed = {"Authorization": "Bearer bkr_guessed"}
        for placement, status in ((None, 401), ("eu", 503)):
            await street.all_rows("UPDATE tenants SET placement = $1 WHERE slug = 'harbour'", placement)
            await street.product.offices.refresh()
            async with street.http.get(f"{street.url}/api/v1/rooms", headers=guessed) as answer:
                assert answer.status == status
                assert (await answer.json())["error"] == ("Unauthorized" if status == 401 else "Unavailable")
        async with street.http.get(f"{street.url}/w/harbour/api/v1/rooms", headers=guessed) as answer:
            assert (answer.status, (await answer.json())["error"]) == (503, "Unavailable")


async def test_whoever_signs_in_where_the_app_was_taken_away_is_told_so(street: Street):
    await street.install(NORTHBAY)
    place = (await street.office(NORTHBAY)).place
    await street.all_rows("DELETE FROM slack_bots")
    await street.product.offices.changed(place.id)
    async with street.http.get(f"{street.url}/w/northbay/signin/start", allow_redirects=False) as page:
        address, cookie = page.headers["Location"], page.headers["Set-Cookie"].partition(";")[0]
    async with street.http.post(address, data={"user": OLGA}, allow_redirects=False) as agreed:
        back = agreed.headers["Location"]
    async with street.http.get(back, headers={"Cookie": cookie}, allow_redirects=False) as here:
        assert here.status == 403
        assert "taken out of that Slack workspace" in await here.text()


async def test_no_office_speaks_with_the_token_of_another_company(street: Street):
    for name in (NORTHBAY, HARBOUR):
        await street.install(name)
    office = await street.office(NORTHBAY)
    assert await office.grants.of(street.team(NORTHBAY))
    assert await office.grants.of(street.team(HARBOUR)) is None


async def test_pages_that_nobody_comes_back_to_leave_nothing_behind_for_long(street: Street):
    for _ in range(3):
        await street.begin()
    await street.all_rows("UPDATE slack_oauth_states SET expire_at = expire_at - interval '11 minutes'")
    await street.begin()
    assert await street.all_rows("SELECT count(*) FROM slack_oauth_states") == [(1,)]


async def test_a_workspace_that_joins_by_its_organisation_is_known_where_its_company_lives(database: Any, elsewhere: Any):
    placed = SecretStr(f"eu={elsewhere.owner_url}")
    async with opened(database, QUAY, DOCKS, tenant_databases=placed) as street:
        await street.install(QUAY, organisation=True)
        databases = Databases(street.database.owner_url, {"eu": elsewhere.owner_url})
        async with databases.opened(None) as main:
            tenant = (await Keeper(main).all())[-1]
        await Mover(databases, lambda *_, **__: None).move(tenant, "eu")
        await street.product.offices.refresh()
        await street.say(DOCKS, ANA, "rooms")
        known = await (await street.office(DOCKS)).office.services.people.teams()
        assert street.team(DOCKS) in known


async def test_streams_of_all_companies_together_are_no_more_than_the_process_has_room_for(database: Any):
    async with opened(database, api_streams=2) as street:
        asked = {}
        for name in (NORTHBAY, HARBOUR):
            await street.install(name)
            asked[name] = {"Authorization": f"Bearer {await token(street, name)}"}

        def listening(name: str) -> Any:
            return street.http.get(f"{street.url}/w/{name.lower()}/api/v1/events", headers=asked[name])

        async with listening(NORTHBAY) as one, listening(HARBOUR) as other:
            assert (one.status, other.status) == (200, 200)
            for name in (NORTHBAY, HARBOUR):
                async with listening(name) as another:
                    assert another.status == 503


async def test_whoever_of_another_company_presses_something_in_our_view_is_a_stranger(street: Street):
    for name in (NORTHBAY, HARBOUR):
        await street.install(name)
    view = {"id": "V1", "hash": "1.a", "callback_id": "none", "app_installed_team_id": street.team(NORTHBAY)}
    theirs = street.team(HARBOUR)
    for whose, known in ((theirs, []), (street.team(NORTHBAY), [(street.team(NORTHBAY),)])):
        body = {
            "type": "block_actions",
            "team": {"id": whose, "domain": "one"},
            "user": {"id": ANA, "team_id": whose},
            "trigger_id": "1.2.3",
            "container": {"type": "view", "view_id": "V1"},
            "view": view,
            "actions": [{"type": "button", "action_id": Action.RUN.value, "block_id": "b", "value": "rooms"}],
        }
        assert (await street.send(urlencode({"payload": json.dumps(body)}).encode()))[0] == 200
        for one in street.product.offices.open():
            if one.edge:
                await one.edge.drain(5)
        assert await street.all_rows("SELECT slack_team_id FROM people WHERE slack_user_id = $1", ANA) == known


async def test_figures_wait_once_for_a_database_that_does_not_answer_and_not_once_for_each_who_lives_there(
    street: Street, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []

    async def away(_: object) -> None:
        asked.append("once")
        raise Unavailable("The booking database does not answer.")

    for name in (NORTHBAY, HARBOUR):
        await street.install(name)
        office = await street.office(name)
        office.background.turns.wake()
        monkeypatch.setattr(office.background.outbox, "overview", away)
    async with street.http.get(f"{street.url}/metrics") as figures:
        assert 'bookroom_offices{state="awake"} 2.0' in await figures.text()
    assert asked == ["once"]
