"""The HTTP API at `/api/v1`: reading requests, calling the core, telling what came of it. No rule of booking stands here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache

from aiohttp import web

from handlers.api import (
    administering,
    approvals,
    attending,
    availability,
    bookings,
    calendars,
    conditions,
    docs_page,
    events,
    openapi,
    problems,
    proposals,
    refusing,
    rooms,
    series,
    tokens,
    waitlist,
    webhooks,
)
from handlers.api.crossing import Crossing
from handlers.api.edge import HEADERS, PREFIX, Edge, Session, nobody
from handlers.api.limiting import FAILURES_PER_MINUTE
from handlers.api.operations import Operation
from handlers.services import Services

# What may be asked for in an address, each letter written as four bytes of three signs; aiohttp's own limit is an eighth.
LONGEST_LINE = 64 * 1024

OPERATIONS: tuple[Operation, ...] = (
    *rooms.OPERATIONS,
    *availability.OPERATIONS,
    *bookings.OPERATIONS,
    *attending.OPERATIONS,
    *series.OPERATIONS,
    *waitlist.OPERATIONS,
    *approvals.OPERATIONS,
    *proposals.OPERATIONS,
    *events.OPERATIONS,
    *webhooks.OPERATIONS,
    *tokens.OPERATIONS,
    *calendars.OPERATIONS,
    *administering.OPERATIONS,
)


def routes(
    services: Services,
    *,
    per_minute: int = 0,
    session: Session = nobody,
    origins: Iterable[str] = (),
    failures_per_minute: int = FAILURES_PER_MINUTE,
) -> list[web.RouteDef]:
    """Return the routes of the API.

    `per_minute` is how many requests a token is good for; 0: as many as come. Pages of these `origins` may use it.
    Tokens of no use are heard `failures_per_minute` times from an address; 0: as often as they come.
    """
    crossing = Crossing(origins)
    edge = Edge(
        services,
        per_minute=per_minute,
        session=session,
        crossing=crossing,
        failures_per_minute=failures_per_minute,
    )
    document, page = _told()

    # They change with the program alone, so that they are as old as this run of it.
    since = services.clock.now()

    async def described(request: web.Request) -> web.Response:
        return _unless_had(request, document, "application/json", docs_page.SAID)

    async def begun(request: web.Request) -> web.Response:
        return _unless_had(request, docs_page.INDEX, "application/json", docs_page.LINKS)

    async def explained(request: web.Request) -> web.Response:
        return _unless_had(request, page, "text/html", docs_page.HEADERS)

    def _unless_had(request: web.Request, content: bytes, kind: str, headers: Mapping[str, str]) -> web.Response:
        etag, asked = conditions.tag(content), request.headers
        told = {**headers, "ETag": etag, "Last-Modified": conditions.http_date(since)}
        if conditions.had_before(
            etag,
            since,
            if_none_match=asked.get("If-None-Match"),
            if_modified_since=asked.get("If-Modified-Since"),
            now=services.clock.now(),
        ):
            return web.Response(status=304, headers=told)
        return web.Response(body=content, content_type=kind, charset="utf-8", headers=told)

    async def unknown(request: web.Request) -> web.Response:
        known = _methods_at(request.path)
        if not known:
            error: problems.ApiError = problems.NotFound("Nothing is at this address.")
        elif request.method == "OPTIONS":
            answer = web.Response(status=204, headers={**HEADERS, "Allow": ", ".join(known)})
            crossing.asked_before(request, answer, known)
            return answer
        else:
            error = problems.MethodNotAllowed(f"This address knows {', '.join(known)} alone.")
        answer = refusing.response(error, frozenset())
        if known:
            answer.headers["Allow"] = ", ".join(known)
        answer.headers.update(HEADERS)
        crossing.mark(request, answer)
        return answer

    pages = {"": begun, "/": begun, "/docs": explained, "/openapi.json": described}
    # HEAD comes with GET.
    free = [web.get(PREFIX + path, crossing.over(handler)) for path, handler in pages.items()]
    ours = [
        web.route(operation.method, PREFIX + operation.path, crossing.over(edge.handler(operation)))
        for operation in OPERATIONS
    ]
    # No id is called like one of our own addresses: what those do not know is not asked of what has an id.
    named = {operation.path for operation in OPERATIONS if not operation.named}
    others = [web.route("*", PREFIX + path, unknown) for path in sorted(named)]
    return [*free, *ours, *others, web.route("*", PREFIX + "/{rest:.*}", unknown)]


@cache
def _told() -> tuple[bytes, bytes]:
    """Return the document and the page that is drawn from it: the same for everybody whom a process serves."""
    whole = openapi.document(OPERATIONS)
    return json.dumps(whole, ensure_ascii=False).encode(), docs_page.drawn(whole).encode()


def _methods_at(path: str) -> list[str]:
    """Return the methods that an address knows, none where nothing is there."""
    if path.removeprefix(PREFIX) in {"", "/", "/docs", "/openapi.json"}:
        return ["GET", "HEAD", "OPTIONS"]
    there = [operation for operation in OPERATIONS if _matches(operation.path, path)]
    there = [operation for operation in there if not operation.named] or there
    known: set[str] = {operation.method for operation in there}
    return sorted(known | {"OPTIONS"} | ({"HEAD"} if "GET" in known else set())) if known else []


def _matches(path: str, asked: str) -> bool:
    ours, theirs = path.split("/"), asked.removeprefix(PREFIX).split("/")
    return len(ours) == len(theirs) and all(
        part == other or (part.startswith("{") and other) for part, other in zip(ours, theirs, strict=True)
    )
