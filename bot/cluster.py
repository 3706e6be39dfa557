"""A PostgreSQL data folder: whose it is, how it is made, its secret, and what a dead server left in it."""

import contextlib
import fcntl
import hashlib
import hmac
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bot import leash
from bot.disguise import Disguise

SECRET = "bookroom.secret"  # noqa: S105 - the name of a file

_READY = ("ready", "standby")


class PostgresUnavailable(Exception):
    """The server cannot run; the message is one sentence for the person who started it."""


class FolderTaken(PostgresUnavailable):
    """Another supervisor runs a server on the folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A server's process id and port, 0 where there is none, and whether it takes connections."""

    pid: int = 0
    port: int = 0
    ready: bool = False


class DataFolder:
    """One data folder. Beside it lies its lock, and while it is being made, the unfinished folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None

    @property
    def made(self) -> bool:
        """Whether there is a database in it."""
        return (self.path / "PG_VERSION").exists()

    def take(self) -> None:
        """Hold the lock that says whose the folder is, so that a second starter is told at once."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = self.beside("lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderTaken(
                f"Another Bookroom is using the database in {self.path}; stop it, or choose another folder."
            ) from None

    def release(self) -> None:
        """Let go of the lock."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def beside(self, ending: str) -> Path:
        """Return the path of a companion of the folder: its name, a dot, and the ending."""
        return self.path.with_name(f"{self.path.name}.{ending}")

    def make(self, initdb: str, disguised: Disguise, *, trust: bool) -> None:
        """Make the folder beside its place and move it there, so that half of one is never taken for one."""
        if self.path.exists() and any(self.path.iterdir()):
            raise PostgresUnavailable(f"{self.path} has files but no PostgreSQL database; choose an empty folder for it.")
        unfinished = self.beside("unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        disguised.own(unfinished)
        secret = secrets.token_hex(32).encode()
        with tempfile.NamedTemporaryFile("w", dir=self.path.parent, prefix=".initdb-") as password:
            password.write(derive(secret, "postgres"))
            password.flush()
            disguised.own(Path(password.name))
            host = "trust" if trust else "scram-sha-256"
            access = ["--auth-local=trust", f"--auth-host={host}", f"--pwfile={password.name}"]
            _initdb([*disguised.prefix, initdb, "-D", str(unfinished), "-U", "postgres", *access])
        secret_file = unfinished / SECRET
        secret_file.touch(mode=0o600)
        secret_file.write_bytes(secret)
        if self.path.exists():
            self.path.rmdir()
        unfinished.rename(self.path)

    def password(self, user: str) -> str:
        """Return the password of a role, derived from the folder's secret."""
        return derive((self.path / SECRET).read_bytes(), user)

    def state(self) -> State:
        """Return what the server says of itself in its own file."""
        lines = self._pid_file_lines()
        if not lines or not lines[0].isdecimal():
            return State()
        said = len(lines) > 7
        return State(pid=int(lines[0]), port=int(lines[3]) if said else 0, ready=said and lines[7] in _READY)

    def clear_stale_marks(self) -> None:
        """Keep what a dead server left behind from being taken for a live one.

        PostgreSQL trusts any live process with the number in its file: a zombie, or whoever got the number after a
        container's restart. Putting our own number there (a server ignores its parent's) keeps its other check, of
        shared memory still in use, which deleting the file would lose.
        """
        pid = self.state().pid
        if pid and self._served_by(pid):
            if not leash.leash("INT"):
                # Nothing ended the server with its supervisor, whose lock we hold: it is an orphan of ours.
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGINT)
            return
        if pid:
            lines = [str(os.getpid()), *self._pid_file_lines()[1:], ""]
            (self.path / "postmaster.pid").write_text("\n".join(lines))
        for left in self.path.glob(".s.PGSQL.*"):
            left.unlink()

    def _pid_file_lines(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return [line.strip() for line in (self.path / "postmaster.pid").read_text().splitlines()]
        return []

    def _served_by(self, pid: int) -> bool:
        """Whether this process is a server on our folder; where the system does not tell, any process may be."""
        if not Path("/proc/self/stat").exists():
            return _exists(pid)
        process = Path("/proc", str(pid))
        try:
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            return state != "Z" and (process / "cwd").readlink() == self.path.resolve()
        except PermissionError:
            return True
        except OSError:
            return False


def derive(secret: bytes, user: str) -> str:
    """Return the password of a role; one secret serves all roles without any knowing another's."""
    return hmac.new(secret, user.encode(), hashlib.sha256).hexdigest()


def environment() -> dict[str, str]:
    """Return our environment without what would steer PostgreSQL's programs, and with English messages."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C"}


def complaint(words: str) -> str:
    """Return what a program of PostgreSQL's said of its failure, as one sentence."""
    parts: Sequence[str] = re.findall(r"(?:FATAL|PANIC|DETAIL|ERROR|initdb: error):\s+(.+)", words)
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    said = " ".join(part.strip() for part in parts[:2]) or (lines[-1] if lines else "it gave no reason")
    return said if said.endswith(".") else f"{said}."


def _initdb(command: list[str]) -> None:
    locale = "C.UTF-8" if sys.platform == "linux" else "C"
    command += ["-E", "UTF8", f"--locale={locale}", "--no-instructions"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment(), cwd="/")
    if done.returncode != 0:
        raise PostgresUnavailable(f"PostgreSQL cannot make its data folder: {complaint(done.stderr)}")


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
