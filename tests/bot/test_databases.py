"""The databases that tests are given."""

import asyncio
import socket
import sys

import asyncpg
import pytest
import pytest_socket

from tests.conftest import Address, Database, created


async def test_each_test_gets_a_database_where_the_owner_may_create(empty_database: Database) -> None:
    connection = await asyncpg.connect(empty_database.owner_url)
    exclusion = "EXCLUDE USING gist (room WITH =, during WITH &&)"
    await connection.execute(f"CREATE TABLE t (room int, during tstzrange, {exclusion})")
    assert await connection.fetchval("SELECT count(*) FROM t") == 0
    await connection.close()


async def test_a_database_left_in_use_is_dropped_all_the_same(postgres_address: Address) -> None:
    async with created(postgres_address, "STRATEGY wal_log") as made:
        left_open = await asyncpg.connect(made.app_url)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await left_open.fetchval("SELECT 1")
    left_open.terminate()


async def test_roles_are_no_superusers(empty_database: Database) -> None:
    for url in (empty_database.owner_url, empty_database.app_url, empty_database.worker_url):
        connection = await asyncpg.connect(url)
        row = await connection.fetchrow(
            "SELECT rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        )
        assert tuple(row) == (False, False, False)
        await connection.close()


def test_the_network_outside_is_out_of_reach() -> None:
    # The refusal comes as a warning first, and warnings are errors.
    refusals = (pytest_socket.SocketConnectBlockedError, UserWarning)
    with socket.socket() as outside, pytest.raises(refusals):
        outside.connect(("192.0.2.1", 80))


async def test_children_and_local_servers_are_within_reach() -> None:
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    code = f"import socket; socket.create_connection(('127.0.0.1', {port})).close()"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await child.wait() == 0
    server.close()
    await server.wait_closed()
