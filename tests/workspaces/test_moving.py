"""A company is moved to another database while it uses Bookroom: asked to wait a little, then served from there."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
from pydantic import SecretStr

from core.tenant_moving import Databases, Mover
from core.tenants import Keeper
from tests.workspaces.street import ANA, BEN, HARBOUR, NORTHBAY, Street, opened


async def bookings(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval("SELECT count(*) FROM bookings")
    finally:
        await connection.close()


async def moved(street: Street, elsewhere: Any, name: str, meanwhile: Any) -> None:
    """Move a company, and do something in the middle of it."""
    databases = Databases(street.database.owner_url, {"eu": elsewhere.owner_url})
    async with databases.opened(None) as main:
        tenant = await Keeper(main).named(street.team(name))
    begun, tasks = asyncio.Event(), []

    def progress(what: str, done: int, total: int) -> None:
        if what == "comparing" and not begun.is_set():
            begun.set()
            tasks.append(asyncio.ensure_future(meanwhile()))

    moving = asyncio.create_task(Mover(databases, progress).move(tenant, "eu"))
    await moving
    await asyncio.gather(*tasks)


async def test_a_company_that_is_moved_goes_on_in_its_new_place(database: Any, elsewhere: Any):
    placed = SecretStr(f"eu={elsewhere.owner_url}")
    async with opened(database, NORTHBAY, HARBOUR, tenant_databases=placed) as street:
        for name in (NORTHBAY, HARBOUR):
            await street.install(name)
            await street.furnish(name, "Apollo")
            assert "Apollo" in str(await street.say(name, ANA, "apollo tomorrow 2pm"))
        before = await street.office(NORTHBAY)

        async def meanwhile() -> None:
            with_them = await street.say(HARBOUR, ANA, "apollo tomorrow 5pm")
            assert "Apollo" in str(with_them)

        await moved(street, elsewhere, NORTHBAY, meanwhile)

        async def elsewhere_now() -> bool:
            return (await street.office(NORTHBAY)) is not before

        await street.until(elsewhere_now, "the process has heard of it")
        assert (await street.office(NORTHBAY)).place.placement == "eu"
        assert "Apollo" in str(await street.say(NORTHBAY, ANA, "mine"))
        said = await street.say(NORTHBAY, BEN, "apollo tomorrow 4pm")
        assert "moved" not in str(said)
        assert await bookings(elsewhere.superuser_url) == 2
        assert "Apollo" in str(await street.say(HARBOUR, BEN, "apollo tomorrow 4pm"))


async def test_a_process_that_has_not_heard_of_it_asks_when_a_write_is_refused(database: Any, elsewhere: Any):
    placed = SecretStr(f"eu={elsewhere.owner_url}")
    async with opened(database, NORTHBAY, tenant_databases=placed) as street:
        await street.install(NORTHBAY)
        await street.furnish(NORTHBAY, "Apollo")
        before = await street.office(NORTHBAY)
        # Deaf: whatever the directory tells is lost.
        await street.product.offices.homes.main.listener.stop()

        async def meanwhile() -> None:
            said = await street.say(NORTHBAY, ANA, "apollo tomorrow 2pm")
            assert "being moved" in str(said)
            assert "try again in a few minutes" in str(said)

        await moved(street, elsewhere, NORTHBAY, meanwhile)

        async def booked() -> bool:
            return "being moved" not in str(await street.say(NORTHBAY, ANA, "apollo tomorrow 2pm"))

        await street.until(booked, "the process has asked")
        assert (await street.office(NORTHBAY)) is not before
        assert await bookings(elsewhere.superuser_url) == 1
        assert await bookings(database.superuser_url) == 0
