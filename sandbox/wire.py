"""How an answer of the Web API reaches the app, or does not: in time, late, lost, or never."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from sandbox.errors import Json
from sandbox.faults import Blow, Faults
from sandbox.posts import Answered, Posts

LOOK_SECONDS = 0.05

Answer = Callable[[], web.Response]


class Wire:
    """The faults of one connection, applied to whatever answers on it."""

    def __init__(self, faults: Faults, posts: Posts) -> None:
        self._faults = faults
        self._posts = posts

    async def carry(self, request: web.Request, name: str, act: Answer) -> tuple[web.Response, Blow | None]:
        """Do what was asked (unless a fault comes first) and answer it; also what befell the call."""
        blow = self._faults.take(name)
        pause = max(self._faults.pause(name), blow.slow_ms / 1000 if blow else 0)
        if pause:
            await asyncio.sleep(pause)
        if blow is not None and blow.kind == "hold":
            await self._faults.let_go.wait()
        if blow is None or blow.only_late:
            response = act()
            self._settle(answered=not _hung_up(request))
            return response, blow
        response = failed(blow)
        if blow.after:
            act()
            self._settle(answered=False)
        if blow.kind == "drop":
            cut(request)
        elif blow.kind == "timeout":
            await _until_hung_up(request)
        return response, blow

    def _settle(self, *, answered: Answered) -> None:
        for change in self._posts.recent():
            change.answered = answered


def failed(blow: Blow) -> web.Response:
    """The answer that a fault puts in the place of the right one."""
    if blow.kind in ("drop", "timeout"):
        return web.Response(status=503, text="nobody reads this")
    error = blow.error or ("ratelimited" if blow.status == 429 else "internal_error")
    status = blow.status or (429 if error == "ratelimited" else 200)
    headers = {"Retry-After": str(blow.retry_after or 1)} if status == 429 else {}
    if status >= 500:
        return web.Response(status=status, text="upstream fault", headers=headers)
    body: Json = {"ok": False, "error": error}
    return web.json_response(body, status=status, headers=headers)


def cut(request: web.Request) -> None:
    """Break the connection without a word."""
    if request.transport is not None:
        request.transport.abort()


def _hung_up(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


async def _until_hung_up(request: web.Request) -> None:
    while not _hung_up(request):  # noqa: ASYNC110 - the server tells nobody that a client went away
        await asyncio.sleep(LOOK_SECONDS)
