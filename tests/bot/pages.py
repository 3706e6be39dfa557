"""Commands out of the pages of `docs/`, so that tests run what people are told to run."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
_STEP = re.compile(r"^<!-- step: (.+?) -->\n```(?:sh|ini)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps(page: str) -> dict[str, str]:
    """Return the scripts of a page by the names in the comments before them."""
    found = _STEP.findall((ROOT / "docs" / page).read_text())
    assert len({name for name, _ in found}) == len(found)
    return dict(found)


def run(script: str, **environment: str) -> str:
    """Run a script as a person would in the checkout's folder, and return what it said; AssertionError where it fails."""
    return outcome(script, **environment)[1]


def outcome(script: str, *, fails: bool = False, **environment: str) -> tuple[int, str]:
    """The same with the exit code; `fails` is whether it is to fail."""
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        check=False,
        cwd=ROOT,
        env={**inherited(), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert (done.returncode != 0) == fails, done.stdout
    return done.returncode, done.stdout


def inherited() -> Mapping[str, str]:
    """Return what a script has of our environment: nothing that steers PostgreSQL or Bookroom."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
