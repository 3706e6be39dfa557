"""Runs schemathesis, as a program of its own, against an office that is served."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from handlers import api

ROOT = Path(__file__).parents[2]
SETTINGS = Path(__file__).with_name("schemathesis.toml")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended: its exit code, 0 where nothing was found, and what it printed."""

    code: int
    printed: str


async def run(
    url: str, token: str, ids: Mapping[str, Sequence[str]], *options: str, seed: int = 1, live: bool = False
) -> Outcome:
    """Ask the API that is served at a URL; `options` are schemathesis' own, `live` shows what it prints at once."""
    there = url + api.PREFIX
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS), "run", f"{there}/openapi.json"),
        *("--url", there, "--header", f"Authorization: Bearer {token}", "--seed", str(seed), *options),
    ]
    folder = tempfile.mkdtemp(prefix="bookroom-fuzz-")
    # It keeps a folder of what it found where it runs; each run finds for itself.
    environment = {
        **os.environ,
        "FUZZ_IDS": json.dumps(ids),
        "FUZZ_OURS": json.dumps(ids["ours"]),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
    }
    out = None if live else asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=environment, stdout=out, stderr=asyncio.subprocess.STDOUT
        )
        try:
            printed, _ = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        assert process.returncode is not None
        return Outcome(code=process.returncode, printed=(printed or b"").decode(errors="replace"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
