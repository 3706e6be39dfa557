"""The app is added to workspaces over real HTTP: what it is given is kept sealed, and each workspace sees itself alone."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from bot.sealing import SealedWithAnotherKeyError, Sealing, keys_of, new_key
from bot.workspaces import Workspaces
from tests.workspaces.street import ANA, BEN, HARBOUR, KEY, NORTHBAY, OLGA, Street, opened, state_of


async def everything(street: Street) -> str:
    """Return all that stands in the database, in every table."""
    names = [name for (name,) in await street.all_rows("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")]
    return "\n".join([str(await street.all_rows(f'SELECT t::text FROM "{name}" t')) for name in names])


async def test_two_companies_install_book_and_do_not_see_each_other(street: Street):
    page = await street.install(NORTHBAY)
    assert "Bookroom is in Northbay" in page
    assert f"{street.url}/w/northbay/board" in page
    await street.install(HARBOUR)
    await street.furnish(NORTHBAY, "Apollo")
    await street.furnish(HARBOUR, "Neptune")

    assert "Apollo" in str(await street.say(NORTHBAY, ANA, "apollo tomorrow 2pm"))
    assert "Neptune" in str(await street.say(HARBOUR, ANA, "neptune tomorrow 2pm"))

    for name, own, other in ((NORTHBAY, "Apollo", "Neptune"), (HARBOUR, "Neptune", "Apollo")):
        listed = str(await street.say(name, BEN, "rooms"))
        assert own in listed
        assert other not in listed
        assert other not in str(await street.say(name, ANA, "mine"))
    rows = await street.all_rows("SELECT tenant_id, count(*) FROM bookings GROUP BY 1")
    assert [count for _, count in rows] == [1, 1]


async def test_tokens_stand_nowhere_in_the_database(street: Street):
    await street.install(NORTHBAY)
    token = street.slack.token_of(street.sandbox(NORTHBAY))
    assert token
    whole = await everything(street)
    assert street.team(NORTHBAY) in whole
    assert token not in whole
    assert token.encode().hex() not in whole
    bot = await street.product.offices.installations.async_find_bot(enterprise_id=None, team_id=street.team(NORTHBAY))
    assert bot
    assert bot.bot_token == token


async def test_installing_again_brings_a_new_token_and_forgets_the_old_one(street: Street):
    await street.install(NORTHBAY)
    old = street.slack.token_of(street.sandbox(NORTHBAY))
    street.slack.revoke(street.sandbox(NORTHBAY), told=False)
    await street.install(NORTHBAY)

    found = await (await street.office(NORTHBAY)).grants.of(street.team(NORTHBAY))
    assert found
    assert found.token == street.slack.token_of(street.sandbox(NORTHBAY)) != old
    assert await street.all_rows("SELECT count(*) FROM slack_bots") == [(1,)]
    assert await street.all_rows("SELECT count(*) FROM slack_teams") == [(1,)]
    assert "rooms" in str(await street.say(NORTHBAY, ANA, "rooms"))


async def test_what_comes_back_from_slack_is_good_once_and_in_the_browser_that_was_sent(street: Street):
    address, cookie = await street.begin()
    there = await street.agree(address, NORTHBAY)
    forged = there.replace(state_of(there), "forged")
    assert (await street.back(forged, cookie))[0] == 400
    assert (await street.back(forged, cookie.replace(state_of(there), "forged")))[0] == 401
    assert (await street.back(there, ""))[0] == 400
    assert await street.all_rows("SELECT count(*) FROM tenants WHERE slug IS NOT NULL") == [(0,)]

    assert (await street.back(there, cookie))[0] == 200
    status, page = await street.back(there, cookie)
    assert status == 401
    assert "done already" in page


async def test_a_state_is_over_after_ten_minutes(street: Street):
    address, cookie = await street.begin()
    there = await street.agree(address, NORTHBAY)
    assert await street.all_rows("UPDATE slack_oauth_states SET expire_at = expire_at - interval '10 minutes' RETURNING 1")
    assert (await street.back(there, cookie))[0] == 401
    assert await street.all_rows("SELECT count(*) FROM slack_oauth_states") == [(0,)]


async def test_whoever_says_no_in_slack_is_told_that_nothing_was_added(street: Street):
    address, cookie = await street.begin()
    there = await street.agree(address, NORTHBAY, user=BEN)
    status, page = await street.back(there, cookie)
    assert (status, "Bookroom was not added." in page) == (200, True)


async def test_slack_gives_a_token_once_to_the_right_client_and_address(street: Street):
    address, _ = await street.begin()
    code = parse_qs(urlsplit(await street.agree(address, NORTHBAY)).query)["code"][0]
    client = street.sandbox(NORTHBAY).company.client
    good = {
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "code": code,
        "redirect_uri": f"{street.url}/slack/oauth_redirect",
    }

    async def asked(**other: str) -> Any:
        async with street.http.post(f"{street.running.api_url}oauth.v2.access", data={**good, **other}) as answer:
            said = await answer.json()
            return said.get("error") or said["team"]["id"]

    assert await asked(client_secret="guessed") == "bad_client_secret"
    assert await asked(redirect_uri=f"{street.url}/slack/elsewhere") == "bad_redirect_uri"
    assert await asked(code="guessed") == "invalid_code"
    assert await asked() == street.team(NORTHBAY)
    assert await asked() == "code_already_used"


async def test_slack_does_not_send_people_to_addresses_that_are_not_registered(street: Street):
    address, _ = await street.begin()
    elsewhere = address.replace("oauth_redirect", "elsewhere")
    async with street.http.get(elsewhere) as answer:
        assert (answer.status, "bad_redirect_uri" in await answer.text()) == (400, True)


async def test_two_companies_of_one_name_get_addresses_of_their_own(database: Any):
    async with opened(database, NORTHBAY, HARBOUR) as street:
        await street.install(NORTHBAY)
        harbour = street.sandbox(HARBOUR)
        team = harbour.company.team.model_copy(update={"name": "Northbay!"})
        harbour.company = harbour.parts.ws.company = harbour.company.model_copy(update={"team": team})
        address, cookie = await street.begin()
        async with street.http.post(address, data={"as": f"{team.id} {OLGA}"}, allow_redirects=False) as answer:
            assert (await street.back(answer.headers["Location"], cookie))[0] == 200
        slugs = await street.all_rows("SELECT slug FROM tenants WHERE slug IS NOT NULL ORDER BY 1")
        assert slugs == [("northbay",), ("northbay-2",)]


async def test_keys_are_exchanged_without_installing_anew(database: Any):
    newer = new_key()
    async with opened(database, NORTHBAY) as street:
        await street.install(NORTHBAY)
        token = street.slack.token_of(street.sandbox(NORTHBAY))
        sealed = dict(await street.all_rows("SELECT 'old', bot_token FROM slack_bots"))["old"]
        offices = street.product.offices
        offices.installations._sealing = Sealing(keys_of(f"{newer},{KEY}"))
        assert await offices.installations.rotate() == 2
        assert await offices.installations.rotate() == 0

        ((again,),) = await street.all_rows("SELECT bot_token FROM slack_bots")
        assert again != sealed
        assert Sealing(keys_of(newer)).opened(again) == token
        with pytest.raises(SealedWithAnotherKeyError):
            Sealing(keys_of(KEY)).opened(again)


async def test_a_key_that_is_missing_is_told_when_the_process_starts(street: Street):
    await street.install(NORTHBAY)
    other = Workspaces(street.settings.model_copy(update={"port": 0, "secrets_keys": SecretStr(new_key())}))
    try:
        with pytest.raises(SealedWithAnotherKeyError, match="SECRETS_KEYS"):
            await other.start()
    finally:
        await other.stop()
