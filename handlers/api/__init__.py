"""The HTTP API at `/api/v1`: reading requests, calling the core, telling what came of it. No rule of booking stands here."""

from __future__ import annotations

import json

from aiohttp import web

from handlers.api import (
    approvals,
    attending,
    availability,
    bookings,
    openapi,
    problems,
    proposals,
    refusing,
    rooms,
    series,
    waitlist,
)
from handlers.api.edge import HEADERS, PREFIX, Edge, Session, nobody
from handlers.api.operations import Operation
from handlers.services import Services

OPERATIONS: tuple[Operation, ...] = (
    *rooms.OPERATIONS,
    *availability.OPERATIONS,
    *bookings.OPERATIONS,
    *attending.OPERATIONS,
    *series.OPERATIONS,
    *waitlist.OPERATIONS,
    *approvals.OPERATIONS,
    *proposals.OPERATIONS,
)


def routes(services: Services, *, per_minute: int = 0, session: Session = nobody) -> list[web.RouteDef]:
    """Return the routes of the API. `per_minute` is how many requests a token is good for; 0: as many as come."""
    edge = Edge(services, per_minute=per_minute, session=session)
    document = json.dumps(openapi.document(OPERATIONS), ensure_ascii=False).encode()

    async def described(_: web.Request) -> web.Response:
        return web.Response(body=document, content_type="application/json", charset="utf-8")

    async def unknown(request: web.Request) -> web.Response:
        known = {operation.method for operation in OPERATIONS if _matches(operation.path, request.path)}
        if known:
            error: problems.ApiError = problems.MethodNotAllowed(f"This address knows {', '.join(sorted(known))} alone.")
        else:
            error = problems.NotFound("Nothing is at this address.")
        answer = refusing.response(error, frozenset())
        if known:
            answer.headers["Allow"] = ", ".join(sorted(known))
        answer.headers.update(HEADERS)
        return answer

    ours = [web.route(operation.method, PREFIX + operation.path, edge.handler(operation)) for operation in OPERATIONS]
    return [web.get(f"{PREFIX}/openapi.json", described), *ours, web.route("*", PREFIX + "/{rest:.*}", unknown)]


def _matches(path: str, asked: str) -> bool:
    ours, theirs = path.split("/"), asked.removeprefix(PREFIX).split("/")
    return len(ours) == len(theirs) and all(
        part == other or (part.startswith("{") and other) for part, other in zip(ours, theirs, strict=True)
    )
