"""Several Slack teams may be one company, and an organisation is: one room is never held twice, and each team is told."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

import asyncpg

from core.tenants import Keeper
from handlers.ids import Action
from tests.workspaces.street import ANA, BEN, CHANNEL, DOCKS, HARBOUR, NORTHBAY, ORGANISATION, QUAY, Street, opened


async def joined(street: Street, name: str, other: str) -> None:
    """Make a team one of another's company, as an operator does, before it installs the app."""
    connection = await asyncpg.connect(street.database.owner_url)
    keeper = Keeper(connection)
    await keeper.join(await keeper.named(street.team(other)), street.team(name), name=name)
    await connection.close()


async def test_two_teams_of_one_company_never_hold_one_room_twice(street: Street):
    await street.install(NORTHBAY)
    await joined(street, HARBOUR, NORTHBAY)
    await street.install(HARBOUR)
    await street.furnish(NORTHBAY, "Apollo")

    await asyncio.gather(
        *(street.say(name, user, "apollo tomorrow 2pm") for name in (NORTHBAY, HARBOUR) for user in (ANA, BEN))
    )

    held = await street.all_rows("SELECT count(*) FROM room_claims")
    assert held == [(1,)]
    assert await street.all_rows("SELECT count(DISTINCT tenant_id) FROM slack_teams") == [(1,)]
    known = await street.all_rows("SELECT slack_team_id, slack_user_id FROM people WHERE slack_user_id = $1 ORDER BY 1", ANA)
    assert known == [(street.team(HARBOUR), ANA), (street.team(NORTHBAY), ANA)]


async def test_each_team_is_told_with_its_own_token(street: Street):
    await street.install(NORTHBAY)
    await joined(street, HARBOUR, NORTHBAY)
    await street.install(HARBOUR)
    await street.furnish(NORTHBAY, "Apollo", "Boreas")
    await street.say(NORTHBAY, ANA, f"apollo tomorrow 2pm with <@{BEN}>")
    await street.say(HARBOUR, ANA, f"boreas tomorrow 2pm with <@{BEN}>")

    async def told(name: str, room: str) -> bool:
        return any(room in str(one) for one in (await street.people[name].posts())["posts"] if one["channel"] == "D0BEN")

    await street.until(lambda: told(NORTHBAY, "Apollo"), "Northbay's Ben hears of Apollo")
    await street.until(lambda: told(HARBOUR, "Boreas"), "Harbour's Ben hears of Boreas")
    assert not await told(NORTHBAY, "Boreas")
    assert not await told(HARBOUR, "Apollo")


async def test_one_team_that_leaves_does_not_take_the_other_along(street: Street):
    await street.install(NORTHBAY)
    await joined(street, HARBOUR, NORTHBAY)
    await street.install(HARBOUR)
    await street.furnish(NORTHBAY, "Apollo")
    street.slack.uninstall(street.sandbox(HARBOUR))

    async def left() -> bool:
        return await street.all_rows("SELECT team_id FROM slack_bots") == [(street.team(NORTHBAY),)]

    await street.until(left, "Harbour's token is forgotten")
    assert "not at home" in str(await street.say(HARBOUR, ANA, "rooms"))
    assert "Apollo" in str(await street.say(NORTHBAY, ANA, "rooms"))
    assert (await street.office(NORTHBAY)).at_work


async def test_workspaces_of_one_organisation_are_one_company(database: Any):
    async with opened(database, QUAY, DOCKS) as street:
        await street.install(QUAY)
        await street.install(DOCKS)
        await street.furnish(QUAY, "Apollo")
        assert "Apollo" in str(await street.say(DOCKS, ANA, "rooms"))
        rows = await street.all_rows("SELECT count(DISTINCT tenant_id), count(*) FROM slack_teams")
        assert rows == [(1, 2)]


async def test_an_organisation_installs_the_app_once_for_all_of_its_workspaces(database: Any):
    async with opened(database, QUAY, DOCKS, NORTHBAY) as street:
        page = await street.install(QUAY, organisation=True)
        assert "Bookroom is in" in page
        assert await street.all_rows("SELECT team_id, enterprise_id, is_enterprise_install FROM slack_bots") == [
            (None, ORGANISATION, True)
        ]
        await street.furnish(QUAY, "Apollo")
        assert "Apollo" in str(await street.say(QUAY, ANA, f"apollo tomorrow 2pm with <@{BEN}>"))
        assert "Apollo" in str(await street.say(DOCKS, ANA, "rooms"))
        assert "not at home" in str(await street.say(NORTHBAY, ANA, "rooms"))
        known = await street.all_rows("SELECT team_id FROM slack_teams WHERE enterprise_id IS NOT NULL ORDER BY 1")
        assert known == [(ORGANISATION,), (street.team(DOCKS),), (street.team(QUAY),)]

        async def told() -> bool:
            return any("Apollo" in str(one) for one in (await street.people[QUAY].posts())["posts"])

        await street.until(told, "Ben is told with the organisation's token")
        street.slack.uninstall(street.sandbox(DOCKS))

        async def left() -> bool:
            return await street.all_rows("SELECT count(*) FROM slack_bots") == [(0,)]

        await street.until(left, "the organisation's token is forgotten")
        assert "not at home" in str(await street.say(QUAY, ANA, "rooms"))


async def pressed(street: Street, where: str, whose: str) -> list[tuple[str]]:
    """Press a button in a channel of one workspace as somebody of another; return of which workspaces people are known."""
    team = street.sandbox(where).company.team
    body = {
        "type": "block_actions",
        "team": {"id": team.id, "domain": team.domain, "enterprise_id": team.enterprise_id},
        "enterprise": {"id": team.enterprise_id, "name": "Waters"} if team.enterprise_id else None,
        "user": {"id": ANA, "team_id": street.team(whose)},
        "trigger_id": "1.2.3",
        "container": {"type": "message", "message_ts": "1.2", "channel_id": CHANNEL},
        "actions": [{"type": "button", "action_id": Action.RUN.value, "block_id": "b", "value": "rooms"}],
    }
    status, _ = await street.send(urlencode({"payload": json.dumps(body)}).encode())
    assert status == 200
    for one in street.product.offices.open():
        if one.edge:
            await one.edge.drain(5)
    return await street.all_rows("SELECT slack_team_id FROM people WHERE slack_user_id = $1 ORDER BY 1", ANA)


async def test_people_of_an_organisation_are_at_home_in_all_its_workspaces_and_no_others_are(database: Any):
    async with opened(database, QUAY, DOCKS, NORTHBAY) as street:
        for name in (QUAY, DOCKS, NORTHBAY):
            await street.install(name)
        assert await pressed(street, QUAY, NORTHBAY) == []
        assert await pressed(street, NORTHBAY, QUAY) == []
        assert await pressed(street, QUAY, DOCKS) == [(street.team(DOCKS),)]
