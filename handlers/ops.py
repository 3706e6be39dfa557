"""What operators ask: is the process alive (`/healthz`), can it serve (`/readyz`), how does it fare (`/metrics`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

Check = Callable[[], Awaitable[bool]]
Figures = Callable[[], Awaitable[bytes]]
CHECK_SECONDS = 1.5
# Prometheus' text format; in the header as it stands, since a charset would be put behind it again.
FIGURES = {"Content-Type": "text/plain; version=1.0.0; charset=utf-8"}


def routes(checks: Mapping[str, Check], figures: Figures | None = None) -> list[web.RouteDef]:
    """Return the routes; `/readyz` answers 200 when every check holds, else 503, with each by name.

    `figures` gives the text for `/metrics`, which is not there without.
    """

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_request: web.Request) -> web.Response:
        found = {name: "ok" if ok else "failing" for name, ok in (await held(checks)).items()}
        ready = "failing" not in found.values()
        body = {"status": "ready" if ready else "not ready", "checks": found}
        return web.json_response(body, status=200 if ready else 503)

    shown = [web.get("/metrics", _metrics(figures))] if figures else []
    return [web.get("/healthz", healthz), web.get("/readyz", readyz), *shown]


async def held(checks: Mapping[str, Check]) -> dict[str, bool]:
    """Return which checks hold, by name; one that does not answer in time does not."""
    return dict(zip(checks, await asyncio.gather(*(_holds(check) for check in checks.values())), strict=True))


def _metrics(figures: Figures) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=await figures(), headers=FIGURES)

    return metrics


async def _holds(check: Check) -> bool:
    try:
        return await asyncio.wait_for(check(), CHECK_SECONDS)
    except Exception:
        return False
