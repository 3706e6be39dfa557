"""Below which address a workspace's pages are, where one process serves many: `/w/northbay`; nothing where it serves one.

Handlers see the path without it. What is written into a page goes through `at`; where an answer leads elsewhere, the
address is completed here, by whoever took the beginning away.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from aiohttp import web
from yarl import URL

_below: ContextVar[str] = ContextVar("below", default="")

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


def at(path: str) -> str:
    """Return one of our own addresses as a browser has to ask for it."""
    return f"{_below.get()}{path}" if path.startswith("/") else path


async def answered(request: web.Request, app: web.Application, prefix: str, path: str) -> web.StreamResponse:
    """Have an application answer as if it were asked for a path alone, and complete what its answer leads to.

    `path` is still quoted, and stands below `prefix` for whoever asks.
    """
    address = URL.build(path=path, query_string=request.rel_url.raw_query_string, encoded=True)
    inner = request.clone(rel_url=address)
    token = _below.set(prefix)
    try:
        # As aiohttp does for an application below another, which it can only where the path stays whole.
        response: web.StreamResponse = await app._handle(inner)
    except web.HTTPException as leading:
        _complete(leading, prefix)
        raise
    finally:
        _below.reset(token)
    if not response.prepared:
        _complete(response, prefix)
    return response


def _complete(response: web.StreamResponse, prefix: str) -> None:
    there = response.headers.get("Location", "")
    if there.startswith("/") and not there.startswith("//"):
        response.headers["Location"] = prefix + there
    if "Link" in response.headers:
        response.headers["Link"] = response.headers["Link"].replace("</", f"<{prefix}/")
