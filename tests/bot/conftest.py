"""What the tests of the running process share."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder that every user can reach and whose name leaves room for a socket's, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="bookroom-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
