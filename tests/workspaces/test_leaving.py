"""A company takes the app away, or its token back: nothing more is said there, what was booked stays, others go on."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from sandbox import payloads
from tests.workspaces.street import ANA, BEN, HARBOUR, NORTHBAY, Street


async def at_home(street: Street, *names: str) -> None:
    for name in names or (NORTHBAY, HARBOUR):
        await street.install(name)
        await street.furnish(name, "Apollo")


async def gone(street: Street, name: str) -> bool:
    return not await street.all_rows("SELECT 1 FROM slack_bots WHERE team_id = $1", street.team(name))


async def test_a_company_that_takes_the_app_away_is_left_alone_and_finds_everything_when_it_comes_back(street: Street):
    await at_home(street)
    await street.say(NORTHBAY, ANA, "apollo tomorrow 2pm")
    office = await street.office(NORTHBAY)

    street.slack.uninstall(street.sandbox(NORTHBAY))
    await street.until(lambda: gone(street, NORTHBAY), "its tokens are forgotten")
    await street.until(lambda: _closed(street, office), "its jobs have ended")

    assert await street.all_rows("SELECT count(*) FROM slack_installations WHERE team_id = $1", street.team(NORTHBAY)) == [
        (0,)
    ]
    assert await street.all_rows("SELECT count(*) FROM bookings") == [(1,)]
    said = await street.say(NORTHBAY, ANA, "mine")
    assert "not at home in this workspace" in said["text"]
    assert f"{street.url}/slack/install" in said["text"]
    assert "Apollo" in str(await street.say(HARBOUR, ANA, "apollo tomorrow 2pm"))

    await street.install(NORTHBAY)
    assert "Apollo" in str(await street.say(NORTHBAY, ANA, "mine"))
    assert (await street.office(NORTHBAY)).place.id == office.place.id


async def _closed(street: Street, office: Any) -> bool:
    return office not in street.product.offices.open() and not office.at_work


async def test_a_revoked_token_keeps_nobody_else_waiting(street: Street):
    await at_home(street)
    for user in (ANA, BEN):
        await street.say(NORTHBAY, user, "mine")
    street.slack.revoke(street.sandbox(NORTHBAY), told=False)
    for name in (NORTHBAY, HARBOUR):
        # Ben is invited, so that he is told in a direct message.
        assert "Apollo" in str(await street.say(name, ANA, f"apollo tomorrow 2pm with <@{BEN}>"))

    async def told(name: str) -> bool:
        return any("Apollo" in str(one) for one in (await street.people[name].posts())["posts"] if one["channel"] == "D0BEN")

    await street.until(lambda: told(HARBOUR), "Harbour's Ben is told")
    assert not await told(NORTHBAY)
    waiting = await street.all_rows(
        "SELECT c.given_up FROM cards c JOIN slack_teams t USING (tenant_id) WHERE t.team_id = $1 AND c.ts IS NULL",
        street.team(NORTHBAY),
    )
    assert waiting == [(None,)]

    await street.install(NORTHBAY)
    street.clock.set(street.clock.now() + timedelta(minutes=10))
    (await street.office(NORTHBAY)).background.deliverer.wake()
    await street.until(lambda: told(NORTHBAY), "Northbay's Ben is told once the app is there again")


async def test_a_revoked_token_that_slack_tells_of_is_forgotten(street: Street):
    await at_home(street)
    street.slack.revoke(street.sandbox(HARBOUR))
    await street.until(lambda: gone(street, HARBOUR), "the token is forgotten")
    assert not await gone(street, NORTHBAY)


async def test_an_uninstallation_that_is_told_after_the_app_came_back_takes_nothing_away(street: Street):
    await at_home(street, NORTHBAY)
    late = payloads.event(street.sandbox(NORTHBAY).parts.ws, {"type": "app_uninstalled"})
    assert (await street.tell(late))[0] == 200
    assert not await gone(street, NORTHBAY)
    assert "Apollo" in str(await street.say(NORTHBAY, ANA, "rooms"))


async def test_tokens_of_people_that_are_revoked_are_not_the_app_s(street: Street):
    await at_home(street, NORTHBAY)
    inner = {"type": "tokens_revoked", "tokens": {"oauth": [ANA], "bot": []}}
    street.slack._end_tokens([street.sandbox(NORTHBAY)], "token_revoked")
    assert (await street.tell(payloads.event(street.sandbox(NORTHBAY).parts.ws, inner)))[0] == 200
    assert not await gone(street, NORTHBAY)


async def test_nobody_can_pretend_that_a_company_has_left(street: Street):
    await at_home(street, NORTHBAY)
    street.slack._end_tokens([street.sandbox(NORTHBAY)], "account_inactive")
    leaving = json.dumps(payloads.event(street.sandbox(NORTHBAY).parts.ws, {"type": "app_uninstalled"})).encode()
    assert (await street.send(leaving, secret="guessed", kind="application/json"))[0] == 401
    assert not await gone(street, NORTHBAY)
