"""Which pages of other sites may use the API from within a browser: none, unless they are named; never by their cookies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MAX_AGE_SECONDS = "600"
ASKED_WITH = ", ".join(
    (
        "Authorization",
        "Content-Type",
        "Accept",
        "If-Match",
        "If-None-Match",
        "If-Modified-Since",
        "Idempotency-Key",
        "Last-Event-ID",
        "Bookroom-Person",
        "Bookroom-Consistency",
    )
)
TOLD_WITH = ", ".join(
    (
        "ETag",
        "Last-Modified",
        "Link",
        "Location",
        "Allow",
        "Retry-After",
        "RateLimit",
        "RateLimit-Policy",
        "WWW-Authenticate",
        "Bookroom-Consistency",
    )
)


class Crossing:
    """Lets pages of the named origins in; `origins` are such as https://office.example."""

    def __init__(self, origins: Iterable[str] = ()) -> None:
        self._origins = frozenset(origins)

    def over(self, handler: Handler) -> Handler:
        """Return a handler whose answers the named pages may read."""
        if not self._origins:
            return handler

        async def crossed(request: web.Request) -> web.StreamResponse:
            response = await handler(request)
            # A stream is under way already, and has said it.
            if not response.prepared:
                self.mark(request, response)
            return response

        return crossed

    def mark(self, request: web.Request, response: web.StreamResponse) -> None:
        """Say in an answer who may read it; another answer for another origin, for whoever keeps answers."""
        vary = response.headers.get("Vary")
        response.headers.update(self.marked(request, {"Vary": vary} if vary else {}))

    def marked(self, request: web.Request, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers of an answer with who may read it."""
        said = dict(headers)
        if not self._origins:
            return said
        said["Vary"] = f"{said['Vary']}, Origin" if "Vary" in said else "Origin"
        origin = request.headers.get("Origin")
        if origin in self._origins:
            said["Access-Control-Allow-Origin"] = origin
            said["Access-Control-Expose-Headers"] = TOLD_WITH
        return said

    def asked_before(self, request: web.Request, response: web.StreamResponse, methods: Iterable[str]) -> None:
        """Answer a browser that asks what a page may send, before it sends it."""
        self.mark(request, response)
        if request.headers.get("Origin") in self._origins and "Access-Control-Request-Method" in request.headers:
            response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
            response.headers["Access-Control-Allow-Headers"] = ASKED_WITH
            response.headers["Access-Control-Max-Age"] = MAX_AGE_SECONDS
