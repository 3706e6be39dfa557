"""A process is killed when it has committed and not answered: whoever asks again gets the answer that was due."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from handlers import api
from tests.api.outside import Outside

ROOT = Path(__file__).parents[2]
KEY = {"Idempotency-Key": "the same, please"}
GROUP = {"name": "Finance"}
QUOTA = {"measure": "count", "period": "week", "most": 3}


@asynccontextmanager
async def falling(url: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """Run a process that is killed by its first write; yield it and its port."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "tests.api.falling", url)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe)
    try:
        assert process.stdout is not None
        yield process, int(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def booking(outside: Outside) -> dict[str, Any]:
    return {
        "start": "2026-11-25T15:00:00Z",
        "end": "2026-11-25T16:00:00Z",
        "roomId": str(outside.firm.rooms["Apollo"].id),
        "title": "Once",
    }


@pytest.mark.parametrize(
    ("path", "said", "status", "listed"),
    [
        pytest.param("/bookings", None, 201, "/me/bookings", id="a use case with a key of its own"),
        pytest.param("/groups", GROUP, 201, "/groups", id="one that is guarded: a group"),
        pytest.param("/quotas", QUOTA, 200, "/quotas", id="one that is guarded: a quota, which could be set again"),
    ],
)
async def test_whoever_was_not_answered_asks_again_and_gets_the_answer(
    outside: Outside, path: str, said: dict[str, Any] | None, status: int, listed: str
):
    said = said or booking(outside)
    headers = {"Authorization": f"Bearer {outside.tokens['admin']}", **KEY}
    assert (await outside.ask("GET", listed, by="admin")).body["items"] == []
    async with falling(outside.firm.urls.app_url) as (process, port):
        there = f"http://127.0.0.1:{port}{api.PREFIX}{path}"
        with pytest.raises(aiohttp.ClientConnectionError):
            await outside.http.post(there, json=said, headers=headers)
        assert await process.wait() == -signal.SIGKILL
    # What this process knows of rooms and rules is a moment old, and the one that changed them is gone.
    outside.firm.services.catalogues.forget()
    (made,) = (await outside.ask("GET", listed, by="admin")).body["items"]
    again, more = [await outside.ask("POST", path, by="admin", json=said, headers=KEY) for _ in range(2)]
    assert (again.status, again.body["id"]) == (status, made["id"])
    assert (more.status, more.body, more.etag) == (again.status, again.body, again.etag)
    assert [one["id"] for one in (await outside.ask("GET", listed, by="admin")).body["items"]] == [made["id"]]
    other = await outside.ask("POST", path, by="admin", json={**said, **_another(path)}, headers=KEY)
    assert (other.status, other.body["error"]) == (422, "RequestKeyReused")


def _another(path: str) -> dict[str, Any]:
    return {"/bookings": {"title": "Twice"}, "/groups": {"name": "Sales"}, "/quotas": {"most": 4}}[path]
