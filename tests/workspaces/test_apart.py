"""What happens to one workspace is no other's trouble; what happens in one process is heard in another."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
from aiohttp.test_utils import unused_port
from pydantic import SecretStr

from bot.workspaces import Workspaces
from tests.workspaces.street import ANA, HARBOUR, NORTHBAY, Street, opened


async def test_a_workspace_whose_database_is_away_holds_up_no_other(database: Any):
    away = f"eu=postgresql://us@127.0.0.1:{unused_port()}/rooms"
    async with opened(database, tenant_databases=SecretStr(away)) as street:
        for name in (NORTHBAY, HARBOUR):
            await street.install(name)
            await street.furnish(name, "Apollo")
        await street.all_rows(
            "UPDATE tenants SET placement = 'eu' WHERE id = (SELECT tenant_id FROM slack_teams WHERE team_id = $1)",
            street.team(HARBOUR),
        )
        await street.product.offices.refresh()

        assert "try again" in str(await street.say(HARBOUR, ANA, "rooms")).lower()
        async with street.http.get(f"{street.url}/w/harbour/board") as page:
            assert page.status == 503
        assert "Apollo" in str(await street.say(NORTHBAY, ANA, "apollo tomorrow 2pm"))
        async with street.http.get(f"{street.url}/readyz") as ready:
            assert ready.status == 200
        async with street.http.get(f"{street.url}/metrics") as figures:
            assert 'bookroom_offices{state="at_work"} 1.0' in await figures.text()

        await street.all_rows("UPDATE tenants SET placement = NULL")
        await street.product.offices.refresh()
        assert "Apollo" in str(await street.say(HARBOUR, ANA, "rooms"))


async def test_what_is_booked_in_one_process_wakes_the_same_workspace_in_another_and_no_other(street: Street):
    for name in (NORTHBAY, HARBOUR):
        await street.install(name)
        await street.furnish(name, "Apollo")
    other = Workspaces(street.settings.model_copy(update={"port": 0}), clock=street.clock)
    await other.start()
    try:
        places = {name: (await street.office(name)).place.id for name in (NORTHBAY, HARBOUR)}
        there = {name: await other.offices.of_tenant(place) for name, place in places.items()}
        await street.until(_listening(other), "the other process listens")
        for one in there.values():
            assert one
            one.background.turns._awake_until = 0.0
        await street.say(NORTHBAY, ANA, "apollo tomorrow 2pm")

        async def awake() -> bool:
            return bool(there[NORTHBAY] and there[NORTHBAY].background.turns.awake)

        await street.until(awake, "Northbay is woken in the other process")
        assert there[HARBOUR]
        assert not there[HARBOUR].background.turns.awake
    finally:
        await other.stop()


def _listening(product: Workspaces) -> Any:
    async def holds() -> bool:
        return product.offices.homes.main.listener.connected

    return holds


async def test_a_workspace_that_installs_in_one_process_is_at_work_in_the_others_soon(street: Street):
    other = Workspaces(street.settings.model_copy(update={"port": 0}), clock=street.clock)
    await other.start()
    try:
        await street.until(_listening(other), "the other process listens")
        await street.install(NORTHBAY)

        async def at_work() -> bool:
            return any(one.at_work for one in other.offices.open())

        await street.until(at_work, "the other process serves it too")
        street.slack.uninstall(street.sandbox(NORTHBAY))

        async def idle() -> bool:
            return not other.offices.open()

        await street.until(idle, "and closes it when the app is taken away")
    finally:
        await other.stop()


async def test_a_workspace_that_an_operator_closes_is_closed_and_opened_again(street: Street):
    await street.install(NORTHBAY)
    await street.furnish(NORTHBAY, "Apollo")
    connection = await asyncpg.connect(street.database.owner_url)
    await connection.execute("UPDATE tenants SET closed_at = now() WHERE slug = 'northbay'")
    await connection.execute("SELECT pg_notify('bookroom_tenants', id::text) FROM tenants WHERE slug = 'northbay'")

    async def closed() -> bool:
        return not street.product.offices.open()

    await street.until(closed, "the office is closed")
    assert "not at home" in str(await street.say(NORTHBAY, ANA, "rooms"))
    async with street.http.get(f"{street.url}/w/northbay/board") as page:
        assert page.status == 404
    await connection.execute("UPDATE tenants SET closed_at = NULL")
    await connection.close()
    await street.product.offices.refresh()
    assert "Apollo" in str(await street.say(NORTHBAY, ANA, "rooms"))


async def test_many_who_ask_at_once_open_an_office_once(street: Street):
    await street.install(NORTHBAY)
    tenant = (await street.office(NORTHBAY)).place.id
    street.product.offices._close(await street.office(NORTHBAY))
    found = await asyncio.gather(*(street.product.offices.of_tenant(tenant) for _ in range(20)))
    assert len({id(one) for one in found}) == 1
