"""What operators ask: is the process alive (`/healthz`), can it serve (`/readyz`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

Check = Callable[[], Awaitable[bool]]
CHECK_SECONDS = 1.5


def routes(checks: Mapping[str, Check]) -> list[web.RouteDef]:
    """Return the routes; `/readyz` answers 200 when every check holds, else 503, with each by name."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_request: web.Request) -> web.Response:
        held = await asyncio.gather(*(_holds(check) for check in checks.values()))
        found = {name: "ok" if ok else "failing" for name, ok in zip(checks, held, strict=True)}
        ready = all(held)
        body = {"status": "ready" if ready else "not ready", "checks": found}
        return web.json_response(body, status=200 if ready else 503)

    return [web.get("/healthz", healthz), web.get("/readyz", readyz)]


async def _holds(check: Check) -> bool:
    try:
        return await asyncio.wait_for(check(), CHECK_SECONDS)
    except Exception:
        return False
