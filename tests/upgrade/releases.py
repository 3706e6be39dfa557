"""Folders from which a version of Bookroom runs: today's, one out of history, and one that does not exist yet."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

from migrations import head

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "core", "handlers", "migrations")
MIGRATION = '''"""{name}."""

from alembic import op
from migrations.concurrently import create_index

revision = "{name}"
down_revision = "{before}"
branch_labels = None
depends_on = None
oldest_code = "{oldest_code}"


def upgrade() -> None:
{body}


def downgrade() -> None:
    raise NotImplementedError
'''


class NoSuchVersionError(Exception):
    """History has no such version; the message says so in a sentence."""


def coming(folder: Path, *bodies: str, oldest_code: str | None = None) -> Path:
    """Make a release of today's code with further migrations, each a body of Python lines; return its folder.

    They declare that code of today may go on beside them, unless something else is said.
    """
    for package in PACKAGES[:-1]:
        (folder / package).symlink_to(ROOT / package)
    shutil.copytree(ROOT / "migrations", folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    before = head()
    for number, body in enumerate(bodies, start=int(before[:4]) + 1):
        name = f"{number:04}_coming"
        indented = "\n".join(f"    {line}" for line in body.strip().splitlines())
        text = MIGRATION.format(name=name, before=before, oldest_code=oldest_code or head(), body=indented)
        (folder / "migrations" / "versions" / f"{name}.py").write_text(text)
        before = name
    return folder


def earlier(folder: Path, version: str) -> Path:
    """Unpack a version out of history (whatever git takes for a commit) and return its folder."""
    done = subprocess.run(["git", "archive", version, *PACKAGES], cwd=ROOT, check=False, capture_output=True)
    if done.returncode != 0:
        raise NoSuchVersionError(f"{version} is not in this checkout's history: {done.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        folder.mkdir(parents=True, exist_ok=True)
        archive.extractall(folder, filter="data")
    return folder


def before_the_newest_migration() -> str:
    """Return the commit before the one that brought the newest migration: the last code that did not know of it."""
    versions = f"migrations/versions/{head()}.py"
    done = subprocess.run(
        ["git", "log", "--diff-filter=A", "--format=%H", "-1", "--", versions],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    if not done.stdout.strip():
        raise NoSuchVersionError(f"{versions} has not been committed yet.")
    return f"{done.stdout.strip()}~1"
